/* SPDX-License-Identifier: Apache-2.0 */
/* The purpose of a signature that core asks for, held against the bytes: reports. */
#include "formats/cose.h"
#include "formats/report.h"
#include "service/keys/test-keys.h"

/* @nist DI.IMS.2: of reports too, envelope and form are this device's, or nothing is signed */
static void test_report_refusals(void **state)
{
	static const char *const typs[] = { TW_REPORT_CWT_TYP, "application/eat+cwt" };
	const struct tw_cert *const certs[] = { cert, ca };
	struct bench b;
	struct tw_message m;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (int i = 0; i < 8; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
		const char *payload = i & 4 ? "\x41\x20" : "\x42\x20\x20"; /* one item; or two, which are no document */
		tw_buf_init(&p, sys, 8192);
		CHECK_OK(tw_cose_signed_head(sys, typs[i & 1], certs[i >> 1 & 1], &p));
		CHECK_OK(tw_buf_text(&p, payload));
		if (i != 4) {
			CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m), UNTRUSTED);
			continue;
		}
		CHECK_OK(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m));
		CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ p.data, p.size }, 1, (const uint8_t *)m.payload.at));
		for (unsigned purpose = 0; purpose < 256; purpose++)
			if (purpose != TW_SIGN_REPORT)
				CHECK_ERR(ask_sign(&b, (uint8_t)purpose, tw_buf_slice(&p), &m), UNTRUSTED);
		CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, (struct tw_slice){ p.data, p.size - 1 }, &m), UNTRUSTED);
		CHECK_OK(tw_buf_u8(&p, 0x20));
		CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m), UNTRUSTED);
	}
	for (int i = 0; i < 4; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
		tw_buf_init(&p, sys, 8192);
		CHECK_OK(tw_jws_protected(sys, i & 1 ? TW_REPORT_JWT_TYP : TW_JWS_STATEMENT, cert, &p));
		CHECK_OK(tw_buf_text(&p, i & 2 ? ".e30" : ".e30."));
		if (i == 3)
			CHECK_OK(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m));
		else
			CHECK_ERR(ask_sign(&b, TW_SIGN_REPORT, tw_buf_slice(&p), &m), UNTRUSTED);
	}
	bench_done(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_report_refusals))

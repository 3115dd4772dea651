/* SPDX-License-Identifier: Apache-2.0 */
/* The purpose of a signature that core asks for, held against the bytes: reports; what the role tries of itself; sealing. */
#include "formats/cose.h"
#include "formats/journal.h"
#include "formats/report.h"
#include "service/fetch/fetch-wire.h"
#include "service/keys/test-keys.h"
#include "lay.h"

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

/* @nist DI.IMS.2: of handshakes the client's alone, in TLS 1.3, and under this purpose only */
static void test_handshake_refusals(void **state)
{
	static const char context[] = "TLS 1.3, client CertificateVerify";
	char text[TW_FETCH_SIGN_MAX + 1];
	struct tw_slice whole = { text, TW_FETCH_SIGN_MIN };
	struct bench b;
	struct tw_message m;
	memset(text, ' ', 64);
	memset(text + 64, 0x5a, sizeof text - 64);
	memcpy(text + 64, context, sizeof context);
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (unsigned purpose = 0; purpose < 256; purpose++)
		if (purpose != TW_SIGN_TLS_CLIENT)
			CHECK_ERR(ask_sign(&b, (uint8_t)purpose, whole, &m), UNTRUSTED);
	for (size_t size = 1; size < sizeof text; size++) {
		tw_err e = ask_sign(&b, TW_SIGN_TLS_CLIENT, (struct tw_slice){ text, size }, &m);
		if (size != TW_FETCH_SIGN_MIN && size != TW_FETCH_SIGN_MAX) {
			CHECK_ERR(e, UNTRUSTED);
			continue;
		}
		CHECK_OK(e);
		CHECK_OK(tw_key_verify(identity, &(struct tw_slice){ text, size }, 1, (const uint8_t *)m.payload.at));
	}
	lay_text(text + 64, "TLS 1.3, server");
	CHECK_ERR(ask_sign(&b, TW_SIGN_TLS_CLIENT, whole, &m), UNTRUSTED);
	memcpy(text + 64, context, sizeof context);
	text[0] = 'x';
	CHECK_ERR(ask_sign(&b, TW_SIGN_TLS_CLIENT, whole, &m), UNTRUSTED);
	bench_done(&b);
}

static tw_err ask_try(struct bench *b, uint8_t measure, const char *name, struct tw_message *m)
{
	uint8_t payload[1 + TW_ALGORITHM_NAME_MAX] = { measure };
	lay_text(payload + 1, name);
	return ask(b, TW_WIRE_KEYS_TRY, payload, 1 + strlen(name), m);
}

/* Only what this role uses, and a rate only of what is measured. */
static void check_try(struct bench *b, uint8_t measure, const struct tw_algorithm *row)
{
	static const uint8_t zero[8];
	struct tw_message m;
	if (!row->in_keys || measure > 1) {
		CHECK_ERR(ask_try(b, measure, row->name, &m), UNTRUSTED);
		return;
	}
	CHECK_OK(ask_try(b, measure, row->name, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_TRIED);
	CHECK(measure == (memcmp(m.payload.at, zero, sizeof zero) != 0));
}

/* @nist DP.CCS.1: what this role uses it tries itself, and nothing else */
static void test_algorithms(void **state)
{
	struct bench b;
	struct tw_message m;
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++)
		for (uint8_t measure = 0; measure < 3; measure++)
			check_try(&b, measure, row);
	CHECK_ERR(ask_try(&b, 0, "md5", &m), UNTRUSTED);
	CHECK_ERR(ask_try(&b, 0, "", &m), UNTRUSTED);
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_TRY, "\0longer-than-any-algorithm", 26, &m), UNTRUSTED);
	bench_done(&b);
}

static tw_err ask_sealing(struct bench *b, uint16_t type, const char *whose, const char *text, size_t size, struct tw_message *m)
{
	uint8_t payload[256] = { 0, (uint8_t)strlen(whose) };
	lay_text(payload + 2, whose);
	memcpy(payload + 2 + strlen(whose), text, size);
	return ask(b, type, payload, 2 + strlen(whose) + size, m);
}

/* @nist DP.CCS.5: for whom it was sealed, and unchanged */
static void test_sealing(void **state)
{
	struct bench b;
	struct tw_message m;
	char sealed[64];
	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_SEAL, "1 owner:alice", "text", 4, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SEALED);
	CHECK_INT(m.payload.size, 4 + 28);
	memcpy(sealed, m.payload.at, 32);
	CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_UNSEAL, "1 owner:alice", sealed, 32, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_UNSEALED);
	CHECK_INT(m.payload.size, 4);
	CHECK_BYTES(m.payload.at, "text", 4);
	static const char *const others[] = { "", "2 owner:alice", "1 owner:alic", "1 owner:alice ", "1 owner:bob" };
	for (size_t i = 0; i < TW_COUNT(others); i++) {
		CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_UNSEAL, others[i], sealed, 32, &m));
		CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
	}
	for (size_t bit = 0; bit < (size_t)8 * 32; bit++) {
		sealed[bit / 8] = (char)(sealed[bit / 8] ^ (1 << bit % 8));
		CHECK_OK(ask_sealing(&b, TW_WIRE_KEYS_UNSEAL, "1 owner:alice", sealed, 32, &m));
		CHECK_INT(failed_with(&m), TW_CODE_SYNTAX);
		sealed[bit / 8] = (char)(sealed[bit / 8] ^ (1 << bit % 8));
	}
	CHECK_ERR(ask(&b, TW_WIRE_KEYS_SEAL, "\0\377x", 3, &m), UNTRUSTED);
	bench_done(&b);
}

static tw_err ask_journal(struct bench *b, uint8_t first, uint64_t size, struct tw_message *m)
{
	struct tw_journal_head h = { .size = size };
	TW_CLEANUP(tw_buf_done) struct tw_buf message = { 0 };

	tw_buf_init(&message, sys, TW_JOURNAL_MESSAGE);
	CHECK_OK(tw_cert_fingerprint(cert, h.service));
	h.service[0] ^= first;
	CHECK_OK(tw_journal_message(&h, &message));
	return ask_sign(b, TW_SIGN_JOURNAL, tw_buf_slice(&message), m);
}

static void test_heads_of_a_journal(void **state)
{
	struct bench b;
	struct tw_message m;

	bench_init(&b, tw_rows_keys_from_core, tw_rows_core_from_keys);
	CHECK_OK(ask_journal(&b, 0, 5, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_journal(&b, 0, 5, &m));
	CHECK_INT(m.type, TW_WIRE_KEYS_SIGNED);
	CHECK_OK(ask_journal(&b, 0, 4, &m)); /* some of it is gone */
	CHECK_INT(failed_with(&m), TW_CODE_DENIED);
	CHECK_ERR(ask_journal(&b, 1, 6, &m), UNTRUSTED);
	CHECK_ERR(ask_sign(&b, TW_SIGN_JOURNAL, TW_SLICE("thingward-case-journal-1"), &m), UNTRUSTED);
	bench_done(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_report_refusals), TEST(test_handshake_refusals), TEST(test_heads_of_a_journal), TEST(test_algorithms),
	TEST(test_sealing))

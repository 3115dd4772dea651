/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By the first byte: a whole report as it comes, the claims of one in CBOR or in JSON, rightly signed, so that only their form is
 * in question. What is taken must come out the same when it is written again.
 */
#include "formats/cose.h"
#include "formats/report.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tw_slice part(const json_t *jws, const char *name)
{
	return tw_slice_of(tw_json_text(jws, name));
}

static void as_jwt(struct tw_slice claims, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_signer signer = tw_signer_of_key(fuzz_key);
	tw_buf_init(&text, tw_sys_real(), TW_JWS_MAX);
	if (tw_failed(tw_json_parse(claims, 65536, &payload)))
		return;
	fuzz_must(!tw_failed(tw_jws_sign(tw_sys_real(), TW_REPORT_JWT_TYP, fuzz_cert, payload, &signer, &text)) &&
		!tw_failed(tw_json_parse(tw_buf_slice(&text), TW_JWS_MAX, &jws)));
	fuzz_must(!tw_failed(tw_buf_format(ret, TW_SLICE_FMT "." TW_SLICE_FMT "." TW_SLICE_FMT,
		TW_SLICE_ARG(part(jws, "protected")), TW_SLICE_ARG(part(jws, "payload")), TW_SLICE_ARG(part(jws, "signature")))));
}

static void judge(struct tw_slice text)
{
	struct tw_report_expect expect = { fuzz_ca, 1790000000000, TW_SLICE("0123456789abcdef"), NULL, true };
	TW_CLEANUP(tw_report_done) struct tw_report r = { 0 };
	struct tw_signer signer = tw_signer_of_key(fuzz_key);
	if (tw_failed(tw_report_verify(tw_sys_real(), text, &expect, &r)))
		return;
	fuzz_must(strcmp(r.identifier, "urn:dev:ops:32473-T-1") == 0 && r.nonce_size == 16);
	for (enum tw_report_format format = TW_REPORT_CWT; format <= TW_REPORT_JWT; format++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_report_done) struct tw_report again = { 0 };
		TW_CLEANUP(tw_jsonp) json_t *one = NULL;
		TW_CLEANUP(tw_jsonp) json_t *two = NULL;
		tw_buf_init(&b, tw_sys_real(), TW_JWS_MAX);
		fuzz_must(!tw_failed(tw_report_sign(tw_sys_real(), &r, format, fuzz_cert, &signer, &b)) &&
			!tw_failed(tw_report_verify(tw_sys_real(), tw_buf_slice(&b), &expect, &again)) &&
			!tw_failed(tw_report_claims(tw_sys_real(), &r, &one)) &&
			!tw_failed(tw_report_claims(tw_sys_real(), &again, &two)) && json_equal(one, two));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	fuzz_begin();
	struct tw_signer signer = tw_signer_of_key(fuzz_key);
	tw_buf_init(&text, tw_sys_real(), TW_JWS_MAX);
	if (size < 1 || size > TW_REPORT_MAX / 2)
		return 0;
	const struct tw_slice rest = { (const char *)data + 1, size - 1 };
	if (data[0] % 3 == 0)
		fuzz_must(!tw_failed(tw_buf_add(&text, rest.at, rest.size)));
	else if (data[0] % 3 == 1)
		fuzz_must(!tw_failed(tw_cose_sign(tw_sys_real(), TW_REPORT_CWT_TYP, fuzz_cert, rest, &signer, &text)));
	else
		as_jwt(rest, &text);
	judge(tw_buf_slice(&text));
	return 0;
}

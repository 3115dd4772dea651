/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of a statement, or with an odd first byte of an evidence report: rightly signed, so that only their form is in question. */
#include "formats/evidence.h"
#include "formats/statement.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void statement(const json_t *claims, struct tw_signer *signer, struct tw_buf *text)
{
	struct tw_statement s;
	fuzz_must(!tw_failed(tw_jws_sign(tw_sys_real(), TW_JWS_STATEMENT, fuzz_cert, claims, signer, text)));
	if (tw_failed(tw_statement_verify(tw_sys_real(), tw_buf_slice(text), fuzz_ca, 1790000000000, "0123456789abcdef", 16, NULL, &s)))
		return;
	fuzz_must(strcmp(s.identifier, "urn:dev:ops:32473-T-1") == 0 && !s.has_exporter && s.nonce_size == 16);
	tw_buf_clear(text);
	fuzz_must(!tw_failed(tw_statement_sign(tw_sys_real(), &s, fuzz_cert, signer, text)));
	fuzz_must(!tw_failed(tw_statement_verify(tw_sys_real(), tw_buf_slice(text), fuzz_ca, 1790000000000, s.nonce, 16, NULL, &s)));
}

static void evidence(const json_t *claims, struct tw_signer *signer, struct tw_buf *text)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	if (tw_failed(tw_evidence_sign(tw_sys_real(), claims, fuzz_cert, signer, text)))
		return;
	fuzz_must(!tw_failed(tw_evidence_verify(tw_sys_real(), tw_buf_slice(text), &payload, &cert)));
	fuzz_must(json_equal(payload, (json_t *)(uintptr_t)claims));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	fuzz_begin();
	struct tw_signer signer = tw_signer_of_key(fuzz_key);
	tw_buf_init(&text, tw_sys_real(), TW_JWS_MAX);
	if (size < 1 || tw_failed(tw_json_parse((struct tw_slice){ (const char *)data + 1, size - 1 }, 65536, &claims)))
		return 0;
	if (data[0] % 2)
		evidence(claims, &signer, &text);
	else
		statement(claims, &signer, &text);
	return 0;
}

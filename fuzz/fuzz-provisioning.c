/* SPDX-License-Identifier: Apache-2.0 */
/* A provisioning record's payload. What is accepted is signed, verified and says the same. */
#include "formats/provisioning.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_jsonp) json_t *again = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_provisioning once, twice;

	fuzz_begin();
	tw_buf_init(&b, tw_sys_real(), TW_JWS_MAX);
	if (tw_failed(tw_json_parse((struct tw_slice){ (const char *)data, size }, TW_PROVISIONING_MAX, &payload)) ||
		tw_failed(tw_provisioning_read(payload, &once)))
		return 0;
	struct tw_signer signer = tw_signer_of_key(fuzz_key);
	fuzz_must(!tw_failed(tw_provisioning_sign(tw_sys_real(), &once, fuzz_cert, &signer, &b)));
	fuzz_must(!tw_failed(tw_jws_verify(tw_sys_real(), TW_JWS_PROVISIONING, tw_buf_slice(&b), &again, &cert)));
	fuzz_must(!tw_failed(tw_provisioning_read(again, &twice)));
	fuzz_must(!strcmp(once.identifier, twice.identifier) && !strcmp(once.certificate, twice.certificate) &&
		!strcmp(once.model, twice.model) && !memcmp(once.device_key, twice.device_key, 32) &&
		once.has_listener == twice.has_listener && once.time_ms == twice.time_ms);
	return 0;
}

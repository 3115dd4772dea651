/* SPDX-License-Identifier: Apache-2.0 */
/* The document of an inventory, rightly signed, whatever it is: only one that names the signer, the serial and the version passes. */
#include "formats/sbom.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_sbom s = { .identifier = "urn:dev:ops:32473-T-1", .version = "1", .made_ms = 1790000000000 };
	const struct tw_slice document = { (const char *)data, size };
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	struct tw_sbom_seen seen;

	fuzz_begin();
	struct tw_signer signer = tw_signer_of_key(fuzz_key);
	tw_buf_init(&jws, tw_sys_real(), TW_JWS_MAX);
	if (tw_failed(tw_sbom_sign(tw_sys_real(), &s, document, fuzz_cert, &signer, &jws)))
		return 0;
	if (tw_failed(tw_sbom_verify(tw_sys_real(), document, tw_buf_slice(&jws), fuzz_ca, 1790000000000, &seen)))
		return 0;
	fuzz_must(strcmp(seen.identifier, s.identifier) == 0 && memmem(data, size, "urn:uuid:00000000-0000-4000-8000-000000000000", 45));
	return 0;
}

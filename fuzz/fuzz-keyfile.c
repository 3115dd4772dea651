/* SPDX-License-Identifier: Apache-2.0 */
/* The whole input: an encrypted private key, in DER or PEM. What opens is a whole key. */
#include "crypto/keyfile.h"
#include "sys/real.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	uint8_t fingerprint[32];
	tw_err e = tw_key_unprotect(
		tw_sys_real(), (struct tw_slice){ (const char *)data, size }, (struct tw_slice){ "correct horse", 13 }, &k);

	if (!tw_failed(e) && tw_failed(tw_key_fingerprint(k, fingerprint)))
		abort();
	return 0;
}

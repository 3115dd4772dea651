/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore's file and, behind its seal, its entries: both may have been written by anybody who had the disk. */
#include "service/keys/vault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice text = { (const char *)data, size };
	struct tw_vault_file f;
	if (!tw_failed(tw_vault_file_parse(text, &f)) && (f.head.size + f.body.size != size || f.body.at != text.at + f.head.size))
		abort();
	tw_ignore(tw_vault_payload_check(text));
	return 0;
}

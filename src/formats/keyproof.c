/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/keyproof.h"

#include <string.h>

static const char label[] = "thingward-key-proof-1";

tw_err tw_key_proof_message(const char *name, const uint8_t *nonce, size_t nonce_size, struct tw_buf *ret)
{
	TW_TRY(tw_buf_add(ret, label, sizeof label));
	TW_TRY(tw_buf_add(ret, name, strlen(name) + 1));
	return tw_buf_add(ret, nonce, nonce_size);
}

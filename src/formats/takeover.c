/* SPDX-License-Identifier: Apache-2.0 */
/* The message of a take-over: see takeover.h and doc/spec/takeover.md. */
#include "formats/takeover.h"

#include "crypto/hash.h"

#include <string.h>

#define ROLE_SIZE 7 /* both words have six letters, and a NUL */
static const char CLIENT[ROLE_SIZE] = "client", DEVICE[ROLE_SIZE] = "device";

void tw_takeover_message(const struct tw_takeover *t, uint8_t ret[TW_TAKEOVER_MESSAGE])
{
	const uint8_t *const parts[] = { t->challenge, t->client_nonce, t->listener, t->owner };
	memcpy(ret, TW_TAKEOVER_LABEL, sizeof TW_TAKEOVER_LABEL);
	ret += sizeof TW_TAKEOVER_LABEL;
	memcpy(ret, t->from_device ? DEVICE : CLIENT, ROLE_SIZE);
	ret += ROLE_SIZE;
	for (size_t i = 0; i < TW_COUNT(parts); i++, ret += 32)
		memcpy(ret, parts[i], 32);
}

bool tw_takeover_is_message(struct tw_slice s)
{
	if (s.size != TW_TAKEOVER_MESSAGE || memcmp(s.at, TW_TAKEOVER_LABEL, sizeof TW_TAKEOVER_LABEL) != 0)
		return false;
	const char *role = s.at + sizeof TW_TAKEOVER_LABEL;
	return memcmp(role, CLIENT, ROLE_SIZE) == 0 || memcmp(role, DEVICE, ROLE_SIZE) == 0;
}

tw_err tw_takeover_proof(const struct tw_takeover *t, const uint8_t secret[TW_TAKEOVER_SECRET], uint8_t ret[32])
{
	uint8_t message[TW_TAKEOVER_MESSAGE];
	tw_takeover_message(t, message);
	return tw_hmac_sha256(secret, TW_TAKEOVER_SECRET, &(struct tw_slice){ (const char *)message, sizeof message }, 1, ret);
}

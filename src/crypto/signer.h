/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever signs: a key here, or one whose private half is elsewhere (the keys role, a token). Asked for SHA-256 digests only. */
#ifndef TW_CRYPTO_SIGNER_H
#define TW_CRYPTO_SIGNER_H
#include "crypto/key.h"

struct tw_digest_signer {
	tw_err (*sign)(void *user, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE]); /* raw r and s */
	void *user;
};
/* A key that is here; k outlives what is made of it. */
static inline tw_err tw_digest_signer_key_sign(void *user, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_key_sign_digest((const tw_key *)user, digest, ret);
}
static inline struct tw_digest_signer tw_digest_signer_of_key(const tw_key *k)
{
	return (struct tw_digest_signer){ tw_digest_signer_key_sign, (void *)k };
}
#endif

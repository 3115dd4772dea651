/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key that lives in another process, for OpenSSL's TLS: a small provider of ours.
 *
 * sign is called with a SHA-256 digest, or sign_text in its stead with the text itself, for whoever must see what is signed; either writes
 * a DER signature; it blocks, and must do so briefly. Only one-shot signing
 * with SHA-256 is offered, which is all that TLS 1.3 with a P-256 key asks for.
 */
#ifndef TW_CRYPTO_REMOTE_H
#define TW_CRYPTO_REMOTE_H
#include "crypto/key.h"
struct tw_remote {
	tw_err (*sign)(void *user, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size);
	void *user;
	tw_err (*sign_text)(void *user, struct tw_slice text, uint8_t *ret, size_t max, size_t *ret_size);
};
tw_err tw_remote_key(const struct tw_sys *sys, const struct tw_remote *remote /* outlives the key */,
	const uint8_t point[TW_POINT_SIZE], tw_key **ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of others by RSA (version 1.5 of RFC 8017 section 8.2, with SHA-256), to be verified only: what the device signs itself it signs by P-256.
 *
 * Most providers of OpenID Connect sign by RS256, and no other algorithm is common to all of them. Nothing is decrypted with it, so what makes
 * padding of this version dangerous there does not concern it.
 */
#ifndef TW_CRYPTO_RSA_H
#define TW_CRYPTO_RSA_H
#include "base/buf.h"
#include "base/err.h"

#define TW_RSA_MIN 256 /* bytes of modulus: 2048 bits (SP 800-131A) */
#define TW_RSA_MAX 512 /* 4096 bits: a larger one takes core longer than anybody gains by it */
#define TW_RSA_EXPONENT_MAX 8

struct tw_rsa_key {
	uint8_t modulus[TW_RSA_MAX], exponent[TW_RSA_EXPONENT_MAX]; /* big-endian */
	size_t modulus_size, exponent_size;
};
/* UNSUPPORTED: its modulus or exponent is none that is taken (FIPS 186-5: odd, 65537 or more). */
tw_err tw_rsa_check(const struct tw_rsa_key *k);
/* Of the parts one after another. UNTRUSTED: key, data and signature do not fit together. UNSUPPORTED as tw_rsa_check. */
tw_err tw_rsa_verify(const struct tw_rsa_key *k, const struct tw_slice *parts, size_t count, struct tw_slice signature);
#endif

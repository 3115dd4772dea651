/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, HMAC and HKDF by OpenSSL. No function here keeps state between calls except struct tw_sha256. */
#ifndef TW_CRYPTO_HASH_H
#define TW_CRYPTO_HASH_H
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define TW_SHA256_SIZE 32
void tw_crypto_use(const struct tw_sys *sys); /* OpenSSL's allocator; once, before anything else of src/crypto */
void tw_crypto_most(size_t size); /* from now on OpenSSL gets no larger block at a time, whatever length a peer has stated */
tw_err tw_sha256(const void *data, size_t size, uint8_t ret[TW_SHA256_SIZE]);
tw_err tw_sha256_of(const struct tw_slice *parts, size_t count, uint8_t ret[TW_SHA256_SIZE]); /* of the parts one after another */
tw_err tw_hmac_sha256(const void *key, size_t key_size, const struct tw_slice *parts, size_t count, uint8_t ret[TW_SHA256_SIZE]);
tw_err tw_hkdf_sha256(const tw_secret *from, const char *label, const void *context, size_t context_size, size_t size,
	const struct tw_sys *sys, tw_secret **ret); /* RFC 5869, empty salt, info = label, NUL, context; without a label the context alone */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The approved hash functions by name, for whoever brings the name along: SHA-256, SHA-384 and SHA-512 (FIPS 180-4).
 *
 * What is not in the table cannot be asked for: MD5 and SHA-1 are no longer collision resistant, and of the others one more would be
 * one more to look after. Each function computes a published example before its first answer in a process, and gives none when it
 * comes out wrong.
 */
#ifndef TW_CRYPTO_DIGEST_H
#define TW_CRYPTO_DIGEST_H
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define TW_DIGEST_MAX 64
#define TW_DIGEST_APPROVED "sha-256, sha-384 and sha-512"
struct tw_digest_row {
	const char *name;
	size_t size; /* of a digest, in bytes */
	struct tw_slice example;
	uint8_t wanted[TW_DIGEST_MAX]; /* its digest, as published */
};
extern const struct tw_digest_row tw_digests[]; /* ends with name NULL */

typedef struct tw_digest tw_digest; /* one that is being computed */
/* UNSUPPORTED: not an approved function. CRYPTO: it fails its own test. */
tw_err tw_digest_begin(const struct tw_sys *sys, struct tw_slice name, tw_digest **ret);
tw_err tw_digest_add(tw_digest *d, const void *data, size_t size);
tw_err tw_digest_end(tw_digest *d, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size); /* then only tw_digest_free may follow */
tw_digest *tw_digest_free(tw_digest *d);
TW_DEFINE_FREEP(tw_digest, tw_digest_free)
size_t tw_digest_size(const tw_digest *d);
tw_err tw_digest_of(const struct tw_sys *sys, struct tw_slice name, struct tw_slice data, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size);

/* Whether the row's function gives what the row wants. CRYPTO: it does not. */
tw_err tw_digest_try(const struct tw_digest_row *row);
#endif

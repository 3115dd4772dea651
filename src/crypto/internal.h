/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of src/crypto only: turning OpenSSL's failures into ours, and the inside of a key. */
#ifndef TW_CRYPTO_INTERNAL_H
#define TW_CRYPTO_INTERNAL_H
#include "crypto/aead.h"
#include "crypto/key.h"

#include <openssl/evp.h>

#define TW_SPKI_PREFIX 26 /* what stands before the point in every P-256 SubjectPublicKeyInfo */
#define TW_SPKI_SIZE (TW_SPKI_PREFIX + TW_POINT_SIZE)
extern const uint8_t tw_spki_prefix[TW_SPKI_PREFIX];

struct tw_key {
	const struct tw_sys *sys;
	EVP_PKEY *evp;
	uint8_t point[TW_POINT_SIZE];
	bool is_private;
};

/* Empties OpenSSL's error queue into one line. Numbers, not words: the table of words would cost every role 100 KB. */
#define TW_RAISE_OPENSSL(what) tw_sure(tw_raise_openssl(__func__, __LINE__, (what)))
tw_err tw_raise_openssl(const char *function, int line, const char *what);
/* Forgets what OpenSSL got over: a lack of memory before must not be the reason of a refusal now. */
void tw_openssl_afresh(void);
/* For input that OpenSSL refuses: the given code and words, unless memory was the reason. */
#define TW_RAISE_REFUSED(name, what) tw_sure(tw_raise_refused(TW_CODE_##name, __func__, __LINE__, (what)))
tw_err tw_raise_refused(enum tw_code code, const char *function, int line, const char *what);

/* Takes evp over, also on failure. */
tw_err tw_key_of_evp(const struct tw_sys *sys, EVP_PKEY *evp, const uint8_t point[TW_POINT_SIZE], bool is_private, tw_key **ret);
/* For a published example only: under one key a nonce must never come twice. */
tw_err tw_aead_seal_with(
	const tw_secret *key, const uint8_t nonce[TW_AEAD_NONCE], struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret);
/* One PEM block of that name, or the bytes as they are when they do not begin like PEM. Nothing may follow it. */
tw_err tw_pem_or_der(const char *name, struct tw_slice text, struct tw_buf *ret_der);
tw_err tw_pem_write(const char *name, struct tw_slice der, struct tw_buf *ret); /* RFC 7468: lines of 64 characters */

#endif

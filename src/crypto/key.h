/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asymmetric keys: P-256 (ECDSA with SHA-256), kept behind one opaque type so that a key may be elsewhere.
 *
 * Signatures are raw r||s of 64 bytes (RFC 7518 section 3.4), because JWS and our log use that form; TLS and X.509 use DER and do their own.
 */
#ifndef TW_CRYPTO_KEY_H
#define TW_CRYPTO_KEY_H
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define TW_SIGNATURE_SIZE 64
#define TW_SIGNATURE_DER_MAX 72
#define TW_POINT_SIZE 65 /* uncompressed public point */
typedef struct tw_key tw_key;
typedef struct evp_pkey_st EVP_PKEY;

tw_err tw_key_generate(const struct tw_sys *sys, tw_key **ret);
tw_err tw_key_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_key **ret); /* private key, PKCS#8 with public point, unencrypted */
tw_err tw_key_load_public(const struct tw_sys *sys, struct tw_slice spki_der, tw_key **ret);
tw_err tw_key_of_point(const struct tw_sys *sys, const uint8_t point[TW_POINT_SIZE], tw_key **ret); /* UNTRUSTED: not on the curve */
tw_err tw_key_save(const tw_key *k, struct tw_buf *ret_pem); /* PKCS#8 PEM; wipe the buffer after use */
tw_err tw_key_scalar(const tw_key *k, tw_secret **ret); /* the private half alone, for a token that takes it in. CRYPTO: it has none */
tw_key *tw_key_free(tw_key *k);
TW_DEFINE_FREEP(tw_key, tw_key_free)
tw_err tw_key_spki(const tw_key *k, struct tw_buf *ret_der);
tw_err tw_key_fingerprint(const tw_key *k, uint8_t ret[32]); /* SHA-256 of the SubjectPublicKeyInfo */
tw_err tw_key_point(const tw_key *k, uint8_t ret[TW_POINT_SIZE]);
tw_err tw_key_sign(const tw_key *k, const struct tw_slice *parts, size_t count, uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err tw_key_sign_digest(const tw_key *k, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err tw_key_sign_digest_der(const tw_key *k, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size); /* for TLS in keys */
tw_err tw_key_verify(const tw_key *k, const struct tw_slice *parts, size_t count, const uint8_t signature[TW_SIGNATURE_SIZE]); /* UNTRUSTED */
tw_err tw_key_verify_digest(const tw_key *k, const uint8_t digest[32], const uint8_t signature[TW_SIGNATURE_SIZE]); /* UNTRUSTED */
tw_err tw_signature_of_der(struct tw_slice der, uint8_t ret[TW_SIGNATURE_SIZE]); /* SYNTAX: not DER, or not in its one spelling */
size_t tw_signature_to_der(const uint8_t raw[TW_SIGNATURE_SIZE], uint8_t ret[TW_SIGNATURE_DER_MAX]); /* as TLS and X.509 want it; its size */
bool tw_crypto_lock_keys(void); /* private keys made from now on live in locked memory that no core dump has; false: not here. Once */
EVP_PKEY *tw_key_evp(const tw_key *k); /* borrowed: only inside src/crypto and for SSL_CTX */
#endif

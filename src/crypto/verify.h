/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of others: ECDSA on P-256 with SHA-256 (FIPS 186-5), the key as a public key or in a certificate.
 *
 * Only the arithmetic is judged here: that this key signed these bytes. Whose key it is, and whether a certificate may be trusted, is
 * the caller's to know. Before the first answer in a process a published signature is tried, and one bit of it changed.
 */
#ifndef TW_CRYPTO_VERIFY_H
#define TW_CRYPTO_VERIFY_H
#include "crypto/key.h"

#define TW_VERIFY_KEY_MAX 4096 /* a certificate in PEM has some 800 bytes */
/* PEM of a public key or a certificate, or either in DER. SYNTAX, UNSUPPORTED: nothing of P-256. UNTRUSTED: no point of the curve. */
tw_err tw_verify_key(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_key **ret);
/* 64 bytes: r and s. Any other size: DER, in its one spelling. SYNTAX. */
tw_err tw_verify_signature(struct tw_slice bytes, uint8_t ret[TW_SIGNATURE_SIZE]);
/* UNTRUSTED: key, data or signature do not fit together. CRYPTO: verifying itself fails its test. */
tw_err tw_verify_digest(const struct tw_sys *sys, const tw_key *key, const uint8_t digest[32], const uint8_t signature[TW_SIGNATURE_SIZE]);

struct tw_verify_row {
	uint8_t point[TW_POINT_SIZE], digest[32], signature[TW_SIGNATURE_SIZE];
};
extern const struct tw_verify_row tw_verify_example; /* RFC 6979 A.2.5, "sample" */
/* The row verifies, and with one bit of its digest changed it does not. CRYPTO: not so. */
tw_err tw_verify_try(const struct tw_sys *sys, const struct tw_verify_row *row);
#endif

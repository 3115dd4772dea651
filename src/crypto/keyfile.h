/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key under a passphrase: EncryptedPrivateKeyInfo (RFC 5958) in PEM, by PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC,
 * as `openssl pkcs8` reads and writes it. PBKDF2 is read as well. The scheme knows no seal of its own: what a wrong passphrase yields is
 * told from a key by its form, so that a changed file and a wrong passphrase are one refusal.
 */
#ifndef TW_CRYPTO_KEYFILE_H
#define TW_CRYPTO_KEYFILE_H
#include "crypto/key.h"

#define TW_PASSPHRASE_MIN 8 /* NIST SP 800-63B section 5.1.1 */
#define TW_PASSPHRASE_MAX 1024
struct tw_key_cost {
	uint64_t n, r, p; /* of scrypt */
};
extern const struct tw_key_cost tw_key_cost; /* what a CA's key is worth: 16 MiB, a fifth of a second */

bool tw_key_is_protected(struct tw_slice pem);
tw_err tw_key_protect(const tw_key *k, struct tw_slice passphrase, const struct tw_key_cost *cost, struct tw_buf *ret_pem);
/* UNTRUSTED: another passphrase, or not the file that was written. SYNTAX, UNSUPPORTED: not this form. LIMIT: trying would take too long. */
tw_err tw_key_unprotect(const struct tw_sys *sys, struct tw_slice pem, struct tw_slice passphrase, tw_key **ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5 and HMAC-MD5, for RADIUS and for nothing else: RFC 2865 and RFC 3579 name them, and a server speaks no other.
 *
 * MD5 alone no longer holds: who stands between device and server and can choose what is hashed makes a refusal into a permission
 * (CVE-2024-3596). HMAC-MD5 does not rest on what MD5 has lost; so formats/radius.h believes no answer without one.
 */
#ifndef TW_CRYPTO_MD5_H
#define TW_CRYPTO_MD5_H
#include "base/buf.h"
#include "base/err.h"

#define TW_MD5_SIZE 16
/* CRYPTO: OpenSSL does not offer it, as where it is set to approved functions only. */
tw_err tw_md5_of(const struct tw_slice *parts, size_t count, uint8_t ret[TW_MD5_SIZE]); /* of the parts one after another */
tw_err tw_hmac_md5(const void *key, size_t key_size, struct tw_slice data, uint8_t ret[TW_MD5_SIZE]);
#endif

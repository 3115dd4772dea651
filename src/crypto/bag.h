/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bag of certificates: PKCS#7 SignedData without anything signed (RFC 5652 section 5, "certs-only" of RFC 8551), as EST answers.
 *
 * Nobody signs it, so it proves nothing: what is in it is judged by chain.h. Another version than 1, digest algorithms, signers, content,
 * lists of revoked certificates, the same certificate twice and bytes behind its end are refused.
 */
#ifndef TW_CRYPTO_BAG_H
#define TW_CRYPTO_BAG_H
#include "crypto/chain.h"

#define TW_BAG_MAX (64 * 1024) /* bytes before base64 */
/* In the order in which they lie there: one to most of them. SYNTAX, LIMIT; UNSUPPORTED: one that is not P-256. */
tw_err tw_bag_read(const struct tw_sys *sys, struct tw_slice der, size_t most, struct tw_certs *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWE with ECDH-ES and A256GCM, compact serialization (RFC 7516, RFC 7518): what only the holder of one key can read. The protected header holds
 * alg, cty, enc, epk and kid alone, and nothing else is accepted. Any JOSE library opens it.
 *
 * Each has an ephemeral key of its own, so the key that it is sealed under is used once. It says nothing about who sealed it: anybody can, so what is
 * inside is signed.
 */
#ifndef TW_FORMATS_JWE_H
#define TW_FORMATS_JWE_H
#include "base/json.h"
#include "crypto/cert.h"

#define TW_JWE_MAX (512 * 1024) /* the text; three quarters of it may be sealed */

/* cty: what is inside. */
tw_err tw_jwe_seal(const struct tw_sys *sys, const char *cty, const tw_key *recipient, struct tw_slice plain, struct tw_buf *ret);
/* Appended. SYNTAX, LIMIT: it is none; UNTRUSTED: it is for another key, or was changed. */
tw_err tw_jwe_open(const struct tw_sys *sys, const char *cty, const tw_key *own, struct tw_slice text, struct tw_buf *ret);
#endif

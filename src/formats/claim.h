/* SPDX-License-Identifier: Apache-2.0 */
/* What a claim of a signed document may be, and whose document it is: asked alike by all that read one. Pure. */
#ifndef TW_FORMATS_CLAIM_H
#define TW_FORMATS_CLAIM_H
#include "base/json.h"
#include "crypto/cert.h"

/* base64url of min to max bytes; min is 1 or more. SYNTAX. */
tw_err tw_claim_bytes(const json_t *o, const char *key, size_t min, size_t max, void *ret, size_t *ret_size);
/* Printable text that fits into size with its NUL, not empty. SYNTAX names the key. */
tw_err tw_claim_text(const char *value, const char *key, char *ret, size_t size);
/* The certificate that signed it is of the device it is about. UNTRUSTED; what: "statement". */
tw_err tw_claim_signer(const struct tw_sys *sys, const tw_cert *device, const char *identifier, const char *what);
#endif

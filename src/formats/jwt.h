/* SPDX-License-Identifier: Apache-2.0 */
/* A token in the compact form (RFC 7515 section 7.1, RFC 7519): taken apart, and what its parts say. Whose signature it is, the caller judges. */
#ifndef TW_FORMATS_JWT_H
#define TW_FORMATS_JWT_H
#include "base/json.h"
#include "crypto/key.h"

struct tw_jwt_parts {
	struct tw_slice header, claims, signature, signed_part;
};
bool tw_jwt_split(struct tw_slice token, size_t max, struct tw_jwt_parts *ret);
/* An object in base64url; NULL: it is none. Fails without memory only. */
tw_err tw_jwt_object(const struct tw_sys *sys, struct tw_slice text, size_t max, json_t **ret);
/* By the key with this point, with ES256. NOMEM; all else: it is not signed so. */
tw_err tw_jwt_verify(const struct tw_sys *sys, const struct tw_jwt_parts *p, const uint8_t point[TW_POINT_SIZE]);
/* A number of seconds since 1970 (NumericDate, whole). */
bool tw_jwt_seconds(const json_t *claims, const char *key, int64_t *ret);
#endif

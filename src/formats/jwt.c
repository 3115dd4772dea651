/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/jwt.h"

#include "base/text.h"

#include <string.h>

bool tw_jwt_split(struct tw_slice token, size_t max, struct tw_jwt_parts *ret)
{
	const char *end = token.at + token.size;
	const char *first = token.size && token.size <= max ? memchr(token.at, '.', token.size) : NULL;
	const char *second = first ? memchr(first + 1, '.', (size_t)(end - first) - 1) : NULL;

	if (!second)
		return false;
	ret->header = (struct tw_slice){ token.at, (size_t)(first - token.at) };
	ret->claims = (struct tw_slice){ first + 1, (size_t)(second - first) - 1 };
	ret->signature = (struct tw_slice){ second + 1, (size_t)(end - second) - 1 };
	ret->signed_part = (struct tw_slice){ token.at, (size_t)(second - token.at) };
	return ret->header.size && ret->claims.size;
}

tw_err tw_jwt_object(const struct tw_sys *sys, struct tw_slice text, size_t max, json_t **ret)
{
	TW_CLEANUP(tw_freep) char *bytes = sys->alloc(sys, text.size);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	size_t size = 0;

	if (!bytes)
		return TW_RAISE(NOMEM, "a token");
	tw_err e = tw_parse_base64url(text, text.size, bytes, &size);
	if (!tw_failed(e))
		e = tw_json_parse((struct tw_slice){ bytes, size }, max, &j);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (!tw_failed(e) && json_is_object(j))
		*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_jwt_verify(const struct tw_sys *sys, const struct tw_jwt_parts *p, const uint8_t point[TW_POINT_SIZE])
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t signature[TW_SIGNATURE_SIZE];
	size_t size = 0;

	TW_TRY(tw_parse_base64url(p->signature, sizeof signature, signature, &size));
	if (size != sizeof signature)
		return TW_RAISE(SYNTAX, "a signature of %zu bytes", size);
	TW_TRY(tw_key_of_point(sys, point, &key));
	return tw_key_verify(key, &p->signed_part, 1, signature);
}

bool tw_jwt_seconds(const json_t *claims, const char *key, int64_t *ret)
{
	const json_t *value = tw_json_get(claims, key);

	*ret = json_integer_value(value);
	return json_is_integer(value) && *ret >= 0 && *ret < INT64_MAX / 1000;
}

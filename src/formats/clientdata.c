/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/clientdata.h"

#include <string.h>

static bool is_text(const json_t *j, const char *key, const char *want)
{
	const json_t *value = json_object_get(j, key);

	return json_is_string(value) && json_string_length(value) == strlen(want) && !strcmp(json_string_value(value), want);
}

tw_err tw_client_data_check(struct tw_slice text, const struct tw_client_data_want *want)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(text, TW_CLIENT_DATA_MAX, &j));
	if (!json_is_object(j))
		return TW_RAISE(SYNTAX, "client data is an object");
	if (!is_text(j, "type", want->type))
		return TW_RAISE(DENIED, "the authenticator was asked for something else");
	if (!is_text(j, "challenge", want->challenge))
		return TW_RAISE(DENIED, "the authenticator was shown another challenge");
	if (!is_text(j, "origin", want->origin))
		return TW_RAISE(DENIED, "the authenticator was asked by another page");
	const json_t *crossed = json_object_get(j, "crossOrigin");
	if ((crossed && !json_is_false(crossed)) || json_object_get(j, "topOrigin"))
		return TW_RAISE(DENIED, "the page was inside another's");
	return TW_OK;
}

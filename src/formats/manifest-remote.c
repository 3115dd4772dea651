/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manufacturer's rules of access, as the manifest has them: what is never done over the network, or only with a certificate, or only from
 * some networks. They are signed, so that no organization can leave one out that is not optional.
 */
#include "base/text.h"
#include "formats/manifest-inside.h"

#include <string.h>

#define DOORS 5
#define PERMISSIONS 24
#define NETWORKS 8 /* the device's reader of rules has room for as many */

static const char *const doors[DOORS] = { "management", "elsewhere", "local", "console", "application" };

/* Words of lower case letters and digits, with hyphens and, between words, dots inside. */
static bool is_name(const char *text, const char *letters)
{
	const size_t size = strlen(text);

	return size && text[0] >= 'a' && text[0] <= 'z' && text[size - 1] != '-' && text[size - 1] != '.' && strspn(text, letters) == size;
}

static bool is_permission(const char *text)
{
	return strlen(text) <= TW_MANIFEST_PERMISSION_NAME_MAX && is_name(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");
}

static bool is_door(const char *text)
{
	for (size_t i = 0; i < DOORS; i++)
		if (strcmp(text, doors[i]) == 0)
			return true;
	return false;
}

static bool is_network(const char *text)
{
	struct tw_network n;

	return !tw_failed(tw_network_read(text, &n));
}

static tw_err words(const json_t *row, const char *key, size_t most, bool (*fits)(const char *text))
{
	const json_t *list = json_object_get(row, key);

	if (list && (json_array_size(list) == 0 || json_array_size(list) > most))
		return TW_RAISE(SYNTAX, "'%s' has 1 to %zu entries", key, most);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !fits(text))
			return TW_RAISE(SYNTAX, "'%s': entry %zu is none", key, i + 1);
		for (size_t k = 0; k < i; k++)
			if (strcmp(text, json_string_value(json_array_get(list, k))) == 0)
				return TW_RAISE(SYNTAX, "'%s': '%s' is there twice", key, text);
	}
	return TW_OK;
}

/* Over a socket of the device's own nobody shows a certificate, and nobody comes from a network. */
static bool is_on_site(const json_t *row)
{
	const json_t *list = json_object_get(row, "doors");
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (strcmp(json_string_value(one), doors[0]) != 0 && strcmp(json_string_value(one), doors[1]) != 0)
			return true;
	return false;
}

static tw_err row_read(const json_t *row)
{
	static const struct tw_shape shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_MANIFEST_PROVIDER_NAME_MAX },
		{ "help", TW_JSON_TEXT, true, 1, TW_MANIFEST_HELP_MAX }, { "doors", TW_JSON_ARRAY, true, 0, 0 },
		{ "permissions", TW_JSON_ARRAY, true, 0, 0 }, { "certificate", TW_JSON_BOOL }, { "networks", TW_JSON_ARRAY },
		{ "optional", TW_JSON_BOOL }, { .key = NULL } };

	TW_TRY(tw_json_check(row, shape));
	if (!is_name(tw_json_text(row, "name"), "abcdefghijklmnopqrstuvwxyz0123456789-"))
		return TW_RAISE(SYNTAX, "'%s' is not a name of a rule: a lower case word", tw_json_text(row, "name"));
	if (!tw_text_printable(tw_slice_of(tw_json_text(row, "help"))))
		return TW_RAISE(SYNTAX, "its help has characters that cannot be printed");
	TW_TRY(words(row, "doors", DOORS, is_door));
	TW_TRY(words(row, "permissions", PERMISSIONS, is_permission));
	TW_TRY(words(row, "networks", NETWORKS, is_network));
	if ((tw_json_bool(row, "certificate") || json_object_get(row, "networks")) && is_on_site(row))
		return TW_RAISE(SYNTAX, "it asks for what only the doors management and elsewhere can show");
	return TW_OK;
}

tw_err tw_manifest_remote_read(const json_t *list)
{
	char why[TW_DETAIL_MAX];

	if (json_array_size(list) > TW_MANIFEST_REMOTE)
		return TW_RAISE(LIMIT, "%zu rules of access, limit %d", json_array_size(list), TW_MANIFEST_REMOTE);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *row = json_array_get(list, i);
		tw_err e = row_read(row);

		for (size_t k = 0; !tw_failed(e) && k < i; k++)
			if (strcmp(tw_json_text(row, "name"), tw_json_text(json_array_get(list, k), "name")) == 0)
				e = TW_RAISE(SYNTAX, "'%s' is there twice", tw_json_text(row, "name"));
		if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
			TW_TRY(e);
		(void)snprintf(why, sizeof why, "%s", tw_failed(e) ? tw_err_detail() : "");
		if (tw_failed(e))
			return TW_RAISE(SYNTAX, "rule of access %zu: %.200s", i + 1, why);
	}
	return TW_OK;
}

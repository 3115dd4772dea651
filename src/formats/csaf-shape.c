/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader behind the rows. It recurses as the document nests, which the JSON reader has bounded. A member that no row names is let
 * pass, unless the check is strict. In lists without repetition two values are the same if they are written the same with their keys sorted.
 */
#include "formats/csaf-shape.h"

#include <string.h>

#define WRITTEN_MAX (8ULL * TW_CSAF_MAX) /* a list's items, written with escapes */

static const char *kind_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		break;
	}
	return "null";
}

static tw_err tell_kind(struct tw_csaf_run *r, const json_t *value, const struct tw_csaf_at *at, const char *wanted)
{
	return tw_csaf_tell_at(r, at, "has to be %s, and is %s", wanted, kind_of(value));
}

static tw_err tell_words(struct tw_csaf_run *r, const struct tw_csaf_at *at, const char *text, const char *const *list)
{
	char all[512];
	size_t used = 0;

	for (size_t i = 0; list[i] && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", list[i]);
	return tw_csaf_tell_at(r, at, "'%.100s' is not %s%s", text, list[1] ? "one of " : "", all);
}

static tw_err check_text(struct tw_csaf_run *r, const struct tw_csaf_type *type, const json_t *value, const struct tw_csaf_at *at)
{
	const char *text = json_string_value(value);

	if (!text)
		return tell_kind(r, value, at, "a text");
	if (type->one_of)
		return tw_csaf_one_of(text, type->one_of) ? TW_OK : tell_words(r, at, text, type->one_of);
	if (type->match(text))
		return TW_OK;
	return *text ? tw_csaf_tell_at(r, at, "'%.200s' is not %s", text, type->wanted) : tw_csaf_tell_at(r, at, "is empty");
}

static const struct tw_csaf_field *field_of(const struct tw_csaf_type *type, const char *key)
{
	for (const struct tw_csaf_field *f = type->fields; f->key; f++)
		if (!strcmp(f->key, key))
			return f;
	return NULL;
}

static tw_err check_object(struct tw_csaf_run *r, const struct tw_csaf_type *type, const json_t *value, const struct tw_csaf_at *at)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value))
		return tell_kind(r, value, at, "an object");
	for (const struct tw_csaf_field *f = type->fields; f->key; f++)
		if (f->required && !json_object_get(value, f->key))
			TW_TRY(tw_csaf_tell_at(r, at, "has no %s", f->key));
	if (json_object_size(value) < type->min)
		TW_TRY(tw_csaf_tell_at(r, at, "has %s", type->min == 1 ? "no member" : "too few members"));
	if (type->max && json_object_size(value) > type->max)
		TW_TRY(tw_csaf_tell_at(r, at, "has more than %zu members", type->max));
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		const struct tw_csaf_field *f = field_of(type, key);

		if (f)
			TW_TRY(tw_csaf_shape(r, f->type, member, TW_CSAF_KEY(at, key)));
		else if (r->how->strict)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(at, key), "is not a member that CSAF knows here"));
	}
	return TW_OK;
}

static tw_err tell_repeated(struct tw_csaf_run *r, struct tw_csaf_names *names, const struct tw_csaf_at *at)
{
	tw_csaf_names_sort(names);
	for (size_t i = 0; i < names->count; i++)
		if (tw_csaf_names_repeat(names, i))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(at, names->list[i].a),
				"stands twice in the list, here and as item %zu", names->list[i - 1].a));
	return TW_OK;
}

/* Texts are compared where they are; anything else as it is written, all into one buffer whose places are known when it no longer grows. */
static tw_err check_unique(struct tw_csaf_run *r, const json_t *value, const struct tw_csaf_at *at)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	TW_CLEANUP(tw_buf_done) struct tw_buf written = { 0 };
	size_t i;
	json_t *item;

	tw_buf_init(&written, r->sys, WRITTEN_MAX);
	json_array_foreach(value, i, item) {
		struct tw_csaf_name name = {
			.text = json_string_value(item), .more = json_is_string(item) ? "text" : "", .a = i, .b = written.size
		};

		if (!name.text) {
			TW_TRY(tw_json_write(item, &written));
			TW_TRY(tw_buf_u8(&written, 0));
		}
		TW_TRY(tw_csaf_names_add(&names, &name));
	}
	for (i = 0; i < names.count; i++)
		if (!names.list[i].text)
			names.list[i].text = written.data + names.list[i].b;
	return tell_repeated(r, &names, at);
}

static tw_err check_list(struct tw_csaf_run *r, const struct tw_csaf_type *type, const json_t *value, const struct tw_csaf_at *at)
{
	size_t i;
	json_t *item;

	if (!json_is_array(value))
		return tell_kind(r, value, at, "an array");
	if (json_array_size(value) < type->min)
		TW_TRY(tw_csaf_tell_at(r, at, "has %s", json_array_size(value) ? "too few items" : "no item"));
	json_array_foreach(value, i, item)
		TW_TRY(tw_csaf_shape(r, type->of, item, TW_CSAF_ITEM(at, i)));
	return type->unique && json_array_size(value) > 1 ? check_unique(r, value, at) : TW_OK;
}

tw_err tw_csaf_shape(struct tw_csaf_run *r, const struct tw_csaf_type *type, const json_t *value, const struct tw_csaf_at *at)
{
	switch (type->kind) {
	case TW_CSAF_IS_TEXT:
		return check_text(r, type, value, at);
	case TW_CSAF_IS_OBJECT:
		return check_object(r, type, value, at);
	case TW_CSAF_IS_LIST:
		return check_list(r, type, value, at);
	case TW_CSAF_IS_CVSS:
		return tw_csaf_cvss(r, type->versions, TW_CVSS_SCHEMA, value, at);
	}
	return TW_RAISE(INTERNAL, "a row of no kind");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values: where their memory comes from, whether they have the shape a reader expects, and access without surprises.
 */
#include "base/json.h"

#include <string.h>

/* Jansson's allocator is one per process, and so is what stands behind it. */
static const struct tw_sys *memory;

static void *json_alloc(size_t size)
{
	return memory->alloc(memory, size ? size : 1);
}

void tw_json_use(const struct tw_sys *sys)
{
	size_t seed = 0;

	memory = sys;
	json_set_alloc_funcs(json_alloc, free);
	/* Jansson would seed its hash tables from /dev/urandom, which a sandboxed role cannot open, and then from the time. */
	if (sys->random(sys, &seed, sizeof seed) == 0)
		json_object_seed(seed);
}

static const char *const kind_names[] = {
	[TW_JSON_TEXT] = "a text",
	[TW_JSON_INT] = "a whole number",
	[TW_JSON_BOOL] = "true or false",
	[TW_JSON_OBJECT] = "an object",
	[TW_JSON_ARRAY] = "an array",
	[TW_JSON_ANY] = "a value",
};

static bool is_kind(const json_t *value, enum tw_json_kind kind)
{
	switch (kind) {
	case TW_JSON_TEXT:
		return json_is_string(value);
	case TW_JSON_INT:
		return json_is_integer(value);
	case TW_JSON_BOOL:
		return json_is_boolean(value);
	case TW_JSON_OBJECT:
		return json_is_object(value);
	case TW_JSON_ARRAY:
		return json_is_array(value);
	case TW_JSON_ANY:
		return true;
	}
	return false;
}

#define TEXT_MAX_DEFAULT 4096

static tw_err check_range(const struct tw_shape *row, const json_t *value)
{
	bool unbounded = row->min == 0 && row->max == 0;
	int64_t max = row->max, v;

	if (json_is_string(value)) {
		v = (int64_t)json_string_length(value);
		max = unbounded ? TEXT_MAX_DEFAULT : max;
		if (v < row->min || v > max)
			return TW_RAISE(SYNTAX, "'%s' has %lld bytes, wanted %lld to %lld", row->key, (long long)v,
				(long long)row->min, (long long)max);
	} else if (json_is_integer(value) && !unbounded) {
		v = json_integer_value(value);
		if (v < row->min || v > max)
			return TW_RAISE(SYNTAX, "'%s' is %lld, wanted %lld to %lld", row->key, (long long)v, (long long)row->min,
				(long long)max);
	}
	return TW_OK;
}

static tw_err check_row(const json_t *object, const struct tw_shape *row)
{
	const json_t *value = json_object_get(object, row->key);

	if (!value && row->required)
		return TW_RAISE(SYNTAX, "'%s' is missing", row->key);
	if (!value)
		return TW_OK;
	if (!is_kind(value, row->kind))
		return TW_RAISE(SYNTAX, "'%s' must be %s", row->key, kind_names[row->kind]);
	return row->kind == TW_JSON_ANY ? TW_OK : check_range(row, value);
}

static bool known_key(const struct tw_shape *shape, const char *key)
{
	for (const struct tw_shape *row = shape; row->key; row++)
		if (strcmp(row->key, key) == 0 || strcmp(row->key, "*") == 0)
			return true;
	return false;
}

tw_err tw_json_check(const json_t *object, const struct tw_shape *shape)
{
	/* Jansson's iterators take no const, though they change nothing. */
	json_t *o = (json_t *)(uintptr_t)object;

	if (!json_is_object(object))
		return TW_RAISE(SYNTAX, "an object is wanted");
	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
		if (!known_key(shape, json_object_iter_key(i)))
			return TW_RAISE(SYNTAX, "unknown key '%.64s'", json_object_iter_key(i));
	for (const struct tw_shape *row = shape; row->key; row++)
		if (strcmp(row->key, "*") != 0)
			TW_TRY(check_row(object, row));
	return TW_OK;
}

tw_err tw_json_check_each(const json_t *array, const struct tw_shape *shape, size_t most)
{
	const json_t *one;
	size_t i;

	if (json_array_size(array) > most)
		return TW_RAISE(LIMIT, "%zu entries, at most %zu", json_array_size(array), most);
	json_array_foreach(array, i, one)
		TW_TRY(tw_json_check(one, shape));
	return TW_OK;
}

const char *tw_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t tw_json_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool tw_json_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

json_t *tw_json_get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

tw_err tw_json_set(json_t *object, const char *key, json_t *value)
{
	if (!value || json_object_set_new(object, key, value) != 0)
		return TW_RAISE(NOMEM, "JSON value '%s'", key);
	return TW_OK;
}

tw_err tw_json_append(json_t *array, json_t *value)
{
	if (!value || json_array_append_new(array, value) != 0)
		return TW_RAISE(NOMEM, "JSON value of an array");
	return TW_OK;
}

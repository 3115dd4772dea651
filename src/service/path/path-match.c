/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/path-match.h"

#include "base/text.h"

/* Percent-decodes into at most max bytes and a NUL. False: malformed, too long, or not printable text. */
static bool decode(struct tw_slice s, char *ret, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < s.size; i++) {
		char c = s.at[i];
		if (c == '%') {
			if (s.size - i < 3 || tw_failed(tw_parse_hex((struct tw_slice){ s.at + i + 1, 2 }, &c, 1)))
				return false;
			i += 2;
		}
		if (n == max)
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return tw_text_printable((struct tw_slice){ ret, n });
}

enum fit { FIT_NO, FIT_PARAMETER, FIT_EXACT };

static enum fit fits(const char *row, struct tw_slice path, char *ret_parameter)
{
	const char *brace = strchr(row, '{');
	size_t fixed = brace ? (size_t)(brace - row) : strlen(row);
	if (path.size < fixed || memcmp(row, path.at, fixed) != 0)
		return FIT_NO;
	struct tw_slice rest = { path.at + fixed, path.size - fixed };
	if (!brace)
		return rest.size == 0 ? FIT_EXACT : FIT_NO;
	if (rest.size == 0 || (memchr(rest.at, '/', rest.size) && !strchr(brace, '*')))
		return FIT_NO;
	return decode(rest, ret_parameter, TW_PARAMETER_MAX) ? FIT_PARAMETER : FIT_NO;
}

static void note_allowed(struct tw_match *m, const char *method)
{
	size_t used = strlen(m->allow);
	snprintf(m->allow + used, sizeof m->allow - used, "%s%s", used ? ", " : "", method);
}

/* A path written out in full goes before one with a parameter; among those that fit equally, the method decides. */
void tw_match_operation(const struct tw_context *c, const struct tw_http_head *head, struct tw_match *ret)
{
	enum fit best = FIT_NO;
	char parameter[TW_PARAMETER_MAX + 1] = "";
	*ret = (struct tw_match){ 0 };
	for (const struct tw_capability *const *p = c->capabilities; *p; p++) {
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++) {
			enum fit fit = fits(o->path, head->path, parameter);
			if (fit == FIT_NO || fit < best)
				continue;
			if (fit > best)
				*ret = (struct tw_match){ 0 };
			best = fit;
			note_allowed(ret, o->method);
			if (!tw_slice_is(head->method, o->method))
				continue;
			ret->operation = o;
			if (fit == FIT_PARAMETER)
				memcpy(ret->parameter, parameter, sizeof parameter);
		}
	}
}

static const struct tw_shape *shape_of(const struct tw_shape *shape, const char *key)
{
	for (; shape->key; shape++) {
		if (strcmp(shape->key, key) == 0)
			return shape;
	}
	return NULL;
}

static tw_err add_pair(json_t *to, struct tw_slice pair, const struct tw_shape *shape)
{
	char key[64], value[TW_PARAMETER_MAX + 1];
	const char *equals = memchr(pair.at, '=', pair.size);
	struct tw_slice k = { pair.at, equals ? (size_t)(equals - pair.at) : pair.size };
	struct tw_slice v = equals ? (struct tw_slice){ equals + 1, pair.size - k.size - 1 } : (struct tw_slice){ "", 0 };
	if (!decode(k, key, sizeof key - 1) || !decode(v, value, sizeof value - 1))
		return TW_RAISE(SYNTAX, "the query is malformed or too long");
	const struct tw_shape *row = shape_of(shape, key);
	if (!row)
		return TW_RAISE(SYNTAX, "unknown query key '%s'", key);
	if (json_object_get(to, key))
		return TW_RAISE(SYNTAX, "query key '%s' twice", key);
	if (row->kind != TW_JSON_INT)
		return tw_json_set(to, key, json_string(value));
	uint64_t number = 0;
	if (tw_failed(tw_parse_u64(tw_slice_of(value), INT64_MAX, &number)))
		return TW_RAISE(SYNTAX, "query key '%s' wants a whole number", key);
	return tw_json_set(to, key, json_integer((json_int_t)number));
}

tw_err tw_match_query(const struct tw_sys *sys, struct tw_slice query, const struct tw_shape *shape, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *object = json_object();
	if (!object)
		return TW_RAISE(NOMEM, "query");
	while (query.size > 0) {
		const char *end = memchr(query.at, '&', query.size);
		struct tw_slice pair = { query.at, end ? (size_t)(end - query.at) : query.size };
		TW_TRY(add_pair(object, pair, shape));
		size_t used = pair.size + (end != NULL);
		query = (struct tw_slice){ query.at + used, query.size - used };
	}
	*ret = TW_STEAL(object);
	return TW_OK;
}

bool tw_match_is(const struct tw_http_head *head, const char *wanted)
{
	const struct tw_http_field *f = tw_http_find(head, "Content-Type");
	if (!f)
		return false;
	struct tw_slice type = f->value;
	const char *parameters = memchr(type.at, ';', type.size);
	if (parameters) {
		struct tw_slice rest = { parameters + 1, type.size - (size_t)(parameters + 1 - type.at) };
		while (rest.size && rest.at[0] == ' ')
			rest = (struct tw_slice){ rest.at + 1, rest.size - 1 };
		if (!tw_slice_is_nocase(rest, "charset=utf-8"))
			return false;
		type.size = (size_t)(parameters - type.at);
		while (type.size && type.at[type.size - 1] == ' ')
			type.size--;
	}
	return tw_slice_is_nocase(type, wanted);
}

const struct tw_operation_row *tw_operation_find(const struct tw_capability *const *capabilities, struct tw_slice name)
{
	for (const struct tw_capability *const *p = capabilities; *p; p++)
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++)
			if (tw_slice_is(name, o->name))
				return o;
	return NULL;
}

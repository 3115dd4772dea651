/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON in one form only: keys sorted, strings and numbers as RFC 8785 wants them, so that what we sign can be written
 * again, byte for byte, by a stranger. Limits against RFC 8785: keys sort by UTF-8 bytes (the same order unless a key has
 * characters beyond U+FFFF), whole numbers keep all 64 bits, and a real number that it writes as a whole one beyond 64 bits is
 * refused, since our own reader would not take it back.
 *
 * It recurses, but never deeper than TW_JSON_DEPTH_MAX.
 */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WHOLE_MAX 9223372036854775808.0 /* 2^63: the first whole number that Jansson refuses */

struct writer {
	struct tw_buf *b;
	bool pretty;
	int depth;
};

static tw_err write_value(struct writer *w, const json_t *j);

static tw_err new_line(struct writer *w)
{
	if (!w->pretty)
		return TW_OK;
	return tw_buf_format(w->b, "\n%*s", w->depth * 2, "");
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tw_err sorted_keys(const struct writer *w, const json_t *j, const char ***ret)
{
	json_t *object = (json_t *)(uintptr_t)j; /* Jansson's iterators take no const */
	size_t n = 0;
	const char **keys = tw_alloc_array(w->b->sys, json_object_size(j), sizeof *keys);

	if (!keys)
		return TW_RAISE(NOMEM, "keys of an object");
	for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i))
		keys[n++] = json_object_iter_key(i);
	if (n)
		qsort(keys, n, sizeof *keys, compare_keys);
	*ret = keys;
	return TW_OK;
}

static tw_err write_object(struct writer *w, const json_t *j)
{
	TW_CLEANUP(tw_freep) const char **keys = NULL;
	size_t n = json_object_size(j);

	if (n == 0)
		return tw_buf_text(w->b, "{}");
	TW_TRY(sorted_keys(w, j, &keys));
	TW_TRY(tw_buf_text(w->b, "{"));
	w->depth++;
	for (size_t i = 0; i < n; i++) {
		if (i)
			TW_TRY(tw_buf_text(w->b, ","));
		TW_TRY(new_line(w));
		TW_TRY(tw_buf_json_string(w->b, tw_slice_of(keys[i])));
		TW_TRY(tw_buf_text(w->b, w->pretty ? ": " : ":"));
		TW_TRY(write_value(w, json_object_get(j, keys[i])));
	}
	w->depth--;
	TW_TRY(new_line(w));
	return tw_buf_text(w->b, "}");
}

static tw_err write_array(struct writer *w, const json_t *j)
{
	size_t n = json_array_size(j);

	if (n == 0)
		return tw_buf_text(w->b, "[]");
	TW_TRY(tw_buf_text(w->b, "["));
	w->depth++;
	for (size_t i = 0; i < n; i++) {
		if (i)
			TW_TRY(tw_buf_text(w->b, ","));
		TW_TRY(new_line(w));
		TW_TRY(write_value(w, json_array_get(j, i)));
	}
	w->depth--;
	TW_TRY(new_line(w));
	return tw_buf_text(w->b, "]");
}

/* The fewest digits that read back as the same number, as "d.ddde[+-]dd". */
static void shortest(double v, char *ret, size_t size)
{
	for (int precision = 0; precision < 17; precision++) {
		(void)snprintf(ret, size, "%.*e", precision, v);
		if (strtod(ret, NULL) == v)
			return;
	}
}

/* ECMAScript's Number::toString, which RFC 8785 prescribes. */
static tw_err write_real(struct tw_buf *b, double v)
{
	char text[40], digits[24];
	int count = 0, point;
	const char *e;

	if (!isfinite(v))
		return TW_RAISE(INTERNAL, "JSON has no infinite number");
	if (v == 0)
		return tw_buf_text(b, "0");
	if (v < 0)
		TW_TRY(tw_buf_text(b, "-"));
	shortest(fabs(v), text, sizeof text);
	e = strchr(text, 'e');
	for (const char *p = text; p < e; p++)
		if (*p != '.')
			digits[count++] = *p;
	point = (int)strtod(e + 1, NULL) + 1; /* where the point stands, counted from the first digit */
	if (point <= 21 && fabs(v) >= WHOLE_MAX)
		return TW_RAISE(LIMIT, "the number %s is too large", text);
	if (count <= point && point <= 21)
		return tw_buf_format(b, "%.*s%.*s", count, digits, point - count, "000000000000000000000");
	if (0 < point && point <= 21)
		return tw_buf_format(b, "%.*s.%.*s", point, digits, count - point, digits + point);
	if (-6 < point && point <= 0)
		return tw_buf_format(b, "0.%.*s%.*s", -point, "000000", count, digits);
	return tw_buf_format(b, "%.1s%s%.*se%+d", digits, count > 1 ? "." : "", count - 1, digits + 1, point - 1);
}

static tw_err write_value(struct writer *w, const json_t *j)
{
	if (w->depth >= TW_JSON_DEPTH_MAX && (json_is_object(j) || json_is_array(j)))
		return TW_RAISE(LIMIT, "JSON deeper than %d levels", TW_JSON_DEPTH_MAX);
	if (!j)
		return TW_RAISE(INTERNAL, "no JSON value");
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return write_object(w, j);
	case JSON_ARRAY:
		return write_array(w, j);
	case JSON_STRING:
		return tw_buf_json_string(w->b, (struct tw_slice){ json_string_value(j), json_string_length(j) });
	case JSON_INTEGER:
		return tw_buf_format(w->b, "%lld", (long long)json_integer_value(j));
	case JSON_REAL:
		return write_real(w->b, json_real_value(j));
	case JSON_TRUE:
		return tw_buf_text(w->b, "true");
	case JSON_FALSE:
		return tw_buf_text(w->b, "false");
	case JSON_NULL:
		return tw_buf_text(w->b, "null");
	}
	return TW_RAISE(INTERNAL, "a JSON value of no kind");
}

/* All or nothing. */
static tw_err write_whole(const json_t *j, struct tw_buf *b, bool pretty)
{
	struct writer w = { .b = b, .pretty = pretty };
	size_t before = b->size;
	tw_err e = write_value(&w, j);

	if (tw_failed(e) && b->data) {
		b->size = before;
		b->data[before] = '\0';
	}
	return e;
}

tw_err tw_json_write(const json_t *j, struct tw_buf *b)
{
	return write_whole(j, b, false);
}

tw_err tw_json_pretty(const json_t *j, struct tw_buf *b)
{
	TW_TRY(write_whole(j, b, true));
	return tw_buf_text(b, "\n");
}

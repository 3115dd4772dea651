/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON (RFC 8259): Jansson's values, but not Jansson's scanner, which drops characters and then aborts when it has no
 * memory for a token. Here an allocation that fails is NOMEM and nothing else, and depth is bounded as it is met.
 *
 * Stricter than the RFC where two readers could differ: no key twice, nothing behind the value, no NUL in a text, an object or
 * an array at the top, whole numbers within 64 bits. Recursion ends at TW_JSON_DEPTH_MAX, or where the caller says.
 */
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

#define NUMBER_MAX 64 /* no double needs more digits to be told from its neighbours */

struct reader {
	const char *start, *at, *end;
	char *scratch; /* room for any text of what is left of the input, with a NUL in place of a quote: unescaped it is never longer */
	int depth, deepest;
};

static tw_err read_value(struct reader *r, json_t **ret);

static tw_err refuse(const struct reader *r, const char *what)
{
	unsigned line = 1, column = 1;

	for (const char *p = r->start; p < r->at; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	return TW_RAISE(SYNTAX, "line %u column %u: %s", line, column, what);
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0)
		return false;
	r->at += size;
	return true;
}

static tw_err made(json_t *value, json_t **ret)
{
	if (!value)
		return TW_RAISE(NOMEM, "JSON value");
	*ret = value;
	return TW_OK;
}

/* The four digits of \uXXXX. */
static tw_err read_hex4(struct reader *r, uint32_t *ret)
{
	uint8_t bytes[2];

	if (r->end - r->at < 4 || tw_failed(tw_parse_hex((struct tw_slice){ r->at, 4 }, bytes, 2)))
		return refuse(r, "\\u wants four hex digits");
	r->at += 4;
	*ret = (uint32_t)bytes[0] << 8 | bytes[1];
	return TW_OK;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

static tw_err read_unicode(struct reader *r, char **to)
{
	uint32_t c, low;

	TW_TRY(read_hex4(r, &c));
	if (c >= 0xd800 && c <= 0xdbff) {
		if (!take(r, '\\') || !take(r, 'u'))
			return refuse(r, "half a surrogate pair");
		TW_TRY(read_hex4(r, &low));
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(r, "half a surrogate pair");
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xdc00 && c <= 0xdfff) {
		return refuse(r, "half a surrogate pair");
	}
	if (c == 0)
		return refuse(r, "a NUL in a text");
	*to = put_utf8(*to, c);
	return TW_OK;
}

static tw_err read_escape(struct reader *r, char **to)
{
	static const char escaped[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	const char *found = r->at < r->end && *r->at ? strchr(escaped, *r->at) : NULL;

	if (take(r, 'u'))
		return read_unicode(r, to);
	if (!found)
		return refuse(r, "an unknown escape");
	r->at++;
	*(*to)++ = plain[found - escaped];
	return TW_OK;
}

/* Most texts are nothing else: ASCII that stands for itself. */
static char *copy_plain(struct reader *r, char *to)
{
	const char *at = r->at;

	while (at < r->end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		*to++ = *at++;
	r->at = at;
	return to;
}

/* After the opening quote; what it holds is in scratch. */
static tw_err read_text(struct reader *r, size_t *ret_size)
{
	char *to = copy_plain(r, r->scratch);

	while (!take(r, '"')) {
		if (r->at == r->end)
			return refuse(r, "a text without its end");
		if (take(r, '\\')) {
			TW_TRY(read_escape(r, &to));
			to = copy_plain(r, to);
			continue;
		}
		size_t size = tw_utf8_size((struct tw_slice){ r->at, (size_t)(r->end - r->at) });

		if (size == 0 || (unsigned char)*r->at < 0x20)
			return refuse(r, size ? "a control character in a text" : "not valid UTF-8");
		memcpy(to, r->at, size);
		r->at += size;
		to = copy_plain(r, to + size);
	}
	*ret_size = (size_t)(to - r->scratch);
	return TW_OK;
}

static bool take_digits(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return r->at > from;
}

/* The grammar of a number; the cursor stands behind it. */
static tw_err scan_number(struct reader *r, bool *ret_whole)
{
	*ret_whole = true;
	(void)take(r, '-');
	if (!take(r, '0') && !take_digits(r))
		return refuse(r, "a value is wanted");
	if (take(r, '.')) {
		*ret_whole = false;
		if (!take_digits(r))
			return refuse(r, "a digit is wanted");
	}
	if (take(r, 'e') || take(r, 'E')) {
		*ret_whole = false;
		if (!take(r, '+'))
			(void)take(r, '-');
		if (!take_digits(r))
			return refuse(r, "a digit is wanted");
	}
	return TW_OK;
}

static tw_err read_whole(const struct reader *r, struct tw_slice digits, json_t **ret)
{
	bool minus = digits.at[0] == '-';
	uint64_t v;

	if (minus)
		digits = (struct tw_slice){ digits.at + 1, digits.size - 1 };
	if (tw_failed(tw_parse_u64(digits, (uint64_t)INT64_MAX + minus, &v)))
		return refuse(r, "a whole number beyond 64 bits");
	return made(json_integer(minus ? (json_int_t)(0 - v) : (json_int_t)v), ret);
}

static tw_err read_number(struct reader *r, json_t **ret)
{
	struct tw_slice s = { r->at, 0 };
	char text[NUMBER_MAX + 1];
	bool whole;
	double v;

	TW_TRY(scan_number(r, &whole));
	s.size = (size_t)(r->at - s.at);
	if (s.size > NUMBER_MAX)
		return refuse(r, "a number with too many digits");
	if (whole)
		return read_whole(r, s, ret);
	memcpy(text, s.at, s.size);
	text[s.size] = '\0';
	v = strtod(text, NULL);
	if (!isfinite(v))
		return refuse(r, "a number too large");
	return made(json_real(v), ret);
}

static tw_err read_array(struct reader *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *array = json_array();
	json_t *value;

	if (!array)
		return TW_RAISE(NOMEM, "JSON array");
	skip_blanks(r);
	if (!take(r, ']')) {
		do {
			TW_TRY(read_value(r, &value));
			TW_TRY(tw_json_append(array, value));
			skip_blanks(r);
		} while (take(r, ','));
		if (!take(r, ']'))
			return refuse(r, "',' or ']' is wanted");
	}
	*ret = TW_STEAL(array);
	return TW_OK;
}

/* The key stays in the scratch space, and the value gets what is behind it. */
static tw_err read_member(struct reader *r, json_t *object)
{
	char *key = r->scratch;
	json_t *value;
	size_t size;

	skip_blanks(r);
	if (!take(r, '"'))
		return refuse(r, "a key is wanted");
	TW_TRY(read_text(r, &size));
	key[size] = '\0';
	if (json_object_get(object, key))
		return refuse(r, "a key stands twice");
	skip_blanks(r);
	if (!take(r, ':'))
		return refuse(r, "':' is wanted");
	r->scratch = key + size + 1;
	TW_TRY(read_value(r, &value));
	r->scratch = key;
	if (json_object_set_new_nocheck(object, key, value) != 0)
		return TW_RAISE(NOMEM, "JSON member");
	return TW_OK;
}

static tw_err read_object(struct reader *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *object = json_object();

	if (!object)
		return TW_RAISE(NOMEM, "JSON object");
	skip_blanks(r);
	if (!take(r, '}')) {
		do {
			TW_TRY(read_member(r, object));
			skip_blanks(r);
		} while (take(r, ','));
		if (!take(r, '}'))
			return refuse(r, "',' or '}' is wanted");
	}
	*ret = TW_STEAL(object);
	return TW_OK;
}

static tw_err read_container(struct reader *r, bool object, json_t **ret)
{
	if (++r->depth > r->deepest)
		return TW_RAISE(LIMIT, "JSON deeper than %d levels, at byte %zu", r->deepest, (size_t)(r->at - r->start));
	TW_TRY(object ? read_object(r, ret) : read_array(r, ret));
	r->depth--;
	return TW_OK;
}

static tw_err read_value(struct reader *r, json_t **ret)
{
	size_t size;

	skip_blanks(r);
	if (take(r, '{'))
		return read_container(r, true, ret);
	if (take(r, '['))
		return read_container(r, false, ret);
	if (take(r, '"')) {
		TW_TRY(read_text(r, &size));
		return made(json_stringn_nocheck(r->scratch, size), ret);
	}
	if (take_word(r, "true"))
		return made(json_true(), ret);
	if (take_word(r, "false"))
		return made(json_false(), ret);
	if (take_word(r, "null"))
		return made(json_null(), ret);
	return read_number(r, ret);
}

static tw_err read_all(struct reader *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	skip_blanks(r);
	if (r->at == r->end || (*r->at != '{' && *r->at != '['))
		return refuse(r, "'{' or '[' is wanted");
	TW_TRY(read_value(r, &j));
	skip_blanks(r);
	if (r->at != r->end)
		return refuse(r, "something stands behind the end");
	*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_json_parse_deep(struct tw_slice text, size_t max, int deepest, json_t **ret)
{
	struct reader r = { .start = text.at, .at = text.at, .end = text.at + text.size, .deepest = deepest };
	json_malloc_t allocate;
	json_free_t release;
	tw_err e;

	if (text.size > max)
		return TW_RAISE(LIMIT, "JSON of %zu bytes, limit %zu", text.size, max);
	if (text.size == 0)
		return TW_RAISE(SYNTAX, "line 1 column 1: nothing is there");
	json_get_alloc_funcs(&allocate, &release);
	char *room = allocate(text.size);
	if (!room)
		return TW_RAISE(NOMEM, "JSON of %zu bytes", text.size);
	r.scratch = room;
	e = read_all(&r, ret);
	tw_wipe(room, text.size); /* proofs and tokens pass here */
	release(room);
	return e;
}

tw_err tw_json_parse(struct tw_slice text, size_t max, json_t **ret)
{
	return tw_json_parse_deep(text, max, TW_JSON_DEPTH_MAX, ret);
}

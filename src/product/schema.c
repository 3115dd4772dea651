/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk: one function per kind of field, chosen by table. Nesting follows the rows, never the input: the schema is a few
 * levels deep and finite, so the recursion here is bounded by what we wrote ourselves.
 */
#include "product/schema.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

tw_err tw_problems_init(struct tw_problems *p, const char *file)
{
	*p = (struct tw_problems){ .file = file, .list = json_array() };
	return p->list ? TW_OK : TW_RAISE(NOMEM, "list of problems");
}

void tw_problems_done(struct tw_problems *p)
{
	json_decref(p->list);
	p->list = NULL;
}

tw_err tw_problem_at(struct tw_problems *p, unsigned line, unsigned column, const char *what, const char *wanted)
{
	if (p->count++ >= TW_PROBLEMS_MAX)
		return TW_OK;
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	if (!o)
		return TW_RAISE(NOMEM, "problem");
	TW_TRY(tw_json_set(o, "file", json_string_nocheck(p->file)));
	TW_TRY(tw_json_set(o, "line", json_integer(line)));
	TW_TRY(tw_json_set(o, "column", json_integer(column)));
	TW_TRY(tw_json_set(o, "what", json_string_nocheck(what)));
	TW_TRY(tw_json_set(o, "wanted", json_string_nocheck(wanted)));
	return tw_json_append(p->list, TW_STEAL(o));
}

tw_err tw_problem(struct tw_problems *p, const tw_yaml *where, const char *wanted, const char *format, ...)
{
	char what[TW_DETAIL_MAX];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	while (*what && !tw_utf8_valid(tw_slice_of(what)))
		what[strlen(what) - 1] = '\0'; /* the cut went through a character */
	return tw_problem_at(p, tw_yaml_line(where), tw_yaml_column(where), what, wanted);
}

tw_err tw_problems_text(const struct tw_problems *p, struct tw_buf *ret)
{
	size_t i;
	json_t *o;

	json_array_foreach(p->list, i, o)
		TW_TRY(tw_buf_format(ret, "%s:%" PRId64 ":%" PRId64 ": %s; %s\n", tw_json_text(o, "file"), tw_json_int(o, "line"),
			tw_json_int(o, "column"), tw_json_text(o, "what"), tw_json_text(o, "wanted")));
	if (p->count > TW_PROBLEMS_MAX)
		TW_TRY(tw_buf_format(ret, "%s: and %zu more\n", p->file, p->count - TW_PROBLEMS_MAX));
	return TW_OK;
}

/* Every reader gets the node and its row; it adds a problem or sets *ret to a new value. */
typedef tw_err (*reader)(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret);

static tw_err wrong(struct tw_problems *p, const tw_yaml *n, const struct tw_field *f, const char *what)
{
	char shown[48] = "";
	const char *text = tw_yaml_text(n);

	if (text)
		(void)snprintf(shown, sizeof(shown), strlen(text) > 40 ? " ('%.36s...')" : " ('%s')", text);
	if (!tw_text_printable(tw_slice_of(shown)))
		shown[0] = '\0'; /* the cut went through a character, or there is nothing fit to show */
	return tw_problem(p, n, f->help, "'%s' %s%s", f->key, what, shown);
}

static tw_err value_of(json_t *value, json_t **ret)
{
	if (!value)
		return TW_RAISE(NOMEM, "value");
	*ret = value;
	return TW_OK;
}

static bool in_bounds(const struct tw_field *f, size_t n)
{
	return (int64_t)n >= f->min && (int64_t)n <= f->max;
}

static tw_err bounds(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, const char *unit)
{
	char what[96];

	(void)snprintf(what, sizeof(what), "must have %" PRId64 " to %" PRId64 " %s", f->min, f->max, unit);
	return tw_problem(p, n, f->help, "'%s' %s", f->key, what);
}

static tw_err read_text(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	struct tw_slice s = tw_slice_of(tw_yaml_text(n));

	if (!in_bounds(f, s.size))
		return bounds(n, f, p, "bytes");
	if (!tw_text_printable(s))
		return wrong(p, n, f, "must be one line without control characters");
	return value_of(json_stringn(s.at, s.size), ret);
}

static tw_err read_prose(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	struct tw_slice s = tw_slice_of(tw_yaml_text(n));

	while (s.size && s.at[s.size - 1] == '\n')
		s.size--;
	if (!in_bounds(f, s.size))
		return bounds(n, f, p, "bytes");
	for (size_t i = 0; i < s.size; i++)
		if ((unsigned char)s.at[i] < 0x20 && s.at[i] != '\n')
			return wrong(p, n, f, "must not contain control characters");
	if (!tw_utf8_valid(s))
		return wrong(p, n, f, "must be UTF-8");
	return value_of(json_stringn(s.at, s.size), ret);
}

static bool word_character(char c, const char *also)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (also && c && strchr(also, c));
}

static tw_err read_word(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	struct tw_slice s = tw_slice_of(tw_yaml_text(n));

	if (!in_bounds(f, s.size))
		return bounds(n, f, p, "characters");
	for (size_t i = 0; i < s.size; i++)
		if (!word_character(s.at[i], f->also))
			return wrong(p, n, f, "has a character that is not allowed here");
	return value_of(json_stringn(s.at, s.size), ret);
}

static tw_err read_int(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	struct tw_slice s = tw_slice_of(tw_yaml_text(n));
	bool negative = s.size && s.at[0] == '-';
	uint64_t v = 0;

	if (negative)
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	if (tw_failed(tw_parse_u64(s, INT64_MAX, &v)))
		return wrong(p, n, f, "must be a whole number");
	int64_t i = negative ? -(int64_t)v : (int64_t)v;
	if (i < f->min || i > f->max)
		return wrong(p, n, f, "is out of range");
	return value_of(json_integer(i), ret);
}

static tw_err read_yes(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	const char *text = tw_yaml_text(n);

	if (strcmp(text, "yes") && strcmp(text, "no"))
		return wrong(p, n, f, "must be yes or no");
	return value_of(json_boolean(!strcmp(text, "yes")), ret);
}

static bool is_choice(const char *choices, struct tw_slice s)
{
	for (const char *at = choices; at;) {
		size_t size = strcspn(at, "|");

		if (size == s.size && !memcmp(at, s.at, size))
			return true;
		at = at[size] ? at + size + 1 : NULL;
	}
	return false;
}

static tw_err read_choice(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	char what[TW_DETAIL_MAX];

	if (is_choice(f->also, tw_slice_of(tw_yaml_text(n))))
		return value_of(json_string(tw_yaml_text(n)), ret);
	(void)snprintf(what, sizeof(what), "must be one of %s", f->also);
	return wrong(p, n, f, what);
}

/* Digits with leading zeros, which base/text.h refuses for numbers. */
static bool digits(struct tw_slice s, unsigned *ret)
{
	*ret = 0;
	for (size_t i = 0; i < s.size; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		*ret = *ret * 10 + (unsigned)(s.at[i] - '0');
	}
	return true;
}

bool tw_date_valid(struct tw_slice s)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day;

	if (s.size != 10 || s.at[4] != '-' || s.at[7] != '-')
		return false;
	if (!digits((struct tw_slice){ s.at, 4 }, &year) || !digits((struct tw_slice){ s.at + 5, 2 }, &month) ||
		!digits((struct tw_slice){ s.at + 8, 2 }, &day))
		return false;
	if (year < 2000 || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (unsigned)(month == 2 && leap);
}

static tw_err read_date(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	if (!tw_date_valid(tw_slice_of(tw_yaml_text(n))))
		return wrong(p, n, f, "must be a day of the calendar as YYYY-MM-DD");
	return value_of(json_string(tw_yaml_text(n)), ret);
}

static bool url_valid(struct tw_slice s)
{
	static const char scheme[] = "https://";

	if (s.size <= sizeof(scheme) - 1 || s.size > 500 || memcmp(s.at, scheme, sizeof(scheme) - 1) != 0)
		return false;
	if (!word_character(s.at[sizeof(scheme) - 1], "["))
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] <= ' ' || s.at[i] >= 0x7f || strchr("<>\"'\\^`{|}", s.at[i]))
			return false;
	return true;
}

static tw_err read_url(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	if (!url_valid(tw_slice_of(tw_yaml_text(n))))
		return wrong(p, n, f, "must be an https:// address");
	return value_of(json_string(tw_yaml_text(n)), ret);
}

static bool email_valid(struct tw_slice s)
{
	const char *at = s.size && s.size < 200 ? memchr(s.at, '@', s.size) : NULL;

	if (!at || at == s.at || at + 1 >= s.at + s.size || at[1] == '.')
		return false;
	for (const char *c = s.at; c < s.at + s.size; c++)
		if (c != at && !word_character(*c, c < at ? ".-_+" : ".-"))
			return false;
	return s.at[s.size - 1] != '.' && memchr(at, '.', (size_t)(s.at + s.size - at));
}

static tw_err read_email(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	if (!email_valid(tw_slice_of(tw_yaml_text(n))))
		return wrong(p, n, f, "must be a mail address");
	return value_of(json_string(tw_yaml_text(n)), ret);
}

static tw_err read_map(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	return tw_schema_read(n, f->fields, p, ret);
}

static tw_err read_list(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	if (!in_bounds(f, tw_yaml_count(n)))
		return bounds(n, f, p, "entries");
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	if (!list)
		return TW_RAISE(NOMEM, "list");
	for (size_t i = 0; i < tw_yaml_count(n); i++) {
		const tw_yaml *item = tw_yaml_item(n, i);
		json_t *o = NULL;

		if (tw_yaml_kind(item) != TW_YAML_MAP) {
			TW_TRY(tw_problem(p, item, f->help, "each entry of '%s' must be a map (key: value)", f->key));
			continue;
		}
		TW_TRY(tw_schema_read(item, f->fields, p, &o));
		TW_TRY(tw_json_append(list, o));
	}
	*ret = TW_STEAL(list);
	return TW_OK;
}

static tw_err read_words(const tw_yaml *n, const struct tw_field *f, struct tw_problems *p, json_t **ret)
{
	if (tw_yaml_count(n) > TW_WORDS_MAX)
		return wrong(p, n, f, "has too many entries");
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	if (!list)
		return TW_RAISE(NOMEM, "list");
	for (size_t i = 0; i < tw_yaml_count(n); i++) {
		const tw_yaml *item = tw_yaml_item(n, i);
		json_t *o = NULL;

		if (tw_yaml_kind(item) != TW_YAML_TEXT) {
			TW_TRY(tw_problem(p, item, f->help, "each entry of '%s' must be one word", f->key));
			continue;
		}
		TW_TRY(read_word(item, f, p, &o));
		if (o)
			TW_TRY(tw_json_append(list, o));
	}
	*ret = TW_STEAL(list);
	return TW_OK;
}

static const struct {
	enum tw_yaml_kind shape;
	const char *shape_words;
	reader read;
} kinds[] = {
	[TW_FIELD_TEXT] = { TW_YAML_TEXT, "a text", read_text },
	[TW_FIELD_PROSE] = { TW_YAML_TEXT, "a text", read_prose },
	[TW_FIELD_WORD] = { TW_YAML_TEXT, "one word", read_word },
	[TW_FIELD_INT] = { TW_YAML_TEXT, "a number", read_int },
	[TW_FIELD_YES] = { TW_YAML_TEXT, "yes or no", read_yes },
	[TW_FIELD_CHOICE] = { TW_YAML_TEXT, "one word", read_choice },
	[TW_FIELD_DATE] = { TW_YAML_TEXT, "a date", read_date },
	[TW_FIELD_URL] = { TW_YAML_TEXT, "an address", read_url },
	[TW_FIELD_EMAIL] = { TW_YAML_TEXT, "a mail address", read_email },
	[TW_FIELD_MAP] = { TW_YAML_MAP, "a map (key: value)", read_map },
	[TW_FIELD_LIST] = { TW_YAML_LIST, "a list (- entry)", read_list },
	[TW_FIELD_WORDS] = { TW_YAML_LIST, "a list (- entry or [a, b])", read_words },
};

static const struct tw_field *field_find(const struct tw_field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (!strcmp(fields->key, key))
			return fields;
	return NULL;
}

static tw_err unknown_key(const tw_yaml *where, const char *key, const struct tw_field *fields, struct tw_problems *p)
{
	char wanted[TW_DETAIL_MAX] = "known keys are";
	size_t at = strlen(wanted);

	for (; fields->key && at < sizeof(wanted) - 1; fields++) {
		int n = snprintf(wanted + at, sizeof(wanted) - at, " %s%s", fields->key, fields[1].key ? "," : "");

		at += n > 0 ? (size_t)n : 0;
	}
	return tw_problem(p, where, wanted, "unknown key '%.64s'", key);
}

tw_err tw_schema_read(const tw_yaml *map, const struct tw_field *fields, struct tw_problems *p, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	if (!o)
		return TW_RAISE(NOMEM, "object");
	for (size_t i = 0; i < tw_yaml_count(map); i++)
		if (!field_find(fields, tw_yaml_key(map, i)))
			TW_TRY(unknown_key(tw_yaml_key_node(map, i), tw_yaml_key(map, i), fields, p));
	for (const struct tw_field *f = fields; f->key; f++) {
		const tw_yaml *n = tw_yaml_find(map, f->key);
		json_t *value = NULL;

		if (!n && f->required)
			TW_TRY(tw_problem(p, map, f->help, "'%s' is missing", f->key));
		if (n && tw_yaml_kind(n) != kinds[f->kind].shape)
			TW_TRY(tw_problem(p, n, f->help, "'%s' must be %s", f->key, kinds[f->kind].shape_words));
		if (!n || tw_yaml_kind(n) != kinds[f->kind].shape)
			continue;
		TW_TRY(kinds[f->kind].read(n, f, p, &value));
		if (value)
			TW_TRY(tw_json_set(o, f->key, value));
	}
	*ret = TW_STEAL(o);
	return TW_OK;
}

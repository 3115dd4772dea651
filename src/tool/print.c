/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output. Tables fit 80 columns: the widest columns give way first, and their cells continue on the next line. A word is cut
 * only where nothing else is left to give; what a person would copy whole (a certificate, a token, a statement) stands beneath
 * the table, uncut. Every cell passes tw_buf_terminal, since a device may say anything, also to the terminal of whoever asks it.
 */
#include "tool/tool.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>

#define BAR 30 /* columns; with the words it stays within 100 */

#define COLUMNS_MAX 12
#define TABLE_COLUMNS 5 /* more, and 80 characters leave no room for words */
#define WIDTH 80
#define GAP 2
#define NARROWEST 6
#define TEXT_MAX (1024 * 1024)

static tw_err out(const struct tw_tool *t, const char *data, size_t size)
{
	if (size && fwrite(data, 1, size, t->out) != size)
		return TW_RAISE(IO, "writing the output");
	return TW_OK;
}

/* Line breaks stay; everything else that a terminal could act on does not. */
static tw_err clean(const struct tw_sys *sys, const char *text, char **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 4 * TEXT_MAX);
	while (*text) {
		size_t size = strcspn(text, "\n");

		TW_TRY(tw_buf_terminal(&b, (struct tw_slice){ text, size }));
		text += size;
		if (text[0] && text[1])
			TW_TRY(tw_buf_text(&b, "\n"));
		text += *text == '\n';
	}
	*ret = b.size ? tw_buf_take(&b) : tw_strdup(sys, "");
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a cell");
}

/* Ends with a line break exactly when the text does. */
tw_err tw_print_text(const struct tw_tool *t, const char *text)
{
	TW_CLEANUP(tw_freep) char *safe = NULL;
	size_t size = strlen(text);

	TW_TRY(clean(t->sys, text, &safe));
	TW_TRY(out(t, safe, strlen(safe)));
	return size && text[size - 1] == '\n' ? out(t, "\n", 1) : TW_OK;
}

tw_err tw_print(const struct tw_tool *t, const char *format, ...)
{
	char line[2048];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (t->json)
		return TW_OK;
	return tw_print_text(t, line);
}

bool tw_progress_bar(const struct tw_tool *t, int percent, const char *words)
{
	char bar[BAR + 1];
	TW_CLEANUP(tw_freep) char *safe = NULL;

	if (!isatty(2))
		return false;
	for (int i = 0; i < BAR; i++)
		bar[i] = i * 100 < percent * BAR ? '#' : '.';
	bar[BAR] = '\0';
	if (!tw_failed(clean(t->sys, words, &safe)))
		(void)fprintf(stderr, "\r\033[K[%s] %3d %%  %.60s", bar, percent, safe);
	return true;
}

void tw_progress_bar_end(const struct tw_tool *t)
{
	if (isatty(2))
		(void)fprintf(stderr, "\n");
}

tw_err tw_show(const struct tw_tool *t, const char *text)
{
	TW_CLEANUP(tw_freep) char *safe = NULL;

	TW_TRY(clean(t->sys, text, &safe));
	return fprintf(stderr, "%s\n", safe) < 0 ? TW_RAISE(IO, "writing what has to be read") : TW_OK;
}

void tw_progress(const struct tw_tool *t, const char *format, ...)
{
	char line[1024];
	TW_CLEANUP(tw_freep) char *safe = NULL;
	va_list list;

	if (t->json && !isatty(2))
		return;
	va_start(list, format);
	(void)vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	if (!tw_failed(clean(t->sys, line, &safe)))
		(void)fprintf(stderr, "%s\n", safe);
}

static size_t characters(const char *s, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* Of the pieces between the given ends: lines, or words. */
static size_t longest_piece(const char *s, const char *ends)
{
	size_t longest = 0;

	for (;;) {
		size_t size = strcspn(s, ends), n = characters(s, size);

		longest = n > longest ? n : longest;
		if (!s[size])
			return longest;
		s += size + 1;
	}
}

/* The bytes of up to width characters, broken at a blank where there is one in reach. */
static size_t fit(const char *s, size_t width)
{
	size_t bytes = 0, seen = 0, blank = 0;

	while (s[bytes] && s[bytes] != '\n') {
		if (((unsigned char)s[bytes] & 0xc0) != 0x80 && seen++ == width)
			return blank ? blank : bytes;
		if (s[bytes] == ' ')
			blank = bytes;
		bytes++;
	}
	return bytes;
}

struct layout {
	size_t columns, width[COLUMNS_MAX], word[COLUMNS_MAX]; /* word: the longest one */
};

/* First down to the longest word of each column; only then through words. */
static void shrink(struct layout *l)
{
	for (bool whole = true;;) {
		size_t total = 0, widest = l->columns, most = 0;

		for (size_t i = 0; i < l->columns; i++) {
			size_t floor = whole && l->word[i] > NARROWEST ? l->word[i] : NARROWEST;

			total += l->width[i] + (i ? GAP : 0);
			if (l->width[i] > floor && l->width[i] > most) {
				widest = i;
				most = l->width[i];
			}
		}
		if (total <= WIDTH || (widest == l->columns && !whole))
			return;
		if (widest == l->columns)
			whole = false;
		else
			l->width[widest]--;
	}
}

static void measure(struct layout *l, size_t column, const char *text)
{
	size_t line = longest_piece(text, "\n"), word = longest_piece(text, " \n");

	l->width[column] = line > l->width[column] ? line : l->width[column];
	l->word[column] = word > l->word[column] ? word : l->word[column];
}

static void pad(const struct tw_tool *t, size_t n)
{
	for (; n; n--)
		(void)fputc(' ', t->out);
}

/* One row of cells, over as many lines as its tallest cell needs. */
static tw_err print_row(const struct tw_tool *t, const struct layout *l, const char *const *cells)
{
	const char *at[COLUMNS_MAX];
	bool more = true;

	for (size_t i = 0; i < l->columns; i++)
		at[i] = cells[i];
	while (more) {
		size_t owed = 0;

		more = false;
		for (size_t i = 0; i < l->columns; i++) {
			size_t n = fit(at[i], l->width[i]);

			if (n)
				pad(t, owed);
			if (n)
				owed = 0;
			TW_TRY(out(t, at[i], n));
			owed += l->width[i] + GAP - characters(at[i], n);
			at[i] += n;
			at[i] += *at[i] == ' ' || *at[i] == '\n';
			more = more || *at[i];
		}
		TW_TRY(out(t, "\n", 1));
	}
	return TW_OK;
}

/* Heads may be names that a device made up; they are as foreign as what stands beneath them. */
static tw_err print_clean(const struct tw_tool *t, const struct layout *l, const char *const *texts)
{
	char *owned[COLUMNS_MAX] = { 0 };
	tw_err e = TW_OK;

	for (size_t i = 0; i < l->columns && !tw_failed(e); i++)
		e = clean(t->sys, texts[i], &owned[i]);
	if (!tw_failed(e))
		e = print_row(t, l, (const char *const *)owned);
	for (size_t i = 0; i < l->columns; i++)
		free(owned[i]);
	return e;
}

static tw_err print_rows(const struct tw_tool *t, struct layout *l, const char *const *heads, const json_t *rows)
{
	size_t r, i;
	json_t *row;

	if (heads)
		TW_TRY(print_clean(t, l, heads));
	json_array_foreach(rows, r, row) {
		const char *texts[COLUMNS_MAX] = { 0 };

		for (i = 0; i < l->columns; i++) {
			const char *text = json_string_value(json_array_get(row, i));

			texts[i] = text ? text : "";
		}
		TW_TRY(print_clean(t, l, texts));
	}
	return TW_OK;
}

tw_err tw_print_table(const struct tw_tool *t, const char *const *heads, const json_t *rows)
{
	struct layout l = { .columns = 0 };
	size_t r, i;
	json_t *row;

	if (t->json)
		return TW_OK;
	if (!heads)
		l.columns = json_array_size(json_array_get(rows, 0));
	for (; heads && heads[l.columns] && l.columns < COLUMNS_MAX; l.columns++)
		measure(&l, l.columns, heads[l.columns]);
	if (l.columns > COLUMNS_MAX)
		l.columns = COLUMNS_MAX;
	json_array_foreach(rows, r, row)
		for (i = 0; i < l.columns; i++) {
			const char *text = json_string_value(json_array_get(row, i));

			measure(&l, i, text ? text : "");
		}
	shrink(&l);
	return print_rows(t, &l, heads, rows);
}

/* RFC 5280 section 4.1.2.5: this end of a certificate means that it has none. */
static bool is_no_end(const char *text)
{
	return !strncmp(text, "9999-12-31T23:59:59", 19);
}

static tw_err cell_of(const struct tw_sys *sys, const json_t *v, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TEXT_MAX);
	if (json_is_string(v)) {
		*ret = json_string(is_no_end(json_string_value(v)) ? "no end" : json_string_value(v));
	} else if (json_is_boolean(v)) {
		*ret = json_string(json_is_true(v) ? "yes" : "no");
	} else if (!v || json_is_null(v)) {
		*ret = json_string("");
	} else {
		TW_TRY(tw_json_write(v, &b));
		*ret = json_string(tw_buf_cstr(&b));
	}
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a cell");
}

/* A list of objects as a table: the keys of the first one are its columns. */
static tw_err print_columns(const struct tw_tool *t, const json_t *list)
{
	const char *heads[COLUMNS_MAX + 1] = { 0 };
	size_t columns = 0, i;
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();
	const char *key;
	json_t *o, *v;

	json_object_foreach(json_array_get(list, 0), key, v)
		if (columns < COLUMNS_MAX)
			heads[columns++] = key;
	json_array_foreach(list, i, o) {
		json_t *row = json_array();

		TW_TRY(tw_json_append(rows, row));
		for (size_t c = 0; c < columns; c++) {
			TW_TRY(cell_of(t->sys, json_object_get(o, heads[c]), &v));
			TW_TRY(tw_json_append(row, v));
		}
	}
	return tw_print_table(t, heads, rows);
}

/* Many columns, or other keys in each entry, do not make a table that anybody can read: then one block for each. */
static bool fits_columns(const json_t *list)
{
	size_t i;
	json_t *o;

	json_array_foreach(list, i, o) {
		const char *key;
		json_t *v;

		if (json_object_size(o) != json_object_size(json_array_get(list, 0)) || json_object_size(o) > TABLE_COLUMNS)
			return false;
		json_object_foreach(o, key, v)
			if (!json_object_get(json_array_get(list, 0), key))
				return false;
	}
	return true;
}

static tw_err print_object(const struct tw_tool *t, const json_t *o);

static tw_err print_objects(const struct tw_tool *t, const json_t *list)
{
	size_t i;
	json_t *o;

	if (fits_columns(list))
		return print_columns(t, list);
	json_array_foreach(list, i, o) {
		if (i)
			TW_TRY(tw_print(t, "\n"));
		TW_TRY(print_object(t, o));
	}
	return TW_OK;
}

static bool is_list_of_objects(const json_t *v)
{
	return json_is_array(v) && json_is_object(json_array_get(v, 0));
}

/* What has lines of its own, or a word that no column would hold, is for copying. */
static bool is_block(const json_t *o, const char *text)
{
	size_t keys = 0;
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v)
		keys = strlen(key) > keys ? strlen(key) : keys;
	return strchr(text, '\n') || longest_piece(text, " ") + GAP + keys > WIDTH;
}

/* The plain members in two columns, then each block under its name. */
static tw_err print_members(const struct tw_tool *t, const json_t *o)
{
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array(), *blocks = json_array();
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach((json_t *)o, key, v) {
		if (is_list_of_objects(v))
			continue;
		TW_CLEANUP(tw_jsonp) json_t *cell = NULL;

		TW_TRY(cell_of(t->sys, v, &cell));
		TW_TRY(tw_json_append(is_block(o, json_string_value(cell)) ? blocks : rows, json_pack("[s, O]", key, cell)));
	}
	if (json_array_size(rows))
		TW_TRY(tw_print_table(t, NULL, rows));
	json_array_foreach(blocks, i, v) {
		const char *text = json_string_value(json_array_get(v, 1));

		TW_TRY(tw_print(t, "%s%s:\n", i || json_array_size(rows) ? "\n" : "", json_string_value(json_array_get(v, 0))));
		TW_TRY(tw_print_text(t, text));
		if (text[strlen(text) - 1] != '\n')
			TW_TRY(out(t, "\n", 1));
	}
	return TW_OK;
}

/* Members of an object: first those that are no lists, then each list under its name. */
static tw_err print_object(const struct tw_tool *t, const json_t *o)
{
	const char *key;
	json_t *v;

	TW_TRY(print_members(t, o));
	json_object_foreach((json_t *)o, key, v) {
		if (!is_list_of_objects(v))
			continue;
		TW_TRY(tw_print(t, "\n%s:\n", key));
		TW_TRY(print_objects(t, v));
	}
	return TW_OK;
}

tw_err tw_print_value(struct tw_tool *t, const json_t *value)
{
	if (t->json) {
		t->answered = true;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, t->sys, 16 * TEXT_MAX);
		TW_TRY(tw_json_pretty(value, &b));
		return out(t, b.data, b.size);
	}
	if (is_list_of_objects(value))
		return print_objects(t, value);
	if (json_is_object(value))
		return print_object(t, value);
	TW_CLEANUP(tw_jsonp) json_t *cell = NULL;
	TW_CLEANUP(tw_freep) char *text = NULL;
	TW_TRY(cell_of(t->sys, value, &cell));
	TW_TRY(clean(t->sys, json_string_value(cell), &text));
	return tw_print(t, "%s\n", text);
}

tw_err tw_print_done(struct tw_tool *t, const char *path, const char *format, ...)
{
	char line[1024];
	va_list list;

	if (t->json) {
		TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s}", "wrote", path);

		return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
	}
	va_start(list, format);
	(void)vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	return tw_print_text(t, line);
}

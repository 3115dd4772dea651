/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/form.h"

#include "base/text.h"
#include "service/http/multipart.h"

#include <string.h>

struct form {
	const char *body; /* to say where something is wrong */
	const struct tw_shape *shape;
	struct tw_buf text; /* of the part that is being read, decoded */
	json_t *into;
};

static size_t place(const struct form *f, const char *at)
{
	return (size_t)(at - f->body) + 1;
}

static tw_err check_text(const struct form *f, struct tw_slice s)
{
	if (memchr(tw_buf_cstr(&f->text), '\0', f->text.size) || !tw_utf8_valid(tw_buf_slice(&f->text)))
		return TW_RAISE(SYNTAX, "byte %zu: no UTF-8", place(f, s.at));
	return TW_OK;
}

/* Percent and plus undone, into f->text. A decoded text is never longer than it was. */
static tw_err decode(struct form *f, struct tw_slice s)
{
	tw_buf_clear(&f->text);
	for (size_t i = 0; i < s.size; i++) {
		uint8_t c = (uint8_t)s.at[i];

		if (c == '%' && (s.size - i < 3 || tw_failed(tw_parse_hex((struct tw_slice){ s.at + i + 1, 2 }, &c, 1))))
			return TW_RAISE(SYNTAX, "byte %zu: a percent sign without two digits", place(f, s.at + i));
		TW_TRY(tw_buf_u8(&f->text, s.at[i] == '+' ? ' ' : c));
		i += s.at[i] == '%' ? 2 : 0;
	}
	return check_text(f, s);
}

/* As it stands in a part of its own. */
static tw_err copy(struct form *f, struct tw_slice s)
{
	tw_buf_clear(&f->text);
	if (s.size > f->text.max)
		return TW_RAISE(LIMIT, "byte %zu: a text of %zu bytes, and %zu are the most", place(f, s.at), s.size, f->text.max);
	TW_TRY(tw_buf_add(&f->text, s.at, s.size));
	return check_text(f, s);
}

/* As pages show it. Line ends: CR LF, and CR alone, are LF. */
static tw_err shown(const struct form *f, struct tw_buf *ret)
{
	const char *text = tw_buf_cstr(&f->text);

	for (size_t i = 0; i < f->text.size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\r' && text[i + 1] == '\n')
			continue;
		if (c == '\r')
			c = '\n';
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			TW_TRY(tw_buf_text(ret, "\xef\xbf\xbd"));
		else
			TW_TRY(tw_buf_u8(ret, c));
	}
	return TW_OK;
}

static tw_err set_text(struct form *f, const char *key, size_t max)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, f->text.sys, 3 * max); /* each control character becomes three bytes */
	TW_TRY(shown(f, &b));
	return tw_json_set(f->into, key, json_stringn(tw_buf_cstr(&b), b.size));
}

/* f->text is the value; at: where it stands. */
static tw_err set(struct form *f, const struct tw_shape *row, const char *at, size_t max)
{
	uint64_t number = 0;

	if (row->kind == TW_JSON_TEXT)
		return set_text(f, row->key, max);
	if (row->kind == TW_JSON_BOOL)
		return tw_slice_is(tw_buf_slice(&f->text), "on") ? tw_json_set(f->into, row->key, json_true()) : TW_OK;
	if (row->kind != TW_JSON_INT)
		return TW_RAISE(INTERNAL, "'%s' is of a kind that no form has", row->key);
	if (f->text.size == 0)
		return TW_OK;
	if (tw_failed(tw_parse_u64(tw_buf_slice(&f->text), INT64_MAX, &number)))
		return TW_RAISE(SYNTAX, "byte %zu: '%s' wants a whole number", place(f, at), row->key);
	return tw_json_set(f->into, row->key, json_integer((json_int_t)number));
}

/* f->text is a key. */
static tw_err row_of(const struct form *f, const char *at, const struct tw_shape **ret)
{
	const struct tw_shape *row = f->shape;

	while (row->key && !tw_slice_is(tw_buf_slice(&f->text), row->key))
		row++;
	if (!row->key)
		return TW_RAISE(SYNTAX, "byte %zu: an unknown field", place(f, at));
	if (json_object_get(f->into, row->key))
		return TW_RAISE(SYNTAX, "byte %zu: '%s' twice", place(f, at), row->key);
	*ret = row;
	return TW_OK;
}

static tw_err add(struct form *f, struct tw_slice pair, size_t max)
{
	const char *equals = memchr(pair.at, '=', pair.size);
	struct tw_slice key = { pair.at, equals ? (size_t)(equals - pair.at) : pair.size };
	struct tw_slice value = equals ? (struct tw_slice){ equals + 1, pair.size - key.size - 1 } : (struct tw_slice){ "", 0 };
	const struct tw_shape *row = NULL;

	if (!equals)
		return TW_RAISE(SYNTAX, "byte %zu: a field without '='", place(f, pair.at));
	if (key.size > 3 * (size_t)TW_FORM_KEY_MAX)
		return TW_RAISE(SYNTAX, "byte %zu: a key longer than any", place(f, pair.at));
	TW_TRY(decode(f, key));
	TW_TRY(row_of(f, pair.at, &row));
	TW_TRY(decode(f, value));
	return set(f, row, value.at, max);
}

static tw_err add_all(struct form *f, struct tw_slice body, size_t max)
{
	while (body.size > 0) {
		const char *end = memchr(body.at, '&', body.size);
		struct tw_slice pair = { body.at, end ? (size_t)(end - body.at) : body.size };

		TW_TRY(add(f, pair, max));
		if (end && pair.size + 1 == body.size)
			return TW_RAISE(SYNTAX, "byte %zu: nothing behind '&'", place(f, end));
		body = (struct tw_slice){ body.at + pair.size + (end != NULL), body.size - pair.size - (end != NULL) };
	}
	return TW_OK;
}

tw_err tw_form_parse(const struct tw_sys *sys, struct tw_slice body, size_t max, const struct tw_shape *shape, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *object = json_object();
	struct form f = { .body = body.at, .shape = shape, .into = object };
	tw_err e;

	if (!object)
		return TW_RAISE(NOMEM, "form");
	if (body.size > max)
		return TW_RAISE(LIMIT, "it has %zu bytes, and %zu are the most", body.size, max);
	tw_buf_init(&f.text, sys, max);
	e = add_all(&f, body, max);
	tw_buf_done(&f.text);
	TW_TRY(e);
	*ret = TW_STEAL(object);
	return TW_OK;
}

/* --- In parts --- */

static tw_err add_text(struct form *f, const struct tw_multipart_part *part, size_t max)
{
	const struct tw_shape *row = NULL;

	if (part->name.size > TW_FORM_KEY_MAX)
		return TW_RAISE(SYNTAX, "byte %zu: a key longer than any", place(f, part->name.at));
	TW_TRY(copy(f, part->name));
	TW_TRY(row_of(f, part->name.at, &row));
	TW_TRY(copy(f, part->bytes));
	return set(f, row, part->bytes.at, max);
}

static void add_file(const struct tw_multipart_part *part, struct tw_upload *files, size_t *count)
{
	if (!part->file.size && !part->bytes.size)
		return;
	if (*count < TW_UPLOADS_MAX) /* of more the handler says so, so that what was typed comes back */
		files[*count] = (struct tw_upload){ part->file, part->type, part->bytes };
	++*count;
}

static tw_err add_parts(struct form *f, const struct tw_form_parts *from, struct tw_upload *files, size_t *count)
{
	struct tw_multipart m;
	struct tw_multipart_part part;
	tw_err e;

	TW_TRY(tw_multipart_begin(from->content_type, from->body, &m));
	while (!tw_failed(e = tw_multipart_next(&m, &part))) {
		const bool files_are_here = tw_slice_is(part.name, from->files);

		if (part.is_file != files_are_here)
			return TW_RAISE(SYNTAX, "byte %zu: files come in '%s' alone, and nothing else does", place(f, part.name.at),
				from->files);
		if (part.is_file)
			add_file(&part, files, count);
		else
			TW_TRY(add_text(f, &part, from->max));
	}
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

tw_err tw_form_parse_parts(const struct tw_sys *sys, const struct tw_form_parts *from, const struct tw_shape *shape,
	struct tw_upload ret_files[TW_UPLOADS_MAX], size_t *ret_count, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *object = json_object();
	struct form f = { .body = from->body.at, .shape = shape, .into = object };
	size_t count = 0;
	tw_err e;

	if (!object)
		return TW_RAISE(NOMEM, "form");
	tw_buf_init(&f.text, sys, from->max);
	e = add_parts(&f, from, ret_files, &count);
	tw_buf_done(&f.text);
	TW_TRY(e);
	*ret_count = count;
	*ret = TW_STEAL(object);
	return TW_OK;
}

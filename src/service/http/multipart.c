/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/multipart.h"

#include <string.h>

static size_t place(const struct tw_multipart *m, const char *at)
{
	return (size_t)(at - m->body.at) + 1;
}

static struct tw_slice trimmed(struct tw_slice s)
{
	while (s.size && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	while (s.size && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
		s.size--;
	return s;
}

/* What stands before the separator, trimmed; rest is what stands behind. */
static struct tw_slice cut(struct tw_slice *rest, char separator)
{
	const char *end = rest->size ? memchr(rest->at, separator, rest->size) : NULL;
	const size_t size = end ? (size_t)(end - rest->at) : rest->size;
	const struct tw_slice first = { rest->at, size };

	*rest = (struct tw_slice){ rest->at + size + (end != NULL), rest->size - size - (end != NULL) };
	return trimmed(first);
}

/* --- The delimiter --- */

static bool is_boundary(struct tw_slice s)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=?";

	for (size_t i = 0; i < s.size; i++)
		if (!s.at[i] || !strchr(letters, s.at[i]))
			return false;
	return s.size > 0 && s.size <= TW_MULTIPART_BOUNDARY_MAX;
}

tw_err tw_multipart_begin(struct tw_slice content_type, struct tw_slice body, struct tw_multipart *ret)
{
	struct tw_multipart m = { .body = body };
	struct tw_slice rest = content_type, value;

	if (!tw_slice_is_nocase(cut(&rest, ';'), "multipart/form-data"))
		return TW_RAISE(UNSUPPORTED, "no multipart/form-data");
	if (!tw_slice_is_nocase(cut(&rest, '='), "boundary"))
		return TW_RAISE(SYNTAX, "multipart/form-data has a boundary and nothing else");
	value = trimmed(rest);
	if (value.size > 1 && value.at[0] == '"' && value.at[value.size - 1] == '"')
		value = (struct tw_slice){ value.at + 1, value.size - 2 };
	if (!is_boundary(value))
		return TW_RAISE(SYNTAX, "the boundary is no text of 1 to %d letters, digits and signs", TW_MULTIPART_BOUNDARY_MAX);
	memcpy(m.delimiter, "\r\n--", 4);
	memcpy(m.delimiter + 4, value.at, value.size);
	m.delimiter_size = 4 + value.size;
	/* The first one stands at the very beginning, where there is no line to end. */
	if (body.size < m.delimiter_size - 2 || memcmp(body.at, m.delimiter + 2, m.delimiter_size - 2) != 0)
		return TW_RAISE(SYNTAX, "byte 1: not the delimiter");
	m.at = m.delimiter_size - 2;
	*ret = m;
	return TW_OK;
}

/* --- The head of a part --- */

/* Up to the quote that ends it; one behind a backslash does not. rest begins behind it. */
static bool quoted(struct tw_slice *rest, struct tw_slice *ret)
{
	for (size_t i = 1; rest->size && rest->at[0] == '"' && i < rest->size; i++)
		if (rest->at[i] == '"' && rest->at[i - 1] != '\\') {
			*ret = (struct tw_slice){ rest->at + 1, i - 1 };
			*rest = (struct tw_slice){ rest->at + i + 1, rest->size - i - 1 };
			return true;
		}
	return false;
}

struct head {
	struct tw_multipart *m;
	struct tw_multipart_part *part;
	bool disposed, named, typed;
};

/* A second name, or a second file's name, is read by some as the first and by others as the last. */
static tw_err take_parameter(struct head *h, struct tw_slice key, struct tw_slice value)
{
	if (tw_slice_is_nocase(key, "name") && !h->named) {
		h->named = true;
		h->part->name = value;
		return TW_OK;
	}
	if (tw_slice_is_nocase(key, "filename") && !h->part->is_file) {
		h->part->is_file = true;
		h->part->file = value;
		return TW_OK;
	}
	return TW_RAISE(SYNTAX, "byte %zu: a part has one name and at most one file's name", place(h->m, key.at));
}

static tw_err take_disposition(struct head *h, struct tw_slice value)
{
	struct tw_slice rest = value, text, what = cut(&rest, ';');

	if (h->disposed || !tw_slice_is_nocase(what, "form-data"))
		return TW_RAISE(SYNTAX, "byte %zu: a part is form-data, said once", place(h->m, value.at));
	h->disposed = true;
	for (rest = trimmed(rest); rest.size; rest = trimmed(rest)) {
		const struct tw_slice key = cut(&rest, '=');

		if (!quoted(&rest, &text))
			return TW_RAISE(SYNTAX, "byte %zu: a name stands between quotes", place(h->m, key.at));
		TW_TRY(take_parameter(h, key, text));
		rest = trimmed(rest);
		if (rest.size && rest.at[0] != ';')
			return TW_RAISE(SYNTAX, "byte %zu: no semicolon", place(h->m, rest.at));
		if (rest.size)
			rest = (struct tw_slice){ rest.at + 1, rest.size - 1 };
	}
	return TW_OK;
}

static tw_err take_type(struct head *h, struct tw_slice value)
{
	if (h->typed)
		return TW_RAISE(SYNTAX, "byte %zu: a second Content-Type", place(h->m, value.at));
	h->typed = true;
	h->part->type = value;
	return TW_OK;
}

static bool is_text(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (((uint8_t)s.at[i] < ' ' && s.at[i] != '\t') || s.at[i] == 0x7f)
			return false;
	return true;
}

static tw_err take_line(struct head *h, struct tw_slice line)
{
	const char *start = line.at;
	struct tw_slice rest = line, name;

	if (!is_text(line) || line.at[0] == ' ' || line.at[0] == '\t' || !memchr(line.at, ':', line.size))
		return TW_RAISE(SYNTAX, "byte %zu: no header of a part", place(h->m, start));
	name = cut(&rest, ':');
	if (tw_slice_is_nocase(name, "content-disposition"))
		return take_disposition(h, trimmed(rest));
	if (tw_slice_is_nocase(name, "content-type"))
		return take_type(h, trimmed(rest));
	/* RFC 7578 4.7 has done away with it; taken as it came, what is coded would be what it is not. */
	if (tw_slice_is_nocase(name, "content-transfer-encoding"))
		return TW_RAISE(SYNTAX, "byte %zu: a part is sent as it is, without coding", place(h->m, start));
	return TW_OK;
}

/* at: behind the delimiter's line end. Leaves it behind the blank line. */
static tw_err read_head(struct head *h, size_t *at)
{
	const struct tw_slice body = h->m->body;
	const size_t first = *at;

	for (;;) {
		const char *start = body.at + *at;
		const size_t left = body.size - *at;
		const char *end = left ? memmem(start, left, "\r\n", 2) : NULL;

		if (!end)
			return TW_RAISE(SYNTAX, "byte %zu: the head of a part does not end", first + 1);
		if ((size_t)(end - body.at) - first > TW_MULTIPART_HEAD_MAX)
			return TW_RAISE(LIMIT, "byte %zu: the head of a part has more than %d bytes", first + 1, TW_MULTIPART_HEAD_MAX);
		*at += (size_t)(end - start) + 2;
		if (end == start)
			break;
		TW_TRY(take_line(h, (struct tw_slice){ start, (size_t)(end - start) }));
	}
	return h->named ? TW_OK : TW_RAISE(SYNTAX, "byte %zu: a part without a name", first + 1);
}

/* --- Parts --- */

static bool stands_at(const struct tw_multipart *m, const char *text, size_t size)
{
	return m->body.size - m->at >= size && memcmp(m->body.at + m->at, text, size) == 0;
}

/* Behind a delimiter: the end of all, or of its line. */
static tw_err behind_delimiter(struct tw_multipart *m)
{
	if (stands_at(m, "--", 2)) {
		m->at += 2;
		m->at += stands_at(m, "\r\n", 2) ? 2 : 0;
		if (m->at != m->body.size)
			return TW_RAISE(SYNTAX, "byte %zu: something behind the end", m->at + 1);
		m->ended = true;
		return TW_RAISE(NOTFOUND, "no more parts");
	}
	if (!stands_at(m, "\r\n", 2))
		return TW_RAISE(SYNTAX, "byte %zu: the delimiter goes on", m->at + 1);
	m->at += 2;
	return TW_OK;
}

tw_err tw_multipart_next(struct tw_multipart *m, struct tw_multipart_part *ret)
{
	struct tw_multipart_part part = { .type = { "", 0 }, .file = { "", 0 } };
	struct head h = { .m = m, .part = &part };
	size_t at;

	if (m->ended)
		return TW_RAISE(NOTFOUND, "no more parts");
	TW_TRY(behind_delimiter(m));
	if (m->parts++ == TW_MULTIPART_PARTS_MAX)
		return TW_RAISE(LIMIT, "byte %zu: more than %d parts", m->at + 1, TW_MULTIPART_PARTS_MAX);
	at = m->at;
	TW_TRY(read_head(&h, &at));
	const char *start = m->body.at + at, *end = memmem(start, m->body.size - at, m->delimiter, m->delimiter_size);
	if (!end)
		return TW_RAISE(SYNTAX, "byte %zu: a part does not end", at + 1);
	part.bytes = (struct tw_slice){ start, (size_t)(end - start) };
	m->at = (size_t)(end - m->body.at) + m->delimiter_size;
	*ret = part;
	return TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Comma-separated values: see csv.h. */
#include "formats/csv.h"

#include "base/text.h"

static const char mark[] = "\xef\xbb\xbf";

void tw_csv_init(struct tw_csv *c, const struct tw_sys *sys, struct tw_slice text)
{
	*c = (struct tw_csv){ .text = text, .line = 1 };
	tw_buf_init(&c->bytes, sys, TW_CSV_ROW_MAX);
	if (text.size >= sizeof mark - 1 && !memcmp(text.at, mark, sizeof mark - 1))
		c->at = sizeof mark - 1;
}

void tw_csv_done(struct tw_csv *c)
{
	tw_buf_done(&c->bytes);
	*c = (struct tw_csv){ 0 };
}

static int peek(const struct tw_csv *c, size_t ahead)
{
	return ahead < c->text.size - c->at ? (unsigned char)c->text.at[c->at + ahead] : -1;
}

/* Of the line that ends here; 0: it does not. */
static size_t line_end(const struct tw_csv *c)
{
	return peek(c, 0) == '\n' ? 1 : peek(c, 0) == '\r' && peek(c, 1) == '\n' ? 2 : 0;
}

static tw_err add(struct tw_csv *c, struct tw_slice bytes)
{
	tw_err e = tw_buf_add(&c->bytes, bytes.at, bytes.size);

	return tw_is(e, TW_CODE_LIMIT) ? TW_RAISE(LIMIT, "line %zu: a row of more than %d bytes", c->line, TW_CSV_ROW_MAX) : e;
}

static tw_err read_plain(struct tw_csv *c)
{
	size_t size = 0;

	while (peek(c, size) >= 0 && !strchr(",\r\n\"", peek(c, size)))
		size++;
	TW_TRY(add(c, (struct tw_slice){ c->text.at + c->at, size }));
	c->at += size;
	if (peek(c, 0) == '"')
		return TW_RAISE(SYNTAX, "line %zu: a quote within a field that has none around it", c->line);
	return TW_OK;
}

static tw_err read_quoted(struct tw_csv *c)
{
	const size_t begins = c->line;

	for (c->at++; peek(c, 0) >= 0; c->at++) {
		const char *from = c->text.at + c->at;

		if (*from == '"' && peek(c, 1) != '"') {
			c->at++;
			return TW_OK;
		}
		if (!*from)
			break;
		c->at += *from == '"';
		c->line += *from == '\n';
		TW_TRY(add(c, (struct tw_slice){ from, 1 }));
	}
	return TW_RAISE(SYNTAX, "line %zu: a quote that nothing closes", begins);
}

static tw_err read_field(struct tw_csv *c, struct tw_csv_row *row, size_t starts[TW_CSV_FIELDS_MAX])
{
	if (row->count == TW_CSV_FIELDS_MAX)
		return TW_RAISE(LIMIT, "line %zu: a row of more than %d fields", c->line, TW_CSV_FIELDS_MAX);
	const size_t start = c->bytes.size;
	TW_TRY(peek(c, 0) == '"' ? read_quoted(c) : read_plain(c));
	if (!tw_utf8_valid((struct tw_slice){ tw_buf_cstr(&c->bytes) + start, c->bytes.size - start }))
		return TW_RAISE(SYNTAX, "line %zu: a field that is no UTF-8", c->line);
	if (peek(c, 0) >= 0 && peek(c, 0) != ',' && !line_end(c))
		return TW_RAISE(SYNTAX, "line %zu: a field is followed by neither a comma nor the line's end", c->line);
	starts[row->count++] = start;
	return add(c, (struct tw_slice){ "", 1 });
}

static void skip_empty(struct tw_csv *c)
{
	for (size_t size; (size = line_end(c)); c->line++)
		c->at += size;
}

tw_err tw_csv_next(struct tw_csv *c, struct tw_csv_row *ret)
{
	size_t starts[TW_CSV_FIELDS_MAX];

	tw_buf_clear(&c->bytes);
	skip_empty(c);
	*ret = (struct tw_csv_row){ .line = c->line };
	if (peek(c, 0) < 0)
		return TW_OK;
	for (;;) {
		TW_TRY(read_field(c, ret, starts));
		if (peek(c, 0) != ',')
			break;
		c->at++;
	}
	c->at += line_end(c);
	c->line++;
	for (size_t i = 0; i < ret->count; i++)
		ret->of[i] = tw_buf_cstr(&c->bytes) + starts[i];
	return TW_OK;
}

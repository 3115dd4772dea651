/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outside text made safe for the place it goes to: a JSON string, an HTML page, a terminal, a URI. The first three write through
 * one loop that asks a function for the replacement of a character and goes back to where it began when the buffer is full.
 */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define REPLACEMENT_MAX 8 /* "\\u001f", "&quot;", "\\x1b" and a NUL */

/* Fills ret and returns how many bytes of s it stands for; 0 when the byte at s goes out as it is. */
typedef size_t replace_fn(struct tw_slice s, char ret[REPLACEMENT_MAX]);

/* What no place replaces: most of any text, so that asking is seldom needed. */
static const bool always_plain[256] = {
	[' '] = true,
	['!'] = true,
	['#' ... '%'] = true,
	['(' ... ';'] = true,
	['='] = true,
	['?' ... '['] = true,
	[']' ... '~'] = true,
};

static tw_err add_replaced(struct tw_buf *b, struct tw_slice s, replace_fn *replace)
{
	char text[REPLACEMENT_MAX];
	size_t plain = 0, i = 0;

	for (;;) {
		while (i < s.size && always_plain[(unsigned char)s.at[i]])
			i++;
		if (i == s.size)
			return tw_buf_add(b, s.at + plain, s.size - plain);
		size_t used = replace((struct tw_slice){ s.at + i, s.size - i }, text);
		if (used) {
			TW_TRY(tw_buf_add(b, s.at + plain, i - plain));
			TW_TRY(tw_buf_text(b, text));
			plain = i + used;
		}
		i += used ? used : 1;
	}
}

/* All or nothing. */
static tw_err add_whole(struct tw_buf *b, struct tw_slice s, replace_fn *replace)
{
	size_t before = b->size;
	tw_err e = add_replaced(b, s, replace);

	if (tw_failed(e) && b->data) {
		b->size = before;
		b->data[before] = '\0';
	}
	return e;
}

static size_t json_replacement(struct tw_slice s, char ret[REPLACEMENT_MAX])
{
	static const char plain[] = "\"\\\b\f\n\r\t", escaped[] = "\"\\bfnrt";
	unsigned char c = (unsigned char)s.at[0];
	const char *found;

	if (c >= 0x20 && c != '"' && c != '\\')
		return 0;
	found = c ? strchr(plain, c) : NULL;
	if (found)
		memcpy(ret, (const char[]){ '\\', escaped[found - plain], '\0' }, 3);
	else
		(void)snprintf(ret, REPLACEMENT_MAX, "\\u%04x", (unsigned)c);
	return 1;
}

tw_err tw_buf_json_string(struct tw_buf *b, struct tw_slice s)
{
	size_t before = b->size;
	tw_err e = tw_buf_text(b, "\"");

	if (!tw_failed(e))
		e = add_whole(b, s, json_replacement);
	if (!tw_failed(e))
		e = tw_buf_text(b, "\"");
	if (tw_failed(e) && b->data) {
		b->size = before;
		b->data[before] = '\0';
	}
	return e;
}

static size_t html_replacement(struct tw_slice s, char ret[REPLACEMENT_MAX])
{
	static const struct {
		char c;
		const char *text;
	} rows[] = {
		{ '&', "&amp;" },
		{ '<', "&lt;" },
		{ '>', "&gt;" },
		{ '"', "&quot;" },
		{ '\'', "&#39;" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].c == s.at[0]) {
			(void)snprintf(ret, REPLACEMENT_MAX, "%s", rows[i].text);
			return 1;
		}
	return 0;
}

tw_err tw_buf_html(struct tw_buf *b, struct tw_slice s)
{
	return add_whole(b, s, html_replacement);
}

/* A character goes through when it is whole, valid and printable; otherwise its first byte is shown and the rest looked at anew. */
static size_t terminal_replacement(struct tw_slice s, char ret[REPLACEMENT_MAX])
{
	(void)snprintf(ret, REPLACEMENT_MAX, "\\x%02x", (unsigned)(unsigned char)s.at[0]);
	return 1;
}

tw_err tw_buf_terminal(struct tw_buf *b, struct tw_slice s)
{
	size_t before = b->size;
	tw_err e = TW_OK;

	for (size_t i = 0; i < s.size && !tw_failed(e);) {
		size_t size = tw_utf8_size((struct tw_slice){ s.at + i, s.size - i });

		if (size && tw_text_printable((struct tw_slice){ s.at + i, size })) {
			e = tw_buf_add(b, s.at + i, size);
			i += size;
		} else {
			e = add_replaced(b, (struct tw_slice){ s.at + i, 1 }, terminal_replacement);
			i++;
		}
	}
	if (tw_failed(e) && b->data) {
		b->size = before;
		b->data[before] = '\0';
	}
	return e;
}

/* RFC 3986 section 2.3; of ASCII, whatever the locale */
static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

tw_err tw_buf_percent(struct tw_buf *b, struct tw_slice s)
{
	static const char digits[] = "0123456789ABCDEF"; /* section 2.1: upper case */
	size_t total = s.size;

	for (size_t i = 0; i < s.size; i++)
		if (__builtin_add_overflow(total, unreserved(s.at[i]) ? 0 : 2, &total))
			return TW_RAISE(LIMIT, "more than %zu bytes", b->max);
	TW_TRY(tw_buf_reserve(b, total));
	if (s.size == 0)
		return TW_OK;
	for (size_t i = 0; i < s.size; i++) {
		const uint8_t c = (uint8_t)s.at[i];

		if (!unreserved(s.at[i])) {
			b->data[b->size++] = '%';
			b->data[b->size++] = digits[c >> 4];
		}
		b->data[b->size++] = unreserved(s.at[i]) ? s.at[i] : digits[c & 15];
	}
	b->data[b->size] = '\0';
	return TW_OK;
}

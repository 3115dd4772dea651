/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/htmlscan.h"

#include "base/text.h"

#include <string.h>

#define BLANKS " \t\r\n\f"
#define REFERENCE_MAX 10 /* &#x10ffff; */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static struct tw_slice from(struct tw_slice s, size_t at)
{
	return (struct tw_slice){ s.at + at, s.size - at };
}

struct tw_htmlscan tw_htmlscan_of(struct tw_slice page)
{
	return (struct tw_htmlscan){ .rest = page };
}

bool tw_htmltag_is(const struct tw_htmltag *t, const char *name)
{
	return tw_slice_is_nocase(t->name, name);
}

static size_t name_size(struct tw_slice s)
{
	size_t n = 0;

	while (n < s.size && !is_one_of(s.at[n], BLANKS "/>"))
		n++;
	return n;
}

static bool same(struct tw_slice a, struct tw_slice b)
{
	for (size_t i = 0; a.size == b.size && i < a.size; i++)
		if ((a.at[i] | 0x20) != (b.at[i] | 0x20))
			return false;
	return a.size == b.size;
}

/* A tag begins here. */
static bool opens(struct tw_slice s)
{
	const size_t at = s.size > 1 && s.at[1] == '/' ? 2 : 1;

	return s.at[0] == '<' && at < s.size && is_letter(s.at[at]);
}

/* How long the tag is that begins here, with its >; one in quotes does not end it. 0: it has no end, and so nothing behind it is a tag. */
static size_t tag_size(struct tw_slice s)
{
	char quote = '\0';

	for (size_t at = 1; at < s.size; at++) {
		if (quote)
			quote = s.at[at] == quote ? '\0' : quote;
		else if (s.at[at] == '>')
			return at + 1;
		else if (is_one_of(s.at[at], "\"'") && s.at[at - 1] == '=')
			quote = s.at[at];
	}
	return 0;
}

/* How much is skipped here, where no tag begins: a comment or what begins with <! or <? as a whole, to the page's end where it has none. */
static size_t skipped(struct tw_slice s)
{
	const bool comment = s.size > 3 && memcmp(s.at, "<!--", 4) == 0;
	const char *end;

	if (s.size < 2 || s.at[0] != '<' || !is_one_of(s.at[1], "!?"))
		return 1;
	end = comment ? memmem(s.at + 4, s.size - 4, "-->", 3) : memchr(s.at, '>', s.size);
	return end ? (size_t)(end - s.at) + (comment ? 3 : 1) : s.size;
}

static void split(struct tw_slice tag, struct tw_htmltag *ret)
{
	const size_t at = tag.at[1] == '/' ? 2 : 1;
	const struct tw_slice inside = { tag.at + at, tag.size - at - 1 };
	const size_t name = name_size(inside);

	ret->end = at == 2;
	ret->name = (struct tw_slice){ inside.at, name };
	ret->attributes = from(inside, name);
}

static bool holds_text(const struct tw_htmltag *t)
{
	return !t->end &&
		(tw_htmltag_is(t, "script") || tw_htmltag_is(t, "style") || tw_htmltag_is(t, "textarea") || tw_htmltag_is(t, "title"));
}

/* Where text holds no tags, only the one that ends it counts. */
static bool counts(const struct tw_htmlscan *s, struct tw_slice here)
{
	if (!s->raw.size)
		return opens(here);
	return here.at[0] == '<' && here.size > s->raw.size + 2 && here.at[1] == '/' &&
		same((struct tw_slice){ here.at + 2, s->raw.size }, s->raw) && is_one_of(here.at[2 + s->raw.size], BLANKS "/>");
}

bool tw_htmlscan_next(struct tw_htmlscan *s, struct tw_htmltag *ret)
{
	const struct tw_slice page = s->rest;
	size_t at = 0, size;

	while (at < page.size && !counts(s, from(page, at)))
		at += s->raw.size ? 1 : skipped(from(page, at));
	size = at < page.size ? tag_size(from(page, at)) : 0;
	s->rest = from(page, size ? at + size : page.size);
	if (!size)
		return false;
	split((struct tw_slice){ page.at + at, size }, ret);
	ret->before = (struct tw_slice){ page.at, at };
	s->raw = holds_text(ret) ? ret->name : (struct tw_slice){ NULL, 0 };
	return true;
}

/* One attribute off the front of rest; a name of no size: there is none any more. */
static struct tw_slice attribute(struct tw_slice *rest, struct tw_slice *ret_value)
{
	size_t at = 0, begin;

	*ret_value = (struct tw_slice){ "", 0 };
	while (at < rest->size && is_one_of(rest->at[at], BLANKS "/"))
		at++;
	begin = at;
	while (at < rest->size && !is_one_of(rest->at[at], BLANKS "/="))
		at++;
	const struct tw_slice name = { rest->at + begin, at - begin };
	if (at >= rest->size || rest->at[at] != '=') {
		*rest = from(*rest, at);
		return name;
	}
	at++;
	const bool quoted = at < rest->size && is_one_of(rest->at[at], "\"'");
	const char *end = quoted ? memchr(rest->at + at + 1, rest->at[at], rest->size - at - 1) : NULL;
	begin = at + (quoted ? 1 : 0);
	at = quoted ? (end ? (size_t)(end - rest->at) : rest->size) : begin;
	while (!quoted && at < rest->size && !is_one_of(rest->at[at], BLANKS))
		at++;
	*ret_value = (struct tw_slice){ rest->at + begin, at - begin };
	*rest = from(*rest, end ? at + 1 : at);
	return name;
}

bool tw_htmltag_attribute(const struct tw_htmltag *t, const char *name, struct tw_slice *ret)
{
	struct tw_slice rest = t->attributes, value;

	while (rest.size) {
		const size_t before = rest.size;
		const struct tw_slice found = attribute(&rest, &value);

		if (found.size && tw_slice_is_nocase(found, name)) {
			*ret = value;
			return true;
		}
		if (rest.size == before)
			rest = from(rest, 1); /* an = without a name */
	}
	return false;
}

static tw_err put_code(struct tw_buf *b, uint64_t code)
{
	const unsigned c = (unsigned)code;
	const char bytes[4] = { (char)(c < 0x80               ? c
						: c < 0x800   ? 0xc0 | c >> 6
						: c < 0x10000 ? 0xe0 | c >> 12
							      : 0xf0 | c >> 18),
		(char)(0x80 |
			((c < 0x800                    ? c
					 : c < 0x10000 ? c >> 6
						       : c >> 12) &
				0x3f)),
		(char)(0x80 | ((c < 0x10000 ? c : c >> 6) & 0x3f)), (char)(0x80 | (c & 0x3f)) };

	return tw_buf_add(b, bytes, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
}

static bool number(struct tw_slice digits, uint64_t *ret)
{
	const bool hex = digits.size && (digits.at[0] | 0x20) == 'x';
	uint64_t n = 0;

	for (size_t i = hex ? 1 : 0; i < digits.size; i++) {
		const char c = (char)(digits.at[i] | 0x20);
		const bool decimal = digits.at[i] >= '0' && digits.at[i] <= '9';

		if (!decimal && !(hex && c >= 'a' && c <= 'f'))
			return false;
		n = n * (hex ? 16 : 10) + (uint64_t)(decimal ? digits.at[i] - '0' : c - 'a' + 10);
	}
	*ret = n;
	return digits.size > (hex ? 1u : 0u) && n > 0 && n <= 0x10ffff && !(n >= 0xd800 && n <= 0xdfff);
}

/* What stands between & and ; as a character; false: it is none that is known. */
static bool known(struct tw_slice word, uint64_t *ret)
{
	static const struct {
		const char *word;
		uint64_t code;
	} words[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xa0 } };

	if (word.size && word.at[0] == '#')
		return number(from(word, 1), ret);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (tw_slice_is(word, words[i].word)) {
			*ret = words[i].code;
			return true;
		}
	return false;
}

tw_err tw_html_resolve(struct tw_slice text, struct tw_buf *ret)
{
	for (size_t at = 0; at < text.size; at++) {
		const struct tw_slice here = from(text, at);
		const size_t most = here.size < REFERENCE_MAX ? here.size : REFERENCE_MAX;
		const char *end = here.at[0] == '&' ? memchr(here.at, ';', most) : NULL;
		uint64_t code = 0;

		if (end && known((struct tw_slice){ here.at + 1, (size_t)(end - here.at) - 1 }, &code)) {
			TW_TRY(put_code(ret, code));
			at += (size_t)(end - here.at);
		} else {
			TW_TRY(tw_buf_add(ret, here.at, 1));
		}
	}
	return TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/mailcode.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/mailcharset.h"

#include <string.h>

#define NAME_MAX_SEEN 8 /* letters of an element's name that are looked at */

static tw_err put(struct tw_buf *b, const void *bytes, size_t size, bool *cut)
{
	*cut = *cut || b->size + size > b->max;
	return *cut ? TW_OK : tw_buf_add(b, bytes, size);
}

/* --- Transfer encodings --- */

static int letter(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* What is no letter is passed over (RFC 2045 section 6.8); after the padding nothing follows. */
static tw_err base64(struct tw_slice s, struct tw_buf *ret, bool *cut)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < s.size && s.at[i] != '=' && !*cut; i++) {
		const int value = letter(s.at[i]);

		if (value < 0)
			continue;
		bits = (bits << 6 | (uint32_t)value) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			TW_TRY(put(ret, &(char){ (char)(bits >> have) }, 1, cut));
		}
	}
	return TW_OK;
}

/* How many bytes of a soft line break stand at s, blanks before the end of the line included; 0: it is none. */
static size_t soft_break(struct tw_slice s)
{
	size_t i = 1;

	while (i < s.size && (s.at[i] == ' ' || s.at[i] == '\t'))
		i++;
	if (i == s.size)
		return i;
	if (s.at[i] == '\r' && i + 1 < s.size && s.at[i + 1] == '\n')
		return i + 2;
	return s.at[i] == '\n' ? i + 1 : 0;
}

/* One byte of XX, or -1. */
static int hex_pair(struct tw_slice s)
{
	const int high = s.size > 2 ? tw_hex_value(s.at[1]) : -1, low = s.size > 2 ? tw_hex_value(s.at[2]) : -1;

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static tw_err quoted(struct tw_slice s, struct tw_buf *ret, bool *cut)
{
	while (s.size && !*cut) {
		const int byte = s.at[0] == '=' ? hex_pair(s) : -1;
		const size_t soft = s.at[0] == '=' && byte < 0 ? soft_break(s) : 0, used = byte >= 0 ? 3 : soft ? soft : 1;

		if (!soft)
			TW_TRY(put(ret, byte >= 0 ? &(char){ (char)byte } : s.at, 1, cut));
		s = (struct tw_slice){ s.at + used, s.size - used };
	}
	return TW_OK;
}

tw_err tw_mail_decode(struct tw_slice encoding, struct tw_slice bytes, struct tw_buf *ret, bool *cut)
{
	if (tw_slice_is_nocase(encoding, "base64"))
		return base64(bytes, ret, cut);
	if (tw_slice_is_nocase(encoding, "quoted-printable"))
		return quoted(bytes, ret, cut);
	const size_t room = ret->max - ret->size;
	*cut = *cut || bytes.size > room;
	return tw_buf_add(ret, bytes.at, bytes.size < room ? bytes.size : room);
}

/* --- Encoded words --- */

struct word {
	struct tw_slice charset, text;
	char how;
	size_t size; /* of all of it; 0: there is none */
};

static struct word word_at(struct tw_slice s)
{
	const struct word none = { .size = 0 };
	const char *first, *second, *end;

	if (s.size < 8 || s.at[0] != '=' || s.at[1] != '?')
		return none;
	first = memchr(s.at + 2, '?', s.size - 2);
	second = first && (size_t)(first + 2 - s.at) < s.size && first[2] == '?' ? first + 2 : NULL;
	if (!second)
		return none;
	const size_t left = s.size - (size_t)(second + 1 - s.at);
	end = memchr(second + 1, '?', left);
	if (!end || end + 1 == s.at + s.size || end[1] != '=')
		return none;
	const struct tw_slice charset = { s.at + 2, (size_t)(first - s.at) - 2 };
	const char *language = memchr(charset.at, '*', charset.size); /* RFC 2231 section 5 */
	return (struct word){ .charset = { charset.at, language ? (size_t)(language - charset.at) : charset.size },
		.text = { second + 1, (size_t)(end - second) - 1 },
		.how = first[1],
		.size = (size_t)(end + 2 - s.at) };
}

static tw_err put_word(const struct word *w, struct tw_buf *ret, bool *lossy, bool *cut)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf blanks = { 0 };

	tw_buf_init(&bytes, ret->sys, w->text.size);
	tw_buf_init(&blanks, ret->sys, w->text.size);
	if (w->text.size == 0)
		return TW_OK;
	if (w->how == 'B' || w->how == 'b') {
		TW_TRY(tw_mail_decode(TW_SLICE("base64"), w->text, &bytes, cut));
	} else {
		TW_TRY(tw_buf_add(&blanks, w->text.at, w->text.size));
		for (char *c = blanks.data; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		TW_TRY(tw_mail_decode(TW_SLICE("quoted-printable"), tw_buf_slice(&blanks), &bytes, cut));
	}
	return tw_mail_to_utf8(w->charset, tw_buf_slice(&bytes), ret, lossy, cut);
}

/* Blanks between two words are not shown. */
static size_t blanks_before_word(struct tw_slice s)
{
	size_t i = 0;

	while (i < s.size && (s.at[i] == ' ' || s.at[i] == '\t'))
		i++;
	return i < s.size && word_at((struct tw_slice){ s.at + i, s.size - i }).size ? i : 0;
}

static tw_err words(struct tw_slice s, struct tw_buf *ret, bool *lossy, bool *cut)
{
	while (s.size && !*cut) {
		const struct word w = word_at(s);
		size_t used = w.size;

		if (used) {
			TW_TRY(put_word(&w, ret, lossy, cut));
			used += blanks_before_word((struct tw_slice){ s.at + used, s.size - used });
		} else {
			const char *next = memmem(s.at + 1, s.size - 1, "=?", 2);

			used = next ? (size_t)(next - s.at) : s.size;
			TW_TRY(tw_mail_to_utf8(TW_SLICE("utf-8"), (struct tw_slice){ s.at, used }, ret, lossy, cut));
		}
		s = (struct tw_slice){ s.at + used, s.size - used };
	}
	return TW_OK;
}

tw_err tw_mail_words(struct tw_slice value, struct tw_buf *ret, bool *lossy, bool *cut)
{
	TW_TRY(words(value, ret, lossy, cut));
	for (size_t i = 0; i < ret->size; i++)
		if (ret->data[i] == '\n' || ret->data[i] == '\t')
			ret->data[i] = ' ';
	*lossy = (ret->size && tw_text_mend(ret->data, ret->size)) || *lossy;
	return TW_OK;
}

/* --- HTML --- */

struct html {
	struct tw_slice rest;
	struct tw_buf *out;
	bool *cut;
	bool blank; /* one is owed before the next letter */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip(struct html *h, size_t size)
{
	if (size > h->rest.size)
		size = h->rest.size;
	h->rest = (struct tw_slice){ h->rest.at + size, h->rest.size - size };
}

/* Behind the text; what has no end takes the rest along. */
static void skip_past(struct html *h, const char *end)
{
	const char *at = h->rest.size ? memmem(h->rest.at, h->rest.size, end, strlen(end)) : NULL;

	skip(h, at ? (size_t)(at - h->rest.at) + strlen(end) : h->rest.size);
}

static tw_err break_line(struct html *h)
{
	h->blank = false;
	if (h->out->size == 0 || (h->out->size > 1 && !memcmp(h->out->data + h->out->size - 2, "\n\n", 2)))
		return TW_OK;
	return put(h->out, "\n", 1, h->cut);
}

/* Scripts and styles are no text; they end with their own end tag alone. */
static void skip_raw(struct html *h, const char *name)
{
	while (h->rest.size) {
		skip_past(h, "</");
		const size_t size = strlen(name);

		if (h->rest.size >= size && tw_slice_is_nocase((struct tw_slice){ h->rest.at, size }, name))
			break;
	}
	skip_past(h, ">");
}

static tw_err tag(struct html *h)
{
	static const char *const lines[] = { "br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "pre", "hr", "table", "ul", "ol" };
	static const char *const raw[] = { "script", "style", "title" };
	char name[NAME_MAX_SEEN + 1] = "";
	size_t size = 0, at = h->rest.size > 1 && h->rest.at[1] == '/' ? 2 : 1;

	while (size < NAME_MAX_SEEN && at + size < h->rest.size && h->rest.at[at + size] > ' ' && !strchr("/>", h->rest.at[at + size])) {
		name[size] = h->rest.at[at + size];
		size++;
	}
	skip_past(h, ">");
	for (size_t i = 0; i < TW_COUNT(raw) && at == 1; i++)
		if (tw_slice_is_nocase(tw_slice_of(name), raw[i]))
			skip_raw(h, raw[i]);
	for (size_t i = 0; i < TW_COUNT(lines); i++)
		if (tw_slice_is_nocase(tw_slice_of(name), lines[i]))
			return break_line(h);
	return TW_OK;
}

static size_t entity(struct tw_slice s, const char **ret)
{
	static const struct {
		const char *name, *text;
	} rows[] = { { "&lt;", "<" }, { "&gt;", ">" }, { "&quot;", "\"" }, { "&#39;", "'" }, { "&apos;", "'" }, { "&nbsp;", " " },
		{ "&amp;", "&" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const size_t size = strlen(rows[i].name);

		if (s.size >= size && !memcmp(s.at, rows[i].name, size)) {
			*ret = rows[i].text;
			return size;
		}
	}
	return 0;
}

static tw_err text(struct html *h)
{
	const char *what = h->rest.at;
	const size_t coded = entity(h->rest, &what);
	const size_t used = coded ? coded : 1;

	if (is_blank(*h->rest.at)) {
		h->blank = h->out->size > 0 && h->out->data[h->out->size - 1] != '\n';
		skip(h, 1);
		return TW_OK;
	}
	if (h->blank)
		TW_TRY(put(h->out, " ", 1, h->cut));
	h->blank = false;
	/* A character is not left in its middle when there is no room: its first byte counts for all of it. */
	const size_t size = coded ? 0 : tw_utf8_size(h->rest);
	TW_TRY(put(h->out, what, size ? size : 1, h->cut));
	skip(h, size ? size : used);
	return TW_OK;
}

tw_err tw_mail_html_text(struct tw_slice html, struct tw_buf *ret, bool *cut)
{
	struct html h = { .rest = html, .out = ret, .cut = cut };

	while (h.rest.size && !*cut) {
		if (h.rest.size >= 4 && !memcmp(h.rest.at, "<!--", 4))
			skip_past(&h, "-->");
		else if (h.rest.at[0] == '<')
			TW_TRY(tag(&h));
		else
			TW_TRY(text(&h));
	}
	return TW_OK;
}

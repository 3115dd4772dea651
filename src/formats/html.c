/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/html.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const char *const elements[] = {
#define X(name, text) text,
	TW_HTML_ELEMENTS(X)
#undef X
};
static const char *const attributes[] = {
#define X(name, text) text,
	TW_HTML_ATTRIBUTES(X)
#undef X
};

static bool holds_nothing(enum tw_html_element e)
{
	return e == TW_E_META || e == TW_E_LINK || e == TW_E_INPUT;
}

static void keep(struct tw_html *h, tw_err e)
{
	if (!tw_failed(h->failed))
		h->failed = e;
}

static void put(struct tw_html *h, const char *text)
{
	if (!tw_failed(h->failed))
		h->failed = tw_buf_text(h->out, text);
}

static void end_tag(struct tw_html *h)
{
	if (h->in_tag)
		put(h, ">");
	h->in_tag = false;
}

/* Controls, but for tab and the ends of lines: no HTML may hold them, and a terminal that shows a page's source would obey them. */
static bool no_text(char c)
{
	const unsigned char u = (unsigned char)c;

	return (u < 0x20 && u != '\t' && u != '\n' && u != '\r') || u == 0x7f;
}

/* Whole characters as they are, each byte of anything else, and what is no text, as U+FFFD. */
static void escape(struct tw_html *h, struct tw_slice s)
{
	while (s.size > 0 && !tw_failed(h->failed)) {
		size_t good = 0, n;

		while (good < s.size && (n = tw_utf8_size((struct tw_slice){ s.at + good, s.size - good })) > 0 && !no_text(s.at[good]))
			good += n;
		if (good > 0)
			keep(h, tw_buf_html(h->out, (struct tw_slice){ s.at, good }));
		if (good < s.size) {
			put(h, "\xef\xbf\xbd");
			good++;
		}
		s = (struct tw_slice){ s.at + good, s.size - good };
	}
}

void tw_html_begin(struct tw_html *h, struct tw_buf *out)
{
	*h = (struct tw_html){ .out = out };
	put(h, "<!DOCTYPE html>\n");
}

void tw_html_open(struct tw_html *h, enum tw_html_element e)
{
	end_tag(h);
	if (h->depth == TW_HTML_DEPTH || e >= TW_HTML_ELEMENT_COUNT) {
		keep(h, TW_RAISE(INTERNAL, "an element too deep, or none"));
		return;
	}
	h->open[h->depth++] = e;
	put(h, "<");
	put(h, elements[e]);
	h->in_tag = true;
}

void tw_html_attr(struct tw_html *h, enum tw_html_attribute a, struct tw_slice value)
{
	if (!h->in_tag || a >= TW_HTML_ATTRIBUTE_COUNT) {
		keep(h, TW_RAISE(INTERNAL, "an attribute of no element"));
		return;
	}
	put(h, " ");
	put(h, attributes[a]);
	put(h, "=\"");
	escape(h, value);
	put(h, "\"");
}

static bool begins(struct tw_slice s, const char *with)
{
	size_t size = strlen(with);

	return s.size > size && strncasecmp(s.at, with, size) == 0;
}

/* Browsers drop tabs and line ends inside an address and read a backslash as a slash, so nothing of the kind may be in one. */
bool tw_html_may_link(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if ((unsigned char)s.at[i] <= ' ' || s.at[i] == '\\' || s.at[i] == 0x7f)
			return false;
	if (s.size && s.at[0] == '/')
		return s.size == 1 || s.at[1] != '/';
	if (s.size > 1 && s.at[0] == '#')
		return true;
	return begins(s, "https://") || begins(s, "mailto:") || begins(s, "tel:");
}

void tw_html_link(struct tw_html *h, struct tw_slice address)
{
	enum tw_html_element e = h->in_tag ? h->open[h->depth - 1] : TW_HTML_ELEMENT_COUNT;

	if (e != TW_E_A && e != TW_E_LINK && e != TW_E_FORM)
		keep(h, TW_RAISE(DENIED, "an address at an element that has none"));
	else if (!tw_html_may_link(address) || (e != TW_E_A && address.at[0] != '/'))
		keep(h, TW_RAISE(DENIED, "an address that may not be linked: " TW_SLICE_FMT, TW_SLICE_ARG(address)));
	put(h, e == TW_E_FORM ? " action=\"" : " href=\"");
	escape(h, address);
	put(h, "\"");
}

void tw_html_script(struct tw_html *h, struct tw_slice address)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-", end[] = ".js";
	bool ours = address.size > sizeof end && address.at[0] == '/' &&
		memcmp(address.at + address.size - (sizeof end - 1), end, sizeof end - 1) == 0;

	for (size_t i = 1; ours && i < address.size - (sizeof end - 1); i++)
		ours = address.at[i] && strchr(letters, address.at[i]);
	if (!ours) {
		keep(h, TW_RAISE(DENIED, "a script that is none of ours: " TW_SLICE_FMT, TW_SLICE_ARG(address)));
		return;
	}
	end_tag(h);
	put(h, "<script src=\"");
	escape(h, address);
	put(h, "\" defer=\"\"></script>");
}

void tw_html_text(struct tw_html *h, struct tw_slice text)
{
	end_tag(h);
	escape(h, text);
}

void tw_html_close(struct tw_html *h)
{
	enum tw_html_element e;

	end_tag(h);
	if (h->depth == 0) {
		keep(h, TW_RAISE(INTERNAL, "nothing is open"));
		return;
	}
	e = h->open[--h->depth];
	if (holds_nothing(e))
		return;
	put(h, "</");
	put(h, elements[e]);
	put(h, ">");
}

tw_err tw_html_finish(struct tw_html *h)
{
	if (h->depth > 0)
		keep(h, TW_RAISE(INTERNAL, "%s is still open", elements[h->open[h->depth - 1]]));
	return h->failed;
}

/* What the escape makes of one character. */
static size_t width(char c)
{
	return c == '&' || c == '\''   ? sizeof "&amp;" - 1
		: c == '<' || c == '>' ? sizeof "&lt;" - 1
		: c == '"'             ? sizeof "&quot;" - 1
				       : 1;
}

void tw_html_title(struct tw_html *h, struct tw_slice title)
{
	struct tw_slice kept = { title.at, 0 };
	size_t at = 0, shown = 0;

	while (at < title.size && shown <= TW_HTML_TITLE_MAX) {
		size_t n = tw_utf8_size((struct tw_slice){ title.at + at, title.size - at });

		shown += n == 4 ? 2 : width(title.at[at]);
		at += n ? n : 1;
		if (shown < TW_HTML_TITLE_MAX)
			kept.size = at;
	}
	tw_html_open(h, TW_E_TITLE);
	tw_html_text(h, shown > TW_HTML_TITLE_MAX ? kept : title);
	if (shown > TW_HTML_TITLE_MAX)
		tw_html_text(h, TW_SLICE("\xe2\x80\xa6"));
	tw_html_close(h);
}

void tw_html_put(struct tw_html *h, enum tw_html_element e, const char *text)
{
	tw_html_open(h, e);
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are put in as text: what Markdown would take for markup is escaped first, so that a product's name can neither break
 * a page nor smuggle in a link. Raw HTML in the Markdown is left out by cmark.
 */
#include "product/document.h"

#include <cmark.h>
#include <string.h>

#define NAME_SIZE 80

static tw_err cell(struct tw_buf *b, const json_t *row, const char *head, const char *key)
{
	TW_TRY(tw_buf_format(b, "<td data-head=\"%s\">", head));
	TW_TRY(tw_buf_html(b, tw_slice_of(tw_json_text(row, key))));
	return tw_buf_text(b, "</td>");
}

/* A table of the capability's rows. */
static const struct {
	const char *name, *caption, *empty;
	struct {
		const char *head, *key;
	} columns[4];
} tables[] = {
	{ "settings", "Settings", "There is no setting for it.",
		{ { "Setting", "key" }, { "Delivered as", "default" }, { "Secure value", "baseline" }, { "What it does", "help" } } },
	{ "events", "Events", "It causes no events of its own.",
		{ { "Event", "id" }, { "Weight", "severity" }, { "What happened", "help" } } },
};

static tw_err table(const struct tw_document *d, size_t t, struct tw_buf *b)
{
	const json_t *rows = json_object_get(d->capability, tables[t].name);
	size_t i, c;
	json_t *row;

	if (!json_array_size(rows))
		return tw_buf_format(b, "<p>%s</p>\n", tables[t].empty);
	TW_TRY(tw_buf_format(b, "<table>\n<caption>%s</caption>\n<thead><tr>", tables[t].caption));
	for (c = 0; c < TW_COUNT(tables[t].columns) && tables[t].columns[c].head; c++)
		TW_TRY(tw_buf_format(b, "<th scope=\"col\">%s</th>", tables[t].columns[c].head));
	TW_TRY(tw_buf_text(b, "</tr></thead>\n<tbody>\n"));
	json_array_foreach(rows, i, row) {
		TW_TRY(tw_buf_text(b, "<tr>"));
		for (c = 0; c < TW_COUNT(tables[t].columns) && tables[t].columns[c].head; c++)
			TW_TRY(cell(b, row, tables[t].columns[c].head, tables[t].columns[c].key));
		TW_TRY(tw_buf_text(b, "</tr>\n"));
	}
	return tw_buf_text(b, "</tbody>\n</table>\n");
}

/* "contacts.security-email": one member after the other. */
static const json_t *lookup(const json_t *product, const char *name)
{
	const json_t *v = product;

	while (v && *name) {
		char part[NAME_SIZE];
		size_t size = strcspn(name, ".");

		(void)snprintf(part, sizeof(part), "%.*s", (int)size, name);
		v = json_object_get(v, part);
		name += size + (name[size] == '.');
	}
	return v;
}

static tw_err put_value(const struct tw_document *d, const char *name, struct tw_buf *b)
{
	const json_t *v = lookup(d->product, name);

	if (json_is_integer(v))
		return tw_buf_format(b, "%lld", (long long)json_integer_value(v));
	if (!json_is_string(v))
		return TW_RAISE(SYNTAX, "the document asks for {{%s}}, which product.yaml does not have", name);
	for (const char *c = json_string_value(v); *c; c++) {
		if (strchr("\\`*_{}[]()#+!<>&|~", *c))
			TW_TRY(tw_buf_add(b, "\\", 1));
		TW_TRY(tw_buf_add(b, *c == '\n' ? " " : c, 1));
	}
	return TW_OK;
}

/* In code, Markdown knows no escapes: there, only values without anything special may stand; ours are numbers and codes. */
static tw_err fill(const struct tw_document *d, struct tw_slice text, struct tw_buf *b)
{
	const char *at = text.at, *end = text.at + text.size;

	while (at < end) {
		const char *open = memmem(at, (size_t)(end - at), "{{", 2);
		const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
		char name[NAME_SIZE];

		if (!open)
			return tw_buf_add(b, at, (size_t)(end - at));
		if (!close || close - open - 2 >= NAME_SIZE)
			return TW_RAISE(SYNTAX, "the document opens {{ and does not close it");
		TW_TRY(tw_buf_add(b, at, (size_t)(open - at)));
		(void)snprintf(name, sizeof(name), "%.*s", (int)(close - open - 2), open + 2);
		TW_TRY(put_value(d, name, b));
		at = close + 2;
	}
	return TW_OK;
}

static tw_err to_html(const struct tw_document *d, struct tw_slice markdown, struct tw_buf *b)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf filled = { 0 };

	if (!markdown.size)
		return TW_OK;
	tw_buf_init(&filled, b->sys, TW_DOCUMENT_MAX);
	TW_TRY(fill(d, markdown, &filled));
	TW_CLEANUP(tw_freep) char *html = cmark_markdown_to_html(tw_buf_cstr(&filled), filled.size, CMARK_OPT_VALIDATE_UTF8);
	if (!html)
		return TW_RAISE(NOMEM, "page");
	return tw_buf_text(b, html);
}

static bool is_table(struct tw_slice line, size_t *ret)
{
	for (size_t t = 0; t < TW_COUNT(tables); t++) {
		size_t size = strlen(tables[t].name);

		if (line.size == size + 4 && !memcmp(line.at, "{{", 2) && !memcmp(line.at + 2, tables[t].name, size) &&
			!memcmp(line.at + 2 + size, "}}", 2)) {
			*ret = t;
			return true;
		}
	}
	return false;
}

tw_err tw_document_render(const struct tw_sys *sys, const struct tw_document *d, struct tw_slice markdown, struct tw_buf *ret)
{
	const char *at = markdown.at, *from = markdown.at, *end = markdown.at + markdown.size;
	size_t t;

	if (markdown.size > TW_DOCUMENT_MAX)
		return TW_RAISE(LIMIT, "the document has more than %d bytes", TW_DOCUMENT_MAX);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct tw_slice line = { at, (size_t)((newline ? newline : end) - at) };

		if (is_table(line, &t)) {
			TW_TRY(to_html(d, (struct tw_slice){ from, (size_t)(at - from) }, ret));
			TW_TRY(table(d, t, ret));
			from = newline ? newline + 1 : end;
		}
		at = newline ? newline + 1 : end;
	}
	return to_html(d, (struct tw_slice){ from, (size_t)(end - from) }, ret);
}

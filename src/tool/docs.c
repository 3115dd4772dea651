/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward docs`: the customer's pages of a product. index.html answers "is it supported, until when, whom do I ask?"; each
 * ability with a document has a page of its own. Everything comes from product.yaml and the rows; nothing is typed twice.
 */
#include "product/document.h"
#include "tool/commands.h"
#include "tool/documents.h"
#include "tool/files.h"
#include "tool/html.h"
#include "tool/rows.h"

#include "product/product.h"

const struct tw_option tw_options_docs[] = {
	{ "out", "DIR", true, "where the pages go" },
	{},
};

struct docs {
	struct tw_tool *t;
	const struct tw_sys *sys;
	int out;
	json_t *product;
	tw_rows *rows;
};

static void docs_done(struct docs *d)
{
	tw_closep(&d->out);
	json_decref(d->product);
	tw_rows_free(d->rows);
}

static const json_t *capability_in(const tw_rows *rows, const char *folder)
{
	size_t i;
	json_t *c;

	json_array_foreach(tw_rows_capabilities(rows), i, c)
		if (!strcmp(tw_json_text(c, "folder"), folder))
			return c;
	return NULL;
}

static const char *text_of(const struct docs *d, const char *map, const char *key)
{
	return tw_json_text(tw_json_get(d->product, map), key);
}

/* What no claim stands behind is not promised to customers. */
static bool has_page(const struct docs *d, const struct tw_capability_document *doc)
{
	return !doc->support || json_array_size(tw_json_get(d->product, "support-claims"));
}

static const char *name_of(const struct docs *d, const struct tw_capability_document *doc)
{
	const json_t *c = capability_in(d->rows, doc->folder);

	return doc->support ? doc->support : c ? tw_json_text(c, "name") : doc->folder;
}

static tw_err capability_page(struct docs *d, const struct tw_capability_document *doc)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_document what = { .product = d->product, .capability = capability_in(d->rows, doc->folder) };
	char file[80];

	tw_buf_init(&b, d->sys, TW_PAGE_MAX);
	TW_TRY(tw_sheet_begin(&b, name_of(d, doc)));
	TW_TRY(tw_buf_text(&b, "<p><a href=\"index.html\">"));
	TW_TRY(tw_sheet_text(&b, text_of(d, "product", "name")));
	TW_TRY(tw_buf_text(&b, "</a></p>\n"));
	TW_TRY(tw_document_render(d->sys, &what, tw_slice_of(doc->text), &b));
	TW_TRY(tw_sheet_end(&b));
	(void)snprintf(file, sizeof(file), "%s.html", doc->folder);
	return tw_file_text(d->sys, d->out, file, tw_buf_cstr(&b), 0644);
}

static tw_err link_to(struct tw_buf *b, const char *scheme, const char *address)
{
	if (!*address)
		return TW_OK;
	TW_TRY(tw_buf_format(b, "<li><a href=\"%s", scheme));
	TW_TRY(tw_sheet_text(b, address));
	TW_TRY(tw_buf_text(b, "\">"));
	TW_TRY(tw_sheet_text(b, address));
	return tw_buf_text(b, "</a></li>\n");
}

static tw_err support_section(const struct docs *d, struct tw_buf *b)
{
	TW_TRY(tw_buf_text(b, "<h2>Support</h2>\n<dl>\n"));
	TW_TRY(tw_sheet_pair(b, "Begins", text_of(d, "support", "start")));
	TW_TRY(tw_sheet_pair(b, "Security updates until", text_of(d, "support", "security-updates-until")));
	TW_TRY(tw_sheet_pair(b, "Ends", text_of(d, "support", "end")));
	TW_TRY(tw_sheet_pair(b, "Newest software", tw_product_version(d->product)));
	TW_TRY(tw_buf_text(b, "</dl>\n"));
	if (*text_of(d, "support", "terms"))
		TW_TRY(tw_sheet_element(b, "p", "", text_of(d, "support", "terms")));
	TW_TRY(tw_buf_text(b, "<h2>Whom to ask</h2>\n<h3>You found a weakness</h3>\n<ul>\n"));
	TW_TRY(link_to(b, "mailto:", text_of(d, "contacts", "security-email")));
	TW_TRY(link_to(b, "", text_of(d, "contacts", "security-url")));
	TW_TRY(link_to(b, "", text_of(d, "contacts", "policy-url")));
	TW_TRY(tw_buf_text(b, "</ul>\n"));
	if (!*text_of(d, "contacts", "support-email") && !*text_of(d, "contacts", "support-url"))
		return TW_OK;
	TW_TRY(tw_buf_text(b, "<h3>You need help</h3>\n<ul>\n"));
	TW_TRY(link_to(b, "mailto:", text_of(d, "contacts", "support-email")));
	TW_TRY(link_to(b, "", text_of(d, "contacts", "support-url")));
	return tw_buf_text(b, "</ul>\n");
}

/* A table of one list of product.yaml. */
static const struct {
	const char *list, *heading;
	struct {
		const char *head, *key;
	} columns[4];
} lists[] = {
	{ "interfaces", "Ways in and out", { { "Name", "name" }, { "Kind", "kind" }, { "Protocol", "protocol" }, { "For", "purpose" } } },
	{ "flows", "What it sends and receives",
		{ { "Data", "data" }, { "With", "peer" }, { "Direction", "direction" }, { "Protection", "protection" } } },
	{ "components", "What it is made of",
		{ { "Part", "name" }, { "Kind", "kind" }, { "Version", "version" }, { "Supplier", "supplier" } } },
};

static tw_err list_section(const struct docs *d, struct tw_buf *b, size_t l)
{
	const json_t *rows = tw_json_get(d->product, lists[l].list);
	size_t i, c;
	json_t *row;

	if (!json_array_size(rows))
		return TW_OK;
	TW_TRY(tw_buf_format(b, "<h2>%s</h2>\n<table>\n<thead><tr>", lists[l].heading));
	for (c = 0; c < TW_COUNT(lists[l].columns); c++)
		TW_TRY(tw_sheet_element(b, "th", "scope=\"col\"", lists[l].columns[c].head));
	TW_TRY(tw_buf_text(b, "</tr></thead>\n<tbody>\n"));
	json_array_foreach(rows, i, row) {
		TW_TRY(tw_buf_text(b, "<tr>"));
		for (c = 0; c < TW_COUNT(lists[l].columns); c++) {
			char head[48];

			(void)snprintf(head, sizeof(head), "data-head=\"%s\"", lists[l].columns[c].head);
			TW_TRY(tw_sheet_element(b, "td", head, tw_json_text(row, lists[l].columns[c].key)));
		}
		TW_TRY(tw_buf_text(b, "</tr>\n"));
	}
	return tw_buf_text(b, "</tbody>\n</table>\n");
}

static tw_err abilities_section(const struct docs *d, struct tw_buf *b)
{
	TW_TRY(tw_buf_text(b, "<h2>What it can do for your security</h2>\n<ul>\n"));
	for (const struct tw_capability_document *doc = tw_capability_documents; doc->folder; doc++) {
		if (!has_page(d, doc))
			continue;
		TW_TRY(tw_buf_format(b, "<li><a href=\"%s.html\">", doc->folder));
		TW_TRY(tw_sheet_text(b, name_of(d, doc)));
		TW_TRY(tw_buf_text(b, "</a></li>\n"));
	}
	return tw_buf_text(b, "</ul>\n");
}

static tw_err index_page(struct docs *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, d->sys, TW_PAGE_MAX);
	TW_TRY(tw_sheet_begin(&b, text_of(d, "product", "name")));
	TW_TRY(tw_sheet_element(&b, "h1", "", text_of(d, "product", "name")));
	TW_TRY(tw_buf_text(&b, "<p class=\"lead\">Security updates come until "));
	TW_TRY(tw_sheet_text(&b, text_of(d, "support", "security-updates-until")));
	TW_TRY(tw_buf_text(&b, ". If you find a weakness, write to "));
	TW_TRY(tw_sheet_text(&b, text_of(d, "contacts", "security-email")));
	TW_TRY(tw_buf_text(&b, ".</p>\n"));
	TW_TRY(tw_sheet_element(&b, "p", "", text_of(d, "product", "summary")));
	TW_TRY(tw_sheet_element(&b, "p", "", text_of(d, "product", "intended-use")));
	TW_TRY(support_section(d, &b));
	TW_TRY(abilities_section(d, &b));
	for (size_t l = 0; l < TW_COUNT(lists); l++)
		TW_TRY(list_section(d, &b, l));
	TW_TRY(tw_buf_text(&b, "<footer>"));
	TW_TRY(tw_sheet_text(&b, text_of(d, "organization", "name")));
	TW_TRY(tw_buf_text(&b, "</footer>\n"));
	TW_TRY(tw_sheet_end(&b));
	return tw_file_text(d->sys, d->out, "index.html", tw_buf_cstr(&b), 0644);
}

tw_err tw_cmd_docs(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(docs_done) struct docs d = { .t = t, .sys = t->sys, .out = -1 };
	size_t pages = 1;

	TW_TRY(tw_product_load(t, a->rest[0], &d.product));
	TW_TRY(tw_rows_new(t->sys, &d.rows));
	TW_TRY(tw_dir_make(t->sys, tw_arg(a, "out"), 0755, &d.out));
	for (const struct tw_capability_document *doc = tw_capability_documents; doc->folder; doc++) {
		if (!has_page(&d, doc))
			continue;
		TW_TRY(capability_page(&d, doc));
		pages++;
	}
	TW_TRY(index_page(&d));
	if (t->json) {
		TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s, s:i}", "directory", tw_arg(a, "out"), "pages", (int)pages);

		return o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer");
	}
	return tw_print(t, "Wrote %zu pages; begin with %s/index.html.\n", pages, tw_arg(a, "out"));
}

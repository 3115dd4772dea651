/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as a page for people: everything they act on, in an order to read in, without scripts, and good on paper. What a document says
 * stays text (html.h); an address becomes a link only where that writer takes it.
 */
#include "formats/csaf-site.h"

#include "base/mem.h"
#include "formats/csaf-inside.h"
#include "formats/html.h"

#include <string.h>

const char tw_csaf_css[] =
	"body{font:16px/1.5 sans-serif;color:#1a1a1a;background:#fff;max-width:52rem;margin:0 auto;padding:1rem;overflow-wrap:break-word}\n"
	"h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.25rem;margin-top:2rem;border-bottom:1px solid #767676}h3{font-size:1.05rem}\n"
	"dl{display:grid;grid-template-columns:fit-content(40%) 1fr;gap:.25rem 1rem}dt{font-weight:bold;overflow-wrap:anywhere}"
	"dd{grid-column:2;margin:0;overflow-wrap:anywhere}\n"
	"table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}\n"
	"td,li,code{overflow-wrap:anywhere}@media (max-width:30rem){dl{display:block}dt{margin-top:.5rem}}\n"
	".text{white-space:pre-line;overflow-wrap:anywhere}a{color:#0b4a8f}:focus-visible{outline:3px solid #0b57d0;outline-offset:2px}\n"
	"@media print{body{font-size:11pt;max-width:none;padding:0}h2,h3{break-after:avoid}tr{break-inside:avoid}a{color:inherit}}\n";

struct page {
	struct tw_html h;
	struct tw_csaf_names products; /* text: the id, more: the name; sorted */
};

static void page_done(struct page *p)
{
	tw_csaf_names_done(&p->products);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = tw_csaf_text(object, key);

	return text ? text : "";
}

static void put(struct tw_html *h, enum tw_html_element e, const char *text)
{
	if (*text)
		tw_html_put(h, e, text);
}

static void put_text(struct tw_html *h, const char *text)
{
	if (!*text)
		return;
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("text"));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

static void pair(struct tw_html *h, const char *term, const char *text)
{
	if (!*text)
		return;
	tw_html_put(h, TW_E_DT, term);
	tw_html_put(h, TW_E_DD, text);
}

static void link_or_text(struct tw_html *h, const char *address, const char *words)
{
	struct tw_slice to = tw_slice_of(address);

	if (!to.size || !tw_html_may_link(to)) {
		tw_html_text(h, tw_slice_of(words));
		return;
	}
	tw_html_open(h, TW_E_A);
	tw_html_attr(h, TW_AT_REL, TW_SLICE("noopener noreferrer"));
	tw_html_link(h, to);
	tw_html_text(h, tw_slice_of(words));
	tw_html_close(h);
}

/* A moment in UTC as people write it; another, or what is none, as it stands. */
static void moment(struct tw_html *h, const char *text)
{
	const size_t size = strlen(text);
	char shown[24];

	if (size < sizeof "2026-01-01T00:00:00Z" - 1 || text[10] != 'T' || text[size - 1] != 'Z') {
		tw_html_text(h, tw_slice_of(text));
		return;
	}
	(void)snprintf(shown, sizeof shown, "%.10s %.5s UTC", text, text + 11);
	tw_html_open(h, TW_E_TIME);
	tw_html_attr(h, TW_AT_DATETIME, tw_slice_of(text));
	tw_html_text(h, tw_slice_of(shown));
	tw_html_close(h);
}

static void when(struct tw_html *h, const char *term, const char *text)
{
	if (!*text)
		return;
	tw_html_put(h, TW_E_DT, term);
	tw_html_open(h, TW_E_DD);
	moment(h, text);
	tw_html_close(h);
}

/* A word of the standard's lists ("vendor_fix", "csaf_vex") as people say it. */
static void token(struct tw_html *h, const char *text)
{
	static const char prefix[] = "csaf_";
	char shown[64];
	size_t size;

	if (strncmp(text, prefix, sizeof prefix - 1) == 0)
		text += sizeof prefix - 1;
	(void)snprintf(shown, sizeof shown, "%s", text);
	size = strlen(shown);
	for (size_t i = 0; i < size; i++)
		shown[i] = shown[i] == '_' ? ' ' : shown[i];
	if (shown[0] >= 'a' && shown[0] <= 'z')
		shown[0] = (char)(shown[0] - 'a' + 'A');
	tw_html_text(h, tw_slice_of(shown));
}

/* The path of the site's address, for what stands beside the page. */
static tw_err local(const struct tw_csaf_site *s, const char *path, struct tw_buf *b)
{
	const char *slash = strchr(s->url + strlen("https://"), '/');

	tw_buf_clear(b);
	return tw_buf_format(b, "%s/%s", slash ? slash : "", path);
}

static tw_err begin(struct tw_html *h, const struct tw_csaf_site *s, const char *title, const char *language, struct tw_buf *out)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf css = { 0 };

	tw_buf_init(&css, out->sys, TW_CSAF_URL_MAX + 64);
	TW_TRY(local(s, "advisory.css", &css));
	tw_html_begin(h, out);
	tw_html_open(h, TW_E_HTML);
	tw_html_attr(h, TW_AT_LANG, tw_slice_of(*language ? language : "en"));
	tw_html_open(h, TW_E_HEAD);
	tw_html_open(h, TW_E_META);
	tw_html_attr(h, TW_AT_CHARSET, TW_SLICE("utf-8"));
	tw_html_close(h);
	tw_html_open(h, TW_E_META);
	tw_html_attr(h, TW_AT_NAME, TW_SLICE("viewport"));
	tw_html_attr(h, TW_AT_CONTENT, TW_SLICE("width=device-width, initial-scale=1"));
	tw_html_close(h);
	tw_html_title(h, tw_slice_of(title));
	tw_html_open(h, TW_E_LINK);
	tw_html_attr(h, TW_AT_REL, TW_SLICE("stylesheet"));
	tw_html_link(h, tw_buf_slice(&css));
	tw_html_close(h);
	tw_html_close(h);
	tw_html_open(h, TW_E_BODY);
	tw_html_open(h, TW_E_MAIN);
	tw_html_put(h, TW_E_H1, title);
	return h->failed;
}

static tw_err end(struct tw_html *h)
{
	tw_html_close(h);
	tw_html_close(h);
	tw_html_close(h);
	return tw_html_finish(h);
}

/* --- Parts of a document --- */

static void contact(struct tw_html *h, const char *text)
{
	static const char mail[] = "mailto:";

	if (!*text)
		return;
	tw_html_put(h, TW_E_DT, "Contact");
	tw_html_open(h, TW_E_DD);
	link_or_text(h, text, strncmp(text, mail, sizeof mail - 1) == 0 ? text + sizeof mail - 1 : text);
	tw_html_close(h);
}

void tw_csaf_head_said(const json_t *head, struct tw_html *h)
{
	const json_t *publisher = json_object_get(head, "publisher"), *distribution = json_object_get(head, "distribution");

	pair(h, "Publisher", text_of(publisher, "name"));
	contact(h, text_of(publisher, "contact_details"));
	pair(h, "Severity", text_of(json_object_get(head, "aggregate_severity"), "text"));
	pair(h, "Distribution", text_of(distribution, "text"));
	pair(h, "Label (TLP)", text_of(json_object_get(distribution, "tlp"), "label"));
	if (*text_of(head, "category")) {
		tw_html_put(h, TW_E_DT, "Kind");
		tw_html_open(h, TW_E_DD);
		token(h, text_of(head, "category"));
		tw_html_close(h);
	}
}

static void facts(struct tw_html *h, const json_t *document, const json_t *entry)
{
	tw_html_open(h, TW_E_DL);
	pair(h, "Identifier", tw_json_text(entry, "id"));
	pair(h, "Version", tw_json_text(entry, "version"));
	pair(h, "Status", tw_json_text(entry, "status"));
	when(h, "First published", tw_json_text(entry, "published"));
	when(h, "Last changed", tw_json_text(entry, "updated"));
	tw_csaf_head_said(document, h);
	tw_html_close(h);
}

static void notes(struct tw_html *h, const json_t *list, enum tw_html_element heading)
{
	const json_t *note;
	size_t i;

	json_array_foreach(list, i, note) {
		put(h, heading, text_of(note, "title"));
		if (!*text_of(note, "title") && *text_of(note, "category")) {
			tw_html_open(h, heading);
			token(h, text_of(note, "category"));
			tw_html_close(h);
		}
		put_text(h, text_of(note, "text"));
	}
}

static void references(struct tw_html *h, const json_t *list, enum tw_html_element heading)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		return;
	tw_html_put(h, heading, "References");
	tw_html_open(h, TW_E_UL);
	json_array_foreach(list, i, item) {
		tw_html_open(h, TW_E_LI);
		tw_html_text(h, tw_slice_of(text_of(item, "summary")));
		tw_html_text(h, TW_SLICE(": "));
		link_or_text(h, text_of(item, "url"), text_of(item, "url"));
		tw_html_close(h);
	}
	tw_html_close(h);
}

static void words(struct tw_html *h, const json_t *list, const char *before)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (!json_is_string(item))
			continue;
		tw_html_text(h, tw_slice_of(i ? ", " : before));
		tw_html_text(h, tw_slice_of(json_string_value(item)));
	}
}

static void thanks(struct tw_html *h, const json_t *list, enum tw_html_element heading)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		return;
	tw_html_put(h, heading, "Acknowledgments");
	tw_html_open(h, TW_E_UL);
	json_array_foreach(list, i, item) {
		tw_html_open(h, TW_E_LI);
		words(h, json_object_get(item, "names"), "");
		tw_html_text(h, tw_slice_of(*text_of(item, "organization") ? " of " : ""));
		tw_html_text(h, tw_slice_of(text_of(item, "organization")));
		tw_html_text(h, tw_slice_of(*text_of(item, "summary") ? ": " : ""));
		tw_html_text(h, tw_slice_of(text_of(item, "summary")));
		tw_html_close(h);
	}
	tw_html_close(h);
}

static void row(struct tw_html *h, enum tw_html_element cell, const char *const *texts, size_t count)
{
	tw_html_open(h, TW_E_TR);
	for (size_t i = 0; i < count; i++) {
		tw_html_open(h, cell);
		if (cell == TW_E_TH)
			tw_html_attr(h, TW_AT_SCOPE, TW_SLICE("col"));
		tw_html_text(h, tw_slice_of(texts[i]));
		tw_html_close(h);
	}
	tw_html_close(h);
}

static void history(struct tw_html *h, const json_t *list)
{
	const json_t *item;
	size_t i;

	tw_html_put(h, TW_E_H2, "History");
	tw_html_open(h, TW_E_TABLE);
	tw_html_open(h, TW_E_THEAD);
	row(h, TW_E_TH, (const char *const[]){ "Version", "Date", "What changed" }, 3);
	tw_html_close(h);
	tw_html_open(h, TW_E_TBODY);
	json_array_foreach(list, i, item) {
		tw_html_open(h, TW_E_TR);
		tw_html_put(h, TW_E_TD, text_of(item, "number"));
		tw_html_open(h, TW_E_TD);
		moment(h, text_of(item, "date"));
		tw_html_close(h);
		tw_html_put(h, TW_E_TD, text_of(item, "summary"));
		tw_html_close(h);
	}
	tw_html_close(h);
	tw_html_close(h);
}

/* --- Products --- */

static tw_err add_product(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user)
{
	struct page *p = user;
	const struct tw_csaf_name name = { .text = text_of(product, "product_id"), .more = text_of(product, "name") };

	return *name.text ? tw_csaf_names_add(&p->products, &name) : TW_OK;
}

static const char *product_name(const struct page *p, const char *id)
{
	const struct tw_csaf_name *name = tw_csaf_names_find(&p->products, id);

	return name && *name->more ? name->more : id;
}

static void product_list(struct page *p)
{
	struct tw_html *h = &p->h;

	if (!p->products.count)
		return;
	tw_html_put(h, TW_E_H2, "Products");
	tw_html_open(h, TW_E_TABLE);
	tw_html_open(h, TW_E_THEAD);
	row(h, TW_E_TH, (const char *const[]){ "Name", "Identifier in this document" }, 2);
	tw_html_close(h);
	tw_html_open(h, TW_E_TBODY);
	for (size_t i = 0; i < p->products.count; i++)
		if (!tw_csaf_names_repeat(&p->products, i))
			row(h, TW_E_TD, (const char *const[]){ p->products.list[i].more, p->products.list[i].text }, 2);
	tw_html_close(h);
	tw_html_close(h);
}

/* A label and what stands behind it, on a line of its own. */
static void known_by(struct tw_html *h, const char *label, const char *more, const char *text)
{
	if (!*text)
		return;
	tw_html_open(h, TW_E_DD);
	tw_html_text(h, tw_slice_of(label));
	tw_html_text(h, tw_slice_of(*more ? " " : ""));
	tw_html_text(h, tw_slice_of(more));
	tw_html_text(h, TW_SLICE(": "));
	tw_html_put(h, TW_E_CODE, text);
	tw_html_close(h);
}

static void known_by_each(struct tw_html *h, const char *label, const json_t *list, const char *key)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		known_by(h, label, "", *key ? text_of(one, key) : json_is_string(one) ? json_string_value(one) : "");
}

static void known_by_hashes(struct tw_html *h, const json_t *files)
{
	const json_t *file, *hash;
	size_t i, k;

	json_array_foreach(files, i, file)
		json_array_foreach(json_object_get(file, "file_hashes"), k, hash)
			known_by(h, text_of(file, "filename"), text_of(hash, "algorithm"), text_of(hash, "value"));
}

struct known {
	struct tw_html *h;
	size_t count;
};

static tw_err add_known(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user)
{
	const json_t *helper = json_object_get(product, "product_identification_helper");
	struct known *k = user;

	if (!json_object_size(helper))
		return TW_OK;
	if (!k->count++) {
		tw_html_put(k->h, TW_E_H3, "What they are known by");
		tw_html_open(k->h, TW_E_DL);
	}
	tw_html_put(k->h, TW_E_DT, text_of(product, "name"));
	known_by(k->h, "Package URL", "", text_of(helper, "purl"));
	known_by(k->h, "CPE", "", text_of(helper, "cpe"));
	known_by_each(k->h, "Model", json_object_get(helper, "model_numbers"), "");
	known_by_each(k->h, "Article number", json_object_get(helper, "skus"), "");
	known_by_each(k->h, "Serial number", json_object_get(helper, "serial_numbers"), "");
	known_by_hashes(k->h, json_object_get(helper, "hashes"));
	known_by_each(k->h, "Bill of materials", json_object_get(helper, "sbom_urls"), "");
	known_by_each(k->h, "URI", json_object_get(helper, "x_generic_uris"), "uri");
	return TW_OK;
}

static tw_err known(struct page *p, struct tw_csaf_run *r)
{
	struct known k = { &p->h, 0 };

	TW_TRY(tw_csaf_products(r, add_known, &k));
	if (k.count)
		tw_html_close(&p->h);
	return TW_OK;
}

/* Names after a colon, of products and of groups, which the list of groups says the products of. */
static void names(struct page *p, const json_t *item)
{
	const json_t *id;
	size_t i;

	json_array_foreach(json_object_get(item, "product_ids"), i, id) {
		tw_html_text(&p->h, tw_slice_of(i ? "; " : " For: "));
		if (json_is_string(id))
			tw_html_text(&p->h, tw_slice_of(product_name(p, json_string_value(id))));
	}
	words(&p->h, json_object_get(item, "group_ids"), " For the groups: ");
}

static void groups(struct page *p, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		return;
	tw_html_put(&p->h, TW_E_H3, "Groups of products");
	tw_html_open(&p->h, TW_E_UL);
	json_array_foreach(list, i, item) {
		tw_html_open(&p->h, TW_E_LI);
		tw_html_put(&p->h, TW_E_STRONG, text_of(item, "group_id"));
		tw_html_text(&p->h, tw_slice_of(*text_of(item, "summary") ? " " : ""));
		tw_html_text(&p->h, tw_slice_of(text_of(item, "summary")));
		names(p, item);
		tw_html_close(&p->h);
	}
	tw_html_close(&p->h);
}

static void status_list(struct page *p, const char *words_for, const json_t *ids)
{
	const json_t *id;
	size_t i;

	if (!json_array_size(ids))
		return;
	tw_html_put(&p->h, TW_E_DT, words_for);
	json_array_foreach(ids, i, id)
		if (json_is_string(id))
			tw_html_put(&p->h, TW_E_DD, product_name(p, json_string_value(id)));
}

static void statuses(struct page *p, const json_t *status)
{
	static const char *const rows[][2] = { { "known_affected", "Affected" }, { "first_affected", "Affected from" },
		{ "last_affected", "Affected up to" }, { "fixed", "Fixed" }, { "first_fixed", "Fixed from" },
		{ "recommended", "Recommended" }, { "known_not_affected", "Not affected" },
		{ "under_investigation", "Under investigation" } };

	if (!json_object_size(status))
		return;
	tw_html_open(&p->h, TW_E_DL);
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		status_list(p, rows[i][1], json_object_get(status, rows[i][0]));
	tw_html_close(&p->h);
}

/* Remediations, threats and flags: a kind, words, and the products it is for. */
static void statements(struct page *p, const char *heading, const json_t *list, const char *kind, const char *details)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		return;
	tw_html_put(&p->h, TW_E_H3, heading);
	tw_html_open(&p->h, TW_E_UL);
	json_array_foreach(list, i, item) {
		tw_html_open(&p->h, TW_E_LI);
		tw_html_open(&p->h, TW_E_STRONG);
		token(&p->h, text_of(item, kind));
		tw_html_close(&p->h);
		tw_html_text(&p->h, TW_SLICE(" "));
		tw_html_text(&p->h, tw_slice_of(details ? text_of(item, details) : ""));
		names(p, item);
		if (*text_of(item, "url")) {
			tw_html_text(&p->h, TW_SLICE(" "));
			link_or_text(&p->h, text_of(item, "url"), text_of(item, "url"));
		}
		tw_html_close(&p->h);
	}
	tw_html_close(&p->h);
}

static void score(struct page *p, const json_t *one, const char *key, const char *name)
{
	const json_t *cvss = json_object_get(one, key), *base = json_object_get(cvss, "baseScore");
	char text[32];

	if (!json_is_number(base))
		return;
	(void)snprintf(text, sizeof(text), " %.1f ", json_number_value(base));
	tw_html_open(&p->h, TW_E_P);
	tw_html_put(&p->h, TW_E_STRONG, name);
	tw_html_text(&p->h, tw_slice_of(text));
	tw_html_text(&p->h, tw_slice_of(text_of(cvss, "baseSeverity")));
	tw_html_text(&p->h, TW_SLICE(" "));
	put(&p->h, TW_E_CODE, text_of(cvss, "vectorString"));
	tw_html_close(&p->h);
}

static void vulnerability(struct page *p, const json_t *v)
{
	const json_t *cwe = json_object_get(v, "cwe"), *one;
	const char *cve = text_of(v, "cve"), *title = text_of(v, "title");
	struct tw_html *h = &p->h;
	size_t i;

	tw_html_open(h, TW_E_H2);
	tw_html_text(h, tw_slice_of(*cve || *title ? cve : "Vulnerability"));
	tw_html_text(h, tw_slice_of(*cve && *title ? ": " : ""));
	tw_html_text(h, tw_slice_of(title));
	tw_html_close(h);
	tw_html_open(h, TW_E_DL);
	pair(h, "Weakness", text_of(cwe, "id"));
	pair(h, "Kind of weakness", text_of(cwe, "name"));
	when(h, "Discovered", text_of(v, "discovery_date"));
	when(h, "Disclosed", text_of(v, "release_date"));
	tw_html_close(h);
	notes(h, json_object_get(v, "notes"), TW_E_H3);
	json_array_foreach(json_object_get(v, "scores"), i, one) {
		score(p, one, "cvss_v3", "CVSS");
		score(p, one, "cvss_v2", "CVSS 2.0");
	}
	statuses(p, json_object_get(v, "product_status"));
	statements(p, "What to do", json_object_get(v, "remediations"), "category", "details");
	statements(p, "Threats", json_object_get(v, "threats"), "category", "details");
	statements(p, "Why not affected", json_object_get(v, "flags"), "label", NULL);
	references(h, json_object_get(v, "references"), TW_E_H3);
	thanks(h, json_object_get(v, "acknowledgments"), TW_E_H3);
}

/* --- Whole pages --- */

static tw_err files(struct tw_html *h, const struct tw_csaf_site *s, const char *file)
{
	static const char *const suffixes[][2] = { { "", "This advisory for programs (CSAF 2.0)" }, { ".sha256", "its SHA-256" },
		{ ".sha512", "its SHA-512" }, { ".asc", "its signature (OpenPGP)" } };
	TW_CLEANUP(tw_buf_done) struct tw_buf path = { 0 }, address = { 0 };

	tw_buf_init(&path, h->out->sys, TW_CSAF_PATH_MAX);
	tw_buf_init(&address, h->out->sys, TW_CSAF_URL_MAX + TW_CSAF_PATH_MAX);
	tw_html_put(h, TW_E_H2, "Files");
	tw_html_open(h, TW_E_UL);
	for (size_t i = 0; i < TW_COUNT(suffixes) - (s->keys.count == 0); i++) {
		tw_buf_clear(&path);
		TW_TRY(tw_buf_format(&path, TW_CSAF_FOLDER "/%s%s", file, suffixes[i][0]));
		TW_TRY(local(s, tw_buf_cstr(&path), &address));
		tw_html_open(h, TW_E_LI);
		tw_html_open(h, TW_E_A);
		tw_html_link(h, tw_buf_slice(&address));
		tw_html_text(h, tw_slice_of(suffixes[i][1]));
		tw_html_close(h);
		tw_html_close(h);
	}
	tw_html_close(h);
	return h->failed;
}

tw_err tw_csaf_said(const struct tw_sys *sys, const json_t *document, struct tw_html *h)
{
	TW_CLEANUP(page_done) struct page p = { .products = { .sys = sys } };
	struct tw_csaf_run r = { .sys = sys, .document = document };
	const json_t *head = json_object_get(document, "document"), *v;
	size_t i;

	TW_TRY(tw_csaf_products(&r, add_product, &p));
	tw_csaf_names_sort(&p.products);
	p.h = *h;
	notes(&p.h, json_object_get(head, "notes"), TW_E_H2);
	json_array_foreach(json_object_get(document, "vulnerabilities"), i, v)
		vulnerability(&p, v);
	product_list(&p);
	TW_TRY(known(&p, &r));
	groups(&p, json_object_get(json_object_get(document, "product_tree"), "product_groups"));
	references(&p.h, json_object_get(head, "references"), TW_E_H2);
	thanks(&p.h, json_object_get(head, "acknowledgments"), TW_E_H2);
	*h = p.h;
	return h->failed;
}

tw_err tw_csaf_page(const struct tw_sys *sys, const struct tw_csaf_site *s, const json_t *entry, const json_t *document, struct tw_buf *b)
{
	const json_t *head = json_object_get(document, "document");
	struct tw_html h = { .out = NULL };

	TW_TRY(begin(&h, s, tw_json_text(entry, "title"), text_of(head, "lang"), b));
	facts(&h, head, entry);
	TW_TRY(tw_csaf_said(sys, document, &h));
	history(&h, json_object_get(json_object_get(head, "tracking"), "revision_history"));
	TW_TRY(files(&h, s, tw_json_text(entry, "file")));
	return end(&h);
}

static tw_err list_link(struct tw_html *h, const struct tw_csaf_site *s, const char *path, const char *words_for)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf address = { 0 };

	tw_buf_init(&address, h->out->sys, TW_CSAF_URL_MAX + TW_CSAF_PATH_MAX);
	TW_TRY(local(s, path, &address));
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_buf_slice(&address));
	tw_html_text(h, tw_slice_of(words_for));
	tw_html_close(h);
	return h->failed;
}

tw_err tw_csaf_listing(const struct tw_csaf_site *s, struct tw_buf *b)
{
	const json_t *entry;
	struct tw_html h;
	size_t i;

	TW_TRY(begin(&h, s, "Security advisories", "en", b));
	put_text(&h, text_of(s->publisher, "name"));
	tw_html_open(&h, TW_E_UL);
	json_array_foreach(s->entries, i, entry) {
		const char *file = tw_json_text(entry, "file");
		char path[TW_CSAF_PATH_MAX];

		(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%.*s.html", (int)(strlen(file) - strlen(".json")), file);
		tw_html_open(&h, TW_E_LI);
		TW_TRY(list_link(&h, s, path, tw_json_text(entry, "title")));
		tw_html_text(&h, TW_SLICE(", "));
		tw_html_text(&h, tw_slice_of(tw_json_text(entry, "id")));
		tw_html_text(&h, TW_SLICE(", "));
		moment(&h, tw_json_text(entry, "updated"));
		tw_html_close(&h);
	}
	tw_html_close(&h);
	return end(&h);
}

tw_err tw_csaf_year_listing(const struct tw_csaf_site *s, const char *year, struct tw_buf *b)
{
	static const char *const suffixes[] = { ".json", ".json.sha256", ".json.sha512", ".html", ".json.asc" };
	const json_t *entry;
	struct tw_html h;
	size_t i;

	TW_TRY(begin(&h, s, year, "en", b));
	tw_html_open(&h, TW_E_UL);
	json_array_foreach(s->entries, i, entry) {
		const char *file = tw_json_text(entry, "file");
		char path[TW_CSAF_PATH_MAX];

		if (strncmp(file, year, 4) != 0)
			continue;
		for (size_t k = 0; k < TW_COUNT(suffixes) - (s->keys.count == 0); k++) {
			(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%.*s%s", (int)(strlen(file) - strlen(".json")), file,
				suffixes[k]);
			tw_html_open(&h, TW_E_LI);
			TW_TRY(list_link(&h, s, path, strrchr(path, '/') + 1));
			tw_html_close(&h);
		}
	}
	tw_html_close(&h);
	return end(&h);
}

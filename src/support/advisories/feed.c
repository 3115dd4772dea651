/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Atom feed of one product: what its subscribers are told, the newest first. Made of the rows that are written in the transaction that makes an advisory
 * public, when it is asked for: so it is never behind, and a cut leaves nothing of it half.
 */
#include "base/text.h"
#include "formats/csaf-site.h"
#include "support/advisories/advisories.h"
#include "support/advisories/concerned.h"
#include "support/platform/app.h"
#include "support/rows-advisories.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <stdio.h>
#include <string.h>

#define LISTED_MAX 50 /* entries of a feed: readers ask often, and keep what they had */
/* Of the newest advisories, of whatever product, and of names compared with one another: a stranger asks for this. */
#define LOOKED_MAX 500
#define COMPARED_MAX (8 * 1024 * 1024)

struct feeding {
	const json_t *products, *product;
	json_t *entries;
	size_t compared;
};

static tw_err set_text(json_t *j, const char *key, struct tw_slice text)
{
	return tw_json_set(j, key, json_stringn(text.size ? text.at : "", text.size));
}

static tw_err add_entry(struct feeding *f, const tw_row *row)
{
	const struct tw_slice severity = tw_row_bytes(row, 2), version = tw_row_bytes(row, 5);
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	char summary[120];

	if (!j)
		return TW_RAISE(NOMEM, "a feed");
	(void)snprintf(summary, sizeof summary, "Severity: %.*s. Version: %.*s.", severity.size ? (int)severity.size : 9,
		severity.size ? severity.at : "not rated", (int)(version.size < 60 ? version.size : 60), version.size ? version.at : "");
	TW_TRY(set_text(j, "id", tw_row_bytes(row, 0)));
	TW_TRY(set_text(j, "title", tw_row_bytes(row, 1)));
	TW_TRY(set_text(j, "updated", tw_row_bytes(row, 3)));
	TW_TRY(set_text(j, "file", tw_row_bytes(row, 4)));
	TW_TRY(set_text(j, "published", tw_row_bytes(row, 7)));
	TW_TRY(tw_json_set(j, "summary", json_string(summary)));
	return tw_json_append(f->entries, TW_STEAL(j));
}

static tw_err look(void *user, const tw_row *row)
{
	struct feeding *f = user;
	TW_CLEANUP(tw_jsonp) json_t *names = NULL;
	const struct tw_slice products = tw_row_bytes(row, 6);

	if (json_array_size(f->entries) >= LISTED_MAX || f->compared > COMPARED_MAX)
		return TW_OK;
	f->compared += products.size * json_array_size(f->products);
	names = json_stringn_nocheck(products.at, products.size); /* with an end, for what compares */
	if (!names)
		return TW_RAISE(NOMEM, "a feed");
	return tw_advisory_is_for(json_string_value(names), f->products, f->product) ? add_entry(f, row) : TW_OK;
}

static tw_err write_feed(struct tw_context *c, const struct feeding *f, struct tw_buf *b)
{
	const struct tw_app *a = tw_app_of(c);
	TW_CLEANUP(tw_csaf_site_done) struct tw_csaf_site site = { .publisher = json_pack("{s:s}", "name", a->desk.name) };
	const char *name = tw_json_text(f->product, "name");
	char self[TW_CSAF_URL_MAX], page[TW_CSAF_URL_MAX], title[300];

	if (!site.publisher)
		return TW_RAISE(NOMEM, "a feed");
	(void)snprintf(site.url, sizeof site.url, "%s/.well-known/csaf", a->desk.site);
	tw_time_text(a->started_ms, site.updated); /* while it has no entry */
	(void)snprintf(self, sizeof self, "%s/advisory-feeds/%s", a->desk.site, name);
	(void)snprintf(page, sizeof page, "%s/products/%s", a->desk.site, name);
	(void)snprintf(title, sizeof title, ": security advisories for %.250s", tw_json_text(f->product, "title"));
	tw_utf8_mend(title);
	return tw_csaf_atom_of(&site, &(const struct tw_csaf_feed){ self, page, title, f->entries }, b);
}

tw_err tw_advisories_feed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const json_t *products = tw_app_of(c)->products, *product = tw_products_find(products, rq->parameter);
	TW_CLEANUP(tw_jsonp) json_t *entries = json_array();
	struct feeding f = { products, product, entries, 0 };

	if (!product || !tw_app_of(c)->desk.contact_count)
		return tw_advisory_refuse(rp, 404, "advisory.feed", "There is no such feed", "See /products for the products there are.",
			"No product has this name, or nobody has said whose advisories these are.");
	TW_TRY(entries ? tw_store_run(c->store, tw_sql_advisory_public_feed, &TW_V_INT(LOOKED_MAX), 1, look, &f)
		       : TW_RAISE(NOMEM, "a feed"));
	return write_feed(c, &f, tw_reply_text(rp, c->sys, "application/atom+xml"));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing. Three steps, each whole: the store has the bytes (pending); the tree has them, by one exchange of the file system; the store
 * says that they are out. Who is cut behind the first does the second again at the start, which finds a tree that has the bytes already
 * as good as one that has not. As long as the tree lacks them, approval and embargo are asked for again.
 *
 * Where desk.json says who signs, a step lies between the first two: the store has a signature over these bytes, which was checked. The tree is
 * one of a trusted provider, with all signatures and keys, as soon as nothing public lacks one (CSAF 2.0 section 7.2.3), and stays one.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf.h"
#include "formats/securitytxt.h"
#include "product/csaf-tree.h"
#include "support/advisories/advisories.h"
#include "support/advisories/plan.h"
#include "support/advisories/signing.h"
#include "support/platform/app.h"
#include "support/sign/sign-wire.h"
#include "support/sql-support.h"

#include <stdlib.h>
#include <string.h>

#define RENEW_MS (60LL * 24 * 3600 * 1000) /* security.txt of the tree is written anew when it has no more than this left */
#define PRODUCTS_MAX 8192
#define BY_START "service"

struct work {
	struct tw_context *c;
	struct tw_csaf_tree tree;
	struct tw_csaf_draft *drafts; /* those that the tree does not have as they are */
	size_t count, room;
	int64_t only; /* what goes out; 0: all that may */
	bool stale;   /* security.txt is about to expire, the site is found elsewhere now, or a key has another text */
	bool trusted; /* everything has a signature, and is published with it */
	bool whole;   /* every document is written: the tree is new, or all get their signatures */
};

static void work_done(struct work *w)
{
	for (size_t i = 0; i < w->count; i++)
		tw_csaf_draft_done(&w->drafts[i]);
	free(w->drafts);
	tw_csaf_tree_done(&w->tree);
}

static bool expires(const struct work *w, int64_t now_ms)
{
	int64_t at = 0;

	return tw_failed(tw_parse_time(tw_slice_of(w->tree.site.expires), &at)) || at - RENEW_MS < now_ms;
}

static tw_err add_key(void *user, const tw_row *row)
{
	struct work *w = user;
	const struct tw_slice fingerprint = tw_row_bytes(row, 0);
	char name[65];

	(void)snprintf(name, sizeof name, "%.*s", (int)(fingerprint.size < sizeof name ? fingerprint.size : sizeof name - 1),
		fingerprint.at);
	return tw_csaf_tree_key(&w->tree, name, tw_row_bytes(row, 1), &w->stale);
}

static tw_err begin_signed(struct work *w)
{
	const size_t before = w->tree.site.keys.count;

	TW_TRY(tw_signing_trusted(w->c, &w->trusted));
	if (w->trusted)
		TW_TRY(tw_store_run(w->c->store, tw_sql_advisory_keys, NULL, 0, add_key, w));
	w->whole = w->tree.dir < 0 || w->tree.site.keys.count != before;
	return TW_OK;
}

static tw_err begin(struct work *w)
{
	const struct tw_desk *d = &tw_app_of(w->c)->desk;
	int64_t now = tw_time_wall_ms(w->c->time);
	char url[TW_CSAF_URL_MAX], was[TW_CSAF_URL_MAX];

	if (!d->contact_count)
		return TW_RAISE(STATE, "app/%s does not say whose advisories these are", TW_DESK_FILE);
	TW_TRY(tw_csaf_tree_open_in(w->c->sys, tw_app_of(w->c)->dir, TW_ADVISORY_TREE, true, &w->tree));
	(void)snprintf(was, sizeof was, "%s", w->tree.site.url);
	(void)snprintf(url, sizeof url, "%s/.well-known/csaf", d->site);
	TW_TRY(tw_csaf_site_url(&w->tree.site, url));
	w->stale = w->tree.dir >= 0 && (strcmp(was, w->tree.site.url) != 0 || expires(w, now));
	(void)snprintf(w->tree.site.contact, sizeof w->tree.site.contact, "%s", d->contacts[0]);
	tw_time_text(now, w->tree.site.updated);
	return begin_signed(w);
}

/* Consumes the draft. */
static tw_err keep(struct work *w, struct tw_csaf_draft *d)
{
	if (d->unchanged && !w->whole) {
		tw_csaf_draft_done(d);
		return TW_OK;
	}
	if (w->count == w->room) {
		size_t room = w->room ? 2 * w->room : 4;
		struct tw_csaf_draft *more = tw_alloc_array(w->c->sys, room, sizeof *more);

		if (!more) {
			tw_csaf_draft_done(d);
			return TW_RAISE(NOMEM, "advisories");
		}
		if (w->count)
			memcpy(more, w->drafts, w->count * sizeof *more);
		free(w->drafts);
		w->drafts = more;
		w->room = room;
	}
	w->drafts[w->count++] = *d;
	return TW_OK;
}

static tw_err add_signature(struct work *w, struct tw_csaf_draft *d)
{
	if (!w->trusted || (d->unchanged && !w->whole))
		return TW_OK;
	TW_TRY(tw_signing_signature(w->c, tw_buf_slice(&d->text), &d->signature));
	return d->signature.size ? TW_OK : TW_RAISE(STATE, "advisory.signature: there is none over these bytes");
}

static tw_err add_text(struct work *w, struct tw_slice text, tw_err (*finish)(struct work *w, struct tw_csaf_draft *d))
{
	struct tw_csaf_draft d = { .name = "an advisory" };

	tw_buf_init(&d.text, w->c->sys, TW_CSAF_MAX);
	tw_buf_init(&d.signature, w->c->sys, TW_SIGNATURE_MAX);
	tw_err e = tw_buf_add(&d.text, text.at, text.size);
	if (!tw_failed(e))
		e = tw_json_parse_deep(text, TW_CSAF_MAX, TW_ADVISORY_DEEPEST, &d.document);
	if (!tw_failed(e))
		e = tw_csaf_tree_add(&w->tree, &d);
	if (!tw_failed(e) && finish)
		e = finish(w, &d);
	if (!tw_failed(e))
		return keep(w, &d);
	tw_csaf_draft_done(&d);
	return e;
}

/* Nothing goes out without the signature that it is to have. */
static tw_err may_go_out(struct tw_context *c, struct tw_slice bytes, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf signature = { 0 };

	TW_TRY(tw_signing_needed(c, ret));
	if (!*ret) {
		*ret = true;
		return TW_OK;
	}
	tw_buf_init(&signature, c->sys, TW_SIGNATURE_MAX);
	TW_TRY(tw_signing_signature(c, bytes, &signature));
	*ret = signature.size > 0;
	return TW_OK;
}

/* What waits takes the place of what is published, as soon as it may. */
static tw_err add_bytes(void *user, const tw_row *row)
{
	struct work *w = user;
	const struct tw_slice published = tw_row_bytes(row, 1), pending = tw_row_bytes(row, 2);
	bool goes = pending.size && (!w->only || w->only == tw_row_int(row, 0));

	if (goes)
		TW_TRY(may_go_out(w->c, pending, &goes));
	if (goes)
		return add_text(w, pending, add_signature);
	return published.size ? add_text(w, published, add_signature) : TW_OK;
}

/* All that is published: a tree that somebody took away comes back whole. */
static tw_err gather(struct work *w, int64_t only)
{
	const struct tw_value v = TW_V_INT(w->whole ? 0 : only);

	w->only = only;
	return tw_store_run(w->c->store, tw_sql_advisory_bytes, &v, 1, add_bytes, w);
}

static tw_err write_tree(struct work *w)
{
	tw_time_text(tw_time_wall_ms(w->c->time) + TW_SECURITYTXT_LIFE_MAX_MS, w->tree.site.expires);
	return tw_csaf_tree_publish(&w->tree, w->drafts, w->count);
}

tw_err tw_advisory_tree_takes(struct tw_context *c, struct tw_slice text)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .tree = { .parent = -1, .dir = -1 } };

	TW_TRY(begin(&w));
	w.whole = false;
	return add_text(&w, text, NULL);
}

/* --- It waits --- */

/* Whether everybody can read these bytes already. */
static tw_err tree_has(struct tw_context *c, const struct tw_advisory_row *row, bool *ret)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .tree = { .parent = -1, .dir = -1 } };

	*ret = false;
	TW_TRY(begin(&w));
	w.whole = false;
	tw_err e = add_text(&w, tw_buf_slice(&row->pending), NULL);
	*ret = !tw_failed(e) && w.tree.dir >= 0 && w.count == 0;
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_DENIED) ? TW_OK : e; /* it has none like that */
}

static tw_err unpend(tw_store *s, void *user)
{
	const struct tw_advisory_row *row = user;
	const struct tw_value v[] = { TW_V_INT(row->id), TW_V_TEXT("") };

	return tw_store_run(s, tw_sql_advisory_pend, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_advisory_ask_again(struct tw_context *c, struct tw_reply *rp, struct tw_advisory_row *row, const char *by)
{
	struct tw_advisory_change h = { .c = c, .row = row, .by = by, .what = "held", .text = rp->rule, .beside = unpend, .user = row };
	bool out = false;

	TW_TRY(tree_has(c, row, &out));
	if (!out)
		TW_TRY(tw_advisory_may_go(c, rp, row));
	if (!rp->problem[0])
		return TW_OK;
	row->state = TW_ADVISORY_APPROVED;
	return tw_advisory_write(&h);
}

/* --- It is out --- */

struct outing {
	struct tw_context *c;
	struct tw_advisory_row *row;
	struct tw_advisory_out out;
	char digest[65]; /* of the bytes */
	bool has_signature;
};

static tw_err note_public(tw_store *s, void *user)
{
	const struct outing *o = user;
	const json_t *entry = o->out.entry;
	const struct tw_value v[] = { TW_V_INT(o->row->id), TW_V_TEXT(o->row->name), TW_V_TEXT(tw_json_text(entry, "title")),
		TW_V_TEXT(tw_advisory_severity(o->out.document)), TW_V_TEXT(o->out.products),
		TW_V_TEXT(tw_json_text(entry, "version")), TW_V_TEXT(tw_json_text(entry, "updated")),
		TW_V_TEXT(tw_json_text(entry, "file")), TW_V_TEXT(o->has_signature ? o->digest : "") };
	const struct tw_value stays[] = { TW_V_INT(o->row->id), TW_V_TEXT(o->digest) };

	TW_TRY(tw_store_run(s, tw_sql_advisory_out, v, 1, NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_advisory_public_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_advisory_signature_forget, stays, TW_COUNT(stays), NULL, NULL));
	TW_TRY(tw_plan_done(s, o->row->id));
	return tw_advisory_told(o->c, &o->out);
}

/* In the row too, so that the answer says it. */
static tw_err note_out(struct tw_context *c, struct tw_advisory_row *row, const char *by)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *entry = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf products = { 0 };

	TW_TRY(tw_json_parse_deep(tw_buf_slice(&row->pending), TW_CSAF_MAX, TW_ADVISORY_DEEPEST, &document));
	TW_TRY(tw_csaf_entry(document, &entry));
	tw_buf_init(&products, c->sys, PRODUCTS_MAX);
	TW_TRY(tw_advisory_products(document, &products));
	struct outing o = { c, row, { row->name, document, entry, tw_buf_cstr(&products) }, "", false };
	TW_CLEANUP(tw_buf_done) struct tw_buf signature = { 0 };
	tw_buf_init(&signature, c->sys, TW_SIGNATURE_MAX);
	TW_TRY(tw_signing_digest(tw_buf_slice(&row->pending), o.digest));
	TW_TRY(tw_signing_signature(c, tw_buf_slice(&row->pending), &signature));
	o.has_signature = signature.size > 0;
	row->state = TW_ADVISORY_PUBLISHED;
	struct tw_advisory_change h = { .c = c,
		.row = row,
		.by = by,
		.what = "published",
		.text = tw_json_text(entry, "version"),
		.out = document,
		.beside = note_public,
		.user = &o };
	tw_err e = tw_advisory_write(&h);
	if (tw_failed(e))
		row->state = TW_ADVISORY_PUBLISHING;
	return e;
}

tw_err tw_advisory_release(struct tw_context *c, struct tw_advisory_row *row, const char *by)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .tree = { .parent = -1, .dir = -1 } };

	TW_TRY(begin(&w));
	TW_TRY(gather(&w, row->id));
	if (w.count)
		TW_TRY(write_tree(&w));
	return note_out(c, row, by);
}

/* --- At the start --- */

static tw_err take_name(void *user, const tw_row *row)
{
	struct tw_slice name = tw_row_bytes(row, 1);

	return tw_json_append(user, json_stringn(name.at, name.size));
}

static tw_err note_one_out(struct tw_context *c, struct tw_advisory_row *row)
{
	bool went = false;

	TW_TRY(may_go_out(c, tw_buf_slice(&row->pending), &went));
	if (!went)
		return TW_OK;
	TW_TRY(note_out(c, row, BY_START));
	tw_info("%s was on its way when the service ended, and is published now", row->name);
	return TW_OK;
}

static tw_err ask_one_again(struct tw_context *c, struct tw_advisory_row *row)
{
	struct tw_reply aside = { 0 };
	tw_err e = tw_advisory_ask_again(c, &aside, row, BY_START);

	if (!tw_failed(e) && aside.problem[0])
		tw_warn("%s was on its way when the service ended, and is not published: %s", row->name, aside.rule);
	tw_reply_done(&aside);
	return e;
}

static tw_err each_waiting(struct tw_context *c, tw_err (*does)(struct tw_context *c, struct tw_advisory_row *row))
{
	TW_CLEANUP(tw_jsonp) json_t *names = json_array();
	const struct tw_value all = TW_V_INT(0);
	const json_t *name;
	size_t i;

	TW_TRY(names ? tw_store_run(c->store, tw_sql_advisory_waiting, &all, 1, take_name, names) : TW_RAISE(NOMEM, "advisories"));
	json_array_foreach(names, i, name) {
		TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };

		TW_TRY(tw_advisory_load_name(c, json_string_value(name), &row));
		TW_TRY(does(c, &row));
	}
	return TW_OK;
}

tw_err tw_advisories_press(struct tw_context *c, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *names = json_array();
	const struct tw_value all = TW_V_INT(0);

	TW_TRY(names ? tw_store_run(c->store, tw_sql_advisory_waiting, &all, 1, take_name, names) : TW_RAISE(NOMEM, "advisories"));
	*ret = json_array_size(names) > 0 || !tw_advisories_there(c);
	return TW_OK;
}

tw_err tw_advisories_settle(struct tw_context *c)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .tree = { .parent = -1, .dir = -1 } };

	if (!tw_app_of(c)->desk.contact_count)
		return TW_OK;
	TW_TRY(each_waiting(c, ask_one_again));
	TW_TRY(begin(&w));
	TW_TRY(gather(&w, 0));
	if (w.count || w.stale)
		TW_TRY(write_tree(&w));
	return each_waiting(c, note_one_out);
}

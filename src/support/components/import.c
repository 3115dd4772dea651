/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imports: begun, brought piece by piece, ended. A piece names the place that it begins at, so one whose answer was lost may be sent again and is there once.
 * The end is one transaction: the import counts, the one before does not, the release's document and the journal's entry are written.
 */
#include "base/mem.h"
#include "base/text.h"
#include "support/components/components.h"
#include "support/platform/app.h"
#include "support/rows-components.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define KIND_COMPONENTS "components"
#define KIND_FINDINGS "findings"
#define SOURCE_SIZE 64               /* SHA-256 in hexadecimal */
#define GIVEN_UP_MS INT64_C(3600000) /* until then nobody can have looked at all behind it */
#define BUSY_MS 60000
#define FORGOTTEN_AT_ONCE 500 /* rows with their index entries: some ms */

bool tw_components_id_read(struct tw_slice name, char letter, int64_t *ret)
{
	uint64_t id = 0;

	if (name.size < 2 || name.at[0] != letter || name.at[1] == '0' ||
		tw_failed(tw_parse_u64((struct tw_slice){ name.at + 1, name.size - 1 }, INT64_MAX - 1, &id)))
		return false;
	*ret = (int64_t)id;
	return true;
}

void tw_components_id(char letter, int64_t id, char ret[24])
{
	(void)snprintf(ret, 24, "%c%lld", letter, (long long)id);
}

tw_err tw_components_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "release", rule, title, next, "%s", detail);
}

/* What the shape of entries refused, in its words. */
static tw_err refuse_entries(struct tw_reply *rp, tw_err e)
{
	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	return tw_reply_problem(rp, 422, "release", "release.entries", "An entry is not as it has to be",
		"Send it as doc/spec/triage.md says; nothing of this piece is stored.", "%s", tw_err_detail());
}

/* --- One --- */

struct import {
	int64_t id, release, wanted, there;
	bool findings, comes;
	char source[SOURCE_SIZE + 1], product[TW_PART_NAME_MAX + 1], version[TW_RELEASE_VERSION_MAX + 1];
	json_t *doc; /* owned; NULL: the release has none yet */
};

static void import_done(struct import *i)
{
	tw_jsonp(&i->doc);
}

static bool is(struct tw_slice s, const char *text)
{
	return tw_slice_is(s, text);
}

static tw_err take_import(void *user, const tw_row *row)
{
	struct import *i = user;

	i->id = tw_row_int(row, 0);
	i->release = tw_row_int(row, 1);
	i->findings = is(tw_row_bytes(row, 2), KIND_FINDINGS);
	i->comes = is(tw_row_bytes(row, 3), "comes");
	(void)snprintf(i->source, sizeof i->source, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 4)));
	i->wanted = tw_row_int(row, 5);
	i->there = tw_row_int(row, 6);
	(void)snprintf(i->product, sizeof i->product, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 7)));
	(void)snprintf(i->version, sizeof i->version, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 8)));
	return tw_row_bytes(row, 9).size ? tw_json_parse(tw_row_bytes(row, 9), TW_CASE_DOC_MAX, &i->doc) : TW_OK;
}

/* The import of the request's parameter, that still comes; a problem, and id 0, where there is none. */
static tw_err load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct import *ret)
{
	int64_t id = 0;

	if (tw_components_id_read(rq->parameter, 'i', &id))
		TW_TRY(tw_store_run(c->store, tw_sql_release_import_one, &TW_V_INT(id), 1, take_import, ret));
	if (ret->id && ret->comes)
		return TW_OK;
	id = ret->id;
	ret->id = 0;
	if (!id)
		return refuse(rp, 404, "release.unknown", "There is no such import", "Begin one: release.begin.", "No import has this name.");
	return refuse(rp, 409, "release.over", "This import does not come any more", "Begin another: release.begin.",
		"It has ended, or somebody has begun another one since.");
}

/* --- Beginning --- */

struct beginning {
	const json_t *input;
	int64_t now_ms, release, id;
	const char *by;
};

static tw_err begin(tw_store *s, void *user)
{
	struct beginning *b = user;
	const char *kind = tw_json_text(b->input, "kind");
	const struct tw_value of[] = { TW_V_TEXT(tw_json_text(b->input, "product")), TW_V_TEXT(tw_json_text(b->input, "version")) };

	TW_TRY(tw_store_run(s, tw_sql_release_make, of, TW_COUNT(of), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_release_find, of, TW_COUNT(of), tw_components_number, &b->release));
	const struct tw_value drop[] = { TW_V_TEXT(kind), TW_V_INT(b->release) };
	TW_TRY(tw_store_run(s, tw_sql_release_import_drop, drop, TW_COUNT(drop), NULL, NULL));
	const struct tw_value v[] = { TW_V_INT(b->release), TW_V_TEXT(kind), TW_V_TEXT(tw_json_text(b->input, "source")),
		TW_V_INT(tw_json_int(b->input, "count")), TW_V_INT(b->now_ms), TW_V_TEXT(b->by) };
	return tw_store_run(s, tw_sql_release_import_add, v, TW_COUNT(v), tw_components_number, &b->id);
}

static bool is_digest(const char *text)
{
	return strlen(text) == SOURCE_SIZE && strspn(text, "0123456789abcdef") == SOURCE_SIZE;
}

/* Two that end each other by turns would never end. */
static tw_err may_replace(struct tw_context *c, int64_t release, const char *kind, struct tw_reply *rp)
{
	const int64_t now_ms = tw_time_wall_ms(c->time);
	const struct tw_value v[] = { TW_V_INT(release), TW_V_TEXT(kind), TW_V_INT(now_ms - BUSY_MS), TW_V_INT(now_ms) };
	int64_t count = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_release_import_busy, v, TW_COUNT(v), tw_components_number, &count));
	if (!count)
		return TW_OK;
	return refuse(rp, 409, "release.busy", "Somebody is importing this release", "Wait until it has ended; a minute, if it was cut.",
		"An import of the same release and kind was gone on with less than a minute ago.");
}

/* "" when it may begin, else the rule; a problem is written. */
static tw_err may_begin(struct tw_context *c, const json_t *in, struct tw_reply *rp)
{
	const char *product = tw_json_text(in, "product"), *version = tw_json_text(in, "version"), *kind = tw_json_text(in, "kind");
	const bool findings = !strcmp(kind, KIND_FINDINGS);
	int64_t count = 0;

	if (!findings && strcmp(kind, KIND_COMPONENTS) != 0)
		return refuse(rp, 422, "release.kind", "There is no such kind", "components or findings.", "An import is one of two.");
	if (!tw_products_find(tw_app_of(c)->products, tw_slice_of(product)))
		return refuse(rp, 422, "release.product", "There is no such product",
			"Name one of app/products.json; it is read at the start.", "Releases are of products that are known here.");
	if (!tw_text_printable(tw_slice_of(version)))
		return refuse(rp, 422, "release.version", "That is no version", "Write it as products.json does.",
			"A version has no control characters.");
	if (!is_digest(tw_json_text(in, "source")))
		return refuse(rp, 422, "release.source", "That is no SHA-256", "64 digits of hexadecimal, small.",
			"source is the SHA-256 of the inventory.");
	if (tw_json_int(in, "count") > (findings ? TW_RELEASE_FINDINGS_MAX : TW_RELEASE_COMPONENTS_MAX))
		return tw_reply_problem(rp, 413, "release", "release.size", "That is more than a release may have",
			"Import what the device has, and not what a whole distribution has.",
			"A release has at most %d components, and %d findings.", TW_RELEASE_COMPONENTS_MAX, TW_RELEASE_FINDINGS_MAX);
	const struct tw_value of[] = { TW_V_TEXT(product), TW_V_TEXT(version) };
	int64_t there = 0;
	TW_TRY(tw_store_run(c->store, tw_sql_release_find, of, TW_COUNT(of), tw_components_number, &there));
	TW_TRY(tw_store_run(c->store, tw_sql_release_count, NULL, 0, tw_components_number, &count));
	if (!there && count >= TW_RELEASES_MAX)
		return tw_reply_problem(rp, 409, "release", "release.full", "There are too many releases",
			"None is taken away; ask whoever looks after the server.", "There are %d releases at most.", TW_RELEASES_MAX);
	return there ? may_replace(c, there, kind, rp) : TW_OK;
}

tw_err tw_op_release_begin(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct beginning b = { rq->input, tw_time_wall_ms(c->time), 0, 0, tw_subject_key(&rq->subject) };
	char id[24], release[24];

	TW_TRY(may_begin(c, rq->input, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_store_transaction(c->store, begin, &b));
	tw_components_id('i', b.id, id);
	tw_components_id('v', b.release, release);
	rp->body = json_pack("{s:s, s:s}", "id", id, "release", release);
	rp->status = 201;
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/release-pieces/%s", id);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "an import");
}

/* --- A piece --- */

struct piece {
	struct tw_context *c;
	const struct import *import;
	const json_t *entries;
	int64_t now_ms;
};

static tw_err put_component(tw_store *s, const struct piece *p, const json_t *entry)
{
	const char *name = tw_json_text(entry, "name");
	char key[TW_PART_NAME_MAX + 1];

	tw_component_key(tw_slice_of(name), key);
	const struct tw_value v[] = { TW_V_INT(p->import->id), TW_V_TEXT(name), TW_V_TEXT(key),
		TW_V_TEXT(tw_json_text(entry, "version")), TW_V_TEXT(tw_json_text(entry, "purl")),
		TW_V_TEXT(tw_json_text(entry, "cpe")), TW_V_TEXT(tw_json_text(entry, "supplier")) };
	return tw_store_run(s, tw_sql_component_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err put_piece(tw_store *s, void *user)
{
	const struct piece *p = user;
	const struct tw_finding_load l = { p->c, p->import->product, p->import->release, p->import->id, p->now_ms };
	const struct tw_value v[] = { TW_V_INT(p->import->id), TW_V_INT(p->import->there + (int64_t)json_array_size(p->entries)),
		TW_V_INT(p->now_ms) };
	const json_t *entry;
	size_t i;

	json_array_foreach(p->entries, i, entry)
		TW_TRY(p->import->findings ? tw_finding_store(s, &l, entry) : put_component(s, p, entry));
	return tw_store_run(s, tw_sql_release_import_moved, v, TW_COUNT(v), NULL, NULL);
}

/* Whether the piece goes on where the import stands; one that is there already is answered as if it were new. */
static tw_err fits(const struct import *i, const struct tw_request *rq, struct tw_reply *rp, bool *ret)
{
	const int64_t from = tw_json_int(rq->input, "from"), size = (int64_t)json_array_size(tw_json_get(rq->input, "entries"));

	*ret = from == i->there && from + size <= i->wanted;
	if (*ret || (size && from + size == i->there))
		return TW_OK;
	return tw_reply_problem(rp, 409, "release", "release.place", "This piece does not go on from there",
		"Go on where the import stands, or begin another.", "It has %lld of %lld entries.", (long long)i->there,
		(long long)i->wanted);
}

tw_err tw_op_release_add(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(import_done) struct import i = { .id = 0 };
	struct piece p = { c, &i, tw_json_get(rq->input, "entries"), tw_time_wall_ms(c->time) };
	bool is_new = false;

	TW_TRY(load(c, rq, rp, &i));
	if (!i.id)
		return TW_OK;
	tw_err e = i.findings ? tw_findings_check(c->sys, p.entries) : tw_components_check(p.entries);
	if (tw_failed(e))
		return refuse_entries(rp, e);
	TW_TRY(fits(&i, rq, rp, &is_new));
	if (rp->problem[0])
		return TW_OK;
	rp->body = json_pack("{s:I}", "there", (json_int_t)(i.there + (is_new ? (int64_t)json_array_size(p.entries) : 0)));
	if (!rp->body)
		return TW_RAISE(NOMEM, "an import");
	e = is_new ? tw_store_transaction(c->store, put_piece, &p) : TW_OK;
	if (!tw_is(e, TW_CODE_EXISTS))
		return e;
	json_decref(rp->body);
	rp->body = NULL;
	return refuse(rp, 422, "release.twice", "A finding comes twice", "Send each once; nothing of this piece is stored.",
		"The same vulnerability in the same component and version is in this import already.");
}

/* --- Its end --- */

struct ending {
	struct import *import;
	struct tw_document d;
};

static void ending_done(struct ending *e)
{
	tw_document_done(&e->d);
}

static tw_err end_import(tw_store *s, void *user)
{
	struct ending *e = user;
	const char *kind = e->import->findings ? KIND_FINDINGS : KIND_COMPONENTS;
	const struct tw_value live[] = { TW_V_INT(e->import->id), TW_V_INT(e->d.now_ms) };
	const struct tw_value gone[] = { TW_V_INT(e->import->release), TW_V_TEXT(kind), TW_V_INT(e->import->id) };
	const struct tw_value put[] = { TW_V_INT(e->import->release), TW_V_TEXT(kind), TW_V_INT(e->import->id),
		TW_V_SLICE(tw_buf_slice(&e->d.text)) };

	TW_TRY(tw_store_run(s, tw_sql_release_import_live, live, TW_COUNT(live), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_release_import_gone, gone, TW_COUNT(gone), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_release_put, put, TW_COUNT(put), NULL, NULL));
	return tw_journal_append(e->d.c, e->d.entry);
}

/* The release's document, with this import in the place of the one before. */
static tw_err document_of(struct tw_context *c, const struct tw_request *rq, const struct import *i, int64_t now_ms, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = i->doc ? json_deep_copy(i->doc) : json_object();
	json_t *part = json_pack("{s:I, s:s, s:s}", "count", (json_int_t)i->wanted, "sbom", i->source, "by", tw_subject_key(&rq->subject));
	char id[24];

	if (!doc || (i->doc && !json_equal(doc, i->doc))) {
		json_decref(part);
		return TW_RAISE(NOMEM, "a release");
	}
	TW_TRY(tw_json_set(doc, i->findings ? KIND_FINDINGS : KIND_COMPONENTS, part));
	TW_TRY(tw_case_set_time(part, "at", now_ms));
	tw_components_id('v', i->release, id);
	TW_TRY(tw_json_set(doc, "id", json_string(id)));
	TW_TRY(tw_json_set(doc, "product", json_string(i->product)));
	TW_TRY(tw_json_set(doc, "version", json_string(i->version)));
	if (!i->doc)
		TW_TRY(tw_document_salt(c, doc));
	*ret = TW_STEAL(doc);
	return TW_OK;
}

tw_err tw_op_release_end(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(import_done) struct import i = { .id = 0 };
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *shown = NULL;
	const int64_t now_ms = tw_time_wall_ms(c->time);

	TW_TRY(load(c, rq, rp, &i));
	if (!i.id)
		return TW_OK;
	if (i.there != i.wanted)
		return tw_reply_problem(rp, 409, "release", "release.place", "The import is not whole", "Send what is missing.",
			"It has %lld of %lld entries.", (long long)i.there, (long long)i.wanted);
	TW_TRY(document_of(c, rq, &i, now_ms, &doc));
	TW_CLEANUP(ending_done)
	struct ending e = { &i,
		{ .c = c,
			.now_ms = now_ms,
			.by = tw_subject_key(&rq->subject),
			.what = rq->operation->name,
			.name = tw_json_text(doc, "id"),
			.before = i.doc,
			.after = doc } };
	TW_TRY(tw_document_prepare(&e.d));
	TW_TRY(tw_document_shown(c, doc, &shown)); /* nothing may fail any more once it is on the disk */
	TW_TRY(tw_store_transaction(c->store, end_import, &e));
	rp->body = TW_STEAL(shown);
	return TW_OK;
}

/* --- What is left of those that do not count --- */

static tw_err forget(tw_store *s, void *user)
{
	static const char *const of[] = { tw_sql_component_forget, tw_sql_finding_seen_forget, tw_sql_finding_decision_forget };
	const struct tw_value v[] = { TW_V_INT(*(const int64_t *)user), TW_V_INT(FORGOTTEN_AT_ONCE) };
	int64_t count = 0;

	for (size_t i = 0; i < TW_COUNT(of); i++) {
		TW_TRY(tw_store_run(s, of[i], v, TW_COUNT(v), NULL, NULL));
		count += tw_store_changes(s);
	}
	return count ? TW_OK : tw_store_run(s, tw_sql_release_import_forgotten, v, 1, NULL, NULL);
}

tw_err tw_components_forget(tw_store *s, int64_t now_ms, bool *ret_more)
{
	int64_t id = 0;

	*ret_more = false;
	TW_TRY(tw_store_run(s, tw_sql_release_import_old, &TW_V_INT(now_ms - GIVEN_UP_MS), 1, NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_release_import_first_gone, NULL, 0, tw_components_number, &id));
	if (!id)
		return TW_OK;
	*ret_more = true;
	return tw_store_transaction(s, forget, &id);
}

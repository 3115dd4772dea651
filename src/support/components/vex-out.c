/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What findings and decisions of a release come to, for its customers: CSAF (csaf_vex) or OpenVEX, by product/vex.c. Nothing is kept of it: a document is
 * a function of what is stored. Each import of findings that has counted, and each decision made here of something in the release, is a revision with its
 * moment, so the same store gives the same document, and a change of it a later version.
 */
#include "base/mem.h"
#include "base/text.h"
#include "product/vex.h"
#include "support/components/pages.h"
#include "support/platform/app.h"
#include "support/rows-components.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define STATEMENTS_MAX 1000 /* the document is made and checked in one turn of the loop, which others wait for */
#define REVISIONS_MAX 500
#define FIRST "First triage of this release."
#define AGAIN "Triage of the same release again."

struct making {
	struct tw_context *c;
	int64_t release, last_ms;
	int64_t statements;
	size_t revisions;
	char product[TW_PRODUCT_NAME_MAX + 1], version[TW_RELEASE_VERSION_MAX + 1];
	json_t *items, *decisions, *about, *history, *previous, *document; /* owned */
};

static void making_done(struct making *m)
{
	tw_jsonp(&m->items);
	tw_jsonp(&m->decisions);
	tw_jsonp(&m->about);
	tw_jsonp(&m->history);
	tw_jsonp(&m->previous);
	tw_jsonp(&m->document);
}

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "release", rule, title, next, "%s", detail);
}

/* --- What is in it --- */

static tw_err take_release(void *user, const tw_row *row)
{
	struct making *m = user;

	m->release = tw_row_int(row, 0);
	(void)snprintf(m->product, sizeof m->product, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 1)));
	(void)snprintf(m->version, sizeof m->version, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 2)));
	return TW_OK;
}

static tw_err add_decision(struct making *m, const json_t *item, struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *d = NULL;
	const char *vulnerability = tw_json_text(item, "vulnerability");
	json_t *list = json_object_get(m->decisions, vulnerability);

	TW_TRY(tw_json_parse(text, TW_CASE_DOC_MAX, &d));
	TW_TRY(tw_json_set(d, "component", json_string(tw_json_text(item, "component"))));
	if (!list) {
		list = json_array();
		TW_TRY(tw_json_set(m->decisions, vulnerability, list));
	}
	return tw_json_append(list, TW_STEAL(d));
}

static tw_err take_item(void *user, const tw_row *row)
{
	struct making *m = user;
	TW_CLEANUP(tw_jsonp) json_t *item = NULL;
	char number[24];

	TW_TRY(tw_json_parse(tw_row_bytes(row, 2), TW_ENTRY_MAX, &item));
	TW_TRY(tw_json_set(item, "state", json_string(tw_finding_state((int)tw_row_int(row, 1), 0, false))));
	if (!tw_row_null(row, 3))
		TW_TRY(add_decision(m, item, tw_row_bytes(row, 3)));
	tw_components_id('t', tw_row_int(row, 0), number);
	return tw_json_set(m->items, number, TW_STEAL(item));
}

/* --- Its revisions --- */

static tw_err take_revision(void *user, const tw_row *row)
{
	struct making *m = user;
	char date[TW_TIME_TEXT_MAX], number[24];

	m->last_ms = tw_row_int(row, 0);
	tw_time_text(m->last_ms, date);
	(void)snprintf(number, sizeof number, "%zu", ++m->revisions);
	return tw_json_append(m->history,
		json_pack("{s:s, s:s, s:s}", "date", date, "number", number, "summary", m->revisions == 1 ? FIRST : AGAIN));
}

/* The document of one revision before, as far as the next is made from it. */
static tw_err make_previous(struct making *m, bool openvex, const char *space)
{
	char id[TW_DESK_PATH_MAX + 256];

	if (m->revisions < 2)
		return TW_OK;
	if (openvex) {
		(void)snprintf(id, sizeof id, "%svex/%s-%s", space, m->product, m->version);
		m->previous = json_pack("{s:s, s:I}", "@id", id, "version", (json_int_t)m->revisions - 1);
	} else {
		(void)snprintf(id, sizeof id, "%s-%s-vex", m->product, m->version);
		(void)json_array_remove(m->history, json_array_size(m->history) - 1); /* which is made now */
		m->previous = json_pack("{s:{s:{s:s, s:s, s:O}}}", "document", "tracking", "id", id, "initial_release_date",
			tw_json_text(json_array_get(m->history, 0), "date"), "revision_history", m->history);
	}
	return m->previous ? TW_OK : TW_RAISE(NOMEM, "a document");
}

/* --- The document --- */

static tw_err make_about(struct making *m, const struct tw_desk *desk, const char *title, const char *space)
{
	m->about = json_pack("{s:{s:s, s:s}, s:{s:s}, s:{s:s}}", "product", "code", m->product, "name", title, "organization",
		"name", desk->name, "contacts", "policy-url", space);
	return m->about ? TW_OK : TW_RAISE(NOMEM, "a product");
}

static tw_err make(struct making *m, bool openvex)
{
	const struct tw_app *app = tw_app_of(m->c);
	const char *title = tw_json_text(tw_products_find(app->products, tw_slice_of(m->product)), "title");
	char now[TW_TIME_TEXT_MAX], space[sizeof app->desk.site + 1];
	struct tw_vex_from whole = { .version = m->version, .items = m->items, .decisions = m->decisions, .now = now };

	(void)snprintf(space, sizeof space, "%s/", app->desk.site);
	tw_time_text(m->last_ms, now);
	TW_TRY(make_about(m, &app->desk, *title ? title : m->product, space));
	TW_TRY(make_previous(m, openvex, space));
	whole.product = m->about;
	whole.previous = m->previous;
	return openvex ? tw_vex_openvex(m->c->sys, &whole, &m->document) : tw_vex_csaf(m->c->sys, &whole, &m->document);
}

/* Whether a document can be made of it now; a problem otherwise. */
static tw_err may(const struct making *m, struct tw_reply *rp)
{
	const struct tw_desk *desk = &tw_app_of(m->c)->desk;

	if (!*desk->name || !*desk->site)
		return refuse(rp, 409, "release.publisher", "It is not known whose desk this is",
			"Write app/desk.json: name and site.", "A document names its publisher.");
	if (!m->revisions)
		return refuse(rp, 409, "release.findings", "No findings have been imported of this release",
			"thingward desk findings import.", "There is nothing that a document would say.");
	if (m->statements > STATEMENTS_MAX || m->revisions > REVISIONS_MAX)
		return tw_reply_problem(rp, 409, "release", "release.vex", "That is more than the server makes at once",
			"thingward desk decisions export, then thingward triage vex.",
			"A document made here has %d statements and %d revisions at most.", STATEMENTS_MAX, REVISIONS_MAX);
	return TW_OK;
}

static tw_err read_all(struct making *m)
{
	const struct tw_value items[] = { TW_V_INT(m->release), TW_V_INT(STATEMENTS_MAX + 1) };
	const struct tw_value revisions[] = { TW_V_INT(m->release), TW_V_TEXT(m->product), TW_V_INT(REVISIONS_MAX + 1) };

	if (!m->items || !m->decisions || !m->history)
		return TW_RAISE(NOMEM, "a document");
	TW_TRY(tw_store_run(m->c->store, tw_sql_vex_count, items, TW_COUNT(items), tw_components_number, &m->statements));
	if (m->statements <= STATEMENTS_MAX)
		TW_TRY(tw_store_run(m->c->store, tw_sql_vex_items, items, TW_COUNT(items), take_item, m));
	return tw_store_run(m->c->store, tw_sql_vex_revisions, revisions, TW_COUNT(revisions), take_revision, m);
}

/* NULL in the document, and a problem, where there is none. */
static tw_err document_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct making *m)
{
	const char *format = tw_json_text(rq->input, "format");
	const bool openvex = !strcmp(format, "openvex");
	int64_t id = 0;

	if (*format && !openvex && strcmp(format, "csaf") != 0)
		return refuse(rp, 422, "release.format", "There is no such format", "csaf or openvex.", "VEX is written as one of two.");
	if (tw_components_id_read(rq->parameter, 'v', &id))
		TW_TRY(tw_store_run(c->store, tw_sql_release_one, &TW_V_INT(id), 1, take_release, m));
	if (!m->release)
		return refuse(rp, 404, "release.unknown", "There is no such release", "List them: releases.list.",
			"No release has this name.");
	TW_TRY(read_all(m));
	TW_TRY(may(m, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = make(m, openvex);
	if (!tw_is(e, TW_CODE_STATE))
		return e;
	return tw_reply_problem(
		rp, 409, "release", "release.vex", "No document comes of it", "Look at what it says.", "%s", tw_err_detail());
}

tw_err tw_op_release_vex(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(making_done)
	struct making m = { .c = c, .items = json_object(), .decisions = json_object(), .history = json_array() };

	TW_TRY(document_of(c, rq, rp, &m));
	if (rp->problem[0])
		return TW_OK;
	rp->body = json_pack("{s:O}", "document", m.document);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "an answer");
}

/* The same as a file for whoever works with a browser. */
tw_err tw_desk_vex(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(making_done)
	struct making m = { .c = c, .items = json_object(), .decisions = json_object(), .history = json_array() };

	TW_TRY(document_of(c, rq, rp, &m));
	return rp->problem[0] ? TW_OK : tw_json_write(m.document, tw_reply_text(rp, c->sys, "application/json"));
}

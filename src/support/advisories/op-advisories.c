/* SPDX-License-Identifier: Apache-2.0 */
/* Advisories: list, new (from a profile or a case), read, change, clone, withdraw; findings, revisions, history and differences. */
#include "base/text.h"
#include "product/advisory.h"
#include "service/path/page.h"
#include "support/advisories/describe.h"
#include "support/advisories/plan.h"
#include "support/advisories/registered.h"
#include "support/advisories/search.h"
#include "support/advisories/signing.h"
#include "support/advisories/typed.h"
#include "support/cases/cases.h"
#include "support/platform/app.h"
#include "support/rows-advisories.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define PROFILE "csaf_security_advisory"
#define FIRST "Initial version."
#define VERSIONS_MAX 4096 /* bytes: a case has 1000, and each range may get a scheme */

/* --- The list --- */

static tw_err set_text(json_t *j, const char *key, struct tw_slice text)
{
	return tw_json_set(j, key, json_stringn(text.size ? text.at : "", text.size));
}

static tw_err list_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char text[TW_TIME_TEXT_MAX];

	if (!tw_page_takes(p))
		return TW_OK;
	tw_time_text(tw_row_int(row, 7), text);
	j = json_pack("{s:I, s:b, s:s}", "revision", (json_int_t)tw_row_int(row, 5), "published", tw_row_int(row, 6) > 0, "changed", text);
	TW_TRY(set_text(j, "id", tw_row_bytes(row, 1)));
	TW_TRY(set_text(j, "title", tw_row_bytes(row, 2)));
	TW_TRY(set_text(j, "state", tw_row_bytes(row, 3)));
	if (tw_row_bytes(row, 8).size)
		TW_TRY(set_text(j, "released", tw_row_bytes(row, 8)));
	if (tw_row_int(row, 9)) {
		tw_time_text(tw_row_int(row, 9), text);
		TW_TRY(tw_json_set(j, "planned", json_string(text)));
	}
	if (tw_row_int(row, 4))
		TW_TRY(tw_json_set(j, "case", json_sprintf("c%lld", (long long)tw_row_int(row, 4))));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

tw_err tw_op_advisories_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_advisory_search search;
	uint64_t from = 0;
	struct tw_page p;

	TW_TRY(tw_advisory_search_of(c, rq, rp, &search));
	if (!rp->problem[0])
		TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &from));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_advisory_search_list(c, &search, (int64_t)from, (int64_t)p.limit + 1, list_one, &p));
	return tw_page_end(&p, rp);
}

/* --- A new one --- */

static tw_err answer_new(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t case_id, const json_t *content)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	tw_err e = tw_advisory_new(c, tw_subject_key(&rq->subject), case_id, content, &row);

	if (tw_is(e, TW_CODE_STATE) && tw_store_fault(c->store) == TW_STORE_WELL)
		return tw_advisory_refuse(rp, 409, "advisory.full", "No more advisories are taken",
			"Ask whoever runs this service.", "As many are stored as may be.");
	TW_TRY(e);
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/advisories/%s", row.name);
	rp->status = 201;
	return tw_advisory_short(&row, &rp->body);
}

/* The case that is named, as far as whoever asks sees it; NULL, and no problem, when none is. */
static tw_err case_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret_id, json_t **ret)
{
	const char *name = tw_json_text(rq->input, "case");
	struct tw_request of = *rq;

	*ret_id = 0;
	if (!*name)
		return TW_OK;
	of.parameter = tw_slice_of(name);
	return tw_case_load(c, &of, rp, ret_id, ret);
}

/* What was not said is the case's. */
static const char *said(const struct tw_request *rq, const json_t *of_case, const char *key)
{
	const char *text = tw_json_text(rq->input, key);

	return *text ? text : tw_json_text(of_case, key);
}

/* Versions, weakness and score are the case's, as far as CSAF 2.0 has a place for them; what is known of the product is the registry's. */
static tw_err of_the_case(struct tw_context *c, const json_t *of_case, const char *affected, json_t *document)
{
	const char *cvss = tw_json_text(of_case, "cvss");
	TW_CLEANUP(tw_jsonp) json_t *said = json_object();

	if (!said)
		return TW_RAISE(NOMEM, "an advisory");
	if (!tw_json_get(document, "vulnerabilities"))
		return TW_OK;
	if (*tw_json_text(of_case, "cwe"))
		TW_TRY(tw_json_set(said, "cwe", json_string(tw_json_text(of_case, "cwe"))));
	if (*cvss && strncmp(cvss, "CVSS:4", 6) != 0)
		TW_TRY(tw_json_set(said, "cvss", json_string(cvss)));
	if (*affected)
		TW_TRY(tw_json_set(said, "affected", json_string(affected)));
	return tw_advisory_describe(c->sys, document, said, tw_app_of(c)->products);
}

static tw_err draft(struct tw_context *c, const struct tw_request *rq, const json_t *of_case, json_t **ret)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;
	const char *profile = tw_json_text(rq->input, "profile"), *cves[] = { said(rq, of_case, "cve"), NULL };
	const char *product = said(rq, of_case, "product"), *versions = tw_json_text(of_case, "versions");
	TW_CLEANUP(tw_buf_done) struct tw_buf affected = { 0 };
	struct tw_registered known = { NULL, "" };
	char policy[sizeof d->site + 16];
	bool understood = false;

	tw_buf_init(&affected, c->sys, VERSIONS_MAX);
	if (tw_registered_find(tw_app_of(c)->products, product, &known) && !*known.model)
		product = tw_json_text(known.product, "title");
	if (*product)
		TW_TRY(tw_typed_versions(c->sys, tw_json_get(known.product, "versions"), versions, &affected, &understood));
	const struct tw_advisory_case about = { .publisher = d->name,
		.namespace = d->site,
		.contact = d->contacts[0],
		.policy = policy,
		.product = product,
		.versions = understood ? "" : versions,
		.text = tw_json_text(of_case, "description") };
	const struct tw_advisory a = {
		.profile = *profile ? profile : PROFILE, .title = said(rq, of_case, "title"), .cves = *cves[0] ? cves : cves + 1
	};

	(void)snprintf(policy, sizeof policy, "%s/policy", d->site);
	TW_TRY(tw_advisory_of_case(&about, &a, ret));
	return of_the_case(c, of_case, understood ? tw_buf_cstr(&affected) : "", *ret);
}

tw_err tw_advisory_refuse_input(struct tw_reply *rp, tw_err e)
{
	char why[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return tw_advisory_refuse(rp, 422, "advisory.document", "That is no advisory", "Mend what is named, and send it again.", why);
}

tw_err tw_op_advisory_create(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *of_case = NULL, *document = NULL, *content = NULL;
	int64_t id = 0;

	if (!tw_app_of(c)->desk.contact_count)
		return tw_advisory_refuse(rp, 409, "advisory.desk", "Nobody has said whose advisories these are",
			"Write app/" TW_DESK_FILE " and start the service again.", "An advisory names its publisher.");
	TW_TRY(case_of(c, rq, rp, &id, &of_case));
	if (rp->problem[0])
		return TW_OK;
	if (!*said(rq, of_case, "title"))
		return tw_advisory_refuse(rp, 422, "advisory.title", "It has no title",
			"Give title=..., or the case=... that it is about.", "An advisory has a title, of its own or its case's.");
	tw_err e = draft(c, rq, of_case, &document);
	if (tw_failed(e))
		return tw_advisory_refuse_input(rp, e);
	TW_TRY(tw_advisory_content_of(document, "final", FIRST, &content));
	return answer_new(c, rq, rp, id, content);
}

/* It goes on where the other stands, under an id of its own, and not to be published by mistake. */
tw_err tw_op_advisory_clone(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	const char *title = tw_json_text(rq->input, "title");
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (!there)
		return TW_OK;
	TW_TRY(tw_advisory_content_of(tw_json_get(row.content, "document"), tw_json_text(row.content, "status"), FIRST, &content));
	json_t *head = tw_json_get(tw_json_get(content, "document"), "document");
	if (*title)
		TW_TRY(tw_json_set(head, "title", json_string(title)));
	TW_TRY(tw_json_set(head, "distribution", json_pack("{s:{s:s}}", "tlp", "label", "AMBER")));
	return answer_new(c, rq, rp, row.case_id, content);
}

/* --- One --- */

static tw_err show_signature(struct tw_context *c, const struct tw_advisory_row *r, json_t *j)
{
	const char *state = "none", *missing = tw_signing_missing(tw_app_of(c));

	TW_TRY(tw_signing_state(c, r, &state));
	TW_TRY(tw_json_set(j, "signature", json_string(state)));
	return *missing && (r->pending.size || strcmp(state, "waits") == 0) ? tw_json_set(j, "signing", json_string(missing)) : TW_OK;
}

static tw_err shown(struct tw_context *c, const struct tw_advisory_row *r, json_t *j)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *authors = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	TW_TRY(tw_advisory_document(c, r, &document));
	tw_buf_init(&text, c->sys, 2 * (size_t)TW_ADVISORY_MAX);
	TW_TRY(tw_json_pretty(document, &text));
	TW_TRY(tw_json_set(j, "document", json_stringn(text.data, text.size)));
	TW_TRY(authors ? tw_advisory_authors(c, r, authors) : TW_RAISE(NOMEM, "an advisory"));
	TW_TRY(tw_json_set(j, "authors", TW_STEAL(authors)));
	TW_TRY(tw_json_set(j, "title", json_string(tw_json_text(tw_json_get(document, "document"), "title"))));
	TW_TRY(tw_json_set(j, "status", json_string(tw_json_text(r->content, "status"))));
	TW_TRY(tw_json_set(j, "summary", json_string(tw_json_text(r->content, "summary"))));
	TW_TRY(tw_json_set(j, "published", json_boolean(r->released > 0)));
	TW_TRY(show_signature(c, r, j));
	TW_TRY(tw_plan_show(c, r, j));
	const char *advised = tw_advisory_status_advised(
		r->content, r->published, r->state == TW_ADVISORY_PUBLISHED, tw_time_wall_ms(c->time));
	if (*advised)
		TW_TRY(tw_json_set(j, "advised", json_string(advised)));
	if (r->case_id)
		TW_TRY(tw_json_set(j, "case", json_sprintf("c%lld", (long long)r->case_id)));
	if (r->approved_by[0])
		TW_TRY(tw_json_set(j, "approved_by", json_string(r->approved_by)));
	return r->comment[0] ? tw_json_set(j, "comment", json_string(r->comment)) : TW_OK;
}

tw_err tw_op_advisory_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (!there)
		return TW_OK;
	TW_TRY(tw_advisory_short(&row, &rp->body));
	return shown(c, &row, rp->body);
}

tw_err tw_op_advisory_findings(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	json_t *list = json_array();
	bool there = false;

	rp->body = json_object();
	tw_err e = tw_json_set(rp->body, "findings", list);
	if (!tw_failed(e))
		e = tw_advisory_load(c, rq, rp, &row, &there);
	if (tw_failed(e) || !there)
		return e;
	TW_TRY(tw_advisory_findings(c, &row, list));
	TW_TRY(tw_json_set(rp->body, "revision", json_integer((json_int_t)row.revision)));
	return tw_json_set(rp->body, "valid", json_boolean(json_array_size(list) == 0));
}

/* --- What it was --- */

static tw_err one_revision(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char at[TW_TIME_TEXT_MAX];

	if (!tw_page_takes(p))
		return TW_OK;
	tw_time_text(tw_row_int(row, 1), at);
	j = json_pack("{s:I, s:s}", "number", (json_int_t)tw_row_int(row, 0), "at", at);
	TW_TRY(set_text(j, "who", tw_row_bytes(row, 2)));
	TW_TRY(set_text(j, "hash", tw_row_bytes(row, 3)));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

static tw_err one_step(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char at[TW_TIME_TEXT_MAX];

	if (!tw_page_takes(p))
		return TW_OK;
	tw_time_text(tw_row_int(row, 2), at);
	j = json_pack("{s:I, s:s}", "revision", (json_int_t)tw_row_int(row, 1), "at", at);
	TW_TRY(set_text(j, "who", tw_row_bytes(row, 3)));
	TW_TRY(set_text(j, "what", tw_row_bytes(row, 4)));
	TW_TRY(set_text(j, "text", tw_row_bytes(row, 5)));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

static tw_err pages(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const char *sql,
	tw_err (*one)(void *user, const tw_row *row))
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	uint64_t from = 0;
	bool there = false;
	struct tw_page p;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (there)
		TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (there && !rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &from));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(row.id), TW_V_INT((int64_t)from), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, sql, v, TW_COUNT(v), one, &p));
	return tw_page_end(&p, rp);
}

tw_err tw_op_advisory_revisions(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return pages(c, rq, rp, tw_sql_advisory_revisions, one_revision);
}

tw_err tw_op_advisory_history(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return pages(c, rq, rp, tw_sql_advisory_steps, one_step);
}

static tw_err take_content(void *user, const tw_row *row)
{
	return tw_json_parse_deep(tw_row_bytes(row, 0), 2 * (size_t)TW_ADVISORY_MAX, TW_ADVISORY_DEEPEST + 1, user);
}

static tw_err revision_of(struct tw_context *c, const struct tw_advisory_row *r, int64_t number, struct tw_reply *rp, json_t **ret)
{
	const struct tw_value v[] = { TW_V_INT(r->id), TW_V_INT(number) };

	TW_TRY(tw_store_run(c->store, tw_sql_advisory_revision_one, v, TW_COUNT(v), take_content, ret));
	return *ret ? TW_OK
		    : tw_advisory_refuse(rp, 404, "advisory.revision", "There is no such revision",
			      "advisory.revisions lists them.", "The advisory has no revision of that number.");
}

/* As it was written, whatever became of it: without tracking, which is made when it goes out. */
tw_err tw_op_advisory_revision(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const int64_t number = tw_json_int(rq->input, "revision");
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (there)
		TW_TRY(revision_of(c, &row, number, rp, &content));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&text, c->sys, 2 * (size_t)TW_ADVISORY_MAX);
	TW_TRY(tw_json_pretty(tw_json_get(content, "document"), &text));
	rp->body = json_pack("{s:s, s:I, s:s, s:s}", "id", row.name, "revision", (json_int_t)number, "status",
		tw_json_text(content, "status"), "summary", tw_json_text(content, "summary"));
	return tw_json_set(rp->body, "document", json_stringn(text.data, text.size));
}

tw_err tw_op_advisory_diff(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *after = NULL, *list = json_array();
	int64_t to = tw_json_int(rq->input, "to");
	bool there = false, cut = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (!there)
		return TW_OK;
	TW_TRY(revision_of(c, &row, tw_json_int(rq->input, "from"), rp, &before));
	if (!rp->problem[0])
		TW_TRY(revision_of(c, &row, to ? to : row.revision, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(list ? tw_advisory_diff(c->sys, before, after, list, &cut) : TW_RAISE(NOMEM, "differences"));
	rp->body = json_pack("{s:O, s:b}", "differences", list, "cut", cut);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "differences");
}

/* --- Saying something else --- */

static tw_err revise(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row,
	const char *what, const json_t *content)
{
	struct tw_advisory_change h = { .c = c, .row = row, .by = tw_subject_key(&rq->subject), .what = what, .content = content };

	if (row->revision >= TW_ADVISORY_REVISIONS_MAX)
		return tw_advisory_refuse(rp, 409, "advisory.revisions", "It has been changed too often",
			"Clone it, and go on there.", "All revisions of an advisory stay, and there are as many as may be.");
	TW_TRY(tw_advisory_write(&h));
	return tw_advisory_short(row, &rp->body);
}

tw_err tw_advisory_to_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row)
{
	const char *status = tw_json_text(rq->input, "status");
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, row, &there));
	if (!there)
		return TW_OK;
	if (tw_json_int(rq->input, "revision") != row->revision)
		return tw_reply_problem(rp, 412, "changed", "advisory.changed", "Somebody else changed it first",
			"Read it again, and decide again.", "It is at revision %lld now.", (long long)row->revision);
	if (*status && strcmp(status, "final") != 0 && strcmp(status, "interim") != 0)
		return tw_advisory_refuse(rp, 422, "advisory.status", "There is no such status", "final or interim.",
			"CSAF 2.0 section 3.2.1.12.7: what is published is final or interim.");
	return tw_advisory_move(row->state, TW_ADVISORY_CHANGE, &row->state) ? TW_OK : tw_advisory_not_now(rp, row);
}

tw_err tw_advisory_changed(
	struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row, const json_t *document)
{
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	const char *status = tw_json_text(rq->input, "status"), *summary = tw_json_text(rq->input, "summary");
	tw_err e = tw_advisory_content_of(document, *status ? status : tw_json_text(row->content, "status"),
		*summary ? summary : tw_json_text(row->content, "summary"), &content);

	return tw_failed(e) ? tw_advisory_refuse_input(rp, e) : revise(c, rq, rp, row, "change", content);
}

tw_err tw_op_advisory_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_advisory_to_change(c, rq, rp, &row));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_advisory_document_read(tw_slice_of(tw_json_text(rq->input, "document")), &document);
	return tw_failed(e) ? tw_advisory_refuse_input(rp, e) : tw_advisory_changed(c, rq, rp, &row, document);
}

tw_err tw_op_advisory_withdraw(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL, *summary = NULL;
	const char *reason = tw_json_text(rq->input, "reason");
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (!there)
		return TW_OK;
	if (!row.published)
		return tw_advisory_refuse(rp, 409, "advisory.unpublished", "It is not published", "Leave it as it is.",
			"Only what is published can be withdrawn.");
	if (!tw_advisory_move(row.state, TW_ADVISORY_WITHDRAW, &row.state))
		return tw_advisory_not_now(rp, &row);
	summary = json_sprintf("Withdrawn: %s", reason);
	if (!summary)
		return TW_RAISE(NOMEM, "an advisory");
	TW_TRY(tw_advisory_content_of(row.published, "final", json_string_value(summary), &content));
	TW_TRY(tw_advisory_withdraw(tw_json_get(content, "document"), reason));
	return revise(c, rq, rp, &row, "withdraw", content);
}

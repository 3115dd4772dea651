/* SPDX-License-Identifier: Apache-2.0 */
/* One advisory: where it stands, what keeps it from going out, what can be done, what it says, and who did what; and what two revisions say differently. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-site.h"
#include "support/advisories/advisories.h"
#include "support/advisories/describe.h"
#include "support/desk/desk.h"
#include "support/rows-advisories.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"

#include <string.h>

#define ARROW " \xe2\x86\x92 "
#define STEPS 100 /* shown; programs get all: advisory.history */

struct view {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	json_t *doc;
	const char *id;
};

/* What another operation answers; NULL, and rp's problem, when it refuses. */
static tw_err answer_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp,
	tw_err (*op)(struct tw_context *, const struct tw_request *, struct tw_reply *), json_t **ret)
{
	TW_TRY(op(c, rq, rp));
	if (!rp->problem[0]) {
		*ret = rp->body;
		rp->body = NULL;
	}
	return TW_OK;
}

static tw_err document_of(const json_t *doc, json_t **ret)
{
	return tw_json_parse_deep(tw_slice_of(tw_json_text(doc, "document")), 2 * (size_t)TW_ADVISORY_MAX, TW_ADVISORY_DEEPEST + 1, ret);
}

tw_err tw_desk_advisory_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *document = NULL, *described = NULL;

	TW_TRY(answer_of(c, rq, rp, tw_op_advisory_read, &doc));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(document_of(doc, &document));
	tw_err e = tw_advisory_described(document, &described);
	if (tw_is(e, TW_CODE_UNSUPPORTED))
		TW_TRY(tw_json_set(doc, "more", json_string(tw_err_detail())));
	else if (tw_failed(e))
		return e;
	else
		TW_TRY(tw_json_set(doc, "described", TW_STEAL(described)));
	*ret = TW_STEAL(doc);
	return TW_OK;
}

tw_err tw_desk_advisory_said(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(document_of(doc, &document));
	tw_html_open(h, TW_E_SECTION);
	tw_html_attr(h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("said"));
	tw_html_attr(h, TW_AT_ARIA_LABEL, tw_slice_of(tw_word(TW_W_ADVISORY_SAYS, look.language)));
	tw_page_class(h, TW_E_DL, "facts");
	tw_csaf_head_said(tw_json_get(document, "document"), h);
	tw_html_close(h);
	TW_TRY(tw_csaf_said(c->sys, document, h));
	tw_html_close(h);
	return TW_OK;
}

static void write_revision(struct tw_html *h, struct tw_look look, const json_t *doc)
{
	const bool interim = strcmp(tw_json_text(doc, "status"), "interim") == 0;

	tw_desk_pair(h, look, TW_W_FIELD_STATUS, tw_word(interim ? TW_W_STATUS_INTERIM : TW_W_STATUS_FINAL, look.language));
	tw_desk_pair(h, look, TW_W_FIELD_REVISION, tw_json_text(doc, "summary"));
	if (*tw_json_text(doc, "advised"))
		tw_desk_pair(h, look, TW_W_ADVISED,
			tw_word(strcmp(tw_json_text(doc, "advised"), "final") ? TW_W_ADVISED_INTERIM : TW_W_ADVISED_FINAL, look.language));
}

/* The document itself, for whoever reads CSAF. */
static void write_document(struct tw_html *h, struct tw_look look, const json_t *doc, bool opened)
{
	tw_html_open(h, TW_E_DETAILS);
	if (opened)
		tw_html_attr(h, TW_AT_OPEN, TW_SLICE(""));
	tw_page_put(h, look, TW_E_SUMMARY, TW_W_ADVISORY_JSON);
	tw_html_open(h, TW_E_PRE);
	tw_html_text(h, tw_slice_of(tw_json_text(doc, "document")));
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_desk_advisory_whole(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	tw_page_class(h, TW_E_DL, "facts");
	write_revision(h, look, doc);
	tw_html_close(h);
	TW_TRY(tw_desk_advisory_said(c, h, look, doc));
	write_document(h, look, doc, true);
	return TW_OK;
}

void tw_desk_advisory_state(struct tw_html *h, struct tw_look look, struct tw_slice name)
{
	static const struct {
		enum tw_word word;
		const char *class;
	} rows[TW_ADVISORY_STATES] = { [TW_ADVISORY_DRAFT] = { TW_W_ADVISORY_DRAFT, "fresh" },
		[TW_ADVISORY_REVIEW] = { TW_W_ADVISORY_REVIEW, "waiting" },
		[TW_ADVISORY_APPROVED] = { TW_W_ADVISORY_APPROVED, "waiting" },
		[TW_ADVISORY_PUBLISHING] = { TW_W_ADVISORY_PUBLISHING, "soon" },
		[TW_ADVISORY_PUBLISHED] = { TW_W_STATE_PUBLISHED, "done" } };
	enum tw_advisory_state s = TW_ADVISORY_DRAFT;

	if (tw_advisory_state_find(name, &s))
		tw_desk_mark(h, rows[s].class, tw_word(rows[s].word, look.language));
}

/* --- Where it stands --- */

static void link_pair(struct view *v, enum tw_word label, const char *before, const char *id)
{
	char path[TW_DESK_PATH_MAX];

	if (!*id)
		return;
	(void)snprintf(path, sizeof path, "%s%.47s", before, id);
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_page_link_text(&v->h, v->look, path, id);
	tw_html_close(&v->h);
}

static tw_err write_people(struct view *v, enum tw_word label, const json_t *list)
{
	char name[TW_DESK_NAME_MAX];
	const json_t *one;
	size_t i;

	if (!json_array_size(list))
		return TW_OK;
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	json_array_foreach(list, i, one) {
		TW_TRY(tw_desk_person(v->c, json_is_string(one) ? json_string_value(one) : "", name));
		tw_html_text(&v->h, tw_slice_of(i ? ", " : ""));
		tw_html_text(&v->h, tw_slice_of(name));
	}
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_plan(struct view *v)
{
	char name[TW_DESK_NAME_MAX];

	if (!*tw_json_text(v->doc, "planned"))
		return TW_OK;
	TW_TRY(tw_desk_person(v->c, tw_json_text(v->doc, "planned_by"), name));
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_PLAN_FOR);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_when(&v->h, tw_json_text(v->doc, "planned"));
	tw_html_close(&v->h);
	tw_desk_pair(&v->h, v->look, TW_W_PLAN_BY, name);
	tw_desk_pair(&v->h, v->look, TW_W_PLAN_WHY, tw_json_text(v->doc, "late"));
	return TW_OK;
}

static tw_err write_facts(struct view *v)
{
	char name[TW_DESK_NAME_MAX];

	TW_TRY(tw_desk_person(v->c, tw_json_text(v->doc, "approved_by"), name));
	tw_page_class(&v->h, TW_E_DL, "facts");
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_advisory_state(&v->h, v->look, tw_slice_of(tw_json_text(v->doc, "state")));
	tw_html_close(&v->h);
	tw_desk_pair(&v->h, v->look, TW_W_ADVISORY_RETURNED, tw_json_text(v->doc, "comment"));
	write_revision(&v->h, v->look, v->doc);
	link_pair(v, TW_W_ADVISORY_CASE, TW_DESK_CASES, tw_json_text(v->doc, "case"));
	if (tw_json_bool(v->doc, "published"))
		link_pair(v, TW_W_ADVISORY_PUBLIC, "/advisories/", v->id);
	TW_TRY(write_people(v, TW_W_ADVISORY_AUTHORS, tw_json_get(v->doc, "authors")));
	tw_desk_pair(&v->h, v->look, TW_W_ADVISORY_APPROVED_BY, name);
	TW_TRY(write_plan(v));
	tw_desk_pair(&v->h, v->look, TW_W_ADVISORY_UNSIGNED, tw_json_text(v->doc, "signing"));
	tw_html_close(&v->h);
	return TW_OK;
}

static void write_finding(struct view *v, const json_t *one)
{
	tw_html_open(&v->h, TW_E_LI);
	tw_html_attr(&v->h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_put(&v->h, TW_E_STRONG, tw_json_text(one, "test"));
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_html_text(&v->h, tw_slice_of(tw_json_text(one, "message")));
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_html_put(&v->h, TW_E_CODE, tw_json_text(one, "path"));
	tw_html_close(&v->h);
}

static tw_err write_findings(struct view *v, const json_t *findings)
{
	const json_t *one;
	size_t i;

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_ADVISORY_FINDINGS);
	if (!json_array_size(findings)) {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_ADVISORY_FINDINGS_NONE);
		return TW_OK;
	}
	tw_html_open(&v->h, TW_E_UL);
	json_array_foreach(findings, i, one)
		write_finding(v, one);
	tw_html_close(&v->h);
	return TW_OK;
}

/* --- What was done --- */

static bool writes(struct tw_slice what)
{
	return tw_slice_is(what, "change") || tw_slice_is(what, "withdraw");
}

static void write_step_word(struct view *v, struct tw_slice what)
{
	static const struct {
		const char *what;
		enum tw_word word;
	} steps[] = { { "create", TW_W_STEP_OF_CREATE }, { "change", TW_W_STEP_OF_CHANGE }, { "review", TW_W_STEP_OF_REVIEW },
		{ "approve", TW_W_STEP_OF_APPROVE }, { "return", TW_W_STEP_OF_RETURN }, { "publish", TW_W_STEP_OF_PUBLISH },
		{ "published", TW_W_STATE_PUBLISHED }, { "plan", TW_W_STEP_OF_PLAN }, { "unplan", TW_W_STEP_OF_UNPLAN },
		{ "late", TW_W_STEP_OF_LATE }, { "held", TW_W_STEP_OF_HELD }, { "withdraw", TW_W_STEP_OF_WITHDRAW } };

	for (size_t i = 0; i < TW_COUNT(steps); i++)
		if (tw_slice_is(what, steps[i].what)) {
			tw_page_put(&v->h, v->look, TW_E_SPAN, steps[i].word);
			return;
		}
	tw_html_open(&v->h, TW_E_CODE);
	tw_html_text(&v->h, what);
	tw_html_close(&v->h);
}

/* Beside the step: the time that was set, the version that is out, or what somebody said. */
static void write_step_text(struct view *v, struct tw_slice what, struct tw_slice text)
{
	int64_t ms = 0;

	tw_desk_cell(&v->h, v->look, TW_W_COLUMN_SAID);
	if (tw_slice_is(what, "plan") && !tw_failed(tw_parse_time(text, &ms))) {
		tw_page_time(&v->h, ms);
	} else {
		if (text.size && tw_slice_is(what, "published")) {
			tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_VERSION_OF, v->look.language)));
			tw_html_text(&v->h, TW_SLICE(" "));
		}
		tw_html_text(&v->h, text);
	}
	tw_html_close(&v->h);
}

static void write_step_what(struct view *v, struct tw_slice what, int64_t revision)
{
	char path[TW_DESK_PATH_MAX], text[24];

	tw_desk_cell(&v->h, v->look, TW_W_COLUMN_WHAT);
	write_step_word(v, what);
	if (writes(what) || tw_slice_is(what, "create")) {
		(void)snprintf(path, sizeof path, TW_DESK_REVISION "%.47s?revision=%lld", v->id, (long long)revision);
		tw_html_text(&v->h, TW_SLICE(" "));
		tw_page_link(&v->h, v->look, path, TW_W_ADVISORY_AS_IT_WAS);
	}
	if (writes(what) && revision > 1) {
		(void)snprintf(path, sizeof path, TW_DESK_DIFFERENCES "%.47s?from=%lld&to=%lld", v->id, (long long)revision - 1,
			(long long)revision);
		tw_html_text(&v->h, TW_SLICE(" "));
		tw_page_link(&v->h, v->look, path, TW_W_ADVISORY_DIFFERENCES);
	}
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_ADVISORY_REVISION);
	(void)snprintf(text, sizeof text, "%lld", (long long)revision);
	tw_html_text(&v->h, tw_slice_of(text));
	tw_html_close(&v->h);
}

static tw_err write_step(void *user, const tw_row *row)
{
	struct view *v = user;
	struct tw_slice who = tw_row_bytes(row, 2);
	char id[TW_ADVISORY_WHO_MAX], name[TW_DESK_NAME_MAX];

	(void)snprintf(id, sizeof id, TW_SLICE_FMT, TW_SLICE_ARG(who));
	TW_TRY(tw_desk_person(v->c, id, name));
	tw_html_open(&v->h, TW_E_TR);
	tw_html_open(&v->h, TW_E_TH);
	tw_html_attr(&v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_time(&v->h, tw_row_int(row, 1));
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_COLUMN_WHO);
	tw_html_text(&v->h, tw_slice_of(name));
	tw_html_close(&v->h);
	write_step_what(v, tw_row_bytes(row, 3), tw_row_int(row, 0));
	write_step_text(v, tw_row_bytes(row, 3), tw_row_bytes(row, 4));
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_steps(struct view *v)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_WHEN, TW_W_COLUMN_WHO, TW_W_COLUMN_WHAT, TW_W_ADVISORY_REVISION,
		TW_W_COLUMN_SAID };
	const struct tw_value values[] = { TW_V_TEXT(v->id), TW_V_INT(STEPS) };

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_ADVISORY_HISTORY);
	tw_desk_table(&v->h, v->look, TW_W_ADVISORY_HISTORY, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&v->h, v->look, columns[i]);
	tw_desk_rows(&v->h);
	TW_TRY(tw_store_run(v->c->store, tw_sql_desk_advisory_steps, values, TW_COUNT(values), write_step, v));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	return TW_OK;
}

static void write_bytes_link(struct view *v)
{
	char path[TW_DESK_PATH_MAX];

	if (strcmp(tw_json_text(v->doc, "signature"), "waits") != 0)
		return;
	(void)snprintf(path, sizeof path, "/desk/advisory-bytes/%.47s", v->id);
	tw_html_open(&v->h, TW_E_P);
	tw_page_link(&v->h, v->look, path, TW_W_ADVISORY_BYTES);
	tw_html_close(&v->h);
}

/* query: what the same page in the other language needs too. which: of its revisions; "" the last one. */
static void open_frame(struct view *v, struct tw_reply *rp, const char *path, const char *query, const char *which)
{
	char here[TW_DESK_PATH_MAX], title[400];

	(void)snprintf(here, sizeof here, "%s%.47s%s", path, v->id, query);
	(void)snprintf(title, sizeof title, "%.47s%s%s: %.200s", v->id, *which ? ", " : "", which, tw_json_text(v->doc, "title"));
	tw_utf8_mend(title);
	const struct tw_staff_frame f = { v->c, v->rq, here, title };
	tw_staff_frame_open(&f, &v->h, tw_reply_text(rp, v->c->sys, TW_PAGE_TYPE));
}

tw_err tw_desk_advisory(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *found = NULL;
	struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq) };

	TW_TRY(tw_desk_advisory_of(c, rq, rp, &doc));
	if (!rp->problem[0])
		TW_TRY(answer_of(c, rq, rp, tw_op_advisory_findings, &found));
	if (rp->problem[0])
		return TW_OK;
	v.doc = doc;
	v.id = tw_json_text(doc, "id");
	open_frame(&v, rp, TW_DESK_ADVISORIES "/", "", "");
	tw_desk_done(&v.h, rq, v.look);
	TW_TRY(write_facts(&v));
	TW_TRY(write_findings(&v, tw_json_get(found, "findings")));
	tw_desk_doing(&v.h, v.look);
	write_bytes_link(&v);
	if (!tw_desk_actions(c, rq, &v.h, TW_ABOUT_ADVISORY, doc))
		tw_page_put(&v.h, v.look, TW_E_P, TW_W_ACTIONS_NONE);
	tw_page_put(&v.h, v.look, TW_E_H2, TW_W_ADVISORY_SAYS);
	TW_TRY(tw_desk_advisory_said(c, &v.h, v.look, doc));
	write_document(&v.h, v.look, doc, false);
	TW_TRY(write_steps(&v));
	return tw_page_close(&v.h);
}

/* What a person signs elsewhere, byte for byte. */
tw_err tw_desk_advisory_bytes(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *unsigned_bytes = NULL;

	TW_TRY(answer_of(c, rq, rp, tw_op_advisory_unsigned, &unsigned_bytes));
	if (rp->problem[0])
		return TW_OK;
	return tw_buf_text(tw_reply_text(rp, c->sys, "application/json"), tw_json_text(unsigned_bytes, "document"));
}

/* --- What one said --- */

static void write_back(struct view *v)
{
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, TW_DESK_ADVISORIES "/%.47s", v->id);
	tw_html_open(&v->h, TW_E_P);
	tw_page_link(&v->h, v->look, path, TW_W_ADVISORY_AS_IT_IS);
	tw_html_close(&v->h);
}

tw_err tw_desk_advisory_revision(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *document = NULL;
	struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq) };
	char query[48], which[60];

	TW_TRY(answer_of(c, rq, rp, tw_op_advisory_revision, &doc));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(document_of(doc, &document));
	TW_TRY(tw_json_set(doc, "title", json_string(tw_json_text(tw_json_get(document, "document"), "title"))));
	v.doc = doc;
	v.id = tw_json_text(doc, "id");
	(void)snprintf(query, sizeof query, "?revision=%lld", (long long)tw_json_int(doc, "revision"));
	(void)snprintf(which, sizeof which, "%s %lld", tw_word(TW_W_ADVISORY_REVISION, v.look.language),
		(long long)tw_json_int(doc, "revision"));
	open_frame(&v, rp, TW_DESK_REVISION, query, which);
	write_back(&v);
	TW_TRY(tw_desk_advisory_whole(c, &v.h, v.look, doc));
	return tw_page_close(&v.h);
}

/* --- What two revisions say differently --- */

static void write_value(struct view *v, enum tw_word column, const char *text)
{
	tw_desk_cell(&v->h, v->look, column);
	if (*text)
		tw_html_put(&v->h, TW_E_CODE, text);
	else
		tw_page_put(&v->h, v->look, TW_E_SPAN, TW_W_DIFFERENCE_NOTHING);
	tw_html_close(&v->h);
}

static void write_difference(struct view *v, const json_t *one)
{
	tw_html_open(&v->h, TW_E_TR);
	tw_html_open(&v->h, TW_E_TH);
	tw_html_attr(&v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_put(&v->h, TW_E_CODE, tw_json_text(one, "path"));
	tw_html_close(&v->h);
	write_value(v, TW_W_DIFFERENCE_BEFORE, tw_json_text(one, "before"));
	write_value(v, TW_W_DIFFERENCE_AFTER, tw_json_text(one, "after"));
	tw_html_close(&v->h);
}

static void write_differences(struct view *v, const json_t *answer)
{
	static const enum tw_word columns[] = { TW_W_DIFFERENCE_PATH, TW_W_DIFFERENCE_BEFORE, TW_W_DIFFERENCE_AFTER };
	const json_t *list = tw_json_get(answer, "differences"), *one;
	size_t i;

	if (!json_array_size(list)) {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_DIFFERENCES_NONE);
		return;
	}
	tw_page_class(&v->h, TW_E_TABLE, "cards differences");
	tw_html_attr(&v->h, TW_AT_ARIA_LABEL, tw_slice_of(tw_word(TW_W_ADVISORY_DIFFERENCES, v->look.language)));
	tw_html_open(&v->h, TW_E_THEAD);
	tw_html_open(&v->h, TW_E_TR);
	for (i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&v->h, v->look, columns[i]);
	tw_desk_rows(&v->h);
	json_array_foreach(list, i, one)
		write_difference(v, one);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	if (tw_json_bool(answer, "cut"))
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_DIFFERENCES_CUT);
}

tw_err tw_desk_advisory_differences(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *answer = NULL;
	struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq) };
	const int64_t to = tw_json_int(rq->input, "to");
	char query[64], which[120];

	TW_TRY(answer_of(c, rq, rp, tw_op_advisory_read, &doc));
	if (!rp->problem[0])
		TW_TRY(answer_of(c, rq, rp, tw_op_advisory_diff, &answer));
	if (rp->problem[0])
		return TW_OK;
	v.doc = doc;
	v.id = tw_json_text(doc, "id");
	if (to)
		(void)snprintf(query, sizeof query, "?from=%lld&to=%lld", (long long)tw_json_int(rq->input, "from"), (long long)to);
	else
		(void)snprintf(query, sizeof query, "?from=%lld", (long long)tw_json_int(rq->input, "from"));
	(void)snprintf(which, sizeof which, "%s %lld" ARROW "%lld", tw_word(TW_W_ADVISORY_REVISION, v.look.language),
		(long long)tw_json_int(rq->input, "from"), (long long)(to ? to : tw_json_int(doc, "revision")));
	open_frame(&v, rp, TW_DESK_DIFFERENCES, query, which);
	write_back(&v);
	write_differences(&v, answer);
	return tw_page_close(&v.h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Reports and their messages, as the staff reads them. */
#include "base/text.h"
#include "service/access/account.h"
#include "service/path/page.h"
#include "support/rows-triage.h"
#include "support/sql-support.h"
#include "support/triage/desk-report.h"

#include <stdio.h>

#define SUMMARY_MAX 200 /* bytes of a description in a list */

/* --- The list --- */

static tw_err put(json_t *j, const char *key, struct tw_slice text)
{
	return text.size ? tw_json_set(j, key, json_stringn(text.at, text.size)) : TW_OK;
}

static struct tw_slice summary(struct tw_slice text)
{
	size_t used = 0, size = 0;

	while (used < text.size && (size = tw_utf8_size((struct tw_slice){ text.at + used, text.size - used })) && used + size <= SUMMARY_MAX)
		used += size;
	return (struct tw_slice){ text.at, used };
}

static tw_err describe(const tw_row *row, json_t *j)
{
	char name[24];

	(void)snprintf(name, sizeof name, "r%lld", (long long)tw_row_int(row, 0));
	TW_TRY(tw_json_set(j, "id", json_string(name)));
	TW_TRY(tw_case_set_time(j, "received", tw_row_int(row, 1)));
	if (tw_row_int(row, 2))
		TW_TRY(tw_case_set_time(j, "published", tw_row_int(row, 2)));
	if (tw_row_int(row, 11))
		TW_TRY(tw_case_set_time(j, "erased", tw_row_int(row, 11)));
	TW_TRY(put(j, "kind", tw_row_bytes(row, 3)));
	TW_TRY(put(j, "summary", summary(tw_row_bytes(row, 4))));
	TW_TRY(put(j, "product", tw_row_bytes(row, 5)));
	TW_TRY(put(j, "version", tw_row_bytes(row, 6)));
	TW_TRY(put(j, "flaw", tw_row_bytes(row, 7)));
	TW_TRY(put(j, "verdict", tw_row_bytes(row, 8)));
	TW_TRY(tw_json_set(j, "answered", json_boolean(!tw_row_null(row, 10) && tw_row_int(row, 10))));
	(void)snprintf(name, sizeof name, "c%lld", (long long)tw_row_int(row, 9));
	return tw_row_int(row, 9) ? tw_json_set(j, "case", json_string(name)) : TW_OK;
}

static tw_err list_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	j = json_object();
	TW_TRY(describe(row, j));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

struct wanted {
	const char *verdict; /* "" any */
	int64_t since_ms, case_id;
};

static tw_err list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct wanted *w)
{
	const char *key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
	uint64_t below = 0;
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &below));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(below ? (int64_t)below : INT64_MAX), TW_V_INT(w->since_ms), TW_V_TEXT(w->verdict),
		TW_V_INT(w->case_id), TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(key), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_triage_list, v, TW_COUNT(v), list_one, &p));
	return tw_page_end(&p, rp);
}

tw_err tw_op_reports_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *since = tw_json_text(rq->input, "since");
	struct wanted w = { .verdict = tw_json_text(rq->input, "verdict") };
	enum tw_triage_verdict any = TW_TRIAGE_NEW;

	if (*w.verdict && !tw_triage_find(tw_slice_of(w.verdict), &any))
		return tw_reply_problem(rp, 422, "report", "report.verdict", "There is no such verdict",
			"new, case, duplicate or not-vulnerability.", "A report is one of four.");
	if (*since && tw_failed(tw_parse_time(tw_slice_of(since), &w.since_ms)))
		return tw_reply_problem(rp, 422, "time", "report.time", "That is no time", "Write it as in 2026-11-21T09:30:00Z.",
			"since is not a time.");
	return list(c, rq, rp, &w);
}

tw_err tw_op_case_reports(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	struct wanted w = { .verdict = "" };

	TW_TRY(tw_case_load(c, rq, rp, &w.case_id, &doc));
	return doc ? list(c, rq, rp, &w) : TW_OK;
}

/* --- One --- */

tw_err tw_op_report_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };
	json_t *desk = NULL;

	TW_TRY(tw_desk_report_load(c, rq, rp, &r));
	if (!r.id)
		return TW_OK;
	rp->body = json_incref(r.shown);
	if (!r.doc)
		return TW_OK;
	TW_TRY(tw_document_shown(c, r.doc, &desk));
	return tw_json_set(rp->body, "desk", desk);
}

/* --- Messages --- */

static tw_err message_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_slice text = tw_row_bytes(row, 4);
	char name[24];

	if (!tw_page_takes(p))
		return TW_OK;
	(void)snprintf(name, sizeof name, "r%lld", (long long)tw_row_int(row, 1));
	j = json_pack("{s:s, s:s, s:s%}", "report", name, "from", tw_row_int(row, 3) ? "us" : "reporter", "text", text.at, text.size);
	TW_TRY(tw_case_set_time(j, "at", tw_row_int(row, 2)));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

static tw_err messages(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const char *sql, int64_t of)
{
	uint64_t after = 0;
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT((int64_t)after), TW_V_INT(of), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, sql, v, TW_COUNT(v), message_one, &p));
	return tw_page_end(&p, rp);
}

tw_err tw_op_report_messages(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };

	TW_TRY(tw_desk_report_load(c, rq, rp, &r));
	return r.id ? messages(c, rq, rp, tw_sql_triage_messages, r.id) : TW_OK;
}

tw_err tw_op_case_messages(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, &doc));
	return doc ? messages(c, rq, rp, tw_sql_triage_case_messages, id) : TW_OK;
}

struct seeing {
	int64_t account, up_to, now_ms;
	const char *who;
};

/* What is kept from him now was not seen, however old it is. */
static tw_err mark_seen(tw_store *s, void *user)
{
	const struct seeing *w = user;
	const struct tw_value v[] = { TW_V_INT(w->account), TW_V_INT(w->up_to), TW_V_INT(w->now_ms), TW_V_TEXT(w->who) };

	TW_TRY(tw_store_run(s, tw_sql_staff_unseen_drop, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_store_run(s, tw_sql_staff_unseen_keep, v, TW_COUNT(v), NULL, NULL));
	return tw_store_run(s, tw_sql_staff_seen_put, v, 2, NULL, NULL);
}

/* Up to which report somebody has seen them: what came behind it is new to him. Whoever is no account has nothing to remember. */
tw_err tw_op_reports_seen(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int64_t id = 0, account = 0;

	if (!tw_report_id_read(tw_slice_of(tw_json_text(rq->input, "newest")), &id))
		return tw_reply_problem(rp, 422, "report", "report.unknown", "That is no report", "Write its name as in r17.",
			"Reports are named r1, r2 and so on.");
	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &account))
		return tw_reply_problem(rp, 409, "no-account", "report.seen", "You have no account here",
			"List them by their verdict.", "It is kept for each account which reports it has seen.");
	struct seeing s = { account, id, tw_time_wall_ms(c->time), tw_subject_key(&rq->subject) };
	TW_TRY(tw_store_transaction(c->store, mark_seen, &s));
	rp->status = 204;
	return TW_OK;
}

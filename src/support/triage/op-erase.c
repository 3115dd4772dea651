/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking out what a stranger sent: all of a report, or who sent it alone. Its number, dates, kind and receipt stay, and so does all that the desk said of it,
 * with who erased it, when and why; the journal has an entry of that as of every other change.
 *
 * Only what nobody works on any more can be erased. What a case took over from its report (title, product, versions, description) is the case's own.
 */
#include "support/attachments/attachments.h"
#include "support/platform/app.h"
#include "support/questions/questions.h"
#include "support/rows-triage.h"
#include "support/sql-support.h"
#include "support/triage/desk-report.h"

#include <string.h>

struct erasing {
	bool whole, stays; /* stays: the store keeps what was deleted until it is written over */
};

static tw_err erase(tw_store *s, struct tw_desk_change *h)
{
	const struct erasing *e = h->user;

	TW_TRY(tw_report_erase(s, h->report->id, e->whole, h->now_ms));
	return e->whole ? tw_attachments_destroy(s, h->report->id) : TW_OK;
}

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err refuse(struct tw_desk_change *h, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(h->rp, 409, "conflict", rule, title, next, "%s", detail);
}

static tw_err judge(struct tw_desk_change *h)
{
	const struct tw_desk_report *r = h->report;
	const struct erasing *e = h->user;

	if (tw_question_is(tw_json_text(r->shown, "kind")))
		return refuse(h, "report.question", "This is a question", "Close the question: question.close.",
			"What was asked stands in the question of the desk too, where it stays.");
	if (r->verdict == TW_TRIAGE_NEW)
		return refuse(h, "report.needed", "This report is needed",
			"Say what it is first: report.reject, report.duplicate or report.case.", "Nobody has said yet what it is.");
	if (r->verdict == TW_TRIAGE_CASE && !r->closed)
		return refuse(h, "report.needed", "This report is needed", "Close its case first: case.move.", "Its case is not closed.");
	if (!e->whole && r->contact_erased_ms)
		return refuse(h, "report.erased", "That was erased", "Read what is left of it: report.read.",
			"The reporter's contact and name are gone already.");
	return TW_OK;
}

/* Who did it, when and why; what of, says the member's name. */
static tw_err note(struct tw_desk_change *h)
{
	const struct erasing *e = h->user;
	json_t *j = json_object();
	int64_t files = 0;

	TW_TRY(tw_json_set(h->doc, e->whole ? "erased" : "contact_erased", j));
	TW_TRY(tw_case_set_time(j, "at", h->now_ms));
	TW_TRY(tw_json_set(j, "by", json_string(tw_subject_key(&h->rq->subject))));
	TW_TRY(tw_json_set(j, "reason", json_string(tw_json_text(h->rq->input, "reason"))));
	if (e->whole)
		TW_TRY(tw_store_run(h->c->store, tw_sql_attachments_count, &TW_V_INT(h->report->id), 1, take_count, &files));
	if (files)
		TW_TRY(tw_json_set(j, "files", json_integer((json_int_t)files)));
	return e->stays
		? tw_json_set(j, "left", json_string("PostgreSQL keeps what was deleted until its files and its log are written over."))
		: TW_OK;
}

static tw_err to_erase(struct tw_desk_change *h)
{
	TW_TRY(judge(h));
	if (h->rp->problem[0])
		return TW_OK;
	TW_TRY(note(h));
	if (tw_json_bool(h->doc, "thanked"))
		TW_TRY(tw_json_set(h->doc, "thanked", json_false()));
	h->beside = erase;
	return TW_OK;
}

/* Done as soon as the transaction is; that the log of the database is emptied behind it is tried, and said when it failed. */
tw_err tw_op_report_erase(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *part = tw_json_text(rq->input, "part");
	struct erasing e = { .whole = strcmp(part, "all") == 0 };

	if (!e.whole && strcmp(part, "contact") != 0)
		return tw_reply_problem(rp, 422, "report", "report.part", "That is no part of a report", "Say all or contact.",
			"Erased is all that was sent and said, or the reporter's contact and name alone.");
	const tw_err begun = tw_store_wipe_begin(c->store);
	e.stays = tw_is(begun, TW_CODE_UNSUPPORTED);
	if (!e.stays)
		TW_TRY(begun);
	const tw_err done = tw_desk_report_change(c, rq, rp, to_erase, &e);
	const tw_err wiped = e.stays ? TW_OK : tw_store_wipe_end(c->store);
	TW_TRY(done);
	if (tw_app_of(c))
		tw_app_of(c)->files_changed = tw_app_of(c)->reports_changed = true;
	return wiped;
}

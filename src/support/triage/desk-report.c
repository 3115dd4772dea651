/* SPDX-License-Identifier: Apache-2.0 */
#include "support/triage/desk-report.h"

#include "base/text.h"
#include "support/cases/states.h"
#include "support/page/staff-frame.h"
#include "support/questions/questions.h"
#include "support/sql-support.h"

#include <stdio.h>

void tw_desk_report_done(struct tw_desk_report *r)
{
	tw_jsonp(&r->shown);
	tw_jsonp(&r->doc);
}

bool tw_report_id_read(struct tw_slice name, int64_t *ret)
{
	uint64_t id = 0;

	if (name.size < 2 || name.at[0] != 'r' || name.at[1] == '0' ||
		tw_failed(tw_parse_u64((struct tw_slice){ name.at + 1, name.size - 1 }, INT64_MAX - 1, &id)))
		return false;
	*ret = (int64_t)id;
	return true;
}

/* --- Reading --- */

static tw_err put_text(json_t *j, const char *key, struct tw_slice text)
{
	return text.size ? tw_json_set(j, key, json_stringn(text.at, text.size)) : TW_OK;
}

static tw_err show(const tw_row *row, const struct tw_desk_report *r, json_t *j)
{
	static const char *const keys[] = { "language", "kind", "description", "product", "version", "flaw", "traits", "fix",
		"contact", "credit" };
	char name[24];

	(void)snprintf(name, sizeof name, "r%lld", (long long)r->id);
	TW_TRY(tw_json_set(j, "id", json_string(name)));
	TW_TRY(tw_case_set_time(j, "received", tw_row_int(row, 1)));
	if (r->published_ms)
		TW_TRY(tw_case_set_time(j, "published", r->published_ms));
	if (r->contact_erased_ms)
		TW_TRY(tw_case_set_time(j, "contact_erased", r->contact_erased_ms));
	if (r->erased_ms)
		TW_TRY(tw_case_set_time(j, "erased", r->erased_ms));
	for (int i = 0; i < (int)TW_COUNT(keys); i++)
		TW_TRY(put_text(j, keys[i], tw_row_bytes(row, 3 + i)));
	TW_TRY(tw_json_set(j, "verdict", json_string(tw_triage_verdicts[r->verdict])));
	(void)snprintf(name, sizeof name, "c%lld", (long long)r->case_id);
	return r->case_id ? tw_json_set(j, "case", json_string(name)) : TW_OK;
}

static tw_err take(void *user, const tw_row *row)
{
	struct tw_desk_report *r = user;

	r->id = tw_row_int(row, 0);
	r->published_ms = tw_row_int(row, 2);
	r->thanks = tw_row_bytes(row, 12).size != 0;
	r->case_id = tw_row_int(row, 14);
	r->embargo_ms = tw_row_int(row, 16);
	r->closed = tw_slice_is(tw_row_bytes(row, 17), tw_case_states[TW_CASE_CLOSED]);
	r->erased_ms = tw_row_int(row, 18);
	r->contact_erased_ms = tw_row_int(row, 19);
	if (!tw_triage_find(tw_row_bytes(row, 13), &r->verdict))
		return TW_RAISE(INTERNAL, "report %lld has no verdict of ours", (long long)r->id);
	if (!tw_row_null(row, 15))
		TW_TRY(tw_json_parse(tw_row_bytes(row, 15), TW_CASE_DOC_MAX, &r->doc));
	r->shown = json_object();
	return show(row, r, r->shown);
}

tw_err tw_desk_report_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_desk_report *ret)
{
	const char *key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
	int64_t id = 0;

	*ret = (struct tw_desk_report){ .id = 0 };
	if (tw_report_id_read(rq->parameter, &id)) {
		const struct tw_value v[] = { TW_V_INT(id), TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(key) };

		TW_TRY(tw_store_run(c->store, tw_sql_triage_one, v, TW_COUNT(v), take, ret));
		if (tw_question_is(tw_json_text(ret->shown, "kind")) && !tw_staff_may(c, rq, "questions.read"))
			(void)json_object_del(ret->shown, "contact"); /* what is kept of a customer */
	}
	return ret->id ? TW_OK
		       : tw_reply_problem(rp, 404, "not-found", "report.unknown", "There is no such report",
				 "List the reports to see those there are.", "No report that you may see has this name.");
}

/* --- Writing --- */

static tw_err first_document(struct tw_context *c, const struct tw_desk_report *r, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_json_set(j, "id", json_incref(json_object_get(r->shown, "id"))));
	TW_TRY(tw_json_set(j, "verdict", json_string(tw_triage_verdicts[TW_TRIAGE_NEW])));
	TW_TRY(tw_document_salt(c, j));
	*ret = TW_STEAL(j);
	return TW_OK;
}

static tw_err copy_of(struct tw_context *c, const struct tw_desk_report *r, json_t **ret)
{
	if (!r->doc)
		return first_document(c, r, ret);
	*ret = json_deep_copy(r->doc);
	return json_equal(*ret, r->doc) ? TW_OK : TW_RAISE(NOMEM, "a report"); /* it leaves members out when memory runs out */
}

struct writing {
	struct tw_desk_change *h;
	struct tw_document d;
};

static void writing_done(struct writing *w)
{
	tw_document_done(&w->d);
}

static int64_t case_of(const json_t *doc)
{
	const char *name = tw_json_text(doc, "case");
	uint64_t id = 0;

	return *name && !tw_failed(tw_parse_u64(tw_slice_of(name + 1), INT64_MAX, &id)) ? (int64_t)id : 0;
}

static tw_err write_document(tw_store *s, struct writing *w)
{
	const struct tw_value v[] = { TW_V_INT(w->h->report->id), TW_V_TEXT(tw_json_text(w->h->doc, "verdict")),
		TW_V_INT(case_of(w->h->doc)), TW_V_SLICE(tw_buf_slice(&w->d.text)) };

	if (w->h->beside)
		TW_TRY(w->h->beside(s, w->h));
	TW_TRY(tw_store_run(s, tw_sql_triage_put, v, TW_COUNT(v), NULL, NULL));
	return tw_journal_append(w->d.c, w->d.entry);
}

static tw_err write_alone(tw_store *s, void *user)
{
	return write_document(s, user);
}

/* The case has got its name by now: the document says it, and is hashed with it. */
static tw_err write_with_case(tw_store *s, void *user, const char *id)
{
	struct writing *w = user;

	TW_TRY(tw_json_set(w->h->doc, "case", json_string(id)));
	TW_TRY(tw_document_prepare(&w->d));
	return write_document(s, w);
}

static tw_err write_both(struct writing *w, struct tw_reply *rp)
{
	const struct tw_case_beside beside = { write_with_case, w };

	w->h->open->beside = &beside;
	return tw_case_open_from_report(w->d.c, w->h->open, w->d.by, &rp->body);
}

static tw_err write_all(struct writing *w, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;

	if (w->h->open)
		return write_both(w, rp);
	TW_TRY(tw_document_prepare(&w->d));
	TW_TRY(tw_document_shown(w->d.c, w->h->doc, &shown)); /* nothing may fail any more once it is on the disk */
	TW_TRY(tw_store_transaction(w->d.c->store, write_alone, w));
	rp->body = TW_STEAL(shown);
	return TW_OK;
}

static tw_err change(struct tw_desk_change *h, tw_err (*edit)(struct tw_desk_change *h))
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	TW_CLEANUP(writing_done) struct writing w = { .h = h };

	TW_TRY(copy_of(h->c, h->report, &doc));
	h->doc = doc;
	TW_TRY(edit(h));
	if (h->rp->problem[0])
		return TW_OK;
	w.d = (struct tw_document){ .c = h->c,
		.now_ms = h->now_ms,
		.by = tw_subject_key(&h->rq->subject),
		.what = h->rq->operation->name,
		.name = tw_json_text(doc, "id"),
		.before = h->report->doc,
		.after = doc };
	return write_all(&w, h->rp);
}

tw_err tw_desk_report_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp,
	tw_err (*edit)(struct tw_desk_change *h), void *user)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };
	struct tw_desk_change h = { .c = c, .rq = rq, .rp = rp, .report = &r, .now_ms = tw_time_wall_ms(c->time), .user = user };

	TW_TRY(tw_desk_report_load(c, rq, rp, &r));
	if (r.erased_ms)
		return tw_reply_problem(rp, 409, "conflict", "report.erased", "This report was erased",
			"Read what is left of it: report.read.",
			"Nothing of it is there but its number, its dates and what the desk said of it, which stays.");
	return r.id ? change(&h, edit) : TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: noted from a call, from mail or from a form, answered, and what may be told of a customer to whom. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/cases/cases.h"
#include "support/platform/app.h"
#include "support/questions/questions.h"
#include "support/rows-questions.h"
#include "support/sql-support.h"

#include <string.h>

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "question", rule, title, next, "%s", detail);
}

tw_err tw_op_questions_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_list(c, rq, rp, &tw_question_kept);
}

tw_err tw_op_question_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	TW_TRY(tw_question_load(c, rq, rp, &tw_question_kept, &doc));
	return doc ? tw_document_shown(c, doc, &rp->body) : TW_OK;
}

/* --- Noting --- */

static tw_err take_due(struct tw_question_edit *e)
{
	const char *text = tw_json_text(e->rq->input, "due");
	int64_t ms = 0;

	if (*text && tw_failed(tw_parse_time(tw_slice_of(text), &ms)))
		return refuse(e->rp, 422, "question.time", "That is no time", "Write it as in 2026-11-21T09:30:00Z.", "due is not a time.");
	return *text ? tw_case_set_time(e->doc, "due", ms) : TW_OK;
}

static bool came_by(const char *text)
{
	return !strcmp(text, "call") || !strcmp(text, "mail") || !strcmp(text, "form");
}

/* @nist QR.2.a.1.1 QR.2.a.4.3: who called, about what, the directive he has to carry out and until when, and what is still to be done */
static tw_err note(struct tw_question_edit *e)
{
	static const char *const keys[] = { "via", "kind", "caller", "product", "version", "text", "directive", "follow_up" };
	const char *customer = tw_json_text(e->rq->input, "customer");

	if (!came_by(tw_json_text(e->rq->input, "via")))
		return refuse(e->rp, 422, "question.via", "It did not come that way", "call, mail or form.",
			"A question comes by one of three.");
	if (!tw_question_kind(tw_json_text(e->rq->input, "kind")))
		return refuse(e->rp, 422, "question.kind", "There is no such kind",
			"event, noncompliance, configuration, component, documentation or other.", "A question is of one of six kinds.");
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		TW_TRY(tw_question_copy(e, keys[i]));
	TW_TRY(tw_json_set(e->doc, "state", json_string("open")));
	e->customer = *customer ? customer : NULL; /* what the caller says of himself now is his own */
	TW_TRY(tw_question_settings(e->doc, tw_app_of(e->c) ? tw_app_of(e->c)->products : NULL));
	return take_due(e);
}

tw_err tw_op_question_note(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_new(c, rq, rp, &tw_question_kept, note);
}

/* --- Answering --- */

static tw_err closed(struct tw_question_edit *e)
{
	return !strcmp(tw_json_text(e->doc, "state"), "closed")
		? refuse(e->rp, 409, "question.closed", "The question is closed", "Note what comes now as another question.",
			  "It stays as it was.")
		: TW_OK;
}

/* @nist QR.2.a.2.1: the reply that was agreed on, as it is now, with whatever is said beside it; or a text that was written from it. */
static tw_err from_library(struct tw_question_edit *e, const char *key, json_t *j)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	const char *name = tw_json_text(e->rq->input, key);
	struct tw_request rq = *e->rq;

	rq.parameter = tw_slice_of(name);
	TW_TRY(tw_question_load(e->c, &rq, e->rp, &tw_answer_kept, &kept));
	if (!kept)
		return TW_OK;
	if (strcmp(tw_json_text(kept, "state"), "current") != 0)
		return refuse(e->rp, 409, "answer.retired", "That answer is no longer given", "Look for another: answers.list.",
			"Somebody has retired it.");
	TW_TRY(tw_json_set(j, key, json_string(name)));
	return strcmp(key, "from") == 0 ? tw_json_set(j, "kept_text", json_string(tw_json_text(kept, "text"))) : TW_OK;
}

/* What is wrong with what is said, beside the answers that it names. */
static tw_err check_answer(const struct tw_question_edit *e, const char *text, const char *from, const char *based_on)
{
	if (!*text && (!*from || *based_on))
		return refuse(e->rp, 422, "question.answer", "That says nothing",
			"Write a text, or name an answer of the library: from=l1.", "An answer has a text.");
	if (*from && *based_on)
		return refuse(e->rp, 422, "question.based-on", "It is one or the other", "Leave out from, or based_on.",
			"An answer of the library is given as it is, or a text that was written from it.");
	return TW_OK;
}

static tw_err answer(struct tw_question_edit *e)
{
	const char *text = tw_json_text(e->rq->input, "text"), *from = tw_json_text(e->rq->input, "from"),
		   *based_on = tw_json_text(e->rq->input, "based_on");
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(closed(e));
	if (!e->rp->problem[0])
		TW_TRY(check_answer(e, text, from, based_on));
	TW_TRY(tw_question_note(e, &j));
	if (!e->rp->problem[0] && (*from || *based_on))
		TW_TRY(from_library(e, *from ? "from" : "based_on", j));
	if (e->rp->problem[0])
		return TW_OK;
	if (*text)
		TW_TRY(tw_json_set(j, "text", json_string(text)));
	e->tell[0] = tw_json_text(j, "kept_text"); /* j goes into the document, which outlives it */
	e->tell[1] = text;
	TW_TRY(tw_question_append(e, "answers", TW_STEAL(j)));
	TW_TRY(tw_question_copy(e, "follow_up"));
	TW_TRY(tw_json_set(e->doc, "state", json_string("answered")));
	return take_due(e);
}

tw_err tw_op_question_answer(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_question_kept, answer);
}

/* Whoever is to answer has to be able to. */
static tw_err assign(struct tw_question_edit *e)
{
	static const char *const roles[] = { "analyst", "manager" };
	const char *who = tw_json_text(e->rq->input, "who");
	struct tw_account a = { .state = TW_ACCOUNT_DISABLED };
	bool may = false;
	int64_t id = 0;

	TW_TRY(closed(e));
	if (e->rp->problem[0])
		return TW_OK;
	if (!strcmp(who, TW_QUESTION_NOBODY)) {
		(void)json_object_del(e->doc, "whose");
		return TW_OK;
	}
	tw_err got = tw_account_id_read(tw_slice_of(who), &id) ? tw_account_get(e->c, id, &a) : TW_OK;
	if (tw_failed(got) && !tw_is(got, TW_CODE_NOTFOUND))
		return got;
	for (size_t i = 0; !tw_failed(got) && i < TW_COUNT(roles); i++)
		may = may || (a.state == TW_ACCOUNT_ACTIVE && tw_account_has(a.roles, roles[i]));
	if (!may)
		return refuse(e->rp, 422, "question.person", "He cannot answer it",
			"Write the id of an analyst or a manager, as in a17: staff.list.",
			"Questions are worked on by analysts and managers.");
	return tw_json_set(e->doc, "whose", json_string(who));
}

tw_err tw_op_question_assign(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_question_kept, assign);
}

/* @nist QR.2.a.2.1: with what came of it */
static tw_err close_it(struct tw_question_edit *e)
{
	TW_TRY(closed(e));
	TW_TRY(tw_question_copy(e, "outcome"));
	return tw_json_set(e->doc, "state", json_string("closed"));
}

tw_err tw_op_question_close(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_question_kept, close_it);
}

/* --- The customer --- */

static tw_err identify(struct tw_question_edit *e)
{
	const char *result = tw_json_text(e->rq->input, "result");
	json_t *j = NULL;

	TW_TRY(closed(e));
	if (!e->rp->problem[0] && strcmp(result, "passed") != 0 && strcmp(result, "failed") != 0)
		return refuse(e->rp, 422, "question.result", "A check has no such result", "passed or failed.", "It is one or the other.");
	TW_TRY(tw_question_note(e, &j));
	TW_TRY(tw_json_set(e->doc, "identity", j));
	TW_TRY(tw_json_set(j, "how", json_string(tw_json_text(e->rq->input, "how"))));
	return tw_json_set(j, "result", json_string(result));
}

tw_err tw_op_question_identify(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_question_kept, identify);
}

/* @nist QR.2.a.4.2: nobody is told what is kept of a customer, and nobody has it changed, who was not checked; whoever did is noted. */
static tw_err touch(struct tw_question_edit *e, const char *what)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(closed(e));
	if (!e->rp->problem[0] && !tw_question_identified(e->doc, e->now_ms))
		return refuse(e->rp, 403, "question.identity", "Nobody has checked who is asking",
			"Check it by your procedure and note that: question.identify.",
			"What is kept of a customer needs a check that was passed within the hour.");
	if (e->rp->problem[0])
		return TW_OK;
	TW_TRY(tw_question_note(e, &j));
	TW_TRY(tw_json_set(j, "what", json_string(what)));
	TW_TRY(tw_json_set(j, "why", json_string(tw_json_text(e->rq->input, "why"))));
	return tw_question_append(e, "disclosures", TW_STEAL(j));
}

static tw_err disclose(struct tw_question_edit *e)
{
	return touch(e, "read");
}

static tw_err take_customer(void *user, const tw_row *row)
{
	struct tw_slice text = tw_row_bytes(row, 0);
	json_t **ret = user;

	*ret = json_stringn(text.at ? text.at : "", text.size);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a customer");
}

/* Noted first: what could not be written down is not told. */
tw_err tw_op_question_disclose(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *text = NULL;
	uint64_t id = 0;

	TW_TRY(tw_question_edit(c, rq, rp, &tw_question_kept, disclose));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_parse_u64(tw_slice_of(tw_json_text(rp->body, "id") + 1), INT64_MAX, &id));
	TW_TRY(tw_store_run(c->store, tw_sql_question_customer, &TW_V_INT((int64_t)id), 1, take_customer, &text));
	return tw_json_set(rp->body, "customer", TW_STEAL(text));
}

static tw_err change_customer(struct tw_question_edit *e)
{
	e->customer = tw_json_text(e->rq->input, "customer");
	return touch(e, "changed");
}

tw_err tw_op_question_customer(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_question_kept, change_customer);
}

/* --- The library --- */

tw_err tw_op_answers_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_list(c, rq, rp, &tw_answer_kept);
}

static tw_err keep(struct tw_question_edit *e)
{
	static const char *const keys[] = { "title", "text", "kind", "product" };
	const char *kind = tw_json_text(e->rq->input, "kind");

	if (*kind && !tw_question_kind(kind))
		return refuse(e->rp, 422, "question.kind", "There is no such kind",
			"event, noncompliance, configuration, component, documentation or other.", "A question is of one of six kinds.");
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		TW_TRY(tw_question_copy(e, keys[i]));
	return tw_json_set(e->doc, "state", json_string("current"));
}

tw_err tw_op_answer_keep(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_new(c, rq, rp, &tw_answer_kept, keep);
}

tw_err tw_op_answer_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_answer_kept, keep);
}

static tw_err retire(struct tw_question_edit *e)
{
	TW_TRY(tw_question_copy(e, "reason"));
	return tw_json_set(e->doc, "state", json_string("retired"));
}

tw_err tw_op_answer_retire(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_question_edit(c, rq, rp, &tw_answer_kept, retire);
}

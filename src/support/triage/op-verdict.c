/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff says of a report, and says to whoever sent it. */
#include "base/text.h"
#include "crypto/hash.h"
#include "support/rows-triage.h"
#include "support/triage/desk-report.h"

#include <stdio.h>
#include <string.h>

#define TITLE_MAX 120        /* of a case that gets its title from a report */
#define DESCRIPTION_MAX 4000 /* as a case has it; the report keeps all of it */

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "report", rule, title, next, "%s", detail);
}

/* Who said what it is, when and why. */
static tw_err say(struct tw_desk_change *h, enum tw_triage_verdict to)
{
	const char *reason = tw_json_text(h->rq->input, "reason");

	if (!tw_triage_may(h->report->verdict, to))
		return refuse(h->rp, 409, "report.decided", "It has been said already what this report is", "Read it: report.read.",
			h->report->verdict == TW_TRIAGE_CASE ? "A case was opened from it, and says itself what becomes of it."
							     : "It is found to be no vulnerability.");
	if (h->report->verdict != TW_TRIAGE_NEW && !*reason)
		return refuse(h->rp, 422, "report.reason", "This needs a reason", "Say why: reason=...",
			"It was said to be something else before.");
	TW_TRY(tw_json_set(h->doc, "verdict", json_string(tw_triage_verdicts[to])));
	TW_TRY(tw_json_set(h->doc, "by", json_string(tw_subject_key(&h->rq->subject))));
	TW_TRY(tw_case_set_time(h->doc, "at", h->now_ms));
	(void)json_object_del(h->doc, "case");
	(void)json_object_del(h->doc, "reason");
	return *reason ? tw_json_set(h->doc, "reason", json_string(reason)) : TW_OK;
}

/* --- A case --- */

/* As many whole characters as fit, of the first line or of all. */
static void cut(const char *text, bool line, char *ret, size_t room)
{
	struct tw_slice s = tw_slice_of(text);
	size_t used = 0, size = 0;

	while (used < s.size && !(line && s.at[used] == '\n') &&
		(size = tw_utf8_size((struct tw_slice){ s.at + used, s.size - used })) && used + size < room)
		used += size;
	memcpy(ret, text, used);
	ret[used] = '\0';
}

struct opening {
	struct tw_case_report open;
	char title[TITLE_MAX + 1], description[DESCRIPTION_MAX + 1];
};

static tw_err to_case(struct tw_desk_change *h)
{
	const json_t *came = h->report->shown;
	const char *title = tw_json_text(h->rq->input, "title"), *description = tw_json_text(came, "description");
	struct opening *o = h->user;

	cut(description + strspn(description, " \t\n"), true, o->title, sizeof o->title);
	cut(description, false, o->description, sizeof o->description);
	o->open = (struct tw_case_report){ *title ? title : o->title, tw_json_text(came, "product"), tw_json_text(came, "version"),
		o->description, tw_json_text(came, "id"), NULL };
	h->open = &o->open;
	return say(h, TW_TRIAGE_CASE);
}

tw_err tw_op_report_case(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct opening o;

	TW_TRY(tw_desk_report_change(c, rq, rp, to_case, &o));
	if (!rp->body)
		return TW_OK;
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/cases/%s", tw_json_text(rp->body, "id"));
	(void)snprintf(rp->note, sizeof rp->note, "%s opened from " TW_SLICE_FMT, tw_json_text(rp->body, "id"),
		TW_SLICE_ARG(rq->parameter));
	rp->status = 201;
	return TW_OK;
}

/* --- None of its own --- */

static tw_err to_duplicate(struct tw_desk_change *h)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	const char *of = tw_json_text(h->rq->input, "case");
	int64_t id = 0;

	TW_TRY(tw_case_named(h->c, &h->rq->subject, tw_slice_of(of), &id, &doc));
	if (!doc)
		return refuse(h->rp, 422, "report.duplicate", "It is a duplicate of none", "Name the case that has it: c1.",
			"There is no such case.");
	if (h->report->case_id == id)
		return refuse(h->rp, 409, "report.decided", "That has been said already", "Read it: report.read.",
			"It belongs to that case.");
	TW_TRY(say(h, TW_TRIAGE_DUPLICATE));
	return h->rp->problem[0] ? TW_OK : tw_json_set(h->doc, "case", json_string(tw_json_text(doc, "id")));
}

tw_err tw_op_report_duplicate(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_desk_report_change(c, rq, rp, to_duplicate, NULL);
}

static tw_err to_nothing(struct tw_desk_change *h)
{
	return say(h, TW_TRIAGE_NOT_VULNERABILITY);
}

tw_err tw_op_report_reject(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_desk_report_change(c, rq, rp, to_nothing, NULL);
}

/* --- What the reporter reads --- */

static tw_err write_message(tw_store *s, struct tw_desk_change *h)
{
	enum tw_kept kept = TW_KEPT;

	TW_TRY(tw_report_message_put(s, h->report->id, h->user, &kept));
	return kept == TW_KEPT ? TW_OK : TW_RAISE(STATE, "the report takes no such message");
}

/* Its hash alone: the text is in the message, and in the document only what proves which it was. */
static tw_err note_answer(struct tw_desk_change *h, struct tw_slice text)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t digest[TW_SHA256_SIZE];
	json_t *j = json_object();

	TW_TRY(tw_json_set(h->doc, "answered", j));
	tw_buf_init(&hex, h->c->sys, sizeof digest * 2);
	TW_TRY(tw_sha256(text.at, text.size, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	TW_TRY(tw_case_set_time(j, "at", h->now_ms));
	TW_TRY(tw_json_set(j, "by", json_string(tw_subject_key(&h->rq->subject))));
	TW_TRY(tw_json_set(j, "sha256", json_string(tw_buf_cstr(&hex))));
	return tw_json_set(h->doc, "answers", json_integer(tw_json_int(h->doc, "answers") + 1));
}

static tw_err to_answer(struct tw_desk_change *h)
{
	struct tw_report_message *m = h->user;
	enum tw_kept kept = TW_KEPT;

	TW_TRY(tw_report_message_fits(h->c->store, h->report->id, m, &kept));
	if (kept == TW_KEPT_FULL)
		return refuse(h->rp, 409, "report.messages", "This report takes no more messages",
			"Ask for another report, or use the contact.", "A report has at most 30 messages, of both sides together.");
	if (kept == TW_KEPT_BEFORE)
		return refuse(h->rp, 409, "report.said", "That was said already", "Read the messages: report.messages.",
			"The last message is this very text.");
	m->at_ms = h->now_ms;
	h->beside = write_message;
	return note_answer(h, m->text);
}

tw_err tw_op_report_reply(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *text = tw_json_text(rq->input, "text");
	struct tw_report_message m = { .ours = true, .text = tw_slice_of(text) };

	if (!text[strspn(text, " \t\r\n")])
		return refuse(rp, 422, "report.text", "That says nothing", "Write what the reporter is to read.", "The text is empty.");
	return tw_desk_report_change(c, rq, rp, to_answer, &m);
}

static tw_err write_publication(tw_store *s, struct tw_desk_change *h)
{
	return tw_report_publish(s, h->report->id, *(const bool *)h->user, h->now_ms);
}

/*
 * A name that was typed into the field for public thanks is the consent, and the only one there is: without it nobody is named. Whoever takes it back
 * is taken off the page by thanks=false.
 */
static tw_err to_publish(struct tw_desk_change *h)
{
	const bool thanks = *(const bool *)h->user;

	if (!h->report->case_id)
		return refuse(h->rp, 409, "report.undecided", "Nothing is published of this report",
			"Open a case, or name the one that has it.", "What is published belongs to a case.");
	if (h->report->embargo_ms > h->now_ms)
		return refuse(h->rp, 409, "report.embargo", "Its case is under embargo", "End the embargo first: case.embargo.",
			"Nothing of it is told in public before.");
	if (thanks && !h->report->thanks)
		return refuse(h->rp, 409, "report.consent", "The reporter does not wish to be named", "Publish it without thanks.",
			"Nobody is thanked in public who gave no name for it.");
	h->beside = write_publication;
	if (!tw_json_get(h->doc, "published"))
		TW_TRY(tw_case_set_time(h->doc, "published", h->now_ms));
	return tw_json_set(h->doc, "thanked", json_boolean(thanks));
}

tw_err tw_op_report_publish(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	bool thanks = tw_json_bool(rq->input, "thanks");

	return tw_desk_report_change(c, rq, rp, to_publish, &thanks);
}

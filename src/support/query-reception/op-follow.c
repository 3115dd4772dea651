/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a report by its receipt, which stands in the body of a form and never in an address. Whether a receipt is known or not, the same is
 * asked of the store. Only wrong receipts count as guesses.
 */
#include "base/mem.h"
#include "support/platform/app.h"
#include "support/query-reception/field.h"
#include "support/query-reception/progress.h"
#include "support/query-reception/reception.h"
#include "support/query-reception/report.h"
#include "support/rows-query-reception.h"
#include "support/rows-subscriptions.h"
#include "support/subscriptions/pages.h"

#include <string.h>

static const struct tw_field asked = { "receipt", TW_W_RECEIPT, TW_W_FOLLOW_LEAD, 80, .needed = true, .plain = true };
static const struct tw_field answer = { "text", TW_W_ANSWER, TW_W_ANSWER_HINT, 4500, .rows = 6, .needed = true };

static void write_lookup(struct tw_html *h, struct tw_look look, const char *value, enum tw_word fault)
{
	tw_form_open(h, look, "/report/status");
	tw_field_write(h, look, &asked, value, fault);
	tw_form_close(h, look, TW_W_SHOW);
}

static const struct tw_field files = { "files", TW_W_FILES, TW_W_FILES_HINT, .type = "file", .needed = true };

static void write_files(struct tw_html *h, struct tw_look look, const char *receipt, enum tw_word fault)
{
	tw_page_put(h, look, TW_E_H2, TW_W_FILES_ADD);
	tw_form_open_files(h, look, "/report/files");
	tw_form_hidden(h, "receipt", receipt);
	tw_field_write(h, look, &files, "", fault);
	tw_form_close(h, look, TW_W_ANSWER_SEND);
}

static void write_answer(struct tw_html *h, struct tw_look look, const char *receipt, const char *value, enum tw_word fault)
{
	tw_form_open(h, look, "/report/answer");
	tw_form_hidden(h, "receipt", receipt);
	tw_field_write(h, look, &answer, value, fault);
	tw_form_close(h, look, TW_W_ANSWER_SEND);
}

static tw_err lookup_page(struct tw_buf *out, struct tw_look look, const char *value, enum tw_word fault)
{
	struct tw_html h;

	tw_page_open(&h, out, look, "/report/status", TW_W_FOLLOW);
	tw_field_summary(&h, look, &asked, &fault, 1);
	write_lookup(&h, look, value, fault);
	return tw_page_close(&h);
}

tw_err tw_follow_refused(const struct tw_request *rq, const struct tw_refusal *refusal, struct tw_buf *body)
{
	const struct tw_look look = tw_look_of(rq);
	const char *receipt = tw_json_text(rq->input, "receipt"), *text = tw_json_text(rq->input, "text");
	struct tw_html h;

	tw_page_open(&h, body, look, "/report/status", TW_W_FOLLOW);
	tw_reception_why(&h, look, refusal);
	if (*text)
		write_answer(&h, look, receipt, text, TW_WORDS);
	else
		write_lookup(&h, look, receipt, TW_WORDS);
	return tw_page_close(&h);
}

tw_err tw_reception_ask(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return lookup_page(tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), "", TW_WORDS);
}

struct view {
	struct tw_html h;
	struct tw_look look;
	int64_t report, erased_ms; /* report 0: there is none */
	enum tw_word state;
	size_t messages;
};

static void pair(struct view *v, enum tw_word label, const char *value)
{
	if (!*value)
		return;
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_html_attr(&v->h, TW_AT_CLASS, TW_SLICE("text"));
	tw_html_text(&v->h, tw_slice_of(value));
	tw_html_close(&v->h);
}

static void chosen(struct view *v, enum tw_word label, const struct tw_choice *choices, const char *value)
{
	for (; choices->value; choices++)
		if (*value && strcmp(choices->value, value) == 0)
			pair(v, label, tw_word(choices->word, v->look.language));
}

static void write_time(struct view *v, enum tw_word label, int64_t ms)
{
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_page_time(&v->h, ms);
	tw_html_close(&v->h);
}

/* Who wants to be reached and thanked, and how, is not shown again: the receipt may have come into other hands. */
static tw_err write_report(void *user, const struct tw_report *r)
{
	struct view *v = user;

	v->report = r->id;
	v->erased_ms = r->erased_ms;
	tw_html_open(&v->h, TW_E_DL);
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE);
	tw_html_open(&v->h, TW_E_DD);
	tw_html_attr(&v->h, TW_AT_ID, TW_SLICE("report-state"));
	tw_html_text(&v->h, tw_slice_of(tw_word(v->state, v->look.language)));
	tw_html_close(&v->h);
	write_time(v, TW_W_ARRIVED, r->received_ms);
	if (r->erased_ms)
		write_time(v, TW_W_ERASED, r->erased_ms);
	else if (r->contact_erased_ms)
		write_time(v, TW_W_ERASED_CONTACT, r->contact_erased_ms);
	chosen(v, TW_W_KIND, tw_kinds_shown, r->kind);
	pair(v, TW_W_PRODUCT, r->product);
	pair(v, TW_W_VERSION, r->version);
	chosen(v, TW_W_FLAW, tw_report_flaws, r->flaw);
	pair(v, TW_W_DESCRIPTION, r->description);
	pair(v, TW_W_TRAITS, r->traits);
	pair(v, TW_W_FIX, r->fix);
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_message(void *user, const struct tw_report_message *m)
{
	struct view *v = user;

	if (v->messages++ == 0)
		tw_html_open(&v->h, TW_E_OL);
	tw_html_open(&v->h, TW_E_LI);
	tw_html_open(&v->h, TW_E_P);
	tw_html_attr(&v->h, TW_AT_CLASS, TW_SLICE("quiet"));
	tw_html_text(&v->h, tw_slice_of(tw_word(m->ours ? TW_W_FROM_US : TW_W_FROM_YOU, v->look.language)));
	tw_html_text(&v->h, TW_SLICE(", "));
	tw_page_time(&v->h, m->at_ms);
	tw_html_close(&v->h);
	tw_html_open(&v->h, TW_E_P);
	tw_html_attr(&v->h, TW_AT_CLASS, TW_SLICE("text"));
	tw_html_text(&v->h, m->text);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	return TW_OK;
}

struct shown {
	struct tw_receipt receipt;
	const char *typed;
	enum tw_word fault, files_fault; /* of the answer, of files */
	enum tw_word done;               /* TW_WORDS: nothing */
};

struct found {
	int64_t id; /* 0: there is none */
	bool erased;
};

static tw_err note_id(void *user, const struct tw_report *r)
{
	*(struct found *)user = (struct found){ r->id, r->erased_ms != 0 };
	return TW_OK;
}

/* @nist QR.1.a.1.4: as it is at this moment, whatever was said of it meanwhile */
static tw_err look_up(struct tw_context *c, const struct shown *s, struct view *v)
{
	struct found r = { 0 };

	TW_TRY(tw_report_find(c->store, s->receipt.hash, note_id, &r));
	return r.id ? tw_report_progress(c->store, r.id, tw_time_wall_ms(c->time), &v->state) : TW_OK;
}

/* Files, messages, and the forms for more of them. */
static tw_err write_rest(struct tw_context *c, struct view *v, const struct shown *s)
{
	TW_TRY(tw_reception_files_list(c, &v->h, v->look, v->report));
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_MESSAGES);
	TW_TRY(tw_report_messages(c->store, v->report, write_message, v));
	if (v->messages)
		tw_html_close(&v->h);
	else
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_NO_MESSAGES);
	write_answer(&v->h, v->look, s->receipt.text, s->typed, s->fault);
	write_files(&v->h, v->look, s->receipt.text, s->files_fault);
	return TW_OK;
}

/* ret_report 0: there is no report of that receipt, and the page is not to be sent. */
static tw_err report_page(struct tw_context *c, struct tw_buf *out, struct tw_look look, const struct shown *s, int64_t *ret_report)
{
	struct view v = { .look = look };

	TW_TRY(look_up(c, s, &v));
	tw_page_open(&v.h, out, look, "/report/status", TW_W_FOLLOW);
	tw_field_summary(&v.h, look, &answer, &s->fault, 1);
	tw_field_summary(&v.h, look, &files, &s->files_fault, 1);
	if (s->done != TW_WORDS) {
		tw_html_open(&v.h, TW_E_P);
		tw_html_attr(&v.h, TW_AT_ROLE, TW_SLICE("status"));
		tw_html_text(&v.h, tw_slice_of(tw_word(s->done, look.language)));
		tw_html_close(&v.h);
	}
	TW_TRY(tw_report_find(c->store, s->receipt.hash, write_report, &v));
	if (!v.erased_ms) /* there is nothing more to be shown, and nobody takes more of it */
		TW_TRY(write_rest(c, &v, s));
	*ret_report = v.report;
	return tw_page_close(&v.h);
}

/*
 * A guess is used up for it; the same page for every receipt that is none of ours. Whoever has a right one is never kept waiting by others' guesses: the
 * receipt's 130 bits keep the secret, the allowance only the service's time and log.
 */
static tw_err unknown(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int wait = 0;

	TW_TRY(tw_admission_guess(&tw_app_of(c)->admission, rq->subject.source, tw_time_boot_ms(c->time), &wait));
	if (wait)
		return tw_admission_refuse(rp, wait);
	rp->status = 422;
	return lookup_page(tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), tw_json_text(rq->input, "receipt"), TW_W_RECEIPT_UNKNOWN);
}

/* False: it is answered already. */
static tw_err may_look(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_receipt *ret, bool *ret_may)
{
	const char *text = tw_json_text(rq->input, "receipt");

	*ret_may = false;
	tw_err e = tw_receipt_parse(tw_slice_of(text), ret);
	if (tw_is(e, TW_CODE_SYNTAX)) {
		rp->status = 422;
		return lookup_page(tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), text, *text ? TW_W_RECEIPT_WRONG : TW_W_NEEDED);
	}
	*ret_may = !tw_failed(e);
	return e;
}

tw_err tw_reception_status(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct shown s = { .typed = "", .fault = TW_WORDS, .files_fault = TW_WORDS, .done = TW_WORDS };
	int64_t report = 0;
	bool may;

	TW_TRY(may_look(c, rq, rp, &s.receipt, &may));
	if (!may)
		return TW_OK;
	TW_TRY(report_page(c, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), &s, &report));
	return report ? TW_OK : unknown(c, rq, rp);
}

/* Nothing more is taken of it, and the page says why. */
static tw_err erased_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct shown *s)
{
	int64_t report = 0;

	s->fault = s->files_fault = TW_WORDS;
	rp->status = 422;
	return report_page(c, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), s, &report);
}

tw_err tw_reception_answer(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct shown s = { .typed = tw_json_text(rq->input, "text"), .files_fault = TW_WORDS };
	struct tw_report_message m = { .at_ms = tw_time_wall_ms(c->time), .text = tw_slice_of(s.typed) };
	enum tw_kept kept = TW_KEPT;
	struct found r = { 0 };
	int64_t report = 0;
	bool may;

	TW_TRY(may_look(c, rq, rp, &s.receipt, &may));
	if (!may)
		return TW_OK;
	TW_TRY(tw_report_find(c->store, s.receipt.hash, note_id, &r));
	if (!r.id)
		return unknown(c, rq, rp);
	if (r.erased)
		return erased_page(c, rq, rp, &s);
	s.fault = tw_field_fault(&answer, s.typed);
	if (s.fault == TW_WORDS)
		TW_TRY(tw_report_message_add(c->store, r.id, &m, &kept));
	if (kept == TW_KEPT_FULL)
		s.fault = TW_W_ANSWERS_MANY;
	s.done = s.fault == TW_WORDS ? TW_W_ANSWER_DONE : TW_WORDS;
	rp->status = s.fault == TW_WORDS ? 200 : 422;
	s.typed = s.fault == TW_WORDS ? "" : s.typed;
	return report_page(c, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), &s, &report);
}

tw_err tw_reception_files(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct shown s = { .typed = "", .fault = TW_WORDS, .files_fault = TW_W_FILES_NONE };
	struct found r = { 0 };
	int64_t report = 0;
	bool may;

	TW_TRY(may_look(c, rq, rp, &s.receipt, &may));
	if (!may)
		return TW_OK;
	TW_TRY(tw_report_find(c->store, s.receipt.hash, note_id, &r));
	if (!r.id)
		return unknown(c, rq, rp);
	if (r.erased)
		return erased_page(c, rq, rp, &s);
	if (rq->file_count)
		TW_TRY(tw_reception_files_add(c, rq, r.id, &s.files_fault));
	s.done = s.files_fault == TW_WORDS ? TW_W_FILES_DONE : TW_WORDS;
	rp->status = s.files_fault == TW_WORDS ? 200 : 422;
	(void)snprintf(rp->note, sizeof rp->note, "%zu files", rq->file_count);
	return report_page(c, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), &s, &report);
}

tw_err tw_reception_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	const struct tw_refusal refusal = { rp, reference };

	if (rq->input && rq->operation && rq->operation->handler == tw_reception_send)
		return tw_report_refused(rq, &refusal, body);
	if (rq->input && rq->operation && rq->operation->handler == tw_question_send && *tw_json_text(rq->input, "kind"))
		return tw_question_refused(rq, &refusal, body);
	if (rq->input && rq->operation &&
		(rq->operation->handler == tw_reception_status || rq->operation->handler == tw_reception_answer ||
			rq->operation->handler == tw_reception_files))
		return tw_follow_refused(rq, &refusal, body);
	if (rq->input && rq->operation && rq->operation->handler == tw_subs_ask)
		return tw_subs_refused(c, rq, rp, reference, body);
	return tw_page_problem(c, rq, rp, reference, body);
}

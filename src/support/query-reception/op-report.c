/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report page. Only a description is needed. The receipt travels in the form from its first page on, so a report that is sent twice, because
 * its answer was lost or somebody was impatient, is kept once, and answered with the same receipt.
 */
#include "base/mem.h"
#include "support/intake/stranger.h"
#include "support/platform/app.h"
#include "support/query-reception/field.h"
#include "support/query-reception/reception.h"
#include "support/query-reception/report.h"
#include "support/questions/questions.h"
#include "support/rows-query-reception.h"

#include <string.h>

#define TEXT_MAX (64 * 1024) /* what front takes from a stranger is less */

/* @nist QR.1.a.1.5 QR.2.a.1.2: not only flaws */
const struct tw_choice tw_report_kinds[] = { { "flaw", TW_W_KIND_FLAW }, { "bug", TW_W_KIND_BUG }, { "event", TW_W_KIND_EVENT },
	{ "rules", TW_W_KIND_RULES }, { .value = NULL } };
const struct tw_choice tw_kinds_shown[] = { { "flaw", TW_W_KIND_FLAW }, { "bug", TW_W_KIND_BUG }, { "event", TW_W_KIND_EVENT },
	{ "rules", TW_W_KIND_RULES }, { "configuration", TW_W_KIND_CONFIGURATION }, { "component", TW_W_KIND_COMPONENT },
	{ "documentation", TW_W_KIND_DOCUMENTATION }, { "other", TW_W_KIND_OTHER }, { .value = NULL } };
const struct tw_choice tw_report_flaws[] = {
	{ "", TW_W_FLAW_UNKNOWN },
	{ "memory", TW_W_FLAW_MEMORY },
	{ "injection", TW_W_FLAW_INJECTION },
	{ "login", TW_W_FLAW_LOGIN },
	{ "rights", TW_W_FLAW_RIGHTS },
	{ "crypto", TW_W_FLAW_CRYPTO },
	{ "leak", TW_W_FLAW_LEAK },
	{ "outage", TW_W_FLAW_OUTAGE },
	{ "update", TW_W_FLAW_UPDATE },
	{ "other", TW_W_FLAW_OTHER },
	{ .value = NULL },
};
/* @nist QR.1.a.1.1: the type, what it takes and gains, an idea for a fix; none of them is needed.
   Together, each character as nine bytes, they fit into what front takes from a stranger. */
static const struct tw_field fields[] = {
	{ "kind", TW_W_KIND, TW_WORDS, .choices = tw_report_kinds },
	{ "description", TW_W_DESCRIPTION_NEEDED, TW_W_DESCRIPTION_HINT, 4500, .rows = 10, .needed = true },
	{ "product", TW_W_PRODUCT, TW_W_PRODUCT_HINT, 100, .plain = true },
	{ "version", TW_W_VERSION, TW_W_VERSION_HINT, 60, .plain = true },
	{ "flaw", TW_W_FLAW, TW_WORDS, .choices = tw_report_flaws },
	{ "traits", TW_W_TRAITS, TW_W_TRAITS_HINT, 700, .rows = 4 },
	{ "fix", TW_W_FIX, TW_W_FIX_HINT, 700, .rows = 4 },
	{ "contact", TW_W_CONTACT, TW_W_CONTACT_HINT, 120 },
	{ "credit", TW_W_CREDIT, TW_W_CREDIT_HINT, 80 },
	{ "files", TW_W_FILES, TW_W_FILES_HINT, .type = "file" },
};

enum { FILES = TW_COUNT(fields) - 1 };

static const char *typed(const json_t *input, const char *key)
{
	return input ? tw_json_text(input, key) : "";
}

void tw_reception_why(struct tw_html *h, struct tw_look look, const struct tw_refusal *refusal)
{
	tw_html_open(h, TW_E_SECTION);
	tw_html_attr(h, TW_AT_ROLE, TW_SLICE("alert"));
	tw_page_put(h, look, TW_E_H2, TW_W_NOT_DONE);
	tw_page_why(h, look, refusal->reply, refusal->reference);
	tw_html_close(h);
}

/* input NULL: nothing was typed yet. */
static void write_form(struct tw_html *h, struct tw_look look, const json_t *input, const enum tw_word *faults, const char *receipt)
{
	tw_form_open_files(h, look, "/report");
	tw_form_hidden(h, "receipt", receipt);
	for (size_t i = 0; i < TW_COUNT(fields); i++)
		tw_field_write(h, look, &fields[i], typed(input, fields[i].key), faults ? faults[i] : TW_WORDS);
	tw_form_close(h, look, TW_W_SEND);
}

/* chosen: the query, of which the kind stands in the form already. */
static tw_err empty_form(struct tw_buf *out, struct tw_look look, const json_t *chosen, const char *receipt)
{
	struct tw_html h;

	tw_page_open(&h, out, look, "/report", TW_W_REPORT);
	tw_page_put(&h, look, TW_E_P, TW_W_REPORT_LEAD);
	write_form(&h, look, chosen, NULL, receipt);
	return tw_page_close(&h);
}

tw_err tw_report_refused(const struct tw_request *rq, const struct tw_refusal *refusal, struct tw_buf *body)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, body, look, "/report", TW_W_REPORT);
	tw_reception_why(&h, look, refusal);
	write_form(&h, look, rq->input, NULL, typed(rq->input, "receipt"));
	if (rq->file_count)
		tw_page_put(&h, look, TW_E_P, TW_W_FILES_AGAIN);
	return tw_page_close(&h);
}

tw_err tw_reception_form(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_receipt receipt;

	TW_TRY(tw_receipt_make(c->sys, &receipt));
	return empty_form(tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq), rq->input, receipt.text);
}

static tw_err form_again(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, enum tw_word *faults)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	if (rq->file_count && faults[FILES] == TW_WORDS)
		faults[FILES] = TW_W_FILES_AGAIN;
	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/report", TW_W_REPORT);
	tw_field_summary(&h, look, fields, faults, TW_COUNT(fields));
	write_form(&h, look, rq->input, faults, typed(rq->input, "receipt"));
	rp->status = 422;
	return tw_page_close(&h);
}

static tw_err confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const char *receipt)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/report/status", TW_W_SENT);
	tw_page_put(&h, look, TW_E_P, TW_W_SENT_LEAD);
	tw_html_open(&h, TW_E_P);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("receipt"));
	tw_html_put(&h, TW_E_CODE, receipt);
	tw_html_close(&h);
	tw_page_put(&h, look, TW_E_P, TW_W_SENT_KEEP);
	tw_form_open(&h, look, "/report/status");
	tw_form_hidden(&h, "receipt", receipt);
	tw_form_close(&h, look, TW_W_FOLLOW);
	return tw_page_close(&h);
}

static tw_err add(struct tw_reception_files *f, const struct tw_receipt *receipt, const struct tw_report *r, enum tw_kept *ret)
{
	const struct tw_report_beside beside = { tw_reception_files_beside, f };

	return tw_question_is(r->kind) ? tw_question_receive(f->c, f->rq, receipt, r, &beside, ret)
				       : tw_report_add_with(f->c->store, receipt, r, &beside, ret);
}

static tw_err keep(struct tw_reception_files *f, struct tw_receipt *receipt, enum tw_kept *ret)
{
	struct tw_context *c = f->c;
	const struct tw_request *rq = f->rq;
	const json_t *in = rq->input;
	const char *kind = tw_json_text(in, "kind");
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, TEXT_MAX);
	TW_TRY(tw_question_text(rq, &text));
	const struct tw_report r = { .received_ms = tw_time_wall_ms(c->time),
		.language = tw_language_tag(tw_look_of(rq).language),
		.kind = *kind ? kind : "flaw",
		.description = tw_buf_cstr(&text),
		.product = tw_json_text(in, "product"),
		.version = tw_json_text(in, "version"),
		.flaw = tw_json_text(in, "flaw"),
		.traits = tw_json_text(in, "traits"),
		.fix = tw_json_text(in, "fix"),
		.contact = tw_json_text(in, "contact"),
		.credit = tw_json_text(in, "credit") };

	if (tw_failed(tw_receipt_parse(tw_slice_of(tw_json_text(in, "receipt")), receipt)))
		TW_TRY(tw_receipt_make(c->sys, receipt)); /* a program's, or somebody's who changed the page */
	TW_TRY(add(f, receipt, &r, ret));
	if (*ret != TW_KEPT_OTHER)
		return TW_OK;
	TW_TRY(tw_receipt_make(c->sys, receipt)); /* he went back and wrote another one */
	return add(f, receipt, &r, ret);
}

/* What is wrong with the files stays in f; then there is no answer yet. */
static tw_err take(struct tw_reception_files *f, struct tw_reply *rp)
{
	struct tw_receipt receipt;
	enum tw_kept kept = TW_KEPT;

	tw_err e = keep(f, &receipt, &kept);
	if (f->fault != TW_WORDS)
		return TW_OK;
	if (tw_is(e, TW_CODE_LIMIT) && tw_store_fault(f->c->store) == TW_STORE_WELL)
		return tw_reply_problem(rp, 413, "size", "question.size", "This is more than is kept of a question",
			"Say it in fewer words.", "Nothing was kept.");
	TW_TRY(e);
	if (kept == TW_KEPT_FULL)
		return tw_reply_problem(rp, 503, "storage-full", "reception.most", "No more reports are taken",
			"Write to the contact that /.well-known/security.txt names.", "There are %d, which is the most.", TW_REPORTS_MAX);
	tw_app_of(f->c)->reports_changed = true;
	(void)snprintf(rp->note, sizeof rp->note, "%s", kept == TW_KEPT ? "kept" : "kept before");
	return confirm(f->c, f->rq, rp, receipt.text);
}

/* --- What the service sends itself --- */

struct canary {
	struct tw_context *c;
	struct tw_canary_plan plan;
	const char *text;
	bool stored, came;
};

/* It got as far as a report gets, which is what was to be known; the error takes it out again. */
static tw_err take_back(tw_store *s, void *user, int64_t report)
{
	((struct canary *)user)->stored = true;
	return TW_RAISE(STATE, "a test of the form, which is no report");
}

static tw_err came(tw_store *s, void *user)
{
	struct canary *k = user;

	return tw_canary_arrived(k->c, &k->plan, tw_slice_of(k->text), tw_time_wall_ms(k->c->time), &k->came);
}

static tw_err take_canary(struct canary *k, struct tw_reply *rp, const struct tw_request *rq, const struct tw_receipt *receipt)
{
	const struct tw_report r = { .received_ms = tw_time_wall_ms(k->c->time),
		.language = "en",
		.kind = "flaw",
		.description = k->text,
		.product = "",
		.version = "",
		.flaw = "",
		.traits = "",
		.fix = "",
		.contact = "",
		.credit = "" };
	const struct tw_report_beside beside = { take_back, k };
	enum tw_kept kept = TW_KEPT_FULL;

	const tw_err e = tw_report_add_with(k->c->store, receipt, &r, &beside, &kept);
	if (!k->stored) {
		TW_TRY(e);
		return tw_reply_problem(rp, 503, "storage-full", "reception.most", "No more reports are taken",
			"Write to the contact that /.well-known/security.txt names.", "There are %d, which is the most.", TW_REPORTS_MAX);
	}
	TW_TRY(tw_store_transaction(k->c->store, came, k));
	TW_TRY(tw_admission_return(&tw_app_of(k->c)->admission, rq->subject.source)); /* it is none of the strangers' */
	(void)snprintf(rp->note, sizeof rp->note, "canary");
	return confirm(k->c, rq, rp, receipt->text);
}

/* Nothing but our own words with a code that is still on its way: no report of anybody's is like that. */
static tw_err try_canary(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, bool *ret_done)
{
	static const char *const empty[] = { "product", "version", "flaw", "traits", "fix", "contact", "credit" };
	struct canary k = { .c = c, .text = tw_json_text(rq->input, "description") };
	bool alone = rq->file_count == 0 && strlen(k.text) < TW_CANARY_TEXT_MAX;
	struct tw_receipt receipt;

	*ret_done = false;
	for (size_t i = 0; i < TW_COUNT(empty); i++)
		alone = alone && !*tw_json_text(rq->input, empty[i]);
	if (!alone || tw_failed(tw_receipt_parse(tw_slice_of(tw_json_text(rq->input, "receipt")), &receipt)))
		return TW_OK;
	TW_TRY(tw_canary_known(c->store, TW_WAY_FORM, tw_slice_of(k.text), ret_done));
	k.plan = tw_stranger_plan(tw_app_of(c));
	return *ret_done ? take_canary(&k, rp, rq, &receipt) : TW_OK;
}

tw_err tw_reception_take(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return take(&(struct tw_reception_files){ c, rq, TW_WORDS }, rp);
}

tw_err tw_reception_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	enum tw_word faults[TW_COUNT(fields)];
	struct tw_reception_files files = { c, rq, TW_WORDS };
	bool good = true;

	for (size_t i = 0; i < TW_COUNT(fields); i++) {
		faults[i] = tw_field_fault(&fields[i], tw_json_text(rq->input, fields[i].key));
		good = good && faults[i] == TW_WORDS;
	}
	faults[FILES] = tw_reception_files_fault(rq);
	if (!good || faults[FILES] != TW_WORDS)
		return form_again(c, rq, rp, faults);
	bool canary = false;
	TW_TRY(try_canary(c, rq, rp, &canary));
	if (canary)
		return TW_OK;
	TW_TRY(take(&files, rp));
	faults[FILES] = files.fault;
	return files.fault == TW_WORDS ? TW_OK : form_again(c, rq, rp, faults);
}

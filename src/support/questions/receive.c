/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question that a customer sent himself. It is kept as a report is, so that he follows it by his receipt and nothing of it is lost, and it is a question at
 * the desk in the same transaction: one is never there without the other.
 */
#include "base/text.h"
#include "support/cases/cases.h"
#include "support/platform/app.h"
#include "support/questions/questions.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 4000 /* of the question's, as when it is noted; the report keeps all of it */
#define NOT_SAID "unknown"

bool tw_question_is(const char *kind)
{
	return tw_question_kind(kind) || !strcmp(kind, "rules");
}

bool tw_question_day(const char *text, int64_t *ret)
{
	char whole[TW_TIME_TEXT_MAX];

	*ret = 0;
	(void)snprintf(whole, sizeof whole, "%.10sT23:59:59Z", text);
	return !*text || (strlen(text) == 10 && !tw_failed(tw_parse_time(tw_slice_of(whole), ret)));
}

struct receiving {
	struct tw_document d;
	const struct tw_receipt *receipt;
	const struct tw_report *report;
	const struct tw_report_beside *beside; /* NULL: nothing */
	int64_t id;
	enum tw_kept kept;
};

static void receiving_done(struct receiving *w)
{
	tw_document_done(&w->d);
}

/* As many whole characters as fit. */
static json_t *cut(const char *text)
{
	const struct tw_slice s = tw_slice_of(text);
	size_t used = 0, size = 0;

	while (used < s.size && (size = tw_utf8_size((struct tw_slice){ s.at + used, s.size - used })) && used + size <= TEXT_MAX)
		used += size;
	return json_stringn(text, used);
}

static tw_err put_or(json_t *doc, const char *key, const char *text)
{
	return tw_json_set(doc, key, json_string(*text ? text : NOT_SAID));
}

/* What was asked with its kind, and nothing else that came along.
   @nist QR.2.a.1.1 QR.2.a.2.2 QR.2.a.3.1: the directive and its date, what a document lacks, and the reference of the settings */
static tw_err take_rest(struct tw_context *c, const json_t *input, json_t *doc)
{
	static const char *const of_texts[] = { "document", "breadth", "depth", NULL }, *const of_rules[] = { "directive", NULL };
	const char *kind = tw_json_text(doc, "kind");
	const bool texts = !strcmp(kind, "documentation"), rules = !strcmp(kind, "event") || !strcmp(kind, "noncompliance");
	const struct tw_app *a = tw_app_of(c);
	int64_t due = 0;

	for (const char *const *key = texts ? of_texts : of_rules; (texts || rules) && *key; key++)
		if (*tw_json_text(input, *key))
			TW_TRY(tw_json_set(doc, *key, json_string(tw_json_text(input, *key))));
	if (rules && *tw_json_text(input, "due") && tw_question_day(tw_json_text(input, "due"), &due))
		TW_TRY(tw_case_set_time(doc, "due", due));
	return tw_question_settings(doc, a ? a->products : NULL);
}

static tw_err write_doc(struct receiving *w, const struct tw_request *rq)
{
	const struct tw_report *r = w->report;
	json_t *doc = w->d.after;
	char name[24];

	(void)snprintf(name, sizeof name, "q%lld", (long long)w->id);
	TW_TRY(tw_json_set(doc, "id", json_string(name)));
	TW_TRY(tw_json_set(doc, "by", json_string(w->d.by)));
	TW_TRY(tw_case_set_time(doc, "at", w->d.now_ms));
	TW_TRY(tw_document_salt(w->d.c, doc));
	TW_TRY(tw_json_set(doc, "state", json_string("open")));
	TW_TRY(tw_json_set(doc, "via", json_string("form")));
	TW_TRY(tw_json_set(doc, "kind", json_string(strcmp(r->kind, "rules") != 0 ? r->kind : "noncompliance")));
	TW_TRY(tw_json_set(doc, "caller", json_string(NOT_SAID))); /* the form asks for no name, and how to reach him is told behind a check alone */
	TW_TRY(put_or(doc, "product", r->product));
	TW_TRY(put_or(doc, "version", r->version));
	TW_TRY(tw_json_set(doc, "text", cut(r->description)));
	return take_rest(w->d.c, rq->input, doc);
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* The report has got its name by now: the document says it, and is hashed with it. */
static tw_err write_both(tw_store *s, void *user)
{
	struct receiving *w = user;
	int64_t report = 0;
	char name[24];

	TW_TRY(tw_report_put(s, w->receipt, w->report, &w->kept, &report));
	if (w->beside && (w->kept == TW_KEPT || w->kept == TW_KEPT_BEFORE))
		TW_TRY(w->beside->run(s, w->beside->user, report));
	if (w->kept != TW_KEPT)
		return TW_OK;
	(void)snprintf(name, sizeof name, "r%lld", (long long)report);
	TW_TRY(tw_json_set(w->d.after, "report", json_string(name)));
	TW_TRY(tw_document_prepare(&w->d));
	const struct tw_value customer[] = { TW_V_INT(w->id), TW_V_TEXT(w->report->contact) };
	TW_TRY(tw_question_put(s, &tw_question_kept, w->id, &w->d));
	if (*w->report->contact)
		TW_TRY(tw_store_run(s, tw_sql_question_customer_put, customer, TW_COUNT(customer), NULL, NULL));
	return tw_journal_append(w->d.c, w->d.entry);
}

tw_err tw_question_receive(struct tw_context *c, const struct tw_request *rq, const struct tw_receipt *receipt,
	const struct tw_report *r, const struct tw_report_beside *beside, enum tw_kept *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = json_object();
	TW_CLEANUP(receiving_done)
	struct receiving w = {
		.d = { .c = c, .now_ms = r->received_ms, .by = tw_subject_key(&rq->subject), .what = rq->operation->name, .after = doc },
		.receipt = receipt,
		.report = r,
		.beside = beside
	};

	if (!doc)
		return TW_RAISE(NOMEM, "a question");
	TW_TRY(tw_store_run(c->store, tw_sql_question_number, NULL, 0, take_number, &w.id));
	TW_TRY(write_doc(&w, rq));
	w.d.name = tw_json_text(doc, "id");
	TW_TRY(tw_store_transaction(c->store, write_both, &w));
	*ret = w.kept;
	return TW_OK;
}

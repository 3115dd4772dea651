/* SPDX-License-Identifier: Apache-2.0 */
#include "support/questions/questions.h"

#include "base/text.h"
#include "service/path/page.h"
#include "support/cases/cases.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct tw_question_kept tw_question_kept = { 'q', tw_sql_question_one, tw_sql_question_number, tw_sql_question_list,
	tw_sql_question_put, "question.unknown", "There is no such question" };
const struct tw_question_kept tw_answer_kept = { 'l', tw_sql_answer_one, tw_sql_answer_number, tw_sql_answer_list,
	tw_sql_answer_put, "answer.unknown", "There is no such answer" };

bool tw_question_kind(const char *text)
{
	static const char *const kinds[] = { "event", "noncompliance", "configuration", "component", "documentation", "other" };

	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!strcmp(text, kinds[i]))
			return true;
	return false;
}

bool tw_question_identified(const json_t *doc, int64_t now_ms)
{
	const json_t *check = tw_json_get(doc, "identity");
	int64_t at = 0;

	return check && !strcmp(tw_json_text(check, "result"), "passed") &&
		!tw_failed(tw_parse_time(tw_slice_of(tw_json_text(check, "at")), &at)) && at <= now_ms &&
		now_ms - at < TW_QUESTION_IDENTITY_MS;
}

int64_t tw_question_due(const json_t *doc)
{
	const char *state = tw_json_text(doc, "state");
	const bool waits = !strcmp(state, "open") || (!strcmp(state, "answered") && *tw_json_text(doc, "follow_up"));
	int64_t ms = INT64_MAX;

	return waits && !tw_failed(tw_parse_time(tw_slice_of(tw_json_text(doc, "due")), &ms)) ? ms : INT64_MAX;
}

/* --- Reading --- */

static bool id_of(struct tw_slice name, char letter, int64_t *ret)
{
	uint64_t id = 0;

	if (name.size < 2 || name.at[0] != letter || name.at[1] == '0' ||
		tw_failed(tw_parse_u64((struct tw_slice){ name.at + 1, name.size - 1 }, INT64_MAX, &id)))
		return false;
	*ret = (int64_t)id;
	return true;
}

static tw_err take_doc(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_CASE_DOC_MAX, user);
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

const char *tw_question_reader(const struct tw_request *rq)
{
	return rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
}

/* What came as a report of a case under embargo is, to whoever may not see that case, as if it were not there: as the report itself. */
static tw_err hide(const struct tw_question_edit *e, json_t **doc)
{
	const char *who = tw_question_reader(e->rq);
	int64_t report = 0, hidden = 0;

	if (e->kept != &tw_question_kept || !*who || !id_of(tw_slice_of(tw_json_text(*doc, "report")), 'r', &report))
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(report), TW_V_INT(tw_time_wall_ms(e->c->time)), TW_V_TEXT(who) };
	TW_TRY(tw_store_run(e->c->store, tw_sql_question_hidden, v, TW_COUNT(v), take_number, &hidden));
	if (hidden)
		tw_jsonp(doc);
	return TW_OK;
}

static tw_err load(struct tw_question_edit *e, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	*ret = NULL;
	if (id_of(e->rq->parameter, e->kept->letter, &e->id))
		TW_TRY(tw_store_run(e->c->store, e->kept->one, &TW_V_INT(e->id), 1, take_doc, &doc));
	TW_TRY(hide(e, &doc));
	*ret = TW_STEAL(doc);
	return *ret ? TW_OK
		    : tw_reply_problem(e->rp, 404, "not-found", e->kept->unknown, e->kept->title,
			      "List them to see those there are.", "There is none of this name.");
}

tw_err tw_question_load(
	struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k, json_t **ret)
{
	return load(&(struct tw_question_edit){ .c = c, .rq = rq, .rp = rp, .kept = k }, ret);
}

static tw_err list_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &doc));
	(void)json_object_del(doc, "salt");
	(void)json_object_del(doc, "answers"); /* one may be as long as a page */
	(void)json_object_del(doc, "disclosures");
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(doc));
}

tw_err tw_question_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k)
{
	uint64_t below = 0;
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &below));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(below ? (int64_t)below : INT64_MAX), TW_V_TEXT(tw_json_text(rq->input, "state")),
		TW_V_TEXT(tw_json_text(rq->input, "kind")), TW_V_TEXT(tw_json_text(rq->input, "product")),
		TW_V_TEXT(tw_json_text(rq->input, "search")), TW_V_INT((int64_t)p.limit + 1),
		TW_V_TEXT(tw_json_text(rq->input, "whose")), TW_V_TEXT(tw_question_reader(rq)), TW_V_INT(tw_time_wall_ms(c->time)) };
	TW_TRY(tw_store_run(c->store, k->list, v, k == &tw_question_kept ? TW_COUNT(v) : TW_COUNT(v) - 3, list_one, &p));
	return tw_page_end(&p, rp);
}

/* --- Writing --- */

struct writing {
	struct tw_document d;
	const struct tw_question_edit *e;
};

static void writing_done(struct writing *w)
{
	tw_document_done(&w->d);
}

/* Of a question that came by a form: what is answered stands behind its receipt, in the same transaction. */
static tw_err tell(tw_store *s, const struct tw_question_edit *e)
{
	struct tw_report_message m = { .at_ms = e->now_ms, .ours = true };
	enum tw_kept kept = TW_KEPT;
	int64_t report = 0;

	if (!id_of(tw_slice_of(tw_json_text(e->doc, "report")), 'r', &report))
		return TW_OK;
	for (size_t i = 0; i < TW_COUNT(e->tell); i++) {
		m.text = tw_slice_of(e->tell[i] ? e->tell[i] : "");
		if (m.text.size)
			TW_TRY(tw_report_message_put(s, report, &m, &kept));
		if (kept == TW_KEPT_FULL)
			return TW_RAISE(LIMIT, "the receipt's page takes no more messages");
	}
	return TW_OK;
}

tw_err tw_question_put(tw_store *s, const struct tw_question_kept *k, int64_t id, const struct tw_document *d)
{
	const json_t *doc = d->after;
	const char *whose = tw_json_text(doc, "whose");

	const struct tw_value v[] = { TW_V_INT(id), TW_V_TEXT(tw_json_text(doc, "state")), TW_V_TEXT(tw_json_text(doc, "kind")),
		TW_V_TEXT(tw_json_text(doc, "product")), TW_V_SLICE(tw_buf_slice(&d->text)),
		TW_V_TEXT(*whose ? whose : TW_QUESTION_NOBODY), TW_V_INT(tw_question_due(doc)) };
	return tw_store_run(s, k->put, v, k == &tw_question_kept ? TW_COUNT(v) : TW_COUNT(v) - 2, NULL, NULL);
}

static tw_err write_both(tw_store *s, void *user)
{
	const struct writing *w = user;

	TW_TRY(tw_question_put(s, w->e->kept, w->e->id, &w->d));
	if (w->e->customer) {
		const struct tw_value customer[] = { TW_V_INT(w->e->id), TW_V_TEXT(w->e->customer) };

		TW_TRY(tw_store_run(s, tw_sql_question_customer_put, customer, TW_COUNT(customer), NULL, NULL));
	}
	if (w->e->beside)
		TW_TRY(w->e->beside(s, w->e));
	TW_TRY(tell(s, w->e));
	return tw_journal_append(w->d.c, w->d.entry);
}

static tw_err write_change(struct tw_question_edit *e, const json_t *before)
{
	TW_CLEANUP(writing_done)
	struct writing w = { .d = { e->c, e->now_ms, tw_subject_key(&e->rq->subject), e->rq->operation->name,
				     tw_json_text(e->doc, "id"), .before = before, .after = e->doc },
		.e = e };
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;
	tw_err done = tw_document_prepare(&w.d);

	if (!tw_failed(done))
		done = tw_document_shown(e->c, e->doc, &shown); /* nothing may fail any more once it is on the disk */
	if (!tw_failed(done))
		done = tw_store_transaction(e->c->store, write_both, &w);
	if (tw_is(done, TW_CODE_LIMIT) && tw_store_fault(e->c->store) == TW_STORE_WELL)
		return tw_reply_problem(e->rp, 413, "too-long", "question.size", "It would be too long",
			"Note the rest as another one.", "One has at most %d bytes.", TW_CASE_DOC_MAX);
	if (!tw_failed(done))
		e->rp->body = TW_STEAL(shown);
	return done;
}

tw_err tw_question_edit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k,
	tw_err (*edit)(struct tw_question_edit *e))
{
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *after = NULL;
	struct tw_question_edit e = { .c = c, .rq = rq, .rp = rp, .kept = k, .now_ms = tw_time_wall_ms(c->time) };

	TW_TRY(load(&e, &before));
	if (!before)
		return TW_OK;
	after = json_deep_copy(before);
	if (!json_equal(after, before)) /* it leaves members out when memory runs out */
		return TW_RAISE(NOMEM, "a question");
	e.doc = after;
	TW_TRY(edit(&e));
	return rp->problem[0] ? TW_OK : write_change(&e, before);
}

tw_err tw_question_new(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_question_kept *k,
	tw_err (*edit)(struct tw_question_edit *e))
{
	TW_CLEANUP(tw_jsonp) json_t *doc = json_object();
	struct tw_question_edit e = { .c = c, .rq = rq, .rp = rp, .kept = k, .now_ms = tw_time_wall_ms(c->time), .doc = doc };
	char name[24];

	TW_TRY(tw_store_run(c->store, k->number, NULL, 0, take_number, &e.id));
	(void)snprintf(name, sizeof name, "%c%lld", k->letter, (long long)e.id);
	TW_TRY(tw_json_set(doc, "id", json_string(name)));
	TW_TRY(tw_json_set(doc, "by", json_string(tw_subject_key(&rq->subject))));
	TW_TRY(tw_case_set_time(doc, "at", e.now_ms));
	TW_TRY(tw_document_salt(c, doc));
	TW_TRY(edit(&e));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(write_change(&e, NULL));
	if (!rp->problem[0])
		rp->status = 201;
	return TW_OK;
}

/* --- Helpers of the operations --- */

tw_err tw_question_copy(struct tw_question_edit *e, const char *key)
{
	const char *text = tw_json_text(e->rq->input, key);

	return *text ? tw_json_set(e->doc, key, json_string(text)) : TW_OK;
}

tw_err tw_question_note(const struct tw_question_edit *e, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_case_set_time(j, "at", e->now_ms));
	TW_TRY(tw_json_set(j, "by", json_string(tw_subject_key(&e->rq->subject))));
	*ret = TW_STEAL(j);
	return TW_OK;
}

/* @nist QR.2.a.3.1: whoever answers has the reference at hand. A product is known by its name or its title. */
tw_err tw_question_settings(json_t *doc, const json_t *products)
{
	const char *of = tw_json_text(doc, "product");
	const json_t *one;
	size_t i;

	if (strcmp(tw_json_text(doc, "kind"), "configuration") != 0)
		return TW_OK;
	json_array_foreach(products, i, one)
		if ((!strcasecmp(of, tw_json_text(one, "name")) || !strcasecmp(of, tw_json_text(one, "title"))) &&
			*tw_product_document(one, TW_PRODUCT_SETTINGS))
			return tw_json_set(doc, "settings", json_string(tw_product_document(one, TW_PRODUCT_SETTINGS)));
	return TW_OK;
}

tw_err tw_question_append(struct tw_question_edit *e, const char *list, json_t *entry)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = entry;
	json_t *l = tw_json_get(e->doc, list);

	if (json_array_size(l) >= TW_QUESTION_LIST_MAX)
		return tw_reply_problem(e->rp, 409, "full", "question.list", "The list is full",
			"Note what goes on as another question.", "A list has at most %d entries.", TW_QUESTION_LIST_MAX);
	if (!l) {
		l = json_array();
		TW_TRY(tw_json_set(e->doc, list, l));
	}
	return tw_json_append(l, TW_STEAL(owned));
}

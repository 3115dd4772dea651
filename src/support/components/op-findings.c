/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for programs and forms: the queue, one of them, what is decided of it, and the case that it becomes. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "service/path/page.h"
#include "support/components/components.h"
#include "support/rows-components.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define TITLE_MAX 200
#define DESCRIPTION_MAX 4000 /* as a case has it */

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "finding", rule, title, next, "%s", detail);
}

static tw_err put(json_t *j, const char *key, struct tw_slice text)
{
	return text.size ? tw_json_set(j, key, json_stringn(text.at, text.size)) : TW_OK;
}

static tw_err put_id(json_t *j, const char *key, char letter, int64_t id)
{
	char name[24];

	tw_components_id(letter, id, name);
	return tw_json_set(j, key, json_string(name));
}

/* --- The queue --- */

struct listing {
	struct tw_page p;
};

static tw_err describe(const struct tw_queued *q, json_t *j)
{
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;

	TW_TRY(tw_json_parse(q->entry, TW_ENTRY_MAX, &entry));
	TW_TRY(put_id(j, "id", 't', q->id));
	TW_TRY(tw_json_set(j, "state", json_string(q->state)));
	TW_TRY(put(j, "product", q->product));
	TW_TRY(put(j, "release", q->release_version));
	TW_TRY(put(j, "vulnerability", q->vulnerability));
	TW_TRY(put(j, "component", q->component));
	TW_TRY(put(j, "version", q->version));
	TW_TRY(put(j, "rule", q->rule));
	TW_TRY(put(j, "summary", tw_slice_of(tw_json_text(entry, "summary"))));
	TW_TRY(tw_json_set(j, "exploited", json_boolean(q->exploited)));
	if (json_object_get(entry, "epss"))
		TW_TRY(tw_json_set(j, "epss", json_integer(tw_json_int(entry, "epss"))));
	if (q->score >= 0)
		TW_TRY(tw_json_set(j, "score", json_integer(q->score)));
	return put_id(j, "since", 'i', q->since);
}

static tw_err list_one(void *user, const struct tw_queued *q)
{
	struct listing *l = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char at[TW_PAGE_AT_MAX];

	if (!tw_page_takes(&l->p))
		return TW_OK;
	j = json_object();
	TW_TRY(describe(q, j));
	(void)snprintf(at, sizeof at, "%lld-%lld", (long long)q->urgency, (long long)q->id);
	return tw_page_add(&l->p, at, TW_STEAL(j));
}

tw_err tw_op_findings_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct listing l;
	const struct tw_queue_reader to = { list_one, &l };
	struct tw_queue q;

	TW_TRY(tw_queue_of(c, rq, rp, &q));
	if (!rp->problem[0])
		TW_TRY(tw_page_begin(c, rq, rp, &l.p));
	if (rp->problem[0])
		return TW_OK;
	if (*l.p.after && !tw_queue_place(l.p.after, &q))
		return tw_page_refuse(rp);
	q.limit = l.p.limit + 1;
	TW_TRY(tw_queue_read(c, &q, &to));
	return tw_page_end(&l.p, rp);
}

/* --- One --- */

/* The case that it became, for whoever may see it. */
static tw_err show_case(struct tw_context *c, const struct tw_request *rq, const struct tw_finding *f, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char name[24];
	int64_t id = 0;

	if (!f->case_id)
		return TW_OK;
	tw_components_id('c', f->case_id, name);
	TW_TRY(tw_case_named(c, &rq->subject, tw_slice_of(name), &id, &doc));
	return doc ? tw_json_set(to, "case", json_string(name)) : TW_OK;
}

tw_err tw_finding_shown(struct tw_context *c, const struct tw_request *rq, const struct tw_finding *f, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_deep_copy(f->entry), *desk = NULL;

	if (!j || !json_equal(j, f->entry))
		return TW_RAISE(NOMEM, "a finding");
	(void)json_object_del(j, "decision");
	TW_TRY(put_id(j, "id", 't', f->id));
	TW_TRY(tw_json_set(j, "product", json_string(f->product)));
	TW_TRY(tw_json_set(j, "release", json_string(f->release_version)));
	TW_TRY(tw_json_set(j, "state", json_string(tw_finding_state(f->waits, f->decision, f->same))));
	TW_TRY(tw_json_set(j, "exploited", json_boolean(f->exploited)));
	TW_TRY(tw_case_set_time(j, "first", f->first_ms));
	TW_TRY(put_id(j, "since", 'i', f->since));
	if (f->decided)
		TW_TRY(tw_json_set(j, "decision", json_incref(f->decided)));
	if (f->doc) {
		TW_TRY(tw_document_shown(c, f->doc, &desk));
		TW_TRY(tw_json_set(j, "desk", TW_STEAL(desk)));
	}
	TW_TRY(show_case(c, rq, f, j));
	*ret = TW_STEAL(j);
	return TW_OK;
}

tw_err tw_op_finding_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_finding_done) struct tw_finding f = { .id = 0 };

	TW_TRY(tw_finding_load(c, rq, rp, &f));
	return f.id ? tw_finding_shown(c, rq, &f, &rp->body) : TW_OK;
}

/* --- What the desk says of it --- */

struct writing {
	struct tw_context *c;
	const struct tw_request *rq;
	const struct tw_finding *f;
	int64_t now_ms, case_id;
	json_t *doc, *decision; /* owned; decision NULL: none is made */
	struct tw_document d;
};

static void writing_done(struct writing *w)
{
	tw_jsonp(&w->doc);
	tw_jsonp(&w->decision);
	tw_document_done(&w->d);
}

static tw_err first_document(struct writing *w)
{
	const struct tw_finding *f = w->f;
	const struct {
		const char *key, *value;
	} texts[] = { { "product", f->product }, { "release", f->release_version }, { "vulnerability", f->vulnerability },
		{ "component", f->component }, { "version", f->version } };

	w->doc = json_object();
	TW_TRY(put_id(w->doc, "id", 't', f->id));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		TW_TRY(tw_json_set(w->doc, texts[i].key, json_string(texts[i].value)));
	return tw_document_salt(w->c, w->doc);
}

static tw_err begin_writing(struct writing *w)
{
	w->now_ms = tw_time_wall_ms(w->c->time);
	w->case_id = w->f->case_id;
	if (!w->f->doc) {
		TW_TRY(first_document(w));
	} else {
		w->doc = json_deep_copy(w->f->doc);
		if (!json_equal(w->doc, w->f->doc)) /* it leaves members out when memory runs out */
			return TW_RAISE(NOMEM, "a finding");
	}
	w->d = (struct tw_document){ .c = w->c,
		.now_ms = w->now_ms,
		.by = tw_subject_key(&w->rq->subject),
		.what = w->rq->operation->name,
		.name = tw_json_text(w->doc, "id"),
		.before = w->f->doc,
		.after = w->doc };
	return TW_OK;
}

static tw_err put_document(tw_store *s, struct writing *w)
{
	const struct tw_value v[] = { TW_V_INT(w->f->id), TW_V_SLICE(tw_buf_slice(&w->d.text)), TW_V_INT(w->case_id) };

	TW_TRY(tw_store_run(s, tw_sql_finding_put, v, TW_COUNT(v), NULL, NULL));
	return tw_journal_append(w->c, w->d.entry);
}

/* --- A decision --- */

static const char *const said[] = { "status", "justification", "impact", "action", "reason" };

/* Who decided, as decisions.yaml names people: what an account is called, else who came. */
static tw_err name_of(struct tw_context *c, const struct tw_request *rq, char ret[TW_DETAIL_MAX])
{
	struct tw_account a;
	int64_t id = 0;

	(void)snprintf(ret, TW_DETAIL_MAX, "%s", tw_subject_key(&rq->subject));
	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &id))
		return TW_OK;
	tw_err e = tw_account_get(c, id, &a);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	(void)snprintf(ret, TW_DETAIL_MAX, "%s", a.name);
	return TW_OK;
}

static tw_err make_decision(struct writing *w)
{
	char by[TW_DETAIL_MAX], date[TW_TIME_TEXT_MAX];

	TW_TRY(name_of(w->c, w->rq, by));
	tw_time_text(w->now_ms, date);
	date[10] = '\0';
	w->decision = json_pack("{s:s, s:s, s:s}", "by", by, "date", date, "facts", w->f->facts);
	for (size_t i = 0; i < TW_COUNT(said); i++)
		if (*tw_json_text(w->rq->input, said[i]))
			TW_TRY(tw_json_set(w->decision, said[i], json_string(tw_json_text(w->rq->input, said[i]))));
	TW_TRY(tw_json_set(w->doc, "decision", json_deep_copy(w->decision)));
	return w->decision ? TW_OK : TW_RAISE(NOMEM, "a decision");
}

static bool same_as_before(const struct tw_finding *f, const json_t *input)
{
	if (!f->decided || !f->same)
		return false;
	for (size_t i = 0; i < TW_COUNT(said); i++)
		if (strcmp(tw_json_text(f->decided, said[i]), tw_json_text(input, said[i])) != 0)
			return false;
	return true;
}

static tw_err may_decide(const struct tw_finding *f, const json_t *input, struct tw_reply *rp)
{
	const char *facts = tw_json_text(input, "facts"), *fault = tw_decision_fault(input);

	if (fault)
		return refuse(rp, 422, "finding.decision", "That is no whole decision",
			"Say what is missing, or leave out what does not belong.", fault);
	if (*facts && strcmp(facts, f->facts) != 0)
		return refuse(rp, 409, "finding.changed", "The facts are others by now",
			"Read it again, and decide on what it says now.", "An import has come since this was shown.");
	if (same_as_before(f, input))
		return refuse(rp, 409, "finding.decided", "That was decided already", "Read it: finding.read.", "It says so word for word.");
	return TW_OK;
}

static tw_err write_decision(tw_store *s, void *user)
{
	struct writing *w = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const bool investigated = !strcmp(tw_json_text(w->decision, "status"), "under_investigation");
	const struct tw_value product = TW_V_TEXT(w->f->product), vulnerability = TW_V_TEXT(w->f->vulnerability),
			      component = TW_V_TEXT(w->f->component), facts = TW_V_TEXT(w->f->facts);
	int64_t id = 0;

	tw_buf_init(&text, w->c->sys, TW_CASE_DOC_MAX);
	TW_TRY(tw_json_write(w->decision, &text));
	const struct tw_value add[] = { product, vulnerability, component, facts, TW_V_INT(0), TW_V_INT(w->now_ms),
		TW_V_SLICE(tw_buf_slice(&text)) };
	TW_TRY(tw_store_run(s, tw_sql_finding_decision_add, add, TW_COUNT(add), tw_components_number, &id));
	const struct tw_value decided[] = { TW_V_INT(id), TW_V_INT(investigated ? TW_WAITS_FOR_PEOPLE : TW_WAITS_DECIDED), facts,
		vulnerability, component, product };
	TW_TRY(tw_store_run(s, tw_sql_finding_decided, decided, TW_COUNT(decided), NULL, NULL));
	return put_document(s, w);
}

tw_err tw_op_finding_decide(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_finding_done) struct tw_finding f = { .id = 0 };
	TW_CLEANUP(writing_done) struct writing w = { .c = c, .rq = rq, .f = &f };
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;

	TW_TRY(tw_finding_load(c, rq, rp, &f));
	if (f.id)
		TW_TRY(may_decide(&f, rq->input, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(begin_writing(&w));
	TW_TRY(make_decision(&w));
	TW_TRY(tw_document_prepare(&w.d));
	TW_TRY(tw_document_shown(c, w.doc, &shown)); /* nothing may fail any more once it is on the disk */
	TW_TRY(tw_store_transaction(c->store, write_decision, &w));
	rp->body = TW_STEAL(shown);
	return TW_OK;
}

/* --- A case --- */

/* The document goes without the case's number: its hash is shown to those too who may not see the case, and there are few numbers to try. */
static tw_err write_with_case(tw_store *s, void *user, const char *id)
{
	struct writing *w = user;

	if (!tw_components_id_read(tw_slice_of(id), 'c', &w->case_id))
		return TW_RAISE(INTERNAL, "a case without a name");
	TW_TRY(tw_document_prepare(&w->d));
	return put_document(s, w);
}

static tw_err open_case(struct writing *w, struct tw_reply *rp)
{
	const struct tw_finding *f = w->f;
	const struct tw_case_beside beside = { write_with_case, w };
	const char *given = tw_json_text(w->rq->input, "title"), *summary = tw_json_text(f->entry, "summary");
	char title[TITLE_MAX + 1], description[DESCRIPTION_MAX + 1];

	(void)snprintf(title, sizeof title, "%.60s: %.100s %.32s", f->vulnerability,
		*tw_json_text(f->entry, "name") ? tw_json_text(f->entry, "name") : f->component, f->version);
	tw_utf8_mend(title);
	(void)snprintf(description, sizeof description, "%s%s%s in %s %s, found by triage as t%lld.", summary,
		*summary ? "\n\n" : "", f->vulnerability, f->component, f->version, (long long)f->id);
	tw_utf8_mend(description);
	const struct tw_case_report open = { .title = *given ? given : title,
		.product = f->product,
		.versions = f->release_version,
		.description = description,
		.cve = !strncmp(f->vulnerability, "CVE-", 4) && strlen(f->vulnerability) <= 24 ? f->vulnerability : NULL,
		.what = w->rq->operation->name,
		.beside = &beside };
	return tw_case_open_from_report(w->c, &open, w->d.by, &rp->body);
}

tw_err tw_op_finding_case(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_finding_done) struct tw_finding f = { .id = 0 };
	TW_CLEANUP(writing_done) struct writing w = { .c = c, .rq = rq, .f = &f };

	TW_TRY(tw_finding_load(c, rq, rp, &f));
	if (f.id && f.case_id)
		return refuse(rp, 409, "finding.case", "It has a case already", "Look for the case.", "A finding becomes one case.");
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(begin_writing(&w));
	TW_TRY(open_case(&w, rp));
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/cases/%s", tw_json_text(rp->body, "id"));
	(void)snprintf(rp->note, sizeof rp->note, "%s opened from t%lld", tw_json_text(rp->body, "id"), (long long)f.id);
	rp->status = 201;
	return TW_OK;
}

/* --- What was looked at --- */

tw_err tw_op_findings_seen(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int64_t import = 0, account = 0, fresh = 0, newest = 0, before = 0;

	if (!tw_components_id_read(tw_slice_of(tw_json_text(rq->input, "newest")), 'i', &import))
		return refuse(rp, 422, "finding.newest", "That is no import", "Write its name as in i17: since of a finding.",
			"Imports are named i1, i2 and so on.");
	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &account))
		return refuse(rp, 409, "finding.seen", "You have no account here", "List them with view=waiting.",
			"It is kept for each account up to which import it has looked.");
	/* Nobody has looked at what is not there yet, nor unsees what he saw. */
	TW_TRY(tw_finding_mark(c, rq, &before));
	TW_TRY(tw_finding_count_new(c, before, &fresh, &newest));
	import = import < newest ? import : newest;
	const struct tw_value v[] = { TW_V_INT(account), TW_V_INT(import > before ? import : before) };
	TW_TRY(tw_store_run(c->store, tw_sql_finding_mark_put, v, TW_COUNT(v), NULL, NULL));
	rp->status = 204;
	return TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/cases.h"

#include "base/text.h"
#include "service/access/account.h"
#include "support/cases/alarms.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define ONCE_MS (7LL * 24 * 3600 * 1000) /* by then nobody sends the same form once more */

tw_err tw_case_set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

/* --- Who sees a case --- */

static int64_t time_of(const json_t *j, const char *key)
{
	int64_t ms = TW_A14_NEVER;
	const char *text = tw_json_text(j, key);

	if (*text && tw_failed(tw_parse_time(tw_slice_of(text), &ms)))
		return TW_A14_NEVER;
	return ms;
}

static int64_t embargo_until(const json_t *doc)
{
	const json_t *embargo = tw_json_get(doc, "embargo");
	int64_t until = embargo ? time_of(embargo, "until") : TW_A14_NEVER;

	return until == TW_A14_NEVER ? 0 : until;
}

bool tw_case_stands_for(const json_t *doc, const struct tw_subject *s)
{
	return s->kind == TW_SUBJECT_LOCAL ||
		(*tw_json_text(doc, "assigned") && !strcmp(tw_json_text(doc, "assigned"), tw_subject_key(s)));
}

bool tw_case_sees(const json_t *doc, const struct tw_subject *s, int64_t now_ms)
{
	const json_t *embargo = tw_json_get(doc, "embargo");
	size_t i;
	json_t *one;

	if (embargo_until(doc) <= now_ms || tw_case_stands_for(doc, s))
		return true;
	json_array_foreach(tw_json_get(embargo, "access"), i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), tw_subject_key(s)))
			return true;
	return false;
}

/* --- Article 14 in the document --- */

json_t *tw_case_a14_of(const json_t *doc, enum tw_a14_kind kind)
{
	return json_object_get(json_object_get(doc, "article14"), tw_a14_kinds[kind]);
}

bool tw_case_a14(const json_t *doc, enum tw_a14_kind kind, struct tw_a14 *ret)
{
	const json_t *j = tw_case_a14_of(doc, kind);
	const struct tw_zone *zone = tw_zone_find(tw_slice_of(tw_json_text(j, "zone")));

	if (!j || !zone)
		return false;
	tw_a14_init(ret, kind, time_of(j, "aware"), zone);
	ret->measure_ms = time_of(tw_json_get(j, "measure"), "at");
	ret->not_reportable_ms = time_of(tw_json_get(j, "not_reportable"), "at");
	for (size_t s = 0; s < TW_A14_STEPS; s++)
		ret->submitted_ms[s] = time_of(json_object_get(tw_json_get(j, "submitted"), tw_a14_steps[s]), "at");
	return true;
}

int64_t tw_case_next(const json_t *doc)
{
	struct tw_clock clocks[TW_A14_STEPS];
	int64_t next = TW_CASE_NO_CLOCK;
	struct tw_a14 a;

	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++) {
		if (!tw_case_a14(doc, k, &a))
			continue;
		tw_a14_clocks(&a, a.aware_ms, clocks); /* what is not met now is due then, whatever time it is */
		int64_t one = tw_a14_next(clocks);
		if (one != TW_A14_NEVER && one < next)
			next = one;
	}
	return next;
}

static tw_err set_both(json_t *j, const char *key, const struct tw_zone *z, int64_t ms)
{
	char there[TW_TIME_TEXT_MAX], local[24];

	if (ms == TW_A14_NEVER)
		return TW_OK;
	tw_zone_text(z, ms, there);
	(void)snprintf(local, sizeof local, "%s_local", key);
	TW_TRY(tw_json_set(j, local, json_string(there)));
	return tw_case_set_time(j, key, ms);
}

static tw_err one_clock(const struct tw_a14 *a, const struct tw_clock *c, int64_t now_ms, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	char words[64];

	tw_clock_words(c, now_ms, words);
	TW_TRY(tw_json_set(j, "kind", json_string(tw_a14_kinds[a->kind])));
	TW_TRY(tw_json_set(j, "step", json_string(tw_a14_steps[c->step])));
	TW_TRY(tw_json_set(j, "rule", json_string(c->rule)));
	TW_TRY(tw_json_set(j, "state", json_string(tw_clock_states[c->state])));
	TW_TRY(tw_json_set(j, "words", json_string(words)));
	TW_TRY(tw_json_set(j, "escalation", json_integer((json_int_t)c->escalation)));
	TW_TRY(set_both(j, "due", a->zone, c->due_ms));
	TW_TRY(set_both(j, "escalates", a->zone, c->escalates_ms));
	TW_TRY(set_both(j, "submitted", a->zone, a->submitted_ms[c->step]));
	return tw_json_append(list, TW_STEAL(j));
}

tw_err tw_case_clocks(const json_t *doc, enum tw_a14_kind kind, int64_t now_ms, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	struct tw_clock clocks[TW_A14_STEPS];
	struct tw_a14 a;

	if (tw_case_a14(doc, kind, &a)) {
		tw_a14_clocks(&a, now_ms, clocks);
		for (size_t i = 0; i < TW_A14_STEPS; i++)
			TW_TRY(one_clock(&a, &clocks[i], now_ms, list));
	}
	*ret = TW_STEAL(list);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "clocks");
}

/* --- Reading --- */

static tw_err no_such(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "case.unknown", "There is no such case",
		"List the cases to see those there are.", "No case that you may see has this name.");
}

static bool id_of(struct tw_slice name, int64_t *ret)
{
	uint64_t id = 0;

	if (name.size < 2 || name.at[0] != 'c' || name.at[1] == '0' ||
		tw_failed(tw_parse_u64((struct tw_slice){ name.at + 1, name.size - 1 }, INT64_MAX, &id)))
		return false;
	*ret = (int64_t)id;
	return true;
}

static tw_err take_doc(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_CASE_DOC_MAX, user);
}

tw_err tw_case_named(struct tw_context *c, const struct tw_subject *s, struct tw_slice name, int64_t *ret_id, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	*ret = NULL;
	if (!id_of(name, ret_id))
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_case_one, &TW_V_INT(*ret_id), 1, take_doc, &doc));
	if (doc && tw_case_sees(doc, s, tw_time_wall_ms(c->time)))
		*ret = TW_STEAL(doc);
	return TW_OK;
}

tw_err tw_case_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret_id, json_t **ret)
{
	TW_TRY(tw_case_named(c, &rq->subject, rq->parameter, ret_id, ret));
	return *ret ? TW_OK : no_such(rp);
}

/* --- A store of before its columns --- */

static tw_err add_columns(tw_store *s, void *user)
{
	static const char *const statements[] = { tw_sql_case_column_title, tw_sql_case_column_whose, tw_sql_case_columns_fill,
		tw_sql_case_index_next, tw_sql_case_index_state, tw_sql_case_index_clock, tw_sql_case_index_states,
		tw_sql_case_index_title, tw_sql_case_index_whose, tw_sql_case_index_embargo };

	for (size_t i = 0; i < TW_COUNT(statements); i++)
		TW_TRY(tw_store_run(s, statements[i], NULL, 0, NULL, NULL));
	return TW_OK;
}

tw_err tw_cases_settle(tw_store *s)
{
	if (!tw_failed(tw_store_run(s, tw_sql_case_columns, NULL, 0, NULL, NULL)))
		return TW_OK;
	return tw_store_transaction(s, add_columns, NULL);
}

/* --- Writing --- */

struct writing {
	struct tw_document d;
	int64_t id;
	const struct tw_case_beside *beside; /* NULL: nothing */
	json_t **shown;                      /* what the answer shows; NULL: nothing */
	const char *once;                    /* NULL or "": no key */
};

static void writing_done(struct writing *w)
{
	tw_document_done(&w->d);
}

static tw_err write_access(const struct writing *w)
{
	const json_t *embargo = tw_json_get(w->d.after, "embargo");
	tw_store *s = w->d.c->store;
	size_t i;
	json_t *one;

	TW_TRY(tw_store_run(s, tw_sql_case_access_clear, &TW_V_INT(w->id), 1, NULL, NULL));
	const struct tw_value assigned[] = { TW_V_INT(w->id), TW_V_TEXT(tw_json_text(w->d.after, "assigned")) };
	if (assigned[1].bytes.size)
		TW_TRY(tw_store_run(s, tw_sql_case_access_put, assigned, TW_COUNT(assigned), NULL, NULL));
	json_array_foreach(embargo ? tw_json_get(embargo, "access") : NULL, i, one) {
		const struct tw_value v[] = { TW_V_INT(w->id), TW_V_TEXT(json_string_value(one)) };

		TW_TRY(tw_store_run(s, tw_sql_case_access_put, v, TW_COUNT(v), NULL, NULL));
	}
	return TW_OK;
}

static tw_err write_once(const struct writing *w)
{
	const struct tw_value v[] = { TW_V_TEXT(w->d.by), TW_V_TEXT(w->once ? w->once : ""), TW_V_INT(w->d.now_ms), TW_V_INT(w->id) };

	if (!v[1].bytes.size)
		return TW_OK;
	TW_TRY(tw_store_run(w->d.c->store, tw_sql_case_once_forget, &TW_V_INT(w->d.now_ms - ONCE_MS), 1, NULL, NULL));
	return tw_store_run(w->d.c->store, tw_sql_case_once_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err write_both(tw_store *s, void *user)
{
	const struct writing *w = user;
	const json_t *doc = w->d.after;
	const char *whose = tw_json_text(doc, "assigned");
	const struct tw_value v[] = { TW_V_INT(w->id), TW_V_TEXT(tw_json_text(doc, "state")), TW_V_INT(tw_case_next(doc)),
		TW_V_INT(embargo_until(doc)), TW_V_SLICE(tw_buf_slice(&w->d.text)), TW_V_TEXT(tw_json_text(doc, "title")),
		TW_V_TEXT(*whose ? whose : TW_CASE_NOBODY) };

	TW_TRY(tw_store_run(s, tw_sql_case_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(write_access(w));
	TW_TRY(write_once(w));
	TW_TRY(tw_alarm_arm(w->d.c, w->id, doc));
	TW_TRY(tw_journal_append(w->d.c, w->d.entry));
	return w->beside ? w->beside->write(s, w->beside->user, w->d.name) : TW_OK;
}

/* Once both are on the disk nothing may fail any more: the answer is made before. */
static tw_err write_change(struct writing *w)
{
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;

	w->d.name = tw_json_text(w->d.after, "id");
	TW_TRY(tw_document_prepare(&w->d));
	if (w->shown)
		TW_TRY(tw_document_shown(w->d.c, w->d.after, &shown));
	TW_TRY(tw_store_transaction(w->d.c->store, write_both, w));
	if (w->shown)
		*w->shown = TW_STEAL(shown);
	return TW_OK;
}

/* LIMIT is said of a full disk too, and then by the store. */
static tw_err too_long(struct tw_context *c, struct tw_reply *rp, tw_err e)
{
	if (!tw_is(e, TW_CODE_LIMIT) || tw_store_fault(c->store) != TW_STORE_WELL)
		return e;
	return tw_reply_problem(rp, 413, "too-long", "case.size", "The case would be too long",
		"Put long texts into a file beside it, and name that here.", "A case has at most %d bytes.", TW_CASE_DOC_MAX);
}

tw_err tw_case_edit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, tw_err (*edit)(struct tw_case_edit *e))
{
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *after = NULL;
	struct tw_case_edit e = { .c = c, .rq = rq, .rp = rp, .now_ms = tw_time_wall_ms(c->time) };

	TW_TRY(tw_case_load(c, rq, rp, &e.id, &before));
	if (!before)
		return TW_OK;
	after = json_deep_copy(before);
	if (!json_equal(after, before)) /* it leaves members out when memory runs out */
		return TW_RAISE(NOMEM, "a case");
	e.doc = after;
	TW_TRY(edit(&e));
	if (rp->problem[0])
		return TW_OK;
	TW_CLEANUP(writing_done)
	struct writing w = { .d = { c, e.now_ms, tw_subject_key(&rq->subject), rq->operation->name, .before = before, .after = after },
		.id = e.id,
		.beside = e.beside.write ? &e.beside : NULL,
		.shown = &rp->body,
		.once = rq->once };
	tw_err wrote = write_change(&w);
	return tw_failed(wrote) ? too_long(c, rp, wrote) : TW_OK;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

struct beginning {
	struct tw_context *c;
	const char *by, *what;
	json_t *doc;
	const struct tw_case_beside *beside;
	json_t **shown;
	const char *once;
};

static tw_err begin_case(const struct beginning *b)
{
	TW_CLEANUP(writing_done)
	struct writing w = { .d = { b->c, tw_time_wall_ms(b->c->time), b->by, b->what, .after = b->doc },
		.beside = b->beside,
		.shown = b->shown,
		.once = b->once };
	char id[24];

	TW_TRY(tw_store_run(b->c->store, tw_sql_case_number, NULL, 0, take_number, &w.id));
	(void)snprintf(id, sizeof id, "c%lld", (long long)w.id);
	TW_TRY(tw_json_set(b->doc, "id", json_string(id)));
	TW_TRY(tw_json_set(b->doc, "state", json_string(tw_case_states[TW_CASE_RECEIVED])));
	TW_TRY(tw_case_set_time(b->doc, "created", w.d.now_ms));
	TW_TRY(tw_document_salt(b->c, b->doc));
	return write_change(&w);
}

tw_err tw_case_new(struct tw_context *c, const struct tw_request *rq, json_t *doc, json_t **ret)
{
	return begin_case(&(struct beginning){ c, tw_subject_key(&rq->subject), rq->operation->name, doc, NULL, ret, rq->once });
}

tw_err tw_case_done_once(struct tw_context *c, const struct tw_request *rq, int64_t *ret_id)
{
	const struct tw_value v[] = { TW_V_TEXT(tw_subject_key(&rq->subject)), TW_V_TEXT(rq->once ? rq->once : "") };

	*ret_id = 0;
	return v[1].bytes.size ? tw_store_run(c->store, tw_sql_case_once_get, v, TW_COUNT(v), take_number, ret_id) : TW_OK;
}

tw_err tw_case_open_from_report(struct tw_context *c, const struct tw_case_report *r, const char *by, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = json_pack("{s:b, s:s}", "drill", 0, "title", r->title);
	const struct {
		const char *key, *value;
	} fields[] = { { "product", r->product }, { "versions", r->versions }, { "description", r->description },
		{ "report", r->report }, { "cve", r->cve } };

	for (size_t i = 0; i < TW_COUNT(fields); i++)
		if (fields[i].value && *fields[i].value)
			TW_TRY(tw_json_set(doc, fields[i].key, json_string(fields[i].value)));
	return begin_case(&(struct beginning){ c, by, r->what ? r->what : "case.from-report", doc, r->beside, ret, NULL });
}

/* --- Helpers of the operations --- */

tw_err tw_case_moment(const struct tw_case_edit *e, const char *key, int64_t from, int64_t *ret)
{
	const char *text = tw_json_text(e->rq->input, key);

	*ret = e->now_ms;
	if (*text && tw_failed(tw_parse_time(tw_slice_of(text), ret)))
		return tw_reply_problem(e->rp, 422, "time", "case.time", "That is no time", "Write it as in 2026-11-21T09:30:00Z.",
			"%s is not a time.", key);
	if (*ret > e->now_ms)
		return tw_reply_problem(e->rp, 422, "time", "case.time", "That lies in the future", "Say it when it has happened.",
			"%s is later than now.", key);
	if (*ret < from)
		return tw_reply_problem(e->rp, 422, "time", "case.time", "That is too early",
			"Look at the year, and at when the clock began.", "%s is before anybody was aware, or before 2020.", key);
	return TW_OK;
}

tw_err tw_case_append(struct tw_case_edit *e, json_t *in, const char *list, json_t *entry)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = entry;
	json_t *l = tw_json_get(in, list);

	if (json_array_size(l) >= TW_CASE_LIST_MAX)
		return tw_reply_problem(e->rp, 409, "full", "case.list", "The list is full", "Open another case for what goes on.",
			"A list of a case has at most %d entries.", TW_CASE_LIST_MAX);
	if (!l) {
		l = json_array();
		TW_TRY(tw_json_set(in, list, l));
	}
	return tw_json_append(l, TW_STEAL(owned));
}

/* A name would fit nobody, and nobody would be told; so would the id of an account that is not there. */
tw_err tw_case_person(const struct tw_case_edit *e, struct tw_slice who)
{
	struct tw_account a;
	int64_t id = 0;
	uint64_t uid = 0;

	if (tw_account_id_read(who, &id)) {
		tw_err got = tw_account_get(e->c, id, &a);

		if (!tw_is(got, TW_CODE_NOTFOUND))
			return got;
		return tw_reply_problem(e->rp, 422, "case", "case.person", "There is no such account",
			"Look for it with staff.list.", "No account has the id " TW_SLICE_FMT ".", TW_SLICE_ARG(who));
	}
	if (e->rq->subject.kind == TW_SUBJECT_LOCAL && who.size > 4 && !memcmp(who.at, "uid:", 4) &&
		!tw_failed(tw_parse_u64((struct tw_slice){ who.at + 4, who.size - 4 }, UINT32_MAX, &uid)))
		return TW_OK;
	return tw_reply_problem(e->rp, 422, "case", "case.person", "That is nobody's id",
		"Write the id of an account as in a17; at the server's socket also uid:0 for its administrator.",
		"Cases know people by their ids, which staff.list shows; names may change.");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/search.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/advisories/find.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define TITLE_MAX 200 /* of a title, as lists sort it */

/* PART: anywhere in the text; WHOLE: a line; BEGINS: a line's beginning; AS_IS: the column itself. In the order of the statements' values. */
enum how { PART, WHOLE, BEGINS, AS_IS };
static const struct {
	enum how how;
	char what;
} rows[TW_ADVISORY_FILTERS] = { { PART, 0 }, { PART, 0 }, { PART, 0 }, { PART, 0 }, { PART, 0 }, { WHOLE, TW_ADVISORY_BY_ID },
	{ AS_IS, 0 }, { WHOLE, TW_ADVISORY_BY_CATEGORY }, { WHOLE, TW_ADVISORY_BY_CSAF }, { WHOLE, TW_ADVISORY_BY_STATUS },
	{ WHOLE, TW_ADVISORY_BY_VERSION }, { WHOLE, TW_ADVISORY_BY_CVE }, { WHOLE, TW_ADVISORY_BY_PRODUCT_ID },
	{ BEGINS, TW_ADVISORY_BY_REVISED }, { WHOLE, TW_ADVISORY_BY_SEVERITY }, { WHOLE, TW_ADVISORY_BY_AUTHOR } };
const char *const tw_advisory_filters[TW_ADVISORY_FILTERS] = { "title", "publisher", "summary", "product", "text", "id", "state",
	"category", "csaf_version", "status", "version", "cve", "product_id", "revised", "severity", "author" };
const char *const tw_advisory_dates[TW_ADVISORY_DATES] = { "initial_from", "initial_to", "current_from", "current_to" };

const char *const tw_advisory_sorts[TW_ADVISORY_SORTS] = { "-advisory", "advisory", "title", "-title", "state", "-state",
	"severity", "-severity", "released", "-released", "-changed", "changed" };

/* --- What is looked for --- */

static void put_filter(size_t which, const char *typed, char ret[TW_ADVISORY_FILTER_MAX + 8])
{
	char *at = ret;

	ret[0] = '\0';
	if (!*typed)
		return;
	if (rows[which].how == WHOLE || rows[which].how == BEGINS)
		at += snprintf(at, 8, "\n%c:", rows[which].what);
	for (; *typed; typed++)
		*at++ = rows[which].how == AS_IS ? *typed : tw_advisory_found_letter(*typed);
	(void)snprintf(at, 2, "%s", rows[which].how == WHOLE ? "\n" : "");
}

/* A day counts from its beginning, or to its end. */
static bool put_date(const char *typed, bool to, char ret[TW_TIME_TEXT_MAX])
{
	char whole[64];
	int64_t ms = 0;

	ret[0] = '\0';
	if (!*typed)
		return true;
	(void)snprintf(whole, sizeof whole, "%s%s", typed, strlen(typed) != 10 ? "" : to ? "T23:59:59.999Z" : "T00:00:00Z");
	if (tw_failed(tw_parse_time(tw_slice_of(whole), &ms)))
		return false;
	tw_time_text(ms, ret);
	return true;
}

static tw_err no_date(struct tw_reply *rp, const char *key)
{
	return tw_reply_problem(rp, 422, "advisory", "advisory.date", "That is no date",
		"Give a day, 2026-11-21, or a time, 2026-11-21T09:30:00Z.", "%s is neither.", key);
}

tw_err tw_advisory_search_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_search *ret)
{
	*ret = (struct tw_advisory_search){ .now_ms = tw_time_wall_ms(c->time),
		.key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject) };
	for (size_t i = 0; i < TW_ADVISORY_FILTERS; i++) {
		const char *typed = tw_json_text(rq->input, tw_advisory_filters[i]);

		if (strlen(typed) > TW_ADVISORY_FILTER_MAX)
			return TW_RAISE(INTERNAL, "%s is longer than its row says", tw_advisory_filters[i]);
		put_filter(i, typed, ret->text[i]);
	}
	for (size_t i = 0; i < TW_ADVISORY_DATES; i++)
		if (!put_date(tw_json_text(rq->input, tw_advisory_dates[i]), i % 2, ret->date[i]))
			return no_date(rp, tw_advisory_dates[i]);
	return TW_OK;
}

/* --- What is found --- */

#define VALUES (2 + TW_ADVISORY_FILTERS + TW_ADVISORY_DATES)

static void put_values(const struct tw_advisory_search *s, struct tw_value ret[VALUES])
{
	size_t n = 0;

	ret[n++] = TW_V_INT(s->now_ms);
	ret[n++] = TW_V_TEXT(s->key);
	for (size_t i = 0; i < TW_ADVISORY_FILTERS; i++)
		ret[n++] = TW_V_TEXT(s->text[i]);
	for (size_t i = 0; i < TW_ADVISORY_DATES; i++)
		ret[n++] = TW_V_TEXT(s->date[i]);
}

tw_err tw_advisory_search(struct tw_context *c, const struct tw_advisory_search *s, const struct tw_advisory_place *p,
	tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	const bool down = *p->sort == '-';
	struct tw_value v[VALUES + 3];

	put_values(s, v);
	v[VALUES] = TW_V_TEXT(p->sort + down);
	v[VALUES + 1] = TW_V_INT(p->most);
	v[VALUES + 2] = TW_V_INT(p->skip);
	return tw_store_run(c->store, down ? tw_sql_advisory_look_down : tw_sql_advisory_look_up, v, TW_COUNT(v), visit, user);
}

tw_err tw_advisory_search_list(struct tw_context *c, const struct tw_advisory_search *s, int64_t after, int64_t most,
	tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	struct tw_value v[VALUES + 2];

	put_values(s, v);
	v[VALUES] = TW_V_INT(after);
	v[VALUES + 1] = TW_V_INT(most);
	return tw_store_run(c->store, tw_sql_advisory_look_list, v, TW_COUNT(v), visit, user);
}

static tw_err take_state(void *user, const tw_row *row)
{
	enum tw_advisory_state s = TW_ADVISORY_STATES;

	if (tw_advisory_state_find(tw_row_bytes(row, 0), &s))
		((int64_t *)user)[s] = tw_row_int(row, 1);
	return TW_OK;
}

tw_err tw_advisory_search_states(struct tw_context *c, const struct tw_advisory_search *s, int64_t ret[TW_ADVISORY_STATES])
{
	const struct tw_value v[] = { TW_V_INT(s->now_ms), TW_V_TEXT(s->key) };

	memset(ret, 0, TW_ADVISORY_STATES * sizeof *ret);
	return tw_store_run(c->store, tw_sql_advisory_look_states, v, TW_COUNT(v), take_state, ret);
}

/* --- What lists are made of --- */

static tw_err put_order(struct tw_context *c, int64_t id, const char *sort, struct tw_slice word)
{
	const struct tw_value v[] = { TW_V_INT(id), TW_V_TEXT(sort), TW_V_SLICE(word) };

	return tw_store_run(c->store, tw_sql_advisory_order_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err put_orders(struct tw_context *c, const struct tw_advisory_row *r, const struct tw_advisory_found *f, int64_t now_ms)
{
	const struct tw_slice title = { f->title.data + 1, f->title.size < TITLE_MAX ? f->title.size - 1 : TITLE_MAX };
	char number[24], changed[TW_TIME_TEXT_MAX];
	const char state = (char)('0' + r->state);

	(void)snprintf(number, sizeof number, "%012lld", (long long)r->id);
	tw_time_text(now_ms, changed);
	TW_TRY(put_order(c, r->id, "advisory", tw_slice_of(number)));
	TW_TRY(put_order(c, r->id, "title", title));
	TW_TRY(put_order(c, r->id, "state", (struct tw_slice){ &state, 1 }));
	TW_TRY(put_order(c, r->id, "severity", (struct tw_slice){ &f->rating, 1 }));
	TW_TRY(put_order(c, r->id, "released", tw_slice_of(f->last)));
	return put_order(c, r->id, "changed", tw_slice_of(changed));
}

static tw_err put_look(struct tw_context *c, const struct tw_advisory_row *r, const struct tw_advisory_found *f)
{
	const struct tw_value v[] = { TW_V_INT(r->id), TW_V_INT(r->case_id), TW_V_TEXT(tw_advisory_states[r->state]),
		TW_V_TEXT(f->first), TW_V_TEXT(f->last), TW_V_SLICE(tw_buf_slice(&f->exact)), TW_V_SLICE(tw_buf_slice(&f->title)),
		TW_V_SLICE(tw_buf_slice(&f->publisher)), TW_V_SLICE(tw_buf_slice(&f->summary)), TW_V_SLICE(tw_buf_slice(&f->marks)),
		TW_V_SLICE(tw_buf_slice(&f->products)), TW_V_SLICE(tw_buf_slice(&f->words)) };

	return tw_store_run(c->store, tw_sql_advisory_look_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err take_text(void *user, const tw_row *row)
{
	const struct tw_slice text = tw_row_bytes(row, 0);

	return tw_json_append(user, json_stringn(text.at, text.size));
}

tw_err tw_advisory_listed(struct tw_context *c, const struct tw_advisory_row *r, const json_t *published, int64_t now_ms)
{
	TW_CLEANUP(tw_advisory_found_done) struct tw_advisory_found f = { .rating = '0' };
	TW_CLEANUP(tw_jsonp) json_t *authors = json_array();

	TW_TRY(authors ? tw_store_run(c->store, tw_sql_advisory_writers, &TW_V_INT(r->id), 1, take_text, authors)
		       : TW_RAISE(NOMEM, "an advisory"));
	const struct tw_advisory_known known = { r->name, r->state, r->content, published, authors };
	TW_TRY(tw_advisory_find_by(c->sys, &known, &f));
	TW_TRY(put_look(c, r, &f));
	return put_orders(c, r, &f, now_ms);
}

/* --- A store of before its lists --- */

static tw_err list_one(struct tw_context *c, const char *name)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };

	TW_TRY(tw_advisory_load_name(c, name, &row));
	return tw_advisory_listed(c, &row, row.published, row.changed_ms);
}

static tw_err make(tw_store *s, void *user)
{
	static const char *const statements[] = { tw_sql_advisory_look_make, tw_sql_advisory_look_states_make,
		tw_sql_advisory_order_make, tw_sql_advisory_order_by_make };
	TW_CLEANUP(tw_jsonp) json_t *names = json_array();
	const json_t *name;
	size_t i;

	for (i = 0; i < TW_COUNT(statements); i++)
		TW_TRY(tw_store_run(s, statements[i], NULL, 0, NULL, NULL));
	TW_TRY(names ? tw_store_run(s, tw_sql_advisory_names, NULL, 0, take_text, names) : TW_RAISE(NOMEM, "advisories"));
	json_array_foreach(names, i, name)
		TW_TRY(list_one(user, json_string_value(name)));
	return TW_OK;
}

static tw_err make_plans(tw_store *s, void *user)
{
	TW_TRY(tw_store_run(s, tw_sql_advisory_plan_make, NULL, 0, NULL, NULL));
	return tw_store_run(s, tw_sql_advisory_plan_next_make, NULL, 0, NULL, NULL);
}

tw_err tw_advisories_prepare(struct tw_context *c)
{
	if (tw_failed(tw_store_run(c->store, tw_sql_advisory_plan_there, NULL, 0, NULL, NULL)))
		TW_TRY(tw_store_transaction(c->store, make_plans, NULL));
	if (tw_failed(tw_store_run(c->store, tw_sql_advisory_look_there, NULL, 0, NULL, NULL)))
		TW_TRY(tw_store_transaction(c->store, make, c));
	return TW_OK;
}

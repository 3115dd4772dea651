/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/alarms.h"

#include "base/text.h"
#include "support/cases/cases.h"
#include "support/sql-support.h"

#include <stdio.h>

/* --- Points --- */

struct point {
	enum tw_a14_kind kind;
	enum tw_a14_step step;
	int number; /* from 1; TW_A14_POINTS is the deadline */
	int64_t at_ms, due_ms;
	bool raised;
};
struct points {
	struct point at[TW_A14_KINDS * TW_A14_STEPS * TW_A14_POINTS];
	size_t count;
};

static void points_of_kind(const struct tw_a14 *a, struct points *ret)
{
	struct tw_clock clocks[TW_A14_STEPS];
	int64_t at[TW_A14_POINTS];

	tw_a14_clocks(a, a->aware_ms, clocks); /* what is not met now has its points, whatever time it is */
	for (size_t s = 0; s < TW_A14_STEPS; s++) {
		if (!tw_a14_points(a->kind, &clocks[s], at))
			continue;
		for (int i = 0; i < TW_A14_POINTS; i++)
			ret->at[ret->count++] = (struct point){ a->kind, clocks[s].step, i + 1, at[i], clocks[s].due_ms, false };
	}
}

static tw_err mark_raised(void *user, const tw_row *row)
{
	struct points *p = user;

	for (size_t i = 0; i < p->count; i++)
		if (tw_slice_is(tw_row_bytes(row, 0), tw_a14_kinds[p->at[i].kind]) &&
			tw_slice_is(tw_row_bytes(row, 1), tw_a14_steps[p->at[i].step]) && tw_row_int(row, 2) == p->at[i].number)
			p->at[i].raised = true;
	return TW_OK;
}

static tw_err points_of(struct tw_context *c, int64_t case_id, const json_t *doc, struct points *ret)
{
	struct tw_a14 a;

	ret->count = 0;
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		if (tw_case_a14(doc, k, &a))
			points_of_kind(&a, ret);
	return tw_store_run(c->store, tw_sql_alarm_of, &TW_V_INT(case_id), 1, mark_raised, ret);
}

static tw_err arm(struct tw_context *c, int64_t case_id, const struct points *p)
{
	int64_t next = TW_ALARM_NONE;

	for (size_t i = 0; i < p->count; i++)
		if (!p->at[i].raised && p->at[i].at_ms < next)
			next = p->at[i].at_ms;
	const struct tw_value v[] = { TW_V_INT(case_id), TW_V_INT(next) };
	return next == TW_ALARM_NONE ? tw_store_run(c->store, tw_sql_alarm_next_drop, v, 1, NULL, NULL)
				     : tw_store_run(c->store, tw_sql_alarm_next_put, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_alarm_arm(struct tw_context *c, int64_t case_id, const json_t *doc)
{
	struct points p;

	TW_TRY(points_of(c, case_id, doc, &p));
	return arm(c, case_id, &p);
}

/* --- Raising --- */

struct first {
	int64_t at_ms, case_id;
};

static tw_err take_first(void *user, const tw_row *row)
{
	*(struct first *)user = (struct first){ tw_row_int(row, 0), tw_row_int(row, 1) };
	return TW_OK;
}

static tw_err first_of(struct tw_context *c, struct first *ret)
{
	*ret = (struct first){ TW_ALARM_NONE, 0 };
	return tw_store_run(c->store, tw_sql_alarm_next_first, NULL, 0, take_first, ret);
}

tw_err tw_alarms_next(struct tw_context *c, int64_t *ret_ms)
{
	struct first f;

	TW_TRY(first_of(c, &f));
	*ret_ms = f.at_ms;
	return TW_OK;
}

struct raising {
	struct tw_context *c;
	int64_t case_id, now_ms;
	const struct tw_alarm_teller *teller;
};

static tw_err take_doc(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_CASE_DOC_MAX, user);
}

static tw_err raise_one(const struct raising *r, const json_t *doc, const struct point *p)
{
	const struct tw_value v[] = { TW_V_INT(r->case_id), TW_V_TEXT(tw_a14_kinds[p->kind]), TW_V_TEXT(tw_a14_steps[p->step]),
		TW_V_INT(p->number), TW_V_INT(tw_json_bool(doc, "drill")), TW_V_INT(p->at_ms), TW_V_INT(p->due_ms), TW_V_INT(r->now_ms) };

	const struct tw_alarm told = { r->case_id, p->at_ms, p->due_ms, r->now_ms, p->kind, p->step, p->number, doc };

	TW_TRY(tw_store_run(r->c->store, tw_sql_alarm_put, v, TW_COUNT(v), NULL, NULL));
	return r->teller ? r->teller->tell(r->c, &told, r->teller->user) : TW_OK;
}

static tw_err raise_case(tw_store *s, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	const struct raising *r = user;
	struct points p;

	TW_TRY(tw_store_run(s, tw_sql_case_one, &TW_V_INT(r->case_id), 1, take_doc, &doc));
	TW_TRY(points_of(r->c, r->case_id, doc, &p));
	for (size_t i = 0; i < p.count; i++) {
		if (p.at[i].raised || p.at[i].at_ms > r->now_ms)
			continue;
		TW_TRY(raise_one(r, doc, &p.at[i]));
		p.at[i].raised = true;
	}
	return arm(r->c, r->case_id, &p);
}

tw_err tw_alarms_raise(struct tw_context *c, int64_t now_ms, const struct tw_alarm_teller *teller)
{
	struct first f;

	for (size_t i = 0; i < TW_ALARM_BATCH; i++) {
		TW_TRY(first_of(c, &f));
		if (f.at_ms > now_ms)
			return TW_OK;
		TW_TRY(tw_store_transaction(c->store, raise_case, &(struct raising){ c, f.case_id, now_ms, teller }));
	}
	return TW_OK;
}

/* --- The audit log --- */

struct logging {
	struct tw_context *c;
	int64_t ids[TW_ALARM_BATCH];
	size_t count;
};

static tw_err log_one(void *user, const tw_row *row)
{
	struct logging *l = user;
	char due[TW_TIME_TEXT_MAX], name[24];
	struct tw_slice kind = tw_row_bytes(row, 2), step = tw_row_bytes(row, 3);

	tw_time_text(tw_row_int(row, 7), due);
	(void)snprintf(name, sizeof name, "c%lld", (long long)tw_row_int(row, 1));
	TW_TRY(tw_event(l->c, "alarm.raised",
		json_pack("{s:I, s:s, s:s%, s:s%, s:I, s:s, s:b, s:b}", "alarm", (json_int_t)tw_row_int(row, 0), "case", name,
			"kind", kind.at, kind.size, "step", step.at, step.size, "point", (json_int_t)tw_row_int(row, 4), "due", due,
			"missed", tw_row_int(row, 8) - tw_row_int(row, 6) > TW_ALARM_LATE_MS, "drill", tw_row_int(row, 5) != 0)));
	l->ids[l->count++] = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err mark_logged(tw_store *s, void *user)
{
	const struct logging *l = user;

	for (size_t i = 0; i < l->count; i++)
		TW_TRY(tw_store_run(s, tw_sql_alarm_logged, &TW_V_INT(l->ids[i]), 1, NULL, NULL));
	return TW_OK;
}

tw_err tw_alarms_log(struct tw_context *c, bool *ret_left)
{
	struct logging l = { .c = c };

	*ret_left = false;
	TW_TRY(tw_store_run(c->store, tw_sql_alarm_unlogged, &TW_V_INT(TW_ALARM_BATCH), 1, log_one, &l));
	if (!l.count)
		return TW_OK;
	TW_TRY(tw_audit_commit(c->audit));
	TW_TRY(tw_store_transaction(c->store, mark_logged, &l));
	*ret_left = l.count == TW_ALARM_BATCH;
	return TW_OK;
}

static tw_err take_unlogged(void *user, const tw_row *row)
{
	struct logging *l = user;

	l->ids[l->count++] = tw_row_int(row, 0);
	return TW_OK;
}

struct found {
	struct logging unlogged, logged;
	tw_err e;
};

static void found_event(struct found *f, int64_t id)
{
	for (size_t i = 0; i < f->unlogged.count; i++)
		if (f->unlogged.ids[i] == id && f->logged.count < TW_COUNT(f->logged.ids))
			f->logged.ids[f->logged.count++] = id;
}

static bool look(void *user, const struct tw_log_record *r)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct found *f = user;

	if (r->type != TW_LOG_EVENT)
		return true;
	f->e = tw_json_parse(r->body, TW_LOG_BODY_MAX, &j);
	if (!tw_failed(f->e) && !strcmp(tw_json_text(j, "event"), "alarm.raised"))
		found_event(f, tw_json_int(tw_json_get(j, "fields"), "alarm"));
	return !tw_failed(f->e);
}

tw_err tw_alarms_reconcile(struct tw_context *c)
{
	struct found f = { .unlogged = { .c = c } };

	TW_TRY(tw_store_run(c->store, tw_sql_alarm_unlogged, &TW_V_INT(TW_ALARM_BATCH), 1, take_unlogged, &f.unlogged));
	if (!f.unlogged.count)
		return TW_OK;
	TW_TRY(tw_audit_recent(c->audit, 0, TW_AUDIT_RECENT_MAX, look, &f));
	TW_TRY(f.e);
	return tw_store_transaction(c->store, mark_logged, &f.logged);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/plan.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "support/advisories/signing.h"
#include "support/cases/cases.h"
#include "support/outbox/outbox.h"
#include "support/platform/app.h"
#include "support/sql-support.h"
#include "support/staff/staff-mail.h"
#include "support/staff/staff.h"

#include <stdio.h>
#include <string.h>

#define BY_SERVICE "service"
#define BATCH 8 /* published in one turn of the loop: each writes the whole tree */

/* --- One --- */

static void take_text(const tw_row *row, int column, char *ret, size_t size)
{
	const struct tw_slice s = tw_row_bytes(row, column);

	(void)snprintf(ret, size, "%.*s", (int)(s.size < size ? s.size : size - 1), s.size ? s.at : "");
}

static tw_err take_plan(void *user, const tw_row *row)
{
	struct tw_plan *p = user;

	p->advisory = tw_row_int(row, 0);
	p->at_ms = tw_row_int(row, 1);
	p->failures = tw_row_int(row, 2);
	take_text(row, 3, p->who, sizeof p->who);
	take_text(row, 4, p->hash, sizeof p->hash);
	take_text(row, 5, p->why, sizeof p->why);
	return TW_OK;
}

tw_err tw_plan_of(struct tw_context *c, int64_t advisory, struct tw_plan *ret, bool *ret_there)
{
	*ret = (struct tw_plan){ .advisory = 0 };
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_plan_one, &TW_V_INT(advisory), 1, take_plan, ret));
	*ret_there = ret->advisory != 0;
	return TW_OK;
}

tw_err tw_plan_show(struct tw_context *c, const struct tw_advisory_row *r, json_t *j)
{
	char at[TW_TIME_TEXT_MAX];
	struct tw_plan p;
	bool there = false;

	TW_TRY(tw_plan_of(c, r->id, &p, &there));
	if (!there)
		return TW_OK;
	tw_time_text(p.at_ms, at);
	TW_TRY(tw_json_set(j, "planned", json_string(at)));
	TW_TRY(tw_json_set(j, "planned_by", json_string(p.who)));
	if (!p.why[0] && strcmp(p.hash, r->hash) != 0)
		return tw_json_set(j, "late",
			json_string("advisory.changed: it says something else than when its time was set. Set the time again, or end the plan."));
	return p.why[0] ? tw_json_set(j, "late", json_string(p.why)) : TW_OK;
}

tw_err tw_plan_done(struct tw_store *s, int64_t advisory)
{
	return tw_store_run(s, tw_sql_advisory_plan_drop, &TW_V_INT(advisory), 1, NULL, NULL);
}

tw_err tw_plan_again(struct tw_store *s, int64_t advisory)
{
	return tw_store_run(s, tw_sql_advisory_plan_again, &TW_V_INT(advisory), 1, NULL, NULL);
}

/* --- It is late --- */

struct telling {
	struct tw_context *c;
	const struct tw_plan *plan;
	struct tw_advisory_row *row;
	const char *why;
	int64_t now_ms;
	bool told; /* of this reason already */
};

static tw_err mail_one(const struct telling *t, const char *to, const char *who)
{
	char at[TW_TIME_TEXT_MAX], key[TW_OUTBOX_KEY_MAX + 1], subject[TW_OUTBOX_SUBJECT_MAX + 1], text[1024];
	const struct tw_outbox_message m = {
		.kind = TW_OUTBOX_MAIL, .to = to, .subject = subject, .text = text, .key = key, .class = TW_OUTBOX_ALARM
	};
	const struct tw_app *a = tw_app_of(t->c);

	tw_time_text(t->plan->at_ms, at);
	(void)snprintf(key, sizeof key, "plan-%lld-%lld-%.*s-%s", (long long)t->plan->advisory, (long long)t->plan->at_ms,
		(int)strcspn(t->why, ": "), t->why, who);
	(void)snprintf(subject, sizeof subject, "%s was to be published at %s, and is not", t->row->name, at);
	(void)snprintf(text, sizeof text,
		"Advisory %s was to be published at %s, as %s has set. It is not published yet:\n\n%s\n\n"
		"It is tried again until it is published or its plan is ended: %s%s%s.\n",
		t->row->name, at, t->plan->who, t->why, a->desk.site[0] ? a->desk.site : "advisory read ",
		a->desk.site[0] ? "/desk/advisories/" : "", t->row->name);
	const tw_err e = tw_outbox_add(t->c->store, &m, t->now_ms);
	if (!tw_is(e, TW_CODE_LIMIT) || tw_store_fault(t->c->store) != TW_STORE_WELL)
		return e;
	tw_log_err(e, "no mail tells of an advisory that is late");
	return TW_OK;
}

static tw_err mail_staff(void *user, const struct tw_staff_mail *m)
{
	const struct telling *t = user;
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT };
	bool sees = false;

	tw_account_id(m->account, s.account);
	TW_TRY(tw_advisory_seen(t->c, &s, t->row->case_id, &sees));
	return sees ? mail_one(t, m->address, s.account) : TW_OK;
}

static tw_err mail_all(struct telling *t)
{
	const struct tw_desk *d = &tw_app_of(t->c)->desk;
	char who[24];

	for (size_t i = 0; i < d->alarm_count; i++) {
		(void)snprintf(who, sizeof who, "%zu", i);
		TW_TRY(mail_one(t, d->alarms[i], who));
	}
	return tw_staff_mail_each(t->c, mail_staff, t);
}

static tw_err put_late(tw_store *s, void *user)
{
	struct telling *t = user;
	int64_t wait = TW_PLAN_AGAIN_MS;

	for (int64_t i = 0; i < t->plan->failures && wait < TW_PLAN_AGAIN_MAX_MS; i++)
		wait *= 2;
	if (wait > TW_PLAN_AGAIN_MAX_MS)
		wait = TW_PLAN_AGAIN_MAX_MS;
	const struct tw_value v[] = { TW_V_INT(t->plan->advisory), TW_V_INT(t->now_ms + wait), TW_V_INT(t->plan->failures + 1),
		TW_V_TEXT(t->why) };
	TW_TRY(tw_store_run(s, tw_sql_advisory_plan_late, v, TW_COUNT(v), NULL, NULL));
	if (t->told)
		return TW_OK;
	TW_TRY(tw_advisory_step(t->c, t->row, BY_SERVICE, "late", t->why));
	TW_TRY(mail_all(t));
	char at[TW_TIME_TEXT_MAX], rule[64];
	tw_time_text(t->plan->at_ms, at);
	(void)snprintf(rule, sizeof rule, "%.*s", (int)strcspn(t->why, ": "), t->why);
	return tw_event(t->c, "advisory.late",
		json_pack("{s:s, s:s, s:s, s:s}", "advisory", t->row->name, "at", at, "by", t->plan->who, "rule", rule));
}

static tw_err late(struct tw_context *c, const struct tw_plan *p, struct tw_advisory_row *row, const char *why)
{
	struct telling t = { c, p, row, why, tw_time_wall_ms(c->time), strcmp(p->why, why) == 0 };

	if (!t.told)
		tw_warn("%s was to be published by now, and is not: %s", row->name, why);
	return tw_store_transaction(c->store, put_late, &t);
}

/* --- It is due --- */

static tw_err wait_a_moment(struct tw_context *c, const struct tw_plan *p)
{
	const struct tw_value v[] = { TW_V_INT(p->advisory), TW_V_INT(tw_time_wall_ms(c->time) + TW_PLAN_AGAIN_MS),
		TW_V_INT(p->failures + 1), TW_V_TEXT("") };

	return tw_store_run(c->store, tw_sql_advisory_plan_late, v, TW_COUNT(v), NULL, NULL);
}

/* What the way out says of it: "" it is out, or goes on by itself. */
static tw_err publish(struct tw_context *c, const struct tw_plan *p, struct tw_advisory_row *row, char why[TW_PLAN_WHY_MAX])
{
	struct tw_reply aside = { .status = 200 };
	char text[2 * TW_ADVISORY_WHO_MAX + TW_TIME_TEXT_MAX], at[TW_TIME_TEXT_MAX];

	tw_time_text(p->at_ms, at);
	(void)snprintf(text, sizeof text, "planned by %s for %s", p->who, at);
	tw_err e = tw_advisory_publish(c, &aside, row, &(struct tw_advisory_by){ BY_SERVICE, text });
	if (!tw_failed(e) && aside.problem[0])
		(void)snprintf(why, TW_PLAN_WHY_MAX, "%s: %s %s", aside.rule, aside.detail, aside.next);
	tw_reply_done(&aside);
	return e;
}

/* Told by what the store or the disk said; the next one is tried all the same where the store is well. */
static tw_err failed(struct tw_context *c, tw_err e, const struct tw_plan *p, struct tw_advisory_row *row)
{
	char why[TW_PLAN_WHY_MAX];

	(void)snprintf(why, sizeof why, "service.failed: %.200s. It is tried again.", tw_err_detail());
	tw_utf8_mend(why);
	tw_log_err(e, "publishing %s at its time", row->name);
	return late(c, p, row, why);
}

static const char *not_now(const struct tw_plan *p, const struct tw_advisory_row *row)
{
	if (strcmp(p->hash, row->hash) != 0)
		return "advisory.changed: it says something else than when its time was set. Set the time again, or end the plan.";
	if (row->state == TW_ADVISORY_DRAFT || row->state == TW_ADVISORY_REVIEW)
		return "advisory.state: it is not approved any more. Have it approved, or end the plan.";
	return "";
}

static tw_err run_one(struct tw_context *c, const struct tw_plan *p, const char *name)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	char why[TW_PLAN_WHY_MAX] = "";

	TW_TRY(tw_advisory_load_name(c, name, &row));
	const bool waited = row.state == TW_ADVISORY_PUBLISHING;
	(void)snprintf(why, sizeof why, "%s", not_now(p, &row));
	if (!why[0]) {
		const tw_err e = publish(c, p, &row, why);

		if (tw_failed(e))
			return failed(c, e, p, &row);
	}
	if (row.state == TW_ADVISORY_PUBLISHED)
		return TW_OK;
	if (!why[0] && !waited) /* its signature is being made */
		return wait_a_moment(c, p);
	if (!why[0])
		(void)snprintf(why, sizeof why, "advisory.signature: it waits for its signature. %.200s",
			tw_app_of(c)->desk.signed_by_person ? "Sign what advisory.unsigned gives, and give it to advisory.sign."
							    : tw_signing_missing(tw_app_of(c)));
	return late(c, p, &row, why);
}

struct due {
	struct tw_plan plans[BATCH];
	char names[BATCH][TW_ADVISORY_NAME_MAX];
	size_t count;
};

static tw_err take_due(void *user, const tw_row *row)
{
	struct due *d = user;

	if (d->count == BATCH)
		return TW_OK;
	take_text(row, 6, d->names[d->count], sizeof d->names[0]);
	return take_plan(&d->plans[d->count++], row);
}

/* Of a clock that was set back since: what has failed is tried again within the longest wait of now. */
static tw_err bring_near(struct tw_context *c, int64_t now_ms)
{
	return tw_store_run(c->store, tw_sql_advisory_plan_near, &TW_V_INT(now_ms + TW_PLAN_AGAIN_MAX_MS), 1, NULL, NULL);
}

tw_err tw_plans_run(struct tw_context *c)
{
	const int64_t now = tw_time_wall_ms(c->time);
	struct due d = { .count = 0 };

	if (!tw_time_trusted(c->time))
		return TW_OK;
	TW_TRY(bring_near(c, now));
	const struct tw_value v[] = { TW_V_INT(now), TW_V_INT(BATCH) };
	TW_TRY(tw_store_run(c->store, tw_sql_advisory_plan_due, v, TW_COUNT(v), take_due, &d));
	for (size_t i = 0; i < d.count; i++)
		TW_TRY(run_one(c, &d.plans[i], d.names[i]));
	return TW_OK;
}

static tw_err take_next(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_plans_next(struct tw_context *c, int64_t *ret_ms)
{
	*ret_ms = TW_PLAN_NONE;
	return tw_store_run(c->store, tw_sql_advisory_plan_next, NULL, 0, take_next, ret_ms);
}

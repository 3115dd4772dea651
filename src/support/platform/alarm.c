/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wakes the loop at the next point of escalation of any case, and not before. Timers run by the boot clock and points by the wall clock, which may be
 * set anew or go on while the machine sleeps: while a point is waited for, it is looked after each ten minutes. A wall clock that is not trusted raises
 * nothing, since an alarm stays for good.
 */
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "support/cases/alarms.h"
#include "support/cases/cases.h"
#include "support/outbox/outbox.h"
#include "support/platform/app.h"
#include "support/staff/staff.h"
#include "support/staff/staff-mail.h"

#include <stdio.h>

static void wait_for(struct tw_app *a, int64_t ms)
{
	const struct timeval t = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(a->alarm_timer, &t); /* a timer that is there is set anew */
}

static void failed(struct tw_app *a, tw_err e)
{
	tw_log_err(e, "raising alarms; it is tried again in a minute");
	a->alarms_failed = true;
	a->alarms_unsure = true;
	wait_for(a, TW_APP_ALARM_AGAIN_MS);
}

/* What a mail says stays with its receivers and the servers between: never what the case is about, since it may be under embargo. */
struct receiver {
	const char *to, *name; /* name: by which the outbox tells it from the others */
	bool closed;           /* an address and nobody: of a case under embargo he reads that something is due */
};

static tw_err mail_one(struct tw_app *a, const struct tw_alarm *n, const struct receiver *r)
{
	const char *drill = tw_json_bool(n->doc, "drill") ? "DRILL: " : "", *step = tw_a14_steps[n->step], *kind = tw_a14_kinds[n->kind];
	const char *shown = r->closed ? "report" : step;
	const bool over = n->point == TW_A14_POINTS;
	char due[TW_TIME_TEXT_MAX], key[TW_OUTBOX_KEY_MAX + 1], subject[TW_OUTBOX_SUBJECT_MAX + 1], text[1024];
	const struct tw_outbox_message m = {
		.kind = TW_OUTBOX_MAIL, .to = r->to, .subject = subject, .text = text, .key = key, .class = TW_OUTBOX_ALARM
	};

	tw_time_text(n->due_ms, due);
	(void)snprintf(key, sizeof key, "alarm-c%lld-%s-%s-%d-%s", (long long)n->case_id, kind, step, n->point, r->name);
	(void)snprintf(subject, sizeof subject, "%s%s of case c%lld %s %s", drill, shown, (long long)n->case_id,
		over ? "was due at" : "is due at", due);
	(void)snprintf(text, sizeof text,
		"%sArticle 14 of Regulation (EU) 2024/2847%s%s: the %s of case c%lld %s %s, and was not submitted yet.\n\n"
		"This is alarm %d of %d of this clock%s. Acknowledge it at the desk: %s%s.\n",
		drill, r->closed ? "" : ", ", r->closed ? "" : kind, shown, (long long)n->case_id,
		over ? "was due at" : "is due at", due, n->point, TW_A14_POINTS,
		n->raised_ms - n->at_ms > TW_ALARM_LATE_MS ? ", late: nothing ran at its moment, or the clock was started behind it" : "",
		a->desk.site[0] ? a->desk.site : "alarms list, alarm acknowledge", a->desk.site[0] ? "/desk/alarms" : "");
	return tw_outbox_add(a->context.store, &m, n->raised_ms);
}

/* Too many wait to be sent: the alarm is raised all the same. */
static tw_err try_one(struct tw_app *a, const struct tw_alarm *n, const struct receiver *r)
{
	tw_err e = mail_one(a, n, r);

	if (!tw_is(e, TW_CODE_LIMIT) || tw_store_fault(a->context.store) != TW_STORE_WELL)
		return e;
	tw_log_err(e, "no mail tells of an alarm, which is raised all the same");
	return TW_OK;
}

struct calling {
	struct tw_app *app;
	const struct tw_alarm *alarm;
	size_t called;
};

static tw_err call_one(void *user, const struct tw_staff_mail *m)
{
	struct calling *g = user;
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT };

	tw_account_id(m->account, s.account);
	if (!tw_case_sees(g->alarm->doc, &s, g->alarm->raised_ms))
		return TW_OK;
	g->called++;
	return try_one(g->app, g->alarm, &(struct receiver){ m->address, s.account, false });
}

tw_err tw_app_alarm_mail(struct tw_context *c, const struct tw_alarm *n, void *user)
{
	static const struct tw_subject nobody = { .kind = TW_SUBJECT_ANYONE };
	const bool closed = !tw_case_sees(n->doc, &nobody, n->raised_ms);
	struct tw_app *a = user;
	struct calling g = { .app = a, .alarm = n };

	for (size_t i = 0; i < a->desk.alarm_count; i++) {
		char name[24];

		(void)snprintf(name, sizeof name, "%zu", i);
		TW_TRY(try_one(a, n, &(struct receiver){ a->desk.alarms[i], name, closed }));
	}
	TW_TRY(tw_staff_mail_each(c, call_one, &g));
	if (a->desk.alarm_count + g.called == 0)
		tw_warn("an alarm of case c%lld: no mail tells anybody, since nobody who may see it is on call and app/desk.json names no address",
			(long long)n->case_id);
	return TW_OK;
}

static tw_err raise_and_log(struct tw_app *a)
{
	struct tw_context *c = &a->context;

	if (tw_time_trusted(c->time))
		TW_TRY(tw_alarms_raise(c, tw_time_wall_ms(c->time), &(struct tw_alarm_teller){ tw_app_alarm_mail, a }));
	if (a->alarms_unsure)
		TW_TRY(tw_alarms_reconcile(c));
	a->alarms_unsure = false;
	return tw_alarms_log(c, &a->alarms_left);
}

static void on_alarm(int fd, short what, void *user)
{
	struct tw_app *a = user;
	tw_err e = raise_and_log(a);

	a->alarms_failed = false;
	if (tw_failed(e))
		failed(a, e);
	tw_app_settle(a); /* the log has to be signed, mail to be sent, and the next point waited for */
}

tw_err tw_app_alarms_new(struct tw_app *a)
{
	a->alarms_unsure = true;
	a->alarm_timer = event_new(a->loop, -1, 0, on_alarm, a);
	if (!a->alarm_timer)
		return TW_RAISE(NOMEM, "event loop");
	wait_for(a, 0); /* what was reached while nothing ran */
	return TW_OK;
}

void tw_app_alarms_due(struct tw_app *a)
{
	int64_t next = TW_ALARM_NONE, wait;

	if (a->alarms_failed || (a->alarms_unsure && event_pending(a->alarm_timer, EV_TIMEOUT, NULL)))
		return;
	tw_err e = tw_alarms_next(&a->context, &next);
	if (tw_failed(e)) {
		failed(a, e);
		return;
	}
	if (next == TW_ALARM_NONE && !a->alarms_left)
		return;
	wait = a->alarms_left ? 0 : next - tw_time_wall_ms(&a->time);
	if (wait > TW_APP_ALARM_LOOK_MS || (!a->alarms_left && !tw_time_trusted(&a->time)))
		wait = TW_APP_ALARM_LOOK_MS;
	wait_for(a, wait < 0 ? 0 : wait);
}

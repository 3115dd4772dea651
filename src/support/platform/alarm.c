/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wakes the loop at the next point of escalation of any case, and not before. Timers run by the boot clock and points by the wall clock, which may be
 * set anew or go on while the machine sleeps: while a point is waited for, it is looked after each ten minutes. A wall clock that is not trusted raises
 * nothing, since an alarm stays for good.
 */
#include "base/log.h"
#include "support/cases/alarms.h"
#include "support/platform/app.h"

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

static tw_err raise_and_log(struct tw_app *a, bool *ret_left)
{
	struct tw_context *c = &a->context;

	if (tw_time_trusted(c->time))
		TW_TRY(tw_alarms_raise(c, tw_time_wall_ms(c->time), NULL)); /* the one place where somebody could be told of it by mail */
	if (a->alarms_unsure)
		TW_TRY(tw_alarms_reconcile(c));
	a->alarms_unsure = false;
	return tw_alarms_log(c, ret_left);
}

static void on_alarm(int fd, short what, void *user)
{
	struct tw_app *a = user;
	bool left = false;
	tw_err e = raise_and_log(a, &left);

	a->alarms_failed = false;
	if (tw_failed(e))
		failed(a, e);
	else if (left)
		wait_for(a, 0);
	else
		tw_app_alarms_due(a);
	tw_app_mend_due(a);
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
	if (next == TW_ALARM_NONE)
		return;
	wait = next - tw_time_wall_ms(&a->time);
	if (wait > TW_APP_ALARM_LOOK_MS || !tw_time_trusted(&a->time))
		wait = TW_APP_ALARM_LOOK_MS;
	wait_for(a, wait < 0 ? 0 : wait);
}

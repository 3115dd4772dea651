/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wakes the loop when an advisory is to be published, and not before. Timers run by the boot clock and plans by the wall clock, which may be set anew or go
 * on while the machine sleeps: while one is waited for, it is looked at each minute.
 */
#include "base/log.h"
#include "support/advisories/plan.h"
#include "support/platform/app.h"

#define LOOK_MS 60000

static void wait_for(struct tw_app *a, int64_t ms)
{
	const struct timeval t = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(a->plan_timer, &t); /* a timer that is there is set anew */
}

static void failed(struct tw_app *a, tw_err e)
{
	tw_log_err(e, "publishing what is due; it is tried again in a minute");
	a->plans_failed = true;
	wait_for(a, LOOK_MS);
}

static void on_plan(int fd, short what, void *user)
{
	struct tw_app *a = user;

	a->plans_failed = false;
	if (a->draining)
		return;
	const tw_err e = tw_plans_run(&a->context);
	if (tw_failed(e))
		failed(a, e);
	tw_app_settle(a); /* something is to be signed, mail to be sent, subscribers to be told */
}

tw_err tw_app_plans_new(struct tw_app *a)
{
	a->plan_timer = event_new(a->loop, -1, 0, on_plan, a);
	return a->plan_timer ? TW_OK : TW_RAISE(NOMEM, "event loop");
}

void tw_app_plans_due(struct tw_app *a)
{
	int64_t next = TW_PLAN_NONE;

	if (a->plans_failed)
		return;
	const tw_err e = tw_plans_next(&a->context, &next);
	if (tw_failed(e)) {
		failed(a, e);
		return;
	}
	(void)event_del(a->plan_timer);
	if (next == TW_PLAN_NONE)
		return;
	const int64_t left = next - tw_time_wall_ms(&a->time);
	wait_for(a, left > LOOK_MS || !tw_time_trusted(&a->time) ? LOOK_MS : left < 0 ? 0 : left);
}

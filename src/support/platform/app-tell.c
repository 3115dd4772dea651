/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscribers are told in slices of some milliseconds, each a turn of the loop of its own, so that requests are answered in between. What is left is in the
 * store: a start goes on with it. What fails is tried again later, and stays to be told.
 */
#include "base/log.h"
#include "support/components/components.h"
#include "support/intake/intake.h"
#include "support/outbox/outbox.h"
#include "support/platform/app.h"
#include "support/subscriptions/pages.h"
#include "support/subscriptions/products.h"
#include "support/subscriptions/subscription.h"

static void arm(struct event *timer, int64_t ms)
{
	const struct timeval t = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(timer, &t);
}

/* Once when it begins to stand still, and once when all is told: in between it comes and goes with each message that is sent. */
static void say_state(struct tw_app *a, const struct tw_subscriptions *of, enum tw_telling told)
{
	if (told == TW_TOLD_WAIT && !a->tell_waits)
		tw_warn("subscribers are not told now: %s; what is to be told waits",
			*of->site ? "too many messages wait to be sent" : "no app/desk.json says the address of this site");
	if (told == TW_TOLD_ALL && a->tell_waits)
		tw_info("subscribers are told all there is");
	a->tell_waits = told == TW_TOLD_WAIT || (a->tell_waits && told == TW_TOLD_SOME);
}

static void on_tell(int fd, short what, void *user)
{
	struct tw_app *a = user;
	const struct tw_subscriptions of = tw_subscriptions_of(&a->context);
	enum tw_telling told = TW_TOLD_WAIT;
	tw_err e = tw_subscription_accounts_slice(&of, &told);

	if (!tw_failed(e) && told == TW_TOLD_ALL)
		e = tw_subscriptions_slice(&of, &told);
	if (tw_failed(e))
		tw_log_err(e, "telling subscribers; it is tried again");
	else
		say_state(a, &of, told);
	if (tw_failed(e) || told == TW_TOLD_WAIT)
		arm(a->tell_timer, TW_APP_TELL_WAIT_MS);
	else if (told == TW_TOLD_SOME)
		arm(a->tell_timer, 0);
	tw_app_mend_due(a);
}

/* What is out of date goes whether somebody comes or not, a step at a time. A clock that is far ahead would forget what it must not. */
static bool forget(struct tw_app *a)
{
	const struct tw_subscriptions of = tw_subscriptions_of(&a->context);
	bool more = false, parts = false;

	if (!tw_time_trusted(&a->time))
		return false;
	tw_err e = tw_subscriptions_forget(&of);
	if (!tw_failed(e))
		e = tw_outbox_forget(a->context.store, of.now_ms, &more);
	if (!tw_failed(e))
		e = tw_intake_forget(a->context.store, of.now_ms);
	if (!tw_failed(e))
		e = tw_components_forget(a->context.store, of.now_ms, &parts);
	if (tw_failed(e))
		tw_log_err(e, "forgetting what is out of date; it is tried again");
	return more || parts;
}

static void on_days(int fd, short what, void *user)
{
	struct tw_app *a = user;
	tw_err e = tw_products_tell(a->context.store, a->context.sys, a->products, a->desk.site, tw_time_wall_ms(&a->time));

	if (tw_failed(e))
		tw_log_err(e, "telling that support ends; it is tried again");
	arm(a->days_timer, forget(a) ? TW_APP_STEP_MS : TW_APP_DAYS_MS);
	tw_app_tell_due(a);
	tw_app_mend_due(a);
}

tw_err tw_app_tell_new(struct tw_app *a)
{
	a->tell_timer = event_new(a->loop, -1, 0, on_tell, a);
	a->days_timer = event_new(a->loop, -1, 0, on_days, a);
	if (!a->tell_timer || !a->days_timer)
		return TW_RAISE(NOMEM, "event loop");
	return TW_OK;
}

void tw_app_days_begin(struct tw_app *a)
{
	arm(a->days_timer, 0);
}

void tw_app_tell_due(struct tw_app *a)
{
	bool due = false;

	if (event_pending(a->tell_timer, EV_TIMEOUT, NULL))
		return;
	if (tw_failed(tw_subscriptions_due(a->context.store, &due)) || due)
		arm(a->tell_timer, 0);
}

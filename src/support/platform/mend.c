/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel dropped when a sync failed cannot be known before everything was read again, which is what a start does. A start on a disk that still
 * fails would close all doors, so the disk is tried first. There is no timer while all is well.
 */
#include "base/log.h"
#include "support/platform/app.h"
#include "sys/durable.h"

/* Once for each fault: a server that was there, and is not what it was, is worth a line of its own. */
static void say_why(const struct tw_app *a)
{
	if (tw_store_broken(a->context.store) && *tw_store_why(a->context.store))
		tw_error("nothing is changed until all roles have started again: %s", tw_store_why(a->context.store));
}

static bool broken(const struct tw_app *a)
{
	return tw_audit_broken(a->context.audit)[0] || tw_store_broken(a->context.store);
}

static void on_mend(int fd, short what, void *user)
{
	struct tw_app *a = user;
	tw_err e = tw_durable_try(a->sys, a->dir);

	if (!tw_failed(e))
		e = tw_durable_try(a->sys, a->log_dir);
	if (!tw_failed(e))
		e = tw_store_try(a->context.store);
	a->mend_ms = a->mend_ms < TW_APP_MEND_MAX_MS / 2 ? a->mend_ms * 2 : TW_APP_MEND_MAX_MS;
	if (tw_failed(e)) {
		tw_log_err(e, "the disk or the store still takes nothing; changes stay refused");
		tw_app_mend_due(a);
		return;
	}
	tw_warn("the disk and the store take writes again: all roles start again and read what is there");
	a->status = 1;
	(void)event_base_loopbreak(a->loop);
}

tw_err tw_app_mend_new(struct tw_app *a)
{
	a->mend_ms = TW_APP_MEND_MS;
	a->mend_timer = event_new(a->loop, -1, 0, on_mend, a);
	return a->mend_timer ? TW_OK : TW_RAISE(NOMEM, "event loop");
}

void tw_app_mend_due(struct tw_app *a)
{
	const struct timeval t = { .tv_sec = a->mend_ms / 1000, .tv_usec = a->mend_ms % 1000 * 1000 };

	if (!broken(a) || event_pending(a->mend_timer, EV_TIMEOUT, NULL))
		return;
	if (a->mend_ms == TW_APP_MEND_MS)
		say_why(a);
	(void)event_add(a->mend_timer, &t);
}

static tw_err look(struct tw_app *a, bool *ret_more, const char **ret_what)
{
	*ret_what = "looking through the audit log; all roles start again, and a log that does not verify is set aside";
	if (a->context.audit) /* NULL: a store alone is open */
		TW_TRY(tw_audit_look(a->context.audit, TW_APP_LOOK_SLICE_MS, ret_more));
	if (*ret_more)
		return TW_OK;
	*ret_what = "looking through the database; no start takes it until that is put right, or a backup is in its place";
	return tw_store_check_next(a->context.store, ret_more);
}

static void on_look(int fd, short event, void *user)
{
	const struct timeval soon = { .tv_usec = 1000 }, again = { .tv_sec = TW_APP_MEND_MAX_MS / 1000 };
	struct tw_app *a = user;
	const char *what = "";
	bool more = false;
	tw_err e = look(a, &more, &what);

	if (more) {
		(void)event_add(a->look_timer, &soon);
		return;
	}
	if (tw_is(e, TW_CODE_UNTRUSTED)) {
		tw_log_err(e, "%s", what);
		a->status = 1;
		(void)event_base_loopbreak(a->loop);
		return;
	}
	if (tw_failed(e)) {
		tw_log_err(e, "looking through the audit log and the database; it is tried again");
		(void)event_add(a->look_timer, &again);
	}
	if (a->tree_waits)
		tw_app_settle_tree(a);
	tw_app_settle(a);
}

tw_err tw_app_look_new(struct tw_app *a)
{
	a->look_timer = event_new(a->loop, -1, 0, on_look, a);
	return a->look_timer ? TW_OK : TW_RAISE(NOMEM, "event loop");
}

void tw_app_look_due(struct tw_app *a)
{
	const struct timeval t = { .tv_sec = TW_APP_LOOK_MS / 1000, .tv_usec = TW_APP_LOOK_MS % 1000 * 1000 };

	if (!a->said_ready || event_pending(a->look_timer, EV_TIMEOUT, NULL))
		return;
	if (tw_audit_owes(a->context.audit) || tw_store_owes(a->context.store) || a->tree_waits)
		(void)event_add(a->look_timer, &t);
}

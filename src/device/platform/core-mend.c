/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a full or failing disk kept from being done is done once the disk allows it, without anybody's help.
 *
 * A log or store that had a failed write or sync refuses changes: what the kernel dropped cannot be known before everything was read
 * again. Reading again is what a start does, but a start on a disk that still fails would close all doors, so the disk is tried
 * first; only when it takes writes does core end, and hands starts all roles. What is merely owed (the boot's mark, the store's
 * format, a new listener key) is tried again in place. The pauses double, and there is no timer while all is well.
 */
#include "base/log.h"
#include "device/platform/core.h"
#include "device/platform/start.h"

#define MEND_MIN_MS 2000
#define MEND_MAX_MS 300000

static bool broken(const struct tw_core *c)
{
	return tw_audit_broken(c->device.context.audit)[0] || tw_store_broken(c->device.context.store);
}

static bool owes(const struct tw_core *c)
{
	return (c->confirmed && !c->marked) || c->format_owed || c->keys_owed || c->device.listener_owed;
}

static void start_again(struct tw_core *c)
{
	tw_err e = tw_start_try_disk(c->sys);

	if (tw_failed(e)) {
		tw_log_err(e, "the disk still takes no writes; changes stay refused");
		return;
	}
	tw_warn("the disk takes writes again: all roles start again and read what is there");
	c->status = 1;
	(void)event_base_loopbreak(c->loop);
}

static void pay(struct tw_core *c)
{
	if (c->confirmed && !c->marked)
		tw_core_confirm(c);
	if (c->format_owed)
		tw_core_migrate(c);
	if (c->keys_owed)
		tw_core_adopt(c);
	for (const struct tw_part *p = tw_parts; p->capability; p++) {
		tw_err e = p->mend ? p->mend(&c->device) : TW_OK;

		if (tw_failed(e))
			tw_log_err(e, "finishing what the disk had kept from being done; it is tried again");
	}
}

static void on_mend(int fd, short what, void *user)
{
	struct tw_core *c = user;

	c->mend_ms = c->mend_ms < MEND_MAX_MS / 2 ? c->mend_ms * 2 : MEND_MAX_MS;
	if (broken(c))
		start_again(c);
	else if (owes(c))
		pay(c);
	else
		c->mend_ms = MEND_MIN_MS;
	tw_core_settle(c);
}

tw_err tw_core_mend_new(struct tw_core *c)
{
	c->mend_ms = MEND_MIN_MS;
	c->mend_timer = tw_core_watch(c, -1, 0, on_mend, c);
	return c->mend_timer ? TW_OK : TW_RAISE(NOMEM, "event loop");
}

void tw_core_mend_due(struct tw_core *c)
{
	struct timeval t = tw_core_ms(c->mend_ms);
	bool due = broken(c) || owes(c), pending = event_pending(c->mend_timer, EV_TIMEOUT, NULL) != 0;

	if (due && !pending)
		(void)event_add(c->mend_timer, &t);
	else if (!due && pending)
		(void)event_del(c->mend_timer);
	if (!due)
		c->mend_ms = MEND_MIN_MS;
}

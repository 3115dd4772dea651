/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs of the capabilities' rows, each with a timer of its own. A job runs at the start, and from then on by its period, or sooner when
 * its row can say so.
 *
 * What a row says is asked after everything that happens. A timer that ends early enough is therefore left alone: setting one that has
 * ended and waits for its turn would take the turn from it, and so, while others come without pause, for ever.
 */
#include "base/log.h"
#include "device/platform/core.h"

static void arm(struct tw_core *c, struct tw_job *j)
{
	int64_t now = tw_time_boot_ms(&c->device.time), due = j->row->due ? j->row->due(&c->device.context) : -1;
	int64_t at = due < 0 || due > j->period_at_ms - now ? j->period_at_ms : now + due;
	struct timeval t = tw_core_ms(at > now ? at - now : 0);

	if (event_pending(j->timer, EV_TIMEOUT, NULL) && j->at_ms <= at)
		return;
	j->at_ms = at;
	(void)event_add(j->timer, &t);
}

void tw_core_jobs_arm(struct tw_core *c)
{
	for (size_t i = 0; i < TW_JOBS_MAX && c->jobs[i].timer; i++)
		arm(c, &c->jobs[i]);
}

static void on_job(int fd, short what, void *user)
{
	struct tw_job *j = user;
	tw_err e = j->row->run(&j->core->device.context);

	if (tw_failed(e))
		tw_log_err(e, "the job %s", j->row->name);
	j->period_at_ms = tw_time_boot_ms(&j->core->device.time) + j->row->period_ms;
	tw_core_settle(j->core);
}

tw_err tw_core_jobs_start(struct tw_core *c)
{
	size_t n = 0;

	for (const struct tw_capability *const *p = c->device.context.capabilities; *p; p++) {
		for (const struct tw_job_row *row = (*p)->jobs; row && row->name; row++) {
			if (n == TW_JOBS_MAX)
				return TW_RAISE(LIMIT, "more than %d jobs", TW_JOBS_MAX);
			c->jobs[n] = (struct tw_job){ .core = c, .row = row, .timer = tw_core_watch(c, -1, 0, on_job, &c->jobs[n]) };
			if (!c->jobs[n].timer)
				return TW_RAISE(NOMEM, "jobs");
			on_job(-1, 0, &c->jobs[n++]);
		}
	}
	return TW_OK;
}

void tw_core_jobs_end(struct tw_core *c)
{
	for (size_t i = 0; i < TW_JOBS_MAX; i++)
		if (c->jobs[i].timer)
			event_free(c->jobs[i].timer);
}

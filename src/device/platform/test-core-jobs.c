/* SPDX-License-Identifier: Apache-2.0 */
/* When jobs run, over a real loop that somebody keeps busy; the rest of core is played. */
#include "device/platform/core.h"

#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <unistd.h>

#define PERIOD 3600000

static struct tw_core core;
static tw_fake *fake;
static int64_t now_ms, due_at_ms; /* -1: not sooner than its period */
static unsigned runs, others, settled;

static void pass(int64_t ms)
{
	now_ms += ms;
	tw_fake_clock(fake, true, 1900000000000 + now_ms, now_ms);
}

struct timeval tw_core_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

struct event *tw_core_watch(struct tw_core *c, int fd, short what, event_callback_fn call, void *user)
{
	return event_new(c->loop, fd, what, call, user);
}

void tw_core_settle(struct tw_core *c)
{
	settled++;
	tw_core_jobs_arm(c);
}

static int64_t due(struct tw_context *c)
{
	return due_at_ms < 0 ? -1 : due_at_ms > now_ms ? due_at_ms - now_ms : 0;
}

static tw_err run(struct tw_context *c)
{
	runs++;
	due_at_ms = -1;
	return TW_OK;
}

static tw_err run_badly(struct tw_context *c)
{
	return TW_RAISE(IO, "a disk");
}

static const struct tw_job_row jobs[] = { { "sooner", PERIOD, "a test", run, due }, { "badly", PERIOD, "a test", run_badly, NULL },
	{ .name = NULL } };
static const struct tw_capability capability = { .jobs = jobs };
static const struct tw_capability *const capabilities[] = { &capability, NULL };

static int set_up(void **state)
{
	fake = tw_fake_new();
	now_ms = 0;
	due_at_ms = -1;
	runs = others = settled = 0;
	pass(1000);
	core = (struct tw_core){ .sys = tw_fake_sys(fake), .loop = event_base_new() };
	core.device.context = (struct tw_context){ .sys = core.sys, .time = &core.device.time, .capabilities = capabilities };
	tw_time_init(&core.device.time, core.sys, 0);
	CHECK_OK(tw_core_jobs_start(&core));
	CHECK_INT(runs, 1);
	CHECK_INT(settled, 2);
	return core.loop ? 0 : -1;
}

static int tear_down(void **state)
{
	tw_core_jobs_end(&core);
	event_base_free(core.loop);
	fake = tw_fake_free(fake);
	return 0;
}

/* Until a job's timer ends, in ms; it counts from the loop's last look at the clock. */
static int64_t left(size_t job)
{
	struct timeval at, now;

	if (!event_pending(core.jobs[job].timer, EV_TIMEOUT, &at))
		return -1;
	CHECK(event_base_gettimeofday_cached(core.loop, &now) == 0);
	return (at.tv_sec - now.tv_sec) * 1000 + (at.tv_usec - now.tv_usec) / 1000;
}

static bool about(int64_t got, int64_t want)
{
	/* The test itself takes time, though never a minute; and libevent takes its two clocks one after the other, so that what it says of
	   the one by the other is as much too large as it was kept waiting between them. */
	return got < want + 60000 && got > want - 60000;
}

static void test_by_period_or_sooner(void **state)
{
	CHECK(about(left(0), PERIOD) && about(left(1), PERIOD));
	due_at_ms = now_ms + PERIOD / 2;
	tw_core_settle(&core);
	CHECK(about(left(0), PERIOD / 2) && about(left(1), PERIOD));
	due_at_ms = -1; /* later after all: it runs once too often */
	tw_core_settle(&core);
	CHECK(about(left(0), PERIOD / 2));
	due_at_ms = now_ms + 2 * PERIOD;
	tw_core_settle(&core);
	CHECK(about(left(0), PERIOD / 2));
}

/* Somebody whose turn comes first in each round, after which everything is settled, a moment later. */
static void on_other(int fd, short what, void *user)
{
	others++;
	pass(1);
	tw_core_settle(&core);
}

static void test_a_due_job_has_its_turn(void **state)
{
	int ends[2];
	struct event *other;

	CHECK(pipe(ends) == 0 && write(ends[1], "!", 1) == 1);
	other = event_new(core.loop, ends[0], EV_READ | EV_PERSIST, on_other, NULL);
	CHECK(other && event_add(other, NULL) == 0);
	due_at_ms = now_ms;
	tw_core_settle(&core);
	while (runs < 2 && others < 1000)
		CHECK(event_base_loop(core.loop, EVLOOP_ONCE) >= 0);
	CHECK_INT(runs, 2);
	CHECK(others < 1000);
	event_free(other);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(EACH(test_by_period_or_sooner), EACH(test_a_due_job_has_its_turn))

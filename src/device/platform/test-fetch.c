/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an answer is: one job at a time, until whoever gave it has taken what came of it. The role and the loop are played here. */
#include "device/platform/fetch.h"

#include "check.h"
#include "device/platform/core.h"
#include "device/platform/outside.h"
#include "service/errand-line.h"
#include "sys/real.h"

static struct tw_errand_user role;
static unsigned ended_at_once;

struct timeval tw_core_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000 };
}

struct event *tw_core_watch(struct tw_core *c, int fd, short what, event_callback_fn call, void *user)
{
	return event_new(c->loop, fd, what, call, user);
}

void tw_core_settle(struct tw_core *c)
{
}

tw_err tw_errand_begin(tw_errands *e, enum tw_errand which, const struct tw_channel_row *rows, const struct tw_errand_user *user)
{
	role = *user;
	return TW_OK;
}

void tw_errand_finish(tw_errands *e, enum tw_errand which, bool at_once)
{
	ended_at_once += at_once;
}

bool tw_errand_listed(const tw_errands *e, enum tw_errand which)
{
	return true;
}

tw_err tw_outside_at(struct tw_device *d, const char *place, struct tw_outside *ret)
{
	CHECK_TEXT(place, "a.example:443");
	memset(ret, 0, sizeof *ret);
	ret->demand = (struct tw_fetch_demand)TW_FETCH_DEMAND_LEAST;
	return TW_OK;
}

tw_err tw_outside_refused(struct tw_device *d, const char *place, const char *rule, const char *why)
{
	return TW_OK;
}

static void test_an_answer_waits_for_whoever_asked(void **state)
{
	struct tw_core core = { .sys = tw_sys_real(), .loop = event_base_new() };
	struct tw_device *d = &core.device;
	const struct tw_fetch_want want = { .job = { .method = TW_FETCH_GET,
						    .deadline_s = 30,
						    .answer_max = 100,
						    .url = TW_SLICE("https://a.example/"),
						    .authorization = TW_SLICE("Basic c2VjcmV0"),
						    .anchors = TW_SLICE("PEM\n") } };
	struct tw_fetch_answer a;

	d->context.sys = core.sys;
	tw_time_init(&d->time, core.sys, 0);
	CHECK_OK(tw_fetch_new(&core, &d->fetch));
	CHECK_OK(tw_fetch_begin(d, &want));
	CHECK_ERR(tw_fetch_begin(d, &want), STATE);
	CHECK(!tw_fetch_ended(d, &a));
	role.gone(role.user, "It could not be started.");
	CHECK_ERR(tw_fetch_begin(d, &want), STATE); /* the first has not taken it yet, and would take the second's for its own */
	CHECK(tw_fetch_ended(d, &a));
	CHECK_INT(a.failure, TW_FETCH_UNAVAILABLE);
	CHECK_TEXT(a.words, "It could not be started.");
	tw_fetch_end(d);
	CHECK(!tw_fetch_ended(d, &a));
	CHECK_OK(tw_fetch_begin(d, &want));
	CHECK_INT(ended_at_once, 0);
	tw_fetch_end(d);
	CHECK_INT(ended_at_once, 1);
	CHECK_OK(tw_fetch_begin(d, &want));
	d->fetch = tw_fetch_free(d->fetch);
	event_base_free(core.loop);
}

/* Nobody waits for it: whoever asks while it runs finds the role free when he asks again. */
static void test_one_that_yields_does_so(void **state)
{
	struct tw_core core = { .sys = tw_sys_real(), .loop = event_base_new() };
	struct tw_device *d = &core.device;
	struct tw_fetch_want want = { .job = { .method = TW_FETCH_GET,
					      .deadline_s = 8,
					      .answer_max = 100,
					      .url = TW_SLICE("https://a.example/"),
					      .anchors = TW_SLICE("PEM\n") } };
	struct tw_fetch_want yielding = want;
	struct tw_fetch_answer a;

	yielding.yields = true;
	ended_at_once = 0;
	d->context.sys = core.sys;
	tw_time_init(&d->time, core.sys, 0);
	CHECK_OK(tw_fetch_new(&core, &d->fetch));
	CHECK_OK(tw_fetch_begin(d, &yielding));
	CHECK_ERR(tw_fetch_begin(d, &yielding), STATE); /* not to its like */
	CHECK(!tw_fetch_ended(d, &a));
	CHECK_ERR(tw_fetch_begin(d, &want), STATE);
	CHECK_INT(ended_at_once, 1);
	CHECK(tw_fetch_ended(d, &a) && a.gave_way);
	tw_fetch_end(d);
	CHECK_OK(tw_fetch_begin(d, &want));
	CHECK_ERR(tw_fetch_begin(d, &want), STATE); /* who waits is not given up */
	CHECK_ERR(tw_fetch_begin(d, &yielding), STATE);
	CHECK(!tw_fetch_ended(d, &a));
	tw_fetch_end(d);
	d->fetch = tw_fetch_free(d->fetch);
	event_base_free(core.loop);
}

CHECK_MAIN(cmocka_unit_test(test_an_answer_waits_for_whoever_asked), cmocka_unit_test(test_one_that_yields_does_so))

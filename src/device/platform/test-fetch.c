/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an answer is: one job at a time, until whoever gave it has taken what came of it. The role and the loop are played here. */
#include "device/platform/fetch.h"

#include "check.h"
#include "device/platform/core.h"
#include "device/platform/outside.h"
#include "service/errand-line.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <sys/socket.h>
#include <unistd.h>

static struct tw_errand_user role;
static unsigned ended_at_once;
static uint32_t tag; /* of the last job that was given to it */

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

static unsigned records, told_of;

tw_err tw_outside_refused(struct tw_device *d, const char *place, const char *rule, const char *why, unsigned count)
{
	d->outside.count++;
	records += count > 0;
	told_of += count;
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

static void refuse(struct tw_device *d, tw_channel *line, enum tw_fetch_failure what)
{
	const struct tw_fetch_want want = { .job = { .method = TW_FETCH_GET,
						    .deadline_s = 8,
						    .answer_max = 100,
						    .url = TW_SLICE("https://a.example/"),
						    .anchors = TW_SLICE("PEM\n") } };
	const char payload[] = { (char)what, 'N', 'o', '.' };
	struct tw_fetch_answer a;

	CHECK_OK(tw_fetch_begin(d, &want));
	role.here(role.user, line);
	role.heard(role.user, NULL, &(struct tw_message){ .type = TW_FETCH_FAILED, .tag = ++tag, .payload = { payload, sizeof payload } });
	CHECK(tw_fetch_ended(d, &a) && a.failure == what);
	tw_fetch_end(d);
}

/* However often it is tried: a record an hour for each reason, and none of them is left uncounted. */
static void test_refusals_do_not_fill_the_log(void **state)
{
	tw_fake *fake = tw_fake_new();
	struct tw_core core = { .sys = tw_sys_real(), .loop = event_base_new() };
	struct tw_device *d = &core.device;

	static const struct tw_channel_row none[] = { { .type = 0 } };
	tw_channel *line = NULL;
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	CHECK_OK(tw_channel_new(core.sys, pair[0], none, &line));
	(void)close(pair[1]); /* what it is told goes nowhere */
	tw_fake_clock(fake, true, INT64_C(1900000000000), 1000);
	d->context.sys = core.sys;
	tw_time_init(&d->time, tw_fake_sys(fake), 0);
	tag = 0;
	CHECK_OK(tw_fetch_new(&core, &d->fetch));
	for (int i = 0; i < 100; i++)
		refuse(d, line, TW_FETCH_KEY);
	CHECK_INT(records, 1);
	refuse(d, line, TW_FETCH_SUITE);
	CHECK_INT(records, 2);
	tw_fake_clock(fake, true, INT64_C(1900000000000), 1000 + 3599999);
	refuse(d, line, TW_FETCH_KEY);
	CHECK_INT(records, 2);
	tw_fake_clock(fake, true, INT64_C(1900000000000), 1000 + 3600000);
	refuse(d, line, TW_FETCH_KEY);
	CHECK_INT(records, 3);
	CHECK_INT(told_of, 103);
	memset(&d->outside, 0, sizeof d->outside); /* another owner's first is recorded whatever was of the last one's */
	refuse(d, line, TW_FETCH_KEY);
	CHECK_INT(records, 4);
	CHECK_INT(told_of, 104);
	d->fetch = tw_fetch_free(d->fetch);
	event_base_free(core.loop);
	line = tw_channel_free(line);
	(void)tw_fake_free(fake);
}

CHECK_MAIN(cmocka_unit_test(test_an_answer_waits_for_whoever_asked), cmocka_unit_test(test_one_that_yields_does_so),
	cmocka_unit_test(test_refusals_do_not_fill_the_log))

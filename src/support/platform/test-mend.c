/* SPDX-License-Identifier: Apache-2.0 */
/* A failed sync makes the service refuse changes, and the disk is tried until it takes writes: then, and not before, the loop ends for a new start. */
#include "support/platform/app.h"

#include "check.h"
#include "service/path/test-context.h"
#include "service/test-dir.h"
#include "support/rows-platform.h"
#include "sys/fake.h"

#include <errno.h>

#define CALLS_MAX 1000

static const struct tw_capability *const all[] = { &tw_capability_platform, NULL };
static const struct tw_grant_row no_grants[] = { { NULL } };

static tw_err make(tw_store *s, void *user)
{
	TW_TRY(tw_store_run(s, "CREATE TABLE counter (value INTEGER NOT NULL)", NULL, 0, NULL, NULL));
	return tw_store_run(s, "INSERT INTO counter VALUES (0)", NULL, 0, NULL, NULL);
}

static tw_err count(tw_store *s, void *user)
{
	return tw_store_run(s, "UPDATE counter SET value = value + 1", NULL, 0, NULL, NULL);
}

/* A call of the seam fails, each in its turn, until it is a sync of the store. */
static void break_store(tw_fake *f, tw_store *s)
{
	CHECK_OK(tw_store_transaction(s, make, NULL));
	CHECK_OK(tw_store_transaction(s, count, NULL)); /* what it has to allocate once is there, and does not fail in a sync's place */
	for (long nth = 1; nth < CALLS_MAX && !tw_store_broken(s); nth++) {
		tw_fake_fail(f, nth, EIO, false);
		tw_ignore(tw_store_transaction(s, count, NULL));
		tw_fake_fail(f, 0, 0, false);
	}
	CHECK(tw_store_broken(s));
}

static void test_tries_the_disk_until_it_takes_writes(void **state)
{
	tw_fake *f = tw_fake_new();
	struct test_dir d = test_dir_new();
	struct test_context t = { .key = NULL };

	CHECK_OK(test_context_open(&t, tw_fake_sys(f), d.fd, all, no_grants));
	struct tw_app a = { .sys = tw_fake_sys(f), .context = t.c, .dir = d.fd, .log_dir = d.fd, .loop = event_base_new() };
	CHECK(a.loop != NULL);
	CHECK_OK(tw_app_mend_new(&a));
	CHECK_INT(a.mend_ms, TW_APP_MEND_MS);
	tw_app_mend_due(&a);
	CHECK(!event_pending(a.mend_timer, EV_TIMEOUT, NULL)); /* nothing is waited for while all is well */
	break_store(f, t.c.store);
	a.mend_ms = 1; /* else the test would take seconds */
	tw_app_mend_due(&a);
	tw_fake_fail(f, 1, EIO, true);
	for (int waited = 2; waited <= 8; waited *= 2) {
		CHECK_INT(event_base_loop(a.loop, EVLOOP_ONCE), 0);
		CHECK_INT(a.mend_ms, waited);
		CHECK(a.status == 0 && event_pending(a.mend_timer, EV_TIMEOUT, NULL));
	}
	a.mend_ms = TW_APP_MEND_MAX_MS - 1;
	CHECK_INT(event_base_loop(a.loop, EVLOOP_ONCE), 0); /* the one that waits already */
	CHECK_INT(a.mend_ms, TW_APP_MEND_MAX_MS);
	(void)event_del(a.mend_timer);
	a.mend_ms = 1;
	tw_fake_fail(f, 0, 0, false);
	tw_app_mend_due(&a);
	CHECK_INT(event_base_dispatch(a.loop), 0);
	CHECK(a.status == 1 && event_base_got_break(a.loop));
	event_free(a.mend_timer);
	event_base_free(a.loop);
	test_context_close(&t);
	(void)tw_key_free(t.key);
	test_dir_done(&d);
	(void)tw_fake_free(f);
}

/* A look that could not be ended is no reason to leave the tree of advisories as it is, and is gone on with later. */
static void test_looks_again_after_a_fault(void **state)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };
	tw_fake *f = tw_fake_new();
	struct test_dir d = test_dir_new();
	struct tw_app a = { .sys = tw_fake_sys(f), .dir = d.fd, .loop = event_base_new(), .tree_waits = true };
	const struct timeval at_once = { .tv_sec = 0 };
	tw_store *s = NULL;

	CHECK_OK(tw_store_open_closed(tw_sys_real(), d.fd, "t.db", &formats, &s));
	CHECK_OK(tw_store_transaction(s, make, NULL));
	s = tw_store_free(s);
	CHECK_OK(tw_store_open_closed(a.sys, d.fd, "t.db", &formats, &s));
	a.context.store = s;
	a.context.side = &a;
	CHECK(a.loop && tw_store_owes(s));
	CHECK_OK(tw_app_look_new(&a));
	CHECK_INT(event_add(a.look_timer, &at_once), 0);
	tw_fake_fail(f, 1, EIO, true);
	for (int turns = 0; a.tree_waits && turns < 100; turns++)
		CHECK_INT(event_base_loop(a.loop, EVLOOP_ONCE), 0);
	CHECK(!a.tree_waits && tw_store_owes(s) && event_pending(a.look_timer, EV_TIMEOUT, NULL));
	tw_fake_fail(f, 0, 0, false);
	CHECK_INT(event_add(a.look_timer, &at_once), 0);
	CHECK_INT(event_base_dispatch(a.loop), 1); /* nothing is left to wait for */
	CHECK(!tw_store_owes(s) && a.status == 0 && !event_base_got_break(a.loop));
	event_free(a.look_timer);
	event_base_free(a.loop);
	s = tw_store_free(s);
	test_dir_done(&d);
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_tries_the_disk_until_it_takes_writes), cmocka_unit_test(test_looks_again_after_a_fault))

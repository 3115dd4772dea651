/* SPDX-License-Identifier: Apache-2.0 */
/* Who failed too often waits, across restarts and by no wall clock, as the settings say; and the store is not written for each failure. */
#include "one-world.h"

#include "service/access/throttle-store.h"
#include "device/rows-logical-access.h"

#include <errno.h>

#define PUT "INSERT INTO throttle (kind, who, failures, wait_ms) VALUES "
#define WRONG "{\"code\":\"00000-00000\"}"

static void job(void)
{
	CHECK_OK(tw_access_job_throttle(&device()->context));
}

static int64_t due(void)
{
	return tw_access_throttle_due_ms(&device()->context);
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t kept(const char *statement)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, take_number, &n));
	return n;
}

static void fail_times(int times)
{
	for (int i = 0; i < times; i++)
		CHECK_INT(world_open(&w, WRONG), 403);
}

static void set(const char *key, const char *version, const char *value)
{
	char target[96], body[64];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, version, body), 200);
}

/* A start forgives nothing: all of the wait again, whatever the wall clock says by then, and then the next is twice as long. */
static void test_across_a_start(void **state)
{
	static const int64_t walls[] = { WORLD_WALL, WORLD_WALL - 400 * 24 * 3600000LL, WORLD_WALL + 400 * 24 * 3600000LL, 1000 };
	char code[64];

	for (size_t i = 0; i < TW_COUNT(walls); i++) {
		const int64_t boot = 5000 + (int64_t)i;

		world_at(&w, WORLD_WALL, WORLD_BOOT + (int64_t)i * 10 * TW_THROTTLE_MEMORY_MS);
		fail_times(5);
		CHECK_INT(due(), 0);
		job();
		CHECK_INT(kept("SELECT failures FROM throttle"), 5);
		world_at(&w, walls[i], boot); /* the boot clock begins anew */
		world_start(&w);
		CHECK_INT(world_open(&w, WRONG), 429);
		world_at(&w, walls[i], boot + MINUTE - 1);
		world_code(&w, code);
		CHECK_INT(world_open(&w, code), 429);
		world_at(&w, walls[i], boot + MINUTE);
		CHECK_INT(world_open(&w, WRONG), 403);
		world_at(&w, walls[i], boot + 3 * MINUTE - 1);
		CHECK_INT(world_open(&w, code), 429);
		world_at(&w, walls[i], boot + 3 * MINUTE);
		CHECK_INT(world_open(&w, code), 201);
	}
}

static void test_written_at_most_so_often(void **state)
{
	fail_times(4);
	CHECK_INT(due(), -1);
	fail_times(1);
	CHECK_INT(due(), 0);
	job();
	CHECK_INT(due(), MINUTE + TW_THROTTLE_MEMORY_MS); /* then it is over, and no start may bring it back */
	later(MINUTE);
	fail_times(1);
	CHECK_INT(due(), 0); /* the last was long ago */
	job();
	later(3 * MINUTE);
	fail_times(1);
	job();
	later(3 * MINUTE + 1);
	tw_throttle_failed(tw_access_throttle(&device()->context), "uid:4711", tw_time_boot_ms(&device()->time));
	for (int i = 0; i < 4; i++)
		tw_throttle_failed(tw_access_throttle(&device()->context), "uid:4711", tw_time_boot_ms(&device()->time));
	CHECK_INT(due(), TW_THROTTLE_WRITE_MS - 1);
	job(); /* before its time it does nothing */
	CHECK_INT(kept("SELECT count(*) FROM throttle"), 1);
	later(3 * MINUTE + TW_THROTTLE_WRITE_MS);
	CHECK_INT(due(), 0);
	job();
	CHECK_INT(kept("SELECT count(*) FROM throttle"), 2);
}

/* A disk that fails keeps nobody from waiting, and is asked again, not at once. */
static void test_disk_fails(void **state)
{
	bool failed = false;

	fail_times(5);
	for (long n = 3; !failed && n < 100; n++) { /* behind the clock's calls */
		CHECK_INT(due(), 0);
		tw_fake_fail(w.fake, n, ENOSPC, false);
		failed = tw_failed(tw_access_job_throttle(&device()->context));
		CHECK(failed || !tw_fake_fired(w.fake) || due() > TW_THROTTLE_WRITE_MS);
		tw_fake_fail(w.fake, 0, 0, false);
	}
	CHECK(failed);
	CHECK_INT(due(), TW_THROTTLE_WRITE_MS);
	CHECK_INT(world_open(&w, WRONG), 429);
	later(TW_THROTTLE_WRITE_MS);
	if (!tw_store_broken(device()->context.store)) {
		job();
		CHECK_INT(kept("SELECT count(*) FROM throttle"), 1);
	}
}

/* Failures that are long over are nobody's at the next start, though nothing happened since. */
static void test_over(void **state)
{
	fail_times(5);
	job();
	CHECK_INT(kept("SELECT count(*) FROM throttle"), 1);
	later(MINUTE + TW_THROTTLE_MEMORY_MS);
	CHECK_INT(due(), 0);
	job();
	CHECK_INT(kept("SELECT count(*) FROM throttle"), 0);
	CHECK_INT(due(), -1);
	world_start(&w);
	CHECK_INT(world_open(&w, WRONG), 403);
}

/* What somebody wrote there, and no device of ours: left out, and no reason not to start. */
static void test_rows_of_others(void **state)
{
	static const char *const rows[] = { PUT "(3, 'a', 9, 1000)", PUT "(9, 'a', 9, 1000)", PUT "(-1, 'a', 9, 1000)",
		PUT "(0, '', 9, 1000)", PUT "(0, 'a', 0, 1000)", PUT "(0, 'b', -5, 1000)", PUT "(0, 'c', 9, -1)",
		PUT "(0, 'd', 9, 86400001)", PUT "(0, 'e', 1000001, 1000)", PUT "(0, 'f' || char(10), 9, 1000)",
		PUT "(0, '0123456789012345678901234567890123456789012345678901234567890123', 9, 1000)", PUT "(1, 'good', 1000000, 86400000)",
		PUT "(0, '012345678901234567890123456789012345678901234567890123456789012', 9, 1000)" };
	size_t at = 0, count = 0;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_OK(tw_store_run(device()->context.store, rows[i], NULL, 0, NULL, NULL));
	world_start(&w);
	const struct tw_throttle *t = tw_access_throttle(&device()->context);
	while (tw_throttle_next(t, TW_THROTTLE_SOURCE, &at))
		count++;
	CHECK_INT(count, 1);
	at = count = 0;
	while (tw_throttle_next(t, TW_THROTTLE_ACCOUNT, &at))
		count++;
	CHECK_INT(count, 1);
	CHECK_INT(tw_throttle_login_wait_s(t, &(struct tw_throttle_try){ "x", "good", false }, tw_time_boot_ms(&device()->time)), 86400);
}

static void test_settings(void **state)
{
	set("logical-access.attempts", "\"0\"", "3");
	set("logical-access.attempts-wait", "\"0\"", "5");
	set("logical-access.attempts-wait-most", "\"0\"", "7");
	fail_times(3);
	CHECK_INT(world_open(&w, WRONG), 429);
	later(4999);
	CHECK_INT(world_open(&w, WRONG), 429);
	later(5000);
	fail_times(1);
	later(11999);
	CHECK_INT(world_open(&w, WRONG), 429);
	later(12000);
	fail_times(1);
	CHECK_INT(world_open(&w, WRONG), 429);
	set("logical-access.throttle", "\"0\"", "off");
	fail_times(20);
	set("logical-access.throttle", "\"1\"", "on");
	CHECK_INT(world_open(&w, WRONG), 429);
}

/* Who failed at the one who owned it before waits for nobody's sake. */
static void test_ends_with_ownership(void **state)
{
	fail_times(5);
	CHECK_INT(world_open(&w, WRONG), 429);
	job();
	CHECK_INT(kept("SELECT count(*) FROM throttle"), 1);
	CHECK_INT(recover(), 200);
	CHECK_INT(kept("SELECT count(*) FROM throttle"), 0);
	world_start(&w);
	make_owned();
	fail_times(1);
}

#define OWNED(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(OWNED(test_across_a_start), OWNED(test_written_at_most_so_often), OWNED(test_disk_fails), OWNED(test_over),
	OWNED(test_rows_of_others), OWNED(test_settings), OWNED(test_ends_with_ownership))

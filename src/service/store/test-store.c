/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/store.h"

#include "service/test-dir.h"
#include "sys/fake.h"

#include <errno.h>

static const char schema_1[] = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
			       "CREATE TABLE total (n INTEGER NOT NULL) STRICT; INSERT INTO total VALUES (0);";
static const char schema_2[] = "ALTER TABLE note ADD COLUMN size INTEGER NOT NULL DEFAULT 0;";
static const struct tw_store_step steps[] = { { 1, schema_1 }, { 2, schema_2 }, { 0, NULL } };
static const struct tw_store_formats one = { steps, 1, 1 }, two = { steps, 2, 2 };
static const char put[] = "INSERT INTO note (text) VALUES (?1)";
static const char count_up[] = "UPDATE total SET n = n + 1";
static const char total[] = "SELECT n FROM total";
static const char count[] = "SELECT count(*) FROM note";

static struct test_dir dir;

static int set_up(void **state)
{
	dir = test_dir_new();
	return 0;
}

static int tear_down(void **state)
{
	test_dir_done(&dir);
	return 0;
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(tw_store *s, const char *sql)
{
	int64_t n = -1;
	CHECK_OK(tw_store_run(s, sql, NULL, 0, take_int, &n));
	return n;
}

static tw_err add(tw_store *s, void *user)
{
	TW_TRY(tw_store_run(s, put, (struct tw_value[]){ TW_V_TEXT(user) }, 1, NULL, NULL));
	return tw_store_run(s, count_up, NULL, 0, NULL, NULL);
}

static tw_err add_and_refuse(tw_store *s, void *user)
{
	TW_TRY(add(s, user));
	return TW_RAISE(DENIED, "the body refuses");
}

static tw_err nest(tw_store *s, void *user)
{
	return tw_store_transaction(s, add, user);
}

static void test_keeps_what_was_committed(void **state)
{
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_transaction(s, add, "first"));
	CHECK_OK(tw_store_transaction(s, add, "second"));
	CHECK_INT(tw_store_changes(s), 1);
	s = tw_store_free(s);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_INT(number(s, count), 2);
	CHECK_INT(number(s, total), 2);
	tw_store_free(s);
}

static void test_undoes_a_refused_transaction(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_ERR(tw_store_transaction(s, add_and_refuse, "x"), DENIED);
	CHECK_TEXT(tw_err_detail(), "the body refuses");
	CHECK_INT(number(s, count), 0);
	CHECK_OK(tw_store_transaction(s, add, "x"));
	CHECK_ERR(tw_store_transaction(s, add, "x"), EXISTS);
	CHECK_INT(number(s, total), 1);
	CHECK_ERR(tw_store_transaction(s, nest, "y"), STATE);
	CHECK_INT(number(s, total), 1);
}

static void test_runs_one_at_a_time(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	tw_store *other = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &other), STATE);
	CHECK(other == NULL);
}

static void test_finds_damage(void **state)
{
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_transaction(s, add, "x"));
	s = tw_store_free(s); /* the last one out copies the log back */
	int fd = openat(dir.fd, "t.db", O_WRONLY | O_CLOEXEC);
	char junk[64];
	memset(junk, 0xa5, sizeof junk);
	CHECK_INT(pwrite(fd, junk, sizeof junk, 4096), sizeof junk);
	close(fd);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s), UNTRUSTED);
	fd = openat(dir.fd, "u.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "u.db", &one, &s), UNTRUSTED);
}

static void test_binds_by_kind(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	int64_t n = 0;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	struct tw_value v[] = { TW_V_INT(7), TW_V_TEXT("a"), TW_V_BLOB("\0b", 2), { .kind = TW_VALUE_NULL }, TW_V_TEXT(NULL) };
	CHECK_OK(tw_store_run(s, "SELECT ?1 = 7 AND ?2 = 'a' AND ?3 = x'0062' AND ?4 IS NULL AND ?5 = ''", v, 5, take_int, &n));
	CHECK_INT(n, 1);
	CHECK_ERR(tw_store_run(s, put, NULL, 0, NULL, NULL), INTERNAL);
	CHECK_ERR(tw_store_run(s, "SELECT nonsense(", NULL, 0, NULL, NULL), INTERNAL);
	CHECK_ERR(tw_store_run(s, "ATTACH 'other.db' AS other", NULL, 0, NULL, NULL), INTERNAL);
}

static tw_err run_again(void *user, const tw_row *row)
{
	CHECK(tw_row_null(row, 1));
	CHECK_INT(tw_row_bytes(row, 1).size, 0);
	return tw_store_run(user, total, NULL, 0, NULL, NULL);
}

static tw_err run_itself(void *user, const tw_row *row)
{
	static const char nothing[] = "SELECT 1, NULL";
	return user ? tw_store_run(user, nothing, NULL, 0, run_itself, user) : TW_OK;
}

static void test_statements_within_statements(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_run(s, "SELECT 1, NULL", NULL, 0, run_again, s));
	CHECK_ERR(tw_store_run(s, count, NULL, 0, run_itself, s), STATE); /* one statement cannot be run inside itself */
	CHECK_INT(number(s, count), 0);
}

/* What SQL asks of the world comes through the seam. */
static void test_time_and_randomness(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	tw_fake *f = tw_fake_new();
	tw_fake_clock(f, true, 1800000000000, 1000);
	CHECK_OK(tw_store_open(tw_fake_sys(f), dir.fd, "t.db", &one, &s));
	CHECK_INT(number(s, "SELECT unixepoch('now')"), 1800000000);
	CHECK(number(s, "SELECT random() <> random()"));
	s = tw_store_free(s);
	tw_fake_free(f);
}

static void test_keeps_more_statements_than_it_has_room_for(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	char sql[100][32];
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			snprintf(sql[i], sizeof sql[i], "SELECT %d", i);
			CHECK_INT(number(s, sql[i]), i);
		}
	}
}

/* One life: opens, ten transactions, copies the log back. acked: how many were committed. */
static tw_err life(const struct tw_sys *sys, tw_fake *f, bool recording, int64_t *acked)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	char text[2000];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	TW_TRY(tw_store_open(sys, dir.fd, "t.db", &two, &s));
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof text, "%lld", (long long)*acked);
		text[strlen(text)] = ' '; /* a long text, another one each time */
		TW_TRY(tw_store_transaction(s, add, text));
		++*acked;
		if (recording)
			tw_fake_mark(f, (uint64_t)*acked);
	}
	TW_TRY(tw_store_run(s, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, 0, NULL, NULL));
	return TW_OK;
}

/* What a fault or cut left: both tables agree, nothing acknowledged is missing, at most the one in flight is there too. */
static void check_after(const struct test_dir *d, int64_t acked, const char *when)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	if (tw_failed(tw_store_open(tw_sys_real(), d->fd, "t.db", &two, &s)))
		fail_msg("%s: does not open: %s", when, tw_err_detail());
	int64_t rows = number(s, count), n = number(s, total);
	if (rows != n || rows < acked || rows > acked + 1)
		fail_msg("%s: %lld rows, total %lld, %lld were acknowledged", when, (long long)rows, (long long)n, (long long)acked);
}

static void one_fault(long nth, int error_number, bool sticky, bool *ret_done)
{
	int64_t acked = 0;
	char when[96];
	int fds = test_open_fds();
	tw_fake *f = tw_fake_new();
	tw_fake_fail(f, nth, error_number, sticky);
	tw_err e = life(tw_fake_sys(f), f, false, &acked);
	*ret_done = !tw_fake_fired(f);
	snprintf(when, sizeof when, "call %ld (%s) fails with %d%s", nth, *ret_done ? "none" : tw_fake_name(f, nth), error_number,
		sticky ? " for good" : "");
	if (*ret_done && tw_failed(e))
		fail_msg("%s: %s", when, tw_err_detail());
	tw_fake_fail(f, 0, 0, false);
	check_after(&dir, acked, when);
	tw_fake_free(f);
	if (test_open_fds() != fds)
		fail_msg("%s: lost a descriptor", when);
	test_dir_empty(&dir);
}

static void test_every_fault(void **state)
{
	static const struct {
		int error_number;
		bool sticky;
	} kinds[] = { { EIO, false }, { EIO, true }, { ENOSPC, true }, { EINTR, false } };
	for (size_t k = 0; k < TW_COUNT(kinds); k++) {
		bool done = false;
		for (long nth = 1; !done; nth += 1 + nth / 60)
			one_fault(nth, kinds[k].error_number, kinds[k].sticky, &done);
	}
}

static void test_short_transfers(void **state)
{
	bool fired = true;
	for (long nth = 1; fired; nth += 1 + nth / 20) {
		int64_t acked = 0;
		tw_fake *f = tw_fake_new();
		tw_fake_short(f, nth);
		CHECK_OK(life(tw_fake_sys(f), f, false, &acked));
		fired = tw_fake_fired(f);
		check_after(&dir, acked, "a short transfer");
		tw_fake_free(f);
		test_dir_empty(&dir);
	}
}

static void test_power_cuts(void **state)
{
	int64_t acked = 0;
	struct test_dir after = test_dir_new();
	tw_fake *f = tw_fake_new();
	tw_fake_record(f, dir.path);
	CHECK_OK(life(tw_fake_sys(f), f, true, &acked));
	CHECK_OK(life(tw_fake_sys(f), f, true, &acked));
	size_t points = tw_fake_points(f), states = 0;
	for (size_t point = 0; point < points; point += 1 + points / 120) {
		for (unsigned variant = 0; variant < 5; variant++, states++) {
			char when[64];
			snprintf(when, sizeof when, "cut at %zu, variant %u", point, variant);
			CHECK_OK(tw_fake_rebuild(f, point, variant, after.path));
			check_after(&after, (int64_t)tw_fake_acked(f, point), when);
		}
	}
	print_message("# %zu states after power cuts\n", states);
	tw_fake_free(f);
	test_dir_done(&after);
}

static int sync_once(const struct tw_sys *s, int fd)
{
	((struct tw_sys *)(uintptr_t)s)->fdatasync = tw_sys_real()->fdatasync;
	errno = EIO;
	return -1;
}

static void test_a_failed_sync_is_final(void **state)
{
	static struct tw_sys sys; /* SQLite keeps it as its allocator */
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	sys = *tw_sys_real();
	CHECK_OK(tw_store_open(&sys, dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_transaction(s, add, "before"));
	sys.fdatasync = sync_once;
	CHECK_ERR(tw_store_transaction(s, add, "lost"), IO);
	CHECK_ERR(tw_store_transaction(s, add, "after"), IO);
	CHECK_INT(number(s, count), 1); /* reads go on */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_keeps_what_was_committed), TEST(test_undoes_a_refused_transaction), TEST(test_runs_one_at_a_time),
	TEST(test_finds_damage), TEST(test_binds_by_kind), TEST(test_statements_within_statements), TEST(test_time_and_randomness),
	TEST(test_keeps_more_statements_than_it_has_room_for), TEST(test_every_fault), TEST(test_short_transfers),
	TEST(test_power_cuts), TEST(test_a_failed_sync_is_final))

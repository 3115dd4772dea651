/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/store-inside.h"
#include "service/store/test-store.h"

#include <sys/mman.h>

static const struct tw_store_step steps[] = { { 1, NOTE_1 TOTAL_1 }, { 2, SIZE_2 }, { 0, NULL } };
static const struct tw_store_formats one = { steps, 1, 1 }, two = { steps, 2, 2 };

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

static void test_what_is_wrong_in_our_words(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_ERR(tw_store_run(s, put, NULL, 0, NULL, NULL), INTERNAL);
	CHECK_ERR(tw_store_run(s, "ATTACH 'other.db' AS other", NULL, 0, NULL, NULL), INTERNAL);
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

/* --- Settings, limits and what is told --- */

static tw_err take_text(void *user, const tw_row *row)
{
	struct tw_slice s = tw_row_bytes(row, 0);
	snprintf(user, 64, "%.*s", (int)s.size, s.at);
	return TW_OK;
}

static void check_answer(tw_store *s, const char *sql, const char *want)
{
	char got[64] = "";
	CHECK_OK(tw_store_run(s, sql, NULL, 0, take_text, got));
	CHECK_TEXT(got, want);
}

/* What durability and the limits on memory stand on; SQLite would take another value in silence. */
static void test_is_set_as_it_should_be(void **state)
{
	static const char *const rows[][2] = { { "PRAGMA locking_mode", "exclusive" }, { "PRAGMA journal_mode", "wal" },
		{ "PRAGMA synchronous", "2" }, { "PRAGMA wal_autocheckpoint", "64" }, { "PRAGMA journal_size_limit", "262144" },
		{ "PRAGMA cache_size", "-256" }, { "PRAGMA page_size", "4096" }, { "PRAGMA foreign_keys", "1" },
		{ "PRAGMA temp_store", "2" }, { "PRAGMA trusted_schema", "0" }, { "PRAGMA cell_size_check", "1" },
		{ "PRAGMA secure_delete", "1" } };
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	static char big[(1 << 20) + 1];
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_answer(s, rows[i][0], rows[i][1]);
	memset(big, 'b', sizeof big);
	struct tw_value v = TW_V_BLOB(big, sizeof big);
	CHECK_ERR(tw_store_run(s, "SELECT length(?1)", &v, 1, NULL, NULL), INTERNAL); /* longer than anything may be */
	v = TW_V_BLOB(big, sizeof big - 1);
	CHECK_OK(tw_store_run(s, "SELECT length(?1)", &v, 1, NULL, NULL));
	CHECK_OK(tw_store_run(s, "PRAGMA writable_schema=ON", NULL, 0, NULL, NULL));
	CHECK(tw_failed(tw_store_run(s, "DELETE FROM sqlite_schema", NULL, 0, NULL, NULL))); /* nobody edits the schema by hand */
}

static void test_names_have_an_end(void **state)
{
	char name[33];
	tw_store *s = NULL;
	memset(name, 'n', sizeof name);
	name[31] = '\0';
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, name, &one, &s));
	s = tw_store_free(s);
	name[31] = 'n';
	name[32] = '\0';
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, name, &one, &s), LIMIT);
	CHECK(s == NULL);
}

/* A row that refers to nothing, and an index that does not agree with its table, are damage too. */
static void test_finds_what_does_not_agree(void **state)
{
	char page[4096];
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_run(s, "PRAGMA foreign_keys=OFF", NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(s, "CREATE TABLE ref (n INTEGER REFERENCES note (id)) STRICT", NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(s, "INSERT INTO ref VALUES (5)", NULL, 0, NULL, NULL));
	s = tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "refers to nothing") != NULL);
	test_dir_empty(&dir);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_transaction(s, add, "conspicuous"));
	s = tw_store_free(s);
	int fd = openat(dir.fd, "t.db", O_RDWR | O_CLOEXEC);
	bool changed = false;
	for (off_t at = 0; !changed && pread(fd, page, sizeof page, at) == (ssize_t)sizeof page; at += (off_t)sizeof page) {
		char *found = memmem(page, sizeof page, "conspicuous", 11);
		if (!found)
			continue;
		CHECK_INT(pwrite(fd, "C", 1, at + (found - page)), 1);
		changed = true;
	}
	CHECK(changed);
	close(fd);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s), UNTRUSTED);
	CHECK(s == NULL);
}

struct outer {
	tw_store *s;
	int rows;
};

static tw_err run_many(void *user, const tw_row *row)
{
	static char sql[2][60][32];
	struct outer *o = user;
	for (int i = 0; i < 60; i++) {
		snprintf(sql[o->rows][i], sizeof sql[o->rows][i], "SELECT %d", i);
		CHECK_INT(number(o->s, sql[o->rows][i]), i);
	}
	o->rows++;
	return TW_OK;
}

/* The statement that is being read keeps its place, however many others come by. */
static void test_what_is_read_keeps_its_place(void **state)
{
	struct outer o = { 0 };
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &o.s));
	CHECK_OK(tw_store_run(o.s, "SELECT 1 UNION ALL SELECT 2", NULL, 0, run_many, &o));
	CHECK_INT(o.rows, 2);
	CHECK_INT(number(o.s, "SELECT count(*) FROM note WHERE text = 'none'"), 0);
	tw_store_free(o.s);
}

struct depth {
	tw_store *s;
	char sql[60][32];
	int at;
};

static tw_err run_deeper(void *user, const tw_row *row)
{
	struct depth *d = user;
	snprintf(d->sql[d->at], sizeof d->sql[d->at], "SELECT %d", d->at);
	const char *sql = d->sql[d->at++];
	return tw_store_run(d->s, sql, NULL, 0, d->at < 60 ? run_deeper : NULL, d);
}

/* As many inside one another as there is room for; one more is refused, and nothing is harmed by that. */
static void test_depth_has_an_end(void **state)
{
	struct depth d = { 0 };
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &d.s));
	CHECK_ERR(run_deeper(&d, NULL), LIMIT);
	CHECK_INT(d.at, 49);
	CHECK_INT(number(d.s, count), 0);
	tw_store_free(d.s);
}

/* Adds a row until the first call of this name has failed, and with it the transaction; what succeeds before is taken back. */
static tw_err add_until(tw_fake *f, tw_store *s, const char *call, int error_number)
{
	for (long n = 1; n < 400; n++) {
		tw_fake_fail(f, n, error_number, false);
		tw_err e = tw_store_transaction(s, add, "x");
		bool this_one = tw_fake_fired(f) && strcmp(tw_fake_name(f, n), call) == 0;
		tw_fake_fail(f, 0, 0, false);
		if (tw_failed(e) && this_one)
			return e;
		if (!tw_failed(e))
			CHECK_OK(tw_store_run(s, "DELETE FROM note", NULL, 0, NULL, NULL));
	}
	return TW_OK;
}

/* What the disk did is told apart: full, failed, or not the disk at all; and forgotten with the next run. */
static void test_faults_by_kind(void **state)
{
	static const struct {
		const char *call;
		int error_number;
		enum tw_code code;
		enum tw_store_fault fault;
	} rows[] = { { "pwrite", ENOSPC, TW_CODE_LIMIT, TW_STORE_FULL }, { "pwrite", EIO, TW_CODE_IO, TW_STORE_FAILED },
		{ "alloc", ENOMEM, TW_CODE_NOMEM, TW_STORE_WELL } };
	tw_fake *f = tw_fake_new();
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_fake_sys(f), dir.fd, "t.db", &one, &s));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK(add_until(f, s, rows[i].call, rows[i].error_number).code == rows[i].code);
		CHECK_INT(tw_store_fault(s), rows[i].fault);
		CHECK(!tw_store_broken(s));
		CHECK_INT(number(s, count), 0);
		CHECK_INT(tw_store_fault(s), TW_STORE_WELL);
	}
	s = tw_store_free(s);
	tw_fake_free(f);
}

static bool is_kept(const tw_store *s, const char *sql)
{
	for (size_t i = 0; i < TW_STORE_STATEMENTS; i++)
		if (s->cache[i].sql == sql)
			return true;
	return false;
}

/* The statement that nobody has used for longest gives way, wherever it lies. */
static void test_which_statement_gives_way(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	char sql[TW_STORE_STATEMENTS + 1][32];
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	for (int i = 0; i <= TW_STORE_STATEMENTS; i++)
		snprintf(sql[i], sizeof sql[i], "SELECT %d", i);
	for (int i = 0; i < TW_STORE_STATEMENTS; i++)
		CHECK_INT(number(s, sql[i]), i);
	CHECK_INT(number(s, sql[0]), 0);
	CHECK_INT(number(s, sql[1]), 1);
	CHECK_INT(number(s, sql[TW_STORE_STATEMENTS]), TW_STORE_STATEMENTS);
	for (int i = 0; i <= TW_STORE_STATEMENTS; i++)
		CHECK(is_kept(s, sql[i]) == (i != 2));
}

/* What is asked of SQLite itself: no answer, a failure and no memory are told apart from an empty one. */
static void test_answers_of_sqlite(void **state)
{
	char got[16] = "";
	tw_store *s = NULL;
	tw_fake *f = tw_fake_new();
	tw_err last = TW_OK;
	bool fired = true;
	CHECK_OK(tw_store_open(tw_fake_sys(f), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_answer(s, "SELECT 7", got, sizeof got));
	CHECK_TEXT(got, "7");
	CHECK_OK(tw_store_answer(s, "SELECT NULL", got, sizeof got));
	CHECK_TEXT(got, "");
	CHECK_OK(tw_store_answer(s, "SELECT 7 WHERE 0", got, sizeof got));
	CHECK_TEXT(got, "");
	CHECK_ERR(tw_store_answer(s, "SELECT abs(-9223372036854775807 - 1)", got, sizeof got), INTERNAL);
	CHECK(strstr(tw_err_detail(), "integer overflow"));
	CHECK_OK(tw_store_demand(s, "SELECT 7", "7"));
	CHECK_ERR(tw_store_demand(s, "SELECT 7", "8"), UNSUPPORTED);
	for (long nth = 1; fired; nth++) { /* the last that it asks for is the text of its answer */
		tw_fake_fail(f, nth, ENOMEM, false);
		tw_err e = tw_store_answer(s, "SELECT zeroblob(100000)", got, sizeof got);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		last = fired ? e : last;
		if (!fired)
			CHECK_OK(e);
	}
	CHECK_ERR(last, NOMEM);
	s = tw_store_free(s);
	tw_fake_free(f);
}

/* --- What is deleted --- */

#define SAID 1500

static unsigned long next_random(void)
{
	static unsigned long state = 7;

	state = (state * 1103515245 + 12345) % 2147483648;
	return state / 64;
}

static bool is_deleted(long i)
{
	return i % 3 != 0;
}

static tw_err fill(tw_store *s, void *user)
{
	char text[6000], product[40];

	for (long i = 0; i < SAID; i++) {
		memset(text, 'x', sizeof text);
		(void)snprintf(text, sizeof text, "secret%05ld", i);
		text[11] = 'x';
		(void)snprintf(product, sizeof product, "%06lx secret%05ld", next_random(), i);
		const struct tw_value said[] = { TW_V_INT(i),
			TW_V_SLICE(((struct tw_slice){ text, i % 9 ? 20 + next_random() % 900 : 5500 })), TW_V_TEXT(product) };
		TW_TRY(tw_store_run(s, "INSERT INTO said (id, text, product) VALUES (?1, ?2, ?3)", said, TW_COUNT(said), NULL, NULL));
		const struct tw_value moved[] = { TW_V_INT((int64_t)(next_random() % (unsigned long)(i + 1))), TW_V_INT(1700000000000) };
		TW_TRY(tw_store_run(s, "UPDATE said SET at_ms = ?2 WHERE id = ?1", moved, 2, NULL, NULL)); /* longer: cells go to other pages */
	}
	return TW_OK;
}

static tw_err take_out(tw_store *s, void *user)
{
	for (long i = 0; i < SAID; i++)
		if (is_deleted(i))
			TW_TRY(tw_store_run(s, i % 2 ? "DELETE FROM said WHERE id = ?1" : "UPDATE said SET text = '', product = '' WHERE id = ?1",
				&TW_V_INT(i), 1, NULL, NULL));
	return TW_OK;
}

/* How many of those that were deleted the file still has, and of those that were not. */
static void look_into(const char *name, size_t *ret_deleted, size_t *ret_kept)
{
	struct stat st;
	const int fd = openat(dir.fd, name, O_RDONLY | O_CLOEXEC);

	*ret_deleted = *ret_kept = 0;
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	if (st.st_size) {
		const char *all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0), *at = all, *end = all + st.st_size;

		CHECK(all != MAP_FAILED);
		for (; (at = memmem(at, (size_t)(end - at), "secret", 6)) && end - at >= 11; at += 11) {
			long i = 0;

			for (int digit = 6; digit < 11; digit++)
				i = i * 10 + (at[digit] - '0');
			++*(is_deleted(i) ? ret_deleted : ret_kept);
		}
		(void)munmap((void *)(uintptr_t)all, (size_t)st.st_size);
	}
	close(fd);
}

/* However often it was moved from page to page before. */
static void test_nothing_is_left_of_what_is_deleted(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	size_t deleted, kept;

	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_OK(tw_store_run(s, "CREATE TABLE said (id INTEGER PRIMARY KEY, at_ms INTEGER, text TEXT, product TEXT) STRICT", NULL,
		0, NULL, NULL));
	CHECK_OK(tw_store_run(s, "CREATE INDEX said_product ON said (lower(product), id DESC)", NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_transaction(s, fill, NULL));
	CHECK_OK(tw_store_wipe_begin(s));
	CHECK_OK(tw_store_transaction(s, take_out, NULL));
	CHECK_OK(tw_store_wipe_end(s));
	look_into("t.db", &deleted, &kept);
	CHECK_INT(deleted, 0);
	CHECK(kept >= SAID / 3 * 2); /* in the table and in its index */
	look_into("t.db-wal", &deleted, &kept);
	CHECK_INT(deleted + kept, 0);
	/* Nor is what was in memory before written again. */
	CHECK_OK(tw_store_run(s, "UPDATE said SET at_ms = 5", NULL, 0, NULL, NULL));
	look_into("t.db-wal", &deleted, &kept);
	CHECK(deleted == 0 && kept > 0);
	s = tw_store_free(s);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s)); /* looks whether it is as SQLite wants it */
	look_into("t.db", &deleted, &kept);
	CHECK_INT(deleted, 0);
	CHECK_INT(number(s, "SELECT count(*) FROM said WHERE text <> '' AND product <> ''"), SAID / 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_runs_one_at_a_time), TEST(test_finds_damage), TEST(test_what_is_wrong_in_our_words), TEST(test_time_and_randomness),
	TEST(test_every_fault), TEST(test_short_transfers), TEST(test_power_cuts), TEST(test_a_failed_sync_is_final),
	TEST(test_is_set_as_it_should_be), TEST(test_names_have_an_end), TEST(test_finds_what_does_not_agree),
	TEST(test_what_is_read_keeps_its_place), TEST(test_depth_has_an_end), TEST(test_which_statement_gives_way),
	TEST(test_nothing_is_left_of_what_is_deleted), TEST(test_answers_of_sqlite), TEST(test_faults_by_kind))

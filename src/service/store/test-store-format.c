/* SPDX-License-Identifier: Apache-2.0 */
/* Formats: what is refused, what a trial writes, and a migration under every fault and after every cut. */
#include "service/store/store-inside.h"
#include "base/release.h"
#include "service/store/test-store.h"

static const struct tw_store_step steps[] = { { 1, NOTE_1 }, { 1, TOTAL_1 }, { 2, SIZE_2 }, { 0, NULL } };
static const struct tw_store_step with_third[] = { { 1, NOTE_1 }, { 1, TOTAL_1 }, { 2, SIZE_2 },
	{ 3, "CREATE TABLE third (n INTEGER) STRICT;" }, { 0, NULL } };
static const struct tw_store_step broken_steps[] = { { 1, NOTE_1 }, { 1, TOTAL_1 }, { 2, SIZE_2 }, { 2, "CREATE TABLE wrong (" },
	{ 0, NULL } };
/* The release before, this one, the one after, and two that are wrong. */
static const struct tw_store_formats before = { steps, 1, 1 }, this = { steps, 1, 2 }, after = { with_third, 2, 3 };
static const struct tw_store_formats broken = { broken_steps, 1, 2 }, far = { with_third, 3, 3 };

static bool there(const char *name)
{
	return faccessat(dir.fd, name, F_OK, 0) == 0;
}

static bool only_the_store(void)
{
	return !there("t.db.new") && !there("t.db.new-wal") && !there("t.db.new-journal");
}

static void test_a_trial_writes_the_format_before(void **state)
{
	tw_store *s = opened(&this);
	CHECK_INT(tw_store_format(s), 1);
	CHECK_OK(tw_store_transaction(s, add, "on trial"));
	(void)tw_store_free(s);
	s = opened(&before); /* taken back */
	CHECK_INT(number(s, count), 1);
	CHECK_OK(tw_store_transaction(s, add, "taken back"));
	(void)tw_store_free(s);
	s = opened(&this);
	CHECK_INT(number(s, count), 2);
	tw_store_free(s);
}

static void test_migrates_in_place(void **state)
{
	tw_store *s = opened(&this);
	CHECK_OK(tw_store_transaction(s, add, "old"));
	CHECK_OK(tw_store_migrate(s));
	CHECK_INT(tw_store_format(s), 2);
	CHECK(tw_store_usable(s));
	CHECK(only_the_store());
	CHECK_INT(number(s, "SELECT size FROM note"), 7);
	CHECK_OK(tw_store_transaction(s, add, "new"));
	CHECK_INT(number(s, total), 2);
	struct stat once, again;
	CHECK_INT(fstatat(dir.fd, "t.db", &once, 0), 0);
	CHECK_OK(tw_store_migrate(s)); /* nothing left to do */
	CHECK_INT(fstatat(dir.fd, "t.db", &again, 0), 0);
	CHECK_INT(once.st_ino, again.st_ino);
	(void)tw_store_free(s);
	s = opened(&this);
	CHECK_INT(tw_store_format(s), 2);
	CHECK_INT(number(s, count), 2);
	tw_store_free(s);
}

static void test_what_it_reads_and_what_it_refuses(void **state)
{
	tw_store *s = opened(&this);
	CHECK_OK(tw_store_migrate(s));
	s = tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &before, &s), STATE);
	CHECK(s == NULL);
	CHECK_TEXT(tw_err_detail(),
		"store: t.db has format 2, of a newer release; this one (" TW_VERSION
		") reads 1 to 1 and has changed nothing: install a release that reads format 2");
	s = opened(&after);
	CHECK_INT(tw_store_format(s), 2);
	CHECK_OK(tw_store_migrate(s));
	CHECK_INT(tw_store_format(s), 3);
	s = tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &this, &s), STATE);
	s = opened(&after);
	tw_store_free(s);
}

static void test_refuses_what_is_too_old(void **state)
{
	tw_store *s = opened(&before);
	s = tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &far, &s), STATE);
	CHECK_TEXT(tw_err_detail(),
		"store: t.db has format 1, of an older release; this one (" TW_VERSION
		") reads 3 to 3 and has changed nothing: install a release in between first");
	s = opened(&before);
	tw_store_free(s);
}

static void test_refuses_a_format_that_is_no_number(void **state)
{
	static const char *const versions[] = { "PRAGMA user_version = -1", "PRAGMA user_version = 1000010",
		"PRAGMA user_version = 2147483647" };
	for (size_t i = 0; i < TW_COUNT(versions); i++) {
		tw_store *s = opened(&before);
		CHECK_OK(tw_store_run(s, versions[i], NULL, 0, NULL, NULL));
		s = tw_store_free(s);
		CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &before, &s), UNTRUSTED);
		test_dir_empty(&dir);
	}
}

static void test_a_step_that_fails_changes_nothing(void **state)
{
	tw_store *s = opened(&broken);
	CHECK_OK(tw_store_transaction(s, add, "old"));
	CHECK_ERR(tw_store_migrate(s), INTERNAL);
	CHECK(strstr(tw_err_detail(), "schema") != NULL);
	CHECK_INT(tw_store_format(s), 1);
	CHECK(only_the_store());
	CHECK_OK(tw_store_transaction(s, add, "afterwards"));
	(void)tw_store_free(s);
	s = opened(&this);
	CHECK_INT(number(s, count), 2);
	CHECK_OK(tw_store_migrate(s));
	tw_store_free(s);
}

static tw_err migrate_inside(tw_store *s, void *user)
{
	return tw_store_migrate(s);
}

static tw_err migrate_in_visit(void *user, const tw_row *row)
{
	return tw_store_migrate(user);
}

static void test_not_while_in_use(void **state)
{
	static const char why[] = "store: it is in use and cannot change its format now";
	tw_store *s = opened(&this);
	CHECK_ERR(tw_store_transaction(s, migrate_inside, NULL), STATE);
	CHECK_TEXT(tw_err_detail(), why);
	CHECK_ERR(tw_store_run(s, total, NULL, 0, migrate_in_visit, s), STATE);
	CHECK_TEXT(tw_err_detail(), why);
	CHECK_OK(tw_store_migrate(s));
	tw_store_free(s);
}

/* One that could not be opened again says so, whatever is asked of it. */
static void test_one_that_is_closed(void **state)
{
	tw_store *s = opened(&this);
	tw_store_disconnect(s);
	CHECK(!tw_store_usable(s));
	CHECK_ERR(tw_store_migrate(s), STATE);
	CHECK_ERR(tw_store_run(s, count, NULL, 0, NULL, NULL), IO);
	CHECK(strstr(tw_err_detail(), "waits for a restart"));
	CHECK_ERR(tw_store_transaction(s, add, "x"), IO);
	CHECK(strstr(tw_err_detail(), "waits for a restart"));
	CHECK_INT(tw_store_changes(s), 0);
	tw_store_free(s);
}

/* A log left over from an attempt that was cut must not be taken for the copy's. */
static void test_begins_again_over_what_is_left(void **state)
{
	static const char *const left[] = { "t.db.new", "t.db.new-wal", "t.db.new-journal" };
	tw_store *s = opened(&this);
	CHECK_OK(tw_store_transaction(s, add, "old"));
	for (size_t i = 0; i < TW_COUNT(left); i++) {
		int fd = openat(dir.fd, left[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		CHECK_INT(write(fd, "left over", 9), 9);
		close(fd);
	}
	CHECK_OK(tw_store_migrate(s));
	CHECK(only_the_store());
	CHECK_INT(number(s, count), 1);
	tw_store_free(s);
}

/* One life: three changes in the old format, the migration, three more, which need the new column if it is there. */
static tw_err life(const struct tw_sys *sys, tw_fake *f, bool recording, int64_t *acked)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	char text[2000];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	TW_TRY(tw_store_open(sys, dir.fd, "t.db", &this, &s));
	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof text, "%lld", (long long)*acked);
		text[strlen(text)] = ' '; /* a long text, another one each time */
		TW_TRY(tw_store_transaction(s, add, text));
		++*acked;
		if (recording)
			tw_fake_mark(f, (uint64_t)*acked);
		if (i == 2)
			TW_TRY(tw_store_migrate(s));
	}
	return TW_OK;
}

/* Whole: opens, agrees with itself, has what its format has, misses nothing that was acknowledged. Then it migrates. */
static int check_after(const struct test_dir *d, int64_t acked, const char *when)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	if (tw_failed(tw_store_open(tw_sys_real(), d->fd, "t.db", &this, &s)))
		fail_msg("%s: does not open: %s", when, tw_err_detail());
	int format = tw_store_format(s);
	int64_t rows = number(s, count), n = number(s, total);
	int64_t column = number(s, "SELECT count(*) FROM pragma_table_info('note') WHERE name = 'size'");
	if (rows != n || rows < acked || rows > acked + 1)
		fail_msg("%s: %lld rows, total %lld, %lld were acknowledged", when, (long long)rows, (long long)n, (long long)acked);
	if (column != (format == 2))
		fail_msg("%s: format %d, new column %lld", when, format, (long long)column);
	if (tw_failed(tw_store_migrate(s)) || number(s, count) != rows)
		fail_msg("%s: does not migrate afterwards: %s", when, tw_err_detail());
	return format;
}

/* After the migration failed the store either goes on or says for good that it needs a restart. */
static tw_err life_goes_on(const struct tw_sys *sys, tw_fake *f, int64_t *acked)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	TW_TRY(tw_store_open(sys, dir.fd, "t.db", &this, &s));
	TW_TRY(tw_store_transaction(s, add, "before"));
	++*acked;
	tw_err e = tw_store_migrate(s);
	tw_fake_fail(f, 0, 0, false);
	if (!tw_failed(e))
		CHECK_INT(tw_store_format(s), 2);
	tw_err next = tw_store_transaction(s, add, "after");
	if (!tw_failed(next))
		++*acked;
	else if (tw_store_usable(s) && !tw_failed(e))
		fail_msg("migrated, and then refuses: %s", tw_err_detail());
	return e;
}

static void one_fault(long nth, int error_number, bool sticky, bool *ret_done)
{
	int64_t acked = 0;
	char when[96];
	int fds = test_open_fds();
	tw_fake *f = tw_fake_new();
	tw_fake_fail(f, nth, error_number, sticky);
	tw_err e = sticky ? life_goes_on(tw_fake_sys(f), f, &acked) : life(tw_fake_sys(f), f, false, &acked);
	*ret_done = sticky ? !tw_failed(e) : !tw_fake_fired(f);
	snprintf(when, sizeof when, "call %ld (%s) fails with %d%s", nth, *ret_done ? "none" : tw_fake_name(f, nth), error_number,
		sticky ? " for good" : "");
	if (*ret_done && tw_failed(e))
		fail_msg("%s: %s", when, tw_err_detail());
	tw_fake_fail(f, 0, 0, false);
	(void)check_after(&dir, acked, when);
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
	} kinds[] = { { EIO, false }, { EIO, true }, { ENOSPC, false }, { ENOSPC, true }, { ENOMEM, true }, { EINTR, false } };
	for (size_t k = 0; k < TW_COUNT(kinds); k++) {
		bool done = false;
		for (long nth = 1; !done; nth += 1 + nth / 60)
			one_fault(nth, kinds[k].error_number, kinds[k].sticky, &done);
	}
}

static void test_every_cut(void **state)
{
	int64_t acked = 0;
	size_t by_format[3] = { 0 }, states = 0;
	struct test_dir restored = test_dir_new();
	tw_fake *f = tw_fake_new();
	tw_fake_record(f, dir.path);
	CHECK_OK(life(tw_fake_sys(f), f, true, &acked));
	size_t points = tw_fake_points(f);
	for (size_t point = 0; point < points; point++) {
		for (unsigned variant = 0; variant < 4; variant++, states++) {
			char when[64];
			snprintf(when, sizeof when, "cut at %zu, variant %u", point, variant);
			CHECK_OK(tw_fake_rebuild(f, point, variant, restored.path));
			by_format[check_after(&restored, (int64_t)tw_fake_acked(f, point), when)]++;
		}
	}
	print_message("# %zu states after power cuts: %zu old, %zu new\n", states, by_format[1], by_format[2]);
	CHECK(by_format[1] > 0 && by_format[2] > 0);
	tw_fake_free(f);
	test_dir_done(&restored);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_a_trial_writes_the_format_before), TEST(test_migrates_in_place), TEST(test_what_it_reads_and_what_it_refuses),
	TEST(test_refuses_what_is_too_old), TEST(test_refuses_a_format_that_is_no_number),
	TEST(test_a_step_that_fails_changes_nothing), TEST(test_not_while_in_use), TEST(test_one_that_is_closed),
	TEST(test_begins_again_over_what_is_left), TEST(test_every_fault), TEST(test_every_cut))

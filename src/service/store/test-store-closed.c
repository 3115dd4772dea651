/* SPDX-License-Identifier: Apache-2.0 */
/* What a store that was closed whole may leave for later, and when it may not. */
#include "service/store/store-inside.h"
#include "service/store/test-store.h"

#include <stdlib.h>

static const struct tw_store_step steps[] = { { 1, NOTE_1 TOTAL_1 }, { 0, NULL } };
static const struct tw_store_formats one = { steps, 1, 1 };

static tw_store *open_closed(bool owes)
{
	tw_store *s = NULL;

	CHECK_OK(tw_store_open_closed(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_INT(tw_store_owes(s), owes);
	return s;
}

static bool there(const char *name)
{
	return faccessat(dir.fd, name, F_OK, 0) == 0;
}

static void leave_one(void)
{
	tw_store *s = open_closed(false);

	CHECK(!there("t.db.closed"));
	CHECK_OK(tw_store_transaction(s, add, "conspicuous"));
	tw_store_free(s);
	CHECK(there("t.db.closed"));
}

/* One letter in the index or the table, so that they do not agree any more. */
static void damage(void)
{
	char page[4096];
	int fd = openat(dir.fd, "t.db", O_RDWR | O_CLOEXEC);

	for (off_t at = 0; pread(fd, page, sizeof page, at) == (ssize_t)sizeof page; at += (off_t)sizeof page) {
		char *found = memmem(page, sizeof page, "conspicuous", 11);

		if (!found)
			continue;
		CHECK_INT(pwrite(fd, "C", 1, at + (found - page)), 1);
		close(fd);
		return;
	}
	fail_msg("there is nothing to damage");
}

/* What the file system says now, as if the damage had come without its knowing: bits that turned. */
static void vouch(void)
{
	struct stat st;
	char word[160];
	int fd = openat(dir.fd, "t.db.closed", O_WRONLY | O_TRUNC | O_CLOEXEC);

	CHECK_INT(fstatat(dir.fd, "t.db", &st, 0), 0);
	(void)snprintf(word, sizeof word, "file %llu of %lld bytes changed %lld.%09ld %lld.%09ld\n", (unsigned long long)st.st_ino,
		(long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	CHECK_INT(write(fd, word, strlen(word)), strlen(word));
	close(fd);
}

static void test_is_looked_through_later(void **state)
{
	leave_one();
	tw_store *s = open_closed(true);

	CHECK(!there("t.db.closed"));
	CHECK_INT(number(s, count), 1);
	CHECK_OK(tw_store_check(s));
	CHECK(!tw_store_owes(s));
	CHECK_OK(tw_store_check(s));
	s = tw_store_free(s);
	s = open_closed(true);
	s = tw_store_free(s); /* what it owes the next one owes */
	CHECK(there("t.db.closed"));
	s = open_closed(true);
	tw_store_free(s);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s)); /* who asks for the check first gets it */
	CHECK(!tw_store_owes(s));
	s = tw_store_free(s);
}

/* Damage that the file system tells of is found before anything is opened, other damage by the check; and from then on before. */
static void test_finds_damage(void **state)
{
	tw_store *s = NULL;

	leave_one();
	damage();
	CHECK_ERR(tw_store_open_closed(tw_sys_real(), dir.fd, "t.db", &one, &s), UNTRUSTED);
	CHECK(!s && !there("t.db.closed"));
	test_dir_empty(&dir);
	leave_one();
	damage();
	vouch();
	s = open_closed(true);
	CHECK_ERR(tw_store_check(s), UNTRUSTED);
	CHECK(tw_store_owes(s));
	s = tw_store_free(s);
	CHECK(!there("t.db.closed"));
	CHECK_ERR(tw_store_open_closed(tw_sys_real(), dir.fd, "t.db", &one, &s), UNTRUSTED);
	test_dir_empty(&dir);
	leave_one();
	damage();
	vouch();
	s = open_closed(true);
	CHECK_OK(tw_store_transaction(s, add, "more"));
	s = tw_store_free(s); /* not looked through before the end: nobody waits for it then, and the next one does it */
	CHECK(there("t.db.closed"));
	s = open_closed(true);
	CHECK_ERR(tw_store_check(s), UNTRUSTED);
	s = tw_store_free(s);
	CHECK(!there("t.db.closed"));
}

static void copy(const char *from, const char *to)
{
	char page[65536];
	int in = openat(dir.fd, from, O_RDONLY | O_CLOEXEC), out = openat(dir.fd, to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = read(in, page, sizeof page);

	CHECK(n > 0 && n < (ssize_t)sizeof page);
	CHECK_INT(write(out, page, (size_t)n), n);
	close(in);
	close(out);
}

/* A copy in its place, a word that is cut or another's, a log that was not copied back, an end without a close. */
static void test_what_says_nothing(void **state)
{
	leave_one();
	copy("t.db", "copy");
	CHECK_INT(renameat(dir.fd, "copy", dir.fd, "t.db"), 0);
	tw_store_free(open_closed(false));
	copy("t.db", "copy");
	copy("copy", "t.db");
	tw_store_free(open_closed(false));
	for (off_t size = 0; size < 20; size += 19) {
		int fd = openat(dir.fd, "t.db.closed", O_WRONLY | O_CLOEXEC);

		CHECK_INT(ftruncate(fd, size), 0);
		close(fd);
		tw_store_free(open_closed(false));
	}
	close(openat(dir.fd, "t.db-wal", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	tw_store *s = open_closed(false);

	CHECK_INT(number(s, count), 1);
	CHECK(!there("t.db.closed")); /* whatever becomes of it now: the next one looks first */
	s = tw_store_free(s);
	unlinkat(dir.fd, "t.db.closed", 0);
	tw_store_free(open_closed(false));
}

/* Each call that fails leaves a store that the next one opens, and a word only of one that is whole. */
static void test_every_fault(void **state)
{
	bool over = false;

	for (long call = 1; !over; call++) {
		tw_fake *f = tw_fake_new();
		tw_store *s = NULL;

		test_dir_empty(&dir);
		leave_one();
		tw_fake_fail(f, call, EIO, false);
		tw_err e = tw_store_open_closed(tw_fake_sys(f), dir.fd, "t.db", &one, &s);
		if (!tw_failed(e))
			e = tw_store_transaction(s, add, "more");
		const bool kept = !tw_failed(e);
		tw_ignore(s ? tw_store_check(s) : TW_OK);
		s = tw_store_free(s);
		over = tw_fake_calls(f) < call;
		tw_fake_fail(f, 0, 0, false);
		CHECK_OK(tw_store_open_closed(tw_sys_real(), dir.fd, "t.db", &one, &s));
		CHECK_OK(tw_store_check(s));
		CHECK(number(s, count) == 2 || (!kept && number(s, count) == 1));
		s = tw_store_free(s);
		tw_fake_free(f);
		CHECK(call < 2000);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
static tw_err add_many(tw_store *s, void *user)
{
	return tw_store_run(s,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO note (text) SELECT 'row ' || i FROM n",
		NULL, 0, NULL, NULL);
}

/* A table at a time; of many rows whether the table's pages are whole. */
static void test_many_rows_are_looked_through_in_part(void **state)
{
	char page[4096] = "";
	bool more = true;
	int fd = -1, turns = 0;

	leave_one();
	tw_store *s = open_closed(true);
	CHECK_OK(tw_store_transaction(s, add_many, NULL));
	CHECK_OK(tw_store_check_next(s, &more));
	CHECK(more && tw_store_owes(s));
	for (; more; turns++)
		CHECK_OK(tw_store_check_next(s, &more));
	CHECK(turns > 1 && !tw_store_owes(s));
	s = tw_store_free(s);
	damage(); /* one letter, which only its index tells of: not seen */
	vouch();
	s = open_closed(true);
	CHECK_OK(tw_store_check(s));
	s = tw_store_free(s);
	fd = openat(dir.fd, "t.db", O_RDWR | O_CLOEXEC);
	CHECK_INT(pwrite(fd, page, sizeof page, 100 * (off_t)sizeof page), sizeof page); /* a page that is empty */
	close(fd);
	vouch();
	s = open_closed(true);
	CHECK_ERR(tw_store_check(s), UNTRUSTED);
	s = tw_store_free(s);
}

/* Rows that refer to nothing: of few they are found by the look, of many by the open that looks first. */
static void test_what_refers_to_nothing(void **state)
{
	static const char *const counts[] = { "1", "50000" };

	for (size_t i = 0; i < TW_COUNT(counts); i++) {
		char sql[400];
		tw_store *s = NULL;

		test_dir_empty(&dir);
		leave_one();
		s = open_closed(true);
		(void)snprintf(sql, sizeof sql,
			"PRAGMA foreign_keys=OFF; CREATE TABLE leads (note INTEGER NOT NULL REFERENCES note (id)) STRICT;"
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) INSERT INTO leads SELECT 999999 FROM n",
			counts[i]);
		CHECK_OK(tw_store_script(s, sql, "leads"));
		s = tw_store_free(s);
		s = open_closed(true);
		if (i)
			CHECK_OK(tw_store_check(s));
		else
			CHECK_ERR(tw_store_check(s), UNTRUSTED);
		s = tw_store_free(s);
		CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s), UNTRUSTED);
	}
}

CHECK_MAIN(TEST(test_is_looked_through_later), TEST(test_what_refers_to_nothing), TEST(test_many_rows_are_looked_through_in_part),
	TEST(test_finds_damage), TEST(test_what_says_nothing), TEST(test_every_fault))

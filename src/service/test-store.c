/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store.h"

#include "service/test-dir.h"

static const char schema_1[] = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
			       "CREATE TABLE total (n INTEGER NOT NULL) STRICT; INSERT INTO total VALUES (0);";
static const char schema_2[] = "ALTER TABLE note ADD COLUMN size INTEGER NOT NULL DEFAULT 0;";
static const char *const one[] = { schema_1, NULL };
static const char *const two[] = { schema_1, schema_2, NULL };
static const char *const broken[] = { schema_1, "CREATE TABLE wrong (", NULL };
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
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	CHECK_OK(tw_store_transaction(s, add, "first"));
	CHECK_OK(tw_store_transaction(s, add, "second"));
	CHECK_INT(tw_store_changes(s), 1);
	s = tw_store_free(s);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	CHECK_INT(number(s, count), 2);
	CHECK_INT(number(s, total), 2);
	tw_store_free(s);
}

static void test_undoes_a_refused_transaction(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
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
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &other), STATE);
	CHECK(other == NULL);
}

static void test_migrates_once_and_not_back(void **state)
{
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	CHECK_OK(tw_store_transaction(s, add, "old"));
	s = tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", broken, &s), INTERNAL);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", two, &s));
	CHECK_INT(number(s, "SELECT size FROM note"), 0);
	s = tw_store_free(s);
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", two, &s));
	s = tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s), STATE);
}

static void test_finds_damage(void **state)
{
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	CHECK_OK(tw_store_transaction(s, add, "x"));
	s = tw_store_free(s); /* the last one out copies the log back */
	int fd = openat(dir.fd, "t.db", O_WRONLY | O_CLOEXEC);
	char junk[64];
	memset(junk, 0xa5, sizeof junk);
	CHECK_INT(pwrite(fd, junk, sizeof junk, 4096), sizeof junk);
	close(fd);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s), UNTRUSTED);
	fd = openat(dir.fd, "u.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "u.db", one, &s), UNTRUSTED);
}

static void test_binds_by_kind(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	int64_t n = 0;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	struct tw_value v[] = { TW_V_INT(7), TW_V_TEXT("a"), TW_V_BLOB("\0b", 2), { .kind = TW_VALUE_NULL }, TW_V_TEXT(NULL) };
	CHECK_OK(tw_store_run(s, "SELECT ?1 = 7 AND ?2 = 'a' AND ?3 = x'0062' AND ?4 IS NULL AND ?5 = ''", v, 5, take_int, &n));
	CHECK_INT(n, 1);
	CHECK_ERR(tw_store_run(s, put, NULL, 0, NULL, NULL), INTERNAL);
	CHECK_ERR(tw_store_run(s, "SELECT nonsense(", NULL, 0, NULL, NULL), INTERNAL);
	CHECK_ERR(tw_store_run(s, "ATTACH 'other.db' AS other", NULL, 0, NULL, NULL), INTERNAL);
}

static void test_keeps_more_statements_than_it_has_room_for(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	char sql[100][32];
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", one, &s));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			snprintf(sql[i], sizeof sql[i], "SELECT %d", i);
			CHECK_INT(number(s, sql[i]), i);
		}
	}
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_keeps_what_was_committed, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_undoes_a_refused_transaction, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_runs_one_at_a_time, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_migrates_once_and_not_back, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_finds_damage, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_binds_by_kind, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_keeps_more_statements_than_it_has_room_for, set_up, tear_down))

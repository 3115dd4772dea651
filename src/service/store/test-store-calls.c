/* SPDX-License-Identifier: Apache-2.0 */
/* What store.h promises, whichever store a program has: these tests are built with either (test/postgresql). */
#include "service/store/test-store.h"

static const struct tw_store_step steps[] = { { 1, NOTE_1 TOTAL_1 }, { 2, SIZE_2 }, { 0, NULL } };
static const struct tw_store_step third[] = { { 1, NOTE_1 TOTAL_1 }, { 2, SIZE_2 }, { 3, "CREATE TABLE third (n INTEGER) STRICT;" },
	{ 0, NULL } };
static const struct tw_store_step broken_steps[] = { { 1, NOTE_1 TOTAL_1 }, { 2, SIZE_2 }, { 2, "CREATE TABLE wrong (" }, { 0, NULL } };
static const struct tw_store_formats one = { steps, 1, 1 }, two = { steps, 1, 2 }, far = { third, 3, 3 }, broken = { broken_steps, 1, 2 };

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

static void test_binds_by_kind(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	int64_t n = 0;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	struct tw_value v[] = { TW_V_INT(7), TW_V_TEXT("a"), TW_V_BLOB("\0b", 2), { .kind = TW_VALUE_NULL }, TW_V_TEXT(NULL) };
	CHECK_OK(tw_store_run(
		s, "SELECT ?1 = 7 AND ?2 = 'a' AND ?3 = x'0062' AND CAST(?4 AS INTEGER) IS NULL AND ?5 = ''", v, 5, take_int, &n));
	CHECK_INT(n, 1);
	CHECK(tw_failed(tw_store_run(s, put, NULL, 0, NULL, NULL)));
	CHECK_ERR(tw_store_run(s, "SELECT nonsense(", NULL, 0, NULL, NULL), INTERNAL);
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

static tw_err fail_visit(void *user, const tw_row *row)
{
	return TW_RAISE(DENIED, "seen enough");
}

static void test_a_visit_that_fails(void **state)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &s));
	CHECK_ERR(tw_store_run(s, total, NULL, 0, fail_visit, NULL), DENIED);
	CHECK_INT(number(s, total), 0); /* and its statement can be run again */
	CHECK_OK(tw_store_transaction(s, add, "x"));
}

static tw_err migrate_inside(tw_store *s, void *user)
{
	return tw_store_migrate(s);
}

/* The older of its two at first, and the newer when it is told to; what it does not read is refused and stays as it is. */
static void test_formats(void **state)
{
	tw_store *s = opened(&two), *none = NULL;

	CHECK_INT(tw_store_format(s), 1);
	CHECK_OK(tw_store_transaction(s, add, "old"));
	CHECK_ERR(tw_store_transaction(s, migrate_inside, NULL), STATE);
	tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &far, &none), STATE);
	s = opened(&two);
	CHECK_OK(tw_store_migrate(s));
	CHECK_INT(tw_store_format(s), 2);
	CHECK(tw_store_usable(s));
	CHECK_INT(number(s, "SELECT size FROM note"), 7);
	CHECK_OK(tw_store_migrate(s)); /* nothing left to do */
	tw_store_free(s);
	CHECK_ERR(tw_store_open(tw_sys_real(), dir.fd, "t.db", &one, &none), STATE);
	CHECK(none == NULL);
	s = opened(&two);
	CHECK_INT(tw_store_format(s), 2);
	CHECK_INT(number(s, count), 1);
	tw_store_free(s);
}

static void test_a_step_that_fails_changes_nothing(void **state)
{
	tw_store *s = opened(&broken);

	CHECK_OK(tw_store_transaction(s, add, "x"));
	CHECK_ERR(tw_store_migrate(s), INTERNAL);
	CHECK_INT(tw_store_format(s), 1);
	CHECK_INT(number(s, count), 1);
	CHECK_OK(tw_store_transaction(s, add, "y"));
	tw_store_free(s);
	s = opened(&two);
	CHECK_INT(tw_store_format(s), 1);
	CHECK_OK(tw_store_migrate(s));
	CHECK_INT(number(s, "SELECT count(*) FROM note WHERE size = 7"), 2);
	tw_store_free(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_keeps_what_was_committed), TEST(test_undoes_a_refused_transaction), TEST(test_binds_by_kind),
	TEST(test_statements_within_statements), TEST(test_keeps_more_statements_than_it_has_room_for),
	TEST(test_a_visit_that_fails), TEST(test_formats), TEST(test_a_step_that_fails_changes_nothing))

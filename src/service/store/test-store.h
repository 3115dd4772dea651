/* SPDX-License-Identifier: Apache-2.0 */
/* Notes and their number, each in a table of its own: what the tests of the store write. */
#ifndef TW_SERVICE_TEST_STORE_H
#define TW_SERVICE_TEST_STORE_H
#include "service/store/store.h"

#include "service/test-dir.h"
#include "sys/fake.h"

#include <errno.h>

#define NOTE_1 "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
#define TOTAL_1 "CREATE TABLE total (n INTEGER NOT NULL) STRICT; INSERT INTO total VALUES (0);"
#define SIZE_2 "ALTER TABLE note ADD COLUMN size INTEGER NOT NULL DEFAULT 7;"

static const char put[] = "INSERT INTO note (text) VALUES (?1)";
static const char count_up[] = "UPDATE total SET n = n + 1";
static const char total[] = "SELECT n FROM total";
static const char count[] = "SELECT count(*) FROM note";

static struct test_dir dir;

static inline int set_up(void **state)
{
	dir = test_dir_new();
	return 0;
}

static inline int tear_down(void **state)
{
	test_dir_done(&dir);
	return 0;
}

static inline tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static inline int64_t number(tw_store *s, const char *sql)
{
	int64_t n = -1;
	CHECK_OK(tw_store_run(s, sql, NULL, 0, take_int, &n));
	return n;
}

static inline tw_err add(tw_store *s, void *user)
{
	TW_TRY(tw_store_run(s, put, (struct tw_value[]){ TW_V_TEXT(user) }, 1, NULL, NULL));
	return tw_store_run(s, count_up, NULL, 0, NULL, NULL);
}

static inline tw_store *opened(const struct tw_store_formats *formats)
{
	tw_store *s = NULL;
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", formats, &s));
	return s;
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Serial numbers of a batch: which lists are taken, and which line is named when one is not. */
#include "tool/serials.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define A8 "AAAAAAAA"
#define A64 A8 A8 A8 A8 A8 A8 A8 A8

static const struct {
	const char *text, *line; /* line NULL: it is taken */
	size_t count;
} rows[] = {
	{ "A\n", NULL, 1 },
	{ "A", NULL, 1 },
	{ "A\r\nB\r\n", NULL, 2 },
	{ "T-1\nT-2\nT.3\n" A64 "\n", NULL, 4 },
	{ "", "line 1:" },
	{ "\n", "line 1:" },
	{ "A\n\nB\n", "line 2:" },
	{ "A\n ", "line 2:" },
	{ "A\nB \n", "line 2:" },
	{ "A\nB\nA\n", "line 3: serial number A stands in line 1 already" },
	{ "A\nB,C\n", "line 2:" },
	{ "A\nB/C\n", "line 2:" },
	{ "A\n../B\n", "line 2:" },
	{ "# serials\nA\n", "line 1:" },
	{ "A\n" A64 "A\n", "line 2:" },
	{ "A\n\"B\"\n", "line 2:" },
	{ "A\nB\rC\n", "line 2:" },
};

static void test_files(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 };
		tw_err e = tw_serials_read(tw_sys_real(), tw_slice_of(rows[i].text), &s);

		if (tw_failed(e) != (rows[i].line != NULL))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		if (rows[i].line && (!tw_is(e, TW_CODE_SYNTAX) || strncmp(tw_err_detail(), rows[i].line, strlen(rows[i].line)) != 0))
			fail_msg("row %zu: %s %s", i, tw_code_name(e.code), tw_err_detail());
		CHECK_INT(s.count, rows[i].count);
	}
}

static void test_a_zero_byte_is_none(void **state)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 };

	CHECK_ERR(tw_serials_read(tw_sys_real(), (struct tw_slice){ "A\0B\n", 4 }, &s), SYNTAX);
}

static void test_too_many(void **state)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_SERIALS_FILE_MAX);
	for (int i = 0; i <= TW_SERIALS_MAX; i++)
		CHECK_OK(tw_buf_format(&b, "%d\n", i));
	CHECK_ERR(tw_serials_read(tw_sys_real(), tw_buf_slice(&b), &s), LIMIT);
	CHECK_ERR(tw_serials_count(tw_sys_real(), "T-000000", TW_SERIALS_MAX + 1, &s), LIMIT);
	CHECK_ERR(tw_serials_count(tw_sys_real(), "T-000000", UINT64_MAX, &s), LIMIT);
}

static void test_counted(void **state)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 }, refused = { 0 };

	CHECK_OK(tw_serials_count(tw_sys_real(), "T-0099", 2, &s));
	CHECK_INT(s.count, 2);
	CHECK_TEXT(s.row[0], "T-0099");
	CHECK_TEXT(s.row[1], "T-0100");
	tw_serials_done(&s);
	CHECK_OK(tw_serials_count(tw_sys_real(), "9", 1, &s));
	CHECK_ERR(tw_serials_count(tw_sys_real(), "9", 2, &refused), LIMIT);
	CHECK_ERR(tw_serials_count(tw_sys_real(), "A98", 3, &refused), LIMIT); /* and not B00 */
	CHECK_ERR(tw_serials_count(tw_sys_real(), "T-", 1, &refused), SYNTAX);
	CHECK_ERR(tw_serials_count(tw_sys_real(), "", 1, &refused), SYNTAX);
	CHECK_ERR(tw_serials_count(tw_sys_real(), "T 1", 1, &refused), SYNTAX);
	CHECK_ERR(tw_serials_count(tw_sys_real(), "T-1", 0, &refused), SYNTAX);
}

static tw_err body(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 }, t = { 0 };

	TW_TRY(tw_serials_read(sys, TW_SLICE("A\nB\n"), &s));
	return tw_serials_count(sys, "T-1", 5, &t);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(body, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_files), cmocka_unit_test(test_a_zero_byte_is_none), cmocka_unit_test(test_too_many),
	cmocka_unit_test(test_counted), cmocka_unit_test(test_out_of_memory))

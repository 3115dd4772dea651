/* SPDX-License-Identifier: Apache-2.0 */
/* roles.tab as provisioning reads it: every role once, in numbers, nothing else. */
#include "tool/roles.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#define GOOD "core 1 2\nfront 3 4\nkeys 5 6\napplication 7 8\n"

static const struct {
	const char *text;
	const char *detail; /* NULL: good */
} rows[] = {
	{ GOOD, NULL },
	{ "# who owns what\n\n" GOOD, NULL },
	{ "fetch 9 10\n" GOOD, NULL },
	{ GOOD "hash 9 10\n", NULL },
	{ GOOD "watch 9 10\n", NULL },
	{ "application 7 8\nkeys 5 6\nfront 3 4\ncore 1 2", NULL },
	{ "", "the roles have no line for core" },
	{ "core 1 2\nfront 3 4\nkeys 5 6\n", "the roles have no line for application" },
	{ GOOD "core 1 2\n", "roles line 5 must be" },
	{ GOOD "reflex 1 2\n", "roles line 5 must be" },
	{ GOOD "fetch 9 10\nfetch 9 10\n", "roles line 6 must be" },
	{ "core 1 2\nfront 3 4\nkeys 5 6\nfetch 9 10\n", "the roles have no line for application" },
	{ "core 1\n", "roles line 1 must be" },
	{ "core 1 2 3\n", "roles line 1 must be" },
	{ "core  1 2\n", "roles line 1 must be" },
	{ " core 1 2\n", "roles line 1 must be" },
	{ "core -1 2\n", "roles line 1 must be" },
	{ "core root 2\n", "roles line 1 must be" },
	{ "core 4294967295 2\n", "roles line 1 must be" },
	{ "core 0x1 2\n", "roles line 1 must be" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_roles r;
		tw_err e = tw_roles_read(tw_slice_of(rows[i].text), &r);

		if (tw_failed(e) != (rows[i].detail != NULL) ||
			(rows[i].detail && strncmp(tw_err_detail(), rows[i].detail, strlen(rows[i].detail)) != 0))
			fail_msg("row %zu: got %s \"%s\", want \"%s\"", i, tw_code_name(e.code), tw_err_detail(),
				rows[i].detail ? rows[i].detail : "OK");
	}
}

static void test_round(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_roles r;

	tw_buf_init(&b, tw_sys_real(), TW_ROLES_MAX);
	CHECK_OK(tw_roles_read(tw_slice_of(GOOD), &r));
	CHECK_INT(r.row[TW_ROLE_KEYS].gid, 6);
	CHECK_OK(tw_roles_write(&r, &b));
	CHECK_TEXT(tw_buf_cstr(&b), GOOD);
	tw_buf_clear(&b);
	CHECK_OK(tw_roles_read(tw_slice_of("fetch 9 10\n" GOOD), &r));
	CHECK_OK(tw_roles_write(&r, &b));
	CHECK_TEXT(tw_buf_cstr(&b), GOOD "fetch 9 10\n");
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_round))

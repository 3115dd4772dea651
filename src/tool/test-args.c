/* SPDX-License-Identifier: Apache-2.0 */
/* Options come from rows; what is wrong with a command line is said before anything is done. */
#include "tool/tool.h"

#include "check.h"

static const struct tw_option options[] = {
	{ "ca", "DIR", true, "needed" },
	{ "device", "NAME", false, "repeatable" },
	{ "example", NULL, false, "a switch" },
	{},
};
static tw_err nothing(struct tw_tool *t, const struct tw_args *a)
{
	return TW_OK;
}
static const struct tw_command command = { "product compile", "DIR", 1, 1, options, nothing, "for tests" };

static const struct {
	const char *argv[9];
	bool good;
	const char *detail;
} rows[] = {
	{ { "t", "product", "compile", "d", "--ca", "x" }, true, "" },
	{ { "t", "product", "compile", "--ca=x", "d" }, true, "" },
	{ { "t", "product", "compile", "--ca", "x", "--example", "d" }, true, "" },
	{ { "t", "product", "compile", "--ca", "x" }, false, "product compile needs DIR" },
	{ { "t", "product", "compile", "d" }, false, "product compile needs --ca DIR" },
	{ { "t", "product", "compile", "d", "e", "--ca", "x" }, false, "product compile: 'e' is too much" },
	{ { "t", "product", "compile", "d", "--ca" }, false, "product compile: '--ca' is no option here, or lacks its value" },
	{ { "t", "product", "compile", "d", "--cb", "x" }, false, "product compile: '--cb' is no option here, or lacks its value" },
	{ { "t", "product", "compile", "d", "-x" }, false, "product compile: '-x' is no option here, or lacks its value" },
	{ { "t", "product", "compile", "d", "--example=y" }, false, "product compile: '--example=y' is no option here, or lacks its value" },
	{ { "t", "product", "compile", "--ca", "x", "--", "--d" }, true, "" },
};

/* getopt_long puts the words in another order, in place. */
static tw_err parse(struct tw_tool *t, const char *const *argv, struct tw_args *ret)
{
	static char *words[TW_GIVEN_MAX + 8];
	int n = 0;

	for (; argv[n]; n++)
		words[n] = (char *)argv[n];
	words[n] = NULL;
	return tw_args_parse(t, &command, n, words, ret);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_tool t = { .exit = TW_EXIT_FAILED };
		struct tw_args a;
		tw_err e = parse(&t, rows[i].argv, &a);

		if (tw_failed(e) == rows[i].good || (tw_failed(e) && strcmp(tw_err_detail(), rows[i].detail) != 0))
			fail_msg("row %zu: got %s \"%s\", want \"%s\"", i, tw_code_name(e.code), tw_err_detail(), rows[i].detail);
		if (!rows[i].good)
			CHECK_INT(t.exit, TW_EXIT_USAGE);
	}
}

static void test_values(void **state)
{
	const char *argv[] = { "t", "product", "compile", "--device", "a", "d", "--device", "b", "--ca", "x", "--json", NULL };
	struct tw_tool t = { .exit = TW_EXIT_FAILED };
	struct tw_args a;

	CHECK_OK(parse(&t, argv, &a));
	CHECK_TEXT(tw_arg(&a, "device"), "b");
	CHECK_TEXT(tw_arg_nth(&a, "device", 0), "a");
	CHECK_TEXT(tw_arg_nth(&a, "device", 1), "b");
	CHECK(tw_arg_nth(&a, "device", 2) == NULL);
	CHECK(tw_arg(&a, "example") == NULL);
	CHECK_TEXT(a.rest[0], "d");
	CHECK(t.json);
}

static void test_too_many(void **state)
{
	const char *argv[3 + TW_GIVEN_MAX + 2] = { "t", "product", "compile" };
	struct tw_tool t = { .exit = TW_EXIT_FAILED };
	struct tw_args a;

	for (size_t i = 0; i <= TW_GIVEN_MAX; i++)
		argv[3 + i] = "--example";
	CHECK_ERR(parse(&t, argv, &a), LIMIT);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_values), cmocka_unit_test(test_too_many))

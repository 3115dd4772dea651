/* SPDX-License-Identifier: Apache-2.0 */
/* What an input or output may be and how often, without a device. */
#include "lib/limits.h"
#include "base/mem.h"
#include "check.h"

#include <limits.h>

static void test_names(void **state)
{
	static const struct {
		const char *name;
		enum tw_code code;
	} rows[] = { { "heating", TW_CODE_OK }, { "a-1", TW_CODE_OK }, { "12345678901234567890123456789012", TW_CODE_OK },
		{ "123456789012345678901234567890123", TW_CODE_LIMIT }, { "", TW_CODE_LIMIT }, { NULL, TW_CODE_LIMIT },
		{ "a.b", TW_CODE_SYNTAX }, { "a b", TW_CODE_SYNTAX }, { "a\"", TW_CODE_SYNTAX }, { "\xc3\xa4", TW_CODE_SYNTAX } };
	char got[TW_LIMIT_NAME_MAX + 1];

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_limit_name(rows[i].name, got).code != rows[i].code)
			fail_msg("row %zu", i);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
		int64_t number;
	} rows[] = { { "0", TW_CODE_OK, 0 }, { "-40000", TW_CODE_OK, -40000 }, { "2147483647", TW_CODE_OK, 2147483647 },
		{ "-2147483648", TW_CODE_OK, INT64_C(-2147483648) }, { "4294967296", TW_CODE_LIMIT, 0 }, { "", TW_CODE_SYNTAX, 0 },
		{ "-", TW_CODE_SYNTAX, 0 }, { "--1", TW_CODE_SYNTAX, 0 }, { "1x", TW_CODE_SYNTAX, 0 }, { "on", TW_CODE_SYNTAX, 0 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int64_t n = 0;

		if (tw_limit_number(rows[i].text, &n).code != rows[i].code || n != rows[i].number)
			fail_msg("'%s': %lld", rows[i].text, (long long)n);
	}
}

static struct tw_limit of(int64_t min, int64_t max, int64_t per_minute)
{
	struct tw_limit l = { .name = "x" };

	tw_limit_learn(&l, (const int64_t[]){ min, max, per_minute }, 1000);
	return l;
}

static void test_ranges(void **state)
{
	static const struct {
		int64_t min, max, value;
		bool good;
	} rows[] = { { -5, 5, -5, true }, { -5, 5, 5, true }, { -5, 5, -6, false }, { -5, 5, 6, false }, { 0, 0, 0, true },
		{ 5, -5, 0, false }, { -5, 5, INT64_MAX, false }, { -5, 5, INT64_MIN, false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_limit l = of(rows[i].min, rows[i].max, 60);
		const char *rule = tw_limit_judge(&l, rows[i].value, 1000);

		if (rows[i].good != !rule || (rule && strcmp(rule, "range") != 0))
			fail_msg("row %zu", i);
	}
}

static int let_through(struct tw_limit *l, int64_t from_ms, int64_t until_ms, int64_t each_ms)
{
	int n = 0;

	for (int64_t at = from_ms; at < until_ms; at += each_ms)
		n += !tw_limit_judge(l, 1, at);
	return n;
}

static void test_rates(void **state)
{
	static const struct {
		int64_t per_minute, ms, each_ms;
		int most, least;
	} rows[] = {
		{ 60, 60000, 10, 60 + 7, 60 + 6 }, /* a flood: the rate, and what may come at once */
		{ 6, 60000, 10, 6 + 1, 6 },
		{ 1, 600000, 100, 10 + 1, 10 },
		{ 60, 60000, 1000, 60, 60 }, /* as often as it may, and none is refused */
		{ 0, 600000, 100, 0, 0 },
		{ 60000, 1000, 1, 1000, 1000 },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_limit l = of(0, 1, rows[i].per_minute);
		const int n = let_through(&l, 1000, 1000 + rows[i].ms, rows[i].each_ms);

		if (n > rows[i].most || n < rows[i].least)
			fail_msg("row %zu: %d", i, n);
	}
}

static void test_what_changes_counts_from_then(void **state)
{
	struct tw_limit l = of(0, 1, 60);

	CHECK_INT(let_through(&l, 1000, 1010, 1), 7);
	tw_limit_learn(&l, (const int64_t[]){ 0, 1, 6 }, 1010);
	CHECK_INT(let_through(&l, 1010, 10000, 10), 0); /* what was left is not more than before */
	tw_limit_learn(&l, (const int64_t[]){ 0, 1, 0 }, 100000);
	CHECK_INT(let_through(&l, 100000, 200000, 1000), 0);
	tw_limit_learn(&l, (const int64_t[]){ 0, 1, 60 }, 200000);
	CHECK_INT(let_through(&l, 200000, 201000, 10), 0); /* nothing was saved up while there was none */
	CHECK_INT(let_through(&l, 201000, 201010, 10), 1);
	tw_limit_learn(&l, (const int64_t[]){ 5, 9, 60 }, 300000);
	CHECK_TEXT(tw_limit_judge(&l, 1, 300000), "range");
}

/* A clock that goes back, or far ahead, gives neither nothing for ever nor all at once. */
static void test_clocks(void **state)
{
	struct tw_limit l = of(0, 1, 60);

	CHECK_INT(let_through(&l, 1000, 1010, 1), 7);
	CHECK(tw_limit_judge(&l, 1, 0));
	CHECK(!tw_limit_judge(&l, 1, 1000));
	CHECK_INT(let_through(&l, INT64_MAX - 10, INT64_MAX, 1), 7);
}

static void test_what_is_told(void **state)
{
	struct tw_limit l = of(0, 1, 60);

	CHECK(!tw_limit_tells(&l, 1000));
	CHECK_TEXT(tw_limit_judge(&l, 2, 1000), "range");
	CHECK(tw_limit_tells(&l, 1000));
	l.refused = 0;
	l.told_ms = 1000;
	CHECK_TEXT(tw_limit_judge(&l, 3, 1001), "range");
	CHECK_TEXT(tw_limit_judge(&l, 4, 1002), "range");
	CHECK(l.refused == 2 && l.value == 4);
	CHECK(!tw_limit_tells(&l, 60999) && tw_limit_tells(&l, 61000));
}

CHECK_MAIN(cmocka_unit_test(test_names), cmocka_unit_test(test_numbers), cmocka_unit_test(test_ranges), cmocka_unit_test(test_rates),
	cmocka_unit_test(test_what_changes_counts_from_then), cmocka_unit_test(test_clocks), cmocka_unit_test(test_what_is_told))

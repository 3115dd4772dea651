/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What unit tests say: cmocka with a few macros of ours. Each prints what it got, what it wanted and the error's detail.
 *
 *     static void test_refuses_empty(void **state) { CHECK_ERR(parse("", &m), SYNTAX); }
 *     CHECK_MAIN(cmocka_unit_test(test_refuses_empty), cmocka_unit_test(test_other))
 *
 * CMOCKA_TEST_FILTER is honoured: `CMOCKA_TEST_FILTER='test_refuses_*' build/src/test-base-json` runs some alone.
 */
#ifndef TW_TEST_CHECK_H
#define TW_TEST_CHECK_H

#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHECK(condition)                                    \
	do {                                                \
		if (!(condition))                           \
			fail_msg("not so: %s", #condition); \
	} while (0)

#define CHECK_OK(expression)                                                                                         \
	do {                                                                                                         \
		tw_err check_got_ = (expression);                                                                    \
		if (tw_failed(check_got_))                                                                           \
			fail_msg("%s: got %s, want OK; detail: %s (%s)", #expression, tw_code_name(check_got_.code), \
				tw_err_detail(), tw_err_place());                                                    \
	} while (0)

#define CHECK_ERR(expression, name)                                                                  \
	do {                                                                                         \
		tw_err check_got_ = (expression);                                                    \
		if (check_got_.code != TW_CODE_##name)                                               \
			fail_msg("%s: got %s, want %s; detail: %s", #expression,                     \
				tw_failed(check_got_) ? tw_code_name(check_got_.code) : "OK", #name, \
				tw_failed(check_got_) ? tw_err_detail() : "");                       \
	} while (0)

#define CHECK_INT(got, want)                                                                \
	do {                                                                                \
		long long check_got_ = (long long)(got), check_want_ = (long long)(want);   \
		if (check_got_ != check_want_)                                              \
			fail_msg("%s: got %lld, want %lld", #got, check_got_, check_want_); \
	} while (0)

#define CHECK_TEXT(got, want)                                                                                  \
	do {                                                                                                   \
		const char *check_got_ = (got), *check_want_ = (want);                                         \
		if (!check_got_ || !check_want_ ? check_got_ != check_want_ : strcmp(check_got_, check_want_)) \
			fail_msg("%s: got \"%s\", want \"%s\"", #got, check_got_ ? check_got_ : "(null)",      \
				check_want_ ? check_want_ : "(null)");                                         \
	} while (0)

#define CHECK_BYTES(got, want, size) check_bytes(#got, (got), (want), (size), __FILE__, __LINE__)

static inline void check_bytes(const char *what, const void *got, const void *want, size_t size, const char *file, int line)
{
	const uint8_t *g = got, *w = want;
	for (size_t i = 0; i < size; i++) {
		if (g[i] == w[i])
			continue;
		print_error("%s: byte %zu of %zu: got 0x%02x, want 0x%02x\n", what, i, size, g[i], w[i]);
		_fail(file, line);
	}
}

#define CHECK_MAIN(...) CHECK_MAIN_IN(NULL, NULL, __VA_ARGS__)

/* With what stands before the first and after the last of them. */
#define CHECK_MAIN_IN(set_up, tear_down, ...)                            \
	int main(void)                                                   \
	{                                                                \
		const struct CMUnitTest tests[] = { __VA_ARGS__ };       \
		const char *filter = getenv("CMOCKA_TEST_FILTER");       \
		if (filter)                                              \
			cmocka_set_test_filter(filter);                  \
		cmocka_set_message_output(CM_OUTPUT_TAP);                \
		return cmocka_run_group_tests(tests, set_up, tear_down); \
	}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/throttle.h"

#include "check.h"

static void test_five_then_wait(void **state)
{
	struct tw_throttle t = { 0 };

	for (int i = 0; i < TW_THROTTLE_FAILURES; i++) {
		CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 1000 + i), 0);
		tw_throttle_failed(&t, "192.0.2.1", 1000 + i);
	}
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 1100), 60);
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 60999), 1);
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.1", 61000), 0);
	CHECK_INT(tw_throttle_wait_s(&t, "192.0.2.2", 1100), 0);
}

static void test_window_begins_anew(void **state)
{
	struct tw_throttle t = { 0 };

	for (int i = 0; i < TW_THROTTLE_FAILURES; i++)
		tw_throttle_failed(&t, "a", 0);
	tw_throttle_failed(&t, "a", TW_THROTTLE_WINDOW_MS);
	CHECK_INT(tw_throttle_wait_s(&t, "a", TW_THROTTLE_WINDOW_MS), 0);
}

/* A source that goes on failing: at the last millisecond it is still the same window, and a free place is not somebody's oldest. */
static void test_edges(void **state)
{
	struct tw_throttle t = { 0 };

	for (int i = 0; i < TW_THROTTLE_FAILURES; i++)
		tw_throttle_failed(&t, "a", 0);
	tw_throttle_failed(&t, "a", TW_THROTTLE_WINDOW_MS - 1);
	CHECK_INT(tw_throttle_wait_s(&t, "a", TW_THROTTLE_WINDOW_MS - 1), 1);
	tw_throttle_failed(&t, "a", TW_THROTTLE_WINDOW_MS);
	for (int i = 1; i < TW_THROTTLE_FAILURES; i++) {
		CHECK_INT(tw_throttle_wait_s(&t, "a", TW_THROTTLE_WINDOW_MS), 0);
		tw_throttle_failed(&t, "a", TW_THROTTLE_WINDOW_MS);
	}
	CHECK_INT(tw_throttle_wait_s(&t, "a", TW_THROTTLE_WINDOW_MS), 60); /* the window is the new one, counted from one */
	for (int i = 0; i < TW_THROTTLE_FAILURES; i++)
		tw_throttle_failed(&t, "b", TW_THROTTLE_WINDOW_MS);
	CHECK_INT(tw_throttle_wait_s(&t, "a", TW_THROTTLE_WINDOW_MS), 60);
	CHECK_INT(tw_throttle_wait_s(&t, "b", TW_THROTTLE_WINDOW_MS), 60);
}

static void test_full_table_forgets_the_oldest(void **state)
{
	struct tw_throttle t = { 0 };
	char name[32];

	for (int s = 0; s <= TW_THROTTLE_SOURCES; s++) {
		CHECK_INT(tw_throttle_wait_s(&t, "source 0", 100), s == 0 ? 0 : 60); /* while there is a free place */
		(void)snprintf(name, sizeof name, "source %d", s);
		for (int i = 0; i < TW_THROTTLE_FAILURES; i++)
			tw_throttle_failed(&t, name, s);
	}
	CHECK_INT(tw_throttle_wait_s(&t, "source 0", 100), 0);
	CHECK_INT(tw_throttle_wait_s(&t, "source 1", 100), 60);
	CHECK_INT(tw_throttle_wait_s(&t, name, 100), 60);
}

static void test_whom_to_count_against(void **state)
{
	static const struct {
		const char *address, *source;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "2001:db8:1:2::1", "2001:db8:1:2::/64" },
		{ "2001:db8:1:3::1", "2001:db8:1:3::/64" },
		{ "::1", "::/64" },
		{ "uid:1000", "uid:1000" },
		{ "console", "console" },
		{ "", "" },
	};
	char source[64];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tw_throttle_source(rows[i].address, source);
		CHECK_TEXT(source, rows[i].source);
	}
}

CHECK_MAIN(cmocka_unit_test(test_whom_to_count_against), cmocka_unit_test(test_five_then_wait),
	cmocka_unit_test(test_window_begins_anew), cmocka_unit_test(test_edges), cmocka_unit_test(test_full_table_forgets_the_oldest))

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/budget.h"

#include "check.h"

static int take(struct tw_budget *b, int64_t now_ms, int times)
{
	int taken = 0;

	for (int i = 0; i < times; i++)
		taken += tw_budget_take(b, now_ms);
	return taken;
}

static void test_so_much_at_once_and_then_by_the_second(void **state)
{
	struct tw_budget b = { 0 };

	CHECK_INT(take(&b, 5000, 1000), TW_BUDGET_AT_ONCE);
	CHECK_INT(take(&b, 5000 + TW_BUDGET_EACH_MS - 1, 10), 0);
	CHECK_INT(take(&b, 5000 + TW_BUDGET_EACH_MS, 10), 1);
	CHECK_INT(take(&b, 6000, 100), 9);
	CHECK_INT(take(&b, 6000 + TW_BUDGET_AT_ONCE * TW_BUDGET_EACH_MS, 1000), TW_BUDGET_AT_ONCE);
	CHECK_INT(take(&b, INT64_C(1) << 40, 1000), TW_BUDGET_AT_ONCE); /* rest saves up no more */
}

static void test_every_refusal_is_counted_once(void **state)
{
	struct tw_budget b = { 0 };

	CHECK_INT(tw_budget_due(&b, 0, true), 0);
	CHECK_INT(take(&b, 1000, TW_BUDGET_AT_ONCE), TW_BUDGET_AT_ONCE);
	CHECK_INT(b.seal_ms, 0);
	CHECK_INT(take(&b, 1000, 7), 0);
	CHECK_INT(b.seal_ms, 1000 + TW_BUDGET_SEAL_MS);
	CHECK_INT(take(&b, 1050, 3), 0);
	CHECK_INT(b.seal_ms, 1000 + TW_BUDGET_SEAL_MS); /* a flood does not put its record off */
	CHECK_INT(tw_budget_due(&b, b.seal_ms - 1, false), 0);
	CHECK_INT(tw_budget_due(&b, b.seal_ms, false), 10);
	CHECK_INT(tw_budget_due(&b, 1 << 30, true), 0);
	tw_budget_put(&b, 2000, 10);
	CHECK_INT(tw_budget_due(&b, 2000, false), 0);
	CHECK_INT(tw_budget_due(&b, 2000, true), 10);
}

CHECK_MAIN(cmocka_unit_test(test_so_much_at_once_and_then_by_the_second), cmocka_unit_test(test_every_refusal_is_counted_once))

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/budget.h"

void tw_budget_put(struct tw_budget *b, int64_t now_ms, uint64_t count)
{
	if (b->beyond == 0 && count > 0)
		b->seal_ms = now_ms + TW_BUDGET_SEAL_MS;
	b->beyond += count;
}

bool tw_budget_take(struct tw_budget *b, int64_t now_ms)
{
	int64_t from = b->spent_ms > now_ms ? b->spent_ms : now_ms;

	if (from - now_ms > (TW_BUDGET_AT_ONCE - 1) * TW_BUDGET_EACH_MS) {
		tw_budget_put(b, now_ms, 1);
		return false;
	}
	b->spent_ms = from + TW_BUDGET_EACH_MS;
	return true;
}

uint64_t tw_budget_due(struct tw_budget *b, int64_t now_ms, bool all)
{
	uint64_t count = b->beyond;

	if (count == 0 || (!all && now_ms < b->seal_ms))
		return 0;
	b->beyond = 0;
	b->seal_ms = 0;
	return count;
}

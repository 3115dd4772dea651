/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one caller may leave in the log: so much at once, and so much a second for good. What is beyond is refused and counted, and the
 * count is recorded, so that a program gone mad can neither fill the log nor hide that it tried.
 */
#ifndef TW_DEVICE_PLATFORM_BUDGET_H
#define TW_DEVICE_PLATFORM_BUDGET_H
#include <stdbool.h>
#include <stdint.h>

#define TW_BUDGET_AT_ONCE 600   /* a minute's worth: a start, an alarm with all its sensors */
#define TW_BUDGET_EACH_MS 100   /* ten a second for good are some 200 MB of log a day */
#define TW_BUDGET_SEAL_MS 60000 /* a count is recorded at most this long after its first refusal */

struct tw_budget {
	int64_t spent_ms; /* until when what was taken is paid for, in TW_BUDGET_EACH_MS each */
	int64_t seal_ms;  /* when the count is due; 0: nothing is counted */
	uint64_t beyond;  /* refused since the last count */
};
bool tw_budget_take(struct tw_budget *b, int64_t now_ms); /* false: beyond it, and counted */
/* What to record now, or 0; all: also before it is due. It is taken back by tw_budget_put when it could not be recorded. */
uint64_t tw_budget_due(struct tw_budget *b, int64_t now_ms, bool all);
void tw_budget_put(struct tw_budget *b, int64_t now_ms, uint64_t count);
#endif

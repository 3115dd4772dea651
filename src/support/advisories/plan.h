/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing at a set time. A plan is a row of the store: until then the advisory stays approved; at that time the service publishes it by the way that
 * advisory.publish goes, with every question asked again, and the plan ends in the transaction that makes it public: once, whatever is cut in between.
 *
 * A plan is for the content that was approved when it was made. What keeps it from being published at its time is told once for each reason (an event, a
 * step of its history, mail to whom alarms go), shown as long as it lasts, and tried again until it is published or somebody ends the plan.
 *
 * Plans go by the wall clock: one that is set forward publishes what is due by it then, one that is set back waits until it comes there again, and one
 * that is not trusted publishes nothing.
 */
#ifndef TW_SUPPORT_ADVISORIES_PLAN_H
#define TW_SUPPORT_ADVISORIES_PLAN_H
#include "support/advisories/advisories.h"

#define TW_PLAN_AGAIN_MS 60000 /* doubling, to TW_PLAN_AGAIN_MAX_MS */
#define TW_PLAN_AGAIN_MAX_MS 600000
#define TW_PLAN_FAR_MS (INT64_C(5) * 366 * 86400000) /* nobody means a later one */
#define TW_PLAN_WHY_MAX 500
#define TW_PLAN_NONE INT64_MAX

struct tw_plan {
	int64_t advisory, at_ms, failures;
	char who[TW_ADVISORY_WHO_MAX], hash[65], why[TW_PLAN_WHY_MAX]; /* why: it was not published at its time; "" */
};
/* False: it has none. */
tw_err tw_plan_of(struct tw_context *c, int64_t advisory, struct tw_plan *ret, bool *ret_there);
tw_err tw_plan_show(struct tw_context *c, const struct tw_advisory_row *r, json_t *j); /* into what advisory.read answers */
/* In the transaction that makes it public. */
tw_err tw_plan_done(struct tw_store *s, int64_t advisory);
/* In one that changes the advisory: what kept it back may be over, and it is looked at at once. */
tw_err tw_plan_again(struct tw_store *s, int64_t advisory);
/* Publishes what is due. What keeps one back does not keep the others; an error is of the store, and some may be left. */
tw_err tw_plans_run(struct tw_context *c);
tw_err tw_plans_next(struct tw_context *c, int64_t *ret_ms); /* by the wall clock; TW_PLAN_NONE */
#endif

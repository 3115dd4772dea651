/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms: each point of escalation of a clock of Article 14, and each deadline that ends without what it asks for, becomes a row of the store once and for
 * good, and an event of the audit log.
 *
 * alarm_next has, of each case, when its earliest point is that was not raised yet. It changes in the transaction that changes the case or raises, so
 * that whatever ends the service, at any moment, a point that was reached is either raised or still waits there. A point that was over before its clock was
 * started, or while nothing ran, is raised as missed.
 */
#ifndef TW_SUPPORT_CASES_ALARMS_H
#define TW_SUPPORT_CASES_ALARMS_H
#include "support/cases/clocks.h"
#include "service/path/path.h"

#define TW_ALARM_NONE INT64_MAX
#define TW_ALARM_LATE_MS 60000 /* raised so long behind its point, it was missed */
#define TW_ALARM_BATCH 32      /* cases, or events, at once: the loop has others to serve */

/* In the transaction that writes the case. */
tw_err tw_alarm_arm(struct tw_context *c, int64_t case_id, const json_t *doc);
tw_err tw_alarms_next(struct tw_context *c, int64_t *ret_ms); /* TW_ALARM_NONE */
struct tw_alarm {
	int64_t case_id, at_ms, due_ms, raised_ms;
	enum tw_a14_kind kind;
	enum tw_a14_step step;
	int point;         /* 1 to TW_A14_POINTS, which is the deadline itself */
	const json_t *doc; /* the case */
};
/* Told of each alarm within its transaction, so that what goes out of it is there exactly when the alarm is. Its failure takes the alarm back, to be raised
   later. */
struct tw_alarm_teller {
	tw_err (*tell)(struct tw_context *c, const struct tw_alarm *a, void *user);
	void *user;
};
/* Raises what is over; each case is a transaction of its own. teller NULL: nobody is told. */
tw_err tw_alarms_raise(struct tw_context *c, int64_t now_ms, const struct tw_alarm_teller *teller);
/* Puts what was raised into the audit log. ret_left: there is more. */
tw_err tw_alarms_log(struct tw_context *c, bool *ret_left);
/* At the start, before anything is raised: an event may be in the log, and the row not say so. */
tw_err tw_alarms_reconcile(struct tw_context *c);
/* The alarm that the request's parameter names, as it is listed; NULL in *ret, and a problem, when there is none that he may see. */
tw_err tw_alarm_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret_id, json_t **ret);
#endif

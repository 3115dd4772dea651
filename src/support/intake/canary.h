/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canary: at its time the service sends a report to itself through a channel, as a stranger would, and knows it by its code. One that has not come within
 * TW_CANARY_WAIT_MS is told once: an event, and mail to whom desk.json names for alarms. It never is a report, and nobody of the staff sees it as one.
 */
#ifndef TW_SUPPORT_INTAKE_CANARY_H
#define TW_SUPPORT_INTAKE_CANARY_H
#include "service/path/path.h"

#define TW_CANARY_MAIL "mail"
#define TW_CANARY_WAIT_MS INT64_C(3600000)
#define TW_CANARY_CODE 32

struct tw_canary {
	char code[TW_CANARY_CODE + 1];
	int64_t sent_ms, arrived_ms; /* 0: never */
	bool alarmed;
};
tw_err tw_canary_read(struct tw_store *s, const char *channel, struct tw_canary *ret);
/* Whether the text carries the code of the one that is on its way, or came; then it has come. Within the caller's transaction. */
tw_err tw_canary_arrived(struct tw_store *s, const char *channel, struct tw_slice text, int64_t now_ms, bool *ret);
/* Sends the next one by mail to the address when it is due, and tells of one that has not come. to_alarm: addresses. */
struct tw_canary_plan {
	const char *address; /* "": none is sent */
	int64_t every_ms;    /* 0: none is sent */
	const char (*alarms)[201];
	size_t alarm_count;
};
tw_err tw_canary_turn(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canary: at its times the service sends a report to itself by each way, as a stranger would, and knows it by its code. It never is a report: nobody of the
 * staff sees it as one, and it counts for nothing.
 *
 * A code is 128 random bits, of which the store keeps a digest, for one way and one arrival: who has seen one that came cannot have a report of anybody's taken
 * for another. One that has not come within TW_CANARY_WAIT_MS is an alarm (ways.h). One that comes behind its alarm still is a canary, and the alarm says so;
 * it is over when one comes in time. While none does, the next follows sooner.
 */
#ifndef TW_SUPPORT_INTAKE_CANARY_H
#define TW_SUPPORT_INTAKE_CANARY_H
#include "support/intake/ways.h"

#define TW_CANARY_WAIT_MS INT64_C(3600000)
#define TW_CANARY_AGAIN_MS INT64_C(600000) /* by the form, which answers at once; mail has its time */
#define TW_CANARY_KEPT_MS (INT64_C(90) * 86400000)
#define TW_CANARY_CODE 32
#define TW_CANARY_TEXT_MAX 120

struct tw_canary {
	int64_t id, sent_ms, arrived_ms; /* the last one; arrived_ms 0: it has not come */
	int64_t open_ms;                 /* when the first was sent that has not come since one came; 0: there is none */
	int64_t came_ms;                 /* when one came last */
	char seen[TW_WAY_SEEN_MAX + 1];
};
struct tw_canary_plan {
	const char *channel, *to; /* to: an address of mail, or the site; "": none is sent */
	int64_t every_ms;         /* 0: none is sent */
	struct tw_way_receivers receivers;
	const char *seen; /* of mail: what hinders it now; NULL: what the last try saw */
};
tw_err tw_canary_read(struct tw_store *s, const char *channel, struct tw_canary *ret);
/* Whether the text carries a code that was sent by this way and has not come; nothing is written. */
tw_err tw_canary_known(struct tw_store *s, const char *channel, struct tw_slice text, bool *ret);
/* The same, and then it has come. Within the caller's transaction. */
tw_err tw_canary_arrived(struct tw_context *c, const struct tw_canary_plan *plan, struct tw_slice text, int64_t now_ms, bool *ret);
/* How long until the next is to be sent; -1: none is. */
int64_t tw_canary_wait_ms(const struct tw_canary *k, const struct tw_canary_plan *plan, int64_t now_ms);
/* Within the caller's transaction. text: with its code, as it has to arrive. */
tw_err tw_canary_send(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms, int64_t *ret_id,
	char ret_text[TW_CANARY_TEXT_MAX]);
tw_err tw_canary_saw(struct tw_store *s, int64_t id, const char *seen);
/* Raises the alarm when it is time, or at_once since something was seen that leaves no doubt. */
tw_err tw_canary_watch(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms, bool at_once);
/* By mail: watches, and sends the next one when it is due. */
tw_err tw_canary_turn(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms);
/* One so old that comes after all is a report. */
tw_err tw_canary_forget(struct tw_store *s, int64_t now_ms);
#endif

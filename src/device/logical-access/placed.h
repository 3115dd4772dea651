/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who put a way into an account there. Whoever enrols a key for another's account, or asks for its code, may have kept it: what he knows
 * opens nothing that he could not reach himself. So each credential, code and session names the accounts through whose hands it came, and
 * what lets an account do more ends those of which one of these may not do as much.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_PLACED_H
#define TW_DEVICE_LOGICAL_ACCESS_PLACED_H
#include "device/logical-access/accounts.h"
#include "service/path/condition.h"

/* Through whose hands goes what this request puts on that account. Through too many: rp holds the problem. */
tw_err tw_placed_by(struct tw_device *d, const struct tw_request *rq, int64_t account, struct tw_reply *rp, struct tw_placer *ret);

/* The roles that an account has whenever that condition holds, by what gate. Empty: it is not active, or gone. */
tw_err tw_placed_roles(
	struct tw_device *d, const tw_gate *g, int64_t account, const struct tw_condition *whenever, struct tw_role_set *ret);
/* Does the subject hold, whenever that condition holds, what that role may? */
tw_err tw_placed_covers(struct tw_context *c, const struct tw_subject *s, const char *role, const struct tw_condition *whenever, bool *ret);
/* And so for each role of the account, under the conditions it has it under. */
tw_err tw_placed_reaches(struct tw_context *c, const struct tw_subject *s, int64_t account, bool *ret);
/* Does each of the hands but that account's own hold those roles, without conditions? */
tw_err tw_placed_within(struct tw_device *d, const struct tw_placer *by, int64_t self, const char *roles, bool *ret);

/* What ends: pairs of an account and the hands that put something there. */
struct tw_placed {
	struct tw_buf pairs;
};
void tw_placed_init(struct tw_placed *p, const struct tw_sys *sys);
void tw_placed_done(struct tw_placed *p);
/* Inside a transaction of the caller's: takes out of the store whatever others placed on the account who do not hold, by that gate,
   what it may now. account 0: on each that some role of which holds more by that gate than by the one in force. */
tw_err tw_placed_end(struct tw_device *d, const tw_gate *g, int64_t account, struct tw_placed *ret);
void tw_placed_forget(struct tw_device *d, const struct tw_placed *p); /* the same in memory; cannot fail */
#endif

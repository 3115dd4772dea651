/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared accounts: whose roles several people use, one after another or at a time. A shared account has no credential of its own, so that there is
 * no secret that goes from hand to hand: whoever uses it has proven his own account first, is one of its members, and comes under its
 * conditions. Without any said it is used by nobody.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_SHARED_H
#define TW_DEVICE_LOGICAL_ACCESS_SHARED_H
#include "device/logical-access/state.h"

#define TW_SHARED_MEMBERS_MAX 32 /* more people than change shifts at one machine */
#define TW_SHARED_WORDS_MAX (TW_SHARED_MEMBERS_MAX * (TW_ACCOUNT_ID_MAX + 2))

struct tw_shared {
	bool said;                         /* else nobody has said anything */
	char members[TW_SHARED_WORDS_MAX]; /* ids with blanks between */
	char conditions[TW_CONDITIONS_MAX];
	int64_t said_ms;
	char said_by[64];
};
tw_err tw_shared_get(struct tw_device *d, int64_t account, struct tw_shared *ret);
/* May whoever that is use the shared account at this moment? *ret_rule: what says no; NULL: he may. */
tw_err tw_shared_judge(struct tw_device *d, const struct tw_proof *p, const struct tw_moment *now, const char **ret_rule);
/* The same for what has been opened: DENIED, with access->refused. */
tw_err tw_shared_admits(struct tw_device *d, const struct tw_proof *p, const struct tw_moment *now);
bool tw_shared_lasts(const char *permission); /* no session of a shared account is let do it, whatever the roles permit */
/* A problem for whoever comes by a session of one and would change, for longer than that session, who may come in or do something. */
tw_err tw_shared_passes(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
/* There is no way into it but by a member's own account. */
tw_err tw_shared_refuse_own(struct tw_reply *rp);

/* What is so now of whoever has proven that, at the door and from where s says; with the texts that it points to. */
struct tw_now {
	struct tw_moment moment;
	struct tw_buf mode, place;
};
void tw_access_now(struct tw_device *d, const struct tw_subject *s, const struct tw_proof *p, struct tw_now *ret);
void tw_now_done(struct tw_now *n);
#endif

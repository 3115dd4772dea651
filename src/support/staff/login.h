/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer about coming in takes that another role has to compute first: a place, an answer that comes later, and what is said in it. */
#ifndef TW_SUPPORT_STAFF_LOGIN_H
#define TW_SUPPORT_STAFF_LOGIN_H
#include "support/staff/staff.h"

/* A place and an answer that comes later; rp holds a problem when there is none. */
tw_err tw_staff_place(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_staff_work *want,
	struct tw_staff_work **ret);
void tw_staff_finish(struct tw_staff_work *w, struct tw_reply *rp, tw_err e); /* w is free */
tw_err tw_staff_cannot(struct tw_staff_work *w, tw_err e, struct tw_reply *rp); /* nobody could be asked: it is refused now, and w is free */
tw_err tw_staff_busy(struct tw_reply *rp);
/* Whoever has shown all that is asked of him: his session, or his proof. */
tw_err tw_staff_shown_all(struct tw_staff_work *w, const struct tw_account *a, struct tw_reply *rp);
/* Behind a passkey, the password that was typed with it; w->password is judged, and the answer comes. */
tw_err tw_staff_and_password(struct tw_staff_work *w);
#endif

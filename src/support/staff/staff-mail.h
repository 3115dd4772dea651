/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail to people of the staff: whom a case is given to, and who is on call for alarms of the clocks of Article 14. A mail says whose it is and where to
 * look, and never what a case is about, since it may be under embargo and a mail lies with servers between.
 *
 * Each person says for himself where it goes and what of it he wants. Whoever is the last that alarms reach stays on call.
 */
#ifndef TW_SUPPORT_STAFF_STAFF_MAIL_H
#define TW_SUPPORT_STAFF_STAFF_MAIL_H
#include "service/path/path.h"

#define TW_STAFF_MAIL_MAX 254
#define TW_STAFF_ON_CALL_MAX 64 /* of one alarm; the outbox has to take them all at once */

struct tw_staff_mail {
	int64_t account;
	char address[TW_STAFF_MAIL_MAX + 1]; /* "": nothing goes to him */
	char language[3];
	bool assigned, alarms;
};
/* As he said it; nothing said: everything off. */
tw_err tw_staff_mail_of(struct tw_context *c, int64_t account, struct tw_staff_mail *ret);
/* How many people alarms reach. None of them is whose account does not count as active now, and who may not read cases. */
tw_err tw_staff_mail_on_call(struct tw_context *c, int64_t *ret);
bool tw_staff_reads_cases(const struct tw_context *c, const char *roles); /* roles: as of an account */
/* Whether they reach that person and nobody else, no address of app/desk.json either. */
tw_err tw_staff_mail_last(struct tw_context *c, int64_t account, bool *ret);
tw_err tw_staff_mail_last_problem(struct tw_reply *rp);
/* Each of them, whatever embargo the case is under; an error of visit ends it. */
tw_err tw_staff_mail_each(struct tw_context *c, tw_err (*visit)(void *user, const struct tw_staff_mail *m), void *user);
/* In the transaction that gives somebody the case: a mail to him, if he wants it. An outbox that is full keeps nobody from being given a case. */
tw_err tw_staff_mail_assigned(struct tw_context *c, const json_t *doc, int64_t now_ms);
#endif

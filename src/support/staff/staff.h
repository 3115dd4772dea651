/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manufacturer's own people: accounts, by the gate of src/service/access, with one role each.
 *
 * There is no default credential. Nobody has a password that somebody else knows: an account begins by an invitation, a text of 256 bits
 * that is good for a day and once, by which whoever it is for sets his password and gets his authenticator. While no administrator has a password
 * (the first start), the service writes an invitation for the account "administrator" into app/setup-code, which only who may read app's
 * files can read. Each login takes password and code, all at once, so that nobody learns which was wrong.
 */
#ifndef TW_SUPPORT_STAFF_STAFF_H
#define TW_SUPPORT_STAFF_STAFF_H
#include "service/access/guard.h"
#include "service/access/login-who.h"
#include "service/access/totp.h"
#include "service/hash/hashing.h"
#include "support/platform/app.h"

#define TW_STAFF_WORKS TW_HASH_WAITING
#define TW_STAFF_KEPT 3 /* of these, for clients that are known: a crowd of strangers keeps nobody out */
#define TW_STAFF_INVITED_MS 86400000
#define TW_STAFF_SETUP "setup-code" /* in app's directory */
#define TW_ROLE_ADMINISTRATOR "administrator"

/* What the hash role computes for somebody. */
struct tw_staff_work {
	tw_later *later; /* NULL: free */
	struct tw_app *app;
	int64_t account; /* 0: there is no such */
	struct tw_login_who who;
	struct tw_phc began; /* of a login: what its password was compared with */
	char code[TW_TOTP_DIGITS + 1];
	uint8_t invitation[32]; /* of a joining: SHA-256 of its text */
};
struct tw_staff {
	struct tw_guard guard;
	struct tw_staff_work works[TW_STAFF_WORKS];
	bool proven; /* the request under way counted its failure itself, or is none */
};
tw_err tw_staff_start(struct tw_app *a, int dir); /* behind store, log and gate; dir: app's own */
void tw_staff_stop(struct tw_app *a);             /* what is computed has nobody to answer */

/* Sessions, and how long they live, from the store. Failed, what was known stays. */
tw_err tw_staff_sessions(struct tw_context *c);
/* The account of the path's parameter; rp holds a problem otherwise. */
tw_err tw_staff_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret);
/* Inside a transaction of the caller's: what let the account in before ends, and this does, once. */
tw_err tw_staff_invitation(struct tw_context *c, int64_t account, const struct tw_token *t);
#endif

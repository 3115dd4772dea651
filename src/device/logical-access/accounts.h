/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts: who may come to this device under a name. Owners are accounts too, with the role owner.
 *
 * An account has an id that is never given again ("a17"), a name that no other has whatever the case of its letters, and rights by its
 * roles alone. Rows live in the store; in memory are the owners only, so that a store that fails locks none of them out.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_ACCOUNTS_H
#define TW_DEVICE_LOGICAL_ACCESS_ACCOUNTS_H
#include "device/platform/device.h"
#include "service/access/guard.h"
#include "service/path/condition.h"

#define TW_CONDITIONS_MAX 2048 /* of an assignment, as JSON */
#define TW_ROLE_OWNER "owner"

static inline bool tw_account_owns(const struct tw_account *a)
{
	return tw_account_has(a->roles, TW_ROLE_OWNER);
}

/* The account of the path's parameter, and whether rq's subject may touch it: an owner's account is an owner's matter. Refused: rp
   holds the problem. */
tw_err tw_account_wanted(
	struct tw_context *c, const struct tw_request *rq, struct tw_slice id, struct tw_reply *rp, struct tw_account *ret);
/* Does the subject hold whatever whoever has these roles may do? An owner does. */
bool tw_account_covered(struct tw_context *c, const struct tw_subject *s, const char *roles);
int64_t tw_account_most_ms(enum tw_account_kind kind); /* how long one of that kind may live; 0: it has no end */
/* A problem when the account may do more than rq's subject, who is another, or for longer (role-end.h): what every change of one asks first. */
tw_err tw_account_reached(struct tw_context *c, const struct tw_request *rq, const struct tw_account *a, struct tw_reply *rp);
tw_err tw_account_last_owner(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp); /* a problem when it is he */
struct tw_placed;
/*
 * One change of an account: what act writes, the event that tells of it and the answer are one transaction; what memory holds follows by
 * steps that cannot fail. So whatever is refused or short, all of it was done or nothing.
 */
struct tw_account_work {
	struct tw_context *c;
	const struct tw_request *rq; /* NULL: the device does it by itself */
	struct tw_reply *rp;         /* NULL likewise */
	struct tw_account account;
	tw_err (*act)(struct tw_account_work *w);
	char what[128];                  /* for the event: "suspended" */
	bool ends_sessions;              /* of this account */
	bool to_owner;                   /* it becomes one */
	bool shows;                      /* the answer is the account as it then is; else it has none, unless act makes one */
	const char *word, *text, *hands; /* for act */
	const uint8_t *bytes;
	int64_t number, uses;
	struct tw_condition condition;
	struct tw_ending end;     /* of a role */
	struct tw_placed *placed; /* NULL, or what act ended in the store of what others put there */
};
tw_err tw_account_do(struct tw_account_work *w);

/* A client certificate, found again by the fingerprint of its key. */
struct tw_new_credential {
	int64_t account;
	const char *label;
	const uint8_t *key;
	const char *certificate; /* PEM */
	const char *hands;       /* placed.h; NULL: the account's own */
};
tw_err tw_credential_put(struct tw_device *d, const struct tw_new_credential *n, int64_t *ret_id); /* inside a transaction of the caller's */
#endif

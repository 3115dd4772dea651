/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts: who may come to this device under a name. Owners are accounts too, with the role owner.
 *
 * An account has an id that is never given again ("a17"), a name that no other has whatever the case of its letters, and rights by its
 * roles alone. Rows live in the store; in memory are the owners only, so that a store that fails locks none of them out.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_ACCOUNTS_H
#define TW_DEVICE_LOGICAL_ACCESS_ACCOUNTS_H
#include "device/logical-access/ending.h"
#include "service/access/name.h"
#include "device/platform/device.h"
#include "service/path/condition.h"

#define TW_ACCOUNTS_MAX 10000   /* about 4 MiB of store; more people than one device has */
#define TW_ACCOUNT_ROLES_MAX 8  /* of one account: whoever needs more needs a role of his own */
#define TW_ACCOUNT_GROUPS_MAX 8 /* of one account */
#define TW_ACCOUNT_WORDS_MAX (8 * 41)
#define TW_ACCOUNT_ID_MAX 20
#define TW_CONDITIONS_MAX 2048 /* of an assignment, as JSON */
#define TW_ROLE_OWNER "owner"

enum tw_account_kind {
	TW_ACCOUNT_PERSON,
	TW_ACCOUNT_SERVICE,
	TW_ACCOUNT_SHARED,
	TW_ACCOUNT_TEMPORARY,
	TW_ACCOUNT_EMERGENCY,
	TW_ACCOUNT_SUPPORTING,
	TW_ACCOUNT_KINDS
};
enum tw_account_state {
	TW_ACCOUNT_ACTIVE,
	TW_ACCOUNT_SUSPENDED, /* by somebody */
	TW_ACCOUNT_DISABLED,  /* for it was not used for too long */
	TW_ACCOUNT_EXPIRED,   /* never stored: its time is up, or nobody can tell */
};
struct tw_account {
	int64_t id;
	char name[TW_ACCOUNT_NAME_MAX + 1];
	enum tw_account_kind kind;
	enum tw_account_state state;          /* as it counts now */
	enum tw_account_state stored;         /* as the store has it */
	int64_t made_ms, active_ms, login_ms; /* login_ms 0: never yet */
	int64_t ends_ms;                      /* 0: it has no end */
	bool counts_uses;                     /* it may log in so often more: */
	int64_t uses_left;
	bool over; /* its time is up for certain, or its uses are; EXPIRED without it: the clock cannot be asked */
	char made_by[64], login_how[24], login_from[64];
	char roles[TW_ACCOUNT_WORDS_MAX], groups[TW_ACCOUNT_WORDS_MAX]; /* words with blanks between */
};

extern const char *const tw_account_kinds[TW_ACCOUNT_KINDS];

void tw_account_id(int64_t id, char ret[TW_ACCOUNT_ID_MAX + 2]); /* "a17" */
bool tw_account_id_read(struct tw_slice text, int64_t *ret);
/* NOTFOUND: there is none. What reads as expired is there until the job removes it. */
tw_err tw_account_get(struct tw_device *d, int64_t id, struct tw_account *ret);
tw_err tw_account_named(struct tw_device *d, const char *name, int64_t *ret); /* 0: nobody */
bool tw_account_has(const char *words, const char *word);
static inline bool tw_account_owns(const struct tw_account *a)
{
	return tw_account_has(a->roles, TW_ROLE_OWNER);
}
/* Each account behind that id, by id; visit ends it with an error of its own. Found by a part of its name, in any case, or by its id, and by its
 * kind; "" finds all. */
struct tw_account_search {
	int64_t after, most;
	const char *name, *kind;
};
tw_err tw_account_find(struct tw_device *d, const struct tw_account_search *s,
	tw_err (*visit)(void *user, const struct tw_account *a), void *user);
tw_err tw_account_each(
	struct tw_device *d, int64_t after, int64_t most, tw_err (*visit)(void *user, const struct tw_account *a), void *user);
tw_err tw_account_json(const struct tw_account *a, json_t **ret);

/* One line of what was done with accounts, in the store; inside a transaction of the caller's. The oldest go when there are many. */
struct tw_account_note {
	int64_t account;
	const char *name, *what, *who;
};
tw_err tw_account_note(struct tw_device *d, const struct tw_account_note *n);

struct tw_new_account {
	const char *name, *made_by;
	enum tw_account_kind kind;
	int64_t made_ms;
	int64_t lifetime_ms; /* 0: no end */
	int64_t uses;        /* how often it may log in; 0: as often as it likes */
};
/* Its row; inside a transaction of the caller's. */
tw_err tw_account_put(struct tw_device *d, const struct tw_new_account *n, int64_t *ret_id);
tw_err tw_account_role_put(struct tw_device *d, int64_t id, const char *role, const char *conditions, const char *by);

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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts as rows of the store: who may come in under a name, on the device and at the manufacturer's server.
 *
 * An account has an id that is never given again ("a17"), a name that no other has whatever the case of its letters, and rights by its
 * roles alone. What may be done with them, and by whom, is each side's.
 */
#ifndef TW_SERVICE_ACCESS_ACCOUNT_H
#define TW_SERVICE_ACCESS_ACCOUNT_H
#include "service/access/ending.h"
#include "service/access/name.h"

#define TW_ACCOUNTS_MAX 10000   /* about 4 MiB of store; more people than one device has */
#define TW_ACCOUNT_ROLES_MAX 8  /* of one account: whoever needs more needs a role of his own */
#define TW_ACCOUNT_GROUPS_MAX 8 /* of one account */
#define TW_ACCOUNT_WORDS_MAX (8 * 41)
#define TW_ACCOUNT_ID_MAX 20
#define TW_ACCOUNT_CHANGES_MAX 10000 /* lines of what was done: about a megabyte; the log keeps the rest */

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
tw_err tw_account_get(struct tw_context *c, int64_t id, struct tw_account *ret);
tw_err tw_account_named(struct tw_context *c, const char *name, int64_t *ret); /* 0: nobody */
bool tw_account_has(const char *words, const char *word);
/* Each account behind that id, by id; visit ends it with an error of its own. Found by a part of its name, in any case, or by its id, and by its
 * kind; "" finds all. */
struct tw_account_search {
	int64_t after, most;
	const char *name, *kind;
};
tw_err tw_account_find(struct tw_context *c, const struct tw_account_search *s,
	tw_err (*visit)(void *user, const struct tw_account *a), void *user);
tw_err tw_account_each(
	struct tw_context *c, int64_t after, int64_t most, tw_err (*visit)(void *user, const struct tw_account *a), void *user);
tw_err tw_account_json(const struct tw_account *a, json_t **ret);

/* One line of what was done with accounts, in the store; inside a transaction of the caller's. The oldest go when there are many. */
struct tw_account_note {
	int64_t account;
	const char *name, *what, *who;
};
tw_err tw_account_note(struct tw_context *c, const struct tw_account_note *n);

struct tw_new_account {
	const char *name, *made_by;
	enum tw_account_kind kind;
	int64_t made_ms;
	int64_t lifetime_ms; /* 0: no end */
	int64_t uses;        /* how often it may log in; 0: as often as it likes */
};
/* Its row; inside a transaction of the caller's. */
tw_err tw_account_put(struct tw_context *c, const struct tw_new_account *n, int64_t *ret_id);
tw_err tw_account_role_put(struct tw_context *c, int64_t id, const char *role, const char *conditions, const char *by);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: opened for whoever proved who he is, kept hashed, ended by the boot clock. See session.c. */
#ifndef TW_SERVICE_ACCESS_SESSION_H
#define TW_SERVICE_ACCESS_SESSION_H
#include "service/access/account.h"

#define TW_SESSIONS_MAX 128 /* of all accounts; one more ends the one that would end first */
#define TW_SESSION_ID 16    /* hex of the beginning of its hash: names it and opens nothing */
#define TW_TOKEN_TEXT 43    /* 32 bytes in base64url */

/* What a session was opened by, as it is kept and shown; a side has words of its own besides. */
#define TW_HOW_PASSWORD "password"
#define TW_HOW_PASSWORD_TOTP "password+totp"
#define TW_HOW_PASSWORD_PASSKEY "password+passkey"

/* Who put there what opened it: through whose hands it came. On a side where nobody lets others in so, of nobody. */
#define TW_HANDS_MAX 80 /* the text of some ids, with blanks between */
struct tw_placer {
	char hands[TW_HANDS_MAX]; /* "1 17"; "": of nobody but the account itself */
	int64_t ends_ms;          /* boot clock: when the session ends that it began in; 0: in none */
};
/* One of the hands is the account's own, and until when it may have what it gave itself; 0: for as long as any. */
int64_t tw_placed_until(const struct tw_placer *p, int64_t account);
/* Bound to the door it was opened at, and, where there was one, to the key of the connection. It remembers whose it is, never what he may. */
struct tw_session {
	bool used;
	uint8_t hash[32]; /* of the token's text */
	int64_t account;
	enum tw_door door;
	char how[24], source[64];
	bool has_key;
	uint8_t key[32];
	int64_t opened_ms;           /* wall clock */
	int64_t idle_ms;             /* for how long it may be unused, if that is less than the setting says; 0: as long as that */
	int64_t used_ms, expires_ms; /* boot clock; 0 when not used */
	struct tw_placer by;         /* through whose hands its code came */
	int64_t member;              /* of a shared account: the account of whoever uses it; 0: of no shared one */
	bool has_parent;             /* likewise: opened in a session of that one's, with which it ends */
	uint8_t parent[32];          /* its hash */
	bool supports;               /* it is a supporting party's */
	int64_t proven_ms;           /* boot clock, in memory only: when he last proved who he is; 0: not since core was started */
};
struct tw_guard;
void tw_access_limits_default(struct tw_context *c, struct tw_guard *ret); /* cannot fail */
tw_err tw_access_limits_read(struct tw_context *c, struct tw_guard *ret);
/* Of the shared rows (rows.yaml). */
tw_err tw_access_apply_idle(struct tw_context *c, const char *value);
tw_err tw_access_apply_limit(struct tw_context *c, const char *value);
tw_err tw_access_apply_list_max(struct tw_context *c, const char *value);
tw_err tw_access_apply_inactive(struct tw_context *c, const char *value);

/* Those that nobody can use any more, from store and memory. */
tw_err tw_access_sessions_sweep(struct tw_context *c);
bool tw_access_session_lives(const struct tw_context *c, const struct tw_session *s);
int64_t tw_access_session_due(const struct tw_context *c, const struct tw_session *s); /* when it ends, as it stands; -1: it has */
tw_err tw_access_session_told(struct tw_context *c, const struct tw_session *s);       /* its event */
tw_err tw_access_session_drop(struct tw_context *c, struct tw_session *s);
tw_err tw_access_sessions_read(struct tw_context *c, struct tw_guard *ret);
bool tw_access_has_session(const struct tw_context *c, int64_t account); /* one that lives */

/* Whose session, by what he came, and the request that asked (its door, source and key). */
struct tw_opening {
	int64_t account;
	const char *how;
	const struct tw_request *rq;
	struct tw_placer by;         /* zeros: through nobody's hands */
	int64_t idle_ms;             /* as the session's */
	int64_t member;              /* likewise */
	int64_t proven_ms;           /* of a member, likewise */
	const struct tw_session *in; /* the session that he asks in; NULL: none */
};
/* Random bytes, the text of them that is handed out, and its SHA-256, which is kept. Wiped at the end. */
struct tw_token {
	uint8_t bytes[32], hash[32];
	char text[TW_TOKEN_TEXT + 1];
};
tw_err tw_token_make(const struct tw_sys *sys, struct tw_token *t);
void tw_token_done(struct tw_token *t);
/* Opens a session: stored hashed, in the cache, the token's text handed out once. */
tw_err tw_access_session(struct tw_context *c, const struct tw_opening *o, char ret_token[TW_TOKEN_TEXT + 1]);
/* The same for somebody who has just proven who he is: the account remembers it. Inside a transaction of the caller's; when that fails, the
   cache has to be read anew. */
tw_err tw_access_login(struct tw_context *c, const struct tw_opening *o, char ret_token[TW_TOKEN_TEXT + 1]);
/* What a login is answered: the token, and when the one before was. before: the account as it was then. */
tw_err tw_access_login_reply(struct tw_context *c, const struct tw_account *before, const char *token, struct tw_reply *rp);
/* Ends the session whose token has this hash, if there is one. */
tw_err tw_access_session_end(struct tw_context *c, const uint8_t hash[32]);
/* All of an account, and its codes: in the store, inside the caller's transaction; and then in memory, which cannot fail. */
tw_err tw_access_sessions_drop(struct tw_context *c, int64_t account);
void tw_access_sessions_forget(struct tw_context *c, int64_t account);
/* The session of a token; NULL when there is no such session, or no longer. */
struct tw_session *tw_access_session_of(struct tw_context *c, struct tw_slice token);
void tw_session_id(const uint8_t hash[32], char ret[TW_SESSION_ID + 1]);
bool tw_access_session_fits(const struct tw_session *s, const struct tw_request *rq); /* its door, and its key where it has one */
struct tw_session *tw_access_session_by_hash(struct tw_context *c, const uint8_t hash[32]); /* NULL: none, though it may live no longer */
struct tw_slice tw_access_bearer(const struct tw_request *rq);                              /* empty: none was sent */
tw_err tw_access_wait(const struct tw_request *rq, int seconds, struct tw_reply *rp);       /* 429 */
tw_err tw_access_close(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* of the shared rows: the session that asks ends */
#endif

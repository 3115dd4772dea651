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
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/staff/challenge.h"

#define TW_STAFF_WORKS TW_HASH_WAITING
#define TW_STAFF_KEPT 3 /* of these, for clients that are known: a crowd of strangers keeps nobody out */
#define TW_STAFF_INVITED_MS 86400000
#define TW_STAFF_SETUP "setup-code" /* in app's directory */
#define TW_ROLE_ADMINISTRATOR "administrator"

/* Of a page that waits for the hash role: what it is written from when its answer comes. */
#define TW_STAFF_TO_MAX 120
#define TW_STAFF_DESK "/desk"
#define TW_STAFF_ME TW_STAFF_DESK "/me"
#define TW_STAFF_PASSKEYS TW_STAFF_DESK "/passkeys"
#define TW_STAFF_FRESH_MS 600000 /* so long behind a login or a proof accounts can be changed */
struct tw_staff_page {
	bool is; /* a page asked, and not a program */
	struct tw_look look;
	char account[TW_ACCOUNT_NAME_MAX + 1]; /* as typed */
	char to[TW_STAFF_TO_MAX + 1];          /* where it goes on; "": the desk */
};
/* What the hash role computes for somebody. */
/* Of what a passkey has to do with it: which, and what it was asked by; of a new one what it is to be called. id 0: none has. */
struct tw_staff_passkey {
	int64_t id;
	uint32_t counter;
	bool second; /* behind the password, which was judged before the page that asks for it */
	char purpose[48], challenge[TW_CHALLENGE_TEXT + 1], label[TW_ACCOUNT_NAME_MAX + 1];
};
enum tw_staff_why { TW_STAFF_LOGS_IN, TW_STAFF_PROVES, TW_STAFF_JOINS, TW_STAFF_CHANGES };
struct tw_staff_work {
	enum tw_staff_why why;
	tw_later *later; /* NULL: free */
	struct tw_app *app;
	int64_t account; /* 0: there is no such */
	struct tw_login_who who;
	struct tw_phc began; /* of a login: what its password was compared with */
	char code[TW_TOTP_DIGITS + 1];
	struct tw_staff_passkey passkey;
	tw_secret *password;    /* behind the passkey; NULL: none was typed, and it is enough */
	uint8_t invitation[32]; /* of a joining: SHA-256 of its text */
	uint8_t session[32];    /* of a proof, and of a new password: the hash of the session that asks */
	struct tw_staff_page page;
};
struct tw_staff {
	struct tw_guard guard;
	struct tw_staff_work works[TW_STAFF_WORKS];
	struct tw_challenges challenges;
	bool proven;                       /* the request under way counted its failure itself, or is none */
	const struct tw_staff_page *shown; /* while an answer that came later is written: its page's */
};
tw_err tw_staff_start(struct tw_app *a, int dir); /* behind store, log and gate; dir: app's own */
void tw_staff_stop(struct tw_app *a);             /* what is computed has nobody to answer */

/* Sessions, and how long they live, from the store. Failed, what was known stays. */
tw_err tw_staff_sessions(struct tw_context *c);
/* The account of the path's parameter; rp holds a problem otherwise. */
tw_err tw_staff_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret);
/* Inside a transaction of the caller's: what let the account in before ends, and this does, once. */
tw_err tw_staff_invitation(struct tw_context *c, int64_t account, const struct tw_token *t);

/* The token of whoever asks, bearer's or, of a page, the cookie's; and what his client is known by: a program says it, a browser has it as cookie. */
struct tw_slice tw_staff_token(const struct tw_request *rq);
void tw_staff_client(const struct tw_request *rq, char ret[TW_COOKIE_TEXT + 1]);

/* Own accounts (own.c). */
struct tw_session *tw_staff_session(struct tw_context *c, const struct tw_subject *s); /* that he was let in by; NULL: none */
tw_err tw_staff_self_account(struct tw_context *c, const struct tw_request *rq, struct tw_account *ret); /* of whoever asks for himself */
tw_err tw_staff_changed(struct tw_context *c, const struct tw_account *a, const char *what); /* by himself: its line and its event; inside a transaction */
tw_err tw_staff_session_ended(struct tw_reply *rp);
tw_err tw_staff_step_up(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* the context's */
tw_err tw_staff_own_work(struct tw_context *c, const struct tw_request *rq, struct tw_staff_work *ret); /* account and session of whoever asks */
tw_err tw_staff_proven(struct tw_staff_work *w, struct tw_reply *rp);
tw_err tw_staff_password_made(struct tw_staff_work *w, struct tw_slice made, struct tw_reply *rp);
/* See Other: the browser asks for the page anew, and a reload sends nothing twice. */
void tw_staff_page_on(const struct tw_staff_page *p, const char *to, struct tw_reply *rp);
/* The pages by which people come in and go (op-pages.c). */
bool tw_staff_own(const char *to); /* a page of the desk's, of this server: anything else nobody is sent to */
bool tw_staff_comes_in(const struct tw_request *rq, bool *ret_login);
struct tw_staff_page tw_staff_page_of(const struct tw_request *rq);
tw_err tw_staff_page_in(const struct tw_staff_page *p, const char *token, const char *client, struct tw_reply *rp);
tw_err tw_staff_page_joined(struct tw_context *c, const struct tw_staff_page *p, const char *name, const char *uri, struct tw_reply *rp);
void tw_staff_page_secret(struct tw_html *h, const char *uri); /* as an authenticator takes it when it is typed: in groups of four */
/* Why, in the words of whoever is at the form. */
void tw_staff_page_refusal(struct tw_html *h, struct tw_look look, const struct tw_reply *rp, uint64_t reference);
/* Of a form about his own account, and of whatever asks for a fresh proof: the form that asks for it. False: it is none of these (own-pages.c). */
bool tw_staff_own_refused_here(const struct tw_request *rq, const struct tw_reply *rp);
tw_err tw_staff_own_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
void tw_staff_wanted_page(const struct tw_request *rq, struct tw_staff_page *p); /* where whoever is asked first comes back to */
/* Of what was refused there, and of whatever a stranger may not see: the page to log in by. False: it is none of these. */
bool tw_staff_refused_here(const struct tw_request *rq, const struct tw_reply *rp);
tw_err tw_staff_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys of the staff: in place of password and code where the authenticator itself has seen who holds it (by a PIN, a finger, a face), else beside the
 * password in place of the code. The site is that of desk.json, and what was signed for any other page opens nothing, so nobody can be lured to show it
 * to somebody else. desk.json also says whose roles come in by a passkey alone: in a session by less they are nobody but themselves.
 */
#ifndef TW_SUPPORT_STAFF_PASSKEYS_H
#define TW_SUPPORT_STAFF_PASSKEYS_H
#include "service/access/passkey.h"
#include "support/staff/staff.h"

#define TW_HOW_PASSKEY "passkey"

struct tw_staff_site {
	char name[TW_PASSKEY_SITE_MAX + 1];
	const char *origin; /* desk.json's site */
};
/* False: desk.json names no site that a browser has passkeys for, which is a DNS name, or localhost. */
bool tw_staff_site(struct tw_context *c, struct tw_staff_site *ret);
/* What a challenge is for: TW_STAFF_LOGS_IN, of a session TW_STAFF_PROVES, and of a new passkey there TW_STAFF_CHANGES. second: the id of an account whose
   password was right; "": of none. */
void tw_staff_purpose(struct tw_staff_passkey *p, enum tw_staff_why why, const char *session, const char *second);

/* Whose roles come in by a passkey alone. */
bool tw_staff_by_passkey(const struct tw_session *s);
bool tw_staff_wants_passkey(struct tw_context *c, const char *roles);
tw_err tw_staff_lacks_passkey(struct tw_context *c, const struct tw_account *a,
	bool *ret);                                  /* his role wants it, he has one of this site, and did not show it */
tw_err tw_staff_passkey_needed(struct tw_reply *rp); /* the problem of that */

/* What accounts come in by. */
struct tw_staff_factors {
	int64_t account;
	int codes, passkeys; /* an authenticator that shows codes, which counts; and how many passkeys, of whatever site */
};
/* account 0: of all that have anything. */
tw_err tw_staff_factors(struct tw_context *c, int64_t account, tw_err (*take)(void *user, const struct tw_staff_factors *f), void *user);
tw_err tw_staff_factors_of(struct tw_context *c, int64_t account, struct tw_staff_factors *ret);
tw_err tw_staff_usable_passkeys(struct tw_context *c, int64_t account, int *ret); /* how many of these are of this site */

/* Of the path's parameter, one of his own; rp holds a problem otherwise. */
tw_err tw_staff_passkey_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_passkey *ret);
/* The password was right, and no code was given: whether the passkey is asked for now, on the page that is written then. */
tw_err tw_staff_second(struct tw_staff_work *w, const struct tw_account *a, struct tw_reply *rp, bool *ret);
/* The pages (passkey-pages.c). False: what was refused is none of theirs. */
bool tw_staff_passkey_refused_here(const struct tw_request *rq);
tw_err tw_staff_passkey_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
/* A line that leads to the page on which a passkey is shown in place of what is asked for; nothing where there are none. */
void tw_staff_passkey_link(struct tw_context *c, struct tw_html *h, const struct tw_staff_page *p, bool login);
#endif

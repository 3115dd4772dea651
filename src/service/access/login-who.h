/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who tries to log in, and the clients that an account is known to. Each has logged in to it, and was given a random text, whose SHA-256 is kept. It
 * opens nothing. It says that what strangers did to this account is not to be counted against whoever shows it.
 */
#ifndef TW_SERVICE_ACCESS_LOGIN_WHO_H
#define TW_SERVICE_ACCESS_LOGIN_WHO_H
#include "service/access/session.h"

#define TW_LOGIN_CLIENTS 16 /* that are known at one account; the one that came longest ago is forgotten for a new one */

/* Who tries to come in, as failures are counted. */
struct tw_login_who {
	char name[TW_ACCOUNT_NAME_MAX + 1]; /* as typed, in one case; there may be no such account */
	char source[64];                    /* of a known client: the client */
	bool known;
	uint8_t client[32]; /* SHA-256 of what it is known by */
};
/* By the name that was typed, the text that a client shows ("": none) and where it is; and which account that is, 0: none, which costs as much to find out. */
struct tw_login_typed {
	const char *name, *client, *source;
};
tw_err tw_login_who(struct tw_context *c, const struct tw_login_typed *t, struct tw_login_who *ret, int64_t *ret_account);
int tw_login_wait_s(struct tw_context *c, const struct tw_login_who *w);  /* 0: he may try */
void tw_login_failed(struct tw_context *c, const struct tw_login_who *w); /* counts against source and account */
/* A known client begins anew itself; what strangers did to the account goes on to make strangers wait. */
void tw_login_forgiven(struct tw_context *c, const struct tw_login_who *w);

tw_err tw_client_known(struct tw_context *c, int64_t account, const char *text, struct tw_login_who *ret);
/* Inside a transaction of the caller's: one that is known came again, which leaves ret_text as it is; or is known from now on by the text that is put
   there, of TW_TOKEN_TEXT + 1. */
tw_err tw_client_came(struct tw_context *c, int64_t account, const struct tw_login_who *who, const char *source, char *ret_text);
#endif

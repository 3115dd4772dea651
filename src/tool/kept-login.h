/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login to a device left in the directory of whoever logged in: logins/NAME.json, for his eyes only.
 *
 * The session's token lets in whoever has it, until the session ends. What makes this client a known one is kept for each account, and longer:
 * it opens nothing, and keeps the failures of strangers from being counted against this client.
 */
#ifndef TW_TOOL_KEPT_LOGIN_H
#define TW_TOOL_KEPT_LOGIN_H
#include "tool/owner.h"

#define TW_KEPT_LOCAL "@local" /* in place of a device's name, and none: the login at this machine's own local socket */

/* { "account", "token", "before": [ TOKEN ], "clients": { NAME: TEXT } }; without members when there is none. */
tw_err tw_kept_login_read(const tw_owner *o, const char *device, json_t **ret);
tw_err tw_kept_login_write(const tw_owner *o, const char *device, const json_t *kept);
const char *tw_kept_login_client(const json_t *kept, const char *account); /* NULL: not known there */
/* Takes what login.open answered, and what a session's end leaves: the clients. A login in a session's place keeps the one before beside it,
   since what hangs on that goes on. */
tw_err tw_kept_login_take(json_t *kept, const json_t *answer);
tw_err tw_kept_login_renew(json_t *kept, const json_t *answer, json_t **ret_out); /* the token there is no room for any more, to be ended; NULL: none */
void tw_kept_login_forget(json_t *kept);
#endif

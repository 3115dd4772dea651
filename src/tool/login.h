/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in and out at a device: login.c has the commands. */
#ifndef TW_TOOL_LOGIN_H
#define TW_TOOL_LOGIN_H
#include "tool/commands.h"
#include "tool/session.h"

/* In the place of the session, which is too old for what is dangerous: asks whoever sits at the terminal for a login of the same account, keeps
   it, and the session goes by it. STATE: what was kept of the login is gone. */
tw_err tw_login_again(struct tw_tool *t, const struct tw_session *s);
/* After what ended all sessions of the account: none is kept here any more. */
tw_err tw_login_forget(const struct tw_session *s);
#endif

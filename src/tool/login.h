/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in and out at a device: login.c has the commands. */
#ifndef TW_TOOL_LOGIN_H
#define TW_TOOL_LOGIN_H
#include "tool/commands.h"
#include "tool/session.h"

/* After what ended all sessions of the account: none is kept here any more. */
tw_err tw_login_forget(const struct tw_session *s);
#endif

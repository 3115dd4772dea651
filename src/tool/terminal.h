/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal of whoever runs the tool, beside its input and output, which may be files.
 *
 * A secret is typed without echo. The echo comes back however the question ends: answered, interrupted, ended by a signal, or stopped (Ctrl-Z),
 * and then the question is asked anew when the tool goes on. What was typed and not used does not reach the shell. Only SIGKILL leaves the
 * terminal without echo.
 */
#ifndef TW_TOOL_TERMINAL_H
#define TW_TOOL_TERMINAL_H
#include "base/buf.h"

#define TW_TERMINAL_LINE_MAX 1024
/* One line, without its end, into ret, whose memory is the caller's to reserve and wipe. NOTFOUND: there is no terminal. STATE: interrupted by
   what ends others. LIMIT: the line does not fit. An empty line is one. */
tw_err tw_terminal_secret(const struct tw_sys *sys, const char *prompt, struct tw_buf *ret);
tw_err tw_terminal_line(const struct tw_sys *sys, const char *prompt, struct tw_buf *ret); /* with echo */
bool tw_terminal_there(const struct tw_sys *sys);
/* Bytes of ours, as they are: what came from outside is cleaned before. NOTFOUND: there is no terminal. */
tw_err tw_terminal_show(const struct tw_sys *sys, struct tw_slice text);
#endif

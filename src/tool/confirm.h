/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a change that the device takes back unless it is confirmed: waits until the device lives by it, and confirms it.
 *
 * That is done over a connection that was made since: the one that carried the change may still go on where no new one would be let in.
 */
#ifndef TW_TOOL_CONFIRM_H
#define TW_TOOL_CONFIRM_H
#include "tool/session.h"

extern const struct tw_option tw_confirm_options[]; /* ends with an empty row */
/* changed: the answer of settings.change. Where it says that nothing waits, there is nothing to do. */
tw_err tw_confirm(struct tw_tool *t, const struct tw_args *a, const json_t *changed);
#endif

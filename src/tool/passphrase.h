/* SPDX-License-Identifier: Apache-2.0 */
/* A passphrase from a file or from the terminal, without echo; never from a command line, which everybody on the machine can read. */
#ifndef TW_TOOL_PASSPHRASE_H
#define TW_TOOL_PASSPHRASE_H
#include "base/mem.h"
#include "tool/tool.h"

struct tw_passphrase_ask {
	const char *file;   /* of one line; NULL: the terminal is asked */
	const char *prompt; /* "Passphrase of ./ca" */
	const char *option; /* "--passphrase-file", for the hint where there is no terminal */
	bool fresh;         /* a new one: asked twice, and not too short */
};
tw_err tw_passphrase_get(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret);
#endif

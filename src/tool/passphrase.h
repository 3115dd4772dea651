/* SPDX-License-Identifier: Apache-2.0 */
/* A passphrase from a file or from the terminal, without echo; never from a command line, which everybody on the machine can read. */
#ifndef TW_TOOL_PASSPHRASE_H
#define TW_TOOL_PASSPHRASE_H
#include "base/mem.h"
#include "tool/tool.h"

struct tw_passphrase_ask {
	const char *file;   /* of one line, - is standard input; NULL: the terminal is asked */
	const char *prompt; /* "Passphrase of ./ca" */
	const char *option; /* "--passphrase-file", for the hint where there is no terminal */
	bool fresh;         /* a new one for keys of ours: asked twice, and not too short */
	bool twice;         /* a new one that somebody else judges: asked twice */
};
tw_err tw_passphrase_get(struct tw_tool *t, const struct tw_passphrase_ask *ask, tw_secret **ret);
/* Into what goes to a device. */
tw_err tw_passphrase_put(struct tw_tool *t, const struct tw_passphrase_ask *ask, json_t *body, const char *key);
#endif

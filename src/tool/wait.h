/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a task of a device: shows how far it is, on stderr, and comes back with what became of it.
 *
 * An interruption (Ctrl-C) ends the waiting and not the task, as a lost connection would; what to type to see or end it is said.
 * A device that starts again in between is waited for.
 */
#ifndef TW_TOOL_WAIT_H
#define TW_TOOL_WAIT_H
#include "tool/client.h"
#include "tool/tool.h"

/* From here on the first Ctrl-C ends the waiting; a second one ends the program as ever. Before the task is begun, so that none
   is begun and not spoken of. */
void tw_task_wait_prepare(void);
/* answer: the last one of tasks.read. An error: interrupted, unreachable for too long, or refused. quiet: nothing on stderr. */
tw_err tw_task_wait(struct tw_tool *t, tw_client *c, const char *id, bool quiet, struct tw_answer *answer);
#endif

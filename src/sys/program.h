/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program to its end: a fixed path and words, no shell, a bound on its time and on what it says. */
#ifndef TW_SYS_PROGRAM_H
#define TW_SYS_PROGRAM_H
#include "base/buf.h"
#include "base/sys.h"

struct tw_program {
	const char *path;
	char *const *argv, *const *envp; /* each ended by NULL */
	int input;                       /* -1: it reads nothing */
	int wait_ms;
};
/*
 * What it says on both its outputs until it ends goes to ret, which has its bound; what it leaves behind may keep them. *ret_status: as it ended, -1 when
 * by a signal. TIMEOUT, LIMIT: it was killed.
 */
tw_err tw_program_run(const struct tw_sys *sys, const struct tw_program *p, struct tw_buf *ret, int *ret_status);
#endif

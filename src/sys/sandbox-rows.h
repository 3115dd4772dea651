/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of system calls, one row each: for whom, and on what terms. The sandbox is built from it, test/sandbox checks a
 * running release binary against it, and documents print it. Whatever is not in it answers EPERM.
 */
#ifndef TW_SYS_SANDBOX_ROWS_H
#define TW_SYS_SANDBOX_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tw_call_rule {
	TW_CALL_ALLOW,
	TW_CALL_ARGS, /* allowed when an argument is as `test` says; else EPERM. Several rows of one call are alternatives */
	TW_CALL_KILL, /* no honest role comes near: the process ends */
};

/* (argument & mask) == value; a mask of 0 tests nothing. */
struct tw_call_test {
	unsigned argument;
	uint64_t mask, value;
};

struct tw_call_row {
	const char *name;
	int number;
	unsigned want; /* any of these wants brings the row in; 0: every role has it */
	enum tw_call_rule rule;
	struct tw_call_test test[2]; /* both must hold */
};

extern const struct tw_call_row tw_call_rows[]; /* ends with name NULL */
/* What the sanitizers' own code needs beside. Empty in every other build. */
extern const struct tw_call_row tw_call_rows_san[];
extern const bool tw_sandbox_san; /* this is such a build: stays dumpable, may read /proc, ptrace is not fatal */

/* Whether a row is in force for a role. */
static inline bool tw_call_wanted(const struct tw_call_row *row, unsigned want)
{
	return row->want == 0 || (row->want & want) != 0;
}

#endif

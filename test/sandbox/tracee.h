/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program stopped at the moment its system call filter came into force, and made to try calls there. Nothing in the program
 * helps: it is started as its parent would start it and held by ptrace.
 */
#ifndef TW_TEST_TRACEE_H
#define TW_TEST_TRACEE_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct tracee {
	pid_t pid;
	struct user_regs_struct regs; /* as at the stop */
	uint64_t call_at;             /* where a system call instruction is */
	uint64_t scratch;             /* memory of its stack that nothing needs */
};

/* argv and fds as for exec; fds[i] becomes i. False: it ended before there was a filter. */
bool tracee_start(struct tracee *t, const char *program, char *const *argv, const int *fds, int fd_count);
void tracee_end(struct tracee *t);
bool tracee_put(const struct tracee *t, const void *data, size_t size);     /* at scratch */
#define TRACEE_KILLED INT64_MIN                                             /* the filter ended the process */
int64_t tracee_call(struct tracee *t, long number, const uint64_t args[6]); /* what the kernel answers: -errno, or the result */
#endif

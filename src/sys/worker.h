/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fork that runs a function of ours: for other people's code, which may hang, crash or write where it should not.
 *
 * A process and not a thread: a thread that hangs can never be ended, and shares our memory with what it was not given. The parent
 * must have one thread only. The child ends with the parent.
 */
#ifndef TW_SYS_WORKER_H
#define TW_SYS_WORKER_H
#include "base/err.h"
#include "base/sys.h"

/* run gets the child's end of a SOCK_SEQPACKET pair, ret_fd is the other one; the child ends when run returns. */
tw_err tw_worker_start(const struct tw_sys *sys, void (*run)(void *user, int fd), void *user, pid_t *ret_pid, int *ret_fd);
/* In the child: the two descriptors become these numbers; of all others only 0, 1 and 2 stay. */
enum { TW_WORKER_FIRST = 3, TW_WORKER_SECOND = 4 };
tw_err tw_worker_keep(int first, int second);
/* Zeroed memory that this process and its workers write to; what a worker left there outlives it. There until the process ends. */
tw_err tw_worker_shared(size_t size, void **ret);
void tw_worker_end(pid_t pid); /* at once, whatever it is doing; 0: there is none */
#endif

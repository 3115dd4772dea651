/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a role on demand: two channels, one kind of message to answer, and an end by itself when nothing has come for a while.
 *
 * Descriptors at birth: 0,1,2 null, null, log   3 hands   4 core   5 null   6 what its row in hands' table names
 */
#ifndef TW_SERVICE_ERRAND_H
#define TW_SERVICE_ERRAND_H
#include "base/buf.h"
#include "service/role.h"

#define TW_ERRAND_IDLE_MS 10000 /* the next piece of the same work saves a start; after that nothing is left in memory */
#define TW_ERRAND_WAITS 8

struct pollfd;

struct tw_errand_work {
	const struct tw_channel_row *rows; /* what core may say */
	/* One message of core's. It may block as long as the work takes; core ends a role that takes too long. UNTRUSTED: core broke the rules. */
	tw_err (*serve)(void *user, tw_channel *core, const struct tw_message *m);
	void *user;
	int idle_ms; /* without a message it ends by itself; 0: TW_ERRAND_IDLE_MS */
	/* Beside messages: what it waits for (at most TW_ERRAND_WAITS), how long at most, and what it then does. NULL, or 0: nothing. */
	size_t (*waits)(void *user, struct pollfd *ret, int *ret_ms);
	tw_err (*turn)(void *user, tw_channel *core);
};
/* All of what a descriptor at birth has, which is set up in b: nothing, where it is /dev/null because the file is missing. max: one byte more than is
   wanted tells what is too long. A password is read without a copy left behind; b is the caller's to wipe. */
tw_err tw_errand_read(const struct tw_sys *sys, int fd, size_t max, struct tw_buf *b);
int tw_errand_run(const struct tw_sys *sys, const struct tw_errand_work *w); /* the exit status: 0 when idle, drained or left by core */
#endif

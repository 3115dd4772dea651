/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local socket, on the side of whoever answers: core of the device, app of the support service. HTTP/1.1 as at the front door, by the same
 * parser, accepted here so that the kernel says who is calling.
 */
#ifndef TW_SERVICE_DOOR_LOCAL_H
#define TW_SERVICE_DOOR_LOCAL_H
#include "service/path/path.h"

struct event_base;

/* What the door asks of its side, which outlives it. */
struct tw_local_side {
	struct tw_context *context;
	struct event_base *loop;
	uid_t own_uid;    /* beside root, whose word counts as LOCAL */
	bool takes_later; /* answers that come later are waited for: whoever computes one counts failures by user, not by process */
	void (*settle)(void *user); /* a request was walked: timers may be due */
	void *user;
};
typedef struct tw_door_local tw_door_local;
/* fd listens, and stays the caller's. On an error *ret, if set, is still to be freed. */
tw_err tw_door_local_new(const struct tw_local_side *side, int fd, tw_door_local **ret);
tw_door_local *tw_door_local_free(tw_door_local *d);
#endif

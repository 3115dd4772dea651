/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening socket of core or app: what arrives is passed on, a few at a time, so that a crowd at one door does not hold up the others.
 *
 * Out of descriptors or memory it stops listening and tries again after a second, or as soon as its door says that it has closed
 * one: a listener that cannot be served would otherwise wake the loop without end. While all is well it has no timer.
 */
#ifndef TW_SERVICE_DOOR_LISTENER_H
#define TW_SERVICE_DOOR_LISTENER_H
#include "base/err.h"
#include "base/sys.h"

struct event;
struct event_base;

#define TW_LISTENER_AT_ONCE \
	3 /* then those already in are heard: fewer than the smallest share of places, which newcomers push out of */
#define TW_LISTENER_RETRY_MS 1000

struct tw_listener {
	const struct tw_sys *sys;
	int fd;                           /* stays the caller's */
	void (*take)(void *user, int fd); /* owns fd */
	void *user;
	struct event *readable, *retry;
	bool resting;
};

tw_err tw_listener_start(struct tw_listener *l, struct event_base *loop); /* the fields above the events are set. NOMEM */
void tw_listener_stop(struct tw_listener *l);                             /* also of one that was never started */
void tw_listener_resume(struct tw_listener *l);                           /* a descriptor was closed */
#endif

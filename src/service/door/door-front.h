/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door that front frames requests for, on the side of whoever answers them: core of the device, app of the support service.
 *
 * What front says of a connection is believed of the network only: whatever comes through here is a network subject. A client that
 * vanishes is not front's fault: GONE is allowed at any time, and a reply to nobody is dropped there. What only a broken or
 * captured front would send ends it.
 */
#ifndef TW_SERVICE_DOOR_FRONT_H
#define TW_SERVICE_DOOR_FRONT_H
#include "crypto/cert.h"
#include "service/path/path.h"

struct event_base;

/* What front shows to the world now. A generation changes with its certificate. */
struct tw_front_shown {
	const tw_cert *listener;
	struct tw_slice between; /* DER of what vouches for the listener's certificate, of a server; empty: nothing */
	const tw_cert *named;    /* named: with the owner's names, over the same key; NULL: none */
	uint32_t listener_generation, named_generation;
};
/* What the door asks of its side, and tells it. */
struct tw_front_side {
	void (*ready)(void *user);                   /* front has had an answer from its own request */
	void (*broke)(void *user, const char *what); /* front broke the rules of its channel */
	void (*lost)(void *user);   /* the channel cannot go on, and front waits for answers that will never come */
	void (*settle)(void *user); /* requests were walked: timers may be due */
	struct tw_front_shown (*shows)(void *user);
};
typedef struct tw_door_front tw_door_front;
/* side stays the caller's. The context gets its streams. On an error *ret, if set, is still to be freed. */
tw_err tw_door_front_new(
	struct tw_context *c, struct event_base *loop, int fd, const struct tw_front_side *side, void *user, tw_door_front **ret);
tw_door_front *tw_door_front_free(tw_door_front *d);
void tw_door_front_announce(tw_door_front *d); /* sends the listener's certificate when front has not got the present one */
#endif

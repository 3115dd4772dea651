/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dangerous operations want a fresh proof from whoever comes by a session: that he logged in a moment ago, for this very request.
 *
 * A session that is left open, or whose token is stolen, can so read and go on with daily work, and give nobody a way in or a right. Who
 * comes by a client certificate proves himself at each connection and is not asked. An account with a password or with somebody at the organization's
 * provider has a login to prove it by; one with neither is not asked, for whoever sits at its session could not be told from its owner. A first password of
 * one's own is dangerous too: by it whoever gives it comes back.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_STEP_UP_H
#define TW_DEVICE_LOGICAL_ACCESS_STEP_UP_H
#include "base/buf.h"
#include "service/access/places.h"

#include <stdint.h>

struct tw_context;
struct tw_device;
struct tw_request;
struct tw_reply;

#define TW_STEP_UPS_MAX TW_PLACES_MAX /* at a time */
#define TW_STEP_UPS_OWN 4             /* of one account, which may have several requests under way; one more ends its oldest */
#define TW_STEP_UP_MS 60000
#define TW_STEP_UP_FIELD "Thingward-Step-Up"

/* For one request of one account, once. */
struct tw_step_up {
	int64_t expires_ms; /* boot clock; past: free */
	int64_t account;    /* of a shared account's session: the member's */
	uint8_t hash[32];   /* of the token's text */
	uint8_t digest[32]; /* of the request that it is for */
};
tw_err tw_step_up_find(struct tw_device *d, struct tw_slice token, struct tw_step_up **ret); /* NULL: there is none */
/* The path's: a problem, unless the request needs none or came with one of its own, which is used up. */
tw_err tw_access_step_up_asked(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
#endif

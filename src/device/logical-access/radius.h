/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords that the organization's RADIUS server judges, and not the device.
 *
 * An account has either a password of the device's or one of the server's, never both: so whatever the server says or does not say, there is nothing
 * to fall back to. A no, silence, an answer by somebody else and a server that wants more than a password all let nobody in. Which server that
 * is, and the secret shared with it, only owners say, since whoever says it may come in to each of these accounts.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_RADIUS_H
#define TW_DEVICE_LOGICAL_ACCESS_RADIUS_H
#include "device/logical-access/login.h"
#include "service/fetch/ask-wire.h"

#define TW_RADIUS_AGAIN_MS 2000 /* RFC 5080 section 2.2.1 */

struct tw_radius_server {
	struct tw_place place;
	uint16_t deadline_ms;
	tw_secret *secret; /* the caller's to free */
};
/* NOTFOUND: none is named, or no secret is shared with it. */
tw_err tw_radius_server(struct tw_device *d, struct tw_radius_server *ret);
tw_err tw_radius_secret_is(struct tw_device *d, bool *ret);

/* Before a password is looked at: when it is the server's to judge, the device computes the same as of any other and asks the server then. */
tw_err tw_radius_takes(struct tw_login_work *w, struct tw_slice password);
#endif

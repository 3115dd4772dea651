/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links of the product's own: programs (providers of the kind link) that each drive one that the kernel knows nothing of.
 *
 * Who may be one the signed manifest says, by the user it runs as, which the kernel tells, and what its link is called. It says technology, driver and state,
 * and is told whether the link may be on. Its word is all that the device has of such a link: that it is off cannot be read back. Here is what it said last;
 * what is made of that is for the interfaces (device/interfaces/own.c).
 */
#ifndef TW_DEVICE_PLATFORM_LINK_H
#define TW_DEVICE_PLATFORM_LINK_H
#include "device/platform/device.h"

#define TW_LINK_EACH_MS \
	5000 /* what it says is paid for in so long: a link that flaps fills no log, and takes no other's place in it */
#define TW_LINK_AT_ONCE 10

bool tw_link_is(const struct tw_device *d, size_t at);           /* whether this provider of the manifest's is one */
bool tw_link_here(const struct tw_device *d, size_t at);         /* it is connected, and has said how its link is */
const char *tw_link_state(const struct tw_device *d, size_t at); /* "off" "down" "up" "unknown" "unwatched" */
/* For the door. ret_rule: why it was refused, NULL when it was taken. An error is the end of the connection. */
tw_err tw_link_says(struct tw_device *d, const tw_channel *line, struct tw_slice payload, const char **ret_rule);
void tw_link_left(struct tw_device *d, size_t at);             /* whoever it was that left its seat */
tw_err tw_link_tell(struct tw_device *d, size_t at, bool may); /* that it may be on, or has to be off. TIMEOUT: it does not read; CLOSED */
#endif

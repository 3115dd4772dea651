/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's own button: that somebody stands at it and pressed it, as a program of the product's says (a provider of the kind button).
 *
 * Who may say so the signed manifest says, by the user it runs as, which the kernel tells. A press walks the one path as the subject "button" by the
 * door "button", which may do one thing: confirm what waits for somebody to be there (presence.confirm). What that is, whether it waited before the button
 * went down, and whether the press is too old, whoever is confirmed to decides. Who presses for nothing waits, each time twice as long,
 * until he has let it be for the longest of these waits.
 */
#ifndef TW_DEVICE_PLATFORM_PRESENCE_H
#define TW_DEVICE_PLATFORM_PRESENCE_H
#include "device/platform/device.h"

#define TW_PRESENCE_WAIT_MS 1000       /* after a press for nothing */
#define TW_PRESENCE_WAIT_MOST_MS 60000 /* a person who wants something waits no longer for those who played before */

/* For the door. ret_rule: why not, "" when it confirmed something. An error is the end of the connection. */
tw_err tw_presence_report(struct tw_device *d, const tw_channel *line, struct tw_slice payload, char ret_rule[TW_PROVIDER_RULE]);
bool tw_presence_there(const struct tw_device *d); /* a button is connected */
#endif

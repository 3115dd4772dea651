/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the product lives by, and what does not come back as it was: a link that is up has neither addresses nor routes when its device is given
 * its driver again, a disk's file systems are gone, the TPM's sessions likewise. While a change may still go back, none of these is switched off.
 */
#ifndef TW_DEVICE_PARTS_IN_USE_H
#define TW_DEVICE_PARTS_IN_USE_H
#include "device/parts/tree.h"

struct tw_in_use {
	const struct tw_watch_look *tree;
	int mounts; /* /proc/self/mountinfo; what it does not have cannot be seen, and then every disk is in use */
};
/* STATE: such is beneath that device, and which; IO, LIMIT: that cannot be said. */
tw_err tw_in_use(const struct tw_in_use *u, const char *bus, const char *device);
#endif

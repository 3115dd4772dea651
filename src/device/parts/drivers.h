/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial lines, cameras, microphones and other components: off is a device whose driver is taken away (unbind), for then the kernel has nothing
 * by which anybody could open it, root included; permissions of a device node hold for everybody but root, and until udev makes it anew.
 *
 * A device without a driver has no name as a camera any more. So whose driver is taken away, and what it was off as, is said first, kept by
 * core, and then done: by that it is given back, also after any end of this process.
 */
#ifndef TW_DEVICE_PARTS_DRIVERS_H
#define TW_DEVICE_PARTS_DRIVERS_H
#include "base/buf.h"
#include "device/parts/in-use.h"
#include "service/firewall/taken.h"

struct tw_drivers {
	const struct tw_watch_look *tree;
	const struct tw_off *off;
	struct tw_taken *taken;         /* that may be, or was, taken away */
	const struct tw_in_use *in_use; /* while a change may go back; NULL: what the list says is off, whatever works by it */
	struct tw_parts_to to;
};
/* Takes away and gives back; whose driver would have to be taken away and may not yet be, into takes (taken.h). STATE: in use; IO; LIMIT; NOMEM */
tw_err tw_drivers_put(const struct tw_drivers *d, struct tw_buf *takes);

/*
 * Those words of taken that the list still has off and that are of no use, behind a put: out of it, and into gone, when there is somebody to tell.
 * The device is not there, or it has a driver and was not found by that word. Else what comes and goes would fill the list with its names.
 */
tw_err tw_drivers_gone(const struct tw_drivers *d, struct tw_buf *gone);
/* As the kernel says now. STATE: what is not as it is to be; adds those that are off to *count. */
tw_err tw_drivers_check(const struct tw_drivers *d, uint32_t *count);
#endif

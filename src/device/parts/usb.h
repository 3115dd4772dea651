/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB by the kernel's own switch: a device, or one interface of it, that is not authorized has no driver and nothing speaks to it.
 *
 * While a list names anything of USB, a bus authorizes nothing by itself (authorized_default); what is plugged in and is not to be off is
 * authorized here. So what is to be off never works for a moment, and with nobody here to judge it nothing that is new works. A class is
 * of an interface: of a stick that is a keyboard as well, only the one half is off. When the list names nothing any more, the buses have what
 * the system has said by usbcore.authorized_default.
 */
#ifndef TW_DEVICE_PARTS_USB_H
#define TW_DEVICE_PARTS_USB_H
#include "device/parts/in-use.h"
#include "service/firewall/taken.h"

struct tw_usb {
	const struct tw_watch_look *tree;
	const struct tw_off *off, *was;
	const struct tw_taken *taken;   /* whose driver drivers.c has taken away; NULL: nobody's */
	const char *stays;              /* what usb:* leaves alone: "1-1 1-2*" */
	const struct tw_in_use *in_use; /* as in drivers.h */
	struct tw_parts_to to;
};
/* Puts what differs. STATE: in use; IO; LIMIT */
tw_err tw_usb_put(const struct tw_usb *u);
/* As the kernel says now. STATE: what is not as it is to be; adds those that are off to *count. */
tw_err tw_usb_check(const struct tw_usb *u, uint32_t *count);
#endif

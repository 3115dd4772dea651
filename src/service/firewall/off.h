/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interfaces are to be off, as words with one blank between: "link:eth1 link:can* radio:wlan usb:storage serial:ttyS1". Pure.
 *
 * link:NAME, serial:NAME, camera:NAME, microphone:NAME: as the kernel names it, or how its name begins, or * for all. radio: what it is, or *.
 * usb:*, usb:CLASS, usb:VVVV:PPPP, usb:VVVV:PPPP:SERIAL. component:BUS/DEVICE: any other device that has a driver, as the kernel's tree names it.
 * service:NAME: a program that the system's service manager runs, one by one and by its name there.
 */
#ifndef TW_SERVICE_OFF_H
#define TW_SERVICE_OFF_H
#include "base/err.h"
#include "base/text.h"

#define TW_OFF_MAX 64                       /* words */
#define TW_OFF_SETTING_MAX (TW_OFF_MAX / 2) /* of one list, so that the one before has room beside it */
#define TW_OFF_RADIOS 9

enum tw_off_kind {
	TW_OFF_LINK,
	TW_OFF_RADIO,
	TW_OFF_USB,
	TW_OFF_SERIAL,
	TW_OFF_CAMERA,
	TW_OFF_MICROPHONE,
	TW_OFF_COMPONENT,
	TW_OFF_SERVICE,
	TW_OFF_KINDS
};
extern const char *const tw_off_kinds[TW_OFF_KINDS]; /* "link" */
struct tw_off_word {
	enum tw_off_kind kind;
	struct tw_slice text; /* all of it */
	struct tw_slice name; /* of the text that was read */
	bool any;             /* whatever begins so */
	int usb_class;        /* of usb:CLASS; -1: it is none */
	bool is_model;        /* usb:VVVV:PPPP */
	uint16_t vendor, product;
	struct tw_slice serial; /* "": whichever */
};
struct tw_off {
	size_t count;
	struct tw_off_word words[TW_OFF_MAX];
};
/* The next word of those with one blank between, cut off text, which is not empty. SYNTAX: a blank behind the last. */
tw_err tw_off_next(struct tw_slice *text, struct tw_slice *ret);
/* "": none. SYNTAX: what is wrong with which word; DENIED: the loopback, which is no way in, and services without which nobody could switch on
   again; LIMIT: too many. */
tw_err tw_off_read(struct tw_slice text, struct tw_off *ret);
bool tw_off_has(const struct tw_off *o, enum tw_off_kind kind, const char *name); /* of any kind but USB */
bool tw_off_has_kind(const struct tw_off *o, enum tw_off_kind kind);
extern const char *const tw_off_radios[TW_OFF_RADIOS]; /* by the kernel's number; [0] is "" */
#endif

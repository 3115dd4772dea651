/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the watch role say to one another: what interfaces the device has, and that they have changed. Core asks, so that it is
 * never told more than once for each question. Integers big-endian, blocks length-prefixed.
 *
 * core  -> watch  LOOK: what is there now? With how often it has to look by itself, for what tells nobody that it changes.
 * watch -> core   SEEN for each LOOK; CHANGED, once after each SEEN, when it is so no more; FAILED instead of SEEN.
 */
#ifndef TW_SERVICE_WATCH_WIRE_H
#define TW_SERVICE_WATCH_WIRE_H
#include "sys/channel.h"

enum tw_watch_wire {
	TW_WATCH_LOOK = 0x0b01, /* u32 seconds */
	TW_WATCH_SEEN = 0x0b11, /* u8 enum tw_watch_missed, then items */
	TW_WATCH_CHANGED,       /* empty */
	TW_WATCH_FAILED,        /* words */
};
#define TW_WATCH_SEEN_MAX (24 * 1024) /* some 250 interfaces; a device that has more has a list that says so */
#define TW_WATCH_PERIOD_MAX 86400
extern const struct tw_channel_row tw_rows_watch_from_core[], tw_rows_core_from_watch[];

enum tw_watch_kind {
	TW_WATCH_LINK = 1,
	TW_WATCH_SOCKET,
	TW_WATCH_RADIO,
	TW_WATCH_BLUETOOTH,
	TW_WATCH_USB,
	TW_WATCH_SERIAL,
	TW_WATCH_CAMERA,
	TW_WATCH_MICROPHONE,
	TW_WATCH_INPUT,
	TW_WATCH_STORAGE,
	TW_WATCH_SERVICE, /* of which the watch role knows nothing: a provider says it (device/services) */
	TW_WATCH_KINDS
};
extern const char *const tw_watch_kinds[TW_WATCH_KINDS]; /* "link"; [0] is "" */
/* What SEEN does not tell all of. */
enum tw_watch_missed { TW_WATCH_FULL = 1, TW_WATCH_NO_LINKS = 2, TW_WATCH_NO_SOCKETS = 4, TW_WATCH_NO_DEVICES = 8 };

#define TW_WATCH_NAME_MAX 95
#define TW_WATCH_WORDS_MAX 127
/* All texts are printable ASCII; a name is never empty, and there is one of each kind and name. */
struct tw_watch_item {
	enum tw_watch_kind kind;
	struct tw_slice name;    /* "eth0", "tcp 0.0.0.0:8443", "usb 1-1" */
	struct tw_slice what;    /* "ethernet", the product's name for itself, whose socket it is */
	struct tw_slice driver;  /* "" unknown */
	struct tw_slice address; /* of a link, or vendor and product of what is on USB */
	struct tw_slice state;   /* "up", "listening", "authorized" */
};
tw_err tw_watch_item_write(const struct tw_watch_item *i, struct tw_buf *ret);
/* The next of *rest, which it moves on, as if the other side were hostile; what it has borrows from there. SYNTAX. */
tw_err tw_watch_item_read(struct tw_slice *rest, struct tw_watch_item *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look at what interfaces the device has: links and listening sockets as the kernel says when asked, devices as its tree /sys has them.
 *
 * A source that fails is left out and said to be missing; the others are looked at all the same. What is found is plain text of
 * bounded length, whatever a device says of itself.
 */
#ifndef TW_DEVICE_WATCH_LOOK_H
#define TW_DEVICE_WATCH_LOOK_H
#include "device/watch/lines.h"
#include "service/watch/watch-wire.h"

struct tw_watch_look {
	const struct tw_sys *sys;
	const char *tree; /* "/sys" */
	const struct tw_watch_lines *lines;
	struct tw_buf *ret; /* the payload of SEEN */
};
tw_err tw_watch_look(const struct tw_watch_look *l); /* NOMEM */

/* For the files of this folder. Each LIMIT: there was no room for all. */
tw_err tw_watch_add(const struct tw_watch_look *l, const struct tw_watch_item *i);
tw_err tw_watch_look_links(const struct tw_watch_look *l);
tw_err tw_watch_look_sockets(const struct tw_watch_look *l);
tw_err tw_watch_look_devices(const struct tw_watch_look *l);
/* A file of the tree as plain text, "" when it is not there or says nothing. The path: of words, with slashes between. */
#define TW_WATCH_TEXT 96
void tw_watch_text(const struct tw_watch_look *l, char ret[TW_WATCH_TEXT], const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The value behind KEY= in a device's uevent. */
void tw_watch_value(const struct tw_watch_look *l, const char *key, char ret[TW_WATCH_TEXT], const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* At most max names of a directory of the tree, each handed to visit; a directory that is not there has none. */
tw_err tw_watch_names(const struct tw_watch_look *l, const char *directory, bool (*visit)(void *user, const char *name), void *user);
#endif

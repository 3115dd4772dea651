/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's tree of devices, for the two files that change something in it: read as watch reads it, and written one attribute at a time. */
#ifndef TW_DEVICE_PARTS_TREE_H
#define TW_DEVICE_PARTS_TREE_H
#include "device/watch/look.h"

#define TW_TREE_NAME_MAX 63
#define TW_TREE_NAMES_MAX 512

/* Told of one that was on and is off: "camera", "video0". */
typedef tw_err tw_parts_held(void *user, const char *kind, const char *name);
struct tw_parts_to {
	tw_parts_held *held; /* NULL: nobody */
	void *user;
};
struct tw_tree_names {
	size_t count;
	char of[TW_TREE_NAMES_MAX][TW_TREE_NAME_MAX + 1];
};
/* Of several errors the first, with its words, while the rest is gone on with; DENIED before all others, since that only a new start mends. */
struct tw_tree_first {
	tw_err e;
	char why[TW_DETAIL_MAX];
};
void tw_tree_note(struct tw_tree_first *f, tw_err e); /* the error that was raised last, or TW_OK */
tw_err tw_tree_raise(const struct tw_tree_first *f);  /* TW_OK: there was none */
/* The names of a directory; what is longer or has other letters than names of devices is left out. LIMIT: more than TW_TREE_NAMES_MAX; IO */
tw_err tw_tree_list(const struct tw_watch_look *t, struct tw_tree_names *ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether there is such a file or directory. */
bool tw_tree_has(const struct tw_watch_look *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One attribute. NOTFOUND: it, or its device, has gone. DENIED: it may not be written. IO, with the path. */
tw_err tw_tree_write(const struct tw_watch_look *t, const char *value, const char *format, ...) __attribute__((format(printf, 3, 4)));
#endif

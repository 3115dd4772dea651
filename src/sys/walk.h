/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything beneath a directory, one entry at a time, in an order that only the names decide, so that a walk can be left at any entry
 * and taken up behind it later, in another process. Links are not followed, other file systems not entered; what is too deep or too
 * large to be looked at is said and not passed over in silence.
 */
#ifndef TW_SYS_WALK_H
#define TW_SYS_WALK_H
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define TW_WALK_PATH_MAX 1023
#define TW_WALK_DEPTH_MAX 32                /* descriptors that are open at once */
#define TW_WALK_NAMES_MAX (2 * 1024 * 1024) /* of one directory: some 50,000 names */

enum tw_walk_kind {
	TW_WALK_END,
	TW_WALK_FILE,
	TW_WALK_FOLDER,
	TW_WALK_OTHER,   /* a link, a device, a socket */
	TW_WALK_SKIPPED, /* what could not be looked at, or a folder that could not be looked into */
	TW_WALK_LONG,    /* its path is too long to be given: path is its folder's, and no place to go on behind */
};
struct tw_walk_entry {
	enum tw_walk_kind kind;
	const char *path; /* from the walk's start; until the next */
	struct stat st;
	int dir; /* the folder it is in, and its name there: to open a file by */
	const char *name;
	bool broken; /* SKIPPED, and neither by a bound of ours nor by whoever owns it: a failing disk, a mount that does not answer */
};
typedef struct tw_walk tw_walk;
/* dir stays the caller's. after: the path of an entry that was given before, of none that is TW_WALK_LONG; "" for the beginning.
   DENIED: it may not be looked into. IO: something is broken. */
tw_err tw_walk_new(const struct tw_sys *sys, int dir, const char *after, tw_walk **ret);
tw_walk *tw_walk_free(tw_walk *w);
TW_DEFINE_FREEP(tw_walk, tw_walk_free)
tw_err tw_walk_next(tw_walk *w, struct tw_walk_entry *ret);
/* Of an errno: we lack memory or descriptors. All others say something of the one file, and whoever owns that may have made it so. */
bool tw_walk_ours(int number);
/* Of an errno: whoever owns it keeps us out, by its mode or by a lease. */
bool tw_walk_closed(int number);
/* Of an errno: neither that, nor that it is gone or has become something else since its name was read. The disk does not give it. */
bool tw_walk_broken(int number);
#endif

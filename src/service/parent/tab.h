/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.tab: the only configuration hands reads. Lines of `name uid gid`, numbers only, written at install.
 *
 * Strict, since a wrong id here is a wrong privilege: each name at most once, one blank between the words, no id of root, and no
 * two roles with the same uid (the application may not be a role either). Those a side cannot do without must be there; a role that
 * is started on demand and has no line is never started.
 */
#ifndef TW_SERVICE_PARENT_TAB_H
#define TW_SERVICE_PARENT_TAB_H
#include "base/buf.h"
#include "base/err.h"
#include "base/sys.h"

#include <sys/types.h>

#define TW_TAB_MAX 1024 /* a few short lines */

#define TW_TAB_NAMES_MAX 16

/* Which names a side has. */
struct tw_tab_names {
	const char *const *names;
	size_t count, needed; /* the first so many must have a line */
};
struct tw_tab_ids {
	uid_t uid; /* 0: it has no line */
	gid_t gid;
};
struct tw_tab {
	struct tw_tab_ids of[TW_TAB_NAMES_MAX]; /* in the order of the names */
};
/* SYNTAX, with the line. */
tw_err tw_tab_parse(struct tw_slice text, const struct tw_tab_names *names, struct tw_tab *ret);
/* The file must be root's, and nobody else may write it (DENIED). */
tw_err tw_tab_read(const struct tw_sys *sys, const char *path, const struct tw_tab_names *names, struct tw_tab *ret);
#endif

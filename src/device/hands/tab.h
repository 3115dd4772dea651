/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.tab: the only configuration hands reads. Lines of `name uid gid`, numbers only, written at install.
 *
 * Strict, since a wrong id here is a wrong privilege: each name at most once, one blank between the words, no id of root, and no
 * two roles with the same uid (the application may not be a role either). The first four must be there; a role that is started
 * on demand and has no line is never started.
 */
#ifndef TW_DEVICE_HANDS_TAB_H
#define TW_DEVICE_HANDS_TAB_H
#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

#define TW_TAB_MAX 1024 /* a few short lines */

enum tw_tab_name {
	TW_TAB_CORE,
	TW_TAB_FRONT,
	TW_TAB_KEYS,
	TW_TAB_APPLICATION,
	TW_TAB_FETCH,
	TW_TAB_SCAN,
	TW_TAB_HASH,
	TW_TAB_NAMES
};
#define TW_TAB_NEEDED TW_TAB_FETCH /* those before it must have a line */
struct tw_tab {
	struct {
		uid_t uid; /* 0: it has no line */
		gid_t gid;
	} of[TW_TAB_NAMES];
};
/* SYNTAX, with the line. */
tw_err tw_tab_parse(struct tw_slice text, struct tw_tab *ret);
#endif

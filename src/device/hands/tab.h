/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roles.tab: the only configuration hands reads. Lines of `name uid gid`, numbers only, written at install.
 *
 * Strict, since a wrong id here is a wrong privilege: each of the four names once, one blank between the words, no id of root,
 * and no two roles with the same uid (the application may not be a role either).
 */
#ifndef TW_DEVICE_HANDS_TAB_H
#define TW_DEVICE_HANDS_TAB_H
#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

#define TW_TAB_MAX 1024 /* four short lines */

enum tw_tab_name { TW_TAB_CORE, TW_TAB_FRONT, TW_TAB_KEYS, TW_TAB_APPLICATION, TW_TAB_NAMES };
struct tw_tab {
	struct {
		uid_t uid;
		gid_t gid;
	} of[TW_TAB_NAMES];
};
/* SYNTAX, with the line. */
tw_err tw_tab_parse(struct tw_slice text, struct tw_tab *ret);
#endif

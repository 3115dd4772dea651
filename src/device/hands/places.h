/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything hands opens before it gives up its privileges: the ids of the roles, their directories, the doors.
 *
 * Directories that are missing are made with the right owner; one that is there with another owner, or open to others, is an
 * error and not mended, since somebody has been there. Without root all roles have the ids of whoever started us.
 */
#ifndef TW_DEVICE_HANDS_PLACES_H
#define TW_DEVICE_HANDS_PLACES_H
#include "device/hands/options.h"
#include "service/parent/tab.h"

enum tw_tab_name {
	TW_TAB_CORE,
	TW_TAB_FRONT,
	TW_TAB_KEYS,
	TW_TAB_APPLICATION,
	TW_TAB_FETCH,
	TW_TAB_SCAN,
	TW_TAB_HASH,
	TW_TAB_WATCH,
	TW_TAB_FIREWALL,
	TW_TAB_PARTS,
	TW_TAB_WIFI,
	TW_TAB_CELLULAR,
	TW_TAB_BLUETOOTH,
	TW_TAB_NAMES
};
#define TW_TAB_NEEDED TW_TAB_FETCH /* those before it must have a line */
struct tw_places {
	struct tw_tab tab;
	int core, log, keys, boot, config, run; /* directories */
	int null, console, admin, events;
	int root;             /* the root secret, or /dev/null */
	int token;            /* the TPM, or the file with a token's PIN, or /dev/null */
	const char *keystore; /* the kind that was asked for, NULL: none was */
	bool has_root;
	int inventory;          /* what the inventory is held against: the root directory, but for images under test */
	int kernel;             /* /sys: what watch may read; /dev/null where there is none */
	int packages;           /* directory of the package database, -1: none */
	char packages_kind[16]; /* of it, as the command line says; core knows which there are */
	bool has_console;       /* console is a terminal, and not only a place holder */
	int tcp[TW_LISTEN_MAX];
	size_t tcp_count;
};
void tw_places_init(struct tw_places *p);
void tw_places_done(struct tw_places *p);
/* What -n does: ids, directories as far as they exist, files that must exist. Makes and binds nothing. */
tw_err tw_places_check(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p);
tw_err tw_places_open(const struct tw_sys *sys, const struct tw_hands_options *o, struct tw_places *p);
/* Where TCP is offered in truth, one address a line: port 0 lets the kernel choose, and somebody must be told. */
tw_err tw_places_say_where(const struct tw_sys *sys, const struct tw_places *p, const int *fds, size_t count);
#endif

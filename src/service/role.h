/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles are rows: name, descriptors at birth, wants. hands starts `thingward-role NAME UID GID`; the role's first lines call
 * tw_role_begin, which proves the sandbox before a byte is read.
 *
 * Descriptors at birth, the same numbers in every role that has them (-: closed):
 *   0,1,2 null, null, log   3 hands   4 first peer   5 second peer   6.. the row's own, in the order of the row
 */
#ifndef TW_SERVICE_ROLE_H
#define TW_SERVICE_ROLE_H
#include "sys/channel.h"
#include "sys/sandbox.h"

enum tw_role_fd { TW_FD_HANDS = 3, TW_FD_PEER1 = 4, TW_FD_PEER2 = 5, TW_FD_OWN = 6 };
/* core:  PEER1 front, PEER2 keys, OWN+0 state directory, +1 log directory, +2 configuration directory (read-only),
          +3 local socket, +4 event door, +5 console terminal (or /dev/null when the product has none)
   front: PEER1 core, PEER2 keys (TLS), OWN+0.. TCP listeners
   keys:  PEER1 core, PEER2 front (TLS), OWN+0 its directory */
struct tw_role_row {
	const char *name;
	unsigned want;           /* enum tw_sandbox_want */
	int own_fds;             /* how many from TW_FD_OWN at least; front may have more listeners */
	int dirs;                /* the first dirs of OWN are directories that stay usable */
	int (*run)(const struct tw_sys *sys, int fd_count, const struct tw_sandbox_state *box);
};
extern const struct tw_role_row tw_roles[]; /* ends with name NULL; in src/device/platform/roles.c */
int tw_role_main(const struct tw_role_row *rows, int argc, char **argv);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles are rows: name, descriptors at birth, wants. hands starts `thingward-role NAME UID GID [KEY=VALUE...]`; the program
 * calls tw_role_main with the rows, which enters and proves the sandbox before a byte is read and then runs the row.
 *
 * Descriptors at birth, the same numbers in every role that has them (-: closed):
 *   0,1,2 null, null, log   3 hands   4 first peer   5 second peer   6.. the row's own, in the order of the row
 *
 * A role ends with 0 when hands said DRAIN and it has finished what it had. When a peer's channel closes before that, the peer
 * has died: the role stops using that channel and waits for hands, which ends and restarts all roles together. One that
 * ends with anything but 0 counts as died itself.
 */
#ifndef TW_SERVICE_ROLE_H
#define TW_SERVICE_ROLE_H
#include "sys/channel.h"
#include "sys/sandbox.h"

enum tw_role_fd {
	TW_FD_HANDS = 3,
	TW_FD_PEER1 = 4,
	TW_FD_PEER2 = 5,
	TW_FD_OWN = 6,
	TW_FD_PACKAGES = TW_FD_OWN + 3,
	TW_FD_TOKEN = TW_FD_OWN + 2
};
/* core:  PEER1 front, PEER2 keys, OWN+0 state directory, +1 log directory, +2 configuration directory (read-only),
          +3 directory of the package database (read-only; the configuration's again when there is none), +4 local socket,
          +5 event door, +6 console terminal (or /dev/null when the product has none)
   front: PEER1 core, PEER2 keys (TLS), OWN+0.. TCP listeners
   keys:  PEER1 core, PEER2 front (TLS), OWN+0 its directory, +1 the root secret (or /dev/null when there is none outside the disk),
          +2 the TPM, or the file with the token's PIN (or /dev/null when no token holds the keys) */
struct tw_token;
struct tw_role_start {
	int fd_count;                /* descriptors 0..fd_count-1 are open, nothing else is */
	struct tw_sandbox_state box; /* what the sandbox is, as proven */
	size_t word_count;
	char *const *words;     /* KEY=VALUE, as hands gave them */
	int beside_fd;          /* to what the row's beside has started, 0: nothing */
	int more_fds;           /* what the row's beside has opened for the role, from fd_count on */
	struct tw_token *token; /* the keys role's way to its token, NULL: it has none */
};
/* The value of a word, NULL when hands gave none. */
const char *tw_role_word(const struct tw_role_start *s, const char *key);

struct tw_role_row {
	const char *name;
	unsigned want; /* enum tw_sandbox_want */
	int own_fds;   /* how many from TW_FD_OWN at least; front may have more listeners */
	int dirs;      /* the first dirs of OWN are directories that stay usable */
	int read_only; /* of these the last so many for reading only */
	int (*run)(const struct tw_sys *sys, const struct tw_role_start *start); /* returns the exit status */
	/* Before the sandbox, NULL: nothing. Starts a process beside the role, and leaves one descriptor more, beside_fd; or opens more_fds. */
	tw_err (*beside)(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid);
};
extern const struct tw_role_row tw_roles[]; /* ends with name NULL; in src/device/platform/roles.c */
int tw_role_main(const struct tw_role_row *rows, int argc, char **argv);
/* The same for a program without OpenSSL and Jansson; prepare: run in the sandbox before the row is, NULL: nothing. */
int tw_role_bare(const struct tw_role_row *rows, void (*prepare)(const struct tw_sys *sys), int argc, char **argv);
#endif

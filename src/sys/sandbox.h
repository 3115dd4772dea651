/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a role may do, as a table, and the one function that makes it so and proves it.
 *
 * Order matters and is tested: close what was not given, drop the bounding set, the groups and the ids, set the parent-death
 * signal, no_new_privs, not dumpable, Landlock, seccomp; then try what must fail, and refuse to go on if anything succeeds.
 */
#ifndef TW_SYS_SANDBOX_H
#define TW_SYS_SANDBOX_H
#include "base/err.h"
#include "base/sys.h"

enum tw_sandbox_want {
	TW_WANT_FILES = 1, /* open, rename, unlink beneath the writable directories given */
	TW_WANT_NET = 2,   /* accept on inherited sockets, TCP options; never socket(), bind() or connect() */
	TW_WANT_LOCAL = 4, /* accept on inherited local sockets and read peer credentials */
	TW_WANT_MEMFD = 8,
	TW_WANT_PARENT = 16, /* hands, alone: bind, start and end roles. Keeps its ids and has no Landlock, since roles inherit both */
	TW_WANT_CONNECT = 64, /* make internet sockets and connect them; never bind, listen or accept */
	/* Other people's code beside a role: loads libraries, opens what Landlock leaves it, speaks to local services, runs threads and children.
	   Never programs, networks, or executable memory that comes from no file */
	TW_WANT_MODULE = 128,
	TW_WANT_DISK = 256, /* with FILES: its directories may be the root, so that reading outside of them proves nothing, and writing does */
	/* Instead of FILES: opens for reading, by paths and with links followed, what Landlock leaves it. For trees whose links are the kernel's own */
	TW_WANT_PATHS = 512,
	/* Starts one program that speaks to the kernel's packet filter, and keeps the capability for it, alone. Never another network */
	TW_WANT_FILTER = 1024,
	TW_WANT_LINKS = 2048, /* keeps the capability to change links, for lines to the kernel that are open already; starts nothing */
	/* A store that a local server has: makes streams of the local kind and connects them. Which one no table of calls can say; its user's rights do */
	TW_WANT_STORE = 4096,
	/* Starts gpg and its agent, which speak to one another by a socket in its directory. Never a network. A filter cannot say which program is
	   started: Landlock leaves these two and all of /usr/lib and /lib, for reading and executing, and without Landlock nothing says it */
	TW_WANT_OPENPGP = 8192,
	/* With PATHS: reads the kernel's tree of devices and writes what is root's beneath its buses, as root for files and as nobody else for all
	   other things; no capability.
	   Landlock alone leaves the rest alone: without it the role does not start */
	TW_WANT_PARTS = 16384,
	TW_WANT_ROLE = 32, /* everybody but hands and whoever starts programs (FILTER, OPENPGP); tw_sandbox_enter adds it */
};
struct tw_sandbox {
	const char *role;
	uid_t uid;
	gid_t gid;       /* equal to the present ids: nothing is dropped, and the status says so */
	int keep_fds;    /* descriptors 0..keep_fds-1 stay, all others are closed */
	unsigned want;   /* of enum tw_sandbox_want; everything else is refused with EPERM, program starts are fatal */
	const int *dirs; /* directories, or single files, that stay usable with TW_WANT_FILES or TW_WANT_PATHS */
	size_t dir_count;
	size_t read_only; /* of these the last so many are for reading only */
};
struct tw_sandbox_state {
	int landlock_abi; /* 0: none */
	bool seccomp, ids_dropped, not_dumpable;
};
tw_err tw_sandbox_enter(const struct tw_sandbox *box, struct tw_sandbox_state *ret);
/* For tests and documents: the system calls of a set of wants (sandbox-rows.h has the terms). NULL past the last. */
const char *tw_sandbox_call(unsigned want, size_t i);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the privileged parent asks of the kernel, and the seam therefore does not carry: signals, children, sockets' options,
 * owners of directories, capabilities. Everything else in hands goes through struct tw_sys like everywhere.
 */
#ifndef TW_SERVICE_PARENT_OS_H
#define TW_SERVICE_PARENT_OS_H
#include "base/err.h"
#include "base/sys.h"

/* SIGTERM, SIGINT, SIGHUP and SIGCHLD arrive on a descriptor from now on; SIGPIPE is ignored. */
tw_err tw_os_signals(int *ret_fd);
int tw_os_signal_next(int fd);                    /* its number, 0 when none is waiting */
bool tw_os_reap(pid_t *ret_pid, int *ret_status); /* false: no child has ended; status as waitpid gives it */
void tw_os_kill(pid_t pid);
tw_err tw_os_reuse(int fd, bool v6); /* of a TCP listener: address reuse, no delay; v6: take IPv4 clients too */
/* Of a TCP listener: as long as it is shut the kernel answers nobody at it but this machine itself. */
tw_err tw_os_shut(int fd, bool shut);
int tw_os_hush(int fd); /* a TCP listener answers nobody until it listens again; its port stays its own */
tw_err tw_os_port(int fd, struct sockaddr_storage *ret);
unsigned tw_os_umask(unsigned mask);
int tw_os_mkdir(const char *path, unsigned mode);
tw_err tw_os_owner(int fd, uid_t uid, gid_t gid);
/* What stands under a name, a link not followed: -1 and errno as fstatat. */
int tw_os_look(int dir, const char *name, struct stat *ret);
/* Once everything privileged is open: no way to gain privileges, and of root only what starting and ending roles takes. */
tw_err tw_os_drop(bool filter); /* filter: also what a role needs that changes the packet filter */
tw_err tw_os_background(bool *ret_is_parent, int *ret_ready_fd);
#endif

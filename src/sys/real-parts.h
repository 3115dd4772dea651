/* SPDX-License-Identifier: Apache-2.0 */
/* The members of the real instance that stand in files of their own: sockets and process starts. For real.c only. */
#ifndef TW_SYS_REAL_PARTS_H
#define TW_SYS_REAL_PARTS_H
#include "base/sys.h"
int tw_real_socket(const struct tw_sys *s, int domain, int type, int protocol);
int tw_real_socketpair(const struct tw_sys *s, int domain, int type, int ret[2]);
int tw_real_bind(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size);
int tw_real_listen(const struct tw_sys *s, int fd, int backlog);
int tw_real_accept(const struct tw_sys *s, int fd, struct sockaddr *a, socklen_t *size);
int tw_real_connect(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size);
ssize_t tw_real_sendmsg(const struct tw_sys *s, int fd, const struct msghdr *m, int flags);
ssize_t tw_real_recvmsg(const struct tw_sys *s, int fd, struct msghdr *m, int flags);
int tw_real_recvmmsg(const struct tw_sys *s, int fd, struct mmsghdr *m, unsigned n, int flags);
int tw_real_poll(const struct tw_sys *s, struct pollfd *p, size_t n, int timeout_ms);
int tw_real_peer(const struct tw_sys *s, int fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid);
int tw_real_spawn(const struct tw_sys *s, const struct tw_spawn *what, pid_t *ret);
#endif

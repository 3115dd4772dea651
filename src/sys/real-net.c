/* SPDX-License-Identifier: Apache-2.0 */
/* The real instance's sockets. Every descriptor made or received here closes on exec, and no send raises SIGPIPE. */
#include "sys/real-parts.h"

#include <poll.h>
#include <sys/socket.h>

int tw_real_socket(const struct tw_sys *s, int domain, int type, int protocol)
{
	return socket(domain, type | SOCK_CLOEXEC, protocol);
}

int tw_real_socketpair(const struct tw_sys *s, int domain, int type, int ret[2])
{
	return socketpair(domain, type | SOCK_CLOEXEC, 0, ret);
}

int tw_real_bind(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size)
{
	return bind(fd, a, size);
}

int tw_real_listen(const struct tw_sys *s, int fd, int backlog)
{
	return listen(fd, backlog);
}

int tw_real_accept(const struct tw_sys *s, int fd, struct sockaddr *a, socklen_t *size)
{
	return accept4(fd, a, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int tw_real_connect(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size)
{
	return connect(fd, a, size);
}

ssize_t tw_real_sendmsg(const struct tw_sys *s, int fd, const struct msghdr *m, int flags)
{
	return sendmsg(fd, m, flags | MSG_NOSIGNAL);
}

ssize_t tw_real_recvmsg(const struct tw_sys *s, int fd, struct msghdr *m, int flags)
{
	return recvmsg(fd, m, flags | MSG_CMSG_CLOEXEC);
}

int tw_real_recvmmsg(const struct tw_sys *s, int fd, struct mmsghdr *m, unsigned n, int flags)
{
	return recvmmsg(fd, m, n, flags | MSG_CMSG_CLOEXEC, NULL);
}

int tw_real_poll(const struct tw_sys *s, struct pollfd *p, size_t n, int timeout_ms)
{
	return poll(p, n, timeout_ms);
}

int tw_real_peer(const struct tw_sys *s, int fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid)
{
	struct ucred u;
	socklen_t size = sizeof u;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &size) != 0)
		return -1;
	*ret_pid = u.pid;
	*ret_uid = u.uid;
	*ret_gid = u.gid;
	return 0;
}

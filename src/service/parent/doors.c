/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/doors.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/parent/os.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static tw_err split(const char *text, char host[INET6_ADDRSTRLEN], uint16_t *ret_port, bool *ret_v6)
{
	const char *colon = strrchr(text, ':');
	size_t size = colon ? (size_t)(colon - text) : 0;
	bool v6 = text[0] == '[';
	uint64_t port = 0;

	if (!colon || (v6 && (size < 2 || colon[-1] != ']')))
		return TW_RAISE(SYNTAX, "'%s' is not ADDRESS:PORT or [ADDRESS]:PORT", text);
	if (tw_failed(tw_parse_u64(tw_slice_of(colon + 1), UINT16_MAX, &port)))
		return TW_RAISE(SYNTAX, "'%s' has no port from 0 to 65535", text);
	if (v6) {
		text++;
		size -= 2;
	}
	if (size >= INET6_ADDRSTRLEN)
		return TW_RAISE(SYNTAX, "'%s' is longer than any address", text);
	memcpy(host, text, size);
	host[size] = '\0';
	*ret_port = (uint16_t)port;
	*ret_v6 = v6;
	return TW_OK;
}

tw_err tw_listen_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_storage a = { 0 };
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)&a;
	struct sockaddr_in *a4 = (struct sockaddr_in *)&a;
	char host[INET6_ADDRSTRLEN];
	uint16_t port = 0;
	bool v6 = false;

	TW_TRY(split(text, host, &port, &v6));
	if (inet_pton(v6 ? AF_INET6 : AF_INET, host, v6 ? (void *)&a6->sin6_addr : (void *)&a4->sin_addr) != 1)
		return TW_RAISE(SYNTAX, "'%s' is not a numeric address", host);
	if (v6) {
		a6->sin6_family = AF_INET6;
		a6->sin6_port = htons(port);
	} else {
		a4->sin_family = AF_INET;
		a4->sin_port = htons(port);
	}
	*ret = a;
	*ret_size = v6 ? sizeof *a6 : sizeof *a4;
	return TW_OK;
}

tw_err tw_listen_text(const struct sockaddr_storage *a, struct tw_buf *ret)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	bool v6 = a->ss_family == AF_INET6;
	char host[INET6_ADDRSTRLEN];

	if (!inet_ntop(a->ss_family, v6 ? (const void *)&a6->sin6_addr : (const void *)&a4->sin_addr, host, sizeof host))
		return TW_RAISE_ERRNO("showing an address");
	return tw_buf_format(ret, v6 ? "[%s]:%u" : "%s:%u", host, ntohs(v6 ? a6->sin6_port : a4->sin_port));
}

tw_err tw_door_tcp(const struct tw_sys *sys, const char *address, bool shut, int *ret_fd)
{
	struct sockaddr_storage a;
	socklen_t size = 0;
	TW_CLEANUP(tw_closep) int fd = -1;

	TW_TRY(tw_listen_parse(address, &a, &size));
	fd = sys->socket(sys, a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("socket for %s", address);
	TW_TRY(tw_os_reuse(fd, a.ss_family == AF_INET6));
	if (shut)
		TW_TRY(tw_os_shut(fd, true));
	if (sys->bind(sys, fd, (struct sockaddr *)&a, size) || sys->listen(sys, fd, TW_DOOR_BACKLOG))
		return TW_RAISE_ERRNO("listening on %s", address);
	*ret_fd = tw_take_fd(&fd);
	return TW_OK;
}

/* Only a socket is removed: a file of that name is somebody's mistake and not ours to delete. */
static tw_err remove_stale(const struct tw_sys *sys, int run_dir, const char *name)
{
	struct stat st;

	if (tw_os_look(run_dir, name, &st))
		return errno == ENOENT ? TW_OK : TW_RAISE_ERRNO("looking at %s", name);
	if (!S_ISSOCK(st.st_mode))
		return TW_RAISE(EXISTS, "%s is there and is no socket", name);
	if (sys->unlink(sys, run_dir, name))
		return TW_RAISE_ERRNO("removing the old %s", name);
	return TW_OK;
}

tw_err tw_door_local(const struct tw_sys *sys, int run_dir, const char *run_path, const char *name, int type, int *ret_fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", run_path, name);
	TW_CLEANUP(tw_closep) int fd = -1;
	unsigned mask;
	int failed;

	if (n < 0 || (size_t)n >= sizeof at.sun_path)
		return TW_RAISE(LIMIT, "%s/%s is too long for a socket's name", run_path, name);
	TW_TRY(remove_stale(sys, run_dir, name));
	fd = sys->socket(sys, AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("socket for %s", name);
	mask = tw_os_umask(0111);
	failed = sys->bind(sys, fd, (struct sockaddr *)&at, sizeof at);
	(void)tw_os_umask(mask);
	if (failed || sys->listen(sys, fd, TW_DOOR_BACKLOG))
		return TW_RAISE_ERRNO("listening on %s", at.sun_path);
	*ret_fd = tw_take_fd(&fd);
	return TW_OK;
}

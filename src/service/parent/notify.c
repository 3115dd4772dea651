/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/notify.h"

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>
#include <sys/uio.h>
#include <sys/un.h>

static tw_err open_socket(const struct tw_sys *sys, const char *address, int *ret)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t size = strlen(address);
	TW_CLEANUP(tw_closep) int fd = -1;

	if ((*address != '/' && *address != '@') || size >= sizeof at.sun_path)
		return TW_RAISE(SYNTAX, "NOTIFY_SOCKET is no local address: %s", address);
	memcpy(at.sun_path, address, size);
	if (*address == '@')
		at.sun_path[0] = '\0';
	fd = sys->socket(sys, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("socket for notifications");
	if (sys->connect(sys, fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)))
		return TW_RAISE_ERRNO("connecting to the service manager at %s", address);
	*ret = tw_take_fd(&fd);
	return TW_OK;
}

tw_err tw_notify_open(const struct tw_sys *sys, const char *address, const char *watchdog_us, struct tw_notify *ret)
{
	struct tw_notify n = { .sys = sys, .fd = -1 };
	uint64_t us = 0;

	if (watchdog_us)
		TW_TRY(tw_parse_u64(tw_slice_of(watchdog_us), INT64_MAX, &us));
	n.watchdog_ms = (int64_t)(us / 1000);
	if (address && *address)
		TW_TRY(open_socket(sys, address, &n.fd));
	*ret = n;
	return TW_OK;
}

void tw_notify_ready(const struct tw_notify *n, struct tw_slice status)
{
	static const char begin[] = "READY=1\nSTATUS=";
	char line[400];
	size_t size = sizeof begin - 1;

	memcpy(line, begin, size);
	for (size_t i = 0; i < status.size && size < sizeof line - 2; i++)
		line[size++] = (unsigned char)status.at[i] < ' ' ? '?' : status.at[i];
	memcpy(line + size, "\n", 2);
	tw_notify_say(n, line);
}

void tw_notify_say(const struct tw_notify *n, const char *text)
{
	struct iovec part = { (char *)(uintptr_t)text, strlen(text) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n->fd >= 0)
		(void)n->sys->sendmsg(n->sys, n->fd, &m, MSG_DONTWAIT);
}

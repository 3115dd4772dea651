/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: bit 0 the receiver is ready, bit 1 each datagram carries a descriptor, the others which call fails. Then datagrams,
 * each after its length in one byte. No descriptor may be left, and what is accepted must fit its row.
 */
#include "sys/channel.h"
#include "sys/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tw_channel_row rows[] = {
	{ 1, TW_CHANNEL_ONCE, 0, 4, "HELLO" },
	{ 2, TW_CHANNEL_AFTER_READY, 1, 100, "WORK" },
	{ 3, 0, 0, 64, "BODY", 1 },
	{ 0 },
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void send_raw(int fd, const uint8_t *data, size_t size, bool with_fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { (void *)(uintptr_t)data, size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (with_fd) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = sizeof control;
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	must(sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0);
}

static void receive(tw_channel *c, bool ready)
{
	struct tw_message m = { 0 };
	const struct tw_channel_row *row = rows;

	if (tw_failed(tw_channel_receive(c, &m)))
		return;
	while (row->type && row->type != m.type)
		row++;
	must(row->type && m.payload.size >= row->min && m.payload.size <= row->max);
	must(m.fd_count <= row->fds);
	must(ready || !(row->flags & TW_CHANNEL_AFTER_READY));
	while (m.fd_count > 0)
		must(close(m.fds[--m.fd_count]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	tw_channel *c = NULL;
	int fds[2], probe;

	if (size < 1)
		return 0;
	if (!f)
		f = tw_fake_new();
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	probe = dup(fds[0]);
	(void)close(probe);
	tw_fake_fail(f, 0, 0, false);
	must(!tw_failed(tw_channel_new(tw_fake_sys(f), fds[1], rows, &c)));
	if (data[0] & 1)
		tw_channel_ready(c);
	tw_fake_fail(f, data[0] >> 2, EINTR, false);
	for (size_t at = 1, n; at < size; at += n) {
		n = data[at++];
		n = n < size - at ? n : size - at;
		if (n == 0)
			break; /* an empty datagram reads as the end */
		send_raw(fds[0], data + at, n, data[0] & 2);
		receive(c, data[0] & 1);
	}
	(void)tw_channel_free(c);
	must(dup(fds[0]) == fds[1] && close(fds[1]) == 0); /* the lowest free one is the channel's: nothing below it leaked */
	must(dup(fds[0]) == fds[1] && dup(fds[0]) == probe);
	(void)close(probe);
	(void)close(fds[1]);
	(void)close(fds[0]);
	return 0;
}

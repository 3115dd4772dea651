/* SPDX-License-Identifier: Apache-2.0 */
#include "device/watch/lines.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

#define ANSWER_MS 2000   /* the kernel answers at once; a machine that does not has worse troubles */
#define MESSAGES_MAX 256 /* of changes in one go: others get their turn */
#define DATAGRAM_MAX (16 * 1024)

static uint8_t datagram[DATAGRAM_MAX]; /* one at a time; not on the stack, which would stay as large */

tw_err tw_watch_line_open(const struct tw_sys *sys, int protocol, uint32_t groups, int number)
{
	const struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = sys->socket(sys, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return TW_RAISE_ERRNO("a line of kind %d to the kernel", protocol);
	if (fd != number)
		return TW_RAISE(INTERNAL, "the line to the kernel is descriptor %d and not %d", fd, number);
	if (sys->bind(sys, fd, (const struct sockaddr *)(const void *)&a, sizeof a))
		return TW_RAISE_ERRNO("hearing the kernel");
	return TW_OK;
}

struct tw_watch_lines tw_watch_lines_at(int first)
{
	return (struct tw_watch_lines){ first, first + 1, first + 2, first + 3 };
}

tw_err tw_watch_lines_open(const struct tw_sys *sys, int first, struct tw_watch_lines *ret)
{
	*ret = tw_watch_lines_at(first);
	TW_TRY(tw_watch_line_open(sys, NETLINK_KOBJECT_UEVENT, 1, ret->uevents));
	TW_TRY(tw_watch_line_open(sys, NETLINK_ROUTE, RTMGRP_LINK, ret->changes));
	TW_TRY(tw_watch_line_open(sys, NETLINK_ROUTE, 0, ret->links));
	return tw_watch_line_open(sys, NETLINK_SOCK_DIAG, 0, ret->sockets);
}

static tw_err send_to_kernel(const struct tw_sys *sys, int fd, uint16_t flags, const struct tw_watch_question *q)
{
	struct nlmsghdr head = { .nlmsg_len = (uint32_t)(sizeof head + q->size),
		.nlmsg_type = q->type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = 1 };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char body[TW_WATCH_QUESTION_MAX];

	if (q->size > sizeof body)
		return TW_RAISE(INTERNAL, "a question of %zu bytes", q->size);
	memcpy(body, q->body, q->size);
	struct iovec parts[] = { { &head, sizeof head }, { body, q->size } };
	const struct msghdr m = { .msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = parts, .msg_iovlen = TW_COUNT(parts) };
	if (sys->sendmsg(sys, fd, &m, 0) != (ssize_t)head.nlmsg_len)
		return TW_RAISE_ERRNO("asking the kernel");
	return TW_OK;
}

/* One datagram. TIMEOUT: none. LIMIT: some were lost, or it was too long. What the kernel has not sent is empty. */
static tw_err receive(const struct tw_sys *sys, int fd, struct tw_slice *ret)
{
	struct sockaddr_nl from = { 0 };
	struct iovec part = { datagram, sizeof datagram };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n = sys->recvmsg(sys, fd, &m, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TW_RAISE(TIMEOUT, "the kernel says nothing");
	if (n < 0 && errno == ENOBUFS)
		return TW_RAISE(LIMIT, "the kernel said more than was heard");
	if (n < 0)
		return TW_RAISE_ERRNO("hearing the kernel");
	if (m.msg_flags & MSG_TRUNC)
		return TW_RAISE(LIMIT, "the kernel says more than %d bytes at once", DATAGRAM_MAX);
	const bool by_kernel = m.msg_namelen == sizeof from && from.nl_pid == 0;
	*ret = (struct tw_slice){ (const char *)datagram, by_kernel ? (size_t)n : 0 };
	return TW_OK;
}

static tw_err wait_for(const struct tw_sys *sys, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = sys->poll(sys, &p, 1, ANSWER_MS);

	if (n < 0 && errno != EINTR)
		return TW_RAISE_ERRNO("waiting for the kernel");
	return n == 0 ? TW_RAISE(TIMEOUT, "the kernel does not answer") : TW_OK;
}

static tw_err take_messages(struct tw_slice rest, tw_watch_each *each, void *user, bool *ret_done)
{
	struct tw_netlink_message m;
	int number = 0;
	bool any = true, torn = false;

	while (any && !*ret_done) {
		TW_TRY(tw_netlink_next(&rest, &m, &any));
		if (!any)
			break;
		*ret_done = m.type == NLMSG_DONE || m.type == NLMSG_ERROR;
		torn = torn || m.flags & NLM_F_DUMP_INTR;
		/* The end of a list says, too, why it ends: a kernel without this kind of sockets has an empty one, and an error in its end. */
		if (m.type == NLMSG_ERROR || (m.type == NLMSG_DONE && m.payload.size))
			TW_TRY(tw_netlink_error(m.payload, &number));
		else if (m.type >= NLMSG_MIN_TYPE && each)
			TW_TRY(each(user, &m));
	}
	errno = number;
	if (number)
		return TW_RAISE_ERRNO("the kernel refuses");
	return torn ? TW_RAISE(STATE, "what the kernel lists changed meanwhile") : TW_OK;
}

static tw_err hear_answer(const struct tw_sys *sys, int fd, tw_watch_each *each, void *user)
{
	bool done = false;
	tw_err first = TW_OK;

	/* To its end, so that the next question is not answered by what is left of this one. */
	while (!done) {
		struct tw_slice bytes;

		TW_TRY(wait_for(sys, fd));
		tw_err e = receive(sys, fd, &bytes);
		if (tw_is(e, TW_CODE_TIMEOUT))
			continue;
		TW_TRY(e);
		e = take_messages(bytes, tw_failed(first) ? NULL : each, user, &done);
		if (!tw_failed(first))
			first = e;
	}
	return first;
}

tw_err tw_watch_ask(const struct tw_sys *sys, int fd, const struct tw_watch_question *q, tw_watch_each *each, void *user)
{
	TW_TRY(send_to_kernel(sys, fd, NLM_F_DUMP, q));
	return hear_answer(sys, fd, each, user);
}

tw_err tw_watch_order(const struct tw_sys *sys, int fd, const struct tw_watch_question *q)
{
	TW_TRY(send_to_kernel(sys, fd, NLM_F_ACK, q));
	return hear_answer(sys, fd, NULL, NULL);
}

tw_err tw_watch_lines_prove(const struct tw_sys *sys, const struct tw_watch_lines *l)
{
	/* A link of the kind dummy, which nobody can be hurt by while it is not there. */
	struct {
		struct ifinfomsg head;
		struct rtattr info, kind;
		char name[8];
	} body = { .info = { 16, IFLA_LINKINFO }, .kind = { 10, IFLA_INFO_KIND }, .name = "dummy" };
	const struct tw_watch_question q = { RTM_NEWLINK, &body, sizeof body };

	TW_TRY(send_to_kernel(sys, l->links, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &q));
	tw_err e = hear_answer(sys, l->links, NULL, NULL);
	if (tw_failed(e) && errno == EPERM)
		return TW_OK;
	return tw_failed(e) ? e : TW_RAISE(INTERNAL, "the sandbox of watch let a link be made");
}

static bool of_interest(struct tw_slice subsystem)
{
	static const char *const words[] = { "net", "rfkill", "bluetooth", "usb", "tty", "video4linux", "sound", "input", "block" };

	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (tw_slice_is(subsystem, words[i]))
			return true;
	return false;
}

/* What cannot be read is no reason not to look. */
static bool tells(bool device, struct tw_slice bytes)
{
	struct tw_uevent u;

	if (bytes.size == 0)
		return false;
	return !device || tw_failed(tw_uevent_read(bytes, &u)) || of_interest(u.subsystem);
}

static tw_err hear(const struct tw_sys *sys, int fd, bool device, bool *ret)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		struct tw_slice bytes = { NULL, 0 };
		tw_err e = receive(sys, fd, &bytes);

		if (tw_is(e, TW_CODE_TIMEOUT))
			return TW_OK;
		if (tw_failed(e) && !tw_is(e, TW_CODE_LIMIT))
			return e;
		*ret = *ret || tw_failed(e) || tells(device, bytes);
	}
	return TW_OK;
}

tw_err tw_watch_line_hear(const struct tw_sys *sys, int fd, bool *ret)
{
	*ret = false;
	return hear(sys, fd, false, ret);
}

tw_err tw_watch_lines_hear(const struct tw_sys *sys, const struct tw_watch_lines *l, bool *ret)
{
	*ret = false;
	TW_TRY(hear(sys, l->uevents, true, ret));
	return hear(sys, l->changes, false, ret);
}

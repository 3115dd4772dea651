/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One datagram is one message, so there is no framing to lose: what is read whole is judged whole, against the row of its type,
 * before anybody sees it. Descriptors that came with a refused message are closed at once.
 *
 * A refusal is the peer's fault only where an honest peer cannot cause it; a message cut short or too long cannot come from our
 * own sender, so it counts as an attack too.
 */
#include "sys/channel.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

struct tw_channel {
	const struct tw_sys *sys;
	int fd;
	const struct tw_channel_row *rows;
	bool *seen; /* per row */
	bool ready;
	uint32_t last_tag; /* of our own questions */
	size_t room, batch;
	uint8_t *bytes; /* as many as the longest row permits: most channels carry little, and a role has three */
};

TW_DEFINE_FREEP(tw_channel, tw_channel_free)

static size_t count_rows(const struct tw_channel_row *rows)
{
	size_t n = 0;

	while (rows[n].type != 0)
		n++;
	return n;
}

static size_t longest(const struct tw_channel_row *rows)
{
	size_t most = 0;

	for (size_t i = 0; rows[i].type != 0; i++)
		most = rows[i].max > most ? rows[i].max : most;
	return most < TW_CHANNEL_MAX ? most : TW_CHANNEL_MAX;
}

tw_err tw_channel_new(const struct tw_sys *sys, int fd, const struct tw_channel_row *rows, tw_channel **ret)
{
	TW_CLEANUP(tw_channel_freep) tw_channel *c = TW_NEW(sys, tw_channel);

	if (!c)
		return TW_RAISE(NOMEM, "channel");
	c->sys = sys;
	c->fd = -1; /* the caller keeps the descriptor when this fails */
	c->rows = rows;
	c->seen = tw_alloc_array(sys, count_rows(rows) + 1, sizeof *c->seen);
	c->room = TW_CHANNEL_HEAD + longest(rows);
	c->bytes = sys->resize(sys, NULL, c->room); /* not zeroed: what no message ever fills takes no memory */
	if (!c->seen || !c->bytes)
		return TW_RAISE(NOMEM, "channel");
	c->fd = fd;
	*ret = TW_STEAL(c);
	return TW_OK;
}

tw_channel *tw_channel_free(tw_channel *c)
{
	if (c) {
		if (c->fd >= 0)
			(void)c->sys->close(c->sys, c->fd);
		free(c->seen);
		if (c->bytes)
			tw_wipe(c->bytes, c->room * (c->batch ? c->batch : 1)); /* keys' answers pass here */
		free(c->bytes);
	}
	free(c);
	return NULL;
}

int tw_channel_fd(const tw_channel *c)
{
	return c->fd;
}

void tw_channel_ready(tw_channel *c)
{
	c->ready = true;
}

static tw_err raise_send(void)
{
	switch (errno) {
	case EAGAIN:
	case ENOBUFS:
		return TW_RAISE(TIMEOUT, "the peer does not read");
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return TW_RAISE(CLOSED, "the peer has gone");
	default:
		return TW_RAISE_ERRNO("sending a message");
	}
}

static void put_fds(struct msghdr *m, char *control, const int *fds, size_t fd_count)
{
	struct cmsghdr *c;

	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
	memcpy(CMSG_DATA(c), fds, fd_count * sizeof *fds);
}

static void put_head(uint8_t head[TW_CHANNEL_HEAD], uint16_t type, uint32_t tag, uint32_t size)
{
	memset(head, 0, TW_CHANNEL_HEAD);
	head[0] = (uint8_t)(type >> 8);
	head[1] = (uint8_t)type;
	for (unsigned i = 0; i < 4; i++) {
		head[4 + i] = (uint8_t)(tag >> (24 - 8 * i));
		head[8 + i] = (uint8_t)(size >> (24 - 8 * i));
	}
}

tw_err tw_channel_send(tw_channel *c, uint16_t type, uint32_t tag, const void *payload, size_t size, const int *fds, size_t fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(TW_CHANNEL_FDS * sizeof(int))] = { 0 };
	uint8_t head[TW_CHANNEL_HEAD];
	struct iovec parts[2] = { { head, sizeof head }, { (void *)(uintptr_t)payload, size } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = size ? 2 : 1 };
	ssize_t n;

	if (size > TW_CHANNEL_MAX || fd_count > TW_CHANNEL_FDS)
		return TW_RAISE(LIMIT, "a message of %zu bytes and %zu descriptors", size, fd_count);
	put_head(head, type, tag, (uint32_t)size);
	if (fd_count)
		put_fds(&m, control, fds, fd_count);
	do
		n = c->sys->sendmsg(c->sys, c->fd, &m, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? raise_send() : TW_OK;
}

static void take_fds(struct msghdr *m, struct tw_message *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < size / sizeof(int) && ret->fd_count < TW_CHANNEL_FDS; i++)
			memcpy(&ret->fds[ret->fd_count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

void tw_message_drop(const struct tw_sys *sys, struct tw_message *m)
{
	while (m->fd_count > 0)
		(void)sys->close(sys, m->fds[--m->fd_count]);
}

static tw_err judge_row(tw_channel *c, const struct tw_message *m)
{
	for (size_t i = 0; c->rows[i].type != 0; i++) {
		const struct tw_channel_row *row = &c->rows[i];

		if (row->type != m->type)
			continue;
		if (m->payload.size < row->min || m->payload.size > row->max)
			return TW_RAISE(UNTRUSTED, "%s of %zu bytes, permitted %u to %u", row->name, m->payload.size, row->min, row->max);
		if (m->fd_count > row->fds || (m->fds_lost && row->fds == 0))
			return TW_RAISE(UNTRUSTED, "%s with a descriptor", row->name);
		if (row->flags & TW_CHANNEL_AFTER_READY && !c->ready)
			return TW_RAISE(UNTRUSTED, "%s too early", row->name);
		if (row->flags & TW_CHANNEL_ONCE && c->seen[i])
			return TW_RAISE(UNTRUSTED, "%s a second time", row->name);
		c->seen[i] = true;
		return TW_OK;
	}
	return TW_RAISE(UNTRUSTED, "a message of type 0x%04x, which nobody may send here", m->type);
}

static tw_err judge(tw_channel *c, const uint8_t *bytes, size_t size, int flags, struct tw_message *m)
{
	struct tw_cursor at = tw_cursor_of(bytes, size);
	uint16_t reserved;
	uint32_t stated;

	if (flags & MSG_TRUNC)
		return TW_RAISE(UNTRUSTED, "a message beyond every limit");
	if (size < TW_CHANNEL_HEAD)
		return TW_RAISE(UNTRUSTED, "a message of %zu bytes", size);
	TW_TRY(tw_cursor_u16(&at, &m->type));
	TW_TRY(tw_cursor_u16(&at, &reserved));
	TW_TRY(tw_cursor_u32(&at, &m->tag));
	TW_TRY(tw_cursor_u32(&at, &stated));
	if (reserved != 0 || stated != tw_cursor_left(&at))
		return TW_RAISE(UNTRUSTED, "a malformed message of type 0x%04x", m->type);
	TW_TRY(tw_cursor_slice(&at, stated, &m->payload));
	return judge_row(c, m);
}

static tw_err raise_receive(void)
{
	switch (errno) {
	case EAGAIN:
		return TW_RAISE(TIMEOUT, "no message");
	case ECONNRESET:
	case ENOTCONN:
		return TW_RAISE(CLOSED, "the peer has gone");
	default:
		return TW_RAISE_ERRNO("receiving a message");
	}
}

tw_err tw_channel_receive(tw_channel *c, struct tw_message *ret)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(TW_CHANNEL_FDS * sizeof(int))];
	struct iovec part = { c->bytes, c->room };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct tw_message got = { 0 };
	ssize_t n;
	tw_err e;

	do
		n = c->sys->recvmsg(c->sys, c->fd, &m, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return raise_receive();
	if (n == 0)
		return TW_RAISE(CLOSED, "the peer has gone");
	take_fds(&m, &got);
	/* Our own table of descriptors was full, or it carried more than anybody may: what came is of no use without the rest. */
	if (m.msg_flags & MSG_CTRUNC) {
		if (got.fd_count == TW_CHANNEL_FDS)
			m.msg_flags |= MSG_TRUNC;
		tw_message_drop(c->sys, &got);
		got.fds_lost = true;
	}
	e = judge(c, c->bytes, (size_t)n, m.msg_flags, &got);
	if (tw_failed(e)) {
		tw_message_drop(c->sys, &got);
		return e;
	}
	*ret = got;
	return TW_OK;
}

tw_err tw_channel_batch(tw_channel *c)
{
	uint8_t *more = c->sys->resize(c->sys, c->bytes, c->room * TW_CHANNEL_BATCH);

	if (!more)
		return TW_RAISE(NOMEM, "channel");
	c->bytes = more;
	c->batch = TW_CHANNEL_BATCH;
	return TW_OK;
}

/* Without a place for descriptors the kernel closes those that came, and says so. */
static tw_err judge_one(tw_channel *c, const struct mmsghdr *m, struct tw_message *ret)
{
	int flags = m->msg_hdr.msg_flags;
	struct tw_message got = { 0 };

	if (m->msg_len == 0)
		return TW_RAISE(CLOSED, "the peer has gone");
	TW_TRY(judge(c, m->msg_hdr.msg_iov->iov_base, m->msg_len, flags & MSG_CTRUNC ? flags | MSG_TRUNC : flags, &got));
	*ret = got;
	return TW_OK;
}

tw_err tw_channel_receive_batch(tw_channel *c, struct tw_message ret[TW_CHANNEL_BATCH], size_t *ret_count)
{
	struct iovec parts[TW_CHANNEL_BATCH];
	struct mmsghdr m[TW_CHANNEL_BATCH] = { 0 };
	int n;

	*ret_count = 0;
	for (size_t i = 0; i < c->batch; i++) {
		parts[i] = (struct iovec){ c->bytes + i * c->room, c->room };
		m[i].msg_hdr.msg_iov = &parts[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	do
		n = c->sys->recvmmsg(c->sys, c->fd, m, (unsigned)c->batch, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return raise_receive();
	if (n == 0)
		return TW_RAISE(CLOSED, "the peer has gone");
	for (int i = 0; i < n; i++) {
		TW_TRY(judge_one(c, &m[i], &ret[i]));
		++*ret_count;
	}
	return TW_OK;
}

static tw_err now_ms(const struct tw_sys *sys, int64_t *ret)
{
	struct timespec t;

	if (sys->clock(sys, CLOCK_BOOTTIME, &t) != 0)
		return TW_RAISE_ERRNO("reading the clock");
	*ret = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	return TW_OK;
}

static tw_err await(tw_channel *c, int64_t deadline_ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int64_t now;
	int n;

	do {
		TW_TRY(now_ms(c->sys, &now));
		n = now < deadline_ms ? c->sys->poll(c->sys, &p, 1, (int)(deadline_ms - now)) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return TW_RAISE_ERRNO("waiting for an answer");
	if (n == 0)
		return TW_RAISE(TIMEOUT, "no answer in time");
	return TW_OK;
}

tw_err tw_channel_call(
	tw_channel *c, uint16_t type, const void *payload, size_t size, uint16_t answer, int timeout_ms, struct tw_message *ret)
{
	struct tw_message got;
	int64_t deadline;
	tw_err e;

	TW_TRY(now_ms(c->sys, &deadline));
	deadline += timeout_ms;
	if (++c->last_tag == 0)
		c->last_tag = 1; /* 0 is what has no question */
	TW_TRY(tw_channel_send(c, type, c->last_tag, payload, size, NULL, 0));
	for (;;) {
		e = tw_channel_receive(c, &got);
		if (tw_is(e, TW_CODE_TIMEOUT)) {
			TW_TRY(await(c, deadline));
			continue;
		}
		TW_TRY(e);
		if (got.tag == c->last_tag)
			break;
		tw_message_drop(c->sys, &got); /* the late answer to a question given up */
	}
	*ret = got;
	return got.type == answer ? TW_OK : TW_RAISE(DENIED, "the peer refused: message of type 0x%04x", got.type);
}

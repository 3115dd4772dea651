/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local socket: HTTP/1.1 as at the front door, by the same parser, accepted here so that the kernel says who is calling.
 *
 * Anybody on the device may connect; root, and whoever we run as when all roles share one user, is LOCAL, everybody else is
 * ANYONE. Each user gets a few connections and each connection a deadline, so that none can keep the others out.
 */
#include "device/platform/core.h"
#include "device/platform/http-reply.h"

#include <errno.h>
#include <sys/uio.h>

#define CONNECTIONS_MAX 32
#define PER_USER_MAX 8
#define REQUEST_MS 10000                               /* from a request's first byte to its last, and for taking an answer */
#define IDLE_MS 60000                                  /* between requests */
#define IN_MAX (TW_HTTP_HEAD_MAX + TW_BODY_MAX + 4096) /* a head, a body, and its chunk sizes */
#define OUT_MAX (1024 * 1024)
#define DISCARD_MAX 64 /* reads of what came after a request that could not be framed */

struct connection {
	struct tw_door_local *door;
	struct connection *next;
	int fd;
	struct event *readable, *writable;
	struct tw_buf in, out;
	size_t sent;
	struct tw_subject subject;
	uid_t uid;
	bool close_after;
};
struct tw_door_local {
	struct tw_core *core;
	int fd;
	struct event *acceptable;
	struct connection *first;
	size_t count;
	bool paused; /* full: nothing is accepted until somebody leaves */
};

static void resume(struct tw_door_local *d)
{
	if (d->paused && d->acceptable)
		(void)event_add(d->acceptable, NULL);
	d->paused = false;
}

static struct connection *free_connection(struct connection *c)
{
	if (!c)
		return NULL;
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	tw_buf_done(&c->in);
	tw_buf_done(&c->out);
	(void)c->door->core->sys->close(c->door->core->sys, c->fd);
	free(c);
	return NULL;
}

static void leave(struct connection *c)
{
	struct tw_door_local *d = c->door;
	struct connection **at = &d->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	d->count--;
	(void)free_connection(c);
	resume(d);
}

static void wait_for(struct connection *c, struct event *what, int64_t ms)
{
	struct timeval t = tw_core_ms(ms);

	(void)event_del(what == c->readable ? c->writable : c->readable);
	(void)event_add(what, &t);
}

/* What a client has sent and nobody will read would turn our close into a reset that overtakes the answer. */
static void discard(const struct connection *c)
{
	const struct tw_sys *sys = c->door->core->sys;
	char bytes[4096];

	for (int i = 0; i < DISCARD_MAX; i++) {
		struct iovec part = { bytes, sizeof bytes };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

		if (sys->recvmsg(sys, c->fd, &m, MSG_DONTWAIT) <= 0)
			return;
	}
}

/* False: the connection is gone. */
static bool send_out(struct connection *c)
{
	const struct tw_sys *sys = c->door->core->sys;

	while (c->sent < c->out.size) {
		struct iovec part = { c->out.data + c->sent, c->out.size - c->sent };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
		ssize_t n = sys->sendmsg(sys, c->fd, &m, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			wait_for(c, c->writable, REQUEST_MS);
			return true;
		}
		if (n <= 0) {
			leave(c);
			return false;
		}
		c->sent += (size_t)n;
	}
	tw_buf_clear(&c->out);
	c->sent = 0;
	if (c->close_after) {
		discard(c);
		leave(c);
		return false;
	}
	wait_for(c, c->readable, c->in.size ? REQUEST_MS : IDLE_MS);
	return true;
}

static tw_err answer(struct connection *c, const struct tw_http_head *head, struct tw_slice body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf reply_body = { 0 };
	struct tw_request rq = { .subject = c->subject, .head = head, .body = body };
	struct tw_path_reply reply = { 0 };

	tw_buf_init(&reply_body, c->door->core->sys, OUT_MAX / 2);
	tw_path_walk(&c->door->core->device.context, &rq, &reply_body, &reply);
	reply.close |= !head->keep_alive;
	c->close_after = reply.close;
	return tw_http_reply_write(&reply, tw_buf_slice(&reply_body), &c->out);
}

static tw_err refuse(struct connection *c, const struct tw_http_fault *fault)
{
	c->close_after = true;
	return tw_http_reply_fault(fault->status, fault->rule, &c->out);
}

/* The body of a request whose head has been read: a borrowed slice, or de-chunked into own. NOTFOUND: not all of it is there. */
static tw_err take_body(const struct connection *c, const struct tw_http_head *head, struct tw_buf *own, struct tw_slice *ret_body,
	size_t *ret_used, struct tw_http_fault *fault)
{
	struct tw_cursor rest = tw_cursor_of(c->in.data + head->size, c->in.size - head->size);
	struct tw_http_chunks chunks = { 0 };
	bool done = false;

	if (!head->chunked) {
		if (head->content_length > TW_BODY_MAX) {
			*fault = (struct tw_http_fault){ 413, "RFC 9110 15.5.14: larger than any operation takes", 0 };
			return TW_RAISE(LIMIT, "body");
		}
		if (tw_cursor_left(&rest) < head->content_length)
			return TW_RAISE(NOTFOUND, "body");
		*ret_body = (struct tw_slice){ (const char *)rest.at, (size_t)head->content_length };
		*ret_used = head->size + (size_t)head->content_length;
		return TW_OK;
	}
	TW_TRY(tw_http_chunk(&chunks, &rest, own, &done, fault));
	if (!done)
		return TW_RAISE(NOTFOUND, "body");
	*ret_body = tw_buf_slice(own);
	*ret_used = head->size + tw_cursor_offset(&rest);
	return TW_OK;
}

/* One request out of what has come. NOTFOUND: it is not complete yet. */
static tw_err take_request(struct connection *c)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf own = { 0 };
	struct tw_http_head head;
	struct tw_http_fault fault = { 400, "RFC 9112: malformed", 0 };
	struct tw_slice body;
	size_t used = 0;

	tw_buf_init(&own, c->door->core->sys, TW_BODY_MAX);
	tw_err e = tw_http_parse(tw_buf_slice(&c->in), &head, &fault);
	if (!tw_failed(e))
		e = take_body(c, &head, &own, &body, &used, &fault);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e))
		return refuse(c, &fault);
	TW_TRY(answer(c, &head, body));
	memmove(c->in.data, c->in.data + used, c->in.size - used);
	c->in.size -= used;
	return TW_OK;
}

static void on_readable(int fd, short what, void *user)
{
	struct connection *c = user;
	struct tw_core *core = c->door->core;
	char bytes[4096];
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n = what & EV_TIMEOUT ? 0 : core->sys->recvmsg(core->sys, fd, &m, MSG_DONTWAIT);
	tw_err e;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for(c, c->readable, REQUEST_MS);
		return;
	}
	if (n <= 0 || tw_failed(tw_buf_add(&c->in, bytes, (size_t)n))) {
		leave(c);
		return;
	}
	do
		e = take_request(c);
	while (!tw_failed(e) && !c->close_after && c->in.size);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND)) {
		leave(c);
		return;
	}
	(void)send_out(c);
	tw_core_settle(core);
}

static void on_writable(int fd, short what, void *user)
{
	struct connection *c = user;

	if (what & EV_TIMEOUT)
		leave(c);
	else
		(void)send_out(c);
}

static size_t count_user(const struct tw_door_local *d, uid_t uid)
{
	size_t n = 0;

	for (const struct connection *c = d->first; c; c = c->next)
		n += c->uid == uid;
	return n;
}

static tw_err welcome(struct tw_door_local *d, int fd)
{
	const struct tw_sys *sys = d->core->sys;
	struct connection *c;
	pid_t pid = 0;
	uid_t uid = 0;
	gid_t gid = 0;

	if (sys->peer(sys, fd, &pid, &uid, &gid))
		return TW_RAISE_ERRNO("asking who is calling");
	if (count_user(d, uid) >= PER_USER_MAX)
		return TW_RAISE(LIMIT, "user %u has %d connections already", uid, PER_USER_MAX);
	c = TW_NEW(sys, struct connection);
	if (!c)
		return TW_RAISE(NOMEM, "a local connection");
	c->door = d;
	c->fd = fd;
	c->uid = uid;
	c->subject.door = TW_DOOR_LOCAL;
	c->subject.kind = uid == 0 || uid == d->core->device.own_uid ? TW_SUBJECT_LOCAL : TW_SUBJECT_ANYONE;
	(void)snprintf(c->subject.name, sizeof c->subject.name, "uid:%u", uid);
	(void)snprintf(c->subject.source, sizeof c->subject.source, "pid %d", pid);
	(void)snprintf(c->subject.how, sizeof c->subject.how, "peer-credentials");
	tw_buf_init(&c->in, sys, IN_MAX);
	tw_buf_init(&c->out, sys, OUT_MAX);
	c->readable = tw_core_watch(d->core, fd, EV_READ, on_readable, c);
	c->writable = tw_core_watch(d->core, fd, EV_WRITE, on_writable, c);
	c->next = d->first;
	d->first = c;
	d->count++;
	if (c->readable && c->writable)
		wait_for(c, c->readable, REQUEST_MS);
	else
		leave(c);
	return TW_OK;
}

static void on_acceptable(int fd, short what, void *user)
{
	struct tw_door_local *d = user;
	const struct tw_sys *sys = d->core->sys;

	while (d->count < CONNECTIONS_MAX) {
		int peer = sys->accept(sys, fd, NULL, NULL);

		if (peer < 0)
			return;
		if (tw_failed(welcome(d, peer)))
			(void)sys->close(sys, peer);
	}
	d->paused = true;
	(void)event_del(d->acceptable);
}

tw_err tw_door_local_new(struct tw_core *c, int fd, tw_door_local **ret)
{
	tw_door_local *d = TW_NEW(c->sys, tw_door_local);

	if (!d)
		return TW_RAISE(NOMEM, "the local door");
	d->core = c;
	d->fd = fd;
	*ret = d;
	d->acceptable = tw_core_watch(c, fd, EV_READ | EV_PERSIST, on_acceptable, d);
	if (!d->acceptable || event_add(d->acceptable, NULL))
		return TW_RAISE(NOMEM, "the local door");
	return TW_OK;
}

tw_door_local *tw_door_local_free(tw_door_local *d)
{
	if (!d)
		return NULL;
	if (d->acceptable)
		event_free(d->acceptable);
	d->acceptable = NULL;
	while (d->first)
		leave(d->first);
	free(d);
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Anybody on the machine may connect; root, and whoever we run as when all roles share one user, is LOCAL, everybody else is
 * ANYONE. A newcomer always finds a place: a few are kept for LOCAL alone, and elsewhere, or over a user's share, the one goes that
 * has waited longest for nothing. A request has one deadline from its first byte to its last, and after each request the other
 * connections have their turn, so that neither dripping nor pipelining nor holding wins anything.
 */
#include "service/door/door-local.h"

#include "service/door/http-reply.h"
#include "service/door/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/uio.h>

#define CONNECTIONS_MAX 32
#define LOCAL_RESERVED 4 /* of these, for root alone: an administrator with a tool or two */
#define PER_USER_MAX 8
#define GRACE_MS 1000    /* who has said nothing for so long goes before those who have */
#define REQUEST_MS 10000 /* from a request's first byte to its last, and for taking an answer */
#define IDLE_MS 60000    /* between requests */
#define LATER_MS 300000  /* for an answer that comes later: as long as any provider is asked, and more */
#define READ_MAX 4096    /* at a time */
#define IN_MAX (TW_HTTP_HEAD_MAX + READ_MAX)
#define OUT_MAX (1024 * 1024)
#define DISCARD_MAX 64 /* reads of what came after a request that could not be framed */

struct connection {
	struct tw_door_local *door;
	struct connection *next;
	int fd;
	struct event *readable, *writable, *patience; /* patience: while its answer is being made, and nothing is read */
	struct tw_buf in, out;
	struct tw_buf head, body;    /* of the request whose body is still coming */
	struct tw_http_head *parsed; /* of head; NULL when no body is awaited */
	struct tw_http_chunks chunks;
	size_t sent;
	struct tw_subject subject;
	uid_t uid;
	int64_t since_ms; /* when it came, was answered, or began the request under way */
	int64_t until_ms; /* patience ends */
	uint64_t serial;  /* in the order of coming */
	bool answered;    /* some request of it */
	bool begun;       /* a request has come in part, or its answer is under way */
	bool again;       /* a request that is here waits for its turn */
	bool awaits;      /* an answer that comes later */
	bool close_after;
};
struct tw_door_local {
	const struct tw_sys *sys;
	struct tw_local_side side;
	struct tw_listener listener;
	struct connection *first;
	size_t count;
	uint64_t serial;
	struct tw_buf later; /* the body of an answer that comes later */
};

static int64_t now_ms(const struct connection *c)
{
	return tw_time_boot_ms(c->door->side.context->time);
}

static struct connection *free_connection(struct connection *c)
{
	if (!c)
		return NULL;
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	if (c->patience)
		event_free(c->patience);
	tw_buf_done(&c->in);
	tw_buf_done(&c->out);
	tw_buf_done(&c->head);
	tw_buf_done(&c->body);
	free(c->parsed);
	(void)c->door->sys->close(c->door->sys, c->fd);
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
	tw_listener_resume(&d->listener);
}

static void wait_for(struct connection *c, struct event *what, int64_t ms)
{
	const struct timeval t = { .tv_sec = ms > 0 ? ms / 1000 : 0, .tv_usec = ms > 0 ? ms % 1000 * 1000 : 0 };

	(void)event_del(what == c->readable ? c->writable : c->readable);
	(void)event_add(what, &t);
}

/* From here on patience runs, whatever comes in the meantime. */
static void set_deadline(struct connection *c, bool begun, int64_t ms)
{
	c->begun = begun;
	c->since_ms = now_ms(c);
	c->until_ms = c->since_ms + ms;
}

static void wait_on(struct connection *c, struct event *what)
{
	wait_for(c, what, c->until_ms - now_ms(c));
}

/* What a client has sent and nobody will read would turn our close into a reset that overtakes the answer. */
static void discard(const struct connection *c)
{
	const struct tw_sys *sys = c->door->sys;
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
	const struct tw_sys *sys = c->door->sys;

	while (c->sent < c->out.size) {
		struct iovec part = { c->out.data + c->sent, c->out.size - c->sent };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
		ssize_t n = sys->sendmsg(sys, c->fd, &m, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			wait_on(c, c->writable);
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
	c->answered = true;
	c->again = c->in.size > 0;
	set_deadline(c, c->again, c->again ? REQUEST_MS : IDLE_MS);
	wait_for(c, c->readable, c->again ? 0 : IDLE_MS); /* the next turn comes after the others' */
	return true;
}

/* Whoever has gone meanwhile is told nothing. The loop settles what it left. */
static void deliver(void *user, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *reply)
{
	struct tw_door_local *d = user;
	struct connection *c = d->first;

	while (c && (!c->awaits || (uint32_t)c->serial != connection))
		c = c->next;
	if (!c)
		return;
	c->awaits = false;
	(void)event_del(c->patience);
	reply->close |= c->close_after;
	c->close_after = reply->close;
	set_deadline(c, true, REQUEST_MS);
	if (tw_failed(tw_http_reply_write(reply, tw_buf_slice(&d->later), &c->out)))
		leave(c);
	else
		(void)send_out(c);
}

/* It says no more until it has its answer: what comes meanwhile stays with the kernel. */
static tw_err await(struct connection *c, tw_later *later)
{
	const struct timeval t = { .tv_sec = LATER_MS / 1000 };

	(void)event_del(c->readable);
	(void)event_del(c->writable);
	c->awaits = true;
	tw_later_bind(later, &(struct tw_later_door){ &c->door->later, deliver, c->door, (uint32_t)c->serial });
	return event_add(c->patience, &t) ? TW_RAISE(NOMEM, "a local connection") : TW_OK;
}

static tw_err answer(struct connection *c, const struct tw_http_head *head, struct tw_slice body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf reply_body = { 0 };
	struct tw_request rq = { .subject = c->subject, .head = head, .body = body, .takes_later = c->door->side.takes_later };
	struct tw_path_reply reply = { 0 };

	tw_buf_init(&reply_body, c->door->sys, OUT_MAX / 2);
	tw_path_walk(c->door->side.context, &rq, &reply_body, &reply);
	c->close_after = !head->keep_alive;
	if (reply.later)
		return await(c, reply.later);
	reply.close |= !head->keep_alive;
	c->close_after = reply.close;
	return tw_http_reply_write(&reply, tw_buf_slice(&reply_body), &c->out);
}

static tw_err refuse(struct connection *c, const struct tw_http_fault *fault)
{
	c->close_after = true;
	return tw_http_reply_fault(fault->status, fault->rule, &c->out);
}

static void used(struct connection *c, size_t size)
{
	memmove(c->in.data, c->in.data + size, c->in.size - size);
	c->in.size -= size;
}

/* Keeps the head until the body is there. The slices are made anew, because they must point into our copy. */
static tw_err begin_body(struct connection *c, size_t head_size)
{
	struct tw_http_fault unused;

	TW_TRY(tw_buf_add(&c->head, c->in.data, head_size));
	c->parsed = TW_NEW(c->door->sys, struct tw_http_head);
	if (!c->parsed)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_http_parse(tw_buf_slice(&c->head), c->parsed, &unused));
	c->chunks = (struct tw_http_chunks){ 0 };
	used(c, head_size);
	return TW_OK;
}

/* NOTFOUND: not all of it is there. What is there is taken, so that no byte is read twice however it was cut. */
static tw_err take_body(struct connection *c, struct tw_http_fault *fault)
{
	struct tw_cursor rest = tw_cursor_of(c->in.data, c->in.size);
	bool done = false;
	tw_err e;

	if (c->parsed->chunked) {
		e = tw_http_chunk(&c->chunks, &rest, &c->body, &done, fault);
	} else {
		size_t left = (size_t)c->parsed->content_length - c->body.size;
		struct tw_slice part;
		e = tw_cursor_slice(&rest, c->in.size < left ? c->in.size : left, &part);
		if (!tw_failed(e))
			e = tw_buf_add(&c->body, part.at, part.size);
		done = c->body.size == c->parsed->content_length;
	}
	used(c, tw_cursor_offset(&rest));
	TW_TRY(e);
	return done ? TW_OK : TW_RAISE(NOTFOUND, "body");
}

static tw_err answer_kept(struct connection *c)
{
	tw_err e = answer(c, c->parsed, tw_buf_slice(&c->body));

	free(c->parsed);
	c->parsed = NULL;
	tw_buf_done(&c->head);
	tw_buf_wipe(&c->body);
	return e;
}

static tw_err take_head(struct connection *c, struct tw_http_fault *fault)
{
	struct tw_http_head head;

	TW_TRY(tw_http_parse(tw_buf_slice(&c->in), &head, fault));
	if (head.content_length > TW_BODY_MAX) {
		*fault = (struct tw_http_fault){ 413, "RFC 9110 15.5.14: larger than any operation takes", 0 };
		return TW_RAISE(LIMIT, "body");
	}
	if (head.content_length > 0 || head.chunked)
		return begin_body(c, head.size);
	TW_TRY(answer(c, &head, (struct tw_slice){ "", 0 }));
	used(c, head.size);
	return TW_OK;
}

/* One request out of what has come. NOTFOUND: it is not complete yet. */
static tw_err take_request(struct connection *c)
{
	struct tw_http_fault fault = { 0 };
	tw_err e = TW_OK;

	if (!c->parsed)
		e = take_head(c, &fault);
	if (!tw_failed(e) && c->parsed) {
		e = take_body(c, &fault);
		if (!tw_failed(e))
			e = answer_kept(c);
	}
	return fault.status && !tw_is(e, TW_CODE_NOTFOUND) && !tw_is(e, TW_CODE_NOMEM) ? refuse(c, &fault) : e;
}

/* False: the connection is to end. Errors that pass leave what had been waited for. */
static bool read_more(struct connection *c)
{
	const struct tw_sys *sys = c->door->sys;
	char bytes[READ_MAX];
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t n = sys->recvmsg(sys, c->fd, &m, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0 || tw_failed(tw_buf_add(&c->in, bytes, (size_t)n)))
		return false;
	if (!c->begun)
		set_deadline(c, true, REQUEST_MS);
	return true;
}

static void on_readable(int fd, short what, void *user)
{
	struct connection *c = user;
	const struct tw_local_side *side = &c->door->side;
	bool late = what & EV_TIMEOUT && !c->again;

	if (late || (!c->again && !read_more(c))) {
		leave(c);
		return;
	}
	c->again = false;
	tw_err e = c->in.size ? take_request(c) : TW_RAISE(NOTFOUND, "nothing has come");
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		wait_on(c, c->readable);
		return;
	}
	if (tw_failed(e)) {
		leave(c);
		return;
	}
	set_deadline(c, true, REQUEST_MS);
	if (!c->awaits)
		(void)send_out(c);
	side->settle(side->user);
}

static void on_impatient(int fd, short what, void *user)
{
	leave(user);
}

static void on_writable(int fd, short what, void *user)
{
	struct connection *c = user;

	if (what & EV_TIMEOUT)
		leave(c);
	else
		(void)send_out(c);
}

/* --- Who gets in, and who goes for it --- */

static bool is_local(const struct connection *c)
{
	return c->subject.kind == TW_SUBJECT_LOCAL;
}

static size_t count_user(const struct connection *of)
{
	size_t n = 0;

	for (const struct connection *c = of->door->first; c; c = c->next)
		n += c->uid == of->uid;
	return n;
}

/* The lower, the sooner it goes. Who has just come gets a moment to speak, or a crowd would push each other out unheard. */
static int worth(const struct connection *c)
{
	if (!c->answered && now_ms(c) - c->since_ms >= GRACE_MS)
		return 0;
	return c->answered && !c->begun ? 1 : 2;
}

/* A connection of the user who holds the most; of those the one worth least; of those the one that has waited, or been here, longest. */
static bool goes_before(const struct connection *a, const struct connection *b)
{
	if (!b)
		return true;
	if (count_user(a) != count_user(b))
		return count_user(a) > count_user(b);
	if (worth(a) != worth(b))
		return worth(a) < worth(b);
	return worth(a) == 1 ? a->since_ms < b->since_ms : a->serial < b->serial;
}

/* Ends a connection when the newcomer would be over a share: one of its own user's when it is that user's, else any but root's. */
static void make_room(struct tw_door_local *d, uid_t uid, bool local)
{
	struct connection *own = NULL, *other = NULL;
	size_t mine = 0, others = 0;

	for (struct connection *c = d->first; c; c = c->next) {
		if (c->uid == uid) {
			mine++;
			own = goes_before(c, own) ? c : own;
		}
		if (!is_local(c)) {
			others++;
			other = goes_before(c, other) ? c : other;
		}
	}
	bool full = local ? d->count >= CONNECTIONS_MAX : others >= CONNECTIONS_MAX - LOCAL_RESERVED || d->count >= CONNECTIONS_MAX;
	if (mine >= PER_USER_MAX)
		leave(own);
	else if (full && other)
		leave(other);
}

static tw_err welcome(struct tw_door_local *d, int fd)
{
	const struct tw_sys *sys = d->sys;
	struct connection *c;
	pid_t pid = 0;
	uid_t uid = 0;
	gid_t gid = 0;

	if (sys->peer(sys, fd, &pid, &uid, &gid))
		return TW_RAISE_ERRNO("asking who is calling");
	make_room(d, uid, uid == 0 || uid == d->side.own_uid);
	c = TW_NEW(sys, struct connection);
	if (!c)
		return TW_RAISE(NOMEM, "a local connection");
	c->door = d;
	c->fd = fd;
	c->uid = uid;
	c->serial = ++d->serial;
	c->subject.door = TW_DOOR_LOCAL;
	/* @nist LA.RSM.4.4: a process has the level of its user, which the kernel says: root's and our own, or nobody's */
	c->subject.kind = uid == 0 || uid == d->side.own_uid ? TW_SUBJECT_LOCAL : TW_SUBJECT_ANYONE;
	(void)snprintf(c->subject.name, sizeof c->subject.name, "uid:%u", uid);
	(void)snprintf(c->subject.source, sizeof c->subject.source, "pid %d", pid);
	(void)snprintf(c->subject.how, sizeof c->subject.how, "peer-credentials");
	tw_buf_init(&c->in, sys, IN_MAX);
	tw_buf_init(&c->out, sys, OUT_MAX);
	tw_buf_init(&c->head, sys, TW_HTTP_HEAD_MAX);
	tw_buf_init(&c->body, sys, TW_BODY_MAX);
	c->readable = event_new(d->side.loop, fd, EV_READ, on_readable, c);
	c->writable = event_new(d->side.loop, fd, EV_WRITE, on_writable, c);
	c->patience = event_new(d->side.loop, -1, 0, on_impatient, c);
	c->next = d->first;
	d->first = c;
	d->count++;
	set_deadline(c, false, REQUEST_MS);
	if (c->readable && c->writable && c->patience)
		wait_on(c, c->readable);
	else
		leave(c);
	return TW_OK;
}

static void on_accepted(void *user, int fd)
{
	struct tw_door_local *d = user;

	if (tw_failed(welcome(d, fd)))
		(void)d->sys->close(d->sys, fd);
}

tw_err tw_door_local_new(const struct tw_local_side *side, int fd, tw_door_local **ret)
{
	const struct tw_sys *sys = side->context->sys;
	tw_door_local *d = TW_NEW(sys, tw_door_local);

	if (!d)
		return TW_RAISE(NOMEM, "the local door");
	d->sys = sys;
	d->side = *side;
	tw_buf_init(&d->later, sys, OUT_MAX / 2);
	d->listener = (struct tw_listener){ .sys = sys, .fd = fd, .take = on_accepted, .user = d };
	*ret = d;
	return tw_listener_start(&d->listener, side->loop);
}

tw_door_local *tw_door_local_free(tw_door_local *d)
{
	struct connection *c, *next;

	if (!d)
		return NULL;
	tw_listener_stop(&d->listener);
	for (c = d->first; c; c = next) {
		next = c->next;
		leave(c);
	}
	tw_buf_done(&d->later);
	free(d);
	return NULL;
}

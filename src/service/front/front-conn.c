/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life: first byte, handshake, head, body, core or a page, answer, and again.
 *
 * One request at a time: what arrives behind it waits, at most one head's worth, then we stop reading. After a fault nothing
 * that follows is looked at: the answer goes out, the rest is read and thrown away for a moment, the connection closes.
 * Whatever fails for want of memory ends this connection and no other.
 */
#include "service/front/front-conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/front/front-reply.h"
#include "service/front/front-self.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <string.h>

#define ONE_WRITE (16 * 1024) /* of a page at a time, so that head and page leave together when they are small */
#define ONE_RECORD 4096       /* what TLS sends in one piece: more would be read again */
#define FILE_TURN (64 * 1024) /* of a file, then the others get their turn; and within body_ms each, else the peer is too slow */

/* --- Birth and end --- */

static void flush(struct tw_conn *c);
static void resume(struct tw_conn *c);

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tw_conn *c = arg;
	struct tw_front *f = c->front;

	if (what & EV_TIMEOUT) { /* a turn promised when the last one was used up; libevent takes the event out with its time */
		c->reading = false;
		resume(c);
	} else {
		tw_conn_read(c);
	}
	tw_front_reap(f);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tw_conn *c = arg;
	struct tw_front *f = c->front;
	bool answering = c->out.size > 0 || c->rest.size > 0 || c->file >= 0;

	if (answering)
		flush(c);
	if (answering)
		resume(c);
	else
		tw_conn_read(c); /* the handshake, or a key update, had something to send first */
	tw_front_reap(f);
}

static tw_err take_slot(struct tw_front *f, struct tw_conn *c)
{
	for (unsigned i = 0; i < f->limits.connections; i++) {
		if (f->slots[i])
			continue;
		f->slots[i] = c;
		f->serial++;
		c->id = f->serial << TW_FRONT_SLOT_BITS | i;
		f->connections++;
		f->unknown++;
		return TW_OK;
	}
	return TW_RAISE(LIMIT, "%u connections", f->limits.connections);
}

tw_err tw_conn_new(struct tw_front *f, int fd, const uint8_t source[16], struct tw_conn **ret)
{
	struct tw_conn *c = TW_NEW(f->sys, struct tw_conn);
	bool mapped = memcmp(source, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;

	if (!c)
		return TW_RAISE(NOMEM, "connection");
	*c = (struct tw_conn){
		.front = f, .fd = fd, .line.fd = fd, .file = -1, .unsent_file = -1, .self = fd < 0, .reading = true, .accepted_ms = tw_front_now_ms(f)
	};
	memcpy(c->source, source, sizeof c->source);
	(void)inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? source + 12 : source, c->source_text, sizeof c->source_text);
	tw_buf_init(&c->in, f->sys, TW_HTTP_HEAD_MAX);
	tw_buf_init(&c->head, f->sys, TW_HTTP_HEAD_MAX);
	tw_buf_init(&c->body, f->sys, TW_BODY_MAX);
	tw_parcel_init(&c->spool, f->sys, TW_UPLOAD_MAX);
	tw_buf_init(&c->unsent, f->sys, TW_CHANNEL_MAX);
	tw_buf_init(&c->out, f->sys, TW_CHANNEL_MAX + TW_HTTP_HEAD_MAX);
	tw_err e = take_slot(f, c);
	if (tw_failed(e)) {
		free(c);
		return e;
	}
	TAILQ_INSERT_TAIL(&f->waiting[TW_WAIT_HEAD], c, link);
	tw_conn_wait(c, TW_WAIT_HEAD);
	if (fd >= 0) {
		(void)event_assign(&c->readable, f->base, fd, EV_READ | EV_PERSIST, on_readable, c);
		(void)event_assign(&c->writable, f->base, fd, EV_WRITE, on_writable, c);
		if (event_add(&c->readable, NULL) != 0) {
			c->fd = -1; /* stays the caller's */
			tw_conn_end(c);
			return TW_RAISE(NOMEM, "watching a connection");
		}
	}
	*ret = c;
	return TW_OK;
}

/* Says close_notify; the peer's is not waited for. */
static void say_close(struct tw_conn *c)
{
	tw_front_tls_more(c->ssl, false);
	ERR_clear_error();
	(void)SSL_shutdown(c->ssl);
}

static void drop_file(struct tw_conn *c)
{
	if (c->file >= 0)
		(void)c->front->sys->close(c->front->sys, c->file);
	c->file = -1;
	c->file_at = c->file_end = 0;
}

void tw_conn_end(struct tw_conn *c)
{
	struct tw_front *f = c->front;

	if (c->ended)
		return;
	c->ended = true;
	if ((c->asked || c->streaming) && c->unsent.size == 0 && !f->core_gone) {
		uint8_t id[4] = { (uint8_t)(c->id >> 24), (uint8_t)(c->id >> 16), (uint8_t)(c->id >> 8), (uint8_t)c->id };
		/* Core only loses the chance to save itself work when this does not get through. */
		tw_ignore(tw_channel_send(f->core, TW_WIRE_GONE, 0, id, sizeof id, NULL, 0));
	}
	if (event_initialized(&c->readable)) {
		(void)event_del(&c->readable);
		(void)event_del(&c->writable);
	}
	if (c->ssl) {
		ERR_clear_error();
		if (c->shaken)
			say_close(c);
		SSL_free(c->ssl);
		ERR_clear_error();
		c->ssl = NULL;
	}
	c->tls = tw_front_tls_unref(c->tls);
	drop_file(c);
	tw_conn_drop_body(c);
	if (c->fd >= 0)
		(void)f->sys->close(f->sys, c->fd);
	f->slots[c->id & (TW_FRONT_SLOTS - 1)] = NULL;
	f->connections--;
	f->unknown -= !c->known;
	TAILQ_REMOVE(&f->waiting[c->wait], c, link);
	TAILQ_INSERT_TAIL(&f->ended, c, link);
	if (c->asked && c->unsent.size == 0)
		tw_conn_next_of(c);
	if (c->self)
		tw_self_ended(f);
}

void tw_conn_free(struct tw_conn *c)
{
	tw_buf_done(&c->in);
	tw_buf_done(&c->head);
	tw_buf_done(&c->body);
	tw_buf_done(&c->unsent);
	tw_buf_done(&c->out);
	free(c->parsed);
	free(c);
}

void tw_conn_wait(struct tw_conn *c, enum tw_front_wait what)
{
	struct tw_front *f = c->front;
	const int patience[TW_WAITS] = {
		[TW_WAIT_HEAD] = f->limits.head_ms,
		[TW_WAIT_BODY] = f->limits.body_ms,
		[TW_WAIT_UPLOAD] = f->limits.upload_ms,
		[TW_WAIT_CORE] = 0,
		[TW_WAIT_STREAM] = 0,
		[TW_WAIT_WRITE] = f->limits.body_ms,
		[TW_WAIT_IDLE] = f->limits.idle_ms,
		[TW_WAIT_KNOWN] = f->limits.known_ms,
		[TW_WAIT_LINGER] = f->limits.linger_ms,
	};

	TAILQ_REMOVE(&f->waiting[c->wait], c, link);
	c->wait = what;
	c->deadline_ms = tw_front_now_ms(f) + patience[what];
	TAILQ_INSERT_TAIL(&f->waiting[what], c, link);
}

/* --- Sending --- */

static void write_failed(struct tw_conn *c)
{
	int why = SSL_get_error(c->ssl, 0);

	if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
		c->shaken = false; /* nothing more can be said to this peer */
		tw_conn_end(c);
	} else if (c->fd >= 0 && event_add(&c->writable, NULL) != 0) {
		tw_conn_end(c);
	}
}

/*
 * The file's bytes pass through the scratch and are not kept: what the peer did not take is read again at the same place, which
 * holds the same. So a slow reader costs a descriptor and no memory.
 */
static bool write_file(struct tw_conn *c)
{
	struct tw_front *f = c->front;
	uint64_t turn = c->file_at + FILE_TURN;

	while (c->file_at < c->file_end && c->file_at < turn) {
		uint64_t left = c->file_end - c->file_at;
		size_t want = left < ONE_RECORD ? (size_t)left : ONE_RECORD, done = 0;
		ssize_t n = f->sys->pread(f->sys, c->file, f->scratch, want, (off_t)c->file_at);

		if (n != (ssize_t)want) { /* its length has been said, so only the end of the connection can say that it fails */
			tw_conn_end(c);
			return false;
		}
		ERR_clear_error();
		if (SSL_write_ex(c->ssl, f->scratch, want, &done) != 1) {
			write_failed(c);
			return false;
		}
		c->file_at += done;
	}
	if (c->file_at == c->file_end) {
		drop_file(c);
		return true;
	}
	tw_conn_wait(c, TW_WAIT_WRITE);
	if (c->fd >= 0 && event_add(&c->writable, NULL) != 0)
		tw_conn_end(c);
	return false;
}

/* true: everything is out. */
static bool write_some(struct tw_conn *c)
{
	while (c->out_at < c->out.size || c->rest.size > 0) {
		bool head = c->out_at < c->out.size;
		const char *from = head ? c->out.data + c->out_at : c->rest.at;
		size_t size = head ? c->out.size - c->out_at : c->rest.size, done = 0;

		ERR_clear_error();
		if (SSL_write_ex(c->ssl, from, size, &done) != 1) {
			write_failed(c);
			return false;
		}
		if (head)
			c->out_at += done;
		else
			c->rest = (struct tw_slice){ c->rest.at + done, c->rest.size - done };
	}
	tw_buf_done(&c->out);
	c->out_at = 0;
	return c->file < 0 || write_file(c);
}

bool tw_conn_last(const struct tw_conn *c)
{
	return c->closing || c->faulted || c->old || c->front->draining;
}

void tw_conn_drained(struct tw_conn *c)
{
	const struct tw_wire_drained d = { c->id, c->on_its_way };
	struct tw_front *f = c->front;

	c->drain_owed = false;
	if (d.bytes == 0 || f->core_gone)
		return;
	tw_buf_clear(&f->message);
	tw_err e = tw_wire_drained_write(&d, &f->message);
	if (!tw_failed(e))
		e = tw_channel_send(f->core, TW_WIRE_DRAINED, 0, f->message.data, f->message.size, NULL, 0);
	if (!tw_failed(e))
		c->on_its_way = 0;
	c->drain_owed = tw_is(e, TW_CODE_TIMEOUT) && event_add(f->on_core_room, NULL) == 0;
	if (tw_failed(e) && !c->drain_owed)
		tw_conn_end(c);
}

static void after_answer(struct tw_conn *c)
{
	if (c->streaming) {
		tw_conn_wait(c, TW_WAIT_STREAM);
		tw_conn_drained(c);
		return;
	}
	if (c->self) {
		tw_self_answered(c->front);
		return;
	}
	if (c->faulted) {
		c->closing = true;
		say_close(c);
		tw_conn_wait(c, TW_WAIT_LINGER);
		return;
	}
	if (tw_conn_last(c)) {
		tw_conn_end(c);
		return;
	}
	tw_conn_wait(c, c->known ? TW_WAIT_KNOWN : TW_WAIT_IDLE);
}

static void flush(struct tw_conn *c)
{
	if (write_some(c))
		after_answer(c);
	else if (!c->ended && c->wait != TW_WAIT_WRITE)
		tw_conn_wait(c, TW_WAIT_WRITE);
}

void tw_conn_answer(struct tw_conn *c, struct tw_slice rest)
{
	struct tw_buf *b = &c->front->reply;
	size_t done = 0;

	/* Small pages leave in one record with their head. */
	if (rest.size > 0 && b->size + rest.size <= ONE_WRITE && !tw_failed(tw_buf_add(b, rest.at, rest.size)))
		rest.size = 0;
	c->rest = rest;
	if (tw_conn_last(c) && !c->streaming)
		tw_front_tls_more(c->ssl, true);
	ERR_clear_error();
	if (SSL_write_ex(c->ssl, b->data, b->size, &done) == 1 && done == b->size && rest.size == 0 && c->file < 0) {
		after_answer(c); /* nearly always */
		return;
	}
	if (tw_failed(tw_buf_add(&c->out, b->data + done, b->size - done))) {
		tw_conn_end(c);
		return;
	}
	flush(c);
}

void tw_conn_problem(struct tw_conn *c, int status, const char *rule)
{
	tw_err e = c->browses ? tw_front_reply_page(c->front, status, rule, c->head_only, tw_conn_last(c))
			      : tw_front_reply_problem(c->front, status, rule, c->head_only, tw_conn_last(c));

	if (tw_failed(e))
		tw_conn_end(c);
	else
		tw_conn_answer(c, (struct tw_slice){ "", 0 });
}

void tw_conn_fault(struct tw_conn *c, int status, const char *rule)
{
	c->faulted = true;
	tw_conn_drop_body(c);
	tw_buf_done(&c->in);
	tw_buf_done(&c->head);
	tw_buf_done(&c->body);
	tw_conn_problem(c, status, rule);
}

void tw_conn_reply(struct tw_conn *c, const struct tw_wire_reply *r, int file)
{
	struct tw_front *f = c->front;

	c->file = c->asked && !c->head_only ? file : -1;
	if (c->file != file)
		(void)f->sys->close(f->sys, file);
	if (!c->asked)
		return;
	c->asked = false;
	c->file_end = c->file >= 0 ? r->file : 0;
	tw_conn_next_of(c);
	c->streaming = r->stream;
	c->on_its_way = 0;
	if (r->known && !c->known) {
		c->known = true;
		f->unknown--;
	}
	c->closing |= r->close;
	if (tw_failed(tw_front_reply_core(f, r, c->head_only, tw_conn_last(c))))
		tw_conn_end(c);
	else
		tw_conn_answer(c, (struct tw_slice){ "", 0 });
	resume(c);
}

/* One piece as one chunk (RFC 9112 7.1), the end as the last. */
static tw_err add_chunk(struct tw_buf *out, const struct tw_wire_stream *s)
{
	if (s->bytes.size > 0) {
		TW_TRY(tw_buf_format(out, "%zx\r\n", s->bytes.size));
		TW_TRY(tw_buf_add(out, s->bytes.at, s->bytes.size));
		TW_TRY(tw_buf_add(out, "\r\n", 2));
	}
	return s->end ? tw_buf_add(out, "0\r\n\r\n", 5) : TW_OK;
}

void tw_conn_stream(struct tw_conn *c, const struct tw_wire_stream *s)
{
	if (tw_failed(add_chunk(&c->out, s))) {
		tw_conn_end(c);
		return;
	}
	c->on_its_way += (uint32_t)s->bytes.size;
	c->streaming = !s->end;
	flush(c);
	if (s->end)
		resume(c);
}

void tw_conn_retire(struct tw_conn *c)
{
	c->old = true;
	if (c->wait == TW_WAIT_IDLE || c->streaming || c->wait == TW_WAIT_KNOWN ||
		(c->wait == TW_WAIT_HEAD && (c->front->draining || !c->ssl)))
		tw_conn_end(c);
}

/* --- Receiving --- */

/* What came is handled where it lies; only what has to wait is copied. */
static void take(struct tw_conn *c, size_t size)
{
	struct tw_slice bytes = { c->front->scratch, size };

	if (c->in.size > 0) {
		if (tw_failed(tw_buf_add(&c->in, bytes.at, bytes.size))) {
			tw_conn_end(c);
			return;
		}
		bytes = tw_buf_slice(&c->in);
	}
	size_t used = tw_conn_handle(c, bytes);
	if (c->ended || c->faulted)
		return;
	if (bytes.at == c->in.data && used < bytes.size) {
		memmove(c->in.data, c->in.data + used, bytes.size - used);
		c->in.size = bytes.size - used;
	} else if (bytes.at == c->in.data) {
		tw_buf_done(&c->in);
	} else if (used < bytes.size && tw_failed(tw_buf_add(&c->in, bytes.at + used, bytes.size - used))) {
		tw_conn_end(c);
	}
}

static void shaken(struct tw_conn *c)
{
	c->shaken = true;
	c->has_client_key = !tw_failed(tw_front_tls_client_key(c->ssl, c->client_key));
}

/* A peer that has closed, or broken TLS, is gone; a missing close_notify costs nothing, because every request says its length. */
static void read_failed(struct tw_conn *c)
{
	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		if (c->line.rekeys > TW_FRONT_REKEYS)
			tw_conn_end(c);
		return;
	case SSL_ERROR_WANT_WRITE:
		if (c->fd >= 0 && event_add(&c->writable, NULL) != 0)
			tw_conn_end(c);
		return;
	case SSL_ERROR_ZERO_RETURN:
		c->half = true; /* RFC 8446 6.1: it will say nothing more, and may still want to hear */
		return;
	default:
		c->shaken = false; /* OpenSSL permits no shutdown after these */
	}
	tw_conn_end(c);
}

static bool first_byte(struct tw_conn *c)
{
	if (c->ssl)
		return true;
	if (tw_failed(tw_front_tls_accept(c->front->tls, &c->line, &c->ssl))) {
		tw_conn_end(c);
		return false;
	}
	c->tls = tw_front_tls_ref(c->front->tls);
	return true;
}

static void set_reading(struct tw_conn *c, bool on)
{
	if (c->fd < 0 || c->reading == on)
		return;
	c->reading = on;
	if ((on ? event_add(&c->readable, NULL) : event_del(&c->readable)) != 0)
		tw_conn_end(c);
}

/* Whether anything happens next without a byte of the peer's: an answer is due, or a request that is here waits for its turn. */
static bool busy(const struct tw_conn *c)
{
	bool answering = c->wait == TW_WAIT_CORE || c->wait == TW_WAIT_WRITE;

	return answering || (c->served >= TW_FRONT_TURN_REQUESTS && c->in.size > 0);
}

/* The next turn comes after all who are ready have had theirs; a request that waits in our buffer would wake nobody. */
static void end_turn(struct tw_conn *c)
{
	static const struct timeval now;

	if (c->ended)
		return;
	if (c->half && !busy(c)) {
		tw_conn_end(c);
		return;
	}
	set_reading(c, !c->half && c->in.size < sizeof c->front->scratch);
	if (c->ended || c->fd < 0 || c->served < TW_FRONT_TURN_REQUESTS || (c->in.size == 0 && !SSL_has_pending(c->ssl)))
		return;
	c->reading = true;
	if (event_add(&c->readable, &now) != 0)
		tw_conn_end(c);
}

static void read_records(struct tw_conn *c)
{
	struct tw_front *f = c->front;
	size_t size, room;

	while (!c->ended && !c->half && c->served < TW_FRONT_TURN_REQUESTS && (room = sizeof f->scratch - c->in.size) > 0) {
		ERR_clear_error();
		int ok = SSL_read_ex(c->ssl, f->scratch, room, &size);
		if (!c->shaken && SSL_is_init_finished(c->ssl))
			shaken(c);
		if (ok != 1) {
			read_failed(c);
			break;
		}
		if (!c->faulted)
			take(c, size);
		if (!c->ended && !SSL_has_pending(c->ssl))
			break;
	}
}

static void begin_turn(struct tw_conn *c)
{
	c->served = 0;
	c->line.turn = TW_FRONT_TURN_BYTES;
}

void tw_conn_read(struct tw_conn *c)
{
	if (!first_byte(c))
		return;
	begin_turn(c);
	read_records(c);
	end_turn(c);
}

/* An answer is out: what waited behind the request comes next. Nothing waits nearly always, and then no system call is made. */
static void resume(struct tw_conn *c)
{
	if (c->ended)
		return;
	begin_turn(c);
	if (c->in.size > 0)
		take(c, 0);
	if (!c->ended && (SSL_has_pending(c->ssl) || !c->reading))
		read_records(c);
	end_turn(c);
}

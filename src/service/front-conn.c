/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life: first byte, handshake, head, body, core or a page, answer, and again.
 *
 * One request at a time: what arrives behind it waits, at most one head's worth, then we stop reading. After a fault nothing
 * that follows is looked at: the answer goes out, the rest is read and thrown away for a moment, the connection closes.
 * Whatever fails for want of memory ends this connection and no other.
 */
#include "service/front-conn.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/front-reply.h"
#include "service/front-self.h"
#include "service/front-tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <string.h>

#define ONE_WRITE (16 * 1024) /* of a page at a time, so that head and page leave together when they are small */

/* --- Birth and end --- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tw_conn *c = arg;
	struct tw_front *f = c->front;

	tw_conn_read(c);
	tw_front_reap(f);
}

static void flush(struct tw_conn *c);
static void resume(struct tw_conn *c);

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tw_conn *c = arg;
	struct tw_front *f = c->front;
	bool answering = c->out.size > 0 || c->rest.size > 0;

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
	*c = (struct tw_conn){ .front = f, .fd = fd, .self = fd < 0, .reading = true, .accepted_ms = tw_front_now_ms(f) };
	memcpy(c->source, source, sizeof c->source);
	(void)inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? source + 12 : source, c->source_text, sizeof c->source_text);
	tw_buf_init(&c->in, f->sys, TW_HTTP_HEAD_MAX);
	tw_buf_init(&c->head, f->sys, TW_HTTP_HEAD_MAX);
	tw_buf_init(&c->body, f->sys, TW_BODY_MAX);
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

void tw_conn_end(struct tw_conn *c)
{
	struct tw_front *f = c->front;

	if (c->ended)
		return;
	c->ended = true;
	if (c->asked && c->unsent.size == 0 && !f->core_gone) {
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
	if (c->fd >= 0)
		(void)f->sys->close(f->sys, c->fd);
	f->slots[c->id & (TW_FRONT_SLOTS - 1)] = NULL;
	f->connections--;
	f->unknown -= !c->known;
	TAILQ_REMOVE(&f->waiting[c->wait], c, link);
	TAILQ_INSERT_TAIL(&f->ended, c, link);
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
		[TW_WAIT_CORE] = 0,
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

/* true: everything is out. */
static bool write_some(struct tw_conn *c)
{
	while (c->out_at < c->out.size || c->rest.size > 0) {
		bool head = c->out_at < c->out.size;
		const char *from = head ? c->out.data + c->out_at : c->rest.at;
		size_t size = head ? c->out.size - c->out_at : c->rest.size, done = 0;

		ERR_clear_error();
		if (SSL_write_ex(c->ssl, from, size, &done) != 1) {
			int why = SSL_get_error(c->ssl, 0);
			if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
				c->shaken = false; /* nothing more can be said to this peer */
				tw_conn_end(c);
			} else if (c->fd >= 0 && event_add(&c->writable, NULL) != 0) {
				tw_conn_end(c);
			}
			return false;
		}
		if (head)
			c->out_at += done;
		else
			c->rest = (struct tw_slice){ c->rest.at + done, c->rest.size - done };
	}
	tw_buf_done(&c->out);
	c->out_at = 0;
	return true;
}

/* Whether the connection ends with the answer under way. */
static bool last_answer(const struct tw_conn *c)
{
	return c->closing || c->faulted || c->old || c->front->draining;
}

static void after_answer(struct tw_conn *c)
{
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
	if (last_answer(c)) {
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
	if (last_answer(c))
		tw_front_tls_more(c->ssl, true);
	ERR_clear_error();
	if (SSL_write_ex(c->ssl, b->data, b->size, &done) == 1 && done == b->size && rest.size == 0) {
		after_answer(c); /* nearly always */
		return;
	}
	if (tw_failed(tw_buf_add(&c->out, b->data + done, b->size - done))) {
		tw_conn_end(c);
		return;
	}
	flush(c);
}

static void answer_problem(struct tw_conn *c, int status, const char *rule)
{
	if (tw_failed(tw_front_reply_problem(c->front, status, rule, c->head_only, last_answer(c))))
		tw_conn_end(c);
	else
		tw_conn_answer(c, (struct tw_slice){ "", 0 });
}

static void fault(struct tw_conn *c, int status, const char *rule)
{
	c->faulted = true;
	tw_buf_done(&c->in);
	tw_buf_done(&c->head);
	tw_buf_done(&c->body);
	answer_problem(c, status, rule);
}

void tw_conn_reply(struct tw_conn *c, const struct tw_wire_reply *r)
{
	struct tw_front *f = c->front;

	if (!c->asked)
		return;
	c->asked = false;
	if (r->known && !c->known) {
		c->known = true;
		f->unknown--;
	}
	c->closing |= r->close;
	if (tw_failed(tw_front_reply_core(f, r, c->head_only, last_answer(c))))
		tw_conn_end(c);
	else
		tw_conn_answer(c, (struct tw_slice){ "", 0 });
	resume(c);
}

void tw_conn_retire(struct tw_conn *c)
{
	c->old = true;
	if (c->wait == TW_WAIT_IDLE || c->wait == TW_WAIT_KNOWN || (c->wait == TW_WAIT_HEAD && (c->front->draining || !c->ssl)))
		tw_conn_end(c);
}

/* --- One request --- */

static tw_err pass_to_core(struct tw_conn *c, struct tw_slice head, struct tw_slice body)
{
	struct tw_front *f = c->front;
	struct tw_wire_request r = { .connection = c->id, .has_exporter = true, .has_client_key = c->has_client_key, .head = head, .body = body };

	if (!c->asked_exporter)
		TW_TRY(tw_front_tls_exporter(c->ssl, c->exporter));
	c->asked_exporter = true;
	memcpy(r.source, c->source_text, sizeof c->source_text);
	memcpy(r.exporter, c->exporter, sizeof r.exporter);
	memcpy(r.client_key, c->client_key, sizeof r.client_key);
	tw_buf_clear(&f->message);
	TW_TRY(tw_wire_request_write(&r, &f->message));
	tw_err e = tw_channel_send(f->core, TW_WIRE_REQUEST, 0, f->message.data, f->message.size, NULL, 0);
	if (!tw_is(e, TW_CODE_TIMEOUT))
		return e;
	if (event_add(f->on_core_room, NULL) != 0)
		return TW_RAISE(NOMEM, "watching core's channel");
	return tw_buf_add(&c->unsent, f->message.data, f->message.size);
}

tw_err tw_conn_send_waiting(struct tw_conn *c)
{
	tw_err e = TW_OK;

	if (c->unsent.size > 0)
		e = tw_channel_send(c->front->core, TW_WIRE_REQUEST, 0, c->unsent.data, c->unsent.size, NULL, 0);
	if (!tw_is(e, TW_CODE_TIMEOUT))
		tw_buf_done(&c->unsent);
	return e;
}

static void dispatch(struct tw_conn *c, const struct tw_http_head *h, struct tw_slice head, struct tw_slice body)
{
	struct tw_front *f = c->front;
	const struct tw_asset *a;
	struct tw_slice rest;

	c->closing = !h->keep_alive;
	if (!tw_front_host_ours(tw_http_find(h, "host")->value)) {
		answer_problem(c, 421, "RFC 9110 15.5.20: this device answers to its address, not to that name");
		return;
	}
	a = tw_front_asset(f->assets, h->path);
	if (a && !c->head_only && !tw_slice_is(h->method, "GET")) {
		answer_problem(c, 405, "RFC 9110 15.5.6: pages are read only");
	} else if (a) {
		if (tw_failed(tw_front_reply_asset(f, a, h, last_answer(c), &rest)))
			tw_conn_end(c);
		else
			tw_conn_answer(c, rest);
	} else if (h->path.size < 5 || memcmp(h->path.at, "/api/", 5) != 0) {
		answer_problem(c, 404, "RFC 9110 15.5.5: no such page");
	} else if (f->core_gone || tw_failed(pass_to_core(c, head, body))) {
		answer_problem(c, 503, "RFC 9110 15.6.4: the device is busy or restarting");
	} else {
		c->asked = true;
		tw_conn_wait(c, TW_WAIT_CORE);
	}
}

/* Bodies of unknown peers are small: together with the head they stay within what one peer may cost. */
static size_t body_max(const struct tw_conn *c, const struct tw_http_head *h)
{
	return c->known ? TW_BODY_MAX : TW_FRONT_UNKNOWN_BODY - h->size;
}

/* Keeps the head until the body is there. The slices are made anew, because they must point into our copy. */
static tw_err begin_body(struct tw_conn *c, const struct tw_http_head *h, struct tw_slice head)
{
	struct tw_http_fault unused;

	TW_TRY(tw_buf_add(&c->head, head.at, head.size));
	c->parsed = TW_NEW(c->front->sys, struct tw_http_head);
	if (!c->parsed)
		return TW_RAISE(NOMEM, "request");
	TW_TRY(tw_http_parse(tw_buf_slice(&c->head), c->parsed, &unused));
	c->chunks = (struct tw_http_chunks){ 0 };
	c->body.max = body_max(c, h);
	c->want_body = true;
	tw_conn_wait(c, TW_WAIT_BODY);
	return TW_OK;
}

static void go_on_with_body(struct tw_conn *c, const struct tw_http_head *h, struct tw_slice head, bool body_is_here)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t done;

	if (tw_failed(begin_body(c, h, head)))
		tw_conn_end(c);
	else if (h->expect_continue && !body_is_here && SSL_write_ex(c->ssl, go_on, sizeof go_on - 1, &done) != 1)
		tw_conn_end(c); /* 25 bytes into an empty socket: only a dead peer refuses them */
}

static size_t take_head(struct tw_conn *c, struct tw_slice bytes)
{
	struct tw_http_head h;
	struct tw_http_fault why;
	tw_err e = tw_http_parse(bytes, &h, &why);

	if (tw_is(e, TW_CODE_NOTFOUND)) {
		if (c->wait != TW_WAIT_HEAD)
			tw_conn_wait(c, TW_WAIT_HEAD);
		return 0;
	}
	c->head_only = tw_slice_is(h.method, "HEAD"); /* empty when the fault came before it */
	if (tw_failed(e)) {
		fault(c, why.status, why.rule);
		return bytes.size;
	}
	struct tw_slice head = { bytes.at, h.size };
	if (h.content_length > body_max(c, &h))
		fault(c, 413, "RFC 9110 15.5.14: body over its limit");
	else if (h.content_length > 0 || h.chunked)
		go_on_with_body(c, &h, head, bytes.size > h.size);
	else
		dispatch(c, &h, head, (struct tw_slice){ "", 0 });
	return h.size;
}

static void body_complete(struct tw_conn *c)
{
	struct tw_http_head *h = TW_STEAL(c->parsed);

	c->want_body = false;
	dispatch(c, h, tw_buf_slice(&c->head), tw_buf_slice(&c->body));
	free(h);
	tw_buf_done(&c->head);
	tw_buf_done(&c->body);
}

static size_t take_body(struct tw_conn *c, struct tw_slice bytes)
{
	struct tw_cursor at = tw_cursor_of(bytes.at, bytes.size);
	struct tw_http_fault why = { 0 };
	bool done = false;
	tw_err e;

	if (c->parsed->chunked) {
		e = tw_http_chunk(&c->chunks, &at, &c->body, &done, &why);
	} else {
		size_t left = (size_t)c->parsed->content_length - c->body.size;
		struct tw_slice part;
		e = tw_cursor_slice(&at, bytes.size < left ? bytes.size : left, &part);
		if (!tw_failed(e))
			e = tw_buf_add(&c->body, part.at, part.size);
		done = c->body.size == c->parsed->content_length;
	}
	if (why.status) {
		fault(c, why.status, why.rule);
		return bytes.size;
	}
	if (tw_failed(e))
		tw_conn_end(c);
	else if (done)
		body_complete(c);
	return tw_cursor_offset(&at);
}

static bool ready_for_bytes(const struct tw_conn *c)
{
	return !c->ended && !c->faulted && c->wait != TW_WAIT_CORE && c->wait != TW_WAIT_WRITE;
}

/* Handles as much of bytes as can be handled now; returns how much. */
static size_t handle(struct tw_conn *c, struct tw_slice bytes)
{
	size_t at = 0, used = 1;

	while (ready_for_bytes(c) && at < bytes.size && used > 0) {
		struct tw_slice left = { bytes.at + at, bytes.size - at };
		used = c->want_body ? take_body(c, left) : take_head(c, left);
		at += used;
	}
	return at;
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
	size_t used = handle(c, bytes);
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
		return;
	case SSL_ERROR_WANT_WRITE:
		if (c->fd >= 0 && event_add(&c->writable, NULL) != 0)
			tw_conn_end(c);
		return;
	case SSL_ERROR_ZERO_RETURN:
		break;
	default:
		c->shaken = false; /* OpenSSL permits no shutdown after these */
	}
	tw_conn_end(c);
}

static bool first_byte(struct tw_conn *c)
{
	if (c->ssl)
		return true;
	if (tw_failed(tw_front_tls_accept(c->front->tls, c->fd, &c->ssl))) {
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

void tw_conn_read(struct tw_conn *c)
{
	struct tw_front *f = c->front;
	size_t size;

	if (!first_byte(c))
		return;
	while (!c->ended) {
		size_t room = sizeof f->scratch - c->in.size;
		if (room == 0)
			break;
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
	if (!c->ended)
		set_reading(c, c->in.size < sizeof f->scratch);
}

/* An answer is out: what waited behind the request comes next. Nothing waits nearly always, and then no system call is made. */
static void resume(struct tw_conn *c)
{
	if (c->ended)
		return;
	if (c->in.size > 0)
		take(c, 0);
	if (!c->ended && (SSL_has_pending(c->ssl) || !c->reading))
		tw_conn_read(c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of a connection: its head, its body, and where it goes: a page of ours, core, or a refusal.
 *
 * Bytes are handled where they lie; the head is kept only while a body is awaited. What is forwarded is the head as it came and the
 * body without its chunks, so that core reads the very bytes that were judged here, with the same parser.
 */
#include "service/front/front-conn.h"

#include "base/mem.h"
#include "service/front/front-reply.h"
#include "service/front/front-tls.h"

#include <string.h>

#define UPLOADS_OF_PARTY 2
#define TOO_MUCH_FILES "RFC 9110 15.5.14: body over its limit: the files of one sending are 8 MiB together at most"

/* Requests of its party that core has and has not answered. */
static unsigned at_core(const struct tw_conn *of)
{
	const struct tw_conn *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &of->front->waiting[TW_WAIT_CORE], link)
	n += c->asked && c->unsent.size == 0 && tw_conn_same_party(c, of);
	return n;
}

void tw_conn_drop_body(struct tw_conn *c)
{
	tw_parcel_done(&c->spool);
	if (c->unsent_file >= 0)
		(void)c->front->sys->close(c->front->sys, c->unsent_file);
	c->unsent_file = -1;
	c->front->long_bodies -= c->is_long;
	c->is_long = false;
}

/* TIMEOUT: file is kept for later. Else it is closed. */
static tw_err send_request(struct tw_conn *c, const struct tw_buf *message, int file)
{
	const struct tw_sys *sys = c->front->sys;
	tw_err e = tw_channel_send(c->front->core, TW_WIRE_REQUEST, 0, message->data, message->size, &file, file >= 0);

	c->unsent_file = tw_is(e, TW_CODE_TIMEOUT) ? file : -1;
	if (c->unsent_file != file)
		(void)sys->close(sys, file);
	return e;
}

static tw_err write_request(struct tw_conn *c, struct tw_wire_request *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf certificate = { 0 };

	tw_buf_init(&certificate, c->front->sys, TW_WIRE_CLIENT_CERTIFICATE_MAX);
	if (c->has_client_key)
		TW_TRY(tw_front_tls_client_certificate(c->ssl, &certificate));
	r->certificate = tw_buf_slice(&certificate);
	tw_buf_clear(&c->front->message);
	return tw_wire_request_write(r, &c->front->message);
}

static tw_err pass_to_core(struct tw_conn *c, struct tw_slice head, struct tw_slice body)
{
	struct tw_front *f = c->front;
	struct tw_wire_request r = { .connection = c->id, .has_exporter = true, .has_client_key = c->has_client_key, .head = head, .body = body };

	if (!c->asked_exporter)
		TW_TRY(tw_front_tls_exporter(c->ssl, c->exporter));
	c->asked_exporter = true;
	tw_front_tls_negotiated(c->ssl, &r.suite, &r.group);
	memcpy(r.source, c->source_text, sizeof c->source_text);
	memcpy(r.exporter, c->exporter, sizeof r.exporter);
	memcpy(r.client_key, c->client_key, sizeof r.client_key);
	int file = -1;
	r.file = c->spool.size;
	TW_TRY(write_request(c, &r));
	if (r.file)
		TW_TRY(tw_parcel_seal(&c->spool, &file));
	if (at_core(c) >= TW_FRONT_PARTY) {
		c->unsent_file = file;
		return tw_buf_add(&c->unsent, f->message.data, f->message.size);
	}
	tw_err e = send_request(c, &f->message, file);
	if (!tw_is(e, TW_CODE_TIMEOUT))
		return e;
	if (event_add(f->on_core_room, NULL) != 0)
		return TW_RAISE(NOMEM, "watching core's channel");
	return tw_buf_add(&c->unsent, f->message.data, f->message.size);
}

tw_err tw_conn_send_waiting(struct tw_conn *c)
{
	if (c->unsent.size == 0 || at_core(c) >= TW_FRONT_PARTY)
		return TW_OK;
	tw_err e = send_request(c, &c->unsent, c->unsent_file);
	if (!tw_is(e, TW_CODE_TIMEOUT)) {
		tw_buf_done(&c->unsent);
		tw_conn_drop_body(c);
	}
	return e;
}

static struct tw_conn *first_held(const struct tw_conn *of)
{
	struct tw_conn *c;

	TAILQ_FOREACH(c, &of->front->waiting[TW_WAIT_CORE], link)
	if (c != of && c->unsent.size > 0 && tw_conn_same_party(c, of))
		break;
	return c;
}

void tw_conn_next_of(const struct tw_conn *of)
{
	struct tw_front *f = of->front;
	struct tw_conn *c;
	tw_err e = TW_OK;

	/* One that cannot be sent ends, and must not leave those behind it waiting for ever. */
	while (!f->core_gone && !tw_is(e, TW_CODE_TIMEOUT) && at_core(of) < TW_FRONT_PARTY && (c = first_held(of))) {
		e = tw_conn_send_waiting(c);
		if (tw_failed(e) && (!tw_is(e, TW_CODE_TIMEOUT) || event_add(f->on_core_room, NULL) != 0))
			tw_conn_end(c);
	}
}

static bool is_api(const struct tw_http_head *h)
{
	return h->path.size >= 5 && memcmp(h->path.at, "/api/", 5) == 0;
}

/* A browser says that it takes pages; who follows no page's link or form mostly says that it takes everything. */
static bool browses(const struct tw_front *f, const struct tw_http_head *h)
{
	const struct tw_http_field *accepts = f->page && !is_api(h) ? tw_http_find(h, "accept") : NULL;

	return accepts && accepts->value.size && memmem(accepts->value.at, accepts->value.size, "text/html", strlen("text/html"));
}

/* A link from elsewhere may lead to a page; a form elsewhere may not send us anything. */
static bool another_asks(const struct tw_http_head *h)
{
	bool reads = tw_slice_is(h->method, "GET") || tw_slice_is(h->method, "HEAD");

	return (is_api(h) || !reads) && !tw_front_origin_ours(h);
}

static void dispatch(struct tw_conn *c, const struct tw_http_head *h, struct tw_slice head, struct tw_slice body)
{
	struct tw_front *f = c->front;
	const struct tw_asset *a;
	struct tw_slice rest;

	c->closing = !h->keep_alive;
	c->served++;
	if (!tw_front_host_ours(tw_front_tls_names(f->tls), tw_http_find(h, "host")->value)) {
		tw_conn_problem(c, 421, "RFC 9110 15.5.20: this device answers to its address and its owner's names, not to that one");
		return;
	}
	a = tw_front_asset(f->assets, h->path);
	if (a && !c->head_only && !tw_slice_is(h->method, "GET")) {
		tw_conn_problem(c, 405, "RFC 9110 15.5.6: pages are read only");
	} else if (a && a->gzip && !tw_http_takes_gzip(h)) {
		tw_conn_problem(c, 406, "RFC 9110 12.5.3: this page is there in gzip alone, which Accept-Encoding does not take");
	} else if (a) {
		if (tw_failed(tw_front_reply_asset(f, a, h, tw_conn_last(c), &rest)))
			tw_conn_end(c);
		else
			tw_conn_answer(c, rest);
	} else if (!f->portal && !is_api(h)) {
		tw_conn_problem(c, 404, "RFC 9110 15.5.5: no such page");
	} else if (another_asks(h)) {
		tw_conn_problem(c, 403, "RFC 6454 7.2: a page of another origin asks for nothing here");
	} else if (f->core_gone || tw_failed(pass_to_core(c, head, body))) {
		tw_conn_problem(c, 503, "RFC 9110 15.6.4: the device is busy or restarting");
	} else {
		c->asked = true;
		tw_conn_wait(c, TW_WAIT_CORE);
	}
}

/* Its length has to be known before: it is what makes it wait elsewhere, and is held against the limit at once. */
static bool brings_files(const struct tw_conn *c, const struct tw_http_head *h)
{
	static const char type[] = "multipart/form-data";
	const struct tw_http_field *f = tw_http_find(h, "content-type");

	return c->front->limits.upload && !h->chunked && f && f->value.size >= sizeof type - 1 &&
		tw_slice_is_nocase((struct tw_slice){ f->value.at, sizeof type - 1 }, type);
}

/* Bodies of unknown peers are small: together with the head they stay within what one peer may cost. Files do not stay in our memory. */
static size_t body_max(const struct tw_conn *c, const struct tw_http_head *h)
{
	if (brings_files(c, h))
		return c->front->limits.upload;
	return c->known ? TW_LONG_BODY_MAX : c->front->limits.unknown_body - h->size;
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
	c->chunks = (struct tw_http_chunks){ .most = body_max(c, h) };
	c->body.max = TW_BODY_MAX;
	c->want_body = true;
	c->is_upload = brings_files(c, h) && h->content_length > TW_BODY_MAX;
	tw_conn_wait(c, c->is_upload ? TW_WAIT_UPLOAD : TW_WAIT_BODY);
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
	c->browses = !tw_failed(e) && browses(c->front, &h);
	if (tw_failed(e)) {
		tw_conn_fault(c, why.status, why.rule);
		return bytes.size;
	}
	struct tw_slice head = { bytes.at, h.size };
	if (h.content_length > body_max(c, &h))
		tw_conn_fault(c, 413, brings_files(c, &h) ? TOO_MUCH_FILES : "RFC 9110 15.5.14: body over its limit");
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
	if (c->unsent.size == 0)
		tw_conn_drop_body(c);
}

/* Strangers leave some places to whom core knows, and one party some to the others. */
static bool room_for_long(const struct tw_conn *of)
{
	const struct tw_front *f = of->front;
	const struct tw_conn *c;
	unsigned strangers = 0, own = 0;

	TAILQ_FOREACH(c, &f->waiting[TW_WAIT_UPLOAD], link)
	{
		strangers += c->is_long && !c->known;
		own += c->is_long && tw_conn_same_party(c, of);
	}
	if (f->long_bodies >= f->limits.long_bodies)
		return false;
	return !of->is_upload || (own < UPLOADS_OF_PARTY && (of->known || strangers < f->limits.uploads));
}

/*
 * A long body leaves our memory as it comes, into memory that is sealed when it is whole. A chunked one is long when it has grown
 * so. LIMIT: too many of them at a time.
 */
static tw_err spill(struct tw_conn *c)
{
	struct tw_front *f = c->front;
	bool grown = c->parsed->chunked ? c->body.size > TW_BODY_MAX / 2 : c->parsed->content_length > TW_BODY_MAX;

	if (c->body.size == 0 || (!c->is_long && !grown))
		return TW_OK;
	if (!c->is_long && !room_for_long(c))
		return TW_RAISE(LIMIT, "%u long bodies", f->long_bodies);
	f->long_bodies += !c->is_long;
	c->is_long = true;
	TW_TRY(tw_parcel_add(&c->spool, c->body.data, c->body.size));
	tw_buf_clear(&c->body);
	return TW_OK;
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
		size_t left = (size_t)(c->parsed->content_length - c->spool.size) - c->body.size;
		struct tw_slice part;
		e = tw_cursor_slice(&at, bytes.size < left ? bytes.size : left, &part);
		if (!tw_failed(e))
			e = tw_buf_add(&c->body, part.at, part.size);
		done = c->body.size + c->spool.size == c->parsed->content_length;
	}
	if (!tw_failed(e))
		e = spill(c);
	if (tw_is(e, TW_CODE_LIMIT) && !why.status)
		why = (struct tw_http_fault){ 503, "RFC 9110 15.6.4: too many long bodies at a time", 0 };
	if (why.status) {
		tw_conn_fault(c, why.status, why.rule);
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
	bool answering = c->wait == TW_WAIT_CORE || c->wait == TW_WAIT_STREAM || c->wait == TW_WAIT_WRITE;

	return !c->ended && !c->faulted && c->served < TW_FRONT_TURN_REQUESTS && !answering;
}

size_t tw_conn_handle(struct tw_conn *c, struct tw_slice bytes)
{
	size_t at = 0, used = 1;

	while (ready_for_bytes(c) && at < bytes.size && used > 0) {
		struct tw_slice left = { bytes.at + at, bytes.size - at };
		used = c->want_body ? take_body(c, left) : take_head(c, left);
		at += used;
	}
	return at;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "service/door/door-front.h"

#include "base/log.h"
#include "service/door/stream.h"
#include "service/wire.h"
#include "sys/parcel.h"

#include <event2/event.h>

#define QUEUE_MAX 64 /* replies waiting for front to read; at that many, its requests wait too */
#define AT_ONCE 8    /* requests; then the other doors and the timers have their turn */

struct waiting {
	struct waiting *next;
	uint16_t type;
	uint32_t tag;
	int file; /* goes with it; -1: none */
	size_t size;
	char bytes[];
};
struct tw_door_front {
	const struct tw_sys *sys;
	struct tw_context *context;
	const struct tw_front_side *side;
	void *user;
	tw_channel *channel;
	struct event *readable, *writable;
	struct waiting *first, **last;
	size_t waiting;
	uint32_t announced, announced_named; /* the generations of the listener and of the owner's certificate that front knows */
	struct tw_buf body, wire;
	tw_streams *streams;
};

static void lost(tw_door_front *d, tw_err e)
{
	if (tw_is(e, TW_CODE_UNTRUSTED)) {
		d->side->broke(d->user, tw_err_detail());
		return;
	}
	(void)event_del(d->readable);
	(void)event_del(d->writable);
	/* It has died: hands knows, and starts everybody again. */
	if (tw_is(e, TW_CODE_CLOSED))
		return;
	/* Else it lives and waits for an answer that will never come: nobody but us can have all start again. */
	tw_log_err(e, "the channel to front cannot go on; all roles start again");
	d->side->lost(d->user);
}

static struct waiting *drop(const struct tw_sys *sys, struct waiting *w)
{
	struct waiting *next = w->next;

	if (w->file >= 0)
		(void)sys->close(sys, w->file);
	free(w);
	return next;
}

static void on_writable(int fd, short what, void *user)
{
	tw_door_front *d = user;

	while (d->first) {
		struct waiting *w = d->first;
		tw_err e = tw_channel_send(d->channel, w->type, w->tag, w->bytes, w->size, &w->file, w->file >= 0);

		if (tw_is(e, TW_CODE_TIMEOUT))
			return;
		if (tw_failed(e)) {
			lost(d, e);
			return;
		}
		d->first = drop(d->sys, w);
		if (!d->first)
			d->last = &d->first;
		d->waiting--;
	}
	(void)event_del(d->writable);
	(void)event_add(d->readable, NULL);
}

static tw_err queue(tw_door_front *d, uint16_t type, uint32_t tag, struct tw_slice payload, int file)
{
	const struct tw_sys *sys = d->sys;
	struct waiting *w = sys->alloc(sys, sizeof *w + payload.size);

	if (!w)
		return TW_RAISE(NOMEM, "a reply waiting for front");
	w->type = type;
	w->tag = tag;
	w->file = file;
	w->size = payload.size;
	memcpy(w->bytes, payload.at, payload.size);
	*d->last = w;
	d->last = &w->next;
	d->waiting++;
	(void)event_add(d->writable, NULL);
	if (d->waiting >= QUEUE_MAX)
		(void)event_del(d->readable);
	return TW_OK;
}

/* Owns file as soon as it is called; -1: none. */
static tw_err pass(tw_door_front *d, uint16_t type, uint32_t tag, struct tw_slice payload, int file)
{
	tw_err e = TW_RAISE(TIMEOUT, "others wait");

	if (!d->first)
		e = tw_channel_send(d->channel, type, tag, payload.at, payload.size, &file, file >= 0);
	if (tw_is(e, TW_CODE_TIMEOUT)) {
		e = queue(d, type, tag, payload, file);
		if (!tw_failed(e))
			return TW_OK;
	}
	if (file >= 0)
		(void)d->sys->close(d->sys, file);
	return e;
}

static tw_err announce(tw_door_front *d, uint16_t type, const tw_cert *certificate, struct tw_slice between, uint32_t generation,
	uint32_t *announced)
{
	if (*announced == generation)
		return TW_OK;
	tw_buf_clear(&d->wire);
	if (certificate)
		TW_TRY(tw_cert_der(certificate, &d->wire));
	TW_TRY(tw_buf_add(&d->wire, between.at, between.size));
	TW_TRY(pass(d, type, generation, tw_buf_slice(&d->wire), -1));
	*announced = generation;
	return TW_OK;
}

/* A new listener ends the names in front, and a key that is replaced ends them here. */
void tw_door_front_announce(tw_door_front *d)
{
	struct tw_front_shown now = d->side->shows(d->user);
	tw_err e = announce(d, TW_WIRE_LISTENER, now.listener, now.between, now.listener_generation, &d->announced);

	if (!tw_failed(e))
		e = announce(d, TW_WIRE_NAMED, now.named, (struct tw_slice){ "", 0 }, now.named_generation, &d->announced_named);
	if (tw_failed(e))
		lost(d, e);
}

/* A body longer than a message crosses as sealed memory, and so much memory is not kept for the next one. */
static void outgrow(tw_door_front *d, struct tw_path_reply *reply)
{
	const struct tw_sys *sys = d->sys;

	if (d->body.size <= TW_WIRE_REPLY_BODY_MAX)
		return;
	reply->file = sys->memfd(sys, "reply", d->body.data, d->body.size);
	reply->has_file = reply->file >= 0;
	reply->file_size = d->body.size;
	tw_buf_done(&d->body);
	if (!reply->has_file) /* what was done is done and recorded; it cannot be told */
		*reply = (struct tw_path_reply){ .status = 503, .type = "", .retry_after_s = 1, .close_connections = reply->close_connections };
}

static tw_err send_reply(tw_door_front *d, const struct tw_wire_reply *out, int file)
{
	tw_buf_clear(&d->wire);
	tw_err e = tw_wire_reply_write(out, &d->wire);
	if (!tw_failed(e))
		return pass(d, TW_WIRE_REPLY, 0, tw_buf_slice(&d->wire), file);
	if (file >= 0)
		(void)d->sys->close(d->sys, file);
	return e;
}

static tw_err stream_put(void *user, uint32_t id, struct tw_slice piece)
{
	const struct tw_wire_stream s = { .connection = id, .bytes = piece };
	tw_door_front *d = user;

	tw_buf_clear(&d->wire);
	TW_TRY(tw_wire_stream_write(&s, &d->wire));
	return pass(d, TW_WIRE_STREAM, 0, tw_buf_slice(&d->wire), -1);
}

static void stream_end(void *user, uint32_t id)
{
	const struct tw_wire_stream s = { .connection = id, .end = true };
	tw_door_front *d = user;

	tw_buf_clear(&d->wire);
	tw_err e = tw_wire_stream_write(&s, &d->wire);
	if (!tw_failed(e))
		e = pass(d, TW_WIRE_STREAM, 0, tw_buf_slice(&d->wire), -1);
	if (tw_failed(e)) /* front would wait for ever */
		lost(d, e);
}

/* What cannot be opened for want of memory is answered so. */
static void open_stream(tw_door_front *d, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *reply)
{
	if (reply->stream && tw_failed(tw_streams_open(d->streams, connection, rq, reply->stream_after, TW_WIRE_STREAM_WINDOW)))
		*reply = (struct tw_path_reply){ .status = 503, .type = "", .retry_after_s = 1 };
}

static tw_err send_answer(tw_door_front *d, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *reply)
{
	/* Before the answer: who has been told of a new listener key may come back at once. */
	tw_door_front_announce(d);
	outgrow(d, reply);
	open_stream(d, connection, rq, reply);

	const struct tw_wire_reply out = {
		.connection = connection,
		.status = (uint16_t)reply->status,
		.close = reply->close || reply->close_connections,
		.known = rq->subject.kind != TW_SUBJECT_ANYONE,
		.type = d->body.size || reply->has_file || reply->stream ? tw_slice_of(reply->type) : tw_slice_of(""),
		.etag = tw_slice_of(reply->etag),
		.location = tw_slice_of(reply->location),
		.allow = tw_slice_of(reply->allow),
		.cookies = { tw_slice_of(reply->session), tw_slice_of(reply->client) },
		.retry_after_s = (uint32_t)reply->retry_after_s,
		.file = reply->has_file ? reply->file_size : 0,
		.name = tw_slice_of(reply->has_file ? reply->file_name : ""),
		.script = reply->script,
		.stream = reply->stream,
		.body = tw_buf_slice(&d->body),
	};
	return send_reply(d, &out, reply->has_file ? reply->file : -1);
}

/* Nobody waits for its end here: the loop settles what it left. */
static void send_later(void *user, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *reply)
{
	tw_door_front *d = user;
	tw_err e = send_answer(d, connection, rq, reply);

	if (tw_failed(e))
		lost(d, e);
}

static tw_err answer(tw_door_front *d, const struct tw_wire_request *w, const struct tw_http_head *head)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ANYONE, .name = "anyone" },
		.head = head,
		.body = w->body,
		.takes_file = true,
		.takes_stream = true,
		.takes_later = true };
	struct tw_path_reply reply = { 0 };

	_Static_assert(sizeof rq.subject.source == sizeof w->source, "a source fits");
	memcpy(rq.subject.source, w->source, sizeof rq.subject.source);
	rq.has_exporter = w->has_exporter;
	memcpy(rq.exporter, w->exporter, sizeof rq.exporter);
	rq.has_client_key = w->has_client_key;
	memcpy(rq.client_key, w->client_key, sizeof rq.client_key);
	rq.certificate = w->certificate;
	rq.suite = w->suite;
	rq.group = w->group;
	tw_buf_clear(&d->body);
	tw_path_walk(d->context, &rq, &d->body, &reply);
	if (!reply.later)
		return send_answer(d, w->connection, &rq, &reply);
	tw_later_bind(reply.later, &(struct tw_later_door){ &d->body, send_later, d, w->connection });
	return TW_OK;
}

/* Nothing has been looked at: the client may try again. */
static tw_err busy(tw_door_front *d, const struct tw_wire_request *w)
{
	const struct tw_wire_reply out = { .connection = w->connection, .status = 503, .retry_after_s = 1 };

	return send_reply(d, &out, -1);
}

/* The body that came beside the message; UNTRUSTED: it is not what the message says. */
static tw_err open_body(tw_door_front *d, struct tw_message *m, struct tw_wire_request *w)
{
	if ((w->file > 0) != (m->fd_count == 1)) {
		tw_message_drop(d->sys, m);
		return TW_RAISE(UNTRUSTED, "a request whose descriptor is not as stated");
	}
	return w->file ? tw_parcel_open(d->sys, m->fds[0], w->file, &w->body) : TW_OK;
}

static tw_err request(tw_door_front *d, struct tw_message *m)
{
	struct tw_wire_request w;
	struct tw_http_head head;
	struct tw_http_fault fault;

	/* front has read the same bytes with the same parser: if they do not parse here, it is front that is wrong. */
	if (tw_failed(tw_wire_request_read(m->payload, &w)) || tw_failed(tw_http_parse(w.head, &head, &fault)) || head.size != w.head.size) {
		tw_message_drop(d->sys, m);
		return TW_RAISE(UNTRUSTED, "a request that does not parse");
	}
	if (m->fds_lost)
		return busy(d, &w);
	tw_err e = open_body(d, m, &w);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	if (tw_failed(e))
		return busy(d, &w);
	e = answer(d, &w, &head);
	if (w.file)
		tw_parcel_close(d->sys, w.body);
	return e;
}

static tw_err drained(tw_door_front *d, struct tw_slice payload)
{
	struct tw_wire_drained r;

	if (tw_failed(tw_wire_drained_read(payload, &r)) || !tw_streams_drained(d->streams, r.connection, r.bytes))
		return TW_RAISE(UNTRUSTED, "more of a stream taken than was sent");
	return TW_OK;
}

static tw_err obey(tw_door_front *d, struct tw_message *m)
{
	struct tw_cursor c = tw_cursor_of(m->payload.at, m->payload.size);
	uint32_t connection = 0;

	if (m->type == TW_WIRE_REQUEST)
		return request(d, m);
	if (m->type == TW_WIRE_DRAINED)
		return drained(d, m->payload);
	if (m->type == TW_WIRE_FRONT_READY)
		d->side->ready(d->user);
	else if (m->type == TW_WIRE_GONE && !tw_failed(tw_cursor_u32(&c, &connection)))
		tw_streams_close(d->streams, connection);
	return TW_OK;
}

static void on_readable(int fd, short what, void *user)
{
	tw_door_front *d = user;
	struct tw_message m;
	tw_err e = TW_OK;

	for (int i = 0; i < AT_ONCE && d->waiting < QUEUE_MAX; i++) {
		e = tw_channel_receive(d->channel, &m);
		if (!tw_failed(e))
			e = obey(d, &m);
		if (tw_failed(e))
			break;
	}
	if (tw_failed(e) && !tw_is(e, TW_CODE_TIMEOUT))
		lost(d, e);
	d->side->settle(d->user);
}

tw_err tw_door_front_new(
	struct tw_context *c, struct event_base *loop, int fd, const struct tw_front_side *side, void *user, tw_door_front **ret)
{
	tw_door_front *d = TW_NEW(c->sys, tw_door_front);

	if (!d)
		return TW_RAISE(NOMEM, "the door to front");
	d->sys = c->sys;
	d->context = c;
	d->side = side;
	d->user = user;
	d->last = &d->first;
	tw_buf_init(&d->body, c->sys, TW_REPLY_MAX);
	tw_buf_init(&d->wire, c->sys, TW_CHANNEL_MAX);
	const struct tw_stream_sink sink = { stream_put, stream_end, d };
	*ret = d;
	TW_TRY(tw_streams_new(c, loop, &sink, &d->streams));
	c->streams = d->streams;
	TW_TRY(tw_channel_new(c->sys, fd, tw_rows_core_from_front, &d->channel));
	d->readable = event_new(loop, fd, EV_READ | EV_PERSIST, on_readable, d);
	d->writable = event_new(loop, fd, EV_WRITE | EV_PERSIST, on_writable, d);
	if (!d->readable || !d->writable || event_add(d->readable, NULL))
		return TW_RAISE(NOMEM, "the door to front");
	tw_door_front_announce(d);
	return TW_OK;
}

tw_door_front *tw_door_front_free(tw_door_front *d)
{
	if (!d)
		return NULL;
	if (d->readable)
		event_free(d->readable);
	if (d->writable)
		event_free(d->writable);
	while (d->first)
		d->first = drop(d->sys, d->first);
	d->context->streams = NULL;
	d->streams = tw_streams_free(d->streams);
	(void)tw_channel_free(d->channel);
	tw_buf_done(&d->body);
	tw_buf_done(&d->wire);
	free(d);
	return NULL;
}

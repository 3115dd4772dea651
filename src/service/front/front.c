/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role: its loop, its birth and end, and what core and hands say to it. Who gets in is in front-accept.c, a connection's life
 * in front-conn.c, a request's in front-request.c.
 */
#include "service/front/front.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "service/front/front-conn.h"
#include "service/front/front-self.h"
#include "service/front/front-tls.h"
#include "sys/clock.h"

#include <string.h>

#define MESSAGES_AT_ONCE 64
#define PORTAL_UPLOADS 6        /* of the 8 long bodies: 48 MiB at the very most, and two places that strangers do not take */
#define PORTAL_UPLOAD_MS 120000 /* 8 MiB at 70 KiB a second */
#define PORTAL_BODY TW_BODY_MAX /* strangers send forms there: a long report, whose letters may take nine bytes each */
#define SSL_BLOCK_MAX \
	22528 /* OpenSSL asks for 21848 bytes for any handshake; for a hello that states 128 KiB it would ask for more */

/* libevent's allocator has no argument for the seam. */
static const struct tw_sys *allocator;

static void *event_alloc(size_t size)
{
	return size ? allocator->alloc(allocator, size) : NULL;
}

static void *event_resize(void *p, size_t size)
{
	return allocator->resize(allocator, p, size);
}

static void use_allocator(const struct tw_sys *sys)
{
	allocator = sys;
	event_set_mem_functions(event_alloc, event_resize, free);
}

int64_t tw_front_now_ms(const struct tw_front *f)
{
	return tw_boot_ms(f->sys); /* cannot fail for this clock; 0 would only end connections late */
}

struct tw_conn *tw_front_find(struct tw_front *f, uint32_t id)
{
	unsigned i = id & (TW_FRONT_SLOTS - 1);
	struct tw_conn *c = i < f->limits.connections ? f->slots[i] : NULL;

	return c && c->id == id ? c : NULL;
}

static void stop(struct tw_front *f, tw_err why)
{
	f->outcome = why;
	(void)event_base_loopbreak(f->base);
}

void tw_front_reap(struct tw_front *f)
{
	struct tw_conn *c;
	bool any = false;

	while ((c = TAILQ_FIRST(&f->ended))) {
		TAILQ_REMOVE(&f->ended, c, link);
		tw_conn_free(c);
		any = true;
	}
	if (any)
		tw_front_accepting(f, true);
	if (f->draining && f->connections == 0)
		stop(f, f->outcome);
	tw_front_timer(f);
}

/* --- Core --- */

static tw_err new_listener(struct tw_front *f, struct tw_slice certificate)
{
	tw_front_tls *tls = NULL;

	TW_TRY(tw_front_tls_new(f->sys, f->keys, certificate, &tls));
	if (f->portal)
		tw_front_tls_site(tls);
	/* A device's key changes with its owner, and who came before is let go. A server's certificate is renewed, and nobody notices. */
	for (unsigned i = 0; !f->portal && i < f->limits.connections; i++)
		if (f->slots[i])
			tw_conn_retire(f->slots[i]);
	(void)tw_front_tls_unref(f->tls);
	f->tls = tls;
	return TW_OK;
}

/* A listener that cannot be taken leaves nothing to serve with: its old key is gone from keys. Then all start anew. */
static void on_listener_message(struct tw_front *f, struct tw_slice certificate)
{
	tw_err e = new_listener(f, certificate);

	if (!tw_failed(e))
		e = tw_self_start(f);
	if (tw_failed(e))
		stop(f, e);
	else
		tw_front_accepting(f, true);
}

/* Core has looked at it: one that cannot be taken is for want of memory, or core's fault. Then all start anew, and it is said again. */
static void on_named(struct tw_front *f, struct tw_slice certificate)
{
	tw_err e = f->tls ? tw_front_tls_named(f->tls, certificate) : TW_RAISE(UNTRUSTED, "core sent names before a listener");

	if (tw_failed(e))
		stop(f, e);
}

/* What the message says of its descriptor must be so. */
static bool file_fits(const struct tw_front *f, const struct tw_message *m, const struct tw_wire_reply *r)
{
	uint64_t size = 0;

	if (!r->file || m->fds_lost)
		return !r->file && !m->fds_lost ? m->fd_count == 0 : r->file > 0;
	return m->fd_count == 1 && f->sys->fixed(f->sys, m->fds[0], &size) > TW_FIXED_NOT && size >= r->file;
}

/* Only a side with pages has a session that a browser keeps. */
static bool cookies_fit(const struct tw_front *f, const struct tw_wire_reply *r)
{
	return f->portal || (r->cookies.session.size == 0 && r->cookies.client.size == 0);
}

static void on_reply(struct tw_front *f, struct tw_message *m)
{
	static const struct tw_wire_reply no_place = { .status = 503, .close = true, .retry_after_s = 1 };
	struct tw_wire_reply r;
	struct tw_conn *c;

	if (tw_failed(tw_wire_reply_read(m->payload, &r)) || !file_fits(f, m, &r) || !cookies_fit(f, &r)) {
		tw_message_drop(f->sys, m);
		stop(f, TW_RAISE(UNTRUSTED, "core sent a malformed reply"));
		return;
	}
	c = tw_front_find(f, r.connection);
	if (!c) /* gone meanwhile: nobody's fault */
		tw_message_drop(f->sys, m);
	else if (m->fds_lost) /* we had no descriptor left to take it with */
		tw_conn_reply(c, &no_place, -1);
	else
		tw_conn_reply(c, &r, m->fd_count > 0 ? m->fds[0] : -1);
}

/* More than a stream may have on its way is core's fault; a stream that has ended meanwhile is nobody's. */
static void on_stream(struct tw_front *f, struct tw_slice payload)
{
	struct tw_wire_stream s;
	struct tw_conn *c;

	if (tw_failed(tw_wire_stream_read(payload, &s))) {
		stop(f, TW_RAISE(UNTRUSTED, "core sent a malformed piece of a stream"));
		return;
	}
	c = tw_front_find(f, s.connection);
	if (c && (!c->streaming || c->on_its_way + s.bytes.size > TW_WIRE_STREAM_WINDOW))
		stop(f, TW_RAISE(UNTRUSTED, "core sent more of a stream than it may"));
	else if (c)
		tw_conn_stream(c, &s);
}

static void core_gone(struct tw_front *f)
{
	f->core_gone = true;
	(void)event_del(f->on_core);
	(void)event_del(f->on_core_room);
	tw_front_accepting(f, false);
	for (unsigned i = 0; i < f->limits.connections; i++)
		if (f->slots[i] && (f->slots[i]->wait == TW_WAIT_CORE || f->slots[i]->streaming))
			tw_conn_end(f->slots[i]);
	if (f->draining)
		stop(f, TW_OK);
	else
		tw_warn("front: core has gone; waiting for hands");
}

static void on_core(evutil_socket_t fd, short what, void *arg)
{
	struct tw_front *f = arg;
	struct tw_message m;

	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		tw_err e = tw_channel_receive(f->core, &m);
		if (tw_is(e, TW_CODE_TIMEOUT))
			break;
		if (tw_is(e, TW_CODE_CLOSED))
			core_gone(f);
		else if (tw_failed(e))
			stop(f, e);
		if (tw_failed(e))
			break;
		if (m.type == TW_WIRE_REPLY)
			on_reply(f, &m);
		else if (m.type == TW_WIRE_STREAM)
			on_stream(f, m.payload);
		else if (m.type == TW_WIRE_NAMED)
			on_named(f, m.payload);
		else
			on_listener_message(f, m.payload);
	}
	tw_front_reap(f);
}

/* Core reads again: what waited goes first, in the order it came. */
static void on_core_room(evutil_socket_t fd, short what, void *arg)
{
	struct tw_front *f = arg;
	struct tw_conn *c, *next;

	for (c = TAILQ_FIRST(&f->waiting[TW_WAIT_CORE]); c; c = next) {
		next = TAILQ_NEXT(c, link);
		tw_err e = tw_conn_send_waiting(c);
		if (tw_is(e, TW_CODE_TIMEOUT)) {
			if (event_add(f->on_core_room, NULL) != 0)
				stop(f, TW_RAISE(NOMEM, "watching core's channel"));
			break;
		}
		if (tw_failed(e))
			tw_conn_end(c);
	}
	for (unsigned i = 0; i < f->limits.connections; i++)
		if (f->slots[i] && f->slots[i]->drain_owed)
			tw_conn_drained(f->slots[i]);
	tw_front_reap(f);
}

/* --- Hands --- */

static void drain(struct tw_front *f)
{
	f->draining = true;
	tw_front_accepting(f, false);
	for (unsigned i = 0; i < f->limits.connections; i++)
		if (f->slots[i])
			tw_conn_retire(f->slots[i]);
}

/* Whoever has come through the old ones comes again: what was moved is reached at its new place alone. */
static tw_err new_doors(struct tw_front *f, struct tw_message *m)
{
	if (m->fds_lost) {
		tw_message_drop(f->sys, m);
		return TW_RAISE(NOMEM, "no descriptor is left for a listener");
	}
	if (m->fd_count == 0)
		return TW_RAISE(UNTRUSTED, "hands sent doors without a listener");
	TW_TRY(tw_front_move(f, m->fds, m->fd_count));
	for (unsigned i = 0; i < f->limits.connections; i++)
		if (f->slots[i])
			tw_conn_retire(f->slots[i]);
	return TW_OK;
}

static void on_hands(evutil_socket_t fd, short what, void *arg)
{
	struct tw_front *f = arg;
	struct tw_message m;
	tw_err e = tw_channel_receive(f->hands, &m);

	if (tw_is(e, TW_CODE_TIMEOUT))
		return;
	if (!tw_failed(e) && m.type == TW_WIRE_HANDS_DOORS)
		e = new_doors(f, &m);
	else if (!tw_failed(e))
		drain(f);
	if (tw_failed(e))
		stop(f, e);
	tw_front_reap(f);
}

/* --- Birth and end --- */

static tw_err watch(struct tw_front *f, int fd, event_callback_fn what, bool now, struct event **ret)
{
	*ret = event_new(f->base, fd, fd >= 0 ? EV_READ | EV_PERSIST : 0, what, f);
	if (!*ret || (now && event_add(*ret, NULL) != 0))
		return TW_RAISE(NOMEM, "an event");
	return TW_OK;
}

static tw_err make_base(struct tw_front *f)
{
	struct event_config *c = event_config_new();

	if (c && event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		f->base = event_base_new_with_config(c);
	if (c)
		event_config_free(c);
	return f->base ? TW_OK : TW_RAISE(NOMEM, "the event loop");
}

static tw_err open_channels(struct tw_front *f, const struct tw_front_options *o)
{
	TW_TRY(tw_channel_new(f->sys, o->core, tw_rows_front_from_core, &f->core));
	TW_TRY(tw_channel_new(f->sys, o->keys, tw_rows_front_from_keys, &f->keys));
	TW_TRY(watch(f, o->core, on_core, true, &f->on_core));
	f->on_core_room = event_new(f->base, o->core, EV_WRITE, on_core_room, f);
	if (!f->on_core_room)
		return TW_RAISE(NOMEM, "an event");
	if (o->hands < 0)
		return TW_OK;
	TW_TRY(tw_channel_new(f->sys, o->hands, f->portal ? tw_rows_role_from_hands : tw_rows_front_from_hands, &f->hands));
	return watch(f, o->hands, on_hands, true, &f->on_hands);
}

tw_err tw_front_new(const struct tw_front_options *o, tw_front **ret)
{
	use_allocator(o->sys);
	tw_crypto_most(SSL_BLOCK_MAX);
	TW_CLEANUP(tw_front_freep) tw_front *f = TW_NEW(o->sys, tw_front);

	if (!f)
		return TW_RAISE(NOMEM, "front");
	f->sys = o->sys;
	f->limits = o->limits;
	f->assets = o->assets;
	f->portal = o->portal;
	f->page = o->page;
	for (int w = 0; w < TW_WAITS; w++)
		TAILQ_INIT(&f->waiting[w]);
	TAILQ_INIT(&f->ended);
	tw_buf_init(&f->message, f->sys, TW_CHANNEL_MAX);
	tw_buf_init(&f->reply, f->sys, TW_CHANNEL_MAX + TW_HTTP_HEAD_MAX);
	if (f->limits.connections == 0 || f->limits.connections > TW_FRONT_SLOTS)
		return TW_RAISE(LIMIT, "%u connections, at most %u", f->limits.connections, TW_FRONT_SLOTS);
	f->slots = tw_alloc_array(f->sys, f->limits.connections, sizeof *f->slots);
	if (!f->slots)
		return TW_RAISE(NOMEM, "front");
	TW_TRY(make_base(f));
	TW_TRY(watch(f, -1, tw_front_on_timer, false, &f->timer));
	TW_TRY(open_channels(f, o));
	TW_TRY(tw_front_listen(f, o->listeners, o->listener_count));
	*ret = TW_STEAL(f);
	return TW_OK;
}

static void drop(struct event *e)
{
	if (e)
		event_free(e);
}

tw_front *tw_front_free(tw_front *f)
{
	if (!f)
		return NULL;
	f->core_gone = true; /* nobody is told about connections that end now */
	for (unsigned i = 0; f->slots && i < f->limits.connections; i++)
		if (f->slots[i])
			tw_conn_end(f->slots[i]);
	f->draining = true;
	for (struct tw_conn *c; (c = TAILQ_FIRST(&f->ended));) {
		TAILQ_REMOVE(&f->ended, c, link);
		tw_conn_free(c);
	}
	drop(f->on_hands);
	drop(f->on_core);
	drop(f->on_core_room);
	drop(f->timer);
	for (size_t i = 0; i < f->listener_count; i++)
		drop(f->on_listener[i]);
	if (f->base)
		event_base_free(f->base);
	(void)tw_front_tls_unref(f->tls);
	(void)tw_channel_free(f->hands);
	(void)tw_channel_free(f->core);
	(void)tw_channel_free(f->keys);
	tw_buf_done(&f->message);
	tw_buf_done(&f->reply);
	free(f->slots);
	free(f);
	return NULL;
}

tw_err tw_front_serve(tw_front *f)
{
	if (event_base_dispatch(f->base) < 0)
		return TW_RAISE(IO, "the event loop failed");
	return f->outcome;
}

static void set_portal(struct tw_front_limits *l)
{
	l->unknown_body = PORTAL_BODY;
	l->upload = TW_UPLOAD_MAX;
	l->uploads = PORTAL_UPLOADS;
	l->upload_ms = PORTAL_UPLOAD_MS;
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start, bool portal, tw_front_page *page)
{
	TW_CLEANUP(tw_front_freep) tw_front *f = NULL;
	int listeners[TW_FRONT_LISTENERS_MAX];
	size_t count = 0;

	for (int fd = TW_FD_OWN; fd < start->fd_count && count < TW_FRONT_LISTENERS_MAX; fd++)
		listeners[count++] = fd;
	struct tw_front_options o = { .sys = sys,
		.hands = TW_FD_HANDS,
		.core = TW_FD_PEER1,
		.keys = TW_FD_PEER2,
		.listeners = listeners,
		.listener_count = count,
		.assets = tw_assets,
		.portal = portal,
		.page = page,
		.limits = TW_FRONT_LIMITS };

	if (portal)
		set_portal(&o.limits);
	tw_err e = tw_front_new(&o, &f);
	if (!tw_failed(e))
		e = tw_front_serve(f);
	if (tw_failed(e))
		tw_log_err(e, "front: ending");
	return tw_failed(e) ? 1 : 0;
}

int tw_front_role_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	return run(sys, start, false, NULL);
}

int tw_front_portal_run(const struct tw_sys *sys, const struct tw_role_start *start, tw_front_page *page)
{
	return run(sys, start, true, page);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/move.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/parent/doors.h"
#include "service/parent/os.h"

#include <netinet/in.h>
#include <string.h>

struct opened {
	struct sockaddr_storage at[TW_LISTEN_MAX];
	int fd[TW_LISTEN_MAX];
	size_t count;
};

static void close_all(const struct tw_sys *sys, int *fds, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		(void)sys->close(sys, fds[i]);
	*count = 0;
}

static void set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)a)->sin_port = htons(port);
}

/* Two ports of one address become one. */
static bool has(const struct opened *o, const struct sockaddr_storage *a)
{
	for (size_t i = 0; i < o->count; i++)
		if (memcmp(&o->at[i], a, sizeof *a) == 0)
			return true;
	return false;
}

static tw_err open_one(const struct tw_sys *sys, int like, uint16_t port, struct opened *o)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct sockaddr_storage a = { 0 };

	tw_buf_init(&text, sys, 128);
	TW_TRY(tw_os_port(like, &a));
	set_port(&a, port);
	if (has(o, &a))
		return TW_OK;
	TW_TRY(tw_listen_text(&a, &text));
	TW_TRY(tw_door_tcp(sys, tw_buf_cstr(&text), false, &o->fd[o->count]));
	o->at[o->count++] = a;
	return TW_OK;
}

static tw_err open_at(struct tw_move *m, uint16_t port, struct opened *ret)
{
	for (size_t i = 0; i < m->at->tcp_count; i++) {
		tw_err e = open_one(m->sys, m->at->tcp[i], port, ret);

		if (tw_failed(e)) {
			close_all(m->sys, ret->fd, &ret->count);
			return e;
		}
	}
	return TW_OK;
}

static void hush(const struct tw_move *m, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)tw_os_hush(m->at->tcp[i]);
}

static tw_err open_first(const struct tw_move *m)
{
	for (size_t i = 0; i < m->at->tcp_count; i++)
		if (m->sys->listen(m->sys, m->at->tcp[i], TW_DOOR_BACKLOG)) {
			tw_err e = TW_RAISE_ERRNO("listening again where it was at first");

			hush(m, i);
			return e;
		}
	return TW_OK;
}

static void tell(const struct tw_move *m)
{
	tw_err e = tw_places_say_where(m->sys, m->at, m->front->own, m->front->own_count);

	if (tw_failed(e))
		tw_log_err(e, "saying where HTTPS is offered");
}

static void take(struct tw_move *m, const int *fds, size_t count)
{
	memcpy(m->front->own, fds, count * sizeof *fds);
	m->front->own_count = count;
	tell(m);
}

tw_err tw_move_to(struct tw_mover *base, uint16_t port)
{
	struct tw_move *m = (struct tw_move *)base;
	struct opened o = { .count = 0 };

	if (port == 0) {
		TW_TRY(open_first(m));
		close_all(m->sys, m->moved, &m->count);
		take(m, m->at->tcp, m->at->tcp_count);
		return TW_OK;
	}
	TW_TRY(open_at(m, port, &o));
	if (m->base.port == 0)
		hush(m, m->at->tcp_count);
	close_all(m->sys, m->moved, &m->count);
	memcpy(m->moved, o.fd, o.count * sizeof *o.fd);
	m->count = o.count;
	take(m, m->moved, m->count);
	return TW_OK;
}

void tw_move_done(struct tw_move *m)
{
	close_all(m->sys, m->moved, &m->count);
}

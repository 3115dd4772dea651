/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets in, and for how long: shares of sources, descriptors, deadlines.
 *
 * Nothing wakes an idle front: the timer exists only while a connection has a deadline. Out of descriptors it stops accepting
 * and goes on when a connection has closed, instead of spinning on a listener it cannot serve.
 */
#include "service/front/front-conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define ACCEPT_AT_ONCE 16    /* then others get their turn */
#define RETRY_ACCEPT_MS 1000 /* when descriptors ran out and no connection of ours will free one */

/* --- Accepting --- */

static void source_of(const struct sockaddr_storage *a, uint8_t ret[16])
{
	memset(ret, 0, 16);
	if (a->ss_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
	} else if (a->ss_family == AF_INET) {
		ret[10] = ret[11] = 0xff;
		memcpy(ret + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
	}
}

/* One host as far as limits go: an IPv4 address, or the /64 that one IPv6 customer has to himself. */
static bool same_source(const uint8_t a[16], const uint8_t b[16])
{
	bool mapped = memcmp(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;

	return memcmp(a, b, mapped ? 16 : 8) == 0;
}

/* A key counts only once core knows it: anybody can make one for each connection. */
bool tw_conn_same_party(const struct tw_conn *a, const struct tw_conn *b)
{
	if (a->known != b->known || (a->known && a->has_client_key != b->has_client_key))
		return false;
	if (a->known && a->has_client_key)
		return memcmp(a->client_key, b->client_key, sizeof a->client_key) == 0;
	return same_source(a->source, b->source);
}

/*
 * The unknown connection that has waited longest, of this source when the source is over its share: NULL when none has to go.
 * So holding many connections open wins nothing against a newcomer, who needs only milliseconds to become known.
 */
static struct tw_conn *unknown_victim(const struct tw_front *f, const uint8_t source[16], bool *ret_over)
{
	struct tw_conn *oldest = NULL, *oldest_here = NULL;
	unsigned here = 0;

	for (unsigned i = 0; i < f->limits.connections; i++) {
		struct tw_conn *c = f->slots[i];
		if (!c || c->known || c->self)
			continue;
		bool mine = same_source(source, c->source);
		here += mine;
		if (c->wait == TW_WAIT_CORE)
			continue;
		if (!oldest || c->accepted_ms < oldest->accepted_ms)
			oldest = c;
		if (mine && (!oldest_here || c->accepted_ms < oldest_here->accepted_ms))
			oldest_here = c;
	}
	*ret_over = here >= f->limits.per_source || f->unknown >= f->limits.unknown;
	return here >= f->limits.per_source ? oldest_here : oldest;
}

static unsigned count_party(const struct tw_front *f, const struct tw_conn *of)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->limits.connections; i++)
		n += f->slots[i] && tw_conn_same_party(f->slots[i], of);
	return n;
}

/*
 * All places are taken, and more of them by known peers than are theirs: the places of strangers are lent to them only. One that
 * waits between two requests goes, the longest first, of the party that holds the most; nobody is cut off in a request.
 */
static struct tw_conn *known_victim(const struct tw_front *f)
{
	struct tw_conn *c, *victim = NULL;
	unsigned most = 0;

	TAILQ_FOREACH(c, &f->waiting[TW_WAIT_KNOWN], link)
	{
		unsigned n = count_party(f, c);
		if (n <= most)
			continue;
		most = n;
		victim = c;
	}
	return victim;
}

/* Places that are never taken back from known peers: what strangers may not have, and half of all at least. */
static unsigned known_share(const struct tw_front *f)
{
	unsigned theirs = f->limits.unknown < f->limits.connections ? f->limits.connections - f->limits.unknown : 0;

	return theirs > f->limits.connections / 2 ? theirs : f->limits.connections / 2;
}

static bool make_room(struct tw_front *f, const uint8_t source[16])
{
	bool over, full = f->connections >= f->limits.connections;
	struct tw_conn *victim = unknown_victim(f, source, &over);

	if (!over && full && f->connections - f->unknown > known_share(f))
		victim = known_victim(f);
	if (!over && !full)
		return true;
	if (victim)
		tw_conn_end(victim);
	return victim;
}

static bool accept_one(struct tw_front *f, int listener)
{
	struct sockaddr_storage a = { 0 };
	socklen_t size = sizeof a;
	uint8_t source[16];
	struct tw_conn *c;
	int fd = f->sys->accept(f->sys, listener, (struct sockaddr *)&a, &size);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			tw_front_accepting(f, false);
		return errno == EINTR || errno == ECONNABORTED;
	}
	source_of(&a, source);
	if (!make_room(f, source) || tw_failed(tw_conn_new(f, fd, source, &c)))
		(void)f->sys->close(f->sys, fd);
	return true;
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct tw_front *f = arg;

	for (int i = 0; i < ACCEPT_AT_ONCE && f->accepting && accept_one(f, fd); i++)
		;
	tw_front_reap(f);
}

void tw_front_accepting(struct tw_front *f, bool on)
{
	if (on == f->accepting || (on && (!f->tls || f->draining || f->core_gone)))
		return;
	f->accepting = on;
	for (size_t i = 0; i < f->listener_count; i++)
		if ((on ? event_add(f->on_listener[i], NULL) : event_del(f->on_listener[i])) != 0)
			f->accepting = false; /* the timer tries again */
}

tw_err tw_front_listen(struct tw_front *f, const int *listeners, size_t count)
{
	if (count > TW_FRONT_LISTENERS_MAX)
		return TW_RAISE(LIMIT, "%zu listeners, limit %u", count, TW_FRONT_LISTENERS_MAX);
	for (size_t i = 0; i < count; i++) {
		f->on_listener[i] = event_new(f->base, listeners[i], EV_READ | EV_PERSIST, on_accept, f);
		if (!f->on_listener[i])
			return TW_RAISE(NOMEM, "an event");
		f->listener_count++;
	}
	return TW_OK;
}

tw_err tw_front_move(struct tw_front *f, const int *listeners, size_t count)
{
	tw_front_accepting(f, false);
	for (size_t i = 0; i < f->listener_count; i++) {
		const int fd = event_get_fd(f->on_listener[i]);

		event_free(f->on_listener[i]);
		(void)f->sys->close(f->sys, fd); /* or its port would stay open */
	}
	f->listener_count = 0;
	TW_TRY(tw_front_listen(f, listeners, count));
	tw_front_accepting(f, true);
	return TW_OK;
}

/* --- Deadlines --- */

/* Whether this kind of waiting ends by itself. */
static bool has_deadline(int wait)
{
	return wait != TW_WAIT_CORE && wait != TW_WAIT_STREAM;
}

void tw_front_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct tw_front *f = arg;
	int64_t now = tw_front_now_ms(f);

	f->timer_ms = 0;
	for (int w = 0; w < TW_WAITS; w++) {
		struct tw_conn *c;
		while (has_deadline(w) && (c = TAILQ_FIRST(&f->waiting[w])) && c->deadline_ms <= now)
			tw_conn_end(c);
	}
	tw_front_accepting(f, true);
	tw_front_reap(f);
}

static int64_t first_deadline(const struct tw_front *f)
{
	bool resting = f->accepting || f->draining || f->core_gone || !f->tls;
	int64_t first = resting ? INT64_MAX : tw_front_now_ms(f) + RETRY_ACCEPT_MS;

	for (int w = 0; w < TW_WAITS; w++) {
		const struct tw_conn *c = TAILQ_FIRST(&f->waiting[w]);
		if (c && has_deadline(w) && c->deadline_ms < first)
			first = c->deadline_ms;
	}
	return first;
}

/* A deadline that moved away is found out when the timer fires; one that came nearer sets it anew. */
void tw_front_timer(struct tw_front *f)
{
	int64_t first = first_deadline(f);

	if (first == INT64_MAX && f->timer_ms && f->connections == 0) {
		(void)event_del(f->timer);
		f->timer_ms = 0;
	}
	if (first == INT64_MAX || (f->timer_ms && f->timer_ms <= first))
		return;
	int64_t in_ms = first - tw_front_now_ms(f);
	if (in_ms < 0)
		in_ms = 0;
	struct timeval tv = { in_ms / 1000, (in_ms % 1000) * 1000 };
	if (event_add(f->timer, &tv) == 0)
		f->timer_ms = first;
}

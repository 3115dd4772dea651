/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-store: the line from app to a PostgreSQL of the network. app speaks to it as to a server of this machine, by a socket in its folder; it alone
 * knows the password, and where the server is it reads from the same hand. So app has no network, and who takes app over can ask the store what app may
 * ask, but neither learn the password nor point the store elsewhere. From the server's word that lets us in on, bytes pass unread, in both directions.
 *
 * One line at a time: who comes anew has given up the one before.
 */
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/errand.h"
#include "support/line/dial.h"
#include "support/line/greet.h"
#include "support/line/line-row.h"
#include "support/line/scram.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>

enum { WHERE_FD = TW_FD_OWN, PASSWORD_FD, TRUST_FD, CLIENT_FD, RESOLVER_FD, LISTENER_FD };
enum { LISTENER, CLIENT, SERVER, WAITS };

#define PIECE 32768
#define TRUST_MAX (1024 * 1024)
#define CLIENT_MAX 65536

struct piece {
	char data[PIECE];
	size_t from, size;
};
struct role {
	const struct tw_sys *sys;
	int client; /* -1: app has not come */
	bool let_in, client_ended, server_wants_room;
	struct tw_line line;
	struct tw_line_known known;
	struct piece up, down; /* to the server; to app */
};

static const struct tw_channel_row rows_from_app[] = { { 0 } }; /* its channel says that it lives, and nothing else */

static void hang_up(struct role *r)
{
	tw_line_done(&r->line);
	tw_closep(&r->client);
	tw_wipe(&r->up, sizeof r->up);
	tw_wipe(&r->down, sizeof r->down);
	r->let_in = r->client_ended = r->server_wants_room = false;
}

/* --- What it is given --- */

static tw_err dial(struct role *r, struct tw_buf *early)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf where = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf password = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf trust = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf client = { 0 };
	struct tw_line_plan plan = { .sys = r->sys, .known = &r->known };
	char resolver[TW_RESOLVE_CONFIG_MAX];
	const ssize_t size = r->sys->pread(r->sys, RESOLVER_FD, resolver, sizeof resolver, 0);

	tw_name_servers_parse((struct tw_slice){ resolver, size > 0 ? (size_t)size : 0 }, &plan.servers);
	TW_TRY(tw_errand_read(r->sys, WHERE_FD, TW_PG_WHERE_MAX + 1, &where));
	TW_TRY(tw_pg_where_parse(tw_buf_slice(&where), &plan.where));
	TW_TRY(tw_errand_read(r->sys, PASSWORD_FD, TW_SCRAM_PASSWORD_MAX + 2, &password));
	TW_TRY(tw_errand_read(r->sys, TRUST_FD, TRUST_MAX, &trust));
	TW_TRY(tw_errand_read(r->sys, CLIENT_FD, CLIENT_MAX, &client));
	plan.password = tw_buf_slice(&password);
	plan.trust = tw_buf_slice(&trust);
	plan.client = tw_buf_slice(&client);
	return tw_line_dial(&plan, &r->line, early);
}

/* --- Bytes --- */

/* Whether anything moved; the end of it in *ret_over. */
static bool moved(ssize_t n, bool *ret_over)
{
	if (n > 0)
		return true;
	*ret_over = n == 0 || (errno != EAGAIN && errno != EINTR);
	return false;
}

static ssize_t receive(struct role *r, void *data, size_t size)
{
	struct iovec part = { data, size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	return r->sys->recvmsg(r->sys, r->client, &m, 0);
}

static ssize_t send_some(struct role *r, const void *data, size_t size)
{
	struct iovec part = { (void *)(uintptr_t)data, size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	return r->sys->sendmsg(r->sys, r->client, &m, 0);
}

/* As recv and send: -1 and EAGAIN when it has to wait. */
static ssize_t of_tls(struct role *r, int n)
{
	const int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(r->line.ssl, n);

	r->server_wants_room = why == SSL_ERROR_WANT_WRITE;
	if (n > 0)
		return n;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
	return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static bool pump_up(struct role *r, bool *ret_over)
{
	struct piece *p = &r->up;
	bool any = false;

	if (!p->size && !r->client_ended) {
		const ssize_t n = receive(r, p->data, sizeof p->data);

		p->from = 0;
		p->size = n > 0 ? (size_t)n : 0;
		any = moved(n, &r->client_ended);
	}
	if (p->size) {
		ERR_clear_error();
		const ssize_t n = of_tls(r, SSL_write(r->line.ssl, p->data + p->from, (int)p->size));

		if (moved(n, ret_over)) {
			p->from += (size_t)n;
			p->size -= (size_t)n;
			any = true;
		}
	}
	*ret_over = *ret_over || (r->client_ended && !p->size); /* its last word, by which it takes leave, has gone out */
	return any;
}

static bool pump_down(struct role *r, bool *ret_over)
{
	struct piece *p = &r->down;
	bool any = false, ended = false;

	if (!p->size) {
		ERR_clear_error();
		const ssize_t n = of_tls(r, SSL_read(r->line.ssl, p->data, sizeof p->data));

		p->from = 0;
		p->size = n > 0 ? (size_t)n : 0;
		any = moved(n, &ended);
	}
	if (p->size) {
		const ssize_t n = send_some(r, p->data + p->from, p->size);

		if (moved(n, ret_over)) {
			p->from += (size_t)n;
			p->size -= (size_t)n;
			any = true;
		}
	}
	*ret_over = *ret_over || ended;
	return any;
}

static void pump(struct role *r)
{
	bool over = false;

	while (!over) {
		const bool up = pump_up(r, &over), down = !over && pump_down(r, &over);

		if (!up && !down)
			break;
	}
	if (over)
		hang_up(r);
}

/* --- The beginning --- */

static void refuse(struct role *r, const char *words)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->sys, sizeof r->down.data);
	if (!tw_failed(tw_greet_refuse(words, &b)))
		(void)send_some(r, b.data, b.size);
	hang_up(r);
}

/* What the server has said already goes to app behind our word that it is in, which is all that app asked for. */
static tw_err let_in(struct role *r, const struct tw_buf *early)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->sys, sizeof r->down.data);
	TW_TRY(tw_greet_in(&b));
	TW_TRY(tw_buf_add(&b, early->data, early->size));
	memcpy(r->down.data, b.data, b.size);
	r->down.size = b.size;
	r->let_in = true;
	return TW_OK;
}

/* Until its first message is whole, which says nothing that we would believe: user and database are in store.url. */
static void greet(struct role *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf early = { 0 };
	struct piece *p = &r->up;
	size_t whole = 0;
	bool over = false;
	const ssize_t n = receive(r, p->data + p->size, sizeof p->data - p->size);

	if (!moved(n, &over)) {
		if (over)
			hang_up(r);
		return;
	}
	p->size += (size_t)n;
	if (tw_failed(tw_greet_client((struct tw_slice){ p->data, p->size }, &whole)) || (whole && whole != p->size)) {
		hang_up(r);
		return;
	}
	if (!whole)
		return;
	p->size = 0;
	tw_buf_init(&early, r->sys, sizeof r->down.data / 2);
	tw_err e = dial(r, &early);
	if (!tw_failed(e))
		e = let_in(r, &early);
	if (tw_failed(e)) {
		refuse(r, tw_err_detail());
		return;
	}
	pump(r);
}

static void take(struct role *r)
{
	const int fd = r->sys->accept(r->sys, LISTENER_FD, NULL, NULL);

	if (fd < 0)
		return;
	hang_up(r);
	r->client = fd;
}

/* An end that nobody waits for would be told of again and again. */
static struct pollfd wait_of(int fd, bool reads, bool writes)
{
	return (struct pollfd){ .fd = reads || writes ? fd : -1, .events = (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)) };
}

static size_t waits(void *user, struct pollfd *ret, int *ret_ms)
{
	const struct role *r = user;
	const bool full_up = r->let_in && r->up.size, full_down = r->down.size > 0;

	*ret_ms = -1;
	ret[LISTENER] = wait_of(LISTENER_FD, true, false);
	ret[CLIENT] = wait_of(r->client_ended ? -1 : r->client, !full_up, full_down);
	ret[SERVER] = wait_of(r->let_in ? r->line.fd : -1, !full_down, full_up || r->server_wants_room);
	return WAITS;
}

static tw_err turn(void *user, tw_channel *app)
{
	struct role *r = user;

	if (r->client >= 0 && r->let_in)
		pump(r);
	else if (r->client >= 0)
		greet(r);
	take(r);
	return TW_OK;
}

static tw_err serve(void *user, tw_channel *app, const struct tw_message *m)
{
	return TW_RAISE(UNTRUSTED, "app says something where there is nothing to say");
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct role *r = TW_NEW(sys, struct role);

	if (!r)
		return 1;
	r->sys = sys;
	r->client = -1;
	tw_line_init(&r->line);
	const int status = tw_errand_run(sys, &(struct tw_errand_work){ rows_from_app, serve, r, .waits = waits, .turn = turn });
	hang_up(r);
	free(r);
	return status;
}

static const struct tw_role_row rows[] = {
	{ TW_LINE_ROLE_ROW, run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(rows, argc, argv);
}

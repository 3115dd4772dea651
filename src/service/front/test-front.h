/* SPDX-License-Identifier: Apache-2.0 */
/* The real front in the test's own process, between a client, a core played by the test and a keys process. */
#ifndef TW_SERVICE_FRONT_TEST_FRONT_H
#define TW_SERVICE_FRONT_TEST_FRONT_H
#include "base/mem.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "service/front/front-conn.h"
#include "sys/fake.h"
#include "sys/real.h"

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

const struct tw_asset tw_assets[] = {
	{ "/", "text/html; charset=utf-8", "\"one\"", (const uint8_t *)"<!DOCTYPE html>\n", 16 },
	{ "/packed", "text/html; charset=utf-8", "\"two\"", (const uint8_t *)"(packed)", 8, true },
	{ 0 },
};

#define NAME "pump.example"

static struct {
	tw_fake *fake;
	const struct tw_sys *sys;
	struct tw_buf certificate, named; /* named: the owner's over the same key */
	int keys;                         /* front's end; each front gets a copy */
	int listener;
	struct sockaddr_in address;
	SSL_CTX *client;
} world;

/* One run: a front, core's end of its channel, and how many calls front has made. */
struct run {
	const struct tw_front_limits *limits; /* NULL: the usual ones */
	int hands;                            /* front's end of that channel; 0: there is none */
	tw_front_page *page;
	tw_front *f;
	tw_channel *core;
	long calls, fail_at;
	int error_number;
	bool ended, fired;
	const char *name; /* of the call that failed */
	tw_err outcome;
};

static _Noreturn inline void be_keys(int fd, const tw_key *key)
{
	tw_channel *c = NULL;
	struct tw_message m;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t der[80];
	size_t size = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (tw_failed(tw_channel_new(tw_sys_real(), fd, tw_rows_keys_from_front, &c)))
		_exit(1);
	while (poll(&p, 1, -1) > 0 && !tw_failed(tw_channel_receive(c, &m)))
		if (tw_failed(tw_key_sign_digest_der(key, (const uint8_t *)m.payload.at, der, sizeof der, &size)) ||
			tw_failed(tw_channel_send(c, TW_WIRE_TLS_SIGNED, m.tag, der, size, NULL, 0)))
			break;
	_exit(0);
}

static inline int start_keys(void)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL, *named = NULL;
	const struct tw_cert_want want = { .common_name = "listener", .is_server = true };
	const struct tw_cert_want of_owner = { .common_name = "pump", .is_server = true, .dns = NAME };
	int pair[2];

	CHECK_OK(tw_key_generate(world.sys, &key));
	CHECK_OK(tw_cert_make(world.sys, &want, key, NULL, key, &cert));
	CHECK_OK(tw_cert_der(cert, &world.certificate));
	CHECK_OK(tw_cert_make(world.sys, &of_owner, key, NULL, key, &named));
	CHECK_OK(tw_cert_der(named, &world.named));
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (fork() == 0) {
		close(pair[0]);
		be_keys(pair[1], key);
	}
	close(pair[1]);
	return pair[0];
}

static inline int setup(void **state)
{
	socklen_t size = sizeof world.address;

	(void)signal(SIGPIPE, SIG_IGN); /* the clients' */
	world.fake = tw_fake_new();
	world.sys = tw_fake_sys(world.fake);
	tw_crypto_use(world.sys);
	tw_buf_init(&world.certificate, world.sys, 4096);
	tw_buf_init(&world.named, world.sys, 4096);
	world.keys = start_keys();
	world.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	world.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK_INT(setsockopt(world.listener, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0); /* as hands does */
	CHECK_INT(bind(world.listener, (struct sockaddr *)&world.address, size), 0);
	CHECK_INT(listen(world.listener, 64), 0);
	CHECK_INT(getsockname(world.listener, (struct sockaddr *)&world.address, &size), 0);
	world.client = SSL_CTX_new(TLS_client_method());
	CHECK(world.client);
	return 0;
}

static inline int teardown(void **state)
{
	SSL_CTX_free(world.client);
	close(world.listener);
	close(world.keys);
	tw_buf_done(&world.certificate);
	tw_buf_done(&world.named);
	return 0; /* the fake stays: OpenSSL allocates from it until the process has ended */
}

/* From here to disarm, calls are front's. */
static inline void arm(struct run *r)
{
	tw_fake_fail(world.fake, r->fail_at > r->calls ? r->fail_at - r->calls : 0, r->error_number, false);
}

static inline void disarm(struct run *r)
{
	if (tw_fake_fired(world.fake) && !r->fired)
		r->name = tw_fake_name(world.fake, r->fail_at - r->calls);
	r->calls += tw_fake_calls(world.fake);
	r->fired |= tw_fake_fired(world.fake);
	tw_fake_fail(world.fake, 0, 0, false);
}

static inline void step(struct run *r)
{
	if (!r->f || r->ended)
		return;
	arm(r);
	(void)event_base_loop(r->f->base, EVLOOP_NONBLOCK);
	disarm(r);
	r->ended = event_base_got_break(r->f->base);
	r->outcome = r->f->outcome;
}

static inline tw_err start(struct run *r)
{
	int pair[2];
	struct tw_front_options o = { .sys = world.sys,
		.hands = r->hands ? r->hands : -1,
		.listeners = &world.listener,
		.listener_count = 1,
		.assets = tw_assets,
		.limits = TW_FRONT_LIMITS };

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_OK(tw_channel_new(world.sys, pair[0], tw_rows_core_from_front, &r->core));
	o.page = r->page;
	if (r->limits)
		o.limits = *r->limits;
	o.core = pair[1];
	o.keys = fcntl(world.keys, F_DUPFD_CLOEXEC, 3);
	arm(r);
	tw_err e = tw_front_new(&o, &r->f);
	disarm(r);
	if (tw_failed(e)) { /* then the descriptors may be whoever's: both are gone or ours, so a close that fails is fine */
		close(o.core);
		close(o.keys);
	}
	return e;
}

static inline void finish(struct run *r)
{
	r->f = tw_front_free(r->f);
	r->core = tw_channel_free(r->core);
}

static inline void say_listener(struct run *r)
{
	tw_ignore(tw_channel_send(r->core, TW_WIRE_LISTENER, 1, world.certificate.data, world.certificate.size, NULL, 0));
}

static inline void say_named(struct run *r, const void *der, size_t size)
{
	tw_ignore(tw_channel_send(r->core, TW_WIRE_NAMED, 1, der, size, NULL, 0));
}

#define FILE_SIZE 5000
#define FILE_END "the file's end"

/* A reply whose body is a descriptor. */
static inline void reply_file(struct run *r, uint32_t connection, uint64_t stated, bool sealed)
{
	const struct tw_wire_reply rp = {
		.connection = connection, .status = 200, .known = true, .type = TW_SLICE("text/plain"), .file = stated
	};
	static char bytes[FILE_SIZE];
	struct tw_buf b;

	memset(bytes, '.', sizeof bytes);
	memcpy(bytes + sizeof bytes - sizeof FILE_END + 1, FILE_END, sizeof FILE_END - 1);
	int fd = sealed ? world.sys->memfd(world.sys, "file", bytes, sizeof bytes) : world.sys->spool(world.sys, "file");
	CHECK(fd >= 0);
	if (!sealed)
		CHECK_INT(write(fd, bytes, sizeof bytes), sizeof bytes);
	tw_buf_init(&b, world.sys, TW_CHANNEL_MAX);
	CHECK_OK(tw_wire_reply_write(&rp, &b));
	tw_ignore(tw_channel_send(r->core, TW_WIRE_REPLY, 0, b.data, b.size, &fd, 1));
	tw_buf_done(&b);
	close(fd);
}

static inline void send_stream(struct run *r, uint32_t connection, const char *text, bool end)
{
	const struct tw_wire_stream s = { connection, end, tw_slice_of(text) };
	struct tw_buf b;

	tw_buf_init(&b, world.sys, TW_CHANNEL_MAX);
	CHECK_OK(tw_wire_stream_write(&s, &b));
	tw_ignore(tw_channel_send(r->core, TW_WIRE_STREAM, 0, b.data, b.size, NULL, 0));
	tw_buf_done(&b);
}

static inline void reply_stream(struct run *r, uint32_t connection)
{
	const struct tw_wire_reply rp = {
		.connection = connection, .status = 200, .known = true, .type = TW_SLICE("text/event-stream"), .stream = true
	};
	struct tw_buf b;

	tw_buf_init(&b, world.sys, TW_CHANNEL_MAX);
	CHECK_OK(tw_wire_reply_write(&rp, &b));
	tw_ignore(tw_channel_send(r->core, TW_WIRE_REPLY, 0, b.data, b.size, NULL, 0));
	tw_buf_done(&b);
}

/* Core answers all there is: the path tells what. */
static inline void be_core(struct run *r)
{
	struct tw_message m;
	struct tw_wire_request rq;
	struct tw_buf b;

	tw_buf_init(&b, world.sys, TW_CHANNEL_MAX);
	while (!tw_failed(tw_channel_receive(r->core, &m))) {
		if (m.type != TW_WIRE_REQUEST)
			continue;
		CHECK_OK(tw_wire_request_read(m.payload, &rq));
		if (memmem(rq.head.at, rq.head.size, "/api/v1/file", 12)) {
			reply_file(r, rq.connection, FILE_SIZE, true);
			continue;
		}
		if (memmem(rq.head.at, rq.head.size, "/api/v1/stream", 14)) {
			reply_stream(r, rq.connection);
			send_stream(r, rq.connection, "id: 1\ndata: one\n\n", false);
			send_stream(r, rq.connection, "id: 2\ndata: two\n\n", true);
			continue;
		}
		const struct tw_wire_reply rp = {
			.connection = rq.connection, .status = 200, .known = true, .type = TW_SLICE("application/json"), .body = TW_SLICE("{}")
		};
		tw_buf_clear(&b);
		CHECK_OK(tw_wire_reply_write(&rp, &b));
		tw_ignore(tw_channel_send(r->core, TW_WIRE_REPLY, 0, b.data, b.size, NULL, 0));
	}
	tw_buf_done(&b);
}

struct client {
	int fd;
	bool closed;
	SSL *ssl;
	char got[8192];
	size_t size;
};

#define CLIENTS_PER_ADDRESS 10000 /* all faults together open more than one address has ports while closed ones are waited for */

static inline void client_from(struct client *c, in_addr_t address)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };

	*c = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	CHECK_INT(bind(c->fd, (struct sockaddr *)&from, sizeof from), 0);
	CHECK_INT(connect(c->fd, (struct sockaddr *)&world.address, sizeof world.address), 0);
	CHECK_INT(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
	CHECK_INT(setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)), 0); /* all turns happen within a delayed ACK */
	c->ssl = SSL_new(world.client);
	CHECK(c->ssl && SSL_set_fd(c->ssl, c->fd) == 1);
	SSL_set_connect_state(c->ssl);
}

static inline void client_open(struct client *c)
{
	static unsigned opened;

	client_from(c, INADDR_LOOPBACK + opened++ / CLIENTS_PER_ADDRESS);
}

static inline void client_close(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

static inline bool would_block(const struct client *c, int result)
{
	int why = SSL_get_error(c->ssl, result);

	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

/* Turns everybody until the client has `want` in its answer, is closed, or nothing moves any more. */
static inline bool exchange(struct run *r, struct client *c, const char *request, const char *want)
{
	size_t sent = 0, done;
	int size = (int)strlen(request);

	c->size = 0;
	for (int turn = 0; turn < 40 && !c->closed; turn++) {
		ERR_clear_error(); /* front's leftovers: one thread has one queue */
		if (!sent) {
			int n = SSL_write(c->ssl, request, size);
			sent = n > 0;
			c->closed = n <= 0 && !would_block(c, n);
		} else if (SSL_read_ex(c->ssl, c->got + c->size, sizeof c->got - 1 - c->size, &done) == 1) {
			c->size += done;
		} else if (!would_block(c, 0)) {
			c->closed = true;
		}
		c->got[c->size] = '\0';
		if (strstr(c->got, want))
			return true;
		step(r);
		be_core(r);
		step(r);
	}
	return false;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static inline bool serves(struct run *r)
{
	struct client c;

	client_open(&c);
	bool ok = exchange(r, &c, GET("/"), "<!DOCTYPE html>");
	client_close(&c);
	step(r);
	return ok;
}

/* A front that listens and has asked itself. */
static inline void begin_story(struct run *r)
{
	CHECK_OK(start(r));
	say_listener(r);
	for (int i = 0; i < 4; i++) {
		step(r);
		be_core(r);
	}
	CHECK(r->f->ready);
}
#endif

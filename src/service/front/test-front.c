/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real front in this process, between a client, a core played by the test and a keys process: one story, and the story again
 * with each call of front's to the seam failing once, allocations of OpenSSL and libevent among them. Whatever failed, front
 * goes on to serve the next client, or has ended saying why; under sanitizers this also shows that nothing leaks.
 */
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

static struct {
	tw_fake *fake;
	const struct tw_sys *sys;
	struct tw_buf certificate;
	int keys; /* front's end; each front gets a copy */
	int listener;
	struct sockaddr_in address;
	SSL_CTX *client;
} world;

/* One run: a front, core's end of its channel, and how many calls front has made. */
struct run {
	const struct tw_front_limits *limits; /* NULL: the usual ones */
	tw_front *f;
	tw_channel *core;
	long calls, fail_at;
	int error_number;
	bool ended, fired;
	const char *name; /* of the call that failed */
	tw_err outcome;
};

static _Noreturn void be_keys(int fd, const tw_key *key)
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

static int start_keys(void)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const struct tw_cert_want want = { .common_name = "listener", .is_server = true };
	int pair[2];

	CHECK_OK(tw_key_generate(world.sys, &key));
	CHECK_OK(tw_cert_make(world.sys, &want, key, NULL, key, &cert));
	CHECK_OK(tw_cert_der(cert, &world.certificate));
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	if (fork() == 0) {
		close(pair[0]);
		be_keys(pair[1], key);
	}
	close(pair[1]);
	return pair[0];
}

static int setup(void **state)
{
	socklen_t size = sizeof world.address;

	(void)signal(SIGPIPE, SIG_IGN); /* the clients' */
	world.fake = tw_fake_new();
	world.sys = tw_fake_sys(world.fake);
	tw_crypto_use(world.sys);
	tw_buf_init(&world.certificate, world.sys, 4096);
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

static int teardown(void **state)
{
	SSL_CTX_free(world.client);
	close(world.listener);
	close(world.keys);
	tw_buf_done(&world.certificate);
	return 0; /* the fake stays: OpenSSL allocates from it until the process has ended */
}

/* From here to disarm, calls are front's. */
static void arm(struct run *r)
{
	tw_fake_fail(world.fake, r->fail_at > r->calls ? r->fail_at - r->calls : 0, r->error_number, false);
}

static void disarm(struct run *r)
{
	if (tw_fake_fired(world.fake) && !r->fired)
		r->name = tw_fake_name(world.fake, r->fail_at - r->calls);
	r->calls += tw_fake_calls(world.fake);
	r->fired |= tw_fake_fired(world.fake);
	tw_fake_fail(world.fake, 0, 0, false);
}

static void step(struct run *r)
{
	if (!r->f || r->ended)
		return;
	arm(r);
	(void)event_base_loop(r->f->base, EVLOOP_NONBLOCK);
	disarm(r);
	r->ended = event_base_got_break(r->f->base);
	r->outcome = r->f->outcome;
}

static tw_err start(struct run *r)
{
	int pair[2];
	struct tw_front_options o = {
		.sys = world.sys, .hands = -1, .listeners = &world.listener, .listener_count = 1, .assets = tw_assets, .limits = TW_FRONT_LIMITS
	};

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_OK(tw_channel_new(world.sys, pair[0], tw_rows_core_from_front, &r->core));
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

static void finish(struct run *r)
{
	r->f = tw_front_free(r->f);
	r->core = tw_channel_free(r->core);
}

static void say_listener(struct run *r)
{
	tw_ignore(tw_channel_send(r->core, TW_WIRE_LISTENER, 1, world.certificate.data, world.certificate.size, NULL, 0));
}

#define FILE_SIZE 5000
#define FILE_END "the file's end"

/* A reply whose body is a descriptor. */
static void reply_file(struct run *r, uint32_t connection, uint64_t stated, bool sealed)
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

static void send_stream(struct run *r, uint32_t connection, const char *text, bool end)
{
	const struct tw_wire_stream s = { connection, end, tw_slice_of(text) };
	struct tw_buf b;

	tw_buf_init(&b, world.sys, TW_CHANNEL_MAX);
	CHECK_OK(tw_wire_stream_write(&s, &b));
	tw_ignore(tw_channel_send(r->core, TW_WIRE_STREAM, 0, b.data, b.size, NULL, 0));
	tw_buf_done(&b);
}

static void reply_stream(struct run *r, uint32_t connection)
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
static void be_core(struct run *r)
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

static void client_from(struct client *c, in_addr_t address)
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

static void client_open(struct client *c)
{
	static unsigned opened;

	client_from(c, INADDR_LOOPBACK + opened++ / CLIENTS_PER_ADDRESS);
}

static void client_close(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

static bool would_block(const struct client *c, int result)
{
	int why = SSL_get_error(c->ssl, result);

	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

/* Turns everybody until the client has `want` in its answer, is closed, or nothing moves any more. */
static bool exchange(struct run *r, struct client *c, const char *request, const char *want)
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

static bool serves(struct run *r)
{
	struct client c;

	client_open(&c);
	bool ok = exchange(r, &c, GET("/"), "<!DOCTYPE html>");
	client_close(&c);
	step(r);
	return ok;
}

/* The story: start, self-request, a page, core's answer, a chunked body, a fault, a new listener key. */
static void story(struct run *r)
{
	struct client c;

	say_listener(r);
	for (int i = 0; i < 4; i++) {
		step(r);
		be_core(r);
	}
	client_open(&c);
	(void)exchange(r, &c, GET("/"), "<!DOCTYPE html>");
	(void)exchange(r, &c, GET("/api/v1/health"), "\r\n\r\n{}");
	(void)exchange(r, &c, "POST /api/v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"\r\n\r\n{}");
	(void)exchange(r, &c, GET("/api/v1/file"), FILE_END);
	(void)exchange(r, &c, GET("/api/v1/stream"), "0\r\n\r\n");
	(void)exchange(r, &c, "nonsense\r\n\r\n", "HTTP/1.1 400 ");
	client_close(&c);
	step(r);
	say_listener(r);
	step(r);
}

#define PACKED(fields) "GET /packed HTTP/1.1\r\nHost: 127.0.0.1\r\n" fields "\r\n"

static void check_packed(struct run *r, struct client *c)
{
	CHECK(exchange(r, c, PACKED(""), "\r\n\r\n(packed)"));
	CHECK(strstr(c->got, "HTTP/1.1 200 ") && strstr(c->got, "\r\nContent-Encoding: gzip\r\n") &&
		strstr(c->got, "\r\nVary: Accept-Encoding\r\n"));
	CHECK(exchange(r, c, PACKED("If-None-Match: \"two\"\r\n"), "HTTP/1.1 304 "));
	CHECK(strstr(c->got, "\r\nVary: Accept-Encoding\r\n") && !strstr(c->got, "Content-Encoding: "));
	CHECK(exchange(r, c, PACKED("Accept-Encoding: identity\r\nIf-None-Match: \"two\"\r\n"), "HTTP/1.1 406 Not Acceptable\r\n"));
	CHECK(strstr(c->got, "RFC 9110 12.5.3") && !strstr(c->got, "Content-Encoding: ") && !c->closed);
	CHECK(exchange(r, c, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: identity\r\n\r\n", "<!DOCTYPE html>"));
	CHECK(!strstr(c->got, "Content-Encoding: "));
}

static void test_story(void **state)
{
	struct run r = { 0 };
	struct client c;

	CHECK_OK(start(&r));
	say_listener(&r);
	for (int i = 0; i < 4; i++) {
		step(&r);
		be_core(&r);
	}
	CHECK(r.f->ready);
	client_open(&c);
	CHECK(exchange(&r, &c, GET("/"), "<!DOCTYPE html>"));
	CHECK_INT(r.f->unknown, 1);
	CHECK(exchange(&r, &c, GET("/api/v1/health"), "\r\n\r\n{}"));
	CHECK_INT(r.f->unknown, 0); /* core knew the subject */
	CHECK(strstr(c.got, "Cache-Control: no-store\r\n"));
	CHECK(exchange(&r, &c, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-None-Match: \"x\", W/\"one\"\r\n\r\n", "HTTP/1.1 304 "));
	CHECK(!strstr(c.got, "Vary: "));
	check_packed(&r, &c);
	say_listener(&r);
	step(&r);
	CHECK(!exchange(&r, &c, GET("/"), "HTTP/1.1 200 ")); /* made under the old certificate */
	CHECK(c.closed);
	client_close(&c);
	CHECK(serves(&r));
	CHECK_INT(r.f->connections, 0);
	CHECK(!r.f->timer_ms); /* nothing is left to wake for */
	finish(&r);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void begin_story(struct run *r)
{
	CHECK_OK(start(r));
	say_listener(r);
	for (int i = 0; i < 4; i++) {
		step(r);
		be_core(r);
	}
	CHECK(r->f->ready);
}

static void test_file(void **state)
{
	struct run r = { 0 };
	struct client c;
	int before = open_fds();

	begin_story(&r);
	client_open(&c);
	CHECK(exchange(&r, &c, GET("/api/v1/file"), FILE_END));
	CHECK(strstr(c.got, "Content-Length: 5000\r\n") && strstr(c.got, "Content-Type: text/plain\r\n"));
	CHECK(exchange(&r, &c, GET("/api/v1/file"), FILE_END)); /* and the connection goes on */
	CHECK(exchange(&r, &c, "HEAD /api/v1/file HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "\r\n\r\n"));
	CHECK(!strstr(c.got, "..."));
	reply_file(&r, 12345, FILE_SIZE, true); /* nobody is there */
	step(&r);
	CHECK(!r.ended);
	client_close(&c);
	step(&r);
	finish(&r);
	CHECK_INT(open_fds(), before);
}

/* Core is believed no more than front is: what it says of a descriptor must be so. */
static void test_file_that_is_none(void **state)
{
	static const struct {
		uint64_t stated;
		bool sealed;
	} bad[] = { { FILE_SIZE + 1, true }, { FILE_SIZE, false }, { 0, true } };
	int before = open_fds();

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct run r = { 0 };
		begin_story(&r);
		reply_file(&r, 1, bad[i].stated, bad[i].sealed);
		step(&r);
		CHECK(r.ended && tw_is(r.outcome, TW_CODE_UNTRUSTED));
		finish(&r);
	}
	CHECK_INT(open_fds(), before);
}

/* The id of the connection that has asked for this, read as core would. */
static uint32_t asked_by(struct run *r, struct client *c, const char *request)
{
	struct tw_message m;
	struct tw_wire_request rq = { 0 };

	CHECK(SSL_write(c->ssl, request, (int)strlen(request)) > 0);
	step(r);
	CHECK_OK(tw_channel_receive(r->core, &m));
	CHECK_INT(m.type, TW_WIRE_REQUEST);
	CHECK_OK(tw_wire_request_read(m.payload, &rq));
	return rq.connection;
}

static void test_stream(void **state)
{
	struct run r = { 0 };
	struct client c;
	struct tw_message m;
	struct tw_wire_drained d;
	size_t size = 0;

	begin_story(&r);
	client_open(&c);
	CHECK(exchange(&r, &c, GET("/api/v1/stream"), "0\r\n\r\n"));
	CHECK(strstr(c.got, "Transfer-Encoding: chunked\r\n") && !strstr(c.got, "Content-Length"));
	CHECK(strstr(c.got, "\r\n\r\n11\r\nid: 1\ndata: one\n\n\r\n11\r\nid: 2\ndata: two\n\n\r\n0\r\n\r\n"));
	CHECK(exchange(&r, &c, GET("/api/v1/health"), "\r\n\r\n{}")); /* the connection goes on */
	uint32_t id = asked_by(&r, &c, GET("/api/v1/stream"));
	reply_stream(&r, id);
	send_stream(&r, id, "id: 3\ndata: x\n\n", false);
	step(&r);
	CHECK_OK(tw_channel_receive(r.core, &m)); /* it has been taken */
	CHECK_INT(m.type, TW_WIRE_DRAINED);
	CHECK_OK(tw_wire_drained_read(m.payload, &d));
	CHECK(d.connection == id && d.bytes == 15);
	CHECK(TAILQ_FIRST(&r.f->waiting[TW_WAIT_STREAM]));
	CHECK(SSL_read_ex(c.ssl, c.got, sizeof c.got, &size) == 1);
	client_close(&c);
	step(&r);
	CHECK_OK(tw_channel_receive(r.core, &m));
	CHECK_INT(m.type, TW_WIRE_GONE);
	send_stream(&r, id, "late", false);
	step(&r);
	CHECK(!r.ended);
	finish(&r);
}

/* More than the window on its way, or a piece for somebody who has asked for none: core has broken the rules. */
static void test_stream_beyond_its_window(void **state)
{
	static char big[TW_WIRE_STREAM_WINDOW + 1];

	memset(big, 'x', sizeof big - 1);
	for (int beyond = 0; beyond < 2; beyond++) {
		struct run r = { 0 };
		struct client c;
		begin_story(&r);
		client_open(&c);
		CHECK(exchange(&r, &c, GET("/"), "<!DOCTYPE html>"));
		uint32_t id = asked_by(&r, &c, GET("/api/v1/stream"));
		if (beyond) {
			reply_stream(&r, id);
			CHECK_INT(setsockopt(tw_front_find(r.f, id)->fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 }, sizeof(int)), 0);
			for (int i = 0; i < 40 && !r.ended; i++) { /* until the kernel takes no more of it */
				send_stream(&r, id, big, false);
				step(&r);
			}
		} else {
			send_stream(&r, id, "x", false);
			step(&r);
		}
		CHECK(r.ended && tw_is(r.outcome, TW_CODE_UNTRUSTED));
		client_close(&c);
		finish(&r);
	}
}

/* A client that goes while core works on its request: core is told, its answer is dropped. */
static void test_gone(void **state)
{
	struct run r = { 0 };
	struct client c;
	struct tw_message m;
	struct tw_wire_request rq;

	CHECK_OK(start(&r));
	say_listener(&r);
	for (int i = 0; i < 4; i++) {
		step(&r);
		be_core(&r);
	}
	client_open(&c);
	CHECK(exchange(&r, &c, GET("/"), "<!DOCTYPE html>"));
	CHECK(SSL_write(c.ssl, GET("/api/v1/health"), sizeof GET("/api/v1/health") - 1) > 0);
	step(&r);
	CHECK_OK(tw_channel_receive(r.core, &m));
	CHECK_INT(m.type, TW_WIRE_REQUEST);
	CHECK_OK(tw_wire_request_read(m.payload, &rq));
	CHECK_TEXT(rq.source, "127.0.0.1");
	CHECK(rq.has_exporter && !rq.has_client_key);
	client_close(&c);
	step(&r);
	CHECK_OK(tw_channel_receive(r.core, &m));
	CHECK_INT(m.type, TW_WIRE_GONE);
	const struct tw_wire_reply late = { .connection = rq.connection, .status = 200 };
	struct tw_buf b;
	tw_buf_init(&b, world.sys, 1024);
	CHECK_OK(tw_wire_reply_write(&late, &b));
	CHECK_OK(tw_channel_send(r.core, TW_WIRE_REPLY, 0, b.data, b.size, NULL, 0));
	tw_buf_done(&b);
	step(&r);
	CHECK(!r.ended);
	CHECK(serves(&r));
	finish(&r);
}

/* --- Peers that want more than their turn --- */

static void begin(struct run *r, struct client *c)
{
	CHECK_OK(start(r));
	say_listener(r);
	for (int i = 0; i < 4; i++) {
		step(r);
		be_core(r);
	}
	client_open(c);
	CHECK(exchange(r, c, GET("/"), "<!DOCTYPE html>"));
	step(r);
}

static void end(struct run *r, struct client *c)
{
	client_close(c);
	step(r);
	CHECK(serves(r));
	CHECK_INT(r->f->connections, 0);
	finish(r);
}

/* What the client says from here on leaves in one piece, as an attacker would send it: TCP would spread it over its round trips. */
#define AT_ONCE 500 /* records; more than 16 KiB would be over what OpenSSL may allocate here */

static void hold(struct client *c)
{
	SSL_set0_wbio(c->ssl, BIO_new(BIO_s_mem()));
}

static void release(struct client *c)
{
	char *data = NULL;
	long size = BIO_get_mem_data(SSL_get_wbio(c->ssl), &data);

	CHECK_INT(send(c->fd, data, (size_t)size, MSG_NOSIGNAL), size);
	SSL_set0_wbio(c->ssl, BIO_new_socket(c->fd, BIO_NOCLOSE));
}

static long unread(const struct run *r)
{
	int n = 0;

	CHECK_INT(ioctl(r->f->slots[0]->fd, FIONREAD, &n), 0);
	return n;
}

/* Whoever is ready has one turn. */
static void pass_once(struct run *r)
{
	(void)event_base_loop(r->f->base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

/* Bytes that one turn of the loop has taken off the kernel's hands; the peer's were all there before. */
static void check_turn(struct run *r)
{
	long before = unread(r);

	CHECK(before > 8 * TW_FRONT_TURN_BYTES);
	pass_once(r);
	CHECK(r->f->slots[0]);
	CHECK(before - unread(r) > 0);
	CHECK(before - unread(r) <= TW_FRONT_TURN_BYTES);
}

static void test_small_records_have_their_turn(void **state)
{
	struct run r = { 0 };
	struct client c;
	int left = 0;

	begin(&r, &c);
	CHECK(SSL_write(c.ssl, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: ", 36) == 36);
	step(&r);
	for (int i = 0; i < 4000; i++) {
		if (i % AT_ONCE == 0)
			hold(&c);
		CHECK_INT(SSL_write(c.ssl, "b", 1), 1);
		if (i % AT_ONCE == AT_ONCE - 1)
			release(&c);
	}
	check_turn(&r);
	for (left = 200; left && unread(&r); left--)
		step(&r);
	CHECK(left); /* and nothing is forgotten */
	CHECK(exchange(&r, &c, "\r\n\r\n", "<!DOCTYPE html>"));
	end(&r, &c);
}

static void send_key_updates(struct client *c, int count)
{
	for (int i = 0; i < count; i++) {
		if (i % AT_ONCE == 0)
			hold(c);
		CHECK_INT(SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		CHECK_INT(SSL_do_handshake(c->ssl), 1);
		if (i % AT_ONCE == AT_ONCE - 1 || i == count - 1)
			release(c);
	}
}

static void test_key_updates_are_few(void **state)
{
	struct run r = { 0 };
	struct client c;

	begin(&r, &c);
	send_key_updates(&c, TW_FRONT_REKEYS);
	CHECK(exchange(&r, &c, GET("/"), "<!DOCTYPE html>"));
	send_key_updates(&c, 1);
	step(&r);
	CHECK_INT(r.f->connections, 0);
	end(&r, &c);
}

/* They carry no data, so OpenSSL would go on through them within one call. */
static void test_a_flood_of_key_updates_has_one_turn(void **state)
{
	struct run r = { 0 };
	struct client c;

	begin(&r, &c);
	send_key_updates(&c, 2000);
	long before = unread(&r), taken = 0;
	CHECK(before > 8 * TW_FRONT_TURN_BYTES);
	pass_once(&r);
	taken = r.f->slots[0] ? before - unread(&r) : 0; /* 0: it is gone, after one turn */
	CHECK(taken <= TW_FRONT_TURN_BYTES);
	CHECK_INT(r.f->connections, 0);
	end(&r, &c);
}

static int answers_in(struct client *c, int seen)
{
	size_t done;

	while (SSL_read_ex(c->ssl, c->got, sizeof c->got - 1, &done) == 1) {
		c->got[done] = '\0';
		for (const char *at = c->got; (at = strstr(at, "HTTP/1.1 200 ")); at++)
			seen++;
	}
	ERR_clear_error();
	return seen;
}

static void test_many_requests_at_once_have_their_turns(void **state)
{
	enum { MANY = 100 };
	struct run r = { 0 };
	struct client c;

	begin(&r, &c);
	hold(&c);
	for (int i = 0; i < MANY; i++)
		CHECK(SSL_write(c.ssl, GET("/"), sizeof GET("/") - 1) > 0);
	release(&c);
	pass_once(&r);
	int seen = answers_in(&c, 0);
	CHECK(seen > 0);
	CHECK(seen <= TW_FRONT_TURN_REQUESTS);
	for (int i = 0; i < 1000 && seen < MANY; i++) {
		step(&r);
		seen = answers_in(&c, seen);
		(void)poll(NULL, 0, 1);
	}
	CHECK_INT(seen, MANY);
	end(&r, &c);
}

/* --- Parties --- */

enum { CROWD = 8 };

static int asked(struct run *r, struct tw_wire_request ret[], int have)
{
	struct tw_message m;

	while (!tw_failed(tw_channel_receive(r->core, &m)))
		if (m.type == TW_WIRE_REQUEST)
			CHECK_OK(tw_wire_request_read(m.payload, &ret[have++]));
	return have;
}

static void answer(struct run *r, const struct tw_wire_request *rq)
{
	struct tw_buf b;
	const struct tw_wire_reply rp = {
		.connection = rq->connection, .status = 200, .known = true, .type = TW_SLICE("application/json"), .body = TW_SLICE("{}")
	};

	tw_buf_init(&b, world.sys, 1024);
	CHECK_OK(tw_wire_reply_write(&rp, &b));
	CHECK_OK(tw_channel_send(r->core, TW_WIRE_REPLY, 0, b.data, b.size, NULL, 0));
	tw_buf_done(&b);
	step(r);
}

static void say_request(struct run *r, struct client *c)
{
	CHECK(SSL_write(c->ssl, GET("/api/v1/health"), sizeof GET("/api/v1/health") - 1) > 0);
	step(r);
}

/* One party has its share at core; another's request does not stand behind the rest, and the rest is not forgotten. */
static void test_a_party_has_its_share_at_core(void **state)
{
	struct run r = { 0 };
	struct client c[CROWD], other;
	struct tw_wire_request rq[CROWD + 1];
	int have = 0;

	begin(&r, &c[0]);
	for (int i = 1; i < CROWD; i++) {
		client_open(&c[i]);
		CHECK(exchange(&r, &c[i], GET("/"), "<!DOCTYPE html>"));
	}
	client_from(&other, INADDR_LOOPBACK + 0x10000);
	CHECK(exchange(&r, &other, GET("/"), "<!DOCTYPE html>"));
	for (int i = 0; i < CROWD; i++)
		say_request(&r, &c[i]);
	say_request(&r, &other);
	have = asked(&r, rq, have);
	CHECK_INT(have, TW_FRONT_PARTY + 1);
	CHECK_TEXT(rq[TW_FRONT_PARTY].source, "127.1.0.1");
	answer(&r, &rq[TW_FRONT_PARTY]);
	CHECK_INT(asked(&r, rq, have), have); /* another party's answer frees no place of theirs */
	client_close(&c[0]);                  /* nor does who goes keep it */
	step(&r);
	have = asked(&r, rq, have);
	CHECK_INT(have, TW_FRONT_PARTY + 2);
	for (int i = 0; i < have && have < CROWD + 1; i++)
		if (i != TW_FRONT_PARTY) {
			answer(&r, &rq[i]);
			have = asked(&r, rq, have);
		}
	CHECK_INT(have, CROWD + 1);
	for (int i = 1; i < CROWD; i++)
		client_close(&c[i]);
	end(&r, &other);
}

/* Known peers may have the places of strangers until one comes; then the party that holds most gives one back. */
static void test_known_peers_give_back_what_they_borrowed(void **state)
{
	struct tw_front_limits few = TW_FRONT_LIMITS;
	struct run r = { .limits = &few };
	struct client c[CROWD], stranger;

	few.connections = CROWD;
	few.unknown = few.per_source = CROWD / 2;
	begin(&r, &c[0]);
	for (int i = 0; i < CROWD; i++) {
		if (i == CROWD - 1)
			client_from(&c[i], INADDR_LOOPBACK + 0x20000);
		else if (i > 0)
			client_open(&c[i]);
		CHECK(exchange(&r, &c[i], GET("/api/v1/health"), "\r\n\r\n{}"));
	}
	CHECK_INT(r.f->connections, CROWD);
	CHECK_INT(r.f->unknown, 0);
	client_from(&stranger, INADDR_LOOPBACK + 0x30000);
	CHECK(exchange(&r, &stranger, GET("/"), "<!DOCTYPE html>"));
	CHECK(!exchange(&r, &c[0], GET("/"), "<!DOCTYPE html>"));
	for (int i = 1; i < CROWD; i++) /* c[7] stands alone, c[1] to c[6] have not waited longest */
		CHECK(exchange(&r, &c[i], GET("/"), "<!DOCTYPE html>"));
	for (int i = 0; i < CROWD; i++)
		client_close(&c[i]);
	end(&r, &stranger);
}

/* RFC 8446 6.1: close_notify ends what the client says, not what it hears. */
static void test_who_has_said_all_still_hears(void **state)
{
	struct run r = { 0 };
	struct client c;
	size_t done = 0;

	begin(&r, &c);
	CHECK(SSL_write(c.ssl, GET("/api/v1/health") GET("/"), 2 * sizeof GET("/") + sizeof "api/v1/health" - 3) > 0);
	CHECK_INT(SSL_shutdown(c.ssl), 0);
	CHECK_INT(shutdown(c.fd, SHUT_WR), 0);
	step(&r);
	CHECK_INT(r.f->connections, 1);
	be_core(&r);
	step(&r);
	CHECK_INT(r.f->connections, 0);
	CHECK_INT(answers_in(&c, 0), 2);
	CHECK(SSL_read_ex(c.ssl, c.got, 1, &done) == 0);
	CHECK_INT(SSL_get_error(c.ssl, 0), SSL_ERROR_ZERO_RETURN);
	end(&r, &c);
}

/* What a hello states as its length is not believed: OpenSSL would make room for 128 KiB at its first byte. */
static void test_a_hello_of_any_length_is_not_waited_for(void **state)
{
	static const uint8_t hello[] = { 22, 3, 1, 64, 0, 1, 1, 255, 255, 3, 3 };
	struct run r = { 0 };
	struct client c;

	begin(&r, &c);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK_INT(connect(fd, (struct sockaddr *)&world.address, sizeof world.address), 0);
	CHECK_INT(send(fd, hello, sizeof hello, MSG_NOSIGNAL), sizeof hello);
	static char filling[16384 - 6];
	CHECK_INT(send(fd, filling, sizeof filling, MSG_NOSIGNAL), sizeof filling);
	for (int i = 0; i < 10; i++)
		step(&r);
	CHECK_INT(r.f->connections, 1);
	close(fd);
	end(&r, &c);
}

static void one_fault(long nth, int error_number, long *ret_calls, bool *ret_fired)
{
	struct run r = { .fail_at = nth, .error_number = error_number };

	if (!tw_failed(start(&r)))
		story(&r);
	*ret_calls = r.calls;
	*ret_fired = r.fired;
	if (r.f && !r.ended) {
		r.fail_at = 0;
		if (!r.f->tls)
			say_listener(&r);
		step(&r);
		bool served = serves(&r);
		if (!served) /* it may still have met a connection that was failing */
			served = serves(&r);
		if (!served)
			fail_msg("after call %ld, %s, failed (%s), front serves nobody", nth, r.name ? r.name : "none",
				strerror(error_number));
	} else if (r.f) {
		CHECK(tw_failed(r.outcome));
	}
	finish(&r);
}

/* Most calls are OpenSSL's allocations, thousands of them: one in STRIDE unless TW_DEEP is set. */
#define STRIDE 61

static void test_faults(void **state)
{
	static const int numbers[] = { ENOMEM, EIO };
	long calls = 0, tried = 0, stride = getenv("TW_DEEP") ? 1 : STRIDE;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		bool fired = true;
		for (long nth = 1 + (long)i; fired; nth += stride, tried++)
			one_fault(nth, numbers[i], &calls, &fired);
	}
	print_message("# %ld calls of front to the seam, %ld faults\n", calls, tried);
}

static int group(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_story),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_that_is_none),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_beyond_its_window),
		cmocka_unit_test(test_small_records_have_their_turn),
		cmocka_unit_test(test_key_updates_are_few),
		cmocka_unit_test(test_a_flood_of_key_updates_has_one_turn),
		cmocka_unit_test(test_many_requests_at_once_have_their_turns),
		cmocka_unit_test(test_a_party_has_its_share_at_core),
		cmocka_unit_test(test_known_peers_give_back_what_they_borrowed),
		cmocka_unit_test(test_who_has_said_all_still_hears),
		cmocka_unit_test(test_a_hello_of_any_length_is_not_waited_for),
		cmocka_unit_test(test_faults),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

int main(void)
{
	return group();
}

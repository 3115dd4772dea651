/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real front on a loopback port, with a small core and keys beside it: for tests that want front alone.
 *
 *     http-harness [CONNECTIONS UNKNOWN PER_SOURCE HEAD_MS BODY_MS IDLE_MS KNOWN_MS LINGER_MS]
 *
 * Prints "PORT PID" (of front) when it answers; ends when its standard input does. Core's stand-in knows /api/v1/health,
 * /api/v1/known (whoever asks is somebody), /api/v1/source, /api/v1/rotate (a new listener key), /api/v1/big and /api/v1/file (4 MiB
 * by a descriptor); to anything else it says 404, and 401 to whoever sends "Authorization: Bearer wrong".
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "service/front/front.h"
#include "sys/parcel.h"
#include "sys/real.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a script says, in gzip */
static const uint8_t packed[] = {
	0x1f,
	0x8b,
	0x08,
	0x00,
	0x00,
	0x00,
	0x00,
	0x00,
	0x02,
	0x03,
	0x53,
	0x2a,
	0x2d,
	0x4e,
	0x55,
	0x28,
	0x2e,
	0x29,
	0xca,
	0x4c,
	0x2e,
	0x51,
	0xb2,
	0xe6,
	0x02,
	0x00,
	0x9f,
	0x31,
	0x39,
	0x0f,
	0x0e,
	0x00,
	0x00,
	0x00,
};

const struct tw_asset tw_assets[] = {
	{ "/", "text/html; charset=utf-8", "\"one\"", (const uint8_t *)"<!DOCTYPE html>\n", 16 },
	{ "/app.js", "text/javascript; charset=utf-8", "\"two\"", packed, sizeof packed, true },
	{ 0 },
};

struct stand_in {
	const struct tw_sys *sys;
	tw_channel *core, *keys;
	tw_key *key;
	struct tw_buf certificate, message, body;
	int file; /* of 4 MiB */
};

#define FILE_SIZE (4 * 1024 * 1024)

static tw_err make_file(struct stand_in *s)
{
	TW_CLEANUP(tw_freep) char *bytes = s->sys->alloc(s->sys, FILE_SIZE);

	if (!bytes)
		return TW_RAISE(NOMEM, "a file");
	for (size_t i = 0; i < FILE_SIZE; i += 16)
		(void)snprintf(bytes + i, 17 < FILE_SIZE - i ? 17 : FILE_SIZE - i, "%015zx\n", i);
	bytes[FILE_SIZE - 1] = '\n';
	s->file = s->sys->memfd(s->sys, "file", bytes, FILE_SIZE);
	return s->file < 0 ? TW_RAISE_ERRNO("a file") : TW_OK;
}

static tw_err new_key(struct stand_in *s)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *certificate = NULL;
	const struct tw_cert_want want = { .common_name = "listener", .is_server = true };

	s->key = tw_key_free(s->key);
	TW_TRY(tw_key_generate(s->sys, &s->key));
	TW_TRY(tw_cert_make(s->sys, &want, s->key, NULL, s->key, &certificate));
	tw_buf_clear(&s->certificate);
	TW_TRY(tw_cert_der(certificate, &s->certificate));
	return tw_channel_send(s->core, TW_WIRE_LISTENER, 0, s->certificate.data, s->certificate.size, NULL, 0);
}

static tw_err route(struct stand_in *s, const struct tw_wire_request *rq, const struct tw_http_head *h, struct tw_wire_reply *rp)
{
	const struct tw_http_field *who = tw_http_find(h, "authorization");

	*rp = (struct tw_wire_reply){ .connection = rq->connection, .status = 200, .type = TW_SLICE("application/json") };
	tw_buf_clear(&s->body);
	if (who && tw_slice_is(who->value, "Bearer wrong")) {
		rp->status = 401;
	} else if (tw_slice_is(h->path, "/api/v1/health")) {
		TW_TRY(tw_buf_text(&s->body, "{\"state\":\"ok\"}"));
	} else if (tw_slice_is(h->path, "/api/v1/known")) {
		rp->known = true;
		size_t xs = 0;
		for (size_t i = 0; i < rq->body.size; i++)
			xs += rq->body.at[i] == 'x';
		TW_TRY(tw_buf_format(&s->body, "{\"size\":%zu,\"x\":%zu}", rq->body.size, xs));
	} else if (tw_slice_is(h->path, "/api/v1/source")) {
		TW_TRY(tw_buf_format(&s->body, "{\"source\":\"%s\",\"exporter\":\"", rq->source));
		TW_TRY(tw_buf_hex(&s->body, rq->exporter, sizeof rq->exporter));
		TW_TRY(tw_buf_text(&s->body, "\",\"client_key\":\""));
		TW_TRY(tw_buf_hex(&s->body, rq->client_key, rq->has_client_key ? sizeof rq->client_key : 0));
		TW_TRY(tw_buf_text(&s->body, "\"}"));
	} else if (tw_slice_is(h->path, "/api/v1/rotate")) {
		TW_TRY(new_key(s));
		TW_TRY(tw_buf_text(&s->body, "{}"));
	} else if (tw_slice_is(h->path, "/api/v1/big")) {
		for (int i = 0; i < 60 * 64; i++)
			TW_TRY(tw_buf_add(&s->body, "0123456789abcdef", 16));
	} else if (tw_slice_is(h->path, "/api/v1/file")) {
		rp->known = true;
		rp->file = FILE_SIZE;
	} else {
		rp->status = 404;
	}
	rp->body = tw_buf_slice(&s->body);
	return TW_OK;
}

static tw_err on_core(struct stand_in *s)
{
	struct tw_message m;
	struct tw_wire_request rq;
	struct tw_wire_reply rp;
	struct tw_http_head h;
	struct tw_http_fault why;

	TW_TRY(tw_channel_receive(s->core, &m));
	if (m.type == TW_WIRE_FRONT_READY)
		return dprintf(1, "ready\n") > 0 ? TW_OK : TW_RAISE_ERRNO("standard output");
	if (m.type != TW_WIRE_REQUEST)
		return TW_OK;
	TW_TRY(tw_wire_request_read(m.payload, &rq));
	TW_TRY(tw_http_parse(rq.head, &h, &why));
	if (rq.file)
		TW_TRY(tw_parcel_open(s->sys, m.fds[0], rq.file, &rq.body));
	TW_TRY(route(s, &rq, &h, &rp));
	if (rq.file)
		tw_parcel_close(s->sys, rq.body);
	tw_buf_clear(&s->message);
	TW_TRY(tw_wire_reply_write(&rp, &s->message));
	return tw_channel_send(s->core, TW_WIRE_REPLY, 0, s->message.data, s->message.size, &s->file, rp.file > 0);
}

static tw_err on_keys(struct stand_in *s)
{
	struct tw_message m;
	uint8_t der[80];
	size_t size;

	TW_TRY(tw_channel_receive(s->keys, &m));
	TW_TRY(tw_key_sign_digest_der(s->key, (const uint8_t *)m.payload.at, der, sizeof der, &size));
	return tw_channel_send(s->keys, TW_WIRE_TLS_SIGNED, m.tag, der, size, NULL, 0);
}

static tw_err stand_in(const struct tw_sys *sys, int core, int keys)
{
	struct stand_in s = { .sys = sys };
	struct pollfd p[2] = { { .fd = core, .events = POLLIN }, { .fd = keys, .events = POLLIN } };

	tw_buf_init(&s.certificate, sys, 4096);
	tw_buf_init(&s.message, sys, TW_CHANNEL_MAX);
	tw_buf_init(&s.body, sys, TW_BODY_MAX);
	TW_TRY(tw_channel_new(sys, core, tw_rows_core_from_front, &s.core));
	TW_TRY(tw_channel_new(sys, keys, tw_rows_keys_from_front, &s.keys));
	TW_TRY(new_key(&s));
	TW_TRY(make_file(&s));
	for (;;) {
		if (sys->poll(sys, p, 2, -1) < 0)
			return TW_RAISE_ERRNO("poll");
		if (p[0].revents)
			TW_TRY(on_core(&s));
		if (p[1].revents)
			TW_TRY(on_keys(&s));
	}
}

static int listen_somewhere(uint16_t *ret_port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	socklen_t size = sizeof a;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, off = 0;

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0 ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 || bind(fd, (struct sockaddr *)&a, size) < 0 ||
		listen(fd, 512) < 0 || getsockname(fd, (struct sockaddr *)&a, &size) < 0)
		return -1;
	*ret_port = ntohs(a.sin6_port);
	return fd;
}

static tw_err serve(const struct tw_sys *sys, const struct tw_front_options *o)
{
	TW_CLEANUP(tw_front_freep) tw_front *f = NULL;

	TW_TRY(tw_front_new(o, &f));
	return tw_front_serve(f);
}

/* The end of standard input is the test's end: hands says DRAIN. */
static void watch_input(int hands)
{
	static const uint8_t drain[TW_CHANNEL_HEAD] = { TW_WIRE_HANDS_DRAIN >> 8, TW_WIRE_HANDS_DRAIN & 0xff };
	char c;

	while (read(0, &c, 1) > 0)
		;
	(void)!write(hands, drain, sizeof drain);
	(void)sleep(2);
}

int main(int argc, char **argv)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_front_limits limits = TW_FRONT_LIMITS;
	unsigned *counts[] = { &limits.connections, &limits.unknown, &limits.per_source };
	int *times[] = { &limits.head_ms, &limits.body_ms, &limits.idle_ms, &limits.known_ms, &limits.linger_ms };
	int core[2], keys[2], hands[2];
	uint16_t port;

	tw_log_setup("http-harness", TW_LEVEL_INFO);
	tw_crypto_use(sys);
	for (int i = 1; i < argc && i <= 8; i++) {
		uint64_t v = 0;
		if (tw_failed(tw_parse_u64(tw_slice_of(argv[i]), 1000000, &v)))
			return 2;
		if (i <= 3)
			*counts[i - 1] = (unsigned)v;
		else
			*times[i - 4] = (int)v;
	}
	int listener = listen_somewhere(&port);
	if (listener < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, core) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, keys) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, hands))
		return 1;
	pid_t front = getpid();
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		watch_input(hands[1]);
		(void)kill(front, SIGKILL);
		return 0;
	}
	if (fork() == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(core[1]);
		(void)close(keys[1]);
		tw_err e = stand_in(sys, core[0], keys[0]);
		if (!tw_is(e, TW_CODE_CLOSED))
			tw_log_err(e, "stand-in");
		return 0;
	}
	(void)close(core[0]);
	(void)close(keys[0]);
	(void)dprintf(1, "%u %d\n", port, (int)front);
	const struct tw_front_options o = { .sys = sys,
		.hands = hands[0],
		.core = core[1],
		.keys = keys[1],
		.listeners = &listener,
		.listener_count = 1,
		.assets = tw_assets,
		.limits = limits };
	tw_err e = serve(sys, &o);
	if (tw_failed(e))
		tw_log_err(e, "front");
	return tw_failed(e);
}

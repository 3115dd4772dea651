/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real front in this process, between a client, a core played by the test and a keys process: one story, and the story again
 * with each call of front's to the seam failing once, allocations of OpenSSL and libevent among them. Whatever failed, front
 * goes on to serve the next client, or has ended saying why; under sanitizers this also shows that nothing leaks.
 */
#include "service/front/test-front.h"

/* The story: start, self-request, a page, core's answer, a chunked body, a fault, a new listener key; under the owner's certificate. */
#define BROWSER "Accept: text/html,*/*;q=0.8\r\n"
#define STRANGE(method, path, fields) method " " path " HTTP/1.1\r\nHost: evil.example\r\n" fields "\r\n"

static tw_err write_page(int status, const char *rule, struct tw_buf *out)
{
	return tw_buf_format(out, "<p>%d, %s, a page", status, rule);
}

static tw_err write_too_much(int status, const char *rule, struct tw_buf *out)
{
	for (int i = 0; i < 1000; i++)
		TW_TRY(tw_buf_text(out, "of a page "));
	return TW_OK;
}

static void story(struct run *r)
{
	struct client c;

	say_listener(r);
	for (int i = 0; i < 4; i++) {
		step(r);
		be_core(r);
	}
	say_named(r, world.named.data, world.named.size);
	step(r);
	client_open(&c);
	CHECK(SSL_set_tlsext_host_name(c.ssl, NAME) == 1);
	(void)exchange(r, &c, GET("/"), "<!DOCTYPE html>");
	(void)exchange(r, &c, GET("/api/v1/health"), "\r\n\r\n{}");
	(void)exchange(r, &c, "POST /api/v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		"\r\n\r\n{}");
	(void)exchange(r, &c, GET("/api/v1/file"), FILE_END);
	(void)exchange(r, &c, GET("/api/v1/stream"), "0\r\n\r\n");
	(void)exchange(r, &c, STRANGE("GET", "/", BROWSER), "<p>421, ");
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

static void reply_session(struct run *r, uint32_t connection)
{
	const struct tw_wire_reply rp = { .connection = connection,
		.status = 303,
		.location = TW_SLICE("/desk"),
		.cookies = { TW_SLICE("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_"), TW_SLICE("") } };
	struct tw_buf b;

	tw_buf_init(&b, world.sys, 1024);
	CHECK_OK(tw_wire_reply_write(&rp, &b));
	tw_ignore(tw_channel_send(r->core, TW_WIRE_REPLY, 0, b.data, b.size, NULL, 0));
	tw_buf_done(&b);
	step(r);
}

/* A session that a browser keeps is for a side with pages; anywhere else it is core that is wrong. */
static void test_session_where_there_are_no_pages(void **state)
{
	struct run r = { 0 };

	begin_story(&r);
	reply_session(&r, 1);
	CHECK(r.ended && tw_is(r.outcome, TW_CODE_UNTRUSTED));
	finish(&r);
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
static int listen_anew(struct sockaddr_in *ret)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof at;

	CHECK_INT(bind(fd, (struct sockaddr *)&at, size), 0);
	CHECK_INT(listen(fd, 64), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*ret = at;
	return fd;
}

/* Who came by the old listeners is let go, and they are closed here too. */
static void test_doors_that_move(void **state)
{
	const struct sockaddr_in first = world.address;
	const int spare = dup(world.listener);
	struct run r = { 0 };
	tw_channel *hands = NULL;
	struct client c;
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_OK(tw_channel_new(world.sys, pair[0], tw_rows_hands_from_role, &hands));
	r.hands = pair[1];
	begin_story(&r);
	client_open(&c);
	CHECK(exchange(&r, &c, GET("/"), "<!DOCTYPE html>"));
	const int fresh = listen_anew(&world.address);
	CHECK_OK(tw_channel_send(hands, TW_WIRE_HANDS_DOORS, 0, NULL, 0, &fresh, 1));
	(void)close(fresh);
	step(&r);
	CHECK(!exchange(&r, &c, GET("/"), "HTTP/1.1 200 ") && c.closed);
	client_close(&c);
	CHECK(serves(&r));
	CHECK_INT(r.f->listener_count, 1);
	CHECK(fcntl(world.listener, F_GETFD) < 0 || world.listener == event_get_fd(r.f->on_listener[0]));
	CHECK_OK(tw_channel_send(hands, TW_WIRE_HANDS_DOORS, 0, NULL, 0, NULL, 0));
	step(&r);
	CHECK(r.ended && tw_is(r.outcome, TW_CODE_UNTRUSTED)); /* doors, and none beside them */
	finish(&r);
	(void)tw_channel_free(hands);
	world.listener = spare;
	world.address = first;
}

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

/* Of a side's own measure: head and body together. */
static void test_a_stranger_sends_as_much_as_the_side_takes(void **state)
{
	static const char request[] = "POST /api/v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000\r\n\r\n";
	struct tw_front_limits forms = TW_FRONT_LIMITS;
	struct run r = { 0 };
	struct client c;

	begin(&r, &c);
	CHECK(exchange(&r, &c, request, "HTTP/1.1 413 "));
	end(&r, &c);
	forms.unknown_body = sizeof request - 1 + 20000;
	r = (struct run){ .limits = &forms };
	begin(&r, &c);
	CHECK(!exchange(&r, &c, request, "HTTP/1.1 413 "));
	CHECK(c.got[0] == '\0');
	end(&r, &c);
	forms.unknown_body--;
	r = (struct run){ .limits = &forms };
	begin(&r, &c);
	CHECK(exchange(&r, &c, request, "HTTP/1.1 413 "));
	end(&r, &c);
}

/* Not for programs, not under /api/, and not where the side has no pages. */
static void test_a_browser_is_refused_by_a_page(void **state)
{
	static const char too_long[] = "POST /form HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20000\r\n" BROWSER "\r\n";
	struct run r = { .page = write_page };
	struct client c;

	begin(&r, &c);
	CHECK(exchange(&r, &c, STRANGE("GET", "/", BROWSER), "\r\n\r\n<p>421, RFC 9110 15.5.20: "));
	CHECK(strstr(c.got, "\r\nContent-Type: text/html; charset=utf-8\r\n") &&
		strstr(c.got, "\r\nContent-Security-Policy: default-src 'none'; style-src"));
	CHECK(exchange(&r, &c, STRANGE("HEAD", "/", BROWSER), "same-origin\r\n\r\n") && !strstr(c.got, "<p>"));
	CHECK(exchange(&r, &c, STRANGE("GET", "/", "Accept: */*\r\n"), "\r\n\r\n{\"type\""));
	CHECK(exchange(&r, &c, STRANGE("GET", "/", ""), "\r\n\r\n{\"type\""));
	CHECK(exchange(&r, &c, STRANGE("GET", "/api/v1/x", BROWSER), "\r\n\r\n{\"type\""));
	CHECK(exchange(&r, &c, too_long, "\r\n\r\n<p>413, "));
	end(&r, &c);
	r = (struct run){ .page = write_too_much };
	begin(&r, &c);
	CHECK(!exchange(&r, &c, STRANGE("GET", "/", BROWSER), "HTTP/1.1 ") && c.closed); /* nothing of half a page */
	end(&r, &c);
	r = (struct run){ .page = NULL };
	begin(&r, &c);
	CHECK(exchange(&r, &c, STRANGE("GET", "/", BROWSER), "\r\n\r\n{\"type\""));
	end(&r, &c);
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
	struct run r = { .page = write_page, .fail_at = nth, .error_number = error_number };

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
		cmocka_unit_test(test_doors_that_move),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_that_is_none),
		cmocka_unit_test(test_session_where_there_are_no_pages),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_beyond_its_window),
		cmocka_unit_test(test_small_records_have_their_turn),
		cmocka_unit_test(test_key_updates_are_few),
		cmocka_unit_test(test_a_flood_of_key_updates_has_one_turn),
		cmocka_unit_test(test_many_requests_at_once_have_their_turns),
		cmocka_unit_test(test_a_party_has_its_share_at_core),
		cmocka_unit_test(test_a_stranger_sends_as_much_as_the_side_takes),
		cmocka_unit_test(test_a_browser_is_refused_by_a_page),
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

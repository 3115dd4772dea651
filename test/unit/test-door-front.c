/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever fails in core while it answers front: the answer goes out, or core ends so that all start again. Front waits for
   nothing else. */
#include "unit.h"

#include "check.h"
#include "device/platform/core.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLS_MAX 500
static const char head[] = "GET /api/v1/health HTTP/1.1\r\nHost: [::1]\r\n\r\n";

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

static void never(int fd, short what, void *user)
{
}

static void make_core(struct tw_core *c, tw_unit *u, const struct tw_sys *sys)
{
	struct event **const timers[] = { &c->commit_timer, &c->checkpoint_timer, &c->refusal_timer, &c->mend_timer };

	*c = (struct tw_core){ .sys = sys, .device = *tw_unit_device(u), .loop = event_base_new() };
	for (size_t i = 0; i < TW_COUNT(timers); i++)
		*timers[i] = tw_core_watch(c, -1, 0, never, c);
}

static void core_done(struct tw_core *c)
{
	struct event *const timers[] = { c->commit_timer, c->checkpoint_timer, c->refusal_timer, c->mend_timer };

	c->front = tw_door_front_free(c->front);
	for (size_t i = 0; i < TW_COUNT(timers); i++)
		event_free(timers[i]);
	event_base_free(c->loop);
}

static void ask(tw_channel *front)
{
	struct tw_wire_request r = { .connection = 1, .source = "192.0.2.7", .head = { head, sizeof head - 1 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	CHECK_OK(tw_wire_request_write(&r, &b));
	CHECK_OK(tw_channel_send(front, TW_WIRE_REQUEST, 0, b.data, b.size, NULL, 0));
}

static bool answered(tw_channel *front)
{
	struct tw_message m;

	while (!tw_failed(tw_channel_receive(front, &m)))
		if (m.type == TW_WIRE_REPLY)
			return true;
	return false;
}

/* False: the answer was made without the nth call. */
static bool answers_or_ends(tw_unit *u, tw_fake *f, long nth)
{
	struct tw_core c;
	tw_channel *front = NULL;
	int pair[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(tw_channel_new(tw_sys_real(), pair[1], tw_rows_front_from_core, &front));
	make_core(&c, u, tw_fake_sys(f));
	CHECK_OK(tw_core_open_front(&c, pair[0]));
	ask(front);
	tw_fake_fail(f, nth, ENOMEM, false);
	(void)event_base_loop(c.loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	bool fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	if (!answered(front) && c.status == 0)
		fail_msg("call %ld: no answer, and core goes on", nth);
	core_done(&c);
	(void)tw_channel_free(front);
	return fired;
}

static void test_every_request_has_an_end(void **state)
{
	char directory[] = "/tmp/tw-door-front-XXXXXX";
	tw_fake *f = tw_fake_new();
	tw_unit *u = NULL;
	long nth = 1;

	assert_non_null(mkdtemp(directory));
	tw_unit_use(tw_sys_real());
	CHECK_OK(tw_unit_provision(directory));
	CHECK_OK(tw_unit_start(tw_fake_sys(f), directory, &u));
	while (nth < CALLS_MAX && answers_or_ends(u, f, nth))
		nth++;
	CHECK(nth > 3);
	CHECK(nth < CALLS_MAX);
	(void)tw_unit_stop(u);
	(void)tw_fake_free(f);
	(void)nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void send_body(tw_channel *front, uint64_t stated, int fd, size_t count)
{
	static const char post[] = "POST /api/v1/health HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 100000\r\n\r\n";
	struct tw_wire_request r = { .connection = 1, .source = "192.0.2.7", .head = { post, sizeof post - 1 }, .file = stated };
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	CHECK_OK(tw_wire_request_write(&r, &b));
	CHECK_OK(tw_channel_send(front, TW_WIRE_REQUEST, 0, b.data, b.size, &fd, count));
}

/* What front says of a descriptor must be so, or front is what has been broken into. */
static void test_bodies_that_are_not_as_stated(void **state)
{
	static char bytes[100000];
	char directory[] = "/tmp/tw-door-front-XXXXXX";
	const struct tw_sys *sys = tw_sys_real();
	tw_unit *u = NULL;
	int sealed = sys->memfd(sys, "body", bytes, sizeof bytes), loose = sys->spool(sys, "body");
	const struct {
		uint64_t stated;
		int fd;
		bool given, honest;
	} rows[] = { { sizeof bytes, sealed, true, true }, { sizeof bytes - 1, sealed, true, false },
		{ sizeof bytes + 1, sealed, true, false }, { sizeof bytes, loose, true, false },
		{ sizeof bytes, sealed, false, false }, { 0, sealed, true, false } };

	CHECK_INT(write(loose, bytes, sizeof bytes), sizeof bytes);
	assert_non_null(mkdtemp(directory));
	tw_unit_use(sys);
	CHECK_OK(tw_unit_provision(directory));
	CHECK_OK(tw_unit_start(sys, directory, &u));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_core c;
		tw_channel *front = NULL;
		int pair[2];

		CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
		CHECK_OK(tw_channel_new(sys, pair[1], tw_rows_front_from_core, &front));
		make_core(&c, u, sys);
		CHECK_OK(tw_core_open_front(&c, pair[0]));
		send_body(front, rows[i].stated, rows[i].fd, rows[i].given);
		(void)event_base_loop(c.loop, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		CHECK_INT(c.status, rows[i].honest ? 0 : 1);
		CHECK(answered(front) == rows[i].honest);
		core_done(&c);
		(void)tw_channel_free(front);
	}
	(void)close(sealed);
	(void)close(loose);
	(void)tw_unit_stop(u);
	(void)nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
}

CHECK_MAIN(cmocka_unit_test(test_bodies_that_are_not_as_stated), cmocka_unit_test(test_every_request_has_an_end))

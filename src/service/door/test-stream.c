/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of the log: who gets one, how much is on its way, when the gate ends it, and what want of memory does. */
#include "service/door/stream.h"

#include "base/text.h"
#include "service/path/operations.h"
#include "service/path/test-one-context.h"

#include <errno.h>
#include <event2/event.h>

#define WINDOW 4096
#define SINK_MAX (512 * 1024)

static struct event_base *loop;
static tw_streams *streams;
static bool may;
static int64_t now_ms;
static struct {
	struct tw_buf got; /* of all streams */
	size_t most;       /* in one piece */
	unsigned pieces, ends;
	uint32_t ended;
	bool broken;
} sink;

static tw_err put(void *user, uint32_t id, struct tw_slice piece)
{
	if (sink.broken)
		return TW_RAISE(CLOSED, "front has gone");
	sink.pieces++;
	sink.most = piece.size > sink.most ? piece.size : sink.most;
	return tw_buf_add(&sink.got, piece.at, piece.size);
}

static void on_end(void *user, uint32_t id)
{
	sink.ends++;
	sink.ended = id;
}

static tw_err who(struct tw_context *c, struct tw_request *rq)
{
	if (!may)
		return TW_OK;
	rq->subject.kind = TW_SUBJECT_OWNER;
	(void)snprintf(rq->subject.name, sizeof rq->subject.name, "owner:alice");
	return TW_OK;
}

static tw_err owned(struct tw_context *c, bool *ret)
{
	*ret = true;
	return TW_OK;
}

static const struct tw_operation_row row = { "log.stream", "GET", "/api/v1/log/stream", "log.read", TW_WHEN_OWNED, TW_AUDIT_READ,
	NULL, tw_op_log_stream, "", "", NULL };
static const struct tw_capability *const none[] = { NULL };
static const struct tw_grant_row grants[] = { { "log.read", 1u << TW_SUBJECT_OWNER }, { .permission = NULL } };
static const struct tw_stream_sink to_sink = { put, on_end, NULL };

static void pass(int64_t ms)
{
	now_ms += ms;
	tw_fake_clock(fake, true, 1900000000000 + now_ms, now_ms);
}

static int set_up(void **state)
{
	dir = test_dir_new();
	fake = tw_fake_new();
	t = (struct test_context){ 0 };
	now_ms = 0;
	pass(1000);
	may = true;
	memset(&sink, 0, sizeof sink);
	tw_buf_init(&sink.got, tw_sys_real(), SINK_MAX);
	if (tw_failed(test_context_open(&t, tw_fake_sys(fake), dir.fd, none, grants)))
		return -1;
	t.c.owned = owned;
	t.c.authenticate = who;
	loop = event_base_new();
	CHECK_OK(tw_streams_new(&t.c, loop, &to_sink, &streams));
	t.c.streams = streams;
	return 0;
}

static int tear_down(void **state)
{
	streams = tw_streams_free(streams);
	event_base_free(loop);
	tw_buf_done(&sink.got);
	return tear_down_context(state);
}

/* As long as anything is to be done at once. */
static void run(void)
{
	for (unsigned before = UINT32_MAX, idle = 0; idle < 3; idle = before == sink.pieces + sink.ends ? idle + 1 : 0) {
		before = sink.pieces + sink.ends;
		(void)event_base_loop(loop, EVLOOP_NONBLOCK);
	}
}

static int make_due(const struct event_base *base, const struct event *e, void *user)
{
	if (event_get_events(e) & EV_PERSIST)
		event_active((struct event *)(uintptr_t)e, EV_TIMEOUT, 1);
	return 0;
}

/* As when the beat's time has come. */
static void beat(void)
{
	(void)event_base_foreach_event(loop, make_due, NULL);
	run();
}

struct asked {
	struct tw_http_head head;
	struct tw_request rq;
	char text[256];
};

static const struct tw_request *asked(struct asked *a, const char *subject, const char *fields)
{
	struct tw_http_fault fault;
	(void)snprintf(a->text, sizeof a->text, "GET /api/v1/log/stream HTTP/1.1\r\nHost: x\r\n%s\r\n", fields);
	CHECK_OK(tw_http_parse(tw_slice_of(a->text), &a->head, &fault));
	a->rq = (struct tw_request){ .subject = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_OWNER }, .operation = &row, .head = &a->head };
	(void)snprintf(a->rq.subject.name, sizeof a->rq.subject.name, "%s", subject);
	return &a->rq;
}

static void open_one(uint32_t id, const char *subject, uint64_t after)
{
	struct asked a;
	CHECK_OK(tw_streams_open(streams, id, asked(&a, subject, ""), after, WINDOW));
}

static void add(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		CHECK_OK(tw_audit_append_text(t.c.audit, TW_LOG_EVENT, TW_SLICE("{\"event\":\"x\",\"line\":\"a\\nb\"}"), NULL));
	CHECK_OK(tw_audit_commit(t.c.audit));
}

/* Every event in the sink is one of the next record; how many. */
static unsigned events_after(uint64_t after)
{
	const char *at;
	unsigned n = 0;
	CHECK_OK(tw_buf_u8(&sink.got, 0));
	sink.got.size--;
	at = sink.got.data;
	while (at && (at = strstr(at, "id: "))) {
		char want[32];
		(void)snprintf(want, sizeof want, "id: %llu\n", (unsigned long long)after + ++n);
		CHECK(strncmp(at, want, strlen(want)) == 0);
		CHECK(strncmp(at + strlen(want), "event: ", 7) == 0);
		at += strlen(want);
	}
	return n;
}

/* The client takes all that is on its way, again and again. */
static void drain_from(uint32_t id, size_t *taken)
{
	for (run(); *taken < sink.got.size; run()) {
		size_t now = sink.got.size - *taken;
		CHECK(now <= WINDOW);
		CHECK(tw_streams_drained(streams, id, now));
		*taken += now;
	}
}

static void drain(uint32_t id)
{
	size_t taken = 0;
	drain_from(id, &taken);
}

static void test_so_many_in_all(void **state)
{
	struct tw_reply rp = { .status = 200 };
	char name[32];
	for (uint32_t i = 0; i < TW_STREAMS_MAX; i++) {
		(void)snprintf(name, sizeof name, "owner:n%u", i / TW_STREAMS_PER_SUBJECT);
		CHECK_OK(tw_streams_room(streams, name, &rp));
		CHECK_TEXT(rp.problem, "");
		open_one(100 + i, name, 0);
	}
	CHECK_OK(tw_streams_room(streams, "owner:other", &rp));
	CHECK(rp.status == 503 && rp.retry_after_s > 0);
	CHECK_TEXT(rp.rule, "stream.all");
	tw_streams_close(streams, 103);
	rp = (struct tw_reply){ .status = 200 };
	CHECK_OK(tw_streams_room(streams, "owner:other", &rp));
	CHECK_TEXT(rp.problem, "");
	tw_streams_close(streams, 103);                      /* it was closed already */
	CHECK_OK(tw_streams_room(NULL, "owner:other", &rp)); /* where no door carries any */
	CHECK_TEXT(rp.rule, "stream.all");
}

static void test_so_many_for_one(void **state)
{
	struct tw_reply rp = { .status = 200 };
	for (uint32_t i = 0; i < TW_STREAMS_PER_SUBJECT; i++)
		open_one(i, "owner:alice", 0);
	CHECK_OK(tw_streams_room(streams, "owner:bob", &rp));
	CHECK_TEXT(rp.problem, "");
	CHECK_OK(tw_streams_room(streams, "owner:alice", &rp));
	CHECK(rp.status == 429 && rp.retry_after_s > 0);
	CHECK_TEXT(rp.rule, "stream.subject");
	tw_streams_close(streams, 0);
	rp = (struct tw_reply){ .status = 200 };
	CHECK_OK(tw_streams_room(streams, "owner:alice", &rp));
	CHECK_TEXT(rp.problem, "");
}

static void test_credit(void **state)
{
	add(300);
	open_one(7, "owner:alice", 0);
	run();
	CHECK(sink.got.size <= WINDOW && sink.got.size >= WINDOW / 2);
	size_t sent = sink.got.size;
	add(10);
	tw_streams_wake(streams);
	run();
	CHECK_INT(sink.got.size, sent);                            /* nothing more until the client has taken some */
	CHECK(!tw_streams_drained(streams, 7, sink.got.size + 1)); /* more than was sent */
	CHECK(tw_streams_drained(streams, 8, 1));                  /* one that has ended */
	drain(7);
	CHECK_INT(events_after(0), tw_audit_last(t.c.audit));
	CHECK(sink.most <= WINDOW && sink.pieces > 5 && sink.ends == 0);
	add(1);
	tw_streams_wake(streams);
	run();
	CHECK_INT(events_after(0), tw_audit_last(t.c.audit));
}

static void test_from_a_place(void **state)
{
	add(20);
	open_one(7, "owner:alice", 15);
	run();
	CHECK_INT(events_after(15), tw_audit_last(t.c.audit) - 15);
	struct asked a;
	CHECK_ERR(tw_streams_open(streams, 8, asked(&a, "owner:alice", ""), tw_audit_last(t.c.audit) + 1, WINDOW), NOTFOUND);
}

/* Who may not hear any more hears nothing more: neither at the next record nor at the beat. */
static void test_the_gate_is_asked_again(void **state)
{
	open_one(7, "owner:alice", tw_audit_last(t.c.audit));
	run();
	may = false;
	add(3);
	tw_streams_wake(streams);
	run();
	CHECK(sink.pieces == 0 && sink.ends == 1 && sink.ended == 7);
	may = true;
	open_one(8, "owner:alice", tw_audit_last(t.c.audit));
	open_one(9, "owner:bob", tw_audit_last(t.c.audit)); /* the credentials say alice by now */
	beat();
	CHECK(sink.ends == 2 && sink.ended == 9);
	may = false;
	beat();
	CHECK(sink.ends == 3 && sink.ended == 8 && sink.pieces == 0);
}

static void test_the_beat(void **state)
{
	open_one(7, "owner:alice", tw_audit_last(t.c.audit));
	pass(TW_STREAM_BEAT_MS - 1);
	beat();
	CHECK_INT(sink.pieces, 0);
	pass(1);
	beat();
	CHECK_INT(sink.pieces, 1);
	CHECK(sink.got.size > 2 && sink.got.data[0] == ':');
	beat();
	CHECK_INT(sink.pieces, 1); /* something was said just now */
	pass(TW_STREAM_BEAT_MS);
	sink.broken = true;
	beat();
	CHECK(sink.ends == 1);
}

static void test_a_sink_that_is_gone(void **state)
{
	add(3);
	sink.broken = true;
	open_one(7, "owner:alice", 0);
	run();
	CHECK(sink.ends == 1 && sink.ended == 7 && sink.pieces == 0);
}

static void test_the_place_in_a_request(void **state)
{
	static const struct {
		const char *fields;
		int status;
		uint64_t after; /* of a stream */
	} rows[] = {
		{ "", 200, UINT64_MAX }, /* the present end */
		{ "Last-Event-ID: 2\r\n", 200, 2 },
		{ "Last-Event-ID: 0\r\n", 200, 0 },
		{ "Last-Event-ID: x\r\n", 400, 0 },
		{ "Last-Event-ID: -1\r\n", 400, 0 },
		{ "Last-Event-ID: \r\n", 400, 0 },
		{ "Last-Event-ID: 99999999999999999999\r\n", 400, 0 },
		{ "Last-Event-ID: 9999999\r\n", 410, 0 },
	};
	add(5);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_reply rp = { .status = 200 };
		struct asked a;
		CHECK_OK(tw_op_log_stream(&t.c, asked(&a, "owner:alice", rows[i].fields), &rp));
		CHECK_INT(rp.status, rows[i].status);
		CHECK_INT(rp.stream, rows[i].status == 200);
		CHECK(rp.stream || (rp.rule[0] && strcmp(rp.rule, "stream.place") == 0));
		if (rp.stream)
			CHECK_INT(rp.stream_after, rows[i].after == UINT64_MAX ? tw_audit_last(t.c.audit) : rows[i].after);
	}
}

/* A call that fails once: the stream is refused, or ends in order, or has every record, at the latest by the beat. */
static void one_fault(long nth, int error_number, unsigned outcome[3], bool *ret_fired)
{
	struct asked a;
	size_t taken = 0;
	sink.got.size = sink.ends = 0;
	tw_fake_fail(fake, nth, error_number, false);
	tw_err e = tw_streams_open(streams, 7, asked(&a, "owner:alice", ""), 0, WINDOW);
	if (!tw_failed(e)) {
		drain_from(7, &taken);
		beat();
		drain_from(7, &taken);
	}
	*ret_fired = tw_fake_fired(fake);
	tw_fake_fail(fake, 0, 0, false);
	unsigned had = events_after(0);
	if (!tw_failed(e) && sink.ends == 0 && had != tw_audit_last(t.c.audit))
		fail_msg("call %ld fails with %d: %u records, and no end", nth, error_number, had);
	outcome[tw_failed(e) ? 0 : sink.ends ? 1 : 2]++;
	tw_streams_close(streams, 7);
}

static void test_every_fault(void **state)
{
	static const int numbers[] = { ENOMEM, EIO };
	add(60);
	for (size_t k = 0; k < TW_COUNT(numbers); k++) {
		unsigned outcome[3] = { 0 }; /* refused, ended, whole */
		bool fired = true;
		for (long nth = 1; fired; nth++)
			one_fault(nth, numbers[k], outcome, &fired);
		CHECK(outcome[0] > 0 && outcome[2] > 5 && (outcome[1] > 0) == (numbers[k] == EIO)); /* for want of memory alone none ends */
	}
}

static tw_err make_streams(const struct tw_sys *sys, void *user)
{
	struct tw_context c = t.c;
	tw_streams *s = NULL;
	c.sys = sys;
	TW_TRY(tw_streams_new(&c, loop, &to_sink, &s));
	(void)tw_streams_free(s);
	return TW_OK;
}

static void test_making_them(void **state)
{
	CHECK_OK(make_streams(tw_sys_real(), NULL));
	tw_fake_fail(fake, 1, ENOMEM, false);
	CHECK_ERR(make_streams(tw_fake_sys(fake), NULL), NOMEM);
	CHECK(tw_streams_free(NULL) == NULL);
	tw_streams_wake(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_so_many_in_all), TEST(test_so_many_for_one), TEST(test_credit), TEST(test_from_a_place),
	TEST(test_the_gate_is_asked_again), TEST(test_the_beat), TEST(test_a_sink_that_is_gone), TEST(test_the_place_in_a_request),
	TEST(test_every_fault), TEST(test_making_them))

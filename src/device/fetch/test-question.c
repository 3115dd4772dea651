/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and what comes back, with real sockets on the loopback interface and the clock in hand. */
#include "device/fetch/question.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

static tw_fake *world;
static struct tw_questions q;
static int server;
static uint16_t port;
static struct {
	unsigned heard, ended;
	uint32_t tag;
	enum tw_ask_end end;
	size_t size;
	char bytes[64];
} got;

static tw_err heard(void *user, uint32_t tag, struct tw_slice datagram)
{
	got.heard++;
	got.tag = tag;
	got.size = datagram.size;
	(void)snprintf(got.bytes, sizeof got.bytes, TW_SLICE_FMT, TW_SLICE_ARG(datagram));
	return TW_OK;
}

static tw_err ended(void *user, uint32_t tag, enum tw_ask_end end)
{
	got.ended++;
	got.tag = tag;
	got.end = end;
	return TW_OK;
}

static int udp(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof a;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0 && bind(fd, (void *)&a, sizeof a) == 0 && getsockname(fd, (void *)&a, &size) == 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static int set_up(void **state)
{
	world = tw_fake_new();
	tw_fake_clock(world, true, 0, 1000);
	q = (struct tw_questions){ .sys = tw_fake_sys(world), .heard = heard, .ended = ended };
	server = udp(&port);
	memset(&got, 0, sizeof got);
	return 0;
}

static int tear_down(void **state)
{
	tw_questions_done(&q);
	(void)close(server);
	world = tw_fake_free(world);
	return 0;
}

static struct tw_ask_job question(void)
{
	struct tw_ask_job a = { .deadline_ms = 10000, .again_ms = 2000, .packet = TW_SLICE("who?") };
	char place[32];

	(void)snprintf(place, sizeof place, "127.0.0.1:%u", port);
	CHECK_OK(tw_place_read(place, &a.to));
	return a;
}

/* What the server has got: how many datagrams, and from whom the last came. */
static unsigned arrived(struct sockaddr_in *from)
{
	socklen_t size = sizeof *from;
	char bytes[64];
	unsigned n = 0;

	for (; recvfrom(server, bytes, sizeof bytes, MSG_DONTWAIT, (void *)from, &size) == 4; n++)
		CHECK(memcmp(bytes, "who?", 4) == 0);
	return n;
}

static void reply(int from, const struct sockaddr_in *to, const char *text)
{
	CHECK(sendto(from, text, strlen(text), 0, (const void *)to, sizeof *to) == (ssize_t)strlen(text));
}

static void turn_at(int64_t boot)
{
	tw_fake_clock(world, true, 0, boot);
	CHECK_OK(tw_questions_turn(&q));
}

static void test_answered(void **state)
{
	struct tw_ask_job a = question();
	struct sockaddr_in from;
	struct pollfd p[TW_ASK_AT_ONCE];
	int ms = 77;

	CHECK_INT(tw_questions_wait(&q, p, &ms), 0);
	CHECK_OK(tw_questions_begin(&q, 7, &a));
	CHECK_INT(tw_questions_wait(&q, p, &ms), 1);
	CHECK(ms > 1700 && ms < 2300);
	CHECK_INT(arrived(&from), 1);
	reply(server, &from, "somebody");
	CHECK(poll(p, 1, 1000) == 1);
	turn_at(1001);
	CHECK(got.heard == 1 && got.tag == 7 && !strcmp(got.bytes, "somebody"));
	reply(server, &from, ""); /* it waits for a better one */
	turn_at(1002);
	CHECK(got.heard == 2 && got.size == 0);
	tw_questions_enough(&q, 8); /* of no question */
	CHECK_INT(tw_questions_wait(&q, p, &ms), 1);
	tw_questions_enough(&q, 7);
	CHECK_INT(tw_questions_wait(&q, p, &ms), 0);
	turn_at(60000);
	CHECK_INT(got.ended, 0);
	CHECK_INT(arrived(&from), 0);
}

/* From another port of the same host, and from another address: the kernel keeps them. */
static void test_only_from_there(void **state)
{
	struct tw_ask_job a = question();
	struct sockaddr_in from;
	uint16_t other_port;
	int other = udp(&other_port);

	CHECK_OK(tw_questions_begin(&q, 7, &a));
	CHECK_INT(arrived(&from), 1);
	reply(other, &from, "somebody else");
	turn_at(1001);
	CHECK_INT(got.heard, 0);
	reply(server, &from, "somebody");
	turn_at(1002);
	CHECK_INT(got.heard, 1);
	(void)close(other);
}

/* The same packet from the same port, after two seconds, four, and so on until the time is over. */
static void test_sent_again(void **state)
{
	struct tw_ask_job a = question();
	struct sockaddr_in first, again;
	struct pollfd p[TW_ASK_AT_ONCE];
	int ms, total = 0;

	CHECK_OK(tw_questions_begin(&q, 7, &a));
	CHECK_INT(arrived(&first), 1);
	turn_at(1000 + 1700);
	CHECK_INT(arrived(&again), 0);
	turn_at(1000 + 2300);
	CHECK_INT(arrived(&again), 1);
	CHECK_INT(again.sin_port, first.sin_port);
	CHECK_INT(tw_questions_wait(&q, p, &ms), 1);
	CHECK(ms > 3000 && ms < 5000);
	turn_at(1000 + 2300 + 5000);
	CHECK_INT(arrived(&again), 1);
	CHECK_INT(tw_questions_wait(&q, p, &ms), 1);
	CHECK_INT(ms, 10000 - 7300);
	turn_at(1000 + 9999);
	CHECK_INT(got.ended, 0);
	turn_at(1000 + 10000);
	CHECK(got.ended == 1 && got.tag == 7 && got.end == TW_ASK_SILENT);
	total = (int)arrived(&again);
	CHECK_INT(total, 0);
	CHECK_INT(tw_questions_wait(&q, p, &ms), 0);
	turn_at(90000);
	CHECK_INT(got.ended, 1);
}

/* The waits grow to sixteen seconds and no further. */
static void test_seldom(void **state)
{
	struct tw_ask_job a = question();

	a.deadline_ms = 30000;
	a.again_ms = 9000;
	CHECK_OK(tw_questions_begin(&q, 7, &a));
	turn_at(1000 + 10000);
	CHECK(q.of[0].wait_ms > 14000 && q.of[0].wait_ms < 18000);
}

/* That nobody is there does not end it: who forges that could end it as well. But it is told then. */
static void test_nobody_there(void **state)
{
	struct tw_ask_job a = question();

	(void)close(server);
	CHECK_OK(tw_questions_begin(&q, 7, &a));
	turn_at(1001);
	CHECK_INT(got.ended, 0);
	turn_at(1000 + 10000);
	CHECK(got.ended == 1 && got.end == TW_ASK_UNREACHABLE);
	server = udp(&port);
}

static void test_many(void **state)
{
	struct tw_ask_job a = question();
	struct sockaddr_in from;
	struct pollfd p[TW_ASK_AT_ONCE];
	int ms;

	for (uint32_t i = 1; i <= TW_ASK_AT_ONCE; i++)
		CHECK_OK(tw_questions_begin(&q, i, &a));
	CHECK_INT(arrived(&from), TW_ASK_AT_ONCE);
	CHECK_INT(tw_questions_wait(&q, p, &ms), TW_ASK_AT_ONCE);
	CHECK_ERR(tw_questions_begin(&q, 100, &a), LIMIT);
	tw_questions_enough(&q, 3);
	CHECK_ERR(tw_questions_begin(&q, 4, &a), STATE);
	CHECK_OK(tw_questions_begin(&q, 3, &a));
	turn_at(1000 + 10000);
	CHECK_INT(got.ended, TW_ASK_AT_ONCE);
}

/* Somebody who has the server's place floods: what comes beyond the bound is not passed on, and the rest have their turn. */
static void test_flood(void **state)
{
	struct tw_ask_job a = question();
	static char big[TW_ASK_PACKET_MAX + 2];
	struct sockaddr_in from;

	CHECK_OK(tw_questions_begin(&q, 7, &a));
	CHECK_INT(arrived(&from), 1);
	memset(big, 'x', sizeof big - 1);
	reply(server, &from, big); /* longer than any answer */
	turn_at(1001);
	CHECK_INT(got.heard, 0);
	big[TW_ASK_PACKET_MAX] = '\0';
	reply(server, &from, big);
	turn_at(1001);
	CHECK(got.heard == 1 && got.size == TW_ASK_PACKET_MAX);
	for (int i = 0; i < 5; i++)
		reply(server, &from, "x");
	turn_at(1002);
	CHECK_INT(got.heard, 5); /* four at a turn */
	for (int i = 0; i < 100; i++) {
		reply(server, &from, "x");
		turn_at(1003);
	}
	CHECK_INT(got.heard, TW_ASK_ANSWERS_MAX);
}

/* Each call fails once: the question is asked all the same, or whoever asked is told, and nothing stays open. */
static void test_cannot_be_sent(void **state)
{
	struct tw_ask_job a = question();
	struct pollfd p[TW_ASK_AT_ONCE];
	int ms, before = dup(server), after;
	unsigned told = 0;

	(void)close(before);
	for (long n = 1;; n++) {
		got.ended = 0;
		tw_fake_fail(world, n, ENOMEM, false);
		CHECK_OK(tw_questions_begin(&q, 7, &a));
		const bool fired = tw_fake_fired(world);
		tw_fake_fail(world, 0, 0, false);
		CHECK_INT(tw_questions_wait(&q, p, &ms) + got.ended, 1);
		CHECK(!got.ended || (got.tag == 7 && got.end == TW_ASK_FAILED));
		told += got.ended;
		tw_questions_enough(&q, 7);
		if (!fired)
			break;
	}
	CHECK_INT(told, 3); /* memory, a socket, and where it goes */
	after = dup(server);
	(void)close(after);
	CHECK_INT(after, before);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_answered, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_only_from_there, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_sent_again, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_seldom, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_nobody_there, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_many, set_up, tear_down), cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_cannot_be_sent, set_up, tear_down))

/* SPDX-License-Identifier: Apache-2.0 */
/* Core's side of roles on demand, with hands' words in every order in which they can come. */
#include "service/errand-line.h"

#include "service/wire.h"
#include "sys/real.h"
#include "check.h"

#include <sys/socket.h>
#include <unistd.h>

static struct tw_errands_side side;
static tw_errands *errands;
static int hands; /* the other end */
static unsigned here[2], gone[2];

static void settle(void *user)
{
}

static void on_here(void *user, tw_channel *line)
{
	++*(here + *(const size_t *)user);
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
}

static void on_gone(void *user, const char *why)
{
	++*(gone + *(const size_t *)user);
}

static const size_t first = 0, second = 1;
static const struct tw_channel_row none[] = { { 0 } };

static tw_err begin(const size_t *who)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, (void *)(uintptr_t)who };

	return tw_errand_begin(errands, TW_ERRAND_SCAN, none, &user);
}

static int set_up(void **state)
{
	int pair[2];

	memset(here, 0, sizeof here);
	memset(gone, 0, sizeof gone);
	side = (struct tw_errands_side){ .sys = tw_sys_real(), .loop = event_base_new(), .settle = settle };
	CHECK(side.loop && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	CHECK_OK(tw_channel_new(side.sys, pair[0], none, &side.hands));
	hands = pair[1];
	CHECK_OK(tw_errands_new(&side, "scan,", &errands));
	return 0;
}

static int tear_down(void **state)
{
	errands = tw_errands_free(errands);
	side.hands = tw_channel_free(side.hands);
	event_base_free(side.loop);
	return close(hands);
}

static void turn(void)
{
	CHECK(event_base_loop(side.loop, EVLOOP_NONBLOCK) >= 0);
}

/* Until what is put off is due. */
static void wait_turn(void)
{
	(void)usleep(150000);
	turn();
}

/* The type of the next message that core has sent to hands; 0: none. */
static int told(void)
{
	uint8_t bytes[64];
	ssize_t n = recv(hands, bytes, sizeof bytes, MSG_DONTWAIT);

	return n < TW_CHANNEL_HEAD ? 0 : bytes[0] << 8 | bytes[1];
}

/* Hands gives a line; the other end is returned. */
static int give(void)
{
	static const char payload[] = { TW_ERRAND_SCAN, 3, 7 };
	struct tw_message m = { .type = TW_WIRE_HANDS_ERRAND_IS, .payload = { payload, sizeof payload } };
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	m.fds[m.fd_count++] = pair[0];
	tw_errands_from_hands(errands, &m);
	return pair[1];
}

static void refuse(enum tw_errand_not why)
{
	const char payload[] = { TW_ERRAND_SCAN, (char)why };
	struct tw_message m = { .type = TW_WIRE_HANDS_ERRAND_NOT, .payload = { payload, sizeof payload } };

	tw_errands_from_hands(errands, &m);
}

static void ask(const size_t *who)
{
	CHECK_OK(begin(who));
	CHECK_ERR(begin(who), STATE);
	turn();
	CHECK_INT(told(), TW_WIRE_HANDS_ERRAND);
}

static void cancel(void)
{
	tw_errand_finish(errands, TW_ERRAND_SCAN, true);
	CHECK_INT(told(), TW_WIRE_HANDS_ERRAND_END);
}

static void test_here_and_gone(void **state)
{
	ask(&first);
	int end = give();
	CHECK_INT(here[0], 1);
	(void)close(end);
	turn();
	CHECK_INT(gone[0], 1);
	ask(&second);
	refuse(TW_ERRAND_BUDGET);
	CHECK_INT(gone[1], 1);
	CHECK_INT(here[1], 0);
}

/* What came up for the cancelled one is about to be killed, and is nobody's. */
static void test_the_line_of_a_cancelled_one_is_not_the_next_ones(void **state)
{
	char byte;

	ask(&first);
	cancel();
	CHECK_OK(begin(&second));
	int end = give();
	CHECK_INT(recv(end, &byte, 1, 0), 0); /* closed */
	(void)close(end);
	CHECK_INT(here[0] + here[1] + gone[0] + gone[1], 0);
	wait_turn();
	CHECK_INT(told(), TW_WIRE_HANDS_ERRAND);
	refuse(TW_ERRAND_RUNS); /* it has not quite ended */
	wait_turn();
	CHECK_INT(told(), TW_WIRE_HANDS_ERRAND);
	end = give();
	CHECK_INT(here[1], 1);
	CHECK_INT(here[0] + gone[0] + gone[1], 0);
	(void)close(end);
}

/* It never came up: hands says of it that one is ending. */
static void test_the_refusal_of_a_cancelled_one_is_not_the_next_ones(void **state)
{
	ask(&first);
	cancel();
	CHECK_OK(begin(&second));
	refuse(TW_ERRAND_RUNS);
	wait_turn();
	CHECK_INT(told(), TW_WIRE_HANDS_ERRAND);
	int end = give();
	CHECK_INT(here[1], 1);
	CHECK_INT(gone[0] + gone[1], 0);
	(void)close(end);
}

static void test_nobody_asks_for_nobody(void **state)
{
	CHECK_OK(begin(&first));
	cancel();
	wait_turn();
	CHECK_INT(told(), 0);
	ask(&second);
	refuse(TW_ERRAND_RUNS);
	cancel();
	wait_turn();
	CHECK_INT(told(), 0);
	ask(&first);
	cancel();
	refuse(TW_ERRAND_RUNS);
	wait_turn();
	CHECK_INT(told(), 0);
	ask(&first); /* and it can be asked for again at once */
	int end = give();
	CHECK_INT(here[0], 1);
	(void)close(end);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(EACH(test_here_and_gone), EACH(test_the_line_of_a_cancelled_one_is_not_the_next_ones),
	EACH(test_the_refusal_of_a_cancelled_one_is_not_the_next_ones), EACH(test_nobody_asks_for_nobody))

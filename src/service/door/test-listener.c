/* SPDX-License-Identifier: Apache-2.0 */
/* A listener that cannot be served rests, wakes nobody, and goes on by itself or when it is told. */
#include "service/door/listener.h"

#include "base/mem.h"

#include "check.h"
#include "sys/fake.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <unistd.h>

static struct {
	tw_fake *fake;
	struct event_base *loop;
	struct tw_listener l;
	struct sockaddr_in address;
	int taken;
} world;

static void take(void *user, int fd)
{
	world.taken++;
	close(fd);
}

static int begin(void **state)
{
	socklen_t size = sizeof world.address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	world.fake = tw_fake_new();
	world.loop = event_base_new();
	world.taken = 0;
	world.address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CHECK_INT(bind(fd, (struct sockaddr *)&world.address, size), 0);
	CHECK_INT(listen(fd, 64), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&world.address, &size), 0);
	world.l = (struct tw_listener){ .sys = tw_fake_sys(world.fake), .fd = fd, .take = take };
	CHECK_OK(tw_listener_start(&world.l, world.loop));
	return 0;
}

static int end(void **state)
{
	tw_listener_stop(&world.l);
	close(world.l.fd);
	event_base_free(world.loop);
	world.fake = tw_fake_free(world.fake);
	return 0;
}

static int somebody(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(connect(fd, (struct sockaddr *)&world.address, sizeof world.address), 0);
	return fd;
}

static void pass(int times)
{
	for (int i = 0; i < times; i++)
		(void)event_base_loop(world.loop, EVLOOP_NONBLOCK | EVLOOP_ONCE);
}

static void test_a_crowd_comes_in_few_at_a_time(void **state)
{
	int fds[TW_LISTENER_AT_ONCE + 1];

	for (size_t i = 0; i < TW_LISTENER_AT_ONCE + 1; i++)
		fds[i] = somebody();
	pass(1);
	CHECK_INT(world.taken, TW_LISTENER_AT_ONCE);
	pass(1);
	CHECK_INT(world.taken, TW_LISTENER_AT_ONCE + 1);
	for (size_t i = 0; i < TW_LISTENER_AT_ONCE + 1; i++)
		close(fds[i]);
}

static void check_rests(int error_number)
{
	int fd = somebody();

	tw_fake_fail(world.fake, 1, error_number, true);
	pass(50);
	CHECK_INT(tw_fake_calls(world.fake), 1);
	CHECK(world.l.resting);
	tw_fake_fail(world.fake, 0, 0, false);
	pass(50);
	CHECK_INT(world.taken, 0);
	tw_listener_resume(&world.l);
	CHECK(!world.l.resting);
	CHECK(!event_pending(world.l.retry, EV_TIMEOUT, NULL)); /* nothing wakes an idle door */
	pass(1);
	CHECK_INT(world.taken, 1);
	world.taken = 0;
	close(fd);
}

static void test_rests_without_descriptors(void **state)
{
	check_rests(EMFILE);
	check_rests(ENFILE);
	check_rests(ENOMEM);
	check_rests(ENOBUFS);
}

static void test_goes_on_by_itself(void **state)
{
	int fd = somebody();

	tw_fake_fail(world.fake, 1, EMFILE, false);
	for (int i = 0; i < 3 && !world.taken; i++)
		(void)event_base_loop(world.loop, EVLOOP_ONCE);
	CHECK_INT(world.taken, 1);
	CHECK_INT(tw_fake_calls(world.fake), 3); /* failed, took, none left */
	close(fd);
}

static void test_other_errors_are_the_peers(void **state)
{
	int fd = somebody();

	tw_fake_fail(world.fake, 1, ECONNABORTED, false);
	pass(1);
	CHECK_INT(world.taken, 1);
	CHECK(!world.l.resting);
	close(fd);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_a_crowd_comes_in_few_at_a_time, begin, end),
	cmocka_unit_test_setup_teardown(test_rests_without_descriptors, begin, end),
	cmocka_unit_test_setup_teardown(test_goes_on_by_itself, begin, end),
	cmocka_unit_test_setup_teardown(test_other_errors_are_the_peers, begin, end))

/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners at another port, to a third and back; whichever call fails, the device answers where it did, and at no other port. */
#include "base/mem.h"
#include "device/hands/move.h"
#include "service/parent/doors.h"
#include "service/parent/os.h"
#include "sys/fake.h"
#include "sys/real.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

static struct {
	char folder[32];
	tw_fake *fake;
	struct tw_places at;
	struct tw_crew_plan front;
	struct tw_move move;
	uint16_t first;
} w;

static uint16_t port_of(int fd)
{
	struct sockaddr_storage a;

	CHECK_OK(tw_os_port(fd, &a));
	return ntohs(((struct sockaddr_in *)&a)->sin_port);
}

/* One that nobody has: the kernel names it, and it is let go. */
static uint16_t free_port(void)
{
	int fd = -1;

	CHECK_OK(tw_door_tcp(tw_sys_real(), "127.0.0.1:0", false, &fd));
	const uint16_t port = port_of(fd);
	(void)close(fd);
	return port;
}

static bool is_open(uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool open = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;

	(void)close(fd);
	return open;
}

static int setup(void **state)
{
	char address[32];

	(void)snprintf(w.folder, sizeof w.folder, "/tmp/tw-move-XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	w.fake = tw_fake_new();
	tw_places_init(&w.at);
	w.at.run = open(w.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w.first = free_port();
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", w.first);
	CHECK_OK(tw_door_tcp(tw_sys_real(), address, false, &w.at.tcp[0]));
	w.at.tcp_count = 1;
	w.front = (struct tw_crew_plan){ .own = { w.at.tcp[0] }, .own_count = 1 };
	w.move = (struct tw_move){ .base.to = tw_move_to, .sys = tw_fake_sys(w.fake), .at = &w.at, .front = &w.front };
	return 0;
}

static int teardown(void **state)
{
	char path[64];

	tw_move_done(&w.move);
	(void)snprintf(path, sizeof path, "%s/listening", w.folder);
	(void)unlink(path);
	(void)rmdir(w.folder);
	tw_places_done(&w.at);
	(void)tw_fake_free(w.fake);
	return 0;
}

/* As the loop asks it: not for where it is. */
static tw_err to(uint16_t port)
{
	if (port == w.move.base.port)
		return TW_OK;
	TW_TRY(w.move.base.to(&w.move.base, port));
	w.move.base.port = port;
	return TW_OK;
}

static void test_there_and_back(void **state)
{
	const uint16_t second = free_port(), third = free_port();

	for (int again = 0; again < 2; again++) {
		CHECK_OK(to(second));
		CHECK(is_open(second) && !is_open(w.first));
		CHECK_INT(port_of(w.front.own[0]), second);
		CHECK_OK(to(third));
		CHECK(is_open(third) && !is_open(second) && !is_open(w.first));
		CHECK_OK(to(0));
		CHECK(is_open(w.first) && !is_open(third));
		CHECK_INT(w.front.own[0], w.at.tcp[0]);
	}
}

static void test_a_port_that_somebody_has(void **state)
{
	int other = -1;

	CHECK_OK(tw_door_tcp(tw_sys_real(), "127.0.0.1:0", false, &other));
	CHECK_ERR(to(port_of(other)), IO);
	CHECK(is_open(w.first));
	CHECK_INT(w.front.own[0], w.at.tcp[0]);
	(void)close(other);
}

/* Two ports of one address become one; another address stays another. */
static void test_several_addresses(void **state)
{
	const uint16_t second = free_port();

	CHECK_OK(tw_door_tcp(tw_sys_real(), "127.0.0.1:0", false, &w.at.tcp[1]));
	CHECK_OK(tw_door_tcp(tw_sys_real(), "127.0.0.2:0", false, &w.at.tcp[2]));
	w.at.tcp_count = 3;
	CHECK_OK(to(second));
	CHECK_INT(w.front.own_count, 2);
	CHECK_OK(to(0));
	CHECK_INT(w.front.own_count, 3);
	CHECK(is_open(w.first) && is_open(port_of(w.at.tcp[1])));
}

/* What is told of it in a file may fail: then it is logged, and that is all. */
static void fail_each(uint16_t from, uint16_t there)
{
	bool fired = true;

	for (long n = 1; fired; n++) {
		CHECK_OK(to(from));
		tw_fake_fail(w.fake, n, EMFILE, false);
		tw_err e = to(there);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		const uint16_t now = tw_failed(e) ? from : there, not = tw_failed(e) ? there : from;
		CHECK(is_open(now ? now : w.first) && !is_open(not ? not : w.first));
		CHECK_INT(port_of(w.front.own[0]), now ? now : w.first);
	}
}

static void test_each_call_fails_once(void **state)
{
	const uint16_t second = free_port(), third = free_port();

	fail_each(0, second);
	fail_each(second, third);
	fail_each(third, 0);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
	cmocka_unit_test_setup_teardown(test_a_port_that_somebody_has, setup, teardown),
	cmocka_unit_test_setup_teardown(test_several_addresses, setup, teardown),
	cmocka_unit_test_setup_teardown(test_each_call_fails_once, setup, teardown))

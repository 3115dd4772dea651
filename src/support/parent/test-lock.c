/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parent/places.h"

#include "base/mem.h"
#include "check.h"
#include "service/test-dir.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define CALLS_MAX 20

static struct test_dir dir;

static int set_up(void **state)
{
	dir = test_dir_new();
	return 0;
}

static int tear_down(void **state)
{
	test_dir_done(&dir);
	return 0;
}

static void put(const char *text)
{
	TW_CLEANUP(tw_closep) int fd = openat(dir.fd, "lock", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

/* Another descriptor is another server, wherever it lives. */
static void one_at_a_time(void **state)
{
	TW_CLEANUP(tw_closep) int first = -1, second = -1;
	char wanted[80];

	put("999999999 of a server that was killed\n");
	CHECK_OK(tw_support_lock(tw_sys_real(), dir.fd, "/d", &first));
	(void)snprintf(wanted, sizeof wanted, "/d is served by process %ld already; stop it", (long)getpid());
	CHECK_ERR(tw_support_lock(tw_sys_real(), dir.fd, "/d", &second), STATE);
	CHECK(strstr(tw_err_detail(), wanted));
	tw_closep(&first);
	CHECK_OK(tw_support_lock(tw_sys_real(), dir.fd, "/d", &second));
}

static void whatever_stands_in_it(void **state)
{
	static const char *const texts[] = { "", "\n", "x", "-1", "99999999999999999999", "1 2", "123456789012345678901234567890" };
	TW_CLEANUP(tw_closep) int first = -1, second = -1;

	CHECK_OK(tw_support_lock(tw_sys_real(), dir.fd, "/d", &first));
	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		put(texts[i]);
		CHECK_ERR(tw_support_lock(tw_sys_real(), dir.fd, "/d", &second), STATE);
		CHECK(strstr(tw_err_detail(), "by another process already"));
	}
}

static void a_link_is_not_followed(void **state)
{
	TW_CLEANUP(tw_closep) int fd = -1;

	CHECK_INT(symlinkat("/dev/null", dir.fd, "lock"), 0);
	CHECK(tw_failed(tw_support_lock(tw_sys_real(), dir.fd, "/d", &fd)));
	CHECK_INT(fd, -1);
}

static void every_call_may_fail(void **state)
{
	bool fired = true;

	for (long k = 1; fired; k++) {
		TW_CLEANUP(tw_closep) int fd = -1;
		tw_fake *f = tw_fake_new();

		assert_true(k < CALLS_MAX);
		tw_fake_fail(f, k, ENOSPC, false);
		tw_err e = tw_support_lock(tw_fake_sys(f), dir.fd, "/d", &fd);
		fired = tw_fake_fired(f);
		CHECK(tw_failed(e) == fired);
		CHECK(fired == (fd < 0));
		tw_closep(&fd);
		tw_fake_free(f);
		CHECK_OK(tw_support_lock(tw_sys_real(), dir.fd, "/d", &fd)); /* a failed one holds nothing */
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(one_at_a_time), TEST(whatever_stands_in_it), TEST(a_link_is_not_followed), TEST(every_call_may_fail))

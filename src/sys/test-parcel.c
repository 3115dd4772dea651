/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver takes, and every way a sender may cheat. */
#include "sys/parcel.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void test_there_and_back(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_parcel p;
	struct tw_slice bytes;
	int fd = -1;

	tw_parcel_init(&p, sys, 100000);
	for (int i = 0; i < 1000; i++)
		CHECK_OK(tw_parcel_add(&p, "0123456789", 10));
	CHECK_INT(p.size, 10000);
	CHECK_OK(tw_parcel_seal(&p, &fd));
	CHECK(write(fd, "x", 1) == -1 && errno == EPERM);
	CHECK_OK(tw_parcel_open(sys, fd, 10000, &bytes));
	CHECK(fcntl(fd, F_GETFD) == -1); /* the mapping is enough */
	CHECK_INT(bytes.size, 10000);
	CHECK(memcmp(bytes.at + 9990, "0123456789", 10) == 0);
	tw_parcel_close(sys, bytes);
	CHECK_OK(tw_parcel_add(&p, "again", 5));
	tw_parcel_done(&p);
	CHECK_INT(p.fd, -1);
}

static void test_limit(void **state)
{
	struct tw_parcel p;

	tw_parcel_init(&p, tw_sys_real(), 10);
	CHECK_ERR(tw_parcel_add(&p, "01234567890", 11), LIMIT);
	CHECK_INT(p.fd, -1);
	CHECK_OK(tw_parcel_add(&p, "0123456789", 10));
	CHECK_ERR(tw_parcel_add(&p, "0", 1), LIMIT);
	tw_parcel_done(&p);
}

static int memory(int seals, size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, (off_t)size), 0);
	CHECK_INT(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_cheats(void **state)
{
	static const int missing[] = { F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL };
	const int all = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	const struct tw_sys *sys = tw_sys_real();
	struct tw_slice bytes;
	int pipes[2];

	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
		CHECK_ERR(tw_parcel_open(sys, memory(all & ~missing[i], 100), 100, &bytes), UNTRUSTED);
	CHECK_ERR(tw_parcel_open(sys, memory(all, 99), 100, &bytes), UNTRUSTED);
	CHECK_ERR(tw_parcel_open(sys, memory(all, 101), 100, &bytes), UNTRUSTED);
	CHECK_ERR(tw_parcel_open(sys, memory(all, 0), 0, &bytes), UNTRUSTED);
	CHECK_ERR(tw_parcel_open(sys, open("/dev/zero", O_RDONLY | O_CLOEXEC), 100, &bytes), UNTRUSTED);
	CHECK_ERR(tw_parcel_open(sys, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 100, &bytes), UNTRUSTED);
	CHECK_INT(pipe2(pipes, O_CLOEXEC), 0);
	CHECK_ERR(tw_parcel_open(sys, pipes[0], 100, &bytes), UNTRUSTED);
	(void)close(pipes[1]);
	CHECK_OK(tw_parcel_open(sys, memory(all, 100), 100, &bytes));
	tw_parcel_close(sys, bytes);
}

static void test_what_a_descriptor_can_change(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	char path[] = "/tmp/tw-parcel-XXXXXX";
	int fd = mkstemp(path), reader = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t size = 0;

	CHECK_INT(write(fd, "hello", 5), 5);
	CHECK_INT(sys->fixed(sys, fd, &size), TW_FIXED_NOT);
	CHECK_INT(sys->fixed(sys, reader, &size), TW_FIXED_READ_ONLY);
	CHECK_INT(size, 5);
	CHECK_INT(sys->fixed(sys, -1, &size), -1);
	(void)close(fd);
	(void)close(reader);
	(void)unlink(path);
}

static tw_err whole(const struct tw_sys *sys)
{
	struct tw_parcel p;
	struct tw_slice bytes;
	int fd = -1;

	tw_parcel_init(&p, sys, 100);
	tw_err e = tw_parcel_add(&p, "0123456789", 10);
	if (!tw_failed(e))
		e = tw_parcel_seal(&p, &fd);
	tw_parcel_done(&p);
	TW_TRY(e);
	TW_TRY(tw_parcel_open(sys, fd, 10, &bytes));
	tw_parcel_close(sys, bytes);
	return TW_OK;
}

static void test_faults(void **state)
{
	tw_fake *f = tw_fake_new();
	long nth = 0;
	int next = dup(1);

	(void)close(next);
	do {
		tw_fake_fail(f, ++nth, ENOMEM, false);
		tw_err e = whole(tw_fake_sys(f));
		if (tw_fake_fired(f) && strcmp(tw_fake_name(f, nth), "close") != 0)
			CHECK(tw_failed(e));
	} while (tw_fake_fired(f) && nth < 50);
	CHECK(nth > 4 && nth < 50);
	tw_fake_fail(f, 0, 0, false);
	int now = dup(1);
	CHECK_INT(now, next); /* nothing leaked */
	(void)close(now);
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_limit), cmocka_unit_test(test_cheats),
	cmocka_unit_test(test_what_a_descriptor_can_change), cmocka_unit_test(test_faults))

/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/clock.h"
#include "sys/fake.h"
#include "check.h"

#include <errno.h>

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)

static void test_floor(void **state)
{
	tw_fake *f = tw_fake_new();
	struct tw_time t;
	int64_t built;

	tw_time_init(&t, tw_fake_sys(f), 0);
	built = t.floor_ms;
	CHECK(built > INT64_C(1750000000000)); /* the build's own time */
	tw_time_init(&t, tw_fake_sys(f), built + 5000);
	CHECK_INT(t.floor_ms, built + 5000);

	tw_fake_clock(f, true, 0, 777); /* 1970: a battery ran empty */
	CHECK(!tw_time_trusted(&t));
	CHECK_INT(tw_time_wall_ms(&t), built + 5000);
	CHECK_INT(tw_time_boot_ms(&t), 777);
	tw_fake_clock(f, true, -YEAR_MS, 0);
	CHECK(!tw_time_trusted(&t));

	tw_fake_clock(f, true, built + 6000, 0);
	CHECK(tw_time_trusted(&t));
	CHECK_INT(tw_time_wall_ms(&t), built + 6000);
	tw_time_raise(&t, built + 7000);
	tw_time_raise(&t, built + 6500); /* it never falls */
	CHECK_INT(t.floor_ms, built + 7000);
	CHECK(!tw_time_trusted(&t));
	tw_fake_clock(f, true, built + 7000, 0);
	CHECK(tw_time_trusted(&t));
	tw_fake_clock(f, true, built + 30 * YEAR_MS, 0); /* past 2038 */
	CHECK_INT(tw_time_wall_ms(&t), built + 30 * YEAR_MS);
	(void)tw_fake_free(f);
}

/* Later than any certificate can be valid: believed once and kept, no start would find one valid again. */
static void test_ceiling(void **state)
{
	const int64_t latest = INT64_C(253402300799999);
	tw_fake *f = tw_fake_new();
	struct tw_time t;

	tw_time_init(&t, tw_fake_sys(f), latest + 1); /* kept by a release that believed it */
	CHECK(t.floor_ms < latest - 7000 * YEAR_MS);
	tw_fake_clock(f, true, latest + 1, 0);
	CHECK(!tw_time_trusted(&t));
	CHECK_INT(tw_time_wall_ms(&t), t.floor_ms);
	tw_time_raise(&t, latest + 1);
	CHECK(t.floor_ms < latest - 7000 * YEAR_MS);
	tw_fake_clock(f, true, INT64_MAX, 0);
	CHECK(!tw_time_trusted(&t));
	tw_fake_clock(f, true, INT64_MIN, 0); /* its seconds are more than milliseconds can say */
	CHECK(!tw_time_trusted(&t));
	CHECK_INT(tw_time_wall_ms(&t), t.floor_ms);
	tw_fake_clock(f, true, latest, 0);
	CHECK(tw_time_trusted(&t));
	(void)tw_fake_free(f);
}

static void test_no_clock(void **state)
{
	tw_fake *f = tw_fake_new();
	struct tw_time t;

	tw_time_init(&t, tw_fake_sys(f), 0);
	tw_fake_fail(f, 1, EPERM, true);
	CHECK_INT(tw_time_wall_ms(&t), t.floor_ms);
	CHECK(!tw_time_trusted(&t));
	CHECK_INT(tw_time_boot_ms(&t), 0);
	(void)tw_fake_free(f);
}

static void test_running_fake(void **state)
{
	tw_fake *f = tw_fake_new();
	struct timespec a, b;

	tw_fake_clock(f, false, -1, 5);
	CHECK(tw_fake_sys(f)->clock(tw_fake_sys(f), CLOCK_REALTIME, &a) == 0);
	CHECK(a.tv_nsec >= 0 && a.tv_nsec < 1000000000 && a.tv_sec >= -1 && a.tv_sec < 100);
	CHECK(tw_fake_sys(f)->clock(tw_fake_sys(f), CLOCK_BOOTTIME, &a) == 0);
	CHECK(tw_fake_sys(f)->clock(tw_fake_sys(f), CLOCK_BOOTTIME, &b) == 0);
	CHECK(b.tv_sec > a.tv_sec || b.tv_nsec >= a.tv_nsec);
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_floor), cmocka_unit_test(test_ceiling), cmocka_unit_test(test_no_clock), cmocka_unit_test(test_running_fake))

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time with a floor under it. When a clock cannot be read at all (a kernel that refuses says so always) the floor answers for the
 * wall and 0 for the boot clock, and the time is not trusted.
 *
 * There is a ceiling too: no certificate is valid later than the year 9999, so a clock that says so is broken, and believing it once
 * would leave a floor above which the device never starts again.
 */
#include "sys/clock.h"

/* Seconds since 1970, given by the build (SOURCE_DATE_EPOCH, or the date of the last change): nothing ran before it was built. */
#ifndef TW_BUILD_EPOCH
#error "the build defines TW_BUILD_EPOCH"
#endif
#define BUILD_MS ((int64_t)TW_BUILD_EPOCH * 1000)
#define LATEST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static bool read_ms(const struct tw_sys *sys, clockid_t id, int64_t *ret)
{
	struct timespec t;

	return sys->clock(sys, id, &t) == 0 && !__builtin_mul_overflow((int64_t)t.tv_sec, 1000, ret) &&
		!__builtin_add_overflow(*ret, t.tv_nsec / 1000000, ret);
}

static bool read_wall(const struct tw_time *t, int64_t *ret)
{
	return read_ms(t->sys, CLOCK_REALTIME, ret) && *ret <= LATEST_MS;
}

void tw_time_init(struct tw_time *t, const struct tw_sys *sys, int64_t stored_floor_ms)
{
	t->sys = sys;
	t->floor_ms = BUILD_MS;
	tw_time_raise(t, stored_floor_ms);
}

int64_t tw_boot_ms(const struct tw_sys *sys)
{
	int64_t ms;

	return read_ms(sys, CLOCK_BOOTTIME, &ms) ? ms : 0;
}

int64_t tw_time_boot_ms(const struct tw_time *t)
{
	return tw_boot_ms(t->sys);
}

int64_t tw_time_wall_ms(const struct tw_time *t)
{
	int64_t ms;

	return read_wall(t, &ms) && ms > t->floor_ms ? ms : t->floor_ms;
}

bool tw_time_trusted(const struct tw_time *t)
{
	int64_t ms;

	return read_wall(t, &ms) && ms >= t->floor_ms;
}

void tw_time_raise(struct tw_time *t, int64_t verified_ms)
{
	if (verified_ms > t->floor_ms && verified_ms <= LATEST_MS)
		t->floor_ms = verified_ms;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tw_time: monotonic, wall, and a trusted floor.
 *
 * The floor is the latest of: when this was built, the last good time stored, a verified signed time. A wall clock below the
 * floor, or later than the year 9999, is not trusted; what needs trusted time refuses and says so. Durations always use the boot clock.
 */
#ifndef TW_SYS_CLOCK_H
#define TW_SYS_CLOCK_H
#include "base/err.h"
#include "base/sys.h"

struct tw_time {
	const struct tw_sys *sys;
	int64_t floor_ms; /* since 1970 */
};
void tw_time_init(struct tw_time *t, const struct tw_sys *sys, int64_t stored_floor_ms); /* takes the build time when later */
int64_t tw_boot_ms(const struct tw_sys *sys); /* since boot, counts while suspended, never steps; 0 where the clock cannot be read */
int64_t tw_time_boot_ms(const struct tw_time *t);
int64_t tw_time_wall_ms(const struct tw_time *t); /* never below the floor: max(clock, floor) */
bool tw_time_trusted(const struct tw_time *t);    /* the clock is at or above the floor */
void tw_time_raise(struct tw_time *t, int64_t verified_ms);
#endif

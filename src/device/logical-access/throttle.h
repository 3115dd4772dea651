/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed attempts per source. Nobody is locked out for good and nobody locks out another: a source that failed five times
 * within a minute waits until that minute is over, whatever others do.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_THROTTLE_H
#define TW_DEVICE_LOGICAL_ACCESS_THROTTLE_H
#include <stdint.h>

#define TW_THROTTLE_SOURCES 64 /* the oldest is forgotten for a new one */
#define TW_THROTTLE_FAILURES 5
#define TW_THROTTLE_WINDOW_MS 60000

struct tw_throttle {
	struct tw_throttled {
		char source[64];
		int64_t since_ms;
		unsigned failures;
	} of[TW_THROTTLE_SOURCES];
};
/* Whom failures are counted against: of an IPv6 address its /64, since whoever has one address there has them all. */
void tw_throttle_source(const char *address, char ret[64]);
/* Seconds the source has to wait before it may try again; 0: none. */
int tw_throttle_wait_s(const struct tw_throttle *t, const char *source, int64_t now_ms);
void tw_throttle_failed(struct tw_throttle *t, const char *source, int64_t now_ms);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the links role say to one another.
 *
 * core -> links  PUT: block16 what is to be off, block16 what may be off by an earlier PUT (off.h): of that, what is in the first no more is
 *                put on again.
 * links -> core  HOLDS: u32 how many there are that are off by it, read back from the kernel. FAILED: it is not so, and in words why; with tag 0
 *                it had been. HELD: one was on again and is off; words, "link eth1".
 */
#ifndef TW_SERVICE_LINKS_WIRE_H
#define TW_SERVICE_LINKS_WIRE_H
#include "sys/channel.h"

#define TW_LINKS_WORDS_MAX 200
#define TW_LINKS_OFF_MAX 1023 /* two settings' */

enum tw_links_wire {
	TW_LINKS_PUT = 0x0c01,
	TW_LINKS_HOLDS = 0x0c11,
	TW_LINKS_FAILED,
	TW_LINKS_HELD,
};
extern const struct tw_channel_row tw_rows_links_from_core[], tw_rows_core_from_links[];
#endif

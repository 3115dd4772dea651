/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the parts role say to one another.
 *
 * core -> parts  PUT: block16 what is to be off, block16 what may be off by an earlier PUT (off.h): of that, what is in the first no more is
 *                put on again; block16 what the product declares of USB, by the kernel's names with a blank between ("1-1 1-2*"); block16 whose
 *                driver may be taken away, or was (taken.h); u8 whether that may still go back, so that what a link, a disk or the TPM works by
 *                is to be spared: it would not come back as it was.
 * parts -> core  HOLDS: u32 how many there are that are off by it, read back from the kernel. FAILED: it is not so, and in words why; with tag 0
 *                it had been. HELD: one was on again and is off; words, "camera video0". TAKES: drivers that would have to be taken away, which
 *                core keeps before it puts again: no role can find by itself whom it took a driver from. GONE: of those, some that the list still
 *                has off and that give nobody anything back: the device is not there, or it has a driver and is found under another name. Core
 *                forgets them, and whoever comes in their place is named anew.
 */
#ifndef TW_SERVICE_PARTS_WIRE_H
#define TW_SERVICE_PARTS_WIRE_H
#include "sys/channel.h"

#define TW_PARTS_WORDS_MAX 200
#define TW_PARTS_OFF_MAX 1023 /* two settings' */
#define TW_PARTS_STAYS_MAX 4095
#define TW_PARTS_TAKEN_MAX 8191

enum tw_parts_wire {
	TW_PARTS_PUT = 0x0d01,
	TW_PARTS_HOLDS = 0x0d11,
	TW_PARTS_FAILED,
	TW_PARTS_HELD,
	TW_PARTS_TAKES,
	TW_PARTS_GONE,
};
extern const struct tw_channel_row tw_rows_parts_from_core[], tw_rows_core_from_parts[];
#endif

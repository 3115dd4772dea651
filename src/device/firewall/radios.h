/* SPDX-License-Identifier: Apache-2.0 */
/* The radios that the kernel can block, by its /dev/rfkill: it tells of all of them when that is opened, and then of each change. */
#ifndef TW_DEVICE_RADIOS_H
#define TW_DEVICE_RADIOS_H
#include "base/err.h"
#include "base/sys.h"

#define TW_RADIOS_MAX 32

struct tw_radio {
	uint32_t index;
	uint8_t type; /* as in tw_off_radios */
	bool is_off;  /* blocked by software */
};
struct tw_radios {
	int fd;     /* that never waits */
	bool there; /* the kernel knows of radios at all: fd is not in the place of a missing one */
	size_t count;
	struct tw_radio of[TW_RADIOS_MAX];
};
/* What it has told meanwhile; ret: whether there was any. IO; LIMIT: more radios than TW_RADIOS_MAX. */
tw_err tw_radios_hear(const struct tw_sys *sys, struct tw_radios *r, bool *ret);
tw_err tw_radios_switch(const struct tw_sys *sys, const struct tw_radios *r, const struct tw_radio *one, bool off); /* IO */
const char *tw_radio_name(const struct tw_radio *one);
#endif

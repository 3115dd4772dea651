/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cellular modem: how the settings say that it is to be, its SIM's PIN, and how it is. Speaking with it is the cellular role's (src/device/cellular).
 *
 * The PIN is kept sealed by the keys role, and read back by nobody. That it was told to a SIM is kept before it is, and taken back when the SIM has taken it:
 * a wrong one is told once, whatever ends in between.
 */
#ifndef TW_DEVICE_INTERFACES_CELLULAR_H
#define TW_DEVICE_INTERFACES_CELLULAR_H
#include "device/interfaces/interfaces.h"
#include "service/firewall/cellular-wire.h"

#define TW_CELLULAR_SETTING "cellular.modem"
#define TW_CELLULAR_TECHNOLOGIES_SETTING "cellular.technologies"
#define TW_CELLULAR_ROAMING_SETTING "cellular.roaming"

struct tw_cellular {
	struct tw_context *context;
	bool begun, asked, told, known; /* known: state is what the role said since it was told */
	bool registered_said;           /* that it is registered was recorded last */
	tw_channel *line;
	uint32_t tag;
	enum tw_cellular_use use; /* as the role was told last */
	enum tw_cellular_technologies technologies;
	bool roaming;
	int64_t until_ms, again_at_ms, again_ms; /* boot clock */
	struct tw_cellular_state state;
	char why[TW_DETAIL_MAX], said[TW_DETAIL_MAX]; /* why it cannot be told; said: why it is not as it is to be, as it was recorded */
};

tw_err tw_cellular_start(struct tw_device *d);
void tw_cellular_stop(struct tw_device *d);
/* Does the device live by what the setting says now? NULL: yes, or it is none of these; else why not yet. */
const char *tw_cellular_unsettled(struct tw_context *c, const char *key);
bool tw_cellular_is_listed(const struct tw_device *d);                   /* roles.tab has its line */
const char *tw_cellular_why(struct tw_context *c);                       /* it is not as it is to be; NULL: it is */
const struct tw_cellular_state *tw_cellular_known(struct tw_context *c); /* NULL: nobody said anything of it */

/* cellular-pin.c: what is kept. */
tw_err tw_cellular_pin_keep(struct tw_device *d, struct tw_slice pin); /* one that was not tried */
tw_err tw_cellular_pin_forget(struct tw_device *d);
tw_err tw_cellular_pin_open(struct tw_device *d, struct tw_buf *ret, bool *ret_tried); /* ret empty: none is known; wipe it */
tw_err tw_cellular_pin_mark(struct tw_device *d, bool tried);
tw_err tw_cellular_pin_is_known(struct tw_device *d, bool *ret);
/* Another PIN, or none: the role is told anew. */
void tw_cellular_again(struct tw_context *c);
#endif

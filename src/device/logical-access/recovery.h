/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending ownership when every credential is lost. It takes somebody at the device: at its console, or who holds its button for what a browser has
 * asked for. A browser asks and is told how it stands; it never ends anything. What is asked waits in memory, one at a time, and lapses; a start forgets it.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_RECOVERY_H
#define TW_DEVICE_LOGICAL_ACCESS_RECOVERY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TW_RECOVERY_MS 300000 /* how long a request waits; and then how long whoever made it lets others have their turn */
#define TW_RECOVERY_SETTING "logical-access.recovery-by-browser"
#define TW_PRESENT_MS 10000        /* a press that is older counts for nothing */
#define TW_PRESENT_COUNTS_MS 30000 /* a browser collects within this what a press confirmed */
#define TW_PRESENT_WITHIN_MS \
	60000 /* a press confirms what was asked for within this before it: else a stranger keeps one standing for any press */
#define TW_HOLD_MS 5000 /* nobody holds a button so long by mistake */

struct tw_context;
struct tw_device;
struct tw_reply;
struct tw_request;
struct tw_recovery {
	int64_t began_ms, expires_ms; /* boot clock; 0: there is none */
	bool done;                    /* ownership was ended while it waited */
	uint8_t request[16];          /* by it the browser that asked is known */
	char code[7], source[64];
};
bool tw_recovery_asks(const struct tw_request *rq);
/* Before anything of it is recorded, and without counting as a failure: to wait for one's turn is no guess. A problem: why not now. */
tw_err tw_recovery_admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
bool tw_recovery_stands(struct tw_device *d); /* somebody has asked, and it has neither lapsed nor been done */
bool tw_recovery_waits(struct tw_device *d);  /* and it may still be confirmed */

#define TW_RECOVER_SECRET 33 /* hex, with its NUL */
/* In this order; between them the device has its owner still, and whoever stands there begins again. */
tw_err tw_recover_secret(struct tw_device *d, char ret[TW_RECOVER_SECRET]); /* to be wiped */
tw_err tw_recover_end(struct tw_device *d);
/* A held button ends what a browser asked to end, and shows nothing: recover at the console tells a new secret. A problem: why not. */
tw_err tw_recover_by_button(struct tw_device *d, int64_t down_ms, int64_t held_ms, struct tw_reply *rp);
/* A press confirms the one browser that waited before it. */
tw_err tw_browser_by_button(struct tw_device *d, int64_t down_ms, struct tw_reply *rp);
/* Six digits; nobody can know them before. */
tw_err tw_code_digits(struct tw_device *d, char ret[7]);
#endif

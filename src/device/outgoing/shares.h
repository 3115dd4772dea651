/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parties whom an owner has approved: what each is sent, how often, and what it acknowledged. One document of the owner's, which goes with him.
 *
 * A transfer has a number, one more than the last that was acknowledged, and that is written down before the next is begun: what was cut off is sent
 * again under the same number, so that each comes at least once and its receiver can tell the second from the first.
 */
#ifndef TW_DEVICE_OUTGOING_SHARES_H
#define TW_DEVICE_OUTGOING_SHARES_H
#include "device/platform/device.h"

#define TW_SHARES_MAX 8
#define TW_SHARE_NAME_MAX 48
#define TW_SHARE_RULE_MAX 64

/* Of this start: what is under way, and what became of each one's last. */
struct tw_shares {
	char sending[TW_SHARE_NAME_MAX + 1]; /* "": nothing */
	int64_t sequence;
	int64_t next_ms; /* by the boot clock, when there is something to do; -1: nothing */
	struct tw_share_last {
		char name[TW_SHARE_NAME_MAX + 1], rule[TW_SHARE_RULE_MAX + 1]; /* why it did not go; "": it went */
		int64_t until_ms;                                              /* nothing more is sent before */
		unsigned tries;                                                /* that failed, one after another */
	} last[TW_SHARES_MAX];
};
tw_err tw_outgoing_start(struct tw_device *d); /* from now on the path withholds what outputs.withheld says */
void tw_outgoing_stop(struct tw_device *d);
void tw_outgoing_forget(struct tw_device *d);             /* with the owner */
const char *tw_share_operation(const char *data);         /* whose answer it is; NULL: there is no such data */
tw_err tw_shares_read(struct tw_device *d, json_t **ret); /* { "shares": [...] }, by name */
tw_err tw_shares_write(struct tw_device *d, const json_t *document);
json_t *tw_shares_find(const json_t *document, const char *name); /* borrowed; NULL: nobody */
/* The rule by which its last transfer did not go; "": none did not. */
const char *tw_share_waits(const struct tw_device *d, const char *name);
void tw_shares_look(struct tw_device *d);                    /* something has changed: the job looks at once */
void tw_share_forget(struct tw_device *d, const char *name); /* what is under way for it is given up */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One role that switches interfaces off, as core has it: told, believed when it has read back from the kernel, told again when that is lost.
 *
 * There are two, links and parts, and a process of the product's that speaks to the service manager (control.c has the table). Each is told the words
 * of the list that are its own.
 */
#ifndef TW_DEVICE_INTERFACES_SWITCH_H
#define TW_DEVICE_INTERFACES_SWITCH_H
#include "device/interfaces/interfaces.h"
#include "service/errand-line.h"
#include "service/firewall/off.h"

#define TW_CONTROL_MODE "interfaces.mode"
#define TW_CONTROL_OFF_IN "interfaces.off-"

struct tw_control_role {
	enum tw_errand errand;
	const struct tw_channel_row *rows;
	enum tw_off_kind first, last;                           /* whose words are its own */
	const char *kept;                                       /* the name of what it may have off, in the store */
	const char *kept_taken;                                 /* of whose driver it may have taken away; NULL: it takes none */
	uint16_t put, holds, failed, held, takes, gone;         /* messages; takes and gone 0: it has none */
	const char *line;                                       /* of roles.tab, without which it does not run */
	tw_err (*more)(struct tw_control *f, struct tw_buf *b); /* what it is told besides, NULL: nothing */
	bool is_provider; /* no errand: a process of the product's, by the application's door */
};
/* Of the list of the mode that is on, what is this role's. */
tw_err tw_switch_wanted(struct tw_control *f, char ret[TW_CONTROL_OFF_MAX + 1]);
tw_err tw_switch_job(struct tw_control *f);
/* Of a provider's: it is there, line NULL: it has gone; it says this. */
void tw_switch_line(struct tw_control *f, tw_channel *line);
void tw_switch_heard(struct tw_control *f, const struct tw_message *m);
int64_t tw_switch_due_ms(struct tw_control *f);
/* NULL: all is as the list says; else why not yet. */
const char *tw_switch_unsettled(struct tw_control *f);
bool tw_switch_may_go_back(struct tw_control *f); /* a change of mode or list waits to be confirmed */
bool tw_switch_is_listed(struct tw_control *f);
#endif

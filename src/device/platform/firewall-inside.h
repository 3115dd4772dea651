/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of core's side of the firewall role share. */
#ifndef TW_DEVICE_PLATFORM_FIREWALL_INSIDE_H
#define TW_DEVICE_PLATFORM_FIREWALL_INSIDE_H
#include "device/platform/firewall.h"
#include "service/firewall/firewall-wire.h"

struct event;
enum tw_firewall_key {
	TW_FIREWALL_MODE,
	TW_FIREWALL_MANAGEMENT,
	TW_FIREWALL_INGRESS,
	TW_FIREWALL_EGRESS,
	TW_FIREWALL_DECLINED,
	TW_FIREWALL_PERIOD,
	TW_FIREWALL_INTERFACES_MODE, /* which of the lists of limits holds */
	TW_FIREWALL_RATES_NORMAL,
	TW_FIREWALL_RATES_MAINTENANCE,
	TW_FIREWALL_RATES_LOCKDOWN,
	TW_FIREWALL_HTTPS_PORT, /* where HTTPS is offered, beside the ports of the command line */
	TW_FIREWALL_HOME_SYSTEMS,
	TW_FIREWALL_HOME_TUNNEL,
	TW_FIREWALL_HOME_WITNESS,
	TW_FIREWALL_KEYS
};
struct tw_firewall {
	struct tw_core *core;
	struct tw_ruleset listeners;                  /* only its ports count */
	struct tw_setting_state by[TW_FIREWALL_KEYS]; /* by which the role was told last */
	bool told;                                    /* and that counts */
	bool home_told;                               /* likewise: this is home */
	bool looked, may_stand;                       /* a table of ours, as the store has it once it was looked up */
	bool begun, asked, holds, stood, disturbed;
	bool untold;                    /* the disturbance now was only counted, and so is its end */
	int64_t lost, lost_ms, said_ms; /* so many were counted; when one was recorded, and when a failure was */
	uint32_t tag;
	tw_channel *line;
	int64_t asked_ms, again_at_ms, again_ms;
	char why[TW_FIREWALL_WORDS_MAX + 32], said[TW_FIREWALL_WORDS_MAX + 32]; /* said: as it was recorded */
	char left[TW_FIREWALL_WORDS_MAX], said_left[TW_FIREWALL_WORDS_MAX]; /* why flows are not judged; said: as it was recorded */
	struct event *late;
	struct tw_ruleset_counts dropped, untold_drops; /* since the start; of these since the last record */
	int64_t dropped_ms, drops_pause_ms;             /* when that was, and for how long no other is made */
	int64_t over_ms, over_pause_ms;                 /* likewise of what was over a limit of rate */
};
/* What the settings in by[] make of the product's flows: ret is the caller's, also when it fails. ret_left: why no flows are judged in spite
   of the settings, "" when they are. */
tw_err tw_firewall_rules(const tw_firewall *f, struct tw_ruleset *ret, char ret_left[TW_FIREWALL_WORDS_MAX]);
bool tw_firewall_declines(const char *declined, const char *flow); /* the owner has switched this one off */
/* The pause behind a record of what was dropped, since_ms after the one before with its pause_ms. */
int64_t tw_firewall_next_pause(int64_t pause_ms, int64_t since_ms);
/* firewall-rates.c */
const char *tw_firewall_rates_now(const tw_firewall *f); /* the list of the mode that is on */
tw_err tw_firewall_add_rates(const tw_firewall *f, struct tw_ruleset *ret);
tw_err tw_firewall_say_rates(const tw_firewall *f, json_t *body);
tw_err tw_firewall_tell_rates(tw_firewall *f, const uint64_t over[TW_RATES_MAX]); /* a record for each that was */

/* The ports of the command line, and this one, where it is one: how many. */
size_t tw_firewall_ports(const tw_firewall *f, const char *moved, uint16_t ret[TW_RULESET_PORTS]);
bool tw_firewall_stands(tw_firewall *f); /* what is wanted is what there is */
#endif

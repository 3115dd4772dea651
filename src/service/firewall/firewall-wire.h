/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the firewall role say to one another.
 *
 * core -> firewall  APPLY: a ruleset, numbers and names of links alone (ruleset.h). RENEW: that this is home was proven anew, and counts for as long again.
 * firewall -> core  HOLDS: it stands, read back from the kernel. FAILED: it does not, and in words why. LOST: it stood, and somebody changed it.
 *                   COUNTED: u64 in, u64 out: so many packets more were let through by no rule; then u64 for each limit of rate there may be: over it.
 */
#ifndef TW_SERVICE_FIREWALL_WIRE_H
#define TW_SERVICE_FIREWALL_WIRE_H
#include "service/firewall/ruleset.h"
#include "sys/channel.h"

#define TW_FIREWALL_WORDS_MAX 200
#define TW_FIREWALL_COUNTS (8 * (2 + TW_RATES_MAX))

enum tw_firewall_wire {
	TW_FIREWALL_APPLY = 0x0b01,
	TW_FIREWALL_RENEW,
	TW_FIREWALL_HOLDS = 0x0b11,
	TW_FIREWALL_FAILED,
	TW_FIREWALL_LOST,
	TW_FIREWALL_COUNTED,
};
extern const struct tw_channel_row tw_rows_firewall_from_core[], tw_rows_core_from_firewall[];
#endif

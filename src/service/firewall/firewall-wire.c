/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/firewall-wire.h"

const struct tw_channel_row tw_rows_firewall_from_core[] = {
	{ TW_FIREWALL_APPLY, 0, 13, TW_RULESET_WIRE_MAX, "apply" },
	{ TW_FIREWALL_RENEW, 0, 0, 0, "renew" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_firewall[] = {
	{ TW_FIREWALL_HOLDS, 0, 0, 0, "holds" },
	{ TW_FIREWALL_FAILED, 0, 1, TW_FIREWALL_WORDS_MAX, "failed" },
	{ TW_FIREWALL_LOST, 0, 0, 0, "lost" },
	{ TW_FIREWALL_COUNTED, 0, TW_FIREWALL_COUNTS, TW_FIREWALL_COUNTS, "counted" },
	{ 0 },
};

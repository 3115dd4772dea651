/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/parts-wire.h"

const struct tw_channel_row tw_rows_parts_from_core[] = {
	{ TW_PARTS_PUT, 0, 9, 9 + 2 * TW_PARTS_OFF_MAX + TW_PARTS_STAYS_MAX + TW_PARTS_TAKEN_MAX, "put" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_parts[] = {
	{ TW_PARTS_HOLDS, 0, 4, 4, "holds" },
	{ TW_PARTS_FAILED, 0, 1, TW_PARTS_WORDS_MAX, "failed" },
	{ TW_PARTS_HELD, 0, 1, 160, "held" },
	{ TW_PARTS_TAKES, 0, 1, TW_PARTS_TAKEN_MAX, "takes" },
	{ TW_PARTS_GONE, 0, 1, TW_PARTS_TAKEN_MAX, "gone" },
	{ 0 },
};

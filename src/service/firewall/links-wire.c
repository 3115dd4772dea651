/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/links-wire.h"

const struct tw_channel_row tw_rows_links_from_core[] = {
	{ TW_LINKS_PUT, 0, 4, 4 + 2 * TW_LINKS_OFF_MAX, "put" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_links[] = {
	{ TW_LINKS_HOLDS, 0, 4, 4, "holds" },
	{ TW_LINKS_FAILED, 0, 1, TW_LINKS_WORDS_MAX, "failed" },
	{ TW_LINKS_HELD, 0, 1, 64, "held" },
	{ 0 },
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What may pass between hands and the roles: the tables alone, so that the privileged parent links nothing else of the wire. */
#include "service/wire.h"

#define STATUS_MAX 256 /* a line for the service manager */

const char *const tw_errand_names[TW_ERRANDS] = { "fetch", "scan", "hash", "hash-2", "ask", "watch", "firewall", "mail", "links",
	"mail-in", "sign", "canary", "store", "parts", "wifi", "cellular", "bluetooth" };

const struct tw_channel_row tw_rows_hands_from_core[] = {
	{ TW_WIRE_HANDS_BOXED, TW_CHANNEL_ONCE, 2, 2, "boxed" },
	{ TW_WIRE_HANDS_READY, TW_CHANNEL_ONCE, 0, STATUS_MAX, "ready" },
	{ TW_WIRE_HANDS_CONFIRM, 0, 1, 1 + STATUS_MAX, "confirm" },
	{ TW_WIRE_HANDS_PING, 0, 0, 0, "ping" },
	{ TW_WIRE_HANDS_ERRAND, 0, 1, 1, "errand" },
	{ TW_WIRE_HANDS_ERRAND_END, 0, 1, 1, "errand end" },
	{ TW_WIRE_HANDS_LISTEN, 0, 2, 2, "listen" },
	{ 0 },
};
const struct tw_channel_row tw_rows_hands_from_role[] = {
	{ TW_WIRE_HANDS_BOXED, TW_CHANNEL_ONCE, 2, 2, "boxed" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_hands[] = {
	{ TW_WIRE_HANDS_ASK, 0, 0, 0, "ask" },
	{ TW_WIRE_HANDS_ROLE_IS, 0, 3, 2 + TW_WIRE_ROLE_NAME_MAX, "role is" },
	{ TW_WIRE_HANDS_ROLE_DIED, 0, 1, TW_WIRE_ROLE_NAME_MAX, "role died" },
	{ TW_WIRE_HANDS_CONFIRMED, 0, 0, 0, "confirmed" },
	{ TW_WIRE_HANDS_ERRAND_IS, 0, 3, 3, "errand is", 1 },
	{ TW_WIRE_HANDS_ERRAND_NOT, 0, 2, 2, "errand not" },
	{ TW_WIRE_HANDS_LISTENS, 0, 2, 2 + STATUS_MAX, "listens" },
	{ TW_WIRE_HANDS_DRAIN, TW_CHANNEL_ONCE, 0, 0, "drain" },
	{ 0 },
};
const struct tw_channel_row tw_rows_front_from_hands[] = {
	{ TW_WIRE_HANDS_DRAIN, TW_CHANNEL_ONCE, 0, 0, "drain" },
	{ TW_WIRE_HANDS_DOORS, 0, 0, 0, "doors", TW_CHANNEL_FDS },
	{ 0 },
};
const struct tw_channel_row tw_rows_role_from_hands[] = {
	{ TW_WIRE_HANDS_DRAIN, TW_CHANNEL_ONCE, 0, 0, "drain" },
	{ 0 },
};

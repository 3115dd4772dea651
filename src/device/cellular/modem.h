/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done with a modem next, by what is wished and by what ModemManager says of it: pure. Its numbers are those of ModemManager's D-Bus
 * interface (ModemManager-enums.h), which is stable.
 *
 * A modem that cannot be held to the technologies that are allowed is not enabled, and one that is goes off: that is refused rather than hoped for.
 */
#ifndef TW_DEVICE_CELLULAR_MODEM_H
#define TW_DEVICE_CELLULAR_MODEM_H
#include "service/firewall/cellular-wire.h"

#define TW_MODEM_MODES_MAX 32
#define TW_MODEM_TEXT_MAX 96

struct tw_modem_modes {
	uint32_t allowed, preferred; /* bits: 1 circuit-switched, 2 2G, 4 3G, 8 4G, 16 5G */
};
struct tw_modem_seen {
	size_t modems; /* how many there are; what follows is of the one whose path is first */
	int32_t state; /* -1 failed .. 2 locked, 3 disabled, 6 enabled, 8 registered, 11 connected */
	uint32_t failed, lock, power, access, registration, signal;
	bool signal_known;
	uint32_t tries; /* of the PIN, TW_CELLULAR_UNKNOWN */
	struct tw_modem_modes modes, supported[TW_MODEM_MODES_MAX];
	size_t supported_count;
	char path[TW_MODEM_TEXT_MAX], sim[TW_MODEM_TEXT_MAX];
	char maker[TW_MODEM_TEXT_MAX], model[TW_MODEM_TEXT_MAX], revision[TW_MODEM_TEXT_MAX], network[TW_MODEM_TEXT_MAX],
		code[TW_MODEM_TEXT_MAX];
};
enum tw_modem_step {
	TW_MODEM_NOTHING,
	TW_MODEM_UNLOCK,
	TW_MODEM_SET_MODES,
	TW_MODEM_ENABLE,
	TW_MODEM_DISCONNECT,
	TW_MODEM_DISABLE,
	TW_MODEM_POWER_DOWN,
};
struct tw_modem_next {
	enum tw_modem_step step;
	struct tw_modem_modes modes; /* of SET_MODES */
	uint8_t pin;                 /* enum tw_cellular_pin */
	const char *why;             /* a sentence, while it is not as it is wished; NULL: it is */
};
struct tw_modem_next tw_modem_next(const struct tw_cellular_wish *w, const struct tw_modem_seen *s);
/* What core is told of it. Texts that a modem or a network chose become printable ASCII. */
void tw_modem_tell(const struct tw_modem_seen *s, const struct tw_modem_next *n, struct tw_cellular_state *ret);
const char *tw_modem_step_word(enum tw_modem_step step);
#endif

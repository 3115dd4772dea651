/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the cellular role say to one another.
 *
 * core -> cellular  PUT: u8 enum tw_cellular_use, u8 enum tw_cellular_technologies, u8 whether it may be used while it roams, u8 whether the PIN was tried
 *                   before, block16 the SIM's PIN (empty: none is known).
 * cellular -> core  STATE: how the modem is (struct tw_cellular_state), at once and whenever that is another. FAILED: it cannot be seen, and in words why;
 *                   the role ends, and core begins it again.
 */
#ifndef TW_SERVICE_CELLULAR_WIRE_H
#define TW_SERVICE_CELLULAR_WIRE_H
#include "base/buf.h"
#include "sys/channel.h"

#define TW_CELLULAR_WORDS_MAX 200
#define TW_CELLULAR_PIN_MIN 4 /* 3GPP TS 31.101: four to eight digits */
#define TW_CELLULAR_PIN_MAX 8

enum tw_cellular_use { TW_CELLULAR_LEFT, TW_CELLULAR_ON, TW_CELLULAR_OFF, TW_CELLULAR_USES };
enum tw_cellular_technologies { TW_CELLULAR_ANY, TW_CELLULAR_NO_2G, TW_CELLULAR_4G_UP, TW_CELLULAR_TECHNOLOGIES };
extern const char *const tw_cellular_uses[TW_CELLULAR_USES], *const tw_cellular_technologies[TW_CELLULAR_TECHNOLOGIES]; /* as administrators say them */

struct tw_cellular_wish {
	enum tw_cellular_use use;
	enum tw_cellular_technologies technologies;
	bool roaming, tried;
	struct tw_slice pin; /* borrowed */
};
tw_err tw_cellular_pin_check(struct tw_slice pin); /* SYNTAX */
tw_err tw_cellular_wish_write(const struct tw_cellular_wish *w, struct tw_buf *ret);
tw_err tw_cellular_wish_read(struct tw_slice s, struct tw_cellular_wish *ret);

enum tw_cellular_pin {
	TW_CELLULAR_PIN_UNASKED,
	TW_CELLULAR_PIN_MISSING,
	TW_CELLULAR_PIN_REFUSED,
	TW_CELLULAR_PIN_WITHHELD,
	TW_CELLULAR_PINS
};
#define TW_CELLULAR_UNKNOWN 255
/* Texts are printable. */
struct tw_cellular_state {
	bool present, settled, roams; /* settled: it is as it was told to be */
	uint8_t pin;                  /* enum tw_cellular_pin: what became of it */
	uint8_t signal, tries;        /* percent; how often the PIN may be wrong still. TW_CELLULAR_UNKNOWN */
	char state[16], lock[16], registration[16], technology[16], allowed[16];
	char maker[33], model[33], revision[33], network[33], code[7];
	char why[TW_CELLULAR_WORDS_MAX + 1]; /* why it is not settled; "" */
};
tw_err tw_cellular_state_write(const struct tw_cellular_state *s, struct tw_buf *ret);
tw_err tw_cellular_state_read(struct tw_slice s, struct tw_cellular_state *ret);

enum tw_cellular_wire {
	TW_CELLULAR_PUT = 0x1001,
	TW_CELLULAR_STATE = 0x1011,
	TW_CELLULAR_FAILED,
};
extern const struct tw_channel_row tw_rows_cellular_from_core[], tw_rows_core_from_cellular[];
#endif

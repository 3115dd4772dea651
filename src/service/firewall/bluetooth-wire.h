/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the bluetooth role say to one another.
 *
 * core -> bluetooth  PUT: struct tw_bt_order, whole each time. ANSWER: struct tw_bt_address and u8: the number is right. DROP: struct tw_bt_address,
 *                    whose pairing and connection end.
 * bluetooth -> core  TAKEN: the controller is as it was ordered; FAILED: it is not, and in words why; with tag 0 it was. STATE: struct tw_bt_state,
 *                    whenever that is another one. EVENT: struct tw_bt_event. PAIRED: struct tw_bt_peer, with its keys.
 */
#ifndef TW_SERVICE_BLUETOOTH_WIRE_H
#define TW_SERVICE_BLUETOOTH_WIRE_H
#include "base/buf.h"
#include "sys/channel.h"

#define TW_BT_WORDS_MAX 200
#define TW_BT_ADDRESS_SIZE 6
#define TW_BT_KEY_SIZE 16
#define TW_BT_PEERS_MAX 8
#define TW_BT_WINDOW_MAX 300 /* seconds */
#define TW_BT_INDEX_MAX 255  /* hci255 */
#define TW_BT_NUMBER_MAX 999999U

enum tw_bt_kind { TW_BT_PUBLIC = 1, TW_BT_RANDOM, TW_BT_KINDS }; /* as the kernel's management has them */
struct tw_bt_address {
	uint8_t of[TW_BT_ADDRESS_SIZE]; /* the least octet first, as it is in the air */
	uint8_t kind;
};
/* One that is paired: by Secure Connections, authenticated, with a key of 16 bytes. */
struct tw_bt_peer {
	struct tw_bt_address address;
	uint8_t key[TW_BT_KEY_SIZE];
	uint8_t has_irk; /* it hides behind addresses that change, which this resolves */
	uint8_t irk[TW_BT_KEY_SIZE];
};
struct tw_bt_order {
	uint16_t index; /* hciN */
	bool on;
	uint16_t window_s; /* how long one may pair; 0: none may */
	size_t count;
	struct tw_bt_peer of[TW_BT_PEERS_MAX];
};
struct tw_bt_state {
	uint32_t settings; /* enum tw_bt_setting */
	uint8_t address[TW_BT_ADDRESS_SIZE];
	uint8_t window; /* one may pair */
	uint8_t gap;    /* 0: the struct is compared whole */
};
/* Bits of what the kernel says that a controller can, and is set to. */
enum tw_bt_setting {
	TW_BT_POWERED = 1 << 0,
	TW_BT_CONNECTABLE = 1 << 1,
	TW_BT_DISCOVERABLE = 1 << 3,
	TW_BT_BONDABLE = 1 << 4,
	TW_BT_BREDR = 1 << 7,
	TW_BT_LE = 1 << 9,
	TW_BT_ADVERTISING = 1 << 10,
	TW_BT_SECURE = 1 << 11, /* Secure Connections */
	TW_BT_DEBUG_KEYS = 1 << 12,
};
enum tw_bt_event_of {
	TW_BT_OTHER,        /* nothing that anybody here asks for */
	TW_BT_ASKS,         /* number: what the other device shows too, if nobody is between the two */
	TW_BT_SHOWS,        /* number: is to be typed at the other device */
	TW_BT_REFUSED,      /* a pairing; number: the kernel's status, or TW_BT_WHY_... */
	TW_BT_DISCONNECTED, /* number: the kernel's reason */
	TW_BT_EVENTS
};
enum tw_bt_why { TW_BT_WHY_KEY = 0x100, TW_BT_WHY_WINDOW, TW_BT_WHY_FULL, TW_BT_WHY_NUMBER };
const char *tw_bt_why(uint32_t number); /* in words, of REFUSED and of the kernel's status */
struct tw_bt_event {
	enum tw_bt_event_of event;
	struct tw_bt_address address;
	uint32_t number;
};

/* Each of these has passed its check when it was read. SYNTAX says what is wrong. Those with keys: reserve the buffer first, and wipe it. */
tw_err tw_bt_address_write(const struct tw_bt_address *a, struct tw_buf *ret);
tw_err tw_bt_peer_write(const struct tw_bt_peer *p, struct tw_buf *ret);
tw_err tw_bt_peer_read(struct tw_slice s, struct tw_bt_peer *ret);
tw_err tw_bt_order_write(const struct tw_bt_order *o, struct tw_buf *ret);
tw_err tw_bt_order_read(struct tw_slice s, struct tw_bt_order *ret);
tw_err tw_bt_answer_read(struct tw_slice s, struct tw_bt_address *ret, bool *ret_yes);
tw_err tw_bt_drop_read(struct tw_slice s, struct tw_bt_address *ret);
tw_err tw_bt_state_write(const struct tw_bt_state *s, struct tw_buf *ret);
tw_err tw_bt_state_read(struct tw_slice s, struct tw_bt_state *ret);
tw_err tw_bt_event_write(const struct tw_bt_event *e, struct tw_buf *ret);
tw_err tw_bt_event_read(struct tw_slice s, struct tw_bt_event *ret);
bool tw_bt_same(const struct tw_bt_address *a, const struct tw_bt_address *b);

#define TW_BT_PEER_MAX (TW_BT_ADDRESS_SIZE + 1 + TW_BT_KEY_SIZE + 1 + TW_BT_KEY_SIZE)
#define TW_BT_ORDER_MAX (2 + 1 + 2 + 1 + TW_BT_PEERS_MAX * TW_BT_PEER_MAX)
enum tw_bt_wire {
	TW_BT_PUT = 0x0f01,
	TW_BT_ANSWER,
	TW_BT_DROP,
	TW_BT_TAKEN = 0x0f11,
	TW_BT_FAILED,
	TW_BT_STATE,
	TW_BT_EVENT,
	TW_BT_PAIRED,
};
extern const struct tw_channel_row tw_rows_bluetooth_from_core[], tw_rows_core_from_bluetooth[];
#endif

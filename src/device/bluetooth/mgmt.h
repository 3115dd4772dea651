/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's management of Bluetooth controllers (doc/mgmt-api.txt of BlueZ): commands to it, what it says. Pure.
 *
 * A packet is { u16 code, u16 controller, u16 size } little-endian, then size bytes. What other devices in the air have a say in (addresses, data that
 * they advertise, keys) comes this way, so that everything is read as a stranger's.
 */
#ifndef TW_DEVICE_BLUETOOTH_MGMT_H
#define TW_DEVICE_BLUETOOTH_MGMT_H
#include "service/firewall/bluetooth-wire.h"

#define TW_MGMT_HEAD 6
#define TW_MGMT_MAX 1024 /* of a packet: more than any has that is asked for here */
#define TW_MGMT_CONTROLLERS_MAX 16
#define TW_MGMT_NOBODY 0xffff /* of what is no controller's */

enum tw_mgmt_command {
	TW_MGMT_READ_LIST = 0x0003,
	TW_MGMT_READ_INFO = 0x0004,
	TW_MGMT_SET_POWERED = 0x0005,
	TW_MGMT_SET_DISCOVERABLE = 0x0006,
	TW_MGMT_SET_CONNECTABLE = 0x0007,
	TW_MGMT_SET_BONDABLE = 0x0009,
	TW_MGMT_SET_LE = 0x000d,
	TW_MGMT_LOAD_LTKS = 0x0013,
	TW_MGMT_SET_IO = 0x0018,
	TW_MGMT_UNPAIR = 0x001b,
	TW_MGMT_CONFIRM = 0x001c,
	TW_MGMT_CONFIRM_NOT = 0x001d,
	TW_MGMT_SET_ADVERTISING = 0x0029,
	TW_MGMT_SET_BREDR = 0x002a,
	TW_MGMT_SET_SECURE = 0x002d,
	TW_MGMT_SET_DEBUG_KEYS = 0x002e,
	TW_MGMT_LOAD_IRKS = 0x0030,
};
#define TW_MGMT_SECURE 1         /* of SET_SECURE: Secure Connections where the other has it */
#define TW_MGMT_SECURE_ONLY 2    /* of SET_SECURE: Secure Connections Only Mode */
#define TW_MGMT_DISPLAY_YES_NO 1 /* of SET_IO: it shows a number, and somebody says whether the other shows the same */
#define TW_MGMT_DISCOVERABLE 1   /* of SET_DISCOVERABLE: general */
enum tw_mgmt_status { TW_MGMT_SUCCESS = 0, TW_MGMT_NOT_CONNECTED = 2, TW_MGMT_NOT_PAIRED = 6, TW_MGMT_NO_INDEX = 0x11 };
const char *tw_mgmt_doing(uint16_t command); /* in words */

/* --- What is said --- */

tw_err tw_mgmt_byte(uint16_t command, uint16_t index, uint8_t value, struct tw_buf *ret);
tw_err tw_mgmt_bare(uint16_t command, uint16_t index, struct tw_buf *ret);         /* without parameters */
tw_err tw_mgmt_discoverable(uint16_t index, uint16_t seconds, struct tw_buf *ret); /* 0: not at all */
tw_err tw_mgmt_of_peer(uint16_t command, uint16_t index, const struct tw_bt_address *a, struct tw_buf *ret);
tw_err tw_mgmt_ltks(const struct tw_bt_order *o, struct tw_buf *ret); /* all of them: the kernel forgets the others. The buffer has secrets in it */
tw_err tw_mgmt_irks(const struct tw_bt_order *o, struct tw_buf *ret);

/* --- What it says --- */

enum tw_mgmt_kind {
	TW_MGMT_OTHER,
	TW_MGMT_ANSWER, /* to command: status, and rest */
	TW_MGMT_SETTINGS,
	TW_MGMT_GONE,  /* the controller has */
	TW_MGMT_CAME,  /* likewise */
	TW_MGMT_EVENT, /* of a peer: event */
	TW_MGMT_KEY,   /* peer; good: it may be kept */
	TW_MGMT_IRK,   /* peer, its irk alone */
};
struct tw_mgmt_said {
	enum tw_mgmt_kind kind;
	uint16_t index, command;
	uint8_t status;
	uint32_t settings;
	struct tw_bt_event event;
	struct tw_bt_peer peer;
	bool good; /* a key that both store, of Secure Connections, authenticated, whole, and none of a debugger's; of ASKS: there is a number to compare,
		      and it is not only asked whether that one may pair */
	struct tw_slice rest;
};
/* SYNTAX says of which packet what is wrong. One that nobody asks for is OTHER. */
tw_err tw_mgmt_read(struct tw_slice packet, struct tw_mgmt_said *ret);
tw_err tw_mgmt_list_read(struct tw_slice rest, uint16_t ret[TW_MGMT_CONTROLLERS_MAX], size_t *ret_count);
struct tw_mgmt_info {
	uint8_t address[TW_BT_ADDRESS_SIZE];
	uint32_t supported, current; /* enum tw_bt_setting */
};
tw_err tw_mgmt_info_read(struct tw_slice rest, struct tw_mgmt_info *ret);
tw_err tw_mgmt_settings_read(struct tw_slice rest, uint32_t *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bluetooth: whether a controller is on, with Low Energy and Secure Connections alone, and which devices are paired with it.
 *
 * Nobody pairs but while an administrator lets one, for a time, and types the number that the other device shows. The keys of those that are paired are
 * kept sealed by the keys role, since the kernel forgets them, and read back by nobody. What is said to the controller is the bluetooth role's
 * (src/device/bluetooth).
 */
#ifndef TW_DEVICE_INTERFACES_BLUETOOTH_H
#define TW_DEVICE_INTERFACES_BLUETOOTH_H
#include "device/interfaces/interfaces.h"
#include "service/firewall/bluetooth-wire.h"

#define TW_BLUETOOTH_SETTING "bluetooth.on"
#define TW_BLUETOOTH_CONTROLLER_SETTING "bluetooth.controller"
#define TW_BLUETOOTH_CONTROLLER_MAX 6 /* hci255 */
#define TW_BLUETOOTH_ADDRESS_SIZE 18  /* as text, with its end */

/* A pairing that waits for somebody here. */
struct tw_bluetooth_ask {
	enum tw_bt_event_of event; /* ASKS, SHOWS; OTHER: none waits */
	struct tw_bt_address address;
	uint32_t number;
	int64_t until_ms;
};
struct tw_bluetooth {
	struct tw_context *context;
	bool begun, asked, told, taken; /* taken: the controller is as the role was told */
	bool looked;                    /* had is as the store has it */
	bool on;                        /* as the role was told last */
	bool held_said;                 /* that it is on was recorded last */
	tw_channel *line;
	uint32_t tag;
	int64_t until_ms, again_at_ms, again_ms;          /* boot clock */
	int64_t window_until_ms;                          /* likewise: until when one may pair; 0: none may */
	char controller[TW_BLUETOOTH_CONTROLLER_MAX + 1]; /* as the role was told last */
	char had[TW_BLUETOOTH_CONTROLLER_MAX + 1];        /* which may be on by us; "": none */
	struct tw_bt_state state;
	struct tw_bluetooth_ask ask;
	char why[TW_DETAIL_MAX], said[TW_DETAIL_MAX]; /* why it is not so; said: as it was recorded */
};

tw_err tw_bluetooth_start(struct tw_device *d);
void tw_bluetooth_stop(struct tw_device *d);
bool tw_bluetooth_is_listed(const struct tw_device *d); /* roles.tab has its line */
/* It is on, with Secure Connections alone, and says so. NULL: it is not, ret_why why; "": it is not to be. */
const struct tw_bt_state *tw_bluetooth_holds(struct tw_context *c, const char **ret_why);
int tw_bluetooth_window_s(struct tw_context *c); /* for how long one may pair yet */
/* For seconds from now one may pair; 0: none may any more. The role is told at once. */
void tw_bluetooth_let_pair(struct tw_context *c, unsigned seconds);
const struct tw_bluetooth_ask *tw_bluetooth_asks(struct tw_context *c); /* NULL: nobody does */
tw_err tw_bluetooth_answer(struct tw_context *c, bool yes);             /* to whoever asks, who does no longer then */
tw_err tw_bluetooth_drop(struct tw_context *c, const struct tw_bt_address *a);

/* bluetooth-devices.c: what is kept. */
extern const char *const tw_bluetooth_kinds[TW_BT_KINDS];
tw_err tw_bluetooth_kept(struct tw_device *d, json_t **ret);                    /* an array, perhaps empty */
tw_err tw_bluetooth_keep_peer(struct tw_device *d, const struct tw_bt_peer *p); /* in the place of what was kept of it. LIMIT: no more are kept */
tw_err tw_bluetooth_forget_peer(struct tw_device *d, const struct tw_bt_address *a); /* NOTFOUND */
tw_err tw_bluetooth_open_all(struct tw_device *d, struct tw_bt_order *o);            /* into it, which is to be wiped */
void tw_bluetooth_text(const uint8_t address[TW_BT_ADDRESS_SIZE], char ret[TW_BLUETOOTH_ADDRESS_SIZE]);
tw_err tw_bluetooth_parse(struct tw_slice text, uint8_t ret[TW_BT_ADDRESS_SIZE]); /* SYNTAX */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The bluetooth role's line to the kernel's management of controllers, and what is said over it so that a controller is as it was ordered. */
#ifndef TW_DEVICE_BLUETOOTH_CONTROLLER_H
#define TW_DEVICE_BLUETOOTH_CONTROLLER_H
#include "device/bluetooth/mgmt.h"

/* By root, or with CAP_NET_ADMIN: the kernel trusts the socket for as long as it is there. ret is -1 where the kernel has no Bluetooth. */
tw_err tw_bt_open(const struct tw_sys *sys, int *ret);

typedef void tw_bt_heard(void *user, const struct tw_mgmt_said *said);
struct tw_bt_talk {
	const struct tw_sys *sys;
	int fd;
	uint16_t index;     /* which controller */
	tw_bt_heard *heard; /* what comes meanwhile of this one; no command is sent from it */
	void *user;
};
/* Sends, and waits for its answer, in ret, which borrows from answer of TW_MGMT_MAX bytes. CLOSED: none came; a later one would be taken for the
   answer to the same command, and of these none but the last counts. */
tw_err tw_bt_ask(const struct tw_bt_talk *t, struct tw_slice command, char *answer, struct tw_mgmt_said *ret);
tw_err tw_bt_set(const struct tw_bt_talk *t, uint16_t command, uint8_t value); /* DENIED: which it does not do, and why */
tw_err tw_bt_hear(const struct tw_bt_talk *t);                                 /* what is there */

/*
 * As ordered, or DENIED, or NOTFOUND: there is no such controller. On: Low Energy alone, by Secure Connections alone, with the keys of those that are
 * paired and no other. What it takes away comes before what it gives.
 */
tw_err tw_bt_apply(const struct tw_bt_talk *t, const struct tw_bt_order *o);
/*
 * Strict: the kernel refuses legacy pairing when it is asked for. It then also ends each Low Energy connection that becomes encrypted, since it looks for
 * the key of a Classic one (Linux 6.1, hci_conn_check_link_mode), so that it is strict while nobody who is paired could connect, and while one may pair,
 * until that one's Secure Connections have come to a number.
 */
tw_err tw_bt_strict(const struct tw_bt_talk *t, bool strict);
/* Who may pair, for how long; those that are paired may connect in any case. 0: nobody may. */
tw_err tw_bt_window(const struct tw_bt_talk *t, uint16_t seconds, size_t paired);
tw_err tw_bt_look(const struct tw_bt_talk *t, struct tw_bt_state *ret); /* but for its window */
bool tw_bt_holds(uint32_t settings);                                    /* on, Low Energy alone, with Secure Connections */
/* What is not so of NOT_CONNECTED and NOT_PAIRED is no error: it is gone then. */
tw_err tw_bt_unpair(const struct tw_bt_talk *t, const struct tw_bt_address *a);
tw_err tw_bt_confirm(const struct tw_bt_talk *t, const struct tw_bt_address *a, bool yes, uint8_t *ret_status);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wifi role's lines to wpa_supplicant: one datagram socket for each control socket that there is, opened before the sandbox.
 *
 * Each is bound to a name that the kernel makes (not in any directory), since wpa_supplicant answers to where a command came from.
 */
#ifndef TW_DEVICE_WIFI_LINE_H
#define TW_DEVICE_WIFI_LINE_H
#include "device/wifi/wpa.h"

#define TW_WPA_PLACE "/run/wpa_supplicant" /* where Debian's has them */
#define TW_WIFI_LINES_MAX 4

struct tw_wifi_line {
	int fd;
	char link[TW_WIFI_LINK_MAX + 1];
};
struct tw_wifi_lines {
	struct tw_wifi_line of[TW_WIFI_LINES_MAX];
	size_t count;
	bool more; /* there are more control sockets than these */
};
/* Their descriptors follow one another from first on. None is no error. */
tw_err tw_wifi_lines_open(const struct tw_sys *sys, const char *place, int first, struct tw_wifi_lines *ret);
const struct tw_wifi_line *tw_wifi_lines_find(const struct tw_wifi_lines *l, struct tw_slice link); /* NULL: none */

typedef void tw_wifi_heard(void *user, struct tw_slice event);
struct tw_wifi_talk {
	const struct tw_sys *sys;
	int fd;
	tw_wifi_heard *heard; /* events that come meanwhile */
	void *user;
};
/* The answer, in ret, which has TW_WPA_MAX bytes. CLOSED: nobody is there any more, or none came within two seconds; the line is of no use then,
   since what comes late would be taken for the answer to the next command. */
tw_err tw_wifi_ask(const struct tw_wifi_talk *t, struct tw_slice command, char *ret, struct tw_slice *ret_answer);
tw_err tw_wifi_order(const struct tw_wifi_talk *t, struct tw_slice command); /* answered OK; DENIED: it is not, and the command's first words */
tw_err tw_wifi_hear(const struct tw_wifi_talk *t);                           /* the events that are there */
/* Joins: all that tw_wpa_command says, and then its choice. What was refused in the middle is taken out again. */
tw_err tw_wifi_join(const struct tw_wifi_talk *t, const struct tw_wifi_network *n);
tw_err tw_wifi_leave(const struct tw_wifi_talk *t); /* and overwrites certificates and key */
tw_err tw_wifi_state(const struct tw_wifi_talk *t, const struct tw_wpa_ours *ours, struct tw_wifi_state *ret);
/* It has that network, from before this role began. */
tw_err tw_wifi_stands(const struct tw_wifi_talk *t, struct tw_slice mark, bool *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to wpa_supplicant over its control socket, and what it says: text, a line or lines in each datagram. Pure.
 *
 * Networks choose much of what is in its events (their names, certificates' subjects), so that everything is read as a stranger's.
 */
#ifndef TW_DEVICE_WIFI_WPA_H
#define TW_DEVICE_WIFI_WPA_H
#include "service/firewall/wifi-wire.h"

#define TW_WPA_MAX 4096 /* of a datagram, as wpa_supplicant has it */
#define TW_WPA_LINES_MAX 64

bool tw_wpa_is_event(struct tw_slice s); /* "<3>...": everything else answers a command */
struct tw_wpa_event {
	enum tw_wifi_event event;
	char words[TW_WIFI_WORDS_MAX + 1]; /* printable */
};
/* SYNTAX: it is none. One that nobody asks for is OTHER. */
tw_err tw_wpa_event_read(struct tw_slice s, struct tw_wpa_event *ret);
/* The network that this role told it of: any other that it may have joined, for whomever, is none that counts as joined. */
struct tw_wpa_ours {
	enum tw_wifi_kind kind;
	char mark[TW_WIFI_MARK_SIZE + 1];
};
/* The answer to STATUS. Joined: by the network with our mark, authenticated as its kind has it. SYNTAX names the line. */
tw_err tw_wpa_status_read(struct tw_slice s, const struct tw_wpa_ours *ours, struct tw_wifi_state *ret);
/* The answer to SIGNAL_POLL: dBm. SYNTAX: none is in it. */
tw_err tw_wpa_signal_read(struct tw_slice s, int16_t *ret);
/* The answer to ADD_NETWORK. */
tw_err tw_wpa_id_read(struct tw_slice s, unsigned *ret);

#define TW_WPA_BLOBS 3
extern const char *const tw_wpa_blobs[TW_WPA_BLOBS]; /* under which names certificates and the key are in its memory */
/* One command after the other, each to be answered OK. n has passed tw_wifi_network_check. The buffer has secrets in it, and is the caller's
   to reserve and to wipe. false: there is none at this place. */
tw_err tw_wpa_command(const struct tw_wifi_network *n, unsigned id, size_t place, struct tw_buf *ret, bool *ret_any);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the wifi role say to one another.
 *
 * core -> wifi  PUT: block16 the link's name, block16 the network as struct tw_wifi_network has it (empty: no network is to be joined).
 * wifi -> core  TAKEN: wpa_supplicant has the network, or was told to leave; FAILED: it has not, and in words why; with tag 0 it had. STATE: where it
 *               is (struct tw_wifi_state), whenever that is another one. EVENT: u8 enum tw_wifi_event, and words.
 */
#ifndef TW_SERVICE_WIFI_WIRE_H
#define TW_SERVICE_WIFI_WIRE_H
#include "base/buf.h"
#include "sys/channel.h"

#define TW_WIFI_WORDS_MAX 200
#define TW_WIFI_LINK_MAX 15  /* a network link's name */
#define TW_WIFI_SSID_MAX 32  /* octets, any */
#define TW_WIFI_MARK_SIZE 16 /* hex digits: which network this is, so that one that stands is not joined anew */
#define TW_WIFI_SECRET_MAX 128
#define TW_WIFI_IDENTITY_MAX 128
#define TW_WIFI_DOMAIN_MAX 253
#define TW_WIFI_DER_MAX 2000 /* a command to wpa_supplicant has 4,096 bytes, and takes it as hex */
#define TW_WIFI_NETWORK_MAX 8192

enum tw_wifi_kind { TW_WIFI_PSK = 1, TW_WIFI_SAE, TW_WIFI_EAP_TLS, TW_WIFI_PEAP, TW_WIFI_KINDS };
extern const char *const tw_wifi_kinds[TW_WIFI_KINDS]; /* as administrators say them */

/* All borrowed. Of those without EAP: secret, the passphrase. */
struct tw_wifi_network {
	enum tw_wifi_kind kind;
	struct tw_slice mark, ssid, secret;
	struct tw_slice identity, domain, authority; /* of EAP; authority: DER */
	struct tw_slice outer;                       /* of PEAP: said before the server is known, may be empty */
	struct tw_slice certificate, key;            /* of EAP-TLS, DER */
};
/* What joins by wpa_supplicant's commands has to be fit for them: SYNTAX, with which field is not. */
tw_err tw_wifi_network_check(const struct tw_wifi_network *n);
tw_err tw_wifi_network_write(const struct tw_wifi_network *n, struct tw_buf *ret); /* reserve it first, and wipe it */
tw_err tw_wifi_network_read(struct tw_slice s, struct tw_wifi_network *ret);

/* What wpa_supplicant says of itself. Texts are printable. */
#define TW_WIFI_COMPLETED "COMPLETED" /* it has joined a network, which is ours where joined says so */
struct tw_wifi_state {
	bool joined;
	char state[24]; /* its word: SCANNING, COMPLETED */
	char bssid[18], authentication[24], cipher[16];
	uint8_t protects; /* management frames: 0 no, 1 it may, 2 required */
	uint16_t mhz;
	int16_t dbm; /* signal; 0: not known */
};
tw_err tw_wifi_state_write(const struct tw_wifi_state *s, struct tw_buf *ret);
tw_err tw_wifi_state_read(struct tw_slice s, struct tw_wifi_state *ret);

enum tw_wifi_event {
	TW_WIFI_OTHER,   /* nothing that anybody here asks for */
	TW_WIFI_LOST,    /* words: why */
	TW_WIFI_REFUSED, /* by the network, or we refuse its server; words: why */
	TW_WIFI_VAGUE,   /* it does not come to that; words: what is known, where nothing better is */
	TW_WIFI_ENDS,    /* wpa_supplicant does */
	TW_WIFI_EVENTS
};

enum tw_wifi_wire {
	TW_WIFI_PUT = 0x0e01,
	TW_WIFI_TAKEN = 0x0e11,
	TW_WIFI_FAILED,
	TW_WIFI_STATE,
	TW_WIFI_EVENT,
};
extern const struct tw_channel_row tw_rows_wifi_from_core[], tw_rows_core_from_wifi[];
#endif

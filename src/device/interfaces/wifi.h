/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wi-Fi: the networks that the owner has told this device of, which of them is to be joined, and how that goes.
 *
 * Networks are kept with their secrets sealed by the keys role, and read back by nobody. Which one is joined is a setting (wifi.network) that waits to be
 * confirmed: the one before is still kept, so that going back needs nothing but its name. Joining is the wifi role's (src/device/wifi).
 */
#ifndef TW_DEVICE_INTERFACES_WIFI_H
#define TW_DEVICE_INTERFACES_WIFI_H
#include "device/interfaces/interfaces.h"
#include "service/firewall/wifi-wire.h"

#define TW_WIFI_NAME_MAX 32
#define TW_WIFI_NETWORKS_MAX 8
#define TW_WIFI_SETTING "wifi.network"
#define TW_WIFI_LINK_SETTING "wifi.link"

struct tw_wifi {
	struct tw_context *context;
	bool begun, asked, told, taken; /* taken: wpa_supplicant has it */
	bool looked;                    /* had is as the store has it */
	bool joined_said;               /* that it is joined was recorded last */
	tw_channel *line;
	uint32_t tag;
	int64_t until_ms, again_at_ms, again_ms;      /* boot clock */
	char name[TW_WIFI_NAME_MAX + 1];              /* as the role was told last; "": none */
	char link[TW_WIFI_LINK_MAX + 1];              /* likewise */
	char had[TW_WIFI_LINK_MAX + 1];               /* the link that may have a network of ours; "": none */
	struct tw_wifi_state state;                   /* of it */
	char why[TW_DETAIL_MAX], said[TW_DETAIL_MAX]; /* why it is not joined; said: as it was recorded */
};

tw_err tw_wifi_start(struct tw_device *d);
void tw_wifi_stop(struct tw_device *d);
/* Does the device live by what the setting says now? NULL: yes, or it is none of Wi-Fi's; else why not yet. */
const char *tw_wifi_unsettled(struct tw_context *c, const char *key);
bool tw_wifi_is_listed(const struct tw_device *d);                                  /* roles.tab has its line */
const struct tw_wifi_state *tw_wifi_joined(struct tw_context *c, const char *link); /* NULL: that link has joined none by us */
const char *tw_wifi_name(struct tw_context *c); /* of the network that is to be joined, "" none; as the role was told */

/* wifi-networks.c: what is kept. */
tw_err tw_wifi_kept(struct tw_device *d, json_t **ret); /* an array, perhaps empty */
tw_err tw_wifi_keep(struct tw_device *d, json_t *networks);
json_t *tw_wifi_find(const json_t *networks, const char *name); /* borrowed; NULL: none */
bool tw_wifi_is_whole(const json_t *network);                   /* it lacks no certificate */
struct tw_wifi_opened {                                         /* one with its secrets opened: what network borrows */
	struct tw_wifi_network network;
	struct tw_buf ssid, mark, secret, key, authority, certificate;
	json_t *json;
};
/* NOTFOUND: there is none of this name. */
tw_err tw_wifi_open(struct tw_device *d, const char *name, struct tw_wifi_opened *ret);
void tw_wifi_opened_done(struct tw_wifi_opened *o); /* wipes */
tw_err tw_wifi_seal(struct tw_device *d, struct tw_slice plain, struct tw_buf *ret);
/* The one certificate in PEM, or a private key: DER. SYNTAX. */
tw_err tw_wifi_der(struct tw_slice pem, const char *label, struct tw_buf *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this device is at home. The owner names home systems (home.systems) and one among them that can prove it (home.witness): by a key of its own, in
 * mutual TLS, over one link. As long as it does, that link is home. Anywhere else, and wherever that is not known, what is for home systems goes by the
 * tunnel (home.tunnel) or, where there is none, as mutual TLS alone: the packet filter sees to that for every program, the role that connects to others for
 * this device's own.
 */
#ifndef TW_DEVICE_PLATFORM_HOME_H
#define TW_DEVICE_PLATFORM_HOME_H
#include "device/platform/device.h"
#include "service/fetch/fetch-wire.h"
#include "service/firewall/ruleset.h"

#define TW_HOME_SYSTEMS "home.systems"
#define TW_HOME_TUNNEL "home.tunnel"
#define TW_HOME_WITNESS "home.witness"
#define TW_HOME_PERIOD "home.period"

extern const char *const tw_home_words[]; /* by enum tw_home_at */

/* "LINK ADDRESS:PORT KEY", which is the SHA-256 of a SubjectPublicKeyInfo in hexadecimal digits. "": none. SYNTAX */
struct tw_home_witness {
	char link[TW_MANIFEST_LINK_MAX + 1]; /* "": there is none */
	char place[64];                      /* ADDRESS:PORT, as it was written */
	struct tw_network host;
	uint16_t port;
	char key[TW_DEMAND_KEY_SIZE];
};
tw_err tw_home_witness_read(const char *text, struct tw_home_witness *ret);
tw_err tw_home_link_read(const char *text, char ret[TW_MANIFEST_LINK_MAX + 1]); /* one that is no loopback. SYNTAX */
tw_err tw_home_systems_read(const char *text, struct tw_home_rules *ret);       /* SYNTAX, LIMIT */
bool tw_home_is_declared(struct tw_context *c);                                 /* home systems are */
bool tw_home_is_here(const struct tw_device *d);                                /* it is proven, now */
int64_t tw_home_lease_s(struct tw_context *c);                                  /* for how long a proof counts */
/* What these settings make of the rules, while this is home or is not. */
tw_err tw_home_rules(struct tw_device *d, const char *systems, const char *tunnel, const char *witness, struct tw_home_rules *ret);
/* To whom nothing may be said now but by mutual TLS, in room of TW_DEMAND_HOME_MAX * TW_DEMAND_HOME_SIZE. */
tw_err tw_home_demand(struct tw_context *c, char *room, struct tw_slice *ret);
void tw_home_shaken(struct tw_device *d, const char *link); /* something is other with a link: what was proven there is not any more */
void tw_home_forget(struct tw_device *d);
#endif

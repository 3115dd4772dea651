/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the firewall role: which rules are to stand, whether they do, and that they are put back when somebody else changes them.
 *
 * Where they are to stand, front gets its key only after they have stood once: no byte goes out before.
 */
#ifndef TW_DEVICE_PLATFORM_FIREWALL_H
#define TW_DEVICE_PLATFORM_FIREWALL_H
#include "device/platform/device.h"

struct tw_core;
typedef struct tw_firewall tw_firewall;
tw_err tw_firewall_new(struct tw_core *c, const char *ports /* hands' word: "8443,", NULL: none */, tw_firewall **ret);
tw_firewall *tw_firewall_free(tw_firewall *f); /* what stands goes on standing */
bool tw_firewall_ready(struct tw_device *d);   /* front may be told its key: no rules are to stand, or they have */
/* Does the device live by this setting? NULL: yes, or it is none of ours; else why not yet. */
const char *tw_firewall_unsettled(struct tw_context *c, const char *key);
/* The kernel keeps our ports for the networks of firewall.management, as was last read back; else why not, in words of ours. NULL: it does. */
const char *tw_firewall_lets_in(struct tw_context *c);
/* The kernel drops what goes to a destination that no flow of the product names, likewise. */
const char *tw_firewall_lets_out(struct tw_context *c);
/* Why firewall.ingress and firewall.egress are not obeyed; "" when they are. */
const char *tw_firewall_unjudged(struct tw_context *c);
/* The rules about home systems stand as they are to. NULL: they do; else why not, as a sentence. */
const char *tw_firewall_keeps_home(struct tw_context *c);
void tw_firewall_renew_home(struct tw_device *d);                  /* that this is home was proven anew */
bool tw_firewall_offers(const struct tw_device *d, uint16_t port); /* the device's own HTTPS is there */
#endif

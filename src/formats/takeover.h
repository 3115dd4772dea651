/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over: the message whose HMAC under the label's secret proves, in each direction, that the sender has read the label.
 * doc/spec/takeover.md is the protocol; built here once for the tool, core and keys, so that they cannot differ.
 */
#ifndef TW_FORMATS_TAKEOVER_H
#define TW_FORMATS_TAKEOVER_H
#include "base/buf.h"
#include "base/mem.h"

#define TW_TAKEOVER_LABEL "thingward-takeover-1" /* followed by its NUL */
#define TW_TAKEOVER_SECRET 16
#define TW_TAKEOVER_CHALLENGE 32
#define TW_TAKEOVER_MESSAGE 156 /* label and NUL, "client" or "device" and NUL, four times 32 bytes */

struct tw_takeover {
	bool from_device;      /* the device's answer; false: the client's proof */
	uint8_t challenge[32]; /* the device's nonce */
	uint8_t client_nonce[32];
	uint8_t listener[32]; /* SHA-256 of the listener's SubjectPublicKeyInfo, as the client saw it in TLS */
	uint8_t owner[32];    /* the same of the key in the owner's certificate; zero for a browser */
};
void tw_takeover_message(const struct tw_takeover *t, uint8_t ret[TW_TAKEOVER_MESSAGE]);
bool tw_takeover_is_message(struct tw_slice s); /* what keys asks before it uses the secret */
tw_err tw_takeover_proof(const struct tw_takeover *t, const uint8_t secret[TW_TAKEOVER_SECRET], uint8_t ret[32]);
#endif

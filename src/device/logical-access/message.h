/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes out of band: a second factor of eight digits, which the device has the organization's gateway send to where the account wants it.
 *
 * The gateway is a web service that whoever owns the device named: one POST by HTTPS for each code, trusted by the certificate that was given
 * with the address and by no other. What becomes of the message there is its affair. A code is good once, for the login that asked for it, for as
 * long as that lasts (five minutes at most), and for three tries. Whoever logs in is answered the same whether the gateway takes it or not: what
 * fails is an event. Codes are in memory alone; a restart forgets them.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_MESSAGE_H
#define TW_DEVICE_LOGICAL_ACCESS_MESSAGE_H
#include "device/logical-access/login-factor.h"

#define TW_MESSAGE_TRIES 3
#define TW_MESSAGE_HOUR_MS 3600000
#define TW_MESSAGE_PER_HOUR 5      /* for one account: who knows its password does not make its telephone ring without end */
#define TW_MESSAGE_ALL_PER_HOUR 64 /* for all of them, which the organization pays for */
#define TW_MESSAGE_WAITING 8       /* until the role that connects to others has done something else; one more is refused */
#define TW_MESSAGE_TO_MAX 128
#define TW_GATEWAY_URL_MAX 512
#define TW_GATEWAY_SECRET_MAX 256

/* A code that waits to be sent. */
struct tw_message_wait {
	int64_t account; /* 0: free */
	int64_t until_ms;
	char code[TW_MESSAGE_DIGITS + 1];
};
struct tw_messages {
	struct tw_message_wait waiting[TW_MESSAGE_WAITING]; /* the oldest first */
	bool sending;                                       /* the first */
	int64_t again_ms; /* boot clock: when the role is asked again that was busy with something else */
	struct {
		int64_t account, at_ms;
	} sent[TW_MESSAGE_ALL_PER_HOUR]; /* account 0: free */
};

tw_err tw_message_wanted(struct tw_device *d, int64_t account, bool *ret); /* there is a place to send to, or was one that ended */
tw_err tw_message_begin(const struct tw_factor_step *t);
tw_err tw_message_verify(const struct tw_factor_step *t);
void tw_messages_stop(struct tw_device *d);

/* gateway.c */
struct tw_gateway {
	char url[TW_GATEWAY_URL_MAX + 1];
	struct tw_buf anchors, secret; /* secret: empty when there is none; wiped */
};
void tw_gateway_done(struct tw_gateway *g);
tw_err tw_gateway_read(struct tw_device *d, struct tw_gateway *ret); /* NOTFOUND: none was named */
tw_err tw_destination_of(struct tw_device *d, int64_t account, bool *ret_is, char ret[TW_MESSAGE_TO_MAX + 1]); /* "": it ended */
#endif

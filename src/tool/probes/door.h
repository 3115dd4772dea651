/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A door for the device to come to: a TLS server at a port of this machine's loopback, with an authority and a certificate for localhost of its own. A
 * device that is elsewhere cannot come, and then a finding says so.
 */
#ifndef TW_TOOL_PROBES_DOOR_H
#define TW_TOOL_PROBES_DOOR_H
#include "crypto/cert.h"

#include <netinet/in.h>
#include <openssl/ssl.h>

#define TW_DOOR_WAIT_MS 15000 /* for the role that connects to start, and for a slow device */

struct tw_door {
	const struct tw_sys *sys;
	SSL_CTX *ctx; /* the caller's to make; freed with the door */
	tw_key *ca_key, *key;
	tw_cert *ca, *cert;
	int fd, guest; /* -1 before */
	unsigned port;
	struct in_addr address; /* of this machine's; 0: the loopback's */
};
void tw_door_done(struct tw_door *d);
tw_err tw_door_make(const struct tw_sys *sys, struct tw_door *d); /* keys and certificates */
tw_err tw_door_listen(struct tw_door *d);
bool tw_door_wait(const struct tw_door *d, int fd, short what, int64_t until);
tw_err tw_door_take(struct tw_door *d, int64_t until); /* TIMEOUT: nobody came */
/* UNTRUSTED: a certificate came and was refused, or none came. CLOSED: it never got that far. */
tw_err tw_door_shake(const struct tw_door *d, SSL *ssl, int64_t until);
#endif

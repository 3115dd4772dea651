/* SPDX-License-Identifier: Apache-2.0 */
/* TLS of the front role: what is offered, the key that is elsewhere, and OpenSSL's bytes through the seam. */
#ifndef TW_SERVICE_FRONT_TLS_H
#define TW_SERVICE_FRONT_TLS_H
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "crypto/dnsnames.h"
#include "sys/channel.h"

#include <openssl/ssl.h>

typedef struct tw_front_tls tw_front_tls;
/* keys signs for the certificate's key and outlives the object. der: a certificate, and what vouches for it. */
tw_err tw_front_tls_new(const struct tw_sys *sys, tw_channel *keys, struct tw_slice der, tw_front_tls **ret);
/*
 * The owner's certificate for the same key, in place of the one before it; empty: none. It is shown to whoever asks for one of its names (SNI)
 * and to nobody else, so that a stranger who has the address alone does not learn them. On an error all stays as it was.
 */
tw_err tw_front_tls_named(tw_front_tls *t, struct tw_slice certificate_der);
void tw_front_tls_site(tw_front_tls *t); /* of a server: its names are those of the certificate that everybody is shown */
const struct tw_dns_names *tw_front_tls_names(const tw_front_tls *t);
/* Counted: a connection made under an old certificate keeps what it was made with. */
tw_front_tls *tw_front_tls_ref(tw_front_tls *t);
tw_front_tls *tw_front_tls_unref(tw_front_tls *t);
TW_DEFINE_FREEP(tw_front_tls, tw_front_tls_unref)

/* One connection's bytes below TLS. */
struct tw_front_line {
	int fd;
	bool more;       /* see tw_front_tls_more */
	size_t turn;     /* bytes that may still be read in this turn; then it is another connection's */
	unsigned rekeys; /* key updates of the peer so far */
};
/* A server's object reading and writing the line, which outlives it, or one without any bytes yet when line is NULL. */
tw_err tw_front_tls_accept(const tw_front_tls *t, struct tw_front_line *line, SSL **ret);
/* Until it is taken back, what is written waits a moment in the kernel for what follows: an answer for its close_notify. */
void tw_front_tls_more(SSL *ssl, bool follows);
/* A client's object that trusts exactly this listener certificate: for the self-request. */
tw_err tw_front_tls_connect(const tw_front_tls *t, SSL **ret);
/* NOTFOUND: the client showed no certificate. */
tw_err tw_front_tls_client_key(SSL *ssl, uint8_t ret[32]);
/* DER of the certificate the client showed; NOTFOUND: none, LIMIT: longer than ret takes. Who vouches for it is core's to judge. */
tw_err tw_front_tls_client_certificate(SSL *ssl, struct tw_buf *ret);
void tw_front_tls_negotiated(SSL *ssl, uint16_t *ret_suite, uint16_t *ret_group); /* 0: of no kind that we offer */
tw_err tw_front_tls_exporter(SSL *ssl, uint8_t ret[32]);                          /* RFC 9266 */
#endif

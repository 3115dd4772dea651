/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One conversation with a port of a device that is looked at from outside: plain or TLS, each step with an end in time.
 *
 * It believes nobody: certificates are looked at and never judged by whom they are from, so nothing that is worth anything may be sent over it.
 * OpenSSL reads and writes memory only; the bytes pass the seam here.
 */
#ifndef TW_TOOL_OUTSIDE_LINE_H
#define TW_TOOL_OUTSIDE_LINE_H
#include "base/buf.h"
#include "base/mem.h"

#include <netinet/in.h>

typedef struct x509_st X509;

union tw_place_ip {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};
struct tw_host {
	union tw_place_ip at;
	socklen_t size;
	char text[128]; /* as it was named */
};
/* A numeric address; of IPv6 with %INTERFACE where it is link-local. SYNTAX. */
tw_err tw_host_parse(const char *text, struct tw_host *ret);
struct tw_host tw_host_at(const struct tw_host *h, uint16_t port);

/* What is offered in a handshake. version 0: no TLS at all. */
struct tw_offer {
	int version;         /* TLS1_VERSION to TLS1_3_VERSION, and only that */
	const char *ciphers; /* of TLS 1.2 and older, as OpenSSL names them; NULL: all that it has */
};

typedef struct tw_line tw_line;
/*
 * CLOSED: refused, or the handshake ended without a word. DENIED: the other side refused it by an alert, or chose another version.
 * STATE: it agreed to the offer, and ended the handshake later, such as for want of a certificate of ours; ret is there, for what it showed.
 * TIMEOUT: nobody answered in time.
 * UNSUPPORTED: this OpenSSL cannot offer it.
 */
tw_err tw_line_open(const struct tw_sys *sys, const struct tw_host *host, uint16_t port, const struct tw_offer *offer,
	int64_t within_ms, tw_line **ret);
tw_line *tw_line_free(tw_line *l);
TW_DEFINE_FREEP(tw_line, tw_line_free)
tw_err tw_line_send(tw_line *l, struct tw_slice bytes);
/* Appends what comes until quiet_ms without a byte, within_ms in all, the other's end or the end of ret. Nothing is an answer too. */
tw_err tw_line_hear(tw_line *l, int64_t quiet_ms, int64_t within_ms, struct tw_buf *ret, bool *ret_ended);
int64_t tw_mono_ms(const struct tw_sys *sys);
X509 *tw_line_certificate(const tw_line *l);  /* borrowed; NULL without TLS, or where none was shown */
const char *tw_line_cipher(const tw_line *l); /* "" without TLS */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), by which PostgreSQL is shown that we know the password, and shows that it does, without either
 * saying it. It is bound to the TLS channel (tls-server-end-point, RFC 5929): who sits between with a certificate of his own gets a proof that fits no
 * other channel. Pure, but for memory.
 */
#ifndef TW_SUPPORT_LINE_SCRAM_H
#define TW_SUPPORT_LINE_SCRAM_H
#include "base/buf.h"

#define TW_SCRAM_BINDING "p=tls-server-end-point,,"
#define TW_SCRAM_NONCE_MAX 128 /* the server's with ours before it */
#define TW_SCRAM_SALT_MAX 64
#define TW_SCRAM_ROUNDS_MIN 4096   /* RFC 7677 section 4: fewer, and who listens guesses too fast */
#define TW_SCRAM_ROUNDS_MAX 200000 /* half a second; a server must not choose how long we compute */
#define TW_SCRAM_PASSWORD_MAX 256
#define TW_SCRAM_MAX 1024 /* a message */

struct tw_scram {
	const struct tw_sys *sys;
	const char *header; /* TW_SCRAM_BINDING; a test's vector has none */
	char nonce[33];
	uint8_t server[32]; /* the signature that the server has to answer with */
	bool answered;
};
/* sys gives the random nonce. */
tw_err tw_scram_begin(const struct tw_sys *sys, struct tw_scram *ret);
tw_err tw_scram_first(const struct tw_scram *s, struct tw_buf *ret);
/* What the server said to that. binding: the certificate's digest. SYNTAX, UNTRUSTED, LIMIT: what is wrong with it. */
tw_err tw_scram_answer(struct tw_scram *s, struct tw_slice said, struct tw_slice password, struct tw_slice binding, struct tw_buf *ret);
/* UNTRUSTED: it does not know the password, or refused ours. */
tw_err tw_scram_judge(const struct tw_scram *s, struct tw_slice said);
/* One line of printable ASCII, borrowed from text: others' spelling would have to be prepared as the server does it. SYNTAX. */
tw_err tw_scram_password(struct tw_slice text, struct tw_slice *ret);
#endif

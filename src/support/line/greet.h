/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of PostgreSQL's protocol (version 3.0) up to the point where the server has let us in; from there on bytes pass unread. Pure, but for memory. */
#ifndef TW_SUPPORT_LINE_GREET_H
#define TW_SUPPORT_LINE_GREET_H
#include "base/buf.h"

#define TW_GREET_MAX 8192 /* a message of the server's before it has let us in; it may be hostile */
#define TW_GREET_WORDS 256
#define TW_GREET_TLS "\0\0\0\x08\x04\xd2\x16\x2f" /* asks for TLS: one byte comes back */

enum tw_greet_kind { TW_GREET_OTHER, TW_GREET_IN, TW_GREET_SASL, TW_GREET_CHALLENGE, TW_GREET_FINAL, TW_GREET_REFUSED };
struct tw_greet {
	enum tw_greet_kind kind;
	struct tw_slice data;       /* CHALLENGE, FINAL: what SCRAM says; OTHER: nothing */
	bool bound;                 /* SASL: SCRAM-SHA-256-PLUS is among what it takes */
	char words[TW_GREET_WORDS]; /* REFUSED: the server's, of one line */
};
/* The first message of at, in *ret_size bytes; 0: it is not whole yet. SYNTAX, LIMIT. */
tw_err tw_greet_read(struct tw_slice at, struct tw_greet *ret, size_t *ret_size);
/* The first message of a client, which has no kind: whether it is whole, and begins a session of ours. 0: not yet. */
tw_err tw_greet_client(struct tw_slice at, size_t *ret_size);
tw_err tw_greet_begin(const char *user, const char *database, struct tw_buf *ret);
tw_err tw_greet_scram(struct tw_slice first, struct tw_buf *ret);
tw_err tw_greet_answer(struct tw_slice last, struct tw_buf *ret);
/* What the client is told in place of the server: let in; or why it cannot be. */
tw_err tw_greet_in(struct tw_buf *ret);
tw_err tw_greet_refuse(const char *words, struct tw_buf *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is demanded of the other side in its handshake, and which demand it was when there is none: version, suites and groups, whose key, and what
 * stands against its certificate. All of it is judged before a byte of the job goes out.
 */
#ifndef TW_DEVICE_FETCH_SECURE_H
#define TW_DEVICE_FETCH_SECURE_H
#include "crypto/key.h"
#include "service/fetch/fetch-wire.h"

#include <openssl/ssl.h>

#define TW_SECURE_DIGEST 32
struct tw_secured {
	const struct tw_sys *sys;
	const struct tw_fetch_job *job;
	tw_key *key;         /* the client's, when the job has a certificate */
	const char *against; /* the rule by which a stapled answer, or the want of one, stands against the server's certificate */
	bool has_other_key, is_another;
	bool was_asked;                        /* for our certificate, in the last handshake */
	int alert;                             /* that ended the handshake, as either side sent it; 0: none */
	uint8_t certificate[TW_SECURE_DIGEST]; /* SHA-256 of the server's, in DER, of the last handshake */
	bool is_attested;                      /* it has said its state, and from now on it has to be the same */
	uint8_t attested[TW_SECURE_DIGEST];
};
bool tw_secure_can(const struct tw_fetch_job *job); /* false: what is demanded leaves nothing to speak */
bool tw_secure_begin(struct tw_secured *s, SSL_CTX *ctx);
/* What it was by name, where otherwise has nothing better to say than TLS; ret_words is changed where we know better. */
enum tw_fetch_failure tw_secure_failure(const struct tw_secured *s, enum tw_fetch_failure otherwise, const char **ret_words);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core asks the hash role of passkeys (WebAuthn), beside its questions of passwords. What a browser handed on of its authenticator is parsed
 * there, by libfido2, in a process that holds nothing: core sees lengths, and what came of it.
 *
 * core -> hash  ENROL: is this what such an authenticator says of a new key? ASSERT: has that key signed this?
 * hash -> core  ENROLLED with the key; VERIFIED, 0 also when an ENROL is none.
 *
 * Challenge, origin and type stand in the client data, which core has read; its SHA-256 is what the authenticator signed. Pure.
 */
#ifndef TW_SERVICE_PASSKEY_WIRE_H
#define TW_SERVICE_PASSKEY_WIRE_H
#include "service/hash/hash-wire.h"

enum tw_passkey_kind { TW_PASSKEY_ES256 = 1, TW_PASSKEY_EDDSA, TW_PASSKEY_KINDS };
#define TW_PASSKEY_SITE_MAX 253     /* a DNS name: the relying party */
#define TW_PASSKEY_ID_MAX 512       /* bytes; hardware tokens have 64, those that hold the sealed key itself up to 300 */
#define TW_PASSKEY_KEY_MAX 64       /* P-256: x and y; Ed25519 has 32 */
#define TW_PASSKEY_SIGNATURE_MAX 80 /* ECDSA over P-256 is at most 72 */
#define TW_PASSKEY_DATA_MIN 37      /* the relying party's hash, flags, counter */
#define TW_PASSKEY_DATA_MAX 1024    /* and a new key with the longest id, and some extensions */
#define TW_PASSKEY_COUNTER_AT 33
#define TW_PASSKEY_QUESTION_MAX \
	(2 + TW_PASSKEY_SITE_MAX + 1 + 2 + TW_PASSKEY_KEY_MAX + 32 + 2 + TW_PASSKEY_DATA_MAX + 2 + TW_PASSKEY_SIGNATURE_MAX)
#define TW_PASSKEY_ENROLLED_MAX (1 + 2 + TW_PASSKEY_KEY_MAX + 2 + TW_PASSKEY_ID_MAX)

struct tw_passkey_enrol {
	struct tw_slice site, data;
};
struct tw_passkey_assert {
	struct tw_slice site;
	enum tw_passkey_kind kind;
	struct tw_slice key;
	uint8_t client_hash[32];
	struct tw_slice data, signature;
};
struct tw_passkey_enrolled {
	enum tw_passkey_kind kind;
	struct tw_slice key, id;
};
/* What is read borrows from the payload. SYNTAX, LIMIT. */
tw_err tw_passkey_enrol_write(const struct tw_passkey_enrol *q, struct tw_buf *ret);
tw_err tw_passkey_enrol_read(struct tw_slice payload, struct tw_passkey_enrol *ret);
tw_err tw_passkey_assert_write(const struct tw_passkey_assert *q, struct tw_buf *ret);
tw_err tw_passkey_assert_read(struct tw_slice payload, struct tw_passkey_assert *ret);
tw_err tw_passkey_enrolled_write(const struct tw_passkey_enrolled *a, struct tw_buf *ret);
tw_err tw_passkey_enrolled_read(struct tw_slice payload, struct tw_passkey_enrolled *ret);
size_t tw_passkey_key_size(enum tw_passkey_kind kind); /* 0: there is no such kind */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys (WebAuthn level 2) as credentials of accounts, on either side: keys in a token, a telephone or a computer, that sign a challenge for one
 * site and never leave there. Here is what is kept of them, and what a browser sends of one; for which page and which challenge it is good, and
 * what it opens, each side says itself.
 *
 * What the browser says it asked is read by whoever asks (formats/clientdata.h); what the authenticator says is parsed and verified by libfido2 in the
 * hash role, in a process that does this once and ends (service/hash).
 *
 * No attestation is asked for: what kind of thing holds the key is not known, and who enrols it in a session of his own vouches for it. The counter
 * of an authenticator that counts has to rise; when it does not, there are two with one key, and neither comes in by it.
 */
#ifndef TW_SERVICE_ACCESS_PASSKEY_H
#define TW_SERVICE_ACCESS_PASSKEY_H
#include "formats/clientdata.h"
#include "service/access/account.h"
#include "service/hash/passkey-wire.h"

#define TW_PASSKEYS_OWN 8    /* of one account */
#define TW_PASSKEY_MS 300000 /* so long a challenge is good */
#define TW_PASSKEY_FLAGS_AT 32
#define TW_PASSKEY_VERIFIED 0x04 /* the authenticator has seen for itself who holds it: by a PIN, a finger, a face */

struct tw_passkey {
	int64_t id, account; /* id 0: there is none */
	int64_t made_ms;
	uint32_t counter;
	enum tw_passkey_kind kind;
	char label[TW_ACCOUNT_NAME_MAX + 1], site[TW_PASSKEY_SITE_MAX + 1];
	uint8_t key[TW_PASSKEY_KEY_MAX], handle[TW_PASSKEY_ID_MAX];
	size_t handle_size;
};
tw_err tw_passkey_by_handle(struct tw_context *c, struct tw_slice handle, struct tw_passkey *ret);
tw_err tw_passkey_by_id(struct tw_context *c, int64_t id, struct tw_passkey *ret);
tw_err tw_passkey_each(struct tw_context *c, int64_t account, tw_err (*take)(void *user, const struct tw_passkey *p), void *user);
tw_err tw_passkey_put(struct tw_context *c, const struct tw_passkey *p, int64_t *ret_id); /* inside a transaction of the caller's */
tw_err tw_passkey_drop_of(struct tw_context *c, int64_t account);                         /* all of an account */
/* It has counted so far. DENIED: not further than before, or another use came between. */
tw_err tw_passkey_counted(struct tw_context *c, const struct tw_passkey *p, uint32_t counter);
tw_err tw_passkey_tell_counter(struct tw_context *c, int64_t account, int64_t credential); /* the event of that */
tw_err tw_passkey_handles(struct tw_context *c, int64_t account, const char *site, json_t *ret); /* appends those of this site, base64url */

/* Bytes that came as base64url; SYNTAX, LIMIT. */
struct tw_passkey_bytes {
	uint8_t at[TW_PASSKEY_DATA_MAX];
	size_t size;
};
tw_err tw_passkey_bytes(const json_t *from, const char *key, size_t max, struct tw_passkey_bytes *ret);
uint32_t tw_passkey_counter(const struct tw_passkey_bytes *data); /* of at least TW_PASSKEY_DATA_MIN bytes */
bool tw_passkey_verified(const struct tw_passkey_bytes *data);    /* likewise; worth as much as the signature is */

/* Of a new one: members client_data and authenticator_data. SYNTAX, LIMIT, DENIED: it is not what was asked for. */
tw_err tw_passkey_made_read(const json_t *from, const struct tw_client_data_want *want, struct tw_passkey_bytes *ret_data);
void tw_passkey_made(struct tw_passkey *p, const struct tw_passkey_enrolled *made); /* its key and id, as the hash role read them */

/* Of one that has signed: members credential, client_data, authenticator_data and signature. SYNTAX, LIMIT. */
struct tw_passkey_shown {
	struct tw_passkey_bytes credential, client, data, signature;
};
tw_err tw_passkey_shown_read(const json_t *from, struct tw_passkey_shown *ret);
/* By which it is said to be, id 0: none, asked by that page and challenge; SYNTAX, DENIED: by another. */
tw_err tw_passkey_shown_by(
	struct tw_context *c, const struct tw_passkey_shown *s, const struct tw_client_data_want *want, struct tw_passkey *ret);
/* What the hash role is asked; borrows from both. */
tw_err tw_passkey_question(const struct tw_passkey *p, const struct tw_passkey_shown *s, struct tw_passkey_assert *ret);
bool tw_passkey_is_no(tw_err e); /* of what came: it opens nothing; anything else is a failure of ours */
#endif

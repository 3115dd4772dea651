/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys (WebAuthn level 2): keys in a token, a telephone or a computer, that sign a challenge for one site and never leave there. Here a second
 * factor beside the password, of the account that enrolled it.
 *
 * A browser has them for a DNS name alone, and only where it trusts the page's certificate: the site is one of the names that an owner has given the
 * device (names.h), as the request came by it, and the page is that one, port included. A challenge is random, for one login or one enrolment, for
 * five minutes, and used up by the first answer, whatever that is worth. Core reads what the browser says it asked (formats/clientdata.h); what the
 * authenticator says is parsed and verified by libfido2 in the hash role, in a process that does this once and ends.
 *
 * No attestation is asked for: what kind of thing holds the key is not known, and who enrols it in a session of his own vouches for it. The counter
 * of an authenticator that counts has to rise; when it does not, there are two with one key, and neither comes in by it.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_PASSKEY_H
#define TW_DEVICE_LOGICAL_ACCESS_PASSKEY_H
#include "device/logical-access/login-factor.h"
#include "service/hash/passkey-wire.h"

#define TW_PASSKEYS_OWN 8 /* of one account */
#define TW_PASSKEY_MS 300000

/* Under which name a request came, and the page that may have sent it. */
struct tw_passkey_site {
	char name[TW_PASSKEY_SITE_MAX + 1], origin[TW_PASSKEY_SITE_MAX + 16];
};
bool tw_passkey_site(const struct tw_device *d, const struct tw_request *rq, struct tw_passkey_site *ret); /* false: under none of the device's names */
tw_err tw_passkey_elsewhere(const struct tw_device *d, struct tw_reply *rp);                               /* the problem of that */

struct tw_passkey {
	int64_t id, account; /* id 0: there is none */
	int64_t made_ms;
	uint32_t counter;
	enum tw_passkey_kind kind;
	char label[TW_ACCOUNT_NAME_MAX + 1], site[TW_PASSKEY_SITE_MAX + 1];
	uint8_t key[TW_PASSKEY_KEY_MAX], handle[TW_PASSKEY_ID_MAX];
	size_t handle_size;
};
tw_err tw_passkey_by_handle(struct tw_device *d, struct tw_slice handle, struct tw_passkey *ret);
tw_err tw_passkey_by_id(struct tw_device *d, int64_t id, struct tw_passkey *ret);
tw_err tw_passkey_each(struct tw_device *d, int64_t account, tw_err (*take)(void *user, const struct tw_passkey *p), void *user);
tw_err tw_passkey_put(struct tw_device *d, const struct tw_passkey *p, int64_t *ret_id); /* inside a transaction of the caller's */
/* It has counted so far. DENIED: not further than before, or another use came between. */
tw_err tw_passkey_counted(struct tw_device *d, const struct tw_passkey *p, uint32_t counter);
tw_err tw_passkey_handles(struct tw_device *d, int64_t account, const char *site, json_t *ret); /* appends those of this site, base64url */

/* An enrolment that waits for the authenticator. */
struct tw_passkey_offer {
	int64_t expires_ms, account; /* boot clock; past: free */
	char challenge[44], site[TW_PASSKEY_SITE_MAX + 1];
};
/* Bytes that came as base64url; SYNTAX, LIMIT. */
struct tw_passkey_bytes {
	uint8_t at[TW_PASSKEY_DATA_MAX];
	size_t size;
};
tw_err tw_passkey_bytes(const json_t *from, const char *key, size_t max, struct tw_passkey_bytes *ret);
uint32_t tw_passkey_counter(const struct tw_passkey_bytes *data); /* of at least TW_PASSKEY_DATA_MIN bytes */

/* login-passkey.c: the factor. */
tw_err tw_passkey_wanted(struct tw_device *d, int64_t account, bool *ret);
tw_err tw_passkey_begin(const struct tw_factor_step *t);
tw_err tw_passkey_verify(const struct tw_factor_step *t);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware token as WebAuthn (level 2) knows it, played: it makes one key of P-256 for a site and signs for it whatever it is given. What kind of thing
 * it is it does not say (attestation none), so a device that asks for more than that is not served by it.
 *
 * What a browser adds, the client data, is made here too: what was asked, by which challenge, for which page.
 */
#ifndef TW_TOOL_PROBES_WEBAUTHN_H
#define TW_TOOL_PROBES_WEBAUTHN_H
#include "base/json.h"
#include "crypto/key.h"

#define TW_PLAYED_ID 48        /* bytes; no two have the same */
#define TW_PLAYED_DATA_MAX 256 /* authenticator data with a new key has 180 */
#define TW_PLAYED_CLIENT_MAX 1024

struct tw_played_token {
	const struct tw_sys *sys;
	tw_key *key;
	uint8_t id[TW_PLAYED_ID];
};
tw_err tw_played_token_make(const struct tw_sys *sys, struct tw_played_token *ret);
void tw_played_token_done(struct tw_played_token *t);

/* What is said to which page: {"type": ..., "challenge": ..., "origin": ...} */
struct tw_played_page {
	const char *site, *origin, *challenge;
};
/* {client_data, authenticator_data} of a key that the token has made for the site; its counter stands at counter. */
tw_err tw_played_made(const struct tw_played_token *t, const struct tw_played_page *page, uint32_t counter, json_t **ret);
/* {credential, client_data, authenticator_data, signature}: signed by that key, which need not be the token's own. */
tw_err tw_played_signs(
	const struct tw_played_token *t, const tw_key *by, const struct tw_played_page *page, uint32_t counter, json_t **ret);
#endif

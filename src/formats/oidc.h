/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenID Connect Core 1.0, the relying party's side, pure: what is asked (authorization code flow, RFC 6749 section 4.1, with PKCE, RFC 7636), and what an
 * answer means. Nothing here connects, waits or keeps.
 *
 * A provider is who its issuer's address says and nobody else: its discovery document has to name that issuer, its places have to be https, and of
 * a token each claim is judged that says for whom, for which login and for how long it is. Algorithms are ES256 and RS256; which key a
 * signature is judged by, its `kid` and our list say, and the token's own header never brings one along.
 */
#ifndef TW_FORMATS_OIDC_H
#define TW_FORMATS_OIDC_H
#include "base/json.h"
#include "crypto/key.h"
#include "crypto/rsa.h"

#define TW_OIDC_URL_MAX 512
#define TW_OIDC_LOCATION_MAX 2048 /* where a browser is sent */
#define TW_OIDC_CLIENT_MAX 128
#define TW_OIDC_SECRET_MAX 128
#define TW_OIDC_CODE_MAX 1024
#define TW_OIDC_WORD 43 /* 32 random bytes in base64url: state, nonce and verifier */
#define TW_OIDC_KEYS_MAX 8
#define TW_OIDC_KID_MAX 128
#define TW_OIDC_CLAIM_MAX 64    /* the name of the claim that says who it is */
#define TW_OIDC_SUBJECT_MAX 255 /* OpenID Connect Core section 2 */
#define TW_OIDC_TOKEN_MAX (16 * 1024)
#define TW_OIDC_ANSWER_MAX (64 * 1024)
#define TW_OIDC_SKEW_S 60 /* that two clocks may differ by */

/* https, a host, plain ASCII, nobody's name or password, no fragment. */
bool tw_oidc_url_valid(const char *url);

/* --- The provider --- */

struct tw_oidc_places {
	char login[TW_OIDC_URL_MAX + 1], token[TW_OIDC_URL_MAX + 1], keys[TW_OIDC_URL_MAX + 1];
};
tw_err tw_oidc_discovery(const char *issuer, struct tw_buf *ret); /* where its document is */
/* SYNTAX: it is none, or a place in it is not https. UNTRUSTED: another issuer's. UNSUPPORTED: it takes no PKCE by S256. */
tw_err tw_oidc_places_read(struct tw_slice text, const char *issuer, struct tw_oidc_places *ret);

enum tw_oidc_algorithm { TW_OIDC_NONE, TW_OIDC_ES256, TW_OIDC_RS256 };
struct tw_oidc_key {
	enum tw_oidc_algorithm algorithm;
	char kid[TW_OIDC_KID_MAX + 1]; /* "": it has none */
	uint8_t point[TW_POINT_SIZE];
	struct tw_rsa_key rsa;
};
struct tw_oidc_keys {
	struct tw_oidc_key of[TW_OIDC_KEYS_MAX];
	size_t count;
};
/* What is not for signatures, or of another kind or size, is passed over; so is what is more than TW_OIDC_KEYS_MAX. SYNTAX: no set of keys. */
tw_err tw_oidc_keys_read(struct tw_slice text, struct tw_oidc_keys *ret);

/* --- What is asked --- */

struct tw_oidc_client {
	const char *issuer, *id, *back; /* back: where the browser comes back to */
};
struct tw_oidc_words {
	char state[TW_OIDC_WORD + 1], nonce[TW_OIDC_WORD + 1], verifier[TW_OIDC_WORD + 1];
};
/* He is asked to log in anew even if the provider knows him still: a login is a proof of now. */
tw_err tw_oidc_location(const struct tw_oidc_places *p, const struct tw_oidc_client *c, const struct tw_oidc_words *w, struct tw_buf *ret);
/* The body that turns a code into a token; wipe it. A client without a secret names itself in it. */
tw_err tw_oidc_exchange(const struct tw_oidc_client *c, bool has_secret, struct tw_slice code, const char *verifier, struct tw_buf *ret);
tw_err tw_oidc_basic(const struct tw_oidc_client *c, struct tw_slice secret, struct tw_buf *ret); /* RFC 6749 section 2.3.1; wipe it */

/* --- What is answered --- */

/* SYNTAX: there is no ID token in it. */
tw_err tw_oidc_answer_read(struct tw_slice text, struct tw_buf *ret_token);

/* Why a token says nothing, in the order in which it is asked. */
enum tw_oidc_fault {
	TW_OIDC_GOOD,
	TW_OIDC_FORM,
	TW_OIDC_ALGORITHM,
	TW_OIDC_KEY, /* it names a key that is not among them: they may have changed */
	TW_OIDC_SIGNATURE,
	TW_OIDC_ISSUER,
	TW_OIDC_AUDIENCE,
	TW_OIDC_TIME,
	TW_OIDC_NONCE,
	TW_OIDC_AGE, /* he did not log in for this */
	TW_OIDC_SUBJECT,
	TW_OIDC_FAULTS
};
extern const char *const tw_oidc_faults[TW_OIDC_FAULTS]; /* rules, in the words of a refusal */
struct tw_oidc_expected {
	const struct tw_oidc_client *client;
	const struct tw_oidc_keys *keys;
	const char *nonce, *claim; /* claim: "sub", or another one of text */
	int64_t now_s, since_s;    /* since: when this login began */
};
/* Fails without memory only. GOOD: ret_subject is who it is. */
tw_err tw_oidc_judge(const struct tw_sys *sys, struct tw_slice token, const struct tw_oidc_expected *x, enum tw_oidc_fault *ret,
	char ret_subject[TW_OIDC_SUBJECT_MAX + 1]);
#endif

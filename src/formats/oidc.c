/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/oidc.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/jwt.h"

#include <string.h>

#define HEADER_MAX 2048
#define KEYS_SEEN_MAX 64 /* entries of a set that are looked at */
#define AUDIENCES_MAX 16
#define AGE_S 300 /* the provider is asked for a login that is no older */

const char *const tw_oidc_faults[TW_OIDC_FAULTS] = { "", "oidc.token", "oidc.algorithm", "oidc.key", "oidc.signature",
	"oidc.issuer", "oidc.audience", "oidc.time", "oidc.nonce", "oidc.age", "oidc.subject" };

bool tw_oidc_url_valid(const char *url)
{
	static const char scheme[] = "https://";
	const char *host = url + strlen(scheme);

	if (strlen(url) > TW_OIDC_URL_MAX || strncmp(url, scheme, strlen(scheme)) != 0 || !strcspn(host, "/?#"))
		return false;
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}#@", *c))
			return false;
	return true;
}

/* --- The provider --- */

tw_err tw_oidc_discovery(const char *issuer, struct tw_buf *ret)
{
	const size_t size = strlen(issuer);

	return tw_buf_format(ret, "%.*s/.well-known/openid-configuration", (int)(size && issuer[size - 1] == '/' ? size - 1 : size), issuer);
}

static bool has_word(const json_t *list, const char *word)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), word))
			return true;
	return false;
}

static tw_err take_place(const json_t *j, const char *key, char ret[TW_OIDC_URL_MAX + 1])
{
	const char *url = tw_json_text(j, key);

	if (!tw_oidc_url_valid(url))
		return TW_RAISE(SYNTAX, "its %s is no address by https", key);
	(void)snprintf(ret, TW_OIDC_URL_MAX + 1, "%s", url);
	return TW_OK;
}

/* Whoever sends the document decides where codes and secrets go: it counts only for the issuer that it was asked of (mix-up). */
tw_err tw_oidc_places_read(struct tw_slice text, const char *issuer, struct tw_oidc_places *ret)
{
	static const struct tw_shape shape[] = { { "issuer", TW_JSON_TEXT, true, 1, TW_OIDC_URL_MAX },
		{ "authorization_endpoint", TW_JSON_TEXT, true, 1, TW_OIDC_URL_MAX },
		{ "token_endpoint", TW_JSON_TEXT, true, 1, TW_OIDC_URL_MAX }, { "jwks_uri", TW_JSON_TEXT, true, 1, TW_OIDC_URL_MAX },
		{ "code_challenge_methods_supported", TW_JSON_ARRAY, false, 0, 0 }, { "*", TW_JSON_ANY, false, 0, 0 }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(text, TW_OIDC_ANSWER_MAX, &j));
	TW_TRY(tw_json_check(j, shape));
	if (strcmp(tw_json_text(j, "issuer"), issuer) != 0)
		return TW_RAISE(UNTRUSTED, "it is the document of another issuer");
	const json_t *methods = tw_json_get(j, "code_challenge_methods_supported");
	if (methods && !has_word(methods, "S256"))
		return TW_RAISE(UNSUPPORTED, "the provider takes no code challenge by S256");
	TW_TRY(take_place(j, "authorization_endpoint", ret->login));
	TW_TRY(take_place(j, "token_endpoint", ret->token));
	return take_place(j, "jwks_uri", ret->keys);
}

static struct tw_slice text_of(const json_t *value)
{
	return (struct tw_slice){ json_string_value(value), json_string_length(value) };
}

static bool take_bytes(const json_t *j, const char *key, size_t max, uint8_t *ret, size_t *ret_size)
{
	const json_t *value = tw_json_get(j, key);

	return json_is_string(value) && !tw_failed(tw_parse_base64url(text_of(value), max, ret, ret_size));
}

static bool take_p256(const json_t *j, struct tw_oidc_key *k)
{
	size_t x = 0, y = 0;

	k->algorithm = TW_OIDC_ES256;
	k->point[0] = 4;
	return !strcmp(tw_json_text(j, "crv"), "P-256") && take_bytes(j, "x", 32, k->point + 1, &x) && x == 32 &&
		take_bytes(j, "y", 32, k->point + 33, &y) && y == 32;
}

static bool take_rsa(const json_t *j, struct tw_oidc_key *k)
{
	k->algorithm = TW_OIDC_RS256;
	return take_bytes(j, "n", TW_RSA_MAX, k->rsa.modulus, &k->rsa.modulus_size) &&
		take_bytes(j, "e", TW_RSA_EXPONENT_MAX, k->rsa.exponent, &k->rsa.exponent_size) && !tw_failed(tw_rsa_check(&k->rsa));
}

/* "": it says nothing of it. */
static bool says(const json_t *j, const char *key, const char *word)
{
	const char *text = tw_json_text(j, key);

	return !*text || !strcmp(text, word);
}

static bool take_key(const json_t *j, struct tw_oidc_key *k)
{
	const char *kid = tw_json_text(j, "kid");

	*k = (struct tw_oidc_key){ .algorithm = TW_OIDC_NONE };
	if (strlen(kid) > TW_OIDC_KID_MAX || !says(j, "use", "sig"))
		return false;
	(void)snprintf(k->kid, sizeof k->kid, "%s", kid);
	if (!strcmp(tw_json_text(j, "kty"), "EC"))
		return says(j, "alg", "ES256") && take_p256(j, k);
	return !strcmp(tw_json_text(j, "kty"), "RSA") && says(j, "alg", "RS256") && take_rsa(j, k);
}

tw_err tw_oidc_keys_read(struct tw_slice text, struct tw_oidc_keys *ret)
{
	static const struct tw_shape shape[] = { { "keys", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY, false, 0, 0 }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	ret->count = 0;
	TW_TRY(tw_json_parse(text, TW_OIDC_ANSWER_MAX, &j));
	TW_TRY(tw_json_check(j, shape));
	const json_t *keys = tw_json_get(j, "keys");
	for (size_t i = 0; i < json_array_size(keys) && i < KEYS_SEEN_MAX && ret->count < TW_OIDC_KEYS_MAX; i++)
		ret->count += take_key(json_array_get(keys, i), &ret->of[ret->count]);
	return TW_OK;
}

/* --- What is asked --- */

/* application/x-www-form-urlencoded, with no character left that any reader could take for another. */
static tw_err add_encoded(struct tw_buf *b, struct tw_slice text)
{
	for (size_t i = 0; i < text.size; i++) {
		const char c = text.at[i];
		const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
			c == '.' || c == '_';

		TW_TRY(plain ? tw_buf_u8(b, (uint8_t)c) : tw_buf_format(b, "%%%02X", (unsigned)(uint8_t)c));
	}
	return TW_OK;
}

static tw_err add_field(struct tw_buf *b, const char *name, const char *value)
{
	TW_TRY(tw_buf_format(b, "&%s=", name));
	return add_encoded(b, tw_slice_of(value));
}

tw_err tw_oidc_location(const struct tw_oidc_places *p, const struct tw_oidc_client *c, const struct tw_oidc_words *w, struct tw_buf *ret)
{
	uint8_t challenge[TW_SHA256_SIZE];

	TW_TRY(tw_sha256(w->verifier, strlen(w->verifier), challenge));
	TW_TRY(tw_buf_format(ret, "%s%cresponse_type=code&scope=openid&prompt=login&max_age=%d", p->login,
		strchr(p->login, '?') ? '&' : '?', AGE_S));
	TW_TRY(add_field(ret, "client_id", c->id));
	TW_TRY(add_field(ret, "redirect_uri", c->back));
	TW_TRY(add_field(ret, "state", w->state));
	TW_TRY(add_field(ret, "nonce", w->nonce));
	TW_TRY(tw_buf_text(ret, "&code_challenge_method=S256&code_challenge="));
	return tw_buf_base64url(ret, challenge, sizeof challenge);
}

tw_err tw_oidc_exchange(const struct tw_oidc_client *c, bool has_secret, struct tw_slice code, const char *verifier, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "grant_type=authorization_code&code="));
	TW_TRY(add_encoded(ret, code));
	TW_TRY(add_field(ret, "redirect_uri", c->back));
	TW_TRY(add_field(ret, "code_verifier", verifier));
	return has_secret ? TW_OK : add_field(ret, "client_id", c->id);
}

tw_err tw_oidc_basic(const struct tw_oidc_client *c, struct tw_slice secret, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pair = { 0 };
	const size_t most = (size_t)3 * (strlen(c->id) + secret.size) + 1;

	tw_buf_init(&pair, ret->sys, most);
	TW_TRY(tw_buf_reserve(&pair, most)); /* one that grows leaves copies of what is in it */
	TW_TRY(add_encoded(&pair, tw_slice_of(c->id)));
	TW_TRY(tw_buf_u8(&pair, ':'));
	TW_TRY(add_encoded(&pair, secret));
	TW_TRY(tw_buf_text(ret, "Basic "));
	return tw_buf_base64(ret, pair.data, pair.size);
}

/* --- What is answered --- */

tw_err tw_oidc_answer_read(struct tw_slice text, struct tw_buf *ret_token)
{
	static const struct tw_shape shape[] = { { "id_token", TW_JSON_TEXT, true, 1, TW_OIDC_TOKEN_MAX },
		{ "*", TW_JSON_ANY, false, 0, 0 }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(text, TW_OIDC_ANSWER_MAX, &j));
	TW_TRY(tw_json_check(j, shape));
	return tw_buf_text(ret_token, tw_json_text(j, "id_token"));
}

/* --- Whose signature it is --- */

/* `none`, and whatever else there is, is nothing of ours. What has to be understood (crit) is not. */
static enum tw_oidc_algorithm algorithm_of(const json_t *header)
{
	const char *word = tw_json_text(header, "alg");

	if (tw_json_get(header, "crit"))
		return TW_OIDC_NONE;
	return !strcmp(word, "ES256") ? TW_OIDC_ES256 : !strcmp(word, "RS256") ? TW_OIDC_RS256 : TW_OIDC_NONE;
}

/* Of that algorithm and with that name; a token without one means the only key there is. */
static const struct tw_oidc_key *key_of(const struct tw_oidc_keys *keys, enum tw_oidc_algorithm algorithm, const char *kid)
{
	const struct tw_oidc_key *found = NULL;

	for (size_t i = 0; i < keys->count; i++) {
		const struct tw_oidc_key *k = &keys->of[i];

		if (k->algorithm != algorithm || (*kid && strcmp(k->kid, kid) != 0))
			continue;
		if (found)
			return NULL; /* two that it could mean */
		found = k;
	}
	return found;
}

static tw_err verify_rsa(const struct tw_oidc_key *k, const struct tw_jwt_parts *p)
{
	uint8_t signature[TW_RSA_MAX];
	size_t size = 0;

	TW_TRY(tw_parse_base64url(p->signature, sizeof signature, signature, &size));
	return tw_rsa_verify(&k->rsa, &p->signed_part, 1, (struct tw_slice){ (const char *)signature, size });
}

/* Also an object that is broken within OpenSSL is no reason to take it: what is not verified is refused, whatever the reason. */
static tw_err check_signature(const struct tw_sys *sys, const json_t *header, const struct tw_jwt_parts *p,
	const struct tw_oidc_keys *keys, enum tw_oidc_fault *ret)
{
	const enum tw_oidc_algorithm algorithm = algorithm_of(header);
	const struct tw_oidc_key *key = key_of(keys, algorithm, tw_json_text(header, "kid"));

	*ret = algorithm == TW_OIDC_NONE ? TW_OIDC_ALGORITHM : TW_OIDC_KEY;
	if (algorithm == TW_OIDC_NONE || !key)
		return TW_OK;
	tw_err e = algorithm == TW_OIDC_ES256 ? tw_jwt_verify(sys, p, key->point) : verify_rsa(key, p);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	*ret = tw_failed(e) ? TW_OIDC_SIGNATURE : TW_OIDC_GOOD;
	return TW_OK;
}

/* --- What it says --- */

/* Ours, alone or with others; then the one it was made for has to be named, and to be us (section 3.1.3.7, 3 to 5). */
static bool is_for(const json_t *claims, const char *client)
{
	const json_t *aud = tw_json_get(claims, "aud"), *azp = tw_json_get(claims, "azp");
	const size_t count = json_is_array(aud) ? json_array_size(aud) : 1;

	if (azp && (!json_is_string(azp) || strcmp(json_string_value(azp), client) != 0))
		return false;
	if (json_is_string(aud))
		return !strcmp(json_string_value(aud), client);
	return count <= AUDIENCES_MAX && has_word(aud, client) && (count == 1 || azp);
}

static bool is_in_time(const json_t *claims, int64_t now_s)
{
	int64_t exp = 0, iat = 0, nbf = 0;

	if (!tw_jwt_seconds(claims, "exp", &exp) || !tw_jwt_seconds(claims, "iat", &iat) ||
		(tw_json_get(claims, "nbf") && !tw_jwt_seconds(claims, "nbf", &nbf)))
		return false;
	return now_s < exp + TW_OIDC_SKEW_S && iat <= now_s + TW_OIDC_SKEW_S && nbf <= now_s + TW_OIDC_SKEW_S;
}

/* Whom the provider knows from before has not shown now that it is he who sits there. */
static bool is_fresh(const json_t *claims, const struct tw_oidc_expected *x)
{
	int64_t at = 0;

	return tw_jwt_seconds(claims, "auth_time", &at) && at >= x->since_s - TW_OIDC_SKEW_S && at <= x->now_s + TW_OIDC_SKEW_S;
}

static bool take_subject(const json_t *claims, const char *claim, char ret[TW_OIDC_SUBJECT_MAX + 1])
{
	const char *text = tw_json_text(claims, claim);

	if (!*text || strlen(text) > TW_OIDC_SUBJECT_MAX || !tw_text_printable(tw_slice_of(text)))
		return false;
	(void)snprintf(ret, TW_OIDC_SUBJECT_MAX + 1, "%s", text);
	return true;
}

static enum tw_oidc_fault judge_claims(const json_t *claims, const struct tw_oidc_expected *x, char ret[TW_OIDC_SUBJECT_MAX + 1])
{
	if (strcmp(tw_json_text(claims, "iss"), x->client->issuer) != 0)
		return TW_OIDC_ISSUER;
	if (!is_for(claims, x->client->id))
		return TW_OIDC_AUDIENCE;
	if (!is_in_time(claims, x->now_s))
		return TW_OIDC_TIME;
	if (!*x->nonce || strcmp(tw_json_text(claims, "nonce"), x->nonce) != 0)
		return TW_OIDC_NONCE;
	if (!is_fresh(claims, x))
		return TW_OIDC_AGE;
	return take_subject(claims, x->claim, ret) ? TW_OIDC_GOOD : TW_OIDC_SUBJECT;
}

/* @nist LA.AS.2.1.2: nothing in a token is looked at before its signature is, but what says whose that should be */
tw_err tw_oidc_judge(const struct tw_sys *sys, struct tw_slice token, const struct tw_oidc_expected *x, enum tw_oidc_fault *ret,
	char ret_subject[TW_OIDC_SUBJECT_MAX + 1])
{
	TW_CLEANUP(tw_jsonp) json_t *header = NULL, *claims = NULL;
	struct tw_jwt_parts p;

	*ret = TW_OIDC_FORM;
	if (!tw_jwt_split(token, TW_OIDC_TOKEN_MAX, &p))
		return TW_OK;
	TW_TRY(tw_jwt_object(sys, p.header, HEADER_MAX, &header));
	if (!header)
		return TW_OK;
	TW_TRY(check_signature(sys, header, &p, x->keys, ret));
	if (*ret != TW_OIDC_GOOD)
		return TW_OK;
	TW_TRY(tw_jwt_object(sys, p.claims, TW_OIDC_TOKEN_MAX, &claims));
	*ret = claims ? judge_claims(claims, x, ret_subject) : TW_OIDC_FORM;
	return TW_OK;
}

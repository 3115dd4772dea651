/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a provider of OpenID Connect sends. The first byte says what: a discovery document, keys, the answer to a code, or the claims of a token, which
 * the provider's key then signs, so that what is behind the signature is reached too. As anything else it is a whole token, which nobody signed.
 */
#include "formats/oidc.h"

#include "base/mem.h"
#include "crypto/hash.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

#define ISSUER "https://login.example"
#define HEADER "{\"alg\":\"ES256\"}"

static tw_key *key;
static struct tw_oidc_keys keys;

static void must(tw_err e)
{
	if (tw_failed(e))
		abort();
}

static void set_up(const struct tw_sys *sys)
{
	if (key)
		return;
	tw_crypto_use(sys);
	must(tw_key_generate(sys, &key));
	keys.count = 1;
	keys.of[0].algorithm = TW_OIDC_ES256;
	must(tw_key_point(key, keys.of[0].point));
}

static void judge(const struct tw_sys *sys, struct tw_slice token, bool is_signed)
{
	static const struct tw_oidc_client client = { ISSUER, "device", "https://device.example/" };
	const struct tw_oidc_expected x = { &client, &keys, "n", "sub", 1000, 900 };
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";
	enum tw_oidc_fault fault = TW_OIDC_GOOD;

	must(tw_oidc_judge(sys, token, &x, &fault, subject));
	if (fault >= TW_OIDC_FAULTS || (fault == TW_OIDC_GOOD && (!is_signed || !*subject)) || (fault != TW_OIDC_GOOD && *subject))
		abort();
}

static void judge_claims(const struct tw_sys *sys, struct tw_slice claims)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];

	tw_buf_init(&token, sys, 2 * TW_OIDC_TOKEN_MAX);
	must(tw_buf_base64url(&token, HEADER, strlen(HEADER)));
	must(tw_buf_u8(&token, '.'));
	must(tw_buf_base64url(&token, claims.at, claims.size));
	const struct tw_slice said = tw_buf_slice(&token);
	must(tw_key_sign(key, &said, 1, signature));
	must(tw_buf_u8(&token, '.'));
	must(tw_buf_base64url(&token, signature, sizeof signature));
	judge(sys, tw_buf_slice(&token), true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_sys *sys = tw_sys_real();
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	struct tw_slice rest = { (const char *)data + 1, size - 1 };
	struct tw_oidc_places places;
	struct tw_oidc_keys got;

	if (size == 0 || size > TW_OIDC_TOKEN_MAX)
		return 0;
	set_up(sys);
	tw_buf_init(&token, sys, TW_OIDC_TOKEN_MAX + 1);
	switch (data[0]) {
	case 'd':
		if (!tw_failed(tw_oidc_places_read(rest, ISSUER, &places)) &&
			(!tw_oidc_url_valid(places.login) || !tw_oidc_url_valid(places.token) || !tw_oidc_url_valid(places.keys)))
			abort();
		break;
	case 'k':
		if (!tw_failed(tw_oidc_keys_read(rest, &got)) && got.count > TW_OIDC_KEYS_MAX)
			abort();
		break;
	case 'a':
		if (!tw_failed(tw_oidc_answer_read(rest, &token)) && token.size == 0)
			abort();
		break;
	case 'c':
		judge_claims(sys, rest);
		break;
	default:
		judge(sys, rest, false);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/posture.h"

#include "base/text.h"
#include "formats/jwt.h"

#include <string.h>

#define HEADER_MAX 2048
#define SKEW_S 60 /* that two clocks may differ by */
#define DIGEST_SIZE 32

const char *const tw_posture_faults[TW_POSTURE_FAULTS] = {
	[TW_POSTURE_GOOD] = "",
	[TW_POSTURE_FORM] = "It is no signed word on its state.",
	[TW_POSTURE_SIGNATURE] = "It is not signed by whom the organization names for that.",
	[TW_POSTURE_NONCE_OTHER] = "It answers another question than this one.",
	[TW_POSTURE_BOUND] = "It is not about the server that was reached.",
	[TW_POSTURE_TIME] = "It is over, or of a time to come.",
	[TW_POSTURE_CLAIM] = "It is not in the state that is demanded.",
};

/* --- What is demanded --- */

struct demand {
	struct tw_slice name, value;
};

static bool is_name(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
			    (s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] && strchr("_-.", s.at[i]))))
			return false;
	return s.size > 0;
}

/* The first of what is left, which is taken off. False: it is none. */
static bool next(struct tw_slice *left, struct demand *ret)
{
	const char *blank = memchr(left->at, ' ', left->size);
	const size_t size = blank ? (size_t)(blank - left->at) : left->size;
	const char *equal = memchr(left->at, '=', size);

	if (!equal || (blank && size + 1 == left->size))
		return false;
	ret->name = (struct tw_slice){ left->at, (size_t)(equal - left->at) };
	ret->value = (struct tw_slice){ equal + 1, size - ret->name.size - 1 };
	left->at += blank ? size + 1 : size;
	left->size -= blank ? size + 1 : size;
	for (size_t i = 0; i < ret->value.size; i++)
		if (ret->value.at[i] <= ' ' || ret->value.at[i] > '~')
			return false;
	return ret->value.size > 0 && is_name(ret->name);
}

bool tw_posture_claims_valid(struct tw_slice claims)
{
	struct demand d;

	if (claims.size > TW_POSTURE_CLAIMS_MAX)
		return false;
	while (claims.size)
		if (!next(&claims, &d))
			return false;
	return true;
}

/* --- What is said --- */

static bool is_value(const json_t *said, struct tw_slice wanted)
{
	char number[32];

	if (json_is_boolean(said))
		return tw_slice_is(wanted, json_is_true(said) ? "true" : "false");
	if (json_is_integer(said)) {
		(void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(said));
		return tw_slice_is(wanted, number);
	}
	return json_is_string(said) && json_string_length(said) == wanted.size && !memcmp(json_string_value(said), wanted.at, wanted.size);
}

static bool says_all(const json_t *claims, struct tw_slice demanded, char ret_words[TW_POSTURE_WORDS_MAX + 1])
{
	char name[TW_POSTURE_CLAIMS_MAX + 1];
	struct demand d;

	while (demanded.size) {
		if (!next(&demanded, &d))
			return false;
		(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(d.name));
		if (is_value(tw_json_get(claims, name), d.value))
			continue;
		(void)snprintf(ret_words, TW_POSTURE_WORDS_MAX + 1, "It does not say %.40s=%.*s of itself.", name,
			d.value.size < 40 ? (int)d.value.size : 40, d.value.at);
		return false;
	}
	return true;
}

static bool is_bound(const json_t *claims, const uint8_t certificate[DIGEST_SIZE])
{
	const json_t *named = tw_json_get(tw_json_get(claims, "cnf"), "x5t#S256");
	uint8_t digest[DIGEST_SIZE];
	size_t size = 0;

	return json_is_string(named) &&
		!tw_failed(tw_parse_base64url(tw_slice_of(json_string_value(named)), sizeof digest, digest, &size)) &&
		size == sizeof digest && !memcmp(digest, certificate, sizeof digest);
}

/* A time that it does not say is none that it could break: it answers this question and no other. */
static bool is_in_time(const json_t *claims, int64_t now_s)
{
	int64_t at = 0;

	if (tw_json_get(claims, "exp") && (!tw_jwt_seconds(claims, "exp", &at) || now_s >= at + SKEW_S))
		return false;
	if (tw_json_get(claims, "nbf") && (!tw_jwt_seconds(claims, "nbf", &at) || at > now_s + SKEW_S))
		return false;
	return !tw_json_get(claims, "iat") || (tw_jwt_seconds(claims, "iat", &at) && at <= now_s + SKEW_S);
}

static enum tw_posture_fault judge_claims(
	const json_t *claims, const struct tw_posture_expected *x, char ret_words[TW_POSTURE_WORDS_MAX + 1])
{
	const json_t *nonce = tw_json_get(claims, "eat_nonce");

	if (!json_is_string(nonce) || strcmp(json_string_value(nonce), x->nonce) != 0)
		return TW_POSTURE_NONCE_OTHER;
	if (!is_bound(claims, x->certificate))
		return TW_POSTURE_BOUND;
	if (!is_in_time(claims, x->now_s))
		return TW_POSTURE_TIME;
	return says_all(claims, x->claims, ret_words) ? TW_POSTURE_GOOD : TW_POSTURE_CLAIM;
}

tw_err tw_posture_judge(const struct tw_sys *sys, struct tw_slice token, const struct tw_posture_expected *x,
	enum tw_posture_fault *ret, char ret_words[TW_POSTURE_WORDS_MAX + 1])
{
	TW_CLEANUP(tw_jsonp) json_t *header = NULL, *claims = NULL;
	struct tw_jwt_parts p;

	ret_words[0] = '\0';
	*ret = TW_POSTURE_FORM;
	if (!tw_jwt_split(token, TW_POSTURE_TOKEN_MAX, &p))
		return TW_OK;
	TW_TRY(tw_jwt_object(sys, p.header, HEADER_MAX, &header));
	if (!header || strcmp(tw_json_text(header, "alg"), "ES256") != 0 || tw_json_get(header, "crit"))
		return TW_OK;
	tw_err e = tw_jwt_verify(sys, &p, x->point);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	*ret = TW_POSTURE_SIGNATURE;
	if (tw_failed(e))
		return TW_OK;
	TW_TRY(tw_jwt_object(sys, p.claims, TW_POSTURE_TOKEN_MAX, &claims));
	*ret = claims ? judge_claims(claims, x, ret_words) : TW_POSTURE_FORM;
	return TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system outside says of its state. The first byte says what: claims, which the attester's key then signs, so that what is behind the signature is
 * reached too; demands, as policy has them; as anything else it is a whole token, which nobody signed.
 */
#include "formats/posture.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

#define HEADER "{\"alg\":\"ES256\"}"

static tw_key *key;
static uint8_t point[TW_POINT_SIZE];

static void must(tw_err e)
{
	if (tw_failed(e))
		abort();
}

static enum tw_posture_fault judge(const struct tw_sys *sys, struct tw_slice token, struct tw_slice claims)
{
	static const uint8_t certificate[32];
	const struct tw_posture_expected x = { point, "n", certificate, claims, 1000 };
	char words[TW_POSTURE_WORDS_MAX + 1] = "x";
	enum tw_posture_fault fault = TW_POSTURE_GOOD;

	must(tw_posture_judge(sys, token, &x, &fault, words));
	if (fault >= TW_POSTURE_FAULTS || strlen(words) > TW_POSTURE_WORDS_MAX || (*words && fault != TW_POSTURE_CLAIM))
		abort();
	return fault;
}

static void judge_signed(const struct tw_sys *sys, struct tw_slice claims, struct tw_slice demands)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];

	tw_buf_init(&token, sys, 3 * TW_POSTURE_TOKEN_MAX);
	must(tw_buf_base64url(&token, HEADER, strlen(HEADER)));
	must(tw_buf_u8(&token, '.'));
	must(tw_buf_base64url(&token, claims.at, claims.size));
	const struct tw_slice said = tw_buf_slice(&token);
	must(tw_key_sign(key, &said, 1, signature));
	must(tw_buf_u8(&token, '.'));
	must(tw_buf_base64url(&token, signature, sizeof signature));
	if (judge(sys, tw_buf_slice(&token), demands) == TW_POSTURE_SIGNATURE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char example[] =
		"{\"eat_nonce\":\"n\",\"cnf\":{\"x5t#S256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},\"oemboot\":true}";
	const struct tw_sys *sys = tw_sys_real();
	const struct tw_slice rest = { (const char *)data + 1, size - 1 };

	if (size == 0 || size > TW_POSTURE_TOKEN_MAX)
		return 0;
	if (!key) {
		tw_crypto_use(sys);
		must(tw_key_generate(sys, &key));
		must(tw_key_point(key, point));
	}
	if (data[0] == 'c')
		judge_signed(sys, rest, TW_SLICE("oemboot=true swversion=4.2"));
	else if (data[0] == 'd' && tw_posture_claims_valid(rest))
		judge_signed(sys, tw_slice_of(example), rest);
	else if (data[0] != 'd' && judge(sys, rest, TW_SLICE("")) == TW_POSTURE_GOOD)
		abort();
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A system answers rightly what it is asked of its state, and then wrongly in one thing after another. */
#include "formats/posture.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "oom.h"

#define NONCE "nonce-nonce-nonce-nonce-nonce-nonce-nonce-1"
#define NOW 1795000000

static const struct tw_sys *sys;
static tw_key *attester, *other;
static uint8_t point[TW_POINT_SIZE];
static const uint8_t certificate[32] = { 1, 2, 3 };

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &attester));
	CHECK_OK(tw_key_generate(sys, &other));
	CHECK_OK(tw_key_point(attester, point));
	return 0;
}

static int tear_down(void **state)
{
	(void)tw_key_free(attester);
	(void)tw_key_free(other);
	return 0;
}

static void make(const char *header, const char *claims, const tw_key *by, struct tw_buf *ret)
{
	uint8_t signature[TW_SIGNATURE_SIZE];

	tw_buf_init(ret, sys, 2 * TW_POSTURE_TOKEN_MAX);
	CHECK_OK(tw_buf_base64url(ret, header, strlen(header)));
	CHECK_OK(tw_buf_u8(ret, '.'));
	CHECK_OK(tw_buf_base64url(ret, claims, strlen(claims)));
	const struct tw_slice said = tw_buf_slice(ret);
	CHECK_OK(tw_key_sign(by, &said, 1, signature));
	CHECK_OK(tw_buf_u8(ret, '.'));
	CHECK_OK(tw_buf_base64url(ret, signature, sizeof signature));
}

static struct tw_posture_expected expected(const char *demanded)
{
	return (struct tw_posture_expected){ point, NONCE, certificate, tw_slice_of(demanded), NOW };
}

static enum tw_posture_fault judge(struct tw_slice token, const char *demanded, char *ret_words)
{
	const struct tw_posture_expected x = expected(demanded);
	enum tw_posture_fault fault = TW_POSTURE_GOOD;

	CHECK_OK(tw_posture_judge(sys, token, &x, &fault, ret_words));
	return fault;
}

#define ES "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\"}"
#define NON "\"eat_nonce\":\"" NONCE "\","
#define CNF "\"cnf\":{\"x5t#S256\":\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},"
#define STATE "\"oemboot\":true,\"dbgstat\":2,\"swversion\":\"4.2\""
#define WHOLE "{" NON CNF STATE "}"
#define ALL "oemboot=true dbgstat=2 swversion=4.2"

static const struct {
	const char *header, *claims, *demanded;
	enum tw_posture_fault fault;
	const char *words;
} rows[] = {
	{ ES, WHOLE, ALL, TW_POSTURE_GOOD, "" },
	{ ES, WHOLE, "", TW_POSTURE_GOOD, "" },
	{ ES, "{" NON CNF "\"iat\":1794999990,\"nbf\":1794999990,\"exp\":1795000300," STATE "}", ALL, TW_POSTURE_GOOD, "" },
	{ "{\"alg\":\"none\"}", WHOLE, ALL, TW_POSTURE_FORM, "" },
	{ "{\"alg\":\"HS256\"}", WHOLE, ALL, TW_POSTURE_FORM, "" },
	{ "{\"alg\":\"ES256\",\"crit\":[\"b64\"]}", WHOLE, ALL, TW_POSTURE_FORM, "" },
	{ "[]", WHOLE, ALL, TW_POSTURE_FORM, "" },
	{ ES, "[]", ALL, TW_POSTURE_FORM, "" },
	{ ES, "{" NON NON CNF STATE "}", ALL, TW_POSTURE_FORM, "" },
	{ ES, "{" CNF STATE "}", ALL, TW_POSTURE_NONCE_OTHER, "" },
	{ ES, "{\"eat_nonce\":[\"" NONCE "\"]," CNF STATE "}", ALL, TW_POSTURE_NONCE_OTHER, "" },
	{ ES, "{\"eat_nonce\":\"nonce\"," CNF STATE "}", ALL, TW_POSTURE_NONCE_OTHER, "" },
	{ ES, "{" NON STATE "}", ALL, TW_POSTURE_BOUND, "" },
	{ ES, "{" NON "\"cnf\":\"x5t#S256\"," STATE "}", ALL, TW_POSTURE_BOUND, "" },
	{ ES, "{" NON "\"cnf\":{\"x5t#S256\":\"AQID\"}," STATE "}", ALL, TW_POSTURE_BOUND, "" },
	{ ES, "{" NON "\"cnf\":{\"x5t#S256\":\"AQIEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}," STATE "}", ALL, TW_POSTURE_BOUND, "" },
	{ ES, "{" NON CNF "\"exp\":1794999940," STATE "}", ALL, TW_POSTURE_TIME, "" },
	{ ES, "{" NON CNF "\"exp\":\"never\"," STATE "}", ALL, TW_POSTURE_TIME, "" },
	{ ES, "{" NON CNF "\"nbf\":1795000061," STATE "}", ALL, TW_POSTURE_TIME, "" },
	{ ES, "{" NON CNF "\"iat\":1795000061," STATE "}", ALL, TW_POSTURE_TIME, "" },
	{ ES, "{" NON CNF "\"dbgstat\":2}", "dbgstat=2 oemboot=true", TW_POSTURE_CLAIM, "It does not say oemboot=true of itself." },
	{ ES, WHOLE, "oemboot=false", TW_POSTURE_CLAIM, "It does not say oemboot=false of itself." },
	{ ES, WHOLE, "dbgstat=20", TW_POSTURE_CLAIM, "It does not say dbgstat=20 of itself." },
	{ ES, WHOLE, "swversion=4", TW_POSTURE_CLAIM, "It does not say swversion=4 of itself." },
	{ ES, WHOLE, "cnf=x", TW_POSTURE_CLAIM, "It does not say cnf=x of itself." },
};

/* @nist LA.EC.4: what another system says of its state counts only when it is signed, fresh, its own, and what is demanded */
static void test_one_thing_after_another(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
		char words[TW_POSTURE_WORDS_MAX + 1] = "x";

		make(rows[i].header, rows[i].claims, attester, &token);
		const enum tw_posture_fault fault = judge(tw_buf_slice(&token), rows[i].demanded, words);
		if (fault != rows[i].fault || strcmp(words, rows[i].words) != 0)
			fail_msg("row %zu: %d %s", i, (int)fault, words);
	}
}

static void test_signatures_and_forms(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 }, by_other = { 0 };
	char words[TW_POSTURE_WORDS_MAX + 1] = "";

	make(ES, WHOLE, other, &by_other);
	CHECK_INT(judge(tw_buf_slice(&by_other), ALL, words), TW_POSTURE_SIGNATURE);
	make(ES, WHOLE, attester, &token);
	for (size_t size = 0; size < token.size; size++)
		CHECK(judge((struct tw_slice){ token.data, size }, ALL, words) != TW_POSTURE_GOOD);
	CHECK_INT(judge(TW_SLICE(".."), ALL, words), TW_POSTURE_FORM);
	CHECK_INT(judge(TW_SLICE("a.b.c"), ALL, words), TW_POSTURE_FORM);
}

static void test_demands(void **state)
{
	static const char *const good[] = { "", "a=b", "a=b c=d", "oem-boot.x_1=a=b" };
	static const char *const bad[] = { " ", "a", "a=", "=b", "a=b ", " a=b", "a=b  c=d", "a=b c", "\xc3\xa4=b", "a=\tb", "a b=c" };
	char long_one[TW_POSTURE_CLAIMS_MAX + 2] = "a=";

	for (size_t i = 0; i < TW_COUNT(good); i++)
		CHECK(tw_posture_claims_valid(tw_slice_of(good[i])));
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK(!tw_posture_claims_valid(tw_slice_of(bad[i])));
	memset(long_one + 2, 'b', sizeof long_one - 3);
	CHECK(!tw_posture_claims_valid(tw_slice_of(long_one)));
	long_one[TW_POSTURE_CLAIMS_MAX] = '\0';
	CHECK(tw_posture_claims_valid(tw_slice_of(long_one)));
}

static tw_err judge_once(const struct tw_sys *with, void *user)
{
	const struct tw_posture_expected x = expected(ALL);
	const struct tw_slice *token = user;
	char words[TW_POSTURE_WORDS_MAX + 1];
	enum tw_posture_fault fault = TW_POSTURE_GOOD;

	TW_TRY(tw_posture_judge(with, *token, &x, &fault, words));
	CHECK_INT(fault, TW_POSTURE_GOOD);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };

	make(ES, WHOLE, attester, &token);
	struct tw_slice said = tw_buf_slice(&token);
	CHECK(oom_sweep(judge_once, &said) > 0);
}

/* The first decides whose memory OpenSSL takes. */
CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_without_memory), cmocka_unit_test(test_one_thing_after_another),
	cmocka_unit_test(test_signatures_and_forms), cmocka_unit_test(test_demands))

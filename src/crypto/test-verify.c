/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DP.CCS.3: what was signed verifies, and nothing that differs by a bit does. */
#include "crypto/verify.h"

#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/internal.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

static void test_every_bit(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct tw_verify_row row = tw_verify_example;

	CHECK_OK(tw_key_of_point(sys, row.point, &key));
	CHECK_OK(tw_verify_digest(sys, key, row.digest, row.signature));
	for (size_t bit = 0; bit < 8 * sizeof row.digest; bit++) {
		row.digest[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CHECK_ERR(tw_verify_digest(sys, key, row.digest, row.signature), UNTRUSTED);
		row.digest[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof row.signature; bit++) {
		row.signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
		CHECK_ERR(tw_verify_digest(sys, key, row.digest, row.signature), UNTRUSTED);
		row.signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	CHECK_OK(tw_verify_digest(sys, key, row.digest, row.signature));
}

/* Made so that one signature is good for the digest of the example and for the same with its eighth bit changed: with r of the base
   point the private half is -(e1 + e2) / 2r. */
#define TWICE_POINT \
	"04ecfabb32b716d99896dcd6597fcffdf8efc97fb0dc8f0dad1cc2d01ea36d5e1b304b5e8111ac2e83b5270f77dcd4a4e604b15289a95206d7a80a354aad2386ab"
#define TWICE_SIGNATURE \
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2960080000000000000000000000000000000000000000000000000000000000000"

/* The test before the first use notices a function that says no, and one that says yes to everything. */
static void test_a_wrong_function_is_noticed(void **state)
{
	struct tw_verify_row other = tw_verify_example;

	CHECK_OK(tw_verify_try(sys, &tw_verify_example));
	other.digest[31] ^= 1;
	CHECK_ERR(tw_verify_try(sys, &other), CRYPTO);
	other = tw_verify_example;
	other.signature[TW_SIGNATURE_SIZE - 1] ^= 1;
	CHECK_ERR(tw_verify_try(sys, &other), CRYPTO);
	other = tw_verify_example;
	other.point[TW_POINT_SIZE - 1] ^= 1;
	CHECK_ERR(tw_verify_try(sys, &other), UNTRUSTED);
	CHECK_OK(tw_parse_hex(TW_SLICE(TWICE_POINT), other.point, sizeof other.point));
	CHECK_OK(tw_parse_hex(TW_SLICE(TWICE_SIGNATURE), other.signature, sizeof other.signature));
	CHECK_ERR(tw_verify_try(sys, &other), CRYPTO);
	assert_non_null(strstr(tw_err_detail(), "over something else"));
}

/* r = 1, s = 2^255: the shortest and the longest number. */
#define LONG       \
	"02210080" \
	"00000000000000000000000000000000000000000000000000000000000000"
static const struct {
	const char *hex, *why;
	bool good;
} spellings[] = {
	{ "3026020101" LONG, "the one spelling", true },
	{ "3027020101" LONG "00", "something follows inside", false },
	{ "3026020101" LONG "00", "something follows", false },
	{ "302702020001" LONG, "a needless zero", false },
	{ "308126020101" LONG, "a length in two bytes", false },
	{ "3080020101" LONG "0000", "no length at all", false },
	{ "30260201ff" LONG, "a negative number", false },
	{ "3025020101" LONG, "too short", false },
	{ "3125020101" LONG, "another tag", false },
	{ "30260301"
	  "01" LONG,
		"another tag inside", false },
	{ "300602010102010"
	  "1",
		"both one", true },
	{ "3006020100020100", "both zero: the range is judged later", true },
	{ "", "nothing", false },
	{ "30", "a tag", false },
};

static void test_spellings(void **state)
{
	for (size_t i = 0; i < TW_COUNT(spellings); i++) {
		uint8_t der[80], raw[TW_SIGNATURE_SIZE];
		size_t size = strlen(spellings[i].hex) / 2;

		CHECK_OK(tw_parse_hex(tw_slice_of(spellings[i].hex), der, size));
		if (spellings[i].good)
			CHECK_OK(tw_verify_signature((struct tw_slice){ (char *)der, size }, raw));
		else if (!tw_is(tw_verify_signature((struct tw_slice){ (char *)der, size }, raw), TW_CODE_SYNTAX))
			fail_msg("%s: taken", spellings[i].why);
	}
}

/* A key that signs, its public half and its certificate. */
struct signer {
	tw_key *key;
	tw_cert *cert;
	struct tw_buf spki, pem;
};

static void signer_done(struct signer *s)
{
	(void)tw_key_free(s->key);
	(void)tw_cert_free(s->cert);
	tw_buf_done(&s->spki);
	tw_buf_done(&s->pem);
}

static tw_err signer_make(const struct tw_sys *with, struct signer *s)
{
	const struct tw_cert_want want = { .common_name = "signer", .is_client = true };

	*s = (struct signer){ 0 };
	tw_buf_init(&s->spki, with, 256);
	tw_buf_init(&s->pem, with, TW_VERIFY_KEY_MAX);
	TW_TRY(tw_key_generate(with, &s->key));
	TW_TRY(tw_cert_make(with, &want, s->key, NULL, s->key, &s->cert));
	TW_TRY(tw_key_spki(s->key, &s->spki));
	return tw_cert_pem(s->cert, &s->pem);
}

static tw_err take(const struct tw_sys *with, struct tw_slice text, const struct signer *s)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t signature[TW_SIGNATURE_SIZE];
	const uint8_t digest[32] = { 7 };

	TW_TRY(tw_verify_key(with, text, &key));
	TW_TRY(tw_key_sign_digest(s->key, digest, signature));
	return tw_verify_digest(with, key, digest, signature);
}

static void test_keys(void **state)
{
	TW_CLEANUP(signer_done) struct signer s, other;
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, public = { 0 };

	CHECK_OK(signer_make(sys, &s));
	tw_buf_init(&public, sys, TW_VERIFY_KEY_MAX);
	CHECK_OK(tw_pem_write("PUBLIC KEY", tw_buf_slice(&s.spki), &public));
	CHECK_OK(take(sys, tw_buf_slice(&public), &s));
	CHECK_OK(signer_make(sys, &other));
	tw_buf_init(&der, sys, TW_VERIFY_KEY_MAX);
	CHECK_OK(tw_cert_der(s.cert, &der));
	CHECK_OK(take(sys, tw_buf_slice(&s.spki), &s));
	CHECK_OK(take(sys, tw_buf_slice(&s.pem), &s));
	CHECK_OK(take(sys, tw_buf_slice(&der), &s));
	CHECK_ERR(take(sys, tw_buf_slice(&other.spki), &s), UNTRUSTED);
	CHECK_ERR(take(sys, tw_buf_slice(&other.pem), &s), UNTRUSTED);
	CHECK(tw_failed(take(sys, TW_SLICE(""), &s)));
	CHECK(tw_failed(take(sys, TW_SLICE("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), &s)));
	CHECK_ERR(take(sys, (struct tw_slice){ der.data, TW_VERIFY_KEY_MAX + 1 }, &s), LIMIT);
	s.spki.data[80] ^= 1;
	CHECK_ERR(take(sys, tw_buf_slice(&s.spki), &s), UNTRUSTED); /* no point of the curve any more */
}

static tw_err all_of_it(const struct tw_sys *with, void *user)
{
	TW_CLEANUP(signer_done) struct signer s;

	TW_TRY(signer_make(with, &s));
	TW_TRY(tw_verify_try(with, &tw_verify_example));
	TW_TRY(take(with, tw_buf_slice(&s.spki), &s));
	return take(with, tw_buf_slice(&s.pem), &s);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(all_of_it, NULL);
}

CHECK_MAIN(cmocka_unit_test_setup(test_every_bit, set_up), cmocka_unit_test_setup(test_a_wrong_function_is_noticed, set_up),
	cmocka_unit_test_setup(test_spellings, set_up), cmocka_unit_test_setup(test_keys, set_up), cmocka_unit_test(test_out_of_memory))

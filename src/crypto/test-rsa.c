/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of OpenSSL's own making sign; what is verified is verified by ours, and each wrong key and signature is refused. */
#include "crypto/rsa.h"

#include "base/mem.h"
#include "check.h"
#include "crypto/hash.h"
#include "oom.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static EVP_PKEY *pair;
static struct tw_rsa_key key;
static uint8_t signature[TW_RSA_MAX];
static const struct tw_slice said[] = { TW_SLICE("what "), TW_SLICE("was said") };

static size_t number(const char *name, uint8_t *ret)
{
	BIGNUM *n = NULL;

	CHECK_INT(EVP_PKEY_get_bn_param(pair, name, &n), 1);
	const int size = BN_bn2bin(n, ret);
	BN_free(n);
	return (size_t)size;
}

static void sign(const EVP_MD *md, int padding)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	size_t size = sizeof signature;

	CHECK_INT(EVP_DigestSignInit(ctx, &how, md, NULL, pair), 1);
	CHECK_INT(EVP_PKEY_CTX_set_rsa_padding(how, padding), 1);
	CHECK_INT(EVP_DigestSign(ctx, signature, &size, (const uint8_t *)"what was said", 13), 1);
	CHECK_INT(size, key.modulus_size);
	EVP_MD_CTX_free(ctx);
}

static int set_up(void **state)
{
	tw_crypto_use(tw_sys_real());
	pair = EVP_RSA_gen(2048);
	CHECK(pair);
	key.modulus_size = number(OSSL_PKEY_PARAM_RSA_N, key.modulus);
	key.exponent_size = number(OSSL_PKEY_PARAM_RSA_E, key.exponent);
	return 0;
}

static int tear_down(void **state)
{
	EVP_PKEY_free(pair);
	return 0;
}

static tw_err verify(const struct tw_rsa_key *k, size_t size)
{
	return tw_rsa_verify(k, said, TW_COUNT(said), (struct tw_slice){ (const char *)signature, size });
}

static void test_good(void **state)
{
	sign(EVP_sha256(), RSA_PKCS1_PADDING);
	CHECK_OK(verify(&key, TW_RSA_MIN));
	CHECK_ERR(tw_rsa_verify(&key, said, 1, (struct tw_slice){ (const char *)signature, TW_RSA_MIN }), UNTRUSTED);
	CHECK_ERR(verify(&key, TW_RSA_MIN - 1), UNTRUSTED);
	CHECK_ERR(verify(&key, TW_RSA_MIN + 1), UNTRUSTED);
	CHECK_ERR(verify(&key, 0), UNTRUSTED);
	signature[100] ^= 1;
	CHECK_ERR(verify(&key, TW_RSA_MIN), UNTRUSTED);
}

static void test_other_ways(void **state)
{
	sign(EVP_sha512(), RSA_PKCS1_PADDING);
	CHECK_ERR(verify(&key, TW_RSA_MIN), UNTRUSTED);
	sign(EVP_sha256(), RSA_PKCS1_PSS_PADDING);
	CHECK_ERR(verify(&key, TW_RSA_MIN), UNTRUSTED);
}

/* What any signature would fit, or what anybody could factor, is none that is asked. */
static void test_keys(void **state)
{
	static const struct {
		size_t size, exponent_size;
		uint8_t first, last, exponent[4];
		bool good;
	} rows[] = {
		{ TW_RSA_MIN, 3, 0x80, 1, { 1, 0, 1 }, true },
		{ TW_RSA_MAX, 3, 0xff, 1, { 1, 0, 1 }, true },
		{ TW_RSA_MIN, 3, 0x80, 1, { 1, 0, 3 }, true },
		{ TW_RSA_MIN - 1, 3, 0x80, 1, { 1, 0, 1 }, false },
		{ TW_RSA_MAX + 1, 3, 0x80, 1, { 1, 0, 1 }, false },
		{ TW_RSA_MIN, 3, 0x7f, 1, { 1, 0, 1 }, false },
		{ TW_RSA_MIN, 3, 0x80, 2, { 1, 0, 1 }, false },
		{ TW_RSA_MIN, 0, 0x80, 1, { 0 }, false },
		{ TW_RSA_MIN, 9, 0x80, 1, { 1, 0, 1 }, false },
		{ TW_RSA_MIN, 3, 0x80, 1, { 1, 0, 0 }, false },
		{ TW_RSA_MIN, 3, 0x80, 1, { 1, 0, 2 }, false },
		{ TW_RSA_MIN, 2, 0x80, 1, { 0xff, 0xff }, false },
		{ TW_RSA_MIN, 1, 0x80, 1, { 3 }, false },
		{ TW_RSA_MIN, 1, 0x80, 1, { 1 }, false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_rsa_key k = { .modulus_size = rows[i].size, .exponent_size = rows[i].exponent_size };

		k.modulus[0] = rows[i].first;
		k.modulus[rows[i].size <= TW_RSA_MAX ? rows[i].size - 1 : 0] |= rows[i].last;
		memcpy(k.exponent, rows[i].exponent, sizeof rows[i].exponent);
		if (rows[i].good != !tw_failed(tw_rsa_check(&k)))
			fail_msg("row %zu", i);
		if (!rows[i].good)
			CHECK_ERR(verify(&k, rows[i].size), UNSUPPORTED);
	}
}

static tw_err verify_good(const struct tw_sys *sys, void *user)
{
	return verify(&key, TW_RSA_MIN);
}

static tw_err verify_bad(const struct tw_sys *sys, void *user)
{
	tw_err e = tw_rsa_verify(&key, said, 1, (struct tw_slice){ (const char *)signature, TW_RSA_MIN });

	CHECK(tw_failed(e)); /* whatever fails on the way */
	return tw_is(e, TW_CODE_UNTRUSTED) ? TW_OK : e;
}

static void nothing_to_judge(void *user)
{
}

static void test_without_memory(void **state)
{
	sign(EVP_sha256(), RSA_PKCS1_PADDING);
	sweep_is_strict = true;
	CHECK(oom_sweep(verify_good, NULL) > 0);
	judged_sweep(verify_good, nothing_to_judge, NULL);
	judged_sweep(verify_bad, nothing_to_judge, NULL);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_without_memory), cmocka_unit_test(test_good),
	cmocka_unit_test(test_other_ways), cmocka_unit_test(test_keys))

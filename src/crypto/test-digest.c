/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DP.CCS.4 @nist DP.CCS.6: approved functions give what is published, and nothing else is to be had. */
#include "crypto/digest.h"

#include "base/text.h"
#include "crypto/hash.h"
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

/* FIPS 180-4: "abc", the empty message, and a million times "a"; in steps that are no multiple of a block. */
static const struct {
	const char *name, *input;
	size_t times;
	const char *digest;
} vectors[] = {
	{ "sha-256", "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "sha-256", "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "sha-256", "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ "sha-384", "abc", 1, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ "sha-384", "", 1, "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b" },
	{ "sha-384", "a", 1000000, "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985" },
	{ "sha-512", "abc", 1,
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ "sha-512", "", 1, "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
	{ "sha-512", "a", 1000000,
		"e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
};

static void test_published(void **state)
{
	char block[1000];

	memset(block, 'a', sizeof block);
	for (size_t i = 0; i < TW_COUNT(vectors); i++) {
		TW_CLEANUP(tw_digest_freep) tw_digest *d = NULL;
		uint8_t is[TW_DIGEST_MAX], want[TW_DIGEST_MAX];
		size_t size = 0;

		CHECK_OK(tw_digest_begin(sys, tw_slice_of(vectors[i].name), &d));
		for (size_t k = 0; k < vectors[i].times / sizeof block; k++)
			CHECK_OK(tw_digest_add(d, block, sizeof block));
		if (vectors[i].times == 1)
			CHECK_OK(tw_digest_add(d, vectors[i].input, strlen(vectors[i].input)));
		CHECK_INT(tw_digest_size(d), strlen(vectors[i].digest) / 2);
		CHECK_OK(tw_digest_end(d, is, &size));
		CHECK_INT(size, tw_digest_size(d));
		CHECK_OK(tw_parse_hex(tw_slice_of(vectors[i].digest), want, size));
		CHECK_BYTES(is, want, size);
	}
}

static void test_others_are_refused(void **state)
{
	static const char *const names[] = { "", "md5", "MD5", "sha-1", "sha1", "SHA-256", "sha256", "sha-224", "sha-25",
		"sha-2566", "sha3-256", "null", "blake2b512", "sha-512/256" };
	uint8_t is[TW_DIGEST_MAX];
	size_t size = 0;

	for (size_t i = 0; i < TW_COUNT(names); i++)
		CHECK_ERR(tw_digest_of(sys, tw_slice_of(names[i]), TW_SLICE("x"), is, &size), UNSUPPORTED);
	CHECK_ERR(tw_digest_of(sys, (struct tw_slice){ "sha-256\0", 8 }, TW_SLICE("x"), is, &size), UNSUPPORTED);
}

/* The test before the first use notices a function that computes something else. */
static void test_a_wrong_function_is_noticed(void **state)
{
	for (const struct tw_digest_row *row = tw_digests; row->name; row++) {
		struct tw_digest_row other = *row;

		CHECK_OK(tw_digest_try(row));
		other.wanted[row->size - 1] ^= 1;
		CHECK_ERR(tw_digest_try(&other), CRYPTO);
		other = *row;
		other.size--;
		CHECK_ERR(tw_digest_try(&other), CRYPTO);
		other = *row;
		other.name = "no-such";
		CHECK_ERR(tw_digest_try(&other), CRYPTO);
	}
}

static tw_err all_of_it(const struct tw_sys *s, void *user)
{
	uint8_t is[TW_DIGEST_MAX];
	size_t size = 0;

	for (const struct tw_digest_row *row = tw_digests; row->name; row++) {
		TW_TRY(tw_digest_try(row));
		TW_TRY(tw_digest_of(s, tw_slice_of(row->name), TW_SLICE("abc"), is, &size));
	}
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(all_of_it, NULL);
}

CHECK_MAIN(cmocka_unit_test_setup(test_published, set_up), cmocka_unit_test_setup(test_others_are_refused, set_up),
	cmocka_unit_test_setup(test_a_wrong_function_is_noticed, set_up), cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include "base/text.h"
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

static void check_hex(const uint8_t *got, const char *want, size_t size)
{
	uint8_t bytes[128];
	CHECK_OK(tw_parse_hex(tw_slice_of(want), bytes, size));
	CHECK_BYTES(got, bytes, size);
}

static void test_sha256(void **state)
{
	uint8_t digest[TW_SHA256_SIZE];
	const struct tw_slice parts[] = { TW_SLICE("a"), { NULL, 0 }, TW_SLICE("bc") };
	CHECK_OK(tw_sha256(NULL, 0, digest));
	check_hex(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", sizeof digest);
	CHECK_OK(tw_sha256("abc", 3, digest)); /* FIPS 180-4 example */
	check_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sizeof digest);
	CHECK_OK(tw_sha256_of(parts, TW_COUNT(parts), digest));
	check_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sizeof digest);
}

static void test_hmac(void **state)
{
	uint8_t mac[TW_SHA256_SIZE], key[131];
	struct tw_slice data = TW_SLICE("what do ya want for nothing?");
	CHECK_OK(tw_hmac_sha256("Jefe", 4, &data, 1, mac)); /* RFC 4231, case 2 */
	check_hex(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", sizeof mac);
	memset(key, 0xaa, sizeof key);
	data = TW_SLICE("Test Using Larger Than Block-Size Key - Hash Key First");
	CHECK_OK(tw_hmac_sha256(key, sizeof key, &data, 1, mac)); /* case 6 */
	check_hex(mac, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", sizeof mac);
}

/* An empty key must not mean the key of the call before. */
static void test_hmac_of_empty_key(void **state)
{
	uint8_t first[TW_SHA256_SIZE], second[TW_SHA256_SIZE];
	struct tw_slice none = { "", 0 };
	CHECK_OK(tw_hmac_sha256(NULL, 0, &none, 1, first));
	check_hex(first, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", sizeof first);
	CHECK_OK(tw_hmac_sha256("other", 5, &none, 1, second));
	CHECK_OK(tw_hmac_sha256(NULL, 0, &none, 1, second));
	CHECK_BYTES(second, first, sizeof first);
}

static void test_hkdf(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *from = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *out = NULL;
	uint8_t ikm[22];
	memset(ikm, 0x0b, sizeof ikm);
	CHECK_OK(tw_secret_new(sys, ikm, sizeof ikm, &from));
	/* RFC 5869 A.3 has an empty info; ours is label and NUL, so this vector was computed with python3-cryptography. */
	CHECK_OK(tw_hkdf_sha256(from, "label", "ctx", 3, 42, sys, &out));
	CHECK_INT(tw_secret_size(out), 42);
	check_hex(tw_secret_bytes(out), "444ae2abc8f0a921f7e8dcfa8eb663c8b14dc8cc35cf65c92c354df678c3e6835cd6d87a4dea1e07afc9", 42);
	out = tw_secret_free(out);
	CHECK_OK(tw_hkdf_sha256(from, "label", NULL, 0, 255 * 32, sys, &out)); /* the most, and the least */
	CHECK_INT(tw_secret_size(out), 255 * 32);
	out = tw_secret_free(out);
	CHECK_OK(tw_hkdf_sha256(from, "label", NULL, 0, 1, sys, &out));
	out = tw_secret_free(out);
	CHECK_ERR(tw_hkdf_sha256(from, "label", NULL, 0, 0, sys, &out), LIMIT);
	CHECK_ERR(tw_hkdf_sha256(from, "label", NULL, 0, 255 * 32 + 1, sys, &out), LIMIT);
}

static tw_err all_of_it(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *from = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *out = NULL;
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_secret_new(s, "secret", 6, &from));
	TW_TRY(tw_sha256("abc", 3, digest));
	return tw_hkdf_sha256(from, "label", digest, sizeof digest, 64, s, &out);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(all_of_it, NULL);
}

CHECK_MAIN(cmocka_unit_test_setup(test_sha256, set_up), cmocka_unit_test_setup(test_hmac, set_up),
	cmocka_unit_test_setup(test_hmac_of_empty_key, set_up), cmocka_unit_test_setup(test_hkdf, set_up),
	cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include "base/text.h"
#include "crypto/internal.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"
#include "spill.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct tw_sys *sys;

/* A configuration file that would leave OpenSSL without SHA-256 stands ready: whatever works below works because it is not read. */
static int set_up(void **state)
{
	uint8_t digest[TW_SHA256_SIZE];
	static char path[] = "/tmp/tw-hash-XXXXXX";
	int fd = getenv("OPENSSL_CONF") ? -1 : mkstemp(path);

	if (fd >= 0) {
		CHECK(dprintf(fd, "openssl_conf = s\n[s]\nalg_section = a\n[a]\ndefault_properties = no=such\n") > 0);
		CHECK(close(fd) == 0 && setenv("OPENSSL_CONF", path, 1) == 0);
	}
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_sha256("abc", 3, digest)); /* whatever OpenSSL reads at its first use has been read */
	if (fd >= 0)
		CHECK(unlink(path) == 0);
	tw_openssl_afresh();
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
	CHECK_OK(tw_hkdf_sha256(from, NULL, NULL, 0, 42, sys, &out)); /* RFC 5869 A.3 */
	check_hex(tw_secret_bytes(out), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8", 42);
	out = tw_secret_free(out);
	/* That has an empty info; ours is label and NUL, so this vector was computed with python3-cryptography. */
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

/* What is derived on the way, and the key of the call before, are nobody's afterwards. */
static void test_nothing_is_left_behind(void **state)
{
	static const char long_key[] = "a key that is easy to find again wherever it lies";
	static const uint8_t salt[TW_SHA256_SIZE];
	TW_CLEANUP(tw_secret_freep) tw_secret *from = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *out = NULL;
	uint8_t mac[TW_SHA256_SIZE], prk[TW_SHA256_SIZE], made[64];
	const struct tw_slice key = TW_SLICE(long_key);

	CHECK_OK(tw_hmac_sha256("warm", 4, &key, 1, mac));
	spill_watch(long_key, sizeof long_key - 1);
	CHECK_OK(tw_hmac_sha256(long_key, sizeof long_key - 1, &key, 0, mac));
	CHECK_INT(spill_held(), 0);
	CHECK_INT(spill_seen(), 0);
	CHECK_OK(tw_secret_new(sys, long_key, sizeof long_key - 1, &from));
	CHECK_OK(tw_hmac_sha256(salt, sizeof salt, &key, 1, prk));
	CHECK_OK(tw_hkdf_sha256(from, "label", "ctx", 3, sizeof made, sys, &out));
	CHECK(!spill_on_stack(prk, sizeof prk));
	memcpy(made, tw_secret_bytes(out), sizeof made);
	out = tw_secret_free(out);
	CHECK_OK(tw_hkdf_sha256(from, "label", "ctx", 3, sizeof made, sys, &out));
	CHECK(!spill_on_stack(made + 32, 32)); /* the last block */
}

static void test_blocks_have_a_limit(void **state)
{
	tw_openssl_afresh();
	tw_crypto_most(1000);
	void *p = OPENSSL_malloc(1000);
	CHECK(p != NULL);
	CHECK(OPENSSL_malloc(1001) == NULL);
	CHECK(OPENSSL_realloc(p, 1001) == NULL);
	CHECK_ERR(TW_RAISE_OPENSSL("x"), CRYPTO); /* the peer's fault, not a lack of memory */
	p = OPENSSL_realloc(p, 999);
	CHECK(p != NULL);
	tw_crypto_most(0);
	p = OPENSSL_realloc(p, 1001);
	CHECK(p != NULL);
	CHECK(OPENSSL_realloc(p, 0) == NULL); /* gives it back */
	CHECK(OPENSSL_malloc(0) == NULL);
	CHECK_ERR(TW_RAISE_OPENSSL("x"), CRYPTO); /* nothing was asked for, so nothing failed */
}

static void test_a_lack_of_memory_is_told_once(void **state)
{
	tw_fake *f = tw_fake_new();
	void *p = OPENSSL_malloc(1);

	tw_openssl_afresh();
	tw_crypto_use(tw_fake_sys(f));
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK(OPENSSL_malloc(1) == NULL);
	CHECK_ERR(TW_RAISE_OPENSSL("x"), NOMEM);
	CHECK_ERR(TW_RAISE_OPENSSL("x"), CRYPTO);
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK(OPENSSL_realloc(p, 2) == NULL);
	CHECK_ERR(TW_RAISE_REFUSED(SYNTAX, "x"), NOMEM);
	CHECK_ERR(TW_RAISE_REFUSED(SYNTAX, "x"), SYNTAX);
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK(OPENSSL_malloc(1) == NULL);
	tw_openssl_afresh();
	CHECK_ERR(TW_RAISE_OPENSSL("x"), CRYPTO);
	ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE); /* by an allocator of its own */
	CHECK_ERR(TW_RAISE_OPENSSL("x"), NOMEM);
	tw_crypto_use(tw_sys_real());
	tw_fake_free(f);
	OPENSSL_free(p);
}

static void test_generator(void **state)
{
	CHECK_TEXT(EVP_RAND_get0_name(EVP_RAND_CTX_get0_rand(RAND_get0_public(NULL))), "HASH-DRBG");
}

static tw_err all_of_it(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *from = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *out = NULL;
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_secret_new(s, "secret", 6, &from));
	TW_TRY(tw_sha256("abc", 3, digest));
	TW_TRY(tw_hkdf_sha256(from, "label", digest, sizeof digest, 64, s, &out));
	/* What is handed out is right, whatever failed on the way. */
	check_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sizeof digest);
	check_hex(tw_secret_bytes(out),
		"7fa20aa8f8a1171520dce8dfd28ce7f5c819b86bcd68d3361fde6ef26c71c873e5cb1934a75761cc358d32d9601bb615f1bf8752616ec035ae7dbb79c7b36d4f",
		64);
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(all_of_it, NULL);
}

/* The first use of all, with nothing fetched yet: each call in turn fails, and the next attempt does not suffer from it. */
static void test_first_use_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	tw_crypto_use(tw_fake_sys(f));
	for (long n = 1; fired; n++) {
		tw_fake_fail(f, n, ENOMEM, false);
		tw_err e = all_of_it(tw_fake_sys(f), NULL);
		fired = tw_fake_fired(f);
		if (tw_failed(e) && !tw_is(e, TW_CODE_NOMEM))
			fail_msg("call %ld (%s): %s", n, tw_fake_name(f, n), tw_err_detail());
	}
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(all_of_it(tw_fake_sys(f), NULL));
	tw_crypto_use(tw_sys_real());
	tw_fake_free(f);
}

/* In a process of its own, which has not used HMAC yet: the nth allocation of its first use fails. 0: well; 1: there is no nth. */
static int first_hmac(long n)
{
	static const uint8_t want[TW_SHA256_SIZE] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08,
		0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43 };
	const struct tw_slice data = TW_SLICE("what do ya want for nothing?");
	tw_fake *f = tw_fake_new();
	uint8_t mac[TW_SHA256_SIZE];

	tw_crypto_use(tw_fake_sys(f));
	if (tw_failed(tw_sha256("abc", 3, mac))) /* OpenSSL is there */
		return 2;
	tw_fake_fail(f, n, ENOMEM, false);
	tw_err first = tw_hmac_sha256("Jefe", 4, &data, 1, mac);
	/* What it could not fetch once OpenSSL takes for what it has not. */
	bool lost = tw_failed(first) && strstr(tw_err_detail(), "fetching");
	if (tw_failed(first) ? !tw_is(first, TW_CODE_NOMEM) : memcmp(mac, want, sizeof mac) != 0)
		return 3;
	bool fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	tw_err second = tw_hmac_sha256("Jefe", 4, &data, 1, mac);
	if (tw_failed(second) ? !lost || !tw_is(second, TW_CODE_CRYPTO) : memcmp(mac, want, sizeof mac) != 0)
		return 4;
	return fired ? 0 : 1;
}

static void test_first_hmac_without_memory(void **state)
{
	int ended = 0;
	for (long n = 1; ended == 0; n++) {
		pid_t child = fork();
		if (child == 0)
			_exit(first_hmac(n));
		CHECK(child > 0 && waitpid(child, &ended, 0) == child && WIFEXITED(ended));
		ended = WEXITSTATUS(ended);
		if (ended > 1)
			fail_msg("allocation %ld: step %d", n, ended);
	}
}

CHECK_MAIN(cmocka_unit_test(test_first_hmac_without_memory), cmocka_unit_test(test_first_use_without_memory),
	cmocka_unit_test_setup(test_sha256, set_up), cmocka_unit_test_setup(test_hmac, set_up),
	cmocka_unit_test_setup(test_hmac_of_empty_key, set_up), cmocka_unit_test_setup(test_hkdf, set_up),
	cmocka_unit_test_setup(test_nothing_is_left_behind, set_up), cmocka_unit_test_setup(test_blocks_have_a_limit, set_up),
	cmocka_unit_test_setup(test_a_lack_of_memory_is_told_once, set_up), cmocka_unit_test_setup(test_generator, set_up),
	cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DP.CCS.5: AES-256-GCM opens what was sealed, and nothing that differs from it in one bit. */
#include "crypto/aead.h"

#include "base/text.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <limits.h>

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

/* The case of 60 bytes with associated data from the GCM specification (test case 16), as nonce, ciphertext, tag. */
static void test_published_vector(void **state)
{
	static const char key_hex[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
	static const char sealed_hex[] = "cafebabefacedbaddecaf888"
					 "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
					 "c5f61e6393ba7a0abcc9f662"
					 "76fc6ece0f4e1768cddf8853bb2d551b";
	static const char plain_hex[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
					"b16aedf5aa0de657ba637b39";
	uint8_t key[32], aad[20], sealed[12 + 60 + 16], plain[60];
	TW_CLEANUP(tw_secret_freep) tw_secret *k = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	CHECK_OK(tw_parse_hex(tw_slice_of(key_hex), key, sizeof key));
	CHECK_OK(tw_parse_hex(tw_slice_of("feedfacedeadbeeffeedfacedeadbeefabaddad2"), aad, sizeof aad));
	CHECK_OK(tw_parse_hex(tw_slice_of(sealed_hex), sealed, sizeof sealed));
	CHECK_OK(tw_parse_hex(tw_slice_of(plain_hex), plain, sizeof plain));
	CHECK_OK(tw_secret_new(sys, key, sizeof key, &k));
	CHECK_OK(tw_aead_open(
		sys, k, (struct tw_slice){ (char *)aad, sizeof aad }, (struct tw_slice){ (char *)sealed, sizeof sealed }, &got));
	CHECK_INT(tw_secret_size(got), sizeof plain);
	CHECK_BYTES(tw_secret_bytes(got), plain, sizeof plain);
}

static void seal(const tw_secret *k, const char *aad, const char *text, struct tw_buf *ret)
{
	tw_buf_init(ret, sys, 4096);
	CHECK_OK(tw_aead_seal(k, tw_slice_of(aad), tw_slice_of(text), ret));
}

static void test_round(void **state)
{
	static const char *const texts[] = { "", "x", "sixteen bytes 16", "a text somewhat longer than a block of sixteen" };
	TW_CLEANUP(tw_secret_freep) tw_secret *k = NULL;
	CHECK_OK(tw_secret_random(sys, TW_AEAD_KEY, &k));
	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf one = { 0 }, two = { 0 };
		TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
		seal(k, "use", texts[i], &one);
		seal(k, "use", texts[i], &two);
		CHECK_INT(one.size, strlen(texts[i]) + TW_AEAD_OVERHEAD);
		CHECK(memcmp(one.data, two.data, TW_AEAD_NONCE) != 0); /* never the same nonce */
		CHECK_OK(tw_aead_open(sys, k, tw_slice_of("use"), tw_buf_slice(&one), &got));
		CHECK_INT(tw_secret_size(got), strlen(texts[i]));
		CHECK_BYTES(tw_secret_bytes(got), texts[i], strlen(texts[i]));
	}
}

static void test_every_bit_counts(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *k = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *other = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_secret *got = NULL;
	CHECK_OK(tw_secret_random(sys, TW_AEAD_KEY, &k));
	CHECK_OK(tw_secret_random(sys, TW_AEAD_KEY, &other));
	seal(k, "use", "what nobody may see", &b);
	for (size_t bit = 0; bit < b.size * 8; bit++) {
		b.data[bit / 8] ^= (char)(1 << bit % 8);
		CHECK_ERR(tw_aead_open(sys, k, tw_slice_of("use"), tw_buf_slice(&b), &got), UNTRUSTED);
		CHECK(got == NULL);
		b.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t size = 0; size < b.size; size++) {
		tw_err e = tw_aead_open(sys, k, tw_slice_of("use"), (struct tw_slice){ b.data, size }, &got);
		CHECK_INT(e.code, size < TW_AEAD_OVERHEAD ? TW_CODE_SYNTAX : TW_CODE_UNTRUSTED);
	}
	CHECK_ERR(tw_aead_open(sys, k, tw_slice_of("us"), tw_buf_slice(&b), &got), UNTRUSTED);
	CHECK_ERR(tw_aead_open(sys, k, tw_slice_of(""), tw_buf_slice(&b), &got), UNTRUSTED);
	CHECK_ERR(tw_aead_open(sys, other, tw_slice_of("use"), tw_buf_slice(&b), &got), UNTRUSTED);
	CHECK(got == NULL);
}

static void test_refuses_other_key_sizes(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *k = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, 4096);
	CHECK_OK(tw_secret_random(sys, 16, &k));
	CHECK_ERR(tw_aead_seal(k, tw_slice_of(""), tw_slice_of("x"), &b), INTERNAL);
	CHECK_INT(b.size, 0);
}

static void test_sizes_have_an_end(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *k = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *small = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	static const char sealed[TW_AEAD_OVERHEAD + 1];
	tw_secret *got = NULL;
	tw_fake *f = tw_fake_new();
	tw_buf_init(&b, tw_fake_sys(f), 4096);
	CHECK_OK(tw_secret_random(sys, TW_AEAD_KEY, &k));
	CHECK_OK(tw_secret_random(sys, 16, &small));
	CHECK_ERR(tw_aead_seal(k, (struct tw_slice){ sealed, (size_t)INT_MAX + 1 }, TW_SLICE("x"), &b), LIMIT); /* not a byte is read */
	CHECK_ERR(tw_aead_seal(k, TW_SLICE(""), (struct tw_slice){ sealed, (size_t)INT_MAX - TW_AEAD_OVERHEAD + 1 }, &b), LIMIT);
	tw_fake_fail(f, 2, ENOMEM, false); /* after the nonce: the largest is a size, and only then memory is asked for it */
	CHECK_ERR(tw_aead_seal(k, (struct tw_slice){ sealed, INT_MAX }, (struct tw_slice){ sealed, (size_t)INT_MAX - TW_AEAD_OVERHEAD }, &b),
		NOMEM);
	CHECK_ERR(tw_aead_open(sys, k, TW_SLICE(""), (struct tw_slice){ sealed, (size_t)INT_MAX + 1 }, &got), LIMIT);
	CHECK_ERR(tw_aead_open(sys, small, TW_SLICE(""), (struct tw_slice){ sealed, sizeof sealed }, &got), INTERNAL);
	CHECK(got == NULL && b.size == 0);
	tw_fake_free(f);
}

static tw_err both_ways(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *k = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, s, 4096);
	TW_TRY(tw_secret_random(s, TW_AEAD_KEY, &k));
	tw_err e = tw_aead_seal(k, tw_slice_of("use"), tw_slice_of("text"), &b);
	if (tw_failed(e))
		CHECK_INT(b.size, 0); /* never a half */
	TW_TRY(e);
	return tw_aead_open(s, k, tw_slice_of("use"), tw_buf_slice(&b), &got);
}

static void test_out_of_memory(void **state)
{
	CHECK(oom_sweep(both_ways, NULL) >= 5);
}

struct sealed {
	tw_secret *key, *got;
	struct tw_buf text;
};

static tw_err both_to_keep(const struct tw_sys *s, void *user)
{
	struct sealed *m = user;
	tw_buf_done(&m->text);
	tw_buf_init(&m->text, s, 4096);
	TW_TRY(tw_aead_seal(m->key, tw_slice_of("use"), tw_slice_of("a text somewhat longer than sixteen bytes"), &m->text));
	return tw_aead_open(s, m->key, tw_slice_of("use"), tw_buf_slice(&m->text), &m->got);
}

static void judge_both(void *user)
{
	struct sealed *m = user;
	CHECK_BYTES(tw_secret_bytes(m->got), "a text somewhat longer than sixteen bytes", tw_secret_size(m->got));
	CHECK(memmem(m->text.data, m->text.size, "longer", 6) == NULL);
	m->got = tw_secret_free(m->got);
	CHECK_ERR(tw_aead_open(sys, m->key, tw_slice_of("us"), tw_buf_slice(&m->text), &m->got), UNTRUSTED);
	m->text.data[0] ^= 1;
	CHECK_ERR(tw_aead_open(sys, m->key, tw_slice_of("use"), tw_buf_slice(&m->text), &m->got), UNTRUSTED);
}

static tw_err open_a_changed_one(const struct tw_sys *s, void *user)
{
	struct sealed *m = user;
	tw_err e = tw_aead_open(s, m->key, tw_slice_of("use"), tw_buf_slice(&m->text), &m->got);
	CHECK(tw_failed(e) && !m->got); /* whatever fails on the way */
	return tw_is(e, TW_CODE_UNTRUSTED) ? TW_OK : e;
}

static void nothing_to_judge(void *user)
{
}

static void test_never_half_sealed(void **state)
{
	struct sealed m = { 0 };
	CHECK_OK(tw_secret_random(sys, TW_AEAD_KEY, &m.key));
	judged_sweep(both_to_keep, judge_both, &m);
	judged_sweep(open_a_changed_one, nothing_to_judge, &m);
	lack_memory_once(); /* got over: not why the next one is refused */
	CHECK_ERR(tw_aead_open(sys, m.key, tw_slice_of("use"), tw_buf_slice(&m.text), &m.got), UNTRUSTED);
	m.key = tw_secret_free(m.key);
	tw_buf_done(&m.text);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)
CHECK_MAIN(TEST(test_published_vector), TEST(test_round), TEST(test_every_bit_counts), TEST(test_refuses_other_key_sizes),
	TEST(test_out_of_memory), TEST(test_sizes_have_an_end), TEST(test_never_half_sealed))

/* SPDX-License-Identifier: Apache-2.0 */
/* What every backend of the keystore has to keep, run against each of them. `open` opens it anew over what it left. */
#ifndef TW_SERVICE_TEST_KEYSTORE_H
#define TW_SERVICE_TEST_KEYSTORE_H
#include "service/keys/keystore.h"

#include "service/test-dir.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <time.h>

typedef tw_err (*keystore_open)(tw_keystore **ret);
/* The one in this directory, through this seam. */
typedef tw_err (*keystore_open_in)(const struct tw_sys *s, int directory, tw_keystore **ret);

static inline void check_signs(tw_keystore *k, const char *slot, const uint8_t point[TW_POINT_SIZE])
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 };
	static const uint8_t prefix[26] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
		0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
	const struct tw_slice text = tw_slice_of("what is signed");
	uint8_t signature[TW_SIGNATURE_SIZE], again[TW_POINT_SIZE];
	CHECK_OK(tw_keystore_point(k, slot, again));
	CHECK_BYTES(again, point, TW_POINT_SIZE);
	CHECK_OK(tw_keystore_sign(k, slot, &text, 1, signature));
	tw_buf_init(&spki, tw_sys_real(), 128);
	CHECK_OK(tw_buf_add(&spki, prefix, sizeof prefix));
	CHECK_OK(tw_buf_add(&spki, point, TW_POINT_SIZE));
	CHECK_OK(tw_key_load_public(tw_sys_real(), tw_buf_slice(&spki), &key));
	CHECK_OK(tw_key_verify(key, &text, 1, signature));
	signature[10] ^= 1;
	CHECK_ERR(tw_key_verify(key, &text, 1, signature), UNTRUSTED);
}

/* @nist DP.CKM.1: two pairs differ, the name decides, nothing private comes out (there is no call for it) */
static inline void keystore_makes_keys(keystore_open open)
{
	tw_keystore *k = NULL;
	uint8_t one[TW_POINT_SIZE], two[TW_POINT_SIZE], none[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE], digest[32] = { 1 };
	CHECK_OK(open(&k));
	CHECK_OK(tw_keystore_generate(k, "one", one));
	CHECK_OK(tw_keystore_generate(k, "two.second-key", two));
	CHECK(memcmp(one, two, sizeof one) != 0);
	CHECK_ERR(tw_keystore_generate(k, "one", none), EXISTS);
	CHECK_ERR(tw_keystore_point(k, "three", none), NOTFOUND);
	CHECK_ERR(tw_keystore_sign_digest(k, "three", digest, signature), NOTFOUND);
	CHECK_ERR(tw_keystore_remove(k, "three"), NOTFOUND);
	CHECK_ERR(tw_keystore_rename(k, "three", "four"), NOTFOUND);
	check_signs(k, "one", one);
	k = tw_keystore_close(k);
	CHECK_OK(open(&k));
	check_signs(k, "one", one);
	check_signs(k, "two.second-key", two);
	CHECK_OK(tw_keystore_remove(k, "one"));
	CHECK_ERR(tw_keystore_sign_digest(k, "one", digest, signature), NOTFOUND);
	CHECK_OK(tw_keystore_remove(k, "two.second-key"));
	k = tw_keystore_close(k);
	CHECK_OK(open(&k));
	CHECK_ERR(tw_keystore_point(k, "one", none), NOTFOUND);
	tw_keystore_close(k);
}

static inline void keystore_refuses_names(keystore_open open)
{
	static const char *const bad[] = { "", "A", "1", "-a", ".", "a/b", "a b", "a\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	CHECK_OK(open(&k));
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		CHECK_ERR(tw_keystore_generate(k, bad[i], point), SYNTAX);
		CHECK_ERR(tw_keystore_rename(k, "a", bad[i]), SYNTAX);
	}
	tw_keystore_close(k);
}

/* @nist DP.CKM.3: the new key takes the old one's name in one step, and the old one is gone */
static inline void keystore_rotates_keys(keystore_open open)
{
	tw_keystore *k = NULL;
	uint8_t old[TW_POINT_SIZE], next[TW_POINT_SIZE], none[TW_POINT_SIZE];
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	CHECK_OK(open(&k));
	CHECK_OK(tw_keystore_generate(k, "local", old));
	CHECK_OK(tw_keystore_generate(k, "local.next", next));
	check_signs(k, "local", old);
	CHECK_OK(tw_keystore_rename(k, "local.next", "local"));
	check_signs(k, "local", next);
	CHECK_ERR(tw_keystore_point(k, "local.next", none), NOTFOUND);
	tw_buf_init(&names, tw_sys_real(), 4096);
	CHECK_OK(tw_keystore_list(k, &names));
	CHECK_TEXT(tw_buf_cstr(&names), "local\n");
	k = tw_keystore_close(k);
	CHECK_OK(open(&k));
	check_signs(k, "local", next);
	CHECK_OK(tw_keystore_remove(k, "local"));
	tw_keystore_close(k);
}

static inline void keystore_seals(keystore_open open)
{
	const struct tw_slice use = TW_SLICE("use"), other = TW_SLICE("other"), text = TW_SLICE("the log's master secret, say");
	TW_CLEANUP(tw_buf_done) struct tw_buf first = { 0 }, second = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	struct tw_keystore_state before, after;
	tw_keystore *k = NULL;
	CHECK_OK(open(&k));
	tw_buf_init(&first, tw_sys_real(), 8192);
	tw_buf_init(&second, tw_sys_real(), 8192);
	CHECK_OK(tw_keystore_state(k, &before));
	CHECK(before.generation >= 1 && before.oldest == before.generation);
	CHECK_OK(tw_keystore_seal(k, use, text, &first));
	CHECK(memmem(first.data, first.size, "master", 6) == NULL);
	CHECK_INT(tw_keystore_sealed_generation(tw_buf_slice(&first)), before.generation);
	CHECK_ERR(tw_keystore_unseal(k, other, tw_buf_slice(&first), &got), UNTRUSTED);
	for (size_t i = 1; i < first.size; i++) {
		first.data[i] ^= 4;
		tw_err e = tw_keystore_unseal(k, use, tw_buf_slice(&first), &got);
		CHECK(tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX));
		first.data[i] ^= 4;
	}
	CHECK_ERR(tw_keystore_unseal(k, use, (struct tw_slice){ first.data, 4 }, &got), SYNTAX);
	CHECK_OK(tw_keystore_rotate(k));
	CHECK_OK(tw_keystore_unseal(k, use, tw_buf_slice(&first), &got)); /* what was sealed before still opens */
	CHECK_INT(tw_secret_size(got), text.size);
	CHECK_BYTES(tw_secret_bytes(got), text.at, text.size);
	got = tw_secret_free(got);
	CHECK_OK(tw_keystore_seal(k, use, text, &second));
	CHECK_INT(tw_keystore_sealed_generation(tw_buf_slice(&second)), before.generation + 1);
	CHECK_OK(tw_keystore_forget(k));
	k = tw_keystore_close(k);
	CHECK_OK(open(&k));
	CHECK_OK(tw_keystore_state(k, &after));
	CHECK_INT(after.generation, before.generation + 1);
	CHECK_INT(after.oldest, after.generation);
	CHECK_ERR(tw_keystore_unseal(k, use, tw_buf_slice(&first), &got), UNTRUSTED);
	CHECK_OK(tw_keystore_unseal(k, use, tw_buf_slice(&second), &got));
	CHECK_BYTES(tw_secret_bytes(got), text.at, text.size);
	tw_keystore_close(k);
}

static inline void keystore_imports(keystore_open open)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	CHECK_OK(tw_key_point(key, point));
	CHECK_OK(open(&k));
	CHECK_OK(tw_keystore_import(k, "identity", key));
	CHECK_ERR(tw_keystore_import(k, "identity", key), EXISTS);
	check_signs(k, "identity", point);
	tw_keystore_close(k);
}

/* What a signature by the key `one` comes to, and in time. */
static inline void check_sign_is(tw_keystore *k, enum tw_code want)
{
	static const uint8_t digest[32] = { 1 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	struct timespec from, to;
	CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &from), 0);
	CHECK_INT(tw_keystore_sign_digest(k, "one", digest, signature).code, want);
	CHECK_INT(clock_gettime(CLOCK_MONOTONIC, &to), 0);
	CHECK((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 <= TW_KEYSTORE_TIMEOUT_MS + 100);
}

/* --- What a cut leaves of a rotation --- */

struct keystore_points {
	uint8_t old[TW_POINT_SIZE], next[TW_POINT_SIZE];
};

/* marks: learns of each promise that was kept, or NULL. */
static inline tw_err keystore_story(tw_keystore *k, tw_fake *marks, struct keystore_points *p)
{
	TW_TRY(tw_keystore_generate(k, "local", p->old));
	if (marks)
		tw_fake_mark(marks, 1);
	TW_TRY(tw_keystore_generate(k, "local.next", p->next));
	TW_TRY(tw_keystore_rename(k, "local.next", "local"));
	if (marks)
		tw_fake_mark(marks, 2);
	TW_TRY(tw_keystore_rotate(k));
	TW_TRY(tw_keystore_forget(k));
	if (marks)
		tw_fake_mark(marks, 3);
	return TW_OK;
}

static inline void keystore_check_cut(tw_keystore *k, uint64_t acked, const struct keystore_points *p)
{
	uint8_t now[TW_POINT_SIZE];
	struct tw_keystore_state s;
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK(s.generation == 1 || s.generation == 2);
	if (acked == 3)
		CHECK(s.generation == 2 && s.oldest == 2);
	tw_err e = tw_keystore_point(k, "local", now);
	if (acked == 0 && tw_is(e, TW_CODE_NOTFOUND))
		return;
	CHECK_OK(e);
	CHECK(memcmp(now, p->next, sizeof now) == 0 || (acked < 2 && memcmp(now, p->old, sizeof now) == 0));
	check_signs(k, "local", now);
}

/*
 * @nist DP.CKM.3: a power cut in the middle of a rotation leaves a key that signs, the old one or the new one.
 * variants 0: another one at each point, where the vault's own test has every one of each.
 */
static inline void keystore_survives_cuts(keystore_open_in open, const struct test_dir *dir, unsigned variants)
{
	tw_fake *f = tw_fake_new();
	struct test_dir there = test_dir_new();
	struct keystore_points p;
	tw_keystore *k = NULL;
	tw_fake_record(f, dir->path);
	CHECK_OK(open(tw_fake_sys(f), dir->fd, &k));
	CHECK_OK(keystore_story(k, f, &p));
	k = tw_keystore_close(k);
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned i = 0; i < (variants ? variants : 1); i++) {
			test_dir_empty(&there);
			CHECK_OK(tw_fake_rebuild(f, point, variants ? i : (unsigned)point % 4, there.path));
			CHECK_OK(open(tw_sys_real(), there.fd, &k));
			keystore_check_cut(k, tw_fake_acked(f, point), &p);
			k = tw_keystore_close(k);
		}
	}
	test_dir_done(&there);
	tw_fake_free(f);
}
#endif

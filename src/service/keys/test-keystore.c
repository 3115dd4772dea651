/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore in a sealed file: the contract of all backends, and what only a file has: its root, its copies, its cuts. */
#include "service/keys/test-keystore.h"

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "service/keys/vault.h"
#include "sys/durable.h"
#include "oom.h"
#include "spill.h"

static const struct tw_sys *sys;
static struct test_dir dir;
static tw_secret *root;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	sweep_is_strict = true;
	dir = test_dir_new();
	CHECK_OK(tw_secret_new(sys, "0123456789abcdef0123456789abcdef", 32, &root));
	return 0;
}

static int tear_down(void **state)
{
	test_dir_done(&dir);
	root = tw_secret_free(root);
	return 0;
}

static tw_err open_file(tw_keystore **ret)
{
	return tw_keystore_file(sys, dir.fd, root, ret);
}

static void test_makes_keys(void **state)
{
	test_dir_empty(&dir);
	keystore_makes_keys(open_file);
}

static void test_refuses_names(void **state)
{
	keystore_refuses_names(open_file);
}

static void test_rotates_keys(void **state)
{
	test_dir_empty(&dir);
	keystore_rotates_keys(open_file);
}

static void test_seals(void **state)
{
	test_dir_empty(&dir);
	keystore_seals(open_file);
}

static void test_import(void **state)
{
	test_dir_empty(&dir);
	keystore_imports(open_file);
}

/* @nist DP.CKM.2: the root decides. From outside, no other opens it; beside it, the state says so. */
static void test_root(void **state)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *other = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *small = NULL;
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	CHECK_OK(tw_secret_random(sys, 32, &other));
	CHECK_OK(tw_secret_random(sys, 15, &small));
	test_dir_empty(&dir);
	CHECK_ERR(tw_keystore_file(sys, dir.fd, small, &k), UNTRUSTED);
	CHECK_OK(open_file(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_TEXT(s.kind, "file");
	CHECK(s.outside && !s.hardware && !s.single);
	k = tw_keystore_close(k);
	CHECK_ERR(tw_keystore_file(sys, dir.fd, other, &k), UNTRUSTED);
	CHECK_ERR(tw_keystore_file(sys, dir.fd, NULL, &k), UNTRUSTED);
	test_dir_empty(&dir);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK(!s.outside);
	CHECK(strstr(s.detail, "beside") != NULL);
	k = tw_keystore_close(k);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	check_signs(k, "one", point);
	tw_keystore_close(k);
}

static tw_err move(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_keystore_closep) tw_keystore *k = NULL;
	return tw_keystore_file(s, dir.fd, root, &k);
}

/* @nist DP.CKM.2: a root from outside takes the place of the one beside, which is destroyed; cut anywhere, one of them opens */
static void test_root_comes_later(void **state)
{
	tw_fake *f = tw_fake_new();
	struct test_dir there = test_dir_new();
	tw_keystore *k = NULL;
	struct tw_keystore_state s;
	uint8_t point[TW_POINT_SIZE];
	test_dir_empty(&dir);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	k = tw_keystore_close(k);
	tw_fake_record(f, dir.path);
	CHECK_OK(move(tw_fake_sys(f), NULL));
	for (size_t at = 0; at < tw_fake_points(f); at++) {
		for (unsigned variant = 0; variant < 4; variant++) {
			test_dir_empty(&there);
			CHECK_OK(tw_fake_rebuild(f, at, variant, there.path));
			CHECK_OK(tw_keystore_file(sys, there.fd, root, &k));
			CHECK_OK(tw_keystore_state(k, &s));
			CHECK(s.outside && !s.single);
			check_signs(k, "one", point);
			k = tw_keystore_close(k);
			CHECK(faccessat(there.fd, "keystore.root", F_OK, 0) != 0);
		}
	}
	CHECK_ERR(tw_keystore_file(sys, dir.fd, NULL, &k), UNTRUSTED);
	test_dir_done(&there);
	tw_fake_free(f);
}

/* More keys than are kept ready: each still signs as itself. */
static void test_many(void **state)
{
	enum { MANY = 20 };
	uint8_t points[MANY][TW_POINT_SIZE];
	char name[16];
	tw_keystore *k = NULL;
	test_dir_empty(&dir);
	CHECK_OK(open_file(&k));
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "k%d", i);
		CHECK_OK(tw_keystore_generate(k, name, points[i]));
	}
	for (int i = 0; i < 2 * MANY; i++) {
		(void)snprintf(name, sizeof name, "k%d", i * 7 % MANY);
		check_signs(k, name, points[i * 7 % MANY]);
	}
	tw_keystore_close(k);
}

/* --- Cuts and faults --- */

static tw_err open_beside(const struct tw_sys *s, int directory, tw_keystore **ret)
{
	return tw_keystore_file(s, directory, NULL, ret);
}

/* @nist DP.CKM.3: with every variant of each cut. */
static void test_power_cut(void **state)
{
	test_dir_empty(&dir);
	keystore_survives_cuts(open_beside, &dir, 6);
}

static tw_err whole_story(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_keystore_closep) tw_keystore *k = NULL;
	struct keystore_points p;
	test_dir_empty(&dir);
	TW_TRY(tw_keystore_file(s, dir.fd, NULL, &k));
	return keystore_story(k, NULL, &p);
}

/* Memory that fails for the second copy does not undo a change, so only what failed is asked for. */
static void test_out_of_memory(void **state)
{
	CHECK(loose_sweep_with(ENOMEM, whole_story, NULL) > 50);
}

/* --- Every failure is told --- */

/* A store that stands in one copy says so; a failure that did not lead to that is told. */
static tw_err told_or_single(tw_keystore *k)
{
	struct tw_keystore_state s;
	CHECK_OK(tw_keystore_state(k, &s));
	return s.single ? TW_RAISE(IO, "in one copy only") : TW_OK;
}

static tw_err each_call(const struct tw_sys *s, void *user)
{
	static const uint8_t digest[32] = { 1 };
	TW_CLEANUP(tw_keystore_closep) tw_keystore *k = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, names = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	uint8_t point[TW_POINT_SIZE], again[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE];
	test_dir_empty(&dir);
	CHECK_OK(tw_keystore_file(sys, dir.fd, user, &k)); /* as it is made, its first change mends what its creation left in one copy */
	k = tw_keystore_close(k);
	tw_err e = tw_keystore_file(s, dir.fd, user, &k);
	CHECK(tw_failed(e) == (k == NULL));
	TW_TRY(e);
	TW_TRY(told_or_single(k));
	TW_TRY(tw_keystore_generate(k, "one", point));
	TW_TRY(told_or_single(k));
	TW_TRY(tw_keystore_sign_digest(k, "one", digest, signature));
	tw_buf_init(&names, s, 4096);
	TW_TRY(tw_keystore_list(k, &names));
	CHECK_TEXT(tw_buf_cstr(&names), "one\n");
	tw_buf_init(&sealed, s, 4096);
	TW_TRY(tw_keystore_seal(k, TW_SLICE("use"), TW_SLICE("text"), &sealed));
	TW_TRY(tw_keystore_unseal(k, TW_SLICE("use"), tw_buf_slice(&sealed), &got));
	CHECK_INT(tw_secret_size(got), 4);
	CHECK_BYTES(tw_secret_bytes(got), "text", 4);
	got = tw_secret_free(got);
	TW_TRY(tw_keystore_rotate(k));
	TW_TRY(told_or_single(k));
	TW_TRY(tw_keystore_unseal(k, TW_SLICE("use"), tw_buf_slice(&sealed), &got));
	TW_TRY(tw_keystore_forget(k));
	TW_TRY(tw_keystore_rename(k, "one", "two"));
	TW_TRY(told_or_single(k));
	tw_err there = tw_keystore_point(k, "two", again);
	CHECK(!tw_is(there, TW_CODE_NOTFOUND)); /* it said that it has that name now */
	TW_TRY(there);
	CHECK_BYTES(again, point, sizeof point);
	TW_TRY(tw_keystore_remove(k, "two"));
	CHECK_ERR(tw_keystore_point(k, "two", point), NOTFOUND);
	return TW_OK;
}

static void test_every_failure_is_told(void **state)
{
	CHECK(told_sweep(ENOMEM, each_call, root, "close unlink pin") > 80);
	CHECK(told_sweep(EIO, each_call, root, "close unlink pin") > 80);
	CHECK(told_sweep(EIO, each_call, NULL, "close unlink pin") > 80);
}

/* Every place where a key stands ready is looked through: as many as there are, each then takes another's name. */
static void test_ready_keys_change_hands(void **state)
{
	enum { READY = 8 };
	uint8_t points[READY][TW_POINT_SIZE], fresh[TW_POINT_SIZE];
	char name[16];
	tw_keystore *k = NULL;
	test_dir_empty(&dir);
	CHECK_OK(open_file(&k));
	for (int i = 0; i < READY; i++) {
		(void)snprintf(name, sizeof name, "k%d", i);
		CHECK_OK(tw_keystore_generate(k, name, points[i]));
		check_signs(k, name, points[i]);
	}
	for (int i = 0; i < READY; i++) {
		(void)snprintf(name, sizeof name, "k%d", i);
		CHECK_OK(tw_keystore_generate(k, "fresh", fresh));
		CHECK_OK(tw_keystore_rename(k, "fresh", name));
		check_signs(k, name, fresh);
	}
	tw_keystore_close(k);
}

/* One that stands ready is not loaded again, which would need memory. */
static void test_ready_keys_are_ready(void **state)
{
	static const uint8_t digest[32] = { 1 };
	uint8_t point[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE];
	tw_fake *f = tw_fake_new();
	tw_keystore *k = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_keystore_file(tw_fake_sys(f), dir.fd, root, &k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(tw_keystore_sign_digest(k, "one", digest, signature));
	CHECK(tw_fake_calls(f) > 0);
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(tw_keystore_sign_digest(k, "one", digest, signature));
	CHECK_INT(tw_fake_calls(f), 0);
	tw_keystore_close(k);
	tw_fake_free(f);
}

/* What the root beside opened, sealed anew under one from outside: whatever fails of that is told, and none of it is blamed on the root. */
static tw_err move_again(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_keystore_closep) tw_keystore *k = NULL;
	test_dir_empty(&dir);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	k = tw_keystore_close(k);
	tw_err e = tw_keystore_file(s, dir.fd, root, &k);
	CHECK(tw_failed(e) == (k == NULL));
	TW_TRY(e);
	return told_or_single(k);
}

static void test_a_move_tells_every_failure(void **state)
{
	CHECK(told_sweep(ENOMEM, move_again, NULL, "close unlink pin") > 40);
	CHECK(told_sweep(EIO, move_again, NULL, "close unlink pin") > 40);
}

/* The form on disk: version and generation in front, and what is bound to the text is the head and then the use. */
static void test_what_a_seal_is_bound_to(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, bound = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL, *got = NULL;
	struct tw_slice bytes;
	tw_keystore *k = NULL;
	tw_vault *v = NULL;
	test_dir_empty(&dir);
	tw_buf_init(&sealed, sys, 4096);
	tw_buf_init(&bound, sys, 4096);
	CHECK_OK(open_file(&k));
	CHECK_OK(tw_keystore_seal(k, TW_SLICE("use"), TW_SLICE("text"), &sealed));
	tw_keystore_close(k);
	CHECK_BYTES(sealed.data, "\1\0\0\0\1", 5);
	CHECK_OK(tw_vault_open(sys, dir.fd, "keystore", root, &v));
	CHECK_OK(tw_vault_get(v, 2, "1", &bytes));
	CHECK_OK(tw_secret_new(sys, bytes.at, bytes.size, &key));
	tw_vault_free(v);
	CHECK_OK(tw_buf_add(&bound, sealed.data, 5));
	CHECK_OK(tw_buf_text(&bound, "use"));
	CHECK_OK(tw_aead_open(sys, key, tw_buf_slice(&bound), (struct tw_slice){ sealed.data + 5, sealed.size - 5 }, &got));
	CHECK_BYTES(tw_secret_bytes(got), "text", 4);
}

/* Neither a key's file nor the root is in what the keystore gives back while it works and when it ends. */
static void test_nothing_is_left_behind(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 }, beside = { 0 };
	char line[48];
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	test_dir_empty(&dir);
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_key_point(key, point));
	tw_buf_init(&pem, sys, 1024);
	CHECK_OK(tw_key_save(key, &pem));
	memcpy(line, pem.data + 100, sizeof line); /* of the private half */
	spill_watch(line, sizeof line);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	CHECK_OK(tw_keystore_import(k, "one", key));
	check_signs(k, "one", point);
	CHECK_OK(tw_keystore_rename(k, "one", "two"));
	check_signs(k, "two", point);
	CHECK_OK(tw_keystore_remove(k, "two"));
	k = tw_keystore_close(k);
	CHECK_INT(spill_seen(), 0);
	tw_buf_init(&beside, sys, 1024);
	CHECK_OK(tw_durable_read(sys, dir.fd, "keystore.root", 1024, &beside));
	CHECK_INT(beside.size, 32);
	spill_watch(beside.data, beside.size);
	CHECK_OK(tw_keystore_file(sys, dir.fd, NULL, &k));
	k = tw_keystore_close(k);
	CHECK_OK(tw_keystore_file(sys, dir.fd, root, &k));
	k = tw_keystore_close(k);
	CHECK_INT(spill_seen(), 0);
}

/* What is removed while the second copy cannot be written is not destroyed yet, and that is told. */
static int fail_b;

static int rename_but_b(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	if (fail_b && strstr(to, ".b")) {
		errno = EIO;
		return -1;
	}
	return tw_sys_real()->rename(s, from_dir, from, to_dir, to);
}

static void test_not_destroyed_in_one_copy(void **state)
{
	struct tw_sys failing = *sys;
	uint8_t point[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	failing.rename = rename_but_b;
	test_dir_empty(&dir);
	CHECK_OK(tw_keystore_file(&failing, dir.fd, root, &k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_OK(tw_keystore_rotate(k));
	fail_b = 1;
	CHECK_ERR(tw_keystore_remove(k, "one"), IO);
	CHECK_ERR(tw_keystore_forget(k), IO);
	fail_b = 0;
	CHECK_OK(tw_keystore_generate(k, "two", point));
	CHECK_OK(tw_keystore_forget(k));
	tw_keystore_close(k);
}

static void copies_are_alike(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf a = { 0 }, b = { 0 };
	tw_buf_init(&a, sys, 64 * 1024);
	tw_buf_init(&b, sys, 64 * 1024);
	CHECK_OK(tw_durable_read(sys, dir.fd, "keystore.a", 64 * 1024, &a));
	CHECK_OK(tw_durable_read(sys, dir.fd, "keystore.b", 64 * 1024, &b));
	CHECK(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
}

static tw_err list_of(tw_keystore *k, struct tw_buf *ret)
{
	tw_buf_clear(ret);
	return tw_keystore_list(k, ret);
}

/*
 * The copy that is behind still has the key that was destroyed: till it can be written nobody is told that the key is gone, whoever asks again and
 * however, nor after a restart. Then it is gone from both.
 */
static void test_what_the_older_copy_holds_is_told(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	struct tw_sys failing = *sys;
	uint8_t point[TW_POINT_SIZE];
	failing.rename = rename_but_b;
	tw_buf_init(&names, sys, 4096);
	for (int how = 0; how < 4; how++) { /* removed or rotated; then restarted or not */
		const bool rotated = how & 1, restarted = how & 2;
		tw_keystore *k = NULL;
		test_dir_empty(&dir);
		CHECK_OK(tw_keystore_file(&failing, dir.fd, root, &k));
		CHECK_OK(tw_keystore_generate(k, "one", point));
		CHECK_OK(tw_keystore_generate(k, "two", point));
		fail_b = 1;
		if (rotated)
			CHECK_OK(tw_keystore_rename(k, "two", "one")); /* done when the new key has the name */
		else
			CHECK_ERR(tw_keystore_remove(k, "one"), IO);
		if (restarted) {
			tw_keystore_close(k);
			CHECK_OK(tw_keystore_file(&failing, dir.fd, root, &k));
		}
		CHECK_ERR(list_of(k, &names), IO);
		CHECK_ERR(tw_keystore_remove(k, "one"), IO);
		CHECK_ERR(tw_keystore_settle(k), IO);
		fail_b = 0;
		CHECK_OK(list_of(k, &names));
		CHECK_TEXT(tw_buf_cstr(&names), rotated ? "one\n" : "two\n");
		copies_are_alike();
		tw_keystore_close(k);
	}
}

/* --- At the edges --- */

static void test_edges(void **state)
{
	static const char big[TW_SEALED_SECRET_MAX + 1];
	char longest[TW_SLOT_MAX + 2];
	uint8_t point[TW_POINT_SIZE], other[TW_POINT_SIZE], signature[TW_SIGNATURE_SIZE];
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *small = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	tw_keystore *k = NULL;
	memset(longest, 'a', sizeof longest);
	longest[TW_SLOT_MAX] = '\0';
	test_dir_empty(&dir);
	CHECK_OK(tw_secret_new(sys, "0123456789abcdef", 16, &small));
	CHECK_OK(tw_keystore_file(sys, dir.fd, small, &k)); /* the shortest root that is one */
	CHECK_OK(tw_keystore_generate(k, longest, point));
	check_signs(k, longest, point);
	longest[TW_SLOT_MAX] = 'a';
	longest[TW_SLOT_MAX + 1] = '\0';
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_ERR(tw_keystore_generate(k, longest, other), SYNTAX);
	CHECK_ERR(tw_keystore_import(k, longest, key), SYNTAX);
	CHECK_ERR(tw_keystore_point(k, longest, other), SYNTAX);
	CHECK_ERR(tw_keystore_sign_digest(k, longest, point, signature), SYNTAX);
	CHECK_ERR(tw_keystore_remove(k, longest), SYNTAX);
	CHECK_ERR(tw_keystore_rename(k, longest, "b"), SYNTAX);
	CHECK_ERR(tw_keystore_rename(k, "b", "b"), STATE);
	tw_buf_init(&b, sys, 8192);
	CHECK_ERR(tw_keystore_seal(k, TW_SLICE("use"), (struct tw_slice){ big, sizeof big }, &b), LIMIT);
	CHECK_OK(tw_keystore_seal(k, TW_SLICE("use"), (struct tw_slice){ big, sizeof big - 1 }, &b));
	CHECK_OK(tw_keystore_unseal(k, TW_SLICE("use"), tw_buf_slice(&b), &got));
	CHECK_INT(tw_secret_size(got), sizeof big - 1);
	for (size_t n = 0; n < 5; n++)
		CHECK_INT(tw_keystore_sealed_generation((struct tw_slice){ b.data, n }), 0);
	CHECK_INT(tw_keystore_sealed_generation((struct tw_slice){ b.data, 5 }), 1);
	b.data[0] = 2;
	CHECK_INT(tw_keystore_sealed_generation(tw_buf_slice(&b)), 0);
	tw_keystore_close(k);
}

/* A vault of this name whose storage keys are not what they should be is not opened. */
static void test_storage_keys_are_checked(void **state)
{
	static const struct {
		const char *name;
		size_t size;
		enum tw_code want;
	} rows[] = { { "0", 32, TW_CODE_SYNTAX }, { "1", 31, TW_CODE_SYNTAX }, { "x", 32, TW_CODE_SYNTAX },
		{ "4294967296", 32, TW_CODE_LIMIT }, { "4294967295", 32, TW_CODE_OK }, { "1", 32, TW_CODE_OK } };
	static const char bytes[32];
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_vault_edit edit = { 2, rows[i].name, { bytes, rows[i].size } };
		tw_vault *v = NULL;
		tw_keystore *k = NULL;
		test_dir_empty(&dir);
		CHECK_OK(tw_vault_create(sys, dir.fd, "keystore", root, &v));
		CHECK_OK(tw_vault_change(v, &edit, 1));
		tw_vault_free(v);
		CHECK_INT(open_file(&k).code, rows[i].want);
		CHECK((k == NULL) == (rows[i].want != TW_CODE_OK));
		if (i == 4) {
			struct tw_keystore_state s;
			CHECK_ERR(tw_keystore_rotate(k), LIMIT); /* no number is left */
			CHECK_OK(tw_keystore_state(k, &s));
			CHECK(s.generation == UINT32_MAX && s.oldest == UINT32_MAX);
		}
		tw_keystore_close(k);
	}
}

/* Whatever order they stand in. */
static void test_oldest_storage_key(void **state)
{
	static const char bytes[32];
	const struct tw_vault_edit edits[] = { { 2, "4", { bytes, 32 } }, { 2, "2", { bytes, 32 } }, { 2, "3", { bytes, 32 } } };
	tw_vault *v = NULL;
	tw_keystore *k = NULL;
	uint32_t oldest, newest;
	test_dir_empty(&dir);
	CHECK_OK(tw_vault_create(sys, dir.fd, "keystore", root, &v));
	CHECK_OK(tw_vault_change(v, edits, TW_COUNT(edits)));
	tw_vault_free(v);
	CHECK_OK(open_file(&k));
	tw_keystore_generations(k, &oldest, &newest);
	CHECK(oldest == 2 && newest == 4);
	tw_keystore_close(k);
}

/* A name that changed hands signs with the key it has now, also when it was ready to sign before. */
static void test_names_change_hands(void **state)
{
	uint8_t first[TW_POINT_SIZE], second[TW_POINT_SIZE], third[TW_POINT_SIZE];
	tw_keystore *k = NULL;
	test_dir_empty(&dir);
	CHECK_OK(open_file(&k));
	CHECK_OK(tw_keystore_generate(k, "a", first));
	CHECK_OK(tw_keystore_generate(k, "b", second));
	check_signs(k, "a", first);
	check_signs(k, "b", second);
	CHECK_OK(tw_keystore_rename(k, "b", "a"));
	check_signs(k, "a", second);
	CHECK_OK(tw_keystore_generate(k, "b", third));
	check_signs(k, "b", third);
	CHECK_OK(tw_keystore_remove(k, "b"));
	CHECK_OK(tw_keystore_generate(k, "b", third));
	check_signs(k, "b", third);
	check_signs(k, "a", second);
	tw_keystore_close(k);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_makes_keys), cmocka_unit_test(test_refuses_names),
	cmocka_unit_test(test_rotates_keys), cmocka_unit_test(test_seals), cmocka_unit_test(test_import),
	cmocka_unit_test(test_root), cmocka_unit_test(test_root_comes_later), cmocka_unit_test(test_many),
	cmocka_unit_test(test_power_cut), cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_every_failure_is_told),
	cmocka_unit_test(test_not_destroyed_in_one_copy), cmocka_unit_test(test_edges), cmocka_unit_test(test_storage_keys_are_checked),
	cmocka_unit_test(test_names_change_hands), cmocka_unit_test(test_a_move_tells_every_failure),
	cmocka_unit_test(test_what_a_seal_is_bound_to), cmocka_unit_test(test_nothing_is_left_behind),
	cmocka_unit_test(test_what_the_older_copy_holds_is_told), cmocka_unit_test(test_ready_keys_change_hands),
	cmocka_unit_test(test_ready_keys_are_ready), cmocka_unit_test(test_oldest_storage_key))

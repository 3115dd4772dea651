/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore in a sealed file: the contract of all backends, and what only a file has: its root, its copies, its cuts. */
#include "service/keys/test-keystore.h"

#include "service/test-dir.h"
#include "sys/durable.h"
#include "oom.h"

static const struct tw_sys *sys;
static struct test_dir dir;
static tw_secret *root;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
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
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	test_dir_empty(&dir);
	CHECK_OK(open_file(&k));
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_key_point(key, point));
	CHECK_OK(tw_keystore_import(k, "identity", key));
	CHECK_ERR(tw_keystore_import(k, "identity", key), EXISTS);
	check_signs(k, "identity", point);
	tw_keystore_close(k);
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

struct points {
	uint8_t old[TW_POINT_SIZE], next[TW_POINT_SIZE];
};

static tw_err story(const struct tw_sys *s, tw_fake *marks, struct points *p)
{
	TW_CLEANUP(tw_keystore_closep) tw_keystore *k = NULL;
	TW_TRY(tw_keystore_file(s, dir.fd, NULL, &k));
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

/* @nist DP.CKM.3: a power cut in the middle of a rotation leaves a key that signs, the old one or the new one */
static void test_power_cut(void **state)
{
	tw_fake *f = tw_fake_new();
	struct test_dir there = test_dir_new();
	struct points p;
	test_dir_empty(&dir);
	tw_fake_record(f, dir.path);
	CHECK_OK(story(tw_fake_sys(f), f, &p));
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned variant = 0; variant < 6; variant++) {
			uint64_t acked = tw_fake_acked(f, point);
			uint8_t now[TW_POINT_SIZE];
			struct tw_keystore_state s;
			tw_keystore *k = NULL;
			test_dir_empty(&there);
			CHECK_OK(tw_fake_rebuild(f, point, variant, there.path));
			CHECK_OK(tw_keystore_file(sys, there.fd, NULL, &k));
			CHECK_OK(tw_keystore_state(k, &s));
			CHECK(s.generation == 1 || s.generation == 2);
			if (acked == 3)
				CHECK(s.generation == 2 && s.oldest == 2);
			tw_err e = tw_keystore_point(k, "local", now);
			if (acked == 0 && tw_is(e, TW_CODE_NOTFOUND)) {
				k = tw_keystore_close(k);
				continue;
			}
			CHECK_OK(e);
			CHECK(memcmp(now, p.next, sizeof now) == 0 || (acked < 2 && memcmp(now, p.old, sizeof now) == 0));
			check_signs(k, "local", now);
			k = tw_keystore_close(k);
		}
	}
	test_dir_done(&there);
	tw_fake_free(f);
}

static tw_err whole_story(const struct tw_sys *s, void *user)
{
	struct points p;
	test_dir_empty(&dir);
	return story(s, NULL, &p);
}

/* Memory that fails for the second copy does not undo a change, so only what failed is asked for. */
static void test_out_of_memory(void **state)
{
	CHECK(oom_sweep(whole_story, NULL) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_makes_keys),
		cmocka_unit_test(test_refuses_names),
		cmocka_unit_test(test_rotates_keys),
		cmocka_unit_test(test_seals),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_power_cut),
		cmocka_unit_test(test_out_of_memory),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

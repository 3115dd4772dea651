/* SPDX-License-Identifier: Apache-2.0 */
/* Argon2id against tags that another implementation has computed (noble-hashes 2.4.0, which shares no line with libargon2). */
#include "device/hash/argon.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

static struct tw_argon_room room;

#define SALT "AAECAwQFBgcICQoLDA0ODw"

static void test_tags(void **state)
{
	static const struct {
		const char *password, *hash;
	} rows[] = {
		{ "correct horse battery staple", "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU" },
		{ "p\xc3\xa4ssword-with-\xc3\xa4-umlauts",
			"$argon2id$v=19$m=19456,t=2,p=1$" SALT "$Jh4xLELlvm3jEHg9SfgvrQ2lkp6Uczs69d4Lb0W31FY" },
		{ "x", "$argon2id$v=19$m=20000,t=3,p=1$" SALT "$s5RfOGUw95EOA1AxHLLsGS3BsvPdCq48uwfgoi1VsT8" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_phc want, got;

		CHECK_OK(tw_phc_read(tw_slice_of(rows[i].hash), &want));
		got = want;
		memset(got.tag, 0, sizeof got.tag);
		CHECK_OK(tw_argon(&room, tw_slice_of(rows[i].password), &got));
		CHECK_BYTES(got.tag, want.tag, sizeof want.tag);
	}
}

static void test_salt_and_password_count(void **state)
{
	struct tw_phc a = { .cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN } }, b = a, c = a;

	c.salt[15] = 1;
	CHECK_OK(tw_argon(&room, TW_SLICE("password"), &a));
	CHECK_OK(tw_argon(&room, TW_SLICE("passwore"), &b));
	CHECK_OK(tw_argon(&room, TW_SLICE("password"), &c));
	CHECK(memcmp(a.tag, b.tag, sizeof a.tag) != 0 && memcmp(a.tag, c.tag, sizeof a.tag) != 0);
}

static void test_cost_is_bounded(void **state)
{
	static const struct tw_hash_cost rows[] = { { 4u << 20, 2 }, { 19456, 9 }, { 8, 2 }, { 19456, 1 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_phc h = { .cost = rows[i] };

		CHECK_ERR(tw_argon(&room, TW_SLICE("x"), &h), LIMIT);
	}
}

static tw_err one(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_argon_room_done) struct tw_argon_room own = { .sys = sys };
	struct tw_phc h = { .cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN } };

	return tw_argon(&own, TW_SLICE("password"), &h);
}

static void test_without_memory(void **state)
{
	CHECK_INT(told_sweep(ENOMEM, one, NULL, ""), 1); /* all of it is one block */
}

static void test_what_is_kept_is_wiped(void **state)
{
	struct tw_phc usual = { .cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN } }, dear = { .cost = { 20000, 2 } };
	size_t left = 0;

	CHECK_OK(tw_argon(&room, TW_SLICE("x"), &dear));
	CHECK(room.kept == NULL);
	CHECK_OK(tw_argon(&room, TW_SLICE("x"), &usual));
	CHECK(room.kept != NULL);
	for (size_t i = 0; i < TW_ARGON_KEPT; i++)
		left += room.kept[i] != 0;
	CHECK_INT(left, 0);
}

static int set_up(void **state)
{
	room = (struct tw_argon_room){ .sys = tw_sys_real() };
	return 0;
}

static int tear_down(void **state)
{
	tw_argon_room_done(&room);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(T(test_tags), T(test_salt_and_password_count), T(test_cost_is_bounded), T(test_what_is_kept_is_wiped), T(test_without_memory))

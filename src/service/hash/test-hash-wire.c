/* SPDX-License-Identifier: Apache-2.0 */
/* What core and hash say to one another: goes round, and every other form is refused. */
#include "service/hash/hash-wire.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define GOOD "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU"

static void test_make(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_hash_make m = { { 20000, 3 }, TW_SLICE("a password") }, got;

	tw_buf_init(&b, tw_sys_real(), TW_HASH_QUESTION_MAX);
	CHECK_OK(tw_hash_make_write(&m, &b));
	CHECK_OK(tw_hash_make_read(tw_buf_slice(&b), &got));
	CHECK_INT(got.cost.memory_kib, 20000);
	CHECK_INT(got.cost.passes, 3);
	CHECK(tw_slice_is(got.password, "a password"));
	for (size_t size = 0; size < b.size; size++)
		CHECK_ERR(tw_hash_make_read((struct tw_slice){ b.data, size }, &got), SYNTAX);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_hash_make_read(tw_buf_slice(&b), &got), SYNTAX);
}

static tw_err make_reads(uint32_t kib, uint32_t passes, struct tw_slice password)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_hash_make m = { { kib, passes }, password };

	tw_buf_init(&b, tw_sys_real(), 2 * TW_HASH_QUESTION_MAX);
	CHECK_OK(tw_hash_make_write(&m, &b));
	return tw_hash_make_read(tw_buf_slice(&b), &m);
}

static void test_make_is_bounded(void **state)
{
	static char big[TW_HASH_PASSWORD_MAX + 1];
	const struct tw_slice most = { big, TW_HASH_PASSWORD_MAX };

	memset(big, 'x', sizeof big);
	CHECK_OK(make_reads(TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN, most));
	CHECK_OK(make_reads(TW_HASH_KIB_MAX, TW_HASH_PASSES_MAX, TW_SLICE("x")));
	CHECK_ERR(make_reads(TW_HASH_KIB_MIN - 1, 2, most), LIMIT);
	CHECK_ERR(make_reads(TW_HASH_KIB_MAX + 1, 2, most), LIMIT);
	CHECK_ERR(make_reads(TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN - 1, most), LIMIT);
	CHECK_ERR(make_reads(TW_HASH_KIB_MIN, TW_HASH_PASSES_MAX + 1, most), LIMIT);
	CHECK_ERR(make_reads(TW_HASH_KIB_MIN, 2, TW_SLICE("")), SYNTAX);
	CHECK_ERR(make_reads(TW_HASH_KIB_MIN, 2, (struct tw_slice){ big, sizeof big }), LIMIT);
}

static void test_verify(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_hash_verify v = { .password = TW_SLICE("a password") }, got;

	tw_buf_init(&b, tw_sys_real(), TW_HASH_QUESTION_MAX);
	CHECK_OK(tw_phc_read(TW_SLICE(GOOD), &v.hash));
	CHECK_OK(tw_hash_verify_write(&v, &b));
	CHECK_OK(tw_hash_verify_read(tw_buf_slice(&b), &got));
	CHECK_INT(got.hash.cost.memory_kib, 19456);
	CHECK_BYTES(got.hash.tag, v.hash.tag, sizeof v.hash.tag);
	CHECK(tw_slice_is(got.password, "a password"));
	for (size_t size = 0; size < b.size; size++)
		CHECK_ERR(tw_hash_verify_read((struct tw_slice){ b.data, size }, &got), SYNTAX);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_hash_verify_read(tw_buf_slice(&b), &got), SYNTAX);
}

/* A hash from a store that somebody has written to goes no further than here. */
static void test_verify_is_bounded(void **state)
{
	static const char *const rows[] = { "$argon2id$v=19$m=4194304,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU",
		"$argon2id$v=19$m=65537,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_hash_verify got;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_buf_init(&b, tw_sys_real(), TW_HASH_QUESTION_MAX);
		CHECK_OK(tw_buf_block16(&b, rows[i], strlen(rows[i])));
		CHECK_OK(tw_buf_block16(&b, "x", 1));
		CHECK_ERR(tw_hash_verify_read(tw_buf_slice(&b), &got), LIMIT);
		tw_buf_done(&b);
	}
	tw_buf_init(&b, tw_sys_real(), TW_HASH_QUESTION_MAX);
	CHECK_OK(tw_buf_block16(&b, GOOD, strlen(GOOD)));
	CHECK_OK(tw_buf_block16(&b, "", 0));
	CHECK_ERR(tw_hash_verify_read(tw_buf_slice(&b), &got), SYNTAX);
}

static tw_err both(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, c = { 0 };
	const struct tw_hash_make m = { { 20000, 3 }, TW_SLICE("a password") };

	tw_buf_init(&b, sys, TW_HASH_QUESTION_MAX);
	tw_buf_init(&c, sys, TW_HASH_QUESTION_MAX);
	TW_TRY(tw_hash_make_write(&m, &b));
	return tw_hash_verify_write(user, &c);
}

static void test_without_memory(void **state)
{
	struct tw_hash_verify v = { .password = TW_SLICE("a password") };

	CHECK_OK(tw_phc_read(TW_SLICE(GOOD), &v.hash));
	CHECK(oom_sweep(both, &v) > 0);
}

CHECK_MAIN(cmocka_unit_test(test_make), cmocka_unit_test(test_make_is_bounded), cmocka_unit_test(test_verify),
	cmocka_unit_test(test_verify_is_bounded), cmocka_unit_test(test_without_memory))

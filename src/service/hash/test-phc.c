/* SPDX-License-Identifier: Apache-2.0 */
/* One form, and bounds on what it may cost: whoever wrote to the store must not make a device allocate what it has not. */
#include "service/hash/phc.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define SALT "AAECAwQFBgcICQoLDA0ODw"
#define TAG "gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU"
#define GOOD "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG

static void test_reads_what_it_writes(void **state)
{
	static const char *const rows[] = { GOOD, "$argon2id$v=19$m=65536,t=8,p=1$" SALT "$" TAG };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_phc h;

		tw_buf_init(&b, tw_sys_real(), TW_PHC_MAX);
		CHECK_OK(tw_phc_read(tw_slice_of(rows[i]), &h));
		CHECK_INT(h.cost.memory_kib, i ? 65536 : 19456);
		CHECK_INT(h.cost.passes, i ? 8 : 2);
		CHECK(h.salt[0] == 0 && h.salt[15] == 15 && h.tag[0] == 0x81 && h.tag[31] == 0x85);
		CHECK_OK(tw_phc_write(&h, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i]);
		for (size_t size = 0; size < b.size; size++)
			CHECK_ERR(tw_phc_read((struct tw_slice){ b.data, size }, &h), SYNTAX);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
	} rows[] = {
		{ "", TW_CODE_SYNTAX },
		{ "correct horse battery staple", TW_CODE_SYNTAX },
		{ "$argon2i$v=19$m=19456,t=2,p=1$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=16$m=19456,t=2,p=1$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$m=19456,t=2,p=1$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=4194304,t=2,p=1$" SALT "$" TAG, TW_CODE_LIMIT }, /* 4 GiB */
		{ "$argon2id$v=19$m=65537,t=2,p=1$" SALT "$" TAG, TW_CODE_LIMIT },
		{ "$argon2id$v=19$m=19455,t=2,p=1$" SALT "$" TAG, TW_CODE_LIMIT },
		{ "$argon2id$v=19$m=4294986752,t=2,p=1$" SALT "$" TAG, TW_CODE_LIMIT }, /* 19456 beyond 32 bits */
		{ "$argon2id$v=19$m=19456,t=9,p=1$" SALT "$" TAG, TW_CODE_LIMIT },
		{ "$argon2id$v=19$m=19456,t=1,p=1$" SALT "$" TAG, TW_CODE_LIMIT },
		{ "$argon2id$v=19$m=19456,t=4294967298,p=1$" SALT "$" TAG, TW_CODE_LIMIT },
		{ "$argon2id$v=19$m=019456,t=2,p=1$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=,t=2,p=1$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=4$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$t=2,m=19456,p=1$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1,keyid=x$" SALT "$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "A$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0OD$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODx$" TAG, TW_CODE_SYNTAX }, /* unused bits */
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "==$" TAG, TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG "=", TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG "\n", TW_CODE_SYNTAX },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$gYJZtjEAJqjg26xdLmknq8_bB7MiWPrE9hsYuA-SkIU", TW_CODE_SYNTAX },
		{ " " GOOD, TW_CODE_SYNTAX },
	};
	struct tw_phc h;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_phc_read(tw_slice_of(rows[i].text), &h);

		if (e.code != rows[i].code)
			fail_msg("row %zu: %s instead of %s", i, tw_code_name(e.code), tw_code_name(rows[i].code));
	}
}

static void test_same(void **state)
{
	struct tw_phc a = { .tag = { 1 } }, b = a;

	CHECK(tw_phc_same(&a, &b));
	for (size_t i = 0; i < sizeof a.tag * 8; i++) {
		b = a;
		b.tag[i / 8] = (uint8_t)(b.tag[i / 8] ^ 1u << i % 8);
		CHECK(!tw_phc_same(&a, &b));
	}
}

static tw_err write_one(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_PHC_MAX);
	return tw_phc_write(user, &b);
}

static void test_without_memory(void **state)
{
	struct tw_phc h;

	CHECK_OK(tw_phc_read(TW_SLICE(GOOD), &h));
	CHECK(oom_sweep(write_one, &h) > 0);
}

CHECK_MAIN(cmocka_unit_test(test_reads_what_it_writes), cmocka_unit_test(test_refuses), cmocka_unit_test(test_same),
	cmocka_unit_test(test_without_memory))

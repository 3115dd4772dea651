/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of files: the published ones of "abc", in one piece and in two, and of nothing. */
#include "crypto/checksum.h"

#include "base/text.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

static const struct row {
	enum tw_checksum_kind how;
	const char *abc, *nothing;
} rows[] = {
	{ TW_CHECKSUM_MD5, "900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e" },
	{ TW_CHECKSUM_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ TW_CHECKSUM_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
};

static void is(const uint8_t *got, const struct row *row, const char *hex)
{
	uint8_t want[TW_CHECKSUM_MAX];

	CHECK_OK(tw_parse_hex(tw_slice_of(hex), want, tw_checksum_sizes[row->how]));
	CHECK_BYTES(got, want, tw_checksum_sizes[row->how]);
}

static void test_published(void **state)
{
	TW_CLEANUP(tw_checksum_freep) tw_checksum *c = NULL;
	uint8_t got[TW_CHECKSUM_MAX];

	CHECK_OK(tw_checksum_new(tw_sys_real(), &c));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_checksum_begin(c, rows[i].how));
		CHECK_OK(tw_checksum_add(c, "dropped", 7));
		CHECK_OK(tw_checksum_begin(c, rows[i].how));
		CHECK_OK(tw_checksum_add(c, "a", 1));
		CHECK_OK(tw_checksum_add(c, "bc", 2));
		CHECK_OK(tw_checksum_end(c, got));
		is(got, &rows[i], rows[i].abc);
		CHECK_OK(tw_checksum_begin(c, rows[i].how));
		CHECK_OK(tw_checksum_end(c, got));
		is(got, &rows[i], rows[i].nothing);
	}
	CHECK_ERR(tw_checksum_begin(c, TW_CHECKSUM_NONE), INTERNAL);
	CHECK_ERR(tw_checksum_begin(c, TW_CHECKSUMS), INTERNAL);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_checksum_freep) tw_checksum *c = NULL;
	uint8_t got[TW_CHECKSUM_MAX];

	TW_TRY(tw_checksum_new(sys, &c));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_TRY(tw_checksum_begin(c, rows[i].how));
		TW_TRY(tw_checksum_add(c, "abc", 3));
		TW_TRY(tw_checksum_end(c, got));
	}
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

static tw_err new_to_keep(const struct tw_sys *sys, void *user)
{
	return tw_checksum_new(sys, user);
}

static tw_err begin_to_keep(const struct tw_sys *sys, void *user)
{
	tw_checksum **c = user;

	return tw_checksum_begin(*c, TW_CHECKSUM_SHA1);
}

static void judge_sha1(void *user)
{
	tw_checksum **c = user;
	uint8_t got[TW_CHECKSUM_MAX];

	CHECK_OK(tw_checksum_add(*c, "abc", 3));
	CHECK_OK(tw_checksum_end(*c, got));
	is(got, &rows[1], rows[1].abc);
	CHECK_OK(tw_checksum_begin(*c, TW_CHECKSUM_MD5)); /* what the next one would go on with */
}

static void judge_new(void *user)
{
	tw_checksum **c = user;

	CHECK_OK(tw_checksum_begin(*c, TW_CHECKSUM_SHA1));
	judge_sha1(user);
	*c = tw_checksum_free(*c);
}

static void test_never_half_begun(void **state)
{
	TW_CLEANUP(tw_checksum_freep) tw_checksum *c = NULL;

	CHECK_OK(tw_checksum_new(tw_sys_real(), &c));
	CHECK_OK(tw_checksum_begin(c, TW_CHECKSUM_MD5));
	judged_sweep(begin_to_keep, judge_sha1, &c);
	c = tw_checksum_free(c);
	judged_sweep(new_to_keep, judge_new, &c);
}

/* Before OpenSSL has asked for any memory: else it goes on with its own. */
static int set_up(void **state)
{
	tw_crypto_use(tw_sys_real());
	return 0;
}

CHECK_MAIN_IN(set_up, NULL, cmocka_unit_test(test_never_half_begun), cmocka_unit_test(test_published), cmocka_unit_test(test_out_of_memory))

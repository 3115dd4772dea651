/* SPDX-License-Identifier: Apache-2.0 */
/* What core and hash say to one another of passkeys: goes round, and every other form is refused. */
#include "service/hash/passkey-wire.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

static char big[2048];

static struct tw_slice of(size_t size)
{
	return (struct tw_slice){ big, size };
}

static struct tw_passkey_assert asserted(void)
{
	return (struct tw_passkey_assert){ .site = TW_SLICE("pump.example"),
		.kind = TW_PASSKEY_ES256,
		.key = of(64),
		.client_hash = { 7 },
		.data = of(37),
		.signature = of(72) };
}

static tw_err assert_round(const struct tw_passkey_assert *q, struct tw_passkey_assert *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 8192);
	CHECK_OK(tw_passkey_assert_write(q, &b));
	return tw_passkey_assert_read(tw_buf_slice(&b), ret);
}

static void test_assert(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_passkey_assert q = asserted(), got;

	tw_buf_init(&b, tw_sys_real(), TW_PASSKEY_QUESTION_MAX);
	CHECK_OK(tw_passkey_assert_write(&q, &b));
	CHECK_OK(tw_passkey_assert_read(tw_buf_slice(&b), &got));
	CHECK(tw_slice_is(got.site, "pump.example") && got.kind == TW_PASSKEY_ES256 && got.client_hash[0] == 7);
	CHECK(got.key.size == 64 && got.data.size == 37 && got.signature.size == 72);
	for (size_t size = 0; size < b.size; size++)
		CHECK_ERR(tw_passkey_assert_read((struct tw_slice){ b.data, size }, &got), SYNTAX);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_passkey_assert_read(tw_buf_slice(&b), &got), SYNTAX);
}

static void test_assert_is_bounded(void **state)
{
	struct tw_passkey_assert q = asserted(), got;

	q.site = of(TW_PASSKEY_SITE_MAX);
	q.data = of(TW_PASSKEY_DATA_MAX);
	q.signature = of(TW_PASSKEY_SIGNATURE_MAX);
	CHECK_OK(assert_round(&q, &got));
	q.site = of(TW_PASSKEY_SITE_MAX + 1);
	CHECK_ERR(assert_round(&q, &got), LIMIT);
	q.site = of(0);
	CHECK_ERR(assert_round(&q, &got), SYNTAX);
	q = asserted();
	q.data = of(TW_PASSKEY_DATA_MAX + 1);
	CHECK_ERR(assert_round(&q, &got), LIMIT);
	q.data = of(TW_PASSKEY_DATA_MIN - 1);
	CHECK_ERR(assert_round(&q, &got), SYNTAX);
	q = asserted();
	q.signature = of(TW_PASSKEY_SIGNATURE_MAX + 1);
	CHECK_ERR(assert_round(&q, &got), LIMIT);
	q.signature = of(0);
	CHECK_ERR(assert_round(&q, &got), SYNTAX);
	q = asserted();
	q.kind = TW_PASSKEY_EDDSA;
	CHECK_ERR(assert_round(&q, &got), SYNTAX);
	q.key = of(32);
	CHECK_OK(assert_round(&q, &got));
	q.kind = TW_PASSKEY_KINDS;
	CHECK_ERR(assert_round(&q, &got), SYNTAX);
	q.key = of(0);
	CHECK_ERR(assert_round(&q, &got), SYNTAX);
}

static void test_enrol(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_passkey_enrol q = { TW_SLICE("pump.example"), of(164) }, got;

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK_OK(tw_passkey_enrol_write(&q, &b));
	CHECK_OK(tw_passkey_enrol_read(tw_buf_slice(&b), &got));
	CHECK(tw_slice_is(got.site, "pump.example") && got.data.size == 164);
	for (size_t size = 0; size < b.size; size++)
		CHECK_ERR(tw_passkey_enrol_read((struct tw_slice){ b.data, size }, &got), SYNTAX);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_passkey_enrol_read(tw_buf_slice(&b), &got), SYNTAX);
}

static tw_err enrolled_round(enum tw_passkey_kind kind, size_t key, size_t id)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_passkey_enrolled a = { kind, of(key), of(id) };
	struct tw_passkey_enrolled got;

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK_OK(tw_passkey_enrolled_write(&a, &b));
	TW_TRY(tw_passkey_enrolled_read(tw_buf_slice(&b), &got));
	CHECK(got.kind == kind && got.key.size == key && got.id.size == id);
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_passkey_enrolled_read(tw_buf_slice(&b), &got), SYNTAX);
	return TW_OK;
}

static void test_enrolled(void **state)
{
	CHECK_OK(enrolled_round(TW_PASSKEY_ES256, 64, TW_PASSKEY_ID_MAX));
	CHECK_OK(enrolled_round(TW_PASSKEY_EDDSA, 32, 1));
	CHECK_ERR(enrolled_round(TW_PASSKEY_ES256, 64, TW_PASSKEY_ID_MAX + 1), LIMIT);
	CHECK_ERR(enrolled_round(TW_PASSKEY_ES256, 64, 0), SYNTAX);
	CHECK_ERR(enrolled_round(TW_PASSKEY_ES256, 32, 1), SYNTAX);
}

static tw_err all(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf a = { 0 }, b = { 0 }, c = { 0 };
	const struct tw_passkey_enrol e = { TW_SLICE("pump.example"), of(164) };
	const struct tw_passkey_enrolled made = { TW_PASSKEY_ES256, of(64), of(64) };
	const struct tw_passkey_assert q = asserted();

	tw_buf_init(&a, sys, TW_PASSKEY_QUESTION_MAX);
	tw_buf_init(&b, sys, TW_PASSKEY_QUESTION_MAX);
	tw_buf_init(&c, sys, TW_PASSKEY_ENROLLED_MAX);
	TW_TRY(tw_passkey_enrol_write(&e, &a));
	TW_TRY(tw_passkey_assert_write(&q, &b));
	return tw_passkey_enrolled_write(&made, &c);
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(all, NULL) > 0);
}

CHECK_MAIN(cmocka_unit_test(test_assert), cmocka_unit_test(test_assert_is_bounded), cmocka_unit_test(test_enrol),
	cmocka_unit_test(test_enrolled), cmocka_unit_test(test_without_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* What libfido2 makes of an authenticator that this test plays by OpenSSL: each lie of it is refused. */
#include "device/hash/passkey.h"

#include "base/mem.h"
#include "sys/real.h"
#include "token.h"

#define SITE "pump.example"

static struct token es, ed, other;
static const uint8_t client[32] = { 1, 2, 3 };

static int set_up(void **state)
{
	tw_crypto_use(tw_sys_real());
	token_make(&es, false, 'e');
	token_make(&ed, true, 'd');
	token_make(&other, false, 'o');
	return 0;
}

static int tear_down(void **state)
{
	token_done(&es);
	token_done(&ed);
	token_done(&other);
	return 0;
}

static tw_err enrol(const struct token_bytes *data, const char *site, struct tw_buf *ret)
{
	const struct tw_passkey_enrol q = { tw_slice_of(site), { (const char *)data->at, data->size } };

	tw_buf_clear(ret);
	return tw_passkey_enrol(&q, ret);
}

static void test_enrols(void **state)
{
	const struct token *const all[] = { &es, &ed };
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	struct tw_passkey_enrolled got;
	struct token_bytes data;

	tw_buf_init(&said, tw_sys_real(), TW_PASSKEY_ENROLLED_MAX);
	for (size_t i = 0; i < TW_COUNT(all); i++) {
		token_made(all[i], SITE, TOKEN_PRESENT | TOKEN_MADE, 7, &data);
		CHECK_OK(enrol(&data, SITE, &said));
		CHECK_OK(tw_passkey_enrolled_read(tw_buf_slice(&said), &got));
		CHECK_INT(got.kind, i ? TW_PASSKEY_EDDSA : TW_PASSKEY_ES256);
		CHECK(got.id.size == all[i]->id_size && memcmp(got.id.at, all[i]->id, got.id.size) == 0);
	}
}

static void test_enrols_nothing_else(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	struct token_bytes data, bad;

	tw_buf_init(&said, tw_sys_real(), TW_PASSKEY_ENROLLED_MAX);
	token_made(&es, SITE, TOKEN_PRESENT | TOKEN_MADE, 7, &data);
	CHECK_ERR(enrol(&data, "other.example", &said), DENIED);
	token_made(&es, SITE, TOKEN_MADE, 7, &bad);
	CHECK_ERR(enrol(&bad, SITE, &said), DENIED); /* nobody touched it */
	token_made(&es, SITE, TOKEN_PRESENT, 7, &bad);
	CHECK_ERR(enrol(&bad, SITE, &said), DENIED); /* it says that it made none */
	token_head(&bad, SITE, TOKEN_PRESENT, 7);
	CHECK_ERR(enrol(&bad, SITE, &said), DENIED);
	for (size_t size = TW_PASSKEY_DATA_MIN; size < data.size; size++) {
		bad = data;
		bad.size = size;
		CHECK_ERR(enrol(&bad, SITE, &said), DENIED);
	}
	bad = data;
	bad.at[data.size - 1] ^= 1; /* a point of no curve */
	CHECK_ERR(enrol(&bad, SITE, &said), DENIED);
	bad = data;
	bad.at[data.size - 78 + 5] = 0x38; /* another algorithm */
	CHECK_ERR(enrol(&bad, SITE, &said), DENIED);
}

struct
try {
	const struct token *by;
	const char *site;
	uint8_t flags;
	bool other_client, cut;
};

static tw_err assert_as(const struct token *of, const struct try *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	struct token_bytes made, data, signature;
	struct tw_passkey_enrolled key;
	uint8_t asked[32];

	tw_buf_init(&said, tw_sys_real(), TW_PASSKEY_ENROLLED_MAX);
	token_made(of, SITE, TOKEN_PRESENT | TOKEN_MADE, 7, &made);
	CHECK_OK(enrol(&made, SITE, &said));
	CHECK_OK(tw_passkey_enrolled_read(tw_buf_slice(&said), &key));
	token_head(&data, t->site, t->flags, 8);
	memcpy(asked, client, sizeof asked);
	asked[31] = t->other_client;
	token_sign(t->by, &data, asked, &signature);
	struct tw_passkey_assert q = { .site = TW_SLICE(SITE),
		.kind = key.kind,
		.key = key.key,
		.data = { (const char *)data.at, data.size },
		.signature = { (const char *)signature.at, signature.size - t->cut } };
	memcpy(q.client_hash, client, sizeof q.client_hash);
	return tw_passkey_assert(&q);
}

static void test_signs(void **state)
{
	const struct try by_es = { .by = &es, .site = SITE, .flags = TOKEN_PRESENT },
			 by_ed = { .by = &ed, .site = SITE, .flags = TOKEN_PRESENT | TOKEN_VERIFIED };

	CHECK_OK(assert_as(&es, &by_es));
	CHECK_OK(assert_as(&ed, &by_ed));
}

static void test_no_lie_is_taken(void **state)
{
	const struct try rows[] = {
		{ .by = &other, .site = SITE, .flags = TOKEN_PRESENT },
		{ .by = &ed, .site = SITE, .flags = TOKEN_PRESENT },
		{ .by = &es, .site = "other.example", .flags = TOKEN_PRESENT },
		{ .by = &es, .site = SITE, .flags = 0 },
		{ .by = &es, .site = SITE, .flags = TOKEN_VERIFIED },
		{ .by = &es, .site = SITE, .flags = TOKEN_PRESENT, .other_client = true },
		{ .by = &es, .site = SITE, .flags = TOKEN_PRESENT, .cut = true },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (!tw_is(assert_as(&es, &rows[i]), TW_CODE_DENIED))
			fail_msg("row %zu", i);
	CHECK_ERR(assert_as(&ed, &rows[0]), DENIED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(T(test_enrols), T(test_enrols_nothing_else), T(test_signs), T(test_no_lie_is_taken))

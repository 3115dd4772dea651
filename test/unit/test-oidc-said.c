/* SPDX-License-Identifier: Apache-2.0 */
/* @nist LA.AS.2.1.2: what the provider says, and when it says nothing, nothing yet, or what is none. */
#include "played-oidc.h"

/* --- What the provider says --- */

static void test_tokens(void **unused)
{
	static const struct {
		const char *header, *nonce, *audience;
		int64_t shift_s;
		bool other_key;
		const char *rule;
	} rows[] = {
		{ .header = "{\"alg\":\"none\"}", .rule = "oidc.algorithm" },
		{ .header = "{\"alg\":\"ES256\",\"kid\":\"9\"}", .rule = "oidc.key" },
		{ .header = "{", .rule = "oidc.token" },
		{ .other_key = true, .rule = "oidc.signature" },
		{ .nonce = "of another login", .rule = "oidc.nonce" },
		{ .audience = "device-8", .rule = "oidc.audience" },
		{ .shift_s = -130, .rule = "oidc.time" },
		{ .shift_s = 70, .rule = "oidc.time" },
		{ .shift_s = -61, .rule = "oidc.age" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		idp.header = rows[i].header;
		idp.nonce = rows[i].nonce;
		idp.audience = rows[i].audience;
		idp.shift_s = rows[i].shift_s;
		idp.other_key = rows[i].other_key;
		CHECK_INT(come(), 403);
		SAYS(rows[i].rule);
		CHECK(world_log_says(&w, rows[i].rule));
		pass_ms(MINUTE * 15);
	}
	memset(&idp, 0, sizeof idp);
	CHECK_INT(come(), 201);
}

/* A key that is not known is looked for once more, by each login once. */
static void test_new_keys(void **unused)
{
	CHECK_INT(come(), 201);
	tw_key *old = key;
	key = other;
	other = old;
	idp.kid = 2;
	CHECK_INT(come(), 201);
	CHECK_INT(asked_keys, 2);
	idp.header = "{\"alg\":\"ES256\",\"kid\":\"9\"}";
	CHECK_INT(come(), 403);
	SAYS("oidc.key");
	CHECK_INT(asked_keys, 3);
}

static void test_wrong_answers(void **unused)
{
	static const struct {
		const char *at, *garbage, *rule;
	} rows[] = {
		{ "openid-configuration", "{}", "oidc.provider" },
		{ "openid-configuration",
			"{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://a\",\"token_endpoint\":\"https://a\",\"jwks_uri\":\"https://a\"}",
			"oidc.untrusted" },
		{ "/keys", "<html>", "oidc.provider" },
		{ "/token", "{}", "oidc.provider" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		idp.at = rows[i].at;
		idp.garbage = rows[i].garbage;
		CHECK_INT(come(), 503);
		SAYS(rows[i].rule);
		pass_ms(TW_OIDC_DOWN_MS);
	}
	idp.at = NULL;
	idp.status = 401;
	CHECK_INT(come(), 503);
	SAYS("oidc.client");
	idp.status = 400;
	CHECK_INT(come(), 403);
	SAYS("oidc.code");
	idp.status = 500;
	CHECK_INT(come(), 503);
	SAYS("oidc.provider");
	idp.status = 0;
	CHECK_INT(come(), 201); /* nobody else's login is kept waiting for it */
}

/* For so long it is not asked again. */
static void test_left_in_peace(void **unused)
{
	static const unsigned rows[] = { 404, 400, 401 }; /* what means something of a code means nothing of its places */

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(ask_begin(), 0);
		job();
		fetched_answers(TW_FETCH_NO_FAILURE, rows[i]);
		CHECK_INT(serve(), 503);
		SAYS("oidc.provider");
		pass_ms(TW_OIDC_DOWN_MS - 1);
		CHECK_INT(come(), 503);
		pass_ms(1);
	}
	CHECK_INT(come(), 201);
}

/* One that cannot be reached is told, and left in peace for a moment: whoever begins logins would else keep the role busy. */
static void test_down(void **unused)
{
	static const struct {
		enum tw_fetch_failure failure;
		const char *rule;
	} rows[] = { { TW_FETCH_UNREACHABLE, "oidc.silent" }, { TW_FETCH_TIMEOUT, "oidc.silent" },
		{ TW_FETCH_UNTRUSTED, "oidc.untrusted" }, { TW_FETCH_REDIRECTED, "oidc.untrusted" },
		{ TW_FETCH_TOO_LARGE, "oidc.provider" }, { TW_FETCH_BAD_ANSWER, "oidc.provider" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(ask_begin(), 0);
		job();
		fetched_answers(rows[i].failure, 0);
		CHECK_INT(serve(), 503);
		SAYS(rows[i].rule);
		CHECK(!fetched.running);
		const unsigned before = fetched.begun;
		CHECK_INT(begin(), 503);
		SAYS(rows[i].rule);
		CHECK_INT(fetched.begun, before);
		pass_ms(TW_OIDC_DOWN_MS);
	}
	CHECK_INT(come(), 201);
	CHECK(world_log_says(&w, "\"rule\":\"oidc.silent\",\"verdict\":\"none\""));
}

/* What one brings, and its answer, is nobody else's: only who is not the provider at all is believed by nobody for a while. */
static void test_odd_answers(void **unused)
{
	static const struct {
		enum tw_fetch_failure failure;
		unsigned status;
		const char *rule;
		bool counts;
	} rows[] = { { TW_FETCH_NO_FAILURE, 500, "oidc.provider", true }, { TW_FETCH_TOO_LARGE, 0, "oidc.provider", true },
		{ TW_FETCH_BAD_ANSWER, 0, "oidc.provider", true }, { TW_FETCH_REDIRECTED, 0, "oidc.provider", true },
		{ TW_FETCH_TOO_LARGE, 400, "oidc.provider", true }, { TW_FETCH_BAD_ANSWER, 401, "oidc.provider", true },
		{ TW_FETCH_TIMEOUT, 200, "oidc.silent", false }, { TW_FETCH_TIMEOUT, 0, "oidc.silent", false },
		{ TW_FETCH_UNREACHABLE, 0, "oidc.silent", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		for (int k = 0; k < 5; k++) {
			CHECK_INT(begin(), 200);
			CHECK_INT(ask_finish(handle, state, ""), 0);
			job();
			fetched_answers(rows[i].failure, rows[i].status);
			CHECK_INT(serve(), 503);
			SAYS(rows[i].rule);
		}
		CHECK_INT(begin(), rows[i].counts ? 429 : 200);
		tw_unit_from(w.unit, "198.51.100.7");
		CHECK_INT(come(), 201);
		tw_unit_from(w.unit, "192.0.2.50");
		pass_ms(MINUTE * 80);
	}
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	fetched_answers(TW_FETCH_UNTRUSTED, 0);
	CHECK_INT(serve(), 503);
	CHECK_INT(begin(), 503);
	SAYS("oidc.untrusted");
}

/* However good what came looks. */
static void test_by_nobody_trusted(void **unused)
{
	CHECK_INT(come(), 201);
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	play();
	fetched.answer.failure = TW_FETCH_UNTRUSTED;
	CHECK_INT(serve(), 503);
	SAYS("oidc.untrusted");
}

/* Whose time others used up says nothing of the provider either. */
static void test_silent_to_one(void **unused)
{
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	pass_ms(TW_OIDC_WAIT_MS);
	CHECK_INT(serve(), 503);
	SAYS("oidc.silent");
	CHECK(!fetched.running);
	CHECK_INT(come(), 201);
}

/* Nobody waits for longer than that, whoever else has the role. */
static void test_silent(void **unused)
{
	fetched.refuses = TW_CODE_STATE;
	CHECK_INT(ask_begin(), 0);
	job();
	CHECK_INT(due(), 250);
	pass_ms(250);
	CHECK_INT(due(), 0);
	fetched.refuses = TW_CODE_OK;
	job();
	CHECK(fetched.running);
	CHECK_INT(due(), TW_OIDC_WAIT_MS - 250);
	pass_ms(TW_OIDC_WAIT_MS - 251);
	CHECK_INT(due(), 1);
	CHECK_INT(tw_unit_later(w.unit), 0);
	pass_ms(1);
	CHECK_INT(serve(), 503);
	SAYS("oidc.silent");
	CHECK(!fetched.running && fetched.ended == 1);
	pass_ms(TW_OIDC_DOWN_MS);
	fetched.refuses = TW_CODE_LIMIT;
	CHECK_INT(begin(), 500);
	fetched.refuses = TW_CODE_OK;
	CHECK_INT(come(), 201);
}

static void check_left_in_peace(void)
{
	const unsigned before = fetched.begun;

	pass_ms(TW_OIDC_WAIT_MS);
	CHECK_INT(serve(), 503);
	SAYS("oidc.silent");
	CHECK_INT(begin(), 503);
	SAYS("oidc.silent");
	CHECK_INT(fetched.begun, before);
	pass_ms(TW_OIDC_DOWN_MS);
}

/* What it keeps back of itself it keeps from all. */
static void test_silent_to_all(void **unused)
{
	CHECK_INT(ask_begin(), 0);
	job();
	CHECK(strstr(fetched.url, "openid-configuration"));
	check_left_in_peace();
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	play();
	job();
	CHECK(strstr(fetched.url, "/keys"));
	check_left_in_peace();
	CHECK_INT(come(), 201);
}

CHECK_MAIN(OUTSIDE(test_tokens), OUTSIDE(test_new_keys), OUTSIDE(test_wrong_answers), OUTSIDE(test_left_in_peace),
	OUTSIDE(test_down), OUTSIDE(test_odd_answers), OUTSIDE(test_silent_to_one), OUTSIDE(test_silent),
	OUTSIDE(test_by_nobody_trusted), OUTSIDE(test_silent_to_all))

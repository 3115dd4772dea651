/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of an authenticator: good once, around their time, under a clock that can be trusted, and a used one after no power cut. */
#include "authenticator.h"
#include "one-world.h"

#include <errno.h>

#define KEY ((const uint8_t *)"12345678901234567890")
#define OWNER 1 /* the account of whoever took the device over */

static void test_window(void **state)
{
	static const struct {
		int64_t second, used;
		const char *code;
		int64_t want; /* the step; -1: refused */
	} rows[] = {
		{ 59, 0, "287082", 1 }, { 29, 0, "287082", -1 }, /* before there is a step before it */
		{ 30, 0, "287082", 1 }, { 60, 0, "287082", 1 }, { 89, 0, "287082", 1 }, { 90, 0, "287082", -1 },
		{ 89, 1, "287082", -1 },                                                 /* used */
		{ 89, 1, "359152", 2 }, { 30, 1, "359152", 2 }, { 30, 0, "969429", -1 }, /* two steps ahead */
		{ 59, 0, "287083", -1 }, { 59, 0, "28708", -1 }, { 59, 0, "2870820", -1 }, { 59, 0, "", -1 },
		{ 1111111109, 0, "081804", 37037036 }, /* a zero in front */
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int64_t step = -1;
		tw_err e = tw_totp_match(KEY, rows[i].second * 1000, rows[i].used, tw_slice_of(rows[i].code), &step);

		if (step != rows[i].want || (rows[i].want < 0 && !tw_is(e, TW_CODE_DENIED)))
			fail_msg("row %zu: %lld", i, (long long)step);
	}
}

static void test_uri(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_TOTP_URI_MAX);
	CHECK_OK(tw_totp_uri(KEY, "ACME Thermostat", "j\xc3\xb6rg:x&y-0.9_~z", &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"otpauth://totp/ACME%20Thermostat:j%C3%B6rg%3Ax%26y-0.9_~z?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
		"&issuer=ACME%20Thermostat&algorithm=SHA1&digits=6&period=30");
}

/* The secret, out of the text that the person would show to his authenticator. */
static void enrol(uint8_t ret[TW_TOTP_SECRET])
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf uri = { 0 };

	tw_buf_init(&uri, tw_sys_real(), TW_TOTP_URI_MAX);
	CHECK_OK(tw_totp_enrol(&device()->context, OWNER, "ACME", "alice", &uri));
	secret_in(tw_buf_cstr(&uri), ret);
}

static tw_err use(const uint8_t secret[TW_TOTP_SECRET], int64_t step)
{
	return tw_totp_use(&device()->context, OWNER, tw_slice_of(code_at(secret, step)));
}

static tw_err confirm_code(const uint8_t secret[TW_TOTP_SECRET], int64_t step)
{
	return tw_totp_confirm(&device()->context, OWNER, tw_slice_of(code_at(secret, step)));
}

/* By the code of the step before, so that the one of now is still good. */
static void enrol_for_good(uint8_t ret[TW_TOTP_SECRET])
{
	enrol(ret);
	CHECK_OK(confirm_code(ret, WORLD_WALL / TW_TOTP_STEP_MS - 1));
}

static bool wanted(void)
{
	bool is = false;

	CHECK_OK(tw_totp_wanted(&device()->context, OWNER, &is));
	return is;
}

static void test_a_code_is_good_once(void **state)
{
	const int64_t now = WORLD_WALL / TW_TOTP_STEP_MS;
	uint8_t secret[TW_TOTP_SECRET], other[TW_TOTP_SECRET];

	CHECK_ERR(tw_totp_use(&device()->context, OWNER, TW_SLICE("123456")), NOTFOUND);
	CHECK(!wanted());
	enrol(secret);
	CHECK(!wanted()); /* until one of its codes was used: nobody is locked out by a code that was never read */
	CHECK_ERR(use(secret, now), NOTFOUND);
	CHECK_OK(confirm_code(secret, now));
	CHECK(wanted());
	CHECK_ERR(use(secret, now), DENIED);
	CHECK_ERR(use(secret, now - 1), DENIED); /* nor any before it */
	CHECK_OK(use(secret, now + 1));
	CHECK_ERR(use(secret, now + 1), DENIED);
	enrol(other);
	CHECK_ERR(use(other, now + 2), DENIED); /* the one before counts until it is confirmed */
	CHECK_ERR(confirm_code(secret, now), DENIED);
	CHECK_OK(confirm_code(other, now));
	CHECK_ERR(confirm_code(other, now + 1), NOTFOUND);
	CHECK_ERR(use(secret, now + 1), DENIED);
	CHECK_OK(tw_totp_remove(&device()->context, OWNER));
	CHECK(!wanted());
	CHECK_ERR(use(other, now + 1), NOTFOUND);
	CHECK_OK(tw_totp_remove(&device()->context, OWNER));
}

/* What is moved to another account, or changed, opens nothing. */
static void test_the_secret_is_the_accounts(void **state)
{
	uint8_t secret[TW_TOTP_SECRET];

	enrol_for_good(secret);
	CHECK_INT(tw_unit_request(w.unit, "POST", "/api/v1/accounts", NULL, "{\"name\":\"bob\",\"kind\":\"person\"}"), 201);
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE credential SET account = 2 WHERE kind = 'totp'", NULL, 0, NULL, NULL));
	CHECK_ERR(tw_totp_use(&device()->context, 2, tw_slice_of(code_at(secret, WORLD_WALL / TW_TOTP_STEP_MS))), SYNTAX);
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE credential SET data = 'x' WHERE kind = 'totp'", NULL, 0, NULL, NULL));
	CHECK_ERR(tw_totp_use(&device()->context, 2, TW_SLICE("123456")), SYNTAX);
}

#define SET_DATA(to) "UPDATE credential SET data = " to " WHERE kind = 'totp-new'"

/* What stands in the store in another form than ours is not used, however good the code. */
static void test_what_is_kept_has_one_form(void **state)
{
	static const char *const forms[] = { SET_DATA("substr(data, 3)"), SET_DATA("'x' || data"), SET_DATA("'0' || data"),
		SET_DATA("'-' || data"), SET_DATA("'9223372036854775808' || substr(data, 2)"),
		SET_DATA("data || substr(hex(zeroblob(256)), 1, 512 - length(data))") };
	const int64_t now = WORLD_WALL / TW_TOTP_STEP_MS;
	uint8_t secret[TW_TOTP_SECRET];

	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		enrol(secret);
		CHECK_OK(tw_store_run(device()->context.store, forms[i], NULL, 0, NULL, NULL));
		CHECK_ERR(confirm_code(secret, now), SYNTAX);
	}
}

/* A secret of another size is none, though keys has sealed it for this account. */
static void test_a_secret_has_one_size(void **state)
{
	static const char text[TW_TOTP_SECRET + 1] = "12345678901234567890";
	char data[300];

	for (size_t size = TW_TOTP_SECRET - 1; size <= TW_TOTP_SECRET + 1; size++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, written = { 0 };
		uint8_t secret[TW_TOTP_SECRET];

		enrol(secret);
		tw_buf_init(&sealed, tw_sys_real(), 256);
		tw_buf_init(&written, tw_sys_real(), 400);
		CHECK_OK(tw_keys_client_seal(device()->context.keys, "totp:1", (struct tw_slice){ text, size }, &sealed));
		CHECK_OK(tw_buf_base64url(&written, sealed.data, sealed.size));
		(void)snprintf(data, sizeof data, "0 %s", tw_buf_cstr(&written));
		const struct tw_value v[] = { TW_V_TEXT(data) };
		CHECK_OK(tw_store_run(device()->context.store, SET_DATA("?1"), v, TW_COUNT(v), NULL, NULL));
		tw_err e = confirm_code(KEY, WORLD_WALL / TW_TOTP_STEP_MS);
		if (e.code != (size == TW_TOTP_SECRET ? TW_CODE_OK : TW_CODE_SYNTAX))
			fail_msg("%zu bytes: %s, %s", size, tw_code_name(e.code), tw_err_detail());
	}
}

static void test_not_without_a_clock(void **state)
{
	const int64_t now = WORLD_WALL / TW_TOTP_STEP_MS;
	uint8_t secret[TW_TOTP_SECRET];

	enrol_for_good(secret);
	world_at(&w, 1000, WORLD_BOOT);
	CHECK(!tw_time_trusted(&device()->time));
	CHECK_ERR(use(secret, 0), STATE);
	CHECK_ERR(use(secret, tw_time_wall_ms(&device()->time) / TW_TOTP_STEP_MS), STATE); /* nor by the floor's time, which stands still */
	world_at(&w, WORLD_WALL, WORLD_BOOT);
	CHECK_OK(use(secret, now));
}

/* Whatever call fails: the code was used for good, or not at all and it may be typed again. */
static void test_faults(void **state)
{
	int64_t step = WORLD_WALL / TW_TOTP_STEP_MS;
	uint8_t secret[TW_TOTP_SECRET];
	bool fired = true;

	enrol_for_good(secret);
	for (long n = 1; fired && n < 400; n++) {
		tw_fake_fail(w.fake, n, ENOMEM, false);
		tw_err e = use(secret, step);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		if (tw_failed(e) && fired && !tw_store_broken(device()->context.store))
			e = use(secret, step);
		CHECK(!tw_failed(e) || tw_store_broken(device()->context.store));
		if (tw_store_broken(device()->context.store)) {
			world_start(&w);
			e = use(secret, step);
			CHECK(!tw_failed(e) || tw_is(e, TW_CODE_DENIED));
		}
		CHECK_ERR(use(secret, step), DENIED);
		enrol_for_good(secret);
	}
}

#define OWNED(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(cmocka_unit_test(test_window), cmocka_unit_test(test_uri), OWNED(test_a_code_is_good_once),
	OWNED(test_the_secret_is_the_accounts), OWNED(test_what_is_kept_has_one_form), OWNED(test_a_secret_has_one_size),
	OWNED(test_not_without_a_clock), OWNED(test_faults))

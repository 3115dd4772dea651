/* SPDX-License-Identifier: Apache-2.0 */
/* How often a token is told its PIN, by whom, and when no more. */
#include "service/keys/test-pkcs11.h"

/* A wrong PIN is said once: not by the next call, nor a new worker, nor the next start, until the file is another. */
static void test_wrong_pin(void **state)
{
	tw_keystore *k = NULL;
	use_odd();
	use_pin("999999\n");
	restart();
	for (int i = 0; i < 3; i++)
		CHECK_ERR(open_token(&k), DENIED);
	restart();
	CHECK_ERR(open_token(&k), DENIED);
	CHECK(strstr(tw_err_detail(), "not tried again") != NULL);
	CHECK_INT(counted("login"), 1);
	use_pin(PIN);
	restart();
	CHECK_OK(open_token(&k));
	CHECK_INT(counted("login"), 2);
	k = tw_keystore_close(k);
	CHECK(faccessat(dir.fd, "pin.refused", F_OK, 0) != 0);
}

/* Refused while it was in use: whoever asks next, and whatever process, does not say it again. */
static void test_pin_changed_in_use(void **state)
{
	struct stat first, last;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	odd("crash");
	check_sign_is(k, TW_CODE_CLOSED);
	odd("wrong");
	check_sign_is(k, TW_CODE_DENIED);
	CHECK_INT(fstatat(dir.fd, "pin.refused", &first, 0), 0);
	for (int i = 0; i < 2; i++) {
		check_sign_is(k, TW_CODE_DENIED);
		CHECK(fstatat(dir.fd, "pin.refused", &last, 0) == 0 && last.st_ino == first.st_ino); /* not written again */
	}
	CHECK_INT(counted("login"), 2);
	k = tw_keystore_close(k);
	restart();
	odd("");
	CHECK_ERR(open_token(&k), DENIED);
	CHECK_INT(counted("login"), 2);
	use_pin(PIN);
	restart();
	CHECK_OK(open_token(&k));
	tw_keystore_close(k);
}

static int looks_of_one_refusal(void)
{
	const struct tw_token_question q = { .op = TW_TOKEN_DESCRIBE, .owner = "a owner" };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	const int before = counted("look");
	tw_token_answer_init(sys, &a);
	CHECK_ERR(tw_token_ask(token, &q, &a), DENIED);
	return counted("look") - before;
}

/*
 * Ended while it was told the PIN: somebody may have killed it, so it is told once more within the question; whoever hangs there was
 * killed by nobody. Then never again, by no question, no new worker and no new start.
 */
static void test_ended_in_login(void **state)
{
	static const struct {
		const char *what;
		int logins;
	} rows[] = { { "slow-login", 1 }, { "crash-login", 2 }, { "wrong-gone", 1 }, { "once-low", 1 } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_keystore *k = NULL;
		use_odd();
		odd(rows[i].what);
		for (int n = 0; n < 3; n++)
			CHECK_ERR(open_token(&k), DENIED);
		const int looks = looks_of_one_refusal();
		CHECK(looks > 0 && looks_of_one_refusal() == looks); /* what was answered is not asked again */
		CHECK_INT(faccessat(dir.fd, "pin.refused", F_OK, 0), 0);
		restart();
		CHECK_ERR(open_token(&k), DENIED);
		CHECK_INT(counted("login"), rows[i].logins);
		odd("");
		use_pin(PIN);
		restart();
		CHECK_OK(open_token(&k));
		tw_keystore_close(k);
	}
}

/* Killed there by somebody else: nobody notices, also not the third time, since whoever got in has shown that the PIN was right. */
static void test_killed_in_login(void **state)
{
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	use_odd();
	odd("once");
	CHECK_OK(open_token(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	for (int i = 0; i < 3; i++) {
		odd("out"); /* ends the worker that is in */
		check_sign_is(k, TW_CODE_CLOSED);
		odd("once");
		check_signs(k, "one", point);
	}
	CHECK_INT(counted("login"), 8);
	CHECK(faccessat(dir.fd, "pin.refused", F_OK, 0) != 0);
	tw_keystore_close(k);
}

/* Nor is it forgotten that it was told twice when the token was out in between: nobody has shown yet that it is right. */
static void test_in_doubt_over_several_questions(void **state)
{
	tw_keystore *k = NULL;
	use_odd();
	odd("once-out");
	CHECK_ERR(open_token(&k), CLOSED);
	CHECK_INT(counted("login"), 1);
	odd("crash-login");
	for (int n = 0; n < 2; n++)
		CHECK_ERR(open_token(&k), DENIED);
	CHECK_INT(counted("login"), 2);
}

/* Somebody else's wrong PIN is counted by the token, and nothing of ours is in doubt. */
static void test_counted_before(void **state)
{
	tw_keystore *k = NULL;
	use_odd();
	odd("low");
	CHECK_OK(open_token(&k));
	CHECK_INT(counted("login"), 1);
	tw_keystore_close(k);
}

static void test_locked_pin(void **state)
{
	static const char *const rows[] = { "locked", "final" };
	tw_keystore *k = NULL;
	use_odd();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		odd(rows[i]);
		CHECK_ERR(open_token(&k), STATE);
	}
	CHECK_INT(counted("login"), 0);
}

static void test_pin_file(void **state)
{
	static const char *const bad[] = { "", "123", "\n", "1234567890123456789012345678901234567890123456789012345678901234x" };
	tw_keystore *k = NULL;
	use_odd();
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		use_pin(bad[i]);
		restart();
		CHECK_ERR(open_token(&k), STATE);
	}
	CHECK_INT(counted("login"), 0);
	use_pin(PIN);
	restart();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_pin),
		cmocka_unit_test(test_pin_changed_in_use),
		cmocka_unit_test(test_ended_in_login),
		cmocka_unit_test(test_killed_in_login),
		cmocka_unit_test(test_in_doubt_over_several_questions),
		cmocka_unit_test(test_counted_before),
		cmocka_unit_test(test_locked_pin),
		cmocka_unit_test(test_pin_file),
	};
	const char *filter = getenv("CMOCKA_TEST_FILTER");
	if (filter)
		cmocka_set_test_filter(filter);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

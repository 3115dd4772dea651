/* SPDX-License-Identifier: Apache-2.0 */
/* A challenge is good for what it was made for, for five minutes, once, and for the process that made it. */
#include "check.h"
#include "base/text.h"
#include "service/access/passkey.h"
#include "support/staff/challenge.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define NOW 1000000
#define FOR "prove 0123456789abcdef"

static struct tw_challenges g;
static char text[TW_CHALLENGE_TEXT + 1];

static int set_up(void **state)
{
	CHECK_OK(tw_challenges_begin(tw_sys_real(), &g));
	CHECK_OK(tw_challenge_make(&g, tw_sys_real(), NOW, FOR, text));
	CHECK_INT(strlen(text), TW_CHALLENGE_TEXT);
	return 0;
}

static tw_err use(int64_t now, int64_t account, const char *purpose)
{
	return tw_challenge_use(&g, now, &(struct tw_challenge_used){ account, purpose, text });
}

static void test_good_for_one_purpose_and_five_minutes(void **state)
{
	static const char *const others[] = { "", "prove ", "login ", "new 0123456789abcdef", "prove 0123456789abcdee",
		"prove 0123456789abcdef " };

	CHECK_OK(tw_challenge_check(&g, NOW, FOR, text));
	CHECK_OK(tw_challenge_check(&g, NOW + TW_PASSKEY_MS - 1, FOR, text));
	CHECK_ERR(tw_challenge_check(&g, NOW + TW_PASSKEY_MS, FOR, text), DENIED);
	for (size_t i = 0; i < TW_COUNT(others); i++)
		CHECK_ERR(tw_challenge_check(&g, NOW, others[i], text), DENIED);
}

static void test_used_once(void **state)
{
	CHECK_OK(tw_challenge_check(&g, NOW, FOR, text)); /* looked at, it is not used */
	CHECK_ERR(use(NOW, 1, "login "), DENIED);
	CHECK_OK(use(NOW, 1, FOR));
	CHECK_ERR(tw_challenge_check(&g, NOW, FOR, text), DENIED);
	CHECK_ERR(use(NOW + TW_PASSKEY_MS - 1, 1, FOR), DENIED);
}

/* Each character of it counts, and so does what is no challenge at all. */
static void test_none_that_was_not_made_here(void **state)
{
	static const char *const none[] = { "", "A", "AAAA", "not base64url at all, but as long as one would be........" };
	struct tw_challenges other;

	for (size_t i = 0; i < TW_CHALLENGE_TEXT; i++) {
		char bent[TW_CHALLENGE_TEXT + 1];

		memcpy(bent, text, sizeof bent);
		bent[i] = bent[i] == 'A' ? 'Q' : 'A';
		if (!tw_is(tw_challenge_check(&g, NOW, FOR, bent), TW_CODE_DENIED))
			fail_msg("character %zu does not count", i);
	}
	for (size_t i = 0; i < TW_COUNT(none); i++)
		CHECK_ERR(tw_challenge_check(&g, NOW, FOR, none[i]), DENIED);
	CHECK_OK(tw_challenges_begin(tw_sys_real(), &other)); /* as behind a restart */
	CHECK_ERR(tw_challenge_check(&other, NOW, FOR, text), DENIED);
}

static void test_no_two_are_the_same(void **state)
{
	char second[TW_CHALLENGE_TEXT + 1];

	CHECK_OK(tw_challenge_make(&g, tw_sys_real(), NOW, FOR, second));
	CHECK(strcmp(text, second) != 0);
	CHECK_OK(use(NOW, 1, FOR));
	CHECK_OK(tw_challenge_check(&g, NOW, FOR, second));
}

static tw_err use_new(int64_t account)
{
	CHECK_OK(tw_challenge_make(&g, tw_sys_real(), NOW, FOR, text));
	return use(NOW, account, FOR);
}

/* So many of one within five minutes; it is his own limit, and then there is room for him again. */
static void test_as_many_as_one_may_use(void **state)
{
	for (size_t i = 0; i < TW_CHALLENGES_OWN; i++)
		CHECK_OK(use_new(1));
	CHECK_ERR(use_new(1), LIMIT);
	CHECK_OK(tw_challenge_check(&g, NOW, FOR, text)); /* it was not used by that */
	CHECK_OK(use_new(2));
	CHECK_OK(tw_challenge_make(&g, tw_sys_real(), NOW + TW_PASSKEY_MS, FOR, text));
	CHECK_OK(use(NOW + TW_PASSKEY_MS, 1, FOR));
}

/* And of all. */
static void test_as_many_as_there_is_room_for(void **state)
{
	for (size_t i = 0; i < TW_CHALLENGES_USED; i++)
		CHECK_OK(use_new((int64_t)(1 + i / TW_CHALLENGES_OWN)));
	CHECK_OK(tw_challenge_make(&g, tw_sys_real(), NOW + 1, FOR, text));
	CHECK_ERR(use(NOW + 1, 1000, FOR), LIMIT);
	CHECK_OK(use(NOW + TW_PASSKEY_MS, 1000, FOR));
}

static void test_without_randomness_there_is_none(void **state)
{
	tw_fake *f = tw_fake_new();

	tw_fake_fail(f, 1, EIO, false);
	CHECK(tw_failed(tw_challenges_begin(tw_fake_sys(f), &g)));
	tw_fake_fail(f, 1, EIO, false);
	CHECK(tw_failed(tw_challenge_make(&g, tw_fake_sys(f), NOW, FOR, text)));
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test_setup(test_good_for_one_purpose_and_five_minutes, set_up), cmocka_unit_test_setup(test_used_once, set_up),
	cmocka_unit_test_setup(test_none_that_was_not_made_here, set_up), cmocka_unit_test_setup(test_no_two_are_the_same, set_up),
	cmocka_unit_test_setup(test_as_many_as_one_may_use, set_up), cmocka_unit_test_setup(test_as_many_as_there_is_room_for, set_up),
	cmocka_unit_test_setup(test_without_randomness_there_is_none, set_up))

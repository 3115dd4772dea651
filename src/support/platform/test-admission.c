/* SPDX-License-Identifier: Apache-2.0 */
#include "support/platform/admission.h"

#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>

static struct tw_admission a;

static int sent(const char *source, int64_t now_ms)
{
	int wait = -1;

	CHECK_OK(tw_admission_send(&a, source, now_ms, &wait));
	return wait;
}

static int guessed(const char *source, int64_t now_ms)
{
	int wait = -1;

	CHECK_OK(tw_admission_guess(&a, source, now_ms, &wait));
	return wait;
}

static void test_a_network_waits_for_itself(void **state)
{
	CHECK_OK(tw_admission_begin(tw_sys_real(), &a));
	for (int i = 0; i < TW_ADMISSION_SENDS; i++)
		CHECK_INT(sent("192.0.2.1", 1000), 0);
	CHECK_INT(sent("192.0.2.1", 1000), TW_ADMISSION_SEND_MS / 1000);
	CHECK_INT(sent("192.0.2.1", 1000 + TW_ADMISSION_SEND_MS - 1), 1); /* who waits is not made to wait longer */
	CHECK_INT(sent("192.0.2.1", 1000 + TW_ADMISSION_SEND_MS), 0);
	CHECK(sent("192.0.2.1", 1000 + TW_ADMISSION_SEND_MS) > 0);
	CHECK_INT(sent("192.0.2.1", 100000000), 0);
}

static void test_an_ipv6_network_is_one(void **state)
{
	char source[64];

	CHECK_OK(tw_admission_begin(tw_sys_real(), &a));
	for (int i = 0; i < TW_ADMISSION_SENDS; i++) {
		(void)snprintf(source, sizeof source, "2001:db8:0:1::%x", i + 1);
		CHECK_INT(sent(source, 0), 0);
	}
	CHECK(sent("2001:db8:0:1:ffff::1", 0) > 0);
}

static void test_all_together_are_bounded(void **state)
{
	char source[64];
	int admitted = 0;

	CHECK_OK(tw_admission_begin(tw_sys_real(), &a));
	for (int i = 0; i < 10 * TW_ADMISSION_ALL; i++) {
		(void)snprintf(source, sizeof source, "2001:db8:%x::1", i + 1);
		admitted += sent(source, 0) == 0;
	}
	CHECK_INT(admitted, TW_ADMISSION_ALL);
	CHECK_INT(sent("192.0.2.9", TW_ADMISSION_ALL_MS), 0);
	CHECK(sent("192.0.2.10", TW_ADMISSION_ALL_MS) > 0);
}

static void test_guesses_have_an_allowance_of_their_own(void **state)
{
	CHECK_OK(tw_admission_begin(tw_sys_real(), &a));
	for (int i = 0; i < TW_ADMISSION_GUESSES; i++)
		CHECK_INT(guessed("192.0.2.1", 5), 0);
	CHECK_INT(guessed("192.0.2.1", 5), TW_ADMISSION_GUESS_MS / 1000);
	CHECK_INT(sent("192.0.2.1", 5), 0);
}

static void test_no_random_numbers(void **state)
{
	tw_fake *f = tw_fake_new();

	tw_fake_fail(f, 1, EIO, false);
	CHECK_ERR(tw_admission_begin(tw_fake_sys(f), &a), IO);
	tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_a_network_waits_for_itself), cmocka_unit_test(test_an_ipv6_network_is_one),
	cmocka_unit_test(test_all_together_are_bounded), cmocka_unit_test(test_guesses_have_an_allowance_of_their_own),
	cmocka_unit_test(test_no_random_numbers))

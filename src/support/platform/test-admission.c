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

/* Since when all together have used theirs up: as long as it is used up again when it comes back, and no longer. */
static void test_what_is_used_up_is_known(void **state)
{
	const int64_t hour = 3600000;
	char source[64];
	int64_t now = 5000;
	int admitted = 0;

	CHECK_OK(tw_admission_begin(tw_sys_real(), &a));
	for (int i = 0; admitted < TW_ADMISSION_ALL; i++) {
		(void)snprintf(source, sizeof source, "2001:db8:%x::1", i + 1);
		admitted += sent(source, now) == 0;
		CHECK_INT(tw_admission_used_up_ms(&a, now), 0); /* nobody had to wait for others */
	}
	for (int i = 0; now <= 5000 + hour; i++, now += 5000) { /* more than come back */
		(void)snprintf(source, sizeof source, "2001:db8:1:%x::1", i + 1);
		(void)sent(source, now);
		CHECK_INT(tw_admission_used_up_ms(&a, now), now - 5000);
	}
	CHECK(tw_admission_used_up_ms(&a, now) > hour);
	now += (TW_ADMISSION_AGAIN - 3) * TW_ADMISSION_ALL_MS;
	CHECK(tw_admission_used_up_ms(&a, now) > hour);
	now += 4 * TW_ADMISSION_ALL_MS;
	CHECK_INT(tw_admission_used_up_ms(&a, now), 0);
	CHECK_INT(sent("192.0.2.9", now), 0);
	CHECK_INT(a.used_up_ms, 0); /* the next time is another one */
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
	cmocka_unit_test(test_all_together_are_bounded), cmocka_unit_test(test_what_is_used_up_is_known),
	cmocka_unit_test(test_guesses_have_an_allowance_of_their_own), cmocka_unit_test(test_no_random_numbers))

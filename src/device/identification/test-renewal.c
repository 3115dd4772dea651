/* SPDX-License-Identifier: Apache-2.0 */
/* The moment of a renewal, over certificates of minutes to no end, and over tries that fail. */
#include "device/identification/renewal.h"

#include "base/mem.h"
#include "check.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NOW INT64_C(1900000000000)
#define NO_END TW_RENEWAL_NO_END_MS

static int64_t at(int64_t before, int64_t after, int64_t since, uint16_t share)
{
	const struct tw_renewal r = { before, after, since, NOW, share, 0, 0 };
	int64_t ms = tw_renewal_at_ms(&r);

	return ms == TW_RENEWAL_NEVER ? ms : ms - NOW;
}

static int64_t after_failures(int64_t before, int64_t after, unsigned failures, int64_t failed)
{
	const struct tw_renewal r = { before, after, before, NOW, 0, failures, failed };
	int64_t ms = tw_renewal_at_ms(&r);

	return ms == TW_RENEWAL_NEVER ? ms : ms - NOW;
}

/* @nist DI.DAS.1: two thirds of its life, and a share of the first half of the rest */
static void test_the_moment(void **state)
{
	CHECK_INT(at(NOW, NOW + 90 * DAY, NOW, 0), 60 * DAY);
	CHECK_INT(at(NOW, NOW + 90 * DAY, NOW, 0x8000), 60 * DAY + 15 * DAY / 2);
	CHECK(at(NOW, NOW + 90 * DAY, NOW, 0xffff) < 75 * DAY && at(NOW, NOW + 90 * DAY, NOW, 0xffff) > 75 * DAY - HOUR);
	CHECK_INT(at(NOW - 30 * DAY, NOW + 60 * DAY, NOW - 30 * DAY, 0), 30 * DAY);
	CHECK_INT(at(NOW, NOW + 3 * MINUTE, NOW, 0), 2 * MINUTE);
	CHECK_INT(at(NOW + 10 * DAY, NOW + 40 * DAY, NOW, 0), 30 * DAY);  /* not begun */
	CHECK(at(NOW - 80 * DAY, NOW + 10 * DAY, NOW - 80 * DAY, 0) < 0); /* past, and there is time yet */
}

static void test_no_moment(void **state)
{
	CHECK_INT(at(NOW, NO_END, NOW, 0), TW_RENEWAL_NEVER);
	CHECK(at(NOW, NO_END - DAY, NOW, 0xffff) != TW_RENEWAL_NEVER); /* thousands of years, without overflow */
	CHECK_INT(at(NOW - 90 * DAY, NOW, NOW - 90 * DAY, 0), TW_RENEWAL_NEVER);
	CHECK_INT(at(NOW - 90 * DAY, NOW - DAY, NOW - 90 * DAY, 0), TW_RENEWAL_NEVER);
	CHECK_INT(at(NOW + DAY, NOW + DAY, NOW, 0), TW_RENEWAL_NEVER);
	CHECK_INT(at(NOW + 2 * DAY, NOW + DAY, NOW, 0), TW_RENEWAL_NEVER);
	CHECK_INT(at(INT64_MIN, NOW + DAY, NOW, 0), TW_RENEWAL_NEVER); /* a date that cannot be read */
	CHECK_INT(at(NOW, NOW + 5 * SECOND, NOW, 0), TW_RENEWAL_NEVER);
}

/* What comes from the server past its moment rests before the next is asked for. */
static void test_what_has_just_come_rests(void **state)
{
	CHECK_INT(at(NOW - 80 * DAY, NOW + 10 * DAY, NOW, 0), HOUR);
	CHECK_INT(at(NOW - 80 * SECOND, NOW + 20 * SECOND, NOW, 0xffff), 5 * SECOND);
	CHECK_INT(at(NOW - 80 * DAY, NOW + 10 * DAY, NOW + DAY, 0), 0); /* a clock that had been ahead holds nothing up */
}

static void test_pauses(void **state)
{
	static const struct {
		int64_t lifetime;
		unsigned failures;
		int64_t pause;
	} rows[] = {
		{ 90 * DAY, 0, HOUR },
		{ 90 * DAY, 1, HOUR },
		{ 90 * DAY, 2, 2 * HOUR },
		{ 90 * DAY, 5, 16 * HOUR },
		{ 90 * DAY, 6, DAY },
		{ 90 * DAY, UINT32_MAX, DAY },
		{ DAY, 1, HOUR },
		{ 12 * HOUR, 1, HOUR / 2 },
		{ 12 * HOUR, 9, 12 * HOUR },
		{ MINUTE, 1, 5 * SECOND },
		{ MINUTE, 2, 10 * SECOND },
		{ 0, 1, 5 * SECOND },
		{ NO_END, 1, HOUR },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_renewal_pause_ms(rows[i].lifetime, rows[i].failures), rows[i].pause);
}

static void test_after_failures(void **state)
{
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 20 * DAY, 1, NOW), HOUR);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 20 * DAY, 3, NOW - HOUR), 3 * HOUR);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 20 * DAY, 99, NOW), DAY);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 20 * DAY, 99, NOW + 300 * DAY), 0);
	CHECK_INT(after_failures(NOW, NOW + 90 * DAY, 1, NOW), 60 * DAY); /* one that the owner had asked for early */
}

/* The longest pause is no reason to give up a day before the end. */
static void test_tries_up_to_the_end(void **state)
{
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + DAY + 1, 9, NOW), DAY);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + DAY, 9, NOW), DAY / 2);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + DAY / 2, 10, NOW), DAY / 4);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 3 * HOUR, 9, NOW - HOUR), HOUR);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 2 * HOUR, 9, NOW), HOUR);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + 2 * HOUR - 1, 9, NOW), TW_RENEWAL_NEVER);
	CHECK_INT(after_failures(NOW - 70 * DAY, NOW + HOUR, 1, NOW), TW_RENEWAL_NEVER);
	CHECK_INT(at(NOW - 80 * DAY, NOW + HOUR, NOW, 0), TW_RENEWAL_NEVER);
}

CHECK_MAIN(cmocka_unit_test(test_the_moment), cmocka_unit_test(test_no_moment), cmocka_unit_test(test_what_has_just_come_rests),
	cmocka_unit_test(test_pauses), cmocka_unit_test(test_after_failures), cmocka_unit_test(test_tries_up_to_the_end))

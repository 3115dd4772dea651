/* SPDX-License-Identifier: Apache-2.0 */
/* What a password may be: a row for each refusal, and one beside it that just passes. */
#include "service/access/password.h"

#include "base/mem.h"
#include "check.h"

static const char *const names[] = { "marlene", "Thermostat T-1", "ACME", "x", "" };

#define BEHIND_ALL "seven dry blue old trams" /* its print is larger than any of the list */

static enum tw_password_fault judge(const char *text, size_t min)
{
	const struct tw_password_rules r = { min, names, TW_COUNT(names) };

	return tw_password_judge(&r, tw_slice_of(text));
}

static void test_rows(void **state)
{
	static const struct {
		const char *text;
		enum tw_password_fault want;
	} rows[] = {
		{ "seven red trams", TW_PASSWORD_GOOD }, /* 15 characters */
		{ "seven red tram", TW_PASSWORD_SHORT },
		{ "", TW_PASSWORD_SHORT },
		{ "sieben gr\xc3\xbcne  ", TW_PASSWORD_SHORT }, /* 15 bytes of 14 characters */
		{ "sieben gr\xc3\xbcne \xe6\x97\xa5!", TW_PASSWORD_GOOD },
		{ "\xf0\x9f\x9a\x8a\xf0\x9f\x8d\x8b\xf0\x9f\x8e\xbb\xf0\x9f\x9a\x80\xf0\x9f\x8d\x8e\xf0\x9f\x8e\xa9\xf0\x9f\x9a\x97\xf0\x9f\x8d\x9e",
			TW_PASSWORD_SHORT },
		{ "seven red\ttrams", TW_PASSWORD_NOT_TEXT },
		{ "seven red trams\n", TW_PASSWORD_NOT_TEXT },
		{ "seven red tr\xe4ms", TW_PASSWORD_NOT_TEXT },
		{ "  seven trams  ", TW_PASSWORD_GOOD }, /* blanks are characters, also at the ends */
		{ "QwertyUiopAsdfghjkl", TW_PASSWORD_COMMON },
		{ "passwordpassword", TW_PASSWORD_COMMON },
		{ "Password2026!!!!", TW_PASSWORD_COMMON },
		{ "2026!!!!Password", TW_PASSWORD_COMMON },
		{ "BaseballBaseballBaseball", TW_PASSWORD_COMMON },
		{ "baseballbaseballbasebal", TW_PASSWORD_GOOD },
		{ "aaaaaaaaaaaaaaaa", TW_PASSWORD_SIMPLE },
		{ "                ", TW_PASSWORD_SIMPLE },
		{ "ab-xab-xab-xab-x", TW_PASSWORD_SIMPLE },
		{ "ab-xyab-xyab-xyab-xy", TW_PASSWORD_GOOD }, /* five: no longer simple */
		{ "123456789012345", TW_PASSWORD_SIMPLE },
		{ "543210987654321", TW_PASSWORD_SIMPLE },
		{ "abcdefghijklmno", TW_PASSWORD_SIMPLE },
		{ "ponmlkjihgfedcb", TW_PASSWORD_SIMPLE },
		{ "abcdefgabcdefgabcdefg", TW_PASSWORD_SIMPLE },
		{ "abcdefghijklmnp", TW_PASSWORD_GOOD },
		{ "password{|}~{|}~{", TW_PASSWORD_COMMON }, /* with signs behind it, of those behind z too */
		{ "password\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", TW_PASSWORD_GOOD }, /* those are letters */
		{ "345678012345678", TW_PASSWORD_GOOD }, /* only 9 goes on with 0 */
		{ "123456789abcdef", TW_PASSWORD_GOOD },
		{ "876543210909876", TW_PASSWORD_GOOD }, /* and only upwards */
		{ "543987654321098", TW_PASSWORD_GOOD }, /* only 0 with 9 */
		{ "543210zyxwvutsr", TW_PASSWORD_GOOD },
		{ "789090123456789", TW_PASSWORD_GOOD },
		{ BEHIND_ALL, TW_PASSWORD_GOOD },
		{ "marlene-marlene", TW_PASSWORD_NAMED },
		{ "MARLENE1234567!!", TW_PASSWORD_GOOD }, /* nine beside it */
		{ "marlenemarlene123456", TW_PASSWORD_NAMED },
		{ "xxThermostat T-1", TW_PASSWORD_NAMED },
		{ "acme marlene 7654", TW_PASSWORD_NAMED }, /* both out: six */
		{ "acme marlene 765 and", TW_PASSWORD_GOOD },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (judge(rows[i].text, TW_PASSWORD_MIN) != rows[i].want)
			fail_msg("'%s': %d instead of %d", rows[i].text, judge(rows[i].text, TW_PASSWORD_MIN), rows[i].want);
}

static void test_length(void **state)
{
	static char text[TW_PASSWORD_MAX + 2];

	for (size_t i = 0; i <= TW_PASSWORD_MAX; i++)
		text[i] = (char)('a' + i * i % 23 + i % 3);
	CHECK_INT(judge(text, TW_PASSWORD_MIN), TW_PASSWORD_LONG);
	text[TW_PASSWORD_MAX] = '\0';
	CHECK_INT(judge(text, TW_PASSWORD_MIN), TW_PASSWORD_GOOD);
	CHECK_INT(judge("red tram", 8), TW_PASSWORD_GOOD);
	CHECK_INT(judge("red tram", 9), TW_PASSWORD_SHORT);
	CHECK_INT(judge("password", 8), TW_PASSWORD_COMMON);
	CHECK_INT(judge("password", 9), TW_PASSWORD_SHORT); /* of a short one it is said that it is short */
	CHECK_INT(judge("z7q", 3), TW_PASSWORD_GOOD);       /* it repeats nothing, and no name is taken out of it */
	for (size_t i = 0; i < TW_PASSWORD_MAX; i++)
		text[i] = (char)('0' + i % 10);
	CHECK_INT(judge(text, TW_PASSWORD_MIN), TW_PASSWORD_SIMPLE);
}

/* The 62 pairs that Mirai's published source tries, in its order: none may be had, however short a password may be. */
static void test_mirai(void **state)
{
	static const char *const pairs[62][2] = {
#define TW_PAIR(name, password) { name, password },
#include "formats/mirai-pairs.def"
#undef TW_PAIR
	};

	for (size_t i = 0; i < TW_COUNT(pairs); i++) {
		const struct tw_password_rules nobody = { 1, NULL, 0 };
		enum tw_password_fault fault = tw_password_judge(&nobody, tw_slice_of(pairs[i][1]));

		if (fault != (pairs[i][1][0] ? TW_PASSWORD_COMMON : TW_PASSWORD_SHORT))
			fail_msg("%s / %s: %d", pairs[i][0], pairs[i][1], fault);
	}
}

/* A name that is longer than any password may be is in none. */
static void test_a_long_name(void **state)
{
	static char name[TW_PASSWORD_MAX];
	const char *const long_names[] = { name };
	const struct tw_password_rules r = { TW_PASSWORD_MIN, long_names, 1 };

	memset(name, 'x', sizeof name - 1);
	CHECK_INT(tw_password_judge(&r, TW_SLICE("seven red trams")), TW_PASSWORD_GOOD);
}

static void test_list(void **state)
{
	uint32_t print = 0x811c9dc5u;

	for (const char *c = BEHIND_ALL; *c; c++)
		print = (print ^ (unsigned char)*c) * 0x01000193u;
	CHECK(print > tw_common_passwords[tw_common_passwords_count - 1]);
	CHECK(tw_common_passwords_count > 1400);
	for (size_t i = 1; i < tw_common_passwords_count; i++)
		CHECK(tw_common_passwords[i - 1] < tw_common_passwords[i]);
}

static void test_advice(void **state)
{
	CHECK(tw_password_advice(TW_PASSWORD_GOOD) == NULL);
	for (unsigned f = TW_PASSWORD_SHORT; f < TW_PASSWORD_FAULTS; f++)
		CHECK(tw_password_advice((enum tw_password_fault)f) != NULL);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_length), cmocka_unit_test(test_mirai),
	cmocka_unit_test(test_a_long_name), cmocka_unit_test(test_list), cmocka_unit_test(test_advice))

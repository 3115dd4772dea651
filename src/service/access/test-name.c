/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/name.h"

#include "check.h"

static void test_what_may_be_a_name(void **state)
{
	/* By letters: as a literal it would turn the text behind it around, for compilers that look for that. */
	static const char override[] = { 'a', 'l', '\xe2', '\x80', '\xae', 'i', 'c', 'e', '\0' };
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "alice", true },
		{ "A", true },
		{ "Anna-Lena M\xc3\xbcller", true },
		{ "\xe5\xb1\xb1\xe7\x94\xb0", true },
		{ "\xf0\x9f\x90\x88", true },
		{ "012345678901234567890123456789012345678901234567", true },
		{ "0123456789012345678901234567890123456789012345678", false },
		{ "", false },
		{ " alice", false },
		{ "alice ", false },
		{ "al\tice", false },
		{ "al\x7fice", false },
		{ "al\xc3ice", false },
		{ "al\xe2\x80\x8bice", false }, /* a space without width */
		{ override, false },            /* from right to left */
		{ "a\xcc\x80", false },         /* an accent by itself: there is a letter that has it */
		{ "\xef\xbb\xbf"
		  "alice",
			false },
		{ "al\xc2\xadice", false },
		{ "al\xc2\xa0ice", false },
		{ "\xe2\x80\xa7", true }, /* between two that do not show */
		{ "\xf3\xa0\x81\xa1", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_account_name_valid(rows[i].name) != rows[i].valid)
			fail_msg("row %zu: '%s'", i, rows[i].name);
}

static void test_when_two_are_the_same(void **state)
{
	static const char *const rows[][2] = {
		{ "ALICE", "alice" },
		{ "@[`{ 09", "@[`{ 09" },
		{ "AZaz", "azaz" },
		{ "\xc3\x80\xc3\x96\xc3\x97\xc3\x98\xc3\x9e\xc3\x9f", "\xc3\xa0\xc3\xb6\xc3\x97\xc3\xb8\xc3\xbe\xc3\x9f" },
		{ "\xc4\x80\xc4\x81\xc4\xb9\xc4\xba", "\xc4\x81\xc4\x81\xc4\xba\xc4\xba" },
		{ "\xc4\xb0stanbul", "istanbul" },
		{ "\xc5\xb8", "\xc3\xbf" },
		{ "\xce\x91\xce\xa9\xce\xa3\xcf\x82", "\xce\xb1\xcf\x89\xcf\x83\xcf\x83" },
		{ "\xd0\x80\xd0\x90\xd0\xaf\xd1\x8f", "\xd1\x90\xd0\xb0\xd1\x8f\xd1\x8f" },
		{ "\xe1\xba\x9e\xe1\xba\xa0", "\xc3\x9f\xe1\xba\xa1" },
		{ "\xef\xbc\xa1\xef\xbc\xba", "\xef\xbd\x81\xef\xbd\x9a" },
		{ "\xe5\xb1\xb1\xf0\x9f\x90\x88", "\xe5\xb1\xb1\xf0\x9f\x90\x88" },
	};
	char folded[TW_ACCOUNT_NAME_MAX + 1], again[TW_ACCOUNT_NAME_MAX + 1];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_account_name_fold(rows[i][0], folded);
		CHECK_TEXT(folded, rows[i][1]);
		tw_account_name_fold(folded, again);
		CHECK_TEXT(again, folded);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *word;
		bool valid;
	} rows[] = { { "operator", true }, { "a", true }, { "night-shift-2", true }, { "a2345678901234567890123456789012", true },
		{ "a23456789012345678901234567890123", false }, { "", false }, { "{", false }, { "a{", false }, { "2a", false },
		{ "-a", false }, { "Operator", false }, { "a b", false }, { "a.b", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_account_word_valid(rows[i].word) != rows[i].valid)
			fail_msg("row %zu: '%s'", i, rows[i].word);
}

CHECK_MAIN(cmocka_unit_test(test_what_may_be_a_name), cmocka_unit_test(test_when_two_are_the_same), cmocka_unit_test(test_words))

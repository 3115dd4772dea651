/* SPDX-License-Identifier: Apache-2.0 */
#include "support/page/words.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"

#include <string.h>

/* A row that is not translated is found here: it is empty, or says the same in both. */
static void test_every_row_is_in_each_language(void **state)
{
	for (int w = 0; w < TW_WORDS; w++) {
		const char *english = tw_word((enum tw_word)w, TW_ENGLISH), *german = tw_word((enum tw_word)w, TW_GERMAN);

		english = english ? english : "";
		german = german ? german : "";
		if (!*english || !*german || strcmp(english, german) == 0)
			fail_msg("not translated: '%s'", english);
		CHECK(tw_text_printable(tw_slice_of(english)) && tw_text_printable(tw_slice_of(german)));
		CHECK(!strstr(english, "%d") == !strstr(german, "%d"));
	}
}

static void test_what_a_browser_wants(void **state)
{
	static const struct {
		const char *accepts;
		enum tw_language wanted;
	} rows[] = { { "", TW_ENGLISH }, { "de", TW_GERMAN }, { "DE-at", TW_GERMAN }, { "en,de", TW_ENGLISH },
		{ "en;q=0.5, de;q=0.9", TW_GERMAN }, { "fr, de;q=0.1", TW_GERMAN }, { "fr", TW_ENGLISH }, { "de;q=0", TW_ENGLISH },
		{ "de;q=2", TW_ENGLISH }, { "de;q=0.x", TW_ENGLISH }, { "de;q=", TW_ENGLISH }, { "den", TW_ENGLISH },
		{ "d", TW_ENGLISH }, { " ,;, de ; q=1.000 ", TW_GERMAN }, { "*", TW_ENGLISH } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		size_t size = strlen(rows[i].accepts);
		char *alone = malloc(size + 1);

		memcpy(alone, rows[i].accepts, size);
		if (tw_language_wanted((struct tw_slice){ alone, size }) != rows[i].wanted)
			fail_msg("'%s'", rows[i].accepts);
		free(alone);
	}
}

CHECK_MAIN(cmocka_unit_test(test_every_row_is_in_each_language), cmocka_unit_test(test_what_a_browser_wants))

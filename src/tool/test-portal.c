/* SPDX-License-Identifier: Apache-2.0 */
/* What a page asks of whoever fills in its form. */
#include "tool/probes/portal.h"

#include "sys/real.h"
#include "check.h"

static void test_what_is_asked(void **state)
{
	static const struct {
		const char *html;
		bool there, asked, required;
		const char *value;
	} rows[] = {
		{ "<input name=\"other\">", false, false, false, "" },
		{ "<input name=\"a\">", true, true, false, "" },
		{ "<textarea name=\"a\" required></textarea>", true, true, true, "" },
		{ "<select name=\"a\"><option value=\"x\"><option value=\"y\" selected></select>", true, true, false, "y" },
		{ "<input name=\"a\" type=\"text\" value=\"x\">", true, true, false, "x" },
		{ "<input name=\"a\" type=\"hidden\" value=\"x\">", true, false, false, "x" },
		{ "<input name=\"a\" type=\"HIDDEN\" required>", true, false, true, "" },
		{ "<input name=\"a\" disabled>", true, false, false, "" },
		{ "<select name=\"a\" disabled><option value=\"x\"></select>", true, false, false, "x" },
		{ "<input name=\"a\" type=\"hidden\" value=\"x\"><input name=\"a\" value=\"y\" required>", true, true, true, "y" },
		{ "<input name=\"a\" type=\"hidden\" value=\"x\"><input name=\"a\" disabled value=\"y\">", true, false, false, "x" },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_answer_done) struct tw_answer page = { 0 };

		tw_answer_init(&page, tw_sys_real());
		CHECK_OK(tw_buf_text(&page.raw, rows[i].html));
		const struct tw_portal_field f = tw_portal_field(&page, "a");
		if (f.there != rows[i].there || f.asked != rows[i].asked || f.required != rows[i].required)
			fail_msg("%s", rows[i].html);
		CHECK_TEXT(f.value, rows[i].value);
	}
}

CHECK_MAIN(cmocka_unit_test(test_what_is_asked))

/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a report page and of its answer, from whatever answers at the site's name. */
#include "base/mem.h"
#include "check.h"
#include "support/mail/visit-page.h"

#include <string.h>

#define OPEN "<form method=\"post\" action=\"/report\" enctype=\"multipart/form-data\">"
#define TEXT "<textarea name=\"description\"></textarea>"
#define RECEIPT "<input type=\"hidden\" name=\"receipt\" value=\"0123-ABCD\">"

static void test_the_form(void **state)
{
	static const struct {
		const char *page, *wrong; /* wrong NULL: the receipt is found */
	} rows[] = {
		{ OPEN RECEIPT TEXT "</form>", NULL },
		{ "<p>before</p><form action=\"/search\"></form>" OPEN "<label>" TEXT "</label>" RECEIPT "</form>", NULL },
		{ OPEN "<input name=\"other\" value=\"X\">" RECEIPT RECEIPT TEXT, NULL },
		{ "", "no form" },
		{ "<p>We moved.</p>", "no form" },
		{ "<form method=\"get\" action=\"/report\" enctype=\"multipart/form-data\">" RECEIPT TEXT, "no form" },
		{ "<form method=\"post\" action=\"https://elsewhere.example/report\" enctype=\"multipart/form-data\">" RECEIPT TEXT, "no form" },
		{ "<form method=\"post\" action=\"/report\">" RECEIPT TEXT, "no form" },
		{ "<script>" OPEN RECEIPT TEXT "</script>", "no form" },
		{ OPEN RECEIPT "</form>", "no field" },
		{ OPEN RECEIPT "</form>" TEXT, "no field" },
		{ OPEN TEXT "</form>" RECEIPT, "no receipt" },
		{ OPEN TEXT "<input name=\"receipt\">", "no receipt" },
		{ OPEN TEXT "<input name=\"receipt\" value=\"\">", "no receipt" },
		{ OPEN TEXT "<input name=\"receipt\" value=\"a b&quot;\">", "no receipt" },
		{ OPEN TEXT "<input name=\"receipt\" value=\"0000000000000000000000000000000000000000000000000000000000000000A\">",
			"no receipt" },
		{ OPEN TEXT "<input name=\"receipt\" value=\"0123", "no receipt" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_slice receipt = TW_SLICE("");
		const tw_err e = tw_visit_form(tw_slice_of(rows[i].page), &receipt);

		if (rows[i].wrong ? !tw_is(e, TW_CODE_NOTFOUND) || !strstr(tw_err_detail(), rows[i].wrong)
				  : tw_failed(e) || !tw_slice_is(receipt, "0123-ABCD"))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

static void test_the_answer(void **state)
{
	static const struct {
		const char *page;
		bool shown;
	} rows[] = {
		{ "<p class=\"receipt\"><code>0123-ABCD</code></p>", true },
		{ "<code>x</code><code>0123-ABCD</code>", true },
		{ "", false },
		{ "0123-ABCD", false },
		{ "<code>0123-ABCE</code>", false },
		{ "<code>0123-ABCD </code>", false },
		{ "<code>0123-ABCD<b></b></code>", false },
		{ RECEIPT, false }, /* the form again, with what is wrong with it */
		{ "<code>0123-ABCD", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_visit_shows(tw_slice_of(rows[i].page), TW_SLICE("0123-ABCD")) != rows[i].shown)
			fail_msg("row %zu", i);
}

CHECK_MAIN(cmocka_unit_test(test_the_form), cmocka_unit_test(test_the_answer))

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/page/refusal.h"

#include "base/mem.h"
#include "support/page/page.h"

static const struct reason {
	int status;
	enum tw_word word;
} reasons[] = {
	{ 413, TW_W_PROBLEM_TOO_LARGE },
	{ 421, TW_W_PROBLEM_NAME },
	{ 503, TW_W_PROBLEM_BUSY },
};

static enum tw_word word_of(int status)
{
	for (size_t i = 0; i < TW_COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].word;
	return TW_W_PROBLEM_REQUEST;
}

tw_err tw_page_refusal(int status, const char *rule, struct tw_buf *out)
{
	static const struct tw_look english = { .language = TW_ENGLISH }, german = { .language = TW_GERMAN };
	struct tw_html h;

	tw_page_open(&h, out, english, "/", TW_W_NOT_DONE);
	tw_page_put(&h, english, TW_E_P, word_of(status));
	tw_html_open(&h, TW_E_SECTION);
	tw_html_attr(&h, TW_AT_LANG, tw_slice_of(tw_language_tag(TW_GERMAN)));
	tw_page_put(&h, german, TW_E_H2, TW_W_NOT_DONE);
	tw_page_put(&h, german, TW_E_P, word_of(status));
	tw_html_close(&h);
	tw_page_class(&h, TW_E_P, "quiet");
	tw_html_text(&h, tw_slice_of(tw_word(TW_W_RULE, TW_ENGLISH)));
	tw_html_text(&h, tw_slice_of(rule));
	tw_html_close(&h);
	return tw_page_close(&h);
}

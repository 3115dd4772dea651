/* SPDX-License-Identifier: Apache-2.0 */
/* How the desk is used by keyboard, and what its marks mean. The keys are those that each entry of the frame has. */
#include "base/mem.h"
#include "support/desk/desk.h"
#include "support/rows-desk.h"

static void write_keys(struct tw_html *h, struct tw_look look)
{
	tw_page_put(h, look, TW_E_H2, TW_W_HELP_KEYS);
	tw_page_put(h, look, TW_E_P, TW_W_HELP_KEYS_HOW);
	tw_desk_table(h, look, TW_W_HELP_KEYS, false);
	tw_desk_head(h, look, TW_W_HELP_KEY);
	tw_desk_head(h, look, TW_W_HELP_LEADS);
	tw_desk_rows(h);
	for (const struct tw_staff_place *p = tw_staff_places; p->path; p++) {
		if (!p->key)
			continue;
		tw_html_open(h, TW_E_TR);
		tw_html_open(h, TW_E_TH);
		tw_html_attr(h, TW_AT_SCOPE, TW_SLICE("row"));
		tw_html_put(h, TW_E_CODE, p->key);
		tw_html_close(h);
		tw_desk_cell(h, look, TW_W_HELP_LEADS);
		tw_html_text(h, tw_slice_of(tw_word(p->word, look.language)));
		tw_html_close(h);
		tw_html_close(h);
	}
	tw_html_close(h);
	tw_html_close(h);
}

static void write_marks(struct tw_html *h, struct tw_look look)
{
	static const struct {
		const char *class;
		enum tw_word word;
	} marks[] = { { "fresh", TW_W_HELP_FRESH }, { "going", TW_W_HELP_GOING }, { "waiting", TW_W_HELP_WAITING },
		{ "soon", TW_W_HELP_SOON }, { "late", TW_W_HELP_LATE }, { "done", TW_W_HELP_DONE }, { "over", TW_W_HELP_OVER } };

	tw_page_put(h, look, TW_E_H2, TW_W_HELP_MARKS);
	tw_html_open(h, TW_E_UL);
	for (size_t i = 0; i < TW_COUNT(marks); i++) {
		tw_html_open(h, TW_E_LI);
		tw_desk_mark(h, marks[i].class, tw_word(marks[i].word, look.language));
		tw_html_close(h);
	}
	tw_html_close(h);
}

tw_err tw_desk_help(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const enum tw_word how[] = { TW_W_HELP_SORT, TW_W_HELP_FRESH_PROOF, TW_W_HELP_PRINT, TW_W_HELP_DRILL, TW_W_HELP_PROGRAMS };
	const struct tw_look look = tw_look_of(rq);
	const struct tw_staff_frame f = { c, rq, "/desk/help", tw_word(TW_W_HELP, look.language) };
	struct tw_html h;

	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	write_keys(&h, look);
	write_marks(&h, look);
	tw_page_put(&h, look, TW_E_H2, TW_W_HELP_HOW);
	tw_html_open(&h, TW_E_UL);
	for (size_t i = 0; i < TW_COUNT(how); i++)
		tw_page_put(&h, look, TW_E_LI, how[i]);
	tw_html_close(&h);
	return tw_page_close(&h);
}

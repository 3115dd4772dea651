/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: what there is here, in its first line. */
#include "base/mem.h"
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

static const struct group {
	enum tw_word name;
	struct {
		const char *path; /* NULL ends them */
		enum tw_word word;
	} entries[5];
} groups[] = {
	{ TW_W_HOME_TELL,
		{ { "/report", TW_W_REPORT }, { "/report/status", TW_W_FOLLOW }, { "/question", TW_W_ASK }, { "/account", TW_W_CUSTOMER } } },
	{ TW_W_HOME_KNOW,
		{ { "/advisories", TW_W_ADVISORIES }, { "/products", TW_W_PRODUCTS }, { "/subscriptions", TW_W_SUBS },
			{ "/news", TW_W_TELL } } },
	{ TW_W_HOME_WORK, { { "/policy", TW_W_POLICY }, { "/thanks", TW_W_THANKS } } },
};

static void write_group(struct tw_html *h, struct tw_look look, const struct group *g)
{
	tw_page_put(h, look, TW_E_H2, g->name);
	tw_html_open(h, TW_E_UL);
	for (size_t i = 0; g->entries[i].path; i++) {
		tw_html_open(h, TW_E_LI);
		tw_page_link(h, look, g->entries[i].path, g->entries[i].word);
		tw_html_close(h);
	}
	tw_html_close(h);
}

static void for_programs(struct tw_html *h, struct tw_look look, const char *path, enum tw_word w)
{
	tw_html_open(h, TW_E_DD);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(path));
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_support_home(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/", TW_W_PORTAL);
	if (*tw_app_of(c)->desk.name)
		tw_html_put(&h, TW_E_P, tw_app_of(c)->desk.name);
	tw_html_open(&h, TW_E_P);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("lead"));
	tw_html_text(&h, tw_slice_of(tw_word(TW_W_HOME_LEAD, look.language)));
	tw_html_close(&h);
	for (size_t i = 0; i < TW_COUNT(groups); i++)
		write_group(&h, look, &groups[i]);
	tw_html_open(&h, TW_E_DL);
	tw_page_put(&h, look, TW_E_DT, TW_W_RUNNING_SINCE);
	tw_html_open(&h, TW_E_DD);
	tw_page_time(&h, tw_app_of(c)->started_ms);
	tw_html_close(&h);
	tw_page_put(&h, look, TW_E_DT, TW_W_FOR_PROGRAMS);
	for_programs(&h, look, "/api/v1/health", TW_W_HEALTH);
	for_programs(&h, look, "/api/v1/elements", TW_W_ELEMENTS);
	tw_html_close(&h);
	return tw_page_close(&h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: what there is here, in its first line. */
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

static void entry(struct tw_html *h, struct tw_look look, const char *path, enum tw_word w)
{
	tw_html_open(h, TW_E_LI);
	tw_page_link(h, look, path, w);
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
	tw_html_open(&h, TW_E_P);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("lead"));
	tw_html_text(&h, tw_slice_of(tw_word(TW_W_HOME_LEAD, look.language)));
	tw_html_close(&h);
	tw_html_open(&h, TW_E_UL);
	entry(&h, look, "/report", TW_W_REPORT);
	entry(&h, look, "/report/status", TW_W_FOLLOW);
	entry(&h, look, "/question", TW_W_ASK);
	entry(&h, look, "/account", TW_W_CUSTOMER);
	entry(&h, look, "/advisories", TW_W_ADVISORIES);
	entry(&h, look, "/policy", TW_W_POLICY);
	entry(&h, look, "/thanks", TW_W_THANKS);
	entry(&h, look, "/products", TW_W_PRODUCTS);
	entry(&h, look, "/subscriptions", TW_W_SUBS);
	entry(&h, look, "/news", TW_W_TELL);
	tw_html_close(&h);
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

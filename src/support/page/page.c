/* SPDX-License-Identifier: Apache-2.0 */
#include "support/page/page.h"

static void meta(struct tw_html *h, const char *name, const char *content)
{
	tw_html_open(h, TW_E_META);
	tw_html_attr(h, TW_AT_NAME, tw_slice_of(name));
	tw_html_attr(h, TW_AT_CONTENT, tw_slice_of(content));
	tw_html_close(h);
}

static void head(struct tw_html *h, const char *title)
{
	tw_html_open(h, TW_E_HEAD);
	tw_html_open(h, TW_E_META);
	tw_html_attr(h, TW_AT_CHARSET, TW_SLICE("utf-8"));
	tw_html_close(h);
	meta(h, "viewport", "width=device-width, initial-scale=1");
	tw_html_put(h, TW_E_TITLE, title);
	tw_html_open(h, TW_E_LINK);
	tw_html_attr(h, TW_AT_REL, TW_SLICE("stylesheet"));
	tw_html_link(h, TW_SLICE("/portal.css"));
	tw_html_close(h);
	tw_html_close(h);
}

/* The first thing a keyboard reaches leads past what every page begins with. */
static void skip(struct tw_html *h)
{
	tw_html_open(h, TW_E_A);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("skip"));
	tw_html_link(h, TW_SLICE("#main"));
	tw_html_text(h, TW_SLICE("Skip to the content"));
	tw_html_close(h);
}

void tw_page_open(struct tw_html *h, struct tw_buf *out, const char *title)
{
	tw_html_begin(h, out);
	tw_html_open(h, TW_E_HTML);
	tw_html_attr(h, TW_AT_LANG, TW_SLICE("en"));
	head(h, title);
	tw_html_open(h, TW_E_BODY);
	skip(h);
	tw_html_open(h, TW_E_HEADER);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, TW_SLICE("/"));
	tw_html_text(h, TW_SLICE("Product security"));
	tw_html_close(h);
	tw_html_close(h);
	tw_html_open(h, TW_E_MAIN);
	tw_html_attr(h, TW_AT_ID, TW_SLICE("main"));
	tw_html_put(h, TW_E_H1, title);
}

tw_err tw_page_close(struct tw_html *h)
{
	tw_html_close(h);
	tw_html_close(h);
	tw_html_close(h);
	return tw_html_finish(h);
}

/* The path's own words for it are for who writes programs. */
static void no_page(struct tw_html *h, struct tw_buf *body)
{
	tw_page_open(h, body, "There is no page here");
	tw_html_open(h, TW_E_P);
	tw_html_text(h, TW_SLICE("The address may be mistyped, or the page has gone. "));
	tw_html_open(h, TW_E_A);
	tw_html_link(h, TW_SLICE("/"));
	tw_html_text(h, TW_SLICE("Go to the first page"));
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_page_problem(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	struct tw_html h;
	char number[24];

	if (rp->status == 404) {
		no_page(&h, body);
		return tw_page_close(&h);
	}
	tw_page_open(&h, body, rp->title);
	tw_html_put(&h, TW_E_P, rp->detail);
	tw_html_put(&h, TW_E_P, rp->next);
	tw_html_open(&h, TW_E_P);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("quiet"));
	tw_html_text(&h, TW_SLICE("Rule: "));
	tw_html_put(&h, TW_E_CODE, rp->rule);
	if (reference) {
		(void)snprintf(number, sizeof number, "%llu", (unsigned long long)reference);
		tw_html_text(&h, TW_SLICE(". Reference: "));
		tw_html_put(&h, TW_E_CODE, number);
	}
	tw_html_close(&h);
	return tw_page_close(&h);
}

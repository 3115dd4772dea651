/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: what there is here, in its first line. */
#include "base/text.h"
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

static void since(struct tw_html *h, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX], shown[24];

	tw_time_text(ms, text);
	(void)snprintf(shown, sizeof shown, "%.10s %.5s UTC", text, text + 11);
	tw_html_open(h, TW_E_TIME);
	tw_html_attr(h, TW_AT_DATETIME, tw_slice_of(text));
	tw_html_text(h, tw_slice_of(shown));
	tw_html_close(h);
}

tw_err tw_support_home(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_app *app = tw_app_of(c);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), "Product security");
	tw_html_open(&h, TW_E_P);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("lead"));
	tw_html_text(&h, TW_SLICE("This service is running. It does not take reports yet."));
	tw_html_close(&h);
	tw_html_open(&h, TW_E_DL);
	tw_html_put(&h, TW_E_DT, "Running since");
	tw_html_open(&h, TW_E_DD);
	since(&h, app->started_ms);
	tw_html_close(&h);
	tw_html_put(&h, TW_E_DT, "For programs");
	tw_html_open(&h, TW_E_DD);
	tw_html_open(&h, TW_E_A);
	tw_html_link(&h, TW_SLICE("/api/v1/health"));
	tw_html_text(&h, TW_SLICE("Its health as JSON"));
	tw_html_close(&h);
	tw_html_close(&h);
	tw_html_close(&h);
	return tw_page_close(&h);
}

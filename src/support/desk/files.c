/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a report on the staff's pages: what there is, and where each is had to be kept. None is ever shown here. */
#include "base/log.h"
#include "base/mem.h"
#include "support/attachments/attachments.h"
#include "support/desk/desk.h"
#include "support/sql-support.h"

#define REPORTS_SHOWN 50

struct list {
	const struct tw_attachments *a;
	struct tw_html *h;
	struct tw_look look;
	size_t count;
};

static tw_err show(void *user, const struct tw_attachment_about *about)
{
	struct list *l = user;
	char path[TW_DESK_PATH_MAX], text[200];

	if (l->count++ == 0)
		tw_html_open(l->h, TW_E_UL);
	(void)snprintf(path, sizeof path, "/desk/files/f%lld", (long long)about->id);
	(void)snprintf(text, sizeof text, " %llu Byte, %s, ", (unsigned long long)about->size, about->type);
	tw_html_open(l->h, TW_E_LI);
	tw_html_open(l->h, TW_E_A);
	tw_html_link(l->h, tw_slice_of(path));
	tw_html_text(l->h, tw_slice_of(about->name));
	tw_html_close(l->h);
	tw_html_text(l->h, tw_slice_of(text));
	tw_page_time(l->h, about->at_ms);
	tw_html_text(l->h, TW_SLICE(", SHA-256 "));
	tw_html_put(l->h, TW_E_CODE, about->sha256);
	tw_html_close(l->h);
	return TW_OK;
}

static tw_err show_report(void *user, const tw_row *row)
{
	const struct list *l = user;

	return tw_attachments_list(l->a, tw_row_int(row, 0), show, user);
}

/* What cannot be opened keeps nobody from the rest of the page. */
tw_err tw_desk_files(struct tw_context *c, struct tw_html *h, struct tw_look look, int64_t report, int64_t of_case)
{
	const struct tw_attachments a = tw_attachments_of(c);
	struct list l = { &a, h, look, 0 };
	const struct tw_value v[] = { TW_V_INT(of_case), TW_V_INT(REPORTS_SHOWN) };

	tw_page_put(h, look, TW_E_H2, TW_W_FILES);
	tw_err e = report ? tw_attachments_list(&a, report, show, &l)
			  : tw_store_run(c->store, tw_sql_attachment_reports_of_case, v, TW_COUNT(v), show_report, &l);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e))
		tw_log_err(e, "files of a report");
	if (l.count)
		tw_html_close(h);
	tw_page_put(h, look, TW_E_P, tw_failed(e) ? TW_W_FILES_UNREADABLE : l.count ? TW_W_FILES_STAFF : TW_W_FILES_ABSENT);
	return TW_OK;
}

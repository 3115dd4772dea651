/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as they came in: the list, and one of them with what was said about it. A receipt is in neither: it is the reporter's alone. */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/desk.h"
#include "support/query-reception/reception.h"
#include "support/query-reception/report.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"

#include <string.h>

#define PAGES_MAX 10000
#define LINE_MAX 160

struct list {
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	int64_t page;
	size_t rows;
};
enum { KIND, STATE, SORT, PAGE };

/* A row's text may be cut in a character by the statement's limit, and a query's is of our own lists or counts for nothing. */
static const char *text_of(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : ""; /* SQLite ends its texts with NUL */
}

static const char *one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return "";
}

static void read_query(struct list *l, const json_t *in)
{
	static const char *const kinds[] = { "flaw", "bug", NULL }, *const states[] = { "new", "answered", "published", NULL },
				 *const sorts[] = { "report", "-report", "product", "-product", "messages", "-messages", NULL };
	int64_t page = tw_json_int(in, "page");

	l->page = page < 1 ? 1 : page > PAGES_MAX ? PAGES_MAX : page;
	l->q = (struct tw_desk_query){ TW_DESK_REPORTS,
		{ [KIND] = { "kind", one_of(tw_json_text(in, "kind"), kinds) },
			[STATE] = { "state", one_of(tw_json_text(in, "state"), states) },
			[SORT] = { "sort", one_of(tw_json_text(in, "sort"), sorts) },
			[PAGE] = { "page", "" } } };
}

static void filters(struct list *l, size_t which, const struct tw_choice *choices)
{
	tw_page_class(&l->h, TW_E_UL, "filters");
	for (; choices->value; choices++) {
		struct tw_desk_query q = l->q;
		char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX];

		q.pairs[which].value = choices->value;
		tw_desk_address(&q, path);
		tw_page_address(l->look, path, address);
		tw_html_open(&l->h, TW_E_LI);
		tw_html_open(&l->h, TW_E_A);
		if (strcmp(choices->value, l->q.pairs[which].value) == 0)
			tw_html_attr(&l->h, TW_AT_CURRENT, TW_SLICE("true"));
		tw_html_link(&l->h, tw_slice_of(address));
		tw_html_text(&l->h, tw_slice_of(tw_word(choices->word, l->look.language)));
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	}
	tw_html_close(&l->h);
}

static void mark_of(struct tw_html *h, struct tw_look look, bool published, int64_t ours)
{
	if (published)
		tw_desk_mark(h, "done", tw_word(TW_W_STATE_PUBLISHED, look.language));
	else if (ours)
		tw_desk_mark(h, "going", tw_word(TW_W_REPORT_ANSWERED, look.language));
	else
		tw_desk_mark(h, "fresh", tw_word(TW_W_REPORT_NEW, look.language));
}

static void begin_table(struct list *l)
{
	const char *sort = *l->q.pairs[SORT].value ? l->q.pairs[SORT].value : "-report";

	tw_desk_table(&l->h, l->look, TW_W_REPORTS, false);
	tw_desk_sorted(&l->h, l->look, &l->q, "report", sort, TW_W_COLUMN_NUMBER);
	tw_desk_head(&l->h, l->look, TW_W_STATE);
	tw_desk_head(&l->h, l->look, TW_W_ARRIVED);
	tw_desk_sorted(&l->h, l->look, &l->q, "product", sort, TW_W_PRODUCT);
	tw_desk_head(&l->h, l->look, TW_W_DESCRIPTION);
	tw_desk_sorted(&l->h, l->look, &l->q, "messages", sort, TW_W_MESSAGES);
	tw_desk_rows(&l->h);
}

static void write_cells(struct list *l, const tw_row *row)
{
	char line[LINE_MAX * 4 + 4], number[24];

	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	mark_of(&l->h, l->look, !tw_row_null(row, 2), tw_row_int(row, 8));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_ARRIVED);
	tw_page_time(&l->h, tw_row_int(row, 1));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_PRODUCT);
	(void)snprintf(line, sizeof line, "%s %s", text_of(row, 4), text_of(row, 5));
	tw_utf8_mend(line);
	tw_html_text(&l->h, tw_slice_of(line));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_DESCRIPTION);
	(void)snprintf(line, sizeof line, "%.*s", (int)strcspn(text_of(row, 6), "\n"), text_of(row, 6));
	tw_html_text(&l->h, tw_slice_of(line));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_MESSAGES);
	(void)snprintf(number, sizeof number, "%lld", (long long)tw_row_int(row, 7));
	tw_html_text(&l->h, tw_slice_of(number));
	tw_html_close(&l->h);
}

static tw_err take_row(void *user, const tw_row *row)
{
	struct list *l = user;
	char path[TW_DESK_PATH_MAX], name[24];

	if (l->rows++ == TW_DESK_PAGE)
		return TW_OK;
	if (l->rows == 1)
		begin_table(l);
	(void)snprintf(name, sizeof name, "r%lld", (long long)tw_row_int(row, 0));
	(void)snprintf(path, sizeof path, TW_DESK_REPORTS "/%s", name);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, name);
	tw_html_close(&l->h);
	write_cells(l, row);
	tw_html_close(&l->h);
	return TW_OK;
}

tw_err tw_desk_reports(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice kinds[] = { { "", TW_W_KIND_ANY }, { "flaw", TW_W_KIND_FLAW }, { "bug", TW_W_KIND_BUG },
		{ .value = NULL } },
				      states[] = { { "", TW_W_REPORT_ANY }, { "new", TW_W_REPORT_NEW },
					      { "answered", TW_W_REPORT_ANSWERED }, { "published", TW_W_STATE_PUBLISHED },
					      { .value = NULL } };
	struct list l = { .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX];

	read_query(&l, rq->input);
	tw_desk_address(&l.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_REPORTS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	filters(&l, STATE, states);
	filters(&l, KIND, kinds);
	const struct tw_value v[] = { TW_V_TEXT(l.q.pairs[KIND].value), TW_V_TEXT(l.q.pairs[STATE].value),
		TW_V_TEXT(l.q.pairs[SORT].value), TW_V_INT(TW_DESK_PAGE + 1), TW_V_INT((l.page - 1) * TW_DESK_PAGE) };
	TW_TRY(tw_store_run(c->store, tw_sql_desk_reports, v, TW_COUNT(v), take_row, &l));
	if (l.rows) {
		tw_html_close(&l.h);
		tw_html_close(&l.h);
	} else {
		tw_page_put(&l.h, l.look, TW_E_P, TW_W_REPORTS_NONE);
	}
	tw_desk_pages(&l.h, l.look, &l.q, l.page, l.rows > TW_DESK_PAGE);
	return tw_page_close(&l.h);
}

/* --- One --- */

struct view {
	struct tw_html h;
	struct tw_look look;
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_buf *out;
	bool found;
	size_t messages;
};

static void chosen(struct view *v, enum tw_word label, const struct tw_choice *choices, const char *value)
{
	for (; choices->value; choices++)
		if (*value && strcmp(choices->value, value) == 0)
			tw_desk_pair(&v->h, v->look, label, tw_word(choices->word, v->look.language));
}

static tw_err write_report(void *user, const tw_row *row)
{
	static const struct {
		int column;
		enum tw_word label;
	} texts[] = { { 6, TW_W_PRODUCT }, { 7, TW_W_VERSION }, { 5, TW_W_DESCRIPTION }, { 9, TW_W_TRAITS }, { 10, TW_W_FIX },
		{ 11, TW_W_CONTACT }, { 12, TW_W_CREDIT }, { 3, TW_W_REPORT_LANGUAGE } };
	struct view *v = user;
	char here[TW_DESK_PATH_MAX], title[120];

	v->found = true;
	(void)snprintf(here, sizeof here, TW_DESK_REPORTS "/r%lld", (long long)tw_row_int(row, 0));
	(void)snprintf(title, sizeof title, "%s r%lld", tw_word(TW_W_REPORT_ONE, v->look.language), (long long)tw_row_int(row, 0));
	const struct tw_staff_frame f = { v->c, v->rq, here, title };
	tw_staff_frame_open(&f, &v->h, v->out);
	tw_page_class(&v->h, TW_E_DL, "facts");
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_ARRIVED);
	tw_html_open(&v->h, TW_E_DD);
	tw_page_time(&v->h, tw_row_int(row, 1));
	tw_html_close(&v->h);
	if (!tw_row_null(row, 2)) {
		tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE_PUBLISHED);
		tw_html_open(&v->h, TW_E_DD);
		tw_page_time(&v->h, tw_row_int(row, 2));
		tw_html_close(&v->h);
	}
	chosen(v, TW_W_KIND, tw_report_kinds, text_of(row, 4));
	chosen(v, TW_W_FLAW, tw_report_flaws, text_of(row, 8));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		tw_desk_pair(&v->h, v->look, texts[i].label, text_of(row, texts[i].column));
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_message(void *user, const struct tw_report_message *m)
{
	struct view *v = user;

	if (v->messages++ == 0)
		tw_html_open(&v->h, TW_E_OL);
	tw_html_open(&v->h, TW_E_LI);
	tw_page_class(&v->h, TW_E_P, "quiet");
	tw_html_text(&v->h, tw_slice_of(tw_word(m->ours ? TW_W_FROM_US : TW_W_FROM_REPORTER, v->look.language)));
	tw_html_text(&v->h, TW_SLICE(", "));
	tw_page_time(&v->h, m->at_ms);
	tw_html_close(&v->h);
	tw_page_class(&v->h, TW_E_P, "text");
	tw_html_text(&v->h, m->text);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err no_such(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "report.unknown", "There is no such report",
		"List the reports to see those there are.", "No report has this number.");
}

tw_err tw_desk_report(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct view v = { .look = tw_look_of(rq), .c = c, .rq = rq };
	uint64_t id = 0;

	if (rq->parameter.size < 2 || rq->parameter.at[0] != 'r' ||
		tw_failed(tw_parse_u64((struct tw_slice){ rq->parameter.at + 1, rq->parameter.size - 1 }, INT64_MAX, &id)))
		return no_such(rp);
	v.out = tw_reply_text(rp, c->sys, TW_PAGE_TYPE);
	TW_TRY(tw_store_run(c->store, tw_sql_desk_report, &TW_V_INT((int64_t)id), 1, write_report, &v));
	if (!v.found)
		return no_such(rp);
	tw_page_put(&v.h, v.look, TW_E_H2, TW_W_MESSAGES);
	TW_TRY(tw_report_messages(c->store, (int64_t)id, write_message, &v));
	if (v.messages)
		tw_html_close(&v.h);
	else
		tw_page_put(&v.h, v.look, TW_E_P, TW_W_NO_MESSAGES);
	return tw_page_close(&v.h);
}

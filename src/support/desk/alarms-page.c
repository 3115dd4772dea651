/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms of the clocks of Article 14: how many nobody has acknowledged, in the first line, and whom mail tells; then each of them, sorted and filtered by
   the address; and behind them the alarms of the ways that reports come by. */
#include "base/mem.h"
#include "base/text.h"
#include "support/cases/alarms.h"
#include "support/desk/desk.h"
#include "support/platform/app.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"
#include "support/staff/staff-mail.h"

#include <string.h>

#define PAGES_MAX 10000
#define HOUR_MS INT64_C(3600000)

struct list {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	int64_t page, open;
	size_t rows, later;
	bool may; /* acknowledge */
};
enum { STATE, SORT, PAGE };

static const char *text_of(const tw_row *row, int column)
{
	struct tw_slice s = tw_row_bytes(row, column);

	return s.size ? s.at : ""; /* SQLite ends its texts with NUL */
}

static const char *listed(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return "";
}

/* What is in no list counts for nothing, and then those are shown that wait for somebody. */
static void read_query(struct list *l)
{
	static const char *const states[] = { "all", "acknowledged", NULL }, *const sorts[] = { "alarm", "-alarm", "case", "-case", "due", "-due", NULL };
	int64_t page = tw_json_int(l->rq->input, "page");

	l->page = page < 1 ? 1 : page > PAGES_MAX ? PAGES_MAX : page;
	l->q = (struct tw_desk_query){ TW_DESK_ALARMS,
		{ [STATE] = { "state", listed(tw_json_text(l->rq->input, "state"), states) },
			[SORT] = { "sort", listed(tw_json_text(l->rq->input, "sort"), sorts) },
			[PAGE] = { "page", "" } } };
}

/* --- The first lines --- */

static tw_err take_open(void *user, const tw_row *row)
{
	((struct list *)user)->open = tw_row_int(row, 0);
	return TW_OK;
}

/* That alarms reach nobody is worse than any of them. */
static tw_err write_told(struct list *l)
{
	const size_t fixed = tw_app_of(l->c)->desk.alarm_count;
	int64_t people = 0;
	char text[160];

	TW_TRY(tw_staff_mail_on_call(l->c, &people));
	tw_html_open(&l->h, TW_E_P);
	if (fixed + (size_t)people == 0) {
		tw_desk_mark(&l->h, "late", tw_word(TW_W_ALARMS_TOLD_NOBODY, l->look.language));
	} else {
		tw_page_counted(tw_word(TW_W_ALARMS_TOLD_FIXED, l->look.language), (int)fixed, text, sizeof text);
		tw_html_text(&l->h, tw_slice_of(text));
		tw_page_counted(tw_word(TW_W_ALARMS_TOLD_PEOPLE, l->look.language), (int)people, text, sizeof text);
		tw_html_text(&l->h, tw_slice_of(text));
	}
	tw_html_text(&l->h, TW_SLICE(" "));
	tw_page_link(&l->h, l->look, TW_DESK_ME, TW_W_ALARMS_TOLD_ME);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_lead(struct list *l, const struct tw_value v[2])
{
	char text[120];

	TW_TRY(tw_store_run(l->c->store, tw_sql_desk_alarms_open, v, 2, take_open, l));
	tw_page_counted(tw_word(l->open ? TW_W_ALARMS_OPEN : TW_W_ALARMS_OPEN_NONE, l->look.language),
		(int)(l->open > INT32_MAX ? INT32_MAX : l->open), text, sizeof text);
	tw_page_class(&l->h, TW_E_P, "lead");
	tw_desk_mark(&l->h, l->open ? "late" : "done", text);
	tw_html_close(&l->h);
	return write_told(l);
}

/* --- The rows --- */

static void begin_table(struct list *l)
{
	const char *sort = *l->q.pairs[SORT].value ? l->q.pairs[SORT].value : "-alarm";

	tw_desk_table(&l->h, l->look, TW_W_ALARMS, false);
	tw_desk_sorted(&l->h, l->look, &l->q, "alarm", sort, TW_W_COLUMN_NUMBER);
	tw_desk_sorted(&l->h, l->look, &l->q, "case", sort, TW_W_COLUMN_CASE);
	tw_desk_head(&l->h, l->look, TW_W_COLUMN_STEP);
	tw_desk_sorted(&l->h, l->look, &l->q, "due", sort, TW_W_COLUMN_DUE);
	tw_desk_head(&l->h, l->look, TW_W_ALARM_RAISED);
	tw_desk_head(&l->h, l->look, TW_W_STATE);
	tw_desk_rows(&l->h);
}

static void write_case(struct list *l, const tw_row *row)
{
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, TW_DESK_CASES "c%lld", (long long)tw_row_int(row, 1));
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_CASE);
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_CASES - 1);
	if (tw_row_int(row, 5)) {
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_desk_mark(&l->h, "waiting", tw_word(TW_W_DRILL_MARK, l->look.language));
	}
	tw_html_close(&l->h);
}

/* How long before its end the point was; the last is the end itself. */
static void write_point(struct list *l, const tw_row *row)
{
	enum tw_a14_step step = TW_A14_WARNING;
	char text[120];

	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_STEP);
	if (tw_a14_step_find(tw_row_bytes(row, 3), &step))
		tw_html_text(&l->h, tw_slice_of(tw_word(tw_desk_step_word(step), l->look.language)));
	tw_html_text(&l->h, TW_SLICE(": "));
	tw_page_counted(tw_word(tw_row_int(row, 4) == TW_A14_POINTS ? TW_W_ALARM_OVER : TW_W_ALARM_BEFORE, l->look.language),
		(int)((tw_row_int(row, 7) - tw_row_int(row, 6)) / HOUR_MS), text, sizeof text);
	tw_html_text(&l->h, tw_slice_of(text));
	tw_html_close(&l->h);
}

static void write_times(struct list *l, const tw_row *row)
{
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_DUE);
	tw_page_time(&l->h, tw_row_int(row, 7));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_ALARM_RAISED);
	tw_page_time(&l->h, tw_row_int(row, 8));
	if (tw_row_int(row, 8) - tw_row_int(row, 6) > TW_ALARM_LATE_MS) {
		l->later++;
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_desk_mark(&l->h, "waiting", tw_word(TW_W_ALARM_MISSED, l->look.language));
	}
	tw_html_close(&l->h);
}

static tw_err write_state(struct list *l, const tw_row *row)
{
	char name[TW_DESK_NAME_MAX], path[TW_DESK_PATH_MAX];

	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	if (tw_row_null(row, 9)) {
		tw_desk_mark(&l->h, tw_row_int(row, 4) == TW_A14_POINTS ? "late" : "fresh", tw_word(TW_W_ALARM_WAITS, l->look.language));
		(void)snprintf(path, sizeof path, "/desk/acknowledge/%lld", (long long)tw_row_int(row, 0));
		tw_html_text(&l->h, TW_SLICE(" "));
		if (l->may)
			tw_page_link(&l->h, l->look, path, TW_W_DO_ACKNOWLEDGE);
	} else {
		TW_TRY(tw_desk_person(l->c, text_of(row, 10), name));
		tw_desk_mark(&l->h, "done", tw_word(TW_W_ALARM_SEEN, l->look.language));
		tw_page_class(&l->h, TW_E_SPAN, "quiet");
		tw_html_text(&l->h, tw_slice_of(name));
		tw_html_text(&l->h, TW_SLICE(", "));
		tw_page_time(&l->h, tw_row_int(row, 9));
		tw_html_close(&l->h);
		if (tw_row_bytes(row, 11).size)
			tw_html_put(&l->h, TW_E_P, text_of(row, 11));
	}
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_row(void *user, const tw_row *row)
{
	struct list *l = user;
	char number[24];

	if (l->rows++ == TW_DESK_PAGE)
		return TW_OK;
	if (l->rows == 1)
		begin_table(l);
	(void)snprintf(number, sizeof number, "%lld", (long long)tw_row_int(row, 0));
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&l->h, tw_slice_of(number));
	tw_html_close(&l->h);
	write_case(l, row);
	write_point(l, row);
	write_times(l, row);
	TW_TRY(write_state(l, row));
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_rows(struct list *l, const struct tw_value seen[2])
{
	const char *sort = l->q.pairs[SORT].value;
	const bool usual = *sort == '\0' || strcmp(sort, "-alarm") == 0;
	const struct tw_value v[] = { TW_V_TEXT(l->q.pairs[STATE].value), seen[0], seen[1], TW_V_INT(TW_DESK_PAGE + 1),
		TW_V_INT((l->page - 1) * TW_DESK_PAGE), TW_V_TEXT(sort) };

	TW_TRY(tw_store_run(l->c->store, usual ? tw_sql_desk_alarms : tw_sql_desk_alarms_by, v, TW_COUNT(v) - usual, take_row, l));
	if (l->rows) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_ALARMS_NONE);
	}
	if (l->later) {
		tw_page_class(&l->h, TW_E_P, "quiet");
		tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_ALARMS_LATER, l->look.language)));
		tw_html_close(&l->h);
	}
	tw_desk_pages(&l->h, l->look, &l->q, l->page, l->rows > TW_DESK_PAGE);
	return TW_OK;
}

tw_err tw_desk_alarms(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice states[] = { { "", TW_W_ALARMS_WAIT }, { "acknowledged", TW_W_ALARMS_SEEN },
		{ "all", TW_W_CASES_ALL }, { .value = NULL } };
	struct list l = { .c = c, .rq = rq, .look = tw_look_of(rq), .may = tw_staff_may(c, rq, "cases.change") };
	const struct tw_value seen[] = { TW_V_INT(tw_time_wall_ms(c->time)),
		TW_V_TEXT(rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject)) };
	char here[TW_DESK_PATH_MAX];

	read_query(&l);
	tw_desk_address(&l.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_ALARMS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	TW_TRY(write_lead(&l, seen));
	tw_desk_filters(&l.h, l.look, &l.q, STATE, states);
	TW_TRY(write_rows(&l, seen));
	TW_TRY(tw_desk_plans(c, rq, &l.h, l.look, true));
	TW_TRY(tw_desk_ways(c, &l.h, l.look));
	return tw_page_close(&l.h);
}

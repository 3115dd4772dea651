/* SPDX-License-Identifier: Apache-2.0 */
/* The board: which clock runs out next, in its first line; then the cases, what ends first on top. Sorted and filtered by its address. */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/board-order.h"
#include "support/desk/desk.h"
#include "support/query-reception/field.h"
#include "support/questions/pages.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"
#include "support/staff/staff.h"

#include <string.h>

#define PAGES_MAX 10000

struct board {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q; /* state, whose, sort, page: each of our own lists */
	const char *key;        /* who asks; "": sees all */
	int64_t now_ms, page, late;
	int64_t states[TW_CASE_STATES], all;
	size_t rows;
	char group[32]; /* the state whose rows are being written */
};
enum { STATE, WHOSE, SORT, PAGE };

static const char *listed(const char *text, const char *const *list, size_t count, const char *otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return list[i];
	return otherwise;
}

/* What is in no list counts for nothing, so that nothing of it comes back in a link. */
static void read_query(struct board *b)
{
	static const char *const whose[] = { "me", "nobody" };
	const json_t *in = b->rq->input;
	int64_t page = tw_json_int(in, "page");

	b->page = page < 1 ? 1 : page > PAGES_MAX ? PAGES_MAX : page;
	b->q = (struct tw_desk_query){ TW_DESK_BOARD,
		{ [STATE] = { "state", listed(tw_json_text(in, "state"), tw_case_states, TW_CASE_STATES, "") },
			[WHOSE] = { "whose", listed(tw_json_text(in, "whose"), whose, TW_COUNT(whose), "") },
			[SORT] = { "sort", listed(tw_json_text(in, "sort"), tw_board_sorts, TW_BOARD_SORTS, "") },
			[PAGE] = { "page", "" } } };
}

static const char *sort_of(const struct board *b)
{
	return *b->q.pairs[SORT].value ? b->q.pairs[SORT].value : tw_board_sorts[0];
}

/* --- What there is --- */

static tw_err take_state(void *user, const tw_row *row)
{
	struct board *b = user;
	enum tw_case_state s = TW_CASE_STATES;

	b->all += tw_row_int(row, 1);
	if (tw_case_state_find(tw_row_bytes(row, 0), &s))
		b->states[s] = tw_row_int(row, 1);
	return TW_OK;
}

static tw_err take_late(void *user, const tw_row *row)
{
	((struct board *)user)->late = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err count(struct board *b)
{
	const struct tw_value v[] = { TW_V_INT(b->now_ms), TW_V_TEXT(b->key) };

	TW_TRY(tw_store_run(b->c->store, tw_sql_desk_states, v, TW_COUNT(v), take_state, b));
	return tw_store_run(b->c->store, tw_sql_desk_late, v, TW_COUNT(v), take_late, b);
}

static void filter_link(struct board *b, const char *state, int64_t number, enum tw_word w)
{
	struct tw_desk_query q = b->q;
	char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX], text[120];

	q.pairs[STATE].value = state;
	tw_desk_address(&q, path);
	tw_page_address(b->look, path, address);
	(void)snprintf(text, sizeof text, "%s: %lld", tw_word(w, b->look.language), (long long)number);
	tw_html_open(&b->h, TW_E_LI);
	tw_html_open(&b->h, TW_E_A);
	if (strcmp(state, b->q.pairs[STATE].value) == 0)
		tw_html_attr(&b->h, TW_AT_CURRENT, TW_SLICE("true"));
	tw_html_link(&b->h, tw_slice_of(address));
	tw_html_text(&b->h, tw_slice_of(text));
	tw_html_close(&b->h);
	tw_html_close(&b->h);
}

static void write_states(struct board *b)
{
	tw_page_class(&b->h, TW_E_UL, "filters");
	filter_link(b, "", b->all, TW_W_CASES_ALL);
	for (size_t s = 0; s < TW_CASE_STATES; s++)
		if (b->states[s] || strcmp(tw_case_states[s], b->q.pairs[STATE].value) == 0)
			filter_link(b, tw_case_states[s], b->states[s], tw_desk_state_word(tw_case_states[s]));
	tw_html_close(&b->h);
}

static void write_whose(struct board *b)
{
	static const struct tw_choice rows[] = { { "", TW_W_WHOSE_ALL }, { "me", TW_W_WHOSE_ME }, { "nobody", TW_W_WHOSE_NOBODY },
		{ .value = NULL } };

	tw_desk_filters(&b->h, b->look, &b->q, WHOSE, rows);
}

/* --- The rows --- */

/* The clock that ends next, as the list's order has it; false: none runs. */
static bool next_clock(const json_t *doc, int64_t now_ms, struct tw_clock *ret, enum tw_a14_kind *ret_kind)
{
	struct tw_clock clocks[TW_A14_STEPS];
	struct tw_a14 a;
	bool any = false;

	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++) {
		if (!tw_case_a14(doc, k, &a))
			continue;
		tw_a14_clocks(&a, now_ms, clocks);
		for (size_t i = 0; i < TW_A14_STEPS; i++) {
			bool counts = clocks[i].state == TW_CLOCK_RUNNING || clocks[i].state == TW_CLOCK_LATE;

			if (!counts || (any && clocks[i].due_ms >= ret->due_ms))
				continue;
			*ret = clocks[i];
			*ret_kind = k;
			any = true;
		}
	}
	return any;
}

static void begin_table(struct board *b, enum tw_word name, bool shown)
{
	static const struct {
		const char *by;
		enum tw_word word;
	} columns[] = { { "case", TW_W_COLUMN_CASE }, { "title", TW_W_CASE_TITLE }, { "state", TW_W_STATE },
		{ "clock", TW_W_COLUMN_CLOCK }, { "whose", TW_W_COLUMN_WHOSE } };

	tw_desk_table(&b->h, b->look, name, shown);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_sorted(&b->h, b->look, &b->q, columns[i].by, sort_of(b), columns[i].word);
	tw_desk_rows(&b->h);
}

static void end_table(struct board *b)
{
	tw_html_close(&b->h);
	tw_html_close(&b->h);
}

/* By state, each state has a table of its own. */
static void group(struct board *b, const char *state)
{
	const bool by_state = strcmp(sort_of(b) + (*sort_of(b) == '-'), "state") == 0;
	enum tw_word w = by_state ? tw_desk_state_word(state) : TW_W_BOARD;

	if (b->rows && (!by_state || strcmp(b->group, state) == 0))
		return;
	if (b->rows)
		end_table(b);
	(void)snprintf(b->group, sizeof b->group, "%s", state);
	begin_table(b, w == TW_WORDS ? TW_W_BOARD : w, by_state);
}

static void clock_cell(struct board *b, const json_t *doc)
{
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	struct tw_clock clock;
	struct tw_a14 a;

	tw_desk_cell(&b->h, b->look, TW_W_COLUMN_CLOCK);
	if (!next_clock(doc, b->now_ms, &clock, &kind)) {
		tw_desk_mark(&b->h, "over", tw_word(TW_W_CLOCK_NONE, b->look.language));
	} else {
		tw_html_text(&b->h, tw_slice_of(tw_word(tw_desk_step_word(clock.step), b->look.language)));
		tw_html_text(&b->h, TW_SLICE(": "));
		tw_desk_left(&b->h, b->look, &clock, b->now_ms);
		tw_page_class(&b->h, TW_E_SPAN, "quiet");
		tw_page_time(&b->h, clock.due_ms);
		tw_html_close(&b->h);
		if (tw_case_a14(doc, kind, &a))
			tw_desk_local(&b->h, a.zone, clock.due_ms);
	}
	tw_html_close(&b->h);
}

static tw_err write_case(struct board *b, const json_t *doc)
{
	const char *id = tw_json_text(doc, "id"), *assigned = tw_json_text(doc, "assigned");
	char path[TW_DESK_PATH_MAX], name[TW_DESK_NAME_MAX];

	(void)snprintf(path, sizeof path, TW_DESK_CASES "%s", id);
	TW_TRY(tw_desk_person(b->c, assigned, name));
	tw_html_open(&b->h, TW_E_TR);
	tw_html_open(&b->h, TW_E_TH);
	tw_html_attr(&b->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&b->h, b->look, path, id);
	tw_html_close(&b->h);
	tw_html_open(&b->h, TW_E_TD);
	if (tw_json_bool(doc, "drill"))
		tw_desk_mark(&b->h, "waiting", tw_word(TW_W_DRILL_MARK, b->look.language));
	tw_html_text(&b->h, tw_slice_of(tw_json_bool(doc, "drill") ? " " : ""));
	tw_html_text(&b->h, tw_slice_of(tw_json_text(doc, "title")));
	tw_html_close(&b->h);
	tw_desk_cell(&b->h, b->look, TW_W_STATE);
	tw_desk_state(&b->h, b->look, tw_json_text(doc, "state"));
	tw_html_close(&b->h);
	clock_cell(b, doc);
	tw_desk_cell(&b->h, b->look, TW_W_COLUMN_WHOSE);
	tw_html_text(&b->h, tw_slice_of(*name ? name : tw_word(TW_W_WHOSE_NOBODY, b->look.language)));
	tw_html_close(&b->h);
	tw_html_close(&b->h);
	return TW_OK;
}

static tw_err take_doc(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_CASE_DOC_MAX, user);
}

/* Of one that a list has just named. */
static tw_err read_case(const struct board *b, int64_t id, json_t **ret)
{
	TW_TRY(tw_store_run(b->c->store, tw_sql_case_one, &TW_V_INT(id), 1, take_doc, ret));
	return *ret ? TW_OK : TW_RAISE(INTERNAL, "c%lld is in a list of cases, and there is none", (long long)id);
}

static tw_err write_row(struct board *b, int64_t id)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	TW_TRY(read_case(b, id, &doc));
	group(b, tw_json_text(doc, "state"));
	b->rows++;
	return write_case(b, doc);
}

static tw_err write_rows(struct board *b)
{
	struct tw_board_query q = { .state = b->q.pairs[STATE].value,
		.whose = b->q.pairs[WHOSE].value,
		.key = b->key,
		.sort = sort_of(b),
		.now_ms = b->now_ms,
		.skip = (b->page - 1) * TW_DESK_PAGE };
	struct tw_board_found found = { .most = TW_COUNT(found.ids) };

	if (*q.whose)
		q.whose = strcmp(q.whose, "me") == 0 ? tw_subject_key(&b->rq->subject) : TW_CASE_NOBODY;
	TW_TRY(tw_board_find(b->c->store, &q, &found));
	for (size_t i = 0; i < found.count && i < TW_DESK_PAGE; i++)
		TW_TRY(write_row(b, found.ids[i]));
	if (b->rows)
		end_table(b);
	else
		tw_page_put(&b->h, b->look, TW_E_P, b->all ? TW_W_CASES_NONE_HERE : TW_W_CASES_NONE);
	tw_desk_pages(&b->h, b->look, &b->q, b->page, found.count > TW_DESK_PAGE);
	return TW_OK;
}

/* --- The first line --- */

static tw_err write_next(struct board *b, int64_t id)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	struct tw_clock clock;
	char path[TW_DESK_PATH_MAX];

	TW_TRY(read_case(b, id, &doc));
	if (!next_clock(doc, b->now_ms, &clock, &kind)) {
		tw_page_put(&b->h, b->look, TW_E_P, TW_W_NEXT_NONE);
		return TW_OK;
	}
	(void)snprintf(path, sizeof path, TW_DESK_CASES "%s", tw_json_text(doc, "id"));
	tw_page_class(&b->h, TW_E_P, "lead");
	tw_html_text(&b->h, tw_slice_of(tw_word(TW_W_NEXT, b->look.language)));
	tw_html_text(&b->h, tw_slice_of(tw_word(tw_desk_step_word(clock.step), b->look.language)));
	tw_html_text(&b->h, TW_SLICE(", "));
	tw_page_link_text(&b->h, b->look, path, tw_json_text(doc, "id"));
	tw_html_text(&b->h, TW_SLICE(": "));
	tw_desk_left(&b->h, b->look, &clock, b->now_ms);
	tw_html_close(&b->h);
	return TW_OK;
}

static tw_err write_lead(struct board *b)
{
	const struct tw_board_query q = { "", "", b->key, tw_board_sorts[0], b->now_ms, 0 };
	struct tw_board_found found = { .most = 1 };
	char text[160];

	TW_TRY(tw_board_find(b->c->store, &q, &found));
	if (found.count)
		TW_TRY(write_next(b, found.ids[0]));
	if (!b->late)
		return TW_OK;
	tw_page_counted(tw_word(TW_W_LATE_COUNT, b->look.language), (int)(b->late > INT32_MAX ? INT32_MAX : b->late), text, sizeof text);
	tw_html_open(&b->h, TW_E_P);
	tw_desk_mark(&b->h, "late", text);
	tw_html_close(&b->h);
	return TW_OK;
}

/* Where somebody comes in: what his role has to do with first. */
tw_err tw_desk_home(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	char address[TW_PAGE_ADDRESS_MAX];

	tw_page_address(tw_look_of(rq), tw_staff_may(c, rq, "cases.read") ? TW_DESK_BOARD : TW_DESK_PEOPLE, address);
	(void)snprintf(rp->location, sizeof rp->location, "%.*s", (int)sizeof rp->location - 1, address);
	rp->status = 303;
	return TW_OK;
}

tw_err tw_desk_board(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct board b = { .c = c, .rq = rq, .look = tw_look_of(rq), .now_ms = tw_time_wall_ms(c->time) };
	char here[TW_DESK_PATH_MAX];

	b.key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
	read_query(&b);
	tw_desk_address(&b.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_BOARD, b.look.language) };
	tw_staff_frame_open(&f, &b.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	TW_TRY(count(&b));
	TW_TRY(write_lead(&b));
	TW_TRY(tw_questions_waiting(c, rq, &b.h));
	tw_desk_actions(c, rq, &b.h, TW_ABOUT_NOTHING, NULL);
	write_states(&b);
	write_whose(&b);
	TW_TRY(write_rows(&b));
	return tw_page_close(&b.h);
}

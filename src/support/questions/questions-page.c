/* SPDX-License-Identifier: Apache-2.0 */
/* Questions on the desk: how many wait, in the first line, then each of them, sorted and filtered by the address. */
#include "base/mem.h"
#include "base/text.h"
#include "support/platform/app.h"
#include "support/questions/pages.h"
#include "support/questions/questions.h"
#include "support/rows-questions.h"
#include "support/sql-support.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define PAGES_MAX 10000
#define LINE_MAX 160

struct list {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	int64_t page, now_ms;
	int64_t ids[TW_DESK_PAGE + 1]; /* one more than is shown, so that it is known whether there are more */
	size_t found;
};
enum { STATE, KIND, PRODUCT, WHOSE, SORT, PAGE };

const struct tw_choice tw_question_words[] = { { "event", TW_W_QUESTION_EVENT }, { "noncompliance", TW_W_QUESTION_RULES },
	{ "configuration", TW_W_QUESTION_CONFIGURATION }, { "component", TW_W_QUESTION_COMPONENT },
	{ "documentation", TW_W_QUESTION_DOCUMENTATION }, { "other", TW_W_QUESTION_OTHER }, { .value = NULL } };
const struct tw_choice tw_question_vias[] = { { "call", TW_W_QUESTION_VIA_CALL }, { "mail", TW_W_QUESTION_VIA_MAIL },
	{ "form", TW_W_QUESTION_VIA_FORM }, { .value = NULL } };

enum tw_word tw_question_word(const struct tw_choice *choices, const char *value)
{
	for (; choices->value; choices++)
		if (strcmp(choices->value, value) == 0)
			return choices->word;
	return TW_WORDS;
}

static const char *one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return "";
}

static const json_t *products_of(const struct list *l)
{
	return tw_app_of(l->c) ? tw_app_of(l->c)->products : NULL;
}

/* What is in no list counts for nothing, and comes back in no link. */
static void read_query(struct list *l)
{
	static const char *const states[] = { "answered", "closed", "all", NULL }, *const whose[] = { "me", "nobody", NULL },
				 *const sorts[] = { "question", "-question", "product", "-product", "due", "-due", NULL },
				 *const kinds[] = { "event", "noncompliance", "configuration", "component", "documentation", "other", NULL };
	const json_t *in = l->rq->input, *product = tw_products_find(products_of(l), tw_slice_of(tw_json_text(in, "product")));
	int64_t page = tw_json_int(in, "page");

	l->page = page < 1 ? 1 : page > PAGES_MAX ? PAGES_MAX : page;
	l->q = (struct tw_desk_query){ TW_DESK_QUESTIONS,
		{ [STATE] = { "state", one_of(tw_json_text(in, "state"), states) },
			[KIND] = { "kind", one_of(tw_json_text(in, "kind"), kinds) },
			[PRODUCT] = { "product", tw_json_text(product, "name") },
			[WHOSE] = { "whose", one_of(tw_json_text(in, "whose"), whose) },
			[SORT] = { "sort", one_of(tw_json_text(in, "sort"), sorts) },
			[PAGE] = { "page", "" } } };
}

/* --- The first lines --- */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static void write_count(struct tw_html *h, struct tw_look look, enum tw_word w, int64_t count)
{
	char text[160];

	tw_page_counted(tw_word(w, look.language), (int)(count > INT32_MAX ? INT32_MAX : count), text, sizeof text);
	tw_html_text(h, tw_slice_of(text));
}

tw_err tw_questions_waiting(struct tw_context *c, const struct tw_request *rq, struct tw_html *h)
{
	const struct tw_look look = tw_look_of(rq);
	int64_t open = 0;
	char text[160];

	if (!tw_staff_may(c, rq, "questions.read"))
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_desk_questions_open, NULL, 0, take_number, &open));
	if (!open)
		return TW_OK;
	tw_page_counted(tw_word(TW_W_QUESTIONS_WAIT, look.language), (int)(open > INT32_MAX ? INT32_MAX : open), text, sizeof text);
	tw_html_open(h, TW_E_P);
	tw_page_link_text(h, look, TW_DESK_QUESTIONS, text);
	tw_html_close(h);
	return TW_OK;
}

static tw_err write_lead(struct list *l)
{
	int64_t open = 0, late = 0;

	TW_TRY(tw_store_run(l->c->store, tw_sql_desk_questions_open, NULL, 0, take_number, &open));
	TW_TRY(tw_store_run(l->c->store, tw_sql_desk_questions_late, &TW_V_INT(l->now_ms), 1, take_number, &late));
	tw_page_class(&l->h, TW_E_P, "lead");
	tw_page_class(&l->h, TW_E_SPAN, open ? "mark fresh" : "mark done");
	write_count(&l->h, l->look, open ? TW_W_QUESTIONS_WAIT : TW_W_QUESTIONS_WAIT_NONE, open);
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	if (!late)
		return TW_OK;
	tw_html_open(&l->h, TW_E_P);
	tw_page_class(&l->h, TW_E_SPAN, "mark late");
	write_count(&l->h, l->look, TW_W_QUESTIONS_LATE, late);
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	return TW_OK;
}

/* --- Its choices --- */

static void choose(struct list *l, const struct tw_field *field, const char *none, const struct tw_choice *choices, size_t which)
{
	tw_field_choose(&l->h, l->look, field);
	tw_field_option(&l->h, "", none, false);
	for (; choices->value; choices++)
		tw_field_option(&l->h, choices->value, tw_word(choices->word, l->look.language),
			strcmp(choices->value, l->q.pairs[which].value) == 0);
	tw_html_close(&l->h);
}

static void choose_product(struct list *l)
{
	static const struct tw_field field = { .key = "product", .label = TW_W_PRODUCT, .hint = TW_WORDS, .plain = true };
	const json_t *one;
	size_t i;

	tw_field_choose(&l->h, l->look, &field);
	tw_field_option(&l->h, "", tw_word(TW_W_PRODUCT_ANY, l->look.language), false);
	json_array_foreach(products_of(l), i, one)
		tw_field_option(&l->h, tw_json_text(one, "name"), tw_json_text(one, "title"),
			!strcmp(tw_json_text(one, "name"), l->q.pairs[PRODUCT].value));
	tw_html_close(&l->h);
}

static void write_choices(struct list *l)
{
	static const struct tw_field kind = { .key = "kind", .label = TW_W_QUESTION_SORT, .hint = TW_WORDS, .plain = true };

	tw_html_open(&l->h, TW_E_FORM);
	tw_html_attr(&l->h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(&l->h, TW_SLICE(TW_DESK_QUESTIONS));
	if (l->look.chosen)
		tw_form_hidden(&l->h, "lang", tw_language_tag(l->look.language));
	for (size_t i = 0; i < TW_COUNT(l->q.pairs); i++)
		if (l->q.pairs[i].key && i != KIND && i != PRODUCT && *l->q.pairs[i].value)
			tw_form_hidden(&l->h, l->q.pairs[i].key, l->q.pairs[i].value);
	choose(l, &kind, tw_word(TW_W_KIND_ANY, l->look.language), tw_question_words, KIND);
	choose_product(l);
	tw_html_open(&l->h, TW_E_BUTTON);
	tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_FILTER, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

/* --- Its rows --- */

/* Of those that wait, what was promised first stands on top; of the rest, the newest. */
static const char *sort_of(const struct list *l)
{
	const char *sort = l->q.pairs[SORT].value;

	return *sort ? sort : *l->q.pairs[STATE].value ? "-question" : "due";
}

static void begin_table(struct list *l)
{
	const char *sort = sort_of(l);

	tw_desk_table(&l->h, l->look, TW_W_QUESTIONS, false);
	tw_desk_sorted(&l->h, l->look, &l->q, "question", sort, TW_W_COLUMN_NUMBER);
	tw_desk_head(&l->h, l->look, TW_W_STATE);
	tw_desk_sorted(&l->h, l->look, &l->q, "product", sort, TW_W_PRODUCT);
	tw_desk_head(&l->h, l->look, TW_W_QUESTION_TEXT);
	tw_desk_sorted(&l->h, l->look, &l->q, "due", sort, TW_W_QUESTION_UNTIL);
	tw_desk_head(&l->h, l->look, TW_W_QUESTION_WHOSE);
	tw_desk_rows(&l->h);
}

static void write_state(struct list *l, const char *state)
{
	const bool open = strcmp(state, "open") == 0, answered = strcmp(state, "answered") == 0;

	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	tw_desk_mark(&l->h,
		open               ? "fresh"
			: answered ? "done"
				   : "over",
		tw_word(open               ? TW_W_QUESTION_OPEN
				: answered ? TW_W_QUESTION_ANSWERED
					   : TW_W_QUESTION_CLOSED,
			l->look.language));
	tw_html_close(&l->h);
}

static void write_text(struct list *l, const json_t *doc)
{
	const char *text = tw_json_text(doc, "text");
	const enum tw_word kind = tw_question_word(tw_question_words, tw_json_text(doc, "kind"));
	char line[LINE_MAX + 1];

	tw_desk_cell(&l->h, l->look, TW_W_QUESTION_TEXT);
	(void)snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
	tw_utf8_mend(line);
	tw_html_text(&l->h, tw_slice_of(line));
	tw_page_class(&l->h, TW_E_P, "quiet");
	if (kind != TW_WORDS)
		tw_html_text(&l->h, tw_slice_of(tw_word(kind, l->look.language)));
	tw_html_text(&l->h, TW_SLICE(", "));
	tw_desk_when(&l->h, tw_json_text(doc, "at"));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static void write_due(struct list *l, const json_t *doc)
{
	const char *due = tw_json_text(doc, "due");

	tw_desk_cell(&l->h, l->look, TW_W_QUESTION_UNTIL);
	if (*due)
		tw_desk_when(&l->h, due);
	if (tw_question_due(doc) < l->now_ms) {
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_desk_mark(&l->h, "late", tw_word(TW_W_QUESTION_LATE, l->look.language));
	}
	tw_html_close(&l->h);
}

static tw_err write_whose(struct list *l, const char *whose)
{
	char name[TW_DESK_NAME_MAX];

	tw_desk_cell(&l->h, l->look, TW_W_QUESTION_WHOSE);
	if (*whose) {
		TW_TRY(tw_desk_person(l->c, whose, name));
		tw_html_text(&l->h, tw_slice_of(name));
	} else {
		tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_WHOSE_NOBODY, l->look.language)));
	}
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_doc(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_CASE_DOC_MAX, user);
}

static tw_err write_row(struct list *l, int64_t id)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char path[TW_DESK_PATH_MAX];

	TW_TRY(tw_store_run(l->c->store, tw_sql_question_one, &TW_V_INT(id), 1, take_doc, &doc));
	(void)snprintf(path, sizeof path, TW_DESK_QUESTIONS "/q%lld", (long long)id);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_QUESTIONS);
	tw_html_close(&l->h);
	write_state(l, tw_json_text(doc, "state"));
	tw_desk_cell(&l->h, l->look, TW_W_PRODUCT);
	tw_html_text(&l->h, tw_slice_of(tw_desk_product(l->c, tw_json_text(doc, "product"))));
	tw_html_text(&l->h, TW_SLICE(" "));
	tw_html_text(&l->h, tw_slice_of(tw_json_text(doc, "version")));
	tw_html_close(&l->h);
	write_text(l, doc);
	write_due(l, doc);
	TW_TRY(write_whose(l, tw_json_text(doc, "whose")));
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err take_id(void *user, const tw_row *row)
{
	struct list *l = user;

	if (l->found < TW_COUNT(l->ids))
		l->ids[l->found++] = tw_row_int(row, 0);
	return TW_OK;
}

/* A question names a product as whoever asked did: by its name or its title. */
static tw_err find_rows(struct list *l)
{
	static const struct {
		const char *sort, *sql, *of_state;
	} orders[] = { { "due", tw_sql_desk_questions_due, tw_sql_desk_questions_state_due },
		{ "-due", tw_sql_desk_questions_due_down, tw_sql_desk_questions_state_due_down },
		{ "question", tw_sql_desk_questions_up, tw_sql_desk_questions_up },
		{ "-question", tw_sql_desk_questions_down, tw_sql_desk_questions_down },
		{ "product", tw_sql_desk_questions_product, tw_sql_desk_questions_product },
		{ "-product", tw_sql_desk_questions_product_down, tw_sql_desk_questions_product_down } };
	const char *said = l->q.pairs[STATE].value,
		   *state = !*said         ? "open"
		: strcmp(said, "all") != 0 ? said
					   : "",
		   *whose = l->q.pairs[WHOSE].value, *product = l->q.pairs[PRODUCT].value, *sort = sort_of(l);
	const json_t *of = tw_products_find(products_of(l), tw_slice_of(product));
	const struct tw_value v[] = { TW_V_TEXT(state), TW_V_TEXT(l->q.pairs[KIND].value), TW_V_TEXT(product),
		TW_V_TEXT(tw_json_text(of, "title")),
		TW_V_TEXT(!*whose                     ? ""
				: strcmp(whose, "me") ? TW_QUESTION_NOBODY
						      : tw_subject_key(&l->rq->subject)),
		TW_V_INT((int64_t)TW_COUNT(l->ids)), TW_V_INT((l->page - 1) * TW_DESK_PAGE), TW_V_TEXT(tw_question_reader(l->rq)),
		TW_V_INT(l->now_ms) };

	for (size_t i = 0; i < TW_COUNT(orders); i++)
		if (strcmp(orders[i].sort, sort) == 0)
			return tw_store_run(l->c->store, *state ? orders[i].of_state : orders[i].sql, v, TW_COUNT(v), take_id, l);
	return TW_RAISE(INTERNAL, "an order of questions that has no statement");
}

static tw_err write_rows(struct list *l)
{
	TW_TRY(find_rows(l));
	if (l->found)
		begin_table(l);
	else
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_QUESTIONS_NONE);
	for (size_t i = 0; i < l->found && i < TW_DESK_PAGE; i++)
		TW_TRY(write_row(l, l->ids[i]));
	if (l->found) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	}
	tw_desk_pages(&l->h, l->look, &l->q, l->page, l->found > TW_DESK_PAGE);
	return TW_OK;
}

tw_err tw_desk_questions(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice states[] = { { "", TW_W_QUESTIONS_OPEN }, { "answered", TW_W_QUESTIONS_ANSWERED },
		{ "closed", TW_W_QUESTIONS_CLOSED }, { "all", TW_W_CASES_ALL }, { .value = NULL } },
				      whose[] = { { "", TW_W_WHOSE_ALL }, { "me", TW_W_WHOSE_ME }, { "nobody", TW_W_WHOSE_NOBODY },
					      { .value = NULL } };
	struct list l = { .c = c, .rq = rq, .look = tw_look_of(rq), .now_ms = tw_time_wall_ms(c->time) };
	char here[TW_DESK_PATH_MAX];

	read_query(&l);
	tw_desk_address(&l.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_QUESTIONS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	TW_TRY(write_lead(&l));
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_QUESTIONS, NULL);
	tw_html_open(&l.h, TW_E_P);
	tw_page_link(&l.h, l.look, TW_DESK_ANSWERS, TW_W_ANSWERS);
	tw_html_close(&l.h);
	tw_desk_filters(&l.h, l.look, &l.q, STATE, states);
	tw_desk_filters(&l.h, l.look, &l.q, WHOSE, whose);
	write_choices(&l);
	TW_TRY(write_rows(&l));
	return tw_page_close(&l.h);
}

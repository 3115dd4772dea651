/* SPDX-License-Identifier: Apache-2.0 */
/* The library of answers: all of them, found by kind and by a text in them, one of them, and those that fit a question. */
#include "base/mem.h"
#include "base/text.h"
#include "support/questions/pages.h"
#include "support/questions/questions.h"
#include "support/rows-questions.h"
#include "support/sql-support.h"

#include <string.h>

#define OFFERED 20 /* on the form of an answer; whoever looks for another has the search */
#define SEARCH_MAX 100

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	const char *state, *kind, *search;
	int64_t below;
	size_t rows;
	bool more;
};

static tw_err take_doc(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_CASE_DOC_MAX, user);
}

tw_err tw_answer_current(struct tw_context *c, const char *name, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	uint64_t id = 0;

	*ret = NULL;
	if (*name != tw_answer_kept.letter || tw_failed(tw_parse_u64(tw_slice_of(name + 1), INT64_MAX, &id)))
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_answer_one, &TW_V_INT((int64_t)id), 1, take_doc, &doc));
	if (doc && strcmp(tw_json_text(doc, "state"), "current") == 0)
		*ret = TW_STEAL(doc);
	return TW_OK;
}

/* --- Those that fit --- */

struct offering {
	struct tw_html *h;
	struct tw_look look;
	const char *question;
	size_t rows;
};

static tw_err offer(void *user, const tw_row *row)
{
	struct offering *o = user;
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char path[TW_DESK_PATH_MAX];

	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &doc));
	if (o->rows++ == 0) {
		tw_page_put(o->h, o->look, TW_E_P, TW_W_ANSWERS_BEGIN);
		tw_page_class(o->h, TW_E_UL, "actions");
	}
	(void)snprintf(path, sizeof path, "/desk/question-answer/%.24s?based_on=l%lld", o->question, (long long)tw_row_int(row, 0));
	tw_html_open(o->h, TW_E_LI);
	tw_page_link_text(o->h, o->look, path, tw_json_text(doc, "title"));
	tw_html_close(o->h);
	return TW_OK;
}

tw_err tw_answers_offered(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *question)
{
	struct offering o = { h, look, tw_json_text(question, "id"), 0 };
	const struct tw_value v[] = { TW_V_TEXT(tw_json_text(question, "kind")), TW_V_TEXT(tw_json_text(question, "product")),
		TW_V_INT(OFFERED) };

	TW_TRY(tw_store_run(c->store, tw_sql_answers_fitting, v, TW_COUNT(v), offer, &o));
	if (o.rows)
		tw_html_close(h);
	else
		tw_page_put(h, look, TW_E_P, TW_W_ANSWERS_BEGIN_NONE);
	return TW_OK;
}

/* --- All of them --- */

static void write_search(struct list *l)
{
	static const struct tw_field text = { .key = "search", .label = TW_W_ANSWERS_SEARCH, .hint = TW_WORDS, .most = SEARCH_MAX, .plain = true },
				     kind = { .key = "kind", .label = TW_W_QUESTION_SORT, .hint = TW_WORDS, .plain = true };

	tw_html_open(&l->h, TW_E_FORM);
	tw_html_attr(&l->h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(&l->h, TW_SLICE(TW_DESK_ANSWERS));
	if (l->look.chosen)
		tw_form_hidden(&l->h, "lang", tw_language_tag(l->look.language));
	if (*l->state)
		tw_form_hidden(&l->h, "state", l->state);
	tw_field_write(&l->h, l->look, &text, l->search, TW_WORDS);
	tw_field_choose(&l->h, l->look, &kind);
	tw_field_option(&l->h, "", tw_word(TW_W_KIND_ANY, l->look.language), false);
	for (const struct tw_choice *one = tw_question_words; one->value; one++)
		tw_field_option(&l->h, one->value, tw_word(one->word, l->look.language), strcmp(one->value, l->kind) == 0);
	tw_html_close(&l->h);
	tw_html_open(&l->h, TW_E_BUTTON);
	tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_FILTER, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static void begin_table(struct list *l)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_STATE, TW_W_ANSWER_TITLE, TW_W_ANSWER_FOR, TW_W_PRODUCT };

	tw_desk_table(&l->h, l->look, TW_W_ANSWERS, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&l->h, l->look, columns[i]);
	tw_desk_rows(&l->h);
}

static void write_mark(struct tw_html *h, struct tw_look look, const json_t *doc)
{
	const bool current = strcmp(tw_json_text(doc, "state"), "current") == 0;

	tw_desk_mark(h, current ? "done" : "over", tw_word(current ? TW_W_ANSWER_CURRENT : TW_W_ANSWER_RETIRED, look.language));
}

static enum tw_word kind_of(const json_t *doc)
{
	const enum tw_word w = tw_question_word(tw_question_words, tw_json_text(doc, "kind"));

	return w != TW_WORDS ? w : TW_W_ANSWER_FOR_ALL;
}

static const char *product_of(struct tw_context *c, const json_t *doc, struct tw_look look)
{
	const char *product = tw_json_text(doc, "product");

	return *product ? tw_desk_product(c, product) : tw_word(TW_W_PRODUCT_ANY, look.language);
}

static void cell(struct list *l, enum tw_word column, const char *text)
{
	tw_desk_cell(&l->h, l->look, column);
	tw_html_text(&l->h, tw_slice_of(text));
	tw_html_close(&l->h);
}

static tw_err take_row(void *user, const tw_row *row)
{
	struct list *l = user;
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char path[TW_DESK_PATH_MAX];

	if (l->rows == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &doc));
	if (l->rows++ == 0)
		begin_table(l);
	l->below = tw_row_int(row, 0);
	(void)snprintf(path, sizeof path, TW_DESK_ANSWERS "/l%lld", (long long)l->below);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, path + sizeof TW_DESK_ANSWERS);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	write_mark(&l->h, l->look, doc);
	tw_html_close(&l->h);
	cell(l, TW_W_ANSWER_TITLE, tw_json_text(doc, "title"));
	cell(l, TW_W_ANSWER_FOR, tw_word(kind_of(doc), l->look.language));
	cell(l, TW_W_PRODUCT, product_of(l->c, doc, l->look));
	tw_html_close(&l->h);
	return TW_OK;
}

/* A form in place of a link: what was typed may be longer than an address of ours. */
static void write_next(struct list *l)
{
	const struct {
		const char *key, *value;
	} pairs[] = { { "state", l->state }, { "kind", l->kind }, { "search", l->search } };
	char below[24];

	if (!l->more)
		return;
	(void)snprintf(below, sizeof below, "%lld", (long long)l->below);
	tw_html_open(&l->h, TW_E_FORM);
	tw_html_attr(&l->h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(&l->h, TW_SLICE(TW_DESK_ANSWERS));
	if (l->look.chosen)
		tw_form_hidden(&l->h, "lang", tw_language_tag(l->look.language));
	for (size_t i = 0; i < TW_COUNT(pairs); i++)
		if (*pairs[i].value)
			tw_form_hidden(&l->h, pairs[i].key, pairs[i].value);
	tw_form_hidden(&l->h, "below", below);
	tw_html_open(&l->h, TW_E_BUTTON);
	tw_html_attr(&l->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_PAGE_BEHIND, l->look.language)));
	tw_html_close(&l->h);
	tw_html_close(&l->h);
}

static tw_err write_rows(struct list *l)
{
	const char *state = !*l->state ? "current" : strcmp(l->state, "all") != 0 ? l->state : "";
	const struct tw_value v[] = { TW_V_INT(l->below > 0 ? l->below : INT64_MAX), TW_V_TEXT(state), TW_V_TEXT(l->kind),
		TW_V_TEXT(""), TW_V_TEXT(l->search), TW_V_INT(TW_DESK_PAGE + 1) };

	TW_TRY(tw_store_run(l->c->store, tw_sql_answer_list, v, TW_COUNT(v), take_row, l));
	if (l->rows) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_ANSWERS_NONE);
	}
	write_next(l);
	return TW_OK;
}

static const char *one_of(const char *text, const struct tw_choice *choices)
{
	for (; choices->value; choices++)
		if (*text && strcmp(choices->value, text) == 0)
			return choices->value;
	return "";
}

tw_err tw_desk_answers(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice states[] = { { "", TW_W_ANSWERS_CURRENT }, { "retired", TW_W_ANSWER_RETIRED },
		{ "all", TW_W_CASES_ALL }, { .value = NULL } };
	struct list l = { .c = c,
		.look = tw_look_of(rq),
		.state = one_of(tw_json_text(rq->input, "state"), states),
		.kind = one_of(tw_json_text(rq->input, "kind"), tw_question_words),
		.search = tw_json_text(rq->input, "search"),
		.below = tw_json_int(rq->input, "below") };
	const struct tw_desk_query q = { TW_DESK_ANSWERS, { { "state", l.state }, { "kind", l.kind } } };
	char here[TW_DESK_PATH_MAX];

	tw_desk_address(&q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_ANSWERS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_ANSWERS, NULL);
	tw_html_open(&l.h, TW_E_P);
	tw_page_link(&l.h, l.look, TW_DESK_QUESTIONS, TW_W_QUESTIONS);
	tw_html_close(&l.h);
	tw_desk_filters(&l.h, l.look, &q, 0, states);
	write_search(&l);
	TW_TRY(write_rows(&l));
	return tw_page_close(&l.h);
}

/* --- One --- */

static tw_err write_facts(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	char name[TW_DESK_NAME_MAX];

	TW_TRY(tw_desk_person(c, tw_json_text(doc, "by"), name));
	tw_page_class(h, TW_E_DL, "facts");
	tw_page_put(h, look, TW_E_DT, TW_W_STATE);
	tw_html_open(h, TW_E_DD);
	write_mark(h, look, doc);
	tw_html_close(h);
	tw_desk_pair(h, look, TW_W_REASON, strcmp(tw_json_text(doc, "state"), "retired") ? "" : tw_json_text(doc, "reason"));
	tw_desk_pair(h, look, TW_W_ANSWER_TITLE, tw_json_text(doc, "title"));
	tw_desk_pair(h, look, TW_W_QUESTION_ANSWER_TEXT, tw_json_text(doc, "text"));
	tw_desk_pair(h, look, TW_W_ANSWER_FOR, tw_word(kind_of(doc), look.language));
	tw_desk_pair(h, look, TW_W_PRODUCT, product_of(c, doc, look));
	tw_desk_pair(h, look, TW_W_QUESTION_NOTED, name);
	tw_html_close(h);
	return TW_OK;
}

tw_err tw_desk_answer(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char here[TW_DESK_PATH_MAX], title[120];
	struct tw_html h;

	TW_TRY(tw_question_load(c, rq, rp, &tw_answer_kept, &doc));
	if (!doc)
		return TW_OK;
	(void)snprintf(here, sizeof here, TW_DESK_ANSWERS "/%.24s", tw_json_text(doc, "id"));
	(void)snprintf(title, sizeof title, "%s %.24s", tw_word(TW_W_ANSWER_ONE, look.language), tw_json_text(doc, "id"));
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&h, rq, look);
	tw_html_open(&h, TW_E_P);
	tw_page_link(&h, look, TW_DESK_ANSWERS, TW_W_ANSWERS);
	tw_html_close(&h);
	TW_TRY(write_facts(c, &h, look, doc));
	tw_desk_doing(&h, look);
	tw_desk_actions(c, rq, &h, TW_ABOUT_ANSWER, doc);
	TW_TRY(tw_desk_journal(c, &h, look, tw_json_text(doc, "id")));
	return tw_page_close(&h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One question: what was asked, what was answered, whether anybody has checked who asks, and what can be done. What is kept of the customer stands on the
   answer to the form that asks for it, and nowhere else. */
#include "base/mem.h"
#include "base/text.h"
#include "support/query-reception/reception.h"
#include "support/questions/pages.h"
#include "support/questions/questions.h"
#include "support/rows-questions.h"
#include "support/sql-support.h"

#include <string.h>

struct view {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	const json_t *doc;
};

/* --- Its facts --- */

static void write_mark(struct view *v)
{
	const char *state = tw_json_text(v->doc, "state");
	const bool open = strcmp(state, "open") == 0, answered = strcmp(state, "answered") == 0;

	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_mark(&v->h,
		open               ? "fresh"
			: answered ? "done"
				   : "over",
		tw_word(open               ? TW_W_QUESTION_OPEN
				: answered ? TW_W_QUESTION_ANSWERED
					   : TW_W_QUESTION_CLOSED,
			v->look.language));
	tw_html_close(&v->h);
}

static void said(struct view *v, enum tw_word label, const struct tw_choice *choices, const char *key)
{
	const enum tw_word w = tw_question_word(choices, tw_json_text(v->doc, key));

	if (w != TW_WORDS)
		tw_desk_pair(&v->h, v->look, label, tw_word(w, v->look.language));
}

static void when(struct view *v, enum tw_word label, const char *text, bool late)
{
	if (!*text)
		return;
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_when(&v->h, text);
	if (late) {
		tw_html_text(&v->h, TW_SLICE(" "));
		tw_desk_mark(&v->h, "late", tw_word(TW_W_QUESTION_LATE, v->look.language));
	}
	tw_html_close(&v->h);
}

static void write_settings(struct view *v)
{
	const char *address = tw_json_text(v->doc, "settings");

	if (!*address)
		return;
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_QUESTION_SETTINGS);
	tw_html_open(&v->h, TW_E_DD);
	if (tw_html_may_link(tw_slice_of(address))) {
		tw_html_open(&v->h, TW_E_A);
		tw_html_link(&v->h, tw_slice_of(address));
		tw_html_text(&v->h, tw_slice_of(address));
		tw_html_close(&v->h);
	} else {
		tw_html_text(&v->h, tw_slice_of(address));
	}
	tw_html_close(&v->h);
}

static void write_report(struct view *v)
{
	const char *report = tw_json_text(v->doc, "report");
	char path[TW_DESK_PATH_MAX];

	if (!*report)
		return;
	(void)snprintf(path, sizeof path, TW_DESK_REPORTS "/%.24s", report);
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_QUESTION_REPORT);
	tw_html_open(&v->h, TW_E_DD);
	tw_page_link_text(&v->h, v->look, path, report);
	tw_html_close(&v->h);
}

static tw_err person(struct view *v, enum tw_word label, const char *id)
{
	char name[TW_DESK_NAME_MAX];

	TW_TRY(tw_desk_person(v->c, id, name));
	tw_desk_pair(&v->h, v->look, label, name);
	return TW_OK;
}

static tw_err write_facts(struct view *v, int64_t now_ms)
{
	static const struct {
		const char *key;
		enum tw_word label;
	} texts[] = { { "caller", TW_W_QUESTION_CALLER }, { "product", TW_W_PRODUCT }, { "version", TW_W_VERSION },
		{ "text", TW_W_QUESTION_TEXT }, { "directive", TW_W_QUESTION_DIRECTIVE }, { "document", TW_W_DOCUMENT },
		{ "follow_up", TW_W_QUESTION_FOLLOW_UP }, { "outcome", TW_W_QUESTION_OUTCOME } };
	const char *due = tw_json_text(v->doc, "due"), *whose = tw_json_text(v->doc, "whose");

	tw_page_class(&v->h, TW_E_DL, "facts");
	write_mark(v);
	said(v, TW_W_QUESTION_SORT, tw_question_words, "kind");
	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		const char *text = tw_json_text(v->doc, texts[i].key);

		tw_desk_pair(&v->h, v->look, texts[i].label, texts[i].label == TW_W_PRODUCT ? tw_desk_product(v->c, text) : text);
	}
	said(v, TW_W_QUESTION_BREADTH, tw_question_breadths, "breadth");
	said(v, TW_W_QUESTION_DEPTH, tw_question_depths, "depth");
	write_settings(v);
	when(v, TW_W_QUESTION_UNTIL, due, tw_question_due(v->doc) < now_ms);
	if (*whose)
		TW_TRY(person(v, TW_W_QUESTION_WHOSE, whose));
	else
		tw_desk_pair(&v->h, v->look, TW_W_QUESTION_WHOSE, tw_word(TW_W_WHOSE_NOBODY, v->look.language));
	said(v, TW_W_QUESTION_VIA, tw_question_vias, "via");
	write_report(v);
	when(v, TW_W_ARRIVED, tw_json_text(v->doc, "at"), false);
	TW_TRY(person(v, TW_W_QUESTION_NOTED, tw_json_text(v->doc, "by")));
	tw_html_close(&v->h);
	return TW_OK;
}

/* --- Its answers --- */

static tw_err write_by(struct view *v, const json_t *one)
{
	char name[TW_DESK_NAME_MAX];

	TW_TRY(tw_desk_person(v->c, tw_json_text(one, "by"), name));
	tw_page_class(&v->h, TW_E_P, "quiet");
	tw_html_text(&v->h, tw_slice_of(name));
	tw_html_text(&v->h, TW_SLICE(", "));
	tw_desk_when(&v->h, tw_json_text(one, "at"));
	tw_html_close(&v->h);
	return TW_OK;
}

static void write_text(struct tw_html *h, const char *text)
{
	if (!*text)
		return;
	tw_page_class(h, TW_E_P, "text");
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

static void write_origin(struct tw_html *h, struct tw_look look, const json_t *one)
{
	const char *from = tw_json_text(one, "from"), *based_on = tw_json_text(one, "based_on"), *name = *from ? from : based_on;
	char path[TW_DESK_PATH_MAX];

	if (!*name)
		return;
	(void)snprintf(path, sizeof path, TW_DESK_ANSWERS "/%.24s", name);
	tw_page_class(h, TW_E_P, "quiet");
	tw_html_text(h, tw_slice_of(tw_word(*from ? TW_W_QUESTION_KEPT : TW_W_QUESTION_BASED, look.language)));
	tw_html_text(h, TW_SLICE(" "));
	tw_page_link_text(h, look, path, name);
	tw_html_close(h);
}

static void write_answer(struct tw_html *h, struct tw_look look, const json_t *one)
{
	write_origin(h, look, one);
	write_text(h, tw_json_text(one, "kept_text"));
	write_text(h, tw_json_text(one, "text"));
}

void tw_question_last(struct tw_html *h, struct tw_look look, const json_t *question)
{
	const json_t *answers = tw_json_get(question, "answers");
	const json_t *last = json_array_get(answers, json_array_size(answers) - 1);

	if (last)
		write_answer(h, look, last);
	else
		tw_page_put(h, look, TW_E_P, TW_W_QUESTION_ANSWERS_NONE);
}

static tw_err write_answers(struct view *v)
{
	const json_t *one, *all = tw_json_get(v->doc, "answers");
	size_t i;

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_QUESTION_ANSWERS);
	if (!json_array_size(all)) {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_QUESTION_ANSWERS_NONE);
		return TW_OK;
	}
	tw_html_open(&v->h, TW_E_OL);
	json_array_foreach(all, i, one) {
		tw_html_open(&v->h, TW_E_LI);
		TW_TRY(write_by(v, one));
		write_answer(&v->h, v->look, one);
		tw_html_close(&v->h);
	}
	tw_html_close(&v->h);
	return TW_OK;
}

/* --- Who asks --- */

static void write_result(struct view *v, const json_t *check, int64_t now_ms)
{
	const bool passed = strcmp(tw_json_text(check, "result"), "passed") == 0, fresh = tw_question_identified(v->doc, now_ms);

	tw_html_open(&v->h, TW_E_P);
	tw_desk_mark(&v->h,
		fresh            ? "done"
			: passed ? "waiting"
				 : "late",
		tw_word(fresh            ? TW_W_QUESTION_CHECK_FRESH
				: passed ? TW_W_QUESTION_CHECK_OLD
					 : TW_W_QUESTION_CHECK_FAILED,
			v->look.language));
	tw_html_close(&v->h);
}

/* Each time that something was shown or changed: when, by whom and what for. */
static tw_err write_touched(struct view *v)
{
	const json_t *one, *all = tw_json_get(v->doc, "disclosures");
	size_t i;

	if (!json_array_size(all))
		return TW_OK;
	tw_page_put(&v->h, v->look, TW_E_H3, TW_W_QUESTION_TOUCHED);
	tw_html_open(&v->h, TW_E_OL);
	json_array_foreach(all, i, one) {
		const bool read = strcmp(tw_json_text(one, "what"), "read") == 0;

		tw_html_open(&v->h, TW_E_LI);
		TW_TRY(write_by(v, one));
		tw_html_open(&v->h, TW_E_P);
		tw_html_text(&v->h,
			tw_slice_of(tw_word(read ? TW_W_QUESTION_TOUCHED_READ : TW_W_QUESTION_TOUCHED_CHANGED, v->look.language)));
		tw_html_text(&v->h, TW_SLICE(": "));
		tw_html_text(&v->h, tw_slice_of(tw_json_text(one, "why")));
		tw_html_close(&v->h);
		tw_html_close(&v->h);
	}
	tw_html_close(&v->h);
	return TW_OK;
}

/* @nist QR.2.a.4.2: the check, its steps and its result, and what it let somebody see */
static tw_err write_check(struct view *v, int64_t now_ms)
{
	const json_t *check = tw_json_get(v->doc, "identity");

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_QUESTION_CHECK);
	if (check) {
		write_result(v, check, now_ms);
		TW_TRY(write_by(v, check));
		write_text(&v->h, tw_json_text(check, "how"));
	} else {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_QUESTION_CHECK_NONE);
	}
	return write_touched(v);
}

tw_err tw_desk_question(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const int64_t now_ms = tw_time_wall_ms(c->time);
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	struct view v = { .c = c, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX], title[120];

	TW_TRY(tw_question_load(c, rq, rp, &tw_question_kept, &doc));
	if (!doc)
		return TW_OK;
	TW_TRY(tw_json_set(doc, "identified", json_boolean(tw_question_identified(doc, now_ms)))); /* what can be done depends on it */
	v.doc = doc;
	(void)snprintf(here, sizeof here, TW_DESK_QUESTIONS "/%.24s", tw_json_text(doc, "id"));
	(void)snprintf(title, sizeof title, "%s %.24s", tw_word(TW_W_QUESTION_ONE, v.look.language), tw_json_text(doc, "id"));
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&v.h, rq, v.look);
	TW_TRY(write_facts(&v, now_ms));
	tw_desk_doing(&v.h, v.look);
	tw_desk_actions(c, rq, &v.h, TW_ABOUT_QUESTION, doc);
	TW_TRY(write_answers(&v));
	TW_TRY(write_check(&v, now_ms));
	TW_TRY(tw_desk_journal(c, &v.h, v.look, tw_json_text(doc, "id")));
	return tw_page_close(&v.h);
}

/* @nist QR.2.a.4.2: shown once, to whoever said what for */
tw_err tw_question_disclosed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	TW_CLEANUP(tw_jsonp) json_t *body = rp->body;
	char path[TW_DESK_PATH_MAX], title[120];
	struct tw_html h;

	rp->body = NULL;
	rp->status = 200;
	(void)snprintf(path, sizeof path, TW_DESK_QUESTIONS "/%.24s", tw_json_text(body, "id"));
	(void)snprintf(title, sizeof title, "%s: %.24s", tw_word(TW_W_QUESTION_DISCLOSED, look.language), tw_json_text(body, "id"));
	const struct tw_staff_frame f = { c, rq, path, title };
	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_page_put(&h, look, TW_E_P, TW_W_QUESTION_DISCLOSED_LEAD);
	if (*tw_json_text(body, "customer"))
		write_text(&h, tw_json_text(body, "customer"));
	else
		tw_page_put(&h, look, TW_E_P, TW_W_QUESTION_DISCLOSED_NONE);
	tw_html_open(&h, TW_E_P);
	tw_page_link_text(&h, look, path, tw_json_text(body, "id"));
	tw_html_close(&h);
	return tw_page_close(&h);
}

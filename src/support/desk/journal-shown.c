/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a case or of a report: who did what by which operation, and which of its members that changed. */
#include "base/mem.h"
#include "support/desk/forms.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 100

struct view {
	struct tw_context *c;
	struct tw_html *h;
	struct tw_look look;
};

static const struct {
	const char *operation, *form; /* form: whose words its members have; NULL: none */
	enum tw_word word;
} others[] = { { "case.from-report", NULL, TW_W_DO_TAKE }, { "case.from-finding", NULL, TW_W_DO_FINDING_CASE },
	{ "question.send", "question.note", TW_W_JOURNAL_SENT } };

static const struct tw_form *form_of(const char *operation)
{
	for (const struct tw_form *f = tw_forms; f->path; f++)
		if (strcmp(f->does, operation) == 0)
			return f;
	return NULL;
}

/* What the form that does it is called; the operation's own name where no form does. */
static void write_what(const struct view *v, const char *operation)
{
	const struct tw_form *f = form_of(operation);
	enum tw_word w = f ? f->title : TW_WORDS;

	for (size_t i = 0; i < TW_COUNT(others); i++)
		if (strcmp(others[i].operation, operation) == 0)
			w = others[i].word;
	if (w == TW_WORDS)
		tw_html_put(v->h, TW_E_CODE, operation);
	else
		tw_html_text(v->h, tw_slice_of(tw_word(w, v->look.language)));
}

/* As the form calls it that says it, or as the page does that shows it. */
static enum tw_word member_word(const char *operation, const char *member)
{
	static const struct {
		const char *member;
		enum tw_word word;
	} shown[] = { { "state", TW_W_STATE }, { "verdict", TW_W_STATE }, { "erased", TW_W_ERASED },
		{ "contact_erased", TW_W_ERASED_CONTACT }, { "assigned", TW_W_COLUMN_WHOSE }, { "whose", TW_W_QUESTION_WHOSE },
		{ "embargo", TW_W_EMBARGO }, { "told", TW_W_PARTIES }, { "article14", TW_W_CLOCKS }, { "reason", TW_W_REASON },
		{ "duplicate_of", TW_W_DUPLICATE_OF }, { "report", TW_W_REPORT_ONE }, { "score", TW_W_CASE_SCORE },
		{ "case", TW_W_COLUMN_CASE }, { "published", TW_W_STATE_PUBLISHED }, { "thanked", TW_W_THANKS },
		{ "answers", TW_W_QUESTION_ANSWERS }, { "identity", TW_W_QUESTION_CHECK }, { "disclosures", TW_W_QUESTION_TOUCHED },
		{ "follow_up", TW_W_QUESTION_FOLLOW_UP }, { "due", TW_W_QUESTION_UNTIL }, { "outcome", TW_W_QUESTION_OUTCOME },
		{ "document", TW_W_DOCUMENT }, { "breadth", TW_W_QUESTION_BREADTH }, { "depth", TW_W_QUESTION_DEPTH },
		{ "release", TW_W_RELEASE }, { "vulnerability", TW_W_VULNERABILITY }, { "component", TW_W_COMPONENT },
		{ "version", TW_W_VERSION } };
	const struct tw_form *f = form_of(operation);
	enum tw_word w = tw_desk_member_word(member);

	for (const struct tw_form_input *in = f ? f->inputs : NULL; in && in->key; in++)
		if (strcmp(in->key, member) == 0)
			return in->label;
	for (size_t i = 0; w == TW_WORDS && i < TW_COUNT(shown); i++)
		if (strcmp(shown[i].member, member) == 0)
			w = shown[i].word;
	return w;
}

/* What is new with every change, or stands in the row already. */
static bool is_inner(const char *member)
{
	static const char *const inner[] = { "id", "salt", "hash", "changed", "created", "by", "at", "drill", "answered" };

	for (size_t i = 0; i < TW_COUNT(inner); i++)
		if (strcmp(inner[i], member) == 0)
			return true;
	return false;
}

static void write_members(const struct view *v, const char *operation, const json_t *changed)
{
	const json_t *one;
	bool first = true;
	size_t i;

	for (i = 0; i < TW_COUNT(others); i++)
		if (others[i].form && strcmp(others[i].operation, operation) == 0)
			operation = others[i].form;
	json_array_foreach(changed, i, one) {
		const char *member = json_is_string(one) ? json_string_value(one) : "";
		const enum tw_word w = member_word(operation, member);

		if (is_inner(member))
			continue;
		tw_html_text(v->h, tw_slice_of(first ? "" : ", "));
		tw_html_text(v->h, tw_slice_of(w == TW_WORDS ? member : tw_word(w, v->look.language)));
		first = false;
	}
}

static tw_err write_entry(void *user, const tw_row *row)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const struct view *v = user;
	char name[TW_DESK_NAME_MAX], number[24];

	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &j));
	TW_TRY(tw_desk_person(v->c, tw_json_text(j, "who"), name));
	(void)snprintf(number, sizeof number, "%lld", (long long)tw_row_int(row, 0));
	tw_html_open(v->h, TW_E_TR);
	tw_html_open(v->h, TW_E_TH);
	tw_html_attr(v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(v->h, tw_slice_of(number));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_WHEN);
	tw_desk_when(v->h, tw_json_text(j, "at"));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_WHO);
	tw_html_text(v->h, tw_slice_of(name));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_WHAT);
	write_what(v, tw_json_text(j, "what"));
	tw_html_close(v->h);
	tw_desk_cell(v->h, v->look, TW_W_COLUMN_MEMBERS);
	write_members(v, tw_json_text(j, "what"), tw_json_get(j, "changed"));
	tw_html_close(v->h);
	tw_html_close(v->h);
	return TW_OK;
}

tw_err tw_desk_journal(struct tw_context *c, struct tw_html *h, struct tw_look look, const char *about)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_COLUMN_WHEN, TW_W_COLUMN_WHO, TW_W_COLUMN_WHAT,
		TW_W_COLUMN_MEMBERS };
	const struct tw_value values[] = { TW_V_TEXT(about), TW_V_INT(SHOWN) };

	tw_page_put(h, look, TW_E_H2, TW_W_JOURNAL);
	tw_page_put(h, look, TW_E_P, TW_W_JOURNAL_LEAD);
	tw_desk_table(h, look, TW_W_JOURNAL, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(h, look, columns[i]);
	tw_desk_rows(h);
	TW_TRY(tw_store_run(c->store, tw_sql_desk_journal, values, TW_COUNT(values), write_entry, &(struct view){ c, h, look }));
	tw_html_close(h);
	tw_html_close(h);
	return TW_OK;
}

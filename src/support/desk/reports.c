/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as they came in: the list, and one of them with what was said about it. A receipt is in neither: it is the reporter's alone. */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/attachments/attachments.h"
#include "support/desk/desk.h"
#include "support/query-reception/reception.h"
#include "support/questions/pages.h"
#include "support/questions/questions.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"
#include "support/triage/desk-report.h"

#include <string.h>

#define CUT "\xe2\x80\xa6"
#define PAGES_MAX 10000
#define LINE_MAX 160

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	int64_t page, seen, newest, since, let_in; /* let_in: below the mark, and kept from him when he set it */
	int64_t ids[TW_DESK_PAGE + 1];             /* one more than is shown, so that it is known whether there are more */
	size_t found, rows;
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
	static const char *const kinds[] = { "flaw", "bug", NULL }, *const states[] = { "all", "new", "case", "duplicate", "not-vulnerability", NULL },
				 *const sorts[] = { "report", "-report", "product", "-product", "messages", "-messages", NULL };
	int64_t page = tw_json_int(in, "page");

	l->page = page < 1 ? 1 : page > PAGES_MAX ? PAGES_MAX : page;
	l->q = (struct tw_desk_query){ TW_DESK_REPORTS,
		{ [KIND] = { "kind", one_of(tw_json_text(in, "kind"), kinds) },
			[STATE] = { "state", one_of(tw_json_text(in, "state"), states) },
			[SORT] = { "sort", one_of(tw_json_text(in, "sort"), sorts) },
			[PAGE] = { "page", "" } } };
}

static void mark_of(struct tw_html *h, struct tw_look look, const char *verdict)
{
	static const struct {
		const char *verdict, *class;
		enum tw_word word;
	} rows[] = { { "new", "fresh", TW_W_REPORT_NEW }, { "case", "going", TW_W_REPORT_CASE },
		{ "duplicate", "over", TW_W_CASE_DUPLICATE }, { "not-vulnerability", "over", TW_W_REPORT_NO_FLAW } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(rows[i].verdict, verdict) == 0)
			tw_desk_mark(h, rows[i].class, tw_word(rows[i].word, look.language));
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

/* Who decided, when and why: what stands behind the word. */
static tw_err write_behind(struct list *l, const tw_row *row)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char name[TW_DESK_NAME_MAX];

	if (tw_row_null(row, 9))
		return TW_OK;
	TW_TRY(tw_json_parse(tw_row_bytes(row, 9), TW_CASE_DOC_MAX, &doc));
	if (!*tw_json_text(doc, "by"))
		return TW_OK;
	TW_TRY(tw_desk_person(l->c, tw_json_text(doc, "by"), name));
	tw_page_class(&l->h, TW_E_P, "quiet");
	tw_html_text(&l->h, tw_slice_of(name));
	tw_html_text(&l->h, TW_SLICE(", "));
	tw_desk_when(&l->h, tw_json_text(doc, "at"));
	tw_html_close(&l->h);
	if (*tw_json_text(doc, "reason"))
		tw_html_put(&l->h, TW_E_P, tw_json_text(doc, "reason"));
	return TW_OK;
}

static tw_err write_cells(struct list *l, const tw_row *row)
{
	char line[LINE_MAX * 4 + 4], number[24];

	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	mark_of(&l->h, l->look, text_of(row, 3));
	if (!tw_row_null(row, 2)) {
		tw_html_text(&l->h, TW_SLICE(", "));
		tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_STATE_PUBLISHED, l->look.language)));
	}
	if (tw_row_int(row, 10)) {
		tw_html_text(&l->h, TW_SLICE(", "));
		tw_html_text(&l->h, tw_slice_of(tw_word(TW_W_ERASED, l->look.language)));
	}
	TW_TRY(write_behind(l, row));
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
	if (tw_row_bytes(row, 6).size > strlen(line) || tw_row_int(row, 11)) /* there is more */
		tw_html_text(&l->h, TW_SLICE(CUT));
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_MESSAGES);
	(void)snprintf(number, sizeof number, "%lld", (long long)tw_row_int(row, 7));
	tw_html_text(&l->h, tw_slice_of(number));
	if (tw_row_int(row, 7)) { /* whose turn it is */
		tw_html_text(&l->h, tw_slice_of(tw_word(tw_row_int(row, 8) ? TW_W_LAST_OURS : TW_W_LAST_THEIRS, l->look.language)));
	}
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_row(void *user, const tw_row *row)
{
	struct list *l = user;
	char path[TW_DESK_PATH_MAX], name[24];

	if (l->rows++ == 0)
		begin_table(l);
	if (tw_row_int(row, 0) > l->newest)
		l->newest = tw_row_int(row, 0);
	(void)snprintf(name, sizeof name, "r%lld", (long long)tw_row_int(row, 0));
	(void)snprintf(path, sizeof path, TW_DESK_REPORTS "/%s", name);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, name);
	tw_html_close(&l->h);
	TW_TRY(write_cells(l, row));
	tw_html_close(&l->h);
	return TW_OK;
}

/* --- What is new --- */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err write_lead(struct list *l, const char *key, int64_t account)
{
	const struct tw_value who = TW_V_INT(account);
	char text[120];

	TW_TRY(tw_store_run(l->c->store, tw_sql_staff_seen_get, &who, 1, take_number, &l->seen));
	const struct tw_value v[] = { TW_V_INT(l->seen), TW_V_INT(tw_time_wall_ms(l->c->time)), TW_V_TEXT(key), who };
	TW_TRY(tw_store_run(l->c->store, tw_sql_desk_reports_since, v, 3, take_number, &l->since));
	TW_TRY(tw_store_run(l->c->store, tw_sql_desk_reports_let_in, v, TW_COUNT(v), take_number, &l->let_in));
	l->since += l->let_in;
	tw_page_counted(tw_word(l->since ? TW_W_REPORTS_NEW : TW_W_REPORTS_NEW_NONE, l->look.language),
		(int)(l->since > INT32_MAX ? INT32_MAX : l->since), text, sizeof text);
	tw_page_class(&l->h, TW_E_P, "lead");
	tw_desk_mark(&l->h, l->since ? "fresh" : "done", text);
	tw_html_close(&l->h);
	return TW_OK;
}

/* What was shown is not new any more, when he says so: looking alone forgets nothing. Only the last page has all that came before its newest. */
static void write_seen(struct list *l)
{
	char name[24];

	if (l->found > TW_DESK_PAGE || *l->q.pairs[STATE].value || *l->q.pairs[KIND].value || *l->q.pairs[SORT].value ||
		(l->newest <= l->seen && !l->let_in))
		return;
	(void)snprintf(name, sizeof name, "r%lld", (long long)(l->newest > l->seen ? l->newest : l->seen));
	tw_form_open(&l->h, l->look, "/desk/seen");
	tw_form_hidden(&l->h, "newest", name);
	tw_form_close(&l->h, l->look, TW_W_DO_SEEN);
}

static tw_err take_id(void *user, const tw_row *row)
{
	struct list *l = user;

	if (l->found < TW_COUNT(l->ids))
		l->ids[l->found++] = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err find_rows(struct list *l, const char *key, int64_t account)
{
	static const struct {
		const char *sort, *sql;
	} orders[] = { { "", tw_sql_desk_reports_down }, { "-report", tw_sql_desk_reports_down }, { "report", tw_sql_desk_reports_up },
		{ "product", tw_sql_desk_reports_product }, { "-product", tw_sql_desk_reports_product_down },
		{ "messages", tw_sql_desk_reports_messages }, { "-messages", tw_sql_desk_reports_messages_down } };
	const struct tw_value v[] = { TW_V_TEXT(l->q.pairs[KIND].value), TW_V_TEXT(l->q.pairs[STATE].value),
		TW_V_INT(tw_time_wall_ms(l->c->time)), TW_V_TEXT(key), TW_V_INT((int64_t)TW_COUNT(l->ids)),
		TW_V_INT((l->page - 1) * TW_DESK_PAGE), TW_V_INT(l->seen), TW_V_INT(account) };

	for (size_t i = 0; i < TW_COUNT(orders); i++)
		if (strcmp(orders[i].sort, l->q.pairs[SORT].value) == 0)
			return tw_store_run(l->c->store, orders[i].sql, v, TW_COUNT(v), take_id, l);
	return TW_RAISE(INTERNAL, "an order of reports that has no statement");
}

static tw_err write_rows(struct list *l, const char *key, int64_t account)
{
	TW_TRY(find_rows(l, key, account));
	for (size_t i = 0; i < l->found && i < TW_DESK_PAGE; i++)
		TW_TRY(tw_store_run(l->c->store, tw_sql_desk_report_row, &TW_V_INT(l->ids[i]), 1, write_row, l));
	if (l->rows) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_REPORTS_NONE);
	}
	write_seen(l);
	tw_desk_pages(&l->h, l->look, &l->q, l->page, l->found > TW_DESK_PAGE);
	return TW_OK;
}

tw_err tw_desk_reports(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_choice kinds[] = { { "", TW_W_KIND_ANY }, { "flaw", TW_W_KIND_FLAW }, { "bug", TW_W_KIND_BUG },
		{ .value = NULL } },
				      states[] = { { "", TW_W_REPORTS_SINCE }, { "all", TW_W_REPORT_ANY }, { "new", TW_W_REPORT_NEW },
					      { "case", TW_W_REPORT_CASE }, { "duplicate", TW_W_CASE_DUPLICATE },
					      { "not-vulnerability", TW_W_REPORT_NO_FLAW }, { .value = NULL } };
	const char *key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
	struct list l = { .c = c, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX];
	int64_t account = 0;

	(void)tw_account_id_read(tw_slice_of(rq->subject.account), &account);
	read_query(&l, rq->input);
	tw_desk_address(&l.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_REPORTS, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	TW_TRY(write_lead(&l, key, account));
	tw_desk_filters(&l.h, l.look, &l.q, STATE, states);
	tw_desk_filters(&l.h, l.look, &l.q, KIND, kinds);
	TW_TRY(write_rows(&l, key, account));
	return tw_page_close(&l.h);
}

/* --- One --- */

struct view {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	size_t messages;
};

static void chosen(struct view *v, enum tw_word label, const struct tw_choice *choices, const char *value)
{
	for (; choices->value; choices++)
		if (*value && strcmp(choices->value, value) == 0)
			tw_desk_pair(&v->h, v->look, label, tw_word(choices->word, v->look.language));
}

static void write_verdict(struct view *v, const struct tw_desk_report *r)
{
	char path[TW_DESK_PATH_MAX];

	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE);
	tw_html_open(&v->h, TW_E_DD);
	mark_of(&v->h, v->look, tw_triage_verdicts[r->verdict]);
	if (r->case_id) {
		(void)snprintf(path, sizeof path, TW_DESK_CASES "c%lld", (long long)r->case_id);
		tw_html_text(&v->h, TW_SLICE(" "));
		tw_page_link_text(&v->h, v->look, path, path + sizeof TW_DESK_CASES - 1);
	}
	tw_html_close(&v->h);
}

static void when(struct view *v, enum tw_word label, const char *text)
{
	if (!*text)
		return;
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_when(&v->h, text);
	tw_html_close(&v->h);
}

/* Whether it can be said anew is one table's to say (triage/verdict.c). */
static void write_rule(struct view *v, const char *verdict)
{
	enum tw_triage_verdict from = TW_TRIAGE_NEW;
	const bool stays = tw_triage_find(tw_slice_of(verdict), &from) && !tw_triage_may(from, TW_TRIAGE_CASE);

	tw_html_text(&v->h, tw_slice_of(tw_word(stays ? TW_W_RULE_STAYS : TW_W_RULE_ANEW, v->look.language)));
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_html_put(&v->h, TW_E_CODE, stays ? "report.decided" : "report.reason");
}

/* Who said what it is, when, and by which rule what was said may be said anew. */
static tw_err write_decision(struct view *v, const json_t *doc)
{
	char name[TW_DESK_NAME_MAX];

	if (!*tw_json_text(doc, "by"))
		return TW_OK;
	TW_TRY(tw_desk_person(v->c, tw_json_text(doc, "by"), name));
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_DECIDED);
	tw_html_open(&v->h, TW_E_DD);
	tw_html_text(&v->h, tw_slice_of(name));
	tw_html_text(&v->h, TW_SLICE(", "));
	tw_desk_when(&v->h, tw_json_text(doc, "at"));
	tw_html_close(&v->h);
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_DECIDED_RULE);
	tw_html_open(&v->h, TW_E_DD);
	write_rule(v, tw_json_text(doc, "verdict"));
	tw_html_close(&v->h);
	return TW_OK;
}

/* What was taken out, by whom, when and why; what is left of it is told where something is. */
static tw_err write_erased(struct view *v, const json_t *doc, const char *member, enum tw_word label)
{
	const json_t *j = tw_json_get(doc, member);
	char name[TW_DESK_NAME_MAX];

	if (!j)
		return TW_OK;
	TW_TRY(tw_desk_person(v->c, tw_json_text(j, "by"), name));
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_html_text(&v->h, tw_slice_of(name));
	tw_html_text(&v->h, TW_SLICE(", "));
	tw_desk_when(&v->h, tw_json_text(j, "at"));
	tw_html_close(&v->h);
	tw_desk_pair(&v->h, v->look, TW_W_ERASED_REASON, tw_json_text(j, "reason"));
	tw_desk_pair(&v->h, v->look, TW_W_ERASED_LEFT, tw_json_text(j, "left"));
	return TW_OK;
}

static tw_err write_report(struct view *v, const struct tw_desk_report *r)
{
	static const struct {
		const char *key;
		enum tw_word label;
	} texts[] = { { "product", TW_W_PRODUCT }, { "version", TW_W_VERSION }, { "description", TW_W_DESCRIPTION },
		{ "traits", TW_W_TRAITS }, { "fix", TW_W_REPORT_FIX }, { "contact", TW_W_REPORT_CONTACT }, { "credit", TW_W_CREDIT } };
	enum tw_language wrote = TW_ENGLISH;

	tw_page_class(&v->h, TW_E_DL, "facts");
	write_verdict(v, r);
	tw_desk_pair(&v->h, v->look, TW_W_REASON, tw_json_text(r->doc, "reason"));
	TW_TRY(write_decision(v, r->doc));
	TW_TRY(write_erased(v, r->doc, "contact_erased", TW_W_ERASED_CONTACT));
	TW_TRY(write_erased(v, r->doc, "erased", TW_W_ERASED));
	when(v, TW_W_ARRIVED, tw_json_text(r->shown, "received"));
	when(v, TW_W_STATE_PUBLISHED, tw_json_text(r->shown, "published"));
	chosen(v, TW_W_KIND, tw_kinds_shown, tw_json_text(r->shown, "kind"));
	chosen(v, TW_W_FLAW, tw_report_flaws, tw_json_text(r->shown, "flaw"));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		tw_desk_pair(&v->h, v->look, texts[i].label, tw_json_text(r->shown, texts[i].key));
	if (tw_language_find(tw_slice_of(tw_json_text(r->shown, "language")), &wrote))
		tw_desk_pair(&v->h, v->look, TW_W_REPORT_LANGUAGE,
			tw_word(wrote == TW_GERMAN ? TW_W_IN_GERMAN : TW_W_IN_ENGLISH, v->look.language));
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

/* Files and messages. */
static tw_err write_sent(struct view *v, const struct tw_desk_report *r)
{
	TW_TRY(tw_desk_files(v->c, &v->h, v->look, r->id, 0));
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_MESSAGES);
	TW_TRY(tw_report_messages(v->c->store, r->id, write_message, v));
	if (v->messages)
		tw_html_close(&v->h);
	else
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_NO_MESSAGES);
	return TW_OK;
}

static tw_err count_one(void *user, const struct tw_attachment_about *about)
{
	(void)about;
	++*(size_t *)user;
	return TW_OK;
}

/* Says in what is shown that there are none, so that nothing is offered to be done with them; what cannot be read may be some. */
static tw_err count_files(struct tw_context *c, struct tw_desk_report *r)
{
	const struct tw_attachments a = tw_attachments_of(c);
	size_t count = 0;
	const tw_err e = tw_attachments_list(&a, r->id, count_one, &count);

	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	return tw_failed(e) || count ? TW_OK : tw_json_set(r->shown, "fileless", json_true());
}

tw_err tw_desk_report(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };
	struct view v = { .c = c, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX], title[120];

	TW_TRY(tw_desk_report_load(c, rq, rp, &r));
	if (!r.id)
		return TW_OK;
	(void)snprintf(here, sizeof here, TW_DESK_REPORTS "/r%lld", (long long)r.id);
	(void)snprintf(title, sizeof title, "%s r%lld", tw_word(TW_W_REPORT_ONE, v.look.language), (long long)r.id);
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&v.h, rq, v.look);
	TW_TRY(write_report(&v, &r));
	if (tw_question_is(tw_json_text(r.shown, "kind")) && tw_staff_may(c, rq, "questions.read")) {
		tw_html_open(&v.h, TW_E_P);
		tw_page_link(&v.h, v.look, TW_DESK_QUESTIONS, TW_W_REPORT_IS_QUESTION);
		tw_html_close(&v.h);
	}
	if (!r.erased_ms) {
		tw_desk_doing(&v.h, v.look);
		TW_TRY(count_files(c, &r));
		if (!tw_desk_actions(c, rq, &v.h, TW_ABOUT_REPORT, r.shown))
			tw_page_put(&v.h, v.look, TW_E_P, TW_W_ACTIONS_NONE);
		TW_TRY(write_sent(&v, &r));
	}
	if (r.doc) /* whatever was decided has its entry, and that its proof */
		TW_TRY(tw_desk_journal(c, &v.h, v.look, here + sizeof TW_DESK_REPORTS));
	return tw_page_close(&v.h);
}

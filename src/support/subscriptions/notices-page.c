/* SPDX-License-Identifier: Apache-2.0 */
/* Notices on the desk: drafts first, then what was told, the newest on top; and one draft as its readers would get it, with what it still lacks. */
#include "base/mem.h"
#include "base/text.h"
#include "support/platform/app.h"
#include "support/rows-subscriptions.h"
#include "support/sql-support.h"
#include "support/subscriptions/desk.h"
#include "support/subscriptions/pages.h"

#include <string.h>

#define DRAFTS_SHOWN 100

struct list {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	size_t drafts, told;
	int64_t below;
	bool more, may; /* may: withdraw */
};

const struct tw_choice tw_notice_words[] = { { "update", TW_W_NOTICE_UPDATE }, { "maintenance", TW_W_NOTICE_MAINTENANCE },
	{ "change", TW_W_NOTICE_CHANGE }, { "end-of-support", TW_W_NOTICE_END }, { .value = NULL } };
const struct tw_choice tw_notice_severities[] = { { "", TW_W_RATING_UNKNOWN }, { "low", TW_W_SEVERITY_LOW },
	{ "medium", TW_W_SEVERITY_MEDIUM }, { "high", TW_W_SEVERITY_HIGH }, { "critical", TW_W_SEVERITY_CRITICAL }, { .value = NULL } };

static const char *word_of(struct tw_look look, const struct tw_choice *choices, const char *value)
{
	for (; choices->value; choices++)
		if (strcmp(choices->value, value) == 0)
			return tw_word(choices->word, look.language);
	return "";
}

static void begin_row(struct tw_html *h, struct tw_look look, const char *path, const char *text)
{
	tw_html_open(h, TW_E_TR);
	tw_html_open(h, TW_E_TH);
	tw_html_attr(h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(h, look, path, text);
	tw_html_close(h);
}

static void cell(struct list *l, enum tw_word column, const char *text)
{
	tw_desk_cell(&l->h, l->look, column);
	tw_html_text(&l->h, tw_slice_of(text));
	tw_html_close(&l->h);
}

/* --- Drafts --- */

static tw_err take_draft(void *user, const tw_row *row)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_SUBS_KIND, TW_W_CASE_TITLE, TW_W_COLUMN_WHO };
	struct list *l = user;
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char path[TW_DESK_PATH_MAX], name[TW_DESK_NAME_MAX];

	TW_TRY(tw_json_parse(tw_row_bytes(row, 1), TW_CASE_DOC_MAX, &doc));
	if (l->drafts++ == 0) {
		tw_desk_table(&l->h, l->look, TW_W_NOTICES_DRAFTS, true);
		for (size_t i = 0; i < TW_COUNT(columns); i++)
			tw_desk_head(&l->h, l->look, columns[i]);
		tw_desk_rows(&l->h);
	}
	(void)snprintf(path, sizeof path, TW_DESK_NOTICES "/n%lld", (long long)tw_row_int(row, 0));
	begin_row(&l->h, l->look, path, path + sizeof TW_DESK_NOTICES);
	cell(l, TW_W_SUBS_KIND, word_of(l->look, tw_notice_words, tw_json_text(doc, "kind")));
	cell(l, TW_W_CASE_TITLE, tw_json_text(doc, "title"));
	TW_TRY(tw_desk_person(l->c, tw_json_text(doc, "by"), name));
	cell(l, TW_W_COLUMN_WHO, name);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_drafts(struct list *l)
{
	TW_TRY(tw_store_run(l->c->store, tw_sql_notice_drafts_open, &TW_V_INT(DRAFTS_SHOWN), 1, take_draft, l));
	if (l->drafts) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_NOTICES_DRAFTS_NONE);
	}
	return TW_OK;
}

/* --- What was told --- */

static bool by_hand(const struct tw_notice_kept *n)
{
	return strncmp(n->notice.id, "staff:", 6) == 0 || strncmp(n->notice.id, TW_NOTICE_OF_DRAFT, sizeof TW_NOTICE_OF_DRAFT - 1) == 0;
}

static void write_state(struct list *l, const struct tw_notice_kept *n)
{
	char path[TW_DESK_PATH_MAX];

	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	tw_desk_mark(&l->h,
		n->withdrawn_ms   ? "over"
			: n->told ? "done"
				  : "going",
		tw_word(n->withdrawn_ms   ? TW_W_NOTICE_WITHDRAWN
				: n->told ? TW_W_NOTICE_TOLD
					  : TW_W_NOTICE_TELLING,
			l->look.language));
	if (l->may && by_hand(n) && !n->withdrawn_ms) {
		(void)snprintf(path, sizeof path, "/desk/notice-withdraw/%lld", (long long)n->number);
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_page_link(&l->h, l->look, path, TW_W_DO_NOTICE_WITHDRAW);
	}
	tw_html_close(&l->h);
}

static tw_err take_told(void *user, const struct tw_notice_kept *n)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_SUBS_KIND, TW_W_SEVERITY, TW_W_CASE_TITLE,
		TW_W_COLUMN_WHEN, TW_W_STATE };
	struct list *l = user;
	char path[TW_DESK_PATH_MAX];

	if (l->told == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	if (l->told++ == 0) {
		tw_desk_table(&l->h, l->look, TW_W_NOTICES_TOLD, true);
		for (size_t i = 0; i < TW_COUNT(columns); i++)
			tw_desk_head(&l->h, l->look, columns[i]);
		tw_desk_rows(&l->h);
	}
	l->below = n->number;
	(void)snprintf(path, sizeof path, "/notices/%lld", (long long)n->number);
	begin_row(&l->h, l->look, path, path + sizeof "/notices");
	cell(l, TW_W_SUBS_KIND, tw_word((enum tw_word)(TW_W_NOTICE_ADVISORY + (int)n->notice.kind), l->look.language));
	cell(l, TW_W_SEVERITY, word_of(l->look, tw_notice_severities, tw_notice_severity_name(n->notice.severity)));
	cell(l, TW_W_CASE_TITLE, n->notice.title);
	tw_desk_cell(&l->h, l->look, TW_W_COLUMN_WHEN);
	tw_page_time(&l->h, n->at_ms);
	tw_html_close(&l->h);
	write_state(l, n);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_told(struct list *l, int64_t before)
{
	char path[TW_DESK_PATH_MAX];

	TW_TRY(tw_notices(l->c->store, NULL, before > 0 ? before : INT64_MAX, TW_DESK_PAGE + 1, take_told, l));
	if (!l->told) {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_NOTICES_TOLD_NONE);
		return TW_OK;
	}
	tw_html_close(&l->h);
	tw_html_close(&l->h);
	if (!l->more)
		return TW_OK;
	(void)snprintf(path, sizeof path, TW_DESK_NOTICES "?before=%lld", (long long)l->below);
	tw_page_class(&l->h, TW_E_P, "pages");
	tw_page_link(&l->h, l->look, path, TW_W_PAGE_BEHIND);
	tw_html_close(&l->h);
	return TW_OK;
}

tw_err tw_desk_notices(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { .c = c, .look = tw_look_of(rq), .may = tw_staff_may(c, rq, "notices.publish") };
	const int64_t before = tw_json_int(rq->input, "before");
	char here[TW_DESK_PATH_MAX] = TW_DESK_NOTICES;

	if (before > 0)
		(void)snprintf(here, sizeof here, TW_DESK_NOTICES "?before=%lld", (long long)before);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_NOTICES, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	tw_page_put(&l.h, l.look, TW_E_P, TW_W_NOTICES_LEAD);
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_NOTICES, NULL);
	TW_TRY(write_drafts(&l));
	TW_TRY(write_told(&l, before));
	return tw_page_close(&l.h);
}

/* --- One draft --- */

static void write_concerned(struct tw_html *h, struct tw_look look, const json_t *doc)
{
	const char *product = tw_json_text(doc, "product"), *versions = tw_json_text(doc, "versions");

	tw_html_open(h, TW_E_P);
	tw_html_text(h, tw_slice_of(*product ? product : tw_word(TW_W_SUBS_ALL_PRODUCTS, look.language)));
	tw_html_text(h, TW_SLICE(" "));
	tw_html_text(h, tw_slice_of(versions));
	tw_html_close(h);
}

tw_err tw_notice_preview(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *link = tw_json_text(doc, "link"), *severity = tw_json_text(doc, "severity");

	tw_buf_init(&text, c->sys, TW_NOTICE_TEXT_MAX + 4 * TW_DETAIL_MAX);
	TW_TRY(tw_notice_said(doc, &text));
	tw_page_put(h, look, TW_E_H2, TW_W_NOTICE_PREVIEW);
	tw_html_open(h, TW_E_SECTION);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("said"));
	tw_html_put(h, TW_E_H3, tw_json_text(doc, "title"));
	tw_html_open(h, TW_E_P);
	tw_html_put(h, TW_E_STRONG, word_of(look, tw_notice_words, tw_json_text(doc, "kind")));
	if (*severity) {
		tw_html_text(h, TW_SLICE(", "));
		tw_html_text(h, tw_slice_of(tw_word(TW_W_SEVERITY, look.language)));
		tw_html_text(h, TW_SLICE(": "));
		tw_html_text(h, tw_slice_of(word_of(look, tw_notice_severities, severity)));
	}
	tw_html_close(h);
	write_concerned(h, look, doc);
	tw_page_class(h, TW_E_P, "text");
	tw_html_text(h, tw_buf_slice(&text));
	tw_html_close(h);
	if (*link)
		tw_html_put(h, TW_E_P, link);
	tw_html_close(h);
	return TW_OK;
}

/* What keeps it from being told, as whoever tells it would be told. */
static tw_err write_lacks(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	struct tw_reply aside = { .status = 200 };
	struct tw_notice n = { 0 };
	const tw_err e = tw_notice_judge(c, doc, &n, &aside);

	if (!tw_failed(e) && aside.problem[0]) {
		tw_html_open(h, TW_E_P);
		tw_desk_mark(h, "waiting", tw_word(TW_W_NOTICE_LACKS, look.language));
		tw_html_text(h, TW_SLICE(" "));
		tw_html_open(h, TW_E_SPAN);
		tw_html_attr(h, TW_AT_LANG, TW_SLICE("en"));
		tw_html_text(h, tw_slice_of(aside.detail));
		tw_html_close(h);
		tw_html_text(h, TW_SLICE(" "));
		tw_html_put(h, TW_E_CODE, aside.rule);
		tw_html_close(h);
	} else if (!tw_failed(e)) {
		tw_page_put(h, look, TW_E_P, TW_W_NOTICE_WHOLE);
	}
	tw_reply_done(&aside);
	return e;
}

static tw_err link_told(void *user, const struct tw_notice_kept *n)
{
	struct list *l = user;
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, "/notices/%lld", (long long)n->number);
	tw_html_open(&l->h, TW_E_P);
	tw_desk_mark(&l->h, n->withdrawn_ms ? "over" : "done",
		tw_word(n->withdrawn_ms ? TW_W_NOTICE_WITHDRAWN : TW_W_NOTICE_TOLD, l->look.language));
	tw_html_text(&l->h, TW_SLICE(" "));
	tw_page_link_text(&l->h, l->look, path, path);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_standing(struct list *l, const json_t *doc)
{
	const char *state = tw_json_text(doc, "state");
	char id[TW_NOTICE_ID_MAX + 1];

	if (strcmp(state, "draft") == 0)
		return write_lacks(l->c, &l->h, l->look, doc);
	if (strcmp(state, "dropped") == 0) {
		tw_html_open(&l->h, TW_E_P);
		tw_desk_mark(&l->h, "over", tw_word(TW_W_NOTICE_DROPPED, l->look.language));
		tw_html_close(&l->h);
		return TW_OK;
	}
	(void)snprintf(id, sizeof id, TW_NOTICE_OF_DRAFT "%.24s", tw_json_text(doc, "id"));
	return tw_notice_find(l->c->store, id, link_told, l);
}

tw_err tw_desk_notice(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	struct list l = { .c = c, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX], title[120];

	TW_TRY(tw_question_load(c, rq, rp, &tw_notice_draft_kept, &doc));
	if (!doc)
		return TW_OK;
	(void)snprintf(here, sizeof here, TW_DESK_NOTICES "/%.24s", tw_json_text(doc, "id"));
	(void)snprintf(title, sizeof title, "%s %.24s", tw_word(TW_W_NOTICE_ONE, l.look.language), tw_json_text(doc, "id"));
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	tw_html_open(&l.h, TW_E_P);
	tw_page_link(&l.h, l.look, TW_DESK_NOTICES, TW_W_NOTICES);
	tw_html_close(&l.h);
	TW_TRY(write_standing(&l, doc));
	tw_desk_actions(c, rq, &l.h, TW_ABOUT_NOTICE, doc);
	TW_TRY(tw_notice_preview(c, &l.h, l.look, doc));
	TW_TRY(tw_desk_journal(c, &l.h, l.look, tw_json_text(doc, "id")));
	return tw_page_close(&l.h);
}

/* --- What forms are about --- */

static tw_err take_one(void *user, const struct tw_notice_kept *n)
{
	json_t **ret = user;

	*ret = json_pack("{s:o, s:s}", "id", json_sprintf("%lld", (long long)n->number), "title", n->notice.title);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a notice");
}

tw_err tw_notice_told(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *found = NULL;
	uint64_t number = 0;

	*ret = NULL;
	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX - 1, &number)))
		TW_TRY(tw_notices(c->store, NULL, (int64_t)number + 1, 1, take_one, &found));
	if (found && tw_slice_is(rq->parameter, tw_json_text(found, "id"))) {
		*ret = TW_STEAL(found);
		return TW_OK;
	}
	return tw_reply_problem(
		rp, 404, "not-found", "notices.unknown", "There is no such notice", "Look at the list.", "None has this number.");
}

tw_err tw_notice_drafted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;

	*ret = NULL;
	TW_TRY(tw_question_load(c, rq, rp, &tw_notice_draft_kept, &doc));
	return doc ? tw_document_shown(c, doc, ret) : TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drafts of what Article 14 asks for: in the first line whether anything is missing, then each thing that is said with the way to say it better, then the
 * whole as text to paste into the platform's form, and as a file for programs. What is drafted is the operation's; nothing is sent from here.
 */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/desk.h"
#include "support/rows-cases.h"
#include "support/rows-desk.h"

#include <string.h>

#define INTERMEDIATE "intermediate-report"

struct view {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	const char *id, *kind, *step;
	const json_t *doc, *draft;
	const char *text;
};

/* --- Which of them --- */

static const char *kind_of(const json_t *doc, const char *typed)
{
	enum tw_a14_kind k = TW_A14_EXPLOITED;

	if (tw_a14_kind_find(tw_slice_of(typed), &k) && tw_case_a14_of(doc, k))
		return tw_a14_kinds[k];
	return tw_a14_kinds[tw_case_a14_of(doc, TW_A14_EXPLOITED) ? TW_A14_EXPLOITED : TW_A14_INCIDENT];
}

/* Unless somebody says, what is to be submitted next. */
static const char *step_of(const json_t *doc, const char *kind, const char *typed)
{
	enum tw_a14_kind k = TW_A14_EXPLOITED;
	enum tw_a14_step s = TW_A14_WARNING;
	struct tw_a14 a;

	if (!strcmp(typed, INTERMEDIATE))
		return INTERMEDIATE;
	if (tw_a14_step_find(tw_slice_of(typed), &s))
		return tw_a14_steps[s];
	if (tw_a14_kind_find(tw_slice_of(kind), &k) && tw_case_a14(doc, k, &a))
		while (s < TW_A14_FINAL && a.submitted_ms[s] != TW_A14_NEVER)
			s++;
	return tw_a14_steps[s];
}

static enum tw_word step_word(const char *step)
{
	enum tw_a14_step s = TW_A14_WARNING;

	return tw_a14_step_find(tw_slice_of(step), &s) ? tw_desk_step_word(s) : TW_W_STEP_INTERMEDIATE;
}

/* The operation's own answer; a problem when there is no such case for whoever asks, or no clock of it runs. */
static tw_err draft_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret_doc, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_object();
	struct tw_request inner = *rq;
	struct tw_reply answer = { .status = 200 };
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, ret_doc));
	if (!*ret_doc)
		return TW_OK;
	const char *kind = kind_of(*ret_doc, tw_json_text(rq->input, "kind"));
	TW_TRY(tw_json_set(input, "kind", json_string(kind)));
	TW_TRY(tw_json_set(input, "step", json_string(step_of(*ret_doc, kind, tw_json_text(rq->input, "step")))));
	inner.input = input;
	tw_err e = tw_op_a14_draft(c, &inner, &answer);
	if (tw_failed(e) || !answer.body) {
		*rp = answer;
		return e;
	}
	*ret = answer.body;
	answer.body = NULL;
	tw_reply_done(&answer);
	return TW_OK;
}

/* --- The page --- */

static void address(const struct view *v, const char *page, const char *kind, const char *step, char ret[TW_DESK_PATH_MAX])
{
	(void)snprintf(ret, TW_DESK_PATH_MAX, "%s%.24s?kind=%s&step=%s", page, v->id, kind, step);
}

static void choice(struct view *v, const char *kind, const char *step, bool now, enum tw_word w)
{
	char path[TW_DESK_PATH_MAX], full[TW_PAGE_ADDRESS_MAX];

	address(v, TW_DESK_DRAFTS, kind, step, path);
	tw_page_address(v->look, path, full);
	tw_html_open(&v->h, TW_E_LI);
	tw_html_open(&v->h, TW_E_A);
	if (now)
		tw_html_attr(&v->h, TW_AT_CURRENT, TW_SLICE("true"));
	tw_html_link(&v->h, tw_slice_of(full));
	tw_html_text(&v->h, tw_slice_of(tw_word(w, v->look.language)));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static void write_choices(struct view *v)
{
	static const char *const steps[] = { "early-warning", "notification", INTERMEDIATE, "final-report" };

	tw_page_class(&v->h, TW_E_UL, "filters");
	for (size_t i = 0; i < TW_COUNT(steps); i++)
		choice(v, v->kind, steps[i], !strcmp(v->step, steps[i]), step_word(steps[i]));
	tw_html_close(&v->h);
	if (!tw_case_a14_of(v->doc, TW_A14_EXPLOITED) || !tw_case_a14_of(v->doc, TW_A14_INCIDENT))
		return;
	tw_page_class(&v->h, TW_E_UL, "filters");
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		choice(v, tw_a14_kinds[k], v->step, !strcmp(v->kind, tw_a14_kinds[k]), tw_desk_kind_word(k));
	tw_html_close(&v->h);
}

static int required(const struct view *v)
{
	const json_t *one;
	int count = 0;
	size_t i;

	json_array_foreach(tw_json_get(v->draft, "missing"), i, one)
		count += tw_json_bool(one, "required");
	return count;
}

static void write_lead(struct view *v)
{
	const char *due = tw_json_text(tw_json_get(v->draft, "due"), "utc");
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	const int missing = required(v);
	struct tw_a14 a;
	int64_t ms = 0;
	char text[160];

	tw_page_counted(tw_word(missing ? TW_W_DRAFT_MISSING : TW_W_DRAFT_WHOLE, v->look.language), missing, text, sizeof text);
	tw_page_class(&v->h, TW_E_P, "lead");
	tw_desk_mark(&v->h, missing ? "soon" : "done", text);
	tw_html_close(&v->h);
	if (!*due)
		return;
	tw_html_open(&v->h, TW_E_P);
	tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_DRAFT_DUE, v->look.language)));
	tw_desk_when(&v->h, due);
	if (!tw_failed(tw_parse_time(tw_slice_of(due), &ms)) && tw_a14_kind_find(tw_slice_of(v->kind), &kind) &&
		tw_case_a14(v->doc, kind, &a))
		tw_desk_local(&v->h, a.zone, ms);
	tw_html_close(&v->h);
}

static void edit_link(struct view *v, const char *key, enum tw_word w)
{
	char path[TW_DESK_PATH_MAX];

	if (!tw_staff_may(v->c, v->rq, "cases.change"))
		return;
	(void)snprintf(path, sizeof path, "/desk/change/%.24s?member=%.32s", v->id, key);
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_page_link(&v->h, v->look, path, w);
}

static void write_field(struct view *v, const json_t *one, bool missing)
{
	const char *key = tw_json_text(one, "key");
	enum tw_word w = tw_desk_member_word(key);

	tw_html_open(&v->h, TW_E_DT);
	tw_html_text(&v->h, tw_slice_of(w == TW_WORDS ? key : tw_word(w, v->look.language)));
	tw_html_close(&v->h);
	tw_page_class(&v->h, TW_E_DD, "text");
	if (!missing)
		tw_html_text(&v->h, tw_slice_of(tw_json_text(one, "value")));
	else if (tw_json_bool(one, "required"))
		tw_desk_mark(&v->h, "soon", tw_word(TW_W_DRAFT_NEEDED, v->look.language));
	else
		tw_desk_mark(&v->h, "waiting", tw_word(TW_W_DRAFT_IF_ANY, v->look.language));
	edit_link(v, key, missing ? TW_W_DRAFT_ADD : TW_W_DRAFT_EDIT);
	tw_html_close(&v->h);
}

static void write_fields(struct view *v)
{
	const json_t *one;
	size_t i;

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_DRAFT_SAYS);
	tw_page_class(&v->h, TW_E_DL, "facts");
	json_array_foreach(tw_json_get(v->draft, "missing"), i, one)
		write_field(v, one, true);
	json_array_foreach(tw_json_get(v->draft, "fields"), i, one)
		write_field(v, one, false);
	tw_html_close(&v->h);
}

/* All of it in a box, where one key chooses it all, and none can change it. */
static void write_text(struct view *v)
{
	char path[TW_DESK_PATH_MAX], full[TW_PAGE_ADDRESS_MAX], name[80];

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_DRAFT_TEXT);
	tw_html_open(&v->h, TW_E_LABEL);
	tw_html_attr(&v->h, TW_AT_FOR, TW_SLICE("draft"));
	tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_DRAFT_TEXT_HINT, v->look.language)));
	tw_html_close(&v->h);
	tw_page_class(&v->h, TW_E_TEXTAREA, "paste");
	tw_html_attr(&v->h, TW_AT_ID, TW_SLICE("draft"));
	tw_html_attr(&v->h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_attr(&v->h, TW_AT_READONLY, TW_SLICE(""));
	tw_html_attr(&v->h, TW_AT_ROWS, TW_SLICE("20"));
	tw_html_text(&v->h, tw_slice_of(v->text));
	tw_html_close(&v->h);
	address(v, "/desk/draft-file/", v->kind, v->step, path);
	tw_page_address(v->look, path, full);
	(void)snprintf(name, sizeof name, "%.24s-%.24s.json", v->id, v->step);
	tw_html_open(&v->h, TW_E_P);
	tw_html_open(&v->h, TW_E_A);
	tw_html_attr(&v->h, TW_AT_DOWNLOAD, tw_slice_of(name));
	tw_html_link(&v->h, tw_slice_of(full));
	tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_DRAFT_FILE, v->look.language)));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

/* What is done with it when somebody has pasted it, and what may take its place. */
static void write_next(struct view *v)
{
	static const struct {
		const char *path;
		enum tw_word word;
	} forms[] = { { "/desk/submitted/", TW_W_DO_SUBMIT }, { "/desk/asked/", TW_W_DO_ASKED }, { "/desk/users/", TW_W_DO_USERS },
		{ "/desk/delay/", TW_W_DO_DELAY }, { "/desk/not-reportable/", TW_W_DO_NOT_REPORTABLE } };

	if (!tw_staff_may(v->c, v->rq, "article14.change"))
		return;
	tw_desk_doing(&v->h, v->look);
	tw_page_class(&v->h, TW_E_UL, "actions");
	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		char path[TW_DESK_PATH_MAX];

		(void)snprintf(path, sizeof path, "%s%.24s", forms[i].path, v->id);
		tw_html_open(&v->h, TW_E_LI);
		tw_page_link(&v->h, v->look, path, forms[i].word);
		tw_html_close(&v->h);
	}
	tw_html_close(&v->h);
}

static void write_back(struct view *v)
{
	char path[TW_DESK_PATH_MAX], text[240];

	(void)snprintf(path, sizeof path, TW_DESK_CASES "%.24s", v->id);
	(void)snprintf(text, sizeof text, "%.24s: %s", v->id, tw_json_text(v->doc, "title"));
	tw_utf8_mend(text);
	tw_desk_drill(&v->h, v->look, v->doc);
	tw_html_open(&v->h, TW_E_P);
	tw_page_link_text(&v->h, v->look, path, text);
	tw_html_close(&v->h);
}

tw_err tw_desk_draft(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *answer = NULL;
	struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX], title[160];

	TW_TRY(draft_of(c, rq, rp, &doc, &answer));
	if (!answer)
		return TW_OK;
	v.doc = doc;
	v.draft = tw_json_get(answer, "draft");
	v.text = tw_json_text(answer, "text");
	v.id = tw_json_text(doc, "id");
	v.kind = tw_json_text(v.draft, "kind");
	v.step = tw_json_text(v.draft, "step");
	address(&v, TW_DESK_DRAFTS, v.kind, v.step, here);
	(void)snprintf(title, sizeof title, "%s %.24s: %s", tw_word(TW_W_DRAFT, v.look.language), v.id,
		tw_word(step_word(v.step), v.look.language));
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	write_back(&v);
	write_lead(&v);
	write_choices(&v);
	write_fields(&v);
	write_text(&v);
	write_next(&v);
	return tw_page_close(&v.h);
}

/* The same for programs, as a file. */
tw_err tw_desk_draft_file(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *answer = NULL;

	TW_TRY(draft_of(c, rq, rp, &doc, &answer));
	return answer ? tw_json_write(tw_json_get(answer, "draft"), tw_reply_text(rp, c->sys, "application/json")) : TW_OK;
}

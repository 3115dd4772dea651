/* SPDX-License-Identifier: Apache-2.0 */
/* One case: its state and its clocks, what can be done now, what is known, who was told, and its journal. */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/desk.h"
#include "support/rows-desk.h"
#include "support/sql-support.h"

#include <string.h>

#define REPORTS_SHOWN 50
#define NOTHING "\xe2\x80\x93"

struct view {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	json_t *doc;
	int64_t now_ms;
	size_t reports; /* that were shown */
};

/* --- Its state --- */

static tw_err names(struct view *v, const json_t *list)
{
	size_t i;
	const json_t *one;

	json_array_foreach(list, i, one) {
		char name[TW_DESK_NAME_MAX];

		TW_TRY(tw_desk_person(v->c, json_is_string(one) ? json_string_value(one) : "", name));
		tw_html_text(&v->h, tw_slice_of(i ? ", " : ""));
		tw_html_text(&v->h, tw_slice_of(name));
	}
	return TW_OK;
}

/* Whoever stands for a case sees it, named or not. */
static tw_err write_assigned(struct view *v, const json_t *access)
{
	const char *who = tw_json_text(v->doc, "assigned");
	char name[TW_DESK_NAME_MAX];
	const json_t *one;
	size_t i;

	json_array_foreach(access, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), who))
			return TW_OK;
	if (!*who)
		return TW_OK;
	TW_TRY(tw_desk_person(v->c, who, name));
	tw_html_text(&v->h, tw_slice_of(json_array_size(access) ? ", " : ""));
	tw_html_text(&v->h, tw_slice_of(name));
	return TW_OK;
}

static tw_err write_embargo(struct view *v)
{
	const json_t *e = tw_json_get(v->doc, "embargo");
	int64_t until = 0;

	if (!e || tw_failed(tw_parse_time(tw_slice_of(tw_json_text(e, "until")), &until)) || until <= v->now_ms)
		return TW_OK;
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_EMBARGO);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_mark(&v->h, "waiting", tw_word(TW_W_EMBARGO_ENDS, v->look.language));
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_page_time(&v->h, until);
	tw_html_text(&v->h, TW_SLICE(". "));
	tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_EMBARGO_SEEN_BY, v->look.language)));
	TW_TRY(names(v, tw_json_get(e, "access")));
	TW_TRY(write_assigned(v, tw_json_get(e, "access")));
	tw_html_close(&v->h);
	return TW_OK;
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

static tw_err write_state(struct view *v)
{
	const char *assigned = tw_json_text(v->doc, "assigned"), *other = tw_json_text(v->doc, "duplicate_of");
	char name[TW_DESK_NAME_MAX], path[TW_DESK_PATH_MAX];

	TW_TRY(tw_desk_person(v->c, assigned, name));
	tw_page_class(&v->h, TW_E_DL, "facts");
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_state(&v->h, v->look, tw_json_text(v->doc, "state"));
	tw_html_close(&v->h);
	tw_desk_pair(&v->h, v->look, TW_W_REASON, tw_json_text(v->doc, "reason"));
	if (*other) {
		(void)snprintf(path, sizeof path, TW_DESK_CASES "%.*s", 24, other);
		tw_page_put(&v->h, v->look, TW_E_DT, TW_W_DUPLICATE_OF);
		tw_html_open(&v->h, TW_E_DD);
		tw_page_link_text(&v->h, v->look, path, other);
		tw_html_close(&v->h);
	}
	tw_desk_pair(&v->h, v->look, TW_W_COLUMN_WHOSE, *name ? name : tw_word(TW_W_WHOSE_NOBODY, v->look.language));
	TW_TRY(write_embargo(v));
	when(v, TW_W_OPENED, tw_json_text(v->doc, "created"));
	when(v, TW_W_CHANGED, tw_json_text(v->doc, "changed"));
	tw_html_close(&v->h);
	return TW_OK;
}

/* --- Its clocks --- */

static void write_clock(struct view *v, const struct tw_a14 *a, const struct tw_clock *clock)
{
	tw_html_open(&v->h, TW_E_TR);
	tw_html_open(&v->h, TW_E_TH);
	tw_html_attr(&v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&v->h, tw_slice_of(tw_word(tw_desk_step_word(clock->step), v->look.language)));
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_page_class(&v->h, TW_E_SPAN, "quiet");
	tw_html_text(&v->h, tw_slice_of(clock->rule));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_COLUMN_LEFT);
	tw_desk_left(&v->h, v->look, clock, v->now_ms);
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_COLUMN_DUE);
	if (clock->due_ms != TW_A14_NEVER) {
		tw_page_time(&v->h, clock->due_ms);
		tw_desk_local(&v->h, a->zone, clock->due_ms);
	} else {
		tw_html_text(&v->h, TW_SLICE(NOTHING));
	}
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_COLUMN_SUBMITTED);
	if (a->submitted_ms[clock->step] != TW_A14_NEVER)
		tw_page_time(&v->h, a->submitted_ms[clock->step]);
	else
		tw_html_text(&v->h, TW_SLICE(NOTHING));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static void draft_link(struct view *v, enum tw_a14_kind k)
{
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, TW_DESK_DRAFTS "%.24s?kind=%s", tw_json_text(v->doc, "id"), tw_a14_kinds[k]);
	tw_html_open(&v->h, TW_E_P);
	tw_page_link(&v->h, v->look, path, TW_W_DRAFT_LINK);
	tw_html_close(&v->h);
}

static void write_kind(struct view *v, enum tw_a14_kind k, const struct tw_a14 *a)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_STEP, TW_W_COLUMN_LEFT, TW_W_COLUMN_DUE, TW_W_COLUMN_SUBMITTED };
	struct tw_clock clocks[TW_A14_STEPS];

	tw_a14_clocks(a, v->now_ms, clocks);
	tw_page_put(&v->h, v->look, TW_E_H3, tw_desk_kind_word(k));
	tw_html_open(&v->h, TW_E_P);
	tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_AWARE_SINCE, v->look.language)));
	tw_page_time(&v->h, a->aware_ms);
	tw_desk_local(&v->h, a->zone, a->aware_ms);
	tw_html_close(&v->h);
	tw_desk_table(&v->h, v->look, TW_W_CLOCKS, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&v->h, v->look, columns[i]);
	tw_desk_rows(&v->h);
	for (size_t i = 0; i < TW_A14_STEPS; i++)
		write_clock(v, a, &clocks[i]);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	draft_link(v, k);
}

/* Who did it and, when that was another, who noted it. */
static tw_err write_who(struct view *v, const char *by, const char *noted_by)
{
	char name[TW_DESK_NAME_MAX], other[TW_DESK_NAME_MAX];

	TW_TRY(tw_desk_person(v->c, by, name));
	TW_TRY(tw_desk_person(v->c, noted_by, other));
	tw_page_class(&v->h, TW_E_SPAN, "quiet");
	tw_html_text(&v->h, tw_slice_of(name));
	if (*name && *other)
		tw_html_text(&v->h, TW_SLICE(", "));
	if (*other) {
		tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_NOTED_BY, v->look.language)));
		tw_html_text(&v->h, tw_slice_of(other));
	}
	tw_html_close(&v->h);
	return TW_OK;
}

/* A line of what was done: when, what, and by whom. Whose `by` is an authority is named in the text. */
static tw_err write_line(struct view *v, const json_t *j, enum tw_word what, const char *text, bool authority)
{
	tw_html_open(&v->h, TW_E_LI);
	tw_desk_when(&v->h, tw_json_text(j, "at"));
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_html_put(&v->h, TW_E_STRONG, tw_word(what, v->look.language));
	if (*text) {
		tw_html_text(&v->h, TW_SLICE(": "));
		tw_html_text(&v->h, tw_slice_of(text));
	}
	tw_html_text(&v->h, TW_SLICE(" "));
	TW_TRY(write_who(v, authority ? "" : tw_json_text(j, "by"), tw_json_text(j, "noted_by")));
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_list(struct view *v, const json_t *list, enum tw_word what, const char *first, const char *second)
{
	size_t i;
	const json_t *one;

	json_array_foreach(list, i, one) {
		char text[2600];

		(void)snprintf(text, sizeof text, "%s%s%s", tw_json_text(one, first), second ? ": " : "",
			second ? tw_json_text(one, second) : "");
		tw_utf8_mend(text);
		TW_TRY(write_line(v, one, what, text, what == TW_W_NOTE_ASKED));
	}
	return TW_OK;
}

static tw_err write_one(struct view *v, const json_t *of, const char *key, enum tw_word what, const char *text)
{
	const json_t *j = tw_json_get(of, key);

	return j ? write_line(v, j, what, tw_json_text(j, text), false) : TW_OK;
}

static bool has_notes(const json_t *of)
{
	static const char *const keys[] = { "submitted", "measure", "not_reportable", "delay", "asked", "users" };

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (json_object_get(of, keys[i]))
			return true;
	return false;
}

static tw_err write_notes(struct view *v, const json_t *of)
{
	if (!has_notes(of))
		return TW_OK;
	tw_html_open(&v->h, TW_E_UL);
	for (size_t i = 0; i < TW_A14_STEPS; i++)
		TW_TRY(write_one(v, tw_json_get(of, "submitted"), tw_a14_steps[i], TW_W_NOTE_SUBMITTED, "reference"));
	TW_TRY(write_one(v, of, "measure", TW_W_NOTE_MEASURE, "what"));
	TW_TRY(write_one(v, of, "not_reportable", TW_W_CLOCK_OFF, "reason"));
	TW_TRY(write_one(v, of, "delay", TW_W_NOTE_DELAY, "why"));
	TW_TRY(write_list(v, tw_json_get(of, "asked"), TW_W_NOTE_ASKED, "by", "what"));
	TW_TRY(write_list(v, tw_json_get(of, "users"), TW_W_NOTE_USERS, "how", NULL));
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_clocks(struct view *v)
{
	struct tw_a14 a;
	bool any = false;

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_CLOCKS);
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++) {
		if (!tw_case_a14(v->doc, k, &a))
			continue;
		any = true;
		write_kind(v, k, &a);
		TW_TRY(write_notes(v, tw_case_a14_of(v->doc, k)));
	}
	if (!any)
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_CLOCKS_NONE);
	return TW_OK;
}

/* --- What is known, and who was told --- */

/* Those that it was opened from, and that somebody has found to be the same. */
static tw_err report_link(void *user, const tw_row *row)
{
	struct view *v = user;
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, TW_DESK_REPORTS "/r%lld", (long long)tw_row_int(row, 0));
	if (v->reports++ == 0) {
		tw_page_put(&v->h, v->look, TW_E_DT, TW_W_CASE_REPORT);
		tw_html_open(&v->h, TW_E_DD);
	} else {
		tw_html_text(&v->h, TW_SLICE(", "));
	}
	tw_page_link_text(&v->h, v->look, path, path + sizeof TW_DESK_REPORTS);
	return TW_OK;
}

static tw_err write_reports(struct view *v, int64_t id)
{
	const struct tw_value values[] = { TW_V_INT(id), TW_V_INT(REPORTS_SHOWN) };

	if (!tw_staff_may(v->c, v->rq, "reports.read"))
		return TW_OK;
	TW_TRY(tw_store_run(v->c->store, tw_sql_desk_case_reports, values, TW_COUNT(values), report_link, v));
	if (v->reports)
		tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_facts(struct view *v, int64_t id)
{
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_KNOWN);
	tw_page_class(&v->h, TW_E_DL, "facts");
	for (size_t i = 0; tw_desk_members[i]; i++) {
		tw_desk_pair(&v->h, v->look, tw_desk_member_word(tw_desk_members[i]), tw_json_text(v->doc, tw_desk_members[i]));
		if (!strcmp(tw_desk_members[i], "cvss"))
			tw_desk_pair(&v->h, v->look, TW_W_CASE_SCORE, tw_json_text(v->doc, "score"));
	}
	TW_TRY(write_reports(v, id));
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_told(struct view *v)
{
	const json_t *told = tw_json_get(v->doc, "told");

	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_PARTIES);
	if (json_array_size(told) == 0) {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_PARTIES_NONE);
		return TW_OK;
	}
	tw_html_open(&v->h, TW_E_UL);
	TW_TRY(write_list(v, told, TW_W_NOTE_TOLD, "party", "what"));
	tw_html_close(&v->h);
	return TW_OK;
}

static void cvss_link(struct view *v)
{
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, "/desk/cvss?case=%.24s", tw_json_text(v->doc, "id"));
	tw_page_class(&v->h, TW_E_P, "doing");
	tw_page_link(&v->h, v->look, path, TW_W_CVSS_OF_CASE);
	tw_html_close(&v->h);
}

static void advisory_link(struct view *v)
{
	char path[TW_DESK_PATH_MAX];

	if (!tw_staff_may(v->c, v->rq, "advisories.write"))
		return;
	(void)snprintf(path, sizeof path, "/desk/advisory-new?case=%.24s", tw_json_text(v->doc, "id"));
	tw_page_class(&v->h, TW_E_P, "doing");
	tw_page_link(&v->h, v->look, path, TW_W_DO_ADVISORY);
	tw_html_close(&v->h);
}

tw_err tw_desk_case(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq), .now_ms = tw_time_wall_ms(c->time) };
	char here[TW_DESK_PATH_MAX], title[240];
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, &doc));
	if (!doc)
		return TW_OK;
	v.doc = doc;
	(void)snprintf(here, sizeof here, TW_DESK_CASES "c%lld", (long long)id);
	(void)snprintf(title, sizeof title, "c%lld: %s", (long long)id, tw_json_text(doc, "title"));
	tw_utf8_mend(title);
	const struct tw_staff_frame f = { c, rq, here, title };
	tw_staff_frame_open(&f, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&v.h, rq, v.look);
	tw_desk_drill(&v.h, v.look, doc);
	TW_TRY(write_state(&v));
	TW_TRY(write_clocks(&v));
	tw_desk_doing(&v.h, v.look);
	cvss_link(&v);
	advisory_link(&v);
	tw_desk_actions(c, rq, &v.h, TW_ABOUT_CASE, doc);
	TW_TRY(write_facts(&v, id));
	if (tw_staff_may(c, rq, "reports.read"))
		TW_TRY(tw_desk_files(c, &v.h, v.look, 0, id));
	TW_TRY(write_told(&v));
	TW_TRY(tw_desk_journal(c, &v.h, v.look, tw_json_text(doc, "id")));
	return tw_page_close(&v.h);
}

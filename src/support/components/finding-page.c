/* SPDX-License-Identifier: Apache-2.0 */
/* One finding: where it stands, what records and others say, which rule took it with what evidence, and what people decided, on which facts. */
#include "base/mem.h"
#include "base/text.h"
#include "support/components/pages.h"
#include "support/rows-components.h"
#include "support/sql-support.h"

#include <string.h>

struct view {
	struct tw_context *c;
	struct tw_html h;
	struct tw_look look;
	const struct tw_finding *f;
	size_t others;
};

static const struct {
	const char *value;
	enum tw_word word;
} statuses[] = { { "not_affected", TW_W_DECISION_NOT_AFFECTED }, { "affected", TW_W_DECISION_AFFECTED },
	{ "fixed", TW_W_DECISION_FIXED }, { "under_investigation", TW_W_DECISION_INVESTIGATED } },
  labels[] = { { "component_not_present", TW_W_DECISION_NOT_PRESENT }, { "vulnerable_code_not_present", TW_W_DECISION_NO_CODE },
	  { "vulnerable_code_not_in_execute_path", TW_W_DECISION_NOT_REACHED },
	  { "vulnerable_code_cannot_be_controlled_by_adversary", TW_W_DECISION_NOT_CONTROLLED },
	  { "inline_mitigations_already_exist", TW_W_DECISION_MITIGATED } };

static void pair(struct view *v, enum tw_word label, const char *value)
{
	tw_desk_pair(&v->h, v->look, label, value);
}

static void write_when(struct view *v, enum tw_word label, int64_t ms)
{
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_html_open(&v->h, TW_E_DD);
	tw_page_time(&v->h, ms);
	tw_html_close(&v->h);
}

static void write_state(struct view *v)
{
	const char *state = tw_finding_state(v->f->waits, v->f->decision, v->f->same);

	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_STATE);
	tw_html_open(&v->h, TW_E_DD);
	tw_desk_mark(&v->h, tw_finding_state_class(state), tw_word(tw_finding_state_word(state), v->look.language));
	tw_html_close(&v->h);
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_RATING);
	tw_html_open(&v->h, TW_E_DD);
	tw_finding_score(&v->h, v->look, v->f->score);
	tw_html_close(&v->h);
}

/* The case, for whoever may see it. */
static tw_err write_case(struct view *v, const struct tw_request *rq)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char path[TW_DESK_PATH_MAX], name[24];
	int64_t id = 0;

	if (!v->f->case_id)
		return TW_OK;
	tw_components_id('c', v->f->case_id, name);
	TW_TRY(tw_case_named(v->c, &rq->subject, tw_slice_of(name), &id, &doc));
	if (!doc)
		return TW_OK;
	(void)snprintf(path, sizeof path, TW_DESK_CASES "%s", name);
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_COLUMN_CASE);
	tw_html_open(&v->h, TW_E_DD);
	tw_page_link_text(&v->h, v->look, path, name);
	tw_html_close(&v->h);
	return TW_OK;
}

static void write_likelihood(struct view *v, const json_t *entry)
{
	char text[24];

	if (v->f->exploited)
		pair(v, TW_W_EXPLOITED_SINCE,
			*tw_json_text(json_object_get(entry, "kev"), "added") ? tw_json_text(json_object_get(entry, "kev"), "added") : "?");
	if (!json_object_get(entry, "epss"))
		return;
	(void)snprintf(text, sizeof text, "%.2f %%", (double)tw_json_int(entry, "epss") / 10000);
	pair(v, TW_W_EPSS, text);
}

static tw_err write_facts(struct view *v, const struct tw_request *rq)
{
	const struct tw_finding *f = v->f;
	char release[400];

	(void)snprintf(release, sizeof release, "%s %s", f->product, f->release_version);
	tw_page_class(&v->h, TW_E_DL, "facts");
	write_state(v);
	pair(v, TW_W_RELEASE, release);
	pair(v, TW_W_VULNERABILITY, f->vulnerability);
	pair(v, TW_W_DESCRIPTION, tw_json_text(f->entry, "summary"));
	pair(v, TW_W_COMPONENT, f->component);
	pair(v, TW_W_VERSION_OF, f->version);
	pair(v, TW_W_COMPONENTS_BY_PURL, tw_json_text(f->entry, "purl"));
	pair(v, TW_W_COMPONENTS_BY_CPE, tw_json_text(f->entry, "cpe"));
	write_likelihood(v, f->entry);
	pair(v, TW_W_RULE_NAME, f->rule);
	pair(v, TW_W_FINDING_BECAUSE, tw_json_text(f->entry, "because"));
	TW_TRY(write_case(v, rq));
	write_when(v, TW_W_FINDING_FIRST, f->first_ms);
	pair(v, TW_W_FINDING_FACTS, f->facts);
	tw_html_close(&v->h);
	return TW_OK;
}

/* --- What it rests on --- */

static void write_evidence(struct view *v)
{
	const json_t *list = json_object_get(v->f->entry, "evidence"), *one;
	size_t i;

	if (!json_array_size(list))
		return;
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_FINDING_EVIDENCE);
	tw_html_open(&v->h, TW_E_UL);
	json_array_foreach(list, i, one)
		tw_html_put(&v->h, TW_E_LI, json_string_value(one));
	tw_html_close(&v->h);
}

/* Each with its words in a row: who says what, where, and why. */
static void write_said(struct view *v, const char *key, enum tw_word title, const char *const *members)
{
	const json_t *list = json_object_get(v->f->entry, key), *one;
	size_t i;

	if (!json_array_size(list))
		return;
	tw_page_put(&v->h, v->look, TW_E_H2, title);
	tw_html_open(&v->h, TW_E_UL);
	json_array_foreach(list, i, one) {
		tw_html_open(&v->h, TW_E_LI);
		for (const char *const *m = members; *m; m++) {
			if (!*tw_json_text(one, *m))
				continue;
			tw_html_text(&v->h, m == members ? TW_SLICE("") : TW_SLICE(", "));
			tw_html_text(&v->h, tw_slice_of(tw_json_text(one, *m)));
		}
		tw_html_close(&v->h);
	}
	tw_html_close(&v->h);
}

static void write_decision(struct view *v)
{
	const json_t *d = v->f->decided;

	if (!d)
		return;
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_FINDING_DECISION);
	tw_page_put(&v->h, v->look, TW_E_P, v->f->same ? TW_W_FINDING_DECISION_HOLDS : TW_W_FINDING_DECISION_OLD);
	tw_page_class(&v->h, TW_E_DL, "facts");
	for (size_t i = 0; i < TW_COUNT(statuses); i++)
		if (!strcmp(statuses[i].value, tw_json_text(d, "status")))
			pair(v, TW_W_DECISION_STATUS, tw_word(statuses[i].word, v->look.language));
	for (size_t i = 0; i < TW_COUNT(labels); i++)
		if (!strcmp(labels[i].value, tw_json_text(d, "justification")))
			pair(v, TW_W_DECISION_LABEL, tw_word(labels[i].word, v->look.language));
	pair(v, TW_W_DECISION_IMPACT, tw_json_text(d, "impact"));
	pair(v, TW_W_DECISION_ACTION, tw_json_text(d, "action"));
	pair(v, TW_W_REASON, tw_json_text(d, "reason"));
	pair(v, TW_W_COLUMN_WHO, tw_json_text(d, "by"));
	pair(v, TW_W_DECISION_DATE, tw_json_text(d, "date"));
	if (!v->f->same)
		pair(v, TW_W_FINDING_FACTS, tw_json_text(d, "facts"));
	tw_html_close(&v->h);
}

/* --- Elsewhere --- */

static tw_err take_other(void *user, const tw_row *row)
{
	struct view *v = user;
	char path[TW_DESK_PATH_MAX], name[24];

	if (v->others++ == 0) {
		tw_page_put(&v->h, v->look, TW_E_H2, TW_W_FINDING_OTHERS);
		tw_html_open(&v->h, TW_E_UL);
	}
	tw_components_id('t', tw_row_int(row, 0), name);
	(void)snprintf(path, sizeof path, TW_DESK_TRIAGE "/%s", name);
	tw_html_open(&v->h, TW_E_LI);
	tw_page_link_text(&v->h, v->look, path, name);
	tw_html_text(&v->h, TW_SLICE(" "));
	tw_html_text(&v->h, tw_row_bytes(row, 1));
	tw_html_text(&v->h, TW_SLICE(": "));
	tw_html_text(&v->h, tw_row_bytes(row, 2));
	tw_html_close(&v->h);
	return TW_OK;
}

static tw_err write_others(struct view *v)
{
	const struct tw_value values[] = { TW_V_TEXT(v->f->vulnerability), TW_V_TEXT(v->f->component), TW_V_TEXT(v->f->product),
		TW_V_INT(v->f->id) };

	TW_TRY(tw_store_run(v->c->store, tw_sql_finding_others, values, TW_COUNT(values), take_other, v));
	if (v->others)
		tw_html_close(&v->h);
	return TW_OK;
}

tw_err tw_desk_finding(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const char *const records[] = { "id", "verdict", "reason", "by", "file", "place", NULL },
				 *const statements[] = { "status", "justification", "file", "place", NULL };
	TW_CLEANUP(tw_finding_done) struct tw_finding f = { .id = 0 };
	struct view v = { .c = c, .look = tw_look_of(rq), .f = &f };
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;
	char here[TW_DESK_PATH_MAX], title[120];

	TW_TRY(tw_finding_load(c, rq, rp, &f));
	if (!f.id)
		return TW_OK;
	TW_TRY(tw_finding_shown(c, rq, &f, &shown));
	(void)snprintf(here, sizeof here, TW_DESK_TRIAGE "/t%lld", (long long)f.id);
	(void)snprintf(title, sizeof title, "%s t%lld", tw_word(TW_W_FINDING, v.look.language), (long long)f.id);
	const struct tw_staff_frame frame = { c, rq, here, title };
	tw_staff_frame_open(&frame, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&v.h, rq, v.look);
	TW_TRY(write_facts(&v, rq));
	write_decision(&v);
	tw_desk_doing(&v.h, v.look);
	tw_desk_actions(c, rq, &v.h, TW_ABOUT_FINDING, shown);
	write_evidence(&v);
	write_said(&v, "records", TW_W_FINDING_RECORDS, records);
	write_said(&v, "statements", TW_W_FINDING_STATEMENTS, statements);
	TW_TRY(write_others(&v));
	if (f.doc) /* whatever was decided has its entry, and that its proof */
		TW_TRY(tw_desk_journal(c, &v.h, v.look, here + sizeof TW_DESK_TRIAGE));
	return tw_page_close(&v.h);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Cases: list, open, read, change, move, assign, embargo, and who was told. */
#include "base/text.h"
#include "formats/csaf-text.h"
#include "formats/cvss.h"
#include "service/path/page.h"
#include "support/cases/cases.h"
#include "support/rows-cases.h"
#include "support/sql-support.h"
#include "support/staff/staff-mail.h"

#include <stdio.h>
#include <string.h>

#define PLACE_MAX 48

/* --- The list --- */

static tw_err describe(const json_t *doc, int64_t next_ms, int64_t now_ms, json_t *j)
{
	static const char *const keys[] = { "id", "title", "state", "drill", "assigned" };

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (json_object_get(doc, keys[i]))
			TW_TRY(tw_json_set(j, keys[i], json_incref(json_object_get(doc, keys[i]))));
	TW_TRY(tw_json_set(j, "late", json_boolean(next_ms < now_ms)));
	return next_ms == TW_CASE_NO_CLOCK ? TW_OK : tw_case_set_time(j, "next", next_ms);
}

static tw_err list_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *j = NULL;
	char place[PLACE_MAX];

	if (!tw_page_takes(p))
		return TW_OK;
	TW_TRY(tw_json_parse(tw_row_bytes(row, 2), TW_CASE_DOC_MAX, &doc));
	j = json_object();
	TW_TRY(describe(doc, tw_row_int(row, 1), tw_time_wall_ms(p->c->time), j));
	(void)snprintf(place, sizeof place, "%lld.%lld", (long long)tw_row_int(row, 1), (long long)tw_row_int(row, 0));
	return tw_page_add(p, place, TW_STEAL(j));
}

/* The place behind which the page begins: a deadline and a number. */
static bool place_of(const char *after, uint64_t *ret_next, uint64_t *ret_id)
{
	const char *dot = strchr(after, '.');

	if (!*after)
		return true;
	return dot && !tw_failed(tw_parse_u64((struct tw_slice){ after, (size_t)(dot - after) }, INT64_MAX, ret_next)) &&
		!tw_failed(tw_parse_u64(tw_slice_of(dot + 1), INT64_MAX, ret_id));
}

tw_err tw_op_cases_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
	uint64_t next = 0, id = 0;
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0] && !place_of(p.after, &next, &id))
		return tw_page_refuse(rp);
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT((int64_t)next), TW_V_INT((int64_t)id), TW_V_TEXT(tw_json_text(rq->input, "state")),
		TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(key), TW_V_INT((int64_t)p.limit + 1),
		TW_V_TEXT(tw_json_text(rq->input, "duplicate_of")) };
	TW_TRY(tw_store_run(c->store, tw_sql_case_list, v, TW_COUNT(v), list_one, &p));
	return tw_page_end(&p, rp);
}

tw_err tw_op_case_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, &doc));
	return doc ? tw_document_shown(c, doc, &rp->body) : TW_OK;
}

/* --- What is said of one --- */

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, 422, "case", rule, title, next, "%s", detail);
}

static tw_err take_cvss(struct tw_reply *rp, json_t *doc, const char *text)
{
	struct tw_cvss vector;
	struct tw_cvss_scores s;
	char score[32];

	if (tw_failed(tw_cvss_parse(tw_slice_of(text), &vector)))
		return refuse(rp, "case.cvss", "That is no CVSS vector",
			"Write it as in CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N.", tw_err_detail());
	tw_cvss_score(&vector, &s);
	(void)snprintf(score, sizeof score, "%d.%d (%s)", s.base / 10 % 100, s.base % 10, tw_cvss_version_text(vector.version));
	TW_TRY(tw_json_set(doc, "score", json_string(score)));
	return tw_json_set(doc, "cvss", json_string(text));
}

static tw_err take_cwe(struct tw_reply *rp, json_t *doc, const char *text)
{
	struct tw_slice name = tw_csaf_cwe_name(text);

	if (!name.size)
		return refuse(rp, "case.cwe", "That is no weakness of CWE", "Write it as in CWE-79.",
			"MITRE's list (CWE 4.17) has none of that number.");
	return tw_json_set(doc, "cwe", json_string(text));
}

static tw_err take_one(struct tw_reply *rp, json_t *doc, const char *key, json_t *value)
{
	const char *text = json_string_value(value);

	if (!strcmp(text, "-")) {
		if (!strcmp(key, "title"))
			return refuse(rp, "case.title", "A case has a title", "Give another one.", "Only the title cannot be taken away.");
		(void)json_object_del(doc, key);
		if (!strcmp(key, "cvss"))
			(void)json_object_del(doc, "score");
		return TW_OK;
	}
	if (!strcmp(key, "cvss"))
		return take_cvss(rp, doc, text);
	return !strcmp(key, "cwe") ? take_cwe(rp, doc, text) : tw_json_set(doc, key, json_incref(value));
}

static tw_err take_all(struct tw_reply *rp, json_t *doc, const json_t *input)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)input, key, v)
		if (!rp->problem[0])
			TW_TRY(take_one(rp, doc, key, v));
	return TW_OK;
}

tw_err tw_op_case_create(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = json_pack("{s:b}", "drill", 0);

	TW_TRY(take_all(rp, doc, rq->input));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_case_new(c, rq, doc, &rp->body));
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/cases/%s", tw_json_text(doc, "id"));
	rp->status = 201;
	return TW_OK;
}

static tw_err change(struct tw_case_edit *e)
{
	return take_all(e->rp, e->doc, e->rq->input);
}

tw_err tw_op_case_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, change);
}

/* --- From state to state --- */

static tw_err no_move(struct tw_case_edit *e, enum tw_case_state from)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf where = { 0 };

	tw_buf_init(&where, e->c->sys, 128);
	TW_TRY(tw_case_moves_text(from, &where));
	return tw_reply_problem(e->rp, 409, "case", "case.move", "There is no such move", "Go where one can go from here.",
		"From %s one can go to: %s.", tw_case_states[from], tw_buf_cstr(&where));
}

/* Of a duplicate: there is such another case, whoever asks sees it, and it is the one that is worked on: duplicates make no chains and no rings. */
static tw_err other_case(struct tw_case_edit *e, const char *other)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	int64_t id = 0;

	TW_TRY(tw_case_named(e->c, &e->rq->subject, tw_slice_of(other), &id, &doc));
	if (!doc || id == e->id)
		return refuse(e->rp, "case.duplicate", "It is a duplicate of none", "Name the other case: duplicate_of=c1.",
			"There is no such other case.");
	if (*tw_json_text(doc, "duplicate_of"))
		return refuse(e->rp, "case.duplicate", "The other case is a duplicate too",
			"Name the case that it is a duplicate of.", "A duplicate is of a case that is worked on.");
	return tw_json_set(e->doc, "duplicate_of", json_string(other));
}

static tw_err check_move(struct tw_case_edit *e, const struct tw_case_move *m)
{
	if (m->by == TW_CASE_BY_ASSIGNED && !tw_case_stands_for(e->doc, &e->rq->subject))
		return tw_reply_problem(e->rp, 403, "case", "case.assigned", "Somebody else stands for this case",
			"Have it assigned to you first, or ask whose it is.", "Only whom it is assigned to says that %s.", m->what);
	if (m->reason && !*tw_json_text(e->rq->input, "reason"))
		return refuse(e->rp, "case.reason", "This needs a reason", "Say why: reason=...", m->what);
	return TW_OK;
}

static tw_err move(struct tw_case_edit *e)
{
	enum tw_case_state from = TW_CASE_RECEIVED, to = TW_CASE_STATES;
	const struct tw_case_move *m = NULL;
	const char *reason = tw_json_text(e->rq->input, "reason");

	(void)tw_case_state_find(tw_slice_of(tw_json_text(e->doc, "state")), &from);
	if (tw_case_state_find(tw_slice_of(tw_json_text(e->rq->input, "to")), &to))
		m = tw_case_move(from, to);
	if (!m)
		return no_move(e, from);
	TW_TRY(check_move(e, m));
	if (e->rp->problem[0])
		return TW_OK;
	(void)json_object_del(e->doc, "duplicate_of");
	(void)json_object_del(e->doc, "reason");
	if (to == TW_CASE_DUPLICATE)
		TW_TRY(other_case(e, tw_json_text(e->rq->input, "duplicate_of")));
	if (*reason)
		TW_TRY(tw_json_set(e->doc, "reason", json_string(reason)));
	return tw_json_set(e->doc, "state", json_string(tw_case_states[to]));
}

tw_err tw_op_case_move(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, move);
}

/* --- Who --- */

static tw_err tell_assigned(tw_store *s, void *user, const char *id)
{
	const struct tw_case_edit *e = user;

	return tw_staff_mail_assigned(e->c, e->doc, e->now_ms);
}

/* Whoever takes a case himself needs no mail of it. */
static tw_err assign(struct tw_case_edit *e)
{
	const char *who = tw_json_text(e->rq->input, "who");

	if (!strcmp(who, "-")) {
		(void)json_object_del(e->doc, "assigned");
		return TW_OK;
	}
	TW_TRY(tw_case_person(e, tw_slice_of(who)));
	if (e->rp->problem[0])
		return TW_OK;
	if (strcmp(who, tw_subject_key(&e->rq->subject)) != 0)
		e->beside = (struct tw_case_beside){ tell_assigned, e };
	return tw_json_set(e->doc, "assigned", json_string(who));
}

tw_err tw_op_case_assign(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, assign);
}

static bool has(const json_t *list, struct tw_slice who)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && tw_slice_is(who, json_string_value(one)))
			return true;
	return false;
}

static tw_err add_name(struct tw_case_edit *e, struct tw_slice who, json_t *list)
{
	if (has(list, who))
		return TW_OK;
	if (json_array_size(list) >= TW_CASE_LIST_MAX)
		return refuse(e->rp, "case.list", "Those are too many", "Name fewer.",
			"At most 64 see it, among them who set it first and who changes it.");
	return tw_json_append(list, json_stringn(who.at, who.size));
}

/* old: who saw it before, and is not asked for again. */
static tw_err names_of(struct tw_case_edit *e, const char *text, const json_t *old, json_t *list)
{
	while (*text && !e->rp->problem[0]) {
		struct tw_slice who = { text, strcspn(text, ", ") };

		if (who.size && !has(old, who))
			TW_TRY(tw_case_person(e, who));
		if (who.size && !e->rp->problem[0])
			TW_TRY(add_name(e, who, list));
		text += who.size + strspn(text + who.size, ", ");
	}
	return TW_OK;
}

static tw_err keep_names(struct tw_case_edit *e, const json_t *old, json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(old, i, one)
		if (json_is_string(one) && !e->rp->problem[0])
			TW_TRY(add_name(e, tw_slice_of(json_string_value(one)), list));
	return TW_OK;
}

/* Who sees it: those named, or who did before when none is; in any case who set it first, and who does this: nobody is shut out by a slip. */
static tw_err write_embargo(struct tw_case_edit *e, const json_t *old, int64_t until_ms)
{
	const char *me = tw_subject_key(&e->rq->subject), *by = tw_json_text(old, "by"), *named = tw_json_text(e->rq->input, "access");
	json_t *j = json_object(), *access;

	TW_TRY(tw_json_set(e->doc, "embargo", j));
	TW_TRY(tw_case_set_time(j, "until", until_ms));
	TW_TRY(tw_json_set(j, "by", json_string(*by ? by : me)));
	access = json_array();
	TW_TRY(tw_json_set(j, "access", access));
	TW_TRY(add_name(e, tw_slice_of(*by ? by : me), access));
	TW_TRY(add_name(e, tw_slice_of(me), access));
	return *named ? names_of(e, named, tw_json_get(old, "access"), access) : keep_names(e, tw_json_get(old, "access"), access);
}

static tw_err embargo(struct tw_case_edit *e)
{
	TW_CLEANUP(tw_jsonp) json_t *old = json_incref(tw_json_get(e->doc, "embargo"));
	const char *until = tw_json_text(e->rq->input, "until");
	int64_t ms = 0, was = 0;

	if (!strcmp(until, "now")) {
		(void)json_object_del(e->doc, "embargo");
		return TW_OK;
	}
	if (tw_failed(tw_parse_time(tw_slice_of(until), &ms)) || ms <= e->now_ms)
		return refuse(e->rp, "case.time", "That is no time to come",
			"Write it as in 2026-11-21T09:30:00Z, or now to end it.", "An embargo ends at a time to come.");
	if (tw_failed(tw_parse_time(tw_slice_of(tw_json_text(old, "until")), &was)) || was <= e->now_ms)
		tw_jsonp(&old); /* one that is over says nothing of this one */
	return write_embargo(e, old, ms);
}

tw_err tw_op_case_embargo(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, embargo);
}

static tw_err tell(struct tw_case_edit *e)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	int64_t at = 0;

	TW_TRY(tw_case_moment(e, "at", TW_CASE_BEGIN_MS, &at));
	if (e->rp->problem[0])
		return TW_OK;
	j = json_pack("{s:s, s:s, s:s}", "party", tw_json_text(e->rq->input, "party"), "what", tw_json_text(e->rq->input, "what"),
		"by", tw_subject_key(&e->rq->subject));
	TW_TRY(tw_case_set_time(j, "at", at));
	return tw_case_append(e, e->doc, "told", TW_STEAL(j));
}

tw_err tw_op_case_tell(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, tell);
}

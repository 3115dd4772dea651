/* SPDX-License-Identifier: Apache-2.0 */
/* The desk of Article 14: what a person did, and when. Nothing is sent anywhere. */
#include "base/text.h"
#include "support/cases/cases.h"
#include "support/cases/draft.h"
#include "support/rows-cases.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail)
{
	return tw_reply_problem(rp, status, "article14", rule, title, next, "%s", detail);
}

/* Which of the two reports is meant: the one that is named, or the only one there is. False: a problem. */
static bool find(const json_t *doc, const json_t *input, struct tw_reply *rp, enum tw_a14_kind *ret)
{
	const char *named = tw_json_text(input, "kind");
	bool both = tw_case_a14_of(doc, TW_A14_EXPLOITED) && tw_case_a14_of(doc, TW_A14_INCIDENT);

	if (*named && !tw_a14_kind_find(tw_slice_of(named), ret))
		tw_ignore(refuse(rp, 422, "article14.kind", "There is no such kind", "exploited-vulnerability or severe-incident.",
			"Article 14 knows two kinds."));
	else if (!*named && both)
		tw_ignore(refuse(rp, 422, "article14.kind", "Which of the two?", "Name the kind.", "Both kinds of clocks run on this case."));
	else if (!*named)
		*ret = tw_case_a14_of(doc, TW_A14_INCIDENT) ? TW_A14_INCIDENT : TW_A14_EXPLOITED;
	if (!rp->problem[0] && !tw_case_a14_of(doc, *ret))
		tw_ignore(refuse(rp, 409, "article14.not-started", "No such clock runs", "Start it: article14.start.",
			"Nobody has said yet that this case is of that kind."));
	return !rp->problem[0];
}

/* What every note of these has: when, and who. */
static tw_err note(const struct tw_case_edit *e, int64_t at, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(tw_case_set_time(j, "at", at));
	TW_TRY(tw_json_set(j, "by", json_string(tw_subject_key(&e->rq->subject))));
	*ret = TW_STEAL(j);
	return TW_OK;
}

static tw_err copy(const struct tw_case_edit *e, const char *key, json_t *to)
{
	const char *text = tw_json_text(e->rq->input, key);

	return *text ? tw_json_set(to, key, json_string(text)) : TW_OK;
}

/* --- Starting --- */

static tw_err put_start(json_t *doc, enum tw_a14_kind kind, int64_t aware, const char *zone, const char *by)
{
	json_t *all = json_object_get(doc, "article14"), *j = json_object();

	if (!all) {
		all = json_object();
		tw_err e = tw_json_set(doc, "article14", all);
		if (tw_failed(e)) {
			json_decref(j);
			return e;
		}
	}
	TW_TRY(tw_json_set(all, tw_a14_kinds[kind], j));
	TW_TRY(tw_case_set_time(j, "aware", aware));
	TW_TRY(tw_json_set(j, "zone", json_string(zone)));
	return tw_json_set(j, "by", json_string(by));
}

static tw_err no_zone(struct tw_reply *rp)
{
	return refuse(rp, 422, "article14.zone", "That zone is not known here", "Europe/Brussels and the like, or UTC.",
		"The zones are those of the EU's and the EEA's states.");
}

/* Whoever finds that it is reportable after all has been aware all the time: the earlier moment stays. */
static tw_err take_back(const struct tw_case_edit *e, enum tw_a14_kind kind, int64_t aware)
{
	json_t *j = tw_case_a14_of(e->doc, kind);
	struct tw_a14 a;

	if (!tw_case_a14(e->doc, kind, &a) || a.not_reportable_ms == TW_A14_NEVER)
		return refuse(e->rp, 409, "article14.started", "These clocks run already", "Read them: article14.read.",
			"A moment of awareness is not changed; nobody becomes aware twice.");
	(void)json_object_del(j, "not_reportable");
	return aware < a.aware_ms ? tw_case_set_time(j, "aware", aware) : TW_OK;
}

static tw_err start(struct tw_case_edit *e)
{
	const char *zone = tw_json_text(e->rq->input, "zone");
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	int64_t aware = 0;

	zone = *zone ? zone : "UTC";
	if (!tw_a14_kind_find(tw_slice_of(tw_json_text(e->rq->input, "kind")), &kind))
		return refuse(e->rp, 422, "article14.kind", "There is no such kind", "exploited-vulnerability or severe-incident.",
			"Article 14 knows two kinds.");
	if (!tw_zone_find(tw_slice_of(zone)))
		return no_zone(e->rp);
	TW_TRY(tw_case_moment(e, "aware", TW_CASE_BEGIN_MS, &aware));
	if (e->rp->problem[0])
		return TW_OK;
	if (tw_case_a14_of(e->doc, kind))
		return take_back(e, kind, aware);
	return put_start(e->doc, kind, aware, zone, tw_subject_key(&e->rq->subject));
}

tw_err tw_op_a14_start(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, start);
}

/* An invented case with both clocks, so that the desk can be rehearsed with all that it does. */
tw_err tw_op_a14_drill(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp)
	json_t *doc = json_pack("{s:b, s:s, s:s, s:s, s:s}", "drill", 1, "title", "DRILL: an invented vulnerability that is exploited",
		"product", "DRILL: an invented product", "versions", "1.0", "nature", "DRILL: invented");
	const char *zone = tw_json_text(rq->input, "zone"), *by = tw_subject_key(&rq->subject);
	int64_t now = tw_time_wall_ms(c->time);

	zone = *zone ? zone : "UTC";
	if (!doc)
		return TW_RAISE(NOMEM, "a drill");
	if (!tw_zone_find(tw_slice_of(zone)))
		return no_zone(rp);
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		TW_TRY(put_start(doc, k, now, zone, by));
	TW_TRY(tw_case_new(c, rq, doc, &rp->body));
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/cases/%s", tw_json_text(doc, "id"));
	rp->status = 201;
	return TW_OK;
}

/* It stands for good as a drill that is over: no clock of it runs on, and no alarm of it comes any more. */
static tw_err end_drill(struct tw_case_edit *e)
{
	if (!tw_json_bool(e->doc, "drill"))
		return refuse(e->rp, 409, "article14.no-drill", "This is no drill", "Move it: case.move.", "The case is a true one.");
	if (!strcmp(tw_json_text(e->doc, "state"), tw_case_states[TW_CASE_CLOSED]))
		return refuse(e->rp, 409, "article14.drill-ended", "This drill is over", "Begin another: article14.drill.", "It is closed.");
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++) {
		json_t *of = tw_case_a14_of(e->doc, k), *j = NULL;

		if (!of || json_object_get(of, "not_reportable"))
			continue;
		TW_TRY(note(e, e->now_ms, &j));
		TW_TRY(tw_json_set(of, "not_reportable", j));
		TW_TRY(tw_json_set(j, "reason", json_string("the drill ended")));
	}
	TW_TRY(copy(e, "reason", e->doc));
	return tw_json_set(e->doc, "state", json_string(tw_case_states[TW_CASE_CLOSED]));
}

tw_err tw_op_a14_drill_end(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, end_drill);
}

/* --- What was done --- */

/* Who submitted, when that was another than who notes it. */
static tw_err submitted_by(struct tw_case_edit *e, json_t *j)
{
	const char *who = tw_json_text(e->rq->input, "who");

	if (!*who)
		return TW_OK;
	TW_TRY(tw_case_person(e, tw_slice_of(who)));
	if (e->rp->problem[0])
		return TW_OK;
	TW_TRY(tw_json_set(j, "noted_by", json_string(tw_subject_key(&e->rq->subject))));
	return tw_json_set(j, "by", json_string(who));
}

/* Forms say minutes: that of awareness is the moment itself. */
static tw_err moment_since(const struct tw_case_edit *e, int64_t aware_ms, int64_t *ret)
{
	const int64_t minute = aware_ms - aware_ms % MINUTE_MS;

	TW_TRY(tw_case_moment(e, "at", minute, ret));
	if (e->rp->problem[0] || *ret != minute)
		return e->rp->problem[0] ? TW_OK : tw_case_moment(e, "at", aware_ms, ret);
	*ret = aware_ms;
	return TW_OK;
}

/* @nist IN.2.b.1.1: when it was sent, beside the deadline */
static tw_err submit(struct tw_case_edit *e)
{
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	enum tw_a14_step step = TW_A14_WARNING;
	json_t *j = NULL, *of, *all;
	struct tw_a14 a;
	int64_t at = 0;

	if (!find(e->doc, e->rq->input, e->rp, &kind))
		return TW_OK;
	if (!tw_a14_step_find(tw_slice_of(tw_json_text(e->rq->input, "step")), &step))
		return refuse(e->rp, 422, "article14.step", "There is no such step", "early-warning, notification or final-report.",
			"There are three.");
	of = tw_case_a14_of(e->doc, kind);
	if (!tw_case_a14(e->doc, kind, &a) || a.submitted_ms[step] != TW_A14_NEVER)
		return refuse(e->rp, 409, "article14.submitted", "That was submitted already",
			"Note what came after it with article14.asked.", "What was submitted stays as it was noted.");
	TW_TRY(moment_since(e, a.aware_ms, &at));
	if (e->rp->problem[0])
		return TW_OK;
	all = json_object_get(of, "submitted");
	if (!all) {
		all = json_object();
		TW_TRY(tw_json_set(of, "submitted", all));
	}
	TW_TRY(note(e, at, &j));
	TW_TRY(tw_json_set(all, tw_a14_steps[step], j));
	TW_TRY(tw_case_set_time(j, "noted", e->now_ms));
	TW_TRY(submitted_by(e, j));
	return copy(e, "reference", j);
}

tw_err tw_op_a14_submit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, submit);
}

static tw_err measure(struct tw_case_edit *e)
{
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	json_t *j = NULL, *of;
	int64_t at = 0;

	if (!find(e->doc, e->rq->input, e->rp, &kind))
		return TW_OK;
	of = tw_case_a14_of(e->doc, kind);
	if (json_object_get(of, "measure"))
		return refuse(e->rp, 409, "article14.measure", "There is a measure already", "Say more of it with case.change.",
			"The clock of the final report runs from the first.");
	TW_TRY(tw_case_moment(e, "at", TW_CASE_BEGIN_MS, &at));
	if (e->rp->problem[0])
		return TW_OK;
	TW_TRY(note(e, at, &j));
	TW_TRY(tw_json_set(of, "measure", j));
	return copy(e, "what", j);
}

tw_err tw_op_a14_measure(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, measure);
}

static tw_err not_reportable(struct tw_case_edit *e)
{
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	json_t *j = NULL, *of;

	if (!find(e->doc, e->rq->input, e->rp, &kind))
		return TW_OK;
	of = tw_case_a14_of(e->doc, kind);
	if (json_object_get(of, "not_reportable"))
		return refuse(e->rp, 409, "article14.not-reportable", "That was found already",
			"Take it back with article14.start.", "It stands.");
	TW_TRY(note(e, e->now_ms, &j));
	TW_TRY(tw_json_set(of, "not_reportable", j));
	return copy(e, "reason", j);
}

tw_err tw_op_a14_not_reportable(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, not_reportable);
}

/* One more line of a list, with these members of the input. */
static tw_err line(struct tw_case_edit *e, const char *list, const char *one, const char *two)
{
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	int64_t at = 0;

	if (!find(e->doc, e->rq->input, e->rp, &kind))
		return TW_OK;
	TW_TRY(tw_case_moment(e, "at", TW_CASE_BEGIN_MS, &at));
	if (e->rp->problem[0])
		return TW_OK;
	TW_TRY(tw_case_set_time(j, "at", at));
	TW_TRY(tw_json_set(j, "noted_by", json_string(tw_subject_key(&e->rq->subject))));
	TW_TRY(copy(e, one, j));
	if (two)
		TW_TRY(copy(e, two, j));
	return tw_case_append(e, tw_case_a14_of(e->doc, kind), list, TW_STEAL(j));
}

static tw_err asked(struct tw_case_edit *e)
{
	return line(e, "asked", "by", "what");
}

tw_err tw_op_a14_asked(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, asked);
}

static tw_err users(struct tw_case_edit *e)
{
	return line(e, "users", "how", NULL);
}

tw_err tw_op_a14_users(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, users);
}

static tw_err delay(struct tw_case_edit *e)
{
	const struct tw_a14_ground *g = tw_a14_ground_find(tw_slice_of(tw_json_text(e->rq->input, "ground")));
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	json_t *j = NULL;

	if (!find(e->doc, e->rq->input, e->rp, &kind))
		return TW_OK;
	if (!g || !(g->kinds & (1u << kind)))
		return refuse(e->rp, 422, "article14.ground", "That is no ground for this", "The command's help names the grounds.",
			"Article 16(2) has no such ground for a report of this kind.");
	TW_TRY(note(e, e->now_ms, &j));
	TW_TRY(tw_json_set(tw_case_a14_of(e->doc, kind), "delay", j));
	TW_TRY(copy(e, "ground", j));
	return copy(e, "why", j);
}

tw_err tw_op_a14_delay(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_case_edit(c, rq, rp, delay);
}

/* --- Reading --- */

tw_err tw_op_a14_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL, *clocks = json_array();
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, &doc));
	if (!doc)
		return TW_OK;
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++) {
		TW_CLEANUP(tw_jsonp) json_t *some = NULL;

		TW_TRY(tw_case_clocks(doc, k, tw_time_wall_ms(c->time), &some));
		if (!clocks || json_array_extend(clocks, some))
			return TW_RAISE(NOMEM, "clocks");
	}
	rp->body = json_pack("{s:s, s:b}", "case", tw_json_text(doc, "id"), "drill", tw_json_bool(doc, "drill"));
	return tw_json_set(rp->body, "clocks", TW_STEAL(clocks));
}

static tw_err write_draft(struct tw_context *c, const struct tw_a14_draft *d, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	json_t *draft = NULL;

	tw_buf_init(&text, c->sys, TW_A14_DRAFT_MAX);
	TW_TRY(tw_a14_draft_text(d, &text));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "text", json_string(tw_buf_cstr(&text))));
	TW_TRY(tw_a14_draft_json(d, &draft));
	return tw_json_set(rp->body, "draft", draft);
}

tw_err tw_op_a14_draft(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *named = tw_json_text(rq->input, "step");
	bool intermediate = !strcmp(named, "intermediate-report");
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	enum tw_a14_step step = TW_A14_NOTIFICATION;
	enum tw_a14_kind kind = TW_A14_EXPLOITED;
	struct tw_clock clocks[TW_A14_STEPS];
	struct tw_a14 a;
	int64_t id = 0;

	TW_TRY(tw_case_load(c, rq, rp, &id, &doc));
	if (!doc || !find(doc, rq->input, rp, &kind))
		return TW_OK;
	if ((!intermediate && !tw_a14_step_find(tw_slice_of(named), &step)) || !tw_case_a14(doc, kind, &a))
		return refuse(rp, 422, "article14.step", "There is no such step",
			"early-warning, notification, final-report or intermediate-report.",
			"There are three, and what is asked for between them.");
	tw_a14_clocks(&a, tw_time_wall_ms(c->time), clocks);
	const json_t *put_off = json_object_get(tw_case_a14_of(doc, kind), "delay");
	const struct tw_a14_draft d = { doc, &a, &clocks[step], tw_json_text(put_off, "ground"), tw_json_text(put_off, "why"), intermediate };
	return write_draft(c, &d, rp);
}

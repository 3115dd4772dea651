/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms as the staff sees them, each as its case is seen, and their acknowledgement by a person. */
#include "base/text.h"
#include "service/path/page.h"
#include "support/cases/alarms.h"
#include "support/cases/cases.h"
#include "support/rows-cases.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

static tw_err describe_answer(const tw_row *row, json_t *j)
{
	struct tw_slice by = tw_row_bytes(row, 10), note = tw_row_bytes(row, 11);

	if (tw_row_null(row, 9))
		return TW_OK;
	TW_TRY(tw_case_set_time(j, "acknowledged", tw_row_int(row, 9)));
	TW_TRY(tw_json_set(j, "acknowledged_by", json_stringn(by.at, by.size)));
	return note.size ? tw_json_set(j, "note", json_stringn(note.at, note.size)) : TW_OK;
}

static tw_err describe(const tw_row *row, json_t **ret)
{
	struct tw_slice kind = tw_row_bytes(row, 2), step = tw_row_bytes(row, 3);
	int64_t at = tw_row_int(row, 6), due = tw_row_int(row, 7), raised = tw_row_int(row, 8);
	char name[24];

	(void)snprintf(name, sizeof name, "c%lld", (long long)tw_row_int(row, 1));
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:I, s:s, s:s%, s:s%, s:I, s:I, s:b, s:b}", "alarm", (json_int_t)tw_row_int(row, 0), "case", name,
		"kind", kind.at, kind.size, "step", step.at, step.size, "point", (json_int_t)tw_row_int(row, 4), "before_s",
		(json_int_t)((due - at) / 1000), "drill", tw_row_int(row, 5) != 0, "missed", raised - at > TW_ALARM_LATE_MS);
	TW_TRY(tw_case_set_time(j, "due", due));
	TW_TRY(tw_case_set_time(j, "at", at));
	TW_TRY(tw_case_set_time(j, "raised", raised));
	TW_TRY(describe_answer(row, j));
	*ret = TW_STEAL(j);
	return TW_OK;
}

static tw_err list_one(void *user, const tw_row *row)
{
	struct tw_page *p = user;
	json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	TW_TRY(describe(row, &j));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), j);
}

struct search {
	int64_t below;
	size_t most;
	const char *state;
};

/* As far as whoever asks may see them. */
static tw_err find(struct tw_context *c, const struct tw_request *rq, const struct search *s,
	tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	const char *key = rq->subject.kind == TW_SUBJECT_LOCAL ? "" : tw_subject_key(&rq->subject);
	const struct tw_value v[] = { TW_V_INT(s->below), TW_V_TEXT(s->state), TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(key),
		TW_V_INT((int64_t)s->most) };

	return tw_store_run(c->store, tw_sql_alarm_list, v, TW_COUNT(v), visit, user);
}

tw_err tw_op_alarms_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *state = tw_json_text(rq->input, "state");
	uint64_t below = 0;
	struct tw_page p;

	if (*state && strcmp(state, "open") != 0 && strcmp(state, "acknowledged") != 0)
		return tw_reply_problem(rp, 422, "alarm", "alarm.state", "There is no such state", "open or acknowledged.",
			"An alarm waits for somebody, or has been acknowledged.");
	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (!rp->problem[0])
		TW_TRY(tw_page_after(&p, rp, &below));
	if (rp->problem[0])
		return TW_OK;
	const struct search s = { below ? (int64_t)below : INT64_MAX, p.limit + 1, state };
	TW_TRY(find(c, rq, &s, list_one, &p));
	return tw_page_end(&p, rp);
}

struct one {
	int64_t id;
	json_t *j;
};

static tw_err take_one(void *user, const tw_row *row)
{
	struct one *o = user;

	return tw_row_int(row, 0) == o->id ? describe(row, &o->j) : TW_OK;
}

tw_err tw_alarm_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret_id, json_t **ret)
{
	struct one o = { .j = NULL };
	uint64_t id = 0;

	*ret = NULL;
	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX - 1, &id))) {
		o.id = (int64_t)id;
		TW_TRY(find(c, rq, &(struct search){ o.id + 1, 1, "" }, take_one, &o));
	}
	*ret_id = o.id;
	*ret = o.j;
	return o.j ? TW_OK
		   : tw_reply_problem(rp, 404, "not-found", "alarm.unknown", "There is no such alarm",
			     "List the alarms to see those there are.", "No alarm of a case that you may see has this number.");
}

struct acknowledging {
	int64_t id, now_ms;
	const char *by, *note;
};

static tw_err acknowledge(tw_store *s, void *user)
{
	const struct acknowledging *a = user;
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(a->now_ms), TW_V_TEXT(a->by), TW_V_TEXT(a->note) };

	return tw_store_run(s, tw_sql_alarm_acknowledge, v, TW_COUNT(v), NULL, NULL);
}

/* The first who does stands there; whoever comes second is told so and changes nothing. */
tw_err tw_op_alarm_acknowledge(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct acknowledging a = { 0, tw_time_wall_ms(c->time), tw_subject_key(&rq->subject), tw_json_text(rq->input, "note") };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_alarm_load(c, rq, rp, &a.id, &j));
	if (!j)
		return TW_OK;
	if (*tw_json_text(j, "acknowledged"))
		return tw_reply_problem(rp, 409, "alarm", "alarm.acknowledged", "Somebody has acknowledged it already",
			"Look at the case: article14.read.", "%s did.", tw_json_text(j, "acknowledged_by"));
	TW_TRY(tw_case_set_time(j, "acknowledged", a.now_ms));
	TW_TRY(tw_json_set(j, "acknowledged_by", json_string(a.by)));
	if (*a.note)
		TW_TRY(tw_json_set(j, "note", json_string(a.note)));
	(void)snprintf(rp->note, sizeof rp->note, "alarm %lld of %s", (long long)a.id, tw_json_text(j, "case"));
	TW_TRY(tw_store_transaction(c->store, acknowledge, &a));
	rp->body = TW_STEAL(j);
	return TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A time is set at which an approved advisory is published, and taken back. */
#include "base/text.h"
#include "support/advisories/plan.h"
#include "support/advisories/signing.h"
#include "support/rows-advisories.h"
#include "support/sql-support.h"

#include <string.h>

struct planning {
	const struct tw_advisory_row *row;
	const char *who;
	int64_t at_ms;
};

static tw_err put_plan(tw_store *s, void *user)
{
	const struct planning *p = user;
	const struct tw_value v[] = { TW_V_INT(p->row->id), TW_V_INT(p->at_ms), TW_V_TEXT(p->who), TW_V_TEXT(p->row->hash) };

	return tw_store_run(s, tw_sql_advisory_plan_put, v, TW_COUNT(v), NULL, NULL);
}

static tw_err end_plan(tw_store *s, void *user)
{
	return tw_plan_done(s, ((const struct planning *)user)->row->id);
}

static tw_err check_time(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret_ms)
{
	const int64_t now = tw_time_wall_ms(c->time);

	if (!tw_time_trusted(c->time))
		return tw_advisory_refuse(rp, 409, "advisory.clock", "Nobody knows what time it is",
			"Set the clock of the machine, then try again.", "The clock of this machine is not trusted.");
	if (tw_failed(tw_parse_time(tw_slice_of(tw_json_text(rq->input, "at")), ret_ms)))
		return tw_advisory_refuse(rp, 422, "advisory.time", "That is no time", "Give one like 2026-11-21T09:30:00Z.",
			"The time has to be a moment of RFC 3339, with its zone.");
	if (*ret_ms <= now || *ret_ms > now + TW_PLAN_FAR_MS)
		return tw_advisory_refuse(rp, 422, "advisory.time", "It cannot be planned for then",
			"Give a time in the next five years, or publish it now.", "The time is over already, or too far away.");
	return TW_OK;
}

static tw_err answer(const struct tw_advisory_row *row, int64_t at_ms, struct tw_reply *rp)
{
	char at[TW_TIME_TEXT_MAX];

	tw_time_text(at_ms, at);
	TW_TRY(tw_advisory_short(row, &rp->body));
	return tw_json_set(rp->body, "planned", json_string(at));
}

tw_err tw_op_advisory_plan(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	const char *who = tw_subject_key(&rq->subject);
	char text[TW_TIME_TEXT_MAX];
	struct planning p = { .row = &row, .who = who };
	bool there = false;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (!there)
		return TW_OK;
	if (row.state != TW_ADVISORY_APPROVED)
		return tw_advisory_not_now(rp, &row);
	TW_TRY(check_time(c, rq, rp, &p.at_ms));
	if (!rp->problem[0])
		TW_TRY(tw_advisory_could_go(c, rp, &row, p.at_ms));
	if (rp->problem[0])
		return TW_OK;
	tw_time_text(p.at_ms, text);
	struct tw_advisory_change h = { .c = c, .row = &row, .by = who, .what = "plan", .text = text, .beside = put_plan, .user = &p };
	TW_TRY(answer(&row, p.at_ms, rp));
	return tw_advisory_write(&h);
}

tw_err tw_op_advisory_unplan(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	struct planning p = { .row = &row };
	bool there = false, has = false;
	struct tw_plan plan;

	TW_TRY(tw_advisory_load(c, rq, rp, &row, &there));
	if (!there)
		return TW_OK;
	TW_TRY(tw_plan_of(c, row.id, &plan, &has));
	if (!has)
		return tw_advisory_refuse(rp, 409, "advisory.unplanned", "It is not planned", "Leave it as it is.",
			"No time is set at which it is published.");
	struct tw_advisory_change h = {
		.c = c, .row = &row, .by = tw_subject_key(&rq->subject), .what = "unplan", .text = "", .beside = end_plan, .user = &p
	};
	TW_TRY(tw_advisory_short(&row, &rp->body));
	return tw_advisory_write(&h);
}

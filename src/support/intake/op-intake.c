/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff sees of mail that comes in. */
#include "base/mem.h"
#include "base/text.h"
#include "support/intake/collector.h"
#include "support/intake/stranger.h"
#include "support/mail/collect-wire.h"
#include "support/query-reception/report.h"
#include "support/rows-intake.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

static tw_err set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	if (!ms)
		return TW_OK;
	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

static tw_err take_totals(void *user, const tw_row *row)
{
	static const char *const keys[] = { "reports", "messages", "dropped" };

	for (int i = 0; i < (int)TW_COUNT(keys); i++)
		TW_TRY(tw_json_set(user, keys[i], json_integer((json_int_t)tw_row_int(row, i))));
	return set_time(user, "last", tw_row_int(row, 3));
}

struct way {
	const char *channel, *state, *sent, *arrived; /* keys of the answer */
	bool on;
};

static tw_err say_canary(struct tw_context *c, const struct way *w, json_t *body)
{
	const char *state = w->on ? "never" : "off";
	struct tw_way_alarm alarm;
	struct tw_canary k;

	TW_TRY(tw_canary_read(c->store, w->channel, &k));
	TW_TRY(tw_way_open(c->store, w->channel, TW_WAY_CANARY, &alarm));
	if (k.sent_ms)
		state = alarm.id ? "missing" : k.arrived_ms ? "arrived" : "waiting";
	TW_TRY(tw_json_set(body, w->state, json_string(state)));
	TW_TRY(set_time(body, w->sent, k.sent_ms));
	TW_TRY(set_time(body, w->arrived, k.came_ms));
	return strcmp(w->channel, TW_WAY_FORM) || !*k.seen ? TW_OK : tw_json_set(body, "form_seen", json_string(k.seen));
}

static tw_err add_alarm(void *user, const struct tw_way_alarm *a)
{
	json_t *j = json_pack("{s:s, s:s, s:s}", "channel", a->channel, "what", a->what, "seen", a->seen);

	TW_TRY(tw_json_append(user, j));
	TW_TRY(set_time(j, "since", a->since_ms));
	TW_TRY(set_time(j, "raised", a->raised_ms));
	TW_TRY(set_time(j, "over", a->over_ms));
	return *a->late ? tw_json_set(j, "late", json_string(a->late)) : TW_OK;
}

static tw_err say_ways(struct tw_context *c, json_t *body)
{
	const char *why = tw_stranger_missing(tw_app_of(c));
	const struct way ways[] = { { TW_WAY_MAIL, "canary", "canary_sent", "canary_arrived", tw_collector_canary(tw_app_of(c)) },
		{ TW_WAY_FORM, "form", "form_sent", "form_arrived", !why } };

	for (size_t i = 0; i < TW_COUNT(ways); i++)
		TW_TRY(say_canary(c, &ways[i], body));
	if (why)
		TW_TRY(tw_json_set(body, "form_why", json_string(why)));
	TW_TRY(tw_json_set(body, "alarms", json_array()));
	return tw_way_list(c->store, TW_WAY_ALARMS_SHOWN, add_alarm, tw_json_get(body, "alarms"));
}

tw_err tw_op_intake_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *missing = tw_collector_missing(tw_app_of(c)), *address = tw_collector_address(tw_app_of(c));
	char text[TW_COLLECT_WORDS_MAX + 32] = "provided";
	int64_t kept = 0;

	rp->body = json_object();
	if (missing)
		(void)snprintf(text, sizeof text, "not provided: %s", missing);
	TW_TRY(tw_json_set(rp->body, "mail", json_string(text)));
	if (*address)
		TW_TRY(tw_json_set(rp->body, "address", json_string(address)));
	TW_TRY(tw_store_run(c->store, tw_sql_intake_totals, NULL, 0, take_totals, rp->body));
	TW_TRY(tw_report_count(c->store, &kept));
	TW_TRY(tw_json_set(rp->body, "kept", json_integer((json_int_t)kept)));
	TW_TRY(tw_json_set(rp->body, "left", json_integer(kept < TW_REPORTS_MAX ? (json_int_t)(TW_REPORTS_MAX - kept) : 0)));
	return say_ways(c, rp->body);
}

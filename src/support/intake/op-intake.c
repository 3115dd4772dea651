/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff sees of mail that comes in. */
#include "base/text.h"
#include "support/intake/canary.h"
#include "support/intake/collector.h"
#include "support/mail/collect-wire.h"
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

static tw_err say_canary(struct tw_context *c, json_t *body)
{
	const char *state = "off";
	struct tw_canary k;

	TW_TRY(tw_canary_read(c->store, TW_CANARY_MAIL, &k));
	if (k.sent_ms)
		state = k.arrived_ms ? "arrived" : k.alarmed ? "missing" : "waiting";
	else if (tw_collector_canary(tw_app_of(c)))
		state = "never";
	TW_TRY(tw_json_set(body, "canary", json_string(state)));
	TW_TRY(set_time(body, "canary_sent", k.sent_ms));
	return set_time(body, "canary_arrived", k.arrived_ms);
}

tw_err tw_op_intake_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *missing = tw_collector_missing(tw_app_of(c)), *address = tw_collector_address(tw_app_of(c));
	char text[TW_COLLECT_WORDS_MAX + 32] = "provided";

	rp->body = json_object();
	if (missing)
		(void)snprintf(text, sizeof text, "not provided: %s", missing);
	TW_TRY(tw_json_set(rp->body, "mail", json_string(text)));
	if (*address)
		TW_TRY(tw_json_set(rp->body, "address", json_string(address)));
	TW_TRY(tw_store_run(c->store, tw_sql_intake_totals, NULL, 0, take_totals, rp->body));
	return say_canary(c, rp->body);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators see of the outbox, and do with it. A message's text is none of their business. */
#include "base/text.h"
#include "service/path/page.h"
#include "support/outbox/queue.h"
#include "support/outbox/sender.h"
#include "support/rows-outbox.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

static tw_err set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

static tw_err set_text(json_t *j, const char *key, const tw_row *row, int column)
{
	const struct tw_slice s = tw_row_bytes(row, column);

	return tw_json_set(j, key, json_stringn(s.size ? s.at : "", s.size));
}

static tw_err list_one(void *user, const tw_row *row)
{
	static const struct {
		const char *key;
		int column;
	} texts[] = { { "key", 2 }, { "state", 3 }, { "to", 4 }, { "subject", 5 } };
	struct tw_page *p = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	j = json_object();
	TW_TRY(tw_json_set(j, "number", json_integer((json_int_t)tw_row_int(row, 0))));
	TW_TRY(tw_json_set(j, "kind", json_string(tw_outbox_kinds[tw_row_int(row, 1) == TW_OUTBOX_WEBHOOK])));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		TW_TRY(set_text(j, texts[i].key, row, texts[i].column));
	TW_TRY(set_time(j, "added", tw_row_int(row, 6)));
	if (tw_slice_is(tw_row_bytes(row, 3), "waiting"))
		TW_TRY(set_time(j, "next", tw_row_int(row, 7)));
	TW_TRY(tw_json_set(j, "tries", json_integer((json_int_t)tw_row_int(row, 8))));
	if (tw_row_bytes(row, 9).size)
		TW_TRY(set_text(j, "reason", row, 9));
	return tw_page_add_at(p, (uint64_t)tw_row_int(row, 0), TW_STEAL(j));
}

static tw_err take_counts(void *user, const tw_row *row)
{
	static const char *const keys[] = { "waiting", "sending", "failed", "sent" };

	for (int i = 0; i < (int)TW_COUNT(keys); i++)
		TW_TRY(tw_json_set(user, keys[i], json_integer((json_int_t)tw_row_int(row, i))));
	return TW_OK;
}

static tw_err say_mail(struct tw_context *c, json_t *body)
{
	const char *missing = tw_sender_missing(tw_app_of(c));
	char text[TW_MAIL_WORDS_MAX + 32] = "provided";

	if (missing)
		(void)snprintf(text, sizeof text, "not provided: %s", missing);
	return tw_json_set(body, "mail", json_string(text));
}

tw_err tw_op_outbox_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *state = tw_json_text(rq->input, "state");
	struct tw_page p;
	uint64_t after = 0;

	if (*state && strcmp(state, "waiting") != 0 && strcmp(state, "sending") != 0 && strcmp(state, "failed") != 0)
		return tw_reply_problem(rp, 400, "input", "outbox.state", "There is no such state", "Choose one of those.",
			"The states are waiting, sending and failed.");
	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT((int64_t)after), TW_V_TEXT(state), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_outbox_list, v, TW_COUNT(v), list_one, &p));
	TW_TRY(tw_store_run(c->store, tw_sql_outbox_counts, NULL, 0, take_counts, rp->body));
	TW_TRY(say_mail(c, rp->body));
	return tw_page_end(&p, rp);
}

/* --- Changing --- */

static tw_err take_state(void *user, const tw_row *row)
{
	(void)snprintf(user, 16, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	return TW_OK;
}

/* The number of a message that may be changed; 0, and a problem, otherwise. */
static tw_err wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, int64_t *ret)
{
	char state[16] = "";
	uint64_t number = 0;

	*ret = 0;
	if (!tw_failed(tw_parse_u64(rq->parameter, INT64_MAX, &number))) {
		const struct tw_value v[] = { TW_V_INT((int64_t)number) };

		TW_TRY(tw_store_run(c->store, tw_sql_outbox_state, v, TW_COUNT(v), take_state, state));
	}
	if (!strcmp(state, "sending"))
		return tw_reply_problem(rp, 409, "state", "outbox.sending", "It is being sent",
			"Wait for a minute, and look again.", "Whether it went out is not known before the try has ended.");
	if (strcmp(state, "waiting") != 0 && strcmp(state, "failed") != 0)
		return tw_reply_problem(rp, 404, "not-found", "outbox.unknown", "There is no such message",
			"List the outbox to see what there is.", "No message that waits or was given up has this number.");
	*ret = (int64_t)number;
	(void)snprintf(rp->note, sizeof rp->note, "message %lld", (long long)number);
	return TW_OK;
}

tw_err tw_op_outbox_again(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int64_t number;

	TW_TRY(wanted(c, rq, rp, &number));
	if (!number)
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(number), TW_V_INT(tw_time_wall_ms(c->time)) };
	TW_TRY(tw_store_run(c->store, tw_sql_outbox_again, v, TW_COUNT(v), NULL, NULL));
	tw_sender_hurry(tw_app_of(c));
	rp->status = 204;
	return TW_OK;
}

tw_err tw_op_outbox_drop(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int64_t number;

	TW_TRY(wanted(c, rq, rp, &number));
	if (!number)
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(number), TW_V_TEXT("dropped"), TW_V_INT(tw_time_wall_ms(c->time)) };
	TW_TRY(tw_store_run(c->store, tw_sql_outbox_over, v, TW_COUNT(v), NULL, NULL));
	rp->status = 204;
	return TW_OK;
}

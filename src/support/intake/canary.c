/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/canary.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/outbox/outbox.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define MARK "canary "

static tw_err take_row(void *user, const tw_row *row)
{
	struct tw_canary *k = user;

	(void)snprintf(k->code, sizeof k->code, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	k->sent_ms = tw_row_int(row, 1);
	k->arrived_ms = tw_row_int(row, 2);
	k->alarmed = tw_row_int(row, 3) != 0;
	return TW_OK;
}

tw_err tw_canary_read(struct tw_store *s, const char *channel, struct tw_canary *ret)
{
	*ret = (struct tw_canary){ .sent_ms = 0 };
	return tw_store_run(s, tw_sql_intake_canary_read, &TW_V_TEXT(channel), 1, take_row, ret);
}

tw_err tw_canary_arrived(struct tw_store *s, const char *channel, struct tw_slice text, int64_t now_ms, bool *ret)
{
	struct tw_canary k;

	*ret = false;
	TW_TRY(tw_canary_read(s, channel, &k));
	for (size_t i = 0; k.code[0] && i + sizeof MARK - 1 + TW_CANARY_CODE <= text.size && !*ret; i++)
		*ret = !memcmp(text.at + i, MARK, sizeof MARK - 1) &&
			tw_equal_secret(text.at + i + sizeof MARK - 1, k.code, TW_CANARY_CODE);
	if (!*ret)
		return TW_OK;
	const struct tw_value v[] = { TW_V_TEXT(channel), TW_V_TEXT(k.code), TW_V_INT(now_ms) };
	return tw_store_run(s, tw_sql_intake_canary_arrived, v, TW_COUNT(v), NULL, NULL);
}

struct turn {
	struct tw_context *c;
	const struct tw_canary_plan *plan;
	struct tw_canary *k;
	int64_t now_ms;
};

static tw_err send_next(tw_store *s, void *user)
{
	const struct turn *t = user;
	char code[TW_CANARY_CODE + 1], key[TW_OUTBOX_KEY_MAX + 1], subject[64 + TW_CANARY_CODE];
	uint8_t bytes[TW_CANARY_CODE / 2];
	const struct tw_outbox_message m = { .kind = TW_OUTBOX_MAIL,
		.to = t->plan->address,
		.subject = subject,
		.text = "The service sends this to itself, to know that mail of reporters arrives.\n",
		.key = key,
		.class = TW_OUTBOX_NOTICE };

	if (t->c->sys->random(t->c->sys, bytes, sizeof bytes) < 0)
		return TW_RAISE(IO, "no random numbers");
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(code + 2 * i, 3, "%02x", bytes[i]);
	(void)snprintf(key, sizeof key, "canary-mail-%lld", (long long)t->now_ms);
	(void)snprintf(subject, sizeof subject, "Test of the way of reports: " MARK "%s", code);
	const struct tw_value v[] = { TW_V_TEXT(TW_CANARY_MAIL), TW_V_TEXT(code), TW_V_INT(t->now_ms) };
	TW_TRY(tw_store_run(s, tw_sql_intake_canary_sent, v, TW_COUNT(v), NULL, NULL));
	return tw_outbox_add(s, &m, t->now_ms);
}

static tw_err mail_alarm(tw_store *s, const struct turn *t, size_t receiver)
{
	char sent[TW_TIME_TEXT_MAX], text[500], key[TW_OUTBOX_KEY_MAX + 1];
	const struct tw_outbox_message m = { .kind = TW_OUTBOX_MAIL,
		.to = t->plan->alarms[receiver],
		.subject = "Reports by mail do not arrive",
		.text = text,
		.key = key,
		.class = TW_OUTBOX_ALARM };

	tw_time_text(t->k->sent_ms, sent);
	(void)snprintf(key, sizeof key, "canary-missing-%lld-%zu", (long long)t->k->sent_ms, receiver);
	(void)snprintf(text, sizeof text,
		"A test message that the service sent to %.254s at %s has not come back within an hour. Reports by mail may be lost as well.\n",
		t->plan->address, sent);
	const tw_err e = tw_outbox_add(s, &m, t->now_ms);
	return tw_is(e, TW_CODE_LIMIT) && tw_store_fault(s) == TW_STORE_WELL ? TW_OK : e;
}

static tw_err tell_missing(tw_store *s, void *user)
{
	const struct turn *t = user;
	const struct tw_value v[] = { TW_V_TEXT(TW_CANARY_MAIL), TW_V_TEXT(t->k->code) };
	char sent[TW_TIME_TEXT_MAX];

	TW_TRY(tw_store_run(s, tw_sql_intake_canary_alarmed, v, TW_COUNT(v), NULL, NULL));
	for (size_t i = 0; i < t->plan->alarm_count; i++)
		TW_TRY(mail_alarm(s, t, i));
	tw_time_text(t->k->sent_ms, sent);
	return tw_event(t->c, "intake.missing", json_pack("{s:s, s:s}", "channel", TW_CANARY_MAIL, "sent", sent));
}

tw_err tw_canary_turn(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms)
{
	struct tw_canary k;
	struct turn t = { c, plan, &k, now_ms };

	TW_TRY(tw_canary_read(c->store, TW_CANARY_MAIL, &k));
	if (k.sent_ms && !k.arrived_ms && !k.alarmed && now_ms - k.sent_ms >= TW_CANARY_WAIT_MS)
		TW_TRY(tw_store_transaction(c->store, tell_missing, &t));
	const bool over = !k.sent_ms || k.arrived_ms || now_ms - k.sent_ms >= TW_CANARY_WAIT_MS || now_ms < k.sent_ms;
	if (!*plan->address || !plan->every_ms || !over || (k.sent_ms && now_ms >= k.sent_ms && now_ms - k.sent_ms < plan->every_ms))
		return TW_OK;
	return tw_store_transaction(c->store, send_next, &t);
}

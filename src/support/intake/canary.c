/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/canary.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "support/outbox/outbox.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define MARK "canary "
#define PURPOSE "thingward canary 1"
#define TRIES_MAX 4 /* codes that are looked up of one text */

/* --- What is known --- */

static tw_err take_last(void *user, const tw_row *row)
{
	struct tw_canary *k = user;

	k->id = tw_row_int(row, 0);
	k->sent_ms = tw_row_int(row, 1);
	k->arrived_ms = tw_row_int(row, 2);
	(void)snprintf(k->seen, sizeof k->seen, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 3)));
	return TW_OK;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_canary_read(struct tw_store *s, const char *channel, struct tw_canary *ret)
{
	const struct tw_value v = TW_V_TEXT(channel);

	*ret = (struct tw_canary){ .sent_ms = 0 };
	TW_TRY(tw_store_run(s, tw_sql_intake_canary_last, &v, 1, take_last, ret));
	TW_TRY(tw_store_run(s, tw_sql_intake_canary_open, &v, 1, take_number, &ret->open_ms));
	return tw_store_run(s, tw_sql_intake_canary_arrived_last, &v, 1, take_number, &ret->came_ms);
}

/* --- Codes --- */

static tw_err mark_of(const char *channel, const char code[TW_CANARY_CODE], uint8_t ret[TW_SHA256_SIZE])
{
	const struct tw_slice parts[] = { TW_SLICE(PURPOSE), tw_slice_of(channel), { code, TW_CANARY_CODE } };

	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

struct found {
	uint8_t mark[TW_SHA256_SIZE];
	int64_t sent_ms; /* 0: there is none */
};

/* By its digest: how long a look into the store takes says nothing of a code. */
static tw_err look_up(struct tw_store *s, const char *channel, const char *code, struct found *ret)
{
	TW_TRY(mark_of(channel, code, ret->mark));
	const struct tw_value v[] = { TW_V_BLOB(ret->mark, sizeof ret->mark), TW_V_TEXT(channel) };
	return tw_store_run(s, tw_sql_intake_canary_known, v, TW_COUNT(v), take_number, &ret->sent_ms);
}

static tw_err find(struct tw_store *s, const char *channel, struct tw_slice text, struct found *ret)
{
	size_t tries = 0;

	*ret = (struct found){ .sent_ms = 0 };
	for (size_t i = 0; i + sizeof MARK - 1 + TW_CANARY_CODE <= text.size && !ret->sent_ms && tries < TRIES_MAX; i++) {
		if (memcmp(text.at + i, MARK, sizeof MARK - 1) != 0)
			continue;
		tries++;
		TW_TRY(look_up(s, channel, text.at + i + sizeof MARK - 1, ret));
	}
	return TW_OK;
}

tw_err tw_canary_known(struct tw_store *s, const char *channel, struct tw_slice text, bool *ret)
{
	struct found f;

	TW_TRY(find(s, channel, text, &f));
	*ret = f.sent_ms != 0;
	return TW_OK;
}

/* --- It comes --- */

static tw_err end_alarm(struct tw_context *c, const struct tw_canary_plan *plan, const struct found *f, int64_t now_ms, bool late)
{
	char sent[TW_TIME_TEXT_MAX], came[TW_TIME_TEXT_MAX];
	struct tw_way_alarm a;

	TW_TRY(tw_way_open(c->store, plan->channel, TW_WAY_CANARY, &a));
	if (!a.id)
		return TW_OK;
	tw_time_text(f->sent_ms, sent);
	tw_time_text(now_ms, came);
	if (late) { /* what is sent now may be as late: it is over when one comes in time */
		(void)snprintf(a.late, sizeof a.late, "The test report sent at %s came late, at %s.", sent, came);
		return tw_way_late(c->store, a.id, a.late);
	}
	(void)snprintf(a.seen, sizeof a.seen, "The test report sent at %s came at %s.", sent, came);
	return tw_way_over(c->store, &plan->receivers, &a, now_ms);
}

tw_err tw_canary_arrived(struct tw_context *c, const struct tw_canary_plan *plan, struct tw_slice text, int64_t now_ms, bool *ret)
{
	char sent[TW_TIME_TEXT_MAX];
	struct found f;

	TW_TRY(find(c->store, plan->channel, text, &f));
	*ret = f.sent_ms != 0;
	if (!*ret)
		return TW_OK;
	const bool late = now_ms - f.sent_ms >= TW_CANARY_WAIT_MS;
	const struct tw_value v[] = { TW_V_BLOB(f.mark, sizeof f.mark), TW_V_TEXT(plan->channel), TW_V_INT(now_ms) };
	TW_TRY(tw_store_run(c->store, tw_sql_intake_canary_arrived, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(end_alarm(c, plan, &f, now_ms, late));
	tw_time_text(f.sent_ms, sent);
	return tw_event(c, "intake.arrived", json_pack("{s:s, s:s, s:b}", "channel", plan->channel, "sent", sent, "late", late));
}

/* --- It is sent --- */

int64_t tw_canary_wait_ms(const struct tw_canary *k, const struct tw_canary_plan *plan, int64_t now_ms)
{
	const int64_t again = !strcmp(plan->channel, TW_WAY_FORM) ? TW_CANARY_AGAIN_MS : TW_CANARY_WAIT_MS;
	int64_t each = plan->every_ms;

	if (!*plan->to || !plan->every_ms)
		return -1;
	if (!k->sent_ms || now_ms < k->sent_ms) /* the clock was put back */
		return 0;
	if ((!k->arrived_ms || k->arrived_ms - k->sent_ms >= TW_CANARY_WAIT_MS) && again < each)
		each = again;
	return now_ms - k->sent_ms >= each ? 0 : each - (now_ms - k->sent_ms);
}

tw_err tw_canary_send(
	struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms, int64_t *ret_id, char ret_text[TW_CANARY_TEXT_MAX])
{
	char code[TW_CANARY_CODE + 1];
	uint8_t bytes[TW_CANARY_CODE / 2], mark[TW_SHA256_SIZE];

	if (c->sys->random(c->sys, bytes, sizeof bytes) < 0)
		return TW_RAISE(IO, "no random numbers");
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(code + 2 * i, 3, "%02x", bytes[i]);
	TW_TRY(mark_of(plan->channel, code, mark));
	(void)snprintf(ret_text, TW_CANARY_TEXT_MAX, "Test of the way of reports: " MARK "%s", code);
	const struct tw_value v[] = { TW_V_BLOB(mark, sizeof mark), TW_V_TEXT(plan->channel), TW_V_INT(now_ms) };
	return tw_store_run(c->store, tw_sql_intake_canary_sent, v, TW_COUNT(v), take_number, ret_id);
}

tw_err tw_canary_saw(struct tw_store *s, int64_t id, const char *seen)
{
	char text[TW_WAY_SEEN_MAX + 1];

	(void)snprintf(text, sizeof text, "%s", seen);
	(void)tw_text_mend(text, strlen(text));
	const struct tw_value v[] = { TW_V_INT(id), TW_V_TEXT(text) };
	return tw_store_run(s, tw_sql_intake_canary_seen, v, TW_COUNT(v), NULL, NULL);
}

struct turn {
	struct tw_context *c;
	const struct tw_canary_plan *plan;
	const struct tw_canary *k;
	int64_t now_ms;
};

static tw_err send_mail(tw_store *s, void *user)
{
	const struct turn *t = user;
	char key[TW_OUTBOX_KEY_MAX + 1], subject[TW_CANARY_TEXT_MAX];
	const struct tw_outbox_message m = { .kind = TW_OUTBOX_MAIL,
		.to = t->plan->to,
		.subject = subject,
		.text = "The service sends this to itself, to know that mail of reporters arrives.\n",
		.key = key,
		.class = TW_OUTBOX_NOTICE };
	int64_t id = 0;

	TW_TRY(tw_canary_send(t->c, t->plan, t->now_ms, &id, subject));
	(void)snprintf(key, sizeof key, "canary-mail-%lld", (long long)id);
	return tw_outbox_add(s, &m, t->now_ms);
}

/* --- It does not come --- */

static const char *seen_of(const struct turn *t)
{
	if (t->plan->seen)
		return t->plan->seen;
	return *t->k->seen ? t->k->seen : "Nothing answered in time.";
}

static tw_err tell_missing(tw_store *s, void *user)
{
	const struct turn *t = user;
	const bool mail = !strcmp(t->plan->channel, TW_WAY_MAIL);
	struct tw_way_alarm a = { .since_ms = t->k->open_ms, .raised_ms = t->now_ms };
	char sent[TW_TIME_TEXT_MAX], text[900];

	(void)snprintf(a.channel, sizeof a.channel, "%s", t->plan->channel);
	(void)snprintf(a.what, sizeof a.what, "%s", TW_WAY_CANARY);
	(void)snprintf(a.seen, sizeof a.seen, "%s", seen_of(t));
	tw_time_text(t->k->open_ms, sent);
	(void)snprintf(text, sizeof text,
		"A test report that the service sent by %s to %.254s at %s has not arrived. Reports of others may be lost as well.\n\n"
		"What was seen: %.250s\n",
		mail ? "mail" : "the form", t->plan->to, sent, a.seen);
	TW_TRY(tw_way_raise(s, &t->plan->receivers, &a, text));
	return tw_event(t->c, "intake.missing", json_pack("{s:s, s:s, s:s}", "channel", t->plan->channel, "sent", sent, "seen", a.seen));
}

static tw_err end_off(tw_store *s, void *user)
{
	const struct turn *t = user;
	struct tw_way_alarm a;

	TW_TRY(tw_way_open(s, t->plan->channel, TW_WAY_CANARY, &a));
	(void)snprintf(a.seen, sizeof a.seen, "%s", "Test reports by this way were switched off.");
	return tw_way_over(s, &t->plan->receivers, &a, t->now_ms);
}

static tw_err watch(const struct turn *t, bool at_once)
{
	const struct tw_canary *k = t->k;
	struct tw_way_alarm a;
	struct turn copy = *t;

	TW_TRY(tw_way_open(t->c->store, t->plan->channel, TW_WAY_CANARY, &a));
	if (!t->plan->every_ms || !*t->plan->to)
		return a.id ? tw_store_transaction(t->c->store, end_off, &copy) : TW_OK;
	if (!k->open_ms || (t->now_ms - k->open_ms < TW_CANARY_WAIT_MS && !at_once))
		return TW_OK;
	if (!a.id)
		return tw_store_transaction(t->c->store, tell_missing, &copy);
	return strcmp(a.seen, seen_of(t)) != 0 ? tw_way_seen(t->c->store, a.id, seen_of(t)) : TW_OK;
}

tw_err tw_canary_watch(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms, bool at_once)
{
	struct tw_canary k;

	TW_TRY(tw_canary_read(c->store, plan->channel, &k));
	return watch(&(struct turn){ c, plan, &k, now_ms }, at_once);
}

tw_err tw_canary_turn(struct tw_context *c, const struct tw_canary_plan *plan, int64_t now_ms)
{
	struct tw_canary k;
	struct turn t = { c, plan, &k, now_ms };

	TW_TRY(tw_canary_read(c->store, plan->channel, &k));
	TW_TRY(watch(&t, false));
	return tw_canary_wait_ms(&k, plan, now_ms) == 0 ? tw_store_transaction(c->store, send_mail, &t) : TW_OK;
}

tw_err tw_canary_forget(struct tw_store *s, int64_t now_ms)
{
	return tw_store_run(s, tw_sql_intake_canary_forget, &TW_V_INT(now_ms - TW_CANARY_KEPT_MS), 1, NULL, NULL);
}

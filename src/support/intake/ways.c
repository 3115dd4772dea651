/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/ways.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/outbox/outbox.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

/* Printable, of one line, and no longer than is kept. */
static void put_seen(const char *from, char ret[TW_WAY_SEEN_MAX + 1])
{
	(void)snprintf(ret, TW_WAY_SEEN_MAX + 1, "%s", from);
	(void)tw_text_mend(ret, strlen(ret));
}

struct listing {
	tw_err (*visit)(void *user, const struct tw_way_alarm *a);
	void *user;
};

static tw_err take_alarm(void *user, const tw_row *row)
{
	const struct listing *l = user;
	struct tw_way_alarm a = {
		.id = tw_row_int(row, 0), .since_ms = tw_row_int(row, 3), .raised_ms = tw_row_int(row, 4), .over_ms = tw_row_int(row, 5)
	};

	(void)snprintf(a.channel, sizeof a.channel, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 1)));
	(void)snprintf(a.what, sizeof a.what, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 2)));
	(void)snprintf(a.seen, sizeof a.seen, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 6)));
	(void)snprintf(a.late, sizeof a.late, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 7)));
	return l->visit(l->user, &a);
}

static tw_err keep(void *user, const struct tw_way_alarm *a)
{
	*(struct tw_way_alarm *)user = *a;
	return TW_OK;
}

tw_err tw_way_open(struct tw_store *s, const char *channel, const char *what, struct tw_way_alarm *ret)
{
	const struct tw_value v[] = { TW_V_TEXT(channel), TW_V_TEXT(what) };
	struct listing l = { keep, ret };

	*ret = (struct tw_way_alarm){ .id = 0 };
	return tw_store_run(s, tw_sql_intake_alarm_open_of, v, TW_COUNT(v), take_alarm, &l);
}

/* Of what and by which way an alarm may be, in the order in which open ones are shown, and what mail of it is called. */
static const struct kind {
	const char *channel, *what, *raised, *over;
} kinds[] = {
	{ TW_WAY_MAIL, TW_WAY_CANARY, "Reports by mail do not arrive", "Reports by mail arrive again" },
	{ TW_WAY_FORM, TW_WAY_CANARY, "Reports by the form do not arrive", "Reports by the form arrive again" },
	{ TW_WAY_BOTH, TW_WAY_REPORTS, "The room for reports is nearly full", "There is room for reports again" },
	{ TW_WAY_FORM, TW_WAY_BUSY, "Strangers use up what all may send together", "Everybody may send by the form again" },
	{ TW_WAY_MAIL, TW_WAY_ROOM, "The room for files by mail is nearly full", "There is room for files by mail again" },
	{ TW_WAY_FORM, TW_WAY_ROOM, "The room for files by the form is nearly full", "There is room for files by the form again" },
};

static const char *subject_of(const struct tw_way_alarm *a, bool over)
{
	const struct kind *k = kinds;

	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (!strcmp(a->channel, kinds[i].channel) && !strcmp(a->what, kinds[i].what))
			k = &kinds[i];
	return over ? k->over : k->raised;
}

/* Too many wait to be sent: the alarm is raised all the same. */
static tw_err mail_all(struct tw_store *s, const struct tw_way_receivers *to, const struct tw_way_alarm *a, const char *text, int64_t now_ms)
{
	char key[TW_OUTBOX_KEY_MAX + 1];

	for (size_t i = 0; i < to->count; i++) {
		const struct tw_outbox_message m = {
			.kind = TW_OUTBOX_MAIL, .to = to->to[i], .subject = subject_of(a, a->over_ms != 0), .text = text, .key = key, .class = TW_OUTBOX_ALARM
		};

		(void)snprintf(key, sizeof key, "way-%s-%s-%lld-%s-%zu", a->channel, a->what, (long long)a->id,
			a->over_ms ? "over" : "raised", i);
		const tw_err e = tw_outbox_add(s, &m, now_ms);
		if (tw_failed(e) && (!tw_is(e, TW_CODE_LIMIT) || tw_store_fault(s) != TW_STORE_WELL))
			return e;
	}
	return TW_OK;
}

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_way_raise(struct tw_store *s, const struct tw_way_receivers *to, const struct tw_way_alarm *a, const char *text)
{
	struct tw_way_alarm raised = *a;

	put_seen(a->seen, raised.seen);
	const struct tw_value v[] = { TW_V_TEXT(a->channel), TW_V_TEXT(a->what), TW_V_INT(a->since_ms), TW_V_INT(a->raised_ms),
		TW_V_TEXT(raised.seen) };
	TW_TRY(tw_store_run(s, tw_sql_intake_alarm_add, v, TW_COUNT(v), take_id, &raised.id));
	raised.over_ms = 0;
	return mail_all(s, to, &raised, text, a->raised_ms);
}

tw_err tw_way_seen(struct tw_store *s, int64_t id, const char *seen)
{
	char text[TW_WAY_SEEN_MAX + 1];

	put_seen(seen, text);
	const struct tw_value v[] = { TW_V_INT(id), TW_V_TEXT(text) };
	return tw_store_run(s, tw_sql_intake_alarm_seen, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_way_late(struct tw_store *s, int64_t id, const char *late)
{
	const struct tw_value v[] = { TW_V_INT(id), TW_V_TEXT(late) };

	return tw_store_run(s, tw_sql_intake_alarm_late, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_way_over(struct tw_store *s, const struct tw_way_receivers *to, const struct tw_way_alarm *a, int64_t now_ms)
{
	struct tw_way_alarm over = *a;
	char text[TW_WAY_SEEN_MAX + 80], since[TW_TIME_TEXT_MAX];

	over.over_ms = now_ms;
	put_seen(a->seen, over.seen);
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(now_ms), TW_V_TEXT(over.seen) };
	TW_TRY(tw_store_run(s, tw_sql_intake_alarm_over, v, TW_COUNT(v), NULL, NULL));
	tw_time_text(a->since_ms, since);
	(void)snprintf(text, sizeof text, "The alarm since %s is over. %s\n", since, over.seen);
	return mail_all(s, to, &over, text, now_ms);
}

tw_err tw_way_list(struct tw_store *s, int most, tw_err (*visit)(void *user, const struct tw_way_alarm *a), void *user)
{
	struct listing l = { visit, user };
	struct tw_way_alarm a;

	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		TW_TRY(tw_way_open(s, kinds[i].channel, kinds[i].what, &a));
		if (a.id)
			TW_TRY(visit(user, &a));
	}
	return tw_store_run(s, tw_sql_intake_alarms, &TW_V_INT(most), 1, take_alarm, &l);
}

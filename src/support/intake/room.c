/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/room.h"

#include "base/text.h"
#include "support/attachments/attachments.h"
#include "support/query-reception/report.h"

#include <stdio.h>

#define MIB (1024 * 1024)

static const char *const channels[TW_ATTACHMENT_WAYS] = { [TW_ATTACHMENT_FORM] = TW_WAY_FORM, [TW_ATTACHMENT_MAIL] = TW_WAY_MAIL };

struct looking {
	struct tw_context *c;
	const struct tw_way_receivers *to;
	int64_t now_ms, used, share;
	struct tw_way_alarm alarm;
};

static int percent_of(const struct looking *l)
{
	return (int)(l->used * 100 / l->share);
}

static tw_err raise(tw_store *s, void *user)
{
	struct looking *l = user;
	struct tw_way_alarm *a = &l->alarm;
	char text[TW_WAY_SEEN_MAX + 200];

	a->since_ms = a->raised_ms = l->now_ms;
	(void)snprintf(a->seen, sizeof a->seen, "%lld MiB of %lld MiB are used, %d percent.", (long long)(l->used / MIB),
		(long long)(l->share / MIB), percent_of(l));
	(void)snprintf(text, sizeof text,
		"Files that came by %s: %s\n\nWhen all of it is used, reports are taken without their files. Destroy the files of reports that are done.\n",
		l->share == TW_ATTACHMENTS_MAIL ? "mail" : "the form", a->seen);
	TW_TRY(tw_way_raise(s, l->to, a, text));
	return tw_event(l->c, "intake.room", json_pack("{s:s, s:i}", "channel", a->channel, "percent", percent_of(l)));
}

static tw_err end(tw_store *s, void *user)
{
	struct looking *l = user;

	(void)snprintf(l->alarm.seen, sizeof l->alarm.seen, "%d percent are used.", percent_of(l));
	return tw_way_over(s, l->to, &l->alarm, l->now_ms);
}

tw_err tw_room_look(struct tw_context *c, const struct tw_way_receivers *to, int64_t now_ms)
{
	for (enum tw_attachment_way w = TW_ATTACHMENT_FORM; w < TW_ATTACHMENT_WAYS; w++) {
		struct looking l = { .c = c, .to = to, .now_ms = now_ms, .share = tw_attachments_shares[w] };

		TW_TRY(tw_attachments_used(c->store, w, &l.used));
		TW_TRY(tw_way_open(c->store, channels[w], TW_WAY_ROOM, &l.alarm));
		(void)snprintf(l.alarm.channel, sizeof l.alarm.channel, "%s", channels[w]);
		(void)snprintf(l.alarm.what, sizeof l.alarm.what, "%s", TW_WAY_ROOM);
		if (!l.alarm.id && percent_of(&l) >= TW_ROOM_ALARM)
			TW_TRY(tw_store_transaction(c->store, raise, &l));
		else if (l.alarm.id && percent_of(&l) < TW_ROOM_AGAIN)
			TW_TRY(tw_store_transaction(c->store, end, &l));
	}
	return TW_OK;
}

/* --- Reports --- */

static void name_alarm(struct looking *l, const char *channel, const char *what)
{
	(void)snprintf(l->alarm.channel, sizeof l->alarm.channel, "%s", channel);
	(void)snprintf(l->alarm.what, sizeof l->alarm.what, "%s", what);
}

static tw_err raise_reports(tw_store *s, void *user)
{
	struct looking *l = user;
	struct tw_way_alarm *a = &l->alarm;
	char text[TW_WAY_SEEN_MAX + 300];

	a->since_ms = a->raised_ms = l->now_ms;
	(void)snprintf(a->seen, sizeof a->seen, "%lld of %lld reports are there, %d percent.", (long long)l->used,
		(long long)l->share, percent_of(l));
	(void)snprintf(text, sizeof text,
		"%s\n\nBehind the last of them nobody can report anything, by the form or by mail. Look whether strangers fill it, and erase what "
		"nobody needs: report erase, or the pages of reports.\n",
		a->seen);
	TW_TRY(tw_way_raise(s, l->to, a, text));
	return tw_event(l->c, "intake.reports", json_pack("{s:i}", "percent", percent_of(l)));
}

tw_err tw_room_look_at_reports(struct tw_context *c, const struct tw_way_receivers *to, int64_t now_ms)
{
	struct looking l = { .c = c, .to = to, .now_ms = now_ms, .share = TW_REPORTS_MAX };

	TW_TRY(tw_report_count(c->store, &l.used));
	TW_TRY(tw_way_open(c->store, TW_WAY_BOTH, TW_WAY_REPORTS, &l.alarm));
	name_alarm(&l, TW_WAY_BOTH, TW_WAY_REPORTS);
	if (!l.alarm.id && percent_of(&l) >= TW_ROOM_REPORTS_ALARM)
		return tw_store_transaction(c->store, raise_reports, &l);
	return l.alarm.id && percent_of(&l) < TW_ROOM_REPORTS_AGAIN ? tw_store_transaction(c->store, end, &l) : TW_OK;
}

/* --- What strangers may send together --- */

static tw_err raise_busy(tw_store *s, void *user)
{
	struct looking *l = user;
	struct tw_way_alarm *a = &l->alarm;
	char text[TW_WAY_SEEN_MAX + 300], since[TW_TIME_TEXT_MAX];

	a->since_ms = l->now_ms - l->used;
	a->raised_ms = l->now_ms;
	tw_time_text(a->since_ms, since);
	(void)snprintf(a->seen, sizeof a->seen,
		"Since %s what strangers may send together is used up again as soon as it comes back.", since);
	(void)snprintf(text, sizeof text,
		"%s\n\nWhoever else wants to report something by the form is asked to wait (429). Look at what comes, and block its networks before this "
		"server if it is no report of anybody's.\n",
		a->seen);
	TW_TRY(tw_way_raise(s, l->to, a, text));
	return tw_event(l->c, "intake.busy", json_pack("{s:s}", "since", since));
}

static tw_err end_busy(tw_store *s, void *user)
{
	struct looking *l = user;

	(void)snprintf(l->alarm.seen, sizeof l->alarm.seen, "%s", "It came back, or the service was started anew and counts from there.");
	return tw_way_over(s, l->to, &l->alarm, l->now_ms);
}

tw_err tw_room_look_at_sends(struct tw_context *c, const struct tw_way_receivers *to, int64_t used_up_ms, int64_t now_ms)
{
	struct looking l = { .c = c, .to = to, .now_ms = now_ms, .used = used_up_ms };

	TW_TRY(tw_way_open(c->store, TW_WAY_FORM, TW_WAY_BUSY, &l.alarm));
	name_alarm(&l, TW_WAY_FORM, TW_WAY_BUSY);
	if (!l.alarm.id && used_up_ms >= TW_ROOM_BUSY_MS)
		return tw_store_transaction(c->store, raise_busy, &l);
	return l.alarm.id && !used_up_ms ? tw_store_transaction(c->store, end_busy, &l) : TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/collector.h"

#include "base/log.h"
#include "service/errand-line.h"
#include "support/intake/canary.h"
#include "support/intake/intake.h"
#include "support/outbox/sender.h"
#include "sys/parcel.h"

#include <stdio.h>
#include <string.h>

#define START_MS 10000 /* beside the role's own deadline: its start, and a slow machine */
#define HOUR_MS INT64_C(3600000)

enum state { IDLE, STARTING, RUNNING };
struct tw_collector {
	struct tw_app *app;
	enum state state;
	struct tw_collect_job job;
	uint32_t seen_validity, seen; /* what the role was told last to mark */
	struct event *due, *deadline;
	int64_t next_ms, wait_ms; /* of the boot clock: not before; and after the next fault so long */
	unsigned deaths, every_s, canary_h;
	bool looked, known; /* known: whether a canary is sent, and to where */
	char missing[TW_COLLECT_WORDS_MAX + 1], address[TW_MAIL_ADDRESS_MAX + 1];
	uint32_t tag;
};

static int64_t boot_ms(const struct tw_collector *k)
{
	return tw_time_boot_ms(&k->app->time);
}

static void say_missing(struct tw_collector *k, struct tw_slice why)
{
	char before[sizeof k->missing];

	(void)snprintf(before, sizeof before, "%s", k->missing);
	(void)snprintf(k->missing, sizeof k->missing, TW_SLICE_FMT, TW_SLICE_ARG(why));
	if (strcmp(before, k->missing) != 0 && k->missing[0])
		tw_warn("mail of reporters is not taken: %s", k->missing);
}

static void later(struct tw_collector *k)
{
	k->next_ms = boot_ms(k) + k->wait_ms;
	k->wait_ms = k->wait_ms * 2 < TW_COLLECTOR_MOST_MS ? k->wait_ms * 2 : TW_COLLECTOR_MOST_MS;
}

static void over(struct tw_collector *k, bool at_once)
{
	(void)event_del(k->deadline);
	k->state = IDLE;
	tw_errand_finish(k->app->errands, TW_ERRAND_MAIL_IN, at_once);
	tw_collector_due(k->app);
}

/* --- What the role says --- */

/* Whatever came of a look, and when nothing did: that mail is not taken is what it is to find. */
static void canary(struct tw_collector *k)
{
	const struct tw_app *a = k->app;
	const char *sending = tw_sender_missing(a), *taking = tw_collector_missing(a);
	char seen[TW_WAY_SEEN_MAX + 1];
	const struct tw_way_receivers receivers = { a->desk.alarms, a->desk.alarm_count };
	/* Not known: what was sent before is waited for all the same. */
	const struct tw_canary_plan of_before = { TW_WAY_MAIL, "the mailbox", TW_INTAKE_DAY_MS, receivers, seen };
	const struct tw_canary_plan plan = { TW_WAY_MAIL, k->address, (int64_t)k->canary_h * HOUR_MS, receivers, seen };

	(void)snprintf(seen, sizeof seen, "%s%.200s",
		sending          ? "Mail does not go out: "
			: taking ? "Mail is not taken: "
				 : "Mail goes out and is taken, and it was not among it.",
		sending          ? sending
			: taking ? taking
				 : "");
	if (!tw_time_trusted(&a->time) || tw_store_broken(a->context.store))
		return;
	const int64_t now = tw_time_wall_ms(&a->time);
	const tw_err e = k->known ? tw_canary_turn(&k->app->context, &plan, now)
				  : tw_canary_watch(&k->app->context, &of_before, now, false);
	if (tw_failed(e))
		tw_log_err(e, "the test of mail that comes in"); /* no reason to leave a report lying */
}

static tw_err keep(struct tw_collector *k, const struct tw_collected *d, struct tw_slice raw)
{
	struct tw_context *c = &k->app->context;
	const struct tw_intake in = { c, tw_attachments_of(c), k->app->desk.site, tw_time_wall_ms(&k->app->time),
		{ k->app->desk.alarms, k->app->desk.alarm_count } };
	struct tw_intake_done done;

	TW_TRY(tw_intake_take(&in, d, raw, &done));
	k->app->files_changed = k->app->files_changed || done.kept;
	k->app->reports_changed = true;
	k->deaths = 0;
	k->wait_ms = TW_COLLECTOR_FIRST_MS;
	k->next_ms = 0;
	if (done.end == TW_INTAKE_WAIT) {
		say_missing(k, TW_SLICE("too many came today, or no more reports are taken; what is more waits in the mailbox"));
		k->wait_ms = TW_COLLECTOR_MOST_MS;
		later(k);
	} else if (!done.kept && (done.end == TW_INTAKE_REPORT || done.end == TW_INTAKE_ADDED)) {
		tw_warn("a mail of report r%lld is not among its files, which are full; it is in the mailbox", (long long)done.report);
	}
	return TW_OK;
}

static tw_err nothing(struct tw_collector *k, const struct tw_collected *d)
{
	k->next_ms = boot_ms(k) + (int64_t)(d->every_s ? d->every_s : 60) * 1000;
	k->wait_ms = TW_COLLECTOR_FIRST_MS;
	k->deaths = 0; /* those of a message that is gone are not the next one's */
	if (d->validity != k->job.validity || d->uid != k->job.after)
		TW_TRY(tw_intake_looked(k->app->context.store, d->validity, d->uid));
	return TW_OK;
}

static tw_err hear(struct tw_collector *k, const struct tw_collected *d, struct tw_slice raw)
{
	const bool there = d->end == TW_COLLECT_MESSAGE || d->end == TW_COLLECT_NOTHING;

	k->looked = true;
	say_missing(k, there ? TW_SLICE("") : d->words);
	if (d->end == TW_COLLECT_UNCONFIGURED || d->end == TW_COLLECT_WRONG)
		k->next_ms = boot_ms(k) + TW_COLLECTOR_LOOK_MS;
	else if (!there)
		later(k);
	k->known = k->known || d->address.size || d->end == TW_COLLECT_UNCONFIGURED;
	if (d->end == TW_COLLECT_UNCONFIGURED)
		k->address[0] = '\0';
	if (d->address.size) {
		(void)snprintf(k->address, sizeof k->address, TW_SLICE_FMT, TW_SLICE_ARG(d->address));
		k->canary_h = d->canary_h;
	}
	if (there) {
		k->seen_validity = d->validity;
		k->seen = k->job.after;
	}
	canary(k);
	if (!there)
		return TW_OK;
	return d->end == TW_COLLECT_NOTHING ? nothing(k, d) : keep(k, d, raw);
}

static tw_err parse_answer(const struct tw_message *m, struct tw_collected *ret)
{
	TW_TRY(tw_collected_read(m->payload, ret));
	return (ret->size > 0) == (m->fd_count == 1) ? TW_OK : TW_RAISE(SYNTAX, "a message without its bytes, or bytes without a message");
}

static tw_err read_answer(struct tw_collector *k, const struct tw_message *m)
{
	struct tw_collected d;
	struct tw_slice raw = { NULL, 0 };
	tw_err e = parse_answer(m, &d);

	if (tw_failed(e)) { /* the same message would make the same answer: like one that ends the role, it is brought unread in the end */
		k->deaths++;
		say_missing(k, TW_SLICE("The role that takes mail gave an answer that cannot be read."));
		return e;
	}
	if (d.size) {
		const int fd = m->fds[0];

		((struct tw_message *)(uintptr_t)m)->fd_count = 0; /* tw_parcel_open owns it in every case */
		TW_TRY(tw_parcel_open(k->app->sys, fd, d.size, &raw));
	}
	e = hear(k, &d, raw);
	if (d.size)
		tw_parcel_close(k->app->sys, raw);
	return e;
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_collector *k = user;

	if (k->state != RUNNING || m->tag != k->tag)
		return; /* of one that was given up */
	const tw_err e = read_answer(k, m);
	if (tw_failed(e)) {
		tw_log_err(e, "taking a mail; it is tried again");
		later(k);
		canary(k);
	}
	over(k, tw_failed(e));
	tw_sender_due(k->app);
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_collector *k = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	k->state = RUNNING;
	tw_buf_init(&b, k->app->sys, 64);
	tw_err e = tw_collect_job_write(&k->job, &b);
	if (!tw_failed(e))
		e = tw_channel_send(line, TW_COLLECT, ++k->tag, b.data, b.size, NULL, 0);
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED)) {
		later(k);
		over(k, true);
	}
}

/* It may be the next message that ends it. */
static void on_gone(void *user, const char *why)
{
	struct tw_collector *k = user;

	k->deaths += k->state == RUNNING ? 1 : 0;
	say_missing(k, tw_slice_of(why));
	(void)event_del(k->deadline);
	k->state = IDLE;
	later(k);
	canary(k);
	tw_collector_due(k->app);
	tw_sender_due(k->app);
}

static void on_deadline(int fd, short what, void *user)
{
	struct tw_collector *k = user;
	struct tw_app *a = k->app;

	k->deaths++;
	say_missing(k, TW_SLICE("The role that takes mail did not answer in time and was ended."));
	later(k);
	canary(k);
	over(k, true);
	tw_sender_due(a);
	a->errand_settle(a);
}

/* --- What is next --- */

static bool can_take(const struct tw_app *a)
{
	return a->collector && a->collector->state == IDLE && !a->draining && tw_errand_listed(a->errands, TW_ERRAND_MAIL_IN) &&
		!tw_store_broken(a->context.store);
}

static tw_err begin(struct tw_collector *k)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, k };
	const struct timeval t = tw_errand_ms(TW_COLLECT_DEADLINE_S * 1000 + START_MS);

	k->job = (struct tw_collect_job){ .now_ms = tw_time_wall_ms(&k->app->time), .unread = k->deaths >= TW_COLLECTOR_DEATHS };
	TW_TRY(tw_intake_box(k->app->context.store, &k->job.validity, &k->job.after));
	k->job.seen = k->job.after && (k->seen != k->job.after || k->seen_validity != k->job.validity);
	TW_TRY(tw_errand_begin(k->app->errands, TW_ERRAND_MAIL_IN, tw_rows_app_from_mail_in, &user));
	k->state = STARTING;
	(void)event_add(k->deadline, &t);
	return TW_OK;
}

static void on_due(int fd, short what, void *user)
{
	struct tw_collector *k = user;

	if (!can_take(k->app))
		return;
	const tw_err e = begin(k);
	if (tw_failed(e)) {
		tw_log_err(e, "looking for mail");
		later(k);
	}
	k->app->errand_settle(k->app);
}

void tw_collector_due(struct tw_app *a)
{
	if (!can_take(a))
		return;
	const int64_t wait = a->collector->next_ms - boot_ms(a->collector);
	const struct timeval t = tw_errand_ms(wait > 0 ? wait : 0);

	(void)event_add(a->collector->due, &t); /* a timer that is there is set anew */
}

const char *tw_collector_missing(const struct tw_app *a)
{
	if (!a->collector || !tw_errand_listed(a->errands, TW_ERRAND_MAIL_IN))
		return "roles.tab has no line for mail, the role that takes it.";
	if (!a->collector->looked && !a->collector->missing[0])
		return "it was not looked yet whether a mailbox is named";
	return a->collector->missing[0] ? a->collector->missing : NULL;
}

const char *tw_collector_address(const struct tw_app *a)
{
	return a->collector ? a->collector->address : "";
}

bool tw_collector_canary(const struct tw_app *a)
{
	return a->collector && a->collector->address[0] && a->collector->canary_h;
}

tw_err tw_collector_new(struct tw_app *a)
{
	struct tw_collector *k = TW_NEW(a->sys, struct tw_collector);

	if (!k)
		return TW_RAISE(NOMEM, "mail that comes in");
	k->app = a;
	k->wait_ms = TW_COLLECTOR_FIRST_MS;
	a->collector = k;
	k->due = event_new(a->loop, -1, 0, on_due, k);
	k->deadline = event_new(a->loop, -1, 0, on_deadline, k);
	return k->due && k->deadline ? TW_OK : TW_RAISE(NOMEM, "mail that comes in");
}

struct tw_collector *tw_collector_free(struct tw_collector *k)
{
	if (k && k->due)
		event_free(k->due);
	if (k && k->deadline)
		event_free(k->deadline);
	free(k);
	return NULL;
}

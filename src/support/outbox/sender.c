/* SPDX-License-Identifier: Apache-2.0 */
#include "support/outbox/sender.h"

#include "base/log.h"
#include "service/errand-line.h"
#include "support/outbox/queue.h"

#include <stdio.h>
#include <string.h>

#define UNWRITTEN_MS 2000 /* until the store is asked again to take what came of a message; doubling, to TW_OUTBOX_FIRST_MS */
#define START_MS 10000    /* beside the role's own deadline: its start, and a slow machine */

enum state { IDLE, STARTING, RUNNING };
struct tw_sender {
	struct tw_app *app;
	enum state state;
	int64_t number; /* 0: it is only asked whether mail could be sent */
	bool hook;
	struct tw_buf job;
	struct event *due, *deadline;
	int64_t mail_ms, all_ms; /* of the boot clock: not before */
	unsigned failures;       /* of the server, in a row */
	unsigned unwritten;      /* failures of the store, until it has taken what came of a message */
	bool looked;             /* what is configured is known */
	bool unsure;             /* a message may be "sending" in the store that is not: what came of it could not be written */
	char missing[TW_MAIL_WORDS_MAX + 1];
	uint32_t tag;
};

static int64_t boot_ms(const struct tw_sender *s)
{
	return tw_time_boot_ms(&s->app->time);
}

static void idle(struct tw_sender *s)
{
	(void)event_del(s->deadline);
	tw_buf_wipe(&s->job);
	s->state = IDLE;
	s->number = 0;
}

/* What the store does not take now is in it as "sending"; it waits again before anything else is sent, and longer each time. */
static void report(struct tw_sender *s, tw_err e)
{
	int64_t ms = UNWRITTEN_MS;

	if (!tw_failed(e))
		return;
	tw_log_err(e, "writing what came of a message");
	for (unsigned i = 0; i < s->unwritten && ms < TW_OUTBOX_FIRST_MS; i++)
		ms *= 2;
	s->unwritten++;
	s->unsure = true;
	s->all_ms = boot_ms(s) + (ms < TW_OUTBOX_FIRST_MS ? ms : TW_OUTBOX_FIRST_MS);
}

static void say_missing(struct tw_sender *s, struct tw_slice why)
{
	char before[sizeof s->missing];

	(void)snprintf(before, sizeof before, "%s", s->missing);
	(void)snprintf(s->missing, sizeof s->missing, TW_SLICE_FMT, TW_SLICE_ARG(why));
	if (strcmp(before, s->missing) != 0 && s->missing[0])
		tw_warn("mail does not go out: %s", s->missing);
}

static void hold_mail(struct tw_sender *s, enum tw_mail_end end)
{
	if (end == TW_MAIL_UNCONFIGURED || end == TW_MAIL_WRONG) {
		s->mail_ms = boot_ms(s) + TW_SENDER_LOOK_MS;
	} else if (end == TW_MAIL_SERVER) {
		const int64_t ms = tw_outbox_backoff_ms(++s->failures, 127);

		s->mail_ms = boot_ms(s) + (ms < TW_SENDER_HOLD_MAX_MS ? ms : TW_SENDER_HOLD_MAX_MS);
	} else {
		s->failures = 0;
		s->mail_ms = 0;
	}
}

/* done->words are the channel's, or literals. */
static void over(struct tw_sender *s, const struct tw_mail_done *done, bool at_once)
{
	struct tw_context *c = &s->app->context;
	const bool untried = done->end == TW_MAIL_UNCONFIGURED || done->end == TW_MAIL_WRONG;
	const bool asked_only = s->number == 0;
	tw_err e = TW_OK;

	if (!s->hook && (asked_only || done->end != TW_MAIL_LATER)) {
		say_missing(s, done->end == TW_MAIL_SENT || done->end == TW_MAIL_REFUSED ? TW_SLICE("") : done->words);
		hold_mail(s, done->end);
	}
	if (s->hook && untried) /* the same file says which networks a webhook may be in */
		s->all_ms = boot_ms(s) + TW_SENDER_LOOK_MS;
	if (!asked_only) {
		e = untried ? tw_outbox_untried(c->store, s->number) : tw_outbox_end(c, s->number, done, tw_time_wall_ms(c->time));
		s->unwritten = tw_failed(e) ? s->unwritten : 0;
	}
	s->looked = true;
	idle(s);
	tw_errand_finish(s->app->errands, TW_ERRAND_MAIL, at_once);
	report(s, e);
	tw_sender_due(s->app);
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_sender *s = user;
	tw_err e = tw_channel_send(line, TW_MAIL_JOB, ++s->tag, s->job.data, s->job.size, NULL, 0);

	s->state = RUNNING;
	/* A line that is closed is seen as such by whoever reads it. */
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED))
		over(s, &(struct tw_mail_done){ TW_MAIL_LATER, 0, TW_SLICE("The role that sends does not listen.") }, true);
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_sender *s = user;
	struct tw_mail_done done;
	char words[TW_MAIL_WORDS_MAX];

	if (s->state != RUNNING || m->tag != s->tag)
		return; /* of one that was given up */
	if (tw_failed(tw_mail_done_read(m->payload, &done))) {
		over(s, &(struct tw_mail_done){ TW_MAIL_LATER, 0, TW_SLICE("The role that sends answers in a way that makes no sense.") },
			true);
		return;
	}
	memcpy(words, done.words.at, done.words.size); /* the line goes before they are read the last time */
	done.words.at = words;
	over(s, &done, false);
}

/* It may have ended just behind the last byte: what it had waits its time, and is sent again as the same message. */
static void on_gone(void *user, const char *why)
{
	struct tw_sender *s = user;
	const bool started = s->state == RUNNING;

	if (!started) {
		const bool asked_only = s->number == 0;
		tw_err e = asked_only ? TW_OK : tw_outbox_untried(s->app->context.store, s->number);

		say_missing(s, tw_slice_of(why));
		idle(s);
		s->all_ms = boot_ms(s) + TW_OUTBOX_FIRST_MS;
		report(s, e);
		tw_sender_due(s->app);
		return;
	}
	over(s, &(struct tw_mail_done){ TW_MAIL_LATER, 0, TW_SLICE("The role that sends ended before it was done; it may have gone out already.") },
		false);
}

static void on_deadline(int fd, short what, void *user)
{
	struct tw_sender *s = user;
	struct tw_app *a = s->app;

	over(s, &(struct tw_mail_done){ TW_MAIL_LATER, 0, TW_SLICE("The role that sends did not answer in time and was ended.") }, true);
	a->errand_settle(a);
}

/* --- What is next --- */

static tw_err look(struct tw_sender *s)
{
	const struct tw_mail_job check = { .kind = TW_MAIL_CHECK, .now_ms = tw_time_wall_ms(&s->app->time) };

	s->number = 0;
	s->hook = false;
	return tw_mail_job_write(&check, &s->job);
}

static tw_err begin(struct tw_sender *s, int64_t number, bool hook)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, s };
	struct timeval t = tw_errand_ms((hook ? TW_MAIL_HOOK_DEADLINE_S : TW_MAIL_DEADLINE_S) * 1000 + START_MS);

	tw_buf_init(&s->job, s->app->sys, TW_MAIL_JOB_MAX);
	TW_TRY(tw_buf_reserve(&s->job, TW_MAIL_JOB_MAX)); /* one that grows leaves copies of what is in it */
	TW_TRY(number ? tw_outbox_take(s->app->context.store, number, tw_time_wall_ms(&s->app->time), &s->job) : look(s));
	s->number = number;
	s->hook = hook;
	TW_TRY(tw_errand_begin(s->app->errands, TW_ERRAND_MAIL, tw_rows_app_from_mail, &user));
	s->state = STARTING;
	(void)event_add(s->deadline, &t);
	return TW_OK;
}

/* In how long the next of a kind may be sent; -1: none waits. */
static tw_err wait_ms(struct tw_sender *s, enum tw_outbox_kind kind, int64_t *ret_number, int64_t *ret_ms)
{
	const int64_t boot = boot_ms(s), held = kind == TW_OUTBOX_MAIL && s->mail_ms > s->all_ms ? s->mail_ms : s->all_ms;
	int64_t next = 0;

	TW_TRY(tw_outbox_next(s->app->context.store, kind, tw_time_wall_ms(&s->app->time), ret_number, &next));
	*ret_ms = *ret_number == 0 ? -1 : held - boot > next ? held - boot : next;
	return TW_OK;
}

static tw_err find_next(struct tw_sender *s, int64_t *ret_number, bool *ret_hook, int64_t *ret_ms)
{
	int64_t number = 0, ms = -1;

	if (!s->looked || s->unsure) { /* it is looked before anything is sent, so that the status is true from the start */
		*ret_number = 0;
		*ret_hook = false;
		*ret_ms = s->all_ms > boot_ms(s) ? s->all_ms - boot_ms(s) : 0;
		return TW_OK;
	}
	TW_TRY(wait_ms(s, TW_OUTBOX_MAIL, ret_number, ret_ms));
	*ret_hook = false;
	TW_TRY(wait_ms(s, TW_OUTBOX_WEBHOOK, &number, &ms));
	if (ms >= 0 && (*ret_ms < 0 || ms < *ret_ms)) {
		*ret_number = number;
		*ret_hook = true;
		*ret_ms = ms;
	}
	return TW_OK;
}

static bool can_send(const struct tw_app *a)
{
	return a->sender && a->sender->state == IDLE && !a->draining && tw_errand_listed(a->errands, TW_ERRAND_MAIL) &&
		!tw_store_broken(a->context.store);
}

/* Only when nothing is being sent. */
static tw_err recover(struct tw_sender *s)
{
	if (!s->unsure || s->all_ms > boot_ms(s))
		return TW_OK;
	TW_TRY(tw_outbox_recover(s->app->context.store, tw_time_wall_ms(&s->app->time)));
	s->unsure = false;
	return TW_OK;
}

static void on_due(int fd, short what, void *user)
{
	struct tw_sender *s = user;
	int64_t number = 0, ms = -1;
	bool hook = false;

	if (!can_send(s->app))
		return;
	tw_err e = recover(s);
	if (!tw_failed(e))
		e = find_next(s, &number, &hook, &ms);
	if (!tw_failed(e) && ms == 0)
		e = begin(s, number, hook);
	if (tw_failed(e)) {
		idle(s);
		report(s, e);
	}
	s->app->errand_settle(s->app);
}

void tw_sender_due(struct tw_app *a)
{
	int64_t number = 0, ms = -1;
	bool hook = false;

	if (!can_send(a))
		return;
	(void)event_del(a->sender->due);
	tw_err e = find_next(a->sender, &number, &hook, &ms);
	if (tw_failed(e)) {
		tw_log_err(e, "looking what is to be sent");
		ms = TW_OUTBOX_FIRST_MS;
	}
	if (ms < 0)
		return;
	struct timeval t = tw_errand_ms(ms);
	(void)event_add(a->sender->due, &t);
}

void tw_sender_hurry(struct tw_app *a)
{
	if (!a->sender)
		return;
	a->sender->mail_ms = a->sender->all_ms = 0;
	a->sender->failures = 0;
}

const char *tw_sender_missing(const struct tw_app *a)
{
	if (!a->sender || !tw_errand_listed(a->errands, TW_ERRAND_MAIL))
		return "roles.tab has no line for mail, the role that sends.";
	if (!a->sender->looked && !a->sender->missing[0])
		return "it was not looked yet whether a mail server is named";
	return a->sender->missing[0] ? a->sender->missing : NULL;
}

tw_err tw_sender_new(struct tw_app *a)
{
	struct tw_sender *s = TW_NEW(a->sys, struct tw_sender);

	if (!s)
		return TW_RAISE(NOMEM, "the outbox");
	s->app = a;
	a->sender = s;
	tw_buf_init(&s->job, a->sys, TW_MAIL_JOB_MAX);
	s->due = event_new(a->loop, -1, 0, on_due, s);
	s->deadline = event_new(a->loop, -1, 0, on_deadline, s);
	if (!s->due || !s->deadline)
		return TW_RAISE(NOMEM, "the outbox");
	return tw_outbox_recover(a->context.store, tw_time_wall_ms(&a->time));
}

struct tw_sender *tw_sender_free(struct tw_sender *s)
{
	if (s) {
		tw_buf_wipe(&s->job);
		if (s->due)
			event_free(s->due);
		if (s->deadline)
			event_free(s->deadline);
	}
	free(s);
	return NULL;
}

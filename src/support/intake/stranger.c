/* SPDX-License-Identifier: Apache-2.0 */
#include "support/intake/stranger.h"

#include "base/log.h"
#include "service/errand-line.h"
#include "support/mail/mail-wire.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

enum state { IDLE, STARTING, RUNNING };
struct tw_stranger {
	struct tw_app *app;
	enum state state;
	int64_t id;
	char text[TW_CANARY_TEXT_MAX];
	struct event *due, *deadline;
	uint32_t tag;
	bool armed;
};

struct tw_canary_plan tw_stranger_plan(const struct tw_app *a)
{
	return (struct tw_canary_plan){ .channel = TW_WAY_FORM,
		.to = a->desk.site,
		.every_ms = (int64_t)a->desk.canary_h * HOUR_MS,
		.receivers = { a->desk.alarms, a->desk.alarm_count } };
}

const char *tw_stranger_missing(const struct tw_app *a)
{
	if (!a->desk.site[0])
		return "no app/desk.json says the address of this site.";
	if (!a->desk.canary_h)
		return "app/desk.json says no hours for \"canary\".";
	if (!a->stranger || !tw_errand_listed(a->errands, TW_ERRAND_CANARY))
		return "roles.tab has no line for mail, the user of the role that sends it.";
	return NULL;
}

static int64_t now_ms(const struct tw_stranger *k)
{
	return tw_time_wall_ms(&k->app->time);
}

static void wait_for(struct tw_stranger *k, int64_t ms)
{
	const struct timeval t = tw_errand_ms(ms < TW_STRANGER_LOOK_MS ? ms : TW_STRANGER_LOOK_MS);

	(void)event_add(k->due, &t);
}

static tw_err arrived(struct tw_stranger *k, bool *ret)
{
	struct tw_canary now;

	TW_TRY(tw_canary_read(k->app->context.store, TW_WAY_FORM, &now));
	*ret = now.id == k->id && now.arrived_ms;
	return TW_OK;
}

/* sent: the form has shown its receipt. What the store says counts, and not what the form did. */
static tw_err judge(struct tw_stranger *k, bool sent, const char *words)
{
	struct tw_context *c = &k->app->context;
	const struct tw_canary_plan plan = tw_stranger_plan(k->app);
	bool there = false;

	TW_TRY(arrived(k, &there));
	if (sent && !there)
		words = "The form showed a receipt, and the report is not in the store: something else answers at the site's name, or it was lost.";
	TW_TRY(tw_canary_saw(c->store, k->id, words));
	return there ? TW_OK : tw_canary_watch(c, &plan, now_ms(k), sent);
}

static void over(struct tw_stranger *k, bool sent, const char *words, bool at_once)
{
	(void)event_del(k->deadline);
	k->state = IDLE;
	tw_errand_finish(k->app->errands, TW_ERRAND_CANARY, at_once);
	const tw_err e = judge(k, sent, words);
	if (tw_failed(e))
		tw_log_err(e, "the test of the form");
	if (!sent)
		tw_warn("the test of the form: %s", words);
	wait_for(k, TW_CANARY_AGAIN_MS);
}

/* --- What the role says --- */

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_stranger *k = user;
	struct tw_mail_done done;
	char words[TW_MAIL_WORDS_MAX + 1];

	if (k->state != RUNNING || m->tag != k->tag)
		return; /* of one that was given up */
	if (tw_failed(tw_mail_done_read(m->payload, &done))) {
		over(k, false, "The role that sends it answers in a way that makes no sense.", true);
		return;
	}
	(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(done.words)); /* the line goes before they are read the last time */
	over(k, done.end == TW_MAIL_SENT, words, false);
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_stranger *k = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_mail_job job = { .kind = TW_MAIL_FORM,
		.now_ms = now_ms(k),
		.to = tw_slice_of(k->app->desk.site),
		.id = TW_SLICE("canary"),
		.text = tw_slice_of(k->text) };

	k->state = RUNNING;
	tw_buf_init(&b, k->app->sys, TW_MAIL_JOB_MAX);
	tw_err e = tw_mail_job_write(&job, &b);
	if (!tw_failed(e))
		e = tw_channel_send(line, TW_MAIL_JOB, ++k->tag, b.data, b.size, NULL, 0);
	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED)) /* a line that is closed is seen as such by whoever reads it */
		over(k, false, "The role that sends it does not listen.", true);
}

static void on_gone(void *user, const char *why)
{
	struct tw_stranger *k = user;

	(void)event_del(k->deadline);
	k->state = IDLE;
	const tw_err e = judge(k, false, why);
	if (tw_failed(e))
		tw_log_err(e, "the test of the form");
	wait_for(k, TW_CANARY_AGAIN_MS);
}

static void on_deadline(int fd, short what, void *user)
{
	struct tw_stranger *k = user;
	struct tw_app *a = k->app;

	over(k, false, "The site did not answer in time.", true);
	a->errand_settle(a);
}

/* --- What is next --- */

static bool can(const struct tw_app *a)
{
	return a->stranger && a->stranger->state == IDLE && !a->draining && !tw_store_broken(a->context.store);
}

struct sending {
	struct tw_stranger *k;
	const struct tw_canary_plan *plan;
	int64_t now_ms;
};

static tw_err put(tw_store *s, void *user)
{
	const struct sending *d = user;

	return tw_canary_send(&d->k->app->context, d->plan, d->now_ms, &d->k->id, d->k->text);
}

static tw_err begin(struct tw_stranger *k, const struct tw_canary_plan *plan)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, k };
	const struct timeval t = tw_errand_ms(TW_STRANGER_DEADLINE_MS);
	struct sending d = { k, plan, now_ms(k) };

	TW_TRY(tw_store_transaction(k->app->context.store, put, &d));
	TW_TRY(tw_errand_begin(k->app->errands, TW_ERRAND_CANARY, tw_rows_app_from_mail, &user));
	k->state = STARTING;
	(void)event_add(k->deadline, &t);
	return TW_OK;
}

/* *ret_ms: when it is looked again. */
static tw_err look(struct tw_stranger *k, int64_t *ret_ms)
{
	struct tw_app *a = k->app;
	struct tw_canary_plan plan = tw_stranger_plan(a);
	struct tw_canary now;

	if (!tw_time_trusted(&a->time))
		return TW_OK;
	if (tw_stranger_missing(a))
		plan.every_ms = 0;
	TW_TRY(tw_canary_watch(&a->context, &plan, now_ms(k), false));
	TW_TRY(tw_canary_read(a->context.store, TW_WAY_FORM, &now));
	*ret_ms = tw_canary_wait_ms(&now, &plan, now_ms(k));
	return *ret_ms == 0 ? begin(k, &plan) : TW_OK;
}

static void on_due(int fd, short what, void *user)
{
	struct tw_stranger *k = user;
	int64_t ms = TW_STRANGER_LOOK_MS;

	if (!can(k->app))
		return;
	const tw_err e = look(k, &ms);
	if (tw_failed(e))
		tw_log_err(e, "the test of the form; it is tried again");
	if (k->state == IDLE && !tw_stranger_missing(k->app)) /* what is configured is read at the start alone */
		wait_for(k, ms > 0 ? ms : TW_STRANGER_LOOK_MS);
	k->app->errand_settle(k->app);
}

/* The first time at the start; then each look says when the next one is. */
void tw_stranger_due(struct tw_app *a)
{
	if (!can(a) || a->stranger->armed)
		return;
	a->stranger->armed = true;
	wait_for(a->stranger, 0);
}

tw_err tw_stranger_new(struct tw_app *a)
{
	struct tw_stranger *k = TW_NEW(a->sys, struct tw_stranger);

	if (!k)
		return TW_RAISE(NOMEM, "the test of the form");
	k->app = a;
	a->stranger = k;
	k->due = event_new(a->loop, -1, 0, on_due, k);
	k->deadline = event_new(a->loop, -1, 0, on_deadline, k);
	return k->due && k->deadline ? TW_OK : TW_RAISE(NOMEM, "the test of the form");
}

struct tw_stranger *tw_stranger_free(struct tw_stranger *k)
{
	if (k && k->due)
		event_free(k->due);
	if (k && k->deadline)
		event_free(k->deadline);
	free(k);
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/ask.h"

#include "device/platform/core.h"
#include "service/errand-line.h"

#define START_MS 5000  /* beside the question's own deadline, which the role keeps: its start, and a slow machine */
#define LEAVING_MS 100 /* a role that was leaving when it was asked is seen to be gone by then */

struct question {
	struct tw_asking *all;
	uint32_t tag; /* 0: free */
	bool given;   /* the role has it */
	bool again;   /* it was given to a role that was about to leave */
	int64_t given_ms;
	struct tw_buf message; /* it may have a password in it, hidden as the protocol has it */
	struct tw_ask_want want;
	struct event *deadline;
};
struct tw_asking {
	struct tw_core *core;
	struct question of[TW_ASK_AT_ONCE];
	bool begun;       /* the role was asked for */
	tw_channel *line; /* NULL: it is not there yet */
	uint32_t last_tag;
};

static bool idle(const tw_asking *a)
{
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (a->of[i].tag)
			return false;
	return true;
}

static void let_go(tw_asking *a, bool at_once)
{
	if (a->begun)
		tw_errand_finish(a->core->device.errands, TW_ERRAND_ASK, at_once);
	a->begun = false;
	a->line = NULL;
}

/* The role is let go with the last of them. */
static void forget(struct question *q)
{
	(void)event_del(q->deadline);
	tw_buf_wipe(&q->message);
	*q = (struct question){ .all = q->all, .deadline = q->deadline };
	if (idle(q->all))
		let_go(q->all, false);
}

static void end(struct question *q, enum tw_ask_end how)
{
	const struct tw_ask_want want = q->want;

	forget(q);
	if (want.ended)
		want.ended(want.user, how);
}

/* Those that were there when it failed: whoever is told may ask anew. */
static void end_all(tw_asking *a, enum tw_ask_end how)
{
	const uint32_t last = a->last_tag;

	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (a->of[i].tag && a->of[i].tag <= last)
			end(&a->of[i], how);
}

static void give(struct question *q)
{
	tw_asking *a = q->all;
	tw_err e = tw_channel_send(a->line, TW_ASK_ASK, q->tag, q->message.data, q->message.size, NULL, 0);

	q->given = true;
	q->given_ms = tw_time_boot_ms(&a->core->device.time);
	/* A line that is closed is seen as such by whoever reads it; one that is full is not read, and its deadline comes. */
	tw_ignore(e);
}

static void on_here(void *user, tw_channel *line)
{
	tw_asking *a = user;

	a->line = line;
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (a->of[i].tag && !a->of[i].given)
			give(&a->of[i]);
}

static struct question *of_tag(tw_asking *a, uint32_t tag)
{
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++)
		if (tag && a->of[i].tag == tag)
			return &a->of[i];
	return NULL;
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	tw_asking *a = user;
	struct question *q = of_tag(a, m->tag);
	const unsigned how = m->type == TW_ASK_ENDED ? (uint8_t)m->payload.at[0] : 0;

	if (!q || !q->given)
		return; /* to a question that was given up */
	if (m->type == TW_ASK_ENDED) {
		end(q, how >= TW_ASK_SILENT && how < TW_ASK_ENDS ? (enum tw_ask_end)how : TW_ASK_FAILED);
		return;
	}
	if (!q->want.heard || !q->want.heard(q->want.user, m->payload))
		return;
	tw_ignore(tw_channel_send(line, TW_ASK_ENOUGH, m->tag, NULL, 0, NULL, 0)); /* unheard, it waits in vain for a while */
	forget(q);
}

static tw_err ask_for_role(tw_asking *a);

/* A role that was idle may have left just when it was asked: that is nobody's failure, once. */
static void on_gone(void *user, const char *why)
{
	tw_asking *a = user;
	bool left = true;

	a->begun = false;
	a->line = NULL;
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++) {
		struct question *q = &a->of[i];

		if (!q->tag)
			continue;
		left = left && q->given && !q->again && tw_time_boot_ms(&a->core->device.time) - q->given_ms < LEAVING_MS;
		q->again = true;
		q->given = false;
	}
	if (!left || tw_failed(ask_for_role(a)))
		end_all(a, TW_ASK_FAILED);
}

/* What the role should have ended itself. It is not asked any more, nor does it hold what it was asked. */
static void on_deadline(int fd, short what, void *user)
{
	struct question *q = user;
	struct tw_core *c = q->all->core;

	let_go(q->all, true);
	end_all(q->all, TW_ASK_FAILED);
	tw_core_settle(c);
}

static tw_err ask_for_role(tw_asking *a)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, a };

	TW_TRY(tw_errand_begin(a->core->device.errands, TW_ERRAND_ASK, tw_rows_core_from_ask, &user));
	a->begun = true;
	return TW_OK;
}

const char *tw_ask_missing(const struct tw_device *d)
{
	if (!d->errands || !d->asking || !tw_errand_listed(d->errands, TW_ERRAND_ASK))
		return "roles.tab has no line for fetch, which asks others.";
	return NULL;
}

static tw_err keep(struct question *q, const struct tw_ask_want *w)
{
	struct tw_ask_job checked;

	tw_buf_init(&q->message, q->all->core->sys, TW_ASK_MAX);
	TW_TRY(tw_buf_reserve(&q->message, TW_ASK_MAX)); /* one that grows leaves copies of what is in it */
	TW_TRY(tw_ask_job_write(&w->ask, &q->message));
	return tw_ask_job_read(tw_buf_slice(&q->message), &checked); /* what the role would refuse is refused here, with words */
}

static tw_err begin(struct question *q, const struct tw_ask_want *w)
{
	tw_asking *a = q->all;
	struct timeval t = tw_core_ms(w->ask.deadline_ms + START_MS);

	TW_TRY(keep(q, w));
	if (!a->begun)
		TW_TRY(ask_for_role(a));
	if (++a->last_tag == 0)
		a->last_tag = 1;
	q->tag = a->last_tag;
	q->want = *w;
	q->want.ask.packet = (struct tw_slice){ "", 0 };
	(void)event_add(q->deadline, &t);
	if (a->line)
		give(q);
	return TW_OK;
}

tw_err tw_ask_begin(struct tw_device *d, const struct tw_ask_want *w)
{
	tw_asking *a = d->asking;
	size_t i = 0;

	if (tw_ask_missing(d))
		return TW_RAISE(STATE, "%s", tw_ask_missing(d));
	while (i < TW_ASK_AT_ONCE && a->of[i].tag)
		i++;
	if (i == TW_ASK_AT_ONCE)
		return TW_RAISE(LIMIT, "%d questions are under way", TW_ASK_AT_ONCE);
	tw_err e = begin(&a->of[i], w);
	if (tw_failed(e))
		tw_buf_wipe(&a->of[i].message);
	return e;
}

void tw_ask_cancel(struct tw_device *d, const void *user)
{
	for (size_t i = 0; d->asking && i < TW_ASK_AT_ONCE; i++) {
		struct question *q = &d->asking->of[i];

		if (!q->tag || q->want.user != user)
			continue;
		if (d->asking->line)
			tw_ignore(tw_channel_send(d->asking->line, TW_ASK_ENOUGH, q->tag, NULL, 0, NULL, 0));
		forget(q);
	}
}

tw_err tw_asking_new(struct tw_core *c, tw_asking **ret)
{
	tw_asking *a = TW_NEW(c->sys, tw_asking);

	if (!a)
		return TW_RAISE(NOMEM, "asking");
	a->core = c;
	*ret = a;
	for (size_t i = 0; i < TW_ASK_AT_ONCE; i++) {
		a->of[i].all = a;
		a->of[i].deadline = tw_core_watch(c, -1, 0, on_deadline, &a->of[i]);
		if (!a->of[i].deadline)
			return TW_RAISE(NOMEM, "asking");
	}
	return TW_OK;
}

tw_asking *tw_asking_free(tw_asking *a)
{
	for (size_t i = 0; a && i < TW_ASK_AT_ONCE; i++) {
		tw_buf_wipe(&a->of[i].message);
		if (a->of[i].deadline)
			event_free(a->of[i].deadline);
	}
	free(a);
	return NULL;
}

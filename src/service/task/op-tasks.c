/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks over the API. What somebody may not see is answered like what does not exist: an owner sees all, everybody else what he
 * started himself.
 */
#include "service/path/page.h"
#include "service/task/task-inside.h"

#include "base/text.h"

#define UNCONFIRMED_S 30 /* a boot is confirmed within seconds, or by hand */

static bool may_see(const struct tw_subject *s, const struct tw_task *t)
{
	return s->kind == TW_SUBJECT_OWNER || tw_subject_same(s, &t->subject);
}

static tw_err set_time(json_t *j, const char *key, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	return tw_json_set(j, key, json_string(text));
}

static tw_err describe(const struct tw_task *t, json_t *j)
{
	TW_TRY(tw_json_set(j, "task", json_string(t->id)));
	TW_TRY(tw_json_set(j, "operation", json_string(t->operation)));
	TW_TRY(tw_json_set(j, "state", json_string(tw_task_states[t->state])));
	TW_TRY(tw_json_set(j, "started_by", json_string(t->subject.name)));
	TW_TRY(set_time(j, "started", t->started_ms));
	if (t->ended_ms)
		TW_TRY(set_time(j, "ended", t->ended_ms));
	TW_TRY(tw_json_set(j, "done", json_integer((json_int_t)t->done)));
	TW_TRY(tw_json_set(j, "total", json_integer((json_int_t)t->total)));
	TW_TRY(tw_json_set(j, "words", json_string(t->words)));
	return t->result ? tw_json_set(j, "result", json_incref(t->result)) : TW_OK;
}

/* --- Starting one --- */

/* Rows that have the same work done share what it needs: enrolling and renewing are two ways to one. */
static bool same_work(const struct tw_operation_row *row, const struct tw_task *t)
{
	return t->row && t->row->task->begin == row->task->begin;
}

static size_t count_like(const struct tw_context *c, const struct tw_operation_row *row, const struct tw_subject *s)
{
	size_t n = 0;

	for (const struct tw_task *t = c->tasks ? c->tasks->first : NULL; t; t = t->next)
		n += (!row || same_work(row, t)) && (!s || tw_subject_same(s, &t->subject));
	return n;
}

bool tw_task_busy(const struct tw_context *c, const struct tw_operation_row *row)
{
	return count_like(c, row, NULL) >= row->task->at_once;
}

static tw_err refuse_start(const struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_operation_row *row = rq->operation;

	if (!tw_task_storable(c)) {
		rp->retry_after_s = UNCONFIRMED_S;
		return tw_reply_problem(rp, 503, "unconfirmed", "task.unconfirmed", "The device is not confirmed yet",
			"Try again in a moment. If it stays so, the log says what is not well.",
			"Until this start of the device is confirmed, a task could not survive a restart, and none begins.");
	}
	if (tw_task_busy(c, row))
		return tw_reply_problem(rp, 409, "running", "task.running", "It is being done already",
			"Wait for that task, or cancel it.", "No more than %zu of %s may go on at once.", row->task->at_once, row->name);
	if (count_like(c, NULL, &rq->subject) >= TW_TASKS_PER_SUBJECT || count_like(c, NULL, NULL) >= TW_TASKS_MAX)
		return tw_reply_problem(rp, 409, "running", "task.limit", "Too many tasks go on", "Wait for one of them, or cancel it.",
			"No more than %d tasks of one, and %d of all, may go on at once.", TW_TASKS_PER_SUBJECT, TW_TASKS_MAX);
	return TW_OK;
}

static tw_err make(struct tw_context *c, const struct tw_request *rq, struct tw_task **ret)
{
	TW_CLEANUP(tw_task_freep) struct tw_task *t = TW_NEW(c->sys, struct tw_task);
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t id[TW_TASK_ID_SIZE / 2];

	if (!t)
		return TW_RAISE(NOMEM, "a task");
	tw_buf_init(&t->saved, c->sys, TW_TASK_SAVED_MAX);
	tw_buf_init(&hex, c->sys, TW_TASK_ID_SIZE);
	if (c->sys->random(c->sys, id, sizeof id) < 0)
		return TW_RAISE_ERRNO("random bytes");
	TW_TRY(tw_buf_hex(&hex, id, sizeof id));
	(void)snprintf(t->id, sizeof t->id, "%s", tw_buf_cstr(&hex));
	(void)snprintf(t->operation, sizeof t->operation, "%s", rq->operation->name);
	t->row = rq->operation;
	t->subject = rq->subject;
	t->intent = rq->intent;
	t->looked_at = true;
	t->started_ms = tw_time_wall_ms(c->time);
	*ret = TW_STEAL(t);
	return TW_OK;
}

/* The row is written last: what fails before leaves nothing, and from there on the task is there, whatever becomes of the answer. */
tw_err tw_op_task_start(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_task_freep) struct tw_task *t = NULL;

	TW_TRY(refuse_start(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	if (rq->operation->task->prepare)
		TW_TRY(rq->operation->task->prepare(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(make(c, rq, &t));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "task", json_string(t->id)));
	TW_TRY(tw_json_set(rp->body, "state", json_string(tw_task_states[t->state])));
	TW_TRY(tw_task_add(c, t));
	tw_err e = tw_task_insert(c, t);
	if (tw_failed(e)) {
		tw_task_forget(c, t);
		return e;
	}
	(void)snprintf(rp->location, sizeof rp->location, "/api/v1/tasks/%s", t->id);
	rp->status = 202;
	t = NULL; /* the list has it */
	return TW_OK;
}

/* --- Reading --- */

struct listing {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_page page;
};

static tw_err list_one(void *user, struct tw_task *stored)
{
	struct listing *l = user;
	const struct tw_task *now = tw_task_active(l->c, tw_slice_of(stored->id)), *t = now ? now : stored;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char place[TW_TASK_PLACE_SIZE];

	if (!may_see(&l->rq->subject, t) || !tw_page_takes(&l->page))
		return TW_OK;
	j = json_object();
	TW_TRY(describe(t, j));
	tw_task_place(t, place);
	return tw_page_add(&l->page, place, TW_STEAL(j));
}

tw_err tw_op_tasks_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct listing l = { .c = c, .rq = rq };

	TW_TRY(tw_page_begin(c, rq, rp, &l.page));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_task_list(c, l.page.after, list_one, &l);
	if (tw_is(e, TW_CODE_SYNTAX))
		return tw_page_refuse(rp);
	TW_TRY(e);
	return tw_page_end(&l.page, rp);
}

static tw_err no_such(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "task.unknown", "There is no such task",
		"List the tasks to see those there are; results are kept for a week.", "No task of yours has this id.");
}

struct wanted {
	const struct tw_request *rq;
	struct tw_reply *rp;
	bool found;
};

static tw_err show(struct wanted *w, const struct tw_task *t)
{
	if (!may_see(&w->rq->subject, t))
		return TW_OK;
	w->found = true;
	w->rp->body = json_object();
	return describe(t, w->rp->body);
}

static tw_err show_stored(void *user, struct tw_task *t)
{
	return show(user, t);
}

static tw_err find(struct tw_context *c, struct wanted *w)
{
	const struct tw_task *t = tw_task_active(c, w->rq->parameter);

	if (t)
		return show(w, t);
	return tw_task_query(c, TW_TASK_ONE, TW_V_SLICE(w->rq->parameter), show_stored, w);
}

tw_err tw_op_tasks_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct wanted w = { .rq = rq, .rp = rp };

	TW_TRY(find(c, &w));
	return w.found ? TW_OK : no_such(rp);
}

tw_err tw_op_tasks_cancel(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_task *t = tw_task_active(c, rq->parameter);
	struct wanted w = { .rq = rq, .rp = rp };
	char why[96];

	if (t && !t->ended_ms && may_see(&rq->subject, t)) {
		(void)snprintf(why, sizeof why, "Cancelled by %.64s.", rq->subject.name);
		tw_task_finish(c, t, TW_TASK_CANCELLED, why, NULL);
		TW_TRY(find(c, &w));
		return w.found ? TW_OK : no_such(rp);
	}
	TW_TRY(find(c, &w));
	if (!w.found)
		return no_such(rp);
	return tw_reply_problem(rp, 409, "ended", "task.ended", "This task has ended", "Read it to see what came of it.",
		"Only what goes on can be cancelled.");
}

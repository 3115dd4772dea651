/* SPDX-License-Identifier: Apache-2.0 */
#include "service/task/task-inside.h"

#include "base/log.h"
#include "base/text.h"
#include "service/path/path-match.h"
#include "service/sql-service.h"

#define SAVE_MS 2000  /* of work that a restart may have to do again; each saving is a sync */
#define PAUSE_MS 1    /* between two slices: everybody else's turn */
#define RETRY_MS 5000 /* after an end that could not be written: what it needs may hang, and everybody else with it */

struct tw_task *tw_task_free(struct tw_task *t)
{
	if (t) {
		json_decref(t->result);
		tw_buf_done(&t->saved);
	}
	free(t);
	return NULL;
}

struct tw_task *tw_task_active(const struct tw_context *c, struct tw_slice id)
{
	for (struct tw_task *t = c->tasks ? c->tasks->first : NULL; t; t = t->next)
		if (tw_slice_is(id, t->id))
			return t;
	return NULL;
}

tw_err tw_task_add(struct tw_context *c, struct tw_task *t)
{
	struct tw_task **last;

	if (!c->tasks)
		c->tasks = TW_NEW(c->sys, struct tw_tasks);
	if (!c->tasks)
		return TW_RAISE(NOMEM, "the list of tasks");
	last = &c->tasks->first;
	while (*last)
		last = &(*last)->next;
	*last = t;
	t->next = NULL;
	c->tasks->count++;
	return TW_OK;
}

void tw_task_forget(struct tw_context *c, struct tw_task *t)
{
	struct tw_task **at = &c->tasks->first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	c->tasks->count--;
	if (!c->tasks->first) {
		free(c->tasks);
		c->tasks = NULL;
	}
}

static tw_err set_text(json_t *body, const char *key, const char *text)
{
	char whole[TW_DETAIL_MAX];

	if (!text || !*text)
		return TW_OK;
	(void)snprintf(whole, sizeof whole, "%s", text);
	tw_utf8_mend(whole);
	return tw_json_set(body, key, json_string(whole));
}

/* Closes the intent of the start. */
static tw_err record_end(struct tw_context *c, const struct tw_task *t, const char *detail)
{
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();

	if (!t->intent)
		return TW_OK;
	TW_TRY(tw_json_set(body, "intent", json_integer((json_int_t)t->intent)));
	TW_TRY(tw_json_set(body, "result", json_string(tw_task_states[t->state])));
	TW_TRY(tw_json_set(body, "operation", json_string(t->operation)));
	TW_TRY(tw_json_set(body, "task", json_string(t->id)));
	TW_TRY(set_text(body, "subject", t->subject.name));
	if (t->subject.account[0])
		TW_TRY(set_text(body, "account", t->subject.account));
	TW_TRY(set_text(body, "detail", detail && *detail ? detail : t->words));
	TW_TRY(tw_audit_append(c->audit, TW_LOG_OUTCOME, TW_STEAL(body), NULL));
	return tw_audit_commit(c->audit);
}

static void end_work(struct tw_context *c, struct tw_task *t)
{
	if (t->begun)
		t->row->task->end(c, t);
	t->begun = false;
	t->work = NULL;
}

/* Its row says that it has ended; the log may not. */
static void close_task(struct tw_context *c, struct tw_task *t, const char *detail)
{
	tw_err e = record_end(c, t, detail);

	if (tw_failed(e))
		tw_log_err(e, "recording the end of task %s; the next start does it", t->operation);
	tw_task_forget(c, t);
	(void)tw_task_free(t);
}

/* What was kept for it, then the row, then the record: what is cut between them the next start completes. What the store does not
   take is tried again. */
static void write_end(struct tw_context *c, struct tw_task *t, const char *detail)
{
	tw_err e = t->row && t->row->task->ended ? t->row->task->ended(c, t) : TW_OK;

	if (!tw_failed(e))
		e = tw_task_save_end(c, t);
	if (tw_failed(e)) {
		tw_log_err(e, "writing the end of task %s; it is tried again", t->operation);
		t->not_before_ms = tw_time_boot_ms(c->time) + RETRY_MS;
	} else {
		close_task(c, t, detail);
	}
}

void tw_task_finish(struct tw_context *c, struct tw_task *t, enum tw_task_state state, const char *why, const char *detail)
{
	int64_t now = tw_time_wall_ms(c->time);

	end_work(c, t);
	t->state = state;
	t->ended_ms = now > 0 ? now : 1;
	if (why)
		(void)snprintf(t->words, sizeof t->words, "%s", why);
	tw_utf8_mend(t->words);
	write_end(c, t, detail);
}

/* --- Slices --- */

int64_t tw_tasks_due_ms(const struct tw_context *c)
{
	int64_t soonest = INT64_MAX;

	for (const struct tw_task *t = c->tasks ? c->tasks->first : NULL; t; t = t->next) {
		int64_t due = t->not_before_ms ? t->not_before_ms - tw_time_boot_ms(c->time) : PAUSE_MS;

		due = due < PAUSE_MS ? PAUSE_MS : due;
		soonest = due < soonest ? due : soonest;
	}
	return soonest == INT64_MAX ? -1 : soonest;
}

void tw_tasks_wake(struct tw_context *c)
{
	for (struct tw_task *t = c->tasks ? c->tasks->first : NULL; t; t = t->next)
		if (!t->ended_ms)
			t->not_before_ms = 0;
}

/* NULL: whoever started it may still have it done; else the rule that says no. */
static const char *forbidden(struct tw_context *c, struct tw_task *t)
{
	bool known = !c->known || c->known(c, &t->subject); /* first: it says which roles an account has now */
	struct tw_decision d;

	if (tw_failed(tw_path_decide(c, &t->subject, t->row->permission, t->row->when, &d)))
		return "gate.owned";
	if (d.verdict != TW_ALLOW)
		return d.rule;
	return known ? NULL : "gate.anonymous";
}

static void fail(struct tw_context *c, struct tw_task *t, tw_err e)
{
	char detail[TW_DETAIL_MAX];

	(void)snprintf(detail, sizeof detail, "%s: %s", tw_code_name(e.code), tw_err_detail());
	tw_log_err(e, "the task %s", t->operation);
	tw_task_finish(c, t, TW_TASK_FAILED,
		t->why[0] ? t->why : "The failure is on the device's side; the outcome in its log says what it was.", detail);
}

static tw_err work(struct tw_context *c, struct tw_task *t, bool *ret_finished)
{
	int64_t until = tw_time_boot_ms(c->time) + TW_TASK_SLICE_MS;

	if (!t->begun) {
		t->begun = true;
		t->state = TW_TASK_RUNNING;
		t->saved_at_ms = tw_time_boot_ms(c->time);
		TW_TRY(t->row->task->begin(c, t));
	}
	do
		TW_TRY(t->row->task->step(c, t, ret_finished));
	while (!*ret_finished && !t->not_before_ms && tw_time_boot_ms(c->time) < until);
	return TW_OK;
}

/* What could not be saved is saved later, or done again after a restart. */
static void keep_place(struct tw_context *c, struct tw_task *t)
{
	int64_t now = tw_time_boot_ms(c->time);

	if (!t->moved || (!t->not_before_ms && now - t->saved_at_ms < SAVE_MS))
		return;
	tw_err e = tw_task_save(c, t);
	if (tw_failed(e))
		tw_log_err(e, "saving how far task %s is", t->operation);
	t->moved = false;
	t->saved_at_ms = now;
}

/* The one whose turn it was goes behind the others. */
static void rotate(struct tw_context *c)
{
	struct tw_task *t = c->tasks->first, **last = &c->tasks->first;

	if (!t->next)
		return;
	c->tasks->first = t->next;
	while (*last)
		last = &(*last)->next;
	*last = t;
	t->next = NULL;
}

/* NULL: all wait for something. */
static struct tw_task *next_due(struct tw_context *c)
{
	for (size_t n = c->tasks ? c->tasks->count : 0; n > 0; n--) {
		struct tw_task *t = c->tasks->first;

		rotate(c);
		if (t->not_before_ms <= tw_time_boot_ms(c->time))
			return t;
	}
	return NULL;
}

void tw_tasks_slice(struct tw_context *c)
{
	struct tw_task *t = next_due(c);
	const char *rule;
	char why[96];
	bool finished = false;

	if (!t)
		return;
	t->not_before_ms = 0;
	if (t->ended_ms) {
		write_end(c, t, NULL);
		return;
	}
	rule = forbidden(c, t);
	if (rule) {
		(void)snprintf(why, sizeof why, "Whoever started it may not have it done any more (%s).", rule);
		tw_task_finish(c, t, TW_TASK_CANCELLED, why, NULL);
		return;
	}
	tw_err e = work(c, t, &finished);
	if (tw_failed(e))
		fail(c, t, e);
	else if (finished)
		tw_task_finish(c, t, t->failed ? TW_TASK_FAILED : TW_TASK_DONE, NULL, NULL);
	else
		keep_place(c, t);
}

/* --- Starts --- */

/* c: the visit of a row that is to go on. */
static tw_err take_up(void *user, struct tw_task *t)
{
	struct tw_context *c = user;
	struct tw_task *copy;

	if (tw_task_active(c, tw_slice_of(t->id)))
		return TW_OK;
	copy = TW_NEW(c->sys, struct tw_task);
	if (!copy)
		return TW_RAISE(NOMEM, "a task");
	*copy = *t;
	tw_err e = tw_task_add(c, copy);
	if (tw_failed(e)) {
		free(copy);
		return e;
	}
	t->result = NULL; /* moved */
	tw_buf_init(&t->saved, c->sys, TW_TASK_SAVED_MAX);
	return TW_OK;
}

/* A row that cannot be read is not kept: then the log closes the intent, and tw_tasks_start ends the row without. */
bool tw_tasks_keep(void *context, uint64_t intent)
{
	struct tw_context *c = context;
	size_t before = c->tasks ? c->tasks->count : 0;

	tw_ignore(tw_task_query(c, TW_TASK_OF_INTENT, TW_V_INT((int64_t)intent), take_up, c));
	return c->tasks && c->tasks->count > before;
}

static const struct tw_operation_row *row_of(const struct tw_context *c, const char *name)
{
	const struct tw_operation_row *o = tw_operation_find(c->capabilities, tw_slice_of(name));
	return o && o->task ? o : NULL;
}

/* kept: its intent is open in the log. */
static void resume(struct tw_context *c, struct tw_task *t, bool kept)
{
	bool whole = !tw_audit_fault(c->audit)[0];

	t->looked_at = true;
	t->row = row_of(c, t->operation);
	if (!kept)
		t->intent = 0;
	if (t->ended_ms)
		close_task(c, t, NULL);
	else if (!kept)
		tw_task_finish(c, t, TW_TASK_ABORTED,
			whole ? "Aborted by restart: the log has closed it already." : "Aborted by restart: the log that knew it was set aside.",
			NULL);
	else if (!t->row || !t->row->task->resumable)
		tw_task_finish(c, t, TW_TASK_ABORTED, "Aborted by restart: it cannot go on where it was.", NULL);
}

/* Each is looked at once: what is finished leaves the list. */
static void resume_all(struct tw_context *c, bool kept)
{
	struct tw_task *next;

	for (struct tw_task *t = c->tasks ? c->tasks->first : NULL; t; t = next) {
		next = t->next;
		if (!t->looked_at)
			resume(c, t, kept);
	}
}

tw_err tw_tasks_start(struct tw_context *c)
{
	if (!tw_task_storable(c))
		return TW_OK;
	/* A new log counts from 1 again: numbers of the one that was set aside would name other records in it. */
	if (tw_audit_fault(c->audit)[0])
		TW_TRY(tw_store_run(c->store, tw_sql_task_forget_intents, NULL, 0, NULL, NULL));
	resume_all(c, true);
	TW_TRY(tw_task_query(c, TW_TASK_ACTIVE, (struct tw_value){ 0 }, take_up, c));
	resume_all(c, false);
	return TW_OK;
}

/* --- Ends --- */

void tw_tasks_free(struct tw_context *c)
{
	while (c->tasks) {
		struct tw_task *t = c->tasks->first;

		end_work(c, t);
		tw_task_forget(c, t);
		(void)tw_task_free(t);
	}
}

void tw_tasks_drop(struct tw_context *c, const char *why)
{
	while (c->tasks) {
		struct tw_task *t = c->tasks->first;

		end_work(c, t);
		t->state = t->ended_ms ? t->state : TW_TASK_CANCELLED;
		tw_err e = record_end(c, t, why);
		if (tw_failed(e))
			tw_log_err(e, "recording the end of task %s; the next start closes it", t->operation);
		tw_task_forget(c, t);
		(void)tw_task_free(t);
	}
}

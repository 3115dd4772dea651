/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks as rows of the store. */
#include "service/task/task-inside.h"

#include "base/text.h"
#include "service/sql-service.h"

#define FORMAT 2 /* of the store: the first that has the table */

const char *const tw_task_states[TW_TASK_STATES] = { "waiting", "running", "done", "failed", "cancelled", "aborted" };

/* Who can start a task, and the door he stands at: both are told apart by the gate when it is asked again. */
static const struct {
	const char *word;
	enum tw_subject_kind kind;
	enum tw_door door;
} kinds[] = {
	{ "owner", TW_SUBJECT_OWNER, TW_DOOR_HTTPS },
	{ "local", TW_SUBJECT_LOCAL, TW_DOOR_LOCAL },
	{ "console", TW_SUBJECT_CONSOLE, TW_DOOR_CONSOLE },
	{ "device", TW_SUBJECT_DEVICE, TW_DOOR_INTERNAL },
};

bool tw_task_storable(const struct tw_context *c)
{
	return tw_store_format(c->store) >= FORMAT;
}

static const char *word_of(enum tw_subject_kind kind)
{
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].word;
	return "";
}

static void copy(char *to, size_t size, struct tw_slice from)
{
	size_t n = from.size < size ? from.size : size - 1;

	memcpy(to, from.at, n);
	to[n] = '\0';
}

tw_err tw_task_insert(struct tw_context *c, const struct tw_task *t)
{
	const struct tw_value v[] = { TW_V_TEXT(t->id), TW_V_TEXT(t->operation), TW_V_TEXT(tw_task_states[t->state]),
		TW_V_TEXT(t->subject.name), TW_V_TEXT(word_of(t->subject.kind)), TW_V_INT((int64_t)t->intent),
		TW_V_INT(t->started_ms), TW_V_TEXT(t->subject.account) };

	return tw_store_run(c->store, tw_sql_task_put, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_task_save(struct tw_context *c, const struct tw_task *t)
{
	const struct tw_value v[] = { TW_V_TEXT(t->id), TW_V_TEXT(tw_task_states[t->state]), TW_V_INT((int64_t)t->done),
		TW_V_INT((int64_t)t->total), TW_V_TEXT(t->words), TW_V_BLOB(t->saved.data, t->saved.size) };

	return tw_store_run(c->store, tw_sql_task_save, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_task_save_end(struct tw_context *c, const struct tw_task *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf result = { 0 };

	tw_buf_init(&result, c->sys, TW_TASK_RESULT_MAX);
	if (t->result)
		TW_TRY(tw_json_write(t->result, &result));
	const struct tw_value v[] = { TW_V_TEXT(t->id), TW_V_TEXT(tw_task_states[t->state]), TW_V_INT(t->ended_ms),
		TW_V_INT((int64_t)t->done), TW_V_INT((int64_t)t->total), TW_V_TEXT(t->words),
		t->result ? TW_V_TEXT(tw_buf_cstr(&result)) : (struct tw_value){ .kind = TW_VALUE_NULL } };
	return tw_store_run(c->store, tw_sql_task_end, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_task_remove(struct tw_context *c, const char *id)
{
	const struct tw_value v[] = { TW_V_TEXT(id) };

	return tw_store_run(c->store, tw_sql_task_drop, v, TW_COUNT(v), NULL, NULL);
}

struct reading {
	struct tw_context *c;
	tw_err (*visit)(void *user, struct tw_task *t);
	void *user;
};

static enum tw_task_state state_of(struct tw_slice word)
{
	enum tw_task_state s = TW_TASK_WAITING;

	while (s < TW_TASK_ABORTED && !tw_slice_is(word, tw_task_states[s]))
		s++;
	return s;
}

static void subject_of(struct tw_slice who, struct tw_slice kind, struct tw_subject *ret)
{
	*ret = (struct tw_subject){ .kind = TW_SUBJECT_ANYONE }; /* a word that is none: nobody, and the gate will say so */
	copy(ret->name, sizeof ret->name, who);
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (tw_slice_is(kind, kinds[i].word)) {
			ret->kind = kinds[i].kind;
			ret->door = kinds[i].door;
		}
}

static tw_err take_row(void *user, const tw_row *row)
{
	const struct reading *r = user;
	TW_CLEANUP(tw_task_freep) struct tw_task *t = TW_NEW(r->c->sys, struct tw_task);
	struct tw_slice saved = tw_row_bytes(row, 12);

	if (!t)
		return TW_RAISE(NOMEM, "a task");
	tw_buf_init(&t->saved, r->c->sys, TW_TASK_SAVED_MAX);
	copy(t->id, sizeof t->id, tw_row_bytes(row, 0));
	copy(t->operation, sizeof t->operation, tw_row_bytes(row, 1));
	t->state = state_of(tw_row_bytes(row, 2));
	subject_of(tw_row_bytes(row, 3), tw_row_bytes(row, 4), &t->subject);
	t->intent = (uint64_t)tw_row_int(row, 5);
	t->started_ms = tw_row_int(row, 6);
	t->ended_ms = tw_row_int(row, 7);
	t->done = (uint64_t)tw_row_int(row, 8);
	t->total = (uint64_t)tw_row_int(row, 9);
	copy(t->words, sizeof t->words, tw_row_bytes(row, 10));
	copy(t->subject.account, sizeof t->subject.account, tw_row_bytes(row, 13));
	if (!tw_row_null(row, 11))
		TW_TRY(tw_json_parse(tw_row_bytes(row, 11), TW_TASK_RESULT_MAX, &t->result));
	if (saved.size)
		TW_TRY(tw_buf_add(&t->saved, saved.at, saved.size));
	return r->visit(r->user, t);
}

tw_err tw_task_query(struct tw_context *c, enum tw_task_query q, struct tw_value value,
	tw_err (*visit)(void *user, struct tw_task *t), void *user)
{
	const char *const statements[] = {
		[TW_TASK_ONE] = tw_sql_task_one,
		[TW_TASK_ACTIVE] = tw_sql_task_active,
		[TW_TASK_OF_INTENT] = tw_sql_task_of_intent,
	};
	struct reading r = { c, visit, user };

	if (!tw_task_storable(c))
		return TW_OK;
	return tw_store_run(c->store, statements[q], &value, q == TW_TASK_ACTIVE ? 0 : 1, take_row, &r);
}

void tw_task_place(const struct tw_task *t, char ret[TW_TASK_PLACE_SIZE])
{
	(void)snprintf(ret, TW_TASK_PLACE_SIZE, "%lld.%s", (long long)t->started_ms, t->id);
}

tw_err tw_task_list(struct tw_context *c, const char *after, tw_err (*visit)(void *user, struct tw_task *t), void *user)
{
	struct reading r = { c, visit, user };
	const char *dot = strchr(after, '.');
	uint64_t started = INT64_MAX;

	if (*after && (!dot || tw_failed(tw_parse_u64((struct tw_slice){ after, (size_t)(dot - after) }, INT64_MAX, &started))))
		return TW_RAISE(SYNTAX, "no place in the list of tasks");
	if (!tw_task_storable(c))
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT((int64_t)started), TW_V_TEXT(dot ? dot + 1 : "") };
	return tw_store_run(c->store, tw_sql_task_all, v, TW_COUNT(v), take_row, &r);
}

tw_err tw_tasks_purge(struct tw_context *c)
{
	return tw_task_storable(c) ? tw_store_run(c->store, tw_sql_task_drop_all, NULL, 0, NULL, NULL) : TW_OK;
}

/* An end that the log could not take is recorded by the next start, which needs the row. */
tw_err tw_tasks_job_prune(struct tw_context *c)
{
	const struct tw_value v[] = { TW_V_INT(tw_time_wall_ms(c->time) - TW_TASKS_KEPT_MS), TW_V_INT(TW_TASKS_KEPT) };

	if (!tw_task_storable(c) || tw_audit_broken(c->audit)[0])
		return TW_OK;
	return tw_store_run(c->store, tw_sql_task_prune, v, TW_COUNT(v), NULL, NULL);
}

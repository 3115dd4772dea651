/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks from start to end: their states, who may, restarts, and what a fault or a power cut at any moment leaves behind. */
#include "service/task/task.h"

#include "service/path/test-one-context.h"
#include "sys/durable.h"

#include <errno.h>

#define STEPS 6
#define PIECE_MS 3000 /* longer than what is between two savings: every piece is saved */

static int64_t now_ms;
static bool owner_known, endings_fail;
static unsigned steps_taken, works, endings; /* works: begun and not ended */

struct counting {
	uint8_t at;
};

static void pass(int64_t ms)
{
	now_ms += ms;
	tw_fake_clock(fake, true, 1900000000000 + now_ms, now_ms);
}

static tw_err begin(struct tw_context *c, struct tw_task *task)
{
	struct counting *w = TW_NEW(c->sys, struct counting);
	if (!w)
		return TW_RAISE(NOMEM, "counting");
	w->at = task->saved.size ? (uint8_t)task->saved.data[0] : 0;
	task->total = STEPS;
	task->work = w;
	works++;
	return TW_OK;
}

static tw_err step(struct tw_context *c, struct tw_task *task, bool *ret_finished)
{
	struct counting *w = task->work;
	pass(PIECE_MS);
	steps_taken++;
	w->at++;
	task->done = w->at;
	snprintf(task->words, sizeof task->words, "%u", w->at);
	tw_buf_clear(&task->saved);
	TW_TRY(tw_buf_u8(&task->saved, w->at));
	task->moved = true;
	*ret_finished = w->at == STEPS;
	if (!*ret_finished)
		return TW_OK;
	task->result = json_pack("{s:i}", "counted", w->at);
	return task->result ? TW_OK : TW_RAISE(NOMEM, "result");
}

static tw_err step_badly(struct tw_context *c, struct tw_task *task, bool *ret_finished)
{
	return TW_RAISE(IO, "secret place");
}

static void end(struct tw_context *c, struct tw_task *task)
{
	works -= task->work != NULL;
	free(task->work);
}

static tw_err ended(struct tw_context *c, struct tw_task *task)
{
	CHECK(task->ended_ms && task->state > TW_TASK_RUNNING && !task->work);
	endings++;
	return endings_fail ? TW_RAISE(IO, "a disk") : TW_OK;
}

static tw_err begin_forgetful(struct tw_context *c, struct tw_task *task)
{
	return begin(c, task);
}

static tw_err begin_failing(struct tw_context *c, struct tw_task *task)
{
	return begin(c, task);
}

#define COUNTING                                                                                          \
	{                                                                                                 \
		.resumable = true, .at_once = 2, .begin = begin, .step = step, .end = end, .ended = ended \
	}
static const struct tw_task_kind counting = COUNTING, counting_too = COUNTING;
static const struct tw_task_kind forgetful = { .at_once = 9, .begin = begin_forgetful, .step = step, .end = end, .ended = ended };
static const struct tw_task_kind failing = { .at_once = 1, .begin = begin_failing, .step = step_badly, .end = end, .ended = ended };
#define ROW(name, permission, kind)                                                                                              \
	{                                                                                                                        \
		name, "POST", "/api/v1/" name, permission, TW_WHEN_OWNED, TW_AUDIT_CHANGE, NULL, tw_op_task_start, "", "", NULL, \
			NULL, 0, kind                                                                                            \
	}
static const struct tw_shape pages[] = { { "limit", TW_JSON_INT, false, 1, 100 }, { "cursor", TW_JSON_TEXT, false, 1, 160 },
	{ .key = NULL } };
static const struct tw_operation_row operations[] = {
	ROW("count", "p.both", &counting),
	ROW("count-too", "p.both", &counting_too),
	ROW("forget", "p.both", &forgetful),
	ROW("fail", "p.both", &failing),
	{ "tasks.list", "GET", "/api/v1/tasks", "p.both", TW_WHEN_OWNED, TW_AUDIT_READ, NULL, tw_op_tasks_list, "", "", pages,
		"tasks", 20, NULL },
	{ "tasks.read", "GET", "/api/v1/tasks/{id}", "p.both", TW_WHEN_OWNED, TW_AUDIT_READ, NULL, tw_op_tasks_read, "", "", NULL },
	{ "tasks.cancel", "DELETE", "/api/v1/tasks/{id}", "p.both", TW_WHEN_OWNED, TW_AUDIT_CHANGE, NULL, tw_op_tasks_cancel, "", "", NULL },
	{ .name = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .operations = operations };
static const struct tw_capability *const capabilities[] = { &capability, NULL };
static const struct tw_grant_row grants[] = { { "p.both", 1u << TW_SUBJECT_OWNER | 1u << TW_SUBJECT_LOCAL }, { .permission = NULL } };

static bool known(struct tw_context *c, struct tw_subject *s)
{
	return s->kind != TW_SUBJECT_OWNER || owner_known;
}

static tw_err open_with(const struct tw_sys *sys, int fd)
{
	t.owned = true;
	t.c.known = known;
	return test_context_open(&t, sys, fd, capabilities, grants);
}

static int set_up(void **state)
{
	dir = test_dir_new();
	fake = tw_fake_new();
	now_ms = steps_taken = works = endings = 0;
	owner_known = true;
	endings_fail = false;
	t = (struct test_context){ .owned = true };
	pass(1000);
	return tw_failed(open_with(tw_fake_sys(fake), dir.fd)) ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)tear_down_context(state);
	CHECK_INT(works, 0);
	return 0;
}

static void restart(void)
{
	test_context_close(&t);
	CHECK_OK(open_with(tw_fake_sys(fake), dir.fd));
}

static int walk(const struct tw_subject *who, const char *line, json_t **ret)
{
	char text[512];
	struct tw_http_head head;
	struct tw_http_fault fault;
	struct tw_path_reply reply;
	struct tw_buf body;
	snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n\r\n", line);
	CHECK_OK(tw_http_parse(tw_slice_of(text), &head, &fault));
	struct tw_request rq = { .subject = *who, .head = &head };
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	tw_path_walk(&t.c, &rq, &body, &reply);
	json_decref(*ret);
	*ret = NULL;
	if (body.size)
		CHECK_OK(tw_json_parse(tw_buf_slice(&body), 1 << 20, ret));
	tw_buf_done(&body);
	return reply.status;
}

static const struct tw_subject alice = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_OWNER, .name = "owner:alice" };
static const struct tw_subject bob = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_OWNER, .name = "owner:bob" };
static const struct tw_subject root = { .door = TW_DOOR_LOCAL, .kind = TW_SUBJECT_LOCAL, .name = "uid:0" };
static const struct tw_subject other = { .door = TW_DOOR_LOCAL, .kind = TW_SUBJECT_LOCAL, .name = "uid:1" };

static void start(const struct tw_subject *who, const char *what, char ret_id[40])
{
	char line[64];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	snprintf(line, sizeof line, "POST /api/v1/%s", what);
	CHECK_INT(walk(who, line, &j), 202);
	CHECK_TEXT(tw_json_text(j, "state"), "waiting");
	snprintf(ret_id, 40, "%s", tw_json_text(j, "task"));
	CHECK_INT(strlen(ret_id), TW_TASK_ID_SIZE);
}

static int about(const struct tw_subject *who, const char *method, const char *id, json_t **ret)
{
	char line[96];
	snprintf(line, sizeof line, "%s /api/v1/tasks/%s", method, id);
	return walk(who, line, ret);
}

static void check_state(const char *id, const char *want)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_INT(about(&alice, "GET", id, &j), 200);
	CHECK_TEXT(tw_json_text(j, "state"), want);
}

static void run_all(void)
{
	for (int i = 0; tw_tasks_due_ms(&t.c) >= 0; i++) {
		CHECK(i < 1000);
		if (tw_tasks_due_ms(&t.c) > 1)
			pass(tw_tasks_due_ms(&t.c));
		tw_tasks_slice(&t.c);
	}
}

/* The whole log through the verifier; how many outcomes a task has left, by result. */
struct told {
	unsigned outcomes;
	char result[16];
};

static void note(void *user, const struct tw_log_header *h, const struct tw_log_record *r)
{
	struct told *told = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(r->body, TW_LOG_BODY_MAX, &j));
	if (r->type == TW_LOG_OUTCOME && *tw_json_text(j, "task")) {
		told->outcomes++;
		snprintf(told->result, sizeof told->result, "%s", tw_json_text(j, "result"));
	}
}

static void verify(int fd, struct told *told, uint64_t open_intents)
{
	TW_CLEANUP(tw_log_verifier_freep) tw_log_verifier *v = NULL;
	const struct tw_log_verify how = { .device = t.key, .record = note, .user = told };
	struct tw_log_report r;
	char name[32];
	uint64_t seq = 0, written = 0;
	*told = (struct told){ 0 };
	CHECK_OK(tw_audit_commit(t.c.audit));
	CHECK_OK(tw_log_verifier_new(tw_sys_real(), &how, &v));
	for (size_t i = 0; tw_audit_segment(t.c.audit, i, name, &seq, &written); i++) {
		struct tw_buf b;
		tw_buf_init(&b, tw_sys_real(), 1 << 24);
		CHECK_OK(tw_durable_read(tw_sys_real(), fd, name, 1 << 24, &b));
		CHECK_OK(tw_log_verifier_segment(v, tw_buf_slice(&b), name));
		tw_buf_done(&b);
	}
	CHECK_OK(tw_log_verifier_end(v));
	tw_log_verifier_report(v, &r);
	CHECK_INT(r.open_intents, open_intents);
}

static void test_from_start_to_end(void **state)
{
	char id[40];
	struct told told;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_INT(tw_tasks_due_ms(&t.c), -1);
	start(&alice, "count", id);
	CHECK(tw_tasks_due_ms(&t.c) >= 0);
	verify(dir.fd, &told, 1); /* the intent waits for its end */
	CHECK_INT(told.outcomes, 0);
	tw_tasks_slice(&t.c);
	check_state(id, "running");
	run_all();
	CHECK_INT(steps_taken, STEPS);
	CHECK(!t.c.tasks);
	CHECK_INT(about(&alice, "GET", id, &j), 200);
	CHECK_TEXT(tw_json_text(j, "state"), "done");
	CHECK_INT(tw_json_int(j, "done"), STEPS);
	CHECK_INT(tw_json_int(tw_json_get(j, "result"), "counted"), STEPS);
	CHECK(*tw_json_text(j, "ended"));
	verify(dir.fd, &told, 0);
	CHECK_INT(told.outcomes, 1);
	CHECK_TEXT(told.result, "done");
	restart();
	check_state(id, "done");
}

static void test_a_slice_ends(void **state)
{
	char id[40];
	start(&alice, "count", id);
	tw_tasks_slice(&t.c);
	CHECK_INT(steps_taken, 1); /* a piece took longer than a slice may */
	CHECK_OK(tw_audit_commit(t.c.audit));
	run_all();
}

static void test_cancelled(void **state)
{
	char id[40];
	struct told told;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	for (int begun = 0; begun < 2; begun++) {
		start(&alice, "count", id);
		if (begun)
			tw_tasks_slice(&t.c);
		CHECK_INT(about(&alice, "DELETE", id, &j), 200);
		CHECK_TEXT(tw_json_text(j, "state"), "cancelled");
		CHECK_INT(works, 0);
		CHECK_INT(tw_tasks_due_ms(&t.c), -1);
		CHECK_INT(about(&alice, "DELETE", id, &j), 409);
		CHECK_TEXT(tw_json_text(j, "rule"), "task.ended");
	}
	verify(dir.fd, &told, 0);
	CHECK_INT(told.outcomes, 2);
	CHECK_TEXT(told.result, "cancelled");
}

/* What was kept for it goes when it has ended, however it did; a stop ends none, and what fails is tried again. */
static void test_its_end_is_told(void **state)
{
	char id[40];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	start(&alice, "count", id);
	restart();
	CHECK_INT(endings, 0);
	CHECK_INT(about(&alice, "DELETE", id, &j), 200);
	CHECK_INT(endings, 1); /* it had not begun since the restart */
	start(&alice, "count", id);
	run_all();
	CHECK_INT(endings, 2);
	start(&alice, "fail", id);
	run_all();
	CHECK_INT(endings, 3);
	start(&alice, "forget", id);
	restart();
	CHECK_INT(endings, 4); /* it was aborted */
	start(&alice, "count", id);
	endings_fail = true;
	CHECK_INT(about(&alice, "DELETE", id, &j), 200);
	CHECK(t.c.tasks);
	endings_fail = false;
	run_all();
	CHECK_INT(endings, 6);
	check_state(id, "cancelled");
	restart();
	CHECK_INT(endings, 6);
}

/* What it needs may hang, so neither another's slices nor what wakes those that wait have it tried sooner. */
static void test_an_end_that_fails_rests(void **state)
{
	char id[40], other_id[40];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	start(&alice, "count", id);
	endings_fail = true;
	CHECK_INT(about(&alice, "DELETE", id, &j), 200);
	CHECK_INT(endings, 1);
	CHECK_INT(tw_tasks_due_ms(&t.c), 5000);
	start(&bob, "count-too", other_id);
	CHECK_INT(tw_tasks_due_ms(&t.c), 1);
	for (unsigned i = 1; i <= 2; i++) { /* of 3 s each */
		tw_tasks_wake(&t.c);
		tw_tasks_slice(&t.c);
		CHECK_INT(steps_taken, i);
		CHECK_INT(endings, 1);
	}
	tw_tasks_slice(&t.c);
	CHECK_INT(steps_taken, 2);
	CHECK_INT(endings, 2);
	tw_tasks_slice(&t.c);
	CHECK_INT(steps_taken, 3);
	CHECK_INT(endings, 2);
	endings_fail = false;
	run_all();
	CHECK_INT(endings, 4);
	check_state(id, "cancelled");
	check_state(other_id, "done");
}

static void test_a_failure_is_ours_alone(void **state)
{
	char id[40];
	struct told told;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	start(&alice, "fail", id);
	run_all();
	CHECK_INT(about(&alice, "GET", id, &j), 200);
	CHECK_TEXT(tw_json_text(j, "state"), "failed");
	CHECK(!strstr(tw_json_text(j, "words"), "secret"));
	verify(dir.fd, &told, 0);
	CHECK_TEXT(told.result, "failed");
}

static void test_bounds(void **state)
{
	char id[40];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct told told;
	start(&alice, "count", id);
	start(&bob, "count-too", id);
	CHECK_INT(walk(&root, "POST /api/v1/count", &j), 409); /* two of this work, whichever way it was asked for */
	CHECK_TEXT(tw_json_text(j, "rule"), "task.running");
	CHECK_INT(walk(&root, "POST /api/v1/count-too", &j), 409);
	CHECK_TEXT(tw_json_text(j, "rule"), "task.running");
	for (int i = 0; i < 3; i++)
		start(&alice, "forget", id);
	CHECK_INT(walk(&alice, "POST /api/v1/forget", &j), 409); /* four of one */
	CHECK_TEXT(tw_json_text(j, "rule"), "task.limit");
	for (int i = 0; i < 3; i++)
		start(&root, "forget", id);
	CHECK_INT(walk(&other, "POST /api/v1/forget", &j), 409); /* eight in all */
	CHECK_TEXT(tw_json_text(j, "rule"), "task.limit");
	verify(dir.fd, &told, 8); /* what was refused left no open intent */
	run_all();
	verify(dir.fd, &told, 0);
	CHECK_INT(told.outcomes, 8);
	start(&other, "forget", id);
	run_all();
}

static void test_who_sees_what(void **state)
{
	char id[40], line[300];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	start(&root, "count", id);
	CHECK_INT(about(&root, "GET", id, &j), 200);
	CHECK_INT(about(&bob, "GET", id, &j), 200); /* an owner sees all */
	CHECK_INT(about(&other, "GET", id, &j), 404);
	CHECK_TEXT(tw_json_text(j, "rule"), "task.unknown");
	CHECK_INT(about(&other, "DELETE", id, &j), 404);
	CHECK_INT(about(&other, "GET", "00000000000000000000000000000000", &j), 404);
	CHECK_INT(walk(&other, "GET /api/v1/tasks", &j), 200);
	CHECK_INT(json_array_size(tw_json_get(j, "tasks")), 0);
	for (int i = 0; i < 4; i++) {
		start(&other, "forget", id);
		run_all();
	}
	CHECK_INT(about(&root, "GET", id, &j), 404);
	CHECK_INT(walk(&other, "GET /api/v1/tasks?limit=3", &j), 200);
	CHECK_INT(json_array_size(tw_json_get(j, "tasks")), 3);
	snprintf(line, sizeof line, "GET /api/v1/tasks?limit=3&cursor=%s", tw_json_text(j, "next"));
	CHECK_INT(walk(&other, line, &j), 200);
	CHECK_INT(json_array_size(tw_json_get(j, "tasks")), 1);
	CHECK(!*tw_json_text(j, "next"));
	CHECK_INT(walk(&alice, "GET /api/v1/tasks", &j), 200);
	CHECK_INT(json_array_size(tw_json_get(j, "tasks")), 5);
}

/* By its id an account is told from others, whatever it is called by then; the store has it too. */
static void test_an_account_that_was_renamed(void **state)
{
	const struct tw_subject before = { .door = TW_DOOR_LOCAL, .kind = TW_SUBJECT_LOCAL, .name = "account:bob", .account = "a7" };
	struct tw_subject after = before, namesake = before;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char id[40];

	snprintf(after.name, sizeof after.name, "account:robert");
	snprintf(namesake.account, sizeof namesake.account, "a8");
	start(&before, "count", id);
	CHECK_INT(about(&after, "GET", id, &j), 200);
	CHECK_INT(about(&namesake, "GET", id, &j), 404);
	run_all(); /* it has ended, and is read from the store */
	CHECK_INT(about(&after, "GET", id, &j), 200);
	CHECK_INT(about(&namesake, "GET", id, &j), 404);
	CHECK_INT(walk(&namesake, "GET /api/v1/tasks", &j), 200);
	CHECK_INT(json_array_size(tw_json_get(j, "tasks")), 0);
}

/* Whoever started it lost the right to it. */
static void test_the_gate_is_asked_again(void **state)
{
	char id[40];
	for (int why = 0; why < 2; why++) {
		start(&alice, "count", id);
		tw_tasks_slice(&t.c);
		unsigned before = steps_taken;
		t.owned = why != 0;
		owner_known = why != 1;
		tw_tasks_slice(&t.c);
		CHECK_INT(steps_taken, before);
		t.owned = owner_known = true;
		check_state(id, "cancelled");
	}
}

static void test_ownership_ends(void **state)
{
	char id[40];
	struct told told;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	start(&alice, "count", id);
	tw_tasks_slice(&t.c);
	CHECK_OK(tw_tasks_purge(&t.c));
	tw_tasks_drop(&t.c, "ownership has ended");
	CHECK_INT(about(&alice, "GET", id, &j), 404);
	verify(dir.fd, &told, 0);
	CHECK_TEXT(told.result, "cancelled");
}

static void test_restart_goes_on(void **state)
{
	char id[40];
	struct told told;
	start(&alice, "count", id);
	restart(); /* before its first slice */
	check_state(id, "waiting");
	for (int i = 0; i < 3; i++)
		tw_tasks_slice(&t.c);
	restart();
	check_state(id, "running");
	run_all();
	CHECK_INT(steps_taken, STEPS); /* none was done twice */
	check_state(id, "done");
	verify(dir.fd, &told, 0);
	CHECK_INT(told.outcomes, 1);
}

static void test_restart_aborts_what_cannot_go_on(void **state)
{
	char id[40];
	struct told told;
	start(&alice, "forget", id);
	tw_tasks_slice(&t.c);
	restart();
	CHECK_INT(tw_tasks_due_ms(&t.c), -1);
	check_state(id, "aborted");
	verify(dir.fd, &told, 0);
	CHECK_TEXT(told.result, "aborted");
}

static void test_ended_ones_are_pruned(void **state)
{
	char id[40], first[40];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	start(&alice, "count", first);
	run_all();
	for (int i = 0; i < TW_TASKS_KEPT; i++) {
		start(&alice, "count", id);
		run_all();
	}
	check_state(first, "done");
	CHECK_OK(tw_tasks_job_prune(&t.c));
	CHECK_INT(about(&alice, "GET", first, &j), 404);
	check_state(id, "done");
	start(&alice, "count", first);
	tw_tasks_slice(&t.c);
	pass(TW_TASKS_KEPT_MS + 1000);
	CHECK_OK(tw_tasks_job_prune(&t.c));
	CHECK_INT(about(&alice, "GET", id, &j), 404);
	check_state(first, "running"); /* what goes on stays, however old */
}

/* A log that was set aside counts from 1 again: no task may close an intent of the new one. */
static void test_a_log_set_aside(void **state)
{
	char id[40], path[96];
	struct told told;
	start(&alice, "count", id);
	test_context_close(&t);
	snprintf(path, sizeof path, "%s/%020d.twlog", dir.path, 1);
	FILE *f = fopen(path, "r+");
	CHECK(f && fseek(f, 600, SEEK_SET) == 0 && fputc('!', f) == '!' && fclose(f) == 0);
	CHECK_OK(open_with(tw_fake_sys(fake), dir.fd));
	CHECK(tw_audit_fault(t.c.audit)[0]);
	check_state(id, "aborted");
	verify(dir.fd, &told, 0);
	CHECK_INT(told.outcomes, 0);
}

/* --- Faults and power cuts --- */

/* What must hold after any of it, once it was started again and has had its time. */
static void check_consistent(int fd, const char *when)
{
	struct told told;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	size_t i, ended = 0;
	json_t *one;
	run_all();
	CHECK_INT(walk(&alice, "GET /api/v1/tasks", &j), 200);
	json_array_foreach(tw_json_get(j, "tasks"), i, one) {
		const char *s = tw_json_text(one, "state");
		if (!strcmp(s, "waiting") || !strcmp(s, "running"))
			fail_msg("%s: a task is %s, and nobody works at it", when, s);
		ended++;
	}
	verify(fd, &told, 0);
	if (told.outcomes > ended)
		fail_msg("%s: %u outcomes of %zu tasks", when, told.outcomes, ended);
}

/* One to its end, one cancelled, one cut off by a restart. */
static void life(void)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char line[96];
	for (int i = 0; i < 2; i++) {
		if (walk(&alice, "POST /api/v1/count", &j) != 202)
			continue;
		snprintf(line, sizeof line, "DELETE /api/v1/tasks/%s", tw_json_text(j, "task"));
		tw_tasks_slice(&t.c);
		if (i == 1)
			walk(&alice, line, &j);
		for (int k = 0; k < 20 && tw_tasks_due_ms(&t.c) >= 0; k++)
			tw_tasks_slice(&t.c);
	}
	walk(&alice, "POST /api/v1/count", &j);
	tw_tasks_slice(&t.c);
}

static void one_fault(long nth, int error_number, bool sticky, bool *ret_done)
{
	struct test_dir d = test_dir_new();
	char when[64];
	snprintf(when, sizeof when, "call %ld, error %d", nth, error_number);
	test_context_close(&t);
	CHECK_OK(open_with(tw_fake_sys(fake), d.fd));
	tw_fake_fail(fake, nth, error_number, sticky);
	life();
	*ret_done = !tw_fake_fired(fake);
	tw_fake_fail(fake, 0, 0, false);
	test_context_close(&t);
	CHECK_OK(open_with(tw_fake_sys(fake), d.fd));
	check_consistent(d.fd, when);
	test_context_close(&t);
	test_dir_done(&d);
	CHECK_OK(open_with(tw_fake_sys(fake), dir.fd));
}

static void test_every_fault(void **state)
{
	static const struct {
		int error_number;
		bool sticky;
	} kinds[] = { { ENOMEM, false }, { EIO, false }, { ENOSPC, true } };
	long points = 0;
	for (size_t k = 0; k < TW_COUNT(kinds); k++) {
		bool done = false;
		for (long nth = 1; !done; nth += 1 + nth / 15, points++)
			one_fault(nth, kinds[k].error_number, kinds[k].sticky, &done);
	}
	print_message("# %ld faults\n", points);
	CHECK(points > 60);
}

static void test_power_cuts(void **state)
{
	struct test_dir after = test_dir_new();
	size_t states = 0;
	tw_fake *recorded = fake;
	tw_fake_record(fake, dir.path);
	life();
	restart();
	life();
	run_all();
	test_context_close(&t);
	size_t points = tw_fake_points(recorded);
	fake = tw_fake_new();
	pass(1000);
	for (size_t point = 0; point < points; point += 1 + points / 60) {
		for (unsigned variant = 0; variant < 2; variant++, states++) {
			char when[64];
			snprintf(when, sizeof when, "cut at %zu, variant %u", point, variant);
			CHECK_OK(tw_fake_rebuild(recorded, point, variant, after.path));
			CHECK_OK(open_with(tw_fake_sys(fake), after.fd));
			check_consistent(after.fd, when);
			test_context_close(&t);
		}
	}
	print_message("# %zu states after power cuts\n", states);
	tw_fake_free(recorded);
	test_dir_done(&after);
	CHECK_OK(open_with(tw_fake_sys(fake), dir.fd));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_from_start_to_end), TEST(test_a_slice_ends), TEST(test_cancelled), TEST(test_its_end_is_told),
	TEST(test_an_end_that_fails_rests), TEST(test_a_failure_is_ours_alone), TEST(test_bounds), TEST(test_who_sees_what),
	TEST(test_an_account_that_was_renamed), TEST(test_the_gate_is_asked_again), TEST(test_ownership_ends),
	TEST(test_restart_goes_on), TEST(test_restart_aborts_what_cannot_go_on), TEST(test_ended_ones_are_pruned),
	TEST(test_a_log_set_aside), TEST(test_every_fault), TEST(test_power_cuts))

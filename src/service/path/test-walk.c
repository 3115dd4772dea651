/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the walk asks of those around it, and what it does when they fail: who another device is and what the owner's rules say of
 * it, whether there is an owner, what the disk did, who is told. And the words of each record and each problem, to the letter.
 */
#include "service/path/path-record.h"
#include "service/path/reply.h"
#include "service/path/test-one-context.h"
#include "oom.h"

#include <errno.h>

static struct tw_sys sys; /* the real one, until a test says otherwise */

/* --- Handlers --- */

static int no_room(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	errno = ENOSPC;
	return -1;
}

static ssize_t no_write(const struct tw_sys *s, int fd, const void *data, size_t size, off_t at)
{
	errno = ENOSPC;
	return -1;
}

static int no_sync(const struct tw_sys *s, int fd)
{
	errno = EIO;
	return -1;
}

static tw_err say(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	snprintf(rp->etag, sizeof rp->etag, "\"7\"");
	snprintf(rp->location, sizeof rp->location, "/api/v1/there");
	rp->retry_after_s = 9;
	rp->close_connections = true;
	rp->body = json_pack("{s:s}", "by", rq->subject.name);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static tw_err refuse(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(say(c, rq, rp));
	return tw_reply_problem(rp, 409, "not-now", "T.RULE.1", "Not now", "Wait.", "It is %s.", "busy");
}

/* The disk is full for the store, and well again for the log. */
static tw_err fill_store(struct tw_context *c)
{
	static const char statement[] = "INSERT INTO setting (key, value, version, changed_ms, changed_by) VALUES ('k', 'v', 1, 1, 'x')";

	sys.pwrite = no_write;
	sys.allocate = no_room;
	tw_err e = tw_store_run(c->store, statement, NULL, 0, NULL, NULL);
	sys = *tw_sys_real();
	return e;
}

static tw_err fill_disk(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return fill_store(c);
}

/* Another fault of ours, after the disk was full: not the disk's. */
static tw_err fill_disk_and_fail(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	CHECK(tw_failed(fill_store(c)));
	return TW_RAISE(INTERNAL, "something else");
}

/* A sync of the store's that fails, and well again. */
static tw_err break_store(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const char statement[] = "INSERT INTO setting (key, value, version, changed_ms, changed_by) VALUES ('b', 'v', 1, 1, 'x')";

	sys.fdatasync = no_sync;
	tw_err e = tw_store_run(c->store, statement, NULL, 0, NULL, NULL);
	sys = *tw_sys_real();
	return e;
}

static tw_err break_store_and_fail(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	CHECK(tw_failed(break_store(c, rq, rp)));
	return TW_RAISE(INTERNAL, "something else");
}

static tw_err over_a_limit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return TW_RAISE(LIMIT, "of ours, not of the disk");
}

static tw_err break_log(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	sys.fdatasync = no_sync;
	return TW_OK;
}

static tw_err stream(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->stream = true;
	rp->stream_after = 12;
	return TW_OK;
}

static tw_err answer_later(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_path_later(c, rq, rp);
}

static const struct tw_task_kind kind = { .at_once = 1 };

static tw_err begin_task(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->status = 202;
	return TW_OK;
}

static tw_err end_task(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return TW_OK;
}

#define ROW(name, method, permission, audit, handler)                                                                        \
	{                                                                                                                    \
		name, method, "/api/v1/" name, permission, TW_WHEN_ALWAYS, audit, NULL, handler, "", "", NULL, NULL, 0, NULL \
	}
static const struct tw_operation_row operations[] = {
	ROW("any", "GET", "p.any", TW_AUDIT_NONE, say),
	ROW("own", "GET", "p.own", TW_AUDIT_READ, say),
	ROW("change", "POST", "p.any", TW_AUDIT_CHANGE, say),
	ROW("refuse", "POST", "p.any", TW_AUDIT_CHANGE, refuse),
	ROW("full", "POST", "p.any", TW_AUDIT_CHANGE, fill_disk),
	ROW("full-and-fail", "POST", "p.any", TW_AUDIT_CHANGE, fill_disk_and_fail),
	ROW("broken", "POST", "p.any", TW_AUDIT_CHANGE, break_store),
	ROW("broken-and-fail", "POST", "p.any", TW_AUDIT_CHANGE, break_store_and_fail),
	ROW("accepted", "POST", "p.any", TW_AUDIT_CHANGE, begin_task),
	{ "owned", "GET", "/api/v1/owned", "p.any", TW_WHEN_OWNED, TW_AUDIT_NONE, NULL, say, "", "", NULL },
	ROW("limit", "POST", "p.any", TW_AUDIT_CHANGE, over_a_limit),
	ROW("break", "POST", "p.any", TW_AUDIT_CHANGE, break_log),
	ROW("stream", "GET", "p.any", TW_AUDIT_NONE, stream),
	ROW("later", "POST", "p.any", TW_AUDIT_CHANGE, answer_later),
	ROW("later-read", "GET", "p.any", TW_AUDIT_READ, answer_later),
	{ "task", "POST", "/api/v1/task", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, NULL, begin_task, "", "", NULL, NULL, 0, &kind },
	{ .name = "danger",
		.method = "POST",
		.path = "/api/v1/danger",
		.permission = "p.any",
		.when = TW_WHEN_ALWAYS,
		.audit = TW_AUDIT_CHANGE,
		.handler = say,
		.step_up = true },
	{ "no-task", "POST", "/api/v1/no-task", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, NULL, end_task, "", "", NULL, NULL, 0, &kind },
	{ .name = NULL },
};
static int facts_read;
static bool no_fact;

static tw_err fact_on(struct tw_context *c, json_t **ret)
{
	facts_read++;
	*ret = json_true();
	return TW_OK;
}

static tw_err fact_word(struct tw_context *c, json_t **ret)
{
	if (no_fact)
		return TW_RAISE(IO, "the store is away");
	*ret = json_string("normal");
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a word");
}

static const struct tw_fact_row facts[] = { { .name = "t.on", .type = TW_FACT_BOOL, .read = fact_on },
	{ .name = "t.word", .type = TW_FACT_TEXT, .read = fact_word }, { .name = NULL } };
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .operations = operations, .facts = facts };
static const struct tw_capability empty = { .code = "E", .name = "Empty", .folder = "empty" };
static const struct tw_capability *const capabilities[] = { &empty, &capability, NULL };
#define BIT(k) (1u << TW_SUBJECT_##k)
static const struct tw_grant_row grants[] = { { "p.any", BIT(ANYONE) | BIT(OWNER) | BIT(PEER) },
	{ "p.own", BIT(OWNER) | BIT(PEER) }, { .permission = NULL } };

/* --- Those around it --- */

static struct {
	bool owner, fails; /* authenticate */
	bool no_owned, watch_fails;
	int owned_left; /* how often it can be said whether there is an owner; 0: always */
	tw_err recognized;
	bool allowed;
	tw_err asked;
	int recognitions, watched, watched_status, refusals;
} side;

static tw_err authenticate(struct tw_context *c, struct tw_request *rq)
{
	if (side.fails)
		return TW_RAISE(IO, "the store is away");
	if (!side.owner)
		return TW_OK;
	rq->subject.kind = TW_SUBJECT_OWNER;
	snprintf(rq->subject.name, sizeof rq->subject.name, "owner:alice");
	snprintf(rq->subject.how, sizeof rq->subject.how, "session");
	return TW_OK;
}

static tw_err recognize(struct tw_context *c, struct tw_request *rq)
{
	side.recognitions++;
	if (tw_failed(side.recognized)) {
		rq->refused_rule = "T.CLAIM.1";
		return side.recognized;
	}
	rq->subject.kind = TW_SUBJECT_PEER;
	snprintf(rq->subject.name, sizeof rq->subject.name, "urn:dev:ops:1-lamp-%c", rq->certificate.at[0]);
	snprintf(rq->subject.how, sizeof rq->subject.how, "device-certificate");
	return TW_OK;
}

static tw_err policy(struct tw_context *c, const struct tw_request *rq, struct tw_policy_verdict *ret)
{
	TW_TRY(side.asked);
	*ret = (struct tw_policy_verdict){ .allowed = side.allowed, .rule = "policy:lamps" };
	return TW_OK;
}

static tw_err agreed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (tw_failed(side.asked))
		return side.asked;
	return side.allowed
		? TW_OK
		: tw_reply_problem(rp, 409, "terms", "T.TERMS.1", "There are terms", "Agree to them.", "Nobody has agreed.");
}

static tw_err watched(struct tw_context *c, const struct tw_request *rq, int status)
{
	side.watched++;
	side.watched_status = status;
	return side.watch_fails ? TW_RAISE(IO, "the watch is away") : TW_OK;
}

static void count_refused(struct tw_context *c, const struct tw_request *rq)
{
	side.refusals++;
}

static tw_err owned(struct tw_context *c, bool *ret)
{
	*ret = true;
	if (side.owned_left && --side.owned_left == 0)
		side.no_owned = true;
	return side.no_owned ? TW_RAISE(IO, "the store is away") : TW_OK;
}

static int set_up(void **state)
{
	dir = test_dir_new();
	t = (struct test_context){ .owned = true };
	sys = *tw_sys_real();
	memset(&side, 0, sizeof side);
	side.allowed = true;
	t.c.authenticate = authenticate;
	t.c.refused = count_refused;
	tw_err e = test_context_open(&t, &sys, dir.fd, capabilities, grants);
	t.c.owned = owned;
	return tw_failed(e) ? -1 : 0;
}

static int tear_down(void **state)
{
	sys = *tw_sys_real();
	return tear_down_context(state);
}

static struct tw_path_reply reply;
static char body[4096];

/* line: "GET /api/v1/any"; rq: what the door knows. */
static int walk(const char *line, struct tw_request *rq)
{
	char text[256];
	struct tw_http_head head;
	struct tw_http_fault fault;
	TW_CLEANUP(tw_buf_done) struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), sizeof body - 1);
	snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n\r\n", line);
	CHECK_OK(tw_http_parse(tw_slice_of(text), &head, &fault));
	rq->head = &head;
	tw_path_walk(&t.c, rq, &b, &reply);
	snprintf(body, sizeof body, "%s", tw_buf_cstr(&b));
	return reply.status;
}

static int ask(const char *line)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone", .source = "192.0.2.1" } };

	return walk(line, &rq);
}

static int ask_as(const char *line, const char *certificate)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone", .source = "192.0.2.1" },
		.certificate = tw_slice_of(certificate) };

	return walk(line, &rq);
}

/* --- Other devices --- */

/* @nist DI.ABI.1: what is for anyone is for a device too; the rest is what the owner's rules admit it to */
static void test_what_a_device_may(void **state)
{
	t.c.recognize = recognize;
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 200);
	CHECK(strstr(body, "lamp-A"));
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 403); /* nobody is there to ask */
	CHECK(strstr(body, "\"rule\":\"policy.default\""));
	t.c.policy = policy;
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 200);
	side.allowed = false;
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 403);
	CHECK(strstr(body, "\"rule\":\"policy:lamps\""));
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 200);
	CHECK_INT(ask_as("GET /api/v1/owned", "A"), 200); /* for anyone while there is an owner */
	side.owned_left = 2;
	CHECK_INT(ask_as("GET /api/v1/owned", "A"), 500);
	side.no_owned = false;
	side.asked = TW_RAISE(IO, "the rules are away");
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 500);
	side.owner = true; /* rules about devices are not asked about people */
	CHECK_INT(ask("GET /api/v1/own"), 200);
}

/* --- Rules of the organization --- */

/* Each fact that rules name is read, once however many name it; one that cannot be read refuses, and is no failure of the device. */
static void test_rules_read_their_facts(void **state)
{
	static const struct tw_rule_def rules[] = { { "a", true, "p.any", "", "t.on", TW_RULE_EQUAL, "on" },
		{ "b", true, "p.any", "", "t.word", TW_RULE_EQUAL, "normal" }, { "c", false, "p.any", "", "t.on", TW_RULE_EQUAL, "off" } };

	t.c.gate = tw_gate_free(t.c.gate);
	CHECK_OK(tw_gate_compile(
		&sys, &(struct tw_gate_source){ .grants = grants, .rules = rules, .rule_count = TW_COUNT(rules) }, &t.c.gate));
	facts_read = 0;
	no_fact = false;
	CHECK_INT(ask("GET /api/v1/any"), 200);
	CHECK_INT(facts_read, 1);
	no_fact = true;
	CHECK_INT(ask("GET /api/v1/any"), 403);
	CHECK(strstr(body, "\"rule\":\"gate.rule\""));
}

static tw_err prove_first(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "step-up", "step-up", "Prove once more who you are", "Log in.", "It is dangerous.");
}

/* What is dangerous asks for a proof where there is somebody to ask for it; nothing else does. */
static void test_what_is_dangerous(void **state)
{
	CHECK_INT(ask("POST /api/v1/danger"), 200);
	t.c.step_up = prove_first;
	CHECK_INT(ask("POST /api/v1/danger"), 403);
	CHECK(strstr(body, "\"rule\":\"step-up\""));
	CHECK_INT(ask("POST /api/v1/change"), 200);
}

/* Whoever the gate lets pass has to agree before anything else of his request is looked at. */
static void test_what_has_to_be_agreed_to(void **state)
{
	side.owner = true;
	t.c.agreed = agreed;
	CHECK_INT(ask("GET /api/v1/own"), 200);
	side.allowed = false;
	CHECK_INT(ask("GET /api/v1/own"), 409);
	CHECK(strstr(body, "\"rule\":\"T.TERMS.1\""));
	CHECK_INT(ask("GET /api/v1/own?what=ever"), 409);
	side.owner = false;
	CHECK_INT(ask("GET /api/v1/own"), 401);
	side.owner = true;
	side.asked = TW_RAISE(IO, "the terms are away");
	CHECK_INT(ask("GET /api/v1/own"), 500);
}

static void test_who_is_asked_for_a_claim(void **state)
{
	t.c.recognize = recognize;
	CHECK_INT(ask("GET /api/v1/any"), 200); /* nothing was shown */
	CHECK_INT(side.recognitions, 0);
	side.owner = true;
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 200); /* he is somebody already */
	CHECK(strstr(body, "owner:alice"));
	CHECK_INT(side.recognitions, 0);
	side.fails = true;
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 500); /* who he is cannot be found out: he is not another instead */
	CHECK_INT(side.recognitions, 0);
	side.owner = side.fails = false;
	side.recognized = TW_RAISE(UNTRUSTED, "not by the CA it names");
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 401);
	CHECK(strstr(body, "\"rule\":\"T.CLAIM.1\""));
	CHECK(reply.close);
	side.recognized = TW_RAISE(IO, "the clock is away");
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 500);
	t.c.recognize = NULL;
	CHECK_INT(ask_as("GET /api/v1/any", "A"), 200);
	CHECK(strstr(body, "anyone") && !reply.close);
}

static void test_who_was_admitted_is_told(void **state)
{
	t.c.recognize = recognize;
	t.c.policy = policy;
	t.c.watched = watched;
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 200);
	CHECK_INT(side.watched, 1);
	CHECK_INT(side.watched_status, 200);
	CHECK_INT(ask_as("POST /api/v1/refuse", "A"), 409); /* admitted, and refused for another reason */
	CHECK_INT(side.watched, 2);
	CHECK_INT(side.watched_status, 409);
	side.watch_fails = true;
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 500); /* what nobody was told of is not answered */
	side.allowed = false;
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 403);
	CHECK_INT(ask("GET /api/v1/any"), 200);
	CHECK_INT(side.watched, 3);
}

/* --- An answer that comes later --- */

static int delivered;

static void deliver(void *user, uint32_t connection, const struct tw_request *rq, struct tw_path_reply *ret)
{
	delivered = ret->status;
}

static int ask_for_later(const char *line)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone", .source = "192.0.2.1" },
		.certificate = TW_SLICE("A"),
		.takes_later = true };

	return walk(line, &rq);
}

/* Who watches is told of the answer, when there is one. */
static void test_told_with_the_answer(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_reply rp = { .status = 204 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	t.c.recognize = recognize;
	t.c.policy = policy;
	t.c.watched = watched;
	(void)ask_for_later("POST /api/v1/later");
	CHECK(reply.later && side.watched == 0);
	tw_later_bind(reply.later, &(struct tw_later_door){ .body = &b, .deliver = deliver });
	tw_path_finish(reply.later, &rp, TW_OK);
	CHECK_INT(delivered, 204);
	CHECK_INT(side.watched, 1);
	CHECK_INT(side.watched_status, 204);
}

/* Only that of a change, whose intent stands in the log, and of one whose parameter there is room for. */
static void test_what_cannot_come_later(void **state)
{
	static const char name[300] = "";
	struct tw_request rq = { .takes_later = true, .operation = operations, .parameter = { name, sizeof name } };
	struct tw_reply rp = { .status = 200 };

	CHECK_INT(ask_for_later("GET /api/v1/later-read"), 500);
	CHECK(!reply.later);
	while (strcmp(rq.operation->name, "later") != 0)
		rq.operation++;
	CHECK_INT(tw_path_later(&t.c, &rq, &rp).code, TW_CODE_INTERNAL);
	CHECK(!rp.later);
}

/* --- May he still? --- */

static void test_what_is_asked_after_the_walk(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone" }, .operation = &operations[1] };

	CHECK(!tw_path_allows(&t.c, &rq));
	side.owner = true;
	CHECK(tw_path_allows(&t.c, &rq));
	CHECK_TEXT(rq.subject.name, "owner:alice");
	side.no_owned = true;
	CHECK(!tw_path_allows(&t.c, &rq));
	side.no_owned = false;
	side.fails = true;
	CHECK(!tw_path_allows(&t.c, &rq));
	t.c.authenticate = NULL; /* it is the owner already, and nobody says otherwise */
	CHECK(tw_path_allows(&t.c, &rq));
}

static tw_err from_nowhere(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "forbidden", "test.nowhere", "Not in this way", "Come otherwise.", "Nobody comes.");
}

static tw_err not_he(struct tw_context *c, const struct tw_subject *s, const char *permission, struct tw_decision *ret)
{
	*ret = (struct tw_decision){ TW_DENY_RULE, "test.who", "hours" };
	return TW_OK;
}

/* Rules of access: of the connection before the gate says anything, of who somebody is behind its yes; and again of what goes on. */
static void test_rules_of_access(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone" }, .operation = &operations[1] };

	side.owner = true;
	t.c.comes = from_nowhere;
	CHECK(!tw_path_allows(&t.c, &rq));
	CHECK_INT(ask("GET /api/v1/any"), 403);
	CHECK(strstr(body, "test.nowhere"));
	t.c.comes = NULL;
	CHECK(tw_path_allows(&t.c, &rq));
	t.c.within = not_he;
	CHECK(!tw_path_allows(&t.c, &rq));
	CHECK_INT(ask("GET /api/v1/any"), 403);
	CHECK(strstr(body, "test.who"));
	t.c.within = NULL;
}

static void test_without_knowing_whether_there_is_an_owner(void **state)
{
	side.no_owned = true;
	CHECK_INT(ask("GET /api/v1/any"), 500);
}

/* A door that speaks HTTP names no operation: it is found by the path, whatever stood there. */
static void test_the_operation_is_found_anew(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone" }, .operation = &operations[1] };

	CHECK_INT(walk("GET /api/v1/any", &rq), 200);
	CHECK(rq.operation == &operations[0]);
	CHECK_INT(walk("GET /api/v1/none", &rq), 404);
	CHECK(!rq.operation && !rq.input && rq.parameter.size == 0);
}

/* --- What comes back beside the body --- */

static void test_all_of_an_answer(void **state)
{
	CHECK_INT(ask("GET /api/v1/any"), 200);
	CHECK_TEXT(reply.type, "application/json");
	CHECK_TEXT(reply.etag, "\"7\"");
	CHECK_TEXT(reply.location, "/api/v1/there");
	CHECK_TEXT(reply.allow, "");
	CHECK_INT(reply.retry_after_s, 9);
	CHECK(reply.close_connections && !reply.close && !reply.has_file && !reply.stream);
	CHECK_INT(ask("POST /api/v1/refuse"), 409);
	CHECK_TEXT(reply.etag, "");
	CHECK_TEXT(reply.location, "");
	CHECK_TEXT(reply.type, "application/problem+json");
	CHECK_TEXT(body,
		"{\"type\":\"urn:thingward:problem:not-now\",\"status\":409,\"title\":\"Not now\",\"detail\":\"It is busy.\","
		"\"rule\":\"T.RULE.1\",\"next\":\"Wait.\"}");
	CHECK_INT(ask("POST /api/v1/any"), 405);
	CHECK_TEXT(reply.allow, "GET");
}

static void test_a_stream(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone" }, .takes_stream = true };

	CHECK_INT(walk("GET /api/v1/stream", &rq), 200);
	CHECK_TEXT(reply.type, "text/event-stream");
	CHECK(reply.stream && reply.stream_after == 12 && !reply.has_file && !body[0]);
	rq.takes_stream = false;
	rq.takes_file = true;
	CHECK_INT(walk("GET /api/v1/stream", &rq), 406);
	CHECK(!reply.stream && strstr(body, "path.door"));
}

static void test_a_problem_with_few_words(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b;
	struct tw_reply rp = { .status = 200 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK(!tw_reply_refused(&rp));
	CHECK_OK(tw_reply_problem(&rp, 400, "odd", NULL, NULL, NULL, "%s", ""));
	CHECK(tw_reply_refused(&rp));
	CHECK_OK(tw_reply_write_problem(&rp, 0, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "{\"type\":\"urn:thingward:problem:odd\",\"status\":400}");
	tw_buf_clear(&b);
	CHECK_OK(tw_reply_write_problem(&rp, 77, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "{\"type\":\"urn:thingward:problem:odd\",\"status\":400,\"reference\":77}");
}

/* --- The disk --- */

struct seen {
	char text[4][400];
	size_t count, wanted;
};

static bool see(void *user, const struct tw_log_record *r)
{
	struct seen *s = user;
	snprintf(s->text[s->count++], sizeof s->text[0], TW_SLICE_FMT, TW_SLICE_ARG(r->body));
	return s->count < s->wanted;
}

/* The nth record from the end. */
static const char *record(size_t nth)
{
	static struct seen s;
	s = (struct seen){ .wanted = nth };
	CHECK_OK(tw_audit_recent(t.c.audit, 0, nth, see, &s));
	CHECK_INT(s.count, nth);
	return s.text[nth - 1];
}

static void test_a_full_disk_is_said_by_name(void **state)
{
	if (test_dir_store_elsewhere())
		skip();
	CHECK_INT(ask("POST /api/v1/limit"), 500); /* another limit than the disk's */
	CHECK(strstr(body, "\"rule\":\"path.failure\""));
	CHECK_INT(ask("POST /api/v1/full"), 503);
	CHECK(strstr(body, "\"rule\":\"store.space\""));
	CHECK(strstr(record(1), "\"result\":\"failed\",\"status\":503,\"rule\":\"store.space\""));
	CHECK_INT(side.refusals, 0); /* it is not the fault of who asked */
	CHECK_INT(ask("POST /api/v1/full-and-fail"), 500);
	CHECK(strstr(body, "\"rule\":\"path.failure\""));
	CHECK(strstr(record(1), "\"result\":\"failed\",\"status\":500,\"subject\""));
	tw_store *store = t.c.store;
	t.c.store = NULL; /* one side has none */
	CHECK_INT(ask("POST /api/v1/limit"), 500);
	t.c.store = store;
}

static void test_a_store_that_is_broken(void **state)
{
	if (test_dir_store_elsewhere())
		skip();
	CHECK_INT(ask("POST /api/v1/broken"), 503);
	CHECK(strstr(body, "\"rule\":\"store.broken\""));
	CHECK_INT(ask("POST /api/v1/limit"), 500); /* another failure is not the disk's */
	CHECK(strstr(body, "\"rule\":\"path.failure\""));
}

static void test_a_store_that_is_broken_and_another_failure(void **state)
{
	if (test_dir_store_elsewhere())
		skip();
	CHECK_INT(ask("POST /api/v1/broken-and-fail"), 500);
	CHECK(strstr(body, "\"rule\":\"path.failure\""));
}

static void test_an_outcome_that_cannot_be_recorded(void **state)
{
	CHECK_INT(ask("POST /api/v1/break"), 503);
	CHECK(strstr(body, "\"rule\":\"audit.broken\""));
}

/* What a stranger fails at is counted; what an owner does is not, nor what nobody refused. */
static void test_whose_refusals_count(void **state)
{
	CHECK_INT(ask("POST /api/v1/refuse"), 409);
	CHECK_INT(side.refusals, 1);
	CHECK_INT(ask("POST /api/v1/change"), 200);
	CHECK_INT(ask("GET /api/v1/own"), 401);
	CHECK_INT(side.refusals, 1);
	side.owner = true;
	CHECK_INT(ask("POST /api/v1/refuse"), 409);
	CHECK_INT(side.refusals, 1);
	t.c.refused = NULL;
	side.owner = false;
	CHECK_INT(ask("POST /api/v1/refuse"), 409);
}

/* --- Records, to the letter --- */

static void test_the_words_of_records(void **state)
{
	char want[400];
	uint64_t intent;

	CHECK_INT(ask("GET /api/v1/own"), 401);
	CHECK_TEXT(record(1),
		"{\"event\":\"request.refused\",\"door\":\"https\",\"operation\":\"own\",\"subject\":\"anyone\",\"source\":\"192.0.2.1\","
		"\"rule\":\"gate.anonymous\",\"status\":401}");
	side.owner = true;
	CHECK_INT(ask("GET /api/v1/own"), 200);
	CHECK_TEXT(record(1),
		"{\"door\":\"https\",\"operation\":\"own\",\"subject\":\"owner:alice\",\"how\":\"session\",\"source\":\"192.0.2.1\",\"status\":200}");
	CHECK_INT(ask("POST /api/v1/refuse"), 409);
	CHECK_TEXT(record(2),
		"{\"door\":\"https\",\"operation\":\"refuse\",\"subject\":\"owner:alice\",\"how\":\"session\",\"source\":\"192.0.2.1\"}");
	intent = tw_audit_last(t.c.audit) - 1;
	snprintf(want, sizeof want,
		"{\"intent\":%llu,\"result\":\"refused\",\"status\":409,\"rule\":\"T.RULE.1\",\"detail\":\"It is busy.\",\"subject\":\"owner:alice\"}",
		(unsigned long long)intent);
	CHECK_TEXT(record(1), want);
	CHECK_INT(ask("POST /api/v1/limit"), 500);
	CHECK(strstr(record(2),
		"{\"event\":\"request.failed\",\"door\":\"https\",\"operation\":\"limit\",\"subject\":\"owner:alice\",\"how\":\"session\","
		"\"source\":\"192.0.2.1\",\"code\":\"LIMIT\",\"place\":\"over_a_limit:"));
	CHECK(strstr(record(2), "\",\"detail\":\"of ours, not of the disk\"}"));
	snprintf(want, sizeof want, "\"reference\":%llu}", (unsigned long long)tw_audit_last(t.c.audit) - 1);
	CHECK(strstr(body, want));
}

/* A request that names no operation, as nothing but a fault of ours does. */
static void test_a_record_without_an_operation(void **state)
{
	const struct tw_request rq = { .subject = { .door = TW_DOOR_LOCAL, .name = "uid:0" }, .parameter = TW_SLICE("x") };
	uint64_t reference = 0;

	CHECK_OK(tw_record_failure(&t.c, &rq, TW_RAISE(IO, "disk"), &reference));
	CHECK_INT(reference, tw_audit_last(t.c.audit));
	CHECK(strstr(record(1), "{\"event\":\"request.failed\",\"door\":\"local\",\"parameter\":\"x\",\"subject\":\"uid:0\",\"code\":\"IO\""));
}

/* A task's outcome is recorded at its end; what only could have become one ends here. */
static void test_a_task_has_its_outcome_later(void **state)
{
	CHECK_INT(ask("POST /api/v1/task"), 202);
	CHECK(strstr(record(1), "\"operation\":\"task\""));
	CHECK_INT(ask("POST /api/v1/no-task"), 204);
	CHECK(strstr(record(1), "\"result\":\"done\""));
	CHECK_INT(ask("POST /api/v1/accepted"), 202); /* and what is no task ends at once, whatever it answers */
	CHECK(strstr(record(1), "\"result\":\"done\",\"status\":202"));
}

/* Ten refusals of one source a minute are recorded; devices have a share each, whatever address they come from. */
static void test_devices_have_a_share_of_their_own(void **state)
{
	uint64_t before;

	t.c.recognize = recognize;
	side.allowed = false;
	for (int i = 0; i < 12; i++)
		CHECK_INT(ask("GET /api/v1/own"), 401);
	before = tw_audit_last(t.c.audit);
	CHECK_INT(ask_as("GET /api/v1/own", "A"), 403);
	CHECK_INT(tw_audit_last(t.c.audit), before + 1);
	CHECK(strstr(record(1), "\"rule\":\"policy.default\""));
	for (int i = 0; i < 12; i++)
		CHECK_INT(ask_as("GET /api/v1/own", "A"), 403);
	before = tw_audit_last(t.c.audit);
	CHECK_INT(ask_as("GET /api/v1/own", "B"), 403);
	CHECK_INT(tw_audit_last(t.c.audit), before + 1);
}

static bool leaves_record(const char *account)
{
	struct tw_reply rp = { .status = 403, .problem = "x", .rule = "T.RULE.1", .detail = "words" };
	struct tw_request rq = { .subject = { .kind = TW_SUBJECT_ACCOUNT, .name = "somebody", .source = "192.0.2.1" } };
	uint64_t before = tw_audit_last(t.c.audit);

	(void)snprintf(rq.subject.account, sizeof rq.subject.account, "%s", account);
	CHECK_OK(tw_record_refused(&t.c, &rq, &rp));
	return tw_audit_last(t.c.audit) > before;
}

/* @nist LA.RSM.6.3.2: nobody at the same address keeps the refusals of who has logged in out of the log */
static void test_accounts_have_a_share_of_their_own(void **state)
{
	for (int i = 0; i < 12; i++)
		CHECK_INT(leaves_record(""), i < 10);
	for (int i = 0; i < 12; i++)
		CHECK_INT(leaves_record("a2"), i < 10);
	CHECK(leaves_record("a3"));
}

static tw_err write_problem(struct tw_buf *b, void *user)
{
	return tw_reply_write_problem(user, 1234567890, b);
}

static void test_problems_without_memory(void **state)
{
	struct tw_reply rp = { .status = 200 };

	CHECK_OK(tw_reply_problem(&rp, 409, "not-now", "T.RULE.1", "Not now", "Wait.", "It is %s.", "busy"));
	write_sweep(write_problem, &rp);
}

static tw_err record_kind(int which, const struct tw_request *rq)
{
	struct tw_reply rp = { .status = 409, .problem = "x", .rule = "T.RULE.1", .detail = "words", .note = "" };
	uint64_t seq;

	switch (which) {
	case 0:
		return tw_record_intent(&t.c, rq, &seq);
	case 1:
		return tw_record_outcome(&t.c, rq, &rp, false);
	case 2:
		return tw_record_read(&t.c, rq, 200);
	case 3:
		return tw_record_refused(&t.c, rq, &rp);
	default:
		return tw_record_failure(&t.c, rq, TW_RAISE(IO, "a disk"), &seq);
	}
}

/* One kind of record with memory failing at its nth growth. False: it did not grow so often. */
static bool records_badly(tw_fake *f, int which, const struct tw_request *rq, long nth)
{
	uint64_t before = tw_audit_last(t.c.audit);

	tw_fake_fail(f, nth, ENOMEM, false);
	tw_err e = record_kind(which, rq);
	bool fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	CHECK_INT(tw_failed(e), fired);
	CHECK(!fired || tw_audit_last(t.c.audit) == before);
	return fired;
}

/* Memory fails at every place of every kind of record: it is told, and there is no half of one. */
static void test_records_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	char parameter[130];
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone", .how = "session" }, .operation = &operations[0] };

	memset(parameter, 'p', sizeof parameter);
	t.c.sys = tw_fake_sys(f);
	for (size_t n = 0; n < sizeof parameter; n++) {
		rq.parameter = (struct tw_slice){ parameter, n };
		snprintf(rq.subject.source, sizeof rq.subject.source, "192.0.2.%zu", n % 2); /* few enough for all to be recorded */
		for (int which = 0; which < 5; which++) {
			long nth = 1;
			while (records_badly(f, which, &rq, nth))
				nth++;
			CHECK(nth > 1);
		}
	}
	t.c.sys = &sys;
	tw_fake_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_what_a_device_may), TEST(test_what_is_dangerous), TEST(test_what_has_to_be_agreed_to),
	TEST(test_rules_read_their_facts), TEST(test_who_is_asked_for_a_claim), TEST(test_who_was_admitted_is_told),
	TEST(test_what_is_asked_after_the_walk), TEST(test_rules_of_access), TEST(test_without_knowing_whether_there_is_an_owner),
	TEST(test_the_operation_is_found_anew), TEST(test_all_of_an_answer), TEST(test_a_stream), TEST(test_a_problem_with_few_words),
	TEST(test_a_full_disk_is_said_by_name), TEST(test_an_outcome_that_cannot_be_recorded), TEST(test_whose_refusals_count),
	TEST(test_the_words_of_records), TEST(test_a_store_that_is_broken), TEST(test_a_store_that_is_broken_and_another_failure),
	TEST(test_problems_without_memory), TEST(test_records_without_memory), TEST(test_a_record_without_an_operation),
	TEST(test_a_task_has_its_outcome_later), TEST(test_told_with_the_answer), TEST(test_what_cannot_come_later),
	TEST(test_devices_have_a_share_of_their_own), TEST(test_accounts_have_a_share_of_their_own))

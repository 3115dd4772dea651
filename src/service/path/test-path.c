/* SPDX-License-Identifier: Apache-2.0 */
/* The one path, request by request: the answer, and what the log says afterwards. */
#include "service/path/path-match.h"
#include "service/path/test-one-context.h"
#include "lay.h"

#include <errno.h>

static uint64_t intent_seen;
static bool intent_was_durable;
static char parameter_seen[300];

static tw_err say_ok(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	snprintf(parameter_seen, sizeof parameter_seen, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "by", json_string(rq->subject.name)));
	return rq->input ? tw_json_set(rp->body, "input", json_incref((json_t *)(uintptr_t)rq->input)) : TW_OK;
}

static tw_err change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	intent_seen = rq->intent;
	intent_was_durable = !tw_audit_pending(c->audit) && tw_audit_last(c->audit) == rq->intent;
	snprintf(rp->note, sizeof rp->note, "changed it");
	return TW_OK;
}

/* As a note of a long text ends, cut by bytes. */
static tw_err change_long(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	snprintf(rp->note, sizeof rp->note, "%.4s, was %.4s", "abc\xc3\xa4", "\xe2\x82\xac\xe2\x82\xac");
	return TW_OK;
}

static tw_err refuse_long(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "busy-now", "T.RULE.1", "Not now", "Wait.", "%.4s", "abc\xc3\xa4");
}

static tw_err refuse(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "busy-now", "T.RULE.1", "Not now", "Wait.", "It is \"%s\".", "busy");
}

static tw_err fail_inside(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->body = json_string("half done");
	return TW_RAISE(INTERNAL, "secret path /var/lib/x");
}

static const struct tw_shape long_input[] = { { "value", TW_JSON_TEXT, true, 1, 200000 }, { .key = NULL } };

static tw_err say_size(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->body = json_pack("{s:I}", "size", (json_int_t)strlen(tw_json_text(rq->input, "value")));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static int file_given;

static tw_err give_file(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->file = file_given = c->sys->memfd(c->sys, "file", "hello", 5);
	rp->has_file = true;
	rp->file_size = 5;
	rp->file_type = "text/plain";
	return TW_OK;
}

static const struct tw_shape value_input[] = { { "value", TW_JSON_TEXT, true, 1, 8 }, { "n", TW_JSON_INT, false, 0, 9 }, { .key = NULL } };
static const struct tw_shape count_query[] = { { "count", TW_JSON_INT, false, 1, 200 }, { "word", TW_JSON_TEXT, false, 0, 9 },
	{ .key = NULL } };
#define OWNED TW_WHEN_OWNED
static const struct tw_operation_row operations[] = {
	{ "open.read", "GET", "/api/v1/open", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_NONE, NULL, say_ok, "", "", NULL },
	{ "thing.read", "GET", "/api/v1/thing", "p.owner", OWNED, TW_AUDIT_READ, NULL, say_ok, "", "", NULL },
	{ "thing.one", "GET", "/api/v1/things/{name}", "p.owner", OWNED, TW_AUDIT_READ, NULL, say_ok, "", "", NULL },
	{ "thing.put", "PUT", "/api/v1/things/{name}", "p.owner", OWNED, TW_AUDIT_CHANGE, value_input, say_ok, "", "", NULL },
	{ "thing.drop", "DELETE", "/api/v1/things/current", "p.owner", OWNED, TW_AUDIT_CHANGE, NULL, change, "", "", NULL },
	{ "list", "GET", "/api/v1/list", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_NONE, NULL, say_ok, "", "", count_query },
	{ "take", "POST", "/api/v1/take", "p.any", TW_WHEN_UNOWNED, TW_AUDIT_CHANGE, value_input, change, "", "", NULL },
	{ "refuse", "POST", "/api/v1/refuse", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, NULL, refuse, "", "", NULL },
	{ "fail", "POST", "/api/v1/fail", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, NULL, fail_inside, "", "", NULL },
	{ "recover", "CONSOLE", "", "p.console", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, value_input, change, "", "", NULL },
	{ "change.long", "POST", "/api/v1/long", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, NULL, change_long, "", "", NULL },
	{ "refuse.long", "PUT", "/api/v1/long", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_CHANGE, NULL, refuse_long, "", "", NULL },
	{ "long.put", "PUT", "/api/v1/long-body", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_READ, long_input, say_size, "", "", NULL, NULL,
		0, NULL, 200000 },
	{ "file", "GET", "/api/v1/file", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_READ, NULL, give_file, "", "", NULL },
	{ "thing.poke", "POST", "/api/v1/things/{name}", "p.owner", OWNED, TW_AUDIT_READ, NULL, say_ok, "", "", NULL },
	{ "tail.read", "GET", "/api/v1/tails/{name*}", "p.owner", OWNED, TW_AUDIT_READ, NULL, say_ok, "", "", NULL },
	{ "form", "POST", "/api/v1/form", "p.any", TW_WHEN_ALWAYS, TW_AUDIT_READ, value_input, say_ok, "", "", NULL, .form = true },
	{ .name = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .operations = operations };
static const struct tw_capability none = { .code = "N", .name = "None", .folder = "none" };
static const struct tw_capability *const capabilities[] = { &none, &capability, NULL };
static const struct tw_grant_row grants[] = {
	{ "p.any", 1u << TW_SUBJECT_ANYONE | 1u << TW_SUBJECT_OWNER | 1u << TW_SUBJECT_LOCAL },
	{ "p.owner", 1u << TW_SUBJECT_OWNER },
	{ "p.console", 1u << TW_SUBJECT_CONSOLE },
	{ .permission = NULL },
};

static tw_err authenticate(struct tw_context *c, struct tw_request *rq)
{
	const struct tw_http_field *f = rq->head ? tw_http_find(rq->head, "Authorization") : NULL;
	if (!f)
		return TW_OK;
	if (tw_slice_is(f->value, "Bearer broken"))
		return TW_RAISE(IO, "the store is away");
	if (tw_slice_is(f->value, "Bearer forged"))
		return TW_RAISE(UNTRUSTED, "not signed by us");
	if (!tw_slice_is(f->value, "Bearer good"))
		return TW_RAISE(DENIED, "no such session");
	rq->subject.kind = TW_SUBJECT_OWNER;
	snprintf(rq->subject.name, sizeof rq->subject.name, "owner:alice");
	return TW_OK;
}

static int set_up(void **state)
{
	dir = test_dir_new();
	t = (struct test_context){ .owned = true };
	t.c.authenticate = authenticate;
	return tw_failed(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants)) ? -1 : 0;
}

/* line: "GET /path"; fields: "A: b\r\n" or "". */
static int ask(const char *line, const char *fields, const char *body, struct tw_buf *ret_body, struct tw_path_reply *ret)
{
	char text[2048];
	struct tw_http_head head;
	struct tw_http_fault fault;
	snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", line, strlen(body), fields);
	CHECK_OK(tw_http_parse(tw_slice_of(text), &head, &fault));
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone", .source = "192.0.2.1" },
		.head = &head,
		.body = tw_slice_of(body) };
	tw_buf_clear(ret_body);
	tw_path_walk(&t.c, &rq, ret_body, ret);
	if (ret_body->size && ret->status >= 400)
		CHECK_TEXT(ret->type, "application/problem+json");
	json_t *parsed = NULL;
	if (ret_body->size)
		CHECK_OK(tw_json_parse(tw_buf_slice(ret_body), 1 << 20, &parsed));
	if (ret->status >= 400)
		CHECK_INT(tw_json_int(parsed, "status"), ret->status);
	json_decref(parsed);
	return ret->status;
}

#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define GOOD "Authorization: Bearer good\r\n"
static const struct {
	const char *line, *fields, *body;
	bool unowned;
	int status;
	const char *says;
} rows[] = {
	{ "GET /api/v1/open", "", "", false, 200, "\"by\":\"anyone\"" },
	{ "GET /api/v1/open", GOOD, "", false, 200, "owner:alice" },
	{ "GET /api/v1/open", "Authorization: Bearer bad\r\n", "", false, 401, "path.credentials" },
	{ "GET /api/v1/open", "Authorization: Bearer broken\r\n", "", false, 500, "path.failure" },
	{ "GET /api/v1/open", "", "", true, 200, "anyone" },
	{ "POST /api/v1/refuse", JSON, "{}", false, 400, "no body" },
	{ "GET /api/v1/open?a=b", "", "", false, 400, "no query" },
	{ "GET /api/v1/thing", "", "", false, 401, "gate.anonymous" },
	{ "GET /api/v1/thing", GOOD, "", false, 200, "alice" },
	{ "GET /api/v1/thing", GOOD, "", true, 403, "not-owned" },
	{ "GET /api/v1/thing", "", "", true, 403, "not-owned" },
	{ "GET /api/v1/thing/", GOOD, "", false, 404, "path.unknown" },
	{ "GET /api/v1/thin", GOOD, "", false, 404, "path.unknown" },
	{ "GET /", GOOD, "", false, 404, "path.unknown" },
	{ "POST /api/v1/thing", GOOD, "", false, 405, "takes GET" },
	{ "POST /api/v1/thing", "", "", true, 405, "takes GET" },
	{ "GET /api/v1/things/a%20b", GOOD, "", false, 200, "alice" },
	{ "GET /api/v1/things/", GOOD, "", false, 404, "path.unknown" },
	{ "GET /api/v1/things/a/b", GOOD, "", false, 404, "path.unknown" },
	{ "GET /api/v1/tails/a/b", GOOD, "", false, 200, "alice" },
	{ "GET /api/v1/tails/", GOOD, "", false, 404, "path.unknown" },
	{ "GET /api/v1/things/current", GOOD, "", false, 405, "takes DELETE" },
	{ "POST /api/v1/things/current", GOOD, "", false, 405, "takes DELETE." }, /* though a later row has it as a parameter */
	{ "POST /api/v1/things/other", GOOD, "", false, 200, "alice" },
	{ "DELETE /api/v1/things/current", GOOD, "", false, 204, "" },
	{ "DELETE /api/v1/things/current", "", "", false, 401, "gate.anonymous" },
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":\"a\"}", false, 200, "\"value\":\"a\"" },
	{ "PUT /api/v1/things/x", GOOD "Content-Type: Application/JSON; charset=UTF-8\r\n", "{\"value\":\"a\"}", false, 200, "value" },
	{ "PUT /api/v1/things/x", GOOD "Content-Type: application/json; charset=latin1\r\n", "{\"value\":\"a\"}", false, 415, "media-type" },
	{ "PUT /api/v1/things/x", GOOD "Content-Type: application/json2\r\n", "{\"value\":\"a\"}", false, 415, "media-type" },
	{ "PUT /api/v1/things/x", GOOD "Content-Type: text/plain\r\n", "{\"value\":\"a\"}", false, 415, "media-type" },
	{ "PUT /api/v1/things/x", GOOD, "{\"value\":\"a\"}", false, 415, "media-type" },
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":\"a\"", false, 400, "line 1" },
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":\"a\",\"value\":\"b\"}", false, 400, "path.input" },
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":\"123456789\"}", false, 400, "value" },
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":\"a\",\"other\":1}", false, 400, "unknown key" },
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":1}", false, 400, "value" },
	{ "PUT /api/v1/things/x", GOOD JSON, "[]", false, 400, "path.input" },
	{ "PUT /api/v1/things/x", GOOD JSON, "", false, 400, "missing" },
	{ "PUT /api/v1/things/x", GOOD, "", false, 400, "missing" }, /* of nothing, no type is asked */
	{ "PUT /api/v1/things/x", GOOD JSON, "{\"value\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
		false, 400, "path.input" },
	{ "POST /api/v1/form", FORM, "value=a+b&n=3", false, 200, "\"n\":3,\"value\":\"a b\"" },
	{ "POST /api/v1/form", FORM, "value=a&value=b", false, 400, "twice" },
	{ "POST /api/v1/form", FORM, "n=3", false, 400, "missing" },
	{ "POST /api/v1/form", JSON, "{\"value\":\"a\"}", false, 415, "x-www-form-urlencoded" },
	{ "PUT /api/v1/things/x", GOOD FORM, "value=a", false, 415, "application/json" },
	{ "GET /api/v1/list?word=a&", "", "", false, 200, "\"word\":\"a\"" },
	{ "PUT /api/v1/things/x", "", "{{{{", false, 401, "gate.anonymous" }, /* a stranger's body is not looked at */
	{ "GET /api/v1/list", "", "", false, 200, "by" },
	{ "GET /api/v1/list?count=5&word=a%20b", "", "", false, 200, "\"count\":5,\"word\":\"a b\"" },
	{ "GET /api/v1/list?count=0", "", "", false, 400, "count" },
	{ "GET /api/v1/list?count=201", "", "", false, 400, "count" },
	{ "GET /api/v1/list?count=x", "", "", false, 400, "whole number" },
	{ "GET /api/v1/list?count=1&count=1", "", "", false, 400, "twice" },
	{ "GET /api/v1/list?other=1", "", "", false, 400, "unknown query key" },
	{ "GET /api/v1/list?&", "", "", false, 400, "unknown query key" },
	{ "GET /api/v1/list?word=1234567890", "", "", false, 400, "word" },
	{ "POST /api/v1/take", JSON, "{\"value\":\"a\"}", true, 204, "" },
	{ "POST /api/v1/take", JSON, "{\"value\":\"a\"}", false, 403, "gate.owned" },
	{ "POST /api/v1/refuse", "", "", false, 409, "It is \\\"busy\\\"." },
	{ "POST /api/v1/fail", "", "", false, 500, "\"reference\":" },
};

static void test_answers(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_path_reply r;
		t.owned = !rows[i].unowned;
		ask(rows[i].line, rows[i].fields, rows[i].body, &body, &r);
		if (r.status != rows[i].status || !strstr(tw_buf_cstr(&body), rows[i].says))
			fail_msg("row %zu, %s: got %d %s, want %d with %s", i, rows[i].line, r.status, tw_buf_cstr(&body),
				rows[i].status, rows[i].says);
		CHECK(!strstr(tw_buf_cstr(&body), "/var/lib"));
		if (r.status == 405)
			CHECK(r.allow[0]);
	}
}

/* --- Pieces of a head that nobody has checked before, where they end --- */

/* In memory of its own, so that a byte before or behind it is nobody's. */
static struct tw_slice alone(const char *text, size_t size)
{
	char *memory = malloc(size ? size : 1);
	assert_non_null(memory);
	memcpy(memory, text, size);
	return (struct tw_slice){ size ? memory : memory + 1, size };
}

static void done(struct tw_slice s)
{
	free((char *)(uintptr_t)(s.size ? s.at : s.at - 1));
}

static void test_queries_where_they_end(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		enum tw_code code;
	} queries[] = { { "word=%41", 8, TW_CODE_OK }, { "word=%41", 7, TW_CODE_SYNTAX }, { "word=%41", 6, TW_CODE_SYNTAX },
		{ "word=%4g", 8, TW_CODE_SYNTAX }, { "word=%g4", 8, TW_CODE_SYNTAX }, { "word=%00", 8, TW_CODE_SYNTAX } };
	for (size_t i = 0; i < TW_COUNT(queries); i++) {
		struct tw_slice query = alone(queries[i].text, queries[i].size);
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		tw_err e = tw_match_query(tw_sys_real(), query, count_query, &j);
		if (e.code != queries[i].code)
			fail_msg("query %zu: %s", i, tw_code_name(e.code));
		CHECK_TEXT(tw_json_text(j, "word"), tw_failed(e) ? "" : "A");
		done(query);
	}
}

static void test_paths_where_they_end(void **state)
{
	static const char text[] = "/api/v1/things/x";
	for (size_t n = 1; n < sizeof text; n++) {
		struct tw_http_head head = { .method = TW_SLICE("GET"), .path = alone(text, n) };
		struct tw_match m;
		tw_match_operation(&t.c, &head, &m);
		CHECK_TEXT(m.operation ? m.operation->name : "", n == sizeof text - 1 ? "thing.one" : n == 13 ? "thing.read" : "");
		done(head.path);
	}
}

static void test_types_where_they_end(void **state)
{
	static const struct {
		const char *type;
		bool is_json;
	} types[] = { { "application/json", true }, { "application/json ; charset=utf-8", true }, { "application/json;", false },
		{ "application/json; ", false }, { ";charset=utf-8", false }, { " ;charset=utf-8", false }, { "", false } };
	for (size_t i = 0; i < TW_COUNT(types); i++) {
		struct tw_http_head head = { .field_count = 1 };
		head.fields[0] = (struct tw_http_field){ TW_SLICE("Content-Type"), alone(types[i].type, strlen(types[i].type)) };
		if (tw_match_is(&head, "application/json") != types[i].is_json)
			fail_msg("'%s'", types[i].type);
		done(head.fields[0].value);
	}
}

static void test_operations_by_their_names(void **state)
{
	CHECK(tw_operation_find(capabilities, TW_SLICE("thing.read")) == &operations[1]);
	CHECK(!tw_operation_find(capabilities, TW_SLICE("thing.rea")) && !tw_operation_find(capabilities, TW_SLICE("")));
}

struct last {
	char bodies[8][512];
	enum tw_log_type types[8];
	size_t count, wanted;
};

static bool note(void *user, const struct tw_log_record *r)
{
	struct last *l = user;
	l->types[l->count] = r->type;
	snprintf(l->bodies[l->count++], sizeof l->bodies[0], TW_SLICE_FMT, TW_SLICE_ARG(r->body));
	return l->count < l->wanted;
}

static struct last last_records(size_t n)
{
	struct last l = { .wanted = n };
	CHECK_OK(tw_audit_recent(t.c.audit, 0, n, note, &l));
	CHECK_INT(l.count, n);
	return l;
}

#define CHECK_SAYS(text, part)                                         \
	do {                                                           \
		if (!strstr(text, part))                               \
			fail_msg("got %s, want %s in it", text, part); \
	} while (0)

/* Intent on disk before the handler, outcome after it, the handler's note and rule in it. */
static void test_changes_are_recorded_around(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	intent_was_durable = false;
	CHECK_INT(ask("DELETE /api/v1/things/current", GOOD, "", &body, &r), 204);
	CHECK(intent_was_durable && intent_seen > 0);
	CHECK(!tw_audit_pending(t.c.audit));
	struct last l = last_records(2);
	CHECK_INT(l.types[0], TW_LOG_OUTCOME);
	CHECK_SAYS(l.bodies[0], "\"result\":\"done\",\"status\":200");
	CHECK_SAYS(l.bodies[0], "changed it");
	CHECK_INT(l.types[1], TW_LOG_INTENT);
	CHECK_SAYS(l.bodies[1], "\"operation\":\"thing.drop\"");
	CHECK_SAYS(l.bodies[1], "\"subject\":\"owner:alice\"");
	CHECK_SAYS(l.bodies[1], "\"source\":\"192.0.2.1\"");
	ask("POST /api/v1/refuse", "", "", &body, &r);
	l = last_records(1);
	CHECK_SAYS(l.bodies[0], "\"result\":\"refused\",\"status\":409,\"rule\":\"T.RULE.1\"");
	ask("POST /api/v1/fail", "", "", &body, &r);
	l = last_records(2);
	CHECK_SAYS(l.bodies[0], "\"result\":\"failed\"");
	CHECK_SAYS(l.bodies[1], "secret path /var/lib/x"); /* what the caller is not told */
	CHECK_SAYS(l.bodies[1], "\"event\":\"request.failed\"");
}

static void test_words_that_were_cut_are_recorded(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	TW_CLEANUP(tw_jsonp) json_t *problem = NULL;
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	CHECK_INT(ask("POST /api/v1/long", GOOD, "", &body, &r), 204);
	struct last l = last_records(1);
	CHECK_INT(l.types[0], TW_LOG_OUTCOME);
	CHECK_SAYS(l.bodies[0], "\"detail\":\"abc?, was \xe2\x82\xac?\"");
	tw_buf_clear(&body);
	CHECK_INT(ask("PUT /api/v1/long", GOOD, "", &body, &r), 409);
	CHECK_OK(tw_json_parse(tw_buf_slice(&body), 1 << 20, &problem));
	CHECK_TEXT(tw_json_text(problem, "detail"), "abc?");
}

static void test_reads_and_refusals_are_recorded(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	CHECK_INT(ask("GET /api/v1/things/%22x", GOOD, "", &body, &r), 200);
	CHECK(tw_audit_pending(t.c.audit)); /* nobody waited for the disk */
	CHECK_TEXT(parameter_seen, "\"x");
	struct last l = last_records(1);
	CHECK_INT(l.types[0], TW_LOG_READ);
	CHECK_SAYS(l.bodies[0], "\"parameter\":\"\\\"x\"");
	uint64_t before = tw_audit_last(t.c.audit);
	CHECK_INT(ask("GET /api/v1/open", "", "", &body, &r), 200);
	CHECK_INT(ask("GET /api/v1/nothing", "", "", &body, &r), 404);
	CHECK_INT(tw_audit_last(t.c.audit), before); /* these say nothing about the unit and leave nothing */
	CHECK_INT(ask("GET /api/v1/thing", "", "", &body, &r), 401);
	l = last_records(1);
	CHECK_INT(l.types[0], TW_LOG_EVENT);
	CHECK_SAYS(l.bodies[0], "\"event\":\"request.refused\"");
	CHECK_SAYS(l.bodies[0], "\"rule\":\"gate.anonymous\"");
	before = tw_audit_last(t.c.audit);
	for (int i = 0; i < 500; i++)
		ask("GET /api/v1/thing", "", "", &body, &r);
	CHECK(tw_audit_last(t.c.audit) - before < 10);
}

static int admissions;

static tw_err admit_nobody(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	admissions++;
	return tw_reply_problem(rp, 429, "throttled", "T.RULE.2", "Too many", "Wait.", "Later.");
}

static tw_err admit_all(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	admissions++;
	return TW_OK;
}

/* The latest record is of a refusal, and names this rule. */
static void check_refusal(const char *rule)
{
	struct last l = last_records(1);
	CHECK_INT(l.types[0], TW_LOG_EVENT);
	CHECK_SAYS(l.bodies[0], "\"event\":\"request.refused\"");
	CHECK_SAYS(l.bodies[0], rule);
}

static void test_credentials_that_are_refused_are_recorded(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	CHECK_INT(ask("GET /api/v1/open", "Authorization: Bearer bad\r\n", "", &body, &r), 401);
	check_refusal("\"rule\":\"path.credentials\"");
	uint64_t before = tw_audit_last(t.c.audit);
	CHECK_INT(ask("GET /api/v1/open", "Authorization: Bearer forged\r\n", "", &body, &r), 401);
	check_refusal("\"rule\":\"path.credentials\"");
	CHECK(tw_audit_last(t.c.audit) > before);
}

/* Who has proven nothing is asked for admission before his change leaves a durable intent; nobody else, and for nothing else. */
static void test_admission(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	t.c.admit = admit_nobody;
	admissions = 0;
	intent_seen = 0;
	uint64_t before = tw_audit_last(t.c.audit);
	CHECK_INT(ask("POST /api/v1/long", "", "", &body, &r), 429);
	CHECK_INT(admissions, 1);
	check_refusal("\"rule\":\"T.RULE.2\"");
	CHECK_INT(tw_audit_last(t.c.audit), before + 1); /* the refusal, and no intent */
	CHECK_INT(ask("GET /api/v1/open", "", "", &body, &r), 200);
	CHECK_INT(ask("POST /api/v1/long", GOOD, "", &body, &r), 204);
	CHECK_INT(admissions, 1);
	t.c.admit = admit_all;
	CHECK_INT(ask("POST /api/v1/long", "", "", &body, &r), 204);
	CHECK_INT(admissions, 2);
	struct last l = last_records(1);
	CHECK_INT(l.types[0], TW_LOG_OUTCOME);
}

static void test_the_console_names_its_operation(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "value", "x");
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	struct tw_request rq = { .subject = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE, .name = "console" },
		.operation = &operations[9],
		.input = input };
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 204);
	CHECK(rq.input == input);        /* it is the console's, and stays so */
	rq.subject.door = TW_DOOR_HTTPS; /* front cannot make a console */
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 403);
	rq.subject.door = TW_DOOR_CONSOLE;
	rq.input = NULL;
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 400);
	rq.operation = NULL;
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 500);
}

static tw_err say_much(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static char text[4096];
	memset(text, 'x', sizeof text - 1);
	rp->body = json_string(text);
	return TW_OK;
}

static void test_an_answer_that_does_not_fit(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	static const struct tw_operation_row much = { "much", "CONSOLE", "", "p.console", TW_WHEN_ALWAYS, TW_AUDIT_NONE, NULL,
		say_much, "", "", NULL };
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 1024);
	struct tw_request rq = { .subject = { .door = TW_DOOR_CONSOLE, .kind = TW_SUBJECT_CONSOLE, .name = "console" }, .operation = &much };
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 500);
	CHECK_SAYS(tw_buf_cstr(&body), "\"reference\":");
	CHECK_SAYS(last_records(1).bodies[0], "request.failed");
	tw_buf_done(&body);
	tw_buf_init(&body, tw_sys_real(), 16);
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 500);
	CHECK_INT(body.size, 0); /* not even the problem fits: the status has to do */
}

static int no_room(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	errno = ENOSPC;
	return -1;
}

static void test_a_full_disk_refuses_changes(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	static struct tw_sys sys;
	sys = *tw_sys_real();
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, &sys, dir.fd, capabilities, grants));
	sys.allocate = no_room;
	CHECK_OK(tw_audit_epoch_next(t.c.audit, "test")); /* takes the segment that was ready */
	CHECK_INT(ask("DELETE /api/v1/things/current", GOOD, "", &body, &r), 503);
	CHECK_SAYS(tw_buf_cstr(&body), "audit.space");
	CHECK_INT(ask("GET /api/v1/thing", GOOD, "", &body, &r), 200);
	int status = 200;
	for (int i = 0; i < 5000 && status == 200; i++)
		status = ask("GET /api/v1/thing", GOOD, "", &body, &r);
	CHECK_INT(status, 503); /* at last reads too: what cannot be recorded is not done */
	sys = *tw_sys_real();
	CHECK_INT(ask("DELETE /api/v1/things/current", GOOD, "", &body, &r), 204);
}

static int no_sync(const struct tw_sys *s, int fd)
{
	errno = EIO;
	return -1;
}

static void test_a_log_that_cannot_be_written_refuses(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	static struct tw_sys sys; /* outlives the test: the teardown closes by it */
	sys = *tw_sys_real();
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, &sys, dir.fd, capabilities, grants));
	sys.fdatasync = no_sync;
	intent_seen = 0;
	CHECK_INT(ask("DELETE /api/v1/things/current", GOOD, "", &body, &r), 503);
	CHECK_SAYS(tw_buf_cstr(&body), "audit.broken");
	CHECK_INT(intent_seen, 0); /* the handler did not run */
	CHECK_INT(ask("GET /api/v1/thing", GOOD, "", &body, &r), 503);
	CHECK_INT(ask("GET /api/v1/thing", "", "", &body, &r), 401); /* a refusal stays one */
	CHECK_INT(ask("GET /api/v1/open", "", "", &body, &r), 200);
	sys = *tw_sys_real();
}

/* One request with the n-th call failing: never a crash, always an answer, and no success that the log does not know. */
static void test_every_fault(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	bool fired = true;
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	for (long nth = 1; fired; nth++) {
		struct tw_path_reply r;
		tw_fake *f = tw_fake_new();
		test_context_close(&t);
		tw_json_use(tw_fake_sys(f));
		CHECK_OK(test_context_open(&t, tw_fake_sys(f), dir.fd, capabilities, grants));
		tw_fake_fail(f, nth, EIO, false);
		char text[] = "PUT /api/v1/things/x HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n" GOOD JSON "\r\n";
		struct tw_http_head head;
		struct tw_http_fault fault;
		CHECK_OK(tw_http_parse(tw_slice_of(text), &head, &fault));
		struct tw_request rq = { .subject = { .name = "anyone" }, .head = &head, .body = TW_SLICE("{\"value\":\"a\"}") };
		tw_buf_clear(&body);
		tw_path_walk(&t.c, &rq, &body, &r);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (r.status != 200 && r.status != 500 && r.status != 503)
			fail_msg("call %ld (%s): %d", nth, tw_fake_name(f, nth), r.status);
		CHECK(fired || r.status == 200);
		test_context_close(&t);
		tw_json_use(tw_sys_real());
		CHECK_OK(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants));
		CHECK_TEXT(tw_audit_fault(t.c.audit), "");
		tw_fake_free(f);
	}
}

/* As much as the row says, and not a byte more; another row keeps to what all take. */
static void test_a_long_body(void **state)
{
	static const struct {
		const char *path;
		size_t size;
		int status;
	} sizes[] = { { "long-body", 100000, 200 }, { "long-body", 200000, 200 }, { "long-body", 200001, 413 },
		{ "things/x", TW_BODY_MAX + 1, 413 } };
	TW_CLEANUP(tw_freep) char *text = malloc(200002);
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_http_head head;
	struct tw_http_fault fault;
	struct tw_path_reply r;
	char line[128];
	t.owned = true;
	tw_buf_init(&body, tw_sys_real(), 4096);
	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		snprintf(line, sizeof line, "PUT /api/v1/%s HTTP/1.1\r\nHost: x\r\n" JSON GOOD "\r\n", sizes[i].path);
		CHECK_OK(tw_http_parse(tw_slice_of(line), &head, &fault));
		memset(text, 'x', sizes[i].size);
		lay_text(text, "{\"value\":\"");
		lay_text(text + sizes[i].size - 2, "\"}");
		struct tw_request rq = {
			.subject = { .door = TW_DOOR_HTTPS, .name = "anyone" }, .head = &head, .body = { text, sizes[i].size }
		};
		tw_buf_clear(&body);
		tw_path_walk(&t.c, &rq, &body, &r);
		CHECK_INT(r.status, sizes[i].status);
		CHECK(strstr(tw_buf_cstr(&body), r.status == 413 ? "path.body-max" : "\"size\":"));
	}
}

/* A parameter, a key and a value of a query each have a length that is taken, and a byte more that is not. */
static void test_long_parameters(void **state)
{
	static const struct {
		const char *before, *after;
		size_t most;
		int taken, not_taken;
	} lengths[] = { { "GET /api/v1/things/", "", 255, 200, 404 }, { "GET /api/v1/list?word=", "", 255, 400, 400 },
		{ "GET /api/v1/list?", "=x", 63, 400, 400 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_path_reply r;
	char line[400], text[300];
	tw_buf_init(&body, tw_sys_real(), 1 << 20);
	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < TW_COUNT(lengths); i++) {
		snprintf(line, sizeof line, "%s%.*s%s", lengths[i].before, (int)lengths[i].most, text, lengths[i].after);
		CHECK_INT(ask(line, GOOD, "", &body, &r), lengths[i].taken);
		CHECK(!strstr(tw_buf_cstr(&body), "malformed or too long"));
		snprintf(line, sizeof line, "%s%.*s%s", lengths[i].before, (int)lengths[i].most + 1, text, lengths[i].after);
		CHECK_INT(ask(line, GOOD, "", &body, &r), lengths[i].not_taken);
		CHECK(lengths[i].not_taken == 404 || strstr(tw_buf_cstr(&body), "malformed or too long"));
	}
}

/* A door that carries no files gets none, and nobody keeps it. */
static void test_a_file(void **state)
{
	static const char text[] = "GET /api/v1/file HTTP/1.1\r\nHost: x\r\n\r\n";
	TW_CLEANUP(tw_buf_done) struct tw_buf body;
	struct tw_http_head head;
	struct tw_http_fault fault;
	struct tw_path_reply r;
	tw_buf_init(&body, tw_sys_real(), 4096);
	t.owned = true;
	CHECK_OK(tw_http_parse(TW_SLICE(text), &head, &fault));
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .name = "anyone" }, .head = &head, .takes_file = true };
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 200);
	CHECK_TEXT(r.type, "text/plain");
	CHECK(r.has_file && r.file == file_given && r.file_size == 5 && body.size == 0);
	CHECK_INT(close(r.file), 0);
	rq.takes_file = false;
	tw_path_walk(&t.c, &rq, &body, &r);
	CHECK_INT(r.status, 406);
	CHECK(!r.has_file && strstr(tw_buf_cstr(&body), "path.door"));
	CHECK_INT(close(file_given), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_context)
CHECK_MAIN(TEST(test_answers), TEST(test_queries_where_they_end), TEST(test_paths_where_they_end), TEST(test_types_where_they_end),
	TEST(test_operations_by_their_names), TEST(test_changes_are_recorded_around), TEST(test_words_that_were_cut_are_recorded),
	TEST(test_reads_and_refusals_are_recorded), TEST(test_credentials_that_are_refused_are_recorded), TEST(test_admission),
	TEST(test_the_console_names_its_operation), TEST(test_an_answer_that_does_not_fit), TEST(test_a_full_disk_refuses_changes),
	TEST(test_a_log_that_cannot_be_written_refuses), TEST(test_a_file), TEST(test_long_parameters), TEST(test_a_long_body),
	TEST(test_every_fault))

/* SPDX-License-Identifier: Apache-2.0 */
/* The operations that every side has: settings and the log, as whoever may ask sees them. */
#include "service/path/operations.h"
#include "service/path/test-one-context.h"
#include "oom.h"

#include <unistd.h>

#define WALL 1900000000000LL /* 2030-03-17T17:46:40Z */

static const struct tw_setting_row settings[] = {
	{ "a.text", TW_SETTING_TEXT, NULL, 0, 8, NULL, "x", "y", "settings.change", NULL, "a text", NULL },
	{ "a.special", TW_SETTING_TEXT, "", 0, 8, NULL, "x", "y", "settings.special", NULL, NULL, NULL },
	{ "a.number", TW_SETTING_INT, "s", -5, 100, NULL, "10", "9", "settings.change", NULL, "a number", NULL },
	{ "a.switch", TW_SETTING_BOOL, NULL, 0, 0, NULL, "on", "off", "settings.change", NULL, "a switch", NULL },
	{ "a.choice", TW_SETTING_CHOICE, NULL, 0, 0, "red|blue", "red", "blue", "settings.change", NULL, "a choice", NULL },
	{ .key = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "T", .folder = "t", .settings = settings };
static const struct tw_capability empty = { .code = "E", .name = "E", .folder = "e" };
static const struct tw_capability *const capabilities[] = { &empty, &capability, NULL };
static const struct tw_grant_row grants[] = { { "settings.change", 1u << TW_SUBJECT_OWNER }, { .permission = NULL } };
static const struct tw_operation_row segments = { .name = "log.segments", .handler = tw_op_log_segments, .list = "segments", .page = 2 };

static int set_up(void **state)
{
	dir = test_dir_new();
	fake = tw_fake_new();
	tw_fake_clock(fake, true, WALL, 1000);
	t = (struct test_context){ .owned = true };
	return tw_failed(test_context_open(&t, tw_fake_sys(fake), dir.fd, capabilities, grants)) ? -1 : 0;
}

/* --- Settings --- */

static int change_for(const char *key, const char *value, const struct tw_slice *tag, struct tw_reply *rp)
{
	static struct tw_http_head head;
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "value", value);
	head = (struct tw_http_head){ 0 };
	if (tag)
		head.fields[head.field_count++] = (struct tw_http_field){ TW_SLICE("If-Match"), *tag };
	struct tw_request rq = { .subject = { .kind = TW_SUBJECT_OWNER, .name = "owner:alice" },
		.head = &head,
		.input = input,
		.parameter = tw_slice_of(key) };
	tw_reply_done(rp);
	*rp = (struct tw_reply){ .status = 200 };
	CHECK_OK(tw_op_settings_change(&t.c, &rq, rp));
	return rp->status;
}

static int change(const char *key, const char *value, const char *tag, struct tw_reply *rp)
{
	struct tw_slice slice = tw_slice_of(tag ? tag : "");
	return change_for(key, value, tag ? &slice : NULL, rp);
}

static void test_a_change_names_its_version(void **state)
{
	struct tw_reply rp = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf value;
	tw_buf_init(&value, tw_sys_real(), 64);
	CHECK_INT(change("a.text", "new", NULL, &rp), 428);
	CHECK_INT(change("a.text", "new", "\"7\"", &rp), 412);
	CHECK_INT(change("a.text", "new", "*", &rp), 412);
	static const char *const no_tags[] = { "", "\"", "\"\"", "0", "\"0", "00\"", "0\"", "\"00", "\"0x\"", "\"0 \"", "W/\"0\"",
		"\"0\", \"0\"", "\"-0\"", "\"9223372036854775808\"" };
	for (size_t i = 0; i < TW_COUNT(no_tags); i++)
		CHECK_INT(change("a.text", "new", no_tags[i], &rp), 412);
	char *memory = malloc(1);
	const struct tw_slice nothing = { memory + 1, 0 }; /* behind it there is none */
	assert_non_null(memory);
	CHECK_INT(change_for("a.text", "new", &nothing, &rp), 412);
	free(memory);
	CHECK_INT(change("a.text", "far too long", "\"0\"", &rp), 400);
	CHECK_INT(change("a.text", "far too long", "\"7\"", &rp), 400); /* the value first: it will not do for any version */
	CHECK_INT(change("a.none", "new", "\"0\"", &rp), 404);
	CHECK_INT(change("a.special", "new", "\"0\"", &rp), 403); /* this row asks for more than the operation does */
	CHECK_INT(change("a.text", "new", "\"0\"", &rp), 200);
	CHECK_TEXT(rp.etag, "\"1\"");
	CHECK_TEXT(rp.note, "a.text: new, was x");
	CHECK_TEXT(tw_json_text(rp.body, "changed_by"), "owner:alice");
	tw_reply_done(&rp);
	CHECK_OK(tw_setting_get(&t.c, "a.text", &value));
	CHECK_TEXT(tw_buf_cstr(&value), "new");
	CHECK_ERR(tw_setting_get(&t.c, "a.none", &value), NOTFOUND);
}

/* A setting's row says who may change it; without a word, nobody may. */
static void test_who_may_change(void **state)
{
	struct tw_request rq = { .subject = { .kind = TW_SUBJECT_ANYONE, .name = "anyone" }, .parameter = TW_SLICE("a.text") };
	struct tw_reply rp = { .status = 200 };

	CHECK_OK(tw_op_settings_change(&t.c, &rq, &rp));
	CHECK_INT(rp.status, 403);
	CHECK_TEXT(rp.rule, "gate.permission");
	rq.subject.kind = TW_SUBJECT_OWNER; /* and without a head there is no version to name */
	CHECK_OK(tw_op_settings_change(&t.c, &rq, &rp));
	CHECK_INT(rp.status, 428);
}

static const char *read_one(struct tw_slice key, int want, char ret[2048])
{
	struct tw_request rq = { .parameter = key };
	struct tw_reply rp = { .status = 200 };
	struct tw_buf text;

	tw_buf_init(&text, tw_sys_real(), 2048);
	CHECK_OK(tw_op_settings_read(&t.c, &rq, &rp));
	CHECK_INT(rp.status, want);
	if (rp.body)
		CHECK_OK(tw_json_write(rp.body, &text));
	(void)snprintf(ret, 2048, "%s %s", rp.etag, tw_buf_cstr(&text));
	tw_buf_done(&text);
	tw_reply_done(&rp);
	return ret;
}

static void test_what_a_form_is_made_of(void **state)
{
	static const char *const rows[][2] = {
		{ "a.text", "\"0\" {\"baseline\":\"y\",\"default\":\"x\",\"help\":\"a text\",\"key\":\"a.text\",\"type\":\"text\",\"value\":\"x\",\"version\":0}" },
		{ "a.special", "\"0\" {\"baseline\":\"y\",\"default\":\"x\",\"help\":\"\",\"key\":\"a.special\",\"type\":\"text\",\"value\":\"x\",\"version\":0}" },
		{ "a.number",
			"\"0\" {\"baseline\":\"9\",\"default\":\"10\",\"help\":\"a number\",\"key\":\"a.number\",\"max\":100,\"min\":-5,"
			"\"type\":\"int\",\"unit\":\"s\",\"value\":\"10\",\"version\":0}" },
		{ "a.switch", "\"0\" {\"baseline\":\"off\",\"default\":\"on\",\"help\":\"a switch\",\"key\":\"a.switch\",\"type\":\"bool\",\"value\":\"on\",\"version\":0}" },
		{ "a.choice", "\"0\" {\"baseline\":\"blue\",\"choices\":\"red|blue\",\"default\":\"red\",\"help\":\"a choice\",\"key\":\"a.choice\",\"type\":\"choice\",\"value\":\"red\",\"version\":0}" },
	};
	char got[2048];
	struct tw_reply rp = { 0 };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_TEXT(read_one(tw_slice_of(rows[i][0]), 200, got), rows[i][1]);
	CHECK_INT(change("a.switch", "off", "\"0\"", &rp), 200);
	tw_reply_done(&rp);
	CHECK_TEXT(read_one(TW_SLICE("a.switch"), 200, got),
		"\"1\" {\"baseline\":\"off\",\"changed\":\"2030-03-17T17:46:40.000Z\",\"changed_by\":\"owner:alice\",\"default\":\"on\",\"help\":\"a switch\","
		"\"key\":\"a.switch\",\"type\":\"bool\",\"value\":\"off\",\"version\":1}");
	(void)read_one(TW_SLICE("a.none"), 404, got);
	(void)read_one(TW_SLICE("a.switc"), 404, got);
	(void)read_one((struct tw_slice){ "a.switch and more", 8 }, 200, got); /* a slice ends where it says */
	char longest[300] = "a.switch";
	(void)read_one((struct tw_slice){ longest, sizeof longest }, 404, got);
	(void)read_one((struct tw_slice){ longest, 128 }, 404, got);
	(void)read_one((struct tw_slice){ longest, 127 }, 200, got);
}

static void test_health(void **state)
{
	struct tw_request rq = { .subject.kind = TW_SUBJECT_ANYONE };
	struct tw_reply rp = { .status = 200 };

	CHECK_OK(tw_op_health(&t.c, &rq, &rp));
	CHECK_INT(json_object_size(rp.body), 1); /* a stranger is told no more */
	CHECK_TEXT(tw_json_text(rp.body, "state"), "ok");
	tw_reply_done(&rp);
}

/* --- The log --- */

static tw_err list(const char *cursor, int limit, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:i, s:s}", "limit", limit, "cursor", cursor);
	struct tw_request rq = { .operation = &segments, .input = input };

	tw_reply_done(rp);
	*rp = (struct tw_reply){ .status = 200 };
	return segments.handler(&t.c, &rq, rp);
}

static void test_segments_of_the_log(void **state)
{
	struct tw_reply rp = { 0 };
	char cursor[200];
	uint64_t first[4] = { 1 };

	for (size_t i = 1; i < TW_COUNT(first); i++) {
		CHECK_OK(tw_audit_epoch_next(t.c.audit, "another"));
		first[i] = tw_audit_last(t.c.audit);
	}
	CHECK_OK(list("", 3, &rp));
	json_t *all = tw_json_get(rp.body, "segments");
	CHECK_INT(json_array_size(all), 3);
	for (size_t i = 0; i < 3; i++) {
		json_t *one = json_array_get(all, i);
		CHECK_INT(tw_json_int(one, "first"), first[i]);
		CHECK_INT(tw_json_int(one, "epoch"), i + 1);
		CHECK(!tw_json_bool(one, "open"));
	}
	(void)snprintf(cursor, sizeof cursor, "%s", tw_json_text(rp.body, "next"));
	CHECK(cursor[0]);
	CHECK_OK(list(cursor, 3, &rp));
	all = tw_json_get(rp.body, "segments");
	CHECK_INT(json_array_size(all), 1);
	CHECK_INT(tw_json_int(json_array_get(all, 0), "first"), first[3]);
	CHECK(tw_json_bool(json_array_get(all, 0), "open"));
	CHECK(!tw_json_get(rp.body, "next"));
	CHECK_OK(list("", 4, &rp));
	CHECK(!tw_json_get(rp.body, "next"));
	CHECK_OK(list("nonsense", 4, &rp));
	CHECK_INT(rp.status, 400);
	tw_reply_done(&rp);
}

static void test_a_segment_of_the_log(void **state)
{
	static const struct {
		const char *first;
		int status;
	} rows[] = { { "1", 200 }, { "2", 404 }, { "0", 404 }, { "", 404 }, { "one", 404 }, { "01", 404 },
		{ "9223372036854775808", 404 }, { "99999999999999999999999", 404 } };
	char magic[8] = "", name[] = "00000000000000000001.twlog";

	CHECK_OK(tw_audit_epoch_next(t.c.audit, "another"));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_request rq = { .parameter = tw_slice_of(rows[i].first) };
		struct tw_reply rp = { .status = 200, .file = -1 };
		CHECK_OK(tw_op_log_segment(&t.c, &rq, &rp));
		if (rp.status != rows[i].status || rp.has_file != (rp.status == 200))
			fail_msg("'%s': %d", rows[i].first, rp.status);
		CHECK_TEXT(rp.rule, rp.status == 200 ? "" : "log.segment");
		if (!rp.has_file)
			continue;
		CHECK_TEXT(rp.file_type, "application/octet-stream");
		CHECK_INT(pread(rp.file, magic, 8, 0), 8);
		CHECK(rp.file_size > TW_LOG_HEADER_SIZE);
		CHECK_INT(close(rp.file), 0);
	}
	CHECK_INT(unlinkat(dir.fd, name, 0), 0); /* a file that ought to be there is the device's failure, and no "there is none" */
	struct tw_request rq = { .parameter = TW_SLICE("1") };
	struct tw_reply rp = { .status = 200 };
	CHECK_ERR(tw_op_log_segment(&t.c, &rq, &rp), IO);
	CHECK(!rp.has_file);
}

static void test_a_record_as_people_see_it(void **state)
{
	static const struct {
		enum tw_log_type type;
		const char *want;
	} rows[] = {
		{ TW_LOG_INTENT, "intent" },
		{ TW_LOG_OUTCOME, "outcome" },
		{ TW_LOG_EVENT, "event" },
		{ TW_LOG_READ, "read" },
		{ TW_LOG_REFUSALS, "refusals" },
		{ TW_LOG_CHECKPOINT, "checkpoint" },
		{ TW_LOG_OPEN, "open" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_log_record r = { .seq = 7, .type = rows[i].type, .wall_ms = WALL, .body = TW_SLICE("{\"a\":1}") };
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		CHECK_OK(tw_op_log_record(&r, &j));
		CHECK_INT(json_object_size(j), 4);
		CHECK_INT(tw_json_int(j, "a"), 1);
		CHECK_INT(tw_json_int(j, "seq"), 7);
		CHECK_TEXT(tw_json_text(j, "type"), rows[i].want);
		CHECK_TEXT(tw_json_text(j, "time"), "2030-03-17T17:46:40.000Z");
	}
	json_t *none = NULL;
	CHECK_ERR(tw_op_log_record(&(struct tw_log_record){ .type = TW_LOG_READ, .body = TW_SLICE("{\"a\":") }, &none), SYNTAX);
	CHECK(!none);
}

/* --- Without memory --- */

struct answer {
	tw_err (*handler)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
	struct tw_request rq;
	char whole[4096]; /* as it is with all the memory there is; "" before the first */
};

static tw_err answer(const struct tw_sys *sys, void *user)
{
	struct answer *a = user;
	struct tw_reply rp = { .status = 200, .file = -1 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text;
	tw_buf_init(&text, tw_sys_real(), sizeof a->whole - 1);
	t.c.sys = sys;
	tw_err e = a->handler(&t.c, &a->rq, &rp);
	t.c.sys = tw_fake_sys(fake);
	tw_json_use(tw_sys_real());
	if (!tw_failed(e)) {
		CHECK_INT(rp.status, 200);
		CHECK_OK(tw_json_write(rp.body, &text));
		if (!a->whole[0])
			snprintf(a->whole, sizeof a->whole, "%s", tw_buf_cstr(&text));
		CHECK_TEXT(tw_buf_cstr(&text), a->whole);
	}
	tw_reply_done(&rp);
	return e;
}

/* What is answered is the whole of it: a member that could not be had is not left out. */
static void test_answers_without_memory(void **state)
{
	static const struct tw_operation_row records = { .name = "log.read", .handler = tw_op_log_read, .list = "records", .page = 2 };
	static const struct tw_operation_row list_all = {
		.name = "settings.list", .handler = tw_op_settings_list, .list = "settings", .page = 2
	};
	static struct answer answers[] = {
		{ tw_op_health, { .parameter = { "", 0 } }, "" },
		{ tw_op_settings_read, { .parameter = TW_SLICE("a.number") }, "" },
		{ tw_op_settings_read, { .parameter = TW_SLICE("a.choice") }, "" },
		{ tw_op_settings_list, { .operation = &list_all }, "" },
		{ tw_op_log_read, { .operation = &records }, "" },
		{ tw_op_log_segments, { .operation = &segments }, "" },
	};
	struct tw_reply rp = { 0 };

	CHECK_INT(change("a.number", "20", "\"0\"", &rp), 200);
	tw_reply_done(&rp);
	CHECK_OK(tw_audit_epoch_next(t.c.audit, "another"));
	for (size_t i = 0; i < TW_COUNT(answers); i++)
		CHECK(told_sweep(ENOMEM, answer, &answers[i], "") > 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_context)
CHECK_MAIN(TEST(test_a_change_names_its_version), TEST(test_who_may_change), TEST(test_what_a_form_is_made_of), TEST(test_health),
	TEST(test_segments_of_the_log), TEST(test_a_segment_of_the_log), TEST(test_a_record_as_people_see_it),
	TEST(test_answers_without_memory))

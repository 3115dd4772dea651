/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/operations.h"
#include "service/path/test-context.h"

static const struct tw_shape fields[] = { { "what", TW_JSON_TEXT, true, 1, 16 }, { .key = NULL } };
static const struct tw_shape none[] = { { .key = NULL } };
static const struct tw_event_row events[] = {
	{ "thing.happened", TW_SEVERITY_WARNING, fields, "DI.IMS.1", "" },
	{ "thing.quiet", TW_SEVERITY_DEBUG, none, NULL, "" },
	{ .id = NULL },
};

static tw_err read_fact(struct tw_context *c, json_t **ret)
{
	*ret = json_true();
	return TW_OK;
}

static tw_err read_number(struct tw_context *c, json_t **ret)
{
	*ret = json_integer(7);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a fact");
}

static const struct tw_fact_row facts[] = { { "thing.known", TW_FACT_BOOL, NULL, read_fact, "" },
	{ "thing.number", TW_FACT_INT, NULL, read_number, "" }, { .name = NULL } };
static const struct tw_setting_row settings[] = {
	{ "a.text", TW_SETTING_TEXT, NULL, 0, 8, NULL, "x", "y", "settings.change", NULL, "a text", NULL },
	{ "a.special", TW_SETTING_TEXT, NULL, 0, 8, NULL, "x", "y", "settings.special", NULL, NULL, NULL },
	{ .key = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "T", .folder = "t", .events = events, .facts = facts, .settings = settings };
static const struct tw_capability empty = { .code = "E", .name = "E", .folder = "e" };
static const struct tw_capability *const capabilities[] = { &empty, &capability, NULL };
static const struct tw_grant_row grants[] = { { "settings.change", 1u << TW_SUBJECT_OWNER }, { .permission = NULL } };

static struct test_dir dir;
static struct test_context t;

static int set_up(void **state)
{
	dir = test_dir_new();
	t = (struct test_context){ .owned = true };
	return tw_failed(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants)) ? -1 : 0;
}

static int tear_down(void **state)
{
	test_context_close(&t);
	test_dir_done(&dir);
	t.key = tw_key_free(t.key);
	return 0;
}

static bool keep_body(void *user, const struct tw_log_record *r)
{
	snprintf(user, 256, TW_SLICE_FMT, TW_SLICE_ARG(r->body));
	return false;
}

static void test_only_declared_events(void **state)
{
	char body[256];
	CHECK_OK(tw_event(&t.c, "thing.happened", json_pack("{s:s}", "what", "this")));
	CHECK_OK(tw_audit_recent(t.c.audit, 0, 1, keep_body, body));
	CHECK_TEXT(body, "{\"element\":\"DI.IMS.1\",\"event\":\"thing.happened\",\"fields\":{\"what\":\"this\"},\"severity\":\"warning\"}");
	CHECK_OK(tw_event(&t.c, "thing.quiet", NULL));
	CHECK_OK(tw_audit_recent(t.c.audit, 0, 1, keep_body, body));
	CHECK_TEXT(body, "{\"event\":\"thing.quiet\",\"severity\":\"debug\"}");
	uint64_t last = tw_audit_last(t.c.audit);
	CHECK_ERR(tw_event(&t.c, "thing.unheard-of", NULL), INTERNAL);
	CHECK_ERR(tw_event(&t.c, "thing.happened", NULL), INTERNAL);
	CHECK_ERR(tw_event(&t.c, "thing.happened", json_pack("{s:i}", "what", 1)), INTERNAL);
	CHECK_ERR(tw_event(&t.c, "thing.quiet", json_pack("{s:s}", "what", "x")), INTERNAL);
	CHECK_INT(tw_audit_last(t.c.audit), last);
}

static void test_only_declared_facts(void **state)
{
	json_t *fact = NULL;
	CHECK_OK(tw_fact(&t.c, "thing.known", &fact));
	CHECK(json_is_true(fact));
	json_decref(fact);
	CHECK_ERR(tw_fact(&t.c, "thing.unknown", &fact), INTERNAL);
	int64_t number = 0;
	CHECK_OK(tw_fact_int(&t.c, "thing.number", &number));
	CHECK_INT(number, 7);
	CHECK_ERR(tw_fact_int(&t.c, "thing.known", &number), INTERNAL);
	CHECK_ERR(tw_fact_int(&t.c, "thing.unknown", &number), INTERNAL);
	CHECK_INT(number, 7);
}

static int change(const char *key, const char *value, const char *tag, struct tw_reply *rp)
{
	static struct tw_http_head head;
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "value", value);
	head = (struct tw_http_head){ 0 };
	if (tag)
		head.fields[head.field_count++] = (struct tw_http_field){ TW_SLICE("If-Match"), tw_slice_of(tag) };
	struct tw_request rq = { .subject = { .kind = TW_SUBJECT_OWNER, .name = "owner:alice" },
		.head = &head,
		.input = input,
		.parameter = tw_slice_of(key) };
	tw_reply_done(rp);
	*rp = (struct tw_reply){ .status = 200 };
	CHECK_OK(tw_op_settings_change(&t.c, &rq, rp));
	return rp->status;
}

static void test_settings_change(void **state)
{
	struct tw_reply rp = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf value;
	tw_buf_init(&value, tw_sys_real(), 64);
	CHECK_INT(change("a.text", "new", NULL, &rp), 428);
	CHECK_INT(change("a.text", "new", "\"7\"", &rp), 412);
	CHECK_INT(change("a.text", "new", "*", &rp), 412);
	static const char *const no_tags[] = { "", "\"", "\"\"", "0", "\"0", "0\"", "\"0x\"", "\"0 \"", "W/\"0\"", "\"0\", \"0\"",
		"\"-0\"", "\"9223372036854775808\"" };
	for (size_t i = 0; i < TW_COUNT(no_tags); i++)
		CHECK_INT(change("a.text", "new", no_tags[i], &rp), 412);
	CHECK_INT(change("a.text", "far too long", "\"0\"", &rp), 400);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_only_declared_events), TEST(test_only_declared_facts), TEST(test_settings_change))

/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/test-one-context.h"
#include "oom.h"

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
static const struct tw_capability capability = { .code = "T", .name = "T", .folder = "t", .events = events, .facts = facts };
static const struct tw_capability empty = { .code = "E", .name = "E", .folder = "e" };
static const struct tw_capability *const capabilities[] = { &empty, &capability, NULL };
static const struct tw_grant_row grants[] = { { .permission = NULL } };

static int set_up(void **state)
{
	dir = test_dir_new();
	t = (struct test_context){ .owned = true };
	return tw_failed(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants)) ? -1 : 0;
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
	CHECK_OK(tw_event(&t.c, "thing.quiet", json_object()));
	CHECK_OK(tw_audit_recent(t.c.audit, 0, 1, keep_body, body));
	CHECK_TEXT(body, "{\"event\":\"thing.quiet\",\"severity\":\"debug\"}");
	uint64_t last = tw_audit_last(t.c.audit);
	CHECK_ERR(tw_event(&t.c, "thing.unheard-of", json_object()), INTERNAL);
	CHECK_ERR(tw_event(&t.c, "thing.happened", json_object()), INTERNAL);
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

static tw_err tell(const struct tw_sys *sys, void *user)
{
	const char *want = user;
	char body[256];
	tw_err e = want ? tw_event(&t.c, "thing.happened", json_pack("{s:s}", "what", "this"))
			: tw_event(&t.c, "thing.quiet", json_object());
	tw_json_use(tw_sys_real());
	TW_TRY(e);
	CHECK_OK(tw_audit_recent(t.c.audit, 0, 1, keep_body, body));
	CHECK_TEXT(body, want ? want : "{\"event\":\"thing.quiet\",\"severity\":\"debug\"}");
	return TW_OK;
}

/* An event is recorded whole, or whoever tells it hears that it was not. */
static void test_events_without_memory(void **state)
{
	char all[] = "{\"element\":\"DI.IMS.1\",\"event\":\"thing.happened\",\"fields\":{\"what\":\"this\"},\"severity\":\"warning\"}";
	CHECK(told_sweep(ENOMEM, tell, all, "") > 5);
	CHECK(told_sweep(ENOMEM, tell, NULL, "") > 3);
}

/* Where there was no memory for its fields none is told without them, and it is said that memory was the reason. */
static void test_fields_that_could_not_be_made(void **state)
{
	uint64_t last = tw_audit_last(t.c.audit);

	CHECK_ERR(tw_event(&t.c, "thing.quiet", NULL), NOMEM);
	CHECK_ERR(tw_event(&t.c, "thing.happened", NULL), NOMEM);
	CHECK_INT(tw_audit_last(t.c.audit), last);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_context)
CHECK_MAIN(TEST(test_only_declared_events), TEST(test_only_declared_facts), TEST(test_events_without_memory),
	TEST(test_fields_that_could_not_be_made))

/* SPDX-License-Identifier: Apache-2.0 */
/* What the log records of reading: said by an auditor and by no admin; changes, refusals and reading the log are recorded whatever is said. */
#include "as.h"

#include "service/path/path-match.h"

#define RULES "/api/v1/audit-rules"
#define LIST "{\"unrecorded\":\"settings.list accounts.list\"}"

static char auditor[64], admin[64];

static void people(void)
{
	make("bob", "auditor");
	make("carol", "admin");
	open_as(NULL, "a2", auditor);
	open_as(NULL, "a3", admin);
}

static size_t records_of(const char *operation)
{
	char what[64];
	size_t n = 0;

	(void)snprintf(what, sizeof what, "\"operation\":\"%s\"", operation);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=100", NULL, NULL), 200);
	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* @nist LA.RSM.6.3.1: an auditor changes what is recorded, which counts at once; an admin cannot, by neither way */
static void test_who_says_it(void **state)
{
	char with[96];

	people();
	check_as(NULL, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	size_t before = records_of("settings.list");
	CHECK(before > 0);
	check_as(admin, "PUT", RULES, LIST, 403, "gate.permission");
	(void)snprintf(with, sizeof with, "%s\r\nIf-Match: \"0\"", admin);
	check_as(with, "PUT", "/api/v1/settings/logical-access.unrecorded-reads", "{\"value\":\"settings.list\"}", 403, "gate.permission");
	check_as(auditor, "PUT", RULES, LIST, 200, "\"unrecorded\":\"settings.list accounts.list\"");
	CHECK(world_log_says(&w, "reads without a record: settings.list accounts.list"));
	check_as(NULL, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	CHECK_INT(records_of("settings.list"), before);
	check_as(auditor, "GET", RULES, NULL, 200, "settings.list");
	check_as(auditor, "PUT", RULES, "{\"unrecorded\":\"\"}", 200, NULL);
	CHECK(world_log_says(&w, "reads without a record: none"));
	check_as(NULL, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	CHECK_INT(records_of("settings.list"), before + 1);
}

/* The owner's too, by whatever name he comes to it. */
static void test_what_stays_recorded(void **state)
{
	static const char *const wrong[] = { "log.read", "log.stream", "settings.change", "audit-rules.read", "no.such",
		"settings.list log.read", "health.read", "settings.list\\u0007" };
	char body[96], bob[64];

	people();
	for (size_t i = 0; i < TW_COUNT(wrong); i++) {
		(void)snprintf(body, sizeof body, "{\"unrecorded\":\"%s\"}", wrong[i]);
		check_as(auditor, "PUT", RULES, body, 400, "audit.rule");
	}
	make("dave", NULL);
	open_as(NULL, "a4", bob);
	check_as(auditor, "PUT", RULES, LIST, 200, NULL);
	size_t before = records_of("accounts.list");
	check_as(bob, "GET", "/api/v1/accounts", NULL, 403, "gate.permission");
	CHECK_INT(records_of("accounts.list"), before + 1);
	check_as(auditor, "PUT", RULES, "{\"unrecorded\":\"accounts.read\"}", 200, NULL);
	before = records_of("accounts.read");
	check_as(NULL, "GET", "/api/v1/accounts/a4", NULL, 200, NULL);
	CHECK_INT(records_of("accounts.read"), before);
	check_as(NULL, "GET", "/api/v1/accounts/a99", NULL, 404, "account.unknown"); /* its handler refuses, not the gate */
	CHECK_INT(records_of("accounts.read"), before + 1);
	before = records_of("log.read");
	CHECK(records_of("log.read") > before);
}

static void store(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

/* Whatever the store says: what is never left out is recorded, and so is everything while nobody can tell what the rule is. */
static void test_a_rule_that_was_never_given(void **state)
{
	struct tw_context *c = &device()->context;
	const struct tw_request rq = { .operation = tw_operation_find(c->capabilities, tw_slice_of("settings.list")) };
	struct tw_settings *kept;

	people();
	check_as(auditor, "PUT", RULES, LIST, 200, NULL);
	CHECK(tw_audit_unrecorded(c, &rq));
	store("ALTER TABLE setting RENAME TO hidden");
	kept = c->settings;
	c->settings = NULL;
	bool left_out = tw_audit_unrecorded(c, &rq);
	c->settings = kept;
	CHECK(!left_out);
	store("ALTER TABLE hidden RENAME TO setting");
	store("UPDATE setting SET value = 'log.read settings.list' WHERE key = 'logical-access.unrecorded-reads'");
	world_start(&w);
	size_t before = records_of("log.read");
	CHECK(records_of("log.read") > before);
}

/* A disk that is full is no fault of the rule. */
static void test_no_room_for_a_rule(void **state)
{
	char body[400];
	int status = 200;

	people();
	int size = snprintf(body, sizeof body, "{\"unrecorded\":\"settings.list");
	for (int i = 0; i < 24; i++)
		size += snprintf(body + size, sizeof body - (size_t)size, " settings.list");
	(void)snprintf(body + size, sizeof body - (size_t)size, "\"}");
	store("PRAGMA max_page_count = 1"); /* no more than there are */
	for (int i = 0; i < 100 && status == 200; i++)
		status = tw_unit_request_as(w.unit, auditor, "PUT", RULES, body);
	CHECK_INT(status, 503);
	CHECK(strstr(tw_unit_body(w.unit), "store.space"));
	store("PRAGMA max_page_count = 1000000");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_who_says_it), TEST(test_what_stays_recorded), TEST(test_a_rule_that_was_never_given), TEST(test_no_room_for_a_rule))

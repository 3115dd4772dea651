/* SPDX-License-Identifier: Apache-2.0 */
/* What the log records of reading: said by an auditor and by no admin; changes, refusals and reading the log are recorded whatever is said. */
#include "as.h"

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
		"settings.list log.read", "health.read" };
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_who_says_it), TEST(test_what_stays_recorded))

/* SPDX-License-Identifier: Apache-2.0 */
/* The staff's pages of customers and incidents: which devices a page has, what a form becomes, and that a page is whole or is not sent, whatever fails meanwhile. */
#include "check.h"
#include "service/path/path-match.h"
#include "service/path/test-context.h"
#include "service/sql-service.h"
#include "service/test-dir.h"
#include "support/customers/customers.h"
#include "support/platform/app.h"
#include "support/rows-customers.h"
#include "support/sql-support.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define STRIDE 3 /* of some thousand calls, nearly all of them allocations: enough of each, and short */

static const struct tw_capability *const all[] = { &tw_capability_customers, NULL };
static const struct tw_grant_row no_grants[] = { { NULL } };
static const struct tw_subject ann = { .kind = TW_SUBJECT_ACCOUNT, .name = "account:Ann", .account = "a1", .door = TW_DOOR_HTTPS };

static struct {
	tw_fake *fake;
	struct test_dir dir;
	struct test_context t;
	struct tw_app app; /* of which the pages take its products */
	long fail_at;      /* the call of the seam, within the handler */
} world;

static void has(const char *product, const char *serial)
{
	bool done = false;

	CHECK_OK(tw_customer_device_add(world.t.c.store, 1, product, serial, 1, &done));
	CHECK(done);
}

static int begin(void **state)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 1, tw_sql_access_format_1 },
		{ 1, tw_sql_reception_format_1 }, { 1, tw_sql_cases_format_1 }, { 1, tw_sql_triage_format_1 },
		{ 1, tw_sql_outbox_format_1 }, { 1, tw_sql_subscriptions_format_1 }, { 1, tw_sql_customers_format_1 },
		{ 1, tw_sql_staff_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };
	struct tw_receipt key;
	int64_t id = 0;

	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
	world.t.c.side = &world.app;
	world.t.c.store = tw_store_free(world.t.c.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "desk.db", &formats, &world.t.c.store));
	CHECK_OK(tw_customer_make(world.t.c.store, tw_sys_real(), 1, &key, &id));
	CHECK_INT(id, 1);
	has("lamp", "L-1");
	has("lamp", "L-2");
	return 0;
}

static int end(void **state)
{
	test_context_close(&world.t);
	(void)tw_key_free(world.t.key);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static tw_err ask(const char *name, const char *parameter, const char *input, struct tw_reply *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const struct tw_operation_row *row = tw_operation_find(all, tw_slice_of(name));
	struct tw_request rq = { .subject = ann, .operation = row, .parameter = tw_slice_of(parameter) };

	CHECK(row);
	CHECK_OK(tw_json_parse(tw_slice_of(input), 65536, &j));
	CHECK_OK(tw_json_check(j, row->input ? row->input : row->query));
	rq.input = j;
	*ret = (struct tw_reply){ .status = 200 };
	tw_json_use(tw_fake_sys(world.fake));
	tw_fake_fail(world.fake, world.fail_at, world.fail_at % 2 ? ENOSPC : EIO, false);
	tw_err e = row->handler(&world.t.c, &rq, ret);
	tw_json_use(tw_sys_real());
	return e;
}

static void page(const char *name, const char *parameter, const char *input, const char *wanted, const char *unwanted)
{
	struct tw_reply rp;

	CHECK_OK(ask(name, parameter, input, &rp));
	if (rp.problem[0] || !rp.text_type || !strstr(tw_buf_cstr(&rp.text), wanted) || strstr(tw_buf_cstr(&rp.text), unwanted))
		fail_msg("%s %s: %s %s", name, input, rp.rule, rp.text_type ? tw_buf_cstr(&rp.text) : "");
	tw_reply_done(&rp);
}

/* "" when it led on to location, else the rule that refused. */
static const char *sent(const char *name, const char *parameter, const char *input, const char *location)
{
	static char rule[64];
	struct tw_reply rp;

	CHECK_OK(ask(name, parameter, input, &rp));
	(void)snprintf(rule, sizeof rule, "%s", rp.problem[0] ? rp.rule : "");
	if (!rp.problem[0])
		CHECK_TEXT(rp.location, location);
	tw_reply_done(&rp);
	return rule;
}

static void test_a_device_is_checked(void **state)
{
	page("desk.customers", "", "{}", "L-1", "invoice");
	page("desk.customers", "", "{\"serial\":\"L-2\"}", "L-2", "L-1");
	page("desk.customers", "", "{\"state\":\"evil&x\"}", "L-1", "evil");
	page("desk.customers", "", "{\"below\":2}", "L-1", "L-2");
	page("desk.device-judge-form", "1", "{}", "L-1", "selected");
	CHECK_TEXT(sent("desk.device-judge", "1", "{\"how\":\"\",\"state\":\"confirmed\"}", ""), "path.input");
	CHECK_TEXT(sent("desk.device-judge", "1", "{\"how\":\"x\",\"state\":\"said\"}", ""), "customer.state");
	CHECK_TEXT(sent("desk.device-judge", "9", "{\"how\":\"x\",\"state\":\"confirmed\"}", ""), "customer.device");
	CHECK_TEXT(sent("desk.device-judge", "1", "{\"how\":\"invoice <seen>\",\"state\":\"confirmed\"}", "/desk/customers?done=2"), "");
	page("desk.customers", "", "{}", "L-2", "L-1");
	page("desk.customers", "", "{\"state\":\"confirmed\"}", "invoice &lt;seen&gt;", "L-2");
	page("desk.customer", "k1", "{}", "L-1", "<seen>");
	CHECK_TEXT(sent("desk.customer", "k2", "{}", ""), "customer.unknown");
	CHECK_TEXT(sent("desk.customer", "1", "{}", ""), "customer.unknown");
	CHECK_TEXT(sent("desk.device-judge-form", "L-1", "{}", ""), "customer.device");
	CHECK_TEXT(sent("desk.incident", "1", "{}", ""), "incident.unknown");
}

static void run(const char *sql)
{
	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, NULL, NULL));
}

static void came(const char *description)
{
	const struct tw_report r = { .received_ms = 1,
		.language = "en",
		.kind = "other",
		.description = description,
		.product = "",
		.version = "",
		.flaw = "",
		.traits = "",
		.fix = "",
		.contact = "",
		.credit = "" };
	struct tw_receipt receipt = { .text = "" };
	enum tw_kept kept = TW_KEPT_FULL;

	CHECK_OK(tw_report_add(world.t.c.store, &receipt, &r, &kept));
	CHECK_INT(kept, TW_KEPT);
}

/* What the account sent is seen as the report that it is. */
static void test_embargo_holds_for_what_was_sent(void **state)
{
	came("It opens");
	run("INSERT INTO customer_case (report, customer) VALUES (1, 1)");
	page("desk.customer", "k1", "{}", "It opens", "<were>");
	run("INSERT INTO report_desk (report, verdict, case_id, doc) VALUES (1, 'case', 3, '{}')");
	run("INSERT INTO desk_case (id, state, next_ms, embargo_ms, doc, title, whose) VALUES (3, 'received', 1, 9223372036854775807, '{}', 't', '-')");
	page("desk.customer", "k1", "{}", "L-1", "It opens");
	run("INSERT INTO case_access (case_id, who) VALUES (3, 'a1')");
	page("desk.customer", "k1", "{}", "It opens", "<were>");
}

static void tell(void)
{
	const struct tw_incident n = { .product = "lamp",
		.title = "Keys <were> read",
		.happened = "h",
		.concerned = "c",
		.done = "d",
		.todo = "t",
		.by = "a1",
		.devices = "L-1 L-2 L-9",
		.made_ms = 2 };
	struct tw_incident_told told;

	CHECK_TEXT(sent("desk.device-judge", "1", "{\"how\":\"invoice\",\"state\":\"confirmed\"}", "/desk/customers?done=2"), "");
	CHECK_OK(tw_incident_tell(world.t.c.store, &n, &told));
	CHECK_INT(told.id, 1);
}

static void test_whom_an_incident_reached(void **state)
{
	page("desk.incidents", "", "{}", "No incident", "<table");
	tell();
	page("desk.incidents", "", "{}", "Keys &lt;were&gt; read", "<were>");
	page("desk.incident", "1", "{}", "Customers who were told</dt><dd class=\"text\">1<", "<were>");
	page("desk.incident", "1", "{}", "it is theirs</dt><dd class=\"text\">1<", "<were>");
	page("desk.incident", "1", "{}", "has named</dt><dd class=\"text\">1<", "<were>");
	CHECK_TEXT(sent("desk.device-judge", "2", "{\"how\":\"invoice\",\"state\":\"confirmed\"}", "/desk/customers?done=2"), "");
	page("desk.incident", "1", "{}", "it is theirs</dt><dd class=\"text\">0<", "<were>");
	page("desk.customer", "k1", "{}", "/desk/incidents/1\"", "<were>");
	page("desk.incidents", "", "{\"below\":1}", "No incident", "<table");
}

static void test_a_page_is_whole_or_not_sent(void **state)
{
	static const char *const pages[][2] = { { "desk.customers", "" }, { "desk.customer", "k1" }, { "desk.device-judge-form", "1" },
		{ "desk.incidents", "" }, { "desk.incident", "1" }, { "desk.incident-tell-form", "" } };
	long failed = 0;

	tell();
	for (size_t i = 0; i < TW_COUNT(pages); i++) {
		bool fired = true;

		for (long n = 1; fired; n += STRIDE) {
			struct tw_reply rp;

			world.fail_at = n;
			tw_err e = ask(pages[i][0], pages[i][1], "{}", &rp);
			fired = tw_fake_fired(world.fake);
			world.fail_at = 0;
			tw_fake_fail(world.fake, 0, 0, false);
			CHECK(fired || !tw_failed(e));
			if (!tw_failed(e) && !rp.problem[0])
				CHECK(strstr(tw_buf_cstr(&rp.text), "</main></body></html>"));
			failed += tw_failed(e);
			tw_reply_done(&rp);
		}
		page(pages[i][0], pages[i][1], "{}", "</main></body></html>", "\xef\xbf\xbd");
	}
	CHECK(failed > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(TEST(test_a_device_is_checked), TEST(test_embargo_holds_for_what_was_sent), TEST(test_whom_an_incident_reached),
	TEST(test_a_page_is_whole_or_not_sent))

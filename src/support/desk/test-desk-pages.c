/* SPDX-License-Identifier: Apache-2.0 */
/* The staff's pages of cases: what stands in an address, what a form becomes, and that a page is whole or is not sent, whatever fails meanwhile. */
#include "support/desk/desk.h"
#include "support/query-reception/report.h"

#include "check.h"
#include "service/path/path-match.h"
#include "service/path/test-context.h"
#include "service/sql-service.h"
#include "service/test-dir.h"
#include "support/rows-cases.h"
#include "support/rows-desk.h"
#include "support/rows-triage.h"
#include "support/sql-support.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <string.h>

#define STRIDE 13 /* of some thousand calls, nearly all of them allocations: enough of each, and short */

static const struct tw_capability *const all[] = { &tw_capability_cases, &tw_capability_triage, &tw_capability_desk, NULL };
static const struct tw_grant_row no_grants[] = { { NULL } };
static const struct tw_subject ann = { .kind = TW_SUBJECT_ACCOUNT, .name = "account:Ann", .account = "a1", .door = TW_DOOR_HTTPS };

static struct {
	tw_fake *fake;
	struct test_dir dir;
	struct test_context t;
	long fail_at; /* the call of the seam, within the handler */
} world;

static int begin(void **state)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 1, tw_sql_access_format_1 },
		{ 1, tw_sql_reception_format_1 }, { 1, tw_sql_cases_format_1 }, { 1, tw_sql_alarms_format_1 },
		{ 1, tw_sql_triage_format_1 }, { 1, tw_sql_questions_format_1 }, { 1, tw_sql_staff_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
	world.t.c.store = tw_store_free(world.t.c.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "desk.db", &formats, &world.t.c.store));
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

/* One operation's handler, as the path would call it once gate and shape have let it through. */
static tw_err ask(const char *name, const char *parameter, const char *input, struct tw_reply *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const struct tw_operation_row *row = tw_operation_find(all, tw_slice_of(name));
	struct tw_request rq = { .subject = ann, .operation = row, .parameter = tw_slice_of(parameter) };

	CHECK(row);
	CHECK_OK(tw_json_parse(tw_slice_of(input), 65536, &j));
	if (row->input || row->query)
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

static void sent(const char *name, const char *parameter, const char *input, const char *location)
{
	struct tw_reply rp;

	CHECK_OK(ask(name, parameter, input, &rp));
	if (rp.problem[0])
		fail_msg("%s %s: %s: %s", name, input, rp.rule, rp.detail);
	CHECK_INT(rp.status, 303);
	CHECK_TEXT(rp.location, location);
	tw_reply_done(&rp);
}

static const char *rule_of(const char *name, const char *parameter, const char *input)
{
	static char rule[64];
	struct tw_reply rp;

	CHECK_OK(ask(name, parameter, input, &rp));
	(void)snprintf(rule, sizeof rule, "%s", rp.problem[0] ? rp.rule : "");
	tw_reply_done(&rp);
	return rule;
}

static void test_what_stands_in_an_address(void **state)
{
	sent("desk.drill", "", "{}", "/desk/cases/c1?done=1");
	sent("desk.new", "", "{\"lang\":\"de\",\"title\":\"<b>\"}", "/desk/cases/c2?done=1&lang=de");
	page("desk.board", "", "{}", "&lt;b&gt;", "<b>");
	page("desk.board", "", "{\"sort\":\"title\"}", "?sort=-title", "\"?sort=title");
	page("desk.board", "", "{\"state\":\"received\",\"sort\":\"-state\"}", "state=received&amp;sort=title", "page=");
	page("desk.board", "", "{\"state\":\"closed\"}", "No case is like this.", "<table");
	/* What is in none of our lists counts for nothing and comes back in no link. */
	page("desk.board", "", "{\"state\":\"x&evil=1\",\"sort\":\"'; DROP\",\"whose\":\"a2\"}", "DRILL", "evil");
	page("desk.board", "", "{\"page\":10000}", "page=9999", "page=10001");
	page("desk.board", "", "{\"lang\":\"de\"}", "lang=\"de\"", "Cases by clock");
	page("desk.case", "c2", "{}", "&lt;b&gt;", "<b>");
	CHECK_TEXT(rule_of("desk.case", "c3", "{}"), "case.unknown");
	CHECK_TEXT(rule_of("desk.move-form", "c3", "{}"), "case.unknown");
	CHECK_TEXT(rule_of("desk.report", "r1", "{}"), "report.unknown");
}

static void test_what_a_form_becomes(void **state)
{
	struct tw_reply rp;

	sent("desk.drill", "", "{\"zone\":\"Europe/Vienna\"}", "/desk/cases/c1?done=1");
	sent("desk.told", "c1", "{\"party\":\"x\",\"what\":\"y\",\"at\":\"2026-01-01T10:00\"}", "/desk/cases/c1?done=1");
	sent("desk.change", "c1", "{\"member\":\"impact\",\"text\":\"none\"}", "/desk/cases/c1?done=1");
	CHECK_OK(ask("case.read", "c1", "{}", &rp));
	CHECK_TEXT(tw_json_text(rp.body, "impact"), "none");
	CHECK_TEXT(tw_json_text(json_array_get(json_object_get(rp.body, "told"), 0), "at"), "2026-01-01T10:00:00.000Z");
	tw_reply_done(&rp);
	/* It can say no more than a program can: the operation's own shape and rules judge. */
	CHECK_TEXT(rule_of("desk.change", "c1", "{\"member\":\"id\",\"text\":\"c9\"}"), "path.input");
	CHECK_TEXT(rule_of("desk.change", "c1", "{\"member\":\"salt\",\"text\":\"\"}"), "path.input");
	CHECK_TEXT(rule_of("desk.change", "c1", "{\"text\":\"x\"}"), "path.input");
	CHECK_TEXT(rule_of("desk.told", "c1", "{\"party\":\"x\",\"what\":\"y\",\"at\":\"yesterday\"}"), "path.input");
	CHECK_TEXT(rule_of("desk.move", "c1", "{\"to\":\"closed\"}"), "case.reason");
	CHECK_TEXT(rule_of("desk.new", "", "{\"title\":\"\"}"), "path.input");
}

static void test_what_is_there_stands_in_the_form(void **state)
{
	static const char seen[] = "name=\"seen\" value=\"";
	char input[200];
	struct tw_reply rp;

	sent("desk.drill", "", "{}", "/desk/cases/c1?done=1");
	sent("desk.embargo", "c1", "{\"until\":\"2999-01-01T00:00\",\"access\":\"\"}", "/desk/cases/c1?done=1");
	page("desk.embargo-form", "c1", "{}", "value=\"2999-01-01T00:00\"", "checked");
	page("desk.embargo-form", "c1", "{}", "value=\"a1\"", "value=\"\" name=\"access");
	/* Left empty, it goes on; its end is a choice of its own. */
	sent("desk.embargo", "c1", "{\"until\":\"\",\"end\":\"no\"}", "/desk/cases/c1?done=1");
	page("desk.case", "c1", "{}", "2999-01-01", "Nothing");
	sent("desk.embargo", "c1", "{\"until\":\"2999-01-01T00:00\",\"end\":\"yes\"}", "/desk/cases/c1?done=1");
	page("desk.case", "c1", "{}", "DRILL", "2999");
	CHECK_TEXT(rule_of("desk.embargo", "c1", "{\"until\":\"\",\"end\":\"no\"}"), "path.input");
	/* Which member is chosen first; a form that began with another text than there is now takes nothing's place. */
	page("desk.change-form", "c1", "{}", "?member=nature", "<textarea");
	page("desk.change-form", "c1", "{\"member\":\"salt\"}", "?member=nature", "<textarea");
	page("desk.change-form", "c1", "{\"member\":\"nature\"}", ">DRILL: invented</textarea>", "?member=impact");
	CHECK_OK(ask("desk.change-form", "c1", "{\"member\":\"nature\"}", &rp));
	const char *at = strstr(tw_buf_cstr(&rp.text), seen);
	CHECK(at);
	(void)snprintf(input, sizeof input, "{\"member\":\"nature\",\"text\":\"mine\",\"seen\":\"%.64s\"}", at + sizeof seen - 1);
	tw_reply_done(&rp);
	sent("desk.told", "c1", "{\"party\":\"x\",\"what\":\"y\"}", "/desk/cases/c1?done=1"); /* is about another member */
	sent("desk.change", "c1", input, "/desk/cases/c1?done=1");
	CHECK_TEXT(rule_of("desk.change", "c1", input), "desk.changed");
	page("desk.case", "c1", "{}", "mine", "DRILL: invented<");
}

/* Whoever sends a form twice is led to what the first did. */
static void test_a_form_does_it_once(void **state)
{
	static const char *const twice[] = { "{\"title\":\"t\",\"once\":\"k1\"}", "{\"party\":\"x\",\"what\":\"y\",\"once\":\"k2\"}",
		"{\"how\":\"by mail\",\"once\":\"k3\",\"kind\":\"severe-incident\"}" };
	struct tw_reply rp;

	for (int i = 0; i < 2; i++) {
		sent("desk.new", "", twice[0], "/desk/cases/c1?done=1");
		sent("desk.drill", "", "{\"once\":\"k0\"}", "/desk/cases/c2?done=1");
		sent("desk.told", "c1", twice[1], "/desk/cases/c1?done=1");
		sent("desk.users", "c2", twice[2], "/desk/cases/c2?done=1");
	}
	/* Whoever goes back to the form and types something else says something else. */
	sent("desk.told", "c1", "{\"party\":\"x\",\"what\":\"another\",\"once\":\"k2\"}", "/desk/cases/c1?done=1");
	page("desk.told-form", "c1", "{}", "name=\"once\" value=\"", "value=\"\" name=\"party");
	page("desk.board", "", "{}", "DRILL", "c3");
	CHECK_OK(ask("case.read", "c1", "{}", &rp));
	CHECK_INT(json_array_size(json_object_get(rp.body, "told")), 2);
	tw_reply_done(&rp);
	sent("desk.new", "", "{\"title\":\"t\",\"once\":\"k4\"}", "/desk/cases/c3?done=1");
	/* What was refused was not done, and its key is still good. */
	CHECK_TEXT(rule_of("desk.told", "c1", "{\"party\":\"x\",\"what\":\"\",\"once\":\"k5\"}"), "path.input");
	sent("desk.told", "c1", "{\"party\":\"x\",\"what\":\"z\",\"once\":\"k5\"}", "/desk/cases/c1?done=1");
}

/* The pages only read: after each failure the same page comes, whole. */
static void test_a_page_is_whole_or_not_sent(void **state)
{
	static const struct {
		const char *name, *parameter;
	} pages[] = { { "desk.board", "" }, { "desk.case", "c1" }, { "desk.delay-form", "c1" }, { "desk.reports", "" } };
	long failed = 0;

	sent("desk.drill", "", "{}", "/desk/cases/c1?done=1");
	for (size_t i = 0; i < TW_COUNT(pages); i++) {
		bool fired = true;

		for (long n = 1; fired; n += STRIDE) {
			struct tw_reply rp;

			world.fail_at = n;
			tw_err e = ask(pages[i].name, pages[i].parameter, "{}", &rp);
			fired = tw_fake_fired(world.fake);
			world.fail_at = 0;
			tw_fake_fail(world.fake, 0, 0, false);
			CHECK(fired || !tw_failed(e));
			if (!tw_failed(e) && !rp.problem[0])
				CHECK(strstr(tw_buf_cstr(&rp.text), "</main></body></html>"));
			failed += tw_failed(e);
			tw_reply_done(&rp);
		}
		page(pages[i].name, pages[i].parameter, "{}", "</main></body></html>", "\xef\xbf\xbd");
	}
	CHECK(failed > 20);
}

static void add_report(void)
{
	const struct tw_report r = { .received_ms = 1,
		.language = "en",
		.kind = "flaw",
		.description = "It fails",
		.product = "",
		.version = "",
		.flaw = "",
		.traits = "",
		.fix = "",
		.contact = "",
		.credit = "" };
	struct tw_receipt one;
	enum tw_kept kept;

	CHECK_OK(tw_receipt_make(tw_sys_real(), &one));
	CHECK_OK(tw_report_add(world.t.c.store, &one, &r, &kept));
}

/* More reports than a page shows: the first page marks none of them as seen, since the rest was not shown. */
static void test_what_was_not_shown_is_not_marked(void **state)
{
	for (int i = 0; i <= TW_DESK_PAGE; i++) {
		add_report();
		if (i + 1 == TW_DESK_PAGE)
			page("desk.reports", "", "{}", "/desk/seen", "page=2");
	}
	page("desk.reports", "", "{}", "page=2", "/desk/seen");
	page("desk.reports", "", "{\"page\":2}", "/desk/seen", "page=3");
}

static void run(const char *sql)
{
	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, NULL, NULL));
}

static void mark(const char *newest)
{
	struct tw_reply rp;
	char input[48];

	(void)snprintf(input, sizeof input, "{\"newest\":\"%s\"}", newest);
	CHECK_OK(ask("reports.seen", "", input, &rp));
	CHECK_INT(rp.status, 204);
	tw_reply_done(&rp);
}

/* A report that was kept from somebody when he said what he has seen is new to him when he is let in, however old it is; and once. */
static void test_what_was_kept_from_him_is_new_later(void **state)
{
	static const char embargoed[] = "UPDATE desk_case SET embargo_ms = 32472144000000 WHERE id = 9";

	run("INSERT INTO account (id, name, folded, kind, state, made_ms, made_by, active_ms) VALUES (1, 'Ann', 'ann', 'person', 'active', 1, 'x', 1)");
	for (int i = 0; i < 3; i++)
		add_report();
	run("INSERT INTO desk_case (id, state, next_ms, embargo_ms, title, whose, doc) VALUES (9, 'new', 9223372036854775807, 32472144000000, 'x', '-', '{}')");
	run("INSERT INTO report_desk (report, verdict, case_id, doc) VALUES (2, 'case', 9, '{}')");
	page("desk.reports", "", "{}", "/desk/reports/r3", "/desk/reports/r2");
	mark("r3");
	page("desk.reports", "", "{}", "No report is like this", "/desk/seen");
	run("INSERT INTO case_access (case_id, who) VALUES (9, 'a1')"); /* he is let in */
	page("desk.reports", "", "{}", "/desk/reports/r2", "/desk/reports/r3");
	page("desk.reports", "", "{}", "value=\"r3\"", "value=\"r2\""); /* the mark does not go back */
	page("desk.reports", "", "{\"sort\":\"product\"}", "/desk/reports/r2", "/desk/reports/r3");
	mark("r3");
	page("desk.reports", "", "{}", "No report is like this", "/desk/seen");
	run("DELETE FROM case_access"); /* what he has seen does not become new again */
	mark("r3");
	run("UPDATE desk_case SET embargo_ms = 0 WHERE id = 9");
	page("desk.reports", "", "{}", "No report is like this", "/desk/seen");
	run("UPDATE staff_own SET reports_seen = 0"); /* and when the embargo itself ends */
	run(embargoed);
	mark("r3");
	page("desk.reports", "", "{}", "No report is like this", "/desk/reports/r2");
	run("UPDATE desk_case SET embargo_ms = 0 WHERE id = 9");
	page("desk.reports", "", "{}", "/desk/reports/r2", "/desk/reports/r1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(TEST(test_what_stands_in_an_address), TEST(test_what_a_form_becomes), TEST(test_what_is_there_stands_in_the_form),
	TEST(test_a_form_does_it_once), TEST(test_what_was_not_shown_is_not_marked), TEST(test_what_was_kept_from_him_is_new_later),
	TEST(test_a_page_is_whole_or_not_sent))

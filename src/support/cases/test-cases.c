/* SPDX-License-Identifier: Apache-2.0 */
/* Cases over the one path: what is refused, who sees what, and that a case and its journal's entry are there together or not at all. */
#include "support/cases/test-world.h"

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *name, *parameter, *input, *rule;
	} rows[] = {
		{ "case.create", "", "{\"title\":\"Lamp\",\"product\":\"L3\"}", "" },
		{ "case.create", "", "{\"title\":\"Other\"}", "" },
		{ "case.create", "", "{\"title\":\"-\"}", "case.title" },
		{ "case.read", "c1", "", "" },
		{ "case.read", "c3", "", "case.unknown" },
		{ "case.read", "c01", "", "case.unknown" },
		{ "case.read", "1", "", "case.unknown" },
		{ "case.change", "c1", "{\"cvss\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\",\"cwe\":\"CWE-79\"}", "" },
		{ "case.change", "c1", "{\"cvss\":\"CVSS:3.1/AV:N\"}", "case.cvss" },
		{ "case.change", "c1", "{\"cwe\":\"CWE-999999\"}", "case.cwe" },
		{ "case.move", "c1", "{\"to\":\"triage\"}", "case.move" },
		{ "case.move", "c1", "{\"to\":\"done\"}", "case.move" },
		{ "case.move", "c1", "{\"to\":\"closed\"}", "case.reason" },
		{ "case.move", "c1", "{\"to\":\"acknowledged\"}", "" },
		{ "case.move", "c1", "{\"to\":\"triage\"}", "" },
		{ "case.move", "c1", "{\"to\":\"duplicate\",\"reason\":\"same\"}", "case.duplicate" },
		{ "case.move", "c1", "{\"to\":\"duplicate\",\"reason\":\"same\",\"duplicate_of\":\"c1\"}", "case.duplicate" },
		{ "case.move", "c1", "{\"to\":\"duplicate\",\"reason\":\"same\",\"duplicate_of\":\"c2\"}", "" },
		{ "case.embargo", "c1", "{\"until\":\"2020-01-01T00:00:00Z\"}", "case.time" },
		{ "case.embargo", "c1", "{\"until\":\"soon\"}", "case.time" },
		{ "case.assign", "c1", "{\"who\":\"Ann\"}", "case.person" }, /* a name, which would fit nobody */
		{ "case.assign", "c1", "{\"who\":\"a\"}", "case.person" },
		{ "case.assign", "c1", "{\"who\":\"a1x\"}", "case.person" },
		{ "case.assign", "c1", "{\"who\":\"uid:\"}", "case.person" },
		{ "case.assign", "c1", "{\"who\":\"uid:x\"}", "case.person" },
		{ "case.assign", "c1", "{\"who\":\"a10\"}", "case.person" }, /* nobody has it */
		{ "case.assign", "c1", "{\"who\":\"a01\"}", "case.person" },
		{ "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\",\"access\":\"a1, a10\"}", "case.person" },
		{ "case.move", "c2", "{\"to\":\"acknowledged\"}", "" },
		{ "case.move", "c2", "{\"to\":\"triage\"}", "" },
		{ "case.move", "c2", "{\"to\":\"duplicate\",\"reason\":\"same\",\"duplicate_of\":\"c1\"}", "case.duplicate" }, /* a ring */
		{ "case.assign", "c1", "{\"who\":\"uid:0\"}", "" },
		{ "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\",\"access\":\"a1, Ann\"}", "case.person" },
		{ "case.tell", "c1", "{\"party\":\"CERT\",\"what\":\"all\",\"at\":\"2999-01-01T00:00:00Z\"}", "case.time" },
		{ "case.tell", "c1", "{\"party\":\"CERT\",\"what\":\"all\",\"at\":\"0001-01-01T00:00:00Z\"}", "case.time" },
		{ "case.tell", "c1", "{\"party\":\"CERT\",\"what\":\"all\"}", "" },
		{ "article14.submit", "c1", "{\"step\":\"early-warning\"}", "article14.not-started" },
		{ "article14.start", "c1", "{\"kind\":\"incident\"}", "article14.kind" },
		{ "article14.start", "c1", "{\"kind\":\"severe-incident\",\"zone\":\"Mars/Olympus\"}", "article14.zone" },
		{ "article14.start", "c1", "{\"kind\":\"severe-incident\",\"aware\":\"2999-01-01T00:00:00Z\"}", "case.time" },
		{ "article14.start", "c1", "{\"kind\":\"severe-incident\",\"aware\":\"0001-01-01T00:00:00Z\"}", "case.time" },
		{ "article14.start", "c1", "{\"kind\":\"severe-incident\",\"aware\":\"2026-09-11T08:00:00Z\"}", "" },
		{ "article14.start", "c1", "{\"kind\":\"severe-incident\"}", "article14.started" },
		{ "article14.submit", "c1", "{\"step\":\"early-warning\",\"at\":\"2026-09-11T07:00:00Z\"}", "case.time" },
		{ "article14.submit", "c1", "{\"step\":\"warning\"}", "article14.step" },
		{ "article14.submit", "c1", "{\"step\":\"early-warning\",\"who\":\"a10\"}", "case.person" },
		{ "article14.submit", "c1", "{\"step\":\"early-warning\",\"at\":\"2026-09-11T09:00:00Z\",\"who\":\"a3\"}", "" },
		{ "article14.submit", "c1", "{\"step\":\"early-warning\"}", "article14.submitted" },
		{ "article14.measure", "c1", "{\"what\":\"1.5\"}", "" },
		{ "article14.measure", "c1", "{\"what\":\"1.6\"}", "article14.measure" },
		{ "article14.delay", "c1", "{\"ground\":\"imminent-risk\",\"why\":\"no remedy yet\"}", "article14.ground" }, /* not of an incident */
		{ "article14.delay", "c1", "{\"ground\":\"cybersecurity\",\"why\":\"no remedy yet\"}", "" },
		{ "article14.asked", "c1", "{\"by\":\"CSIRT\",\"what\":\"how is it going\"}", "" },
		{ "article14.users", "c1", "{\"how\":\"by mail\"}", "" },
		{ "article14.not-reportable", "c1", "{\"reason\":\"it was a test of ours\"}", "" },
		{ "article14.not-reportable", "c1", "{\"reason\":\"it was a test of ours\"}", "article14.not-reportable" },
		{ "article14.start", "c1", "{\"kind\":\"severe-incident\"}", "" }, /* it is taken back */
		{ "article14.start", "c1", "{\"kind\":\"exploited-vulnerability\"}", "" },
		{ "article14.measure", "c1", "{\"what\":\"1.5\"}", "article14.kind" }, /* which of the two? */
		{ "article14.draft", "c1", "{\"step\":\"report\",\"kind\":\"severe-incident\"}", "article14.step" },
		{ "article14.draft", "c1", "{\"step\":\"intermediate-report\",\"kind\":\"severe-incident\"}", "" },
		{ "article14.drill", "", "{\"zone\":\"here\"}", "article14.zone" },
		{ "article14.drill", "", "{}", "" },
		{ "journal.inclusion", "", "{\"entry\":99}", "journal.unknown" },
		{ "journal.consistency", "", "{\"before\":3,\"size\":99}", "journal.unknown" },
		{ "journal.consistency", "", "{\"before\":3}", "" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *rule = rule_of(&root, rows[i].name, rows[i].parameter, rows[i].input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, rows[i].input, rule, rows[i].rule);
	}
}

/* A form says minutes; what is noted of the minute of awareness was not before it. */
static void test_the_minute_of_awareness(void **state)
{
	CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"t\"}"), "");
	CHECK_TEXT(rule_of(&root, "article14.start", "c1", "{\"kind\":\"severe-incident\",\"aware\":\"2026-09-11T08:00:30Z\"}"), "");
	CHECK_TEXT(rule_of(&root, "article14.submit", "c1", "{\"step\":\"early-warning\",\"at\":\"2026-09-11T08:00:10Z\"}"), "case.time");
	CHECK_TEXT(rule_of(&root, "article14.submit", "c1", "{\"step\":\"early-warning\",\"at\":\"2026-09-11T07:59:00Z\"}"), "case.time");
	TW_CLEANUP(tw_jsonp)
	json_t *doc = answer(&root, "article14.submit", "c1", "{\"step\":\"early-warning\",\"at\":\"2026-09-11T08:00:00Z\"}");
	const json_t *of = tw_json_get(tw_json_get(tw_json_get(doc, "article14"), "severe-incident"), "submitted");
	CHECK_TEXT(tw_json_text(tw_json_get(of, "early-warning"), "at"), "2026-09-11T08:00:30.000Z");
}

static void test_who_sees_and_moves(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *list = NULL;

	CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"Secret\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.read", "c1", ""), "");
	CHECK_TEXT(rule_of(&root, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\",\"access\":\"a3, a1\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.read", "c1", ""), "case.unknown");
	CHECK_TEXT(rule_of(&bob, "case.change", "c1", "{\"title\":\"x\"}"), "case.unknown");
	CHECK_TEXT(rule_of(&bob, "article14.read", "c1", ""), "case.unknown");
	CHECK_TEXT(rule_of(&ann, "case.read", "c1", ""), "");
	list = answer(&bob, "cases.list", "", "{}");
	CHECK_INT(json_array_size(tw_json_get(list, "cases")), 0);
	json_decref(list);
	list = answer(&ann, "cases.list", "", "{}");
	CHECK_INT(json_array_size(tw_json_get(list, "cases")), 1);
	CHECK_TEXT(rule_of(&ann, "case.move", "c1", "{\"to\":\"acknowledged\"}"), "");
	CHECK_TEXT(rule_of(&ann, "case.move", "c1", "{\"to\":\"triage\"}"), "");
	CHECK_TEXT(rule_of(&ann, "case.move", "c1", "{\"to\":\"verified\"}"), "case.assigned");
	CHECK_TEXT(rule_of(&ann, "case.assign", "c1", "{\"who\":\"uid:0\"}"), "case.person"); /* whom only the socket knows */
	CHECK_TEXT(rule_of(&root, "case.assign", "c1", "{\"who\":\"a2\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.move", "c1", "{\"to\":\"verified\"}"), ""); /* whoever stands for it sees it */
	CHECK_TEXT(rule_of(&root, "case.assign", "c1", "{\"who\":\"-\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.read", "c1", ""), "case.unknown");
	CHECK_TEXT(rule_of(&root, "case.embargo", "c1", "{\"until\":\"now\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.read", "c1", ""), "");
	CHECK_TEXT(rule_of(&bob, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\",\"access\":\"a3\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.read", "c1", ""), ""); /* who set it, though he did not name himself */
	CHECK_TEXT(rule_of(&ann, "case.read", "c1", ""), "case.unknown");
	/* Another date, and another list, keep who set it first; a date alone keeps the list. */
	CHECK_TEXT(rule_of(&bob, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\",\"access\":\"a1, a3\"}"), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-02-01T00:00:00Z\"}"), "");
	TW_CLEANUP(tw_jsonp) json_t *doc = answer(&bob, "case.read", "c1", "");
	CHECK_INT(json_array_size(tw_json_get(tw_json_get(doc, "embargo"), "access")), 3);
	CHECK_TEXT(tw_json_text(tw_json_get(doc, "embargo"), "by"), "a2");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-02-01T00:00:00Z\",\"access\":\"a4\"}"), "");
	CHECK_TEXT(rule_of(&bob, "case.read", "c1", ""), "");
	CHECK_TEXT(rule_of(&(struct tw_subject){ .kind = TW_SUBJECT_ACCOUNT, .account = "a3" }, "case.read", "c1", ""), "case.unknown");
}

static void test_sorted_by_the_next_clock(void **state)
{
	static const char *const want[] = { "c2", "c3", "c1", "c4" };
	TW_CLEANUP(tw_jsonp) json_t *first = NULL, *second = NULL;
	char more[256];

	for (int i = 0; i < 4; i++)
		CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"t\"}"), "");
	CHECK_TEXT(rule_of(&root, "article14.start", "c3", "{\"kind\":\"severe-incident\",\"aware\":\"2026-09-12T00:00:00Z\"}"), "");
	CHECK_TEXT(rule_of(&root, "article14.start", "c2", "{\"kind\":\"severe-incident\",\"aware\":\"2026-09-11T00:00:00Z\"}"), "");
	first = answer(&root, "cases.list", "", "{\"limit\":3}");
	(void)snprintf(more, sizeof more, "{\"limit\":3,\"cursor\":\"%s\"}", tw_json_text(first, "next"));
	second = answer(&root, "cases.list", "", more);
	CHECK_INT(json_array_extend(tw_json_get(first, "cases"), tw_json_get(second, "cases")), 0);
	CHECK_INT(json_array_size(tw_json_get(first, "cases")), 4);
	for (size_t i = 0; i < 4; i++)
		CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(first, "cases"), i), "id"), want[i]);
	CHECK(!*tw_json_text(second, "next"));
}

static void test_duplicates_are_found_from_the_other_side(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *list = NULL, *told = NULL;

	for (int i = 0; i < 3; i++)
		CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"t\"}"), "");
	CHECK_TEXT(rule_of(&root, "case.move", "c2", "{\"to\":\"acknowledged\"}"), "");
	CHECK_TEXT(rule_of(&root, "case.move", "c2", "{\"to\":\"triage\"}"), "");
	CHECK_TEXT(rule_of(&root, "case.move", "c2", "{\"to\":\"duplicate\",\"reason\":\"same\",\"duplicate_of\":\"c1\"}"), "");
	list = answer(&root, "cases.list", "", "{\"duplicate_of\":\"c1\"}");
	CHECK_INT(json_array_size(tw_json_get(list, "cases")), 1);
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(list, "cases"), 0), "id"), "c2");
	told = answer(&root, "case.tell", "c1", "{\"party\":\"CERT\",\"what\":\"all\",\"at\":\"2026-09-11T09:00:00Z\"}");
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(told, "told"), 0), "at"), "2026-09-11T09:00:00.000Z");
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(told, "told"), 0), "party"), "CERT");
}

static void test_from_a_report(void **state)
{
	const struct tw_case_report r = { "Lamp", "L3", NULL, "it opens", "r17", NULL };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_case_open_from_report(&world.t.c, &r, "intake", NULL));
	j = answer(&root, "case.read", "c1", "");
	CHECK_TEXT(tw_json_text(j, "report"), "r17");
	CHECK_TEXT(tw_json_text(j, "state"), "received");
	CHECK(!tw_json_get(j, "versions") && !tw_json_bool(j, "drill"));
}

/* The case as the journal's last entry says that it is. */
static void consistent(uint64_t want_size)
{
	TW_CLEANUP(tw_jsonp)
	json_t *doc = answer(&root, "case.read", "c1", ""), *list = answer(&root, "journal.list", "", "{\"limit\":400}"), *last = NULL;
	const json_t *entries = tw_json_get(list, "entries");
	const struct tw_merkle_nodes nodes = tw_journal_nodes(&world.t.c);
	uint8_t root_hash[TW_MERKLE_HASH];

	CHECK_INT(json_array_size(entries), want_size);
	CHECK_OK(tw_journal_entry_read(tw_slice_of(tw_json_text(json_array_get(entries, want_size - 1), "text")), want_size - 1, &last));
	CHECK_TEXT(tw_json_text(last, "after"), tw_json_text(doc, "hash"));
	CHECK_OK(tw_merkle_root(&nodes, want_size, root_hash));
}

/* After a failed sync the store says nothing of what is on the disk, and refuses changes: each round has one that was opened anew. */
static void test_every_failure_leaves_both_or_neither(void **state)
{
	uint64_t size = 1, now = 0, told = 0;
	bool fired = true;
	long points = 0;

	CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"t\"}"), "");
	for (long n = 1; fired; n++) {
		struct tw_reply rp;

		world.fail_at = n;
		tw_err e = try_ask(&root, "case.assign", "c1", "{\"who\":\"a9\"}", &rp);
		fired = tw_fake_fired(world.fake);
		world.fail_at = 0;
		tw_fake_fail(world.fake, 0, 0, false);
		tw_reply_done(&rp);
		reopen();
		CHECK_OK(tw_journal_length(&world.t.c, &now));
		if (!tw_failed(e) && !fired)
			CHECK_INT(now, size + 1);
		CHECK(now == size || (!tw_failed(e) && now == size + 1));
		told += tw_failed(e);
		size = now;
		consistent(size);
		points = n;
	}
	CHECK(points > 100 && told > 60); /* allocations, and the disk */
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user += 1;
	return TW_OK;
}

/* What was done stays as it was said, whatever a mistake of this program's would write. */
static void test_the_store_changes_no_journal(void **state)
{
	static const char *const tries[] = { "DELETE FROM journal_entry", "UPDATE journal_entry SET text = 'x'",
		"UPDATE journal_entry SET about = 'c2'", "UPDATE journal_entry SET number = number + 9", "DELETE FROM journal_node",
		"UPDATE journal_node SET level = level + 1" };
	static const char as_written[] = "SELECT 1 FROM journal_entry WHERE about = 'c1' AND number < 2";
	int64_t rows = 0;

	CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"t\"}"), "");
	CHECK_TEXT(rule_of(&root, "case.assign", "c1", "{\"who\":\"a9\"}"), "");
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		CHECK(tw_failed(tw_store_run(world.t.c.store, tries[i], NULL, 0, NULL, NULL)));
	CHECK_OK(tw_store_run(world.t.c.store, as_written, NULL, 0, count_row, &rows));
	CHECK_INT(rows, 2);
	CHECK_TEXT(rule_of(&root, "case.assign", "c1", "{\"who\":\"a1\"}"), "");
	consistent(3);
}

CHECK_MAIN(TEST(test_what_is_refused), TEST(test_the_minute_of_awareness), TEST(test_who_sees_and_moves),
	TEST(test_sorted_by_the_next_clock), TEST(test_from_a_report), TEST(test_duplicates_are_found_from_the_other_side),
	TEST(test_the_store_changes_no_journal), TEST(test_every_failure_leaves_both_or_neither))

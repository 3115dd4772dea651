/* SPDX-License-Identifier: Apache-2.0 */
/* Reports on the staff's side: what is refused, who sees what, and that a report, its case, its message and the journal's entries are there together or not at all. */
#include "support/triage/desk-report.h"

#include "base/text.h"
#include "support/cases/test-world.h"

#define CALLS_MAX 4000
#define EMPTIED "description = '', product = '', version = '', flaw = '', traits = '', fix = '', contact = '', credit = ''"

/* A report with its number in the receipt; credit "" wishes no thanks. */
static int64_t came(int number, const char *description, const char *credit)
{
	const struct tw_report r = { .received_ms = 1899374400000 + number,
		.language = "de",
		.kind = "flaw",
		.description = description,
		.product = "L3",
		.version = "1.5",
		.flaw = "leak",
		.traits = "",
		.fix = "",
		.contact = "me@example.com",
		.credit = credit };
	struct tw_receipt receipt = { .text = "" };
	enum tw_kept kept = TW_KEPT_FULL;

	memcpy(receipt.hash, &number, sizeof number);
	CHECK_OK(tw_report_add(world.t.c.store, &receipt, &r, &kept));
	CHECK_INT(kept, TW_KEPT);
	return number;
}

static size_t listed(const struct tw_subject *s, const char *name, const char *parameter, const char *input, const char *key)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer(s, name, parameter, input);

	return json_array_size(tw_json_get(j, key));
}

static void test_verdicts(void **state)
{
	static const char want[TW_TRIAGE_VERDICTS][TW_TRIAGE_VERDICTS + 1] = { "-cdn", "----", "-cdn", "-cd-" };
	enum tw_triage_verdict v = TW_TRIAGE_NEW;

	for (enum tw_triage_verdict from = TW_TRIAGE_NEW; from < TW_TRIAGE_VERDICTS; from++)
		for (enum tw_triage_verdict to = TW_TRIAGE_NEW; to < TW_TRIAGE_VERDICTS; to++)
			CHECK(tw_triage_may(from, to) == (want[from][to] != '-'));
	for (enum tw_triage_verdict one = TW_TRIAGE_NEW; one < TW_TRIAGE_VERDICTS; one++)
		CHECK(tw_triage_find(tw_slice_of(tw_triage_verdicts[one]), &v) && v == one);
	CHECK(!tw_triage_find(TW_SLICE("old"), &v) && !tw_triage_find(TW_SLICE(""), &v));
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *name, *parameter, *input, *rule;
	} rows[] = {
		{ "report.read", "r1", "", "" },
		{ "report.read", "r9", "", "report.unknown" },
		{ "report.read", "r01", "", "report.unknown" },
		{ "report.read", "1", "", "report.unknown" },
		{ "report.read", "r9223372036854775807", "", "report.unknown" },
		{ "report.messages", "r9", "{}", "report.unknown" },
		{ "reports.list", "", "{\"verdict\":\"old\"}", "report.verdict" },
		{ "reports.list", "", "{\"since\":\"yesterday, about noon\"}", "report.time" },
		{ "reports.list", "", "{\"verdict\":\"new\",\"since\":\"2026-01-01T00:00:00Z\"}", "" },
		{ "report.duplicate", "r1", "{\"case\":\"c1\",\"reason\":\"same\"}", "report.duplicate" }, /* there is none yet */
		{ "report.publish", "r1", "{\"thanks\":true}", "report.undecided" },
		{ "report.case", "r9", "{}", "report.unknown" },
		{ "report.case", "r1", "{}", "" },
		{ "report.case", "r1", "{}", "report.decided" },
		{ "report.reject", "r1", "{\"reason\":\"after all\"}", "report.decided" },
		{ "report.duplicate", "r1", "{\"case\":\"c1\",\"reason\":\"same\"}", "report.decided" },
		{ "report.reject", "r2", "{\"reason\":\"it is meant to be so\"}", "" },
		{ "report.reject", "r2", "{\"reason\":\"it is meant to be so\"}", "report.decided" },
		{ "report.publish", "r2", "{\"thanks\":false}", "report.undecided" },
		{ "report.case", "r2", "{}", "report.reason" }, /* it was said to be something else */
		{ "report.duplicate", "r2", "{\"case\":\"c1\",\"reason\":\"looked at again\"}", "" },
		{ "report.duplicate", "r2", "{\"case\":\"c1\",\"reason\":\"looked at again\"}", "report.decided" },
		{ "report.duplicate", "r2", "{\"case\":\"c9\",\"reason\":\"looked at again\"}", "report.duplicate" },
		{ "report.reply", "r1", "{\"text\":\" \\n\"}", "report.text" },
		{ "report.reply", "r1", "{\"text\":\"Thank you.\"}", "" },
		{ "report.reply", "r1", "{\"text\":\"Thank you.\"}", "report.said" },
		{ "case.messages", "c9", "{}", "case.unknown" },
		{ "case.reports", "c9", "{}", "case.unknown" },
		{ "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}", "" },
		{ "report.publish", "r1", "{\"thanks\":true}", "report.embargo" },
		{ "case.embargo", "c1", "{\"until\":\"now\"}", "" },
		{ "report.publish", "r1", "{\"thanks\":true}", "" },
		{ "report.publish", "r1", "{\"thanks\":false}", "" },              /* he took it back */
		{ "report.publish", "r2", "{\"thanks\":true}", "report.consent" }, /* he never gave it */
		{ "report.publish", "r2", "{\"thanks\":false}", "" },
	};

	came(1, "\n It opens\nwhen somebody says so.", "Ann");
	came(2, "It opens too", "");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *rule = rule_of(&root, rows[i].name, rows[i].parameter, rows[i].input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, rows[i].input, rule, rows[i].rule);
	}
}

static tw_err count_name(void *user, struct tw_slice name, int64_t published_ms)
{
	++*(int *)user;
	return TW_OK;
}

static int thanked(void)
{
	int count = 0;

	CHECK_OK(tw_report_thanks(world.t.c.store, count_name, &count));
	return count;
}

static void test_a_report_becomes_a_case_and_its_reporter_is_answered(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *opened = NULL, *read = NULL, *list = NULL, *said = NULL;
	const struct tw_report_message answer_back = { 5, false, TW_SLICE("It was version 1.4.") };
	enum tw_kept kept = TW_KEPT_FULL;

	came(1, "\n It opens\nwhen somebody says so.", "Ann");
	came(2, "It opens too", "Bob");
	opened = answer(&ann, "report.case", "r1", "{}");
	CHECK_TEXT(tw_json_text(opened, "id"), "c1");
	CHECK_TEXT(tw_json_text(opened, "title"), "It opens");
	CHECK_TEXT(tw_json_text(opened, "report"), "r1");
	CHECK_TEXT(tw_json_text(opened, "versions"), "1.5");
	CHECK_TEXT(rule_of(&ann, "report.duplicate", "r2", "{\"case\":\"c1\",\"reason\":\"same\"}"), "");
	CHECK_TEXT(rule_of(&ann, "report.reply", "r1", "{\"text\":\"Which version?\"}"), "");
	CHECK_OK(tw_report_message_add(world.t.c.store, 1, &answer_back, &kept));
	CHECK_TEXT(rule_of(&ann, "report.reply", "r2", "{\"text\":\"We have it already.\"}"), "");
	said = answer(&bob, "case.messages", "c1", "{}");
	CHECK_INT(json_array_size(tw_json_get(said, "messages")), 3);
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(said, "messages"), 1), "from"), "reporter");
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(said, "messages"), 1), "text"), "It was version 1.4.");
	CHECK_INT(listed(&bob, "report.messages", "r1", "{}", "messages"), 2);
	CHECK_INT(listed(&bob, "case.reports", "c1", "{}", "reports"), 2);
	CHECK_INT(listed(&bob, "reports.list", "", "{\"verdict\":\"new\"}", "reports"), 0);
	list = answer(&bob, "reports.list", "", "{\"since\":\"2030-03-10T12:00:00.002Z\"}");
	CHECK_INT(json_array_size(tw_json_get(list, "reports")), 1);
	CHECK(tw_json_bool(json_array_get(tw_json_get(list, "reports"), 0), "answered"));
	read = answer(&bob, "report.read", "r2", "");
	CHECK_TEXT(tw_json_text(read, "case"), "c1");
	CHECK_TEXT(tw_json_text(tw_json_get(read, "desk"), "by"), "a1");
	CHECK_TEXT(tw_json_text(tw_json_get(read, "desk"), "reason"), "same");
	CHECK_INT(thanked(), 0);
	CHECK_TEXT(rule_of(&root, "report.publish", "r1", "{\"thanks\":true}"), "");
	CHECK_INT(thanked(), 1);
	CHECK_TEXT(rule_of(&root, "report.publish", "r1", "{\"thanks\":false}"), "");
	CHECK_INT(thanked(), 0);
}

/* As none: in the list, by its name, by its messages, and whatever is tried with it. */
static void test_embargo_holds_for_its_reports(void **state)
{
	static const char *const tries[][2] = { { "report.read", "" }, { "report.messages", "{}" }, { "report.case", "{}" },
		{ "report.reject", "{\"reason\":\"x\"}" }, { "report.duplicate", "{\"case\":\"c2\",\"reason\":\"x\"}" },
		{ "report.reply", "{\"text\":\"x\"}" }, { "report.publish", "{\"thanks\":false}" } };

	for (int i = 1; i <= 3; i++)
		came(i, "It opens", "");
	CHECK_TEXT(rule_of(&ann, "report.case", "r1", "{}"), "");
	CHECK_TEXT(rule_of(&ann, "report.duplicate", "r2", "{\"case\":\"c1\",\"reason\":\"same\"}"), "");
	CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"other\"}"), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	CHECK_INT(listed(&ann, "reports.list", "", "{}", "reports"), 3);
	CHECK_INT(listed(&bob, "reports.list", "", "{}", "reports"), 1);
	CHECK_TEXT(rule_of(&bob, "case.messages", "c1", "{}"), "case.unknown");
	CHECK_TEXT(rule_of(&bob, "case.reports", "c1", "{}"), "case.unknown");
	CHECK_TEXT(rule_of(&bob, "report.duplicate", "r3", "{\"case\":\"c1\",\"reason\":\"same\"}"), "report.duplicate");
	for (size_t i = 0; i < TW_COUNT(tries); i++) {
		CHECK_TEXT(rule_of(&bob, tries[i][0], "r1", tries[i][1]), "report.unknown");
		CHECK_TEXT(rule_of(&bob, tries[i][0], "r2", tries[i][1]), "report.unknown");
	}
	CHECK_TEXT(rule_of(&ann, "report.read", "r2", ""), "");
	CHECK_TEXT(rule_of(&root, "report.read", "r2", ""), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"now\"}"), "");
	CHECK_TEXT(rule_of(&bob, "report.read", "r2", ""), "");
}

/* Its texts are cut for the case between characters, and the report keeps them whole. */
static void test_long_texts(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *opened = NULL, *read = NULL;
	char text[4601];

	for (size_t i = 0; i < sizeof text - 1; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	text[sizeof text - 1] = '\0';
	came(1, text, "");
	opened = answer(&ann, "report.case", "r1", "{}");
	CHECK_INT(strlen(tw_json_text(opened, "title")), 120);
	CHECK_INT(strlen(tw_json_text(opened, "description")), 4000);
	read = answer(&ann, "report.read", "r1", "");
	CHECK_TEXT(tw_json_text(read, "description"), text);
	/* As many characters as a report may have: 4500, of up to three bytes. */
	char reply[13500 + sizeof "{\"text\":\"\"}"] = "{\"text\":\"";
	for (size_t i = 0, at = strlen(reply); i < 4500; i++, at += 3)
		(void)snprintf(reply + at, sizeof reply - at, "\xe2\x82\xac");
	(void)snprintf(reply + sizeof reply - 3, 3, "\"}");
	CHECK_TEXT(rule_of(&ann, "report.reply", "r1", reply), "");
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, take_int, &n));
	return n;
}

static tw_err take_json(void *user, const tw_row *row)
{
	return tw_json_parse(tw_row_bytes(row, 0), TW_JOURNAL_ENTRY_MAX, user);
}

/* The desk's document is as the journal's last entry says. */
static void consistent(const char *name)
{
	static const char last_entry[] = "SELECT text FROM journal_entry ORDER BY number DESC LIMIT 1";
	TW_CLEANUP(tw_jsonp) json_t *read = answer(&root, "report.read", name, ""), *last = NULL;

	CHECK_OK(tw_store_run(world.t.c.store, last_entry, NULL, 0, take_json, &last));
	CHECK_TEXT(tw_json_text(last, "case"), name);
	CHECK_TEXT(tw_json_text(last, "after"), tw_json_text(tw_json_get(read, "desk"), "hash"));
}

/* Fails each call of one operation in turn; -1 where it failed, else how often it was done before. */
static bool failing(long n, const char *name, const char *parameter, const char *input, bool *ret_fired)
{
	struct tw_reply rp;

	world.fail_at = n;
	tw_err e = try_ask(&root, name, parameter, input, &rp);
	*ret_fired = tw_fake_fired(world.fake);
	world.fail_at = 0;
	tw_fake_fail(world.fake, 0, 0, false);
	tw_reply_done(&rp);
	reopen();
	return !tw_failed(e);
}

static void test_every_failure_opens_a_case_wholly_or_not(void **state)
{
	bool fired = true;
	int told = 0;
	char name[8];

	for (int n = 1, i = 1; fired && n < CALLS_MAX; n += 5, i++) {
		(void)snprintf(name, sizeof name, "r%d", came(i, "It opens", "") > 0 ? i : 0);
		const int64_t cases = number("SELECT count(*) FROM desk_case"), entries = number("SELECT count(*) FROM journal_entry");
		bool done = failing(n, "report.case", name, "{}", &fired);
		const int64_t more = number("SELECT count(*) FROM desk_case") - cases;

		CHECK(more == 0 || (done && more == 1));
		CHECK(!done || fired || more == 1);
		CHECK_INT(number("SELECT count(*) FROM journal_entry") - entries, 2 * more);
		CHECK_INT(number("SELECT count(*) FROM report_desk"), number("SELECT count(*) FROM desk_case"));
		if (more)
			consistent(name);
		else /* who had no answer sends again */
			CHECK_TEXT(rule_of(&root, "report.case", name, "{}"), "");
		told += !done;
		reopen();
	}
	CHECK(!fired && told > 20);
}

static void test_every_failure_says_wholly_or_not(void **state)
{
	bool fired = true;
	int64_t said = 0, entries = 0;
	int told = 0;
	char text[48];

	came(1, "It opens", "");
	for (int n = 1; fired && n < CALLS_MAX; n += 11) {
		(void)snprintf(text, sizeof text, "{\"text\":\"number %d\"}", n);
		bool done = failing(n, "report.reply", "r1", text, &fired);
		const int64_t now = number("SELECT count(*) FROM report_message");

		CHECK(now == said || (done && now == said + 1));
		CHECK_INT(number("SELECT count(*) FROM journal_entry") - entries, now - said);
		CHECK(!done || fired || now == said + 1);
		entries += now - said;
		said = now;
		told += !done;
	}
	CHECK(!fired && told > 10);
	consistent("r1");
}

/* --- Erasing --- */

static void said(int64_t report, const char *text)
{
	const struct tw_report_message m = { 5, false, tw_slice_of(text) };
	enum tw_kept kept = TW_KEPT_FULL;

	CHECK_OK(tw_report_message_add(world.t.c.store, report, &m, &kept));
	CHECK_INT(kept, TW_KEPT);
}

static void test_what_is_needed_is_not_erased(void **state)
{
	static const char all[] = "{\"part\":\"all\",\"reason\":\"nobody needs it\"}",
			  contact[] = "{\"part\":\"contact\",\"reason\":\"he asked\"}";
	static const struct {
		const char *name, *parameter, *input, *rule;
	} rows[] = {
		{ "report.erase", "r9", all, "report.unknown" },
		{ "report.erase", "r1", "{\"part\":\"some\",\"reason\":\"why\"}", "report.part" },
		{ "report.erase", "r1", all, "report.needed" }, /* nobody has said what it is */
		{ "report.erase", "r1", contact, "report.needed" }, { "report.case", "r1", "{}", "" },
		{ "report.erase", "r1", all, "report.needed" }, /* its case is open */
		{ "report.erase", "r1", contact, "report.needed" }, { "report.publish", "r1", "{\"thanks\":true}", "" },
		{ "case.move", "c1", "{\"to\":\"closed\",\"reason\":\"no remedy\"}", "" }, { "report.erase", "r1", contact, "" },
		{ "report.erase", "r1", contact, "report.erased" }, { "report.publish", "r1", "{\"thanks\":true}", "report.consent" },
		{ "report.reply", "r1", "{\"text\":\"You are welcome.\"}", "" }, { "report.erase", "r1", all, "" },
		{ "report.erase", "r1", all, "report.erased" }, { "report.erase", "r1", contact, "report.erased" },
		{ "report.reply", "r1", "{\"text\":\"Thank you.\"}", "report.erased" },
		{ "report.publish", "r1", "{\"thanks\":false}", "report.erased" }, { "report.read", "r1", "", "" },
		{ "report.reject", "r2", "{\"reason\":\"it is meant to be so\"}", "" }, { "report.erase", "r2", all, "" },
		{ "report.case", "r2", "{\"reason\":\"after all\"}", "report.erased" }, { "case.create", "", "{\"title\":\"open\"}", "" },
		{ "report.duplicate", "r3", "{\"case\":\"c2\",\"reason\":\"same\"}", "" },
		{ "report.erase", "r3", all, "" }, /* though that case is open: it has what it needs */
	};

	came(1, "It opens", "Ann");
	came(2, "It opens too", "");
	came(3, "And so does this", "");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *rule = rule_of(&root, rows[i].name, rows[i].parameter, rows[i].input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, rows[i].input, rule, rows[i].rule);
	}
}

static void test_nothing_is_left_of_what_is_erased(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *read = NULL, *kept = NULL;
	const struct tw_report_message more = { 7, false, TW_SLICE("And another thing.") };
	enum tw_kept end = TW_KEPT;
	int64_t count = 0;

	came(1, "It opens", "Ann");
	came(2, "It opens too", "Bob");
	said(1, "It was version 1.4.");
	CHECK_TEXT(rule_of(&root, "report.case", "r1", "{}"), "");
	CHECK_TEXT(rule_of(&root, "report.reply", "r1", "{\"text\":\"Which one?\"}"), "");
	CHECK_TEXT(rule_of(&root, "report.publish", "r1", "{\"thanks\":true}"), "");
	CHECK_INT(thanked(), 1);
	CHECK_TEXT(rule_of(&root, "case.move", "c1", "{\"to\":\"closed\",\"reason\":\"no remedy\"}"), "");
	CHECK_OK(tw_report_count(world.t.c.store, &count));
	CHECK_INT(count, 2);
	/* Who sent it, and nothing else. */
	kept = answer(&bob, "report.erase", "r1", "{\"part\":\"contact\",\"reason\":\"he asked\"}");
	CHECK_TEXT(tw_json_text(tw_json_get(kept, "contact_erased"), "reason"), "he asked");
	CHECK_TEXT(tw_json_text(tw_json_get(kept, "contact_erased"), "by"), "a2");
	CHECK(!tw_json_bool(kept, "thanked"));
	CHECK_INT(thanked(), 0);
	consistent("r1");
	CHECK_INT(number("SELECT count(*) FROM report WHERE id = 1 AND contact = '' AND credit = '' AND description = 'It opens' AND product = 'L3'"),
		1);
	CHECK_INT(number("SELECT count(*) FROM report_message WHERE text <> ''"), 2);
	CHECK_INT(number("SELECT count(*) FROM report WHERE id = 2 AND contact <> '' AND credit = 'Bob'"), 1);
	CHECK_OK(tw_report_count(world.t.c.store, &count));
	CHECK_INT(count, 2);
	/* All of it. */
	CHECK_TEXT(rule_of(&bob, "report.erase", "r1", "{\"part\":\"all\",\"reason\":\"nobody needs it\"}"), "");
	consistent("r1");
	CHECK_INT(number("SELECT count(*) FROM report WHERE id = 1 AND description || product || version || flaw || traits || fix || contact || credit = ''"),
		1);
	CHECK_INT(number("SELECT count(*) FROM report WHERE id = 1 AND kind = 'flaw' AND language = 'de' AND received_ms = 1899374400001 AND published_ms > 0"),
		1);
	CHECK_INT(number("SELECT count(*) FROM report_message WHERE report = 1 AND text = ''"), 2);
	CHECK_OK(tw_report_count(world.t.c.store, &count));
	CHECK_INT(count, 1);
	read = answer(&root, "report.read", "r1", "");
	CHECK_TEXT(tw_json_text(read, "verdict"), "case");
	CHECK(*tw_json_text(read, "erased") && *tw_json_text(read, "received") && !tw_json_get(read, "description"));
	CHECK_TEXT(tw_json_text(tw_json_get(tw_json_get(read, "desk"), "erased"), "reason"), "nobody needs it");
	CHECK_INT(listed(&bob, "report.messages", "r1", "{}", "messages") + listed(&bob, "case.messages", "c1", "{}", "messages"), 0);
	/* Nobody adds anything to it. */
	CHECK_OK(tw_report_message_add(world.t.c.store, 1, &more, &end));
	CHECK_INT(end, TW_KEPT_FULL);
	CHECK_INT(number("SELECT count(*) FROM report_message"), 2);
}

/* Whatever is done to the tables but that: what was sent and said stays, and what is erased stays so. */
static void test_the_store_erases_and_changes_nothing(void **state)
{
	static const char *const tries[] = {
		"DELETE FROM report WHERE id = 1",
		"DELETE FROM report_message",
		"UPDATE report SET description = '' WHERE id = 1",
		"UPDATE report SET contact = '', credit = '' WHERE id = 1",
		"UPDATE report SET contact = 'me', contact_erased_ms = 5 WHERE id = 1",
		"UPDATE report SET contact = '', credit = '', fix = 'x', contact_erased_ms = 5 WHERE id = 1",
		"UPDATE report SET contact = '', credit = '', description = '', contact_erased_ms = 5 WHERE id = 1",
		"UPDATE report SET erased = 1 WHERE id = 1",
		"UPDATE report SET erased = 1, erased_ms = 5, contact_erased_ms = 5, contact = '', credit = '' WHERE id = 1",
		"UPDATE report SET erased_ms = 5 WHERE id = 1",
		"UPDATE report SET kind = 'bug' WHERE id = 1",
		"UPDATE report SET receipt = receipt WHERE id = 1",
		"UPDATE report SET " EMPTIED ", contact_erased_ms = 5, erased = 1, erased_ms = 5 WHERE id = 1", /* and what was said of it stays? */
		"UPDATE report_message SET text = '' WHERE report = 1",
		"UPDATE report_message SET text = '', erased = 1 WHERE report = 1", /* and the report is not? */
		"UPDATE report_message SET text = '', erased = 1, at_ms = 9 WHERE report = 1",
		"UPDATE report SET description = 'again' WHERE id = 2",
		"UPDATE report SET erased = 0, erased_ms = NULL WHERE id = 2",
		"UPDATE report SET published_ms = 5 WHERE id = 2",
		"UPDATE report_message SET text = 'again' WHERE report = 2",
		"UPDATE report_message SET erased = 0 WHERE report = 2",
		"INSERT INTO report_message (report, at_ms, ours, text) VALUES (2, 1, 1, 'again')",
		"INSERT INTO report_message (report, at_ms, ours, text, erased) VALUES (2, 1, 1, 'again', 1)",
		"UPDATE report SET contact = 'me' WHERE id = 3",
		"UPDATE report SET contact_erased_ms = contact_erased_ms + 1 WHERE id = 3",
		"UPDATE report SET contact_erased_ms = NULL WHERE id = 3",
		"UPDATE report SET thanked = 1 WHERE id = 3",
		"UPDATE report SET description = '' WHERE id = 3",
	};

	for (int i = 1; i <= 3; i++) {
		came(i, "It opens", "Ann");
		said(i, "It was version 1.4.");
	}
	CHECK_TEXT(rule_of(&root, "report.reject", "r2", "{\"reason\":\"no\"}"), "");
	CHECK_TEXT(rule_of(&root, "report.reject", "r3", "{\"reason\":\"no\"}"), "");
	CHECK_TEXT(rule_of(&root, "report.erase", "r2", "{\"part\":\"all\",\"reason\":\"no\"}"), "");
	CHECK_TEXT(rule_of(&root, "report.erase", "r3", "{\"part\":\"contact\",\"reason\":\"no\"}"), "");
	for (size_t i = 0; i < TW_COUNT(tries); i++)
		if (!tw_failed(tw_store_run(world.t.c.store, tries[i], NULL, 0, NULL, NULL)))
			fail_msg("taken: %s", tries[i]);
	CHECK_INT(number("SELECT count(*) FROM report WHERE description = 'It opens'"), 2);
	CHECK_INT(number("SELECT count(*) FROM report_message WHERE text <> ''"), 2);
	CHECK_INT(number("SELECT count(*) FROM report_message"), 3);
}

static void test_every_failure_erases_wholly_or_not(void **state)
{
	static const char left[] =
		"SELECT (SELECT count(*) FROM report WHERE erased = 0) + 100 * (SELECT count(*) FROM report_message WHERE text <> '')";
	bool fired = true;
	int told = 0;
	char name[8];

	for (int n = 1, i = 1; fired && n < CALLS_MAX; n += 7, i++) {
		came(i, "It opens", "Ann");
		said(i, "It was version 1.4.");
		(void)snprintf(name, sizeof name, "r%d", i);
		CHECK_TEXT(rule_of(&root, "report.reject", name, "{\"reason\":\"no\"}"), "");
		const int64_t entries = number("SELECT count(*) FROM journal_entry");
		const bool done = failing(n, "report.erase", name, "{\"part\":\"all\",\"reason\":\"no\"}", &fired);
		const int64_t there = number(left);

		CHECK(there == 0 || there == 101);
		CHECK(!done || there == 0);
		CHECK_INT(number("SELECT count(*) FROM journal_entry") - entries, there == 0);
		CHECK_INT(number("SELECT count(*) FROM report_desk WHERE doc LIKE '%\"erased\"%'"), there ? i - 1 : i);
		consistent(name);
		CHECK_TEXT(rule_of(&root, "report.erase", name, "{\"part\":\"all\",\"reason\":\"no\"}"), there ? "" : "report.erased");
		told += !done;
		reopen();
	}
	CHECK(!fired && told > 10);
}

CHECK_MAIN(TEST(test_what_is_needed_is_not_erased), TEST(test_nothing_is_left_of_what_is_erased),
	TEST(test_the_store_erases_and_changes_nothing), TEST(test_every_failure_erases_wholly_or_not), TEST(test_verdicts),
	TEST(test_what_is_refused), TEST(test_a_report_becomes_a_case_and_its_reporter_is_answered),
	TEST(test_embargo_holds_for_its_reports), TEST(test_long_texts), TEST(test_every_failure_opens_a_case_wholly_or_not),
	TEST(test_every_failure_says_wholly_or_not))

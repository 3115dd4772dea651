/* SPDX-License-Identifier: Apache-2.0 */
/* Notices while they are written: what is refused, that one is told as whoever told it saw it, and that the notice and its draft's end are there together or not. */
#include "support/cases/test-world.h"
#include "support/platform/app.h"
#include "support/subscriptions/pages.h"

#define CALLS_MAX 6000
#define NOON INT64_C(1899374400000)
#define UPDATE \
	"{\"kind\":\"update\",\"severity\":\"high\",\"title\":\"Version <2>\",\"text\":\"Install it.\",\"data\":\"kept\",\"install_by\":\"2031-01-01\",\"needs\":\"nothing\",\"review\":\"nothing\"}"

static struct tw_app app; /* of which the pages take its products */

static void at(int64_t ms)
{
	world.t.c.side = &app;
	tw_fake_clock(world.fake, true, ms, ms - NOON + 1000);
}

static const char *told_as(const char *draft)
{
	static char input[120];
	TW_CLEANUP(tw_jsonp) json_t *read = answer(&ann, "notice.draft-read", draft, "");

	(void)snprintf(input, sizeof input, "{\"hash\":\"%s\"}", tw_json_text(read, "hash"));
	return input;
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

/* @nist IN.1.a.1.3 IN.1.a.2.3 IN.1.c.1.2: a draft that lacks what an update has to say is kept, and not told */
static void test_what_is_refused(void **state)
{
	static const struct {
		const char *name, *parameter, *input, *rule;
	} rows[] = {
		{ "notice.draft", "", "{\"kind\":\"advisory\",\"title\":\"t\",\"text\":\"x\"}", "notices.kind" },
		{ "notice.draft", "", "{\"kind\":\"gossip\",\"title\":\"t\",\"text\":\"x\"}", "notices.kind" },
		{ "notice.draft", "", "{\"kind\":\"update\",\"title\":\"t\",\"text\":\"x\"}", "" },
		{ "notice.draft-publish", "n1", NULL, "IN.1.a.1.3" },
		{ "notice.draft-change", "n1", "{\"kind\":\"change\",\"title\":\"t\",\"text\":\"x\",\"needs\":\"y\"}", "" },
		{ "notice.draft-publish", "n1", NULL, "notices.kind" }, /* needs are an update's */
		{ "notice.draft-change", "n1", "{\"kind\":\"change\",\"title\":\"t\",\"text\":\"x\",\"link\":\"ftp://x\"}", "" },
		{ "notice.draft-publish", "n1", NULL, "notices.form" },
		{ "notice.draft-change", "n1", UPDATE, "" },
		{ "notice.draft-publish", "n1", "{\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
			"notices.changed" },
		{ "notice.draft-publish", "n2", UPDATE, "notices.draft-unknown" },
		{ "notice.draft-publish", "n1", NULL, "" },
		{ "notice.draft-publish", "n1", NULL, "notices.draft-over" },
		{ "notice.draft-change", "n1", UPDATE, "notices.draft-over" },
		{ "notice.draft-drop", "n1", "", "notices.draft-over" },
		{ "notice.draft", "", UPDATE, "" },
		{ "notice.draft-drop", "n2", "", "" },
		{ "notice.draft-publish", "n2", NULL, "notices.draft-over" },
		{ "notice.withdraw", "2", "{\"reason\":\"x\"}", "notices.withdraw" },
		{ "notice.withdraw", "x", "{\"reason\":\"x\"}", "notices.withdraw" },
		{ "notice.withdraw", "1", "{\"reason\":\" \"}", "notices.reason" },
		{ "notice.withdraw", "1", "{\"reason\":\"it breaks\"}", "" },
		{ "notice.withdraw", "1", "{\"reason\":\"it breaks\"}", "notices.withdraw" },
	};

	at(NOON);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const bool unknown = strcmp(rows[i].rule, "notices.draft-unknown") == 0;
		const char *input = rows[i].input && !unknown ? rows[i].input
			: unknown                             ? told_as("n1")
							      : told_as(rows[i].parameter);
		const char *rule = rule_of(&ann, rows[i].name, rows[i].parameter, input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, input, rule, rows[i].rule);
	}
	CHECK_INT(number("SELECT count(*) FROM notice"), 1);
	CHECK_INT(number("SELECT count(*) FROM notice WHERE after IS NULL AND withdrawn_ms IS NOT NULL"), 1); /* nobody is told any more */
}

/* What says nothing anew is gone; the rest is what is told. */
static void test_a_draft_is_what_was_said_last(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *read = NULL, *list = NULL;

	at(NOON);
	CHECK_TEXT(rule_of(&ann, "notice.draft", "", UPDATE), "");
	CHECK_TEXT(rule_of(&bob, "notice.draft-change", "n1", "{\"kind\":\"maintenance\",\"title\":\"Night\",\"text\":\"We are away.\"}"),
		"");
	read = answer(&ann, "notice.draft-read", "n1", "");
	CHECK_TEXT(tw_json_text(read, "title"), "Night");
	CHECK_TEXT(tw_json_text(read, "needs"), "");
	CHECK_TEXT(tw_json_text(read, "by"), "a1");
	list = answer(&ann, "notice.drafts", "", "");
	CHECK_INT(json_array_size(tw_json_get(list, "drafts")), 1);
	CHECK_TEXT(rule_of(&ann, "notice.draft-publish", "n1", told_as("n1")), "");
	CHECK_INT(number("SELECT count(*) FROM notice WHERE title = 'Night' AND id = 'desk:n1' AND severity = 0"), 1);
}

/* The notice, the draft's end and the journal's entry: together or not at all. */
static void test_every_failure_leaves_all_or_nothing(void **state)
{
	bool fired = true;
	int told = 0;

	at(NOON);
	for (int n = 1; fired && n < CALLS_MAX; n += 3) {
		const int64_t before = number("SELECT count(*) FROM notice"), entries = number("SELECT count(*) FROM journal_entry");
		char name[16], input[120];
		struct tw_reply rp;

		(void)snprintf(name, sizeof name, "n%lld", (long long)number("SELECT count(*) + 1 FROM notice_draft"));
		CHECK_TEXT(rule_of(&ann, "notice.draft", "", UPDATE), "");
		(void)snprintf(input, sizeof input, "%s", told_as(name));
		world.fail_at = n;
		tw_err e = try_ask(&ann, "notice.draft-publish", name, input, &rp);
		fired = tw_fake_fired(world.fake);
		world.fail_at = 0;
		tw_fake_fail(world.fake, 0, 0, false);
		tw_reply_done(&rp);
		reopen();
		const int64_t now = number("SELECT count(*) FROM notice");
		CHECK_INT(number("SELECT count(*) FROM notice_draft WHERE state = 'published'"), now);
		CHECK(now == before || (!tw_failed(e) && now == before + 1));
		CHECK(tw_failed(e) || fired || now == before + 1);
		CHECK_INT(number("SELECT count(*) FROM journal_entry"), entries + 1 + now - before);
		told += tw_failed(e);
	}
	CHECK(!fired && told > 10);
}

static void page(const char *name, const char *parameter, const char *wanted, const char *unwanted)
{
	struct tw_reply rp;

	CHECK_OK(try_ask(&ann, name, parameter, "{}", &rp));
	if (rp.problem[0] || !strstr(tw_buf_cstr(&rp.text), wanted) || strstr(tw_buf_cstr(&rp.text), unwanted))
		fail_msg("%s: %s %s", name, rp.rule, rp.text_type ? tw_buf_cstr(&rp.text) : "");
	tw_reply_done(&rp);
}

static void test_its_pages(void **state)
{
	static const char *const pages[][2] = { { "desk.notices", "" }, { "desk.notice", "n1" },
		{ "desk.notice-publish-form", "n1" }, { "desk.notice-change-form", "n1" } };

	at(NOON);
	CHECK_TEXT(rule_of(&ann, "notice.draft", "", UPDATE), "");
	page("desk.notice", "n1", "Needed before: nothing", "Version <2>");
	page("desk.notice", "n1", "It says all", "cannot be told");
	page("desk.notices", "", "/desk/notices/n1", "/notices/1\"");
	for (size_t i = 0; i < TW_COUNT(pages); i++) {
		bool fired = true;

		for (long n = 1; fired; n += 13) {
			struct tw_reply rp;

			world.fail_at = n;
			tw_err e = try_ask(&ann, pages[i][0], pages[i][1], "{}", &rp);
			fired = tw_fake_fired(world.fake);
			world.fail_at = 0;
			tw_fake_fail(world.fake, 0, 0, false);
			CHECK(fired || !tw_failed(e));
			if (!tw_failed(e) && !rp.problem[0])
				CHECK(strstr(tw_buf_cstr(&rp.text), "</main></body></html>"));
			tw_reply_done(&rp);
		}
	}
	CHECK_TEXT(rule_of(&ann, "notice.draft-publish", "n1", told_as("n1")), "");
	page("desk.notice", "n1", "href=\"/notices/1\"", "cannot be told");
	page("desk.notices", "", "There is no draft", "/desk/notices/n1\"");
	page("desk.notice-withdraw-form", "1", "no longer holds", "<2>");
	CHECK_TEXT(rule_of(&ann, "notice.withdraw", "1", "{\"reason\":\"it <breaks>\"}"), "");
	page("notice.page", "1", "it &lt;breaks&gt;", "<breaks>");
	CHECK_TEXT(rule_of(&ann, "desk.notice", "n9", "{}"), "notices.draft-unknown");
	CHECK_TEXT(rule_of(&ann, "desk.notice-withdraw-form", "9", "{}"), "notices.unknown");
}

CHECK_MAIN(TEST(test_what_is_refused), TEST(test_a_draft_is_what_was_said_last), TEST(test_every_failure_leaves_all_or_nothing),
	TEST(test_its_pages))

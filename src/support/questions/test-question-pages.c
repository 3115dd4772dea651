/* SPDX-License-Identifier: Apache-2.0 */
/* The staff's pages of questions and of the library: which questions a page has, what a form becomes, that what is kept of a customer stands on one answer
   alone, and that a page is whole or is not sent, whatever fails meanwhile. */
#include "support/questions/questions.h"

#include "base/text.h"
#include "support/cases/test-world.h"
#include "support/platform/app.h"

#define NOON INT64_C(1899374400000)
#define STRIDE 13 /* of some thousand calls, nearly all of them allocations: enough of each, and short */
#define SECRET "account 4711"

static struct tw_app app; /* of which the pages take its products */

static void at(int64_t ms)
{
	world.t.c.side = &app;
	tw_fake_clock(world.fake, true, ms, ms - NOON + 1000);
}

static void page(const char *name, const char *parameter, const char *input, const char *wanted, const char *unwanted)
{
	struct tw_reply rp;

	CHECK_OK(try_ask(&ann, name, parameter, input, &rp));
	if (rp.problem[0] || !rp.text_type || !strstr(tw_buf_cstr(&rp.text), wanted) || strstr(tw_buf_cstr(&rp.text), unwanted))
		fail_msg("%s %s: %s %s", name, input, rp.rule, rp.text_type ? tw_buf_cstr(&rp.text) : "");
	tw_reply_done(&rp);
}

static void sent(const char *name, const char *parameter, const char *input, const char *location)
{
	struct tw_reply rp;

	CHECK_OK(try_ask(&ann, name, parameter, input, &rp));
	if (rp.problem[0])
		fail_msg("%s %s: %s: %s", name, input, rp.rule, rp.detail);
	CHECK_INT(rp.status, 303);
	CHECK_TEXT(rp.location, location);
	tw_reply_done(&rp);
}

static void note(const char *product, const char *due, const char *where)
{
	char input[400];

	(void)snprintf(input, sizeof input,
		"{\"via\":\"call\",\"kind\":\"configuration\",\"caller\":\"Mrs <Ng>\",\"product\":\"%s\",\"version\":\"1\","
		"\"text\":\"Which ports?\",\"due\":\"%s\",\"customer\":\"" SECRET "\"}",
		product, due);
	sent("desk.question-note", "", input, where);
}

/* The numbers of the questions of a page, in its order. */
static void listed(const char *input, const char *wanted)
{
	static const char mark[] = "href=\"/desk/questions/q";
	char found[64] = "";
	size_t used = 0;
	struct tw_reply rp;

	CHECK_OK(try_ask(&ann, "desk.questions", "", input, &rp));
	for (const char *one = strstr(tw_buf_cstr(&rp.text), mark); one && used + 1 < sizeof found; one = strstr(one + 1, mark))
		found[used++] = one[sizeof mark - 1];
	found[used] = '\0';
	if (strcmp(found, wanted) != 0)
		fail_msg("%s: got %s, want %s", input, found, wanted);
	tw_reply_done(&rp);
}

static void run(const char *sql)
{
	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, NULL, NULL));
}

/* What somebody sent by a form. */
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

/* Neither the list, by any of its orders, nor a page of it says what came as a report of a case under embargo. */
static void test_embargo_holds_on_pages(void **state)
{
	static const char *const orders[] = { "{}", "{\"sort\":\"-due\"}", "{\"sort\":\"question\"}", "{\"sort\":\"-question\"}",
		"{\"sort\":\"product\"}", "{\"sort\":\"-product\"}", "{\"state\":\"all\"}", "{\"state\":\"all\",\"sort\":\"-due\"}" };

	at(NOON);
	note("Lamp", "", "/desk/questions/q1?done=1");
	note("Lamp", "", "/desk/questions/q2?done=1");
	run("UPDATE question SET doc = replace(doc, '\"via\":', '\"report\":\"r1\",\"via\":') WHERE id = 2");
	came("x");
	CHECK_TEXT(rule_of(&bob, "case.create", "", "{\"title\":\"t\"}"), "");
	run("INSERT INTO report_desk (report, verdict, case_id, doc) VALUES (1, 'case', 1, '{}')");
	listed("{\"sort\":\"question\"}", "12");
	CHECK_TEXT(rule_of(&bob, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	for (size_t i = 0; i < TW_COUNT(orders); i++)
		listed(orders[i], "1");
	CHECK_TEXT(rule_of(&ann, "desk.question", "q2", "{}"), "question.unknown");
	CHECK_TEXT(rule_of(&ann, "desk.question-answer-form", "q2", "{}"), "question.unknown");
	CHECK_TEXT(rule_of(&ann, "desk.question-answer", "q2", "{\"text\":\"x\"}"), "question.unknown");
	CHECK_TEXT(rule_of(&bob, "desk.question", "q2", "{}"), "");
}

static void test_which_questions_a_page_has(void **state)
{
	at(NOON);
	note("Lamp", "", "/desk/questions/q1?done=1");
	note("Kettle", "2030-03-20T10:00", "/desk/questions/q2?done=1");
	note("Fan", "2030-03-12T10:00", "/desk/questions/q3?done=1");
	sent("desk.question-note", "",
		"{\"via\":\"mail\",\"kind\":\"other\",\"caller\":\"x\",\"product\":\"Zip\",\"version\":\"1\",\"text\":\"t\"}",
		"/desk/questions/q4?done=1");
	sent("desk.question-close", "q4", "{\"outcome\":\"done\"}", "/desk/questions/q4?done=1");
	listed("{}", "321"); /* what was promised first, on top */
	listed("{\"sort\":\"-due\"}", "123");
	listed("{\"sort\":\"question\"}", "123");
	listed("{\"sort\":\"product\"}", "321");
	listed("{\"sort\":\"-product\"}", "123");
	listed("{\"state\":\"all\"}", "4321");
	listed("{\"state\":\"all\",\"kind\":\"other\"}", "4");
	listed("{\"state\":\"all\",\"sort\":\"due\"}", "3214");
	listed("{\"state\":\"all\",\"sort\":\"-due\"}", "4123");
	listed("{\"state\":\"closed\"}", "4");
	listed("{\"whose\":\"me\"}", "");
	listed("{\"whose\":\"nobody\"}", "321");
	CHECK_OK(tw_account_role_put(&world.t.c, 1, "analyst", "", "test"));
	sent("desk.question-assign", "q1", "{\"who\":\"a1\"}", "/desk/questions/q1?done=1");
	listed("{\"whose\":\"me\"}", "1");
	listed("{\"whose\":\"nobody\"}", "32");
	listed("{\"page\":2}", "");
	/* What is in none of our lists counts for nothing and comes back in no link. */
	page("desk.questions", "", "{\"state\":\"x&evil=1\",\"sort\":\"'; DROP\",\"product\":\"evil\"}", "/desk/questions/q3", "evil");
	page("desk.questions", "", "{}", "Questions that wait for an answer: 3", "over: ");
	at(NOON + INT64_C(9000000000));
	page("desk.questions", "", "{}", "a time that is over: 2", SECRET);
	page("desk.questions", "", "{\"lang\":\"de\"}", "überfällig", "Questions that");
	CHECK_TEXT(rule_of(&ann, "desk.question", "q9", "{}"), "question.unknown");
	CHECK_TEXT(rule_of(&ann, "desk.answer", "l9", "{}"), "answer.unknown");
}

/* @nist QR.2.a.4.2: a page shows what is kept of a customer to whoever has checked who asks and said what for, and to nobody else */
static void test_who_asks_is_checked_on_pages_too(void **state)
{
	struct tw_reply rp;

	at(NOON);
	note("Lamp", "", "/desk/questions/q1?done=1");
	page("desk.question", "q1", "{}", "Nobody has checked who asks", SECRET);
	page("desk.question", "q1", "{}", "Mrs &lt;Ng&gt;", "<Ng>");
	page("desk.question-customer-form", "q1", "{}", "<textarea", SECRET);
	CHECK_TEXT(rule_of(&ann, "desk.question-disclose", "q1", "{\"why\":\"she asks\"}"), "question.identity");
	CHECK_TEXT(rule_of(&ann, "desk.question-identify", "q1", "{\"how\":\"\",\"result\":\"passed\"}"), "path.input");
	sent("desk.question-identify", "q1", "{\"how\":\"called back\",\"result\":\"passed\"}", "/desk/questions/q1?done=1");
	CHECK_TEXT(rule_of(&ann, "desk.question-disclose", "q1", "{\"why\":\"\"}"), "path.input");
	CHECK_OK(try_ask(&ann, "desk.question-disclose", "q1", "{\"why\":\"she <asks>\"}", &rp));
	CHECK_INT(rp.status, 200);
	CHECK(strstr(tw_buf_cstr(&rp.text), SECRET) && !*rp.location);
	tw_reply_done(&rp);
	page("desk.question", "q1", "{}", "she &lt;asks&gt;", SECRET);
	sent("desk.question-customer", "q1", "{\"customer\":\"gone\",\"why\":\"moved\"}", "/desk/questions/q1?done=1");
	page("desk.question", "q1", "{}", "moved", "gone");
	at(NOON + TW_QUESTION_IDENTITY_MS);
	page("desk.question", "q1", "{}", "check again", "good for an hour");
	CHECK_TEXT(rule_of(&ann, "desk.question-disclose", "q1", "{\"why\":\"again\"}"), "question.identity");
}

static void value_of(const char *name, const char *parameter, const char *input, const char *key, char ret[80])
{
	struct tw_reply rp;
	char mark[80];

	(void)snprintf(mark, sizeof mark, "name=\"%s\" value=\"", key);
	CHECK_OK(try_ask(&ann, name, parameter, input, &rp));
	const char *found = strstr(tw_buf_cstr(&rp.text), mark);
	CHECK(found);
	(void)snprintf(ret, 80, "%.*s", (int)strcspn(found + strlen(mark), "\""), found + strlen(mark));
	tw_reply_done(&rp);
}

/* An answer begins with one of the library, is changed, and is kept with where it came from; of two who answer at once the second sees the first's. */
static void test_an_answer_begins_with_the_librarys(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *read = NULL;
	char seen[80], based_on[80], input[400];

	at(NOON);
	note("Lamp", "", "/desk/questions/q1?done=1");
	sent("desk.answer-keep", "", "{\"title\":\"Ports <b>\",\"text\":\"None but 443.\",\"kind\":\"configuration\",\"product\":\"Lamp\"}",
		"/desk/answers/l1?done=1");
	sent("desk.answer-keep", "", "{\"title\":\"Others\",\"text\":\"No.\",\"kind\":\"component\"}", "/desk/answers/l2?done=1");
	page("desk.question-answer-form", "q1", "{}", "?based_on=l1\">Ports &lt;b&gt;<", "based_on=l2");
	page("desk.question-answer-form", "q1", "{\"based_on\":\"l1\"}", ">None but 443.</textarea>", "<b>");
	page("desk.question-answer-form", "q1", "{\"based_on\":\"q1\"}", "></textarea>", "value=\"q1\"");
	value_of("desk.question-answer-form", "q1", "{\"based_on\":\"l1\"}", "seen", seen);
	value_of("desk.question-answer-form", "q1", "{\"based_on\":\"l1\"}", "based_on", based_on);
	(void)snprintf(input, sizeof input, "{\"text\":\"None but 443, and 80 at first.\",\"based_on\":\"%s\",\"seen\":\"%s\"}",
		based_on, seen);
	sent("desk.question-answer", "q1", input, "/desk/questions/q1?done=1");
	CHECK_TEXT(rule_of(&ann, "desk.question-answer", "q1", input), "desk.changed"); /* sent twice it is said once */
	read = answer(&ann, "question.read", "q1", "");
	CHECK_INT(json_array_size(tw_json_get(read, "answers")), 1);
	const json_t *given = json_array_get(tw_json_get(read, "answers"), 0);
	CHECK_TEXT(tw_json_text(given, "based_on"), "l1");
	CHECK_TEXT(tw_json_text(given, "text"), "None but 443, and 80 at first.");
	CHECK_TEXT(tw_json_text(given, "kept_text"), "");
	page("desk.question", "q1", "{}", "and 80 at first.", "Nothing was answered");
	sent("desk.answer-change", "l1", "{\"title\":\"Ports\",\"text\":\"443.\"}", "/desk/answers/l1?done=1");
	page("desk.answer-change-form", "l1", "{}", ">443.</textarea>", "None but");
	sent("desk.answer-retire", "l1", "{\"reason\":\"it is wrong\"}", "/desk/answers/l1?done=1");
	page("desk.answer", "l1", "{}", "it is wrong", "<b>");
	page("desk.answers", "", "{}", "Others", "Ports");
	page("desk.answers", "", "{\"state\":\"all\",\"search\":\"443\"}", "Ports", "Others");
	page("desk.answers", "", "{\"state\":\"retired\",\"kind\":\"component\"}", "No answer is like this", "Ports");
	page("desk.question-answer-form", "q1", "{\"based_on\":\"l1\"}", "></textarea>", "443.</textarea>"); /* no longer given */
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"text\":\"x\",\"based_on\":\"l1\"}"), "answer.retired");
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"text\":\"x\",\"based_on\":\"l2\",\"from\":\"l2\"}"), "question.based-on");
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"based_on\":\"l2\"}"), "question.answer");
}

static void test_a_question_is_handed_over(void **state)
{
	static const char *const nobodys[] = { "a3", "a77", "ann", "uid:0", "l1" };

	at(NOON);
	note("Lamp", "", "/desk/questions/q1?done=1");
	CHECK_OK(tw_account_role_put(&world.t.c, 2, "manager", "", "test"));
	CHECK_OK(tw_account_role_put(&world.t.c, 3, "publisher", "", "test"));
	for (size_t i = 0; i < TW_COUNT(nobodys); i++) {
		char input[40];

		(void)snprintf(input, sizeof input, "{\"who\":\"%s\"}", nobodys[i]);
		CHECK_TEXT(rule_of(&ann, "question.assign", "q1", input), "question.person");
	}
	page("desk.question-assign-form", "q1", "{}", "p2 (a2)", "p3");
	sent("desk.question-assign", "q1", "{\"who\":\"a2\"}", "/desk/questions/q1?done=1");
	page("desk.question", "q1", "{}", "p2 (a2)</dd>", "Nobody&#39;s<");
	sent("desk.question-assign", "q1", "{\"who\":\"-\"}", "/desk/questions/q1?done=1");
	page("desk.question", "q1", "{}", "Nobody&#39;s<", "p2 (a2)</dd>");
	sent("desk.question-close", "q1", "{\"outcome\":\"done\"}", "/desk/questions/q1?done=1");
	CHECK_TEXT(rule_of(&ann, "question.assign", "q1", "{\"who\":\"a2\"}"), "question.closed");
}

/* The pages only read: after each failure the same page comes, whole. */
static void test_a_page_is_whole_or_not_sent(void **state)
{
	static const struct {
		const char *name, *parameter;
	} pages[] = { { "desk.questions", "" }, { "desk.question", "q1" }, { "desk.question-answer-form", "q1" },
		{ "desk.answers", "" }, { "desk.answer", "l1" } };
	long failed = 0;

	at(NOON);
	note("Lamp", "2030-03-20T10:00", "/desk/questions/q1?done=1");
	sent("desk.answer-keep", "", "{\"title\":\"Ports\",\"text\":\"None but 443.\"}", "/desk/answers/l1?done=1");
	sent("desk.question-answer", "q1", "{\"text\":\"443\",\"based_on\":\"l1\"}", "/desk/questions/q1?done=1");
	for (size_t i = 0; i < TW_COUNT(pages); i++) {
		bool fired = true;

		for (long n = 1; fired; n += STRIDE) {
			struct tw_reply rp;

			world.fail_at = n;
			tw_err e = try_ask(&ann, pages[i].name, pages[i].parameter, "{}", &rp);
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

CHECK_MAIN(TEST(test_embargo_holds_on_pages), TEST(test_which_questions_a_page_has), TEST(test_who_asks_is_checked_on_pages_too),
	TEST(test_an_answer_begins_with_the_librarys), TEST(test_a_question_is_handed_over), TEST(test_a_page_is_whole_or_not_sent))

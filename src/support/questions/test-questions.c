/* SPDX-License-Identifier: Apache-2.0 */
/* Questions and answers: what is refused, that a customer's data needs a fresh check of who asks, and that each change is there wholly or not. */
#include "support/questions/questions.h"

#include "base/text.h"
#include "support/cases/test-world.h"

#define CALLS_MAX 4000
#define NOTE \
	"{\"via\":\"call\",\"kind\":\"configuration\",\"caller\":\"Mrs Ng\",\"product\":\"Lamp 3\",\"version\":\"1.5\",\"text\":\"Which ports are open?\",\"customer\":\"account 4711\"}"
#define KEEP "{\"title\":\"Ports\",\"text\":\"None but 443.\",\"kind\":\"configuration\",\"product\":\"Lamp 3\"}"
#define NOON INT64_C(1899374400000)

static void at(int64_t ms)
{
	tw_fake_clock(world.fake, true, ms, ms - NOON + 1000);
}

/* @nist QR.2.a.1.1 QR.2.a.2.1 QR.2.a.4.3: what is noted stands there, with the reply that was agreed on and the outcome */
static void test_what_is_noted_stands_there(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *read = NULL;

	at(NOON);
	CHECK_TEXT(rule_of(&ann, "answer.keep", "", "{\"title\":\"Spare fans\",\"text\":\"Order part 7.\",\"kind\":\"component\"}"), "");
	CHECK_TEXT(rule_of(&ann, "question.note", "",
			   "{\"via\":\"call\",\"kind\":\"component\",\"caller\":\"Mrs Ng\",\"product\":\"Lamp 3\",\"version\":\"unknown\",\"text\":\"A fan?\","
			   "\"directive\":\"ED 24-02\",\"due\":\"2030-03-12T10:00:00Z\",\"follow_up\":\"call her back\"}"),
		"");
	CHECK_TEXT(rule_of(&bob, "question.answer", "q1", "{\"from\":\"l1\"}"), "");
	CHECK_TEXT(rule_of(&bob, "question.close", "q1", "{\"outcome\":\"sent\"}"), "");
	read = answer(&ann, "question.read", "q1", "");
	const json_t *given = json_array_get(tw_json_get(read, "answers"), 0);
	CHECK_TEXT(tw_json_text(read, "directive"), "ED 24-02");
	CHECK_TEXT(tw_json_text(read, "due"), "2030-03-12T10:00:00.000Z");
	CHECK_TEXT(tw_json_text(read, "follow_up"), "call her back");
	CHECK_TEXT(tw_json_text(read, "outcome"), "sent");
	CHECK_TEXT(tw_json_text(given, "kept_text"), "Order part 7.");
	CHECK_TEXT(tw_json_text(given, "by"), "a2");
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *name, *parameter, *input, *rule;
	} rows[] = {
		{ "question.note", "", "{\"via\":\"pigeon\",\"kind\":\"other\",\"caller\":\"a\",\"product\":\"p\",\"version\":\"1\",\"text\":\"t\"}",
			"question.via" },
		{ "question.note", "", "{\"via\":\"mail\",\"kind\":\"gossip\",\"caller\":\"a\",\"product\":\"p\",\"version\":\"1\",\"text\":\"t\"}",
			"question.kind" },
		{ "question.note", "", "{\"via\":\"form\",\"kind\":\"event\",\"caller\":\"a\",\"product\":\"p\",\"version\":\"1\",\"text\":\"t\",\"due\":\"some time, but soon enough\"}",
			"question.time" },
		{ "question.note", "", NOTE, "" },
		{ "question.read", "q1", "", "" },
		{ "question.read", "q2", "", "question.unknown" },
		{ "question.read", "q01", "", "question.unknown" },
		{ "question.read", "l1", "", "question.unknown" },
		{ "question.answer", "q1", "{}", "question.answer" },
		{ "question.answer", "q1", "{\"from\":\"l1\"}", "answer.unknown" },
		{ "answer.keep", "", "{\"title\":\"t\",\"text\":\"x\",\"kind\":\"gossip\"}", "question.kind" },
		{ "answer.keep", "", KEEP, "" },
		{ "answer.change", "l2", KEEP, "answer.unknown" },
		{ "question.answer", "q1", "{\"from\":\"l1\"}", "" },
		{ "question.answer", "q1", "{\"text\":\"And 80 for an hour after the start.\"}", "" },
		{ "answer.retire", "l1", "{\"reason\":\"it has 80 too\"}", "" },
		{ "question.answer", "q1", "{\"from\":\"l1\"}", "answer.retired" },
		{ "answer.change", "l1", "{\"text\":\"443, and 80 for an hour after the start.\"}", "" },
		{ "question.answer", "q1", "{\"from\":\"l1\"}", "" },
		{ "question.identify", "q1", "{\"how\":\"called back\",\"result\":\"maybe\"}", "question.result" },
		{ "question.close", "q1", "{\"outcome\":\"she is content\"}", "" },
		{ "question.close", "q1", "{\"outcome\":\"she is content\"}", "question.closed" },
		{ "question.answer", "q1", "{\"text\":\"more\"}", "question.closed" },
		{ "question.identify", "q1", "{\"how\":\"called back\",\"result\":\"passed\"}", "question.closed" },
		{ "question.disclose", "q1", "{\"why\":\"she asks\"}", "question.closed" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *rule = rule_of(&ann, rows[i].name, rows[i].parameter, rows[i].input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, rows[i].input, rule, rows[i].rule);
	}
}

/* @nist QR.2.a.4.2: a question opens freely; a customer's data stays closed until somebody has checked who asks. */
static void test_who_asks_is_checked_first(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *read = NULL, *told = NULL, *again = NULL;

	at(NOON);
	CHECK_TEXT(rule_of(&ann, "question.note", "", NOTE), "");
	read = answer(&ann, "question.read", "q1", "");
	CHECK(!tw_json_get(read, "customer"));
	CHECK_TEXT(rule_of(&ann, "question.disclose", "q1", "{\"why\":\"she asks\"}"), "question.identity");
	CHECK_TEXT(rule_of(&ann, "question.customer", "q1", "{\"customer\":\"account 1\",\"why\":\"x\"}"), "question.identity");
	CHECK_TEXT(rule_of(&ann, "question.identify", "q1", "{\"how\":\"date of birth\",\"result\":\"failed\"}"), "");
	CHECK_TEXT(rule_of(&ann, "question.disclose", "q1", "{\"why\":\"she asks\"}"), "question.identity");
	CHECK_TEXT(rule_of(&ann, "question.identify", "q1", "{\"how\":\"called back\",\"result\":\"passed\"}"), "");
	at(NOON + TW_QUESTION_IDENTITY_MS - 1);
	told = answer(&bob, "question.disclose", "q1", "{\"why\":\"she asks\"}");
	CHECK_TEXT(tw_json_text(told, "customer"), "account 4711");
	CHECK_TEXT(rule_of(&bob, "question.customer", "q1", "{\"customer\":\"account 4712\",\"why\":\"it was wrong\"}"), "");
	again = answer(&bob, "question.disclose", "q1", "{\"why\":\"to read it back\"}");
	CHECK_TEXT(tw_json_text(again, "customer"), "account 4712");
	const json_t *noted = tw_json_get(again, "disclosures");
	CHECK_INT(json_array_size(noted), 3);
	CHECK_TEXT(tw_json_text(json_array_get(noted, 1), "what"), "changed");
	CHECK_TEXT(tw_json_text(json_array_get(noted, 1), "by"), "a2");
	at(NOON + TW_QUESTION_IDENTITY_MS);
	CHECK_TEXT(rule_of(&bob, "question.disclose", "q1", "{\"why\":\"again\"}"), "question.identity");
	at(NOON - 1000); /* a clock that was set back makes no check fresh */
	CHECK_TEXT(rule_of(&bob, "question.disclose", "q1", "{\"why\":\"again\"}"), "question.identity");
}

static size_t found(const char *name, const char *key, const char *input)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer(&ann, name, "", input);

	return json_array_size(tw_json_get(j, key));
}

static void test_the_library_is_searched(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *read = NULL;
	const json_t *first;

	CHECK_TEXT(rule_of(&ann, "answer.keep", "", KEEP), "");
	CHECK_TEXT(rule_of(&ann, "answer.keep", "", "{\"title\":\"Updates\",\"text\":\"Each month.\"}"), "");
	CHECK_INT(found("answers.list", "answers", "{}"), 2);
	CHECK_INT(found("answers.list", "answers", "{\"search\":\"PORTS\"}"), 1);
	CHECK_INT(found("answers.list", "answers", "{\"search\":\"443\"}"), 1);
	CHECK_INT(found("answers.list", "answers", "{\"search\":\"%\"}"), 0);
	CHECK_INT(found("answers.list", "answers", "{\"product\":\"Lamp 3\"}"), 2); /* its own, and those for every product */
	CHECK_INT(found("answers.list", "answers", "{\"product\":\"Lamp 4\"}"), 1);
	CHECK_TEXT(rule_of(&ann, "question.note", "", NOTE), "");
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"from\":\"l1\",\"text\":\"As of 1.5.\"}"), "");
	CHECK_TEXT(rule_of(&ann, "answer.change", "l1", "{\"text\":\"443 and 80.\"}"), "");
	read = answer(&ann, "question.read", "q1", "");
	first = json_array_get(tw_json_get(read, "answers"), 0);
	CHECK_TEXT(tw_json_text(first, "kept_text"), "None but 443."); /* as it was given */
	CHECK_TEXT(tw_json_text(first, "from"), "l1");
	CHECK_TEXT(tw_json_text(read, "state"), "answered");
	CHECK_INT(found("questions.list", "questions", "{\"state\":\"answered\",\"product\":\"Lamp 3\",\"kind\":\"configuration\"}"), 1);
	CHECK_INT(found("questions.list", "questions", "{\"search\":\"which PORTS\"}"), 1);
	CHECK_INT(found("questions.list", "questions", "{\"state\":\"open\"}"), 0);
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

/* The document, what is kept of the customer and the journal's entry: together or not at all. */
static void test_every_failure_leaves_all_or_nothing(void **state)
{
	bool fired = true;
	int told = 0;

	for (int n = 1; fired && n < CALLS_MAX; n += 5) {
		const int64_t before = number("SELECT count(*) FROM question");
		struct tw_reply rp;

		world.fail_at = n;
		tw_err e = try_ask(&root, "question.note", "", NOTE, &rp);
		fired = tw_fake_fired(world.fake);
		world.fail_at = 0;
		tw_fake_fail(world.fake, 0, 0, false);
		tw_reply_done(&rp);
		reopen();
		const int64_t now = number("SELECT count(*) FROM question");
		CHECK(now == before || (!tw_failed(e) && now == before + 1));
		CHECK(tw_failed(e) || fired || now == before + 1);
		CHECK_INT(number("SELECT count(*) FROM journal_entry"), now);
		CHECK_INT(number("SELECT count(*) FROM question WHERE customer = 'account 4711'"), now);
		told += tw_failed(e);
	}
	CHECK(!fired && told > 10);
}

/* --- By form --- */

static const struct tw_operation_row by_form = { .name = "question.send" };

static const struct tw_report_beside *beside; /* of the next that come; NULL: nothing */

static const char *contact = "";

static tw_err receive(const char *input, const struct tw_receipt *receipt, const char *kind, enum tw_kept *ret)
{
	static const struct tw_subject anyone = { .kind = TW_SUBJECT_ANYONE, .name = "anyone" };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(input), 65536, &j));
	const struct tw_request rq = { .subject = anyone, .operation = &by_form, .input = j };
	const struct tw_report r = { .received_ms = NOON,
		.language = "en",
		.kind = kind,
		.description = "Which ports are open?",
		.product = "Lamp 3",
		.version = "",
		.flaw = "",
		.traits = "",
		.fix = "",
		.contact = contact,
		.credit = "" };
	tw_json_use(tw_fake_sys(world.fake));
	tw_fake_fail(world.fake, world.fail_at, world.fail_at % 2 ? ENOSPC : EIO, false);
	tw_err e = tw_question_receive(&world.t.c, &rq, receipt, &r, beside, ret);
	tw_json_use(tw_sys_real());
	return e;
}

static struct tw_receipt receipt(void)
{
	struct tw_receipt r;

	CHECK_OK(tw_receipt_make(tw_sys_real(), &r));
	return r;
}

static tw_err note_report(tw_store *s, void *user, int64_t report)
{
	*(int64_t *)user = report;
	return TW_OK;
}

static tw_err refuse_files(tw_store *s, void *user, int64_t report)
{
	return TW_RAISE(STATE, "the report takes no such files");
}

/* What comes along with a question is kept with its report, or neither is. */
static void test_files_go_with_the_question(void **state)
{
	const struct tw_receipt one = receipt(), other = receipt();
	enum tw_kept kept = TW_KEPT_FULL;
	int64_t of = 0;

	at(NOON);
	beside = &(const struct tw_report_beside){ note_report, &of };
	CHECK_OK(receive("{}", &one, "event", &kept));
	CHECK_INT(of, 1);
	of = 0;
	CHECK_OK(receive("{}", &one, "event", &kept)); /* sent again: they are looked at again */
	CHECK_INT(of, 1);
	beside = &(const struct tw_report_beside){ refuse_files, NULL };
	CHECK_ERR(receive("{}", &other, "event", &kept), STATE);
	beside = NULL;
	CHECK_INT(number("SELECT count(*) FROM question"), 1);
	CHECK_INT(number("SELECT count(*) FROM report"), 1);
}

static tw_err count_ours(void *user, const struct tw_report_message *m)
{
	*(int *)user += m->ours;
	return TW_OK;
}

/* @nist QR.2.a.2.2 QR.2.a.3.1: what a customer sends is a question at the desk, and what is answered stands behind his receipt */
static void test_a_question_by_form_is_one_at_the_desk(void **state)
{
	static const char input[] =
		"{\"document\":\"/policy\",\"breadth\":\"missing\",\"depth\":\"too-little\",\"directive\":\"ED 24-02\",\"due\":\"2030-03-12\"}";
	TW_CLEANUP(tw_jsonp) json_t *read = NULL, *rules = NULL, *told = NULL, *report = NULL;
	const struct tw_receipt one = receipt(), other = receipt();
	enum tw_kept kept = TW_KEPT_FULL;
	int ours = 0;

	at(NOON);
	contact = "ann@example.com";
	CHECK_OK(receive(input, &one, "documentation", &kept));
	CHECK_INT(kept, TW_KEPT);
	CHECK_OK(receive(input, &one, "documentation", &kept));
	CHECK_INT(kept, TW_KEPT_BEFORE);
	CHECK_OK(receive(input, &one, "other", &kept));
	CHECK_INT(kept, TW_KEPT_OTHER);
	CHECK_INT(number("SELECT count(*) FROM question"), 1);
	contact = "";
	CHECK_OK(receive(input, &other, "rules", &kept));
	read = answer(&ann, "question.read", "q1", "");
	CHECK_TEXT(tw_json_text(read, "via"), "form");
	CHECK_TEXT(tw_json_text(read, "report"), "r1");
	CHECK_TEXT(tw_json_text(read, "version"), "unknown");
	CHECK_TEXT(tw_json_text(read, "depth"), "too-little");
	CHECK_TEXT(tw_json_text(read, "directive"), ""); /* not asked with this kind */
	CHECK_TEXT(tw_json_text(read, "due"), "");
	CHECK_TEXT(tw_json_text(read, "caller"), "unknown");
	CHECK_INT(number("SELECT count(*) FROM question WHERE doc LIKE '%ann@example%'"), 0);
	CHECK_TEXT(rule_of(&ann, "question.identify", "q1", "{\"how\":\"called back\",\"result\":\"passed\"}"), "");
	told = answer(&ann, "question.disclose", "q1", "{\"why\":\"to answer\"}");
	CHECK_TEXT(tw_json_text(told, "customer"), "ann@example.com");
	report = answer(&ann, "report.read", "r1", ""); /* whom nothing grants to read questions here */
	CHECK_TEXT(tw_json_text(report, "kind"), "documentation");
	CHECK_TEXT(tw_json_text(report, "contact"), "");
	rules = answer(&ann, "question.read", "q2", "");
	CHECK_TEXT(tw_json_text(rules, "kind"), "noncompliance");
	CHECK_TEXT(tw_json_text(rules, "due"), "2030-03-12T23:59:59.000Z");
	CHECK_TEXT(tw_json_text(rules, "breadth"), "");
	CHECK_TEXT(rule_of(&ann, "answer.keep", "", KEEP), "");
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"from\":\"l1\",\"text\":\"And thank you.\"}"), "");
	CHECK_OK(tw_report_messages(world.t.c.store, 1, count_ours, &ours));
	CHECK_INT(ours, 2);
	for (int i = 0; i < TW_MESSAGES_MAX - 2; i++) {
		char text[64];

		(void)snprintf(text, sizeof text, "{\"text\":\"number %d\"}", i);
		CHECK_TEXT(rule_of(&ann, "question.answer", "q1", text), "");
	}
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"text\":\"one more\"}"), "question.size");
}

static void test_a_question_about_settings_has_their_reference(void **state)
{
	static const struct {
		const char *kind, *product, *settings;
	} rows[] = { { "configuration", "lamp", "https://l.example/s" }, { "configuration", "LAMP 3", "https://l.example/s" },
		{ "configuration", "Fan", "" }, { "configuration", "Pump", "" }, { "other", "lamp", "" } };
	TW_CLEANUP(tw_jsonp)
	json_t *products = json_pack("[{s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}]}, {s:s, s:s}]", "name", "lamp", "title", "Lamp 3",
		"documents", "kind", "manual", "url", "https://l.example/m", "kind", "settings", "url", "https://l.example/s",
		"name", "fan", "title", "Fan");

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *doc = json_pack("{s:s, s:s}", "kind", rows[i].kind, "product", rows[i].product);

		CHECK_OK(tw_question_settings(doc, products));
		CHECK_TEXT(tw_json_text(doc, "settings"), rows[i].settings);
	}
}

/* The report, the question and the journal's entry: together or not at all. */
static void test_every_failure_leaves_report_and_question_or_neither(void **state)
{
	bool fired = true;
	int told = 0;

	for (int n = 1; fired && n < CALLS_MAX; n += 5) {
		const int64_t before = number("SELECT count(*) FROM question");
		const struct tw_receipt one = receipt();
		enum tw_kept kept = TW_KEPT_FULL;

		world.fail_at = n;
		tw_err e = receive("{\"directive\":\"ED 24-02\"}", &one, "event", &kept);
		fired = tw_fake_fired(world.fake);
		world.fail_at = 0;
		tw_fake_fail(world.fake, 0, 0, false);
		reopen();
		const int64_t now = number("SELECT count(*) FROM question");
		CHECK(now == before || (!tw_failed(e) && now == before + 1));
		CHECK(tw_failed(e) || fired || now == before + 1);
		CHECK_INT(number("SELECT count(*) FROM journal_entry"), now);
		CHECK_INT(number("SELECT count(*) FROM report"), now);
		told += tw_failed(e);
	}
	CHECK(!fired && told > 10);
}

static int64_t questions(const struct tw_subject *s)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer(s, "questions.list", "", "{}");

	return (int64_t)json_array_size(tw_json_get(j, "questions"));
}

/* A question that came by a form is a report too: where the embargo of its case hides one, it hides the other, in lists, by its name and from every change. */
static void test_embargo_holds_for_what_was_asked(void **state)
{
	static const char *const tries[][2] = { { "question.read", "" }, { "question.answer", "{\"text\":\"x\"}" },
		{ "question.assign", "{\"who\":\"-\"}" }, { "question.identify", "{\"how\":\"x\",\"result\":\"passed\"}" },
		{ "question.disclose", "{\"why\":\"x\"}" }, { "question.customer", "{\"customer\":\"x\",\"why\":\"x\"}" },
		{ "question.close", "{\"outcome\":\"x\"}" } };
	const struct tw_receipt one = receipt();
	enum tw_kept kept = TW_KEPT_FULL;

	at(NOON);
	CHECK_OK(receive("{}", &one, "component", &kept));
	CHECK_TEXT(rule_of(&bob, "question.note", "", NOTE), "");
	CHECK_TEXT(rule_of(&ann, "report.case", "r1", "{}"), "");
	CHECK_INT(questions(&bob), 2);
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	CHECK_INT(questions(&ann), 2);
	CHECK_INT(questions(&root), 2);
	CHECK_INT(questions(&bob), 1);
	for (size_t i = 0; i < TW_COUNT(tries); i++)
		CHECK_TEXT(rule_of(&bob, tries[i][0], "q1", tries[i][1]), "question.unknown");
	CHECK_TEXT(rule_of(&bob, "question.read", "q2", ""), "");
	CHECK_TEXT(rule_of(&ann, "question.answer", "q1", "{\"text\":\"x\"}"), "");
	CHECK_TEXT(rule_of(&root, "question.read", "q1", ""), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"now\"}"), "");
	CHECK_TEXT(rule_of(&bob, "question.read", "q1", ""), "");
	CHECK_INT(questions(&bob), 2);
}

CHECK_MAIN(TEST(test_embargo_holds_for_what_was_asked), TEST(test_files_go_with_the_question),
	TEST(test_a_question_by_form_is_one_at_the_desk), TEST(test_a_question_about_settings_has_their_reference),
	TEST(test_every_failure_leaves_report_and_question_or_neither), TEST(test_what_is_refused), TEST(test_what_is_noted_stands_there),
	TEST(test_who_asks_is_checked_first), TEST(test_the_library_is_searched), TEST(test_every_failure_leaves_all_or_nothing))

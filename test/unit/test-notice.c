/* SPDX-License-Identifier: Apache-2.0 */
/* The use notice: what can be shown, how long it may be, who writes it, and that nobody is let in who has not accepted it. */
#include "lacking.h"

#include "crypto/hash.h"
#include "device/logical-access/notice.h"
#include "device/sql-device.h"

#include <errno.h>

#define NOTICE "/api/v1/notice"
#define ACCEPT "/api/v1/notice-acceptances"

static void check_ask(const char *method, const char *target, const char *body, int want, const char *says)
{
	int status = tw_unit_request(w.unit, method, target, NULL, body);

	if (status != want || (says && !strstr(tw_unit_body(w.unit), says)))
		fail_msg("%s %s %s: %d, %s", method, target, body ? body : "", status, tw_unit_body(w.unit));
}

/* Whoever asks is this; kind ANYONE: the owner's certificate counts again. */
static struct tw_subject as;
static const char *role = "guest";
static tw_err (*authenticate)(struct tw_context *c, struct tw_request *rq);

static tw_err somebody(struct tw_context *c, struct tw_request *rq)
{
	if (as.kind == TW_SUBJECT_ANYONE)
		return authenticate(c, rq);
	rq->subject.kind = as.kind;
	if (as.kind == TW_SUBJECT_LOCAL || as.kind == TW_SUBJECT_CONSOLE)
		rq->subject.door = as.kind == TW_SUBJECT_LOCAL ? TW_DOOR_LOCAL : TW_DOOR_CONSOLE;
	(void)snprintf(rq->subject.name, sizeof rq->subject.name, "somebody");
	(void)snprintf(rq->subject.account, sizeof rq->subject.account, "%s", as.account);
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "%s", as.how);
	tw_role_set_add(&rq->subject.roles, tw_gate_role(c->gate, role));
	return TW_OK;
}

static void be(enum tw_subject_kind kind, const char *account, const char *how)
{
	if (device()->context.authenticate != somebody)
		authenticate = device()->context.authenticate;
	device()->context.authenticate = somebody;
	as = (struct tw_subject){ .kind = kind };
	(void)snprintf(as.account, sizeof as.account, "%s", account);
	(void)snprintf(as.how, sizeof as.how, "%s", how);
}

static void be_owner(void)
{
	be(TW_SUBJECT_ANYONE, "", "");
}

/* A text of so many of these, and its digest. */
static char digest[65], body[20000];

static void digest_of(const char *text)
{
	uint8_t bytes[32];

	CHECK_OK(tw_sha256(text, strlen(text), bytes));
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
}

static const char *accepting(const char *of)
{
	(void)snprintf(body, sizeof body, "{\"notice\":\"%s\"}", of);
	return body;
}

static void write_notice(const char *text)
{
	digest_of(text);
	(void)snprintf(body, sizeof body, "{\"text\":\"%s\"}", text);
	check_ask("PUT", NOTICE, body, 200, digest);
}

static void accept_it(void)
{
	check_ask("POST", ACCEPT, accepting(digest), 204, NULL);
}

/* --- What can be shown --- */

static void test_texts(void **state)
{
	static const struct {
		const char *text;
		bool good;
		size_t lines;
	} rows[] = {
		{ "Only for staff.", true, 1 },
		{ "One\ntwo\n\nfour", true, 4 },
		{ "Ends with a line\n", true, 1 },
		{ "Gr\xc3\xbc\xc3\x9f Gott, \xe4\xbd\xa0\xe5\xa5\xbd", true, 1 },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890", true, 1 },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890x", true, 2 },
		{ "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0"
		  "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0"
		  "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0"
		  "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0"
		  "\xe4\xbd\xa0",
			true, 2 }, /* 41 wide ones */
		{ "", false, 0 },
		{ " \n  \n", false, 2 },
		{ "a\rb", false, 0 },
		{ "a\tb", false, 0 },
		{ "a\n\x1b[2Jb", false, 0 },
		{ "a\x7f", false, 0 },
		{ "a\xc2\x9b"
		  "b",
			false, 0 },
		{ "a \xe2\x80\xae b", false, 0 },
		{ "a \xe2\x81\xa6 b", false, 0 },
		{ "a \xe2\x80\xa8 b", false, 0 },
		{ "a\xff", false, 0 },
		{ "a\xe2\x80", false, 0 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		if ((tw_notice_wrong(tw_slice_of(rows[i].text)) == NULL) != rows[i].good)
			fail_msg("row %zu: %s", i, tw_notice_wrong(tw_slice_of(rows[i].text)));
		if (rows[i].lines)
			CHECK_INT(tw_notice_lines(tw_slice_of(rows[i].text)), rows[i].lines);
	}
	CHECK_INT(tw_notice_lines(TW_SLICE("\xff")), TW_NOTICE_LINES); /* what is no text takes all there is */
}

static int put_repeated(const char *what, size_t times, const char *last)
{
	size_t at = (size_t)snprintf(body, sizeof body, "{\"text\":\"");

	for (size_t i = 0; i < times; i++)
		at += (size_t)snprintf(body + at, sizeof body - at, "%s", what);
	(void)snprintf(body + at, sizeof body - at, "%s\"}", last);
	return tw_unit_request(w.unit, "PUT", NOTICE, NULL, body);
}

/* @nist LA.SUN.2.2: exactly the limit is stored, one more is not, in bytes as in lines */
static void test_the_largest(void **state)
{
	be(TW_SUBJECT_OWNER, "a1", "session");
	check_ask("GET", NOTICE, NULL, 200, "\"most_bytes\":1760");
	CHECK_INT(put_repeated("x", TW_NOTICE_MAX + 1, ""), 400);
	CHECK(strstr(tw_unit_body(w.unit), "\"rule\":\"LA.SUN.2.2\"") && strstr(tw_unit_body(w.unit), "1761 bytes"));
	CHECK_INT(put_repeated("x", TW_NOTICE_MAX, ""), 200);
	CHECK_INT(put_repeated("x\\n", TW_NOTICE_LINES, "x"), 400);
	CHECK(strstr(tw_unit_body(w.unit), "\"rule\":\"LA.SUN.2.2\"") && strstr(tw_unit_body(w.unit), "23 lines"));
	CHECK_INT(put_repeated("x\\n", TW_NOTICE_LINES, ""), 200);
	CHECK_INT(put_repeated("x", 8193, ""), 400);
	check_ask("PUT", NOTICE, "{\"text\":\"a\\u202eb\"}", 400, "notice.text");
	check_ask("PUT", NOTICE, "{\"text\":\"a\\u001bb\"}", 400, "notice.text");
	check_ask("PUT", NOTICE, "{\"text\":\"  \"}", 400, "nothing in it");
	check_ask("GET", NOTICE, NULL, 200, "x\\nx\\nx");
}

/* --- Who writes it --- */

/* @nist LA.SUN.2 LA.SUN.2.1: admin and owner write it, nobody else; the log has both digests, the history all texts */
static void test_who_writes_it(void **state)
{
	char first[65];

	be(TW_SUBJECT_ACCOUNT, "a1", "session");
	role = "operator";
	check_ask("PUT", NOTICE, "{\"text\":\"x\"}", 403, "gate.permission");
	check_ask("DELETE", NOTICE, NULL, 403, "gate.permission");
	check_ask("GET", "/api/v1/notice-history", NULL, 403, "gate.permission");
	role = "admin";
	check_ask("DELETE", NOTICE, NULL, 409, "notice.none");
	write_notice("Only for staff.");
	(void)snprintf(first, sizeof first, "%s", digest);
	write_notice("Only for staff, and guests.");
	check_ask("GET", NOTICE, NULL, 200, "and guests.");
	check_ask("DELETE", NOTICE, NULL, 204, NULL);
	check_ask("GET", NOTICE, NULL, 200, "\"notice\":\"\"");
	check_ask("GET", "/api/v1/notice-history?limit=2", NULL, 200, "\"text\":\"\",\"version\":3");
	CHECK(strstr(tw_unit_body(w.unit), "and guests.") && strstr(tw_unit_body(w.unit), "\"next\""));
	CHECK(!strstr(tw_unit_body(w.unit), first));
	check_ask("GET", "/api/v1/notice-history", NULL, 200, first);
	be_owner();
	CHECK(world_log_says(&w, first));
	(void)snprintf(body, sizeof body, "\"after\":\"%s\",\"before\":\"%s\",\"what\":\"written\"", digest, first);
	CHECK(world_log_says(&w, body));
	CHECK(world_log_says(&w, "\"what\":\"withdrawn\""));
}

static void test_the_history_is_bounded(void **state)
{
	be(TW_SUBJECT_OWNER, "a1", "session");
	for (int i = 0; i < TW_NOTICE_KEPT + 2; i++) {
		char text[32];

		(void)snprintf(text, sizeof text, "number %d.", i);
		write_notice(text);
	}
	check_ask("GET", "/api/v1/notice-history?limit=25", NULL, 200, "number 51.");
	const char *next = strstr(tw_unit_body(w.unit), "\"next\":\"");
	char target[256];
	(void)snprintf(target, sizeof target, "/api/v1/notice-history?limit=25&cursor=%.*s", (int)strcspn(next + 8, "\""), next + 8);
	check_ask("GET", target, NULL, 200, "number 2.");
	CHECK(!strstr(tw_unit_body(w.unit), "\"next\"") && !strstr(tw_unit_body(w.unit), "number 1."));
	check_ask("GET", "/api/v1/notice-history?cursor=x", NULL, 400, "page.cursor");
	CHECK(!strstr(tw_unit_body(w.unit), "\"reference\"")); /* and nothing failed by it */
}

/* --- Nobody is let in without --- */

static int open_with(const char *code_body, const char *notice)
{
	char text[200];

	(void)snprintf(text, sizeof text, "%.*s,\"notice\":\"%s\"}", (int)strlen(code_body) - 1, code_body, notice);
	return world_open(&w, text);
}

/* @nist LA.SUN.1 LA.SUN.3: no session is opened without the digest of what counts now; the code stays good until it is */
static void test_a_session_needs_it(void **state)
{
	char code[64], old[65], token[TW_TOKEN_TEXT + 1], spare[64];

	world_code(&w, code);
	world_code(&w, spare);
	write_notice("Only for staff.");
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", NOTICE, NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), digest) && strstr(tw_unit_body(w.unit), "Only for staff."));
	CHECK_INT(world_open(&w, code), 409);
	CHECK(strstr(tw_unit_body(w.unit), "\"rule\":\"LA.SUN.3\"") && strstr(tw_unit_body(w.unit), "\"see\":\"/api/v1/notice\""));
	for (int i = 0; i < 6; i++) /* a good code is no guess: nobody has to wait for it */
		CHECK_INT(open_with(code, "0000000000000000000000000000000000000000000000000000000000000000"), 409);
	CHECK_INT(open_with(code, "xx00000000000000000000000000000000000000000000000000000000000000"), 409);
	CHECK(tw_is(world_opens(&w, token), TW_CODE_DENIED)); /* also by what forgets to ask */
	CHECK_INT(open_with(code, digest), 201);
	accept_it();
	(void)snprintf(body, sizeof body, "\"account\":\"a1\",\"how\":\"code\",\"notice\":\"%s\"", digest);
	CHECK(world_log_says(&w, body));
	(void)snprintf(old, sizeof old, "%s", digest);
	write_notice("Only for staff, and guests.");
	CHECK_INT(open_with(spare, old), 409);
	accept_it();
	check_ask("DELETE", NOTICE, NULL, 204, NULL);
	CHECK_INT(world_open(&w, spare), 201); /* and none is asked for where there is none, nor said to be accepted */
	CHECK(!world_log_says(&w, "\"notice\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\""));
	CHECK_OK(world_opens(&w, token));
}

/* What is no digest accepts nothing, whatever was asked just before. */
static void test_no_digest(void **state)
{
	write_notice("Only for staff.");
	TW_CLEANUP(tw_jsonp) json_t *right = json_pack("{s:s}", "notice", digest), *wrong = json_pack("{s:s}", "notice", "x");
	const struct tw_request good = { .input = right }, bad = { .input = wrong };
	bool given = tw_notice_given(device(), &good), none = tw_notice_given(device(), &bad);

	CHECK(given && !none);
}

/* @nist LA.SUN.3: whoever comes by certificate accepts once for his account, and may read and accept before */
static void test_a_certificate_needs_it(void **state)
{
	char first[65];

	check_ask("POST", ACCEPT, accepting("0000000000000000000000000000000000000000000000000000000000000000"), 409, "notice.none");
	write_notice("Only for staff.");
	(void)snprintf(first, sizeof first, "%s", digest);
	check_ask("GET", "/api/v1/identity", NULL, 409, "\"rule\":\"LA.SUN.3\"");
	CHECK(strstr(tw_unit_body(w.unit), "\"see\":\"/api/v1/notice\"") && strstr(tw_unit_body(w.unit), ACCEPT));
	check_ask("DELETE", NOTICE, NULL, 409, "LA.SUN.3");
	check_ask("GET", "/api/v1/health", NULL, 200, NULL);
	check_ask("GET", NOTICE, NULL, 200, digest);
	check_ask("POST", ACCEPT, accepting("0000000000000000000000000000000000000000000000000000000000000000"), 409, "LA.SUN.3");
	check_ask("GET", "/api/v1/identity", NULL, 409, NULL);
	accept_it();
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
	(void)snprintf(body, sizeof body, "\"account\":\"a1\",\"how\":\"client-certificate\",\"notice\":\"%s\"", first);
	CHECK(world_log_says(&w, body));
	check_ask("GET", "/api/v1/capabilities?limit=200", NULL, 200, "for their certificates: 1");
	world_start(&w); /* it is not asked again after a start */
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
	write_notice("Only for staff, and guests.");
	check_ask("GET", "/api/v1/identity", NULL, 409, NULL);
	accept_it();
	write_notice("Only for staff."); /* what was accepted before another one is accepted anew when it is not remembered */
	memset(device()->access->accepted, 0, sizeof device()->access->accepted);
	check_ask("GET", "/api/v1/identity", NULL, 409, NULL);
	accept_it();
	check_ask("DELETE", NOTICE, NULL, 204, NULL);
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
}

/* Accounts by certificate are asked, by session they were; what has no account is not asked. */
static void test_who_is_asked(void **state)
{
	write_notice("Only for staff.");
	role = "operator";
	be(TW_SUBJECT_ACCOUNT, "a1", "client-certificate");
	check_ask("GET", "/api/v1/identity", NULL, 409, "LA.SUN.3");
	be(TW_SUBJECT_ACCOUNT, "a1", "session");
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
	be(TW_SUBJECT_LOCAL, "", "client-certificate");
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
	be(TW_SUBJECT_ACCOUNT, "nobody", "client-certificate");
	check_ask("GET", "/api/v1/identity", NULL, 500, NULL);
	be(TW_SUBJECT_CONSOLE, "", "console");
	check_ask("GET", "/api/v1/capabilities", NULL, 200, NULL);
	const size_t next = device()->access->accepted_next;
	accept_it();
	CHECK_INT(device()->access->accepted_next, next); /* nor does it take the place of anybody's */
	be_owner();
	check_ask("GET", "/api/v1/identity", NULL, 409, NULL); /* the console's acceptance is nobody else's */
	accept_it();
	CHECK(world_log_says(&w, "\"account\":\"\",\"how\":\"console\""));
	be(TW_SUBJECT_ACCOUNT, "a2", "client-certificate"); /* nor hers */
	check_ask("GET", "/api/v1/identity", NULL, 409, "LA.SUN.3");
}

/* With more accounts than memory holds the others are read, and each is known. */
static void test_more_than_memory_holds(void **state)
{
	write_notice("Only for staff.");
	accept_it();
	for (int64_t i = 0; i < TW_ACCEPTED_MAX; i++)
		device()->access->accepted[i] = (struct tw_accepted){ .account = 100 + i };
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
	CHECK_INT(device()->access->accepted[1].account, 1);
}

/* No fault of the store keeps an owner out, neither from accepting nor from what he may do. */
static void test_a_store_that_fails(void **state)
{
	static const char away[] = "ALTER TABLE notice_accepted RENAME TO away";

	write_notice("Only for staff.");
	CHECK_OK(tw_store_run(device()->context.store, away, NULL, 0, NULL, NULL));
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
	role = "operator";
	be(TW_SUBJECT_ACCOUNT, "a1", "client-certificate");
	check_ask("GET", "/api/v1/identity", NULL, 500, NULL);
	be_owner();
	accept_it();
	be(TW_SUBJECT_ACCOUNT, "a1", "client-certificate");
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
}

/* Nor does the device take a text from it that is longer than any that was written. */
static void test_a_row_that_is_too_long(void **state)
{
	static const char put[] = "INSERT INTO notice (text, changed_ms, changed_by) VALUES (?1, 1, 'x')";
	struct tw_notice n;

	for (int more = 0; more < 2; more++) {
		(void)snprintf(body, sizeof body, "%0*d", TW_NOTICE_MAX + more, 0);
		const struct tw_value v[] = { TW_V_TEXT(body) };
		CHECK_OK(tw_store_run(device()->context.store, put, v, TW_COUNT(v), NULL, NULL));
		tw_err e = tw_notice_load(device(), &n);
		CHECK(more ? tw_is(e, TW_CODE_LIMIT) : !tw_failed(e) && strlen(n.text) == TW_NOTICE_MAX);
	}
}

/* It is the organization's: with the ownership it goes, its history with it. */
static void test_it_ends_with_the_ownership(void **state)
{
	write_notice("Only for staff.");
	make_unowned();
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", NOTICE, NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), "\"text\":\"\""));
	make_owned();
	check_ask("GET", NOTICE, NULL, 200, "\"text\":\"\"");
	check_ask("GET", "/api/v1/notice-history", NULL, 200, "\"notices\":[]");
}

/* --- Without memory --- */

static int ask_row(const void *what)
{
	const char *const *row = what;

	return tw_unit_request(w.unit, row[0], row[1], NULL, row[2]);
}

/* Whatever block is missing: the request is refused, and the notice is the one or the other. */
static void test_without_memory(void **state)
{
	static const char *const rows[][3] = { { "PUT", NOTICE, "{\"text\":\"Other words.\"}" }, { "GET", NOTICE, NULL },
		{ "GET", "/api/v1/notice-history", NULL }, { "DELETE", NOTICE, NULL } };

	be(TW_SUBJECT_OWNER, "a1", "session");
	write_notice("Only for staff.");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		for (long nth = 1;; nth++) {
			int status = ask_without(ask_row, rows[i], nth);

			if (!memory.fired)
				break;
			if (status != 503 && status != 500 && status != 200 && status != 204 && status != 409 && status != 0)
				fail_msg("%s without block %ld: %d", rows[i][0], nth, status);
		}
		check_ask("GET", NOTICE, NULL, 200, i < 3 ? "Other words." : "\"text\":\"\"");
	}
	write_notice("Only for staff.");
	be(TW_SUBJECT_OWNER, "a1", "client-certificate");
	static char accept[100];
	(void)snprintf(accept, sizeof accept, "{\"notice\":\"%.64s\"}", digest);
	const char *const row[3] = { "POST", ACCEPT, accept };
	memory.fired = true;
	for (long nth = 1; memory.fired; nth++)
		(void)ask_without(ask_row, row, nth);
	check_ask("GET", "/api/v1/identity", NULL, 200, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_owned, tear_down)

CHECK_MAIN(cmocka_unit_test(test_texts), TEST(test_the_largest), TEST(test_who_writes_it), TEST(test_the_history_is_bounded),
	TEST(test_a_session_needs_it), TEST(test_no_digest), TEST(test_a_certificate_needs_it), TEST(test_who_is_asked),
	TEST(test_more_than_memory_holds), TEST(test_a_store_that_fails), TEST(test_a_row_that_is_too_long),
	TEST(test_it_ends_with_the_ownership), TEST(test_without_memory))

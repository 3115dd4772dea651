/* SPDX-License-Identifier: Apache-2.0 */
/* Supporting parties: their sessions are told of at begin and end, end by themselves, and what was done in one is listed together. */
#include "as.h"

#include "device/logical-access/support.h"
#include "device/rows-logical-access.h"

#define HELPER "{\"name\":\"helper\",\"kind\":\"supporting\",\"lifetime\":600}"

static void run_job(void)
{
	CHECK_OK(tw_access_job_support(&device()->context));
}

static int64_t due(void)
{
	return tw_access_support_due_ms(&device()->context);
}

static int count(const char *what)
{
	int n = 0;

	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=100", NULL, NULL), 200);
	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* The id of the one session that is open. */
static void session_id(char ret[TW_SESSION_ID + 1])
{
	check_as(NULL, "GET", "/api/v1/sessions", NULL, 200, "\"session\":\"");
	(void)snprintf(ret, TW_SESSION_ID + 1, "%.16s", strstr(tw_unit_body(w.unit), "\"session\":\"") + 11);
}

static void come(char token[64])
{
	check_as(NULL, "POST", "/api/v1/accounts", HELPER, 201, "\"a2\"");
	give("a2", "supporting-party");
	CHECK_INT(due(), -1);
	open_as(NULL, "a2", token);
}

static void test_told_at_begin_and_end(void **state)
{
	char token[64], id[TW_SESSION_ID + 1], want[200];

	come(token);
	session_id(id);
	(void)snprintf(want, sizeof want,
		"\"fields\":{\"account\":\"a2\",\"how\":\"code\",\"name\":\"helper\",\"session\":\"%s\",\"source\":", id);
	CHECK_INT(count(want), 1);
	CHECK(due() > 0);
	run_job();
	CHECK_INT(count("support.ended"), 0);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	CHECK_INT(due(), 0);
	run_job();
	(void)snprintf(want, sizeof want, "\"fields\":{\"account\":\"a2\",\"session\":\"%s\",\"what\":\"it was ended\"}", id);
	CHECK_INT(count(want), 1);
	CHECK_INT(due(), -1);
	run_job();
	CHECK_INT(count("support.ended"), 1);
}

/* Of other sessions nothing is told, nor is a job due for them. */
static void test_others(void **state)
{
	char token[64];

	make("bob", "operator");
	open_as(NULL, "a2", token);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	CHECK_INT(due(), -1);
	run_job();
	CHECK_INT(count("support."), 0);
}

/* Each way in which a session can end. */
static void end_unused(void)
{
	later(30 * MINUTE);
}
static void end_account(void)
{
	later(10 * MINUTE);
	CHECK_OK(tw_access_job_accounts(&device()->context));
}
static void end_by_owner(void)
{
	check_as(NULL, "DELETE", "/api/v1/account-sessions/a2", NULL, 204, NULL);
}
static void remove_account(void)
{
	check_as(NULL, "DELETE", "/api/v1/accounts/a2", NULL, 204, NULL);
}
static void take_role(void)
{
	check_as(NULL, "DELETE", ROLES "/a2.supporting-party", NULL, 204, NULL);
}
static void cut(void)
{
	tw_unit_boot(3);
	world_start(&w);
	tw_unit_boot(0);
}

static void check_every_end(void (*then)(void))
{
	static const struct {
		void (*end)(void);
		const char *what;
	} rows[] = { { end_unused, "its time was up" }, { end_account, "it was ended" }, { end_by_owner, "it was ended" },
		{ remove_account, "it was ended" }, { take_role, "it was ended" }, { cut, "the device was started" } };
	char token[64], want[64];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(tear_down(NULL), 0);
		CHECK_INT(set_up_owned(NULL), 0);
		come(token);
		run_job();
		rows[i].end();
		CHECK_INT(world_reads(&w, token), 401);
		then();
		(void)snprintf(want, sizeof want, "\"what\":\"%s\"", rows[i].what);
		if (count("support.ended") != 1 || count(want) != 1)
			fail_msg("row %zu: %s", i, tw_unit_body(w.unit));
		then();
		CHECK_INT(count("support.ended"), 1);
		CHECK_INT(due(), -1);
	}
}

static void test_every_end(void **state)
{
	check_every_end(run_job);
}

/* Core is killed before the job has told of it. */
static void start_again(void)
{
	world_start(&w);
}

static void test_every_end_and_another_core(void **state)
{
	check_every_end(start_again);
}

/* What was opened in a session that ended lives no more, and its end is told as well. */
static void test_ends_with_its_parent_and_another_core(void **state)
{
	char token[64];

	come(token);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}", 201, "\"a3\"");
	give("a3", "operator");
	check_as(NULL, "PUT", "/api/v1/shared-accounts/a3", "{\"members\":\"a2\",\"conditions\":{}}", 200, NULL);
	check_as(token, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}", 201, NULL);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	world_start(&w);
	CHECK_INT(due(), 0);
	run_job();
	CHECK_INT(count("support.ended"), 2);
	CHECK_INT(count("\"fields\":{\"account\":\"a3\",\"session\":"), 1);
	CHECK_INT(due(), -1);
}

static void sql(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

/* A session that the store took back at the last, with its transaction, has not ended: it never was. */
static void test_an_opening_that_is_refused(void **state)
{
	char token[64], body[64];

	come(token);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	run_job();
	sql("CREATE TABLE later (account INTEGER REFERENCES account (id) DEFERRABLE INITIALLY DEFERRED)");
	sql("CREATE TRIGGER no AFTER INSERT ON session BEGIN INSERT INTO later VALUES (-1); END");
	code_as(NULL, "a2", body);
	CHECK_INT(world_open(&w, body), 500);
	sql("DROP TRIGGER no");
	run_job();
	CHECK_INT(due(), -1);
	CHECK_INT(count("support.ended"), 1);
	world_start(&w);
	CHECK_INT(count("support.ended"), 1);
	CHECK_INT(world_open(&w, body), 201);
}

/* The event is durable before the store forgets that it is owed: between the two it is told again, and not lost. */
static void test_a_store_that_refuses(void **state)
{
	char token[64];

	come(token);
	sql("CREATE TRIGGER no BEFORE DELETE ON support BEGIN SELECT RAISE(ABORT, 'no'); END");
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	CHECK(tw_failed(tw_access_job_support(&device()->context)));
	CHECK(!tw_audit_pending(device()->context.audit));
	CHECK_INT(count("support.ended"), 1);
	CHECK_INT(due(), 60000);
	sql("DROP TRIGGER no");
	world_start(&w);
	CHECK_INT(count("support.ended"), 2);
	CHECK_INT(due(), -1);
	world_start(&w);
	CHECK_INT(count("support.ended"), 2);
}

/* At once: with its account, and not with the session's own limit. */
static void test_ends_with_the_account(void **state)
{
	char token[64];

	come(token);
	later(10 * MINUTE - 1);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	later(10 * MINUTE);
	check_as(token, "GET", "/api/v1/identity", NULL, 401, NULL);
}

/* A core that was started again in the same boot tells of no new beginning, and of the end. */
static void test_another_core(void **state)
{
	char token[64];

	come(token);
	world_start(&w);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	run_job();
	CHECK_INT(count("support.began"), 1);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	run_job();
	CHECK_INT(count("support.ended"), 1);
}

/* Whoever becomes one has the session ended that he had before, so that what he does as one has a beginning. */
static void test_a_role_given_later(void **state)
{
	char token[64];

	make("bob", "user");
	open_as(NULL, "a2", token);
	give_as(NULL, "a2", "supporting-party", "{\"until\":\"2030-03-20T00:00:00Z\"}", 201, NULL);
	CHECK_INT(world_reads(&w, token), 401);
	open_as(NULL, "a2", token);
	CHECK_INT(count("support.began"), 1);
	give_as(NULL, "a2", "supporting-party", "{\"until\":\"2030-03-21T00:00:00Z\"}", 201, NULL); /* it goes on */
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
}

/* What could not be told is told later, and not again and again at once. */
static void test_a_log_that_refuses(void **state)
{
	char token[64];

	come(token);
	run_job();
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	CHECK_INT(due(), 0);
	device()->access->support_again_ms = tw_time_boot_ms(&device()->time) + 60000; /* as after a failure */
	CHECK_INT(due(), 60000);
	run_job();
	CHECK_INT(device()->access->support_again_ms, 0);
	CHECK_INT(count("support.ended"), 1);
}

/* Two helpers, a2 and a3, each with a session. */
static void come_both(char first[64], char second[64])
{
	check_as(NULL, "POST", "/api/v1/accounts", HELPER, 201, "\"a2\"");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"other\",\"kind\":\"supporting\",\"lifetime\":600}", 201, "\"a3\"");
	give("a2", "supporting-party");
	give("a3", "supporting-party");
	open_as(NULL, "a2", first);
	open_as(NULL, "a3", second);
}

/* The job is due when one of them is over, whichever came first: what is used stays longer. */
static void test_the_first_that_is_over(void **state)
{
	char tokens[2][64];

	for (int i = 0; i < 2; i++) {
		CHECK_INT(tear_down(NULL), 0);
		CHECK_INT(set_up_owned(NULL), 0);
		come_both(tokens[0], tokens[1]);
		CHECK_INT(due(), 30 * MINUTE);
		later(MINUTE);
		CHECK_INT(world_reads(&w, tokens[i]), 200);
		CHECK_INT(due(), 29 * MINUTE);
		check_as(tokens[i], "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
		CHECK_INT(due(), 0);
	}
}

/* Where one end cannot be told the job has failed, and tries again, whatever became of the others. */
static void test_one_that_is_refused(void **state)
{
	char first[64], second[64];

	come_both(first, second);
	run_job();
	sql("CREATE TRIGGER no BEFORE DELETE ON support WHEN OLD.account = 2 BEGIN SELECT RAISE(ABORT, 'no'); END");
	check_as(first, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	check_as(second, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	CHECK(tw_failed(tw_access_job_support(&device()->context)));
	CHECK_INT(due(), 60000);
	sql("DROP TRIGGER no");
	run_job();
	CHECK_INT(due(), -1);
	CHECK_INT(count("\"fields\":{\"account\":\"a3\",\"session\":"), 1);
}

/* Whose session it is: whoever is of that kind or has that role, he or who uses it; an account that is gone is neither. */
static void test_whose_it_is(void **state)
{
	static const struct {
		int64_t account, member;
		bool supports;
	} rows[] = {
		{ 1, 0, false },
		{ 2, 0, true },  /* of the kind, without the role */
		{ 3, 0, true },  /* with the role, of another kind */
		{ 4, 0, false }, /* shared */
		{ 4, 1, false },
		{ 4, 2, true },
		{ 4, 3, true },
		{ 2, 1, true },
		{ 9, 0, false },
		{ 9, 2, true },
		{ 4, 9, false },
	};

	check_as(NULL, "POST", "/api/v1/accounts", HELPER, 201, "\"a2\"");
	make("bob", NULL);
	give_as(NULL, "a3", "supporting-party", "{\"until\":\"2030-03-20T00:00:00Z\"}", 201, NULL);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}", 201, "\"a4\"");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_session s = { .account = rows[i].account, .member = rows[i].member, .supports = !rows[i].supports };

		CHECK_OK(tw_support_judge(device(), &s));
		if (s.supports != rows[i].supports)
			fail_msg("row %zu", i);
	}
}

/* A session is noted once; and where there is no place for another it has to wait, in the store, until there is. */
static void test_what_memory_notes(void **state)
{
	struct tw_support *all = device()->access->supports;
	char token[64];
	int noted = 0;

	come(token);
	for (int i = 0; i < 3; i++)
		CHECK(due() > 0);
	for (int i = 0; i < TW_SUPPORTS_MAX; i++)
		noted += all[i].account != 0;
	CHECK_INT(noted, 1);
	for (int i = 0; i < TW_SUPPORTS_MAX; i++)
		all[i] = (struct tw_support){ 2, { 1, (uint8_t)i } }; /* of none that is */
	CHECK_INT(due(), 0);
	run_job();
	run_job();
	CHECK_INT(count("support.ended"), 0);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	world_start(&w);
	CHECK_INT(count("support.ended"), 1);
}

/* --- What was done in it --- */

static void list(const char *filter, int want)
{
	char target[96];
	int n = 0;

	(void)snprintf(target, sizeof target, "/api/v1/log?limit=100&%s", filter);
	check_as(NULL, "GET", target, NULL, 200, NULL);
	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, "\"seq\"")) != NULL; at++)
		n++;
	if (n != want)
		fail_msg("%s: %d, want %d: %s", filter, n, want, tw_unit_body(w.unit));
}

static void test_what_was_done(void **state)
{
	char token[64], id[TW_SESSION_ID + 1], filter[40];

	come(token);
	session_id(id);
	(void)snprintf(filter, sizeof filter, "session=%s", id);
	list(filter, 1); /* its beginning */
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	check_as(token, "PUT", "/api/v1/settings/identification.remote-read", "{\"value\":\"off\"}", 403, NULL);
	check_as(NULL, "GET", "/api/v1/identity", NULL, 200, NULL); /* the owner's, who is in none */
	list(filter, 3);
	CHECK(strstr(tw_unit_body(w.unit), "identity.read") && strstr(tw_unit_body(w.unit), "request.refused"));
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	run_job();
	list(filter, 6); /* the closing with its outcome, and the end that is told */
	CHECK(strstr(tw_unit_body(w.unit), "support.ended"));
	list("session=0123456789abcdef", 0);
	list("account=a9", 0);
	(void)snprintf(filter, sizeof filter, "session=%s&account=a1", id);
	list(filter, 0);
	check_as(NULL, "GET", "/api/v1/log?session=0123", NULL, 400, "path.input");
}

/* Of a shared account whoever uses it is the supporting party; what it did there is listed by its own account too. */
static void test_a_shared_account(void **state)
{
	char token[64], shared[64], id[TW_SESSION_ID + 1], filter[40];

	come(token);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}", 201, "\"a3\"");
	give("a3", "operator");
	check_as(NULL, "PUT", "/api/v1/shared-accounts/a3", "{\"members\":\"a2\",\"conditions\":{}}", 200, NULL);
	list("account=a2", 0);
	check_as(token, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}", 201, NULL);
	world_text(&w, "token", shared, sizeof shared);
	CHECK_INT(count("support.began"), 2);
	check_as(shared, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	check_as(NULL, "GET", "/api/v1/log?limit=100&account=a2", NULL, 200, "\"member\":\"a2\",");
	tw_session_id(tw_access_session_of(&device()->context, tw_slice_of(shared))->hash, id);
	(void)snprintf(filter, sizeof filter, "session=%s", id);
	list(filter, 2); /* its beginning too, whoever used it */
	run_job();
	check_as(shared, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	run_job();
	CHECK_INT(count("support.ended"), 1);
}

/* A page looks at so many records and says where to go on, until the beginning. */
static void test_further_back(void **state)
{
	char token[64], id[TW_SESSION_ID + 1], cursor[192], target[300];
	int pages = 0, found = 0;

	come(token);
	session_id(id);
	for (int i = 0; i < 1200; i++)
		CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 200);
	(void)snprintf(target, sizeof target, "/api/v1/log?session=%s", id);
	for (cursor[0] = 'x'; cursor[0]; pages++) {
		check_as(NULL, "GET", target, NULL, 200, NULL);
		found += strstr(tw_unit_body(w.unit), "support.began") != NULL;
		world_text(&w, "next", cursor, sizeof cursor);
		(void)snprintf(target, sizeof target, "/api/v1/log?session=%s&cursor=%s", id, cursor);
	}
	CHECK_INT(found, 1);
	CHECK_INT(pages, 2);
}

/* A page that is full goes on behind its last entry. */
static void test_full_pages(void **state)
{
	char cursor[192], target[300];
	int pages = 0, found = 0;

	make("bob", "operator");
	char token[64];
	open_as(NULL, "a2", token);
	for (int i = 0; i < 5; i++)
		check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	(void)snprintf(target, sizeof target, "/api/v1/log?account=a2&limit=2");
	for (cursor[0] = 'x'; cursor[0]; pages++) {
		check_as(NULL, "GET", target, NULL, 200, NULL);
		for (const char *at = tw_unit_body(w.unit); (at = strstr(at, "identity.read")) != NULL; at++)
			found++;
		world_text(&w, "next", cursor, sizeof cursor);
		(void)snprintf(target, sizeof target, "/api/v1/log?account=a2&limit=2&cursor=%s", cursor);
	}
	CHECK_INT(found, 5);
	CHECK(pages >= 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_told_at_begin_and_end), TEST(test_others), TEST(test_every_end), TEST(test_every_end_and_another_core),
	TEST(test_ends_with_its_parent_and_another_core), TEST(test_an_opening_that_is_refused), TEST(test_a_store_that_refuses),
	TEST(test_ends_with_the_account), TEST(test_another_core), TEST(test_a_role_given_later), TEST(test_a_log_that_refuses),
	TEST(test_the_first_that_is_over), TEST(test_one_that_is_refused), TEST(test_whose_it_is), TEST(test_what_memory_notes),
	TEST(test_what_was_done), TEST(test_a_shared_account), TEST(test_further_back), TEST(test_full_pages))

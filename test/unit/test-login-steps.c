/* SPDX-License-Identifier: Apache-2.0 */
/* A login under way: whose handle it is, who waits for whom, and that it is as it was when something fails in between. */
#include "lacking.h"
#include "logins.h"

#define HASH_43 "0123456789012345678901234567890123456789012"
#define GUESS "guess number one"

static void store(const char *statement)
{
	tw_err e = tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL);

	if (tw_failed(e))
		fail_msg("%s: %s", statement, tw_err_detail());
}

static int begin_from(const char *source, const char *name, const char *password)
{
	tw_unit_from(w.unit, source);
	return login_begin(name, password);
}

/* Bob has a password that alice gave, and has to choose another. */
static void give_bob(void)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
}

static void cap(const char *whose, int want)
{
	char target[64];

	(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", whose);
	CHECK_INT(want == 200 ? ask("PUT", target, "{\"most\":1}") : ask("DELETE", target, NULL), want);
}

/* --- Whose it is --- */

/* A code is good with the handle of its login alone, and stays good when it came with another. */
static void test_a_handle_is_no_other(void **state)
{
	char own[64];

	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	memcpy(own, handle, sizeof own);
	(void)snprintf(handle, sizeof handle, HASH_43);
	CHECK_INT(go_on("code", next_code(secret)), 403);
	SAYS("access.login-step");
	memcpy(handle, own, sizeof handle);
	CHECK_INT(go_on("code", code_at(secret, step_used)), 201);
}

/* A wrong code shows nothing: without the right one it goes no further. */
static void test_a_wrong_code_shows_nothing(void **state)
{
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", "000000"), 403);
	CHECK_INT(go_on("new_password", BETTER), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK(!strstr(tw_unit_body(w.unit), "\"token\""));
}

/* A new password that nobody asked for is none. */
static void test_what_is_not_wanted(void **state)
{
	char body[256];

	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"code\":\"%s\",\"new_password\":\"" BETTER "\"}", handle, next_code(secret));
	CHECK_INT(ask_as(NULL, "POST", LOGINS, body), 201);
	CHECK_INT(login("alice", BETTER), 403);
	CHECK_INT(login("alice", GOOD), 200);
}

/* Whoever begins again and again ends logins of his own: nobody else's. */
static void test_many_of_one_account(void **state)
{
	char hers[64], own[64] = "", older[64];

	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	memcpy(hers, handle, sizeof hers);
	give_bob();
	for (int i = 0; i < 2 * TW_LOGIN_STEPS; i++) {
		later(i + 1);
		memcpy(older, own, sizeof older);
		memcpy(own, handle, sizeof own);
		CHECK_INT(login("bob", BETTER), 200);
	}
	memcpy(handle, hers, sizeof handle);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	memcpy(handle, older, sizeof handle);
	CHECK_INT(go_on("new_password", GOOD), 403);
	SAYS("access.login-step");
	memcpy(handle, own, sizeof handle);
	CHECK_INT(go_on("new_password", GOOD), 201); /* his last but one */
}

/* --- Who waits --- */

/* What no client was given makes nobody known, at a name that nobody has either: who makes texts up waits as anybody does. */
static void test_a_client_that_is_made_up(void **state)
{
	(void)snprintf(client, sizeof client, HASH_43);
	for (int i = 0; i < 5; i++)
		CHECK_INT(login("nobody", GUESS), 403);
	client[0] = '\0';
	CHECK_INT(login("alice", GOOD), 429);
}

/* A stranger at the account keeps nobody waiting who is known there, nor the other way round. */
static void test_strangers_and_known_ones(void **state)
{
	char known[64];

	CHECK_INT(login("alice", GOOD), 201);
	world_text(&w, "client", known, sizeof known);
	CHECK_INT(begin_from("198.51.100.1", "alice", GUESS), 0);
	memcpy(client, known, sizeof client);
	CHECK_INT(begin_from("198.51.100.2", "alice", GOOD), 0);
	CHECK(played_step()); /* who is known comes first */
	CHECK_INT(tw_unit_later(w.unit), 201);
	CHECK_INT(settle(0), 403);
	CHECK_INT(begin_from("198.51.100.2", "alice", GOOD), 0);
	client[0] = '\0';
	CHECK_INT(begin_from("198.51.100.3", "alice", GOOD), 0);
	CHECK_INT(settle(0), 201);
}

/* Whoever waits for two reasons is told of the longer; and for a login under way only logins wait. */
static void test_how_long(void **state)
{
	char source[16];

	for (int i = 0; i < 5; i++) {
		(void)snprintf(source, sizeof source, "198.51.100.%d", i);
		CHECK_INT(settle(begin_from(source, "alice", GUESS)), 403);
	}
	CHECK_INT(begin_from("198.51.100.9", "bob", GUESS), 0);
	CHECK_INT(begin_from("198.51.100.9", "alice", GOOD), 429);
	SAYS("60 seconds");
	CHECK_INT(begin_from("198.51.100.9", "carol", GUESS), 429);
	SAYS("1 seconds");
	CHECK_INT(world_open(&w, "{\"code\":\"00000-00000\"}"), 403);
	CHECK_INT(settle(0), 403);
}

/* The password was right and a cap is full: what failed before is not forgiven, for nobody came in. */
static void test_not_let_in_is_not_forgiven(void **state)
{
	cap("account.a1", 200);
	CHECK_INT(login("alice", GOOD), 201);
	for (int i = 0; i < 4; i++)
		CHECK_INT(login("alice", GUESS), 403);
	CHECK_INT(login("alice", GOOD), 409);
	SAYS("LA.LDU.2.1");
	CHECK_INT(login("alice", GUESS), 403);
	CHECK_INT(login("alice", GOOD), 429);
}

/* --- When something fails --- */

/* A new password that could not be set, or after which nobody could be let in, leaves the login where it was. */
static void test_the_same_step_again(void **state)
{
	char bob[64];

	give_bob();
	cap("account.a2", 200);
	CHECK_INT(open_for("a2", bob), 201);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 409);
	SAYS("LA.LDU.2.1");
	cap("account.a2", 204);
	store("CREATE TRIGGER no BEFORE INSERT ON session BEGIN SELECT RAISE(ABORT, 'no'); END");
	CHECK_INT(go_on("new_password", GOOD), 500);
	store("DROP TRIGGER no");
	CHECK_INT(go_on("new_password", GOOD), 201);
	CHECK_INT(login("bob", GOOD), 201);
}

/* A login whose place others have taken meanwhile is none, and sets no password. */
static void test_the_place_is_gone(void **state)
{
	char body[160];

	give_bob();
	CHECK_INT(login("bob", BETTER), 200);
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"new_password\":\"" GOOD "\"}", handle);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body), 0);
	CHECK(played_step()); /* it is another than the old one: its hash is being made */
	memset(device()->access->steps, 0, sizeof device()->access->steps);
	CHECK_INT(settle(0), 403);
	SAYS("access.login-step");
	CHECK_INT(login("bob", GOOD), 403);
	CHECK_INT(login("bob", BETTER), 200);
}

/* A store that cannot tell says nothing of passwords: nobody failed, and what was under way goes on when it can. */
static void test_a_store_that_cannot_tell(void **state)
{
	static const struct {
		const char *breaks, *mends;
	} rows[] = {
		{ "UPDATE account SET kind = 'odd'", "UPDATE account SET kind = 'person'" },
		{ "UPDATE credential SET label = data, data = '' WHERE kind = 'password'",
			"UPDATE credential SET data = label WHERE kind = 'password'" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		give_bob();
		CHECK_INT(login("bob", BETTER), 200);
		for (int k = 0; k < 6; k++) {
			CHECK_INT(login_begin("alice", GOOD), 0);
			store(rows[i].breaks);
			CHECK_INT(settle(0), 500);
			CHECK_INT(go_on("new_password", GOOD " of bob"), 500);
			store(rows[i].mends);
		}
		CHECK_INT(login("alice", GOOD), 201);
		CHECK_INT(go_on("new_password", GOOD " of bob"), 201);
	}
}

static int begin_bob(const void *what)
{
	return settle(login_begin("bob", BETTER));
}

/* What is wanted is said whole, or not at all. */
static void test_wanted_without_memory(void **state)
{
	give_bob();
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int status = ask_without(begin_bob, NULL, nth);

		if (status == 200 ? !strstr(tw_unit_body(w.unit), "\"login\"") || !strstr(tw_unit_body(w.unit), "new-password")
				  : status < 500)
			fail_msg("block %ld: %d, %s", nth, status, tw_unit_body(w.unit));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_logins, tear_down)
CHECK_MAIN(TEST(test_a_handle_is_no_other), TEST(test_a_wrong_code_shows_nothing), TEST(test_what_is_not_wanted),
	TEST(test_many_of_one_account), TEST(test_a_client_that_is_made_up), TEST(test_strangers_and_known_ones),
	TEST(test_how_long), TEST(test_not_let_in_is_not_forgiven), TEST(test_the_same_step_again), TEST(test_the_place_is_gone),
	TEST(test_a_store_that_cannot_tell), TEST(test_wanted_without_memory))

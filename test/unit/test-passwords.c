/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords and authenticators where something goes wrong: rows of the store that are none of ours, rights that are lost meanwhile, no clock. */
#include "lacking.h"
#include "logins.h"

#define PASSWORD "/api/v1/password"
#define PASSWORD_OF "/api/v1/passwords/"
#define AUTHENTICATOR "/api/v1/authenticator"
#define ROLES "/api/v1/role-assignments"

static void store(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

/* What stands there in place of a password opens nothing, and is not called a wrong password. */
static void test_rows_that_are_no_password(void **state)
{
#define DATA(text) "UPDATE credential SET data = " text " WHERE kind = 'password'"
	static const char *const rows[] = { DATA("''"), DATA("'own'"), DATA("'given'"), DATA("'own '"), DATA("'given x'"),
		DATA("substr(label, 5)"), DATA("'mine ' || substr(label, 5)"), DATA("'server ' || printf('%254d', 0)") };

	store("UPDATE credential SET label = data WHERE kind = 'password'");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		store(rows[i]);
		CHECK_INT(login("alice", GOOD), 500);
	}
	store("UPDATE credential SET data = label WHERE kind = 'password'");
	CHECK_INT(login("alice", GOOD), 201);
}

/* While nobody can tell what the setting says, the default counts. */
static void test_a_length_that_cannot_be_read(void **state)
{
	struct tw_context *c = &device()->context;
	struct tw_settings *kept = c->settings;

	store("ALTER TABLE setting RENAME TO hidden");
	c->settings = NULL;
	bool fourteen = tw_password_short(&device()->context, TW_SLICE("fourteen signs")),
	     fifteen = tw_password_short(&device()->context, TW_SLICE("fifteen of them"));
	CHECK(tw_policy_second(device(), &(struct tw_account){ .id = 1 })); /* and a second factor is wanted */
	c->settings = kept;
	store("ALTER TABLE hidden RENAME TO setting");
	CHECK(fourteen && !fifteen);
}

/* --- Given by others --- */

static void admin_and_kim(char ret_admin[64])
{
	CHECK_INT(ask("POST", ROLES, "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(open_for("a2", ret_admin), 201);
}

/* Bob, an admin, gives a password to the account; before it is computed the owner does something; then it is refused by this rule. */
static void given_while(
	const char *admin, const char *id, const char *method, const char *target, const char *body, int want, const char *rule)
{
	char path[64];

	(void)snprintf(path, sizeof path, PASSWORD_OF "%s", id);
	CHECK_INT(tw_unit_request_as(w.unit, admin, "PUT", path, "{\"password\":\"" BETTER "\"}"), 0);
	int status = tw_unit_request(w.unit, method, target, NULL, body);
	CHECK(status == 201 || status == 204);
	CHECK_INT(settle(0), want);
	SAYS(rule);
}

/* What became of who asks, and of the account, while the hash was computed counts: and who may nothing any more learns nothing of the account. */
static void test_what_happens_meanwhile(void **state)
{
	char admin[64];

	admin_and_kim(admin);
	given_while(admin, "a3", "POST", ROLES, "{\"account\":\"a3\",\"role\":\"auditor\"}", 403, "account.cover");
	CHECK_INT(ask("DELETE", ROLES "/a3.auditor", NULL), 204);
	given_while(admin, "a3", "POST", ROLES, "{\"account\":\"a3\",\"role\":\"owner\"}", 403, "account.owner");
	CHECK_INT(ask("DELETE", ROLES "/a3.owner", NULL), 204);
	given_while(admin, "a3", "DELETE", "/api/v1/accounts/a3", NULL, 404, "account.unknown");
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"lee\",\"kind\":\"person\"}"), 201);
	CHECK_INT(tw_unit_request_as(w.unit, admin, "PUT", PASSWORD_OF "a4", "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", ROLES "/a2.admin", NULL, NULL), 204);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", "/api/v1/accounts/a4", NULL, NULL), 204);
	CHECK_INT(settle(0), 403);
	SAYS("gate.permission");
}

/* Nor does one who was an owner when he asked. */
static void test_no_owner_any_more(void **state)
{
	char bob[64];

	CHECK_INT(ask("POST", ROLES, "{\"account\":\"a2\",\"role\":\"owner\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(open_for("a2", bob), 201);
	CHECK_INT(tw_unit_request_as(w.unit, bob, "PUT", PASSWORD_OF "a3", "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", ROLES "/a2.owner", NULL, NULL), 204);
	CHECK_INT(settle(0), 403);
	SAYS("gate.permission");
	CHECK_INT(login("kim", BETTER), 403);
}

/* As many as the hash role takes, each somebody else's; one more is told to try again. */
static void test_so_many_at_a_time(void **state)
{
	char own[TW_LOGIN_WORKS + 1][64], text[64], id[TW_ACCOUNT_ID_MAX + 2];

	for (int i = 0; i <= TW_LOGIN_WORKS; i++) {
		(void)snprintf(text, sizeof text, "{\"name\":\"kim%d\",\"kind\":\"person\"}", i);
		CHECK_INT(ask("POST", "/api/v1/accounts", text), 201);
		tw_account_id(3 + i, id);
		CHECK_INT(open_for(id, own[i]), 201);
	}
	for (int i = 0; i < TW_LOGIN_WORKS; i++)
		CHECK_INT(tw_unit_request_as(w.unit, own[i], "PUT", PASSWORD, "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(tw_unit_request_as(w.unit, own[TW_LOGIN_WORKS], "PUT", PASSWORD, "{\"password\":\"" BETTER "\"}"), 503);
	SAYS("\"rule\":\"access.hash\"");
	CHECK_INT(settle(0), 204);
}

/* Whoever is logged in has one thing computed at a time, for himself or for another: a wrong old password counts before the next is looked at. */
static void test_one_of_ones_own_at_a_time(void **state)
{
	static const char *const wrong = "{\"old\":\"guess number one\"}";
	char bob[64];

	CHECK_INT(open_for("a2", bob), 201);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD, NULL, wrong), 0);
		CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD, NULL, wrong), 503);
		SAYS("access.one-at-a-time");
		CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD_OF "a2", NULL, "{\"password\":\"" BETTER "\"}"), 503);
		SAYS("access.one-at-a-time");
		CHECK_INT(tw_unit_request_as(w.unit, bob, "PUT", PASSWORD, "{\"password\":\"short\"}"), 400);
		CHECK(played_step());
		CHECK_INT(tw_unit_later(w.unit), 403);
	}
	CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD, NULL, wrong), 429);
	CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD_OF "a2", NULL, "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD_OF "a2", NULL, "{\"password\":\"" BETTER "\"}"), 503);
	SAYS("access.one-at-a-time");
	CHECK_INT(tw_unit_request_as(w.unit, bob, "PUT", PASSWORD, "{\"password\":\"" BETTER "\"}"), 0);
	CHECK(played_step());
	CHECK_INT(tw_unit_later(w.unit), 204);
}

/* --- One's own --- */

/* What is wrong with the new one is said first, and a wrong old one changes nothing. */
static void test_which_fault_is_told(void **state)
{
	CHECK_INT(ask("PUT", PASSWORD, "{\"password\":\"aaaaaaaaaaaaaaaa\"}"), 400);
	SAYS("password.rules");
	for (int i = 0; i < 5; i++)
		CHECK_INT(ask("PUT", PASSWORD, "{\"old\":\"guess number one\"}"), 403);
	CHECK_INT(ask("PUT", PASSWORD, "{\"password\":\"" BETTER "\"}"), 429);
}

/* The role that hashes fails between the old one and the new one: the old one stays, and he is told to try again. */
static void test_no_hash_in_between(void **state)
{
	for (int gone = 0; gone < 2; gone++) {
		CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD, NULL, "{\"old\":\"" GOOD "\",\"password\":\"" BETTER "\"}"), 0);
		played.missing = gone;
		played.full = !gone;
		CHECK_INT(settle(0), 503);
		SAYS("access.hash");
		played.missing = played.full = false;
		CHECK_INT(login("alice", GOOD), 201);
	}
}

/* Bob's own change is under way, from the old password GOOD or from none, and this is done meanwhile; then it is refused. */
static void own_while(const char *own, const char *method, const char *target, const char *body, int want, const char *rule)
{
	char bob[64];

	CHECK_INT(open_for("a2", bob), 201);
	CHECK_INT(tw_unit_request_as(w.unit, bob, "PUT", PASSWORD, own), 0);
	int status = tw_unit_request(w.unit, method, target, NULL, body);
	CHECK(status == 200 || status == 204);
	CHECK_INT(settle(0), want);
	SAYS(rule);
}

#define OWN_FIRST "{\"password\":\"" GOOD "\"}"
#define OWN_NEXT "{\"old\":\"" GOOD "\",\"password\":\"" BETTER "\"}"
#define OWN_NONE "{\"old\":\"" GOOD "\"}"
#define SUSPENDED "/api/v1/suspensions/a2"

static void bob_has_good(void)
{
	char bob[64];

	CHECK_INT(open_for("a2", bob), 201);
	CHECK_INT(ask_as(bob, "PUT", PASSWORD, OWN_FIRST), 204);
}

/* What an admin did to a password stands, whatever its holder had begun before: it was taken from him, perhaps because he is not its holder. */
static void test_own_change_undoes_nothing(void **state)
{
	bob_has_good();
	own_while(OWN_NEXT, "DELETE", PASSWORD_OF "a2", NULL, 409, "password.changed");
	CHECK_INT(login("bob", BETTER), 403);
	own_while(OWN_FIRST, "PUT", "/api/v1/server-passwords/a2", "{\"user\":\"bob\"}", 409, "password.changed");
	CHECK_INT(ask("DELETE", PASSWORD_OF "a2", NULL), 204);
	CHECK_INT(login("bob", GOOD), 403);
	bob_has_good();
	own_while(OWN_NEXT, "PUT", "/api/v1/server-passwords/a2", "{\"user\":\"bob\"}", 409, "password.changed");
	CHECK_INT(ask("DELETE", PASSWORD_OF "a2", NULL), 204);
}

/* Nor does it remove what an admin gave meanwhile. */
static void test_own_change_of_what_began(void **state)
{
	char bob[64];

	bob_has_good();
	CHECK_INT(open_for("a2", bob), 201);
	CHECK_INT(tw_unit_request(w.unit, "PUT", PASSWORD_OF "a2", NULL, "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(tw_unit_request_as(w.unit, bob, "PUT", PASSWORD, OWN_NONE), 0);
	CHECK_INT(settle(0), 409);
	SAYS("password.changed");
	CHECK_INT(login("bob", BETTER), 200);
	SAYS("new-password");
}

/* An account that is suspended changes nothing any more. */
static void test_own_change_when_suspended(void **state)
{
	bob_has_good();
	own_while(OWN_NEXT, "PUT", SUSPENDED, NULL, 403, "gate.permission");
	CHECK_INT(ask("DELETE", SUSPENDED, NULL), 204);
	own_while(OWN_NONE, "PUT", SUSPENDED, NULL, 403, "gate.permission");
	CHECK_INT(ask("DELETE", SUSPENDED, NULL), 204);
	CHECK_INT(login("bob", GOOD), 201);
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", PASSWORD, OWN_NEXT), 0);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", PASSWORD_OF "a2", NULL, NULL), 204);
	CHECK_INT(tw_unit_request(w.unit, "PUT", SUSPENDED, NULL, NULL), 204);
	CHECK_INT(settle(0), 403); /* and learns nothing of what became of it */
	SAYS("gate.permission");
}

static int give_bob(const void *what)
{
	return ask("PUT", PASSWORD_OF "a2", "{\"password\":\"" BETTER "\"}");
}

static int change_own(const void *what)
{
	return ask("PUT", PASSWORD, "{\"old\":\"" GOOD "\",\"password\":\"" GOOD "\"}");
}

/* Whatever cannot be had, a change is refused whole: in no case it is taken for another. */
static void test_each_without_memory(void **state)
{
	static int (*const asks[])(const void *what) = { give_bob, change_own };

	for (size_t i = 0; i < TW_COUNT(asks); i++)
		for (long nth = 1; nth == 1 || memory.fired; nth++) {
			int status = ask_without(asks[i], NULL, nth);

			if (memory.fired ? status < 500 : status != 204)
				fail_msg("%zu, block %ld: %d %s", i, nth, status, tw_unit_body(w.unit));
		}
	CHECK_INT(login("alice", GOOD), 201);
}

/* --- Authenticators --- */

static void test_without_a_clock(void **state)
{
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	world_at(&w, 0, WORLD_BOOT);
	CHECK_INT(go_on("code", "123456"), 503);
	SAYS("access.clock");
	CHECK_INT(with_code("PUT", AUTHENTICATOR, "123456"), 503);
	SAYS("access.clock");
	CHECK_INT(with_code("POST", AUTHENTICATOR, "123456"), 503);
	SAYS("access.clock");
	CHECK_INT(with_code("POST", AUTHENTICATOR "/removal", "123456"), 503);
	CHECK_INT(go_on("code", next_code(secret)), 201); /* nobody's failure, and nothing is lost by it */
}

/* Who has to wait confirms nothing either. */
static void test_confirming_is_not_guessed(void **state)
{
	step_used = 0;
	CHECK_INT(ask("POST", AUTHENTICATOR, "{}"), 201);
	take_secret(secret);
	for (int i = 0; i < 5; i++)
		CHECK_INT(with_code("PUT", AUTHENTICATOR, "000000"), 403);
	CHECK_INT(with_code("PUT", AUTHENTICATOR, next_code(secret)), 429);
	later(MINUTE);
	CHECK_INT(with_code("PUT", AUTHENTICATOR, next_code(secret)), 204);
}

/* A code for an authenticator that was removed since the password is a wrong code, and no failure of the device. */
static void test_removed_meanwhile(void **state)
{
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(with_code("POST", AUTHENTICATOR "/removal", next_code(secret)), 204);
	CHECK_INT(go_on("code", next_code(secret)), 403);
	SAYS("access.totp");
}

/* --- What the organization asks for --- */

static void test_what_is_strong_enough(void **state)
{
	struct tw_owner *alice = &device()->access->owners.of[0];

	set("logical-access.network-methods", "\"0\"", "two-factors", 200);
	CHECK(tw_policy_takes(device(), TW_HOW_BROWSER) && tw_policy_takes(device(), TW_HOW_PASSWORD_TOTP));
	CHECK(!tw_policy_takes(device(), TW_HOW_PASSWORD) && !tw_policy_takes(device(), TW_HOW_CODE));
	alice->has_key = false; /* as when she took it over by a browser */
	set("logical-access.network-methods", "\"1\"", "certificate", 409);
	set("logical-access.network-methods", "\"1\"", "any", 200);
}

/* With what owners have enrolled one of them can come in still, whatever second factor is asked for. */
static void test_no_owner_is_locked_out(void **state)
{
	struct tw_owner *alice = &device()->access->owners.of[0], *bob = &device()->access->owners.of[1];

	CHECK_INT(ask("POST", ROLES, "{\"account\":\"a2\",\"role\":\"operator\"}"), 201);
	CHECK_INT(ask("POST", ROLES, "{\"account\":\"a2\",\"role\":\"owner\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask("POST", ROLES, "{\"account\":\"a3\",\"role\":\"owner\"}"), 201);
	set("logical-access.second-factor", "\"0\"", "owner", 200);
	alice->has_key = false; /* as when she took it over by a browser */
	set("logical-access.second-factor", "\"1\"", "admin owner", 409);
	SAYS("a password with a second factor");
	set("logical-access.second-factor", "\"1\"", "operator", 200); /* bob is asked for one, she is not */
	alice->enrolled = false;
	bob->enrolled = true;
	set("logical-access.second-factor", "\"2\"", "operator admin", 409); /* by whatever role he is asked */
	bob->enrolled = false;
	set("logical-access.second-factor", "\"2\"", "admin", 200); /* which asks no owner for anything */
	enrol();
	alice->has_key = alice->enrolled = false;
	set("logical-access.second-factor", "\"3\"", "owner", 409); /* an authenticator by itself lets nobody in */
	alice->enrolled = true;
	set("logical-access.second-factor", "\"3\"", "operator owner", 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_logins, tear_down)
CHECK_MAIN(TEST(test_rows_that_are_no_password), TEST(test_a_length_that_cannot_be_read), TEST(test_what_happens_meanwhile),
	TEST(test_no_owner_any_more), TEST(test_so_many_at_a_time), TEST(test_one_of_ones_own_at_a_time),
	TEST(test_which_fault_is_told), TEST(test_no_hash_in_between), TEST(test_own_change_undoes_nothing),
	TEST(test_own_change_of_what_began), TEST(test_own_change_when_suspended), TEST(test_each_without_memory),
	TEST(test_without_a_clock), TEST(test_confirming_is_not_guessed), TEST(test_removed_meanwhile),
	TEST(test_what_is_strong_enough), TEST(test_no_owner_is_locked_out))

/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in by password: what opens, what does not, who waits, and that nobody learns which accounts there are. */
#include "lacking.h"
#include "logins.h"

#include "service/access/throttle-store.h"
#include "device/rows-logical-access.h"

static void give_bob(void)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 201);
}

static void test_opens(void **state)
{
	CHECK_INT(login("alice", GOOD), 201);
	SAYS("\"account\":\"a1\"");
	CHECK(!strstr(tw_unit_body(w.unit), "\"previous\""));
	world_text(&w, "client", client, sizeof client);
	CHECK_INT(strlen(client), TW_TOKEN_TEXT);
	CHECK_INT(world_reads(&w, token), 200);
	CHECK_INT(login("ALICE", GOOD), 201); /* whatever the case of its letters */
	SAYS("\"previous_how\":\"password\"");
	CHECK(!strstr(tw_unit_body(w.unit), "\"client\"")); /* it has one */
	CHECK(world_log_says(&w, "session of a1 alice by password"));
	CHECK(!world_log_says(&w, GOOD) && !world_log_says(&w, client) && !world_log_says(&w, token));
}

/* Each is told the same and costs the same: one hash, and of the same cost. */
static void test_nobody_learns_who_there_is(void **state)
{
	static const struct {
		const char *name, *password;
	} rows[] = { { "alice", "not the password" }, { "bob", GOOD }, { "carol", GOOD }, { "sue", GOOD }, { "\xc3\xa4", GOOD },
		{ " ", GOOD } };
	char first[600] = "";

	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"sue\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a3", "{\"password\":\"" GOOD "\"}"), 204);
	CHECK_INT(ask("PUT", "/api/v1/suspensions/a3", NULL), 204);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_unit_from(w.unit, i % 2 ? "192.0.2.50" : "192.0.2.51");
		unsigned before = played.verified;
		CHECK_INT(login(rows[i].name, rows[i].password), 403);
		CHECK_INT(played.verified, before + 1);
		CHECK_INT(played.last.cost.memory_kib, TW_HASH_KIB_MIN);
		CHECK_INT(played.last.cost.passes, TW_HASH_PASSES_MIN);
		if (!first[0])
			(void)snprintf(first, sizeof first, "%s", tw_unit_body(w.unit));
		CHECK_TEXT(tw_unit_body(w.unit), first);
	}
}

/* What is computed for a name that nobody has is nobody's: also its password opens nothing, if somebody found it. */
static void test_nobodys_password(void **state)
{
	played.agrees = true;
	CHECK_INT(login("carol", GOOD), 403);
	SAYS("access.login\"");
	CHECK_INT(login("alice", "whatever it may be"), 201);
}

static void test_forms(void **state)
{
	static const struct {
		const char *body, *rule;
		int status;
	} rows[] = {
		{ "{}", "access.login-form", 400 },
		{ "{\"account\":\"alice\"}", "access.login-form", 400 },
		{ "{\"password\":\"" GOOD "\"}", "access.login-form", 400 },
		{ "{\"account\":\"\",\"password\":\"x\"}", "path.input", 400 },
		{ "{\"account\":\"alice\",\"password\":\"x\",\"client\":\"short\"}", "path.input", 400 },
		{ "{\"login\":\"0123456789012345678901234567890123456789012\",\"code\":\"123456\"}", "access.login-step", 403 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_unit_from(w.unit, i % 2 ? "192.0.2.60" : "192.0.2.61");
		CHECK_INT(ask_as(NULL, "POST", LOGINS, rows[i].body), rows[i].status);
		SAYS(rows[i].rule);
	}
	CHECK_INT(played.verified, 0);
}

/* @nist LA.AC.1.1 LA.AC.1.2: five failures, and strangers wait at this account; who is known there does not, nor does the console */
static void test_who_waits(void **state)
{
	char known[64], source[16];

	CHECK_INT(login("alice", GOOD), 201);
	world_text(&w, "client", known, sizeof known);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(source, sizeof source, "198.51.100.%d", i);
		tw_unit_from(w.unit, source);
		CHECK_INT(login("alice", "guess number one"), 403);
	}
	tw_unit_from(w.unit, "198.51.100.77");
	unsigned before = played.verified;
	CHECK_INT(login("alice", GOOD), 429); /* also with the right one */
	CHECK_INT(login("bob", GOOD), 403);   /* other accounts are others */
	CHECK_INT(played.verified, before + 1);
	memcpy(client, known, sizeof client);
	CHECK_INT(login("alice", GOOD), 201);
	client[0] = client[0] == 'A' ? 'B' : 'A'; /* of no client */
	CHECK_INT(login("alice", GOOD), 429);
	memcpy(client, known, sizeof client);
	CHECK_INT(login("bob", GOOD), 403); /* known is it at alice's alone */
	client[0] = '\0';
	tw_unit_from(w.unit, "198.51.100.78");
	CHECK_INT(login("alice", GOOD), 429); /* that alice came in forgives strangers nothing */
	later(MINUTE);
	CHECK_INT(login("alice", GOOD), 201);
	tw_unit_from(w.unit, "198.51.100.79");
	CHECK_INT(login("alice", "guess number one"), 403); /* and then they begin anew */
}

static int guess(int times, const char *network)
{
	static char source[24]; /* whoever comes next comes from there too */
	int status = 0;

	for (int i = 0; i < times; i++) {
		(void)snprintf(source, sizeof source, "%s.%d", network, i);
		tw_unit_from(w.unit, source);
		status = login("alice", "guess number one");
	}
	return status;
}

/* @nist LA.X.1: off, whoever guessed too often comes in by the right one at once; on, strangers wait as long as is set, and who is known does not */
static void test_waiting_is_switched(void **state)
{
	struct tw_element_status s = { .status = TW_STATUS_NOT_PROVIDED };
	char known[64];

	CHECK_OK(tw_access_status_throttle(&device()->context, &s));
	CHECK_INT(s.status, TW_STATUS_PROVIDED);
	CHECK_TEXT(s.setting, "logical-access.throttle");
	CHECK_INT(login("alice", GOOD), 201);
	world_text(&w, "client", known, sizeof known);
	CHECK_INT(guess(5, "192.0.2"), 403);
	CHECK_INT(login("alice", GOOD), 429);
	set("logical-access.throttle", "\"0\"", "off", 200);
	CHECK_INT(login("alice", GOOD), 201); /* also whoever had to wait */
	CHECK_INT(guess(7, "198.51.100"), 403);
	CHECK_INT(login("alice", GOOD), 201);
	CHECK_INT(guess(7, "198.51.100"), 403);
	set("logical-access.throttle", "\"1\"", "on", 200);
	CHECK_INT(guess(5, "203.0.113"), 403); /* what was failed meanwhile was not counted */
	tw_unit_from(w.unit, "203.0.113.77");
	CHECK_INT(login("alice", GOOD), 429);
	memcpy(client, known, sizeof client);
	CHECK_INT(login("alice", GOOD), 201);
	client[0] = '\0';
	later(MINUTE - 1000);
	CHECK_INT(login("alice", GOOD), 429);
	later(MINUTE);
	CHECK_INT(login("alice", GOOD), 201);
}

/* Who steals what a client is known by guesses no faster by it. */
static void test_a_known_client_waits_for_its_own(void **state)
{
	CHECK_INT(login("alice", GOOD), 201);
	world_text(&w, "client", client, sizeof client);
	for (int i = 0; i < 5; i++)
		CHECK_INT(login("alice", "guess number one"), 403);
	CHECK_INT(login("alice", GOOD), 429);
	client[0] = '\0';
	CHECK_INT(login("alice", GOOD), 201); /* nobody else waits for it */
}

/* One try at a time: none begins before the failure of the one before counts. */
static void test_one_at_a_time(void **state)
{
	char source[16];

	tw_unit_from(w.unit, "198.51.100.1");
	CHECK_INT(login_begin("alice", "guess number one"), 0);
	tw_unit_from(w.unit, "198.51.100.2");
	CHECK_INT(login_begin("Alice", "guess number two"), 429);
	tw_unit_from(w.unit, "198.51.100.1");
	CHECK_INT(login_begin("bob", "guess number two"), 429);
	for (int i = 1; i < TW_LOGIN_WORKS - TW_LOGIN_KEPT; i++) {
		char name[16];

		(void)snprintf(source, sizeof source, "198.51.100.%d", i + 2);
		(void)snprintf(name, sizeof name, "nobody%d", i);
		tw_unit_from(w.unit, source);
		CHECK_INT(login_begin(name, "guess number one"), 0);
	}
	tw_unit_from(w.unit, "198.51.100.99");
	CHECK_INT(login_begin("nobody99", "guess number one"), 429); /* the other places are for who is known */
	CHECK_INT(settle(0), 403);
}

/*
 * @nist LA.AC.1.1: strangers have all the places they may have, and still whoever is known finds one, and is looked at before all of them that wait; so
 * is whoever is logged in
 */
static void test_known_clients_find_a_place(void **state)
{
	char source[16], name[16];

	CHECK_INT(login("alice", GOOD), 201);
	world_text(&w, "client", client, sizeof client);
	char known[64];
	memcpy(known, client, sizeof known);
	client[0] = '\0';
	for (int i = 0; i < TW_LOGIN_WORKS - TW_LOGIN_KEPT; i++) {
		(void)snprintf(source, sizeof source, "198.51.100.%d", i);
		(void)snprintf(name, sizeof name, "nobody%d", i);
		tw_unit_from(w.unit, source);
		CHECK_INT(login_begin(name, "guess number one"), 0);
	}
	memcpy(client, known, sizeof client);
	CHECK_INT(login_begin("alice", GOOD), 0);
	CHECK(played_step());
	CHECK_INT(tw_unit_later(w.unit), 201);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/password", NULL, "{\"password\":\"" BETTER "\",\"old\":\"" GOOD "\"}"), 0);
	CHECK(played_step()); /* the old one is compared, and then the new one hashed */
	CHECK_INT(tw_unit_later(w.unit), 0);
	CHECK(played_step());
	CHECK_INT(tw_unit_later(w.unit), 204);
	CHECK_INT(settle(0), 403); /* the strangers', one by one */
}

/* All clients that an account knows have one place together; a stranger at it, and whoever is known elsewhere, have others. */
static void test_one_for_all_known_clients(void **state)
{
	char known[2][64];

	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 201);
	char bobs[64];
	world_text(&w, "client", bobs, sizeof bobs);
	for (int i = 0; i < 2; i++) {
		client[0] = '\0';
		CHECK_INT(login("alice", GOOD), 201);
		world_text(&w, "client", known[i], sizeof known[i]);
	}
	memcpy(client, known[0], sizeof client);
	CHECK_INT(login_begin("alice", "guess number one"), 0);
	memcpy(client, known[1], sizeof client);
	CHECK_INT(login_begin("alice", "guess number two"), 503);
	SAYS("access.one-at-a-time");
	memcpy(client, bobs, sizeof client);
	CHECK_INT(login_begin("bob", GOOD), 0);
	client[0] = '\0';
	CHECK_INT(login_begin("alice", GOOD), 0);
	CHECK_INT(settle(0), 201);
	memcpy(client, known[1], sizeof client);
	CHECK_INT(login("alice", GOOD), 201);
}

/* --- Passwords --- */

static void test_given_has_to_be_changed(void **state)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	SAYS("\"needed\":[\"new-password\"]");
	CHECK_INT(go_on("new_password", "short"), 400);
	SAYS("password.rules");
	CHECK_INT(go_on("new_password", BETTER), 400);
	SAYS("password.same");
	CHECK_INT(go_on("code", "123456"), 200); /* what is not asked for changes nothing */
	CHECK_INT(go_on("new_password", GOOD), 201);
	CHECK_INT(go_on("new_password", GOOD), 403); /* it is finished */
	CHECK_INT(login("bob", BETTER), 403);
	CHECK_INT(login("bob", GOOD), 201);
	CHECK(!world_log_says(&w, BETTER));
}

static void test_own(void **state)
{
	static const struct {
		const char *body, *rule;
		int status;
	} rows[] = {
		{ "{\"password\":\"" BETTER "\"}", "password.old", 400 },
		{ "{\"old\":\"" BETTER "\",\"password\":\"" BETTER "\"}", "password.old", 403 },
		{ "{\"old\":\"" GOOD "\",\"password\":\"aaaaaaaaaaaaaaaa\"}", "password.rules", 400 },
		{ "{\"old\":\"" BETTER "\"}", "password.old", 403 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(ask("PUT", "/api/v1/password", rows[i].body), rows[i].status);
		SAYS(rows[i].rule);
	}
	CHECK_INT(login("alice", GOOD), 201);
	CHECK_INT(ask("PUT", "/api/v1/password", "{\"old\":\"" GOOD "\",\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(world_reads(&w, token), 401); /* the sessions of before are over */
	CHECK_INT(login("alice", BETTER), 201);
	CHECK_INT(ask("PUT", "/api/v1/password", "{\"old\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("alice", BETTER), 403);
	CHECK_INT(ask("PUT", "/api/v1/password", "{}"), 404);
	SAYS("password.none");
	CHECK_INT(ask("DELETE", "/api/v1/passwords/a1", NULL), 409); /* with one credential as with two */
	SAYS("password.own");
}

static void test_the_old_one_is_not_guessed(void **state)
{
	for (int i = 0; i < 5; i++)
		CHECK_INT(ask("PUT", "/api/v1/password", "{\"old\":\"guess number one\"}"), 403);
	CHECK_INT(ask("PUT", "/api/v1/password", "{\"old\":\"" GOOD "\"}"), 429);
	CHECK_INT(login("alice", GOOD), 201); /* nobody else waits for it */
}

static void test_of_others(void **state)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a1", "{\"password\":\"" BETTER "\"}"), 409);
	SAYS("password.own");
	CHECK_INT(ask("DELETE", "/api/v1/passwords/a1", NULL), 409);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a9", "{\"password\":\"" BETTER "\"}"), 404);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"bob bob bob bob\"}"), 400);
	give_bob();
	CHECK_INT(world_reads(&w, token), 403); /* he may nothing yet */
	CHECK_INT(ask_as(token, "PUT", "/api/v1/passwords/a1", "{\"password\":\"" BETTER "\"}"), 403);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(login("bob", GOOD), 201);
}

/* What is asked of an admin with a password before he gives one: test-step-up.c. */
static void without_step_up(void)
{
	struct tw_context *c = &device()->context;

	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.step-up"), "off", -1, "test"));
}

/* A password that went through somebody's hands is gone when the account comes to do more than he may, also the one chosen in its place. */
static void test_through_whose_hands(void **state)
{
	char admin[64];

	without_step_up();
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	give_bob();
	memcpy(admin, token, sizeof admin);
	for (int changed = 0; changed < 2; changed++) {
		CHECK_INT(ask_as(admin, "PUT", "/api/v1/passwords/a3", "{\"password\":\"" BETTER "\"}"), 204);
		CHECK_INT(login("kim", BETTER), 200);
		if (changed)
			CHECK_INT(go_on("new_password", GOOD), 201);
		CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
		CHECK_INT(login("kim", changed ? GOOD : BETTER), 403);
		CHECK_INT(ask("DELETE", "/api/v1/role-assignments/a3.auditor", NULL), 204);
	}
	CHECK_INT(login("bob", GOOD), 201);
}

static void test_an_admin_does_not_reach_up(void **state)
{
	without_step_up();
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"eve\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
	give_bob();
	CHECK_INT(ask_as(token, "PUT", "/api/v1/passwords/a1", "{\"password\":\"" BETTER "\"}"), 403);
	SAYS("account.owner");
	CHECK_INT(ask_as(token, "PUT", "/api/v1/passwords/a3", "{\"password\":\"" BETTER "\"}"), 403);
	SAYS("account.cover");
	CHECK_INT(ask_as(token, "DELETE", "/api/v1/passwords/a3", NULL), 403);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask_as(token, "PUT", "/api/v1/passwords/a4", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("kim", BETTER), 200);
	CHECK_INT(ask("DELETE", "/api/v1/passwords/a4", NULL), 204);
	CHECK_INT(login("kim", BETTER), 403);
}

/* Who is no admin any more when the hash is there has set nothing. */
static void test_asked_again_behind_the_hash(void **state)
{
	without_step_up();
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	give_bob();
	CHECK_INT(tw_unit_request_as(w.unit, token, "PUT", "/api/v1/passwords/a3", "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", "/api/v1/role-assignments/a2.admin", NULL, NULL), 204);
	CHECK_INT(settle(0), 403);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, "{\"account\":\"bob\",\"password\":\"" GOOD "\"}"), 0);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/suspensions/a2", NULL, NULL), 204);
	CHECK_INT(settle(0), 403);
	CHECK_INT(login("kim", BETTER), 403);
}

static int go_on_begin(const char *key, const char *value)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"%s\":\"%s\"}", handle, key, value);
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body);
}

/* Whoever knows a password that was given, and has begun to log in by it, has lost with it what he began, wherever he stood. */
static void test_ends_with_its_password(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
	} rows[] = { { "PUT", "/api/v1/passwords/a2", "{\"password\":\"" GOOD "\"}", 204 },
		{ "DELETE", "/api/v1/passwords/a2", NULL, 204 }, { "PUT", "/api/v1/suspensions/a2", NULL, 204 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
		CHECK_INT(login("bob", BETTER), 200);
		CHECK_INT(ask(rows[i].method, rows[i].target, rows[i].body), rows[i].status);
		CHECK_INT(go_on("new_password", GOOD " of mine"), 403);
		SAYS("access.login-step");
	}
	CHECK_INT(ask("DELETE", "/api/v1/suspensions/a2", NULL), 204);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on_begin("new_password", GOOD), 0);
	CHECK(played_step()); /* another than the old one: its hash is being made */
	CHECK_INT(tw_unit_request(w.unit, "DELETE", "/api/v1/passwords/a2", NULL, NULL), 204);
	CHECK_INT(settle(0), 403);
	SAYS("access.login-step");
	CHECK_INT(login("bob", GOOD), 403);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login_begin("bob", BETTER), 0);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", "/api/v1/passwords/a2", NULL, NULL), 204);
	CHECK_INT(settle(0), 403);
	SAYS("access.login");
}

/* Recovery at the console waits for nobody, and what was computed for a login of before is for nobody. */
static void test_recovery_ends_what_is_under_way(void **state)
{
	CHECK_INT(login_begin("alice", GOOD), 0);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/passwords/a2", NULL, "{\"password\":\"" BETTER "\"}"), 0);
	CHECK_INT(recover(), 200);
	CHECK_INT(played.cancelled, 2);
	CHECK_INT(settle(0), 0);
	make_owned();
	CHECK_INT(login_begin("alice", GOOD), 0);
	CHECK_INT(settle(0), 403);
}

/* @nist LA.AC.1: the next login goes by the new length */
static void test_length_is_a_setting(void **state)
{
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/logical-access.password-min", "\"0\"", "{\"value\":\"30\"}"), 200);
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("new-password");
	CHECK_INT(go_on("new_password", BETTER), 400);
	CHECK_INT(go_on("new_password", GOOD " " BETTER), 201);
	CHECK_INT(login("alice", GOOD " " BETTER), 201);
}

/* --- A second factor --- */

/* with the password alone nobody is in; a code is good once */
static void test_second_factor(void **state)
{
	CHECK_INT(with_code("POST", "/api/v1/authenticator", "123456"), 404);
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK(!strstr(tw_unit_body(w.unit), "\"token\""));
	CHECK_INT(go_on("factor", "passkey"), 400); /* none of this account's */
	SAYS("access.factor");
	CHECK_INT(go_on("factor", "totp"), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK_INT(go_on("code", code_at(secret, step_used)), 403); /* used */
	CHECK_INT(go_on("code", code_at(secret, step_used - 2)), 403);
	CHECK_INT(go_on("code", "000000"), 403);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(world_reads(&w, token), 200);
	CHECK(world_log_says(&w, "session of a1 alice by password+totp"));
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", code_at(secret, step_used)), 403);
	CHECK_INT(with_code("POST", "/api/v1/authenticator/removal", "000000"), 403);
	CHECK_INT(with_code("POST", "/api/v1/authenticator/removal", next_code(secret)), 204);
	CHECK_INT(login("alice", GOOD), 201);
}

/* Codes are guessed no faster than passwords, and a handle is good for five minutes. */
static void test_codes_are_not_guessed(void **state)
{
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	for (int i = 0; i < 5; i++)
		CHECK_INT(go_on("code", "000000"), 403);
	tw_unit_from(w.unit, "192.0.2.99");
	CHECK_INT(go_on("code", next_code(secret)), 429);
	world_at(&w, step_used * TW_TOTP_STEP_MS, WORLD_BOOT + 4 * MINUTE);
	CHECK_INT(go_on("code", code_at(secret, step_used)), 201);
	CHECK_INT(login("alice", GOOD), 200);
	world_at(&w, step_used * TW_TOTP_STEP_MS, WORLD_BOOT + 9 * MINUTE);
	CHECK_INT(go_on("code", next_code(secret)), 403);
	SAYS("access.login-step");
}

/* The one before counts until the new one is confirmed. */
static void test_enrolled_anew(void **state)
{
	uint8_t other[TW_TOTP_SECRET];

	enrol();
	CHECK_INT(ask("POST", "/api/v1/authenticator", "{}"), 403); /* without a code of the old */
	CHECK_INT(with_code("POST", "/api/v1/authenticator", next_code(secret)), 201);
	take_secret(other);
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", code_at(other, step_used)), 403);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(with_code("PUT", "/api/v1/authenticator", code_at(secret, step_used)), 403);
	CHECK_INT(with_code("PUT", "/api/v1/authenticator", next_code(other)), 204);
	CHECK_INT(with_code("PUT", "/api/v1/authenticator", next_code(other)), 404); /* it is */
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", next_code(secret)), 403);
	CHECK_INT(go_on("code", code_at(other, step_used)), 201);
}

/* A new password is nobody's to choose before the second factor was shown. */
static void test_first_the_factor_then_the_password(void **state)
{
	enrol();
	set("logical-access.password-min", "\"0\"", "30", 200);
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK_INT(go_on("new_password", GOOD " " BETTER), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK_INT(go_on("code", next_code(secret)), 200);
	SAYS("\"needed\":[\"new-password\"]");
	CHECK_INT(go_on("new_password", GOOD " " BETTER), 201);
	CHECK(world_log_says(&w, "session of a1 alice by password+totp"));
}

/* @nist LA.AS.2: what the organization asks for is insisted on, at the next request too */
static void test_policy(void **state)
{
	char before[64];

	CHECK_INT(login("alice", GOOD), 201);
	memcpy(before, token, sizeof before);
	set("logical-access.second-factor", "\"0\"", "owner nobody", 409);
	set("logical-access.second-factor", "\"0\"", "admin owner", 200);
	CHECK_INT(login("alice", GOOD), 403);
	SAYS("LA.AS.2.1");
	CHECK_INT(world_reads(&w, before), 200); /* it was enough then, and for this account alone it is more now */
	set("logical-access.second-factor", "\"1\"", "admin", 200);
	CHECK_INT(login("alice", GOOD), 201);
	set("logical-access.network-methods", "\"0\"", "two-factors", 200);
	CHECK_INT(world_reads(&w, before), 401);
	SAYS("LA.AS.2");
	CHECK_INT(login("alice", GOOD), 403);
	char code[64];
	world_code(&w, code);
	CHECK_INT(world_open(&w, code), 403);
	SAYS("LA.AS.2");
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(world_reads(&w, token), 200);
	set("logical-access.network-methods", "\"1\"", "certificate", 200);
	CHECK_INT(world_reads(&w, token), 401);
	unsigned before_it = played.verified;
	CHECK_INT(login("alice", GOOD), 403);
	SAYS("LA.AS.2");
	CHECK_INT(played.verified, before_it);
	set("logical-access.network-methods", "\"2\"", "any", 200);
	CHECK_INT(world_reads(&w, before), 200);
}

/* a member's own account may do with a password; what the shared one's roles ask for, they ask of him too */
static void test_policy_of_a_shared_account(void **state)
{
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"operator\"}"), 201);
	CHECK_INT(ask("PUT", "/api/v1/shared-accounts/a3", "{\"members\":\"a1\"}"), 200);
	CHECK_INT(login("alice", GOOD), 201);
	CHECK_INT(ask_as(token, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}"), 201);
	set("logical-access.second-factor", "\"0\"", "operator", 200);
	CHECK_INT(ask_as(token, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}"), 403);
	SAYS("LA.AS.2.1");
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(ask_as(token, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}"), 201);
}

/* --- The use notice --- */

/* The owner writes it, and accepts it himself. */
static void write_notice(const char *text, char ret_digest[65])
{
	char body[128];

	(void)snprintf(body, sizeof body, "{\"text\":\"%s\"}", text);
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/notice", NULL, body), 200);
	world_text(&w, "notice", ret_digest, 65);
	(void)snprintf(body, sizeof body, "{\"notice\":\"%s\"}", ret_digest);
	CHECK_INT(tw_unit_request(w.unit, "POST", "/api/v1/notice-acceptances", NULL, body), 204);
}

static int begin_with(const char *said, const char *digest)
{
	char body[512];

	(void)snprintf(body, sizeof body, "{%s,\"notice\":\"%s\"}", said, digest);
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body);
}

static int with_notice(const char *said, const char *digest)
{
	int status = settle(begin_with(said, digest));

	if (status == 200)
		world_text(&w, "login", handle, sizeof handle);
	return status;
}

static int go_on_with(const char *key, const char *value, const char *digest)
{
	char said[256];

	(void)snprintf(said, sizeof said, "\"login\":\"%s\",\"%s\":\"%s\"", handle, key, value);
	return with_notice(said, digest);
}

#define ALICE "\"account\":\"alice\",\"password\":\"" GOOD "\""

/* @nist LA.SUN.3: nothing is computed for whoever has not accepted it, and it costs him nothing but another try */
static void test_the_use_notice(void **state)
{
	char digest[65], want[160];
	unsigned before = played.verified;

	write_notice("Only for staff.", digest);
	for (int i = 0; i < 6; i++)
		CHECK_INT(login("alice", GOOD), 409);
	SAYS("\"rule\":\"LA.SUN.3\"");
	CHECK_INT(with_notice(ALICE, "0000000000000000000000000000000000000000000000000000000000000000"), 409);
	CHECK_INT(played.verified, before);
	CHECK_INT(with_notice(ALICE, digest), 201);
	(void)snprintf(want, sizeof want, "\"account\":\"a1\",\"how\":\"password\",\"notice\":\"%s\"", digest);
	CHECK(world_log_says(&w, want));
	enrol();
	CHECK_INT(with_notice(ALICE, digest), 200);
	CHECK_INT(go_on("code", next_code(secret)), 409); /* asked for at each step, and the code stays good */
	CHECK_INT(go_on_with("code", code_at(secret, step_used), digest), 201);
	for (int i = 0; i < 5; i++)
		CHECK_INT(with_notice("\"account\":\"alice\",\"password\":\"guess number one\"", digest), 403);
	CHECK_INT(with_notice(ALICE, digest), 429);
	CHECK_INT(login("alice", GOOD), 409); /* who has not accepted it does not learn that either */
	SAYS("\"rule\":\"LA.SUN.3\"");
}

/* One that changes while a hash is computed is another: what was accepted opens nothing, and the next try does. */
static void test_the_use_notice_changes_meanwhile(void **state)
{
	char first[65], second[65];

	write_notice("Only for staff.", first);
	CHECK_INT(begin_with(ALICE, first), 0);
	write_notice("Other words.", second);
	CHECK_INT(settle(0), 409);
	SAYS("\"rule\":\"LA.SUN.3\"");
	CHECK_INT(with_notice(ALICE, second), 201);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(with_notice("\"account\":\"bob\",\"password\":\"" BETTER "\"", second), 200);
	char said[256];
	(void)snprintf(said, sizeof said, "\"login\":\"%s\",\"new_password\":\"" GOOD "\"", handle);
	CHECK_INT(begin_with(said, second), 0);
	write_notice("Only for staff.", first);
	CHECK_INT(settle(0), 409);
	CHECK_INT(with_notice(said, first), 201);
}

/* --- When the role that hashes fails --- */

static void test_no_hash_no_login(void **state)
{
	played.missing = true;
	CHECK_INT(login("alice", GOOD), 503);
	SAYS("access.hash");
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" GOOD "\"}"), 503);
	played.missing = false;
	played.full = true;
	CHECK_INT(login("alice", GOOD), 503);
	played.full = false;
	played.refuses = true;
	for (int i = 0; i < 7; i++)
		CHECK_INT(login("alice", GOOD), 503); /* nobody's failure */
	played.refuses = false;
	CHECK_INT(login("alice", GOOD), 201);
}

/* A core that ends meanwhile asks for nothing any more. */
static void test_stopped_meanwhile(void **state)
{
	CHECK_INT(login_begin("alice", GOOD), 0);
	w.unit = tw_unit_stop(w.unit);
	CHECK_INT(played.cancelled, 1);
	while (played_step())
		;
	world_start(&w);
	CHECK_INT(login("alice", GOOD), 201);
}

static void test_other_doors(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s, s:s}", "account", "alice", "password", GOOD);
	struct tw_buf body;
	struct tw_path_reply reply = { 0 };
	struct tw_request rq = { .subject = { .door = TW_DOOR_LOCAL, .name = "uid:1000" }, .input = input };

	for (const struct tw_capability *const *c = device()->context.capabilities; *c && !rq.operation; c++)
		for (const struct tw_operation_row *o = (*c)->operations; o->name; o++)
			if (!strcmp(o->name, "login.open"))
				rq.operation = o;
	tw_buf_init(&body, tw_sys_real(), 4096);
	tw_path_walk(&device()->context, &rq, &body, &reply);
	CHECK_INT(reply.status, 406);
	CHECK(!reply.later && !played_step());
	tw_buf_done(&body);
}

/* --- Without memory --- */

static int log_in(const void *what)
{
	return settle(login_begin("alice", GOOD));
}

static int give(const void *what)
{
	return ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}");
}

static int change_own(const void *what)
{
	return ask("PUT", "/api/v1/password", "{\"old\":\"" GOOD "\",\"password\":\"" GOOD "\"}");
}

static int enrol_one(const void *what)
{
	return ask("POST", "/api/v1/authenticator", "{}");
}

/* Each is whole or refused, and the next finds a free place. */
static void test_without_memory(void **state)
{
	static const struct {
		int (*ask)(const void *what);
		int status;
	} rows[] = { { log_in, 201 }, { give, 204 }, { change_own, 204 }, { enrol_one, 201 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int failed = 0;

		for (long nth = 1; nth == 1 || memory.fired; nth++) {
			int status = ask_without(rows[i].ask, NULL, nth);

			if (status != rows[i].status && status < 500)
				fail_msg("row %zu, block %ld: %d %s", i, nth, status, tw_unit_body(w.unit));
			failed += status >= 500;
		}
		CHECK(failed > 1);
		for (size_t k = 0; k < TW_LOGIN_WORKS; k++)
			CHECK(!device()->access->works[k].later);
		CHECK_INT(rows[i].ask(NULL), rows[i].status);
	}
}

#define LOGIN(f) cmocka_unit_test_setup_teardown(f, set_up_logins, tear_down)
CHECK_MAIN(LOGIN(test_opens), LOGIN(test_nobody_learns_who_there_is), LOGIN(test_nobodys_password), LOGIN(test_forms),
	LOGIN(test_who_waits), LOGIN(test_waiting_is_switched), LOGIN(test_a_known_client_waits_for_its_own),
	LOGIN(test_one_at_a_time), LOGIN(test_known_clients_find_a_place), LOGIN(test_one_for_all_known_clients),
	LOGIN(test_given_has_to_be_changed), LOGIN(test_own), LOGIN(test_the_old_one_is_not_guessed), LOGIN(test_of_others),
	LOGIN(test_through_whose_hands), LOGIN(test_an_admin_does_not_reach_up), LOGIN(test_asked_again_behind_the_hash),
	LOGIN(test_ends_with_its_password), LOGIN(test_recovery_ends_what_is_under_way), LOGIN(test_length_is_a_setting),
	LOGIN(test_second_factor), LOGIN(test_codes_are_not_guessed), LOGIN(test_enrolled_anew),
	LOGIN(test_first_the_factor_then_the_password), LOGIN(test_policy), LOGIN(test_policy_of_a_shared_account),
	LOGIN(test_the_use_notice), LOGIN(test_the_use_notice_changes_meanwhile), LOGIN(test_no_hash_no_login),
	LOGIN(test_stopped_meanwhile), LOGIN(test_other_doors), LOGIN(test_without_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* Ways into an account that somebody else put there, what is handed on under conditions, and who is left to come in. */
#include "as.h"

#include "device/logical-access/placed.h"

static int enrol_as(const char *token, const char *id, uint8_t ret_key[32])
{
	const struct tw_cert_want want = { .common_name = "laptop", .not_before_ms = WORLD_WALL, .not_after_ms = WORLD_WALL + 3600000 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, body = { 0 };

	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	CHECK_OK(tw_cert_make(tw_sys_real(), &want, key, NULL, key, &cert));
	CHECK_OK(tw_cert_fingerprint(cert, ret_key));
	tw_buf_init(&pem, tw_sys_real(), 8192);
	tw_buf_init(&body, tw_sys_real(), 8192);
	CHECK_OK(tw_cert_pem(cert, &pem));
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s, s:s, s:s}", "account", id, "label", "laptop", "certificate", tw_buf_cstr(&pem));
	CHECK_OK(tw_json_write(j, &body));
	return token ? tw_unit_request_as(w.unit, token, "POST", "/api/v1/credentials", tw_buf_cstr(&body))
		     : tw_unit_request(w.unit, "POST", "/api/v1/credentials", NULL, tw_buf_cstr(&body));
}

/* Who comes with that key. */
static int comes_with(const uint8_t key[32])
{
	struct tw_context *c = &device()->context;
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true };

	memcpy(rq.client_key, key, 32);
	tw_err e = c->authenticate(c, &rq);
	return tw_failed(e) ? -1 : (int)rq.subject.kind;
}

static bool opens(const char *body)
{
	return world_open(&w, body) == 201;
}

/* --- What others put there --- */

/* An admin's key, session and code for an account end when it becomes what he is not; the owner's stay, and so do those it has by itself. */
static void test_a_greater_role_ends_what_a_lesser_one_put_there(void **state)
{
	char admin[64], planted[64], own[64], code[64], good[64];
	uint8_t keys[3][32];

	make("root", "admin");
	make("bob", NULL);
	open_as(NULL, "a2", admin);
	CHECK_INT(enrol_as(admin, "a3", keys[0]), 201);
	CHECK_INT(enrol_as(NULL, "a3", keys[1]), 201);
	open_as(admin, "a3", planted);
	open_as(NULL, "a3", own);
	code_as(admin, "a3", code);
	code_as(NULL, "a3", good);
	give("a3", "operator"); /* which an admin reaches: nothing ends */
	check_as(planted, "GET", "/api/v1/identity", NULL, 200, NULL);
	CHECK_INT(comes_with(keys[0]), TW_SUBJECT_ACCOUNT);
	give("a3", "auditor");
	check_as(planted, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(own, "GET", "/api/v1/log", NULL, 200, NULL);
	CHECK_INT(comes_with(keys[0]), TW_SUBJECT_ANYONE);
	CHECK_INT(comes_with(keys[1]), TW_SUBJECT_ACCOUNT);
	CHECK(!opens(code));
	CHECK(opens(good));
	check_as(admin, "GET", "/api/v1/identity", NULL, 200, NULL); /* his own is his */
	world_start(&w);
	check_as(planted, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(own, "GET", "/api/v1/log", NULL, 200, NULL);
}

/* An owner can come to do no more than he may: his ways in stay when the one who let him in has gone, for they may be the last. */
static void test_an_owner_comes_to_no_more(void **state)
{
	char bob[64];
	uint8_t key[32];

	make("bob", NULL);
	check_as(NULL, "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\"}", 201, NULL);
	give("a2", "night");
	give("a2", "owner");
	open_as(NULL, "a2", bob);
	CHECK_INT(enrol_as(bob, "a2", key), 201);
	check_as(bob, "DELETE", "/api/v1/accounts/a1", NULL, 204, NULL);
	give_as(bob, "a2", "owner", NULL, 201, NULL);
	CHECK_INT(comes_with(key), TW_SUBJECT_OWNER);
	check_as(bob, "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\",\"permissions\":\"settings.read\"}", 200, NULL);
	CHECK_INT(comes_with(key), TW_SUBJECT_OWNER);
	world_start(&w);
	CHECK_INT(comes_with(key), TW_SUBJECT_OWNER);
	check_as(bob, "GET", "/api/v1/log", NULL, 200, NULL);
}

/* Through the session that he opened for the account he is still himself, whatever it then puts there. */
static void test_what_is_put_there_through_another(void **state)
{
	char admin[64], through[64], second[64];
	uint8_t key[32];

	make("root", "admin");
	make("deputy", "admin");
	make("bob", NULL);
	open_as(NULL, "a2", admin);
	open_as(admin, "a3", through);
	CHECK_INT(enrol_as(through, "a3", key), 201); /* a key of the deputy's own, as it looks */
	open_as(through, "a3", second);
	give("a3", "auditor");
	CHECK_INT(comes_with(key), TW_SUBJECT_ANYONE);
	check_as(second, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(NULL, "DELETE", ROLES "/a3.auditor", NULL, 204, NULL);
	open_as(admin, "a3", through);
	CHECK_INT(enrol_as(through, "a4", key), 201);
	give("a3", "auditor");
	give("a4", "auditor"); /* the deputy reaches it by now; who began the chain does not */
	CHECK_INT(comes_with(key), TW_SUBJECT_ANYONE);
}

/* And with a key that another put there one is no more himself. */
static void test_a_key_of_anothers_begins_no_chain_anew(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .how = "client-certificate", .account = "a3" }, .has_client_key = true };
	struct tw_reply rp = { .status = 200 };
	struct tw_placer by;
	char admin[64];

	make("root", "admin");
	make("bob", NULL);
	open_as(NULL, "a2", admin);
	CHECK_INT(enrol_as(admin, "a3", rq.client_key), 201);
	CHECK_OK(tw_placed_by(device(), &rq, 4, &rp, &by));
	CHECK_TEXT(by.hands, "1 2 3");
	CHECK_INT(by.ends_ms, 0);
	rq.client_key[0] ^= 1;
	CHECK_OK(tw_placed_by(device(), &rq, 4, &rp, &by));
	CHECK_TEXT(by.hands, "3");
}

/* A role that comes to hold more is a greater one for all who have it. */
static void test_a_role_that_grows(void **state)
{
	char admin[64], planted[64], other[64];

	make("root", "admin");
	check_as(NULL, "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\"}", 201, NULL);
	make("bob", "night");
	make("carol", "user");
	open_as(NULL, "a2", admin);
	open_as(admin, "a3", planted);
	open_as(admin, "a4", other);
	check_as(NULL, "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\",\"permissions\":\"settings.read\"}", 200, NULL);
	check_as(planted, "GET", "/api/v1/settings", NULL, 200, NULL); /* which an admin holds too */
	check_as(NULL, "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\",\"permissions\":\"log.read\"}", 200, NULL);
	check_as(planted, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(other, "GET", "/api/v1/health", NULL, 200, NULL);
	world_start(&w);
	check_as(planted, "GET", "/api/v1/health", NULL, 401, NULL);
}

/* Who is gone, suspended or less than he was reaches nothing. */
static void test_who_put_it_there_and_went(void **state)
{
	static const struct {
		const char *method, *target;
	} ways[] = { { "DELETE", "/api/v1/accounts/a2" }, { "PUT", "/api/v1/suspensions/a2" }, { "DELETE", ROLES "/a2.admin" } };

	for (size_t i = 0; i < TW_COUNT(ways); i++) {
		char admin[64], planted[64];

		CHECK_INT(tear_down(NULL), 0);
		CHECK_INT(set_up_owned(NULL), 0);
		make("root", "admin");
		make("bob", "guest");
		open_as(NULL, "a2", admin);
		open_as(admin, "a3", planted);
		check_as(NULL, ways[i].method, ways[i].target, NULL, 204, NULL);
		check_as(planted, "GET", "/api/v1/health", NULL, 200, NULL); /* whom he let in while he might */
		give("a3", "operator");
		check_as(planted, "GET", "/api/v1/health", NULL, 401, NULL);
	}
}

/* --- Conditions --- */

static void test_conditions_are_handed_on(void **state)
{
	char token[64];

	make("root", NULL);
	make("bob", NULL);
	give_as(NULL, "a2", "admin", "{\"methods\":[\"code\"]}", 201, NULL);
	open_as(NULL, "a2", token);
	give_as(token, "a3", "operator", NULL, 403, "account.conditions");
	give_as(token, "a3", "operator", "{\"factors\":1}", 403, "account.conditions");
	give_as(token, "a3", "operator", "{\"methods\":[\"code\",\"totp\"]}", 403, "account.conditions");
	give_as(token, "a3", "operator", "{\"methods\":[\"code\"],\"factors\":1}", 201, NULL);
	check_as(token, "POST", CODES, "{\"account\":\"a3\"}", 201, NULL);
	check_as(NULL, "POST", ROLES, "{\"account\":\"a3\",\"role\":\"operator\"}", 201, NULL);
	check_as(token, "POST", CODES, "{\"account\":\"a3\"}", 403, "account.cover"); /* whoever comes in there has no conditions */
	uint8_t key[32];
	CHECK_INT(enrol_as(token, "a3", key), 403);
	give("a2", "operator"); /* what he has without them as well, he gives without */
	give_as(token, "a3", "user", NULL, 201, NULL);
	check_as(token, "POST", CODES, "{\"account\":\"a3\"}", 201, NULL);
}

/* Nor by way of a role that he has without conditions. */
static void test_a_role_made_under_conditions(void **state)
{
	char token[64];

	check_as(NULL, "PUT", "/api/v1/roles/night", "{\"inherits\":\"guest\"}", 201, NULL);
	make("root", "night");
	give_as(NULL, "a2", "admin", "{\"methods\":[\"code\"]}", 201, NULL);
	open_as(NULL, "a2", token);
	check_as(token, "PUT", "/api/v1/roles/night", "{\"inherits\":\"guest\",\"permissions\":\"settings.change\"}", 403, "rights.more");
	check_as(token, "PUT", "/api/v1/roles/day", "{\"inherits\":\"operator\"}", 403, "rights.more");
	check_as(token, "PUT", "/api/v1/roles/day", "{\"inherits\":\"guest\"}", 201, NULL);
	give("a2", "operator");
	check_as(token, "PUT", "/api/v1/roles/day", "{\"inherits\":\"operator\"}", 200, NULL);
}

/* --- Roles that cannot be read --- */

static void sql(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

/* Roles of the store that nobody can judge, or more than there may be, are more than anybody but an owner reaches. */
static void test_roles_that_cannot_be_judged(void **state)
{
	static const char *const spoils[] = {
		"INSERT INTO account_role VALUES (3, 'guest', 'not JSON', 0, 'x')",
		"INSERT INTO account_role VALUES (3, 'guest', '{\"moon\":1}', 0, 'x')",
		"INSERT INTO account_role VALUES (3, 'a234567890123456789012345678901234567890x', NULL, 0, 'x')",
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO account_role SELECT 3, 'r' || i, NULL, 0, 'x' FROM n",
	};
	char admin[64], target[48];

	make("root", "admin");
	make("bob", NULL);
	check_as(NULL, "PUT", "/api/v1/roles/a234567890123456789012345678901234567890", "{}", 201, NULL);
	for (int i = 1; i <= 9; i++) {
		(void)snprintf(target, sizeof target, "/api/v1/roles/r%d", i);
		check_as(NULL, "PUT", target, "{}", 201, NULL);
	}
	open_as(NULL, "a2", admin);
	for (size_t i = 0; i < TW_COUNT(spoils); i++) {
		check_as(admin, "POST", CODES, "{\"account\":\"a3\"}", 201, NULL);
		sql(spoils[i]);
		check_as(admin, "POST", CODES, "{\"account\":\"a3\"}", 403, "account.cover");
		check_as(NULL, "POST", CODES, "{\"account\":\"a3\"}", 201, NULL);
		sql("DELETE FROM account_role WHERE account = 3");
		sql("DELETE FROM session_code");
	}
}

static void has_operator(bool want)
{
	const struct tw_condition always = { .days = 0 };
	struct tw_context *c = &device()->context;
	struct tw_role_set set;

	CHECK_OK(tw_placed_roles(device(), c->gate, 2, &always, &set));
	CHECK_INT(tw_role_set_has(&set, tw_gate_role(c->gate, "operator")), want);
}

/* What an account has by a role whose conditions cannot be read is nothing, and where the store does not say it, not nothing but unknown. */
static void test_roles_that_count(void **state)
{
	const struct tw_condition always = { .days = 0 };
	struct tw_role_set set;

	make("bob", "operator");
	has_operator(true);
	sql("UPDATE account_role SET conditions = 'not JSON' WHERE account = 2");
	has_operator(false);
	sql("UPDATE account_role SET conditions = NULL, role = 'a234567890123456789012345678901234567890x' WHERE account = 2");
	check_as(NULL, "PUT", "/api/v1/roles/a234567890123456789012345678901234567890", "{}", 201, NULL);
	CHECK_OK(tw_placed_roles(device(), device()->context.gate, 2, &always, &set));
	CHECK(!tw_role_set_has(&set, tw_gate_role(device()->context.gate, "a234567890123456789012345678901234567890")));
	sql("UPDATE account SET state = 'suspended' WHERE id = 2");
	CHECK_OK(tw_placed_roles(device(), device()->context.gate, 2, &always, &set));
	CHECK(!tw_role_set_has(&set, TW_SUBJECT_ACCOUNT));
	sql("ALTER TABLE account RENAME TO hidden");
	CHECK(tw_failed(tw_placed_roles(device(), device()->context.gate, 2, &always, &set)));
}

static int reaches(const void *what)
{
	struct tw_context *c = &device()->context;
	struct tw_subject s = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT, .account = "a2" };
	bool reached = false;

	tw_role_set_add(&s.roles, tw_gate_role(c->gate, "admin"));
	tw_err e = tw_placed_reaches(c, &s, 3, &reached);
	return tw_failed(e) ? (int)e.code : reached ? TW_CODE_OK : TW_CODE_DENIED;
}

/* A lack of memory is told, and taken neither for less nor for more than somebody has. */
static void test_reaching_without_memory(void **state)
{
	long nth = 0;

	make("root", NULL);
	make("bob", NULL);
	give_as(NULL, "a2", "admin", "{\"doors\":[\"https\"]}", 201, NULL);
	give_as(NULL, "a3", "user", "{\"doors\":[\"https\"]}", 201, NULL);
	do {
		int code = ask_without(reaches, NULL, ++nth);

		if (code != (memory.fired ? TW_CODE_NOMEM : TW_CODE_OK))
			fail_msg("block %ld: %s", nth, tw_code_name((enum tw_code)code));
	} while (memory.fired);
	CHECK(nth > 3);
}

/* What others placed ends by what its account becomes, and by nothing else. */
static void test_what_stays(void **state)
{
	char admin[64], planted[64], own[64], again[64];

	make("root", "admin");
	make("bob", "guest");
	open_as(NULL, "a2", admin);
	open_as(admin, "a3", planted);
	check_as(NULL, "DELETE", ROLES "/a2.admin", NULL, 204, NULL);
	check_as(NULL, "PUT", "/api/v1/roles/other", "{\"inherits\":\"user\"}", 201, NULL); /* which nobody has */
	check_as(planted, "GET", "/api/v1/health", NULL, 200, NULL);
	open_as(NULL, "a3", own);
	CHECK_OK(tw_account_role_put(&device()->context, 3, "gone", NULL, "test")); /* no role any more: what is it to an owner? */
	give("a3", "admin");
	check_as(planted, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(own, "GET", "/api/v1/health", NULL, 200, NULL);
	open_as(own, NULL, again);
	give_as(NULL, "a3", "auditor", "{\"methods\":[\"code\"]}", 201, NULL);
	check_as(again, "GET", "/api/v1/log", NULL, 200, NULL); /* what it put there itself it reaches, whatever the conditions */
}

/* Whoever may change accounts does so while no owner can come in: none of them is the last owner's. */
static void test_others_while_no_owner_can_come_in(void **state)
{
	char admin[64];
	uint8_t key[32];

	make("root", "admin");
	make("bob", NULL);
	CHECK_INT(enrol_as(NULL, "a3", key), 201);
	open_as(NULL, "a2", admin);
	sql("DELETE FROM credential WHERE account = 1");
	CHECK_OK(tw_access_load(device()));
	CHECK(!tw_access_other_owner(device(), 0));
	check_as(admin, "DELETE", "/api/v1/credentials/c2", NULL, 204, NULL);
	check_as(admin, "DELETE", "/api/v1/accounts/a3", NULL, 204, NULL);
}

/* --- Codes that a session asks for --- */

static void test_a_session_does_not_outlive_itself(void **state)
{
	char first[64], second[64], third[64], fourth[64], other[64];

	make("root", "admin");
	make("bob", "admin");
	open_as(NULL, "a2", first);
	later(20 * MINUTE);
	check_as(first, "GET", "/api/v1/health", NULL, 200, NULL);
	open_as(first, NULL, second);
	if (!strstr(tw_unit_body(w.unit), "\"expires_in_s\":600,"))
		fail_msg("%s", tw_unit_body(w.unit));
	open_as(first, "a3", other);
	CHECK(strstr(tw_unit_body(w.unit), "\"expires_in_s\":1800"));
	later(25 * MINUTE);
	open_as(other, "a2", third); /* and not by way of another's either */
	open_as(other, NULL, fourth);
	later(30 * MINUTE - 1);
	check_as(second, "GET", "/api/v1/health", NULL, 200, NULL);
	check_as(third, "GET", "/api/v1/health", NULL, 200, NULL);
	later(30 * MINUTE);
	check_as(second, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(third, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(other, "GET", "/api/v1/health", NULL, 200, NULL); /* another's own */
	check_as(fourth, "GET", "/api/v1/health", NULL, 200, NULL);
	world_start(&w);
	check_as(second, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(other, "GET", "/api/v1/health", NULL, 200, NULL);
}

/* Nor does one that was begun by a session with longer to live. */
static void test_a_session_lives_no_longer_than_its_own_limit(void **state)
{
	struct tw_context *c = &device()->context;
	char first[64], second[64];

	make("root", "admin");
	open_as(NULL, "a2", first);
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.session-limit"), "60", -1, "test"));
	open_as(first, NULL, second);
	later(MINUTE - 1);
	check_as(second, "GET", "/api/v1/health", NULL, 200, NULL);
	later(MINUTE);
	check_as(second, "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(first, "GET", "/api/v1/health", NULL, 200, NULL);
}

/* What a session gives for itself or for another ends when it ends, though what it came by would go on. */
static void test_until_when_something_is_given(void **state)
{
	struct tw_session *s = NULL;
	char token[64];

	make("root", "admin");
	make("bob", NULL);
	open_as(NULL, "a2", token);
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (device()->access->guard.sessions[i].account == 2)
			s = &device()->access->guard.sessions[i];
	CHECK(s != NULL);
	s->by.ends_ms = s->expires_ms + MINUTE;
	open_as(token, "a3", token);
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (device()->access->guard.sessions[i].account == 3)
			CHECK_INT(device()->access->guard.sessions[i].by.ends_ms, s->expires_ms);
}

/* How many there may be has an end, which is an answer and no failure. */
static void test_too_many_hands(void **state)
{
	char token[64];
	uint8_t key[32];

	make("root", "admin");
	open_as(NULL, "a2", token);
	for (int i = 0; i < TW_HANDS_MAX / 2; i++) /* the same hand again is no other */
		open_as(token, NULL, token);
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (device()->access->guard.sessions[i].account == 2)
			(void)snprintf(device()->access->guard.sessions[i].by.hands, TW_HANDS_MAX, "%070d 777777", 0);
	check_as(token, "POST", CODES, NULL, 201, NULL); /* it fits to the last byte */
	sql("DELETE FROM session_code");
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (device()->access->guard.sessions[i].account == 2)
			(void)snprintf(device()->access->guard.sessions[i].by.hands, TW_HANDS_MAX, "%070d 7777777", 0);
	check_as(token, "POST", CODES, NULL, 409, "access.hands");
	CHECK_INT(enrol_as(token, "a2", key), 409);
	check_as(NULL, "GET", "/api/v1/credentials", NULL, 200, NULL);
	CHECK(!strstr(tw_unit_body(w.unit), "laptop"));
}

/* --- Who is left to come in --- */

/* An owner who has neither a key nor a session is nobody to leave the device to. */
static void test_an_owner_who_cannot_come_in(void **state)
{
	static const struct {
		const char *method, *target, *rule;
	} ends[] = { { "DELETE", "/api/v1/accounts/a1", "account.last-owner" }, { "PUT", "/api/v1/suspensions/a1", "account.last-owner" },
		{ "DELETE", ROLES "/a1.owner", "account.last-owner" }, { "DELETE", "/api/v1/credentials/c1", "credential.last" } };
	uint8_t key[32];
	char token[64];

	for (size_t i = 0; i < TW_COUNT(ends); i++) {
		CHECK_INT(tear_down(NULL), 0);
		CHECK_INT(set_up_owned(NULL), 0);
		make("bob", "owner");
		world_session(&w, token); /* hers, not his */
		check_as(NULL, ends[i].method, ends[i].target, NULL, 409, ends[i].rule);
		open_as(NULL, "a2", token);
		later(30 * MINUTE); /* it is over again */
		check_as(NULL, ends[i].method, ends[i].target, NULL, 409, ends[i].rule);
		check_as(NULL, "PUT", "/api/v1/suspensions/a2", NULL, 204, NULL); /* without him it is as before */
		check_as(NULL, "DELETE", "/api/v1/suspensions/a2", NULL, 204, NULL);
		if (i % 2)
			CHECK_INT(enrol_as(NULL, "a2", key), 201);
		else
			open_as(NULL, "a2", token);
		check_as(NULL, ends[i].method, ends[i].target, NULL, 204, NULL);
		CHECK(tw_unit_owned(w.unit));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_roles_that_cannot_be_judged), TEST(test_roles_that_count), TEST(test_reaching_without_memory),
	TEST(test_what_stays), TEST(test_others_while_no_owner_can_come_in), TEST(test_a_session_lives_no_longer_than_its_own_limit),
	TEST(test_until_when_something_is_given), TEST(test_a_greater_role_ends_what_a_lesser_one_put_there),
	TEST(test_an_owner_comes_to_no_more), TEST(test_what_is_put_there_through_another),
	TEST(test_a_key_of_anothers_begins_no_chain_anew), TEST(test_a_role_that_grows), TEST(test_who_put_it_there_and_went),
	TEST(test_conditions_are_handed_on), TEST(test_a_role_made_under_conditions), TEST(test_a_session_does_not_outlive_itself),
	TEST(test_too_many_hands), TEST(test_an_owner_who_cannot_come_in))

/* SPDX-License-Identifier: Apache-2.0 */
/* What accounts may do by their roles and when that ends: roles given and taken, sessions ended and counted, credentials, accounts that end. */
#include "one-world.h"

#include "device/rows-logical-access.h"

static void as_owner(const char *method, const char *target, const char *body, int want, const char *says)
{
	check_as(NULL, method, target, body, want, says);
}

static void make(const char *name, const char *kind, const char *role)
{
	char body[160], id[16];

	(void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"kind\":\"%s\"%s}", name, kind,
		strstr("temporary emergency supporting", kind) ? ",\"lifetime\":60" : "");
	as_owner("POST", "/api/v1/accounts", body, 201, NULL);
	world_text(&w, "account", id, sizeof id);
	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"role\":\"%s\"}", id, role);
	if (role)
		as_owner("POST", "/api/v1/role-assignments", body, 201, role);
}

static int count(const char *what)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 1 << 20, &j));
	return (int)json_array_size(json_object_get(j, what));
}

/* --- Roles --- */

/* An account without a role may next to nothing; a role adds what it holds, at the next request, and takes it away again. */
static void test_roles_are_what_counts(void **state)
{
	char token[64];

	make("bob", "person", NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/health", NULL, 200, NULL);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "gate.permission");
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"operator\"}", 201, "\"roles\":[\"operator\"]");
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	check_as(token, "GET", "/api/v1/log", NULL, 403, NULL);
	check_as(token, "POST", "/api/v1/accounts", "{\"name\":\"x\",\"kind\":\"person\"}", 403, NULL);
	CHECK(world_log_says(&w, "\"subject\":\"account:bob\""));
	CHECK(world_log_says(&w, "\"account\":\"a2\""));
	as_owner("DELETE", "/api/v1/role-assignments/a2.operator", NULL, 204, NULL);
	check_as(token, "GET", "/api/v1/identity", NULL, 401, NULL); /* and the session with it */
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, NULL);
	check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
}

/* Conditions are asked at each use. */
static void test_roles_under_conditions(void **state)
{
	char token[64];

	make("bob", "person", NULL);
	as_owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"operator\",\"conditions\":{\"until\":\"2030-03-17T17:48:00Z\",\"methods\":[\"code\"]}}",
		201, "\"until\":\"2030-03-17T17:48:00Z\"");
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	world_at(&w, WORLD_WALL + 80000, WORLD_BOOT + 80000);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, NULL);
	world_at(&w, 0, WORLD_BOOT + 80000); /* a clock that is not trusted opens nothing */
	check_as(token, "GET", "/api/v1/identity", NULL, 403, NULL);
	world_at(&w, WORLD_WALL, WORLD_BOOT);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	as_owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"operator\",\"conditions\":{\"methods\":[\"password\"]}}", 201, NULL);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, NULL);
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"operator\"}", 201, NULL);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
}

static void test_what_roles_are_refused(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
		const char *rule;
	} rows[] = {
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"nothing\"}", 400, "account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"local\"}", 400, "account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"anyone\"}", 400, "account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a9\",\"role\":\"user\"}", 404, "account.unknown" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a1\",\"role\":\"user\"}", 400, "account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"owner\"}", 400, "account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a4\",\"role\":\"owner\"}", 400, "account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\",\"conditions\":{\"factors\":2}}", 400,
			"account.role" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"user\",\"conditions\":{\"moon\":\"full\"}}",
			400, "account.role" },
		{ "POST", "/api/v1/role-assignments",
			"{\"account\":\"a2\",\"role\":\"user\",\"conditions\":{\"modes\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}}", 400,
			"account.role" },
		{ "DELETE", "/api/v1/role-assignments/a2.user", NULL, 404, "account.unknown" },
		{ "DELETE", "/api/v1/role-assignments/a2", NULL, 404, "account.unknown" },
		{ "DELETE", "/api/v1/role-assignments/a1.owner", NULL, 409, "account.last-owner" },
		{ "POST", "/api/v1/group-members", "{\"account\":\"a2\",\"group\":\"Night\"}", 400, "account.group" },
		{ "DELETE", "/api/v1/group-members/a2.night", NULL, 404, "account.unknown" },
		{ "PUT", "/api/v1/session-caps/role.nothing", "{\"most\":1}", 400, "session.cap" },
		{ "PUT", "/api/v1/session-caps/moon.full", "{\"most\":1}", 400, "session.cap" },
		{ "PUT", "/api/v1/session-caps/account.each", "{\"most\":9}", 200, "account.each" },
		{ "PUT", "/api/v1/session-caps/account", "{\"most\":1}", 400, "session.cap" },
		{ "PUT", "/api/v1/session-caps/account.b2", "{\"most\":1}", 400, "session.cap" },
		{ "PUT", "/api/v1/session-caps/group.Night", "{\"most\":1}", 400, "session.cap" },
		{ "DELETE", "/api/v1/session-caps/account", NULL, 400, "session.cap" },
		{ "DELETE", "/api/v1/session-caps/account890123456.each", NULL, 400, "session.cap" },
		{ "DELETE", "/api/v1/session-caps/group.a1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678",
			NULL, 400, "session.cap" },
		{ "PUT", "/api/v1/session-caps/account.each", "{\"most\":0}", 400, "path.input" },
		{ "DELETE", "/api/v1/sessions/0011223344556677", NULL, 404, "session.unknown" },
		{ "DELETE", "/api/v1/account-sessions/a9", NULL, 404, "account.unknown" },
		{ "POST", "/api/v1/credentials", "{\"account\":\"a2\",\"label\":\"x\",\"certificate\":\"y\"}", 400, "credential.certificate" },
		{ "DELETE", "/api/v1/credentials/c1", NULL, 409, "credential.last" },
		{ "DELETE", "/api/v1/credentials/c2", NULL, 404, "credential.unknown" },
		{ "DELETE", "/api/v1/credentials/x1", NULL, 404, "credential.unknown" },
		{ "DELETE", "/api/v1/credentials/c", NULL, 404, "credential.unknown" },
		{ "DELETE", "/api/v1/credentials/cx", NULL, 404, "credential.unknown" },
		{ "DELETE", "/api/v1/credentials/c01", NULL, 404, "credential.unknown" },
	};

	make("bob", "person", NULL);
	make("helper", "temporary", NULL);
	make("carl", "person", NULL);
	as_owner("PUT", "/api/v1/suspensions/a4", NULL, 204, NULL);
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		as_owner(rows[i].method, rows[i].target, rows[i].body, rows[i].status, rows[i].rule);
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"assignments\":[]");
}

/* Whoever has this token does not end the session of that one, and is told why. */
static void check_session_stays(const char *token, const char *of, const char *rule)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf target = { 0 };
	const struct tw_session *s = tw_access_session_of(&device()->context, tw_slice_of(of));

	CHECK(s != NULL);
	tw_buf_init(&target, tw_sys_real(), 64);
	CHECK_OK(tw_buf_text(&target, "/api/v1/sessions/"));
	CHECK_OK(tw_buf_hex(&target, s->hash, 8));
	check_as(token, "DELETE", tw_buf_cstr(&target), NULL, 403, rule);
	check_as(of, "GET", "/api/v1/health", NULL, 200, NULL);
}

/* An admin makes accounts; he makes nobody, himself neither, able to do what he may not. */
static void test_what_an_admin_may_not(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
		const char *rule;
	} rows[] = {
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"user\"}", 403, "account.self" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a4\",\"role\":\"auditor\"}", 403, "account.cover" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a4\",\"role\":\"owner\"}", 403, "account.owner" },
		{ "POST", "/api/v1/role-assignments", "{\"account\":\"a4\",\"role\":\"operator\"}", 201, NULL },
		{ "POST", "/api/v1/session-codes", "{\"account\":\"a4\"}", 201, NULL },
		{ "POST", "/api/v1/session-codes", NULL, 201, NULL },
		{ "POST", "/api/v1/session-codes", "{\"account\":\"a3\"}", 403, "account.cover" },
		{ "POST", "/api/v1/session-codes", "{\"account\":\"a1\"}", 403, "account.owner" },
		{ "PUT", "/api/v1/suspensions/a3", NULL, 403, "account.cover" },
		{ "DELETE", "/api/v1/suspensions/a3", NULL, 403, "account.cover" },
		{ "DELETE", "/api/v1/role-assignments/a3.auditor", NULL, 403, "account.cover" },
		{ "POST", "/api/v1/group-members", "{\"account\":\"a3\",\"group\":\"night\"}", 403, "account.cover" },
		{ "PUT", "/api/v1/accounts/a3", "{\"name\":\"x\"}", 403, "account.cover" },
		{ "DELETE", "/api/v1/accounts/a3", NULL, 403, "account.cover" },
		{ "DELETE", "/api/v1/account-sessions/a3", NULL, 403, "account.cover" },
		{ "PUT", "/api/v1/suspensions/a1", NULL, 403, "account.owner" },
		{ "PUT", "/api/v1/accounts/a1", "{\"name\":\"x\"}", 403, "account.owner" },
		{ "DELETE", "/api/v1/accounts/a1", NULL, 403, "account.owner" },
		{ "DELETE", "/api/v1/role-assignments/a1.owner", NULL, 403, "account.owner" },
		{ "DELETE", "/api/v1/account-sessions/a1", NULL, 403, "account.owner" },
		{ "DELETE", "/api/v1/credentials/c1", NULL, 403, "account.owner" },
		{ "DELETE", "/api/v1/role-assignments/a1.user", NULL, 403, "account.owner" }, /* nor is he told what the owner has */
		{ "DELETE", "/api/v1/group-members/a1.night", NULL, 403, "account.owner" },
		{ "DELETE", "/api/v1/group-members/a1.day", NULL, 403, "account.owner" },
		{ "PUT", "/api/v1/accounts/a1", "{\"name\":\"x \"}", 403, "account.owner" },
		{ "PUT", "/api/v1/accounts/a1", "{\"lifetime\":60}", 403, "account.owner" },
		{ "POST", "/api/v1/credentials", "{\"account\":\"a3\",\"label\":\"x\",\"certificate\":\"y\"}", 403, "account.cover" },
		{ "POST", "/api/v1/credentials", "{\"account\":\"a1\",\"label\":\"x\",\"certificate\":\"y\"}", 403, "account.owner" },
		{ "PUT", "/api/v1/suspensions/a5", NULL, 403, "account.cover" }, /* the first of his roles is more, if not the last */
		{ "POST", "/api/v1/session-codes", "{\"account\":\"a5\"}", 403, "account.cover" },
		{ "GET", "/api/v1/log", NULL, 403, "gate.permission" },
	};
	char token[64], auditor[64], owner[64];

	make("root", "person", "admin");
	make("eve", "person", "auditor");
	make("bob", "person", NULL);
	make("two", "person", "auditor");
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a5\",\"role\":\"operator\"}", 201, NULL);
	as_owner("POST", "/api/v1/group-members", "{\"account\":\"a1\",\"group\":\"day\"}", 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	CHECK_INT(open_for("a3", auditor), 201);
	world_session(&w, owner);
	check_session_stays(token, auditor, "account.cover");
	check_session_stays(token, owner, "account.owner");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(token, rows[i].method, rows[i].target, rows[i].body, rows[i].status, rows[i].rule);
	check_as(token, "GET", "/api/v1/accounts/a3", NULL, 200, "\"roles\":[\"auditor\"]");
}

/* What is bound to an end is not moved by who is bound by it. */
static void test_nobody_gives_himself_time(void **state)
{
	char token[64];

	make("fire", "emergency", "admin");
	make("helper", "temporary", NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "PUT", "/api/v1/accounts/a3", "{\"lifetime\":3600}", 200, NULL);
	check_as(token, "PUT", "/api/v1/accounts/a2", "{\"lifetime\":3600}", 403, "account.self");
	check_as(token, "PUT", "/api/v1/accounts/a2", "{\"name\":\"fire brigade\"}", 200, NULL);
	as_owner("PUT", "/api/v1/accounts/a2", "{\"lifetime\":3600}", 200, NULL);
}

/* Also while a condition keeps one of his roles from him he changes what is his own, and asks for a code of his own. */
static void test_ones_own_account(void **state)
{
	char token[64];

	make("bob", "person", "admin");
	as_owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"auditor\",\"conditions\":{\"from\":\"2100-01-01T00:00:00Z\"}}", 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "PUT", "/api/v1/accounts/a2", "{\"name\":\"robert\"}", 200, "robert");
	check_as(token, "POST", "/api/v1/session-codes", NULL, 201, NULL);
	check_as(token, "POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 403, "account.cover");
}

/* A role that is no more, as a product or release before may have left it, keeps no owner from the account. */
static void test_a_role_that_is_gone(void **state)
{
	make("bob", "person", NULL);
	CHECK_OK(tw_account_role_put(&device()->context, 2, "gone", NULL, "test"));
	as_owner("PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	as_owner("DELETE", "/api/v1/role-assignments/a2.gone", NULL, 204, NULL);
}

/* How a role's conditions stand in the store is not taken on trust: what cannot be read, or asked, does not hold. */
static void test_conditions_that_cannot_be_read(void **state)
{
	static const char *const texts[] = { "not JSON", "[]", "{\"moon\":\"full\"}", "{\"days\":[]}" };
	struct tw_subject s = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT, .account = "a2" };
	struct tw_context *c = &device()->context;

	make("bob", "person", "operator");
	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		CHECK_OK(tw_account_role_put(&device()->context, 2, "operator", texts[i], "test"));
		CHECK(c->known(c, &s) && !tw_role_set_has(&s.roles, tw_gate_role(c->gate, "operator")));
		CHECK(tw_role_set_has(&s.given, tw_gate_role(c->gate, "operator")));
	}
	CHECK_OK(tw_account_role_put(&device()->context, 2, "operator", "{}", "test"));
	CHECK(c->known(c, &s) && tw_role_set_has(&s.roles, tw_gate_role(c->gate, "operator")));
}

/* Counted for a condition are the sessions of the account that are not over. */
static void test_sessions_of_a_condition(void **state)
{
	char first[64], second[64], other[64];

	make("bob", "person", NULL);
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"operator\",\"conditions\":{\"sessions\":1}}",
		201, NULL);
	world_session(&w, other);
	world_session(&w, other);
	CHECK_INT(open_for("a2", first), 201);
	check_as(first, "GET", "/api/v1/identity", NULL, 200, NULL);
	later(20 * MINUTE);
	CHECK_INT(open_for("a2", second), 201);
	check_as(second, "GET", "/api/v1/identity", NULL, 403, NULL);
	later(30 * MINUTE); /* the first is over */
	check_as(second, "GET", "/api/v1/identity", NULL, 200, NULL);
}

/* A rule about a role concerns whoever was given it, also where its condition does not hold just now. */
static void test_a_rule_is_not_shed_by_a_condition(void **state)
{
	char token[64];

	make("bob", "person", "operator");
	as_owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"guest\",\"conditions\":{\"from\":\"2100-01-01T00:00:00Z\"}}", 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	as_owner("PUT", "/api/v1/rules/keep-out",
		"{\"effect\":\"deny\",\"permission\":\"identity.read\",\"role\":\"guest\",\"fact\":\"owner.present\",\"is\":\"equal\",\"value\":\"on\"}",
		201, NULL);
	check_as(token, "GET", "/api/v1/identity", NULL, 403, "gate.rule");
	as_owner("DELETE", "/api/v1/role-assignments/a2.guest", NULL, 204, NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
}

/* Whoever could reach an account that could do little does not reach the owner's that it becomes. */
static void test_an_owner_begins_anew(void **state)
{
	char token[64];

	make("bob", "person", NULL);
	CHECK_INT(open_for("a2", token), 201);
	CHECK_OK(tw_credential_put(
		device(), &(struct tw_new_credential){ 2, "planted", (const uint8_t[32]){ 7 }, "none" }, &(int64_t){ 0 }));
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\"}", 201, "\"roles\":[\"owner\"]");
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
	as_owner("GET", "/api/v1/credentials", NULL, 200, NULL);
	CHECK(!strstr(tw_unit_body(w.unit), "planted"));
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/log", NULL, 200, NULL);
}

static void test_owners_are_made_by_owners(void **state)
{
	char token[64];

	make("bob", "person", NULL);
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\",\"conditions\":{}}", 201, "owner");
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a1\",\"role\":\"owner\"}", 201, NULL); /* which changes nothing */
	as_owner("GET", "/api/v1/credentials", NULL, 200, "taken over with");
	CHECK_INT(device()->access->owners.count, 2);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/log", NULL, 200, NULL);
	check_as(token, "DELETE", "/api/v1/role-assignments/a1.owner", NULL, 204, NULL);
	CHECK_INT(device()->access->owners.count, 1);
	as_owner("GET", "/api/v1/accounts", NULL, 403, NULL); /* her key is her account's still, which has no role any more */
	check_as(token, "DELETE", "/api/v1/role-assignments/a2.owner", NULL, 409, "account.last-owner");
	CHECK_OK(tw_account_role_put(&device()->context, 2, "user", NULL, "test"));
	check_as(token, "DELETE", "/api/v1/role-assignments/a2.user", NULL, 204, NULL); /* another of his he may lose */
}

static void test_an_account_has_so_many(void **state)
{
	static const char *const roles[] = { "admin", "auditor", "operator", "user", "guest", "emergency", "supporting-party" };
	char body[96];

	make("bob", "person", NULL);
	for (size_t i = 0; i < TW_COUNT(roles); i++) {
		(void)snprintf(body, sizeof body, "{\"account\":\"a2\",\"role\":\"%s\",\"lifetime\":60}", roles[i]);
		as_owner("POST", "/api/v1/role-assignments", body, 201, NULL);
		as_owner("POST", "/api/v1/role-assignments", body, 201, NULL);
	}
	for (int i = 0; i <= TW_ACCOUNT_GROUPS_MAX; i++) {
		(void)snprintf(body, sizeof body, "{\"account\":\"a2\",\"group\":\"g%d\"}", i);
		as_owner("POST", "/api/v1/group-members", body, i < TW_ACCOUNT_GROUPS_MAX ? 201 : 409,
			i < TW_ACCOUNT_GROUPS_MAX ? "g0" : "account.groups");
	}
	as_owner("DELETE", "/api/v1/group-members/a2.g3", NULL, 204, NULL);
	as_owner("POST", "/api/v1/group-members", "{\"account\":\"a2\",\"group\":\"g8\"}", 201, "g8");
	as_owner("POST", "/api/v1/group-members", "{\"account\":\"a2\",\"group\":\"g8\"}", 201, "g8"); /* it is in it already */
}

/* What goes on after its request, a task, is asked for again. */
static void test_accounts_are_known_by_their_id(void **state)
{
	struct tw_context *c = &device()->context;
	struct tw_subject s = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ACCOUNT, .account = "a2" };

	make("bob", "person", "operator");
	CHECK(c->known(c, &s));
	CHECK(tw_role_set_has(&s.roles, tw_gate_role(c->gate, "operator")));
	as_owner("DELETE", "/api/v1/role-assignments/a2.operator", NULL, 204, NULL);
	CHECK(c->known(c, &s));
	CHECK(!tw_role_set_has(&s.roles, tw_gate_role(c->gate, "operator")));
	as_owner("PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	CHECK(!c->known(c, &s));
	as_owner("DELETE", "/api/v1/suspensions/a2", NULL, 204, NULL);
	CHECK(c->known(c, &s));
	as_owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"owner\"}", 201, NULL);
	CHECK(!c->known(c, &s)); /* an owner now, and what went on was asked for by somebody who was none */
	(void)snprintf(s.account, sizeof s.account, "a7");
	CHECK(!c->known(c, &s));
	s.account[0] = '\0';
	CHECK(!c->known(c, &s));
}

/* --- Sessions --- */

static void test_sessions_are_listed_and_ended(void **state)
{
	char bob[2][64], own[64], id[24], target[96];

	make("bob", "person", "user");
	CHECK_INT(open_for("a2", bob[0]), 201);
	CHECK_INT(open_for("a2", bob[1]), 201);
	world_session(&w, own);
	later(5000);
	as_owner("GET", "/api/v1/sessions", NULL, 200,
		"\"account\":\"a2\",\"ends_in_s\":1795,\"how\":\"code\",\"idle_s\":5,\"name\":\"bob\"");
	CHECK_INT(count("sessions"), 3);
	check_as(own, "GET", "/api/v1/sessions?limit=2", NULL, 200, "\"next\"");
	check_as(own, "GET", "/api/v1/sessions", NULL, 200, "\"own\":true");
	const char *at = strstr(tw_unit_body(w.unit), "\"session\":\"");
	(void)snprintf(id, sizeof id, "%.16s", at + 11);
	(void)snprintf(target, sizeof target, "/api/v1/sessions/%s", id);
	as_owner("DELETE", target, NULL, 204, NULL);
	check_as(bob[0], "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(bob[1], "GET", "/api/v1/health", NULL, 200, NULL);
	as_owner("DELETE", target, NULL, 404, NULL);
	as_owner("DELETE", "/api/v1/account-sessions/a2", NULL, 204, NULL);
	check_as(bob[1], "GET", "/api/v1/health", NULL, 401, NULL);
	check_as(own, "GET", "/api/v1/sessions", NULL, 200, "\"own\":true");
	CHECK_INT(count("sessions"), 1);
	as_owner("GET", "/api/v1/sessions", NULL, 200, "\"own\":false");
	CHECK_INT(open_for("a2", bob[0]), 201);
	as_owner("GET", "/api/v1/sessions", NULL, 200, NULL);
	at = strstr(tw_unit_body(w.unit), "\"account\":\"a2\"");
	at = at ? strstr(at, "\"session\":\"") : NULL;
	CHECK(at != NULL);
	(void)snprintf(target, sizeof target, "/api/v1/sessions/%.16s", at + 11);
	later(40 * MINUTE); /* all are over, and none was swept away yet */
	as_owner("GET", "/api/v1/sessions", NULL, 200, NULL);
	CHECK_INT(count("sessions"), 0);
	as_owner("DELETE", target, NULL, 404, "session.unknown");
	world_start(&w);
	check_as(bob[1], "GET", "/api/v1/health", NULL, 401, NULL);
}

static void test_suspended_means_at_once(void **state)
{
	char token[64], body[64], code[16];

	make("bob", "person", "user");
	CHECK_INT(open_for("a2", token), 201);
	as_owner("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 201, NULL);
	world_text(&w, "code", code, sizeof code);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	as_owner("PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
	CHECK_INT(world_open(&w, body), 403);
	as_owner("DELETE", "/api/v1/suspensions/a2", NULL, 204, NULL);
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
	CHECK_INT(open_for("a2", token), 201);
	as_owner("DELETE", "/api/v1/accounts/a2", NULL, 204, NULL);
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
}

/* Whose account the store does not have is nobody; whose account it cannot tell is not called a stranger. */
static void test_an_account_that_the_store_lost(void **state)
{
	char token[64];

	make("bob", "person", "user");
	CHECK_INT(open_for("a2", token), 201);
	CHECK_OK(tw_store_run(device()->context.store, "ALTER TABLE account RENAME TO hidden", NULL, 0, NULL, NULL));
	check_as(token, "GET", "/api/v1/health", NULL, 500, NULL);
	CHECK_OK(tw_store_run(device()->context.store, "ALTER TABLE hidden RENAME TO account", NULL, 0, NULL, NULL));
	check_as(token, "GET", "/api/v1/health", NULL, 200, NULL);
	CHECK_OK(tw_store_run(device()->context.store, "DELETE FROM account WHERE id = 2", NULL, 0, NULL, NULL));
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
}

/* A code that waits opens nothing once the account's time is up, before the job has removed it too. */
static void test_a_code_of_an_account_that_ended(void **state)
{
	char code[16], body[64];

	make("helper", "temporary", "user");
	as_owner("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 201, NULL);
	world_text(&w, "code", code, sizeof code);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	later(60000);
	CHECK_INT(world_open(&w, body), 403);
	CHECK(strstr(tw_unit_body(w.unit), "access.code"));
}

static void set_cap(const char *cap, int most)
{
	char target[96], body[32];

	(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", cap);
	(void)snprintf(body, sizeof body, "{\"most\":%d}", most);
	as_owner("PUT", target, body, 200, cap);
}

/* The next one is refused, by a rule that says which cap; an end makes room; another account is not concerned. */
static void test_sessions_are_counted(void **state)
{
	static const struct {
		const char *cap, *rule;
	} rows[] = { { "account.each", "LA.LDU.2.1" }, { "account.a2", "LA.LDU.2.1" }, { "role.operator", "LA.LDU.2.2" },
		{ "group.night", "LA.LDU.2.3" } };
	char token[64], other[64], target[96];

	make("bob", "person", "operator");
	make("carol", "person", "user");
	as_owner("POST", "/api/v1/group-members", "{\"account\":\"a2\",\"group\":\"night\"}", 201, NULL);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		later((int64_t)i * MINUTE);
		set_cap(rows[i].cap, 2);
		CHECK_INT(open_for("a2", token), 201);
		CHECK_INT(open_for("a2", token), 201);
		CHECK_INT(open_for("a2", other), 409);
		CHECK(strstr(tw_unit_body(w.unit), rows[i].rule));
		CHECK(world_log_says(&w, rows[i].rule));
		CHECK_INT(open_for("a3", other), 201);
		check_as(token, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
		CHECK_INT(open_for("a2", token), 201);
		as_owner("DELETE", "/api/v1/account-sessions/a2", NULL, 204, NULL);
		as_owner("DELETE", "/api/v1/account-sessions/a3", NULL, 204, NULL);
		(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", rows[i].cap);
		as_owner("GET", "/api/v1/session-caps", NULL, 200, rows[i].cap);
		CHECK_INT(count("caps"), 1);
		as_owner("DELETE", target, NULL, 204, NULL);
	}
}

static void test_so_many_caps(void **state)
{
	CHECK_OK(tw_store_run(device()->context.store,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 63) INSERT INTO session_cap SELECT 'group', 'g' || i, 9, 1 FROM n",
		NULL, 0, NULL, NULL));
	set_cap("group.the-last", 1);
	as_owner("PUT", "/api/v1/session-caps/group.one-more", "{\"most\":1}", 409, "session.caps");
}

/* Of a role and of a group, whoever has it counts; an account's own cap goes before that of each. */
static void test_who_is_counted_together(void **state)
{
	char token[64];

	make("bob", "person", "operator");
	make("carol", "person", "operator");
	set_cap("role.operator", 1);
	CHECK_INT(open_for("a2", token), 201);
	CHECK_INT(open_for("a3", token), 409);
	later(31 * MINUTE); /* the first is over, and counts no more */
	CHECK_INT(open_for("a3", token), 201);
	as_owner("DELETE", "/api/v1/session-caps/role.operator", NULL, 204, NULL);
	set_cap("account.each", 1);
	set_cap("account.a3", 2);
	CHECK_INT(open_for("a3", token), 201);
	for (int i = 0; i < 6; i++) /* a good code is no guess: whoever has one is not kept waiting */
		CHECK_INT(open_for("a3", token), 409);
	CHECK_INT(open_for("a2", token), 201);
	CHECK_INT(open_for("a2", token), 409);
}

/* --- Credentials --- */

static int asks_with(const uint8_t key[32])
{
	struct tw_context *c = &device()->context;
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true };

	memcpy(rq.client_key, key, 32);
	tw_err e = c->authenticate(c, &rq);
	return tw_failed(e) ? -1 : (int)rq.subject.kind;
}

static void enrol(const char *account, const char *label, const struct tw_cert_want *want, int status, uint8_t ret[32])
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, body = { 0 };

	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	CHECK_OK(tw_cert_make(tw_sys_real(), want, key, NULL, key, &cert));
	CHECK_OK(tw_cert_fingerprint(cert, ret));
	tw_buf_init(&pem, tw_sys_real(), 8192);
	tw_buf_init(&body, tw_sys_real(), 8192);
	CHECK_OK(tw_cert_pem(cert, &pem));
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s, s:s, s:s}", "account", account, "label", label, "certificate", tw_buf_cstr(&pem));
	CHECK_OK(tw_json_write(j, &body));
	as_owner("POST", "/api/v1/credentials", tw_buf_cstr(&body), status, NULL);
	if (status == 201)
		as_owner("POST", "/api/v1/credentials", tw_buf_cstr(&body), 409, "credential.exists");
}

static void test_certificates_of_accounts(void **state)
{
	const struct tw_cert_want want = { .common_name = "laptop", .not_before_ms = WORLD_WALL, .not_after_ms = WORLD_WALL + 3600000 };
	uint8_t bob[32], second[32];

	make("bob", "person", "user");
	enrol("a2", "laptop", &want, 201, bob);
	CHECK_INT(asks_with(bob), TW_SUBJECT_ACCOUNT);
	as_owner("GET", "/api/v1/credentials", NULL, 200, "\"label\":\"laptop\"");
	CHECK_INT(count("credentials"), 2);
	enrol("a1", "desk", &want, 201, second);
	CHECK_INT(asks_with(second), TW_SUBJECT_OWNER); /* also by one that memory does not hold */
	as_owner("PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	CHECK_INT(asks_with(bob), -1);
	as_owner("DELETE", "/api/v1/suspensions/a2", NULL, 204, NULL);
	CHECK_INT(asks_with(bob), TW_SUBJECT_ACCOUNT);
	as_owner("DELETE", "/api/v1/credentials/c2", NULL, 204, NULL);
	CHECK_INT(asks_with(bob), TW_SUBJECT_ANYONE);
	as_owner("DELETE", "/api/v1/credentials/c1", NULL, 204, NULL); /* the key that she took it over with: she has another */
	as_owner("GET", "/api/v1/credentials", NULL, 401, NULL);
	CHECK_INT(asks_with(second), TW_SUBJECT_OWNER);
	world_start(&w);
	CHECK_INT(asks_with(second), TW_SUBJECT_OWNER);
}

static void test_an_account_has_so_many_certificates(void **state)
{
	const struct tw_cert_want want = { .common_name = "laptop", .not_before_ms = WORLD_WALL, .not_after_ms = WORLD_WALL + 3600000 };
	uint8_t key[32];

	make("bob", "person", "user");
	for (int i = 0; i < 8; i++)
		enrol("a2", "laptop", &want, 201, key);
	enrol("a2", "one more", &want, 409, key);
	CHECK(strstr(tw_unit_body(w.unit), "credential.limit"));
	enrol("a2", " no label", &want, 400, key);
}

/* --- Accounts that end --- */

static void run_job(void)
{
	CHECK_OK(tw_access_job_accounts(&device()->context));
}

static void test_they_are_removed_in_time(void **state)
{
	char token[64];

	CHECK_INT(tw_access_accounts_due_ms(&device()->context), -1);
	make("fire", "emergency", "emergency");
	make("helper", "supporting", "supporting-party");
	CHECK_INT(open_for("a2", token), 201);
	CHECK_INT(tw_access_accounts_due_ms(&device()->context), 60000);
	later(59000);
	run_job();
	CHECK_INT(tw_access_accounts_due_ms(&device()->context), 1000);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	later(60000);
	CHECK_INT(tw_access_accounts_due_ms(&device()->context), 0);
	check_as(token, "GET", "/api/v1/identity", NULL, 401, NULL); /* also before the job */
	CHECK_OK(tw_store_run(device()->context.store,
		"CREATE TRIGGER no BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'no'); END", NULL, 0, NULL, NULL));
	CHECK(tw_failed(tw_access_job_accounts(&device()->context)));
	CHECK_INT(tw_access_accounts_due_ms(&device()->context), 60000); /* not again and again at once */
	CHECK_OK(tw_store_run(device()->context.store, "DROP TRIGGER no", NULL, 0, NULL, NULL));
	run_job();
	CHECK_INT(tw_access_accounts_due_ms(&device()->context), -1);
	as_owner("GET", "/api/v1/accounts/a2", NULL, 404, NULL);
	as_owner("GET", "/api/v1/accounts/a3", NULL, 404, NULL);
	as_owner("GET", "/api/v1/accounts/a1", NULL, 200, NULL);
	CHECK(world_log_says(&w, "removed, for its time was up"));
	CHECK(world_log_says(&w, "\"by\":\"the device\""));
}

/* However the wall clock stands, before, behind or jumping, in this boot it has no part in it. */
static void test_clocks_that_are_wrong(void **state)
{
	static const int64_t walls[] = { 0, WORLD_WALL - 315360000000, WORLD_WALL + 946080000000, INT64_MAX, -1 };
	char token[64];

	for (size_t i = 0; i < TW_COUNT(walls); i++) {
		make("fire", "emergency", "emergency");
		char id[8];
		(void)snprintf(id, sizeof id, "a%zu", i + 2);
		CHECK_INT(open_for(id, token), 201);
		world_at(&w, walls[i], WORLD_BOOT + 59999);
		run_job();
		check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
		world_at(&w, walls[i], WORLD_BOOT + 60000);
		run_job();
		check_as(token, "GET", "/api/v1/identity", NULL, 401, NULL);
		world_at(&w, WORLD_WALL, WORLD_BOOT);
		char target[40];
		(void)snprintf(target, sizeof target, "/api/v1/accounts/%s", id);
		as_owner("GET", target, NULL, 404, NULL);
	}
}

/* In another boot it waits for a clock that is trusted, and until then nobody comes in with it. */
static void test_the_job_in_another_boot(void **state)
{
	make("fire", "emergency", "emergency");
	tw_unit_boot(9);
	world_start(&w);
	world_at(&w, 0, WORLD_BOOT);
	run_job();
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"expired\"");
	as_owner("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 409, "account.state");
	world_at(&w, WORLD_WALL + 30000, WORLD_BOOT);
	run_job();
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"active\"");
	world_at(&w, WORLD_WALL + 60000, WORLD_BOOT);
	run_job();
	as_owner("GET", "/api/v1/accounts/a2", NULL, 404, NULL);
	tw_unit_boot(0);
}

#define DAY (86400000LL)

static void test_whoever_does_not_come_is_disabled(void **state)
{
	char token[64];

	make("bob", "person", "user");
	make("carol", "person", "user");
	make("dave", "person", "user");
	as_owner("PUT", "/api/v1/suspensions/a4", NULL, 204, NULL);
	world_at(&w, WORLD_WALL + 89 * DAY, WORLD_BOOT);
	CHECK_INT(open_for("a3", token), 201);
	world_at(&w, WORLD_WALL + 90 * DAY - 1, WORLD_BOOT);
	run_job();
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"active\"");
	world_at(&w, WORLD_WALL + 90 * DAY, WORLD_BOOT);
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"disabled\""); /* at that moment */
	as_owner("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 409, NULL);
	run_job();
	CHECK(world_log_says(&w, "disabled, for nobody used it"));
	run_job(); /* which has nothing to do: told once */
	CHECK(world_log_says(&w, "disabled, for nobody used it"));
	const char *told = strstr(tw_unit_body(w.unit), "disabled, for nobody used it");
	CHECK(!strstr(told + 1, "disabled, for nobody used it"));
	as_owner("GET", "/api/v1/accounts/a4", NULL, 200, "\"state\":\"suspended\""); /* somebody's decision stays his */
	world_at(&w, WORLD_WALL, WORLD_BOOT);
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"disabled\""); /* and for good */
	as_owner("GET", "/api/v1/accounts/a3", NULL, 200, "\"state\":\"active\"");
	as_owner("GET", "/api/v1/accounts/a1", NULL, 200, "\"state\":\"active\""); /* owners are spared */
	as_owner("DELETE", "/api/v1/suspensions/a2", NULL, 204, NULL);
	CHECK_INT(open_for("a2", token), 201);
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE account SET active_ms = 0 WHERE id = 3", NULL, 0, NULL, NULL));
	as_owner("GET", "/api/v1/accounts/a3", NULL, 200, "\"state\":\"disabled\"");
	tw_unit_boot(9);
	world_start(&w);
	world_at(&w, 0, WORLD_BOOT);
	CHECK(!tw_time_trusted(&device()->time));
	as_owner("GET", "/api/v1/accounts/a3", NULL, 200, "\"state\":\"active\""); /* a clock that is not trusted disables nobody */
	tw_unit_boot(0);
}

/* Whoever comes oftener than every so many seconds stays, however few they are; at most hourly where they are many. */
static void test_in_use_is_not_disabled(void **state)
{
	char token[64];

	make("bob", "person", "user");
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/logical-access.inactive", "\"0\"", "{\"value\":\"8\"}"), 200);
	CHECK_INT(open_for("a2", token), 201);
	for (int s = 1; s <= 15; s += 7) {
		world_at(&w, WORLD_WALL + s * 1000 + 999, WORLD_BOOT);
		check_as(token, "GET", "/api/v1/health", NULL, 200, NULL);
		world_at(&w, WORLD_WALL + (s + 1) * 1000, WORLD_BOOT);
		check_as(token, "GET", "/api/v1/health", NULL, 200, NULL);
	}
	world_at(&w, WORLD_WALL + 24000, WORLD_BOOT);
	check_as(token, "GET", "/api/v1/health", NULL, 401, NULL);
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"disabled\"");
}

static tw_err take_time(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* When bob was last seen, as it is kept, once he has asked something this long behind his login. */
static int64_t seen_after(const char *token, int64_t ms)
{
	int64_t seen = 0;

	world_at(&w, WORLD_WALL + ms, WORLD_BOOT);
	check_as(token, "GET", "/api/v1/health", NULL, 200, NULL);
	CHECK_OK(tw_store_run(device()->context.store, "SELECT active_ms FROM account WHERE id = 2", NULL, 0, take_time, &seen));
	return seen - WORLD_WALL;
}

/* Written down hourly, whether accounts are ever disabled or not; and not at each request. */
static void test_use_is_noted_hourly(void **state)
{
	static const char *const days[] = { "7776000", "0" };
	char token[64], version[8], body[32];

	for (size_t i = 0; i < TW_COUNT(days); i++) {
		world_at(&w, WORLD_WALL, WORLD_BOOT);
		if (i == 0)
			make("bob", "person", "user");
		(void)snprintf(version, sizeof version, "\"%zu\"", i);
		(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", days[i]);
		CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/logical-access.inactive", version, body), 200);
		CHECK_INT(open_for("a2", token), 201);
		CHECK_INT(seen_after(token, 3599999), 0);
		CHECK_INT(seen_after(token, 3600000), 3600000);
	}
}

static void test_never_disabled(void **state)
{
	make("bob", "person", "user");
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/logical-access.inactive", "\"0\"", "{\"value\":\"0\"}"), 200);
	world_at(&w, WORLD_WALL + 9000 * DAY, WORLD_BOOT);
	run_job();
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"active\"");
	world_start(&w);
	as_owner("GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"active\"");
}

/* More at a time than one round takes. */
static void test_many_end(void **state)
{
	CHECK_OK(tw_store_run(device()->context.store,
		"WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 101) INSERT INTO account (name, folded, kind, state, made_ms, "
		"made_by, active_ms, ends_ms) SELECT 'n' || i, 'n' || i, 'temporary', 'active', 0, 'x', 0, 1 FROM n",
		NULL, 0, NULL, NULL));
	run_job();
	as_owner("GET", "/api/v1/accounts", NULL, 200, NULL);
	CHECK_INT(count("accounts"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_roles_are_what_counts), TEST(test_roles_under_conditions), TEST(test_what_roles_are_refused),
	TEST(test_what_an_admin_may_not), TEST(test_nobody_gives_himself_time), TEST(test_ones_own_account),
	TEST(test_a_role_that_is_gone), TEST(test_conditions_that_cannot_be_read), TEST(test_sessions_of_a_condition),
	TEST(test_a_rule_is_not_shed_by_a_condition), TEST(test_an_owner_begins_anew), TEST(test_owners_are_made_by_owners),
	TEST(test_an_account_has_so_many), TEST(test_accounts_are_known_by_their_id), TEST(test_sessions_are_listed_and_ended),
	TEST(test_suspended_means_at_once), TEST(test_an_account_that_the_store_lost), TEST(test_a_code_of_an_account_that_ended),
	TEST(test_so_many_caps), TEST(test_sessions_are_counted), TEST(test_who_is_counted_together),
	TEST(test_certificates_of_accounts), TEST(test_an_account_has_so_many_certificates), TEST(test_they_are_removed_in_time),
	TEST(test_clocks_that_are_wrong), TEST(test_the_job_in_another_boot), TEST(test_whoever_does_not_come_is_disabled),
	TEST(test_in_use_is_not_disabled), TEST(test_use_is_noted_hourly), TEST(test_never_disabled), TEST(test_many_end))

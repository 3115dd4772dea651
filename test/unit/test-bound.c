/* SPDX-License-Identifier: Apache-2.0 */
/* What others say does not bind an owner: rules and caps. And what a cap counts: inherited roles, what came later, a lower one at once. */
#include "as.h"

#define SESSIONS_OF "/api/v1/account-sessions/"

static void cap_as(const char *token, const char *cap, int most, int want, const char *says)
{
	char target[96], body[32];

	(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", cap);
	(void)snprintf(body, sizeof body, "{\"most\":%d}", most);
	check_as(token, "PUT", target, body, want, says);
}

static void refused(const char *id, const char *rule)
{
	char body[64];

	code_as(NULL, id, body);
	CHECK_INT(world_open(&w, body), 409);
	if (!strstr(tw_unit_body(w.unit), rule))
		fail_msg("no %s in %s", rule, tw_unit_body(w.unit));
}

static bool lives(const char *token)
{
	return tw_unit_request_as(w.unit, token, "GET", "/api/v1/health", NULL) == 200;
}

/* The same without using it. */
static bool stands(const char *token)
{
	return tw_access_session_of(&device()->context, tw_slice_of(token)) != NULL;
}

static void join(const char *id, const char *group)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"group\":\"%s\"}", id, group);
	check_as(NULL, "POST", "/api/v1/group-members", body, 201, NULL);
}

/* --- Rules --- */

#define RULE(name) "/api/v1/rules/" name
#define LOCK "{\"effect\":\"deny\",\"permission\":\"%s\",\"fact\":\"owner.present\",\"is\":\"equal\",\"value\":\"on\"}"

static void rule_as(const char *token, const char *permission, int want, const char *says)
{
	char body[160];

	(void)snprintf(body, sizeof body, LOCK, permission);
	check_as(token, "PUT", RULE("lock"), body, want, says);
}

static void test_a_rule_of_an_admins_spares_owners(void **state)
{
	char admin[64], own[64];

	make("root", "admin");
	open_as(NULL, "a2", admin);
	world_session(&w, own);
	rule_as(admin, "settings.read", 201, "\"owners\":false");
	check_as(admin, "GET", "/api/v1/settings", NULL, 403, "gate.rule");
	check_as(NULL, "GET", "/api/v1/settings", NULL, 200, NULL);
	check_as(own, "GET", "/api/v1/settings", NULL, 200, NULL);
	check_as(NULL, "GET", "/api/v1/rules", NULL, 200, "\"owners\":false");
	world_start(&w);
	check_as(NULL, "GET", "/api/v1/settings", NULL, 200, NULL);
	check_as(admin, "GET", "/api/v1/settings", NULL, 403, "gate.rule");
	rule_as(NULL, "settings.read", 200, "\"owners\":true"); /* hers stands before her too */
	check_as(NULL, "GET", "/api/v1/settings", NULL, 403, "gate.rule");
	rule_as(admin, "log.read", 403, "rights.owner");
	rule_as(admin, "no.such", 403, "rights.owner"); /* nor is he told what else is wrong with it */
	check_as(admin, "DELETE", RULE("lock"), NULL, 403, "rights.owner");
	check_as(NULL, "GET", "/api/v1/settings", NULL, 403, "gate.rule");
	check_as(NULL, "DELETE", RULE("lock"), NULL, 204, NULL);
	check_as(NULL, "GET", "/api/v1/settings", NULL, 200, NULL);
	rule_as(admin, "settings.read", 201, NULL);
	check_as(admin, "DELETE", RULE("lock"), NULL, 204, NULL); /* his own he removes */
}

/* --- Caps --- */

static void test_a_cap_of_an_admins_spares_owners(void **state)
{
	char admin[64], own[3][64];

	make("root", "admin");
	join("a1", "night");
	open_as(NULL, "a2", admin);
	cap_as(admin, "account.each", 1, 200, "\"owners\":false");
	cap_as(admin, "group.night", 1, 200, NULL);
	cap_as(admin, "role.owner", 1, 403, "session.cap-owner");
	cap_as(admin, "account.a1", 1, 403, "session.cap-owner");
	for (size_t i = 0; i < 3; i++)
		world_session(&w, own[i]);
	refused("a2", "LA.LDU.2.1");
	cap_as(NULL, "account.each", 2, 200, "\"owners\":true");
	check_as(admin, "GET", "/api/v1/session-caps", NULL, 200,
		"{\"cap\":\"account.each\",\"most\":2,\"owners\":true},{\"cap\":\"group.night\",\"most\":1,\"owners\":false}");
	CHECK_INT(lives(own[0]) + lives(own[1]) + lives(own[2]), 2);
	refused("a1", "LA.LDU.2.1");
	cap_as(admin, "account.each", 9, 403, "session.cap-owner");
	check_as(admin, "DELETE", "/api/v1/session-caps/account.each", NULL, 403, "session.cap-owner");
	cap_as(NULL, "role.owner", 1, 200, NULL);
	refused("a1", "LA.LDU.2.");
	check_as(NULL, "DELETE", "/api/v1/session-caps/account.each", NULL, 204, NULL);
	refused("a1", "LA.LDU.2.2");
	check_as(admin, "DELETE", "/api/v1/session-caps/group.night", NULL, 204, NULL);
}

/* Whoever holds a role by inheriting it counts with those who have it by name; an owner holds all, and counts as an owner. */
static void test_inherited_roles_count(void **state)
{
	char token[64];

	make("root", "admin");
	make("bob", "operator");
	make("eve", "auditor");
	cap_as(NULL, "role.operator", 1, 200, NULL);
	open_as(NULL, "a2", token);
	refused("a3", "LA.LDU.2.2");
	open_as(NULL, "a4", token);
	world_session(&w, token);
	cap_as(NULL, "role.admin", 1, 200, NULL);
	world_session(&w, token);
	refused("a2", "LA.LDU.2.2");
}

/* A role or a group that comes after the session counts too: where it is full, the session ends. */
static void test_what_comes_after_the_session(void **state)
{
	char bob[64], carol[64];

	make("bob", "operator");
	make("carol", "guest");
	open_as(NULL, "a2", bob);
	open_as(NULL, "a3", carol);
	cap_as(NULL, "role.operator", 2, 200, NULL);
	give("a3", "operator");
	CHECK(lives(bob) && lives(carol));
	check_as(NULL, "DELETE", ROLES "/a3.operator", NULL, 204, NULL);
	open_as(NULL, "a3", carol);
	cap_as(NULL, "role.operator", 1, 200, NULL);
	give("a3", "operator");
	CHECK(lives(bob) && !lives(carol));
	refused("a3", "LA.LDU.2.2");
	check_as(NULL, "DELETE", "/api/v1/session-caps/role.operator", NULL, 204, NULL);
	open_as(NULL, "a3", carol);
	cap_as(NULL, "group.night", 1, 200, NULL);
	join("a2", "night");
	CHECK(lives(bob));
	join("a3", "night");
	CHECK(lives(bob) && !lives(carol));
	world_start(&w);
	CHECK(lives(bob) && !lives(carol));
}

/* A lower cap counts at once: those that would end first end, and say so; who sets it keeps his own. */
static void test_a_lower_cap(void **state)
{
	char bob[3][64], carol[64], own[2][64];

	make("bob", "operator");
	make("carol", "operator");
	for (size_t i = 0; i < 3; i++) {
		later((int64_t)i * MINUTE);
		open_as(NULL, "a2", bob[i]);
	}
	open_as(NULL, "a3", carol);
	cap_as(NULL, "account.each", 3, 200, NULL);
	CHECK(lives(bob[0]) && lives(bob[1]) && lives(bob[2]));
	later(3 * MINUTE);
	CHECK(lives(bob[0])); /* used last, so it would end last but for its limit */
	cap_as(NULL, "account.each", 1, 200, NULL);
	CHECK_INT(lives(bob[0]) + lives(bob[1]) + lives(bob[2]), 1);
	CHECK(lives(carol)); /* each for itself */
	CHECK(world_log_says(&w, "\"event\":\"session.ended\""));
	check_as(NULL, "DELETE", "/api/v1/session-caps/account.each", NULL, 204, NULL);
	cap_as(NULL, "role.operator", 1, 200, NULL);
	CHECK_INT(lives(bob[0]) + lives(bob[1]) + lives(bob[2]) + lives(carol), 1);
	later(4 * MINUTE);
	world_session(&w, own[0]);
	later(5 * MINUTE);
	world_session(&w, own[1]);
	cap_as(own[0], "account.a1", 1, 200, NULL);
	CHECK(lives(own[0]) && !lives(own[1]));
	world_start(&w);
	CHECK(lives(own[0]) && !lives(own[1]));
}

/* By a cap nobody ends sessions that he may not end by themselves. */
static void test_a_lower_cap_by_an_admin(void **state)
{
	char admin[64], eve[2][64], bob[2][64];

	make("root", "admin");
	make("eve", "auditor");
	make("bob", "operator");
	open_as(NULL, "a2", admin);
	for (size_t i = 0; i < 2; i++) {
		open_as(NULL, "a3", eve[i]);
		open_as(NULL, "a4", bob[i]);
	}
	cap_as(admin, "account.each", 1, 200, NULL);
	CHECK(lives(eve[0]) && lives(eve[1]));
	CHECK_INT(lives(bob[0]) + lives(bob[1]), 1);
	refused("a3", "LA.LDU.2.1"); /* the next one is */
}

/* Of the cap and the sessions that end with it all is done or nothing. */
static void test_a_store_that_refuses(void **state)
{
#define REFUSES(what) "CREATE TRIGGER no BEFORE " what " BEGIN SELECT RAISE(ABORT, 'no'); END"
	static const char *const refuse[] = { REFUSES("INSERT ON session_cap"), REFUSES("DELETE ON session") };
	char bob[2][64];

	make("bob", "operator");
	open_as(NULL, "a2", bob[0]);
	open_as(NULL, "a2", bob[1]);
	for (size_t i = 0; i < TW_COUNT(refuse); i++) {
		CHECK_OK(tw_store_run(device()->context.store, refuse[i], NULL, 0, NULL, NULL));
		cap_as(NULL, "account.each", 1, 500, NULL);
		CHECK_OK(tw_store_run(device()->context.store, "DROP TRIGGER no", NULL, 0, NULL, NULL));
		CHECK(lives(bob[0]) && lives(bob[1]));
		check_as(NULL, "GET", "/api/v1/session-caps", NULL, 200, "\"caps\":[]");
	}
	world_start(&w);
	CHECK(lives(bob[0]) && lives(bob[1]));
}

/* As many as there may be; one that is there is set again. What a store has beyond them does not count. */
static void test_so_many_caps(void **state)
{
	char cap[32], token[64];

	for (int i = 0; i < 64; i++) {
		(void)snprintf(cap, sizeof cap, "group.g%d", i);
		cap_as(NULL, cap, 1, 200, NULL);
	}
	cap_as(NULL, "group.more", 1, 409, "session.caps");
	cap_as(NULL, "group.g7", 2, 200, NULL);
	make("bob", "operator");
	CHECK_OK(tw_store_run(device()->context.store, "INSERT INTO session_cap VALUES ('role', 'operator', 1, 1)", NULL, 0, NULL, NULL));
	open_as(NULL, "a2", token);
	open_as(NULL, "a2", token);
}

/* --- Which cap counts --- */

/* One of another kind with the same name is another cap, and so is another account's. */
static void test_whose_cap_it_is(void **state)
{
	char admin[64], token[64];

	make("bob", "operator");
	make("carol", "guest");
	make("root", "admin");
	open_as(NULL, "a4", admin);
	cap_as(admin, "account.a3", 1, 200, NULL);
	cap_as(admin, "group.a1", 1, 200, NULL);
	open_as(NULL, "a2", token);
	open_as(NULL, "a2", token);
	check_as(NULL, "DELETE", SESSIONS_OF "a2", NULL, 204, NULL);
	cap_as(NULL, "group.a2", 9, 200, NULL);
	cap_as(NULL, "account.each", 1, 200, NULL);
	open_as(NULL, "a2", token);
	refused("a2", "LA.LDU.2.1");
}

/* What was said of an account does not bind it when it is an owner's, and is then no cap of its own either. */
static void test_an_account_that_became_an_owners(void **state)
{
	char admin[64], token[64];

	make("root", "admin");
	make("bob", NULL);
	open_as(NULL, "a2", admin);
	cap_as(admin, "account.a3", 9, 200, NULL);
	give("a3", "owner");
	cap_as(NULL, "account.each", 1, 200, NULL);
	open_as(NULL, "a3", token);
	refused("a3", "LA.LDU.2.1");
}

/* Of several that are full, one for somebody is told before one that counts at times. */
static void test_which_is_told(void **state)
{
	char token[64];

	make("bob", "operator");
	join("a2", "night");
	open_as(NULL, "a2", token);
	cap_as(NULL, "date.2030-03-17", 1, 200, NULL);
	refused("a2", "LA.LDU.2.4");
	cap_as(NULL, "group.night", 1, 200, NULL);
	refused("a2", "LA.LDU.2.3");
	cap_as(NULL, "account.each", 1, 200, NULL);
	refused("a2", "LA.LDU.2.1");
}

/* One that counts at times ends nothing that is open: neither when it is set, nor when a group comes to somebody. */
static void test_what_is_open_stays(void **state)
{
	char bob[2][64];

	make("bob", "operator");
	open_as(NULL, "a2", bob[0]);
	open_as(NULL, "a2", bob[1]);
	cap_as(NULL, "date.2030-03-17", 1, 200, NULL);
	CHECK(stands(bob[0]) && stands(bob[1]));
	join("a2", "night");
	CHECK(stands(bob[0]) && stands(bob[1]));
	CHECK_OK(tw_store_run(device()->context.store, "INSERT INTO session_cap VALUES ('moon', 'full', 1, 1)", NULL, 0, NULL, NULL));
	join("a2", "full"); /* nor does one of a kind that no release of ours has, whatever its name */
	CHECK(stands(bob[0]) && stands(bob[1]));
}

/* What is over counts no more, also before it is swept away. */
static void test_what_is_over(void **state)
{
	char bob[2][64];

	make("bob", "operator");
	cap_as(NULL, "group.night", 1, 200, NULL);
	open_as(NULL, "a2", bob[0]);
	later(20 * MINUTE);
	open_as(NULL, "a2", bob[1]);
	later(31 * MINUTE);
	join("a2", "night");
	CHECK(!stands(bob[0]) && stands(bob[1]));
}

/* The one that nobody used for longest goes first, wherever it stands. */
static void test_which_goes_first(void **state)
{
	struct tw_context *c = &device()->context;
	char bob[2][64];

	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.session-limit"), "86400", -1, "test"));
	make("bob", "operator");
	open_as(NULL, "a2", bob[0]);
	later(MINUTE);
	open_as(NULL, "a2", bob[1]);
	later(2 * MINUTE);
	CHECK(lives(bob[0]));
	cap_as(NULL, "account.a2", 1, 200, NULL);
	CHECK(stands(bob[0]) && !stands(bob[1]));
	check_as(NULL, "DELETE", "/api/v1/session-caps/account.a2", NULL, 204, NULL);
	later(3 * MINUTE);
	open_as(NULL, "a2", bob[1]);
	cap_as(NULL, "account.a2", 1, 200, NULL);
	CHECK(!stands(bob[0]) && stands(bob[1]));
}

/* While there is no cap nothing is looked up: a session whose account the store has lost keeps nobody out. */
static void test_without_a_cap(void **state)
{
	char token[64];

	make("bob", "operator");
	make("carol", "guest");
	open_as(NULL, "a2", token);
	CHECK_OK(tw_store_run(device()->context.store, "DELETE FROM account WHERE id = 2", NULL, 0, NULL, NULL));
	open_as(NULL, "a3", token);
}

/* --- Who can reach it --- */

/* What a door makes of somebody may what the gate says, and core's own user counts at the local door. */
static void test_who_reaches_it(void **state)
{
	device()->own_uid = 0;
	check_as(NULL, "GET", "/api/v1/access-list", NULL, 200,
		"\"may\":\"holds application.temperature.read, commissioning.confirm, commissioning.read, health.read, notice.accept, notice.read, ownership.recover, recovery.read, status.read\"");
	check_as(NULL, "GET", "/api/v1/access-list", NULL, 200, "\"who\":\"root on the device\"");
	device()->own_uid = 998;
	check_as(NULL, "GET", "/api/v1/access-list", NULL, 200, "\"who\":\"root on the device, and user 998, which core runs as\"");
	const char *app = strstr(tw_unit_body(w.unit), "\"kind\":\"application\",\"may\":\"holds application.");
	CHECK(app && strstr(app, "application.health") && !strstr(app, "accounts.read"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_a_rule_of_an_admins_spares_owners), TEST(test_a_cap_of_an_admins_spares_owners),
	TEST(test_inherited_roles_count), TEST(test_what_comes_after_the_session), TEST(test_a_lower_cap),
	TEST(test_a_lower_cap_by_an_admin), TEST(test_a_store_that_refuses), TEST(test_so_many_caps), TEST(test_whose_cap_it_is),
	TEST(test_an_account_that_became_an_owners), TEST(test_which_is_told), TEST(test_what_is_open_stays),
	TEST(test_what_is_over), TEST(test_which_goes_first), TEST(test_without_a_cap), TEST(test_who_reaches_it))

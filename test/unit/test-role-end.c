/* SPDX-License-Identifier: Apache-2.0 */
/* Roles that are given for a time: they count no more when it is up, and are taken away, but for the last owner's; and for how long they may be given. */
#include "as.h"

#include "device/rows-logical-access.h"
#include "service/store/store-inside.h"

#define MINUTE_S ",\"lifetime\":60"

static void give_for(const char *token, const char *id, const char *role, const char *how, int want, const char *says)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"account\":\"%s\",\"role\":\"%s\"%s}", id, role, how);
	check_as(token, "POST", ROLES, body, want, says);
}

static void run_job(void)
{
	CHECK_OK(tw_access_job_accounts(&device()->context));
}

static void sql(const char *statement)
{
	CHECK_OK(tw_store_script(device()->context.store, statement, "a test's"));
}

static void set(const char *key, const char *value)
{
	CHECK_OK(tw_setting_set(&device()->context, tw_setting_find(&device()->context, key), value, -1, "test"));
}

/* What lets that account in, so that it is an owner who can come in when it has the role. */
static void enrol(int64_t account, uint8_t key)
{
	const uint8_t bytes[32] = { key };

	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ account, "a key", bytes, "none" }, &(int64_t){ 0 }));
	CHECK_OK(tw_access_load(device()));
}

static int64_t due(void)
{
	return tw_access_accounts_due_ms(&device()->context);
}

/* @nist LA.AC.1.4.2: it counts no more from that moment on, is taken away by the job, and that is recorded */
static void test_a_role_ends(void **state)
{
	char token[64];

	make("bob", "user");
	CHECK_INT(due(), -1);
	give_for(NULL, "a2", "operator", MINUTE_S, 201, "\"ends\":\"2030-03-17T17:47:40.000Z\"");
	CHECK(world_log_says(&w, "given the role operator, for a time"));
	CHECK_INT(due(), 60000);
	open_as(NULL, "a2", token);
	check_as(token, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	later(59999);
	run_job();
	check_as(token, "GET", "/api/v1/settings?limit=1", NULL, 200, NULL);
	CHECK_INT(due(), 1);
	later(60000);
	check_as(token, "GET", "/api/v1/settings?limit=1", NULL, 403, "gate.permission"); /* also before the job */
	CHECK_INT(due(), 0);
	run_job();
	CHECK_INT(due(), -1);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"user\"]");
	check_as(token, "GET", "/api/v1/identity", NULL, 401, NULL);
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200,
		"\"by\":\"the device\",\"name\":\"bob\",\"what\":\"lost the role operator, for its time was up\"");
	CHECK(world_log_says(&w, "lost the role operator, for its time was up"));
	world_start(&w);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"user\"]");
}

/* The until of its conditions is an end too; of both the sooner one is. */
static void test_until_ends_it(void **state)
{
	static const struct {
		const char *how, *ends;
		int64_t due;
	} rows[] = {
		{ ",\"conditions\":{\"until\":\"2030-03-17T17:47:00Z\"}", "2030-03-17T17:47:00.000Z", 20000 },
		{ ",\"conditions\":{\"until\":\"2030-03-17T17:47:00Z\"},\"lifetime\":60", "2030-03-17T17:47:00.000Z", 20000 },
		{ ",\"conditions\":{\"until\":\"2030-03-17T17:47:00Z\"},\"lifetime\":10", "2030-03-17T17:46:50.000Z", 10000 },
		{ ",\"conditions\":{\"doors\":[\"https\"]},\"lifetime\":10", "2030-03-17T17:46:50.000Z", 10000 },
	};

	make("bob", NULL);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		give_for(NULL, "a2", "operator", rows[i].how, 201, rows[i].ends);
		CHECK_INT(due(), rows[i].due);
	}
	give("a2", "operator"); /* given again without an end, it has none */
	CHECK(!strstr(tw_unit_body(w.unit), "\"ends\""));
	CHECK_INT(due(), -1);
	give_for(NULL, "a2", "operator", ",\"conditions\":{\"until\":\"2030-03-17T17:46:40Z\"}", 400, "account.role-end");
	give_for(NULL, "a2", "operator", ",\"lifetime\":0", 400, "path.input");
	give_for(NULL, "a2", "operator", ",\"lifetime\":31622401", 400, "path.input");
}

/* A clock that is set back lengthens nothing, one that jumps ahead ends nothing before its time. */
static void test_clocks_that_are_wrong(void **state)
{
	static const int64_t walls[] = { 0, WORLD_WALL - 315360000000, WORLD_WALL + 946080000000, INT64_MAX, -1 };

	make("bob", NULL);
	for (size_t i = 0; i < TW_COUNT(walls); i++) {
		world_at(&w, WORLD_WALL, WORLD_BOOT);
		give_for(NULL, "a2", "operator", MINUTE_S, 201, NULL);
		world_at(&w, walls[i], WORLD_BOOT + 59999);
		run_job();
		check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"operator\"]");
		world_at(&w, walls[i], WORLD_BOOT + 60000);
		run_job();
		check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[]");
	}
}

static bool is_operator(void)
{
	const struct tw_proof proof = { .account = 2 };
	struct tw_subject s = { .door = TW_DOOR_HTTPS };

	CHECK_OK(tw_access_become(device(), &s, &proof));
	return tw_role_set_has(&s.roles, tw_gate_role(device()->context.gate, "operator")) &&
		tw_role_set_has(&s.given, tw_gate_role(device()->context.gate, "operator"));
}

/* In another boot a clock that is trusted says so; until there is one it does not count, and is not taken away. */
static void test_in_another_boot(void **state)
{
	make("bob", NULL);
	give_for(NULL, "a2", "operator", MINUTE_S, 201, NULL);
	tw_unit_boot(7);
	world_start(&w);
	world_at(&w, WORLD_WALL + 59999, WORLD_BOOT + 600000);
	run_job();
	CHECK(is_operator());
	world_at(&w, 0, WORLD_BOOT);
	run_job();
	CHECK(!is_operator());
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"operator\"]");
	world_at(&w, WORLD_WALL + 60000, WORLD_BOOT);
	CHECK(!is_operator());
	run_job();
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[]");
	tw_unit_boot(0);
}

/* Where the clock was not trusted when it was given, its until cannot be told by the boot clock: a clock that is trusted says. */
static void test_given_without_a_clock(void **state)
{
	make("bob", NULL);
	world_at(&w, 0, WORLD_BOOT);
	give_for(NULL, "a2", "operator", ",\"conditions\":{\"until\":\"2030-03-17T17:47:40Z\"}", 201, NULL);
	CHECK_INT(due(), -1);
	later(59000);
	run_job();
	CHECK(is_operator());
	world_at(&w, WORLD_WALL + 60000, WORLD_BOOT + 60000);
	run_job();
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[]");
}

/* By the boot clock says the boot it was set in, and no other whose id begins alike. */
static void test_which_boot_it_was(void **state)
{
	static const struct {
		const char *ends_ms, *boot_ms;
		size_t id; /* so many bytes of this boot's */
		bool counts;
	} rows[] = {
		{ "1900000060000", "1", 16, false },
		{ "1900000060000", "1", 15, true },
		{ "1900000060000", "1", 0, true },
		{ "1899999999999", "9000000000", 16, true },
		{ "1899999999999", "9000000000", 15, false },
		{ "1899999999999", "9000000000", 0, false },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	char statement[256];

	CHECK_INT(sizeof device()->boot_id, 16);
	tw_buf_init(&hex, tw_sys_real(), 32);
	CHECK_OK(tw_buf_hex(&hex, device()->boot_id, sizeof device()->boot_id));
	make("bob", "operator");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(statement, sizeof statement, "INSERT OR REPLACE INTO role_end VALUES (2, 'operator', %s, x'%.*s', %s)",
			rows[i].ends_ms, (int)(2 * rows[i].id), tw_buf_cstr(&hex), rows[i].boot_ms);
		sql(statement);
		if (is_operator() != rows[i].counts)
			fail_msg("row %zu", i);
	}
}

/* What has no end is written without one, and the boot's clock only where it counts. */
static void test_how_it_is_written(void **state)
{
	static const struct {
		struct tw_ending e;
		bool ends, boot;
	} rows[] = {
		{ { .ends_ms = 0 }, false, false },
		{ { .ends_ms = 0, .boot_ms = 7, .this_boot = true }, false, false },
		{ { .ends_ms = 7 }, true, false },
		{ { .ends_ms = 7, .boot_ms = 7, .this_boot = true }, true, true },
	};
	struct tw_value v[3];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_ending_values(&device()->context, &rows[i].e, v);
		CHECK_INT(v[0].kind, rows[i].ends ? TW_VALUE_INT : TW_VALUE_NULL);
		CHECK_INT(v[1].kind, rows[i].boot ? TW_VALUE_BLOB : TW_VALUE_NULL);
		CHECK_INT(v[2].kind, rows[i].boot ? TW_VALUE_INT : TW_VALUE_NULL);
	}
}

/* A name that no role can have is not cut short until it is another's. */
static void test_a_role_that_is_none(void **state)
{
	make("bob", "user");
	sql("INSERT INTO account_role VALUES (2, 'user4567890123456789012345678901234567890', NULL, 0, 'x')");
	sql("INSERT INTO account_role VALUES (2, 'user45678901234567890123456789012345678901', NULL, 0, 'x')");
	sql("INSERT INTO role_end VALUES (2, 'user45678901234567890123456789012345678901', 1, NULL, NULL)");
	run_job();
	CHECK(!world_log_says(&w, "lost the role"));
}

/* --- Who has to say how long --- */

static void test_roles_that_always_end(void **state)
{
	static const char *const roles[] = { "emergency", "supporting-party" }, *const most[] = { "of 7 days at most", "of 31 days at most" },
				 *const lifetimes[] = { ",\"lifetime\":604800", ",\"lifetime\":2678400" },
				 *const longer[] = { ",\"lifetime\":604801", ",\"lifetime\":2678401" };

	make("bob", NULL);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"helper\",\"kind\":\"supporting\",\"lifetime\":60}", 201, "a3");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"guest\",\"kind\":\"temporary\",\"lifetime\":2678401}", 201, "a4");
	for (size_t i = 0; i < TW_COUNT(roles); i++) {
		give_for(NULL, "a2", roles[i], "", 400, "account.role-end");
		give_for(NULL, "a2", roles[i], ",\"conditions\":{\"doors\":[\"https\"]}", 400, "account.role-end");
		give_for(NULL, "a2", roles[i], MINUTE_S, 201, NULL);
		give_for(NULL, "a2", roles[i], ",\"conditions\":{\"until\":\"2031-01-01T00:00:00Z\"}", 400, most[i]);
		give_for(NULL, "a2", roles[i], lifetimes[i], 201, NULL);
		give_for(NULL, "a2", roles[i], longer[i], 400, most[i]);
		give_for(NULL, "a4", roles[i], "", 400, most[i]); /* it ends too late */
		give_for(NULL, "a3", roles[i], "", 201, NULL);    /* the account ends by itself */
	}
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"emergency\",\"supporting-party\"]");
}

static void test_the_organization_says_how_long(void **state)
{
	static const struct {
		const char *roles, *role, *how;
		int status;
	} rows[] = {
		{ "owner admin", "admin", "", 400 },
		{ "owner admin", "admin", ",\"lifetime\":3601", 400 },
		{ "owner admin", "admin", ",\"lifetime\":3600", 201 },
		{ "owner admin", "admin", ",\"conditions\":{\"until\":\"2030-03-17T18:46:41Z\"}", 400 },
		{ "owner admin", "admin", ",\"conditions\":{\"until\":\"2030-03-17T18:46:40Z\"}", 201 },
		{ "owner admin", "owner", "", 400 },
		{ "owner admin", "operator", "", 201 },
		{ "operator", "operator", "", 400 },
		{ "operator", "admin", "", 400 }, /* it may do all that an operator may */
		{ "operator", "user", "", 201 },
		{ "auditor", "admin", "", 201 },
		{ "", "admin", "", 201 },
	};

	set("logical-access.privileged-most", "3600");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char id[8], name[16];

		(void)snprintf(name, sizeof name, "n%zu", i);
		(void)snprintf(id, sizeof id, "a%zu", i + 2);
		make(name, NULL);
		set("logical-access.privileged-roles", rows[i].roles);
		give_for(NULL, id, rows[i].role, rows[i].how, rows[i].status, rows[i].status == 400 ? "account.role-most" : NULL);
	}
	CHECK_ERR(tw_setting_set(&device()->context, tw_setting_find(&device()->context, "logical-access.privileged-roles"),
			  "nobody", -1, "test"),
		DENIED);
	set("logical-access.privileged-most", "0");
	give("a2", "admin");
}

/* Whoever holds a role for a time gives it for no longer. */
static void test_nobody_gives_for_longer(void **state)
{
	char token[64];

	make("bob", NULL);
	make("carl", NULL);
	give_for(NULL, "a2", "admin", ",\"lifetime\":600", 201, NULL);
	open_as(NULL, "a2", token);
	give_for(token, "a3", "operator", "", 403, "account.conditions");
	give_for(token, "a3", "operator", ",\"lifetime\":601", 403, "account.conditions");
	give_for(token, "a3", "operator", ",\"lifetime\":600", 201, NULL);
}

static void test_only_an_owner_lets_a_supporting_party_in(void **state)
{
	char token[64];

	make("bob", "admin");
	make("carl", NULL);
	give("a2", "auditor");
	open_as(NULL, "a2", token);
	give_for(token, "a3", "supporting-party", MINUTE_S, 403, "account.supporting");
	give_for(NULL, "a3", "supporting-party", MINUTE_S, 201, NULL);
}

static void test_only_an_owner_lets_it_stay(void **state)
{
	char token[64];

	make("bob", "admin");
	give("a2", "auditor");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"helper\",\"kind\":\"supporting\",\"lifetime\":60}", 201, "a3");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"visitor\",\"kind\":\"temporary\",\"lifetime\":60}", 201, "a4");
	open_as(NULL, "a2", token);
	check_as(token, "PUT", "/api/v1/accounts/a4", "{\"lifetime\":600}", 200, NULL);
	give_for(NULL, "a4", "supporting-party", MINUTE_S, 201, NULL);
	for (const char *const *path = (const char *const[]){ "/api/v1/accounts/a3", "/api/v1/accounts/a4", NULL }; *path; path++) {
		check_as(token, "PUT", *path, "{\"lifetime\":700}", 403, "account.supporting");
		check_as(NULL, "PUT", *path, "{\"lifetime\":700}", 200, NULL);
	}
	check_as(token, "PUT", "/api/v1/accounts/a3", "{\"name\":\"friend\"}", 200, NULL); /* what it is called is no time */
	make("dora", NULL);
	give_for(NULL, "a5", "supporting-party", MINUTE_S, 201, NULL);
	give("a5", "owner"); /* whose account it is counts before what it is for */
	check_as(token, "PUT", "/api/v1/accounts/a5", "{\"lifetime\":700}", 403, "account.owner");
}

/* --- Owners --- */

static void test_an_owner_for_a_time(void **state)
{
	char token[64];

	make("bob", NULL);
	make("carl", NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, "\"ends\"");
	open_as(NULL, "a2", token);
	check_as(token, "GET", "/api/v1/identity", NULL, 200, NULL);
	give_for(token, "a3", "owner", "", 403, "account.role-end");
	give_for(token, "a2", "owner", "", 403, "account.role-end");
	give_for(token, "a3", "owner", ",\"lifetime\":61", 403, "account.role-end");
	give_for(token, "a3", "owner", ",\"lifetime\":30", 201, NULL);
	later(60000);
	check_as(token, "GET", "/api/v1/settings?limit=1", NULL, 403, NULL); /* also before the job */
	run_job();
	CHECK_INT(device()->access->owners.count, 1);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[]");
	check_as(NULL, "GET", "/api/v1/accounts/a3", NULL, 200, "\"roles\":[]");
}

/* Whom he cannot outlast he neither drives out nor comes in as: he would be the last, who stays one, or another who does. */
static void test_an_owner_for_a_time_and_the_others(void **state)
{
	static const struct {
		const char *method, *target, *rest, *body;
	} rows[] = {
		{ "DELETE", "/api/v1/accounts/", "", NULL },
		{ "PUT", "/api/v1/suspensions/", "", NULL },
		{ "DELETE", "/api/v1/suspensions/", "", NULL },
		{ "DELETE", "/api/v1/account-sessions/", "", NULL },
		{ "DELETE", ROLES "/", ".owner", NULL },
		{ "PUT", "/api/v1/accounts/", "", "{\"name\":\"robert\"}" },
		{ "PUT", "/api/v1/passwords/", "", "{\"password\":\"correct horse battery staple\"}" },
	};
	static const char *const longer[] = { "a1", "a3", "a4" };
	char token[64], target[64];

	for (const char *const *name = (const char *const[]){ "bob", "carl", "dora", "emil", NULL }; *name; name++)
		make(*name, NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, NULL);
	give_for(NULL, "a3", "owner", ",\"lifetime\":61", 201, NULL);
	give("a4", "owner");
	give_for(NULL, "a5", "owner", MINUTE_S, 201, NULL);
	check_as(NULL, "PUT", "/api/v1/suspensions/a4", NULL, 204, NULL);
	open_as(NULL, "a2", token);
	for (size_t i = 0; i < TW_COUNT(rows) * TW_COUNT(longer); i++) {
		const size_t row = i / TW_COUNT(longer);

		(void)snprintf(target, sizeof target, "%s%s%s", rows[row].target, longer[i % TW_COUNT(longer)], rows[row].rest);
		check_as(token, rows[row].method, target, rows[row].body, 403, "account.role-end");
	}
	check_as(token, "POST", CODES, "{\"account\":\"a1\"}", 403, "account.role-end");
	check_as(token, "PUT", "/api/v1/accounts/a2", "{\"name\":\"robert\"}", 200, NULL); /* himself */
	make("fay", "user");
	check_as(token, "PUT", "/api/v1/accounts/a6", "{\"name\":\"faye\"}", 200, NULL); /* who holds another role for longer */
	check_as(token, "POST", CODES, "{\"account\":\"a5\"}", 201, NULL);
	check_as(token, "PUT", "/api/v1/suspensions/a5", NULL, 204, NULL);
}

/* Nor does he leave somebody behind who may do as much. */
static void test_an_owner_for_a_time_gives_for_a_time(void **state)
{
	char token[64];

	make("bob", NULL);
	make("carl", NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, NULL);
	open_as(NULL, "a2", token);
	give_for(token, "a3", "admin", "", 403, "account.role-end");
	give_for(token, "a3", "admin", ",\"lifetime\":61", 403, "account.role-end");
	give_for(token, "a3", "admin", ",\"lifetime\":60", 201, NULL);
}

/* What shuts others out counts those who stay owners: whose role ends could not come in to take it back. */
static void test_who_stays_counts(void **state)
{
	static const char *const keys[] = { "logical-access.network-methods", "logical-access.second-factor" };
	static const char *const values[] = { "certificate", "owner" };

	make("bob", NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, NULL);
	enrol(2, 7);
	sql("UPDATE credential SET kind = 'password' WHERE account = 1");
	CHECK_OK(tw_access_load(device()));
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		CHECK_ERR(tw_setting_set(&device()->context, tw_setting_find(&device()->context, keys[i]), values[i], -1, "test"), DENIED);
	sql("INSERT INTO role_end VALUES (1, 'owner', 1900000030000, NULL, NULL)"); /* sooner than his, who is the last then */
	CHECK_OK(tw_access_load(device()));
	for (size_t i = 0; i < TW_COUNT(keys); i++)
		set(keys[i], values[i]);
}

static int count_in_log(const char *what)
{
	int n = 0;

	CHECK(world_log_says(&w, what));
	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

/* Nobody would be there to let another in: it stays, is told once, and goes when there is another who can come in. */
static void test_the_last_owner_stays(void **state)
{
	char token[64];

	make("bob", NULL);
	CHECK_OK(tw_account_role_put(&device()->context, 2, "owner", NULL, "test"));
	sql("INSERT INTO role_end VALUES (1, 'owner', 1, NULL, NULL)"); /* alice's, long over */
	CHECK_OK(tw_access_load(device()));
	run_job();
	run_job();
	check_as(NULL, "GET", "/api/v1/accounts/a1", NULL, 200, "\"roles\":[\"owner\"]"); /* bob has nothing to come in by */
	CHECK_INT(count_in_log("keeps the role owner past its end"), 1);
	CHECK_INT(due(), -1); /* and it is not tried again and again */
	open_as(NULL, "a2", token);
	give_for(NULL, "a2", "owner", "", 403, "account.role-end");
	make("carl", NULL);
	give_for(NULL, "a3", "user", "", 201, NULL); /* what an owner gives */
	CHECK(tw_access_owner(device(), 1));         /* a session ends, and he could not come in again */
	run_job();
	CHECK_INT(device()->access->owners.count, 2);
	enrol(2, 7);
	CHECK(!tw_access_owner(device(), 1)); /* at once */
	CHECK(tw_access_owner(device(), 2));
	run_job();
	CHECK_INT(device()->access->owners.count, 1);
	CHECK_INT(device()->access->owners.of[0].id, 2);
}

/* It is the role owner that stays, and no other that he holds. */
static void test_another_role_of_the_last_owner(void **state)
{
	sql("INSERT INTO account_role VALUES (1, 'operator', NULL, 0, 'x')"); /* from before he was one */
	sql("INSERT INTO role_end VALUES (1, 'operator', 1, NULL, NULL)");
	run_job();
	check_as(NULL, "GET", "/api/v1/accounts/a1", NULL, 200, "\"roles\":[\"owner\"]");
	CHECK(world_log_says(&w, "lost the role operator"));
}

static bool stays(int64_t account)
{
	return tw_access_owner_stays(device(), tw_access_owner(device(), account));
}

/* Whose role never ends stays whoever else comes in; and nobody goes for somebody who cannot come in. */
static void test_who_stays(void **state)
{
	make("bob", NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, NULL);
	enrol(2, 7);
	CHECK(stays(1) && !stays(2));
	sql("INSERT INTO role_end VALUES (1, 'owner', 1900000030000, NULL, NULL)");
	CHECK_OK(tw_access_load(device()));
	CHECK(!stays(1) && stays(2));
	sql("DELETE FROM credential WHERE account = 2");
	CHECK_OK(tw_access_load(device()));
	CHECK(stays(1));
}

/* Of several whose time is up the one stays who has it longest; and a last owner can be taken away by nobody else either. */
static void test_all_owners_end(void **state)
{
	make("bob", NULL);
	give_for(NULL, "a2", "owner", ",\"lifetime\":120", 201, NULL);
	enrol(2, 7);
	check_as(NULL, "PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	check_as(NULL, "DELETE", "/api/v1/suspensions/a2", NULL, 204, NULL);
	sql("INSERT INTO role_end VALUES (1, 'owner', 1900000060000, NULL, NULL)");
	CHECK_OK(tw_access_load(device()));
	world_at(&w, WORLD_WALL + 120000, WORLD_BOOT + 120000);
	CHECK(!tw_access_owner(device(), 1));
	CHECK(tw_access_owner(device(), 2));
	CHECK(!tw_access_other_owner(device(), 2)); /* whose time is up is no other */
	CHECK(tw_access_other_owner(device(), 1));
	run_job();
	CHECK_INT(device()->access->owners.count, 1);
	CHECK_INT(device()->access->owners.of[0].id, 2);
}

/* In another boot without a clock that is trusted, his role counts no more while there is another, and is not taken away. */
static void test_an_owner_in_another_boot(void **state)
{
	make("bob", NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, NULL);
	enrol(2, 7);
	tw_unit_boot(5);
	world_start(&w);
	CHECK(tw_access_owner(device(), 2));
	world_at(&w, 0, WORLD_BOOT);
	run_job();
	CHECK(!tw_access_owner(device(), 2));
	CHECK(tw_access_owner(device(), 1));
	CHECK_INT(device()->access->owners.count, 2);
	world_at(&w, WORLD_WALL + 60000, WORLD_BOOT);
	run_job();
	CHECK_INT(device()->access->owners.count, 1);
	tw_unit_boot(0);
}

/* Whose role goes on, as this boot's clock tells, comes before one of whom nobody can tell, though his would end later. */
static void test_an_owner_whose_role_goes_on(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	char statement[160];

	make("bob", NULL);
	give_for(NULL, "a2", "owner", MINUTE_S, 201, NULL);
	enrol(2, 7);
	tw_unit_boot(5);
	world_start(&w);
	tw_buf_init(&hex, tw_sys_real(), 32);
	CHECK_OK(tw_buf_hex(&hex, device()->boot_id, sizeof device()->boot_id));
	(void)snprintf(statement, sizeof statement, "INSERT INTO role_end VALUES (1, 'owner', 1900000030000, x'%s', 1030000)",
		tw_buf_cstr(&hex));
	sql(statement);
	CHECK_OK(tw_access_load(device()));
	world_at(&w, 0, WORLD_BOOT);
	CHECK(tw_access_owner(device(), 1));
	CHECK(!tw_access_owner(device(), 2));
	world_at(&w, 0, WORLD_BOOT + 30000);
	CHECK(!tw_access_owner(device(), 1)); /* both are over, and bob's was the later */
	CHECK(tw_access_owner(device(), 2));
	tw_unit_boot(0);
}

/* --- All of it or nothing --- */

static int end_roles(const void *what)
{
	return (int)tw_access_job_accounts(&device()->context).code;
}

/* What the store or the memory refuses leaves role and session as they were, is tried again in a minute, and then done. */
static void test_a_store_that_refuses(void **state)
{
	static const char *const refuse[] = { "CREATE TRIGGER no BEFORE DELETE ON account_role BEGIN SELECT RAISE(ABORT, 'no'); END",
		"CREATE TRIGGER no BEFORE DELETE ON session BEGIN SELECT RAISE(ABORT, 'no'); END",
		"CREATE TRIGGER no BEFORE INSERT ON account_change BEGIN SELECT RAISE(ABORT, 'no'); END" };
	char token[64];

	make("bob", "user");
	give_for(NULL, "a2", "operator", MINUTE_S, 201, NULL);
	open_as(NULL, "a2", token);
	later(60000);
	for (size_t i = 0; i < TW_COUNT(refuse); i++) {
		sql(refuse[i]);
		CHECK(tw_failed(tw_access_job_accounts(&device()->context)));
		sql("DROP TRIGGER no");
		check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"operator\",\"user\"]");
		check_as(token, "GET", "/api/v1/settings?limit=1", NULL, 403, "gate.permission"); /* it is there, and may not */
		CHECK_INT(due(), 60000);
	}
	run_job();
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[\"user\"]");
}

static void test_without_memory(void **state)
{
	long nth = 0;
	int code;

	make("bob", NULL);
	give_for(NULL, "a2", "operator", MINUTE_S, 201, NULL);
	later(60000);
	do {
		code = ask_without(end_roles, NULL, ++nth);
		if (code != TW_CODE_OK && !(memory.fired && code == TW_CODE_NOMEM))
			fail_msg("block %ld: %s", nth, tw_code_name((enum tw_code)code));
	} while (memory.fired);
	CHECK(nth > 4);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[]");
}

/* Many end in one run, whose answer does not grow with them. */
static void test_many(void **state)
{
	sql("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 80) INSERT INTO account (name, folded, kind, state, made_ms, "
	    "made_by, active_ms) SELECT 'n' || i, 'n' || i, 'person', 'active', 1900000000000, 'x', 1900000000000 FROM n");
	sql("INSERT INTO account_role SELECT id, 'user', NULL, 0, 'x' FROM account WHERE id > 1");
	sql("INSERT INTO role_end SELECT id, 'user', 1, NULL, NULL FROM account WHERE id > 1");
	run_job();
	check_as(NULL, "GET", "/api/v1/accounts/a80", NULL, 200, "\"roles\":[]");
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"roles\":[]");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_a_role_ends), TEST(test_until_ends_it), TEST(test_clocks_that_are_wrong), TEST(test_in_another_boot),
	TEST(test_given_without_a_clock), TEST(test_which_boot_it_was), TEST(test_how_it_is_written), TEST(test_a_role_that_is_none),
	TEST(test_roles_that_always_end), TEST(test_the_organization_says_how_long), TEST(test_nobody_gives_for_longer),
	TEST(test_only_an_owner_lets_a_supporting_party_in), TEST(test_only_an_owner_lets_it_stay), TEST(test_an_owner_for_a_time),
	TEST(test_an_owner_for_a_time_and_the_others), TEST(test_an_owner_for_a_time_gives_for_a_time), TEST(test_who_stays_counts),
	TEST(test_the_last_owner_stays), TEST(test_another_role_of_the_last_owner), TEST(test_who_stays), TEST(test_all_owners_end),
	TEST(test_an_owner_whose_role_goes_on), TEST(test_an_owner_in_another_boot), TEST(test_a_store_that_refuses),
	TEST(test_without_memory), TEST(test_many))

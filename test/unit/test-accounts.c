/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: made, changed, ended, by whom and until when; and all of it or nothing, whatever the store or the memory does. */
#include "lacking.h"

#include "device/platform/device.h"
#include "device/rows-logical-access.h"
#include "service/store/store-inside.h"

static int ask(const char *method, const char *target, const char *body)
{
	return tw_unit_request(w.unit, method, target, NULL, body);
}

static void check_ask(const char *method, const char *target, const char *body, int want)
{
	int status = ask(method, target, body);

	if (status != want)
		fail_msg("%s %s %s: %d, %s", method, target, body ? body : "", status, tw_unit_body(w.unit));
}

static void check_says(const char *what)
{
	if (!strstr(tw_unit_body(w.unit), what))
		fail_msg("no %s in %s", what, tw_unit_body(w.unit));
}

static void make(const char *name, const char *kind, const char *id)
{
	char body[128], wanted[32];

	(void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"kind\":\"%s\"%s}", name, kind,
		strstr("temporary emergency supporting", kind) ? ",\"lifetime\":60" : "");
	check_ask("POST", "/api/v1/accounts", body, 201);
	(void)snprintf(wanted, sizeof wanted, "\"account\":\"%s\"", id);
	check_says(wanted);
}

static void sql(const char *statement)
{
	CHECK_OK(tw_store_script(device()->context.store, statement, "a test's")); /* which keeps nothing by the text's address */
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const char *statement)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, take_number, &n));
	return n;
}

/* A name is given once, whatever the case of its letters, the owner's too */
static void test_names_are_one_persons(void **state)
{
	make("bob", "person", "a2");
	CHECK(!strstr(tw_unit_body(w.unit), "\"ends\"") && !strstr(tw_unit_body(w.unit), "\"login\""));
	check_says("\"roles\":[]");
	check_says("\"state\":\"active\"");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"BoB\",\"kind\":\"service\"}", 409);
	check_says("account.exists");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"ALICE\",\"kind\":\"person\"}", 409);
	make("J\xc3\x9cRGEN", "person", "a3");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"j\xc3\xbcrgen\",\"kind\":\"person\"}", 409);
	check_ask("PUT", "/api/v1/accounts/a2", "{\"name\":\"Alice\"}", 409);
	check_ask("PUT", "/api/v1/accounts/a2", "{\"name\":\"Bob\"}", 200); /* its own, in other letters */
	check_says("\"name\":\"Bob\"");
	check_ask("GET", "/api/v1/accounts", NULL, 200);
	check_says("\"account\":\"a1\"");
	check_says("\"name\":\"alice\",\"roles\":[\"owner\"]");
	CHECK_INT(number("SELECT count(*) FROM account"), 3);
}

static void test_ids_as_they_are_written(void **state)
{
	static const char one[] = { 'a' };
	static const struct {
		struct tw_slice text;
		int64_t id; /* 0: it is none */
	} rows[] = { { TW_SLICE("a1"), 1 }, { TW_SLICE("a9223372036854775807"), INT64_MAX }, { TW_SLICE("a9223372036854775808"), 0 },
		{ { one, 0 }, 0 }, { { one, 1 }, 0 }, { TW_SLICE("1"), 0 }, { TW_SLICE("b1"), 0 }, { TW_SLICE("a0"), 0 },
		{ TW_SLICE("a01"), 0 }, { TW_SLICE("ax"), 0 }, { TW_SLICE("a1 "), 0 }, { TW_SLICE("a-1"), 0 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int64_t id = 0;

		if (tw_account_id_read(rows[i].text, &id) != (rows[i].id != 0) || id != rows[i].id)
			fail_msg("row %zu: %lld", i, (long long)id);
	}
}

static void test_words_are_found_whole(void **state)
{
	static const struct {
		const char *words, *word;
		bool has;
	} rows[] = { { "night", "night", true }, { "day night", "night", true }, { "night day", "night", true },
		{ "nightly", "night", false }, { "midnight", "night", false }, { "midnight nightly night", "night", true },
		{ "day", "night", false }, { "", "night", false }, { "night", "", false }, { "", "", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_account_has(rows[i].words, rows[i].word) != rows[i].has)
			fail_msg("row %zu", i);
}

/* What no release of ours writes is not guessed at. */
static void test_a_kind_or_state_that_is_none(void **state)
{
	static const char *const spoils[] = { "UPDATE account SET kind = 'robot' WHERE id = 2", "UPDATE account SET kind = '' WHERE id = 2",
		"UPDATE account SET state = 'gone' WHERE id = 2", "UPDATE account SET state = 'expired' WHERE id = 2" };
	struct tw_account a;

	make("bob", "person", "a2");
	for (size_t i = 0; i < TW_COUNT(spoils); i++) {
		sql(spoils[i]);
		CHECK_ERR(tw_account_get(&device()->context, 2, &a), UNTRUSTED);
		sql("UPDATE account SET kind = 'person', state = 'active'");
		CHECK_OK(tw_account_get(&device()->context, 2, &a));
	}
}

/* Renamed, removed and made again, each is told apart in the log */
static void test_ids_are_given_once(void **state)
{
	uint8_t secret[16];

	make("bob", "person", "a2");
	check_ask("PUT", "/api/v1/accounts/a2", "{\"name\":\"robert\"}", 200);
	check_says("\"account\":\"a2\"");
	CHECK(world_log_says(&w, "\"what\":\"renamed to robert\""));
	make("bob", "person", "a3");
	check_ask("DELETE", "/api/v1/accounts/a3", NULL, 204);
	check_ask("GET", "/api/v1/accounts/a3", NULL, 404);
	make("bob", "person", "a4");
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK_INT(number("SELECT count(*) FROM account"), 0);
	CHECK_INT(tw_unit_takeover(w.unit, "bob"), 201);
	check_ask("GET", "/api/v1/accounts/a5", NULL, 200); /* also not by another owner */
	CHECK(world_log_says(&w, "\"account\":\"a5\""));    /* who it was that asked */
	CHECK(world_log_says(&w, "\"account\":\"a4\""));
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int status;
		const char *rule;
	} rows[] = {
		{ "POST", "/api/v1/accounts", "{\"name\":\" bob\",\"kind\":\"person\"}", 400, "account.name" },
		{ "POST", "/api/v1/accounts",
			"{\"name\":\"bo\xe2\x80\x8b"
			"b\",\"kind\":\"person\"}",
			400, "account.name" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"owner\"}", 400, "account.kind" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\",\"lifetime\":60}", 400, "account.lifetime" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"service\",\"lifetime\":60}", 400, "account.lifetime" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"temporary\"}", 400, "account.lifetime" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"temporary\",\"lifetime\":31622401}", 400, "path.input" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"emergency\",\"lifetime\":604801}", 400, "account.lifetime" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"supporting\",\"lifetime\":2678401}", 400, "account.lifetime" },
		{ "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\",\"x\":1}", 400, "path.input" },
		{ "GET", "/api/v1/accounts/a3", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts/a0", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts/a02", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts/2", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts/b2", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts/a", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts/a9223372036854775808", NULL, 404, "account.unknown" },
		{ "GET", "/api/v1/accounts?cursor=AAAA", NULL, 400, "page.cursor" },
		{ "PUT", "/api/v1/accounts/a3", "{\"name\":\"x\"}", 404, "account.unknown" },
		{ "PUT", "/api/v1/accounts/a2", "{\"name\":\"x \"}", 400, "account.name" },
		{ "PUT", "/api/v1/accounts/a2", "{\"lifetime\":60}", 400, "account.lifetime" },
		{ "DELETE", "/api/v1/accounts/a3", NULL, 404, "account.unknown" },
		{ "DELETE", "/api/v1/accounts/a1", NULL, 409, "account.last-owner" },
		{ "PUT", "/api/v1/suspensions/a1", NULL, 409, "account.last-owner" },
		{ "PUT", "/api/v1/suspensions/a3", NULL, 404, "account.unknown" },
		{ "DELETE", "/api/v1/suspensions/a3", NULL, 404, "account.unknown" },
		{ "POST", "/api/v1/session-codes", "{\"account\":\"a3\"}", 404, "account.unknown" },
	};
	char rule[64];

	make("bob", "person", "a2");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		check_ask(rows[i].method, rows[i].target, rows[i].body, rows[i].status);
		(void)snprintf(rule, sizeof rule, "\"rule\":\"%s\"", rows[i].rule);
		check_says(rule);
	}
	CHECK_INT(number("SELECT count(*) FROM account WHERE state = 'active' AND ends_ms IS NULL"), 2);
	CHECK_INT(number("SELECT count(*) FROM account WHERE name IN ('alice', 'bob')"), 2);
}

static void test_pages(void **state)
{
	char id[16], cursor[192], target[256];

	for (int i = 2; i <= 8; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "n%d", i);
		(void)snprintf(id, sizeof id, "a%d", i);
		make(name, "service", id);
	}
	check_ask("DELETE", "/api/v1/accounts/a4", NULL, 204);
	check_ask("GET", "/api/v1/accounts?limit=4", NULL, 200);
	check_says("\"account\":\"a5\"");
	CHECK(!strstr(tw_unit_body(w.unit), "\"account\":\"a6\""));
	world_text(&w, "next", cursor, sizeof cursor);
	(void)snprintf(target, sizeof target, "/api/v1/accounts?limit=4&cursor=%s", cursor);
	check_ask("GET", target, NULL, 200);
	check_says("\"account\":\"a6\"");
	check_says("\"account\":\"a8\"");
	CHECK(!strstr(tw_unit_body(w.unit), "\"next\""));
	CHECK(!strstr(tw_unit_body(w.unit), "\"account\":\"a5\""));
}

static void test_there_is_room_for_so_many(void **state)
{
	sql("WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO account (name, folded, kind, state, made_ms, "
	    "made_by, active_ms) SELECT 'n' || i, 'n' || i, 'person', 'active', 0, 'x', 0 FROM n");
	make("the last", "person", "a10000");
	check_ask("POST", "/api/v1/accounts", "{\"name\":\"one more\",\"kind\":\"person\"}", 409);
	check_says("account.limit");
	check_ask("DELETE", "/api/v1/accounts/a77", NULL, 204);
	make("one more", "person", "a10001");
}

/* --- Owners --- */

static void test_the_last_owner_stays(void **state)
{
	char token[64];

	make("bob", "person", "a2");
	CHECK_OK(tw_account_role_put(&device()->context, 2, "owner", NULL, "test"));
	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ 2, "bob's", (const uint8_t[32]){ 7 }, "none" }, &(int64_t){ 0 }));
	CHECK_OK(tw_access_load(device()));
	world_session(&w, token); /* alice's */
	check_ask("PUT", "/api/v1/suspensions/a2", NULL, 204);
	check_ask("DELETE", "/api/v1/suspensions/a1", NULL, 204); /* which takes nothing away */
	check_ask("DELETE", "/api/v1/accounts/a1", NULL, 409);    /* a suspended one would be none */
	check_ask("DELETE", "/api/v1/suspensions/a2", NULL, 204);
	CHECK_INT(device()->access->owners.count, 2);
	check_ask("DELETE", "/api/v1/accounts/a1", NULL, 204); /* her own, now that there is another */
	CHECK_INT(device()->access->owners.count, 1);
	CHECK_TEXT(device()->access->owners.of[0].name, "bob");
	CHECK_INT(world_reads(&w, token), 401);
	CHECK_INT(ask("GET", "/api/v1/accounts", NULL), 401); /* her key is nobody's any more */
	CHECK_INT(number("SELECT count(*) FROM session"), 0);
	CHECK_INT(number("SELECT count(*) FROM credential"), 1);
	world_start(&w);
	CHECK_INT(ask("GET", "/api/v1/accounts", NULL), 401);
	CHECK(tw_unit_owned(w.unit));
}

static void test_a_suspended_owner(void **state)
{
	char token[64], code[64];

	make("bob", "person", "a2");
	CHECK_OK(tw_account_role_put(&device()->context, 2, "owner", NULL, "test"));
	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ 2, "bob's", (const uint8_t[32]){ 7 }, "none" }, &(int64_t){ 0 }));
	CHECK_OK(tw_access_load(device()));
	world_session(&w, token);
	world_code(&w, code);
	check_ask("PUT", "/api/v1/suspensions/a1", NULL, 204);
	CHECK_INT(world_reads(&w, token), 401);
	CHECK_INT(world_open(&w, code), 403);
	CHECK_INT(ask("GET", "/api/v1/accounts", NULL), 401);
	CHECK_INT(number("SELECT count(*) FROM account WHERE id = 1 AND state = 'suspended'"), 1);
}

static void test_so_many_owners(void **state)
{
	for (int i = 2; i <= TW_OWNERS_MAX + 1; i++) {
		char name[16], id[16];
		(void)snprintf(name, sizeof name, "n%d", i);
		(void)snprintf(id, sizeof id, "a%d", i);
		make(name, "person", id);
		if (i <= TW_OWNERS_MAX)
			CHECK_OK(tw_account_role_put(&device()->context, i, "owner", NULL, "test"));
	}
	CHECK_OK(tw_access_load(device()));
	CHECK_INT(device()->access->owners.count, TW_OWNERS_MAX);
	check_ask("PUT", "/api/v1/suspensions/a2", NULL, 204);
	CHECK_OK(tw_account_role_put(&device()->context, TW_OWNERS_MAX + 1, "owner", NULL, "test"));
	CHECK_OK(tw_access_load(device()));
	check_ask("DELETE", "/api/v1/suspensions/a2", NULL, 409);
	check_says("account.owners");
	CHECK_INT(number("SELECT count(*) FROM account WHERE id = 2 AND state = 'suspended'"), 1);
	CHECK_INT(device()->access->owners.count, TW_OWNERS_MAX);
}

/* Nor does the device by itself end an account where the owners cannot be read then. */
static void test_more_owners_than_there_may_be(void **state)
{
	make("helper", "temporary", "a2");
	for (int i = 3; i <= TW_OWNERS_MAX + 2; i++) {
		char name[16], id[16];
		(void)snprintf(name, sizeof name, "n%d", i);
		(void)snprintf(id, sizeof id, "a%d", i);
		make(name, "person", id);
	}
	sql("INSERT INTO account_role SELECT id, 'owner', NULL, 0, 'test' FROM account WHERE id > 2");
	later(60000);
	CHECK_ERR(tw_access_job_accounts(&device()->context), LIMIT);
	CHECK_INT(number("SELECT count(*) FROM account WHERE id = 2"), 1);
	CHECK_INT(device()->access->owners.count, 1);
}

/* A new name is the owner's at once, in what the log says too; what he began stays his. */
static void test_an_owner_is_renamed(void **state)
{
	char sealed[128], body[192];

	check_ask("POST", "/api/v1/crypto/seal", "{\"data\":\"AQID\"}", 200);
	world_text(&w, "sealed", sealed, sizeof sealed);
	check_ask("PUT", "/api/v1/accounts/a1", "{\"name\":\"alison\"}", 200);
	check_ask("GET", "/api/v1/accounts", NULL, 200);
	CHECK(world_log_says(&w, "\"subject\":\"owner:alison\""));
	CHECK(device()->context.known(
		&device()->context, &(struct tw_subject){ .kind = TW_SUBJECT_OWNER, .name = "owner:alice", .account = "a1" }));
	CHECK(!device()->context.known(
		&device()->context, &(struct tw_subject){ .kind = TW_SUBJECT_OWNER, .name = "owner:alison", .account = "a2" }));
	CHECK(!device()->context.known(&device()->context, &(struct tw_subject){ .kind = TW_SUBJECT_OWNER, .name = "owner:alison" }));
	(void)snprintf(body, sizeof body, "{\"sealed\":\"%s\"}", sealed);
	check_ask("POST", "/api/v1/crypto/unseal", body, 200);
	check_says("\"data\":\"AQID\"");
}

/* --- Until when --- */

static void test_accounts_that_end(void **state)
{
	struct tw_account a;

	make("helper", "temporary", "a2");
	check_says("\"ends\":\"2030-03-17T17:47:40.000Z\"");
	later(59999);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_ACTIVE);
	world_at(&w, WORLD_WALL + 3600000, WORLD_BOOT + 59999); /* a clock that is set changes nothing */
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_ACTIVE);
	world_at(&w, WORLD_WALL - 3600000, WORLD_BOOT + 60000);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK(a.state == TW_ACCOUNT_EXPIRED && a.over);
	check_ask("PUT", "/api/v1/accounts/a2", "{\"lifetime\":60}", 404);
	check_ask("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 409);
	check_says("account.state");
}

static void test_more_time(void **state)
{
	struct tw_account a;

	make("helper", "supporting", "a2");
	later(30000);
	check_ask("PUT", "/api/v1/accounts/a2", "{\"lifetime\":60}", 200);
	CHECK(world_log_says(&w, "\"what\":\"given more time\""));
	later(89999);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_ACTIVE);
	later(90000);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_EXPIRED);
	check_ask("PUT", "/api/v1/accounts/a1", "{\"lifetime\":60}", 400);
}

/* In another boot the boot clock says nothing about it, and a wall clock only when it is trusted. */
static void test_accounts_that_end_in_another_boot(void **state)
{
	struct tw_account a;

	make("helper", "emergency", "a2");
	tw_unit_boot(7);
	world_start(&w);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK(a.state == TW_ACCOUNT_ACTIVE && !a.over);
	world_at(&w, WORLD_WALL + 59999, WORLD_BOOT + 600000);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_ACTIVE);
	world_at(&w, 0, WORLD_BOOT);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK(a.state == TW_ACCOUNT_EXPIRED && !a.over); /* nobody can tell: it counts as up, and waits */
	world_at(&w, WORLD_WALL + 60000, WORLD_BOOT);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK(a.state == TW_ACCOUNT_EXPIRED && a.over);
	sql("UPDATE account SET ends_boot_id = NULL, ends_boot_ms = 1"); /* of no boot at all: the wall clock has to say */
	world_at(&w, WORLD_WALL, WORLD_BOOT);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_ACTIVE);
	sql("UPDATE account SET ends_ms = 1");
	world_at(&w, 0, WORLD_BOOT);
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK(a.state == TW_ACCOUNT_EXPIRED && !a.over); /* however long ago that was, by a clock that is not trusted */
	tw_unit_boot(0);
}

/* --- All of it or nothing --- */

static tw_err add_row(void *user, const tw_row *row)
{
	return tw_buf_add(user, tw_row_bytes(row, 0).at, tw_row_bytes(row, 0).size);
}

/* Everything that is known of accounts, in the store and in memory. */
static void know(struct tw_buf *ret)
{
	static const char all[] =
		"SELECT group_concat(id || name || folded || kind || state || made_ms || coalesce(ends_ms, '-') || coalesce(login_ms, '-')) "
		"FROM account UNION ALL SELECT group_concat(account || role) FROM account_role UNION ALL SELECT count(*) FROM session "
		"UNION ALL SELECT count(*) FROM session_code UNION ALL SELECT group_concat(account || name) FROM account_group UNION ALL SELECT count(*) FROM credential";

	tw_buf_init(ret, tw_sys_real(), 65536);
	CHECK_OK(tw_store_run(device()->context.store, all, NULL, 0, add_row, ret));
	CHECK_OK(tw_buf_add(ret, &device()->access->owners, sizeof device()->access->owners));
	CHECK_OK(tw_buf_add(ret, device()->access->guard.sessions, sizeof device()->access->guard.sessions));
}

static const struct change {
	const char *method, *target, *body;
	int status;
	const char *refuse[3]; /* of the store, each by itself */
} changes[] = {
	{ "POST", "/api/v1/accounts", "{\"name\":\"carol\",\"kind\":\"temporary\",\"lifetime\":60}", 201, { "INSERT ON account" } },
	{ "PUT", "/api/v1/accounts/a3", "{\"name\":\"robert\",\"lifetime\":60}", 200,
		{ "UPDATE OF name ON account", "UPDATE OF ends_ms ON account" } },
	{ "PUT", "/api/v1/suspensions/a2", NULL, 204, { "UPDATE OF state ON account", "DELETE ON session", "DELETE ON session_code" } },
	{ "DELETE", "/api/v1/suspensions/a4", NULL, 204, { "UPDATE OF state ON account" } },
	{ "POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"user\"}", 201, { "INSERT ON account_role" } },
	{ "DELETE", "/api/v1/role-assignments/a2.owner", NULL, 204,
		{ "DELETE ON account_role", "DELETE ON session", "DELETE ON session_code" } },
	{ "POST", "/api/v1/group-members", "{\"account\":\"a3\",\"group\":\"night\"}", 201, { "INSERT ON account_group" } },
	{ "DELETE", "/api/v1/credentials/c1", NULL, 204, { "DELETE ON credential" } },
	{ "DELETE", "/api/v1/accounts/a2", NULL, 204, { "DELETE ON account", "DELETE ON session", "DELETE ON session_code" } },
};

/* a2: a second owner with a session and a code; a3: temporary; a4: suspended. */
static void prepare(void)
{
	char token[TW_TOKEN_TEXT + 1];
	const struct tw_request rq = { .subject.door = TW_DOOR_HTTPS };
	const struct tw_opening o = { .account = 2, .how = "code", .rq = &rq };

	CHECK_INT(tear_down(NULL), 0);
	CHECK_INT(set_up_owned(NULL), 0);
	make("bob", "person", "a2");
	make("helper", "temporary", "a3");
	make("carl", "person", "a4");
	CHECK_OK(tw_account_role_put(&device()->context, 2, "owner", NULL, "test"));
	CHECK_OK(tw_access_load(device()));
	CHECK_OK(tw_access_session(&device()->context, &o, token));
	check_ask("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 201);
	check_ask("PUT", "/api/v1/suspensions/a4", NULL, 204);
}

static void check_nothing_changed(const struct change *c, struct tw_buf *before, const char *when)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf after = { 0 };

	for (int again = 0; again < 2; again++) {
		know(&after);
		if (after.size != before->size || memcmp(after.data, before->data, after.size) != 0)
			fail_msg("%s %s, %s: something has changed%s", c->method, c->target, when, again ? " in the store" : "");
		tw_buf_done(&after);
		CHECK_OK(tw_access_load(device()));
	}
}

static void test_a_store_that_refuses(void **state)
{
	static char triggers[TW_COUNT(changes) * TW_COUNT(changes[0].refuse)][160]; /* the store knows a statement by where it stands */
	char(*trigger)[160] = triggers;

	for (size_t i = 0; i < TW_COUNT(changes); i++) {
		const struct change *c = &changes[i];

		prepare();
		for (size_t k = 0; k < TW_COUNT(c->refuse) && c->refuse[k]; k++) {
			TW_CLEANUP(tw_buf_done) struct tw_buf before = { 0 };

			know(&before);
			(void)snprintf(*trigger, sizeof *trigger,
				"CREATE TRIGGER no BEFORE %s BEGIN SELECT RAISE(ABORT, 'no'); END", c->refuse[k]);
			sql(*trigger++);
			check_ask(c->method, c->target, c->body, 500);
			sql("DROP TRIGGER no");
			check_nothing_changed(c, &before, c->refuse[k]);
		}
		check_ask(c->method, c->target, c->body, c->status);
	}
}

static int end_accounts(const void *what)
{
	return (int)tw_access_job_accounts(&device()->context).code;
}

static void test_the_job_without_memory(void **state)
{
	CHECK_INT(ask_without(end_accounts, NULL, 1), TW_CODE_NOMEM);
	CHECK(memory.fired);
	CHECK_INT(ask_without(end_accounts, NULL, 0), TW_CODE_OK);
}

static int become(const void *what)
{
	const struct tw_proof proof = { .account = 2 };
	struct tw_subject s = { .door = TW_DOOR_HTTPS };
	tw_err e = tw_access_become(device(), &s, &proof);

	if (tw_failed(e))
		return (int)e.code;
	return tw_role_set_has(&s.roles, tw_gate_role(device()->context.gate, "operator")) ? TW_CODE_OK : TW_CODE_DENIED;
}

/* Whose conditions could not be read for lack of memory is told to ask again, not taken for somebody who may do less. */
static void test_conditions_without_memory(void **state)
{
	long nth = 0, missed = 0;

	make("bob", "person", "a2");
	CHECK_OK(tw_account_role_put(&device()->context, 2, "operator", "{\"until\":\"2040-01-01T00:00:00Z\"}", "test"));
	do {
		int code = ask_without(become, NULL, ++nth);

		if (code != TW_CODE_OK && !(memory.fired && code == TW_CODE_NOMEM))
			fail_msg("block %ld: %s", nth, tw_code_name((enum tw_code)code));
		missed += code == TW_CODE_NOMEM;
	} while (memory.fired);
	CHECK(missed > 2);
}

static int ask_change(const void *what)
{
	const struct change *ch = what;

	return ask(ch->method, ch->target, ch->body);
}

/* Short of memory, all of a change is done or nothing; the answer alone may get lost behind it. */
static void test_memory(void **state)
{
	for (size_t i = 0; i < TW_COUNT(changes); i++) {
		long nth = 0, kept = 0;

		prepare();
		do {
			TW_CLEANUP(tw_buf_done) struct tw_buf before = { 0 }, after = { 0 };

			know(&before);
			int status = ask_without(ask_change, &changes[i], ++nth);
			if (status != changes[i].status && !(memory.fired && (status >= 500 || status == 0)))
				fail_msg("row %zu, block %ld: %d", i, nth, status);
			know(&after);
			check_nothing_changed(&changes[i], &after, "against the store");
			bool same = after.size == before.size && memcmp(after.data, before.data, after.size) == 0;
			kept += same;
			if (!same)
				prepare();
		} while (memory.fired);
		CHECK(nth >= 3 && kept > nth / 2);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_names_are_one_persons), TEST(test_ids_as_they_are_written), TEST(test_words_are_found_whole),
	TEST(test_a_kind_or_state_that_is_none), TEST(test_more_owners_than_there_may_be), TEST(test_the_job_without_memory),
	TEST(test_conditions_without_memory), TEST(test_ids_are_given_once), TEST(test_what_is_refused), TEST(test_pages),
	TEST(test_there_is_room_for_so_many), TEST(test_the_last_owner_stays), TEST(test_a_suspended_owner),
	TEST(test_so_many_owners), TEST(test_an_owner_is_renamed), TEST(test_accounts_that_end), TEST(test_more_time),
	TEST(test_accounts_that_end_in_another_boot), TEST(test_a_store_that_refuses), TEST(test_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts that log in so often and no more; and the report of what was done with accounts. */
#include "one-world.h"

#include "device/rows-logical-access.h"

#define FIRE "{\"name\":\"fire\",\"kind\":\"emergency\",\"lifetime\":7200,\"uses\":2}"

/* @nist LA.RSM.6.1: twice and no more; the last session is the last, and with its end the account has ended, also across a start */
static void test_uses_are_counted(void **state)
{
	char first[64], second[64], third[64];

	check_as(NULL, "POST", "/api/v1/accounts", FIRE, 201, "\"uses_left\":2");
	CHECK_INT(open_for("a2", first), 201);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"uses_left\":1");
	CHECK_INT(open_for("a2", second), 201);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"active\"");
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"uses_left\":0");
	CHECK_INT(open_for("a2", third), 409);
	CHECK(strstr(tw_unit_body(w.unit), "account.uses"));
	check_as(NULL, "PUT", "/api/v1/session-caps/account.a2", "{\"most\":2}", 200, NULL);
	CHECK_INT(open_for("a2", third), 409);
	CHECK(strstr(tw_unit_body(w.unit), "account.uses")); /* also where a cap is full as well: an end would make no room */
	world_start(&w);
	CHECK_INT(tw_unit_request_as(w.unit, first, "DELETE", "/api/v1/sessions/current", NULL), 204);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"active\"");
	CHECK_INT(open_for("a2", third), 409);
	struct tw_account a;
	later(31 * MINUTE); /* the second is over too, though it was not swept away, and whoever else has one */
	CHECK_OK(tw_account_get(&device()->context, 2, &a));
	CHECK_INT(a.state, TW_ACCOUNT_EXPIRED);
	world_session(&w, third);
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 200, "\"state\":\"expired\"");
	check_as(NULL, "POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 409, "account.state");
	CHECK_OK(tw_access_job_accounts(&device()->context));
	check_as(NULL, "GET", "/api/v1/accounts/a2", NULL, 404, NULL);
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200, "\"what\":\"removed, for it was used as often as it might be\"");
}

/* Whose time is up before he came as often as he may was not used up. */
static void test_the_time_is_up_first(void **state)
{
	char token[64];

	check_as(NULL, "POST", "/api/v1/accounts", FIRE, 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	later(120 * MINUTE);
	CHECK_OK(tw_access_job_accounts(&device()->context));
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200, "\"what\":\"removed, for its time was up\"");
}

static void test_what_is_not_counted(void **state)
{
	char token[64];

	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\",\"uses\":2}", 400, "account.uses");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"emergency\",\"lifetime\":60,\"uses\":0}", 400, "path.input");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"emergency\",\"lifetime\":60}", 201, NULL);
	CHECK(!strstr(tw_unit_body(w.unit), "uses_left"));
	for (int i = 0; i < 4; i++)
		CHECK_INT(open_for("a2", token), 201);
	check_as(NULL, "POST", "/api/v1/accounts", FIRE, 201, "\"a3\"");
	check_as(NULL, "POST", "/api/v1/credentials", "{\"account\":\"a3\",\"label\":\"x\",\"certificate\":\"y\"}", 409, "account.uses");
	check_as(NULL, "POST", "/api/v1/credentials", "{\"account\":\"a2\",\"label\":\"x\",\"certificate\":\"y\"}", 400,
		"credential.certificate");
}

/* @nist LA.RSM.6.3: each change with its actor and time, the newest first, page by page; of another owner nothing */
static void test_changes_are_reported(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *all = NULL;
	static const char *const done[] = { "removed", "suspended", "renamed to robert", "given the role operator", "made",
		"made, as owner" };
	uint8_t secret[16];

	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, NULL);
	check_as(NULL, "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"operator\"}", 201, NULL);
	check_as(NULL, "PUT", "/api/v1/accounts/a2", "{\"name\":\"robert\"}", 200, NULL);
	check_as(NULL, "PUT", "/api/v1/accounts/a2", "{\"name\":\"alice\"}", 409, NULL); /* what was refused changed nothing */
	check_as(NULL, "PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
	check_as(NULL, "DELETE", "/api/v1/accounts/a2", NULL, 204, NULL);
	world_start(&w);
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200, NULL);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 1 << 20, &all));
	const json_t *changes = json_object_get(all, "changes");
	CHECK_INT(json_array_size(changes), TW_COUNT(done));
	for (size_t i = 0; i < TW_COUNT(done); i++) {
		const json_t *one = json_array_get(changes, i);

		CHECK_TEXT(tw_json_text(one, "what"), done[i]);
		CHECK_TEXT(tw_json_text(one, "at"), "2030-03-17T17:46:40.000Z");
		CHECK_TEXT(tw_json_text(one, "account"), i + 1 < TW_COUNT(done) ? "a2" : "a1");
		CHECK_TEXT(tw_json_text(one, "by"), i + 1 < TW_COUNT(done) ? "owner:alice" : "secret");
	}
	CHECK_TEXT(tw_json_text(json_array_get(changes, 0), "name"), "robert");
	check_as(NULL, "GET", "/api/v1/account-changes?limit=2", NULL, 200, "\"next\"");
	check_as(NULL, "GET", "/api/v1/account-changes?cursor=AAAA", NULL, 400, "page.cursor");
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK_INT(tw_unit_takeover(w.unit, "carol"), 201);
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200, "made, as owner");
	CHECK(!strstr(tw_unit_body(w.unit), "robert"));
}

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* The oldest go, so that nobody fills the disk with changes. */
static void test_the_report_has_an_end(void **state)
{
	const struct tw_account_note note = { .account = 1, .name = "alice", .what = "x", .who = "y" };
	tw_store *s = device()->context.store;
	int64_t count = 0;

	CHECK_OK(tw_store_run(s, "UPDATE sqlite_sequence SET seq = 10000 WHERE name = 'account_change'", NULL, 0, NULL, NULL));
	CHECK_OK(tw_account_note(&device()->context, &note)); /* the 10001st: the first, of the owner, goes */
	CHECK_OK(tw_store_run(s, "SELECT count(*) FROM account_change", NULL, 0, take_count, &count));
	CHECK_INT(count, 1);
	CHECK_OK(tw_account_note(&device()->context, &note));
	CHECK_OK(tw_store_run(s, "SELECT count(*) FROM account_change", NULL, 0, take_count, &count));
	CHECK_INT(count, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_uses_are_counted), TEST(test_the_time_is_up_first), TEST(test_what_is_not_counted),
	TEST(test_changes_are_reported), TEST(test_the_report_has_an_end))

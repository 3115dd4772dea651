/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of logical access: page by page they say what they say as a whole, and a place that is none of theirs is refused. */
#include "one-world.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/sql-device.h"

#define PAGES_MAX 40

static const struct list {
	const char *target, *operation, *name;
	const char *wrong[2]; /* places that no cursor of ours says, though somebody made it up well */
} lists[] = {
	{ "/api/v1/accounts", "accounts.list", "accounts", { "x", "1x" } },
	{ "/api/v1/account-changes", "accounts.changes", "changes", { "x", "1x" } },
	{ "/api/v1/credentials", "credentials.list", "credentials", { "x", "1x" } },
	{ "/api/v1/sessions", "sessions.list", "sessions", { "x", "1x" } },
	{ "/api/v1/session-caps", "session-caps.list", "caps", { NULL } },
	{ "/api/v1/roles", "roles.list", "roles", { NULL } },
	{ "/api/v1/rules", "rules.list", "rules", { NULL } },
	{ "/api/v1/access-list", "access.list", "access", { "1", "1x" } },
};

static void ask_well(const char *method, const char *target, const char *body)
{
	int status = tw_unit_request(w.unit, method, target, NULL, body);

	if (status >= 300)
		fail_msg("%s %s: %d, %s", method, target, status, tw_unit_body(w.unit));
}

/* Three of each, and more than one session of an account. */
static void fill(void)
{
	static const char *const names[] = { "bob", "carol", "dave" };
	char target[64], body[192], token[64];

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"kind\":\"person\"}", names[i]);
		ask_well("POST", "/api/v1/accounts", body);
		CHECK_OK(tw_credential_put(device(),
			&(struct tw_new_credential){ (int64_t)i + 2, "desk", (const uint8_t[32]){ (uint8_t)i }, "none" }, &(int64_t){ 0 }));
		world_session(&w, token);
		(void)snprintf(target, sizeof target, "/api/v1/session-caps/account.a%zu", i + 2);
		ask_well("PUT", target, "{\"most\":9}");
		(void)snprintf(target, sizeof target, "/api/v1/roles/%s", names[i]);
		ask_well("PUT", target, "{}");
		(void)snprintf(target, sizeof target, "/api/v1/rules/%s", names[i]);
		ask_well("PUT", target,
			"{\"effect\":\"deny\",\"permission\":\"log.read\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"off\"}");
	}
}

static void read_page(const struct list *l, int limit, const char *cursor, json_t **ret)
{
	char target[320];

	(void)snprintf(target, sizeof target, "%s?limit=%d%s%s", l->target, limit, *cursor ? "&cursor=" : "", cursor);
	ask_well("GET", target, NULL);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 1 << 20, ret));
}

/* The whole list out of pages of so many. */
static json_t *pages(const struct list *l, size_t limit)
{
	json_t *all = json_array();
	char cursor[256] = "";
	int n = 0;

	do {
		TW_CLEANUP(tw_jsonp) json_t *page = NULL;

		read_page(l, (int)limit, cursor, &page);
		const json_t *some = json_object_get(page, l->name);
		if (json_array_size(some) == 0 || json_array_size(some) > limit || ++n > PAGES_MAX)
			fail_msg("%s: page %d of %zu has %zu", l->target, n, limit, json_array_size(some));
		CHECK_INT(json_array_extend(all, (json_t *)(uintptr_t)some), 0);
		(void)snprintf(cursor, sizeof cursor, "%s", tw_json_text(page, "next"));
	} while (*cursor);
	return all;
}

static void test_page_by_page(void **state)
{
	fill();
	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		TW_CLEANUP(tw_jsonp) json_t *whole = pages(&lists[i], 100);

		CHECK(json_array_size(whole) >= 3);
		for (size_t limit = 1; limit <= 4; limit++) {
			TW_CLEANUP(tw_jsonp) json_t *parts = pages(&lists[i], limit);

			if (!json_equal(whole, parts))
				fail_msg("%s: pages of %zu say something else", lists[i].target, limit);
		}
	}
}

/* As page.c makes them. */
static void make_cursor(const struct list *l, const char *place, char *ret, size_t size)
{
	const struct tw_slice parts[] = { { "thingward-cursor-1", 19 }, { (const char *)tw_audit_device(device()->context.audit), 32 },
		{ l->operation, strlen(l->operation) + 1 }, tw_slice_of(place) };
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 }, text = { 0 };
	uint8_t digest[TW_SHA256_SIZE];

	CHECK_OK(tw_sha256_of(parts, TW_COUNT(parts), digest));
	tw_buf_init(&bytes, tw_sys_real(), 128);
	tw_buf_init(&text, tw_sys_real(), 256);
	CHECK_OK(tw_buf_add(&bytes, digest, 8));
	CHECK_OK(tw_buf_text(&bytes, place));
	CHECK_OK(tw_buf_base64url(&text, bytes.data, bytes.size));
	(void)snprintf(ret, size, "%s", tw_buf_cstr(&text));
}

static void check_refused(const struct list *l, const char *cursor)
{
	char target[320];

	(void)snprintf(target, sizeof target, "%s?cursor=%s", l->target, cursor);
	CHECK_INT(tw_unit_request(w.unit, "GET", target, NULL, NULL), 400);
	CHECK(strstr(tw_unit_body(w.unit), "page.cursor"));
}

static void test_places_that_are_none(void **state)
{
	char cursor[256];

	fill();
	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		check_refused(&lists[i], "AAAA");
		make_cursor(&lists[(i + 1) % TW_COUNT(lists)], "1", cursor, sizeof cursor); /* of another list */
		check_refused(&lists[i], cursor);
		for (size_t k = 0; k < TW_COUNT(lists[i].wrong) && lists[i].wrong[k]; k++) {
			make_cursor(&lists[i], lists[i].wrong[k], cursor, sizeof cursor);
			check_refused(&lists[i], cursor);
		}
	}
	CHECK(!world_log_says(&w, "request.failed"));
}

/* Beside each account stands how many sessions of its own are open, and only those. */
static void test_sessions_that_are_open(void **state)
{
	char token[64];

	fill();
	ask_well("GET", "/api/v1/access-list", NULL);
	CHECK(strstr(tw_unit_body(w.unit), "account a1, person, active; sessions open: 3"));
	CHECK(strstr(tw_unit_body(w.unit), "account a2, person, active; sessions open: 0"));
	later(20 * MINUTE);
	world_session(&w, token);
	later(30 * MINUTE);
	ask_well("GET", "/api/v1/access-list", NULL);
	CHECK(strstr(tw_unit_body(w.unit), "account a1, person, active; sessions open: 1"));
}

/* How many of a list fit what is asked for, and whether the first of them says so. */
static void check_found(size_t i, const char *query, size_t want, const char *first)
{
	char target[160];
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	(void)snprintf(target, sizeof target, "%s?%s", lists[i].target, query);
	ask_well("GET", target, NULL);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 1 << 20, &j));
	const json_t *list = json_object_get(j, lists[i].name);
	if (json_array_size(list) != want || (first && strcmp(tw_json_text(json_array_get(list, 0), "name"), first) != 0))
		fail_msg("%s: %zu, %s", target, json_array_size(list), tw_unit_body(w.unit));
}

static void test_found(void **state)
{
	static const struct {
		size_t list;
		const char *query;
		size_t want;
		const char *first;
	} rows[] = {
		{ 0, "name=bob", 1, "bob" },
		{ 0, "name=O", 2, "bob" },
		{ 0, "name=R%C3%96", 1, "Kr\xc3\xb6te %" },
		{ 0, "name=%25", 1, "Kr\xc3\xb6te %" },
		{ 0, "name=_", 0, NULL },
		{ 0, "name=a3", 1, "carol" },
		{ 0, "name=a3&kind=shared", 0, NULL },
		{ 0, "kind=shared", 1, "Kr\xc3\xb6te %" },
		{ 0, "name=nobody", 0, NULL },
		{ 2, "account=a3", 1, "carol" },
		{ 2, "account=a3&kind=certificate", 1, "carol" },
		{ 2, "account=a3&kind=password", 0, NULL },
		{ 2, "kind=server%20oidc", 1, "dave" },
		{ 2, "kind=totp-new", 0, NULL },
		{ 2, "account=a99", 0, NULL },
	};

	fill();
	ask_well("POST", "/api/v1/accounts", "{\"name\":\"Kr\xc3\xb6te %\",\"kind\":\"shared\"}");
	ask_well("PUT", "/api/v1/server-passwords/a4", "{}");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_found(rows[i].list, rows[i].query, rows[i].want, rows[i].first);
}

/* A question that can find nothing is refused and not answered with nothing: whoever mistyped it would take it that there are none. */
static void test_questions_of_nothing(void **state)
{
	static const struct {
		size_t list;
		const char *query, *rule;
	} rows[] = {
		{ 0, "kind=nothing", "account.kind" },
		{ 0, "name=bob&kind=Person", "account.kind" },
		{ 2, "kind=word", "credential.kind" },
		{ 2, "kind=server%20", "credential.kind" },
		{ 2, "kind=%20", "credential.kind" },
		{ 2, "kind=server%20%20oidc", "credential.kind" },
		{ 2, "kind=server%20oidcs", "credential.kind" },
		{ 2, "account=a3&kind=server,oidc", "credential.kind" },
		{ 2, "account=bob", "credential.account" },
		{ 2, "account=a3x&kind=server", "credential.account" },
		{ 2, "account=99", "credential.account" },
	};
	char target[160];

	fill();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(target, sizeof target, "%s?%s", lists[rows[i].list].target, rows[i].query);
		if (tw_unit_request(w.unit, "GET", target, NULL, NULL) != 400 || !strstr(tw_unit_body(w.unit), rows[i].rule))
			fail_msg("%s: %s", target, tw_unit_body(w.unit));
	}
}

/* Every kind that a credential can have may be asked for. */
static void test_kinds_of_credentials(void **state)
{
	check_found(2, "kind=certificate%20password%20server%20oidc%20totp%20totp-new%20message%20passkey%20biometric%20auth-plugin",
		1, "alice");
}

static tw_err add_step(void *user, const tw_row *row)
{
	const struct tw_slice detail = tw_row_bytes(row, 3);

	TW_TRY(tw_buf_add(user, detail.at, detail.size));
	return tw_buf_text(user, "\n");
}

/* How SQLite finds what is asked: a page goes on from where the one before ended, and an account's credentials are found by the index of
   them, so that neither reads what others have. */
static void test_by_which_index(void **state)
{
	static const struct {
		const char *sql;
		size_t values;
		const char *first;
	} rows[] = {
		{ tw_sql_credential_page, 3, "SEARCH credential USING INTEGER PRIMARY KEY (rowid>?)\n" },
		{ tw_sql_credential_page_of, 4, "SEARCH credential USING INDEX credential_of (account=? AND rowid>?)\n" },
	};
	const struct tw_value v[] = { TW_V_INT(0), TW_V_INT(26), TW_V_TEXT(""), TW_V_INT(1) };
	static char sql[TW_COUNT(rows)][1024]; /* the store knows a statement by where it stands */

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf plan = { 0 };

		tw_buf_init(&plan, tw_sys_real(), 1024);
		CHECK((size_t)snprintf(sql[i], sizeof sql[i], "EXPLAIN QUERY PLAN %s", rows[i].sql) < sizeof sql[i]);
		CHECK_OK(tw_store_run(device()->context.store, sql[i], v, rows[i].values, add_step, &plan));
		if (strncmp(tw_buf_cstr(&plan), rows[i].first, strlen(rows[i].first)) != 0 || strstr(tw_buf_cstr(&plan), "SCAN ") ||
			strstr(tw_buf_cstr(&plan), "TEMP B-TREE"))
			fail_msg("%zu: %s", i, tw_buf_cstr(&plan));
	}
}

/* What is found comes in pages as all does. */
static void test_found_by_pages(void **state)
{
	char target[320], first[64];

	fill();
	ask_well("GET", "/api/v1/accounts?name=o&limit=1", NULL);
	world_text(&w, "next", first, sizeof first);
	(void)snprintf(target, sizeof target, "/api/v1/accounts?name=o&limit=1&cursor=%s", first);
	ask_well("GET", target, NULL);
	CHECK(strstr(tw_unit_body(w.unit), "\"carol\"") && !strstr(tw_unit_body(w.unit), "\"bob\"") &&
		!strstr(tw_unit_body(w.unit), "\"next\""));
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/accounts?name=", NULL, NULL), 400);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/credentials?owner=a1", NULL, NULL), 400);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_page_by_page), TEST(test_places_that_are_none), TEST(test_found), TEST(test_found_by_pages),
	TEST(test_questions_of_nothing), TEST(test_kinds_of_credentials), TEST(test_by_which_index), TEST(test_sessions_that_are_open))

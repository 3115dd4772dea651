/* SPDX-License-Identifier: Apache-2.0 */
/* Whom core takes a request to be from, sessions and the codes that open them, and what is forgotten when there are too many. */
#include "one-world.h"

#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/sql-service.h"

/* Who a request with this field is from, as core finds out. */
static tw_err who(struct tw_request *rq, const char *authorization)
{
	char text[256];
	struct tw_http_head head;
	struct tw_http_fault fault;
	struct tw_context *c = &device()->context;

	(void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\n%s%s%s\r\n", authorization ? "Authorization: " : "",
		authorization ? authorization : "", authorization ? "\r\n" : "");
	CHECK_OK(tw_http_parse(tw_slice_of(text), &head, &fault));
	rq->head = &head;
	tw_err e = c->authenticate(c, rq);
	rq->head = NULL;
	return e;
}

static void test_the_owner_is_who_holds_his_key(void **state)
{
	const uint8_t *own = device()->access->owners.of[0].key;
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true };

	memcpy(rq.client_key, own, 32);
	CHECK_OK(who(&rq, NULL));
	CHECK_INT(rq.subject.kind, TW_SUBJECT_OWNER);
	CHECK_TEXT(rq.subject.name, "owner:alice");
	CHECK_TEXT(rq.subject.how, "client-certificate");
	for (size_t i = 0; i < 32; i += 31) {
		rq = (struct tw_request){ .subject.door = TW_DOOR_HTTPS, .has_client_key = true };
		memcpy(rq.client_key, own, 32);
		rq.client_key[i] ^= 1;
		CHECK_OK(who(&rq, NULL));
		CHECK_INT(rq.subject.kind, TW_SUBJECT_ANYONE);
	}
	rq.client_key[31] ^= 1;
	rq.has_client_key = false; /* nobody has proven it */
	CHECK_OK(who(&rq, NULL));
	CHECK_INT(rq.subject.kind, TW_SUBJECT_ANYONE);
}

/* Who owns the device is known though the store cannot say it: its failing locks no owner out. */
static void test_an_owner_without_the_store(void **state)
{
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true };

	memcpy(rq.client_key, device()->access->owners.of[0].key, 32);
	CHECK_OK(tw_store_run(device()->context.store, "ALTER TABLE credential RENAME TO hidden", NULL, 0, NULL, NULL));
	CHECK_OK(who(&rq, NULL));
	CHECK_INT(rq.subject.kind, TW_SUBJECT_OWNER);
	rq = (struct tw_request){ .subject.door = TW_DOOR_HTTPS, .has_client_key = true };
	CHECK(tw_failed(who(&rq, NULL))); /* of anybody else it is not said that he is a stranger */
}

/* A key proves something on the network only, and a session where it was opened, which is there or at the local door: elsewhere the kernel has said who
   it is. */
static void test_other_doors_have_no_credentials(void **state)
{
	static const enum tw_door doors[] = { TW_DOOR_CONSOLE, TW_DOOR_EVENT, TW_DOOR_INTERNAL };
	struct tw_request local = { .subject.door = TW_DOOR_LOCAL, .has_client_key = true };

	memcpy(local.client_key, device()->access->owners.of[0].key, 32);
	CHECK_ERR(who(&local, "Bearer nothing"), DENIED);
	CHECK_OK(who(&local, NULL));
	CHECK_INT(local.subject.kind, TW_SUBJECT_ANYONE);

	for (size_t i = 0; i < TW_COUNT(doors); i++) {
		struct tw_request rq = { .subject.door = doors[i], .has_client_key = true };
		memcpy(rq.client_key, device()->access->owners.of[0].key, 32);
		CHECK_OK(who(&rq, "Bearer nothing"));
		CHECK_INT(rq.subject.kind, TW_SUBJECT_ANYONE);
	}
}

/* One who came by a browser has no key: no key is his, also not the one of all zeros that stands for it. */
static void test_an_owner_without_a_key(void **state)
{
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true };
	struct tw_unit_offer o;

	CHECK_INT(tw_unit_offer(w.unit, &o), 200);
	CHECK_INT(tw_unit_browser(w.unit, &o, "alice"), 202);
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 201);
	CHECK(!device()->access->owners.of[0].has_key);
	CHECK_OK(who(&rq, NULL));
	CHECK_INT(rq.subject.kind, TW_SUBJECT_ANYONE);
	CHECK_OK(tw_access_load(device())); /* nor as it comes back from the store */
	CHECK(!device()->access->owners.of[0].has_key);
	CHECK_OK(who(&rq, NULL));
	CHECK_INT(rq.subject.kind, TW_SUBJECT_ANYONE);
}

static void test_bearer(void **state)
{
	char token[64];
	world_session(&w, token);
	const struct {
		const char *before, *token, *behind;
		enum tw_subject_kind kind;
		bool denied;
	} rows[] = {
		{ "Bearer ", token, "", TW_SUBJECT_OWNER, false },
		{ "bearer ", token, "", TW_SUBJECT_OWNER, false },
		{ "BEARER ", token, "", TW_SUBJECT_OWNER, false },
		{ "Bearer ", token, "A", TW_SUBJECT_ANYONE, true },
		{ "Bearer ", token + 1, "", TW_SUBJECT_ANYONE, true },
		{ "Bearer ", "x", "", TW_SUBJECT_ANYONE, true },
		{ "Bearer", "", "", TW_SUBJECT_ANYONE, false },
		{ "Bearers", "", "", TW_SUBJECT_ANYONE, false },
		{ "Basic  ", token, "", TW_SUBJECT_ANYONE, false },
		{ "Bearer", token, "", TW_SUBJECT_ANYONE, false },
		{ "", token, "", TW_SUBJECT_ANYONE, false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_request rq = { .subject.door = TW_DOOR_HTTPS };
		char text[128];
		(void)snprintf(text, sizeof text, "%s%s%s", rows[i].before, rows[i].token, rows[i].behind);
		tw_err e = who(&rq, text);
		if (rq.subject.kind != rows[i].kind || tw_is(e, TW_CODE_DENIED) != rows[i].denied || tw_failed(e) != rows[i].denied)
			fail_msg("row %zu: kind %d, %s", i, rq.subject.kind, tw_code_name(e.code));
		CHECK_TEXT(rq.subject.how, rows[i].kind == TW_SUBJECT_OWNER ? "session" : "");
	}
}

/* What goes on after its request (a task, a stream) ends with the owner it was for. */
static void test_known(void **state)
{
	static const struct {
		const char *account;
		enum tw_subject_kind kind;
		bool known;
	} rows[] = {
		{ "a1", TW_SUBJECT_OWNER, true },
		{ "a2", TW_SUBJECT_OWNER, false },
		{ "", TW_SUBJECT_OWNER, false },
		{ "1", TW_SUBJECT_OWNER, false },
		{ "a11", TW_SUBJECT_OWNER, false },
		{ "", TW_SUBJECT_LOCAL, true },
		{ "", TW_SUBJECT_ANYONE, true },
	};
	struct tw_context *c = &device()->context;
	uint8_t secret[16];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_subject s = { .kind = rows[i].kind };
		(void)snprintf(s.account, sizeof s.account, "%s", rows[i].account);
		if (c->known(c, &s) != rows[i].known)
			fail_msg("row %zu: %s", i, rows[i].account);
	}
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK(!c->known(c, &(struct tw_subject){ .kind = TW_SUBJECT_OWNER, .account = "a1" }));
}

static void test_whether_there_is_an_owner_is_a_fact(void **state)
{
	struct tw_context *c = &device()->context;
	TW_CLEANUP(tw_jsonp) json_t *before = NULL;
	TW_CLEANUP(tw_jsonp) json_t *after = NULL;

	CHECK_OK(tw_fact(c, "owner.present", &before));
	CHECK(json_is_false(before));
	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	CHECK_OK(tw_fact(c, "owner.present", &after));
	CHECK(json_is_true(after));
}

/* --- Who failed too often --- */

static int opens_from(enum tw_door door, const char *source, const char *name)
{
	struct tw_request rq = { .subject = { .door = door } };
	struct tw_reply rp = { .status = 200 };
	struct tw_context *c = &device()->context;

	(void)snprintf(rq.subject.source, sizeof rq.subject.source, "%s", source);
	(void)snprintf(rq.subject.name, sizeof rq.subject.name, "%s", name);
	CHECK_OK(c->admit(c, &rq, &rp));
	if (rp.status == 200)
		c->refused(c, &rq);
	else
		CHECK(rp.retry_after_s > 0 && rp.retry_after_s <= 60);
	CHECK_TEXT(rp.rule, rp.status == 200 ? "" : "access.throttle");
	tw_reply_done(&rp);
	return rp.status;
}

static void test_who_has_to_wait(void **state)
{
	char source[32];

	for (int i = 0; i < 5; i++) { /* one user, five processes; one network, five addresses */
		(void)snprintf(source, sizeof source, "pid %d", i);
		CHECK_INT(opens_from(TW_DOOR_LOCAL, source, "uid:1000"), 200);
		(void)snprintf(source, sizeof source, "2001:db8::%d", i + 1);
		CHECK_INT(opens_from(TW_DOOR_HTTPS, source, "anyone"), 200);
	}
	CHECK_INT(opens_from(TW_DOOR_LOCAL, "pid 9", "uid:1000"), 429);
	CHECK_INT(opens_from(TW_DOOR_LOCAL, "pid 9", "uid:1001"), 200);
	CHECK_INT(opens_from(TW_DOOR_HTTPS, "2001:db8::9", "anyone"), 429);
	CHECK_INT(opens_from(TW_DOOR_HTTPS, "2001:db8:0:1::9", "anyone"), 200);
	later(MINUTE);
	CHECK_INT(opens_from(TW_DOOR_LOCAL, "pid 9", "uid:1000"), 200);
	CHECK_INT(opens_from(TW_DOOR_HTTPS, "2001:db8::9", "anyone"), 200);
}

/* --- Sessions --- */

static void test_one_session_too_many_ends_the_first(void **state)
{
	char token[TW_SESSIONS_MAX + 1][64];

	for (size_t i = 0; i < TW_COUNT(token); i++) {
		later((int64_t)i * 1000);
		world_session(&w, token[i]);
		CHECK(world_log_says(&w, "session.ended") == (i == TW_SESSIONS_MAX));
	}
	CHECK(world_log_says(&w, "\"account\":\"a1\""));
	CHECK_INT(world_reads(&w, token[0]), 401);
	for (size_t i = 1; i < TW_COUNT(token); i++)
		CHECK_INT(world_reads(&w, token[i]), 200);
}

/* A place that somebody gave back, or whose session is over, is taken before a session is ended for a new one. */
static void test_free_places_are_taken_first(void **state)
{
	char token[TW_SESSIONS_MAX][64], again[64];

	for (size_t i = 0; i < TW_COUNT(token); i++) {
		later((int64_t)i * 1000);
		world_session(&w, token[i]);
	}
	CHECK_INT(tw_unit_request_as(w.unit, token[5], "DELETE", "/api/v1/sessions/current", NULL), 204);
	CHECK_INT(world_reads(&w, token[5]), 401);
	world_session(&w, again);
	for (size_t i = 0; i < TW_COUNT(token); i++)
		CHECK_INT(world_reads(&w, token[i]), i == 5 ? 401 : 200);
	later(30 * MINUTE); /* the first is over, this very moment */
	world_session(&w, again);
	CHECK_INT(world_reads(&w, token[1]), 200);
	CHECK(!world_log_says(&w, "session.ended"));
	world_start(&w); /* and the store holds no more than the cache */
	CHECK_INT(world_reads(&w, token[1]), 200);
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS };
	char text[80];
	(void)snprintf(text, sizeof text, "Bearer %s", token[1]);
	CHECK_OK(who(&rq, text));
	CHECK_TEXT(rq.subject.name, "owner:alice"); /* as it came back */
	CHECK_INT(world_reads(&w, again), 200);
	CHECK_INT(world_reads(&w, token[5]), 401);
}

static void set(const char *key, const char *version, const char *value)
{
	char target[96], body[64];

	(void)snprintf(target, sizeof target, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "PUT", target, version, body), 200);
}

/* One that nobody uses ends sooner than one that is used; what the setting says counts at once, also after a start. */
static void test_a_session_may_be_idle_for_so_long(void **state)
{
	char used[64], idle[64];

	set("logical-access.session-idle", "\"0\"", "120");
	world_session(&w, used);
	CHECK(strstr(tw_unit_body(w.unit), "\"idle_s\":120"));
	world_session(&w, idle);
	later(119999);
	CHECK_INT(world_reads(&w, used), 200);
	later(120000);
	CHECK_INT(world_reads(&w, idle), 401);
	later(239998);
	CHECK_INT(world_reads(&w, used), 200);
	world_start(&w); /* counted anew from here, within its whole life */
	later(359997);
	CHECK_INT(world_reads(&w, used), 200);
	set("logical-access.session-idle", "\"1\"", "60");
	later(419997);
	CHECK_INT(world_reads(&w, used), 401);
}

/* @nist LA.AC.1.4.1: whoever opens one may ask for less, which counts also after a start; more than the setting says nobody gets */
static void test_a_session_may_ask_for_less(void **state)
{
	char body[64], asks[96], token[3][64];
	static const int idle[3] = { 30, 30, 7200 };

	for (int i = 0; i < 3; i++) {
		world_code(&w, body);
		(void)snprintf(asks, sizeof asks, "%.*s,\"idle\":%d}", (int)strlen(body) - 1, body, idle[i]);
		CHECK_INT(world_open(&w, asks), 201);
		CHECK(strstr(tw_unit_body(w.unit), i < 2 ? "\"idle_s\":30," : "\"idle_s\":1800,"));
		world_text(&w, "token", token[i], 64);
	}
	later(29999);
	CHECK_INT(world_reads(&w, token[0]), 200);
	later(30000);
	CHECK_INT(world_reads(&w, token[1]), 401);
	CHECK_INT(world_reads(&w, token[0]), 200);
	world_start(&w); /* counted anew from here */
	later(59999);
	CHECK_INT(world_reads(&w, token[0]), 200);
	later(89999);
	CHECK_INT(world_reads(&w, token[0]), 401);
	CHECK_INT(world_reads(&w, token[2]), 200);
}

static void test_a_session_lives_for_so_long(void **state)
{
	char token[64], second[64];

	world_session(&w, token);
	set("logical-access.session-limit", "\"0\"", "600");
	world_session(&w, second);
	CHECK(strstr(tw_unit_body(w.unit), "\"expires_in_s\":600"));
	later(599999);
	CHECK_INT(world_reads(&w, second), 200);
	later(600000);
	CHECK_INT(world_reads(&w, second), 401);
	CHECK_INT(world_reads(&w, token), 200); /* as it was told when it was opened */
}

/* The second login says when and from where the first was, also after a start. */
static void test_the_login_before(void **state)
{
	char token[64];

	world_session(&w, token);
	CHECK(!strstr(tw_unit_body(w.unit), "\"previous\""));
	world_at(&w, WORLD_WALL + MINUTE, WORLD_BOOT + MINUTE);
	world_session(&w, token);
	CHECK(strstr(tw_unit_body(w.unit), "\"previous\":\"2030-03-17T17:46:40.000Z\""));
	CHECK(strstr(tw_unit_body(w.unit), "\"previous_how\":\"code\""));
	world_start(&w);
	world_session(&w, token);
	CHECK(strstr(tw_unit_body(w.unit), "\"previous\":\"2030-03-17T17:47:40.000Z\""));
}

/* A session is good at the door it was opened at, and over a connection with the key it was opened with. */
static void test_a_session_belongs_to_its_key(void **state)
{
	const struct tw_request with = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true, .client_key = { 7 } };
	const struct tw_opening o = { .account = device()->access->owners.of[0].id, .how = "code", .rq = &with };
	char token[TW_TOKEN_TEXT + 1], text[80];

	CHECK_OK(tw_access_session(&device()->context, &o, token));
	(void)snprintf(text, sizeof text, "Bearer %s", token);
	for (int again = 0; again < 2; again++) {
		struct tw_request rq = with;
		CHECK_OK(who(&rq, text));
		CHECK_INT(rq.subject.kind, TW_SUBJECT_OWNER);
		CHECK_TEXT(rq.subject.account, "a1");
		rq = with;
		rq.client_key[31] = 1;
		CHECK_ERR(who(&rq, text), DENIED);
		rq = (struct tw_request){ .subject.door = TW_DOOR_HTTPS };
		CHECK_ERR(who(&rq, text), DENIED);
		device()->access->guard.sessions[0].door = TW_DOOR_LOCAL;
		rq = with;
		CHECK_ERR(who(&rq, text), DENIED);
		CHECK_OK(tw_access_load(device())); /* and as it comes back from the store */
	}
}

/* A key of all zeros is not that of a connection without one. */
static void test_a_session_of_a_key_of_zeros(void **state)
{
	const struct tw_request with = { .subject.door = TW_DOOR_HTTPS, .has_client_key = true };
	const struct tw_opening o = { device()->access->owners.of[0].id, "code", &with };
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS };
	char token[TW_TOKEN_TEXT + 1], text[80];

	CHECK_OK(tw_access_session(&device()->context, &o, token));
	(void)snprintf(text, sizeof text, "Bearer %s", token);
	CHECK_ERR(who(&rq, text), DENIED);
	rq = with;
	CHECK_OK(who(&rq, text));
}

static void test_only_a_session_can_be_closed(void **state)
{
	char token[2][64];

	world_session(&w, token[0]);
	world_session(&w, token[1]);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", "/api/v1/sessions/current", NULL, NULL), 409);
	CHECK(strstr(tw_unit_body(w.unit), "access.session"));
	CHECK_INT(tw_unit_request_as(w.unit, token[0], "DELETE", "/api/v1/sessions/current", NULL), 204);
	CHECK_INT(world_reads(&w, token[0]), 401);
	CHECK_INT(world_reads(&w, token[1]), 200);
	world_start(&w);
	CHECK_INT(world_reads(&w, token[0]), 401);
	CHECK_INT(world_reads(&w, token[1]), 200);
}

/* --- Codes --- */

static void put_code(const char *code, const uint8_t boot[16], int64_t expires_ms)
{
	uint8_t hash[32];

	CHECK_OK(tw_sha256(code, strlen(code), hash));
	const struct tw_value v[] = { TW_V_BLOB(hash, sizeof hash), TW_V_INT(device()->access->owners.of[0].id),
		TW_V_BLOB(boot, 16), TW_V_INT(expires_ms), TW_V_TEXT(""), TW_V_INT(0) };
	CHECK_OK(tw_store_run(device()->context.store, tw_sql_code_put, v, TW_COUNT(v), NULL, NULL));
}

static void test_codes_as_people_type_them(void **state)
{
	static const struct {
		const char *typed;
		bool opens;
	} rows[] = {
		{ "01AZ7-VWXYZ", true },
		{ "01AZ7VWXYZ", true },
		{ "01az7-vwxyz", true },
		{ "OIaz7-VWXYZ", true },
		{ "oLaz7vwxyz", true },
		{ "0laz7v-wxyz", true },
		{ "01AZ7-VWXY", false },
		{ "01AZ7VWXYZZ", false },
		{ "01AZ7-VWXYU", false },
		{ "01AZ7-VWXY{", false },
		{ "01AZ7-VWXY`", false },
		{ "01AZ7 VWXYZ", false },
		{ "----------", false },
	};

	set("logical-access.attempts", "\"0\"", "100");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char body[64];
		if (i == 0 || rows[i - 1].opens)
			put_code("01AZ7VWXYZ", device()->boot_id, WORLD_BOOT + 10 * MINUTE);
		(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", rows[i].typed);
		int status = world_open(&w, body);
		if (status != (rows[i].opens ? 201 : 403))
			fail_msg("'%s': %d", rows[i].typed, status);
	}
}

static void test_a_code_opens_once_and_in_its_boot(void **state)
{
	static const uint8_t other[16] = { 1 };
	char body[64];

	world_code(&w, body);
	CHECK_INT(world_open(&w, body), 201);
	CHECK(world_log_says(&w, "session of a1 alice"));
	CHECK_INT(world_open(&w, body), 403);
	CHECK(strstr(tw_unit_body(w.unit), "access.code"));
	put_code("01AZ7VWXYZ", other, WORLD_BOOT + MINUTE);
	CHECK_INT(world_open(&w, "{\"code\":\"01AZ7VWXYZ\"}"), 403);
}

static void test_eight_codes_may_wait(void **state)
{
	char body[TW_CODES_MAX][64], one[64];

	for (size_t i = 0; i < TW_CODES_MAX; i++)
		world_code(&w, body[i]);
	CHECK_INT(tw_unit_request(w.unit, "POST", "/api/v1/session-codes", NULL, NULL), 409);
	CHECK(strstr(tw_unit_body(w.unit), "access.codes"));
	CHECK_INT(world_open(&w, body[3]), 201);
	world_code(&w, one); /* one was used, so one more may wait */
	CHECK_INT(tw_unit_request(w.unit, "POST", "/api/v1/session-codes", NULL, NULL), 409);
	later(5 * MINUTE);
	for (size_t i = 0; i < TW_CODES_MAX; i++)
		world_code(&w, body[i]); /* those before are too old */
}

static int no_random(const struct tw_sys *s, void *buffer, size_t size)
{
	return -1;
}

/* Without randomness there is no code, no token and no challenge, rather than one that can be guessed. */
static void test_without_randomness(void **state)
{
	struct tw_device *d = device();
	const struct tw_sys *own = d->context.sys;
	struct tw_sys sys = *own;
	char body[64], token[TW_TOKEN_TEXT + 1];

	world_code(&w, body);
	sys.random = no_random;
	d->context.sys = &sys;
	CHECK_INT(tw_unit_request(w.unit, "POST", "/api/v1/session-codes", NULL, NULL), 500);
	CHECK_ERR(world_opens(&w, token), IO);
	CHECK_INT(world_open(&w, body), 500);
	d->context.sys = own;
	CHECK_INT(world_open(&w, body), 201); /* the code had not been used up by that */
}

/* --- What the store says --- */

static void put_owner(const char *name)
{
	const struct tw_new_account n = { .name = name, .made_by = "secret", .kind = TW_ACCOUNT_PERSON, .made_ms = WORLD_WALL };
	int64_t id = 0;

	CHECK_OK(tw_account_put(&device()->context, &n, &id));
	CHECK_OK(tw_account_role_put(&device()->context, id, "owner", NULL, "secret"));
}

static void test_owners_that_cannot_be_are_not_loaded(void **state)
{
	struct tw_device *d = device();
	char name[64];

	for (int i = 1; i < TW_OWNERS_MAX; i++) {
		(void)snprintf(name, sizeof name, "n%d", i);
		put_owner(name);
	}
	CHECK_OK(tw_access_load(d));
	CHECK_INT(d->access->owners.count, TW_OWNERS_MAX);
	put_owner("one more");
	CHECK_ERR(tw_access_load(d), LIMIT);
	CHECK_INT(d->access->owners.count, TW_OWNERS_MAX); /* those known before stay known */
}

static void test_an_owner_whose_name_is_too_long(void **state)
{
	char name[TW_ACCOUNT_NAME_MAX + 1];

	memset(name, 'x', sizeof name);
	name[TW_ACCOUNT_NAME_MAX] = '\0';
	put_owner(name);
	CHECK_OK(tw_access_load(device()));
	CHECK_INT(device()->access->owners.count, 2);
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE account SET name = name || 'x' WHERE name <> 'alice'", NULL, 0, NULL, NULL));
	CHECK_ERR(tw_access_load(device()), LIMIT);
	CHECK_INT(device()->access->owners.count, 2);
}

static int64_t number(const char *sql);

/* What is asked of an owner's certificate later is what he came with. */
static void test_what_is_kept_of_an_owner(void **state)
{
	CHECK_INT(number("SELECT count(*) FROM account a JOIN credential c ON c.account = a.id JOIN account_role r ON r.account = a.id WHERE a.name = 'alice' "
			 "AND a.kind = 'person' AND length(c.lookup) = 32 AND c.data LIKE '-----BEGIN%' AND a.made_by = 'secret' AND r.role = 'owner'"),
		1);
	CHECK_INT(number("SELECT made_ms FROM account"), WORLD_WALL);
	CHECK_OK(tw_access_load(device()));
	CHECK_TEXT(device()->access->owners.of[0].name, "alice");
	CHECK(device()->access->owners.of[0].has_key);
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(device()->context.store, sql, NULL, 0, take_number, &n));
	return n;
}

/* A device that cannot find out whose it is does not start as nobody's. */
static void test_a_start_without_a_part_of_the_store(void **state)
{
	static const char *const spoils[] = { "ALTER TABLE account RENAME TO hidden", "ALTER TABLE session RENAME TO hidden",
		"ALTER TABLE session_code RENAME TO hidden", "ALTER TABLE support RENAME TO hidden",
		"ALTER TABLE kept RENAME TO hidden", "CREATE TRIGGER no BEFORE DELETE ON session BEGIN SELECT RAISE(ABORT, 'no'); END",
		"CREATE TRIGGER no BEFORE DELETE ON session_code BEGIN SELECT RAISE(ABORT, 'no'); END" };
	char token[64], body[64];

	for (size_t i = 0; i < TW_COUNT(spoils); i++) {
		world_session(&w, token);
		world_code(&w, body);
		CHECK_OK(tw_store_run(device()->context.store, spoils[i], NULL, 0, NULL, NULL));
		w.unit = tw_unit_stop(w.unit);
		later(30 * MINUTE); /* the session and the code are to be swept away */
		if (!tw_failed(tw_unit_start(tw_fake_sys(w.fake), w.directory, &w.unit)))
			fail_msg("it starts: %s", spoils[i]);
		CHECK_INT(tear_down(NULL), 0);
		CHECK_INT(set_up_owned(NULL), 0);
	}
}

static void put_session(uint8_t first, size_t size, int64_t expires_ms)
{
	uint8_t hash[33] = { first };
	const struct tw_value v[] = { TW_V_BLOB(hash, size), TW_V_INT(device()->access->owners.of[0].id), TW_V_TEXT("https"),
		TW_V_TEXT("code"), TW_V_TEXT("192.0.2.1"), { .kind = TW_VALUE_NULL }, TW_V_INT(WORLD_WALL),
		TW_V_BLOB(device()->boot_id, 16), TW_V_INT(expires_ms), TW_V_TEXT(""), TW_V_INT(0), TW_V_INT(0), TW_V_INT(0),
		{ .kind = TW_VALUE_NULL }, TW_V_INT(0) };

	CHECK_OK(tw_store_run(device()->context.store, tw_sql_session_put, v, TW_COUNT(v), NULL, NULL));
}

static size_t loaded(uint8_t first)
{
	size_t n = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		n += device()->access->guard.sessions[i].used && device()->access->guard.sessions[i].hash[0] == first;
	return n;
}

static void test_sessions_that_cannot_be_are_not_loaded(void **state)
{
	put_session(1, 32, WORLD_BOOT + 1);
	put_session(2, 31, WORLD_BOOT + 1);
	put_session(3, 33, WORLD_BOOT + 1);
	put_session(4, 32, WORLD_BOOT);
	put_session(5, 32, WORLD_BOOT + 1);
	put_session(6, 32, WORLD_BOOT + 1);
	put_session(7, 32, WORLD_BOOT + 1);
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE session SET parent = x'07' WHERE substr(token_hash, 1, 1) = x'07'",
		NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE session SET door = 'window' WHERE substr(token_hash, 1, 1) = x'05'",
		NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(device()->context.store,
		"UPDATE session SET client_key = x'07' WHERE substr(token_hash, 1, 1) = x'06'", NULL, 0, NULL, NULL));
	CHECK_OK(tw_access_load(device()));
	CHECK_INT(loaded(1), 1);
	CHECK_INT(loaded(2) + loaded(3) + loaded(4) + loaded(5) + loaded(6) + loaded(7), 0);
	for (int i = 0; i < TW_SESSIONS_MAX + 2; i++)
		put_session((uint8_t)(100 + i), 32, WORLD_BOOT + 1);
	CHECK_OK(tw_access_load(device())); /* no more than there is room for */
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		CHECK(device()->access->guard.sessions[i].used);
}

static void test_a_session_ends_by_its_token_alone(void **state)
{
	struct tw_device *d = device();
	char token[TW_TOKEN_TEXT + 1], second[TW_TOKEN_TEXT + 1];

	CHECK_OK(world_opens(&w, token));
	CHECK_OK(world_opens(&w, second));
	CHECK(strcmp(token, second) != 0);
	CHECK_INT(strlen(token), TW_TOKEN_TEXT);
	const struct tw_session *s = tw_access_session_of(&d->context, tw_slice_of(token));
	CHECK(s && s->account == d->access->owners.of[0].id);
	CHECK_INT(s->expires_ms, WORLD_BOOT + 30 * MINUTE);
	uint8_t hash[32];
	memcpy(hash, s->hash, sizeof hash);
	CHECK_OK(tw_access_session_end(&d->context, hash));
	CHECK(!tw_access_session_of(&d->context, tw_slice_of(token)));
	CHECK(tw_access_session_of(&d->context, tw_slice_of(second)));
	CHECK_OK(tw_access_session_end(&d->context, hash)); /* nobody's */
	CHECK(tw_access_session_of(&d->context, tw_slice_of(second)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
#define UNOWNED(f) cmocka_unit_test_setup_teardown(f, set_up_unowned, tear_down)
CHECK_MAIN(TEST(test_the_owner_is_who_holds_his_key), TEST(test_an_owner_without_the_store), TEST(test_a_session_of_a_key_of_zeros),
	TEST(test_other_doors_have_no_credentials), UNOWNED(test_an_owner_without_a_key), TEST(test_bearer), TEST(test_known),
	UNOWNED(test_whether_there_is_an_owner_is_a_fact), TEST(test_who_has_to_wait), TEST(test_one_session_too_many_ends_the_first),
	TEST(test_free_places_are_taken_first), TEST(test_a_session_may_be_idle_for_so_long), TEST(test_a_session_may_ask_for_less),
	TEST(test_a_session_lives_for_so_long), TEST(test_the_login_before), TEST(test_a_session_belongs_to_its_key),
	TEST(test_only_a_session_can_be_closed), TEST(test_codes_as_people_type_them), TEST(test_a_code_opens_once_and_in_its_boot),
	TEST(test_eight_codes_may_wait), TEST(test_without_randomness), TEST(test_owners_that_cannot_be_are_not_loaded),
	TEST(test_an_owner_whose_name_is_too_long), TEST(test_what_is_kept_of_an_owner), TEST(test_a_start_without_a_part_of_the_store),
	TEST(test_sessions_that_cannot_be_are_not_loaded), TEST(test_a_session_ends_by_its_token_alone))

/* SPDX-License-Identifier: Apache-2.0 */
/* Codes that the organization's gateway sends: asked for, sent, good once, and what becomes of a login when nobody takes them. */
#include "spill.h"

#include "anchors.h"
#include "lacking.h"
#include "logins.h"
#include "not-p256.h"
#include "played-fetch.h"

#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

#define GATEWAY "/api/v1/message-gateway"
#define URL "https://gateway.example/codes"
#define HERS "/api/v1/destinations/a1"

static char code[TW_MESSAGE_DIGITS + 1];

static void name_gateway(const char *url, const char *pem, const char *bearer, int want)
{
	char body[6000];

	(void)snprintf(body, sizeof body, "{\"url\":\"%s\",\"anchors\":\"%s\"%s%s%s}", url, pem, bearer ? ",\"secret\":\"" : "",
		bearer ? bearer : "", bearer ? "\"" : "");
	CHECK_INT(ask("PUT", GATEWAY, body), want);
}

static void destination(const char *target, const char *to, int want)
{
	char body[400];

	(void)snprintf(body, sizeof body, "{\"to\":\"%s\"}", to);
	CHECK_INT(ask("PUT", target, body), want);
}

static int set_up(void **state)
{
	memset(&fetched, 0, sizeof fetched);
	if (set_up_logins(state))
		return -1;
	find_anchors();
	name_gateway(URL, anchors, "s3cret!", 204);
	destination(HERS, "+49 30 12345", 204);
	return 0;
}

static void job(void)
{
	CHECK_OK(tw_access_job_messages(&device()->context));
}

static int64_t due(void)
{
	return tw_access_messages_due_ms(&device()->context);
}

/* The code that the gateway was sent; it has answered. */
static void take_code(void)
{
	unsigned before = fetched.begun;

	CHECK_INT(due(), 0);
	job();
	CHECK_INT(fetched.begun, before + 1);
	CHECK(!strncmp(fetched.body, "{\"code\":\"", 9));
	memcpy(code, fetched.body + 9, TW_MESSAGE_DIGITS);
	CHECK_INT(strspn(code, "0123456789"), TW_MESSAGE_DIGITS);
	CHECK_INT(fetched.body[9 + TW_MESSAGE_DIGITS], '"');
	CHECK_INT(due(), -1);
	job(); /* for something else: while it is under way there is nothing to do */
	CHECK(fetched.running && due() == -1);
	fetched_answers(TW_FETCH_NO_FAILURE, 204);
	CHECK_INT(due(), 0);
	job();
	CHECK_INT(due(), -1);
	CHECK(!fetched.running);
}

static const char *other_code(void)
{
	static char other[sizeof code];

	memcpy(other, code, sizeof other);
	other[7] = other[7] == '0' ? '1' : '0';
	return other;
}

static void log_in(void)
{
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"message\"]");
	CHECK(!strstr(tw_unit_body(w.unit), "\"token\""));
}

/* @nist LA.AS.2.1.4: the gateway is given the code, as it was told to */
static void test_sent(void **state)
{
	log_in();
	take_code();
	CHECK_TEXT(fetched.url, URL);
	CHECK_TEXT(fetched.authorization, "Bearer s3cret!");
	CHECK(strstr(fetched.anchors, "BEGIN CERTIFICATE"));
	CHECK(strstr(fetched.body, "\"to\":\"+49 30 12345\"") && strstr(fetched.body, "\"device\":\"urn:dev:ops:"));
	CHECK(strstr(fetched.body, "\"product\":\"") && strstr(fetched.body, " is the code for your login."));
	CHECK_INT(go_on("code", code), 201);
	CHECK_INT(world_reads(&w, token), 200);
	job();
	CHECK(!world_log_says(&w, "login.message-failed")); /* neither what was sent, nor what nobody asked for */
	CHECK(world_log_says(&w, "session of a1 alice by password+message"));
	CHECK(!world_log_says(&w, code) && !world_log_says(&w, "s3cret!") && !world_log_says(&w, "+49 30"));
	CHECK_INT(ask("GET", "/api/v1/credentials", NULL), 200);
	SAYS("\"kind\":\"message\"");
	CHECK(!strstr(tw_unit_body(w.unit), "+49 30"));
}

/* @nist LA.AS.2.1.1 LA.AS.2.1.4: good once, and only the last one for its own login; wrong, tried too often or late it is refused */
static void test_good_once(void **state)
{
	char first[sizeof code];

	log_in();
	take_code();
	CHECK_INT(go_on("code", "1234567"), 403); /* of seven */
	CHECK_INT(go_on("code", other_code()), 403);
	SAYS("access.message");
	CHECK_INT(go_on("code", code), 201);
	memcpy(first, code, sizeof first);
	log_in();
	CHECK_INT(go_on("code", first), 403); /* another login's */
	take_code();
	CHECK_INT(go_on("code", other_code()), 403);
	CHECK_INT(go_on("code", other_code()), 403);
	CHECK_INT(go_on("code", code), 403); /* the fourth try */
	CHECK_INT(go_on("factor", "message"), 200);
	take_code();
	CHECK_INT(go_on("code", other_code()), 403);
	CHECK_INT(go_on("code", code), 429); /* whoever fails waits, codes or not */
	world_at(&w, WORLD_WALL, WORLD_BOOT + 2 * MINUTE);
	CHECK_INT(go_on("code", code), 201);
	CHECK_INT(go_on("code", code), 403); /* it is finished */
	log_in();
	take_code();
	world_at(&w, WORLD_WALL, WORLD_BOOT + 7 * MINUTE - 1);
	CHECK_INT(go_on("login_", "x"), 400);
	world_at(&w, WORLD_WALL, WORLD_BOOT + 7 * MINUTE);
	CHECK_INT(go_on("code", code), 403);
	SAYS("access.login-step");
}

/* Until it is asked for again by its name no other code is sent; then the one before is none. */
static void test_another_one(void **state)
{
	char first[sizeof code];

	log_in();
	take_code();
	memcpy(first, code, sizeof first);
	CHECK_INT(go_on("new_password", BETTER), 200);
	CHECK_INT(due(), -1);
	CHECK_INT(go_on("factor", "message"), 200);
	take_code();
	CHECK_INT(go_on("code", first), 403);
	CHECK_INT(go_on("code", code), 201);
}

/* The kind of second factor that the only login under way was asked for; "": none. */
static const char *asked_for(void)
{
	const char *name = "";

	for (size_t i = 0; i < TW_LOGIN_STEPS; i++)
		if (device()->access->steps[i].asked)
			name = device()->access->steps[i].asked->name;
	return name;
}

/* @nist LA.AS.2.1: one of several, which the person chooses; nothing is sent that nobody asked for */
static void test_several(void **state)
{
	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"totp\",\"message\"]");
	CHECK_INT(due(), -1);
	CHECK_TEXT(asked_for(), ""); /* nothing that nobody chose */
	CHECK_INT(go_on("new_password", BETTER), 200);
	CHECK_TEXT(asked_for(), "totp"); /* who goes on without choosing has the first */
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("factor", "message"), 200);
	SAYS("\"needed\":[\"totp\",\"message\"]");
	take_code();
	CHECK_INT(go_on("code", code), 201);
	CHECK(world_log_says(&w, "by password+message"));
	CHECK_INT(ask("DELETE", HERS, NULL), 204);
	CHECK_INT(login("alice", GOOD), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK_INT(go_on("factor", "message"), 400);
	SAYS("access.factor");
}

/* What fails is told in the log, by its name, and not to whoever logs in: he may use what else he has. */
static void test_nobody_takes_it(void **state)
{
	static const struct {
		enum tw_fetch_failure failure;
		unsigned status;
		const char *rule;
	} rows[] = { { TW_FETCH_TIMEOUT, 0, "fetch.timeout" }, { TW_FETCH_UNTRUSTED, 0, "fetch.untrusted" },
		{ TW_FETCH_NO_FAILURE, 500, "gateway.500" }, { TW_FETCH_NO_FAILURE, 300, "gateway.300" },
		{ TW_FETCH_NO_FAILURE, 199, "gateway.199" }, { TW_FETCH_TOO_LARGE, 200, "fetch.too-large" } };
	char before[600];

	enrol();
	CHECK_INT(login("alice", GOOD), 200);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		memset(device()->access->messages.sent, 0, sizeof device()->access->messages.sent); /* else it were too many */
		CHECK_INT(go_on("factor", "message"), 200);
		(void)snprintf(before, sizeof before, "%s", tw_unit_body(w.unit));
		CHECK(!world_log_says(&w, rows[i].rule));
		job();
		fetched_answers(rows[i].failure, rows[i].status);
		job();
		CHECK(world_log_says(&w, rows[i].rule));
		CHECK_INT(due(), -1);
	}
	CHECK_INT(go_on("new_password", BETTER), 200);
	CHECK_TEXT(tw_unit_body(w.unit), before);
	CHECK_INT(go_on("factor", "totp"), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
}

/* The password does not become enough because no code can be sent. */
static void test_nothing_to_send_by(void **state)
{
	fetched.missing = true;
	CHECK_INT(login("alice", GOOD), 503);
	SAYS("access.message-gateway");
	fetched.missing = false;
	CHECK_INT(ask("DELETE", GATEWAY, NULL), 204);
	CHECK_INT(login("alice", GOOD), 503);
	SAYS("access.message-gateway");
	CHECK_INT(due(), -1);
	name_gateway(URL, anchors, NULL, 204);
	log_in();
	take_code();
	CHECK_TEXT(fetched.authorization, "");
	CHECK_INT(go_on("code", code), 201);
}

/* What is gone when its turn comes is not sent; what waits too long neither. */
static void test_gone_meanwhile(void **state)
{
	log_in();
	CHECK_INT(ask("DELETE", GATEWAY, NULL), 204);
	job();
	CHECK(world_log_says(&w, "access.message-gateway"));
	name_gateway(URL, anchors, NULL, 204);
	log_in();
	CHECK_INT(ask("DELETE", HERS, NULL), 204);
	job();
	CHECK(world_log_says(&w, "access.message-none"));
	destination(HERS, "x", 204);
	log_in();
	fetched.refuses = TW_CODE_LIMIT;
	job();
	CHECK(world_log_says(&w, "access.message-internal"));
	fetched.refuses = TW_CODE_STATE;
	log_in();
	job();
	CHECK_INT(due(), 250);
	CHECK_INT(fetched.begun, 0);
	fetched.refuses = TW_CODE_OK;
	job(); /* before its time nobody is asked again */
	CHECK_INT(fetched.begun, 0);
	fetched.refuses = TW_CODE_STATE;
	world_at(&w, WORLD_WALL, WORLD_BOOT + 250);
	CHECK_INT(due(), 0);
	world_at(&w, WORLD_WALL, WORLD_BOOT + TW_LOGIN_STEP_MS - 1);
	job();
	CHECK(!world_log_says(&w, "access.message-late"));
	world_at(&w, WORLD_WALL, WORLD_BOOT + TW_LOGIN_STEP_MS);
	job();
	CHECK(world_log_says(&w, "access.message-late"));
	CHECK_INT(due(), -1);
}

/* What the role fetches for somebody else is no answer to what waits. */
static void test_anothers_answer(void **state)
{
	log_in();
	fetched.refuses = TW_CODE_STATE;
	job();
	fetched_answers(TW_FETCH_NO_FAILURE, 204);
	job();
	CHECK_INT(fetched.ended, 0);
	CHECK_INT(due(), 250);
}

/* What the gateway is being told is not given up for it: whether it was sent is known when the role answers. */
static void test_late_under_way(void **state)
{
	log_in();
	job();
	later(TW_LOGIN_STEP_MS);
	job();
	CHECK(fetched.running && due() == -1);
	CHECK(!world_log_says(&w, "access.message-late"));
}

/* Where the store cannot tell where to, it is not said that there is nowhere. */
static void test_a_store_that_cannot_tell(void **state)
{
	log_in();
	CHECK_OK(tw_store_run(device()->context.store, "ALTER TABLE credential RENAME TO away", NULL, 0, NULL, NULL));
	job();
	CHECK_OK(tw_store_run(device()->context.store, "ALTER TABLE away RENAME TO credential", NULL, 0, NULL, NULL));
	CHECK(world_log_says(&w, "access.message-internal"));
	CHECK(!world_log_says(&w, "access.message-none"));
}

/* The code that was sent is not told of again, so it is gone whatever came of it; nothing else is right. */
static void test_a_code_and_its_tries(void **state)
{
	static const struct {
		const char *sent, *typed;
		int tries, left;
		bool right, kept;
	} rows[] = {
		{ "12345678", "12345678", 3, 0, true, false }, { "12345678", "12345678", 1, 0, true, false },
		{ "12345678", "12345679", 3, 2, false, true }, { "12345678", "12345679", 1, 0, false, false },
		{ "12345678", "12345678", 0, 0, false, false }, /* there were enough */
		{ "1234567", "1234567", 3, 2, false, true },    /* of seven digits none is sent */
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "code", rows[i].typed);
		const struct tw_request rq = { .input = input };
		struct tw_reply rp = { .status = 200 };
		struct tw_login_step step = { .tries = rows[i].tries, .who = { .source = "192.0.2.1", .name = "alice" } };

		(void)snprintf(step.code, sizeof step.code, "%s", rows[i].sent);
		CHECK_OK(tw_message_verify(&(struct tw_factor_step){ &device()->context, &rq, &step, &rp }));
		if (!rp.problem[0] != rows[i].right || step.tries != rows[i].left || (step.code[0] != '\0') != rows[i].kept)
			fail_msg("row %zu: %s, %d left, %s", i, rp.problem, step.tries, step.code);
		tw_reply_done(&rp);
	}
}

/* Five an hour for an account; and whoever waits for the role is sent his own. */
static void test_often(void **state)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	for (int i = 0; i < TW_MESSAGE_PER_HOUR; i++) {
		log_in();
		take_code();
	}
	CHECK_INT(login("alice", GOOD), 429);
	SAYS("access.message-often");
	destination("/api/v1/destinations/a2", "bob@example.org", 204);
	CHECK_INT(login("bob", BETTER), 200); /* others are others */
	SAYS("\"needed\":[\"message\"]");
	take_code();
	CHECK(strstr(fetched.body, "bob@example.org"));
	CHECK_INT(go_on("code", code), 200);
	SAYS("\"needed\":[\"new-password\"]");
	CHECK_INT(go_on("new_password", GOOD), 201);
	world_at(&w, WORLD_WALL, WORLD_BOOT + TW_MESSAGE_HOUR_MS - 1);
	CHECK_INT(login("alice", GOOD), 429);
	world_at(&w, WORLD_WALL, WORLD_BOOT + TW_MESSAGE_HOUR_MS);
	log_in();
	struct tw_messages *m = &device()->access->messages;
	for (size_t i = 0; i < TW_MESSAGE_ALL_PER_HOUR; i++) {
		m->sent[i].account = 77;
		m->sent[i].at_ms = WORLD_BOOT + TW_MESSAGE_HOUR_MS;
	}
	CHECK_INT(login("bob", GOOD), 429);
	SAYS("access.message-often");
	m->sent[13].account = 0;
	CHECK_INT(login("bob", GOOD), 200);
	for (size_t i = 0; i < TW_MESSAGE_WAITING; i++)
		m->waiting[i].account = 1;
	m->sent[13].account = 0;
	CHECK_INT(login("bob", GOOD), 429);
}

/* The same certificate so many times. */
static void name_many(int count, int want)
{
	static char all[sizeof anchors * 9 + 1];
	static char body[sizeof all + 128];

	all[0] = '\0';
	for (int i = 0; i < count; i++)
		(void)snprintf(all + strlen(all), sizeof anchors, "%s", anchors);
	(void)snprintf(body, sizeof body, "{\"url\":\"" URL "\",\"anchors\":\"%s\"}", all);
	CHECK_INT(ask("PUT", GATEWAY, body), want);
}

/* As no form lets it through. */
static int set_directly(const char *url, const char *pem)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s, s:s}", "url", url, "anchors", pem);
	const struct tw_request rq = { .input = input };
	struct tw_reply rp = { .status = 204 };

	CHECK_OK(tw_access_gateway_set(&device()->context, &rq, &rp));
	int status = rp.status;
	CHECK_TEXT(rp.rule, "gateway.url");
	tw_reply_done(&rp);
	return status;
}

static void test_forms(void **state)
{
	name_gateway("http://gateway.example/", anchors, NULL, 400);
	SAYS("gateway.url");
	name_gateway("https://a@gateway.example/", anchors, NULL, 400);
	name_gateway("https://gateway.example/ x", anchors, NULL, 400);
	name_gateway("https://gateway.example/\xc3\xa4", anchors, NULL, 400);
	SAYS("gateway.url");
	name_gateway("https://gateway.example/\x7f", anchors, NULL, 400);
	SAYS("gateway.url");
	CHECK_INT(set_directly("https://", anchors), 400);
	name_gateway(URL, "x", NULL, 400);
	SAYS("gateway.anchors");
	name_gateway(URL, not_p256, NULL, 400);
	SAYS("gateway.anchors");
	name_many(9, 400);
	SAYS("gateway.anchors");
	name_many(8, 204);
	name_gateway(URL, anchors, "a b", 400);
	SAYS("gateway.secret");
	name_gateway(URL "/more", "x", NULL, 400); /* what is refused changes nothing */
	name_gateway(URL, anchors, "s3cret!", 204);
	name_gateway(URL "/more", "x", NULL, 400);
	CHECK_INT(ask("GET", GATEWAY, NULL), 200);
	SAYS("\"set\":true,\"url\":\"" URL "\"");
	SAYS("\"secret\":true");
	CHECK(!strstr(tw_unit_body(w.unit), "s3cret!"));
	CHECK_INT(ask("DELETE", GATEWAY, NULL), 204);
	CHECK_INT(ask("GET", GATEWAY, NULL), 200);
	SAYS("{\"set\":false}");
	destination(HERS, "a\\u0007", 400);
	SAYS("message.to");
	destination("/api/v1/destinations/a9", "x", 404);
}

/* An admin says where codes of those go who may do no more than he; what he said ends when they come to do more, and then none is enough. */
static void test_through_whose_hands(void **state)
{
	char admin[64];

	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a3", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 201);
	memcpy(admin, token, sizeof admin);
	CHECK_INT(ask_as(admin, "PUT", GATEWAY, "{\"url\":\"https://evil.example/\",\"anchors\":\"x\"}"), 403);
	CHECK_INT(ask_as(admin, "DELETE", GATEWAY, NULL), 403);
	CHECK_INT(ask_as(admin, "PUT", HERS, "{\"to\":\"bob\"}"), 403);
	CHECK_INT(ask_as(admin, "DELETE", HERS, NULL), 403);
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/destinations/a3", "{\"to\":\"kim\"}"), 403);
	SAYS("step-up"); /* where codes go says who comes in */
	CHECK_INT(ask_as(admin, "DELETE", "/api/v1/destinations/a3", NULL), 403);
	SAYS("step-up");
	set("logical-access.step-up", "\"0\"", "off", 200);
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/destinations/a3", "{\"to\":\"kim\"}"), 204);
	CHECK_INT(login("kim", BETTER), 200);
	SAYS("\"needed\":[\"message\"]");
	take_code();
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
	CHECK_INT(login("kim", BETTER), 503);
	SAYS("access.message-none");
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/destinations/a3", "{\"to\":\"bob\"}"), 403);
	SAYS("account.cover");
	destination("/api/v1/destinations/a3", "kim", 204);
	CHECK_INT(login("kim", BETTER), 200);
	take_code();
	CHECK_INT(go_on("code", code), 200);
	SAYS("\"needed\":[\"new-password\"]");
}

/* @nist LA.AS.2.1: the organization asks for a second factor: the password alone is refused, with a code that was sent it opens */
static void test_policy(void **state)
{
	CHECK_INT(ask("DELETE", HERS, NULL), 204);
	set("logical-access.second-factor", "\"0\"", "owner", 200);
	CHECK_INT(login("alice", GOOD), 403);
	SAYS("LA.AS.2.1");
	destination(HERS, "x", 204);
	set("logical-access.network-methods", "\"0\"", "two-factors", 200);
	log_in();
	take_code();
	CHECK_INT(go_on("code", code), 201);
	CHECK_INT(world_reads(&w, token), 200);
}

/* A role's condition can ask for it by its name. */
static void test_condition(void **state)
{
	CHECK_INT(ask("POST", "/api/v1/role-assignments",
			  "{\"account\":\"a2\",\"role\":\"operator\",\"conditions\":{\"methods\":[\"message\"],\"factors\":2}}"),
		201);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 201);
	CHECK_INT(world_reads(&w, token), 403);
	destination("/api/v1/destinations/a2", "bob", 204);
	CHECK_INT(login("bob", GOOD), 200);
	take_code();
	CHECK_INT(go_on("code", code), 201);
	CHECK_INT(world_reads(&w, token), 200);
}

/* Without randomness there is no code. */
static int no_random(const struct tw_sys *s, void *buffer, size_t size)
{
	return size == sizeof(uint64_t) ? -1 : memory.own->random(memory.own, buffer, size);
}

static void test_no_randomness_no_code(void **state)
{
	struct tw_context *c = &device()->context;

	CHECK_INT(login_begin("alice", GOOD), 0);
	memory.own = c->sys;
	memory.sys = *c->sys;
	memory.sys.random = no_random;
	c->sys = &memory.sys;
	int status = settle(0);
	c->sys = memory.own;
	CHECK_INT(status, 500);
	CHECK_INT(due(), -1);
}

/* What the elements are now: as long as nobody logs in by password, off; and codes are sent where there is something to send them by. */
static void check_statuses(enum tw_status second, enum tw_status message)
{
	struct tw_context *c = &device()->context;
	struct tw_element_status s = { .status = TW_STATUS_NOT_PROVIDED };

	CHECK_OK(tw_access_status_second(c, &s));
	CHECK_INT(s.status, second);
	s.status = TW_STATUS_NOT_PROVIDED;
	CHECK_OK(tw_access_status_one_time(c, &s));
	CHECK_INT(s.status, second);
	s.status = TW_STATUS_NOT_PROVIDED;
	CHECK_OK(tw_access_status_message(c, &s));
	CHECK_INT(s.status, message);
	CHECK(s.reason[0]);
}

static void test_statuses(void **state)
{
	check_statuses(TW_STATUS_PROVIDED, TW_STATUS_PROVIDED);
	fetched.missing = true;
	check_statuses(TW_STATUS_PROVIDED, TW_STATUS_NEEDS_PART);
	fetched.missing = false;
	CHECK_INT(ask("DELETE", GATEWAY, NULL), 204);
	check_statuses(TW_STATUS_PROVIDED, TW_STATUS_NEEDS_PART);
	set("logical-access.network-methods", "\"0\"", "certificate", 200);
	check_statuses(TW_STATUS_OFF, TW_STATUS_OFF);
}

/* --- Without memory --- */

static int do_gateway(const void *what)
{
	char body[6000];

	(void)snprintf(body, sizeof body, "{\"url\":\"" URL "\",\"anchors\":\"%s\",\"secret\":\"s3cret!\"}", anchors);
	return ask("PUT", GATEWAY, body);
}

static int do_destination(const void *what)
{
	return ask("PUT", HERS, "{\"to\":\"+49 30 12345\"}");
}

static int do_login(const void *what)
{
	memset(device()->access->messages.sent, 0, sizeof device()->access->messages.sent);
	memset(device()->access->messages.waiting, 0, sizeof device()->access->messages.waiting);
	return settle(login_begin("alice", GOOD));
}

static int do_send(const void *what)
{
	return tw_failed(tw_access_job_messages(&device()->context)) ? 500 : 200;
}

/* What is refused for want of memory is refused as a whole; what cannot be sent for it is over, or sent the next time. */
static void test_without_memory(void **state)
{
	static const struct {
		int (*ask)(const void *what);
		int status;
	} rows[] = { { do_gateway, 204 }, { do_destination, 204 }, { do_login, 200 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int failed = 0;

		for (long nth = 1; nth == 1 || memory.fired; nth++) {
			int status = ask_without(rows[i].ask, NULL, nth);

			if (status != rows[i].status && status < 500)
				fail_msg("row %zu, block %ld: %d %s", i, nth, status, tw_unit_body(w.unit));
			failed += status >= 500;
		}
		CHECK(failed > 1);
		CHECK_INT(rows[i].ask(NULL), rows[i].status);
	}
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		CHECK_INT(do_login(NULL), 200);
		unsigned before = fetched.begun;
		(void)ask_without(do_send, NULL, nth);
		CHECK(fetched.begun == before + 1 || due() == -1);
		if (fetched.running)
			fetched_answers(TW_FETCH_NO_FAILURE, 204);
		CHECK_OK(tw_access_job_messages(&device()->context));
		CHECK_INT(due(), -1);
	}
}

static struct tw_sys drawing;

static int known_random(const struct tw_sys *s, void *buffer, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buffer)[i] = (uint8_t)(0x51 + 37 * i);
	return 0;
}

/* In how many places what logical access keeps in memory has it. */
static unsigned places_of(const char *what)
{
	const char *at = (const char *)device()->access, *end = at + sizeof *device()->access;
	unsigned n = 0;

	while ((at = memmem(at, (size_t)(end - at), what, TW_MESSAGE_DIGITS))) {
		at++;
		n++;
	}
	return n;
}

/* Frames of a sanitized build keep what others have in registers: what is left on the stack there says nothing of a product. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* A code is where it waits to be sent and where it is waited for, and in no memory that was given back; then in neither. */
static void test_nothing_of_it_stays(void **state)
{
	static char drawn[TW_MESSAGE_DIGITS + 1];
	uint64_t number;

	(void)known_random(NULL, &number, sizeof number);
	(void)snprintf(drawn, sizeof drawn, "%08u", (unsigned)(number % 100000000));
	CHECK_INT(login_begin("alice", GOOD), 0);
	drawing = *device()->context.sys;
	drawing.random = known_random;
	device()->context.sys = &drawing;
	spill_watch(drawn, TW_MESSAGE_DIGITS);
	spill_clear_stack();
	CHECK_INT(settle(0), 200);
	bool left = spill_on_stack(drawn, TW_MESSAGE_DIGITS);
	CHECK_INT(spill_seen(), 0);
	CHECK(IS_SANITIZED || !left);
	CHECK_INT(places_of(drawn), 2);
	spill_watch(drawn, TW_MESSAGE_DIGITS);
	spill_clear_stack();
	job();
	left = spill_on_stack(drawn, TW_MESSAGE_DIGITS);
	CHECK_INT(spill_seen(), 0);
	CHECK(!left && strstr(fetched.body, drawn));
	fetched_answers(TW_FETCH_NO_FAILURE, 204);
	job();
	CHECK_INT(places_of(drawn), 1);
	world_text(&w, "login", handle, sizeof handle);
	CHECK_INT(go_on("code", drawn), 201);
	CHECK_INT(places_of(drawn), 0);
}

/* Nor after the tries are used up, nor when the device ends with one that waits. */
static void test_nothing_stays_when_it_is_over(void **state)
{
	static char sent[sizeof code];

	log_in();
	take_code();
	CHECK_INT(places_of(code), 1);
	for (int i = 0; i < TW_MESSAGE_TRIES; i++)
		CHECK_INT(go_on("code", other_code()), 403);
	CHECK_INT(places_of(code), 0);
	log_in();
	memcpy(sent, device()->access->messages.waiting[0].code, sizeof sent);
	CHECK_INT(places_of(sent), 2);
	spill_watch(sent, TW_MESSAGE_DIGITS);
	tw_access_stop(device());
	CHECK_INT(spill_seen(), 0);
}

/* What could not be told ends the round: what waits behind it is neither sent nor given up before that is known. */
static void test_what_cannot_be_told(void **state)
{
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	destination("/api/v1/destinations/a2", "bob@example.org", 204);
	for (int late = 0; late < 2; late++) {
		tw_messages_stop(device());
		later(0);
		fetched.begun = 0;
		log_in();
		CHECK_INT(login("bob", BETTER), 200);
		job();
		fetched_answers(TW_FETCH_NO_FAILURE, 500);
		later(late ? TW_LOGIN_STEP_MS : 0);
		CHECK_INT(ask_without(do_send, NULL, 1), 500);
		CHECK(memory.fired);
		CHECK_INT(fetched.begun, 1);
		CHECK_INT(due(), 0);
	}
}

#define MESSAGE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(MESSAGE(test_sent), MESSAGE(test_good_once), MESSAGE(test_another_one), MESSAGE(test_several), MESSAGE(test_nobody_takes_it),
	MESSAGE(test_nothing_to_send_by), MESSAGE(test_gone_meanwhile), MESSAGE(test_often), MESSAGE(test_forms),
	MESSAGE(test_through_whose_hands), MESSAGE(test_policy), MESSAGE(test_condition), MESSAGE(test_without_memory),
	MESSAGE(test_nothing_of_it_stays), MESSAGE(test_nothing_stays_when_it_is_over), MESSAGE(test_anothers_answer),
	MESSAGE(test_late_under_way), MESSAGE(test_a_store_that_cannot_tell), MESSAGE(test_a_code_and_its_tries),
	MESSAGE(test_no_randomness_no_code), MESSAGE(test_what_cannot_be_told), MESSAGE(test_statuses))

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the product's application asks for somebody: passes, made and shown, and the answers, which change the moment rights do. The
 * harness's product has three permissions, for anyone, for who lives there and for who put it up.
 */
#include "lacking.h"

#include "device/platform/app-authorize.h"
#include "device/rows-logical-access.h"

#include <errno.h>

#define READ "application.temperature.read"
#define CHANGE "application.setpoint.change"
#define CALIBRATE "application.sensor.calibrate"
#define PASS_MS 300000

static struct tw_app_told told;
static struct tw_app_answer answer;
static bool affordable;

static bool affords(void *user)
{
	return affordable;
}

static tw_err ask(const char *pass, const char *permission)
{
	const struct tw_app_asking a = { .told = &told, .affords = affords, .permission = tw_slice_of(permission), .pass = tw_slice_of(pass) };

	return tw_app_authorize(&device()->context, &a, &answer);
}

static void allowed(const char *pass, const char *permission, const char *account)
{
	CHECK_OK(ask(pass, permission));
	if (!answer.allowed)
		fail_msg("%s: %s, %s", permission, answer.rule, answer.why);
	CHECK_TEXT(answer.account, account);
}

static void denied(const char *pass, const char *permission, const char *rule)
{
	CHECK_OK(ask(pass, permission));
	CHECK(!answer.allowed && answer.why[0] && !answer.account[0]);
	CHECK_TEXT(answer.rule, rule);
}

static void owner(const char *method, const char *target, const char *body, int want)
{
	int status = tw_unit_request(w.unit, method, target, NULL, body);

	if (status != want)
		fail_msg("%s %s: %d, %s", method, target, status, tw_unit_body(w.unit));
}

/* An account a2 that lives there, and a session of it. */
static void make_resident(char session[64])
{
	char body[64], code[16];

	owner("POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201);
	owner("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"application.resident\"}", 201);
	owner("POST", "/api/v1/session-codes", "{\"account\":\"a2\"}", 201);
	world_text(&w, "code", code, sizeof code);
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", code);
	CHECK_INT(world_open(&w, body), 201);
	world_text(&w, "token", session, 64);
}

/* session NULL: the owner's certificate. */
static void make_pass(const char *session, char pass[64])
{
	int status = session ? tw_unit_request_as(w.unit, session, "POST", "/api/v1/session-passes", NULL)
			     : tw_unit_request(w.unit, "POST", "/api/v1/session-passes", NULL, NULL);

	if (status != 201)
		fail_msg("%d, %s", status, tw_unit_body(w.unit));
	world_text(&w, "pass", pass, 64);
	CHECK_INT(strlen(pass), TW_TOKEN_TEXT);
}

static int set_up(void **state)
{
	memset(&told, 0, sizeof told);
	affordable = true;
	return set_up_owned(state);
}

static void test_who_may_what(void **state)
{
	char session[64], bobs[64], owners[64];

	make_resident(session);
	make_pass(session, bobs);
	make_pass(NULL, owners);
	allowed("", READ, "");
	denied("", CHANGE, "gate.anonymous");
	CHECK_TEXT(answer.why, "this is not for anyone: who is it?");
	allowed(bobs, READ, "a2");
	allowed(bobs, CHANGE, "a2");
	denied(bobs, CALIBRATE, "gate.permission");
	CHECK_TEXT(answer.why, "no role of this account holds the permission");
	allowed(owners, CALIBRATE, "a1");
	/* Nothing but the product's own is asked about here. */
	denied(owners, "settings.change", "application.permission-unknown");
	denied(owners, "application.event", "application.permission-unknown");
	denied(owners, "application.setpoint", "application.permission-unknown");
	denied(owners, "", "application.permission-unknown");
}

/* A pass opens nothing else, and nothing else is a pass. */
static void test_a_pass_is_a_pass(void **state)
{
	char session[64], pass[64];

	make_resident(session);
	make_pass(session, pass);
	CHECK_INT(tw_unit_request_as(w.unit, pass, "GET", "/api/v1/health", NULL), 401);
	CHECK_INT(tw_unit_request_as(w.unit, pass, "POST", "/api/v1/session-passes", NULL), 401);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", "/api/v1/session-passes", NULL), 401);
	denied(session, READ, "access.pass");
	pass[42]++;
	denied(pass, READ, "access.pass"); /* not even what anyone may: who shows what is wrong is told so */
	pass[42]--;
	allowed(pass, READ, "a2");
	pass[42] = '\0';
	denied(pass, READ, "access.pass");
	CHECK(world_log_says(&w, "\"rule\":\"access.pass\""));
}

static void test_how_long_a_pass_is_good(void **state)
{
	char session[64], passes[5][64];

	make_resident(session);
	make_pass(session, passes[0]);
	later(PASS_MS - 1);
	allowed(passes[0], CHANGE, "a2");
	later(PASS_MS);
	denied(passes[0], CHANGE, "access.pass");
	for (int i = 0; i < 5; i++) {
		later(PASS_MS + i);
		make_pass(session, passes[i]);
	}
	denied(passes[0], CHANGE, "access.pass"); /* the oldest of five */
	for (int i = 1; i < 5; i++)
		allowed(passes[i], CHANGE, "a2");
	world_start(&w);
	denied(passes[4], CHANGE, "access.pass"); /* kept nowhere */
}

/* It hangs on the session that it was made in. */
static void test_the_session_ends(void **state)
{
	char session[64], pass[64];

	make_resident(session);
	make_pass(session, pass);
	later(PASS_MS - 1);
	device()->access->guard.idle_ms = PASS_MS - 1;
	denied(pass, CHANGE, "access.pass"); /* nobody used it for too long; a pass does not keep it awake */
	device()->access->guard.idle_ms = PASS_MS;
	allowed(pass, CHANGE, "a2");
	CHECK_INT(tw_unit_request_as(w.unit, session, "DELETE", "/api/v1/sessions/current", NULL), 204);
	denied(pass, READ, "access.pass");
}

/* Rights are asked about each time: what was taken away is gone, without anybody ending anything. */
static void test_rights_change(void **state)
{
	char session[64], pass[64];
	struct tw_context *c = &device()->context;

	make_resident(session);
	make_pass(session, pass);
	allowed(pass, CHANGE, "a2");
	CHECK_OK(tw_store_run(c->store, "DELETE FROM account_role WHERE account = 2", NULL, 0, NULL, NULL));
	denied(pass, CHANGE, "gate.permission");
	CHECK(world_log_says(&w, "\"how\":\"pass\",\"operation\":\"application.authorize\",\"parameter\":\"" CHANGE));
	owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"application.installer\",\"conditions\":{\"methods\":[\"code\"]}}", 201);
	allowed(pass, CALIBRATE, "a2"); /* by what his session was opened with */
	owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"application.installer\",\"conditions\":{\"methods\":[\"client-certificate\"]}}", 201);
	denied(pass, CALIBRATE, "gate.permission");
	owner("POST", "/api/v1/role-assignments",
		"{\"account\":\"a2\",\"role\":\"application.installer\",\"conditions\":{\"doors\":[\"https\"]}}", 201);
	allowed(pass, CALIBRATE, "a2"); /* it was there that he came in */
	owner("PUT", "/api/v1/rules/away",
		"{\"effect\":\"deny\",\"permission\":\"" CALIBRATE
		"\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"maintenance\"}",
		201);
	allowed(pass, CALIBRATE, "a2");
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.mode"), "maintenance", -1, "test"));
	denied(pass, CALIBRATE, "gate.rule");
	CHECK_TEXT(answer.why, "a rule of the organization does not permit this now");
	CHECK(world_log_says(&w, "\"by\":\"away\""));
	owner("DELETE", "/api/v1/role-assignments/a2.application.installer", NULL, 204);
	denied(pass, READ, "access.pass"); /* his sessions end with a role */
	make_pass(NULL, pass);
	denied(pass, CALIBRATE, "gate.rule");
}

/* That of a certificate hangs on the key, and on whose it is. */
static void test_the_key_of_a_certificate(void **state)
{
	char pass[64];
	uint8_t secret[16];

	make_pass(NULL, pass);
	allowed(pass, CHANGE, "a1");
	for (size_t i = 0; i < TW_PASSES_MAX; i++)
		device()->access->passes[i].account++;
	denied(pass, CHANGE, "access.pass"); /* the key is another's now */
	for (size_t i = 0; i < TW_PASSES_MAX; i++)
		device()->access->passes[i].account--;
	allowed(pass, CHANGE, "a1");
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	denied(pass, CHANGE, "access.pass");
	allowed("", READ, ""); /* there need be no owner to see how warm it is */
}

static void test_a_suspended_account(void **state)
{
	char session[64], pass[64];

	make_resident(session);
	make_pass(session, pass);
	CHECK_OK(tw_store_run(device()->context.store, "UPDATE account SET state = 'suspended' WHERE id = 2", NULL, 0, NULL, NULL));
	denied(pass, READ, "access.pass");
}

/* Nobody's passes end because others make many. */
static void test_room_for_passes(void **state)
{
	char session[64], pass[64], others[64];

	make_resident(session);
	make_pass(session, pass);
	for (size_t i = 0; i < TW_PASSES_MAX; i++)
		if (device()->access->passes[i].account == 0)
			device()->access->passes[i] = (struct tw_pass){ .account = 7, .expires_ms = WORLD_BOOT + PASS_MS };
	owner("POST", "/api/v1/session-passes", NULL, 409);
	CHECK(strstr(tw_unit_body(w.unit), "access.passes"));
	allowed(pass, CHANGE, "a2");
	device()->access->passes[TW_PASSES_MAX - 1].expires_ms = 0;
	make_pass(NULL, others); /* the last place is one, too */
	later(PASS_MS);
	make_pass(NULL, others);
	allowed(others, CHANGE, "a1");
}

/* --- Records --- */

static int records_of(const char *what)
{
	int n = 0;

	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=200", NULL, NULL), 200);
	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, what)); at++)
		n++;
	return n;
}

#define ALLOWED "\"operation\":\"application.authorize\",\"parameter\":\"" CHANGE

static void test_what_is_recorded(void **state)
{
	char session[64], bobs[64], owners[64];

	make_resident(session);
	make_pass(session, bobs);
	make_pass(NULL, owners);
	for (int i = 0; i < 20; i++) {
		allowed(bobs, CHANGE, "a2");
		allowed("", READ, "");
	}
	CHECK_INT(records_of(ALLOWED), 1); /* once, and nothing of what anyone may */
	CHECK_INT(records_of("\"operation\":\"application.authorize\""), 1);
	allowed(owners, CHANGE, "a1");
	CHECK_INT(records_of(ALLOWED), 2);
	allowed(bobs, READ, "a2");
	CHECK_INT(records_of("\"operation\":\"application.authorize\""), 3);
	later(PASS_MS - 1);
	allowed(bobs, CHANGE, "a2");
	CHECK_INT(records_of(ALLOWED), 2);
	later(PASS_MS);
	make_pass(session, bobs);
	allowed(bobs, CHANGE, "a2");
	CHECK_INT(records_of(ALLOWED), 3);
	/* Of refusals no more than a source's share is there, however often somebody asks. */
	for (int i = 0; i < 500; i++)
		denied("", CHANGE, "gate.anonymous");
	CHECK(records_of("gate.anonymous") > 0 && records_of("gate.anonymous") < 100);
}

/* What cannot be recorded is not permitted, and is asked about anew when it can. */
static void test_what_cannot_be_recorded(void **state)
{
	char pass[64];

	make_pass(NULL, pass);
	affordable = false;
	denied(pass, CHANGE, "application.budget");
	allowed("", READ, "");
	affordable = true;
	allowed(pass, CHANGE, "a1");
	affordable = false;
	allowed(pass, CHANGE, "a1"); /* it is in the log already */
	denied(pass, READ, "application.budget");
}

/* More of them than are remembered at a time cost records, and are told apart all the same. */
static void test_the_oldest_is_forgotten(void **state)
{
	char pass[64];

	make_pass(NULL, pass);
	allowed(pass, CHANGE, "a1");
	CHECK_INT(told.next, 1);
	told.next = TW_APP_TOLD - 1;
	allowed(pass, READ, "a1");
	CHECK_INT(told.next, 0);
	allowed(pass, CALIBRATE, "a1");
	CHECK_INT(told.next, 1);
	CHECK_INT(records_of(ALLOWED), 1);
	allowed(pass, CHANGE, "a1");
	CHECK_INT(records_of(ALLOWED), 2);
}

/* Short of memory, nobody is permitted what he may not, and no failure is a yes. */
static void test_memory(void **state)
{
	char session[64], pass[64];
	bool fired = true;
	int failed = 0, unrecorded = 0;

	make_resident(session);
	make_pass(session, pass);
	for (long nth = 2; fired; nth++) {
		memset(&told, 0, sizeof told);
		tw_fake_fail(w.fake, nth / 2, ENOMEM, false);
		tw_err e = ask(pass, nth % 2 ? CALIBRATE : CHANGE);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		CHECK(!answer.allowed || (nth % 2 == 0 && !tw_failed(e)));
		CHECK(!tw_failed(e) || fired);
		failed += tw_failed(e);
		unrecorded += !tw_failed(e) && !answer.allowed && strcmp(answer.rule, "audit.space") == 0;
	}
	CHECK(failed > 5);
	CHECK(unrecorded > 0);
}

/* A pass is made as a whole or not at all. */
static void test_memory_for_a_pass(void **state)
{
	const struct tw_request rq = { .subject = { .account = "a1", .how = "client-certificate" }, .has_client_key = true };
	struct tw_pass *passes = device()->access->passes;
	bool fired = true;
	int failed = 0;

	for (long nth = 1; fired; nth++) {
		struct tw_reply rp = { .status = 200 };
		int made = 0;

		memset(passes, 0, sizeof device()->access->passes);
		tw_fake_fail(w.fake, nth, ENOMEM, false);
		tw_err e = tw_access_pass(&device()->context, &rq, &rp);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		for (size_t i = 0; i < TW_PASSES_MAX; i++)
			made += passes[i].expires_ms != 0;
		CHECK(made == !tw_failed(e) && (rp.body != NULL) == !tw_failed(e) && (fired || !tw_failed(e)));
		failed += tw_failed(e);
		json_decref(rp.body);
	}
	CHECK(failed > 1);
}

static int ask_for_a_pass(const void *what)
{
	return tw_unit_request(w.unit, "POST", "/api/v1/session-passes", NULL, NULL);
}

/* Nor is there an answer without it. */
static void test_an_answer_without_memory(void **state)
{
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		int status = ask_without(ask_for_a_pass, NULL, nth);

		if (status == 201 ? !strstr(tw_unit_body(w.unit), "\"pass\"") : status < 500)
			fail_msg("block %ld: %d, %s", nth, status, tw_unit_body(w.unit));
	}
}

/* A pass says something to the application alone: whoever shows it with a request of his own is nobody by it. */
static void test_a_pass_at_another_door(void **state)
{
	struct tw_context *c = &device()->context;
	char session[64], pass[64];

	make_resident(session);
	make_pass(session, pass);
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS, .pass = tw_slice_of(pass) };
	CHECK_OK(c->authenticate(c, &rq));
	CHECK_INT(rq.subject.kind, TW_SUBJECT_ANYONE);
	CHECK_TEXT(rq.subject.account, "");
	rq.subject.door = TW_DOOR_EVENT;
	CHECK_OK(c->authenticate(c, &rq));
	CHECK_TEXT(rq.subject.account, "a2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_who_may_what), TEST(test_a_pass_is_a_pass), TEST(test_how_long_a_pass_is_good), TEST(test_the_session_ends),
	TEST(test_rights_change), TEST(test_the_key_of_a_certificate), TEST(test_a_suspended_account), TEST(test_room_for_passes),
	TEST(test_what_is_recorded), TEST(test_what_cannot_be_recorded), TEST(test_the_oldest_is_forgotten), TEST(test_memory),
	TEST(test_memory_for_a_pass), TEST(test_an_answer_without_memory), TEST(test_a_pass_at_another_door))

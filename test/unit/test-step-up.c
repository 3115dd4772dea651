/* SPDX-License-Identifier: Apache-2.0 */
/* What is dangerous wants a login of a moment ago, for this very request; from sessions of accounts that have a password. */
#include "as.h"

#include "crypto/hash.h"
#include "device/logical-access/login.h"
#include "device/logical-access/step-up.h"
#include "device/rows-logical-access.h"

#define S 1000
#define STEP "/api/v1/step-ups"
#define ROLE "/api/v1/roles/night"
#define BODY "{\"permissions\":\"settings.read\"}"
#define KEYS "/api/v1/log/keys"
#define PHC "$argon2id$v=19$m=19456,t=2,p=1$dGhlcmUgaXMgbm8gb25lIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char bob[64];

static void has_password(int64_t account)
{
	CHECK_OK(tw_password_put(&device()->context, &(struct tw_password_new){ account, PHC, "", false }));
}

/* bob is an admin with a password, and has just come in by a code that the owner asked for. */
static void come(void)
{
	make("bob", "admin");
	has_password(2);
	open_as(NULL, "a2", bob);
}

static void digest(const char *method, const char *target, const char *body, char ret[65])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	char text[512];
	uint8_t hash[32];

	int size = snprintf(text, sizeof text, "%s %s\n%s", method, target, body);
	CHECK_OK(tw_sha256(text, (size_t)size, hash));
	tw_buf_init(&hex, tw_sys_real(), 64);
	CHECK_OK(tw_buf_hex(&hex, hash, sizeof hash));
	(void)snprintf(ret, 65, "%s", tw_buf_cstr(&hex));
}

static int ask(const char *token, const char *method, const char *target, const char *body)
{
	char hex[65], input[96];

	digest(method, target, body, hex);
	(void)snprintf(input, sizeof input, "{\"digest\":\"%s\"}", hex);
	return tw_unit_request_as(w.unit, token, "POST", STEP, input);
}

/* A session's token with one for this request behind it. */
static void step_up(const char *token, const char *method, const char *target, const char *body, char ret[192])
{
	char own[64];

	CHECK_INT(ask(token, method, target, body), 201);
	world_text(&w, "token", own, sizeof own);
	(void)snprintf(ret, 192, "%s\r\n" TW_STEP_UP_FIELD ": %s", token, own);
}

/* @nist LA.RSM.5.4: refused without, done with, for this request and once; the log has the change */
static void test_one_request_once(void **state)
{
	char with[192];

	come();
	check_as(bob, "PUT", ROLE, BODY, 403, "\"rule\":\"step-up\"");
	check_as(NULL, "GET", "/api/v1/roles", NULL, 200, NULL);
	CHECK(!strstr(tw_unit_body(w.unit), "\"night\""));
	step_up(bob, "PUT", ROLE, BODY, with);
	check_as(with, "PUT", ROLE, BODY, 201, NULL);
	CHECK(world_log_says(&w, "\"operation\":\"roles.put\",\"parameter\":\"night\""));
	check_as(with, "PUT", ROLE, BODY, 403, "was used");
}

/* A setting that asks for more now than at other times: the networks of the management, while a policy of access counts. */
static void test_what_asks_for_more_now(void **state)
{
	static const char policy[] = "{\"policy\":{\"who\":[{\"name\":\"all\",\"doors\":[\"management\",\"elsewhere\"]}],"
				     "\"session\":[],\"connection\":[],\"product\":[]}}";
	static const char wall[] = "/api/v1/settings/firewall.management", value[] = "{\"value\":\"10.0.0.0/8\"}";

	come();
	check_as(bob, "PUT", wall, value, 428, NULL);
	check_as(NULL, "PUT", "/api/v1/remote-access", policy, 200, NULL);
	check_as(bob, "PUT", wall, value, 403, "\"rule\":\"step-up\"");
	check_as(bob, "PUT", "/api/v1/settings/change.within", "{\"value\":\"60\"}", 428, NULL);
}

static void test_for_no_other_request(void **state)
{
	static const struct {
		const char *method, *target, *body;
	} rows[] = { { "POST", ROLE, BODY }, { "PUT", "/api/v1/roles/day", BODY },
		{ "PUT", ROLE, "{\"permissions\":\"log.read\"}" }, { "PUT", ROLE, "" } };
	char with[192];

	come();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		step_up(bob, rows[i].method, rows[i].target, rows[i].body, with);
		check_as(with, "PUT", ROLE, BODY, 403, "another request");
		check_as(with, "PUT", ROLE, BODY, 403, "\"rule\":\"step-up\"");
	}
	check_as(bob, "POST", STEP, "{\"digest\":\"0000000000000000000000000000000000000000000000000000000000000g00\"}", 400,
		"step-up.digest");
	check_as(NULL, "POST", STEP, "{\"digest\":\"0000000000000000000000000000000000000000000000000000000000000000\"}", 409,
		"step-up.session");
}

static void test_for_nobody_else(void **state)
{
	char carol[64], with[192], mixed[192];

	come();
	make("carol", "admin");
	has_password(3);
	open_as(NULL, "a3", carol);
	step_up(bob, "PUT", ROLE, BODY, with);
	(void)snprintf(mixed, sizeof mixed, "%s%s", carol, with + strlen(bob));
	check_as(mixed, "PUT", ROLE, BODY, 403, "\"rule\":\"step-up\"");
}

/* The proof is good for as long as the setting says, the token for a minute. */
static void test_for_a_moment(void **state)
{
	char with[192];

	come();
	later(299 * S + 999);
	CHECK_INT(ask(bob, "PUT", ROLE, BODY), 201);
	later(300 * S);
	CHECK_INT(ask(bob, "PUT", ROLE, BODY), 403);
	CHECK(strstr(tw_unit_body(w.unit), "step-up.login"));
	CHECK_OK(tw_setting_set(&device()->context, tw_setting_find(&device()->context, "logical-access.step-up-age"), "600", -1, "test"));
	step_up(bob, "PUT", ROLE, BODY, with);
	later(300 * S + TW_STEP_UP_MS - 1);
	check_as(with, "PUT", ROLE, BODY, 201, NULL);
	step_up(bob, "PUT", ROLE, BODY, with);
	later(300 * S + 2 * TW_STEP_UP_MS - 1);
	check_as(with, "PUT", ROLE, BODY, 403, "is over");
}

/* What a session gives itself proves nothing, nor does one of before a start; a login does. */
static void test_what_proves(void **state)
{
	char own[64], again[64];

	come();
	open_as(bob, NULL, own);
	CHECK_INT(ask(own, "PUT", ROLE, BODY), 403);
	CHECK_INT(ask(bob, "PUT", ROLE, BODY), 201);
	world_start(&w);
	CHECK_INT(ask(bob, "PUT", ROLE, BODY), 403);
	CHECK_OK(tw_setting_set(&device()->context, tw_setting_find(&device()->context, "logical-access.step-up-age"), "3600", -1, "test"));
	CHECK_INT(ask(bob, "PUT", ROLE, BODY), 403); /* though the device is not up for as long as that */
	open_as(NULL, "a2", again);
	CHECK_INT(ask(again, "PUT", ROLE, BODY), 201);
	CHECK_OK(tw_access_load(device())); /* what is read anew is as old as it was */
	CHECK_INT(ask(again, "PUT", ROLE, BODY), 201);
}

/* While nobody can tell how old a proof may be, none is young enough. */
static void test_an_age_that_cannot_be_read(void **state)
{
	struct tw_context *c = &device()->context;
	struct tw_settings *kept = c->settings;
	TW_CLEANUP(tw_jsonp)
	json_t *input = json_pack("{s:s}", "digest", "0000000000000000000000000000000000000000000000000000000000000000");
	struct tw_http_head head;
	struct tw_http_fault fault;
	char text[160];

	come();
	(void)snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", bob);
	CHECK_OK(tw_http_parse(tw_slice_of(text), &head, &fault));
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .how = "session" }, .head = &head, .input = input };
	for (int i = 0; i < 2; i++) {
		struct tw_reply rp = { .status = 200 };

		CHECK_OK(tw_store_run(c->store, i ? "ALTER TABLE hidden RENAME TO setting" : "ALTER TABLE setting RENAME TO hidden",
			NULL, 0, NULL, NULL));
		c->settings = i ? kept : NULL;
		CHECK_OK(tw_access_step_up(c, &rq, &rp));
		CHECK_INT(rp.status, i ? 201 : 403);
		tw_reply_done(&rp);
	}
}

static int ask_bob(const void *what)
{
	return ask(bob, "PUT", ROLE, BODY);
}

/* Whichever block is missing: it is a failure, and no answer without the token. */
static void test_without_memory(void **state)
{
	long nth = 0;

	come();
	do {
		int status = ask_without(ask_bob, NULL, ++nth);

		if (status == 201 ? !strstr(tw_unit_body(w.unit), "\"token\"") : !memory.fired || status < 500)
			fail_msg("block %ld: %d", nth, status);
	} while (memory.fired);
	CHECK(nth > 2);
}

/* A member of a shared account is asked for his own proof, and by his own password. */
static void test_of_a_shared_account(void **state)
{
	char shared[64], with[192];

	come();
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"desk\",\"kind\":\"shared\"}", 201, "\"a3\"");
	give("a3", "auditor");
	check_as(NULL, "PUT", "/api/v1/shared-accounts/a3", "{\"members\":\"a2\"}", 200, NULL);
	later(200 * S);
	check_as(bob, "POST", "/api/v1/shared-sessions", "{\"account\":\"a3\"}", 201, NULL);
	world_text(&w, "token", shared, sizeof shared);
	check_as(shared, "POST", KEYS, NULL, 403, "\"rule\":\"step-up\"");
	step_up(shared, "POST", KEYS, "", with);
	check_as(with, "POST", KEYS, NULL, 200, NULL);
	later(300 * S);
	CHECK_INT(ask(shared, "POST", KEYS, ""), 403);
}

/* Not asked: whoever comes by a certificate or has no password, what is harmless, and nobody where it is switched off. */
static void test_who_is_not_asked(void **state)
{
	char carol[64], off[96], shared[64], beside[128];

	come();
	make("carol", "admin");
	open_as(NULL, "a3", carol);
	check_as(carol, "PUT", ROLE, BODY, 201, NULL);
	has_password(1);
	check_as(NULL, "PUT", ROLE, BODY, 200, NULL);
	check_as(bob, "POST", CODES, NULL, 201, NULL);
	check_as(bob, "POST", CODES, "{\"account\":\"a2\"}", 201, NULL);
	check_as(bob, "POST", CODES, "{\"account\":\"a3\"}", 403, "step-up");
	check_as(bob, "PUT", "/api/v1/settings/logical-access.mode", "{\"value\":\"emergency\"}", 403, "step-up");
	check_as(bob, "DELETE", "/api/v1/suspensions/a3", NULL, 403, "step-up");
	check_as(bob, "DELETE", "/api/v1/policies/x", NULL, 403, "step-up");
	check_as(bob, "PUT", "/api/v1/settings/no.such", "{\"value\":\"x\"}", 404, NULL);
	(void)snprintf(off, sizeof off, "%s\r\nIf-Match: \"0\"", bob);
	check_as(off, "PUT", "/api/v1/settings/identification.remote-read", "{\"value\":\"off\"}", 200, NULL);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"desk\",\"kind\":\"shared\"}", 201, "\"a4\"");
	give("a4", "auditor");
	check_as(NULL, "PUT", "/api/v1/shared-accounts/a4", "{\"members\":\"a1\"}", 200, NULL);
	check_as(NULL, "POST", "/api/v1/shared-sessions", "{\"account\":\"a4\"}", 201, NULL);
	world_text(&w, "token", shared, sizeof shared);
	(void)snprintf(beside, sizeof beside, "\"0\"\r\nAuthorization: Bearer %s", shared);
	CHECK_INT(tw_unit_request(w.unit, "POST", KEYS, beside, NULL), 200); /* in a session that is bound to a certificate */
	CHECK(world_log_says(&w, "\"account\":\"a4\",\"door\":\"https\",\"how\":\"session\",\"member\":\"a1\""));
	CHECK_OK(tw_setting_set(&device()->context, tw_setting_find(&device()->context, "logical-access.step-up"), "off", -1, "test"));
	check_as(bob, "PUT", ROLE, BODY, 200, NULL);
}

/* More of one account than it may have: its oldest ends. Nobody else's does, however often it asks. */
static void test_room(void **state)
{
	char carol[64], hers[192], first[192], second[192], last[192];

	come();
	make("carol", "admin");
	has_password(3);
	open_as(NULL, "a3", carol);
	step_up(carol, "PUT", ROLE, BODY, hers);
	for (int i = 0; i < 2 * TW_STEP_UPS_MAX; i++) {
		later(i + 1);
		step_up(bob, "PUT", ROLE, BODY, last);
	}
	later(98);
	step_up(bob, "PUT", ROLE, BODY, first);
	later(99);
	step_up(bob, "PUT", ROLE, BODY, second);
	for (int i = 0; i < TW_STEP_UPS_OWN - 1; i++) {
		later(100 + i);
		step_up(bob, "PUT", ROLE, BODY, last);
	}
	check_as(first, "PUT", ROLE, BODY, 403, "step-up");
	check_as(second, "PUT", ROLE, BODY, 201, NULL);
	check_as(last, "PUT", ROLE, BODY, 200, NULL);
	check_as(hers, "PUT", ROLE, BODY, 200, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_one_request_once), TEST(test_what_asks_for_more_now), TEST(test_for_no_other_request),
	TEST(test_for_nobody_else), TEST(test_for_a_moment), TEST(test_what_proves), TEST(test_an_age_that_cannot_be_read),
	TEST(test_without_memory), TEST(test_of_a_shared_account), TEST(test_who_is_not_asked), TEST(test_room))

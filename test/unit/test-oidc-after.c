/* SPDX-License-Identifier: Apache-2.0 */
/* What comes on top of the provider's word: second factors, policies, what ends with it, and what changed meanwhile. */
#include "played-oidc.h"

/* --- With what else is asked --- */

static void test_second_factor(void **unused)
{
	tw_unit_from(w.unit, NULL);
	enrol();
	bind_to("/api/v1/oidc-subjects/a1", "u-alice", 204);
	tw_unit_from(w.unit, "192.0.2.50");
	idp.subject = "u-alice";
	CHECK_INT(come(), 200);
	SAYS("\"needed\":[\"totp\"]");
	CHECK_INT(go_on("code", "000000"), 403);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK(world_log_says(&w, "session of a1 alice by outside+totp"));
	CHECK_INT(world_reads(&w, token), 200);
	CHECK_INT(come(), 200);
	bind_to("/api/v1/oidc-subjects/a1", "u-somebody", 204); /* what it began with is gone */
	CHECK_INT(go_on("code", next_code(secret)), 403);
	SAYS("access.login-step");
	bind_to("/api/v1/oidc-subjects/a1", "u-alice", 204);
	CHECK_INT(come(), 200);
	name_provider("https://login.example/other", "", 204); /* whose u-alice is somebody else */
	CHECK_INT(go_on("code", next_code(secret)), 403);
	SAYS("access.login-step");
	name_provider(ISSUER, "", 204);
	CHECK_INT(come(), 200);
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	CHECK_INT(go_on("code", next_code(secret)), 403);
	SAYS("access.login-step");
}

static int come_with(const char *subject, const char *more)
{
	char body[256];

	idp.subject = subject;
	(void)snprintf(body, sizeof body, "{\"outside\":true%s}", more);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body), 0);
	CHECK_INT(take_begun(serve()), 200);
	CHECK_INT(ask_finish(handle, state, more), 0);
	int status = serve();
	if (status == 200)
		world_text(&w, "login", handle, sizeof handle);
	return status;
}

/* Whoever has somebody's word guesses his code no faster than anybody: not by what he types beside it, nor by coming in as himself in between. */
static void test_guesses_count(void **unused)
{
	char known[64], more[160];

	tw_unit_from(w.unit, NULL);
	enrol();
	bind_to("/api/v1/oidc-subjects/a1", "u-alice", 204);
	tw_unit_from(w.unit, "192.0.2.50");
	CHECK_INT(come(), 201);
	world_text(&w, "client", known, sizeof known);
	(void)snprintf(more, sizeof more, ",\"account\":\"bob\",\"client\":\"%s\"", known);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(come_with("u-alice", more), 200);
		CHECK_INT(go_on("code", "000000"), 403);
		SAYS("access.totp");
		if (i < 4)
			CHECK_INT(come_with("u-bob", more), 201);
	}
	CHECK_INT(go_on("code", next_code(secret)), 429);
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(come_with("u-alice", more), 429);
	SAYS("access.throttle");
	CHECK_INT(come_with("u-bob", more), 201); /* other accounts are others */
	CHECK_INT(login("alice", GOOD), 429);
	pass_ms(MINUTE * 5);
	step_used = tw_time_wall_ms(&device()->time) / TW_TOTP_STEP_MS;
	CHECK_INT(come_with("u-alice", more), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
}

/* Nor is a login by the provider anybody's whom somebody names beside it: his failures are not theirs, and theirs not his. */
static void test_names_nobody(void **unused)
{
	for (int i = 0; i < 5; i++) {
		CHECK_INT(begin(), 200);
		CHECK_INT(ask_finish(handle, "x", ",\"account\":\"alice\""), 403);
	}
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(login("alice", GOOD), 201);
	for (int i = 0; i < 5; i++) {
		char source[16];

		(void)snprintf(source, sizeof source, "203.0.113.%d", i);
		tw_unit_from(w.unit, source);
		CHECK_INT(login("outside 198.51.100.7", GOOD), 403);
	}
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(come(), 201);
}

/* Nor does it make a client known that it was one of somebody's: whoever fails here waits, whatever he shows beside it. */
static void test_knows_no_client(void **unused)
{
	char known[64], body[160];

	CHECK_INT(come(), 201);
	world_text(&w, "client", known, sizeof known);
	(void)snprintf(body, sizeof body, "{\"outside\":true,\"account\":\"bob\",\"client\":\"%s\"}", known);
	CHECK_INT(ask_as(NULL, "POST", LOGINS, body), 0);
	CHECK_INT(serve(), 200);
	for (int i = 0; i < 5; i++) {
		CHECK_INT(begin(), 200);
		CHECK_INT(ask_finish(handle, "x", ""), 403);
	}
	CHECK_INT(ask_as(NULL, "POST", LOGINS, body), 429);
	SAYS("access.throttle");
}

static void test_policy(void **unused)
{
	CHECK_INT(ask("POST", "/api/v1/role-assignments",
			  "{\"account\":\"a2\",\"role\":\"operator\",\"conditions\":{\"methods\":[\"outside\"]}}"),
		201);
	CHECK_INT(come(), 201);
	CHECK_INT(world_reads(&w, token), 200);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 201);
	CHECK_INT(world_reads(&w, token), 403); /* by a password it is not outside */
	char his[64];
	memcpy(his, token, sizeof his);
	set("logical-access.second-factor", "\"0\"", "operator", 200);
	CHECK_INT(come(), 403);
	SAYS("LA.AS.2.1");
	step_used = 0;
	CHECK_INT(ask_as(his, "POST", "/api/v1/authenticator", "{}"), 201);
	take_secret(secret);
	char body[32];
	(void)snprintf(body, sizeof body, "{\"code\":\"%s\"}", next_code(secret));
	CHECK_INT(ask_as(his, "PUT", "/api/v1/authenticator", body), 204);
	CHECK_INT(login("bob", GOOD), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(world_reads(&w, token), 403); /* nor with a second factor */
	CHECK_INT(come(), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	CHECK_INT(world_reads(&w, token), 200);
	set("logical-access.network-methods", "\"0\"", "certificate", 200);
	CHECK_INT(ask_begin(), 403);
	SAYS("LA.AS.2");
}

/* With a provider go those whom it let in, and what they had begun; nobody else does. */
static void test_ends_with_it(void **unused)
{
	static const char *const ways[] = { "PUT", "DELETE" };

	tw_unit_from(w.unit, NULL);
	enrol();
	bind_to("/api/v1/oidc-subjects/a1", "u-alice", 204);
	tw_unit_from(w.unit, "192.0.2.50");
	CHECK_INT(login("alice", GOOD), 200);
	CHECK_INT(go_on("code", next_code(secret)), 201);
	char own[64], his[64];
	memcpy(own, token, sizeof own);
	for (size_t i = 0; i < TW_COUNT(ways); i++) {
		idp.subject = "u-alice";
		CHECK_INT(come(), 200);
		CHECK_INT(go_on("code", next_code(secret)), 201);
		CHECK_INT(world_reads(&w, token), 200);
		memcpy(his, token, sizeof his);
		CHECK_INT(come(), 200);
		if (i)
			CHECK_INT(ask(ways[i], OIDC, NULL), 204);
		else
			name_provider(ISSUER, "", 204);
		CHECK_INT(world_reads(&w, his), 401);
		CHECK_INT(world_reads(&w, own), 200);
		CHECK_INT(go_on("code", next_code(secret)), 403);
		SAYS("access.login-step");
		CHECK(world_log_says(&w, "session.ended"));
		CHECK_OK(tw_access_load(device()));
		CHECK_INT(world_reads(&w, his), 401); /* nor does the store know it */
	}
}

/* What the provider said of him stays in memory for no longer than his login. */
static void test_token_forgotten(void **unused)
{
	idp.at = "/keys";
	idp.garbage = "<html>";
	CHECK_INT(come(), 503);
	CHECK_INT(asked_tokens, 1);
	CHECK(!device()->access->oidc.token.data);
	pass_ms(TW_OIDC_DOWN_MS);
	idp.at = NULL;
	CHECK_INT(come(), 201);
	CHECK(!device()->access->oidc.token.data);
}

/* The client's secret is opened for the token alone: one that cannot be opened keeps nothing else from being done. */
static void test_secret_for_the_token(void **unused)
{
	TW_CLEANUP(tw_jsonp)
	json_t *kept = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "issuer", ISSUER, "client", "device-7", "address",
		"https://device.example", "name", "Example Works", "claim", "sub", "anchors", anchors, "secret", "AAAA");

	CHECK_OK(tw_device_keep_json(device(), TW_KEPT_OF_OWNER "oidc", kept));
	CHECK_INT(begin(), 200);
	bind_to(HIS, "u-bob", 204);
	CHECK(finish() >= 500);
	CHECK_INT(asked_tokens, 0);
}

/* No other provider than it began with. */
static void test_changed_meanwhile(void **unused)
{
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	CHECK(fetched.running);
	tw_oidc_forget(device());
	CHECK_INT(serve(), 503);
	SAYS("oidc.off");
	CHECK(!fetched.running);
	CHECK_INT(begin(), 200);
	name_provider(ISSUER, "", 204);
	CHECK_INT(finish(), 403);
	SAYS("access.login-step");
	CHECK_INT(begin(), 200);
	CHECK_INT(asked_places, 3);
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	for (size_t i = 0; i < TW_PLACES_MAX; i++)
		CHECK_INT(device()->access->oidc.begun[i].expires_ms, 0);
}

static void test_nothing_to_ask(void **unused)
{
	fetched.missing = true;
	CHECK_INT(ask_begin(), 503);
	SAYS("oidc.off");
	fetched.missing = false;
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	CHECK_INT(ask_begin(), 404);
	SAYS("oidc.none");
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 200);
	CHECK(!strstr(tw_unit_body(w.unit), "provider"));
	name_provider(ISSUER, "", 204);
	world_at(&w, 1000, tw_time_boot_ms(&device()->time));
	CHECK_INT(ask_begin(), 503);
	SAYS("access.clock");
}

/* --- Once more --- */

/* Who comes in by the provider alone proves himself there anew before what is dangerous; a first password is that too. */
static void test_proves_anew(void **unused)
{
	static const char role[] = "/api/v1/roles/night", body[] = "{\"permissions\":\"settings.read\"}",
			  own[] = "/api/v1/password", first[] = "{\"password\":\"" BETTER "\"}";
	const char *const targets[] = { role, own }, *const bodies[] = { body, first };
	const int wanted[] = { 201, 204 };

	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	for (int i = 0; i < 2; i++) {
		char text[600], hex[65], with[192], step[64];
		TW_CLEANUP(tw_buf_done) struct tw_buf digest = { 0 };
		uint8_t hash[32];

		CHECK_INT(come(), 201);
		CHECK_INT(ask_as(token, "PUT", targets[i], bodies[i]), 403);
		SAYS("\"rule\":\"step-up\"");
		int size = snprintf(text, sizeof text, "PUT %s\n%s", targets[i], bodies[i]);
		CHECK_OK(tw_sha256(text, (size_t)size, hash));
		tw_buf_init(&digest, tw_sys_real(), 64);
		CHECK_OK(tw_buf_hex(&digest, hash, sizeof hash));
		(void)snprintf(hex, sizeof hex, "%s", tw_buf_cstr(&digest));
		(void)snprintf(text, sizeof text, "{\"digest\":\"%s\"}", hex);
		pass_ms(300000);
		CHECK_INT(ask_as(token, "POST", "/api/v1/step-ups", text), 403);
		SAYS("step-up.login");
		CHECK_INT(come(), 201);
		CHECK_INT(ask_as(token, "POST", "/api/v1/step-ups", text), 201);
		world_text(&w, "token", step, sizeof step);
		(void)snprintf(with, sizeof with, "%s\r\nThingward-Step-Up: %s", token, step);
		CHECK_INT(ask_as(with, "PUT", targets[i], bodies[i]), wanted[i]);
	}
	CHECK_INT(come(), 201);
	CHECK_INT(ask_as(token, "PUT", own, "{\"old\":\"guess number one\"}"), 403);
	SAYS("password.old"); /* which proves it there */
	CHECK_INT(ask_as(token, "PUT", own, "{\"old\":\"" BETTER "\"}"), 204);
	CHECK_INT(come(), 201);
	CHECK_INT(ask_as(token, "PUT", role, body), 403);
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	CHECK_INT(ask_as(token, "PUT", role, body), 401); /* the session ended with what opened it */
}

CHECK_MAIN(OUTSIDE(test_second_factor), OUTSIDE(test_guesses_count), OUTSIDE(test_names_nobody), OUTSIDE(test_knows_no_client),
	OUTSIDE(test_policy), OUTSIDE(test_ends_with_it), OUTSIDE(test_token_forgotten), OUTSIDE(test_secret_for_the_token),
	OUTSIDE(test_changed_meanwhile), OUTSIDE(test_nothing_to_ask), OUTSIDE(test_proves_anew))

/* SPDX-License-Identifier: Apache-2.0 */
/* @nist LA.AS.2.1.2: the organization's OpenID Connect provider says who it is, or nobody comes in by it: what opens, for whom, and whose login it is. */
#include "played-oidc.h"

/* --- What opens --- */

static void test_opens(void **unused)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hashed = { 0 };
	char verifier[TW_OIDC_WORD + 1];
	uint8_t hash[32];

	CHECK_INT(begin(), 200);
	CHECK_TEXT(fetched.url, ISSUER "/.well-known/openid-configuration");
	CHECK_INT(fetched.method, TW_FETCH_GET);
	CHECK(strstr(fetched.anchors, "BEGIN CERTIFICATE"));
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	CHECK_TEXT(fetched.url, "https://login.example/token");
	CHECK_INT(fetched.method, TW_FETCH_POST);
	CHECK_TEXT(fetched.type, "application/x-www-form-urlencoded");
	CHECK_TEXT(fetched.authorization, "Basic ZGV2aWNlLTc6czNjcmV0JTIx"); /* device-7:s3cret%21 */
	CHECK(!strncmp(fetched.body,
		"grant_type=authorization_code&code=code%20of%20the%20provider&redirect_uri=" BACK "&code_verifier=", 106));
	take_parameter(fetched.body, "&code_verifier=", verifier);
	CHECK_OK(tw_sha256(verifier, TW_OIDC_WORD, hash));
	tw_buf_init(&hashed, tw_sys_real(), 64);
	CHECK_OK(tw_buf_base64url(&hashed, hash, sizeof hash));
	CHECK_TEXT(tw_buf_cstr(&hashed), challenge);
	CHECK_INT(serve(), 0); /* nothing has been answered */
	play();
	CHECK_INT(serve(), 201);
	CHECK(!fetched.running);
	SAYS("\"account\":\"a2\"");
	world_text(&w, "token", token, sizeof token);
	CHECK_INT(world_reads(&w, token), 403); /* known, and without a role */
	CHECK(world_log_says(&w, "session of a2 bob by outside") && world_log_says(&w, "\"rule\":\"LA.AS.2.1.2\",\"verdict\":\"yes\""));
	CHECK(world_log_says(&w, "\"event\":\"login.outside\"") && !world_log_says(&w, "\"subject\":\"\"")); /* who it is there is told of strangers alone */
	CHECK(!world_log_says(&w, "s3cret!") && !world_log_says(&w, verifier) && !world_log_says(&w, handle) &&
		!world_log_says(&w, "code of the provider"));
	CHECK_INT(come(), 201);
	CHECK(asked_places == 1 && asked_keys == 1 && asked_tokens == 2); /* what is known is not asked for again */
	pass_ms(TW_OIDC_BELIEVED_MS);
	CHECK_INT(come(), 201);
	CHECK(asked_places == 2 && asked_keys == 2);
	CHECK_INT(ask("GET", "/api/v1/credentials", NULL), 200);
	SAYS("\"kind\":\"oidc\"");
	SAYS("\"label\":\"u-bob\"");
	CHECK_INT(ask("GET", "/api/v1/access-list", NULL), 200);
	SAYS("Example Works");
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL), 200);
	SAYS("\"provider\":\"Example Works\"");
}

/* A client without a secret names itself. */
static void test_without_secret(void **unused)
{
	name_provider(ISSUER, "", 204);
	CHECK_INT(come(), 201);
	CHECK_TEXT(fetched.authorization, "");
	CHECK_INT(ask("GET", OIDC, NULL), 200);
	SAYS("\"secret\":false");
}

/* --- Whose it is --- */

static void test_nobody_elses(void **unused)
{
	idp.subject = "u-mallory";
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
	CHECK(world_log_says(&w, "\"subject\":\"u-mallory\"") && !world_log_says(&w, "\"account\":\"a0\""));
	idp.subject = "bob"; /* the account's name is nothing there */
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
	idp.subject = NULL;
	CHECK_INT(ask("PUT", "/api/v1/suspensions/a2", NULL), 204);
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
	CHECK_INT(ask("DELETE", "/api/v1/suspensions/a2", NULL), 204);
	CHECK_INT(come(), 201);
	CHECK_INT(ask("DELETE", HIS, NULL), 204);
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
}

/* The same word at another provider, or under another claim, is somebody else. */
static void test_of_one_provider(void **unused)
{
	name_provider(ISSUER, ",\"claim\":\"nonce\"", 204);
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
	name_provider("https://login.example/other", "", 204);
	idp.issuer = "https://login.example/other";
	CHECK_INT(come(), 403);
	SAYS("oidc.issuer"); /* the token says another than the document */
	name_provider(ISSUER, "", 204);
	idp.issuer = NULL;
	CHECK_INT(come(), 201);
}

static void test_bound(void **unused)
{
	bind_to("/api/v1/oidc-subjects/a1", "u-bob", 409);
	SAYS("oidc.exists");
	bind_to(HIS, "u-bob", 204);
	bind_to(HIS, "u-\\u0007", 400);
	SAYS("oidc.subject");
	bind_to("/api/v1/oidc-subjects/a9", "u-9", 404);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"desk\",\"kind\":\"shared\"}"), 201);
	bind_to("/api/v1/oidc-subjects/a3", "u-desk", 409);
	SAYS("shared.own-proof");
	bind_to(HIS, "u-robert", 204);
	CHECK_INT(come(), 403);
	idp.subject = "u-robert";
	CHECK_INT(come(), 201);
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	bind_to(HIS, "u-bob", 409);
	SAYS("oidc.none");
}

/* --- Whose login it is --- */

static void test_bound_to_one_login(void **unused)
{
	char first[64], back[64];

	CHECK_INT(begin(), 200);
	memcpy(first, handle, sizeof first);
	memcpy(back, state, sizeof state);
	CHECK_INT(begin(), 200);
	CHECK(strcmp(first, handle) != 0 && strcmp(back, state) != 0);
	CHECK_INT(ask_finish(handle, back, ""), 403); /* what another login is answered */
	SAYS("oidc.state");
	CHECK_INT(finish(), 403); /* it was used */
	SAYS("access.login-step");
	CHECK_INT(ask_finish(first, "short", ""), 403);
	SAYS("oidc.state");
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ",\"issuer\":\"https://evil.example\""), 403);
	SAYS("oidc.issuer");
	CHECK_INT(begin(), 200);
	memcpy(back, state, sizeof state);
	memcpy(first, handle, sizeof first);
	CHECK_INT(ask_finish(handle, state, ",\"issuer\":\"" ISSUER "\""), 0);
	CHECK_INT(serve(), 201);
	CHECK_INT(ask_finish(first, back, ""), 403);
	SAYS("access.login-step");
	CHECK_INT(asked_tokens, 1);
}

static void test_not_for_ever(void **unused)
{
	char body[256];

	CHECK_INT(begin(), 200);
	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"state\":\"%s\"}", handle, state);
	CHECK_INT(ask_as(NULL, "POST", LOGINS, body), 400);
	SAYS("access.login-form");
	pass_ms(TW_LOGIN_STEP_MS - 1);
	CHECK_INT(finish(), 201);
	CHECK_INT(begin(), 200);
	pass_ms(TW_LOGIN_STEP_MS);
	CHECK_INT(finish(), 403);
	SAYS("access.login-step");
}

/* A source has a few; one more ends its oldest, and nobody else's. */
static void test_places(void **unused)
{
	char firsts[2][2][64];

	tw_unit_from(w.unit, "192.0.2.60");
	CHECK_INT(begin(), 200);
	memcpy(firsts[0][0], handle, sizeof handle);
	memcpy(firsts[0][1], state, sizeof state);
	tw_unit_from(w.unit, "192.0.2.50");
	for (int i = 0; i <= TW_OIDC_BEGUN_OWN; i++) {
		pass_ms(1);
		CHECK_INT(begin(), 200);
		memcpy(firsts[1][0], i ? firsts[1][0] : handle, sizeof handle);
		memcpy(firsts[1][1], i ? firsts[1][1] : state, sizeof state);
	}
	CHECK_INT(ask_finish(firsts[1][0], firsts[1][1], ""), 403);
	SAYS("access.login-step");
	CHECK_INT(ask_finish(firsts[0][0], firsts[0][1], ""), 0);
	CHECK_INT(serve(), 403); /* its nonce is not the last one's */
	SAYS("oidc.nonce");
}

/* Who brings wrong answers waits, at this address and not at others. */
static void test_throttled(void **unused)
{
	for (int i = 0; i < 5; i++) {
		CHECK_INT(begin(), 200);
		CHECK_INT(ask_finish(handle, "x", ""), 403);
	}
	CHECK_INT(ask_begin(), 429);
	tw_unit_from(w.unit, "198.51.100.7");
	CHECK_INT(come(), 201);
	idp.subject = "u-mallory";
	for (int i = 0; i < 5; i++)
		CHECK_INT(come(), 403);
	CHECK_INT(ask_begin(), 429);
}

CHECK_MAIN(OUTSIDE(test_opens), OUTSIDE(test_without_secret), OUTSIDE(test_nobody_elses), OUTSIDE(test_of_one_provider),
	OUTSIDE(test_bound), OUTSIDE(test_bound_to_one_login), OUTSIDE(test_not_for_ever), OUTSIDE(test_places), OUTSIDE(test_throttled))

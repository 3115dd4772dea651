/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.AS.2.1.2: the organization's OpenID Connect provider says who it is, or nobody comes in by it. The provider is played: it answers rightly, and then
 * wrongly in one thing after another. Each thing that may be wrong in a token is a row of src/formats/test-oidc.c.
 */
#include "anchors.h"
#include "lacking.h"
#include "logins.h"
#include "not-p256.h"
#include "played-fetch.h"

#include "device/logical-access/oidc.h"
#include "device/rows-logical-access.h"

#define OIDC "/api/v1/oidc"
#define ISSUER "https://login.example/realm"
#define HIS "/api/v1/oidc-subjects/a2"
#define BACK "https%3A%2F%2Fdevice.example%2F"

/* What the provider does. */
static struct {
	const char *issuer, *subject, *header, *nonce, *audience; /* NULL: as it should be */
	int64_t shift_s;                                          /* of its clock */
	unsigned status;                                          /* to a code; 0: 200 */
	bool other_key;                                           /* signs by one that it does not publish */
	int kid;                                                  /* of its key, published and in tokens */
	const char *garbage;                                      /* its answer, to the question whose address has that in it */
	const char *at;
} idp;
static tw_key *key, *other;
static char state[TW_OIDC_WORD + 1], nonce[TW_OIDC_WORD + 1], challenge[TW_OIDC_WORD + 1], answer[8192];
static unsigned asked_places, asked_keys, asked_tokens;

/* --- The provider --- */

static void say(const char *text)
{
	fetched_answers(TW_FETCH_NO_FAILURE, 200);
	(void)snprintf(answer, sizeof answer, "%s", text);
	fetched.answer.body = tw_slice_of(answer);
}

static void say_places(void)
{
	char text[1024];

	asked_places++;
	(void)snprintf(text, sizeof text,
		"{\"issuer\":\"%s\",\"authorization_endpoint\":\"https://login.example/login\",\"token_endpoint\":\"https://login.example/token\","
		"\"jwks_uri\":\"https://login.example/keys\"}",
		idp.issuer ? idp.issuer : ISSUER);
	say(text);
}

static void say_keys(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint8_t point[TW_POINT_SIZE];

	asked_keys++;
	CHECK_OK(tw_key_point(key, point));
	tw_buf_init(&b, tw_sys_real(), 1024);
	CHECK_OK(tw_buf_format(&b, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%d\",\"x\":\"", idp.kid));
	CHECK_OK(tw_buf_base64url(&b, point + 1, 32));
	CHECK_OK(tw_buf_text(&b, "\",\"y\":\""));
	CHECK_OK(tw_buf_base64url(&b, point + 33, 32));
	CHECK_OK(tw_buf_text(&b, "\"}]}"));
	say(tw_buf_cstr(&b));
}

static void add_part(struct tw_buf *b, const char *text)
{
	CHECK_OK(tw_buf_base64url(b, text, strlen(text)));
}

static void say_token(void)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const int64_t now = tw_time_wall_ms(&device()->time) / 1000 + idp.shift_s;
	uint8_t signature[TW_SIGNATURE_SIZE];
	char header[128], claims[1024];

	asked_tokens++;
	tw_buf_init(&b, tw_sys_real(), 4096);
	(void)snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"kid\":\"%d\"}", idp.kid);
	(void)snprintf(claims, sizeof claims,
		"{\"iss\":\"" ISSUER "\",\"aud\":\"%s\",\"sub\":\"%s\",\"nonce\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"auth_time\":%lld}",
		idp.audience ? idp.audience : "device-7", idp.subject ? idp.subject : "u-bob", idp.nonce ? idp.nonce : nonce,
		(long long)now, (long long)now + 60, (long long)now);
	add_part(&b, idp.header ? idp.header : header);
	CHECK_OK(tw_buf_u8(&b, '.'));
	add_part(&b, claims);
	const struct tw_slice said = tw_buf_slice(&b);
	CHECK_OK(tw_key_sign(idp.other_key ? other : key, &said, 1, signature));
	CHECK_OK(tw_buf_u8(&b, '.'));
	CHECK_OK(tw_buf_base64url(&b, signature, sizeof signature));
	char text[6000];
	(void)snprintf(text, sizeof text, "{\"access_token\":\"x\",\"token_type\":\"Bearer\",\"id_token\":\"%s\"}", tw_buf_cstr(&b));
	say(text);
	if (idp.status)
		fetched.answer.status = idp.status;
}

static void play(void)
{
	if (idp.at && strstr(fetched.url, idp.at))
		say(idp.garbage);
	else if (strstr(fetched.url, "openid-configuration"))
		say_places();
	else if (strstr(fetched.url, "/keys"))
		say_keys();
	else
		say_token();
}

/* --- Logins --- */

static void job(void)
{
	CHECK_OK(tw_access_job_oidc(&device()->context));
}

static int64_t due(void)
{
	return tw_access_oidc_due_ms(&device()->context);
}

/* Until there is an answer, or nothing that the provider could do for one. */
static int serve(void)
{
	for (int i = 0; i < 10 && !tw_unit_later(w.unit) && due() == 0; i++) {
		job();
		if (fetched.running && !fetched.over)
			play();
	}
	return tw_unit_later(w.unit);
}

static void take_parameter(const char *location, const char *name, char ret[TW_OIDC_WORD + 1])
{
	const char *at = strstr(location, name);

	CHECK(at);
	(void)snprintf(ret, TW_OIDC_WORD + 1, "%s", at + strlen(name));
	CHECK_INT(strlen(ret), TW_OIDC_WORD);
}

static int ask_begin(void)
{
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, "{\"outside\":true}");
}

static int take_begun(int status)
{
	char location[TW_OIDC_LOCATION_MAX];

	if (status != 200)
		return status;
	SAYS("\"needed\":[\"outside\"]");
	world_text(&w, "login", handle, sizeof handle);
	world_text(&w, "location", location, sizeof location);
	CHECK(!strncmp(location, "https://login.example/login?response_type=code&scope=openid&prompt=login&", 69));
	CHECK(strstr(location, "&client_id=device-7&redirect_uri=" BACK "&"));
	CHECK(!strstr(location, handle));
	take_parameter(location, "&state=", state);
	take_parameter(location, "&nonce=", nonce);
	take_parameter(location, "&code_challenge=", challenge);
	return status;
}

static int begin(void)
{
	int status = ask_begin();

	return take_begun(status ? status : serve());
}

static int ask_finish(const char *with, const char *back, const char *more)
{
	char body[512];

	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"state\":\"%s\",\"answer\":\"code of the provider\"%s}", with, back, more);
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body);
}

static int finish(void)
{
	int status = ask_finish(handle, state, "");

	status = status ? status : serve();
	token[0] = '\0';
	if (status == 201)
		world_text(&w, "token", token, sizeof token);
	if (status == 200)
		world_text(&w, "login", handle, sizeof handle);
	return status;
}

static int come(void)
{
	int status = begin();

	return status == 200 ? finish() : status;
}

static void name_provider(const char *issuer, const char *more, int want)
{
	char body[6000];

	(void)snprintf(body, sizeof body,
		"{\"issuer\":\"%s\",\"client\":\"device-7\",\"address\":\"https://device.example\",\"name\":\"Example Works\",\"anchors\":\"%s\"%s}",
		issuer, anchors, more);
	CHECK_INT(ask("PUT", OIDC, body), want);
}

static void bind_to(const char *target, const char *subject, int want)
{
	char body[400];

	(void)snprintf(body, sizeof body, "{\"subject\":\"%s\"}", subject);
	CHECK_INT(ask("PUT", target, body), want);
}

/* Long enough for whoever failed to be asked for nothing. */
static void pass_ms(int64_t ms)
{
	world_at(&w, tw_time_wall_ms(&device()->time) + ms, tw_time_boot_ms(&device()->time) + ms);
}

static int set_up(void **unused)
{
	memset(&fetched, 0, sizeof fetched);
	memset(&idp, 0, sizeof idp);
	asked_places = asked_keys = asked_tokens = 0;
	if (set_up_logins(unused))
		return -1;
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	CHECK_OK(tw_key_generate(tw_sys_real(), &other));
	find_anchors();
	name_provider(ISSUER, ",\"secret\":\"s3cret!\"", 204);
	bind_to(HIS, "u-bob", 204);
	tw_unit_from(w.unit, "192.0.2.50");
	return 0;
}

static int tear_down_all(void **unused)
{
	key = tw_key_free(key);
	other = tw_key_free(other);
	return tear_down(unused);
}

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
	CHECK(world_log_says(&w, "\"subject\":\"u-mallory\""));
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

/* --- What the provider says --- */

static void test_tokens(void **unused)
{
	static const struct {
		const char *header, *nonce, *audience;
		int64_t shift_s;
		bool other_key;
		const char *rule;
	} rows[] = {
		{ .header = "{\"alg\":\"none\"}", .rule = "oidc.algorithm" },
		{ .header = "{\"alg\":\"ES256\",\"kid\":\"9\"}", .rule = "oidc.key" },
		{ .header = "{", .rule = "oidc.token" },
		{ .other_key = true, .rule = "oidc.signature" },
		{ .nonce = "of another login", .rule = "oidc.nonce" },
		{ .audience = "device-8", .rule = "oidc.audience" },
		{ .shift_s = -130, .rule = "oidc.time" },
		{ .shift_s = 70, .rule = "oidc.time" },
		{ .shift_s = -61, .rule = "oidc.age" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		idp.header = rows[i].header;
		idp.nonce = rows[i].nonce;
		idp.audience = rows[i].audience;
		idp.shift_s = rows[i].shift_s;
		idp.other_key = rows[i].other_key;
		CHECK_INT(come(), 403);
		SAYS(rows[i].rule);
		CHECK(world_log_says(&w, rows[i].rule));
		pass_ms(MINUTE * 15);
	}
	memset(&idp, 0, sizeof idp);
	CHECK_INT(come(), 201);
}

/* A key that is not known is looked for once more, by each login once. */
static void test_new_keys(void **unused)
{
	CHECK_INT(come(), 201);
	tw_key *old = key;
	key = other;
	other = old;
	idp.kid = 2;
	CHECK_INT(come(), 201);
	CHECK_INT(asked_keys, 2);
	idp.header = "{\"alg\":\"ES256\",\"kid\":\"9\"}";
	CHECK_INT(come(), 403);
	SAYS("oidc.key");
	CHECK_INT(asked_keys, 3);
}

static void test_wrong_answers(void **unused)
{
	static const struct {
		const char *at, *garbage, *rule;
	} rows[] = {
		{ "openid-configuration", "{}", "oidc.provider" },
		{ "openid-configuration",
			"{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://a\",\"token_endpoint\":\"https://a\",\"jwks_uri\":\"https://a\"}",
			"oidc.untrusted" },
		{ "/keys", "<html>", "oidc.provider" },
		{ "/token", "{}", "oidc.provider" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		idp.at = rows[i].at;
		idp.garbage = rows[i].garbage;
		CHECK_INT(come(), 503);
		SAYS(rows[i].rule);
		pass_ms(TW_OIDC_DOWN_MS);
	}
	idp.at = NULL;
	idp.status = 401;
	CHECK_INT(come(), 503);
	SAYS("oidc.client");
	idp.status = 400;
	CHECK_INT(come(), 403);
	SAYS("oidc.code");
	idp.status = 500;
	CHECK_INT(come(), 503);
	SAYS("oidc.provider");
	idp.status = 0;
	CHECK_INT(come(), 201); /* nobody else's login is kept waiting for it */
}

/* For so long it is not asked again. */
static void test_left_in_peace(void **unused)
{
	CHECK_INT(ask_begin(), 0);
	job();
	fetched_answers(TW_FETCH_NO_FAILURE, 404);
	CHECK_INT(serve(), 503);
	SAYS("oidc.provider");
	pass_ms(TW_OIDC_DOWN_MS - 1);
	CHECK_INT(come(), 503);
	pass_ms(1);
	CHECK_INT(come(), 201);
}

/* One that cannot be reached is told, and left in peace for a moment: whoever begins logins would else keep the role busy. */
static void test_down(void **unused)
{
	static const struct {
		enum tw_fetch_failure failure;
		const char *rule;
	} rows[] = { { TW_FETCH_UNREACHABLE, "oidc.silent" }, { TW_FETCH_TIMEOUT, "oidc.silent" },
		{ TW_FETCH_UNTRUSTED, "oidc.untrusted" }, { TW_FETCH_REDIRECTED, "oidc.untrusted" },
		{ TW_FETCH_TOO_LARGE, "oidc.provider" }, { TW_FETCH_BAD_ANSWER, "oidc.provider" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(ask_begin(), 0);
		job();
		fetched_answers(rows[i].failure, 0);
		CHECK_INT(serve(), 503);
		SAYS(rows[i].rule);
		CHECK(!fetched.running);
		const unsigned before = fetched.begun;
		CHECK_INT(begin(), 503);
		SAYS(rows[i].rule);
		CHECK_INT(fetched.begun, before);
		pass_ms(TW_OIDC_DOWN_MS);
	}
	CHECK_INT(come(), 201);
	CHECK(world_log_says(&w, "\"rule\":\"oidc.silent\",\"verdict\":\"none\""));
}

/* What one brings, and its answer, is nobody else's: only who is not the provider at all is believed by nobody for a while. */
static void test_odd_answers(void **unused)
{
	static const struct {
		enum tw_fetch_failure failure;
		unsigned status;
		const char *rule;
		bool counts;
	} rows[] = { { TW_FETCH_NO_FAILURE, 500, "oidc.provider", true }, { TW_FETCH_TOO_LARGE, 0, "oidc.provider", true },
		{ TW_FETCH_BAD_ANSWER, 0, "oidc.provider", true }, { TW_FETCH_REDIRECTED, 0, "oidc.provider", true },
		{ TW_FETCH_TIMEOUT, 0, "oidc.silent", false }, { TW_FETCH_UNREACHABLE, 0, "oidc.silent", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		for (int k = 0; k < 5; k++) {
			CHECK_INT(begin(), 200);
			CHECK_INT(ask_finish(handle, state, ""), 0);
			job();
			fetched_answers(rows[i].failure, rows[i].status);
			CHECK_INT(serve(), 503);
			SAYS(rows[i].rule);
		}
		CHECK_INT(begin(), rows[i].counts ? 429 : 200);
		tw_unit_from(w.unit, "198.51.100.7");
		CHECK_INT(come(), 201);
		tw_unit_from(w.unit, "192.0.2.50");
		pass_ms(MINUTE * 80);
	}
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	fetched_answers(TW_FETCH_UNTRUSTED, 0);
	CHECK_INT(serve(), 503);
	CHECK_INT(begin(), 503);
	SAYS("oidc.untrusted");
}

/* Whose time others used up says nothing of the provider either. */
static void test_silent_to_one(void **unused)
{
	CHECK_INT(begin(), 200);
	CHECK_INT(ask_finish(handle, state, ""), 0);
	job();
	pass_ms(TW_OIDC_WAIT_MS);
	CHECK_INT(serve(), 503);
	SAYS("oidc.silent");
	CHECK(!fetched.running);
	CHECK_INT(come(), 201);
}

/* Nobody waits for longer than that, whoever else has the role. */
static void test_silent(void **unused)
{
	fetched.refuses = TW_CODE_STATE;
	CHECK_INT(ask_begin(), 0);
	job();
	CHECK_INT(due(), 250);
	pass_ms(250);
	CHECK_INT(due(), 0);
	fetched.refuses = TW_CODE_OK;
	job();
	CHECK(fetched.running);
	CHECK_INT(due(), TW_OIDC_WAIT_MS - 250);
	pass_ms(TW_OIDC_WAIT_MS - 251);
	CHECK_INT(due(), 1);
	CHECK_INT(tw_unit_later(w.unit), 0);
	pass_ms(1);
	CHECK_INT(serve(), 503);
	SAYS("oidc.silent");
	CHECK(!fetched.running && fetched.ended == 1);
	pass_ms(TW_OIDC_DOWN_MS);
	fetched.refuses = TW_CODE_LIMIT;
	CHECK_INT(begin(), 500);
	fetched.refuses = TW_CODE_OK;
	CHECK_INT(come(), 201);
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

/* --- Who says so --- */

static void test_forms(void **unused)
{
	static const struct {
		const char *key, *value, *rule;
	} rows[] = {
		{ "issuer", "http://login.example", "oidc.form" },
		{ "issuer", "https://login.example/?a", "oidc.form" },
		{ "issuer", "https://u@login.example", "oidc.form" },
		{ "address", "http://device.example", "oidc.address" },
		{ "address", "https://device.example/", "oidc.address" },
		{ "address", "https://device.example?a", "oidc.address" },
		{ "client", "a\\u0007", "oidc.client" },
		{ "secret", "a\\n", "oidc.client" },
		{ "claim", "a\\n", "oidc.client" },
		{ "name", " a", "oidc.name" },
		{ "anchors", "x", "oidc.anchors" },
	};
	static const char *const keys[] = { "issuer", ISSUER, "client", "device-7", "address", "https://device.example", "name",
		"Example", "anchors", anchors };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char body[6000] = "{", *at = body + 1;

		for (size_t k = 0; k < TW_COUNT(keys); k += 2)
			if (strcmp(keys[k], rows[i].key) != 0)
				at += snprintf(at, sizeof body - (size_t)(at - body), "\"%s\":\"%s\",", keys[k], keys[k + 1]);
		(void)snprintf(at, sizeof body - (size_t)(at - body), "\"%s\":\"%s\"}", rows[i].key, rows[i].value);
		CHECK_INT(ask("PUT", OIDC, body), 400);
		SAYS(rows[i].rule);
	}
	CHECK_INT(ask("GET", OIDC, NULL), 200);
	SAYS("\"set\":true");
	SAYS("\"issuer\":\"" ISSUER "\"");
	SAYS("\"claim\":\"sub\"");
	SAYS("\"secret\":true");
	CHECK(!strstr(tw_unit_body(w.unit), "s3cret!"));
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	CHECK_INT(ask("GET", OIDC, NULL), 200);
	SAYS("{\"set\":false}");
}

/* Who may do less names nobody who may come in to more; what he said ends when the account comes to do more. */
static void test_through_whose_hands(void **unused)
{
	char admin[64];

	tw_unit_from(w.unit, NULL);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(come(), 201);
	memcpy(admin, token, sizeof admin);
	set("logical-access.step-up", "\"0\"", "off", 200);
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/oidc-subjects/a1", "{\"subject\":\"u-bob2\"}"), 403);
	CHECK_INT(ask_as(admin, "DELETE", "/api/v1/oidc-subjects/a1", NULL), 403);
	CHECK_INT(ask_as(admin, "GET", OIDC, NULL), 403);
	CHECK_INT(ask_as(admin, "DELETE", OIDC, NULL), 403);
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/oidc-subjects/a3", "{\"subject\":\"u-kim\"}"), 204);
	idp.subject = "u-kim";
	CHECK_INT(come(), 201);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/oidc-subjects/a3", "{\"subject\":\"u-kim\"}"), 403);
	SAYS("account.cover");
	bind_to("/api/v1/oidc-subjects/a3", "u-kim", 204);
	CHECK_INT(come(), 201);
}

static void set_with(const char *address, const char *pem, int times, const char *rule)
{
	static char body[16000];
	size_t at = (size_t)snprintf(body, sizeof body,
		"{\"issuer\":\"" ISSUER "\",\"client\":\"device-7\",\"name\":\"E\",\"address\":\"%s\",\"anchors\":\"", address);

	for (int i = 0; i < times; i++)
		at += (size_t)snprintf(body + at, sizeof body - at, "%s", pem);
	(void)snprintf(body + at, sizeof body - at, "\"}");
	CHECK_INT(ask("PUT", OIDC, body), 400);
	SAYS(rule);
}

/* Certificates that are none for this device; and of several faults the first is told. */
static void test_anchors(void **unused)
{
	set_with("https://device.example", not_p256, 1, "oidc.anchors");
	set_with("https://device.example", anchors, 9, "oidc.anchors");
	set_with("https://device.example/", "x", 1, "oidc.address");
}

static void check_status(enum tw_status want)
{
	struct tw_element_status s = { .status = TW_STATUS_NOT_PROVIDED };

	CHECK_OK(tw_access_status_server(&device()->context, &s));
	CHECK_INT(s.status, want);
}

static void test_status(void **unused)
{
	CHECK_INT(ask("GET", "/api/v1/capabilities", NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), "OpenID Connect provider says who comes in"));
	fetched.missing = true;
	CHECK_INT(ask("GET", "/api/v1/capabilities", NULL), 200);
	CHECK(!strstr(tw_unit_body(w.unit), "OpenID Connect provider says who comes in"));
	check_status(TW_STATUS_NEEDS_PART);
	fetched.missing = false;
	check_status(TW_STATUS_PROVIDED);
}

/* --- Without memory --- */

static int do_set(const void *what)
{
	char body[6000];

	(void)snprintf(body, sizeof body,
		"{\"issuer\":\"" ISSUER
		"\",\"client\":\"device-7\",\"secret\":\"s3cret!\",\"address\":\"https://device.example\",\"name\":\"E\",\"anchors\":\"%s\"}",
		anchors);
	return ask("PUT", OIDC, body);
}

static int do_bind(const void *what)
{
	return ask("PUT", HIS, "{\"subject\":\"u-bob\"}");
}

static int do_begin(const void *what)
{
	device()->access->oidc.places_ms = device()->access->oidc.keys_ms = device()->access->oidc.down_ms = 0;
	int status = ask_begin();

	return status ? status : serve();
}

static int do_finish(const void *what)
{
	int status = ask_finish(handle, state, "");

	return status ? status : serve();
}

static void test_without_memory(void **unused)
{
	static int (*const rows[])(const void *what) = { do_set, do_bind, do_begin };
	static const int wanted[] = { 204, 204, 200 };

	tw_unit_from(w.unit, NULL);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int failed = 0;

		for (long nth = 1; nth == 1 || memory.fired; nth++) {
			int status = ask_without(rows[i], NULL, nth);

			if (status != wanted[i] && status < 500)
				fail_msg("row %zu, block %ld: %d %s", i, nth, status, tw_unit_body(w.unit));
			failed += status >= 500;
		}
		CHECK(failed > 1);
		CHECK_INT(rows[i](NULL), wanted[i]);
	}
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		CHECK_INT(begin(), 200);
		device()->access->oidc.keys_ms = 0;
		int status = ask_without(do_finish, NULL, nth);

		if (status != 201 && status < 500)
			fail_msg("block %ld: %d %s", nth, status, tw_unit_body(w.unit));
		CHECK_INT(due(), -1);
		CHECK(!fetched.running);
		device()->access->oidc.down_ms = 0;
	}
}

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

#define OUTSIDE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down_all)
CHECK_MAIN(OUTSIDE(test_opens), OUTSIDE(test_without_secret), OUTSIDE(test_nobody_elses), OUTSIDE(test_of_one_provider),
	OUTSIDE(test_bound), OUTSIDE(test_tokens), OUTSIDE(test_new_keys), OUTSIDE(test_wrong_answers), OUTSIDE(test_left_in_peace),
	OUTSIDE(test_down), OUTSIDE(test_silent), OUTSIDE(test_odd_answers), OUTSIDE(test_silent_to_one),
	OUTSIDE(test_bound_to_one_login), OUTSIDE(test_not_for_ever), OUTSIDE(test_places), OUTSIDE(test_throttled),
	OUTSIDE(test_second_factor), OUTSIDE(test_guesses_count), OUTSIDE(test_ends_with_it), OUTSIDE(test_token_forgotten),
	OUTSIDE(test_secret_for_the_token), OUTSIDE(test_names_nobody), OUTSIDE(test_policy), OUTSIDE(test_changed_meanwhile),
	OUTSIDE(test_nothing_to_ask), OUTSIDE(test_forms), OUTSIDE(test_through_whose_hands), OUTSIDE(test_status),
	OUTSIDE(test_proves_anew), OUTSIDE(test_anchors), OUTSIDE(test_without_memory))

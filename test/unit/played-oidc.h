/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The organization's OpenID Connect provider, played: it answers rightly, and then wrongly in one thing after another. Each thing that may be wrong in
 * a token is a row of src/formats/test-oidc.c.
 */
#ifndef TW_TEST_UNIT_PLAYED_OIDC_H
#define TW_TEST_UNIT_PLAYED_OIDC_H
#include "anchors.h"
#include "lacking.h"
#include "logins.h"
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

static inline void say(const char *text)
{
	fetched_answers(TW_FETCH_NO_FAILURE, 200);
	(void)snprintf(answer, sizeof answer, "%s", text);
	fetched.answer.body = tw_slice_of(answer);
}

static inline void say_places(void)
{
	char text[1024];

	asked_places++;
	(void)snprintf(text, sizeof text,
		"{\"issuer\":\"%s\",\"authorization_endpoint\":\"https://login.example/login\",\"token_endpoint\":\"https://login.example/token\","
		"\"jwks_uri\":\"https://login.example/keys\"}",
		idp.issuer ? idp.issuer : ISSUER);
	say(text);
}

static inline void say_keys(void)
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

static inline void add_part(struct tw_buf *b, const char *text)
{
	CHECK_OK(tw_buf_base64url(b, text, strlen(text)));
}

static inline void say_token(void)
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

static inline void play(void)
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

static inline void job(void)
{
	CHECK_OK(tw_access_job_oidc(&device()->context));
}

static inline int64_t due(void)
{
	return tw_access_oidc_due_ms(&device()->context);
}

/* Until there is an answer, or nothing that the provider could do for one. */
static inline int serve(void)
{
	for (int i = 0; i < 10 && !tw_unit_later(w.unit) && due() == 0; i++) {
		job();
		if (fetched.running && !fetched.over)
			play();
	}
	return tw_unit_later(w.unit);
}

static inline void take_parameter(const char *location, const char *name, char ret[TW_OIDC_WORD + 1])
{
	const char *at = strstr(location, name);

	CHECK(at);
	(void)snprintf(ret, TW_OIDC_WORD + 1, "%s", at + strlen(name));
	CHECK_INT(strlen(ret), TW_OIDC_WORD);
}

static inline int ask_begin(void)
{
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, "{\"outside\":true}");
}

static inline int take_begun(int status)
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

static inline int begin(void)
{
	int status = ask_begin();

	return take_begun(status ? status : serve());
}

static inline int ask_finish(const char *with, const char *back, const char *more)
{
	char body[512];

	(void)snprintf(body, sizeof body, "{\"login\":\"%s\",\"state\":\"%s\",\"answer\":\"code of the provider\"%s}", with, back, more);
	return tw_unit_request_as(w.unit, NULL, "POST", LOGINS, body);
}

static inline int finish(void)
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

static inline int come(void)
{
	int status = begin();

	return status == 200 ? finish() : status;
}

static inline void name_provider(const char *issuer, const char *more, int want)
{
	char body[6000];

	(void)snprintf(body, sizeof body,
		"{\"issuer\":\"%s\",\"client\":\"device-7\",\"address\":\"https://device.example\",\"name\":\"Example Works\",\"anchors\":\"%s\"%s}",
		issuer, anchors, more);
	CHECK_INT(ask("PUT", OIDC, body), want);
}

static inline void bind_to(const char *target, const char *subject, int want)
{
	char body[400];

	(void)snprintf(body, sizeof body, "{\"subject\":\"%s\"}", subject);
	CHECK_INT(ask("PUT", target, body), want);
}

/* Long enough for whoever failed to be asked for nothing. */
static inline void pass_ms(int64_t ms)
{
	world_at(&w, tw_time_wall_ms(&device()->time) + ms, tw_time_boot_ms(&device()->time) + ms);
}

static inline int set_up(void **unused)
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

static inline int tear_down_all(void **unused)
{
	key = tw_key_free(key);
	other = tw_key_free(other);
	return tear_down(unused);
}

#define OUTSIDE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down_all)
#endif

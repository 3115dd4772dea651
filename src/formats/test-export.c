/* SPDX-License-Identifier: Apache-2.0 */
/* @nist LA.RSM.8: what a device shares opens for its recipient, is the device's, and cannot be changed or passed on as another's. */
#include "formats/export.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/test-maker.h"

static tw_key *own, *other_key;
static tw_cert *recipient, *other; /* other: of a unit, with another name */
static struct tw_export made;

static int set_up(void **state)
{
	const struct tw_cert_want want = { .common_name = "R", .not_before_ms = LONG_AGO };
	make_maker();
	CHECK_OK(tw_key_generate(sys, &own));
	CHECK_OK(tw_key_generate(sys, &other_key));
	CHECK_OK(tw_cert_make(sys, &want, own, NULL, own, &recipient));
	other = make_cert(ID "9");
	made = (struct tw_export){
		.identifier = ID, .recipient = "insurer", .data = "telemetry", .by = "a7", .made_ms = NOW, .time_trusted = true
	};
	return 0;
}

static int tear_down(void **state)
{
	recipient = tw_cert_free(recipient);
	other = tw_cert_free(other);
	own = tw_key_free(own);
	other_key = tw_key_free(other_key);
	maker_done();
	return 0;
}

static void seal(const tw_cert *device, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *content = json_pack("{s:[i, s]}", "events", 1, "two \"quoted\"");
	const struct tw_export_parties parties = { device, &signer, recipient };
	tw_buf_init(ret, sys, TW_JWE_MAX);
	CHECK_OK(tw_export_seal(sys, &made, content, &parties, ret));
}

static tw_err open_for(const tw_key *key_of, const tw_cert *anchor, int64_t now, struct tw_slice text)
{
	const struct tw_export_expect expect = { .own = key_of, .anchor = anchor, .now_ms = now };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e = { .made_ms = -1 };
	tw_err failed = tw_export_open(sys, text, &expect, &e, &content);
	CHECK(tw_failed(failed) == (content == NULL) && tw_failed(failed) == (e.made_ms == -1));
	if (!tw_failed(failed)) {
		CHECK_TEXT(e.identifier, ID);
		CHECK_TEXT(e.recipient, "insurer");
		CHECK_TEXT(e.data, "telemetry");
		CHECK_TEXT(e.by, "a7");
		CHECK(e.made_ms == NOW && e.time_trusted);
		CHECK_TEXT(json_string_value(json_array_get(json_object_get(content, "events"), 1)), "two \"quoted\"");
	}
	return failed;
}

static void test_opens_for_its_recipient(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	seal(cert, &b);
	CHECK_OK(open_for(own, ca, NOW, tw_buf_slice(&b)));
	CHECK_ERR(open_for(other_key, ca, NOW, tw_buf_slice(&b)), UNTRUSTED);
	CHECK_ERR(open_for(own, recipient, NOW, tw_buf_slice(&b)), UNTRUSTED); /* another maker's */
	CHECK_ERR(open_for(own, ca, LONG_AGO - 1000, tw_buf_slice(&b)), UNTRUSTED);
	CHECK_ERR(open_for(own, ca, NOW, TW_SLICE("x")), SYNTAX);
}

/* The certificate of one unit under a document that names another. */
static void test_of_the_unit_that_it_names(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	seal(other, &b);
	CHECK_ERR(open_for(own, ca, NOW, tw_buf_slice(&b)), UNTRUSTED);
}

/* A claim of an export, set to something else; NULL: left out. */
struct turn {
	const char *key;
	json_t *value;
	enum tw_code want;
};

static json_t *claims_of(const char *content)
{
	char digest[65], name[65];
	uint8_t bytes[32];
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	tw_buf_init(&hex, sys, 64);
	CHECK_OK(tw_sha256(content, strlen(content), bytes));
	CHECK_OK(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(digest, sizeof digest, "%s", tw_buf_cstr(&hex));
	tw_buf_clear(&hex);
	CHECK_OK(tw_key_fingerprint(own, bytes));
	CHECK_OK(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(name, sizeof name, "%s", tw_buf_cstr(&hex));
	return json_pack("{s:s, s:s, s:s, s:I, s:b, s:s, s:s, s:s, s:s}", "eat_profile", "urn:thingward:export:1", "sub", ID, "aud",
		name, "iat", (json_int_t)(NOW / 1000), "thingward_time_trusted", 1, "export_recipient", "insurer", "export_data",
		"telemetry", "export_by", "a7", "export_sha256", digest);
}

/* Rightly signed and sealed: only what it says is wrong. */
static tw_err open_built(const char *typ, json_t *claims, const char *content, const char *more)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 }, plain = { 0 }, text = { 0 };
	tw_buf_init(&jws, sys, TW_JWS_MAX);
	tw_buf_init(&plain, sys, TW_JWE_MAX);
	tw_buf_init(&text, sys, TW_JWE_MAX);
	CHECK_OK(tw_jws_sign(sys, typ, cert, claims, &signer, &jws));
	CHECK_OK(tw_buf_text(&plain, "{\"content\":"));
	CHECK_OK(tw_buf_json_string(&plain, tw_slice_of(content)));
	CHECK_OK(tw_buf_format(&plain, ",\"signature\":%s%s}", tw_buf_cstr(&jws), more));
	CHECK_OK(tw_jwe_seal(sys, TW_EXPORT_CTY, own, tw_buf_slice(&plain), &text));
	return open_for(own, ca, NOW, tw_buf_slice(&text));
}

#define CONTENT "{\"events\":[1,\"two \\\"quoted\\\"\"]}"

static void test_what_it_says(void **state)
{
	static const char other_digest[] = "0000000000000000000000000000000000000000000000000000000000000000";
	const struct turn turns[] = {
		{ "eat_profile", json_string("urn:thingward:export:2"), TW_CODE_SYNTAX },
		{ "aud", json_string(other_digest), TW_CODE_UNTRUSTED },
		{ "export_sha256", json_string(other_digest), TW_CODE_UNTRUSTED },
		{ "sub", json_string(ID "8"), TW_CODE_UNTRUSTED },
		{ "export_recipient", json_string("a\nb"), TW_CODE_SYNTAX },
		{ "export_data", json_string("a\nb"), TW_CODE_SYNTAX },
		{ "export_by", json_string("a\nb"), TW_CODE_SYNTAX },
		{ "export_by", json_string(""), TW_CODE_SYNTAX },
		{ "iat", json_integer(-1), TW_CODE_SYNTAX },
		{ "more", json_integer(1), TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(turns); i++) {
		TW_CLEANUP(tw_jsonp) json_t *claims = claims_of(CONTENT);
		CHECK_OK(tw_json_set(claims, turns[i].key, turns[i].value));
		tw_err e = open_built(TW_JWS_EXPORT, claims, CONTENT, "");
		if (e.code != turns[i].want)
			fail_msg("%s: %d", turns[i].key, (int)e.code);
	}
}

static void test_forms(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = claims_of(CONTENT), *torn = claims_of("{\"events\"");
	CHECK_OK(open_built(TW_JWS_EXPORT, claims, CONTENT, ""));
	CHECK_ERR(open_built(TW_JWS_STATEMENT, claims, CONTENT, ""), SYNTAX);
	CHECK_ERR(open_built(TW_JWS_EXPORT, claims, CONTENT, ",\"more\":1"), SYNTAX);
	CHECK_ERR(open_built(TW_JWS_EXPORT, claims, CONTENT " ", ""), UNTRUSTED);
	CHECK_ERR(open_built(TW_JWS_EXPORT, torn, "{\"events\"", ""), SYNTAX);
}

/* As much as may be shared, in the form that grows most. */
static void test_the_most(void **state)
{
	static char text[TW_EXPORT_CONTENT_MAX];
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, too_much = { 0 };
	const struct tw_export_parties parties = { cert, &signer, recipient };
	const struct tw_export_expect expect = { .own = own, .anchor = ca, .now_ms = NOW };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e;
	memset(text, '"', sizeof text - 1);
	TW_CLEANUP(tw_jsonp)
	json_t *full = json_pack("[s%]", text, (size_t)(TW_EXPORT_CONTENT_MAX / 2 - 2)), *over = json_pack("[s]", text);
	tw_buf_init(&b, sys, TW_JWE_MAX);
	tw_buf_init(&too_much, sys, TW_JWE_MAX);
	CHECK_OK(tw_export_seal(sys, &made, full, &parties, &b));
	CHECK_OK(tw_export_open(sys, tw_buf_slice(&b), &expect, &e, &content));
	CHECK(json_equal(content, full));
	CHECK_ERR(tw_export_seal(sys, &made, over, &parties, &too_much), LIMIT);
	CHECK_INT(too_much.size, 0);
}

static tw_err round_trip(const struct tw_sys *s, void *user)
{
	const struct tw_export_parties parties = { cert, &signer, recipient };
	const struct tw_export_expect expect = { .own = own, .anchor = ca, .now_ms = NOW };
	TW_CLEANUP(tw_jsonp) json_t *in = json_object(), *out = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_export e;
	tw_buf_init(&b, s, TW_JWE_MAX);
	TW_TRY(tw_json_set(in, "a", json_integer(1)));
	TW_TRY(tw_export_seal(s, &made, in, &parties, &b));
	return tw_export_open(s, tw_buf_slice(&b), &expect, &e, &out);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(round_trip, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_opens_for_its_recipient), TEST(test_of_the_unit_that_it_names), TEST(test_what_it_says), TEST(test_forms),
	TEST(test_the_most), TEST(test_out_of_memory))

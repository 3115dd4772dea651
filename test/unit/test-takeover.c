/* SPDX-License-Identifier: Apache-2.0 */
/* How somebody comes to own the device, and stops: what a proof has to hold, challenges, browsers that wait, recovery. */
#include "one-world.h"

#include "base/text.h"
#include "crypto/cert.h"
#include "device/logical-access/state.h"
#include "device/logical-access/takeover.h"
#include "device/rows-logical-access.h"
#include "unit-files.h"

#include <errno.h>
#include <string.h>

#define CALLS_MAX 500 /* for memory, of one take-over */

/* --- Challenges --- */

static void challenge_for(const char *source, uint8_t ret[32])
{
	struct tw_request rq = { .subject.door = TW_DOOR_HTTPS };
	struct tw_reply rp = { .status = 200 };
	size_t size;

	(void)snprintf(rq.subject.source, sizeof rq.subject.source, "%s", source);
	CHECK_OK(tw_access_read(&device()->context, &rq, &rp));
	CHECK_OK(tw_parse_base64url(tw_slice_of(tw_json_text(rp.body, "challenge")), 32, ret, &size));
	CHECK_INT(size, 32);
	CHECK_INT(tw_json_int(rp.body, "expires_in_s"), 120);
	tw_reply_done(&rp);
}

/* What an attempt says; every field as a client would send it, unless it is given. */
struct attempt {
	const uint8_t *challenge;
	const char *name, *challenge_text, *nonce_text, *proof_text;
	uint8_t wrong; /* flips a bit of: 1 the listener key that the client saw, 2 the owner's key, 4 the nonce */
	bool from_device, browser;
};

static void put_base64(json_t *to, const char *key, const uint8_t *bytes, const char *instead)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text;

	tw_buf_init(&text, tw_sys_real(), 64);
	CHECK_OK(tw_buf_base64url(&text, bytes, 32));
	CHECK_OK(tw_json_set(to, key, json_string(instead ? instead : tw_buf_cstr(&text))));
}

static json_t *input_of(const struct attempt *a)
{
	struct tw_takeover t = { .from_device = a->from_device, .client_nonce = { 7 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], proof[32];
	json_t *input = json_object();

	memcpy(t.challenge, a->challenge, 32);
	memcpy(t.listener, device()->listener_key, 32);
	t.listener[31] ^= a->wrong & 1;
	t.owner[31] ^= (a->wrong & 2) >> 1;
	t.client_nonce[31] ^= (a->wrong & 4) >> 2;
	tw_takeover_message(&t, message);
	CHECK_OK(tw_keys_client_secret_mac(device()->context.keys, (struct tw_slice){ (const char *)message, sizeof message }, proof));
	t.client_nonce[31] ^= (a->wrong & 4) >> 2;
	put_base64(input, "challenge", t.challenge, a->challenge_text);
	put_base64(input, "client_nonce", t.client_nonce, a->nonce_text);
	put_base64(input, "proof", proof, a->proof_text);
	CHECK_OK(tw_json_set(input, "owner_name", json_string(a->name ? a->name : "alice")));
	return input;
}

/* The rule that refuses it, "" when it is right. */
static const char *judged(const struct attempt *a)
{
	static char rule[64];
	TW_CLEANUP(tw_jsonp) json_t *input = input_of(a);
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.1" }, .input = input };
	const uint8_t key[32] = { 0 };
	struct tw_reply rp = { .status = 200 };
	struct tw_takeover t;

	CHECK_OK(tw_takeover_check(device(), &rq, a->browser ? NULL : key, &t, &rp));
	(void)snprintf(rule, sizeof rule, "%s", rp.rule);
	tw_reply_done(&rp);
	return rule;
}

static bool is_open(const uint8_t challenge[32])
{
	const char *rule = judged(&(struct attempt){ .challenge = challenge, .wrong = 1 });

	CHECK(strcmp(rule, "commissioning.proof") == 0 || strcmp(rule, "commissioning.challenge") == 0);
	return strcmp(rule, "commissioning.proof") == 0;
}

static void test_one_source_crowds_out_only_itself(void **state)
{
	uint8_t own[TW_CHALLENGES_PER_SOURCE + 1][32], other[32];

	challenge_for("2001:db8::1", other);
	for (size_t i = 0; i < TW_COUNT(own); i++) {
		later((int64_t)i + 1);
		challenge_for(i % 2 ? "2001:db8:0:1::1" : "2001:db8:0:1::2", own[i]); /* one network */
	}
	CHECK(!is_open(own[0]));
	CHECK(is_open(other));
	for (size_t i = 1; i < TW_COUNT(own); i++)
		CHECK(is_open(own[i]));
}

/* It is the oldest of them that goes, wherever it lies. */
static void test_the_oldest_of_a_source_goes(void **state)
{
	uint8_t own[TW_CHALLENGES_PER_SOURCE + 2][32];

	for (size_t i = 0; i < TW_CHALLENGES_PER_SOURCE; i++) {
		later((int64_t)i);
		challenge_for("192.0.2.1", own[i]);
	}
	CHECK(is_open(own[0])); /* and used by that: its place is the first that is free */
	for (size_t i = TW_CHALLENGES_PER_SOURCE; i < TW_COUNT(own); i++) {
		later((int64_t)i);
		challenge_for("192.0.2.1", own[i]);
	}
	CHECK(!is_open(own[1]));
	for (size_t i = 2; i < TW_COUNT(own); i++)
		CHECK(is_open(own[i]));
}

static void sixteen(uint8_t ret[TW_CHALLENGES_MAX][32])
{
	char source[32];

	for (int i = 0; i < TW_CHALLENGES_MAX; i++) {
		later(i);
		(void)snprintf(source, sizeof source, "192.0.2.%d", i + 1);
		challenge_for(source, ret[i]);
	}
}

static void test_many_sources_crowd_out_the_oldest(void **state)
{
	uint8_t all[TW_CHALLENGES_MAX][32], one[32];

	sixteen(all);
	challenge_for("192.0.2.99", one);
	CHECK(is_open(one));
	for (size_t i = 0; i < TW_COUNT(all); i++)
		CHECK(is_open(all[i]) == (i != 0));
}

static void test_a_used_place_is_taken_first(void **state)
{
	uint8_t all[TW_CHALLENGES_MAX][32], one[32];

	sixteen(all);
	CHECK(is_open(all[7]));
	challenge_for("192.0.2.99", one);
	for (size_t i = 0; i < TW_COUNT(all); i++)
		CHECK(is_open(all[i]) == (i != 7));
	CHECK(is_open(one));
}

static void test_a_challenge_is_good_once_and_for_two_minutes(void **state)
{
	uint8_t challenge[2][32];

	challenge_for("192.0.2.1", challenge[0]);
	challenge_for("192.0.2.1", challenge[1]);
	CHECK(memcmp(challenge[0], challenge[1], 32) != 0);
	CHECK_TEXT(judged(&(struct attempt){ .challenge = challenge[0] }), "");
	CHECK_TEXT(judged(&(struct attempt){ .challenge = challenge[0] }), "commissioning.challenge");
	later(2 * MINUTE);
	CHECK(!is_open(challenge[1]));
	CHECK(!is_open((const uint8_t[32]){ 0 })); /* what an empty place holds */
	challenge_for("192.0.2.1", challenge[0]);
	later(4 * MINUTE - 1);
	CHECK(is_open(challenge[0]));
}

static void test_who_is_told_a_challenge(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_LOCAL, .source = "pid 1" } };
	struct tw_reply rp = { .status = 200 };

	CHECK_OK(tw_access_read(&device()->context, &rq, &rp)); /* there is no listener key to bind it to */
	CHECK(json_is_false(tw_json_get(rp.body, "owned")));
	CHECK_INT(json_array_size(tw_json_get(rp.body, "methods")), 2);
	CHECK(!tw_json_get(rp.body, "challenge"));
	tw_reply_done(&rp);
	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	rq.subject.door = TW_DOOR_HTTPS;
	CHECK_OK(tw_access_read(&device()->context, &rq, &rp));
	CHECK(json_is_true(tw_json_get(rp.body, "owned")));
	CHECK_INT(json_array_size(tw_json_get(rp.body, "methods")), 0);
	CHECK(!tw_json_get(rp.body, "challenge") && !tw_json_get(rp.body, "listener"));
	tw_reply_done(&rp);
}

/* --- The proof --- */

#define X10 "xxxxxxxxxx"
#define BYTES31 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BYTES33 BYTES31 "AA"

static void test_every_part_of_a_proof_counts(void **state)
{
	static const struct {
		struct attempt a;
		const char *rule;
	} rows[] = {
		{ { .name = "alice" }, "" },
		{ { .name = X10 X10 X10 X10 "12345678" }, "" },
		{ { .name = "j\xc3\xbcrg von x" }, "" },
		{ { .browser = true }, "" },
		{ { .wrong = 1 }, "commissioning.proof" }, /* somebody stands in the middle */
		{ { .wrong = 2 }, "commissioning.proof" }, /* another key is to own */
		{ { .wrong = 4 }, "commissioning.proof" },
		{ { .from_device = true }, "commissioning.proof" }, /* what the device said, said back to it */
		{ { .proof_text = BYTES31 }, "commissioning.form" },
		{ { .proof_text = BYTES33 }, "commissioning.form" },
		{ { .proof_text = "" }, "commissioning.form" },
		{ { .proof_text = "?" BYTES31 }, "commissioning.form" },
		{ { .nonce_text = BYTES31 }, "commissioning.form" },
		{ { .nonce_text = "?" BYTES31 }, "commissioning.form" },
		{ { .challenge_text = BYTES31 }, "commissioning.form" },
		{ { .challenge_text = "?" BYTES31 }, "commissioning.form" },
		{ { .name = "" }, "commissioning.name" },
		{ { .name = " alice" }, "commissioning.name" },
		{ { .name = "alice " }, "commissioning.name" },
		{ { .name = " " }, "commissioning.name" },
		{ { .name = "a\nb" }, "commissioning.name" },
		{ { .name = X10 X10 X10 X10 "123456789" }, "commissioning.name" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct attempt a = rows[i].a;
		uint8_t challenge[32];
		challenge_for("192.0.2.1", challenge);
		a.challenge = challenge;
		const char *rule = judged(&a);
		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu: got '%s', want '%s'", i, rule, rows[i].rule);
	}
}

static void read_certificate(char ret[8192])
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/config/%s", w.directory, TW_UNIT_OWNER_CERT);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	ret[fread(ret, 1, 8191, f)] = '\0';
	(void)fclose(f);
}

/* Whoever shows somebody else's certificate proves nothing with it. The challenge is not used up: nothing was tried yet. */
static void test_the_certificate_must_be_of_this_connection(void **state)
{
	char text[8192] = "";
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "owner_name", "");
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS }, .has_client_key = true, .input = input };
	struct tw_reply rp = { .status = 200 };
	struct tw_context *c = &device()->context;

	read_certificate(text);
	CHECK_OK(tw_cert_load(tw_sys_real(), tw_slice_of(text), &cert));
	CHECK_OK(tw_cert_fingerprint(cert, rq.client_key));
	CHECK_OK(tw_json_set(input, "certificate", json_string(text)));
	CHECK_OK(tw_access_take(c, &rq, &rp));
	CHECK_TEXT(rp.rule, "commissioning.name"); /* the key was right, and the next in order is wrong */
	rq.has_client_key = false;
	CHECK_OK(tw_access_take(c, &rq, &rp));
	CHECK_TEXT(rp.rule, "commissioning.client-key");
	rq.has_client_key = true;
	rq.client_key[31] ^= 1;
	CHECK_OK(tw_access_take(c, &rq, &rp));
	CHECK_TEXT(rp.rule, "commissioning.client-key");
	CHECK_OK(tw_json_set(input, "certificate", json_string("-----BEGIN CERTIFICATE-----")));
	CHECK_OK(tw_access_take(c, &rq, &rp));
	CHECK_TEXT(rp.rule, "commissioning.certificate");
	CHECK(!tw_unit_owned(w.unit));
}

/* The answer proves that the device knows the label too, and the new listener key is in it. */
static void test_the_answer_to_a_take_over(void **state)
{
	struct tw_takeover t = { .from_device = true, .client_nonce = { 1, 2, 3 } };
	uint8_t message[TW_TAKEOVER_MESSAGE], proof[32], given[33];
	struct tw_unit_offer o;
	char text[100], hex[65];
	size_t size;

	CHECK_INT(tw_unit_offer(w.unit, &o), 200);
	CHECK_OK(tw_parse_base64url(tw_slice_of(o.challenge), 32, t.challenge, &size));
	memcpy(t.listener, device()->listener_key, 32);
	CHECK_INT(tw_unit_take(w.unit, &o, "alice"), 201);
	memcpy(t.owner, device()->access->owners.of[0].key, 32);
	world_text(&w, "proof", text, sizeof text);
	CHECK_OK(tw_parse_base64url(tw_slice_of(text), 33, given, &size));
	CHECK_INT(size, 32);
	tw_takeover_message(&t, message);
	CHECK_OK(tw_keys_client_secret_mac(device()->context.keys, (struct tw_slice){ (const char *)message, sizeof message }, proof));
	CHECK_BYTES(given, proof, 32);
	world_text(&w, "owner", text, sizeof text);
	CHECK_TEXT(text, "alice");
	world_text(&w, "listener", hex, sizeof hex);
	CHECK_OK(tw_parse_hex(tw_slice_of(hex), given, 32));
	CHECK_BYTES(given, device()->listener_key, 32);
	CHECK(memcmp(given, t.listener, 32) != 0); /* whoever held the device before knows the old one */
	CHECK(world_log_says(&w, "\"how\":\"secret\"") && world_log_says(&w, "owner:alice"));
	CHECK_INT(tw_unit_take(w.unit, &o, "alice"), 403);
}

/* --- Browsers --- */

static void wait_as(struct tw_unit_offer *o, const char *name)
{
	CHECK_INT(tw_unit_offer(w.unit, o), 200);
	CHECK_INT(tw_unit_browser(w.unit, o, name), 202);
}

static void test_the_oldest_browser_waits_no_longer(void **state)
{
	struct tw_unit_offer o[TW_BROWSER_MAX + 1];
	char name[8];

	for (size_t i = 0; i < TW_COUNT(o); i++) {
		later((int64_t)i);
		(void)snprintf(name, sizeof name, "b%zu", i);
		wait_as(&o[i], name);
		CHECK(strstr(device()->console_notice, "192.0.2.7 wants to own this device as b"));
		CHECK(strstr(device()->console_notice, "confirm"));
	}
	CHECK_INT(tw_unit_claim(w.unit, &o[0]), 404);
	for (size_t i = 1; i < TW_COUNT(o); i++)
		CHECK_INT(tw_unit_claim(w.unit, &o[i]), 202);
	CHECK_INT(tw_unit_confirm(w.unit, &o[2]), 200);
	CHECK(strstr(tw_unit_body(w.unit), "\"b2\""));
	CHECK_INT(tw_unit_claim(w.unit, &o[1]), 202); /* another's confirmation is not his */
	CHECK_INT(tw_unit_claim(w.unit, &o[2]), 201);
	CHECK_TEXT(device()->access->owners.of[0].name, "b2");
	CHECK_INT(tw_unit_claim(w.unit, &o[1]), 404);
}

static int claim_as(const char *request, const char *nonce)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"request\":\"%s\",\"client_nonce\":\"%s\"}", request, nonce);
	return tw_unit_request_as(w.unit, NULL, "POST", "/api/v1/commissioning/claim", body);
}

#define NONCE "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"

/* The request alone could be read over somebody's shoulder: only the browser that made it knows its nonce. */
static void test_only_its_browser_collects(void **state)
{
	struct tw_unit_offer o;
	char other[24];

	wait_as(&o, "alice");
	(void)snprintf(other, sizeof other, "%s", o.request);
	other[0] = other[0] == 'A' ? 'B' : 'A';
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	CHECK_INT(claim_as(o.request, OTHER), 404);
	CHECK_INT(claim_as(other, NONCE), 404);
	CHECK_INT(claim_as("AAAAAAAAAAAAAAAAAAAAAA", NONCE), 404);
	CHECK_INT(claim_as("????????????????????????", NONCE), 400);
	CHECK_INT(claim_as("??????????????????????", NONCE), 404);
	CHECK_INT(claim_as(o.request, "?QIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 404);
	CHECK(!tw_unit_owned(w.unit));
	CHECK_INT(claim_as(o.request, NONCE), 201);
	CHECK(world_reads(&w, NULL) == 401 && tw_unit_owned(w.unit));
}

/* The answer may be lost: the same request is answered again, each time in place of the one before, until a session is used. */
static void test_a_lost_answer_is_given_again(void **state)
{
	char first[64], second[64];
	struct tw_unit_offer o;
	uint8_t before[32];

	wait_as(&o, "alice");
	memcpy(before, device()->listener_key, 32);
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 201);
	world_text(&w, "token", first, sizeof first);
	CHECK(memcmp(before, device()->listener_key, 32) != 0);
	memcpy(before, device()->listener_key, 32);
	later(5 * MINUTE - 1); /* five more minutes from the first answer on */
	CHECK_INT(tw_unit_claim(w.unit, &o), 201);
	world_text(&w, "token", second, sizeof second);
	CHECK(strcmp(first, second) != 0);
	CHECK_BYTES(device()->listener_key, before, 32);
	CHECK_INT(world_reads(&w, first), 401);
	CHECK_INT(world_reads(&w, second), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 404);
	CHECK_INT(tw_unit_request_as(w.unit, second, "GET", "/api/v1/log?limit=100", NULL), 200);
	static const char *const events[] = { "ownership.claiming", "ownership.claimed-again", "\"how\":\"secret+console\"" };
	for (size_t i = 0; i < TW_COUNT(events); i++)
		CHECK(strstr(tw_unit_body(w.unit), events[i]));
	world_start(&w); /* his session was used: he stays */
	CHECK(tw_unit_owned(w.unit));
	CHECK_INT(world_reads(&w, second), 200);
}

/* Nobody could ever come in as him any more. */
static void test_an_owner_nobody_has_seen_ends_with_a_start(void **state)
{
	struct tw_unit_offer o;

	wait_as(&o, "alice");
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 201);
	CHECK(tw_unit_owned(w.unit));
	world_start(&w);
	CHECK(!tw_unit_owned(w.unit));
	CHECK_INT(tw_unit_takeover(w.unit, "bob"), 201);
	CHECK(world_log_says(&w, "ownership.uncollected"));
	world_start(&w);
	CHECK(tw_unit_owned(w.unit));
}

/* A browser that is answered by another's session is not done with. */
static void test_other_sessions_leave_the_request_open(void **state)
{
	struct tw_unit_offer o;
	char token[TW_TOKEN_TEXT + 1];

	wait_as(&o, "alice");
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 201);
	CHECK_OK(world_opens(&w, token));
	CHECK_INT(world_reads(&w, token), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 201);
}

static void test_a_browser_waits_five_minutes(void **state)
{
	struct tw_unit_offer o[2];

	wait_as(&o[0], "a");
	wait_as(&o[1], "b");
	later(5 * MINUTE - 1);
	CHECK_INT(tw_unit_claim(w.unit, &o[1]), 202);
	CHECK_INT(tw_unit_confirm(w.unit, &o[1]), 200);
	later(5 * MINUTE);
	CHECK_INT(tw_unit_confirm(w.unit, &o[0]), 404);
	CHECK_INT(tw_unit_claim(w.unit, &o[1]), 404);
	CHECK(!tw_unit_owned(w.unit));
}

/* Nobody waits, and nobody is announced at the console, on a wrong proof. */
static void test_a_browser_without_proof(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	struct tw_reply rp = { .status = 200 };
	uint8_t challenge[32];

	challenge_for("192.0.2.1", challenge);
	input = input_of(&(struct attempt){ .challenge = challenge, .browser = true, .wrong = 1 });
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.1" }, .input = input };
	CHECK_OK(tw_access_browser(&device()->context, &rq, &rp));
	CHECK_TEXT(rp.rule, "commissioning.proof");
	CHECK(!rp.body);
	CHECK_TEXT(device()->console_notice, "");
	for (size_t i = 0; i < TW_BROWSER_MAX; i++)
		CHECK_INT(device()->access->browsers[i].expires_ms, 0);
}

static int random_left; /* so often there is some, then once none */

static int lost_random(const struct tw_sys *s, void *buffer, size_t size)
{
	memset(buffer, random_left, size);
	return random_left-- != 0 ? 0 : -1;
}

static void test_without_randomness(void **state)
{
	struct tw_device *d = device();
	const struct tw_sys *own = d->context.sys;
	struct tw_sys sys = *own;
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.1" } };
	struct tw_reply rp = { .status = 200 };
	struct tw_unit_offer o;

	CHECK_INT(tw_unit_offer(w.unit, &o), 200);
	sys.random = lost_random;
	d->context.sys = &sys;
	random_left = 0;
	CHECK_ERR(tw_access_read(&d->context, &rq, &rp), IO); /* no challenge that could be guessed */
	tw_reply_done(&rp);
	for (int drawn = 0; drawn < 2; drawn++) { /* for the code, and for the request */
		d->context.sys = own;
		CHECK_INT(tw_unit_offer(w.unit, &o), 200);
		d->context.sys = &sys;
		random_left = drawn;
		CHECK_INT(tw_unit_browser(w.unit, &o, "alice"), 500);
	}
	d->context.sys = own;
	CHECK_TEXT(d->console_notice, "");
}

static void test_codes_are_guessed_five_times_a_minute(void **state)
{
	struct tw_unit_offer o, wrong;

	wait_as(&o, "alice");
	wrong = o;
	wrong.code[5] = wrong.code[5] == '1' ? '2' : '1';
	for (int i = 0; i < 5; i++)
		CHECK_INT(tw_unit_confirm(w.unit, &wrong), 404);
	CHECK_INT(tw_unit_confirm(w.unit, &o), 429);
	CHECK_INT(tw_unit_claim(w.unit, &o), 202);
	later(MINUTE);
	CHECK_INT(tw_unit_confirm(w.unit, &o), 200);
	CHECK_INT(tw_unit_confirm(w.unit, &(struct tw_unit_offer){ .code = "" }), 400);
}

/* What was typed is the code, and nothing behind it. */
static void test_a_code_is_six_digits(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	struct tw_reply rp = { .status = 200 };
	struct tw_unit_offer o;
	char typed[16];

	wait_as(&o, "alice");
	(void)snprintf(typed, sizeof typed, "%.6s0", o.code);
	input = json_pack("{s:s}", "code", typed);
	const struct tw_request rq = { .subject = { .door = TW_DOOR_CONSOLE, .source = "console" }, .input = input };
	CHECK_OK(tw_access_confirm(&device()->context, &rq, &rp));
	CHECK_TEXT(rp.rule, "commissioning.code");
	tw_reply_done(&rp);
	CHECK_INT(tw_unit_claim(w.unit, &o), 202);
}

#define ZEROS16 "AAAAAAAAAAAAAAAAAAAAAA"
#define ZEROS32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* Text that is no bytes is not taken for zeros, even where zeros would be right. */
static void test_zeros_have_to_be_said(void **state)
{
	device()->access->browsers[0] = (struct tw_browser){ .expires_ms = WORLD_BOOT + MINUTE, .code = "000000", .owner = "zero" };
	CHECK_INT(claim_as("?AAAAAAAAAAAAAAAAAAAAA", ZEROS32), 404);
	CHECK_INT(claim_as(ZEROS16, "?AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 404);
	CHECK_INT(claim_as(ZEROS16, ZEROS32), 202);
}

/* --- Without memory --- */

static bool failed_in_enrol(void *user, const struct tw_log_record *r)
{
	static const char place[] = "\"place\":\"enrol:";

	*(bool *)user |= memmem(r->body.at, r->body.size, place, strlen(place)) != NULL;
	return true;
}

/* When there is no memory for the answer there is no owner yet, who could not be told that he is. */
static void test_the_answer_is_made_before_the_owner(void **state)
{
	struct tw_unit_offer o;
	bool seen = false;
	tw_fake *f = tw_fake_new();

	for (long nth = 1; !seen && nth < CALLS_MAX; nth++) {
		CHECK_INT(tw_unit_offer(w.unit, &o), 200);
		tw_json_use(tw_fake_sys(f));
		tw_fake_fail(f, nth, ENOMEM, false);
		int status = tw_unit_take(w.unit, &o, "alice");
		tw_fake_fail(f, 0, 0, false);
		tw_json_use(tw_sys_real());
		CHECK_INT(status, 503);
		CHECK(!tw_unit_owned(w.unit));
		CHECK_OK(tw_audit_recent(device()->context.audit, 0, 3, failed_in_enrol, &seen));
	}
	CHECK(seen);
	tw_fake_free(f);
}

static void *(*real_alloc)(const struct tw_sys *s, size_t size);

static void *no_memory_once(const struct tw_sys *s, size_t size)
{
	((struct tw_sys *)(uintptr_t)s)->alloc = real_alloc;
	return NULL;
}

static void test_a_start_without_memory(void **state)
{
	struct tw_sys *sys = (struct tw_sys *)(uintptr_t)device()->context.sys;

	tw_access_stop(device());
	real_alloc = sys->alloc;
	sys->alloc = no_memory_once;
	CHECK_ERR(tw_access_start(device()), NOMEM);
	CHECK_OK(tw_access_start(device()));
}

static unsigned drawn;

/* The first two numbers are the same: two browsers never show one code. */
static int same_twice(const struct tw_sys *s, void *buffer, size_t size)
{
	uint32_t number = 41999999 + (drawn++ > 1);

	memset(buffer, (int)drawn, size);
	memcpy(buffer, &number, sizeof number);
	return 0;
}

static void draw_code(char ret[8])
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	struct tw_reply rp = { .status = 200 };
	uint8_t challenge[32];
	struct tw_sys sys = *device()->context.sys;
	const struct tw_sys *own = device()->context.sys;

	challenge_for("192.0.2.1", challenge);
	input = input_of(&(struct attempt){ .challenge = challenge, .browser = true });
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.1" }, .input = input };
	sys.random = same_twice;
	device()->context.sys = &sys;
	CHECK_OK(tw_access_browser(&device()->context, &rq, &rp));
	device()->context.sys = own;
	CHECK_INT(rp.status, 202);
	(void)snprintf(ret, 8, "%s", tw_json_text(rp.body, "code"));
	tw_reply_done(&rp);
}

static void test_two_browsers_never_show_one_code(void **state)
{
	char code[2][8];

	drawn = 0;
	draw_code(code[0]);
	CHECK_TEXT(code[0], "999999");
	drawn = 1;
	draw_code(code[1]);
	CHECK_TEXT(code[1], "000000");
}

/* --- Recovery --- */

/* What the person at the console was told is what the device knows. */
static void check_secret(const uint8_t told[16])
{
	char path[128];
	uint8_t known[17];

	(void)snprintf(path, sizeof path, "%s/keys/%s", w.directory, TW_KEYS_SECRET);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	CHECK_INT(fread(known, 1, sizeof known, f), 16);
	(void)fclose(f);
	CHECK_BYTES(told, known, 16);
}

static void test_recovery_ends_what_waits(void **state)
{
	uint8_t secret[16], challenge[32];
	struct tw_unit_offer o;

	wait_as(&o, "alice");
	challenge_for("192.0.2.1", challenge);
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	CHECK_INT(tw_unit_claim(w.unit, &o), 404);
	CHECK(!is_open(challenge));
}

static void test_recovery_leaves_nothing_of_the_owner(void **state)
{
	static const char setting[] = "/api/v1/settings/identification.remote-read";
	uint8_t secret[16], again[16], listener[32];
	char token[64], code[64], hex[80];

	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201);
	CHECK_INT(tw_unit_request(w.unit, "PUT", setting, "\"0\"", "{\"value\":\"off\"}"), 200);
	world_session(&w, token);
	world_code(&w, code);
	memcpy(listener, device()->listener_key, 32);
	CHECK_OK(tw_device_keep(device(), "owner.test", "his"));
	CHECK_INT(tw_unit_recover(w.unit, secret), 200);
	world_text(&w, "listener", hex, sizeof hex);
	CHECK(!tw_unit_owned(w.unit));
	check_secret(secret);
	CHECK(tw_setting_is(&device()->context, "identification.remote-read", "on")); /* at once */
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	tw_buf_init(&kept, tw_sys_real(), 100);
	CHECK_ERR(tw_device_kept(device(), "owner.test", &kept), NOTFOUND);
	CHECK(memcmp(listener, device()->listener_key, 32) != 0);
	CHECK_OK(tw_parse_hex(tw_slice_of(hex), listener, 32));
	CHECK_BYTES(listener, device()->listener_key, 32);
	world_start(&w);
	CHECK(!tw_unit_owned(w.unit));
	CHECK_INT(tw_unit_takeover(w.unit, "alice"), 201); /* the same name, and nothing of the former */
	CHECK_INT(world_reads(&w, token), 401);
	CHECK_INT(world_open(&w, code), 403);
	CHECK_INT(tw_unit_request(w.unit, "GET", setting, NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), "\"value\":\"on\"") && strstr(tw_unit_body(w.unit), "\"version\":0"));
	CHECK(world_log_says(&w, "\"fields\":{\"owners\":1,\"settings\":1}"));
	CHECK_INT(tw_unit_recover(w.unit, again), 200);
	CHECK(memcmp(secret, again, sizeof secret) != 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_unowned, tear_down)
CHECK_MAIN(TEST(test_one_source_crowds_out_only_itself), TEST(test_the_oldest_of_a_source_goes),
	TEST(test_many_sources_crowd_out_the_oldest), TEST(test_a_used_place_is_taken_first),
	TEST(test_a_challenge_is_good_once_and_for_two_minutes), TEST(test_who_is_told_a_challenge),
	TEST(test_every_part_of_a_proof_counts), TEST(test_the_certificate_must_be_of_this_connection),
	TEST(test_the_answer_to_a_take_over), TEST(test_the_oldest_browser_waits_no_longer), TEST(test_only_its_browser_collects),
	TEST(test_a_lost_answer_is_given_again), TEST(test_an_owner_nobody_has_seen_ends_with_a_start),
	TEST(test_other_sessions_leave_the_request_open), TEST(test_codes_are_guessed_five_times_a_minute),
	TEST(test_a_code_is_six_digits), TEST(test_zeros_have_to_be_said), TEST(test_the_answer_is_made_before_the_owner),
	TEST(test_a_start_without_memory), TEST(test_two_browsers_never_show_one_code), TEST(test_recovery_ends_what_waits),
	TEST(test_a_browser_waits_five_minutes), TEST(test_a_browser_without_proof), TEST(test_without_randomness),
	TEST(test_recovery_leaves_nothing_of_the_owner))

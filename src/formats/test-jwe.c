/* SPDX-License-Identifier: Apache-2.0 */
/* What was sealed for a key opens for it, and for no other; nothing of another form does, however rightly it was sealed. */
#include "formats/jwe.h"

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/agree.h"
#include "formats/test-maker.h"

#define CTY "t"

static tw_key *own, *once;
static char name[65], x[44], y[44]; /* of own, and of the key that is used once */

static void text_of(const void *data, size_t size, char *ret, bool hex)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, 256);
	CHECK_OK(hex ? tw_buf_hex(&b, data, size) : tw_buf_base64url(&b, data, size));
	memcpy(ret, tw_buf_cstr(&b), b.size + 1);
}

static int set_up(void **state)
{
	uint8_t point[TW_POINT_SIZE], fingerprint[32];
	make_maker();
	CHECK_OK(tw_key_generate(sys, &own));
	CHECK_OK(tw_key_generate(sys, &once));
	CHECK_OK(tw_key_point(once, point));
	CHECK_OK(tw_key_fingerprint(own, fingerprint));
	text_of(fingerprint, sizeof fingerprint, name, true);
	text_of(point + 1, 32, x, false);
	text_of(point + 33, 32, y, false);
	return 0;
}

static int tear_down(void **state)
{
	own = tw_key_free(own);
	once = tw_key_free(once);
	maker_done();
	return 0;
}

static tw_err open_text(const tw_key *k, struct tw_slice text)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
	tw_buf_init(&got, sys, TW_JWE_MAX);
	tw_err e = tw_jwe_open(sys, CTY, k, text, &got);
	CHECK_TEXT(tw_buf_cstr(&got), tw_failed(e) ? "" : "plain");
	return e;
}

static void seal(struct tw_buf *ret)
{
	tw_buf_init(ret, sys, TW_JWE_MAX);
	CHECK_OK(tw_jwe_seal(sys, CTY, own, TW_SLICE("plain"), ret));
}

static void test_for_its_key_alone(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf a = { 0 }, b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
	tw_buf_init(&got, sys, TW_JWE_MAX);
	seal(&a);
	seal(&b);
	CHECK_OK(open_text(own, tw_buf_slice(&a)));
	CHECK_OK(open_text(own, tw_buf_slice(&b)));
	CHECK(a.size != b.size || memcmp(a.data, b.data, a.size) != 0); /* a key of its own each time */
	CHECK_ERR(open_text(once, tw_buf_slice(&a)), UNTRUSTED);
	CHECK_ERR(tw_jwe_open(sys, "u", own, tw_buf_slice(&a), &got), SYNTAX);
	for (size_t i = 0; i < a.size; i++) {
		a.data[i] = (char)(a.data[i] ^ 1);
		if (!tw_failed(open_text(own, tw_buf_slice(&a))))
			fail_msg("byte %zu may be changed", i);
		a.data[i] = (char)(a.data[i] ^ 1);
		CHECK(tw_failed(open_text(own, (struct tw_slice){ a.data, i })));
	}
}

/* Rightly sealed under this header: only its form is wrong. */
static void build(const char *header, size_t nonce_size, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf encoded = { 0 }, sealed = { 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *key_of_both = NULL;
	tw_buf_init(&encoded, sys, 4096);
	tw_buf_init(&sealed, sys, 4096);
	tw_buf_init(ret, sys, 8192);
	CHECK_OK(tw_buf_base64url(&encoded, header, strlen(header)));
	CHECK_OK(tw_key_agree(once, own, &key_of_both));
	CHECK_OK(tw_aead_seal(key_of_both, tw_buf_slice(&encoded), TW_SLICE("plain"), &sealed));
	CHECK_OK(tw_buf_add(ret, encoded.data, encoded.size));
	CHECK_OK(tw_buf_text(ret, ".."));
	CHECK_OK(tw_buf_base64url(ret, sealed.data, nonce_size));
	CHECK_OK(tw_buf_text(ret, "."));
	CHECK_OK(tw_buf_base64url(ret, sealed.data + nonce_size, sealed.size - nonce_size - TW_AEAD_TAG));
	CHECK_OK(tw_buf_text(ret, "."));
	CHECK_OK(tw_buf_base64url(ret, sealed.data + sealed.size - TW_AEAD_TAG, TW_AEAD_TAG));
}

static void header_of(const char *alg, const char *enc, const char *epk, const char *kid, const char *more, char ret[1024])
{
	(void)snprintf(ret, 1024, "{\"alg\":\"%s\",\"cty\":\"" CTY "\",\"enc\":\"%s\",\"epk\":%s,\"kid\":\"%s\"%s}", alg, enc, epk,
		kid, more);
}

static void epk_of(const char *crv, const char *kty, const char *first, const char *second, const char *more, char ret[256])
{
	(void)snprintf(ret, 256, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", crv, kty, first, second, more);
}

static void check_header(const char *header, size_t nonce_size, enum tw_code want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	build(header, nonce_size, &b);
	tw_err e = open_text(own, tw_buf_slice(&b));
	if (e.code != want)
		fail_msg("%s: %d", header, (int)e.code);
}

static void test_headers(void **state)
{
	static const char other[] = "0000000000000000000000000000000000000000000000000000000000000000";
	char epk[256], header[1024];
	epk_of("P-256", "EC", x, y, "", epk);
	header_of("ECDH-ES", "A256GCM", epk, name, "", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_OK);
	check_header(header, TW_AEAD_NONCE - 1, TW_CODE_SYNTAX);
	header_of("ECDH-ES+A256KW", "A256GCM", epk, name, "", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_SYNTAX);
	header_of("ECDH-ES", "A128GCM", epk, name, "", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_SYNTAX);
	header_of("ECDH-ES", "A256GCM", epk, other, "", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_UNTRUSTED);
	header_of("ECDH-ES", "A256GCM", epk, "", "", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_SYNTAX);
	header_of("ECDH-ES", "A256GCM", epk, name, ",\"zip\":\"DEF\"", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_SYNTAX);
	header_of("ECDH-ES", "A256GCM", "1", name, "", header);
	check_header(header, TW_AEAD_NONCE, TW_CODE_SYNTAX);
	check_header("{}", TW_AEAD_NONCE, TW_CODE_SYNTAX);
	check_header("x", TW_AEAD_NONCE, TW_CODE_SYNTAX);
}

static void check_epk(const char *crv, const char *kty, const char *first, const char *second, const char *more, enum tw_code want)
{
	char epk[256], header[1024];
	epk_of(crv, kty, first, second, more, epk);
	header_of("ECDH-ES", "A256GCM", epk, name, "", header);
	check_header(header, TW_AEAD_NONCE, want);
}

static void test_keys_used_once(void **state)
{
	char bent[44];
	memcpy(bent, y, sizeof bent);
	bent[0] = bent[0] == 'A' ? 'B' : 'A';
	check_epk("P-384", "EC", x, y, "", TW_CODE_SYNTAX);
	check_epk("P-256", "OK", x, y, "", TW_CODE_SYNTAX);
	check_epk("P-256", "EC", x, y, ",\"d\":\"\"", TW_CODE_SYNTAX);
	check_epk("P-256", "EC", x, bent, "", TW_CODE_UNTRUSTED);
	check_epk("P-256", "EC", "", y, "", TW_CODE_SYNTAX);
	check_epk("P-256", "EC", x, "", "", TW_CODE_SYNTAX);
	check_epk("P-256", "EC", "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", y, "", TW_CODE_SYNTAX);
}

/* The key is agreed upon: one that is brought along, wrapped, has no place in it. */
static void test_no_wrapped_key(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf sealed = { 0 }, other = { 0 };
	seal(&sealed);
	const char *dots = memmem(sealed.data, sealed.size, "..", 2);
	CHECK(dots != NULL);
	tw_buf_init(&other, sys, TW_JWE_MAX);
	CHECK_OK(tw_buf_add(&other, sealed.data, (size_t)(dots + 1 - sealed.data)));
	CHECK_OK(tw_buf_text(&other, "AA"));
	CHECK_OK(tw_buf_add(&other, dots + 1, sealed.size - (size_t)(dots + 1 - sealed.data)));
	CHECK_ERR(open_text(own, tw_buf_slice(&other)), SYNTAX);
}

static void test_parts(void **state)
{
	static const char *const texts[] = { "", ".", "a.b.c.d", "a..b.c.d.e", "a.x.b.c.d", "....", "!..a.a.a" };
	static char long_one[TW_JWE_MAX + 1];
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		CHECK_ERR(open_text(own, tw_slice_of(texts[i])), SYNTAX);
	memset(long_one, 'a', sizeof long_one);
	CHECK_ERR(open_text(own, (struct tw_slice){ long_one, sizeof long_one }), LIMIT);
	CHECK_ERR(open_text(own, (struct tw_slice){ long_one, sizeof long_one - 1 }), SYNTAX);
}

/* A short text is sealed as well, and one that is too long is not. */
static void test_sizes(void **state)
{
	static const char most[TW_JWE_MAX];
	TW_CLEANUP(tw_buf_done) struct tw_buf empty = { 0 }, large = { 0 }, none = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 }, little = { 0 };
	tw_buf_init(&got, sys, TW_JWE_MAX);
	tw_buf_init(&little, sys, 64);
	tw_buf_init(&empty, sys, TW_JWE_MAX);
	CHECK_OK(tw_jwe_seal(sys, CTY, own, TW_SLICE(""), &empty));
	CHECK_OK(tw_jwe_open(sys, CTY, own, tw_buf_slice(&empty), &got));
	CHECK_INT(got.size, 0);
	tw_buf_init(&large, sys, TW_JWE_MAX);
	CHECK_OK(tw_jwe_seal(sys, CTY, own, (struct tw_slice){ most, TW_JWE_MAX / 4 * 3 - 1024 }, &large));
	CHECK_OK(tw_jwe_open(sys, CTY, own, tw_buf_slice(&large), &got));
	CHECK_INT(got.size, TW_JWE_MAX / 4 * 3 - 1024);
	CHECK_ERR(tw_jwe_open(sys, CTY, own, tw_buf_slice(&large), &little), LIMIT);
	CHECK_INT(little.size, 0);
	tw_buf_init(&none, sys, TW_JWE_MAX);
	CHECK_ERR(tw_jwe_seal(sys, CTY, own, (struct tw_slice){ most, sizeof most }, &none), LIMIT);
}

static tw_err round_trip(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, got = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	tw_buf_init(&b, s, TW_JWE_MAX);
	tw_buf_init(&got, s, TW_JWE_MAX);
	TW_TRY(tw_key_generate(s, &k));
	TW_TRY(tw_jwe_seal(s, CTY, k, TW_SLICE("plain"), &b));
	return tw_jwe_open(s, CTY, k, tw_buf_slice(&b), &got);
}

static void test_out_of_memory(void **state)
{
	(void)oom_sweep(round_trip, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_for_its_key_alone), TEST(test_headers), TEST(test_keys_used_once), TEST(test_no_wrapped_key), TEST(test_parts),
	TEST(test_sizes), TEST(test_out_of_memory))

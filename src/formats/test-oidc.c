/* SPDX-License-Identifier: Apache-2.0 */
/* A provider of ours answers rightly, and then wrongly in one thing after another. A real one answers in test/run/test_oidc.py. */
#include "formats/oidc.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "crypto/hash.h"
#include "oom.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define ISSUER "https://login.example/realm"
#define NONCE "nonce-nonce-nonce-nonce-nonce-nonce-nonce-1"
#define NOW 1795000000
#define BEGUN (NOW - 30)

static const struct tw_sys *sys;
static tw_key *ec, *other;
static EVP_PKEY *rsa;
static struct tw_oidc_keys keys;
static const struct tw_oidc_client client = { ISSUER, "device-7", "https://device.example/" };

static size_t number(const char *name, uint8_t *ret)
{
	BIGNUM *n = NULL;

	CHECK_INT(EVP_PKEY_get_bn_param(rsa, name, &n), 1);
	const int size = BN_bn2bin(n, ret);
	BN_free(n);
	return (size_t)size;
}

/* As a provider publishes them: e1 and r1, and what is passed over. */
static void publish(struct tw_buf *ret, const char *before)
{
	uint8_t point[TW_POINT_SIZE], modulus[TW_RSA_MAX], exponent[TW_RSA_EXPONENT_MAX];
	const size_t n = number(OSSL_PKEY_PARAM_RSA_N, modulus), e = number(OSSL_PKEY_PARAM_RSA_E, exponent);

	CHECK_OK(tw_key_point(ec, point));
	tw_buf_init(ret, sys, TW_OIDC_ANSWER_MAX);
	CHECK_OK(tw_buf_format(ret, "{\"keys\":[%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e1\",\"use\":\"sig\",\"x\":\"", before));
	CHECK_OK(tw_buf_base64url(ret, point + 1, 32));
	CHECK_OK(tw_buf_text(ret, "\",\"y\":\""));
	CHECK_OK(tw_buf_base64url(ret, point + 33, 32));
	CHECK_OK(tw_buf_text(ret, "\"},{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"r1\",\"n\":\""));
	CHECK_OK(tw_buf_base64url(ret, modulus, n));
	CHECK_OK(tw_buf_text(ret, "\",\"e\":\""));
	CHECK_OK(tw_buf_base64url(ret, exponent, e));
	CHECK_OK(tw_buf_text(ret, "\"}],\"more\":1}"));
}

static int set_up(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf published = { 0 };

	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &ec));
	CHECK_OK(tw_key_generate(sys, &other));
	rsa = EVP_RSA_gen(2048);
	publish(&published, "");
	CHECK_OK(tw_oidc_keys_read(tw_buf_slice(&published), &keys));
	CHECK_INT(keys.count, 2);
	return 0;
}

static int tear_down(void **state)
{
	(void)tw_key_free(ec);
	(void)tw_key_free(other);
	EVP_PKEY_free(rsa);
	return 0;
}

/* --- Tokens --- */

enum by { BY_EC, BY_RSA, BY_OTHER, BY_NOBODY };

static void add_signature(enum by by, struct tw_buf *b)
{
	const struct tw_slice said = tw_buf_slice(b);
	uint8_t signature[TW_RSA_MAX];
	size_t size = TW_SIGNATURE_SIZE;

	if (by == BY_RSA) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		size = sizeof signature;
		CHECK_INT(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, rsa), 1);
		CHECK_INT(EVP_DigestSign(ctx, signature, &size, (const uint8_t *)said.at, said.size), 1);
		EVP_MD_CTX_free(ctx);
	} else if (by != BY_NOBODY) {
		CHECK_OK(tw_key_sign(by == BY_EC ? ec : other, &said, 1, signature));
	}
	CHECK_OK(tw_buf_u8(b, '.'));
	if (by != BY_NOBODY)
		CHECK_OK(tw_buf_base64url(b, signature, size));
}

static void make(const char *header, const char *claims, enum by by, struct tw_buf *ret)
{
	tw_buf_init(ret, sys, 2 * TW_OIDC_TOKEN_MAX);
	CHECK_OK(tw_buf_base64url(ret, header, strlen(header)));
	CHECK_OK(tw_buf_u8(ret, '.'));
	CHECK_OK(tw_buf_base64url(ret, claims, strlen(claims)));
	add_signature(by, ret);
}

static enum tw_oidc_fault judge_for(struct tw_slice token, const char *claim, const char *nonce, char *ret_subject)
{
	const struct tw_oidc_expected x = { &client, &keys, nonce, claim, NOW, BEGUN };
	enum tw_oidc_fault fault = TW_OIDC_GOOD;

	CHECK_OK(tw_oidc_judge(sys, token, &x, &fault, ret_subject));
	return fault;
}

static enum tw_oidc_fault judge(const char *header, const char *claims, enum by by)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";

	make(header, claims, by, &token);
	const enum tw_oidc_fault fault = judge_for(tw_buf_slice(&token), "sub", NONCE, subject);
	CHECK_TEXT(subject, fault ? "" : "u-1");
	return fault;
}

#define ES "{\"alg\":\"ES256\",\"kid\":\"e1\",\"typ\":\"JWT\"}"
#define RS "{\"alg\":\"RS256\",\"kid\":\"r1\"}"
#define ISS "\"iss\":\"" ISSUER "\","
#define AUD "\"aud\":\"device-7\","
#define TIMES "\"iat\":1794999990,\"exp\":1795000300,"
#define AUTH "\"auth_time\":1794999985,"
#define SUB "\"sub\":\"u-1\","
#define NON "\"nonce\":\"" NONCE "\""
#define WHOLE "{" ISS AUD TIMES AUTH SUB NON "}"

static void test_good(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";

	CHECK_INT(judge(ES, WHOLE, BY_EC), TW_OIDC_GOOD);
	CHECK_INT(judge(RS, WHOLE, BY_RSA), TW_OIDC_GOOD);
	CHECK_INT(judge("{\"alg\":\"ES256\"}", WHOLE, BY_EC), TW_OIDC_GOOD);
	make(ES, "{" ISS AUD TIMES AUTH "\"mail\":\"a@b.example\",\"email_verified\":true," NON "}", BY_EC, &token);
	CHECK_INT(judge_for(tw_buf_slice(&token), "mail", NONCE, subject), TW_OIDC_GOOD);
	CHECK_TEXT(subject, "a@b.example");
	CHECK_INT(judge_for(tw_buf_slice(&token), "sub", NONCE, subject), TW_OIDC_SUBJECT);
	CHECK_INT(judge_for(tw_buf_slice(&token), "email_verified", NONCE, subject), TW_OIDC_SUBJECT);
	CHECK_INT(judge_for(tw_buf_slice(&token), "mail", "", subject), TW_OIDC_NONCE);
}

/* Who expects nothing is given nothing: neither a login without a nonce nor one that began when the clocks did takes a token that says nothing of it. */
static void test_nothing_expected(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf none = { 0 }, empty = { 0 }, undated = { 0 };
	const struct tw_oidc_expected early = { &client, &keys, NONCE, "sub", NOW, TW_OIDC_SKEW_S };
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";
	enum tw_oidc_fault fault = TW_OIDC_GOOD;

	make(ES, "{" ISS AUD TIMES AUTH "\"sub\":\"u-1\"}", BY_EC, &none);
	CHECK_INT(judge_for(tw_buf_slice(&none), "sub", "", subject), TW_OIDC_NONCE);
	make(ES, "{" ISS AUD TIMES AUTH SUB "\"nonce\":\"\"}", BY_EC, &empty);
	CHECK_INT(judge_for(tw_buf_slice(&empty), "sub", "", subject), TW_OIDC_NONCE);
	make(ES, "{" ISS AUD TIMES SUB NON "}", BY_EC, &undated);
	CHECK_OK(tw_oidc_judge(sys, tw_buf_slice(&undated), &early, &fault, subject));
	CHECK_INT(fault, TW_OIDC_AGE);
	CHECK_TEXT(subject, "");
}

/* @nist LA.AS.2.1.2: whose signature counts is said by our list of keys, never by the token */
static void test_signatures(void **state)
{
	static const struct {
		const char *header;
		enum by by;
		enum tw_oidc_fault fault;
	} rows[] = {
		{ "{\"alg\":\"none\"}", BY_NOBODY, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"none\",\"kid\":\"e1\"}", BY_EC, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"None\"}", BY_NOBODY, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"HS256\",\"kid\":\"r1\"}", BY_RSA, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"ES384\",\"kid\":\"e1\"}", BY_EC, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"PS256\",\"kid\":\"r1\"}", BY_RSA, TW_OIDC_ALGORITHM },
		{ "{\"kid\":\"e1\"}", BY_EC, TW_OIDC_ALGORITHM },
		{ "{\"alg\":[\"ES256\"],\"kid\":\"e1\"}", BY_EC, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"ES256\",\"kid\":\"e1\",\"crit\":[\"b64\"]}", BY_EC, TW_OIDC_ALGORITHM },
		{ "{\"alg\":\"ES256\",\"kid\":\"e2\"}", BY_EC, TW_OIDC_KEY },
		{ "{\"alg\":\"ES256\",\"kid\":\"r1\"}", BY_EC, TW_OIDC_KEY },
		{ "{\"alg\":\"RS256\",\"kid\":\"e1\"}", BY_RSA, TW_OIDC_KEY },
		{ ES, BY_OTHER, TW_OIDC_SIGNATURE },
		{ ES, BY_NOBODY, TW_OIDC_SIGNATURE },
		{ ES, BY_RSA, TW_OIDC_SIGNATURE },
		{ RS, BY_EC, TW_OIDC_SIGNATURE },
		{ RS, BY_NOBODY, TW_OIDC_SIGNATURE },
		{ "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"},\"x5c\":[\"x\"]}", BY_OTHER, TW_OIDC_SIGNATURE },
		{ "[]", BY_EC, TW_OIDC_FORM },
		{ "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", BY_EC, TW_OIDC_FORM },
		{ "{", BY_EC, TW_OIDC_FORM },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (judge(rows[i].header, WHOLE, rows[i].by) != rows[i].fault)
			fail_msg("row %zu: %s", i, rows[i].header);
}

/* A key of the list that is of no algorithm verifies nothing. */
static void test_key_without_algorithm(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	struct tw_oidc_keys odd = keys;
	const struct tw_oidc_expected x = { &client, &odd, NONCE, "sub", NOW, BEGUN };
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";
	enum tw_oidc_fault fault = TW_OIDC_GOOD;

	odd.of[1].algorithm = TW_OIDC_NONE;
	make("{\"alg\":\"none\",\"kid\":\"r1\"}", WHOLE, BY_RSA, &token);
	CHECK_OK(tw_oidc_judge(sys, tw_buf_slice(&token), &x, &fault, subject));
	CHECK_INT(fault, TW_OIDC_ALGORITHM);
}

/* One that ends with a zero, and the same without it. */
static void test_short_signature(void **state)
{
	uint8_t signature[TW_SIGNATURE_SIZE];
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";

	for (int i = 0; i < 20000; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
		size_t size = 0;

		make(ES, WHOLE, BY_EC, &token);
		const char *dot = strrchr(tw_buf_cstr(&token), '.');
		CHECK_OK(tw_parse_base64url(tw_slice_of(dot + 1), sizeof signature, signature, &size));
		if (signature[size - 1])
			continue;
		CHECK_INT(judge_for(tw_buf_slice(&token), "sub", NONCE, subject), TW_OIDC_GOOD);
		token.size = (size_t)(dot + 1 - (const char *)token.data);
		CHECK_OK(tw_buf_base64url(&token, signature, size - 1));
		CHECK_INT(judge_for(tw_buf_slice(&token), "sub", NONCE, subject), TW_OIDC_SIGNATURE);
		return;
	}
	fail();
}

static void test_claims(void **state)
{
	static const struct {
		const char *claims;
		enum tw_oidc_fault fault;
	} rows[] = {
		{ "{" AUD TIMES AUTH SUB NON "}", TW_OIDC_ISSUER },
		{ "{\"iss\":\"" ISSUER "/\"," AUD TIMES AUTH SUB NON "}", TW_OIDC_ISSUER },
		{ "{\"iss\":\"https://evil.example\"," AUD TIMES AUTH SUB NON "}", TW_OIDC_ISSUER },
		{ "{" ISS TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"aud\":\"device-8\"," TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"aud\":[]," TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"aud\":[\"device-8\"]," TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"aud\":[7]," TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"aud\":[\"device-7\"]," TIMES AUTH SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS "\"aud\":[\"device-8\",\"device-7\"]," TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"azp\":\"device-8\",\"aud\":[\"device-8\",\"device-7\"]," TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"azp\":\"device-7\",\"aud\":[\"device-8\",\"device-7\"]," TIMES AUTH SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS "\"azp\":\"device-8\"," AUD TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"azp\":7," AUD TIMES AUTH SUB NON "}", TW_OIDC_AUDIENCE },
		{ "{" ISS "\"azp\":\"device-7\",\"aud\":[\"device-7\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\","
		  "\"14\",\"15\",\"16\"]," TIMES AUTH SUB NON "}",
			TW_OIDC_AUDIENCE },
		{ "{" ISS AUD "\"exp\":1795000300," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD "\"iat\":1794999990," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD "\"iat\":1794999990,\"exp\":\"1795000300\"," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD "\"iat\":1794999990,\"exp\":1794999940," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD "\"iat\":1794999990,\"exp\":1794999941," AUTH SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS AUD "\"iat\":1795000060,\"exp\":1795000300," AUTH SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS AUD "\"iat\":1795000061,\"exp\":1795000300," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD "\"iat\":-1,\"exp\":1795000300," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD "\"iat\":1794999990,\"exp\":9223372036854775807," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD TIMES "\"nbf\":1795000061," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD TIMES "\"nbf\":1795000060," AUTH SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS AUD TIMES "\"nbf\":\"0\"," AUTH SUB NON "}", TW_OIDC_TIME },
		{ "{" ISS AUD TIMES AUTH "\"sub\":\"u-1\"}", TW_OIDC_NONCE },
		{ "{" ISS AUD TIMES AUTH SUB "\"nonce\":\"nonce-nonce-nonce-nonce-nonce-nonce-nonce-2\"}", TW_OIDC_NONCE },
		{ "{" ISS AUD TIMES AUTH SUB "\"nonce\":\"\"}", TW_OIDC_NONCE },
		{ "{" ISS AUD TIMES SUB NON "}", TW_OIDC_AGE },
		{ "{" ISS AUD TIMES "\"auth_time\":1794999909," SUB NON "}", TW_OIDC_AGE },
		{ "{" ISS AUD TIMES "\"auth_time\":1794999910," SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS AUD TIMES "\"auth_time\":1795000060," SUB NON "}", TW_OIDC_GOOD },
		{ "{" ISS AUD TIMES "\"auth_time\":1795000061," SUB NON "}", TW_OIDC_AGE },
		{ "{" ISS AUD TIMES AUTH NON "}", TW_OIDC_SUBJECT },
		{ "{" ISS AUD TIMES AUTH "\"sub\":\"\"," NON "}", TW_OIDC_SUBJECT },
		{ "{" ISS AUD TIMES AUTH "\"sub\":1," NON "}", TW_OIDC_SUBJECT },
		{ "{" ISS AUD TIMES AUTH "\"sub\":\"u-1\\n\"," NON "}", TW_OIDC_SUBJECT },
		{ "[" NON "]", TW_OIDC_FORM },
		{ "{" ISS AUD TIMES AUTH SUB SUB NON "}", TW_OIDC_FORM },
		{ "", TW_OIDC_FORM },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (judge(ES, rows[i].claims, BY_EC) != rows[i].fault)
			fail_msg("row %zu: %s", i, rows[i].claims);
}

static void test_long_subject(void **state)
{
	char longest[TW_OIDC_SUBJECT_MAX + 2], claims[1024], subject[TW_OIDC_SUBJECT_MAX + 1] = "";

	memset(longest, 'x', sizeof longest);
	for (size_t size = TW_OIDC_SUBJECT_MAX; size <= TW_OIDC_SUBJECT_MAX + 1; size++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };

		(void)snprintf(claims, sizeof claims, "{" ISS AUD TIMES AUTH "\"sub\":\"%.*s\"," NON "}", (int)size, longest);
		make(ES, claims, BY_EC, &token);
		CHECK_INT(judge_for(tw_buf_slice(&token), "sub", NONCE, subject),
			size <= TW_OIDC_SUBJECT_MAX ? TW_OIDC_GOOD : TW_OIDC_SUBJECT);
	}
}

/* Parts, blanks, padding and whatever follows: one form, or none. */
static void test_forms(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	static const char *const rows[] = { "", ".", "..", "a.b", "e30.e30.", ".e30.x", "e30..x", "e30=.e30.x", "e30 .e30.x" };
	char subject[TW_OIDC_SUBJECT_MAX + 1], longer[4096];

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK(judge_for(tw_slice_of(rows[i]), "sub", NONCE, subject) != TW_OIDC_GOOD);
	CHECK_INT(judge_for(TW_SLICE("e30..x"), "sub", NONCE, subject), TW_OIDC_FORM); /* before anything is asked of its header */
	make(ES, WHOLE, BY_EC, &token);
	(void)snprintf(longer, sizeof longer, "%s.e30", tw_buf_cstr(&token));
	CHECK_INT(judge_for(tw_slice_of(longer), "sub", NONCE, subject), TW_OIDC_SIGNATURE);
	(void)snprintf(longer, sizeof longer, "%s=", tw_buf_cstr(&token));
	CHECK_INT(judge_for(tw_slice_of(longer), "sub", NONCE, subject), TW_OIDC_SIGNATURE);
	for (size_t i = 0; i < token.size; i++) {
		const char was = token.data[i];

		token.data[i] = was == 'A' ? 'B' : 'A';
		CHECK(judge_for(tw_buf_slice(&token), "sub", NONCE, subject) != TW_OIDC_GOOD);
		token.data[i] = was;
	}
	CHECK_INT(judge_for(tw_buf_slice(&token), "sub", NONCE, subject), TW_OIDC_GOOD);
	char *large = calloc(1, TW_OIDC_TOKEN_MAX + 2);
	memset(large, 'a', TW_OIDC_TOKEN_MAX + 1);
	large[10] = large[20] = '.';
	CHECK_INT(judge_for((struct tw_slice){ large, TW_OIDC_TOKEN_MAX + 1 }, "sub", NONCE, subject), TW_OIDC_FORM);
	free(large);
}

/* All that is judged in one is bounded, also where each part of it would be taken. */
static void test_longest_token(void **state)
{
	static char filler[TW_OIDC_TOKEN_MAX], claims[TW_OIDC_TOKEN_MAX + 1024];
	char subject[TW_OIDC_SUBJECT_MAX + 1] = "";
	bool taken = false, refused = false;

	memset(filler, 'x', sizeof filler);
	for (int size = TW_OIDC_TOKEN_MAX / 4 * 3 - 600; size < TW_OIDC_TOKEN_MAX / 4 * 3; size += 50) {
		TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };

		(void)snprintf(claims, sizeof claims, "{\"more\":\"%.*s\"," ISS AUD TIMES AUTH SUB NON "}", size, filler);
		make(ES, claims, BY_EC, &token);
		const bool fits = token.size <= TW_OIDC_TOKEN_MAX;
		CHECK_INT(judge_for(tw_buf_slice(&token), "sub", NONCE, subject), fits ? TW_OIDC_GOOD : TW_OIDC_FORM);
		taken |= fits;
		refused |= !fits;
	}
	CHECK(taken && refused);
}

/* --- Keys --- */

#define X "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
#define Y "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","

static void test_keys(void **state)
{
	static const struct {
		const char *one;
		size_t more;
	} rows[] = {
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"kid\":\"k\"}", 1 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"alg\":\"ES256\",\"use\":\"sig\"}", 1 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"use\":\"enc\"}", 0 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"alg\":\"ES384\"}", 0 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-384\"," X Y "\"kid\":\"k\"}", 0 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "\"y\":\"AA\"}", 0 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," Y "\"x\":\"AA\"}", 0 },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "\"y\":7}", 0 },
		{ "{\"kty\":\"RSA\",\"n\":\"gAE\",\"e\":\"AQAB\"}", 0 },
		{ "{\"kty\":\"RSA\",\"alg\":\"RS384\",\"n\":\"gAE\",\"e\":\"AQAB\"}", 0 },
		{ "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", 0 },
		{ "{\"kty\":\"oct\",\"k\":\"AAAA\"}", 0 },
		{ "{}", 0 },
		{ "7", 0 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		struct tw_oidc_keys got;
		char before[512];

		(void)snprintf(before, sizeof before, "%s,", rows[i].one);
		publish(&text, before);
		CHECK_OK(tw_oidc_keys_read(tw_buf_slice(&text), &got));
		if (got.count != 2 + rows[i].more)
			fail_msg("row %zu: %zu", i, got.count);
	}
}

/* Good numbers make no key of what is none of RSA, or of another algorithm. */
static void test_rsa_keys(void **state)
{
	static const struct {
		const char *head;
		size_t count;
	} rows[] = { { "\"kty\":\"RSA\"", 1 }, { "\"kty\":\"RSA\",\"alg\":\"RS256\"", 1 }, { "\"kty\":\"RSA\",\"alg\":\"RS384\"", 0 },
		{ "\"kty\":\"RSA\",\"use\":\"enc\"", 0 }, { "\"kty\":\"oct\"", 0 }, { "\"kid\":\"r1\"", 0 } };
	uint8_t modulus[TW_RSA_MAX], exponent[TW_RSA_EXPONENT_MAX];
	const size_t n = number(OSSL_PKEY_PARAM_RSA_N, modulus), e = number(OSSL_PKEY_PARAM_RSA_E, exponent);

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		struct tw_oidc_keys got;

		tw_buf_init(&text, sys, TW_OIDC_ANSWER_MAX);
		CHECK_OK(tw_buf_format(&text, "{\"keys\":[{%s,\"n\":\"", rows[i].head));
		CHECK_OK(tw_buf_base64url(&text, modulus, n));
		CHECK_OK(tw_buf_text(&text, "\",\"e\":\""));
		CHECK_OK(tw_buf_base64url(&text, exponent, e));
		CHECK_OK(tw_buf_text(&text, "\"}]}"));
		CHECK_OK(tw_oidc_keys_read(tw_buf_slice(&text), &got));
		if (got.count != rows[i].count)
			fail_msg("row %zu: %zu", i, got.count);
	}
}

/* So many entries are looked at, whatever they are. */
static void test_keys_seen(void **state)
{
	for (int before = 63; before <= 64; before++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		struct tw_oidc_keys got;

		tw_buf_init(&text, sys, TW_OIDC_ANSWER_MAX);
		CHECK_OK(tw_buf_text(&text, "{\"keys\":["));
		for (int i = 0; i < before; i++)
			CHECK_OK(tw_buf_text(&text, "7,"));
		CHECK_OK(tw_buf_text(&text, "{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"kid\":\"k\"}]}"));
		CHECK_OK(tw_oidc_keys_read(tw_buf_slice(&text), &got));
		CHECK_INT(got.count, before < 64);
	}
}

static void test_key_bounds(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_oidc_keys got;
	char kid[TW_OIDC_KID_MAX + 2] = "", one[512];

	CHECK_ERR(tw_oidc_keys_read(TW_SLICE("{}"), &got), SYNTAX);
	CHECK_ERR(tw_oidc_keys_read(TW_SLICE("{\"keys\":{}}"), &got), SYNTAX);
	CHECK_ERR(tw_oidc_keys_read(TW_SLICE("x"), &got), SYNTAX);
	CHECK_INT(got.count, 0);
	memset(kid, 'k', sizeof kid - 1);
	for (size_t size = TW_OIDC_KID_MAX; size <= TW_OIDC_KID_MAX + 1; size++) {
		(void)snprintf(one, sizeof one, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"kid\":\"%.*s\"}]}", (int)size, kid);
		CHECK_OK(tw_oidc_keys_read(tw_slice_of(one), &got));
		CHECK_INT(got.count, size <= TW_OIDC_KID_MAX);
	}
	tw_buf_init(&text, sys, TW_OIDC_ANSWER_MAX);
	CHECK_OK(tw_buf_text(&text, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"kid\":\"0\"}"));
	for (int i = 0; i < TW_OIDC_KEYS_MAX; i++)
		CHECK_OK(tw_buf_text(&text, ",{\"kty\":\"EC\",\"crv\":\"P-256\"," X Y "\"kid\":\"0\"}"));
	CHECK_OK(tw_buf_text(&text, "]}"));
	CHECK_OK(tw_oidc_keys_read(tw_buf_slice(&text), &got));
	CHECK_INT(got.count, TW_OIDC_KEYS_MAX);
	const struct tw_oidc_expected x = { &client, &got, NONCE, "sub", NOW, BEGUN };
	TW_CLEANUP(tw_buf_done) struct tw_buf token = { 0 };
	char subject[TW_OIDC_SUBJECT_MAX + 1];
	enum tw_oidc_fault fault = TW_OIDC_GOOD;
	make("{\"alg\":\"ES256\",\"kid\":\"0\"}", WHOLE, BY_EC, &token);
	CHECK_OK(tw_oidc_judge(sys, tw_buf_slice(&token), &x, &fault, subject)); /* several that it could mean */
	CHECK_INT(fault, TW_OIDC_KEY);
	got.count = 1; /* no point of the curve */
	CHECK_OK(tw_oidc_judge(sys, tw_buf_slice(&token), &x, &fault, subject));
	CHECK_INT(fault, TW_OIDC_SIGNATURE);
}

/* --- The provider --- */

#define LOGIN "\"authorization_endpoint\":\"https://login.example/a\","
#define TOKEN "\"token_endpoint\":\"https://login.example/t\","
#define KEYS "\"jwks_uri\":\"https://login.example/k\","
#define OWN "\"issuer\":\"" ISSUER "\""

static void test_places(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
	} rows[] = {
		{ "{" LOGIN TOKEN KEYS OWN "}", TW_CODE_OK },
		{ "{\"code_challenge_methods_supported\":[\"plain\",\"S256\"]," LOGIN TOKEN KEYS OWN "}", TW_CODE_OK },
		{ "{\"code_challenge_methods_supported\":[\"plain\",7]," LOGIN TOKEN KEYS OWN "}", TW_CODE_UNSUPPORTED },
		{ "{" LOGIN TOKEN KEYS "\"issuer\":\"https://evil.example\"}", TW_CODE_UNTRUSTED },
		{ "{" LOGIN TOKEN KEYS "\"issuer\":\"" ISSUER "/\"}", TW_CODE_UNTRUSTED },
		{ "{" LOGIN TOKEN KEYS "\"more\":1}", TW_CODE_SYNTAX },
		{ "{" TOKEN KEYS OWN "}", TW_CODE_SYNTAX },
		{ "{" LOGIN KEYS OWN "}", TW_CODE_SYNTAX },
		{ "{" LOGIN TOKEN OWN "}", TW_CODE_SYNTAX },
		{ "{\"authorization_endpoint\":\"http://login.example/a\"," TOKEN KEYS OWN "}", TW_CODE_SYNTAX },
		{ "{\"token_endpoint\":\"http://login.example/a\"," LOGIN KEYS OWN "}", TW_CODE_SYNTAX },
		{ "{\"jwks_uri\":\"http://login.example/a\"," LOGIN TOKEN OWN "}", TW_CODE_SYNTAX },
		{ "{\"jwks_uri\":\"javascript:alert(1)\"," LOGIN TOKEN OWN "}", TW_CODE_SYNTAX },
		{ "[]", TW_CODE_SYNTAX },
		{ "", TW_CODE_SYNTAX },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_oidc_places p;
		tw_err e = tw_oidc_places_read(tw_slice_of(rows[i].text), ISSUER, &p);

		if (e.code != rows[i].code)
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		if (!tw_failed(e))
			CHECK(!strcmp(p.login, "https://login.example/a") && !strcmp(p.token, "https://login.example/t") &&
				!strcmp(p.keys, "https://login.example/k"));
	}
}

static void test_addresses(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} rows[] = { { "https://a", true }, { "https://[::1]:8443/b?c=d&e=%20", true }, { "http://a/", false }, { "https://", false },
		{ "https:///a", false }, { "https://?a", false }, { "https://a/#b", false }, { "https://u@a/", false },
		{ "https://a b", false }, { "https://a\n", false }, { "https://a/\xc3\xa4", false }, { "https://a/\x7f", false },
		{ "https://a\\b", false }, { "https://a/\"", false }, { "HTTPS://a", false }, { "", false } };
	char longer[TW_OIDC_URL_MAX + 2] = "https://";

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_oidc_url_valid(rows[i].url) != rows[i].good)
			fail_msg("%s", rows[i].url);
	memset(longer + 8, 'a', sizeof longer - 9);
	CHECK(!tw_oidc_url_valid(longer));
	longer[TW_OIDC_URL_MAX] = '\0';
	CHECK(tw_oidc_url_valid(longer));
}

/* --- What is asked --- */

static const struct tw_oidc_words words = { "state", "nonce", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" }; /* RFC 7636 appendix B */

static void test_asked(void **state)
{
	const struct tw_oidc_places p = { .login = "https://login.example/a" }, q = { .login = "https://login.example/a?b=c" };
	const struct tw_oidc_client odd = { ISSUER, "a b&c", "https://device.example:8443/" };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_OIDC_LOCATION_MAX);
	CHECK_OK(tw_oidc_location(&p, &odd, &words, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"https://login.example/a?response_type=code&scope=openid&prompt=login&max_age=300&client_id=a%20b%26c&redirect_uri=https%3A%2F%2Fdevice.example%3A8443%2F"
		"&state=state&nonce=nonce&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_location(&q, &odd, &words, &b));
	CHECK(strstr(tw_buf_cstr(&b), "/a?b=c&response_type=code&"));
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_exchange(&odd, false, TW_SLICE("c+/=&d"), words.verifier, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"grant_type=authorization_code&code=c%2B%2F%3D%26d&redirect_uri=https%3A%2F%2Fdevice.example%3A8443%2F"
		"&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=a%20b%26c");
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_exchange(&odd, true, TW_SLICE("c"), words.verifier, &b));
	CHECK(!strstr(tw_buf_cstr(&b), "client_id"));
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_basic(&odd, TW_SLICE("s:\xc3\xa4"), &b)); /* a%20b%26c:s%3A%C3%A4 */
	CHECK_TEXT(tw_buf_cstr(&b), "Basic YSUyMGIlMjZjOnMlM0ElQzMlQTQ=");
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_exchange(&odd, true, TW_SLICE("@AZ[`az{/09:-._~"), "v", &b)); /* what stands beside what is plain */
	CHECK(strstr(tw_buf_cstr(&b), "&code=%40AZ%5B%60az%7B%2F09%3A-._%7E&"));
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_discovery(ISSUER, &b));
	CHECK_TEXT(tw_buf_cstr(&b), ISSUER "/.well-known/openid-configuration");
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_discovery("https://a/", &b));
	CHECK_TEXT(tw_buf_cstr(&b), "https://a/.well-known/openid-configuration");
	tw_buf_clear(&b);
	CHECK_OK(tw_oidc_discovery("", &b));
	CHECK_TEXT(tw_buf_cstr(&b), "/.well-known/openid-configuration");
}

static void test_answers(void **state)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_OIDC_TOKEN_MAX);
	CHECK_OK(tw_oidc_answer_read(TW_SLICE("{\"access_token\":\"x\",\"id_token\":\"a.b.c\",\"token_type\":\"Bearer\"}"), &b));
	CHECK_TEXT(tw_buf_cstr(&b), "a.b.c");
	CHECK_ERR(tw_oidc_answer_read(TW_SLICE("{\"access_token\":\"x\"}"), &b), SYNTAX);
	CHECK_ERR(tw_oidc_answer_read(TW_SLICE("{\"id_token\":7}"), &b), SYNTAX);
	CHECK_ERR(tw_oidc_answer_read(TW_SLICE("{\"id_token\":\"\"}"), &b), SYNTAX);
	CHECK_ERR(tw_oidc_answer_read(TW_SLICE("a=b"), &b), SYNTAX);
}

/* --- Without memory --- */

struct swept {
	struct tw_slice published, tokens[2];
};

static tw_err read_all(const struct tw_sys *with, void *user)
{
	const struct swept *s = user;
	struct tw_oidc_keys got;
	struct tw_oidc_places p;
	const struct tw_oidc_expected x = { &client, &got, NONCE, "sub", NOW, BEGUN };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };

	tw_buf_init(&b, with, TW_OIDC_LOCATION_MAX);
	TW_TRY(tw_oidc_places_read(TW_SLICE("{" LOGIN TOKEN KEYS OWN "}"), ISSUER, &p));
	TW_TRY(tw_oidc_location(&p, &client, &words, &b));
	tw_buf_clear(&b);
	TW_TRY(tw_oidc_basic(&client, TW_SLICE("secret"), &b));
	tw_buf_clear(&b);
	TW_TRY(tw_oidc_answer_read(TW_SLICE("{\"id_token\":\"a.b.c\"}"), &b));
	TW_TRY(tw_oidc_keys_read(s->published, &got));
	for (size_t i = 0; i < TW_COUNT(s->tokens); i++) {
		char subject[TW_OIDC_SUBJECT_MAX + 1];
		enum tw_oidc_fault fault = TW_OIDC_FORM;

		TW_TRY(tw_oidc_judge(with, s->tokens[i], &x, &fault, subject));
		CHECK_INT(fault, TW_OIDC_GOOD); /* a lack of memory is nobody's fault */
	}
	return TW_OK;
}

static void test_without_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf published = { 0 }, by_ec = { 0 }, by_rsa = { 0 };

	publish(&published, "");
	make(ES, WHOLE, BY_EC, &by_ec);
	make(RS, WHOLE, BY_RSA, &by_rsa);
	struct swept s = { tw_buf_slice(&published), { tw_buf_slice(&by_ec), tw_buf_slice(&by_rsa) } };
	sweep_is_strict = true;
	CHECK(oom_sweep(read_all, &s) > 0);
}

/* The first decides whose memory OpenSSL takes. */
CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_without_memory), cmocka_unit_test(test_good),
	cmocka_unit_test(test_nothing_expected), cmocka_unit_test(test_key_without_algorithm), cmocka_unit_test(test_short_signature),
	cmocka_unit_test(test_longest_token), cmocka_unit_test(test_rsa_keys), cmocka_unit_test(test_keys_seen),
	cmocka_unit_test(test_signatures), cmocka_unit_test(test_claims), cmocka_unit_test(test_long_subject),
	cmocka_unit_test(test_forms), cmocka_unit_test(test_keys), cmocka_unit_test(test_key_bounds), cmocka_unit_test(test_places),
	cmocka_unit_test(test_addresses), cmocka_unit_test(test_asked), cmocka_unit_test(test_answers))

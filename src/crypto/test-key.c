/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/internal.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "sys/real.h"
#include "check.h"
#include "lay.h"
#include "oom.h"
#include "spill.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

/* RFC 6979 appendix A.2.5. */
static const char KEY[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\n"
			  "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n"
			  "+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n"
			  "-----END PRIVATE KEY-----\n";
static const char SPKI[] = "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f2"
			   "9fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
#define R "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define S "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define N "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"
#define TOP "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
static const char P384[] = "-----BEGIN PRIVATE KEY-----\n"
			   "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA\n"
			   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAehZANiAAQoPB1zZc5H\n"
			   "iPKfjr8jTt/+rW/pl/vqX/otWMyd+nscUIsFUm9VueuyBA8FtI+20OGUdcmQYeQb\n"
			   "iLpS79uMFpBHGmHYZ+15lynZySzQHb0iVjDYTt4yp4+eZGZM2sUS74w=\n"
			   "-----END PRIVATE KEY-----\n";
static const char EXPLICIT[] = "-----BEGIN PRIVATE KEY-----\n"
			       "MIIBeQIBADCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAAB\n"
			       "AAAAAAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA\n"
			       "///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMV\n"
			       "AMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg\n"
			       "9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8A\n"
			       "AAAA//////////+85vqtpxeehPO5ysL8YyVRAgEBBG0wawIBAQQgAI31SKssEhzx\n"
			       "paNTAtTVJyFVsEWKIl9nHFuv/fNDb+GhRANCAAT0MrJpnVuxEkMeaaT8IJwjokTx\n"
			       "jo9RSItAGdX+QuYSo9qVtQpZ92FR+diPVbaqlqbY0tRAgwwYllhOjsxU0QNt\n"
			       "-----END PRIVATE KEY-----\n";

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

static tw_key *load(void)
{
	tw_key *k = NULL;
	CHECK_OK(tw_key_load(sys, TW_SLICE(KEY), &k));
	return k;
}

static void test_public_half(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	TW_CLEANUP(tw_key_freep) tw_key *public = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 };
	uint8_t want[91], digest[32], got[32], point[TW_POINT_SIZE];
	tw_buf_init(&spki, sys, 256);
	CHECK_OK(tw_key_spki(k, &spki));
	CHECK_OK(tw_parse_hex(tw_slice_of(SPKI), want, sizeof want));
	CHECK_INT(spki.size, sizeof want);
	CHECK_BYTES(spki.data, want, sizeof want);
	CHECK_OK(tw_sha256(want, sizeof want, digest));
	CHECK_OK(tw_key_fingerprint(k, got));
	CHECK_BYTES(got, digest, sizeof digest);
	CHECK_OK(tw_key_load_public(sys, tw_buf_slice(&spki), &public));
	CHECK_OK(tw_key_point(public, point));
	CHECK_BYTES(point, want + 26, sizeof point);
}

static void test_sign_and_verify(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *other = NULL;
	const struct tw_slice message[] = { TW_SLICE("sam"), TW_SLICE("ple") }, wrong[] = { TW_SLICE("sampl") };
	uint8_t signature[TW_SIGNATURE_SIZE];
	CHECK_OK(tw_key_generate(sys, &k));
	CHECK_OK(tw_key_generate(sys, &other));
	for (int i = 0; i < 50; i++) { /* short r and s come once in 128 times each */
		CHECK_OK(tw_key_sign(k, message, 2, signature));
		CHECK_OK(tw_key_verify(k, message, 2, signature));
	}
	CHECK_ERR(tw_key_verify(k, wrong, 1, signature), UNTRUSTED);
	CHECK_ERR(tw_key_verify(other, message, 2, signature), UNTRUSTED);
	for (size_t i = 0; i < sizeof signature * 8; i++) {
		signature[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK_ERR(tw_key_verify(k, message, 2, signature), UNTRUSTED);
		signature[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

/* What a signature may look like, after Wycheproof's ecdsa_secp256r1_sha256_p1363. */
static void test_signature_vectors(void **state)
{
	static const struct {
		const char *hex;
		bool good;
		const char *what;
	} rows[] = {
		{ R S, true, "RFC 6979" },
		{ S R, false, "swapped" },
		{ ZERO ZERO, false, "both zero" },
		{ ZERO S, false, "r is zero" },
		{ R ZERO, false, "s is zero" },
		{ ZERO ONE, false, "r zero, s one" },
		{ ONE ZERO, false, "r one, s zero" },
		{ ONE ONE, false, "both one" },
		{ N S, false, "r is n" },
		{ R N, false, "s is n" },
		{ N N, false, "both n" },
		{ N ZERO, false, "n and zero" },
		{ TOP TOP, false, "all ones" },
		{ TOP S, false, "r above n" },
		{ R TOP, false, "s above n" },
		{ ONE S, false, "r is one" },
		{ R ONE, false, "s is one" },
		{ "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550" S, false, "r is n - 1" },
	};
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	const struct tw_slice message = TW_SLICE("sample");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		uint8_t signature[TW_SIGNATURE_SIZE];
		CHECK_OK(tw_parse_hex(tw_slice_of(rows[i].hex), signature, sizeof signature));
		tw_err e = tw_key_verify(k, &message, 1, signature);
		if (tw_failed(e) == rows[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_UNTRUSTED)))
			fail_msg("%s: %s", rows[i].what, tw_code_name(e.code));
	}
}

static void test_digest_signature_is_der(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	uint8_t digest[32] = { 1 }, der[80];
	size_t size = 0;
	CHECK_OK(tw_key_sign_digest_der(k, digest, der, sizeof der, &size));
	CHECK(size >= 68 && size <= 72 && der[0] == 0x30 && der[1] == size - 2);
	CHECK_ERR(tw_key_sign_digest_der(k, digest, der, 8, &size), LIMIT);
}

static void test_save_and_load(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	TW_CLEANUP(tw_key_freep) tw_key *public = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 };
	tw_buf_init(&pem, sys, 4096);
	tw_buf_init(&spki, sys, 256);
	CHECK_OK(tw_key_save(k, &pem));
	CHECK_TEXT(tw_buf_cstr(&pem), KEY);
	CHECK_OK(tw_key_spki(k, &spki));
	CHECK_OK(tw_key_load_public(sys, tw_buf_slice(&spki), &public));
	tw_buf_clear(&pem);
	CHECK_ERR(tw_key_save(public, &pem), CRYPTO);
	CHECK_ERR(tw_key_sign(public, NULL, 0, (uint8_t[TW_SIGNATURE_SIZE]){ 0 }), CRYPTO);
}

static void test_private_refusals(void **state)
{
	char text[600];
	tw_key *k = NULL;
	static const struct {
		const char *pem;
		enum tw_code code;
	} rows[] = {
		{ "", TW_CODE_SYNTAX },
		{ "0", TW_CODE_UNSUPPORTED },
		{ "-----BEGIN PRIVATE KEY-----\n", TW_CODE_SYNTAX },
		{ "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", TW_CODE_UNSUPPORTED },
		{ "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n", TW_CODE_UNSUPPORTED },
		{ "-----BEGIN PRIVATE KEY-----\n????\n-----END PRIVATE KEY-----\n", TW_CODE_SYNTAX },
		{ "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIMmvqdhFunUW\n-----END EC PRIVATE KEY-----\n", TW_CODE_SYNTAX },
		{ P384, TW_CODE_UNSUPPORTED },
		{ EXPLICIT, TW_CODE_UNSUPPORTED },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = tw_key_load(sys, tw_slice_of(rows[i].pem), &k);
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_err_detail());
	}
	CHECK_ERR(tw_key_load(sys, (struct tw_slice){ NULL, 0 }, &k), SYNTAX);
	(void)snprintf(text, sizeof text, "%sx", KEY);
	CHECK_ERR(tw_key_load(sys, tw_slice_of(text), &k), SYNTAX);
	(void)snprintf(text, sizeof text, "%s%s", KEY, KEY);
	CHECK_ERR(tw_key_load(sys, tw_slice_of(text), &k), SYNTAX);
	(void)snprintf(text, sizeof text, "%s", KEY);
	text[sizeof "-----BEGIN PRIVATE KEY-----\n" + 60] ^= 1; /* in the private scalar */
	CHECK_ERR(tw_key_load(sys, tw_slice_of(text), &k), UNTRUSTED);
}

static void test_public_refusals(void **state)
{
	uint8_t spki[92];
	tw_key *k = NULL;
	CHECK_OK(tw_parse_hex(tw_slice_of(SPKI), spki, 91));
	for (size_t i = 0; i < 91; i++) {
		spki[i] ^= 0x01;
		tw_err e = tw_key_load_public(sys, (struct tw_slice){ (char *)spki, 91 }, &k);
		if (!tw_is(e, TW_CODE_UNSUPPORTED) && !tw_is(e, TW_CODE_UNTRUSTED))
			fail_msg("byte %zu: %s", i, tw_code_name(e.code));
		spki[i] ^= 0x01;
	}
	spki[91] = 0;
	CHECK_ERR(tw_key_load_public(sys, (struct tw_slice){ (char *)spki, 92 }, &k), UNSUPPORTED);
	CHECK_ERR(tw_key_load_public(sys, (struct tw_slice){ (char *)spki, 90 }, &k), UNSUPPORTED);
	CHECK_ERR(tw_key_load_public(sys, (struct tw_slice){ NULL, 0 }, &k), UNSUPPORTED);
	spki[26] = 0x07; /* the same point in the hybrid form, which OpenSSL takes: another spelling, so another fingerprint */
	CHECK_ERR(tw_key_load_public(sys, (struct tw_slice){ (char *)spki, 91 }, &k), UNSUPPORTED);
	spki[26] = 0x04;
	memset(spki + 27, 0, 64);
	CHECK_ERR(tw_key_load_public(sys, (struct tw_slice){ (char *)spki, 91 }, &k), UNTRUSTED);
}

static tw_err make_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	return tw_key_generate(s, &k);
}

static tw_err load_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };
	tw_buf_init(&pem, s, 4096);
	TW_TRY(tw_key_load(s, TW_SLICE(KEY), &k));
	return tw_key_save(k, &pem);
}

static tw_err sign_one(const struct tw_sys *s, void *user)
{
	const struct tw_slice message = TW_SLICE("sample");
	uint8_t signature[TW_SIGNATURE_SIZE];
	TW_TRY(tw_key_sign(user, &message, 1, signature));
	return tw_key_verify(user, &message, 1, signature);
}

static tw_err load_public_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf spki = { 0 };
	tw_buf_init(&spki, s, 256);
	TW_TRY(tw_key_spki(user, &spki));
	return tw_key_load_public(s, tw_buf_slice(&spki), &k);
}

static void test_out_of_memory(void **state)
{
	tw_err (*const bodies[])(const struct tw_sys *s, void *user) = { make_one, load_one, sign_one, load_public_one };
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	for (size_t i = 0; i < TW_COUNT(bodies); i++)
		print_message("# body %zu: %ld calls\n", i, oom_sweep(bodies[i], k));
}

static void key_der(struct tw_buf *ret)
{
	tw_buf_init(ret, sys, 4097);
	CHECK_OK(tw_pem_or_der("PRIVATE KEY", TW_SLICE(KEY), ret));
}

/* Every byte around the two halves is fixed, the scalar has its range, and the halves have to fit. */
static void test_private_der(void **state)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf der = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	tw_key *none = NULL;
	key_der(&der);
	const size_t scalar = 36, middle = scalar + 32, point = middle + 5;
	CHECK_INT(der.size, point + 65);
	CHECK_OK(tw_key_load(sys, tw_buf_slice(&der), &k));
	for (size_t i = 1; i < der.size; i++) {
		der.data[i] ^= 1;
		tw_err e = tw_key_load(sys, tw_buf_slice(&der), &none);
		bool fixed = i < scalar || (i >= middle && i <= point);
		if (!tw_is(e, fixed ? TW_CODE_UNSUPPORTED : TW_CODE_UNTRUSTED))
			fail_msg("byte %zu: %s", i, tw_code_name(e.code));
		der.data[i] ^= 1;
	}
	CHECK_ERR(tw_key_load(sys, (struct tw_slice){ der.data, der.size - 1 }, &none), UNSUPPORTED);
	CHECK_OK(tw_buf_u8(&der, 0));
	CHECK_ERR(tw_key_load(sys, tw_buf_slice(&der), &none), UNSUPPORTED);
	der.size--;
	CHECK_OK(tw_parse_hex(TW_SLICE(ZERO), der.data + scalar, 32));
	CHECK_ERR(tw_key_load(sys, tw_buf_slice(&der), &none), UNSUPPORTED);
	CHECK_OK(tw_parse_hex(TW_SLICE(N), der.data + scalar, 32));
	CHECK_ERR(tw_key_load(sys, tw_buf_slice(&der), &none), UNSUPPORTED);
	der.data[scalar + 31]--; /* n - 1 is a scalar, of another point */
	CHECK_ERR(tw_key_load(sys, tw_buf_slice(&der), &none), UNTRUSTED);
	CHECK(none == NULL);
}

/* Comments may stand before a key, up to a limit; line ends of any kind do not matter, other bytes do. */
static void test_key_files(void **state)
{
	static char text[4097];
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	tw_key *none = NULL;
	const size_t size = strlen(KEY), comment = 4096 - size;
	memset(text, '#', sizeof text);
	text[comment - 1] = '\n';
	lay_text(text + comment, KEY);
	CHECK_OK(tw_key_load(sys, (struct tw_slice){ text, 4096 }, &k));
	text[4096] = '\n';
	CHECK_ERR(tw_key_load(sys, (struct tw_slice){ text, 4097 }, &none), LIMIT);
	CHECK(strstr(tw_err_detail(), "a private key of 4097 bytes"));
	text[4095] = '\r'; /* what follows the last line */
	k = tw_key_free(k);
	CHECK_OK(tw_key_load(sys, (struct tw_slice){ text, 4096 }, &k));
	text[4095] = ' ';
	CHECK_ERR(tw_key_load(sys, (struct tw_slice){ text, 4096 }, &none), SYNTAX);
	text[4095] = '\n';
	text[comment + 28 + 64] = '\r'; /* the end of the first line of the body */
	k = tw_key_free(k);
	CHECK_OK(tw_key_load(sys, (struct tw_slice){ text, 4096 }, &k));
	CHECK(none == NULL);
}

/* Numbers with zero bytes in front are written shorter in DER; they come once in 256 signatures each. */
static void test_short_numbers(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	const struct tw_slice message = TW_SLICE("sample");
	uint8_t signature[TW_SIGNATURE_SIZE];
	bool short_r = false, short_s = false;
	for (int i = 0; i < 20000 && !(short_r && short_s); i++) {
		CHECK_OK(tw_key_sign(k, &message, 1, signature));
		if (signature[0] != 0 && signature[32] != 0)
			continue;
		CHECK_OK(tw_key_verify(k, &message, 1, signature));
		short_r |= signature[0] == 0;
		short_s |= signature[32] == 0;
	}
	CHECK(short_r && short_s);
}

/* The private half in raw bytes, and in the text of its file: neither is in what loading, signing and saving give back. */
static void test_nothing_is_left_behind(void **state)
{
	static const char line[] = "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg";
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 }, der = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	uint8_t scalar[32], digest[32] = { 1 }, signature[TW_SIGNATURE_SIZE];
	key_der(&der);
	memcpy(scalar, der.data + 36, sizeof scalar);
	tw_buf_init(&pem, sys, 4096);
	CHECK_OK(tw_key_load(sys, TW_SLICE(KEY), &k)); /* what OpenSSL keeps is there now */
	CHECK_OK(tw_key_save(k, &pem));
	CHECK(!spill_on_stack(scalar, sizeof scalar));
	CHECK_OK(tw_key_save(k, &pem));
	CHECK(!spill_on_stack(line, sizeof line - 1));
	spill_watch(scalar, sizeof scalar);
	k = tw_key_free(k);
	CHECK_OK(tw_key_load(sys, TW_SLICE(KEY), &k));
	CHECK_OK(tw_key_sign_digest(k, digest, signature));
	CHECK_OK(tw_key_save(k, &pem));
	k = tw_key_free(k);
	CHECK_INT(spill_seen(), 0);
	spill_watch(line, sizeof line - 1);
	CHECK_OK(tw_key_load(sys, TW_SLICE(KEY), &k));
	CHECK_INT(spill_seen(), 0);
}

/* DER of a signature has one spelling. */
static void test_signatures_in_der(void **state)
{
	static const struct {
		const char *hex;
		bool good;
		const char *what;
	} rows[] = {
		{ "3006020101020101", true, "one and one" },
		{ "30080202008002020080", true, "128 and 128" },
		{ "300702020001020101", false, "a needless zero" },
		{ "3006020101020181", false, "s is negative" },
		{ "3006020181020101", false, "r is negative" },
		{ "300602010102010100", false, "a byte follows" },
		{ "30060201010201", false, "cut" },
		{ "308106020101020101", false, "a long form of the length" },
		{ "", false, "nothing" },
		{ "3026022101" ZERO "020101", false, "r has 33 bytes" },
		{ "3026020101022101" ZERO, false, "s has 33 bytes" },
		{ "3026020101022100" TOP, true, "s has 32 bytes, and the top bit" },
	};
	uint8_t der[80], raw[TW_SIGNATURE_SIZE];
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		size_t size = strlen(rows[i].hex) / 2;
		memset(raw, 0xee, sizeof raw);
		CHECK_OK(tw_parse_hex((struct tw_slice){ rows[i].hex, size * 2 }, der, size));
		tw_err e = tw_signature_of_der((struct tw_slice){ (char *)der, size }, raw);
		if (rows[i].good ? tw_failed(e) || raw[0] || raw[31] == 0 || raw[63] == 0 : !tw_is(e, TW_CODE_SYNTAX) || raw[0] != 0xee)
			fail_msg("%s: %s", rows[i].what, tw_code_name(e.code));
	}
	/* Nothing is read past what a signature may have. */
	static const char large[73] = { 0x30, 0x47 };
	CHECK_ERR(tw_signature_of_der((struct tw_slice){ large, SIZE_MAX }, raw), SYNTAX);
	CHECK_ERR(tw_signature_of_der((struct tw_slice){ large, 73 }, raw), SYNTAX);
}

struct made {
	tw_key *key;
	uint8_t signature[TW_SIGNATURE_SIZE], der[72];
	size_t der_size;
	struct tw_buf pem;
};

static tw_err make_to_keep(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	return tw_key_generate(s, &m->key);
}

static tw_err load_to_keep(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	return tw_key_load(s, TW_SLICE(KEY), &m->key);
}

static tw_err load_public_to_keep(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	uint8_t spki[91];
	TW_TRY(tw_parse_hex(tw_slice_of(SPKI), spki, sizeof spki));
	return tw_key_load_public(s, (struct tw_slice){ (char *)spki, sizeof spki }, &m->key);
}

static void judge_pair(void *user)
{
	struct made *m = user;
	const struct tw_slice message = TW_SLICE("sample");
	uint8_t signature[TW_SIGNATURE_SIZE];
	CHECK_OK(tw_key_sign(m->key, &message, 1, signature));
	TW_CLEANUP(tw_key_freep) tw_key *public = NULL;
	CHECK_OK(tw_key_of_point(sys, m->key->point, &public));
	CHECK_OK(tw_key_verify(public, &message, 1, signature));
	m->key = tw_key_free(m->key);
}

static void judge_public(void *user)
{
	struct made *m = user;
	const struct tw_slice message = TW_SLICE("sample");
	uint8_t signature[TW_SIGNATURE_SIZE];
	CHECK_OK(tw_parse_hex(TW_SLICE(R S), signature, sizeof signature));
	CHECK_OK(tw_key_verify(m->key, &message, 1, signature));
	m->key = tw_key_free(m->key);
}

static tw_err sign_to_keep(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	const struct tw_slice message = TW_SLICE("sample");
	uint8_t digest[32];
	TW_TRY(tw_sha256("sample", 6, digest));
	TW_TRY(tw_key_sign_digest_der(m->key, digest, m->der, sizeof m->der, &m->der_size));
	return tw_key_sign(m->key, &message, 1, m->signature);
}

static void judge_signatures(void *user)
{
	struct made *m = user;
	const struct tw_slice message = TW_SLICE("sample");
	uint8_t raw[TW_SIGNATURE_SIZE];
	CHECK_OK(tw_key_verify(m->key, &message, 1, m->signature));
	CHECK_OK(tw_signature_of_der((struct tw_slice){ (char *)m->der, m->der_size }, raw));
	CHECK_OK(tw_key_verify(m->key, &message, 1, raw));
}

static tw_err verify_to_judge(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	const struct tw_slice message = TW_SLICE("other");
	tw_err e = tw_key_verify(m->key, &message, 1, m->signature);
	CHECK(tw_failed(e)); /* whatever fails on the way, it is never good */
	return tw_is(e, TW_CODE_UNTRUSTED) ? TW_OK : e;
}

static tw_err read_der_to_keep(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	return tw_signature_of_der((struct tw_slice){ (char *)m->der, m->der_size }, m->signature);
}

static tw_err save_to_keep(const struct tw_sys *s, void *user)
{
	struct made *m = user;
	tw_buf_wipe(&m->pem);
	tw_buf_init(&m->pem, s, 4096);
	return tw_key_save(m->key, &m->pem);
}

static void judge_saved(void *user)
{
	struct made *m = user;
	CHECK_TEXT(tw_buf_cstr(&m->pem), KEY);
}

static void nothing_to_judge(void *user)
{
}

static void test_never_half_a_key(void **state)
{
	struct made m = { 0 };
	judged_sweep(make_to_keep, judge_pair, &m);
	judged_sweep(load_to_keep, judge_pair, &m);
	judged_sweep(load_public_to_keep, judge_public, &m);
	m.key = load();
	judged_sweep(sign_to_keep, judge_signatures, &m);
	judged_sweep(verify_to_judge, nothing_to_judge, &m);
	judged_sweep(read_der_to_keep, judge_signatures, &m);
	judged_sweep(save_to_keep, judge_saved, &m);
	tw_buf_wipe(&m.pem);
	m.key = tw_key_free(m.key);
}

/* OpenSSL got over a lack of memory a while ago: that is not why these are refused now. */
static void test_refusals_have_their_own_reason(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *public = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	uint8_t spki[91], raw[TW_SIGNATURE_SIZE], digest[32] = { 1 };
	size_t size;
	tw_key *none = NULL;
	char text[600];
	CHECK_OK(tw_parse_hex(tw_slice_of(SPKI), spki, sizeof spki));
	CHECK_OK(tw_key_load_public(sys, (struct tw_slice){ (char *)spki, sizeof spki }, &public));
	memset(spki + 27, 0, 64);
	lack_memory_once();
	CHECK_ERR(tw_key_load_public(sys, (struct tw_slice){ (char *)spki, sizeof spki }, &none), UNTRUSTED);
	(void)snprintf(text, sizeof text, "%s", KEY);
	text[sizeof "-----BEGIN PRIVATE KEY-----\n" + 60] ^= 1; /* in the private scalar */
	lack_memory_once();
	CHECK_ERR(tw_key_load(sys, tw_slice_of(text), &none), UNTRUSTED);
	lack_memory_once();
	CHECK_ERR(tw_signature_of_der(TW_SLICE("0no"), raw), SYNTAX);
	lack_memory_once();
	CHECK_ERR(tw_key_sign_digest_der(public, digest, raw, sizeof raw, &size), CRYPTO);
	tw_buf_init(&b, sys, 4096);
	lack_memory_once();
	CHECK_ERR(tw_key_save(public, &b), CRYPTO);
	CHECK_OK(tw_parse_hex(TW_SLICE(R S), raw, sizeof raw));
	lack_memory_once();
	CHECK_ERR(tw_key_verify_digest(public, digest, raw), UNTRUSTED);
}

static void test_room_for_a_signature(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	uint8_t digest[32] = { 1 }, der[72];
	bool fitted = false, refused = false;
	for (int i = 0; i < 2000 && !(fitted && refused); i++) {
		size_t size = 1;
		memset(der, 0xee, sizeof der);
		tw_err e = tw_key_sign_digest_der(k, digest, der, 71, &size);
		fitted |= !tw_failed(e) && size == 71;
		if (tw_failed(e)) {
			CHECK(tw_is(e, TW_CODE_LIMIT) && size == 1 && der[0] == 0xee); /* nothing is handed out */
			refused = true;
		}
	}
	CHECK(fitted && refused);
}

/* A library that does without ECDSA says nothing of the key or the signature. */
static void test_without_the_algorithm(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	uint8_t digest[32] = { 1 }, signature[TW_SIGNATURE_SIZE], point[TW_POINT_SIZE];
	tw_key *none = NULL;
	CHECK_OK(tw_key_sign_digest(k, digest, signature));
	CHECK_OK(tw_key_point(k, point));
	CHECK_INT(EVP_set_default_properties(NULL, "provider=none"), 1);
	tw_err verified = tw_key_verify_digest(k, digest, signature), made = tw_key_of_point(sys, point, &none);
	CHECK_INT(EVP_set_default_properties(NULL, ""), 1);
	CHECK(tw_is(verified, TW_CODE_CRYPTO) && tw_is(made, TW_CODE_CRYPTO));
	CHECK_OK(tw_key_verify_digest(k, digest, signature));
}

/* Once in a process, so it is the last: from then on keys are where nobody looks, if this machine lets us lock so much. */
static void test_locked_keys(void **state)
{
	void *page = aligned_alloc(16384, 16384);
	bool may = page && mlock(page, 16384) == 0 && munlock(page, 16384) == 0;
	free(page);
	CHECK(tw_crypto_lock_keys() == may);
	CHECK(!tw_crypto_lock_keys());
	size_t before = CRYPTO_secure_used();
	TW_CLEANUP(tw_key_freep) tw_key *k = load();
	CHECK(k && CRYPTO_secure_used() > before);
}

CHECK_MAIN(cmocka_unit_test_setup(test_public_half, set_up), cmocka_unit_test_setup(test_sign_and_verify, set_up),
	cmocka_unit_test_setup(test_signature_vectors, set_up), cmocka_unit_test_setup(test_digest_signature_is_der, set_up),
	cmocka_unit_test_setup(test_save_and_load, set_up), cmocka_unit_test_setup(test_private_refusals, set_up),
	cmocka_unit_test_setup(test_public_refusals, set_up), cmocka_unit_test_setup(test_private_der, set_up),
	cmocka_unit_test_setup(test_key_files, set_up), cmocka_unit_test_setup(test_short_numbers, set_up),
	cmocka_unit_test_setup(test_room_for_a_signature, set_up), cmocka_unit_test_setup(test_nothing_is_left_behind, set_up),
	cmocka_unit_test_setup(test_signatures_in_der, set_up), cmocka_unit_test_setup(test_never_half_a_key, set_up),
	cmocka_unit_test_setup(test_refusals_have_their_own_reason, set_up), cmocka_unit_test_setup(test_out_of_memory, set_up),
	cmocka_unit_test_setup(test_without_the_algorithm, set_up), cmocka_unit_test_setup(test_locked_keys, set_up))

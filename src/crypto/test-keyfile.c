/* SPDX-License-Identifier: Apache-2.0 */
/* Keys under a passphrase: ours open again, OpenSSL's open, and nothing else does or takes long to refuse. */
#include "crypto/keyfile.h"

#include "crypto/hash.h"
#include "crypto/internal.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/asn1t.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static const struct tw_key_cost cheap = { 2, 1, 1 };
/* `openssl pkcs8 -topk8` of one key, under "correct horse": -scrypt -scrypt_N 16, then -v2prf hmacWithSHA256 -iter 1, then -v1. */
static const char SCRYPT[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
			     "MIHjME4GCSqGSIb3DQEFDTBBMCAGCSsGAQQB2kcECzATBAil1M2/zTjpYwIBEAIB\n"
			     "CAIBATAdBglghkgBZQMEASoEEHaS6urGMHqzAR0TTRCQ9LIEgZCMhcUkDkUyibdu\n"
			     "J6l7w/dZCs38AaOSlUdRMygaSSiLv3zgL8mdQyj9qbIwT20wYhWYB3bZwWKLGob5\n"
			     "dnbO1OiUipFZ7dsv/or0bKtz5RPg6SfnxzD8PIz6rRttS93bwziB4N2JDtYvN5hg\n"
			     "ddouXejzjpauC1HRezLiG1Bhyo+ZFtbkc/zf5RBTLs5eAjs6M5M=\n"
			     "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char PBKDF2[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
			     "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAhumibNd55wjAIBATAM\n"
			     "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQqQHckur73ua7So3+sth9rQSBkEUK\n"
			     "aghM+tK1tdxAbEyPVc4g05vE7kEaJg9D65DY1OktLU9DF2M6qn2j1WqpHWz4mKvE\n"
			     "y01gq1zWTSUrnRYBIy+eP7ZRy2lq9SkdMxLr17RUmlvQmkWV8W3BGNX1YsB8vwrG\n"
			     "jfK+8rj5AVDSaa1+4gMXaZFRCFk5njr4bTvQNp69RSeoq7Ou8+/mNRHtkjEvVA==\n"
			     "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char OLD[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
			  "MIGxMBwGCiqGSIb3DQEMAQMwDgQIkU2dI++EzvoCAggABIGQpg6U2uqvcGeiakjy\n"
			  "I9HXPSCvMZhZFFe9H6HKgcl1HIbx9qbM7okm/AjKQwTSvFThtkM0W+BFCvGYdbeJ\n"
			  "uh36y4p2T5CxondBZph5vWtInRXbliXi4WFg8xCOMtE9oZI5MWVVMFxe7LCFEoN9\n"
			  "7g8qDTR4WursNmGTInIWWgbLSXYLd8gZX4ZgVRczZ7TDhmCL\n"
			  "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char P384[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
			   "MIIBEzBOBgkqhkiG9w0BBQ0wQTAgBgkrBgEEAdpHBAswEwQInW6PybZBBjMCARAC\n"
			   "AQgCAQEwHQYJYIZIAWUDBAEqBBDrTMDWRPuu9Z/OOhZCcrinBIHA2/qhBVlp71f4\n"
			   "AyjY2IoGaBdZjlxK/NREOpCFTaNuUiMMpYpxtwzxUwxPQVBUYQJfLCGapZodP2VA\n"
			   "BWhuhYMqU4INe4FWUCivPpol+/uQ+NKYQxBTVx0Tx9w3ZJGLRwKWVhLYJChrqjQU\n"
			   "tCTp5aNUAVNXzTOdZrmdWZJWRJv8CF0HWTYW6KDWLB//SrtrR55fVPRKZt339cll\n"
			   "drXpYLgwLixzXKHZBpFgOwX+DI+qFQ8hhL5NkX/Ec4DNMRHeQ6Og\n"
			   "-----END ENCRYPTED PRIVATE KEY-----\n"; /* -scrypt -scrypt_N 16 */
static const char SLOW[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
			   "MIHuMFkGCSqGSIb3DQEFDTBMMCsGCSqGSIb3DQEFDDAeBAg+hP/TCibnRAIEBfXg\n"
			   "/zAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQsKJa/avKZm944J7Fi9SkvwSB\n"
			   "kKjNPAGuJ87kz9wKPtRU7ZE4u2Fhts3tpkd5aL1/HtdnDJYkZYP9368HHpTrs7vO\n"
			   "nHdRMF170EHzXg3halgXzx+vjArYMulftaMieamI/K5Pz2KlWCbsCQZeOEBMzlBC\n"
			   "DjqvNYpaRVdZnirIdn58OXAIVMO2zbRmso1ikoLPb6KTIjz72MKxXDy66Nik9co2\n"
			   "pQ==\n"
			   "-----END ENCRYPTED PRIVATE KEY-----\n"; /* PBKDF2 with 99,999,999 iterations */
static const char DEEP[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
			   "MIHlMFAGCSqGSIb3DQEFDTBDMCIGCSsGAQQB2kcECzAVBAgpCszxln8PzgICAIAC\n"
			   "AQgCAkAQMB0GCWCGSAFlAwQBKgQQ6DbzkZV3mxZxJqh2evO1+QSBkFzK9ZQwoHwA\n"
			   "mXn2G7isipeS1OQgpZmBF6Gg97KzOaDkbqLtzxoEaTMl5nYZjAEb1p6qehBNNJ0N\n"
			   "Qvp2FgPY6sEWVSlIv/S9RF4tLWURIuYwC4TcNHWV0/1EQCPQdcBVQxIYUePU0Lp7\n"
			   "LAMX+DqJSMKjlC0Y6PU/wMvf/a33/kKK6Y9EtSnEiESDzBYMHrtjsQ==\n"
			   "-----END ENCRYPTED PRIVATE KEY-----\n"; /* scrypt with n 128, p 16,400 */

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

static tw_err open_key(const char *pem, const char *passphrase)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;

	return tw_key_unprotect(sys, tw_slice_of(pem), tw_slice_of(passphrase), &k);
}

static void test_ours(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL, *again = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, other = { 0 };
	uint8_t want[32], got[32];

	tw_buf_init(&pem, sys, 4096);
	tw_buf_init(&other, sys, 4096);
	CHECK_OK(tw_key_generate(sys, &k));
	CHECK_OK(tw_key_protect(k, TW_SLICE("correct horse"), &tw_key_cost, &pem));
	CHECK_OK(tw_key_protect(k, TW_SLICE("correct horse"), &cheap, &other));
	CHECK(strcmp(tw_buf_cstr(&pem), tw_buf_cstr(&other)) != 0);
	CHECK(tw_key_is_protected(tw_buf_slice(&pem)));
	CHECK_OK(tw_key_unprotect(sys, tw_buf_slice(&pem), TW_SLICE("correct horse"), &again));
	CHECK_OK(tw_key_fingerprint(k, want));
	CHECK_OK(tw_key_fingerprint(again, got));
	CHECK_BYTES(got, want, 32);
	CHECK_ERR(open_key(tw_buf_cstr(&pem), "correct horsf"), UNTRUSTED);
	CHECK_ERR(open_key(tw_buf_cstr(&pem), ""), UNTRUSTED);
}

/* The padding fits one wrong passphrase in 256: among so many, some must be told by what comes out. */
static void test_wrong_passphrases(void **state)
{
	char passphrase[32];

	for (int i = 0; i < 2000; i++) {
		(void)snprintf(passphrase, sizeof passphrase, "wrong %d", i);
		CHECK_ERR(open_key(SCRYPT, passphrase), UNTRUSTED);
	}
}

static void test_openssls(void **state)
{
	CHECK_OK(open_key(SCRYPT, "correct horse"));
	CHECK_OK(open_key(PBKDF2, "correct horse"));
	CHECK_ERR(open_key(PBKDF2, "correct"), UNTRUSTED);
	CHECK_ERR(open_key(OLD, "correct horse"), UNSUPPORTED);
	CHECK_ERR(open_key(P384, "correct horse"), UNSUPPORTED);
	CHECK_ERR(open_key(SLOW, "correct horse"), LIMIT);
	CHECK_ERR(open_key(DEEP, "correct horse"), LIMIT);
}

static void test_form(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_key *none = NULL;

	tw_buf_init(&b, sys, 8192);
	CHECK(!tw_key_is_protected(TW_SLICE("-----BEGIN PRIVATE KEY-----\n")) && !tw_key_is_protected((struct tw_slice){ 0 }));
	CHECK_ERR(open_key("", "correct horse"), SYNTAX);
	CHECK_ERR(open_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n", "correct horse"), SYNTAX);
	CHECK_ERR(open_key("-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n", "correct horse"), SYNTAX);
	CHECK_OK(tw_buf_format(&b, "%sx", SCRYPT));
	CHECK_ERR(open_key(tw_buf_cstr(&b), "correct horse"), SYNTAX);
	tw_buf_clear(&b);
	for (int i = 0; i < 100; i++)
		CHECK_OK(tw_buf_text(&b, "# a comment that is much too long for one\n"));
	CHECK_OK(tw_buf_text(&b, SCRYPT));
	CHECK_ERR(open_key(tw_buf_cstr(&b), "correct horse"), LIMIT);
	CHECK_ERR(open_key(tw_buf_cstr(&b) + b.size - 4097, "correct horse"), LIMIT);
	CHECK_OK(open_key(tw_buf_cstr(&b) + b.size - 4096, "correct horse"));
	tw_buf_clear(&b);
	for (int i = 0; i < TW_PASSPHRASE_MAX; i++)
		CHECK_OK(tw_buf_u8(&b, 'a'));
	CHECK_ERR(open_key(SCRYPT, tw_buf_cstr(&b)), UNTRUSTED);
	CHECK_OK(tw_buf_u8(&b, 'a'));
	CHECK_ERR(open_key(SCRYPT, tw_buf_cstr(&b)), LIMIT);
	tw_buf_clear(&b);
	CHECK_OK(tw_pem_or_der("ENCRYPTED PRIVATE KEY", tw_slice_of(SCRYPT), &b));
	CHECK_OK(tw_buf_u8(&b, 0));
	CHECK_ERR(tw_key_unprotect(sys, tw_buf_slice(&b), TW_SLICE("correct horse"), &none), SYNTAX);
}

/* The file of SCRYPT or PBKDF2, with its costs changed: 0 for the number that PBKDF2 has not. */
static tw_err at_cost(const char *pem, uint64_t n, uint64_t r, uint64_t p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	X509_ALGOR *algorithm = NULL;
	uint8_t *bytes = NULL;

	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_pem_or_der("ENCRYPTED PRIVATE KEY", tw_slice_of(pem), &der));
	const uint8_t *at = (const uint8_t *)der.data;
	X509_SIG *s = d2i_X509_SIG(NULL, &at, (long)der.size);
	CHECK(s);
	X509_SIG_getm(s, &algorithm, NULL);
	PBE2PARAM *scheme = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
	CHECK(scheme);
	if (pem == SCRYPT) {
		SCRYPT_PARAMS *of = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), scheme->keyfunc->parameter);
		CHECK(of && ASN1_INTEGER_set_uint64(of->costParameter, n) && ASN1_INTEGER_set_uint64(of->blockSize, r) &&
			ASN1_INTEGER_set_uint64(of->parallelizationParameter, p));
		CHECK(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), of, &scheme->keyfunc->parameter) != NULL);
		SCRYPT_PARAMS_free(of);
	} else {
		PBKDF2PARAM *of = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), scheme->keyfunc->parameter);
		CHECK(of && ASN1_INTEGER_set_uint64(of->iter, n) && X509_ALGOR_set0(of->prf, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL));
		CHECK(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), of, &scheme->keyfunc->parameter) != NULL);
		PBKDF2PARAM_free(of);
	}
	CHECK(ASN1_TYPE_pack_sequence(ASN1_ITEM_rptr(PBE2PARAM), scheme, &algorithm->parameter) != NULL);
	PBE2PARAM_free(scheme);
	int size = i2d_X509_SIG(s, &bytes);
	X509_SIG_free(s);
	CHECK(size > 0);
	tw_err e = tw_key_unprotect(sys, (struct tw_slice){ (char *)bytes, (size_t)size }, TW_SLICE("correct horse"), &k);
	OPENSSL_free(bytes);
	return e;
}

/* What the file asks for is counted before it is computed. OpenSSL refuses n = 1 and a digest as PBKDF2's function at once, so the
   dearest that is let through to it costs nothing here. */
static void test_costs(void **state)
{
	static const struct {
		uint64_t n, r, p;
		enum tw_code code;
	} scrypt[] = { { 16, 8, 1, TW_CODE_OK }, { 0, 8, 1, TW_CODE_SYNTAX }, { 16, 0, 1, TW_CODE_SYNTAX },
		{ 16, 8, 0, TW_CODE_SYNTAX }, { 1, 4096, 4096, TW_CODE_UNTRUSTED }, { 1, 257, 65281, TW_CODE_LIMIT }, /* 2^24, and one more */
		{ UINT64_C(1) << 63, 2, 1, TW_CODE_LIMIT }, { UINT64_C(1) << 62, 1, 4, TW_CODE_LIMIT } };
	static const struct {
		uint64_t iterations;
		enum tw_code code;
	} pbkdf2[] = { { 0, TW_CODE_SYNTAX }, { 1, TW_CODE_UNTRUSTED }, { 10000000, TW_CODE_UNTRUSTED }, { 10000001, TW_CODE_LIMIT } };

	for (size_t i = 0; i < TW_COUNT(scrypt); i++) {
		tw_err e = at_cost(SCRYPT, scrypt[i].n, scrypt[i].r, scrypt[i].p);
		if (e.code != scrypt[i].code)
			fail_msg("scrypt %zu: %s", i, tw_failed(e) ? tw_err_detail() : "opened");
	}
	for (size_t i = 0; i < TW_COUNT(pbkdf2); i++) {
		tw_err e = at_cost(PBKDF2, pbkdf2[i].iterations, 0, 0);
		if (e.code != pbkdf2[i].code)
			fail_msg("PBKDF2 %zu: %s", i, tw_failed(e) ? tw_err_detail() : "opened");
	}
}

/* Whatever byte is changed: refused, or still the same key (the last bits of the last character say nothing). */
static int refused_when_changed(const char *of)
{
	char pem[sizeof SLOW];
	uint8_t want[32], got[32];
	TW_CLEANUP(tw_key_freep) tw_key *whole = NULL;
	int refused = 0;

	CHECK_OK(tw_key_unprotect(sys, tw_slice_of(of), TW_SLICE("correct horse"), &whole));
	CHECK_OK(tw_key_fingerprint(whole, want));
	for (size_t i = 38; i < strlen(of) - 39; i++) {
		(void)snprintf(pem, sizeof pem, "%s", of);
		pem[i] = pem[i] == 'A' ? 'B' : 'A';
		TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
		tw_err e = tw_key_unprotect(sys, tw_slice_of(pem), TW_SLICE("correct horse"), &k);

		if (tw_failed(e)) {
			refused++;
			continue;
		}
		CHECK_OK(tw_key_fingerprint(k, got));
		CHECK_BYTES(got, want, 32);
	}
	return refused;
}

static void test_changed(void **state)
{
	CHECK(refused_when_changed(SCRYPT) > 280);
	CHECK(refused_when_changed(PBKDF2) > 280);
}

/* A file in DER of that algorithm and content. */
static tw_err open_made(X509_ALGOR *algorithm, const uint8_t *content, int size)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	X509_SIG *s = X509_SIG_new();
	X509_ALGOR *to = NULL;
	ASN1_OCTET_STRING *inside = NULL;
	uint8_t *der = NULL;

	X509_SIG_getm(s, &to, &inside);
	CHECK(X509_ALGOR_copy(to, algorithm) == 1 && ASN1_OCTET_STRING_set(inside, content, size) == 1);
	int n = i2d_X509_SIG(s, &der);
	tw_err e = tw_key_unprotect(sys, (struct tw_slice){ (char *)der, (size_t)n }, TW_SLICE("correct horse"), &k);
	OPENSSL_free(der);
	X509_SIG_free(s);
	return e;
}

/* What is in the file is a key only if it has the form of one, in DER: else the passphrase was another. */
static void test_what_comes_out(void **state)
{
	static const struct {
		uint8_t first, second, third;
		int size;
		enum tw_code code;
	} rows[] = { { 0x30, 0x81, 0x7d, 128, TW_CODE_UNSUPPORTED }, { 0x30, 0x81, 0x7c, 127, TW_CODE_UNTRUSTED },
		{ 0x31, 0x81, 0x7d, 128, TW_CODE_UNTRUSTED }, { 0x30, 0x82, 0x7d, 128, TW_CODE_UNTRUSTED },
		{ 0x30, 0x81, 0x7e, 128, TW_CODE_UNTRUSTED }, { '-', '-', '-', 0, TW_CODE_UNTRUSTED } };
	uint8_t salt[32] = { 1 };
	X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, 16, salt + 16, 2, 1, 1);
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, sys, 4096);
	CHECK_OK(tw_key_generate(sys, &k));
	CHECK_OK(tw_key_save(k, &pem));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		uint8_t plain[128] = { rows[i].first, rows[i].second, rows[i].third }, *content = NULL;
		const uint8_t *from = rows[i].size ? plain : (const uint8_t *)pem.data; /* a key, in PEM */
		int size = rows[i].size ? rows[i].size : (int)pem.size;

		CHECK(PKCS12_pbe_crypt(algorithm, "correct horse", 13, from, size, &content, &size, 1) != NULL);
		tw_err e = open_made(algorithm, content, size);
		OPENSSL_free(content);
		if (e.code != rows[i].code)
			fail_msg("content %zu: %s", i, tw_failed(e) ? tw_err_detail() : "opened");
	}
	/* PBES2 with parameters that are none. */
	CHECK_INT(X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_pbes2), V_ASN1_NULL, NULL), 1);
	CHECK_ERR(open_made(algorithm, salt, 32), UNSUPPORTED);
	X509_ALGOR_free(algorithm);
}

static tw_err round_trip(const struct tw_sys *seam, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL, *again = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, seam, 4096);
	TW_TRY(tw_key_generate(seam, &k));
	TW_TRY(tw_key_protect(k, TW_SLICE("correct horse"), &cheap, &pem));
	return tw_key_unprotect(seam, tw_buf_slice(&pem), TW_SLICE("correct horse"), &again);
}

static void test_oom(void **state)
{
	oom_sweep(round_trip, NULL);
}

CHECK_MAIN_IN(set_up, NULL, cmocka_unit_test(test_ours), cmocka_unit_test(test_wrong_passphrases), cmocka_unit_test(test_openssls),
	cmocka_unit_test(test_form), cmocka_unit_test(test_costs), cmocka_unit_test(test_changed),
	cmocka_unit_test(test_what_comes_out), cmocka_unit_test(test_oom))

/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include "base/text.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW 1790000000000 /* 2026-09-21 */
#define DAY (24 * 3600 * 1000LL)

static const struct tw_sys *sys;
static tw_key *ca_key, *device_key;
static tw_cert *ca, *device;

static const struct tw_cert_want ca_want = {
	.common_name = "Maker CA", .organization = "Maker \xc3\xa4", .is_ca = true, .not_before_ms = NOW - DAY
};
static const struct tw_cert_want device_want = { .common_name = "T-1 0001",
	.organization = "Maker",
	.serial_number = "0001",
	.uri = "urn:dev:ops:32473-T.1-0001",
	.is_client = true,
	.not_before_ms = NOW - DAY };

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &device_key));
	CHECK_OK(tw_cert_make(sys, &ca_want, ca_key, NULL, ca_key, &ca));
	CHECK_OK(tw_cert_make(sys, &device_want, device_key, ca, ca_key, &device));
	return 0;
}

static int tear_down(void **state)
{
	ca = tw_cert_free(ca);
	device = tw_cert_free(device);
	ca_key = tw_key_free(ca_key);
	device_key = tw_key_free(device_key);
	return 0;
}

static void test_device_certificate(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	uint8_t of_cert[32], of_key[32];
	X509 *x = tw_cert_x509(device);
	tw_buf_init(&b, sys, 1024);
	CHECK_OK(tw_cert_uri(device, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "urn:dev:ops:32473-T.1-0001");
	tw_buf_clear(&b);
	CHECK_OK(tw_cert_name(device, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "T-1 0001");
	CHECK_OK(tw_cert_fingerprint(device, of_cert));
	CHECK_OK(tw_key_fingerprint(device_key, of_key));
	CHECK_BYTES(of_cert, of_key, 32);
	CHECK_INT(tw_cert_not_after_ms(device), 253402300799000); /* 9999-12-31T23:59:59Z */
	CHECK(!tw_cert_is_ca(device) && tw_cert_is_ca(ca));
	CHECK_INT(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	CHECK_INT(X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	CHECK_INT(X509_get_key_usage(tw_cert_x509(ca)), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	CHECK_INT(X509_get_pathlen(tw_cert_x509(ca)), 0);
	CHECK_INT(ASN1_STRING_length(X509_get_serialNumber(x)), 16);
	CHECK(X509_get0_subject_key_id(x) && X509_get0_authority_key_id(x));
	CHECK_INT(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(tw_cert_x509(ca))), 0);
	CHECK_INT(X509_check_purpose(x, X509_PURPOSE_SSL_CLIENT, 0), 1);
	CHECK_INT(X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0), 0);
	CHECK_INT(X509_check_ca(tw_cert_x509(ca)), 1);
}

/* DER has one TRUE, and OpenSSL does not mind another: stricter readers do. */
static void test_true_is_der(void **state)
{
	static const uint8_t constraints[] = { 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00 }, critical[] = { 0x01, 0x01, 0xff };
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_cert_der(ca, &der));
	CHECK(memmem(der.data, der.size, constraints, sizeof constraints) != NULL);
	CHECK(memmem(der.data, der.size, critical, sizeof critical) != NULL);
}

/* OpenSSL's own path validation agrees with ours, at its strictest. */
static void test_openssl_agrees(void **state)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	CHECK_INT(X509_STORE_add_cert(store, tw_cert_x509(ca)), 1);
	CHECK_INT(X509_STORE_CTX_init(c, store, tw_cert_x509(device), NULL), 1);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(c), X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(c), NOW / 1000);
	CHECK_INT(X509_verify_cert(c), 1);
	X509_STORE_CTX_free(c);
	X509_STORE_free(store);
}

static void test_verify(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *twin = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *other = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *brief = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *by_device = NULL;
	struct tw_cert_want want = device_want, elsewhere = ca_want;
	CHECK_OK(tw_key_generate(sys, &key));
	CHECK_OK(tw_cert_make(sys, &ca_want, key, NULL, key, &twin)); /* same name, other key */
	elsewhere.common_name = "Other CA";
	CHECK_OK(tw_cert_make(sys, &elsewhere, ca_key, NULL, ca_key, &other)); /* same key, other name */
	want.not_before_ms = NOW;
	want.not_after_ms = NOW + DAY;
	CHECK_OK(tw_cert_make(sys, &want, device_key, ca, ca_key, &brief));
	CHECK_OK(tw_cert_make(sys, &device_want, key, device, device_key, &by_device));
	CHECK_OK(tw_cert_verify(device, ca, NOW));
	CHECK_ERR(tw_cert_verify(device, twin, NOW), UNTRUSTED);
	CHECK_ERR(tw_cert_verify(device, other, NOW), UNTRUSTED);
	CHECK_ERR(tw_cert_verify(device, device, NOW), UNTRUSTED);
	CHECK_ERR(tw_cert_verify(by_device, device, NOW), UNTRUSTED);
	CHECK_ERR(tw_cert_verify(ca, ca, NOW), UNTRUSTED);
	CHECK_ERR(tw_cert_verify(device, ca, NOW - 2 * DAY), UNTRUSTED);
	CHECK_OK(tw_cert_verify(brief, ca, NOW));
	CHECK_ERR(tw_cert_verify(brief, ca, NOW - 1), UNTRUSTED);
	CHECK_OK(tw_cert_verify(brief, ca, NOW + DAY));
	CHECK_OK(tw_cert_verify(brief, ca, NOW + DAY + 999));
	CHECK_ERR(tw_cert_verify(brief, ca, NOW + DAY + 1000), UNTRUSTED);
}

static void test_pem_and_der(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf again = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	tw_buf_init(&der, sys, 4096);
	tw_buf_init(&pem, sys, 4096);
	tw_buf_init(&again, sys, 4096);
	CHECK_OK(tw_cert_der(device, &der));
	CHECK_OK(tw_cert_pem(device, &pem));
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509 *theirs = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	CHECK(theirs && X509_cmp(theirs, tw_cert_x509(device)) == 0);
	X509_free(theirs);
	BIO_free(bio);
	CHECK_OK(tw_cert_load(sys, tw_buf_slice(&pem), &c));
	CHECK_OK(tw_cert_der(c, &again));
	CHECK_INT(again.size, der.size);
	CHECK_BYTES(again.data, der.data, der.size);
	c = tw_cert_free(c);
	CHECK_OK(tw_cert_load(sys, tw_buf_slice(&der), &c));
	/* Every prefix and every added byte is refused. */
	for (size_t n = 0; n < der.size; n++) {
		tw_cert *none = NULL;
		CHECK_ERR(tw_cert_load(sys, (struct tw_slice){ der.data, n }, &none), SYNTAX);
	}
	tw_cert *none = NULL;
	CHECK_OK(tw_buf_u8(&der, 0));
	CHECK_ERR(tw_cert_load(sys, tw_buf_slice(&der), &none), SYNTAX);
	CHECK_OK(tw_cert_pem(device, &pem));
	CHECK_ERR(tw_cert_load(sys, tw_buf_slice(&pem), &none), SYNTAX);
}

/* A changed byte is refused when read, or when verified, or the certificate is another than the one its maker signed: never taken. */
static void test_every_byte(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_cert_der(device, &der));
	for (size_t i = 0; i < der.size; i++) {
		TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
		der.data[i] = (char)(der.data[i] ^ 0x20);
		tw_err e = tw_cert_load(sys, tw_buf_slice(&der), &c);
		if (!tw_failed(e) && !tw_failed(tw_cert_verify(c, ca, NOW)))
			fail_msg("byte %zu may be changed", i);
		der.data[i] = (char)(der.data[i] ^ 0x20);
	}
}

static void refuses_key(EVP_PKEY *key)
{
	tw_cert *c = NULL;
	X509 *x = X509_new();
	uint8_t *der = NULL;
	CHECK(key != NULL);
	CHECK_INT(X509_set_version(x, X509_VERSION_3), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 60);
	CHECK_INT(X509_set_pubkey(x, key), 1);
	CHECK(X509_sign(x, key, EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	CHECK_ERR(tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &c), UNSUPPORTED);
	OPENSSL_free(der);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void test_refuses_other_keys(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	uint8_t point[TW_POINT_SIZE];
	tw_cert *none = NULL;
	refuses_key(EVP_RSA_gen(2048));
	refuses_key(EVP_EC_gen("secp256k1")); /* as strong as ours */
	tw_buf_init(&der, sys, 4096);
	CHECK_OK(tw_cert_der(device, &der));
	CHECK_OK(tw_key_point(device_key, point));
	char *at = memmem(der.data, der.size, point, sizeof point);
	CHECK(at != NULL);
	at[TW_POINT_SIZE - 1] ^= 1; /* no point of the curve */
	CHECK_ERR(tw_cert_load(sys, tw_buf_slice(&der), &none), UNSUPPORTED);
}

/* OpenSSL reads any digits as a date, and only who asks for it learns that there is no such day. */
static void test_refuses_dates_that_are_none(void **state)
{
	for (int which = 0; which < 2; which++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
		TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
		static const char *const is[] = { "260920", "99991231" }, *const odd[] = { "261320", "99991331" };
		tw_buf_init(&der, sys, 4096);
		CHECK_OK(tw_cert_der(device, &der));
		char *at = memmem(der.data, der.size, is[which], strlen(is[which]));
		CHECK(at != NULL);
		memcpy(at, odd[which], strlen(odd[which]));
		CHECK_ERR(tw_cert_load(sys, tw_buf_slice(&der), &c), SYNTAX);
	}
}

/* A name, of the wrong length or with a NUL, or a critical extension nobody knows. */
static void test_refuses_forms(void **state)
{
	char long_name[70];
	struct tw_cert_want want = device_want;
	tw_cert *c = NULL;
	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	want.common_name = long_name;
	CHECK_ERR(tw_cert_make(sys, &want, device_key, ca, ca_key, &c), CRYPTO);
	X509 *x = X509_dup(tw_cert_x509(device));
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.4.1.32473.1", 1);
	X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, id, 1, value);
	CHECK_INT(X509_add_ext(x, ext, -1), 1);
	CHECK(X509_sign(x, tw_key_evp(ca_key), EVP_sha256()) > 0);
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	CHECK_ERR(tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &c), UNSUPPORTED);
	OPENSSL_free(der);
	X509_EXTENSION_free(ext);
	ASN1_OBJECT_free(id);
	ASN1_OCTET_STRING_free(value);
	X509_free(x);
}

/* A copy of a certificate, changed and signed anew by the CA's key. */
static tw_err changed(const tw_cert *of, void (*change)(X509 *x), const EVP_MD *hash, tw_cert **ret)
{
	X509 *x = X509_dup(tw_cert_x509(of));
	uint8_t *der = NULL;
	change(x);
	CHECK(X509_sign(x, tw_key_evp(ca_key), hash) > 0);
	int n = i2d_X509(x, &der);
	tw_err e = tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, ret);
	CHECK(tw_failed(e) == (*ret == NULL));
	OPENSSL_free(der);
	X509_free(x);
	return e;
}

static void nothing(X509 *x)
{
}

static void first_version(X509 *x)
{
	while (X509_get_ext_count(x) > 0)
		X509_EXTENSION_free(X509_delete_ext(x, 0));
	CHECK_INT(X509_set_version(x, X509_VERSION_1), 1);
}

static void only_signs(X509 *x)
{
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	CHECK_INT(ASN1_BIT_STRING_set_bit(bits, 0, 1), 1);
	CHECK_INT(X509_add1_ext_i2d(x, NID_key_usage, bits, 1, X509V3_ADD_REPLACE), 1);
	ASN1_BIT_STRING_free(bits);
}

static void no_authority(X509 *x)
{
	X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_basic_constraints, -1)));
}

static void two_lines(X509 *x)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	CHECK_INT(ASN1_STRING_set(value, "urn:a\nb", -1), 1);
	GENERAL_NAME_set0_value(n, GEN_URI, value);
	sk_GENERAL_NAME_push(names, n);
	CHECK_INT(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE), 1);
	GENERAL_NAMES_free(names);
}

static void add_name(GENERAL_NAMES *names, int type, const char *text)
{
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	CHECK_INT(ASN1_STRING_set(value, text, -1), 1);
	GENERAL_NAME_set0_value(n, type, value);
	CHECK(sk_GENERAL_NAME_push(names, n) > 0);
}

static void put_names(X509 *x, const char *dns, const char *first, const char *second)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	add_name(names, GEN_DNS, dns);
	if (first)
		add_name(names, GEN_URI, first);
	if (second)
		add_name(names, GEN_URI, second);
	CHECK_INT(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE), 1);
	GENERAL_NAMES_free(names);
}

static void only_dns(X509 *x)
{
	put_names(x, "a.example", NULL, NULL);
}

static void uris_after_dns(X509 *x)
{
	put_names(x, "a.example", "urn:first", "urn:second");
}

static void two_name_extensions(X509 *x)
{
	X509_EXTENSION *ext = X509_EXTENSION_dup(X509_get_ext(x, X509_get_ext_by_NID(x, NID_subject_alt_name, -1)));
	CHECK_INT(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void odd_common_name(X509 *x)
{
	X509_NAME *name = X509_NAME_new();
	CHECK_INT(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const uint8_t *)"a\nb", -1, -1, 0), 1);
	CHECK_INT(X509_set_subject_name(x, name), 1);
	X509_NAME_free(name);
}

static void put_serial(X509 *x, size_t size, bool negative)
{
	uint8_t bytes[24] = { 0x7f };
	BIGNUM *n = BN_bin2bn(bytes, (int)size, NULL);
	BN_set_negative(n, negative);
	CHECK(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL);
	BN_free(n);
}

static void longest_serial(X509 *x)
{
	put_serial(x, 20, false);
}

static void long_serial(X509 *x)
{
	put_serial(x, 21, false);
}

static void negative_serial(X509 *x)
{
	put_serial(x, 8, true);
}

static void no_names(X509 *x)
{
	X509_NAME *empty = X509_NAME_new();
	X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_subject_alt_name, -1)));
	CHECK_INT(X509_set_subject_name(x, empty), 1);
	X509_NAME_free(empty);
}

static void odd_names(X509 *x)
{
	X509_EXTENSION *ext = X509_get_ext(x, X509_get_ext_by_NID(x, NID_subject_alt_name, -1));
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	CHECK_INT(ASN1_OCTET_STRING_set(value, (const uint8_t *)"no names", 8), 1);
	CHECK_INT(X509_EXTENSION_set_data(ext, value), 1);
	ASN1_OCTET_STRING_free(value);
}

/* What one check alone refuses: each of these is right in all else. */
static void test_each_check_of_a_path(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	struct tw_cert_want brief = ca_want;
	CHECK_OK(changed(device, nothing, EVP_sha256(), &c));
	CHECK_OK(tw_cert_verify(c, ca, NOW));
	c = tw_cert_free(c);
	CHECK_OK(changed(device, nothing, EVP_sha384(), &c));
	CHECK_ERR(tw_cert_verify(c, ca, NOW), UNTRUSTED);
	c = tw_cert_free(c);
	CHECK_OK(changed(ca, only_signs, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_verify(device, c, NOW), UNTRUSTED);
	c = tw_cert_free(c);
	CHECK_OK(changed(ca, no_authority, EVP_sha256(), &c));
	CHECK(!tw_cert_is_ca(c));
	CHECK_ERR(tw_cert_verify(device, c, NOW), UNTRUSTED);
	c = tw_cert_free(c);
	brief.not_before_ms = NOW - DAY;
	brief.not_after_ms = NOW + DAY;
	CHECK_OK(tw_cert_make(sys, &brief, ca_key, NULL, ca_key, &c));
	CHECK_OK(tw_cert_verify(device, c, NOW));
	CHECK_ERR(tw_cert_verify(device, c, NOW + 2 * DAY), UNTRUSTED); /* the anchor's own time is over */
	CHECK_INT(tw_cert_not_before_ms(c), (NOW - DAY) / 1000 * 1000);
	CHECK_INT(tw_cert_not_after_ms(c), (NOW + DAY) / 1000 * 1000);
}

static void test_names(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	static char large[16385];
	tw_cert *none = NULL;
	tw_buf_init(&b, sys, 256);
	CHECK_ERR(changed(device, first_version, EVP_sha256(), &none), UNSUPPORTED);
	CHECK_OK(changed(device, two_lines, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_uri(c, &b), SYNTAX);
	c = tw_cert_free(c);
	CHECK_OK(changed(device, no_names, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_uri(c, &b), NOTFOUND);
	CHECK_ERR(tw_cert_name(c, &b), NOTFOUND);
	CHECK_INT(b.size, 0);
	c = tw_cert_free(c);
	CHECK_OK(changed(device, only_dns, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_uri(c, &b), NOTFOUND);
	c = tw_cert_free(c);
	CHECK_OK(changed(device, uris_after_dns, EVP_sha256(), &c));
	CHECK_OK(tw_cert_uri(c, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "urn:first");
	tw_buf_clear(&b);
	c = tw_cert_free(c);
	CHECK_OK(changed(device, odd_common_name, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_name(c, &b), SYNTAX);
	c = tw_cert_free(c);
	tw_err twice = changed(device, two_name_extensions, EVP_sha256(), &c);
	CHECK(tw_failed(twice) || tw_is(tw_cert_uri(c, &b), TW_CODE_SYNTAX));
	CHECK_INT(b.size, 0);
	c = tw_cert_free(c);
	tw_err e = changed(device, odd_names, EVP_sha256(), &c);
	CHECK(tw_failed(e) || tw_failed(tw_cert_uri(c, &b)));
	CHECK_INT(b.size, 0);
	large[0] = 0x30;
	CHECK_ERR(tw_cert_load(sys, (struct tw_slice){ large, sizeof large }, &none), LIMIT);
	CHECK_ERR(tw_cert_load(sys, (struct tw_slice){ large, sizeof large - 1 }, &none), SYNTAX);
	/* The limit is of the file: a certificate behind any number of comments is refused unread. */
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	tw_buf_init(&pem, sys, sizeof large);
	CHECK_OK(tw_cert_pem(device, &pem));
	memset(large, '#', sizeof large);
	memcpy(large + sizeof large - pem.size, pem.data, pem.size);
	CHECK_ERR(tw_cert_load(sys, (struct tw_slice){ large, sizeof large }, &none), LIMIT);
	c = tw_cert_free(c);
	CHECK_OK(tw_cert_load(sys, (struct tw_slice){ large + 1, sizeof large - 1 }, &c));
}

static void test_numbers(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, sys, 256);
	CHECK_OK(changed(device, longest_serial, EVP_sha256(), &c));
	CHECK_OK(tw_cert_serial(c, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "7f00000000000000000000000000000000000000");
	tw_buf_clear(&b);
	c = tw_cert_free(c);
	CHECK_OK(changed(device, long_serial, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_serial(c, &b), UNSUPPORTED);
	c = tw_cert_free(c);
	CHECK_OK(changed(device, negative_serial, EVP_sha256(), &c));
	CHECK_ERR(tw_cert_serial(c, &b), UNSUPPORTED);
	CHECK_INT(b.size, 0);
}

/* OpenSSL got over a lack of memory a while ago: that is not why these are refused now. */
static void test_refusals_have_their_own_reason(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *odd = NULL, *twin = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *other = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_cert_want want = device_want;
	char long_name[70];
	tw_cert *none = NULL;
	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	want.common_name = long_name;
	tw_buf_init(&b, sys, 256);
	CHECK_OK(tw_key_generate(sys, &other));
	CHECK_OK(tw_cert_make(sys, &ca_want, other, NULL, other, &twin));
	tw_err e = changed(device, odd_names, EVP_sha256(), &odd);
	lack_memory_once();
	CHECK_ERR(tw_cert_load(sys, TW_SLICE("0nothing"), &none), SYNTAX);
	lack_memory_once();
	CHECK_ERR(tw_cert_verify(device, twin, NOW), UNTRUSTED);
	lack_memory_once();
	CHECK_ERR(tw_cert_make(sys, &want, device_key, ca, ca_key, &none), CRYPTO);
	lack_memory_once();
	if (!tw_failed(e))
		CHECK_ERR(tw_cert_uri(odd, &b), SYNTAX);
}

static void test_what_a_server_gets(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *plain = NULL;
	struct tw_cert_want want = { .common_name = "x", .dns = "x.example", .is_server = true, .not_before_ms = NOW };
	CHECK_OK(tw_cert_make(sys, &want, device_key, ca, ca_key, &c));
	X509 *x = tw_cert_x509(c);
	CHECK_INT(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
	CHECK_INT(X509_check_host(x, "x.example", 0, 0, NULL), 1);
	CHECK(X509_get_pathlen(x) == -1);
	want = (struct tw_cert_want){ .common_name = "x", .not_before_ms = NOW };
	CHECK_OK(tw_cert_make(sys, &want, device_key, NULL, device_key, &plain));
	x = tw_cert_x509(plain);
	CHECK_INT(X509_get_ext_by_NID(x, NID_ext_key_usage, -1), -1);
	CHECK_INT(X509_get_ext_by_NID(x, NID_subject_alt_name, -1), -1);
	CHECK_INT(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(x)), 0);
}

static tw_err make_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *leaf = NULL;
	return tw_cert_make(s, &device_want, device_key, ca, ca_key, &leaf);
}

static tw_err make_to_keep(const struct tw_sys *s, void *user)
{
	const struct tw_cert_want both = { .common_name = "T-1 0001",
		.organization = "Maker",
		.serial_number = "0001",
		.uri = "urn:dev:ops:32473-T.1-0001",
		.dns = "x.example",
		.is_client = true,
		.is_server = true,
		.not_before_ms = NOW - DAY,
		.not_after_ms = NOW + DAY };
	return tw_cert_make(s, &both, device_key, ca, ca_key, user);
}

static tw_err make_ca_to_keep(const struct tw_sys *s, void *user)
{
	struct tw_cert_want want = ca_want;
	want.is_client = true; /* as its only purpose */
	return tw_cert_make(s, &want, ca_key, NULL, ca_key, user);
}

static int subject_parts(const X509 *x)
{
	return X509_NAME_entry_count(X509_get_subject_name(x));
}

static void judge_device(void *user)
{
	tw_cert **c = user;
	X509 *x = tw_cert_x509(*c);
	CHECK_OK(tw_cert_verify(*c, ca, NOW));
	CHECK_INT(X509_check_private_key(x, tw_key_evp(device_key)), 1);
	CHECK_INT(X509_get_version(x), X509_VERSION_3);
	CHECK_INT(subject_parts(x), 3);
	CHECK_INT(tw_cert_not_before_ms(*c), NOW - DAY);
	CHECK_INT(tw_cert_not_after_ms(*c), NOW + DAY);
	CHECK_INT(ASN1_STRING_length(X509_get0_serialNumber(x)), 16);
	CHECK_INT(X509_get_ext_count(x), 6);
	CHECK_INT(X509_get_extended_key_usage(x), XKU_SSL_SERVER | XKU_SSL_CLIENT);
	CHECK_INT(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	CHECK_INT(X509_check_host(x, "x.example", 0, 0, NULL), 1);
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	CHECK_INT(sk_GENERAL_NAME_num(names), 2);
	GENERAL_NAMES_free(names);
	CHECK_INT(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(tw_cert_x509(ca))), 0);
	CHECK_INT(ASN1_OCTET_STRING_cmp(X509_get0_subject_key_id(x), X509_get0_subject_key_id(tw_cert_x509(device))), 0);
	*c = tw_cert_free(*c);
}

static void judge_ca(void *user)
{
	tw_cert **c = user;
	X509 *x = tw_cert_x509(*c);
	CHECK_OK(tw_cert_verify(device, *c, NOW));
	CHECK_INT(subject_parts(x), 2);
	CHECK_INT(X509_get_ext_count(x), 5);
	CHECK_INT(X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	CHECK_INT(X509_get_pathlen(x), 0);
	CHECK_INT(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	CHECK_INT(tw_cert_not_after_ms(*c), 253402300799000);
	CHECK_INT(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(x)), 0);
	*c = tw_cert_free(*c);
}

static tw_err load_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, s, 4096);
	TW_TRY(tw_cert_pem(device, &b));
	return tw_cert_load(s, tw_buf_slice(&b), &c);
}

static tw_err load_to_keep(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_buf_init(&b, s, 4096);
	TW_TRY(tw_cert_pem(device, &b));
	return tw_cert_load(s, tw_buf_slice(&b), user);
}

static void judge_loaded(void *user)
{
	tw_cert **c = user;
	CHECK_INT(X509_cmp(tw_cert_x509(*c), tw_cert_x509(device)), 0);
	CHECK_OK(tw_cert_verify(*c, ca, NOW));
	*c = tw_cert_free(*c);
}

static tw_err ask_one(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t digest[32];
	tw_buf_init(&text, s, 4096);
	TW_TRY(tw_cert_fingerprint(device, digest));
	TW_TRY(tw_cert_uri(device, &text));
	TW_TRY(tw_cert_name(device, &text));
	return tw_cert_key(device, &key);
}

static tw_err verify_one(const struct tw_sys *s, void *user)
{
	return tw_cert_verify(device, ca, NOW);
}

static void test_out_of_memory(void **state)
{
	tw_err (*const bodies[])(const struct tw_sys *s, void *user) = { make_one, load_one, ask_one, verify_one };
	for (size_t i = 0; i < TW_COUNT(bodies); i++)
		(void)oom_sweep(bodies[i], NULL);
}

static tw_err der_to_keep(const struct tw_sys *s, void *user)
{
	return tw_cert_der(device, user);
}

static tw_err uri_to_keep(const struct tw_sys *s, void *user)
{
	return tw_cert_uri(device, user);
}

static void judge_der(void *user)
{
	struct tw_buf *b = user;
	const uint8_t *at = (const uint8_t *)b->data;
	X509 *x = d2i_X509(NULL, &at, (long)b->size);
	CHECK(x && X509_cmp(x, tw_cert_x509(device)) == 0);
	X509_free(x);
	tw_buf_clear(b);
}

static void judge_uri(void *user)
{
	CHECK_TEXT(tw_buf_cstr(user), device_want.uri);
	tw_buf_clear(user);
}

static void test_never_half_a_device(void **state)
{
	tw_cert *c = NULL;
	judged_sweep(make_to_keep, judge_device, &c);
}

static void test_never_half_an_authority(void **state)
{
	tw_cert *c = NULL;
	judged_sweep(make_ca_to_keep, judge_ca, &c);
}

static void test_never_half_read(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_cert *c = NULL;
	tw_buf_init(&b, sys, 4096);
	judged_sweep(der_to_keep, judge_der, &b);
	judged_sweep(uri_to_keep, judge_uri, &b);
	judged_sweep(load_to_keep, judge_loaded, &c);
}

/* What other devices' certificates are judged by, beside the chain. */
static void test_purpose_serial_and_dates(void **state)
{
	struct tw_cert_want want = device_want;
	TW_CLEANUP(tw_cert_freep) tw_cert *server = NULL, *plain = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };

	CHECK(tw_cert_for_client(device));
	want.is_client = false;
	want.not_after_ms = NOW + DAY;
	CHECK_OK(tw_cert_make(sys, &want, device_key, ca, ca_key, &plain));
	CHECK(tw_cert_for_client(plain)); /* names no purpose, so none is excluded */
	want.is_server = true;
	CHECK_OK(tw_cert_make(sys, &want, device_key, ca, ca_key, &server));
	CHECK(!tw_cert_for_client(server));
	tw_buf_init(&hex, sys, 40);
	CHECK_OK(tw_cert_serial(device, &hex));
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(tw_cert_x509(device)), NULL), *again = NULL;
	CHECK(n && BN_hex2bn(&again, tw_buf_cstr(&hex)) > 0 && BN_cmp(n, again) == 0 && hex.size % 2 == 0);
	BN_free(n);
	BN_free(again);
	CHECK_OK(tw_cert_in_time(plain, NOW));
	CHECK_OK(tw_cert_in_time(plain, NOW + DAY));
	CHECK_ERR(tw_cert_in_time(plain, NOW + DAY + 1000), UNTRUSTED);
	CHECK_ERR(tw_cert_in_time(plain, NOW - DAY - 1), UNTRUSTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_device_certificate), TEST(test_true_is_der), TEST(test_openssl_agrees), TEST(test_verify),
	TEST(test_pem_and_der), TEST(test_every_byte), TEST(test_refuses_other_keys), TEST(test_refuses_dates_that_are_none),
	TEST(test_refuses_forms), TEST(test_purpose_serial_and_dates), TEST(test_numbers), TEST(test_refusals_have_their_own_reason),
	TEST(test_never_half_a_device), TEST(test_never_half_an_authority), TEST(test_never_half_read), TEST(test_out_of_memory),
	TEST(test_each_check_of_a_path), TEST(test_names), TEST(test_what_a_server_gets))

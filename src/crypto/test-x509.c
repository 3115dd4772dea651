/* SPDX-License-Identifier: Apache-2.0 */
/* What certificates, requests and lists have in common, piece by piece. Whole objects: test-cert, test-csr, test-chain, test/pki. */
#include "crypto/certin.h"
#include "crypto/hash.h"

#include "sys/real.h"
#include "check.h"
#include "oom.h"

static int set_up(void **state)
{
	tw_crypto_use(tw_sys_real());
	return 0;
}

/* The SubjectPublicKeyInfo of P-256's base point, with one byte changed. */
static bool has_point(size_t at, uint8_t to)
{
	static const uint8_t base[TW_POINT_SIZE] = { 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
		0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
		0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce,
		0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 };
	uint8_t spki[TW_SPKI_SIZE];
	const uint8_t *from = spki;

	memcpy(spki, tw_spki_prefix, TW_SPKI_PREFIX);
	memcpy(spki + TW_SPKI_PREFIX, base, sizeof base);
	spki[at] = to;
	X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &from, sizeof spki);
	CHECK(key);
	const uint8_t *point = tw_x509_point(key);
	bool is = point && memcmp(point, spki + TW_SPKI_PREFIX, TW_POINT_SIZE) == 0;
	CHECK(is || !point);
	X509_PUBKEY_free(key);
	return is;
}

static void test_points(void **state)
{
	EVP_PKEY *other = EVP_EC_gen("P-384");
	X509_PUBKEY *key = NULL;

	CHECK(has_point(0, 0x30));
	CHECK(!has_point(22, 0x08));                                     /* another curve with a name of that length */
	CHECK(!has_point(TW_SPKI_PREFIX, 0x06));                         /* a point in the hybrid form */
	CHECK(has_point(TW_SPKI_PREFIX + 64, 0xf4));                     /* whether it lies on the curve is asked elsewhere */
	CHECK(X509_PUBKEY_set(&key, other) == 1 && !tw_x509_point(key)); /* of another size */
	X509_PUBKEY_free(key);
	EVP_PKEY_free(other);
}

static void test_algorithms(void **state)
{
	static const struct {
		int nid, parameters;
		bool ours;
	} rows[] = { { NID_ecdsa_with_SHA256, V_ASN1_UNDEF, true }, { NID_ecdsa_with_SHA256, V_ASN1_NULL, false },
		{ NID_ecdsa_with_SHA384, V_ASN1_UNDEF, false }, { NID_sha256WithRSAEncryption, V_ASN1_NULL, false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		X509_ALGOR *a = X509_ALGOR_new();
		CHECK_INT(X509_ALGOR_set0(a, OBJ_nid2obj(rows[i].nid), rows[i].parameters, NULL), 1);
		CHECK(tw_x509_algorithm_ours(a) == rows[i].ours);
		X509_ALGOR_free(a);
	}
}

static void test_serial_numbers(void **state)
{
	static const struct {
		const char *bytes;
		int size, type;
		bool good;
	} rows[] = { { "", 0, V_ASN1_INTEGER, false }, { "\x00", 1, V_ASN1_INTEGER, false }, { "\x01", 1, V_ASN1_INTEGER, true },
		{ "\x01", 1, V_ASN1_NEG_INTEGER, false }, { "\x80\x00", 2, V_ASN1_INTEGER, true },
		{ "\x7f-------------------", 20, V_ASN1_INTEGER, true }, { "\x01--------------------", 21, V_ASN1_INTEGER, false } };

	ASN1_INTEGER *unset = ASN1_INTEGER_new();

	CHECK(!tw_x509_serial_good(unset));
	ASN1_INTEGER_free(unset);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		ASN1_INTEGER *n = ASN1_STRING_type_new(rows[i].type);
		CHECK(n && ASN1_STRING_set(n, rows[i].bytes, rows[i].size) == 1);
		CHECK(tw_x509_serial_good(n) == rows[i].good);
		ASN1_INTEGER_free(n);
	}
}

/* A day that is none, in digits as they should be, leaves the time alone. */
static void test_times(void **state)
{
	static const struct {
		int type;
		const char *text;
		int64_t ms;
	} rows[] = { { V_ASN1_GENERALIZEDTIME, "20260921120000Z", 1789992000000 },
		{ V_ASN1_UTCTIME, "260921120000Z", 1789992000000 }, { V_ASN1_GENERALIZEDTIME, "20261301120000Z", -7 },
		{ V_ASN1_UTCTIME, "260229120000Z", -7 }, { V_ASN1_GENERALIZEDTIME, "20260921250000Z", -7 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		ASN1_TIME *t = ASN1_STRING_type_new(rows[i].type);
		int64_t ms = -7;
		CHECK(t && ASN1_STRING_set(t, rows[i].text, -1) == 1);
		CHECK(tw_x509_time_ms(t, &ms) == (rows[i].ms != -7));
		CHECK_INT(ms, rows[i].ms);
		ASN1_TIME_free(t);
	}
}

#define HOST "\x82\x01x" /* a name in the list */
static const struct {
	int nid;
	const char *value;
	int size;
	bool good;
} values[] = {
#define ROW(nid, value, good)                      \
	{                                          \
		nid, value, sizeof value - 1, good \
	}
	ROW(NID_key_usage, "\x03\x02\x07\x80", true), ROW(NID_key_usage, "\x03\x03\x07\x00\x80", true), /* the ninth bit */
	ROW(NID_key_usage, "\x03\x01\x00", false),                                                      /* none */
	ROW(NID_key_usage, "\x03\x02\x06\x80", false),         /* the last one is not set */
	ROW(NID_key_usage, "\x03\x04\x00\x80\x00\x01", false), /* more than there are */
	ROW(NID_key_usage, "\x04\x02\x07\x80", false),         /* no list of bits */
	ROW(NID_key_usage, "\x05\x00", false), ROW(NID_subject_alt_name, "\x30\x03" HOST, true),
	ROW(NID_subject_alt_name, "\x30\x06" HOST HOST, false), ROW(NID_subject_alt_name, "\x30\x09" HOST "\x82\x01y" HOST, false),
	ROW(NID_subject_alt_name, "\x30\x06" HOST "\x81\x01x", true), ROW(NID_subject_alt_name, "\x30\x07" HOST "\x82\x02xx", true),
	ROW(NID_subject_alt_name, "\x30\x07\x82\x02xx" HOST, true),
	ROW(NID_subject_alt_name, "\x04\x02\x30\x05", false), /* no list, and what it holds is cut */
	ROW(NID_ext_key_usage, "\x30\x06\x06\x01\x2a\x06\x01\x2b", true),
	ROW(NID_ext_key_usage, "\x30\x06\x06\x01\x2a\x06\x01\x2a", false),
	ROW(NID_basic_constraints, "\x30\x06\x02\x01\x01\x02\x01\x01", true), /* which of this is whose, OpenSSL says */
	ROW(NID_basic_constraints, "\x30\x03\x01\x01\x01", false),            /* no DER */
#undef ROW
};

static void add(STACK_OF(X509_EXTENSION) * to, int nid, const char *value, int size)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	CHECK_INT(ASN1_OCTET_STRING_set(s, (const uint8_t *)value, size), 1);
	X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, nid, 0, s);
	CHECK(e && sk_X509_EXTENSION_push(to, e) > 0);
	ASN1_OCTET_STRING_free(s);
}

static void test_extensions(void **state)
{
	STACK_OF(X509_EXTENSION) *some = sk_X509_EXTENSION_new_null();

	CHECK_OK(tw_x509_extensions_exact(NULL)); /* left out */
	CHECK_ERR(tw_x509_extensions_exact(some), SYNTAX);
	for (size_t i = 0; i < TW_COUNT(values); i++) {
		add(some, values[i].nid, values[i].value, values[i].size);
		tw_err e = tw_x509_extensions_exact(some);
		X509_EXTENSION_free(sk_X509_EXTENSION_pop(some));
		if (tw_failed(e) == values[i].good || (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("value %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
	add(some, NID_basic_constraints, "\x30\x00", 2);
	add(some, NID_key_usage, "\x03\x02\x07\x80", 4);
	CHECK_OK(tw_x509_extensions_exact(some));
	add(some, NID_basic_constraints, "\x30\x03\x01\x01\xff", 5); /* says another thing, and is there already */
	CHECK_ERR(tw_x509_extensions_exact(some), SYNTAX);
	sk_X509_EXTENSION_pop_free(some, X509_EXTENSION_free);
}

/* Each name whole, or none of them. */
static tw_err make_names(const struct tw_sys *sys, void *user)
{
	static const char *const wanted[] = { "urn:a", "a.example" };
	GENERAL_NAMES *names = tw_x509_alt_names(wanted[0], wanted[1]);

	if (!names)
		return TW_RAISE(NOMEM, "names");
	CHECK_INT(sk_GENERAL_NAME_num(names), 2);
	for (int i = 0; i < 2; i++) {
		const ASN1_STRING *is = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), NULL);
		CHECK_INT(ASN1_STRING_length(is), strlen(wanted[i]));
		CHECK_BYTES(ASN1_STRING_get0_data(is), wanted[i], strlen(wanted[i]));
	}
	GENERAL_NAMES_free(names);
	return TW_OK;
}

static void test_names_without_memory(void **state)
{
	(void)oom_sweep(make_names, NULL);
}

CHECK_MAIN_IN(set_up, NULL, cmocka_unit_test(test_points), cmocka_unit_test(test_algorithms), cmocka_unit_test(test_serial_numbers),
	cmocka_unit_test(test_times), cmocka_unit_test(test_extensions), cmocka_unit_test(test_names_without_memory))

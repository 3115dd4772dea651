/* SPDX-License-Identifier: Apache-2.0 */
/* Lists by themselves: what each check alone refuses, what is told of them, and that none is ever half made. Every field: test/pki. */
#include "crypto/crl.h"

#include "crypto/certin.h"

#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW 1790000000000 /* 2026-09-21 */
#define DAY (24 * 3600 * 1000LL)

static const struct tw_sys *sys;
static tw_key *ca_key;
static tw_cert *ca, *server;

static tw_cert *authority(const char *name, const tw_key *key)
{
	const struct tw_cert_want want = { .common_name = name, .is_ca = true, .not_before_ms = NOW - DAY };
	tw_cert *c = NULL;
	CHECK_OK(tw_cert_make(sys, &want, key, NULL, key, &c));
	return c;
}

static int set_up(void **state)
{
	const struct tw_cert_want want = { .common_name = "S", .dns = "s.example", .is_server = true, .not_before_ms = NOW - DAY };
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &ca_key));
	ca = authority("CA", ca_key);
	CHECK_OK(tw_cert_make(sys, &want, ca_key, ca, ca_key, &server));
	return 0;
}

static int tear_down(void **state)
{
	ca = tw_cert_free(ca);
	server = tw_cert_free(server);
	ca_key = tw_key_free(ca_key);
	return 0;
}

static tw_err (*load)(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_crl **ret) = tw_crl_load;

static tw_err signed_list(X509_CRL *x, const EVP_MD *hash, tw_crl **ret)
{
	uint8_t *der = NULL;
	CHECK(X509_CRL_sign(x, tw_key_evp(ca_key), hash) > 0);
	int n = i2d_X509_CRL(x, &der);
	tw_err e = load(sys, (struct tw_slice){ (char *)der, (size_t)n }, ret);
	OPENSSL_free(der);
	return e;
}

/* An empty list with one thing about it changed before it is signed. */
static tw_err encoded(void (*change)(X509_CRL *x), const EVP_MD *hash, tw_crl **ret)
{
	X509_CRL *x = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, (NOW - DAY) / 1000), *to = ASN1_TIME_set(NULL, (NOW + DAY) / 1000);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	CHECK(X509_CRL_set_version(x, X509_CRL_VERSION_2) == 1 && ASN1_INTEGER_set(number, 7) == 1);
	CHECK(X509_CRL_set_issuer_name(x, X509_get_subject_name(tw_cert_x509(ca))) == 1);
	CHECK(X509_CRL_set1_lastUpdate(x, from) == 1 && X509_CRL_set1_nextUpdate(x, to) == 1);
	CHECK(X509_CRL_add1_ext_i2d(x, NID_crl_number, number, 0, 0) == 1);
	AUTHORITY_KEYID *key = AUTHORITY_KEYID_new();
	key->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(tw_cert_x509(ca)));
	CHECK(X509_CRL_add1_ext_i2d(x, NID_authority_key_identifier, key, 0, 0) == 1);
	AUTHORITY_KEYID_free(key);
	if (change)
		change(x);
	tw_err e = signed_list(x, hash, ret);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_INTEGER_free(number);
	X509_CRL_free(x);
	return e;
}

static tw_crl *made(void)
{
	tw_crl *crl = NULL;
	CHECK_OK(encoded(NULL, EVP_sha256(), &crl));
	return crl;
}

/* What OpenSSL reads in it. */
static X509_CRL *of_openssl(const tw_crl *l)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	tw_buf_init(&pem, sys, 2 * TW_CRL_MAX);
	CHECK_OK(tw_crl_pem(l, &pem));
	BIO *in = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509_CRL *x = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);
	CHECK(x != NULL);
	BIO_free(in);
	return x;
}

/* A copy of the authority, changed and signed anew. */
static tw_cert *changed(void (*change)(X509 *x))
{
	X509 *x = X509_dup(tw_cert_x509(ca));
	tw_cert *c = NULL;
	uint8_t *der = NULL;
	change(x);
	CHECK(X509_sign(x, tw_key_evp(ca_key), EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	CHECK_OK(tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &c));
	OPENSSL_free(der);
	X509_free(x);
	return c;
}

static void without(X509 *x, int nid)
{
	X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, nid, -1)));
}

static void no_key_id(X509 *x)
{
	without(x, NID_subject_key_identifier);
}

static void no_authority(X509 *x)
{
	without(x, NID_basic_constraints);
}

static void signs_certificates_only(X509 *x)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,keyCertSign");
	without(x, NID_key_usage);
	CHECK_INT(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void number_of(X509_CRL *x, uint64_t n, int critical)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	CHECK(ASN1_INTEGER_set_uint64(number, n) == 1 &&
		X509_CRL_add1_ext_i2d(x, NID_crl_number, number, critical, X509V3_ADD_REPLACE) == 1);
	ASN1_INTEGER_free(number);
}

static void critical_number(X509_CRL *x)
{
	number_of(x, 7, 1);
}

static void highest_number(X509_CRL *x)
{
	number_of(x, INT64_MAX, 0);
}

static void too_high_number(X509_CRL *x)
{
	number_of(x, UINT64_C(1) << 63, 0);
}

/* Anything as the value of an extension of that kind. */
static X509_EXTENSION *extension(int nid, const void *value, int size)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	CHECK_INT(ASN1_OCTET_STRING_set(s, value, size), 1);
	X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, nid, 0, s);
	CHECK(e != NULL);
	ASN1_OCTET_STRING_free(s);
	return e;
}

static void numbered(X509_CRL *x, const void *value, int size)
{
	X509_EXTENSION *e = extension(NID_crl_number, value, size);
	X509_EXTENSION_free(X509_CRL_delete_ext(x, X509_CRL_get_ext_by_NID(x, NID_crl_number, -1)));
	CHECK_INT(X509_CRL_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void number_of_65_bits(X509_CRL *x)
{
	numbered(x, "\x02\x09\x01\0\0\0\0\0\0\0\0", 11);
}

static void negative_number(X509_CRL *x)
{
	numbered(x, "\x02\x01\xff", 3);
}

static void critical_key(X509_CRL *x)
{
	X509_EXTENSION *e = X509_CRL_get_ext(x, X509_CRL_get_ext_by_NID(x, NID_authority_key_identifier, -1));
	CHECK_INT(X509_EXTENSION_set_critical(e, 1), 1);
}

static void delta(X509_CRL *x)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	CHECK(ASN1_INTEGER_set(number, 3) == 1 && X509_CRL_add1_ext_i2d(x, NID_delta_crl, number, 1, X509V3_ADD_DEFAULT) == 1);
	ASN1_INTEGER_free(number);
}

static void no_number(X509_CRL *x)
{
	X509_EXTENSION_free(X509_CRL_delete_ext(x, X509_CRL_get_ext_by_NID(x, NID_crl_number, -1)));
}

static void no_key(X509_CRL *x)
{
	X509_EXTENSION_free(X509_CRL_delete_ext(x, X509_CRL_get_ext_by_NID(x, NID_authority_key_identifier, -1)));
}

static void ends_as_it_begins(X509_CRL *x)
{
	CHECK(X509_CRL_set1_nextUpdate(x, X509_CRL_get0_lastUpdate(x)) == 1);
}

/* OpenSSL reads any digits as a date; of these there is no such month. */
static const ASN1_TIME *no_day(void)
{
	static ASN1_TIME *t;
	if (!t)
		t = ASN1_STRING_type_new(V_ASN1_UTCTIME);
	CHECK_INT(ASN1_STRING_set(t, "261320000000Z", -1), 1);
	return t;
}

static void from_no_day(X509_CRL *x)
{
	CHECK_INT(X509_CRL_set1_lastUpdate(x, no_day()), 1);
}

/* From before 1970, so that the day it ends on is not taken for one before it. */
static void to_no_day(X509_CRL *x)
{
	ASN1_TIME *old = ASN1_TIME_new();
	CHECK(ASN1_TIME_set_string_X509(old, "600101000000Z") == 1 && X509_CRL_set1_lastUpdate(x, old) == 1);
	CHECK_INT(X509_CRL_set1_nextUpdate(x, no_day()), 1);
	ASN1_TIME_free(old);
}

/* One entry, so long after the list was made. */
static X509_REVOKED *entry(X509_CRL *x, int seconds)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *since = ASN1_TIME_set(NULL, (NOW - DAY) / 1000 + seconds);
	CHECK(X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(tw_cert_x509(server))) == 1);
	CHECK(X509_REVOKED_set_revocationDate(r, since) == 1 && X509_CRL_add0_revoked(x, r) == 1);
	ASN1_TIME_free(since);
	return r;
}

static void at_once(X509_CRL *x)
{
	(void)entry(x, 0);
}

static void too_late(X509_CRL *x)
{
	(void)entry(x, 1);
}

static void revoked_on_no_day(X509_CRL *x)
{
	CHECK_INT(X509_REVOKED_set_revocationDate(entry(x, 0), (ASN1_TIME *)no_day()), 1);
}

static int reason, reason_critical; /* of the entry that reasoned() makes */

static void reasoned(X509_CRL *x)
{
	ASN1_ENUMERATED *e = ASN1_ENUMERATED_new();
	CHECK(ASN1_ENUMERATED_set(e, reason) == 1);
	CHECK(X509_REVOKED_add1_ext_i2d(entry(x, 0), NID_crl_reason, e, reason_critical, X509V3_ADD_DEFAULT) == 1);
	ASN1_ENUMERATED_free(e);
}

static void reasoned_oddly(X509_CRL *x, const void *value, int size)
{
	X509_EXTENSION *e = extension(NID_crl_reason, value, size);
	CHECK_INT(X509_REVOKED_add_ext(entry(x, 0), e, -1), 1);
	X509_EXTENSION_free(e);
}

static void no_reason(X509_CRL *x)
{
	reasoned_oddly(x, "\x05\x00", 2);
}

static void reason_of_65_bits(X509_CRL *x)
{
	reasoned_oddly(x, "\x0a\x09\x01\0\0\0\0\0\0\0\0", 11);
}

static void invalid_since(X509_CRL *x)
{
	ASN1_GENERALIZEDTIME *t = ASN1_GENERALIZEDTIME_set(NULL, NOW / 1000);
	CHECK(X509_REVOKED_add1_ext_i2d(entry(x, 0), NID_invalidity_date, t, 1, X509V3_ADD_DEFAULT) == 1);
	ASN1_GENERALIZEDTIME_free(t);
}

static void of_another_issuer(X509_CRL *x)
{
	GENERAL_NAMES *names = tw_x509_alt_names("urn:other", NULL);
	CHECK(X509_REVOKED_add1_ext_i2d(entry(x, 0), NID_certificate_issuer, names, 1, X509V3_ADD_DEFAULT) == 1);
	GENERAL_NAMES_free(names);
}

static void serials(X509_CRL *x, int count)
{
	for (int i = 1; i <= count; i++) {
		ASN1_INTEGER *n = ASN1_INTEGER_new();
		CHECK(ASN1_INTEGER_set(n, i) == 1 && X509_REVOKED_set_serialNumber(entry(x, 0), n) == 1);
		ASN1_INTEGER_free(n);
	}
}

static void as_many_as_fit(X509_CRL *x)
{
	serials(x, TW_CRL_ENTRIES_MAX);
}

static void one_too_many(X509_CRL *x)
{
	serials(x, TW_CRL_ENTRIES_MAX + 1);
}

static void as_many_as_a_long_one_holds(X509_CRL *x)
{
	serials(x, TW_CRL_LONG_ENTRIES_MAX);
}

static void too_many_for_a_long_one(X509_CRL *x)
{
	serials(x, TW_CRL_LONG_ENTRIES_MAX + 1);
}

/* A list that is looked at once may be longer than one that is kept. */
static void test_long(void **state)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *one = NULL, *long_one = NULL, *none = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	CHECK_ERR(encoded(one_too_many, EVP_sha256(), &one), LIMIT);
	load = tw_crl_load_long;
	CHECK_OK(encoded(one_too_many, EVP_sha256(), &one));
	CHECK_INT(tw_crl_entries(one), TW_CRL_ENTRIES_MAX + 1);
	CHECK_OK(encoded(as_many_as_a_long_one_holds, EVP_sha256(), &long_one));
	CHECK_INT(tw_crl_entries(long_one), TW_CRL_LONG_ENTRIES_MAX);
	tw_buf_init(&pem, sys, 2 * TW_CRL_LONG_MAX);
	CHECK_OK(tw_crl_pem(long_one, &pem));
	CHECK_OK(tw_crl_load_long(sys, tw_buf_slice(&pem), &none));
	none = tw_crl_free(none);
	CHECK_ERR(encoded(too_many_for_a_long_one, EVP_sha256(), &none), LIMIT);
	load = tw_crl_load;
}

/* What one check alone refuses, and what it just lets pass. */
static void test_each_refusal_of_a_list(void **state)
{
	static const struct {
		void (*change)(X509_CRL *x);
		enum tw_code code;
		int reason, critical;
	} rows[] = { { critical_number, TW_CODE_OK }, { critical_key, TW_CODE_OK }, { number_of_65_bits, TW_CODE_UNSUPPORTED },
		{ negative_number, TW_CODE_UNSUPPORTED }, { from_no_day, TW_CODE_UNSUPPORTED }, { to_no_day, TW_CODE_UNSUPPORTED },
		{ revoked_on_no_day, TW_CODE_UNSUPPORTED }, { reason_of_65_bits, TW_CODE_SYNTAX }, { highest_number, TW_CODE_OK },
		{ too_high_number, TW_CODE_UNSUPPORTED }, { delta, TW_CODE_UNSUPPORTED }, { no_number, TW_CODE_UNSUPPORTED },
		{ no_key, TW_CODE_UNSUPPORTED }, { ends_as_it_begins, TW_CODE_UNSUPPORTED }, { at_once, TW_CODE_OK },
		{ too_late, TW_CODE_UNSUPPORTED }, { reasoned, TW_CODE_OK, 0, 0 }, { reasoned, TW_CODE_OK, 1, 1 },
		{ reasoned, TW_CODE_OK, 10, 0 }, { reasoned, TW_CODE_UNSUPPORTED, 11, 0 }, { reasoned, TW_CODE_UNSUPPORTED, 7, 0 },
		{ reasoned, TW_CODE_UNSUPPORTED, 8, 0 }, { reasoned, TW_CODE_UNSUPPORTED, -1, 0 }, { no_reason, TW_CODE_SYNTAX },
		{ invalid_since, TW_CODE_OK }, { of_another_issuer, TW_CODE_UNSUPPORTED }, { as_many_as_fit, TW_CODE_OK },
		{ one_too_many, TW_CODE_LIMIT } };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = NULL;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		reason = rows[i].reason;
		reason_critical = rows[i].critical;
		tw_err e = encoded(rows[i].change, EVP_sha256(), &crl);
		if (e.code != rows[i].code)
			fail_msg("list %zu: %s, %s", i, tw_code_name(e.code), tw_failed(e) ? tw_err_detail() : "");
		crl = tw_crl_free(crl);
	}
	CHECK_ERR(encoded(NULL, EVP_sha384(), &crl), UNSUPPORTED);
}

/* The same list by somebody whose common name is this. */
static tw_crl *named(const char *text, size_t size)
{
	X509_NAME *name = X509_NAME_new();
	X509_NAME_ENTRY *entry = X509_NAME_ENTRY_create_by_NID(NULL, NID_commonName, V_ASN1_UTF8STRING, (const uint8_t *)"n", 1);
	TW_CLEANUP(tw_crl_freep) tw_crl *of = made();
	tw_crl *ret = NULL;
	X509_CRL *x = of_openssl(of);
	CHECK(x && entry && X509_NAME_ENTRY_set_data(entry, V_ASN1_UTF8STRING, (const uint8_t *)text, (int)size) == 1);
	CHECK(X509_NAME_add_entry(name, entry, -1, 0) == 1 && X509_CRL_set_issuer_name(x, name) == 1);
	CHECK_OK(signed_list(x, EVP_sha256(), &ret));
	X509_NAME_ENTRY_free(entry);
	X509_NAME_free(name);
	X509_CRL_free(x);
	return ret;
}

/* What is told of an issuer is one line, and has an end: whoever shows it has room for so much. */
static void test_issuer_in_words(void **state)
{
	static char longest[TW_CRL_NAME_MAX + 1];
	const struct {
		const char *text;
		size_t size, want;
	} rows[] = { { "n", 1, 1 }, { longest, TW_CRL_NAME_MAX, TW_CRL_NAME_MAX }, { longest, TW_CRL_NAME_MAX + 1, 0 },
		{ "a\nb", 3, 0 }, { "", 0, 0 } };
	memset(longest, 'n', sizeof longest);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		TW_CLEANUP(tw_crl_freep) tw_crl *one = named(rows[i].text, rows[i].size);
		tw_buf_init(&text, sys, TW_CRL_NAME_MAX + 1);
		CHECK_OK(tw_crl_issuer(one, &text));
		CHECK_INT(text.size, rows[i].want);
	}
}

/* Whose list it is: by name and key. */
static void test_whose(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *namesake = NULL, *other = NULL, *plain = NULL, *no_lists = NULL, *none = NULL;
	const struct tw_crl_want want = { .number = 8, .this_update_ms = NOW - DAY, .next_update_ms = NOW + DAY };
	TW_CLEANUP(tw_crl_freep) tw_crl *list = made();
	CHECK_OK(tw_key_generate(sys, &key));
	namesake = authority("CA", key);
	other = authority("Other", ca_key);
	plain = changed(no_key_id);
	no_lists = changed(signs_certificates_only);
	none = changed(no_authority);
	const struct {
		const tw_cert *issuer;
		const tw_key *key;
		bool is_of;
		const char *rule; /* of the list */
	} rows[] = { { ca, ca_key, true, NULL }, { namesake, key, false, "crl.issuer" }, { other, ca_key, false, "crl.issuer" },
		{ plain, ca_key, true, NULL }, { no_lists, ca_key, true, "crl.issuer" }, { none, ca_key, true, "crl.issuer" },
		{ server, ca_key, false, "crl.issuer" } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_crl_freep) tw_crl *own = NULL;
		const char *rule = "unset";
		CHECK_INT(tw_crl_is_of(list, rows[i].issuer), rows[i].is_of);
		CHECK_OK(tw_crl_check(list, rows[i].issuer, NOW, &rule));
		CHECK_TEXT(rule, rows[i].rule);
		if (X509_get0_subject_key_id(tw_cert_x509(rows[i].issuer))) { /* else it makes none that is taken */
			CHECK_OK(tw_crl_make(sys, &want, rows[i].issuer, rows[i].key, &own));
			CHECK_INT(tw_crl_same_issuer(list, own), rows[i].is_of);
		} else {
			CHECK_ERR(tw_crl_make(sys, &want, rows[i].issuer, rows[i].key, &own), UNSUPPORTED);
		}
	}
}

/* The limit is of the file: a list behind any number of comments is refused unread. */
static void test_limit(void **state)
{
	static char large[2 * TW_CRL_MAX + 1];
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *list = made(), *again = NULL;
	tw_buf_init(&pem, sys, sizeof large);
	CHECK_OK(tw_crl_pem(list, &pem));
	memset(large, '#', sizeof large);
	memcpy(large + sizeof large - pem.size, pem.data, pem.size);
	CHECK_ERR(tw_crl_load(sys, (struct tw_slice){ large, sizeof large }, &again), LIMIT);
	CHECK_OK(tw_crl_load(sys, (struct tw_slice){ large + 1, sizeof large - 1 }, &again));
}

/* --- Without memory --- */

static const struct tw_crl_entry entries[] = { { (const uint8_t *)"\x07", 1, NOW - 2 * DAY, 1 },
	{ (const uint8_t *)"\x05\x06", 2, NOW - DAY, 0 } };
static const struct tw_crl_want wanted = {
	.entries = entries, .count = TW_COUNT(entries), .number = 9, .this_update_ms = NOW - DAY, .next_update_ms = NOW + DAY
};

static tw_err make_to_keep(const struct tw_sys *s, void *user)
{
	return tw_crl_make(s, &wanted, ca, ca_key, user);
}

static void judge_made(void *user)
{
	tw_crl **l = user;
	const char *rule = "unset";
	CHECK_OK(tw_crl_check(*l, ca, NOW, &rule));
	CHECK_TEXT(rule, NULL);
	CHECK_INT(tw_crl_number(*l), 9);
	CHECK_INT(tw_crl_this_update_ms(*l), NOW - DAY);
	CHECK_INT(tw_crl_next_update_ms(*l), NOW + DAY);
	X509_CRL *x = of_openssl(*l);
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(x);
	CHECK_INT(sk_X509_REVOKED_num(all), 2);
	for (int i = 0; i < 2; i++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(all, i);
		int64_t since = 0;
		CHECK(ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(r)) == (i == 0 ? 7 : 0x506));
		CHECK(tw_x509_time_ms(X509_REVOKED_get0_revocationDate(r), &since) && since == (i == 0 ? NOW - 2 * DAY : NOW - DAY));
		ASN1_ENUMERATED *e = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
		CHECK(i == 0 ? ASN1_ENUMERATED_get(e) == 1 : !e);
		ASN1_ENUMERATED_free(e);
	}
	X509_CRL_free(x);
	*l = tw_crl_free(*l);
}

static tw_crl *kept; /* of which the next tell */

static tw_err tell_to_keep(const struct tw_sys *s, void *user)
{
	struct tw_buf *b = user;
	tw_buf_clear(b);
	TW_TRY(tw_crl_issuer(kept, b));
	return tw_crl_pem(kept, b);
}

static void judge_told(void *user)
{
	CHECK(strncmp(tw_buf_cstr(user), "CA-----BEGIN X509 CRL-----\n", 27) == 0);
}

static tw_err hash_to_keep(const struct tw_sys *s, void *user)
{
	return tw_crl_fingerprint(kept, user);
}

static void judge_hash(void *user)
{
	uint8_t again[32];
	CHECK_OK(tw_crl_fingerprint(kept, again));
	CHECK_BYTES(user, again, sizeof again);
	memset(user, 0, sizeof again);
}

static tw_err load_to_keep(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *again = NULL;
	const char *rule = "unset";
	TW_TRY(tw_crl_load(s, tw_buf_slice(user), &again));
	TW_TRY(tw_crl_check(again, ca, NOW, &rule));
	CHECK_TEXT(rule, NULL);
	CHECK(tw_crl_same_issuer(again, kept));
	return TW_OK;
}

static void nothing_to_judge(void *user)
{
}

static void test_never_half_a_list(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t hash[32];
	tw_crl *l = NULL;
	judged_sweep(make_to_keep, judge_made, &l);
	CHECK_OK(make_to_keep(sys, &kept));
	tw_buf_init(&text, sys, 4096);
	judged_sweep(tell_to_keep, judge_told, &text);
	judged_sweep(hash_to_keep, judge_hash, hash);
	tw_buf_clear(&text);
	CHECK_OK(tw_crl_pem(kept, &text));
	judged_sweep(load_to_keep, nothing_to_judge, &text);
	kept = tw_crl_free(kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_each_refusal_of_a_list), TEST(test_long), TEST(test_issuer_in_words), TEST(test_whose), TEST(test_limit),
	TEST(test_never_half_a_list))

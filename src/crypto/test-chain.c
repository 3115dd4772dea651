/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict, its lists and its stapled answers. Every field of every object, changed in every way: test/pki. */
#include "crypto/chain.h"

#include "crypto/certin.h"

#include "crypto/hash.h"
#include "crypto/ocsp.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW 1790000000000 /* 2026-09-21 */
#define DAY (24 * 3600 * 1000LL)
#define URI "urn:dev:ops:32473-T.1-0001"

static const struct tw_sys *sys;
static tw_key *root_key, *ca_key, *leaf_key;
static tw_cert *root, *ca, *leaf, *server;
static struct tw_certs chain, anchors;

/* tw_cert_make lets an authority sign end entities only; here one signs another. */
static tw_cert *authority(const char *name, tw_key *key, const tw_cert *issuer, tw_key *issuer_key, const char *length)
{
	const struct tw_cert_want want = { .common_name = name, .is_ca = true, .not_before_ms = NOW - DAY, .not_after_ms = NOW + 99 * DAY };
	tw_cert *c = NULL, *again = NULL;
	uint8_t *der = NULL;
	CHECK_OK(tw_cert_make(sys, &want, key, issuer, issuer_key, &c));
	X509 *x = X509_dup(tw_cert_x509(c));
	X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_basic_constraints, -1)));
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, length);
	CHECK_INT(X509_add_ext(x, e, 0), 1);
	CHECK(X509_sign(x, tw_key_evp(issuer_key), EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	CHECK_OK(tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &again));
	OPENSSL_free(der);
	X509_EXTENSION_free(e);
	X509_free(x);
	(void)tw_cert_free(c);
	return again;
}

/* The certificate of a responder to whom the authority has delegated its answers. */
static tw_cert *made_responder(int64_t now_ms, const tw_cert *issuer)
{
	const struct tw_cert_want want = { .common_name = "R", .not_before_ms = now_ms - DAY, .not_after_ms = now_ms + DAY };
	tw_cert *c = NULL, *again = NULL;
	uint8_t *der = NULL;
	CHECK_OK(tw_cert_make(sys, &want, root_key, issuer, ca_key, &c));
	X509 *x = X509_dup(tw_cert_x509(c));
	X509_EXTENSION *use = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "OCSPSigning"),
		       *no_check = X509V3_EXT_conf_nid(NULL, NULL, NID_id_pkix_OCSP_noCheck, "yes");
	CHECK(use && no_check && X509_add_ext(x, use, -1) == 1 && X509_add_ext(x, no_check, -1) == 1);
	CHECK(X509_sign(x, tw_key_evp(ca_key), EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	CHECK_OK(tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &again));
	OPENSSL_free(der);
	X509_EXTENSION_free(use);
	X509_EXTENSION_free(no_check);
	X509_free(x);
	(void)tw_cert_free(c);
	return again;
}

static int set_up(void **state)
{
	const struct tw_cert_want want = {
		.common_name = "T-1 0001", .uri = URI, .is_client = true, .not_before_ms = NOW - DAY, .not_after_ms = NOW + 9 * DAY
	};
	const struct tw_cert_want serves = {
		.common_name = "S", .dns = "s.example", .is_server = true, .not_before_ms = NOW - DAY, .not_after_ms = NOW + 9 * DAY
	};
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK_OK(tw_key_generate(sys, &root_key));
	CHECK_OK(tw_key_generate(sys, &ca_key));
	CHECK_OK(tw_key_generate(sys, &leaf_key));
	root = authority("Root", root_key, NULL, root_key, "critical,CA:TRUE,pathlen:1");
	ca = authority("Below", ca_key, root, root_key, "critical,CA:TRUE,pathlen:0");
	CHECK_OK(tw_cert_make(sys, &want, leaf_key, ca, ca_key, &leaf));
	CHECK_OK(tw_cert_make(sys, &serves, leaf_key, ca, ca_key, &server));
	chain = (struct tw_certs){ { leaf, ca }, 2 };
	anchors = (struct tw_certs){ { root }, 1 };
	return 0;
}

static int tear_down(void **state)
{
	root = tw_cert_free(root);
	ca = tw_cert_free(ca);
	leaf = tw_cert_free(leaf);
	server = tw_cert_free(server);
	root_key = tw_key_free(root_key);
	ca_key = tw_key_free(ca_key);
	leaf_key = tw_key_free(leaf_key);
	return 0;
}

static struct tw_chain_ask good(void)
{
	return (struct tw_chain_ask){ .chain = &chain, .anchors = &anchors, .purpose = TW_CHAIN_CLIENT, .uri = URI, .now_ms = NOW };
}

static const char *verdict(struct tw_chain_ask ask)
{
	struct tw_chain_verdict v;
	CHECK_OK(tw_chain_check(sys, &ask, &v));
	CHECK(!v.rule || tw_chain_text(v.rule)[0]);
	return v.rule;
}

static void test_good_and_names(void **state)
{
	struct tw_certs serving = { { server, ca }, 2 };
	struct tw_chain_ask ask = good();
	CHECK_TEXT(verdict(ask), NULL);
	ask.purpose = TW_CHAIN_DEVICE;
	CHECK_TEXT(verdict(ask), NULL);
	ask.purpose = TW_CHAIN_SIGNER;
	CHECK_TEXT(verdict(ask), NULL);
	ask.purpose = TW_CHAIN_SERVER;
	CHECK_TEXT(verdict(ask), "chain.purpose");
	ask.purpose = TW_CHAIN_AUTHORITY;
	CHECK_TEXT(verdict(ask), "chain.purpose");
	ask = good();
	ask.uri = URI "1";
	CHECK_TEXT(verdict(ask), "chain.name");
	ask.uri = "urn:dev:ops:32473-T.1-000";
	CHECK_TEXT(verdict(ask), "chain.name");
	ask.uri = NULL;
	ask.dns = "s.example";
	CHECK_TEXT(verdict(ask), "chain.name");
	ask.chain = &serving;
	ask.purpose = TW_CHAIN_SERVER;
	CHECK_TEXT(verdict(ask), NULL);
	ask.dns = "S.Example";
	CHECK_TEXT(verdict(ask), NULL);
	ask.dns = "x.s.example";
	CHECK_TEXT(verdict(ask), "chain.name");
	ask.purpose = TW_CHAIN_DEVICE;
	ask.dns = NULL;
	CHECK_TEXT(verdict(ask), "chain.purpose");
}

static void test_paths(void **state)
{
	struct tw_certs alone = { { leaf }, 1 }, middle = { { ca }, 1 }, same = { { leaf }, 1 },
			extra = { { leaf, ca, server }, 3 }, twice = { { leaf, ca, ca }, 3 }, with_root = { { leaf, ca, root }, 3 },
			authority_itself = { { ca }, 1 }, none = { 0 };
	struct tw_chain_ask ask = good();
	ask.chain = &alone;
	CHECK_TEXT(verdict(ask), "chain.anchor");
	ask.anchors = &middle; /* an authority that is trusted as it is */
	CHECK_TEXT(verdict(ask), NULL);
	ask.anchors = &same; /* it does not vouch for itself */
	CHECK_TEXT(verdict(ask), "chain.anchor");
	ask.anchors = &none;
	CHECK_TEXT(verdict(ask), "chain.anchor");
	ask = good();
	ask.chain = &extra;
	CHECK_TEXT(verdict(ask), "chain.extra");
	ask.chain = &twice;
	CHECK_TEXT(verdict(ask), "chain.extra");
	ask.chain = &with_root;
	CHECK_TEXT(verdict(ask), NULL);
	ask.chain = &none;
	CHECK_TEXT(verdict(ask), "chain.anchor");
	ask.chain = &authority_itself;
	ask.uri = NULL;
	ask.purpose = TW_CHAIN_AUTHORITY;
	CHECK_TEXT(verdict(ask), NULL);
}

static void test_dates(void **state)
{
	static const struct {
		int64_t at_ms;
		const char *rule;
	} rows[] = { { NOW - DAY, NULL }, { NOW - DAY - 1000, "chain.dates" }, { NOW + 9 * DAY - 1, NULL },
		{ NOW + 9 * DAY, "chain.dates" }, /* OpenSSL counts the last second as over */
		{ NOW + 999 * DAY, "chain.dates" } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_chain_ask ask = good();
		ask.now_ms = rows[i].at_ms;
		CHECK_TEXT(verdict(ask), rows[i].rule);
	}
}

/* --- Lists --- */

struct list {
	const tw_cert *issuer, *revoked;
	tw_key *key;
	int64_t from_ms, to_ms;
};

/* A list with one thing about it changed before it is signed. */
static tw_err encoded(const struct list *l, void (*change)(X509_CRL *x), const EVP_MD *hash, tw_crl **ret)
{
	X509_CRL *x = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, l->from_ms / 1000), *to = ASN1_TIME_set(NULL, l->to_ms / 1000);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	uint8_t *der = NULL;
	CHECK(X509_CRL_set_version(x, X509_CRL_VERSION_2) == 1 && ASN1_INTEGER_set(number, 7) == 1);
	CHECK(X509_CRL_set_issuer_name(x, X509_get_subject_name(tw_cert_x509(l->issuer))) == 1);
	CHECK(X509_CRL_set1_lastUpdate(x, from) == 1 && X509_CRL_set1_nextUpdate(x, to) == 1);
	CHECK(X509_CRL_add1_ext_i2d(x, NID_crl_number, number, 0, 0) == 1);
	AUTHORITY_KEYID *key = AUTHORITY_KEYID_new();
	key->keyid = ASN1_OCTET_STRING_dup(X509_get0_subject_key_id(tw_cert_x509(l->issuer)));
	CHECK(X509_CRL_add1_ext_i2d(x, NID_authority_key_identifier, key, 0, 0) == 1);
	AUTHORITY_KEYID_free(key);
	if (l->revoked) {
		X509_REVOKED *r = X509_REVOKED_new();
		CHECK(X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(tw_cert_x509(l->revoked))) == 1);
		CHECK(X509_REVOKED_set_revocationDate(r, from) == 1 && X509_CRL_add0_revoked(x, r) == 1);
	}
	if (change)
		change(x);
	CHECK(X509_CRL_sign(x, tw_key_evp(l->key), hash) > 0);
	int n = i2d_X509_CRL(x, &der);
	tw_err e = tw_crl_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, ret);
	OPENSSL_free(der);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_INTEGER_free(number);
	X509_CRL_free(x);
	return e;
}

static tw_crl *made(const struct list *l)
{
	tw_crl *crl = NULL;
	CHECK_OK(encoded(l, NULL, EVP_sha256(), &crl));
	return crl;
}

static const char *with_list(struct list l)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = made(&l);
	const tw_crl *all[] = { crl };
	struct tw_chain_ask ask = good();
	ask.crls = all;
	ask.crl_count = 1;
	return verdict(ask);
}

static void test_lists(void **state)
{
	const struct list fine = { ca, NULL, ca_key, NOW - DAY, NOW + DAY };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = made(&fine);
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *again = NULL;
	const tw_crl *all[] = { crl };
	struct tw_chain_ask ask = good();
	CHECK_TEXT(with_list(fine), NULL);
	CHECK_TEXT(with_list((struct list){ ca, server, ca_key, NOW - DAY, NOW + DAY }), NULL);
	CHECK_TEXT(with_list((struct list){ ca, leaf, ca_key, NOW - DAY, NOW + DAY }), "chain.revoked");
	CHECK_TEXT(with_list((struct list){ root, ca, root_key, NOW - DAY, NOW + DAY }), "chain.revoked"); /* what is between, too */
	CHECK_TEXT(with_list((struct list){ ca, leaf, root_key, NOW - DAY, NOW + DAY }), "crl.signature");
	CHECK_TEXT(with_list((struct list){ ca, NULL, ca_key, NOW - DAY, NOW - 1000 }), "crl.dates");
	CHECK_TEXT(with_list((struct list){ ca, NULL, ca_key, NOW + 1000, NOW + DAY }), "crl.dates");
	CHECK_TEXT(with_list((struct list){ server, leaf, leaf_key, NOW - DAY, NOW + DAY }), NULL); /* of somebody else: passed over */
	ask.must_be_unrevoked = true;
	CHECK_TEXT(verdict(ask), "chain.unproven");
	ask.crls = all;
	ask.crl_count = 1;
	CHECK_TEXT(verdict(ask), NULL);
	tw_buf_init(&pem, sys, 2 * TW_CRL_MAX);
	CHECK_OK(tw_crl_pem(crl, &pem));
	CHECK_OK(tw_crl_load(sys, tw_buf_slice(&pem), &again));
	CHECK_INT(tw_crl_number(again), 7);
	CHECK_INT(tw_crl_entries(again), 0);
	CHECK_INT(tw_crl_this_update_ms(again), NOW - DAY);
	CHECK_INT(tw_crl_next_update_ms(again), NOW + DAY);
	CHECK(tw_crl_same_issuer(crl, again) && tw_crl_is_of(crl, ca) && !tw_crl_is_of(crl, root));
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

static int reason, reason_critical; /* of the entry that reasoned() makes */

static void reasoned(X509_CRL *x)
{
	ASN1_ENUMERATED *e = ASN1_ENUMERATED_new();
	CHECK(ASN1_ENUMERATED_set(e, reason) == 1);
	CHECK(X509_REVOKED_add1_ext_i2d(entry(x, 0), NID_crl_reason, e, reason_critical, X509V3_ADD_DEFAULT) == 1);
	ASN1_ENUMERATED_free(e);
}

static void no_reason(X509_CRL *x)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	CHECK_INT(ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05\x00", 2), 1);
	X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_crl_reason, 0, value);
	CHECK(e && X509_REVOKED_add_ext(entry(x, 0), e, -1) == 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
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

/* What one check alone refuses, and what it just lets pass. */
static void test_each_refusal_of_a_list(void **state)
{
	const struct list fine = { ca, NULL, ca_key, NOW - DAY, NOW + DAY };
	static const struct {
		void (*change)(X509_CRL *x);
		enum tw_code code;
		int reason, critical;
	} rows[] = { { critical_number, TW_CODE_OK }, { highest_number, TW_CODE_OK }, { too_high_number, TW_CODE_UNSUPPORTED },
		{ delta, TW_CODE_UNSUPPORTED }, { no_number, TW_CODE_UNSUPPORTED }, { no_key, TW_CODE_UNSUPPORTED },
		{ ends_as_it_begins, TW_CODE_UNSUPPORTED }, { at_once, TW_CODE_OK }, { too_late, TW_CODE_UNSUPPORTED },
		{ reasoned, TW_CODE_OK, 0, 0 }, { reasoned, TW_CODE_OK, 1, 1 }, { reasoned, TW_CODE_OK, 10, 0 },
		{ reasoned, TW_CODE_UNSUPPORTED, 11, 0 }, { reasoned, TW_CODE_UNSUPPORTED, 7, 0 }, { reasoned, TW_CODE_UNSUPPORTED, 8, 0 },
		{ reasoned, TW_CODE_UNSUPPORTED, -1, 0 }, { no_reason, TW_CODE_SYNTAX }, { invalid_since, TW_CODE_OK },
		{ of_another_issuer, TW_CODE_UNSUPPORTED }, { as_many_as_fit, TW_CODE_OK }, { one_too_many, TW_CODE_LIMIT } };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = NULL;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		reason = rows[i].reason;
		reason_critical = rows[i].critical;
		tw_err e = encoded(&fine, rows[i].change, EVP_sha256(), &crl);
		if (e.code != rows[i].code)
			fail_msg("list %zu: %s, %s", i, tw_code_name(e.code), tw_failed(e) ? tw_err_detail() : "");
		crl = tw_crl_free(crl);
	}
	CHECK_ERR(encoded(&fine, NULL, EVP_sha384(), &crl), UNSUPPORTED);
}

/* The same list by somebody whose common name has that many letters. */
static tw_crl *named(const tw_crl *of, size_t letters)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	uint8_t text[TW_CRL_NAME_MAX + 1], *der = NULL;
	X509_NAME *name = X509_NAME_new();
	X509_NAME_ENTRY *entry = NULL;
	tw_crl *ret = NULL;
	memset(text, 'n', sizeof text);
	tw_buf_init(&pem, sys, 2 * TW_CRL_MAX);
	CHECK_OK(tw_crl_pem(of, &pem));
	BIO *in = BIO_new_mem_buf(pem.data, (int)pem.size);
	X509_CRL *x = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL);
	entry = X509_NAME_ENTRY_create_by_NID(NULL, NID_commonName, V_ASN1_UTF8STRING, text, 1);
	CHECK(x && entry && X509_NAME_ENTRY_set_data(entry, V_ASN1_UTF8STRING, text, (int)letters) == 1);
	CHECK(X509_NAME_add_entry(name, entry, -1, 0) == 1 && X509_CRL_set_issuer_name(x, name) == 1);
	CHECK(X509_CRL_sign(x, tw_key_evp(ca_key), EVP_sha256()) > 0);
	int n = i2d_X509_CRL(x, &der);
	CHECK_OK(tw_crl_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &ret));
	OPENSSL_free(der);
	X509_NAME_ENTRY_free(entry);
	X509_NAME_free(name);
	X509_CRL_free(x);
	BIO_free(in);
	return ret;
}

/* What is told of an issuer has an end: whoever shows it has room for so much. */
static void test_long_issuer(void **state)
{
	static const struct {
		size_t letters, want;
	} rows[] = { { 1, 1 }, { TW_CRL_NAME_MAX, TW_CRL_NAME_MAX }, { TW_CRL_NAME_MAX + 1, 0 } };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = made(&(struct list){ ca, NULL, ca_key, NOW - DAY, NOW + DAY });
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		TW_CLEANUP(tw_crl_freep) tw_crl *one = named(crl, rows[i].letters);
		tw_buf_init(&text, sys, TW_CRL_NAME_MAX + 1);
		CHECK_OK(tw_crl_issuer(one, &text));
		CHECK_INT(text.size, rows[i].want);
	}
}

/* --- Stapled answers --- */

struct stapled {
	const tw_cert *about, *issuer, *signer;
	tw_key *key;
	int status;
	int64_t from_ms, to_ms;
	bool brings; /* the signer's certificate */
};

static uint8_t *answered(const struct stapled *s, int *ret_size)
{
	OCSP_BASICRESP *b = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), tw_cert_x509(s->about), tw_cert_x509(s->issuer));
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, s->from_ms / 1000), *to = ASN1_GENERALIZEDTIME_set(NULL, s->to_ms / 1000);
	uint8_t *der = NULL;
	CHECK(OCSP_basic_add1_status(b, id, s->status, OCSP_REVOKED_STATUS_NOSTATUS, from, from, to) != NULL);
	CHECK(OCSP_basic_sign(b, tw_cert_x509(s->signer), tw_key_evp(s->key), EVP_sha256(), NULL, s->brings ? 0 : OCSP_NOCERTS) == 1);
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, b);
	*ret_size = i2d_OCSP_RESPONSE(r, &der);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(b);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return der;
}

static tw_err sweep_answer(const struct tw_sys *s, void *user)
{
	struct tw_chain_verdict v;
	TW_TRY(tw_chain_check(s, user, &v));
	CHECK_TEXT(v.rule, NULL);
	return TW_OK;
}

/* As a TLS server brings it: the verdict is the same, but what cannot be judged does no harm. */
static const char *beside(const tw_cert *c, const tw_cert *issuer, struct tw_slice der, int64_t now_ms)
{
	const char *rule = "unset";
	CHECK_OK(tw_ocsp_stapled(sys, tw_cert_x509(c), issuer ? tw_cert_x509(issuer) : NULL, der, now_ms, &rule));
	return rule;
}

static tw_err sweep_stapled(const struct tw_sys *s, void *user)
{
	const struct tw_chain_ask *ask = user;
	const char *rule;
	TW_TRY(tw_ocsp_stapled(s, tw_cert_x509(ask->chain->of[0]), tw_cert_x509(ask->anchors->of[0]), ask->ocsp, ask->now_ms, &rule));
	CHECK_TEXT(rule, NULL);
	return TW_OK;
}

static tw_err sweep_demanded(const struct tw_sys *s, void *user)
{
	const char *rule;
	TW_TRY(tw_ocsp_stapled(s, user, NULL, TW_SLICE(""), NOW, &rule));
	CHECK_TEXT(rule, "chain.unproven");
	return TW_OK;
}

static tw_err sweep_undemanded(const struct tw_sys *s, void *user)
{
	const char *rule;
	TW_TRY(tw_ocsp_stapled(s, user, NULL, TW_SLICE(""), NOW, &rule));
	CHECK_TEXT(rule, NULL);
	return TW_OK;
}

/* RFC 7633: without an answer nothing is proven; nor when it cannot be read what is demanded. */
static void test_demanded_answers(void **state)
{
	X509 *x = X509_dup(tw_cert_x509(leaf));
	X509_EXTENSION *other = X509V3_EXT_conf_nid(NULL, NULL, NID_tlsfeature, "17"),
		       *demands = X509V3_EXT_conf_nid(NULL, NULL, NID_tlsfeature, "status_request");
	const char *rule = "unset";
	CHECK(x && other && demands && X509_add_ext(x, other, -1) == 1);
	CHECK_OK(tw_ocsp_stapled(sys, x, NULL, TW_SLICE(""), NOW, &rule));
	CHECK_TEXT(rule, NULL);
	(void)oom_sweep(sweep_undemanded, x);
	X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, NID_tlsfeature, -1)));
	for (int times = 0; times < 2; times++) {
		CHECK(X509_add_ext(x, demands, -1) == 1);
		CHECK_OK(tw_ocsp_stapled(sys, x, NULL, TW_SLICE(""), NOW, &rule));
		CHECK_TEXT(rule, "chain.unproven");
		if (times == 0) /* of two none is read */
			(void)oom_sweep(sweep_demanded, x);
	}
	X509_EXTENSION_free(other);
	X509_EXTENSION_free(demands);
	X509_free(x);
}

/* Answers are made now; so these certificates have to count now. Whatever else the clock of this machine says is not ours to test. */
static void check_answers(bool without_memory)
{
	int64_t now = (int64_t)time(NULL) * 1000;
	const int fine = V_OCSP_CERTSTATUS_GOOD;
	const struct tw_cert_want want = { .common_name = "L", .uri = URI, .is_client = true, .not_before_ms = now - DAY };
	TW_CLEANUP(tw_cert_freep) tw_cert *own = NULL, *below = NULL, *responder = NULL;
	const struct tw_cert_want above = { .common_name = "C", .is_ca = true, .not_before_ms = now - DAY };
	struct tw_certs one = { 0 }, trusted = { 0 };
	struct tw_chain_ask ask = good();
	CHECK_OK(tw_cert_make(sys, &above, ca_key, NULL, ca_key, &below));
	CHECK_OK(tw_cert_make(sys, &want, leaf_key, below, ca_key, &own));
	responder = made_responder(now, below);
	one = (struct tw_certs){ { own }, 1 };
	trusted = (struct tw_certs){ { below }, 1 };
	const struct {
		struct stapled s;
		const char *rule;
	} rows[] = {
		{ { own, below, below, ca_key, fine, now - DAY, now + DAY, false }, NULL },
		{ { own, below, below, ca_key, V_OCSP_CERTSTATUS_REVOKED, now - DAY, now + DAY, false }, "chain.revoked" },
		{ { own, below, below, ca_key, V_OCSP_CERTSTATUS_UNKNOWN, now - DAY, now + DAY, false }, "ocsp.unknown" },
		{ { own, below, below, ca_key, fine, now - DAY, now - 1000, false }, "ocsp.dates" },
		{ { server, below, below, ca_key, fine, now - DAY, now + DAY, false }, "ocsp.certificate" },
		{ { own, below, own, leaf_key, fine, now - DAY, now + DAY, false }, "ocsp.signer" },
		{ { own, below, own, leaf_key, fine, now - DAY, now + DAY, true }, "ocsp.signer" }, /* by itself */
		{ { own, below, responder, root_key, fine, now - DAY, now + DAY, true }, NULL },
		{ { own, below, responder, root_key, fine, now - DAY, now + DAY, false }, "ocsp.signer" },
	};
	ask.chain = &one;
	ask.anchors = &trusted;
	ask.now_ms = now + 1000;
	ask.must_be_unrevoked = true;
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int size = 0;
		if (without_memory && rows[i].rule)
			continue;
		uint8_t *der = answered(&rows[i].s, &size);
		ask.ocsp = (struct tw_slice){ (char *)der, (size_t)size };
		CHECK_TEXT(verdict(ask), rows[i].rule);
		ask.ocsp.size--;
		CHECK_TEXT(verdict(ask), "ocsp.form");
		CHECK_TEXT(beside(own, below, ask.ocsp, ask.now_ms), "ocsp.form");
		ask.ocsp.size++;
		CHECK_TEXT(beside(own, below, ask.ocsp, ask.now_ms), rows[i].rule);
		CHECK_TEXT(beside(own, NULL, ask.ocsp, ask.now_ms), NULL);
		CHECK_TEXT(beside(own, below, TW_SLICE(""), ask.now_ms), NULL);
		if (without_memory) {
			(void)oom_sweep(sweep_answer, &ask);
			(void)oom_sweep(sweep_stapled, &ask);
		}
		OPENSSL_free(der);
	}
}

static void test_answers(void **state)
{
	check_answers(false);
}

static void test_answers_without_memory(void **state)
{
	check_answers(true);
}

/* Three that say nothing for or against: of another algorithm, that there is no answer, and under a key that is none of ours. */
static void test_answers_that_cannot_be_judged(void **state)
{
	static const uint8_t with_sha256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
	const struct stapled fine = { leaf, ca, ca, ca_key, V_OCSP_CERTSTATUS_GOOD, NOW - DAY, NOW + DAY, false };
	int size = 0;
	uint8_t *der = answered(&fine, &size), *algorithm = memmem(der, (size_t)size, with_sha256, sizeof with_sha256);
	const struct tw_slice answer = { (char *)der, (size_t)size };
	EVP_PKEY *larger = EVP_EC_gen("P-384");
	X509 *issuer = X509_dup(tw_cert_x509(ca));
	const char *rule = "unset";

	CHECK_TEXT(beside(leaf, ca, TW_SLICE("\x30\x03\x0a\x01\x06"), NOW), NULL);
	CHECK(algorithm);
	algorithm[sizeof with_sha256 - 1] = 0x03;
	CHECK_TEXT(beside(leaf, ca, answer, NOW), NULL);
	CHECK(larger && X509_set_pubkey(issuer, larger) == 1);
	CHECK_OK(tw_ocsp_stapled(sys, tw_cert_x509(leaf), issuer, TW_SLICE("nothing"), NOW, &rule));
	CHECK_TEXT(rule, NULL);
	X509_free(issuer);
	EVP_PKEY_free(larger);
	OPENSSL_free(der);
}

static void test_several(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };
	struct tw_certs none = { 0 };
	tw_buf_init(&pem, sys, 16384);
	CHECK_ERR(tw_certs_read(sys, TW_SLICE(""), 4, &none), SYNTAX);
	CHECK_OK(tw_cert_pem(leaf, &pem));
	CHECK_OK(tw_cert_pem(ca, &pem));
	CHECK_OK(tw_certs_read(sys, tw_buf_slice(&pem), 2, &read));
	CHECK_INT(read.count, 2);
	CHECK_ERR(tw_certs_read(sys, tw_buf_slice(&pem), 1, &none), LIMIT);
	CHECK_ERR(tw_certs_read(sys, (struct tw_slice){ pem.data, pem.size - 2 }, 4, &none), SYNTAX);
	CHECK_OK(tw_buf_text(&pem, "\r\nx"));
	CHECK_ERR(tw_certs_read(sys, tw_buf_slice(&pem), 4, &none), SYNTAX);
	pem.size--;
	tw_certs_done(&read);
	CHECK_OK(tw_certs_read(sys, tw_buf_slice(&pem), 2, &read));
	tw_buf_clear(&pem);
	for (size_t i = 0; i < TW_COUNT(none.of); i++)
		CHECK_OK(tw_cert_pem(leaf, &pem));
	tw_certs_done(&read);
	CHECK_OK(tw_certs_read(sys, tw_buf_slice(&pem), 99, &read));
	CHECK_OK(tw_cert_pem(leaf, &pem));
	CHECK_ERR(tw_certs_read(sys, tw_buf_slice(&pem), 99, &none), LIMIT);
	CHECK_INT(none.count, 0);
}

/* Which certificate it is that stands in the way, and which anchor vouched. */
static void test_where(void **state)
{
	const struct list gone = { root, ca, root_key, NOW - DAY, NOW + DAY };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = made(&gone);
	const tw_crl *all[] = { crl };
	struct tw_certs two = { { server, root }, 2 };
	struct tw_chain_ask ask = good();
	struct tw_chain_verdict v;
	ask.anchors = &two;
	CHECK_OK(tw_chain_check(sys, &ask, &v));
	CHECK_TEXT(v.rule, NULL);
	CHECK_INT(v.anchor, 1);
	CHECK(!v.unrevoked);
	ask.crls = all;
	ask.crl_count = 1;
	CHECK_OK(tw_chain_check(sys, &ask, &v));
	CHECK_TEXT(v.rule, "chain.revoked");
	CHECK_INT(v.at, 1);
	ask.crl_count = 0;
	ask.now_ms = NOW + 50 * DAY; /* past the device's time, not past the authorities' */
	CHECK_OK(tw_chain_check(sys, &ask, &v));
	CHECK_TEXT(v.rule, "chain.dates");
	CHECK_INT(v.at, 0);
}

/* --- Without memory --- */

struct swept {
	struct tw_slice pem, crl;
	struct tw_chain_ask ask;
};

static tw_err sweep_chain(const struct tw_sys *s, void *user)
{
	struct swept *w = user;
	struct tw_chain_verdict v;
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = NULL;
	TW_TRY(tw_certs_read(s, w->pem, 4, &read));
	TW_TRY(tw_crl_load(s, w->crl, &crl));
	const tw_crl *all[] = { crl };
	w->ask.chain = &read;
	w->ask.crls = all;
	w->ask.crl_count = 1;
	TW_TRY(tw_chain_check(s, &w->ask, &v));
	CHECK_TEXT(v.rule, NULL);
	return TW_OK;
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, list = { 0 };
	const struct list fine = { ca, server, ca_key, NOW - DAY, NOW + DAY };
	TW_CLEANUP(tw_crl_freep) tw_crl *crl = made(&fine);
	struct swept w = { .ask = good() };
	tw_buf_init(&pem, sys, 16384);
	tw_buf_init(&list, sys, 2 * TW_CRL_MAX);
	CHECK_OK(tw_cert_pem(leaf, &pem));
	CHECK_OK(tw_cert_pem(ca, &pem));
	CHECK_OK(tw_crl_pem(crl, &list));
	w.pem = tw_buf_slice(&pem);
	w.crl = tw_buf_slice(&list);
	w.ask.must_be_unrevoked = true;
	(void)oom_sweep(sweep_chain, &w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_good_and_names), TEST(test_paths), TEST(test_dates), TEST(test_lists), TEST(test_each_refusal_of_a_list),
	TEST(test_long_issuer), TEST(test_answers), TEST(test_answers_without_memory), TEST(test_answers_that_cannot_be_judged),
	TEST(test_demanded_answers), TEST(test_several), TEST(test_where), TEST(test_out_of_memory))

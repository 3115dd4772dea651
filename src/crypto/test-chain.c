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

/* A copy, with these extensions in place of its own, signed anew; the value NULL: without. */
struct extension {
	int nid;
	const char *value;
};

static tw_cert *remade(const tw_cert *of, const X509_NAME *subject, tw_key *issuer_key, const struct extension *extensions, size_t count)
{
	tw_cert *again = NULL;
	uint8_t *der = NULL;
	X509 *x = X509_dup(tw_cert_x509(of));
	CHECK(!subject || X509_set_subject_name(x, subject) == 1);
	for (size_t i = 0; i < count; i++) {
		X509_EXTENSION_free(X509_delete_ext(x, X509_get_ext_by_NID(x, extensions[i].nid, -1)));
		X509_EXTENSION *e = extensions[i].value ? X509V3_EXT_conf_nid(NULL, NULL, extensions[i].nid, extensions[i].value) : NULL;
		CHECK(!extensions[i].value || X509_add_ext(x, e, -1) == 1);
		X509_EXTENSION_free(e);
	}
	CHECK(X509_sign(x, tw_key_evp(issuer_key), EVP_sha256()) > 0);
	int n = i2d_X509(x, &der);
	CHECK_OK(tw_cert_load(sys, (struct tw_slice){ (char *)der, (size_t)n }, &again));
	OPENSSL_free(der);
	X509_free(x);
	return again;
}

/* tw_cert_make lets an authority sign end entities only; here one signs another. */
static tw_cert *authority(const char *name, tw_key *key, const tw_cert *issuer, tw_key *issuer_key, const char *length)
{
	const struct tw_cert_want want = { .common_name = name, .is_ca = true, .not_before_ms = NOW - DAY, .not_after_ms = NOW + 99 * DAY };
	const struct extension constraints = { NID_basic_constraints, length };
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	CHECK_OK(tw_cert_make(sys, &want, key, issuer, issuer_key, &c));
	return remade(c, NULL, issuer_key, &constraints, 1);
}

/* The certificate of a responder to whom the authority has delegated its answers. */
static tw_cert *made_responder(int64_t now_ms, const tw_cert *issuer)
{
	const struct tw_cert_want want = { .common_name = "R", .not_before_ms = now_ms - DAY, .not_after_ms = now_ms + DAY };
	const struct extension purpose[] = { { NID_ext_key_usage, "OCSPSigning" }, { NID_id_pkix_OCSP_noCheck, "yes" } };
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	CHECK_OK(tw_cert_make(sys, &want, root_key, issuer, ca_key, &c));
	return remade(c, NULL, ca_key, purpose, TW_COUNT(purpose));
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

/* The device's or the server's certificate with other names or purposes, below an authority with others: the verdict by this one alone. */
static void test_odd_certificates(void **state)
{
	static const struct {
		struct tw_cert_want want;
		struct extension own[2], above; /* put in place, if any */
		enum tw_chain_purpose purpose;
		const char *uri, *dns, *rule;
	} rows[] = {
		{ { .uri = URI }, { { 0 } }, { 0 }, TW_CHAIN_CLIENT, URI, NULL, "chain.purpose" },
		{ { .uri = URI }, { { 0 } }, { 0 }, TW_CHAIN_DEVICE, URI, NULL, NULL },
		{ { .uri = URI }, { { 0 } }, { NID_ext_key_usage, "serverAuth" }, TW_CHAIN_DEVICE, URI, NULL, "chain.purpose" },
		{ { .uri = URI, .is_client = true }, { { 0 } }, { NID_ext_key_usage, "serverAuth" }, TW_CHAIN_CLIENT, URI, NULL,
			"chain.purpose" },
		{ { .uri = URI, .is_client = true }, { { 0 } }, { NID_ext_key_usage, "clientAuth" }, TW_CHAIN_CLIENT, URI, NULL, NULL },
		{ { .dns = "s.example", .is_server = true }, { { 0 } }, { NID_ext_key_usage, "clientAuth" }, TW_CHAIN_SERVER, NULL,
			"s.example", "chain.purpose" },
		{ { .dns = "s.example" }, { { NID_ext_key_usage, "msSGC" } }, { 0 }, TW_CHAIN_SERVER, NULL, "s.example", "chain.purpose" },
		{ { .dns = "s.example", .is_server = true }, { { 0 } }, { 0 }, TW_CHAIN_SERVER, NULL, "t.example", "chain.name" },
		{ { .dns = "s.example", .is_server = true }, { { 0 } }, { 0 }, TW_CHAIN_SERVER, NULL, "s.examples", "chain.name" },
		{ { .dns = "*.example", .is_server = true }, { { 0 } }, { 0 }, TW_CHAIN_SERVER, NULL, "*.example", "chain.name" },
		{ { .uri = "urn:odd one", .is_client = true }, { { 0 } }, { 0 }, TW_CHAIN_CLIENT, "urn:odd one", NULL, "chain.name" },
		{ { .uri = "urn:a", .is_client = true }, { { 0 } }, { 0 }, TW_CHAIN_CLIENT, "urn:b", NULL, "chain.name" },
		{ { .uri = "urn:dev:", .is_client = true }, { { 0 } }, { 0 }, TW_CHAIN_DEVICE, NULL, NULL, "chain.name" },
		{ { .uri = "urn:different:x", .is_client = true }, { { 0 } }, { 0 }, TW_CHAIN_DEVICE, NULL, NULL, "chain.name" },
		{ { .is_ca = true }, { { NID_key_usage, "critical,cRLSign" }, { NID_basic_constraints, "critical,CA:TRUE" } },
			{ NID_basic_constraints, "critical,CA:TRUE" }, TW_CHAIN_AUTHORITY, NULL, NULL, "chain.usage" },
		{ { .is_ca = true }, { { NID_key_usage, NULL }, { NID_basic_constraints, "critical,CA:TRUE" } },
			{ NID_basic_constraints, "critical,CA:TRUE" }, TW_CHAIN_AUTHORITY, NULL, NULL, "chain.authority" },
		{ { .organization = "T-1", .uri = URI }, { { 0 } }, { 0 }, TW_CHAIN_DEVICE, URI, NULL, NULL }, /* the same text in two parts of a name */
		{ { .uri = URI, .not_after_ms = NOW - 2 * DAY }, { { 0 } }, { 0 }, TW_CHAIN_DEVICE, URI, NULL, "chain.form" }, /* before it begins */
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_cert_freep)
		tw_cert *made = NULL, *own = NULL, *above = remade(ca, NULL, root_key, &rows[i].above, rows[i].above.nid != 0);
		struct tw_cert_want want = rows[i].want;
		struct tw_chain_ask ask = good();

		want.common_name = "T-1";
		want.not_before_ms = NOW - DAY;
		CHECK_OK(tw_cert_make(sys, &want, leaf_key, above, ca_key, &made));
		own = remade(made, NULL, ca_key, rows[i].own, (size_t)(rows[i].own[0].nid != 0) + (rows[i].own[1].nid != 0));
		const struct tw_certs both = { { own, above }, 2 };
		ask.chain = &both;
		ask.purpose = rows[i].purpose;
		ask.uri = rows[i].uri;
		ask.dns = rows[i].dns;
		const char *is = verdict(ask);
		if (is != rows[i].rule && (!is || !rows[i].rule || strcmp(is, rows[i].rule) != 0))
			fail_msg("row %zu: %s", i, is ? is : "taken");
	}
}

/* Two parts of one kind are no fault; said twice they are. */
static void test_names_of_many_parts(void **state)
{
	for (int same = 0; same < 2; same++) {
		TW_CLEANUP(tw_cert_freep) tw_cert *two = NULL;
		struct tw_chain_ask ask = good();
		X509_NAME *name = X509_NAME_dup(X509_get_subject_name(tw_cert_x509(leaf)));

		CHECK(X509_NAME_add_entry_by_txt(
			      name, "CN", MBSTRING_UTF8, (const uint8_t *)(same ? "T-1 0001" : "T-1 0002"), -1, -1, 0) == 1);
		two = remade(leaf, name, ca_key, NULL, 0);
		const struct tw_certs both = { { two, ca }, 2 };
		ask.chain = &both;
		CHECK_TEXT(verdict(ask), same ? "chain.form" : NULL);
		X509_NAME_free(name);
	}
}

static void test_paths(void **state)
{
	struct tw_certs alone = { { leaf }, 1 }, middle = { { ca }, 1 }, same = { { leaf }, 1 },
			extra = { { leaf, ca, server }, 3 }, twice = { { leaf, ca, ca }, 3 }, with_root = { { leaf, ca, root }, 3 },
			authority_itself = { { ca }, 1 }, none = { 0 }, five = { { leaf, ca, root, server, server }, 5 };
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
	ask.chain = &five;
	CHECK_TEXT(verdict(ask), "chain.anchor"); /* not looked at */
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

static tw_crl *made(const struct list *l)
{
	const ASN1_INTEGER *n = l->revoked ? X509_get0_serialNumber(tw_cert_x509(l->revoked)) : NULL;
	const struct tw_crl_entry entry = { n ? ASN1_STRING_get0_data(n) : NULL, n ? (size_t)ASN1_STRING_length(n) : 0, l->from_ms, 0 };
	const struct tw_crl_want want = {
		.entries = &entry, .count = n != NULL, .number = 7, .this_update_ms = l->from_ms, .next_update_ms = l->to_ms
	};
	tw_crl *crl = NULL;
	CHECK_OK(tw_crl_make(sys, &want, l->issuer, l->key, &crl));
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

static void nothing_to_judge(void *user)
{
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
	TW_CLEANUP(tw_crl_freep) tw_crl *list = NULL;
	struct tw_certs one = { 0 }, trusted = { 0 };
	struct tw_chain_ask ask = good();
	CHECK_OK(tw_cert_make(sys, &above, ca_key, NULL, ca_key, &below));
	CHECK_OK(tw_cert_make(sys, &want, leaf_key, below, ca_key, &own));
	responder = made_responder(now, below);
	list = made(&(struct list){ below, own, ca_key, now - DAY, now + DAY });
	const tw_crl *const gone = list;
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
	ask.now_ms = now + DAY / 2; /* the answers are made while this runs, and none may come from later, however slow this machine is */
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
		ask.crls = &gone;
		ask.crl_count = 1;
		CHECK_TEXT(verdict(ask), "chain.revoked"); /* whatever the answer says */
		ask.crl_count = 0;
		if (without_memory) {
			judged_sweep(sweep_answer, nothing_to_judge, &ask);
			(void)told_sweep(ENOMEM, sweep_answer, &ask, "");
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
	CHECK_OK(tw_buf_text(&pem, "# "));
	CHECK_OK(tw_cert_pem(leaf, &pem));
	CHECK_ERR(tw_certs_read(sys, tw_buf_slice(&pem), 4, &none), SYNTAX);
	char *exact = malloc(pem.size - 3); /* to the last hyphen; AddressSanitizer sees what is read behind it */
	CHECK(exact != NULL);
	memcpy(exact, pem.data + 2, pem.size - 3);
	CHECK_OK(tw_certs_read(sys, (struct tw_slice){ exact, pem.size - 3 }, 4, &read));
	free(exact);
	tw_certs_done(&read);
	tw_buf_clear(&pem);
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
CHECK_MAIN(TEST(test_good_and_names), TEST(test_odd_certificates), TEST(test_names_of_many_parts), TEST(test_paths), TEST(test_dates),
	TEST(test_lists), TEST(test_answers), TEST(test_answers_without_memory), TEST(test_answers_that_cannot_be_judged),
	TEST(test_demanded_answers), TEST(test_several), TEST(test_where), TEST(test_out_of_memory))

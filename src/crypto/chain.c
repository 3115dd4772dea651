/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict over a chain. First what can be said without an anchor, then OpenSSL's walk, then what it leaves to us, each in a
 * function that gives the name of the rule that fails.
 */
#include "crypto/chain.h"

#include "base/text.h"
#include "crypto/certin.h"
#include "crypto/ocsp.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----"
#define DEVICE_NAME "urn:dev:" /* RFC 9039 */

const struct tw_chain_rule tw_chain_rules[] = {
	{ "chain.form", "A certificate in the chain is of no form that is taken." },
	{ "chain.anchor", "No authority that is trusted here vouches for it." },
	{ "chain.signature", "A signature in the chain does not verify." },
	{ "chain.algorithm", "A certificate in the chain is not signed with ECDSA and SHA-256." },
	{ "chain.dates", "A certificate in the chain is not valid yet, or no more." },
	{ "chain.authority", "A certificate in the chain signed another one and may not." },
	{ "chain.length", "The chain is longer than an authority in it permits." },
	{ "chain.constraint", "An authority in the chain may not vouch for this name." },
	{ "chain.extension", "A certificate in the chain has a critical extension that is not known here." },
	{ "chain.extra", "The chain holds a certificate that it does not need." },
	{ "chain.purpose", "The certificate is not for this purpose." },
	{ "chain.usage", "The certificate's key may not sign." },
	{ "chain.name", "The certificate is for another name." },
	{ "chain.revoked", "Its issuer has taken a certificate of the chain back." },
	{ "chain.unproven", "Nothing says that the certificate has not been taken back." },
	{ "crl.issuer", "The list of revoked certificates is by somebody who may not make one." },
	{ "crl.signature", "The list of revoked certificates is not signed by its issuer." },
	{ "crl.dates", "The list of revoked certificates does not count yet, or no more." },
	{ "ocsp.form", "The stapled answer is of no form that is taken." },
	{ "ocsp.answer", "The responder had no answer." },
	{ "ocsp.algorithm", "The stapled answer is not signed with ECDSA and SHA-256." },
	{ "ocsp.signer", "The stapled answer is by nobody who may answer for this issuer." },
	{ "ocsp.signature", "The stapled answer's signature does not verify." },
	{ "ocsp.certificate", "The stapled answer is about another certificate." },
	{ "ocsp.dates", "The stapled answer does not count yet, or no more." },
	{ "ocsp.unknown", "The responder does not know the certificate." },
	{ NULL, NULL },
};

const char *tw_chain_text(const char *rule)
{
	for (const struct tw_chain_rule *r = tw_chain_rules; r->rule; r++)
		if (!strcmp(r->rule, rule))
			return r->text;
	return "";
}

/* --- Reading several --- */

void tw_certs_done(struct tw_certs *c)
{
	for (size_t i = 0; i < c->count; i++)
		c->of[i] = tw_cert_free(c->of[i]);
	c->count = 0;
}

static tw_err read_next(const struct tw_sys *sys, struct tw_slice *rest, struct tw_certs *to)
{
	const size_t begin = sizeof BEGIN - 1;

	if (rest->size < begin || memcmp(rest->at, BEGIN, begin) != 0)
		return TW_RAISE(SYNTAX, "something else than certificates in PEM");
	const char *end = memmem(rest->at + begin, rest->size - begin, END, sizeof END - 1);
	if (!end)
		return TW_RAISE(SYNTAX, "a certificate in PEM without its end");
	struct tw_slice one = { rest->at, (size_t)(end - rest->at) + sizeof END - 1 };
	TW_TRY(tw_cert_load(sys, one, &to->of[to->count]));
	to->count++;
	rest->at += one.size;
	rest->size -= one.size;
	while (rest->size && (*rest->at == '\n' || *rest->at == '\r')) {
		rest->at++;
		rest->size--;
	}
	return TW_OK;
}

tw_err tw_certs_read(const struct tw_sys *sys, struct tw_slice pem, size_t most, struct tw_certs *ret)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };

	do {
		if (read.count == most || read.count == TW_COUNT(read.of))
			return TW_RAISE(LIMIT, "more than %zu certificates", read.count);
		TW_TRY(read_next(sys, &pem, &read));
	} while (pem.size);
	*ret = read;
	read.count = 0;
	return TW_OK;
}

/* --- OpenSSL's walk --- */

static inline void storep(X509_STORE **s)
{
	X509_STORE_free(*s);
}

static inline void contextp(X509_STORE_CTX **c)
{
	X509_STORE_CTX_free(*c);
}

static inline void stackp(STACK_OF(X509) * *s)
{
	sk_X509_free(*s);
}

struct walk {
	const struct tw_sys *sys;
	const struct tw_chain_ask *ask;
	struct tw_chain_verdict *verdict;
	STACK_OF(X509) * path; /* borrowed: from the certificate to the anchor */
};

static const char *rule_of(int error)
{
	static const struct {
		int error;
		const char *rule;
	} rules[] = {
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "chain.anchor" },
		{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "chain.anchor" },
		{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "chain.anchor" },
		{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "chain.anchor" },
		{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "chain.anchor" },
		{ X509_V_ERR_CERT_UNTRUSTED, "chain.anchor" },
		{ X509_V_ERR_CERT_SIGNATURE_FAILURE, "chain.signature" },
		{ X509_V_ERR_CERT_NOT_YET_VALID, "chain.dates" },
		{ X509_V_ERR_CERT_HAS_EXPIRED, "chain.dates" },
		{ X509_V_ERR_INVALID_CA, "chain.authority" },
		{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "chain.authority" },
		{ X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, "chain.authority" },
		{ X509_V_ERR_PATH_LENGTH_EXCEEDED, "chain.length" },
		{ X509_V_ERR_CERT_CHAIN_TOO_LONG, "chain.length" },
		{ X509_V_ERR_INVALID_PURPOSE, "chain.purpose" },
		{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "chain.extension" },
		{ X509_V_ERR_PERMITTED_VIOLATION, "chain.constraint" },
		{ X509_V_ERR_EXCLUDED_VIOLATION, "chain.constraint" },
	};

	for (size_t i = 0; i < TW_COUNT(rules); i++)
		if (rules[i].error == error)
			return rules[i].rule;
	return "chain.form"; /* what its strict mode finds wrong in a certificate by itself */
}

static int purpose_of(enum tw_chain_purpose p)
{
	if (p == TW_CHAIN_SERVER)
		return X509_PURPOSE_SSL_SERVER;
	return p == TW_CHAIN_CLIENT || p == TW_CHAIN_DEVICE ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_ANY;
}

static void set_strict(X509_STORE_CTX *c, const struct tw_chain_ask *ask)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(c);

	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(param, ask->now_ms / 1000);
	X509_VERIFY_PARAM_set_depth(param, TW_CHAIN_MAX - 1);
	X509_VERIFY_PARAM_set_auth_level(param, 2);
}

static tw_err prepare(const struct tw_chain_ask *ask, X509_STORE *store, STACK_OF(X509) * between, X509_STORE_CTX *c)
{
	bool ok = store && between && c;

	for (size_t i = 0; ok && i < ask->anchors->count; i++)
		ok = X509_STORE_add_cert(store, ask->anchors->of[i]->x509) == 1;
	for (size_t i = 1; ok && i < ask->chain->count; i++)
		ok = sk_X509_push(between, ask->chain->of[i]->x509) > 0;
	ok = ok && X509_STORE_CTX_init(c, store, ask->chain->of[0]->x509, between) == 1 &&
		X509_STORE_CTX_set_purpose(c, purpose_of(ask->purpose)) == 1;
	if (!ok)
		return TW_RAISE_OPENSSL("preparing to check a chain");
	set_strict(c, ask);
	return TW_OK;
}

/* --- What it leaves to us --- */

/* The same part of a name twice. */
static bool name_good(const X509_NAME *name)
{
	for (int i = 1; i < X509_NAME_entry_count(name); i++)
		for (int k = 0; k < i; k++) {
			const X509_NAME_ENTRY *a = X509_NAME_get_entry(name, i), *b = X509_NAME_get_entry(name, k);

			if (OBJ_cmp(X509_NAME_ENTRY_get_object(a), X509_NAME_ENTRY_get_object(b)) == 0 &&
				ASN1_STRING_cmp(X509_NAME_ENTRY_get_data(a), X509_NAME_ENTRY_get_data(b)) == 0)
				return false;
		}
	return true;
}

static bool form_good(const X509 *x)
{
	int64_t from, to;

	return tw_x509_serial_good(X509_get0_serialNumber(x)) && tw_x509_time_ms(X509_get0_notBefore(x), &from) &&
		tw_x509_time_ms(X509_get0_notAfter(x), &to) && from <= to &&
		X509_NAME_entry_count(X509_get_issuer_name(x)) > 0 && /* RFC 5280 section 4.1.2.4 */
		name_good(X509_get_issuer_name(x)) && name_good(X509_get_subject_name(x));
}

static const char *judge_form(const struct tw_chain_ask *ask)
{
	for (size_t i = 0; i < ask->chain->count; i++)
		if (!form_good(ask->chain->of[i]->x509))
			return "chain.form";
	for (size_t i = 0; i < ask->anchors->count; i++)
		if (!form_good(ask->anchors->of[i]->x509))
			return "chain.form";
	return NULL;
}

/* From a certificate that is not the anchor itself, by signatures of our one kind, with nothing left over. */
static const char *judge_path(const struct walk *w)
{
	int length = sk_X509_num(w->path);

	if (length < 2)
		return "chain.anchor";
	for (int i = 0; i < length - 1; i++) {
		const X509_ALGOR *algorithm = NULL;

		w->verdict->at = (size_t)i;
		X509_get0_signature(NULL, &algorithm, sk_X509_value(w->path, i));
		if (!tw_x509_algorithm_ours(algorithm))
			return "chain.algorithm";
	}
	w->verdict->at = 0;
	for (size_t i = 1; i < w->ask->chain->count; i++) {
		bool used = false;

		for (int k = 1; k < length; k++)
			used |= X509_cmp(w->ask->chain->of[i]->x509, sk_X509_value(w->path, k)) == 0;
		for (size_t k = 1; k < i; k++)
			used &= X509_cmp(w->ask->chain->of[i]->x509, w->ask->chain->of[k]->x509) != 0;
		if (!used)
			return "chain.extra";
	}
	return NULL;
}

static bool states(const X509 *x, uint32_t use)
{
	return (X509_get_extension_flags((X509 *)x) & EXFLAG_XKUSAGE) && (X509_get_extended_key_usage((X509 *)x) & use);
}

static const char *judge_purpose(const struct tw_chain_ask *ask)
{
	const tw_cert *leaf = ask->chain->of[0];
	X509 *x = leaf->x509;

	if (tw_cert_is_ca(leaf) != (ask->purpose == TW_CHAIN_AUTHORITY))
		return "chain.purpose";
	if (ask->purpose == TW_CHAIN_AUTHORITY) /* absent reads as all of them, which an authority must not leave open */
		return (X509_get_extension_flags(x) & EXFLAG_KUSAGE) && (X509_get_key_usage(x) & KU_KEY_CERT_SIGN) ? NULL : "chain.usage";
	if ((ask->purpose == TW_CHAIN_SERVER && !states(x, XKU_SSL_SERVER)) ||
		(ask->purpose == TW_CHAIN_CLIENT && !states(x, XKU_SSL_CLIENT)))
		return "chain.purpose";
	return X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE ? NULL : "chain.usage";
}

static bool is_name(const GENERAL_NAME *n, int type, struct tw_slice wanted, bool whole)
{
	if (n->type != type)
		return false;
	struct tw_slice is = { (const char *)ASN1_STRING_get0_data(n->d.ia5), (size_t)ASN1_STRING_length(n->d.ia5) };
	if (type == GEN_DNS)
		return tw_x509_dns_valid(is) && is.size == wanted.size && strncasecmp(is.at, wanted.at, is.size) == 0;
	return tw_x509_uri_valid(is) && (whole ? is.size == wanted.size : is.size > wanted.size) &&
		memcmp(is.at, wanted.at, wanted.size) == 0;
}

/* Among the alternative names; whole: not only how it begins. */
static tw_err has_name(const tw_cert *c, int type, const char *wanted, bool whole, bool *ret)
{
	int found = 0; /* -1: there are none */
	GENERAL_NAMES *names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, &found, NULL);

	*ret = false;
	if (!names && found != -1) {
		tw_err e = TW_RAISE_REFUSED(SYNTAX, "alternative names");
		return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		*ret |= is_name(sk_GENERAL_NAME_value(names, i), type, tw_slice_of(wanted), whole);
	GENERAL_NAMES_free(names);
	return TW_OK;
}

static tw_err judge_names(const struct tw_chain_ask *ask, const char **ret_rule)
{
	const struct {
		int type;
		const char *text;
		bool whole;
	} wanted[] = { { GEN_URI, ask->uri, true }, { GEN_DNS, ask->dns, true },
		{ GEN_URI, ask->purpose == TW_CHAIN_DEVICE ? DEVICE_NAME : NULL, false } };

	for (size_t i = 0; i < TW_COUNT(wanted); i++) {
		bool has = true;

		if (wanted[i].text)
			TW_TRY(has_name(ask->chain->of[0], wanted[i].type, wanted[i].text, wanted[i].whole, &has));
		if (!has) {
			*ret_rule = "chain.name";
			return TW_OK;
		}
	}
	return TW_OK;
}

/* --- Revocation --- */

/* Of each certificate of the path but the anchor, by the lists of its issuer. */
static tw_err judge_lists(const struct walk *w, const char **ret_rule)
{
	for (int i = 0; i < sk_X509_num(w->path) - 1; i++) {
		const tw_cert one = { w->sys, sk_X509_value(w->path, i) }, issuer = { w->sys, sk_X509_value(w->path, i + 1) };

		for (size_t k = 0; k < w->ask->crl_count; k++) {
			const tw_crl *list = w->ask->crls[k];

			if (!tw_crl_is_of(list, &issuer))
				continue;
			w->verdict->at = (size_t)i;
			TW_TRY(tw_crl_check(list, &issuer, w->ask->now_ms, ret_rule));
			if (!*ret_rule && tw_crl_lists(list, &one))
				*ret_rule = "chain.revoked";
			if (*ret_rule)
				return TW_OK;
			w->verdict->unrevoked |= i == 0;
		}
	}
	w->verdict->at = 0;
	return TW_OK;
}

static tw_err judge_revocation(const struct walk *w, const char **ret_rule)
{
	const tw_cert issuer = { w->sys, sk_X509_value(w->path, 1) };

	TW_TRY(judge_lists(w, ret_rule));
	if (!*ret_rule && w->ask->ocsp.size) {
		TW_TRY(tw_ocsp_check(w->sys, w->ask->ocsp, w->ask->chain->of[0], &issuer, w->ask->now_ms, ret_rule));
		w->verdict->unrevoked |= !*ret_rule;
	}
	if (!*ret_rule && w->ask->must_be_unrevoked && !w->verdict->unrevoked)
		*ret_rule = "chain.unproven";
	return TW_OK;
}

/* --- The verdict --- */

static void note_anchor(const struct walk *w)
{
	const X509 *last = sk_X509_value(w->path, sk_X509_num(w->path) - 1);

	for (size_t i = 0; i < w->ask->anchors->count; i++)
		if (X509_cmp(w->ask->anchors->of[i]->x509, last) == 0)
			w->verdict->anchor = i;
}

static tw_err judge(const struct walk *w)
{
	const char **rule = &w->verdict->rule;

	*rule = judge_path(w);
	if (!*rule)
		*rule = judge_purpose(w->ask);
	if (!*rule)
		TW_TRY(judge_names(w->ask, rule));
	if (!*rule)
		TW_TRY(judge_revocation(w, rule));
	if (!*rule)
		note_anchor(w);
	return TW_OK;
}

/* OpenSSL answers "no" in places where it had no memory to find out. */
static tw_err meant(const char *rule)
{
	tw_err e = TW_RAISE_REFUSED(UNTRUSTED, rule);

	return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
}

/* @nist DP.CCS.2: chain, dates, name and revocation in one verdict */
tw_err tw_chain_check(const struct tw_sys *sys, const struct tw_chain_ask *ask, struct tw_chain_verdict *ret)
{
	TW_CLEANUP(storep) X509_STORE *store = NULL;
	TW_CLEANUP(stackp) STACK_OF(X509) *between = NULL;
	TW_CLEANUP(contextp) X509_STORE_CTX *c = NULL;
	struct walk w = { .sys = sys, .ask = ask, .verdict = ret };

	*ret = (struct tw_chain_verdict){ .rule = "chain.anchor" };
	if (ask->chain->count == 0 || ask->chain->count > TW_CHAIN_MAX || ask->anchors->count == 0)
		return TW_OK;
	ret->rule = judge_form(ask);
	if (ret->rule)
		return TW_OK;
	tw_openssl_afresh();
	store = X509_STORE_new();
	between = sk_X509_new_null();
	c = X509_STORE_CTX_new();
	TW_TRY(prepare(ask, store, between, c));
	if (X509_verify_cert(c) != 1) {
		tw_err e = TW_RAISE_REFUSED(UNTRUSTED, "a chain");
		int depth = X509_STORE_CTX_get_error_depth(c);

		ret->rule = rule_of(X509_STORE_CTX_get_error(c));
		ret->at = depth > 0 ? (size_t)depth : 0;
		return tw_is(e, TW_CODE_NOMEM) || X509_STORE_CTX_get_error(c) == X509_V_ERR_OUT_OF_MEM
			? TW_RAISE(NOMEM, "checking a chain")
			: TW_OK;
	}
	w.path = X509_STORE_CTX_get0_chain(c);
	TW_TRY(judge(&w));
	return ret->rule ? meant(ret->rule) : TW_OK;
}

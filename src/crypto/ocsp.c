/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stapled OCSP. OpenSSL reads the ASN.1, compares the certificate's identifier and verifies the signature under the signer that is
 * given to it. Who may be that signer is ours: the issuer, or one certificate that the issuer itself made for this purpose and
 * that need not be asked about in turn (id-pkix-ocsp-nocheck); OpenSSL would also search stores and take whole chains.
 */
#include "crypto/ocsp.h"

#include "crypto/certin.h"
#include "crypto/chain.h"
#include "crypto/der.h"

#include <openssl/ocsp.h>
#include <openssl/tls1.h>

struct answer {
	OCSP_RESPONSE *response;
	OCSP_BASICRESP *basic;
	OCSP_SINGLERESP *single;
	uint8_t *der; /* of basic */
};

static void answer_done(struct answer *a)
{
	OCSP_BASICRESP_free(a->basic);
	OCSP_RESPONSE_free(a->response);
	OPENSSL_free(a->der);
}

/* What stands against it, unless memory was the reason: OpenSSL answers "no" where it had none to find out. */
static tw_err unreadable(const char *rule, const char **ret_rule)
{
	tw_err e = TW_RAISE_REFUSED(SYNTAX, rule);

	*ret_rule = rule;
	return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
}

/* The first element of the answer's data is a version only where it is not the first one, and then it is not ours. */
static bool has_version(const uint8_t *der, long size)
{
	const uint8_t *at = der;
	long length;
	int tag, class;

	for (int i = 0; i < 2; i++)
		if (ASN1_get_object(&at, &length, &tag, &class, size - (at - der)) & 0x80)
			return true;
	return at < der + size && *at == (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED);
}

/* What stands before an octet string of this size. */
static size_t octets_head(size_t size, uint8_t ret[4])
{
	const uint8_t high = (uint8_t)(size >> 8), low = (uint8_t)size;
	const uint8_t brief[] = { V_ASN1_OCTET_STRING, low }, longer[] = { V_ASN1_OCTET_STRING, 0x81, low },
		      longest[] = { V_ASN1_OCTET_STRING, 0x82, high, low };
	size_t n = size < 0x80 ? sizeof brief : size < 0x100 ? sizeof longer : sizeof longest;

	memcpy(ret, size < 0x80 ? brief : size < 0x100 ? longer : longest, n);
	return n;
}

/* The inner answer is DER, and all there is in its envelope: OpenSSL does not mind what follows it. */
static bool inner_exact(struct answer *a, struct tw_slice der, int size)
{
	struct tw_slice inner = { (const char *)a->der, (size_t)size };
	uint8_t before[4];

	size_t head = octets_head((size_t)size, before);

	return size > 0 && inner.size + head < der.size && memcmp(der.at + der.size - inner.size - head, before, head) == 0 &&
		memcmp(der.at + der.size - inner.size, inner.at, inner.size) == 0 && !tw_failed(tw_der_exact(inner)) &&
		!has_version(a->der, size);
}

static bool no_critical(X509_EXTENSION *e)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(e);

	return !X509_EXTENSION_get_critical(e) &&
		!tw_failed(tw_der_exact((struct tw_slice){ (const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) }));
}

static bool extensions_good(struct answer *a)
{
	for (int i = 0; i < OCSP_BASICRESP_get_ext_count(a->basic); i++)
		if (!no_critical(OCSP_BASICRESP_get_ext(a->basic, i)))
			return false;
	for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(a->single); i++)
		if (!no_critical(OCSP_SINGLERESP_get_ext(a->single, i)))
			return false;
	return true;
}

static tw_err read_answer(struct answer *a, struct tw_slice der, const char **ret_rule)
{
	const uint8_t *at = (const uint8_t *)der.at;

	*ret_rule = "ocsp.form";
	if (der.size > TW_OCSP_MAX || tw_failed(tw_der_exact(der)))
		return TW_OK;
	a->response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.size);
	if (!a->response)
		return unreadable("ocsp.form", ret_rule);
	if (OCSP_response_status(a->response) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		*ret_rule = "ocsp.answer";
		return TW_OK;
	}
	a->basic = OCSP_response_get1_basic(a->response);
	int size = a->basic ? i2d_OCSP_BASICRESP(a->basic, &a->der) : -1;
	if (size <= 0)
		return unreadable("ocsp.form", ret_rule);
	if (!inner_exact(a, der, size) || OCSP_resp_count(a->basic) != 1)
		return TW_OK;
	a->single = OCSP_resp_get0(a->basic, 0);
	*ret_rule = !extensions_good(a)                                        ? "ocsp.form"
		: !tw_x509_algorithm_ours(OCSP_resp_get0_tbs_sigalg(a->basic)) ? "ocsp.algorithm"
									       : NULL;
	return TW_OK;
}

/* For this, made by the issuer itself, by the verdict over any certificate, and not to be asked about in turn. */
static tw_err delegated(const struct tw_sys *sys, tw_cert *c, const tw_cert *issuer, int64_t now_ms, bool *ret)
{
	const struct tw_certs chain = { { c }, 1 }, anchors = { { (tw_cert *)issuer }, 1 };
	const struct tw_chain_ask ask = { .chain = &chain, .anchors = &anchors, .purpose = TW_CHAIN_SIGNER, .now_ms = now_ms };
	struct tw_chain_verdict verdict;

	TW_TRY(tw_chain_check(sys, &ask, &verdict));
	*ret = !verdict.rule && (X509_get_extension_flags(c->x509) & EXFLAG_XKUSAGE) &&
		(X509_get_extended_key_usage(c->x509) & XKU_OCSP_SIGN) &&
		X509_get_ext_by_NID(c->x509, NID_id_pkix_OCSP_noCheck, -1) >= 0;
	return TW_OK;
}

/* The certificate that came with the answer, as strict as any other. */
static tw_err delegate_of(const struct answer *a, const struct tw_sys *sys, tw_cert **ret)
{
	const STACK_OF(X509) *brought = OCSP_resp_get0_certs(a->basic);

	if (sk_X509_num(brought) != 1)
		return TW_OK;
	tw_err e = tw_cert_again(sys, sk_X509_value(brought, 0), ret);
	return tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_CRYPTO) ? e : TW_OK;
}

/* Whether the answer says that this one signed it, and it did. */
static tw_err signed_by(const struct answer *a, const tw_cert *signer, const char **ret_rule)
{
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;
	STACK_OF(X509) *one = sk_X509_new_null();

	*ret_rule = "ocsp.signer";
	if (!one || sk_X509_push(one, signer->x509) <= 0) {
		sk_X509_free(one);
		return TW_RAISE_OPENSSL("an answer's signer");
	}
	tw_openssl_afresh();
	int good = OCSP_resp_get0_id(a->basic, &key, &name) == 1 && (key || name)
		? OCSP_basic_verify(a->basic, one, NULL, OCSP_NOINTERN | OCSP_NOVERIFY)
		: 0;
	sk_X509_free(one);
	if (good == 1) {
		*ret_rule = NULL;
		return TW_OK;
	}
	return unreadable("ocsp.signature", ret_rule);
}

static bool named_by(const struct answer *a, const tw_cert *signer)
{
	const ASN1_OCTET_STRING *key = NULL;
	const X509_NAME *name = NULL;
	uint8_t sha1[20];
	unsigned size = 0;

	if (OCSP_resp_get0_id(a->basic, &key, &name) != 1)
		return false;
	if (name)
		return X509_NAME_cmp(name, X509_get_subject_name(signer->x509)) == 0;
	return key && ASN1_STRING_length(key) == (int)sizeof sha1 && X509_pubkey_digest(signer->x509, EVP_sha1(), sha1, &size) == 1 &&
		memcmp(ASN1_STRING_get0_data(key), sha1, sizeof sha1) == 0;
}

static tw_err judge_signer(const struct tw_sys *sys, const struct answer *a, const tw_cert *issuer, int64_t now_ms, const char **ret_rule)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *delegate = NULL;
	bool may = false;

	*ret_rule = "ocsp.signer";
	if (sk_X509_num(OCSP_resp_get0_certs(a->basic)) > 0) {
		TW_TRY(delegate_of(a, sys, &delegate));
		if (delegate && named_by(a, delegate))
			TW_TRY(delegated(sys, delegate, issuer, now_ms, &may));
		return may ? signed_by(a, delegate, ret_rule) : TW_OK;
	}
	return named_by(a, issuer) ? signed_by(a, issuer, ret_rule) : TW_OK;
}

/* By SHA-1 as RFC 5019 wants it, or SHA-256: these hashes name an issuer that is known here already, and prove nothing. */
static tw_err about(const struct answer *a, const tw_cert *c, const tw_cert *issuer, bool *ret)
{
	const OCSP_CERTID *is = OCSP_SINGLERESP_get0_id(a->single);
	static const uint8_t null[] = { V_ASN1_NULL, 0, V_ASN1_OCTET_STRING }; /* and the first of the hashes */
	ASN1_OBJECT *hash = NULL;
	uint8_t *der = NULL;

	*ret = false;
	if (OCSP_id_get0_info(NULL, &hash, NULL, NULL, (OCSP_CERTID *)is) != 1)
		return TW_OK;
	int nid = OBJ_obj2nid(hash);
	if (nid != NID_sha1 && nid != NID_sha256)
		return TW_OK;
	OCSP_CERTID *wanted = OCSP_cert_to_id(nid == NID_sha1 ? EVP_sha1() : EVP_sha256(), c->x509, issuer->x509);
	if (!wanted)
		return TW_RAISE_OPENSSL("a certificate's identifier");
	/* OpenSSL compares no parameters: they are NULL, which is two bytes, or left out. */
	int longer = i2d_OCSP_CERTID(wanted, NULL), size = i2d_OCSP_CERTID((OCSP_CERTID *)is, &der);
	*ret = size > 0 && OCSP_id_cmp(wanted, is) == 0 &&
		(size == longer - 2 || (size == longer && memmem(der, (size_t)size, null, sizeof null)));
	OPENSSL_free(der);
	OCSP_CERTID_free(wanted);
	return TW_OK;
}

static bool in_time(const struct answer *a, const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *to, int64_t now_ms)
{
	int64_t from_ms = INT64_MAX, to_ms = INT64_MIN, made_ms = INT64_MIN; /* what cannot be read stays where it is refused */

	return to && tw_x509_time_ms(from, &from_ms) && tw_x509_time_ms(to, &to_ms) &&
		tw_x509_time_ms(OCSP_resp_get0_produced_at(a->basic), &made_ms) && made_ms >= from_ms && made_ms <= now_ms &&
		from_ms < to_ms && from_ms <= now_ms && now_ms / 1000 * 1000 <= to_ms;
}

static tw_err judge(const struct tw_sys *sys, const struct answer *a, const tw_cert *c, const tw_cert *issuer, int64_t now_ms,
	const char **ret_rule)
{
	ASN1_GENERALIZEDTIME *from = NULL, *to = NULL;
	bool is_about = false;

	TW_TRY(judge_signer(sys, a, issuer, now_ms, ret_rule));
	if (*ret_rule)
		return TW_OK;
	TW_TRY(about(a, c, issuer, &is_about));
	int status = OCSP_single_get0_status(a->single, NULL, NULL, &from, &to);
	if (!is_about)
		*ret_rule = "ocsp.certificate";
	else if (!in_time(a, from, to, now_ms))
		*ret_rule = "ocsp.dates";
	else if (status != V_OCSP_CERTSTATUS_GOOD)
		*ret_rule = status == V_OCSP_CERTSTATUS_REVOKED ? "chain.revoked" : "ocsp.unknown";
	return TW_OK;
}

tw_err tw_ocsp_check(const struct tw_sys *sys, struct tw_slice der, const tw_cert *c, const tw_cert *issuer, int64_t now_ms,
	const char **ret_rule)
{
	struct answer a = { 0 };

	tw_openssl_afresh();
	tw_err e = read_answer(&a, der, ret_rule);
	if (!tw_failed(e) && !*ret_rule)
		e = judge(sys, &a, c, issuer, now_ms, ret_rule);
	if (!tw_failed(e) && *ret_rule)
		e = unreadable(*ret_rule, ret_rule);
	answer_done(&a);
	return e;
}

/* TLS feature 5, status_request. What cannot be read may demand it. */
static tw_err demands_answer(const X509 *x, bool *ret)
{
	int found = 0; /* -1: there is none; -2: two */

	tw_openssl_afresh();
	TLS_FEATURE *features = X509_get_ext_d2i(x, NID_tlsfeature, &found, NULL);
	*ret = !features && found != -1;
	if (*ret) {
		tw_err e = TW_RAISE_REFUSED(SYNTAX, "the TLS features");

		return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
	}
	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		*ret |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLSEXT_TYPE_status_request;
	TLS_FEATURE_free(features);
	return TW_OK;
}

static tw_err shared(const struct tw_sys *sys, X509 *x, tw_cert **ret)
{
	if (!X509_up_ref(x))
		return TW_RAISE_OPENSSL("a certificate of the handshake");
	return tw_cert_adopt(sys, x, ret);
}

tw_err tw_ocsp_stapled(const struct tw_sys *sys, X509 *leaf, X509 *issuer, struct tw_slice der, int64_t now_ms, const char **ret_rule)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL, *by = NULL;
	bool judged = der.size && issuer && tw_x509_point(X509_get_X509_PUBKEY(issuer));

	*ret_rule = NULL;
	if (judged) {
		TW_TRY(shared(sys, leaf, &c));
		TW_TRY(shared(sys, issuer, &by));
		TW_TRY(tw_ocsp_check(sys, der, c, by, now_ms, ret_rule));
		judged = !*ret_rule || (strcmp(*ret_rule, "ocsp.algorithm") != 0 && strcmp(*ret_rule, "ocsp.answer") != 0);
	}
	if (judged)
		return TW_OK;
	bool demanded = false;
	TW_TRY(demands_answer(leaf, &demanded));
	*ret_rule = demanded ? "chain.unproven" : NULL;
	return TW_OK;
}

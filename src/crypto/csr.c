/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#10 requests. OpenSSL reads and writes the ASN.1; what may stand in one is ours: one spelling, a P-256 key, three kinds of
 * subject names and two of alternative ones, each at most once, and a signature that holds.
 *
 * The signature is set by hand: OpenSSL signs with a key it holds, and ours may be in the keys role or on a token.
 */
#include "crypto/csr.h"

#include "base/text.h"
#include "crypto/certin.h"
#include "crypto/der.h"
#include "crypto/hash.h"

#define CHARACTERS_MAX 64 /* RFC 5280 appendix A.1: ub-common-name, ub-organization-name, ub-serial-number */

enum name { COMMON_NAME, ORGANIZATION, SERIAL_NUMBER, URI, DNS, NAMES };

struct tw_csr {
	const struct tw_sys *sys;
	tw_key *key;
	char names[NAMES][TW_CSR_NAME_MAX + 1]; /* "": it has none */
};

static inline void reqp(X509_REQ **r)
{
	X509_REQ_free(*r);
}

static bool text_valid(struct tw_slice s)
{
	size_t characters = 0;

	for (size_t i = 0; i < s.size; i++)
		characters += (s.at[i] & 0xc0) != 0x80;
	return s.size > 0 && characters <= CHARACTERS_MAX && tw_text_printable(s);
}

static bool name_valid(enum name which, struct tw_slice s)
{
	if (which == DNS)
		return tw_x509_dns_valid(s);
	return which == URI ? tw_x509_uri_valid(s) : text_valid(s);
}

static tw_err take_name(tw_csr *c, enum name which, const ASN1_STRING *value)
{
	const struct tw_slice s = { (const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };

	if (c->names[which][0])
		return TW_RAISE(UNSUPPORTED, "the request has a name of one kind twice");
	if (s.size > TW_CSR_NAME_MAX || !name_valid(which, s))
		return TW_RAISE(SYNTAX, "the request has a name of a form that no request may have");
	memcpy(c->names[which], s.at, s.size);
	return TW_OK;
}

static tw_err read_subject(tw_csr *c, const X509_NAME *subject)
{
	static const int nids[] = { [COMMON_NAME] = NID_commonName, [ORGANIZATION] = NID_organizationName, [SERIAL_NUMBER] = NID_serialNumber };

	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(subject, i);
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(e);
		size_t which = 0;

		while (which < TW_COUNT(nids) && nids[which] != OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)))
			which++;
		if (which == TW_COUNT(nids) || X509_NAME_ENTRY_set(e) != i ||
			(ASN1_STRING_type(value) != V_ASN1_UTF8STRING && ASN1_STRING_type(value) != V_ASN1_PRINTABLESTRING))
			return TW_RAISE(UNSUPPORTED, "the request's subject has other parts than O, CN and serialNumber");
		TW_TRY(take_name(c, (enum name)which, value));
	}
	return TW_OK;
}

static tw_err read_alt_names(tw_csr *c, const GENERAL_NAMES *names)
{
	if (sk_GENERAL_NAME_num(names) == 0)
		return TW_RAISE(SYNTAX, "the request has an empty list of alternative names");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type != GEN_URI && n->type != GEN_DNS)
			return TW_RAISE(UNSUPPORTED, "the request has alternative names that are neither URI nor DNS names");
		TW_TRY(take_name(c, n->type == GEN_URI ? URI : DNS, n->d.ia5));
	}
	return TW_OK;
}

static tw_err read_extensions(tw_csr *c, const STACK_OF(X509_EXTENSION) * extensions)
{
	if (sk_X509_EXTENSION_num(extensions) != 1 ||
		OBJ_obj2nid(X509_EXTENSION_get_object(sk_X509_EXTENSION_value(extensions, 0))) != NID_subject_alt_name)
		return TW_RAISE(UNSUPPORTED, "the request asks for extensions other than alternative names");
	TW_TRY(tw_x509_extensions_exact(extensions));
	GENERAL_NAMES *names = X509V3_EXT_d2i(sk_X509_EXTENSION_value(extensions, 0));
	if (!names)
		return TW_RAISE_REFUSED(SYNTAX, "the request's alternative names cannot be read");
	tw_err e = read_alt_names(c, names);
	GENERAL_NAMES_free(names);
	return e;
}

/* None, or one request for extensions: a challengePassword would be a secret in the open. */
static tw_err read_attributes(tw_csr *c, X509_REQ *r)
{
	int count = X509_REQ_get_attr_count(r); /* -1: not even the empty set that RFC 2986 wants */

	if (count == 0)
		return TW_OK;
	X509_ATTRIBUTE *a = count == 1 ? X509_REQ_get_attr(r, 0) : NULL;
	if (!a || OBJ_obj2nid(X509_ATTRIBUTE_get0_object(a)) != NID_ext_req || X509_ATTRIBUTE_count(a) != 1)
		return TW_RAISE(UNSUPPORTED, "the request has other attributes than one extensionRequest");
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(r);
	if (!extensions)
		return TW_RAISE_REFUSED(SYNTAX, "the request's extensions cannot be read");
	tw_err e = read_extensions(c, extensions);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return e;
}

/* Proof of possession: the signature is by the key in it. */
static tw_err read_key(tw_csr *c, X509_REQ *r)
{
	const uint8_t *point = tw_x509_point(X509_REQ_get_X509_PUBKEY(r));
	const X509_ALGOR *algorithm = NULL;

	X509_REQ_get0_signature(r, NULL, &algorithm);
	if (!point)
		return TW_RAISE_REFUSED(UNSUPPORTED, "the request's key is not P-256 with an uncompressed point");
	if (!tw_x509_algorithm_ours(algorithm))
		return TW_RAISE(UNSUPPORTED, "the request is not signed with ECDSA and SHA-256");
	TW_TRY(tw_key_of_point(c->sys, point, &c->key));
	tw_openssl_afresh();
	return X509_REQ_verify(r, c->key->evp) == 1 ? TW_OK : TW_RAISE_REFUSED(UNTRUSTED, "the request is not signed by the key in it");
}

static tw_err read_request(tw_csr *c, X509_REQ *r)
{
	if (X509_REQ_get_version(r) != X509_REQ_VERSION_1)
		return TW_RAISE(UNSUPPORTED, "not a version 1 request");
	TW_TRY(read_subject(c, X509_REQ_get_subject_name(r)));
	TW_TRY(read_attributes(c, r));
	TW_TRY(read_key(c, r));
	for (size_t i = 0; i < NAMES; i++)
		if (c->names[i][0])
			return TW_OK;
	return TW_RAISE(UNSUPPORTED, "the request names nobody");
}

static tw_err load_der(const struct tw_sys *sys, struct tw_slice der, tw_csr **ret)
{
	TW_CLEANUP(tw_csr_freep) tw_csr *c = NULL;
	const uint8_t *at = (const uint8_t *)der.at;

	TW_TRY(tw_der_exact(der));
	c = TW_NEW(sys, tw_csr);
	if (!c)
		return TW_RAISE(NOMEM, "a request");
	c->sys = sys;
	TW_CLEANUP(reqp) X509_REQ *r = d2i_X509_REQ(NULL, &at, (long)der.size);
	if (!r)
		return TW_RAISE_REFUSED(SYNTAX, "not a certificate request");
	TW_TRY(read_request(c, r));
	*ret = TW_STEAL(c);
	return TW_OK;
}

tw_err tw_csr_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_csr **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };

	if (pem_or_der.size > TW_CSR_MAX)
		return TW_RAISE(LIMIT, "a request of %zu bytes, limit %d", pem_or_der.size, TW_CSR_MAX);
	tw_buf_init(&der, sys, TW_CSR_MAX);
	TW_TRY(tw_pem_or_der("CERTIFICATE REQUEST", pem_or_der, &der));
	return load_der(sys, tw_buf_slice(&der), ret);
}

tw_csr *tw_csr_free(tw_csr *c)
{
	if (c)
		(void)tw_key_free(c->key);
	free(c);
	return NULL;
}

struct tw_csr_names tw_csr_get_names(const tw_csr *c)
{
	const char *n[NAMES];

	for (size_t i = 0; i < NAMES; i++)
		n[i] = c->names[i][0] ? c->names[i] : NULL;
	return (struct tw_csr_names){ n[COMMON_NAME], n[ORGANIZATION], n[SERIAL_NUMBER], n[URI], n[DNS] };
}

tw_err tw_csr_key(const tw_csr *c, tw_key **ret)
{
	return tw_key_of_point(c->sys, c->key->point, ret);
}

static tw_err names_valid(const struct tw_csr_names *n)
{
	const char *const all[NAMES] = { n->common_name, n->organization, n->serial_number, n->uri, n->dns };
	bool any = false;

	for (size_t i = 0; i < NAMES; i++) {
		struct tw_slice s = tw_slice_of(all[i]);

		if (all[i] && (s.size > TW_CSR_NAME_MAX || !name_valid((enum name)i, s)))
			return TW_RAISE(SYNTAX, "a name of a form that no request may have");
		any |= all[i] != NULL;
	}
	return any ? TW_OK : TW_RAISE(SYNTAX, "a request that names nobody");
}

static tw_err add_alt_names(X509_REQ *r, const struct tw_csr_names *n)
{
	STACK_OF(X509_EXTENSION) *extensions = NULL;

	if (!n->uri && !n->dns)
		return TW_OK; /* a new request has the empty set of attributes, which RFC 2986 wants to be there */
	GENERAL_NAMES *names = tw_x509_alt_names(n->uri, n->dns);
	bool ok = names && X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
		X509_REQ_add_extensions(r, extensions) == 1;
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return ok ? TW_OK : TW_RAISE_OPENSSL("the alternative names of a request");
}

static tw_err set_algorithm(X509_REQ *r)
{
	X509_ALGOR *a = X509_ALGOR_new();
	bool ok = a && X509_ALGOR_set0(a, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, NULL) == 1 &&
		X509_REQ_set1_signature_algo(r, a) == 1;

	X509_ALGOR_free(a);
	return ok ? TW_OK : TW_RAISE_OPENSSL("the algorithm of a request");
}

static tw_err set_signature(X509_REQ *r, const uint8_t raw[TW_SIGNATURE_SIZE])
{
	uint8_t der[TW_SIGNATURE_DER_MAX];
	size_t size = tw_signature_to_der(raw, der);
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

	if (!bits || ASN1_BIT_STRING_set(bits, der, (int)size) != 1) {
		ASN1_BIT_STRING_free(bits);
		return TW_RAISE_OPENSSL("the signature of a request");
	}
	bits->flags |= ASN1_STRING_FLAG_BITS_LEFT; /* of whole bytes: else zero bits at the end are cut off */
	X509_REQ_set0_signature(r, bits);
	return TW_OK;
}

static tw_err sign(X509_REQ *r, const struct tw_digest_signer *signer)
{
	uint8_t *tbs = NULL, digest[TW_SHA256_SIZE], raw[TW_SIGNATURE_SIZE];
	int size = i2d_re_X509_REQ_tbs(r, &tbs);

	if (size <= 0)
		return TW_RAISE_OPENSSL("writing a request");
	tw_err e = tw_sha256(tbs, (size_t)size, digest);
	OPENSSL_free(tbs);
	TW_TRY(e);
	TW_TRY(signer->sign(signer->user, digest, raw));
	return set_signature(r, raw);
}

static tw_err fill(X509_REQ *r, const struct tw_csr_names *n, const tw_key *subject, const struct tw_digest_signer *signer)
{
	if (X509_REQ_set_version(r, X509_REQ_VERSION_1) != 1 || X509_REQ_set_pubkey(r, subject->evp) != 1)
		return TW_RAISE_OPENSSL("version and key of a request");
	TW_TRY(tw_x509_subject(X509_REQ_get_subject_name(r), n->organization, n->common_name, n->serial_number));
	TW_TRY(add_alt_names(r, n));
	TW_TRY(set_algorithm(r));
	return sign(r, signer);
}

tw_err tw_csr_make(const struct tw_sys *sys, const struct tw_csr_names *names, const tw_key *subject,
	const struct tw_digest_signer *signer, struct tw_buf *ret_der)
{
	TW_CLEANUP(tw_csr_freep) tw_csr *again = NULL;
	TW_CLEANUP(reqp) X509_REQ *r = NULL;
	uint8_t *der = NULL;

	TW_TRY(names_valid(names));
	r = X509_REQ_new();
	if (!r)
		return TW_RAISE_OPENSSL("a request");
	TW_TRY(fill(r, names, subject, signer));
	int size = i2d_X509_REQ(r, &der);
	if (size <= 0)
		return TW_RAISE_OPENSSL("writing a request");
	/* Read as the authority will: what a signer elsewhere gave back may be anything. */
	tw_err e = tw_csr_load(sys, (struct tw_slice){ (char *)der, (size_t)size }, &again);
	if (!tw_failed(e))
		e = tw_buf_add(ret_der, der, (size_t)size);
	OPENSSL_free(der);
	return e;
}

tw_err tw_csr_pem(struct tw_slice der, struct tw_buf *ret_pem)
{
	return tw_pem_write("CERTIFICATE REQUEST", der, ret_pem);
}

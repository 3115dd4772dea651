/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates: reading, checking one step, and small facts. Making them is in certmake.c.
 *
 * A certificate is refused when it is not DER (RFC 5280 section 4.1), carries a critical extension that OpenSSL does not know,
 * or has a key other than P-256. tw_cert_verify does what a path of length one needs and nothing more; each refusal names its
 * reason, because the person who sees it holds the wrong anchor or the wrong clock and wants to know which.
 */
#include "crypto/cert.h"

#include "base/text.h"
#include "crypto/certin.h"
#include "crypto/der.h"
#include "crypto/hash.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define CERT_MAX 16384 /* device certificates have 600 bytes; more is somebody else's chain */

tw_err tw_cert_adopt(const struct tw_sys *sys, X509 *x, tw_cert **ret)
{
	/* Reads the extensions now, when lack of memory can still be told from a certificate without them. */
	bool whole = X509_check_purpose(x, -1, 0) == 1;
	tw_cert *c = whole ? TW_NEW(sys, tw_cert) : NULL;
	if (!c) {
		X509_free(x);
		return whole ? TW_RAISE(NOMEM, "a certificate")
			     : TW_RAISE_REFUSED(UNSUPPORTED, "the certificate's extensions cannot be read");
	}
	c->sys = sys;
	c->x509 = x;
	*ret = c;
	return TW_OK;
}

tw_cert *tw_cert_free(tw_cert *c)
{
	if (c)
		X509_free(c->x509);
	free(c);
	return NULL;
}

X509 *tw_cert_x509(const tw_cert *c)
{
	return c->x509;
}

static tw_err load_der(const struct tw_sys *sys, struct tw_slice der, tw_cert **ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *c = NULL;
	const uint8_t *at = (const uint8_t *)der.at;
	TW_TRY(tw_der_exact(der));
	tw_openssl_afresh();
	X509 *x = d2i_X509(NULL, &at, (long)der.size);
	if (!x)
		return TW_RAISE_REFUSED(SYNTAX, "not a certificate");
	TW_TRY(tw_cert_adopt(sys, x, &c));
	if (at != (const uint8_t *)der.at + der.size)
		return TW_RAISE(SYNTAX, "%zu bytes follow the certificate", (size_t)((const uint8_t *)der.at + der.size - at));
	if (X509_get_version(x) != X509_VERSION_3)
		return TW_RAISE(UNSUPPORTED, "not a version 3 certificate");
	if (!tw_x509_point(X509_get_X509_PUBKEY(x)))
		return TW_RAISE_REFUSED(UNSUPPORTED, "the certificate's key is not P-256 with an uncompressed point");
	EVP_PKEY *key = X509_get0_pubkey(x); /* tried, and its strength looked up, when it was read, and not again */
	if (!key || EVP_PKEY_get_security_bits(key) != 128)
		return TW_RAISE_REFUSED(UNSUPPORTED, "the certificate's key is not a point of P-256");
	if (X509_get_extension_flags(x) & (EXFLAG_INVALID | EXFLAG_CRITICAL))
		return TW_RAISE_REFUSED(UNSUPPORTED, "the certificate has extensions that are malformed, or critical and not known here");
	TW_TRY(tw_x509_extensions_exact(X509_get0_extensions(x)));
	if (tw_cert_not_before_ms(c) == INT64_MIN || tw_cert_not_after_ms(c) == INT64_MIN)
		return TW_RAISE(SYNTAX, "the certificate's dates are none");
	*ret = TW_STEAL(c);
	return TW_OK;
}

tw_err tw_cert_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_cert **ret)
{
	struct tw_buf der;
	if (pem_or_der.size > CERT_MAX)
		return TW_RAISE(LIMIT, "a certificate of %zu bytes, limit %d", pem_or_der.size, CERT_MAX);
	tw_buf_init(&der, sys, CERT_MAX);
	tw_err e = tw_pem_or_der("CERTIFICATE", pem_or_der, &der);
	if (!tw_failed(e))
		e = load_der(sys, tw_buf_slice(&der), ret);
	tw_buf_done(&der);
	return e;
}

tw_err tw_cert_again(const struct tw_sys *sys, X509 *x, tw_cert **ret)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	if (n <= 0)
		return TW_RAISE_OPENSSL("reading a certificate again");
	tw_err e = tw_cert_load(sys, (struct tw_slice){ (const char *)der, (size_t)n }, ret);
	OPENSSL_free(der);
	return e;
}

tw_err tw_cert_der(const tw_cert *c, struct tw_buf *ret)
{
	uint8_t *der = NULL;
	int n = i2d_X509(c->x509, &der);
	if (n <= 0)
		return TW_RAISE_OPENSSL("writing a certificate");
	tw_err e = tw_buf_add(ret, der, (size_t)n);
	OPENSSL_free(der);
	return e;
}

tw_err tw_cert_pem(const tw_cert *c, struct tw_buf *ret)
{
	uint8_t *der = NULL;
	int n = i2d_X509(c->x509, &der);
	if (n <= 0)
		return TW_RAISE_OPENSSL("writing a certificate");
	tw_err e = tw_pem_write("CERTIFICATE", (struct tw_slice){ (const char *)der, (size_t)n }, ret);
	OPENSSL_free(der);
	return e;
}

tw_err tw_cert_key(const tw_cert *c, tw_key **ret)
{
	return tw_key_of_point(c->sys, tw_x509_point(X509_get_X509_PUBKEY(c->x509)), ret);
}

tw_err tw_cert_fingerprint(const tw_cert *c, uint8_t ret_spki_sha256[32])
{
	struct tw_slice parts[] = { { (const char *)tw_spki_prefix, TW_SPKI_PREFIX },
		{ (const char *)tw_x509_point(X509_get_X509_PUBKEY(c->x509)), TW_POINT_SIZE } };
	return tw_sha256_of(parts, TW_COUNT(parts), ret_spki_sha256);
}

tw_err tw_cert_uri(const tw_cert *c, struct tw_buf *ret)
{
	int found = 0; /* -1: there is none; -2: two */
	tw_openssl_afresh();
	GENERAL_NAMES *names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, &found, NULL);
	if (!names && found != -1)
		return TW_RAISE_REFUSED(SYNTAX, "the certificate's alternative names cannot be read");
	tw_err e = TW_RAISE(NOTFOUND, "the certificate names no URI");
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) { /* -1 for none */
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		if (n->type != GEN_URI)
			continue;
		struct tw_slice uri = { (const char *)ASN1_STRING_get0_data(n->d.ia5), (size_t)ASN1_STRING_length(n->d.ia5) };
		/* A NUL inside would let two readers see two names. */
		e = tw_text_printable(uri) ? tw_buf_add(ret, uri.at, uri.size) : TW_RAISE(SYNTAX, "the certificate's URI is not text");
		break;
	}
	GENERAL_NAMES_free(names);
	return e;
}

tw_err tw_cert_name(const tw_cert *c, struct tw_buf *ret)
{
	const X509_NAME *subject = X509_get_subject_name(c->x509);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (at < 0)
		return TW_RAISE(NOTFOUND, "the certificate has no common name");
	uint8_t *text = NULL;
	int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (n < 0)
		return TW_RAISE_OPENSSL("a common name");
	struct tw_slice name = { (const char *)text, (size_t)n };
	tw_err e = tw_text_printable(name) ? tw_buf_add(ret, name.at, name.size) : TW_RAISE(SYNTAX, "the common name is not text");
	OPENSSL_free(text);
	return e;
}

int64_t tw_cert_not_after_ms(const tw_cert *c)
{
	int64_t ms = 0;
	return tw_x509_time_ms(X509_get0_notAfter(c->x509), &ms) ? ms : INT64_MIN;
}

int64_t tw_cert_not_before_ms(const tw_cert *c)
{
	int64_t ms = 0;
	return tw_x509_time_ms(X509_get0_notBefore(c->x509), &ms) ? ms : INT64_MIN;
}

bool tw_cert_is_ca(const tw_cert *c)
{
	return X509_get_extension_flags(c->x509) & EXFLAG_CA;
}

bool tw_cert_self_signed(const tw_cert *c)
{
	return X509_get_extension_flags(c->x509) & EXFLAG_SS;
}

bool tw_cert_for_client(const tw_cert *c)
{
	return X509_check_purpose(c->x509, X509_PURPOSE_SSL_CLIENT, 0) == 1;
}

bool tw_cert_for_server(const tw_cert *c)
{
	return X509_check_purpose(c->x509, X509_PURPOSE_SSL_SERVER, 0) == 1;
}

tw_err tw_cert_serial(const tw_cert *c, struct tw_buf *ret)
{
	const ASN1_INTEGER *n = X509_get0_serialNumber(c->x509);

	if (!tw_x509_serial_good(n))
		return TW_RAISE(UNSUPPORTED, "the certificate's number is zero, negative, or longer than 20 bytes");
	return tw_buf_hex(ret, ASN1_STRING_get0_data(n), (size_t)ASN1_STRING_length(n));
}

static tw_err in_time(const tw_cert *c, int64_t now_ms, const char *what)
{
	int64_t from, to;
	char text[TW_TIME_TEXT_MAX];
	if (!tw_x509_time_ms(X509_get0_notBefore(c->x509), &from) || !tw_x509_time_ms(X509_get0_notAfter(c->x509), &to))
		return TW_RAISE(UNTRUSTED, "%s: its dates cannot be read", what);
	if (now_ms < from) {
		tw_time_text(from, text);
		return TW_RAISE(UNTRUSTED, "%s is not valid before %s", what, text);
	}
	if (now_ms / 1000 * 1000 > to) { /* the second named last is still inside */
		tw_time_text(to, text);
		return TW_RAISE(UNTRUSTED, "%s was valid until %s", what, text);
	}
	return TW_OK;
}

tw_err tw_cert_verify(const tw_cert *c, const tw_cert *anchor, int64_t now_ms)
{
	if (!tw_cert_is_ca(anchor) || !(X509_get_key_usage(anchor->x509) & KU_KEY_CERT_SIGN))
		return TW_RAISE(UNTRUSTED, "the anchor is not a certificate authority");
	if (tw_cert_is_ca(c))
		return TW_RAISE(UNTRUSTED, "the certificate is an authority's, not an end entity's");
	if (X509_NAME_cmp(X509_get_issuer_name(c->x509), X509_get_subject_name(anchor->x509)) != 0)
		return TW_RAISE(UNTRUSTED, "the certificate was issued by another authority");
	if (X509_get_signature_nid(c->x509) != NID_ecdsa_with_SHA256)
		return TW_RAISE(UNTRUSTED, "the certificate is not signed with ECDSA and SHA-256");
	tw_openssl_afresh();
	EVP_PKEY *key = X509_get0_pubkey(anchor->x509);
	if (!key)
		return TW_RAISE_OPENSSL("the anchor's key");
	if (X509_verify(c->x509, key) != 1)
		return TW_RAISE_REFUSED(UNTRUSTED, "the certificate's signature does not verify");
	TW_TRY(in_time(anchor, now_ms, "the anchor"));
	return in_time(c, now_ms, "the certificate");
}

tw_err tw_cert_in_time(const tw_cert *c, int64_t now_ms)
{
	return in_time(c, now_ms, "the certificate");
}

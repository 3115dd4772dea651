/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making certificates after RFC 5280, and IEEE 802.1AR for the device's: version 3, a random serial number of 127 bits, names in
 * UTF-8, basic constraints and key usage critical, key identifiers of RFC 7093 (the first 160 bits of SHA-256).
 */
#include "crypto/certin.h"
#include "crypto/hash.h"

#include <openssl/x509v3.h>

#define SERIAL_SIZE 16
#define KEY_ID_SIZE 20
static const char NEVER[] = "99991231235959Z"; /* RFC 5280 section 4.1.2.5: no well-defined expiration date */

static inline void x509p(X509 **x)
{
	X509_free(*x);
}

static tw_err add_serial(const struct tw_sys *sys, X509 *x)
{
	uint8_t serial[SERIAL_SIZE];
	if (sys->random(sys, serial, sizeof serial) < 0)
		return TW_RAISE_ERRNO("a serial number");
	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and always as long */
	BIGNUM *n = BN_bin2bn(serial, sizeof serial, NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? TW_OK : TW_RAISE_OPENSSL("a serial number");
}

static tw_err add_dates(X509 *x, const struct tw_cert_want *w)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)(w->not_before_ms / 1000)); /* UTCTime or GeneralizedTime, as the year demands */
	bool ok = t && X509_set1_notBefore(x, t) == 1;
	ok = ok &&
		(w->not_after_ms ? ASN1_TIME_set(t, (time_t)(w->not_after_ms / 1000)) != NULL : ASN1_TIME_set_string_X509(t, NEVER) == 1) &&
		X509_set1_notAfter(x, t) == 1;
	ASN1_TIME_free(t);
	return ok ? TW_OK : TW_RAISE_OPENSSL("the dates of a certificate");
}

static bool add_constraints(X509 *x, bool is_ca)
{
	BASIC_CONSTRAINTS *b = BASIC_CONSTRAINTS_new();
	bool ok = b != NULL;
	if (ok && is_ca) {
		b->ca = 0xff;                    /* the one DER spelling of TRUE; OpenSSL would write and read others */
		b->pathlen = ASN1_INTEGER_new(); /* 0: it signs end entities only */
		ok = b->pathlen && ASN1_INTEGER_set(b->pathlen, 0);
	}
	ok = ok && X509_add1_ext_i2d(x, NID_basic_constraints, b, 1, X509V3_ADD_DEFAULT) == 1;
	BASIC_CONSTRAINTS_free(b);
	return ok;
}

static bool add_key_usage(X509 *x, bool is_ca)
{
	enum { DIGITAL_SIGNATURE = 0, KEY_CERT_SIGN = 5, CRL_SIGN = 6 }; /* RFC 5280 section 4.2.1.3 */
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
	bool ok = bits && ASN1_BIT_STRING_set_bit(bits, is_ca ? KEY_CERT_SIGN : DIGITAL_SIGNATURE, 1) == 1 &&
		(!is_ca || ASN1_BIT_STRING_set_bit(bits, CRL_SIGN, 1) == 1) &&
		X509_add1_ext_i2d(x, NID_key_usage, bits, 1, X509V3_ADD_DEFAULT) == 1;
	ASN1_BIT_STRING_free(bits);
	return ok;
}

static bool add_purposes(X509 *x, const struct tw_cert_want *w)
{
	if (!w->is_server && !w->is_client)
		return true;
	EXTENDED_KEY_USAGE *uses = EXTENDED_KEY_USAGE_new();
	bool ok = uses && (!w->is_server || sk_ASN1_OBJECT_push(uses, OBJ_nid2obj(NID_server_auth)) > 0) &&
		(!w->is_client || sk_ASN1_OBJECT_push(uses, OBJ_nid2obj(NID_client_auth)) > 0) &&
		X509_add1_ext_i2d(x, NID_ext_key_usage, uses, 0, X509V3_ADD_DEFAULT) == 1;
	EXTENDED_KEY_USAGE_free(uses);
	return ok;
}

static bool add_alt_names(X509 *x, const struct tw_cert_want *w)
{
	if (!w->uri && !w->dns)
		return true;
	GENERAL_NAMES *names = tw_x509_alt_names(w->uri, w->dns);
	bool ok = names && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

/* RFC 7093 section 2, method 1. */
static tw_err key_id(const tw_key *k, ASN1_OCTET_STRING **ret)
{
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_sha256(k->point, TW_POINT_SIZE, digest));
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	if (!id || ASN1_OCTET_STRING_set(id, digest, KEY_ID_SIZE) != 1) {
		ASN1_OCTET_STRING_free(id);
		return TW_RAISE_OPENSSL("a key identifier");
	}
	*ret = id;
	return TW_OK;
}

static tw_err add_subject_key_id(X509 *x, const tw_key *subject)
{
	ASN1_OCTET_STRING *id = NULL;
	TW_TRY(key_id(subject, &id));
	bool ok = X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, X509V3_ADD_DEFAULT) == 1;
	ASN1_OCTET_STRING_free(id);
	return ok ? TW_OK : TW_RAISE_OPENSSL("the subject key identifier");
}

/* As the issuer's certificate says it, so that the two are found to match even when another program made that one. */
static tw_err issuer_key_id(const tw_cert *issuer, const tw_key *issuer_key, ASN1_OCTET_STRING **ret)
{
	const ASN1_OCTET_STRING *theirs = issuer ? X509_get0_subject_key_id(issuer->x509) : NULL;
	if (!theirs)
		return key_id(issuer_key, ret);
	*ret = ASN1_OCTET_STRING_dup(theirs);
	return *ret ? TW_OK : TW_RAISE_OPENSSL("the issuer's key identifier");
}

static tw_err add_authority_key_id(X509 *x, const tw_cert *issuer, const tw_key *issuer_key)
{
	AUTHORITY_KEYID *a = AUTHORITY_KEYID_new();
	tw_err e = a ? issuer_key_id(issuer, issuer_key, &a->keyid) : TW_RAISE_OPENSSL("the authority key identifier");
	if (!tw_failed(e) && X509_add1_ext_i2d(x, NID_authority_key_identifier, a, 0, X509V3_ADD_DEFAULT) != 1)
		e = TW_RAISE_OPENSSL("the authority key identifier");
	AUTHORITY_KEYID_free(a);
	return e;
}

static tw_err add_extensions(X509 *x, const struct tw_cert_want *w, const tw_key *subject, const tw_cert *issuer, const tw_key *issuer_key)
{
	if (!add_constraints(x, w->is_ca) || !add_key_usage(x, w->is_ca) || !add_purposes(x, w) || !add_alt_names(x, w))
		return TW_RAISE_OPENSSL("the extensions of a certificate");
	TW_TRY(add_subject_key_id(x, subject));
	return add_authority_key_id(x, issuer, issuer_key);
}

tw_err tw_cert_make(const struct tw_sys *sys, const struct tw_cert_want *w, const tw_key *subject, const tw_cert *issuer,
	const tw_key *issuer_key, tw_cert **ret)
{
	tw_openssl_afresh();
	TW_CLEANUP(x509p) X509 *x = X509_new();
	if (!x || X509_set_version(x, X509_VERSION_3) != 1)
		return TW_RAISE_OPENSSL("a certificate");
	TW_TRY(add_serial(sys, x));
	TW_TRY(tw_x509_subject(X509_get_subject_name(x), w->organization, w->common_name, w->serial_number));
	TW_TRY(add_dates(x, w));
	if (X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->x509 : x)) != 1 || X509_set_pubkey(x, subject->evp) != 1)
		return TW_RAISE_OPENSSL("issuer and key of a certificate");
	TW_TRY(add_extensions(x, w, subject, issuer, issuer_key));
	if (X509_sign(x, issuer_key->evp, EVP_sha256()) <= 0)
		return TW_RAISE_OPENSSL("signing a certificate");
	return tw_cert_adopt(sys, TW_STEAL(x), ret);
}

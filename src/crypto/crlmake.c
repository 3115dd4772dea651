/* SPDX-License-Identifier: Apache-2.0 */
/* Making lists of revoked certificates: version 2, numbered, with the issuer's key identifier (RFC 5280 section 5). */
#include "crypto/certin.h"
#include "crypto/crl.h"

static inline void crlp(X509_CRL **x)
{
	X509_CRL_free(*x);
}

static ASN1_TIME *time_of(int64_t ms)
{
	return ASN1_TIME_set(NULL, (time_t)(ms / 1000)); /* UTCTime or GeneralizedTime, as the year demands */
}

static bool add_reason(X509_REVOKED *r, int reason)
{
	ASN1_ENUMERATED *e = reason ? ASN1_ENUMERATED_new() : NULL; /* unspecified is told by leaving it out */
	bool ok = !reason ||
		(e && ASN1_ENUMERATED_set(e, reason) == 1 && X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, e, 0, X509V3_ADD_DEFAULT) == 1);

	ASN1_ENUMERATED_free(e);
	return ok;
}

static tw_err add_entry(X509_CRL *x, const struct tw_crl_entry *of)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *since = time_of(of->since_ms);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	bool ok = r && since && serial && ASN1_STRING_set(serial, of->serial, (int)of->serial_size) == 1 &&
		X509_REVOKED_set_serialNumber(r, serial) == 1 && X509_REVOKED_set_revocationDate(r, since) == 1 &&
		add_reason(r, of->reason) && X509_CRL_add0_revoked(x, r) == 1;

	if (ok)
		r = NULL;
	X509_REVOKED_free(r);
	ASN1_TIME_free(since);
	ASN1_INTEGER_free(serial);
	return ok ? TW_OK : TW_RAISE_OPENSSL("an entry of a list");
}

static tw_err add_dates(X509_CRL *x, const struct tw_crl_want *w)
{
	ASN1_TIME *from = time_of(w->this_update_ms), *to = time_of(w->next_update_ms);
	bool ok = from && to && X509_CRL_set1_lastUpdate(x, from) == 1 && X509_CRL_set1_nextUpdate(x, to) == 1;

	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok ? TW_OK : TW_RAISE_OPENSSL("the dates of a list");
}

static tw_err add_extensions(X509_CRL *x, const struct tw_crl_want *w, const tw_cert *issuer)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(issuer->x509);
	AUTHORITY_KEYID *a = AUTHORITY_KEYID_new();
	ASN1_INTEGER *n = ASN1_INTEGER_new();
	bool ok = a && n && ASN1_INTEGER_set_uint64(n, w->number) == 1 &&
		X509_CRL_add1_ext_i2d(x, NID_crl_number, n, 0, X509V3_ADD_DEFAULT) == 1;

	if (ok && id) {
		a->keyid = ASN1_OCTET_STRING_dup(id);
		ok = a->keyid && X509_CRL_add1_ext_i2d(x, NID_authority_key_identifier, a, 0, X509V3_ADD_DEFAULT) == 1;
	}
	AUTHORITY_KEYID_free(a);
	ASN1_INTEGER_free(n);
	return ok ? TW_OK : TW_RAISE_OPENSSL("the extensions of a list");
}

tw_err tw_crl_make(const struct tw_sys *sys, const struct tw_crl_want *w, const tw_cert *issuer, const tw_key *issuer_key, tw_crl **ret)
{
	TW_CLEANUP(crlp) X509_CRL *x = X509_CRL_new();
	uint8_t *der = NULL;

	if (!x || X509_CRL_set_version(x, X509_CRL_VERSION_2) != 1 || X509_CRL_set_issuer_name(x, X509_get_subject_name(issuer->x509)) != 1)
		return TW_RAISE_OPENSSL("a list");
	TW_TRY(add_dates(x, w));
	for (size_t i = 0; i < w->count; i++)
		TW_TRY(add_entry(x, &w->entries[i]));
	TW_TRY(add_extensions(x, w, issuer));
	if (X509_CRL_sort(x) != 1 || X509_CRL_sign(x, issuer_key->evp, EVP_sha256()) <= 0)
		return TW_RAISE_OPENSSL("signing a list");
	int size = i2d_X509_CRL(x, &der);
	if (size <= 0)
		return TW_RAISE_OPENSSL("writing a list");
	tw_err e = tw_crl_load(sys, (struct tw_slice){ (const char *)der, (size_t)size }, ret);
	OPENSSL_free(der);
	return e;
}

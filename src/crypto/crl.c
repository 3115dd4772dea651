/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation lists. OpenSSL reads the ASN.1 and verifies the signature. Which list counts for whom is ours: OpenSSL's own search
 * knows deltas, scopes and indirect issuers, all of which are refused here when the list is read, and tells no number.
 */
#include "crypto/crl.h"

#include "base/text.h"
#include "crypto/certin.h"
#include "crypto/der.h"
#include "crypto/hash.h"

struct tw_crl {
	const struct tw_sys *sys;
	X509_CRL *of;
	ASN1_OCTET_STRING *key; /* by which of its keys the issuer signed it (RFC 5280 section 5.2.1) */
	uint64_t number;
	int64_t this_ms, next_ms;
	size_t count;
	const ASN1_INTEGER **serials; /* sorted; borrowed from `of` */
};
struct limits {
	size_t bytes;
	int entries;
};

static int by_serial(const void *a, const void *b)
{
	return ASN1_INTEGER_cmp(*(const ASN1_INTEGER *const *)a, *(const ASN1_INTEGER *const *)b);
}

static bool known_extension(int nid)
{
	return nid == NID_authority_key_identifier || nid == NID_crl_number;
}

static bool known_of_entry(int nid)
{
	return nid == NID_crl_reason || nid == NID_invalidity_date;
}

/* None twice, each value DER, and no critical one that is not known. */
static tw_err extensions_good(const STACK_OF(X509_EXTENSION) * extensions, bool (*known)(int nid))
{
	TW_TRY(tw_x509_extensions_exact(extensions));
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(extensions, i);

		if (X509_EXTENSION_get_critical(e) && !known(OBJ_obj2nid(X509_EXTENSION_get_object(e))))
			return TW_RAISE(UNSUPPORTED, "the list is of a kind that is not taken here: it has a critical extension");
	}
	return TW_OK;
}

/* An entry that is there to be taken off belongs into a delta. */
static tw_err reason_good(const X509_REVOKED *r)
{
	int found = 0; /* -1: there is none */
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, &found, NULL);
	int64_t value = -1;
	bool read = reason && ASN1_ENUMERATED_get_int64(&value, reason) == 1;

	ASN1_ENUMERATED_free(reason);
	if (found == -1)
		return TW_OK;
	if (!read)
		return TW_RAISE_REFUSED(SYNTAX, "the reason of an entry cannot be read");
	/* RFC 5280 section 5.3.1: 7 is not used, 8 is for deltas */
	return value >= 0 && value <= 10 && value != 7 && value != 8 ? TW_OK : TW_RAISE(UNSUPPORTED, "an entry with a reason of no list");
}

static tw_err read_entry(tw_crl *l, const X509_REVOKED *r)
{
	const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(r);
	int64_t since = 0;

	if (!tw_x509_serial_good(serial))
		return TW_RAISE(UNSUPPORTED, "an entry's number is negative, or longer than 20 bytes");
	if (!tw_x509_time_ms(X509_REVOKED_get0_revocationDate(r), &since) || since > l->this_ms)
		return TW_RAISE(UNSUPPORTED, "an entry is later than the list");
	TW_TRY(extensions_good(X509_REVOKED_get0_extensions(r), known_of_entry));
	TW_TRY(reason_good(r));
	l->serials[l->count++] = serial;
	return TW_OK;
}

static tw_err read_entries(tw_crl *l, int most)
{
	STACK_OF(X509_REVOKED) *all = X509_CRL_get_REVOKED(l->of);
	int count = sk_X509_REVOKED_num(all);

	if (count < 0)
		return TW_OK; /* the field is left out, which is how an empty list is written */
	if (count == 0)
		return TW_RAISE(SYNTAX, "an empty list that is written out"); /* RFC 5280 section 5.1.2.6 */
	if (count > most)
		return TW_RAISE(LIMIT, "a list of %d entries, limit %d", count, most);
	l->serials = tw_alloc_array(l->sys, (size_t)count, sizeof *l->serials);
	if (!l->serials)
		return TW_RAISE(NOMEM, "the numbers of a list");
	for (int i = 0; i < count; i++)
		TW_TRY(read_entry(l, sk_X509_REVOKED_value(all, i)));
	qsort(l->serials, l->count, sizeof *l->serials, by_serial);
	for (size_t i = 1; i < l->count; i++)
		if (by_serial(&l->serials[i - 1], &l->serials[i]) == 0)
			return TW_RAISE(SYNTAX, "the same number twice on one list");
	return TW_OK;
}

static tw_err read_number(tw_crl *l)
{
	int found = 0;
	ASN1_INTEGER *n = X509_CRL_get_ext_d2i(l->of, NID_crl_number, &found, NULL);
	bool read = n && ASN1_INTEGER_get_uint64(&l->number, n) == 1 && l->number <= INT64_MAX;

	ASN1_INTEGER_free(n);
	return read ? TW_OK : TW_RAISE_REFUSED(UNSUPPORTED, "the list has no number, or none of 63 bits");
}

static tw_err read_key(tw_crl *l)
{
	AUTHORITY_KEYID *a = X509_CRL_get_ext_d2i(l->of, NID_authority_key_identifier, NULL, NULL);

	if (a) {
		l->key = a->keyid;
		a->keyid = NULL;
	}
	AUTHORITY_KEYID_free(a);
	return l->key ? TW_OK : TW_RAISE_REFUSED(UNSUPPORTED, "the list does not name its issuer's key");
}

/*
 * What is signed names the algorithm too, and it is the one beside the signature (RFC 5280 section 5.1.1.2). Not every OpenSSL compares
 * them, and none gives this one away: it stands behind the version, in bytes that are known to be DER and a list of version 2.
 */
static bool names_algorithm(struct tw_slice der)
{
	static const uint8_t wanted[] = { 2, 1, X509_CRL_VERSION_2, 0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 };
	const uint8_t *at = (const uint8_t *)der.at, *end = at + der.size;
	size_t length;

	for (int i = 0; i < 2; i++) { /* CertificateList, TBSCertList */
		at++;
		if (!tw_der_length(&at, end, &length))
			return false;
	}
	return (size_t)(end - at) >= sizeof wanted && !memcmp(at, wanted, sizeof wanted);
}

static tw_err read_list(tw_crl *l, struct tw_slice der, int most)
{
	const X509_ALGOR *outer = NULL;

	X509_CRL_get0_signature(l->of, NULL, &outer);
	if (X509_CRL_get_version(l->of) != X509_CRL_VERSION_2)
		return TW_RAISE(UNSUPPORTED, "not a version 2 list");
	if (!tw_x509_algorithm_ours(outer) || !names_algorithm(der))
		return TW_RAISE(UNSUPPORTED, "the list is not signed with ECDSA and SHA-256");
	if (!tw_x509_time_ms(X509_CRL_get0_lastUpdate(l->of), &l->this_ms) || !X509_CRL_get0_nextUpdate(l->of) ||
		!tw_x509_time_ms(X509_CRL_get0_nextUpdate(l->of), &l->next_ms) || l->next_ms <= l->this_ms)
		return TW_RAISE(UNSUPPORTED, "the list does not say from when to when it counts");
	TW_TRY(extensions_good(X509_CRL_get0_extensions(l->of), known_extension));
	TW_TRY(read_number(l));
	TW_TRY(read_key(l));
	return read_entries(l, most);
}

static tw_err load_der(const struct tw_sys *sys, struct tw_slice der, int most, tw_crl **ret)
{
	TW_CLEANUP(tw_crl_freep) tw_crl *l = NULL;
	const uint8_t *at = (const uint8_t *)der.at;

	TW_TRY(tw_der_exact(der));
	l = TW_NEW(sys, tw_crl);
	if (!l)
		return TW_RAISE(NOMEM, "a list");
	l->sys = sys;
	l->of = d2i_X509_CRL(NULL, &at, (long)der.size);
	if (!l->of)
		return TW_RAISE_REFUSED(SYNTAX, "not a certificate revocation list");
	TW_TRY(read_list(l, der, most));
	*ret = TW_STEAL(l);
	return TW_OK;
}

static tw_err load(const struct tw_sys *sys, struct tw_slice pem_or_der, const struct limits *limits, tw_crl **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };

	if (pem_or_der.size > 2 * limits->bytes)
		return TW_RAISE(LIMIT, "a list of %zu bytes, limit %zu", pem_or_der.size, limits->bytes);
	tw_buf_init(&der, sys, limits->bytes);
	TW_TRY(tw_pem_or_der("X509 CRL", pem_or_der, &der));
	return load_der(sys, tw_buf_slice(&der), limits->entries, ret);
}

tw_err tw_crl_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_crl **ret)
{
	return load(sys, pem_or_der, &(struct limits){ TW_CRL_MAX, TW_CRL_ENTRIES_MAX }, ret);
}

tw_err tw_crl_load_long(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_crl **ret)
{
	return load(sys, pem_or_der, &(struct limits){ TW_CRL_LONG_MAX, TW_CRL_LONG_ENTRIES_MAX }, ret);
}

tw_crl *tw_crl_free(tw_crl *l)
{
	if (l) {
		ASN1_OCTET_STRING_free(l->key);
		X509_CRL_free(l->of);
		free(l->serials);
	}
	free(l);
	return NULL;
}

uint64_t tw_crl_number(const tw_crl *l)
{
	return l->number;
}

size_t tw_crl_entries(const tw_crl *l)
{
	return l->count;
}

int64_t tw_crl_this_update_ms(const tw_crl *l)
{
	return l->this_ms;
}

int64_t tw_crl_next_update_ms(const tw_crl *l)
{
	return l->next_ms;
}

/* Its times are whole seconds. */
bool tw_crl_is_over(const tw_crl *l, int64_t now_ms)
{
	return now_ms / 1000 * 1000 > l->next_ms;
}

/* Not text of one line, or a longer one than people read: "", as with none. */
tw_err tw_crl_issuer(const tw_crl *l, struct tw_buf *ret)
{
	const X509_NAME *name = X509_CRL_get_issuer(l->of);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	uint8_t *text = NULL;

	if (at < 0)
		at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
	int n = at < 0 ? 0 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n < 0)
		return TW_RAISE_OPENSSL("an issuer's name");
	struct tw_slice s = { (const char *)text, (size_t)n };
	tw_err e = n && n <= TW_CRL_NAME_MAX && tw_text_printable(s) ? tw_buf_add(ret, s.at, s.size) : TW_OK;
	OPENSSL_free(text);
	return e;
}

/* *ret is OpenSSL's, for OPENSSL_free. */
static tw_err write_der(const tw_crl *l, uint8_t **ret, size_t *ret_size)
{
	int n = i2d_X509_CRL(l->of, ret);

	if (n <= 0)
		return TW_RAISE_OPENSSL("writing a list");
	*ret_size = (size_t)n;
	return TW_OK;
}

tw_err tw_crl_pem(const tw_crl *l, struct tw_buf *ret)
{
	uint8_t *der = NULL;
	size_t size = 0;

	TW_TRY(write_der(l, &der, &size));
	tw_err e = tw_pem_write("X509 CRL", (struct tw_slice){ (const char *)der, size }, ret);
	OPENSSL_free(der);
	return e;
}

tw_err tw_crl_fingerprint(const tw_crl *l, uint8_t ret[32])
{
	uint8_t *der = NULL;
	size_t size = 0;

	TW_TRY(write_der(l, &der, &size));
	tw_err e = tw_sha256(der, size, ret);
	OPENSSL_free(der);
	return e;
}

bool tw_crl_same_issuer(const tw_crl *a, const tw_crl *b)
{
	return ASN1_OCTET_STRING_cmp(a->key, b->key) == 0 && X509_NAME_cmp(X509_CRL_get_issuer(a->of), X509_CRL_get_issuer(b->of)) == 0;
}

bool tw_crl_is_of(const tw_crl *l, const tw_cert *issuer)
{
	const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(issuer->x509);

	return (!own || ASN1_OCTET_STRING_cmp(own, l->key) == 0) &&
		X509_NAME_cmp(X509_CRL_get_issuer(l->of), X509_get_subject_name(issuer->x509)) == 0;
}

tw_err tw_crl_check(const tw_crl *l, const tw_cert *issuer, int64_t now_ms, const char **ret_rule)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer->x509);

	*ret_rule = "crl.issuer";
	if (!tw_crl_is_of(l, issuer) || !tw_cert_is_ca(issuer) || !(X509_get_key_usage(issuer->x509) & KU_CRL_SIGN))
		return TW_OK;
	if (!key)
		return TW_RAISE_OPENSSL("the issuer's key");
	tw_openssl_afresh();
	if (X509_CRL_verify(l->of, key) != 1) {
		tw_err e = TW_RAISE_REFUSED(UNTRUSTED, "the list's signature does not verify");

		*ret_rule = "crl.signature";
		return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
	}
	*ret_rule = now_ms < l->this_ms || tw_crl_is_over(l, now_ms) ? "crl.dates" : NULL;
	return TW_OK;
}

bool tw_crl_lists(const tw_crl *l, const tw_cert *c)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(c->x509);

	return l->count && bsearch(&serial, l->serials, l->count, sizeof *l->serials, by_serial);
}

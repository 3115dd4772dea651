/* SPDX-License-Identifier: Apache-2.0 */
/* What certificates, requests and lists of revoked ones have in common: keys, algorithms, names, extensions. */
#include "crypto/certin.h"
#include "crypto/der.h"

#include "base/text.h"

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */
#define DNS_MAX 253  /* the same, without the dot at the end */
#define URI_MAX 255  /* a DEV URN of ours, and any address that fits a line */
#define USAGE_MAX 5  /* tag, length, number of unused bits, two bytes: there are nine (RFC 5280 section 4.2.1.3) */

const uint8_t *tw_x509_point(const X509_PUBKEY *key)
{
	uint8_t spki[TW_SPKI_SIZE] = { 0 }, *at = spki;
	const uint8_t *bits = NULL;
	int size = 0;

	if (!key || i2d_X509_PUBKEY(key, NULL) != TW_SPKI_SIZE || i2d_X509_PUBKEY(key, &at) != TW_SPKI_SIZE)
		return NULL;
	if (memcmp(spki, tw_spki_prefix, TW_SPKI_PREFIX) != 0 || X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, key) != 1)
		return NULL;
	return size == TW_POINT_SIZE && bits[0] == POINT_CONVERSION_UNCOMPRESSED ? bits : NULL;
}

bool tw_x509_algorithm_ours(const X509_ALGOR *a)
{
	const ASN1_OBJECT *id = NULL;
	int parameters = V_ASN1_NULL;

	X509_ALGOR_get0(&id, &parameters, NULL, a);
	return OBJ_obj2nid(id) == NID_ecdsa_with_SHA256 && parameters == V_ASN1_UNDEF;
}

tw_err tw_x509_subject(X509_NAME *name, const char *organization, const char *common_name, const char *serial_number)
{
	const struct {
		int nid;
		const char *text;
	} parts[] = { { NID_organizationName, organization }, { NID_commonName, common_name }, { NID_serialNumber, serial_number } };

	for (size_t i = 0; i < TW_COUNT(parts); i++) {
		if (!parts[i].text)
			continue;
		/* Refuses what RFC 5280 calls too long (64 characters). */
		if (X509_NAME_add_entry_by_NID(name, parts[i].nid, MBSTRING_UTF8, (const uint8_t *)parts[i].text, -1, -1, 0) != 1)
			return TW_RAISE_OPENSSL("a subject name");
	}
	return TW_OK;
}

static bool add_name(GENERAL_NAMES *names, int type, const char *text)
{
	if (!text)
		return true;
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();
	if (!n || !value || ASN1_STRING_set(value, text, -1) != 1) {
		ASN1_IA5STRING_free(value);
		GENERAL_NAME_free(n);
		return false;
	}
	GENERAL_NAME_set0_value(n, type, value);
	if (sk_GENERAL_NAME_push(names, n) > 0)
		return true;
	GENERAL_NAME_free(n);
	return false;
}

GENERAL_NAMES *tw_x509_alt_names(const char *uri, const char *dns)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();

	if (names && add_name(names, GEN_URI, uri) && add_name(names, GEN_DNS, dns))
		return names;
	GENERAL_NAMES_free(names);
	return NULL;
}

static bool letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool tw_x509_dns_valid(struct tw_slice s)
{
	size_t label = 0;

	for (size_t i = 0; i < s.size; i++) {
		bool dot = s.at[i] == '.', hyphen = s.at[i] == '-';

		if (!dot && !hyphen && !letter_or_digit(s.at[i]))
			return false;
		if ((dot || hyphen) && label == 0)
			return false;
		if (dot && s.at[i - 1] == '-')
			return false;
		label = dot ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return s.size > 0 && s.size <= DNS_MAX && label > 0 && s.at[s.size - 1] != '-';
}

bool tw_x509_uri_valid(struct tw_slice s)
{
	const char *colon = s.size ? memchr(s.at, ':', s.size) : NULL;

	if (!colon || colon == s.at || s.size > URI_MAX)
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return true;
}

/* X.690 11.2.2: of a list of named bits the last one is set. */
static bool usage_good(struct tw_slice bits)
{
	const uint8_t *at = (const uint8_t *)bits.at;

	return bits.size > 3 && bits.size <= USAGE_MAX && at[0] == V_ASN1_BIT_STRING && at[2] <= 7 && (at[bits.size - 1] >> at[2] & 1);
}

/* A list of names or purposes that says the same twice was put together by somebody who hoped that only one is looked at. */
static bool no_element_twice(struct tw_slice list)
{
	const uint8_t *at = (const uint8_t *)list.at, *end = at + list.size, *first;
	long size;
	int tag, class;

	if (ASN1_get_object(&at, &size, &tag, &class, end - at) & 0x80)
		return false;
	for (first = at; at < end; at += size) {
		const uint8_t *start = at;

		if (ASN1_get_object(&at, &size, &tag, &class, end - at) & 0x80)
			return false;
		size_t whole = (size_t)(at + size - start);
		for (const uint8_t *p = first; p < start;) {
			const uint8_t *q = p;
			long other;

			(void)ASN1_get_object(&q, &other, &tag, &class, start - p); /* read a moment ago */
			if ((size_t)(q + other - p) == whole && memcmp(p, start, whole) == 0)
				return false;
			p = q + other;
		}
	}
	return true;
}

static bool value_good(int nid, struct tw_slice value)
{
	if (nid == NID_key_usage)
		return usage_good(value);
	return (nid != NID_ext_key_usage && nid != NID_subject_alt_name) || no_element_twice(value);
}

tw_err tw_x509_extensions_exact(const STACK_OF(X509_EXTENSION) * extensions)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(extensions); i++) { /* -1 for none */
		X509_EXTENSION *one = sk_X509_EXTENSION_value(extensions, i);
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(one);

		for (int k = 0; k < i; k++)
			if (OBJ_cmp(X509_EXTENSION_get_object(one), X509_EXTENSION_get_object(sk_X509_EXTENSION_value(extensions, k))) == 0)
				return TW_RAISE(SYNTAX, "the same extension twice");
		struct tw_slice s = { (const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value) };

		TW_TRY(tw_der_exact(s));
		if (!value_good(OBJ_obj2nid(X509_EXTENSION_get_object(one)), s))
			return TW_RAISE(SYNTAX, "an extension says the same twice, or is not in its one spelling");
	}
	/* Where there are none the field is left out. */
	return sk_X509_EXTENSION_num(extensions) == 0 ? TW_RAISE(SYNTAX, "an empty list of extensions") : TW_OK;
}

bool tw_x509_serial_good(const ASN1_INTEGER *n)
{
	int size = ASN1_STRING_length(n);

	return size >= 1 && size <= 20 && ASN1_STRING_type(n) == V_ASN1_INTEGER && (size > 1 || ASN1_STRING_get0_data(n)[0] != 0);
}

bool tw_x509_time_ms(const ASN1_TIME *t, int64_t *ret)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(t, &parts) != 1)
		return false;
	*ret = (int64_t)timegm(&parts) * 1000;
	return true;
}

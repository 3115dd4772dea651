/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dnsnames.h"

#include "crypto/certin.h"

#include <string.h>

bool tw_dns_names_have(const struct tw_dns_names *n, struct tw_slice name)
{
	for (size_t i = 0; i < n->count; i++)
		if (tw_slice_is_nocase(name, n->of[i]))
			return true;
	return false;
}

/* Of which the last label has a letter (RFC 3696 section 2): four numbers are an address, whatever says that they are a name. */
static bool is_whole_name(struct tw_slice s)
{
	bool letter = false;

	if (!tw_x509_dns_valid(s) || s.size > TW_DNS_NAME_MAX || tw_slice_is_nocase(s, "localhost"))
		return false;
	for (size_t i = s.size; i > 0 && s.at[i - 1] != '.'; i--)
		letter = letter || s.at[i - 1] < '0' || s.at[i - 1] > '9';
	return letter;
}

static tw_err take(struct tw_dns_names *n, struct tw_slice name)
{
	if (!is_whole_name(name))
		return TW_RAISE(UNSUPPORTED,
			"a DNS name of the certificate is no whole name: a wildcard, an address, localhost, or none at all");
	if (n->count == TW_DNS_NAMES_MAX)
		return TW_RAISE(LIMIT, "the certificate has more than %d DNS names", TW_DNS_NAMES_MAX);
	char *to = n->of[n->count++];
	for (size_t i = 0; i < name.size; i++)
		to[i] = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] - 'A' + 'a' : name.at[i]);
	to[name.size] = '\0';
	return TW_OK;
}

tw_err tw_cert_dns_names(const tw_cert *c, struct tw_dns_names *ret)
{
	int found = 0; /* -1: there is none; -2: two */
	tw_err e = TW_OK;

	ret->count = 0;
	tw_openssl_afresh();
	GENERAL_NAMES *names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, &found, NULL);
	if (!names && found != -1)
		return TW_RAISE_REFUSED(SYNTAX, "the certificate's alternative names cannot be read");
	for (int i = 0; !tw_failed(e) && i < sk_GENERAL_NAME_num(names); i++) { /* -1 for none */
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type == GEN_DNS)
			e = take(ret,
				(struct tw_slice){ (const char *)ASN1_STRING_get0_data(n->d.ia5), (size_t)ASN1_STRING_length(n->d.ia5) });
	}
	GENERAL_NAMES_free(names);
	TW_TRY(e);
	return ret->count ? TW_OK : TW_RAISE(NOTFOUND, "the certificate names no DNS name");
}

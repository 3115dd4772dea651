/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bag.h"

#include "crypto/certin.h"
#include "crypto/internal.h"

#include <openssl/pkcs7.h>
#include <openssl/x509.h>

static inline void pkcs7p(PKCS7 **p)
{
	PKCS7_free(*p);
}

/* Of its form, with nothing in it but certificates: content is absent (RFC 8551 section 3.8), or empty, as OpenSSL writes it. */
static bool certificates_only(PKCS7 *p)
{
	const PKCS7_SIGNED *s = PKCS7_type_is_signed(p) ? p->d.sign : NULL;

	return s && sk_PKCS7_SIGNER_INFO_num(s->signer_info) <= 0 && s->contents && PKCS7_type_is_data(s->contents) &&
		(!s->contents->d.data || ASN1_STRING_length(s->contents->d.data) == 0);
}

tw_err tw_bag_read(const struct tw_sys *sys, struct tw_slice der, size_t most, struct tw_certs *ret)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs read = { 0 };
	const uint8_t *at = (const uint8_t *)der.at;

	if (der.size == 0 || der.size > TW_BAG_MAX)
		return TW_RAISE(LIMIT, "%zu bytes of certificates, at most %d are read", der.size, TW_BAG_MAX);
	tw_openssl_afresh();
	TW_CLEANUP(pkcs7p) PKCS7 *p = d2i_PKCS7(NULL, &at, (long)der.size);
	if (!p || at != (const uint8_t *)der.at + der.size || !certificates_only(p))
		return TW_RAISE_REFUSED(SYNTAX, "this is no bag of certificates and nothing else");
	const STACK_OF(X509) *all = p->d.sign->cert;
	int count = all ? sk_X509_num(all) : 0;
	if (count < 1 || (size_t)count > most || (size_t)count > TW_COUNT(read.of))
		return TW_RAISE(LIMIT, "%d certificates where 1 to %zu are wanted", count, most);
	for (; read.count < (size_t)count; read.count++)
		TW_TRY(tw_cert_again(sys, sk_X509_value(all, (int)read.count), &read.of[read.count]));
	*ret = read;
	read.count = 0;
	return TW_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sitechain.h"

#include "base/text.h"
#include "crypto/certin.h"
#include "crypto/der.h"
#include "crypto/dnsnames.h"

#include <string.h>

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define BITS_MIN 112 /* RSA of 2048 bits, SHA-224: what browsers still take */

static inline void x509p(X509 **x)
{
	X509_free(*x);
}

void tw_site_chain_done(struct tw_site_chain *c)
{
	c->leaf = tw_cert_free(c->leaf);
	tw_buf_done(&c->between);
	c->count = 0;
}

/* --- Reading --- */

static tw_err next_der(struct tw_slice *rest, X509 **ret)
{
	const uint8_t *at = (const uint8_t *)rest->at;

	tw_openssl_afresh();
	*ret = d2i_X509(NULL, &at, (long)rest->size);
	if (!*ret)
		return TW_RAISE_REFUSED(SYNTAX, "not a certificate");
	const size_t size = (size_t)(at - (const uint8_t *)rest->at);
	rest->at += size;
	rest->size -= size;
	return TW_OK;
}

static tw_err take_der(const struct tw_sys *sys, struct tw_slice one, struct tw_site_chain *c)
{
	TW_CLEANUP(x509p) X509 *x = NULL;
	struct tw_slice rest = one;

	if (c->count == TW_SITE_CHAIN_MAX)
		return TW_RAISE(LIMIT, "listener.length: more than %d certificates; leave those out that do not lead to your authority",
			TW_SITE_CHAIN_MAX);
	if (!c->leaf) {
		TW_TRY(tw_cert_load(sys, one, &c->leaf));
	} else {
		TW_TRY(tw_der_exact(one));
		TW_TRY(next_der(&rest, &x));
		TW_TRY(tw_buf_add(&c->between, one.at, one.size));
	}
	c->count++;
	return TW_OK;
}

static void skip_lines(struct tw_slice *s)
{
	while (s->size && (*s->at == '\n' || *s->at == '\r')) {
		s->at++;
		s->size--;
	}
}

/* The next one's bytes from BEGIN to END. */
static tw_err next_pem(struct tw_slice *rest, struct tw_slice *ret)
{
	const size_t begin = sizeof BEGIN - 1, last = sizeof END - 1;

	if (rest->size < begin || memcmp(rest->at, BEGIN, begin) != 0)
		return TW_RAISE(SYNTAX,
			"listener.form: something else than certificates in PEM; leave nothing but BEGIN and END CERTIFICATE and "
			"what stands between");
	const char *end = memmem(rest->at, rest->size, END, last);
	if (!end)
		return TW_RAISE(SYNTAX, "listener.form: a certificate without its END line: the file is cut");
	*ret = (struct tw_slice){ rest->at, (size_t)(end - rest->at) + last };
	rest->at += ret->size;
	rest->size -= ret->size;
	return TW_OK;
}

static tw_err read_pem(const struct tw_sys *sys, struct tw_slice pem, struct tw_site_chain *c)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	struct tw_slice one;

	tw_buf_init(&der, sys, TW_SITE_PEM_MAX);
	for (skip_lines(&pem); pem.size || !c->count; skip_lines(&pem)) {
		TW_TRY(next_pem(&pem, &one));
		tw_buf_clear(&der);
		TW_TRY(tw_pem_or_der("CERTIFICATE", one, &der));
		TW_TRY(take_der(sys, tw_buf_slice(&der), c));
	}
	return TW_OK;
}

tw_err tw_site_chain_read(const struct tw_sys *sys, struct tw_slice pem, struct tw_site_chain *ret)
{
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };

	if (pem.size > TW_SITE_PEM_MAX)
		return TW_RAISE(LIMIT, "listener.length: %zu bytes of certificates, at most %d", pem.size, TW_SITE_PEM_MAX);
	tw_buf_init(&c.between, sys, TW_SITE_DER_MAX);
	TW_TRY(read_pem(sys, pem, &c));
	*ret = c;
	c = (struct tw_site_chain){ .count = 0 };
	return TW_OK;
}

tw_err tw_site_chain_der(const struct tw_sys *sys, struct tw_slice der, struct tw_site_chain *ret)
{
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };

	if (der.size > TW_SITE_DER_MAX)
		return TW_RAISE(LIMIT, "listener.length: %zu bytes of certificates, at most %d", der.size, TW_SITE_DER_MAX);
	tw_buf_init(&c.between, sys, TW_SITE_DER_MAX);
	do {
		TW_CLEANUP(x509p) X509 *x = NULL;
		const char *from = der.at;

		TW_TRY(next_der(&der, &x));
		TW_TRY(take_der(sys, (struct tw_slice){ from, (size_t)(der.at - from) }, &c));
	} while (der.size);
	*ret = c;
	c = (struct tw_site_chain){ .count = 0 };
	return TW_OK;
}

tw_err tw_site_chain_write(const struct tw_site_chain *c, struct tw_buf *ret_der)
{
	TW_TRY(tw_cert_der(c->leaf, ret_der));
	return tw_buf_add(ret_der, c->between.data, c->between.size);
}

tw_err tw_site_chain_pem(const struct tw_site_chain *c, struct tw_buf *ret_pem)
{
	struct tw_slice rest = tw_buf_slice(&c->between);

	TW_TRY(tw_cert_pem(c->leaf, ret_pem));
	while (rest.size) {
		TW_CLEANUP(x509p) X509 *x = NULL;
		const char *from = rest.at;

		TW_TRY(next_der(&rest, &x));
		TW_TRY(tw_pem_write("CERTIFICATE", (struct tw_slice){ from, (size_t)(rest.at - from) }, ret_pem));
	}
	return TW_OK;
}

/* --- Judging --- */

static bool strong(X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	int bits = 0;

	return key && EVP_PKEY_get_security_bits(key) >= BITS_MIN && X509_get_signature_info(x, NULL, NULL, &bits, NULL) == 1 &&
		bits >= BITS_MIN;
}

static tw_err in_time(X509 *x, size_t number, int64_t now_ms)
{
	char text[TW_TIME_TEXT_MAX];
	int64_t from, to;

	if (!tw_x509_time_ms(X509_get0_notBefore(x), &from) || !tw_x509_time_ms(X509_get0_notAfter(x), &to))
		return TW_RAISE(UNTRUSTED, "listener.dates: those of certificate %zu cannot be read; have it made anew", number);
	tw_time_text(now_ms < from ? from : to, text);
	if (now_ms < from)
		return TW_RAISE(UNTRUSTED, "listener.dates: certificate %zu is not valid before %s; look at this machine's clock",
			number, text);
	if (now_ms / 1000 * 1000 > to)
		return TW_RAISE(UNTRUSTED, "listener.dates: certificate %zu was valid until %s; ask its authority for a new one",
			number, text);
	return TW_OK;
}

/* One step: below is signed by above, which may sign. number is above's, from 1. */
static tw_err step(X509 *below, X509 *above, size_t number, int64_t now_ms)
{
	TW_TRY(in_time(above, number, now_ms));
	if (!strong(above))
		return TW_RAISE(UNTRUSTED,
			"listener.algorithm: certificate %zu has a key or a signature that is too weak (SHA-1, RSA below 2048 bits)",
			number);
	tw_openssl_afresh();
	if (X509_check_issued(above, below) != X509_V_OK || X509_verify(below, X509_get0_pubkey(above)) != 1)
		return TW_RAISE_REFUSED(UNTRUSTED,
			"listener.order: a certificate is not signed by the one behind it; the server's comes first, then "
			"each that signed the one before");
	if (X509_check_ca(above) < 1)
		return TW_RAISE_REFUSED(UNTRUSTED, "listener.order: a certificate behind the first is no authority's; leave it out");
	return TW_OK;
}

static tw_err check_steps(const struct tw_site_chain *c, int64_t now_ms)
{
	X509 *all[TW_SITE_CHAIN_MAX] = { c->leaf->x509 };
	struct tw_slice rest = tw_buf_slice(&c->between);
	size_t count = 1;
	tw_err e = TW_OK;

	while (!tw_failed(e) && rest.size) {
		e = next_der(&rest, &all[count]);
		if (!tw_failed(e) && ++count)
			e = step(all[count - 2], all[count - 1], count, now_ms);
	}
	while (count > 1)
		X509_free(all[--count]);
	return e;
}

static tw_err check_name(const struct tw_site_chain *c, const char *host)
{
	struct tw_dns_names names = { .count = 0 };
	tw_err e = tw_cert_dns_names(c->leaf, &names);

	if (tw_is(e, TW_CODE_UNSUPPORTED))
		return TW_RAISE(UNTRUSTED, "listener.name: it has a wildcard or an address; have one made for %s as a whole name", host);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	if (!tw_dns_names_have(&names, tw_slice_of(host)))
		return TW_RAISE(UNTRUSTED,
			"listener.name: it is for %s and not for %s, the site in desk.json; have one made for that, or change the site",
			names.count ? names.of[0] : "no name", host);
	return TW_OK;
}

tw_err tw_site_chain_check(const struct tw_site_chain *c, const tw_key *key, const char *host, int64_t now_ms)
{
	uint8_t ours[32], its[32];

	TW_TRY(tw_key_fingerprint(key, ours));
	TW_TRY(tw_cert_fingerprint(c->leaf, its));
	if (memcmp(ours, its, sizeof ours) != 0)
		return TW_RAISE(UNTRUSTED,
			"listener.key: the certificate is of another key; give the key that it was asked for with, and the "
			"server's certificate first");
	TW_TRY(in_time(c->leaf->x509, 1, now_ms));
	if (!strong(c->leaf->x509))
		return TW_RAISE(UNTRUSTED, "listener.algorithm: it is signed by something too weak (SHA-1, RSA below 2048 bits)");
	if (!tw_cert_for_server(c->leaf) || tw_cert_is_ca(c->leaf))
		return TW_RAISE(UNTRUSTED, "listener.purpose: it is not a TLS server's; ask for one with the purpose serverAuth");
	TW_TRY(check_name(c, host));
	return check_steps(c, now_ms);
}

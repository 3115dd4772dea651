/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of revoked certificates (RFC 5280 section 5): an authority's numbered, dated, signed list of those it takes back.
 *
 * Taken are complete lists of the authority that made the certificates, and nothing else: no deltas, no lists for a part of them,
 * none of somebody who stands in for the issuer. Those kinds need extensions that are critical, and every critical one is refused.
 */
#ifndef TW_CRYPTO_CRL_H
#define TW_CRYPTO_CRL_H
#include "crypto/cert.h"

#define TW_CRL_MAX (24 * 1024) /* bytes of DER: what a request carries in PEM, with room for the issuer's certificate */
#define TW_CRL_NAME_MAX 255
#define TW_CRL_ENTRIES_MAX 600 /* what fits with numbers of 16 bytes; an authority with more is to be replaced */
/* Of a list that is looked at once and not kept: a public authority's. */
#define TW_CRL_LONG_MAX (160 * 1024)
#define TW_CRL_LONG_ENTRIES_MAX 4000

typedef struct tw_crl tw_crl;
/* One list. Says nothing about who signed it. SYNTAX, UNSUPPORTED, LIMIT. */
tw_err tw_crl_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_crl **ret);
tw_err tw_crl_load_long(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_crl **ret); /* the same, with the larger limits */
tw_crl *tw_crl_free(tw_crl *l);
TW_DEFINE_FREEP(tw_crl, tw_crl_free)
uint64_t tw_crl_number(const tw_crl *l); /* a higher one replaces a lower one */
size_t tw_crl_entries(const tw_crl *l);
int64_t tw_crl_this_update_ms(const tw_crl *l);
int64_t tw_crl_next_update_ms(const tw_crl *l);
bool tw_crl_is_over(const tw_crl *l, int64_t now_ms);
/* Its common name, or organization, for people; "" with neither, or with one of more than TW_CRL_NAME_MAX bytes. */
tw_err tw_crl_issuer(const tw_crl *l, struct tw_buf *ret);
tw_err tw_crl_pem(const tw_crl *l, struct tw_buf *ret);
tw_err tw_crl_fingerprint(const tw_crl *l, uint8_t ret[32]); /* SHA-256 of its DER: this very list, and no newer one of its issuer */
bool tw_crl_same_issuer(const tw_crl *a, const tw_crl *b);   /* by name and key */
bool tw_crl_is_of(const tw_crl *l, const tw_cert *issuer); /* the same, where it says its key; whether it signed, tw_crl_check says */
/* *ret_rule NULL: issuer signed it and may, and it counts now. Else crl.issuer, crl.signature or crl.dates. */
tw_err tw_crl_check(const tw_crl *l, const tw_cert *issuer, int64_t now_ms, const char **ret_rule);
bool tw_crl_lists(const tw_crl *l, const tw_cert *c); /* by its number alone */

struct tw_crl_entry {
	const uint8_t *serial; /* 1 to 20 bytes, as in the certificate */
	size_t serial_size;
	int64_t since_ms;
	int reason; /* RFC 5280 section 5.3.1; 0: none is told */
};
struct tw_crl_want {
	const struct tw_crl_entry *entries;
	size_t count;
	uint64_t number;
	int64_t this_update_ms, next_update_ms;
};
/* What tw_crl_load would not take is not made. */
tw_err tw_crl_make(const struct tw_sys *sys, const struct tw_crl_want *w, const tw_cert *issuer, const tw_key *issuer_key, tw_crl **ret);
#endif

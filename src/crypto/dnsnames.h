/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DNS names that a certificate says its holder is reached by: whole names and nothing else. A wildcard would vouch for names that nobody
 * has said, and what looks like an address, or is localhost, is no name that a browser ties anything to.
 */
#ifndef TW_CRYPTO_DNSNAMES_H
#define TW_CRYPTO_DNSNAMES_H
#include "crypto/cert.h"

#define TW_DNS_NAMES_MAX 8 /* a device has one or two; each is looked through for every request */
#define TW_DNS_NAME_MAX 253

struct tw_dns_names {
	size_t count;
	char of[TW_DNS_NAMES_MAX][TW_DNS_NAME_MAX + 1]; /* in lower case */
};
bool tw_dns_names_have(const struct tw_dns_names *n, struct tw_slice name); /* whatever the case */
/* NOTFOUND: it names none. UNSUPPORTED: one that is no whole name. LIMIT: more than there may be. SYNTAX. */
tw_err tw_cert_dns_names(const tw_cert *c, struct tw_dns_names *ret);
#endif

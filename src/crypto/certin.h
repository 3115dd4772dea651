/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a certificate, and what the files around X.509 share. */
#ifndef TW_CRYPTO_CERTIN_H
#define TW_CRYPTO_CERTIN_H
#include "crypto/cert.h"
#include "crypto/internal.h"

#include <openssl/x509v3.h>

struct tw_cert {
	const struct tw_sys *sys;
	X509 *x509;
};
tw_err tw_cert_adopt(const struct tw_sys *sys, X509 *x, tw_cert **ret); /* takes x over, also on failure */
/* What OpenSSL read by itself, as strict as any other certificate. */
tw_err tw_cert_again(const struct tw_sys *sys, X509 *x, tw_cert **ret);

/* The point, when the key is P-256 in its one spelling; NULL otherwise. */
const uint8_t *tw_x509_point(const X509_PUBKEY *key);
/* ECDSA with SHA-256, and no parameters (RFC 5758 section 3.2). */
bool tw_x509_algorithm_ours(const X509_ALGOR *a);
tw_err tw_x509_subject(X509_NAME *name, const char *organization, const char *common_name, const char *serial_number); /* NULL: left out */
GENERAL_NAMES *tw_x509_alt_names(const char *uri, const char *dns); /* NULL: no memory */
/* A name of letters, digits and hyphens between dots; no wildcard, no dot at the end. */
bool tw_x509_dns_valid(struct tw_slice s);
bool tw_x509_uri_valid(struct tw_slice s);       /* a scheme and visible ASCII; at most 255 bytes */
bool tw_x509_serial_good(const ASN1_INTEGER *n); /* positive, 1 to 20 bytes (RFC 5280 section 4.1.2.2) */
bool tw_x509_time_ms(const ASN1_TIME *t, int64_t *ret);
/* Of all extensions: none twice (RFC 5280 section 4.2), each value DER. */
tw_err tw_x509_extensions_exact(const STACK_OF(X509_EXTENSION) * extensions);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509: the manufacturer's offline CA, the device's certificate, the pseudonymous listener certificate, an owner's certificate.
 *
 * P-256 with SHA-256 and nothing else: one kind of key to get right, and one to look for in a report. Chains have one step; the
 * anchor is a CA that the caller already holds, so there is no path building to be led astray.
 */
#ifndef TW_CRYPTO_CERT_H
#define TW_CRYPTO_CERT_H
#include "crypto/key.h"

typedef struct tw_cert tw_cert;
struct tw_cert_want {
	const char *common_name;
	const char *organization;  /* may be NULL */
	const char *serial_number; /* subject serialNumber (IEEE 802.1AR), may be NULL */
	const char *uri;           /* subjectAltName URI, may be NULL */
	const char *dns;           /* subjectAltName DNS name, may be NULL */
	bool is_ca, is_server, is_client;
	int64_t not_before_ms, not_after_ms; /* not_after 0: 99991231235959Z (RFC 5280 section 4.1.2.5) */
};
tw_err tw_cert_make(const struct tw_sys *sys, const struct tw_cert_want *w, const tw_key *subject,
	const tw_cert *issuer /* NULL: self-signed */, const tw_key *issuer_key, tw_cert **ret);
/* Exactly one certificate. SYNTAX; UNSUPPORTED: its key is not P-256. Says nothing about who signed it. */
tw_err tw_cert_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_cert **ret);
tw_cert *tw_cert_free(tw_cert *c);
TW_DEFINE_FREEP(tw_cert, tw_cert_free)
tw_err tw_cert_der(const tw_cert *c, struct tw_buf *ret);
tw_err tw_cert_pem(const tw_cert *c, struct tw_buf *ret);
tw_err tw_cert_key(const tw_cert *c, tw_key **ret);                        /* public key */
tw_err tw_cert_fingerprint(const tw_cert *c, uint8_t ret_spki_sha256[32]); /* of the key, so that renewal keeps it */
tw_err tw_cert_uri(const tw_cert *c, struct tw_buf *ret);                  /* NOTFOUND without a URI name */
tw_err tw_cert_name(const tw_cert *c, struct tw_buf *ret);                 /* common name, for people */
int64_t tw_cert_not_after_ms(const tw_cert *c);
int64_t tw_cert_not_before_ms(const tw_cert *c); /* INT64_MIN when it cannot be read: of none that was loaded */
bool tw_cert_is_ca(const tw_cert *c);
bool tw_cert_self_signed(const tw_cert *c); /* by what it says of itself */
bool tw_cert_for_client(const tw_cert *c);  /* it may stand for a TLS client: by its purposes, or because it limits them to none */
bool tw_cert_for_server(const tw_cert *c);  /* the same of a server */
tw_err tw_cert_serial(const tw_cert *c, struct tw_buf *ret); /* its number, in lower-case hex of whole bytes; 1 to 20 of them */
tw_err tw_cert_in_time(const tw_cert *c, int64_t now_ms);    /* UNTRUSTED says which end it is beyond */
/* One step: c is an end entity, signed by anchor, which is a CA and may sign; both in time. UNTRUSTED says which of these fails. */
tw_err tw_cert_verify(const tw_cert *c, const tw_cert *anchor, int64_t now_ms);
typedef struct x509_st X509;
X509 *tw_cert_x509(const tw_cert *c); /* borrowed: for SSL_CTX only */
#endif

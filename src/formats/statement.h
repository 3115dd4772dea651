/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device statement: "I am this unit", signed by the device's key over the caller's nonce and, over TLS, the exporter
 * (RFC 9266 tls-exporter), so that it can neither be replayed nor carried over another connection. Claim names follow the
 * Entity Attestation Token (RFC 9711) where it has one.
 */
#ifndef TW_FORMATS_STATEMENT_H
#define TW_FORMATS_STATEMENT_H
#include "formats/jws.h"

#define TW_STATEMENT_NONCE_MIN 16
#define TW_STATEMENT_NONCE_MAX 64
struct tw_statement {
	char identifier[256]; /* RFC 9039 DEV URN */
	uint8_t nonce[TW_STATEMENT_NONCE_MAX];
	size_t nonce_size;
	bool has_exporter;
	uint8_t exporter[32];
	int64_t issued_ms;
	bool time_trusted;
	char software[64]; /* version of thingward-device */
	char model[64];    /* from the product manifest */
	char product_version[64];
};
tw_err tw_statement_sign(const struct tw_sys *sys, const struct tw_statement *s, const tw_cert *device,
	const struct tw_signer *signer, struct tw_buf *ret);
/* Verifies form and signature, and that the certificate is issued by anchor and names the same identifier. nonce/exporter are the caller's
   to expect: NULL exporter means "must not have one". UNTRUSTED names what differs. */
tw_err tw_statement_verify(const struct tw_sys *sys, struct tw_slice text, const tw_cert *anchor, int64_t now_ms, const void *nonce,
	size_t nonce_size, const uint8_t *exporter, struct tw_statement *ret);
#endif

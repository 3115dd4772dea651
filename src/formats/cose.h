/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Sign1 with ES256 (RFC 9052, RFC 9053): what jws.h is for JSON. The protected header holds alg, typ (RFC 9596) and the
 * signer's certificate (x5chain, RFC 9360) alone; the unprotected one is empty; nothing else is accepted. typ separates the uses.
 */
#ifndef TW_FORMATS_COSE_H
#define TW_FORMATS_COSE_H
#include "formats/jws.h"

#define TW_COSE_TAG 18
#define TW_COSE_MAX (64 * 1024)

/* The signer is given the Sig_structure, as bytes. payload is CBOR of the caller's. */
tw_err tw_cose_sign(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_slice payload,
	const struct tw_signer *signer, struct tw_buf *ret);
/* What every Sig_structure of this typ by this certificate begins with, up to its payload. keys compares it before it signs. */
tw_err tw_cose_signed_head(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_buf *ret);
/* The whole is checked for its form, then the signature against the certificate in x5chain, which is handed back for the caller to
   judge (chain, name, time); the payload, checked for its form too, is a part of data. SYNTAX, UNTRUSTED. */
tw_err tw_cose_verify(const struct tw_sys *sys, const char *typ, struct tw_slice data, struct tw_slice *ret_payload, tw_cert **ret_cert);
#endif

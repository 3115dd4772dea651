/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stapled answer about one certificate (RFC 6960): good, revoked or unknown, dated and signed by the certificate's issuer or by
 * a responder to whom this issuer has delegated it. Who brought it does not matter.
 */
#ifndef TW_CRYPTO_OCSP_H
#define TW_CRYPTO_OCSP_H
#include "crypto/cert.h"

#define TW_OCSP_MAX 4096 /* bytes of DER: an answer and its responder's certificate have 900 */

/* *ret_rule NULL: good, now. chain.revoked, or why the answer counts for nothing: ocsp.form, ocsp.answer (the responder had none),
   ocsp.algorithm, ocsp.signer, ocsp.signature, ocsp.certificate (it is about another one), ocsp.dates, ocsp.unknown. */
tw_err tw_ocsp_check(const struct tw_sys *sys, struct tw_slice der, const tw_cert *c, const tw_cert *issuer, int64_t now_ms,
	const char **ret_rule);

typedef struct x509_st X509;
/*
 * What a TLS server showed with its certificate (RFC 6066 section 8), after its chain was found good. *ret_rule NULL: nothing
 * stands against it, which with an empty `der` or without an issuer of its own (an anchor is trusted as it is) says no more than
 * that. chain.unproven: the certificate demands an answer (RFC 7633) and none came. As none counts one that cannot be judged, of an
 * algorithm that is not ours, and a responder's word that it has none.
 */
tw_err tw_ocsp_stapled(const struct tw_sys *sys, X509 *leaf, X509 *issuer, struct tw_slice der, int64_t now_ms, const char **ret_rule);
#endif

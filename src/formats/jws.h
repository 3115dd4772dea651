/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS with ES256, flattened JSON serialization (RFC 7515 section 7.2.2): the envelope of the product manifest, the provisioning record,
 * the device statement, the inventory and the evidence report. The protected header holds alg, typ and, in x5c, the signer's certificate alone (who verifies
 * already holds its issuer); nothing else is accepted. typ separates the uses, so that no signature made for one can be shown
 * as another.
 */
#ifndef TW_FORMATS_JWS_H
#define TW_FORMATS_JWS_H
#include "base/json.h"
#include "crypto/cert.h"

#define TW_JWS_STATEMENT "thingward-statement+jws"
#define TW_JWS_MANIFEST "thingward-manifest+jws"
#define TW_JWS_PROVISIONING "thingward-provisioning+jws"
#define TW_JWS_EVIDENCE "thingward-evidence+jws"
#define TW_JWS_MAX (1024 * 1024)

/* Where the signature comes from: a key at hand, or the keys role. */
struct tw_signer {
	tw_err (*sign)(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE]);
	void *user;
};
tw_err tw_jws_sign(const struct tw_sys *sys, const char *typ, const tw_cert *cert, const json_t *payload,
	const struct tw_signer *signer, struct tw_buf *ret);
/* The protected header of a signature by cert, as base64url: the first half of the signing input. keys compares it before it signs. */
tw_err tw_jws_protected(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_buf *ret);
struct tw_signer tw_signer_of_key(const tw_key *k); /* borrows the key */
/* Parses and verifies against the certificate in x5c, which is handed back for the caller to judge (chain, name, time). SYNTAX, UNTRUSTED. */
tw_err tw_jws_verify(const struct tw_sys *sys, const char *typ, struct tw_slice text, json_t **ret_payload, tw_cert **ret_cert);
/* The signer is the manufacturer's desk: issued by anchor, in time, and no unit. Otherwise whoever opened one unit, and took its key,
   could speak for the manufacturer. UNTRUSTED. */
tw_err tw_jws_desk(const struct tw_sys *sys, const tw_cert *signer, const tw_cert *anchor, int64_t now_ms);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device shares with one recipient (doc/spec/export.md): the content as text, and the device key's word for it, a JWS over its SHA-256 that names
 * the unit, the recipient and what it is; both sealed for the recipient's key (jwe.h).
 */
#ifndef TW_FORMATS_EXPORT_H
#define TW_FORMATS_EXPORT_H
#include "formats/identifier.h"
#include "formats/jwe.h"
#include "formats/jws.h"

#define TW_JWS_EXPORT "thingward-export+jws"
#define TW_EXPORT_CTY "thingward-export+json"
#define TW_EXPORT_CONTENT_MAX (128 * 1024)
#define TW_EXPORT_WORD_MAX 64

struct tw_export {
	char identifier[TW_IDENTIFIER_MAX + 1]; /* of the unit */
	char recipient[TW_EXPORT_WORD_MAX + 1]; /* as the organization calls him */
	char data[TW_EXPORT_WORD_MAX + 1];      /* which kind */
	char by[TW_EXPORT_WORD_MAX + 1];        /* who shared it: an account's id */
	int64_t made_ms;
	bool time_trusted;
};
struct tw_export_parties {
	const tw_cert *device;
	const struct tw_signer *signer; /* its key */
	const tw_cert *recipient;
};
tw_err tw_export_seal(const struct tw_sys *sys, const struct tw_export *e, const json_t *content,
	const struct tw_export_parties *parties, struct tw_buf *ret);

struct tw_export_expect {
	const tw_key *own;     /* the recipient's */
	const tw_cert *anchor; /* the manufacturer's authority */
	int64_t now_ms;
};
/* One function that asks everything: sealed for this key, signed by the unit that it names, whose certificate the anchor issued, over exactly this
   content. SYNTAX, LIMIT; UNTRUSTED says what does not hold. */
tw_err tw_export_open(const struct tw_sys *sys, struct tw_slice text, const struct tw_export_expect *expect, struct tw_export *ret,
	json_t **ret_content);
#endif

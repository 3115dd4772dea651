/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Package URLs (ECMA-427): scheme:type/namespace/name@version?qualifiers#subpath, read into parts and written in the canonical form.
 *
 * What is read is already normal: decoded, types and keys in small letters, empty segments and qualifiers left out, and names as their
 * type wants them (PyPI: small letters and '-' for '_'). So two purls of one package have the same parts, byte for byte. Followed are the specification's
 * procedures "How to parse" and "How to build" and the definitions of its types.
 *
 * More is taken than the standard's strict form, because inventories have it: a missing namespace of types that should have one
 * (deb, rpm), capitals in keys, and characters that a writer should have encoded. What makes a purl mean two things is refused: a key
 * twice, a '%' that encodes nothing, a '/' hidden in a segment, a control character.
 */
#ifndef TW_FORMATS_PURL_H
#define TW_FORMATS_PURL_H
#include "base/buf.h"

#define TW_PURL_MAX 4096 /* bytes; longer ones only carry a download's address */

struct tw_purl {
	const char *type, *namespace, *name, *version, *subpath; /* decoded UTF-8; "" when absent, which type and name never are */
	const char *qualifiers; /* key NUL value NUL ..., by key; ends with an empty key. tw_purl_qualifier() finds one */
	struct tw_buf own;      /* holds all of them */
};
/* SYNTAX says what is wrong and at which character, counted from 1. LIMIT: longer than TW_PURL_MAX. On failure *ret is empty. */
tw_err tw_purl_parse(const struct tw_sys *sys, struct tw_slice text, struct tw_purl *ret);
void tw_purl_done(struct tw_purl *p); /* of a zeroed one too */
/* NULL: it has none of this key, which is in small letters. Lasts as long as the purl. */
const char *tw_purl_qualifier(const struct tw_purl *p, const char *key);
/* Canonical. What is parsed again has the same parts. */
tw_err tw_purl_write(const struct tw_purl *p, struct tw_buf *ret);
bool tw_purl_same_package(const struct tw_purl *a, const struct tw_purl *b); /* type, namespace and name */
#endif

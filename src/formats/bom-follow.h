/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDX 2 in many documents, as Yocto's create-spdx-2.2 writes an image: the image's document CONTAINS packages of other documents, and each of these
 * is GENERATED_FROM a recipe of one more, which has version, CPE names and what patches corrected. What comes out is one document with the
 * recipes as its packages, each once, and the packages that have none: what they say of themselves, and not their files.
 *
 * Pure: who calls finds the documents.
 */
#ifndef TW_FORMATS_BOM_FOLLOW_H
#define TW_FORMATS_BOM_FOLLOW_H
#include "base/json.h"

/* Does it contain packages of other documents? */
bool tw_bom_refers(const json_t *document);

/* The document of that namespace; sha1: of its bytes, in hexadecimal, "" when the reference has none. NOTFOUND: there is none. */
typedef tw_err (*tw_bom_fetch)(void *user, const char *name_space, const char *sha1, json_t **ret);
/* Errors name the document and its reference. SYNTAX, LIMIT: of a document. NOTFOUND: what a reference means is not there. */
tw_err tw_bom_follow(const json_t *image, tw_bom_fetch fetch, void *user, json_t **ret);
#endif

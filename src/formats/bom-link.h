/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BOM-Link: how one CycloneDX document names another, or a component of it: "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#curl%408.0", by the other's
 * serialNumber and version, and the bom-ref in it as RFC 3986 has a fragment. Two versions of a document are two documents.
 */
#ifndef TW_FORMATS_BOM_LINK_H
#define TW_FORMATS_BOM_LINK_H
#include "formats/bom.h"

struct tw_bom_link {
	struct tw_slice serial; /* a UUID */
	uint64_t version;
	struct tw_slice ref; /* as it is written; empty: the whole document */
};
bool tw_bom_is_link(const char *text); /* begins as one */
tw_err tw_bom_link_parse(const char *text, struct tw_bom_link *ret);
bool tw_bom_link_means(const struct tw_bom_link *l, const json_t *document);
bool tw_bom_link_ref(const struct tw_bom_link *l, char ret[TW_BOM_REF_MAX + 1]); /* the bom-ref; false: it is none */

typedef tw_err (*tw_bom_link_visit)(void *user, const char *place, const char *link);
/*
 * Each of its links to another document, with its place: of what is affected, and of external references of type "bom" of the document, of what it describes
 * and of components. What begins as a link and is none is among them. Of other formats: none.
 */
tw_err tw_bom_links(const struct tw_sys *sys, const struct tw_bom *bom, tw_bom_link_visit visit, void *user);
#endif

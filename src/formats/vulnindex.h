/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many components against many records: which of the components are worth asking vulnmatch.h about. Names are compared as letters and
 * digits only, so every component that a record means is among those that are named (test-vulnindex.c holds both ways beside each
 * other), and a hundred thousand records need not each be held against every component.
 */
#ifndef TW_FORMATS_VULNINDEX_H
#define TW_FORMATS_VULNINDEX_H
#include "base/mem.h"
#include "formats/vulnmatch.h"

typedef struct tw_vuln_index tw_vuln_index;
/* The subjects stay the caller's, and where they are; one that was not made (no name, purl or CPE name) is never named. */
tw_err tw_vuln_index_new(const struct tw_sys *sys, const struct tw_vuln_subject *of, size_t count, tw_vuln_index **ret);
tw_vuln_index *tw_vuln_index_free(tw_vuln_index *i);
TW_DEFINE_FREEP(tw_vuln_index, tw_vuln_index_free)

typedef tw_err (*tw_vuln_candidate)(void *user, size_t subject); /* each once in one call; an error ends it and comes out of it */
tw_err tw_vuln_index_osv(tw_vuln_index *i, const json_t *record, tw_vuln_candidate visit, void *user);
tw_err tw_vuln_index_cve(tw_vuln_index *i, const json_t *record, tw_vuln_candidate visit, void *user);
/* Of a name, a purl and a CPE name; each may be "". */
tw_err tw_vuln_index_named(tw_vuln_index *i, const char *name, const char *purl, const char *cpe, tw_vuln_candidate visit, void *user);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Triage: what of all that is known of vulnerabilities people have to look at, for one release of a product.
 *
 * Components (bom.h) are held against records one after another; each pair of a vulnerability and a component that a record ties
 * together is an item. Rules take items away from people, each with its reason and its evidence; decisions of people do the same, as
 * long as the facts that they were made on are the same. What is left is the queue. Nothing is ever dropped: every item says where it
 * went and why.
 *
 * An item is a JSON object: `vulnerability`, `component` (its purl without a version, else its name), `version`, `purl`, `cpe`, `summary`,
 * `kev`, `epss` (millionths), `score` (ten times that of CVSS), `records` (who says what of it, and where), `statements` (VEX), `state` (open,
 * again, ruled, decided), `rule`,
 * `because`, `evidence`, `decision`, `facts` (a hash of all that a verdict rests on) and `new`.
 *
 * Pure: no file, no clock.
 */
#ifndef TW_PRODUCT_TRIAGE_H
#define TW_PRODUCT_TRIAGE_H
#include "formats/bom.h"
#include "formats/kbuild.h"
#include "formats/vexread.h"

#define TW_TRIAGE_ITEMS_MAX 200000 /* a distribution's image with all records of its packages' history has a tenth of it */

typedef struct tw_triage tw_triage;
/* The inventory has to stay. What of a component is no purl or CPE name is left out, and told as a problem. */
tw_err tw_triage_new(const struct tw_sys *sys, const struct tw_bom *bom, tw_triage **ret);
tw_triage *tw_triage_free(tw_triage *t);
TW_DEFINE_FREEP(tw_triage, tw_triage_free)

/* An OSV or a CVE record that was checked. file: where it came from, for the evidence. */
tw_err tw_triage_record(tw_triage *t, enum tw_feed_kind kind, const json_t *record, const char *file);
/* Statements of others: they rule items out, or bring one. What is settled of a part of a product rules nothing out. */
tw_err tw_triage_statements(tw_triage *t, const json_t *document, const char *file);
/* The same of what an inventory says of its components, and by BOM-Link of the triage's: of any but these what is settled rules nothing out. Links to what is
   not given are told as problems. */
tw_err tw_triage_inventory(tw_triage *t, const struct tw_bom *said, const char *file);
/* After all records. */
tw_err tw_triage_kev(tw_triage *t, struct tw_slice text);
tw_err tw_triage_epss(tw_triage *t, struct tw_slice text);

/* What was built of a component's source. */
struct tw_triage_tree {
	const char *component; /* its name; NULL: the kernel's */
	struct tw_built built;
};
struct tw_triage_rules {
	struct tw_triage_tree *trees;
	size_t tree_count;
	const char *kernel;      /* the component that is the kernel; NULL: the usual names, and the CPE name linux:linux_kernel */
	const json_t *installed; /* names of what is on the image -> true; NULL: not given */
	const json_t *decisions; /* tw_decisions_read(); NULL: none */
	const json_t *before;    /* items of the last run by tw_triage_key(); NULL: none */
};
/* How many of the components a list of installed names does not name. */
size_t tw_triage_unnamed(const tw_triage *t, const json_t *installed, size_t *ret_all);
/* Once, at the end. SYNTAX: a list of built files that has none of those which records name. */
tw_err tw_triage_settle(tw_triage *t, const struct tw_triage_rules *r);

/* In the order in which people should look at them: what is exploited, then what is likely to be, then the rest. */
const json_t *tw_triage_items(const tw_triage *t);
const json_t *tw_triage_problems(const tw_triage *t); /* texts: of components that could not be read whole */
struct tw_triage_counts {
	size_t all, open, again, fresh, decided, ruled; /* fresh: of open and again, what was not so in the last run */
	size_t components, records;
};
void tw_triage_count(const tw_triage *t, struct tw_triage_counts *ret);

/* "CVE-2026-1 pkg:deb/debian/curl 8.0-1" */
tw_err tw_triage_key(const json_t *item, struct tw_buf *ret);
#endif

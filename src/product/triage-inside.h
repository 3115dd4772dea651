/* SPDX-License-Identifier: Apache-2.0 */
/* Among the files triage*.c. */
#ifndef TW_PRODUCT_TRIAGE_INSIDE_H
#define TW_PRODUCT_TRIAGE_INSIDE_H
#include "formats/vulnindex.h"
#include "product/triage.h"

/* One vulnerability in one component. */
struct tw_triage_item {
	json_t *o;
	size_t part, records;
	bool affected, undecided;         /* some record says so */
	bool own_unaffected, own_other;   /* what the records of the component's own distribution say */
	bool said_affected, said_settled; /* what statements of others say */
	bool open_files;                  /* the CVE record names no files for something that is affected */
	json_t *files;                    /* programFiles of the CVE record; NULL: none */
	uint64_t said[2]; /* all records and statements: sums of their hashes, which no order of the feeds changes */
};
struct tw_triage {
	const struct tw_sys *sys;
	const struct tw_bom *bom;
	struct tw_vuln_subject *subjects;
	json_t *names; /* of each part: what the component is called in items */
	tw_vuln_index *index;
	struct tw_triage_item *of;
	size_t count, capacity, records;
	json_t *by_key, *by_vulnerability; /* -> number, -> array of numbers */
	json_t *problems, *sorted;
};
/* `score` of the item: ten times the highest base score of CVSS that a record, or its entry, has a vector for. */
tw_err tw_triage_score(const json_t *record, const json_t *entry, json_t *item);
/* The number of the item of this vulnerability and component, made where there is none. */
tw_err tw_triage_find(tw_triage *t, const char *vulnerability, size_t part, size_t *ret);
/* state, rule, because and evidence where a rule takes the item away; else nothing. */
tw_err tw_triage_apply(tw_triage *t, const struct tw_triage_rules *r, struct tw_triage_item *i);
tw_err tw_triage_facts(tw_triage *t, const struct tw_triage_rules *r, struct tw_triage_item *i);
/* The tree that tells what was built of a component; NULL: none. */
struct tw_built *tw_triage_tree_of(const struct tw_triage *t, const struct tw_triage_rules *r, const struct tw_triage_item *i);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an import into the desk brings, entry by entry: a component of a release, or a finding of triage in one. The tool, which has read strangers' documents,
 * makes them; to the server they are a stranger's text once more, so every member has its bounds, and one that is not known refuses the piece.
 *
 * Bounds are what an index of either store takes (PostgreSQL: 2704 bytes of a key), and what one page can show. Pure, but for memory.
 */
#ifndef TW_PRODUCT_ENTRIES_H
#define TW_PRODUCT_ENTRIES_H
#include "base/json.h"
#include "formats/bom.h"

#define TW_ENTRIES_MAX 1000 /* of one piece, which is 64 KiB */
#define TW_ENTRY_MAX 16384  /* bytes of a finding, as it is stored */
#define TW_PART_NAME_MAX 300
#define TW_PART_VERSION_MAX 200
#define TW_PART_PURL_MAX 1000
#define TW_PART_CPE_MAX 500
#define TW_PART_SUPPLIER_MAX 200
#define TW_VULNERABILITY_MAX 256
#define TW_FINDING_RECORDS_MAX 12
#define TW_FINDING_EVIDENCE_MAX 20
#define TW_FINDING_LINE_MAX 600
#define TW_DECISION_WORDS_MAX 4000 /* bytes, as decisions.yaml has them */
#define TW_FACTS_SIZE 32

/* Of a name: ASCII letters small. Names of packages are ASCII; of others only the same spelling is found. */
void tw_component_key(struct tw_slice name, char ret[TW_PART_NAME_MAX + 1]);
/* SYNTAX names the entry and the member; LIMIT: too many, or one too long. */
tw_err tw_components_check(const json_t *entries);
tw_err tw_findings_check(const struct tw_sys *sys, const json_t *entries);

/* What the tool makes of a component. LIMIT: it has more than is stored, and which. */
tw_err tw_component_entry(const struct tw_sys *sys, const struct tw_bom_part *part, json_t **ret);
/* Of an item (triage.h): as much of what it rests on as is stored. What names it is never cut: LIMIT. */
tw_err tw_finding_entry(const struct tw_sys *sys, const json_t *item, json_t **ret);

/* What counts of a finding for its place in the queue. */
struct tw_urgency {
	bool exploited;
	int64_t epss;  /* millionths; -1: not said */
	int64_t score; /* ten times that of CVSS; -1: not said */
	int certainty; /* 0: tied by a name alone .. 3 */
};
void tw_finding_urgency(const json_t *entry, struct tw_urgency *ret);
/* The smaller, the sooner: what is exploited, then what is likely to be, then by how surely it is meant. */
int64_t tw_urgency_number(const struct tw_urgency *u);
/* What is wrong with a decision, in words; NULL: nothing. */
const char *tw_decision_fault(const json_t *decision);
#endif

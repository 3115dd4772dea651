/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others say of a vulnerability in a version of a component: VEX in CSAF 2.0 and OpenVEX 0.2, Yocto's cve-check, and what inventories say
 * themselves. As one list of statements, whoever made it. Whether they are believed is for who gives us the files.
 *
 * Of CSAF: product_status of each vulnerability, its products resolved to their purl and CPE names, through one relationship (then a part). Of OpenVEX:
 * products, or their subcomponents (then parts). Of cve-check: "Patched" is fixed, "Ignored" is not_affected only with a detail that is a fact and no
 * choice (cpe-incorrect, not-applicable-config, not-applicable-platform), "Unpatched" is affected.
 *
 * Of an inventory, each of the component that it names, and of no other (of an id that several have nothing is settled): in CycloneDX
 * vulnerabilities whose analysis has a state, of SPDX 3 the VEX relationships, but not withdrawn ones, and not "not affected" without a
 * justification: Yocto writes as that also what somebody chose to ignore.
 * Of SPDX 2 the packages' sourceInfo "CVEs fixed: ...", as Yocto writes it. What Buildroot's IGNORE_CVES name is not_affected, in show-info
 * (ignore_cves) and in its CycloneDX, which says that it is in triage.
 */
#ifndef TW_FORMATS_VEXREAD_H
#define TW_FORMATS_VEXREAD_H
#include "formats/bom.h"

#define TW_VEX_MAX (64 * 1024 * 1024) /* bytes of one document */
#define TW_VEX_STATEMENTS_MAX 1000000 /* of one document: products times vulnerabilities */

enum tw_vex_status { TW_VEX_AFFECTED, TW_VEX_NOT_AFFECTED, TW_VEX_FIXED, TW_VEX_INVESTIGATED };
const char *tw_vex_status_name(enum tw_vex_status s); /* "not_affected" */

/* Borrowed for the call; others' words. Absent is "". */
struct tw_vex_statement {
	const char *vulnerability;
	const char *purl, *cpe, *name, *version; /* of the component: any of them, and all of those that are given */
	enum tw_vex_status status;
	const char *justification; /* as the document spells it; of SPDX 3 as CSAF does */
	bool part;                 /* said of it as a part of a product, by a subcomponent or a relationship */
	bool linked;               /* of a component of the other inventory, by BOM-Link */
	const char *place;         /* JSON pointer */
};
typedef tw_err (*tw_vex_visit)(void *user, const struct tw_vex_statement *s); /* an error ends the reading and comes out of it */

/* What a JSON document of a feed is, by the members that only one kind has. */
enum tw_feed_kind {
	TW_FEED_UNKNOWN,
	TW_FEED_OSV,
	TW_FEED_CVE,
	TW_FEED_KEV,
	TW_FEED_CSAF,
	TW_FEED_OPENVEX,
	TW_FEED_CVE_CHECK,
	TW_FEED_INVENTORY,
};
enum tw_feed_kind tw_feed_kind_of(const json_t *document);

/* Of CSAF, OpenVEX and cve-check. SYNTAX begins with the JSON pointer of what is wrong; LIMIT. */
tw_err tw_vex_read(const json_t *document, tw_vex_visit visit, void *user);
/*
 * Of an inventory that was read; the same errors. A BOM-Link (bom-link.h) means a component of its own or of the other inventory; other: NULL for none, or
 * itself. What is said of the components of any other inventory is passed over.
 */
tw_err tw_vex_bom(const struct tw_bom *bom, const struct tw_bom *other, tw_vex_visit visit, void *user);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the world knows of vulnerabilities, as its sources publish it: OSV records (OSV schema 1.x), CVE records (CVE JSON 5.x), CISA's
 * catalog of what is exploited (KEV) and FIRST's probabilities that something will be (EPSS).
 *
 * What triage reads is checked as the official schemas have it; the rest is kept as it came and not looked at. Errors begin with the
 * place: a JSON pointer (RFC 6901), or the line of a CSV file. SYNTAX: malformed. UNSUPPORTED: another major version. LIMIT: too much.
 */
#ifndef TW_FORMATS_VULNFEED_H
#define TW_FORMATS_VULNFEED_H
#include "base/json.h"

#define TW_VULN_RECORD_MAX (16 * 1024 * 1024) /* bytes; records that list every version have a few megabytes */
#define TW_KEV_MAX (64 * 1024 * 1024)         /* the whole catalog; it has grown by a quarter of a megabyte a year */
#define TW_EPSS_MAX (256 * 1024 * 1024)       /* one day's file, unpacked; ten megabytes in 2025 */
#define TW_CVE_ID_MAX 28                      /* "CVE-2026-" and at most 19 digits */

bool tw_cve_id(struct tw_slice text); /* CVE-YYYY-NNNN and more digits */

/* The record, for range.h and vulnmatch.h. The caller owns *ret. */
tw_err tw_osv_read(struct tw_slice text, json_t **ret);
tw_err tw_cve_read(struct tw_slice text, json_t **ret);
/* The same of an object that was read already. */
tw_err tw_osv_check(const json_t *record);
tw_err tw_cve_check(const json_t *record);

/* One row of KEV. Texts are borrowed for the call, and others' words. */
struct tw_kev {
	const char *cve, *vendor, *product;
	const char *added, *due; /* YYYY-MM-DD */
	bool ransomware;         /* known to be used for it */
};
typedef tw_err (*tw_kev_visit)(void *user, const struct tw_kev *one); /* an error ends the reading and comes out of it */
/* SYNTAX also where there are not as many as the catalog says: then it was cut. */
tw_err tw_kev_read(struct tw_slice text, tw_kev_visit visit, void *user);

/* One row of EPSS: "#model_version:...,score_date:..." before the head is allowed to be missing. */
struct tw_epss {
	struct tw_slice cve;
	uint32_t probability, percentile; /* in millionths, 0..1000000; further digits are cut off */
};
typedef tw_err (*tw_epss_visit)(void *user, const struct tw_epss *one);
tw_err tw_epss_read(struct tw_slice text, tw_epss_visit visit, void *user);
#endif

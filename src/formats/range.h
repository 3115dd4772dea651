/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a version among those that a vulnerability record means? Each question has an answer, or an error that says why there is none: a
 * version that its scheme does not take, or whose place in the generic order is a guess (SYNTAX), a range that needs more than versions
 * (UNSUPPORTED). Nothing is guessed.
 *
 * JSON objects are those of records that were read (vulnfeed.h), or have been checked as these are.
 */
#ifndef TW_FORMATS_RANGE_H
#define TW_FORMATS_RANGE_H
#include "base/json.h"
#include "formats/version.h"

/*
 * One of affected[].ranges of an OSV record (OSV schema 1.7, "Evaluation"): introduced, fixed, last_affected and limit events in any
 * order. SEMVER ranges are compared as such, ECOSYSTEM ranges by the scheme; UNSUPPORTED: a GIT range, which a repository answers.
 */
tw_err tw_range_osv(const json_t *range, enum tw_version_scheme ecosystem, const char *version, bool *ret);

enum tw_range_status { TW_RANGE_AFFECTED, TW_RANGE_UNAFFECTED, TW_RANGE_UNKNOWN };
struct tw_range_found {
	enum tw_range_status status;
	size_t entry; /* the place in versions that decided; SIZE_MAX: none did, and the status is defaultStatus */
	enum tw_version_scheme scheme;
};
/*
 * A product object of a CVE record (CVE JSON 5, "Version Status Decision Algorithm"): versions with versionType, lessThan,
 * lessThanOrEqual and changes, in their order; else defaultStatus. A limit may end in '*', which is larger than any number; the
 * version "0" is the first of all. Of a versionType that has no order here the generic one is taken; UNSUPPORTED: git. Of a semantic version, "5.12" is
 * 5.12.0. Changes count in the order of their versions. Outside by one bound is outside, whatever the other says.
 *
 * SYNTAX: nothing, words or a range in the place of a version or limit ("", "All versions", "< 1.2", "1.x"), a range that is none
 * (from 2.4 to below 2.0), and what may be the version all the same (range-inside.h). Of "unspecified", "n/a" and the like as the first version only the
 * limit counts, and nothing is unaffected by it.
 */
tw_err tw_range_cve(const json_t *product, const char *version, struct tw_range_found *ret);

/*
 * One of cpeMatch of a CVE record: is the version between versionStart... and versionEnd..., in the generic order; with none of them every one is.
 * SYNTAX: words or a range in the place of a version.
 */
tw_err tw_range_cpe(const json_t *match, const char *version, bool *ret);

/* SYNTAX: "All versions", "< 1.2.3", "1.0 - 1.4", "2.0to2.4", "1.x", "n/a", "1.2-and-earlier", "4f9cf3b" are no single version. */
tw_err tw_range_plain(const char *text);

#define TW_RANGE_VERS_MAX 4096 /* bytes of a vers string */
/*
 * A version range specifier: "vers:deb/>=1.0|<2.0|!=1.5". SYNTAX also: its versions are not in order, or two '<' follow one another. With
 * nothing but '!=', all others are in it. A type that has no order here gets the generic one; with that, SYNTAX as of CVE records where words or a range
 * stand in the place of a version ("1.x", "1.0 - 1.4"), where a day stands beside another number, and of what may be the version all the same.
 */
tw_err tw_range_vers(const struct tw_sys *sys, struct tw_slice vers, const char *version, bool *ret);
#endif

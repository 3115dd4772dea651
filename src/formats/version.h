/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of two versions comes first, by the rules of the ecosystem that they are of. Nothing is allocated, cost is linear in the texts.
 *
 * Over the texts that a scheme takes, its order is total; what it does not take is refused with the reason, never guessed at.
 *
 * TW_VERSION_SEMVER: Semantic Versioning 2.0.0, 11. TW_VERSION_DEB: Debian policy 5.6.12, as dpkg 1.21 has it. TW_VERSION_RPM: the
 * algorithm of rpm 4.18 with '~' and '^'; a version without release comes before those with one. TW_VERSION_PEP440: PEP 440, local
 * versions too, as packaging 23.0 has it. TW_VERSION_APK: apk-package(5) of apk-tools, suffixes too ("1.0.2_rc1-r0"); a version without a revision
 * says too little, and a commit's hash has no order: both are refused. TW_VERSION_MAVEN: Maven's ComparableVersion, as far as its specification and its
 * versions agree (version-maven.c).
 *
 * TW_VERSION_GENERIC is for what says no more of itself, and where a vers string falls back to: runs of digits are numbers, runs of
 * letters words, all else only separates; a missing number is 0, and a 'v' in front does not count. Words come before what has none
 * there ("1.0-rc1" before "1.0"), but for "post", "patch", "pl" and "errata", and for a word right after a number with no number
 * behind it ("1.0.2k" after "1.0.2"). Of the former only the first letter counts ("a1" is "alpha1"). Full commit ids have no order and
 * are refused. What other words mean is a guess that sorts, and no more: "8.5p1" is OpenSSH's patch after 8.5, "2.0.0.M1" a milestone before 2.0.0.
 */
#ifndef TW_FORMATS_VERSION_H
#define TW_FORMATS_VERSION_H
#include "base/buf.h"

#define TW_VERSION_MAX 512 /* characters; Debian's longest have a hundred */

enum tw_version_scheme {
	TW_VERSION_GENERIC,
	TW_VERSION_SEMVER,
	TW_VERSION_DEB,
	TW_VERSION_RPM,
	TW_VERSION_PEP440,
	TW_VERSION_APK,
	TW_VERSION_MAVEN,
	TW_VERSION_SCHEMES,
};
const char *tw_version_scheme_name(enum tw_version_scheme s); /* "deb" */
/*
 * Of a name that a purl's type, a vers string or versionType of a CVE record has: "deb" and "dpkg", "pypi" and "python", "npm",
 * "cargo", "golang" ... False: none that is known here; its versions have an order of their own, and the generic one only guesses.
 */
bool tw_version_scheme_named(const char *name, enum tw_version_scheme *ret);

/* SYNTAX: the scheme has no such version, and why; LIMIT: too long. *ret is -1, 0 or 1. */
tw_err tw_version_check(enum tw_version_scheme s, const char *version);
tw_err tw_version_compare(enum tw_version_scheme s, const char *a, const char *b, int *ret);
/* For verdicts: SYNTAX also where the generic order rests on a word that may come before its version or after it ("p1", "sp2", "git2024"), or on
   one in front of it that the other has not ("release-2.3", "R5"). */
tw_err tw_version_decide(enum tw_version_scheme s, const char *a, const char *b, int *ret);
#endif

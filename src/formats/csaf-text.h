/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that texts of a CSAF document have. Each takes a text of JSON (valid UTF-8 without NUL), is pure, and linear in its length. */
#ifndef TW_FORMATS_CSAF_TEXT_H
#define TW_FORMATS_CSAF_TEXT_H

#include "base/buf.h"

size_t tw_csaf_space(const char *at); /* bytes of the white space there, Unicode's too; 0: none */
bool tw_csaf_filled(const char *s);   /* not empty */
bool tw_csaf_is_time(const char *s);
bool tw_csaf_is_uri(const char *s); /* RFC 3986, with its scheme */
bool tw_csaf_is_category(const char *s);
bool tw_csaf_is_id(const char *s); /* of a document */
bool tw_csaf_is_cpe(const char *s);
bool tw_csaf_is_purl(const char *s); /* begins as one; tw_csaf_purl_fault knows the rest */
bool tw_csaf_is_hash(const char *s);
bool tw_csaf_is_cve(const char *s);
bool tw_csaf_is_cwe(const char *s);
bool tw_csaf_is_version(const char *s);
bool tw_csaf_is_language(const char *s); /* in form */

/* Of what tw_csaf_is_time: an order over the offsets, to 18 digits of a second. */
struct tw_csaf_time {
	int64_t seconds;
	uint64_t fraction;
};
bool tw_csaf_time_read(const char *s, struct tw_csaf_time *ret);
int tw_csaf_time_compare(const struct tw_csaf_time *a, const struct tw_csaf_time *b);

/* Semantic versions (semver.org). What is read points into the text. */
struct tw_csaf_version {
	struct tw_slice part[3];    /* major, minor, patch: digits */
	struct tw_slice prerelease; /* without '-'; empty: none */
	struct tw_slice core;       /* all but the build metadata */
};
bool tw_csaf_version_read(const char *s, struct tw_csaf_version *ret); /* false for whole numbers too */
int tw_csaf_version_compare(const struct tw_csaf_version *a, const struct tw_csaf_version *b);
int tw_csaf_digits_compare(struct tw_slice a, struct tw_slice b); /* numbers of any size, without leading zeros */

/* Why a package URL is none; NULL: it is one. Of what tw_csaf_is_uri and tw_csaf_is_purl. */
tw_err tw_csaf_purl_fault(const struct tw_sys *sys, const char *s, const char **ret);
/* Which part of a language tag is not registered, or stands where it may not; NULL: all is well. */
const char *tw_csaf_language_fault(const char *s);
/* The name of a weakness; empty: CWE has none of this id ("CWE-79"). */
struct tw_slice tw_csaf_cwe_name(const char *id);

#endif

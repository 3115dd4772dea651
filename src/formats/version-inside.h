/* SPDX-License-Identifier: Apache-2.0 */
/* Among the files version*.c: each scheme's check, and its comparison of what the check took. */
#ifndef TW_FORMATS_VERSION_INSIDE_H
#define TW_FORMATS_VERSION_INSIDE_H
#include "base/buf.h"

tw_err tw_version_deb_check(const char *version);
int tw_version_deb_compare(const char *a, const char *b);
tw_err tw_version_rpm_check(const char *version);
int tw_version_rpm_compare(const char *a, const char *b);
tw_err tw_version_pep440_check(const char *version);
int tw_version_pep440_compare(const char *a, const char *b);
tw_err tw_version_apk_check(const char *version);
int tw_version_apk_compare(const char *a, const char *b);
tw_err tw_version_maven_check(const char *version);
int tw_version_maven_compare(const char *a, const char *b);

static inline bool tw_version_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline char tw_version_small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
static inline bool tw_version_letter(char c)
{
	return tw_version_small(c) >= 'a' && tw_version_small(c) <= 'z';
}
struct tw_slice tw_version_number(const char **at);           /* the digits there, without zeros in front; moves on */
int tw_version_numbers(struct tw_slice a, struct tw_slice b); /* of such; empty is 0 */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* security.txt (RFC 9116): where to report a weakness, in the one form that programs and people look for. Pure: values in, the file's bytes out. */
#ifndef TW_FORMATS_SECURITYTXT_H
#define TW_FORMATS_SECURITYTXT_H
#include "base/buf.h"

#define TW_SECURITYTXT_MAX (32 * 1024)                       /* readers of it stop at about this much */
#define TW_SECURITYTXT_LIFE_MAX_MS (INT64_C(365) * 86400000) /* RFC 9116 section 2.5.5: less than a year is recommended */

/* Lists end with NULL; a list that is NULL is empty. */
struct tw_securitytxt {
	const char *const *contacts; /* at least one, the preferred first: mailto:, https: or tel: */
	int64_t expires_ms;          /* after now_ms, and at most TW_SECURITYTXT_LIFE_MAX_MS after it */
	const char *const *canonical, *const *csaf, *const *encryption, *const *policy, *const *acknowledgments, *const *hiring;
	const char *languages; /* "en, de"; NULL: any */
};
/* SYNTAX: a value that RFC 9116 does not take, by the name of its field. LIMIT: too long. */
tw_err tw_securitytxt_write(const struct tw_securitytxt *s, int64_t now_ms, struct tw_buf *ret);
#endif

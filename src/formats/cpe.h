/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPE 2.3 names: read from a formatted string or a URI (NISTIR 7695, 6.2 and 6.1), written as a formatted string, and compared
 * (NISTIR 7696, 6). Nothing is allocated: a name borrows the text it was read from.
 *
 * Compared without regard to capitals, as 7696 asks. A '?' stands for one character or none, as in NIST's reference algorithm. Of a
 * language only its characters are checked: inventories have names of languages that RFC 5646 does not know.
 */
#ifndef TW_FORMATS_CPE_H
#define TW_FORMATS_CPE_H
#include "base/buf.h"

#define TW_CPE_MAX 1024 /* characters; the longest of NVD's dictionary has fewer than 300 */

enum tw_cpe_attribute {
	TW_CPE_PART,
	TW_CPE_VENDOR,
	TW_CPE_PRODUCT,
	TW_CPE_VERSION,
	TW_CPE_UPDATE,
	TW_CPE_EDITION,
	TW_CPE_LANGUAGE,
	TW_CPE_SW_EDITION,
	TW_CPE_TARGET_SW,
	TW_CPE_TARGET_HW,
	TW_CPE_OTHER,
	TW_CPE_ATTRIBUTES,
};
const char *tw_cpe_attribute_name(enum tw_cpe_attribute a); /* "target_sw" */

struct tw_cpe {
	struct tw_slice of[TW_CPE_ATTRIBUTES]; /* as they are bound; empty: any */
	bool uri;                              /* percent-encoded; else with '\' before what is no letter */
};
/* SYNTAX says what is wrong and at which character, counted from 1. LIMIT: longer than TW_CPE_MAX. */
tw_err tw_cpe_parse(struct tw_slice text, struct tw_cpe *ret);
tw_err tw_cpe_write(const struct tw_cpe *c, struct tw_buf *ret); /* the formatted string, in small letters */

enum tw_cpe_kind {
	TW_CPE_ANY,
	TW_CPE_NA, /* not applicable: "-" */
	TW_CPE_TEXT,
	TW_CPE_WILD, /* a text with '*' or '?' at its ends */
};
enum tw_cpe_kind tw_cpe_kind(const struct tw_cpe *c, enum tw_cpe_attribute a);
/* Of a TW_CPE_TEXT: without encoding, in small letters. Anything else adds nothing. */
tw_err tw_cpe_value(const struct tw_cpe *c, enum tw_cpe_attribute a, struct tw_buf *ret);

/* What the source is to the target: SUPERSET means that the target is one of those that the source names. */
enum tw_cpe_relation {
	TW_CPE_EQUAL,
	TW_CPE_SUBSET,
	TW_CPE_SUPERSET,
	TW_CPE_DISJOINT,
	TW_CPE_UNDEFINED, /* the target has wildcards (6.2), or some attributes are more and others less (6.3) */
};
enum tw_cpe_relation tw_cpe_compare_attribute(const struct tw_cpe *source, const struct tw_cpe *target, enum tw_cpe_attribute a);
enum tw_cpe_relation tw_cpe_compare(const struct tw_cpe *source, const struct tw_cpe *target);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a value may be, as rows: one reader goes through a document and its rows together. */
#ifndef TW_FORMATS_CSAF_SHAPE_H
#define TW_FORMATS_CSAF_SHAPE_H

#include "formats/csaf-inside.h"
#include "formats/cvss.h"

#define TW_CSAF_CVSS_V2 (1U << TW_CVSS_20)
#define TW_CSAF_CVSS_V3 (1U << TW_CVSS_30 | 1U << TW_CVSS_31)

struct tw_csaf_type;
struct tw_csaf_field {
	const char *key; /* NULL ends the list */
	const struct tw_csaf_type *type;
	bool required;
};
struct tw_csaf_type {
	enum { TW_CSAF_IS_TEXT, TW_CSAF_IS_OBJECT, TW_CSAF_IS_LIST, TW_CSAF_IS_CVSS } kind;
	const char *wanted;            /* of a text that does not match: "a date and time, such as ..." */
	bool (*match)(const char *s);  /* of a text; NULL: one_of */
	const char *const *one_of;     /* of a text; NULL ends it */
	const struct tw_csaf_type *of; /* of a list: its items */
	size_t min, max;               /* items of a list, members of an object; max 0: any number */
	bool unique;                   /* no item of a list twice */
	unsigned versions;             /* of a CVSS object: as cvss.h has them */
	const struct tw_csaf_field *fields;
};

tw_err tw_csaf_shape(struct tw_csaf_run *r, const struct tw_csaf_type *type, const json_t *value, const struct tw_csaf_at *at);
/* What is wrong with a CVSS object, of one kind. */
tw_err tw_csaf_cvss(struct tw_csaf_run *r, unsigned versions, enum tw_cvss_fault fault, const json_t *value, const struct tw_csaf_at *at);

#endif

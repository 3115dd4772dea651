/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this a CSAF 2.0 document? Its structure, as the official JSON schema has it (CVSS 2.0, 3.0 and 3.1 inside it), and every mandatory
 * test of section 6.1 of the standard.
 *
 * The verdicts are those of BSI's csaf-validator-lib: what is valid here is valid there. Where that library leaves out a test that the
 * standard makes mandatory, it runs here; README.md names the cases.
 *
 * A finding says which test failed, where (a JSON pointer) and why. Cost is n log n in the size of the document, whatever it holds.
 */
#ifndef TW_FORMATS_CSAF_H
#define TW_FORMATS_CSAF_H

#include "base/buf.h"
#include "base/json.h"

#define TW_CSAF_MAX (64 * 1024 * 1024) /* the largest published documents have a few tens of megabytes */
#define TW_CSAF_FINDINGS_MAX 100       /* told of each test; whoever has more has them from one cause. All are counted. */

/* In the order they run. The first word: the number in the standard. */
enum tw_csaf_test {
	TW_CSAF_SCHEMA,
	TW_CSAF_6_1_1,
	TW_CSAF_6_1_2,
	TW_CSAF_6_1_3,
	TW_CSAF_6_1_4,
	TW_CSAF_6_1_5,
	TW_CSAF_6_1_6,
	TW_CSAF_6_1_7,
	TW_CSAF_6_1_8,
	TW_CSAF_6_1_9,
	TW_CSAF_6_1_10,
	TW_CSAF_6_1_11,
	TW_CSAF_6_1_12,
	TW_CSAF_6_1_13,
	TW_CSAF_6_1_14,
	TW_CSAF_6_1_15,
	TW_CSAF_6_1_16,
	TW_CSAF_6_1_17,
	TW_CSAF_6_1_18,
	TW_CSAF_6_1_19,
	TW_CSAF_6_1_20,
	TW_CSAF_6_1_21,
	TW_CSAF_6_1_22,
	TW_CSAF_6_1_23,
	TW_CSAF_6_1_24,
	TW_CSAF_6_1_25,
	TW_CSAF_6_1_26,
	TW_CSAF_6_1_27_1,
	TW_CSAF_6_1_27_2,
	TW_CSAF_6_1_27_3,
	TW_CSAF_6_1_27_4,
	TW_CSAF_6_1_27_5,
	TW_CSAF_6_1_27_6,
	TW_CSAF_6_1_27_7,
	TW_CSAF_6_1_27_8,
	TW_CSAF_6_1_27_9,
	TW_CSAF_6_1_27_10,
	TW_CSAF_6_1_27_11,
	TW_CSAF_6_1_28,
	TW_CSAF_6_1_29,
	TW_CSAF_6_1_30,
	TW_CSAF_6_1_31,
	TW_CSAF_6_1_32,
	TW_CSAF_6_1_33,
	TW_CSAF_TESTS,
};

const char *tw_csaf_test_id(enum tw_csaf_test t);     /* "schema", "6.1.27.1" */
const char *tw_csaf_test_advice(enum tw_csaf_test t); /* what to do when it fails; a sentence */

struct tw_csaf_finding {
	enum tw_csaf_test test;
	const char *path; /* JSON pointer; "" is the whole document. Of the document's own words: not for a terminal as they are. */
	const char *message; /* a sentence without its full stop; the same holds */
};
typedef tw_err (*tw_csaf_tell)(void *user, const struct tw_csaf_finding *f);

struct tw_csaf_check {
	bool strict;       /* a member that the schema does not name is a finding, as in the schema's strict form */
	tw_csaf_tell tell; /* its error ends the check; the finding lasts as long as the call */
	void *user;
};
struct tw_csaf_counts {
	size_t of[TW_CSAF_TESTS]; /* findings; 0: the test passed */
	size_t all;
};

/*
 * SYNTAX, LIMIT: it cannot be read as JSON, and nothing was told. LIMIT too where the document's groups, taken apart for each vulnerability,
 * come to more than a validator should work at. Otherwise OK, and the document is valid if ret->all is 0.
 */
tw_err tw_csaf_check(const struct tw_sys *sys, struct tw_slice text, const struct tw_csaf_check *how, struct tw_csaf_counts *ret);
/* The same of what was read already. */
tw_err tw_csaf_check_json(const struct tw_sys *sys, const json_t *document, const struct tw_csaf_check *how, struct tw_csaf_counts *ret);
/* Of a product_identification_helper that stands alone: its form, its package URL and its hashes. Paths begin within it. */
tw_err tw_csaf_check_helper(const struct tw_sys *sys, const json_t *helper, const struct tw_csaf_check *how, struct tw_csaf_counts *ret);

#endif

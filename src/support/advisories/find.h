/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What advisories are found by (CSAF 2.0 section 9.1.6): the values of the fields that every document has at its head, of CVE, and of the product tree, as
 * texts that a list compares with. Pure, but for memory.
 *
 * Letters are compared as names of products are (content.h). What does not fit is cut, and the text then begins with TW_ADVISORY_CUT and fits whatever is
 * looked for: rather one too many than one too few.
 */
#ifndef TW_SUPPORT_ADVISORIES_FIND_H
#define TW_SUPPORT_ADVISORIES_FIND_H
#include "support/advisories/content.h"
#include "support/advisories/states.h"

#define TW_ADVISORY_FOUND_MAX (64 * 1024) /* of one of the texts */

/* Of exact and marks: a line each, with its letter and a colon before it. Marks are CVE numbers and ids of products, of which there may be many. */
#define TW_ADVISORY_BY_ID 'n'
#define TW_ADVISORY_BY_STATE 'g'
#define TW_ADVISORY_BY_CATEGORY 'c'
#define TW_ADVISORY_BY_CSAF 'f'
#define TW_ADVISORY_BY_STATUS 's'
#define TW_ADVISORY_BY_VERSION 'v'
#define TW_ADVISORY_BY_CVE 'e'
#define TW_ADVISORY_BY_PRODUCT_ID 'i'
#define TW_ADVISORY_BY_REVISED 'd'
#define TW_ADVISORY_BY_SEVERITY 'r'
#define TW_ADVISORY_BY_AUTHOR 'w'

struct tw_advisory_known {
	const char *name;
	enum tw_advisory_state state;
	const json_t *content;   /* of its last revision */
	const json_t *published; /* the document that is out; NULL none */
	const json_t *authors;   /* of all its revisions */
};
struct tw_advisory_found {
	struct tw_buf title, publisher, summary, exact, marks, products, words;
	char first[32], last[32]; /* when it came out first, and last; "": it did not */
	char rating;              /* '0' to '5', as lists sort it */
};
tw_err tw_advisory_find_by(const struct tw_sys *sys, const struct tw_advisory_known *a, struct tw_advisory_found *ret);
void tw_advisory_found_done(struct tw_advisory_found *f); /* of a zeroed one too */
/* A letter as it stands in these texts: no line ends within one. */
char tw_advisory_found_letter(char c);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The draft of a security advisory (CSAF 2.0) with what the registry knows of the product: valid from the first moment, not published by mistake. */
#ifndef TW_PRODUCT_ADVISORY_H
#define TW_PRODUCT_ADVISORY_H
#include "base/err.h"
#include "base/json.h"

#define TW_ADVISORY_UNWRITTEN "To be written." /* in a draft: whoever writes it has to */
struct tw_advisory {
	const char *profile; /* of tw_advisory_profiles */
	const char *id, *title;
	const char *now;         /* RFC 3339 */
	const char *const *cves; /* ends with NULL */
	const char *namespace;   /* NULL: the site of contacts.policy-url */
};
extern const char *const tw_advisory_profiles[]; /* "csaf_base" and so on; NULL ends them */
/* SYNTAX: no such profile, or a VEX document without a CVE. The labels say AMBER and draft: both have to be changed by whoever decides to publish. */
tw_err tw_advisory_draft(const struct tw_sys *sys, const json_t *product, const struct tw_advisory *a, json_t **ret);

/* The same where there is no product's file: of what a case knows. "" is not known. */
struct tw_advisory_case {
	const char *publisher, *namespace, *contact; /* whose it is; contact in words or an address */
	const char *policy;                          /* an address, https */
	const char *product, *versions;              /* product "": it has to be written */
	const char *text;                            /* what happens */
};
/* a->id and a->namespace are not read: the draft has no /document/tracking, which is whoever's who counts its revisions. */
tw_err tw_advisory_of_case(const struct tw_advisory_case *about, const struct tw_advisory *a, json_t **ret);

/* The next revision: version (the next whole number, or the next major version), status, date and a line of the history. SYNTAX: the version
   before is none. A tracking without a version gets its first. */
tw_err tw_advisory_revise(json_t *tracking, const char *now, const char *status, const char *summary);
/* CSAF 2.0 has no word for it (2.1 does: csaf_withdrawn): the document stays at its address, and what it said of products is gone. Its revision
   is the caller's to count. */
tw_err tw_advisory_withdraw(json_t *document, const char *reason);
#endif

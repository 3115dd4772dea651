/* SPDX-License-Identifier: Apache-2.0 */
/* The draft of a security advisory (CSAF 2.0) with what the registry knows of the product: valid from the first moment, not published by mistake. */
#ifndef TW_PRODUCT_ADVISORY_H
#define TW_PRODUCT_ADVISORY_H
#include "base/err.h"
#include "base/json.h"

struct tw_advisory {
	const char *profile; /* of tw_advisory_profiles */
	const char *id, *title;
	const char *now;         /* RFC 3339 */
	const char *const *cves; /* ends with NULL */
	const char *namespace;   /* NULL: the site of contacts.policy-url */
};
extern const char *const tw_advisory_profiles[]; /* "csaf_base" and so on; NULL ends them */
/* SYNTAX: no such profile, or a VEX document without a CVE. The labels say AMBER and draft: both have to be changed by whoever decides to publish. */
tw_err tw_advisory_draft(const json_t *product, const struct tw_advisory *a, json_t **ret);
#endif

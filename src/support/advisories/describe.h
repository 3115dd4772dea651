/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An advisory about one product and at most one vulnerability, as the few texts that somebody fills in: read from the CSAF document and written into it.
 * Pure. What else a document of that shape says stays as it is.
 *
 *	title, about (the summary), label (of TLP)
 *	product; affected, fixed: versions or ranges of versions (">=1.0|<1.2"), with commas between them; "*" is all of them
 *	cve, cwe, cvss (a vector of 2.0 to 3.1), description
 *	remedy (a category of CSAF 2.0 section 3.2.3.12.1), action (what to do), link (where there is more)
 */
#ifndef TW_SUPPORT_ADVISORIES_DESCRIBE_H
#define TW_SUPPORT_ADVISORIES_DESCRIBE_H
#include "base/buf.h"
#include "base/json.h"

#define TW_DESCRIBE_VERSIONS_MAX 64 /* affected and fixed, each */

/* All of them, "" where nothing is said. UNSUPPORTED: the document says more than these can; the detail is the first thing that is more. */
tw_err tw_advisory_described(const json_t *document, json_t **ret);
/*
 * said: some of them; what is "" there is taken away, what is absent stays. SYNTAX names what cannot be so; the document is then worth nothing. products: of
 * products.json; what that says of the product is said in the document: identifiers where nobody wrote any, and the note "Support". NULL: nothing.
 */
tw_err tw_advisory_describe(const struct tw_sys *sys, json_t *document, const json_t *said, const json_t *products);
#endif

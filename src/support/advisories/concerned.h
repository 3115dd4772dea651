/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which versions of which products an advisory says something of that whoever has them should know: affected, under investigation, or fixed. It is read
 * from the document's product tree, and written as notices have versions (subscriptions/subscriptions.h). Pure, but for memory.
 *
 * What the tree says of no version, or in words that have no order, becomes a text that no version can be compared with; then a subscriber is told rather
 * than not.
 */
#ifndef TW_SUPPORT_ADVISORIES_CONCERNED_H
#define TW_SUPPORT_ADVISORIES_CONCERNED_H
#include "base/json.h"
#include "support/subscriptions/subscriptions.h"

struct tw_advisory_concerned {
	struct tw_notice_product at[TW_NOTICE_PRODUCTS_MAX];
	size_t count; /* 0: it names no product that is known here, or not all names of its products are known */
	struct tw_buf texts;
};
/*
 * Of products (as products.json has them) those whose name or title stands whole in those of the advisory's products, and not as a part of the longer
 * name of another one that is known here; each with at least one row. names: of tw_advisory_products.
 * Of a document that says nothing of any product's status, all versions.
 */
tw_err tw_advisory_concerned(const struct tw_sys *sys, const json_t *document, const char *names, const json_t *products,
	struct tw_advisory_concerned *ret);
/* Whether subscribers of that product are told of an advisory with these names: as above, and where none is known or not all names are, of every product. */
bool tw_advisory_is_for(const char *names, const json_t *products, const json_t *product);
void tw_advisory_concerned_done(struct tw_advisory_concerned *c); /* of a zeroed one too */
#endif

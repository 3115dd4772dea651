/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What triage found of a release, for its customers: as CSAF 2.0 of the profile csaf_vex, or as OpenVEX 0.2.
 *
 * Each component is one of the product's; what is decided and what a rule took is said with its justification or in words, what still waits is
 * under investigation. What is outside the range of every record is left out: no record says that it could be affected.
 *
 * Pure: the time comes with it.
 */
#ifndef TW_PRODUCT_VEX_H
#define TW_PRODUCT_VEX_H
#include "base/json.h"

struct tw_vex_from {
	const json_t *product;   /* product.yaml, as it was read */
	const char *version;     /* of its software */
	const json_t *items;     /* by tw_triage_key(), as triage.yaml has them */
	const json_t *decisions; /* tw_decisions_read(); NULL: none. They count over what the items have of them */
	const json_t *previous; /* the document before this one; NULL: none. Of CSAF its history is carried on, of OpenVEX its version */
	const char *now;        /* RFC 3339 */
};
/* STATE: there is nothing to say, or the product's file lacks what a document needs; UNTRUSTED: the previous one is of something else. */
tw_err tw_vex_csaf(const struct tw_sys *sys, const struct tw_vex_from *from, json_t **ret);
tw_err tw_vex_openvex(const struct tw_sys *sys, const struct tw_vex_from *from, json_t **ret);
#endif

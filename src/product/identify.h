/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what others know a product again: CPE name, package URL, hashes, models, article and serial numbers, and whatever else CSAF 2.0 has in its
 * product_identification_helper (section 3.1.3.3). product.yaml says it once, of the product and where need be of a version; what a version is known by
 * follows: the product's CPE name and package URL, of which it is a version, with that version in them. Pure, but for memory.
 */
#ifndef TW_PRODUCT_IDENTIFY_H
#define TW_PRODUCT_IDENTIFY_H
#include "product/schema.h"

#define TW_IDENTIFIERS_MAX 8192    /* bytes, written, of a product or a version */
#define TW_IDENTIFIER_LISTS_MAX 8  /* addresses, URIs and files, each */
#define TW_IDENTIFIER_MODEL_MAX 16 /* article and serial numbers of a model, each */
#define TW_IDENTIFY_NUMBERS_ALSO " -._/+#:"
#define TW_IDENTIFIER_NUMBERS_MAX \
	64 /* models, article and serial numbers of one product in an advisory, each; more are left out, as they tell nobody anything */

/* The rows of product.yaml. */
extern const struct tw_field tw_identify_product_fields[], tw_identify_version_fields[];
/* What rows cannot say of them. root: of product.yaml, whose kinds may be wrong. */
tw_err tw_identify_check(const struct tw_sys *sys, const tw_yaml *root, struct tw_problems *p);
/* Of product.yaml, as CSAF has them. *ret stays NULL where there are none. */
tw_err tw_identifiers_of(const json_t *written, json_t **ret);

/* SYNTAX, LIMIT: what is wrong with identifiers as CSAF has them, and where: "/purl: ...". */
tw_err tw_identifiers_check(const struct tw_sys *sys, const json_t *identifiers);

struct tw_identity {
	const json_t *product, *version; /* identifiers as CSAF has them; NULL: none */
	const json_t *models;            /* of {model, skus, serial-numbers}; NULL: none */
	const char *model;               /* this one alone; "": all of them */
	const char *of;                  /* the version's name; "": the product as a whole, or several versions */
};
/* The product_identification_helper. *ret stays NULL where nothing is known. */
tw_err tw_identify(const struct tw_sys *sys, const struct tw_identity *i, json_t **ret);
#endif

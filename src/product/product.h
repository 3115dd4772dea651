/* SPDX-License-Identifier: Apache-2.0 */
/*
 * product.yaml, version 1: what its manufacturer knows about a product, written once.
 *
 * Everything that speaks of the product is made from it: the signed manifest that the device reads, the identifiers of its
 * units, what is claimed and assessed, and the customer's pages. The object handed back has the keys of the file; its rows
 * (product.c) are the description of the format.
 */
#ifndef TW_PRODUCT_PRODUCT_H
#define TW_PRODUCT_PRODUCT_H

#include "product/schema.h"

#define TW_PRODUCT_FILE "product.yaml"
#define TW_PRODUCT_MAX (256 * 1024) /* of the file: hundreds of components fit */

extern const struct tw_field tw_product_fields[];

/* p->count is 0 exactly when the object may be used. An error is returned only when checking itself failed. */
tw_err tw_product_read(const struct tw_sys *sys, struct tw_slice text, struct tw_problems *p, json_t **ret);

/* Of the newest software row: the one with the latest release date, the later row among equals. "" without one. */
const char *tw_product_version(const json_t *product);
/* The row of models with this name, or NULL. */
const json_t *tw_product_model(const json_t *product, const char *model);

/* The commented file that `product init` writes; the thermostat's is examples/thermostat/product.yaml itself. */
extern const char tw_product_template[];
extern const char tw_product_example[];

#endif

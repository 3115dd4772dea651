/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the manufacturer's server says of a product on its pages, and whom it tells when support ends, out of product.yaml: the products.json that it reads
 * (src/support/subscriptions). Its limits are narrower than the registry's; what does not fit is named with its place, and nothing is cut or guessed. Pure.
 */
#ifndef TW_PRODUCT_SUPPORTED_H
#define TW_PRODUCT_SUPPORTED_H
#include "product/product.h"

#define TW_SUPPORTED_PRODUCTS_MAX 64
#define TW_SUPPORTED_FILE_MAX (512 * 1024)
/* The entry of this product. p->count is 0 exactly when *ret is set. An error is returned only when it could not be looked at. */
tw_err tw_supported_product(const struct tw_sys *sys, struct tw_slice yaml, struct tw_problems *p, json_t **ret);
/* What its pages would show and product.yaml does not say: "support.terms, documents". Nothing is added where it says all. */
tw_err tw_supported_missing(const json_t *entry, struct tw_buf *ret);
/* The file, of entries whose names differ. LIMIT: it is longer than the server reads. */
tw_err tw_supported_file(const json_t *entries, struct tw_buf *ret);
#endif

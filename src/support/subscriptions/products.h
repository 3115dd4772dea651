/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The products of this manufacturer and until when each is supported: products.json, which lies in DIR/app, written by hand or by
 * `thingward product export-support`. Read once, at the start. A file that is not wholly right starts nothing; without one there are no products.
 */
#ifndef TW_SUPPORT_SUBSCRIPTIONS_PRODUCTS_H
#define TW_SUPPORT_SUBSCRIPTIONS_PRODUCTS_H
#include "base/json.h"
#include "service/store/store.h"

#define TW_PRODUCTS_FILE "products.json"
#define TW_PRODUCTS_FILE_MAX (512 * 1024)
#define TW_PRODUCTS_MAX 64         /* the page of all stays below 50 KB */
#define TW_PRODUCT_VERSIONS_MAX 40 /* the page of one too */
#define TW_PRODUCT_MODELS_MAX 100
#define TW_PRODUCT_NAME_MAX 60
#define TW_PRODUCT_DOCUMENTS_MAX 20
#define TW_PRODUCT_SETTINGS "settings" /* of a document that explains them */

/* SYNTAX, LIMIT: what is wrong, and of which product. Pure, but for memory. ret: an array; each product as the file has it. */
tw_err tw_products_parse(const struct tw_sys *sys, struct tw_slice text, json_t **ret);
tw_err tw_products_read(const struct tw_sys *sys, int dir, json_t **ret); /* without a file an empty array */
const json_t *tw_products_find(const json_t *products, struct tw_slice name);

const char *tw_product_document(const json_t *product, const char *kind); /* the address of its first one of that kind; "" */

enum tw_support_state { TW_SUPPORTED, TW_SUPPORTED_UNSAFE, TW_UNSUPPORTED, TW_NOT_YET_SUPPORTED };
/* UNSAFE: there is support, but no security update any more. A date counts until its day is over, UTC. */
enum tw_support_state tw_product_state(const json_t *product, int64_t now_ms);
/* "" of no version: it has no date of its own. */
bool tw_product_version_over(const json_t *version, int64_t now_ms);

/* What the dates tell by themselves: that support of a product or a version ends in so many days, once for each and its date. One transaction. */
tw_err tw_products_tell(struct tw_store *s, const struct tw_sys *sys, const json_t *products, const char *site, int64_t now_ms);
#endif

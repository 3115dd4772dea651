/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the payload of the product manifest (formats/manifest.h) for one model from a product.yaml that was read without a problem. */
#ifndef TW_PRODUCT_COMPILE_H
#define TW_PRODUCT_COMPILE_H

#include "formats/manifest.h"

struct tw_product_choice {
	const char *model;   /* NULL: the first */
	const char *version; /* of the product's software; NULL: the newest */
};
/* NOTFOUND: no such model. SYNTAX: a device would refuse it, and why. */
tw_err tw_product_compile(const struct tw_sys *sys, const json_t *product, const struct tw_product_choice *choice, json_t **ret_payload);

#endif

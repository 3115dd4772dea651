/* SPDX-License-Identifier: Apache-2.0 */
/* What product.yaml says of interfaces and flows, where rows cannot judge it: each with the place of what is wrong. */
#ifndef TW_PRODUCT_SURFACE_H
#define TW_PRODUCT_SURFACE_H
#include "product/schema.h"

tw_err tw_product_surface(const tw_yaml *root, struct tw_problems *p);
#endif

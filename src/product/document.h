/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A customer's page from Markdown: values of product.yaml in the place of {{organization.name}}, tables of the capability's rows
 * in the place of a line {{settings}} or {{events}}. Pure: text in, HTML out.
 */
#ifndef TW_PRODUCT_DOCUMENT_H
#define TW_PRODUCT_DOCUMENT_H
#include "base/json.h"

#define TW_DOCUMENT_MAX (1024 * 1024)
struct tw_document {
	const json_t *product;    /* as tw_product_read gives it */
	const json_t *capability; /* one of the capabilities in device.json, or NULL */
};
/* The inside of a page, its first heading included. SYNTAX: an unknown {{name}}, or one that is not closed. */
tw_err tw_document_render(const struct tw_sys *sys, const struct tw_document *d, struct tw_slice markdown, struct tw_buf *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registry says of an advisory's product (products.json, which `thingward product export-support` writes): by what it and its versions are known,
 * and until when they are supported. Only of a product that is named whole: the identifiers of another would send its customers after the wrong thing.
 * Pure, but for memory.
 */
#ifndef TW_SUPPORT_ADVISORIES_REGISTERED_H
#define TW_SUPPORT_ADVISORIES_REGISTERED_H
#include "base/buf.h"
#include "base/json.h"

struct tw_registered {
	const json_t *product; /* as products.json has it */
	const char *model;     /* the one that is named; "": none, so all of them */
};
/* By its name, its title, or its title with one of its models behind a blank; capitals of ASCII do not count. */
bool tw_registered_find(const json_t *products, const char *name, struct tw_registered *ret);
/* The product_identification_helper of a version; "": of the product as a whole, or of several versions. *ret stays NULL where nothing is known. */
tw_err tw_registered_identify(const struct tw_sys *sys, const struct tw_registered *r, const char *version, json_t **ret);
/* In a sentence or two; of versions with a day of their own those that this branch of the product's name has, by name or in a range. */
tw_err tw_registered_support(const struct tw_sys *sys, const struct tw_registered *r, const json_t *branch, struct tw_buf *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Among the files bom*.c: the list of components as it is made. */
#ifndef TW_FORMATS_BOM_INSIDE_H
#define TW_FORMATS_BOM_INSIDE_H
#include "formats/bom.h"

#define TW_BOM_NOWHERE SIZE_MAX /* up of what stands in the document itself */

tw_err tw_bom_add(const struct tw_sys *sys, struct tw_bom *i, const struct tw_bom_part *part);
/* Into the component's first or last part, where that has no such identifier yet, else into one more of it. One of both is NULL. */
tw_err tw_bom_identify(const struct tw_sys *sys, struct tw_bom *i, size_t first, const char *purl, const char *cpe);
/* A list that may be absent: then NULL. */
tw_err tw_bom_array(const json_t *object, const char *key, const json_t **ret);
/* What is wrong with the item of that place below `up`, behind its place. */
tw_err tw_bom_wrong(const struct tw_sys *sys, const struct tw_bom *i, size_t up, size_t index, tw_err e);

const char *tw_bom_spdx3_context(const json_t *document); /* "" when it has none of SPDX 3 */
bool tw_bom_show_info(const json_t *document);
tw_err tw_bom_buildroot(const struct tw_sys *sys, struct tw_bom *i);
tw_err tw_bom_spdx3(const struct tw_sys *sys, struct tw_bom *i);
#endif

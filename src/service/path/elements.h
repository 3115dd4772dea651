/* SPDX-License-Identifier: Apache-2.0 */
/* What is claimed of the catalog, each element with its live status: the list that a device and the manufacturer's server answer alike. */
#ifndef TW_SERVICE_PATH_ELEMENTS_H
#define TW_SERVICE_PATH_ELEMENTS_H
#include "formats/catalog.h"
#include "service/path/page.h"

/* Every row of c's capabilities that the page takes. find: of the catalog whose ids these are. */
tw_err tw_elements_list(
	struct tw_context *c, const struct tw_catalog_row *(*find)(const char *id), struct tw_page *page, struct tw_reply *rp);
#endif

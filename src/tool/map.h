/* SPDX-License-Identifier: Apache-2.0 */
/* The element map: capabilities as rows, elements of the catalog as cells, drawn in the order of their ids. */
#ifndef TW_TOOL_MAP_H
#define TW_TOOL_MAP_H
#include "base/buf.h"
#include "base/json.h"
/* support: of the supporting details, and not of a device's elements. elements: as tw_verdict_elements gives them. */
tw_err tw_map_svg(struct tw_buf *b, bool support, const json_t *elements);
#endif

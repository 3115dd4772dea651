/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a device (device.json, made from every capability.yaml) or of the manufacturer's server, as this tool was built with them. */
#ifndef TW_TOOL_ROWS_H
#define TW_TOOL_ROWS_H
#include "base/json.h"

typedef struct tw_rows tw_rows;
tw_err tw_rows_new(const struct tw_sys *sys, tw_rows **ret);
tw_err tw_rows_support(const struct tw_sys *sys, tw_rows **ret);
tw_rows *tw_rows_free(tw_rows *r);
TW_DEFINE_FREEP(tw_rows, tw_rows_free)
const json_t *tw_rows_capabilities(const tw_rows *r); /* array */
#endif

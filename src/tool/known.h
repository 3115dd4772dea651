/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is read often and seldom another: the same bytes are not parsed again. */
#ifndef TW_TOOL_KNOWN_H
#define TW_TOOL_KNOWN_H
#include "base/buf.h"
#include "base/json.h"

struct tw_known {
	struct tw_buf raw; /* as it came last */
	json_t *body;      /* NULL: none yet */
};
void tw_known_init(struct tw_known *k, const struct tw_sys *sys, size_t max);
void tw_known_done(struct tw_known *k);
/* ret is owned, and to be read only: whoever asks for the same bytes has the same. SYNTAX: it is not JSON. */
tw_err tw_known_parse(struct tw_known *k, struct tw_slice raw, json_t **ret);
#endif

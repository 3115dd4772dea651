/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to a row and its input. Pure, but for memory. */
#ifndef TW_SERVICE_PATH_MATCH_H
#define TW_SERVICE_PATH_MATCH_H
#include "service/path/path.h"

#define TW_PARAMETER_MAX 255
struct tw_match {
	const struct tw_operation_row *operation; /* NULL: no such path, or not by this method */
	char allow[32];                           /* methods of the path, when the method is what does not fit */
	char parameter[TW_PARAMETER_MAX + 1];     /* decoded */
};
void tw_match_operation(const struct tw_context *c, const struct tw_http_head *head, struct tw_match *ret);
/* A query string into an object by its shape. SYNTAX: malformed, a key twice or unknown, a number that is none. */
tw_err tw_match_query(const struct tw_sys *sys, struct tw_slice query, const struct tw_shape *shape, json_t **ret);
bool tw_match_is(const struct tw_http_head *head, const char *type); /* whether Content-Type is that, with charset=utf-8 or none */
/* NULL: there is none of this name. */
const struct tw_operation_row *tw_operation_find(const struct tw_capability *const *capabilities, struct tw_slice name);
#endif

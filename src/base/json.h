/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in Jansson's values, by our rules: no duplicate keys, no trailing bytes, bounded size and depth, objects checked against a
 * shape before anything reads them. It is read and written by code of ours (json-read.c says why).
 * Jansson's allocator is pointed at the seam by tw_json_use() at program start.
 */
#ifndef TW_BASE_JSON_H
#define TW_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>

#define TW_JSON_DEPTH_MAX 32 /* deeper documents come only from attackers, and readers recurse on depth */

void tw_json_use(const struct tw_sys *sys);
static inline void tw_jsonp(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}
tw_err tw_json_parse(struct tw_slice text, size_t max, json_t **ret); /* SYNTAX with line and column, LIMIT */
/* For a format whose documents nest without a limit of their own; deepest: at most TW_JSON_DEEPEST, for the stack's sake. */
#define TW_JSON_DEEPEST 512
tw_err tw_json_parse_deep(struct tw_slice text, size_t max, int deepest, json_t **ret);
tw_err tw_json_write(const json_t *j, struct tw_buf *b);  /* compact, keys sorted: the form we sign (RFC 8785 for our data) */
tw_err tw_json_pretty(const json_t *j, struct tw_buf *b); /* for people */

enum tw_json_kind { TW_JSON_TEXT, TW_JSON_INT, TW_JSON_BOOL, TW_JSON_OBJECT, TW_JSON_ARRAY, TW_JSON_ANY };
/* One row per allowed key; ends with a NULL key. Unknown keys raise SYNTAX unless the table's last row has key "*". */
struct tw_shape {
	const char *key;
	enum tw_json_kind kind;
	bool required;
	int64_t min, max; /* of an integer, or of the length in bytes of a text; both 0: 0..4096 for text, any for integers */
};
tw_err tw_json_check(const json_t *object, const struct tw_shape *shape);                  /* SYNTAX names the key */
tw_err tw_json_check_each(const json_t *array, const struct tw_shape *shape, size_t most); /* of an array, NULL has none; LIMIT: more of them */
/* After tw_json_check: borrowed, "" / 0 / false / NULL when absent. */
const char *tw_json_text(const json_t *object, const char *key);
int64_t tw_json_int(const json_t *object, const char *key);
bool tw_json_bool(const json_t *object, const char *key);
json_t *tw_json_get(const json_t *object, const char *key);
/* Sets key to a new reference; NOMEM. The value is consumed even on failure, so constructors may be nested. */
tw_err tw_json_set(json_t *object, const char *key, json_t *value);
tw_err tw_json_append(json_t *array, json_t *value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic CBOR (RFC 8949 section 4.2.1), as much of it as our formats use: integers, byte and text strings, arrays, maps,
 * tags, true and false. One value has one spelling, so that who compares bytes compares values.
 *
 * tw_cbor_check judges a whole document first, without allocating and without recursion; the cursor's readers below then take
 * it apart. Lengths definite, integers and lengths in their shortest form, keys of a map unique and rising; nothing trails.
 */
#ifndef TW_FORMATS_CBOR_H
#define TW_FORMATS_CBOR_H
#include "base/buf.h"
#include "base/cursor.h"

#define TW_CBOR_DEPTH 8 /* open arrays, maps and tags; our deepest document has three */

enum tw_cbor_major {
	TW_CBOR_UINT,
	TW_CBOR_NEGATIVE,
	TW_CBOR_BYTES,
	TW_CBOR_TEXT,
	TW_CBOR_ARRAY,
	TW_CBOR_MAP,
	TW_CBOR_TAG,
	TW_CBOR_SIMPLE,
};

/* SYNTAX names the offset. LIMIT: nested deeper than TW_CBOR_DEPTH. */
tw_err tw_cbor_check(struct tw_slice data);

/* Each takes one item's head (and content) and moves on. SYNTAX: another kind, not the shortest form, or the end. */
tw_err tw_cbor_head(struct tw_cursor *c, enum tw_cbor_major *ret_major, uint64_t *ret_value);
tw_err tw_cbor_array(struct tw_cursor *c, uint64_t *ret_count);
tw_err tw_cbor_map(struct tw_cursor *c, uint64_t *ret_count);
tw_err tw_cbor_tag(struct tw_cursor *c, uint64_t *ret_tag);
tw_err tw_cbor_int(struct tw_cursor *c, int64_t *ret); /* SYNTAX also beyond an int64_t */
tw_err tw_cbor_bytes(struct tw_cursor *c, struct tw_slice *ret);
tw_err tw_cbor_text(struct tw_cursor *c, struct tw_slice *ret); /* valid UTF-8 without NUL */
tw_err tw_cbor_bool(struct tw_cursor *c, bool *ret);

/* The writer. The caller puts the keys of a map in rising order of their encoding: 0, 1, ... -1, -2, ... then texts by length. */
tw_err tw_cbor_put_head(struct tw_buf *b, enum tw_cbor_major major, uint64_t value);
tw_err tw_cbor_put_int(struct tw_buf *b, int64_t value);
tw_err tw_cbor_put_bytes(struct tw_buf *b, const void *data, size_t size);
tw_err tw_cbor_put_text(struct tw_buf *b, struct tw_slice text);
tw_err tw_cbor_put_bool(struct tw_buf *b, bool value);
#endif

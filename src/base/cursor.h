/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only way outside bytes are read: a cursor that knows its end.
 *
 * Taking past the end raises SYNTAX with the offset, and moves nothing. Integers are big-endian.
 */
#ifndef TW_BASE_CURSOR_H
#define TW_BASE_CURSOR_H

#include "base/buf.h"
#include "base/err.h"

struct tw_cursor {
	const uint8_t *start, *at, *end;
};

struct tw_cursor tw_cursor_of(const void *data, size_t size);
size_t tw_cursor_left(const struct tw_cursor *c);
size_t tw_cursor_offset(const struct tw_cursor *c);
tw_err tw_cursor_u8(struct tw_cursor *c, uint8_t *ret);
tw_err tw_cursor_u16(struct tw_cursor *c, uint16_t *ret);
tw_err tw_cursor_u32(struct tw_cursor *c, uint32_t *ret);
tw_err tw_cursor_u64(struct tw_cursor *c, uint64_t *ret);
tw_err tw_cursor_bytes(struct tw_cursor *c, void *ret, size_t size);             /* copies exactly size bytes */
tw_err tw_cursor_slice(struct tw_cursor *c, size_t size, struct tw_slice *ret);  /* borrows */
tw_err tw_cursor_block16(struct tw_cursor *c, size_t max, struct tw_slice *ret); /* LIMIT when longer than max */
tw_err tw_cursor_block32(struct tw_cursor *c, size_t max, struct tw_slice *ret);
tw_err tw_cursor_end(const struct tw_cursor *c); /* SYNTAX unless everything was taken */

#endif

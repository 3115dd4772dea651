/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer that knows its maximum from birth, and a slice that owns nothing.
 *
 * Appending past the maximum raises LIMIT and leaves the buffer as it was. The bytes are always followed by a NUL that does
 * not count, so that text can be handed to C functions.
 */
#ifndef TW_BASE_BUF_H
#define TW_BASE_BUF_H

#include "base/err.h"
#include "base/sys.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that stay somebody else's. Not NUL-terminated. */
struct tw_slice {
	const char *at;
	size_t size;
};
#define TW_SLICE(literal) ((struct tw_slice){ (literal), sizeof(literal) - 1 })
#define TW_SLICE_FMT "%.*s"
#define TW_SLICE_ARG(s) (int)(s).size, (s).at

struct tw_slice tw_slice_of(const char *text); /* NULL gives the empty slice */
bool tw_slice_is(struct tw_slice s, const char *text);
bool tw_slice_is_nocase(struct tw_slice s, const char *text); /* ASCII only */

struct tw_buf {
	const struct tw_sys *sys;
	char *data; /* NULL until the first byte */
	size_t size, capacity, max;
};

void tw_buf_init(struct tw_buf *b, const struct tw_sys *sys, size_t max);
void tw_buf_done(struct tw_buf *b); /* frees; the buffer may be used again */
void tw_buf_wipe(struct tw_buf *b); /* overwrites, then as tw_buf_done: for secrets, after tw_buf_reserve */
void tw_buf_clear(struct tw_buf *b);
tw_err tw_buf_reserve(struct tw_buf *b, size_t size); /* the next size bytes will not move what is there, nor leave a copy behind */
tw_err tw_buf_add(struct tw_buf *b, const void *data, size_t size);
tw_err tw_buf_text(struct tw_buf *b, const char *text);
tw_err tw_buf_format(struct tw_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
tw_err tw_buf_u8(struct tw_buf *b, uint8_t v);
tw_err tw_buf_u16(struct tw_buf *b, uint16_t v); /* big-endian, as all our formats */
tw_err tw_buf_u32(struct tw_buf *b, uint32_t v);
tw_err tw_buf_u64(struct tw_buf *b, uint64_t v);
tw_err tw_buf_block16(struct tw_buf *b, const void *data, size_t size); /* length as u16, then the bytes */
tw_err tw_buf_block32(struct tw_buf *b, const void *data, size_t size);
tw_err tw_buf_hex(struct tw_buf *b, const void *data, size_t size);
tw_err tw_buf_base64url(struct tw_buf *b, const void *data, size_t size); /* RFC 4648 section 5, no padding */
tw_err tw_buf_base64(struct tw_buf *b, const void *data, size_t size);    /* section 4, with padding */
tw_err tw_buf_json_string(struct tw_buf *b, struct tw_slice s);           /* quoted and escaped; s must be valid UTF-8 */
tw_err tw_buf_html(struct tw_buf *b, struct tw_slice s);                  /* escaped for text and quoted attributes */
const char *tw_buf_cstr(const struct tw_buf *b);                          /* "" when empty */
char *tw_buf_take(struct tw_buf *b);                                      /* the caller frees; NULL when empty */
struct tw_slice tw_buf_slice(const struct tw_buf *b);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Small parsers and comparisons of text. Each takes a slice, is pure, and refuses what it does not fully understand. */
#ifndef TW_BASE_TEXT_H
#define TW_BASE_TEXT_H

#include "base/buf.h"
#include "base/err.h"

#include <time.h>

tw_err tw_parse_u64(struct tw_slice s, uint64_t max, uint64_t *ret);                   /* decimal digits only; LIMIT above max */
int tw_hex_value(char c);                                                              /* -1: no hexadecimal digit */
tw_err tw_parse_hex(struct tw_slice s, void *ret, size_t size);                        /* exactly size bytes, lower or upper case */
tw_err tw_parse_base64url(struct tw_slice s, size_t max, void *ret, size_t *ret_size); /* RFC 4648 section 5, no padding, canonical */
tw_err tw_parse_base64(struct tw_slice s, size_t max, void *ret, size_t *ret_size);    /* section 4, with padding */
tw_err tw_parse_time(struct tw_slice s, int64_t *ret_ms); /* RFC 3339, UTC "Z" or offset; milliseconds since 1970 */
#define TW_TIME_TEXT_MAX 32
void tw_time_text(int64_t ms, char ret[TW_TIME_TEXT_MAX]); /* "2026-11-21T09:30:00.123Z" */

size_t tw_utf8_size(struct tw_slice s); /* of the character s begins with: 1..4; 0 when it is not a whole valid one */
void tw_utf8_mend(char *text);          /* each byte of what is not a whole valid character becomes '?': for text cut to a size */
bool tw_utf8_valid(struct tw_slice s);  /* no overlong form, no surrogate, nothing above U+10FFFF; NUL counts as invalid */
bool tw_text_printable(struct tw_slice s); /* valid UTF-8 without control characters */
bool tw_text_mend(char *text, size_t size); /* what tw_text_printable refuses becomes U+FFFD, or '?' for each byte; true: there was some */
/* For showing outside text on a terminal: control characters and invalid bytes become \xNN. */
tw_err tw_buf_terminal(struct tw_buf *b, struct tw_slice s);
tw_err tw_buf_percent(struct tw_buf *b, struct tw_slice s);      /* RFC 3986: all that is not unreserved becomes %XX */
bool tw_equal_secret(const void *a, const void *b, size_t size); /* in constant time */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a display of so many columns and lines, cut to its pages. Pure.
 *
 * A character takes one column, or two where it has three bytes or more in UTF-8, as those of East Asia do: what is narrower than counted leaves room.
 */
#ifndef TW_FORMATS_SCREEN_H
#define TW_FORMATS_SCREEN_H
#include "base/buf.h"

#define TW_SCREEN_WIDE_FROM 3 /* bytes */

struct tw_screen {
	size_t columns, lines; /* two and one at least */
};
/* Up to the next line break; the rest is left in s. */
struct tw_slice tw_screen_cut(struct tw_slice *s);
/*
 * Lines that fit, with a line feed between, or a form feed where the next one begins another page. What is too long goes on in the next line, behind a
 * blank where it has one. SYNTAX: it is not UTF-8.
 */
tw_err tw_screen_wrap(struct tw_slice text, const struct tw_screen *screen, struct tw_buf *ret, size_t *ret_pages);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A label as a picture: a QR code with its quiet zone, and lines of text beside it. */
#ifndef TW_TOOL_LABEL_DRAW_H
#define TW_TOOL_LABEL_DRAW_H
#include "base/buf.h"

#define TW_LABEL_LINES_MAX 8
struct tw_label_drawing {
	double width_mm, height_mm;
	const char *code;                   /* what the QR code says */
	char line[TW_LABEL_LINES_MAX][300]; /* for people; "" ends them */
};
/* LIMIT: at this size a module of the code or a letter would be too small to be read. With secrets in it, ret is the caller's to
   wipe, and everything is in ret alone. */
tw_err tw_label_svg(const struct tw_label_drawing *d, struct tw_buf *ret); /* a <g> of width x height */
tw_err tw_label_svg_begin(struct tw_buf *ret, double width_mm, double height_mm);
tw_err tw_label_svg_end(struct tw_buf *ret);
/* The code alone with its quiet zone, for a terminal of any colours: each character is two modules, one above the other. */
tw_err tw_label_terminal(const char *code, struct tw_buf *ret);
/* The code alone, with its quiet zone, so many dots to the inch; text belongs into the SVG. */
tw_err tw_label_png(const struct tw_label_drawing *d, int dpi, struct tw_buf *ret);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Pages: one self-contained file, the shared style inside, no scripts. Whatever came from outside is escaped. */
#ifndef TW_TOOL_HTML_H
#define TW_TOOL_HTML_H
#include "base/buf.h"

#define TW_PAGE_MAX (8 * 1024 * 1024)
extern const char tw_page_css[];
tw_err tw_sheet_begin(struct tw_buf *b, const char *title);
tw_err tw_sheet_end(struct tw_buf *b);
tw_err tw_sheet_text(struct tw_buf *b, const char *text);                                             /* escaped */
tw_err tw_sheet_element(struct tw_buf *b, const char *tag, const char *attributes, const char *text); /* <tag attributes>text</tag>; attributes are ours */
tw_err tw_sheet_pair(struct tw_buf *b, const char *term, const char *text); /* <dt>, <dd>; nothing when text is empty */
tw_err tw_sheet_time(struct tw_buf *b, const char *rfc3339);                /* "21 November 2026, 12:36 UTC" */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a report: a picture first, then what it says in words, then each element down to what was said on the wire. */
#ifndef TW_TOOL_REPORT_PAGE_H
#define TW_TOOL_REPORT_PAGE_H
#include "base/buf.h"
#include "tool/evidence.h"

#define TW_REPORT_PAGE_MAX (64 * 1024 * 1024) /* a transcript of 16 MiB, escaped and laid out */
struct tw_report_page {
	const struct tw_evidence_file *file;
	const json_t *elements;    /* as tw_verdict_elements gives them */
	const json_t *transcripts; /* as tw_transcript_read gives them; NULL: not at hand */
};
tw_err tw_report_page(const struct tw_report_page *r, struct tw_buf *b);

/* Parts of it. */
tw_err tw_report_mark(struct tw_buf *b, const char *verdict); /* shape and word */
tw_err tw_report_name(struct tw_buf *b, const char *id);      /* an element's id as a name within the page */
tw_err tw_report_element(const struct tw_report_page *r, const json_t *e, struct tw_buf *b); /* one sheet: its checks and their evidence */
#endif

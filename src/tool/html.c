/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every page the tool writes. */
#include "tool/html.h"

#include "base/text.h"

tw_err tw_sheet_text(struct tw_buf *b, const char *text)
{
	return tw_buf_html(b, tw_slice_of(text));
}

tw_err tw_sheet_element(struct tw_buf *b, const char *tag, const char *attributes, const char *text)
{
	TW_TRY(tw_buf_format(b, "<%s%s%s>", tag, *attributes ? " " : "", attributes));
	TW_TRY(tw_sheet_text(b, text));
	return tw_buf_format(b, "</%s>\n", tag);
}

tw_err tw_sheet_pair(struct tw_buf *b, const char *term, const char *text)
{
	if (!*text)
		return TW_OK;
	TW_TRY(tw_sheet_element(b, "dt", "", term));
	return tw_sheet_element(b, "dd", "", text);
}

tw_err tw_sheet_time(struct tw_buf *b, const char *rfc3339)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
		"October", "November", "December" };
	int64_t ms;
	char text[TW_TIME_TEXT_MAX];

	if (tw_failed(tw_parse_time(tw_slice_of(rfc3339), &ms)))
		return tw_sheet_text(b, rfc3339);
	tw_time_text(ms, text); /* 2026-11-21T09:30:00.123Z: every field at its place */
	unsigned month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
	unsigned day = (unsigned)(text[8] - '0') * 10 + (unsigned)(text[9] - '0');
	TW_TRY(tw_buf_format(b, "<time datetime=\"%s\">", text));
	return tw_buf_format(b, "%u %s %.4s, %.5s UTC</time>", day, months[(month - 1) % 12], text, text + 11);
}

tw_err tw_sheet_begin(struct tw_buf *b, const char *title)
{
	TW_TRY(tw_buf_text(b,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"));
	TW_TRY(tw_sheet_element(b, "title", "", title));
	TW_TRY(tw_buf_text(b, "<style>\n"));
	TW_TRY(tw_buf_text(b, tw_page_css));
	return tw_buf_text(b, "</style>\n</head>\n<body>\n<main>\n");
}

tw_err tw_sheet_end(struct tw_buf *b)
{
	return tw_buf_text(b, "</main>\n</body>\n</html>\n");
}

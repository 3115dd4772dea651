/* SPDX-License-Identifier: Apache-2.0 */
/* One element of a report, down to its evidence: each check, what it did, what it saw, and what was said on the wire. */
#include "formats/catalog.h"
#include "tool/html.h"
#include "tool/report-page.h"

#include "base/text.h"

#include <string.h>

/* The shapes: a check mark, a cross, a question mark, a dash; each beside its word. */
static const struct {
	const char *verdict, *style, *shape;
} marks[] = {
	{ "pass", "pass", "\xe2\x9c\x93" },
	{ "fail", "fail", "\xe2\x9c\x97" },
	{ "inconclusive", "inconclusive", "?" },
	{ "not applicable", "na", "\xe2\x80\x93" },
};

tw_err tw_report_mark(struct tw_buf *b, const char *verdict)
{
	for (size_t i = 0; i < TW_COUNT(marks); i++)
		if (!strcmp(marks[i].verdict, verdict))
			return tw_buf_format(b, "<span class=\"mark %s\">%s %s</span>", marks[i].style, marks[i].shape, marks[i].verdict);
	return tw_sheet_text(b, verdict);
}

/* The file may come from anybody: nothing else of it gets into an attribute. */
tw_err tw_report_name(struct tw_buf *b, const char *id)
{
	for (; *id; id++) {
		bool plain = (*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') || (*id >= '0' && *id <= '9');

		TW_TRY(tw_buf_add(b, plain ? id : "-", 1));
	}
	return TW_OK;
}

static tw_err body(struct tw_buf *b, const char *word, const json_t *value)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	if (!value)
		return TW_OK;
	if (json_is_string(value))
		TW_TRY(tw_buf_format(b, "<dt>%s</dt><dd>", word));
	else
		TW_TRY(tw_buf_format(b, "<dt>%s</dt><dd><code>", word));
	if (json_is_string(value))
		TW_TRY(tw_sheet_text(b, json_string_value(value)));
	else {
		tw_buf_init(&text, b->sys, TW_REPORT_PAGE_MAX);
		TW_TRY(tw_json_write(value, &text));
		TW_TRY(tw_buf_html(b, tw_buf_slice(&text)));
	}
	return tw_buf_text(b, json_is_string(value) ? "</dd>\n" : "</code></dd>\n");
}

/* One request and its answer. */
static tw_err call(struct tw_buf *b, const json_t *c)
{
	TW_TRY(tw_buf_text(b, "<li>"));
	TW_TRY(tw_sheet_text(b, tw_json_text(c, "by")));
	TW_TRY(tw_buf_text(b, ": <code>"));
	TW_TRY(tw_sheet_text(b, tw_json_text(c, "method")));
	TW_TRY(tw_buf_text(b, " "));
	TW_TRY(tw_sheet_text(b, tw_json_text(c, "path")));
	TW_TRY(tw_buf_text(b, "</code>"));
	if (tw_json_get(c, "status"))
		TW_TRY(tw_buf_format(b, ", answered %lld", (long long)tw_json_int(c, "status")));
	if (!tw_json_get(c, "sent") && !tw_json_get(c, "got") && !tw_json_get(c, "failed") && !tw_json_get(c, "got_size"))
		return tw_buf_text(b, "</li>\n");
	TW_TRY(tw_buf_text(b, "\n<dl>\n"));
	TW_TRY(body(b, "Failed", tw_json_get(c, "failed")));
	TW_TRY(body(b, "Sent", tw_json_get(c, "sent")));
	TW_TRY(body(b, "Got", tw_json_get(c, "got")));
	if (tw_json_get(c, "got_size"))
		TW_TRY(tw_buf_format(b, "<dt>Size of the answer</dt><dd>%lld bytes</dd>\n", (long long)tw_json_int(c, "got_size")));
	TW_TRY(tw_sheet_pair(b, "The answer's SHA-256", tw_json_text(c, "got_sha256")));
	return tw_buf_text(b, "</dl></li>\n");
}

static tw_err said(const struct tw_report_page *r, const json_t *result, struct tw_buf *b)
{
	const json_t *line = r->transcripts ? json_object_get(r->transcripts, tw_json_text(result, "transcript")) : NULL;
	size_t i;
	json_t *c;

	if (!line)
		return TW_OK;
	TW_TRY(tw_buf_text(b, "<details>\n<summary>What was said on the wire</summary>\n<ol>\n"));
	json_array_foreach(tw_json_get(line, "calls"), i, c)
		TW_TRY(call(b, c));
	TW_TRY(tw_buf_text(b, "</ol>\n"));
	if (tw_json_int(line, "left_out"))
		TW_TRY(tw_buf_format(b, "<p>%lld more were alike and were not kept.</p>\n", (long long)tw_json_int(line, "left_out")));
	return tw_buf_text(b, "</details>\n");
}

static tw_err did(const struct tw_report_page *r, const json_t *result, struct tw_buf *b)
{
	long long calls = (long long)tw_json_int(result, "calls");
	const char *thing = tw_evidence_thing(r->file->payload);

	TW_TRY(tw_sheet_element(b, "h4", "", "What it did"));
	TW_TRY(tw_buf_text(b, "<p>"));
	if (calls)
		TW_TRY(tw_buf_format(b, "%lld %s to the %s", calls, calls == 1 ? "request" : "requests", thing));
	else
		TW_TRY(tw_buf_text(b, "No request of its own: it judged what the run already had"));
	if (tw_json_bool(result, "intrusive"))
		TW_TRY(tw_buf_text(b,
			strcmp(thing, "service") ? "; something on the device was changed for a moment"
						 : "; a report was sent, marked as a test"));
	TW_TRY(tw_buf_text(b, ".</p>\n"));
	TW_TRY(tw_buf_text(b, "<dl>\n"));
	TW_TRY(tw_sheet_pair(b, "Check", tw_json_text(result, "probe")));
	TW_TRY(tw_sheet_pair(b, "Transcript, SHA-256", tw_json_text(result, "transcript")));
	TW_TRY(tw_sheet_pair(b, "Taken over from the run with the nonce", tw_json_text(result, "run")));
	TW_TRY(tw_buf_text(b, "</dl>\n"));
	return said(r, result, b);
}

static tw_err saw(const json_t *result, struct tw_buf *b)
{
	const char *key;
	json_t *value;

	TW_TRY(tw_sheet_element(b, "h4", "", "What it saw"));
	TW_TRY(tw_sheet_element(b, "p", "", tw_json_text(result, "reason")));
	if (!json_object_size(tw_json_get(result, "seen")))
		return TW_OK;
	TW_TRY(tw_buf_text(b, "<dl>\n"));
	json_object_foreach(tw_json_get(result, "seen"), key, value)
		TW_TRY(json_is_string(value) ? tw_sheet_pair(b, key, json_string_value(value)) : TW_OK);
	return tw_buf_text(b, "</dl>\n");
}

static tw_err check(const struct tw_report_page *r, const json_t *result, struct tw_buf *b)
{
	const char *title = tw_json_text(result, "title");

	TW_TRY(tw_buf_text(b, "<div class=\"check\">\n"));
	TW_TRY(tw_sheet_element(b, "h3", "", *title ? title : tw_json_text(result, "probe")));
	TW_TRY(tw_buf_text(b, "<p>"));
	TW_TRY(tw_report_mark(b, tw_json_text(result, "verdict")));
	TW_TRY(tw_buf_text(b, " <span class=\"soft\">"));
	TW_TRY(tw_sheet_text(b, tw_json_text(result, "source")));
	TW_TRY(tw_buf_text(b, ", "));
	TW_TRY(tw_sheet_time(b, tw_json_text(result, "time")));
	TW_TRY(tw_buf_text(b, "</span></p>\n"));
	TW_TRY(did(r, result, b));
	TW_TRY(saw(result, b));
	return tw_buf_text(b, "</div>\n");
}

static tw_err element_head(const struct tw_report_page *r, const json_t *e, struct tw_buf *b)
{
	TW_TRY(tw_buf_text(b, "<section class=\"element\" id=\"e-"));
	TW_TRY(tw_report_name(b, tw_json_text(e, "element")));
	TW_TRY(tw_buf_text(b, "\">\n"));
	TW_TRY(tw_sheet_element(b, "h2", "", tw_json_text(e, "text")));
	TW_TRY(tw_buf_text(b, "<p><span class=\"id\">"));
	TW_TRY(tw_sheet_text(b, tw_json_text(e, "element")));
	TW_TRY(tw_buf_text(b, "</span> "));
	TW_TRY(tw_report_mark(b, tw_json_text(e, "verdict")));
	TW_TRY(tw_buf_text(b, ". Claim: "));
	TW_TRY(tw_sheet_text(b, tw_json_text(e, "claim")));
	if (*tw_json_text(e, "status")) {
		TW_TRY(tw_buf_text(b, ". The "));
		TW_TRY(tw_buf_text(b, tw_evidence_thing(r->file->payload)));
		TW_TRY(tw_buf_text(b, " says: "));
		TW_TRY(tw_sheet_text(b, tw_json_text(e, "status")));
	}
	return tw_buf_text(b, ".</p>\n");
}

tw_err tw_report_element(const struct tw_report_page *r, const json_t *e, struct tw_buf *b)
{
	const char *id = tw_json_text(e, "element"), *wanted = tw_catalog_check(id) ? tw_catalog_check(id) : tw_supporting_check(id);
	size_t i;
	json_t *result;

	TW_TRY(element_head(r, e, b));
	if (wanted) {
		TW_TRY(tw_buf_text(b, "<p class=\"soft\">What the catalog wants to see: "));
		TW_TRY(tw_sheet_text(b, wanted));
		TW_TRY(tw_buf_text(b, "</p>\n"));
	}
	json_array_foreach(tw_json_get(e, "results"), i, result)
		TW_TRY(check(r, result, b));
	return tw_buf_text(b, "</section>\n");
}

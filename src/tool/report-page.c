/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a report but for its sheets. State is a word and a shape before it is a colour. */
#include "tool/report-page.h"

#include "base/text.h"
#include "tool/html.h"
#include "tool/map.h"

#include <string.h>

static bool of_service(const struct tw_report_page *r)
{
	return !strcmp(tw_evidence_thing(r->file->payload), "service");
}

static tw_err link_to(struct tw_buf *b, const char *id)
{
	TW_TRY(tw_buf_text(b, "<a class=\"id\" href=\"#e-"));
	TW_TRY(tw_report_name(b, id));
	TW_TRY(tw_buf_text(b, "\">"));
	TW_TRY(tw_sheet_text(b, id));
	return tw_buf_text(b, "</a>");
}

static tw_err head(const struct tw_report_page *r, struct tw_buf *b)
{
	const json_t *payload = r->file->payload, *device = tw_json_get(payload, "device"), *product = tw_json_get(payload, "product");
	char title[512];

	(void)snprintf(title, sizeof(title), "Evidence for %s %s",
		product                 ? tw_json_text(product, "name")
			: of_service(r) ? "the manufacturer's server:"
					: "a product",
		tw_json_text(device, "model"));
	while (!tw_utf8_valid(tw_slice_of(title)))
		title[strlen(title) - 1] = '\0'; /* the cut went through a character */
	TW_TRY(tw_sheet_begin(b, title));
	TW_TRY(tw_sheet_element(b, "h1", "", title));
	TW_TRY(tw_buf_format(b, "<p class=\"soft\">%s <span class=\"id\">", of_service(r) ? "Service at" : "Unit"));
	TW_TRY(tw_sheet_text(b, tw_json_text(device, "identifier")));
	TW_TRY(tw_buf_text(b, "</span>, assessed on "));
	TW_TRY(tw_sheet_time(b, tw_json_text(payload, "created")));
	TW_TRY(tw_buf_text(b, " by "));
	TW_TRY(tw_sheet_text(b, tw_json_text(payload, "assessor")));
	return tw_buf_text(b, ".</p>\n");
}

static size_t count_verdict(const json_t *elements, const char *verdict)
{
	size_t i, n = 0;
	json_t *e;

	json_array_foreach(elements, i, e)
		n += !strcmp(tw_json_text(e, "verdict"), verdict);
	return n;
}

/* The title without its question's detail: the customer's words, the standard's id as a small mark. */
static tw_err answer_list(const struct tw_report_page *r, struct tw_buf *b, const char *verdict, const char *style,
	const char *heading, const char *none)
{
	size_t i;
	json_t *e;

	TW_TRY(tw_buf_format(b, "<li class=\"%s\">\n", style));
	TW_TRY(tw_sheet_element(b, "h2", "", heading));
	if (!count_verdict(r->elements, verdict))
		return tw_buf_format(b, "<p>%s</p>\n</li>\n", none);
	TW_TRY(tw_buf_text(b, "<ul>\n"));
	json_array_foreach(r->elements, i, e) {
		if (strcmp(tw_json_text(e, "verdict"), verdict) != 0)
			continue;
		TW_TRY(tw_buf_text(b, "<li>"));
		TW_TRY(tw_sheet_text(b, tw_json_text(e, "text")));
		TW_TRY(tw_buf_text(b, " "));
		TW_TRY(link_to(b, tw_json_text(e, "element")));
		TW_TRY(tw_buf_text(b, "</li>\n"));
	}
	return tw_buf_text(b, "</ul>\n</li>\n");
}

static tw_err answers(const struct tw_report_page *r, struct tw_buf *b)
{
	size_t all = json_array_size(r->elements), shown = count_verdict(r->elements, "pass");
	size_t failed = count_verdict(r->elements, "fail"), open = count_verdict(r->elements, "inconclusive"), i;
	json_t *note;

	TW_TRY(tw_buf_format(b,
		"<p class=\"lead\">What is shown, what is not, what needs a person? Of %zu abilities assessed, "
		"evidence for %zu was found, against %zu, and %zu could not be decided.</p>\n",
		all, shown, failed, open));
	json_array_foreach(tw_json_get(r->file->payload, "notes"), i, note)
		TW_TRY(tw_sheet_element(b, "p", "", json_string_value(note)));
	TW_TRY(tw_buf_text(b, "<ul class=\"answers\">\n"));
	TW_TRY(answer_list(r, b, "pass", "good", "Shown", "Nothing was shown completely."));
	TW_TRY(answer_list(r, b, "fail", "bad", "Not so", "Nothing was found against a claim."));
	TW_TRY(answer_list(r, b, "inconclusive", "open", "Needs a person", "Nothing was left open."));
	return tw_buf_text(b, "</ul>\n");
}

static tw_err table(const struct tw_report_page *r, struct tw_buf *b)
{
	size_t i;
	json_t *e;

	TW_TRY(tw_buf_text(b,
		"<table>\n<caption>The abilities assessed</caption>\n<thead><tr><th scope=\"col\">Ability</th>"
		"<th scope=\"col\">Verdict</th><th scope=\"col\">Claim</th></tr></thead>\n<tbody>\n"));
	json_array_foreach(r->elements, i, e) {
		TW_TRY(tw_buf_text(b, "<tr><td>"));
		TW_TRY(link_to(b, tw_json_text(e, "element")));
		TW_TRY(tw_buf_text(b, " "));
		TW_TRY(tw_sheet_text(b, tw_json_text(e, "text")));
		TW_TRY(tw_buf_text(b, "</td><td data-head=\"Verdict\">"));
		TW_TRY(tw_report_mark(b, tw_json_text(e, "verdict")));
		TW_TRY(tw_buf_text(b, "</td><td data-head=\"Claim\">"));
		TW_TRY(tw_sheet_text(b, tw_json_text(e, "claim")));
		TW_TRY(tw_buf_text(b, "</td></tr>\n"));
	}
	return tw_buf_text(b, "</tbody>\n</table>\n");
}

static tw_err made_by(const struct tw_report_page *r, struct tw_buf *b)
{
	const json_t *payload = r->file->payload, *tool = tw_json_get(payload, "tool"), *device = tw_json_get(payload, "device"),
		     *product = tw_json_get(payload, "product");
	const char *thing = tw_evidence_thing(payload);
	char version[160];

	(void)snprintf(version, sizeof(version), "%.60s %.60s", tw_json_text(tool, "name"), tw_json_text(tool, "version"));
	TW_TRY(tw_buf_format(b,
		"<section class=\"sheet\">\n<h2>How this was made</h2>\n"
		"<p>A program asked the running %s and wrote down what it saw. What is marked \xe2\x80\x9cstated by %s\xe2\x80\x9d or "
		"\xe2\x80\x9cstated by person\xe2\x80\x9d is their word; everything else was observed. This is evidence for or "
		"against single claims at one moment, and no certificate.</p>\n<dl>\n",
		thing, thing));
	TW_TRY(tw_sheet_pair(b, "Product", product ? tw_json_text(product, "name") : ""));
	TW_TRY(tw_sheet_pair(b, "Manufacturer", product ? tw_json_text(product, "organization") : ""));
	TW_TRY(tw_sheet_pair(b, "Security updates until", product ? tw_json_text(product, "security_updates_until") : ""));
	TW_TRY(tw_sheet_pair(b, "Signed by", r->file->signer));
	TW_TRY(tw_sheet_pair(b, "Signer's key, SHA-256", r->file->signer_sha256));
	TW_TRY(tw_sheet_pair(b, "Tool", version));
	TW_TRY(tw_sheet_pair(b, "Tool's program file, SHA-256", tw_json_text(tool, "sha256")));
	if (!of_service(r))
		TW_TRY(tw_sheet_pair(b, "Nonce signed by the device",
			tw_json_get(device, "statement") ? tw_json_text(payload, "nonce") : "none"));
	TW_TRY(tw_sheet_pair(b, "Catalog", tw_json_text(payload, "catalog")));
	return tw_buf_text(b,
		"</dl>\n<p>To check the signed file behind this page: "
		"<code>thingward evidence verify FILE</code>. What was said on the wire stands in the file beside it, whose lines the "
		"digests at the checks name; on paper is what was opened on the page.</p>\n</section>\n");
}

static tw_err picture(const struct tw_report_page *r, struct tw_buf *b)
{
	TW_TRY(tw_buf_text(b, "<figure class=\"map\">\n"));
	TW_TRY(tw_map_svg(b, of_service(r), r->elements));
	return tw_buf_text(b,
		"<figcaption class=\"soft\">Each small square is one ability of the catalog. Marked are those assessed here: "
		"\xe2\x9c\x93 pass, \xe2\x9c\x97 fail, ? inconclusive, \xe2\x80\x93 not applicable. An empty square was not assessed, which says nothing "
		"about the product.</figcaption>\n</figure>\n");
}

static tw_err earlier(const struct tw_report_page *r, struct tw_buf *b)
{
	const json_t *payload = r->file->payload;
	size_t i;
	json_t *run;

	json_array_foreach(tw_json_get(payload, "earlier"), i, run) {
		TW_TRY(tw_buf_text(b, "<dt>Earlier run whose results stay</dt><dd>"));
		TW_TRY(tw_sheet_time(b, tw_json_text(run, "created")));
		TW_TRY(tw_buf_text(b, ", nonce "));
		TW_TRY(tw_sheet_text(b, tw_json_text(run, "nonce")));
		if (!of_service(r))
			TW_TRY(tw_buf_text(b, tw_json_get(run, "statement") ? ", signed by the device" : ", not signed by the device"));
		TW_TRY(tw_buf_text(b, "</dd>\n"));
	}
	return TW_OK;
}

static tw_err setup(const struct tw_report_page *r, struct tw_buf *b)
{
	const json_t *payload = r->file->payload, *device = tw_json_get(payload, "device"), *told = tw_json_get(payload, "setup");

	TW_TRY(tw_buf_text(b, "<section>\n<h2>What was assessed</h2>\n<dl>\n"));
	TW_TRY(tw_sheet_pair(b, of_service(r) ? "Service at" : "Unit", tw_json_text(device, "identifier")));
	TW_TRY(tw_sheet_pair(b, of_service(r) ? "Program" : "Model", tw_json_text(device, "model")));
	TW_TRY(tw_sheet_pair(b, "Product software", tw_json_text(device, "product_version")));
	TW_TRY(tw_sheet_pair(b, of_service(r) ? "Its version" : "Device software", tw_json_text(device, "software")));
	TW_TRY(tw_sheet_pair(b, "Address", tw_json_text(device, "address")));
	if (told) {
		TW_TRY(tw_sheet_pair(b, "Sample", tw_json_text(told, "sample")));
		TW_TRY(tw_sheet_pair(b, "Hardware", tw_json_text(told, "hardware")));
		TW_TRY(tw_sheet_pair(b, "Firmware, SHA-256", tw_json_text(told, "firmware_sha256")));
		TW_TRY(tw_sheet_pair(b, "Set-up", tw_json_text(told, "words")));
	}
	TW_TRY(earlier(r, b));
	TW_TRY(tw_buf_text(b, "</dl>\n"));
	if (!told && of_service(r))
		return tw_buf_text(b, "</section>\n");
	if (!told)
		TW_TRY(tw_sheet_element(b, "p", "class=\"soft\"", "Sample, hardware, firmware and set-up were not told."));
	else
		TW_TRY(tw_buf_format(b, "<p class=\"soft\">%s: sample, hardware, firmware and set-up, as far as they stand here.</p>\n",
			!strcmp(tw_json_text(told, "source"), "stated by person") ? "Stated by a person" : "Told with the run"));
	return tw_buf_text(b, "</section>\n");
}

tw_err tw_report_page(const struct tw_report_page *r, struct tw_buf *b)
{
	size_t i;
	json_t *e;

	TW_TRY(head(r, b));
	TW_TRY(picture(r, b));
	TW_TRY(answers(r, b));
	TW_TRY(setup(r, b));
	TW_TRY(tw_buf_text(b, "<section class=\"sheet\">\n<h2>Each ability and its verdict</h2>\n"));
	TW_TRY(table(r, b));
	TW_TRY(tw_buf_text(b, "</section>\n"));
	json_array_foreach(r->elements, i, e)
		TW_TRY(tw_report_element(r, e, b));
	TW_TRY(made_by(r, b));
	return tw_sheet_end(b);
}

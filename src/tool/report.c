/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward report`: evidence as one page for people and paper, and in the forms that programs read.
 *
 * The evidence is verified first; a report is never made of a file whose signature does not hold.
 */
#include "formats/evidence.h"
#include "tool/commands.h"
#include "tool/evidence.h"
#include "tool/files.h"
#include "tool/forms.h"
#include "tool/report-page.h"
#include "tool/transcript.h"
#include "tool/verdict.h"
#include "tool/views.h"

#include "base/text.h"

const struct tw_option tw_options_report[] = {
	{ "html", "FILE", false, "write the page there" },
	{ "transcript", "FILE", false, "what was said while each check ran (the evidence's name and .transcript): the page shows it" },
	{ "oscal", "FILE", false, "write it there as OSCAL 1.2.1 assessment results" },
	{ "cyclonedx", "FILE", false, "write it there as CycloneDX 1.6 declarations" },
	{ "view", "NAME", false, "by another scheme's provisions: " TW_VIEWS },
	{ "owner", "DIR", false, "your directory, whose key signs the declarations" },
	{},
};

struct report {
	struct tw_tool *t;
	const struct tw_evidence_file *file;
	json_t *elements;
	struct tw_buf b;
};

/* The shapes: a check mark, a cross, a question mark, a dash; each beside its word. */
static const struct {
	const char *verdict, *style, *shape;
} marks[] = {
	{ "pass", "pass", "\xe2\x9c\x93" },
	{ "fail", "fail", "\xe2\x9c\x97" },
	{ "inconclusive", "inconclusive", "?" },
	{ "not applicable", "na", "\xe2\x80\x93" },
};

static tw_err mark(struct tw_buf *b, const char *verdict)
{
	for (size_t i = 0; i < TW_COUNT(marks); i++)
		if (!strcmp(marks[i].verdict, verdict))
			return tw_buf_format(b, "<span class=\"mark %s\">%s %s</span>", marks[i].style, marks[i].shape, marks[i].verdict);
	return tw_sheet_text(b, verdict);
}

/* An element's id as a name within the page. The file may come from anybody: nothing else of it gets into an attribute. */
static tw_err name_of(struct tw_buf *b, const char *id)
{
	for (; *id; id++) {
		bool plain = (*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z') || (*id >= '0' && *id <= '9');

		TW_TRY(tw_buf_add(b, plain ? id : "-", 1));
	}
	return TW_OK;
}

static tw_err link_to(struct tw_buf *b, const char *id)
{
	TW_TRY(tw_buf_text(b, "<a class=\"id\" href=\"#e-"));
	TW_TRY(name_of(b, id));
	TW_TRY(tw_buf_text(b, "\">"));
	TW_TRY(tw_sheet_text(b, id));
	return tw_buf_text(b, "</a>");
}

static tw_err head(struct report *r)
{
	const json_t *payload = r->file->payload, *device = tw_json_get(payload, "device"), *product = tw_json_get(payload, "product");
	char title[512];

	(void)snprintf(title, sizeof(title), "Evidence for %s %s", product ? tw_json_text(product, "name") : "a product",
		tw_json_text(device, "model"));
	while (!tw_utf8_valid(tw_slice_of(title)))
		title[strlen(title) - 1] = '\0'; /* the cut went through a character */
	TW_TRY(tw_sheet_begin(&r->b, title));
	TW_TRY(tw_sheet_element(&r->b, "h1", "", title));
	TW_TRY(tw_buf_text(&r->b, "<p class=\"soft\">Unit <span class=\"id\">"));
	TW_TRY(tw_sheet_text(&r->b, tw_json_text(device, "identifier")));
	TW_TRY(tw_buf_text(&r->b, "</span>, assessed on "));
	TW_TRY(tw_sheet_time(&r->b, tw_json_text(payload, "created")));
	TW_TRY(tw_buf_text(&r->b, " by "));
	TW_TRY(tw_sheet_text(&r->b, tw_json_text(payload, "assessor")));
	return tw_buf_text(&r->b, ".</p>\n");
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
static tw_err answer_list(struct report *r, const char *verdict, const char *style, const char *heading, const char *none)
{
	size_t i;
	json_t *e;

	TW_TRY(tw_buf_format(&r->b, "<li class=\"%s\">\n", style));
	TW_TRY(tw_sheet_element(&r->b, "h2", "", heading));
	if (!count_verdict(r->elements, verdict))
		return tw_buf_format(&r->b, "<p>%s</p>\n</li>\n", none);
	TW_TRY(tw_buf_text(&r->b, "<ul>\n"));
	json_array_foreach(r->elements, i, e) {
		if (strcmp(tw_json_text(e, "verdict"), verdict) != 0)
			continue;
		TW_TRY(tw_buf_text(&r->b, "<li>"));
		TW_TRY(tw_sheet_text(&r->b, tw_json_text(e, "text")));
		TW_TRY(tw_buf_text(&r->b, " "));
		TW_TRY(link_to(&r->b, tw_json_text(e, "element")));
		TW_TRY(tw_buf_text(&r->b, "</li>\n"));
	}
	return tw_buf_text(&r->b, "</ul>\n</li>\n");
}

static tw_err answers(struct report *r)
{
	size_t all = json_array_size(r->elements), shown = count_verdict(r->elements, "pass");
	size_t failed = count_verdict(r->elements, "fail"), open = count_verdict(r->elements, "inconclusive"), i;
	json_t *note;

	TW_TRY(tw_buf_format(&r->b,
		"<p class=\"lead\">What is shown, what is not, what needs a person? Of %zu abilities assessed, "
		"evidence for %zu was found, against %zu, and %zu could not be decided.</p>\n",
		all, shown, failed, open));
	json_array_foreach(tw_json_get(r->file->payload, "notes"), i, note)
		TW_TRY(tw_sheet_element(&r->b, "p", "", json_string_value(note)));
	TW_TRY(tw_buf_text(&r->b, "<ul class=\"answers\">\n"));
	TW_TRY(answer_list(r, "pass", "good", "Shown", "Nothing was shown completely."));
	TW_TRY(answer_list(r, "fail", "bad", "Not so", "Nothing was found against a claim."));
	TW_TRY(answer_list(r, "inconclusive", "open", "Needs a person", "Nothing was left open."));
	return tw_buf_text(&r->b, "</ul>\n");
}

static tw_err table(struct report *r)
{
	size_t i;
	json_t *e;

	TW_TRY(tw_buf_text(&r->b,
		"<table>\n<caption>The abilities assessed</caption>\n<thead><tr><th scope=\"col\">Ability</th>"
		"<th scope=\"col\">Verdict</th><th scope=\"col\">Claim</th></tr></thead>\n<tbody>\n"));
	json_array_foreach(r->elements, i, e) {
		TW_TRY(tw_buf_text(&r->b, "<tr><td>"));
		TW_TRY(link_to(&r->b, tw_json_text(e, "element")));
		TW_TRY(tw_buf_text(&r->b, " "));
		TW_TRY(tw_sheet_text(&r->b, tw_json_text(e, "text")));
		TW_TRY(tw_buf_text(&r->b, "</td><td data-head=\"Verdict\">"));
		TW_TRY(mark(&r->b, tw_json_text(e, "verdict")));
		TW_TRY(tw_buf_text(&r->b, "</td><td data-head=\"Claim\">"));
		TW_TRY(tw_sheet_text(&r->b, tw_json_text(e, "claim")));
		TW_TRY(tw_buf_text(&r->b, "</td></tr>\n"));
	}
	return tw_buf_text(&r->b, "</tbody>\n</table>\n");
}

static tw_err overview(struct report *r)
{
	TW_TRY(tw_buf_text(&r->b, "<section>\n<h2>Where this stands in the catalog</h2>\n<figure>\n"));
	TW_TRY(tw_map_svg(&r->b, r->elements));
	TW_TRY(tw_buf_text(&r->b,
		"<figcaption class=\"soft\">Each small square is one ability of the catalog. Marked are those assessed here: "
		"\xe2\x9c\x93 pass, \xe2\x9c\x97 fail, ? inconclusive. An empty square was not assessed, which says nothing "
		"about the product.</figcaption>\n</figure>\n"));
	TW_TRY(table(r));
	return tw_buf_text(&r->b, "</section>\n");
}

static tw_err check(struct report *r, const json_t *result)
{
	const char *key;
	json_t *value;

	TW_TRY(tw_buf_text(&r->b, "<div class=\"check\">\n"));
	TW_TRY(tw_sheet_element(&r->b, "h3", "", tw_json_text(result, "title")));
	TW_TRY(tw_buf_text(&r->b, "<p>"));
	TW_TRY(mark(&r->b, tw_json_text(result, "verdict")));
	TW_TRY(tw_buf_text(&r->b, " <span class=\"soft\">"));
	TW_TRY(tw_sheet_text(&r->b, tw_json_text(result, "source")));
	TW_TRY(tw_buf_text(&r->b, ", "));
	TW_TRY(tw_sheet_time(&r->b, tw_json_text(result, "time")));
	TW_TRY(tw_buf_text(&r->b, "</span></p>\n"));
	TW_TRY(tw_sheet_element(&r->b, "p", "", tw_json_text(result, "reason")));
	if (tw_json_get(result, "seen")) {
		TW_TRY(tw_buf_text(&r->b, "<dl>\n"));
		json_object_foreach(tw_json_get(result, "seen"), key, value)
			TW_TRY(tw_sheet_pair(&r->b, key, json_string_value(value) ? json_string_value(value) : ""));
		TW_TRY(tw_buf_text(&r->b, "</dl>\n"));
	}
	return tw_buf_text(&r->b, "</div>\n");
}

static tw_err element(struct report *r, const json_t *e)
{
	size_t i;
	json_t *result;

	TW_TRY(tw_buf_text(&r->b, "<section class=\"sheet\" id=\"e-"));
	TW_TRY(name_of(&r->b, tw_json_text(e, "element")));
	TW_TRY(tw_buf_text(&r->b, "\">\n"));
	TW_TRY(tw_sheet_element(&r->b, "h2", "", tw_json_text(e, "text")));
	TW_TRY(tw_buf_text(&r->b, "<p><span class=\"id\">"));
	TW_TRY(tw_sheet_text(&r->b, tw_json_text(e, "element")));
	TW_TRY(tw_buf_text(&r->b, "</span> "));
	TW_TRY(mark(&r->b, tw_json_text(e, "verdict")));
	TW_TRY(tw_buf_text(&r->b, ". Claim: "));
	TW_TRY(tw_sheet_text(&r->b, tw_json_text(e, "claim")));
	if (*tw_json_text(e, "status")) {
		TW_TRY(tw_buf_text(&r->b, ". The device says: "));
		TW_TRY(tw_sheet_text(&r->b, tw_json_text(e, "status")));
	}
	TW_TRY(tw_buf_text(&r->b, ".</p>\n"));
	if (tw_catalog_check(tw_json_text(e, "element"))) {
		TW_TRY(tw_buf_text(&r->b, "<p class=\"soft\">What the catalog wants to see: "));
		TW_TRY(tw_sheet_text(&r->b, tw_catalog_check(tw_json_text(e, "element"))));
		TW_TRY(tw_buf_text(&r->b, "</p>\n"));
	}
	json_array_foreach(tw_json_get(e, "results"), i, result)
		TW_TRY(check(r, result));
	return tw_buf_text(&r->b, "</section>\n");
}

static tw_err made_by(struct report *r)
{
	const json_t *payload = r->file->payload, *tool = tw_json_get(payload, "tool"), *device = tw_json_get(payload, "device"),
		     *product = tw_json_get(payload, "product");
	char version[160];

	(void)snprintf(version, sizeof(version), "%.60s %.60s", tw_json_text(tool, "name"), tw_json_text(tool, "version"));
	TW_TRY(tw_buf_text(&r->b,
		"<section class=\"sheet\">\n<h2>How this was made</h2>\n"
		"<p>A program asked the running device and wrote down what it saw. What is marked \xe2\x80\x9cstated by device\xe2\x80\x9d or "
		"\xe2\x80\x9cstated by person\xe2\x80\x9d is their word; everything else was observed. This is evidence for or "
		"against single claims at one moment, and no certificate.</p>\n<dl>\n"));
	TW_TRY(tw_sheet_pair(&r->b, "Product", product ? tw_json_text(product, "name") : ""));
	TW_TRY(tw_sheet_pair(&r->b, "Manufacturer", product ? tw_json_text(product, "organization") : ""));
	TW_TRY(tw_sheet_pair(&r->b, "Product software", tw_json_text(device, "product_version")));
	TW_TRY(tw_sheet_pair(&r->b, "Security updates until", product ? tw_json_text(product, "security_updates_until") : ""));
	TW_TRY(tw_sheet_pair(&r->b, "Device software", tw_json_text(device, "software")));
	TW_TRY(tw_sheet_pair(&r->b, "Address", tw_json_text(device, "address")));
	TW_TRY(tw_sheet_pair(&r->b, "Signed by", r->file->signer));
	TW_TRY(tw_sheet_pair(&r->b, "Signer's key, SHA-256", r->file->signer_sha256));
	TW_TRY(tw_sheet_pair(&r->b, "Tool", version));
	TW_TRY(tw_sheet_pair(&r->b, "Tool's program file, SHA-256", tw_json_text(tool, "sha256")));
	TW_TRY(tw_sheet_pair(
		&r->b, "Nonce signed by the device", tw_json_get(device, "statement") ? tw_json_text(payload, "nonce") : "none"));
	TW_TRY(tw_sheet_pair(&r->b, "Catalog", tw_json_text(payload, "catalog")));
	return tw_buf_text(&r->b,
		"</dl>\n<p>To check the signed file behind this page: "
		"<code>thingward evidence verify FILE</code>.</p>\n</section>\n");
}

static tw_err write_page(struct report *r)
{
	size_t i;
	json_t *e;

	TW_TRY(head(r));
	TW_TRY(answers(r));
	TW_TRY(overview(r));
	json_array_foreach(r->elements, i, e)
		TW_TRY(element(r, e));
	TW_TRY(made_by(r));
	return tw_sheet_end(&r->b);
}

static tw_err print_json(struct report *r)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:O, s:O, s:s, s:s}", "evidence", r->file->payload, "elements", r->elements, "signer",
		r->file->signer, "signer_sha256", r->file->signer_sha256);

	return o ? tw_print_value(r->t, o) : TW_RAISE(NOMEM, "report");
}

static void report_done(struct report *r)
{
	json_decref(r->elements);
	tw_buf_done(&r->b);
}

static tw_err write_json(struct tw_tool *t, const char *path, const json_t *document)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, t->sys, TW_FILE_MAX);
	TW_TRY(tw_json_write(document, &text));
	TW_TRY(tw_buf_text(&text, "\n"));
	return tw_file_write(t->sys, path, text.data, text.size, 0644);
}

static tw_err write_oscal(struct report *r, const char *path)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_form_oscal(r->t->sys, r->file, r->elements, &document));
	return write_json(r->t, path, document);
}

static tw_err write_declarations(struct report *r, const char *path, const char *owner_dir)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	TW_CLEANUP(tw_owner_freep) tw_owner *owner = NULL;

	if (owner_dir)
		TW_TRY(tw_owner_open(r->t, owner_dir, &owner));
	if (owner && !tw_owner_has_key(owner))
		return tw_fail(r->t, TW_EXIT_FAILED, "the directory of an owner with a key",
			TW_RAISE(STATE, "%s has no key to sign with", owner_dir));
	TW_TRY(tw_form_declarations(r->t->sys, r->file, r->elements, owner, &document));
	return write_json(r->t, path, document);
}

/* A transcript that is not this evidence's would be believed beside it. */
static tw_err write_page(struct report *r, const char *path)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *lines = NULL;
	struct tw_report_page page = { .file = r->file, .elements = r->elements };

	if (path) {
		tw_buf_init(&text, r->t->sys, TW_TRANSCRIPT_MAX);
		TW_TRY(tw_file_read(r->t->sys, path, TW_TRANSCRIPT_MAX, &text));
		tw_err e = tw_transcript_read(r->t->sys, tw_buf_slice(&text), tw_json_get(r->file->payload, "results"), &lines);
		if (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX))
			return tw_fail(r->t, TW_EXIT_FAILED, "the transcript that was written with this evidence", e);
		TW_TRY(e);
		page.transcripts = lines;
	}
	return tw_report_page(&page, &r->b);
}

static tw_err write_forms(struct report *r, const struct tw_args *a)
{
	const char *html = tw_arg(a, "html"), *oscal = tw_arg(a, "oscal"), *declarations = tw_arg(a, "cyclonedx");

	if (html) {
		TW_TRY(write_page(r, tw_arg(a, "transcript")));
		TW_TRY(tw_file_write(r->t->sys, html, r->b.data, r->b.size, 0644));
		TW_TRY(tw_print(r->t, "Wrote %s.\n", html));
	}
	if (oscal) {
		TW_TRY(write_oscal(r, oscal));
		TW_TRY(tw_print(r->t, "Wrote %s.\n", oscal));
	}
	if (declarations) {
		TW_TRY(write_declarations(r, declarations, tw_arg(a, "owner")));
		TW_TRY(tw_print(r->t, "Wrote %s%s.\n", declarations, tw_arg(a, "owner") ? "" : ", not signed (--owner signs it)"));
	}
	return TW_OK;
}

static tw_err ids_of(const json_t *list, json_t *row)
{
	TW_CLEANUP(tw_jsonp) json_t *text = json_string("");
	size_t i;
	json_t *id;

	json_array_foreach(list, i, id) {
		json_t *longer = json_sprintf("%s%s%s", json_string_value(text), i ? " " : "", json_string_value(id));

		json_decref(text);
		text = longer;
	}
	return tw_json_append(row, text ? json_incref(text) : NULL);
}

/* What was not assessed is counted: its ids would hide the others. */
static tw_err print_view(struct report *r, const char *name)
{
	static const char *const heads[] = { "provision", "evidence for", "against", "open", "not assessed", NULL };
	TW_CLEANUP(tw_jsonp) json_t *view = NULL, *rows = json_array();
	size_t i;
	json_t *o;

	tw_err e = tw_view(name, r->elements, &view);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(r->t, TW_EXIT_USAGE, TW_VIEWS, e);
	TW_TRY(e);
	if (r->t->json)
		return tw_print_value(r->t, view);
	json_array_foreach(tw_json_get(view, "rows"), i, o) {
		TW_CLEANUP(tw_jsonp) json_t *row = json_pack("[s]", tw_json_text(o, "provision"));
		size_t missing = json_array_size(tw_json_get(o, "missing"));

		TW_TRY(ids_of(tw_json_get(o, "for"), row));
		TW_TRY(ids_of(tw_json_get(o, "against"), row));
		TW_TRY(ids_of(tw_json_get(o, "open"), row));
		TW_TRY(tw_json_append(row, missing ? json_sprintf("%zu", missing) : json_string("")));
		TW_TRY(tw_json_append(rows, TW_STEAL(row)));
	}
	TW_TRY(tw_print(r->t,
		"%s, by our own mapping. Evidence for a provision does not say that it is fulfilled; a row without any is answered by "
		"documents.\n\n",
		tw_json_text(view, "title")));
	return tw_print_table(r->t, heads, rows);
}

tw_err tw_cmd_report(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_evidence_file_done) struct tw_evidence_file file = { 0 };
	TW_CLEANUP(report_done) struct report r = { .t = t, .file = &file };

	tw_buf_init(&r.b, t->sys, TW_REPORT_PAGE_MAX);
	if (!tw_arg(a, "html") && !tw_arg(a, "oscal") && !tw_arg(a, "cyclonedx") && !tw_arg(a, "view") && !t->json)
		return tw_fail(t, TW_EXIT_USAGE, "--html, --oscal or --cyclonedx FILE, --view NAME, or --json",
			TW_RAISE(SYNTAX, "where should the report go?"));
	if (tw_arg(a, "transcript") && !tw_arg(a, "html"))
		return tw_fail(t, TW_EXIT_USAGE, "--html FILE", TW_RAISE(SYNTAX, "only the page shows a transcript"));
	TW_TRY(tw_evidence_file_read(t, a->rest[0], &file));
	TW_TRY(tw_verdict_elements(file.payload, &r.elements));
	TW_TRY(write_forms(&r, a));
	if (tw_arg(a, "view"))
		return print_view(&r, tw_arg(a, "view"));
	return t->json ? print_json(&r) : TW_OK;
}

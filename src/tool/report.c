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

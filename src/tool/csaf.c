/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward csaf validate`: is this advisory one that anybody's software will take? For people: which test failed, where, and what to do.
 * With --json the fields of BSI's csaf-validator-lib, of each document, so that what reads its answers reads these.
 */
#include "base/text.h"
#include "formats/csaf.h"
#include "tool/commands.h"
#include "tool/files.h"

#include <string.h>

const struct tw_option tw_options_csaf_validate[] = {
	{ "strict", NULL, false, "refuse members that the schema does not name" },
	{},
};

struct run {
	struct tw_tool *t;
	bool strict;
	json_t *answers;              /* with --json: of each document */
	json_t *found[TW_CSAF_TESTS]; /* of the present document: arrays of findings; NULL: none */
	size_t documents, invalid, unreadable;
};

static void forget(struct run *r)
{
	for (size_t i = 0; i < TW_CSAF_TESTS; i++)
		tw_jsonp(&r->found[i]);
}

static void run_done(struct run *r)
{
	forget(r);
	json_decref(r->answers);
}

static tw_err keep(void *user, const struct tw_csaf_finding *f)
{
	struct run *r = user;
	json_t **list = &r->found[f->test];

	if (!*list)
		*list = json_array();
	return *list ? tw_json_append(*list, json_pack("{s:s, s:s}", "message", f->message, "instancePath", f->path))
		     : TW_RAISE(NOMEM, "findings");
}

/* What came from outside, after words of ours. */
static tw_err print_words(const struct run *r, const char *before, const char *words)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, r->t->sys, 1024 * 1024);
	TW_TRY(tw_buf_terminal(&b, tw_slice_of(words))); /* line breaks too: no document makes lines of its own */
	return tw_print(r->t, "%s%s", before, tw_buf_cstr(&b));
}

/* What the schema's test finds in CVSS objects, 6.1.8 finds again, and says more exactly whose it is. */
static bool told_again(size_t test, const char *path)
{
	return test == TW_CSAF_SCHEMA && (strstr(path, "/cvss_v2") || strstr(path, "/cvss_v3"));
}

static tw_err print_test(const struct run *r, size_t test, size_t count)
{
	const json_t *finding;
	bool any = false;
	size_t i;

	json_array_foreach(r->found[test], i, finding) {
		const char *path = tw_json_text(finding, "instancePath");

		if (told_again(test, path))
			continue;
		TW_TRY(print_words(r, "  ", tw_csaf_test_id((enum tw_csaf_test)test)));
		TW_TRY(print_words(r, "  ", *path ? path : "the document"));
		TW_TRY(print_words(r, ": ", tw_json_text(finding, "message")));
		TW_TRY(tw_print(r->t, "\n"));
		any = true;
	}
	if (count > json_array_size(r->found[test]))
		TW_TRY(tw_print(r->t, "  %s  and %zu more\n", tw_csaf_test_id((enum tw_csaf_test)test),
			count - json_array_size(r->found[test])));
	return any ? tw_print(r->t, "    %s\n", tw_csaf_test_advice((enum tw_csaf_test)test)) : TW_OK;
}

static tw_err print_document(const struct run *r, const char *file, const struct tw_csaf_counts *counts)
{
	if (!counts->all) {
		TW_TRY(print_words(r, "", file));
		return tw_print(r->t, ": valid\n");
	}
	TW_TRY(print_words(r, "", file));
	TW_TRY(tw_print(r->t, ": not valid\n"));
	for (size_t i = 0; i < TW_CSAF_TESTS; i++)
		TW_TRY(print_test(r, i, counts->of[i]));
	return TW_OK;
}

/* What came from outside need not be UTF-8, and JSON is. */
static json_t *outside_text(const char *text)
{
	char mended[4096];

	(void)snprintf(mended, sizeof(mended), "%s", text);
	tw_utf8_mend(mended);
	return json_string(mended);
}

/* "mandatoryTest_6_1_27_1", as the library calls it. */
static void name_of(const struct run *r, size_t test, char *ret, size_t size)
{
	if (test == TW_CSAF_SCHEMA)
		(void)snprintf(ret, size, "csaf_2_0%s", r->strict ? "_strict" : "");
	else
		(void)snprintf(ret, size, "mandatoryTest_%s", tw_csaf_test_id((enum tw_csaf_test)test));
	for (; *ret; ret++)
		if (*ret == '.')
			*ret = '_';
}

static tw_err answer_document(struct run *r, const char *file, const struct tw_csaf_counts *counts)
{
	TW_CLEANUP(tw_jsonp) json_t *tests = json_array();
	char name[64];

	if (!tests)
		return TW_RAISE(NOMEM, "answer");
	for (size_t i = 0; i < TW_CSAF_TESTS; i++) {
		name_of(r, i, name, sizeof(name));
		TW_TRY(tw_json_append(tests,
			json_pack("{s:s, s:b, s:o, s:[], s:[]}", "name", name, "isValid", counts->of[i] == 0, "errors",
				r->found[i] ? json_incref(r->found[i]) : json_array(), "warnings", "infos")));
	}
	return tw_json_append(
		r->answers, json_pack("{s:o, s:b, s:O}", "file", outside_text(file), "isValid", counts->all == 0, "tests", tests));
}

static tw_err answer_unreadable(struct run *r, const char *file, const char *why)
{
	r->unreadable++;
	if (r->t->json)
		return tw_json_append(r->answers,
			json_pack("{s:o, s:b, s:o}", "file", outside_text(file), "isValid", false, "error", outside_text(why)));
	TW_TRY(print_words(r, "", file));
	TW_TRY(print_words(r, ": cannot be read: ", why));
	return tw_print(r->t, "\n");
}

static tw_err check(struct run *r, const char *file, struct tw_csaf_counts *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const struct tw_csaf_check how = { .strict = r->strict, .tell = keep, .user = r };

	tw_buf_init(&text, r->t->sys, TW_CSAF_MAX);
	TW_TRY(!strcmp(file, "-") ? tw_input_read(r->t->sys, TW_CSAF_MAX, &text) : tw_file_read(r->t->sys, file, TW_CSAF_MAX, &text));
	return tw_csaf_check(r->t->sys, tw_buf_slice(&text), &how, ret);
}

static tw_err validate(struct run *r, const char *file)
{
	struct tw_csaf_counts counts;
	char why[TW_DETAIL_MAX];
	tw_err e;

	forget(r);
	r->documents++;
	e = check(r, file, &counts);
	if (tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_INTERNAL))
		return e;
	if (tw_failed(e)) {
		(void)snprintf(why, sizeof(why), "%s", tw_err_detail());
		return answer_unreadable(r, file, why);
	}
	r->invalid += counts.all > 0;
	return r->t->json ? answer_document(r, file, &counts) : print_document(r, file, &counts);
}

tw_err tw_cmd_csaf_validate(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(run_done) struct run r = { .t = t, .strict = tw_arg(a, "strict") != NULL, .answers = json_array() };

	if (!r.answers)
		return TW_RAISE(NOMEM, "answer");
	for (int i = 0; i < a->rest_count; i++)
		TW_TRY(validate(&r, a->rest[i]));
	if (t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:b, s:O}", "isValid", !r.invalid && !r.unreadable, "documents", r.answers);

		TW_TRY(o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "answer"));
	}
	if (r.unreadable)
		return tw_fail(t, TW_EXIT_USAGE, "a file with one JSON document of at most 64 MiB",
			TW_RAISE(SYNTAX, "%zu of %zu documents cannot be read", r.unreadable, r.documents));
	if (r.invalid)
		return tw_fail(t, TW_EXIT_FAILED, "mend what is named, then validate again",
			TW_RAISE(UNTRUSTED, "%zu of %zu documents are not valid", r.invalid, r.documents));
	return TW_OK;
}

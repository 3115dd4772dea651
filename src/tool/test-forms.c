/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as a page and in the forms of others: the same each time, nothing of it taken for markup, and each loss of memory told. */
#include "tool/forms.h"
#include "tool/report-page.h"
#include "tool/test-desk.h"
#include "tool/transcript.h"
#include "tool/verdict.h"
#include "tool/views.h"

#include "oom.h"

static char base[64];
static struct tw_evidence_file file = { .signer = "alice", .signer_sha256 = "00" };
static json_t *elements;
static tw_owner *owner;
static struct tw_buf lines;

#define RUN_NONCE "BBBBBBBBBBBBBBBBBBBBBA"

static json_t *result(const char *element, const char *verdict, bool transcript)
{
	json_t *r = json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:{s:s}, s:s}", "element", element, "probe", "p", "title",
		"<b>What?</b>", "claimed", 1, "verdict", verdict, "source", "observed outside", "reason", "It & that.", "time",
		"2026-11-21T12:00:00Z", "seen", "a<b", "\"quoted\"", "run", RUN_NONCE);
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;

	tw_transcript_init(&t, tw_sys_real());
	CHECK_OK(tw_transcript_begin(&t));
	if (transcript)
		CHECK_OK(tw_json_append(t.calls,
			json_pack("{s:s, s:s, s:s, s:{s:s}, s:i, s:i}", "by", "as a stranger", "method", "GET", "path", "/<script>",
				"got", "said", "<i>", "got_size", 7, "status", 404)));
	CHECK_OK(tw_transcript_end(&t, r));
	CHECK_OK(tw_buf_add(&lines, t.lines.data, t.lines.size));
	return r;
}

static int set_up(void **state)
{
	struct tw_tool t = { .sys = tw_sys_real(), .json = true };

	CHECK(desk_open() == 0 && desk_place("forms", base) == 0);
	t.out = desk_nowhere;
	CHECK_OK(tw_owner_make(&t, base, "alice", &owner));
	tw_buf_init(&lines, tw_sys_real(), 65536);
	file.payload = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:[s], "
				 "s:[{s:s, s:s, s:{}}], s:[o, o, o, o]}",
		"created", "2026-11-21T12:00:00Z", "nonce", "AAAAAAAAAAAAAAAAAAAAAA", "assessor", "alice", "catalog", "1", "tool",
		"name", "thingward", "version", "1", "sha256", "00", "device", "identifier", "urn:x", "model", "T-1", "software",
		"1", "product_version", "1", "address", "a", "product", "name", "P", "organization", "<O>", "setup", "source",
		"stated by person", "sample", "S-7", "notes", "Only a part.", "earlier", "nonce", RUN_NONCE, "created",
		"2026-11-20T12:00:00Z", "tool", "results", result("DI.IMS.1", "pass", true), result("DI.IMS.2", "fail", false),
		result("LA.X.1", "inconclusive", false), result("LA.SUN.1", "not applicable", false));
	CHECK(file.payload);
	CHECK_OK(tw_verdict_elements(file.payload, &elements));
	return 0;
}

static int tear_down(void **state)
{
	json_decref(elements);
	json_decref(file.payload);
	tw_buf_done(&lines);
	owner = tw_owner_free(owner);
	desk_remove(base);
	return desk_close();
}

static tw_err oscal(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	return tw_form_oscal(sys, &file, elements, &o);
}

static tw_err declarations(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	return tw_form_declarations(sys, &file, elements, NULL, &o);
}

static tw_err signed_declarations(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	TW_TRY(tw_form_declarations(sys, &file, elements, owner, &o));
	return *tw_json_text(tw_json_get(o, "signature"), "value") ? TW_OK : TW_RAISE(STATE, "not signed");
}

static tw_err transcript(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	return tw_transcript_read(sys, tw_buf_slice(&lines), tw_json_get(file.payload, "results"), &o);
}

static tw_err page_into(const struct tw_sys *sys, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	struct tw_report_page page = { .file = &file, .elements = elements };

	tw_buf_init(b, sys, TW_REPORT_PAGE_MAX);
	TW_TRY(tw_transcript_read(sys, tw_buf_slice(&lines), tw_json_get(file.payload, "results"), &o));
	page.transcripts = o;
	return tw_report_page(&page, b);
}

static tw_err page(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	return page_into(sys, &b);
}

static tw_err view(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	return tw_view("8259a", elements, &o);
}

static void test_without_memory(void **state)
{
	sweep_is_strict = true;
	CHECK(told_sweep(ENOMEM, oscal, NULL, "") > 0);
	CHECK(told_sweep(ENOMEM, declarations, NULL, "") > 0);
	CHECK(told_sweep(ENOMEM, signed_declarations, NULL, "") > 0);
	CHECK(told_sweep(ENOMEM, transcript, NULL, "") > 0);
	CHECK(told_sweep(ENOMEM, page, NULL, "") > 0);
}

/* The first allocations, and then one in some: the mapping that is read each time makes thousands, which are all of one kind. */
static void test_views_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	long calls, told = 0;

	tw_json_use(tw_fake_sys(f));
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(view(tw_fake_sys(f), NULL));
	calls = tw_fake_calls(f);
	for (long n = 1; n <= calls; n += n < 40 || n > calls - 200 ? 1 : calls / 60 + 1) {
		tw_fake_fail(f, n, ENOMEM, false);
		tw_err e = view(tw_fake_sys(f), NULL);
		if (!tw_fake_fired(f) || !tw_failed(e) || tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_SYNTAX))
			fail_msg("call %ld of %ld: %s", n, calls, tw_code_name(e.code));
		told++;
	}
	tw_fake_fail(f, 0, 0, false);
	tw_json_use(tw_sys_real());
	tw_fake_free(f);
	CHECK(told > 100);
}

static void test_the_page_is_text(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	CHECK_OK(page_into(tw_sys_real(), &b));
	const char *text = tw_buf_cstr(&b);
	CHECK(!strstr(text, "<script") && !strstr(text, "<b>What") && !strstr(text, "<i>") && !strstr(text, "<O>"));
	CHECK(strstr(text, "&lt;script&gt;") && strstr(text, "answered 404") && strstr(text, "It &amp; that."));
	CHECK(strstr(text, "<svg") < strstr(text, "class=\"lead\""));
	CHECK(strstr(text, "S-7") && strstr(text, "Earlier run whose results stay") && strstr(text, "id=\"e-LA-X-1\""));
}

static void test_the_same_each_time(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *one = NULL, *two = NULL, *none = json_array(), *no = NULL;

	CHECK_OK(tw_form_oscal(tw_sys_real(), &file, elements, &one));
	CHECK_OK(tw_form_oscal(tw_sys_real(), &file, elements, &two));
	CHECK(json_equal(one, two));
	CHECK_ERR(tw_form_oscal(tw_sys_real(), &file, none, &no), STATE);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_without_memory), cmocka_unit_test(test_views_without_memory),
	cmocka_unit_test(test_the_page_is_text), cmocka_unit_test(test_the_same_each_time))

/* SPDX-License-Identifier: Apache-2.0 */
/* What advisories are found by: every field that a list asks for is in its text, on a line of its own that nothing in a document can forge. */
#include "support/advisories/find.h"

#include "base/text.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <string.h>

static const char content_text[] =
	"{\"status\":\"interim\",\"summary\":\"More Is known.\",\"document\":{\"document\":{\"category\":\"csaf_vex\",\"csaf_version\":\"2.0\","
	"\"title\":\"Pump+Valve OPENS\",\"publisher\":{\"category\":\"vendor\",\"name\":\"Example Works\",\"namespace\":\"https://works.example\"}},"
	"\"product_tree\":{\"branches\":[{\"name\":\"Example\",\"category\":\"vendor\",\"branches\":[{\"name\":\"1.0\",\"category\":\"product_version\","
	"\"product\":{\"name\":\"Pump 1.0\",\"product_id\":\"P-1\",\"product_identification_helper\":{\"purl\":\"pkg:generic/pump@1.0\","
	"\"serial_numbers\":[\"SN-7\"]}}}]}],\"full_product_names\":[{\"name\":\"x\",\"product_id\":\"a\\nr:critical\"}]},"
	"\"vulnerabilities\":[{\"cve\":\"CVE-2026-0007\",\"notes\":[{\"text\":\"A needle sticks.\"}],"
	"\"scores\":[{\"cvss_v3\":{\"baseSeverity\":\"HIGH\"}}]},{\"cve\":\"CVE-2026-0008\"}]}}";
static const char published_text[] =
	"{\"document\":{\"tracking\":{\"version\":\"3\",\"initial_release_date\":\"2026-01-02T03:04:05+01:00\","
	"\"current_release_date\":\"2026-11-21T09:00:00.000Z\",\"revision_history\":[{\"date\":\"2026-01-02T03:04:05.000Z\",\"number\":\"1\","
	"\"summary\":\"Initial version.\"},{\"date\":\"2026-11-21T09:00:00.000Z\",\"number\":\"2\",\"summary\":\"Second\"}]}}}";

static void find(const struct tw_sys *sys, enum tw_advisory_state state, bool out, struct tw_advisory_found *ret, tw_err *ret_e)
{
	TW_CLEANUP(tw_jsonp) json_t *content = NULL, *published = NULL, *authors = json_pack("[s, s]", "a1", "a12");

	CHECK_OK(tw_json_parse(tw_slice_of(content_text), 65536, &content));
	CHECK_OK(tw_json_parse(tw_slice_of(published_text), 65536, &published));
	const struct tw_advisory_known known = { "EW-2026-0009", state, content, out ? published : NULL, authors };
	*ret_e = tw_advisory_find_by(sys, &known, ret);
}

static void test_every_field_is_there(void **state)
{
	TW_CLEANUP(tw_advisory_found_done) struct tw_advisory_found f = { .rating = '0' };
	tw_err e;

	find(tw_sys_real(), TW_ADVISORY_PUBLISHED, true, &f, &e);
	CHECK_OK(e);
	const struct {
		const struct tw_buf *in;
		const char *text;
		bool there;
	} rows[] = {
		{ &f.title, "\npump valve opens\n", true }, /* a form sends a blank as a plus */
		{ &f.publisher, "example works\n", true },
		{ &f.publisher, "https://works.example\n", true },
		{ &f.publisher, "vendor\n", true },
		{ &f.summary, "initial version.\n", true },
		{ &f.summary, "second\n", true },
		{ &f.summary, "more is known.\n", true },
		{ &f.exact, "\nn:ew-2026-0009\n", true },
		{ &f.exact, "\ng:published\n", true },
		{ &f.exact, "\nc:csaf_vex\n", true },
		{ &f.exact, "\nf:2.0\n", true },
		{ &f.exact, "\ns:interim\n", true },
		{ &f.exact, "\nv:3\n", true },
		{ &f.exact, "\nd:2026-01", true },
		{ &f.exact, "\nr:high\n", true },
		{ &f.exact, "\nr:critical\n", false }, /* what stands in a product's id is no line */
		{ &f.exact, "\nw:a1\n", true },
		{ &f.exact, "\nw:a12\n", true },
		{ &f.exact, "\nw:a\n", false },
		{ &f.marks, "\ne:cve-2026-0007\n", true },
		{ &f.marks, "\ne:cve-2026-0008\n", true },
		{ &f.marks, "\ne:cve-2026-000\n", false },
		{ &f.marks, "\ni:p-1\n", true },
		{ &f.marks, "\nr:critical\n", false },
		{ &f.products, "pkg:generic/pump@1.0\n", true },
		{ &f.products, "\nsn-7\n", true },
		{ &f.products, "needle", false },
		{ &f.words, "needle", true },
		{ &f.words, "ew-2026-0009", true },
		{ &f.words, "more is known", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if ((strstr(tw_buf_cstr(rows[i].in), rows[i].text) != NULL) != rows[i].there)
			fail_msg("row %zu: '%s' in '%s'", i, rows[i].text, tw_buf_cstr(rows[i].in));
	CHECK_TEXT(f.first, "2026-01-02T02:04:05.000Z");
	CHECK_TEXT(f.last, "2026-11-21T09:00:00.000Z");
	CHECK_INT(f.rating, '4');
}

static void test_what_is_not_out_is_a_draft(void **state)
{
	TW_CLEANUP(tw_advisory_found_done) struct tw_advisory_found one = { .rating = '0' }, two = { .rating = '0' };
	tw_err e;

	find(tw_sys_real(), TW_ADVISORY_APPROVED, false, &one, &e);
	CHECK_OK(e);
	CHECK(strstr(tw_buf_cstr(&one.exact), "\ns:draft\n") && !strstr(tw_buf_cstr(&one.exact), "\nv:"));
	CHECK_TEXT(one.first, "");
	CHECK_TEXT(one.last, "");
	find(tw_sys_real(), TW_ADVISORY_DRAFT, true, &two, &e); /* a next revision of what is out */
	CHECK_OK(e);
	CHECK(strstr(tw_buf_cstr(&two.exact), "\ns:draft\n") && strstr(tw_buf_cstr(&two.exact), "\nv:3\n"));
	CHECK_TEXT(two.last, "2026-11-21T09:00:00.000Z");
}

static void test_what_does_not_fit_is_cut(void **state)
{
	TW_CLEANUP(tw_advisory_found_done) struct tw_advisory_found f = { .rating = '0' };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	static char title[TW_ADVISORY_FOUND_MAX + 1];

	memset(title, 'x', sizeof title - 1);
	content = json_pack("{s:{s:{s:s, s:s}}}", "document", "document", "title", title, "category", "csaf_base");
	const struct tw_advisory_known known = { "EW-2026-0009", TW_ADVISORY_DRAFT, content, NULL, NULL };
	CHECK_OK(tw_advisory_find_by(tw_sys_real(), &known, &f));
	CHECK_INT(tw_buf_cstr(&f.title)[0], TW_ADVISORY_CUT);
	CHECK_INT(tw_buf_cstr(&f.words)[0], TW_ADVISORY_CUT);
	CHECK(strstr(tw_buf_cstr(&f.exact), "\nc:csaf_base\nf:2.0\n") == NULL && strstr(tw_buf_cstr(&f.exact), "\nc:csaf_base\n"));
}

static void test_memory_runs_out_anywhere(void **state)
{
	tw_fake *fake = tw_fake_new();
	bool fired = true;
	long n = 0;

	while (fired) {
		TW_CLEANUP(tw_advisory_found_done) struct tw_advisory_found f = { .rating = '0' };
		tw_err e;

		tw_fake_fail(fake, ++n, 0, false);
		find(tw_fake_sys(fake), TW_ADVISORY_PUBLISHED, true, &f, &e);
		fired = tw_fake_fired(fake);
		CHECK_INT(e.code, fired ? TW_CODE_NOMEM : TW_CODE_OK);
	}
	tw_fake_free(fake);
	CHECK(n > 7);
}

CHECK_MAIN(cmocka_unit_test(test_every_field_is_there), cmocka_unit_test(test_what_is_not_out_is_a_draft),
	cmocka_unit_test(test_what_does_not_fit_is_cut), cmocka_unit_test(test_memory_runs_out_anywhere))

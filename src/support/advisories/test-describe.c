/* SPDX-License-Identifier: Apache-2.0 */
/* An advisory as the texts that a form asks for: what is said comes back, is valid CSAF, leaves the rest alone, and says where it cannot be so. */
#include "support/advisories/describe.h"

#include "check.h"
#include "formats/csaf.h"
#include "oom.h"
#include "product/advisory.h"
#include "support/advisories/content.h"
#include "sys/real.h"

#define ALL_OF_IT                                                                                                                               \
	"{\"title\":\"Lamp opens\",\"about\":\"Anybody near can open it.\",\"label\":\"WHITE\",\"product\":\"Lamp\",\"affected\":\"1.0, 1.1\"," \
	"\"fixed\":\"1.2\",\"cve\":\"CVE-2026-12345\",\"cwe\":\"CWE-306\",\"cvss\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\","           \
	"\"description\":\"It does not ask who.\",\"remedy\":\"vendor_fix\",\"action\":\"Install 1.2.\",\"link\":\"https://example.com/1.2\"}"

static json_t *parse(const char *text)
{
	json_t *made = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(text), 65536, &made));
	return made;
}

static json_t *draft(void)
{
	static const char *const cves[] = { NULL };
	const struct tw_advisory_case about = { .publisher = "Maker",
		.namespace = "https://example.com",
		.contact = "psirt@example.com",
		.policy = "https://example.com/policy",
		.product = "Lamp",
		.versions = "below 1.2",
		.text = "It opens." };
	const struct tw_advisory a = { .profile = "csaf_security_advisory", .title = "Lamp", .cves = cves };
	json_t *made = NULL;

	CHECK_OK(tw_advisory_of_case(&about, &a, &made));
	return made;
}

static void describe(json_t *document, const char *text)
{
	TW_CLEANUP(tw_jsonp) json_t *said = parse(text);

	CHECK_OK(tw_advisory_describe(tw_sys_real(), document, said));
}

static void says(const json_t *document, const char *text)
{
	TW_CLEANUP(tw_jsonp) json_t *said = NULL, *want = parse(text);
	const char *key;
	json_t *value;

	CHECK_OK(tw_advisory_described(document, &said));
	json_object_foreach(want, key, value)
		CHECK_TEXT(tw_json_text(said, key), json_string_value(value));
}

/* As it would be published. */
static size_t findings(const json_t *document)
{
	TW_CLEANUP(tw_jsonp) json_t *content = NULL, *whole = NULL;
	const struct tw_csaf_check how = { .strict = true };
	struct tw_csaf_counts counts;

	CHECK_OK(tw_advisory_content_of(document, "final", "First.", &content));
	CHECK_OK(tw_advisory_finish("N-1", content, NULL, "2026-01-01T00:00:00Z", &whole));
	CHECK_OK(tw_csaf_check_json(tw_sys_real(), whole, &how, &counts));
	return counts.all;
}

static void test_what_is_said_comes_back_and_is_valid(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = draft(), *again = NULL;

	says(document, "{\"title\":\"Lamp\",\"about\":\"It opens.\",\"label\":\"AMBER\",\"product\":\"Lamp\",\"affected\":\"\",\"cve\":\"\"}");
	describe(document, ALL_OF_IT);
	says(document, ALL_OF_IT);
	CHECK_INT(findings(document), 0);
	again = json_deep_copy(document);
	describe(document, ALL_OF_IT);
	CHECK(json_equal(document, again));
	describe(document, "{}");
	CHECK(json_equal(document, again));
	const json_t *v = json_array_get(tw_json_get(document, "vulnerabilities"), 0);
	const json_t *score = tw_json_get(json_array_get(tw_json_get(v, "scores"), 0), "cvss_v3");
	CHECK(json_number_value(tw_json_get(score, "baseScore")) > 9.79 && json_number_value(tw_json_get(score, "baseScore")) < 9.81);
	CHECK_TEXT(tw_json_text(score, "baseSeverity"), "CRITICAL");
	CHECK_TEXT(tw_json_text(tw_json_get(v, "cwe"), "name"), "Missing Authentication for Critical Function");
}

static void test_ranges_all_and_none(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = draft();

	describe(document, ALL_OF_IT);
	describe(document, "{\"affected\":\"vers:generic/>=1.0|<1.2\"}");
	says(document, "{\"affected\":\"vers:generic/>=1.0|<1.2\",\"fixed\":\"1.2\"}");
	CHECK_INT(findings(document), 0);
	describe(document, "{\"affected\":\" * \",\"fixed\":\"\"}");
	says(document, "{\"affected\":\"*\",\"fixed\":\"\"}");
	CHECK_INT(findings(document), 0);
	describe(document, "{\"affected\":\"\",\"cvss\":\"\",\"action\":\"\",\"link\":\"\",\"cwe\":\"\",\"cve\":\"\"}");
	says(document, "{\"affected\":\"\",\"fixed\":\"\",\"cvss\":\"\",\"action\":\"\",\"remedy\":\"\",\"cwe\":\"\",\"cve\":\"\",\"link\":\"\"}");
	CHECK_INT(findings(document), 0);
	describe(document, "{\"fixed\":\"2\",\"action\":\"Nothing is left to do.\"}");
	says(document, "{\"affected\":\"\",\"fixed\":\"2\",\"remedy\":\"vendor_fix\"}");
}

/* Whatever else a document of this shape says, and a version's own identifiers. */
static void test_the_rest_stays(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = draft(), *helper = parse("{\"purl\":\"pkg:generic/lamp@1.0\"}");

	describe(document, ALL_OF_IT);
	json_t *v = json_array_get(tw_json_get(document, "vulnerabilities"), 0);
	CHECK_OK(tw_json_set(v, "acknowledgments", parse("[{\"names\":[\"Ann\"]}]")));
	json_t *vendor = json_array_get(tw_json_get(tw_json_get(document, "product_tree"), "branches"), 0);
	json_t *name = json_array_get(tw_json_get(vendor, "branches"), 0);
	json_t *first = json_array_get(tw_json_get(name, "branches"), 0);
	CHECK_OK(tw_json_set(tw_json_get(first, "product"), "product_identification_helper", json_incref(helper)));
	describe(document, "{\"affected\":\"0.9,1.0\",\"title\":\"Another\"}");
	says(document, "{\"affected\":\"0.9, 1.0\",\"title\":\"Another\",\"action\":\"Install 1.2.\"}");
	name = json_array_get(
		tw_json_get(json_array_get(tw_json_get(tw_json_get(document, "product_tree"), "branches"), 0), "branches"), 0);
	first = json_array_get(tw_json_get(name, "branches"), 1);
	CHECK(json_equal(tw_json_get(tw_json_get(first, "product"), "product_identification_helper"), helper));
	v = json_array_get(tw_json_get(document, "vulnerabilities"), 0);
	CHECK_INT(json_array_size(tw_json_get(v, "acknowledgments")), 1);
	CHECK_INT(json_array_size(tw_json_get(tw_json_get(document, "document"), "notes")), 2);
}

static void test_what_cannot_be_so(void **state)
{
	static const struct {
		const char *said, *why;
	} rows[] = { { "{\"title\":\"\"}", "title:" }, { "{\"label\":\"BLUE\"}", "label:" }, { "{\"affected\":\"1,,2\"}", "affected:" },
		{ "{\"affected\":\"*,1\"}", "affected:" }, { "{\"fixed\":\"*\"}", "fixed:" },
		{ "{\"affected\":\"1\",\"fixed\":\"2,1\"}", "fixed:" }, { "{\"affected\":\"*\",\"fixed\":\"1\"}", "fixed:" },
		{ "{\"product\":\"\"}", "product:" }, { "{\"cwe\":\"CWE-0\"}", "cwe:" }, { "{\"cvss\":\"AV\"}", "cvss:" },
		{ "{\"cvss\":\"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:N/SA:N\"}", "cvss: CSAF" },
		{ "{\"action\":\"x\",\"remedy\":\"pray\"}", "remedy:" }, { "{\"action\":\"\",\"link\":\"https://x\"}", "action:" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = draft(), *said = parse(rows[i].said);

		CHECK_ERR(tw_advisory_describe(tw_sys_real(), document, said), SYNTAX);
		if (strncmp(tw_err_detail(), rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: %s", rows[i].said, tw_err_detail());
	}
}

static void test_what_says_more_is_left_alone(void **state)
{
	static const char *const more[] = { "{\"document\":{},\"product_tree\":{\"full_product_names\":[]}}",
		"{\"document\":{},\"product_tree\":{\"branches\":[{\"category\":\"vendor\",\"branches\":[{\"category\":\"product_name\"},{}]}]}}",
		"{\"document\":{},\"product_tree\":{\"branches\":[{\"category\":\"vendor\",\"branches\":[{\"category\":\"product_family\"}]}]}}",
		"{\"document\":{},\"vulnerabilities\":[{},{}]}", "{\"document\":{},\"vulnerabilities\":[{\"flags\":[]}]}",
		"{\"document\":{},\"vulnerabilities\":[{\"product_status\":{\"known_not_affected\":[]}}]}",
		"{\"document\":{},\"vulnerabilities\":[{\"remediations\":[{},{}]}]}",
		"{\"document\":{},\"vulnerabilities\":[{\"remediations\":[{\"group_ids\":[]}]}]}",
		"{\"document\":{},\"vulnerabilities\":[{\"scores\":[{},{}]}]}" };

	for (size_t i = 0; i < TW_COUNT(more); i++) {
		TW_CLEANUP(tw_jsonp)
		json_t *document = parse(more[i]), *before = json_deep_copy(document), *said = json_object(), *none = NULL;

		CHECK_ERR(tw_advisory_described(document, &none), UNSUPPORTED);
		CHECK_ERR(tw_advisory_describe(tw_sys_real(), document, said), UNSUPPORTED);
		CHECK(json_equal(document, before));
	}
	TW_CLEANUP(tw_jsonp) json_t *empty = parse("{\"document\":{\"distribution\":{\"tlp\":{\"label\":\"WHITE\"}}}}");
	describe(empty, "{\"title\":\"News\",\"about\":\"Nothing more.\"}");
	says(empty, "{\"title\":\"News\",\"product\":\"\",\"affected\":\"\",\"cvss\":\"\"}");
	CHECK(!tw_json_get(empty, "vulnerabilities") && !tw_json_get(empty, "product_tree"));
}

static tw_err once(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_deep_copy(user), *said = NULL;

	if (!json_equal(document, user))
		return TW_RAISE(NOMEM, "a draft");
	TW_TRY(tw_json_parse(TW_SLICE(ALL_OF_IT), 65536, &said));
	return tw_advisory_describe(sys, document, said);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = draft();

	CHECK(oom_sweep_with(ENOMEM, once, document) > 100);
}

static int setup(void **state)
{
	tw_json_use(tw_sys_real());
	return 0;
}

CHECK_MAIN_IN(setup, NULL, cmocka_unit_test(test_what_is_said_comes_back_and_is_valid), cmocka_unit_test(test_ranges_all_and_none),
	cmocka_unit_test(test_the_rest_stays), cmocka_unit_test(test_what_cannot_be_so),
	cmocka_unit_test(test_what_says_more_is_left_alone), cmocka_unit_test(test_out_of_memory))

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

	CHECK_OK(tw_advisory_describe(tw_sys_real(), document, said, NULL));
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
	says(document, "{\"affected\":\">=1.0|<1.2\",\"fixed\":\"1.2\"}");
	TW_CLEANUP(tw_jsonp) json_t *before = json_deep_copy(document);
	describe(document, "{\"affected\":\">=1.0|<1.2\"}"); /* what is shown is read as the same */
	CHECK(json_equal(document, before));
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

		CHECK_ERR(tw_advisory_describe(tw_sys_real(), document, said, NULL), SYNTAX);
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
		CHECK_ERR(tw_advisory_describe(tw_sys_real(), document, said, NULL), UNSUPPORTED);
		CHECK(json_equal(document, before));
	}
	TW_CLEANUP(tw_jsonp) json_t *empty = parse("{\"document\":{\"distribution\":{\"tlp\":{\"label\":\"WHITE\"}}}}");
	describe(empty, "{\"title\":\"News\",\"about\":\"Nothing more.\"}");
	says(empty, "{\"title\":\"News\",\"product\":\"\",\"affected\":\"\",\"cvss\":\"\"}");
	CHECK(!tw_json_get(empty, "vulnerabilities") && !tw_json_get(empty, "product_tree"));
}

#define TREE(vulnerability)                                                                                                               \
	"{\"document\":{\"title\":\"T\",\"distribution\":{\"tlp\":{\"label\":\"WHITE\"}}},\"product_tree\":{\"branches\":[{\"category\":" \
	"\"vendor\",\"name\":\"M\",\"branches\":[{\"category\":\"product_name\",\"name\":\"Lamp\",\"branches\":["                         \
	"{\"category\":\"product_version\",\"name\":\"1\",\"product\":{\"name\":\"Lamp 1\",\"product_id\":\"a\"}},"                       \
	"{\"category\":\"product_version\",\"name\":\"2\",\"product\":{\"name\":\"Lamp 2\",\"product_id\":\"b\"}}]}]}]}" vulnerability "}"
#define OF_VERSIONS(more) TREE(",\"vulnerabilities\":[{" more "}]")
#define BOTH "\"product_status\":{\"known_affected\":[\"b\",\"a\"]}"
#define WHOLE(more)                                                                                                                       \
	"{\"document\":{\"title\":\"T\",\"distribution\":{\"tlp\":{\"label\":\"WHITE\"}}},\"product_tree\":{\"branches\":[{\"category\":" \
	"\"vendor\",\"name\":\"M\",\"branches\":[{\"category\":\"product_name\",\"name\":\"Lamp\",\"product\":"                           \
	"{\"name\":\"M Lamp\",\"product_id\":\"a\"}}]}]},\"vulnerabilities\":[{" more "}]}"
#define V3 "\"cvss_v3\":{\"vectorString\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\",\"temporalScore\":9.0}"
#define V2 "\"cvss_v2\":{\"vectorString\":\"AV:N/AC:L/Au:N/C:C/I:C/A:C\"}"

/* What texts cannot say of products, of whom a score is and of whom a remediation; said nevertheless, it would be of others. */
static void test_what_is_of_some_products_is_left_alone(void **state)
{
	static const struct {
		const char *document, *why;
	} rows[] = { { OF_VERSIONS(BOTH ",\"remediations\":[{\"category\":\"vendor_fix\",\"details\":\"x\",\"product_ids\":[\"a\"]}]"),
			     "its remediation is not for all" },
		{ OF_VERSIONS(BOTH ",\"remediations\":[{\"category\":\"vendor_fix\",\"details\":\"x\"}]"), "its remediation is not for all" },
		{ OF_VERSIONS(BOTH ",\"scores\":[{\"products\":[\"b\"]," V3 "}]"), "its score is not for all" },
		{ OF_VERSIONS(BOTH ",\"scores\":[{\"products\":[\"a\",\"b\",\"c\"]," V3 "}]"), "its score is not for all" },
		{ OF_VERSIONS(BOTH ",\"scores\":[{\"products\":[\"a\",\"b\"]," V2 "," V3 "}]"), "its score has not one vector" },
		{ OF_VERSIONS("\"product_status\":{\"known_affected\":[\"a\"],\"under_investigation\":[\"b\"]}"), "the version 2 is neither" },
		{ OF_VERSIONS("\"product_status\":{\"under_investigation\":[\"a\",\"b\"]}"), "the version 1 is neither" },
		{ OF_VERSIONS("\"product_status\":{\"known_affected\":[\"a\",\"b\"],\"under_investigation\":[\"b\"]}"),
			"it says more of products" },
		{ OF_VERSIONS("\"product_status\":{\"known_affected\":[\"a\",\"b\"],\"fixed\":[\"b\"]}"), "the version 2 is neither" },
		{ OF_VERSIONS("\"product_status\":{\"known_affected\":[\"b\"]}"), "the version 1 is neither" },
		{ OF_VERSIONS("\"product_status\":{\"known_affected\":[\"a\",\"b\",\"gone\"]}"), "it says more of products" },
		{ OF_VERSIONS("\"cve\":\"CVE-2026-12345\""), "the version 1 is neither" }, { TREE(""), "the version 1 is neither" },
		{ WHOLE("\"product_status\":{\"fixed\":[\"a\"]}"), "its product as a whole" },
		{ WHOLE("\"product_status\":{\"known_affected\":[\"a\"],\"under_investigation\":[\"a\"]}"), "its product as a whole" },
		{ WHOLE("\"cve\":\"CVE-2026-12345\""), "its product as a whole" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp)
		json_t *document = parse(rows[i].document), *before = json_deep_copy(document), *said = json_object();

		CHECK_ERR(tw_advisory_describe(tw_sys_real(), document, said, NULL), UNSUPPORTED);
		if (strncmp(tw_err_detail(), rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: %s", rows[i].document, tw_err_detail());
		CHECK(json_equal(document, before));
	}
}

static void test_branches_that_texts_cannot_name(void **state)
{
	static const char *const names[] = { "1", "*", " 3", "3 ", "", "3, 4" };

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = parse(OF_VERSIONS(BOTH)), *none = NULL;
		const json_t *vendor = json_array_get(tw_json_get(tw_json_get(document, "product_tree"), "branches"), 0);
		const json_t *name = json_array_get(tw_json_get(vendor, "branches"), 0);

		CHECK_OK(tw_json_set(json_array_get(tw_json_get(name, "branches"), 1), "name", json_string(names[i])));
		CHECK_ERR(tw_advisory_described(document, &none), UNSUPPORTED);
	}
}

/* Nobody touched anything: nothing is said otherwise. */
static void test_what_nobody_touched_stays(void **state)
{
	static const char *const rows[] = { OF_VERSIONS("\"product_status\":{\"known_affected\":[\"a\"],\"fixed\":[\"b\"]},\"remediations\":"
							"[{\"category\":\"mitigation\",\"details\":\"x\",\"product_ids\":[\"a\"]}],\"scores\":"
							"[{\"products\":[\"a\"]," V3 "}]"),
		OF_VERSIONS("\"product_status\":{\"fixed\":[\"a\",\"b\"]},\"scores\":[{\"products\":[\"a\",\"b\"]," V2 "}]"),
		WHOLE("\"product_status\":{\"under_investigation\":[\"a\"]},\"scores\":[{\"products\":[\"a\"]," V3 "}]"),
		WHOLE("\"product_status\":{\"known_affected\":[\"a\"]}") };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = parse(rows[i]), *before = json_deep_copy(document);

		describe(document, "{}");
		CHECK(json_equal(document, before));
	}
}

/* --- With what the registry knows --- */

#define LAMP                                                                                                                                                  \
	"{\"name\":\"lamp\",\"title\":\"Lamp\",\"support\":{\"start\":\"2026-01-01\",\"end\":\"2033-01-01\",\"security-updates-until\":\"2032-01-01\"},"      \
	"\"identifiers\":{\"purl\":\"pkg:generic/lamp\"},\"versions\":[{\"version\":\"1.0\",\"released\":\"2026-01-01\",\"supported-until\":\"2027-01-01\"}," \
	"{\"version\":\"1.1\",\"released\":\"2026-02-01\",\"supported-until\":\"2028-01-01\"},{\"version\":\"1.2\",\"released\":\"2026-03-01\"}]}"
#define LOCK \
	"{\"name\":\"lock\",\"title\":\"Lock\",\"support\":{\"start\":\"2020-01-01\",\"end\":\"2021-01-01\",\"security-updates-until\":\"2021-01-01\"}}"

static void describe_with(json_t *document, const char *text, const json_t *products)
{
	TW_CLEANUP(tw_jsonp) json_t *said = parse(text);

	CHECK_OK(tw_advisory_describe(tw_sys_real(), document, said, products));
}

/* "NAME=ID PURL" of each at the end of a branch, and what is said of support. */
static void tree_of(const json_t *document, struct tw_buf *ret)
{
	const json_t *vendor = json_array_get(tw_json_get(tw_json_get(document, "product_tree"), "branches"), 0);
	const json_t *name = json_array_get(tw_json_get(vendor, "branches"), 0), *branch, *note;
	const json_t *whole = tw_json_get(name, "product");
	size_t i;

	tw_buf_clear(ret);
	json_array_foreach(tw_json_get(name, "branches"), i, branch) {
		const json_t *product = tw_json_get(branch, "product");

		CHECK_OK(tw_buf_format(ret, "%s=%s %s\n", tw_json_text(product, "name"), tw_json_text(product, "product_id"),
			tw_json_text(tw_json_get(product, "product_identification_helper"), "purl")));
	}
	if (whole)
		CHECK_OK(tw_buf_format(ret, "%s=%s %s\n", tw_json_text(whole, "name"), tw_json_text(whole, "product_id"),
			tw_json_text(tw_json_get(whole, "product_identification_helper"), "purl")));
	json_array_foreach(tw_json_get(tw_json_get(document, "document"), "notes"), i, note)
		if (!strcmp(tw_json_text(note, "title"), "Support"))
			CHECK_OK(tw_buf_text(ret, tw_json_text(note, "text")));
}

#define DAYS "Lamp is supported from 2026-01-01 until 2033-01-01, with security updates until 2032-01-01."

/* Each revision says what is so then; an id that was given stays. */
static void test_what_the_registry_knows(void **state)
{
	static const struct {
		const char *said, *tree;
	} rows[] = { { "{}",
			     "Lamp=PRODUCT-1 pkg:generic/lamp\n" DAYS
			     " Version 1.0 is supported until 2027-01-01. Version 1.1 is supported until 2028-01-01." },
		{ ALL_OF_IT,
			"Lamp 1.0=PRODUCT-1:1.0 pkg:generic/lamp@1.0\nLamp 1.1=PRODUCT-1:1.1 pkg:generic/lamp@1.1\nLamp 1.2=PRODUCT-1:1.2 pkg:generic/lamp@1.2\n" DAYS
			" Version 1.0 is supported until 2027-01-01. Version 1.1 is supported until 2028-01-01." },
		{ "{\"affected\":\">= 1.1 | < 1.2\"}",
			"Lamp >=1.1|<1.2=PRODUCT-1:vers:generic/>=1.1|<1.2 pkg:generic/lamp\n"
			"Lamp 1.2=PRODUCT-1:1.2 pkg:generic/lamp@1.2\n" DAYS " Version 1.1 is supported until 2028-01-01." },
		{ "{}",
			"Lamp >=1.1|<1.2=PRODUCT-1:vers:generic/>=1.1|<1.2 pkg:generic/lamp\nLamp 1.2=PRODUCT-1:1.2 pkg:generic/lamp@1.2\n" DAYS
			" Version 1.1 is supported until 2028-01-01." },
		/* Another product: its own identifiers and days, or none; not the former's. */
		{ "{\"product\":\"LOCK\"}",
			"LOCK >=1.1|<1.2=PRODUCT-1:vers:generic/>=1.1|<1.2 \nLOCK 1.2=PRODUCT-1:1.2 \n"
			"Lock is supported from 2020-01-01 until 2021-01-01, with security updates until 2021-01-01." },
		{ "{\"product\":\"Lamp Pro\",\"affected\":\"1.0\"}", "Lamp Pro 1.0=PRODUCT-1:1.0 \nLamp Pro 1.2=PRODUCT-1:1.2 \n" },
		{ "{\"product\":\"lamp\",\"fixed\":\"\"}",
			"lamp 1.0=PRODUCT-1:1.0 pkg:generic/lamp@1.0\n" DAYS " Version 1.0 is supported until 2027-01-01." } };
	TW_CLEANUP(tw_jsonp) json_t *document = draft(), *products = parse("[" LOCK "," LAMP "]");
	TW_CLEANUP(tw_buf_done) struct tw_buf tree = { 0 };

	tw_buf_init(&tree, tw_sys_real(), 4096);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		describe_with(document, rows[i].said, products);
		tree_of(document, &tree);
		if (strcmp(tw_buf_cstr(&tree), rows[i].tree) != 0)
			fail_msg("row %zu: %s", i, tw_buf_cstr(&tree));
		CHECK_INT(findings(document), 0);
	}
}

/* Who wrote an identifier into the document meant it; a note of that name and of another kind is somebody's own. */
static void test_what_people_wrote_stays(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = draft(), *products = parse("[" LAMP "]");
	TW_CLEANUP(tw_buf_done) struct tw_buf tree = { 0 };

	tw_buf_init(&tree, tw_sys_real(), 4096);
	json_t *vendor = json_array_get(tw_json_get(tw_json_get(document, "product_tree"), "branches"), 0);
	json_t *name = json_array_get(tw_json_get(vendor, "branches"), 0);
	CHECK_OK(tw_json_set(tw_json_get(name, "product"), "product_identification_helper", parse("{\"purl\":\"pkg:generic/mine\"}")));
	CHECK_OK(tw_json_append(tw_json_get(tw_json_get(document, "document"), "notes"),
		parse("{\"category\":\"legal_disclaimer\",\"title\":\"Support\",\"text\":\"None.\"}")));
	describe_with(document, "{}", products);
	tree_of(document, &tree);
	CHECK(strstr(tw_buf_cstr(&tree), "Lamp=PRODUCT-1 pkg:generic/mine\nNone." DAYS));
	describe_with(document, "{\"product\":\"Kettle\"}", products);
	tree_of(document, &tree);
	CHECK_TEXT(tw_buf_cstr(&tree), "Kettle=PRODUCT-1 \nNone.");
}

static void test_ranges_that_are_none(void **state)
{
	static const char *const rows[] = { ">=1.0 <1.2", "1 <2", "vers:generic/", "<", ">=1.0|", "1.0 2.0|<3", "<1<2", "vers:<1" };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = draft(), *said = json_pack("{s:s}", "affected", rows[i]);

		if (!tw_is(tw_advisory_describe(tw_sys_real(), document, said, NULL), TW_CODE_SYNTAX) ||
			strncmp(tw_err_detail(), "affected: '", 11) != 0)
			fail_msg("%s: %s", rows[i], tw_err_detail());
	}
}

static tw_err once(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_deep_copy(user), *said = NULL, *products = NULL;

	if (!json_equal(document, user))
		return TW_RAISE(NOMEM, "a draft");
	TW_TRY(tw_json_parse(TW_SLICE(ALL_OF_IT), 65536, &said));
	TW_TRY(tw_json_parse(TW_SLICE("[" LAMP "]"), 65536, &products));
	TW_TRY(tw_advisory_describe(sys, document, said, products));
	const json_t *vendor = json_array_get(tw_json_get(tw_json_get(document, "product_tree"), "branches"), 0);
	const json_t *name = json_array_get(tw_json_get(vendor, "branches"), 0), *branch;
	size_t i;
	json_array_foreach(tw_json_get(name, "branches"), i, branch)
		if (!tw_json_get(tw_json_get(branch, "product"), "product_identification_helper"))
			return TW_RAISE(INTERNAL, "an identifier was left out");
	return TW_OK;
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
	cmocka_unit_test(test_what_says_more_is_left_alone), cmocka_unit_test(test_what_is_of_some_products_is_left_alone),
	cmocka_unit_test(test_branches_that_texts_cannot_name), cmocka_unit_test(test_what_nobody_touched_stays),
	cmocka_unit_test(test_what_the_registry_knows), cmocka_unit_test(test_what_people_wrote_stays),
	cmocka_unit_test(test_ranges_that_are_none), cmocka_unit_test(test_out_of_memory))

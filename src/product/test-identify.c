/* SPDX-License-Identifier: Apache-2.0 */
/* By what a product and its versions are known: what follows for each, and that CSAF 2.0 takes all of it. */
#include "product/identify.h"

#include "base/mem.h"
#include "check.h"
#include "formats/csaf.h"
#include "oom.h"
#include "sys/real.h"

#include <string.h>

#define CPE "cpe:2.3:o:example:lamp:*:*:*:*:*:*:*:*"
#define PRODUCT \
	"{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/example/lamp?a=b\",\"sbom_urls\":[\"urn:s\"],\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"}]}"
#define HASHES \
	"\"hashes\":[{\"file_hashes\":[{\"algorithm\":\"sha256\",\"value\":\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}],\"filename\":\"f\"}]"
#define MODELS \
	"[{\"model\":\"L-1\",\"skus\":[\"4711\",\"4712\"],\"serial-numbers\":[\"L1-\"]},{\"model\":\"L-2\",\"skus\":[\"4711\"]}]"
#define OF_PRODUCT "\"sbom_urls\":[\"urn:s\"],\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"}]"

static json_t *parse(const char *text)
{
	json_t *made = NULL;

	if (text)
		CHECK_OK(tw_json_parse(tw_slice_of(text), 65536, &made));
	return made;
}

static size_t findings(const json_t *helper)
{
	const struct tw_csaf_check how = { .strict = true };
	struct tw_csaf_counts counts;

	CHECK_OK(tw_csaf_check_helper(tw_sys_real(), helper, &how, &counts));
	return counts.all;
}

static void test_what_follows(void **state)
{
	static const struct {
		const char *product, *version, *models, *model, *of, *wanted; /* wanted NULL: nothing is known */
	} rows[] = {
		{ NULL, NULL, NULL, "", "1.0", NULL },
		{ NULL, NULL, "[]", "", "1.0", NULL },
		{ PRODUCT, NULL, NULL, "", "", "{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/example/lamp?a=b\"," OF_PRODUCT "}" },
		{ PRODUCT, NULL, NULL, "", "1.0",
			"{\"cpe\":\"cpe:2.3:o:example:lamp:1.0:*:*:*:*:*:*:*\",\"purl\":\"pkg:generic/example/lamp@1.0?a=b\"," OF_PRODUCT
			"}" },
		{ "{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/lamp\"}", NULL, NULL, "", "1.0-RC+b~1:2",
			"{\"cpe\":\"cpe:2.3:o:example:lamp:1.0-rc\\\\+b\\\\~1\\\\:2:*:*:*:*:*:*:*\",\"purl\":\"pkg:generic/lamp@1.0-RC%2Bb~1:2\"}" },
		/* What has no place in a CPE name is not squeezed in. */
		{ "{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/lamp\"}", NULL, NULL, "", "1 \xc3\xa4",
			"{\"purl\":\"pkg:generic/lamp@1%20%C3%A4\"}" },
		{ "{\"cpe\":\"" CPE "\"}", NULL, NULL, "", "-", NULL },
		{ "{\"cpe\":\"cpe:/o:example:lamp\"}", NULL, NULL, "", "1.0", "{\"cpe\":\"cpe:2.3:o:example:lamp:1.0:*:*:*:*:*:*:*\"}" },
		/* A version's own names and addresses go before the product's, its other URIs beside them. */
		{ PRODUCT,
			"{\"purl\":\"pkg:generic/l@1\",\"sbom_urls\":[\"urn:t\"],\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:c\"}]," HASHES
			"}",
			NULL, "", "1",
			"{\"cpe\":\"cpe:2.3:o:example:lamp:1:*:*:*:*:*:*:*\"," HASHES ",\"purl\":\"pkg:generic/l@1\",\"sbom_urls\":[\"urn:t\"],"
			"\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"},{\"namespace\":\"urn:a\",\"uri\":\"urn:a:c\"}]}" },
		{ NULL, NULL, MODELS, "", "", "{\"model_numbers\":[\"L-1\",\"L-2\"],\"serial_numbers\":[\"L1-\"],\"skus\":[\"4711\",\"4712\"]}" },
		{ NULL, NULL, MODELS, "L-2", "1", "{\"model_numbers\":[\"L-2\"],\"skus\":[\"4711\"]}" },
		{ NULL, NULL, MODELS, "L-3", "1", NULL },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *product = parse(rows[i].product), *version = parse(rows[i].version);
		TW_CLEANUP(tw_jsonp) json_t *models = parse(rows[i].models), *made = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		const struct tw_identity identity = { product, version, models, rows[i].model, rows[i].of };

		tw_buf_init(&text, tw_sys_real(), 65536);
		CHECK_OK(tw_identify(tw_sys_real(), &identity, &made));
		if (made)
			CHECK_OK(tw_json_write(made, &text));
		if (!made != !rows[i].wanted || (made && strcmp(tw_buf_cstr(&text), rows[i].wanted) != 0))
			fail_msg("row %zu: %s", i, tw_buf_cstr(&text));
		if (made)
			CHECK_INT(findings(made), 0);
	}
}

/* Beyond what tells anybody anything they are left out, not cut. */
static void test_many_numbers(void **state)
{
	for (int count = TW_IDENTIFIER_NUMBERS_MAX; count <= TW_IDENTIFIER_NUMBERS_MAX + 1; count++) {
		TW_CLEANUP(tw_jsonp) json_t *models = json_array(), *made = NULL;
		const struct tw_identity identity = { .models = models, .model = "", .of = "" };

		for (int i = 0; i < count; i++)
			CHECK_OK(tw_json_append(models, json_pack("{s:o}", "model", json_sprintf("M%d", i))));
		CHECK_OK(tw_identify(tw_sys_real(), &identity, &made));
		CHECK_INT(json_array_size(tw_json_get(made, "model_numbers")), count > TW_IDENTIFIER_NUMBERS_MAX ? 0 : count);
	}
}

static void test_as_csaf_has_them(void **state)
{
	TW_CLEANUP(tw_jsonp)
	json_t *written = parse("{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/lamp\",\"sbom-urls\":[\"urn:s\"],\"uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"}],"
				"\"hashes\":[{\"file\":\"f\",\"algorithm\":\"sha256\",\"value\":\"00\"},{\"file\":\"g\",\"algorithm\":\"sha256\",\"value\":\"01\"},"
				"{\"file\":\"f\",\"algorithm\":\"sha512\",\"value\":\"02\"}]}"),
	       *wanted = parse("{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/lamp\",\"sbom_urls\":[\"urn:s\"],\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"}],"
			       "\"hashes\":[{\"filename\":\"f\",\"file_hashes\":[{\"algorithm\":\"sha256\",\"value\":\"00\"},{\"algorithm\":\"sha512\",\"value\":\"02\"}]},"
			       "{\"filename\":\"g\",\"file_hashes\":[{\"algorithm\":\"sha256\",\"value\":\"01\"}]}]}"),
	       *made = NULL, *none = NULL;

	CHECK_OK(tw_identifiers_of(written, &made));
	CHECK(json_equal(made, wanted));
	CHECK_OK(tw_identifiers_of(NULL, &none));
	CHECK(!none);
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = { { "{}", ": has no member" }, { "[]", ": has to be an object" }, { "{\"purl\":\"pkg:a\"}", "/purl: " },
		{ "{\"purl\":\"pkg:oci/a/b\"}", "/purl: " }, { "{\"cpe\":\"x\"}", "/cpe: " },
		{ "{\"x\":[]}", "/x: is not a member" }, { "{\"sbom_urls\":[\"a b\"]}", "/sbom_urls/0: " },
		{ "{\"model_numbers\":[\"a\",\"a\"]}", "/model_numbers/1: stands twice" },
		{ "{\"skus\":[\"a\\nb\"]}", "they have a control character" } };
	TW_CLEANUP(tw_jsonp)
	json_t *large = json_pack("{s:[o]}", "skus",
		json_stringn(memset((char[TW_IDENTIFIERS_MAX]){ 0 }, 'a', TW_IDENTIFIERS_MAX), TW_IDENTIFIERS_MAX));

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *identifiers = parse(rows[i].text);

		CHECK_ERR(tw_identifiers_check(tw_sys_real(), identifiers), SYNTAX);
		if (strncmp(tw_err_detail(), rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("row %zu: %s", i, tw_err_detail());
	}
	CHECK_ERR(tw_identifiers_check(tw_sys_real(), large), LIMIT);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *product = NULL, *models = NULL, *made = NULL;
	const struct tw_csaf_check how = { .strict = true };
	struct tw_csaf_counts counts;

	TW_TRY(tw_json_parse(TW_SLICE(PRODUCT), 4096, &product));
	TW_TRY(tw_json_parse(TW_SLICE(MODELS), 4096, &models));
	TW_TRY(tw_identifiers_check(sys, product));
	TW_TRY(tw_identify(sys, &(const struct tw_identity){ product, NULL, models, "", "1.0" }, &made));
	/* Nothing is missing where memory was: what is left out was not to be in it. */
	if (json_object_size(made) != 7)
		return TW_RAISE(INTERNAL, "%zu members", json_object_size(made));
	return tw_csaf_check_helper(sys, made, &how, &counts);
}

static void test_memory_runs_out(void **state)
{
	CHECK(oom_sweep(sweep, NULL) > 20);
}

CHECK_MAIN(cmocka_unit_test(test_what_follows), cmocka_unit_test(test_many_numbers), cmocka_unit_test(test_as_csaf_has_them),
	cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_memory_runs_out))

/* SPDX-License-Identifier: Apache-2.0 */
/* Whose product an advisory names, by what it is known, and what people write for versions. */
#include "support/advisories/registered.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"
#include "support/advisories/typed.h"
#include "sys/real.h"

#include <string.h>

#define PRODUCTS                                                                                                                                                        \
	"[{\"name\":\"lamp\",\"title\":\"Lamp\",\"models\":[{\"model\":\"L-1\",\"skus\":[\"1\"]},{\"model\":\"L-2\"}],\"identifiers\":{\"purl\":\"pkg:generic/lamp\"}," \
	"\"versions\":[{\"version\":\"1.0\",\"identifiers\":{\"sbom_urls\":[\"urn:s\"]}},{\"version\":\"Spring\"}]},"                                                   \
	"{\"name\":\"lamp-l-2\",\"title\":\"Lamp L-2\"}]"

static json_t *parse(const char *text)
{
	json_t *made = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(text), 65536, &made));
	return made;
}

/* Whole names alone: what others know one product by is not what they know another by. */
static void test_whose_it_is(void **state)
{
	static const struct {
		const char *text, *name, *model; /* NULL: nobody's */
	} rows[] = { { "lamp", "lamp", "" }, { "LAMP", "lamp", "" }, { "Lamp L-1", "lamp", "L-1" }, { "lamp+l-1", "lamp", "L-1" },
		{ "Lamp L-2", "lamp-l-2", "" }, { "lamp-pro", NULL, NULL }, { "Lamp Pro", NULL, NULL }, { "Lam", NULL, NULL },
		{ "", NULL, NULL }, { "My Lamp", NULL, NULL }, { "Lamp L-1 X", NULL, NULL }, { "Lamp ", NULL, NULL } };
	TW_CLEANUP(tw_jsonp) json_t *products = parse(PRODUCTS);

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_registered r = { NULL, NULL };

		if (tw_registered_find(products, rows[i].text, &r) != (rows[i].name != NULL) ||
			(rows[i].name &&
				(strcmp(tw_json_text(r.product, "name"), rows[i].name) != 0 || strcmp(r.model, rows[i].model) != 0)))
			fail_msg("row %zu", i);
	}
}

static void test_by_what_it_is_known(void **state)
{
	static const struct {
		const char *name, *version, *helper;
	} rows[] = { { "lamp", "", "{\"model_numbers\":[\"L-1\",\"L-2\"],\"purl\":\"pkg:generic/lamp\",\"skus\":[\"1\"]}" },
		{ "lamp", "1.0", "{\"model_numbers\":[\"L-1\",\"L-2\"],\"purl\":\"pkg:generic/lamp@1.0\",\"sbom_urls\":[\"urn:s\"],\"skus\":[\"1\"]}" },
		{ "Lamp L-1", "9", "{\"model_numbers\":[\"L-1\"],\"purl\":\"pkg:generic/lamp@9\",\"skus\":[\"1\"]}" },
		{ "lamp-l-2", "1.0", "" } };
	TW_CLEANUP(tw_jsonp) json_t *products = parse(PRODUCTS);

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *helper = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		struct tw_registered r = { NULL, "" };

		tw_buf_init(&text, tw_sys_real(), 4096);
		CHECK(tw_registered_find(products, rows[i].name, &r));
		CHECK_OK(tw_registered_identify(tw_sys_real(), &r, rows[i].version, &helper));
		if (helper)
			CHECK_OK(tw_json_write(helper, &text));
		CHECK_TEXT(tw_buf_cstr(&text), rows[i].helper);
	}
}

static tw_err versions_of(const struct tw_sys *sys, const char *text, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *products = NULL;
	bool understood = false;

	tw_buf_init(ret, sys, 4096);
	TW_TRY(tw_json_parse(TW_SLICE(PRODUCTS), 4096, &products));
	TW_TRY(tw_typed_versions(sys, tw_json_get(json_array_get(products, 0), "versions"), text, ret, &understood));
	if (!understood)
		tw_buf_clear(ret);
	return TW_OK;
}

/* What a case says in words is left to people, all of it. */
static void test_what_a_case_says(void **state)
{
	static const struct {
		const char *text, *versions; /* "": words */
	} rows[] = { { "1.0", "1.0" }, { " 1.0 ,Spring,  2.1-rc1", "1.0, Spring, 2.1-rc1" }, { "< 1.2", "vers:generic/<1.2" },
		{ "vers:semver/>=1.0|<1.2, 3", "vers:semver/>=1.0|<1.2, 3" },
		{ ">=1.0 | < 1.2, >2", "vers:generic/>=1.0|<1.2, vers:generic/>2" }, { "", "" }, { "1.0,", "1.0" },
		{ "1.0,,2", "" }, { "Autumn", "" }, { "1.0 to 1.4", "" }, { "all", "" }, { "1.x", "" }, { "before 1.2", "" },
		{ "1.0, and others", "" }, { "1.0 <2", "" }, { "<", "" }, { "*", "" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		CHECK_OK(versions_of(tw_sys_real(), rows[i].text, &b));
		if (strcmp(tw_buf_cstr(&b), rows[i].versions) != 0)
			fail_msg("row %zu: %s", i, tw_buf_cstr(&b));
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	TW_TRY(versions_of(sys, ">=1.0 | < 1.2, >2, 1.0", &b));
	return strcmp(tw_buf_cstr(&b), "vers:generic/>=1.0|<1.2, vers:generic/>2, 1.0") ? TW_RAISE(INTERNAL, "%s", tw_buf_cstr(&b)) : TW_OK;
}

static void test_memory_runs_out(void **state)
{
	CHECK(oom_sweep(sweep, NULL) > 2);
}

CHECK_MAIN(cmocka_unit_test(test_whose_it_is), cmocka_unit_test(test_by_what_it_is_known), cmocka_unit_test(test_what_a_case_says),
	cmocka_unit_test(test_memory_runs_out))

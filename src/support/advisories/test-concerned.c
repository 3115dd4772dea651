/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions of which products an advisory's product tree says something of, as notices have it. */
#include "support/advisories/concerned.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"
#include "support/advisories/content.h"
#include "sys/real.h"

#include <string.h>

#define PRODUCTS \
	"[{\"name\":\"lamp\",\"title\":\"Garden Lamp\"},{\"name\":\"lock\",\"title\":\"Door Lock\"},{\"name\":\"lock-pro\",\"title\":\"Door Lock Pro\"}]"
#define LEAF(category, name, id) \
	"{\"category\":\"" category "\",\"name\":\"" name "\",\"product\":{\"name\":\"P " id "\",\"product_id\":\"" id "\"}}"
#define VERSION(name, id) LEAF("product_version", name, id)
#define RANGE(name, id) LEAF("product_version_range", name, id)
#define TREE(branches)                                                                                                                                                               \
	"{\"product_tree\":{\"branches\":[{\"category\":\"vendor\",\"name\":\"Maker\",\"branches\":[{\"category\":\"product_name\",\"name\":\"garden+lamp\",\"branches\":[" branches \
	"]}]}]"
#define SAYS(status) "},\"vulnerabilities\":[{\"product_status\":{" status "}}]}"
#define OTHERS(more) "," more
#define NAMED(name) \
	"{\"product_tree\":{\"branches\":[" LEAF("product_name", name, "A") "]},\"vulnerabilities\":[{\"product_status\":{\"known_affected\":[\"A\"]}}]}"

static tw_err rows_of(const struct tw_sys *sys, const char *text, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *products = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf names = { 0 };
	TW_CLEANUP(tw_advisory_concerned_done) struct tw_advisory_concerned c = { .count = 0 };

	TW_TRY(tw_json_parse(tw_slice_of(PRODUCTS), 4096, &products));
	TW_TRY(tw_json_parse_deep(tw_slice_of(text), TW_ADVISORY_MAX, TW_ADVISORY_DEEPEST, &document));
	tw_buf_init(&names, sys, TW_ADVISORY_MAX);
	TW_TRY(tw_advisory_products(document, &names));
	TW_TRY(tw_advisory_concerned(sys, document, tw_buf_cstr(&names), products, &c));
	for (size_t i = 0; i < c.count; i++)
		TW_TRY(tw_buf_format(ret, "%s(%s)", c.at[i].name, c.at[i].versions));
	return TW_OK;
}

/* @nist IN.1.c.1.2 IN.1.d.1.3: by what the published document's tree says of each version */
static void test_rows(void **state)
{
	static const struct {
		const char *document, *rows;
	} rows[] = {
		{ TREE(VERSION("1.0", "A") "," VERSION("1.1", "B") "," VERSION("1.2", "C") "," VERSION("0.9", "D")) SAYS(
			  "\"known_affected\":[\"A\"],\"under_investigation\":[\"B\"],\"fixed\":[\"C\"],\"known_not_affected\":[\"D\"]"),
			"lamp(vers:generic/1.0)lamp(vers:generic/1.1)lamp(vers:generic/1.2)" },
		{ TREE(RANGE("vers:semver/<1.2.0", "A") "," RANGE("<=3", "B") "," RANGE("all before 4", "C"))
				SAYS("\"known_affected\":[\"A\",\"B\",\"C\"]"),
			"lamp(vers:semver/<1.2.0)lamp(vers:generic/<=3)lamp(all before 4)" },
		{ TREE(VERSION("1.0", "A") "," VERSION("1.4", "B") "," VERSION("1.5", "C"))
				SAYS("\"first_affected\":[\"A\"],\"last_affected\":[\"B\"],\"first_fixed\":[\"C\"]"),
			"lamp(vers:generic/>=1.0)lamp(vers:generic/<=1.4)lamp(vers:generic/>=1.5)" },
		{ TREE(VERSION("1.x", "A") "," VERSION("1.0 - 1.4", "B") "," VERSION("2.1*", "C") "," VERSION("~1.2", "D"))
				SAYS("\"known_affected\":[\"A\",\"B\",\"C\",\"D\"]"),
			"lamp(vers:generic/1.x)lamp(vers:generic/1.0%20-%201.4)lamp(vers:generic/2.1%2A)lamp(vers:generic/~1.2)" },
		{ TREE(RANGE("<=1.x", "A") "," RANGE(">=1.0,<=1.4", "B")) SAYS("\"known_affected\":[\"A\",\"B\"]"),
			"lamp(vers:generic/<=1.x)lamp(vers:generic/>=1.0,<=1.4)" }, /* with these nobody's version is compared */
		{ TREE(RANGE("vers:semver/<1.2.0", "A")) SAYS("\"first_affected\":[\"A\"]"), "lamp(...)" },
		{ TREE(VERSION("1.0+b/2 rc|<3", "A")) SAYS("\"fixed\":[\"A\"]"), "lamp(vers:generic/1.0%2Bb%2F2%20rc%7C%3C3)" },
		{ TREE(VERSION("1.0", "A")) SAYS("\"known_not_affected\":[\"A\"]"), "lamp(vers:none/*)" }, /* whoever says no version hears of it */
		{ TREE(VERSION("1.0", "A")) "}}", "lamp()" },                                              /* of no status at all */
		{ TREE(LEAF("architecture", "arm64", "A")) SAYS("\"known_affected\":[\"A\"]"), "lamp(P A)" },
		{ TREE("{\"category\":\"product_version\",\"name\":\"1\",\"branches\":[" VERSION("2", "A") "]}")
				SAYS("\"known_affected\":[\"A\"]"),
			"lamp(...)" },
		{ TREE(VERSION("1\\u0007", "A")) SAYS("\"known_affected\":[\"A\"]"), "lamp(vers:generic/1%07)" },
		{ TREE(RANGE("one\\u0007", "A")) SAYS("\"known_affected\":[\"A\"]"), "lamp(...)" },
		{ TREE(VERSION("1", "A") "," VERSION("1", "B")) SAYS("\"known_affected\":[\"A\",\"B\"]"), "lamp(vers:generic/1)" }, /* once */
		{ TREE(VERSION("1", "A")) OTHERS("\"full_product_names\":[{\"product_id\":\"L\",\"name\":\"Door Lock 2.0\"}]")
				SAYS("\"known_affected\":[\"L\"]"),
			"lamp(vers:none/*)lock(Door Lock 2.0)" },
		/* A product that is installed on another: what is said of it is said of both. */
		{ TREE(VERSION("1", "A") "," VERSION("2", "B")) OTHERS(
			  "\"relationships\":[{\"category\":\"installed_on\",\"product_reference\":\"A\",\"relates_to_product_reference\":\"X\","
			  "\"full_product_name\":{\"product_id\":\"R\",\"name\":\"Lamp 1 on X\"}}]") SAYS("\"known_affected\":[\"R\"]"),
			"lamp(vers:generic/1)" },
		{ "{\"product_tree\":{\"relationships\":[{\"product_reference\":\"A\",\"relates_to_product_reference\":\"X\",\"full_product_name\":{\"product_id\":\"R\",\"name\":\"lock on X\"}}]}"
		  ",\"vulnerabilities\":[{\"product_status\":{\"fixed\":[\"R\"]}}]}",
			"lock(lock on X)" },
		{ "{\"product_tree\":{\"branches\":[" LEAF("product_name", "Door Lock",
			  "A") "]},\"vulnerabilities\":[{\"product_status\":{\"known_affected\":[\"A\"]}}]}",
			"lock()" },
		{ "{\"product_tree\":{\"branches\":[" LEAF("product_name", "Kettle",
			  "A") "]},\"vulnerabilities\":[{\"product_status\":{\"known_affected\":[\"A\"]}}]}",
			"" },
		{ "{}", "" },
		/* Whole names: neither a longer word, nor a part of another product's name that is known; else it may be a kind of it. */
		{ NAMED("lamp-pro"), "" },
		{ NAMED("Lamps"), "" },
		{ NAMED("Glamp"), "" },
		{ NAMED("lamp_2"), "" },
		{ NAMED("Lampe\xcc\x81"), "" },
		{ NAMED("Lamp\xc3\xa9"), "" },
		{ NAMED("Door Lock Pro"), "lock-pro()" },
		{ NAMED("Door Lock Pro, Door Lock"), "lock()lock-pro()" },
		{ NAMED("lock-pro"), "lock-pro()" },
		{ NAMED("lock-pro-2"), "" },
		{ NAMED("Lamp L3"), "lamp()" },
		{ NAMED("(lamp)"), "lamp()" },
		{ NAMED("Maker's Lamp\xe2\x84\xa2"), "lamp()" },
		{ NAMED("\xc2\xabLamp\xc2\xbb"), "lamp()" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 8192);
		CHECK_OK(rows_of(tw_sys_real(), rows[i].document, &b));
		if (strcmp(tw_buf_cstr(&b), rows[i].rows) != 0)
			fail_msg("row %zu: %s", i, tw_buf_cstr(&b));
	}
}

static void many(struct tw_buf *b, int count)
{
	tw_buf_init(b, tw_sys_real(), TW_ADVISORY_MAX);
	CHECK_OK(tw_buf_text(b,
		"{\"product_tree\":{\"full_product_names\":[{\"product_id\":\"L\",\"name\":\"Door Lock\"}],\"branches\":[{\"category\":"
		"\"product_name\",\"name\":\"lamp\",\"branches\":["));
	for (int i = 0; i < count; i++)
		CHECK_OK(tw_buf_format(b,
			"%s{\"category\":\"product_version\",\"name\":\"1.%d\",\"product\":{\"name\":\"x\",\"product_id\":\"V%d\"}}",
			i ? "," : "", i, i));
	CHECK_OK(tw_buf_text(b, "]}]},\"vulnerabilities\":[{\"product_status\":{\"known_affected\":[\"L\""));
	for (int i = 0; i < count; i++)
		CHECK_OK(tw_buf_format(b, ",\"V%d\"", i));
	CHECK_OK(tw_buf_text(b, "]}}]}"));
}

/* One that has more versions than a notice may name says none of them, and leaves the others their place. */
static void test_more_than_a_notice_names(void **state)
{
	static const struct {
		int count;
		const char *begins, *ends;
	} rows[] = { { TW_NOTICE_PRODUCTS_MAX - 1, "lamp(vers:generic/1.0)", "lamp(vers:generic/1.62)lock(Door Lock)" },
		{ TW_NOTICE_PRODUCTS_MAX, "lamp(...)lock", "lock(Door Lock)" }, { 1000, "lamp(...)lock", "lock(Door Lock)" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf document = { 0 }, b = { 0 };

		many(&document, rows[i].count);
		tw_buf_init(&b, tw_sys_real(), 8192);
		CHECK_OK(rows_of(tw_sys_real(), tw_buf_cstr(&document), &b));
		const char *text = tw_buf_cstr(&b), *end = text + strlen(text) - strlen(rows[i].ends);
		if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) != 0 || strcmp(end, rows[i].ends) != 0)
			fail_msg("row %zu: %s", i, text);
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 8192);
	return rows_of(sys, TREE(VERSION("1.0", "A") "," RANGE("<=3", "B")) SAYS("\"known_affected\":[\"A\",\"B\"]"), &b);
}

static void test_memory_runs_out(void **state)
{
	CHECK(oom_sweep(sweep, NULL) > 3);
}

/* Whose feed has it: as their subscribers are told. */
static void test_for_whom_it_is(void **state)
{
	static const struct {
		const char *names;
		bool lamp, lock;
	} rows[] = { { "\nthe lamp l3\n", true, false }, { "\ndoor lock\nlamp\n", true, true }, { "\nboat\n", true, true },
		{ "\n", true, true }, { "\1boat\n", true, true }, { "\nlam\nlock\n", false, true } };
	TW_CLEANUP(tw_jsonp)
	json_t *products = json_pack("[{s:s, s:s}, {s:s, s:s}]", "name", "lamp", "title", "The Lamp", "name", "lock", "title", "Door Lock");

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_advisory_is_for(rows[i].names, products, json_array_get(products, 0)) != rows[i].lamp ||
			tw_advisory_is_for(rows[i].names, products, json_array_get(products, 1)) != rows[i].lock)
			fail_msg("row %zu", i);
}

CHECK_MAIN(cmocka_unit_test(test_for_whom_it_is), cmocka_unit_test(test_rows), cmocka_unit_test(test_more_than_a_notice_names),
	cmocka_unit_test(test_memory_runs_out))

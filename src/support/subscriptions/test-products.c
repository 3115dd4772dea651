/* SPDX-License-Identifier: Apache-2.0 */
/* products.json: what is right, what is refused and where, what the dates mean, and what they tell once. */
#include "support/subscriptions/products.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "oom.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
#include "sys/durable.h"
#include "sys/real.h"

#include <string.h>

#define FILE_OF(products) "{\"format\":1,\"products\":[" products "]}"
#define DATES(start, until, end) \
	"\"support\":{\"start\":\"" start "\",\"security-updates-until\":\"" until "\",\"end\":\"" end "\"}"
#define LAMP "{\"name\":\"lamp\",\"title\":\"Lamp\"," DATES("2020-01-01", "2029-06-30", "2030-12-31")
#define GOOD \
	FILE_OF(LAMP ",\"contacts\":{\"security-email\":\"a@b.example\"},\"versions\":[{\"version\":\"1\",\"released\":\"2020-02-29\"}]}")
#define DAY INT64_C(86400000)
#define SIXTY "123456789012345678901234567890123456789012345678901234567890"
#define VERSION_OF(more) \
	",\"versions\":[{\"version\":\"1\",\"released\":\"2020-01-01\"},{\"version\":\"2\",\"released\":\"2020-01-01\"," more "}]}"
#define CPE "cpe:2.3:o:example:lamp:*:*:*:*:*:*:*:*"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HASH "{\"algorithm\":\"sha256\",\"value\":\"" SHA256 "\"}"

static const struct {
	const char *text;
	enum tw_code code;
	const char *detail; /* how it begins */
} rows[] = {
	{ GOOD, TW_CODE_OK },
	{ FILE_OF(""), TW_CODE_OK },
	{ FILE_OF(LAMP "}"), TW_CODE_OK },
	{ "", TW_CODE_SYNTAX },
	{ "{\"format\":2,\"products\":[]}", TW_CODE_SYNTAX },
	{ FILE_OF(LAMP "}," LAMP "}"), TW_CODE_SYNTAX },
	{ FILE_OF("{\"name\":\"Lamp\",\"title\":\"Lamp\"," DATES("2020-01-01", "2029-06-30", "2030-12-31") "}"), TW_CODE_SYNTAX },
	{ FILE_OF("{\"name\":\"../x\",\"title\":\"Lamp\"," DATES("2020-01-01", "2029-06-30", "2030-12-31") "}"), TW_CODE_SYNTAX },
	{ FILE_OF("{\"name\":\"lamp\",\"title\":\"a\\nb\"," DATES("2020-01-01", "2029-06-30", "2030-12-31") "}"), TW_CODE_SYNTAX },
	{ FILE_OF("{\"name\":\"lamp\",\"title\":\"Lamp\"," DATES("2020-01-01", "2031-06-30", "2030-12-31") "}"), TW_CODE_SYNTAX },
	{ FILE_OF("{\"name\":\"lamp\",\"title\":\"Lamp\"," DATES("2031-01-01", "2029-06-30", "2030-12-31") "}"), TW_CODE_SYNTAX },
	{ FILE_OF("{\"name\":\"lamp\",\"title\":\"Lamp\"," DATES("2020-01-01", "2029-06-31", "2030-12-31") "}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"contacts\":{\"security-email\":\"nobody\"}}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"contacts\":{\"support-url\":\"javascript:alert(1)\"}}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"contacts\":{\"fax\":\"1\"}}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"versions\":[{\"version\":\"1 2\",\"released\":\"2020-01-01\"}]}"), TW_CODE_SYNTAX },
	/* 63 bytes, and no longer. */
	{ FILE_OF(LAMP ",\"versions\":[{\"version\":\"" SIXTY "123\",\"released\":\"2020-01-01\"}]}"), TW_CODE_OK },
	{ FILE_OF(LAMP ",\"versions\":[{\"version\":\"" SIXTY "1234\",\"released\":\"2020-01-01\"}]}"), TW_CODE_SYNTAX,
		"products.json: product 1: version 1: 'version' has 64 bytes, wanted 1 to 63" },
	{ FILE_OF(LAMP ",\"versions\":[{\"version\":\"1\",\"released\":\"soon......\"}]}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"versions\":[{\"version\":\"1\",\"released\":\"2020-01-01\",\"supported-until\":\"2020-13-01\"}]}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"documents\":[{\"kind\":\"settings\",\"title\":\"S\",\"url\":\"https://a.example/s\"}]}"), TW_CODE_OK },
	{ FILE_OF(LAMP ",\"documents\":[{\"kind\":\"gossip\",\"title\":\"S\",\"url\":\"https://a.example/s\"}]}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"documents\":[{\"kind\":\"manual\",\"title\":\"S\",\"url\":\"javascript:alert(1)\"}]}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"documents\":[{\"kind\":\"manual\",\"title\":\"a\\nb\",\"url\":\"https://a.example/s\"}]}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"documents\":[{\"kind\":\"manual\",\"title\":\"S\"}]}"), TW_CODE_SYNTAX },
	{ FILE_OF(LAMP ",\"identifiers\":{\"cpe\":\"" CPE "\",\"purl\":\"pkg:generic/example/lamp\",\"sbom_urls\":[\"https://a.example/s\"],"
		       "\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"}]}}"),
		TW_CODE_OK },
	{ FILE_OF(LAMP VERSION_OF("\"identifiers\":{\"hashes\":[{\"filename\":\"lamp.img\",\"file_hashes\":[" HASH "]}]}")), TW_CODE_OK },
	{ FILE_OF(LAMP ",\"identifiers\":{}}"), TW_CODE_SYNTAX, "products.json: product 1: identifiers: : has no member" },
	{ FILE_OF(LAMP ",\"identifiers\":{\"cpe\":\"lamp\"}}"), TW_CODE_SYNTAX,
		"products.json: product 1: identifiers: /cpe: 'lamp' is not a CPE" },
	{ FILE_OF(LAMP ",\"identifiers\":{\"purl\":\"pkg:a\"}}"), TW_CODE_SYNTAX, "products.json: product 1: identifiers: /purl: " },
	{ FILE_OF(LAMP ",\"identifiers\":{\"colour\":\"red\"}}"), TW_CODE_SYNTAX, "products.json: product 1: identifiers: /colour: " },
	{ FILE_OF(LAMP ",\"identifiers\":{\"skus\":[\"a\\u0007\"]}}"), TW_CODE_SYNTAX,
		"products.json: product 1: identifiers: they have a control" },
	{ FILE_OF(LAMP VERSION_OF("\"identifiers\":{\"purl\":\"pkg:oci/a/b\"}")), TW_CODE_SYNTAX,
		"products.json: product 1: version 2: identifiers: /purl: " },
	{ FILE_OF(LAMP VERSION_OF("\"identifiers\":{\"hashes\":[{\"filename\":\"f\",\"file_hashes\":[" HASH "," HASH "]}]}")), TW_CODE_SYNTAX,
		"products.json: product 1: version 2: identifiers: /hashes/0/file_hashes/1: the file has a hash of sha256 already" },
	{ FILE_OF(LAMP ",\"models\":[{\"model\":\"L-1\",\"skus\":[\"4711\"],\"serial-numbers\":[\"L1-\"]},{\"model\":\"L-2\"}]}"), TW_CODE_OK },
	{ FILE_OF(LAMP ",\"models\":[{\"model\":\"L-1\"},{\"model\":\"L-1\"}]}"), TW_CODE_SYNTAX,
		"products.json: product 1: model 2: it is there already, as model 1" },
	{ FILE_OF(LAMP ",\"models\":[{\"model\":\"L-1\",\"skus\":[]}]}"), TW_CODE_LIMIT, "products.json: product 1: model 1: skus has 1 to 16" },
	{ FILE_OF(LAMP ",\"models\":[{\"model\":\"L-1\",\"skus\":[1]}]}"), TW_CODE_SYNTAX,
		"products.json: product 1: model 1: skus: entry 1 is no" },
	{ FILE_OF(LAMP ",\"models\":[{\"skus\":[\"1\"]}]}"), TW_CODE_SYNTAX, "products.json: product 1: model 1: 'model' is missing" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		json_t *products = NULL;
		tw_err e = tw_products_parse(tw_sys_real(), tw_slice_of(rows[i].text), &products);

		if (e.code != rows[i].code || (rows[i].detail && strncmp(tw_err_detail(), rows[i].detail, strlen(rows[i].detail)) != 0))
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_failed(e) ? tw_err_detail() : "");
		tw_jsonp(&products);
	}
}

static int64_t at(const char *text)
{
	int64_t ms = 0;

	CHECK_OK(tw_parse_time(tw_slice_of(text), &ms));
	return ms;
}

static void test_what_dates_mean(void **state)
{
	static const struct {
		const char *now;
		enum tw_support_state state;
	} dates[] = { { "2019-12-31T23:59:59Z", TW_NOT_YET_SUPPORTED }, { "2020-01-01T00:00:00Z", TW_SUPPORTED },
		{ "2029-06-30T23:59:59Z", TW_SUPPORTED }, { "2029-07-01T00:00:00Z", TW_SUPPORTED_UNSAFE },
		{ "2030-12-31T23:59:59Z", TW_SUPPORTED_UNSAFE }, { "2031-01-01T00:00:00Z", TW_UNSUPPORTED } };
	TW_CLEANUP(tw_jsonp) json_t *products = NULL;

	CHECK_OK(tw_products_parse(tw_sys_real(), TW_SLICE(GOOD), &products));
	const json_t *lamp = tw_products_find(products, TW_SLICE("lamp"));
	for (size_t i = 0; i < TW_COUNT(dates); i++)
		CHECK_INT(tw_product_state(lamp, at(dates[i].now)), dates[i].state);
	CHECK(!tw_products_find(products, TW_SLICE("lam")));
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t notices(tw_store *s)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(s, "SELECT count(*) FROM notice", NULL, 0, take_int, &n));
	return n;
}

static void test_dates_tell_once(void **state)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_subscriptions_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };
	TW_CLEANUP(tw_jsonp) json_t *products = NULL;
	struct test_dir dir = test_dir_new();
	tw_store *s = NULL;
	const int64_t until = at("2029-06-30T00:00:00Z"), end = at("2030-12-31T00:00:00Z");

	CHECK_OK(tw_products_parse(tw_sys_real(), TW_SLICE(GOOD), &products));
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &formats, &s));
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "https://example.com", until - 90 * DAY - 1));
	CHECK_INT(notices(s), 0);
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "https://example.com", until - 90 * DAY));
	CHECK_INT(notices(s), 1);
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "", until));
	CHECK_INT(notices(s), 1);
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "https://example.com", end - 90 * DAY));
	CHECK_INT(notices(s), 2);
	json_object_set_new(tw_json_get(json_array_get(products, 0), "support"), "end", json_string("2032-12-31"));
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "https://example.com", at("2032-12-31T00:00:00Z")));
	CHECK_INT(notices(s), 3); /* another date is told anew */
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "https://example.com", at("2033-01-01T00:00:00Z")));
	CHECK_INT(notices(s), 3);
	(void)tw_store_free(s);
	test_dir_done(&dir);
}

static tw_err take_versions(void *user, const tw_row *row)
{
	(void)snprintf(user, 400, TW_SLICE_FMT " " TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)), TW_SLICE_ARG(tw_row_bytes(row, 1)));
	return TW_OK;
}

/* Support of a version that ends is told to whoever has it; with the whole product's, not twice. */
static void test_a_version_ends(void **state)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_subscriptions_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };
	static const char products_text[] = FILE_OF(
		LAMP ",\"versions\":[{\"version\":\"1.0+b\",\"released\":\"2020-01-01\",\"supported-until\":\"2022-01-01\"},"
		     "{\"version\":\"2.0\",\"released\":\"2020-01-01\",\"supported-until\":\"2030-12-31\"},"
		     "{\"version\":\"3.0\",\"released\":\"2020-01-01\"}]}");
	TW_CLEANUP(tw_jsonp) json_t *products = NULL;
	struct test_dir dir = test_dir_new();
	const int64_t end = at("2022-01-01T00:00:00Z");
	tw_store *s = NULL;
	char told[400] = "";

	CHECK_OK(tw_products_parse(tw_sys_real(), tw_slice_of(products_text), &products));
	CHECK_OK(tw_store_open(tw_sys_real(), dir.fd, "t.db", &formats, &s));
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "", end - 90 * DAY - 1));
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "", end + DAY));
	CHECK_INT(notices(s), 0);
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "", end - 90 * DAY));
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "", end));
	CHECK_INT(notices(s), 1);
	CHECK_OK(tw_store_run(s, "SELECT n.id, p.versions FROM notice n JOIN notice_product p ON p.notice = n.number", NULL, 0,
		take_versions, told));
	CHECK_TEXT(told, "version-end:lamp:1.0+b:2022-01-01 vers:generic/1.0%2Bb");
	CHECK_OK(tw_products_tell(s, tw_sys_real(), products, "", at("2030-12-31T00:00:00Z")));
	CHECK_INT(notices(s), 2); /* the product's alone */
	(void)tw_store_free(s);
	test_dir_done(&dir);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *products = NULL;

	TW_TRY(tw_products_read(sys, *(int *)user, &products));
	return json_array_size(products) == 1 ? TW_OK : TW_RAISE(INTERNAL, "nothing was read, and nobody was told");
}

static void test_every_call_fails(void **state)
{
	struct test_dir dir = test_dir_new();
	TW_CLEANUP(tw_jsonp) json_t *none = NULL;

	CHECK_OK(tw_products_read(tw_sys_real(), dir.fd, &none));
	CHECK_INT(json_array_size(none), 0);
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, TW_PRODUCTS_FILE, GOOD, sizeof GOOD - 1, 0600));
	oom_sweep_with(EIO, sweep, &dir.fd);
	test_dir_done(&dir);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_what_dates_mean), cmocka_unit_test(test_dates_tell_once),
	cmocka_unit_test(test_a_version_ends), cmocka_unit_test(test_every_call_fails))

/* SPDX-License-Identifier: Apache-2.0 */
/* What the manufacturer's server reads of products: the members, the places of what does not fit, and what is not said. */
#include "product/supported.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"
#include "sys/real.h"

#include <string.h>

static const char *const good[] = {
	"format: 1",
	"organization: {name: A, pen: 32473}",
	"product: {name: B, code: b, summary: c}",
	"models: [{model: M, hardware: [A]}]",
	"software: [{version: 1.0, released: 2026-01-01}]",
	"interfaces: [{name: lan, kind: ethernet, purpose: all}]",
	"support: {start: 2026-01-01, end: 2030-01-01, security-updates-until: 2029-12-31}",
	"contacts: {security-email: s@example.com, policy-url: 'https://example.com/p'}",
	"",
};

static void with(size_t line, const char *text, struct tw_buf *ret)
{
	tw_buf_init(ret, tw_sys_real(), TW_PRODUCT_MAX);
	for (size_t i = 0; i < TW_COUNT(good); i++)
		CHECK_OK(tw_buf_format(ret, "%s\n", i + 1 == line ? text : good[i]));
}

/* What is said of it, or the entry. */
static void export(const char *yaml, struct tw_buf *ret)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;

	tw_buf_init(ret, tw_sys_real(), 65536);
	CHECK_OK(tw_problems_init(&p, "p.yaml"));
	CHECK_OK(tw_supported_product(tw_sys_real(), tw_slice_of(yaml), &p, &entry));
	CHECK(!entry == (p.count > 0));
	CHECK_OK(entry ? tw_json_write(entry, ret) : tw_problems_text(&p, ret));
}

/* Members in the order in which our writer has them. */
#define SUPPORT "\"support\":{\"end\":\"2030-01-01\",\"security-updates-until\":\"2029-12-31\",\"start\":\"2026-01-01\"}"
#define VERSIONS "\"versions\":[{\"released\":\"2026-01-01\",\"version\":\"1.0\"}]"
#define MODELS "\"models\":[{\"model\":\"M\"}],"
#define CONTACTS "{\"contacts\":{\"security-email\":\"s@example.com\"},"

#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_members(void **state)
{
	static const struct {
		size_t line;
		const char *text, *entry;
	} rows[] = {
		{ 0, "", CONTACTS MODELS "\"name\":\"b\",\"summary\":\"c\"," SUPPORT ",\"title\":\"B\"," VERSIONS "}" },
		{ 3, "product: {name: B, code: B.1, page: b-1, summary: c}",
			CONTACTS MODELS "\"name\":\"b-1\",\"summary\":\"c\"," SUPPORT ",\"title\":\"B\"," VERSIONS "}" },
		{ 3, "product:\n  name: B\n  code: b\n  summary: |\n    one\n    two\n",
			CONTACTS MODELS "\"name\":\"b\",\"summary\":\"one\\ntwo\"," SUPPORT ",\"title\":\"B\"," VERSIONS "}" },
		{ 5, "software: [{version: 1.0, released: 2026-01-01, supported-until: 2027-01-01, notes: n}]",
			CONTACTS MODELS
			"\"name\":\"b\",\"summary\":\"c\"," SUPPORT
			",\"title\":\"B\",\"versions\":[{\"released\":\"2026-01-01\",\"supported-until\":\"2027-01-01\",\"version\":\"1.0\"}]}" },
		{ 3, "product: {name: B, code: b, summary: c, identifiers: {purl: pkg:generic/b, uris: [{namespace: 'urn:a', uri: 'urn:a:b'}]}}",
			CONTACTS "\"identifiers\":{\"purl\":\"pkg:generic/b\",\"x_generic_uris\":[{\"namespace\":\"urn:a\",\"uri\":\"urn:a:b\"}]}," MODELS
				 "\"name\":\"b\",\"summary\":\"c\"," SUPPORT ",\"title\":\"B\"," VERSIONS "}" },
		{ 4, "models: [{model: M, hardware: [A], skus: [EX-1, EX-2], serial-numbers: [M1-]}]",
			CONTACTS "\"models\":[{\"model\":\"M\",\"serial-numbers\":[\"M1-\"],\"skus\":[\"EX-1\",\"EX-2\"]}],\"name\":\"b\",\"summary\":\"c\"," SUPPORT
				 ",\"title\":\"B\"," VERSIONS "}" },
		{ 5,
			"software: [{version: 1.0, released: 2026-01-01, identifiers: {sbom-urls: ['https://example.com/s'], hashes: [{file: f, algorithm: sha256, value: " SHA256
			"}]}}]",
			CONTACTS MODELS
			"\"name\":\"b\",\"summary\":\"c\"," SUPPORT
			",\"title\":\"B\",\"versions\":[{\"identifiers\":{\"hashes\":[{\"file_hashes\":[{\"algorithm\":\"sha256\",\"value\":\"" SHA256
			"\"}],\"filename\":\"f\"}],\"sbom_urls\":[\"https://example.com/s\"]},\"released\":\"2026-01-01\",\"version\":\"1.0\"}]}" },
		{ 9, "documents: [{kind: settings, title: All, url: 'https://example.com/s'}]",
			CONTACTS "\"documents\":[{\"kind\":\"settings\",\"title\":\"All\",\"url\":\"https://example.com/s\"}],\"models\":[{\"model\":\"M\"}],\"name\":\"b\",\"summary\":\"c\"," SUPPORT
				 ",\"title\":\"B\"," VERSIONS "}" },
		{ 7, "support: {start: 2026-01-01, end: 2030-01-01, security-updates-until: 2029-12-31, terms: All of it., tell-before-days: 180}",
			CONTACTS MODELS "\"name\":\"b\",\"summary\":\"c\",\"support\":{\"end\":\"2030-01-01\",\"security-updates-until\":\"2029-12-31\",\"start\":\"2026-01-01\","
					"\"tell-before-days\":180,\"terms\":\"All of it.\"},\"title\":\"B\"," VERSIONS "}" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf yaml = { 0 }, said = { 0 };

		with(rows[i].line, rows[i].text, &yaml);
		export(tw_buf_cstr(&yaml), &said);
		if (strcmp(tw_buf_cstr(&said), rows[i].entry) != 0)
			fail_msg("row %zu: %s", i, tw_buf_cstr(&said));
	}
}

static void test_what_does_not_fit_is_named(void **state)
{
	static char long_summary[1200], many[4096];
	const struct {
		size_t line;
		const char *text, *said;
	} rows[] = {
		{ 3, "product: {name: B, code: B.1, summary: c}", "p.yaml:3:26: 'code' cannot be part of the address" },
		{ 3, "product: {name: B, code: b, page: -b, summary: c}", "p.yaml:3:35: 'page' cannot be part of the address" },
		{ 3, long_summary, "p.yaml:3:38: 'summary' has 1001 bytes, of which the server's page takes 1000" },
		{ 5, many, "p.yaml:5:11: there are 41 versions, of which the server's page takes 40" },
		{ 5, "software: [{version: 1.0, released: 2026-01-01, supported-until: 2025-01-01}]",
			"p.yaml:5:66: support of 1.0 ends before it was released" },
		{ 8, "contacts: {security-email: s@example.com, policy-url: 'https://example.com/p', support-url: 'https://example.com/#h'}",
			"p.yaml:8:93: the server can send nobody to this 'support-url'" },
		{ 9, "documents: [{kind: manual, title: M, url: 'https://a@example.com/'}]", "p.yaml:9:43: the server can send nobody" },
		{ 9, "documents: [{kind: poem, title: M, url: 'https://example.com/'}]", "p.yaml:9:20: " },
		{ 7, "support: {start: 2026-01-01}", "'end' is missing" },
	};
	size_t size;

	memset(many, 'x', 1001);
	(void)snprintf(long_summary, sizeof long_summary, "product: {name: B, code: b, summary: %.1001s}", many);
	size = (size_t)snprintf(many, sizeof many, "software: [");
	for (int i = 0; i < 41; i++)
		size += (size_t)snprintf(many + size, sizeof many - size, "%s{version: 1.%d, released: 2026-01-01}", i ? ", " : "", i);
	(void)snprintf(many + size, sizeof many - size, "]");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf yaml = { 0 }, said = { 0 };

		with(rows[i].line, rows[i].text, &yaml);
		export(tw_buf_cstr(&yaml), &said);
		if (!strstr(tw_buf_cstr(&said), rows[i].said))
			fail_msg("row %zu: %s", i, tw_buf_cstr(&said));
	}
}

static void test_what_is_not_said(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *bare = json_object(), *entries = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 512);
	CHECK_OK(tw_supported_missing(bare, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "support.terms, contacts.security-url, contacts.support-email, contacts.support-url, documents");
	tw_buf_clear(&b);
	CHECK_OK(tw_supported_file(entries, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "{\"format\":1,\"products\":[]}\n");
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;

	TW_TRY(tw_problems_init(&p, "p.yaml"));
	return tw_supported_product(sys, tw_slice_of(user), &p, &entry);
}

static void test_memory_runs_out(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf yaml = { 0 };

	with(0, "", &yaml);
	CHECK(oom_sweep(sweep, yaml.data) > 3);
}

CHECK_MAIN(cmocka_unit_test(test_members), cmocka_unit_test(test_what_does_not_fit_is_named),
	cmocka_unit_test(test_what_is_not_said), cmocka_unit_test(test_memory_runs_out))

/* SPDX-License-Identifier: Apache-2.0 */
/* The index names every component that a record means: every pair of many components and records, asked both ways. */
#include "formats/vulnindex.h"

#include "check.h"
#include "formats/vulnfeed.h"
#include "oom.h"

static const struct tw_vuln_component components[] = {
	{ "curl", "8.0", "pkg:deb/debian/curl@8.0-1", "cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*" },
	{ "Foo_Bar", "1.0", "pkg:pypi/foo-bar@1.0", NULL },
	{ "b", "1.0.0", "pkg:npm/%40a/b@1.0.0", NULL },
	{ "core", "1", "pkg:maven/org.apache.x/core@1", NULL },
	{ "github.com/a/b", "v1.0.0", "pkg:golang/github.com/a/b@v1.0.0", NULL },
	{ "kernel", "6.6", NULL, "cpe:2.3:o:linux:linux_kernel:6.6:*:*:*:*:*:*:*" },
	{ "C++", "1", NULL, "cpe:2.3:a:x:c\\+\\+:1:*:*:*:*:*:*:*" },
	{ "+++", "1", NULL, NULL },
	{ "libfoo", "1", NULL, "cpe:/a:x:foo-bar:1" },
	{ "libssl3", "3.0-1", "pkg:deb/debian/libssl3@3.0-1?upstream=openssl", NULL },
	{ "libz1", "1", NULL, "cpe:2.3:*:*:zlib:1:*:*:*:*:*:*:*" },
	{ "kernel-image", "6.6", NULL, "cpe:2.3:*:linux:linux_kernel:6.6:*:*:*:*:*:*:*" },
	{ "odd", "1", NULL, "cpe:2.3:a:x:-:1:*:*:*:*:*:*:*" },
};

#define OSV(ecosystem, name, more)                                                                                     \
	"{\"id\":\"X-1\",\"modified\":\"2026-01-02T03:04:05Z\",\"affected\":[{\"package\":{\"ecosystem\":\"" ecosystem \
	"\",\"name\":\"" name "\"" more "}}]}"
#define CVE(members)                                                                                                                  \
	"{\"dataType\":\"CVE_RECORD\",\"dataVersion\":\"5.1\",\"cveMetadata\":{\"cveId\":\"CVE-2026-0001\",\"state\":\"PUBLISHED\"}," \
	"\"containers\":{\"cna\":{\"affected\":[{" members "}]},\"adp\":[{\"affected\":[{" members "}]}]}}"

static const char *const records[] = {
	OSV("Debian:12", "curl", ""),
	OSV("Debian:12", "openssl", ""),
	OSV("PyPI", "foo_bar", ""),
	OSV("PyPI", "x", ",\"purl\":\"pkg:pypi/Foo.Bar\""),
	OSV("npm", "@a/b", ""),
	OSV("Maven", "org.apache.x:core", ""),
	OSV("Go", "github.com/a/b", ""),
	OSV("Other", "CURL", ""),
	OSV("Other", "+++", ""),
	OSV("Other", "a:b/c", ""),
	CVE("\"vendor\":\"Linux\",\"product\":\"Linux Kernel\""),
	CVE("\"vendor\":\"Linux\",\"product\":\"Linux\""),
	CVE("\"vendor\":\"x\",\"product\":\"zlib\""),
	CVE("\"cpes\":[\"cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*\"]"),
	CVE("\"cpes\":[\"cpe:2.3:o:linux:linux_*:*:*:*:*:*:*:*:*\",\"no name\"]"),
	CVE("\"cpes\":[\"cpe:2.3:a:x:c\\\\+\\\\+:*:*:*:*:*:*:*:*\",\"cpe:2.3:a:x:-:*:*:*:*:*:*:*:*\"]"),
	CVE("\"cpes\":[\"cpe:/a:x:foo-bar\"]"),
	CVE("}],\"cpeApplicability\":[{\"nodes\":[{\"operator\":\"OR\",\"cpeMatch\":[{\"vulnerable\":true,\"criteria\":\"cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*\"},"
	    "{\"vulnerable\":true,\"criteria\":\"cpe:/a:x:foo-bar\"}]}]"),
	CVE("\"packageName\":\"Kernel\",\"packageURL\":\"pkg:deb/debian/curl\""),
	CVE("\"packageURL\":\"not one\",\"product\":\"c++\",\"vendor\":\"x\""),
};

static tw_err on_match(void *user, const struct tw_vuln_match *m)
{
	++*(int *)user;
	return TW_OK;
}

struct named {
	bool of[TW_COUNT(components)];
	size_t count;
};

static tw_err on_candidate(void *user, size_t subject)
{
	struct named *n = user;

	CHECK(!n->of[subject]); /* once */
	n->of[subject] = true;
	n->count++;
	return TW_OK;
}

static tw_err ask(tw_vuln_index *i, const char *text, struct named *ret, json_t **record, bool *osv)
{
	*osv = !tw_failed(tw_osv_read(tw_slice_of(text), record));
	if (!*osv)
		TW_TRY(tw_cve_read(tw_slice_of(text), record));
	return *osv ? tw_vuln_index_osv(i, *record, on_candidate, ret) : tw_vuln_index_cve(i, *record, on_candidate, ret);
}

static void test_both_ways(void **state)
{
	struct tw_vuln_subject s[TW_COUNT(components)];
	tw_vuln_index *i = NULL;
	int told = 0;
	size_t named = 0;

	for (size_t k = 0; k < TW_COUNT(s); k++)
		CHECK_OK(tw_vuln_subject_init(tw_sys_real(), &components[k], &s[k]));
	CHECK_OK(tw_vuln_index_new(tw_sys_real(), s, TW_COUNT(s), &i));
	for (size_t r = 0; r < TW_COUNT(records); r++) {
		struct named n = { 0 };
		json_t *record = NULL;
		bool osv;

		CHECK_OK(ask(i, records[r], &n, &record, &osv));
		named += n.count;
		for (size_t k = 0; k < TW_COUNT(s); k++) {
			int before = told;

			CHECK_OK(osv ? tw_vuln_match_osv(&s[k], record, on_match, &told)
				     : tw_vuln_match_cve(&s[k], record, on_match, &told));
			if (told > before && !n.of[k])
				fail_msg("record %zu means component %zu, which the index does not name", r, k);
		}
		json_decref(record);
	}
	CHECK(told >= 16); /* or nothing was tried */
	CHECK(named < TW_COUNT(records) * TW_COUNT(s) / 3);
	for (size_t k = 0; k < TW_COUNT(s); k++)
		tw_vuln_subject_done(&s[k]);
	(void)tw_vuln_index_free(i);
}

static void test_named(void **state)
{
	struct tw_vuln_subject s[2] = { 0 }; /* the second was not made */
	struct named n = { 0 };
	tw_vuln_index *i = NULL;

	CHECK_OK(tw_vuln_subject_init(tw_sys_real(), &components[0], &s[0]));
	CHECK_OK(tw_vuln_index_new(tw_sys_real(), s, 2, &i));
	CHECK_OK(tw_vuln_index_named(i, "Curl", "pkg:deb/debian/curl", "cpe:/a:haxx:curl", on_candidate, &n));
	CHECK_INT(n.count, 1);
	n = (struct named){ 0 };
	CHECK_OK(tw_vuln_index_named(i, "", "", "", on_candidate, &n));
	CHECK_OK(tw_vuln_index_named(i, "wget", "pkg:", "cpe:", on_candidate, &n));
	CHECK_INT(n.count, 0);
	(void)tw_vuln_index_free(i);
	tw_vuln_subject_done(&s[0]);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_vuln_index_freep) tw_vuln_index *i = NULL;
	TW_CLEANUP(tw_vuln_subject_done) struct tw_vuln_subject s = { 0 };
	struct named n = { 0 };

	TW_TRY(tw_vuln_subject_init(sys, &components[0], &s));
	TW_TRY(tw_vuln_index_new(sys, &s, 1, &i));
	return tw_vuln_index_named(i, "curl", "pkg:deb/debian/curl", "cpe:/a:haxx:curl", on_candidate, &n);
}

static void test_out_of_memory(void **state)
{
	(void)told_sweep(ENOMEM, sweep, NULL, "");
}

CHECK_MAIN(cmocka_unit_test(test_both_ways), cmocka_unit_test(test_named), cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of texts in CSAF documents: rows of right ones, each with wrong ones beside it. */
#include "formats/csaf-text.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

struct form {
	const char *text;
	bool right;
};

static void check_forms(bool (*match)(const char *s), const struct form *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (match(rows[i].text) != rows[i].right)
			fail_msg("'%s' is %s", rows[i].text, rows[i].right ? "refused" : "taken");
}
#define CHECK_FORMS(match, rows) check_forms(match, rows, TW_COUNT(rows))

static void test_times(void **state)
{
	static const struct form rows[] = { { "2026-11-22T09:30:00Z", true }, { "2026-11-22t09:30:00z", true },
		{ "2026-11-22 09:30:00+01", true },
		{ "2026-11-22\xe2\x80\x83"
		  "09:30:00-0130",
			true },
		{ "2026-11-22T09:30:00.123456789012345678901Z", true }, { "2024-02-29T00:00:00Z", true }, { "2000-02-29T00:00:00Z", true },
		{ "2016-12-31T23:59:60Z", true }, { "2017-01-01T00:59:60+01:00", true }, { "2026-11-22", false },
		{ "2026-11-22T09:30:00", false }, { "2026-11-22T09:30Z", false }, { "2026-11-22T24:00:00Z", false },
		{ "2026-11-22T09:60:00Z", false }, { "2026-11-22T09:30:60Z", false }, { "2026-11-22T09:30:61Z", false },
		{ "2016-12-31T23:59:61Z", false }, { "2025-02-29T00:00:00Z", false }, { "1900-02-29T00:00:00Z", false },
		{ "2026-13-01T00:00:00Z", false }, { "2026-00-01T00:00:00Z", false }, { "2026-01-00T00:00:00Z", false },
		{ "2026-04-31T00:00:00Z", false }, { "2026-11-22T09:30:00.Z", false }, { "2026-11-22T09:30:00+24:00", false },
		{ "2026-11-22T09:30:00+01:60", false }, { "2026-11-22T09:30:00+1:00", false }, { "2026-11-22T09:30:00+01:", false },
		{ "2026-11-22T09:30:00Z ", false }, { "2026-11-22  09:30:00Z", false }, { "", false } };

	CHECK_FORMS(tw_csaf_is_time, rows);
}

static void test_times_in_order(void **state)
{
	static const char *const rows[] = { "1970-01-01T00:00:00Z", "1970-01-01T02:00:00+01:00", "2024-02-29T23:59:59.9Z",
		"2024-03-01T00:00:00Z", "2024-12-31T23:59:59Z", "2024-12-31T23:59:59.000000000000000001Z", "2024-12-31T23:59:60Z",
		"2025-01-01T00:00:01Z", "9999-12-31T00:00:00Z" };
	struct tw_csaf_time a, b;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		for (size_t j = 0; j < TW_COUNT(rows); j++) {
			CHECK(tw_csaf_time_read(rows[i], &a) && tw_csaf_time_read(rows[j], &b));
			CHECK_INT(tw_csaf_time_compare(&a, &b), (i > j) - (i < j));
		}
}

static void test_uris(void **state)
{
	static const struct form rows[] = { { "https://example.com/", true },
		{ "https://user:pw@example.com:80/a/b;c?x=/&y=?#/f?", true }, { "urn:a", true }, { "mailto:a@b.example", true },
		{ "x:/", true }, { "file:///etc/passwd", true }, { "http://[::1]", true }, { "http://[::1]:80/a", true },
		{ "http://u@[1:2:3:4:5:6:7:8]/", true }, { "http://[1:2:3:4:5:6:1.2.3.4]?q", true }, { "http://[1::2:1.2.3.4]", true },
		{ "http://[1:2:3:4:5:6:7::]", true }, { "http://[v1f.a:b]", true }, { "x:/[::]", true }, { "https://a/%20", true },
		{ "a+b-c.d:e", true }, { "", false }, { "example.com", false }, { "/a", false }, { "1a:b", false }, { "x:", false },
		{ "x:?q", false }, { "x:#f", false }, { "https://a b", false }, { "https://a/%2", false }, { "https://a/%zz", false },
		{ "https://a/\"", false }, { "https://a/\xc3\xa9", false }, { "https://a/[b]", false }, { "https://a?[b]", false },
		{ "https://a#b#c", false }, { "http://[::1", false }, { "http://[:::1]", false }, { "http://[1::2::3]", false },
		{ "http://[1:2:3:4:5:6:7]", false }, { "http://[1:2:3:4:5:6:7:8:9]", false }, { "http://[1:2:3:4:5:6:7:8::]", false },
		{ "http://[12345::]", false }, { "http://[::1.2.3]", false }, { "http://[::1.2.3.256]", false },
		{ "http://[1.2.3.4::]", false }, { "http://[g::]", false }, { "http://[v1]", false }, { "http://[v.a]", false },
		{ "http://[::1]a", false }, { "http://[::1]:80a", false }, { "http://a[::1]", false }, { "http://a@b@[::1]", false } };

	CHECK_FORMS(tw_csaf_is_uri, rows);
}

static void test_cpes(void **state)
{
	static const struct form rows[] = { { "cpe:2.3:a:vendor:product:1.0:*:*:en-us:-:*:x\\:y:*", true },
		{ "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*", true }, { "cpe:2.3:h:??a?:*b*:-:*:*:deu-276:*:*:*:*", true }, { "cpe:/", true },
		{ "cpe:/a:vendor:product:1.0::~~~", true }, { "cPE:/O:a", true }, { "cpe:2.3:a:vendor:product:1.0:*:*:en-us:-:*:x", false },
		{ "cpe:2.3:a:*:*:*:*:*:*:*:*:*:*:*", false }, { "cpe:2.3:x:*:*:*:*:*:*:*:*:*:*", false },
		{ "cpe:2.3:a:**:*:*:*:*:*:*:*:*:*", false }, { "cpe:2.3:a:?*a:*:*:*:*:*:*:*:*:*", false },
		{ "cpe:2.3:a:a*b:*:*:*:*:*:*:*:*:*", false }, { "cpe:2.3:a::*:*:*:*:*:*:*:*:*", false },
		{ "cpe:2.3:a:a!:*:*:*:*:*:*:*:*:*", false }, { "cpe:2.3:a:a\\a:*:*:*:*:*:*:*:*:*", false },
		{ "cpe:2.3:a:*:*:*:*:*:e:*:*:*:*", false }, { "cpe:2.3:a:*:*:*:*:*:engl:*:*:*:*", false },
		{ "cpe:2.3:a:*:*:*:*:*:en-u:*:*:*:*", false }, { "cpe:2.3:a:*:*:*:*:*:en-2a6:*:*:*:*", false }, { "Cpe:/a", false },
		{ "cpe:/x:y", false }, { "cpe:/a:1:2:3:4:5:6:7", false }, { "cpe:/a b", false }, { "cpe:", false }, { "", false } };

	CHECK_FORMS(tw_csaf_is_cpe, rows);
}

static void test_small_forms(void **state)
{
	static const struct form cves[] = { { "CVE-2026-0001", true }, { "CVE-2026-1234567", true }, { "CVE-2026-001", false },
		{ "CVE-202-0001", false }, { "cve-2026-0001", false }, { "CVE-2026-0001a", false }, { "CVE-20266-0001", false },
		{ "", false } };
	static const struct form cwes[] = { { "CWE-1", true }, { "CWE-999999", true }, { "CWE-0", false }, { "CWE-01", false },
		{ "CWE-1000000", false }, { "CWE-", false }, { "CWE-1a", false }, { "1", false } };
	static const struct form hashes[] = { { "0123456789abcdefABCDEF0123456789", true },
		{ "0123456789abcdefABCDEF0123456789a", true }, { "0123456789abcdefABCDEF012345678", false },
		{ "0123456789abcdefABCDEF012345678g", false }, { "0123456789abcdefABCDEF0123456789 ", false } };
	static const struct form categories[] = { { "a", true }, { "a b", true }, { "\xc3\xa9", true }, { "a-_.b", true },
		{ "", false }, { " a", false }, { "a ", false }, { "-a", false }, { "a_", false }, { ".", false }, { "a\nb", false },
		{ "a\xe2\x80\xa8"
		  "b",
			false },
		{ "a\xe2\x80\x83", false },
		{ "\xef\xbb\xbf"
		  "a",
			false } };
	static const struct form ids[] = { { "-a_", true }, { "a b", true }, { "a\tb", true }, { "", false }, { " a", false },
		{ "a\xc2\xa0", false }, { "a\rb", false }, { "a\n", false } };
	static const struct form purls[] = { { "pkg:a/b", true }, { "pkg:A.b+c-1/b", true }, { "pkg:+/b", true },
		{ "pkg:/b", false }, { "pkg:1a/b", false }, { "pkg:a", false }, { "pkg:a/", false }, { "PKG:a/b", false },
		{ "pkg:a_b/c", false }, { "pkg:", false } };

	CHECK_FORMS(tw_csaf_is_cve, cves);
	CHECK_FORMS(tw_csaf_is_cwe, cwes);
	CHECK_FORMS(tw_csaf_is_hash, hashes);
	CHECK_FORMS(tw_csaf_is_category, categories);
	CHECK_FORMS(tw_csaf_is_id, ids);
	CHECK_FORMS(tw_csaf_is_purl, purls);
}

static void test_version_forms(void **state)
{
	static const struct form rows[] = { { "0", true }, { "12", true }, { "1.2.3", true }, { "0.0.0", true },
		{ "1.0.0-rc.1+build.01", true }, { "1.0.0--", true }, { "1.0.0-0a", true }, { "1.0.0-00a.0", true },
		{ "123456789012345678901234567890", true }, { "", false }, { "01", false }, { "1.2", false }, { "1.2.3.4", false },
		{ "v1.2.3", false }, { "01.2.3", false }, { "1.0.0-", false }, { "1.0.0+", false }, { "1.0.0-01", false },
		{ "1.0.0-a..b", false }, { "1.0.0-a_b", false }, { "1.0.0+a+b", false }, { " 1", false }, { "1 ", false },
		{ "-1", false } };

	CHECK_FORMS(tw_csaf_is_version, rows);
}

/* The order that semver.org gives as its example, and builds that do not count. */
static void test_versions_in_order(void **state)
{
	static const char *const rows[] = { "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-11", "1.0.0-alpha", "1.0.0-alpha.1",
		"1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0",
		"1.10.0", "2.0.0", "18446744073709551616.0.0", "18446744073709551617.0.0" };
	struct tw_csaf_version a, b;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		for (size_t j = 0; j < TW_COUNT(rows); j++) {
			CHECK(tw_csaf_version_read(rows[i], &a) && tw_csaf_version_read(rows[j], &b));
			int c = tw_csaf_version_compare(&a, &b);
			CHECK_INT((c > 0) - (c < 0), (i > j) - (i < j));
		}
	CHECK(tw_csaf_version_read("1.0.0+a", &a) && tw_csaf_version_read("1.0.0+b", &b));
	CHECK_INT(tw_csaf_version_compare(&a, &b), 0);
	CHECK(tw_slice_is(a.core, "1.0.0"));
	CHECK(!tw_csaf_version_read("1", &a));
}

static void test_language_forms(void **state)
{
	static const struct form rows[] = { { "de", true }, { "deu", true }, { "zh-cmn-Hans-CN", true }, { "zh-aaa-bbb-ccc", true },
		{ "abcd", true }, { "abcdefgh", true }, { "de-419", true }, { "de-1996", true }, { "de-CH-1901-biske", true },
		{ "en-u-co-phonebk-t-de", true }, { "en-a-bb", true }, { "x-a", true }, { "X-abc-1", true }, { "de-x-1", true },
		{ "i-default", true }, { "I-MINGO", true }, { "", false }, { "d", false }, { "abcdefghi", false }, { "de-", false },
		{ "-de", false }, { "de--CH", false }, { "abcd-abc", false }, { "zh-aaa-bbb-ccc-ddd", false },
		{ "de-CHEE-CHEE", false }, { "de-12", false }, { "de-abcdefghi", false }, { "de-u", false }, { "de-u-a", false },
		{ "de-x", false }, { "x", false }, { "x-", false }, { "i-klingon", false }, { "de_CH", false }, { "d\xc3\xa9", false } };

	CHECK_FORMS(tw_csaf_is_language, rows);
}

static void test_languages_registered(void **state)
{
	static const struct form rows[] = { { "de", true }, { "DE-ch", true }, { "de-1996", true }, { "sl-rozaj-biske-1994", true },
		{ "zh-cmn-Hans-CN", true }, { "yue", true }, { "sgn-ase", true }, { "qaa-Qaaa-QM", true }, { "qtz", true },
		{ "en-US-x-private", true }, { "x-private", true }, { "art-lojban", true }, { "en-u-co-phonebk", true },
		{ "en-t-de-u-co-phonebk", true }, { "hy-arevela", true }, { "zh-Latn-CN-pinyin", true }, { "qq", false },
		{ "qua-QA", true }, { "qb", false }, { "abcd", false }, { "en-YY", false }, { "en-Abcd", false }, { "en-1996", false },
		{ "de-cmn", false }, { "zh-cmn-yue", false }, { "zh-CN-pinyin", false }, { "de-1996-1996", false },
		{ "de-fonipa", false }, { "de-12345", false }, { "en-a-bbb", false }, { "en-U-co", false }, { "en-u-co-u-nu", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *fault = tw_csaf_language_fault(rows[i].text);

		if (!fault != rows[i].right)
			fail_msg("%s: %s", rows[i].text, fault ? fault : "taken");
	}
	CHECK_TEXT(tw_csaf_language_fault("no tag"), "is no language tag");
}

static void test_weaknesses(void **state)
{
	CHECK(tw_slice_is(tw_csaf_cwe_name("CWE-5"), "J2EE Misconfiguration: Data Transmission Without Encryption")); /* the first */
	CHECK(tw_slice_is(tw_csaf_cwe_name("CWE-89"), "Improper Neutralization of Special Elements used in an SQL Command ('SQL Injection')"));
	CHECK(tw_slice_is(tw_csaf_cwe_name("CWE-1004"), "Sensitive Cookie Without 'HttpOnly' Flag"));
	CHECK(tw_csaf_cwe_name("CWE-1431").size > 0); /* the last */
	CHECK(tw_csaf_cwe_name("CWE-1").size == 0 && tw_csaf_cwe_name("CWE-999999").size == 0 && tw_csaf_cwe_name("89").size == 0);
	CHECK(tw_csaf_cwe_name("CWE-089").size == 0 && tw_csaf_cwe_name("").size == 0);
}

static const struct form purls[] = { { "pkg:npm/%40scope/name@1.0.0?a=b&c=d#sub/path", true }, { "pkg:npm/@scope/name", true },
	{ "pkg:npm/a", true }, { "pkg:deb/debian/curl@8.0-1?arch=arm64", true }, { "pkg:generic//a//b", true },
	{ "pkg:generic/a%20b?x=+&y", true }, { "pkg:x/a?", true }, { "pkg:conan/a", true }, { "pkg:conan/u/a?channel=stable", true },
	{ "pkg:cran/a@1", true }, { "pkg:golang/x.org/a@v1.2.3", true }, { "pkg:golang/x.org/a@1.2", true }, { "pkg:maven/g/a", true },
	{ "pkg:mlflow/a", true }, { "pkg:oci/a", true }, { "pkg:pub/A-b_9", true }, { "pkg:swift/g/a@1", true },
	{ "pkg:x/a?k=%2541", true }, { "pkg:npm/a/", false }, { "pkg:npm/a/@1", true }, { "pkg:npm/%20", false },
	{ "pkg:npm/%ff", false }, { "pkg:npm/a@%c3", false }, { "pkg:npm/%80/a", false }, { "pkg:npm/a#%e2%82", false },
	{ "pkg:npm/a?1k=v", false }, { "pkg:npm/a?k%20=v", false }, { "pkg:npm/a?k=%25", false }, { "pkg:npm/a?k=%25ff", false },
	{ "pkg:npm/a?k%c3%a9=v", false }, { "pkg:conan/a?channel=stable", false }, { "pkg:conan/u/a", false },
	{ "pkg:CONAN/u/a", false }, { "pkg:cran/a", false }, { "pkg:cran/a@%20", false }, { "pkg:golang/x.org/a@v1.2", false },
	{ "pkg:golang/x.org/a@%20v1", false }, { "pkg:maven/a", false }, { "pkg:maven/%2F/a", false }, { "pkg:mlflow/g/a", false },
	{ "pkg:oci/g/a", false }, { "pkg:pub/a.b", false }, { "pkg:swift/g/a", false }, { "pkg:swift/a@1", false } };

static void test_purls(void **state)
{
	const char *fault = NULL;

	for (size_t i = 0; i < TW_COUNT(purls); i++) {
		CHECK_OK(tw_csaf_purl_fault(tw_sys_real(), purls[i].text, &fault));
		if (!fault != purls[i].right)
			fail_msg("%s: %s", purls[i].text, fault ? fault : "taken");
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	const char *fault = NULL;

	TW_TRY(tw_csaf_purl_fault(sys, "pkg:golang/a%20b/c@v1.2.3?d=e%20f#g", &fault));
	CHECK(!fault);
	return TW_OK;
}

static void test_purls_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_times), cmocka_unit_test(test_times_in_order), cmocka_unit_test(test_uris),
	cmocka_unit_test(test_cpes), cmocka_unit_test(test_small_forms), cmocka_unit_test(test_version_forms),
	cmocka_unit_test(test_versions_in_order), cmocka_unit_test(test_language_forms), cmocka_unit_test(test_languages_registered),
	cmocka_unit_test(test_weaknesses), cmocka_unit_test(test_purls), cmocka_unit_test(test_purls_without_memory))

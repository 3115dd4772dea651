/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of versions: lists in ascending order, where "=" stands before one that is equal to the one before it, every one compared with
 * every other. Those of deb and PEP 440 beyond the standards' own were generated and sorted by dpkg 1.21 and by packaging 23.0
 * (test-version-order.h); those of rpm, apk, Maven and semver.org are of their documents.
 */
#include "formats/version.h"

#include "base/mem.h"
#include "check.h"
#include "test-version-order.h"

#define LIST_MAX 400

static void check_order(enum tw_version_scheme s, const char *const *list, size_t count)
{
	static int place[LIST_MAX];
	int at = 0, c;

	CHECK(count && count <= LIST_MAX);
	for (size_t i = 0; i < count; i++)
		place[i] = list[i][0] == '=' ? at : ++at;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			const char *a = list[i] + (list[i][0] == '='), *b = list[j] + (list[j][0] == '=');

			CHECK_OK(tw_version_compare(s, a, b, &c));
			if (c != (place[i] > place[j]) - (place[i] < place[j]))
				fail_msg("%s: '%s' and '%s': got %d", tw_version_scheme_name(s), a, b, c);
		}
}
#define CHECK_ORDER(s, list) check_order(s, list, TW_COUNT(list))

static void test_semver(void **state)
{
	static const char *const list[] = { "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-11", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
		"1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "=1.0.0+build", "1.2.0", "1.10.0", "2.0.0" };

	CHECK_ORDER(TW_VERSION_SEMVER, list);
}

static void test_deb(void **state)
{
	static const char *const list[] = { "1.0~~", "1.0~~a", "1.0~", "1.0~a", "1.0", "=1.0-0", "=0:1.0", "1.0-1~bpo11+1", "1.0-1",
		"=01.00-1", "1.0-1+b1", "1.0-1.1", "1.0a", "1.0+dfsg-1", "1.0-1-1", "1.0.1", "1.10", "9999999999999999999999",
		"1:0.1", "10:0.1" };

	CHECK_ORDER(TW_VERSION_DEB, list);
	CHECK_ORDER(TW_VERSION_DEB, deb_order);
}

static void test_rpm(void **state)
{
	static const char *const list[] = { "1.0~rc1", "=1.0~rc1.", "1.0~rc1-2", "1.0~rc1^git1", "1.0~rc2", "1.0", "=1.00",
		"1.0-0.1", "1.0-1", "=1.0-01", "1.0-1.fc25", "1.0-2", "1.0^", "1.0^git1~pre", "1.0^git1", "1.0^git2", "1.0^20160101",
		"1.0^20160101^git1", "1.0^20160102", "1.0a", "1.0.1", "1.0.1^a", "2.0", "=2_0", "2.0.1", "2.0.1a", "=2.0.1.a", "5.5p1",
		"5.5p2", "5.5p10", "5.6p1", "10", "10a2", "10b2", "10.0001", "=10.1", "10.1xyz", "20101121", "20101122", "1:0", "2:0~" };

	CHECK_ORDER(TW_VERSION_RPM, list);
}

/* Some of apk-tools' own examples (test/version.data), with a revision where they have none, and the order of suffixes in apk-package(5). */
static void test_apk(void **state)
{
	static const char *const list[] = { "0-r0", "1.0_alpha_pre2-r0", "1.0_alpha-r0", "1.0_alpha-r1", "1.0_alpha1-r0",
		"1.0_alpha2-r0", "1.0_alpha10-r0", "1.0_beta-r0", "1.0_pre20191002222144-r0", "1.0_pre20210530193627-r0", "1.0_rc1-r0",
		"=1.0_rc01-r0", "1.0_rc1_git2024-r0", "1.0-r0", "1.0-r1", "=1.0-r01", "1.0-r10", "1.0_cvs-r0", "1.0_svn-r0",
		"1.0_git20240101-r0", "1.0_hg-r0", "1.0_p_rc1-r0", "1.0_p-r0", "1.0_p9-r0", "1.0_p10-r0", "1.0_p10_p1-r0",
		"1.0a_rc1-r0", "1.0a-r0", "1.0a-r2", "1.0k-r0", "1.0.0-r0", "1.0.02-r0", "1.0.1-r0", "1.0.10-r0", "1.01-r0", "1.02-r0",
		"1.02.07-r0", "1.02.10-r1", "1.03-r1", "1.1-r0", "006-r0", "21-r0", "021109-r3", "99999999999999999999999-r0" };
	static const char *const examples[][2] = { { "0.1.0_alpha-r0", "2.34-r0" }, { "0.1.0_alpha-r0", "0.1.3_alpha-r0" },
		{ "1.1_alpha1-r0", "1.1-r0" }, { "1.2-r0", "1.3_alpha-r0" }, { "0.8_beta4-r0", "4.8-r1" },
		{ "0.12-r0", "0.13_beta1-r0" }, { "2.2.3-r2", "013-r0" }, { "0.2.0-r1", "3.1_p16-r0" }, { "1.06-r6", "006-r0" },
		{ "0.94-r0", "2.01.01_alpha10-r0" }, { "0.9.2-r0", "1.00_beta2-r0" }, { "4.2.52_p2-r1", "4.2.52_p4-r2" },
		{ "1.02.07-r0", "4.2.52_p4-r2" }, { "2.5.1-r8", "2.5.1a-r1" }, { "1.5-r0", "2.0.0_rc3-r1" },
		{ "0.10.0-r0", "0.10.1_rc1-r0" }, { "1.1.12-r0", "1.1.13-r0" }, { "1.12-r7", "6b-r7" },
		{ "2.02.06-r0", "2.02.10-r0" }, { "1.2.07.8-r0", "1.6d-r0" }, { "1.8.5-r0", "1.8.5_p2-r0" },
		{ "2.9.11_pre20051101-r3", "2.9.11_pre20061021-r1" }, { "1.6.8_p9-r2", "1.6.8_p12-r1" }, { "0.1-r0", "1.2.5_rc2-r0" },
		{ "1.3-r0", "1.3.1-r0" }, { "1.3_pre1-r1", "1.3.2-r0" }, { "0.1.0_alpha_pre2-r0", "0.1.0_alpha-r0" } };
	static const char *const refused[] = { "", "1.0", "1.0~ab-r0", "1.0-r", "1.0-r0x", "1.0ab-r0", "1.-r0", "a-r0", "1:1.0-r0",
		"1.0_foo-r0", "1.0_-r0", "1.0_rc1a-r0", "1.0_rc1.1-r0", "1.0_rcs-r0", "1.0_rc1", "1.0A-r0" };
	int c;

	CHECK_ORDER(TW_VERSION_APK, list);
	for (size_t i = 0; i < TW_COUNT(examples); i++) {
		CHECK_OK(tw_version_compare(TW_VERSION_APK, examples[i][0], examples[i][1], &c));
		if (c != -1)
			fail_msg("apk: '%s' and '%s': got %d", examples[i][0], examples[i][1], c);
	}
	for (size_t i = 0; i < TW_COUNT(refused); i++)
		CHECK_ERR(tw_version_compare(TW_VERSION_APK, "1.0-r0", refused[i], &c), SYNTAX);
}

/* Each list ascending, by the examples of the POM reference and of ComparableVersion itself; what those orders leave open is refused. */
static void test_maven(void **state)
{
	static const char *const reference[] = { "1-snapshot", "1", "=1.0", "=1.0.0", "=1-0", "=1.ga", "=1-ga", "=1.final",
		"=1.0.RELEASE", "1-sp", "1-foo2", "1-foo10", "1-1", "=1.0-1", "1.1" };
	static const char *const qualifiers[] = { "1-alpha2snapshot", "1-alpha2", "1-alpha-123", "1-beta-2", "1-beta123", "1-m2",
		"1-m11", "1-rc", "1-cr2", "=1.0.0.RC2", "1-rc123", "1-SNAPSHOT", "1", "1-sp", "1-sp2", "1-sp123", "1-abc", "1-def",
		"1-pom-1", "1-1-snapshot", "1-1", "1-2", "1-123" };
	static const char *const numbers[] = { "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c",
		"2.1-1", "2.1.0.1", "2.2", "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a", "11b",
		"11c", "11m", "20190126.230843", "1234567890.12345", "123456789012345.1", "12345678901234567890.1" };
	static const char *const seen[] = { "0.7", "1.0-alpha-1-SNAPSHOT", "1.0-alpha-1", "=1.0a1", "=1.0-ALPHA1", "1.0-beta-1",
		"1.0-milestone-3", "=1M3", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "=01.00", "1.0-jre", "1.0-jre8", "1.0-jre11",
		"1.0.v20210629", "1.0-20240101.123456-1", "1.0-20240101.123456-2", "2.0.1", "2.0.1-klm", "2.0.1-lmn", "2.0.1-123",
		"31.1-android", "31.1-jre", "31.1.1-jre" };
	static const char *const refused[] = { "", "v1", "RC1", "1.", "1-", "1..2", "1.0_2", "1.0+1", "1.0 1", "1.0-final-redhat-1",
		"1.0.ga1", "1.0-rc0", "1.0-rc.1.2", "1.0-a-1", "1.0-m.2", "1-0-1", "6.1H.5.1", "1.0\xc3\xa9" };
	int c;

	CHECK_ORDER(TW_VERSION_MAVEN, reference);
	CHECK_ORDER(TW_VERSION_MAVEN, qualifiers);
	CHECK_ORDER(TW_VERSION_MAVEN, numbers);
	CHECK_ORDER(TW_VERSION_MAVEN, seen);
	for (size_t i = 0; i < TW_COUNT(refused); i++)
		CHECK_ERR(tw_version_compare(TW_VERSION_MAVEN, "1", refused[i], &c), SYNTAX);
}

static void test_pep440(void **state)
{
	static const char *const list[] = { "1.dev0", "1.0.dev456", "1.0a1", "=1.0.alpha-1", "1.0a2.dev456", "1.0a12.dev456",
		"1.0a12", "1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "=1.0c1",
		"=1.0-preview_1", "1.0", "=v1", "=1.0.0", "1.0+abc.5", "=1.0+ABC-5", "1.0+abc.7", "1.0+5", "=1.0+05",
		"1.0.post456.dev34", "1.0.post456", "=1.0-456", "=1.0-r456", "1.0.15", "1.1.dev1", "1!0.1" };

	CHECK_ORDER(TW_VERSION_PEP440, list);
	CHECK_ORDER(TW_VERSION_PEP440, pep440_order);
}

static void test_generic(void **state)
{
	static const char *const list[] = { "0", "=0.0", "0.9", "1.0a1", "=1.0-alpha1", "1.0a2", "1.0b1", "=1.0.BETA.1", "1.0-dev1",
		"=1.0.devel1", "1.0-rc1", "1.0", "=1", "=1.0.0", "=1.00-0", "=v1.0", "1.0-patch1", "=1.0-post1", "1.0.1", "1.0.2",
		"1.0.2a", "1.0.2k", "=1.0.2K", "1.0.2za", "1.0.10", "1.0z", "1.1", "2024.1", "99999999999999999999999" };

	CHECK_ORDER(TW_VERSION_GENERIC, list);
}

/* A word that may come before its version or after it decides nothing; the other way round it is the same. */
static void test_decide(void **state)
{
	static const struct {
		const char *a, *b, *want; /* '<', '=', '>'; '?' undecided */
	} of[] = {
		{ "8.5p1", "8.5", "?" },
		{ "8.5p1", "8.5.0", "?" },
		{ "8.5-P1", "8.5", "?" },
		{ "8.5p1", "8.5p2", "<" },
		{ "8.5p1", "8.5P01", "=" },
		{ "8.5p1", "8.6", "<" },
		{ "8.5p1", "8.5.1", "<" },
		{ "8.5p1", "8.5rc1", "?" },
		{ "8.5p1", "8.5pl1", "?" },
		{ "8.5p1", "8.5pre2", "?" },
		{ "8.5p1", "8.5git1", "?" },
		{ "1.0+git2024", "1.0+git2025", "<" },
		{ "1.0+git2024", "1.0", "?" },
		{ "2.0.0.M1", "2.0.0", "?" },
		{ "2.0.0.M1", "2.0.9", "<" },
		{ "1.0.2k", "1.0.2", ">" },
		{ "1.0.2k", "1.0.2p1", ">" },
		{ "1.0a1", "1.0", "<" },
		{ "1.0-rc1", "1.0", "<" },
		{ "1.0-patch1", "1.0", ">" },
		{ "1.0.0", "1", "=" },
	};
	int c;

	for (size_t i = 0; i < TW_COUNT(of); i++)
		for (int turn = 0; turn < 2; turn++) {
			const char *a = turn ? of[i].b : of[i].a, *b = turn ? of[i].a : of[i].b;
			tw_err e = tw_version_decide(TW_VERSION_GENERIC, a, b, &c);
			char got[2] = { tw_failed(e) ? '?' : "<=>"[1 + (turn ? -c : c)], '\0' };

			if (strcmp(got, of[i].want) != 0)
				fail_msg("%s and %s: got %s, want %s", of[i].a, of[i].b, got, of[i].want);
			if (tw_failed(e))
				CHECK(tw_is(e, TW_CODE_SYNTAX) && strstr(tw_err_detail(), "is not known"));
		}
	CHECK_OK(tw_version_decide(TW_VERSION_RPM, "8.5p1", "8.5", &c));
	CHECK_INT(c, 1);
	CHECK_ERR(tw_version_decide(TW_VERSION_SEMVER, "1", "1.0.0", &c), SYNTAX);
}

static void test_refused(void **state)
{
	static const struct {
		enum tw_version_scheme s;
		const char *text, *detail;
	} rows[] = {
		{ TW_VERSION_SEMVER, "1.0", "'1.0' is no semantic version" },
		{ TW_VERSION_SEMVER, "v1.0.0", "'v1.0.0' is no semantic version" },
		{ TW_VERSION_SEMVER, "", "'' is no semantic version" },
		{ TW_VERSION_DEB, "", "'': no version, or no revision behind '-'" },
		{ TW_VERSION_DEB, "1.0-", "'1.0-': no version, or no revision behind '-'" },
		{ TW_VERSION_DEB, "1:", "'1:': no version, or no revision behind '-'" },
		{ TW_VERSION_DEB, "a:1", "'a:1': what stands before ':' is no number" },
		{ TW_VERSION_DEB, ":1", "':1': what stands before ':' is no number" },
		{ TW_VERSION_DEB, "1_0", "'1_0': character 2 is none of such a version" },
		{ TW_VERSION_DEB, "1:1-1:1", "'1:1-1:1': character 6 is none of such a version" },
		{ TW_VERSION_RPM, "1.0-1:1", "'1.0-1:1': what stands before ':' is no number" },
		{ TW_VERSION_RPM, "1.0-1-1", "'1.0-1-1': character 4 is none of such a version" },
		{ TW_VERSION_RPM, "1 0", "'1 0': character 2 is none of such a version" },
		{ TW_VERSION_PEP440, "1.0-x", "'1.0-x' is no version by PEP 440" },
		{ TW_VERSION_PEP440, "1.0+", "'1.0+' is no version by PEP 440" },
		{ TW_VERSION_PEP440, "1.0+a..b", "'1.0+a..b' is no version by PEP 440" },
		{ TW_VERSION_PEP440, "a1", "'a1' is no version by PEP 440" },
		{ TW_VERSION_PEP440, "1..0", "'1..0' is no version by PEP 440" },
		{ TW_VERSION_GENERIC, "", "'' has neither a digit nor a letter" },
		{ TW_VERSION_GENERIC, "*", "'*' has neither a digit nor a letter" },
		{ TW_VERSION_GENERIC, "244fd47e07d1014f0aed9c244fd47e07d1014f0a",
			"'244fd47e07d1014f0aed9c244fd47e07d1014f0a' is the id of a commit, which has no order" },
		{ TW_VERSION_GENERIC, "1\n", "a version that is not UTF-8, or has a control character" },
		{ TW_VERSION_DEB, "1\xff", "a version that is not UTF-8, or has a control character" },
	};
	static char text[TW_VERSION_MAX + 2];
	int c = 7;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_ERR(tw_version_check(rows[i].s, rows[i].text), SYNTAX);
		CHECK_TEXT(tw_err_detail(), rows[i].detail);
		CHECK_ERR(tw_version_compare(rows[i].s, rows[i].text, "1.0.0", &c), SYNTAX);
		CHECK_ERR(tw_version_compare(rows[i].s, "1.0.0", rows[i].text, &c), SYNTAX);
	}
	CHECK_INT(c, 7);
	memset(text, '1', TW_VERSION_MAX + 1);
	CHECK_ERR(tw_version_check(TW_VERSION_DEB, text), LIMIT);
	text[TW_VERSION_MAX] = '\0';
	CHECK_OK(tw_version_compare(TW_VERSION_DEB, text, "2", &c));
	CHECK_INT(c, 1);
}

static void test_names(void **state)
{
	enum tw_version_scheme s = TW_VERSION_GENERIC;

	CHECK(tw_version_scheme_named("PyPI", &s) && s == TW_VERSION_PEP440);
	CHECK(tw_version_scheme_named("npm", &s) && s == TW_VERSION_SEMVER);
	CHECK(tw_version_scheme_named("generic", &s) && s == TW_VERSION_GENERIC);
	CHECK(tw_version_scheme_named("Maven", &s) && s == TW_VERSION_MAVEN);
	CHECK(!tw_version_scheme_named("nuget", &s) && !tw_version_scheme_named("", &s) && !tw_version_scheme_named("git", &s));
	CHECK_TEXT(tw_version_scheme_name(TW_VERSION_RPM), "rpm");
}

CHECK_MAIN(cmocka_unit_test(test_semver), cmocka_unit_test(test_deb), cmocka_unit_test(test_rpm), cmocka_unit_test(test_apk),
	cmocka_unit_test(test_maven), cmocka_unit_test(test_pep440), cmocka_unit_test(test_generic), cmocka_unit_test(test_decide),
	cmocka_unit_test(test_refused), cmocka_unit_test(test_names))

/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of OSV and CVE records and of vers strings: rows of a range, a version and whether it is in it, or why nobody can say. */
#include "formats/range.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

/* JSON with ' for ". */
static json_t *json_of(const char *text)
{
	static char copy[4096];
	json_t *j = NULL;

	(void)snprintf(copy, sizeof copy, "%s", text);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	CHECK_OK(tw_json_parse(tw_slice_of(copy), sizeof copy, &j));
	return j;
}

struct row {
	const char *range, *version;
	char want; /* y, n, ? */
	const char *detail;
};

#define ECO(events) "{'type':'ECOSYSTEM','events':[" events "]}"
#define SEM(events) "{'type':'SEMVER','events':[" events "]}"
static const struct row osv[] = {
	{ ECO("{'introduced':'0'},{'fixed':'7.74.0-1.3'}"), "7.64.0-4", 'y' },
	{ ECO("{'introduced':'0'},{'fixed':'7.74.0-1.3'}"), "7.74.0-1.3~deb11u1", 'y' },
	{ ECO("{'introduced':'0'},{'fixed':'7.74.0-1.3'}"), "7.74.0-1.3", 'n' },
	{ ECO("{'introduced':'0'}"), "99", 'y' },
	{ ECO("{'fixed':'2'},{'introduced':'1'},{'fixed':'4'},{'introduced':'3'}"), "0.9", 'n' },
	{ ECO("{'fixed':'2'},{'introduced':'1'},{'fixed':'4'},{'introduced':'3'}"), "1", 'y' },
	{ ECO("{'fixed':'2'},{'introduced':'1'},{'fixed':'4'},{'introduced':'3'}"), "2.5", 'n' },
	{ ECO("{'fixed':'2'},{'introduced':'1'},{'fixed':'4'},{'introduced':'3'}"), "3.5", 'y' },
	{ ECO("{'fixed':'2'},{'introduced':'1'},{'fixed':'4'},{'introduced':'3'}"), "4", 'n' },
	{ ECO("{'introduced':'1'},{'last_affected':'2'}"), "2", 'y' },
	{ ECO("{'introduced':'1'},{'last_affected':'2'}"), "2.0.1", 'n' },
	{ ECO("{'introduced':'2'},{'last_affected':'2'}"), "2", 'y' },
	{ ECO("{'last_affected':'2'},{'introduced':'2'}"), "3", 'n' },
	{ ECO("{'introduced':'2'},{'fixed':'2'}"), "2", 'y' },
	{ ECO("{'introduced':'0'},{'limit':'2'}"), "1", 'y' },
	{ ECO("{'introduced':'0'},{'limit':'2'}"), "2", 'n' },
	{ ECO("{'introduced':'0'},{'limit':'2'},{'limit':'4'}"), "3", 'y' },
	{ ECO("{'introduced':'0'},{'limit':'*'}"), "3", 'y' },
	{ SEM("{'introduced':'1.0.0'},{'fixed':'1.0.1'}"), "1.0.1-rc1", 'y' },
	{ SEM("{'introduced':'1.0.0'},{'fixed':'1.0.1'}"), "1.0.0-rc1", 'n' },
	{ SEM("{'introduced':'1.0.0'},{'fixed':'1.0.1'}"), "1.0", '?', "'1.0' is no semantic version" },
	{ SEM("{'introduced':'0'}"), "1.0", '?', "'1.0' is no semantic version" },
	{ SEM("{'introduced':'0'},{'limit':'*'}"), "1.0", '?', "'1.0' is no semantic version" },
	{ ECO("{'introduced':'0'},{'fixed':'1_0'}"), "1", '?', "'1_0': character 2 is none of such a version" },
	{ ECO("{'introduced':'0'},{'limit':'1_0'}"), "1", '?', "'1_0': character 2 is none of such a version" },
	{ "{'type':'GIT','repo':'x','events':[{'introduced':'0'}]}", "1", '?', "a range of commits can be told only by their repository" },
};

static void check_answer(const struct row *row, tw_err e, bool within)
{
	if (row->want == '?' ? !tw_failed(e) : tw_failed(e) || within != (row->want == 'y'))
		fail_msg("%s, %s: got %s %d, want %c; %s", row->range, row->version, tw_failed(e) ? tw_code_name(e.code) : "OK",
			within, row->want, tw_err_detail());
	if (row->want == '?')
		CHECK_TEXT(tw_err_detail(), row->detail);
}

static void test_osv(void **state)
{
	for (size_t i = 0; i < TW_COUNT(osv); i++) {
		json_t *range = json_of(osv[i].range);
		bool within = false;

		tw_err e = tw_range_osv(range, TW_VERSION_DEB, osv[i].version, &within);
		check_answer(&osv[i], e, within);
		json_decref(range);
	}
}

#define CVE(status, versions) "{'defaultStatus':'" status "','versions':[" versions "]}"
static const struct {
	const char *product, *version;
	enum tw_range_status want;
	size_t entry;
	const char *detail; /* where nobody can say */
} cve[] = {
	{ CVE("unaffected", "{'version':'1.0','status':'affected'}"), "1.0", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1.0','status':'affected'}"), "1.0.0", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1.0','status':'affected'}"), "1.1", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("affected", "{'version':'2','status':'unaffected','lessThan':'3','versionType':'custom'}"), "2.5", TW_RANGE_UNAFFECTED, 0 },
	{ CVE("affected", "{'version':'2','status':'unaffected','lessThan':'3','versionType':'custom'}"), "3", TW_RANGE_AFFECTED, SIZE_MAX },
	{ "{'versions':[]}", "3", TW_RANGE_UNKNOWN, SIZE_MAX },
	{ "{}", "3", TW_RANGE_UNKNOWN, SIZE_MAX },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'*','versionType':'semver'}"), "3.0.0-rc1", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1.0.0','status':'affected','lessThan':'1.*','versionType':'semver'}"), "1.99.0",
		TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1.0.0','status':'affected','lessThan':'1.*','versionType':'semver'}"), "2.0.0",
		TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'1','status':'affected','lessThanOrEqual':'1.2.*','versionType':'rpm'}"), "1.2.77-1",
		TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1','status':'affected','lessThanOrEqual':'1.2','versionType':'rpm'}"), "1.2", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1','status':'affected','lessThanOrEqual':'1.2','versionType':'rpm'}"), "1.2.1",
		TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected",
		  "{'version':'0','status':'affected','lessThan':'6.7','versionType':'custom','changes':[{'at':'6.1.70','status':'unaffected'},"
		  "{'at':'6.2','status':'affected'},{'at':'6.6.9','status':'unknown'}]}"),
		"6.1.69", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected",
		  "{'version':'0','status':'affected','lessThan':'6.7','versionType':'custom','changes':[{'at':'6.1.70','status':'unaffected'},"
		  "{'at':'6.2','status':'affected'},{'at':'6.6.9','status':'unknown'}]}"),
		"6.1.70", TW_RANGE_UNAFFECTED, 0 },
	{ CVE("unaffected",
		  "{'version':'0','status':'affected','lessThan':'6.7','versionType':'custom','changes':[{'at':'6.1.70','status':'unaffected'},"
		  "{'at':'6.2','status':'affected'},{'at':'6.6.9','status':'unknown'}]}"),
		"6.6.10", TW_RANGE_UNKNOWN, 0 },
	{ CVE("unaffected", "{'version':'5','status':'affected'},{'version':'1','status':'affected','lessThan':'2','versionType':'python'}"),
		"1.0.post1", TW_RANGE_AFFECTED, 1 },
	{ CVE("unaffected", "{'version':'1.0','status':'affected','lessThan':'2.0.0','versionType':'semver'}"), "1.0.0",
		TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'5.12','status':'affected','lessThan':'6','versionType':'semver'}"), "5.12", TW_RANGE_AFFECTED, 0 },
	{ CVE("affected", "{'version':'0','status':'unaffected','lessThan':'5.12','versionType':'semver'}"), "5.11.9",
		TW_RANGE_UNAFFECTED, 0 },
	{ CVE("affected", "{'version':'0','status':'unaffected','lessThan':'5.12','versionType':'semver'}"), "5.12.0",
		TW_RANGE_AFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'1.0','status':'affected','lessThan':'2.0-','versionType':'semver'}"), "1.0.0", 0, 0,
		"'2.0-' is no semantic version" },
	{ CVE("unaffected", "{'version':'unspecified','status':'affected','lessThan':'2'}"), "1", TW_RANGE_AFFECTED, 0 },
	/* Nothing rests on a word that may come before its version or after it. */
	{ CVE("unaffected", "{'version':'8.5','status':'affected','lessThan':'9.8','versionType':'custom'}"), "8.5p1", 0, 0,
		"whether '8.5p1' comes before or after '8.5' is not known" },
	{ CVE("unaffected", "{'version':'8.5p1','status':'affected','lessThan':'9.8p1','versionType':'custom'}"), "9.8", 0, 0,
		"whether '9.8' comes before or after '9.8p1' is not known" },
	{ CVE("unaffected", "{'version':'8.5p1','status':'affected','lessThan':'9.8p1','versionType':'custom'}"), "9.8p1",
		TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'8.5p1','status':'affected','lessThan':'9.8p1','versionType':'custom'}"), "9.7p2",
		TW_RANGE_AFFECTED, 0 },
#define NO_VERSION(text)                                                                                                        \
	{                                                                                                                       \
		CVE("unaffected", "{'version':'" text "','status':'affected'}"), "1.2", 0, 0, "'" text "' is no single version" \
	}
#define NO_LIMIT(text, told)                                                                                                                 \
	{                                                                                                                                    \
		CVE("unaffected", "{'version':'0','status':'affected','lessThan':'" text "'}"), "9", 0, 0, "'" told "' is no single version" \
	}
	NO_VERSION("All versions"),
	NO_VERSION("< 1.2.3"),
	NO_VERSION("<1.2.3"),
	NO_VERSION("1.0 - 1.4"),
	NO_VERSION("1.x"),
	NO_VERSION("1.2.X"),
	NO_VERSION("x"),
	NO_VERSION("n/a"),
	NO_VERSION("unspecified"),
	NO_VERSION("*"),
	NO_VERSION("1.0,1.1"),
	NO_VERSION("1.1+"),
	NO_VERSION("~1.1"),
	NO_LIMIT("unspecified", "unspecified"),
	NO_LIMIT("2.x", "2.x"),
	NO_LIMIT("<= 2", "<= 2"),
	NO_LIMIT("all *", "all 0"),
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'3','changes':[{'at':'2.x','status':'unaffected'}]}"),
		"2.5", 0, 0, "'2.x' is no single version" },
	/* What people write in the place of a version, and no order decides. */
	NO_VERSION("before 2.0"),
	NO_VERSION("2.0 and earlier"),
	NO_VERSION("1.0..1.4"),
	NO_VERSION("1.0to1.4"),
	NO_VERSION("1.0_through_1.4"),
	NO_VERSION("1.4-and-earlier"),
	NO_VERSION("from-1.0"),
	NO_VERSION("Version1.2"),
	NO_VERSION("all"),
	NO_VERSION("-"),
	NO_LIMIT("latest", "latest"),
	NO_LIMIT("next of 4", "next of 4"),
#define UNDECIDED(status, entry, version, detail)         \
	{                                                 \
		CVE(status, entry), version, 0, 0, detail \
	}
#define EXACT(text, version, detail) UNDECIDED("unaffected", "{'version':'" text "','status':'affected'}", version, detail)
#define BELOW(text, version, detail) \
	UNDECIDED("unaffected", "{'version':'0','status':'affected','lessThan':'" text "'}", version, detail)
#define UP_TO(text, version, detail) \
	UNDECIDED("unaffected", "{'version':'0','status':'affected','lessThanOrEqual':'" text "'}", version, detail)
	EXACT("1.0-1.4", "1.2", "'1.0-1.4' may be a span of versions"),
	EXACT("1.0~1.4", "1.4", "'1.0~1.4' may be a span of versions"),
	EXACT("1.2-7", "1.2", "'1.2-7' may be a revision of '1.2'"),
	EXACT("1.2_7", "1.2.0", "'1.2_7' may be a revision of '1.2.0'"),
	{ CVE("unaffected", "{'version':'1.0-1.4','status':'affected'}"), "1.5", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'1.0-1.4','status':'affected'}"), "0.9", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'1.2-rc1','status':'affected'}"), "1.2", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'1.0-1.4','status':'affected','versionType':'rpm'}"), "1.2", TW_RANGE_UNAFFECTED, SIZE_MAX },
	EXACT("libfoo-1.2", "1.2", "whether '1.2' comes before or after 'libfoo-1.2' is not known"),
	EXACT("release-1.2", "1.2", "whether '1.2' comes before or after 'release-1.2' is not known"),
	BELOW("R5", "1.2", "whether '1.2' comes before or after 'R5' is not known"),
	{ CVE("unaffected", "{'version':'R4','status':'affected','lessThan':'R6'}"), "R5", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'V1.2','status':'affected'}"), "1.2", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'1.9.5pl2'}"), "1.9.5pl1", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'1.9.5pl1'}"), "1.9.5pl1", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'v2.3'}"), "2.3-rc1", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'v2.3-rc1'}"), "v2.3", TW_RANGE_UNAFFECTED, SIZE_MAX },
	/* Ids of commits, and what `git describe` says. */
	EXACT("4f9cf3b", "1.2", "'4f9cf3b' seems to be the id of a commit, which has no order"),
	BELOW("4f9cf3b1", "1.2", "'4f9cf3b1' seems to be the id of a commit, which has no order"),
	BELOW("1.2", "4f9cf3b", "'4f9cf3b' seems to be the id of a commit, which has no order"),
	UP_TO("2.36", "2.36-81-g4f4d1234", "'2.36-81-g4f4d1234' is some commits after '2.36', and may be like it"),
	EXACT("2.36", "2.36-81-g4f4d1234", "'2.36-81-g4f4d1234' is some commits after '2.36', and may be like it"),
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'2.36'}"), "2.36-81-g4f4d1234", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThanOrEqual':'2.35'}"), "2.36-81-g4f4d1234",
		TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThanOrEqual':'2.36'}"), "2.36-81-gnu", TW_RANGE_UNAFFECTED, SIZE_MAX },
	UP_TO("2.36", "2.36-g4f4d1234", "whether '2.36-g4f4d1234' comes before or after '2.36' is not known"),
	/* A day is before or after a day. */
	EXACT("20240501", "1.2", "one of '1.2' and '20240501' is a day, and the other is not"),
	UNDECIDED("unaffected", "{'version':'20240101','status':'affected','lessThan':'20240501'}", "1.2",
		"one of '1.2' and '20240101' is a day, and the other is not"),
	{ CVE("unaffected", "{'version':'20240101','status':'affected','lessThan':'20240501'}"), "20240201", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'0','status':'affected','lessThan':'12345678'}"), "1.2", TW_RANGE_AFFECTED, 0 },
	/* A component that has no version in the place of one. */
	BELOW("2", "unknown", "'unknown' is no single version"),
	UNDECIDED("unaffected", "{'version':'n/a','status':'unaffected'}", "n/a", "'n/a' is no single version"),
	/* From where on: one bound may be enough. */
	{ CVE("unaffected", "{'version':'n/a','status':'affected','lessThan':'2.0'}"), "2.3", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'*','status':'affected','lessThan':'2.0'}"), "1.3", TW_RANGE_AFFECTED, 0 },
	{ CVE("unaffected", "{'version':'< 2.0','status':'affected','lessThan':'2.0'}"), "2.3", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'2.0','status':'affected','lessThan':'unspecified'}"), "1.3", TW_RANGE_UNAFFECTED, SIZE_MAX },
	UNDECIDED("unaffected", "{'version':'< 2.0','status':'affected','lessThan':'2.0'}", "1.3", "'< 2.0' is no single version"),
	UNDECIDED("affected", "{'version':'unspecified','status':'unaffected','lessThan':'2.0'}", "1.3",
		"'unspecified': from where on the record does not say"),
	UNDECIDED("affected", "{'version':'next of 2.0','status':'unaffected','lessThan':'unspecified'}", "2.3",
		"'next of 2.0' is no single version"),
	UNDECIDED("affected", "{'version':'next of 2.0','status':'unaffected','lessThan':'3'}", "1.3", "'next of 2.0' is no single version"),
	UNDECIDED("unaffected", "{'version':'1.2-5','status':'affected','lessThan':'1.2-9'}", "1.2", "'1.2-5' may be a revision of '1.2'"),
	/* What cannot be meant as it stands. */
	EXACT("0", "1.2", "'0' alone is no single version"),
	EXACT("0.0.0", "1.2", "'0.0.0' alone is no single version"),
	{ CVE("unaffected", "{'version':'0.0','status':'affected'}"), "0", TW_RANGE_AFFECTED, 0 },
	UNDECIDED("unaffected", "{'version':'2.4','status':'affected','lessThan':'2.0'}", "2.3", "from '2.4' to '2.0' is no range"),
	UNDECIDED("unaffected", "{'version':'2.4','status':'affected','lessThan':'2.4'}", "2.3", "from '2.4' to '2.4' is no range"),
	UNDECIDED("unaffected", "{'version':'2.4','status':'affected','changes':[{'at':'2.5','status':'unaffected'}]}", "2.3",
		"changes after '2.4', and no limit"),
	{ CVE("unaffected", "{'version':'2.4','status':'affected','lessThanOrEqual':'2.4'}"), "2.3", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("affected", "{'version':'2.4','status':'unaffected','lessThanOrEqual':'2.*'}"), "2.9", TW_RANGE_UNAFFECTED, 0 },
	UNDECIDED("unaffected",
		"{'version':'5','status':'affected','lessThan':'7','changes':[{'at':'6.0','status':'unaffected'},{'at':'6.0p1','status':'affected'}]}",
		"6.2", "whether '6.0p1' comes before or after '6.0' is not known"),
/* Changes count in the order of versions, whatever theirs. */
#define TURNED(list) \
	CVE("unaffected", "{'version':'5','status':'affected','lessThan':'7','versionType':'semver','changes':[" list "]}")
	{ TURNED("{'at':'6.1','status':'affected'},{'at':'5.10','status':'unaffected'}"), "6.2.0", TW_RANGE_AFFECTED, 0 },
	{ TURNED("{'at':'6.1','status':'affected'},{'at':'5.10','status':'unaffected'}"), "6.0.0", TW_RANGE_UNAFFECTED, 0 },
	{ TURNED("{'at':'5.10','status':'unaffected'},{'at':'6.1','status':'affected'}"), "6.1.0", TW_RANGE_AFFECTED, 0 },
	{ TURNED("{'at':'5.10','status':'affected'},{'at':'5.10','status':'unaffected'}"), "6.1.0", TW_RANGE_UNAFFECTED, 0 },
	{ CVE("unaffected", "{'version':'1.2.3xy','status':'affected'}"), "1.2", TW_RANGE_UNAFFECTED, SIZE_MAX },
	{ CVE("unaffected", "{'version':'aa','status':'affected','lessThan':'bb','versionType':'git'}"), "1", 0, 0,
		"a range of commits can be told only by their repository" },
	{ CVE("unaffected", "{'version':'aa','status':'affected','versionType':'git'}"), "aa", TW_RANGE_AFFECTED, 0 },
	/* An empty version says nothing, where another entry has decided already nothing is asked of it. */
	{ CVE("unaffected", "{'version':'','status':'affected'}"), "1.0", 0, 0, "an entry has an empty version" },
	{ CVE("unaffected", "{'version':'','status':'affected','lessThan':'2'}"), "1.0", 0, 0, "an entry has an empty version" },
	{ CVE("unaffected", "{'version':'','status':'unaffected','lessThan':'2'}"), "3.0", 0, 0, "an entry has an empty version" },
	{ CVE("unaffected", "{'version':'','status':'affected'},{'version':'1.0','status':'affected'}"), "1.0", 0, 0,
		"an entry has an empty version" },
	{ CVE("unaffected", "{'version':'1.0','status':'affected'},{'version':'','status':'affected'}"), "1.0", TW_RANGE_AFFECTED, 0 },
};

static void test_cve(void **state)
{
	for (size_t i = 0; i < TW_COUNT(cve); i++) {
		json_t *product = json_of(cve[i].product);
		struct tw_range_found found;
		tw_err e = tw_range_cve(product, cve[i].version, &found);

		json_decref(product);
		if (cve[i].detail) {
			CHECK(tw_failed(e));
			CHECK_TEXT(tw_err_detail(), cve[i].detail);
			continue;
		}
		CHECK_OK(e);
		if (found.status != cve[i].want || found.entry != cve[i].entry)
			fail_msg("%s, %s: got %d of %zd", cve[i].product, cve[i].version, (int)found.status, (ssize_t)found.entry);
	}
}

static const struct row vers[] = {
	{ "vers:deb/*", "1", 'y' },
	{ "vers:deb/*", "1_", '?', "'1_': character 2 is none of such a version" },
	{ "vers:deb/1.0|2.0", "2.0-0", 'y' },
	{ "vers:deb/1.0|2.0", "1.5", 'n' },
	{ "vers:npm/>=1.0.0|<2.0.0", "1.0.0", 'y' },
	{ "vers:npm/>1.0.0|<2.0.0", "1.0.0", 'n' },
	{ "vers:npm/>1.0.0|<2.0.0", "1.9.9", 'y' },
	{ "vers:npm/>1.0.0|<2.0.0", "2.0.0", 'n' },
	{ "vers:npm/>1.0.0|<=2.0.0", "2.0.0", 'y' },
	{ "vers:npm/>1.0.0|!=1.5.0|<=2.0.0", "1.5.0", 'n' },
	{ "vers:npm/>1.0.0|!=1.5.0|<=2.0.0", "1.6.0", 'y' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "0.1.0", 'y' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "1.5.0", 'n' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "2.0.0", 'y' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "3.5.0", 'n' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "4.0.0", 'y' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "5.0.0", 'n' },
	{ "vers:npm/<1.0.0|>=2.0.0|<3.0.0|4.0.0|>5.0.0", "6.0.0", 'y' },
	{ "vers:generic/!=1.0", "1.0.0", 'n' },
	{ "vers:generic/!=1.0|!=1.1", "1.0.1", 'y' },
	{ "vers:deb/1.0%2bb1", "1.0+b1", 'y' },
	{ "vers:maven/>=1.0", "1.0.1", 'y' },
	{ "", "1", '?', "character 1: a range begins with vers:" },
	{ "vers:deb", "1", '?', "character 6: no scheme with '/', or no versions behind it" },
	{ "vers:/1", "1", '?', "character 6: no scheme with '/', or no versions behind it" },
	{ "vers:deb/", "1", '?', "character 6: no scheme with '/', or no versions behind it" },
	{ "vers:deb/1|", "1", '?', "character 12: no version" },
	{ "vers:deb/>=", "1", '?', "character 12: no version" },
	{ "vers:deb/1 |2", "1", '?', "character 11: a blank, or no character of ASCII" },
	{ "vers:deb/1%2", "1", '?', "character 11: a '%' that encodes nothing" },
	{ "vers:deb/1%00", "1", '?', "character 13: a NUL in a version" },
	{ "vers:deb/2|1", "1", '?', "character 12: '1' does not come after '2'" },
	{ "vers:deb/1|1-0", "1", '?', "character 12: '1-0' does not come after '1'" },
	{ "vers:deb/>1|>=2", "1", '?', "character 13: after a '>' comes a '<', with versions between them only" },
	{ "vers:deb/<1|2|<3", "1", '?', "character 15: after a '<' comes a '>', with versions between them only" },
	{ "vers:npm/1.0", "1.0.0", '?', "'1.0' is no semantic version" },
	/* The generic order has a place for anything: words are told from versions before. */
	{ "vers:generic/1.x", "1.2.0", '?', "'1.x' is no single version" },
	{ "vers:generic/1.0%20-%201.4", "1.2.0", '?', "'1.0 - 1.4' is no single version" },
	{ "vers:generic/<=1.2.*", "1.2.5", '?', "'1.2.*' is no single version" },
	{ "vers:generic/>=1.0,<=1.4", "1.0", '?', "'1.0,<=1.4' is no single version" },
	{ "vers:generic/<3.0", "1.x", '?', "'1.x' is no single version" },
	{ "vers:generic/<3.0", "20240501", '?', "one of '20240501' and '3.0' is a day, and the other is not" },
	{ "vers:generic/<20240501", "20240401", 'y' },
	{ "vers:generic/1.0-1.4", "1.2", '?', "'1.0-1.4' may be a span of versions" },
	{ "vers:generic/1.0-1.4", "1.5", 'n' },
	{ "vers:generic/1.0-2", "1.0", '?', "'1.0-2' may be a revision of '1.0'" },
	{ "vers:unknown/~1.2", "1.2.5", '?', "'~1.2' is no single version" },
};

static void test_vers(void **state)
{
	static char text[TW_RANGE_VERS_MAX + 2];

	for (size_t i = 0; i < TW_COUNT(vers); i++) {
		bool within = false;

		tw_err e = tw_range_vers(tw_sys_real(), tw_slice_of(vers[i].range), vers[i].version, &within);
		check_answer(&vers[i], e, within);
	}
	bool within;
	memset(text, '1', TW_RANGE_VERS_MAX + 1);
	CHECK_ERR(tw_range_vers(tw_sys_real(), tw_slice_of(text), "1", &within), LIMIT);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	bool within;

	return tw_range_vers(sys, TW_SLICE("vers:deb/>=1.0|!=1.5|<2.0"), "1.2", &within);
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_osv), cmocka_unit_test(test_cve), cmocka_unit_test(test_vers), cmocka_unit_test(test_without_memory))

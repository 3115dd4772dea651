/* SPDX-License-Identifier: Apache-2.0 */
/* Components and records: rows of both and of what is told, in one line each. */
#include "formats/vulnmatch.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#include <stdio.h>

/* ' for ". */
static struct tw_slice quoted(const char *text)
{
	static char copy[8192];

	(void)snprintf(copy, sizeof copy, "%s", text);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return tw_slice_of(copy);
}

static tw_err on_match(void *user, const struct tw_vuln_match *m)
{
	static const char *const verdicts[] = { "affected", "unaffected", "undecided" };

	return tw_buf_format(user, "%s %s|%s|%s|%s\n", verdicts[m->verdict], tw_vuln_by_name(m->by), m->identifier, m->place, m->reason);
}

struct row {
	struct tw_vuln_component c;
	const char *record, *told;
};

static void check_rows(tw_err (*read)(struct tw_slice text, json_t **ret),
	tw_err (*match)(const struct tw_vuln_subject *s, const json_t *record, tw_vuln_tell tell, void *user),
	const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_vuln_subject s;
		json_t *record = NULL;

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_OK(tw_vuln_subject_init(tw_sys_real(), &rows[i].c, &s));
		CHECK_OK(read(quoted(rows[i].record), &record));
		CHECK_OK(match(&s, record, on_match, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].told);
		tw_vuln_subject_done(&s);
		json_decref(record);
	}
}

#define OSV(more, affected) "{'id':'OSV-1','modified':'2026-01-02T03:04:05Z'" more ",'affected':[" affected "]}"
#define DEBIAN \
	"{'package':{'ecosystem':'Debian:12','name':'curl'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'7.88.1-10+deb12u5'}]}]}"
#define CURL(version)                                                                       \
	{                                                                                   \
		"curl", NULL, "pkg:deb/debian/curl@" version "?arch=arm64&distro=debian-12" \
	}

#define PACKAGE(ecosystem) "{'package':{'ecosystem':'" ecosystem "','name':'curl'},'versions':['1']}"
#define RELEASE(type, verdict, ecosystem, space, qualifiers, more)                                                           \
	{                                                                                                                    \
		{ NULL, "9", "pkg:" type "/" space "/curl" qualifiers }, OSV("", PACKAGE(ecosystem)),                        \
			verdict " package|" ecosystem " curl|/affected/0|version 9 is not listed, and in no range" more "\n" \
	}
#define UNKNOWN(ecosystem, type, space, qualifiers) \
	RELEASE(type, "undecided", ecosystem, space, qualifiers, ", but this may be of another release of the distribution")
#define SAME(ecosystem, type, space, qualifiers) RELEASE(type, "unaffected", ecosystem, space, qualifiers, "")

static const struct row osv[] = {
	{ CURL("7.88.1-10%2Bdeb12u4"), OSV("", DEBIAN),
		"affected package|Debian:12 curl|/affected/0/ranges/0|version 7.88.1-10+deb12u4 is in this range (order of versions: deb)\n" },
	{ CURL("7.88.1-10%2Bdeb12u5"), OSV("", DEBIAN),
		"unaffected package|Debian:12 curl|/affected/0|version 7.88.1-10+deb12u5 is not listed, and in no range\n" },
	{ { "curl", "7.88.1-10", "pkg:deb/debian/curl?distro=debian-12" }, OSV("", DEBIAN),
		"affected package|Debian:12 curl|/affected/0/ranges/0|version 7.88.1-10 is in this range (order of versions: deb)\n" },
	{ { "curl", "7.88.1-10", "pkg:deb/debian/curl?distro=debian-12.5" }, OSV("", DEBIAN),
		"affected package|Debian:12 curl|/affected/0/ranges/0|version 7.88.1-10 is in this range (order of versions: deb)\n" },
	{ { "curl", "7.88.1-10", "pkg:deb/debian/curl?distro=debian-11" }, OSV("", DEBIAN), "" },
	{ { "curl", "7.88.1-10", "pkg:deb/debian/curl?distro=debian-121" }, OSV("", DEBIAN), "" },
	{ { "curl", "7.88.1-10", "pkg:deb/ubuntu/curl" }, OSV("", DEBIAN), "" },
	/* Of which release one of them is, is not known: what is affected counts, what is not does not. */
	UNKNOWN("Debian:12", "deb", "debian", ""),
	UNKNOWN("Debian:12", "deb", "debian", "?distro=bookworm"),
	UNKNOWN("Debian", "deb", "debian", "?distro=debian-12"),
	UNKNOWN("Ubuntu:22.04:LTS", "deb", "ubuntu", "?distro=ubuntu-22"),
	UNKNOWN("openEuler:22.03-LTS-SP1", "rpm", "openeuler", "?distro=openeuler-22.03"),
	SAME("openEuler:22.03-LTS-SP1", "rpm", "openeuler", "?distro=openeuler-22.03-LTS-SP1"),
	SAME("Ubuntu:Pro:22.04:LTS", "deb", "ubuntu", "?distro=ubuntu-22.04"),
	SAME("openSUSE:Leap 15.5", "rpm", "opensuse", "?distro=opensuse-leap-15.5"),
	SAME("Debian:12", "deb", "debian", "?distro=12"),
	{ { NULL, "9", "pkg:deb/ubuntu/curl?distro=ubuntu-22.10" }, OSV("", PACKAGE("Ubuntu:22.04:LTS")), "" },
	{ { NULL, "9", "pkg:rpm/openeuler/curl?distro=openeuler-24.03" }, OSV("", PACKAGE("openEuler:22.03-LTS")), "" },
	{ { "curl", "7.88.1-10", "pkg:deb/debian/curl" }, OSV("", DEBIAN),
		"affected package|Debian:12 curl|/affected/0/ranges/0|version 7.88.1-10 is in this range (order of versions: deb)\n" },
	/* Records name what was built, inventories what it was built into. */
	{ { "libcurl4", "7.88.1-10", "pkg:deb/debian/libcurl4?distro=debian-12&upstream=curl" }, OSV("", DEBIAN),
		"affected package|Debian:12 curl|/affected/0/ranges/0|version 7.88.1-10 is in this range (order of versions: deb)\n" },
	{ { "libcurl4", "99", "pkg:deb/debian/libcurl4?distro=debian-12&upstream=curl%407.88.1-10" }, OSV("", DEBIAN),
		"affected package|Debian:12 curl|/affected/0/ranges/0|version 7.88.1-10 is in this range (order of versions: deb)\n" },
	{ { "libcurl4", "7.88.1-10", "pkg:deb/debian/libcurl4?distro=debian-12&upstream=wget" }, OSV("", DEBIAN), "" },
	{ { "libcurl", "9-1", "pkg:rpm/redhat/libcurl?distro=rhel-9&upstream=curl-9-1.el9.src.rpm" }, OSV("", PACKAGE("Red Hat:9")),
		"unaffected package|Red Hat:9 curl|/affected/0|version 9-1 is not listed, and in no range\n" },
	{ { "curl", "9", "pkg:deb/debian/curl?distro=debian-12" },
		OSV("", "{'package':{'ecosystem':'Mine','name':'curl','purl':'pkg:deb/debian/curl'},'versions':['1']}"),
		"undecided purl|pkg:deb/debian/curl|/affected/0|version 9 is not listed, and in no range, but this may be of another release of the distribution\n" },
	/* Suffixes of apk: a candidate before its release, a patch after it. */
	{ { "curl", "8.1_rc1-r0", "pkg:apk/alpine/curl?distro=alpine-3.19.1" },
		OSV("", "{'package':{'ecosystem':'Alpine:v3.19','name':'curl'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'8.1-r0'}]}]}"),
		"affected package|Alpine:v3.19 curl|/affected/0/ranges/0|version 8.1_rc1-r0 is in this range (order of versions: apk)\n" },
	{ { "curl", "8.1_p1-r0", "pkg:apk/alpine/curl?distro=alpine-3.19.1" },
		OSV("", "{'package':{'ecosystem':'Alpine:v3.19','name':'curl'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'8.1-r0'}]}]}"),
		"unaffected package|Alpine:v3.19 curl|/affected/0|version 8.1_p1-r0 is not listed, and in no range\n" },
	{ { "curl", "8.1", "pkg:apk/alpine/curl?distro=alpine-3.19.1" },
		OSV("", "{'package':{'ecosystem':'Alpine:v3.19','name':'curl'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'8.1-r0'}]}]}"),
		"undecided package|Alpine:v3.19 curl|/affected/0|'8.1': character 4: want '-r' with a number, and nothing behind it\n" },
	{ CURL("7.88.1-10"), OSV(",'withdrawn':'2026-01-02T03:04:05Z'", DEBIAN), "" },
	{ { "curl", "7.88.1", NULL }, OSV("", DEBIAN),
		"affected name|Debian:12 curl|/affected/0/ranges/0|only the name is the same; version 7.88.1 is in this range (order of versions: deb)\n" },
	{ { "curl", NULL, "pkg:deb/debian/curl" }, OSV("", DEBIAN),
		"undecided package|Debian:12 curl|/affected/0|the component has no version\n" },
	{ { "curl", "7_8", "pkg:deb/debian/curl" }, OSV("", DEBIAN),
		"undecided package|Debian:12 curl|/affected/0|'7_8': character 2 is none of such a version\n" },
	{ { NULL, "1.0", "pkg:pypi/Foo_Bar" },
		OSV("", "{'package':{'ecosystem':'PyPI','name':'foo-bar','purl':'pkg:pypi/foo-bar'},'versions':['0.9','1.0']}"),
		"affected purl|pkg:pypi/foo-bar|/affected/0/versions/1|version 1.0 is listed\n" },
	{ { NULL, "1.0", "pkg:pypi/foo-bar" }, OSV("", "{'package':{'ecosystem':'PyPI','name':'foo-bar'},'versions':['0.9']}"),
		"unaffected package|PyPI foo-bar|/affected/0|version 1.0 is not listed, and in no range\n" },
	{ { NULL, "1.0", "pkg:pypi/foo-bar" }, OSV("", "{'package':{'ecosystem':'PyPI','name':'foo-bar'}}"),
		"undecided package|PyPI foo-bar|/affected/0|the record names no versions\n" },
	{ { NULL, NULL, "pkg:npm/%40a/b@1.2.3" },
		OSV("",
			"{'package':{'ecosystem':'npm','name':'@a/b'},'ranges':[{'type':'SEMVER','events':[{'introduced':'1.0.0'},"
			"{'last_affected':'1.2.3'}]}]}"),
		"affected package|npm @a/b|/affected/0/ranges/0|version 1.2.3 is in this range (order of versions: semver)\n" },
	{ { NULL, NULL, "pkg:maven/g.h/a@1.2" },
		OSV("",
			"{'package':{'ecosystem':'Maven','name':'g.h:a'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},"
			"{'fixed':'1.10'}]}]}"),
		"affected package|Maven g.h:a|/affected/0/ranges/0|version 1.2 is in this range (order of versions: maven)\n" },
	{ { NULL, NULL, "pkg:maven/g.h/a@1.2.RELEASE" },
		OSV("",
			"{'package':{'ecosystem':'Maven','name':'g.h:a'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'1.2-rc1'},"
			"{'fixed':'1.2'}]}]}"),
		"unaffected package|Maven g.h:a|/affected/0|version 1.2.RELEASE is not listed, and in no range\n" },
	{ { NULL, NULL, "pkg:maven/g.h/a@1.2_3" },
		OSV("",
			"{'package':{'ecosystem':'Maven','name':'g.h:a'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},"
			"{'fixed':'1.2'}]}]}"),
		"undecided package|Maven g.h:a|/affected/0|'1.2_3': character 4 is none of such a version\n" },
	{ { NULL, NULL, "pkg:golang/x.org/m@v1.2.3" },
		OSV("",
			"{'package':{'ecosystem':'Go','name':'x.org/m'},'ranges':[{'type':'SEMVER','events':[{'introduced':'0'},"
			"{'fixed':'1.2.4'}]}]}"),
		"affected package|Go x.org/m|/affected/0/ranges/0|version 1.2.3 is in this range (order of versions: semver)\n" },
	{ { NULL, NULL, "pkg:rpm/redhat/curl@7.1-2?epoch=1" },
		OSV("",
			"{'package':{'ecosystem':'Red Hat:x','name':'curl'},'ranges':[{'type':'ECOSYSTEM','events':"
			"[{'introduced':'0'},{'fixed':'1:7.1-3'}]}]}"),
		"affected package|Red Hat:x curl|/affected/0/ranges/0|version 1:7.1-2 is in this range (order of versions: rpm)\n" },
	{ { NULL, "1.0", "pkg:cargo/x" },
		OSV("", "{'package':{'ecosystem':'crates.io','name':'x'},'ranges':[{'type':'GIT','repo':'r','events':[{'introduced':'0'}]}]}"),
		"undecided package|crates.io x|/affected/0|a range of commits can be told only by their repository\n" },
	{ { NULL, "1.0.0", "pkg:cargo/x" },
		OSV("",
			"{'package':{'ecosystem':'crates.io','name':'x'},'ranges':[{'type':'GIT','repo':'r','events':[{'introduced':'0'}]},"
			"{'type':'SEMVER','events':[{'introduced':'2.0.0'}]}]}"),
		"unaffected package|crates.io x|/affected/0|version 1.0.0 is not listed, and in no range\n" },
	{ { "Kernel", "6.1.5", NULL },
		OSV("",
			"{},{'package':{'ecosystem':'Linux','name':'Kernel'},'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},"
			"{'fixed':'6.1.70'}]}]}"),
		"affected name|Linux Kernel|/affected/1/ranges/0|only the name is the same; version 6.1.5 is in this range (order of versions: generic)\n" },
};

static void test_osv(void **state)
{
	check_rows(tw_osv_read, tw_vuln_match_osv, osv, TW_COUNT(osv));
}

#define CVE(state, more)                                                                                      \
	"{'dataType':'CVE_RECORD','dataVersion':'5.1','cveMetadata':{'cveId':'CVE-2026-0001','state':'" state \
	"'},'containers':{'cna':{'affected':[" more "]}}}"
#define RANGE \
	"'defaultStatus':'unaffected','versions':[{'version':'7.0','status':'affected','lessThan':'7.89','versionType':'custom'}]"
#define HAXX "cpe:2.3:a:haxx:curl:7.88.1:*:*:*:*:*:*:*"
#define OF "cpe:2.3:a:haxx:curl:*:*:*:*:*:*:*:*"

#define COMMITS "'versions':[{'version':'1da177e4','lessThan':'2ab3','status':'affected','versionType':'git'}]"

static const struct row cve[] = {
	/* Commits in an entry of their own: told only where no entry of versions of the same product decides. */
	{ { "Linux", "6.1" }, CVE("PUBLISHED", "{'product':'Linux'," COMMITS "},{'product':'Linux'," RANGE "}"),
		"unaffected name|Linux|/containers/cna/affected/1|only the name is the same; version 6.1 is in none of the record's versions; all others are unaffected\n" },
	{ { "Linux", "6.1" }, CVE("PUBLISHED", "{'vendor':'a','product':'Linux'," COMMITS "},{'vendor':'b','product':'Linux'," RANGE "}"),
		"unaffected name|Linux|/containers/cna/affected/1|only the name is the same; version 6.1 is in none of the record's versions; all others are unaffected\n"
		"undecided name|Linux|/containers/cna/affected/0|only the name is the same; a range of commits can be told only by their repository\n" },
	/* Of two entries of versions one that decides nothing is told, whatever the other says. */
	{ { "curl", "6.1" },
		CVE("PUBLISHED", "{'product':'curl'," RANGE "},{'product':'curl','versions':[{'version':'< 7','status':'affected'}]}"),
		"unaffected name|curl|/containers/cna/affected/0|only the name is the same; version 6.1 is in none of the record's versions; all others are unaffected\n"
		"undecided name|curl|/containers/cna/affected/1|only the name is the same; '< 7' is no single version\n" },
	{ { "curl", NULL, NULL, HAXX }, CVE("PUBLISHED", "{'vendor':'x','product':'y','cpes':['cpe:/bad:','" OF "']," RANGE "}"),
		"affected cpe|" OF
		"|/containers/cna/affected/0/versions/0|version 7.88.1 is affected by this entry (order of versions: generic)\n" },
	{ { "curl", NULL, NULL, HAXX }, CVE("REJECTED", "{'cpes':['" OF "']," RANGE "}"), "" },
	{ { "libcurl", NULL, NULL, HAXX }, CVE("PUBLISHED", "{'cpes':['cpe:2.3:a:haxx:curl:7.1:*:*:*:*:*:*:*']," RANGE "}"), "" },
	{ { "libcurl", NULL, NULL, HAXX },
		CVE("PUBLISHED", "{'cpes':['cpe:2.3:a:*:*:*:*:*:*:*:*:*:*','cpe:2.3:a:haxx:libcurl:*:*:*:*:*:*:*:*']," RANGE "}"), "" },
	{ { "x", "7.89", NULL, HAXX }, CVE("PUBLISHED", "{'vendor':'HAXX','product':'Curl'," RANGE "}"),
		"unaffected vendor|HAXX Curl|/containers/cna/affected/0|version 7.89 is in none of the record's versions; all others are unaffected\n" },
	/* As Yocto writes them: of any part, and often of any vendor. The kernel has another name in CPE names. */
	{ { "libcurl4", NULL, NULL, "cpe:2.3:*:haxx:curl:7.88.1:*:*:*:*:*:*:*" }, CVE("PUBLISHED", "{'cpes':['" OF "']," RANGE "}"),
		"affected cpe|" OF
		"|/containers/cna/affected/0/versions/0|version 7.88.1 is affected by this entry (order of versions: generic)\n" },
	{ { "libcurl4", NULL, NULL, "cpe:2.3:*:*:curl:7.88.1:*:*:*:*:*:*:*" },
		CVE("PUBLISHED", "{'cpes':['" OF "'],'product':'Curl'," RANGE "}"),
		"affected name|Curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88.1 is affected by this entry "
		"(order of versions: generic)\n" },
	{ { "libcurl4", NULL, NULL, HAXX }, CVE("PUBLISHED", "{'vendor':'other','product':'curl'," RANGE "}"), "" },
	{ { "kernel-image", NULL, NULL, "cpe:2.3:*:linux:linux_kernel:7.1:*:*:*:*:*:*:*" },
		CVE("PUBLISHED", "{'vendor':'Linux','product':'Linux'," RANGE "}"),
		"affected vendor|Linux Linux|/containers/cna/affected/0/versions/0|version 7.1 is affected by this entry (order of versions: generic)\n" },
	{ CURL("7.88.1-10"), CVE("PUBLISHED", "{'vendor':'haxx','product':'curl'," RANGE "}"),
		"affected name|curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88.1 is affected by this entry "
		"(order of versions: generic); the distribution's package may have the correction\n" },
	{ CURL("1:7.88.1-10"), CVE("PUBLISHED", "{'product':'x','packageName':'CURL','defaultStatus':'affected'}"),
		"affected name|CURL|/containers/cna/affected/0|only the name is the same; version 7.88.1 is in none of the record's versions; all others are "
		"affected; the distribution's package may have the correction\n" },
	{ CURL("7.88.1-10"),
		CVE("PUBLISHED",
			"{'packageURL':'pkg:deb/debian/curl','defaultStatus':'unknown','versions':[{'version':'0','status':'affected',"
			"'lessThan':'7.88.1-9','versionType':'deb'}]}"),
		"undecided purl|pkg:deb/debian/curl|/containers/cna/affected/0|version 7.88.1-10 is in none of the record's versions; all others are of unknown status\n" },
	{ CURL("7.88.1-10"), CVE("PUBLISHED", "{'product':'curl','packageURL':'pkg:deb/debian/libcurl'," RANGE "}"), "" },
	{ CURL("7.88.1-10"), CVE("PUBLISHED", "{'product':'curl','packageURL':'pkg:github/curl/curl'," RANGE "}"),
		"affected name|curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88.1 is affected by this entry "
		"(order of versions: generic); the distribution's package may have the correction\n" },
	/* Another package of the same namespace is another one; of another namespace, or of a forge, the names still count. */
	{ { NULL, "7.88", "pkg:github/distro/curl" }, CVE("PUBLISHED", "{'product':'curl','packageURL':'pkg:github/curl/curl'," RANGE "}"),
		"affected name|curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88 is affected by this entry (order of versions: generic)\n" },
	{ { "curl", "7.88", "pkg:generic/libcurl" }, CVE("PUBLISHED", "{'product':'curl','packageURL':'pkg:generic/curl'," RANGE "}"),
		"affected name|curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88 is affected by this entry (order of versions: generic)\n" },
	{ { "curl", "7.88-1", "pkg:deb/ubuntu/curl" }, CVE("PUBLISHED", "{'product':'curl','packageURL':'pkg:deb/debian/curl'," RANGE "}"),
		"affected name|curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88 is affected by this entry (order of versions: generic); "
		"the distribution's package may have the correction\n" },
	{ { "curl", "7.88_p1-r0", "pkg:apk/alpine/curl" }, CVE("PUBLISHED", "{'product':'curl'," RANGE "}"),
		"undecided name|curl|/containers/cna/affected/0|only the name is the same; '7.88_p1' has a suffix of apk that upstream's versions do not have\n" },
	{ { "curl", "7.88_rc1-r0", "pkg:apk/alpine/curl" }, CVE("PUBLISHED", "{'product':'curl'," RANGE "}"),
		"affected name|curl|/containers/cna/affected/0/versions/0|only the name is the same; version 7.88_rc1 is affected by this entry "
		"(order of versions: generic); the distribution's package may have the correction\n" },
	{ { "curl", "7.88", NULL, NULL },
		CVE("PUBLISHED",
			"{'product':'other'},{'product':'curl','versions':[{'version':'7','status':'affected','lessThan':'8_',"
			"'versionType':'semver'}]}"),
		"undecided name|curl|/containers/cna/affected/1|only the name is the same; '8_' is no semantic version\n" },
	/* Words and spans in the place of versions, and a component that has a commit's id there: for people, with the reason. */
	{ { "curl", "8.0" },
		CVE("PUBLISHED", "{'product':'curl','defaultStatus':'unaffected','versions':[{'version':'7.0-8.4','status':'affected'}]}"),
		"undecided name|curl|/containers/cna/affected/0|only the name is the same; '7.0-8.4' may be a span of versions\n" },
	{ { "curl", "8.0" },
		CVE("PUBLISHED", "{'product':'curl','defaultStatus':'unaffected','versions':[{'version':'curl-8.0','status':'affected'}]}"),
		"undecided name|curl|/containers/cna/affected/0|only the name is the same; whether '8.0' comes before or after 'curl-8.0' is not known\n" },
	{ { "curl", "4f9cf3b" }, CVE("PUBLISHED", "{'product':'curl'," RANGE "}"),
		"undecided name|curl|/containers/cna/affected/0|only the name is the same; '4f9cf3b' seems to be the id of a commit, which has no order\n" },
	{ { "curl", NULL, NULL, NULL }, CVE("PUBLISHED", "{'product':'curl'}"),
		"undecided name|curl|/containers/cna/affected/0|only the name is the same; the component has no version\n" },
	{ { NULL, "1", NULL, NULL }, CVE("PUBLISHED", "{'vendor':'x'}"), "" },
	{ { "curl", "7.1", NULL, NULL }, CVE("PUBLISHED", "]},'adp':[{'affected':[{},{'product':'curl'," RANGE "}]}],'x':{'y':["),
		"affected name|curl|/containers/adp/0/affected/1/versions/0|only the name is the same; version 7.1 is affected by this entry (order of versions: generic)\n" },
};

static void test_cve(void **state)
{
	check_rows(tw_cve_read, tw_vuln_match_cve, cve, TW_COUNT(cve));
}

#define APPLIES(more)                                                                                                             \
	"{'dataType':'CVE_RECORD','dataVersion':'5.1','cveMetadata':{'cveId':'CVE-2026-0001','state':'PUBLISHED'},'containers':{" \
	"'cna':{'cpeApplicability':[" more "]}}}"
#define NODE(operator, more) "{'operator':'" operator"','negate':false,'cpeMatch':[" more "]}"
#define NODES(more) "{'nodes':[" more "]}"
#define MATCH(name, more) "{'vulnerable':true,'criteria':'" name "'" more "}"
#define BENEATH "{'vulnerable':false,'criteria':'cpe:2.3:o:x:os:*:*:*:*:*:*:*:*'}"
#define AT "/containers/cna/cpeApplicability/0/nodes/0/cpeMatch/"
#define LIB(version)                                                                    \
	{                                                                               \
		"libcurl4", NULL, NULL, "cpe:2.3:a:haxx:curl:" version ":*:*:*:*:*:*:*" \
	}
#define IN(version) "affected cpe|" OF "|" AT "0|version " version " is in this CPE range (order of versions: generic)\n"
#define OUT(version) "unaffected cpe|" OF "|" AT "0|version " version " is in none of the record's CPE ranges\n"
#define ONE(more) APPLIES(NODES(NODE("OR", MATCH(OF, more))))

static const struct row applicability[] = {
	{ LIB("8.0"), ONE(""), IN("8.0") },
	{ LIB("8.0"), ONE(",'versionStartIncluding':'8.0','versionEndExcluding':'8.1'"), IN("8.0") },
	{ LIB("8.1"), ONE(",'versionStartIncluding':'8.0','versionEndExcluding':'8.1'"), OUT("8.1") },
	{ LIB("7.9"), ONE(",'versionStartIncluding':'8.0','versionEndExcluding':'8.1'"), OUT("7.9") },
	{ LIB("8.0"), ONE(",'versionStartExcluding':'8.0','versionEndIncluding':'8.1'"), OUT("8.0") },
	{ LIB("8.0.1"), ONE(",'versionStartExcluding':'8.0','versionEndIncluding':'8.1'"), IN("8.0.1") },
	{ LIB("8.1"), ONE(",'versionStartExcluding':'8.0','versionEndIncluding':'8.1'"), IN("8.1") },
	{ LIB("8.10"), ONE(",'versionEndIncluding':'8.9'"), OUT("8.10") },
	/* As Yocto writes them; without a CPE name, of another product and of any product nothing is said. */
	{ { "kernel-image", NULL, NULL, "cpe:2.3:*:linux:linux_kernel:6.6.40:*:*:*:*:*:*:*" },
		APPLIES(NODES(NODE("OR",
			MATCH("cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*",
				",'versionStartIncluding':'5.11','versionEndExcluding':'6.1.99'") "," MATCH("cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*",
				",'versionStartIncluding':'6.2','versionEndExcluding':'6.6.50'")))),
		"affected cpe|cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*|" AT
		"1|version 6.6.40 is in this CPE range (order of versions: generic)\n" },
	{ { "curl", "8.0" }, ONE(""), "" },
	{ LIB("8.0"),
		APPLIES(NODES(NODE("OR",
			MATCH("cpe:2.3:a:haxx:libcurl:*:*:*:*:*:*:*:*", "") "," MATCH(
				"cpe:2.3:a:*:*:*:*:*:*:*:*:*:*", "") "," MATCH("no name", "")))),
		"" },
	{ LIB("8.0"), APPLIES(NODES(NODE("OR", "{'vulnerable':false,'criteria':'" OF "'}"))), "" },
	/* Versions and updates in the name itself. */
	{ LIB("8.0"), APPLIES(NODES(NODE("OR", MATCH("cpe:2.3:a:haxx:curl:8.0.0:*:*:*:*:*:*:*", "")))),
		"affected cpe|cpe:2.3:a:haxx:curl:8.0.0:*:*:*:*:*:*:*|" AT
		"0|version 8.0 is in this CPE range (order of versions: generic)\n" },
	{ LIB("8.1"), APPLIES(NODES(NODE("OR", MATCH("cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*", "")))),
		"unaffected cpe|cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|" AT "0|version 8.1 is in none of the record's CPE ranges\n" },
	{ { "a", NULL, NULL, "cpe:2.3:a:haxx:curl:8.0:rc2:*:*:*:*:*:*" },
		APPLIES(NODES(NODE("OR", MATCH("cpe:2.3:a:haxx:curl:8.0:rc1:*:*:*:*:*:*", "")))),
		"unaffected cpe|cpe:2.3:a:haxx:curl:8.0:rc1:*:*:*:*:*:*|" AT "0|version 8.0rc2 is in none of the record's CPE ranges\n" },
	{ LIB("8.0"), APPLIES(NODES(NODE("OR", MATCH("cpe:2.3:a:haxx:curl:-:*:*:*:*:*:*:*", "")))),
		"undecided cpe|cpe:2.3:a:haxx:curl:-:*:*:*:*:*:*:*|" AT "0|the record names no single version and no range\n" },
	{ LIB("8.0"), APPLIES(NODES(NODE("OR", MATCH("cpe:2.3:a:haxx:curl:8.*:*:*:*:*:*:*:*", "")))),
		"undecided cpe|cpe:2.3:a:haxx:curl:8.*:*:*:*:*:*:*:*|" AT "0|the record names no single version and no range\n" },
	{ LIB("*"), ONE(""), "undecided cpe|" OF "|" AT "0|the component has no version\n" },
	{ LIB("8.0"), ONE(",'versionEndExcluding':'all'"), "undecided cpe|" OF "|" AT "0|'all' is no single version\n" },
	/* Together with something else, and where something is not so; outside the range it is outside in any case. */
	{ LIB("8.0"), APPLIES("{'operator':'AND','nodes':[" NODE("OR", MATCH(OF, "")) "," NODE("OR", BENEATH) "]}"),
		"undecided cpe|" OF "|" AT "0|the record means it only together with something else\n" },
	{ LIB("8.0"), APPLIES("{'operator':'AND','nodes':[" NODE("OR", MATCH(OF, ",'versionEndExcluding':'8.0'")) "," NODE("OR", BENEATH) "]}"),
		OUT("8.0") },
	{ LIB("8.0"), APPLIES(NODES(NODE("AND", MATCH(OF, "") "," BENEATH))),
		"undecided cpe|" OF "|" AT "0|the record means it only together with something else\n" },
	{ LIB("8.0"), APPLIES("{'operator':'AND','nodes':[" NODE("AND", MATCH(OF, "")) "]}"), IN("8.0") },
	{ LIB("8.0"), APPLIES("{'negate':true,'nodes':[" NODE("OR", MATCH(OF, ",'versionEndExcluding':'8.0'")) "]}"),
		"undecided cpe|" OF "|" AT "0|the record means it where something is not so\n" },
	{ LIB("8.0"), APPLIES(NODES("{'operator':'OR','negate':true,'cpeMatch':[" MATCH(OF, "") "]}")),
		"undecided cpe|" OF "|" AT "0|the record means it where something is not so\n" },
	/* Of several configurations what counts most. */
	{ LIB("8.0"),
		APPLIES(NODES(NODE("OR", MATCH(OF, ",'versionEndExcluding':'7'"))) "," NODES(
			NODE("OR", BENEATH) "," NODE("OR", MATCH(OF, "")))),
		"affected cpe|" OF
		"|/containers/cna/cpeApplicability/1/nodes/1/cpeMatch/0|version 8.0 is in this CPE range (order of versions: generic)\n" },
	/* A distribution's package has upstream's version there, and apk's suffixes are not upstream's. */
	{ { "curl", "8.0-1", "pkg:deb/debian/curl", OF }, ONE(",'versionEndIncluding':'8.0'"),
		"affected cpe|" OF "|" AT
		"0|version 8.0 is in this CPE range (order of versions: generic); the distribution's package may have the correction\n" },
	{ { "curl", "8.0_p1-r0", "pkg:apk/alpine/curl", OF }, ONE(""),
		"undecided cpe|" OF "|" AT "0|'8.0_p1' has a suffix of apk that upstream's versions do not have\n" },
	{ { "curl", "master", NULL, "cpe:2.3:a:haxx:curl:*:*:*:*:*:*:*:*" }, ONE(""),
		"undecided cpe|" OF "|" AT "0|'master' is no single version\n" },
};

/* Versions with updates, as records, inventories and CPE names spell them: the verdict alone. */
static const struct {
	const char *version, *cpe; /* the component's */
	const char *record, *bounds;
	const char *verdict;
} updates[] = {
	/* The same version and update, in each spelling. */
	{ "4.2.8p15", "4.2.8:p15", "4.2.8:p15", "", "affected" },
	{ "4.2.8p15", "4.2.8p15:*", "4.2.8:p15", "", "affected" },
	{ "4.2.8p15", "*:*", "4.2.8:p15", "", "affected" },
	{ "4.2.8-p15", "*:*", "4.2.8:p15", "", "affected" },
	{ "4.2.8", "4.2.8:p15", "4.2.8:p15", "", "affected" },
	{ NULL, "4.2.8:p15", "4.2.8:p15", "", "affected" },
	{ NULL, "9.3:p1", "9.3p1:*", "", "affected" },
	{ "9.3p1", "9.3:p1", "9.3p1:*", "", "affected" },
	/* Of one that is not said it may be the one that is meant. */
	{ "9.3", "9.3:*", "9.3:p1", "", "affected" },
	{ "9.3", "9.3:*", "9.3p1:*", "", "undecided" },
	{ "9.3", "9.3:-", "9.3:p1", "", "unaffected" },
	/* Another update. */
	{ "4.2.8p15", "4.2.8:p15", "4.2.8:p14", "", "unaffected" },
	{ "4.2.8p15", "*:*", "4.2.8:p14", "", "unaffected" },
	{ "4.2.8p15", "4.2.8:p15", "4.2.8:-", "", "unaffected" },
	{ "4.2.8p15", "4.2.8:p15", "4.2.9:*", "", "unaffected" },
	{ "4.2.8p15", "4.2.8:p15", "4.2.8:patch15", "", "undecided" },
	/* A version of any update: by the CPE name it is one, by words it may be one. */
	{ "4.2.8p15", "4.2.8:p15", "4.2.8:*", "", "affected" },
	{ "1.9.5p1", "1.9.5p1:*", "1.9.5:*", "", "undecided" },
	{ "1.9.5p1", "1.9.5:*", "1.9.5:*", "", "undecided" },
	{ "1.9.5pl1", "*:*", "1.9.5:*", "", "undecided" },
	{ "1.9.5rc1", "*:*", "1.9.5:-", "", "undecided" },
	{ "1.0.2k", "*:*", "1.0.2:*", "", "unaffected" },
	{ "1.0.2.1", "*:*", "1.0.2:*", "", "unaffected" },
	/* Both say something else: what is said by either counts. */
	{ "4.2.9", "4.2.8:p15", "4.2.8:p15", "", "affected" },
	{ "4.2.8p15", "4.2.9:*", "4.2.8:p15", "", "affected" },
	{ "244fd47e07d1014f0aed9c244fd47e07d1014f0a", "4.2.8:p15", "4.2.8:p15", "", "affected" },
	{ "244fd47e07d1014f0aed9c244fd47e07d1014f0a", "*:*", "4.2.8:*", "", "undecided" },
	/* Bounds: whether a patch level comes before or after its version is not known from the text. */
	{ "8.5p1", "8.5p1:*", "*:*", ",'versionStartIncluding':'8.5','versionEndExcluding':'9.8'", "undecided" },
	{ "8.5p1", "8.5:p1", "*:*", ",'versionStartIncluding':'8.5','versionEndExcluding':'9.8'", "affected" },
	{ "8.5p1", "8.5p1:*", "*:*", ",'versionEndExcluding':'8.5'", "undecided" },
	{ "8.5p1", "8.5p1:*", "*:*", ",'versionEndIncluding':'8.5'", "undecided" },
	{ "8.5p1", "8.5:p1", "*:*", ",'versionEndIncluding':'8.5'", "affected" },
	{ "8.5p1", "8.5:p1", "*:*", ",'versionEndExcluding':'8.5p1'", "unaffected" },
	{ NULL, "8.5:p1", "*:*", ",'versionEndExcluding':'8.5p1'", "unaffected" },
	{ "8.5p1", "8.5:p1", "*:*", ",'versionEndExcluding':'8.5p2'", "affected" },
	{ "8.5p1", "8.5p1:*", "*:*", ",'versionEndExcluding':'8.4'", "unaffected" },
	{ "8.5p1", "8.5p1:*", "*:*", ",'versionEndExcluding':'8.6'", "affected" },
	{ "8.0rc2", "8.0:rc2", "*:*", ",'versionStartIncluding':'8.0'", "affected" },
	{ "8.0rc2", "8.0:rc2", "*:*", ",'versionEndExcluding':'8.0'", "affected" },
};

static tw_err one_update(const struct tw_sys *sys, size_t number)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *record = NULL;
	TW_CLEANUP(tw_vuln_subject_done) struct tw_vuln_subject s = { 0 };
	char text[1024], cpe[128];

	tw_buf_init(&b, sys, 65536);
	(void)snprintf(text, sizeof text, APPLIES(NODES(NODE("OR", MATCH("cpe:2.3:a:ntp:ntp:%s:*:*:*:*:*:*", "%s")))),
		updates[number].record, updates[number].bounds);
	(void)snprintf(cpe, sizeof cpe, "cpe:2.3:a:ntp:ntp:%s:*:*:*:*:*:*", updates[number].cpe);
	TW_TRY(tw_vuln_subject_init(sys, &(struct tw_vuln_component){ "ntp", updates[number].version, NULL, cpe }, &s));
	TW_TRY(tw_cve_read(quoted(text), &record));
	TW_TRY(tw_vuln_match_cve(&s, record, on_match, &b));
	if (strcspn(tw_buf_cstr(&b), " ") != strlen(updates[number].verdict) ||
		strncmp(tw_buf_cstr(&b), updates[number].verdict, strlen(updates[number].verdict)) != 0)
		fail_msg("row %zu: want %s, got %s", number, updates[number].verdict, tw_buf_cstr(&b));
	return TW_OK;
}

static void test_updates(void **state)
{
	for (size_t i = 0; i < TW_COUNT(updates); i++)
		CHECK_OK(one_update(tw_sys_real(), i));
}

static void test_applicability(void **state)
{
	check_rows(tw_cve_read, tw_vuln_match_cve, applicability, TW_COUNT(applicability));
}

static void test_components(void **state)
{
	struct tw_vuln_subject s;

	CHECK_ERR(tw_vuln_subject_init(tw_sys_real(), &(struct tw_vuln_component){ "a", "1", "pkg:a", NULL }, &s), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "purl: character 6: no name");
	CHECK_ERR(tw_vuln_subject_init(tw_sys_real(), &(struct tw_vuln_component){ "a", "1", "pkg:npm/a", "cpe:/x" }, &s), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "CPE name: character 6: the part is a, h or o");
	CHECK(!s.has_purl && !s.purl.own.data);
	CHECK_OK(tw_vuln_subject_init(tw_sys_real(), &(struct tw_vuln_component){ NULL, "1:2-3-4", "pkg:deb/a@9", NULL }, &s));
	CHECK_TEXT(s.name, "a");
	CHECK_TEXT(s.version, "1:2-3-4");
	CHECK_TEXT(s.upstream, "2-3");
	tw_vuln_subject_done(&s);
	static const char *const upstream[][2] = { { "1:1.4.0+really1.2.1-3", "1.2.1" }, { "1.2.3+dfsg1-1+deb12u1", "1.2.3" },
		{ "2:1.2+git2024", "1.2" }, { "1.2~rc1-1", "1.2~rc1" }, { "-", "" }, { "+", "+" } };
	for (size_t i = 0; i < TW_COUNT(upstream); i++) {
		CHECK_OK(tw_vuln_subject_init(
			tw_sys_real(), &(struct tw_vuln_component){ "a", upstream[i][0], "pkg:deb/debian/a", NULL }, &s));
		CHECK_TEXT(s.upstream, upstream[i][1]);
		tw_vuln_subject_done(&s);
	}
	CHECK_OK(tw_vuln_subject_init(tw_sys_real(), &(struct tw_vuln_component){ "b", NULL, "pkg:npm/a@9-1", HAXX }, &s));
	CHECK_TEXT(s.name, "b");
	CHECK_TEXT(s.version, "9-1");
	CHECK(s.upstream == s.version);
	tw_vuln_subject_done(&s);
}

static tw_err one_match(const struct tw_sys *sys, const struct row *row, tw_err (*read)(struct tw_slice text, json_t **ret),
	tw_err (*match)(const struct tw_vuln_subject *s, const json_t *record, tw_vuln_tell tell, void *user))
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *record = NULL;
	TW_CLEANUP(tw_vuln_subject_done) struct tw_vuln_subject s = { 0 };

	tw_buf_init(&b, sys, 65536);
	TW_TRY(tw_vuln_subject_init(sys, &row->c, &s));
	TW_TRY(read(quoted(row->record), &record));
	TW_TRY(match(&s, record, on_match, &b));
	CHECK_TEXT(tw_buf_cstr(&b), row->told);
	return TW_OK;
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_TRY(one_match(sys, &osv[29], tw_osv_read, tw_vuln_match_osv));
	TW_TRY(one_match(sys, &osv[35], tw_osv_read, tw_vuln_match_osv));
	TW_TRY(one_match(sys, &osv[20], tw_osv_read, tw_vuln_match_osv));
	TW_TRY(one_match(sys, &cve[5], tw_cve_read, tw_vuln_match_cve));
	TW_TRY(one_match(sys, &cve[8], tw_cve_read, tw_vuln_match_cve));
	TW_TRY(one_match(sys, &applicability[8], tw_cve_read, tw_vuln_match_cve));
	for (size_t i = 0; i < TW_COUNT(updates); i += 5)
		TW_TRY(one_update(sys, i));
	return one_match(sys, &applicability[12], tw_cve_read, tw_vuln_match_cve);
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_osv), cmocka_unit_test(test_cve), cmocka_unit_test(test_applicability),
	cmocka_unit_test(test_updates), cmocka_unit_test(test_components), cmocka_unit_test(test_without_memory))

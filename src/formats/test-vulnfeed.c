/* SPDX-License-Identifier: Apache-2.0 */
/* Records and lists of vulnerabilities: what is read, and each fault with its place. */
#include "formats/vulnfeed.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

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

#define OSV(more) "{'schema_version':'1.6.0','id':'OSV-1','modified':'2026-01-02T03:04:05Z'" more "}"
#define RANGE(more) OSV(",'affected':[{'package':{'ecosystem':'Debian:12','name':'curl'},'ranges':[" more "]}]")
#define CVE(more) \
	"{'dataType':'CVE_RECORD','dataVersion':'5.1','cveMetadata':{'cveId':'CVE-2026-0001','state':'PUBLISHED'},'containers':{'cna':{" more "}}}"
#define PRODUCT(more) CVE("'affected':[{},{'vendor':'v','product':'p'" more "}]")

struct row {
	const char *text, *detail; /* NULL: it is read */
};

static const struct row osv[] = {
	{ OSV("") },
	{ OSV(",'affected':null,'aliases':null,'severity':[1],'published':'2026-01-02T03:04:05.123456Z'") },
	{ OSV(",'aliases':['CVE-2026-1'],'affected':[{},{'package':{'ecosystem':'PyPI','name':'x','purl':'pkg:pypi/x'},'versions':['1','2']}]") },
	{ RANGE("{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'1'}],'database_specific':{'a':[]}}") },
	{ RANGE("{'type':'GIT','repo':'https://x','events':[{'introduced':'0'},{'limit':'1'}]}") },
	{ "[]", "the record is no object" },
	{ "{'id':'x'}", "'modified' is missing" },
	{ "{'id':1,'modified':'x'}", "'id' must be a text" },
	{ "{'id':'x','modified':'x'}", NULL },
	{ OSV(",'withdrawn':'yesterday'"), NULL },
	{ "{'schema_version':'2.0','id':'x','modified':'2026-01-02T03:04:05Z'}", "/schema_version: OSV 2.0, known is 1" },
	{ OSV(",'aliases':['a',1]"), "/aliases/1: is no text of up to 4096 bytes" },
	{ OSV(",'aliases':{}"), "/aliases: is no list" },
	{ OSV(",'affected':[1]"), "/affected/0: an object is wanted" },
	{ OSV(",'affected':[{},{'package':{'name':'x'}}]"), "/affected/1/package: 'ecosystem' is missing" },
	{ OSV(",'affected':[{'versions':[null]}]"), "/affected/0/versions/0: is no text of up to 4096 bytes" },
	{ OSV(",'affected':[{'ranges':{}}]"), "/affected/0/ranges: is no list" },
	{ RANGE("{'type':'X','events':[]}"), "/affected/0/ranges/0/type: 'X' is none of its words" },
	{ RANGE("{'type':'GIT'}"), "/affected/0/ranges/0: 'events' is missing" },
	{ RANGE("{'type':'GIT','events':[{'fixed':'1'}]}"), "/affected/0/ranges/0/events: nothing is introduced" },
	{ RANGE("{'type':'GIT','events':[{'introduced':'0','fixed':'1'}]}"), "/affected/0/ranges/0/events/0: an event says one thing, not 2" },
	{ RANGE("{'type':'GIT','events':[{'introduced':'0'},{}]}"), "/affected/0/ranges/0/events/1: an event says one thing, not 0" },
	{ RANGE("{'type':'GIT','events':[{'other':'0'}]}"), "/affected/0/ranges/0/events/0: unknown key 'other'" },
	{ RANGE("{'type':'GIT','events':[{'introduced':0}]}"), "/affected/0/ranges/0/events/0: 'introduced' must be a text" },
};

static const struct row cve[] = {
	{ CVE("") },
	{ CVE("'affected':[]},'adp':[{'title':'x','affected':[{'vendor':'v'}]}],'x':{") },
	{ PRODUCT(",'cpes':['cpe:2.3:a:v:p:*:*:*:*:*:*:*:*'],'packageURL':'pkg:npm/p','defaultStatus':'unaffected','platforms':['x']") },
	{ PRODUCT(",'versions':[{'version':'0','status':'affected','lessThan':'2','versionType':'semver','changes':[{'at':'1','status':'unaffected'}]}]") },
	{ "{'dataType':'CVE_RECORD','dataVersion':'5.1','cveMetadata':{'cveId':'CVE-2026-0001','state':'REJECTED'},'containers':{'cna':{'rejectedReasons':[]}}}" },
	{ PRODUCT(",'versions':[{'version':'','status':'affected'}]") }, /* of this entry nobody knows; of the record the rest counts */
	{ "{}", "'dataType' is missing" },
	{ "{'dataType':'CVE','dataVersion':'5.1','cveMetadata':{},'containers':{}}", "/dataType: 'CVE' is none of its words" },
	{ "{'dataType':'CVE_RECORD','dataVersion':'4.0','cveMetadata':{},'containers':{}}", "/dataVersion: CVE JSON 4.0, known is 5" },
	{ "{'dataType':'CVE_RECORD','dataVersion':'5.0','cveMetadata':{'cveId':'CVE-1','state':'PUBLISHED'},'containers':{}}",
		"/cveMetadata/cveId: is no id of a CVE" },
	{ "{'dataType':'CVE_RECORD','dataVersion':'5.0','cveMetadata':{'cveId':'CVE-2026-0001','state':'NEW'},'containers':{}}",
		"/cveMetadata/state: 'NEW' is none of its words" },
	{ "{'dataType':'CVE_RECORD','dataVersion':'5.0','cveMetadata':{'cveId':'CVE-2026-0001','state':'PUBLISHED'},'containers':{}}",
		"/containers: 'cna' is missing" },
	{ CVE("'affected':1"), "/containers/cna/affected: is no list" },
	{ CVE("'cpeApplicability':1"), "/containers/cna/cpeApplicability: is no list" },
	{ CVE("'cpeApplicability':[{}]"), "/containers/cna/cpeApplicability/0: 'nodes' is missing" },
	{ CVE("'cpeApplicability':[{'operator':'XOR','nodes':[]}]"), "/containers/cna/cpeApplicability/0/operator: 'XOR' is none of its words" },
	{ CVE("'cpeApplicability':[{'nodes':[{'cpeMatch':[]}]}]"), "/containers/cna/cpeApplicability/0/nodes/0: 'operator' is missing" },
	{ CVE("'cpeApplicability':[{'nodes':[{'operator':'NOT','cpeMatch':[]}]}]"),
		"/containers/cna/cpeApplicability/0/nodes/0/operator: 'NOT' is none of its words" },
	{ CVE("'cpeApplicability':[{'nodes':[{'operator':'OR','cpeMatch':[{'vulnerable':true}]}]}]"),
		"/containers/cna/cpeApplicability/0/nodes/0/cpeMatch/0: 'criteria' is missing" },
	{ CVE("'cpeApplicability':[{'nodes':[{'operator':'OR','cpeMatch':[{'vulnerable':'yes','criteria':'x'}]}]}]"),
		"/containers/cna/cpeApplicability/0/nodes/0/cpeMatch/0: 'vulnerable' must be true or false" },
	{ CVE("'cpeApplicability':[{'negate':1,'nodes':[]}]"), "/containers/cna/cpeApplicability/0: 'negate' must be true or false" },
	{ CVE("},'adp':[{},{'affected':[{'vendor':1}]}],'x':{"), "/containers/adp/1/affected/0: 'vendor' must be a text" },
	{ PRODUCT(",'cpes':[1]"), "/containers/cna/affected/1/cpes/0: is no text of up to 4096 bytes" },
	{ PRODUCT(",'defaultStatus':'fixed'"), "/containers/cna/affected/1/defaultStatus: 'fixed' is none of its words" },
	{ PRODUCT(",'versions':[{'version':'1','status':'affected','lessThan':''}]"),
		"/containers/cna/affected/1/versions/0: 'lessThan' has 0 bytes, wanted 1 to 1024" },
	{ PRODUCT(",'versions':[{'version':'1'}]"), "/containers/cna/affected/1/versions/0: 'status' is missing" },
	{ PRODUCT(",'versions':[{'version':'1','status':'x'}]"), "/containers/cna/affected/1/versions/0/status: 'x' is none of its words" },
	{ PRODUCT(",'versions':[{'version':'1','status':'affected','lessThan':'2','lessThanOrEqual':'2'}]"),
		"/containers/cna/affected/1/versions/0/lessThanOrEqual: beside lessThan" },
	{ PRODUCT(",'versions':[{'version':'1','status':'affected','lessThan':'2','changes':[{'at':'1'}]}]"),
		"/containers/cna/affected/1/versions/0/changes/0: 'status' is missing" },
};

static void check_rows(tw_err (*read)(struct tw_slice text, json_t **ret), const struct row *rows, size_t count, size_t good)
{
	for (size_t i = 0; i < count; i++) {
		json_t *record = NULL;
		tw_err e = read(quoted(rows[i].text), &record);

		if (tw_failed(e) != (i >= good))
			fail_msg("%s: %s", rows[i].text, tw_failed(e) ? tw_err_detail() : "read");
		CHECK((record != NULL) == (i < good));
		if (rows[i].detail)
			CHECK_TEXT(tw_err_detail(), rows[i].detail);
		CHECK(!tw_failed(e) || tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED));
		json_decref(record);
	}
}

static void test_osv(void **state)
{
	json_t *record;

	check_rows(tw_osv_read, osv, TW_COUNT(osv), 5);
	CHECK_ERR(tw_osv_read(quoted(OSV(",'withdrawn':'yesterday'")), &record), SYNTAX);
	CHECK(!strncmp(tw_err_detail(), "/withdrawn: ", 12));
	CHECK_ERR(tw_osv_read(quoted("{'schema_version':'2.0','id':'x','modified':'2026-01-02T03:04:05Z'}"), &record), UNSUPPORTED);
}

static void test_cve(void **state)
{
	check_rows(tw_cve_read, cve, TW_COUNT(cve), 6);
	CHECK(tw_cve_id(TW_SLICE("CVE-2026-0001")) && tw_cve_id(TW_SLICE("CVE-2026-1234567890123456789")));
	CHECK(!tw_cve_id(TW_SLICE("CVE-2026-12345678901234567890")) && !tw_cve_id(TW_SLICE("CVE-2026-0001\0x")) &&
		!tw_cve_id(TW_SLICE("")));
}

static tw_err on_kev(void *user, const struct tw_kev *one)
{
	struct tw_buf *b = user;

	return tw_buf_format(b, "%s|%s|%s|%s|%s|%d;", one->cve, one->vendor, one->product, one->added, one->due, one->ransomware);
}

#define KEV(count, rows) \
	"{'title':'x','catalogVersion':'2026.11.22','dateReleased':'2026-11-22T10:00:00.1Z','count':" count ",'vulnerabilities':[" rows "]}"
#define ROW(cve, date)                                                                                                                \
	"{'cveID':'" cve "','vendorProject':'v','product':'p','vulnerabilityName':'n','dateAdded':'" date "','shortDescription':'s'," \
	"'requiredAction':'r','dueDate':'2026-11-23','knownRansomwareCampaignUse':'Known'}"

static void test_kev(void **state)
{
	static const struct row rows[] = {
		{ KEV("1", ""), "/count: 1, and there are 0" },
		{ KEV("1", ROW("CVE-2026-1", "2026-11-22")), "/vulnerabilities/0/cveID: is no id of a CVE" },
		{ KEV("2", ROW("CVE-2026-0001", "2026-11-22") ",{}"), "/vulnerabilities/1: 'cveID' is missing" },
		{ KEV("1", ROW("CVE-2026-0001", "2026-11-31")), "/vulnerabilities/0/dateAdded: is no date" },
		{ KEV("1", ROW("CVE-2026-0001", "2026-11-3")), "/vulnerabilities/0: 'dateAdded' has 9 bytes, wanted 10 to 10" },
		{ "{'count':0}", "'catalogVersion' is missing" },
		{ "[]", "an object is wanted" },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK_OK(tw_kev_read(quoted(KEV("2",
				     ROW("CVE-2026-0001", "2026-11-22") ",{'cveID':'CVE-2026-00002','vendorProject':'','product':'q',"
									"'dateAdded':'2026-01-01','dueDate':'2026-01-02','other':1}")),
		on_kev, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "CVE-2026-0001|v|p|2026-11-22|2026-11-23|1;CVE-2026-00002||q|2026-01-01|2026-01-02|0;");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_ERR(tw_kev_read(quoted(rows[i].text), on_kev, &b), SYNTAX);
		CHECK_TEXT(tw_err_detail(), rows[i].detail);
	}
	b.max = b.size;
	CHECK_ERR(tw_kev_read(quoted(KEV("1", ROW("CVE-2026-0001", "2026-11-22"))), on_kev, &b), LIMIT); /* the visitor's */
}

static tw_err on_epss(void *user, const struct tw_epss *one)
{
	return tw_buf_format(user, TW_SLICE_FMT "=%u/%u;", TW_SLICE_ARG(one->cve), one->probability, one->percentile);
}

static void test_epss(void **state)
{
#define HEAD "cve,epss,percentile\n"
	static const struct row rows[] = {
		{ "", "line 1: want the head cve,epss,percentile" },
		{ "#model\nCVE-2026-0001,0,0\n", "line 2: want the head cve,epss,percentile" },
		{ HEAD "CVE-2026-0001,0,0\n\n", "line 3: the first value is no id of a CVE" },
		{ HEAD "CVE-2026-1,0,0\n", "line 2: the first value is no id of a CVE" },
		{ HEAD "CVE-2026-0001,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,1.1,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,2,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,0.,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,0.1,0,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,-0.1,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,9e-0,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,9e-,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
		{ HEAD "CVE-2026-0001,0.1x,0\n", "line 2: want a probability and a percentile from 0 to 1 behind the id" },
	};
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	CHECK_OK(tw_epss_read(
		TW_SLICE("#model_version:v2025.03.14,score_date:2026-11-22T12:55:00Z\r\n" HEAD
			 "CVE-1999-0001,0.01141,0.83845\r\nCVE-2026-00002,9e-05,1.0\nCVE-2026-0003,1,0.0000019\nCVE-2026-0004,1.2e-3,0"),
		on_epss, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "CVE-1999-0001=11410/838450;CVE-2026-00002=90/1000000;CVE-2026-0003=1000000/1;CVE-2026-0004=1200/0;");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_ERR(tw_epss_read(tw_slice_of(rows[i].text), on_epss, &b), SYNTAX);
		CHECK_TEXT(tw_err_detail(), rows[i].detail);
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	json_t *record = NULL;

	TW_TRY(tw_osv_read(quoted(osv[3].text), &record));
	json_decref(record);
	TW_TRY(tw_cve_read(quoted(cve[3].text), &record));
	json_decref(record);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_osv), cmocka_unit_test(test_cve), cmocka_unit_test(test_kev), cmocka_unit_test(test_epss),
	cmocka_unit_test(test_without_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of others: rows of documents and what is told of each, in one line; each fault with its place. */
#include "formats/vexread.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

/* ' for ". */
static json_t *quoted(const char *text)
{
	char copy[8192];
	json_t *document = NULL;

	(void)snprintf(copy, sizeof copy, "%s", text);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	CHECK_OK(tw_json_parse(tw_slice_of(copy), sizeof copy, &document));
	return document;
}

static tw_err on_statement(void *user, const struct tw_vex_statement *s)
{
	return tw_buf_format(user, "%s %s %s%s|%s|%s|%s|%s|%s\n", s->place, s->vulnerability, tw_vex_status_name(s->status),
		s->part ? " (part)" : "", s->purl, s->cpe, s->name, s->version, s->justification);
}

#define CSAF(more) "{'document':{'csaf_version':'2.0'}" more "}"
#define TREE                                                                                                                                         \
	",'product_tree':{'branches':[{'branches':[{'product':{'product_id':'A','product_identification_helper':{'purl':'pkg:deb/debian/a@1'}}}]}]," \
	"'full_product_names':[{'product_id':'B','product_identification_helper':{'cpe':'cpe:/a:b:b:1'}},{'product_id':'D'}],"                       \
	"'relationships':[{'product_reference':'A','relates_to_product_reference':'D','full_product_name':{'product_id':'A:D'}}]}"
#define VEX(more) "{'@context':'https://openvex.dev/ns/v0.2.0','statements':[" more "]}"

#define CYCLONE(vulnerabilities)                                                                                                                        \
	"{'bomFormat':'CycloneDX','specVersion':'1.6','components':[{'type':'library','bom-ref':'c','name':'curl','version':'8.0','cpe':"               \
	"'cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*'},{'type':'library','bom-ref':'b','name':'b','purl':'pkg:npm/b@1'}],'vulnerabilities':" vulnerabilities \
	"}"
#define FOUND(id, analysis, affects) "{'id':'" id "'" analysis ",'affects':[" affects "]}"
#define STATE(word) ",'analysis':{'state':'" word "'}"
#define SPDX3(more)                                                                                                                               \
	"{'@context':'https://spdx.org/rdf/3.0.1/spdx-context.jsonld','@graph':[{'type':'software_Package','spdxId':'http://x/c','name':'curl',"  \
	"'software_packageVersion':'8.0','externalIdentifier':[{'type':'ExternalIdentifier','externalIdentifierType':'cpe23','identifier':'C1'}," \
	"{'type':'ExternalIdentifier','externalIdentifierType':'cpe23','identifier':'C2'}]}" more "]}"
#define VULNERABILITY(id, more) ",{'type':'security_Vulnerability','spdxId':'" id "'" more "}"
#define CVE_IS(id) \
	",'externalIdentifier':[{'externalIdentifierType':'other','identifier':'x'},{'externalIdentifierType':'cve','identifier':'" id "'}]"
#define SAID(type, from, more) \
	",{'type':'security_Vex" type "VulnAssessmentRelationship','from':'" from "','to':['http://x/c','http://x/elsewhere']" more "}"

static const struct {
	const char *text, *told;
} rows[] = {
	{ CSAF(""), "" },
	{ CSAF(TREE ",'vulnerabilities':[{'cve':'CVE-2026-1','product_status':{'known_affected':['B','D','X'],'fixed':['A:D'],"
		    "'known_not_affected':['A'],'under_investigation':['B'],'recommended':['A']},"
		    "'flags':[{'label':'component_not_present','product_ids':['B']},{'label':'inline_mitigations_already_exist','product_ids':['A']}]},"
		    "{'ids':[],'product_status':{'fixed':['A']}},{'cve':'CVE-2026-2','product_status':{'first_affected':['B'],'last_affected':['A']}}]"),
		"/vulnerabilities/0/product_status/known_affected/0 CVE-2026-1 affected||cpe:/a:b:b:1|||\n"
		"/vulnerabilities/0/product_status/known_not_affected/0 CVE-2026-1 not_affected|pkg:deb/debian/a@1||||inline_mitigations_already_exist\n"
		"/vulnerabilities/0/product_status/fixed/0 CVE-2026-1 fixed (part)|pkg:deb/debian/a@1||||\n"
		"/vulnerabilities/0/product_status/under_investigation/0 CVE-2026-1 under_investigation||cpe:/a:b:b:1|||\n"
		"/vulnerabilities/2/product_status/first_affected/0 CVE-2026-2 affected||cpe:/a:b:b:1|||\n"
		"/vulnerabilities/2/product_status/last_affected/0 CVE-2026-2 affected|pkg:deb/debian/a@1||||\n" },
	{ VEX("{'vulnerability':{'name':'CVE-2026-1'},'status':'not_affected','justification':'component_not_present','products':"
	      "[{'@id':'pkg:npm/a@1'},{'@id':'https://x','identifiers':{'cpe23':'C'}},{'@id':'p','subcomponents':[{'identifiers':{'purl':'pkg:npm/b'}}]},"
	      "{'@id':'nothing'}]}"),
		"/statements/0/products/0 CVE-2026-1 not_affected|pkg:npm/a@1||||component_not_present\n"
		"/statements/0/products/1 CVE-2026-1 not_affected||C|||component_not_present\n"
		"/statements/0/products/2/subcomponents/0 CVE-2026-1 not_affected (part)|pkg:npm/b||||component_not_present\n" },
	{ CYCLONE("[]"), "" },
	/* All words of a state; what has none is somebody's finding and no statement. */
	{ CYCLONE("[" FOUND("CVE-2026-1", STATE("exploitable"), "{'ref':'c'}") "," FOUND("CVE-2026-2", STATE("in_triage"),
		  "{'ref':'c'}") "," FOUND("CVE-2026-3", STATE("false_positive"), "{'ref':'c'}") "," FOUND("CVE-2026-4",
		  ",'analysis':{'state':'not_affected','justification':'code_not_reachable'}",
		  "{'ref':'c'},{'ref':'b'}") "," FOUND("CVE-2026-5", STATE("resolved"), "{'ref':'c'}") "," FOUND("CVE-2026-6",
		  STATE("resolved_with_pedigree"), "{'ref':'c'}") "," FOUND("CVE-2026-7", "", "{'ref':'c'}") "," FOUND("CVE-2026-8",
		  ",'analysis':{'detail':'d'}", "{'ref':'c'}") "]"),
		"/vulnerabilities/0/affects/0 CVE-2026-1 affected||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/1/affects/0 CVE-2026-2 under_investigation||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/2/affects/0 CVE-2026-3 not_affected||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/3/affects/0 CVE-2026-4 not_affected||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|code_not_reachable\n"
		"/vulnerabilities/3/affects/1 CVE-2026-4 not_affected|pkg:npm/b@1||b||code_not_reachable\n"
		"/vulnerabilities/4/affects/0 CVE-2026-5 fixed||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/5/affects/0 CVE-2026-6 fixed||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n" },
	/* Of the product, of another document's component, of another version. */
	{ CYCLONE("[" FOUND("CVE-2026-1", STATE("resolved"),
		  "{'ref':'product'},{'ref':'urn:cdx:x/1#c'},{'ref':'c','versions':[{'version':'7.9'}]},"
		  "{'ref':'c','versions':[{'range':'vers:generic/>=1'}]},{'ref':'c','versions':[{'version':'7.9'},{'version':'8.0'}]}") "," FOUND("CVE-2026-2",
		  STATE("exploitable"), "{'ref':'b','versions':[{'version':'7.9'}]}") "]"),
		"/vulnerabilities/0/affects/4 CVE-2026-1 fixed||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/1/affects/0 CVE-2026-2 affected|pkg:npm/b@1||b||\n" },
	/* Versions, and ranges beside them, that the statement itself calls affected are not settled; nor is what is of unknown status. */
	{ CYCLONE("[" FOUND("CVE-2026-1", STATE("resolved"),
		  "{'ref':'c','versions':[{'version':'8.0','status':'affected'}]},"
		  "{'ref':'c','versions':[{'version':'8.0','status':'unknown'}]},"
		  "{'ref':'c','versions':[{'version':'8.0','status':1}]},"
		  "{'ref':'c','versions':[{'version':'8.0','status':'unaffected'},{'version':'8.0','status':'affected'}]},"
		  "{'ref':'c','versions':[{'version':'8.0'},{'range':'vers:generic/<9','status':'affected'}]},"
		  "{'ref':'c','versions':[{'range':'vers:generic/<9','status':'unaffected'}]},"
		  "{'ref':'c','versions':[{'range':'vers:generic/<8','status':'affected'},{'version':'8.0','status':'unaffected'}]},"
		  "{'ref':'c','versions':[{'version':'7.9'},{'version':'8.0'}]}") "," FOUND("CVE-2026-2", STATE("exploitable"),
		  "{'ref':'c','versions':[{'version':'8.0','status':'affected'}]}") "]"),
		"/vulnerabilities/0/affects/6 CVE-2026-1 fixed||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/0/affects/7 CVE-2026-1 fixed||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n"
		"/vulnerabilities/1/affects/0 CVE-2026-2 affected||cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*|curl|8.0|\n" },
	/* Of a reference that several components have, none is settled and each may be affected. */
	{ "{'bomFormat':'CycloneDX','specVersion':'1.6','components':[{'type':'library','bom-ref':'c','name':'curl','version':'8.0'},"
	  "{'type':'library','bom-ref':'c','name':'wget','version':'1'},{'type':'library','bom-ref':'c','name':'zlib'}],'vulnerabilities':[" FOUND(
		  "CVE-2026-1", STATE("resolved"), "{'ref':'c'}") "," FOUND("CVE-2026-2", STATE("not_affected"),
		  "{'ref':'c','versions':[{'version':'8.0'}]}") "," FOUND("CVE-2026-3", STATE("exploitable"), "{'ref':'c'}") "]}",
		"/vulnerabilities/2/affects/0 CVE-2026-3 affected|||curl|8.0|\n"
		"/vulnerabilities/2/affects/0 CVE-2026-3 affected|||wget|1|\n"
		"/vulnerabilities/2/affects/0 CVE-2026-3 affected|||zlib||\n" },
	/* As Buildroot says it, in both forms. */
	{ CYCLONE("[" FOUND("CVE-2026-1", ",'analysis':{'state':'in_triage','detail':'The CVE \\u0027CVE-2026-1\\u0027 has been marked as ignored by Buildroot'}",
		  "{'ref':'b'}") "]"),
		"/vulnerabilities/0/affects/0 CVE-2026-1 not_affected|pkg:npm/b@1||b||IGNORE_CVES\n" },
	{ "{'busybox':{'type':'target','name':'busybox','version':'1','cpe-id':'C1','ignore_cves':['CVE-2026-1','CVE-2026-2']},"
	  "'host-a':{'type':'host','ignore_cves':['CVE-2026-3']},'b':{'type':'target','virtual':false}}",
		"/busybox/ignore_cves/0 CVE-2026-1 not_affected||C1|busybox|1|IGNORE_CVES\n"
		"/busybox/ignore_cves/1 CVE-2026-2 not_affected||C1|busybox|1|IGNORE_CVES\n" },
	{ "{'spdxVersion':'SPDX-2.2','packages':[{'SPDXID':'a','name':'curl','versionInfo':'8.0','sourceInfo':'CVEs fixed: CVE-2026-0001 x  CVE-2026-0002',"
	  "'externalRefs':[{'referenceType':'cpe23Type','referenceLocator':'C1'},{'referenceType':'cpe23Type','referenceLocator':'C2'},"
	  "{'referenceType':'cpe23Type','referenceLocator':'C3'}]},{'SPDXID':'b','name':'b','sourceInfo':'CVE-2026-0003'}]}",
		"/packages/0/sourceInfo CVE-2026-0001 fixed||C1|curl|8.0|\n/packages/0/sourceInfo CVE-2026-0002 fixed||C1|curl|8.0|\n" },
	/* Packages of several documents have the same id: each speaks of itself. */
	{ "{'spdxVersion':'SPDX-2.2','packages':[{'SPDXID':'a','name':'curl','versionInfo':'8.0','sourceInfo':'CVEs fixed: CVE-2026-0001'},"
	  "{'SPDXID':'a','name':'wget','versionInfo':'1','sourceInfo':'CVEs fixed: CVE-2026-0002'},{'SPDXID':'a','name':'zlib','versionInfo':'2'}]}",
		"/packages/0/sourceInfo CVE-2026-0001 fixed|||curl|8.0|\n/packages/1/sourceInfo CVE-2026-0002 fixed|||wget|1|\n" },
	{ SPDX3(""), "" },
	{ SPDX3(VULNERABILITY("http://x/1", CVE_IS("CVE-2026-1")) SAID("Affected", "http://x/1", "") SAID("Fixed", "http://x/1", "")
			  SAID("NotAffected", "http://x/1", ",'security_justificationType':'vulnerableCodeNotPresent'")
				  SAID("UnderInvestigation", "http://x/1", "")),
		"/@graph/2/to/0 CVE-2026-1 affected||C1|curl|8.0|\n"
		"/@graph/3/to/0 CVE-2026-1 fixed||C1|curl|8.0|\n"
		"/@graph/4/to/0 CVE-2026-1 not_affected||C1|curl|8.0|vulnerable_code_not_present\n"
		"/@graph/5/to/0 CVE-2026-1 under_investigation||C1|curl|8.0|\n" },
	/* By its name, by what its address ends with, by nothing; ignored by choice; withdrawn; of a part. */
	{ SPDX3(VULNERABILITY("http://x/1", ",'name':'GHSA-1'") SAID("Fixed", "http://x/1", "") SAID("Fixed", "http://y/CVE-2026-0001",
		  "") SAID("Fixed", "http://y/none", "") SAID("NotAffected", "http://x/1", ",'security_impactStatement':'wontfix'")
			  SAID("Fixed", "http://x/1", ",'security_withdrawnTime':'2026-01-02T03:04:05Z'") SAID("Affected",
				  "http://x/1", ",'security_assessedElement':'http://x/c'") SAID("Other", "http://x/1", "")),
		"/@graph/2/to/0 GHSA-1 fixed||C1|curl|8.0|\n"
		"/@graph/3/to/0 CVE-2026-0001 fixed||C1|curl|8.0|\n"
		"/@graph/7 GHSA-1 affected (part)||C1|curl|8.0|\n" },
	{ "{'version':'1','package':[{'name':'curl','version':'8.0','issue':[{'id':'CVE-2026-1','status':'Patched','detail':'backported-patch'},"
	  "{'id':'CVE-2026-2','status':'Unpatched'},{'id':'CVE-2026-3','status':'Ignored'},{'id':'CVE-2026-4','status':'Ignored','detail':"
	  "'upstream-wontfix'},{'id':'CVE-2026-5','status':'Ignored','detail':'cpe-incorrect'}]},{'name':'b'}]}",
		"/package/0/issue/0 CVE-2026-1 fixed|||curl|8.0|backported-patch\n"
		"/package/0/issue/1 CVE-2026-2 affected|||curl|8.0|\n"
		"/package/0/issue/4 CVE-2026-5 not_affected|||curl|8.0|cpe-incorrect\n" },
};

static tw_err read_any(const struct tw_sys *sys, json_t *document, struct tw_buf *b)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom bom = { 0 };

	if (tw_feed_kind_of(document) != TW_FEED_INVENTORY)
		return tw_vex_read(document, on_statement, b);
	TW_TRY(tw_bom_of(sys, document, &bom));
	return tw_vex_bom(&bom, NULL, on_statement, b);
}

static void test_read(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_jsonp) json_t *document = quoted(rows[i].text);

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_OK(read_any(tw_sys_real(), document, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].told);
	}
}

static const struct {
	const char *text;
	enum tw_code code;
	const char *detail;
} refused[] = {
	{ "{}", TW_CODE_UNSUPPORTED, "neither CSAF, OpenVEX nor the output of cve-check" },
	{ "{'id':'X','modified':'x'}", TW_CODE_UNSUPPORTED, "neither CSAF, OpenVEX nor the output of cve-check" },
	{ CSAF(",'product_tree':{'branches':{}}"), TW_CODE_SYNTAX, "/product_tree/branches: is no list" },
	{ CSAF(",'product_tree':{'relationships':1}"), TW_CODE_SYNTAX, "/product_tree/relationships: is no list" },
	{ CSAF(",'vulnerabilities':1"), TW_CODE_SYNTAX, "/vulnerabilities: is no list" },
	{ CSAF(",'vulnerabilities':[{'product_status':{'fixed':1}}]"), TW_CODE_SYNTAX, "/vulnerabilities/0/product_status/fixed: is no list" },
	{ VEX("{}"), TW_CODE_SYNTAX, "/statements/0/vulnerability: has no name" },
	{ VEX("{'vulnerability':{'name':'x'},'status':'good'}"), TW_CODE_SYNTAX, "/statements/0/status: 'good' is none of its words" },
	{ VEX("{'vulnerability':{'name':'x'},'status':'fixed','products':1}"), TW_CODE_SYNTAX, "/statements/0/products: is no list" },
	{ "{'package':[{}]}", TW_CODE_SYNTAX, "/package/0/name: is missing" },
	{ "{'package':[{'name':'a','issue':[{}]}]}", TW_CODE_SYNTAX, "/package/0/issue/0/id: is missing" },
	{ "{'a':{'type':'target','ignore_cves':1}}", TW_CODE_SYNTAX, "/a/ignore_cves: is no list" },
	{ "{'a':{'type':'target','ignore_cves':['x',1]}}", TW_CODE_SYNTAX, "/a/ignore_cves/1: is no text" },
	{ CYCLONE("{}"), TW_CODE_SYNTAX, "/vulnerabilities: is no list" },
	{ CYCLONE("[{'id':'x','analysis':{'state':'good'}}]"), TW_CODE_SYNTAX, "/vulnerabilities/0/analysis/state: 'good' is none of its words" },
	{ CYCLONE("[{'id':'x','analysis':{'state':1}}]"), TW_CODE_SYNTAX, "/vulnerabilities/0/analysis/state: '' is none of its words" },
	{ CYCLONE("[{'id':'x','analysis':{'state':'resolved'},'affects':{}}]"), TW_CODE_SYNTAX, "/vulnerabilities/0/affects: is no list" },
	{ CYCLONE("[" FOUND("x", STATE("resolved"), "{'ref':'c'},{}") "]"), TW_CODE_SYNTAX, "/vulnerabilities/0/affects/1/ref: is missing" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_jsonp) json_t *document = quoted(refused[i].text);

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_INT(read_any(tw_sys_real(), document, &b).code, refused[i].code);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
}

static void test_deep(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *branch = json_object();

	for (int i = 0; i < 20; i++) {
		json_t *outer = json_pack("{s:[O]}", "branches", branch);

		json_decref(branch);
		branch = outer;
	}
	TW_CLEANUP(tw_jsonp)
	json_t *document = json_pack("{s:{s:s}, s:O}", "document", "csaf_version", "2.0", "product_tree", branch);
	CHECK_ERR(read_any(tw_sys_real(), document, &b), LIMIT);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum tw_feed_kind kind;
	} kinds[] = {
		{ "{'dataType':'CVE_RECORD'}", TW_FEED_CVE },
		{ "{'catalogVersion':'1'}", TW_FEED_KEV },
		{ "{'id':'a','modified':'b'}", TW_FEED_OSV },
		{ "{'id':'a'}", TW_FEED_UNKNOWN },
		{ "[]", TW_FEED_UNKNOWN },
		{ CSAF(""), TW_FEED_CSAF },
		{ VEX(""), TW_FEED_OPENVEX },
		{ "{'package':[]}", TW_FEED_CVE_CHECK },
		{ CYCLONE("[]"), TW_FEED_INVENTORY },
		{ SPDX3(""), TW_FEED_INVENTORY },
		{ "{'a':{'type':'host'}}", TW_FEED_INVENTORY },
		{ "{'spdxVersion':'SPDX-2.3'}", TW_FEED_INVENTORY },
	};

	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = quoted(kinds[i].text);

		CHECK_INT(tw_feed_kind_of(document), kinds[i].kind);
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	return read_any(sys, user, &b);
}

static void test_out_of_memory(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = quoted(rows[i].text);

		(void)told_sweep(ENOMEM, sweep, document, "");
	}
}

CHECK_MAIN(cmocka_unit_test(test_read), cmocka_unit_test(test_refused), cmocka_unit_test(test_deep), cmocka_unit_test(test_kinds),
	cmocka_unit_test(test_out_of_memory))

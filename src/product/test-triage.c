/* SPDX-License-Identifier: Apache-2.0 */
/* Where items go: each rule taking and leaving, decisions that hold and that come back, the order of the queue. */
#include "product/triage.h"

#include "check.h"
#include "formats/vulnfeed.h"
#include "oom.h"
#include "product/decisions.h"

static struct tw_slice quoted(const char *text, char *copy, size_t size)
{
	(void)snprintf(copy, size, "%s", text);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return tw_slice_of(copy);
}

#define BOM(parts) "{'bomFormat':'CycloneDX','specVersion':'1.6','components':[" parts "]}"
#define CURL_IS \
	"'type':'library','name':'curl','version':'8.0-1','purl':'pkg:deb/debian/curl@8.0-1?arch=arm64&distro=debian-12','cpe':'cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*'"
#define CURL "{" CURL_IS "}"
#define SPDX_CURL(name)                                                                                                                     \
	"{'type':'software_Package','spdxId':'http://x/" name "','name':'" name "','software_packageVersion':'8.0','externalIdentifier':[{" \
	"'externalIdentifierType':'cpe23','identifier':'cpe:2.3:a:haxx:curl:8.0:*:*:*:*:*:*:*'}]}"
#define BUSYBOX "{'type':'library','name':'busybox','version':'1'}"
#define LINUX "{'type':'library','name':'linux','version':'6.6'}"
#define ODD "{'type':'library','name':'odd','version':'1','purl':'no purl','cpe':'no name'}"
#define OSV(id, more, fixed)                                                                                                                \
	"{'id':'" id "','modified':'2026-01-02T03:04:05Z'" more ",'affected':[{'package':{'ecosystem':'Debian:12','name':'curl'},'ranges':" \
	"[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'" fixed "'}]}]}]}"
#define CVE(id, product, versions)                                                                                                            \
	"{'dataType':'CVE_RECORD','dataVersion':'5.1','cveMetadata':{'cveId':'" id "','state':'PUBLISHED'},'containers':{'cna':{'title':'T'," \
	"'affected':[{" product ",'versions':[" versions "]}]}}}"
#define BEFORE(version) "{'version':'0','lessThan':'" version "','status':'affected','versionType':'custom'}"
#define HAXX "'vendor':'haxx','product':'curl'"
#define KERNEL(files) "'vendor':'Linux','product':'Linux','programFiles':[" files "]"

struct world {
	const char *bom, *records[4], *statements, *kev, *epss, *decisions, *built, *installed, *other;
};

/* Another inventory among the feeds. */
static tw_err read_other(const struct tw_sys *sys, const char *other, tw_triage *t)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom bom = { 0 };
	char text[8192];

	TW_TRY(tw_bom_read(sys, quoted(other, text, sizeof text), &bom));
	return tw_triage_inventory(t, &bom, "o.json");
}

/* Everything that a world has, into one triage; the items' states, a line each. */
static tw_err run(const struct tw_sys *sys, const struct world *w, const json_t *before, struct tw_buf *ret, struct tw_buf *ret_state)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom bom = { 0 };
	TW_CLEANUP(tw_triage_freep) tw_triage *t = NULL;
	TW_CLEANUP(tw_jsonp) json_t *record = NULL, *decisions = NULL, *installed = NULL;
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	struct tw_triage_tree tree = { 0 };
	struct tw_triage_rules r = { .before = before };
	char text[8192];
	const json_t *one;
	size_t i;

	TW_TRY(tw_bom_read(sys, quoted(w->bom, text, sizeof text), &bom));
	TW_TRY(tw_triage_new(sys, &bom, &t));
	for (i = 0; i < TW_COUNT(w->records) && w->records[i]; i++) {
		tw_jsonp(&record);
		TW_TRY(tw_json_parse(quoted(w->records[i], text, sizeof text), sizeof text, &record));
		TW_TRY(tw_triage_record(t, tw_feed_kind_of(record), record, "a.json"));
	}
	tw_jsonp(&record);
	TW_TRY(tw_triage_inventory(t, &bom, "b.json"));
	if (w->other)
		TW_TRY(read_other(sys, w->other, t));
	if (w->statements) {
		TW_TRY(tw_json_parse(quoted(w->statements, text, sizeof text), sizeof text, &record));
		TW_TRY(tw_triage_statements(t, record, "v.json"));
	}
	if (w->kev)
		TW_TRY(tw_triage_kev(t, quoted(w->kev, text, sizeof text)));
	if (w->epss)
		TW_TRY(tw_triage_epss(t, tw_slice_of(w->epss)));
	if (w->installed)
		installed = json_pack("{s:b}", w->installed, true);
	if (w->installed && !installed)
		return TW_RAISE(NOMEM, "names");
	r.installed = installed;
	TW_TRY(tw_problems_init(&p, "d.yaml"));
	if (w->decisions)
		TW_TRY(tw_decisions_read(sys, tw_slice_of(w->decisions), &p, &decisions));
	CHECK_INT(p.count, 0);
	r.decisions = decisions;
	r.trees = &tree;
	r.tree_count = w->built ? 1 : 0;
	tw_err e = w->built ? tw_built_files(tw_slice_of(w->built), &tree.built) : TW_OK;
	if (!tw_failed(e))
		e = tw_triage_settle(t, &r);
	tw_built_done(&tree.built);
	TW_TRY(e);
	json_array_foreach(tw_triage_items(t), i, one)
		TW_TRY(tw_buf_format(ret, "%s %s %s %s%s%s\n", tw_json_text(one, "vulnerability"), tw_json_text(one, "component"),
			tw_json_text(one, "state"), tw_json_text(one, "rule"), *tw_json_text(one, "rule") ? "" : "-",
			tw_json_bool(one, "new") ? " new" : ""));
	return ret_state ? tw_triage_state_write(sys, NULL, tw_triage_items(t), ret_state) : TW_OK;
}

static const struct {
	struct world w;
	const char *want;
} rows[] = {
	{ { BOM(CURL) }, "" },
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-2") } }, "CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-1") } }, "CVE-2026-0001 pkg:deb/debian/curl ruled outside-range\n" },
	/* One of several names, and several vulnerabilities in one record. */
	{ { BOM(CURL), { OSV("GHSA-1", ",'aliases':['CVE-2026-0001']", "8.0-2"), CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) } },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { OSV("DSA-1", ",'upstream':['CVE-2026-0001','CVE-2026-0002']", "8.0-2") } },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\nCVE-2026-0002 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { OSV("DSA-1", "", "8.0-2") } }, "DSA-1 pkg:deb/debian/curl open - new\n" },
	/* Upstream's versions against the distribution's own word. */
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) } }, "CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")), OSV("DEBIAN-CVE-2026-0001", ",'upstream':['CVE-2026-0001']", "8.0-1") } },
		"CVE-2026-0001 pkg:deb/debian/curl ruled corrected\n" },
	/* Statements of others. */
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) },
		  "{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'fixed','products':[{'@id':'pkg:deb/debian/curl@8.0-1'}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl ruled stated\n" },
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) },
		  "{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'fixed','products':[{'@id':'pkg:deb/debian/curl@8.0-2'}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) },
		  "{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'fixed','products':[{'@id':'pkg:deb/debian/curl'}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) },
		  "{'package':[{'name':'curl','version':'8.0-1','issue':[{'id':'CVE-2026-0001',"
		  "'status':'Patched'},{'id':'CVE-2026-0002','status':'Unpatched'}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl ruled stated\nCVE-2026-0002 pkg:deb/debian/curl open - new\n" },
	/* Of a part of a product: it may be affected here too, but what is settled there is not settled here. */
	{ { BOM(CURL), { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) },
		  "{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'not_affected','products':[{'@id':'pkg:generic/other@1',"
		  "'subcomponents':[{'@id':'pkg:deb/debian/curl@8.0-1'}]}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-1") },
		  "{'document':{'csaf_version':'2.0'},'product_tree':{'full_product_names':[{'product_id':'A','product_identification_helper':{'purl':"
		  "'pkg:deb/debian/curl@8.0-1'}}],'relationships':[{'product_reference':'A','relates_to_product_reference':'P','full_product_name':{'product_id':'P:A'}}]},"
		  "'vulnerabilities':[{'cve':'CVE-2026-0001','product_status':{'known_affected':['P:A']}},"
		  "{'cve':'CVE-2026-0002','product_status':{'fixed':['P:A']}}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	/* Said by the inventory itself, of one component and not of another that has the same CPE name. */
	{ { "{'@context':'https://spdx.org/rdf/3.0.1/spdx-context.jsonld','@graph':[" SPDX_CURL("curl") "," SPDX_CURL(
		    "libcurl4") ","
				"{'type':'security_VexFixedVulnAssessmentRelationship','spdxId':'http://x/f','from':'http://x/CVE-2026-0001','to':['http://x/curl']}]}",
		  { CVE("CVE-2026-0001", HAXX, BEFORE("8.1")) } },
		"CVE-2026-0001 curl ruled stated\nCVE-2026-0001 libcurl4 open - new\n" },
	{ { "{'bomFormat':'CycloneDX','specVersion':'1.6','components':[" CURL "],'vulnerabilities':[]}",
		  { OSV("CVE-2026-0001", "", "8.0-2") } },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { "{'bomFormat':'CycloneDX','specVersion':'1.6','components':[{'bom-ref':'c'," CURL_IS "}],'vulnerabilities':[{'id':'CVE-2026-0001',"
	    "'analysis':{'state':'resolved'},'affects':[{'ref':'c'}]},{'id':'CVE-2026-0002','analysis':{'state':'in_triage'},'affects':[{'ref':'c'}]}]}",
		  { OSV("CVE-2026-0001", "", "8.0-2") } },
		"CVE-2026-0001 pkg:deb/debian/curl ruled stated\nCVE-2026-0002 pkg:deb/debian/curl open - new\n" },
	/* The inventory of another product takes nothing away, and may bring something: of each kind of inventory. */
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-2") },
		  .other = "{'bomFormat':'CycloneDX','specVersion':'1.6','components':[{'bom-ref':'c'," CURL_IS "}],'vulnerabilities':[{'id':'CVE-2026-0001',"
			   "'analysis':{'state':'not_affected'},'affects':[{'ref':'c'}]},{'id':'CVE-2026-0002','analysis':{'state':'exploitable'},'affects':[{'ref':'c'}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\nCVE-2026-0002 pkg:deb/debian/curl open - new\n" },
	{ { BOM(BUSYBOX), { CVE("CVE-2026-0001", "'product':'busybox'", BEFORE("2")) },
		  .other = "{'busybox':{'type':'target','name':'busybox','version':'1','ignore_cves':['CVE-2026-0001']}}" },
		"CVE-2026-0001 busybox open - new\n" },
	{ { BOM(BUSYBOX), { CVE("CVE-2026-0001", "'product':'busybox'", BEFORE("2")) },
		  .other = "{'spdxVersion':'SPDX-2.2','packages':[{'SPDXID':'a','name':'busybox','versionInfo':'1','sourceInfo':'CVEs fixed: CVE-2026-0001'}]}" },
		"CVE-2026-0001 busybox open - new\n" },
	{ { BOM(BUSYBOX), { CVE("CVE-2026-0001", "'product':'busybox'", BEFORE("2")) },
		  .other = "{'@context':'https://spdx.org/rdf/3.0.1/spdx-context.jsonld','@graph':[{'type':'software_Package','spdxId':'http://x/b','name':'busybox',"
			   "'software_packageVersion':'1'},{'type':'security_VexFixedVulnAssessmentRelationship','from':'http://x/CVE-2026-0001','to':['http://x/b']}]}" },
		"CVE-2026-0001 busybox open - new\n" },
	/* The statement's version is read as the component's is. */
	{ { BOM("{'type':'library','name':'m','version':'v1.2.0','purl':'pkg:golang/x.org/m@v1.2.0'}"), {},
		  "{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'affected','products':[{'@id':'pkg:golang/x.org/m@v1.2.0'}]}]}" },
		"CVE-2026-0001 pkg:golang/x.org/m open - new\n" },
	/* A statement that it is affected is no less than a record. */
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-1") },
		  "{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'affected','products':[{'@id':'pkg:deb/debian/curl@8.0-1'}]},"
		  "{'vulnerability':{'name':'CVE-2026-0001'},'status':'fixed','products':[{'@id':'pkg:deb/debian/curl@8.0-1'}]}]}" },
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	/* What is compiled. */
	{ { BOM(LINUX),
		  { CVE("CVE-2026-0001", KERNEL("'fs/a.c'"), BEFORE("7")),
			  CVE("CVE-2026-0002", KERNEL("'fs/a.c','fs/b.c'"), BEFORE("7")), CVE("CVE-2026-0003", KERNEL(""), BEFORE("7")),
			  CVE("CVE-2026-0004", KERNEL("'Documentation/a','fs/Kconfig'"), BEFORE("7")) },
		  .built = "fs/b.c\n" },
		"CVE-2026-0001 linux ruled not-compiled\nCVE-2026-0002 linux open - new\nCVE-2026-0003 linux open - new\nCVE-2026-0004 linux open - new\n" },
	{ { BOM(LINUX), { CVE("CVE-2026-0001", KERNEL("'fs/a.c'"), BEFORE("7")) } }, "CVE-2026-0001 linux open - new\n" },
	{ { BOM(LINUX), { CVE("CVE-2026-0001", KERNEL("'Documentation/a'"), BEFORE("7")) }, .built = "fs/b.c\n" },
		"CVE-2026-0001 linux open - new\n" },
	/* What is on the image. */
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-2") }, .installed = "curl" }, "CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	{ { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-2") }, .installed = "wget" }, "CVE-2026-0001 pkg:deb/debian/curl ruled not-present\n" },
	/* Never the kernel, which no list of packages needs to name. */
	{ { BOM(LINUX), { CVE("CVE-2026-0001", "'product':'Linux'", BEFORE("7")) }, .installed = "wget" }, "CVE-2026-0001 linux open - new\n" },
	{ { BOM("{'type':'library','name':'linux-imx','version':'6.6'}"),
		  { CVE("CVE-2026-0001", "'product':'linux-imx'", BEFORE("7")) }, .installed = "wget" },
		"CVE-2026-0001 linux-imx open - new\n" },
	/* What is exploited comes first, then what is likely to be. */
	{ { BOM(CURL),
		  { OSV("CVE-2026-0001", "", "8.0-2"), OSV("CVE-2026-0002", "", "8.0-2"), OSV("CVE-2026-0003", "", "8.0-2"),
			  OSV("CVE-2026-0004", "", "8.0-2") },
		  .kev = "{'catalogVersion':'1','count':1,'vulnerabilities':[{'cveID':'CVE-2026-0004','vendorProject':'x','product':'x','dateAdded':'2026-01-02',"
			 "'dueDate':'2026-01-03'}]}",
		  .epss = "cve,epss,percentile\nCVE-2026-0003,0.5,0.5\nCVE-2026-0002,0.6,0.6\nCVE-2026-0009,0.9,0.9\n" },
		"CVE-2026-0004 pkg:deb/debian/curl open - new\nCVE-2026-0002 pkg:deb/debian/curl open - new\nCVE-2026-0003 pkg:deb/debian/curl open - new\n"
		"CVE-2026-0001 pkg:deb/debian/curl open - new\n" },
	/* What is no purl and no CPE name costs neither the component nor the others. */
	{ { BOM(ODD "," CURL), { CVE("CVE-2026-0001", "'product':'odd'", BEFORE("2")), OSV("CVE-2026-0002", "", "8.0-2") } },
		"CVE-2026-0002 pkg:deb/debian/curl open - new\nCVE-2026-0001 odd open - new\n" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_OK(run(tw_sys_real(), &rows[i].w, NULL, &b, NULL));
		if (strcmp(tw_buf_cstr(&b), rows[i].want) != 0)
			fail_msg("row %zu: got\n%s", i, tw_buf_cstr(&b));
	}
}

/* A decision on the facts of the run before. */
static void decide(const char *state, const char *status, char *ret, size_t size)
{
	const char *facts = strstr(state, "\"facts\":\"");

	CHECK(facts != NULL);
	(void)snprintf(ret, size,
		"format: 1\ndecisions:\n- vulnerability: CVE-2026-0001\n  component: pkg:deb/debian/curl\n  status: %s\n  by: Jane\n  date: 2026-01-02\n"
		"  reason: x\n%s  facts: \"%.32s\"\n",
		status,
		!strcmp(status, "affected")               ? "  action: Update.\n"
			: !strcmp(status, "not_affected") ? "  impact: None.\n"
							  : "",
		facts + 9);
}

static void check_decided(const struct world *w, const json_t *before, const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(run(tw_sys_real(), w, before, &b, NULL));
	CHECK_TEXT(tw_buf_cstr(&b), want);
}

static void test_decisions(void **state)
{
	struct world w = { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-2") } };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *before = NULL, *release = NULL;
	char decisions[1024], more[1024];

	tw_buf_init(&b, tw_sys_real(), 65536);
	tw_buf_init(&text, tw_sys_real(), 65536);
	CHECK_OK(run(tw_sys_real(), &w, NULL, &b, &text));
	CHECK_OK(tw_triage_state_read(tw_sys_real(), tw_buf_slice(&text), &release, &before));
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl open -\n"); /* no longer new */
	w.decisions = decisions;
	decide(tw_buf_cstr(&text), "not_affected", decisions, sizeof decisions);
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl decided -\n");
	decide(tw_buf_cstr(&text), "under_investigation", decisions, sizeof decisions);
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl open -\n");
	decide(tw_buf_cstr(&text), "affected", decisions, sizeof decisions);
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl decided -\n");
	/* Of two on the same facts the last, which is what `triage decide` appends. */
	decide(tw_buf_cstr(&text), "under_investigation", more, sizeof more);
	const size_t first = strlen(decisions);
	(void)snprintf(decisions + first, sizeof decisions - first, "%s", strchr(more, '-'));
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl open -\n");
	decide(tw_buf_cstr(&text), "affected", decisions, sizeof decisions);
	/* Another range, another version, one record more: other facts. */
	w.records[0] = OSV("CVE-2026-0001", "", "8.0-3");
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl again - new\n");
	w.records[0] = OSV("CVE-2026-0001", "", "8.0-1");
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl ruled outside-range\n");
	w.records[0] = OSV("CVE-2026-0001", "", "8.0-2");
	w.records[1] = CVE("CVE-2026-0001", HAXX, BEFORE("8.1"));
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl again - new\n");
	w.records[1] = OSV("CVE-2026-0002", "", "8.0-2"); /* says nothing of the first */
	check_decided(&w, before, "CVE-2026-0001 pkg:deb/debian/curl decided -\nCVE-2026-0002 pkg:deb/debian/curl open - new\n");
}

/* Another configuration is another fact only where it changes whether a file is compiled. */
static void test_facts_of_files(void **state)
{
	struct world w = { BOM(LINUX),
		{ CVE("CVE-2026-0001", KERNEL("'fs/a.c'"), BEFORE("7")), CVE("CVE-2026-0002", KERNEL("'fs/b.c'"), BEFORE("7")) } };
	const char *built[] = { "fs/a.c\n", "fs/a.c\nfs/b.c\n", "fs/b.c\n" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char facts[TW_COUNT(built)][33];

	for (size_t i = 0; i < TW_COUNT(built); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

		tw_buf_init(&b, tw_sys_real(), 65536);
		tw_buf_init(&text, tw_sys_real(), 65536);
		w.built = built[i];
		CHECK_OK(run(tw_sys_real(), &w, NULL, &b, &text));
		(void)snprintf(facts[i], 33, "%.32s", strstr(tw_buf_cstr(&text), "\"facts\":\"") + 9);
		tw_buf_done(&b);
	}
	CHECK_TEXT(facts[0], facts[1]);
	CHECK(strcmp(facts[0], facts[2]) != 0);
	/* A list whose paths begin elsewhere says nothing of them. */
	tw_buf_init(&b, tw_sys_real(), 65536);
	w.built = "linux/fs/a.c\nlinux/fs/b.c\n";
	CHECK_ERR(run(tw_sys_real(), &w, NULL, &b, NULL), SYNTAX);
	CHECK_TEXT(tw_err_detail(),
		"the list of built files has none of the 2 files that records name: want paths from the root of the source");
}

/* All records count, also those that are not shown, in whatever order, and all vulnerabilities that one of them names. */
static void test_many(void **state)
{
	enum { MANY = 300 };
	char facts[3][33];

	for (int turn = 0; turn < 3; turn++) {
		TW_CLEANUP(tw_bom_done) struct tw_bom bom = { 0 };
		TW_CLEANUP(tw_triage_freep) tw_triage *t = NULL;
		TW_CLEANUP(tw_jsonp) json_t *aliases = json_array();
		char text[2048];

		CHECK_OK(tw_bom_read(tw_sys_real(), quoted(BOM(CURL), text, sizeof text), &bom));
		CHECK_OK(tw_triage_new(tw_sys_real(), &bom, &t));
		for (int i = 0; i < MANY; i++)
			CHECK(!json_array_append_new(aliases, json_sprintf("CVE-2026-%04d", i + 1)));
		for (int i = 0; i < 40; i++) {
			TW_CLEANUP(tw_jsonp) json_t *record = NULL;
			int number = turn == 1 ? 39 - i : i;

			CHECK_OK(tw_json_parse(quoted(OSV("DSA-1", "", "8.0-2"), text, sizeof text), sizeof text, &record));
			CHECK(!json_object_set_new(record, "id", json_sprintf("DSA-%d", turn == 2 && number == 39 ? 99 : number)));
			CHECK(!json_object_set(record, "aliases", aliases));
			CHECK_OK(tw_triage_record(t, TW_FEED_OSV, record, "a.json"));
		}
		CHECK_OK(tw_triage_settle(t, &(struct tw_triage_rules){ 0 }));
		CHECK_INT(json_array_size(tw_triage_items(t)), MANY);
		(void)snprintf(facts[turn], 33, "%s", tw_json_text(json_array_get(tw_triage_items(t), 0), "facts"));
	}
	CHECK_TEXT(facts[0], facts[1]);
	CHECK(strcmp(facts[0], facts[2]) != 0);
}

/* Of two decisions on the same facts the last counts, as at the server; one on other facts counts for nothing beside them, wherever it stands. */
static void test_two_decisions(void **state)
{
	static const char other[] = "- vulnerability: CVE-2026-0001\n  component: pkg:deb/debian/curl\n  status: fixed\n  by: Jane\n  date: 2026-01-02\n"
				    "  reason: x\n  facts: \"00000000000000000000000000000000\"\n";
	struct world w = { BOM(CURL), { OSV("CVE-2026-0001", "", "8.0-2") } };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char first[1024], last[1024], both[4096];
	static const char *const orders[][3] = { { "", "", other }, { "", other, "" }, { other, "", "" } };

	tw_buf_init(&b, tw_sys_real(), 65536);
	tw_buf_init(&text, tw_sys_real(), 65536);
	CHECK_OK(run(tw_sys_real(), &w, NULL, &b, &text));
	w.decisions = both;
	for (size_t i = 0; i < TW_COUNT(orders); i++) {
		const char *const *at = orders[i];

		decide(tw_buf_cstr(&text), "not_affected", first, sizeof first);
		decide(tw_buf_cstr(&text), "under_investigation", last, sizeof last);
		(void)snprintf(both, sizeof both, "format: 1\ndecisions:\n%s%s%s%s%s", at[0], strchr(first, '-'), at[1],
			strchr(last, '-'), at[2]);
		check_decided(&w, NULL, "CVE-2026-0001 pkg:deb/debian/curl open - new\n");
		(void)snprintf(both, sizeof both, "format: 1\ndecisions:\n%s%s%s%s%s", at[0], strchr(last, '-'), at[1],
			strchr(first, '-'), at[2]);
		check_decided(&w, NULL, "CVE-2026-0001 pkg:deb/debian/curl decided -\n");
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&b, sys, 65536);
	tw_buf_init(&text, sys, 65536);
	return run(sys, user, NULL, &b, &text);
}

static void test_out_of_memory(void **state)
{
	static const struct world w = { BOM(CURL),
		{ OSV("DSA-1", ",'upstream':['CVE-2026-0001']", "8.0-1"),
			CVE("CVE-2026-0001", HAXX ",'programFiles':['a.c']", BEFORE("8.1")) },
		"{'@context':'openvex','statements':[{'vulnerability':{'name':'CVE-2026-0001'},'status':'fixed','products':[{'@id':'pkg:deb/debian/curl@8.0-1'}]}]}",
		.epss = "cve,epss,percentile\nCVE-2026-0001,0.5,0.5\n", .built = "b.c\n" };

	(void)told_sweep(ENOMEM, sweep, (void *)(uintptr_t)&w, "");
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_decisions), cmocka_unit_test(test_facts_of_files),
	cmocka_unit_test(test_two_decisions), cmocka_unit_test(test_many), cmocka_unit_test(test_out_of_memory))

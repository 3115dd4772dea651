/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories that others wrote: what components come out, a line each, and each fault with its place. */
#include "formats/bom.h"

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

static tw_err list(const struct tw_bom *i, struct tw_buf *b)
{
	for (size_t k = 0; k < i->count; k++) {
		const struct tw_bom_part *p = &i->of[k];

		TW_TRY(tw_bom_place(i, k, b));
		TW_TRY(tw_buf_format(b, "%s %s %s|%s|%s|%s|%s\n", p->again ? " again" : "", p->id, p->kind, p->c.name, p->c.version,
			p->c.purl ? p->c.purl : "-", p->c.cpe ? p->c.cpe : "-"));
	}
	return i->left_out ? tw_buf_format(b, "left out %zu\n", i->left_out) : TW_OK;
}

#define CYCLONE(version, more) "{'bomFormat':'CycloneDX','specVersion':'" version "','version':1" more "}"
#define SPDX(version, more) "{'spdxVersion':'" version "','SPDXID':'SPDXRef-DOCUMENT','name':'x'" more "}"
#define PACKAGE(more) "{'SPDXID':'SPDXRef-1','name':'curl'" more "}"
#define REF(type, text) "{'referenceCategory':'SECURITY','referenceType':'" type "','referenceLocator':'" text "'}"

#define SPDX3(more) \
	"{'@context':'https://spdx.org/rdf/3.0.1/spdx-context.jsonld','@graph':[{'type':'CreationInfo','@id':'_:c'}" more "]}"
#define PART(id, more) ",{'type':'software_Package','spdxId':'http://x/" id "'" more "}"
#define IDENTIFIER(type, text) "{'type':'ExternalIdentifier','externalIdentifierType':'" type "','identifier':'" text "'}"
#define INPUT(to) ",{'type':'LifecycleScopedRelationship','relationshipType':'hasInput','from':'http://x/build','to':[" to "]}"

static const struct {
	const char *text, *want;
} read_rows[] = {
	{ CYCLONE("1.4", ""), "" },
	{ CYCLONE("1.6",
		  ",'metadata':{'component':{'type':'firmware','name':'f'}},'components':[{'type':'library','bom-ref':'a','name':'curl',"
		  "'version':'8.0-1','purl':'pkg:deb/debian/curl@8.0-1','cpe':'cpe:/a:haxx:curl:8.0','licenses':[]},{'type':'file','name':''}]"),
		"/components/0 a library|curl|8.0-1|pkg:deb/debian/curl@8.0-1|cpe:/a:haxx:curl:8.0\n/components/1  file||||\n" },
	{ CYCLONE("1.5",
		  ",'components':[{'type':'application','name':'a','components':[{'type':'library','name':'b','version':'1','components':"
		  "[{'type':'library','name':'c'}]},{'type':'library','name':'d'}]},{'type':'library','name':'e'}]"),
		"/components/0  application|a|||\n/components/1  library|e|||\n/components/0/components/0  library|b|1||\n/components/0/components/1  "
		"library|d|||\n/components/0/components/0/components/0  library|c|||\n" },
	{ SPDX("SPDX-2.3", ""), "" },
	{ SPDX("SPDX-2.2",
		  ",'packages':[" PACKAGE(",'versionInfo':'8.0','primaryPackagePurpose':'LIBRARY','externalRefs':[" REF(
			  "cpe23Type", "C1") "," REF("purl", "P1") "," REF("swh", "x") "," REF("cpe22Type",
			  "C2") "," REF("cpe23Type", "C3") "," REF("purl", "P2") "]") ",{'SPDXID':'SPDXRef-2','name':'b'}]"),
		"/packages/0 SPDXRef-1 LIBRARY|curl|8.0|P1|C1\n/packages/0 again SPDXRef-1 LIBRARY|curl|8.0|-|C2\n"
		"/packages/0 again SPDXRef-1 LIBRARY|curl|8.0|P2|C3\n/packages/1 SPDXRef-2 |b||-|-\n" },
	/* The type as Yocto spells it. */
	{ SPDX("SPDX-2.2", ",'packages':[" PACKAGE(",'externalRefs':[" REF("http://spdx.org/rdf/references/cpe23Type", "C1") "]") "]"),
		"/packages/0 SPDXRef-1 |curl||-|C1\n" },
	{ SPDX3(""), "" },
	{ "{'@context':['x','https://spdx.org/rdf/3.0.0/spdx-context.jsonld'],'@graph':[]}", "" },
	{ SPDX3(PART("a",
		  ",'name':'curl','software_packageVersion':'8.0','software_packageUrl':'P1','software_primaryPurpose':'install',"
		  "'externalIdentifier':[" IDENTIFIER("cpe23", "C1") "," IDENTIFIER("packageUrl", "P1") "," IDENTIFIER(
			  "packageUrl", "P2") "," IDENTIFIER("cpe22", "C2") "," IDENTIFIER("gitoid", "x") "]") PART("b", "")),
		"/@graph/1 http://x/a install|curl|8.0|P1|C1\n/@graph/1 again http://x/a install|curl|8.0|P2|C2\n/@graph/2 http://x/b |||-|-\n" },
	/* Sources that a build took in, and the image; but not a package of which nobody says that it was built from. */
	{ SPDX3(PART("a", ",'name':'a','software_primaryPurpose':'install'") PART("b", ",'name':'b','software_primaryPurpose':'source'")
			  PART("c", ",'name':'c','software_primaryPurpose':'archive'") PART("d", ",'name':'d','software_primaryPurpose':'source'")
				  INPUT("'http://x/a','http://x/b'") INPUT("'http://x/c'")),
		"/@graph/1 http://x/a install|a||-|-\n/@graph/4 http://x/d source|d||-|-\nleft out 2\n" },
	/* What has a name of its own, by which vulnerabilities may be known, is a component all the same. */
	{ SPDX3(PART("a", ",'name':'a','software_primaryPurpose':'source','software_packageUrl':'P1'") PART("b",
		  ",'name':'b','software_primaryPurpose':'archive','externalIdentifier':[" IDENTIFIER("cpe23", "C1") "]") PART("c",
		  ",'name':'c','software_primaryPurpose':'patch','externalIdentifier':[" IDENTIFIER("gitoid", "x") "," IDENTIFIER(
			  "packageUrl", "P2") "]") PART("d",
		  ",'name':'d','software_primaryPurpose':'patch','software_packageUrl':'','externalIdentifier':[" IDENTIFIER(
			  "gitoid", "x") "]") INPUT("'http://x/a','http://x/b','http://x/c','http://x/d'")),
		"/@graph/1 http://x/a source|a||P1|-\n/@graph/2 http://x/b archive|b||-|C1\n/@graph/3 http://x/c patch|c||P2|-\nleft out 1\n" },
	{ "{'busybox':{'type':'target','virtual':false,'name':'busybox','version':'1.36.1','cpe-id':'C1','licenses':'GPL-2.0','stamp_dir':'x'},"
	  "'host-cmake':{'type':'host','virtual':false,'name':'cmake','version':'3'},'jpeg':{'type':'target','virtual':true,'name':'jpeg'},"
	  "'a~/b':{'type':'target','virtual':false},'rootfs-ext2':{'type':'rootfs','image_name':'rootfs.ext2'}}",
		"/busybox busybox target|busybox|1.36.1|-|C1\n/a~0~1b a~/b target|a~/b||-|-\n" },
	{ CYCLONE("1.6",
		  ",'components':[{'type':'library','name':'cmake','properties':[{'name':'BR_TYPE','value':'host'}]},"
		  "{'type':'library','name':'curl','properties':[{'name':'x','value':'host'},{'name':'BR_TYPE','value':'target'}]}]"),
		"/components/1  library|curl|||\n" },
};

static void test_read(void **state)
{
	for (size_t i = 0; i < TW_COUNT(read_rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_bom inventory;

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_OK(tw_bom_read(tw_sys_real(), quoted(read_rows[i].text), &inventory));
		CHECK_OK(list(&inventory, &b));
		CHECK_TEXT(tw_buf_cstr(&b), read_rows[i].want);
		tw_bom_done(&inventory);
	}
}

static const struct {
	const char *text;
	enum tw_code code;
	const char *detail;
} refused[] = {
	{ "{}", TW_CODE_UNSUPPORTED, "neither CycloneDX (bomFormat), SPDX 2 (spdxVersion), SPDX 3 (@context) nor Buildroot's show-info" },
	{ "[]", TW_CODE_UNSUPPORTED, "neither CycloneDX (bomFormat), SPDX 2 (spdxVersion), SPDX 3 (@context) nor Buildroot's show-info" },
	{ "{'a':{'type':'target'},'b':{'type':'other'}}", TW_CODE_UNSUPPORTED,
		"neither CycloneDX (bomFormat), SPDX 2 (spdxVersion), SPDX 3 (@context) nor Buildroot's show-info" },
	{ "{'a':{'type':'target'},'b':{'type':'target','version':1}}", TW_CODE_SYNTAX, "/b: 'version' must be a text" },
	{ CYCLONE("1.7", ""), TW_CODE_UNSUPPORTED, "/specVersion: CycloneDX '1.7', read are 1.4, 1.5 and 1.6" },
	{ SPDX("SPDX-3.0", ""), TW_CODE_UNSUPPORTED, "/spdxVersion: 'SPDX-3.0', read are SPDX-2.2 and SPDX-2.3" },
	{ CYCLONE("1.6", ",'components':{}"), TW_CODE_SYNTAX, "/components: is no list" },
	{ CYCLONE("1.6", ",'components':[1]"), TW_CODE_SYNTAX, "/components/0: an object is wanted" },
	{ CYCLONE("1.6", ",'components':[{'type':'library','name':'a'},{'type':'library'}]"), TW_CODE_SYNTAX,
		"/components/1: 'name' is missing" },
	{ CYCLONE("1.6", ",'components':[{'type':'library','name':'a','components':1}]"), TW_CODE_SYNTAX,
		"/components/0/components: is no list" },
	{ CYCLONE("1.6", ",'components':[{'type':'x','name':'a'},{'type':'x','name':'a','components':[{'type':'x','name':'a','purl':1}]}]"),
		TW_CODE_SYNTAX, "/components/1/components/0: 'purl' must be a text" },
	{ SPDX("SPDX-2.3", ",'packages':1"), TW_CODE_SYNTAX, "/packages: is no list" },
	{ SPDX("SPDX-2.3", ",'packages':[" PACKAGE("") ",{}]"), TW_CODE_SYNTAX, "/packages/1: 'SPDXID' is missing" },
	{ SPDX("SPDX-2.3", ",'packages':[" PACKAGE(",'externalRefs':{}") "]"), TW_CODE_SYNTAX, "/packages/0/externalRefs: is no list" },
	{ SPDX("SPDX-2.3", ",'packages':[" PACKAGE(",'externalRefs':[{'referenceType':'purl'}]") "]"), TW_CODE_SYNTAX,
		"/packages/0/externalRefs/0: 'referenceLocator' is missing" },
	{ "{'@context':'https://spdx.org/rdf/3.1.0/spdx-context.jsonld','@graph':[]}", TW_CODE_UNSUPPORTED,
		"/@context: SPDX '3.1.0', read is 3.0" },
	{ "{'@context':'https://openvex.dev/ns','@graph':[]}", TW_CODE_UNSUPPORTED,
		"neither CycloneDX (bomFormat), SPDX 2 (spdxVersion), SPDX 3 (@context) nor Buildroot's show-info" },
	{ "{'@context':'https://spdx.org/rdf/3.0.1/spdx-context.jsonld','type':'software_Package'}", TW_CODE_SYNTAX, "/@graph: is no list" },
	{ SPDX3(",1"), TW_CODE_SYNTAX, "/@graph/1: an object is wanted" },
	{ SPDX3(",{'type':'software_Package'}"), TW_CODE_SYNTAX, "/@graph/1: 'spdxId' is missing" },
	{ SPDX3(PART("a", ",'name':1")), TW_CODE_SYNTAX, "/@graph/1: 'name' must be a text" },
	{ SPDX3(PART("a", ",'externalIdentifier':{}")), TW_CODE_SYNTAX, "/@graph/1/externalIdentifier: is no list" },
	{ SPDX3(PART("a", ",'externalIdentifier':[" IDENTIFIER("cve", "x") ",{}]")), TW_CODE_SYNTAX,
		"/@graph/1/externalIdentifier/1: 'externalIdentifierType' is missing" },
	{ SPDX3(INPUT("{'type':'software_Package'}")), TW_CODE_UNSUPPORTED,
		"/@graph/1/to/0: an element within another; only those of @graph are read" },
	{ SPDX3(",{'type':'Relationship','from':{},'to':[]}"), TW_CODE_UNSUPPORTED,
		"/@graph/1/from: an element within another; only those of @graph are read" },
	{ SPDX3(",{'type':'Relationship','to':'x'}"), TW_CODE_SYNTAX, "/@graph/1/to: is no list" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		struct tw_bom inventory;
		tw_err e = tw_bom_read(tw_sys_real(), quoted(refused[i].text), &inventory);

		CHECK_INT(e.code, refused[i].code);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
		CHECK(!inventory.document && !inventory.of && !inventory.count);
	}
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom cyclone = { 0 };
	TW_CLEANUP(tw_bom_done) struct tw_bom spdx = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	TW_TRY(tw_bom_read(sys, quoted(read_rows[2].text), &cyclone));
	TW_TRY(list(&cyclone, &b));
	TW_TRY(tw_bom_read(sys, quoted(read_rows[4].text), &spdx));
	TW_TRY(list(&spdx, &b));
	tw_bom_done(&spdx);
	for (size_t i = 6; i < TW_COUNT(read_rows); i++) {
		TW_TRY(tw_bom_read(sys, quoted(read_rows[i].text), &spdx));
		TW_TRY(list(&spdx, &b));
		tw_bom_done(&spdx);
	}
	return TW_OK;
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_read), cmocka_unit_test(test_refused), cmocka_unit_test(test_without_memory))

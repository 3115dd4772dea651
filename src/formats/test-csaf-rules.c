/* SPDX-License-Identifier: Apache-2.0 */
/* Each mandatory test of CSAF 2.0: documents that fail it, and documents near them that pass. */
#include "formats/test-csaf-docs.h"

#define D "/document/"
#define T "/document/tracking/"
#define H "/document/tracking/revision_history"
#define V "/vulnerabilities/0/"
#define TREE_AT "/product_tree/"
#define HELPER_AT "/product_tree/branches/0/branches/0/branches/0/product/product_identification_helper/"
#define REVISION(date, number) "{'date':'2026-" date "T10:00:00Z','number':'" number "','summary':'s'}"

static void test_good_documents(void **state)
{
	static const struct row rows[] = { { BASE, {}, "" }, { INCIDENT, {}, "" }, { INFORMATION, {}, "" }, { ADVISORY, {}, "" },
		{ VEX, {}, "" } };

	CHECK_ROWS(rows);
}

static void test_products(void **state)
{
	static const struct row rows[] = {
		/* 6.1.1: wherever a product is named */
		{ ADVISORY, { { TREE_AT "product_groups/0/product_ids/0", "'P9'" } }, "6.1.1", TREE_AT "product_groups/0/product_ids/0" },
		{ ADVISORY, { { TREE_AT "relationships/0/product_reference", "'P9'" } }, "6.1.1", TREE_AT "relationships/0/product_reference" },
		{ ADVISORY, { { TREE_AT "relationships/0/relates_to_product_reference", "'P9'" } }, "6.1.1" },
		{ ADVISORY, { { V "product_status/recommended/0", "'P9'" } }, "6.1.1", V "product_status/recommended/0" },
		{ ADVISORY, { { V "product_status/first_fixed", "['P9']" } }, "6.1.1", V "product_status/first_fixed/0" },
		{ ADVISORY, { { V "remediations/1/product_ids/0", "'P9'" } }, "6.1.1", V "remediations/1/product_ids/0" },
		{ ADVISORY, { { V "scores/0/products/0", "'P9'" } }, "6.1.1", V "scores/0/products/0" },
		{ ADVISORY, { { V "threats/0/product_ids/0", "'P9'" } }, "6.1.1", V "threats/0/product_ids/0" },
		{ ADVISORY, { { V "flags/0/product_ids", "['P9']" } }, "6.1.1", V "flags/0/product_ids/0" },
		{ ADVISORY, { { TREE_AT "full_product_names/-", "{'name':'n','product_id':'P9'}" }, { V "scores/0/products/0", "'P9'" } }, "" },
		/* 6.1.2: in names, relationships and branches */
		{ ADVISORY, { { TREE_AT "full_product_names/0/product_id", "'P4'" } }, "6.1.1 6.1.2", TREE_AT "full_product_names/0/product_id" },
		{ ADVISORY, { { TREE_AT "full_product_names/-", "{'name':'n','product_id':'P5'}" } }, "6.1.2" },
		{ ADVISORY, { { TREE_AT "full_product_names/-", "{'name':'n','product_id':'P1'}" } }, "6.1.2" },
		{ ADVISORY, { { TREE_AT "full_product_names/-", "{'name':'Hub','product_id':'P9'}" } }, "" },
		/* 6.1.3 */
		{ ADVISORY, { { TREE_AT "relationships/0/product_reference", "'P5'" } }, "6.1.3", TREE_AT "relationships/0/product_reference" },
		{ ADVISORY,
			{ { TREE_AT "relationships/0/product_reference", "'P6'" },
				{ TREE_AT "relationships/-",
					"{'category':'installed_on','product_reference':'P1','relates_to_product_reference':'P5',"
					"'full_product_name':{'name':'n','product_id':'P6'}}" } },
			"6.1.3" },
		{ ADVISORY,
			{ { TREE_AT "relationships/-",
				"{'category':'installed_on','product_reference':'P5','relates_to_product_reference':'P5',"
				"'full_product_name':{'name':'n','product_id':'P6'}}" } },
			"" },
		/* 6.1.4, 6.1.5 */
		{ ADVISORY, { { V "remediations/0/group_ids/0", "'G9'" } }, "6.1.4", V "remediations/0/group_ids/0" },
		{ ADVISORY, { { V "threats/0/group_ids", "['G9']" } }, "6.1.4", V "threats/0/group_ids/0" },
		{ ADVISORY, { { V "flags/0/group_ids/0", "'G9'" } }, "6.1.4", V "flags/0/group_ids/0" },
		{ ADVISORY, { { TREE_AT "product_groups/1/group_id", "'G1'" } }, "6.1.4 6.1.5", TREE_AT "product_groups/0/group_id" },
		{ ADVISORY, { { TREE_AT "product_groups/-", "{'group_id':'G3','product_ids':['P1','P2']}" } }, "" },
		/* 6.1.13: each type's own rule */
		{ ADVISORY, { { HELPER_AT "purl", "'pkg:maven/lamp@1'" } }, "6.1.13", HELPER_AT "purl" },
		{ ADVISORY, { { HELPER_AT "purl", "'pkg:maven/org.lamps/lamp@1'" } }, "" },
		{ ADVISORY, { { TREE_AT "full_product_names/0/product_identification_helper", "{'purl':'pkg:swift/x'}" } }, "6.1.13" },
		{ ADVISORY, { { TREE_AT "relationships/0/full_product_name/product_identification_helper", "{'purl':'pkg:oci/a/b'}" } },
			"6.1.13", TREE_AT "relationships/0/full_product_name/product_identification_helper/purl" },
		/* 6.1.25 */
		{ ADVISORY, { { HELPER_AT "hashes/0/file_hashes/1/algorithm", "'md5'" } }, "6.1.25", HELPER_AT "hashes/0/file_hashes/1" },
		{ ADVISORY, { { HELPER_AT "hashes/-", "{'filename':'b','file_hashes':[{'algorithm':'md5','value':'d41d8cd98f00b204e9800998ecf8427e'}]}" } },
			"" },
		/* 6.1.31 */
		{ ADVISORY, { { TREE_AT "branches/0/branches/0/branches/0/name", "'<1.0'" } }, "6.1.31",
			TREE_AT "branches/0/branches/0/branches/0/name" },
		{ ADVISORY, { { TREE_AT "branches/0/branches/0/branches/0/name", "'1.0 and Later'" } }, "6.1.31" },
		{ ADVISORY, { { TREE_AT "branches/0/branches/0/branches/0/name", "'all\\u00a0versions'" } }, "6.1.31" },
		{ ADVISORY, { { TREE_AT "branches/0/branches/0/branches/0/name", "'1.0-laterna'" } }, "" },
	};

	CHECK_ROWS(rows);
}

static void test_vulnerabilities(void **state)
{
	static const struct row rows[] = {
		/* 6.1.6: each two of the four kinds of status; recommended is none */
		{ ADVISORY, { { V "product_status/known_not_affected/0", "'P1'" } }, "6.1.6", V "product_status" },
		{ ADVISORY, { { V "product_status/first_affected", "['P2']" } }, "6.1.6" },
		{ ADVISORY, { { V "product_status/last_affected", "['P3']" } }, "6.1.6" },
		{ ADVISORY, { { V "product_status/fixed", "['P1']" } }, "6.1.6" },
		{ ADVISORY, { { V "product_status/first_fixed", "['P2']" } }, "6.1.6" },
		{ ADVISORY, { { V "product_status/first_affected", "['P1']" } }, "" },
		{ ADVISORY, { { V "product_status/recommended", "['P3']" } }, "" },
		/* 6.1.7: of each version apart */
		{ ADVISORY, { { V "scores/-", "{'products':['P2','P1'],'cvss_v3':" CVSS31 "}" } }, "6.1.7", V "scores/1/products/1" },
		{ ADVISORY, { { V "scores/-", "{'products':['P1'],'cvss_v2':" CVSS2 "}" } }, "6.1.7", V "scores/1/products/0" },
		{ ADVISORY, { { V "scores/0/cvss_v3", NULL }, { V "scores/-", "{'products':['P1'],'cvss_v3':" CVSS31 "}" } }, "" },
		{ ADVISORY, { { V "scores/-", "{'products':['P2'],'cvss_v3':" CVSS31 "}" } }, "" },
		/* 6.1.8 to 6.1.10, which cvss.h answers; here that they are asked, and where the finding stands */
		{ ADVISORY, { { V "scores/0/cvss_v3/baseScore", NULL } }, "schema 6.1.8", V "scores/0/cvss_v3/baseScore" },
		{ ADVISORY, { { V "scores/0/cvss_v2/vectorString", "'AV:N'" }, { V "scores/0/cvss_v2/version", "'2.1'" } },
			"schema 6.1.8", V "scores/0/cvss_v2/version" },
		{ ADVISORY, { { V "scores/0/cvss_v3/baseScore", "9.7" } }, "6.1.9", V "scores/0/cvss_v3/baseScore" },
		{ ADVISORY, { { V "scores/0/cvss_v2/baseScore", "9.7" } }, "6.1.9", V "scores/0/cvss_v2/baseScore" },
		{ ADVISORY, { { V "scores/0/cvss_v3/attackVector", "'LOCAL'" } }, "6.1.10", V "scores/0/cvss_v3/attackVector" },
		{ ADVISORY, { { V "scores/0/cvss_v2/accessVector", "'LOCAL'" } }, "6.1.10", V "scores/0/cvss_v2/accessVector" },
		{ ADVISORY, { { V "scores/0/cvss_v2/accessVector", "'NETWORK'" } }, "" },
		/* 6.1.11 */
		{ ADVISORY, { { V "cwe/id", "'CWE-1'" } }, "6.1.11", V "cwe/id" },
		{ ADVISORY, { { V "cwe/name", "'Cross-site Scripting'" } }, "6.1.11", V "cwe/name" },
		{ ADVISORY, { { V "cwe", "{'id':'CWE-5','name':'J2EE Misconfiguration: Data Transmission Without Encryption'}" } }, "" },
		/* 6.1.23 */
		{ ADVISORY, { { "/vulnerabilities/1/cve", "'CVE-2026-0001'" } }, "6.1.23", "/vulnerabilities/1/cve" },
		{ ADVISORY, { { "/vulnerabilities/1/cve", "'CVE-2026-00010'" } }, "" },
		/* 6.1.24: also where another vulnerability has no involvements */
		{ ADVISORY, { { V "involvements/1/party", "'vendor'" } }, "6.1.24", V "involvements/1" },
		{ ADVISORY, { { V "involvements/1/party", "'vendor'" }, { V "involvements/1/date", "'2026-01-02T00:00:00Z'" } }, "" },
		{ ADVISORY, { { V "involvements/1/party", "'vendor'" }, { V "involvements/1/date", NULL } }, "" },
		/* 6.1.29, 6.1.32: likewise */
		{ ADVISORY, { { V "remediations/1/product_ids", NULL } }, "6.1.29", V "remediations/1" },
		{ ADVISORY, { { V "flags/0/group_ids", NULL } }, "6.1.32", V "flags/0" },
		{ ADVISORY, { { V "flags/0/group_ids", NULL }, { V "flags/0/product_ids", "['P1']" } }, "" },
		/* 6.1.33: by name, by group, and by both */
		{ ADVISORY, { { V "flags/-", "{'label':'component_not_present','product_ids':['P4']}" } }, "6.1.33", V "flags/1" },
		{ ADVISORY, { { V "flags/-", "{'label':'vulnerable_code_not_present','group_ids':['G2']}" } }, "6.1.33", V "flags/1" },
		{ ADVISORY, { { V "flags/0/product_ids", "['P3']" } }, "6.1.33", V "flags/0" },
		{ ADVISORY, { { V "flags/-", "{'label':'component_not_present','product_ids':['P1'],'group_ids':['G9']}" } }, "6.1.4" },
	};

	CHECK_ROWS(rows);
}

static void test_versions(void **state)
{
	static const struct row rows[] = {
		/* 6.1.14: by date, and of one date by version */
		{ BASE, { { H, "[" REVISION("01-01", "2") "," REVISION("02-01", "1") "]" }, { T "version", "'1'" } }, "6.1.14 6.1.21", H },
		{ BASE,
			{ { H, "[" REVISION("01-01", "1.0.0") "," REVISION("02-01", "1.2.0") "," REVISION("03-01", "1.1.0") "]" },
				{ T "version", "'1.1.0'" } },
			"6.1.14", H },
		{ BASE, { { H, "[" REVISION("01-01", "1.1.0") "," REVISION("01-01", "1.0.0") "]" }, { T "version", "'1.1.0'" } }, "" },
		{ BASE, { { H, "[" REVISION("01-01", "1.9.0") "," REVISION("02-01", "1.10.0") "]" }, { T "version", "'1.10.0'" } }, "" },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0") "," REVISION("02-01", "1.0.0+1") "]" }, { T "version", "'1.0.0+x'" } }, "" },
		{ BASE, { { H "/0/date", "'2026-02-01T10:30:00+01:00'" } }, "" }, /* half an hour before the second */
		{ BASE, { { H "/0/date", "'2026-02-01T10:30:00+00:00'" } }, "6.1.14 6.1.16 6.1.21" },
		/* 6.1.16 */
		{ BASE, { { T "version", "'1'" } }, "6.1.16", T "version" },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0") "]" }, { T "version", "'1.0.0+build'" } }, "" },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0") "]" }, { T "version", "'1.0.0-rc'" }, { T "status", "'draft'" } }, "" },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0") "]" }, { T "version", "'1.0.0-rc'" } }, "6.1.16 6.1.17 6.1.20" },
		/* 6.1.17, 6.1.18 */
		{ BASE, { { H, "[" REVISION("01-01", "0") "]" }, { T "version", "'0'" }, { T "status", "'draft'" } }, "" },
		{ BASE, { { H, "[" REVISION("01-01", "0") "]" }, { T "version", "'0'" }, { T "status", "'interim'" } },
			"6.1.17 6.1.18", T "status" },
		{ BASE, { { H, "[" REVISION("01-01", "0.9.0") "]" }, { T "version", "'0.9.0'" } }, "6.1.17 6.1.18", T "status" },
		{ BASE, { { H, "[" REVISION("01-01", "0") "," REVISION("02-01", "1") "]" }, { T "version", "'1'" } }, "6.1.18", T "status" },
		{ BASE, { { H, "[" REVISION("01-01", "0") "," REVISION("02-01", "1") "]" }, { T "version", "'1'" }, { T "status", "'draft'" } },
			"" },
		/* 6.1.19, 6.1.20 */
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0-a") "]" }, { T "version", "'1.0.0'" }, { T "status", "'draft'" } },
			"6.1.19", H "/0/number" },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0-a") "]" }, { T "version", "'1.0.0-a'" }, { T "status", "'interim'" } },
			"6.1.17 6.1.19 6.1.20", T "version" },
		/* 6.1.21 */
		{ BASE, { { H, "[" REVISION("01-01", "1") "," REVISION("02-01", "3") "]" }, { T "version", "'3'" } }, "6.1.21", H },
		{ BASE, { { H, "[" REVISION("01-01", "2") "," REVISION("02-01", "3") "]" }, { T "version", "'3'" } }, "6.1.21", H },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0") "," REVISION("02-01", "3.0.0") "]" }, { T "version", "'3.0.0'" } },
			"6.1.21", H },
		{ BASE,
			{ { H, "[" REVISION("01-01", "1.0.0") "," REVISION("02-01", "1.1.0") "," REVISION("03-01", "2.0.0") "]" },
				{ T "version", "'2.0.0'" } },
			"" },
		{ BASE,
			{ { H, "[" REVISION("01-01", "1") "," REVISION("02-01", "99999999999999999999") "]" },
				{ T "version", "'99999999999999999999'" } },
			"6.1.21" },
		/* 6.1.22 */
		{ BASE, { { H, "[" REVISION("01-01", "1") "," REVISION("02-01", "1") "]" }, { T "version", "'1'" } }, "6.1.22", H "/1/number" },
		/* 6.1.30 */
		{ BASE, { { H, "[" REVISION("01-01", "1") "," REVISION("02-01", "2.0.0") "]" }, { T "version", "'2.0.0'" } },
			"6.1.30", H "/1/number" },
		{ BASE, { { H, "[" REVISION("01-01", "1.0.0") "]" }, { T "version", "'1'" } }, "6.1.16 6.1.30", T "version" },
	};

	CHECK_ROWS(rows);
}

static void test_languages_and_category(void **state)
{
	static const struct row rows[] = {
		{ BASE, { { D "lang", "'qq'" } }, "6.1.12", D "lang" },
		{ BASE, { { D "source_lang", "'de-XX'" } }, "" }, /* XX is for private use */
		{ BASE, { { D "source_lang", "'de-YY'" } }, "6.1.12", D "source_lang" },
		{ BASE, { { D "source_lang", "'de-CH-1996'" } }, "" },
		{ BASE, { { D "publisher/category", "'translator'" } }, "6.1.15", D "publisher/category" },
		{ BASE, { { D "publisher/category", "'translator'" }, { D "source_lang", "'de'" } }, "" },
		{ BASE, { { D "source_lang", "'en'" } }, "6.1.28", D "lang" },
		{ BASE, { { D "category", "'csaf_bases'" } }, "6.1.26", D "category" },
		{ BASE, { { D "category", "'CSAF_VEX'" } }, "6.1.26", D "category" },
		{ BASE, { { D "category", "'V e-x'" } }, "6.1.26", D "category" },
		{ BASE, { { D "category", "'Security\\u2003Advisory'" } }, "6.1.26", D "category" },
		{ BASE, { { D "category", "'Informational_Advisory'" } }, "6.1.26", D "category" },
		{ BASE, { { D "category", "'security-incident-response'" } }, "6.1.26", D "category" },
		{ BASE, { { D "category", "'Lamp advisory'" } }, "" },
		{ BASE, { { D "category", "'vexing'" } }, "" },
	};

	CHECK_ROWS(rows);
}

static void test_profiles(void **state)
{
	static const struct row rows[] = {
		{ INCIDENT, { { D "notes", NULL } }, "6.1.27.1", D "notes" },
		{ INFORMATION, { { D "notes/0/category", "'faq'" } }, "6.1.27.1", D "notes" },
		{ INFORMATION, { { D "notes/-", "{'category':'faq','text':'t'}" } }, "" },
		{ BASE, { { D "notes", NULL } }, "" },
		{ INCIDENT, { { D "references/0/category", "'self'" } }, "6.1.27.2", D "references" },
		{ INFORMATION, { { D "references", NULL } }, "6.1.27.2", D "references" },
		{ INFORMATION, { { "/vulnerabilities", "[{'title':'t'}]" } }, "6.1.27.3", "/vulnerabilities" },
		{ INCIDENT, { { "/vulnerabilities", "[{'title':'t'}]" } }, "" },
		{ ADVISORY,
			{ { "/product_tree", NULL },
				{ "/vulnerabilities",
					"[{'title':'t','notes':[{'category':'other','text':'t'}],"
					"'product_status':{'fixed':['P1']}}]" } },
			"6.1.1 6.1.27.4", "" },
		{ ADVISORY, { { "/vulnerabilities/1/notes", NULL } }, "6.1.27.5", "/vulnerabilities/1" },
		{ VEX, { { "/vulnerabilities/1/notes", NULL } }, "6.1.27.5", "/vulnerabilities/1" },
		{ ADVISORY, { { "/vulnerabilities/1/product_status", NULL } }, "6.1.27.6", "/vulnerabilities/1" },
		{ VEX, { { "/vulnerabilities/1/product_status", NULL } }, "6.1.27.7", "/vulnerabilities/1" },
		{ VEX, { { "/vulnerabilities/1/product_status", "{'recommended':['P1']}" } }, "6.1.27.7", "/vulnerabilities/1/product_status" },
		{ ADVISORY, { { "/vulnerabilities/1/product_status", "{'recommended':['P1']}" } }, "" },
		{ VEX, { { "/vulnerabilities/1/cve", NULL } }, "6.1.27.8", "/vulnerabilities/1" },
		{ VEX, { { "/vulnerabilities/1/cve", NULL }, { "/vulnerabilities/1/ids", "[{'system_name':'s','text':'t'}]" } }, "" },
		{ ADVISORY, { { "/vulnerabilities/1/cve", NULL } }, "" },
		/* 6.1.27.9: a flag of any kind, or a threat of category impact, by product or by group */
		{ VEX, { { V "flags", NULL } }, "6.1.27.9", V "product_status/known_not_affected/1" },
		{ VEX, { { V "flags", NULL }, { V "threats/0/group_ids", "['G2']" } }, "" },
		{ VEX, { { V "flags", NULL }, { V "threats/0/group_ids", "['G2']" }, { V "threats/0/category", "'target_set'" } },
			"6.1.27.9", V "product_status/known_not_affected/0" },
		{ VEX, { { V "flags/0/group_ids", NULL }, { V "flags/0/product_ids", "['P4']" } }, "" },
		{ ADVISORY, { { V "flags", NULL } }, "" },
		{ VEX, { { V "remediations/1", NULL } }, "6.1.27.10", V "product_status/known_affected/1" },
		{ VEX, { { V "remediations/0", NULL } }, "6.1.27.10", V "product_status/known_affected/0" },
		{ ADVISORY, { { V "remediations/1", NULL } }, "" },
		{ ADVISORY, { { "/vulnerabilities", NULL } }, "6.1.27.11", "" },
		{ VEX, { { "/vulnerabilities", NULL } }, "6.1.27.11", "" },
		{ BASE, { { "/vulnerabilities", "[{'title':'t'}]" } }, "" },
	};

	CHECK_ROWS(rows);
}

CHECK_MAIN(cmocka_unit_test(test_good_documents), cmocka_unit_test(test_products), cmocka_unit_test(test_vulnerabilities),
	cmocka_unit_test(test_versions), cmocka_unit_test(test_languages_and_category), cmocka_unit_test(test_profiles))

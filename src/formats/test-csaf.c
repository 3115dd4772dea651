/* SPDX-License-Identifier: Apache-2.0 */
/* Structure of CSAF documents, row by row; what cannot be read; how findings are told; that no memory, size or depth leads anywhere else. */
#include "formats/test-csaf-docs.h"

#define D "/document/"
#define T "/document/tracking/"
#define V "/vulnerabilities/0/"
#define F "/product_tree/full_product_names/0/"

static void test_structure(void **state)
{
	static const struct row rows[] = {
		{ "[]", {}, "schema", "" },
		{ "{}", {}, "schema", "" },
		{ BASE, { { "/document", NULL } }, "schema", "" },
		{ BASE, { { D "title", NULL } }, "schema", "/document" },
		{ BASE, { { D "title", "''" } }, "schema", D "title" },
		{ BASE, { { D "title", "1" } }, "schema", D "title" },
		{ BASE, { { D "title", "null" } }, "schema", D "title" },
		{ BASE, { { D "title", "['a']" } }, "schema", D "title" },
		{ BASE, { { D "csaf_version", "'2.1'" } }, "schema", D "csaf_version" },
		{ BASE, { { D "category", "' x'" } }, "schema", D "category" },
		{ BASE, { { D "lang", "'d'" } }, "schema", D "lang" },
		{ BASE, { { D "notes", "[]" } }, "schema", D "notes" },
		{ BASE, { { D "notes", "{}" } }, "schema", D "notes" },
		{ BASE, { { D "notes/0", "'a'" } }, "schema", D "notes/0" },
		{ BASE, { { D "notes/0/text", NULL } }, "schema", D "notes/0" },
		{ BASE, { { D "notes/0/category", "'Summary'" } }, "schema", D "notes/0/category" },
		{ BASE, { { D "distribution", "{}" } }, "schema", D "distribution" },
		{ BASE, { { D "distribution/tlp/label", "'CLEAR'" } }, "schema", D "distribution/tlp/label" },
		{ BASE, { { D "distribution/tlp", "{}" } }, "schema", D "distribution/tlp" },
		{ BASE, { { D "acknowledgments/0", "{}" } }, "schema", D "acknowledgments/0" },
		{ BASE, { { D "acknowledgments/0/names", "['']" } }, "schema", D "acknowledgments/0/names/0" },
		{ BASE, { { D "acknowledgments/0/urls/0", "'a'" } }, "schema", D "acknowledgments/0/urls/0" },
		{ BASE, { { D "aggregate_severity/text", NULL } }, "schema", D "aggregate_severity" },
		{ BASE, { { D "references/0/url", "'lamps'" } }, "schema", D "references/0/url" },
		{ BASE, { { D "references/0/category", "'other'" } }, "schema", D "references/0/category" },
		{ BASE, { { D "publisher/category", "'seller'" } }, "schema", D "publisher/category" },
		{ BASE, { { D "publisher/namespace", "''" } }, "schema", D "publisher/namespace" },
		{ BASE, { { T "id", "'a '" } }, "schema", T "id" },
		{ BASE, { { T "status", "'Final'" } }, "schema", T "status" },
		{ BASE, { { T "version", "'1.0'" } }, "schema 6.1.16", T "version" },
		{ BASE, { { T "version", "2" } }, "schema", T "version" },
		{ BASE, { { T "current_release_date", "'2026-02-01'" } }, "schema", T "current_release_date" },
		{ BASE, { { T "revision_history", "[]" } }, "schema", T "revision_history" },
		{ BASE, { { T "revision_history/0/date", NULL } }, "schema", T "revision_history/0" },
		{ BASE, { { T "aliases", "['L1','L2','L1']" } }, "schema", T "aliases/2" },
		{ BASE, { { T "generator/engine", NULL } }, "schema", T "generator" },
		{ ADVISORY, { { "/product_tree", "{}" }, { "/vulnerabilities", "[{'notes':[{'category':'other','text':'t'}],'product_status':{}}]" } },
			"schema", "/product_tree" },
		{ ADVISORY, { { F "name", NULL } }, "schema", "/product_tree/full_product_names/0" },
		{ ADVISORY, { { F "product_identification_helper", "{}" } }, "schema", F "product_identification_helper" },
		{ ADVISORY, { { F "product_identification_helper", "{'cpe':'cpe'}" } }, "schema", F "product_identification_helper/cpe" },
		{ ADVISORY, { { F "product_identification_helper", "{'purl':'pkg:a'}" } }, "schema", F "product_identification_helper/purl" },
		{ ADVISORY, { { F "product_identification_helper", "{'purl':'pkg:a/b c'}" } }, "schema", F "product_identification_helper/purl" },
		{ ADVISORY, { { F "product_identification_helper", "{'skus':[]}" } }, "schema", F "product_identification_helper/skus" },
		{ ADVISORY, { { F "product_identification_helper", "{'model_numbers':['a','a']}" } }, "schema",
			F "product_identification_helper/model_numbers/1" },
		{ ADVISORY, { { F "product_identification_helper", "{'skus':['a','a']}" } }, "" },
		{ ADVISORY, { { F "product_identification_helper", "{'hashes':[{'filename':'f','file_hashes':[{'algorithm':'a','value':'0'}]}]}" } },
			"schema", F "product_identification_helper/hashes/0/file_hashes/0/value" },
		{ ADVISORY, { { F "product_identification_helper", "{'x_generic_uris':[{'uri':'urn:a'}]}" } }, "schema",
			F "product_identification_helper/x_generic_uris/0" },
		{ ADVISORY, { { "/product_tree/branches/0/branches", NULL } }, "schema 6.1.1" },
		{ ADVISORY, { { "/product_tree/branches/0/product", "{'name':'n','product_id':'P9'}" } }, "schema", "/product_tree/branches/0" },
		{ ADVISORY, { { "/product_tree/branches/0/category", "'maker'" } }, "schema", "/product_tree/branches/0/category" },
		{ ADVISORY, { { "/product_tree/branches/0/branches/0/branches", "[]" } }, "schema 6.1.1" },
		{ ADVISORY, { { "/product_tree/relationships/0/category", "'on'" } }, "schema", "/product_tree/relationships/0/category" },
		{ ADVISORY, { { "/product_tree/product_groups/0/product_ids", "['P1']" } }, "schema",
			"/product_tree/product_groups/0/product_ids" },
		{ ADVISORY, { { V "product_status/known_affected", "['P1','P5','P1']" } }, "schema", V "product_status/known_affected/2" },
		{ ADVISORY, { { "/vulnerabilities/1", "{}" } }, "schema 6.1.27.5 6.1.27.6" },
		{ ADVISORY, { { V "cve", "'CVE-1'" } }, "schema", V "cve" },
		{ ADVISORY, { { V "cwe/id", "'79'" } }, "schema 6.1.11" },
		{ ADVISORY, { { V "ids/-", "{'text':'17','system_name':'Bugs'}" } }, "schema", V "ids/1" }, /* the same in another order */
		{ ADVISORY, { { V "ids/-", "{'text':'18','system_name':'Bugs'}" } }, "" },
		{ ADVISORY, { { V "flags/0/label", "'none'" } }, "schema", V "flags/0/label" },
		{ ADVISORY, { { V "involvements/0/status", "'done'" } }, "schema", V "involvements/0/status" },
		{ ADVISORY, { { V "remediations/0/category", "'fix'" } }, "schema", V "remediations/0/category" },
		{ ADVISORY, { { V "remediations/0/restart_required/category", "'all'" } }, "schema",
			V "remediations/0/restart_required/category" },
		{ ADVISORY, { { V "scores/0/cvss_v2", NULL }, { V "scores/0/cvss_v3", NULL } }, "schema", V "scores/0" },
		{ ADVISORY, { { V "scores/0/products", NULL } }, "schema", V "scores/0" },
		{ ADVISORY, { { V "threats/0/category", "'harm'" } }, "schema", V "threats/0/category" },
		{ ADVISORY, { { V "title", "{}" } }, "schema", V "title" },
		{ BASE, { { "/more", "1" }, { D "more", "[]" } }, "" },
	};

	CHECK_ROWS(rows);
}

static void test_strict(void **state)
{
	static const char *const places[] = { "/more", D "more", T "more", V "more", F "more",
		"/product_tree/branches/0/branches/0/branches/0/product/more" };
	struct outcome o = { .strict = true };

	for (size_t i = 0; i < TW_COUNT(places); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = json_of(ADVISORY);

		CHECK_OK(check_document(tw_sys_real(), document, &o));
		CHECK_TEXT(o.failed, "");
		edit_document(document, &(const struct edit){ places[i], "1" });
		CHECK_OK(check_document(tw_sys_real(), document, &o));
		CHECK_TEXT(o.failed, "schema");
		CHECK_TEXT(o.path, places[i]);
	}
	/* The schemas of CVSS stay as they are; a pointer's own signs are spelled. */
	TW_CLEANUP(tw_jsonp) json_t *document = json_of(ADVISORY);
	edit_document(document, &(const struct edit){ V "scores/0/cvss_v2/more", "1" });
	CHECK_OK(check_document(tw_sys_real(), document, &o));
	CHECK_TEXT(o.failed, "");
	CHECK_INT(json_object_set_new(document, "a~b/c", json_true()), 0);
	CHECK_OK(check_document(tw_sys_real(), document, &o));
	CHECK_TEXT(o.path, "/a~0b~1c");
}

static tw_err check_text(const struct tw_sys *sys, const char *text, size_t size, struct tw_csaf_counts *ret)
{
	const struct tw_csaf_check how = { 0 };

	return tw_csaf_check(sys, (struct tw_slice){ text, size }, &how, ret);
}

static void test_not_readable(void **state)
{
	static const char *const rows[] = { "", "1", "{", "{}x", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}" };
	struct tw_csaf_counts counts;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(check_text(tw_sys_real(), rows[i], strlen(rows[i]), &counts), SYNTAX);
	CHECK_ERR(check_text(tw_sys_real(), "{}", (size_t)TW_CSAF_MAX + 1, &counts), LIMIT);
}

/* Branches as deep as the reader goes are gone through; one deeper is not read. */
static void test_deep_branches(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_csaf_counts counts;
	char *head = quoted("{" PARTS("csaf_base") ",'product_tree':{'branches':");

	for (size_t levels = 254; levels <= 255; levels++) {
		tw_buf_init(&b, tw_sys_real(), 1024 * 1024);
		CHECK_OK(tw_buf_text(&b, head));
		for (size_t i = 0; i < levels; i++)
			CHECK_OK(tw_buf_text(&b, "[{\"category\":\"vendor\",\"name\":\"n\",\"branches\":"));
		CHECK_OK(tw_buf_text(&b, "[{\"category\":\"product_version\",\"name\":\"all\",\"product\":0}]"));
		for (size_t i = 0; i < levels; i++)
			CHECK_OK(tw_buf_text(&b, "}]"));
		CHECK_OK(tw_buf_text(&b, "}}"));
		if (levels == 255)
			CHECK_ERR(check_text(tw_sys_real(), b.data, b.size, &counts), LIMIT);
		else
			CHECK_OK(check_text(tw_sys_real(), b.data, b.size, &counts));
		tw_buf_done(&b);
	}
	free(head);
	CHECK_INT(counts.all, 0); /* of what was not read */
}

/* Findings are counted to the last, and told up to a number; a message quotes no more than it needs. */
static void test_many_findings(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_of(ADVISORY), *list = NULL;
	struct outcome o = { 0 };
	char id[600];

	list = json_array();
	for (int i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "%0*d", i ? 8 : 599, i);
		CHECK_INT(json_array_append_new(list, json_string(id)), 0);
	}
	CHECK_INT(json_object_set(json_object_get(json_array_get(json_object_get(document, "vulnerabilities"), 1), "product_status"),
			  "fixed", list),
		0);
	const struct tw_csaf_check how = { .tell = on_finding, .user = &o };
	struct tw_csaf_counts counts;
	CHECK_OK(tw_csaf_check_json(tw_sys_real(), document, &how, &counts));
	CHECK_INT(counts.of[TW_CSAF_6_1_1], 500);
	CHECK_INT(counts.all, 500);
	CHECK_INT(o.told, TW_CSAF_FINDINGS_MAX);
	CHECK_TEXT(o.path, "/vulnerabilities/1/product_status/fixed/0");
	CHECK(strlen(o.message) < 300);
}

static tw_err stop(void *user, const struct tw_csaf_finding *f)
{
	return TW_RAISE(STATE, "enough");
}

static void test_who_listens_may_end_it(void **state)
{
	const struct tw_csaf_check how = { .tell = stop };
	struct tw_csaf_counts counts;

	CHECK_ERR(tw_csaf_check(tw_sys_real(), TW_SLICE("{}"), &how, &counts), STATE);
}

/* Many small vulnerabilities that each name one large group: what a validator would work at for hours. */
static void test_groups_beyond_reason(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_of(VEX);
	json_t *ids = json_array(), *list = json_array();
	struct outcome o = { 0 };

	for (int i = 0; i < 5000; i++)
		CHECK_INT(json_array_append_new(ids, json_sprintf("%d", i)), 0);
	CHECK_INT(json_object_set_new(json_array_get(json_object_get(json_object_get(document, "product_tree"), "product_groups"), 0),
			  "product_ids", ids),
		0);
	for (int i = 0; i < 5000; i++)
		CHECK_INT(json_array_append_new(list, json_of("{'flags':[{'label':'component_not_present','group_ids':['G1']}]}")), 0);
	CHECK_INT(json_object_set_new(document, "vulnerabilities", list), 0);
	CHECK_ERR(check_document(tw_sys_real(), document, &o), LIMIT);
}

/* Little of everything that a test keeps in memory; not valid, so that findings are spelled too. */
#define A_BIT                                                                                                                  \
	"{'document':{'category':'csaf_vex','tracking':{'revision_history':[{'date':'2026-01-01T00:00:00Z','number':'1'},"     \
	"{'date':'2026-01-01T00:00:00Z','number':'1'}],'status':'final','version':'1','aliases':['a','a']}},"                  \
	"'product_tree':{'full_product_names':[{'product_id':'P','product_identification_helper':{'purl':'pkg:a/b?c=d',"       \
	"'hashes':[{'file_hashes':[{'algorithm':'a'},{'algorithm':'a'}]}]}}],"                                                 \
	"'relationships':[{'product_reference':'R','full_product_name':{'product_id':'R'}}],"                                  \
	"'product_groups':[{'group_id':'G','product_ids':['P','P']}]},'vulnerabilities':[{'cve':'C','ids':[{},{}],"            \
	"'flags':[{'group_ids':['G']}],'product_status':{'fixed':['P'],'known_affected':['P']},'scores':[{'products':['P']}]," \
	"'involvements':[{'date':'d','party':'p'}]}]}"

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	const struct tw_csaf_check how = { 0 };
	struct tw_csaf_counts counts;

	TW_TRY(tw_csaf_check(sys, tw_slice_of(user), &how, &counts));
	CHECK(counts.of[TW_CSAF_6_1_3] == 1 && counts.of[TW_CSAF_6_1_6] == 1 && counts.of[TW_CSAF_6_1_22] == 1 &&
		counts.of[TW_CSAF_6_1_25] == 1 && counts.of[TW_CSAF_6_1_33] == 1);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	char *text = quoted(A_BIT);

	CHECK(oom_sweep(sweep, text) > 100);
	free(text);
}

static void test_each_has_its_words(void **state)
{
	for (int t = 0; t < TW_CSAF_TESTS; t++) {
		const char *advice = tw_csaf_test_advice((enum tw_csaf_test)t);

		CHECK(strlen(advice) > 10 && advice[strlen(advice) - 1] != ' ');
		for (int other = 0; other < t; other++)
			CHECK(strcmp(tw_csaf_test_id((enum tw_csaf_test)t), tw_csaf_test_id((enum tw_csaf_test)other)) != 0);
	}
	CHECK_TEXT(tw_csaf_test_id(TW_CSAF_SCHEMA), "schema");
	CHECK_TEXT(tw_csaf_test_id(TW_CSAF_6_1_27_11), "6.1.27.11");
	CHECK_TEXT(tw_csaf_test_id(TW_CSAF_6_1_33), "6.1.33");
}

CHECK_MAIN(cmocka_unit_test(test_structure), cmocka_unit_test(test_strict), cmocka_unit_test(test_not_readable),
	cmocka_unit_test(test_deep_branches), cmocka_unit_test(test_many_findings), cmocka_unit_test(test_who_listens_may_end_it),
	cmocka_unit_test(test_groups_beyond_reason), cmocka_unit_test(test_without_memory), cmocka_unit_test(test_each_has_its_words))

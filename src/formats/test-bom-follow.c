/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of SPDX 2 that refer to one another: what comes out of rows of them, and what is said of one that is missing or wrong. */
#include "formats/bom-follow.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

/* ' for ". */
static tw_err quoted(const char *text, json_t **ret)
{
	char copy[8192];

	(void)snprintf(copy, sizeof copy, "%s", text);
	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	return tw_json_parse(tw_slice_of(copy), sizeof copy, ret);
}

#define REF(id, space)                                                               \
	"{'externalDocumentId':'DocumentRef-" id "','spdxDocument':'http://x/" space \
	"','checksum':{'algorithm':'SHA1','checksumValue':'s-" space "'}}"
#define SAYS(from, type, to) "{'spdxElementId':'" from "','relationshipType':'" type "','relatedSpdxElement':'" to "'}"
#define DOCUMENT(name, refs, relationships, packages)                                                                       \
	"{'spdxVersion':'SPDX-2.2','name':'" name "','documentNamespace':'http://x/" name "','externalDocumentRefs':[" refs \
	"],'relationships':[" relationships "],'packages':[" packages "]}"
#define PACKAGE(id, more) "{'SPDXID':'SPDXRef-" id "','name':'" id "'" more ",'hasFiles':['x']}"
#define IMAGE(refs, relationships) DOCUMENT("image", refs, relationships, PACKAGE("Image", ""))

/* What is beside the image's document. */
static const struct {
	const char *name_space, *text;
} beside[] = {
	{ "http://x/curl",
		DOCUMENT("curl", REF("recipe-curl", "recipe-curl") "," REF("other", "other"),
			SAYS("SPDXRef-File", "GENERATED_FROM", "DocumentRef-other:SPDXRef-x") "," SAYS(
				"SPDXRef-curl", "DESCRIBES", "DocumentRef-other:SPDXRef-x") "," SAYS("SPDXRef-curl",
				"GENERATED_FROM", "DocumentRef-recipe-curl:SPDXRef-Recipe-curl"),
			PACKAGE("curl", ",'versionInfo':'8.0'")) },
	{ "http://x/libcurl4",
		DOCUMENT("libcurl4", REF("recipe-curl", "recipe-curl"),
			SAYS("SPDXRef-libcurl4", "GENERATED_FROM", "DocumentRef-recipe-curl:SPDXRef-Recipe-curl"), PACKAGE("libcurl4", "")) },
	{ "http://x/recipe-curl",
		DOCUMENT("recipe-curl", "", "",
			PACKAGE("Source", "") "," PACKAGE("Recipe-curl", ",'versionInfo':'8.0','sourceInfo':'CVEs fixed: CVE-2026-0001'")) },
	{ "http://x/own", DOCUMENT("own", "", SAYS("SPDXRef-own", "GENERATED_FROM", "SPDXRef-here"), PACKAGE("own", ",'versionInfo':'1'")) },
	{ "http://x/lost",
		DOCUMENT("lost", REF("recipe-lost", "recipe-lost"),
			SAYS("SPDXRef-lost", "GENERATED_FROM", "DocumentRef-recipe-lost:SPDXRef-Recipe"), PACKAGE("lost", "")) },
};

static tw_err fetch(void *user, const char *name_space, const char *sha1, json_t **ret)
{
	for (size_t i = 0; i < TW_COUNT(beside); i++)
		if (!strcmp(beside[i].name_space, name_space)) {
			CHECK(!strncmp(sha1, "s-", 2) && !strcmp(sha1 + 2, name_space + 9));
			return quoted(beside[i].text, ret);
		}
	return TW_RAISE(NOTFOUND, "not beside it");
}

static tw_err run(const char *text, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *image = NULL, *all = NULL;

	TW_TRY(quoted(text, &image));
	TW_TRY(tw_bom_follow(image, fetch, NULL, &all));
	return tw_json_write(json_object_get(all, "packages"), b);
}

static const struct {
	const char *text, *want;
} rows[] = {
	{ IMAGE("", ""), "[]" },
	{ IMAGE(REF("curl", "curl"),
		  SAYS("SPDXRef-Image", "OTHER", "DocumentRef-curl:SPDXRef-curl") "," SAYS("SPDXRef-Image", "CONTAINS", "SPDXRef-curl")),
		"[]" },
	/* Two packages of one recipe are that recipe; one without a recipe is itself. */
	{ IMAGE(REF("curl", "curl") "," REF("lib", "libcurl4") "," REF("own", "own"),
		  SAYS("SPDXRef-Image", "CONTAINS", "DocumentRef-curl:SPDXRef-curl") "," SAYS("SPDXRef-Image", "CONTAINS",
			  "DocumentRef-lib:SPDXRef-libcurl4") "," SAYS("SPDXRef-Image", "CONTAINS", "DocumentRef-own:SPDXRef-own")),
		"[{\"SPDXID\":\"SPDXRef-Recipe-curl\",\"name\":\"Recipe-curl\",\"sourceInfo\":\"CVEs fixed: CVE-2026-0001\",\"versionInfo\":\"8.0\"},"
		"{\"SPDXID\":\"SPDXRef-own\",\"name\":\"own\",\"versionInfo\":\"1\"}]" },
};

static void test_followed(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_OK(run(rows[i].text, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].want);
	}
}

static const struct {
	const char *text;
	enum tw_code code;
	const char *detail;
} refused[] = {
	{ IMAGE("", SAYS("SPDXRef-Image", "CONTAINS", "DocumentRef-curl:SPDXRef-curl")), TW_CODE_SYNTAX,
		"image: 'DocumentRef-curl' is none of its externalDocumentRefs" },
	{ IMAGE(REF("curl", "none"), SAYS("SPDXRef-Image", "CONTAINS", "DocumentRef-curl:SPDXRef-curl")), TW_CODE_NOTFOUND,
		"image refers to DocumentRef-curl (http://x/none): not beside it" },
	{ IMAGE(REF("curl", "curl"), SAYS("SPDXRef-Image", "CONTAINS", "DocumentRef-curl:SPDXRef-other")), TW_CODE_SYNTAX,
		"curl: has no package 'SPDXRef-other'" },
	{ IMAGE(REF("lost", "lost"), SAYS("SPDXRef-Image", "CONTAINS", "DocumentRef-lost:SPDXRef-lost")), TW_CODE_NOTFOUND,
		"lost refers to DocumentRef-recipe-lost (http://x/recipe-lost): not beside it" },
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refused); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_INT(run(refused[i].text, &b).code, refused[i].code);
		CHECK_TEXT(tw_err_detail(), refused[i].detail);
	}
}

static void test_refers(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *image = NULL, *package = NULL;

	CHECK_OK(quoted(rows[2].text, &image));
	CHECK_OK(quoted(rows[1].text, &package));
	CHECK(tw_bom_refers(image));
	CHECK(!tw_bom_refers(package) && !tw_bom_refers(NULL));
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	return run(rows[2].text, &b);
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_followed), cmocka_unit_test(test_refused), cmocka_unit_test(test_refers),
	cmocka_unit_test(test_without_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* BOM-Link: what is one, which document it means, and what is said of another document's components. */
#include "formats/bom-link.h"

#include "base/mem.h"
#include "check.h"
#include "formats/vexread.h"
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

#define ONE "3e671687-395b-41f5-a30f-a58921a69b79"
#define TWO "00000000-0000-4000-8000-000000000002"
#define LINK(serial, end) "urn:cdx:" serial end

static const struct {
	const char *text, *ref; /* NULL: it is none */
	uint64_t version;
} links[] = {
	{ LINK(ONE, "/1"), "", 1 },
	{ LINK(ONE, "/2147483647#a"), "a", 2147483647 },
	{ LINK(ONE, "/1#pkg%3anpm%2Fa%401.0?x=#"), "pkg:npm/a@1.0?x=#", 1 },
	{ LINK(ONE, "/1#%C3%A4"), "\xc3\xa4", 1 },
	{ "", NULL, 0 },
	{ "urn:cdx:", NULL, 0 },
	{ "urn:uuid:" ONE, NULL, 0 },
	{ LINK(ONE, ""), NULL, 0 },
	{ LINK(ONE, "/"), NULL, 0 },
	{ LINK(ONE, "/0"), NULL, 0 },
	{ LINK(ONE, "/1a"), NULL, 0 },
	{ LINK(ONE, "/-1"), NULL, 0 },
	{ LINK(ONE, "/2147483648"), NULL, 0 },
	{ LINK(ONE, "/1#"), NULL, 0 },
	{ "urn:cdx:3e671687395b41f5a30fa58921a69b79----/1", NULL, 0 },
	{ "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b7g/1", NULL, 0 },
};

static void test_links(void **state)
{
	char ref[TW_BOM_REF_MAX + 1];
	struct tw_bom_link l;

	for (size_t i = 0; i < TW_COUNT(links); i++) {
		tw_err e = tw_bom_link_parse(links[i].text, &l);

		if (!links[i].ref) {
			CHECK_ERR(e, SYNTAX);
			continue;
		}
		CHECK_OK(e);
		CHECK_INT(l.version, links[i].version);
		CHECK(tw_bom_link_ref(&l, ref));
		CHECK_TEXT(ref, links[i].ref);
	}
	/* A bom-ref that is none: half a byte, no UTF-8, a NUL. */
	for (const char *const *at = (const char *const[]){ LINK(ONE, "/1#%4"), LINK(ONE, "/1#%4g"), LINK(ONE, "/1#%FF"),
		     LINK(ONE, "/1#%00"), NULL };
		*at; at++) {
		CHECK_OK(tw_bom_link_parse(*at, &l));
		CHECK(!tw_bom_link_ref(&l, ref));
	}
}

static void test_long(void **state)
{
	char text[TW_BOM_REF_MAX + 128], ref[TW_BOM_REF_MAX + 1];
	struct tw_bom_link l;
	const int begins = snprintf(text, sizeof text, LINK(ONE, "/1#"));

	memset(text + begins, 'a', TW_BOM_REF_MAX + 1);
	text[begins + TW_BOM_REF_MAX] = '\0';
	CHECK_OK(tw_bom_link_parse(text, &l));
	CHECK(tw_bom_link_ref(&l, ref) && strlen(ref) == TW_BOM_REF_MAX);
	text[begins + TW_BOM_REF_MAX] = 'a';
	text[begins + TW_BOM_REF_MAX + 1] = '\0';
	CHECK_OK(tw_bom_link_parse(text, &l));
	CHECK(!tw_bom_link_ref(&l, ref));
}

static const struct {
	const char *head;
	bool means;
} heads[] = {
	{ "{'serialNumber':'urn:uuid:" ONE "','version':1}", true },
	{ "{'serialNumber':'urn:uuid:3E671687-395B-41F5-A30F-A58921A69B79','version':1}", true },
	{ "{'serialNumber':'urn:uuid:" ONE "'}", true }, /* the schema's default */
	{ "{'serialNumber':'urn:uuid:" ONE "','version':2}", false },
	{ "{'serialNumber':'urn:uuid:" ONE "','version':'1'}", false },
	{ "{'serialNumber':'urn:uuid:" TWO "','version':1}", false },
	{ "{'serialNumber':'" ONE "','version':1}", false },
	{ "{'version':1}", false },
};

static void test_documents(void **state)
{
	struct tw_bom_link l;

	CHECK_OK(tw_bom_link_parse(LINK(ONE, "/1#a"), &l));
	for (size_t i = 0; i < TW_COUNT(heads); i++) {
		json_t *document = NULL;

		CHECK_OK(tw_json_parse(quoted(heads[i].head), 4096, &document));
		CHECK_INT(tw_bom_link_means(&l, document), heads[i].means);
		json_decref(document);
	}
}

#define BOM(serial, more) "{'bomFormat':'CycloneDX','specVersion':'1.6','serialNumber':'urn:uuid:" serial "','version':1," more "}"
#define PART(ref, name, more) "{'type':'library','bom-ref':'" ref "','name':'" name "','version':'1'" more "}"
#define FOUND(ref, more) "{'id':'CVE-2026-1','analysis':{'state':'resolved'},'affects':[{'ref':'" ref "'" more "}]}"
#define OUTSIDE(url) ",'externalReferences':[{'type':'bom','url':'" url "'},{'type':'vcs','url':'" LINK(TWO, "/9") "'}]"

static const char own[] = BOM(ONE,
	"'metadata':{'component':{'type':'firmware','name':'f'" OUTSIDE("https://x/bom.json") "}},'components':[" PART(
		"a@1", "a", OUTSIDE(LINK(TWO, "/2"))) "," PART("b", "b",
		",'components':[" PART("c", "c", OUTSIDE(LINK(ONE, "/1"))) "]") "],'vulnerabilities':[" FOUND("a@1",
		"") "," FOUND(LINK(ONE, "/1#a%401"), "") "," FOUND(LINK(ONE, "/2#a%401"), "") "," FOUND(LINK(TWO, "/1#z"),
		"") "," FOUND(LINK(TWO, "/1#z"), ",'versions':[{'version':'2'}]") "," FOUND(LINK(TWO, "/1#y"),
		"") "," FOUND("urn:cdx:x", "") "]" OUTSIDE(LINK(TWO, "/1")));
static const char other[] = BOM(TWO, "'components':[" PART("z", "zlib", "") "]");

static tw_err on_statement(void *user, const struct tw_vex_statement *s)
{
	return tw_buf_format(user, "%s %s%s\n", s->place, s->name, s->linked ? " linked" : "");
}

static tw_err on_link(void *user, const char *place, const char *link)
{
	return tw_buf_format(user, "%s %s\n", place, link);
}

static tw_err list(const struct tw_sys *sys, bool with, struct tw_buf *b)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom first = { 0 };
	TW_CLEANUP(tw_bom_done) struct tw_bom second = { 0 };

	TW_TRY(tw_bom_read(sys, quoted(own), &first));
	TW_TRY(tw_bom_read(sys, quoted(other), &second));
	TW_TRY(tw_vex_bom(&first, with ? &second : &first, on_statement, b));
	return tw_bom_links(sys, &first, on_link, b);
}

#define LINKS                                                                                                       \
	"/externalReferences/0 " LINK(TWO, "/1") "\n/components/0/externalReferences/0 " LINK(TWO,                  \
		"/2") "\n"                                                                                          \
		      "/vulnerabilities/2/affects/0 " LINK(ONE, "/2#a%401") "\n/vulnerabilities/3/affects/0 " LINK( \
			      TWO, "/1#z") "\n/vulnerabilities/4/affects/0 " LINK(TWO,                              \
			      "/1#z") "\n/vulnerabilities/5/affects/0 " LINK(TWO, "/1#y") "\n/vulnerabilities/6/affects/0 urn:cdx:x\n"

/* Its own components by their names and by links; another's by links alone, in that version of the document and with its versions. */
static void test_statements(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(list(tw_sys_real(), false, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "/vulnerabilities/0/affects/0 a\n/vulnerabilities/1/affects/0 a\n" LINKS);
	tw_buf_clear(&b);
	CHECK_OK(list(tw_sys_real(), true, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"/vulnerabilities/0/affects/0 a\n/vulnerabilities/1/affects/0 a\n/vulnerabilities/3/affects/0 zlib linked\n" LINKS);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	return list(sys, true, &b);
}

static void test_without_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_links), cmocka_unit_test(test_long), cmocka_unit_test(test_documents),
	cmocka_unit_test(test_statements), cmocka_unit_test(test_without_memory))

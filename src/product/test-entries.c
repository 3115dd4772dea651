/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of imports: each mistake by its name, what the tool makes is what the server takes, and the order of the queue. */
#include "product/entries.h"

#include "check.h"
#include "oom.h"

#define FACTS "\"facts\":\"00112233445566778899aabbccddeeff\""
#define WHO "\"vulnerability\":\"CVE-2026-1\",\"component\":\"pkg:deb/debian/curl\",\"version\":\"8.0-1\""
#define SAID "\"status\":\"fixed\",\"by\":\"Jane\",\"date\":\"2026-01-02\",\"reason\":\"x\"," FACTS

static const struct {
	bool finding;
	const char *text, *problem; /* how it begins; "" for none */
} rows[] = {
	{ false, "[]", "" },
	{ false, "[{\"name\":\"curl\",\"version\":\"8\",\"purl\":\"pkg:deb/debian/curl@8\",\"cpe\":\"\",\"supplier\":\"Debian\"}]", "" },
	{ false, "{}", "entries is no array" },
	{ false, "[1]", "entry 0: " },
	{ false, "[{\"name\":\"a\"},{\"version\":\"1\"}]", "entry 1: " },
	{ false, "[{\"name\":\"\"}]", "entry 0: " },
	{ false, "[{\"name\":\"a\",\"more\":1}]", "entry 0: " },
	{ false, "[{\"name\":\"a\\u0007b\"}]", "entry 0: name has a control character" },
	{ false, "[{\"name\":\"a\",\"version\":7}]", "entry 0: " },
	{ true, "[]", "" },
	{ true, "[{" WHO ",\"state\":\"open\"," FACTS "}]", "" },
	{ true, "[{" WHO ",\"state\":\"ruled\",\"rule\":\"corrected\",\"evidence\":[\"x\"]," FACTS "}]", "" },
	{ true, "[{" WHO ",\"state\":\"decided\",\"decision\":{" SAID "}," FACTS "}]", "" },
	{ true, "[{" WHO ",\"state\":\"open\",\"kev\":{\"added\":\"2026-01-01\"},\"epss\":1000000,\"score\":98," FACTS "}]", "" },
	{ true, "[{" WHO ",\"state\":\"new\"," FACTS "}]", "entry 0: " },
	{ true, "[{" WHO ",\"state\":\"gone\"," FACTS "}]", "entry 0: state is open" },
	{ true, "[{" WHO ",\"state\":\"ruled\"," FACTS "}]", "entry 0: what is ruled has its rule" },
	{ true, "[{" WHO ",\"state\":\"open\",\"rule\":\"corrected\"," FACTS "}]", "entry 0: what is ruled has its rule" },
	{ true, "[{" WHO ",\"state\":\"decided\"," FACTS "}]", "entry 0: what is decided has its decision" },
	{ true, "[{" WHO ",\"state\":\"open\",\"facts\":\"00112233445566778899AABBCCDDEEFF\"}]", "entry 0: facts are no hash" },
	{ true, "[{" WHO ",\"state\":\"open\"}]", "entry 0: " },
	{ true, "[{" WHO ",\"state\":\"open\",\"score\":101," FACTS "}]", "entry 0: " },
	{ true, "[{" WHO ",\"state\":\"open\",\"evidence\":[1]," FACTS "}]", "entry 0: evidence[0] is no text" },
	{ true, "[{" WHO ",\"state\":\"open\",\"records\":[{\"id\":\"x\"}]," FACTS "}]", "entry 0: " },
	{ true, "[{" WHO ",\"state\":\"open\",\"decision\":{\"status\":\"fixed\"}," FACTS "}]", "entry 0: " },
	{ true,
		"[{" WHO ",\"state\":\"open\",\"decision\":{\"status\":\"affected\",\"by\":\"J\",\"date\":\"2026-01-02\",\"reason\":\"x\"," FACTS
		"}," FACTS "}]",
		"entry 0: decision: affected needs an action" },
	{ true, "[{" WHO ",\"state\":\"open\",\"unknown\":1," FACTS "}]", "entry 0: " },
};

static tw_err read_text(const struct tw_sys *sys, bool finding, const char *text)
{
	TW_CLEANUP(tw_jsonp) json_t *entries = NULL;

	TW_TRY(tw_json_parse(tw_slice_of(text), 1 << 20, &entries));
	return finding ? tw_findings_check(sys, entries) : tw_components_check(entries);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = read_text(tw_sys_real(), rows[i].finding, rows[i].text);

		if (*rows[i].problem ? !tw_failed(e) || strncmp(tw_err_detail(), rows[i].problem, strlen(rows[i].problem)) != 0
				     : tw_failed(e))
			fail_msg("row %zu: %s", i, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

static void test_limits(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *many = json_array(), *lines = json_array(), *large = NULL;

	for (int i = 0; i <= TW_ENTRIES_MAX; i++)
		CHECK_OK(tw_json_append(many, json_pack("{s:s}", "name", "a")));
	CHECK_ERR(tw_components_check(many), LIMIT);
	for (int i = 0; i <= TW_FINDING_EVIDENCE_MAX; i++)
		CHECK_OK(tw_json_append(lines, json_string("x")));
	large = json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:O}]", "vulnerability", "CVE-2026-1", "component", "c", "version", "1",
		"state", "ruled", "rule", "stated", "facts", "00112233445566778899aabbccddeeff", "evidence", lines);
	CHECK_ERR(tw_findings_check(tw_sys_real(), large), SYNTAX);
}

/* An item with everything, far longer than is stored: its entry is taken, and nothing that names it was cut. */
static json_t *long_item(void)
{
	json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:b}, s:[], s:[], s:[]}",
		"vulnerability", "CVE-2026-1", "component", "pkg:deb/debian/curl", "version", "8.0-1", "name", "curl", "purl",
		"pkg:deb/debian/curl@8.0-1", "state", "ruled", "rule", "stated", "because", "others say so", "facts",
		"00112233445566778899aabbccddeeff", "epss", 7, "kev", "added", "2026-01-01", "due", "", "ransomware", 1, "records",
		"statements", "evidence");
	char words[2000];

	memset(words, 'x', sizeof words - 1);
	words[sizeof words - 1] = '\0';
	CHECK(item);
	CHECK_OK(tw_json_set(item, "new", json_true()));
	for (int i = 0; i < 40; i++) {
		CHECK_OK(tw_json_append(json_object_get(item, "records"),
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", "GHSA-1", "file", words, "by", "purl",
				"verdict", "affected", "identifier", "x", "place", words, "reason", words, "entry", "0")));
		CHECK_OK(tw_json_append(json_object_get(item, "statements"),
			json_pack("{s:s, s:s, s:s, s:s}", "status", "fixed", "justification", "", "file", words, "place", words)));
		CHECK_OK(tw_json_append(json_object_get(item, "evidence"), json_string(words)));
	}
	return item;
}

static void test_made_is_taken(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *item = long_item(), *entry = NULL, *list = json_array();
	struct tw_urgency u;

	CHECK_OK(tw_finding_entry(tw_sys_real(), item, &entry));
	CHECK_TEXT(tw_json_text(entry, "purl"), "pkg:deb/debian/curl@8.0-1");
	CHECK(json_array_size(json_object_get(entry, "records")) > 0);
	CHECK(!json_object_get(entry, "new"));
	CHECK_OK(tw_json_append(list, json_incref(entry)));
	CHECK_OK(tw_findings_check(tw_sys_real(), list));
	tw_finding_urgency(entry, &u);
	CHECK(u.exploited && u.epss == 7 && u.certainty == 3 && u.score == -1);
	CHECK_OK(tw_json_set(item, "component", json_string(""))); /* what names it is missing */
	tw_jsonp(&entry);
	CHECK_ERR(tw_finding_entry(tw_sys_real(), item, &entry), SYNTAX);
}

static void test_components(void **state)
{
	static const char text[] = "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":["
				   "{\"type\":\"library\",\"name\":\"OpenSSL\",\"version\":\"3.0.11\",\"purl\":\"pkg:deb/debian/openssl@3.0.11-1\","
				   "\"supplier\":{\"name\":\"Debian\"}},"
				   "{\"type\":\"library\",\"name\":\"bad\",\"purl\":\"not a purl\"}]}";
	struct tw_bom bom = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *one = NULL, *two = NULL;
	char key[TW_PART_NAME_MAX + 1];

	CHECK_OK(tw_bom_read(tw_sys_real(), tw_slice_of(text), &bom));
	CHECK_INT(bom.count, 2);
	CHECK_OK(tw_component_entry(tw_sys_real(), &bom.of[0], &one));
	CHECK_TEXT(tw_json_text(one, "supplier"), "Debian");
	CHECK_TEXT(tw_json_text(one, "version"), "3.0.11");
	CHECK_OK(tw_component_entry(tw_sys_real(), &bom.of[1], &two));
	CHECK_TEXT(tw_json_text(two, "purl"), "not a purl");
	tw_component_key(tw_slice_of(tw_json_text(one, "name")), key);
	CHECK_TEXT(key, "openssl");
	tw_bom_done(&bom);
}

static void test_order(void **state)
{
	static const struct tw_urgency order[] = { { true, 900000, 10, 0 }, { true, -1, 98, 3 }, { false, 500000, 0, 0 },
		{ false, 499999, 0, 3 }, { false, 499999, 0, 2 }, { false, 0, 98, 3 }, { false, -1, 98, 3 }, { false, -1, 98, 0 } };

	for (size_t i = 1; i < TW_COUNT(order); i++)
		CHECK(tw_urgency_number(&order[i - 1]) < tw_urgency_number(&order[i]));
	CHECK(tw_urgency_number(&order[0]) >= 0);
}

static tw_err check_all(const struct tw_sys *sys, void *user)
{
	return read_text(sys, true, user);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(check_all, (void *)(uintptr_t)rows[11].text);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_limits), cmocka_unit_test(test_made_is_taken),
	cmocka_unit_test(test_components), cmocka_unit_test(test_order), cmocka_unit_test(test_out_of_memory))

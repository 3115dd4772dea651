/* SPDX-License-Identifier: Apache-2.0 */
/* What an advisory says: the hash that an approval holds for, revisions as CSAF wants them, differences, and what lists say; and the table of states. */
#include "support/advisories/content.h"
#include "support/advisories/states.h"

#include "check.h"
#include "oom.h"
#include "sys/real.h"

#define DOCUMENT                                                                                                                              \
	"{\"document\":{\"title\":\"Lamp\",\"tracking\":{\"id\":\"X\"}},\"product_tree\":{\"branches\":[{\"name\":\"Maker\","                 \
	"\"branches\":[{\"name\":\"Lamp+L3\",\"product\":{\"name\":\"Lamp L3\",\"product_id\":\"P1\"}}]}]},\"vulnerabilities\":[{\"scores\":" \
	"[{\"cvss_v3\":{\"baseSeverity\":\"MEDIUM\"}},{\"cvss_v2\":{\"baseScore\":7.5}}]}]}"

static json_t *content_of(const char *text)
{
	json_t *made = NULL;

	CHECK_OK(tw_advisory_content_read(tw_slice_of(text), "final", "First.", &made));
	return made;
}

static void test_reading(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *content = content_of(DOCUMENT);
	static const char *const bad[] = { "", "[]", "{}", "{\"document\":1}", "{\"document\":{}", "{\"document\":{}}x" };
	json_t *none = NULL;

	CHECK(!tw_json_get(tw_json_get(tw_json_get(content, "document"), "document"), "tracking"));
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_advisory_content_read(tw_slice_of(bad[i]), "final", "", &none), SYNTAX);
}

/* Days behind the last release: what changes often is interim, what is quiet is final. */
static void test_which_status_is_advised(void **state)
{
	static const struct {
		const char *written, *released;
		bool is_out;
		int days;
		const char *advised;
	} rows[] = { { "final", "final", false, 20, "interim" }, { "final", "interim", false, 20, "interim" },
		{ "final", "final", false, 21, "" }, { "final", "final", true, 1, "" }, { "interim", "interim", false, 20, "" },
		{ "interim", "interim", true, 42, "" }, { "interim", "interim", true, 43, "final" },
		{ "interim", "interim", false, 43, "final" }, { "final", "interim", false, 43, "" }, { "final", NULL, false, 1, "" } };
	const int64_t released = INT64_C(1799496000000); /* 2027-01-09T12:00:00Z */

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *content = json_pack("{s:s}", "status", rows[i].written), *published = NULL;

		if (rows[i].released)
			published = json_pack("{s:{s:{s:s, s:s}}}", "document", "tracking", "current_release_date",
				"2027-01-09T12:00:00.000Z", "status", rows[i].released);
		const char *got = tw_advisory_status_advised(
			content, published, rows[i].is_out, released + rows[i].days * INT64_C(86400000));
		if (strcmp(got, rows[i].advised) != 0)
			fail_msg("row %zu: '%s'", i, got);
	}
}

static void test_the_hash_is_of_all_but_tracking(void **state)
{
	TW_CLEANUP(tw_jsonp)
	json_t *one = content_of(DOCUMENT), *same = content_of("{\"document\":{\"title\":\"Lamp\"}}"), *other = NULL;
	char a[65], b[65];

	CHECK_OK(tw_advisory_content_hash(tw_sys_real(), "N-1", one, a));
	json_decref(same);
	same = content_of(DOCUMENT);
	CHECK_OK(tw_json_set(tw_json_get(tw_json_get(same, "document"), "document"), "title", json_string("Lamp")));
	CHECK_OK(tw_advisory_content_hash(tw_sys_real(), "N-1", same, b));
	CHECK_TEXT(a, b);
	CHECK_OK(tw_advisory_content_hash(tw_sys_real(), "N-2", one, b)); /* another advisory */
	CHECK(strcmp(a, b) != 0);
	CHECK_OK(tw_advisory_content_of(tw_json_get(one, "document"), "interim", "First.", &other));
	CHECK_OK(tw_advisory_content_hash(tw_sys_real(), "N-1", other, b));
	CHECK(strcmp(a, b) != 0);
}

static void test_revisions_count_on(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *content = content_of(DOCUMENT), *first = NULL, *second = NULL;
	const json_t *t;

	CHECK_OK(tw_advisory_finish("N-1", content, NULL, "2026-01-01T00:00:00Z", &first));
	t = tw_json_get(tw_json_get(first, "document"), "tracking");
	CHECK_TEXT(tw_json_text(t, "id"), "N-1");
	CHECK_TEXT(tw_json_text(t, "version"), "1");
	CHECK_OK(tw_advisory_finish("N-1", content, first, "2026-02-01T00:00:00Z", &second));
	t = tw_json_get(tw_json_get(second, "document"), "tracking");
	CHECK_TEXT(tw_json_text(t, "version"), "2");
	CHECK_TEXT(tw_json_text(t, "initial_release_date"), "2026-01-01T00:00:00Z");
	CHECK_TEXT(tw_json_text(t, "current_release_date"), "2026-02-01T00:00:00Z");
	CHECK_INT(json_array_size(tw_json_get(t, "revision_history")), 2);
	CHECK_INT(json_array_size(tw_json_get(tw_json_get(tw_json_get(first, "document"), "tracking"), "revision_history")), 1);
}

static void test_what_lists_say(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *content = content_of(DOCUMENT);
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const json_t *document = tw_json_get(content, "document");

	CHECK_TEXT(tw_advisory_severity(document), "high");
	CHECK_TEXT(tw_advisory_severity(NULL), "");
	tw_buf_init(&b, tw_sys_real(), 1024);
	CHECK_OK(tw_advisory_products(document, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "\nmaker\nlamp l3\nlamp l3\np1\n");
	tw_buf_done(&b);
	tw_buf_init(&b, tw_sys_real(), 8);            /* with the first byte */
	CHECK_OK(tw_advisory_products(document, &b)); /* what does not fit is left out, and that is said */
	CHECK_TEXT(tw_buf_cstr(&b), "\1maker\n");
}

static void differ(const char *before, const char *after, const char *want)
{
	TW_CLEANUP(tw_jsonp) json_t *a = NULL, *b = NULL, *list = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	bool cut = false;

	CHECK_OK(tw_json_parse(tw_slice_of(before), 4096, &a));
	CHECK_OK(tw_json_parse(tw_slice_of(after), 4096, &b));
	CHECK_OK(tw_advisory_diff(tw_sys_real(), a, b, list, &cut));
	tw_buf_init(&text, tw_sys_real(), 8192);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		CHECK_OK(tw_buf_format(
			&text, "%s:%s>%s ", tw_json_text(one, "path"), tw_json_text(one, "before"), tw_json_text(one, "after")));
	}
	CHECK_TEXT(tw_buf_cstr(&text), want);
	CHECK(!cut);
}

static void test_differences(void **state)
{
	differ("{\"a\":1}", "{\"a\":1}", "");
	differ("{\"a\":1,\"b\":\"x\"}", "{\"b\":\"y\",\"c\":[2]}", "/a:1> /b:\"x\">\"y\" /c:>[2] ");
	differ("{\"a\":[1,2,3]}", "{\"a\":[1,3]}", "/a/1:2>3 /a/2:3> ");
	differ("{\"a/b~\":{\"c\":1}}", "{\"a/b~\":{\"c\":2}}", "/a~1b~0/c:1>2 ");
	differ("{\"a\":{\"b\":1}}", "{\"a\":[1]}", "/a:{\"b\":1}>[1] ");
	TW_CLEANUP(tw_jsonp) json_t *many = json_array(), *none = json_array(), *list = json_array();
	bool cut = false;
	for (int i = 0; i < 300; i++)
		CHECK_OK(tw_json_append(many, json_integer(i)));
	CHECK_OK(tw_advisory_diff(tw_sys_real(), none, many, list, &cut));
	CHECK(cut && json_array_size(list) == TW_ADVISORY_DIFF_MAX);
}

static void test_what_a_draft_left_is_found(void **state)
{
	static const char text[] =
		"{\"document\":{\"notes\":[{\"text\":\"x\"},{\"text\":\"To be written.\"}]},\"product_tree\":{\"branches\":[{\"name\":\"V\","
		"\"branches\":[{\"name\":\"To be written.\"}]}]},\"vulnerabilities\":[{},{\"notes\":[{\"text\":\"To be written.\"}]}]}";
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *paths = json_array(), *none = json_array();

	CHECK_OK(tw_json_parse(tw_slice_of(text), 4096, &document));
	CHECK_OK(tw_advisory_unwritten(document, paths));
	CHECK_INT(json_array_size(paths), 3);
	CHECK_TEXT(json_string_value(json_array_get(paths, 0)), "/document/notes/1/text");
	CHECK_TEXT(json_string_value(json_array_get(paths, 1)), "/product_tree");
	CHECK_TEXT(json_string_value(json_array_get(paths, 2)), "/vulnerabilities/1/notes/0/text");
	CHECK_OK(tw_json_set(document, "document", json_object()));
	(void)json_object_del(document, "product_tree");
	(void)json_object_del(document, "vulnerabilities");
	CHECK_OK(tw_advisory_unwritten(document, none));
	CHECK_INT(json_array_size(none), 0);
}

/* Long values are cut between characters, long ways told of as a whole. */
static void test_long_differences(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *a = json_object(), *b = json_object(), *list = json_array();
	char key[601], value[3001];
	bool cut = false;

	memset(key, 'k', sizeof key - 1);
	key[600] = '\0';
	for (size_t i = 0; i < 3000; i += 2)
		memcpy(value + i, "\xc3\xa4", 2);
	value[3000] = '\0';
	CHECK_OK(tw_json_set(b, key, json_string(value)));
	CHECK_OK(tw_advisory_diff(tw_sys_real(), a, b, list, &cut));
	CHECK_TEXT(tw_json_text(json_array_get(list, 0), "path"), "");
	CHECK_INT(strlen(tw_json_text(json_array_get(list, 0), "after")), 1999);
}

static tw_err all_of_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *content = NULL, *first = NULL, *second = NULL, *list = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char hash[65];
	bool cut;

	if (!list)
		return TW_RAISE(NOMEM, "a list");
	TW_TRY(tw_advisory_content_read(tw_slice_of(DOCUMENT), "final", "First.", &content));
	TW_TRY(tw_advisory_content_hash(sys, "N-1", content, hash));
	TW_TRY(tw_advisory_finish("N-1", content, NULL, "2026-01-01T00:00:00Z", &first));
	TW_TRY(tw_advisory_finish("N-1", content, first, "2026-02-01T00:00:00Z", &second));
	tw_buf_init(&b, sys, 1024);
	TW_TRY(tw_advisory_products(second, &b));
	return tw_advisory_diff(sys, first, second, list, &cut);
}

static void test_out_of_memory(void **state)
{
	CHECK(oom_sweep_with(ENOMEM, all_of_it, NULL) > 100);
}

static void test_every_move(void **state)
{
	/* Rows: from. Columns: change, ask, approve, return, publish, withdraw. D draft, R review, A approved, P publishing, - not from there. */
	static const char *const want[TW_ADVISORY_STATES] = { "DR---D", "D-AD-D", "D--DPD", "----P-", "D----D" };

	for (enum tw_advisory_state from = TW_ADVISORY_DRAFT; from < TW_ADVISORY_STATES; from++)
		for (enum tw_advisory_move m = TW_ADVISORY_CHANGE; m < TW_ADVISORY_MOVES; m++) {
			enum tw_advisory_state to = from;
			bool may = tw_advisory_move(from, m, &to);

			CHECK_INT(may ? "DRAP"[to] : '-', want[from][m]);
			CHECK(may || to == from);
		}
	enum tw_advisory_state s;
	CHECK(tw_advisory_state_find(TW_SLICE("publishing"), &s) && s == TW_ADVISORY_PUBLISHING);
	CHECK(!tw_advisory_state_find(TW_SLICE("final"), &s));
}

static int setup(void **state)
{
	tw_json_use(tw_sys_real());
	return 0;
}

#define AFFECTED(remediations)                                                                                                                                     \
	"{\"product_tree\":{\"product_groups\":[{\"group_id\":\"G1\",\"product_ids\":[\"P2\"]}]},\"vulnerabilities\":[{},{\"product_status\":{\"known_affected\":" \
	"[\"P1\",\"P2\"],\"fixed\":[\"P9\"]},\"remediations\":[" remediations "]}]}"
#define FIX(of) "{\"category\":\"vendor_fix\",\"details\":\"Install 2.\"," of "}"

/* @nist IN.1.c.1.1 IN.1.c.1.2 IN.2.a.1.1: whoever is affected is told what to do */
static void test_affected_products_want_an_action(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		const char *first;
	} rows[] = {
		{ AFFECTED(""), 2, "/vulnerabilities/1/product_status/known_affected/0" },
		{ AFFECTED(FIX("\"product_ids\":[\"P1\"]")), 1, "/vulnerabilities/1/product_status/known_affected/1" },
		{ AFFECTED(FIX("\"product_ids\":[\"P1\"]") "," FIX("\"group_ids\":[\"G1\"]")), 0, "" },
		{ AFFECTED(FIX("\"group_ids\":[\"G2\"]")), 2, "/vulnerabilities/1/product_status/known_affected/0" },
		{ "{}", 0, "" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *document = NULL, *paths = json_array();

		CHECK_OK(tw_json_parse(tw_slice_of(rows[i].text), 4096, &document));
		CHECK_OK(tw_advisory_unanswered(document, paths));
		CHECK_INT(json_array_size(paths), rows[i].count);
		if (rows[i].count)
			CHECK_TEXT(json_string_value(json_array_get(paths, 0)), rows[i].first);
	}
}

static void test_what_a_message_says_of_them(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf all = { 0 }, few = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	CHECK_OK(tw_json_parse(TW_SLICE(AFFECTED(FIX("\"a\":1") ",{\"category\":\"workaround\",\"details\":\"a\\u0007b\"}," FIX("\"a\":2"))),
		4096, &document));
	tw_buf_init(&all, tw_sys_real(), 200);
	tw_buf_init(&few, tw_sys_real(), 40);
	CHECK_OK(tw_advisory_actions(document, &all));
	CHECK_TEXT(tw_buf_cstr(&all), "\n- vendor_fix: Install 2.\n- vendor_fix: Install 2."); /* what no message can hold is left out */
	CHECK_OK(tw_advisory_actions(document, &few));
	CHECK_TEXT(tw_buf_cstr(&few), "\n- vendor_fix: Install 2.");
}

CHECK_MAIN_IN(setup, NULL, cmocka_unit_test(test_affected_products_want_an_action), cmocka_unit_test(test_what_a_message_says_of_them),
	cmocka_unit_test(test_reading), cmocka_unit_test(test_which_status_is_advised),
	cmocka_unit_test(test_the_hash_is_of_all_but_tracking), cmocka_unit_test(test_revisions_count_on),
	cmocka_unit_test(test_what_lists_say), cmocka_unit_test(test_differences), cmocka_unit_test(test_what_a_draft_left_is_found),
	cmocka_unit_test(test_long_differences), cmocka_unit_test(test_out_of_memory), cmocka_unit_test(test_every_move))

/* SPDX-License-Identifier: Apache-2.0 */
/* Releases, their components and findings: what is refused, that an import counts whole or not at all, that decisions carry, and what is new to whom. */
#include "support/components/components.h"

#include "crypto/hash.h"
#include "support/cases/test-world.h"
#include "support/platform/app.h"
#include "support/rows-components.h"
#include "support/subscriptions/products.h"

#define CALLS_MAX 3000
#define SOURCE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define FACTS_1 "00112233445566778899aabbccddee01"
#define FACTS_2 "00112233445566778899aabbccddee02"

static struct tw_app app;

static int begin_parts(void **state)
{
	static const char products[] =
		"{\"format\":1,\"products\":[{\"name\":\"lamp\",\"title\":\"Lamp\",\"support\":{\"start\":\"2025-01-01\","
		"\"end\":\"2035-01-01\",\"security-updates-until\":\"2035-01-01\"}},{\"name\":\"pump\",\"title\":\"Pump\","
		"\"support\":{\"start\":\"2025-01-01\",\"end\":\"2035-01-01\",\"security-updates-until\":\"2035-01-01\"}}]}";

	CHECK_INT(begin(state), 0);
	memset(&app, 0, sizeof app);
	CHECK_OK(tw_products_parse(tw_sys_real(), tw_slice_of(products), &app.products));
	world.t.c.side = &app;
	return 0;
}

static int end_parts(void **state)
{
	tw_jsonp(&app.products);
	return end(state);
}

#define PARTS(name) cmocka_unit_test_setup_teardown(name, begin_parts, end_parts)

/* --- Imports --- */

static void begin_import(const char *product, const char *version, const char *kind, int count, char ret[24])
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char input[512];

	(void)snprintf(input, sizeof input, "{\"product\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\",\"source\":\"" SOURCE "\",\"count\":%d}",
		product, version, kind, count);
	j = answer(&root, "release.begin", "", input);
	(void)snprintf(ret, 24, "%s", tw_json_text(j, "id"));
}

static const char *bring(const char *import, int from, const char *entries)
{
	static char input[16384];

	(void)snprintf(input, sizeof input, "{\"from\":%d,\"entries\":[%s]}", from, entries);
	return rule_of(&root, "release.add", import, input);
}

static void import_all(const char *product, const char *version, const char *kind, int count, const char *entries)
{
	char id[24];

	begin_import(product, version, kind, count, id);
	CHECK_TEXT(bring(id, 0, entries), "");
	CHECK_TEXT(rule_of(&root, "release.end", id, ""), "");
}

#define FINDING(cve, component, version, facts, more) \
	"{\"vulnerability\":\"" cve "\",\"component\":\"" component "\",\"version\":\"" version "\",\"facts\":\"" facts "\"," more "}"
#define OPEN "\"state\":\"open\""
#define KEV "\"state\":\"open\",\"kev\":{\"added\":\"2026-01-01\"},\"score\":98"
#define RULED "\"state\":\"ruled\",\"rule\":\"corrected\",\"because\":\"x\""

static json_t *listed(const struct tw_subject *s, const char *name, const char *input)
{
	return answer(s, name, "", input);
}

static size_t count_of(const struct tw_subject *s, const char *name, const char *input, const char *key)
{
	TW_CLEANUP(tw_jsonp) json_t *j = listed(s, name, input);

	return json_array_size(tw_json_get(j, key));
}

static size_t found(const char *input)
{
	return count_of(&root, "findings.list", input, "findings");
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *name, *parameter, *input, *rule;
	} rows[] = {
		{ "release.begin", "", "{\"product\":\"tap\",\"version\":\"1\",\"kind\":\"components\",\"source\":\"" SOURCE "\",\"count\":1}",
			"release.product" },
		{ "release.begin", "", "{\"product\":\"lamp\",\"version\":\"1\",\"kind\":\"elements\",\"source\":\"" SOURCE "\",\"count\":1}",
			"release.kind" },
		{ "release.begin", "", "{\"product\":\"lamp\",\"version\":\"1\\u0007\",\"kind\":\"findings\",\"source\":\"" SOURCE "\",\"count\":1}",
			"release.version" },
		{ "release.begin", "",
			"{\"product\":\"lamp\",\"version\":\"1\",\"kind\":\"findings\",\"source\":"
			"\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\",\"count\":1}",
			"release.source" },
		{ "release.begin", "", "{\"product\":\"lamp\",\"version\":\"1\",\"kind\":\"findings\",\"source\":\"" SOURCE "\",\"count\":200001}",
			"release.size" },
		{ "release.begin", "",
			"{\"product\":\"lamp\",\"version\":\"1\",\"kind\":\"components\",\"source\":\"" SOURCE "\",\"count\":2}", "" },
		{ "release.add", "i9", "{\"from\":0,\"entries\":[]}", "release.unknown" },
		{ "release.add", "x1", "{\"from\":0,\"entries\":[]}", "release.unknown" },
		{ "release.add", "i1", "{\"from\":1,\"entries\":[{\"name\":\"a\"}]}", "release.place" },
		{ "release.add", "i1", "{\"from\":0,\"entries\":[{\"name\":\"a\"},{\"name\":\"\"}]}", "release.entries" },
		{ "release.add", "i1", "{\"from\":0,\"entries\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}", "release.place" },
		{ "release.add", "i1", "{\"from\":0,\"entries\":[{\"name\":\"a\"}]}", "" },
		{ "release.add", "i1", "{\"from\":0,\"entries\":[{\"name\":\"a\"}]}", "" }, /* its answer was lost */
		{ "release.end", "i1", "", "release.place" },
		{ "release.add", "i1", "{\"from\":1,\"entries\":[{\"name\":\"b\"}]}", "" },
		{ "release.end", "i1", "", "" },
		{ "release.end", "i1", "", "release.over" },
		{ "release.add", "i1", "{\"from\":2,\"entries\":[]}", "release.over" },
		{ "components.list", "", "{\"by\":\"hash\"}", "component.by" },
		{ "components.list", "", "{\"version\":\"1\"}", "component.version" },
		{ "components.list", "", "{\"by\":\"purl\",\"text\":\"x\",\"version\":\"1\"}", "component.name" },
		{ "components.list", "", "{\"release\":\"x1\",\"text\":\"x\"}", "component.release" },
		{ "findings.list", "", "{\"view\":\"all\"}", "finding.view" },
		{ "findings.list", "", "{\"severity\":\"bad\"}", "finding.severity" },
		{ "findings.list", "", "{\"view\":\"ruled\"}", "finding.of" },
		{ "findings.list", "", "{\"view\":\"ruled\",\"release\":\"v1\",\"rule\":\"unknown\"}", "finding.rule" },
		{ "findings.list", "", "{\"release\":\"r1\"}", "finding.release" },
		{ "finding.read", "t1", "", "finding.unknown" },
		{ "findings.seen", "", "{\"newest\":\"17\"}", "finding.newest" },
		{ "findings.seen", "", "{\"newest\":\"i17\"}", "finding.seen" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *rule = rule_of(&root, rows[i].name, rows[i].parameter, rows[i].input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, rows[i].input, rule, rows[i].rule);
	}
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t rows_in(const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, count_row, &n));
	return n;
}

#define BEGIN(version, kind) \
	"{\"product\":\"lamp\",\"version\":\"" version "\",\"kind\":\"" kind "\",\"source\":\"" SOURCE "\",\"count\":1}"

/* Nobody has gone on with what comes. */
static void a_minute_later(void)
{
	CHECK_OK(tw_store_run(world.t.c.store, "UPDATE release_import SET touched_ms = touched_ms - 60000", NULL, 0, NULL, NULL));
}

static void test_an_import_counts_whole(void **state)
{
	char first[24], second[24];

	begin_import("lamp", "1.0", "components", 2, first);
	CHECK_TEXT(bring(first, 0, "{\"name\":\"curl\",\"version\":\"8\"}"), "");
	CHECK_INT(count_of(&root, "components.list", "{\"text\":\"curl\"}", "components"), 0);
	CHECK_INT(count_of(&root, "releases.list", "{}", "releases"), 0);
	CHECK_TEXT(bring(first, 1, "{\"name\":\"Zlib\",\"version\":\"1\",\"purl\":\"pkg:deb/debian/zlib@1\"}"), "");
	CHECK_TEXT(rule_of(&root, "release.end", first, ""), "");
	CHECK_INT(count_of(&root, "components.list", "{\"text\":\"CU\"}", "components"), 1);
	CHECK_INT(count_of(&root, "components.list", "{\"text\":\"zlib\",\"version\":\"1\"}", "components"), 1);
	CHECK_INT(count_of(&root, "components.list", "{\"text\":\"zlib\",\"version\":\"1.0\"}", "components"), 0);
	CHECK_INT(count_of(&root, "components.list", "{\"text\":\"zli\",\"version\":\"1\"}", "components"), 0); /* a whole name */
	CHECK_INT(count_of(&root, "components.list", "{\"by\":\"purl\",\"text\":\"pkg:deb/\"}", "components"), 1);
	CHECK_INT(count_of(&root, "components.list", "{\"by\":\"cpe\",\"text\":\"cpe\"}", "components"), 0);
	CHECK_INT(count_of(&root, "components.list", "{\"release\":\"v1\"}", "components"), 2);
	CHECK_INT(count_of(&root, "components.list", "{\"release\":\"v2\"}", "components"), 0);
	/* The next one is seen when it has ended, and in the place of the one before; one that was begun anew takes the place of what came. */
	begin_import("lamp", "1.0", "components", 1, first);
	CHECK_TEXT(bring(first, 0, "{\"name\":\"musl\"}"), "");
	CHECK_INT(count_of(&root, "components.list", "{\"release\":\"v1\"}", "components"), 2);
	CHECK_TEXT(rule_of(&root, "release.begin", "", BEGIN("1.0", "components")), "release.busy");
	CHECK_TEXT(rule_of(&root, "release.begin", "", BEGIN("1.0", "findings")), ""); /* of another kind, */
	CHECK_TEXT(rule_of(&root, "release.begin", "", BEGIN("1.1", "findings")), ""); /* another release, */
	CHECK_TEXT(rule_of(&root, "release.begin", "", BEGIN("1.0", "findings")), "release.busy");
	a_minute_later();
	begin_import("lamp", "1.0", "components", 1, second);
	CHECK_TEXT(rule_of(&root, "release.end", first, ""), "release.over");
	CHECK_INT(rows_in("SELECT count(*) FROM release_import WHERE state = 'comes' AND kind = 'findings'"), 2); /* which is ended by none of these */
	CHECK_TEXT(bring(second, 0, "{\"name\":\"musl\"}"), "");
	CHECK_TEXT(rule_of(&root, "release.end", second, ""), "");
	CHECK_INT(count_of(&root, "components.list", "{\"release\":\"v1\"}", "components"), 1);
	CHECK_INT(count_of(&root, "components.list", "{\"text\":\"curl\"}", "components"), 0);
}

static void test_what_does_not_count_goes(void **state)
{
	static const char components[] = "SELECT count(*) FROM component", seen[] = "SELECT count(*) FROM finding_seen",
			  decisions[] = "SELECT count(*) FROM finding_decision";
	char id[24];
	bool more = true;

	import_all("lamp", "1.0", "components", 1, "{\"name\":\"curl\"}");
	import_all("lamp", "1.0", "components", 1, "{\"name\":\"musl\"}");
	import_all("lamp", "1.0", "findings", 1, FINDING("CVE-2026-1", "c", "1", FACTS_1, OPEN));
	begin_import("lamp", "1.0", "findings", 2, id);
	CHECK_TEXT(bring(id, 0,
			   FINDING("CVE-2026-2", "c", "1", FACTS_1,
				   "\"state\":\"decided\",\"decision\":{\"status\":\"fixed\",\"by\":\"J\",\"date\":\"2026-01-01\","
				   "\"reason\":\"x\",\"facts\":\"" FACTS_1 "\"}")),
		"");
	CHECK_INT(rows_in(components), 2);
	CHECK_INT(rows_in(seen), 2);
	CHECK_INT(rows_in(decisions), 1);
	/* An hour later the one that nobody has gone on with is given up. */
	for (int i = 0; more && i < 20; i++)
		CHECK_OK(tw_components_forget(world.t.c.store, tw_time_wall_ms(world.t.c.time) + 2 * INT64_C(3600000), &more));
	CHECK(!more);
	CHECK_INT(rows_in(components), 1);
	CHECK_INT(rows_in(seen), 1);
	CHECK_INT(rows_in(decisions), 0);
	CHECK_TEXT(bring(id, 1, FINDING("CVE-2026-3", "c", "1", FACTS_1, OPEN)), "release.over");
	CHECK_INT(found("{\"view\":\"waiting\"}"), 1);
}

/* --- The queue --- */

static void test_the_queue(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	import_all("lamp", "1.0", "findings", 4,
		FINDING("CVE-2026-1", "pkg:deb/debian/curl", "8", FACTS_1, OPEN ",\"epss\":5,\"score\":40") "," //
		FINDING("CVE-2026-2", "pkg:deb/debian/curl", "8", FACTS_1, KEV) ","                             //
		FINDING("CVE-2026-3", "pkg:deb/debian/curl", "8", FACTS_1, RULED) ","                           //
		FINDING("CVE-2026-4", "zlib", "1", FACTS_1, OPEN ",\"epss\":900000"));
	import_all("pump", "2.0", "findings", 1, FINDING("CVE-2026-5", "zlib", "1", FACTS_1, OPEN));
	j = listed(&root, "findings.list", "{}");
	CHECK_INT(json_array_size(tw_json_get(j, "findings")), 4);
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(j, "findings"), 0), "vulnerability"), "CVE-2026-2"); /* exploited */
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(j, "findings"), 1), "vulnerability"), "CVE-2026-4"); /* likely to be */
	CHECK_INT(found("{\"product\":\"pump\"}"), 1);
	CHECK_INT(found("{\"product\":\"tap\"}"), 0);
	CHECK_INT(found("{\"release\":\"v1\"}"), 3);
	CHECK_INT(found("{\"severity\":\"critical\"}"), 1);
	CHECK_INT(found("{\"severity\":\"medium\"}"), 1);
	CHECK_INT(found("{\"severity\":\"unrated\"}"), 2);
	CHECK_INT(found("{\"exploited\":\"yes\"}"), 1);
	CHECK_INT(found("{\"view\":\"ruled\",\"release\":\"v1\"}"), 1);
	CHECK_INT(found("{\"rule\":\"corrected\",\"release\":\"v1\"}"), 1);
	CHECK_INT(found("{\"rule\":\"stated\",\"release\":\"v1\"}"), 0);
	CHECK_INT(found("{\"view\":\"decided\"}"), 0);
}

static void test_paging(void **state)
{
	char cursor[200] = "", input[300];
	size_t all = 0;

	import_all("lamp", "1.0", "findings", 3,
		FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN) "," FINDING("CVE-2026-2", "a", "1", FACTS_1, OPEN) "," //
		FINDING("CVE-2026-3", "a", "1", FACTS_1, KEV));
	import_all("lamp", "1.0", "components", 3, "{\"name\":\"a\"},{\"name\":\"a\"},{\"name\":\"ab\"}");
	for (int i = 0; i < 2; i++) {
		const char *const name = i ? "components.list" : "findings.list", *const key = i ? "components" : "findings";

		all = 0;
		*cursor = '\0';
		do {
			TW_CLEANUP(tw_jsonp) json_t *j = NULL;

			(void)snprintf(input, sizeof input, "{\"limit\":1%s%s%s%s}", i ? ",\"text\":\"a\"" : "",
				*cursor ? ",\"cursor\":\"" : "", cursor, *cursor ? "\"" : "");
			j = listed(&root, name, input);
			all += json_array_size(tw_json_get(j, key));
			CHECK(json_array_size(tw_json_get(j, key)) == 1);
			(void)snprintf(cursor, sizeof cursor, "%s", tw_json_text(j, "next"));
		} while (*cursor && all < 9);
		CHECK_INT(all, 3);
	}
}

static void test_what_is_new(void **state)
{
	import_all("lamp", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 1);
	CHECK_TEXT(rule_of(&ann, "findings.seen", "", "{\"newest\":\"i1\"}"), "");
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 0);
	CHECK_INT(count_of(&ann, "findings.list", "{\"view\":\"waiting\"}", "findings"), 1);
	CHECK_INT(count_of(&bob, "findings.list", "{}", "findings"), 1);
	/* What waited already is not new, in the same release and in the next; what begins to wait is, also once a rule took it. */
	import_all("lamp", "1.0", "findings", 2,
		FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN) "," FINDING("CVE-2026-2", "a", "1", FACTS_1, RULED));
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 0);
	import_all("lamp", "1.1", "findings", 2,
		FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN) "," FINDING("CVE-2026-2", "a", "1", FACTS_2, OPEN));
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 1);
	/* Of another product it is. */
	import_all("pump", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 2);
}

static int64_t marked(void)
{
	return rows_in("SELECT coalesce(max(import_id), 0) FROM finding_mark");
}

/* Nobody has looked at what is not there yet, and what comes and was begun sooner is new when it counts later. */
static void test_how_far_one_can_have_looked(void **state)
{
	char slow[24];

	import_all("lamp", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	CHECK_TEXT(rule_of(&ann, "findings.seen", "", "{\"newest\":\"i9223372036854775806\"}"), "");
	CHECK_INT(marked(), 1);
	begin_import("lamp", "1.1", "findings", 1, slow);
	import_all("pump", "1.0", "findings", 1, FINDING("CVE-2026-2", "a", "1", FACTS_1, OPEN));
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 1);
	CHECK_TEXT(rule_of(&ann, "findings.seen", "", "{\"newest\":\"i3\"}"), "");
	CHECK_INT(marked(), 1);
	CHECK_TEXT(bring(slow, 0, FINDING("CVE-2026-3", "a", "1", FACTS_1, OPEN)), "");
	CHECK_TEXT(rule_of(&root, "release.end", slow, ""), "");
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 2);
	CHECK_TEXT(rule_of(&ann, "findings.seen", "", "{\"newest\":\"i3\"}"), "");
	CHECK_INT(count_of(&ann, "findings.list", "{}", "findings"), 0);
	CHECK_TEXT(rule_of(&ann, "findings.seen", "", "{\"newest\":\"i1\"}"), "");
	CHECK_INT(marked(), 3);
}

/* --- Decisions --- */

#define DECIDE(status, more) "{\"status\":\"" status "\",\"reason\":\"because\"" more "}"

static void test_decisions_carry(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *one = NULL, *all = NULL;

	import_all("lamp", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	import_all("lamp", "1.1", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	import_all("pump", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	CHECK_TEXT(rule_of(&root, "finding.decide", "t1", DECIDE("not_affected", "")), "finding.decision");
	CHECK_TEXT(rule_of(&root, "finding.decide", "t1", DECIDE("affected", "")), "finding.decision");
	CHECK_TEXT(rule_of(&root, "finding.decide", "t1", DECIDE("fixed", ",\"facts\":\"" FACTS_2 "\"")), "finding.changed");
	CHECK_TEXT(rule_of(&ann, "finding.decide", "t1", DECIDE("fixed", ",\"facts\":\"" FACTS_1 "\"")), "");
	CHECK_TEXT(rule_of(&ann, "finding.decide", "t1", DECIDE("fixed", "")), "finding.decided");
	CHECK_INT(found("{\"view\":\"waiting\"}"), 1); /* of the pump: decisions are of a product */
	CHECK_INT(found("{\"view\":\"decided\"}"), 2);
	/* In the next release on the same facts; on others it comes back, and says so. */
	import_all("lamp", "1.2", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	CHECK_INT(found("{\"view\":\"decided\"}"), 3);
	import_all("lamp", "1.2", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_2, OPEN));
	CHECK_INT(found("{\"view\":\"decided\"}"), 2);
	one = answer(&root, "finding.read", "t4", "");
	CHECK_TEXT(tw_json_text(one, "state"), "again");
	CHECK_TEXT(tw_json_text(tw_json_get(one, "decision"), "facts"), FACTS_1);
	/* Whoever is still looking into it keeps it in the queue. */
	CHECK_TEXT(rule_of(&ann, "finding.decide", "t4", DECIDE("under_investigation", "")), "");
	CHECK_INT(found("{\"view\":\"waiting\"}"), 2);
	all = answer(&root, "decisions.list", "", "{\"product\":\"lamp\"}");
	CHECK_INT(json_array_size(tw_json_get(all, "decisions")), 2);
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(all, "decisions"), 0), "by"), "p1");
}

#define GIT(version, status)                                               \
	FINDING("CVE-2026-1", "a", version, FACTS_1,                       \
		"\"state\":\"decided\",\"decision\":{\"status\":\"" status \
		"\",\"by\":\"J\",\"date\":\"2026-01-01\",\"reason\":\"x\",\"facts\":\"" FACTS_1 "\"}")

/* status "": nothing is decided of it */
static void check_decided(const char *finding, const char *state, const char *status)
{
	TW_CLEANUP(tw_jsonp) json_t *one = answer(&root, "finding.read", finding, "");

	CHECK_TEXT(tw_json_text(one, "state"), state);
	CHECK_TEXT(tw_json_text(tw_json_get(one, "decision"), "status"), status);
}

static void check_exported(const char *product, const char *status)
{
	TW_CLEANUP(tw_jsonp) json_t *all = answer(&root, "decisions.list", "", product);

	CHECK_INT(json_array_size(tw_json_get(all, "decisions")), 1);
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(all, "decisions"), 0), "status"), status);
}

static void test_what_git_decided(void **state)
{
	static const char decided[] = FINDING("CVE-2026-1", "a", "1", FACTS_1,
		"\"state\":\"decided\",\"decision\":{\"status\":\"fixed\",\"by\":\"Jane\",\"date\":\"2026-01-01\",\"reason\":\"x\",\"facts\":\"" FACTS_1
		"\"}");
	TW_CLEANUP(tw_jsonp) json_t *one = NULL, *two = NULL;

	import_all("lamp", "1.0", "findings", 1, decided);
	CHECK_INT(found("{\"view\":\"decided\"}"), 1);
	one = answer(&root, "finding.read", "t1", "");
	CHECK_TEXT(tw_json_text(tw_json_get(one, "decision"), "by"), "Jane");
	/* What was decided here since is not overridden by what git still says. */
	CHECK_TEXT(rule_of(&ann, "finding.decide", "t1", DECIDE("affected", ",\"action\":\"Update.\"")), "");
	import_all("lamp", "1.0", "findings", 1, decided);
	two = answer(&root, "finding.read", "t1", "");
	CHECK_TEXT(tw_json_text(tw_json_get(two, "decision"), "status"), "affected");
	check_exported("{\"product\":\"lamp\"}", "affected");
}

/* What is corrected in git, or taken back there, is so here with the next import, whatever other releases still have; of each facts one decision goes back. */
static void test_git_changes_its_mind(void **state)
{
	static const char lamp[] = "{\"product\":\"lamp\"}", seen[] = "SELECT count(*) FROM finding_decision";
	bool more = true;

	import_all("lamp", "1.0", "findings", 2, GIT("1", "fixed") "," GIT("2", "fixed"));
	import_all("lamp", "1.1", "findings", 1, GIT("1", "fixed"));
	CHECK_INT(rows_in(seen), 2);
	check_exported(lamp, "fixed");
	import_all("lamp", "1.0", "findings", 2, GIT("1", "under_investigation") "," GIT("2", "under_investigation"));
	check_decided("t1", "open", "under_investigation");
	check_decided("t3", "decided", "fixed"); /* 1.1 has not come again */
	check_exported(lamp, "under_investigation");
	import_all("lamp", "1.0", "findings", 1, GIT("1", "fixed"));
	check_decided("t1", "decided", "fixed");
	import_all("lamp", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	check_decided("t1", "open", "");
	check_exported(lamp, "fixed"); /* of 1.1 */
	import_all("lamp", "1.1", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	check_decided("t3", "open", "");
	CHECK_INT(count_of(&root, "decisions.list", lamp, "decisions"), 0);
	CHECK_INT(count_of(&root, "findings.list", "{\"view\":\"waiting\"}", "findings"), 2);
	for (int i = 0; more && i < 50; i++)
		CHECK_OK(tw_components_forget(world.t.c.store, tw_time_wall_ms(world.t.c.time), &more));
	CHECK_INT(rows_in(seen), 0);
}

static void test_twice_in_an_import(void **state)
{
	char id[24];

	begin_import("lamp", "1.0", "findings", 2, id);
	CHECK_TEXT(bring(id, 0, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN) "," FINDING("CVE-2026-1", "a", "1", FACTS_2, OPEN)),
		"release.twice");
	CHECK_INT(rows_in("SELECT count(*) FROM finding_seen"), 0);
}

/* --- A case --- */

static void test_a_case_of_it(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *made = NULL, *seen = NULL, *unseen = NULL;

	import_all("lamp", "1.0", "findings", 1,
		FINDING("CVE-2026-1", "pkg:deb/debian/curl", "8", FACTS_1, KEV ",\"name\":\"curl\",\"summary\":\"It leaks.\""));
	made = answer(&ann, "finding.case", "t1", "{}");
	CHECK_TEXT(tw_json_text(made, "title"), "CVE-2026-1: curl 8");
	CHECK_TEXT(tw_json_text(made, "cve"), "CVE-2026-1");
	CHECK_TEXT(tw_json_text(made, "product"), "lamp");
	CHECK_TEXT(rule_of(&ann, "finding.case", "t1", "{}"), "finding.case");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	seen = answer(&ann, "finding.read", "t1", "");
	CHECK_TEXT(tw_json_text(seen, "case"), "c1");
	unseen = answer(&bob, "finding.read", "t1", "");
	CHECK_TEXT(tw_json_text(unseen, "case"), "");
	CHECK_TEXT(tw_json_text(tw_json_get(unseen, "desk"), "case"), "");
	/* Nor does the hash tell it, which is over what everybody is shown. */
	TW_CLEANUP(tw_jsonp) json_t *shown = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, hex = { 0 };
	uint8_t digest[TW_SHA256_SIZE];
	shown = json_deep_copy(tw_json_get(unseen, "desk"));
	CHECK_INT(json_object_del(shown, "hash"), 0);
	tw_buf_init(&text, tw_sys_real(), TW_CASE_DOC_MAX);
	tw_buf_init(&hex, tw_sys_real(), 2 * sizeof digest);
	CHECK_OK(tw_json_write(shown, &text));
	CHECK_OK(tw_sha256(text.data, text.size, digest));
	CHECK_OK(tw_buf_hex(&hex, digest, sizeof digest));
	CHECK_TEXT(tw_json_text(tw_json_get(unseen, "desk"), "hash"), tw_buf_cstr(&hex));
	CHECK_INT(rows_in("SELECT count(*) FROM journal_entry"), 4); /* the import, the case, the finding, the embargo */
}

/* --- Faults --- */

/* Each call of the seam failing: what is decided is decided with its entry, or not at all. */
static void test_faults(void **state)
{
	static const char entries[] = "SELECT count(*) FROM journal_entry", decisions[] = "SELECT count(*) FROM finding_decision";

	import_all("lamp", "1.0", "findings", 1, FINDING("CVE-2026-1", "a", "1", FACTS_1, OPEN));
	for (long at = 1; at < CALLS_MAX; at += 7) {
		const int64_t before = rows_in(entries);
		struct tw_reply rp;

		world.fail_at = at;
		tw_err e = try_ask(&root, "finding.decide", "t1", DECIDE("fixed", ""), &rp);
		world.fail_at = 0;
		tw_fake_fail(world.fake, 0, 0, false);
		const bool done = !tw_failed(e) && !rp.problem[0];
		tw_reply_done(&rp);
		reopen();
		CHECK_INT(rows_in(entries) - before, rows_in(decisions));
		if (done)
			return;
		if (rows_in(decisions))
			return; /* it was done, and whoever asked does not know: he is told by the refusal when he asks again */
	}
	fail_msg("it never went through");
}

CHECK_MAIN(PARTS(test_what_is_refused), PARTS(test_an_import_counts_whole), PARTS(test_what_does_not_count_goes),
	PARTS(test_the_queue), PARTS(test_paging), PARTS(test_what_is_new), PARTS(test_how_far_one_can_have_looked),
	PARTS(test_decisions_carry), PARTS(test_what_git_decided), PARTS(test_git_changes_its_mind), PARTS(test_twice_in_an_import),
	PARTS(test_a_case_of_it), PARTS(test_faults))

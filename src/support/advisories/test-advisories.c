/* SPDX-License-Identifier: Apache-2.0 */
/* The workbench over its operations: what is refused, two persons, ids that are given once, and that store and tree agree whatever fails. */
#include "support/advisories/advisories.h"
#include "support/advisories/plan.h"
#include "support/advisories/search.h"

#include "base/text.h"
#include "check.h"
#include "product/advisory.h"
#include "product/csaf-tree.h"
#include "service/path/path-match.h"
#include "service/path/test-context.h"
#include "service/test-dir.h"
#include "support/platform/app.h"
#include "support/subscriptions/products.h"
#include "support/rows-advisories.h"
#include "support/rows-cases.h"
#include "support/sql-support.h"
#include "sys/durable.h"
#include "sys/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct tw_capability *const all[] = { &tw_capability_advisories, &tw_capability_cases, NULL };
static const struct tw_grant_row no_grants[] = { { NULL } };
static const struct tw_subject root = { .kind = TW_SUBJECT_LOCAL, .door = TW_DOOR_LOCAL, .name = "uid:0" };
static const struct tw_subject ann = { .kind = TW_SUBJECT_ACCOUNT, .name = "ann", .account = "a1" };
static const struct tw_subject bob = { .kind = TW_SUBJECT_ACCOUNT, .name = "bob", .account = "a2" };
static const struct tw_subject cleo = { .kind = TW_SUBJECT_ACCOUNT, .name = "cleo", .account = "a3" };

static struct {
	tw_fake *fake;
	struct test_dir dir;
	struct test_context t;
	struct tw_app app;
	long fail_at; /* the call of the seam, within the handler */
	bool fail_on; /* and all behind it */
} world;

static void reopen(void)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 1, tw_sql_cases_format_1 },
		{ 1, tw_sql_alarms_format_1 }, { 1, tw_sql_outbox_format_1 }, { 1, tw_sql_advisories_format_1 },
		{ 1, tw_sql_subscriptions_format_1 }, { 1, tw_sql_access_format_1 }, { 1, tw_sql_staff_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.t.c.store = tw_store_free(world.t.c.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "cases.db", &formats, &world.t.c.store));
	CHECK_OK(tw_advisories_prepare(&world.t.c));
}

static int begin(void **state)
{
	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
	reopen();
	world.app.dir = world.dir.fd;
	world.app.desk = (struct tw_desk){
		.name = "Maker", .site = "https://maker.example", .contacts = { "mailto:a@maker.example" }, .contact_count = 1, .prefix = "MK"
	};
	world.t.c.side = &world.app;
	return 0;
}

static int end(void **state)
{
	world.t.c.side = &world.t;
	CHECK_OK(tw_durable_remove_tree(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE));
	CHECK_OK(tw_durable_remove_tree(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE ".new"));
	test_context_close(&world.t);
	(void)tw_key_free(world.t.key);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static const struct tw_operation_row *row_named(const char *name)
{
	const struct tw_operation_row *row = tw_operation_find(all, tw_slice_of(name));

	if (!row)
		fail_msg("no operation %s", name);
	return row;
}

static tw_err try_ask(const struct tw_subject *s, const char *name, const char *parameter, const json_t *input, struct tw_reply *ret)
{
	const struct tw_operation_row *row = row_named(name);
	struct tw_request rq = { .subject = *s, .operation = row, .parameter = tw_slice_of(parameter), .input = input };

	if (input)
		CHECK_OK(tw_json_check(input, row->input ? row->input : row->query));
	*ret = (struct tw_reply){ .status = 200 };
	tw_json_use(tw_fake_sys(world.fake));
	tw_fake_fail(world.fake, world.fail_at, world.fail_at % 2 ? ENOSPC : EIO, world.fail_on);
	tw_err e = row->handler(&world.t.c, &rq, ret);
	tw_json_use(tw_sys_real());
	return e;
}

/* The rule that refused; "" and the answer, when it was done. */
static const char *ask(const struct tw_subject *s, const char *name, const char *parameter, const char *input, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	static char rule[64];
	struct tw_reply rp;

	if (*input)
		CHECK_OK(tw_json_parse(tw_slice_of(input), 65536, &j));
	CHECK_OK(try_ask(s, name, parameter, j, &rp));
	(void)snprintf(rule, sizeof rule, "%s", rp.problem[0] ? rp.rule : "");
	if (ret)
		*ret = json_incref(rp.body);
	if (rp.has_file)
		CHECK_INT(close(rp.file), 0);
	tw_reply_done(&rp);
	return rule;
}

static const char *rule_of(const struct tw_subject *s, const char *name, const char *parameter, const char *input)
{
	return ask(s, name, parameter, input, NULL);
}

static json_t *answer(const struct tw_subject *s, const char *name, const char *parameter, const char *input)
{
	json_t *body = NULL;

	CHECK_TEXT(ask(s, name, parameter, input, &body), "");
	return body;
}

/* WHITE, and what a draft leaves is written, so that it could be published; "" or the rule that refused. */
static const char *make_white(const struct tw_subject *s, const char *name)
{
	TW_CLEANUP(tw_jsonp) json_t *said = answer(s, "advisory.read", name, ""), *document = NULL, *input = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	static char rule[64];
	struct tw_reply rp;

	CHECK_OK(tw_json_parse(tw_slice_of(tw_json_text(said, "document")), TW_ADVISORY_MAX, &document));
	json_t *tlp = tw_json_get(tw_json_get(tw_json_get(document, "document"), "distribution"), "tlp");
	CHECK_OK(tw_json_set(tlp, "label", json_string("WHITE")));
	tw_buf_init(&text, tw_sys_real(), TW_ADVISORY_MAX);
	CHECK_OK(tw_json_write(document, &text));
	for (char *at; (at = strstr((char *)tw_buf_cstr(&text), TW_ADVISORY_UNWRITTEN));)
		for (size_t i = 0; i < 5; i++)
			at[i] = "It is"[i];
	input = json_pack("{s:I, s:s}", "revision", (json_int_t)tw_json_int(said, "revision"), "document", tw_buf_cstr(&text));
	CHECK_OK(try_ask(s, "advisory.change", name, input, &rp));
	(void)snprintf(rule, sizeof rule, "%s", rp.problem[0] ? rp.rule : "");
	tw_reply_done(&rp);
	return rule;
}

static const char *approve(const struct tw_subject *s, const char *name)
{
	TW_CLEANUP(tw_jsonp) json_t *said = answer(s, "advisory.read", name, "");
	char input[128];

	(void)snprintf(input, sizeof input, "{\"hash\":\"%s\"}", tw_json_text(said, "hash"));
	return rule_of(s, "advisory.approve", name, input);
}

/* Written by Ann and approved by Bob. */
static void make_approved(const char *title, char ret_name[TW_ADVISORY_NAME_MAX])
{
	TW_CLEANUP(tw_jsonp) json_t *said = NULL;
	char input[128];

	(void)snprintf(input, sizeof input, "{\"title\":\"%s\"}", title);
	said = answer(&ann, "advisory.create", "", input);
	(void)snprintf(ret_name, TW_ADVISORY_NAME_MAX, "%s", tw_json_text(said, "id"));
	CHECK_TEXT(make_white(&ann, ret_name), "");
	CHECK_TEXT(rule_of(&ann, "advisory.review", ret_name, ""), "");
	CHECK_TEXT(approve(&bob, ret_name), "");
}

static void test_what_is_refused(void **state)
{
	char name[TW_ADVISORY_NAME_MAX], other[TW_ADVISORY_NAME_MAX], long_name[200];
	static const struct {
		const char *name, *input, *rule;
	} rows[] = {
		{ "advisory.create", "{}", "advisory.title" },
		{ "advisory.create", "{\"case\":\"c1\"}", "case.unknown" },
		{ "advisory.create", "{\"title\":\"t\",\"profile\":\"vex\"}", "advisory.document" },
		{ "advisory.create", "{\"title\":\"t\",\"profile\":\"csaf_vex\"}", "advisory.document" },
		{ "advisory.create", "{\"title\":\"t\",\"profile\":\"csaf_vex\",\"cve\":\"CVE-2026-0001\"}", "" },
		{ "advisory.publish", "", "advisory.state" },
		{ "advisory.return", "{\"comment\":\"no\"}", "advisory.state" },
		{ "advisory.review", "", "advisory.findings" }, /* AMBER */
		{ "advisory.withdraw", "{\"reason\":\"no\"}", "advisory.unpublished" },
		{ "advisory.change", "{\"revision\":2,\"document\":\"{}\"}", "advisory.changed" },
		{ "advisory.change", "{\"revision\":1,\"document\":\"{}\"}", "advisory.document" },
		{ "advisory.change", "{\"revision\":1,\"document\":\"{\\\"document\\\":{}}\",\"status\":\"draft\"}", "advisory.status" },
		{ "advisory.change", "{\"revision\":1,\"document\":\"{\\\"document\\\":{}}\"}", "" },
		{ "advisory.review", "", "advisory.findings" },
		{ "advisory.diff", "{\"from\":1}", "" },
		{ "advisory.diff", "{\"from\":1,\"to\":9}", "advisory.revision" },
		{ "advisory.findings", "", "" },
	};

	make_approved("First", name);
	(void)snprintf(other, sizeof other, "%.*s0002", (int)strlen(name) - 4, name);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *rule = rule_of(&ann, rows[i].name, other, rows[i].input);

		if (strcmp(rule, rows[i].rule) != 0)
			fail_msg("row %zu (%s %s): got '%s', want '%s'", i, rows[i].name, rows[i].input, rule, rows[i].rule);
	}
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	CHECK_TEXT(rule_of(&ann, "advisory.read", long_name, ""), "advisory.unknown");
	CHECK_TEXT(rule_of(&ann, "advisory.read", "", ""), "advisory.unknown");
	world.app.desk.contact_count = 0;
	CHECK_TEXT(rule_of(&ann, "advisory.create", "", "{\"title\":\"t\"}"), "advisory.desk");
}

static void test_two_persons(void **state)
{
	char name[TW_ADVISORY_NAME_MAX];
	TW_CLEANUP(tw_jsonp) json_t *said = NULL;

	make_approved("Lamp", name);
	/* Bob has approved it; what he then writes is another content, and he is its author. */
	CHECK_TEXT(make_white(&bob, name), "");
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.state");
	CHECK_TEXT(rule_of(&bob, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&ann, name), "advisory.two-persons");
	CHECK_TEXT(approve(&bob, name), "advisory.two-persons");
	CHECK_TEXT(rule_of(&root, "advisory.approve", name, "{\"hash\":\"0000000000000000000000000000000000000000000000000000000000000000\"}"),
		"advisory.changed");
	CHECK_TEXT(rule_of(&root, "advisory.return", name, "{\"comment\":\"Say which lamp.\"}"), "");
	said = answer(&ann, "advisory.read", name, "");
	CHECK_TEXT(tw_json_text(said, "comment"), "Say which lamp.");
	CHECK_TEXT(rule_of(&bob, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&root, name), "advisory.two-persons"); /* he may have an account too */
	CHECK_TEXT(approve(&cleo, name), "");
	/* What no operation of ours has written into the store is not what was approved. */
	static const char forged[] = "UPDATE advisory SET approved_by = 'a1'";
	CHECK_OK(tw_store_run(world.t.c.store, forged, NULL, 0, NULL, NULL));
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.two-persons");
	static const char other[] = "UPDATE advisory SET approved_by = 'a3', approved_hash = 'x'";
	CHECK_OK(tw_store_run(world.t.c.store, other, NULL, 0, NULL, NULL));
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.changed");
}

/* Behind a publishing nobody who wrote what is out counts as an author of what comes. */
static void test_the_next_revision_has_its_own_authors(void **state)
{
	char name[TW_ADVISORY_NAME_MAX];

	make_approved("Lamp", name);
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.state");
	CHECK_TEXT(rule_of(&bob, "advisory.withdraw", name, "{\"reason\":\"Another lamp.\"}"), "");
	CHECK_TEXT(rule_of(&bob, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&bob, name), "advisory.two-persons");
	CHECK_TEXT(approve(&ann, name), "");
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
	CHECK_TEXT(rule_of(&root, "advisory.clone", name, "{\"title\":\"Again\"}"), "");
}

static void test_ids_are_given_once(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *one = answer(&ann, "advisory.create", "", "{\"title\":\"a\"}"), *two = NULL, *three = NULL;

	two = answer(&ann, "advisory.create", "", "{\"title\":\"b\"}");
	CHECK(strcmp(tw_json_text(one, "id"), tw_json_text(two, "id")) < 0);
	CHECK(!strncmp(tw_json_text(one, "id"), "MK-", 3) && !strcmp(tw_json_text(one, "id") + 7, "-0001"));
	/* Neither is taken out or renamed, nor the counter turned back. */
	static const char removed[] = "DELETE FROM advisory", renamed[] = "UPDATE advisory SET name = 'x' WHERE id = 1",
			  back[] = "UPDATE advisory_number SET last = 1", changed[] = "UPDATE advisory_revision SET who = 'a9'",
			  lost[] = "DELETE FROM advisory_step";
	const char *const all_of_them[] = { removed, renamed, back, changed, lost };
	for (size_t i = 0; i < TW_COUNT(all_of_them); i++)
		CHECK(tw_failed(tw_store_run(world.t.c.store, all_of_them[i], NULL, 0, NULL, NULL)));
	reopen();
	three = answer(&ann, "advisory.create", "", "{\"title\":\"c\"}");
	CHECK_TEXT(tw_json_text(three, "id") + 7, "-0003");
}

/* A draft has the registry's product with the case's versions, and what is written afterwards the same ids; what the case says in words is a note. */
static void test_draft_of_a_known_product(void **state)
{
	static const struct {
		const char *asked, *has, *hasnot;
	} rows[] = {
		{ "{\"title\":\"Lamp opens\",\"product\":\"LAMP\",\"description\":\"It opens.\",\"versions\":\"1.0, < 0.9\"}",
			"\"category\": \"product_version_range\",\n                \"name\": \"vers:generic/<0.9\"", "\"Versions\"" },
		{ "{\"title\":\"Lamp opens\",\"product\":\"Lamp\",\"description\":\"It opens.\",\"versions\":\"before 1.0\"}",
			"\"title\": \"Versions\"", "product_version" },
		{ "{\"title\":\"Lamp opens\",\"product\":\"Lamp Pro\",\"description\":\"It opens.\",\"versions\":\"1.0\"}",
			"\"product_id\": \"PRODUCT-1:1.0\"", "pkg:generic" },
	};
	static const char *const of_version[] = { "\"purl\": \"pkg:generic/lamp@1.0\"", "\"product_id\": \"PRODUCT-1:1.0\"",
		"\"name\": \"Garden Lamp\"",
		"Garden Lamp is supported from 2020-01-01 until 2033-01-01, with security updates until 2032-01-01." };
	char of_case[32], name[TW_ADVISORY_NAME_MAX];

	CHECK_OK(tw_products_parse(tw_sys_real(),
		TW_SLICE("{\"format\":1,\"products\":[{\"name\":\"lamp\",\"title\":\"Garden Lamp\",\"support\":{\"start\":\"2020-01-01\",\"end\":\"2033-01-01\","
			 "\"security-updates-until\":\"2032-01-01\"},\"identifiers\":{\"purl\":\"pkg:generic/lamp\"}}]}"),
		&world.app.products));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *made = NULL, *said = NULL, *again = NULL;

		CHECK_TEXT(rule_of(&ann, "case.create", "", rows[i].asked), "");
		(void)snprintf(of_case, sizeof of_case, "{\"case\":\"c%zu\"}", i + 1);
		made = answer(&ann, "advisory.create", "", of_case);
		(void)snprintf(name, sizeof name, "%s", tw_json_text(made, "id"));
		said = answer(&ann, "advisory.read", name, "");
		const char *document = tw_json_text(said, "document");
		if (!strstr(document, rows[i].has) || strstr(document, rows[i].hasnot))
			fail_msg("row %zu: %s", i, document);
		for (size_t k = 0; i == 0 && k < TW_COUNT(of_version); k++)
			if (!strstr(document, of_version[k]))
				fail_msg("%s: %s", of_version[k], document);
		CHECK_TEXT(rule_of(&ann, "advisory.describe", name,
				   "{\"revision\":1,\"action\":\"Update.\",\"affected\":\"1.0\",\"fixed\":\"1.1\"}"),
			"");
		again = answer(&ann, "advisory.read", name, "");
		CHECK(strstr(tw_json_text(again, "document"), "\"product_id\": \"PRODUCT-1:1.0\""));
		CHECK(!strstr(tw_json_text(again, "document"), "@1.1") == (i == 2));
	}
	tw_jsonp(&world.app.products);
}

static void test_seen_as_the_case_is(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *of_case = NULL, *list = NULL, *said = NULL;

	CHECK_TEXT(rule_of(&ann, "case.create", "",
			   "{\"title\":\"Lamp opens\",\"product\":\"Lamp\",\"description\":\"It opens.\",\"versions\":\"1.0\"}"),
		"");
	of_case = answer(&ann, "advisory.create", "", "{\"case\":\"c1\"}");
	const char *name = tw_json_text(of_case, "id");
	said = answer(&bob, "advisory.read", name, "");
	CHECK_TEXT(tw_json_text(said, "title"), "Lamp opens");
	CHECK(strstr(tw_json_text(said, "document"), "It opens."));
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	CHECK_TEXT(rule_of(&bob, "advisory.revision", name, "{\"revision\":1}"), "advisory.unknown");
	static const char *const hidden[] = { "advisory.read", "advisory.findings", "advisory.revisions", "advisory.history",
		"advisory.review", "advisory.publish" };
	for (size_t i = 0; i < TW_COUNT(hidden); i++)
		CHECK_TEXT(rule_of(&bob, hidden[i], name, ""), "advisory.unknown");
	CHECK_TEXT(rule_of(&bob, "advisory.create", "", "{\"case\":\"c1\"}"), "case.unknown");
	list = answer(&bob, "advisories.list", "", "{}");
	CHECK_INT(json_array_size(tw_json_get(list, "advisories")), 0);
	json_decref(list);
	list = answer(&ann, "advisories.list", "", "{}");
	CHECK_INT(json_array_size(tw_json_get(list, "advisories")), 1);
	CHECK_TEXT(make_white(&ann, name), "");
	CHECK_TEXT(rule_of(&ann, "advisory.review", name, ""), "advisory.findings"); /* the case's version is affected, and nobody said what to do */
	CHECK_TEXT(rule_of(&ann, "advisory.describe", name, "{\"revision\":2,\"action\":\"Update.\"}"), "");
	CHECK_TEXT(rule_of(&ann, "advisory.review", name, ""), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"now\"}"), "");
	CHECK_TEXT(approve(&bob, name), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.embargo");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"now\"}"), "");
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
}

/* --- Found --- */

#define NOON INT64_C(1799496000000) /* 2027-01-09T12:00:00Z */

static void set_clock(int64_t ms)
{
	tw_fake_clock(world.fake, true, ms, ms - NOON + 1000000000);
}

/* The ids that a list has, one behind another. */
static const char *found(const struct tw_subject *s, const char *input)
{
	TW_CLEANUP(tw_jsonp) json_t *list = answer(s, "advisories.list", "", input);
	static char ids[256];
	const json_t *one;
	size_t i;

	ids[0] = '\0';
	json_array_foreach(tw_json_get(list, "advisories"), i, one)
		(void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s%s", i ? " " : "",
			tw_json_text(one, "id") + strlen(tw_json_text(one, "id")) - 1);
	return ids;
}

static int64_t counted(const struct tw_subject *s, enum tw_advisory_state state)
{
	const struct tw_request rq = { .subject = *s };
	struct tw_advisory_search search;
	struct tw_reply rp = { .status = 200 };
	int64_t counts[TW_ADVISORY_STATES];

	CHECK_OK(tw_advisory_search_of(&world.t.c, &rq, &rp, &search));
	CHECK_OK(tw_advisory_search_states(&world.t.c, &search, counts));
	return counts[state];
}

/* One is a draft of a case, two is approved, three is published. */
static void make_three(void)
{
	char name[TW_ADVISORY_NAME_MAX];

	set_clock(NOON);
	CHECK_TEXT(rule_of(&ann, "case.create", "", "{\"title\":\"Door opens\",\"product\":\"Door\",\"description\":\"It opens.\"}"), "");
	CHECK_TEXT(rule_of(&ann, "advisory.create", "", "{\"case\":\"c1\",\"cve\":\"CVE-2026-0007\"}"), "");
	make_approved("Lamp glows", name);
	make_approved("lamp burns", name);
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
	CHECK_TEXT(rule_of(&bob, "case.create", "", "{\"title\":\"Other\"}"), "");
}

static void test_found_by_what_they_say(void **state)
{
	static const struct {
		const char *input, *ids;
	} rows[] = {
		{ "{}", "1 2 3" },
		{ "{\"state\":\"approved\"}", "2" },
		{ "{\"state\":\"nowhere\"}", "" },
		{ "{\"title\":\"LAMP\"}", "2 3" },
		{ "{\"title\":\"amp+g\"}", "2" },
		{ "{\"text\":\"it opens.\"}", "1" },
		{ "{\"text\":\"-000\"}", "1 2 3" },
		{ "{\"product\":\"door\"}", "1" },
		{ "{\"cve\":\"cve-2026-0007\"}", "1" },
		{ "{\"cve\":\"CVE-2026-000\"}", "" },
		{ "{\"category\":\"csaf_security_advisory\"}", "1 2 3" },
		{ "{\"category\":\"csaf\"}", "" },
		{ "{\"csaf_version\":\"2.0\",\"publisher\":\"maker\"}", "1 2 3" },
		{ "{\"publisher\":\"https://maker.example\"}", "1 2 3" },
		{ "{\"publisher\":\"nobody\"}", "" },
		{ "{\"status\":\"draft\"}", "1 2" },
		{ "{\"status\":\"final\"}", "3" },
		{ "{\"version\":\"1\"}", "3" },
		{ "{\"summary\":\"initial\"}", "1 2 3" },
		{ "{\"severity\":\"unrated\"}", "1 2 3" },
		{ "{\"author\":\"a1\"}", "1 2 3" },
		{ "{\"author\":\"a\"}", "" },
		{ "{\"initial_from\":\"2027-01-09\"}", "3" },
		{ "{\"initial_to\":\"2027-01-09\"}", "3" },
		{ "{\"initial_from\":\"2027-01-10\"}", "" },
		{ "{\"current_to\":\"2027-01-09T11:59:59Z\"}", "" },
		{ "{\"initial_from\":\"2999-01-01\"}", "" },
		{ "{\"initial_to\":\"2999-01-01\",\"current_from\":\"2026-01-01T00:00:00Z\"}", "3" },
		{ "{\"current_to\":\"2020-01-01\"}", "" },
		{ "{\"revised\":\"2027-01-09t\"}", "3" },
		{ "{\"revised\":\"1999\"}", "" },
		{ "{\"title\":\"lamp\",\"state\":\"published\",\"text\":\"burns\"}", "3" },
		{ "{\"title\":\"%\"}", "" },
		{ "{\"limit\":1}", "1" },
	};

	make_three();
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (strcmp(found(&bob, rows[i].input), rows[i].ids) != 0)
			fail_msg("row %zu %s: got '%s', want '%s'", i, rows[i].input, found(&bob, rows[i].input), rows[i].ids);
	CHECK_TEXT(rule_of(&bob, "advisories.list", "", "{\"initial_to\":\"2026-13-01\"}"), "advisory.date");
	CHECK_TEXT(rule_of(&bob, "advisories.list", "", "{\"current_from\":\"yesterday!\"}"), "advisory.date");
	/* A store that an older build made is found as well. */
	static const char *const older[] = { "DROP TABLE advisory_order", "DROP TABLE advisory_look" };
	for (size_t i = 0; i < TW_COUNT(older); i++)
		CHECK_OK(tw_store_run(world.t.c.store, older[i], NULL, 0, NULL, NULL));
	reopen();
	CHECK_TEXT(found(&bob, "{\"title\":\"lamp\",\"status\":\"final\"}"), "3");
	CHECK_TEXT(found(&bob, "{\"cve\":\"CVE-2026-0007\"}"), "1");
}

/* Nobody finds or counts what he may not see, by whatever is looked for. */
static void test_an_embargo_hides_from_every_search(void **state)
{
	static const char *const inputs[] = { "{}", "{\"cve\":\"CVE-2026-0007\"}", "{\"product\":\"door\"}", "{\"text\":\"opens\"}",
		"{\"state\":\"draft\"}", "{\"title\":\"door\"}", "{\"author\":\"a1\",\"status\":\"draft\"}" };

	make_three();
	CHECK_INT(counted(&bob, TW_ADVISORY_DRAFT), 1);
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
	for (size_t i = 0; i < TW_COUNT(inputs); i++) {
		CHECK(!strchr(found(&bob, inputs[i]), '1'));
		CHECK(strchr(found(&ann, inputs[i]), '1') != NULL);
	}
	CHECK_INT(counted(&bob, TW_ADVISORY_DRAFT), 0);
	CHECK_INT(counted(&ann, TW_ADVISORY_DRAFT), 1);
	CHECK_INT(counted(&root, TW_ADVISORY_DRAFT), 1);
	CHECK_INT(counted(&bob, TW_ADVISORY_APPROVED), 1);
}

static tw_err take_place(void *user, const tw_row *row)
{
	char *at = user;

	(void)snprintf(at + strlen(at), 8, "%s%d", *at ? " " : "", (int)tw_row_int(row, 0));
	return TW_OK;
}

static void test_every_order(void **state)
{
	static const char *const wanted[TW_ADVISORY_SORTS] = { "3 2 1", "1 2 3", "1 3 2", "2 3 1", "1 2 3", "3 2 1", "1 2 3",
		"3 2 1", "1 2 3", "3 2 1", NULL, NULL };
	struct tw_reply rp = { .status = 200 };
	struct tw_advisory_search search;
	char got[64];

	make_three();
	const struct tw_request rq = { .subject = bob };
	CHECK_OK(tw_advisory_search_of(&world.t.c, &rq, &rp, &search));
	for (size_t i = 0; i < TW_ADVISORY_SORTS; i++) {
		const struct tw_advisory_place p = { tw_advisory_sorts[i], 10, 0 };

		got[0] = '\0';
		CHECK_OK(tw_advisory_search(&world.t.c, &search, &p, take_place, got));
		CHECK_INT(strlen(got), 5);
		if (wanted[i])
			CHECK_TEXT(got, wanted[i]);
	}
	got[0] = '\0';
	CHECK_OK(tw_advisory_search(&world.t.c, &search, &(struct tw_advisory_place){ "title", 1, 1 }, take_place, got));
	CHECK_TEXT(got, "3");
}

static void test_files_for_everybody(void **state)
{
	static const struct {
		const char *path, *rule;
	} rows[] = {
		{ "provider-metadata.json", "" },
		{ "white/index.txt", "" },
		{ "white/", "" },
		{ "white", "advisory.file" },
		{ "../cases.db", "advisory.file" },
		{ "white/../index.txt", "advisory.file" },
		{ "white/./index.txt", "advisory.file" },
		{ "white//index.txt", "advisory.file" },
		{ "/index.txt", "advisory.file" },
		{ ".index.txt", "advisory.file" },
		{ "white/2026.json/x.txt", "advisory.file" },
		{ "provider-metadata.json/", "advisory.file" },
		{ "no-such.json", "advisory.file" },
		{ "cases.db", "advisory.file" },
	};
	char name[TW_ADVISORY_NAME_MAX];

	CHECK_TEXT(rule_of(&ann, "published.file", "provider-metadata.json", ""), "advisory.file");
	make_approved("Lamp", name);
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_TEXT(rule_of(&ann, "published.file", rows[i].path, ""), rows[i].rule);
	CHECK_TEXT(rule_of(&ann, "published.read", name, ""), "");
	CHECK_TEXT(rule_of(&ann, "published.read", "MK-1999-0001", ""), "advisory.unknown");
	CHECK_TEXT(rule_of(&ann, "published.list", "", "{\"product\":\"lamp\",\"severity\":\"low\",\"before\":7,\"lang\":\"de\"}"), "");
}

/* --- Store and tree --- */

static size_t in_tree(void)
{
	TW_CLEANUP(tw_csaf_tree_done) struct tw_csaf_tree t = { .parent = -1, .dir = -1 };

	CHECK_OK(tw_csaf_tree_open_in(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE, false, &t));
	return json_array_size(t.site.entries);
}

static enum tw_advisory_state state_of(const char *name)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };

	CHECK_OK(tw_advisory_load_name(&world.t.c, name, &row));
	CHECK((row.state == TW_ADVISORY_PUBLISHED) == (row.published != NULL));
	CHECK((row.state == TW_ADVISORY_PUBLISHING) == (row.pending.size > 0));
	return row.state;
}

/* Whatever failed while it was published: it is out whole or not begun, the start makes good what was cut, and it can be published after all. */
static void test_every_failure_of_publishing(void **state)
{
	size_t out = 0;
	bool fired = true;
	long points = 0, waited = 0, step = 1;

	for (long n = 1; fired; n += step) {
		char name[TW_ADVISORY_NAME_MAX];
		struct tw_reply rp;

		make_approved("Lamp", name);
		world.fail_at = n;
		tw_err e = try_ask(&root, "advisory.publish", name, NULL, &rp);
		fired = tw_fake_fired(world.fake);
		world.fail_at = 0;
		tw_fake_fail(world.fake, 0, 0, false);
		if (!tw_failed(e))
			CHECK_TEXT(rp.problem, "");
		tw_reply_done(&rp);
		reopen();
		enum tw_advisory_state s = state_of(name);
		CHECK(tw_failed(e) || s == TW_ADVISORY_PUBLISHED);
		waited += s == TW_ADVISORY_PUBLISHING;
		CHECK_OK(tw_advisories_settle(&world.t.c));
		s = state_of(name);
		CHECK(s == TW_ADVISORY_APPROVED || s == TW_ADVISORY_PUBLISHED);
		if (s == TW_ADVISORY_APPROVED)
			CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
		CHECK_INT(in_tree(), ++out);
		CHECK_INT(tw_durable_remove_tree(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE).code, TW_CODE_OK);
		static const char forget[] = "UPDATE advisory SET published = '', state = 'draft', released = 0";
		CHECK_OK(tw_store_run(world.t.c.store, forget, NULL, 0, NULL, NULL)); /* so that each round has a small tree */
		out = 0;
		points = n;
		step = n < 60 ? 7 : 37;
	}
	CHECK(points > 300 && waited > 3);
}

/* Cut behind its first step, whichever call that was. */
static void cut_publishing(const char *name)
{
	enum tw_advisory_state s = TW_ADVISORY_APPROVED;

	for (long n = 1; s == TW_ADVISORY_APPROVED; n += 5) {
		struct tw_reply rp;

		world.fail_at = n;
		world.fail_on = true;
		tw_ignore(try_ask(&root, "advisory.publish", name, NULL, &rp));
		world.fail_at = 0;
		world.fail_on = false;
		tw_fake_fail(world.fake, 0, 0, false);
		tw_reply_done(&rp);
		reopen();
		s = state_of(name);
	}
	CHECK_INT(s, TW_ADVISORY_PUBLISHING);
}

/* What waits is asked again: an embargo that came meanwhile holds it, and so does another content, by the start and by who publishes. */
static void test_what_waits_is_asked_again(void **state)
{
	static const char forged[] = "UPDATE advisory SET pending = replace(pending, 'It is written', 'It is forged!')";
	TW_CLEANUP(tw_jsonp) json_t *of_case = NULL;

	CHECK_TEXT(rule_of(&ann, "case.create", "", "{\"title\":\"Lamp opens\",\"description\":\"To be written.\"}"), "");
	of_case = answer(&ann, "advisory.create", "", "{\"case\":\"c1\"}");
	const char *name = tw_json_text(of_case, "id");
	CHECK_TEXT(make_white(&ann, name), "");
	CHECK_TEXT(rule_of(&ann, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&bob, name), "");
	for (int by_start = 0; by_start < 2; by_start++) {
		cut_publishing(name);
		CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\"}"), "");
		if (by_start)
			CHECK_OK(tw_advisories_settle(&world.t.c));
		else
			CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.embargo");
		CHECK_INT(state_of(name), TW_ADVISORY_APPROVED);
		CHECK(!tw_advisories_there(&world.t.c));
		CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.embargo");
		CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"now\"}"), "");
	}
	cut_publishing(name);
	CHECK_OK(tw_store_run(world.t.c.store, forged, NULL, 0, NULL, NULL));
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "advisory.changed");
	CHECK_TEXT(rule_of(&root, "advisory.publish", name, ""), "");
	CHECK_INT(state_of(name), TW_ADVISORY_PUBLISHED);
}

static tw_err take_row(void *user, const tw_row *row)
{
	struct tw_slice text = tw_row_bytes(row, 0);

	(void)snprintf(user, 256, TW_SLICE_FMT, TW_SLICE_ARG(text));
	return TW_OK;
}

static void told(const char *want)
{
	static const char last[] = "SELECT n.id || '|' || n.severity || '|' || n.title || '|' || n.link || '|' || group_concat(p.name) FROM notice n "
				   "JOIN notice_product p ON p.notice = n.number GROUP BY n.number ORDER BY n.number DESC LIMIT 1";
	char got[256] = "";

	CHECK_OK(tw_store_run(world.t.c.store, last, NULL, 0, take_row, got));
	CHECK_TEXT(got, want);
}

static bool listed(const char *product, const char *name)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "product", product);
	struct tw_reply rp;

	CHECK_OK(try_ask(&ann, "published.list", "", input, &rp));
	bool found = strstr(tw_buf_cstr(&rp.text), name) != NULL;
	tw_reply_done(&rp);
	return found;
}

static void test_subscribers_are_told(void **state)
{
	char one[TW_ADVISORY_NAME_MAX], want[256];

	make_approved("Lamp", one);
	CHECK_TEXT(rule_of(&root, "advisory.publish", one, ""), "");
	(void)snprintf(want, sizeof want, "advisory-%s-1|0|%s: Lamp|https://maker.example/advisories/%s|", one, one, one);
	told(want); /* "It is written." is no product of ours: all are told */
	world.app.products = json_pack(
		"[{s:s, s:s}, {s:s, s:s}]", "name", "fridge", "title", "A fridge", "name", "it-is", "title", "It is Written");
	CHECK_TEXT(rule_of(&ann, "advisory.clone", one, "{\"title\":\"Many\\nlines\"}"), "");
	(void)snprintf(one + strlen(one) - 1, 2, "2");
	CHECK_TEXT(make_white(&ann, one), "");
	CHECK_TEXT(rule_of(&ann, "advisory.review", one, ""), "");
	CHECK_TEXT(approve(&bob, one), "");
	CHECK_TEXT(rule_of(&root, "advisory.publish", one, ""), "");
	(void)snprintf(want, sizeof want, "advisory-%s-1|0|%s|https://maker.example/advisories/%s|it-is", one, one, one);
	told(want);
	/* Names that were cut might have been of any product. */
	static const char cut[] = "UPDATE advisory_public SET products = char(1) || substr(products, 2)";
	TW_CLEANUP(tw_jsonp) json_t *document = json_object(), *entry = json_pack("{s:s, s:s}", "title", "t", "version", "9");
	CHECK(!listed("no such", one));
	CHECK_OK(tw_store_run(world.t.c.store, cut, NULL, 0, NULL, NULL));
	CHECK(listed("no such", one));
	CHECK_OK(tw_advisory_told(&world.t.c, &(struct tw_advisory_out){ "MK-1", document, entry, "\1to be written\n" }));
	told("advisory-MK-1-9|0|MK-1: t|https://maker.example/advisories/MK-1|");
	json_decref(world.app.products);
}

/* --- At a set time --- */

/* Approved, and planned for one. */
static void make_planned(char ret_name[TW_ADVISORY_NAME_MAX])
{
	set_clock(NOON);
	make_approved("Lamp", ret_name);
	CHECK_TEXT(rule_of(&cleo, "advisory.plan", ret_name, "{\"at\":\"2027-01-09T13:00:00Z\"}"), "");
}

static void run_at(int64_t ms)
{
	set_clock(ms);
	CHECK_OK(tw_plans_run(&world.t.c));
}

static int64_t next_plan(void)
{
	int64_t next = 0;

	CHECK_OK(tw_plans_next(&world.t.c, &next));
	return next;
}

/* The last steps of its history, the oldest first. */
static const char *steps_of(const char *name)
{
	TW_CLEANUP(tw_jsonp) json_t *said = answer(&ann, "advisory.history", name, "{\"limit\":200}");
	const json_t *list = tw_json_get(said, "steps"), *one;
	static char text[400];
	size_t i;

	text[0] = '\0';
	json_array_foreach(list, i, one)
		if (i > 3)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s %s;", tw_json_text(one, "who"),
				tw_json_text(one, "what"));
	return text;
}

static const char *late_of(const char *name)
{
	TW_CLEANUP(tw_jsonp) json_t *said = answer(&ann, "advisory.read", name, "");
	static char text[80];

	(void)snprintf(text, sizeof text, "%.*s", (int)strcspn(tw_json_text(said, "late"), ":"), tw_json_text(said, "late"));
	return text;
}

static void test_published_at_its_time_once(void **state)
{
	char name[TW_ADVISORY_NAME_MAX];
	TW_CLEANUP(tw_jsonp) json_t *said = NULL, *list = NULL;

	make_planned(name);
	said = answer(&ann, "advisory.read", name, "");
	CHECK_TEXT(tw_json_text(said, "planned"), "2027-01-09T13:00:00.000Z");
	CHECK_TEXT(tw_json_text(said, "planned_by"), "a3");
	list = answer(&ann, "advisories.list", "", "{}");
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(list, "advisories"), 0), "planned"), "2027-01-09T13:00:00.000Z");
	CHECK_INT(next_plan(), NOON + 3600000);
	run_at(NOON + 3599999);
	CHECK_INT(state_of(name), TW_ADVISORY_APPROVED);
	run_at(NOON - 86400000); /* set back: it is not its time */
	CHECK_INT(state_of(name), TW_ADVISORY_APPROVED);
	run_at(INT64_C(300000000000000)); /* past the year 9999: no clock to be trusted */
	CHECK_INT(state_of(name), TW_ADVISORY_APPROVED);
	reopen();
	run_at(NOON + 7 * INT64_C(86400000)); /* set forward, or nothing ran meanwhile */
	CHECK_INT(state_of(name), TW_ADVISORY_PUBLISHED);
	CHECK_INT(next_plan(), TW_PLAN_NONE);
	CHECK_TEXT(steps_of(name), "a3 plan;service publish;service published;");
	run_at(NOON + 8 * INT64_C(86400000));
	CHECK_TEXT(steps_of(name), "a3 plan;service publish;service published;");
	CHECK_INT(in_tree(), 1);
}

static void test_what_cannot_be_planned(void **state)
{
	static const struct {
		const char *at, *rule;
	} rows[] = { { "2027-01-09T12:00:00Z", "advisory.time" }, { "2026-01-09T12:00:00Z", "advisory.time" },
		{ "2099-01-09T12:00:00Z", "advisory.time" }, { "2027-02-30T12:00:00Z", "advisory.time" },
		{ "2027-01-09T13:00:00 ", "advisory.time" }, { "2027-01-09T13:00:01+01:00", "" } };
	char name[TW_ADVISORY_NAME_MAX], input[64];

	make_planned(name);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(input, sizeof input, "{\"at\":\"%s\"}", rows[i].at);
		CHECK_TEXT(rule_of(&cleo, "advisory.plan", name, input), rows[i].rule);
	}
	CHECK_INT(next_plan(), NOON + 1000);
	set_clock(INT64_C(300000000000000));
	CHECK_TEXT(rule_of(&cleo, "advisory.plan", name, "{\"at\":\"2027-01-09T13:00:00Z\"}"), "advisory.clock");
	set_clock(NOON);
	CHECK_TEXT(rule_of(&cleo, "advisory.unplan", name, ""), "");
	CHECK_TEXT(rule_of(&cleo, "advisory.unplan", name, ""), "advisory.unplanned");
	CHECK_INT(next_plan(), TW_PLAN_NONE);
	run_at(NOON + 86400000);
	CHECK_INT(state_of(name), TW_ADVISORY_APPROVED);
	CHECK_TEXT(rule_of(&root, "advisory.return", name, "{\"comment\":\"no\"}"), "");
	CHECK_TEXT(rule_of(&cleo, "advisory.plan", name, "{\"at\":\"2028-01-09T12:00:00Z\"}"), "advisory.state");
}

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t counted_rows(const char *sql)
{
	int64_t count = -1;

	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, take_count, &count));
	return count;
}

static const char mails[] = "SELECT count(*) FROM outbox";

/* What keeps it back is told once, shown, and tried again; what mends it lets it out. */
static void test_late_is_told_and_tried_again(void **state)
{
	char name[TW_ADVISORY_NAME_MAX];

	make_planned(name);
	world.app.desk.alarm_count = 1;
	(void)snprintf(world.app.desk.alarms[0], sizeof world.app.desk.alarms[0], "alarms@maker.example");
	CHECK_TEXT(rule_of(&root, "advisory.return", name, "{\"comment\":\"Say since when.\"}"), "");
	CHECK_TEXT(late_of(name), "");
	run_at(NOON + 3600000);
	CHECK_TEXT(late_of(name), "advisory.state");
	CHECK_INT(counted_rows(mails), 1);
	CHECK_INT(next_plan(), NOON + 3600000 + TW_PLAN_AGAIN_MS);
	run_at(NOON + 3600000 + TW_PLAN_AGAIN_MS);
	CHECK_INT(counted_rows(mails), 1);
	CHECK_INT(next_plan(), NOON + 3600000 + 3 * TW_PLAN_AGAIN_MS);
	CHECK_TEXT(rule_of(&ann, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&bob, name), "");
	CHECK_INT(next_plan(), NOON + 3600000); /* at once */
	run_at(NOON + 3700000);
	CHECK_INT(state_of(name), TW_ADVISORY_PUBLISHED);
	CHECK_TEXT(steps_of(name), "a3 plan;uid:0 return;service late;a1 review;a2 approve;service publish;service published;");
}

/* Another content than the one for which the time was set goes out at another time. */
static void test_a_plan_is_for_what_was_approved(void **state)
{
	char name[TW_ADVISORY_NAME_MAX];

	make_planned(name);
	CHECK_TEXT(make_white(&ann, name), "");
	CHECK_TEXT(rule_of(&ann, "advisory.describe", name, "{\"revision\":3,\"title\":\"Another lamp\"}"), "");
	CHECK_TEXT(late_of(name), "advisory.changed");
	CHECK_TEXT(rule_of(&ann, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&bob, name), "");
	run_at(NOON + 3600000);
	CHECK_INT(state_of(name), TW_ADVISORY_APPROVED);
	CHECK_TEXT(late_of(name), "advisory.changed");
	CHECK_TEXT(rule_of(&cleo, "advisory.plan", name, "{\"at\":\"2027-01-09T14:00:00Z\"}"), "");
	CHECK_TEXT(late_of(name), "");
	run_at(NOON + 7200000);
	CHECK_INT(state_of(name), TW_ADVISORY_PUBLISHED);
}

/* By who approved it himself in the store, under an embargo, without a signature: what publishing asks is asked at that time. */
static void test_all_is_asked_again_at_its_time(void **state)
{
	static const char forged[] = "UPDATE advisory SET approved_by = 'a1'", mended[] = "UPDATE advisory SET approved_by = 'a2'";
	TW_CLEANUP(tw_jsonp) json_t *of_case = NULL;

	set_clock(NOON);
	CHECK_TEXT(rule_of(&ann, "case.create", "", "{\"title\":\"Lamp opens\",\"description\":\"To be written.\"}"), "");
	of_case = answer(&ann, "advisory.create", "", "{\"case\":\"c1\"}");
	const char *name = tw_json_text(of_case, "id");
	CHECK_TEXT(make_white(&ann, name), "");
	CHECK_TEXT(rule_of(&ann, "advisory.review", name, ""), "");
	CHECK_TEXT(approve(&bob, name), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2027-01-09T13:00:00Z\"}"), "");
	CHECK_TEXT(rule_of(&cleo, "advisory.plan", name, "{\"at\":\"2027-01-09T14:00:00Z\"}"), "advisory.unknown"); /* she does not see it */
	CHECK_TEXT(rule_of(&ann, "advisory.plan", name, "{\"at\":\"2027-01-09T12:59:59Z\"}"), "advisory.embargo");
	CHECK_TEXT(rule_of(&ann, "advisory.plan", name, "{\"at\":\"2027-01-09T13:00:00Z\"}"), "");
	CHECK_TEXT(rule_of(&ann, "case.embargo", "c1", "{\"until\":\"2027-01-09T15:00:00Z\"}"), "");
	run_at(NOON + 3600000);
	CHECK_TEXT(late_of(name), "advisory.embargo");
	CHECK_OK(tw_store_run(world.t.c.store, forged, NULL, 0, NULL, NULL));
	run_at(NOON + 3 * 3600000);
	CHECK_TEXT(late_of(name), "advisory.two-persons");
	CHECK_OK(tw_store_run(world.t.c.store, mended, NULL, 0, NULL, NULL));
	(void)snprintf(world.app.desk.signing_key, sizeof world.app.desk.signing_key, "%040d", 1);
	run_at(NOON + 4 * 3600000); /* a role is to sign it, and none is there */
	CHECK_INT(state_of(name), TW_ADVISORY_PUBLISHING);
	run_at(NOON + 5 * 3600000);
	CHECK_TEXT(late_of(name), "advisory.signature");
	CHECK(!tw_advisories_there(&world.t.c));
}

/* Whatever call fails at its time, it is out whole or not begun, and a later turn ends it. Exactly once: one line says that it is out. */
static void test_every_failure_at_its_time(void **state)
{
	static const char twice[] = "SELECT count(*) FROM advisory_step WHERE what = 'published'";
	int64_t at = NOON;
	bool fired = true;
	long points = 0, rounds = 0;

	for (long n = 1; fired; n += n < 60 ? 7 : 41) {
		char name[TW_ADVISORY_NAME_MAX], input[64], when[TW_TIME_TEXT_MAX];

		set_clock(at);
		make_approved("Lamp", name);
		tw_time_text(at + 1000, when);
		(void)snprintf(input, sizeof input, "{\"at\":\"%s\"}", when);
		CHECK_TEXT(rule_of(&cleo, "advisory.plan", name, input), "");
		set_clock(at + 1000);
		tw_json_use(tw_fake_sys(world.fake));
		tw_fake_fail(world.fake, n, n % 2 ? ENOSPC : EIO, n % 3 == 0);
		tw_ignore(tw_plans_run(&world.t.c));
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		tw_json_use(tw_sys_real());
		reopen();
		CHECK_OK(tw_advisories_settle(&world.t.c));
		for (int turn = 0; turn < 3 && state_of(name) != TW_ADVISORY_PUBLISHED; turn++)
			run_at(at += 86400000);
		CHECK_INT(state_of(name), TW_ADVISORY_PUBLISHED);
		CHECK_INT(next_plan(), TW_PLAN_NONE);
		CHECK_INT(counted_rows(twice), ++rounds);
		CHECK_INT(in_tree(), 1);
		CHECK_INT(tw_durable_remove_tree(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE).code, TW_CODE_OK);
		static const char forget[] = "UPDATE advisory SET published = '', state = 'draft', released = 0";
		CHECK_OK(tw_store_run(world.t.c.store, forget, NULL, 0, NULL, NULL)); /* so that each round has a small tree */
		points = n;
		at += 86400000;
	}
	CHECK(points > 300);
}

/* A tree that is gone, and one whose address is another now, are what the store says again. */
static void test_the_tree_comes_back(void **state)
{
	char one[TW_ADVISORY_NAME_MAX], two[TW_ADVISORY_NAME_MAX];
	TW_CLEANUP(tw_csaf_tree_done) struct tw_csaf_tree t = { .parent = -1, .dir = -1 };

	CHECK_OK(tw_advisories_settle(&world.t.c));
	CHECK(!tw_advisories_there(&world.t.c));
	make_approved("Lamp", one);
	make_approved("Fridge", two);
	CHECK_TEXT(rule_of(&root, "advisory.publish", one, ""), "");
	CHECK_OK(tw_durable_remove_tree(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE));
	CHECK_TEXT(rule_of(&root, "advisory.publish", two, ""), "");
	CHECK_INT(in_tree(), 2);
	CHECK_OK(tw_durable_remove_tree(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE));
	(void)snprintf(world.app.desk.site, sizeof world.app.desk.site, "https://elsewhere.example");
	CHECK_OK(tw_advisories_settle(&world.t.c));
	CHECK_OK(tw_csaf_tree_open_in(tw_sys_real(), world.dir.fd, TW_ADVISORY_TREE, false, &t));
	CHECK_TEXT(t.site.url, "https://elsewhere.example/.well-known/csaf");
	CHECK_INT(json_array_size(t.site.entries), 2);
	world.app.desk.contact_count = 0;
	CHECK_OK(tw_advisories_settle(&world.t.c));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(TEST(test_what_is_refused), TEST(test_two_persons), TEST(test_the_next_revision_has_its_own_authors),
	TEST(test_ids_are_given_once), TEST(test_draft_of_a_known_product), TEST(test_seen_as_the_case_is),
	TEST(test_found_by_what_they_say), TEST(test_an_embargo_hides_from_every_search), TEST(test_every_order),
	TEST(test_files_for_everybody), TEST(test_every_failure_of_publishing), TEST(test_what_waits_is_asked_again),
	TEST(test_the_tree_comes_back), TEST(test_published_at_its_time_once), TEST(test_what_cannot_be_planned),
	TEST(test_late_is_told_and_tried_again), TEST(test_a_plan_is_for_what_was_approved),
	TEST(test_all_is_asked_again_at_its_time), TEST(test_every_failure_at_its_time), TEST(test_subscribers_are_told))

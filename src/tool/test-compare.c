/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs beside each other, and a policy: each rule has its breach, and each mistake of the file its place. */
#include "tool/compare.h"

#include "check.h"
#include "sys/real.h"

static json_t *elements(const char *a, const char *b)
{
	return json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "element", "LA.X.1", "verdict", a, "reason", "seen", "element",
		"DI.IMS.1", "verdict", b, "reason", "looked");
}

static const struct {
	const char *before, *after, *change;
} rows[] = {
	{ "fail", "fail", "same" },
	{ "fail", "inconclusive", "better" },
	{ "fail", "pass", "better" },
	{ "inconclusive", "pass", "better" },
	{ "pass", "inconclusive", "worse" },
	{ "inconclusive", "fail", "worse" },
	{ "pass", "not applicable", "other" },
	{ "not applicable", "fail", "other" },
};

static void test_changes(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *before = elements(rows[i].before, "pass"), *after = elements(rows[i].after, "pass");
		TW_CLEANUP(tw_jsonp) json_t *changes = NULL;

		CHECK_OK(tw_compare(before, after, &changes));
		CHECK_INT(json_array_size(changes), 2);
		CHECK_TEXT(tw_json_text(json_array_get(changes, 0), "change"), rows[i].change);
		CHECK_TEXT(tw_json_text(json_array_get(changes, 0), "before"), rows[i].before);
		CHECK_TEXT(tw_json_text(json_array_get(changes, 0), "after"), rows[i].after);
		CHECK_TEXT(tw_json_text(json_array_get(changes, 1), "change"), "same");
	}
}

static void test_new_and_gone(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *before = elements("pass", "pass"), *after = elements("pass", "pass"), *changes = NULL;

	CHECK_INT(json_array_remove(before, 0), 0);
	CHECK_INT(json_array_remove(after, 1), 0);
	CHECK_OK(tw_compare(before, after, &changes));
	CHECK_TEXT(tw_json_text(json_array_get(changes, 0), "change"), "new");
	CHECK_TEXT(tw_json_text(json_array_get(changes, 0), "element"), "LA.X.1");
	CHECK(!tw_json_get(json_array_get(changes, 0), "before"));
	CHECK_TEXT(tw_json_text(json_array_get(changes, 1), "change"), "gone");
	CHECK_TEXT(tw_json_text(json_array_get(changes, 1), "element"), "DI.IMS.1");
	CHECK(!tw_json_get(json_array_get(changes, 1), "after"));
}

/* One element, with the checks that these words name. */
static json_t *checked(const char *verdict, const char *one, const char *other)
{
	return json_pack("[{s:s, s:s, s:s, s:[{s:s}, {s:s}]}]", "element", "LA.X.1", "verdict", verdict, "reason", "seen",
		"results", "probe", one, "probe", other);
}

static void test_a_check_that_is_gone(void **state)
{
	static const struct {
		const char *before, *after, *checks[4], *change;
	} lost[] = {
		{ "fail", "pass", { "a", "b", "a", "a" }, "gone" },
		{ "pass", "pass", { "a", "b", "b", "c" }, "gone" },
		{ "not applicable", "pass", { "a", "b", "b", "b" }, "gone" },
		{ "pass", "fail", { "a", "b", "a", "a" }, "worse" },
		{ "fail", "pass", { "a", "b", "b", "a" }, "better" },
		{ "pass", "pass", { "a", "a", "a", "b" }, "same" },
		{ "inconclusive", "pass", { "none", "none", "a", "b" }, "better" },
	};

	for (size_t i = 0; i < TW_COUNT(lost); i++) {
		TW_CLEANUP(tw_jsonp)
		json_t *before = checked(lost[i].before, lost[i].checks[0], lost[i].checks[1]), *changes = NULL;
		TW_CLEANUP(tw_jsonp) json_t *after = checked(lost[i].after, lost[i].checks[2], lost[i].checks[3]);

		CHECK_OK(tw_compare(before, after, &changes));
		const json_t *one = json_array_get(changes, 0);
		CHECK_TEXT(tw_json_text(one, "change"), lost[i].change);
		CHECK_TEXT(tw_json_text(one, "after"), lost[i].after);
		CHECK(!strstr(tw_json_text(one, "reason"), "not made again") == (strcmp(lost[i].change, "gone") != 0));
	}
}

static json_t *read_policy(const char *text, size_t *ret_problems)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	json_t *policy = NULL;

	CHECK_OK(tw_problems_init(&p, "p.yaml"));
	CHECK_OK(tw_policy_read(tw_sys_real(), tw_slice_of(text), &p, &policy));
	*ret_problems = p.count;
	return policy;
}

#define RULE "format: 1\nrules:\n  - name: r\n    elements: "
static const struct {
	const char *policy, *a, *b;
	size_t breaches;
	const char *element, *verdict;
} judged[] = {
	{ RULE "[LA.X.1]\n    verdicts: [pass]\n", "pass", "fail", 0 },
	{ RULE "[LA.X.1]\n    verdicts: [pass]\n", "fail", "pass", 1, "LA.X.1", "fail" },
	{ RULE "[LA.X.1]\n    verdicts: [pass, inconclusive]\n", "inconclusive", "fail", 0 },
	{ RULE "[LA.X.1]\n    verdicts: [not-applicable]\n", "not applicable", "fail", 0 },
	{ RULE "[\"*\"]\n    verdicts: [pass]\n", "fail", "inconclusive", 2, "LA.X.1", "fail" },
	{ RULE "[DI.*]\n    verdicts: [pass]\n", "fail", "inconclusive", 1, "DI.IMS.1", "inconclusive" },
	{ RULE "[LA.AC.1]\n    verdicts: [pass]\n", "pass", "pass", 1, "LA.AC.1", "missing" },
	{ RULE "[LA.AC.1]\n    verdicts: [pass]\n    may-be-missing: yes\n", "pass", "pass", 0 },
	{ RULE "[LA.AC.*]\n    may-get-worse: no\n", "pass", "pass", 1, "LA.AC.*", "missing" },
	{ RULE "[LA.AC.*]\n    may-get-worse: no\n    may-be-missing: yes\n", "pass", "pass", 0 },
	{ RULE "[LA.AC.*]\n    verdicts: [pass]\n    may-get-worse: no\n", "pass", "pass", 1, "LA.AC.*", "missing" },
	{ RULE "[\"*\"]\n    may-get-worse: no\n", "pass", "pass", 0 },
	{ RULE "[\"*\"]\n    may-get-worse: no\n", "pass", "inconclusive", 1, "DI.IMS.1", "inconclusive" },
	{ RULE "[\"*\"]\n    may-get-worse: yes\n", "pass", "inconclusive", 0 },
};

/* The run before had nothing but passes. */
static void test_policy(void **state)
{
	for (size_t i = 0; i < TW_COUNT(judged); i++) {
		TW_CLEANUP(tw_jsonp) json_t *before = elements("pass", "pass"), *after = elements(judged[i].a, judged[i].b);
		TW_CLEANUP(tw_jsonp) json_t *changes = NULL, *broken = NULL, *policy = NULL;
		size_t problems;

		policy = read_policy(judged[i].policy, &problems);
		CHECK_INT(problems, 0);
		CHECK_OK(tw_compare(before, after, &changes));
		CHECK_OK(tw_policy_judge(policy, after, changes, &broken));
		CHECK_INT(json_array_size(broken), judged[i].breaches);
		if (!judged[i].breaches)
			continue;
		CHECK_TEXT(tw_json_text(json_array_get(broken, 0), "rule"), "r");
		CHECK_TEXT(tw_json_text(json_array_get(broken, 0), "element"), judged[i].element);
		CHECK_TEXT(tw_json_text(json_array_get(broken, 0), "verdict"), judged[i].verdict);
	}
}

static void test_one_run_proves_no_progress(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *after = elements("pass", "pass"), *broken = NULL, *policy = NULL;
	size_t problems;

	policy = read_policy(RULE "[\"*\"]\n    may-get-worse: no\n", &problems);
	CHECK_OK(tw_policy_judge(policy, after, NULL, &broken));
	CHECK_INT(json_array_size(broken), 1);
}

static void test_a_part_is_no_whole(void **state)
{
	static const char *const policies[] = { RULE "[\"*\"]\n    verdicts: [pass]\n",
		RULE "[\"*\"]\n    verdicts: [pass]\nmay-be-partial: no\n", RULE "[\"*\"]\n    verdicts: [pass]\nmay-be-partial: yes\n" };
	TW_CLEANUP(tw_jsonp)
	json_t *part = json_pack("{s:[s, s]}", "notes", "Only a part was tried: X.", "It was cut."), *whole = json_object();

	for (size_t i = 0; i < TW_COUNT(policies); i++) {
		size_t problems;
		TW_CLEANUP(tw_jsonp) json_t *policy = read_policy(policies[i], &problems), *broken = json_array();

		CHECK_INT(problems, 0);
		CHECK_OK(tw_policy_whole(policy, whole, broken));
		CHECK_OK(tw_policy_whole(policy, NULL, broken));
		CHECK_INT(json_array_size(broken), 0);
		CHECK_OK(tw_policy_whole(policy, part, broken));
		CHECK_INT(json_array_size(broken), i < 2 ? 2 : 0);
		if (i < 2)
			CHECK_TEXT(tw_json_text(json_array_get(broken, 0), "why"), "Only a part was tried: X.");
	}
}

static void test_mistakes(void **state)
{
	static const char *const wrong[] = {
		"[]",
		"format: 2\nrules: []\n",
		"format: 1\n",
		"format: 1\nrules: [",
		RULE "[LA.X.1]\n",
		RULE "[]\n    verdicts: [pass]\n",
		RULE "[LA.X.1]\n    verdicts: [good]\n",
		RULE "[\"L*A\"]\n    verdicts: [pass]\n",
		RULE "[LA.X.11]\n    verdicts: [pass]\n    may-be-missing: yes\n",
		RULE "[DI.IMS]\n    verdicts: [pass]\n",
		RULE "[LA.X.1, LAA.*]\n    may-get-worse: no\n",
		RULE "[LA.X.1]\n    verdict: [pass]\n",
		"format: 1\nrules:\n  - elements: [LA.X.1]\n    verdicts: [pass]\n",
		"format: 1\nrules:\n  - word\n",
		"format: 1\nrules: word\n",
	};

	for (size_t i = 0; i < TW_COUNT(wrong); i++) {
		size_t problems = 0;

		json_decref(read_policy(wrong[i], &problems));
		if (!problems)
			fail_msg("taken: %s", wrong[i]);
	}
}

/* Each word that names nothing has its own place. */
static void test_a_typo_has_its_place(void **state)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *policy = NULL;

	CHECK_OK(tw_problems_init(&p, "p.yaml"));
	CHECK_OK(tw_policy_read(tw_sys_real(), tw_slice_of(RULE "[LA.X.1, LAA.*]\n    may-get-worse: no\n"), &p, &policy));
	const json_t *one = json_array_get(p.list, 0);
	CHECK_INT(p.count, 1);
	CHECK_INT(tw_json_int(one, "line"), 4);
	CHECK_INT(tw_json_int(one, "column"), 24);
	CHECK(strstr(tw_json_text(one, "what"), "'LAA.*'"));
}

CHECK_MAIN(cmocka_unit_test(test_changes), cmocka_unit_test(test_new_and_gone), cmocka_unit_test(test_policy),
	cmocka_unit_test(test_one_run_proves_no_progress), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_a_typo_has_its_place),
	cmocka_unit_test(test_a_check_that_is_gone), cmocka_unit_test(test_a_part_is_no_whole))

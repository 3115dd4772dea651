/* SPDX-License-Identifier: Apache-2.0 */
/* One failure decides, then what is open, then what passed; and what that means for the claim. */
#include "tool/verdict.h"

#include "check.h"

static const struct {
	const char *verdicts[4];
	bool claimed;
	const char *verdict, *claim;
} rows[] = {
	{ { "pass", "pass" }, true, "pass", "holds" },
	{ { "pass", "pass" }, false, "pass", "not claimed" },
	{ { "pass", "fail" }, true, "fail", "contradicted" },
	{ { "inconclusive", "fail", "pass" }, true, "fail", "contradicted" },
	{ { "inconclusive", "pass" }, true, "inconclusive", "not decided" },
	{ { "not applicable", "pass" }, true, "pass", "holds" },
	{ { "not applicable" }, true, "not applicable", "not decided" },
	{ { "fail" }, false, "fail", "not claimed" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *evidence = json_pack("{s:[]}", "results");
		TW_CLEANUP(tw_jsonp) json_t *elements = NULL;

		for (size_t k = 0; rows[i].verdicts[k]; k++)
			CHECK_OK(tw_json_append(json_object_get(evidence, "results"),
				json_pack("{s:s, s:s, s:b, s:s, s:s}", "element", "DI.IMS.1", "verdict", rows[i].verdicts[k],
					"claimed", (int)rows[i].claimed, "reason", rows[i].verdicts[k], "status", "provided")));
		CHECK_OK(tw_verdict_elements(evidence, &elements));
		CHECK_INT(json_array_size(elements), 1);
		CHECK_TEXT(tw_json_text(json_array_get(elements, 0), "verdict"), rows[i].verdict);
		CHECK_TEXT(tw_json_text(json_array_get(elements, 0), "claim"), rows[i].claim);
	}
}

static void test_groups_in_order(void **state)
{
	TW_CLEANUP(tw_jsonp)
	json_t *evidence = json_pack("{s:[{s:s,s:s},{s:s,s:s},{s:s,s:s}]}", "results", "element", "DI.IMS.2", "verdict", "pass",
		"element", "DI.IMS.1", "verdict", "fail", "element", "DI.IMS.2", "verdict", "pass");
	TW_CLEANUP(tw_jsonp) json_t *elements = NULL;

	CHECK_OK(tw_verdict_elements(evidence, &elements));
	CHECK_INT(json_array_size(elements), 2);
	CHECK_TEXT(tw_json_text(json_array_get(elements, 0), "element"), "DI.IMS.2");
	CHECK_INT(json_array_size(json_object_get(json_array_get(elements, 0), "results")), 2);
	CHECK(*tw_json_text(json_array_get(elements, 1), "text"));
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_groups_in_order))

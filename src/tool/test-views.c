/* SPDX-License-Identifier: Apache-2.0 */
/* Each element stands under every provision that it says something about, in the place of its verdict. */
#include "tool/views.h"

#include "check.h"

static const json_t *provision(const json_t *view, const char *id)
{
	size_t i;
	json_t *row;

	json_array_foreach(tw_json_get(view, "rows"), i, row)
		if (!strcmp(tw_json_text(row, "provision"), id))
			return row;
	return NULL;
}

static bool holds(const json_t *row, const char *list, const char *id)
{
	size_t i;
	json_t *one;

	json_array_foreach(tw_json_get(row, list), i, one)
		if (!strcmp(json_string_value(one), id))
			return true;
	return false;
}

static void test_places(void **state)
{
	static const struct {
		const char *verdict, *place;
	} rows[] = { { "pass", "for" }, { "fail", "against" }, { "inconclusive", "open" }, { "not applicable", "open" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp)
		json_t *elements = json_pack("[{s:s, s:s}]", "element", "DI.IMS.1", "verdict", rows[i].verdict), *view = NULL;

		CHECK_OK(tw_view("8259a", elements, &view));
		CHECK(holds(provision(view, "8259A.DI.1"), rows[i].place, "DI.IMS.1"));
		CHECK(holds(provision(view, "8259A.DI.2"), "missing", "DI.PI.1"));
	}
}

static void test_views(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = json_pack("[{s:s, s:s}]", "element", "DI.IMS.1", "verdict", "pass");
	TW_CLEANUP(tw_jsonp) json_t *en = NULL, *cra = NULL, *none = NULL;

	CHECK_OK(tw_view("en303645", elements, &en));
	CHECK(holds(provision(en, "5.4-2"), "for", "DI.IMS.1"));
	CHECK_OK(tw_view("cra", elements, &cra));
	CHECK(holds(provision(cra, "I.2d"), "for", "DI.IMS.1"));
	CHECK_ERR(tw_view("iso", elements, &none), NOTFOUND);
}

static size_t place(const json_t *view, const char *id)
{
	size_t i;
	json_t *row;

	json_array_foreach(tw_json_get(view, "rows"), i, row)
		if (!strcmp(tw_json_text(row, "provision"), id))
			break;
	return i;
}

/* As the document itself has them, so that a reader with it in his hand finds each. */
static void test_provisions_stand_as_people_count(void **state)
{
	static const char *const en[] = { "5.1-2", "5.1-2A", "5.3-2", "5.3-10", "5.10-1", "6-1" }, *const cra[] = { "13.9", "13.15", "I.2b", "II.1" };
	TW_CLEANUP(tw_jsonp) json_t *elements = json_array(), *first = NULL, *second = NULL;

	CHECK_OK(tw_view("en303645", elements, &first));
	CHECK_OK(tw_view("cra", elements, &second));
	for (size_t i = 0; i + 1 < TW_COUNT(en); i++)
		CHECK(place(first, en[i]) < place(first, en[i + 1]));
	for (size_t i = 0; i + 1 < TW_COUNT(cra); i++)
		CHECK(place(second, cra[i]) < place(second, cra[i + 1]));
}

CHECK_MAIN(cmocka_unit_test(test_places), cmocka_unit_test(test_views), cmocka_unit_test(test_provisions_stand_as_people_count))

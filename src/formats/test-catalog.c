/* SPDX-License-Identifier: Apache-2.0 */
/* The generated catalog is whole, sorted and found by id. */
#include "check.h"
#include "formats/catalog.h"

static void test_is_whole_and_sorted(void **state)
{
	size_t ours = 0;
	CHECK_INT(tw_catalog_count, 258);
	for (size_t i = 0; i < tw_catalog_count; i++) {
		CHECK(i == 0 || strcmp(tw_catalog[i - 1].id, tw_catalog[i].id) < 0);
		CHECK(tw_catalog[i].text[0] != '\0');
		CHECK(tw_catalog_check(tw_catalog[i].id) != NULL);
		ours += tw_catalog[i].ours;
	}
	CHECK_INT(ours, 4);
	CHECK(tw_catalog[tw_catalog_count].id == NULL);
}

static void test_finds_by_id(void **state)
{
	const struct tw_catalog_row *row = tw_catalog_find("DI.IMS.1");
	CHECK(row != NULL);
	CHECK_TEXT(row->capability, "DI");
	CHECK(!row->ours);
	CHECK(tw_catalog_find("SU.X.1")->ours);
}

static void test_refuses_unknown_ids(void **state)
{
	static const char *const unknown[] = { "", "DI", "DI.IMS", "DI.IMS.1.", "DI.IMS.10", "di.ims.1", "ZZ.ZZ.9" };
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		CHECK(tw_catalog_find(unknown[i]) == NULL);
		CHECK(tw_catalog_check(unknown[i]) == NULL);
	}
}

CHECK_MAIN(cmocka_unit_test(test_is_whole_and_sorted), cmocka_unit_test(test_finds_by_id), cmocka_unit_test(test_refuses_unknown_ids))

/* SPDX-License-Identifier: Apache-2.0 */
/* roles.tab: every refusal has its row beside the one form that is accepted. */
#include "service/parent/tab.h"

#include "base/mem.h"
#include "check.h"

enum { CORE, FRONT, KEYS, APPLICATION, FETCH, SCAN, HASH, NAMES };
static const char *const words[NAMES] = { "core", "front", "keys", "application", "fetch", "scan", "hash" };
static const struct tw_tab_names names = { words, NAMES, FETCH };

#define GOOD "core 101 201\nfront 102 202\nkeys 103 203\napplication 104 204\n"

static void test_accepts(void **state)
{
	struct tw_tab tab;

	CHECK_OK(tw_tab_parse(TW_SLICE(GOOD), &names, &tab));
	CHECK_INT(tab.of[CORE].uid, 101);
	CHECK_INT(tab.of[CORE].gid, 201);
	CHECK_INT(tab.of[APPLICATION].uid, 104);
	CHECK_INT(tab.of[FETCH].uid, 0);
	CHECK_OK(tw_tab_parse(TW_SLICE("fetch 105 205\n" GOOD), &names, &tab));
	CHECK_INT(tab.of[FETCH].uid, 105);
	CHECK_INT(tab.of[FETCH].gid, 205);
	CHECK_INT(tab.of[HASH].uid, 0);
	CHECK_OK(tw_tab_parse(TW_SLICE(GOOD "scan 106 206\nhash 107 207\n"), &names, &tab));
	CHECK_INT(tab.of[HASH].uid, 107);
	CHECK_INT(tab.of[HASH].gid, 207);
	CHECK_OK(tw_tab_parse(TW_SLICE("keys 3 1\nfront 2 1\napplication 4 1\ncore 4294967294 1"), &names, &tab));
	CHECK_INT(tab.of[CORE].uid, 4294967294);
}

static void test_refuses(void **state)
{
	static const char *const rows[] = {
		"",
		"core 101 201\nfront 102 202\nkeys 103 203\n",
		GOOD "core 105 201\n",
		GOOD "watch 105 201\n",
		GOOD "fetch 0 201\n",
		GOOD "fetch 105 0\n",
		GOOD "fetch 103 201\n",
		GOOD "fetch 105 201\nfetch 106 201\n",
		"core 101 201\nfront 102 202\nkeys 103 203\nfetch 104 204\n",
		GOOD "\n",
		"\n" GOOD,
		"core 0 201\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 101 0\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 4294967295 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 4294967397 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core -1 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core +101 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 0x65 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core  101 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 101 1 \nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 101\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core\t101\t1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 101 1\r\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"Core 101 1\nfront 102 202\nkeys 103 203\napplication 104 204\n",
		"core 101 1\nfront 101 202\nkeys 103 203\napplication 104 204\n",
		"core 101 1\nfront 102 202\nkeys 103 203\napplication 103 204\n",
	};
	struct tw_tab tab;
	char big[TW_TAB_MAX + 2];

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(tw_tab_parse(tw_slice_of(rows[i]), &names, &tab), SYNTAX);
	memset(big, '\n', sizeof big);
	CHECK_ERR(tw_tab_parse((struct tw_slice){ big, sizeof big }, &names, &tab), SYNTAX);
}

CHECK_MAIN(cmocka_unit_test(test_accepts), cmocka_unit_test(test_refuses))

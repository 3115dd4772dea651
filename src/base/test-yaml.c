/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>

static tw_err parse(const char *text, tw_yaml **ret)
{
	return tw_yaml_parse(tw_sys_real(), tw_slice_of(text), 4000, ret);
}

static void test_tree(void **state)
{
	TW_CLEANUP(tw_yaml_freep) tw_yaml *y = NULL;
	const tw_yaml *list, *map;

	CHECK_OK(parse("# c\nname: no\nempty:\nlist:\n  - one\n  - {a: 1, \"b\": 'x: y'}\ntext: |\n  two\n  lines\n", &y));
	CHECK_INT(tw_yaml_kind(y), TW_YAML_MAP);
	CHECK_INT(tw_yaml_count(y), 4);
	CHECK_TEXT(tw_yaml_text(tw_yaml_find(y, "name")), "no");
	CHECK_TEXT(tw_yaml_text(tw_yaml_find(y, "empty")), "");
	CHECK_TEXT(tw_yaml_text(tw_yaml_find(y, "text")), "two\nlines\n");
	CHECK(tw_yaml_find(y, "none") == NULL && tw_yaml_text(y) == NULL);
	CHECK_TEXT(tw_yaml_key(y, 2), "list");
	CHECK_INT(tw_yaml_line(tw_yaml_key_node(y, 2)), 4);
	CHECK_INT(tw_yaml_column(tw_yaml_key_node(y, 2)), 1);
	list = tw_yaml_find(y, "list");
	CHECK_INT(tw_yaml_kind(list), TW_YAML_LIST);
	CHECK(tw_yaml_key(list, 0) == NULL && tw_yaml_item(list, 2) == NULL && tw_yaml_find(list, "a") == NULL);
	map = tw_yaml_item(list, 1);
	CHECK_TEXT(tw_yaml_text(tw_yaml_find(map, "b")), "x: y");
	CHECK_INT(tw_yaml_line(tw_yaml_find(map, "a")), 6);
	CHECK_INT(tw_yaml_column(tw_yaml_find(map, "a")), 9);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *place; /* NULL: OK */
	} rows[] = {
		{ "a: 1", NULL },
		{ "--- \na: 1\n", NULL },
		{ "- 1\n- 2", NULL },
		{ "just text", NULL },
		{ "a: {b: [c, {d: e}]}", NULL },
		{ "", "line 1 column 1" },
		{ "# only a comment\n", "line 1 column 1" },
		{ "a: 1\nb: 2\na: 3", "line 3 column 1" },
		{ "a: {x: 1, x: 2}", "line 1 column 11" },
		{ "a: &x 1", "line 1 column 4" },
		{ "a: *x", "line 1 column 4" },
		{ "a: !!int 1", "line 1 column 4" },
		{ "a: ! 1", "line 1 column 4" },
		{ "&x a: 1", "line 1 column 1" },
		{ "a: &x [1]", "line 1 column 4" },
		{ "a: !x {b: 1}", "line 1 column 4" },
		{ "<<: {a: 1}", "line 1 column 1" },
		{ "a:\n  <<: 1", "line 2 column 3" },
		{ "a: 1\n---\nb: 2", "line 2 column 1" },
		{ "%YAML 1.1\n---\na: 1", "line 1 column 1" },
		{ "%TAG ! tag:x,2000:\n---\na: 1", "line 1 column 1" },
		{ "? [a]\n: 1", "line 1 column 3" },
		{ "{[a]: 1}", "line 1 column 2" },
		{ "a: 1\n b: 2", "line 2 column 3" },
		{ "a: 'x", "line 1 column" },
		{ "a: [1, 2", "line 2 column 1" },
		{ "\ta: 1", "line 1 column 1" },
		{ "a: \"x\\0y\"", "line 1 column 4" },
		{ "a: \"\\q\"", "line 1 column 5" },
		{ "a: @x", "line 1 column 4" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_yaml_freep) tw_yaml *y = NULL;
		tw_err e = parse(rows[i].text, &y);

		if (!rows[i].place && !tw_failed(e))
			continue;
		if (!rows[i].place || !tw_is(e, TW_CODE_SYNTAX) || !strstr(tw_err_detail(), rows[i].place))
			fail_msg("'%s': %s %s", rows[i].text, tw_code_name(e.code), tw_err_detail());
	}
}

static void test_bytes_that_are_no_text(void **state)
{
	tw_yaml *y = NULL;

	CHECK_ERR(parse("a: \xff", &y), SYNTAX);
	CHECK_ERR(tw_yaml_parse(tw_sys_real(), TW_SLICE("a: 1\0b"), 100, &y), SYNTAX);
	CHECK_ERR(tw_yaml_parse(tw_sys_real(),
			  TW_SLICE("\xff\xfe"
				   "a\0"),
			  100, &y),
		SYNTAX); /* UTF-16 */
	CHECK_ERR(parse("a: \x01", &y), SYNTAX);
}

static void test_limits(void **state)
{
	TW_CLEANUP(tw_yaml_freep) tw_yaml *y = NULL;
	struct tw_buf b;

	CHECK_ERR(tw_yaml_parse(tw_sys_real(), TW_SLICE("a: 1"), 3, &y), LIMIT);
	tw_buf_init(&b, tw_sys_real(), 1000000);
	for (int i = 0; i < 33; i++)
		CHECK_OK(tw_buf_text(&b, "["));
	CHECK_ERR(tw_yaml_parse(tw_sys_real(), tw_buf_slice(&b), 1000, &y), LIMIT);
	tw_buf_clear(&b);
	for (int i = 0; i < 4097; i++)
		CHECK_OK(tw_buf_format(&b, "k%d: 1\n", i));
	CHECK_ERR(tw_yaml_parse(tw_sys_real(), tw_buf_slice(&b), 1000000, &y), LIMIT);
	tw_buf_clear(&b);
	for (int i = 0; i < 65540; i++)
		CHECK_OK(tw_buf_text(&b, "- a\n"));
	CHECK_ERR(tw_yaml_parse(tw_sys_real(), tw_buf_slice(&b), 1000000, &y), LIMIT);
	tw_buf_done(&b);
}

static void test_out_of_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	for (long k = 1; fired; k++) {
		TW_CLEANUP(tw_yaml_freep) tw_yaml *y = NULL;
		tw_err e;

		tw_fake_fail(f, k, ENOMEM, false);
		e = tw_yaml_parse(tw_fake_sys(f), TW_SLICE("a: {b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\nc: d\n"), 100, &y);
		fired = tw_fake_fired(f);
		CHECK(fired ? tw_is(e, TW_CODE_NOMEM) && !y : !tw_failed(e));
	}
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_tree), cmocka_unit_test(test_refusals), cmocka_unit_test(test_bytes_that_are_no_text),
	cmocka_unit_test(test_limits), cmocka_unit_test(test_out_of_memory))

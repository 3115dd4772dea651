/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>

static tw_err parse(const char *text, json_t **ret)
{
	return tw_json_parse(tw_slice_of(text), 1000, ret);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
	} rows[] = {
		{ "{}", TW_CODE_OK },
		{ "[]", TW_CODE_OK },
		{ " {\"a\":[1,-2,true,null,\"x\"]} \n", TW_CODE_OK },
		{ "", TW_CODE_SYNTAX },
		{ "1", TW_CODE_SYNTAX },
		{ "\"x\"", TW_CODE_SYNTAX },
		{ "{\"a\":1,\"a\":2}", TW_CODE_SYNTAX },
		{ "{} x", TW_CODE_SYNTAX },
		{ "{}{}", TW_CODE_SYNTAX },
		{ "{\"a\":1,}", TW_CODE_SYNTAX },
		{ "[1,]", TW_CODE_SYNTAX },
		{ "[01]", TW_CODE_SYNTAX },
		{ "[+1]", TW_CODE_SYNTAX },
		{ "[.5]", TW_CODE_SYNTAX },
		{ "[NaN]", TW_CODE_SYNTAX },
		{ "[99999999999999999999]", TW_CODE_SYNTAX },
		{ "[1e999]", TW_CODE_SYNTAX },
		{ "[\"\xff\"]", TW_CODE_SYNTAX },
		{ "[\"\\ud800\"]", TW_CODE_SYNTAX },
		{ "[\"a\\u0000b\"]", TW_CODE_SYNTAX },
		{ "[\"\n\"]", TW_CODE_SYNTAX },
		{ "['a']", TW_CODE_SYNTAX },
		{ "{a:1}", TW_CODE_SYNTAX },
		{ "[1] // x", TW_CODE_SYNTAX },
		{ "\xef\xbb\xbf[]", TW_CODE_SYNTAX },
		{ "[", TW_CODE_SYNTAX },
		{ "]", TW_CODE_SYNTAX },
		{ "[\"\\", TW_CODE_SYNTAX },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		tw_err e = parse(rows[i].text, &j);

		if (e.code != rows[i].code || tw_failed(e) != !j)
			fail_msg("'%s': %s", rows[i].text, tw_code_name(e.code));
	}
}

static void test_place_of_an_error(void **state)
{
	json_t *j = NULL;

	CHECK_ERR(parse("{\n  \"a\": 1,\n  x\n}", &j), SYNTAX);
	CHECK(strncmp(tw_err_detail(), "line 3 column ", 14) == 0);
}

/* A key and all texts within its value share one room, as large as the input. */
static void test_keys_outlive_their_values(void **state)
{
	static const char text[] =
		"{\"k\":{\"\\u00e9\":[{\"\":\"\"},{\"long \xc3\xa9 key\":{\"a\":\"b\\n\",\"c\":\"\x7f\"}}],\"z\":\"y\"},\"l\":[\"m\"]}";
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(parse(text, &j));
	char *back = json_dumps(j, JSON_COMPACT);
	CHECK_TEXT(back, "{\"k\":{\"\xc3\xa9\":[{\"\":\"\"},{\"long \xc3\xa9 key\":{\"a\":\"b\\n\",\"c\":\"\x7f\"}}],\"z\":\"y\"},\"l\":[\"m\"]}");
	free(back);
	for (size_t cut = 0; cut < sizeof text - 1; cut++) {
		json_t *none = NULL;

		CHECK_ERR(tw_json_parse((struct tw_slice){ text, cut }, 1000, &none), SYNTAX);
	}
}

static void test_limits(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char deep[200];

	CHECK_ERR(tw_json_parse(TW_SLICE("[]"), 1, &j), LIMIT);
	memset(deep, '[', sizeof deep);
	memset(deep + TW_JSON_DEPTH_MAX, ']', TW_JSON_DEPTH_MAX);
	CHECK_OK(tw_json_parse((struct tw_slice){ deep, 2 * TW_JSON_DEPTH_MAX }, 1000, &j));
	memset(deep, '[', TW_JSON_DEPTH_MAX + 1);
	CHECK_ERR(tw_json_parse((struct tw_slice){ deep, sizeof deep }, 1000, &j), LIMIT);
	tw_jsonp(&j);
	CHECK_OK(parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[\"]", &j)); /* brackets in a text are none */
}

static void test_deeper_where_asked(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char deep[2 * TW_JSON_DEEPEST + 2];

	memset(deep, '[', TW_JSON_DEEPEST + 1);
	memset(deep + TW_JSON_DEEPEST + 1, ']', TW_JSON_DEEPEST + 1);
	CHECK_ERR(tw_json_parse_deep((struct tw_slice){ deep, sizeof deep }, sizeof deep, TW_JSON_DEEPEST, &j), LIMIT);
	CHECK_OK(tw_json_parse_deep((struct tw_slice){ deep + 1, sizeof deep - 2 }, sizeof deep, TW_JSON_DEEPEST, &j));
	tw_jsonp(&j);
	CHECK_ERR(tw_json_parse_deep((struct tw_slice){ deep + 1, sizeof deep - 2 }, sizeof deep, TW_JSON_DEEPEST - 1, &j), LIMIT);
}

static const struct tw_shape shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, 8 },
	{ "count", TW_JSON_INT, false, -1, 10 },
	{ "any_int", TW_JSON_INT, false, 0, 0 },
	{ "on", TW_JSON_BOOL, false, 0, 0 },
	{ "list", TW_JSON_ARRAY, false, 0, 0 },
	{ "map", TW_JSON_OBJECT, false, 0, 0 },
	{ "free", TW_JSON_ANY, false, 0, 0 },
	{ "text", TW_JSON_TEXT, false, 0, 0 },
	{ 0 },
};
static const struct tw_shape open_shape[] = { { "name", TW_JSON_TEXT, true, 1, 8 }, { "*", TW_JSON_ANY, false, 0, 0 }, { 0 } };

static void test_shapes(void **state)
{
	static const struct {
		const char *text;
		const char *complaint; /* NULL: OK */
	} rows[] = {
		{ "{\"name\":\"x\"}", NULL },
		{ "{\"name\":\"x\",\"count\":10,\"on\":false,\"list\":[],\"map\":{},\"free\":1.5,\"any_int\":-9,\"text\":\"\"}", NULL },
		{ "{}", "'name'" },
		{ "[]", "object" },
		{ "{\"name\":\"\"}", "'name'" },
		{ "{\"name\":\"123456789\"}", "'name'" },
		{ "{\"name\":1}", "'name'" },
		{ "{\"name\":null}", "'name'" },
		{ "{\"name\":\"x\",\"count\":11}", "'count'" },
		{ "{\"name\":\"x\",\"count\":-2}", "'count'" },
		{ "{\"name\":\"x\",\"count\":1.0}", "'count'" },
		{ "{\"name\":\"x\",\"on\":1}", "'on'" },
		{ "{\"name\":\"x\",\"list\":{}}", "'list'" },
		{ "{\"name\":\"x\",\"map\":[]}", "'map'" },
		{ "{\"name\":\"x\",\"other\":1}", "'other'" },
		{ "{\"name\":\"x\",\"Name\":\"y\"}", "'Name'" },
		{ "{\"name\":\"x\",\"*\":1}", "'*'" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;

		CHECK_OK(parse(rows[i].text, &j));
		if (rows[i].complaint) {
			CHECK_ERR(tw_json_check(j, shape), SYNTAX);
			CHECK(strstr(tw_err_detail(), rows[i].complaint) != NULL);
		} else {
			CHECK_OK(tw_json_check(j, shape));
			CHECK_OK(tw_json_check(j, open_shape));
		}
	}
	CHECK_ERR(tw_json_check(NULL, shape), SYNTAX);
}

static void test_shapes_of_each(void **state)
{
	static const struct {
		const char *text;
		const char *complaint; /* NULL: OK */
	} rows[] = {
		{ "[]", NULL },
		{ "[{\"name\":\"x\"},{\"name\":\"y\"}]", NULL },
		{ "[{\"name\":\"x\"},{}]", "'name'" },
		{ "[{\"name\":\"x\"},7]", "object" },
		{ "[[]]", "object" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;

		CHECK_OK(parse(rows[i].text, &j));
		if (rows[i].complaint) {
			CHECK_ERR(tw_json_check_each(j, shape, 2), SYNTAX);
			CHECK(strstr(tw_err_detail(), rows[i].complaint) != NULL);
		} else {
			CHECK_OK(tw_json_check_each(j, shape, 2));
			if (json_array_size(j))
				CHECK_ERR(tw_json_check_each(j, shape, json_array_size(j) - 1), LIMIT);
		}
	}
	CHECK_OK(tw_json_check_each(NULL, shape, 0)); /* an optional list that is not there has no entries */
}

static void test_access(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(parse("{\"t\":\"x\",\"i\":-5,\"b\":true}", &j));
	CHECK_TEXT(tw_json_text(j, "t"), "x");
	CHECK_INT(tw_json_int(j, "i"), -5);
	CHECK(tw_json_bool(j, "b") && !tw_json_bool(j, "none") && !tw_json_get(j, "none"));
	CHECK_TEXT(tw_json_text(j, "none"), "");
	CHECK_INT(tw_json_int(j, "none"), 0);
}

static void test_one_form(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "{\"b\":1,\"a\":[true,false,null]}", "{\"a\":[true,false,null],\"b\":1}" },
		{ "[]", "[]" },
		{ "{}", "{}" },
		{ "[\"\\u00e4\\/\\u001F\\u007f\"]", "[\"\xc3\xa4/\\u001f\x7f\"]" },
		{ "{\"\":{\"\":[]}}", "{\"\":{\"\":[]}}" },
		{ "[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]" },
		/* RFC 8785, appendix B */
		{ "[0.0,-0.0,5e-324,-5e-324]", "[0,0,5e-324,-5e-324]" },
		{ "[1.7976931348623157e308,9007199254740992.0]", "[1.7976931348623157e+308,9007199254740992]" },
		{ "[9.999999999999997e22,1e23,1.0000000000000001e23]", "[9.999999999999997e+22,1e+23,1.0000000000000001e+23]" },
		{ "[1e21,9.999999999999997e-7,0.000001]", "[1e+21,9.999999999999997e-7,0.000001]" },
		{ "[333333333.3333332,333333333.33333325,21.5,-0.0000033333333333333333,1424953923781206.2]",
			"[333333333.3333332,333333333.33333325,21.5,-0.0000033333333333333333,1424953923781206.2]" },
	};
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 1000);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;

		CHECK_OK(parse(rows[i].text, &j));
		tw_buf_clear(&b);
		CHECK_OK(tw_json_write(j, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].want);
	}
	tw_buf_done(&b);
}

static void test_pretty(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 1000);
	CHECK_OK(parse("{\"b\":{},\"a\":[1,{\"c\":2}]}", &j));
	CHECK_OK(tw_json_pretty(j, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "{\n  \"a\": [\n    1,\n    {\n      \"c\": 2\n    }\n  ],\n  \"b\": {}\n}\n");
	tw_buf_done(&b);
}

static void test_whole_numbers_our_reader_refuses(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 1000);
	CHECK_OK(parse("[-0.01e21]", &j));
	CHECK_ERR(tw_json_write(j, &b), LIMIT);
	tw_jsonp(&j);
	CHECK_OK(parse("[9223372036854774784.0]", &j));
	CHECK_OK(tw_json_write(j, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "[9223372036854775000]");
	tw_buf_done(&b);
}

static void test_write_limits(void **state)
{
	json_t *top = json_array(), *at = top;
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 100);
	CHECK_OK(tw_buf_text(&b, "before"));
	for (int i = 0; i < TW_JSON_DEPTH_MAX; i++) {
		json_t *next = json_array();

		CHECK_OK(tw_json_append(at, next));
		at = next;
	}
	CHECK_ERR(tw_json_write(top, &b), LIMIT);
	CHECK_TEXT(tw_buf_cstr(&b), "before");
	json_decref(top);
	tw_buf_done(&b);
}

static tw_err build_and_write(const struct tw_sys *sys, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	json_t *list;

	TW_TRY(tw_json_parse(
		TW_SLICE("{\"number\":1234567890123456789,\"long text beyond the first buffer of the scanner\":\"0123456789"
			 "01234567890123456789\",\"deep\":[[{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}]]}"),
		1000, &j));
	TW_TRY(tw_json_set(j, "text", json_string("value")));
	list = json_array();
	TW_TRY(tw_json_set(j, "list", list));
	for (int i = 0; i < 20; i++)
		TW_TRY(tw_json_append(list, json_integer(i)));
	tw_buf_init(b, sys, 1000);
	return tw_json_write(j, b);
}

/* At every allocation: NOMEM or exactly the right text, never something shorter. */
static void test_out_of_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	char *want = NULL;
	struct tw_buf b;
	bool fired = true;

	tw_json_use(tw_fake_sys(f));
	tw_buf_init(&b, tw_fake_sys(f), 1000);
	CHECK_OK(build_and_write(tw_fake_sys(f), &b));
	want = tw_buf_take(&b);
	for (long k = 1; fired; k++) {
		tw_err e;

		tw_fake_fail(f, k, ENOMEM, false);
		tw_buf_init(&b, tw_fake_sys(f), 1000);
		e = build_and_write(tw_fake_sys(f), &b);
		fired = tw_fake_fired(f);
		if (tw_failed(e))
			CHECK(tw_is(e, TW_CODE_NOMEM));
		else
			CHECK_TEXT(tw_buf_cstr(&b), want);
		tw_buf_done(&b);
	}
	free(want);
	tw_json_use(tw_sys_real());
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_refusals), cmocka_unit_test(test_place_of_an_error),
	cmocka_unit_test(test_keys_outlive_their_values), cmocka_unit_test(test_limits), cmocka_unit_test(test_deeper_where_asked),
	cmocka_unit_test(test_shapes), cmocka_unit_test(test_shapes_of_each), cmocka_unit_test(test_access),
	cmocka_unit_test(test_one_form), cmocka_unit_test(test_pretty), cmocka_unit_test(test_whole_numbers_our_reader_refuses),
	cmocka_unit_test(test_write_limits), cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* Words that withhold fields: what is taken, what is refused and why, what they mean, and what they take out of an answer. */
#include "service/path/withheld.h"

#include "base/mem.h"
#include "sys/real.h"

#include "check.h"

#include <string.h>

static void test_read(void **state)
{
	static const struct {
		const char *text;
		enum tw_code want;
		size_t count;
	} rows[] = { { "", TW_CODE_OK, 0 }, { "operator:log.read:source", TW_CODE_OK, 1 }, { "*:*:source", TW_CODE_OK, 1 },
		{ "@insurer:identity:physical_id @*:log:source", TW_CODE_OK, 2 },
		{ "supporting-party:log:a application.x:log:b", TW_CODE_OK, 2 }, { "a:b:c a:b:d", TW_CODE_OK, 2 },
		{ "a:b:c a:b:c", TW_CODE_EXISTS, 0 }, { "a:b", TW_CODE_SYNTAX, 0 }, { "a", TW_CODE_SYNTAX, 0 },
		{ "a:b:", TW_CODE_SYNTAX, 0 }, { ":b:c", TW_CODE_SYNTAX, 0 }, { "a::c", TW_CODE_SYNTAX, 0 },
		{ "a:b:*", TW_CODE_SYNTAX, 0 }, { "a:b:c:d", TW_CODE_SYNTAX, 0 }, { "@:b:c", TW_CODE_SYNTAX, 0 },
		{ "@@a:b:c", TW_CODE_SYNTAX, 0 }, { "a*:b:c", TW_CODE_SYNTAX, 0 }, { "A:b:c", TW_CODE_SYNTAX, 0 },
		{ "1a:b:c", TW_CODE_SYNTAX, 0 }, { "a:b:c ", TW_CODE_SYNTAX, 0 }, { " a:b:c", TW_CODE_SYNTAX, 0 },
		{ "a:b:c  a:b:d", TW_CODE_SYNTAX, 0 }, { " ", TW_CODE_SYNTAX, 0 }, { "a:b:c\na:b:d", TW_CODE_SYNTAX, 0 },
		{ "a:b:c\"d", TW_CODE_SYNTAX, 0 }, { "a:b/c:d", TW_CODE_SYNTAX, 0 },
		{ "a:b:abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl", TW_CODE_OK, 1 },
		{ "a:b:abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm", TW_CODE_SYNTAX, 0 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_withheld all;
		tw_err e = tw_withheld_read(tw_slice_of(rows[i].text), &all);

		CHECK_INT(e.code, rows[i].want);
		if (!tw_failed(e))
			CHECK_INT(all.count, rows[i].count);
	}
}

static void test_parts(void **state)
{
	struct tw_withheld all;

	CHECK_OK(tw_withheld_read(TW_SLICE("operator:log.read:source @*:log:rule"), &all));
	CHECK(!all.words[0].party && tw_slice_is(all.words[0].who, "operator") && tw_slice_is(all.words[0].field, "source"));
	CHECK(tw_slice_is(all.words[0].text, "operator:log.read:source"));
	CHECK(all.words[1].party && tw_slice_is(all.words[1].who, "*") && tw_slice_is(all.words[1].text, "@*:log:rule"));
	CHECK_ERR(tw_withheld_read(TW_SLICE("a:b"), &all), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "'a:b' is not WHO:OPERATIONS:FIELD, as in operator:identity:physical_id");
}

static void test_so_many(void **state)
{
	char text[TW_WITHHELD_MAX * 8 + 16] = "";
	struct tw_withheld all;

	for (int i = 0; i < TW_WITHHELD_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%sa:b:c%c", i ? " " : "", 'a' + i);
	CHECK_OK(tw_withheld_read(tw_slice_of(text), &all));
	CHECK_INT(all.count, TW_WITHHELD_MAX);
	(void)snprintf(text + strlen(text), sizeof text - strlen(text), " a:b:d");
	CHECK_ERR(tw_withheld_read(tw_slice_of(text), &all), LIMIT);
}

static void test_about(void **state)
{
	static const struct {
		const char *word, *operation;
		bool want;
	} rows[] = { { "a:log.read:f", "log.read", true }, { "a:log.read:f", "log.reads", false }, { "a:log.read:f", "log.keys", false },
		{ "a:log:f", "log.read", true }, { "a:log:f", "log.stream", true }, { "a:log:f", "login.open", false },
		{ "a:lo:f", "log.read", false }, { "a:*:f", "log.read", true }, { "a:log.:f", "log.read", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_withheld all;

		CHECK_OK(tw_withheld_read(tw_slice_of(rows[i].word), &all));
		CHECK_INT(tw_withheld_about(&all.words[0], rows[i].operation), rows[i].want);
	}
}

static void check_taken(const char *text, const char *want, size_t count)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf out = { 0 };
	size_t taken = 0;

	tw_buf_init(&out, tw_sys_real(), 4096);
	CHECK_OK(tw_json_parse(tw_slice_of(text), 4096, &j));
	CHECK_OK(tw_withheld_take(j, TW_SLICE("f"), &taken));
	CHECK_OK(tw_json_write(j, &out));
	CHECK_TEXT(tw_buf_cstr(&out), want);
	CHECK_INT(taken, count);
}

static void test_take(void **state)
{
	check_taken("{}", "{}", 0);
	check_taken("{\"f\":1,\"g\":2}", "{\"g\":2}", 1);
	check_taken("{\"g\":\"f\"}", "{\"g\":\"f\"}", 0);
	check_taken("{\"f\":{\"f\":1}}", "{}", 1);
	check_taken("{\"a\":{\"f\":1,\"b\":{\"f\":[1]}},\"c\":[{\"f\":1},[{\"f\":null,\"d\":3}],\"f\"]}",
		"{\"a\":{\"b\":{}},\"c\":[{},[{\"d\":3}],\"f\"]}", 4);
	check_taken("{\"ff\":1,\"F\":2}", "{\"F\":2,\"ff\":1}", 0);
}

/* What is deeper than an answer may be is not given out half looked at. */
static void test_too_deep(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_pack("{s:i}", "f", 1);
	size_t taken = 0;

	for (int i = 0; i < TW_JSON_DEPTH_MAX - 1; i++)
		j = json_pack("[o]", j);
	CHECK_OK(tw_withheld_take(j, TW_SLICE("f"), &taken));
	CHECK_INT(taken, 1);
	for (int i = 0; i < 3; i++)
		j = json_pack("[o]", j);
	CHECK_ERR(tw_withheld_take(j, TW_SLICE("f"), &taken), LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_so_many),
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_too_deep),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

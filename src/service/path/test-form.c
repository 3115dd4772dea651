/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/form.h"

#include "check.h"
#include "oom.h"

static const struct tw_shape shape[] = { { "text", TW_JSON_TEXT, false, 0, 64 }, { "other", TW_JSON_TEXT, false, 0, 64 },
	{ "n", TW_JSON_INT, false, 0, 9 }, { "box", TW_JSON_BOOL, false, 0, 0 }, { .key = NULL } };

/* In memory of its own, so that a sanitizer sees a step behind the end. */
static tw_err parse(const struct tw_sys *sys, const char *text, json_t **ret)
{
	size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);

	for (size_t i = 0; i < size; i++)
		copy[i] = text[i];
	tw_err e = tw_form_parse(sys, (struct tw_slice){ copy, size }, 200, shape, ret);
	free(copy);
	return e;
}

static const struct {
	const char *form, *json; /* NULL: refused */
	const char *detail;
} rows[] = {
	{ "", "{}", NULL },
	{ "text=", "{\"text\":\"\"}", NULL },
	{ "text=a+b%2Bc&other=d", "{\"other\":\"d\",\"text\":\"a b+c\"}", NULL },
	{ "text=%C3%BC=%26", "{\"text\":\"ü=&\"}", NULL },
	{ "te%78t=1", "{\"text\":\"1\"}", NULL },
	{ "text=a%0D%0Ab%0Dc%0Ad", "{\"text\":\"a\\nb\\nc\\nd\"}", NULL },
	{ "text=%1B[31m%09%7F", "{\"text\":\"\xef\xbf\xbd[31m\\t\xef\xbf\xbd\"}", NULL },
	{ "text=%0D", "{\"text\":\"\\n\"}", NULL },
	{ "n=7&box=on", "{\"box\":true,\"n\":7}", NULL },
	{ "n=&box=", "{}", NULL },
	{ "text=%", NULL, "byte 6: a percent sign" },
	{ "text=a%4", NULL, "byte 7: a percent sign" },
	{ "text=%g0", NULL, "byte 6: a percent sign" },
	{ "text=%00", NULL, "byte 6: no UTF-8" },
	{ "text=%FF", NULL, "byte 6: no UTF-8" },
	{ "text=%C0%80", NULL, "no UTF-8" },
	{ "text=1&text=2", NULL, "byte 8: 'text' twice" },
	{ "nothing=1", NULL, "byte 1: an unknown field" },
	{ "=1", NULL, "unknown" },
	{ "text", NULL, "byte 1: a field without" },
	{ "text=1&", NULL, "byte 7: nothing behind" },
	{ "&text=1", NULL, "byte 1: a field without" },
	{ "text=1&&other=2", NULL, "byte 8: a field without" },
	{ "n=x", NULL, "byte 3: 'n' wants" },
	{ "n=-1", NULL, "'n' wants" },
	{ "n=99999999999999999999", NULL, "'n' wants" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *j = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		tw_err e = parse(tw_sys_real(), rows[i].form, &j);

		tw_buf_init(&b, tw_sys_real(), 4096);
		if (tw_failed(e) != !rows[i].json ||
			(tw_failed(e) && (!tw_is(e, TW_CODE_SYNTAX) || !strstr(tw_err_detail(), rows[i].detail))))
			fail_msg("'%s': %s, %s", rows[i].form, tw_code_name(e.code), tw_err_detail());
		if (tw_failed(e))
			continue;
		CHECK_OK(tw_json_write(j, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].json);
	}
}

static void test_bounds(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	char text[202] = "text=", key[201];

	memset(text + 5, 'a', 195);
	text[200] = '\0';
	CHECK_OK(parse(tw_sys_real(), text, &j)); /* how long a text may be is the shape's to say */
	CHECK_INT(strlen(tw_json_text(j, "text")), 195);
	text[200] = 'a';
	text[201] = '\0';
	CHECK_ERR(parse(tw_sys_real(), text, &j), LIMIT);
	memset(key, 'k', 200);
	key[199] = '=';
	key[200] = '\0';
	CHECK_ERR(parse(tw_sys_real(), key, &j), SYNTAX);
	CHECK(strstr(tw_err_detail(), "longer than any"));
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	return parse(sys, "text=a%0Ab&n=1&box=on&other=%C3%BC", &j);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(sweep, NULL);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_bounds), cmocka_unit_test(test_out_of_memory))

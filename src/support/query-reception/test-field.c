/* SPDX-License-Identifier: Apache-2.0 */
#include "support/query-reception/field.h"

#include "check.h"
#include "oom.h"

#include <string.h>

static const struct tw_choice choices[] = { { "one", TW_W_KIND_FLAW }, { "two", TW_W_KIND_BUG }, { .value = NULL } };
static const struct tw_field line = { "line", TW_W_PRODUCT, TW_WORDS, 4 },
			     box = { "box", TW_W_DESCRIPTION, TW_W_DESCRIPTION_HINT, 4, .rows = 2, .needed = true },
			     choice = { "choice", TW_W_KIND, TW_WORDS, .choices = choices };

static void test_faults(void **state)
{
	static const struct {
		const struct tw_field *field;
		const char *value;
		enum tw_word fault;
	} rows[] = { { &line, "", TW_WORDS }, { &line, "abcd", TW_WORDS }, { &line, "abcde", TW_W_TOO_LONG },
		{ &line, "a\nb", TW_W_ONE_LINE }, { &line, "äöüß", TW_WORDS }, { &line, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", TW_WORDS },
		{ &line, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80!", TW_W_TOO_LONG }, { &box, "", TW_W_NEEDED },
		{ &box, " \n\t", TW_W_NEEDED }, { &box, "a\nb", TW_WORDS }, { &choice, "", TW_WORDS }, { &choice, "two", TW_WORDS },
		{ &choice, "three", TW_W_NOT_OFFERED } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_field_fault(rows[i].field, rows[i].value) != rows[i].fault)
			fail_msg("row %zu: '%s'", i, rows[i].value);
}

static tw_err write_all(struct tw_buf *b, void *user)
{
	const struct tw_look look = { .language = TW_GERMAN, .chosen = true };
	const struct tw_field fields[] = { line, box, choice };
	const enum tw_word faults[] = { TW_W_TOO_LONG, TW_W_NEEDED, TW_WORDS };
	struct tw_html h;

	tw_html_begin(&h, b);
	tw_html_open(&h, TW_E_MAIN);
	tw_field_summary(&h, look, fields, faults, 3);
	tw_form_open(&h, look, "/report");
	for (size_t i = 0; i < 3; i++)
		tw_field_write(&h, look, &fields[i], user, faults[i]);
	tw_form_close(&h, look, TW_W_SEND);
	tw_html_close(&h);
	return tw_html_finish(&h);
}

static void test_what_was_typed_comes_back_escaped(void **state)
{
	static const char *const hostile[] = { "\"><script>alert(1)</script>", "</textarea><img src=x onerror=alert(1)>",
		"'; DROP TABLE report; --", "../../etc/passwd", "a\r\nSet-Cookie: b=c", "\xff\xfe", "\n\nlines" };

	for (size_t i = 0; i < TW_COUNT(hostile); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 1 << 20);
		CHECK_OK(write_all(&b, (void *)(uintptr_t)hostile[i]));
		CHECK(!strstr(tw_buf_cstr(&b), "<script") && !strstr(tw_buf_cstr(&b), "<img") && !strstr(tw_buf_cstr(&b), "\xff"));
		CHECK(strstr(tw_buf_cstr(&b), "href=\"#field-box\"") && strstr(tw_buf_cstr(&b), "name=\"lang\" value=\"de\""));
		CHECK(strstr(tw_buf_cstr(&b), "aria-describedby=\"error-box hint-box\""));
	}
}

static void test_out_of_memory(void **state)
{
	write_sweep(write_all, "typed");
}

CHECK_MAIN(cmocka_unit_test(test_faults), cmocka_unit_test(test_what_was_typed_comes_back_escaped), cmocka_unit_test(test_out_of_memory))

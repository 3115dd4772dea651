/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a page is given to show stays text, and what could act cannot be written. */
#include "formats/html.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>

static struct tw_buf out;
static struct tw_html h;

static void begin(void)
{
	tw_buf_done(&out);
	tw_buf_init(&out, tw_sys_real(), 4096);
	tw_html_begin(&h, &out);
}

static void ends_as(const char *want)
{
	char whole[512];

	CHECK_OK(tw_html_finish(&h));
	(void)snprintf(whole, sizeof whole, "<!DOCTYPE html>\n%s", want);
	assert_string_equal(tw_buf_cstr(&out), whole);
}

static void test_text_stays_text(void **state)
{
	static const struct {
		struct tw_slice in;
		const char *want;
	} rows[] = {
		{ TW_SLICE("a<b"), "a&lt;b" },
		{ TW_SLICE("</p><script>x()</script>"), "&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;" },
		{ TW_SLICE("&lt;"), "&amp;lt;" },
		{ TW_SLICE("\xc3\xa4"), "\xc3\xa4" },
		{ TW_SLICE("a\0<"), "a\xef\xbf\xbd&lt;" },
		{ TW_SLICE("\xc0\xbc"), "\xef\xbf\xbd\xef\xbf\xbd" }, /* "<" in two bytes */
		{ TW_SLICE("\xc3"), "\xef\xbf\xbd" },
		{ TW_SLICE("\x1b[31m\x7f"), "\xef\xbf\xbd[31m\xef\xbf\xbd" }, /* a terminal would obey */
		{ TW_SLICE("a\tb\r\n"), "a\tb\r\n" },
		{ TW_SLICE(""), "" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char want[256];

		begin();
		tw_html_open(&h, TW_E_P);
		tw_html_text(&h, rows[i].in);
		tw_html_close(&h);
		(void)snprintf(want, sizeof want, "<p>%s</p>", rows[i].want);
		ends_as(want);
	}
}

static void test_values_stay_values(void **state)
{
	begin();
	tw_html_open(&h, TW_E_INPUT);
	tw_html_attr(&h, TW_AT_VALUE, TW_SLICE("\" autofocus onfocus='x()'>"));
	tw_html_close(&h);
	CHECK_OK(tw_html_finish(&h));
	assert_null(strstr(tw_buf_cstr(&out), "\" autofocus"));
	assert_null(strchr(tw_buf_cstr(&out), '\''));
	assert_non_null(strstr(tw_buf_cstr(&out), "&quot; autofocus"));
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		bool taken;
	} rows[] = { { "/", true }, { "#main", true }, { "#", false }, { "/report?a=1&b=2", true }, { "https://example.org/", true },
		{ "mailto:psirt@example.org", true }, { "tel:+49301234567", true }, { "//example.org/", false },
		{ "javascript:x()", false }, { "JavaScript:x()", false }, { "http://example.org/", false },
		{ "data:text/html,x", false }, { "/\\example.org", false }, { "/\t/example.org", false },
		{ "java\nscript:x()", false }, { " /", false }, { "", false }, { "report", false }, { "https:", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		begin();
		tw_html_open(&h, TW_E_A);
		tw_html_link(&h, tw_slice_of(rows[i].address));
		tw_html_close(&h);
		if (rows[i].taken)
			CHECK_OK(tw_html_finish(&h));
		else
			CHECK_ERR(tw_html_finish(&h), DENIED);
	}
	begin();
	tw_html_open(&h, TW_E_FORM); /* a form goes nowhere else */
	tw_html_link(&h, TW_SLICE("https://example.org/"));
	tw_html_close(&h);
	CHECK_ERR(tw_html_finish(&h), DENIED);
	begin();
	tw_html_open(&h, TW_E_P);
	tw_html_link(&h, TW_SLICE("/"));
	tw_html_close(&h);
	CHECK_ERR(tw_html_finish(&h), DENIED);
}

/* By the name of a file of ours, and by nothing else. */
static void test_scripts(void **state)
{
	static const struct {
		const char *address;
		bool taken;
	} rows[] = { { "/passkey.js", true }, { "/a-b.js", true }, { "", false }, { "/", false }, { "/.js", false },
		{ "passkey.js", false }, { "//evil.example/x.js", false }, { "https://evil.example/x.js", false },
		{ "/x.js?y", false }, { "/../x.js", false }, { "/a/b.js", false }, { "/X.js", false }, { "/x.json", false },
		{ "/\"x.js", false }, { "data:,x.js", false } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		begin();
		tw_html_open(&h, TW_E_P);
		tw_html_script(&h, tw_slice_of(rows[i].address));
		tw_html_close(&h);
		if (!rows[i].taken)
			CHECK_ERR(tw_html_finish(&h), DENIED);
		else
			CHECK_OK(tw_html_finish(&h));
	}
}

static void test_order(void **state)
{
	begin();
	tw_html_open(&h, TW_E_UL);
	tw_html_attr(&h, TW_AT_CLASS, TW_SLICE("x"));
	tw_html_put(&h, TW_E_LI, "one");
	tw_html_open(&h, TW_E_META);
	tw_html_close(&h);
	tw_html_close(&h);
	ends_as("<ul class=\"x\"><li>one</li><meta></ul>");
	begin();
	tw_html_open(&h, TW_E_P);
	CHECK_ERR(tw_html_finish(&h), INTERNAL);
	begin();
	tw_html_close(&h);
	CHECK_ERR(tw_html_finish(&h), INTERNAL);
	begin();
	tw_html_open(&h, TW_E_P);
	tw_html_text(&h, TW_SLICE("a"));
	tw_html_attr(&h, TW_AT_ID, TW_SLICE("late"));
	tw_html_close(&h);
	CHECK_ERR(tw_html_finish(&h), INTERNAL);
	begin();
	for (size_t i = 0; i <= TW_HTML_DEPTH; i++)
		tw_html_open(&h, TW_E_SECTION);
	CHECK_ERR(tw_html_finish(&h), INTERNAL);
}

static void test_the_first_failure_stays(void **state)
{
	char long_text[5000];

	memset(long_text, '<', sizeof long_text);
	begin();
	tw_html_open(&h, TW_E_P);
	tw_html_text(&h, (struct tw_slice){ long_text, sizeof long_text });
	tw_html_attr(&h, TW_AT_ID, TW_SLICE("late"));
	CHECK_ERR(tw_html_finish(&h), LIMIT);
	CHECK(out.size <= 4096);
}

/* The call of the seam that fails is found at the end of the page, whichever it is, and nothing is lost in memory. */
static void test_memory_that_runs_out(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	long nth = 1;

	for (; fired && nth < 100; nth++) {
		tw_buf_done(&out);
		tw_buf_init(&out, tw_fake_sys(f), 4096);
		tw_fake_fail(f, nth, ENOMEM, false);
		tw_html_begin(&h, &out);
		tw_html_open(&h, TW_E_P);
		for (int i = 0; i < 100; i++)
			tw_html_text(&h, TW_SLICE("a < b"));
		tw_html_close(&h);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (fired)
			CHECK_ERR(tw_html_finish(&h), NOMEM);
		else
			CHECK_OK(tw_html_finish(&h));
	}
	CHECK(nth > 3 && nth < 100);
	tw_buf_done(&out);
	(void)tw_fake_free(f);
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void test_a_title_is_as_long_as_windows_show(void **state)
{
	static const struct {
		struct tw_slice in;
		const char *want;
	} rows[] = {
		{ TW_SLICE(""), "" },
		{ TW_SLICE("a<b"), "a&lt;b" },
		{ TW_SLICE(SIXTY TEN), SIXTY TEN },
		{ TW_SLICE(SIXTY TEN "x"), SIXTY "012345678\xe2\x80\xa6" },
		{ TW_SLICE(SIXTY "012345678\xc3\xa4"), SIXTY "012345678\xc3\xa4" },
		{ TW_SLICE(SIXTY "01234567\xc3\xa4\xc3\xa4\xc3\xa4"), SIXTY "01234567\xc3\xa4\xe2\x80\xa6" }, /* no half of one */
		{ TW_SLICE(SIXTY "0123456\""), SIXTY "0123456\xe2\x80\xa6" },
		{ TW_SLICE(SIXTY "0123\""), SIXTY "0123&quot;" },
		{ TW_SLICE(SIXTY "012345678\xff" TEN), SIXTY "012345678\xe2\x80\xa6" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char want[256];

		begin();
		tw_html_title(&h, rows[i].in);
		(void)snprintf(want, sizeof want, "<title>%s</title>", rows[i].want);
		ends_as(want);
	}
}

static int done(void **state)
{
	tw_buf_done(&out);
	return 0;
}

CHECK_MAIN(cmocka_unit_test_teardown(test_text_stays_text, done), cmocka_unit_test_teardown(test_values_stay_values, done),
	cmocka_unit_test_teardown(test_addresses, done), cmocka_unit_test_teardown(test_scripts, done),
	cmocka_unit_test_teardown(test_a_title_is_as_long_as_windows_show, done), cmocka_unit_test_teardown(test_order, done),
	cmocka_unit_test_teardown(test_the_first_failure_stays, done), cmocka_unit_test_teardown(test_memory_that_runs_out, done))

/* SPDX-License-Identifier: Apache-2.0 */
/* What is a tag and what is text, and what attributes say; every cut of a page ends. */
#include "formats/htmlscan.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

/* Each tag with what stands before it: "[text]name" or "[text]/name". */
static void tags_of(const char *page, char *ret, size_t size)
{
	struct tw_htmlscan s = tw_htmlscan_of(tw_slice_of(page));
	struct tw_htmltag t;
	size_t n = 0;

	ret[0] = '\0';
	while (tw_htmlscan_next(&s, &t) && n < size)
		n += (size_t)snprintf(ret + n, size - n, "[" TW_SLICE_FMT "]%s" TW_SLICE_FMT, TW_SLICE_ARG(t.before),
			t.end ? "/" : "", TW_SLICE_ARG(t.name));
}

static void test_tags(void **state)
{
	static const struct {
		const char *page, *tags;
	} rows[] = {
		{ "", "" },
		{ "text alone < 3 & more", "" },
		{ "<p>a</p>", "[]p[a]/p" },
		{ "<!doctype html><p>", "[<!doctype html>]p" },
		{ "<!-- <b> --><i>", "[<!-- <b> -->]i" },
		{ "<!-- <b> <i>", "" },
		{ "<a title=\"x > y\">z</a>", "[]a[z]/a" },
		{ "<a title='x > y'/>", "[]a" },
		{ "<br/><hr />", "[]br[]hr" },
		{ "1 <2 <p>", "[1 <2 ]p" },
		{ "<title><b></title><b>", "[]title[<b>]/title[]b" },
		{ "<textarea><a href=x></TEXTAREA ><p>", "[]textarea[<a href=x>]/TEXTAREA[]p" },
		{ "<script>if (a</b>c)</script>", "[]script[if (a</b>c)]/script" },
		{ "<textarea></textareas><p>", "[]textarea" },
		{ "<p", "" },
		{ "<p title=\"", "" },
		{ "<p><", "[]p" },
		{ "</", "" },
	};
	char tags[256];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tags_of(rows[i].page, tags, sizeof tags);
		CHECK_TEXT(tags, rows[i].tags);
	}
}

static void test_attributes(void **state)
{
	static const struct {
		const char *tag, *name, *value; /* NULL: it has none */
	} rows[] = {
		{ "<a href=\"/x\">", "href", "/x" },
		{ "<a HREF='/x'>", "href", "/x" },
		{ "<a href=/x>", "href", "/x" },
		{ "<input required>", "required", "" },
		{ "<input required/>", "required", "" },
		{ "<input name=a required name=b>", "name", "a" },
		{ "<input name=a>", "names", NULL },
		{ "<input data=\"name=b\">", "name", NULL },
		{ "<input = name=b>", "name", "b" },
		{ "<input name=>", "name", "" },
		{ "<p>", "id", NULL },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_htmlscan s = tw_htmlscan_of(tw_slice_of(rows[i].tag));
		struct tw_htmltag t;
		struct tw_slice value;
		char text[64] = "";

		CHECK(tw_htmlscan_next(&s, &t));
		CHECK(tw_htmltag_attribute(&t, rows[i].name, &value) == (rows[i].value != NULL));
		if (!rows[i].value)
			continue;
		(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(value));
		CHECK_TEXT(text, rows[i].value);
	}
}

static void test_references(void **state)
{
	static const struct {
		const char *text, *is;
	} rows[] = {
		{ "a &amp; b &lt;c&gt; &quot;&apos;&#39;", "a & b <c> \"''" },
		{ "&#x41;&#65;&#X42;", "AAB" },
		{ "&#228;&#x20ac;&#x1f600;", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "&#0;&#xd800;&#x110000;&#;&#x;&none;&", "&#0;&#xd800;&#x110000;&#;&#x;&none;&" },
		{ "&#99999999999;&amp", "&#99999999999;&amp" },
		{ "&nbsp;", "\xc2\xa0" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 256);
		CHECK_OK(tw_html_resolve(tw_slice_of(rows[i].text), &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i].is);
	}
	TW_CLEANUP(tw_buf_done) struct tw_buf small = { 0 };
	tw_buf_init(&small, tw_sys_real(), 3);
	CHECK_ERR(tw_html_resolve(TW_SLICE("abcd"), &small), LIMIT);
}

/* A page cut anywhere is read to its end, also one made to be slow. */
static void test_every_cut_ends(void **state)
{
	static const char page[] = "<!doctype html><!-- c --><title>a<b</title><form action='/r'><input name=\"x\" value='&amp;' required><textarea>"
				   "<p></textarea></form>";
	static char slow[1 << 20];
	struct tw_htmltag t;
	struct tw_slice value;
	size_t n = 0;

	for (size_t size = 0; size < sizeof page; size++)
		for (struct tw_htmlscan s = tw_htmlscan_of((struct tw_slice){ page, size }); tw_htmlscan_next(&s, &t); n++)
			(void)tw_htmltag_attribute(&t, "value", &value);
	CHECK(n > 0);
	for (size_t i = 0; i < sizeof slow; i++)
		slow[i] = i % 2 ? 'a' : '<';
	n = 0;
	for (struct tw_htmlscan s = tw_htmlscan_of((struct tw_slice){ slow, sizeof slow }); tw_htmlscan_next(&s, &t); n++)
		;
	CHECK_INT(n, 0);
}

CHECK_MAIN(cmocka_unit_test(test_tags), cmocka_unit_test(test_attributes), cmocka_unit_test(test_references),
	cmocka_unit_test(test_every_cut_ends))

/* SPDX-License-Identifier: Apache-2.0 */
/* Customer pages: values where they belong, nothing from a product's description as markup. */
#include "product/document.h"

#include "oom.h"

static json_t *product(const char *name)
{
	return json_pack("{s:{s:s, s:s}, s:{s:I}}", "product", "name", name, "summary", "two\nlines", "organization", "pen",
		(json_int_t)32473);
}

static json_t *capability(void)
{
	return json_pack("{s:[{s:s, s:s, s:s, s:s}], s:[]}", "settings", "key", "a.b<", "default", "on", "baseline", "off", "help",
		"x & y", "events");
}

static const struct {
	const char *markdown, *html; /* html NULL: refused */
} rows[] = {
	{ "# A\n\ntext\n", "<h1>A</h1>\n<p>text</p>\n" },
	{ "{{product.name}} is here", "<p>Th*erm</p>" },
	{ "`{{organization.pen}}`", "<p><code>32473</code></p>\n" },
	{ "a <script>alert(1)</script>", "<p>a <!-- raw HTML omitted -->alert(1)<!-- raw HTML omitted --></p>\n" },
	{ "[x](javascript:alert)", "<p><a href=\"\">x</a></p>\n" },
	{ "{{product.summary}}", "<p>two lines</p>\n" },
	{ "a\n\n{{settings}}\n\nb\n",
		"<p>a</p>\n<table>\n<caption>Settings</caption>\n<thead><tr><th scope=\"col\">Setting</th><th scope=\"col\">Delivered as</th>"
		"<th scope=\"col\">Secure value</th><th scope=\"col\">What it does</th></tr></thead>\n<tbody>\n"
		"<tr><td data-head=\"Setting\">a.b&lt;</td><td data-head=\"Delivered as\">on</td><td data-head=\"Secure value\">off</td>"
		"<td data-head=\"What it does\">x &amp; y</td></tr>\n</tbody>\n</table>\n<p>b</p>\n" },
	{ "{{events}}", "<p>It causes no events of its own.</p>\n" },
	{ "{{product.no}}", NULL },
	{ "{{product}}", NULL },
	{ "{{}}", NULL },
	{ "{{product.name", NULL },
	{ "{{a-name-that-is-much-longer-than-any-member-of-product-yaml-has-ever-been-or-will-be-in-the-years-to-come}}", NULL },
};

static void test_rows(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *p = product("Th*erm"), *c = capability();
	struct tw_document d = { p, c };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 65536);
		tw_err e = tw_document_render(tw_sys_real(), &d, tw_slice_of(rows[i].markdown), &b);
		if (!rows[i].html) {
			CHECK(tw_is(e, TW_CODE_SYNTAX));
			continue;
		}
		CHECK_OK(e);
		if (i == 1)
			CHECK_TEXT(tw_buf_cstr(&b), "<p>Th*erm is here</p>\n");
		else
			CHECK_TEXT(tw_buf_cstr(&b), rows[i].html);
	}
}

/* A name that tries to be markup, a link, a heading and a script. */
static void test_hostile_name(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *p = product("<b onload=x>[y](http://z) # *k* `c` &amp; {{q}}"), *c = capability();
	struct tw_document d = { p, c };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(tw_document_render(tw_sys_real(), &d, tw_slice_of("{{product.name}}"), &b));
	CHECK_TEXT(tw_buf_cstr(&b), "<p>&lt;b onload=x&gt;[y](http://z) # *k* `c` &amp;amp; {{q}}</p>\n");
}

static tw_err whole(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, 65536);
	return tw_document_render(sys, user, tw_slice_of("# {{product.name}}\n\n{{settings}}\n\nend"), &b);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *p = product("T"), *c = capability();
	struct tw_document d = { p, c };

	CHECK(oom_sweep(whole, &d) > 3);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_hostile_name), cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around published documents: each rule of who may stand there, and each file in its form. test/run/test_csaf_site.py holds the same against other programs. */
#include "formats/csaf-site.h"

#include "formats/test-csaf-docs.h"

static void test_file_names(void **state)
{
	static const char *const rows[][2] = { { "Example Company - 2019-YH3234", "example_company_-_2019-yh3234.json" },
		{ "RHBA-2019:0024", "rhba-2019_0024.json" }, { "2022-#01-A", "2022-_01-a.json" },
		{ "2022-##_01-A", "2022-_01-a.json" }, { "A+b", "a+b.json" },
		{ "\xc3\x84"
		  "B",
			"_b.json" } };
	char name[TW_CSAF_NAME_MAX + 1], longest[300];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_csaf_file_name(rows[i][0], name));
		CHECK_TEXT(name, rows[i][1]);
	}
	memset(longest, 'a', sizeof(longest));
	longest[TW_CSAF_NAME_MAX - 5] = '\0';
	CHECK_OK(tw_csaf_file_name(longest, name));
	CHECK_INT(strlen(name), TW_CSAF_NAME_MAX);
	longest[TW_CSAF_NAME_MAX - 5] = 'a';
	longest[TW_CSAF_NAME_MAX - 4] = '\0';
	CHECK_ERR(tw_csaf_file_name(longest, name), LIMIT);
	CHECK_ERR(tw_csaf_file_name("", name), SYNTAX);
}

static tw_err entry_after(const char *where, const char *json, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_of(ADVISORY);
	const struct edit e = { where, json };

	if (where)
		edit_document(document, &e);
	return tw_csaf_entry(document, ret);
}

static void test_who_may_be_public(void **state)
{
	static const struct {
		const char *where, *json, *rule;
	} rows[] = {
		{ "/document/distribution", NULL, "7.1.4" },
		{ "/document/distribution/tlp/label", "'GREEN'", "7.1.4" },
		{ "/document/distribution/tlp/label", "'RED'", "7.1.4" },
		{ "/document/tracking/status", "'draft'", "3.2.1.12.7" },
		{ "/document/tracking/current_release_date", "'2026-02-01 10:00:00Z'", "RFC 3339" },
		{ "/document/tracking/id", "'index'", "list of its year" },
		{ "/document/tracking/id", "'InDeX'", "list of its year" },
	};
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;

	CHECK_OK(entry_after(NULL, NULL, &entry));
	CHECK_TEXT(tw_json_text(entry, "file"), "2026/lamps-1.json");
	CHECK_TEXT(tw_json_text(entry, "summary"), "It shines.");
	tw_jsonp(&entry);
	CHECK_OK(entry_after("/document/tracking/id", "'index-1'", &entry));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		json_t *none = NULL;

		CHECK_ERR(entry_after(rows[i].where, rows[i].json, &none), DENIED);
		CHECK(strstr(tw_err_detail(), rows[i].rule) && !none);
	}
}

static void test_what_may_follow(void **state)
{
	static const struct {
		struct edit edits[3];
		const char *rule; /* NULL: it may */
	} rows[] = {
		{ { { "/document/tracking/version", "'3'" } }, NULL },
		{ { { "/document/tracking/version", "'10'" } }, NULL },
		{ { { NULL, NULL } }, "3.1.11" },
		{ { { "/document/tracking/version", "'1'" } }, "3.1.11" },
		{ { { "/document/tracking/version", "'3.0.0'" } }, "3.1.11" },
		{ { { "/document/tracking/version", "'3'" }, { "/document/tracking/id", "'lamps_1'" } }, "5.1" },
		{ { { "/document/tracking/version", "'3'" }, { "/document/tracking/initial_release_date", "'2025-01-01T10:00:00Z'" } },
			"3.2.1.12.5" },
		{ { { "/document/tracking/version", "'3'" }, { "/document/tracking/current_release_date", "'2026-02-01T10:59:59+01:00'" } },
			"3.2.1.12.2" },
		{ { { "/document/tracking/version", "'3'" }, { "/document/tracking/revision_history/1", NULL } }, "3.2.1.12.6" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *was = json_of(ADVISORY), *is = json_of(ADVISORY);

		for (size_t k = 0; k < 3 && rows[i].edits[k].where; k++)
			edit_document(is, &rows[i].edits[k]);
		tw_err e = tw_csaf_follows(was, is);
		if (!rows[i].rule)
			CHECK_OK(e);
		else if (!tw_is(e, TW_CODE_DENIED) || !strstr(tw_err_detail(), rows[i].rule))
			fail_msg("row %zu: %s", i, tw_err_detail());
	}
}

static void fill(struct tw_csaf_site *s)
{
	json_t *document = json_of(ADVISORY), *entry = NULL;

	*s = (struct tw_csaf_site){ .listed = true, .mirrored = true, .entries = json_array() };
	CHECK_OK(tw_csaf_site_url(s, "https://lamps.example/.well-known/csaf/"));
	CHECK_OK(tw_csaf_entry(document, &entry));
	CHECK_OK(tw_json_append(s->entries, entry));
	s->publisher = json_incref(json_object_get(json_object_get(document, "document"), "publisher"));
	snprintf(s->updated, sizeof(s->updated), "2026-03-01T00:00:00.000Z");
	snprintf(s->contact, sizeof(s->contact), "mailto:psirt@lamps.example");
	snprintf(s->expires, sizeof(s->expires), "2027-01-01T00:00:00.000Z");
	memset(s->keys.of[0], 'A', 40);
	s->keys.count = 1;
	json_decref(document);
}

struct seen {
	size_t files;
	char paths[1024];
	struct tw_buf provider, securitytxt, index, changes;
};

static tw_err on_file(void *user, const char *path, struct tw_slice bytes)
{
	struct seen *seen = user;
	size_t used = strlen(seen->paths);
	struct tw_buf *b = !strcmp(path, TW_CSAF_PROVIDER)     ? &seen->provider
		: !strcmp(path, TW_CSAF_SECURITYTXT)           ? &seen->securitytxt
		: !strcmp(path, TW_CSAF_FOLDER "/index.txt")   ? &seen->index
		: !strcmp(path, TW_CSAF_FOLDER "/changes.csv") ? &seen->changes
							       : NULL;

	seen->files++;
	snprintf(seen->paths + used, sizeof(seen->paths) - used, "%s ", path);
	return b ? tw_buf_add(b, bytes.at, bytes.size) : TW_OK;
}

static void seen_init(struct seen *seen)
{
	*seen = (struct seen){ 0 };
	tw_buf_init(&seen->provider, tw_sys_real(), 65536);
	tw_buf_init(&seen->securitytxt, tw_sys_real(), 65536);
	tw_buf_init(&seen->index, tw_sys_real(), 65536);
	tw_buf_init(&seen->changes, tw_sys_real(), 65536);
}

static void seen_done(struct seen *seen)
{
	tw_buf_done(&seen->provider);
	tw_buf_done(&seen->securitytxt);
	tw_buf_done(&seen->index);
	tw_buf_done(&seen->changes);
}

static void test_the_whole_site(void **state)
{
	TW_CLEANUP(tw_csaf_site_done) struct tw_csaf_site s = { 0 }, again = { 0 };
	TW_CLEANUP(seen_done) struct seen seen;

	fill(&s);
	seen_init(&seen);
	CHECK_OK(tw_csaf_site_write(tw_sys_real(), &s, on_file, &seen));
	CHECK_TEXT(seen.paths,
		"provider-metadata.json service.json white/csaf-feed-tlp-white.json white/index.txt white/changes.csv white/atom.xml "
		"white/index.html security.txt advisory.css white/2026/index.html ");
	CHECK_TEXT(tw_buf_cstr(&seen.index), "2026/lamps-1.json\n");
	CHECK_TEXT(tw_buf_cstr(&seen.changes), "\"2026/lamps-1.json\",\"2026-02-01T10:00:00Z\"\n");
	CHECK_OK(tw_csaf_provider_read(tw_sys_real(), tw_buf_slice(&seen.provider), &again));
	CHECK_OK(tw_csaf_securitytxt_read(tw_buf_slice(&seen.securitytxt), &again));
	CHECK_TEXT(again.url, s.url);
	CHECK_TEXT(again.updated, s.updated);
	CHECK_TEXT(again.contact, s.contact);
	CHECK_TEXT(again.expires, s.expires);
	CHECK(again.listed && again.mirrored && again.keys.count == 1 && json_equal(again.publisher, s.publisher));
	CHECK_TEXT(again.keys.of[0], s.keys.of[0]);
}

static void test_addresses_of_sites(void **state)
{
	static const char *const bad[] = { "http://lamps.example", "https://", "https:///x", "https://l/?a", "https://l/#a",
		"https://l/a b", "https://l/'", "x" };
	struct tw_csaf_site s;

	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_csaf_site_url(&s, bad[i]), SYNTAX);
}

static void test_hashes(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 1024);
	CHECK_OK(tw_csaf_hash(tw_sys_real(), "sha-256", "a.json", TW_SLICE("abc"), &b));
	CHECK_TEXT(tw_buf_cstr(&b), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.json\n");
}

/* In a page and in a feed, whatever a document says stays text, and only https and mail are links. */
static void test_nothing_of_a_document_acts(void **state)
{
	static const struct edit edits[] = { { "/document/title", "'<script>alert(1)</script>'" },
		{ "/document/notes/0/text", "'a \\u0001 & <b>'" }, { "/document/references/0/url", "'javascript:alert(1)'" },
		{ "/vulnerabilities/0/references/0/url", "'https://a.example/\\\"onclick=\\\"x'" } };
	TW_CLEANUP(tw_csaf_site_done) struct tw_csaf_site s = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = json_of(ADVISORY), *entry = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	fill(&s);
	for (size_t i = 0; i < TW_COUNT(edits); i++)
		edit_document(document, &edits[i]);
	CHECK_OK(tw_csaf_entry(document, &entry));
	tw_buf_init(&b, tw_sys_real(), 1024 * 1024);
	CHECK_OK(tw_csaf_page(tw_sys_real(), &s, entry, document, &b));
	CHECK(!strstr(tw_buf_cstr(&b), "<script") && !strstr(tw_buf_cstr(&b), "href=\"javascript") &&
		!strstr(tw_buf_cstr(&b), "onclick=\""));
	CHECK(strstr(tw_buf_cstr(&b), "Lamp on hub") && strstr(tw_buf_cstr(&b), "&lt;script&gt;"));
	CHECK(strstr(tw_buf_cstr(&b),
		"<dt>Lamp 1.0</dt><dd>Package URL: <code>pkg:deb/debian/lamp@1.0</code></dd><dd>CPE: "
		"<code>cpe:2.3:h:lamps:lamp:1.0:*:*:*:*:*:*:*</code></dd><dd>Model: <code>L-?</code></dd>"
		"<dd>Article number: <code>S</code></dd><dd>Serial number: <code>1</code></dd>"
		"<dd>lamp.bin md5: <code>d41d8cd98f00b204e9800998ecf8427e</code></dd><dd>lamp.bin sha256: <code>"));
	CHECK_OK(tw_json_append(s.entries, json_incref(entry)));
	tw_buf_clear(&b);
	CHECK_OK(tw_csaf_atom(&s, &b));
	CHECK(!strstr(tw_buf_cstr(&b), "<script") && !strchr(tw_buf_cstr(&b), 1));
}

/* A feed of some of it: its own id, and what an entry does not say is left out. */
static void test_a_feed_of_one_product(void **state)
{
	TW_CLEANUP(tw_csaf_site_done) struct tw_csaf_site s = { 0 };
	TW_CLEANUP(tw_jsonp)
	json_t *entries = json_pack("[{s:s, s:s, s:s, s:s}]", "id", "A-1", "title", "<b>&", "updated", "2026-01-01T00:00:00+01:00",
		"file", "2026/a-1.json");
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	fill(&s);
	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(tw_csaf_atom_of(&s, &(struct tw_csaf_feed){ "https://a.example/f/x", "https://a.example/p/x", ": <x>", entries }, &b));
	CHECK(strstr(tw_buf_cstr(&b), "<id>https://a.example/f/x</id>") && strstr(tw_buf_cstr(&b), ": &lt;x&gt;</title>"));
	CHECK(strstr(tw_buf_cstr(&b), "rel=\"self\" type=\"application/atom+xml\" href=\"https://a.example/f/x\""));
	CHECK(strstr(tw_buf_cstr(&b), "<title>&lt;b&gt;&amp;</title>") &&
		strstr(tw_buf_cstr(&b), "<updated>2025-12-31T23:00:00.000Z</updated>"));
	CHECK(!strstr(tw_buf_cstr(&b), "<published>") && !strstr(tw_buf_cstr(&b), "<summary>"));
}

static void test_order(void **state)
{
	TW_CLEANUP(tw_jsonp)
	json_t *list = json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "file", "2026/a.json", "updated", "2026-01-01T00:00:00Z", "file",
		"2026/c.json", "updated", "2026-01-02T00:00:00+02:00", "file", "2026/b.json", "updated", "2026-01-01T22:00:00Z");

	CHECK_OK(tw_csaf_entries_sort(tw_sys_real(), list));
	CHECK_TEXT(tw_json_text(json_array_get(list, 0), "file"), "2026/b.json");
	CHECK_TEXT(tw_json_text(json_array_get(list, 1), "file"), "2026/c.json");
	CHECK_TEXT(tw_json_text(json_array_get(list, 2), "file"), "2026/a.json");
}

static tw_err ignore_file(void *user, const char *path, struct tw_slice bytes)
{
	return TW_OK;
}

static tw_err write_all(const struct tw_sys *sys, void *user)
{
	struct tw_csaf_site *s = user;
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *entry = NULL;

	TW_TRY(tw_csaf_site_write(sys, s, ignore_file, NULL));
	TW_TRY(tw_json_parse(TW_SLICE("{\"document\":{\"title\":\"T\",\"distribution\":{\"tlp\":{\"label\":\"WHITE\"}},\"tracking\":{\"id\":\"A\","
				      "\"status\":\"final\",\"version\":\"1\",\"initial_release_date\":\"2026-01-01T00:00:00Z\","
				      "\"current_release_date\":\"2026-01-01T00:00:00Z\"}},\"product_tree\":{\"full_product_names\":[{\"name\":\"L\","
				      "\"product_id\":\"P\"}]}}"),
		4096, &document));
	TW_TRY(tw_csaf_entry(document, &entry));
	return tw_csaf_beside(sys, s, &(const struct tw_csaf_published){ entry, TW_SLICE("x"), document }, ignore_file, NULL);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_csaf_site_done) struct tw_csaf_site s = { 0 };

	fill(&s);
	CHECK(loose_sweep_with(ENOMEM, write_all, &s) > 20);
}

CHECK_MAIN(cmocka_unit_test(test_file_names), cmocka_unit_test(test_who_may_be_public), cmocka_unit_test(test_what_may_follow),
	cmocka_unit_test(test_the_whole_site), cmocka_unit_test(test_addresses_of_sites), cmocka_unit_test(test_hashes),
	cmocka_unit_test(test_nothing_of_a_document_acts), cmocka_unit_test(test_a_feed_of_one_product),
	cmocka_unit_test(test_order), cmocka_unit_test(test_out_of_memory))

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward csaf tree check`: is everything in a provider's tree what its documents give? Every list, hash and page is written again and
 * compared, every document validated, every signature checked; what belongs to none of it is named too.
 */
#include "base/text.h"
#include "formats/csaf.h"
#include "product/csaf-tree.h"
#include "sys/walk.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/openpgp.h"

#include <string.h>

const struct tw_option tw_options_csaf_tree_check[] = {
	{ "openpgp-program", "FILE", false, "the signer's program, where it is not installed" },
	{},
};

struct check {
	struct tw_tool *t;
	struct tw_openpgp openpgp;
	struct tw_csaf_tree tree;
	json_t *found, *known; /* what is wrong; the paths of what belongs there */
	struct tw_buf keys;
};

static void check_done(struct check *c)
{
	tw_csaf_tree_done(&c->tree);
	tw_jsonp(&c->found);
	tw_jsonp(&c->known);
	tw_buf_done(&c->keys);
}

static tw_err wrong(struct check *c, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
static tw_err wrong(struct check *c, const char *path, const char *format, ...)
{
	char message[TW_DETAIL_MAX], mended[TW_WALK_PATH_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	(void)snprintf(mended, sizeof(mended), "%s", path);
	tw_utf8_mend(mended);
	tw_utf8_mend(message);
	return tw_json_append(c->found, json_pack("{s:s, s:s}", "path", mended, "message", message));
}

/* Where two texts part; lines from 1. */
static size_t line_of_difference(struct tw_slice a, struct tw_slice b)
{
	size_t line = 1;

	for (size_t i = 0; i < a.size && i < b.size && a.at[i] == b.at[i]; i++)
		line += a.at[i] == '\n';
	return line;
}

static tw_err compare(void *user, const char *path, struct tw_slice bytes)
{
	struct check *c = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf there = { 0 };

	TW_TRY(tw_json_set(c->known, path, json_true()));
	tw_buf_init(&there, c->t->sys, 2 * (size_t)TW_CSAF_MAX);
	tw_err e = tw_csaf_tree_read(&c->tree, path, there.max, &there);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return wrong(c, path, "is missing");
	TW_TRY(e);
	if (there.size == bytes.size && !memcmp(tw_buf_cstr(&there), bytes.at, bytes.size))
		return TW_OK;
	return wrong(c, path, "line %zu is not what the documents give", line_of_difference(tw_buf_slice(&there), bytes));
}

/* --- One document --- */

static tw_err on_finding(void *user, const struct tw_csaf_finding *f)
{
	return TW_OK;
}

static tw_err check_valid(struct check *c, const char *path, const json_t *document)
{
	const struct tw_csaf_check how = { .tell = on_finding };
	struct tw_csaf_counts counts;

	TW_TRY(tw_csaf_check_json(c->t->sys, document, &how, &counts));
	for (size_t i = 0; i < TW_CSAF_TESTS; i++)
		if (counts.of[i])
			return wrong(c, path, "is no valid CSAF 2.0 document: test %s", tw_csaf_test_id((enum tw_csaf_test)i));
	return TW_OK;
}

static bool is_ours(const struct check *c, const char *fingerprint)
{
	for (size_t i = 0; i < c->tree.site.keys.count; i++)
		if (!strcasecmp(c->tree.site.keys.of[i], fingerprint))
			return true;
	return false;
}

static tw_err check_signature(struct check *c, const json_t *entry, const char *path, struct tw_slice text)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf signature = { 0 };
	char fingerprint[65];

	if (!c->tree.site.keys.count)
		return TW_OK;
	TW_TRY(tw_json_set(c->known, path, json_true()));
	tw_buf_init(&signature, c->t->sys, TW_OPENPGP_MAX);
	TW_TRY(tw_csaf_tree_signature(&c->tree, entry, &signature));
	if (!signature.size)
		return wrong(c, path, "is missing");
	tw_err e = tw_openpgp_verify(&c->openpgp, text, tw_buf_slice(&signature), tw_buf_slice(&c->keys), fingerprint);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return wrong(c, path, "is no good signature of the document");
	TW_TRY(e);
	return is_ours(c, fingerprint) ? TW_OK : wrong(c, path, "is of a key that " TW_CSAF_PROVIDER " does not name: %s", fingerprint);
}

static tw_err check_entry(struct check *c, const json_t *entry)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	char path[TW_CSAF_PATH_MAX];

	tw_buf_init(&text, c->t->sys, TW_CSAF_MAX);
	TW_TRY(tw_csaf_tree_document(&c->tree, tw_json_text(entry, "file"), &text, &document));
	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s", tw_json_text(entry, "file"));
	TW_TRY(tw_json_set(c->known, path, json_true()));
	TW_TRY(check_valid(c, path, document));
	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s.asc", tw_json_text(entry, "file"));
	TW_TRY(check_signature(c, entry, path, tw_buf_slice(&text)));
	return tw_csaf_beside(
		c->t->sys, &c->tree.site, &(const struct tw_csaf_published){ entry, tw_buf_slice(&text), document }, compare, c);
}

/* --- The tree --- */

static tw_err check_keys(struct check *c)
{
	char path[TW_CSAF_PATH_MAX];

	tw_buf_init(&c->keys, c->t->sys, TW_CSAF_KEYS_MAX * (size_t)TW_OPENPGP_MAX);
	for (size_t i = 0; i < c->tree.site.keys.count; i++) {
		(void)snprintf(path, sizeof(path), "openpgp/%s.asc", c->tree.site.keys.of[i]);
		TW_TRY(tw_json_set(c->known, path, json_true()));
		TW_TRY(tw_buf_add(&c->keys, tw_buf_cstr(&c->tree.keys[i].text), c->tree.keys[i].text.size));
	}
	return TW_OK;
}

static tw_err check_expiry(struct check *c)
{
	int64_t expires;

	if (!*c->tree.site.contact)
		return TW_OK;
	TW_TRY(tw_parse_time(tw_slice_of(c->tree.site.expires), &expires));
	return expires > tw_now_ms(c->t->sys) ? TW_OK
					      : wrong(c, TW_CSAF_SECURITYTXT, "has expired; publishing, of nothing new too, renews it");
}

static tw_err check_strays(struct check *c)
{
	TW_CLEANUP(tw_walk_freep) tw_walk *w = NULL;
	struct tw_walk_entry e;

	TW_TRY(tw_walk_new(c->t->sys, c->tree.dir, "", &w));
	for (;;) {
		TW_TRY(tw_walk_next(w, &e));
		if (e.kind == TW_WALK_END)
			return TW_OK;
		if (e.kind == TW_WALK_FILE ? !tw_json_get(c->known, e.path) : e.kind != TW_WALK_FOLDER)
			TW_TRY(wrong(c, e.path, "belongs to nothing that is published"));
	}
}

static tw_err check_tree(struct check *c)
{
	const json_t *entry;
	size_t i;

	TW_TRY(check_keys(c));
	json_array_foreach(c->tree.site.entries, i, entry)
		TW_TRY(check_entry(c, entry));
	TW_TRY(tw_csaf_site_write(c->t->sys, &c->tree.site, compare, c));
	TW_TRY(check_expiry(c));
	return check_strays(c);
}

static tw_err answer(struct check *c, const char *path)
{
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:b, s:I, s:O}", "ok", json_array_size(c->found) == 0, "advisories",
		(json_int_t)json_array_size(c->tree.site.entries), "findings", c->found);
	const json_t *one;
	size_t i;

	if (!o)
		return TW_RAISE(NOMEM, "answer");
	if (c->t->json)
		TW_TRY(tw_print_value(c->t, o));
	json_array_foreach(c->found, i, one)
		TW_TRY(tw_print(c->t, "%s: %s\n", tw_json_text(one, "path"), tw_json_text(one, "message")));
	if (json_array_size(c->found))
		return tw_fail(c->t, TW_EXIT_FAILED, "publish what was changed again, or take the tree from where it was made",
			TW_RAISE(UNTRUSTED, "%s: %zu things are wrong", path, json_array_size(c->found)));
	return tw_print(c->t, "%s: %zu advisories, and everything beside them is theirs.\n", path, json_array_size(c->tree.site.entries));
}

tw_err tw_cmd_csaf_tree_check(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(check_done)
	struct check c = { .t = t, .openpgp = { t->sys, tw_arg(a, "openpgp-program") }, .tree = { .parent = -1, .dir = -1 } };

	c.found = json_array();
	c.known = json_object();
	if (!c.found || !c.known)
		return TW_RAISE(NOMEM, "answer");
	TW_TRY(tw_csaf_tree_open(t->sys, a->rest[0], false, &c.tree));
	if (c.tree.dir < 0)
		return TW_RAISE(NOTFOUND, "there is no tree %s", a->rest[0]);
	TW_TRY(check_tree(&c));
	return answer(&c, a->rest[0]);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "product/csaf-tree.h"

#include "formats/csaf.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define SIGNATURE_MAX (1024 * 1024)

void tw_csaf_draft_done(struct tw_csaf_draft *d)
{
	tw_buf_done(&d->text);
	tw_buf_done(&d->signature);
	tw_jsonp(&d->document);
	tw_jsonp(&d->entry);
}

void tw_csaf_tree_done(struct tw_csaf_tree *t)
{
	tw_closep(&t->parent);
	tw_closep(&t->dir);
	tw_csaf_site_done(&t->site);
	for (size_t i = 0; i < TW_CSAF_KEYS_MAX; i++)
		tw_buf_done(&t->keys[i].text);
}

/* --- What is there --- */

tw_err tw_csaf_tree_read(const struct tw_csaf_tree *t, const char *path, size_t max, struct tw_buf *ret)
{
	return t->dir < 0 ? TW_RAISE(NOTFOUND, "there is no tree") : tw_durable_read(t->sys, t->dir, path, max, ret);
}

tw_err tw_csaf_tree_document(const struct tw_csaf_tree *t, const char *file, struct tw_buf *text, json_t **ret)
{
	char path[TW_CSAF_PATH_MAX];

	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s", file);
	tw_buf_clear(text);
	TW_TRY(tw_csaf_tree_read(t, path, TW_CSAF_MAX, text));
	return tw_err_named(path, tw_json_parse_deep(tw_buf_slice(text), TW_CSAF_MAX, TW_JSON_DEEPEST, ret));
}

tw_err tw_csaf_tree_signature(const struct tw_csaf_tree *t, const json_t *entry, struct tw_buf *ret)
{
	char path[TW_CSAF_PATH_MAX];

	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s.asc", tw_json_text(entry, "file"));
	tw_err e = tw_csaf_tree_read(t, path, SIGNATURE_MAX, ret);
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_OK : e;
}

struct names {
	json_t *list;
	bool (*wanted)(const char *name);
	bool failed;
};

static bool keep_name(void *user, const char *name)
{
	struct names *n = user;

	if (n->wanted(name) && json_array_size(n->list) <= TW_CSAF_ENTRIES_MAX)
		n->failed = n->failed || json_array_append_new(n->list, json_string(name)) != 0; /* a name that is no UTF-8 too */
	return !n->failed;
}

static bool is_year(const char *name)
{
	return strlen(name) == 4 && strspn(name, "0123456789") == 4;
}

static bool is_document(const char *name)
{
	size_t size = strlen(name);

	return size > 5 && size <= TW_CSAF_NAME_MAX && !strcmp(name + size - 5, ".json");
}

static tw_err list(const struct tw_csaf_tree *t, const char *path, bool (*wanted)(const char *name), json_t **ret)
{
	TW_CLEANUP(tw_closep) int dir = t->sys->open_beneath(t->sys, t->dir, path, O_RDONLY | O_DIRECTORY, 0);
	TW_CLEANUP(tw_jsonp) json_t *found = json_array();
	struct names n = { found, wanted, false };

	if (!found)
		return TW_RAISE(NOMEM, "a list of names");
	if (dir < 0 && errno != ENOENT)
		return TW_RAISE_ERRNO("opening %s", path);
	if (dir >= 0 && t->sys->list(t->sys, dir, keep_name, &n) != 0)
		return TW_RAISE_ERRNO("listing %s", path);
	if (n.failed)
		return TW_RAISE(NOMEM, "a list of names");
	*ret = TW_STEAL(found);
	return TW_OK;
}

static tw_err read_entry(struct tw_csaf_tree *t, const char *file, struct tw_buf *text)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *entry = NULL;

	TW_TRY(tw_csaf_tree_document(t, file, text, &document));
	TW_TRY(tw_err_named(file, tw_csaf_entry(document, &entry)));
	if (strcmp(tw_json_text(entry, "file"), file) != 0)
		return TW_RAISE(STATE, "%s: by its id and year it is %s", file, tw_json_text(entry, "file"));
	if (json_array_size(t->site.entries) >= TW_CSAF_ENTRIES_MAX)
		return TW_RAISE(LIMIT, "a tree of more than %d advisories", TW_CSAF_ENTRIES_MAX);
	return tw_json_append(t->site.entries, TW_STEAL(entry));
}

static tw_err read_year(struct tw_csaf_tree *t, const char *year, struct tw_buf *text)
{
	TW_CLEANUP(tw_jsonp) json_t *names = NULL;
	char path[TW_CSAF_PATH_MAX];
	const json_t *name;
	size_t i;

	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s", year);
	TW_TRY(list(t, path, is_document, &names));
	json_array_foreach(names, i, name) {
		(void)snprintf(path, sizeof(path), "%s/%s", year, json_string_value(name));
		TW_TRY(read_entry(t, path, text));
	}
	return TW_OK;
}

static tw_err read_documents(struct tw_csaf_tree *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *years = NULL;
	const json_t *year;
	size_t i;

	tw_buf_init(&text, t->sys, TW_CSAF_MAX);
	TW_TRY(list(t, TW_CSAF_FOLDER, is_year, &years));
	json_array_foreach(years, i, year)
		TW_TRY(read_year(t, json_string_value(year), &text));
	return tw_csaf_entries_sort(t->sys, t->site.entries);
}

static void key_path(const char *fingerprint, char ret[TW_CSAF_PATH_MAX])
{
	(void)snprintf(ret, TW_CSAF_PATH_MAX, "openpgp/%s.asc", fingerprint);
}

static tw_err read_keys(struct tw_csaf_tree *t)
{
	char path[TW_CSAF_PATH_MAX];

	for (size_t i = 0; i < t->site.keys.count; i++) {
		(void)snprintf(t->keys[i].fingerprint, sizeof(t->keys[i].fingerprint), "%s", t->site.keys.of[i]);
		key_path(t->site.keys.of[i], path);
		tw_buf_init(&t->keys[i].text, t->sys, SIGNATURE_MAX);
		TW_TRY(tw_csaf_tree_read(t, path, SIGNATURE_MAX, &t->keys[i].text));
	}
	return TW_OK;
}

static tw_err read_site(struct tw_csaf_tree *t)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_err e;

	tw_buf_init(&b, t->sys, TW_CSAF_LIST_MAX);
	TW_TRY(tw_csaf_tree_read(t, TW_CSAF_PROVIDER, b.max, &b));
	TW_TRY(tw_err_named(TW_CSAF_PROVIDER, tw_csaf_provider_read(t->sys, tw_buf_slice(&b), &t->site)));
	tw_buf_clear(&b);
	e = tw_csaf_tree_read(t, TW_CSAF_SECURITYTXT, b.max, &b);
	if (!tw_is(e, TW_CODE_NOTFOUND)) {
		TW_TRY(e);
		TW_TRY(tw_csaf_securitytxt_read(tw_buf_slice(&b), &t->site));
	}
	TW_TRY(read_keys(t));
	return read_documents(t);
}

static tw_err open_parent(struct tw_csaf_tree *t, const char *path)
{
	char parent[4096];
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	const char *slash = memrchr(path, '/', size);
	size_t at = slash ? (size_t)(slash - path) + 1 : 0;
	if (size == at || size - at >= sizeof(t->name) || at >= sizeof(parent))
		return TW_RAISE(SYNTAX, "'%s' is no name of a directory", path);
	(void)snprintf(t->name, sizeof(t->name), "%.*s", (int)(size - at), path + at);
	(void)snprintf(parent, sizeof(parent), "%.*s", at ? (int)at : 1, at ? path : ".");
	t->parent = t->sys->open_path(t->sys, parent, O_RDONLY | O_DIRECTORY, 0);
	if (t->parent < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "there is no directory %s", parent);
	return t->parent < 0 ? TW_RAISE_ERRNO("opening %s", parent) : TW_OK;
}

static tw_err begin(const struct tw_sys *sys, struct tw_csaf_tree *ret)
{
	*ret = (struct tw_csaf_tree){
		.sys = sys, .parent = -1, .dir = -1, .site = { .listed = true, .mirrored = true, .entries = json_array() }
	};
	return ret->site.entries ? TW_OK : TW_RAISE(NOMEM, "a list of advisories");
}

/* The lock is on the directory the tree stands in: the tree itself is another one after each publishing. */
static tw_err open_tree(struct tw_csaf_tree *t, bool writing)
{
	if (writing && t->sys->lock(t->sys, t->parent) != 0)
		return errno == EWOULDBLOCK ? TW_RAISE(STATE, "another run publishes there")
					    : TW_RAISE_ERRNO("locking the directory of %s", t->name);
	t->dir = t->sys->open_beneath(t->sys, t->parent, t->name, O_RDONLY | O_DIRECTORY, 0);
	if (t->dir < 0 && errno == ENOENT)
		return TW_OK;
	return t->dir < 0 ? TW_RAISE_ERRNO("opening %s", t->name) : read_site(t);
}

tw_err tw_csaf_tree_open(const struct tw_sys *sys, const char *path, bool writing, struct tw_csaf_tree *ret)
{
	TW_TRY(begin(sys, ret));
	TW_TRY(open_parent(ret, path));
	return open_tree(ret, writing);
}

tw_err tw_csaf_tree_open_in(const struct tw_sys *sys, int parent, const char *name, bool writing, struct tw_csaf_tree *ret)
{
	TW_TRY(begin(sys, ret));
	if (strlen(name) >= sizeof(ret->name))
		return TW_RAISE(LIMIT, "the name of a tree is too long");
	(void)snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->parent = sys->open_beneath(sys, parent, ".", O_RDONLY | O_DIRECTORY, 0);
	return ret->parent < 0 ? TW_RAISE_ERRNO("opening the directory of %s", name) : open_tree(ret, writing);
}

const json_t *tw_csaf_tree_find(const struct tw_csaf_tree *t, const char *id)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(t->site.entries, i, entry)
		if (!strcmp(tw_json_text(entry, "id"), id))
			return entry;
	return NULL;
}

/* --- What is to be there --- */

static tw_err check_publisher(const struct tw_csaf_tree *t, const json_t *publisher)
{
	static const char *const keys[] = { "name", "namespace" };

	for (size_t i = 0; t->site.publisher && i < TW_COUNT(keys); i++)
		if (strcmp(tw_json_text(t->site.publisher, keys[i]), tw_json_text(publisher, keys[i])) != 0)
			return TW_RAISE(DENIED, "CSAF 2.0 section 7.1.1: /document/publisher/%s is not that of this provider, %s",
				keys[i], tw_json_text(t->site.publisher, keys[i]));
	return TW_OK;
}

/* The place of the published document that this one replaces: of its id, or of one whose file it would have. */
static size_t place_of(const struct tw_csaf_tree *t, const json_t *entry)
{
	const json_t *one;
	size_t i;

	json_array_foreach(t->site.entries, i, one)
		if (!strcmp(tw_json_text(one, "id"), tw_json_text(entry, "id")) ||
			!strcmp(tw_json_text(one, "file"), tw_json_text(entry, "file")))
			return i;
	return i;
}

static tw_err check_revision(const struct tw_csaf_tree *t, const char *file, struct tw_csaf_draft *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *published = NULL;

	tw_buf_init(&text, t->sys, TW_CSAF_MAX);
	TW_TRY(tw_csaf_tree_document(t, file, &text, &published));
	d->unchanged = text.size == d->text.size && !memcmp(text.data, d->text.data, text.size);
	return d->unchanged ? TW_OK : tw_csaf_follows(published, d->document);
}

tw_err tw_csaf_tree_add(struct tw_csaf_tree *t, struct tw_csaf_draft *d)
{
	json_t *publisher = json_object_get(json_object_get(d->document, "document"), "publisher");

	TW_TRY(tw_csaf_entry(d->document, &d->entry));
	TW_TRY(check_publisher(t, publisher));
	size_t place = place_of(t, d->entry);
	const json_t *before = json_array_get(t->site.entries, place);
	if (before && tw_json_bool(before, "draft"))
		return TW_RAISE(DENIED, "it has the id or the file name of another one of this run");
	if (before)
		TW_TRY(check_revision(t, tw_json_text(before, "file"), d));
	TW_TRY(tw_json_set(d->entry, "draft", json_true()));
	if (!d->unchanged) {
		tw_jsonp(&t->site.publisher);
		t->site.publisher = json_incref(publisher);
	}
	if (place < json_array_size(t->site.entries))
		(void)json_array_set(t->site.entries, place, d->entry);
	else if (place >= TW_CSAF_ENTRIES_MAX)
		return TW_RAISE(LIMIT, "a tree of more than %d advisories", TW_CSAF_ENTRIES_MAX);
	else
		TW_TRY(tw_json_append(t->site.entries, json_incref(d->entry)));
	return TW_OK;
}

/* The same key with another text: it has another end, or what was signed with it is revoked. */
static tw_err renew_key(struct tw_csaf_key *key, struct tw_slice text, bool *ret_changed)
{
	if (!ret_changed || (key->text.size == text.size && !memcmp(key->text.data, text.at, text.size)))
		return TW_OK;
	*ret_changed = true;
	tw_buf_clear(&key->text);
	return tw_buf_add(&key->text, text.at, text.size);
}

tw_err tw_csaf_tree_key(struct tw_csaf_tree *t, const char *fingerprint, struct tw_slice text, bool *ret_changed)
{
	size_t count = t->site.keys.count;

	for (size_t i = 0; i < count; i++)
		if (!strcasecmp(t->keys[i].fingerprint, fingerprint))
			return renew_key(&t->keys[i], text, ret_changed);
	if (count == TW_CSAF_KEYS_MAX)
		return TW_RAISE(LIMIT, "more than %d keys", TW_CSAF_KEYS_MAX);
	memmove(t->keys + 1, t->keys, count * sizeof(t->keys[0]));
	memmove(t->site.keys.of + 1, t->site.keys.of, count * sizeof(t->site.keys.of[0]));
	t->keys[0] = (struct tw_csaf_key){ 0 };
	t->site.keys.count++;
	(void)snprintf(t->keys[0].fingerprint, sizeof(t->keys[0].fingerprint), "%s", fingerprint);
	(void)snprintf(t->site.keys.of[0], sizeof(t->site.keys.of[0]), "%s", fingerprint);
	tw_buf_init(&t->keys[0].text, t->sys, SIGNATURE_MAX);
	return tw_buf_add(&t->keys[0].text, text.at, text.size);
}

/* --- The transaction --- */

struct staging {
	struct tw_csaf_tree *t;
	int dir;
};

/* The folder of a path beneath the new tree, made where it is missing; ret_name is the file's. */
static tw_err folder_of(const struct staging *s, const char *path, int *ret, const char **ret_name)
{
	const struct tw_sys *sys = s->t->sys;
	int here = sys->open_beneath(sys, s->dir, ".", O_RDONLY | O_DIRECTORY, 0);

	for (const char *slash; here >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		char name[TW_CSAF_PATH_MAX];
		int next;

		(void)snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
		next = sys->mkdir(sys, here, name, 0755) == 0 || errno == EEXIST
			? sys->open_beneath(sys, here, name, O_RDONLY | O_DIRECTORY, 0)
			: -1;
		int number = errno;
		(void)sys->close(sys, here);
		errno = number;
		here = next;
	}
	if (here < 0)
		return TW_RAISE_ERRNO("making the folder of %s", path);
	*ret = here;
	*ret_name = path;
	return TW_OK;
}

static tw_err stage(void *user, const char *path, struct tw_slice bytes)
{
	const struct staging *s = user;
	TW_CLEANUP(tw_closep) int dir = -1;
	const char *name;

	TW_TRY(folder_of(s, path, &dir, &name));
	return tw_durable_place(s->t->sys, dir, name, bytes.at, bytes.size, 0644);
}

static const struct tw_csaf_draft *draft_of(const struct tw_csaf_draft *drafts, size_t count, const json_t *entry)
{
	for (size_t i = 0; i < count; i++)
		if (drafts[i].entry == entry)
			return &drafts[i];
	return NULL;
}

/* With signature, unless there is none and none is asked for. */
static tw_err stage_document(struct staging *s, const struct tw_csaf_published *p, struct tw_slice signature)
{
	char path[TW_CSAF_PATH_MAX];

	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s", tw_json_text(p->entry, "file"));
	TW_TRY(stage(s, path, p->text));
	if (s->t->site.keys.count && !signature.size)
		return TW_RAISE(STATE, "%s has no signature", path);
	(void)snprintf(path, sizeof(path), TW_CSAF_FOLDER "/%s.asc", tw_json_text(p->entry, "file"));
	if (s->t->site.keys.count)
		TW_TRY(stage(s, path, signature));
	return tw_csaf_beside(s->t->sys, &s->t->site, p, stage, s);
}

/* What stays keeps its bytes, and its signature. */
static tw_err stage_kept(struct staging *s, const json_t *entry)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, signature = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	tw_buf_init(&text, s->t->sys, TW_CSAF_MAX);
	tw_buf_init(&signature, s->t->sys, SIGNATURE_MAX);
	TW_TRY(tw_csaf_tree_document(s->t, tw_json_text(entry, "file"), &text, &document));
	TW_TRY(tw_csaf_tree_signature(s->t, entry, &signature));
	return stage_document(s, &(const struct tw_csaf_published){ entry, tw_buf_slice(&text), document }, tw_buf_slice(&signature));
}

static tw_err stage_all(struct staging *s, const struct tw_csaf_draft *drafts, size_t count)
{
	char path[TW_CSAF_PATH_MAX];
	const json_t *entry;
	size_t i;

	for (size_t k = 0; k < s->t->site.keys.count; k++) {
		key_path(s->t->keys[k].fingerprint, path);
		TW_TRY(stage(s, path, tw_buf_slice(&s->t->keys[k].text)));
	}
	json_array_foreach(s->t->site.entries, i, entry) {
		const struct tw_csaf_draft *d = draft_of(drafts, count, entry);

		TW_TRY(d ? stage_document(s, &(const struct tw_csaf_published){ entry, tw_buf_slice(&d->text), d->document },
				   tw_buf_slice(&d->signature))
			 : stage_kept(s, entry));
	}
	TW_TRY(tw_csaf_site_write(s->t->sys, &s->t->site, stage, s));
	return tw_durable_sync_all(s->t->sys, s->dir);
}

tw_err tw_csaf_tree_publish(struct tw_csaf_tree *t, const struct tw_csaf_draft *drafts, size_t count)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	char fresh[sizeof(t->name) + 4];

	TW_TRY(tw_csaf_entries_sort(t->sys, t->site.entries));
	(void)snprintf(fresh, sizeof(fresh), "%s.new", t->name);
	TW_TRY(tw_durable_remove_tree(t->sys, t->parent, fresh));
	TW_TRY(tw_durable_dir(t->sys, t->parent, fresh, 0755, &dir));
	struct staging s = { t, dir };
	tw_err e = stage_all(&s, drafts, count);
	if (tw_failed(e)) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof(why), "%s", tw_err_detail());
		tw_ignore(tw_durable_remove_tree(t->sys, t->parent, fresh)); /* if not, the next run does it */
		return tw_raise(e.code, __func__, __LINE__, "%s", why);
	}
	if (t->dir < 0)
		return tw_durable_rename(t->sys, t->parent, fresh, t->name);
	TW_TRY(tw_durable_exchange(t->sys, t->parent, fresh, t->name));
	tw_ignore(tw_durable_remove_tree(t->sys, t->parent, fresh)); /* the old tree: the new one is there for good */
	return TW_OK;
}

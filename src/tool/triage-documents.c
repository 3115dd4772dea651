/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The release, in one file or, as Yocto's create-spdx-2.2 writes it, in many beside each other with an index.json. Of these no name leads out of
 * their directory and no link is followed; each is read by the namespace that another refers to it by, and is that one only if its SHA-1 is as
 * the reference has it; so are those of a tar (packed.h), as Yocto packs them. Or the folder of Buildroot's legal-info, which has a list of
 * packages for each of two machines.
 */
#include "base/mem.h"
#include "base/text.h"
#include "crypto/checksum.h"
#include "formats/bom-follow.h"
#include "formats/bom-manifest.h"
#include "sys/durable.h"
#include "tool/files.h"
#include "tool/packed.h"
#include "tool/triage.h"

#include <fcntl.h>

#define INDEX "index.json"
#define INDEX_MAX (64 * 1024 * 1024) /* some 200 bytes a document */
#define ALL_MAX \
	(16ULL * 1024 * 1024 * 1024) /* bytes of all that is read; with the sources of every file a large image has a tenth of it */
#define HEX_MAX (2 * TW_CHECKSUM_MAX + 1)

struct folder {
	struct tw_tool *t;
	int dir;
	const struct tw_unpacked *archive; /* in the place of dir; else NULL */
	json_t *index;                     /* namespace -> file name */
	uint64_t read;
};

/* --- Files --- */

static tw_err sha1_of(const struct folder *f, struct tw_slice text, char ret[HEX_MAX])
{
	TW_CLEANUP(tw_checksum_freep) tw_checksum *c = NULL;
	uint8_t digest[TW_CHECKSUM_MAX];

	TW_TRY(tw_checksum_new(f->t->sys, &c));
	TW_TRY(tw_checksum_begin(c, TW_CHECKSUM_SHA1));
	TW_TRY(tw_checksum_add(c, text.at, text.size));
	TW_TRY(tw_checksum_end(c, digest));
	for (size_t i = 0; i < tw_checksum_sizes[TW_CHECKSUM_SHA1]; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	return TW_OK;
}

static tw_err read_named(const struct folder *f, const char *name, size_t max, struct tw_buf *ret)
{
	tw_buf_init(ret, f->t->sys, max);
	if (!f->archive)
		return tw_durable_read(f->t->sys, f->dir, name, max, ret);
	const struct tw_unpacked_file *file = tw_unpacked_named(f->archive, name);
	if (!file)
		return TW_RAISE(NOTFOUND, "has no %s", name);
	return tw_buf_add(ret, file->text.data, file->text.size);
}

static tw_err read_document(struct folder *f, const char *name, const char *sha1, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char is[HEX_MAX] = "";

	TW_TRY(read_named(f, name, TW_BOM_MAX, &text));
	f->read += text.size;
	if (f->read > ALL_MAX)
		return TW_RAISE(LIMIT, "documents of more than %llu bytes", ALL_MAX);
	if (*sha1)
		TW_TRY(sha1_of(f, tw_buf_slice(&text), is));
	if (*sha1 && !tw_slice_is_nocase(tw_slice_of(sha1), is))
		return TW_RAISE(UNTRUSTED, "its SHA-1 is %s, and %.60s is referred to", is, sha1);
	return tw_json_parse(tw_buf_slice(&text), TW_BOM_MAX, ret);
}

static tw_err fetch(void *user, const char *name_space, const char *sha1, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct folder *f = user;
	const char *name = tw_json_text(f->index, name_space);

	if (!*name)
		return TW_RAISE(NOTFOUND, INDEX " has no document of that namespace");
	TW_TRY(tw_file_named(name, read_document(f, name, sha1, &document)));
	if (strcmp(tw_json_text(document, "documentNamespace"), name_space) != 0)
		return TW_RAISE(SYNTAX, "%.100s: is of another namespace than " INDEX " says", name);
	*ret = TW_STEAL(document);
	return TW_OK;
}

/* --- The index --- */

static const struct tw_shape entry_shape[] = { { "filename", TW_JSON_TEXT, true, 1, 255 },
	{ "documentNamespace", TW_JSON_TEXT, true, 1, 4096 }, { "*", TW_JSON_ANY }, { 0 } };

static tw_err index_entry(struct folder *f, const json_t *one)
{
	TW_TRY(tw_json_check(one, entry_shape));
	if (strchr(tw_json_text(one, "filename"), '/'))
		return TW_RAISE(SYNTAX, "'%.80s' is no name of a file beside it", tw_json_text(one, "filename"));
	return tw_json_set(f->index, tw_json_text(one, "documentNamespace"), json_incref(json_object_get(one, "filename")));
}

static tw_err read_index(struct folder *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	char why[TW_DETAIL_MAX];
	const json_t *one;
	size_t i;

	TW_TRY(read_named(f, INDEX, INDEX_MAX, &text));
	TW_TRY(tw_file_named(INDEX, tw_json_parse(tw_buf_slice(&text), INDEX_MAX, &o)));
	if (!json_is_array(json_object_get(o, "documents")))
		return TW_RAISE(SYNTAX, INDEX ": /documents: is no list");
	json_array_foreach(json_object_get(o, "documents"), i, one) {
		tw_err e = index_entry(f, one);

		(void)snprintf(why, sizeof why, "%s", tw_failed(e) ? tw_err_detail() : "");
		if (tw_is(e, TW_CODE_SYNTAX))
			return TW_RAISE(SYNTAX, INDEX ": /documents/%zu: %s", i, why);
		TW_TRY(e);
	}
	return TW_OK;
}

/* The one that contains packages of others. */
static tw_err find_image(struct folder *f, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *image = NULL;
	const char *name_space;
	json_t *name;

	json_object_foreach(f->index, name_space, name) {
		TW_CLEANUP(tw_jsonp) json_t *document = NULL;

		TW_TRY(fetch(f, name_space, "", &document));
		if (!tw_bom_refers(document))
			continue;
		if (image)
			return TW_RAISE(SYNTAX, "%.100s is the document of an image, and so is another; name the one that is meant",
				json_string_value(name));
		image = TW_STEAL(document);
	}
	if (!image)
		return TW_RAISE(SYNTAX, "no document of " INDEX " contains packages of the others");
	*ret = TW_STEAL(image);
	return TW_OK;
}

static tw_err follow(struct folder *f, const json_t *given, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *found = NULL;

	f->index = json_object();
	if (!f->index)
		return TW_RAISE(NOMEM, "an index");
	TW_TRY(read_index(f));
	if (!given)
		TW_TRY(find_image(f, &found));
	return tw_bom_follow(given ? given : found, fetch, f, ret);
}

/* --- Buildroot's legal-info --- */

#define TARGET_LIST "manifest.csv"
#define HOST_LIST "host-manifest.csv"

/* Nothing of it would be on the device. */
static tw_err check_target(const json_t *document)
{
	const char *name;
	json_t *one;

	json_object_foreach((json_t *)(uintptr_t)document, name, one)
		if (!strcmp(tw_json_text(one, "type"), "target"))
			return TW_OK;
	return TW_RAISE(SYNTAX, "lists nothing that was built for the device; Buildroot's " TARGET_LIST " does, " HOST_LIST " does not");
}

static tw_err read_manifest(struct tw_tool *t, struct tw_slice text, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = json_object();

	if (!document)
		return TW_RAISE(NOMEM, "packages");
	TW_TRY(tw_bom_manifest(t->sys, text, document));
	TW_TRY(check_target(document));
	*ret = TW_STEAL(document);
	return TW_OK;
}

/* Both lists of the folder; that of the machine that builds may be missing. */
static tw_err read_lists(struct tw_tool *t, int dir, json_t **ret)
{
	static const char *const names[] = { TARGET_LIST, HOST_LIST };
	TW_CLEANUP(tw_jsonp) json_t *document = json_object();

	if (!document)
		return TW_RAISE(NOMEM, "packages");
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

		tw_buf_init(&text, t->sys, TW_BOM_MAX);
		tw_err e = tw_durable_read(t->sys, dir, names[i], TW_BOM_MAX, &text);
		if (i && tw_is(e, TW_CODE_NOTFOUND))
			break;
		TW_TRY(tw_failed(e) ? e : tw_file_named(names[i], tw_bom_manifest(t->sys, tw_buf_slice(&text), document)));
	}
	TW_TRY(check_target(document));
	*ret = TW_STEAL(document);
	return TW_OK;
}

/* --- Any --- */

static tw_err follow_from(struct folder f, const json_t *given, json_t **ret)
{
	tw_err e = follow(&f, given, ret);

	json_decref(f.index);
	return e;
}

static void parent_of(const char *path, char ret[4096])
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(ret, 4096, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
}

/* What others beside it have of an image; of those in an archive, beside it there is nothing. */
static tw_err follow_beside(struct tw_tool *t, const char *path, const json_t *image, json_t **ret)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	char parent[4096];

	parent_of(path, parent);
	TW_TRY(tw_dir_open(t->sys, parent, &dir));
	return follow_from((struct folder){ .t = t, .dir = dir }, image, ret);
}

/* Of one file, with *ret_image where it refers to others. */
static tw_err read_text(struct tw_tool *t, struct tw_slice text, bool *ret_image, json_t **ret)
{
	if (tw_bom_is_manifest(text))
		return read_manifest(t, text, ret);
	TW_TRY(tw_json_parse(text, TW_BOM_MAX, ret));
	*ret_image = tw_bom_kind_of(*ret) == TW_BOM_SPDX2 && tw_bom_refers(*ret);
	return TW_OK;
}

/* A tar of the documents of an image, with their index, or one file of any kind; of that the text is kept, as if nobody had packed it. */
static tw_err read_packed(struct tw_tool *t, const char *path, struct tw_buf *text, bool *ret_image, json_t **ret)
{
	TW_CLEANUP(tw_unpacked_done) struct tw_unpacked u = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_unpack(t->sys, tw_buf_slice(text), TW_BOM_MAX, &u));
	tw_buf_clear(text);
	if (tw_unpacked_named(&u, INDEX)) {
		*ret_image = true;
		return follow_from((struct folder){ .t = t, .dir = -1, .archive = &u }, NULL, ret);
	}
	if (u.count != 1)
		return TW_RAISE(SYNTAX, "has %zu files, and no " INDEX " that says which they are", u.count);
	TW_TRY(tw_buf_add(text, u.of[0].text.data, u.of[0].text.size));
	TW_TRY(read_text(t, tw_buf_slice(text), ret_image, &document));
	if (*ret_image && u.many)
		return TW_RAISE(SYNTAX, "'%.80s' refers to other documents, and it is alone", u.of[0].name);
	if (*ret_image) {
		tw_buf_clear(text);
		return follow_beside(t, path, document, ret);
	}
	*ret = TW_STEAL(document);
	return TW_OK;
}

static tw_err read_file(struct tw_tool *t, const char *path, struct tw_buf *text, bool *ret_image, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_file_read(t->sys, path, TW_BOM_MAX, text));
	if (tw_is_packed(tw_buf_slice(text)))
		return read_packed(t, path, text, ret_image, ret);
	TW_TRY(read_text(t, tw_buf_slice(text), ret_image, &document));
	if (!*ret_image) {
		*ret = TW_STEAL(document);
		return TW_OK;
	}
	tw_buf_clear(text);
	return follow_beside(t, path, document, ret);
}

static tw_err read_folder(struct tw_tool *t, int dir, bool *ret_image, json_t **ret)
{
	tw_err e = read_lists(t, dir, ret);

	if (!tw_is(e, TW_CODE_NOTFOUND))
		return e;
	*ret_image = true;
	return follow_from((struct folder){ .t = t, .dir = dir }, NULL, ret);
}

tw_err tw_release_read(struct tw_tool *t, const char *path, struct tw_buf *text, bool *ret_image, json_t **ret)
{
	TW_CLEANUP(tw_closep) int dir = t->sys->open_path(t->sys, path, O_RDONLY | O_DIRECTORY, 0);
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	*ret_image = false;
	TW_TRY(tw_file_named(path, dir >= 0 ? read_folder(t, dir, ret_image, &document) : read_file(t, path, text, ret_image, &document)));
	if (!text->size)
		TW_TRY(tw_json_write(document, text));
	*ret = TW_STEAL(document);
	return TW_OK;
}

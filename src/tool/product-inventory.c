/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward product inventory`: what an image holds, for the devices that run it (doc/spec/image-inventory.md). From the directory that
 * becomes the root file system: every regular file with its SHA-256, and the packages that a database in it or the command line names.
 */
#include "crypto/checksum.h"
#include "formats/filelist.h"
#include "sys/walk.h"
#include "tool/commands.h"
#include "tool/files.h"

#include <fcntl.h>

#define LIST_MAX (256 * 1024 * 1024)
#define READ_AT_ONCE (64 * 1024)

const struct tw_option tw_options_product_inventory[] = {
	{ "out", "DIR", true, "where the two files go; the device is told of it by --packages image:DIR" },
	{ "packages", "KIND:FILE", false, "the image's own package database: debian, ubuntu, opkg or alpine" },
	{ "name", "NAME", false, "of the software that no database knows, with --version and --architecture" },
	{ "version", "VERSION", false, "its version" },
	{ "architecture", "WORD", false, "what it was built for" },
	{ "supplier", "TEXT", false, "who made it" },
	{ "licence", "TEXT", false, "its licence" },
	{ "purl", "PURL", false, "its package URL" },
	{ "leave-out", "PATH", false, "a file or folder that a running device changes, from the root; again for more" },
	{},
};

struct image {
	struct tw_tool *t;
	const struct tw_args *a;
	struct tw_buf packages, files;
	size_t package_count, file_count;
	tw_checksum *sum;
	char bytes[READ_AT_ONCE];
};

static struct image *image_free(struct image *i)
{
	if (i) {
		tw_buf_done(&i->packages);
		tw_buf_done(&i->files);
		(void)tw_checksum_free(i->sum);
	}
	free(i);
	return NULL;
}
TW_DEFINE_FREEP(struct image, image_free)

/* --- Packages --- */

static tw_err add_field(struct image *i, const char *name, struct tw_slice value)
{
	return value.size ? tw_buf_format(&i->packages, "%s: " TW_SLICE_FMT "\n", name, TW_SLICE_ARG(value)) : TW_OK;
}

static tw_err add_package(struct image *i, const struct tw_package *p)
{
	i->package_count++;
	TW_TRY(add_field(i, "Package", p->name));
	TW_TRY(add_field(i, "Version", p->version));
	TW_TRY(add_field(i, "Architecture", p->architecture));
	TW_TRY(add_field(i, "Maintainer", p->supplier));
	TW_TRY(add_field(i, "License", p->licence));
	TW_TRY(add_field(i, "Purl", p->purl));
	return tw_buf_text(&i->packages, "\n");
}

static tw_err add_database(struct image *i, const char *word)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_packages_done) struct tw_packages list = { 0 };
	const char *colon = strchr(word, ':');
	char kind[16] = "";

	if (colon && colon - word < (ptrdiff_t)sizeof kind)
		memcpy(kind, word, (size_t)(colon - word));
	const struct tw_package_system *system = tw_package_system(kind);
	if (!system)
		return tw_fail(i->t, TW_EXIT_USAGE, "--packages debian:ROOT/var/lib/dpkg/status",
			TW_RAISE(SYNTAX, "--packages wants KIND:FILE"));
	tw_buf_init(&text, i->t->sys, TW_PACKAGES_TEXT_MAX);
	TW_TRY(tw_file_read(i->t->sys, colon + 1, text.max, &text));
	TW_TRY(tw_packages_read(i->t->sys, system, tw_buf_slice(&text), &list));
	for (size_t k = 0; k < list.count; k++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };
		struct tw_package p = list.of[k];

		tw_buf_init(&purl, i->t->sys, 1024);
		TW_TRY(tw_package_purl(system, &list.of[k], &purl));
		if (purl.size <= TW_PACKAGE_WORDS_MAX)
			p.purl = tw_buf_slice(&purl);
		TW_TRY(add_package(i, &p));
	}
	return TW_OK;
}

static struct tw_slice given(const struct image *i, const char *name)
{
	return tw_slice_of(tw_arg(i->a, name));
}

static tw_err add_packages(struct image *i)
{
	TW_CLEANUP(tw_packages_done) struct tw_packages check = { 0 };

	if (tw_arg(i->a, "packages"))
		TW_TRY(add_database(i, tw_arg(i->a, "packages")));
	if (tw_arg(i->a, "name")) {
		const struct tw_package p = { .name = given(i, "name"),
			.version = given(i, "version"),
			.architecture = given(i, "architecture"),
			.supplier = given(i, "supplier"),
			.licence = given(i, "licence"),
			.purl = given(i, "purl") };

		TW_TRY(add_package(i, &p));
	}
	if (!i->package_count)
		return tw_fail(i->t, TW_EXIT_USAGE,
			"name the software by --name, --version and --architecture, or its database by --packages",
			TW_RAISE(SYNTAX, "an image of no package"));
	/* What the device would not read is not written. */
	tw_err e = tw_packages_read(i->t->sys, tw_package_system(TW_PACKAGES_IMAGE), tw_buf_slice(&i->packages), &check);
	return tw_failed(e) ? tw_fail(i->t, TW_EXIT_FAILED, "each package wants a name, a version and an architecture of their form", e)
			    : e;
}

/* --- Files --- */

static bool left_out(const struct image *i, const char *path)
{
	const char *one;

	for (size_t k = 0; (one = tw_arg_nth(i->a, "leave-out", k)); k++) {
		size_t size;

		one += one[0] == '/';
		size = strlen(one);
		if (size && strncmp(path, one, size) == 0 && (path[size] == '\0' || path[size] == '/'))
			return true;
	}
	return false;
}

static tw_err digest(struct image *i, const struct tw_walk_entry *e, uint8_t ret[TW_CHECKSUM_MAX])
{
	TW_CLEANUP(tw_closep) int fd = i->t->sys->open_beneath(i->t->sys, e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
	ssize_t n = 1;

	if (fd < 0)
		return TW_RAISE_ERRNO("opening %s", e->path);
	TW_TRY(tw_checksum_begin(i->sum, TW_CHECKSUM_SHA256));
	while (n > 0) {
		n = i->t->sys->read(i->t->sys, fd, i->bytes, sizeof i->bytes);
		if (n < 0)
			return TW_RAISE_ERRNO("reading %s", e->path);
		TW_TRY(tw_checksum_add(i->sum, i->bytes, (size_t)n));
	}
	return tw_checksum_end(i->sum, ret);
}

static tw_err add_file(struct image *i, const struct tw_walk_entry *e)
{
	uint8_t sum[TW_CHECKSUM_MAX];

	if (strpbrk(e->path, "\n\\"))
		return TW_RAISE(UNSUPPORTED, "%.100s has a line break or a backslash in its name", e->path);
	TW_TRY(digest(i, e, sum));
	TW_TRY(tw_buf_hex(&i->files, sum, tw_checksum_sizes[TW_CHECKSUM_SHA256]));
	i->file_count++;
	return tw_buf_format(&i->files, "  %s\n", e->path);
}

static tw_err add_files(struct image *i)
{
	TW_CLEANUP(tw_closep) int root = -1;
	TW_CLEANUP(tw_walk_freep) tw_walk *w = NULL;
	struct tw_walk_entry e = { .kind = TW_WALK_FILE };

	TW_TRY(tw_dir_open(i->t->sys, i->a->rest[0], &root));
	TW_TRY(tw_walk_new(i->t->sys, root, "", &w));
	while (e.kind != TW_WALK_END) {
		TW_TRY(tw_walk_next(w, &e));
		if (left_out(i, e.path))
			continue;
		if (e.kind == TW_WALK_SKIPPED)
			return TW_RAISE(DENIED, "%.200s cannot be looked into", e.path);
		if (e.kind == TW_WALK_LONG)
			return TW_RAISE(LIMIT, "beneath %.200s something has too long a path", e.path);
		if (e.kind == TW_WALK_FILE)
			TW_TRY(add_file(i, &e));
	}
	return TW_OK;
}

tw_err tw_cmd_product_inventory(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(image_freep) struct image *i = TW_NEW(t->sys, struct image);
	TW_CLEANUP(tw_closep) int out = -1;

	if (!i)
		return TW_RAISE(NOMEM, "an inventory");
	i->t = t;
	i->a = a;
	tw_buf_init(&i->packages, t->sys, TW_PACKAGES_TEXT_MAX);
	tw_buf_init(&i->files, t->sys, LIST_MAX);
	TW_TRY(tw_checksum_new(t->sys, &i->sum));
	TW_TRY(add_packages(i));
	TW_TRY(add_files(i));
	TW_TRY(tw_dir_make(t->sys, tw_arg(a, "out"), 0755, &out));
	TW_TRY(tw_file_text(t->sys, out, TW_PACKAGES_IMAGE_LIST, tw_buf_cstr(&i->packages), 0644));
	TW_TRY(tw_file_text(t->sys, out, TW_PACKAGES_IMAGE_FILES, tw_buf_cstr(&i->files), 0644));
	return tw_print_done(t, tw_arg(a, "out"), "Wrote %s: %zu packages, %zu files.\n", tw_arg(a, "out"), i->package_count, i->file_count);
}

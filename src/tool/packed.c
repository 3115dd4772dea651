/* SPDX-License-Identifier: Apache-2.0 */
/* Files that came packed: see packed.h. */
#include "tool/packed.h"

#include "base/mem.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>

#define LIBRARY "libarchive.so.13" /* the name of its interface since 2011 */
#define PIECE 65536
#define TAR_MAGIC 257 /* where a tar's head has "ustar" */

/* --- libarchive --- */

#define FUNCTIONS(X)                        \
	X(archive_read_new)                 \
	X(archive_read_free)                \
	X(archive_read_support_filter_gzip) \
	X(archive_read_support_filter_xz)   \
	X(archive_read_support_filter_zstd) \
	X(archive_read_support_format_tar)  \
	X(archive_read_support_format_raw)  \
	X(archive_read_open_memory)         \
	X(archive_read_next_header)         \
	X(archive_read_data)                \
	X(archive_error_string)             \
	X(archive_errno)                    \
	X(archive_filter_code)              \
	X(archive_format)                   \
	X(archive_entry_pathname)           \
	X(archive_entry_filetype)

struct library {
#define MEMBER(name) __typeof__(name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

static struct library loaded;

static bool is_whole(const struct library *l)
{
#define IS_THERE(name) &&l->name
	return true FUNCTIONS(IS_THERE);
#undef IS_THERE
}

/* Once loaded it stays. */
static tw_err load(const struct library **ret)
{
	struct library found;

	*ret = &loaded;
	if (is_whole(&loaded))
		return TW_OK;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return TW_RAISE(UNSUPPORTED, "libarchive does not load (%.120s); install the package libarchive13, or unpack it",
			dlerror());
#define LOOK_UP(name) *(void **)&found.name = dlsym(library, #name);
	FUNCTIONS(LOOK_UP)
#undef LOOK_UP
	if (!is_whole(&found))
		return TW_RAISE(UNSUPPORTED, "%s is not as libarchive 3 is", LIBRARY);
	loaded = found;
	return TW_OK;
}

/* --- One archive on its way --- */

struct unpacking {
	const struct tw_sys *sys;
	const struct library *l;
	struct archive *a;
	size_t packed, file_max;
	struct tw_unpacked *to;
};

static tw_err broken(const struct unpacking *u)
{
	const char *why = u->l->archive_error_string(u->a);

	if (u->l->archive_errno(u->a) == ENOMEM)
		return TW_RAISE(NOMEM, "unpacking");
	return TW_RAISE(SYNTAX, "cannot be unpacked: %.120s", why ? why : "it is broken");
}

static tw_err check_size(const struct unpacking *u, const char *name)
{
	const size_t bytes = u->to->bytes;

	if (bytes > TW_UNPACKED_MAX)
		return TW_RAISE(LIMIT, "becomes more than %lu bytes; unpack it into a directory of its own", TW_UNPACKED_MAX);
	if (bytes > TW_UNPACKED_FREELY && bytes / TW_UNPACKED_TIMES > u->packed)
		return TW_RAISE(LIMIT, "%.80s%sbecomes more than %d times its size, as no inventory does", name, *name ? ": " : "",
			TW_UNPACKED_TIMES);
	return TW_OK;
}

static tw_err read_data(const struct unpacking *u, struct tw_unpacked_file *f)
{
	char piece[PIECE];
	la_ssize_t n;

	while ((n = u->l->archive_read_data(u->a, piece, sizeof piece)) > 0) {
		if (f->text.size + (size_t)n > u->file_max)
			return TW_RAISE(LIMIT, "%.80s%sbecomes more than %zu bytes", f->name, *f->name ? ": " : "", u->file_max);
		u->to->bytes += (size_t)n;
		TW_TRY(check_size(u, f->name));
		TW_TRY(tw_buf_add(&f->text, piece, (size_t)n));
	}
	return n < 0 ? broken(u) : TW_OK;
}

static tw_err check_entry(const struct unpacking *u, struct archive_entry *e, const char **ret_name)
{
	const char *name = u->l->archive_entry_pathname(e);

	if (!name || !*name || !tw_text_printable(tw_slice_of(name)))
		return TW_RAISE(SYNTAX, "has a file whose name is none");
	name += strncmp(name, "./", 2) ? 0 : 2;
	if (strlen(name) > 255 || strchr(name, '/'))
		return TW_RAISE(SYNTAX, "'%.80s' is no name of a file at its top, where Yocto packs its documents", name);
	if (u->l->archive_entry_filetype(e) != AE_IFREG)
		return TW_RAISE(SYNTAX, "'%.80s' is a link or no file", name);
	if (tw_unpacked_named(u->to, name))
		return TW_RAISE(SYNTAX, "has '%.80s' twice", name);
	*ret_name = name;
	return TW_OK;
}

static tw_err make_room(const struct tw_sys *sys, struct tw_unpacked *u)
{
	if (u->count == TW_UNPACKED_FILES_MAX)
		return TW_RAISE(LIMIT, "has more than %d files", TW_UNPACKED_FILES_MAX);
	if (u->count < u->capacity)
		return TW_OK;
	size_t capacity = u->capacity ? 2 * u->capacity : 16;
	struct tw_unpacked_file *more = sys->resize(sys, u->of, capacity * sizeof *more);
	if (!more)
		return TW_RAISE(NOMEM, "%zu files", capacity);
	u->of = more;
	u->capacity = capacity;
	return TW_OK;
}

static tw_err add_file(const struct unpacking *u, const char *name)
{
	TW_TRY(make_room(u->sys, u->to));
	struct tw_unpacked_file *f = &u->to->of[u->to->count];

	*f = (struct tw_unpacked_file){ .name = tw_strdup(u->sys, name) };
	if (!f->name)
		return TW_RAISE(NOMEM, "a name");
	tw_buf_init(&f->text, u->sys, u->file_max);
	u->to->count++;
	if (*name)
		TW_TRY(tw_json_set(u->to->names, name, json_integer((json_int_t)u->to->count - 1)));
	return read_data(u, f);
}

/* The folder that a tar of "." begins with. */
static bool is_top(const struct unpacking *u, struct archive_entry *e)
{
	const char *name = u->l->archive_entry_pathname(e);

	return name && (!strcmp(name, ".") || !strcmp(name, "./")) && u->l->archive_entry_filetype(e) == AE_IFDIR;
}

static tw_err read_entries(const struct unpacking *u)
{
	struct archive_entry *e;
	const char *name;
	int r;

	while ((r = u->l->archive_read_next_header(u->a, &e)) == ARCHIVE_OK) {
		u->to->many = u->l->archive_format(u->a) != ARCHIVE_FORMAT_RAW;
		if (!u->to->many && u->l->archive_filter_code(u->a, 0) == ARCHIVE_FILTER_NONE)
			return TW_RAISE(SYNTAX, "cannot be unpacked: it is broken at its beginning");
		if (is_top(u, e))
			continue;
		name = "";
		if (u->to->many)
			TW_TRY(check_entry(u, e, &name));
		TW_TRY(add_file(u, name));
	}
	return r == ARCHIVE_EOF ? TW_OK : broken(u);
}

static tw_err open_and_read(const struct unpacking *u, struct tw_slice packed)
{
	const struct library *l = u->l;

	/* Each for itself, since "all" would start programs. ARCHIVE_WARN is how a filter says that it would. */
	if (l->archive_read_support_filter_gzip(u->a) != ARCHIVE_OK || l->archive_read_support_filter_xz(u->a) != ARCHIVE_OK ||
		l->archive_read_support_filter_zstd(u->a) != ARCHIVE_OK)
		return TW_RAISE(UNSUPPORTED, "libarchive was built without gzip, xz or zstd; unpack it");
	if (l->archive_read_support_format_tar(u->a) != ARCHIVE_OK || l->archive_read_support_format_raw(u->a) != ARCHIVE_OK ||
		l->archive_read_open_memory(u->a, packed.at, packed.size) != ARCHIVE_OK)
		return broken(u);
	TW_TRY(read_entries(u));
	return u->to->count ? TW_OK : TW_RAISE(SYNTAX, "has no file in it");
}

bool tw_is_packed(struct tw_slice text)
{
	static const struct tw_slice begins[] = { { "\x1f\x8b", 2 },
		{ "\xfd"
		  "7zXZ\0",
			6 },
		{ "\x28\xb5\x2f\xfd", 4 } };

	for (size_t i = 0; i < TW_COUNT(begins); i++)
		if (text.size > begins[i].size && !memcmp(text.at, begins[i].at, begins[i].size))
			return true;
	return text.size > TAR_MAGIC + 5 && !memcmp(text.at + TAR_MAGIC, "ustar", 5);
}

tw_err tw_unpack(const struct tw_sys *sys, struct tw_slice packed, size_t file_max, struct tw_unpacked *ret)
{
	struct unpacking u = { .sys = sys, .packed = packed.size, .file_max = file_max, .to = ret };

	*ret = (struct tw_unpacked){ 0 };
	TW_TRY(load(&u.l));
	ret->names = json_object();
	u.a = ret->names ? u.l->archive_read_new() : NULL;
	tw_err e = u.a ? open_and_read(&u, packed) : TW_RAISE(NOMEM, "unpacking");
	if (u.a)
		(void)u.l->archive_read_free(u.a);
	if (tw_failed(e))
		tw_unpacked_done(ret);
	return e;
}

void tw_unpacked_done(struct tw_unpacked *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->of[i].name);
		tw_buf_done(&u->of[i].text);
	}
	free(u->of);
	json_decref(u->names);
	*u = (struct tw_unpacked){ 0 };
}

const struct tw_unpacked_file *tw_unpacked_named(const struct tw_unpacked *u, const char *name)
{
	const json_t *number = json_object_get(u->names, name);

	return number ? &u->of[json_integer_value(number)] : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/filelist.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const struct tw_filelist_row lists[] = {
	{ "debian", "info", { { TW_FILELIST_PATHS, NULL, ".list", false }, { TW_FILELIST_MD5SUMS, NULL, ".md5sums", false } } },
	{ "ubuntu", "info", { { TW_FILELIST_PATHS, NULL, ".list", false }, { TW_FILELIST_MD5SUMS, NULL, ".md5sums", false } } },
	{ "opkg", "info", { { TW_FILELIST_PATHS, NULL, ".list", true } } },
	{ "alpine", NULL, { { TW_FILELIST_APK, "installed", NULL, false } } },
	{ TW_PACKAGES_IMAGE, NULL, { { TW_FILELIST_SHA256, TW_PACKAGES_IMAGE_FILES, NULL, false } } },
};

const struct tw_filelist_row *tw_filelist_of(const struct tw_package_system *system)
{
	for (size_t i = 0; i < TW_COUNT(lists); i++)
		if (strcmp(lists[i].word, system->word) == 0)
			return &lists[i];
	return NULL;
}

bool tw_filelist_path_valid(struct tw_slice path)
{
	size_t start = 0;

	if (path.size == 0 || path.size > TW_FILELIST_PATH_MAX || memchr(path.at, '\0', path.size))
		return false;
	for (size_t i = 0; i <= path.size; i++) {
		struct tw_slice part = { path.at + start, i - start };

		if (i < path.size && path.at[i] != '/')
			continue;
		if (part.size == 0 || tw_slice_is(part, ".") || tw_slice_is(part, ".."))
			return false;
		start = i + 1;
	}
	return true;
}

static struct tw_slice behind(struct tw_slice s, size_t n)
{
	return (struct tw_slice){ s.at + n, s.size - n };
}

static bool begins(struct tw_slice s, const char *text)
{
	return s.size >= strlen(text) && memcmp(s.at, text, strlen(text)) == 0;
}

/* folder and name into l->path. */
static tw_err set_path(struct tw_filelist *l, const char *folder, struct tw_slice name, struct tw_filelist_entry *ret)
{
	int n = snprintf(l->path, sizeof l->path, "%s%s" TW_SLICE_FMT, folder, *folder ? "/" : "", TW_SLICE_ARG(name));

	if ((size_t)n >= sizeof l->path)
		return TW_RAISE(LIMIT, "line %zu: a path of %d bytes, at most %d are read", l->line, n, TW_FILELIST_PATH_MAX);
	if (memchr(name.at, '\0', name.size) || !tw_filelist_path_valid(tw_slice_of(l->path)))
		return TW_RAISE(SYNTAX, "line %zu: not a path of a file", l->line);
	ret->is = true;
	ret->path = l->path;
	return TW_OK;
}

/* "/usr/bin/x", and in newer files of opkg a tab with mode and link behind it. "/." is the root itself. */
static tw_err take_path(struct tw_filelist *l, struct tw_slice line, struct tw_filelist_entry *ret)
{
	const char *tab = memchr(line.at, '\t', line.size);

	if (tab)
		line.size = (size_t)(tab - line.at);
	if (tw_slice_is(line, "/.") || tw_slice_is(line, "/"))
		return TW_OK;
	if (line.at[0] != '/')
		return TW_RAISE(SYNTAX, "line %zu: not an absolute path", l->line);
	return set_path(l, "", behind(line, 1), ret);
}

/* "HEX  path", as md5sum and sha256sum write it, "*" for the second blank where it was read as binary. */
static tw_err take_sum(struct tw_filelist *l, struct tw_slice line, enum tw_checksum_kind how, struct tw_filelist_entry *ret)
{
	size_t hex = 2 * tw_checksum_sizes[how];

	if (line.size < hex + 3 || line.at[hex] != ' ' || (line.at[hex + 1] != ' ' && line.at[hex + 1] != '*'))
		return TW_RAISE(SYNTAX, "line %zu: not a digest, two blanks and a path", l->line);
	if (tw_failed(tw_parse_hex((struct tw_slice){ line.at, hex }, ret->digest, tw_checksum_sizes[how])))
		return TW_RAISE(SYNTAX, "line %zu: not a digest", l->line);
	ret->how = how;
	line = behind(line, hex + 2);
	return set_path(l, "", begins(line, "./") ? behind(line, 2) : line, ret);
}

static tw_err take_apk_folder(struct tw_filelist *l, struct tw_slice folder)
{
	if (folder.size && !tw_filelist_path_valid(folder))
		return TW_RAISE(SYNTAX, "line %zu: not a folder", l->line);
	memcpy(l->folder, folder.at, folder.size);
	l->folder[folder.size] = '\0';
	l->path[0] = '\0';
	return TW_OK;
}

/* "Z:Q1" and the base64 of a SHA-1, behind the file's name. */
static tw_err take_apk_digest(struct tw_filelist *l, struct tw_slice text, struct tw_filelist_entry *ret)
{
	size_t size = 0;

	if (!l->path[0] || !begins(text, "Q1") || tw_failed(tw_parse_base64(behind(text, 2), sizeof ret->digest, ret->digest, &size)) ||
		size != tw_checksum_sizes[TW_CHECKSUM_SHA1])
		return TW_RAISE(SYNTAX, "line %zu: not a digest of a file", l->line);
	ret->is = true;
	ret->path = l->path;
	ret->how = TW_CHECKSUM_SHA1;
	return TW_OK;
}

static tw_err take_apk(struct tw_filelist *l, struct tw_slice line, struct tw_filelist_entry *ret)
{
	if (line.size < 2 || line.at[1] != ':')
		return TW_RAISE(SYNTAX, "line %zu: no field", l->line);
	switch (line.at[0]) {
	case 'P':
	case 'F':
		return take_apk_folder(l, line.at[0] == 'F' ? behind(line, 2) : (struct tw_slice){ "", 0 });
	case 'R':
		return set_path(l, l->folder, behind(line, 2), ret);
	case 'Z':
		return take_apk_digest(l, behind(line, 2), ret);
	default:
		return TW_OK;
	}
}

tw_err tw_filelist_line(struct tw_filelist *l, enum tw_filelist_form form, struct tw_slice line, struct tw_filelist_entry *ret)
{
	*ret = (struct tw_filelist_entry){ .is = false };
	l->line++;
	if (line.size > TW_FILELIST_LINE_MAX)
		return TW_RAISE(LIMIT, "line %zu has %zu bytes, at most %d are read", l->line, line.size, TW_FILELIST_LINE_MAX);
	if (line.size == 0)
		return TW_OK;
	switch (form) {
	case TW_FILELIST_PATHS:
		return take_path(l, line, ret);
	case TW_FILELIST_MD5SUMS:
		return take_sum(l, line, TW_CHECKSUM_MD5, ret);
	case TW_FILELIST_APK:
		return take_apk(l, line, ret);
	case TW_FILELIST_SHA256:
		return line.at[0] == '#' ? TW_OK : take_sum(l, line, TW_CHECKSUM_SHA256, ret);
	}
	return TW_RAISE(INTERNAL, "no such form of a list");
}

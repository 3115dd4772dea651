/* SPDX-License-Identifier: Apache-2.0 */
#include "service/scan/scan-inside.h"

#include "crypto/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SHOWN_MAX 60 /* of a path, in words about it */

/* --- Lists of paths in settings --- */

static tw_err take_path(struct tw_paths *p, struct tw_slice word, size_t max, size_t *used)
{
	const struct tw_slice shown = { word.at, word.size < SHOWN_MAX ? word.size : SHOWN_MAX };

	if (word.size < 2 || word.at[0] != '/' || !tw_filelist_path_valid((struct tw_slice){ word.at + 1, word.size - 1 }))
		return TW_RAISE(SYNTAX, "'" TW_SLICE_FMT "' is not an absolute path of a folder", TW_SLICE_ARG(shown));
	if (p->count == max)
		return TW_RAISE(LIMIT, "more than %zu paths", max);
	memcpy(p->text + *used, word.at + 1, word.size - 1);
	p->text[*used + word.size - 1] = '\0';
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->of[i], p->text + *used) == 0)
			return TW_RAISE(SYNTAX, "/%.60s is there twice", p->of[i]);
	p->of[p->count++] = p->text + *used;
	*used += word.size;
	return TW_OK;
}

tw_err tw_paths_read(struct tw_slice text, size_t max, struct tw_paths *ret)
{
	size_t used = 0, start = 0;

	memset(ret, 0, sizeof *ret);
	if (text.size > TW_SCAN_WORDS_MAX)
		return TW_RAISE(LIMIT, "a list of paths of %zu bytes, at most %d", text.size, TW_SCAN_WORDS_MAX);
	for (size_t i = 0; i <= text.size && text.size; i++) {
		if (i < text.size && text.at[i] != ' ')
			continue;
		TW_TRY(take_path(ret, (struct tw_slice){ text.at + start, i - start }, max, &used));
		start = i + 1;
	}
	return TW_OK;
}

tw_err tw_scan_paths_check(struct tw_slice text, size_t max)
{
	struct tw_paths p;

	return tw_paths_read(text, max, &p);
}

/* --- A merged /usr --- */

static const char *const merged[TW_MERGED_MAX] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

static tw_err type_of(const struct tw_sys *sys, int root, const char *path, mode_t *ret)
{
	struct stat st;
	int fd = sys->open_beneath(sys, root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), r;

	*ret = 0;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP
			? TW_OK
			: TW_RAISE_ERRNO("looking at /%s", path);
	r = sys->fstat(sys, fd, &st);
	(void)sys->close(sys, fd);
	if (r < 0)
		return TW_RAISE_ERRNO("looking at /%s", path);
	*ret = st.st_mode & S_IFMT;
	return TW_OK;
}

/* Where the link leads cannot be read by a role; one of this name to anywhere else makes what it holds missing, which is then seen. */
tw_err tw_merged_look(const struct tw_sys *sys, int root, struct tw_merged *ret)
{
	for (size_t i = 0; i < TW_MERGED_MAX; i++) {
		char there[16];
		mode_t link, folder;

		(void)snprintf(there, sizeof there, "usr/%s", merged[i]);
		TW_TRY(type_of(sys, root, merged[i], &link));
		TW_TRY(type_of(sys, root, there, &folder));
		ret->of[i] = link == S_IFLNK && folder == S_IFDIR;
	}
	return TW_OK;
}

const char *tw_merged_path(const struct tw_merged *m, const char *path, char *ret)
{
	size_t size = strcspn(path, "/");

	for (size_t i = 0; i < TW_MERGED_MAX; i++)
		if (m->of[i] && strlen(merged[i]) == size && memcmp(path, merged[i], size) == 0) {
			(void)snprintf(ret, TW_MERGED_SIZE, "usr/%s", path);
			return ret;
		}
	return path;
}

bool tw_paths_hold(const struct tw_paths *p, const struct tw_merged *m, const char *path)
{
	for (size_t i = 0; i < p->count; i++) {
		char met[TW_MERGED_SIZE];
		const char *one = tw_merged_path(m, p->of[i], met);
		size_t size = strlen(one);

		if (strncmp(path, one, size) == 0 && (path[size] == '\0' || path[size] == '/'))
			return true;
	}
	return false;
}

/* --- What packages own --- */

tw_err tw_owned_init(struct tw_owned *o, const struct tw_sys *sys)
{
	*o = (struct tw_owned){ .sys = sys };
	return sys->random(sys, o->key, sizeof o->key) ? TW_RAISE_ERRNO("randomness") : TW_OK;
}

void tw_owned_done(struct tw_owned *o)
{
	free(o->of);
	*o = (struct tw_owned){ .sys = o->sys };
}

static tw_err fingerprint(const struct tw_owned *o, const char *path, uint64_t *ret)
{
	const struct tw_slice parts[] = { { (const char *)o->key, sizeof o->key }, tw_slice_of(path) };
	uint8_t digest[TW_SHA256_SIZE];

	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), digest));
	memcpy(ret, digest, sizeof *ret);
	return TW_OK;
}

tw_err tw_owned_add(struct tw_owned *o, const char *path)
{
	if (o->count == TW_SCAN_OWNED_MAX)
		return TW_RAISE(LIMIT, "packages own more than %d files", TW_SCAN_OWNED_MAX);
	if (o->count == o->capacity) {
		size_t wanted = o->capacity ? 2 * o->capacity : 4096;
		void *p = o->sys->resize(o->sys, o->of, wanted * sizeof *o->of);

		if (!p)
			return TW_RAISE(NOMEM, "what packages own");
		o->of = p;
		o->capacity = wanted;
	}
	TW_TRY(fingerprint(o, path, &o->of[o->count]));
	o->count++;
	return TW_OK;
}

static int compare(const void *a, const void *b)
{
	uint64_t one, other;

	memcpy(&one, a, sizeof one);
	memcpy(&other, b, sizeof other);
	return (one > other) - (one < other);
}

void tw_owned_sort(struct tw_owned *o)
{
	size_t kept = 0;

	if (o->count > 1)
		qsort(o->of, o->count, sizeof *o->of, compare);
	for (size_t i = 0; i < o->count; i++)
		if (i == 0 || o->of[i] != o->of[kept - 1])
			o->of[kept++] = o->of[i];
	o->count = kept;
}

tw_err tw_owned_has(const struct tw_owned *o, const char *path, bool *ret)
{
	uint64_t wanted;

	TW_TRY(fingerprint(o, path, &wanted));
	*ret = o->count && bsearch(&wanted, o->of, o->count, sizeof *o->of, compare);
	return TW_OK;
}

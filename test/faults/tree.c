/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Takes both descriptors. */
static bool copy_file(int from, int to)
{
	struct stat st;
	bool good = from >= 0 && to >= 0 && fstat(from, &st) == 0;

	for (off_t left = good ? st.st_size : 0; good && left > 0;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);

		good = n > 0;
		left -= n;
	}
	if (from >= 0)
		(void)close(from);
	if (to >= 0)
		(void)close(to);
	return good;
}

/* Takes both descriptors. */
static bool copy_dir(int from, int to)
{
	DIR *d = fdopendir(from);
	const struct dirent *e;
	bool good = d && to >= 0;

	while (good && (e = readdir(d))) {
		int in;
		struct stat st;

		if (dots(e->d_name))
			continue;
		in = openat(from, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		good = in >= 0 && fstat(in, &st) == 0;
		if (good && S_ISDIR(st.st_mode))
			good = mkdirat(to, e->d_name, st.st_mode & 0777) == 0 &&
				copy_dir(in, openat(to, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		else if (good)
			good = copy_file(in, openat(to, e->d_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777));
	}
	if (d)
		(void)closedir(d);
	if (to >= 0)
		(void)close(to);
	return good;
}

bool tree_copy(const char *from, const char *to)
{
	return mkdir(to, 0700) == 0 &&
		copy_dir(open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC), open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* Takes both descriptors. */
static bool same_file(int a, int b)
{
	static char one[65536], other[65536];
	bool same = a >= 0 && b >= 0;
	ssize_t n = 1;

	while (same && n > 0) {
		n = read(a, one, sizeof one);
		same = n >= 0 && read(b, other, sizeof other) == n && memcmp(one, other, (size_t)n) == 0;
	}
	if (a >= 0)
		(void)close(a);
	if (b >= 0)
		(void)close(b);
	return same;
}

/* Every entry of a is in b, alike. Takes both descriptors. */
static bool same_dir(int a, int b)
{
	DIR *d = a >= 0 ? fdopendir(a) : NULL;
	const struct dirent *e;
	bool same = d && b >= 0;

	while (same && (e = readdir(d))) {
		if (dots(e->d_name))
			continue;
		if (e->d_type == DT_DIR)
			same = same_dir(openat(a, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				openat(b, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		else
			same = same_file(openat(a, e->d_name, O_RDONLY | O_CLOEXEC), openat(b, e->d_name, O_RDONLY | O_CLOEXEC));
	}
	if (d)
		(void)closedir(d);
	if (b >= 0)
		(void)close(b);
	return same;
}

/* Names that only the other has are found by looking from there too. */
bool tree_same(const char *one, const char *other)
{
	return same_dir(open(one, O_RDONLY | O_DIRECTORY | O_CLOEXEC), open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) &&
		same_dir(open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC), open(one, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* Takes dir. */
static void empty(int dir)
{
	DIR *d = dir >= 0 ? fdopendir(dir) : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		if (dots(e->d_name) || unlinkat(dir, e->d_name, 0) == 0)
			continue;
		empty(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
		(void)unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		(void)closedir(d);
}

void tree_remove(const char *path)
{
	empty(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	(void)rmdir(path);
}

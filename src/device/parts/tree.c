/* SPDX-License-Identifier: Apache-2.0 */
#include "device/parts/tree.h"

#include "base/fd.h"
#include "base/mem.h"
#include "service/firewall/taken.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#define PATH_SIZE 512

struct listing {
	struct tw_tree_names *ret;
	bool full;
};

static bool __attribute__((format(printf, 3, 0)))
path_of(const struct tw_watch_look *t, char ret[PATH_SIZE], const char *format, va_list args)
{
	const int n = snprintf(ret, PATH_SIZE, "%s/", t->tree);

	if (n < 0 || n >= PATH_SIZE)
		return false;
	const int m = vsnprintf(ret + n, PATH_SIZE - (size_t)n, format, args);
	return m >= 0 && m < PATH_SIZE - n;
}

static bool take(void *user, const char *name)
{
	struct listing *l = user;
	const size_t size = strlen(name);

	if (!tw_taken_is_name(name, size))
		return true;
	if (l->ret->count == TW_TREE_NAMES_MAX) {
		l->full = true;
		return false;
	}
	memcpy(l->ret->of[l->ret->count++], name, size + 1);
	return true;
}

tw_err tw_tree_list(const struct tw_watch_look *t, struct tw_tree_names *ret, const char *format, ...)
{
	struct listing l = { .ret = ret };
	char path[PATH_SIZE];
	va_list args;

	ret->count = 0;
	va_start(args, format);
	const bool fits = path_of(t, path, format, args);
	va_end(args);
	if (!fits)
		return TW_RAISE(LIMIT, "a path of the kernel's tree is too long");
	TW_CLEANUP(tw_closep) int fd = t->sys->open_path(t->sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return TW_OK;
	if (fd < 0 || t->sys->list(t->sys, fd, take, &l))
		return TW_RAISE_ERRNO("looking at %s", path);
	return l.full ? TW_RAISE(LIMIT, "more than %d in %s", TW_TREE_NAMES_MAX, path) : TW_OK;
}

bool tw_tree_has(const struct tw_watch_look *t, const char *format, ...)
{
	char path[PATH_SIZE];
	va_list args;

	va_start(args, format);
	const bool fits = path_of(t, path, format, args);
	va_end(args);
	TW_CLEANUP(tw_closep) int fd = fits ? t->sys->open_path(t->sys, path, O_PATH | O_CLOEXEC, 0) : -1;
	return fd >= 0;
}

/* What the device that an attribute is of answers when it is being taken away. */
static bool has_gone(int number)
{
	return number == ENOENT || number == ENODEV;
}

tw_err tw_tree_write(const struct tw_watch_look *t, const char *value, const char *format, ...)
{
	const size_t size = strlen(value);
	char path[PATH_SIZE];
	va_list args;

	va_start(args, format);
	const bool fits = path_of(t, path, format, args);
	va_end(args);
	if (!fits)
		return TW_RAISE(LIMIT, "a path of the kernel's tree is too long");
	TW_CLEANUP(tw_closep) int fd = t->sys->open_path(t->sys, path, O_WRONLY | O_CLOEXEC, 0);
	if (fd < 0 && has_gone(errno))
		return TW_RAISE(NOTFOUND, "%s is not there", path);
	if (fd < 0 && errno == EACCES)
		return TW_RAISE(DENIED, "opening %s: not to be written here", path);
	if (fd < 0)
		return TW_RAISE_ERRNO("opening %s", path);
	if (t->sys->write(t->sys, fd, value, size) == (ssize_t)size)
		return TW_OK;
	return has_gone(errno) ? TW_RAISE(NOTFOUND, "%s has gone", path) : TW_RAISE_ERRNO("writing %s to %s", value, path);
}

void tw_tree_note(struct tw_tree_first *f, tw_err e)
{
	const bool is_louder = tw_is(e, TW_CODE_DENIED) && !tw_is(f->e, TW_CODE_DENIED);

	if (!tw_failed(e) || (tw_failed(f->e) && !is_louder))
		return;
	f->e = e;
	(void)snprintf(f->why, sizeof f->why, "%s", tw_err_detail());
}

tw_err tw_tree_raise(const struct tw_tree_first *f)
{
	return tw_failed(f->e) ? tw_raise(f->e.code, __func__, __LINE__, "%s", f->why) : TW_OK;
}

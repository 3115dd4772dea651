/* SPDX-License-Identifier: Apache-2.0 */
#include "device/watch/look.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#define PATH_SIZE 512
#define TRIES 3
#define FILE_SIZE 1024 /* of a uevent; the kernel's own limit is 2 KiB, and what we want stands at its beginning */

tw_err tw_watch_add(const struct tw_watch_look *l, const struct tw_watch_item *i)
{
	const size_t before = l->ret->size;
	tw_err e = tw_watch_item_write(i, l->ret);

	if (tw_failed(e))
		l->ret->size = before;
	return e;
}

static ssize_t read_file(const struct tw_watch_look *l, const char *path, char *ret, size_t size)
{
	TW_CLEANUP(tw_closep) int fd = l->sys->open_path(l->sys, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

	return fd < 0 ? -1 : l->sys->pread(l->sys, fd, ret, size, 0);
}

static bool __attribute__((format(printf, 3, 0)))
path_of(const struct tw_watch_look *l, char ret[PATH_SIZE], const char *format, va_list args)
{
	int n = snprintf(ret, PATH_SIZE, "%s/", l->tree);

	if (n < 0 || n >= PATH_SIZE)
		return false;
	const int m = vsnprintf(ret + n, PATH_SIZE - (size_t)n, format, args);
	return m >= 0 && m < PATH_SIZE - n;
}

void tw_watch_text(const struct tw_watch_look *l, char ret[TW_WATCH_TEXT], const char *format, ...)
{
	char path[PATH_SIZE], bytes[TW_WATCH_TEXT];
	va_list args;

	va_start(args, format);
	const bool fits = path_of(l, path, format, args);
	va_end(args);
	const ssize_t n = fits ? read_file(l, path, bytes, sizeof bytes) : -1;
	tw_plain_text((struct tw_slice){ bytes, n > 0 ? (size_t)n : 0 }, ret, TW_WATCH_TEXT);
}

void tw_watch_value(const struct tw_watch_look *l, const char *key, char ret[TW_WATCH_TEXT], const char *format, ...)
{
	char path[PATH_SIZE], bytes[FILE_SIZE + 1];
	const size_t key_size = strlen(key);
	va_list args;

	va_start(args, format);
	const bool fits = path_of(l, path, format, args);
	va_end(args);
	const ssize_t n = fits ? read_file(l, path, bytes, FILE_SIZE) : -1;
	ret[0] = '\0';
	bytes[n > 0 ? n : 0] = '\0';
	for (const char *at = bytes; *at;) {
		const size_t size = strcspn(at, "\n");

		if (size > key_size && memcmp(at, key, key_size) == 0 && at[key_size] == '=')
			tw_plain_text((struct tw_slice){ at + key_size + 1, size - key_size - 1 }, ret, TW_WATCH_TEXT);
		at += size + (at[size] == '\n');
	}
}

tw_err tw_watch_names(const struct tw_watch_look *l, const char *directory, bool (*visit)(void *user, const char *name), void *user)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof path, "%s/%s", l->tree, directory) >= (int)sizeof path)
		return TW_RAISE(LIMIT, "a path of the kernel's tree is too long");
	TW_CLEANUP(tw_closep) int fd = l->sys->open_path(l->sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return TW_OK;
	if (fd < 0 || l->sys->list(l->sys, fd, visit, user))
		return TW_RAISE_ERRNO("looking at %s", path);
	return TW_OK;
}

/* What went wrong with one source, as a bit. */
static tw_err note(const struct tw_watch_look *l, tw_err e, unsigned source)
{
	static unsigned said; /* once for each: a kernel without it has none at the next look either */

	if (!tw_failed(e) || tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_is(e, TW_CODE_LIMIT))
		source |= TW_WATCH_FULL;
	if ((said & source) != source)
		tw_log_err(e, "this part of the interfaces is not seen");
	said |= source;
	l->ret->data[0] = (char)((uint8_t)l->ret->data[0] | source);
	return TW_OK;
}

/* What changed while it was listed is asked for again, and then left to the next look. */
static tw_err whole(const struct tw_watch_look *l, tw_err (*source)(const struct tw_watch_look *l))
{
	const size_t before = l->ret->size;
	tw_err e = source(l);

	for (int i = 1; i < TRIES && tw_is(e, TW_CODE_STATE); i++) {
		l->ret->size = before;
		e = source(l);
	}
	return e;
}

tw_err tw_watch_look(const struct tw_watch_look *l)
{
	tw_buf_clear(l->ret);
	TW_TRY(tw_buf_u8(l->ret, 0));
	TW_TRY(note(l, whole(l, tw_watch_look_links), TW_WATCH_NO_LINKS));
	TW_TRY(note(l, tw_watch_look_devices(l), TW_WATCH_NO_DEVICES));
	return note(l, whole(l, tw_watch_look_sockets), TW_WATCH_NO_SOCKETS);
}

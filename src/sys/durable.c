/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is the promise: new name, all bytes, fsync, rename, fsync of the directory. A name left over from a start that ended
 * in between is removed first, so its mode and its bytes never reach the real one.
 *
 * A failed fsync is never tried again: the kernel has dropped what it could not write and the next fsync would lie.
 */
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define NEW_SUFFIX ".new"
#define NAME_SIZE 256 /* NAME_MAX and a NUL */
#define READ_STEP 4096

static tw_err write_all(const struct tw_sys *sys, int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = sys->write(sys, fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TW_RAISE_ERRNO("writing");
		if (n == 0)
			return TW_RAISE(IO, "writing: nothing was taken");
		at += n;
		size -= (size_t)n;
	}
	return TW_OK;
}

/* Interrupted before it began is the one failure that says nothing about the data. */
static int sync_whole(const struct tw_sys *sys, int fd, int (*sync)(const struct tw_sys *s, int fd))
{
	int r;

	do
		r = sync(sys, fd);
	while (r != 0 && errno == EINTR);
	return r;
}

tw_err tw_durable_sync(const struct tw_sys *sys, int fd)
{
	if (sync_whole(sys, fd, sys->fdatasync) != 0)
		return TW_RAISE_ERRNO("syncing a file");
	return TW_OK;
}

tw_err tw_durable_sync_dir(const struct tw_sys *sys, int dir)
{
	if (sync_whole(sys, dir, sys->fsync) != 0)
		return TW_RAISE_ERRNO("syncing a directory");
	return TW_OK;
}

static tw_err unlink_if_there(const struct tw_sys *sys, int dir, const char *name)
{
	if (sys->unlink(sys, dir, name) != 0 && errno != ENOENT)
		return TW_RAISE_ERRNO("removing %s", name);
	return TW_OK;
}

static int open_retry(const struct tw_sys *sys, int dir, const char *name, int flags, mode_t mode)
{
	int fd;

	do
		fd = sys->open_beneath(sys, dir, name, flags, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static tw_err write_new(const struct tw_sys *sys, int dir, const char *name, struct tw_slice content, mode_t mode,
	int (*sync)(const struct tw_sys *s, int fd))
{
	int fd = open_retry(sys, dir, name, O_WRONLY | O_CREAT | O_EXCL, mode);
	tw_err e;

	if (fd < 0)
		return TW_RAISE_ERRNO("creating %s", name);
	e = write_all(sys, fd, content.at, content.size);
	if (!tw_failed(e) && sync && sync_whole(sys, fd, sync) != 0)
		e = TW_RAISE_ERRNO("syncing %s", name);
	(void)sys->close(sys, fd); /* the fsync before it, or tw_durable_sync_all after it, has the last word about the data */
	return e;
}

tw_err tw_durable_place(const struct tw_sys *sys, int dir, const char *name, const void *data, size_t size, mode_t mode)
{
	TW_TRY(unlink_if_there(sys, dir, name));
	return write_new(sys, dir, name, (struct tw_slice){ data, size }, mode, NULL);
}

tw_err tw_durable_sync_all(const struct tw_sys *sys, int dir)
{
	if (sync_whole(sys, dir, sys->syncfs) != 0)
		return TW_RAISE_ERRNO("syncing a file system");
	return TW_OK;
}

tw_err tw_durable_replace(const struct tw_sys *sys, int dir, const char *name, const void *data, size_t size, mode_t mode)
{
	char fresh[NAME_SIZE];
	tw_err e;

	if ((size_t)snprintf(fresh, sizeof fresh, "%s" NEW_SUFFIX, name) >= sizeof fresh)
		return TW_RAISE(LIMIT, "a file name of %zu bytes", strlen(name));
	TW_TRY(unlink_if_there(sys, dir, fresh));
	e = write_new(sys, dir, fresh, (struct tw_slice){ data, size }, mode, sys->fsync);
	if (!tw_failed(e) && sys->rename(sys, dir, fresh, dir, name) != 0)
		e = TW_RAISE_ERRNO("renaming %s to %s", fresh, name);
	if (tw_failed(e)) {
		(void)sys->unlink(sys, dir, fresh); /* if not, the next replace removes it */
		return e;
	}
	return tw_durable_sync_dir(sys, dir);
}

tw_err tw_durable_dir(const struct tw_sys *sys, int dir, const char *name, mode_t mode, int *ret_fd)
{
	if (sys->mkdir(sys, dir, name, mode) != 0 && errno != EEXIST)
		return TW_RAISE_ERRNO("making the directory %s", name);
	TW_TRY(tw_durable_sync_dir(sys, dir));
	*ret_fd = sys->open_beneath(sys, dir, name, O_RDONLY | O_DIRECTORY, 0);
	return *ret_fd < 0 ? TW_RAISE_ERRNO("opening the directory %s", name) : TW_OK;
}

tw_err tw_durable_remove(const struct tw_sys *sys, int dir, const char *name)
{
	TW_TRY(unlink_if_there(sys, dir, name));
	/* Also when it was not there: an earlier removal may not have reached the disk. */
	return tw_durable_sync_dir(sys, dir);
}

tw_err tw_durable_try(const struct tw_sys *sys, int dir)
{
	static const char name[] = "trial", bytes[4096] = { 1 };
	tw_err e = tw_durable_replace(sys, dir, name, bytes, sizeof bytes, 0600);

	if (!tw_failed(e))
		e = tw_durable_remove(sys, dir, name);
	if (tw_failed(e))
		(void)sys->unlink(sys, dir, name); /* if not, the next trial replaces it */
	return e;
}

static tw_err overwrite(const struct tw_sys *sys, int fd, const char *name)
{
	static const char zeros[READ_STEP];
	struct stat st;

	if (sys->fstat(sys, fd, &st))
		return TW_RAISE_ERRNO("looking at %s", name);
	for (off_t at = 0; at < st.st_size; at += READ_STEP) {
		off_t left = st.st_size - at;

		TW_TRY(tw_durable_write_at(sys, fd, zeros, left < READ_STEP ? (size_t)left : READ_STEP, at));
	}
	return tw_durable_sync(sys, fd);
}

tw_err tw_durable_destroy(const struct tw_sys *sys, int dir, const char *name)
{
	int fd = open_retry(sys, dir, name, O_WRONLY, 0);
	tw_err e;

	if (fd < 0 && errno == ENOENT)
		return TW_OK;
	if (fd < 0)
		return TW_RAISE_ERRNO("opening %s", name);
	e = overwrite(sys, fd, name);
	(void)sys->close(sys, fd);
	TW_TRY(e);
	return tw_durable_remove(sys, dir, name);
}

tw_err tw_durable_rename(const struct tw_sys *sys, int dir, const char *from, const char *to)
{
	if (sys->rename(sys, dir, from, dir, to) != 0)
		return TW_RAISE_ERRNO("renaming %s to %s", from, to);
	return tw_durable_sync_dir(sys, dir);
}

tw_err tw_durable_exchange(const struct tw_sys *sys, int dir, const char *a, const char *b)
{
	if (sys->exchange(sys, dir, a, b) != 0)
		return errno == EINVAL || errno == ENOSYS
			? TW_RAISE(UNSUPPORTED, "%s and %s: this file system cannot exchange two names", a, b)
			: TW_RAISE_ERRNO("exchanging %s and %s", a, b);
	return tw_durable_sync_dir(sys, dir);
}

/* A name of the directory: one at a time, since what is removed while it is listed may hide another. */
struct first {
	char name[NAME_SIZE];
};

static bool keep_first(void *user, const char *name)
{
	struct first *f = user;

	(void)snprintf(f->name, sizeof f->name, "%s", name);
	return false;
}

/* The way down: the next name of the deepest directory is removed, or becomes the deepest. */
struct way {
	int dir[TW_DURABLE_DEPTH_MAX + 1];
	struct first name[TW_DURABLE_DEPTH_MAX + 1]; /* in the directory of the same place */
	size_t depth;
};

static tw_err descend(const struct tw_sys *sys, struct way *w)
{
	const char *name = w->name[w->depth].name;
	int fd;

	if (w->depth == TW_DURABLE_DEPTH_MAX)
		return TW_RAISE(LIMIT, "%s: more than %d directories deep", name, TW_DURABLE_DEPTH_MAX);
	fd = open_retry(sys, w->dir[w->depth], name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("opening %s", name);
	w->dir[++w->depth] = fd;
	return TW_OK;
}

static tw_err ascend(const struct tw_sys *sys, struct way *w)
{
	(void)sys->close(sys, w->dir[w->depth--]);
	const char *name = w->name[w->depth].name;
	if (sys->rmdir(sys, w->dir[w->depth], name) != 0)
		return TW_RAISE_ERRNO("removing the directory %s", name);
	return TW_OK;
}

/* A file or a link goes; of a directory, Linux says EISDIR. */
static tw_err remove_one(const struct tw_sys *sys, struct way *w)
{
	const char *name = w->name[w->depth].name;

	if (sys->unlink(sys, w->dir[w->depth], name) == 0)
		return TW_OK;
	return errno == EISDIR ? descend(sys, w) : TW_RAISE_ERRNO("removing %s", name);
}

static tw_err empty_out(const struct tw_sys *sys, struct way *w)
{
	while (w->depth > 0) {
		struct first *f = &w->name[w->depth];

		f->name[0] = '\0';
		if (sys->list(sys, w->dir[w->depth], keep_first, f) != 0)
			return TW_RAISE_ERRNO("listing %s", w->name[w->depth - 1].name);
		TW_TRY(f->name[0] ? remove_one(sys, w) : ascend(sys, w));
	}
	return TW_OK;
}

tw_err tw_durable_remove_tree(const struct tw_sys *sys, int dir, const char *name)
{
	struct way w = { .dir = { dir } };
	tw_err e;

	if ((size_t)snprintf(w.name[0].name, NAME_SIZE, "%s", name) >= NAME_SIZE)
		return TW_RAISE(LIMIT, "a file name of %zu bytes", strlen(name));
	if (sys->unlink(sys, dir, name) != 0) {
		if (errno == ENOENT)
			return TW_OK;
		if (errno != EISDIR)
			return TW_RAISE_ERRNO("removing %s", name);
		e = descend(sys, &w);
		if (!tw_failed(e))
			e = empty_out(sys, &w);
		while (w.depth > 0)
			(void)sys->close(sys, w.dir[w.depth--]); /* of a failure */
		TW_TRY(e);
	}
	return tw_durable_sync_dir(sys, dir);
}

/* LIMIT says of a read that the file is too large; no room for a descriptor must not look like it (a log once was set aside so). */
static tw_err raise_reading(const char *what, const char *name)
{
	if (errno == ENOMEM)
		return TW_RAISE_ERRNO("%s %s", what, name);
	return TW_RAISE(IO, "%s %s: %s", what, name, strerror(errno));
}

static tw_err check_regular(const struct tw_sys *sys, int fd, const char *name)
{
	struct stat st;

	if (sys->fstat(sys, fd, &st) != 0)
		return raise_reading("looking at", name);
	if (!S_ISREG(st.st_mode))
		return TW_RAISE(STATE, "%s is not a file", name);
	return TW_OK;
}

static tw_err read_all(const struct tw_sys *sys, int fd, const char *name, size_t max, struct tw_buf *b)
{
	char chunk[READ_STEP];
	size_t total = 0;

	TW_TRY(check_regular(sys, fd, name));
	for (;;) {
		ssize_t n = sys->read(sys, fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return raise_reading("reading", name);
		if (n == 0)
			return TW_OK;
		total += (size_t)n;
		if (total > max)
			return TW_RAISE(LIMIT, "%s has more than %zu bytes", name, max);
		TW_TRY(tw_buf_add(b, chunk, (size_t)n));
	}
}

tw_err tw_durable_read(const struct tw_sys *sys, int dir, const char *name, size_t max, struct tw_buf *b)
{
	size_t before = b->size;
	/* O_NONBLOCK: opening a pipe that somebody put there must not wait. */
	int fd = open_retry(sys, dir, name, O_RDONLY | O_NONBLOCK, 0);
	tw_err e;

	if (fd < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "%s is not there", name);
	if (fd < 0)
		return raise_reading("opening", name);
	e = read_all(sys, fd, name, max, b);
	(void)sys->close(sys, fd); /* it was only read */
	if (tw_failed(e) && b->data) {
		b->size = before;
		b->data[before] = '\0';
	}
	return e;
}

tw_err tw_durable_write_at(const struct tw_sys *sys, int fd, const void *data, size_t size, off_t offset)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = sys->pwrite(sys, fd, at, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TW_RAISE_ERRNO("writing at %lld", (long long)offset);
		if (n == 0)
			return TW_RAISE(IO, "writing at %lld: nothing was taken", (long long)offset);
		at += n;
		size -= (size_t)n;
		offset += n;
	}
	return TW_OK;
}

static tw_err copy_bytes(const struct tw_sys *sys, int from, int to)
{
	char chunk[READ_STEP];

	for (;;) {
		ssize_t n = sys->read(sys, from, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TW_RAISE_ERRNO("reading");
		if (n == 0)
			return TW_OK;
		TW_TRY(write_all(sys, to, chunk, (size_t)n));
	}
}

tw_err tw_durable_copy(const struct tw_sys *sys, int dir, const char *from, const char *to, mode_t mode)
{
	return tw_durable_copy_to(sys, dir, from, dir, to, mode);
}

tw_err tw_durable_copy_to(const struct tw_sys *sys, int from_dir, const char *from, int to_dir, const char *to, mode_t mode)
{
	TW_TRY(unlink_if_there(sys, to_dir, to));
	int in = open_retry(sys, from_dir, from, O_RDONLY | O_NONBLOCK, 0);
	if (in < 0)
		return TW_RAISE_ERRNO("opening %s", from);
	int out = open_retry(sys, to_dir, to, O_WRONLY | O_CREAT | O_EXCL, mode);
	tw_err e = out < 0 ? TW_RAISE_ERRNO("creating %s", to) : copy_bytes(sys, in, out);

	if (!tw_failed(e) && sync_whole(sys, out, sys->fsync) != 0)
		e = TW_RAISE_ERRNO("syncing %s", to);
	if (out >= 0)
		(void)sys->close(sys, out); /* the fsync before it has had the last word about the data */
	(void)sys->close(sys, in);          /* it was only read */
	if (tw_failed(e) && out >= 0)
		(void)sys->unlink(sys, to_dir, to); /* if not, the next copy removes it */
	return e;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers over the seam and sys/durable; every write is whole or not at all. */
#include "tool/files.h"

#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>

#define PEM_MAX 16384
#define PATH_SIZE 4096

tw_err tw_dir_open(const struct tw_sys *sys, const char *path, int *ret_fd)
{
	int fd = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 && errno == ENOENT)
		return TW_RAISE(NOTFOUND, "there is no directory %s", path);
	if (fd < 0)
		return TW_RAISE_ERRNO("opening the directory %s", path);
	*ret_fd = fd;
	return TW_OK;
}

/* The directory and the last name of a path. */
static tw_err split(const struct tw_sys *sys, const char *path, int *ret_dir, char ret_name[256])
{
	char parent[PATH_SIZE];
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	const char *slash = memrchr(path, '/', size);
	size_t name_at = slash ? (size_t)(slash - path) + 1 : 0;
	if (size - name_at == 0 || size - name_at > 255 || name_at >= sizeof(parent))
		return TW_RAISE(SYNTAX, "'%s' is no file name", path);
	(void)snprintf(ret_name, 256, "%.*s", (int)(size - name_at), path + name_at);
	(void)snprintf(parent, sizeof(parent), "%.*s", name_at ? (int)name_at : 1, name_at ? path : ".");
	return tw_dir_open(sys, parent, ret_dir);
}

tw_err tw_dir_beneath(const struct tw_sys *sys, int dir, const char *name, mode_t mode, int *ret_fd)
{
	return tw_durable_dir(sys, dir, name, mode, ret_fd);
}

tw_err tw_dir_make(const struct tw_sys *sys, const char *path, mode_t mode, int *ret_fd)
{
	TW_CLEANUP(tw_closep) int parent = -1;
	char name[256];

	if (!tw_failed(tw_dir_open(sys, path, ret_fd)))
		return TW_OK;
	TW_TRY(split(sys, path, &parent, name));
	return tw_dir_beneath(sys, parent, name, mode, ret_fd);
}

tw_err tw_file_read(const struct tw_sys *sys, const char *path, size_t max, struct tw_buf *ret)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	char name[256];

	TW_TRY(split(sys, path, &dir, name));
	tw_err e = tw_durable_read(sys, dir, name, max, ret);
	return tw_is(e, TW_CODE_NOTFOUND) ? TW_RAISE(NOTFOUND, "there is no file %s", path) : e;
}

tw_err tw_input_read(const struct tw_sys *sys, size_t max, struct tw_buf *ret)
{
	char piece[4096];
	ssize_t n;

	while ((n = sys->read(sys, STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return TW_RAISE_ERRNO("reading standard input");
		if (ret->size + (size_t)n > max)
			return TW_RAISE(LIMIT, "standard input has more than %zu bytes", max);
		tw_err e = tw_buf_add(ret, piece, (size_t)n);
		tw_wipe(piece, sizeof(piece)); /* it may have been a secret */
		TW_TRY(e);
	}
	return TW_OK;
}

tw_err tw_file_write(const struct tw_sys *sys, const char *path, const void *data, size_t size, mode_t mode)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	char name[256];

	TW_TRY(split(sys, path, &dir, name));
	return tw_durable_replace(sys, dir, name, data, size, mode);
}

tw_err tw_file_remove(const struct tw_sys *sys, const char *path)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	char name[256];

	TW_TRY(split(sys, path, &dir, name));
	return tw_durable_remove(sys, dir, name);
}

tw_err tw_file_text(const struct tw_sys *sys, int dir, const char *name, const char *text, mode_t mode)
{
	return tw_durable_replace(sys, dir, name, text, strlen(text), mode);
}

tw_err tw_file_json(const struct tw_sys *sys, const char *path, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_FILE_MAX);
	TW_TRY(tw_file_read(sys, path, TW_FILE_MAX, &b));
	return tw_json_parse(tw_buf_slice(&b), TW_FILE_MAX, ret);
}

tw_err tw_file_cert(const struct tw_sys *sys, const char *path, tw_cert **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, PEM_MAX);
	TW_TRY(tw_file_read(sys, path, PEM_MAX, &b));
	return tw_cert_load(sys, tw_buf_slice(&b), ret);
}

tw_err tw_file_named(const char *path, tw_err e)
{
	return tw_err_named(path, e);
}

bool tw_file_exists(const struct tw_sys *sys, int dir, const char *name)
{
	TW_CLEANUP(tw_closep) int fd = sys->open_beneath(sys, dir, name, O_RDONLY, 0);

	return fd >= 0;
}

static void wipe_done(struct tw_buf *b)
{
	if (b->data)
		tw_wipe(b->data, b->capacity);
	tw_buf_done(b);
}

tw_err tw_key_store(const struct tw_sys *sys, int dir, const char *name, const tw_key *k)
{
	TW_CLEANUP(wipe_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, PEM_MAX);
	TW_TRY(tw_key_save(k, &b));
	return tw_durable_replace(sys, dir, name, b.data, b.size, 0600);
}

tw_err tw_key_fetch(const struct tw_sys *sys, int dir, const char *name, tw_key **ret)
{
	TW_CLEANUP(wipe_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, PEM_MAX);
	TW_TRY(tw_durable_read(sys, dir, name, PEM_MAX, &b));
	return tw_key_load(sys, tw_buf_slice(&b), ret);
}

tw_err tw_cert_store(const struct tw_sys *sys, int dir, const char *name, const tw_cert *c, mode_t mode)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, PEM_MAX);
	TW_TRY(tw_cert_pem(c, &b));
	return tw_durable_replace(sys, dir, name, b.data, b.size, mode);
}

tw_err tw_cert_fetch(const struct tw_sys *sys, int dir, const char *name, tw_cert **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, PEM_MAX);
	TW_TRY(tw_durable_read(sys, dir, name, PEM_MAX, &b));
	return tw_cert_load(sys, tw_buf_slice(&b), ret);
}

int64_t tw_now_ms(const struct tw_sys *sys)
{
	struct timespec t = { 0 };

	if (sys->clock(sys, CLOCK_REALTIME, &t) != 0)
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FUSE file system that is one disk and one pen.
 *
 *   disk   an image held in memory; every write and flush is appended to the log
 *   mark   a decimal number written here is logged as an acknowledgement
 *
 * Put a loop device and a file system on "disk", run a program that writes n to "mark" after it has promised n, and the log
 * holds everything that reached the disk, in order, between the promises.
 *
 *   powercut-recfs BASE LOG MOUNTPOINT        (stays in the foreground; ends when unmounted)
 *
 * Log: records of three native 64-bit numbers {kind, a, b}; kind 1 is a write (a offset, b length, then b bytes), kind 2 a
 * flush, kind 3 an acknowledgement (a is the number). Requests are served one at a time, so the log has one true order.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse3/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WRITE = 1, FLUSH = 2, MARK = 3 };

static char *image;
static size_t image_size;
static FILE *record;

static int append(uint64_t kind, uint64_t a, uint64_t b, const void *data)
{
	uint64_t head[3] = { kind, a, b };

	if (fwrite(head, sizeof head, 1, record) != 1)
		return -EIO;
	if (data && fwrite(data, 1, b, record) != b)
		return -EIO;
	return fflush(record) ? -EIO : 0;
}

static int get_attributes(const char *path, struct stat *st, struct fuse_file_info *info)
{
	memset(st, 0, sizeof *st);
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
		return 0;
	}
	st->st_mode = S_IFREG | 0600;
	st->st_nlink = 1;
	if (strcmp(path, "/disk") == 0)
		st->st_size = (off_t)image_size;
	else if (strcmp(path, "/mark") != 0)
		return -ENOENT;
	return 0;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)fill(buffer, "disk", NULL, 0, (enum fuse_fill_dir_flags)0);
	(void)fill(buffer, "mark", NULL, 0, (enum fuse_fill_dir_flags)0);
	return 0;
}

/* direct_io: the page cache would merge, delay and reorder what we want to see. */
static int open_file(const char *path, struct fuse_file_info *info)
{
	info->direct_io = 1;
	return 0;
}

static int read_disk(const char *path, char *buffer, size_t n, off_t offset, struct fuse_file_info *info)
{
	if (strcmp(path, "/disk") != 0 || (size_t)offset >= image_size)
		return 0;
	if (n > image_size - (size_t)offset)
		n = image_size - (size_t)offset;
	memcpy(buffer, image + offset, n);
	return (int)n;
}

static int write_mark(const char *text, size_t n)
{
	uint64_t number = 0;

	for (size_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	return append(MARK, number, 0, NULL);
}

static int write_file(const char *path, const char *data, size_t n, off_t offset, struct fuse_file_info *info)
{
	int rc;

	if (strcmp(path, "/mark") == 0) {
		rc = write_mark(data, n);
	} else {
		if ((size_t)offset > image_size || n > image_size - (size_t)offset)
			return -ENOSPC;
		memcpy(image + offset, data, n);
		rc = append(WRITE, (uint64_t)offset, n, data);
	}
	return rc ? rc : (int)n;
}

static int flush_disk(const char *path, int data_only, struct fuse_file_info *info)
{
	return append(FLUSH, 0, 0, NULL);
}

/* open(O_TRUNC) on "mark" must succeed. No fallocate: loop then says it cannot discard, and nothing bypasses the log. */
static int truncate_file(const char *path, off_t size, struct fuse_file_info *info)
{
	return strcmp(path, "/mark") == 0 ? 0 : -EPERM;
}

static const struct fuse_operations operations = {
	.getattr = get_attributes,
	.readdir = list,
	.open = open_file,
	.read = read_disk,
	.write = write_file,
	.fsync = flush_disk,
	.truncate = truncate_file,
};

static int load(const char *path)
{
	FILE *f = fopen(path, "rbe");
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) <= 0)
		return -1;
	rewind(f);
	image_size = (size_t)size;
	image = malloc(image_size);
	if (!image || fread(image, 1, image_size, f) != image_size)
		return -1;
	return fclose(f);
}

int main(int argc, char **argv)
{
	char foreground[] = "-f", single[] = "-s";

	if (argc != 4) {
		(void)fprintf(stderr, "usage: powercut-recfs BASE LOG MOUNTPOINT\n");
		return 2;
	}
	record = fopen(argv[2], "wbe");
	if (!record || load(argv[1])) {
		perror("powercut-recfs");
		return 1;
	}
	char *arguments[] = { argv[0], foreground, single, argv[3], NULL };
	return fuse_main(4, arguments, &operations, NULL);
}

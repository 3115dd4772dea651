/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary directory for one test, removed with all that is in it. In memory: a test syncs thousands of times and proves
   the order of syncs by the seam's journal, not by a disk. */
#ifndef TW_SERVICE_TEST_DIR_H
#define TW_SERVICE_TEST_DIR_H
#include "sys/real.h"
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct test_dir {
	char path[64];
	int fd;
};

/* With TW_STORE_URL, an address of PostgreSQL, a store of this directory is in a schema of its own there: for tests that are built with that store. */
static inline void test_dir_store(const struct test_dir *d)
{
	const char *url = getenv("TW_STORE_URL");
	int fd = url ? openat(d->fd, "store.url", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	if (!url)
		return;
	CHECK(fd >= 0 && dprintf(fd, "%s&schema=t%s\n", url, d->path + strlen(d->path) - 6) > 0);
	close(fd);
}

/* Of a store whose files are another's: a test that makes a file of the store's fail has nothing to do there. */
static inline bool test_dir_store_elsewhere(void)
{
	return getenv("TW_STORE_URL") != NULL;
}

static inline struct test_dir test_dir_new(void)
{
	struct test_dir d = { .path = "/dev/shm/tw-test-XXXXXX" };
	CHECK(mkdtemp(d.path) != NULL);
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(d.fd >= 0);
	test_dir_store(&d);
	return d;
}

static inline void test_dir_empty(const struct test_dir *d)
{
	DIR *list = opendir(d->path);
	CHECK(list != NULL);
	if (!list) /* for the analyzer: cmocka does not say that it never returns */
		return;
	for (struct dirent *e = readdir(list); e; e = readdir(list)) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			CHECK_INT(unlinkat(d->fd, e->d_name, 0), 0);
	}
	closedir(list);
}

static inline void test_dir_done(struct test_dir *d)
{
	test_dir_empty(d);
	close(d->fd);
	CHECK_INT(rmdir(d->path), 0);
}

/* How many descriptors this process has open: a test that loses one says so. */
static inline int test_open_fds(void)
{
	int n = 0;
	DIR *list = opendir("/proc/self/fd");
	CHECK(list != NULL);
	while (readdir(list))
		n++;
	closedir(list);
	return n;
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is full or fails, and then is well again: what the device answers meanwhile, and what it makes up for by itself. */
#include "unit.h"

#include "check.h"
#include "device/logical-access/access.h"
#include "device/platform/device.h"
#include "device/platform/start.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETTING "/api/v1/settings/identification.remote-read"
#define FDS_MAX 128

/* The real system, but what is done to files of one name may be refused. */
static struct {
	struct tw_sys sys;
	const char *name;        /* begins the names of the files in question */
	int write, sync, rename; /* errno, 0: well */
	bool watched[FDS_MAX];
} disk;

static int open_beneath(const struct tw_sys *s, int dir, const char *path, int flags, mode_t mode)
{
	int fd = tw_sys_real()->open_beneath(s, dir, path, flags, mode);

	if (fd >= 0 && fd < FDS_MAX)
		disk.watched[fd] = disk.name && strncmp(path, disk.name, strlen(disk.name)) == 0;
	return fd;
}

static bool refuses(int fd, int number)
{
	errno = number;
	return number && (fd < 0 || (fd < FDS_MAX && disk.watched[fd]));
}

static ssize_t write_at(const struct tw_sys *s, int fd, const void *data, size_t size, off_t at)
{
	return refuses(fd, disk.write) ? -1 : tw_sys_real()->pwrite(s, fd, data, size, at);
}

static int sync_data(const struct tw_sys *s, int fd)
{
	return refuses(fd, disk.sync) ? -1 : tw_sys_real()->fdatasync(s, fd);
}

static int move(const struct tw_sys *s, int from, const char *old, int to, const char *fresh)
{
	bool ours = disk.name && strncmp(fresh, disk.name, strlen(disk.name)) == 0;

	return ours && refuses(-1, disk.rename) ? -1 : tw_sys_real()->rename(s, from, old, to, fresh);
}

static char directory[64];

static int begin(void **state)
{
	memset(&disk, 0, sizeof disk);
	disk.sys = *tw_sys_real();
	disk.sys.open_beneath = open_beneath;
	disk.sys.pwrite = write_at;
	disk.sys.fdatasync = sync_data;
	disk.sys.rename = move;
	(void)snprintf(directory, sizeof directory, "/tmp/tw-mend-XXXXXX");
	tw_unit_use(tw_sys_real());
	return mkdtemp(directory) && !tw_failed(tw_unit_provision(directory)) ? 0 : -1;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

static int end(void **state)
{
	(void)nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static tw_unit *owned_unit(const char *name)
{
	tw_unit *u = NULL;

	disk.name = name;
	CHECK_OK(tw_unit_start(&disk.sys, directory, &u));
	CHECK_INT(tw_unit_takeover(u, "alice"), 201);
	return u;
}

static int change(tw_unit *u)
{
	return tw_unit_request(u, "PUT", SETTING, "\"0\"", "{\"value\":\"off\"}");
}

static void test_a_full_disk_refuses_by_name_and_goes_on(void **state)
{
	tw_unit *u = owned_unit("store.db");

	disk.write = ENOSPC;
	CHECK_INT(change(u), 503);
	CHECK(strstr(tw_unit_body(u), "\"rule\":\"store.space\""));
	CHECK(strstr(tw_unit_body(u), "Free space"));
	CHECK_INT(tw_unit_request(u, "GET", "/api/v1/identity", NULL, NULL), 200);
	CHECK(!tw_store_broken(tw_unit_device(u)->context.store));
	disk.write = 0;
	CHECK_INT(change(u), 200);
	(void)tw_unit_stop(u);
}

static void test_a_failed_sync_refuses_until_a_start(void **state)
{
	tw_unit *u = owned_unit("store.db");

	disk.sync = EIO;
	CHECK_INT(change(u), 503);
	CHECK(strstr(tw_unit_body(u), "\"rule\":\"store.broken\""));
	CHECK(tw_store_broken(tw_unit_device(u)->context.store));
	disk.sync = 0;
	CHECK_INT(change(u), 503);
	CHECK_INT(tw_unit_request(u, "GET", "/api/v1/identity", NULL, NULL), 200);
	CHECK_OK(tw_start_try_disk(&disk.sys)); /* which is when core ends, so that hands starts it */
	(void)tw_unit_stop(u);
	CHECK_OK(tw_unit_start(&disk.sys, directory, &u));
	CHECK(!tw_store_broken(tw_unit_device(u)->context.store));
	CHECK_INT(change(u), 200);
	(void)tw_unit_stop(u);
}

static void test_the_disk_is_tried_without_a_trace(void **state)
{
	tw_unit *u = owned_unit("trial");
	char path[128];

	(void)snprintf(path, sizeof path, "%s/core/trial", directory);
	CHECK_OK(tw_start_try_disk(&disk.sys));
	CHECK(access(path, F_OK) != 0);
	disk.rename = ENOSPC;
	CHECK_ERR(tw_start_try_disk(&disk.sys), LIMIT);
	CHECK(access(path, F_OK) != 0);
	(void)snprintf(path, sizeof path, "%s/core/trial.new", directory);
	CHECK(access(path, F_OK) != 0);
	(void)tw_unit_stop(u);
}

/* Whoever held the device before knows the old key. */
static void test_a_listener_key_that_is_owed_is_made_up_for(void **state)
{
	tw_unit *u = NULL;
	uint8_t before[32];

	disk.name = "listener.pem";
	CHECK_OK(tw_unit_start(&disk.sys, directory, &u));
	struct tw_device *d = tw_unit_device(u);
	memcpy(before, d->listener_key, sizeof before);
	CHECK_OK(tw_access_mend(d)); /* nothing is owed */
	CHECK(memcmp(before, d->listener_key, sizeof before) == 0);
	disk.rename = ENOSPC;
	CHECK(tw_unit_takeover(u, "alice") >= 500);
	CHECK(tw_unit_owned(u));
	CHECK(d->listener_owed);
	CHECK(tw_failed(tw_access_mend(d)));
	CHECK(d->listener_owed);
	disk.rename = 0;
	CHECK_OK(tw_access_mend(d));
	CHECK(!d->listener_owed);
	CHECK(memcmp(before, d->listener_key, sizeof before) != 0);
	memcpy(before, d->listener_key, sizeof before);
	CHECK_OK(tw_access_mend(d)); /* once */
	CHECK(memcmp(before, d->listener_key, sizeof before) == 0);
	CHECK_INT(tw_unit_request(u, "GET", "/api/v1/log?limit=20", NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(u), "ownership.listener-replaced"));
	(void)tw_unit_stop(u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

CHECK_MAIN(TEST(test_a_full_disk_refuses_by_name_and_goes_on), TEST(test_a_failed_sync_refuses_until_a_start),
	TEST(test_the_disk_is_tried_without_a_trace), TEST(test_a_listener_key_that_is_owed_is_made_up_for))

/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's view of the system, method by method: what each answers when the system refuses, and which syncs it makes. */
#include "service/store/vfs.h"

#include "service/test-dir.h"
#include "sys/fake.h"

#include <errno.h>
#include <sqlite3.h>

#define DATABASE (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)
#define LOG (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL)

static struct test_dir dir;
static tw_fake *fake;
static tw_vfs *vfs;
static sqlite3_vfs *base;

static int set_up(void **state)
{
	dir = test_dir_new();
	fake = tw_fake_new();
	CHECK_OK(tw_vfs_new(tw_fake_sys(fake), dir.fd, &vfs));
	base = sqlite3_vfs_find(tw_vfs_name(vfs));
	CHECK(base != NULL);
	return 0;
}

static int tear_down(void **state)
{
	vfs = tw_vfs_free(vfs);
	fake = tw_fake_free(fake);
	test_dir_done(&dir);
	return 0;
}

/* The nth call from here on fails. */
static void fail_at(long nth, int error_number)
{
	tw_fake_fail(fake, nth, error_number, false);
}

static void well(void)
{
	tw_fake_fail(fake, 0, 0, false);
}

static sqlite3_file *room(void)
{
	sqlite3_file *f = calloc(1, (size_t)base->szOsFile);
	CHECK(f != NULL);
	return f;
}

static sqlite3_file *opened(const char *name, int flags)
{
	sqlite3_file *f = room();
	CHECK_INT(base->xOpen(base, name, f, flags, NULL), SQLITE_OK);
	return f;
}

static int closed(sqlite3_file *f)
{
	int status = f->pMethods->xClose(f);
	free(f);
	return status;
}

static off_t size_of(const char *name)
{
	struct stat st;
	return fstatat(dir.fd, name, &st, 0) == 0 ? st.st_size : -1;
}

/* The first of all, while SQLite has not begun: whoever was there before, and without memory, it is not used. */
static void test_before_sqlite_begins(void **state)
{
	tw_vfs *none = NULL;
	tw_fake *f = tw_fake_new();
	CHECK_INT(sqlite3_initialize(), SQLITE_OK);
	CHECK_ERR(tw_vfs_new(tw_fake_sys(f), -1, &none), INTERNAL);
	CHECK_INT(sqlite3_shutdown(), SQLITE_OK);
	tw_fake_fail(f, 2, ENOMEM, false);
	CHECK_ERR(tw_vfs_new(tw_fake_sys(f), -1, &none), NOMEM);
	CHECK(tw_fake_fired(f));
	CHECK(none == NULL);
	CHECK_INT(sqlite3_shutdown(), SQLITE_OK);
	tw_fake_free(f);
}

static void test_open(void **state)
{
	char longest[65];
	sqlite3_file *f = room();
	int flags = 0, fds = test_open_fds();
	memset(longest, 'n', sizeof longest);
	longest[63] = '\0';
	CHECK_INT(base->xOpen(base, NULL, f, DATABASE, NULL), SQLITE_CANTOPEN);
	CHECK_INT(base->xOpen(base, "none", f, SQLITE_OPEN_READWRITE, NULL), SQLITE_CANTOPEN);
	CHECK(f->pMethods == NULL);
	CHECK_INT(size_of("none"), -1);
	fail_at(1, EIO); /* what cannot be looked at is not made anew */
	CHECK_INT(base->xOpen(base, "none", f, DATABASE, NULL), SQLITE_CANTOPEN);
	CHECK_INT(size_of("none"), -1);
	fail_at(2, EIO);
	CHECK_INT(base->xOpen(base, "none", f, DATABASE, NULL), SQLITE_CANTOPEN);
	well();
	CHECK_INT(base->xOpen(base, longest, f, LOG, &flags), SQLITE_OK);
	CHECK_INT(flags, LOG);
	CHECK_INT(size_of(longest), 0);
	CHECK_INT(f->pMethods->xClose(f), SQLITE_OK);
	longest[63] = 'n';
	longest[64] = '\0';
	CHECK_INT(base->xOpen(base, longest, f, LOG, NULL), SQLITE_CANTOPEN);
	longest[63] = '\0';
	CHECK_INT(base->xOpen(base, longest, f, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	CHECK_INT(f->pMethods->xWrite(f, "x", 1, 0), SQLITE_IOERR_WRITE);
	CHECK_INT(f->pMethods->xClose(f), SQLITE_OK);
	CHECK_INT(test_open_fds(), fds);
	free(f);
}

/* One process has the database; its log needs no lock of its own. */
static void test_lock(void **state)
{
	sqlite3_file *second = room(), *first = opened("t.db", DATABASE);
	int fds = test_open_fds(), held = 1;
	CHECK_INT(base->xOpen(base, "t.db", second, DATABASE, NULL), SQLITE_BUSY);
	CHECK(second->pMethods == NULL);
	CHECK_INT(first->pMethods->xLock(first, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
	CHECK_INT(first->pMethods->xCheckReservedLock(first, &held), SQLITE_OK);
	CHECK_INT(held, 0);
	fail_at(2, EIO);
	CHECK_INT(base->xOpen(base, "t.db", second, DATABASE, NULL), SQLITE_IOERR_LOCK);
	CHECK_TEXT(tw_fake_name(fake, 2), "lock");
	well();
	CHECK_INT(test_open_fds(), fds);
	sqlite3_file *log = opened("t.db-wal", LOG);
	CHECK_INT(base->xOpen(base, "t.db-wal", second, LOG, NULL), SQLITE_OK);
	CHECK_INT(closed(log), SQLITE_OK);
	CHECK_INT(closed(second), SQLITE_OK);
	CHECK_INT(closed(first), SQLITE_OK);
}

static void test_close(void **state)
{
	sqlite3_file *f = opened("a", LOG);
	fail_at(1, EIO);
	CHECK_INT(closed(f), SQLITE_IOERR_CLOSE);
	well();
	CHECK_INT(size_of("a"), 0);
	f = opened("a", LOG | SQLITE_OPEN_DELETEONCLOSE);
	fail_at(2, EIO);
	CHECK_INT(closed(f), SQLITE_IOERR_DELETE);
	well();
	f = opened("a", LOG | SQLITE_OPEN_DELETEONCLOSE);
	CHECK_INT(closed(f), SQLITE_OK);
	CHECK_INT(size_of("a"), -1);
}

static void test_read(void **state)
{
	sqlite3_file *f = opened("a", LOG);
	char got[8];
	CHECK_INT(f->pMethods->xWrite(f, "abcdef", 6, 0), SQLITE_OK);
	CHECK_INT(f->pMethods->xRead(f, got, 6, 0), SQLITE_OK);
	CHECK_BYTES(got, "abcdef", 6);
	memset(got, 'x', sizeof got);
	CHECK_INT(f->pMethods->xRead(f, got, 8, 2), SQLITE_IOERR_SHORT_READ);
	CHECK_BYTES(got, "cdef\0\0\0\0", 8);
	tw_fake_short(fake, 1);
	CHECK_INT(f->pMethods->xRead(f, got, 6, 0), SQLITE_OK);
	CHECK(tw_fake_fired(fake));
	CHECK_BYTES(got, "abcdef", 6);
	fail_at(1, EINTR);
	CHECK_INT(f->pMethods->xRead(f, got, 6, 0), SQLITE_OK);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xRead(f, got, 6, 0), SQLITE_IOERR_READ);
	well();
	CHECK_INT(closed(f), SQLITE_OK);
}

static void test_write(void **state)
{
	sqlite3_file *f = opened("a", LOG);
	sqlite3_int64 size = 0;
	fail_at(1, ENOSPC);
	CHECK_INT(f->pMethods->xWrite(f, "abcdef", 6, 0), SQLITE_FULL);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xWrite(f, "abcdef", 6, 0), SQLITE_IOERR_WRITE);
	well();
	CHECK_INT(f->pMethods->xWrite(f, "abcdef", 6, 10), SQLITE_OK);
	CHECK_INT(f->pMethods->xFileSize(f, &size), SQLITE_OK);
	CHECK_INT(size, 16);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xFileSize(f, &size), SQLITE_IOERR_FSTAT);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xTruncate(f, 3), SQLITE_IOERR_TRUNCATE);
	well();
	CHECK_INT(f->pMethods->xTruncate(f, 3), SQLITE_OK);
	CHECK_INT(size_of("a"), 3);
	CHECK_INT(f->pMethods->xFileControl(f, SQLITE_FCNTL_PRAGMA, NULL), SQLITE_NOTFOUND);
	CHECK_INT(f->pMethods->xSectorSize(f), 4096);
	CHECK_INT(f->pMethods->xDeviceCharacteristics(f), 0);
	CHECK_INT(closed(f), SQLITE_OK);
}

/* A new file's name becomes durable with its first sync, an old one's is already. */
static void test_sync(void **state)
{
	sqlite3_file *f = opened("a", LOG);
	well();
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_OK);
	CHECK_INT(tw_fake_calls(fake), 2);
	CHECK_TEXT(tw_fake_name(fake, 1), "fdatasync");
	CHECK_TEXT(tw_fake_name(fake, 2), "fsync");
	well();
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_OK);
	CHECK_INT(tw_fake_calls(fake), 1);
	CHECK_TEXT(tw_fake_name(fake, 1), "fdatasync");
	CHECK_INT(closed(f), SQLITE_OK);
	f = opened("a", LOG);
	well();
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_OK);
	CHECK_INT(tw_fake_calls(fake), 1);
	CHECK(!tw_vfs_broken(vfs));
	CHECK_INT(closed(f), SQLITE_OK);
}

static void check_broken(sqlite3_file *f)
{
	CHECK(tw_vfs_broken(vfs));
	well();
	CHECK_INT(f->pMethods->xWrite(f, "y", 1, 100), SQLITE_IOERR_WRITE);
	CHECK_INT(f->pMethods->xTruncate(f, 0), SQLITE_IOERR_TRUNCATE);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
	CHECK_INT(tw_fake_calls(fake), 0); /* the disk is not asked again */
}

static void test_a_failed_sync_is_final(void **state)
{
	char got[6];
	sqlite3_file *f = opened("a", DATABASE);
	CHECK_INT(f->pMethods->xWrite(f, "abcdef", 6, 0), SQLITE_OK);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
	check_broken(f);
	CHECK_INT(f->pMethods->xRead(f, got, 6, 0), SQLITE_OK); /* reads go on, and a database is not spoiled */
	CHECK_BYTES(got, "abcdef", 6);
	CHECK_INT(closed(f), SQLITE_OK);
}

static void test_a_name_that_cannot_be_synced(void **state)
{
	sqlite3_file *f = opened("a", LOG);
	fail_at(2, EIO);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_IOERR_DIR_FSYNC);
	check_broken(f);
	CHECK_INT(closed(f), SQLITE_OK);
}

/* What a failed sync leaves in the log must not be taken for committed: its first frame's header is spoiled, none before it. */
static void test_spoils_what_was_not_synced(void **state)
{
	static const char frame[24] = "frame of twenty-four....", zeros[24];
	char page[200], got[24];
	sqlite3_file *f = opened("a-wal", LOG);
	memset(page, 'p', sizeof page);
	CHECK_INT(f->pMethods->xWrite(f, page, 32, 0), SQLITE_OK); /* the log's own header */
	CHECK_INT(f->pMethods->xWrite(f, frame, 24, 32), SQLITE_OK);
	CHECK_INT(f->pMethods->xWrite(f, page, sizeof page, 56), SQLITE_OK);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_OK);
	CHECK_INT(f->pMethods->xWrite(f, page, sizeof page, 400), SQLITE_OK); /* no frame's header */
	CHECK_INT(f->pMethods->xWrite(f, frame, 24, 256), SQLITE_OK);
	CHECK_INT(f->pMethods->xWrite(f, frame, 24, 600), SQLITE_OK);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
	well();
	CHECK_INT(f->pMethods->xRead(f, got, 24, 256), SQLITE_OK);
	CHECK_BYTES(got, zeros, 24);
	CHECK_INT(f->pMethods->xRead(f, got, 24, 32), SQLITE_OK);
	CHECK_BYTES(got, frame, 24);
	CHECK_INT(f->pMethods->xRead(f, got, 24, 600), SQLITE_OK);
	CHECK_BYTES(got, frame, 24);
	CHECK_INT(f->pMethods->xRead(f, got, 1, 0), SQLITE_OK);
	CHECK_INT(got[0], 'p');
	CHECK_INT(closed(f), SQLITE_OK);
	f = opened("b-wal", LOG); /* begun anew, at its own header */
	CHECK_INT(f->pMethods->xWrite(f, page, 32, 0), SQLITE_OK);
	CHECK_INT(f->pMethods->xWrite(f, frame, 24, 32), SQLITE_OK);
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
	well();
	CHECK_INT(f->pMethods->xRead(f, got, 24, 0), SQLITE_OK);
	CHECK_BYTES(got, zeros, 24);
	CHECK_INT(closed(f), SQLITE_OK);
	f = opened("c-wal", LOG); /* nothing was written: nothing is spoiled */
	fail_at(1, EIO);
	CHECK_INT(f->pMethods->xSync(f, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
	CHECK_INT(tw_fake_calls(fake), 1);
	well();
	CHECK_INT(size_of("c-wal"), 0);
	CHECK_INT(closed(f), SQLITE_OK);
}

static void test_delete_and_access(void **state)
{
	int there = -1, fds = test_open_fds();
	sqlite3_file *f = opened("a", LOG);
	CHECK_INT(base->xAccess(base, "a", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
	CHECK_INT(there, 0); /* an empty one is none */
	CHECK_INT(base->xAccess(base, "a", SQLITE_ACCESS_READWRITE, &there), SQLITE_OK);
	CHECK_INT(there, 1);
	CHECK_INT(f->pMethods->xWrite(f, "x", 1, 0), SQLITE_OK);
	CHECK_INT(base->xAccess(base, "a", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
	CHECK_INT(there, 1);
	fail_at(2, EIO); /* its size is not to be had: better a file too many than one overlooked */
	CHECK_INT(base->xAccess(base, "a", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
	CHECK_INT(there, 1);
	fail_at(1, EIO);
	CHECK_INT(base->xAccess(base, "a", SQLITE_ACCESS_EXISTS, &there), SQLITE_IOERR_ACCESS);
	well();
	CHECK_INT(base->xAccess(base, "none", SQLITE_ACCESS_EXISTS, &there), SQLITE_OK);
	CHECK_INT(there, 0);
	CHECK_INT(closed(f), SQLITE_OK);
	fail_at(1, EIO);
	CHECK_INT(base->xDelete(base, "a", 1), SQLITE_IOERR_DELETE);
	fail_at(2, EIO);
	CHECK_INT(base->xDelete(base, "a", 1), SQLITE_IOERR_DELETE);
	well();
	CHECK_INT(base->xDelete(base, "a", 1), SQLITE_OK);
	CHECK_INT(size_of("a"), -1);
	CHECK_INT(test_open_fds(), fds);
}

static int64_t seconds;

static int at_seconds(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	*ret = (struct timespec){ .tv_sec = (time_t)seconds };
	return 0;
}

/* A clock that says what no number holds. */
static void test_the_end_of_time(void **state)
{
	static const int64_t ends[] = { INT64_MAX, INT64_MAX / 1000, INT64_MIN };
	static struct tw_sys sys; /* SQLite keeps it as its allocator */
	sqlite3_int64 ms = 0;
	tw_vfs *other = NULL;
	sys = *tw_sys_real();
	sys.clock = at_seconds;
	CHECK_OK(tw_vfs_new(&sys, dir.fd, &other));
	sqlite3_vfs *v = sqlite3_vfs_find(tw_vfs_name(other));
	for (size_t i = 0; i < TW_COUNT(ends); i++) {
		seconds = ends[i];
		CHECK_INT(v->xCurrentTimeInt64(v, &ms), SQLITE_ERROR);
	}
	seconds = 0;
	CHECK_INT(v->xCurrentTimeInt64(v, &ms), SQLITE_OK);
	CHECK_INT(ms, 210866760000000LL);
	tw_vfs_free(other);
}

static void test_the_rest(void **state)
{
	char path[8], bytes[8] = "xxxxxxxx";
	sqlite3_int64 ms = 0;
	double days = 0;
	CHECK_INT(base->xFullPathname(base, "a/b", sizeof path, path), SQLITE_CANTOPEN);
	CHECK_INT(base->xFullPathname(base, "12345678", sizeof path, path), SQLITE_CANTOPEN);
	CHECK_INT(base->xFullPathname(base, "1234567", sizeof path, path), SQLITE_OK);
	CHECK_TEXT(path, "1234567");
	CHECK_INT(base->xRandomness(base, sizeof bytes, bytes), sizeof bytes);
	fail_at(1, EIO);
	CHECK_INT(base->xRandomness(base, sizeof bytes, bytes), 0);
	CHECK_BYTES(bytes, "\0\0\0\0\0\0\0\0", sizeof bytes);
	well();
	CHECK_INT(base->xSleep(base, 5), 5);
	CHECK_INT(base->xGetLastError(base, sizeof path, path), 0);
	tw_fake_clock(fake, true, 1800000000123, 1000);
	CHECK_INT(base->xCurrentTimeInt64(base, &ms), SQLITE_OK);
	CHECK_INT(ms, 210866760000000LL + 1800000000123);
	CHECK_INT(base->xCurrentTime(base, &days), SQLITE_OK);
	CHECK(days > 2461420.8 && days < 2461420.9);
	fail_at(1, EIO);
	CHECK_INT(base->xCurrentTimeInt64(base, &ms), SQLITE_ERROR);
	fail_at(1, EIO);
	CHECK_INT(base->xCurrentTime(base, &days), SQLITE_ERROR);
	fail_at(1, ENOMEM);
	tw_vfs *other = NULL;
	CHECK_ERR(tw_vfs_new(tw_fake_sys(fake), dir.fd, &other), NOMEM);
	CHECK(other == NULL);
	well();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(cmocka_unit_test(test_before_sqlite_begins), TEST(test_open), TEST(test_the_end_of_time), TEST(test_lock), TEST(test_close),
	TEST(test_read), TEST(test_write), TEST(test_sync), TEST(test_a_failed_sync_is_final), TEST(test_a_name_that_cannot_be_synced),
	TEST(test_spoils_what_was_not_synced), TEST(test_delete_and_access), TEST(test_the_rest))

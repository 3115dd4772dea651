/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/vfs.h"

#include "service/store/vfs-memory.h"
#include "sys/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>

#define NAME_MAX_BYTES 64 /* our names are NAME, NAME-wal, NAME-journal */
#define LOG_FRAME 24      /* a frame's header in the write-ahead log, written by itself (SQLite file format, 4.1) */
#define PAGE 4096         /* bytes of a page of the database */
#define FILE_HEADER 100   /* before the first page's own */
#define SECTOR 4096       /* what we assume a torn write may spoil; flash pages and modern disks */

struct tw_vfs {
	sqlite3_vfs base; /* first: SQLite hands back a pointer to it */
	const struct tw_sys *sys;
	int dir;
	bool broken; /* a sync failed */
	char name[32];
};
struct file {
	sqlite3_file base; /* first, likewise */
	tw_vfs *vfs;
	int fd;
	bool unnamed;   /* its directory entry is not durable yet */
	bool broken;    /* a sync failed */
	bool is_log;    /* the write-ahead log */
	bool is_base;   /* the database itself */
	bool remove;    /* on close */
	off_t unsynced; /* of the write-ahead log: the first header of log or frame written since the last sync; -1: none */
	char name[NAME_MAX_BYTES];
};

static struct file *file_of(sqlite3_file *f)
{
	return (struct file *)f;
}

static tw_vfs *vfs_of(sqlite3_vfs *v)
{
	return (tw_vfs *)v;
}

static int file_close(sqlite3_file *base)
{
	struct file *f = file_of(base);
	const struct tw_sys *sys = f->vfs->sys;
	int status = sys->close(sys, f->fd) < 0 ? SQLITE_IOERR_CLOSE : SQLITE_OK;
	if (f->remove && tw_failed(tw_durable_remove(sys, f->vfs->dir, f->name)))
		status = SQLITE_IOERR_DELETE;
	return status;
}

static int file_read(sqlite3_file *base, void *to, int size, sqlite3_int64 offset)
{
	struct file *f = file_of(base);
	const struct tw_sys *sys = f->vfs->sys;
	size_t done = 0, wanted = (size_t)size;
	while (done < wanted) {
		ssize_t n = sys->pread(sys, f->fd, (char *)to + done, wanted - done, offset + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SQLITE_IOERR_READ;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	if (done == wanted)
		return SQLITE_OK;
	memset((char *)to + done, 0, wanted - done); /* SQLite demands it of a short read */
	return SQLITE_IOERR_SHORT_READ;
}

static size_t be16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/*
 * secure_delete empties what is deleted, but not what is left behind when SQLite moves cells to another page: between a page's pointers and its cells (SQLite
 * file format, 1.6) what stood there once may stand still, which no statement reaches any more. So that nothing is left in the file of what was deleted,
 * that gap is empty in each page that goes there. A page of a tree begins with 2, 5, 10 or 13; every other with the number of a page, and thus, in a
 * database of less than 128 GiB, with 0 or 1.
 */
static bool without_gap(const uint8_t *page, size_t header, uint8_t ret[PAGE])
{
	const uint8_t kind = page[header];
	const bool inner = kind == 2 || kind == 5;

	if (!inner && kind != 10 && kind != 13)
		return false;
	const size_t from = header + (inner ? 12 : 8) + 2 * be16(page + header + 3), to = be16(page + header + 5);
	if (from >= to || to > PAGE)
		return false;
	memcpy(ret, page, PAGE);
	memset(ret + from, 0, to - from);
	return true;
}

static int file_write(sqlite3_file *base, const void *from, int size, sqlite3_int64 offset)
{
	struct file *f = file_of(base);
	uint8_t page[PAGE];
	if (f->broken)
		return SQLITE_IOERR_WRITE;
	if (f->is_base && size == PAGE && offset % PAGE == 0 && without_gap(from, offset ? 0 : FILE_HEADER, page))
		from = page;
	if (f->unsynced < 0 && (offset == 0 || size == LOG_FRAME))
		f->unsynced = offset;
	tw_err e = tw_durable_write_at(f->vfs->sys, f->fd, from, (size_t)size, offset);
	if (tw_is(e, TW_CODE_LIMIT))
		return SQLITE_FULL;
	return tw_failed(e) ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct file *f = file_of(base);
	const struct tw_sys *sys = f->vfs->sys;
	if (f->broken || sys->ftruncate(sys, f->fd, size) < 0)
		return SQLITE_IOERR_TRUNCATE;
	return SQLITE_OK;
}

/*
 * A transaction whose sync failed was refused to its caller, but its frames may stand in the log whole, and the next start would
 * take them for committed. So the first of them is spoiled, as well as a failing disk allows; each frame's checksum covers those
 * before it, so nothing after it counts either.
 */
static void spoil_unsynced(struct file *f)
{
	static const char zeros[LOG_FRAME];
	if (f->is_log && f->unsynced >= 0)
		tw_ignore(tw_durable_write_at(f->vfs->sys, f->fd, zeros, sizeof zeros, f->unsynced));
}

/* For this file nothing is written any more. */
static void break_file(struct file *f)
{
	f->broken = f->vfs->broken = true;
	spoil_unsynced(f);
}

/* Flags are ignored: a sync always covers data and size, and a new file's name with its first sync. */
static int file_sync(sqlite3_file *base, int flags)
{
	struct file *f = file_of(base);
	const struct tw_sys *sys = f->vfs->sys;
	if (f->broken)
		return SQLITE_IOERR_FSYNC;
	if (tw_failed(tw_durable_sync(sys, f->fd))) {
		break_file(f);
		return SQLITE_IOERR_FSYNC;
	}
	if (f->unnamed && tw_failed(tw_durable_sync_dir(sys, f->vfs->dir))) {
		break_file(f);
		return SQLITE_IOERR_DIR_FSYNC;
	}
	f->unnamed = false;
	f->unsynced = -1;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
	struct file *f = file_of(base);
	const struct tw_sys *sys = f->vfs->sys;
	struct stat st;
	if (sys->fstat(sys, f->fd, &st) < 0)
		return SQLITE_IOERR_FSTAT;
	*ret = st.st_size;
	return SQLITE_OK;
}

/* The database is locked for as long as it is open (see open_locked), so there is nothing left to do here. */
static int file_lock(sqlite3_file *base, int level)
{
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *ret)
{
	*ret = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int operation, void *argument)
{
	return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
	return SECTOR;
}

/* Nothing is promised, not even that a torn write leaves its neighbours alone. */
static int file_traits(sqlite3_file *base)
{
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1, /* no shared memory, no mapping */
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_lock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

/* Opens what is there; creates only when it is not, so that we know whose directory entry has yet to become durable. */
static int open_or_create(const tw_vfs *v, const char *name, int flags, bool *ret_created)
{
	const struct tw_sys *sys = v->sys;
	int how = (flags & SQLITE_OPEN_READWRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;
	int fd = sys->open_beneath(sys, v->dir, name, how, 0);
	*ret_created = false;
	if (fd >= 0 || errno != ENOENT || !(flags & SQLITE_OPEN_CREATE))
		return fd;
	*ret_created = true;
	return sys->open_beneath(sys, v->dir, name, how | O_CREAT | O_EXCL, 0600);
}

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *to, int flags, int *ret_flags)
{
	tw_vfs *v = vfs_of(base);
	const struct tw_sys *sys = v->sys;
	struct file *f = file_of(to);
	*f = (struct file){
		.vfs = v, .fd = -1, .unsynced = -1, .is_log = flags & SQLITE_OPEN_WAL, .is_base = flags & SQLITE_OPEN_MAIN_DB
	}; /* without methods SQLite does not close it */
	if (!name || strlen(name) >= sizeof f->name)
		return SQLITE_CANTOPEN;
	f->fd = open_or_create(v, name, flags, &f->unnamed);
	if (f->fd < 0)
		return SQLITE_CANTOPEN;
	if (flags & SQLITE_OPEN_MAIN_DB && sys->lock(sys, f->fd) < 0) {
		bool taken = errno == EWOULDBLOCK;
		sys->close(sys, f->fd);
		return taken ? SQLITE_BUSY : SQLITE_IOERR_LOCK;
	}
	memcpy(f->name, name, strlen(name) + 1);
	f->remove = flags & SQLITE_OPEN_DELETEONCLOSE;
	f->base.pMethods = &methods;
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_dir)
{
	tw_vfs *v = vfs_of(base);
	return tw_failed(tw_durable_remove(v->sys, v->dir, name)) ? SQLITE_IOERR_DELETE : SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *ret)
{
	tw_vfs *v = vfs_of(base);
	const struct tw_sys *sys = v->sys;
	int fd = sys->open_beneath(sys, v->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0 && errno != ENOENT)
		return SQLITE_IOERR_ACCESS;
	struct stat st = { 0 };
	bool there = fd >= 0;
	if (there && flags == SQLITE_ACCESS_EXISTS && sys->fstat(sys, fd, &st) == 0 && st.st_size == 0)
		there = false; /* as SQLite's own: an empty journal is no journal */
	if (fd >= 0)
		sys->close(sys, fd);
	*ret = there;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *ret)
{
	size_t length = strlen(name);
	if (length >= (size_t)size || strchr(name, '/'))
		return SQLITE_CANTOPEN;
	memcpy(ret, name, length + 1);
	return SQLITE_OK;
}

static int vfs_random(sqlite3_vfs *base, int size, char *ret)
{
	tw_vfs *v = vfs_of(base);
	memset(ret, 0, (size_t)size); /* SQLite takes what it gets: temporary names and WAL salts, never keys */
	return v->sys->random(v->sys, ret, (size_t)size) < 0 ? 0 : size;
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
	return microseconds; /* nobody else holds the lock, so nothing is worth waiting for */
}

static int vfs_time_ms(sqlite3_vfs *base, sqlite3_int64 *ret)
{
	tw_vfs *v = vfs_of(base);
	struct timespec t = { 0 };
	if (v->sys->clock(v->sys, CLOCK_REALTIME, &t) < 0 || __builtin_mul_overflow((sqlite3_int64)t.tv_sec, 1000, ret) ||
		__builtin_add_overflow(*ret, 210866760000000LL + t.tv_nsec / 1000000, ret)) /* Julian day 0 in milliseconds before 1970 */
		return SQLITE_ERROR;
	return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *base, double *ret)
{
	sqlite3_int64 ms = 0;
	int status = vfs_time_ms(base, &ms);
	*ret = (double)ms / 86400000.0;
	return status;
}

static int vfs_last_error(sqlite3_vfs *base, int size, char *ret)
{
	return 0;
}

bool tw_vfs_broken(const tw_vfs *v)
{
	return v->broken;
}

const char *tw_vfs_name(const tw_vfs *v)
{
	return v->name;
}

tw_err tw_vfs_new(const struct tw_sys *sys, int dir, tw_vfs **ret)
{
	TW_TRY(tw_sqlite_use(sys));
	TW_CLEANUP(tw_freep) tw_vfs *v = TW_NEW(sys, tw_vfs);
	if (!v)
		return TW_RAISE(NOMEM, "store");
	v->sys = sys;
	v->dir = dir;
	snprintf(v->name, sizeof v->name, "tw-%p", (void *)v); /* several may live at once, in tests */
	v->base = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = sizeof(struct file),
		.mxPathname = NAME_MAX_BYTES,
		.zName = v->name,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_random,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_time_ms,
	};
	int status = sqlite3_vfs_register(&v->base, 0);
	if (status != SQLITE_OK)
		return TW_RAISE(NOMEM, "SQLite does not start: %s", sqlite3_errstr(status));
	*ret = TW_STEAL(v);
	return TW_OK;
}

tw_vfs *tw_vfs_free(tw_vfs *v)
{
	if (v)
		sqlite3_vfs_unregister(&v->base);
	free(v);
	return NULL;
}

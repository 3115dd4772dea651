/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each member is one call of the C library with the flags that every caller of ours wants: close-on-exec, no SIGPIPE, paths that
 * cannot leave their directory. Nothing is retried here: what an interrupted or short call means is for the caller to say.
 */
#include "sys/real.h"
#include "sys/real-parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static void *real_alloc(const struct tw_sys *s, size_t size)
{
	return calloc(1, size);
}

static void *real_resize(const struct tw_sys *s, void *p, size_t size)
{
	return realloc(p, size);
}

static int real_pin(const struct tw_sys *s, void *p, size_t size)
{
	return mlock(p, size);
}

static int real_open_beneath(const struct tw_sys *s, int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		/* A descriptor that only names a file opens no terminal, and openat2 refuses words it cannot follow. */
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static int real_open_path(const struct tw_sys *s, const char *path, int flags, mode_t mode)
{
	return open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
}

static int real_close(const struct tw_sys *s, int fd)
{
	return close(fd);
}

static ssize_t real_read(const struct tw_sys *s, int fd, void *buffer, size_t size)
{
	return read(fd, buffer, size);
}

static ssize_t real_write(const struct tw_sys *s, int fd, const void *data, size_t size)
{
	return write(fd, data, size);
}

static ssize_t real_pread(const struct tw_sys *s, int fd, void *buffer, size_t size, off_t offset)
{
	return pread(fd, buffer, size, offset);
}

static ssize_t real_pwrite(const struct tw_sys *s, int fd, const void *data, size_t size, off_t offset)
{
	return pwrite(fd, data, size, offset);
}

static int real_fsync(const struct tw_sys *s, int fd)
{
	return fsync(fd);
}

static int real_syncfs(const struct tw_sys *s, int fd)
{
	return syncfs(fd);
}

static int real_fdatasync(const struct tw_sys *s, int fd)
{
	return fdatasync(fd);
}

static int real_ftruncate(const struct tw_sys *s, int fd, off_t size)
{
	return ftruncate(fd, size);
}

/* Not posix_fallocate: where the file system cannot, that one writes zeroes behind our back. */
static int real_allocate(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	return fallocate(fd, 0, offset, size);
}

/* The calls below have no RESOLVE_BENEATH: one plain name cannot leave its directory, and none of them follows a link there. */
static bool plain(const char *name)
{
	if (*name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return true;
	errno = EINVAL;
	return false;
}

static int real_rename(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	return plain(from) && plain(to) ? renameat(from_dir, from, to_dir, to) : -1;
}

static int real_exchange(const struct tw_sys *s, int dir, const char *a, const char *b)
{
	return plain(a) && plain(b) ? renameat2(dir, a, dir, b, RENAME_EXCHANGE) : -1;
}

static int real_unlink(const struct tw_sys *s, int dir, const char *path)
{
	return plain(path) ? unlinkat(dir, path, 0) : -1;
}

static int real_rmdir(const struct tw_sys *s, int dir, const char *path)
{
	return plain(path) ? unlinkat(dir, path, AT_REMOVEDIR) : -1;
}

static int real_mkdir(const struct tw_sys *s, int dir, const char *path, mode_t mode)
{
	return plain(path) ? mkdirat(dir, path, mode) : -1;
}

static int real_fstat(const struct tw_sys *s, int fd, struct stat *ret)
{
	return (int)syscall(SYS_fstat, fd, ret); /* the C library's goes by a call that takes paths */
}

static int real_fchown(const struct tw_sys *s, int fd, uid_t uid, gid_t gid)
{
	return fchown(fd, uid, gid);
}

static int real_lock(const struct tw_sys *s, int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB);
}

/* As the kernel writes it; the C library keeps it to itself. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* 1: go on. 0: the end, or visit has had enough. -1: errno. */
static int list_some(int fd, bool (*visit)(void *user, const char *name), void *user)
{
	_Alignas(struct entry) char bytes[4096];
	long n = syscall(SYS_getdents64, fd, bytes, sizeof bytes);

	for (long at = 0; at < n;) {
		const struct entry *e = (const struct entry *)(const void *)(bytes + at);

		if (strcmp(e->name, ".") != 0 && strcmp(e->name, "..") != 0 && !visit(user, e->name))
			return 0;
		at += e->size;
	}
	return n > 0 ? 1 : (int)n;
}

/* Not by readdir: the C library would ask about the directory by a call that can ask about any path, and no role may. */
static int real_list(const struct tw_sys *s, int dir, bool (*visit)(void *user, const char *name), void *user)
{
	/* A descriptor of its own, so that dir's position is nobody's concern. */
	int fd = real_open_beneath(s, dir, ".", O_RDONLY | O_DIRECTORY, 0), r, number;

	if (fd < 0)
		return -1;
	do
		r = list_some(fd, visit, user);
	while (r > 0);
	number = errno;
	(void)close(fd);
	errno = number;
	return r;
}

static int fill_and_seal(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return fcntl(fd, F_ADD_SEALS, ALL_SEALS);
}

static int real_memfd(const struct tw_sys *s, const char *name, const void *data, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), number;

	if (fd >= 0 && fill_and_seal(fd, data, size) != 0) {
		number = errno;
		(void)close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

static int real_spool(const struct tw_sys *s, const char *name)
{
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int real_seal(const struct tw_sys *s, int fd)
{
	return fcntl(fd, F_ADD_SEALS, ALL_SEALS);
}

static int real_fixed(const struct tw_sys *s, int fd, uint64_t *ret_size)
{
	int seals = fcntl(fd, F_GET_SEALS), flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || real_fstat(s, fd, &st) < 0)
		return -1;
	*ret_size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
	if (seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS)
		return TW_FIXED_SEALED;
	return S_ISREG(st.st_mode) && (flags & O_ACCMODE) == O_RDONLY ? TW_FIXED_READ_ONLY : TW_FIXED_NOT;
}

static void *real_map(const struct tw_sys *s, int fd, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void real_unmap(const struct tw_sys *s, void *p, size_t size)
{
	(void)munmap(p, size);
}

static int real_clock(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	return clock_gettime(id, ret);
}

static int real_random(const struct tw_sys *s, void *buffer, size_t size)
{
	char *at = buffer;

	while (size > 0) {
		ssize_t n = getrandom(at, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static const struct tw_sys real = {
	.alloc = real_alloc,
	.resize = real_resize,
	.pin = real_pin,
	.open_beneath = real_open_beneath,
	.open_path = real_open_path,
	.close = real_close,
	.read = real_read,
	.write = real_write,
	.pread = real_pread,
	.pwrite = real_pwrite,
	.fsync = real_fsync,
	.fdatasync = real_fdatasync,
	.syncfs = real_syncfs,
	.ftruncate = real_ftruncate,
	.allocate = real_allocate,
	.rename = real_rename,
	.exchange = real_exchange,
	.unlink = real_unlink,
	.rmdir = real_rmdir,
	.mkdir = real_mkdir,
	.fstat = real_fstat,
	.fchown = real_fchown,
	.lock = real_lock,
	.list = real_list,
	.memfd = real_memfd,
	.spool = real_spool,
	.seal = real_seal,
	.fixed = real_fixed,
	.map = real_map,
	.unmap = real_unmap,
	.socket = tw_real_socket,
	.socketpair = tw_real_socketpair,
	.bind = tw_real_bind,
	.listen = tw_real_listen,
	.accept = tw_real_accept,
	.connect = tw_real_connect,
	.sendmsg = tw_real_sendmsg,
	.recvmsg = tw_real_recvmsg,
	.recvmmsg = tw_real_recvmmsg,
	.poll = tw_real_poll,
	.peer = tw_real_peer,
	.clock = real_clock,
	.random = real_random,
	.spawn = tw_real_spawn,
};

const struct tw_sys *tw_sys_real(void)
{
	return &real;
}

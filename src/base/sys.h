/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam: every call of ours that the world can fail goes through this table.
 *
 * It is there in every build, so that what the tests cut, fail and replay is the code that ships. src/sys holds the real
 * instance; tests substitute one that fails the n-th call or remembers what a power cut would have lost. Calls keep the C
 * library's conventions (-1 and errno), because the code above them is then plain to read for anybody who knows those.
 *
 * Memory obtained here is released with free(): failing is the only part of allocation that a test needs to steer.
 */
#ifndef TW_BASE_SYS_H
#define TW_BASE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

struct mmsghdr;
struct pollfd;

/* What is known of the bytes behind a descriptor that somebody else has given us. */
enum tw_fixed {
	TW_FIXED_NOT,       /* no file, or one that this descriptor can change */
	TW_FIXED_READ_ONLY, /* a file that this descriptor cannot change; its owner may */
	TW_FIXED_SEALED,    /* memory that nobody can change or shorten any more */
};

/* What a new process gets. File descriptors not listed are closed in it. */
struct tw_spawn {
	const char *program; /* path; never looked up in PATH, never a shell */
	char *const *argv;
	char *const *envp;
	const int *fds; /* fds[i] becomes descriptor i */
	size_t fd_count;
	bool dies_with_us; /* is killed when the process that starts it ends, however that ends */
	char *own_id;      /* NULL: no; a place in envp of TW_SPAWN_ID_SIZE bytes, where the new process writes its own id */
};
#define TW_SPAWN_ID_SIZE 16

struct tw_sys {
	void *self; /* the instance's own state; NULL for the real one */

	void *(*alloc)(const struct tw_sys *s, size_t size);           /* zeroed; size 0 is a programming error */
	void *(*resize)(const struct tw_sys *s, void *p, size_t size); /* as realloc */
	int (*pin)(const struct tw_sys *s, void *p, size_t size);      /* keeps it out of swap */

	/* Files. Paths are relative to a directory descriptor and may not leave it (openat2 RESOLVE_BENEATH, no symbolic links). */
	int (*open_beneath)(const struct tw_sys *s, int dir, const char *path, int flags, mode_t mode);
	int (*open_path)(const struct tw_sys *s, const char *path, int flags, mode_t mode); /* for paths a person named */
	int (*close)(const struct tw_sys *s, int fd);
	ssize_t (*read)(const struct tw_sys *s, int fd, void *buffer, size_t size);
	ssize_t (*write)(const struct tw_sys *s, int fd, const void *data, size_t size);
	ssize_t (*pread)(const struct tw_sys *s, int fd, void *buffer, size_t size, off_t offset);
	ssize_t (*pwrite)(const struct tw_sys *s, int fd, const void *data, size_t size, off_t offset);
	int (*fsync)(const struct tw_sys *s, int fd);
	int (*fdatasync)(const struct tw_sys *s, int fd);
	int (*syncfs)(const struct tw_sys *s, int fd); /* everything of the file system that fd lies on */
	int (*ftruncate)(const struct tw_sys *s, int fd, off_t size);
	int (*allocate)(const struct tw_sys *s, int fd, off_t offset, off_t size); /* as posix_fallocate, but -1 and errno */
	int (*rename)(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to);
	int (*exchange)(const struct tw_sys *s, int dir, const char *a, const char *b); /* both names at once; EINVAL where the file system cannot */
	int (*unlink)(const struct tw_sys *s, int dir, const char *path);
	int (*rmdir)(const struct tw_sys *s, int dir, const char *path);
	int (*mkdir)(const struct tw_sys *s, int dir, const char *path, mode_t mode);
	int (*fstat)(const struct tw_sys *s, int fd, struct stat *ret);
	int (*fchown)(const struct tw_sys *s, int fd, uid_t uid, gid_t gid);
	int (*lock)(const struct tw_sys *s, int fd); /* exclusive, at once or EWOULDBLOCK; ends with the descriptor */
	/* Names in a directory, "." and ".." left out, each passed to visit until it returns false. -1 and errno, or 0. */
	int (*list)(const struct tw_sys *s, int dir, bool (*visit)(void *user, const char *name), void *user);
	int (*memfd)(const struct tw_sys *s, const char *name, const void *data, size_t size); /* sealed against any change */
	int (*spool)(const struct tw_sys *s, const char *name); /* a memfd to be written and then sealed */
	int (*seal)(const struct tw_sys *s, int fd);
	int (*fixed)(const struct tw_sys *s, int fd, uint64_t *ret_size); /* enum tw_fixed: who may still change what it holds */
	void *(*map)(const struct tw_sys *s, int fd, size_t size); /* for reading; NULL and errno. Give only what is sealed */
	void (*unmap)(const struct tw_sys *s, void *p, size_t size);

	/* Sockets. */
	int (*socket)(const struct tw_sys *s, int domain, int type, int protocol);
	int (*socketpair)(const struct tw_sys *s, int domain, int type, int ret[2]);
	int (*bind)(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size);
	int (*listen)(const struct tw_sys *s, int fd, int backlog);
	int (*accept)(const struct tw_sys *s, int fd, struct sockaddr *a, socklen_t *size); /* non-blocking, close-on-exec */
	int (*connect)(const struct tw_sys *s, int fd, const struct sockaddr *a, socklen_t size);
	ssize_t (*sendmsg)(const struct tw_sys *s, int fd, const struct msghdr *m, int flags); /* never raises SIGPIPE */
	ssize_t (*recvmsg)(const struct tw_sys *s, int fd, struct msghdr *m, int flags);       /* descriptors come close-on-exec */
	int (*recvmmsg)(const struct tw_sys *s, int fd, struct mmsghdr *m, unsigned n, int flags);
	int (*poll)(const struct tw_sys *s, struct pollfd *p, size_t n, int timeout_ms);
	int (*peer)(const struct tw_sys *s, int fd, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid); /* SO_PEERCRED */

	/* The world. */
	int (*clock)(const struct tw_sys *s, clockid_t id, struct timespec *ret);
	int (*random)(const struct tw_sys *s, void *buffer, size_t size); /* all of it, or -1 */
	int (*spawn)(const struct tw_sys *s, const struct tw_spawn *what, pid_t *ret);
};

/* Allocation as most code wants it: n things of one type, zeroed, NULL when there is no memory or the product overflows. */
#define TW_NEW(sys, type) ((type *)(sys)->alloc((sys), sizeof(type)))
void *tw_alloc_array(const struct tw_sys *sys, size_t count, size_t size);
char *tw_strndup(const struct tw_sys *sys, const char *text, size_t length);
char *tw_strdup(const struct tw_sys *sys, const char *text);

#endif

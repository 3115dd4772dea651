/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openat2 for programs under qemu-user, which (7.2, Debian 12) does not know the call. Preloaded there and nowhere else.
 *
 * What the seam asks of it is kept by walking part by part: no absolute path, no symbolic link, no ".." above where it began. Unlike the
 * kernel's it can be overtaken by somebody who moves directories meanwhile, which no unit test does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall(long number, ...);

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
	if (x0 < 0 && x0 > -4096) {
		errno = (int)-x0;
		return -1;
	}
	return x0;
}

static int fail(int number)
{
	errno = number;
	return -1;
}

static int open_one(int dir, const char *name, int flags, mode_t mode)
{
	return (int)call(SYS_openat, dir, (long)name, flags, (long)mode, 0, 0);
}

/* One step down, or up again. Closes at unless it is dir. -1: errno. */
static int step(int dir, int at, const char *part, int *depth)
{
	if (strcmp(part, "..") == 0 && --*depth < 0)
		return fail(EXDEV);
	if (strcmp(part, "..") != 0)
		++*depth;
	int next = open_one(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0), why = errno;
	char link;
	if (next == -1 && why == ENOTDIR && call(SYS_readlinkat, at, (long)part, (long)&link, 1, 0, 0) >= 0)
		why = ELOOP; /* as the kernel says of a link on the way */
	if (at != dir)
		(void)close(at);
	errno = why;
	return next;
}

/* The folder that the last part of path is in; *last that part. Another descriptor than dir is the caller's to close. */
static int walk(int dir, const char *path, const char **last, int *depth)
{
	char part[256];
	int at = dir;

	for (const char *slash = strchr(path, '/'); slash && at != -1; slash = strchr(path, '/')) {
		size_t size = (size_t)(slash - path);
		if (size >= sizeof part)
			return fail(ENAMETOOLONG);
		memcpy(part, path, size);
		part[size] = '\0';
		path = slash + 1;
		if (size > 0 && strcmp(part, ".") != 0)
			at = step(dir, at, part, depth);
	}
	*last = *path ? path : ".";
	return at;
}

static int open_beneath(int dir, const char *path, const struct open_how *how)
{
	const char *last = path;
	int depth = 0;

	if (dir < 0 && dir != AT_FDCWD)
		return fail(EBADF);
	if (how->mode && !(how->flags & O_CREAT))
		return fail(EINVAL);
	if (!(how->resolve & RESOLVE_BENEATH))
		return open_one(dir, path, (int)how->flags, (mode_t)how->mode);
	if (path[0] == '/')
		return fail(EXDEV);
	if (path[0] == '\0')
		return fail(ENOENT);
	int at = walk(dir, path, &last, &depth);
	if (at == -1)
		return -1;
	int fd = strcmp(last, "..") == 0 && depth < 1 ? fail(EXDEV) : open_one(at, last, (int)how->flags | O_NOFOLLOW, (mode_t)how->mode),
	    why = errno;
	if (at != dir)
		(void)close(at);
	errno = why;
	return fd;
}

long syscall(long number, ...)
{
	long a[6];
	va_list more;

	va_start(more, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(more, long);
	va_end(more);
	if (number == SYS_openat2)
		return open_beneath((int)a[0], (const char *)a[1], (const struct open_how *)a[2]);
	return call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

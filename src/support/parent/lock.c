/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/lock, held as long as the parent lives; the kernel lets go of it however it ends. What stands in it is for people alone: whose it is. */
#include "support/parent/places.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FILE_NAME "lock"

/* 0: it does not say. */
static uint64_t holder(const struct tw_sys *sys, int fd)
{
	char text[24];
	uint64_t pid = 0;
	ssize_t n = sys->pread(sys, fd, text, sizeof text, 0);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0 || tw_failed(tw_parse_u64((struct tw_slice){ text, (size_t)n }, INT32_MAX, &pid)))
		return 0;
	return pid;
}

static tw_err taken(const struct tw_sys *sys, int fd, const char *dir)
{
	const uint64_t pid = holder(sys, fd);

	if (!pid)
		return TW_RAISE(STATE, "%s is served by another process already; stop it, or give this one a --dir of its own", dir);
	return TW_RAISE(STATE, "%s is served by process %llu already; stop it, or give this one a --dir of its own", dir,
		(unsigned long long)pid);
}

static tw_err write_whose(const struct tw_sys *sys, int fd)
{
	char text[24];
	int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (sys->ftruncate(sys, fd, 0) != 0 || sys->pwrite(sys, fd, text, (size_t)size, 0) != size)
		return TW_RAISE_ERRNO("writing " FILE_NAME);
	return TW_OK;
}

tw_err tw_support_lock(const struct tw_sys *sys, int dir, const char *name, int *ret)
{
	TW_CLEANUP(tw_closep) int fd = sys->open_beneath(sys, dir, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return TW_RAISE_ERRNO("opening %s/" FILE_NAME, name);
	if (sys->lock(sys, fd) != 0)
		return errno == EWOULDBLOCK ? taken(sys, fd, name) : TW_RAISE_ERRNO("locking %s", name);
	TW_TRY(write_whose(sys, fd));
	*ret = tw_take_fd(&fd);
	return TW_OK;
}

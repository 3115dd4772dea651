/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ABI 2 (Debian 12's kernel) is what the promise rests on; whatever a newer kernel can forbid beside is forbidden too. The header
 * of Debian 12 knows only files, so the newer parts are spelled here, and the size passed is that of the kernel's version.
 */
#include "sys/landlock.h"
#include "sys/sandbox-rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ruleset {
	uint64_t fs, net, scoped;
};

#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2: to another directory */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND UINT64_C(1)             /* ABI 4: TCP */
#define NET_CONNECT UINT64_C(2)          /* likewise */
#define SCOPED_ALL UINT64_C(3)           /* ABI 6: abstract sockets, signals to those outside */

#define USB_BUSES_MAX 64 /* a machine has a dozen */

#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS                                                                                 \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_TRUNCATE)

#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static uint64_t handled(int abi)
{
	uint64_t fs = FS_ABI_1;

	fs |= abi >= 2 ? FS_REFER : 0;
	fs |= abi >= 3 ? FS_TRUNCATE : 0;
	fs |= abi >= 5 ? FS_IOCTL_DEV : 0;
	return fs;
}

/* To where is for the role to say that connects: names and ports come from its jobs. */
static uint64_t net_handled(const struct tw_sandbox *box)
{
	return NET_BIND | (box->want & TW_WANT_CONNECT ? 0 : NET_CONNECT);
}

static tw_err allow_beneath(int ruleset, int dir, uint64_t rights)
{
	struct stat st;

	if (fstat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= FILE_RIGHTS; /* the kernel refuses the others */
	const struct landlock_path_beneath_attr rule = { .allowed_access = rights, .parent_fd = dir };

	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		return TW_RAISE_ERRNO("keeping directory %d usable", dir);
	return TW_OK;
}

/* Sanitizers read /proc/self/maps and the like. */
static tw_err allow_proc(int ruleset)
{
	int dir = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tw_err e;

	if (dir < 0)
		return TW_RAISE_ERRNO("opening /proc");
	e = allow_beneath(ruleset, dir, READ_RIGHTS);
	(void)close(dir);
	return e;
}

/*
 * Of the system: the programs that a role starts, their loader and libraries, and what that loader reads. Beneath /usr/lib is all that is
 * executable, since a loader by itself starts anything it may read.
 */
static tw_err allow_programs(int ruleset, const char *const *programs)
{
	static const char *const places[] = { "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", NULL };
	const char *const *const lists[] = { programs, places };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const char *const *name = lists[i]; *name; name++) {
			int fd = open(*name, O_PATH | O_CLOEXEC);
			tw_err e = fd < 0 ? TW_OK : allow_beneath(ruleset, fd, READ_RIGHTS | LANDLOCK_ACCESS_FS_EXECUTE);

			if (fd >= 0)
				(void)close(fd);
			if (tw_failed(e))
				return e;
		}
	return TW_OK;
}

static tw_err allow_started(const struct tw_sandbox *box, int ruleset)
{
	static const char *const filter[] = { "/usr/sbin/nft", NULL }, *const openpgp[] = { "/usr/bin/gpg", "/usr/bin/gpg-agent", NULL };

	if (box->want & TW_WANT_FILTER)
		TW_TRY(allow_programs(ruleset, filter));
	return box->want & TW_WANT_OPENPGP ? allow_programs(ruleset, openpgp) : TW_OK;
}

/*
 * Attributes beneath the USB buses that there are, by which what is plugged in is authorized, and beneath /sys/bus, by which drivers are taken away
 * and given back. Not /sys/devices: that has every attribute of every device. What a link there leads to is not beneath it.
 */
static tw_err allow_buses(int ruleset, uint64_t fs)
{
	static const char usb[] = "/sys/bus/usb/devices";
	const uint64_t rights = fs & LANDLOCK_ACCESS_FS_WRITE_FILE;
	int places[1 + USB_BUSES_MAX] = { open("/sys/bus", O_PATH | O_CLOEXEC) };
	DIR *names = opendir(usb);
	size_t count = 1;
	tw_err e = TW_OK;

	for (struct dirent *d; names && count < sizeof places / sizeof places[0] && (d = readdir(names));)
		if (strncmp(d->d_name, "usb", 3) == 0)
			places[count++] = openat(dirfd(names), d->d_name, O_PATH | O_CLOEXEC);
	if (names)
		(void)closedir(names);
	for (size_t i = 0; i < count; i++) {
		if (places[i] < 0)
			continue;
		if (!tw_failed(e))
			e = allow_beneath(ruleset, places[i], rights);
		(void)close(places[i]);
	}
	return e;
}

/*
 * Of the kernel's tree what says which devices there are and what they are. Not all of it: read as root, debugfs, tracefs, configfs and what is
 * kept of crashes, which are mounted beneath /sys too, have the kernel's memory and others' data in them.
 */
static tw_err allow_devices(int ruleset, uint64_t fs)
{
	static const char *const places[] = { "/sys/bus", "/sys/class", "/sys/devices", "/sys/module/usbcore/parameters" };

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int dir = open(places[i], O_PATH | O_CLOEXEC);
		tw_err e = dir < 0 ? TW_OK : allow_beneath(ruleset, dir, fs & READ_RIGHTS);

		if (dir >= 0)
			(void)close(dir);
		if (tw_failed(e))
			return e;
	}
	return allow_buses(ruleset, fs);
}

static tw_err restrict_to(const struct tw_sandbox *box, int ruleset, uint64_t fs)
{
	const uint64_t write = WRITE_RIGHTS | (box->want & TW_WANT_OPENPGP ? LANDLOCK_ACCESS_FS_MAKE_SOCK : 0);
	size_t writable = box->dir_count - (box->read_only < box->dir_count ? box->read_only : box->dir_count);

	for (size_t i = 0; box->want & (TW_WANT_FILES | TW_WANT_PATHS) && i < box->dir_count; i++)
		TW_TRY(allow_beneath(ruleset, box->dirs[i], fs & (i < writable ? READ_RIGHTS | write : READ_RIGHTS)));
	TW_TRY(allow_started(box, ruleset));
	if (box->want & TW_WANT_PARTS)
		TW_TRY(allow_devices(ruleset, fs));
	if (tw_sandbox_san)
		TW_TRY(allow_proc(ruleset));
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		return TW_RAISE_ERRNO("entering Landlock");
	return TW_OK;
}

tw_err tw_landlock_enter(const struct tw_sandbox *box, int *ret_abi)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), fd;
	struct ruleset r = { .fs = handled(abi), .net = abi >= 4 ? net_handled(box) : 0, .scoped = abi >= 6 ? SCOPED_ALL : 0 };
	size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	tw_err e;

	if (abi < 0 && errno != ENOSYS && errno != EOPNOTSUPP)
		return TW_RAISE_ERRNO("asking for Landlock");
	*ret_abi = 0;
	if (abi < 1)
		return TW_OK;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (fd < 0)
		return TW_RAISE_ERRNO("making a Landlock ruleset");
	e = restrict_to(box, fd, r.fs);
	(void)close(fd);
	*ret_abi = tw_failed(e) ? 0 : abi;
	return e;
}

int tw_sys_open_outside(const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)flags | O_CLOEXEC };

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries every system call number, and what an intruder would do with them, inside each role of a release build, and compares
 * with the table the sandbox is made of: what is not in it answers EPERM, what is in it does not, what is fatal ends the process.
 *
 *   sandbox-tracer BUILD/src DIRECTORY
 *
 * Needs root. Prints what tools/run-tests counts.
 */
#include "tracee.h"

#include "base/mem.h"
#include "device/fetch/fetch-row.h"
#include "device/firewall/firewall-row.h"
#include "device/firewall/links-row.h"
#include "device/bluetooth/bluetooth-row.h"
#include "device/parts/parts-row.h"
#include "device/cellular/cellular-row.h"
#include "device/wifi/wifi-row.h"
#include "device/hash/hash-row.h"
#include "device/watch/watch-row.h"
#include "service/role.h"
#include "support/line/line-row.h"
#include "support/mail/mail-row.h"
#include "support/platform/role-rows.h"
#include "support/sign/sign-row.h"
#include "sys/sandbox-rows.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define NUMBERS 470    /* of x86-64, with room for those to come */
#define ROLE_UID 61001 /* no account has it */
#define X32 0x40000000

static struct {
	const char *programs, *directory; /* the folder of the build's programs, and ours */
	long passed, failed;
} run;

static void judge(bool good, const char *role, const char *what, int64_t got)
{
	if (good) {
		run.passed++;
		return;
	}
	run.failed++;
	printf("FAILED sandbox of %s: %s answers %s\n  repeat: test/sandbox/run\n", role, what,
		got == TRACEE_KILLED ? "with the process's end"
			: got < 0    ? strerror((int)-got)
				     : "as if it were allowed");
}

struct subject {
	const char *name;       /* for people: the two sides have roles of the same name */
	struct tw_role_row row; /* without a name: a parent */
	const char *program;
	bool desk; /* of a parent: the support service's */
	unsigned want;
};

/* --- Starting --- */

static int open_dir(const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", run.directory, name);
	if (mkdir(path, 0755) == 0 && chown(path, ROLE_UID, ROLE_UID) != 0)
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* As hands would, with sockets for all that are no directories. */
static bool start_role(const struct tw_role_row *row, const char *program, struct tracee *t)
{
	static const char *const dirs[] = { "state", "log", "config", "packages" };
	char id[16], *argv[] = { (char *)(uintptr_t) "thingward-role", (char *)(uintptr_t)row->name, id, id, NULL };
	int count = TW_FD_OWN + row->own_fds, fds[16], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool good;

	(void)snprintf(id, sizeof id, "%u", ROLE_UID);
	for (int i = 0; i < count; i++) {
		int pair[2];

		if (i < TW_FD_HANDS) {
			fds[i] = fcntl(null, F_DUPFD_CLOEXEC, 3);
		} else if (i >= TW_FD_OWN && i < TW_FD_OWN + row->dirs) {
			fds[i] = open_dir(dirs[i - TW_FD_OWN]);
		} else {
			if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
				return false;
			fds[i] = pair[0];
			(void)close(pair[1]);
		}
	}
	good = tracee_start(t, program, argv, fds, count);
	for (int i = 0; i < count; i++)
		(void)close(fds[i]);
	(void)close(null);
	return good;
}

/* A parent has no row: it is the one that starts the others. DIRECTORY/hands and DIRECTORY/desk have what it wants to find. */
static bool start_parent(const struct subject *s, const char *program, struct tracee *t)
{
	char path[3][256];
	char *device[] = { (char *)(uintptr_t) "thingward-device", (char *)(uintptr_t) "-f", (char *)(uintptr_t) "--listen",
		(char *)(uintptr_t) "[::]:0", (char *)(uintptr_t) "--state", path[0], (char *)(uintptr_t) "--run", path[1],
		(char *)(uintptr_t) "--config", path[2], NULL };
	char *support[] = { (char *)(uintptr_t) "thingward-support", (char *)(uintptr_t) "serve", (char *)(uintptr_t) "--listen",
		(char *)(uintptr_t) "[::]:0", (char *)(uintptr_t) "--dir", path[0], NULL };
	static const char *const folders[] = { "state", "run", "config" };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[] = { null, null, null };

	for (size_t i = 0; i < TW_COUNT(folders); i++)
		(void)snprintf(path[i], sizeof path[i], s->desk ? "%s/desk" : "%s/hands/%s", run.directory, folders[i]);
	bool good = tracee_start(t, program, s->desk ? support : device, fds, 3);

	(void)close(null);
	return good;
}

static bool start(const struct subject *s, struct tracee *t)
{
	char program[512];

	(void)snprintf(program, sizeof program, "%s/%s", run.programs, s->program);
	bool good = s->row.name ? start_role(&s->row, program, t) : start_parent(s, program, t);

	if (!good) {
		tracee_end(t);
		run.failed++;
		printf("FAILED sandbox of %s: it did not come to stand in one\n  repeat: test/sandbox/run\n", s->name);
	}
	return good;
}

/* --- Every number --- */

enum verdict { REFUSED, ALLOWED, DEPENDS, FATAL };

/* Several rows may speak of one call; one that allows it without terms prevails, as in the filter. */
static enum verdict declared(long number, unsigned want, const char **ret_name)
{
	enum verdict v = REFUSED;

	*ret_name = NULL;
	for (const struct tw_call_row *r = tw_call_rows; r->name; r++) {
		if (r->number != number)
			continue;
		*ret_name = r->name;
		if (!tw_call_wanted(r, want))
			continue;
		if (r->rule == TW_CALL_KILL)
			v = FATAL;
		else if (r->rule == TW_CALL_ALLOW)
			v = ALLOWED;
		else if (v != ALLOWED)
			v = DEPENDS;
	}
	return v;
}

/* The kernel answers uretprobe and uprobe itself, before any filter is asked, and ends who calls them from elsewhere. */
static bool before_filters(long number)
{
	return number == 335 || number == 336;
}

/* Allowed, and with any arguments it would end, divide or stop the process, or leave the place we stand at. */
static bool would_act(long number)
{
	static const long numbers[] = { SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_fork, SYS_vfork, SYS_clone, SYS_clone3,
		SYS_execve, SYS_restart_syscall, SYS_kill, SYS_tgkill, SYS_munmap, SYS_brk, SYS_close_range, SYS_prctl, SYS_arch_prctl };

	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static void try_number(const struct subject *s, struct tracee *t, long number)
{
	static const uint64_t nonsense[6] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	char what[64];
	const char *name;
	enum verdict v = declared(number, s->want, &name);
	int64_t got;

	if (v == FATAL || before_filters(number) || (v == ALLOWED && would_act(number)))
		return;
	got = tracee_call(t, number, nonsense);
	(void)snprintf(what, sizeof what, "call %ld (%s), %s", number, name ? name : "in no row",
		v == REFUSED ? "not permitted," : "permitted,");
	judge(v == REFUSED             ? got == -EPERM
			: v == ALLOWED ? got != -EPERM && got != TRACEE_KILLED
				       : got != TRACEE_KILLED,
		s->name, what, got);
	if (got == TRACEE_KILLED)
		(void)start(s, t);
}

static void try_numbers(const struct subject *s)
{
	struct tracee t = { 0 };

	if (!start(s, &t))
		return;
	for (long number = 0; number < NUMBERS && t.pid; number++)
		try_number(s, &t, number);
	tracee_end(&t);
}

/* Each ends the process, so each gets one of its own. */
static void try_fatal(const struct subject *s)
{
	static const uint64_t nothing[6] = { 0 };
	char what[64];

	for (const struct tw_call_row *r = tw_call_rows; r->name; r++) {
		struct tracee t = { 0 };

		if (r->rule != TW_CALL_KILL || !tw_call_wanted(r, s->want) || r->number < 0 || !start(s, &t))
			continue;
		(void)snprintf(what, sizeof what, "%s, which must end the process,", r->name);
		int64_t got = tracee_call(&t, r->number, nothing);
		judge(got == TRACEE_KILLED, s->name, what, got);
		tracee_end(&t);
	}
	struct tracee t = { 0 };

	if (start(s, &t)) {
		int64_t got = tracee_call(&t, X32 + 39, nothing);
		judge(got == TRACEE_KILLED, s->name, "a call by another architecture's number, which must end the process,", got);
		tracee_end(&t);
	}
}

/* --- What an intruder would do --- */

#define SCRATCH UINT64_MAX /* stands for the address where the probe's bytes are */
/* What starts a program cannot be kept from what its loader does; what that is worth to an intruder, Landlock and the one capability bound. */
enum wants {
	ANY_ROLE = 0,
	WITH_FILES = TW_WANT_FILES,
	TO_OTHERS = TW_WANT_CONNECT,
	TO_FILTER = TW_WANT_FILTER,
	TO_SIGN = TW_WANT_OPENPGP,
	TO_PARTS = TW_WANT_PARTS,
	TO_STORE = TW_WANT_STORE,
	STARTERS = TO_FILTER | TO_SIGN
};

static const struct probe {
	const char *what;
	long number;
	uint64_t args[6];
	const char *path; /* put into its memory */
	unsigned wants;   /* only for roles with these */
	bool allowed;     /* else EPERM or EACCES */
	unsigned unless;  /* not for roles with these */
} probes[] = {
	{ "opening /etc/passwd", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/etc/passwd", ANY_ROLE, false },
	{ "opening /proc/self/mem", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDWR }, "/proc/self/mem", ANY_ROLE, false },
	{ "asking about a path", SYS_newfstatat, { (uint64_t)AT_FDCWD, SCRATCH, SCRATCH, 0 }, "/etc/passwd", ANY_ROLE, false, STARTERS },
	{ "reading a link", SYS_readlink, { SCRATCH, SCRATCH, 64 }, "/proc/self/exe", ANY_ROLE, false, STARTERS },
	{ "a network socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, "", ANY_ROLE, false, TO_OTHERS },
	{ "a network socket, to connect", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, "", TO_OTHERS, true },
	{ "a packet of its own making", SYS_socket, { AF_INET, SOCK_RAW, 6 }, "", ANY_ROLE, false },
	{ "frames of a network", SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, "", ANY_ROLE, false },
	{ "a port of its own", SYS_bind, { 4, SCRATCH, 16 }, "", ANY_ROLE, false, STARTERS },
	{ "a socket for datagrams, to ask with", SYS_socket, { AF_INET, SOCK_DGRAM, 0 }, "", TO_OTHERS, true },
	{ "a socket for datagrams", SYS_socket, { AF_INET6, SOCK_DGRAM, 0 }, "", ANY_ROLE, false, TO_OTHERS },
	{ "a netlink socket", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, "", ANY_ROLE, false, TO_FILTER },
	{ "a netlink socket, to change the packet filter", SYS_socket, { AF_NETLINK, SOCK_RAW, 12 }, "", TO_FILTER, true },
	{ "a program that is not nft", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/bin/sh", TO_FILTER, false },
	{ "nft", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/usr/sbin/nft", TO_FILTER, true },
	{ "a file in place of nft", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_WRONLY }, "/usr/sbin/nft", TO_FILTER, false },
	{ "a file among its libraries", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_CREAT | O_WRONLY, 0600 }, "/usr/lib/probe",
		TO_FILTER, false },
	{ "a local socket", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, "", ANY_ROLE, false, TO_SIGN | TO_STORE },
	{ "a local socket, to a store with", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, "", TO_STORE, true },
	{ "a local socket for datagrams", SYS_socket, { AF_UNIX, SOCK_DGRAM, 0 }, "", ANY_ROLE, false },
	{ "connecting", SYS_connect, { 4, SCRATCH, 16 }, "", ANY_ROLE, false, TO_OTHERS | TO_SIGN | TO_STORE },
	{ "listening", SYS_listen, { 4, 1 }, "", ANY_ROLE, false, TO_SIGN },
	{ "gpg", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/usr/bin/gpg", TO_SIGN, true },
	{ "gpg's agent", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/usr/bin/gpg-agent", TO_SIGN, true },
	{ "a program that is neither", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/bin/sh", TO_SIGN, false },
	{ "starting a program that is neither", SYS_execve, { SCRATCH, 0, 0 }, "/bin/sh", TO_SIGN, false },
	{ "a file in place of gpg", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_WRONLY }, "/usr/bin/gpg", TO_SIGN, false },
	{ "a file among gpg's libraries", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_CREAT | O_WRONLY, 0600 }, "/usr/lib/probe",
		TO_SIGN, false },
	{ "a file in gpg's home", SYS_openat, { TW_FD_OWN, SCRATCH, O_CREAT | O_RDWR, 0600 }, "probe-file", TO_SIGN, true },
	{ "a file elsewhere", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_CREAT | O_RDWR, 0600 }, "/tmp/tw-probe", TO_SIGN, false },
	{ "leaving gpg's home", SYS_openat, { TW_FD_OWN, SCRATCH, O_RDONLY }, "../other/secret", TO_SIGN, false },
	{ "looking into a folder", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY | O_DIRECTORY }, "/etc", TO_SIGN, false },
	{ "another's memory", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY }, "/proc/1/environ", TO_SIGN, false },
	{ "the kernel's devices", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY | O_DIRECTORY }, "/sys/devices", TO_PARTS, true },
	{ "the kernel's buses", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY | O_DIRECTORY }, "/sys/bus", TO_PARTS, true },
	{ "what the kernel has for its makers", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY | O_DIRECTORY }, "/sys/kernel",
		TO_PARTS, false },
	{ "the kernel's file systems", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY | O_DIRECTORY }, "/sys/fs", TO_PARTS, false },
	{ "what modules were told", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_RDONLY | O_DIRECTORY }, "/sys/module", TO_PARTS, false },
	{ "an attribute that is none of a bus", SYS_openat, { (uint64_t)AT_FDCWD, SCRATCH, O_WRONLY }, "/sys/power/state", TO_PARTS, false },
	{ "a packet filter on a socket", SYS_setsockopt, { 4, SOL_SOCKET, SO_ATTACH_FILTER, SCRATCH, 16 }, "", ANY_ROLE, false, STARTERS },
	{ "a signal to the parent", SYS_kill, { 1, 0 }, "", ANY_ROLE, false },
	{ "another thread", SYS_clone, { CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD }, "", ANY_ROLE, false, STARTERS },
	{ "a child", SYS_fork, { 0 }, "", ANY_ROLE, false, STARTERS },
	{ "executable memory", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX - 1 }, "", ANY_ROLE, false },
	{ "making memory executable", SYS_mprotect, { SCRATCH, 4096, PROT_READ | PROT_EXEC }, "", ANY_ROLE, false },
	{ "becoming root", SYS_setuid, { 0 }, "", ANY_ROLE, false },
	{ "all ids at once", SYS_setresuid, { 0, 0, 0 }, "", ANY_ROLE, false },
	{ "becoming dumpable", SYS_prctl, { PR_SET_DUMPABLE, 1 }, "", ANY_ROLE, false },
	{ "a second filter", SYS_seccomp, { 1, 0, SCRATCH }, "", ANY_ROLE, false },
	{ "typing into a terminal", SYS_ioctl, { 0, TIOCSTI, SCRATCH }, "", ANY_ROLE, false, STARTERS },
	{ "signals by a descriptor", SYS_fcntl, { 4, F_SETOWN, 1 }, "", ANY_ROLE, false, STARTERS },
	{ "changing the time", SYS_clock_settime, { CLOCK_REALTIME, SCRATCH }, "", ANY_ROLE, false },
	{ "raising a limit", SYS_prlimit64, { 0, 7, SCRATCH, 0 }, "", ANY_ROLE, false, STARTERS },
	{ "its own sockets' state", SYS_fcntl, { 4, F_GETFL }, "", ANY_ROLE, true },
	{ "memory", SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX - 1 }, "", ANY_ROLE, true },
	{ "a link in its directory", SYS_symlinkat, { SCRATCH, TW_FD_OWN, SCRATCH }, "probe", WITH_FILES, false },
	{ "a hard link", SYS_linkat, { TW_FD_OWN, SCRATCH, TW_FD_OWN, SCRATCH }, "probe", WITH_FILES, false },
	{ "a device file", SYS_mknodat, { TW_FD_OWN, SCRATCH, S_IFCHR | 0600, 0x103 }, "probe", WITH_FILES, false },
	{ "another mode", SYS_fchmod, { TW_FD_OWN, 0777 }, "", WITH_FILES, false },
	{ "a directory of its own", SYS_mkdirat, { TW_FD_OWN, SCRATCH, 0700 }, "probe", WITH_FILES, true },
};

static int64_t call_with(struct tracee *t, const struct probe *p)
{
	uint64_t args[6];

	if (!tracee_put(t, p->path, strlen(p->path) + 1))
		return TRACEE_KILLED;
	for (size_t i = 0; i < TW_COUNT(args); i++)
		args[i] = p->args[i] == SCRATCH ? t->scratch : p->args[i] == UINT64_MAX - 1 ? UINT64_MAX : p->args[i];
	return tracee_call(t, p->number, args);
}

/* Opening by openat2, which roles with files have: Landlock decides. */
static const struct opening {
	const char *what, *path;
	int dir;
	uint64_t flags;
	int own_dirs; /* only for roles with at least so many */
	bool allowed;
} openings[] = {
	{ "leaving by an absolute path", "/etc/passwd", AT_FDCWD, O_RDONLY, 1, false },
	{ "leaving by ..", "../other/secret", TW_FD_OWN, O_RDONLY, 1, false },
	{ "leaving by /proc", "/proc/self/environ", AT_FDCWD, O_RDONLY, 1, false },
	{ "leaving by a device", "/dev/null", AT_FDCWD, O_RDONLY, 1, false },
	{ "a file without a name elsewhere", "/tmp", AT_FDCWD, O_TMPFILE | O_RDWR, 1, false },
	{ "a file of its own", "file", TW_FD_OWN, O_CREAT | O_RDWR, 1, true },
	{ "writing where it may only read", "file", TW_FD_OWN + 2, O_CREAT | O_RDWR, 3, false },
	{ "reading where it may", "readable", TW_FD_OWN + 2, O_RDONLY, 3, true },
};

static void try_openings(const struct subject *s, struct tracee *t)
{
	for (size_t i = 0; i < TW_COUNT(openings); i++) {
		const struct opening *o = &openings[i];
		struct {
			struct open_how how;
			char path[64];
		} bytes = { .how = { .flags = o->flags, .mode = o->flags & O_CREAT ? 0600 : 0 } };
		int64_t got;

		if (!s->row.name || s->row.dirs < o->own_dirs)
			continue;
		bytes.how.mode = (o->flags & (O_CREAT | (O_TMPFILE & ~(uint64_t)O_DIRECTORY))) ? 0600 : 0;
		(void)snprintf(bytes.path, sizeof bytes.path, "%s", o->path);
		if (!tracee_put(t, &bytes, sizeof bytes))
			continue;
		got = tracee_call(t, SYS_openat2,
			(uint64_t[6]){ (uint64_t)o->dir, t->scratch + offsetof(__typeof__(bytes), path), t->scratch, sizeof bytes.how });
		/* A role whose directories are all for reading makes no file in any. */
		bool allowed = o->allowed && (!(o->flags & O_CREAT) || s->row.dirs > s->row.read_only);
		judge(allowed ? got >= 0 : got == -EACCES || got == -EPERM || got == -EXDEV, s->name, o->what, got);
	}
}

/* A socket as gpg's agent makes one, bound by its path: in gpg's home, and nowhere else. */
static void try_binding(const struct subject *s, struct tracee *t)
{
	static const struct {
		const char *what, *folder;
		bool allowed;
	} rows[] = { { "a socket in gpg's home", "state", true }, { "a socket elsewhere", "other", false } };

	for (size_t i = 0; (s->want & TO_SIGN) && i < TW_COUNT(rows); i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		int64_t fd = tracee_call(t, SYS_socket, (uint64_t[6]){ AF_UNIX, SOCK_STREAM, 0 });

		(void)snprintf(a.sun_path, sizeof a.sun_path, "%s/%s/S.probe", run.directory, rows[i].folder);
		if (fd < 0 || !tracee_put(t, &a, sizeof a)) {
			judge(false, s->name, "a local socket", fd);
			continue;
		}
		int64_t got = tracee_call(t, SYS_bind, (uint64_t[6]){ (uint64_t)fd, t->scratch, sizeof a });
		judge(rows[i].allowed ? got == 0 || got == -EADDRINUSE : got == -EACCES || got == -EPERM, s->name, rows[i].what, got);
	}
}

static void try_probes(const struct subject *s)
{
	struct tracee t = { 0 };

	if (!start(s, &t))
		return;
	for (size_t i = 0; i < TW_COUNT(probes) && t.pid; i++) {
		const struct probe *p = &probes[i];
		int64_t got;

		if ((p->wants & s->want) != p->wants || (p->unless & s->want))
			continue;
		got = call_with(&t, p);
		judge(p->allowed ? got >= 0 || got == -EEXIST : got == -EPERM || got == -EACCES, s->name, p->what, got);
	}
	try_openings(s, &t);
	try_binding(s, &t);
	tracee_end(&t);
}

/* What the kernel says of the process. */
static void try_status(const struct subject *s)
{
	/* One has root's id for files, and for nothing else. */
	const char *uids = s->want & TW_WANT_PARTS ? "Uid:\t61001\t61001\t61001\t0\n" : "Uid:\t61001\t61001\t61001\t61001\n";
	const char *const lines[] = { "NoNewPrivs:\t1\n", "Seccomp:\t2\n", uids, "Gid:\t61001\t61001\t61001\t61001\n", "Groups:\t \n" };
	static const char *const sets[] = { "CapEff", "CapPrm", "CapBnd", "CapAmb" };
	struct tracee t = { 0 };
	char path[64], text[4096] = "";
	int fd;

	if (!start(s, &t))
		return;
	(void)snprintf(path, sizeof path, "/proc/%d/status", t.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		text[0] = '\0';
	(void)close(fd);
	for (size_t i = 0; i < (s->row.name ? TW_COUNT(lines) : 2); i++)
		judge(strstr(text, lines[i]) != NULL, s->name, lines[i], 0);
	for (size_t i = 0; s->row.name && i < TW_COUNT(sets); i++) {
		char line[48];

		(void)snprintf(line, sizeof line, "%s:\t%016llx\n", sets[i],
			s->want & (TW_WANT_FILTER | TW_WANT_LINKS) ? 1ULL << CAP_NET_ADMIN : 0);
		judge(strstr(text, line) != NULL, s->name, line, 0);
	}
	tracee_end(&t);
}

static bool prepare(void)
{
	char path[256];
	int fd;

	(void)umask(022);
	(void)close(open_dir("state"));
	(void)close(open_dir("config"));
	(void)close(open_dir("other"));
	(void)snprintf(path, sizeof path, "%s/config/readable", run.directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || close(fd) != 0)
		return false;
	(void)snprintf(path, sizeof path, "%s/other/secret", run.directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644); /* readable by its mode: only the sandbox keeps a role from it */
	return fd >= 0 && close(fd) == 0;
}

static void try_all(const struct subject *s)
{
	try_status(s);
	if (s->row.name)
		try_probes(s);
	try_numbers(s);
	try_fatal(s);
}

/* Of the device those of tw_roles come before these. */
static const struct subject subjects[] = {
	{ "fetch", { TW_FETCH_ROLE_ROW, NULL }, "device/thingward-fetch" },
	{ "hash", { "hash", TW_HASH_ROLE_MAY, NULL }, "device/thingward-hash" },
	{ "watch", { "watch", TW_WATCH_ROLE_MAY, NULL }, "device/thingward-watch" },
	{ "firewall", { TW_FIREWALL_ROLE_ROW, NULL }, "device/thingward-firewall" },
	{ "links", { "links", TW_LINKS_ROLE_MAY, NULL }, "device/thingward-firewall" },
	{ "parts", { "parts", TW_PARTS_ROLE_MAY, NULL }, "device/thingward-parts" },
	{ "cellular", { "cellular", TW_CELLULAR_ROLE_MAY, NULL }, "device/thingward-cellular" },
	{ "bluetooth", { "bluetooth", TW_BLUETOOTH_ROLE_MAY, NULL }, "device/thingward-bluetooth" },
	{ "wifi", { "wifi", TW_WIFI_ROLE_MAY, NULL }, "device/thingward-wifi" },
	{ "hands", { .name = NULL }, "device/thingward-device", .want = TW_WANT_PARENT },
	{ "support app", { TW_SUPPORT_APP_ROLE_ROW(0U), NULL }, "support/thingward-support-role" },
	{ "support app, with PostgreSQL", { TW_SUPPORT_APP_ROLE_ROW(TW_WANT_STORE), NULL }, "support/thingward-support-role-postgresql" },
	{ "support front", { TW_SUPPORT_FRONT_ROLE_ROW, NULL }, "support/thingward-support-role" },
	{ "support keys", { TW_SUPPORT_KEYS_ROLE_ROW, NULL }, "support/thingward-support-role" },
	{ "mail", { TW_MAIL_ROLE_ROW, NULL }, "support/thingward-mail" },
	{ "mail-in", { TW_MAIL_IN_ROLE_ROW, NULL }, "support/thingward-mail" },
	{ "canary", { TW_CANARY_ROLE_ROW, NULL }, "support/thingward-mail" },
	{ "sign", { TW_SIGN_ROLE_ROW, NULL }, "support/thingward-sign" },
	{ "store", { TW_LINE_ROLE_ROW, NULL }, "support/thingward-store" },
	{ "support parent", { .name = NULL }, "support/thingward-support", .desk = true, .want = TW_WANT_PARENT },
};

/* Whoever starts programs has no less than their loaders need; tw_sandbox_enter knows the same. */
static unsigned wants_of(const struct subject *s)
{
	return !s->row.name ? s->want : s->row.want & STARTERS ? s->row.want : s->row.want | TW_WANT_ROLE;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: sandbox-tracer BUILD/src DIRECTORY\n");
		return 2;
	}
	run.programs = argv[1];
	run.directory = argv[2];
	if (!prepare()) {
		perror(run.directory);
		return 2;
	}
	for (const struct tw_role_row *row = tw_roles; row->name; row++) {
		const struct subject s = { row->name, *row, "device/thingward-role", .want = row->want | TW_WANT_ROLE };

		try_all(&s);
	}
	for (size_t i = 0; i < TW_COUNT(subjects); i++) {
		struct subject s = subjects[i];

		s.want = wants_of(&s);
		try_all(&s);
	}
	printf("%ld passed, %ld failed, 0 skipped\n", run.passed, run.failed);
	return run.failed > 0;
}

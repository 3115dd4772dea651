/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each case runs in a child that enters a sandbox and answers by its exit status. What every system call number does inside a
 * real role is test/sandbox's; here is the order, the states, and that the proof is one.
 */
#include "sys/sandbox.h"
#include "sys/sandbox-rows.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROLE_UID 61001

typedef int child_fn(const struct tw_sandbox *box);

static int status_of(child_fn *fn, const struct tw_sandbox *box)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		/* The test's own reports go elsewhere: the child closes every descriptor it was not given. */
		_exit(fn(box));
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

static struct tw_sandbox plain_box(unsigned want)
{
	bool root = geteuid() == 0;

	return (struct tw_sandbox){
		.role = "test", .uid = root ? ROLE_UID : geteuid(), .gid = root ? ROLE_UID : getegid(), .keep_fds = 10, .want = want
	};
}

static int enter(const struct tw_sandbox *box, struct tw_sandbox_state *state)
{
	tw_err e = tw_sandbox_enter(box, state);

	if (!tw_failed(e))
		return 0;
	(void)fprintf(stderr, "# %s: %s\n", tw_code_name(e.code), tw_err_detail());
	return 100;
}

static int check_states(const struct tw_sandbox *box)
{
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	if (!s.seccomp || s.ids_dropped != (getuid() == ROLE_UID) || s.not_dumpable == tw_sandbox_san)
		return 1;
	if (getuid() != box->uid || geteuid() != box->uid || getgid() != box->gid)
		return 2;
	if (!tw_sandbox_san && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != -1)
		return 3; /* prctl itself is gone */
	return fcntl(9, F_GETFD) == -1 || fcntl(10, F_GETFD) != -1 ? 4 : 0;
}

static void test_states(void **state)
{
	struct tw_sandbox box = plain_box(0);

	CHECK(dup2(2, 9) == 9 && dup2(2, 10) == 10);
	CHECK_INT(status_of(check_states, &box), 0);
	(void)close(9);
	(void)close(10);
}

static int check_exec(const struct tw_sandbox *box)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	(void)execve("/bin/true", argv, envp);
	return 1;
}

static int check_x32(const struct tw_sandbox *box)
{
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	(void)syscall(0x40000000 + 39); /* x32's getpid */
	return 1;
}

static void test_program_starts_are_fatal(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_FILES | TW_WANT_NET | TW_WANT_LOCAL | TW_WANT_MEMFD);
	int status = status_of(check_exec, &box);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = status_of(check_x32, &box);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static int write_in(int dir, const char *name)
{
	const struct tw_sys *sys = tw_sys_real();
	int fd = sys->open_beneath(sys, dir, name, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		return errno;
	return sys->write(sys, fd, "x", 1) == 1 && sys->close(sys, fd) == 0 ? 0 : EIO;
}

static int check_files(const struct tw_sandbox *box)
{
	const struct tw_sys *sys = tw_sys_real();
	struct tw_sandbox_state s;
	struct stat st;

	if (enter(box, &s))
		return 100;
	if (write_in(box->dirs[0], "new") != 0 || sys->rename(sys, box->dirs[0], "new", box->dirs[0], "old") != 0)
		return 1;
	if (sys->open_beneath(sys, box->dirs[0], "../outside", O_RDONLY, 0) >= 0)
		return 2;
	if (sys->fstat(sys, box->dirs[0], &st) != 0 || !S_ISDIR(st.st_mode))
		return 3;
	if (s.landlock_abi > 0 && write_in(box->dirs[1], "new") != EACCES)
		return 4; /* for reading only */
	if (sys->open_beneath(sys, box->dirs[1], "there", O_RDONLY, 0) < 0)
		return 5;
	return sys->unlink(sys, box->dirs[0], "old") == 0 ? 0 : 6;
}

static void test_files(void **state)
{
	char path[] = "/tmp/tw-sandbox-XXXXXX";
	struct tw_sandbox box = plain_box(TW_WANT_FILES);
	int dirs[2], top;

	CHECK(mkdtemp(path) != NULL);
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(top >= 0 && mkdirat(top, "a", 0755) == 0 && mkdirat(top, "b", 0755) == 0);
	CHECK(fchmod(top, 0755) == 0 && fchownat(top, "a", box.uid, box.gid, 0) == 0 && fchownat(top, "b", box.uid, box.gid, 0) == 0);
	dirs[0] = openat(top, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dirs[1] = openat(top, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(write_in(dirs[1], "there"), 0);
	CHECK(fchownat(dirs[1], "there", box.uid, box.gid, 0) == 0);
	box.dirs = dirs;
	box.dir_count = 2;
	box.read_only = 1;
	box.keep_fds = 20;
	CHECK_INT(status_of(check_files, &box), 0);
	(void)unlinkat(dirs[1], "there", 0);
	(void)unlinkat(dirs[1], "new", 0);
	(void)unlinkat(top, "a", AT_REMOVEDIR);
	(void)unlinkat(top, "b", AT_REMOVEDIR);
	(void)rmdir(path);
	(void)close(dirs[0]);
	(void)close(dirs[1]);
	(void)close(top);
}

static struct sockaddr_in listening; /* where test_connect listens */

static int check_connect(const struct tw_sandbox *box)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct tw_sandbox_state s;
	int fd;

	if (enter(box, &s))
		return 100;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&listening, sizeof listening) != 0)
		return 1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof any) != -1 || errno != EPERM)
		return 2;
	if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_INET, SOCK_RAW, 0) >= 0 || errno != EPERM)
		return 3; /* a raw one would fail without privileges too, but with another error where there is no filter */
	if (socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || listen(fd, 1) != -1 || errno != EPERM)
		return 4;
	return open("/etc/resolv.conf", O_RDONLY) >= 0 ? 5 : 0;
}

static void test_connect(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_CONNECT);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof listening;

	listening = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	CHECK(bind(fd, (const struct sockaddr *)&listening, size) == 0 && listen(fd, 4) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&listening, &size) == 0);
	CHECK_INT(status_of(check_connect, &box), 0);
	(void)close(fd);
}

/* hands keeps its ids and starts programs, whose own sandbox must still work beneath its filter. */
static int check_parent(const struct tw_sandbox *box)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	const struct tw_spawn what = { "/bin/true", argv, envp, NULL, 0 };
	const struct tw_sys *sys = tw_sys_real();
	struct tw_sandbox role = plain_box(TW_WANT_NET);
	struct tw_sandbox_state s;
	pid_t pid;
	int status;

	if (enter(box, &s) || s.ids_dropped || !s.seccomp)
		return 100;
	if (sys->spawn(sys, &what, &pid) != 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return 1;
	if (tw_sandbox_san)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(enter(&role, &s));
	return waitpid(pid, &status, 0) != pid || status != 0 ? 2 : 0;
}

static void test_parent(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_PARENT);

	box.uid = geteuid();
	box.gid = getegid();
	if (!tw_sandbox_san) /* the sanitizers' own calls are only in a role's table */
		CHECK_INT(status_of(check_parent, &box), 0);
}

/* A role whose ids could not be dropped must not run. */
static int check_refusal(const struct tw_sandbox *box)
{
	struct tw_sandbox other = *box;
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	other.uid++;
	return tw_failed(tw_sandbox_enter(&other, &s)) ? 0 : 1;
}

static void test_refuses_ids_it_cannot_take(void **state)
{
	struct tw_sandbox box = plain_box(0);

	CHECK_INT(status_of(check_refusal, &box), 0);
}

static void test_table(void **state)
{
	size_t plain = 0, files = 0;

	while (tw_sandbox_call(0, plain))
		plain++;
	while (tw_sandbox_call(TW_WANT_FILES, files))
		files++;
	CHECK(plain > 20 && files > plain);
	for (size_t i = 0; i < files; i++) {
		const char *name = tw_sandbox_call(TW_WANT_FILES, i);

		CHECK(strcmp(name, "socket") != 0 && strcmp(name, "bind") != 0 && strcmp(name, "execve") != 0 && strcmp(name, "open") != 0);
	}
}

/* Other people's code: what it needs to be loaded and to run, the one directory it was given, and nothing else of the disk or the net. */
static int check_module(const struct tw_sandbox *box)
{
	char name[64];
	struct tw_sandbox_state s;
	int status = 0, fd;

	(void)snprintf(name, sizeof name, "/proc/self/fd/%d", box->dirs[0]);
	char folder[64] = "", path[80];
	if (readlink(name, folder, sizeof folder - 1) < 0 || enter(box, &s))
		return 100;
	(void)snprintf(path, sizeof path, "%s/token", folder);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, 4096) != 0)
		return 1;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return 2; /* how a library is loaded */
	if (!tw_sandbox_san && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		return 3;
	if (s.landlock_abi > 0 &&
		(open("/etc/passwd", O_RDONLY) >= 0 || open("/etc/hostname", O_RDWR) >= 0 || mkdir("/tmp/tw-module", 0700) == 0))
		return 4;
	if (socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 || socket(AF_INET, SOCK_STREAM, 0) >= 0 ||
		socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
		return 5;
	pid_t pid = fork();
	if (pid == 0)
		_exit(7);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7 ? 0 : 6;
}

/* A local stream, to connect and nothing more: no door of its own, nothing of the network. */
static int check_store(const struct tw_sandbox *box)
{
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(struct sockaddr)) == 0 || errno == EPERM)
		return 1;
	if (socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 || socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_INET6, SOCK_STREAM, 0) >= 0 ||
		socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
		return 2;
	return bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)) < 0 && errno == EPERM && listen(fd, 1) < 0 ? 0 : 3;
}

static void test_store(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_STORE | TW_WANT_LOCAL);

	CHECK_INT(status_of(check_store, &box), 0);
	int status = status_of(check_exec, &box);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void test_module(void **state)
{
	char path[] = "/tmp/tw-sandbox-XXXXXX", file[64];
	struct tw_sandbox box = plain_box(TW_WANT_FILES | TW_WANT_MODULE);
	int dir;

	CHECK(mkdtemp(path) != NULL && chown(path, box.uid, box.gid) == 0);
	CHECK_INT(dup2(open(path, O_PATH | O_DIRECTORY), 9), 9);
	dir = 9;
	box.dirs = &dir;
	box.dir_count = 1;
	CHECK_INT(status_of(check_module, &box), 0);
	int status = status_of(check_exec, &box);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	(void)snprintf(file, sizeof file, "%s/token", path);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(rmdir(path), 0);
	(void)close(9);
}

static bool was_root;

static int runs(const char *program, char *const *argv)
{
	char *envp[] = { NULL };
	const struct tw_spawn what = { program, argv, envp, NULL, 0 };
	int status = -1;
	pid_t pid;

	if (tw_sys_real()->spawn(tw_sys_real(), &what, &pid) != 0)
		return -errno;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* It may start nft, which may change the packet filter, and neither may do anything else. */
static int check_filter(const struct tw_sandbox *box)
{
	char *true_argv[] = { "true", NULL }, *nft_argv[] = { "nft", "list", "tables", NULL };
	bool has_nft = access("/usr/sbin/nft", X_OK) == 0;
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	if (s.landlock_abi > 0 && (runs("/bin/true", true_argv) != -EACCES || open("/etc/passwd", O_RDONLY) >= 0))
		return 1;
	if (socket(AF_INET, SOCK_DGRAM, 0) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || setresuid(0, 0, 0) == 0 ||
		sethostname("x", 1) == 0 || chown("/", 0, 0) == 0)
		return 2;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	if (fd < 0)
		return 3;
	/* Only a capability opens the way over this limit: that one is left. */
	int size = 1 << 25;
	if (was_root && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
		return 4;
	return was_root && has_nft && runs("/usr/sbin/nft", nft_argv) != 0 ? 5 : 0;
}

static void test_filter(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_FILTER | TW_WANT_MEMFD);

	was_root = geteuid() == 0;
	if (!tw_sandbox_san) /* the sanitizers' own calls are only in a role's table */
		CHECK_INT(status_of(check_filter, &box), 0);
}

/* It keeps the right to change links, and makes no socket and starts nothing to use it by: what was open before is all it has. */
static int check_links(const struct tw_sandbox *box)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), size = 1 << 25;
	struct tw_sandbox keeps = *box;
	struct tw_sandbox_state s;

	keeps.keep_fds = fd + 1;
	if (fd < 0 || enter(&keeps, &s))
		return 100;
	if (socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0 || socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || fork() >= 0)
		return 1;
	if (open("/etc/passwd", O_RDONLY) >= 0 || setresuid(0, 0, 0) == 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0)
		return 2;
	/* A message of no length and no kind: EPERM were the answer to one without the right, by whoever asks. */
	struct {
		struct nlmsghdr head;
		struct ifinfomsg body;
	} m = { .head = { sizeof m, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 }, .body = { .ifi_index = 1 << 30 } };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
		char rest[256];
	} answer = { 0 };

	if (send(fd, &m, sizeof m, 0) != sizeof m || recv(fd, &answer, sizeof answer, 0) < 0)
		return 3;
	return answer.head.nlmsg_type == NLMSG_ERROR && answer.body.error == (was_root ? -ENODEV : -EPERM) ? 0 : 4;
}

static void test_links(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_LINKS);

	was_root = geteuid() == 0;
	if (!tw_sandbox_san)
		CHECK_INT(status_of(check_links, &box), 0);
	int status = status_of(check_exec, &box);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* Root's files beneath the buses and no others, by an id for files that is nothing else: it ends nobody of root's, and has no capability. */
static int check_parts(const struct tw_sandbox *box)
{
	struct tw_sandbox_state s;

	if (enter(box, &s))
		return 100;
	if (getuid() == 0 || geteuid() == 0 || kill(getppid(), 0) == 0 || setresuid(0, 0, 0) == 0)
		return 1;
	if (open("/etc/passwd", O_RDONLY) >= 0 || open("/dev/null", O_WRONLY) >= 0 || open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 ||
		open("/sys/power/state", O_WRONLY) >= 0 || open("/sys/devices/system/cpu/cpu0/uevent", O_WRONLY) >= 0)
		return 2;
	if (open("/sys/class", O_RDONLY | O_DIRECTORY) < 0 || open("/sys/devices", O_RDONLY | O_DIRECTORY) < 0)
		return 3;
	/* Beneath these are debugfs, tracefs, configfs, what is kept of crashes, and others' parameters. */
	if (open("/sys/kernel", O_RDONLY | O_DIRECTORY) >= 0 || open("/sys/fs", O_RDONLY | O_DIRECTORY) >= 0 ||
		open("/sys/module", O_RDONLY | O_DIRECTORY) >= 0 || open("/sys", O_RDONLY | O_DIRECTORY) >= 0)
		return 5;
	/* One of the attributes that it is for, where the tree can be written at all. */
	return open("/sys/bus/platform/drivers_probe", O_WRONLY) >= 0 || errno == EROFS || errno == ENOENT ? 0 : 4;
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* only its version */) > 0;
}

static void test_parts(void **state)
{
	struct tw_sandbox box = plain_box(TW_WANT_PARTS | TW_WANT_PATHS);

	was_root = geteuid() == 0;
	if (tw_sandbox_san)
		return;
	/* Without root there is no id of root's to be had, and without Landlock it were too much: it does not start. */
	const int status = status_of(check_parts, &box);

	if (was_root && has_landlock())
		CHECK_INT(status, 0);
	else
		CHECK_INT(WEXITSTATUS(status), 100);
}

CHECK_MAIN(cmocka_unit_test(test_states), cmocka_unit_test(test_program_starts_are_fatal), cmocka_unit_test(test_files),
	cmocka_unit_test(test_store), cmocka_unit_test(test_module), cmocka_unit_test(test_filter), cmocka_unit_test(test_links),
	cmocka_unit_test(test_parts), cmocka_unit_test(test_connect), cmocka_unit_test(test_parent),
	cmocka_unit_test(test_refuses_ids_it_cannot_take), cmocka_unit_test(test_table))

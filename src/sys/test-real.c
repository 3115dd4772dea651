/* SPDX-License-Identifier: Apache-2.0 */
/* What the real instance adds to the C library: paths that stay beneath, sealed memory, programs with only what they were given. */
#include "sys/real.h"
#include "base/mem.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char top_path[64];
static int top;

static int setup(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	int fd;

	(void)snprintf(top_path, sizeof top_path, "/tmp/tw-real-XXXXXX");
	if (!mkdtemp(top_path))
		return -1;
	top = open(top_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || sys->mkdir(sys, top, "dir", 0700) != 0)
		return -1;
	fd = sys->open_beneath(sys, top, "dir/file", O_RDWR | O_CREAT, 0600);
	return fd < 0 || sys->write(sys, fd, "x", 1) != 1 || sys->close(sys, fd) != 0;
}

static int teardown(void **state)
{
	(void)unlinkat(top, "dir/file", 0);
	(void)unlinkat(top, "dir/link", 0);
	(void)unlinkat(top, "dir", AT_REMOVEDIR);
	(void)unlinkat(top, "moved", 0);
	(void)unlinkat(top, "link", 0);
	(void)close(top);
	return rmdir(top_path);
}

static int open_errno(const char *path)
{
	const struct tw_sys *sys = tw_sys_real();
	int fd = sys->open_beneath(sys, top, path, O_RDONLY, 0);

	if (fd < 0)
		return errno;
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	(void)close(fd);
	return 0;
}

static void test_beneath(void **state)
{
	CHECK_INT(open_errno("dir/file"), 0);
	CHECK_INT(open_errno("dir/../dir/file"), 0);
	CHECK_INT(open_errno("../etc/passwd"), EXDEV);
	CHECK_INT(open_errno("dir/../../etc"), EXDEV);
	CHECK_INT(open_errno("/etc/passwd"), EXDEV);
	CHECK_INT(open_errno(""), ENOENT);
	CHECK(symlinkat("dir/file", top, "link") == 0 && symlinkat("file", top, "dir/link") == 0);
	CHECK_INT(open_errno("link"), ELOOP);
	CHECK_INT(open_errno("dir/link"), ELOOP);
}

static void test_names_stay_plain(void **state)
{
	static const char *const bad[] = { "", ".", "..", "dir/file", "/etc/passwd", "../x" };
	const struct tw_sys *sys = tw_sys_real();

	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		errno = 0;
		CHECK(sys->unlink(sys, top, bad[i]) == -1 && errno == EINVAL);
		CHECK(sys->mkdir(sys, top, bad[i], 0700) == -1 && errno == EINVAL);
		CHECK(sys->rename(sys, top, bad[i], top, "x") == -1 && errno == EINVAL);
		CHECK(sys->rename(sys, top, "x", top, bad[i]) == -1 && errno == EINVAL);
	}
}

static bool count_names(void *user, const char *name)
{
	int *left = user;

	CHECK(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	return --*left > 0;
}

static void test_list(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	int left = 1000, fd;

	for (int i = 0; i < 300; i++) { /* more than one read of the directory */
		char name[32];

		(void)snprintf(name, sizeof name, "dir/a-rather-long-name-%d", i);
		fd = sys->open_beneath(sys, top, name, O_RDWR | O_CREAT, 0600);
		CHECK(fd >= 0 && close(fd) == 0);
	}
	fd = sys->open_beneath(sys, top, "dir", O_RDONLY | O_DIRECTORY, 0);
	for (int round = 0; round < 2; round++) {
		left = 1000;
		CHECK_INT(sys->list(sys, fd, count_names, &left), 0);
		CHECK(1000 - left >= 301);
	}
	left = 5;
	CHECK_INT(sys->list(sys, fd, count_names, &left), 0);
	CHECK_INT(left, 0);
	for (int i = 0; i < 300; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "a-rather-long-name-%d", i);
		CHECK(sys->unlink(sys, fd, name) == 0);
	}
	(void)close(fd);
	CHECK(sys->list(sys, -1, count_names, &left) == -1 && errno == EBADF);
}

static void test_files(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	int fd = sys->open_beneath(sys, top, "dir/file", O_RDWR, 0), again;
	struct stat st;
	char c;

	CHECK(sys->allocate(sys, fd, 0, 8192) == 0 && sys->fstat(sys, fd, &st) == 0 && st.st_size == 8192);
	CHECK(sys->ftruncate(sys, fd, 10) == 0 && sys->fstat(sys, fd, &st) == 0 && st.st_size == 10);
	CHECK(sys->pwrite(sys, fd, "y", 1, 9) == 1 && sys->pread(sys, fd, &c, 1, 9) == 1 && c == 'y');
	CHECK(sys->fsync(sys, fd) == 0 && sys->fdatasync(sys, fd) == 0);
	again = sys->open_beneath(sys, top, "dir/file", O_RDWR, 0);
	CHECK(sys->lock(sys, fd) == 0 && sys->lock(sys, again) == -1 && errno == EWOULDBLOCK);
	CHECK(close(fd) == 0 && sys->lock(sys, again) == 0 && close(again) == 0);
}

static void test_memfd_is_sealed(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	int fd = sys->memfd(sys, "body", "hello", 5);
	char text[8] = "";

	CHECK(fd >= 0 && sys->pread(sys, fd, text, 8, 0) == 5 && strcmp(text, "hello") == 0);
	CHECK(sys->pwrite(sys, fd, "x", 1, 0) == -1 && errno == EPERM);
	CHECK(sys->ftruncate(sys, fd, 9) == -1);
	CHECK(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	(void)close(fd);
}

/* The program lists what it was given; descriptors cross over each other on the way. */
static void test_spawn(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	char *argv[] = { "sh", "-c",
		"cat <&3; for i in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$i ] && echo \" $i\"; done; kill -PIPE $$; echo no", NULL };
	char *envp[] = { "A=b", NULL };
	int in[2], out[2], status;
	char text[256] = "";
	pid_t pid;

	CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && write(in[1], "in", 2) == 2 && close(in[1]) == 0);
	(void)signal(SIGPIPE, SIG_IGN); /* must not reach the child */
	{
		int fds[] = { -1, out[1], 2, in[0] };
		const struct tw_spawn what = { "/bin/sh", argv, envp, fds, 4 };

		CHECK(sys->spawn(sys, &what, &pid) == 0);
	}
	(void)signal(SIGPIPE, SIG_DFL);
	(void)close(out[1]);
	(void)close(in[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	CHECK(read(out[0], text, sizeof text - 1) > 0);
	CHECK_TEXT(text, "in 1\n 2\n 3\n");
	(void)close(out[0]);
}

static void test_spawn_says_why_not(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	char *argv[] = { "x", NULL }, *envp[] = { NULL };
	const struct tw_spawn none = { "/no/such/program", argv, envp, NULL, 0 };
	const struct tw_spawn many = { "/bin/true", argv, envp, NULL, 1000 };
	const struct tw_spawn bad = { "/bin/true", argv, envp, (int[]){ 999 }, 1 };
	pid_t pid = 5;

	CHECK(sys->spawn(sys, &none, &pid) == -1 && errno == ENOENT && pid == 5);
	CHECK(sys->spawn(sys, &many, &pid) == -1 && errno == EINVAL);
	CHECK(sys->spawn(sys, &bad, &pid) == -1 && errno == EBADF);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD); /* nobody is left */
}

static void test_sockets(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	int pair[2];
	pid_t pid;
	uid_t uid;
	gid_t gid;
	struct pollfd p;

	CHECK(sys->socketpair(sys, AF_UNIX, SOCK_STREAM, pair) == 0 && fcntl(pair[0], F_GETFD) == FD_CLOEXEC);
	CHECK(sys->peer(sys, pair[0], &pid, &uid, &gid) == 0 && pid == getpid() && uid == getuid() && gid == getgid());
	p = (struct pollfd){ .fd = pair[0], .events = POLLIN };
	CHECK_INT(sys->poll(sys, &p, 1, 0), 0);
	(void)close(pair[1]);
	CHECK(sys->sendmsg(sys, pair[0], &(struct msghdr){ .msg_iov = &(struct iovec){ "x", 1 }, .msg_iovlen = 1 }, 0) == -1 &&
		errno == EPIPE);
	(void)close(pair[0]);
}

static void test_random(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	CHECK(sys->random(sys, a, sizeof a) == 0 && sys->random(sys, b, sizeof b) == 0 && memcmp(a, b, sizeof a) != 0);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_beneath, setup, teardown),
	cmocka_unit_test_setup_teardown(test_names_stay_plain, setup, teardown),
	cmocka_unit_test_setup_teardown(test_list, setup, teardown), cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	cmocka_unit_test(test_memfd_is_sealed), cmocka_unit_test(test_spawn), cmocka_unit_test(test_spawn_says_why_not),
	cmocka_unit_test(test_sockets), cmocka_unit_test(test_random))

/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: read, and written back the same; names, blanks and half addresses are refused. */
#include "service/parent/doors.h"
#include "service/parent/os.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_there_and_back(void **state)
{
	static const char *const rows[] = { "127.0.0.1:8443", "[::]:8443", "[2001:db8::7]:1", "0.0.0.0:0", "255.255.255.255:65535" };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct sockaddr_storage a;
		socklen_t size;

		tw_buf_init(&b, tw_sys_real(), 128);
		CHECK_OK(tw_listen_parse(rows[i], &a, &size));
		CHECK_OK(tw_listen_text(&a, &b));
		CHECK_TEXT(tw_buf_cstr(&b), rows[i]);
	}
}

static void test_refuses(void **state)
{
	static const char *const rows[] = { "", ":", "8443", "localhost:8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1:+1", " 127.0.0.1:1", "127.0.0.1 :1", "127.0.0.1:1 ", "[::1]", "[::1]:", "::1:8443",
		"[::1:8443", "]:1", "[]:1", "[127.0.0.1]:1", "[:1", "[:", "127.1:80", "0x7f.0.0.1:1", "[fe80::1%lo]:1",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:1" };
	struct sockaddr_storage a;
	socklen_t size;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(tw_listen_parse(rows[i], &a, &size), SYNTAX);
}

/* A socket left behind is replaced, a file of that name is not touched. */
static void test_local_doors(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	char path[] = "/tmp/tw-doors-XXXXXX", file[64];
	int fd = -1, again = -1, dir;
	struct stat st;

	assert_non_null(mkdtemp(path));
	dir = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	CHECK_OK(tw_door_local(sys, dir, path, "a.sock", SOCK_STREAM, &fd));
	CHECK_OK(tw_door_local(sys, dir, path, "a.sock", SOCK_STREAM, &again));
	CHECK_INT(fstatat(dir, "a.sock", &st, 0), 0);
	CHECK_INT(st.st_mode & 0777, 0666);
	tw_closep(&fd);
	tw_closep(&again);
	(void)snprintf(file, sizeof file, "%s/b.sock", path);
	int made = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	CHECK_ERR(tw_door_local(sys, dir, path, "b.sock", SOCK_STREAM, &fd), EXISTS);
	CHECK_INT(unlink(file), 0);
	(void)snprintf(file, sizeof file, "%s/a.sock", path);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(rmdir(path), 0);
	(void)close(made);
	(void)close(dir);
}

static bool reaches(const struct sockaddr_storage *a, socklen_t size, int wait_ms)
{
	int fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int fault = 1;
	socklen_t fault_size = sizeof fault;

	(void)connect(fd, (const struct sockaddr *)a, size);
	bool answered = poll(&p, 1, wait_ms) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &fault_size) == 0 && fault == 0;
	(void)close(fd);
	return answered;
}

/* This machine reaches what is shut, as the rules of the packet filter have it; test/run/test_firewall.py tries it from another. */
static void test_shut_doors(void **state)
{
	struct sockaddr_storage a;
	const socklen_t size = sizeof(struct sockaddr_in);
	struct sock_filter held[8];
	socklen_t held_count = TW_COUNT(held);
	int fd = -1;

	if (geteuid() != 0) /* a kernel may refuse filters to others */
		skip();
	CHECK_OK(tw_door_tcp(tw_sys_real(), "127.0.0.1:0", true, &fd));
	CHECK_OK(tw_os_port(fd, &a));
	assert_true(reaches(&a, size, 1000));
	CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, held, &held_count), 0);
	CHECK_INT(held_count, 4);
	CHECK_OK(tw_os_shut(fd, false));
	CHECK_OK(tw_os_shut(fd, false)); /* again is no error */
	held_count = TW_COUNT(held);
	CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, held, &held_count), 0);
	CHECK_INT(held_count, 0);
	assert_true(reaches(&a, size, 1000));
	tw_closep(&fd);
	CHECK_ERR(tw_os_shut(-1, true), IO);
	CHECK_ERR(tw_os_shut(-1, false), IO);
}

CHECK_MAIN(cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_refuses), cmocka_unit_test(test_local_doors),
	cmocka_unit_test(test_shut_doors))

/* SPDX-License-Identifier: Apache-2.0 */
/* Every rule of the rows refused once for each time it is kept, by raw datagrams where our own sender would not break it. */
#include "sys/channel.h"
#include "base/mem.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

TW_DEFINE_FREEP(tw_channel, tw_channel_free)

enum { HELLO = 1, WORK, BODY, ANSWER, REFUSED, ONE };
static const struct tw_channel_row rows[] = {
	{ HELLO, TW_CHANNEL_ONCE, 0, 4, "HELLO" },
	{ WORK, TW_CHANNEL_AFTER_READY, 1, 100, "WORK" },
	{ BODY, 0, 0, TW_CHANNEL_MAX, "BODY", TW_CHANNEL_FDS },
	{ ONE, 0, 0, 4, "ONE", 1 },
	{ ANSWER, 0, 0, 32, "ANSWER" },
	{ REFUSED, 0, 1, 64, "REFUSED" },
	{ 0 },
};

struct pair {
	tw_channel *a, *b;
};

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof *p);
	int fds[2];

	*state = p;
	if (!p || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	CHECK_OK(tw_channel_new(tw_sys_real(), fds[0], rows, &p->a));
	CHECK_OK(tw_channel_new(tw_sys_real(), fds[1], rows, &p->b));
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	(void)tw_channel_free(p->a);
	(void)tw_channel_free(p->b);
	free(p);
	return 0;
}

static void test_there_and_back(void **state)
{
	const struct pair *p = *state;
	struct tw_message m;

	CHECK_ERR(tw_channel_receive(p->b, &m), TIMEOUT);
	CHECK_OK(tw_channel_send(p->a, HELLO, 0xdeadbeef, "hi", 2, NULL, 0));
	CHECK_OK(tw_channel_send(p->a, BODY, 2, NULL, 0, NULL, 0));
	CHECK_OK(tw_channel_receive(p->b, &m));
	CHECK(m.type == HELLO && m.tag == 0xdeadbeef && tw_slice_is(m.payload, "hi") && m.fd_count == 0);
	CHECK_OK(tw_channel_receive(p->b, &m));
	CHECK(m.type == BODY && m.payload.size == 0);
	CHECK(tw_channel_fd(p->a) >= 0);
}

static void test_largest(void **state)
{
	const struct pair *p = *state;
	static char big[TW_CHANNEL_MAX + 1];
	struct tw_message m;

	memset(big, 'x', TW_CHANNEL_MAX);
	CHECK_ERR(tw_channel_send(p->a, BODY, 0, big, TW_CHANNEL_MAX + 1, NULL, 0), LIMIT);
	CHECK_OK(tw_channel_send(p->a, BODY, 0, big, TW_CHANNEL_MAX, NULL, 0));
	CHECK_OK(tw_channel_receive(p->b, &m));
	CHECK(m.payload.size == TW_CHANNEL_MAX && memcmp(m.payload.at, big, TW_CHANNEL_MAX) == 0);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 128; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_descriptors(void **state)
{
	const struct pair *p = *state;
	struct tw_message m;
	int fds[TW_CHANNEL_FDS + 1], before = open_fds();

	for (size_t i = 0; i < TW_COUNT(fds); i++)
		fds[i] = 1;
	CHECK_ERR(tw_channel_send(p->a, BODY, 0, NULL, 0, fds, TW_COUNT(fds)), LIMIT);
	for (size_t n = 1; n <= TW_CHANNEL_FDS; n++) {
		CHECK_OK(tw_channel_send(p->a, BODY, 0, "b", 1, fds, n));
		CHECK_OK(tw_channel_receive(p->b, &m));
		CHECK_INT(m.fd_count, n);
		for (size_t i = 0; i < n; i++) {
			CHECK(fcntl(m.fds[i], F_GETFD) == FD_CLOEXEC);
			(void)close(m.fds[i]);
		}
	}
	CHECK_OK(tw_channel_send(p->a, HELLO, 0, NULL, 0, fds, 2)); /* its row has no descriptors */
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED);
	CHECK_OK(tw_channel_send(p->a, ONE, 0, NULL, 0, fds, 1));
	CHECK_OK(tw_channel_receive(p->b, &m));
	tw_message_drop(tw_sys_real(), &m);
	CHECK_OK(tw_channel_send(p->a, ONE, 0, NULL, 0, fds, 2)); /* one more than its row says */
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED);
	CHECK_INT(open_fds(), before);
}

/* A receiver without a free descriptor loses what came; where the row permits it that is no attack. */
static void test_descriptors_without_room(void **state)
{
	const struct pair *p = *state;
	struct rlimit before, tight;
	struct tw_message m;
	int fd = 1;

	CHECK_OK(tw_channel_send(p->a, ONE, 7, NULL, 0, &fd, 1));
	CHECK_OK(tw_channel_send(p->a, HELLO, 0, NULL, 0, &fd, 1));
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
	tight = before;
	tight.rlim_cur = (rlim_t)dup(1);
	(void)close((int)tight.rlim_cur);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &tight), 0);
	tw_err e = tw_channel_receive(p->b, &m), attack = tw_channel_receive(p->b, &m);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	CHECK_OK(e);
	CHECK_INT(m.tag, 7);
	CHECK(m.fds_lost && m.fd_count == 0);
	CHECK(tw_is(attack, TW_CODE_UNTRUSTED));
}

static void test_rows_are_kept(void **state)
{
	const struct pair *p = *state;
	struct tw_message m;

	CHECK_OK(tw_channel_send(p->a, HELLO, 0, "12345", 5, NULL, 0));
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED);
	CHECK_OK(tw_channel_send(p->a, HELLO, 0, "1", 1, NULL, 0));
	CHECK_OK(tw_channel_receive(p->b, &m));
	CHECK_OK(tw_channel_send(p->a, HELLO, 0, "1", 1, NULL, 0));
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED); /* once */
	CHECK_OK(tw_channel_send(p->a, 77, 0, "1", 1, NULL, 0));
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED);
	CHECK_OK(tw_channel_send(p->a, WORK, 0, "1", 1, NULL, 0));
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED); /* too early */
	tw_channel_ready(p->b);
	CHECK_OK(tw_channel_send(p->a, WORK, 0, "1", 1, NULL, 0));
	CHECK_OK(tw_channel_receive(p->b, &m));
	CHECK_OK(tw_channel_send(p->a, WORK, 0, "", 0, NULL, 0));
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED); /* too short */
}

static void test_malformed(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} datagrams[] = {
		{ "\0\1\0\0\0\0\0\0\0\0\0", 11 },    /* no whole head */
		{ "\0\1\0\1\0\0\0\0\0\0\0\0", 12 },  /* flags are reserved */
		{ "\0\1\0\0\0\0\0\0\0\0\0\2x", 13 }, /* states more than there is */
		{ "\0\1\0\0\0\0\0\0\0\0\0\0x", 13 }, /* and less */
		{ "\0\0\0\0\0\0\0\0\0\0\0\0", 12 },  /* type 0 ends the rows */
		{ "\0\1\0\0\0\0\0\0\xff\xff\xff\xff", 12 },
	};
	const struct pair *p = *state;
	TW_CLEANUP(tw_freep) char *huge = calloc(1, TW_CHANNEL_HEAD + TW_CHANNEL_MAX + 1);
	struct tw_message m;

	for (size_t i = 0; i < TW_COUNT(datagrams); i++) {
		CHECK(send(tw_channel_fd(p->a), datagrams[i].bytes, datagrams[i].size, 0) == (ssize_t)datagrams[i].size);
		CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED);
	}
	CHECK(huge != NULL);
	CHECK(send(tw_channel_fd(p->a), huge, TW_CHANNEL_HEAD + TW_CHANNEL_MAX + 1, 0) > 0);
	CHECK_ERR(tw_channel_receive(p->b, &m), UNTRUSTED);
}

/* The buffer is as long as the longest row, to the byte. */
static void test_longest_row(void **state)
{
	static const struct tw_channel_row few[] = { { ANSWER, 0, 0, 32, "ANSWER" }, { REFUSED, 0, 1, 64, "REFUSED" }, { 0 } };
	TW_CLEANUP(tw_channel_freep) tw_channel *c = NULL;
	const struct pair *p = *state;
	char bytes[65] = { 0 };
	struct tw_message m;

	CHECK_OK(tw_channel_new(tw_sys_real(), dup(tw_channel_fd(p->b)), few, &c));
	CHECK_OK(tw_channel_send(p->a, REFUSED, 0, bytes, 64, NULL, 0));
	CHECK_OK(tw_channel_receive(c, &m));
	CHECK_INT(m.payload.size, 64);
	CHECK_OK(tw_channel_send(p->a, REFUSED, 0, bytes, 65, NULL, 0));
	CHECK_ERR(tw_channel_receive(c, &m), UNTRUSTED);
	CHECK_OK(tw_channel_send(p->a, ANSWER, 0, bytes, 33, NULL, 0));
	CHECK_ERR(tw_channel_receive(c, &m), UNTRUSTED);
}

static void test_too_many_descriptors(void **state)
{
	const struct pair *p = *state;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * TW_CHANNEL_FDS * sizeof(int))] = { 0 };
	struct iovec part = { (void *)(uintptr_t) "\0\3\0\0\0\0\0\0\0\0\0\0", 12 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct tw_message got;
	int before = open_fds();

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * TW_CHANNEL_FDS * sizeof(int));
	for (size_t i = 0; i < (size_t)2 * TW_CHANNEL_FDS; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &(int){ 1 }, sizeof(int));
	CHECK(sendmsg(tw_channel_fd(p->a), &m, 0) == 12);
	CHECK_ERR(tw_channel_receive(p->b, &got), UNTRUSTED);
	CHECK_INT(open_fds(), before);
}

static void test_closed(void **state)
{
	struct pair *p = *state;
	struct tw_message m;

	p->a = tw_channel_free(p->a);
	CHECK_ERR(tw_channel_receive(p->b, &m), CLOSED);
	CHECK_ERR(tw_channel_send(p->b, HELLO, 0, NULL, 0, NULL, 0), CLOSED);
}

static void test_full(void **state)
{
	const struct pair *p = *state;
	char bytes[1000] = { 0 };
	tw_err e = TW_OK;
	int sent = 0;

	for (; !tw_failed(e) && sent < 100000; sent++)
		e = tw_channel_send(p->a, BODY, 0, bytes, sizeof bytes, NULL, 0);
	CHECK(tw_is(e, TW_CODE_TIMEOUT) && sent > 1);
}

/* The other side as a child: answers what it is asked in the way asked for. */
static void serve(tw_channel *c)
{
	struct tw_message m;
	struct pollfd p = { .fd = tw_channel_fd(c), .events = POLLIN };

	while (poll(&p, 1, 5000) == 1 && !tw_failed(tw_channel_receive(c, &m))) {
		char how = m.payload.size ? m.payload.at[0] : 0;

		if (how == 'l') /* a late answer to something else first */
			tw_ignore(tw_channel_send(c, ANSWER, m.tag - 1, "old", 3, (int[]){ 1 }, 0));
		if (how == 'r')
			tw_ignore(tw_channel_send(c, REFUSED, m.tag, "no", 2, NULL, 0));
		else if (how == 'x')
			tw_ignore(tw_channel_send(c, 99, m.tag, "no", 2, NULL, 0));
		else if (how == 'e')
			return;
		else if (how != 's')
			tw_ignore(tw_channel_send(c, ANSWER, m.tag, "new", 3, NULL, 0));
	}
}

static void test_call(void **state)
{
	struct pair *p = *state;
	struct tw_message m;
	pid_t pid = fork();

	if (pid == 0) {
		p->a = tw_channel_free(p->a);
		serve(p->b);
		_exit(0);
	}
	p->b = tw_channel_free(p->b);
	CHECK_OK(tw_channel_call(p->a, BODY, "a", 1, ANSWER, 5000, &m));
	CHECK(tw_slice_is(m.payload, "new"));
	CHECK_OK(tw_channel_call(p->a, BODY, "l", 1, ANSWER, 5000, &m));
	CHECK(tw_slice_is(m.payload, "new"));
	CHECK_ERR(tw_channel_call(p->a, BODY, "r", 1, ANSWER, 5000, &m), DENIED);
	CHECK(m.type == REFUSED && tw_slice_is(m.payload, "no"));
	CHECK_ERR(tw_channel_call(p->a, BODY, "s", 1, ANSWER, 30, &m), TIMEOUT);
	CHECK_ERR(tw_channel_call(p->a, BODY, "x", 1, ANSWER, 5000, &m), UNTRUSTED);
	CHECK_ERR(tw_channel_call(p->a, BODY, "e", 1, ANSWER, 5000, &m), CLOSED);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static void test_faults(void **state)
{
	tw_fake *f = tw_fake_new();
	struct tw_message m;
	tw_channel *c = NULL;
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	for (long k = 1; k <= 2; k++) {
		tw_fake_fail(f, k, ENOMEM, false);
		CHECK_ERR(tw_channel_new(tw_fake_sys(f), fds[0], rows, &c), NOMEM);
	}
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(tw_channel_new(tw_fake_sys(f), fds[0], rows, &c));
	tw_fake_fail(f, 1, EINTR, false);
	CHECK_OK(tw_channel_send(c, HELLO, 0, NULL, 0, NULL, 0));
	tw_fake_fail(f, 1, EINTR, false);
	CHECK_ERR(tw_channel_receive(c, &m), TIMEOUT);
	tw_fake_fail(f, 1, ENOBUFS, false);
	CHECK_ERR(tw_channel_send(c, HELLO, 0, NULL, 0, NULL, 0), TIMEOUT);
	tw_fake_fail(f, 1, EIO, false);
	CHECK_ERR(tw_channel_receive(c, &m), IO);
	for (long k = 1; k <= 5; k++) { /* clock, send, receive, clock, poll */
		tw_fake_fail(f, k, EIO, false);
		CHECK_ERR(tw_channel_call(c, BODY, NULL, 0, ANSWER, 10, &m), IO);
	}
	(void)tw_channel_free(c);
	(void)close(fds[1]);
	(void)tw_fake_free(f);
}

#define PAIR(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_batches(void **state)
{
	const struct pair *p = *state;
	struct tw_message m[TW_CHANNEL_BATCH];
	size_t count = 9;

	CHECK_OK(tw_channel_batch(p->b));
	CHECK_ERR(tw_channel_receive_batch(p->b, m, &count), TIMEOUT);
	CHECK_INT(count, 0);
	for (uint32_t i = 0; i < TW_CHANNEL_BATCH + 2; i++)
		CHECK_OK(tw_channel_send(p->a, BODY, i, "0123456789", i % 10, NULL, 0));
	CHECK_OK(tw_channel_receive_batch(p->b, m, &count));
	CHECK_INT(count, TW_CHANNEL_BATCH);
	for (uint32_t i = 0; i < TW_CHANNEL_BATCH; i++) {
		CHECK_INT(m[i].tag, i);
		CHECK_INT(m[i].payload.size, i % 10);
		CHECK(memcmp(m[i].payload.at, "0123456789", i % 10) == 0);
	}
	CHECK_OK(tw_channel_receive_batch(p->b, m, &count));
	CHECK_INT(count, 2);
}

/* What came before a message that breaks the rules, or before the end, is not lost with it. */
static void test_a_batch_up_to_its_fault(void **state)
{
	struct pair *p = *state;
	struct tw_message m[TW_CHANNEL_BATCH];
	size_t count = 0;
	const int fd = 1;

	CHECK_OK(tw_channel_batch(p->b));
	CHECK_OK(tw_channel_send(p->a, HELLO, 1, NULL, 0, NULL, 0));
	CHECK_OK(tw_channel_send(p->a, HELLO, 2, NULL, 0, NULL, 0));
	CHECK_OK(tw_channel_send(p->a, ANSWER, 3, NULL, 0, NULL, 0));
	CHECK_ERR(tw_channel_receive_batch(p->b, m, &count), UNTRUSTED);
	CHECK_INT(count, 1);
	CHECK_INT(m[0].tag, 1);
	CHECK_OK(tw_channel_send(p->a, ANSWER, 4, NULL, 0, NULL, 0));
	CHECK_OK(tw_channel_send(p->a, BODY, 5, NULL, 0, &fd, 1)); /* descriptors have no place here */
	CHECK_ERR(tw_channel_receive_batch(p->b, m, &count), UNTRUSTED);
	CHECK_INT(count, 1);
	CHECK_OK(tw_channel_send(p->a, ANSWER, 6, NULL, 0, NULL, 0));
	p->a = tw_channel_free(p->a);
	CHECK_ERR(tw_channel_receive_batch(p->b, m, &count), CLOSED);
	CHECK_INT(count, 1);
	CHECK_INT(m[0].tag, 6);
	CHECK_ERR(tw_channel_receive_batch(p->b, m, &count), CLOSED);
	CHECK_INT(count, 0);
}

CHECK_MAIN(PAIR(test_there_and_back), PAIR(test_largest), PAIR(test_descriptors), PAIR(test_descriptors_without_room),
	PAIR(test_rows_are_kept), PAIR(test_malformed), PAIR(test_longest_row), PAIR(test_too_many_descriptors), PAIR(test_closed),
	PAIR(test_full), PAIR(test_call), PAIR(test_batches), PAIR(test_a_batch_up_to_its_fault), cmocka_unit_test(test_faults))

/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/worker.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static _Noreturn void child(void (*run)(void *user, int fd), void *user, int fd, pid_t parent)
{
	/* In a sandbox prctl is refused; there the parent's end shows by the closed channel, as everywhere. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() == parent)
		run(user, fd);
	_exit(0);
}

tw_err tw_worker_start(const struct tw_sys *sys, void (*run)(void *user, int fd), void *user, pid_t *ret_pid, int *ret_fd)
{
	int pair[2];
	pid_t parent = getpid(), pid;

	if (sys->socketpair(sys, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, pair))
		return TW_RAISE_ERRNO("a channel to a worker");
	pid = fork();
	if (pid == 0) {
		(void)close(pair[0]);
		child(run, user, pair[1], parent);
	}
	int number = errno;
	(void)sys->close(sys, pair[1]);
	if (pid < 0) {
		(void)sys->close(sys, pair[0]);
		errno = number;
		return TW_RAISE_ERRNO("starting a worker");
	}
	*ret_pid = pid;
	*ret_fd = pair[0];
	return TW_OK;
}

tw_err tw_worker_keep(int first, int second)
{
	int a = fcntl(first, F_DUPFD_CLOEXEC, TW_WORKER_SECOND + 1), b = fcntl(second, F_DUPFD_CLOEXEC, TW_WORKER_SECOND + 1);

	if (a < 0 || b < 0 || dup2(a, TW_WORKER_FIRST) < 0 || dup2(b, TW_WORKER_SECOND) < 0 ||
		close_range(TW_WORKER_SECOND + 1, ~0U, 0) != 0)
		return TW_RAISE_ERRNO("keeping two descriptors");
	return TW_OK;
}

tw_err tw_worker_shared(size_t size, void **ret)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return TW_RAISE_ERRNO("memory shared with a worker");
	*ret = p;
	return TW_OK;
}

void tw_worker_end(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a program: a fork whose child does only what is safe after fork, and a pipe that closes at exec, so that a program
 * which cannot be started is the caller's errno and not a child's exit status.
 */
#include "sys/real-parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPAWN_FDS_MAX 64 /* a role has about ten; front may have a listener for each address */

/* fds[i] becomes i. First all move above the range, since one may stand in another's place. */
static int place_fds(const struct tw_spawn *what, int report)
{
	int moved[SPAWN_FDS_MAX], base = (int)what->fd_count, safe;

	safe = fcntl(report, F_DUPFD_CLOEXEC, base);
	if (safe < 0)
		return -1;
	for (int i = 0; i < base; i++) {
		moved[i] = what->fds[i] >= 0 ? fcntl(what->fds[i], F_DUPFD_CLOEXEC, base) : -1;
		if (what->fds[i] >= 0 && moved[i] < 0)
			return -1;
	}
	for (int i = 0; i < base; i++)
		if (moved[i] >= 0 ? dup2(moved[i], i) < 0 : close(i) != 0 && errno != EBADF)
			return -1;
	if (close_range((unsigned)base, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
		return -1;
	return safe;
}

/* A new program starts with no signal blocked or ignored, whatever ours does. */
static void reset_signals(void)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &normal, NULL); /* refused for SIGKILL, SIGSTOP and the C library's own */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int tie(const struct tw_spawn *what, pid_t parent)
{
	if (what->own_id)
		(void)snprintf(what->own_id, TW_SPAWN_ID_SIZE, "%d", (int)getpid());
	if (!what->dies_with_us)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return -1;
	if (getppid() == parent)
		return 0;
	errno = ESRCH; /* it ended before the signal was set */
	return -1;
}

static _Noreturn void child(const struct tw_spawn *what, int report, pid_t parent)
{
	int safe = -1, number;

	reset_signals();
	if (tie(what, parent) == 0)
		safe = place_fds(what, report);
	if (safe >= 0)
		(void)execve(what->program, what->argv, what->envp);
	number = errno;
	if (write(safe >= 0 ? safe : report, &number, sizeof number) != sizeof number)
		_exit(126);
	_exit(127);
}

/* What the child reports: nothing when exec closed the pipe, else its errno. */
static int await_exec(int fd, pid_t pid)
{
	int number = 0;
	ssize_t n;

	do
		n = read(fd, &number, sizeof number);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = n == sizeof number ? number : EIO;
	return -1;
}

int tw_real_spawn(const struct tw_sys *s, const struct tw_spawn *what, pid_t *ret)
{
	const pid_t parent = getpid();
	int report[2], result, number;
	pid_t pid;

	if (what->fd_count > SPAWN_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (pipe2(report, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		child(what, report[1], parent);
	number = errno;
	(void)close(report[1]);
	errno = number;
	result = pid < 0 ? -1 : await_exec(report[0], pid);
	number = errno;
	(void)close(report[0]);
	errno = number;
	if (result == 0)
		*ret = pid;
	return result;
}

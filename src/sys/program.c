/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/program.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static tw_err start(const struct tw_sys *sys, const struct tw_program *p, pid_t *ret_pid, int *ret_fd)
{
	TW_CLEANUP(tw_closep) int theirs = -1;
	TW_CLEANUP(tw_closep) int ours = -1;
	int pair[2];

	if (sys->socketpair(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, pair))
		return TW_RAISE_ERRNO("a channel to %s", p->path);
	ours = pair[0];
	theirs = pair[1];
	const int fds[] = { p->input, theirs, theirs };
	const struct tw_spawn what = { p->path, p->argv, p->envp, fds, TW_COUNT(fds) };

	if (sys->spawn(sys, &what, ret_pid))
		return TW_RAISE_ERRNO("starting %s", p->path);
	*ret_fd = tw_take_fd(&ours);
	return TW_OK;
}

static tw_err hear(const struct tw_sys *sys, const struct tw_program *p, int fd, struct tw_buf *ret)
{
	const int64_t until = tw_boot_ms(sys) + p->wait_ms;
	char piece[4096];

	for (;;) {
		struct pollfd one = { .fd = fd, .events = POLLIN };
		const int64_t left = until - tw_boot_ms(sys);

		if (left <= 0)
			return TW_RAISE(TIMEOUT, "%s does not end", p->path);
		if (sys->poll(sys, &one, 1, (int)left) < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("waiting for %s", p->path);
		if (!one.revents)
			continue;
		const ssize_t n = sys->read(sys, fd, piece, sizeof piece);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return TW_OK;
		if (n < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("hearing %s", p->path);
		if (n > 0)
			TW_TRY(tw_buf_add(ret, piece, (size_t)n));
	}
}

static int end_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

tw_err tw_program_run(const struct tw_sys *sys, const struct tw_program *p, struct tw_buf *ret, int *ret_status)
{
	TW_CLEANUP(tw_closep) int out = -1;
	pid_t pid = 0;

	TW_TRY(start(sys, p, &pid, &out));
	tw_err e = hear(sys, p, out, ret);

	if (tw_failed(e))
		(void)kill(pid, SIGKILL);
	*ret_status = end_status(pid);
	return e;
}

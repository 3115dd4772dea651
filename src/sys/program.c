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

#define SLICE_MS 20 /* how late its end is seen while something else holds its output, or it lives on without */

struct run {
	const struct tw_sys *sys;
	const struct tw_program *p;
	pid_t pid;
	int fd, status;
	bool ended, silent; /* silent: nobody can say any more */
	int64_t until_ms;
};

static void reap(struct run *r, int options)
{
	int status = 0;
	pid_t got;

	if (r->ended)
		return;
	do
		got = waitpid(r->pid, &status, options);
	while (got < 0 && errno == EINTR);
	if (!got)
		return;
	r->ended = true;
	r->status = got > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static tw_err take(struct run *r, struct tw_buf *ret)
{
	char piece[4096];
	const ssize_t n = r->sys->read(r->sys, r->fd, piece, sizeof piece);

	r->silent = n == 0 || (n < 0 && errno == ECONNRESET);
	if (n < 0 && errno != EINTR && !r->silent)
		return TW_RAISE_ERRNO("hearing %s", r->p->path);
	return n > 0 ? tw_buf_add(ret, piece, (size_t)n) : TW_OK;
}

/*
 * Over when the program has ended and what it said is taken, whoever else holds its output: one that starts a service gives it that. Its end is asked
 * after now and then, since a role may wait for what it started and may not open a descriptor of a process.
 */
static tw_err follow(struct run *r, struct tw_buf *ret)
{
	for (int64_t pause = 1;; pause = pause < SLICE_MS / 2 ? 2 * pause : SLICE_MS) {
		struct pollfd one = { .fd = r->fd, .events = POLLIN };

		reap(r, WNOHANG);
		const int64_t left = r->until_ms - tw_boot_ms(r->sys),
			      wait = r->ended || left < 0 ? 0
			: left < pause                    ? left
							  : pause;
		if (r->sys->poll(r->sys, &one, r->silent ? 0 : 1, (int)wait) < 0 && errno != EINTR)
			return TW_RAISE_ERRNO("waiting for %s", r->p->path);
		if (!r->silent && one.revents)
			TW_TRY(take(r, ret));
		else if (r->ended)
			return TW_OK;
		if (left <= 0)
			return r->ended ? TW_OK : TW_RAISE(TIMEOUT, "%s does not end", r->p->path);
	}
}

tw_err tw_program_run(const struct tw_sys *sys, const struct tw_program *p, struct tw_buf *ret, int *ret_status)
{
	TW_CLEANUP(tw_closep) int out = -1;
	struct run r = { .sys = sys, .p = p, .status = -1 };

	TW_TRY(start(sys, p, &r.pid, &out));
	r.fd = out;
	r.until_ms = tw_boot_ms(sys) + p->wait_ms;
	tw_err e = follow(&r, ret);

	if (tw_failed(e) && !r.ended)
		(void)kill(r.pid, SIGKILL);
	reap(&r, 0);
	*ret_status = r.status;
	return e;
}

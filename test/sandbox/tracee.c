/* SPDX-License-Identifier: Apache-2.0 */
#include "tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ABOVE 100       /* where descriptors wait before they get their numbers */
#define STOPS_MAX 20000 /* of system calls until the filter stands */
#define RED_ZONE 4096

static _Noreturn void become(const char *program, char *const *argv, const int *fds, int fd_count)
{
	char *const none[] = { NULL };

	for (int i = 0; i < fd_count; i++)
		if (fcntl(fds[i], F_DUPFD, ABOVE + i) != ABOVE + i)
			_exit(120);
	for (int i = 0; i < fd_count; i++)
		if (dup2(ABOVE + i, i) != i)
			_exit(121);
	(void)close_range((unsigned)fd_count, ~0U, 0);
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	(void)execve(program, argv, none);
	_exit(122);
}

/* Lets it go on to the next stop. False: it has ended. */
static bool next_stop(const struct tracee *t, int how, int *ret_signal)
{
	int status;

	if (ptrace((enum __ptrace_request)how, t->pid, NULL, NULL) != 0 || waitpid(t->pid, &status, 0) != t->pid || !WIFSTOPPED(status))
		return false;
	*ret_signal = WSTOPSIG(status);
	return true;
}

bool tracee_start(struct tracee *t, const char *program, char *const *argv, const int *fds, int fd_count)
{
	int status, signal_number;

	t->pid = fork();
	if (t->pid == 0)
		become(program, argv, fds, fd_count);
	if (t->pid < 0 || waitpid(t->pid, &status, 0) != t->pid || !WIFSTOPPED(status))
		return false;
	if (ptrace(PTRACE_SETOPTIONS, t->pid, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)) != 0)
		return false;
	for (int stops = 0; stops < STOPS_MAX; stops++) {
		if (!next_stop(t, PTRACE_SYSCALL, &signal_number) || ptrace(PTRACE_GETREGS, t->pid, NULL, &t->regs) != 0)
			return false;
		/* Leaving seccomp(SET_MODE_FILTER) with success: -ENOSYS stands there when entering. */
		if (t->regs.orig_rax != SYS_seccomp || t->regs.rdi != 1 || t->regs.rax != 0)
			continue;
		t->call_at = t->regs.rip - 2;
		t->scratch = (t->regs.rsp - RED_ZONE) & ~UINT64_C(63);
		return true;
	}
	return false;
}

void tracee_end(struct tracee *t)
{
	if (t->pid <= 0)
		return;
	(void)kill(t->pid, SIGKILL);
	while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
		;
	t->pid = 0;
}

bool tracee_put(const struct tracee *t, const void *data, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)data, size }, remote = { (void *)(uintptr_t)t->scratch, size };

	return process_vm_writev(t->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

int64_t tracee_call(struct tracee *t, long number, const uint64_t args[6])
{
	struct user_regs_struct r = t->regs;
	int signal_number = 0;

	r.rip = t->call_at;
	r.orig_rax = UINT64_MAX; /* nothing to be restarted */
	r.rax = (uint64_t)number;
	r.rdi = args[0];
	r.rsi = args[1];
	r.rdx = args[2];
	r.r10 = args[3];
	r.r8 = args[4];
	r.r9 = args[5];
	if (ptrace(PTRACE_SETREGS, t->pid, NULL, &r) != 0)
		return TRACEE_KILLED;
	if (!next_stop(t, PTRACE_SINGLESTEP, &signal_number)) {
		t->pid = 0;
		return TRACEE_KILLED;
	}
	if (ptrace(PTRACE_GETREGS, t->pid, NULL, &r) != 0)
		return TRACEE_KILLED;
	return (int64_t)r.rax;
}

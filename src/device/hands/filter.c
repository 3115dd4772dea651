/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/filter.h"

#include "base/mem.h"
#include "sys/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/wait.h>

static const char *const calls[] = {
	/* Its own loop. */
	"ppoll", "poll", "read", "write", "recvmsg", "sendmsg", "wait4", "waitid", "kill", "close", "clock_gettime", "clock_nanosleep",
	"restart_syscall", "rt_sigreturn", "rt_sigaction", "rt_sigprocmask", "exit", "exit_group", "getpid", "getppid", "gettid",
	/* The boot mark. */
	"openat2", "fsync", "fdatasync", "renameat2", "renameat", "rename", "unlinkat", "fcntl", "fstat", "newfstatat", "lseek",
	/* Making a role: pairs, process, program, its loader. */
	"socketpair", "clone", "clone3", "vfork", "execve", "dup2", "dup3", "dup", "close_range", "set_tid_address", "set_robust_list", "rseq",
	"prlimit64", "getrandom", "arch_prctl", "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "openat", "open",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "pread64", "statx", "futex", "uname", "sigaltstack",
	/* Boxing a role: this filter must let the role make itself smaller. */
	"prctl", "capget", "capset", "setgroups", "getgroups", "setresuid", "setresgid", "setuid", "setgid", "getuid", "geteuid",
	"getgid", "getegid", "getresuid", "getresgid", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
	"landlock_restrict_self", "socket", "setrlimit", "getrlimit", "mlock", "mlock2", "munlock", "getdents64",
};
static const unsigned role_wants = TW_WANT_FILES | TW_WANT_NET | TW_WANT_LOCAL | TW_WANT_MEMFD;

const char *tw_hands_call(size_t i)
{
	return i < TW_COUNT(calls) ? calls[i] : tw_sandbox_call(role_wants, i - TW_COUNT(calls));
}

static void release(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

tw_err tw_hands_filter(void)
{
	TW_CLEANUP(release) scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = 0;

	if (!f)
		return TW_RAISE(NOMEM, "seccomp filter");
	for (size_t i = 0; rc == 0 && tw_hands_call(i); i++) {
		int nr = seccomp_syscall_resolve_name(tw_hands_call(i));

		if (nr == __NR_SCMP_ERROR)
			return TW_RAISE(INTERNAL, "no system call is named %s", tw_hands_call(i));
		rc = nr < 0 ? 0 : seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0); /* below 0: not on this machine */
		if (rc == -EEXIST)
			rc = 0;
	}
	if (rc == 0)
		rc = seccomp_load(f);
	if (rc) {
		errno = -rc;
		return TW_RAISE_ERRNO("seccomp filter of hands");
	}
	return TW_OK;
}

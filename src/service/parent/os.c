/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/os.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define UNSENT_MAX (32 * 1024) /* bytes; the kernel doubles it for its own use */
#define LOOPBACK 1             /* its index, in every network namespace */
#define UNREAD_MAX (16 * 1024) /* likewise; front reads 4 KiB at a time, and stops while an answer waits to be taken */

tw_err tw_os_signals(int *ret_fd)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return TW_RAISE_ERRNO("blocking signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return TW_RAISE_ERRNO("signalfd");
	*ret_fd = fd;
	return TW_OK;
}

int tw_os_signal_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

bool tw_os_reap(pid_t *ret_pid, int *ret_status)
{
	int status = 0;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid <= 0)
		return false;
	*ret_pid = pid;
	*ret_status = status;
	return true;
}

void tw_os_kill(pid_t pid)
{
	if (pid > 0)
		(void)kill(pid, SIGKILL);
}

tw_err tw_os_reuse(int fd, bool v6)
{
	int on = 1, off = 0, unsent = UNSENT_MAX, unread = UNREAD_MAX;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on))
		return TW_RAISE_ERRNO("SO_REUSEADDR");
	if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off))
		return TW_RAISE_ERRNO("IPV6_V6ONLY");
	/* What front accepts inherits it: an answer must not wait for the peer's delayed acknowledgement. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
		return TW_RAISE_ERRNO("TCP_NODELAY");
	/* Likewise. The kernel would else keep megabytes of answers for every peer that asks and does not take them. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent))
		return TW_RAISE_ERRNO("SO_SNDBUF");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &unread, sizeof unread))
		return TW_RAISE_ERRNO("SO_RCVBUF");
	return TW_OK;
}

/* A listener that is not one yet would leave its port to others, and its poller without rest; one whose packets are dropped does neither. */
tw_err tw_os_shut(int fd, bool shut)
{
	struct sock_filter from_here[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOOPBACK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { TW_COUNT(from_here), from_here };
	const int unused = 0;

	if (shut && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
		return TW_RAISE_ERRNO("shutting a listener");
	if (!shut && setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) && errno != ENOENT)
		return TW_RAISE_ERRNO("opening a listener");
	return TW_OK;
}

int tw_os_hush(int fd)
{
	return shutdown(fd, SHUT_RD);
}

tw_err tw_os_port(int fd, struct sockaddr_storage *ret)
{
	socklen_t size = sizeof *ret;

	if (getsockname(fd, (struct sockaddr *)ret, &size))
		return TW_RAISE_ERRNO("getsockname");
	return TW_OK;
}

unsigned tw_os_umask(unsigned mask)
{
	return umask(mask);
}

int tw_os_mkdir(const char *path, unsigned mode)
{
	return mkdir(path, mode);
}

int tw_os_look(int dir, const char *name, struct stat *ret)
{
	return fstatat(dir, name, ret, AT_SYMLINK_NOFOLLOW);
}

tw_err tw_os_owner(int fd, uid_t uid, gid_t gid)
{
	if (fchown(fd, uid, gid))
		return TW_RAISE_ERRNO("changing the owner to %u:%u", uid, gid);
	return TW_OK;
}

/* SETPCAP and the ids: a new role drops its own with them. KILL: ending a role that has another uid. */
static const unsigned kept[] = { CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_KILL };

tw_err tw_os_drop(bool filter)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint32_t keep = filter ? 1U << CAP_NET_ADMIN : 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return TW_RAISE_ERRNO("no_new_privs");
	if (geteuid() != 0)
		return TW_OK;
	for (size_t i = 0; i < TW_COUNT(kept); i++)
		keep |= 1U << kept[i];
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if ((cap >= 32 || !(keep & (1U << cap))) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return TW_RAISE_ERRNO("dropping capability %u", cap);
	data[0].effective = data[0].permitted = keep;
	if (syscall(SYS_capset, &head, data))
		return TW_RAISE_ERRNO("capset");
	return TW_OK;
}

tw_err tw_os_background(bool *ret_is_parent, int *ret_ready_fd)
{
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return TW_RAISE_ERRNO("pipe");
	pid = fork();
	if (pid < 0)
		return TW_RAISE_ERRNO("fork");
	*ret_is_parent = pid > 0;
	*ret_ready_fd = ready[pid > 0 ? 0 : 1];
	(void)close(ready[pid > 0 ? 1 : 0]);
	if (pid == 0 && setsid() < 0)
		return TW_RAISE_ERRNO("setsid");
	return TW_OK;
}

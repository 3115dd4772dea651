/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chosen so that each right has a reader: a row without a comment is what the C library, OpenSSL or libevent call when they only
 * compute and move bytes on descriptors they were given.
 *
 * No call that takes a path is here except those that Landlock confines, and no stat by path: it is not confined by Landlock, so
 * the seam asks about descriptors only.
 */
#include "sys/sandbox-rows.h"
#include "sys/sandbox.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define ALL 0U
#define FILES TW_WANT_FILES
#define NET TW_WANT_NET
#define LOCAL TW_WANT_LOCAL
#define MEMFD TW_WANT_MEMFD
#define CONNECT TW_WANT_CONNECT
#define PARENT TW_WANT_PARENT
#define MODULE TW_WANT_MODULE
#define PATHS TW_WANT_PATHS
#define FILTER TW_WANT_FILTER
#define STORE TW_WANT_STORE
#define OPENPGP TW_WANT_OPENPGP
#define STARTS (FILTER | OPENPGP) /* who starts programs */
/* Rights that the parent hands on, and must therefore have itself, are not its own: a filter is inherited. */
#define ROLES (TW_WANT_ROLE)

#define ALLOW(call, wants)                                     \
	{                                                      \
#call, SCMP_SYS(call), (wants), TW_CALL_ALLOW, \
		{                                              \
			{                                      \
				0                              \
			}                                      \
		}                                              \
	}
#define ARGS(call, wants, ...)                                \
	{                                                     \
#call, SCMP_SYS(call), (wants), TW_CALL_ARGS, \
		{                                             \
			__VA_ARGS__                           \
		}                                             \
	}
#define KILL(call, wants)                                     \
	{                                                     \
#call, SCMP_SYS(call), (wants), TW_CALL_KILL, \
		{                                             \
			{                                     \
				0                             \
			}                                     \
		}                                             \
	}
#define EXACTLY 0xffffffffU
#define SOCK_TYPE 0xfU

const struct tw_call_row tw_call_rows[] = {
	ALLOW(read, ALL),
	ALLOW(write, ALL),
	ALLOW(readv, ALL),
	ALLOW(writev, ALL),
	ALLOW(pread64, ALL), /* bodies that come as memfds */
	ALLOW(close, ALL),
	ALLOW(fstat, ALL),
	ALLOW(lseek, ALL),
	ALLOW(recvmsg, ALL),
	ALLOW(sendmsg, ALL),
	ALLOW(recvfrom, ALL),
	ALLOW(sendto, ALL),
	ALLOW(poll, ALL),
	ALLOW(ppoll, ALL),
	ALLOW(epoll_create1, ALL),
	ALLOW(epoll_ctl, ALL),
	ALLOW(epoll_wait, ALL),
	ALLOW(epoll_pwait, ALL),
	ALLOW(pipe2, ALL),    /* libevent wakes itself by one when a signal comes */
	ALLOW(eventfd2, ALL), /* or by this */
	ALLOW(brk, ALL),
	ALLOW(munmap, ALL),
	ALLOW(mremap, ALL),
	ALLOW(madvise, ALL),
	ALLOW(mlock, ALL), /* secrets */
	/* No memory is ever executable that was not so at the start. */
	ARGS(mmap, ROLES | STARTS, { 2, PROT_EXEC, 0 }),
	ARGS(mprotect, ROLES | STARTS, { 2, PROT_EXEC, 0 }),
	ALLOW(futex, ALL),
	ALLOW(getrandom, ALL),
	ALLOW(clock_gettime, ALL),
	ALLOW(gettimeofday, ALL),
	ALLOW(getpid, ALL),
	ALLOW(gettid, ALL),
	ALLOW(getuid, ALL),
	ALLOW(geteuid, ALL),
	ALLOW(getgid, ALL),
	ALLOW(getegid, ALL),
	ALLOW(rt_sigaction, ALL),
	ALLOW(rt_sigprocmask, ALL),
	ALLOW(rt_sigreturn, ALL),
	ALLOW(restart_syscall, ALL),
	ALLOW(exit, ALL),
	ALLOW(exit_group, ALL),
	ARGS(fcntl, ROLES, { 1, EXACTLY, F_GETFL }),
	ARGS(fcntl, ROLES, { 1, EXACTLY, F_SETFL }),
	ARGS(fcntl, ROLES, { 1, EXACTLY, F_GETFD }),
	ARGS(fcntl, ROLES, { 1, EXACTLY, F_SETFD }),
	ARGS(fcntl, ROLES, { 1, EXACTLY, F_DUPFD_CLOEXEC }),
	ARGS(fcntl, ROLES, { 1, EXACTLY, F_GET_SEALS }),
	ARGS(ioctl, ROLES, { 1, EXACTLY, FIONREAD }), /* how libevent sizes a read */

	ALLOW(openat2, FILES | PARENT | PATHS), /* confined by Landlock; the seam adds RESOLVE_BENEATH */
	ALLOW(pwrite64, FILES | PARENT),
	ALLOW(fsync, FILES | PARENT),
	ALLOW(fdatasync, FILES | PARENT),
	ALLOW(syncfs, FILES | PARENT), /* a tree of many new files, made durable at once */
	ALLOW(ftruncate, FILES | PARENT | MEMFD),
	ALLOW(fallocate, FILES | PARENT),
	ALLOW(renameat, FILES | PARENT),
	ALLOW(renameat2, FILES | PARENT),
	ALLOW(unlinkat, FILES | PARENT),
	ALLOW(mkdirat, FILES | PARENT),
	ALLOW(flock, FILES | PARENT),
	ALLOW(getdents64, FILES | PARENT | PATHS),

	ALLOW(accept4, NET | LOCAL | PARENT | OPENPGP),
	ALLOW(accept, PARENT | OPENPGP), /* how gpg-agent does it */
	ALLOW(getsockopt, NET | LOCAL | CONNECT | PARENT | MODULE | STARTS),
	ALLOW(getsockname, NET | LOCAL | CONNECT | PARENT | MODULE | STARTS),
	ALLOW(getpeername, NET | LOCAL | CONNECT | PARENT | MODULE),
	ALLOW(shutdown, NET | LOCAL | CONNECT | PARENT | MODULE),
	ALLOW(recvmmsg, LOCAL | PARENT),
	ARGS(setsockopt, NET | CONNECT, { 1, EXACTLY, IPPROTO_TCP }),
	ARGS(setsockopt, NET | LOCAL, { 1, EXACTLY, SOL_SOCKET }, { 2, EXACTLY, SO_SNDBUF }),
	ARGS(setsockopt, NET | LOCAL, { 1, EXACTLY, SOL_SOCKET }, { 2, EXACTLY, SO_RCVBUF }),
	ARGS(setsockopt, NET | CONNECT, { 1, EXACTLY, SOL_SOCKET }, { 2, EXACTLY, SO_KEEPALIVE }),
	ARGS(setsockopt, NET, { 1, EXACTLY, SOL_SOCKET }, { 2, EXACTLY, SO_LINGER }),
	ARGS(setsockopt, CONNECT, { 1, EXACTLY, SOL_SOCKET }, { 2, EXACTLY, SO_BINDTODEVICE }), /* whether this is home is asked by one link */

	ALLOW(memfd_create, MEMFD | PARENT),
	ARGS(fcntl, MEMFD, { 1, EXACTLY, F_ADD_SEALS }),

	/* Outbound: internet sockets only, so that no local door can be knocked at. Type and flags are the kernel's to judge. */
	ARGS(socket, CONNECT, { 0, EXACTLY, AF_INET }, { 1, SOCK_TYPE, SOCK_STREAM }),
	ARGS(socket, CONNECT, { 0, EXACTLY, AF_INET6 }, { 1, SOCK_TYPE, SOCK_STREAM }),
	ARGS(socket, CONNECT, { 0, EXACTLY, AF_INET }, { 1, SOCK_TYPE, SOCK_DGRAM }), /* questions for a name server */
	ARGS(socket, CONNECT, { 0, EXACTLY, AF_INET6 }, { 1, SOCK_TYPE, SOCK_DGRAM }),
	ARGS(setsockopt, CONNECT, { 1, EXACTLY, IPPROTO_IP }, { 2, EXACTLY, IP_RECVERR }), /* a name server that is not there says so at once */
	ARGS(setsockopt, CONNECT, { 1, EXACTLY, IPPROTO_IPV6 }, { 2, EXACTLY, IPV6_RECVERR }),

	/* hands: doors, roles and their ends. */
	ALLOW(socket, PARENT),
	ALLOW(socketpair, PARENT | MODULE | STARTS),
	ALLOW(bind, PARENT | STARTS),
	ALLOW(listen, PARENT | OPENPGP),
	ALLOW(connect, CONNECT | PARENT | MODULE | STORE | OPENPGP), /* PARENT: to the service manager's notification socket */
	ALLOW(setsockopt, PARENT | STARTS),
	ALLOW(fcntl, PARENT | MODULE | STARTS),
	ALLOW(ioctl, PARENT | STARTS),
	ALLOW(clone, PARENT | MODULE | STARTS),
	ALLOW(clone3, PARENT | MODULE | STARTS),
	ALLOW(fork, PARENT | MODULE | STARTS),
	ALLOW(vfork, PARENT | MODULE | STARTS),
	ALLOW(execve, PARENT | STARTS),
	ALLOW(wait4, PARENT | MODULE | STARTS),
	ALLOW(waitid, PARENT),
	ALLOW(kill, PARENT | MODULE | STARTS),
	ALLOW(tgkill, PARENT | MODULE),
	ALLOW(rt_sigtimedwait, PARENT),
	ALLOW(signalfd4, PARENT),
	ALLOW(timerfd_create, PARENT),
	ALLOW(timerfd_settime, PARENT),
	ALLOW(clock_nanosleep, PARENT | MODULE),
	ALLOW(dup, PARENT | MODULE | STARTS),
	ALLOW(dup2, PARENT | MODULE | STARTS),
	ALLOW(dup3, PARENT | MODULE | STARTS),
	ALLOW(close_range, PARENT | STARTS),
	ALLOW(open, PARENT | MODULE),
	ALLOW(openat, PARENT | MODULE | PATHS | STARTS),
	ALLOW(unlink, PARENT | MODULE),
	ALLOW(mkdir, PARENT | MODULE),
	ALLOW(fchmod, PARENT | MODULE),
	ALLOW(fchmodat, PARENT),
	ALLOW(chmod, PARENT),
	ALLOW(fchown, PARENT),
	ALLOW(fchownat, PARENT),
	ALLOW(chown, PARENT),
	ALLOW(umask, PARENT | MODULE),
	ALLOW(getppid, PARENT | MODULE | OPENPGP),
	ALLOW(getrlimit, PARENT),
	/* What a role does between exec and its own filter: the loader, then the drops. */
	ALLOW(mmap, PARENT),
	ALLOW(mprotect, PARENT),
	ALLOW(access, PARENT | MODULE | STARTS),
	ALLOW(faccessat, PARENT | MODULE | STARTS),
	ALLOW(newfstatat, PARENT | MODULE | STARTS),
	ALLOW(readlink, PARENT | MODULE | STARTS),
	ALLOW(readlinkat, PARENT | MODULE | STARTS),
	ALLOW(arch_prctl, PARENT | MODULE | STARTS),
	ALLOW(set_tid_address, PARENT | MODULE | STARTS),
	ALLOW(set_robust_list, PARENT | MODULE | STARTS),
	ALLOW(rseq, PARENT | MODULE | STARTS),
	ALLOW(prlimit64, PARENT | MODULE | STARTS),
	ALLOW(sysinfo, PARENT | MODULE),
	ALLOW(uname, PARENT | MODULE),
	ALLOW(prctl, PARENT),
	ALLOW(capget, PARENT),
	ALLOW(capset, PARENT),
	ALLOW(setgroups, PARENT),
	ALLOW(setresgid, PARENT),
	ALLOW(setresuid, PARENT),
	ALLOW(setfsuid, PARENT), /* the parts role's id for files */
	ALLOW(getresgid, PARENT),
	ALLOW(getresuid, PARENT),
	ALLOW(seccomp, PARENT),
	ALLOW(landlock_create_ruleset, PARENT),
	ALLOW(landlock_add_rule, PARENT),
	ALLOW(landlock_restrict_self, PARENT),

	/* Other people's modules beside, and hands, whose filter they inherit. By path: what Landlock leaves them, and what anybody may stat. */
	ALLOW(stat, PARENT | MODULE),
	ALLOW(lstat, PARENT | MODULE),
	ALLOW(statx, PARENT | MODULE),
	ALLOW(statfs, PARENT | MODULE),
	ALLOW(fstatfs, PARENT | MODULE),
	ALLOW(faccessat2, PARENT | MODULE),
	ALLOW(rename, PARENT | MODULE),
	ALLOW(rmdir, PARENT | MODULE),
	ALLOW(getcwd, PARENT | MODULE | OPENPGP),
	ALLOW(sched_yield, PARENT | MODULE),
	ALLOW(sched_getaffinity, PARENT | MODULE),
	ALLOW(sigaltstack, PARENT | MODULE),
	/* A library's code comes from its file. */
	ARGS(mmap, MODULE | STARTS, { 2, PROT_EXEC, PROT_EXEC }, { 3, MAP_ANONYMOUS, 0 }),
	ALLOW(pselect6, PARENT | STARTS), /* how nft waits for the kernel */
	ARGS(socket, FILTER, { 0, EXACTLY, AF_NETLINK }),
	ARGS(prctl, OPENPGP, { 0, EXACTLY, PR_SET_PDEATHSIG }),                   /* its agent goes with it, */
	ARGS(prctl, OPENPGP, { 0, EXACTLY, PR_SET_DUMPABLE }, { 1, EXACTLY, 0 }), /* and lets nobody look at its key */
	/* The service of card readers; PostgreSQL; gpg and its agent. */
	ARGS(socket, MODULE | STORE | OPENPGP, { 0, EXACTLY, AF_UNIX }, { 1, SOCK_TYPE, SOCK_STREAM }),

	KILL(execve, ROLES),
	KILL(execveat, ALL),
	KILL(ptrace, ALL),
	KILL(process_vm_readv, ALL),
	KILL(process_vm_writev, ALL),
	KILL(process_madvise, ALL),
	KILL(pidfd_getfd, ALL),
	KILL(kcmp, ALL),
	KILL(bpf, ALL),
	KILL(perf_event_open, ALL),
	KILL(userfaultfd, ALL),
	KILL(io_uring_setup, ALL),
	KILL(io_uring_enter, ALL),
	KILL(io_uring_register, ALL),
	KILL(add_key, ALL),
	KILL(request_key, ALL),
	KILL(keyctl, ALL),
	KILL(open_by_handle_at, ALL),
	KILL(mount, ALL),
	KILL(umount2, ALL),
	KILL(move_mount, ALL),
	KILL(open_tree, ALL),
	KILL(fsopen, ALL),
	KILL(pivot_root, ALL),
	KILL(chroot, ALL),
	KILL(unshare, ALL),
	KILL(setns, ALL),
	KILL(init_module, ALL),
	KILL(finit_module, ALL),
	KILL(delete_module, ALL),
	KILL(kexec_load, ALL),
	KILL(kexec_file_load, ALL),
	KILL(reboot, ALL),
	KILL(swapon, ALL),
	KILL(swapoff, ALL),
	KILL(acct, ALL),
	KILL(quotactl, ALL),
	KILL(iopl, ALL),
	KILL(ioperm, ALL),
	KILL(modify_ldt, ALL),
	{ 0 },
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wider filter of builds with sanitizers, whose own code reads /proc, prints stacks and, to look for leaks at the end, stops
 * the process from a clone of itself by ptrace. Never part of what ships: the build chooses this file or sandbox-plain.c.
 */
#include "sys/sandbox-rows.h"
#include "sys/sandbox.h"

#include <seccomp.h>

const bool tw_sandbox_san = true;

#define SAN(call)                                        \
	{                                                \
#call, SCMP_SYS(call), 0, TW_CALL_ALLOW, \
		{                                        \
			{                                \
				0                        \
			}                                \
		}                                        \
	}

const struct tw_call_row tw_call_rows_san[] = {
	SAN(open),
	SAN(openat),
	SAN(newfstatat),
	SAN(stat),
	SAN(readlink),
	SAN(readlinkat),
	SAN(access),
	SAN(getdents),
	SAN(getdents64),
	SAN(dup),
	SAN(dup2),
	SAN(sigaltstack),
	SAN(sched_yield),
	SAN(sched_getaffinity),
	SAN(nanosleep),
	SAN(clock_nanosleep),
	SAN(prctl),
	SAN(arch_prctl),
	SAN(clone),
	SAN(wait4),
	SAN(ptrace),
	SAN(kill),
	SAN(tgkill),
	SAN(getppid),
	SAN(getrlimit),
	SAN(prlimit64),
	SAN(uname),
	SAN(sysinfo),
	SAN(fcntl),
	SAN(ioctl),
	SAN(mmap),
	SAN(mprotect),
	SAN(set_robust_list),
	SAN(rseq),
	SAN(getrusage),
	SAN(unlink),
	SAN(munlock),
	{ 0 },
};

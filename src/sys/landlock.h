/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, for sandbox.c only: everything the kernel's version can forbid, except the directories given. */
#ifndef TW_SYS_LANDLOCK_H
#define TW_SYS_LANDLOCK_H
#include "sys/sandbox.h"
tw_err tw_landlock_enter(const struct tw_sandbox *box, int *ret_abi); /* 0: the kernel has none */
int tw_sys_open_outside(const char *path, int flags);                 /* by openat2, unconfined by any flag; for the proof */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/stranger.h"

#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

#define NOBODY 65534
#define GROUPS_MAX 64

tw_err tw_as_stranger(tw_err (*run)(void *user), void *user)
{
	gid_t groups[GROUPS_MAX], group = getegid();
	int count = getgroups(GROUPS_MAX, groups);

	if (geteuid() != 0)
		return TW_RAISE(DENIED, "only root can try it as somebody else");
	if (count < 0 || setgroups(0, NULL) != 0)
		return TW_RAISE_ERRNO("leaving the groups");
	if (setegid(NOBODY) != 0 || seteuid(NOBODY) != 0)
		abort();
	tw_err e = run(user);
	if (seteuid(0) != 0 || setegid(group) != 0 || setgroups((size_t)count, groups) != 0)
		abort();
	return e;
}

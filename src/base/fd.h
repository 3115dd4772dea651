/* SPDX-License-Identifier: Apache-2.0 */
/* TW_STEAL for descriptors: what has tw_closep for its cleanup is handed over. */
#ifndef TW_BASE_FD_H
#define TW_BASE_FD_H

static inline int tw_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif

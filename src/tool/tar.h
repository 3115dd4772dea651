/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a tar archive (POSIX.1-1988, ustar): what a factory's line unpacks onto a unit, owners and modes included. */
#ifndef TW_TOOL_TAR_H
#define TW_TOOL_TAR_H
#include "base/buf.h"

#include <sys/types.h>

struct tw_tar_entry {
	const char *path; /* at most 99 bytes, relative; of a directory ending in '/' */
	mode_t mode;
	uint32_t uid, gid; /* at most 2097151: LIMIT above */
	int64_t time_ms;
};
tw_err tw_tar_add(struct tw_buf *b, const struct tw_tar_entry *e, struct tw_slice content);
tw_err tw_tar_end(struct tw_buf *b);
#endif

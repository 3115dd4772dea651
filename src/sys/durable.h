/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way state reaches the disk. A lint refuses rename, fsync and write anywhere else.
 *
 * After tw_durable_replace returns OK, the new content is there whatever happens next; before that, or on any error, either
 * the old or the new content is there, whole. A replaced file passes through NAME.new, fsync, rename, fsync of the directory.
 */
#ifndef TW_SYS_DURABLE_H
#define TW_SYS_DURABLE_H
#include "base/buf.h"
#include "base/err.h"
#include "base/sys.h"

tw_err tw_durable_replace(const struct tw_sys *sys, int dir, const char *name, const void *data, size_t size, mode_t mode);
/* A directory, made where it is missing; its name is durable. */
tw_err tw_durable_dir(const struct tw_sys *sys, int dir, const char *name, mode_t mode, int *ret_fd);
tw_err tw_durable_remove(const struct tw_sys *sys, int dir, const char *name); /* OK when it is not there */
/* Whether a directory takes a small file, durably; nothing stays. */
tw_err tw_durable_try(const struct tw_sys *sys, int dir);
/* For a secret: overwritten where it lies, then removed. How far that reaches is the medium's affair (a flash keeps copies). OK when
   it is not there; the file must not be needed any more, since a cut may leave it there, overwritten. */
tw_err tw_durable_destroy(const struct tw_sys *sys, int dir, const char *name);
/* For a file whose content is durable already. Replaces a file of that name. */
tw_err tw_durable_rename(const struct tw_sys *sys, int dir, const char *from, const char *to);
/* Two names change places, durably, in one step: whoever looks, and whatever is cut, sees both or neither moved. UNSUPPORTED: the file system cannot. */
tw_err tw_durable_exchange(const struct tw_sys *sys, int dir, const char *a, const char *b);
/* A directory and all beneath it, links themselves and not what they lead to; OK when it is not there. Not at once: what a cut leaves of it is
   removed by the next call. LIMIT: deeper than TW_DURABLE_DEPTH_MAX. */
#define TW_DURABLE_DEPTH_MAX 16
tw_err tw_durable_remove_tree(const struct tw_sys *sys, int dir, const char *name);
/* A copy of a file that nobody writes to, durable before its name is; the name is, after tw_durable_rename or tw_durable_sync_dir. */
tw_err tw_durable_copy(const struct tw_sys *sys, int dir, const char *from, const char *to, mode_t mode);
tw_err tw_durable_copy_to(const struct tw_sys *sys, int from_dir, const char *from, int to_dir, const char *to, mode_t mode); /* into another directory */
/* For many new files at once: nothing is durable, and a file may be torn, until tw_durable_sync_all. Whoever uses it must know by
   something else which of them to believe. Replaces a file of that name. */
tw_err tw_durable_place(const struct tw_sys *sys, int dir, const char *name, const void *data, size_t size, mode_t mode);
/* Everything on the file system of dir. Linux before 5.8 does not tell of bytes that it could not write. */
tw_err tw_durable_sync_all(const struct tw_sys *sys, int dir);
/* Whole file, at most max bytes (LIMIT above, NOTFOUND when absent), appended to b. */
tw_err tw_durable_read(const struct tw_sys *sys, int dir, const char *name, size_t max, struct tw_buf *b);
/* For append-only and preallocated files: writes all at the offset; durable only after tw_durable_sync. */
tw_err tw_durable_write_at(const struct tw_sys *sys, int fd, const void *data, size_t size, off_t offset);
tw_err tw_durable_sync(const struct tw_sys *sys, int fd);
tw_err tw_durable_sync_dir(const struct tw_sys *sys, int dir);
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's view of the system, through the seam.
 *
 * A whole VFS of ours and not a shim over the one SQLite brings: core may open files beneath one directory descriptor and
 * nowhere else, and every read, write and sync has to be one that a test can fail or cut. It offers what an exclusive
 * write-ahead log needs: the database, its log and its rollback journal, by name, in that directory. No shared memory, no
 * mapping, no temporary files (the store keeps those in memory). A failed sync is final for the file: what the kernel
 * dropped cannot be known, so nothing more is written until a restart has read what is there.
 */
#ifndef TW_SERVICE_VFS_H
#define TW_SERVICE_VFS_H
#include "base/err.h"
#include "base/mem.h"

typedef struct tw_vfs tw_vfs;
/* Sets up SQLite for this process the first time: no threads, memory from the seam. dir is borrowed. */
tw_err tw_vfs_new(const struct tw_sys *sys, int dir, tw_vfs **ret);
tw_vfs *tw_vfs_free(tw_vfs *v);
TW_DEFINE_FREEP(tw_vfs, tw_vfs_free)
bool tw_vfs_broken(const tw_vfs *v);      /* a sync has failed */
const char *tw_vfs_name(const tw_vfs *v); /* for sqlite3_open_v2 */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Sets SQLite up for this process, once; from then on its memory comes from the seam last named here. */
#ifndef TW_SERVICE_VFS_MEMORY_H
#define TW_SERVICE_VFS_MEMORY_H
#include "base/err.h"
#include "base/sys.h"
tw_err tw_sqlite_use(const struct tw_sys *sys);
#endif

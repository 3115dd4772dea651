/* SPDX-License-Identifier: Apache-2.0 */
/* What the watch role may do, for its program and for the test that tries every call in it: read the kernel's tree, and what came open. */
#ifndef TW_DEVICE_WATCH_ROW_H
#define TW_DEVICE_WATCH_ROW_H
#include "service/role.h"

/* wants, own descriptors, directories, of these read-only */
#define TW_WATCH_ROLE_MAY TW_WANT_PATHS, 1, 1, 1
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the resident roles of the support service may do, for their programs and for the test that tries every call in them. */
#ifndef TW_SUPPORT_PLATFORM_ROLE_ROWS_H
#define TW_SUPPORT_PLATFORM_ROLE_ROWS_H
#include "service/role.h"

/* name, wants, own descriptors, directories, of these read-only. store: what its program's kind of store wants beside, 0 for files */
#define TW_SUPPORT_APP_ROLE_ROW(store) "app", TW_WANT_FILES | TW_WANT_LOCAL | TW_WANT_MEMFD | (store), 3, 2, 0
#define TW_SUPPORT_FRONT_ROLE_ROW "front", TW_WANT_NET | TW_WANT_MEMFD, 1, 0, 0
#define TW_SUPPORT_KEYS_ROLE_ROW "keys", TW_WANT_FILES, 3, 1, 0
#endif

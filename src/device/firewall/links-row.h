/* SPDX-License-Identifier: Apache-2.0 */
/* What the links role may do, for its program and for the tests of the sandbox: speak by what was opened before, with one capability. */
#ifndef TW_DEVICE_LINKS_ROW_H
#define TW_DEVICE_LINKS_ROW_H
#include "service/role.h"

/* wants, own descriptors, directories, of these read-only */
#define TW_LINKS_ROLE_MAY TW_WANT_LINKS, 1, 0, 0
extern const struct tw_role_row tw_links_role; /* in links-role.c */
#endif

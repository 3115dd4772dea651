/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts role may do, for its program and for the tests of the sandbox: read and write where TW_WANT_PARTS says. */
#ifndef TW_DEVICE_PARTS_ROW_H
#define TW_DEVICE_PARTS_ROW_H
#include "service/role.h"

/* wants, own descriptors, directories, of these read-only */
#define TW_PARTS_ROLE_MAY TW_WANT_PATHS | TW_WANT_PARTS, 0, 0, 0
#endif

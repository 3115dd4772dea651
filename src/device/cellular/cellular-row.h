/* SPDX-License-Identifier: Apache-2.0 */
/* What the cellular role may do, for its program and for the tests of the sandbox: speak by what was opened before. */
#ifndef TW_DEVICE_CELLULAR_ROW_H
#define TW_DEVICE_CELLULAR_ROW_H
#include "service/role.h"

/* wants, own descriptors, directories, of these read-only */
#define TW_CELLULAR_ROLE_MAY 0, 0, 0, 0
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the bluetooth role may do, for its program and for the tests of the sandbox: speak by what was opened before. */
#ifndef TW_DEVICE_BLUETOOTH_ROW_H
#define TW_DEVICE_BLUETOOTH_ROW_H
#include "service/role.h"

/* wants, own descriptors, directories, of these read-only */
#define TW_BLUETOOTH_ROLE_MAY 0, 0, 0, 0
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the hash role may do, for its program and for the test that tries every call in it: compute, and nothing else. */
#ifndef TW_DEVICE_HASH_ROW_H
#define TW_DEVICE_HASH_ROW_H
#include "service/role.h"

/* wants, own descriptors, directories, of these read-only */
#define TW_HASH_ROLE_MAY 0, 0, 0, 0
#endif

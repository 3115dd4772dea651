/* SPDX-License-Identifier: Apache-2.0 */
/* What the firewall role may do, for its program and for the tests of the sandbox. */
#ifndef TW_DEVICE_FIREWALL_ROW_H
#define TW_DEVICE_FIREWALL_ROW_H
#include "service/role.h"

/* name, wants, own descriptors, directories, of these read-only */
#define TW_FIREWALL_ROLE_ROW "firewall", TW_WANT_FILTER | TW_WANT_MEMFD, 0, 0, 0
#endif

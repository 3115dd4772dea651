/* SPDX-License-Identifier: Apache-2.0 */
/* What the store role may do, for its program and for the test that tries every call in it. */
#ifndef TW_SUPPORT_LINE_ROW_H
#define TW_SUPPORT_LINE_ROW_H
#include "service/role.h"

/* name, wants, own descriptors (store.url, password, authorities, client certificate, the resolver's configuration, the socket that app comes by), directories,
   of these read-only */
#define TW_LINE_ROLE_ROW "store", TW_WANT_CONNECT | TW_WANT_LOCAL, 6, 0, 0
#endif

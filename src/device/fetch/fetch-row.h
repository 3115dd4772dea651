/* SPDX-License-Identifier: Apache-2.0 */
/* What the fetch role may do, for its program and for the test that tries every call in it. */
#ifndef TW_DEVICE_FETCH_ROW_H
#define TW_DEVICE_FETCH_ROW_H
#include "service/role.h"

/* name, wants, own descriptors (the resolver's configuration), directories, of these read-only */
#define TW_FETCH_ROLE_ROW "fetch", TW_WANT_CONNECT, 1, 0, 0
/* The same program beside it, for questions by datagrams: so that these wait for no transfer. It has no descriptor of its own. */
#define TW_ASK_ROLE_ROW "ask", TW_WANT_CONNECT, 0, 0, 0
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* thingward-fetch as the role `ask`: questions by datagrams, several at a time, none of which waits for another or for a transfer. */
#ifndef TW_DEVICE_FETCH_ASK_ROLE_H
#define TW_DEVICE_FETCH_ASK_ROLE_H
#include "service/role.h"

int tw_ask_run(const struct tw_sys *sys, const struct tw_role_start *start);
#endif

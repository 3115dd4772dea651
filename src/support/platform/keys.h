/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TW_SUPPORT_PLATFORM_KEYS_H
#define TW_SUPPORT_PLATFORM_KEYS_H
#include "service/role.h"

/* Makes what the keys role opens, when it was never made. STATE: it was, and is gone. */
tw_err tw_support_keys_make(const struct tw_sys *sys, int dir);
int tw_support_keys_run(const struct tw_sys *sys, const struct tw_role_start *start); /* the row's run */
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The roles of the device: what each may do, what it is born with, what it runs. */
#include "device/platform/core.h"
#include "service/front/front.h"
#include "service/keys/keys.h"
#include "service/role.h"
#include "service/scan/scan-wire.h"

const struct tw_role_row tw_roles[] = {
	{ "core", TW_WANT_FILES | TW_WANT_LOCAL | TW_WANT_MEMFD, 7, 4, 2, tw_core_run },
	{ "front", TW_WANT_NET | TW_WANT_MEMFD, 1, 0, 0, tw_front_role_run },
	{ "keys", TW_WANT_FILES, 3, 1, 0, tw_keys_run, tw_keys_beside },
	{ "scan", TW_WANT_FILES | TW_WANT_DISK, 2, 2, 2, tw_scan_run },
	{ .name = NULL },
};

/* SPDX-License-Identifier: Apache-2.0 */
/* What this device can do: the one explicit list. A capability that is not here does not exist. */
#include "device/data-protection/selftest.h"
#include "device/identification/identity.h"
#include "device/interfaces/interfaces.h"
#include "device/logical-access/access.h"
#include "device/outgoing/shares.h"
#include "device/platform/device.h"
#include "device/rows-data-protection.h"
#include "device/rows-identification.h"
#include "device/rows-interfaces.h"
#include "device/rows-logical-access.h"
#include "device/rows-outgoing.h"
#include "device/rows-platform.h"

const struct tw_part tw_parts[] = {
	{ &tw_capability_platform, NULL, NULL, NULL, NULL },
	{ &tw_capability_logical_access, tw_access_start, tw_access_stop, tw_access_mend, NULL },
	{ &tw_capability_identification, tw_identity_start, tw_identity_stop, NULL, NULL },
	{ &tw_capability_data_protection, NULL, tw_selftest_stop, NULL, NULL },
	{ &tw_capability_interfaces, tw_interfaces_start, tw_interfaces_stop, NULL, NULL },
	{ &tw_capability_outgoing, tw_outgoing_start, tw_outgoing_stop, NULL, tw_outgoing_forget },
	{ NULL, NULL, NULL, NULL, NULL },
};

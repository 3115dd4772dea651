/* SPDX-License-Identifier: Apache-2.0 */
/* thingward-support-role: the roles of the support service, what each may do and is born with, by the machinery of the device. */
#include "service/front/front.h"
#include "service/keys/keys.h"
#include "support/page/refusal.h"
#include "support/platform/app.h"
#include "support/platform/keys.h"
#include "support/platform/role-rows.h"

#ifndef TW_STORE_CALLS
#define TW_STORE_CALLS 0U /* the store is files */
#endif

static int run_front(const struct tw_sys *sys, const struct tw_role_start *start)
{
	return tw_front_portal_run(sys, start, tw_page_refusal);
}

static const struct tw_role_row roles[] = {
	{ TW_SUPPORT_APP_ROLE_ROW(TW_STORE_CALLS), tw_app_run },
	{ TW_SUPPORT_FRONT_ROLE_ROW, run_front },
	{ TW_SUPPORT_KEYS_ROLE_ROW, tw_support_keys_run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(roles, argc, argv);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* thingward-support-role: the roles of the support service, what each may do and is born with, by the machinery of the device. */
#include "service/front/front.h"
#include "service/keys/keys.h"
#include "support/page/refusal.h"
#include "support/platform/app.h"
#include "support/platform/keys.h"

#ifndef TW_STORE_CALLS
#define TW_STORE_CALLS 0U /* the store is files */
#endif

static int run_front(const struct tw_sys *sys, const struct tw_role_start *start)
{
	return tw_front_portal_run(sys, start, tw_page_refusal);
}

static const struct tw_role_row roles[] = {
	{ "app", TW_WANT_FILES | TW_WANT_LOCAL | TW_WANT_MEMFD | TW_STORE_CALLS, 3, 2, 0, tw_app_run },
	{ "front", TW_WANT_NET | TW_WANT_MEMFD, 1, 0, 0, run_front },
	{ "keys", TW_WANT_FILES, 3, 1, 0, tw_support_keys_run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(roles, argc, argv);
}

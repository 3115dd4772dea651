/* SPDX-License-Identifier: Apache-2.0 */
/* thingward-fetch: everything outbound, in a process that lives only while there is something to fetch. */
#include "service/errand.h"

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	static const struct tw_channel_row rows[] = { { 0 } };
	const struct tw_errand_work work = { .rows = rows };

	return tw_errand_run(sys, &work);
}

static const struct tw_role_row rows[] = {
	{ "fetch", TW_WANT_CONNECT, 1, 0, 0, run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(rows, argc, argv);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and fetch say to one another, the resolver's configuration, and whom an address leads to, by the first byte: what is accepted has one
 * form, the one we write.
 */
#include "base/mem.h"
#include "service/fetch/resolve.h"
#include "service/fetch/fetch-wire.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

static void same(tw_err e, const struct tw_buf *b, struct tw_slice want)
{
	if (tw_failed(e) || b->size != want.size || memcmp(b->data, want.at, want.size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice in = { (const char *)data + 1, size - 1 };
	struct tw_name_servers servers;
	struct tw_fetch_job job;
	struct tw_fetch_head head;
	char place[TW_DEMAND_PLACE_MAX + 1];
	uint16_t suites;
	struct tw_buf b;

	if (size == 0)
		return 0;
	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	if (data[0] % 5 == 0 && !tw_failed(tw_fetch_job_read(in, &job)))
		same(tw_fetch_job_write(&job, &b), &b, in);
	if (data[0] % 5 == 1 && !tw_failed(tw_fetch_head_read(in, &head)))
		same(tw_fetch_head_write(&head, &b), &b, in);
	if (data[0] % 5 == 2 && tw_fetch_sign_valid(in) && in.at[64] != 'T')
		abort();
	if (data[0] % 5 == 3) {
		tw_name_servers_parse(in, &servers);
		if (servers.count > TW_NAME_SERVERS_MAX)
			abort();
	}
	if (data[0] % 5 == 4 && tw_demand_place(in, place) && (!strrchr(place, ':') || strpbrk(place, "/?#@%")))
		abort();
	if (data[0] % 5 == 4 && !tw_failed(tw_buf_add(&b, in.at, in.size)) &&
		!tw_failed(tw_demand_suites_read(tw_buf_cstr(&b), &suites)) && !suites)
		abort();
	tw_buf_done(&b);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A question to others as core writes it, or a place as people write it, by the first byte: what is accepted can be asked. */
#include "base/mem.h"
#include "service/fetch/ask-wire.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

static void is_a_place(const struct tw_place *p)
{
	static const uint8_t nobody[16];

	if (p->port == 0 || memcmp(p->address, nobody, sizeof nobody) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice in = { (const char *)data + 1, size - 1 };
	struct tw_ask_job job;
	struct tw_place place;
	struct tw_buf b;

	if (size == 0)
		return 0;
	tw_buf_init(&b, tw_sys_real(), TW_CHANNEL_MAX);
	if (data[0] & 1) {
		if (!tw_failed(tw_ask_job_read(in, &job))) {
			is_a_place(&job.to);
			if (tw_failed(tw_ask_job_write(&job, &b)) || b.size != in.size || memcmp(b.data, in.at, in.size) != 0)
				abort();
		}
	} else if (!tw_failed(tw_buf_add(&b, in.at, in.size)) && !tw_failed(tw_place_read(tw_buf_cstr(&b), &place))) {
		is_a_place(&place);
	}
	tw_buf_done(&b);
	return 0;
}

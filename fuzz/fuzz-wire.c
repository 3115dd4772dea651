/* SPDX-License-Identifier: Apache-2.0 */
/* REQUEST (first byte even) and REPLY (odd) between front and core: what is accepted has exactly one form, the one we write. */
#include "base/mem.h"
#include "service/wire.h"
#include "sys/real.h"

#include <string.h>

static void same(const struct tw_buf *b, const uint8_t *data, size_t size)
{
	if (b->size != size || memcmp(b->data, data, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_wire_request rq;
	struct tw_wire_reply rp;
	struct tw_buf b;
	if (size == 0)
		return 0;
	struct tw_slice payload = { (const char *)data + 1, size - 1 };
	tw_buf_init(&b, tw_sys_real(), 2 * TW_CHANNEL_MAX);
	if (data[0] & 1) {
		if (!tw_failed(tw_wire_reply_read(payload, &rp)) && !tw_failed(tw_wire_reply_write(&rp, &b)))
			same(&b, data + 1, size - 1);
	} else if (!tw_failed(tw_wire_request_read(payload, &rq)) && !tw_failed(tw_wire_request_write(&rq, &b))) {
		same(&b, data + 1, size - 1);
	}
	tw_buf_done(&b);
	return 0;
}

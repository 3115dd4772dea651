/* SPDX-License-Identifier: Apache-2.0 */
/* REQUEST, REPLY, STREAM and DRAINED (by the first byte) between front and core: what is accepted has exactly one form, the one we write. */
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
	struct tw_wire_stream st;
	struct tw_wire_drained dr;
	tw_err e = TW_OK;
	switch (data[0] & 3) {
	case 0:
		e = tw_wire_request_read(payload, &rq);
		if (!tw_failed(e))
			e = tw_wire_request_write(&rq, &b);
		break;
	case 1:
		e = tw_wire_reply_read(payload, &rp);
		if (!tw_failed(e))
			e = tw_wire_reply_write(&rp, &b);
		break;
	case 2:
		e = tw_wire_stream_read(payload, &st);
		if (!tw_failed(e))
			e = tw_wire_stream_write(&st, &b);
		break;
	default:
		e = tw_wire_drained_read(payload, &dr);
		if (!tw_failed(e))
			e = tw_wire_drained_write(&dr, &b);
	}
	if (!tw_failed(e))
		same(&b, data + 1, size - 1);
	tw_buf_done(&b);
	return 0;
}

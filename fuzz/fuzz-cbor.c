/* SPDX-License-Identifier: Apache-2.0 */
/* What the check takes, read item by item and written again, is the same bytes: one value has one spelling. */
#include "base/mem.h"
#include "formats/cbor.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_cursor c = tw_cursor_of(data, size);
	if (tw_failed(tw_cbor_check((struct tw_slice){ (const char *)data, size })))
		return 0;
	tw_buf_init(&b, tw_sys_real(), size);
	while (tw_cursor_left(&c) > 0) {
		enum tw_cbor_major major;
		uint64_t value;
		struct tw_slice s;
		must(!tw_failed(tw_cbor_head(&c, &major, &value)) && !tw_failed(tw_cbor_put_head(&b, major, value)));
		if (major != TW_CBOR_BYTES && major != TW_CBOR_TEXT)
			continue;
		must(!tw_failed(tw_cursor_slice(&c, (size_t)value, &s)) && !tw_failed(tw_buf_add(&b, s.at, s.size)));
	}
	must(b.size == size && memcmp(b.data, data, size) == 0);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the watch role says to core: each interface that is read is written back as the same bytes. */
#include "service/watch/watch-wire.h"

#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice rest = { (const char *)data, size };
	struct tw_watch_item i;

	while (rest.size) {
		const struct tw_slice before = rest;
		struct tw_buf b = { 0 };

		if (tw_failed(tw_watch_item_read(&rest, &i)))
			return 0;
		tw_buf_init(&b, tw_sys_real(), 4096);
		if (tw_failed(tw_watch_item_write(&i, &b)) || b.size != before.size - rest.size || memcmp(b.data, before.at, b.size) != 0)
			abort();
		tw_buf_done(&b);
	}
	return 0;
}

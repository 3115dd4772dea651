/* SPDX-License-Identifier: Apache-2.0 */
/* The code on a label: what is read is written again byte for byte, and names a unit with a physical identifier. */
#include "formats/labelcode.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice text = { (const char *)data, size };
	char id[TW_PHYSICAL_ID_MAX + 1];
	struct tw_labelcode code;
	struct tw_buf again;

	if (tw_failed(tw_labelcode_read(text, &code)))
		return 0;
	tw_buf_init(&again, tw_sys_real(), TW_LABELCODE_MAX);
	if (tw_failed(tw_labelcode_write(&code, &again)) || again.size != size || memcmp(again.data, data, size) != 0 ||
		tw_failed(tw_physical_id(code.identifier, id)))
		abort();
	tw_buf_done(&again);
	return 0;
}

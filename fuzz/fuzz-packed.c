/* SPDX-License-Identifier: Apache-2.0 */
/* Packed inventories: what comes out keeps its limits and has names that are names; what is refused leaves nothing behind. libarchive does the rest. */
#include "base/text.h"
#include "sys/real.h"
#include "tool/packed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice text = { (const char *)data, size };
	struct tw_unpacked u;
	size_t bytes = 0;

	tw_json_use(tw_sys_real());
	if (!tw_is_packed(text))
		return 0;
	if (tw_failed(tw_unpack(tw_sys_real(), text, FILE_MAX, &u))) {
		if (!*tw_err_detail() || u.of || u.names)
			abort();
		return 0;
	}
	for (size_t i = 0; i < u.count; i++) {
		const char *name = u.of[i].name;

		if (u.many != (*name != '\0') || strchr(name, '/') || !tw_text_printable(tw_slice_of(name)) || u.of[i].text.size > FILE_MAX)
			abort();
		if (u.many && tw_unpacked_named(&u, name) != &u.of[i])
			abort();
		bytes += u.of[i].text.size;
	}
	if (!u.count || bytes != u.bytes)
		abort();
	tw_unpacked_done(&u);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs: the canonical form of what is read is read as the same, and is its own canonical form. */
#include "base/text.h"
#include "formats/purl.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_purl p, back;
	struct tw_buf written, again;

	if (tw_failed(tw_purl_parse(tw_sys_real(), (struct tw_slice){ (const char *)data, size }, &p))) {
		if (!*tw_err_detail() || p.own.data)
			abort();
		return 0;
	}
	tw_buf_init(&written, tw_sys_real(), 4 * TW_PURL_MAX);
	tw_buf_init(&again, tw_sys_real(), 4 * TW_PURL_MAX);
	if (tw_failed(tw_purl_write(&p, &written)))
		abort();
	if (written.size <= TW_PURL_MAX) { /* encoded, it may have become too long */
		if (tw_failed(tw_purl_parse(tw_sys_real(), tw_buf_slice(&written), &back)) || tw_failed(tw_purl_write(&back, &again)) ||
			strcmp(tw_buf_cstr(&written), tw_buf_cstr(&again)) != 0 || !tw_purl_same_package(&p, &back) ||
			strcmp(p.version, back.version) != 0 || strcmp(p.subpath, back.subpath) != 0)
			abort();
		tw_purl_done(&back);
	}
	tw_purl_done(&p);
	tw_buf_done(&written);
	tw_buf_done(&again);
	return 0;
}

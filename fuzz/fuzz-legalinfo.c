/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of Buildroot's legal-info: what comes out is read as what show-info says is, and what is refused names a line, or a package of two lists. */
#include "formats/bom-manifest.h"
#include "formats/bom.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A zero byte parts the list of one machine from that of the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *zero = size ? memchr(text, '\0', size) : NULL;
	const struct tw_slice lists[] = { { text, zero ? (size_t)(zero - text) : size },
		{ zero ? zero + 1 : "", zero ? size - (size_t)(zero + 1 - text) : 0 } };
	json_t *document = json_object();
	struct tw_bom bom;

	tw_json_use(tw_sys_real());
	for (size_t i = 0; i < (zero ? 2 : 1); i++) {
		(void)tw_bom_is_manifest(lists[i]);
		if (!tw_failed(tw_bom_manifest(tw_sys_real(), lists[i], document)))
			continue;
		if (strncmp(tw_err_detail(), "line ", 5) != 0 && strncmp(tw_err_detail(), "the package ", 12) != 0)
			abort();
	}
	if (json_object_size(document)) {
		if (tw_failed(tw_bom_of(tw_sys_real(), document, &bom)) || bom.count + bom.of_host != json_object_size(document))
			abort();
		tw_bom_done(&bom);
	}
	json_decref(document);
	return 0;
}
